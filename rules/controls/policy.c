#include "rules/controls/policy.h"

#include <strings.h>

#include "rules/controls/role_index.h"

// Verbs of actions that change nothing. What AWS calls access levels List and Read begins with one of these.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
static const char *const read_verbs[] = {"Get",    "List",  "Describe", "BatchGet", "BatchDescribe", "Lookup",
                                         "Search", "View",  "Check",    "Simulate", "Query",         "Scan",
                                         "Select", "Count", "Estimate", "Preview",  "Detect",        "Validate",
                                         "Verify", "Test",  "Discover", "Read",     "Head",          NULL};

static bool reads_only(const char *action)
{
    const char *verb = strchr(action, ':');
    if (strncasecmp(action, "iam:Generate", 12) == 0) // reports
        return true;
    for (size_t i = 0; verb != NULL && read_verbs[i] != NULL; i++)
        if (strncasecmp(verb + 1, read_verbs[i], strlen(read_verbs[i])) == 0)
            return true;
    return false;
}

static bool every(const text_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (strspn(list->items[i], "*") == strlen(list->items[i]) && list->items[i][0] != '\0')
            return true;
    return false;
}

// Everything, or what lets one take everything.
static bool is_everything(const char *action)
{
    return strspn(action, "*") == strlen(action) || strcasecmp(action, "*:*") == 0 || strcasecmp(action, "iam:*") == 0;
}

// Of one's own user only: its password and devices.
static bool of_oneself(const struct iam_statement *statement)
{
    for (size_t i = 0; i < statement->resources.count; i++)
        if (strstr(statement->resources.items[i], "${aws:username}") == NULL)
            return false;
    return statement->resources.count > 0 && !statement->not_resources;
}

struct judgement {
    struct arena *arena;
    const struct account *account;
    struct role_index *roles; // that it may assume; NULL: they are not followed
    struct access access;
};

static void grant(struct judgement *judgement, enum access_level level, const struct iam_policy *policy,
                  const char *action, const struct iam_statement *statement)
{
    if (level <= judgement->access.level)
        return;
    judgement->access.level = level;
    judgement->access.reference = policy->evidence;
    judgement->access.why =
        arena_printf(judgement->arena, "policy %s allows %s%s on %s%s%s", policy->name == NULL ? "" : policy->name,
                     statement->not_actions ? "all but " : "", action, statement->not_resources ? "all but " : "",
                     statement->resources.count > 0 ? statement->resources.items[0] : "nothing named",
                     statement->conditional ? ", on a condition" : "");
}

// The level of the roles that a statement lets one assume.
static enum access_level of_roles(struct judgement *judgement, const struct iam_statement *statement)
{
    enum access_level level = ACCESS_NONE;
    bool all_known = !statement->not_resources && statement->resources.count > 0;
    if (judgement->roles == NULL)
        return ACCESS_NONE;
    for (size_t r = 0; r < statement->resources.count && all_known; r++) {
        enum access_level found;
        bool known = role_index_level(judgement->roles, statement->resources.items[r], &found);
        level = found > level ? found : level;
        // A pattern may name roles of other accounts besides, and a variable any.
        all_known = known && strpbrk(statement->resources.items[r], "*?$") == NULL;
    }
    return all_known || level == ACCESS_ADMIN ? level : ACCESS_WRITE;
}

static void judge_statement(struct judgement *judgement, const struct iam_policy *policy,
                            const struct iam_statement *statement)
{
    if (!statement->allow)
        return;
    if (statement->not_actions) {
        // All but some: as good as everything unless IAM is among the some (PowerUserAccess).
        bool but_iam = false;
        for (size_t i = 0; i < statement->actions.count; i++)
            but_iam = but_iam || strcasecmp(statement->actions.items[i], "iam:*") == 0;
        bool wide = every(&statement->resources) || statement->not_resources;
        grant(judgement, wide && !but_iam ? ACCESS_ADMIN : ACCESS_WRITE, policy,
              statement->actions.count > 0 ? statement->actions.items[0] : "nothing", statement);
        return;
    }
    for (size_t i = 0; i < statement->actions.count; i++) {
        const char *action = statement->actions.items[i];
        enum access_level level = ACCESS_WRITE;
        if (is_everything(action) && (every(&statement->resources) || statement->not_resources))
            level = ACCESS_ADMIN;
        else if (reads_only(action) || of_oneself(statement))
            level = ACCESS_READ;
        else if (strcasecmp(action, "sts:AssumeRole") == 0)
            level = of_roles(judgement, statement);
        grant(judgement, level, policy, action, statement);
    }
}

