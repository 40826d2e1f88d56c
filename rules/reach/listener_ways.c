#include "rules/reach/listener_ways.h"

#include <stdlib.h>
#include <string.h>

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

// The sources that no rule before surely takes, and those of them of which one may take all requests, which is not
// sure, and why.
struct left {
    struct sources sources;
    struct sources perhaps;
    const struct reason *doubt;
};

// AWS allows 100 rules of a listener and raises that on request: of more than this, what those before leave is not
// evaluated. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
enum { MOST_COMPARED = 1000 };

static void doubt_left(struct hopper *hopper, const struct load_balancer *balancer, const char *text, struct left *left)
{
    if (left->doubt == NULL)
        left->doubt = reason_doubt(hopper->set->arena, REASON_BALANCER, balancer->name, settle_by_probe, text);
}

// Which sources of a rule may be left nothing: rules before may take, together, all that it would, where no request is
// found that none of them takes.
static void doubt_together(struct hopper *hopper, const struct load_balancer *balancer, const struct listener *listener,
                           size_t before, const struct request_limit *limit, const bool *passed, struct left *left)
{
    struct arena *arena = hopper->arena;
    const struct listener_rule *rules = listener->rules.items;
    bool *met = arena_array(arena, bool, before + 1), any = limit->misses.count > 0 || limit->meets.count > 1;
    for (size_t r = 0; r < before; r++)
        any = any || !passed[r];
    if (!any)
        return;
    if (before > MOST_COMPARED) {
        left->perhaps = everyone(arena);
        doubt_left(hopper, balancer, "whether the rules before, more than 1000, take all of it is not evaluated", left);
        return;
    }
    if (requests_pass(arena, limit, rules, before, passed, met))
        return;
    for (size_t r = 0; r < before; r++) {
        struct sources sources = rule_sources(arena, &rules[r]);
        for (int f = 0; f < FAMILIES && met[r]; f++)
            left->perhaps.of[f] = prefixset_union(arena, left->perhaps.of[f], sources.of[f]);
    }
    if (limit->misses.count > 0 || limit->meets.count > 1) // by what the load balancers before ask, it may be none
        left->perhaps = everyone(arena);
    doubt_left(hopper, balancer, "whether rules before take all of it is not evaluated", left);
}

static struct left left_to(struct hopper *hopper, const struct load_balancer *balancer, const struct listener *listener,
                           const struct listener_rule *rule, const struct request_limit *limit, bool sure)
{
    struct arena *arena = hopper->arena;
    struct left left = {.sources = everyone(arena)};
    size_t before = rule == &listener->otherwise ? listener->rules.count : (size_t)(rule - listener->rules.items);
    bool *passed = arena_array(arena, bool, before + 1);
    if (requests_exclude(limit)) {
        left.sources = (struct sources){0};
        return left;
    }
    for (size_t r = 0; r < before; r++) {
        const struct listener_rule *one = &listener->rules.items[r];
        bool compared = one->conditions.count == 0 || before <= MOST_COMPARED;
        passed[r] = compared && rule_takes_all(one, limit);
        if (!passed[r])
            continue;
        struct sources sources = rule_sources(arena, one);
        if (one->doubt != NULL && left.doubt == NULL)
            left.doubt = rules_doubt(hopper, balancer, one->doubt);
        for (int f = 0; f < FAMILIES; f++)
            if (one->doubt != NULL)
                left.perhaps.of[f] = prefixset_union(arena, left.perhaps.of[f], sources.of[f]);
            else if (sure)
                left.sources.of[f] = prefixset_subtract(arena, left.sources.of[f], sources.of[f]);
    }
    doubt_together(hopper, balancer, listener, before, limit, passed, &left);
    return left;
}

static const struct reason *login_doubt(struct hopper *hopper, const struct load_balancer *balancer, const char *login)
{
    return reason_doubt(
        hopper->set->arena, REASON_BALANCER, balancer->name, settle_by_probe,
        arena_printf(hopper->set->arena, "only clients whom its action %s lets through are sent there", login));
}

// More ways of asking than these are not kept apart.
enum { MOST_ASKED = 16 };

static const struct requests *not_known(struct arena *arena, const struct load_balancer *balancer)
{
    struct requests *requests = arena_new_of(arena, struct requests);
    requests->unknown = arena_printf(
        arena, "whether what %s sends on meets the conditions of the rules behind it is not evaluated", balancer->name);
    return requests;
}

