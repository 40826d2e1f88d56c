#include "rules/access/nodes.h"

#include "base/json.h"
#include "rules/access/launches.h"

// Nodes of which nothing but their policies' names decides share a holding.
static const char *sharing_key(struct arena *arena, const struct iam_identity *identity)
{
    struct text key = {0};
    if (identity->inlined.count > 0 || identity->doubt != NULL || identity->kind == IAM_GROUP)
        return identity->arn;
    text_printf(&key, "%d%s %s", identity->kind,
                strstr(identity->arn, ":role/aws-service-role/") != NULL ? " of a service" : "",
                identity->boundary == NULL ? "" : identity->boundary);
    for (size_t i = 0; i < identity->groups.count; i++)
        text_printf(&key, "\n%s", identity->groups.items[i]);
    for (size_t i = 0; i < identity->attached.count; i++)
        text_printf(&key, "\t%s", identity->attached.items[i]);
    const char *kept = arena_strdup(arena, key.bytes);
    text_free(&key);
    return kept;
}

static struct holding *new_holding(struct graph *graph, struct grants *grants)
{
    struct arena *arena = graph->granting->arena;
    struct holding *holding = arena_new_of(arena, struct holding);
    holding->grants = grants;
    holding->standing = standing_of(graph->granting, holding->grants);
    holding->launching = arena_alloc(arena, launch_count);
    *vector_add(arena, &graph->holdings) = holding;
    return holding;
}

static struct holding *holding_of(struct graph *graph, struct map *shared, const struct iam_identity *identity)
{
    struct arena *arena = graph->granting->arena;
    const char *key = sharing_key(arena, identity);
    struct holding *holding = map_get(shared, key);
    if (holding != NULL)
        return holding;
    holding = new_holding(graph, grants_of(graph->granting, identity));
    if (!holding->grants->personal)
        map_put(arena, shared, key, holding);
    return holding;
}

static struct node *add_node(struct graph *graph, const struct iam_identity *identity, struct holding *holding)
{
    struct node *node = &graph->items[graph->count];
    node->identity = identity;
    node->holding = holding;
    node->level = holding->standing.level;
    node->by = holding->standing.grant;
    node->next = (uint32_t)graph->count;
    *vector_add(graph->granting->arena, &holding->members) = (uint32_t)graph->count++;
    holding->least = node->level;
    return node;
}

struct node *graph_add(struct graph *graph, const struct iam_identity *identity, struct grants *grants)
{
    return add_node(graph, identity, new_holding(graph, grants));
}

static void add_nodes(struct graph *graph, struct map *shared, const iam_identity_list *identities)
{
    struct arena *arena = graph->granting->arena;
    for (size_t i = 0; i < identities->count; i++) {
        struct node *node = add_node(graph, &identities->items[i], holding_of(graph, shared, &identities->items[i]));
        if (node->identity->kind == IAM_ROLE)
            node->trust = trust_of(arena, graph->granting->account, node->identity);
        map_put(arena, &graph->nodes, node->identity->arn, node);
    }
}

struct graph *graph_new(struct granting *granting)
{
    const struct account *account = granting->account;
    struct graph *graph = arena_new_of(granting->arena, struct graph);
    struct map shared = {0};
    graph->granting = granting;
    graph->users = account->users.count;
    graph->roles = account->roles.count;
    graph->items =
        arena_array(granting->arena, struct node,
                    graph->users + graph->roles + account->groups.count + loosening_most(granting) + VERSIONS_MOST + 1);
    add_nodes(graph, &shared, &account->users);
    add_nodes(graph, &shared, &account->roles);
    add_nodes(graph, &shared, &account->groups);
    return graph;
}

enum access_level graph_raised(struct graph *graph, struct holding *holding)
{
    if (holding->raised == ACCESS_NONE) {
        struct standing raised = standing_of(graph->granting, grants_raised(graph->granting, holding->grants));
        holding->raised = raised.level > ACCESS_ESCALATES ? ACCESS_ESCALATES : raised.level;
    }
    return holding->raised;
}

bool graph_put(struct graph *graph, struct node *node, enum access_level level, const struct grant *by,
               const char *step, const struct node *next)
{
    if (level <= node->level)
        return false;
    node->level = level;
    node->by = by;
    node->step = step;
    node->next = (uint32_t)(next - graph->items);
    return true;
}

bool graph_assumes(const struct graph *graph, const struct node *from, const struct node *role, const struct grant **by)
{
    size_t assume = action_place(graph->granting->actions, "sts:AssumeRole");
    const char *arn = role->identity->arn;
    const struct trust *trust = &role->trust;
    *by = NULL;
    if (trust->barred || !grants_within_organization(graph->granting, from->holding->grants, assume) || trust->nobody ||
        text_list_holds(&trust->denied, from->identity->arn) || grants_deny(from->holding->grants, assume, arn))
        return false;
    // A boundary limits a role that a trust policy names, and no user, nor a session of the role.
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
    bool named = from->identity->kind != IAM_GROUP && text_list_holds(&trust->named, from->identity->arn) &&
                 (from->identity->kind == IAM_USER || text_list_holds(&trust->sessions, from->identity->arn) ||
                  grants_within_limits(from->holding->grants, assume, arn));
    if (trust->account || trust->everyone || named)
        *by = grants_allow(from->holding->grants, assume, arn);
    return named || (trust->everyone && from->identity->kind != IAM_GROUP) || (trust->account && *by != NULL);
}

// Whether some resource lets all actions of a launch be done.
static bool launches_some(struct graph *graph, struct holding *holding, size_t launch)
{
    if (holding->launching[launch] == 0) {
        holding->launching[launch] = 2;
        for (size_t a = 0; a < LAUNCH_MOST_ACTIONS && launches[launch].actions[a] != NULL; a++) {
            text_list resources = {0};
            grants_some(graph->granting, holding->grants,
                        action_place(graph->granting->actions, launches[launch].actions[a]), "*", &resources);
            if (resources.count == 0)
                holding->launching[launch] = 1;
        }
    }
    return holding->launching[launch] == 2;
}

// Instances are passed an instance profile: where the role is in none, one must be made for it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html
static bool lacks_profile(struct graph *graph, struct holding *holding, size_t launch, const struct node *role)
{
    text_list targets = {0};
    if (strcmp(launches[launch].service, "ec2") != 0 || role->identity == NULL || !role->identity->profiles_told ||
        role->identity->profiles.count > 0)
        return false;
    grants_some(graph->granting, holding->grants,
                action_place(graph->granting->actions, "iam:AddRoleToInstanceProfile"), "*", &targets);
    return targets.count == 0;
}

const char *graph_launches(struct graph *graph, struct holding *holding, const struct node *role, bool passes)
{
    struct arena *arena = graph->granting->arena;
    for (size_t i = 0; i < launch_count; i++) {
        if (launches[i].passes != passes || !trust_has_service(&role->trust, launches[i].service) ||
            !launches_some(graph, holding, i) || (passes && lacks_profile(graph, holding, i, role)))
            continue;
        const char *step = passes ? "iam:PassRole" : "";
        for (size_t a = 0; a < LAUNCH_MOST_ACTIONS && launches[i].actions[a] != NULL; a++)
            step = arena_printf(arena, "%s%s%s", step, step[0] == '\0' ? "" : ", ", launches[i].actions[a]);
        return arena_printf(arena, "%s (%s)", step, launches[i].id);
    }
    return NULL;
}