static void judge_policy(struct judgement *judgement, const struct iam_policy *policy)
{
    for (size_t i = 0; i < policy->statements.count; i++)
        judge_statement(judgement, policy, &policy->statements.items[i]);
}

// Policies that AWS keeps, known by name: those that only read hold some actions that do not sound like it.
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
static enum access_level of_aws(const char *arn)
{
    static const struct {
        const char *name;
        enum access_level level;
    } known[] = {
        {":iam::aws:policy/ReadOnlyAccess", ACCESS_READ},
        {":iam::aws:policy/SecurityAudit", ACCESS_READ},
        {":iam::aws:policy/job-function/ViewOnlyAccess", ACCESS_READ},
        {":iam::aws:policy/PowerUserAccess", ACCESS_WRITE},
        {":iam::aws:policy/AdministratorAccess", ACCESS_ADMIN},
        {":iam::aws:policy/IAMFullAccess", ACCESS_ADMIN},
    };
    const char *name = strstr(arn, ":iam::aws:policy/");
    for (size_t i = 0; name != NULL && i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].level;
    return ACCESS_NONE;
}

static void judge_attached(struct judgement *judgement, const struct iam_identity *identity, const char *arn)
{
    const struct iam_policy *policy = map_get(&judgement->account->policies, arn);
    enum access_level level = of_aws(arn);
    if (level == ACCESS_NONE && (policy == NULL || policy->doubt != NULL))
        judgement->access.unknown =
            policy != NULL ? policy->doubt : arena_printf(judgement->arena, "the document of policy %s", arn);
    if (level == ACCESS_NONE && policy != NULL)
        judge_policy(judgement, policy);
    if (level > judgement->access.level) {
        judgement->access.level = level;
        judgement->access.reference = identity->evidence;
        judgement->access.why = arena_printf(judgement->arena, "policy %s is attached", arn);
    }
}

static void judge_identity(struct judgement *judgement, const struct iam_identity *identity)
{
    if (identity->doubt != NULL)
        judgement->access.unknown = identity->doubt;
    for (size_t i = 0; i < identity->inlined.count; i++)
        judge_policy(judgement, &identity->inlined.items[i]);
    for (size_t i = 0; i < identity->attached.count; i++)
        judge_attached(judgement, identity, identity->attached.items[i]);
}

// What the boundary lets through; without it, all.
static struct access within_boundary(struct judgement *judgement, const struct iam_identity *identity)
{
    const struct iam_policy *boundary =
        identity->boundary == NULL ? NULL : map_get(&judgement->account->policies, identity->boundary);
    if (boundary == NULL || boundary->doubt != NULL)
        return judgement->access;
    struct judgement most = {.arena = judgement->arena, .account = judgement->account};
    judge_policy(&most, boundary);
    if (most.access.level < judgement->access.level)
        judgement->access.level = most.access.level;
    return judgement->access;
}

struct access policy_own_access(struct arena *arena, const struct account *account, const struct iam_identity *identity)
{
    struct judgement judgement = {.arena = arena, .account = account};
    judge_identity(&judgement, identity);
    return within_boundary(&judgement, identity);
}

const struct iam_identity *policy_group(const struct account *account, const char *name)
{
    for (size_t i = 0; i < account->groups.count; i++)
        if (strcmp(account->groups.items[i].name, name) == 0)
            return &account->groups.items[i];
    return NULL;
}

static void judge_group(struct judgement *judgement, const char *name)
{
    const struct iam_identity *group = policy_group(judgement->account, name);
    if (group != NULL)
        judge_identity(judgement, group);
    else
        judgement->access.unknown = arena_printf(judgement->arena, "group %s", name);
}

struct access policy_access(struct arena *arena, const struct account *account, struct role_index *roles,
                            const struct iam_identity *identity)
{
    struct judgement judgement = {.arena = arena, .account = account, .roles = roles};
    judge_identity(&judgement, identity);
    for (size_t g = 0; g < identity->groups.count; g++)
        judge_group(&judgement, identity->groups.items[g]);
    return within_boundary(&judgement, identity);
}
