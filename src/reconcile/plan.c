#include "reconcile/plan.h"

#include <stdlib.h>

#include "model/protocol.h"

// A rule over more ports than this names its ends only: the ports between are asked where they are declared for us.
enum { NAMED_RANGE = 1024 };

static enum declared_state state_of(const struct exposure *exposure)
{
    if (exposure->path == PATH_INBOUND_ONLY)
        return DECLARED_INBOUND_ONLY;
    return exposure->certainty == CERTAINTY_EXACT ? DECLARED_REACHABLE : DECLARED_POSSIBLE;
}

enum declared_state declared_at(const struct endpoint *endpoint, int protocol, uint16_t number,
                                const struct exposure **exposure)
{
    enum declared_state best = DECLARED_UNREACHABLE;
    *exposure = NULL;
    for (size_t i = 0; !endpoint->dormant && i < endpoint->exposures->count; i++) {
        const struct exposure *one = &endpoint->exposures->items[i];
        if (protocol < one->protocol_low || protocol > one->protocol_high || number < one->low || number > one->high ||
            state_of(one) >= best)
            continue;
        best = state_of(one);
        *exposure = one;
    }
    return best;
}

void boundaries_add(struct arena *arena, struct boundaries *boundaries, uint32_t start)
{
    *vector_add(arena, &boundaries->starts) = start;
}

void boundaries_settle(struct boundaries *boundaries)
{
    size_t kept = 0;
    sort_numbers(boundaries->starts.items, boundaries->starts.count);
    for (size_t i = 0; i < boundaries->starts.count; i++)
        if (kept == 0 || boundaries->starts.items[kept - 1] != boundaries->starts.items[i])
            boundaries->starts.items[kept++] = boundaries->starts.items[i];
    boundaries->starts.count = (uint32_t)kept;
}

void declared_boundaries(struct arena *arena, const struct endpoint *endpoint, int protocol,
                         struct boundaries *boundaries)
{
    boundaries_add(arena, boundaries, 0);
    boundaries_add(arena, boundaries, PORT_LAST + 1);
    for (size_t i = 0; i < endpoint->exposures->count; i++) {
        const struct exposure *one = &endpoint->exposures->items[i];
        if (protocol < one->protocol_low || protocol > one->protocol_high)
            continue;
        boundaries_add(arena, boundaries, one->low);
        boundaries_add(arena, boundaries, (uint32_t)one->high + 1);
    }
    boundaries_settle(boundaries);
}

static struct portset named_ports(struct arena *arena, const struct estate *estate)
{
    VECTOR(struct port_range) ranges = {0};
    for (size_t slot = 0; slot < estate->security_groups.size; slot++) {
        const struct security_group *group = estate->security_groups.slots[slot].value;
        for (size_t r = 0; group != NULL && r < group->ingress.count; r++) {
            const struct security_group_rule *rule = &group->ingress.items[r];
            if (rule->protocol != PROTOCOL_TCP)
                continue;
            if (rule->high - rule->low < NAMED_RANGE) {
                *vector_add(arena, &ranges) = (struct port_range){rule->low, rule->high};
                continue;
            }
            *vector_add(arena, &ranges) = (struct port_range){rule->low, rule->low};
            *vector_add(arena, &ranges) = (struct port_range){rule->high, rule->high};
        }
    }
    // Port 0 is reserved (RFC 6335) and is asked only where it is declared.
    return portset_subtract(arena, portset_from(arena, ranges.items, ranges.count), portset_of(arena, 0, 0));
}

static void add_target(struct arena *arena, struct plan *plan, struct plan_target target)
{
    for (size_t i = plan->targets.count; i-- > 0;) {
        struct plan_target *old = &plan->targets.items[i];
        if (!address_equal(old->address, target.address) || old->protocol != target.protocol)
            break;
        bool same = old->expect == target.expect && portset_equal(old->client_ports, target.client_ports) &&
                    old->why.count == target.why.count;
        for (size_t w = 0; same && w < old->why.count; w++)
            same = strcmp(old->why.items[w], target.why.items[w]) == 0;
        if (same) {
            old->ports = portset_union(arena, old->ports, target.ports);
            return;
        }
    }
    *vector_add(arena, &plan->targets) = target;
}

static void add_why(struct arena *arena, text_list *why, bool holds, const char *text)
{
    if (holds)
        *vector_add(arena, why) = text;
}

