// The published ways in which permissions on IAM itself become all permissions: by Rhino Security Labs' number, where
// there is one, and Datadog's id (pathfinding.cloud).
#include "rules/access/nodes.h"

struct attempt {
    struct graph *graph;
    const struct node *node; // who tries
    const struct grants *grants;
};

static const struct grant *may(const struct attempt *attempt, const char *action, const char *arn)
{
    return grants_allow(attempt->grants, action_place(attempt->graph->granting->actions, action), arn);
}

// The first of some actions that is allowed; ends with NULL.
static const struct grant *may_one(const struct attempt *attempt, const char *const *actions, const char *arn,
                                   const char **which)
{
    const struct grant *by = NULL;
    for (; *actions != NULL && by == NULL; actions++) {
        by = may(attempt, *actions, arn);
        *which = *actions;
    }
    return by;
}

static const char *const on_user[] = {"iam:PutUserPolicy", "iam:AttachUserPolicy", NULL};    // 10, 7
static const char *const on_group[] = {"iam:PutGroupPolicy", "iam:AttachGroupPolicy", NULL}; // 11, 8
static const char *const on_role[] = {"iam:PutRolePolicy", "iam:AttachRolePolicy", NULL};    // 12, 9
static const char *const sign_in[] = {"iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile", NULL};

// 1, iam-001: a new version of a policy that a node has.
static const struct grant *may_version(const struct attempt *attempt, const struct iam_identity *of, const char **which)
{
    const char *arn;
    for (size_t i = 0; (arn = graph_attached(attempt->graph, of, i)) != NULL; i++) {
        const struct grant *by =
            strstr(arn, ":iam::aws:") != NULL ? NULL : may(attempt, "iam:CreatePolicyVersion", arn);
        if (by != NULL) {
            *which = "iam:CreatePolicyVersion";
            return by;
        }
    }
    return NULL;
}

// What lets the node write its own policies, or its groups'.
static const struct grant *may_raise_itself(const struct attempt *attempt, const char **which)
{
    const struct iam_identity *self = attempt->node->identity;
    const struct grant *by = may_one(attempt, self->kind == IAM_USER ? on_user : on_role, self->arn, which);
    for (size_t g = 0; by == NULL && g < self->groups.count; g++) {
        const struct iam_identity *group = map_get(&attempt->graph->granting->groups, self->groups.items[g]);
        by = group == NULL ? NULL : may_one(attempt, on_group, group->arn, which);
    }
    const iam_identity_list *groups = &attempt->graph->granting->account->groups;
    for (size_t g = 0; by == NULL && self->kind == IAM_USER && g < groups->count; g++)
        if (may(attempt, "iam:AddUserToGroup", groups->items[g].arn) != NULL) {
            by = may_one(attempt, on_group, groups->items[g].arn, which);
            by = by != NULL ? by : may_version(attempt, &groups->items[g], which);
        }
    return by != NULL ? by : may_version(attempt, self, which);
}

// Resources of a kind to which some of the actions may be done; ends with NULL.
static void add_targets(const struct attempt *attempt, const char *const *actions, const char *kind, text_list *targets)
{
    struct granting *granting = attempt->graph->granting;
    const char *arn = attempt->node->identity->arn, *behind = strstr(arn, "::");
    behind = behind == NULL ? NULL : strchr(behind + 2, ':');
    if (behind == NULL)
        return;
    const char *place = arena_printf(granting->arena, "%.*s:%s/*", (int)(behind - arn), arn, kind);
    for (; *actions != NULL; actions++)
        grants_some(granting, attempt->grants, action_place(granting->actions, *actions), place, targets);
}

