#include "rules/reach/listener_ways.h"

#include <stdlib.h>
#include <string.h>

#include "base/pattern.h"
#include "rules/reach/load_balancer.h"

static struct way *way_to(struct arena *arena, struct ways *ways, const char *group)
{
    for (size_t i = 0; i < ways->items.count; i++)
        if (strcmp(ways->items.items[i].group, group) == 0)
            return &ways->items.items[i];
    struct way *way = vector_add(arena, &ways->items);
    *way = (struct way){.group = group};
    return way;
}

// That what its listeners' rules say is not sure.
static const struct reason *rules_doubt(struct hopper *hopper, const struct load_balancer *balancer, const char *text)
{
    struct arena *kept = hopper->set->arena;
    return reason_doubt(kept, REASON_BALANCER, balancer->name,
                        settle_by_call(kept, KIND_LISTENER_RULES, balancer->name), text);
}

enum { FAMILIES = 2 };
static const enum family families[FAMILIES] = {FAMILY_IPV4, FAMILY_IPV6};

// Sources of both families.
struct sources {
    struct prefixset of[FAMILIES];
};

static struct sources everyone(struct arena *arena)
{
    return (struct sources){{prefixset_all(arena, FAMILY_IPV4), prefixset_all(arena, FAMILY_IPV6)}};
}

struct clients way_sources(const struct way *way, enum family family)
{
    return way->sources[family == FAMILY_IPV6];
}

static void widen(struct arena *arena, struct way *way, const struct sources *sources, bool surely,
                  const struct reason *doubt)
{
    for (int f = 0; f < FAMILIES; f++) {
        struct clients more = {surely ? sources->of[f] : prefixset_empty, sources->of[f]};
        if (prefixset_is_empty(sources->of[f]))
            continue;
        way->sources[f] = clients_union(arena, way->sources[f], more);
    }
    if (!surely)
        reason_add(arena, &way->doubts, doubt);
}

static struct sources rule_sources(struct arena *arena, const struct listener_rule *rule)
{
    struct sources set = {{prefixset_empty, prefixset_empty}};
    if (!rule->from_sources)
        return everyone(arena);
    for (int f = 0; f < FAMILIES; f++)
        for (size_t i = 0; i < rule->sources.count; i++)
            if (rule->sources.items[i].family == families[f])
                set.of[f] = prefixset_union(arena, set.of[f], prefixset_of(arena, rule->sources.items[i]));
    return set;
}

static const char by_expression[] = " by expression";

static bool is_of(const struct rule_condition *condition, const char *field)
{
    return strncmp(condition->on, field, strlen(field)) == 0;
}

// How long what stands before the value is, in a value of a query string: "3:key=value", or "=value".
static size_t key_length(const char *value)
{
    char *end;
    size_t length = strtoul(value, &end, 10);
    return (size_t)(end - value) + (*end == ':' ? 1 + length : 0) + strlen("=");
}

static bool value_covers(const struct rule_condition *condition, const char *value, const char *other)
{
    size_t key = is_of(condition, "query-string") ? key_length(value) : 0;
    if (is_of(condition, "http-request-method") || strstr(condition->on, by_expression) != NULL)
        return strcmp(value, other) == 0;
    return key <= strlen(value) && strncmp(value, other, key) == 0 && pattern_covers(value + key, other + key);
}

// Whether a condition is met whenever another one is.
static bool condition_covers(const struct rule_condition *condition, const struct rule_condition *other)
{
    bool covers = strcmp(condition->on, other->on) == 0 && other->values.count > 0;
    for (size_t i = 0; i < other->values.count && covers; i++) {
        covers = false;
        for (size_t j = 0; j < condition->values.count && !covers; j++)
            covers = value_covers(condition, condition->values.items[j], other->values.items[i]);
    }
    return covers;
}

// Whether a condition whose expressions are not evaluated may be met whatever the client sends: it always sends a host
// and a path, and a header only where the other rule asks for the same one.
static bool may_cover(const struct rule_condition *condition, const struct listener_rule *other)
{
    const char *expression = strstr(condition->on, by_expression);
    if (expression == NULL || !is_of(condition, "http-header"))
        return expression != NULL;
    const char *name = expression + strlen(by_expression);
    for (size_t i = 0; i < other->conditions.count; i++) {
        const char *on = other->conditions.items[i].on, *its = strstr(on, by_expression);
        its = its != NULL ? its + strlen(by_expression) : on + strlen("http-header");
        if (is_of(&other->conditions.items[i], "http-header") && strcmp(its, name) == 0)
            return true;
    }
    return false;
}

