#include "rules/access/grants.h"

#include <strings.h>

#include "base/json.h"
#include "rules/access/pattern.h"

// ---- Making them

struct granting *granting_new(struct arena *arena, const struct account *account)
{
    struct granting *granting = arena_new_of(arena, struct granting);
    *granting = (struct granting){.arena = arena, .account = account, .actions = action_list_new(arena)};
    granting->limits = organization_limits_of(arena, account, granting->actions);
    for (size_t i = 0; i < account->groups.count; i++)
        map_put(arena, &granting->groups, account->groups.items[i].name, (void *)(uintptr_t)&account->groups.items[i]);
    return granting;
}

// The listed actions of a statement, each set of words matched once. What is not listed may be named by either form:
// NotAction allows it.
static const action_word *actions_of(struct granting *granting, const struct iam_statement *statement, bool limited,
                                     text_list *unlisted)
{
    struct action_list *list = granting->actions;
    struct text key = {0};
    text_puts(&key, limited ? "within the organization " : "");
    text_puts(&key, statement->not_actions ? "all but " : "all of ");
    for (size_t i = 0; i < statement->actions.count; i++)
        text_printf(&key, "%s ", statement->actions.items[i]);
    action_word *set = map_get(&granting->sets, key.bytes);
    bool known = set != NULL;
    if (!known)
        set = action_set_new(granting->arena, list);
    for (size_t i = 0; i < statement->actions.count; i++)
        if (!action_list_match(granting->arena, list, statement->actions.items[i], known ? NULL : set) &&
            !statement->not_actions &&
            !(limited && organization_limits_bar(granting->limits, statement->actions.items[i])))
            *vector_add(granting->arena, unlisted) = statement->actions.items[i];
    for (size_t i = 0; i < list->words && statement->not_actions && !known; i++)
        set[i] = ~set[i];
    if (!known && statement->not_actions && list->count % 64 != 0)
        set[list->words - 1] &= ((action_word)1 << (list->count % 64)) - 1;
    for (size_t i = 0; i < list->words && limited && !known; i++)
        set[i] &= granting->limits->within[i];
    if (!known)
        map_put(granting->arena, &granting->sets, arena_strdup(granting->arena, key.bytes), set);
    text_free(&key);
    return set;
}

// Puts in what a variable stands for. One whose value is not known may be any text: an Allow takes it so, and NULL says
// that a Deny cannot be relied on.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
static const char *with_variables(struct arena *arena, const struct account *account,
                                  const struct iam_identity *principal, const struct iam_policy *policy,
                                  const char *pattern, bool allow)
{
    if (strstr(pattern, "${") == NULL)
        return pattern;
    // In a policy of an older version it is those letters themselves, which no name of IAM's has.
    if (!policy->variables && (!allow || strstr(pattern, ":iam::") != NULL))
        return NULL;
    static const struct {
        char sign;
        const char *stands_for; // the sign itself, and no wildcard: written wide
    } signs[] = {{'*', "\uff0a"}, {'?', "\uff1f"}, {'$', "$"}};
    char *filled = arena_alloc(arena, strlen(pattern) + 1);
    *filled = '\0';
    for (const char *at = pattern; *at != '\0';) {
        size_t plain = strstr(at, "${") == NULL ? strlen(at) : (size_t)(strstr(at, "${") - at);
        const char *end = at[plain] == '\0' ? NULL : strchr(at + plain, '}');
        const char *name = at + plain + (at[plain] == '\0' ? 0 : 2), *value = NULL;
        size_t length = end == NULL ? 0 : (size_t)(end - name);
        if (length == 12 && strncasecmp(name, "aws:username", 12) == 0 && principal->kind == IAM_USER)
            value = principal->name;
        if (length == 20 && strncasecmp(name, "aws:PrincipalAccount", 20) == 0)
            value = account->id;
        for (size_t s = 0; length == 1 && s < sizeof(signs) / sizeof(signs[0]); s++)
            if (*name == signs[s].sign)
                value = signs[s].stands_for;
        if (end != NULL && value == NULL && !allow)
            return NULL;
        filled = arena_printf(arena, "%s%.*s%s", filled, (int)plain, at,
                              end == NULL     ? ""
                              : value == NULL ? "*"
                                              : value);
        at = end == NULL ? at + strlen(at) : end + 1;
    }
    return filled;
}