// A user or a role of its own making, with policies of its own making.
static void try_new_principals(struct attempt *attempt, struct node *node)
{
    static const struct {
        const char *kind, *make, *const *policies, *const *enter;
    } ways[] = {{"user", "iam:CreateUser", on_user, sign_in}, {"role", "iam:CreateRole", on_role, NULL}};
    struct arena *arena = attempt->graph->granting->arena;
    for (size_t i = 0; i < 2; i++) {
        text_list targets = {0};
        add_targets(attempt, (const char *const[]){ways[i].make, NULL}, ways[i].kind, &targets);
        if (targets.count > 0)
            add_targets(attempt, ways[i].policies, ways[i].kind, &targets);
        if (targets.count > 0 && ways[i].enter != NULL)
            add_targets(attempt, ways[i].enter, ways[i].kind, &targets);
        for (size_t t = 0; t < targets.count && node->level < ACCESS_ESCALATES; t++) {
            const char *put = NULL, *entered = NULL;
            const struct grant *by = may(attempt, ways[i].make, targets.items[t]);
            if (by == NULL || may_one(attempt, ways[i].policies, targets.items[t], &put) == NULL ||
                (ways[i].enter != NULL && may_one(attempt, ways[i].enter, targets.items[t], &entered) == NULL))
                continue;
            graph_put(attempt->graph, node, ACCESS_ESCALATES, by,
                      arena_printf(arena, "%s, %s%s%s", ways[i].make, put, entered == NULL ? "" : ", ",
                                   entered == NULL ? "" : entered),
                      node);
        }
    }
}

const char *graph_becomes(struct graph *graph, const struct node *node, const struct node *other)
{
    const struct attempt attempt = {graph, node, node->holding->grants};
    const char *arn = other->identity->arn, *become = NULL;
    const struct grant *ignored;
    if (other->identity->kind == IAM_USER)
        return may_one(&attempt, sign_in, arn, &become) == NULL ? NULL : become;
    if (graph_assumes(graph, node, other, &ignored))
        return "sts:AssumeRole";
    if (!other->trust.barred && may(&attempt, "iam:UpdateAssumeRolePolicy", arn) != NULL)
        return "iam:UpdateAssumeRolePolicy";
    return may(&attempt, "iam:PassRole", arn) == NULL ? NULL : graph_launches(graph, node->holding, other, true);
}

// iam-014 to iam-021: policies of another that it can become.
static void try_others(struct attempt *attempt, struct node *node)
{
    struct graph *graph = attempt->graph;
    for (size_t i = 0; i < graph->users + graph->roles && node->level < ACCESS_ESCALATES; i++) {
        struct node *other = &graph->items[i];
        const char *arn = other->identity->arn, *put = NULL;
        if (other->identity == node->identity || strstr(arn, ":role/aws-service-role/") != NULL)
            continue;
        bool user = other->identity->kind == IAM_USER;
        const struct grant *by = may_one(attempt, user ? on_user : on_role, arn, &put);
        by = by != NULL ? by : may_version(attempt, other->identity, &put);
        const char *become = by == NULL ? NULL : graph_becomes(graph, node, other);
        if (become != NULL)
            graph_put(graph, node, graph_raised(graph, other->holding), by,
                      arena_printf(graph->granting->arena, "%s on %s %s, %s", put, user ? "user" : "role",
                                   other->identity->name, become),
                      node);
    }
}

bool graph_touches_iam(const struct graph *graph, const struct grants *grants)
{
    const struct action_list *list = graph->granting->actions;
    for (size_t i = 0; i < grants->allows.count; i++)
        for (size_t w = 0; w < list->words; w++)
            if ((grants->allows.items[i].actions[w] & list->iam[w] & list->changes[w]) != 0)
                return true;
    return false;
}

void graph_escalate(struct graph *graph)
{
    for (size_t h = 0; h < graph->holdings.count; h++) {
        struct holding *holding = graph->holdings.items[h];
        enum access_level least = ACCESS_LEVELS;
        bool tries = holding->standing.level < ACCESS_ADMIN && graph_touches_iam(graph, holding->grants);
        for (size_t m = 0; m < holding->members.count; m++) {
            struct node *node = &graph->items[holding->members.items[m]];
            struct attempt attempt = {graph, node, holding->grants};
            const char *which = NULL;
            if (tries && node->identity->kind != IAM_GROUP) {
                const struct grant *by = may_raise_itself(&attempt, &which);
                if (by != NULL)
                    graph_put(graph, node, graph_raised(graph, holding), by,
                              arena_printf(graph->granting->arena, "%s on its own", which), node);
                try_new_principals(&attempt, node);
                try_others(&attempt, node);
            }
            least = node->level < least ? node->level : least;
        }
        holding->least = least;
    }
}