enum covering { COVERS_NOT, COVERS_PERHAPS, COVERS_SURELY };

// Whether a rule takes whatever another one would of the sources that it takes at all.
static enum covering rule_covers(const struct listener_rule *rule, const struct listener_rule *other)
{
    enum covering covers = COVERS_SURELY;
    for (size_t i = 0; i < rule->conditions.count; i++) {
        bool met = false;
        for (size_t j = 0; j < other->conditions.count && !met; j++)
            met = condition_covers(&rule->conditions.items[i], &other->conditions.items[j]);
        if (!met && !may_cover(&rule->conditions.items[i], other))
            return COVERS_NOT;
        covers = met ? covers : COVERS_PERHAPS;
    }
    return covers;
}

// The sources that no rule before surely takes, and those of them that one may take, which is not sure, and why.
struct left {
    struct sources sources;
    struct sources perhaps;
    const struct reason *doubt;
};

// AWS allows 100 rules of a listener and raises that on request: of more, only those without conditions are asked what
// they leave to others. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
enum { MOST_COMPARED = 1000 };

static struct left left_to(struct hopper *hopper, const struct load_balancer *balancer, const struct listener *listener,
                           const struct listener_rule *rule, bool sure)
{
    struct arena *arena = hopper->arena;
    struct left left = {.sources = everyone(arena)};
    for (size_t r = 0; r < listener->rules.count && &listener->rules.items[r] != rule; r++) {
        const struct listener_rule *before = &listener->rules.items[r];
        bool compared = before->conditions.count == 0 || listener->rules.count <= MOST_COMPARED;
        enum covering covers = compared ? rule_covers(before, rule) : COVERS_NOT;
        if (covers == COVERS_NOT)
            continue;
        const char *doubt = before->doubt != NULL || covers == COVERS_SURELY
                                ? before->doubt
                                : "whether the expression of a rule before takes all of it is not evaluated";
        struct sources sources = rule_sources(arena, before);
        if (doubt != NULL && left.doubt == NULL)
            left.doubt = doubt == before->doubt ? rules_doubt(hopper, balancer, doubt)
                                                : reason_doubt(hopper->set->arena, REASON_BALANCER, balancer->name,
                                                               settle_by_probe, doubt);
        for (int f = 0; f < FAMILIES; f++)
            if (doubt != NULL)
                left.perhaps.of[f] = prefixset_union(arena, left.perhaps.of[f], sources.of[f]);
            else if (sure)
                left.sources.of[f] = prefixset_subtract(arena, left.sources.of[f], sources.of[f]);
    }
    return left;
}

static const struct reason *login_doubt(struct hopper *hopper, const struct load_balancer *balancer, const char *login)
{
    return reason_doubt(
        hopper->set->arena, REASON_BALANCER, balancer->name, settle_by_probe,
        arena_printf(hopper->set->arena, "only clients whom its action %s lets through are sent there", login));
}

// One rule, for the sources that no rule before it surely takes: host, path and headers are the client's to choose, but
// where a rule before asks for no more. A group that has no weight takes new clients of no kind; one that was sent
// there before may be kept there by a cookie.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html
static void follow_rule(struct hopper *hopper, const struct load_balancer *balancer, const struct listener *listener,
                        const struct listener_rule *rule, bool sure, const struct reason *doubt, struct ways *ways)
{
    struct arena *arena = hopper->arena;
    struct left left = left_to(hopper, balancer, listener, rule, sure);
    struct sources sources = rule_sources(arena, rule), all, taken, perhaps;
    for (int f = 0; f < FAMILIES; f++) {
        all.of[f] = prefixset_intersect(arena, left.sources.of[f], sources.of[f]);
        perhaps.of[f] = prefixset_intersect(arena, all.of[f], left.perhaps.of[f]);
        taken.of[f] = prefixset_subtract(arena, all.of[f], perhaps.of[f]);
    }
    for (size_t i = 0; i < rule->forwards.count; i++) {
        const struct forward *forward = &rule->forwards.items[i];
        struct way *way = way_to(arena, ways, forward->target_group);
        bool any = !prefixset_is_empty(perhaps.of[0]) || !prefixset_is_empty(perhaps.of[1]);
        if (forward->weight > 0) {
            widen(arena, way, &taken, sure && rule->doubt == NULL && rule->login == NULL,
                  rule->doubt != NULL   ? rules_doubt(hopper, balancer, rule->doubt)
                  : rule->login != NULL ? login_doubt(hopper, balancer, rule->login)
                                        : doubt);
            if (any)
                widen(arena, way, &perhaps, false, left.doubt);
        } else if (rule->sticky)
            widen(arena, way, &all, false,
                  reason_doubt(hopper->set->arena, REASON_BALANCER, balancer->name, settle_by_probe,
                               "its weight is 0, but a client may be kept there by a cookie"));
        else
            way->weightless = true;
    }
}

