#include "rules/access/access.h"

#include "base/json.h"
#include "rules/access/nodes.h"

const char *const access_level_names[] = {"none", "read", "unknown", "write", "escalates", "administrator", NULL};

enum { STEPS_TOLD = 8 }; // at either end of a path

struct access_map {
    struct graph *graph;
};

static const char *kind_of(const struct iam_identity *identity)
{
    return identity->kind == IAM_USER ? "user" : identity->kind == IAM_ROLE ? "role" : "group";
}

static void add_grant(struct text *path, const struct grant *by)
{
    if (by != NULL && by->group != NULL)
        text_printf(path, " → group %s", by->group->name);
    if (by != NULL)
        text_printf(path, " → policy %s", by->policy->name == NULL ? "" : by->policy->name);
}

static size_t steps_from(const struct graph *graph, const struct node *node)
{
    size_t count = 0;
    for (; node->step != NULL && &graph->items[node->next] != node; node = &graph->items[node->next])
        count++;
    return count;
}

// From the node to the one that has what it comes to; of many steps the first and the last.
static void settle(struct graph *graph, struct node *node)
{
    const struct standing *standing = &node->holding->standing;
    struct text path = {0};
    struct node *at = node;
    node->access.level = node->level;
    text_printf(&path, "%s %s", kind_of(at->identity), at->identity->name);
    size_t steps = steps_from(graph, node);
    for (size_t i = 0; at->step != NULL; i++) {
        const struct node *next = &graph->items[at->next];
        bool told = i < STEPS_TOLD || i + STEPS_TOLD >= steps;
        if (told) {
            add_grant(&path, at->by);
            text_printf(&path, " → %s", at->step);
        }
        if (next == at)
            break;
        if (told)
            text_printf(&path, " → %s %s", kind_of(next->identity), next->identity->name);
        else if (i == STEPS_TOLD)
            text_printf(&path, " → … %zu more …", steps - (size_t)2 * STEPS_TOLD);
        at = &graph->items[at->next];
    }
    const struct standing *last = &at->holding->standing;
    if (at->step == NULL && last->why != NULL)
        text_printf(&path, ": %s", last->why);
    if (node->level != ACCESS_NONE)
        node->access.path = arena_strdup(graph->granting->arena, path.bytes);
    text_free(&path);
    if (node->by != NULL)
        node->access.reference = node->by->policy->evidence != NULL && node->by->group == NULL &&
                                         node->by->policy->arn == NULL && node->holding->members.count > 1
                                     ? node->identity->evidence
                                     : node->by->policy->evidence;
    node->access.unknown = standing->unknown;
    if (node->level == ACCESS_UNKNOWN && last->unknown != NULL)
        node->access.unknown = last->unknown;
}

// Whom a role trusts is not known: it may be anyone.
static void doubt_untold_roles(struct graph *graph)
{
    const struct node *untold = NULL;
    for (size_t i = graph->users; i < graph->users + graph->roles && untold == NULL; i++)
        if (!graph->items[i].trust.known && graph->items[i].level > ACCESS_READ)
            untold = &graph->items[i];
    for (size_t i = 0; untold != NULL && i < graph->users + graph->roles; i++) {
        struct node *node = &graph->items[i];
        if (node->level > ACCESS_READ || node == untold)
            continue;
        node->access.level = ACCESS_UNKNOWN;
        node->access.unknown =
            arena_printf(graph->granting->arena, "the trust policy of role %s", untold->identity->name);
    }
}

struct access_map *access_compute(struct arena *arena, const struct account *account)
{
    struct access_map *map = arena_new_of(arena, struct access_map);
    if (account->users.count + account->roles.count + account->groups.count == 0) {
        map->graph = arena_new_of(arena, struct graph);
        return map;
    }
    map->graph = graph_new(granting_new(arena, account));
    graph_loosen(map->graph);
    graph_switch_versions(map->graph);
    graph_escalate(map->graph);
    graph_close(map->graph);
    for (size_t i = 0; i < map->graph->count; i++)
        settle(map->graph, &map->graph->items[i]);
    doubt_untold_roles(map->graph);
    return map;
}

const struct access *access_of(const struct access_map *map, const struct iam_identity *identity)
{
    const struct node *node = map_get(&map->graph->nodes, identity->arn);
    return &node->access;
}

struct access access_of_its_own(struct access_map *map, const struct iam_identity *identity)
{
    struct granting *granting = map->graph->granting;
    struct grants *grants = grants_of_its_own(granting, identity);
    struct standing standing = {.unknown = grants->unknown};
    if (grants->allows.count > 0)
        standing = standing_of(granting, grants);
    return (struct access){.level = standing.level,
                           .path = standing.why,
                           .reference = standing.grant == NULL ? NULL : standing.grant->policy->evidence,
                           .unknown = standing.unknown};
}
