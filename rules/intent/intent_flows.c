#include "rules/intent/intent_flows.h"

#include "model/protocol.h"

bool intent_holds(const void *select, const struct estate *estate, const struct network_interface *interface)
{
    return select == NULL || intent_selects_interface(select, estate, interface);
}

bool intent_has_flows(const struct intent *intent)
{
    for (size_t i = 0; i < intent->rules.count; i++)
        if (intent->rules.items[i].of_flows)
            return true;
    return false;
}

// A box of one flow: what of it is still to be decided.
struct box {
    struct portset ports;
    struct prefixset sources;
    struct prefixset destinations;
};
typedef VECTOR(struct box) box_list;

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

static void add_box(struct arena *arena, box_list *boxes, struct portset ports, struct prefixset sources,
                    struct prefixset destinations)
{
    if (!portset_is_empty(ports) && !prefixset_is_empty(sources) && !prefixset_is_empty(destinations))
        *vector_add(arena, boxes) = (struct box){ports, sources, destinations};
}

// What an earlier rule decides is taken out of the boxes.
static box_list without(struct arena *arena, const box_list *boxes, const struct box *decided)
{
    box_list left = {0};
    for (size_t i = 0; i < boxes->count; i++) {
        const struct box *box = &boxes->items[i];
        struct portset ports = portset_intersect(arena, box->ports, decided->ports);
        struct prefixset sources = prefixset_intersect(arena, box->sources, decided->sources);
        add_box(arena, &left, portset_subtract(arena, box->ports, decided->ports), box->sources, box->destinations);
        add_box(arena, &left, ports, prefixset_subtract(arena, box->sources, decided->sources), box->destinations);
        add_box(arena, &left, ports, sources, prefixset_subtract(arena, box->destinations, decided->destinations));
    }
    return left;
}

static box_list undecided(struct judging *judging, const struct intent_rule *rule, const struct flow *flow)
{
    box_list boxes = {0};
    bool outside = flow->to == SEGMENT_INTERNET;
    add_box(judging->arena, &boxes, portset_intersect(judging->arena, flow->ports, ports_of(rule, flow->protocol)),
            flow->sources, flow->destinations);
    for (const struct intent_rule *before = judging->intent->rules.items; before < rule; before++) {
        if (!before->of_flows || !is_about(before, flow->protocol) || intent_rule_expired(before, judging->today) ||
            (before->to.internet != outside && (before->to.internet || before->to.select != NULL)))
            continue;
        const struct box decided = {ports_of(before, flow->protocol),
                                    addresses_of(judging, before, &before->from, flow->from_vpc, flow->family),
                                    outside ? prefixset_all(judging->arena, flow->family)
                                            : addresses_of(judging, before, &before->to, flow->to_vpc, flow->family)};
        boxes = without(judging->arena, &boxes, &decided);
    }
    return boxes;
}

static void judge_flow(struct judging *judging, const struct intent_rule *rule, const struct flow *flow,
                       segment_findings *findings)
{
    if (!is_about(rule, flow->protocol))
        return;
    box_list boxes = undecided(judging, rule, flow);
    for (size_t i = 0; i < boxes.count; i++) {
        struct segment_finding *finding = vector_add(judging->arena, findings);
        *finding = (struct segment_finding){.rule = rule->id,
                                            .reason = rule->reason,
                                            .flow = *flow,
                                            .from = rule->from.text,
                                            .to = flow->to == SEGMENT_INTERNET ? "internet" : rule->to.text};
        finding->flow.ports = boxes.items[i].ports;
        finding->flow.sources = boxes.items[i].sources;
        finding->flow.destinations = boxes.items[i].destinations;
        if (flow->seen.count > 0 && flow->seen.items[0].private_address.family != 0) {
            memset(&finding->flow.seen, 0, sizeof(finding->flow.seen));
            for (size_t s = 0; s < flow->seen.count; s++)
                if (prefixset_holds(finding->flow.sources, flow->seen.items[s].private_address.bits))
                    *vector_add(judging->arena, &finding->flow.seen) = flow->seen.items[s];
        }
    }
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