static void plan_ports(struct arena *arena, const struct endpoint *endpoint, struct address address, int protocol,
                       const struct plan_options *options, struct portset named, struct plan *plan)
{
    bool wide = protocol == PROTOCOL_TCP && options->depth != DEPTH_DECLARED;
    struct portset low = portset_of(arena, 1, 1023), all = portset_of(arena, 1, PORT_LAST);
    struct boundaries boundaries = {0};
    declared_boundaries(arena, endpoint, protocol, &boundaries);
    const struct portset causes[] = {named, options->intent_ports, low, options->service_ports};
    for (size_t c = 0; wide && c < 4; c++)
        for (size_t r = 0; r < causes[c].count; r++) {
            boundaries_add(arena, &boundaries, causes[c].ranges[r].low);
            boundaries_add(arena, &boundaries, (uint32_t)causes[c].ranges[r].high + 1);
        }
    bool payloads = protocol == PROTOCOL_UDP && options->depth != DEPTH_DECLARED;
    for (size_t r = 0; payloads && r < options->udp_ports.count; r++) {
        boundaries_add(arena, &boundaries, options->udp_ports.ranges[r].low);
        boundaries_add(arena, &boundaries, (uint32_t)options->udp_ports.ranges[r].high + 1);
    }
    if (wide)
        boundaries_add(arena, &boundaries, 1);
    boundaries_settle(&boundaries);
    for (size_t b = 0; b + 1 < boundaries.starts.count; b++) {
        uint16_t first = (uint16_t)boundaries.starts.items[b], last = (uint16_t)(boundaries.starts.items[b + 1] - 1);
        const struct exposure *exposure;
        struct plan_target target = {.address = address,
                                     .protocol = protocol,
                                     .ports = portset_of(arena, first, last),
                                     .client_ports = portset_all,
                                     .expect = declared_at(endpoint, protocol, first, &exposure)};
        bool declared = target.expect == DECLARED_REACHABLE || target.expect == DECLARED_POSSIBLE;
        if (declared)
            target.client_ports = exposure->client_ports;
        add_why(arena, &target.why, declared, "declared");
        add_why(arena, &target.why, wide && portset_holds(named, first), "rule");
        add_why(arena, &target.why, wide && portset_holds(options->intent_ports, first), "intent");
        add_why(arena, &target.why, wide && portset_holds(low, first), "well-known");
        add_why(arena, &target.why, wide && portset_holds(options->service_ports, first), "service");
        add_why(arena, &target.why, payloads && portset_holds(options->udp_ports, first), "payload");
        add_why(arena, &target.why, wide && options->depth == DEPTH_FULL && portset_holds(all, first), "full");
        if (target.why.count > 0)
            add_target(arena, plan, target);
    }
}

static void add_gap(struct arena *arena, struct verdict_set *coverage, const char *what, size_t count)
{
    for (size_t i = 0; i < coverage->gaps.count; i++)
        if (strcmp(coverage->gaps.items[i].what, what) == 0) {
            coverage->gaps.items[i].count += count;
            return;
        }
    if (count > 0)
        *vector_add(arena, &coverage->gaps) = (struct coverage_gap){.what = what, .count = count};
}

// Declared things that no probe of ours can ask.
static size_t unaskable(const struct endpoint *endpoint)
{
    size_t count = 0;
    for (size_t i = 0; i < endpoint->exposures->count; i++) {
        const struct exposure *one = &endpoint->exposures->items[i];
        count += !protocol_has_ports(one->protocol_low) && !protocol_is_icmp(one->protocol_low) && one->internet;
    }
    return count;
}

void plan_make(struct arena *arena, const struct estate *estate, const struct exposure_set *exposures,
               enum family family, const struct plan_options *options, struct plan *plan, struct verdict_set *coverage)
{
    struct portset named = named_ports(arena, estate);
    for (size_t i = 0; i < exposures->endpoints.count; i++) {
        const struct endpoint *endpoint = &exposures->endpoints.items[i];
        struct address address = {.family = family, .bits = endpoint->address.first};
        if (endpoint->address.family != family)
            continue;
        if (endpoint->gateway == GATEWAY_NONE) { // where we are, it may be somebody else's
            add_gap(arena, coverage, "addresses that the internet does not route", 1);
            continue;
        }
        if (endpoint->address.length != family_width(family)) {
            add_gap(arena, coverage, "delegated IPv6 prefixes (their addresses are not enumerated)", 1);
            continue;
        }
        size_t before = plan->targets.count, ports = 0;
        plan_ports(arena, endpoint, address, PROTOCOL_TCP, options, named, plan);
        for (size_t t = before; t < plan->targets.count; t++)
            ports += portset_size(plan->targets.items[t].ports);
        add_gap(arena, coverage, "TCP ports outside the plan's depth", PORT_LAST + 1 - ports);
        plan_ports(arena, endpoint, address, PROTOCOL_UDP, options, named, plan);
        add_gap(arena, coverage, "declared exposures of protocols that cannot be probed", unaskable(endpoint));
        int icmp = family == FAMILY_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;
        const struct exposure *ignored;
        struct plan_target echo = {
            .address = address,
            .protocol = icmp,
            .client_ports = portset_all,
            .expect = declared_at(endpoint, icmp, icmp == PROTOCOL_ICMP ? 8 << 8 : 128 << 8, &ignored)};
        add_why(arena, &echo.why, true, "echo");
        add_target(arena, plan, echo);
    }
}