// One more way of asking for what is sent to a target group.
static void ask(struct hopper *hopper, const struct load_balancer *balancer, const struct listener *listener,
                const struct listener_rule *rule, const struct request_limit *limit, struct way *way)
{
    struct requests *requests = way->requests;
    size_t before = rule == &listener->otherwise ? listener->rules.count : (size_t)(rule - listener->rules.items);
    bool from_sources = rule->from_sources, conditional = false;
    for (size_t r = 0; r < before; r++) {
        from_sources = from_sources || listener->rules.items[r].from_sources;
        conditional = conditional || listener->rules.items[r].conditions.count > 0;
    }
    way->from_sources = way->from_sources || from_sources;
    if (requests == NULL)
        requests = way->requests = arena_new_of(hopper->arena, struct requests);
    bool apart = requests->ways.count < MOST_ASKED && (requests->ways.count == 0 || !way->from_sources);
    if (rule->transforms || !apart) {
        way->requests = NULL;
        way->asked = not_known(hopper->set->arena, balancer);
        return;
    }
    struct request_limit *own = vector_add(hopper->arena, &requests->ways);
    *own = (struct request_limit){0};
    for (size_t m = 0; m < limit->meets.count; m++)
        *vector_add(hopper->arena, &own->meets) = limit->meets.items[m];
    for (size_t m = 0; m < limit->misses.count; m++)
        *vector_add(hopper->arena, &own->misses) = limit->misses.items[m];
    if (conditional)
        *vector_add(hopper->arena, &own->misses) = (struct rules_before){listener->rules.items, before};
}

// What is not so sure of a rule's own.
static const struct reason *rule_doubt(struct hopper *hopper, const struct load_balancer *balancer,
                                       const struct listener_rule *rule, const struct reason *otherwise)
{
    return rule->doubt != NULL   ? rules_doubt(hopper, balancer, rule->doubt)
           : rule->login != NULL ? login_doubt(hopper, balancer, rule->login)
                                 : otherwise;
}

static const struct reason *rewritten_doubt(struct hopper *hopper, const struct load_balancer *balancer,
                                            const struct listener_rule *rule, const struct rewriting *rewriting)
{
    struct arena *kept = hopper->set->arena;
    const char *text = written_doubt(kept, balancer, rewriting, rule);
    return text == NULL ? NULL : reason_doubt(kept, REASON_BALANCER, balancer->name, settle_by_probe, text);
}

// Who a rule, by one way of asking, takes surely, and perhaps.
struct taken {
    struct sources all;
    struct sources surely;
    struct sources perhaps;
    const struct reason *doubt; // of the latter
};

static struct taken taken_by(struct hopper *hopper, const struct load_balancer *balancer,
                             const struct listener *listener, const struct listener_rule *rule,
                             const struct request_limit *limit, bool sure)
{
    struct arena *arena = hopper->arena;
    struct left left = left_to(hopper, balancer, listener, rule, limit, sure);
    struct sources sources = rule_sources(arena, rule);
    struct taken taken = {.doubt = left.doubt};
    for (int f = 0; f < FAMILIES; f++) {
        taken.all.of[f] = prefixset_intersect(arena, left.sources.of[f], sources.of[f]);
        taken.perhaps.of[f] = prefixset_intersect(arena, taken.all.of[f], left.perhaps.of[f]);
        taken.surely.of[f] = prefixset_subtract(arena, taken.all.of[f], taken.perhaps.of[f]);
    }
    return taken;
}

static bool is_nobody(const struct sources *sources)
{
    return prefixset_is_empty(sources->of[0]) && prefixset_is_empty(sources->of[1]);
}

// Whether it depends on what a client asks for that a rule takes it.
static bool is_conditional(const struct listener *listener, const struct listener_rule *rule)
{
    bool conditional = rule->conditions.count > 0;
    for (size_t r = 0; r < listener->rules.count && &listener->rules.items[r] != rule; r++)
        conditional = conditional || listener->rules.items[r].conditions.count > 0;
    return conditional;
}

// Why clients may be sent to a target group whose weight is 0 all the same, or NULL. What becomes of those of a rule
// none of whose groups has a weight is not documented.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupTuple.html
static const char *weightless_doubt(const struct listener_rule *rule)
{
    bool weighed = false;
    for (size_t i = 0; i < rule->forwards.count; i++)
        weighed = weighed || rule->forwards.items[i].weight > 0;
    return rule->sticky ? "its weight is 0, but a client may be kept there by a cookie"
           : !weighed   ? "its weight is 0, and so is that of every target group beside it"
                        : NULL;
}

