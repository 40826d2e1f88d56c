#include "rules/access/organization_limits.h"

#include "base/json.h"
#include "rules/access/pattern.h"

static bool limits_account(const struct account *account)
{
    const struct organization *of = &account->organization;
    return of->told && !of->none && !of->management && !of->without_policies;
}

static bool is_all(const struct iam_statement *statement)
{
    return statement->allow && !statement->not_actions && text_list_holds(&statement->actions, "*");
}

// Whether a level limits anything: one that allows nothing at all is no level that anybody made.
static bool has_ceiling(const struct organization_level *level)
{
    bool allows = false;
    if (!level->whole[CONTROL_POLICY_SERVICE])
        return false;
    for (size_t p = 0; p < level->policies[CONTROL_POLICY_SERVICE].count; p++) {
        const struct iam_policy *policy = level->policies[CONTROL_POLICY_SERVICE].items[p];
        for (size_t s = 0; s < policy->statements.count; s++) {
            if (is_all(&policy->statements.items[s]))
                return false;
            allows = allows || policy->statements.items[s].allow;
        }
    }
    return allows;
}

static void add_allowed(struct arena *arena, struct action_list *list, const struct iam_statement *statement,
                        action_word *allowed)
{
    action_word *named = action_set_new(arena, list);
    for (size_t i = 0; i < statement->actions.count; i++)
        action_list_match(arena, list, statement->actions.items[i], named);
    for (size_t w = 0; w < list->words; w++)
        allowed[w] |= statement->not_actions ? ~named[w] : named[w];
}

static void add_level(struct arena *arena, struct organization_limits *limits, const struct organization_level *level,
                      struct action_list *list)
{
    action_word *allowed = action_set_new(arena, list);
    for (size_t p = 0; p < level->policies[CONTROL_POLICY_SERVICE].count; p++) {
        const struct iam_policy *policy = level->policies[CONTROL_POLICY_SERVICE].items[p];
        for (size_t s = 0; s < policy->statements.count; s++)
            if (policy->statements.items[s].allow)
                add_allowed(arena, list, &policy->statements.items[s], allowed);
            else
                *vector_add(arena, &limits->denies) = (struct control_statement){policy, &policy->statements.items[s]};
    }
    for (size_t w = 0; w < list->words && has_ceiling(level); w++)
        limits->within[w] &= allowed[w];
}

const struct organization_limits *organization_limits_of(struct arena *arena, const struct account *account,
                                                         struct action_list *actions)
{
    if (!limits_account(account))
        return NULL;
    struct organization_limits *limits = arena_new_of(arena, struct organization_limits);
    limits->of = &account->organization;
    limits->within = action_set_new(arena, actions);
    for (size_t i = 0; i < actions->count; i++)
        limits->within[i / 64] |= (action_word)1 << (i % 64);
    for (size_t l = 0; l < account->organization.levels.count; l++)
        add_level(arena, limits, &account->organization.levels.items[l], actions);
    return limits;
}

static bool level_speaks_of(const struct organization_level *level, const char *action)
{
    for (size_t p = 0; p < level->policies[CONTROL_POLICY_SERVICE].count; p++) {
        const struct iam_policy *policy = level->policies[CONTROL_POLICY_SERVICE].items[p];
        for (size_t s = 0; s < policy->statements.count; s++) {
            const struct iam_statement *statement = &policy->statements.items[s];
            bool named = false;
            for (size_t a = 0; a < statement->actions.count && !named; a++)
                named = pattern_match_any_case(statement->actions.items[a], action);
            if (statement->allow && named != statement->not_actions)
                return true;
        }
    }
    return false;
}

bool organization_limits_bar(const struct organization_limits *limits, const char *action)
{
    for (size_t l = 0; l < limits->of->levels.count; l++)
        if (has_ceiling(&limits->of->levels.items[l]) && pattern_is_literal(action) &&
            !level_speaks_of(&limits->of->levels.items[l], action))
            return true;
    return false;
}

// ---- Resource control policies

static bool covers(const text_list *patterns, bool negated, const char *text, bool any_case)
{
    bool found = false;
    for (size_t i = 0; i < patterns->count; i++) {
        if (strstr(patterns->items[i], "${") != NULL) // it may be any text
            return false;
        found = found ||
                (any_case ? pattern_match_any_case(patterns->items[i], text) : pattern_match(patterns->items[i], text));
    }
    return found != negated;
}

static bool bars(const struct iam_policy *policy, const char *role, const char *action,
                 bool (*counts)(const struct iam_statement *))
{
    for (size_t s = 0; s < policy->statements.count; s++) {
        const struct iam_statement *one = &policy->statements.items[s];
        bool certain = !one->conditional || (counts != NULL && counts(one));
        if (!one->allow && certain && !one->not_principals && text_list_holds(&one->principals, "AWS:*") &&
            covers(&one->actions, one->not_actions, action, true) &&
            covers(&one->resources, one->not_resources, role, false))
            return true;
    }
    return false;
}

bool organization_bars_role(const struct account *account, const struct iam_identity *role, const char *action,
                            bool (*counts)(const struct iam_statement *))
{
    if (!limits_account(account) || strstr(role->arn, ":role/aws-service-role/") != NULL)
        return false;
    for (size_t l = 0; l < account->organization.levels.count; l++) {
        const struct organization_level *level = &account->organization.levels.items[l];
        for (size_t p = 0; p < level->policies[CONTROL_POLICY_RESOURCE].count; p++)
            if (bars(level->policies[CONTROL_POLICY_RESOURCE].items[p], role->arn, action, counts))
                return true;
    }
    return false;
}

// ---- In words

// The policies of a kind, each once, but for AWS's own that allow everything.
static void add_names(struct arena *arena, const struct organization *of, enum control_policy kind, struct text *out)
{
    text_list names = {0};
    for (size_t l = 0; l < of->levels.count; l++)
        for (size_t p = 0; p < of->levels.items[l].policies[kind].count; p++) {
            const struct iam_policy *policy = of->levels.items[l].policies[kind].items[p];
            if (strcmp(policy->arn, "p-FullAWSAccess") != 0 && strcmp(policy->arn, "p-RCPFullAWSAccess") != 0)
                text_list_add(arena, &names, policy->name);
        }
    for (size_t i = 0; i < names.count; i++)
        text_printf(out, "%s%s", i == 0 ? "" : ", ", names.items[i]);
    if (names.count == 0)
        text_puts(out, "none but those that allow everything");
}

const char *organization_words(struct arena *arena, const struct account *account)
{
    static const char *const kinds[CONTROL_POLICIES] = {"service control policies (SCP)",
                                                        "resource control policies (RCP)"};
    const struct organization *of = &account->organization;
    struct text out = {0};
    if (of->none)
        return "the account is in no organization, so there are no SCP and RCP";
    if (of->management)
        return "the organization's SCP and RCP do not limit its management account";
    if (!of->told)
        return NULL;
    for (int kind = 0; kind < CONTROL_POLICIES; kind++) {
        text_printf(&out, "%s%s taken into account: ", kind == 0 ? "" : "; ", kinds[kind]);
        add_names(arena, of, (enum control_policy)kind, &out);
        for (size_t i = 0; i < of->lacks[kind].count; i++)
            text_printf(&out, "%s%s", i == 0 ? ", not looked at for want of: " : ", ", of->lacks[kind].items[i]);
    }
    text_puts(&out, "; of RCP only what keeps everyone, or strangers, from assuming a role counts");
    const char *kept = arena_strdup(arena, out.bytes);
    text_free(&out);
    return kept;
}
