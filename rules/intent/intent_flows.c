#include "rules/intent/intent_flows.h"

#include "model/protocol.h"
#include "net/box.h"

bool intent_holds(const void *select, const struct estate *estate, const struct network_interface *interface)
{
    return select == NULL || intent_selects_interface(select, estate, interface);
}

struct segments_question intent_segments(struct arena *arena, const struct intent *intent)
{
    if (intent == NULL || intent->segments.count == 0)
        return (struct segments_question){.by = SEGMENTS_BY_GROUP, .by_text = "group"};
    struct segment_named *named = arena_array(arena, struct segment_named, intent->segments.count);
    for (size_t i = 0; i < intent->segments.count; i++)
        named[i] =
            (struct segment_named){intent->segments.items[i].id, NULL, intent_holds, &intent->segments.items[i].select};
    return (struct segments_question){.by_text = "intent", .named = named, .named_count = intent->segments.count};
}

bool intent_has_flows(const struct intent *intent)
{
    for (size_t i = 0; i < intent->rules.count; i++)
        if (intent->rules.items[i].of_flows)
            return true;
    return false;
}

struct judging {
    struct arena *arena;
    const struct intent *intent;
    const struct estate *estate;
    const char *today;
    struct map addresses; // "RULE|END|VPC|FAMILY" -> struct prefixset
};

static bool is_about(const struct intent_rule *rule, int protocol)
{
    return rule->protocol == PROTOCOL_ANY || rule->protocol == protocol ||
           (protocol == PROTOCOL_UNNAMED && !rule->allow && !protocol_has_ports(rule->protocol) &&
            !protocol_is_icmp(rule->protocol));
}

static struct portset ports_of(const struct intent_rule *rule, int protocol)
{
    return protocol_has_ports(protocol) ? rule->ports : portset_all;
}

static struct prefixset held_by(struct arena *arena, const struct estate *estate, const struct intent_rule *select,
                                const char *vpc_id, enum family family)
{
    VECTOR(struct address_range) ranges = {0};
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        const struct network_interface *interface = estate->interfaces.items[i];
        if (strcmp(interface->place->vpc_id, vpc_id) != 0 || !intent_selects_interface(select, estate, interface))
            continue;
        for (size_t a = 0; family == FAMILY_IPV4 && a < interface->private_ipv4_count; a++)
            *vector_add(arena, &ranges) =
                (struct address_range){interface->private_ipv4[a], interface->private_ipv4[a]};
        for (size_t a = 0; family == FAMILY_IPV4 && a < interface->ipv4_prefix_count; a++)
            *vector_add(arena, &ranges) =
                (struct address_range){interface->ipv4_prefixes[a].first, prefix_last(interface->ipv4_prefixes[a])};
        for (size_t a = 0; family == FAMILY_IPV6 && a < interface->address_count; a++)
            if (interface->addresses[a].address.family == FAMILY_IPV6)
                *vector_add(arena, &ranges) = (struct address_range){interface->addresses[a].address.first,
                                                                     prefix_last(interface->addresses[a].address)};
    }
    return ranges.count == 0 ? prefixset_empty : prefixset_from(arena, ranges.items, ranges.count);
}

// The addresses of one end of a rule in a VPC.
static struct prefixset addresses_of(struct judging *judging, const struct intent_rule *rule,
                                     const struct intent_end *end, const char *vpc_id, enum family family)
{
    if (end->select == NULL)
        return prefixset_all(judging->arena, family);
    const char *key = arena_printf(judging->arena, "%s|%d|%s|%d", rule->id, end == &rule->to, vpc_id, (int)family);
    struct prefixset *set = map_get(&judging->addresses, key);
    if (set == NULL) {
        set = arena_new_of(judging->arena, struct prefixset);
        *set = held_by(judging->arena, judging->estate, end->select, vpc_id, family);
        map_put(judging->arena, &judging->addresses, key, set);
    }
    return *set;
}

static struct box decided_by(struct judging *judging, const struct intent_rule *rule, const struct flow *flow)
{
    bool outside = flow->to == SEGMENT_INTERNET;
    return (struct box){ports_of(rule, flow->protocol),
                        addresses_of(judging, rule, &rule->from, flow->from_vpc, flow->family),
                        outside ? prefixset_all(judging->arena, flow->family)
                                : addresses_of(judging, rule, &rule->to, flow->to_vpc, flow->family)};
}