// Whether what a pattern stands for depends on who asks: a variable, or the user that it is itself.
static bool is_personal(const char *pattern)
{
    return strstr(pattern, "${") != NULL || strstr(pattern, ":user/") != NULL || strstr(pattern, ":mfa/") != NULL;
}

// Those of the organization that hold for a principal, or NULL: they limit no service-linked role.
static const struct organization_limits *limits_of(const struct granting *granting,
                                                   const struct iam_identity *principal)
{
    return principal->kind == IAM_ROLE && strstr(principal->arn, ":role/aws-service-role/") != NULL ? NULL
                                                                                                    : granting->limits;
}

static void add_statement(struct granting *granting, struct grants *grants, grant_list *allows,
                          const struct iam_identity *group, const struct iam_policy *policy,
                          const struct iam_statement *statement)
{
    struct grant grant = {.statement = statement, .policy = policy, .group = group};
    if (!statement->allow && statement->conditional)
        return;
    bool limited = statement->allow && limits_of(granting, grants->principal) != NULL;
    grant.actions = actions_of(granting, statement, limited, &grant.unlisted);
    // NotResource speaks of less where a variable is any text.
    bool widest = statement->allow != statement->not_resources;
    for (size_t i = 0; i < statement->resources.count; i++) {
        grants->personal = grants->personal || is_personal(statement->resources.items[i]);
        const char *pattern = with_variables(granting->arena, granting->account, grants->principal, policy,
                                             statement->resources.items[i], widest);
        if (pattern != NULL)
            *vector_add(granting->arena, &grant.resources) = pattern;
    }
    *vector_add(granting->arena, statement->allow ? allows : &grants->denies) = grant;
}

static void add_policy(struct granting *granting, struct grants *grants, grant_list *allows,
                       const struct iam_identity *group, const struct iam_policy *policy)
{
    for (size_t i = 0; i < policy->statements.count; i++)
        add_statement(granting, grants, allows, group, policy, &policy->statements.items[i]);
}

// Statements of AWS's own policies whose documents are not there, as far as their names tell: of ReadOnlyAccess and its
// like "read" stands for all that is listed as List and Read, whatever the document says.
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
static bool add_by_name(struct granting *granting, struct grants *grants, grant_list *allows,
                        const struct iam_identity *holder, const char *arn)
{
    static const char *const star[] = {"*"};
    static const char *const power[] = {"iam:*", "organizations:*", "account:*"};
    static const char *const all_iam[] = {"iam:*"};
    static const struct {
        const char *name;
        bool reads, negated, only_without_document;
        const char *const *actions;
        uint32_t count;
    } known[] = {
        {":iam::aws:policy/ReadOnlyAccess", true, false, false, star, 1},
        {":iam::aws:policy/SecurityAudit", true, false, false, star, 1},
        {":iam::aws:policy/job-function/ViewOnlyAccess", true, false, false, star, 1},
        {":iam::aws:policy/PowerUserAccess", false, true, true, power, 3},
        {":iam::aws:policy/AdministratorAccess", false, false, true, star, 1},
        {":iam::aws:policy/IAMFullAccess", false, false, true, all_iam, 1},
    };
    const char *name = strstr(arn, ":iam::aws:policy/");
    const struct iam_policy *told = map_get(&granting->account->policies, arn);
    for (size_t i = 0; name != NULL && i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i].name, name) != 0 || (known[i].only_without_document && told != NULL))
            continue;
        struct iam_policy *policy = arena_new_of(granting->arena, struct iam_policy);
        struct iam_statement *statement = vector_add(granting->arena, &policy->statements);
        policy->name = text_behind_slash(arn);
        policy->evidence = holder->evidence;
        *statement = (struct iam_statement){.allow = true, .not_actions = known[i].negated};
        for (uint32_t w = 0; w < known[i].count; w++)
            *vector_add(granting->arena, &statement->actions) = known[i].actions[w];
        *vector_add(granting->arena, &statement->resources) = "*";
        add_policy(granting, grants, allows, holder == grants->principal ? NULL : holder, policy);
        if (known[i].reads) {
            action_word *reads = action_set_new(granting->arena, granting->actions);
            struct grant *last = &allows->items[allows->count - 1];
            for (size_t word = 0; word < granting->actions->words; word++)
                reads[word] = last->actions[word] & ~granting->actions->changes[word];
            last->actions = reads;
        }
        return true;
    }
    return false;
}

