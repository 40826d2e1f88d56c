// Who can become whom, from those who can do most down: each node is put once where it belongs, by the first of the
// widest that it can become. Statements are found by their patterns, and those whose holders have all they can get are
// dropped.
#include "rules/access/launches.h"
#include "rules/access/nodes.h"
#include "rules/access/pattern.h"

// Holdings with a statement that speaks of a pattern.
struct pattern_holders {
    const char *pattern;
    VECTOR(struct holding *) holdings;
};

enum step { STEP_ASSUME, STEP_TRUST, STEP_PASS, STEP_KEY, STEP_LOGIN, STEP_PASSWORD, STEP_JOIN, STEP_COUNT };

static const struct {
    const char *action;
    enum iam_kind target;
    const char *words;
} steps[STEP_COUNT] = {
    [STEP_ASSUME] = {"sts:AssumeRole", IAM_ROLE, "sts:AssumeRole"},
    [STEP_TRUST] = {"iam:UpdateAssumeRolePolicy", IAM_ROLE, "iam:UpdateAssumeRolePolicy (iam-012)"},
    [STEP_PASS] = {"iam:PassRole", IAM_ROLE, NULL},
    [STEP_KEY] = {"iam:CreateAccessKey", IAM_USER, "iam:CreateAccessKey (iam-002)"},
    [STEP_LOGIN] = {"iam:CreateLoginProfile", IAM_USER, "iam:CreateLoginProfile (iam-004)"},
    [STEP_PASSWORD] = {"iam:UpdateLoginProfile", IAM_USER, "iam:UpdateLoginProfile (iam-006)"},
    [STEP_JOIN] = {"iam:AddUserToGroup", IAM_GROUP, "iam:AddUserToGroup (iam-013)"},
};

struct closure {
    struct graph *graph;
    VECTOR(struct pattern_holders *) patterns[STEP_COUNT];
    VECTOR(struct holding *) launchers; // that can change what runs as a role already
    VECTOR(uint32_t) waiting[ACCESS_LEVELS];
};

static void add_holder(struct closure *closure, enum step step, struct map *known, const char *pattern,
                       struct holding *holding)
{
    struct arena *arena = closure->graph->granting->arena;
    struct pattern_holders *holders = map_get(known, pattern);
    if (holders == NULL) {
        holders = arena_new_of(arena, struct pattern_holders);
        holders->pattern = pattern;
        map_put(arena, known, pattern, holders);
        *vector_add(arena, &closure->patterns[step]) = holders;
    }
    if (holders->holdings.count == 0 || holders->holdings.items[holders->holdings.count - 1] != holding)
        *vector_add(arena, &holders->holdings) = holding;
}

static void find_holders(struct closure *closure, enum step step)
{
    struct graph *graph = closure->graph;
    size_t action = action_place(graph->granting->actions, steps[step].action);
    struct map known = {0};
    for (size_t h = 0; h < graph->holdings.count; h++) {
        struct holding *holding = graph->holdings.items[h];
        for (size_t i = 0; i < holding->grants->allows.count; i++) {
            const struct grant *grant = &holding->grants->allows.items[i];
            if (!action_set_holds(grant->actions, action))
                continue;
            if (grant->statement->not_resources)
                add_holder(closure, step, &known, "*", holding);
            for (size_t r = 0; r < grant->resources.count && !grant->statement->not_resources; r++)
                add_holder(closure, step, &known, grant->resources.items[r], holding);
        }
    }
}

static void find_launchers(struct closure *closure)
{
    struct graph *graph = closure->graph;
    struct node any = {.identity = NULL};
    *vector_add(graph->granting->arena, &any.trust.services) = "*";
    for (size_t h = 0; h < graph->holdings.count; h++)
        if (graph_launches(graph, graph->holdings.items[h], &any, false) != NULL)
            *vector_add(graph->granting->arena, &closure->launchers) = graph->holdings.items[h];
}

static void put(struct closure *closure, struct node *from, enum access_level level, const struct grant *by,
                const char *words, const struct node *to)
{
    struct graph *graph = closure->graph;
    if (graph_put(graph, from, level, by, words, to))
        *vector_add(graph->granting->arena, &closure->waiting[level]) = (uint32_t)(from - graph->items);
}

static void put_members(struct closure *closure, struct holding *holding, enum access_level level,
                        const struct grant *by, const char *words, const struct node *to)
{
    struct graph *graph = closure->graph;
    enum access_level least = ACCESS_LEVELS;
    for (size_t i = 0; i < holding->members.count; i++) {
        struct node *member = &graph->items[holding->members.items[i]];
        bool denied = words == steps[STEP_ASSUME].words && text_list_holds(&to->trust.denied, member->identity->arn);
        if (!denied && (to->identity->kind != IAM_GROUP || member->identity->kind == IAM_USER))
            put(closure, member, level, by, words, to);
        least = member->level < least ? member->level : least;
    }
    holding->least = least;
}