// What of a flow each rule decides, in their order: the first that is about a packet does.
static void decide(struct judging *judging, const struct flow *flow, flow_parts *parts)
{
    struct arena *arena = judging->arena;
    box_list left = {0};
    box_add(arena, &left, flow->ports, flow->sources, flow->destinations);
    for (size_t i = 0; i < judging->intent->rules.count && left.count > 0; i++) {
        const struct intent_rule *rule = &judging->intent->rules.items[i];
        if (!rule->of_flows || !is_about(rule, flow->protocol) || intent_rule_expired(rule, judging->today) ||
            rule->to.internet != (flow->to == SEGMENT_INTERNET))
            continue;
        const struct box decided = decided_by(judging, rule, flow);
        for (size_t b = 0; b < left.count; b++) {
            struct box both = box_intersect(arena, &left.items[b], &decided);
            if (!box_is_empty(&both))
                *vector_add(arena, parts) = (struct flow_part){both, rule};
        }
        left = boxes_without(arena, &left, &decided);
    }
    for (size_t b = 0; b < left.count; b++)
        *vector_add(arena, parts) = (struct flow_part){left.items[b], NULL};
}

struct flow *intent_flow_of(struct arena *arena, const struct flow *whole, const struct box *box)
{
    struct flow *flow = arena_new_of(arena, struct flow);
    *flow = *whole;
    flow->ports = box->ports;
    flow->sources = box->sources;
    flow->destinations = box->destinations;
    if (whole->seen.count == 0 || whole->seen.items[0].private_address.family == 0)
        return flow;
    memset(&flow->seen, 0, sizeof(flow->seen));
    for (size_t s = 0; s < whole->seen.count; s++)
        if (prefixset_holds(flow->sources, whole->seen.items[s].private_address.bits))
            *vector_add(arena, &flow->seen) = whole->seen.items[s];
    return flow;
}

flow_parts intent_flow_parts(struct arena *arena, const struct intent *intent, const struct estate *estate,
                             const char *today, const struct flow *flow)
{
    struct judging judging = {.arena = arena, .intent = intent, .estate = estate, .today = today};
    flow_parts parts = {0};
    decide(&judging, flow, &parts);
    return parts;
}

static void judge_flow(struct judging *judging, const struct intent_rule *rule, const struct flow *flow,
                       segment_findings *findings)
{
    flow_parts parts = {0};
    if (!is_about(rule, flow->protocol))
        return;
    decide(judging, flow, &parts);
    for (size_t i = 0; i < parts.count; i++)
        if (parts.items[i].rule == rule)
            *vector_add(judging->arena, findings) =
                (struct segment_finding){.rule = rule->id,
                                         .reason = rule->reason,
                                         .flow = *intent_flow_of(judging->arena, flow, &parts.items[i].box),
                                         .from = rule->from.text,
                                         .to = flow->to == SEGMENT_INTERNET ? "internet" : rule->to.text};
}

// The set that a rule's ends make stays as long as its flows are told of: in `sets`.
void intent_flows(struct arena *arena, const struct intent *intent, const struct estate *estate, const char *today,
                  segment_findings *findings, struct lack_list *missing)
{
    struct judging judging = {.arena = arena, .intent = intent, .estate = estate, .today = today};
    for (size_t i = 0; i < intent->rules.count; i++) {
        const struct intent_rule *rule = &intent->rules.items[i];
        if (!rule->of_flows || rule->allow)
            continue;
        const struct segment_named from = {"from", NULL, intent_holds, rule->from.select};
        const struct segment_named to = {"to", NULL, intent_holds, rule->to.select};
        const struct segments_question question = {.by_text = "intent",
                                                   .from = &from,
                                                   .to = rule->to.internet ? NULL : &to,
                                                   .only_internet = rule->to.internet};
        struct segment_set *set = segments_compute_in(arena, estate, &question);
        for (size_t f = 0; f < set->inside.count; f++)
            judge_flow(&judging, rule, &set->inside.items[f], findings);
        for (size_t f = 0; f < set->outbound.count; f++)
            judge_flow(&judging, rule, &set->outbound.items[f], findings);
        for (size_t m = 0; m < set->missing.items.count; m++)
            lack_add(arena, missing, &set->missing.items.items[m]);
    }
}