static void add_managed(struct granting *granting, struct grants *grants, grant_list *allows,
                        const struct iam_identity *holder, const char *arn)
{
    const struct iam_policy *policy = map_get(&granting->account->policies, arn);
    if (add_by_name(granting, grants, allows, holder, arn))
        return;
    if (policy == NULL || policy->doubt != NULL)
        grants->unknown =
            policy != NULL ? policy->doubt : arena_printf(granting->arena, "the document of policy %s", arn);
    if (policy != NULL)
        add_policy(granting, grants, allows, holder == grants->principal ? NULL : holder, policy);
}

static void add_identity(struct granting *granting, struct grants *grants, const struct iam_identity *holder)
{
    if (holder->doubt != NULL)
        grants->unknown = holder->doubt;
    for (size_t i = 0; i < holder->inlined.count; i++)
        add_policy(granting, grants, &grants->allows, holder == grants->principal ? NULL : holder,
                   &holder->inlined.items[i]);
    for (size_t i = 0; i < holder->attached.count; i++)
        add_managed(granting, grants, &grants->allows, holder, holder->attached.items[i]);
}

// Only what the boundary has; one that is not known is taken to let everything through.
static void add_boundary(struct granting *granting, struct grants *grants)
{
    const char *unknown = grants->unknown, *boundary = grants->principal->boundary;
    const struct iam_policy *told = boundary == NULL ? NULL : map_get(&granting->account->policies, boundary);
    if (boundary == NULL || (told != NULL && told->doubt != NULL)) // what it denies is not certain either
        return;
    grants->unknown = NULL;
    add_managed(granting, grants, &grants->limits, grants->principal, boundary);
    grants->bounded = grants->unknown == NULL;
    grants->unknown = unknown;
}

// What the organization denies.
static void add_organization(struct granting *granting, struct grants *grants)
{
    const struct organization_limits *limits = limits_of(granting, grants->principal);
    for (size_t i = 0; limits != NULL && i < limits->denies.count; i++)
        add_statement(granting, grants, NULL, NULL, limits->denies.items[i].policy, limits->denies.items[i].statement);
}

struct grants *grants_unbounded(struct granting *granting, const struct iam_identity *principal)
{
    struct grants *grants = arena_new_of(granting->arena, struct grants);
    grants->principal = principal;
    add_organization(granting, grants);
    add_identity(granting, grants, principal);
    for (size_t g = 0; g < principal->groups.count; g++) {
        const struct iam_identity *group = map_get(&granting->groups, principal->groups.items[g]);
        if (group != NULL)
            add_identity(granting, grants, group);
        else
            grants->unknown = arena_printf(granting->arena, "group %s", principal->groups.items[g]);
    }
    return grants;
}

struct grants *grants_of(struct granting *granting, const struct iam_identity *principal)
{
    struct grants *grants = grants_unbounded(granting, principal);
    add_boundary(granting, grants);
    return grants;
}

struct grants *grants_of_its_own(struct granting *granting, const struct iam_identity *principal)
{
    struct grants *grants = arena_new_of(granting->arena, struct grants);
    grants->principal = principal;
    add_organization(granting, grants);
    add_identity(granting, grants, principal);
    add_boundary(granting, grants);
    return grants;
}

struct grants *grants_raised(struct granting *granting, const struct grants *grants)
{
    struct grants *raised = arena_new_of(granting->arena, struct grants);
    struct iam_policy *policy = arena_new_of(granting->arena, struct iam_policy);
    struct iam_statement *statement = vector_add(granting->arena, &policy->statements);
    *raised = *grants;
    raised->allows = (grant_list){0};
    policy->name = "of its own making";
    statement->allow = true;
    *vector_add(granting->arena, &statement->actions) = "*";
    *vector_add(granting->arena, &statement->resources) = "*";
    add_policy(granting, raised, &raised->allows, NULL, policy);
    return raised;
}

struct grants *grants_of_policy(struct granting *granting, const struct iam_identity *principal,
                                const struct iam_policy *policy)
{
    struct grants *grants = arena_new_of(granting->arena, struct grants);
    grants->principal = principal;
    add_policy(granting, grants, &grants->allows, NULL, policy);
    return grants;
}

// ---- Asking them