static bool is_service_linked(const struct node *role)
{
    return strstr(role->identity->arn, ":role/aws-service-role/") != NULL;
}

// One holding's step to a node, once its statement is found.
static void step_to(struct closure *closure, enum step step, struct holding *holding, enum access_level level,
                    const struct node *to)
{
    struct graph *graph = closure->graph;
    const char *words = steps[step].words;
    size_t action = action_place(graph->granting->actions, steps[step].action);
    const struct grant *by = grants_allow(holding->grants, action, to->identity->arn);
    if (by != NULL && step == STEP_PASS)
        words = graph_launches(graph, holding, to, true);
    if (by == NULL || words == NULL)
        return;
    if (step == STEP_JOIN && level > graph_raised(graph, holding))
        level = graph_raised(graph, holding);
    put_members(closure, holding, level, by, words, to);
}

static void steps_to(struct closure *closure, enum step step, enum access_level level, const struct node *to)
{
    bool entered = step == STEP_ASSUME || step == STEP_TRUST;
    if (steps[step].target != to->identity->kind || (entered && to->trust.barred) ||
        (step == STEP_TRUST && is_service_linked(to)) ||
        (step == STEP_ASSUME && ((!to->trust.account && !to->trust.everyone) || to->trust.nobody)))
        return;
    for (size_t p = 0; p < closure->patterns[step].count; p++) {
        struct pattern_holders *holders = closure->patterns[step].items[p];
        if (holders->holdings.count == 0 || !pattern_match(holders->pattern, to->identity->arn))
            continue;
        for (size_t h = 0; h < holders->holdings.count;) {
            struct holding *holding = holders->holdings.items[h];
            if (holding->least >= level) // levels only fall: it has no more to gain by such a step
                holders->holdings.items[h] = holders->holdings.items[--holders->holdings.count];
            else
                step_to(closure, step, holders->holdings.items[h++], level, to);
        }
    }
}

// Those that a trust policy takes whatever their own policies say.
static void trusted_to(struct closure *closure, enum access_level level, const struct node *to)
{
    struct graph *graph = closure->graph;
    const struct grant *by;
    for (size_t i = 0; i < to->trust.named.count; i++) {
        struct node *from = map_get(&graph->nodes, to->trust.named.items[i]);
        if (from != NULL && graph_assumes(graph, from, to, &by))
            put(closure, from, level, by, by == NULL ? "trust policy" : steps[STEP_ASSUME].words, to);
    }
    for (size_t i = 0; to->trust.everyone && i < graph->users + graph->roles; i++)
        if (graph->items[i].level < level && graph_assumes(graph, &graph->items[i], to, &by))
            put(closure, &graph->items[i], level, by, by == NULL ? "trust policy" : steps[STEP_ASSUME].words, to);
    for (size_t i = graph->users + graph->roles; i < graph->count; i++)
        if (graph->items[i].limited != NULL && graph->items[i].level < level &&
            graph_assumes(graph, &graph->items[i], to, &by))
            put(closure, &graph->items[i], level, by, by == NULL ? "trust policy" : steps[STEP_ASSUME].words, to);
}

static void launched_to(struct closure *closure, enum access_level level, const struct node *to)
{
    for (size_t h = 0; h < closure->launchers.count && to->trust.services.count > 0;) {
        struct holding *holding = closure->launchers.items[h];
        if (holding->least >= level) {
            closure->launchers.items[h] = closure->launchers.items[--closure->launchers.count];
            continue;
        }
        const char *words = graph_launches(closure->graph, holding, to, false);
        if (words != NULL)
            put_members(closure, holding, level, NULL, words, to);
        h++;
    }
}

void graph_close(struct graph *graph)
{
    struct arena *arena = graph->granting->arena;
    struct closure *closure = arena_new_of(arena, struct closure);
    closure->graph = graph;
    for (enum step step = 0; step < STEP_COUNT; step++)
        find_holders(closure, step);
    find_launchers(closure);
    for (size_t i = 0; i < graph->count; i++)
        *vector_add(arena, &closure->waiting[graph->items[i].level]) = (uint32_t)i;
    for (enum access_level level = ACCESS_ADMIN; level > ACCESS_NONE; level--)
        for (size_t i = 0; i < closure->waiting[level].count; i++) {
            const struct node *to = &graph->items[closure->waiting[level].items[i]];
            enum access_level changed = level > ACCESS_ESCALATES ? ACCESS_ESCALATES : level;
            if (to->level != level)
                continue;
            if (to->limited != NULL) {
                put(closure, to->limited, changed, to->lets_go, to->letting_go, to);
                continue;
            }
            for (enum step step = 0; step < STEP_COUNT; step++)
                steps_to(closure, step, step == STEP_ASSUME ? level : changed, to);
            if (to->identity->kind == IAM_ROLE) {
                trusted_to(closure, level, to);
                launched_to(closure, changed, to);
            }
        }
}
