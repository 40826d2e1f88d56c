// Limits that a principal can take off itself: its permissions boundary, and denials of its own policies and its
// groups'. Each leads to what the principal is without it, from which the next may come off. What the organization
// denies stays.
//
// A policy that is taken off takes along what it allows; so the ones that only deny go first.
#include "rules/access/nodes.h"

struct limit {
    const struct iam_policy *policy;   // NULL: all of the group
    const struct iam_identity *holder; // the principal, or its group
    bool boundary;
    const struct grant *by; // that lets it go
    const char *action;
    bool rewritten; // its denials go, and what it allows stays
};

static const struct grant *may(const struct graph *graph, const struct grants *grants, const char *action,
                               const char *arn)
{
    return grants_allow(grants, action_place(graph->granting->actions, action), arn);
}

// What lets one of a kind of identity be changed: "Delete%sPolicy" is iam:DeleteUserPolicy.
static bool try_action(const struct graph *graph, const struct grants *grants, struct limit *limit, const char *form,
                       const char *arn)
{
    static const char *const kinds[] = {[IAM_USER] = "User", [IAM_GROUP] = "Group", [IAM_ROLE] = "Role"};
    const char *mark = strstr(form, "%s");
    const char *action = mark == NULL ? form
                                      : arena_printf(graph->granting->arena, "%.*s%s%s", (int)(mark - form), form,
                                                     kinds[limit->holder->kind], mark + 2);
    limit->by = may(graph, grants, action, arn);
    limit->action = action;
    return limit->by != NULL;
}

static bool is_of_aws(const char *arn)
{
    return strstr(arn, ":iam::aws:") != NULL;
}

static bool may_lift_boundary(const struct graph *graph, const struct grants *grants, struct limit *limit)
{
    const struct iam_identity *self = limit->holder;
    return try_action(graph, grants, limit, "iam:Delete%sPermissionsBoundary", self->arn) ||
           try_action(graph, grants, limit, "iam:Put%sPermissionsBoundary", self->arn) ||
           (!is_of_aws(self->boundary) && try_action(graph, grants, limit, "iam:CreatePolicyVersion", self->boundary));
}

static bool is_inline(const struct iam_identity *holder, const struct iam_policy *policy)
{
    return holder->inlined.count > 0 && policy >= holder->inlined.items &&
           policy < holder->inlined.items + holder->inlined.count;
}

// A policy that denies: one of its own account is written anew, or it is taken off.
static bool may_lift_policy(const struct graph *graph, const struct grants *grants, struct limit *limit)
{
    const struct iam_identity *holder = limit->holder;
    const struct iam_policy *policy = limit->policy;
    if (is_inline(holder, policy)) {
        limit->rewritten = try_action(graph, grants, limit, "iam:Put%sPolicy", holder->arn);
        return limit->rewritten || try_action(graph, grants, limit, "iam:Delete%sPolicy", holder->arn);
    }
    if (policy->arn == NULL || !text_list_holds(&holder->attached, policy->arn))
        return false;
    limit->rewritten =
        !is_of_aws(policy->arn) && try_action(graph, grants, limit, "iam:CreatePolicyVersion", policy->arn);
    return limit->rewritten || try_action(graph, grants, limit, "iam:Detach%sPolicy", holder->arn);
}

static bool goes_with(const struct limit *limit, const struct grants *grants, const struct grant *grant)
{
    const struct iam_identity *holder = grant->group == NULL ? grants->principal : grant->group;
    return holder == limit->holder && (limit->policy == NULL || limit->policy == grant->policy);
}

static bool allows_something(const struct limit *limit, const struct grants *grants)
{
    for (size_t i = 0; i < grants->allows.count; i++)
        if (goes_with(limit, grants, &grants->allows.items[i]))
            return true;
    return false;
}

// Whether an earlier denial is of the same policy, held by the same.
static bool is_repeated(const struct grants *grants, size_t denial)
{
    for (size_t i = 0; i < denial; i++)
        if (grants->denies.items[i].policy == grants->denies.items[denial].policy &&
            grants->denies.items[i].group == grants->denies.items[denial].group)
            return true;
    return false;
}