bool grant_covers(const struct grant *grant, const char *resource)
{
    for (size_t i = 0; i < grant->resources.count; i++)
        if (pattern_match(grant->resources.items[i], resource))
            return !grant->statement->not_resources;
    return grant->statement->not_resources;
}

static const struct grant *holds(const grant_list *list, size_t action, const char *resource)
{
    for (size_t i = 0; i < list->count; i++)
        if (action_set_holds(list->items[i].actions, action) && grant_covers(&list->items[i], resource))
            return &list->items[i];
    return NULL;
}

bool grants_deny(const struct grants *grants, size_t action, const char *resource)
{
    return holds(&grants->denies, action, resource) != NULL;
}

bool grants_within_organization(const struct granting *granting, const struct grants *grants, size_t action)
{
    const struct organization_limits *limits = limits_of(granting, grants->principal);
    return limits == NULL || action_set_holds(limits->within, action);
}

bool grants_within_limits(const struct grants *grants, size_t action, const char *resource)
{
    return !grants->bounded || holds(&grants->limits, action, resource) != NULL;
}

const struct grant *grants_allow(const struct grants *grants, size_t action, const char *resource)
{
    const struct grant *grant = holds(&grants->allows, action, resource);
    return grant != NULL && grants_within_limits(grants, action, resource) && !grants_deny(grants, action, resource)
               ? grant
               : NULL;
}

static void add_witness(struct granting *granting, const struct grant *grant, const char *pattern, text_list *witnesses)
{
    for (int shortest = 0; pattern != NULL && shortest < 2; shortest++) {
        const char *witness = pattern_witness(granting->arena, pattern, shortest);
        if (witness[0] != '\0' && grant_covers(grant, witness) && !text_list_holds(witnesses, witness))
            *vector_add(granting->arena, witnesses) = witness;
    }
}

// A pattern of the statement, and where it meets what the boundary allows and what a Deny spares.
static void add_meetings(struct granting *granting, const struct grants *grants, const struct grant *grant,
                         const char *pattern, text_list *witnesses)
{
    const grant_list *lists[] = {&grants->limits, &grants->denies};
    add_witness(granting, grant, pattern, witnesses);
    for (size_t l = 0; l < 2; l++)
        for (size_t i = 0; i < lists[l]->count && !pattern_is_literal(pattern); i++) {
            const struct grant *other = &lists[l]->items[i];
            if (other->statement->not_resources != (l == 1))
                continue;
            for (size_t r = 0; r < other->resources.count; r++) {
                const char *both = pattern_meet(granting->arena, pattern, other->resources.items[r]);
                add_witness(granting, grant, both, witnesses);
                // What a boundary allows may be denied but for a part.
                for (size_t d = 0; l == 0 && both != NULL && d < grants->denies.count; d++)
                    for (size_t n = 0; grants->denies.items[d].statement->not_resources &&
                                       n < grants->denies.items[d].resources.count;
                         n++)
                        add_witness(granting, grant,
                                    pattern_meet(granting->arena, both, grants->denies.items[d].resources.items[n]),
                                    witnesses);
            }
        }
}

void grant_witnesses(struct granting *granting, const struct grants *grants, const struct grant *grant,
                     text_list *witnesses)
{
    if (grant->statement->not_resources)
        add_meetings(granting, grants, grant, "*", witnesses);
    for (size_t r = 0; !grant->statement->not_resources && r < grant->resources.count; r++)
        add_meetings(granting, grants, grant, grant->resources.items[r], witnesses);
}

void grants_some(struct granting *granting, const struct grants *grants, size_t action, const char *pattern,
                 text_list *resources)
{
    for (size_t i = 0; i < grants->allows.count; i++) {
        const struct grant *grant = &grants->allows.items[i];
        text_list witnesses = {0};
        if (!action_set_holds(grant->actions, action))
            continue;
        if (grant->statement->not_resources)
            add_meetings(granting, grants, grant, pattern, &witnesses);
        for (size_t r = 0; !grant->statement->not_resources && r < grant->resources.count; r++) {
            const char *both = pattern_meet(granting->arena, grant->resources.items[r], pattern);
            if (both != NULL)
                add_meetings(granting, grants, grant, both, &witnesses);
        }
        for (size_t w = 0; w < witnesses.count; w++)
            if (grants_allow(grants, action, witnesses.items[w]) != NULL)
                *vector_add(granting->arena, resources) = witnesses.items[w];
    }
}
