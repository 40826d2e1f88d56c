// Other versions of managed policies (Rhino 2): who may set the default version of a policy that reaches it, or another
// that it can become, has what that version says. Each version is a node of its own, from which all else follows.
#include "rules/access/nodes.h"

const char *graph_attached(const struct graph *graph, const struct iam_identity *identity, size_t i)
{
    if (i < identity->attached.count)
        return identity->attached.items[i];
    i -= identity->attached.count;
    for (size_t g = 0; g < identity->groups.count; g++) {
        const struct iam_identity *group = map_get(&graph->granting->groups, identity->groups.items[g]);
        if (group != NULL && i < group->attached.count)
            return group->attached.items[i];
        i -= group == NULL ? 0 : group->attached.count;
    }
    return NULL;
}

static void keep_others(struct arena *arena, const struct iam_policy *policy, const grant_list *from, grant_list *to)
{
    for (size_t i = 0; i < from->count; i++)
        if (from->items[i].policy != policy)
            *vector_add(arena, to) = from->items[i];
}

// What the holder comes to by another version in place of the default one, be it of its boundary.
static struct grants *grants_by(struct granting *granting, const struct node *holder, const struct iam_policy *policy,
                                const struct iam_policy *version, bool held)
{
    struct arena *arena = granting->arena;
    const struct grants *now = holder->holding->grants;
    const struct grants *made = grants_of_policy(granting, holder->identity, version);
    struct grants *then = arena_new_of(arena, struct grants);
    *then = *now;
    then->allows = held ? made->allows : (grant_list){0};
    then->denies = made->denies;
    keep_others(arena, policy, &now->allows, &then->allows);
    keep_others(arena, policy, &now->denies, &then->denies);
    if (now->bounded && strcmp(holder->identity->boundary, policy->arn) == 0)
        then->limits = made->allows;
    return then;
}

// Every version of one policy; `become`: how the node becomes its holder, or comes to the policy, or NULL. False where
// there are too many to be followed.
static bool add_policy(struct graph *graph, struct node *node, struct node *holder, const char *become, const char *arn,
                       bool held, size_t *left)
{
    struct granting *granting = graph->granting;
    size_t action = action_place(granting->actions, "iam:SetDefaultPolicyVersion");
    const struct iam_policy *policy =
        strstr(arn, ":iam::aws:") != NULL ? NULL : map_get(&granting->account->policies, arn);
    const struct grant *by = policy == NULL ? NULL : grants_allow(node->holding->grants, action, arn);
    for (size_t v = 0; by != NULL && v < policy->others.count; v++) {
        const struct iam_policy *version = &policy->others.items[v];
        const char *words =
            arena_printf(granting->arena, "iam:SetDefaultPolicyVersion to %s of policy %s (Rhino 2)%s%s",
                         version->version, policy->name, become == NULL ? "" : ", ", become == NULL ? "" : become);
        if (*left == 0) { // told too high rather than not at all
            graph_put(graph, node, ACCESS_ESCALATES, by, words, node);
            return false;
        }
        (*left)--;
        struct node *then = graph_add(graph, holder->identity, grants_by(granting, holder, policy, version, held));
        then->limited = node;
        then->lets_go = by;
        then->letting_go = words;
    }
    return true;
}

// `become`: how the node becomes the holder, or NULL: it is the holder itself.
static void add_versions(struct graph *graph, struct node *node, struct node *holder, const char *become, size_t *left)
{
    const char *arn, *boundary = holder->holding->grants->bounded ? holder->identity->boundary : NULL;
    for (size_t i = 0; (arn = graph_attached(graph, holder->identity, i)) != NULL; i++) {
        if (boundary != NULL && strcmp(arn, boundary) == 0)
            boundary = NULL; // it goes with the policy
        if (!add_policy(graph, node, holder, become, arn, true, left))
            return;
    }
    if (boundary != NULL)
        add_policy(graph, node, holder, become, boundary, false, left);
}

// Of the groups that a user may join.
static void add_versions_of_groups(struct graph *graph, struct node *node, size_t *left)
{
    size_t joins = action_place(graph->granting->actions, "iam:AddUserToGroup");
    const iam_identity_list *groups = &graph->granting->account->groups;
    for (size_t g = 0; node->identity->kind == IAM_USER && g < groups->count; g++) {
        const struct iam_identity *group = &groups->items[g];
        if (text_list_holds(&node->identity->groups, group->name) ||
            grants_allow(node->holding->grants, joins, group->arn) == NULL)
            continue;
        for (size_t i = 0; i < group->attached.count; i++)
            if (!add_policy(graph, node, node, "iam:AddUserToGroup", group->attached.items[i], true, left))
                return;
    }
}

static bool may_set_versions(const struct graph *graph, const struct grants *grants)
{
    size_t action = action_place(graph->granting->actions, "iam:SetDefaultPolicyVersion");
    for (size_t i = 0; i < grants->allows.count; i++)
        if (action_set_holds(grants->allows.items[i].actions, action))
            return true;
    return false;
}

void graph_switch_versions(struct graph *graph)
{
    size_t left = VERSIONS_MOST, own = graph->users + graph->roles;
    for (size_t i = 0; i < own; i++) {
        struct node *node = &graph->items[i];
        if (node->level == ACCESS_ADMIN || !may_set_versions(graph, node->holding->grants))
            continue;
        add_versions(graph, node, node, NULL, &left);
        add_versions_of_groups(graph, node, &left);
        for (size_t o = 0; o < own; o++) {
            struct node *other = &graph->items[o];
            bool leads = o != i && strstr(other->identity->arn, ":role/aws-service-role/") == NULL;
            const char *become = leads ? graph_becomes(graph, node, other) : NULL;
            if (become != NULL)
                add_versions(graph, node, other, become, &left);
        }
    }
}