static bool belongs_to(const struct target_group *group, const struct load_balancer *balancer)
{
    for (size_t i = 0; i < group->load_balancers.count; i++)
        if (strcmp(group->load_balancers.items[i], balancer->arn) == 0)
            return true;
    return false;
}

static bool rule_names(const struct listener_rule *rule, const char *arn)
{
    for (size_t i = 0; i < rule->forwards.count; i++)
        if (strcmp(rule->forwards.items[i].target_group, arn) == 0)
            return true;
    return false;
}

static bool listener_names(const struct listener *listener, const char *arn)
{
    bool names = rule_names(&listener->otherwise, arn);
    for (size_t r = 0; !names && r < listener->rules.count; r++)
        names = rule_names(&listener->rules.items[r], arn);
    return names;
}

// Whether a listener of a protocol may forward to a group of one.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html
static bool fits(const struct listener *listener, const struct target_group *group)
{
    static const char *const pairs[][3] = {{"HTTP", "HTTP", "HTTPS"},    {"HTTPS", "HTTP", "HTTPS"},
                                           {"TCP", "TCP", "TCP_UDP"},    {"TLS", "TCP", "TLS"},
                                           {"UDP", "UDP", "TCP_UDP"},    {"TCP_UDP", "TCP_UDP", "TCP_UDP"},
                                           {"QUIC", "QUIC", "TCP_QUIC"}, {"TCP_QUIC", "TCP_QUIC", "TCP_QUIC"}};
    if (listener == NULL || !target_protocol_is_known(group->protocol))
        return true;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (strcmp(listener->protocol, pairs[i][0]) == 0)
            return strcmp(group->protocol, pairs[i][1]) == 0 || strcmp(group->protocol, pairs[i][2]) == 0;
    return true;
}

static int by_arn(const void *left, const void *right)
{
    const struct target_group *const *a = left, *const *b = right;
    return strcmp((*a)->arn, (*b)->arn);
}

// What the snapshot lacks to know a listener's rules, and so what one of them may do; or NULL. *assumed: they are
// absent altogether, which is no lack.
static const struct reason *rules_lack(struct hopper *hopper, const struct load_balancer *balancer,
                                       const struct listener *listener, const struct vpc_home *home, const char *may,
                                       bool *assumed)
{
    struct arena *kept = hopper->set->arena;
    *assumed = false;
    if (listener->rules_doubt != NULL || listener->otherwise.doubt != NULL)
        return rules_doubt(hopper, balancer,
                           listener->rules_doubt != NULL ? listener->rules_doubt : listener->otherwise.doubt);
    const struct lack *lack = estate_lack(hopper->estate, kept, KIND_LISTENER_RULES, home->owner, home->region);
    enum completeness_state state = estate_completeness(hopper->estate, KIND_LISTENER_RULES, home->owner, home->region);
    if (lack != NULL && (state == COMPLETENESS_PARTIAL || state == COMPLETENESS_DAMAGED))
        return reason_lack_of(kept, REASON_BALANCER, balancer->name,
                              settle_by_call(kept, KIND_LISTENER_RULES, balancer->name), lack);
    for (size_t r = 0; r < listener->rules.count; r++)
        if (listener->rules.items[r].doubt != NULL)
            return rules_doubt(hopper, balancer, listener->rules.items[r].doubt);
    if (listener->rules_known)
        return NULL;
    *assumed = state == COMPLETENESS_ABSENT;
    return rules_doubt(hopper, balancer,
                       arena_printf(kept, "a rule of listener %s of %s may %s (DescribeRules tells)",
                                    listener_text(hopper->arena, listener), balancer->name, may));
}

