#include "rules/controls/group_table_parts.h"

#include <stdlib.h>

#include "model/protocol.h"

enum { MOST_VERDICTS = 64 }; // named in one line

static struct group_access *line(struct group_holder *holder, bool outbound, bool allowed, const char *protocol,
                                 const char *ports, const char *peer)
{
    struct group_access *access = vector_add(holder->arena, &holder->report->accesses);
    *access = (struct group_access){
        .vpc_id = holder->group->vpc_id,
        .group_id = holder->group->id,
        .group_name = holder->group->name,
        .outbound = outbound,
        .allowed = allowed,
        .protocol = protocol,
        .ports = ports,
        .peer = peer,
        .addresses = holder->endpoints.count,
    };
    return access;
}

static const char *numbers(struct arena *arena, const struct security_group_rule *rule)
{
    bool whole = rule->low == 0 && rule->high == PORT_LAST;
    if (whole || (!protocol_has_ports(rule->protocol) && !protocol_is_icmp(rule->protocol)))
        return "all";
    if (protocol_is_icmp(rule->protocol))
        return (rule->low & 255) == 0 && (rule->high & 255) == 255
                   ? arena_printf(arena, "type %d", rule->low >> 8)
                   : arena_printf(arena, "type %d code %d", rule->low >> 8, rule->low & 255);
    return portset_format(arena, portset_of(arena, rule->low, rule->high));
}

// Ports of a protocol, or echo as port 0, that some of the rules are about.
static struct portset covered(struct arena *arena, const struct security_group_rule *rules, size_t count, int protocol)
{
    uint16_t echo = protocol == PROTOCOL_ICMP ? 8 << 8 : 128 << 8;
    VECTOR(struct port_range) ranges = {0};
    for (size_t i = 0; i < count; i++) {
        const struct security_group_rule *rule = &rules[i];
        if (rule->protocol != PROTOCOL_ANY && rule->protocol != protocol)
            continue;
        if (protocol_has_ports(protocol))
            *vector_add(arena, &ranges) = (struct port_range){rule->low, rule->high};
        else if (rule->low <= echo && rule->high >= echo)
            *vector_add(arena, &ranges) = (struct port_range){0, 0};
    }
    return portset_from(arena, ranges.items, ranges.count);
}