// One rule, for the sources that no rule before it surely takes: host, path and headers are the client's to choose, but
// where a rule before asks for no more, and within what a load balancer before this one has let through. A group that
// has no weight takes new clients of no kind; one that was sent there before may be kept there by a cookie.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html
static void follow_forward(struct hopper *hopper, const struct load_balancer *balancer, const struct listener *listener,
                           const struct listener_rule *rule, const struct forward *forward,
                           const struct request_limit *asked, const struct rewriting *rewriting,
                           const struct reason *doubt, struct ways *ways)
{
    struct arena *arena = hopper->arena;
    bool sure = doubt == NULL;
    const struct target_group *group = map_get(&hopper->estate->target_groups, forward->target_group);
    const struct listener_rule *by_version = asked_by_version(arena, group);
    struct request_limit limit = {.rewriting = rewriting};
    for (size_t m = 0; asked != NULL && m < asked->meets.count; m++)
        *vector_add(arena, &limit.meets) = asked->meets.items[m];
    for (size_t m = 0; asked != NULL && m < asked->misses.count; m++)
        *vector_add(arena, &limit.misses) = asked->misses.items[m];
    limit.inherited = limit.meets.count;
    if (rule->conditions.count > 0)
        *vector_add(arena, &limit.meets) = rule;
    if (by_version != NULL)
        *vector_add(arena, &limit.meets) = by_version;
    struct taken taken = taken_by(hopper, balancer, listener, rule, &limit, sure);
    const struct reason *unsure = rewritten_doubt(hopper, balancer, rule, rewriting);
    const char *assumed = version_assumed(hopper->set->arena, group);
    if (assumed != NULL)
        text_list_add(hopper->set->arena, &hopper->set->assumptions, assumed);
    const char *version = version_doubt(hopper->set->arena, rewriting, listener, group);
    if (version != NULL && unsure == NULL)
        unsure = reason_doubt(hopper->set->arena, REASON_BALANCER, balancer->name, settle_by_probe, version);
    const char *weightless = weightless_doubt(rule);
    struct way *way = way_to(arena, ways, forward->target_group);
    way->conditional = way->conditional || is_conditional(listener, rule);
    way->grpc = by_version != NULL;
    way->excluded = way->excluded || requests_exclude(&limit);
    if (forward->weight > 0) {
        widen(arena, way, &taken.surely, sure && rule->doubt == NULL && rule->login == NULL && unsure == NULL,
              rule_doubt(hopper, balancer, rule, unsure != NULL ? unsure : doubt));
        if (!is_nobody(&taken.perhaps))
            widen(arena, way, &taken.perhaps, false, taken.doubt);
    } else if (weightless != NULL)
        widen(arena, way, &taken.all, false,
              reason_doubt(hopper->set->arena, REASON_BALANCER, balancer->name, settle_by_probe, weightless));
    else
        way->weightless = true;
    if ((forward->weight > 0 || weightless != NULL) && !is_nobody(&taken.all) && way->asked == NULL)
        ask(hopper, balancer, listener, rule, &limit, way);
}

static void follow_asked(struct hopper *hopper, const struct load_balancer *balancer, const struct listener *listener,
                         const struct listener_rule *rule, const struct request_limit *asked,
                         const struct rewriting *rewriting, const struct reason *doubt, struct ways *ways)
{
    for (size_t i = 0; i < rule->forwards.count; i++)
        follow_forward(hopper, balancer, listener, rule, &rule->forwards.items[i], asked, rewriting, doubt, ways);
}

static void follow_rule(struct hopper *hopper, const struct load_balancer *balancer, const struct listener *listener,
                        const struct listener_rule *rule, const struct requests *asked,
                        const struct rewriting *rewriting, const struct reason *doubt, struct ways *ways)
{
    const struct reason *unknown = NULL;
    if (asked != NULL && asked->unknown != NULL && is_conditional(listener, rule))
        unknown = reason_doubt(hopper->set->arena, REASON_BALANCER, balancer->name, settle_by_probe, asked->unknown);
    for (size_t i = 0; asked != NULL && asked->unknown == NULL && i < asked->ways.count; i++)
        follow_asked(hopper, balancer, listener, rule, &asked->ways.items[i], rewriting, doubt, ways);
    if (asked == NULL || asked->unknown != NULL)
        follow_asked(hopper, balancer, listener, rule, NULL, rewriting, doubt != NULL ? doubt : unknown, ways);
}

// What is asked for behind a way: whatever the client likes, where nothing limits it.
static void close_way(struct way *way, const struct requests *asked)
{
    bool limited = false;
    if (asked != NULL && asked->unknown != NULL)
        way->asked = asked;
    for (size_t i = 0; way->requests != NULL && way->asked == NULL && i < way->requests->ways.count; i++)
        limited = limited || way->requests->ways.items[i].meets.count + way->requests->ways.items[i].misses.count > 0;
    if (limited)
        way->asked = way->requests;
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
        if (named || !belongs_to(group, balancer) || !listener_fits(listener, group))
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
                          const struct interface_place *place, bool may_have_rules, const struct requests *asked,
                          const struct rewriting *rewriting)
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
        follow_rule(hopper, balancer, listener, &listener->rules.items[r], asked, rewriting, doubt, &ways);
    if (listener != NULL)
        follow_rule(hopper, balancer, listener, &listener->otherwise, asked, rewriting, doubt, &ways);
    follow_unnamed(hopper, balancer, listener, &home, &ways);
    for (size_t i = 0; i < ways.items.count; i++)
        close_way(&ways.items.items[i], asked);
    if (ways.items.count > 1)
        qsort(ways.items.items, ways.items.count, sizeof(struct way), by_group);
    return ways;
}