// Says that a listener's rules are not known: under `assumptions` where nobody asked for any, else as missing.
static void note_unknown_rules(struct hopper *hopper, const struct load_balancer *balancer,
                               const struct listener *listener, const struct vpc_home *home, bool assumed)
{
    struct arena *kept = hopper->set->arena;
    const char *text = listener_text(hopper->arena, listener);
    if (assumed)
        text_list_add(kept, &hopper->set->assumptions,
                      arena_printf(kept,
                                   "rules of listener %s of load balancer %s absent (DescribeRules): each target "
                                   "group of it is possible behind it",
                                   text, balancer->name));
    else if (!listener->rules_known && listener->rules_doubt == NULL)
        lack_add(kept, &hopper->set->missing,
                 &(struct lack){
                     kind_name(KIND_LISTENER_RULES), home->owner, home->region, listener->arn,
                     arena_printf(kept, "missing: rules of listener %s of load balancer %s", text, balancer->name)});
}

// Groups that say they belong to a load balancer may be behind a listener whose rules are not known, or behind any
// where no listener names them.
static void follow_unnamed(struct hopper *hopper, const struct load_balancer *balancer, const struct listener *listener,
                           const struct vpc_home *home, struct ways *ways)
{
    struct arena *arena = hopper->arena, *kept = hopper->set->arena;
    VECTOR(const struct target_group *) groups = {0};
    bool assumed = false;
    const struct reason *lack = listener == NULL ? listeners_missing(kept, balancer) : NULL;
    if (lack == NULL && balancer->doubt != NULL) // a listener of it may be another than it seems
        lack = load_balancer_doubt(kept, hopper->estate, balancer);
    else if (lack == NULL)
        lack = rules_lack(hopper, balancer, listener, home, "forward to it", &assumed);
    for (size_t slot = 0; slot < hopper->estate->target_groups.size; slot++) {
        const struct target_group *group = hopper->estate->target_groups.slots[slot].value;
        bool named = group == NULL;
        if (named || !belongs_to(group, balancer) || !fits(listener, group))
            continue;
        for (size_t l = 0; l < balancer->listeners.count && lack == NULL; l++)
            named = named || listener_names(&balancer->listeners.items[l], group->arn);
        if (!named)
            *vector_add(arena, &groups) = group;
    }
    if (groups.count > 1)
        qsort(groups.items, groups.count, sizeof(*groups.items), by_arn);
    for (size_t i = 0; i < groups.count; i++) {
        struct way *way = way_to(arena, ways, groups.items[i]->arn);
        struct sources all = everyone(arena);
        if (prefixset_equal(way->sources[0].must, all.of[0]) && prefixset_equal(way->sources[1].must, all.of[1]))
            continue;
        widen(arena, way, &all, false,
              lack != NULL
                  ? lack
                  : reason_doubt(
                        kept, REASON_BALANCER, balancer->name, settle_by_call(kept, KIND_LISTENERS, balancer->name),
                        arena_printf(kept, "it says that it is of %s, no listener of which names it", balancer->name)));
        if (lack != NULL && listener != NULL)
            note_unknown_rules(hopper, balancer, listener, home, assumed);
    }
}

static int by_group(const void *left, const void *right)
{
    return strcmp(((const struct way *)left)->group, ((const struct way *)right)->group);
}

struct ways listener_ways(struct hopper *hopper, const struct load_balancer *balancer, const struct listener *listener,
                          const struct interface_place *place, bool may_have_rules)
{
    // Whose the balancer is, and where: its ARN tells, else its nodes do.
    const struct vpc_home home = {.owner = balancer->account != NULL ? balancer->account : place->account_id,
                                  .region = balancer->region != NULL ? balancer->region : place->region};
    const struct reason *doubt =
        listener == NULL || listener->rules_doubt == NULL ? NULL : rules_doubt(hopper, balancer, listener->rules_doubt);
    bool assumed;
    if (listener != NULL && !listener->rules_known && doubt == NULL && may_have_rules) {
        doubt =
            rules_lack(hopper, balancer, listener, &home, "take what comes before its default action does", &assumed);
        note_unknown_rules(hopper, balancer, listener, &home, assumed);
    }
    struct ways ways = {0};
    for (size_t r = 0; listener != NULL && r < listener->rules.count; r++)
        follow_rule(hopper, balancer, listener, &listener->rules.items[r], doubt == NULL, doubt, &ways);
    if (listener != NULL)
        follow_rule(hopper, balancer, listener, &listener->otherwise, doubt == NULL, doubt, &ways);
    follow_unnamed(hopper, balancer, listener, &home, &ways);
    if (ways.items.count > 1)
        qsort(ways.items.items, ways.items.count, sizeof(struct way), by_group);
    return ways;
}