// The next denial to go from a place on, of which each has two: by its policy, by leaving the group. `costs`: one that
// takes along what its policy allows.
static bool find_denial(const struct graph *graph, const struct grants *grants, bool costs, size_t *at,
                        struct limit *limit)
{
    const struct iam_identity *self = grants->principal;
    const struct iam_policy *boundary =
        grants->bounded ? map_get(&graph->granting->account->policies, self->boundary) : NULL;
    for (; *at < (size_t)2 * grants->denies.count; (*at)++) {
        const struct grant *deny = &grants->denies.items[*at / 2];
        bool leaves = *at % 2 == 1;
        *limit = (struct limit){.holder = deny->group == NULL ? self : deny->group};
        if (!leaves)
            limit->policy = deny->policy;
        if (is_repeated(grants, *at / 2) || (leaves && deny->group == NULL) || (!leaves && deny->policy == boundary))
            continue;
        bool can = leaves ? try_action(graph, grants, limit, "iam:RemoveUserFromGroup", deny->group->arn)
                          : may_lift_policy(graph, grants, limit);
        if (can && (!limit->rewritten && allows_something(limit, grants)) == costs)
            return true;
    }
    return false;
}

static void keep(struct arena *arena, const struct limit *limit, const struct grants *grants, const grant_list *from,
                 bool boundary_denies, grant_list *to)
{
    const struct iam_identity *self = grants->principal;
    for (size_t i = 0; i < from->count; i++) {
        const struct grant *one = &from->items[i];
        bool of_boundary = boundary_denies && one->group == NULL && one->policy->arn != NULL &&
                           strcmp(one->policy->arn, self->boundary) == 0 &&
                           !text_list_holds(&self->attached, self->boundary);
        if (limit->boundary ? !of_boundary : !goes_with(limit, grants, one))
            *vector_add(arena, to) = *one;
    }
}

static struct grants *without(struct arena *arena, const struct limit *limit, const struct grants *grants)
{
    struct grants *less = arena_new_of(arena, struct grants);
    *less = *grants;
    less->denies = (grant_list){0};
    keep(arena, limit, grants, &grants->denies, limit->boundary, &less->denies);
    if (limit->boundary) {
        less->bounded = false;
        less->limits = (grant_list){0};
    } else if (!limit->rewritten) {
        less->allows = (grant_list){0};
        keep(arena, limit, grants, &grants->allows, false, &less->allows);
    }
    return less;
}

static const char *words_of(struct arena *arena, const struct limit *limit)
{
    if (limit->boundary)
        return arena_printf(arena, "%s of its own boundary", limit->action);
    if (limit->policy == NULL)
        return arena_printf(arena, "%s of group %s, which denies", limit->action, limit->holder->name);
    return arena_printf(arena, "%s of policy %s, which denies", limit->action,
                        limit->policy->name == NULL ? "" : limit->policy->name);
}

// All that costs nothing goes first; the order of the others matters, so each is tried.
static void loosen(struct graph *graph, struct node *node, size_t *left);

static void loosen_by(struct graph *graph, struct node *node, const struct limit *limit, size_t *left)
{
    struct arena *arena = graph->granting->arena;
    struct node *less = graph_add(graph, node->identity, without(arena, limit, node->holding->grants));
    less->limited = node;
    less->lets_go = limit->by;
    less->letting_go = words_of(arena, limit);
    loosen(graph, less, left);
}

static void loosen(struct graph *graph, struct node *node, size_t *left)
{
    const struct grants *grants = node->holding->grants;
    struct limit limit = {.holder = grants->principal, .boundary = true};
    size_t at = 0;
    if (*left > 0 && ((grants->bounded && may_lift_boundary(graph, grants, &limit)) ||
                      find_denial(graph, grants, false, &at, &limit))) {
        (*left)--;
        loosen_by(graph, node, &limit, left);
        return;
    }
    for (at = 0; *left > 0 && find_denial(graph, grants, true, &at, &limit); at++) {
        (*left)--;
        loosen_by(graph, node, &limit, left);
    }
}

// Room for the ways of one principal.
static size_t ways_of(const struct granting *granting, const struct iam_identity *self)
{
    enum { WAYS_FOR_EACH = 4 };
    size_t policies = 1 + self->inlined.count + self->attached.count;
    for (size_t g = 0; g < self->groups.count; g++) {
        const struct iam_identity *group = map_get(&granting->groups, self->groups.items[g]);
        policies += group == NULL ? 0 : group->inlined.count + group->attached.count;
    }
    return WAYS_FOR_EACH * policies;
}

size_t loosening_most(const struct granting *granting)
{
    const iam_identity_list *lists[] = {&granting->account->users, &granting->account->roles};
    size_t most = 0;
    for (size_t l = 0; l < 2; l++)
        for (size_t i = 0; i < lists[l]->count; i++)
            most += ways_of(granting, &lists[l]->items[i]);
    return most;
}

void graph_loosen(struct graph *graph)
{
    for (size_t i = 0; i < graph->users + graph->roles; i++) {
        struct node *node = &graph->items[i];
        size_t left = ways_of(graph->granting, node->identity);
        if (node->level != ACCESS_ADMIN && graph_touches_iam(graph, node->holding->grants))
            loosen(graph, node, &left);
    }
}