// Verdicts are sorted by place and port: the first one of a place that ends at a port or behind it, or what comes then.
static size_t first_of(const struct verdict_set *set, struct address address, int protocol, uint16_t port)
{
    size_t low = 0, high = set->items.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct verdict *verdict = &set->items.items[middle];
        int order = place_compare(address, protocol, verdict->address, verdict->protocol);
        if (order > 0 || (order == 0 && verdict->high < port))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// The same of each protocol that is probed.
struct coverage {
    struct portset tcp;
    struct portset udp;
    struct portset icmp;
    struct portset icmpv6;
};

static struct coverage coverage_of(struct arena *arena, const struct security_group_rule *rules, size_t count)
{
    return (struct coverage){covered(arena, rules, count, PROTOCOL_TCP), covered(arena, rules, count, PROTOCOL_UDP),
                             covered(arena, rules, count, PROTOCOL_ICMP),
                             covered(arena, rules, count, PROTOCOL_ICMPV6)};
}

// Of all groups of an interface: what one denies, another may admit.
static struct coverage coverage_of_all(struct arena *arena, const struct estate *estate, const struct group_set *set)
{
    struct coverage all = {0};
    for (size_t g = 0; set != NULL && g < set->count; g++) {
        const struct security_group *group = map_get(&estate->security_groups, set->ids[g]);
        if (group == NULL)
            continue;
        struct coverage one = coverage_of(arena, group->ingress.items, group->ingress.count);
        all.tcp = portset_union(arena, all.tcp, one.tcp);
        all.udp = portset_union(arena, all.udp, one.udp);
        all.icmp = portset_union(arena, all.icmp, one.icmp);
        all.icmpv6 = portset_union(arena, all.icmpv6, one.icmpv6);
    }
    return all;
}

static size_t covered_ports(const struct coverage *coverage, const struct verdict *verdict)
{
    struct portset set = verdict->protocol == PROTOCOL_TCP    ? coverage->tcp
                         : verdict->protocol == PROTOCOL_UDP  ? coverage->udp
                         : verdict->protocol == PROTOCOL_ICMP ? coverage->icmp
                                                              : coverage->icmpv6;
    size_t count = 0;
    for (size_t i = 0; i < set.count; i++) {
        uint16_t low = set.ranges[i].low > verdict->low ? set.ranges[i].low : verdict->low;
        uint16_t high = set.ranges[i].high < verdict->high ? set.ranges[i].high : verdict->high;
        count += low <= high ? (size_t)(high - low) + 1 : 0;
    }
    return count;
}

// Counts what was observed of the group's addresses at the ports of a rule, or with NULL where no group admits
// anything.
static void observe(struct group_holder *holder, const struct security_group_rule *rule, struct group_access *access)
{
    const struct verdict_set *set = holder->input->verdicts;
    const struct group_set *last = NULL;
    struct arena *scratch = arena_new();
    struct coverage coverage = {0};
    bool all = rule == NULL || rule->protocol == PROTOCOL_ANY;
    int protocol = all ? PROTOCOL_TCP : rule->protocol; // of all, TCP is the first
    struct port_range range = {0, PORT_LAST};
    if (rule != NULL)
        coverage = coverage_of(scratch, rule, 1);
    if (!all && protocol_has_ports(protocol))
        range = (struct port_range){rule->low, rule->high};
    for (size_t e = 0; set != NULL && e < holder->endpoints.count; e++) {
        const struct prefix prefix = holder->endpoints.items[e]->address;
        const struct group_set *groups = holder->endpoints.items[e]->interface->groups;
        struct address address = {.family = prefix.family, .bits = prefix.first};
        bool reachable = false;
        if (rule == NULL && groups != last)
            coverage = coverage_of_all(scratch, holder->input->estate, last = groups);
        for (size_t v = first_of(set, address, protocol, range.low); v < set->items.count; v++) {
            const struct verdict *verdict = &set->items.items[v];
            if (!address_equal(verdict->address, address) ||
                (!all && (verdict->protocol != protocol || verdict->low > range.high)))
                break;
            size_t ports = covered_ports(&coverage, verdict);
            if (rule == NULL)
                ports = (size_t)(verdict->high - verdict->low) + 1 - ports;
            if (ports == 0)
                continue;
            access->observed[verdict->observed] += ports;
            reachable = reachable || verdict->declared <= DECLARED_POSSIBLE;
            if (access->verdicts.count < MOST_VERDICTS && (rule != NULL || verdict->kind != VERDICT_ENFORCED))
                *vector_add(holder->arena, &access->verdicts) = v;
        }
        access->reachable += reachable;
    }
    arena_free(scratch);
}

static void write_rule(struct group_holder *holder, const struct security_group_rule *rule, bool outbound)
{
    struct arena *arena = holder->arena;
    const char *protocol = rule->protocol == PROTOCOL_ANY ? "all" : protocol_name(arena, rule->protocol);
    const char *ports = numbers(arena, rule);
    text_list peers = {0};
    for (size_t i = 0; i < rule->prefixes.count; i++) {
        char text[ADDRESS_TEXT];
        prefix_format(rule->prefixes.items[i], text);
        *vector_add(arena, &peers) = arena_strdup(arena, text);
    }
    for (size_t i = 0; i < rule->prefix_lists.count; i++)
        *vector_add(arena, &peers) = rule->prefix_lists.items[i];
    for (size_t i = 0; i < rule->groups.count; i++)
        *vector_add(arena, &peers) = rule->groups.items[i];
    const char *joined = "";
    for (size_t i = 0; i < peers.count; i++)
        joined = i == 0 ? peers.items[i] : arena_printf(arena, "%s, %s", joined, peers.items[i]);
    struct group_access *access = line(holder, outbound, true, protocol, ports, peers.count == 0 ? "nobody" : joined);
    if (!outbound)
        observe(holder, rule, access);
}

static void write_group(struct group_holder *holder)
{
    const struct security_group *group = holder->group;
    holder->first_line = holder->report->accesses.count;
    for (size_t i = 0; i < group->ingress.count; i++)
        write_rule(holder, &group->ingress.items[i], false);
    observe(holder, NULL, line(holder, false, false, "all", "all", "anywhere else"));
    for (size_t i = 0; i < group->egress.count; i++)
        write_rule(holder, &group->egress.items[i], true);
    if (group->has_egress)
        line(holder, true, false, "all", "all", "anywhere else");
}

static int by_vpc_and_name(const void *left, const void *right)
{
    const struct security_group *a = *(const struct security_group *const *)left;
    const struct security_group *b = *(const struct security_group *const *)right;
    int order = strcmp(a->vpc_id == NULL ? "" : a->vpc_id, b->vpc_id == NULL ? "" : b->vpc_id);
    order = order != 0 ? order : strcmp(a->name == NULL ? "" : a->name, b->name == NULL ? "" : b->name);
    return order != 0 ? order : strcmp(a->id, b->id);
}

void group_table(struct arena *arena, const struct fact_input *input, struct control_report *report)
{
    size_t count;
    void **groups = map_values(arena, &input->estate->security_groups, &count);
    struct map holders = {0};
    if (count > 1)
        qsort(groups, count, sizeof(*groups), by_vpc_and_name);
    for (size_t i = 0; i < count; i++) {
        const struct security_group *group = groups[i];
        struct group_holder *holder = arena_new_of(arena, struct group_holder);
        *holder = (struct group_holder){.arena = arena, .input = input, .group = group, .report = report};
        map_put(arena, &holders, group->id, holder);
    }
    for (size_t e = 0; e < input->exposures->endpoints.count; e++) {
        const struct endpoint *endpoint = &input->exposures->endpoints.items[e];
        const struct group_set *set = endpoint->interface->groups;
        for (size_t g = 0; set != NULL && g < set->count; g++) {
            struct group_holder *holder = map_get(&holders, set->ids[g]);
            if (holder != NULL)
                *vector_add(arena, &holder->endpoints) = endpoint;
        }
    }
    for (size_t i = 0; i < count; i++)
        write_group(map_get(&holders, ((const struct security_group *)groups[i])->id));
    const struct group_lines lines = {input->estate, &holders, report};
    for (size_t i = 0; i < input->inside_count; i++)
        group_table_inside(&lines, &input->inside[i]);
}
