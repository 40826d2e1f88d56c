// What to ask of each endpoint. It follows from the endpoint's answer and from what the rules of its VPC name, so it is
// made once for each such pair, by set algebra, and written for each endpoint.
#include "verdicts/plan.h"

#include "model/protocol.h"
#include "verdicts/declared.h"
#include "verdicts/named_ports.h"
#include "verdicts/one_address.h"

// Why ports are asked, in the order in which it is told.
enum cause {
    CAUSE_DECLARED,
    CAUSE_RULE,
    CAUSE_INTENT,
    CAUSE_WELL_KNOWN,
    CAUSE_SERVICE,
    CAUSE_PAYLOAD,
    CAUSE_FULL,
    CAUSE_SENTINEL,
    CAUSE_MOVED,
    CAUSE_PREVIOUS
};
static const char *const cause_names[] = {"declared", "rule", "intent",   "well-known", "service",
                                          "payload",  "full", "sentinel", "moved",      "previous"};
enum { CAUSES = sizeof(cause_names) / sizeof(cause_names[0]) };

// The ports that are asked for one reason; `at` is the range that holds the port in hand, or the next one.
struct wanted {
    enum cause cause;
    struct portset ports;
    size_t at;
};

// Ports asked for the same reasons, expecting the same, by the same client ports: one target of each endpoint.
struct draft {
    unsigned causes; // a bit a cause
    enum declared_state expect;
    struct portset client_ports;
    VECTOR(struct port_range) ranges;
    struct draft *next; // of the same reasons and expectation
};

struct drafts {
    struct arena *scratch;
    VECTOR(struct draft *) items; // in the order of their first ports
    struct draft *of[1 << CAUSES][DECLARED_UNREACHABLE + 1];
};

// What every endpoint with one answer in one VPC is asked, with no address.
enum { OTHER_PROTOCOLS = 256 - 3 };

struct asked {
    VECTOR(struct plan_target) targets;
    size_t tcp_ports;
    size_t udp_ports;
    size_t unaskable; // declared exposures that no probe of ours can ask
};

struct planner {
    struct arena *arena;
    const struct plan_options *options;
    struct declared_cache declared;
    struct named_ports named;
    struct map of_vpc[2]; // struct named_vpc -> struct map of struct exposure_list -> struct asked; awake and dormant
};

static void draft_range(struct drafts *drafts, unsigned causes, const struct declared_segment *segment,
                        struct portset client_ports, struct port_range range)
{
    struct draft **first = &drafts->of[causes][segment->state], *draft = *first;
    while (draft != NULL && !portset_equal(draft->client_ports, client_ports))
        draft = draft->next;
    if (draft == NULL) {
        draft = arena_new_of(drafts->scratch, struct draft);
        *draft = (struct draft){.causes = causes, .expect = segment->state, .client_ports = client_ports};
        draft->next = *first;
        *first = draft;
        *vector_add(drafts->scratch, &drafts->items) = draft;
    }
    struct port_range *last = draft->ranges.count > 0 ? &draft->ranges.items[draft->ranges.count - 1] : NULL;
    if (last != NULL && (uint32_t)last->high + 1 == range.low)
        last->high = range.high;
    else
        *vector_add(drafts->scratch, &draft->ranges) = range;
}

// Walks what is declared and what is wanted together, in pieces of which all is the same.
static void draft_all(struct drafts *drafts, struct declared_map declared, struct wanted *wanted, size_t wanted_count)
{
    size_t segment = 0;
    for (uint32_t port = 0, end; port <= PORT_LAST; port = end + 1) {
        while (declared.segments[segment].high < port)
            segment++;
        const struct declared_segment *of = &declared.segments[segment];
        bool open = of->state == DECLARED_REACHABLE || of->state == DECLARED_POSSIBLE;
        unsigned causes = open ? 1u << CAUSE_DECLARED : 0;
        end = of->high;
        for (size_t i = 0; i < wanted_count; i++) {
            struct wanted *one = &wanted[i];
            while (one->at < one->ports.count && one->ports.ranges[one->at].high < port)
                one->at++;
            if (one->at == one->ports.count)
                continue;
            const struct port_range *range = &one->ports.ranges[one->at];
            bool inside = range->low <= port;
            uint32_t change = inside ? range->high : range->low - 1u;
            end = change < end ? change : end;
            causes |= inside ? 1u << one->cause : 0;
        }
        if (causes != 0)
            draft_range(drafts, causes, of, open ? of->exposure->client_ports : portset_all,
                        (struct port_range){(uint16_t)port, (uint16_t)end});
    }
}

// The same of ports that nothing else asks: only those, whatever is declared.
static void draft_some(struct drafts *drafts, struct declared_map declared, const struct wanted *wanted)
{
    size_t segment = 0;
    for (size_t r = 0; r < wanted->ports.count; r++)
        for (uint32_t port = wanted->ports.ranges[r].low, end; port <= wanted->ports.ranges[r].high; port = end + 1) {
            while (declared.segments[segment].high < port)
                segment++;
            const struct declared_segment *of = &declared.segments[segment];
            bool open = of->state == DECLARED_REACHABLE || of->state == DECLARED_POSSIBLE;
            end = of->high < wanted->ports.ranges[r].high ? of->high : wanted->ports.ranges[r].high;
            draft_range(drafts, 1u << wanted->cause, of, open ? of->exposure->client_ports : portset_all,
                        (struct port_range){(uint16_t)port, (uint16_t)end});
        }
}

static void add_targets(struct planner *planner, const struct drafts *drafts, int protocol, struct asked *asked)
{
    for (size_t i = 0; i < drafts->items.count; i++) {
        const struct draft *draft = drafts->items.items[i];
        struct portset ports = {draft->ranges.count, draft->ranges.items};
        struct plan_target *target = vector_add(planner->arena, &asked->targets);
        *target = (struct plan_target){.protocol = protocol,
                                       .ports = portset_copy(planner->arena, ports),
                                       .client_ports = draft->client_ports,
                                       .expect = draft->expect};
        for (int cause = 0; cause < (int)CAUSES; cause++)
            if ((draft->causes >> cause & 1) != 0)
                *vector_add(planner->arena, &target->why) = cause_names[cause];
        *(protocol == PROTOCOL_TCP ? &asked->tcp_ports : &asked->udp_ports) += portset_size(ports);
    }
}

// Of what is declared open, the ports that are named: so wide a rule as it may be, it costs its ends.
static void draft_sentinels(struct drafts *drafts, struct declared_map declared, struct portset named)
{
    VECTOR(struct port_range) open = {0};
    for (size_t i = 0; i < declared.count; i++)
        if (declared.segments[i].state == DECLARED_REACHABLE)
            *vector_add(drafts->scratch, &open) =
                (struct port_range){declared.segments[i].low, declared.segments[i].high};
    struct portset ports = portset_from(drafts->scratch, open.items, open.count);
    struct wanted wanted = {CAUSE_SENTINEL, portset_intersect(drafts->scratch, ports, named), 0};
    draft_some(drafts, declared, &wanted);
}

static void ask_ports(struct planner *planner, const struct endpoint *endpoint, int protocol, struct portset named,
                      struct asked *asked)
{
    const struct plan_options *options = planner->options;
    struct arena *scratch = arena_new();
    struct drafts *drafts = arena_new_of(scratch, struct drafts);
    struct wanted wanted[CAUSES];
    size_t count = 0;
    drafts->scratch = scratch;
    if (options->depth == DEPTH_MOVED) {
        struct portset sentinels = protocol == PROTOCOL_UDP ? options->udp_ports : named;
        draft_sentinels(drafts, declared_of(&planner->declared, endpoint, protocol), sentinels);
        add_targets(planner, drafts, protocol, asked);
        arena_free(scratch);
        return;
    }
    if (options->depth != DEPTH_DECLARED && protocol == PROTOCOL_TCP) {
        wanted[count++] = (struct wanted){CAUSE_RULE, named, 0};
        wanted[count++] = (struct wanted){CAUSE_INTENT, options->intent_ports, 0};
        wanted[count++] = (struct wanted){CAUSE_WELL_KNOWN, portset_of(scratch, 1, 1023), 0};
        wanted[count++] = (struct wanted){CAUSE_SERVICE, options->service_ports, 0};
    }
    if (options->depth != DEPTH_DECLARED && protocol == PROTOCOL_UDP)
        wanted[count++] = (struct wanted){CAUSE_PAYLOAD, options->udp_ports, 0};
    if (options->depth == DEPTH_FULL && protocol == PROTOCOL_TCP)
        wanted[count++] = (struct wanted){CAUSE_FULL, portset_of(scratch, 1, PORT_LAST), 0};
    draft_all(drafts, declared_of(&planner->declared, endpoint, protocol), wanted, count);
    add_targets(planner, drafts, protocol, asked);
    arena_free(scratch);
}

// What the endpoint alone is asked, beside what all with its answer are: what a change moved there, and what answered
// there before. Gives how many ports those are.
static struct asked ask_again(struct planner *planner, const struct endpoint *endpoint, const struct asked *asked,
                              struct plan *plan)
{
    static const int protocols[] = {PROTOCOL_TCP, PROTOCOL_UDP};
    struct address address = {.family = endpoint->address.family, .bits = endpoint->address.first};
    struct asked own = {0};
    const struct answered *of[] = {planner->options->moved, planner->options->previous};
    static const enum cause causes[] = {CAUSE_MOVED, CAUSE_PREVIOUS};
    for (size_t p = 0; p < 2; p++) {
        bool any = false;
        for (size_t c = 0; c < 2; c++)
            any = any || (of[c] != NULL && answered_at(of[c], address, protocols[p]) != NULL);
        if (!any)
            continue;
        struct arena *scratch = arena_new();
        struct drafts *drafts = arena_new_of(scratch, struct drafts);
        struct portset known = portset_empty;
        drafts->scratch = scratch;
        for (size_t c = 0; c < 2; c++) {
            const struct answered_ports *at = of[c] == NULL ? NULL : answered_at(of[c], address, protocols[p]);
            if (at == NULL)
                continue;
            struct portset more = portset_subtract(scratch, portset_union(scratch, at->open, at->closed), known);
            for (size_t t = 0; t < asked->targets.count; t++)
                if (asked->targets.items[t].protocol == protocols[p])
                    more = portset_subtract(scratch, more, asked->targets.items[t].ports);
            struct wanted wanted = {causes[c], more, 0};
            draft_some(drafts, declared_of(&planner->declared, endpoint, protocols[p]), &wanted);
            known = portset_union(scratch, known, more);
        }
        add_targets(planner, drafts, protocols[p], &own);
        arena_free(scratch);
    }
    for (size_t t = 0; t < own.targets.count; t++) {
        own.targets.items[t].address = address;
        *vector_add(planner->arena, &plan->targets) = own.targets.items[t];
    }
    return own;
}

static void ask_echo(struct planner *planner, const struct endpoint *endpoint, struct asked *asked)
{
    int icmp = endpoint->address.family == FAMILY_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;
    struct plan_target *echo = vector_add(planner->arena, &asked->targets);
    *echo = (struct plan_target){.protocol = icmp,
                                 .client_ports = portset_all,
                                 .expect = declared_of(&planner->declared, endpoint, icmp).segments[0].state};
    *vector_add(planner->arena, &echo->why) = "echo";
}

// Declared things that no probe of ours can ask.
static size_t unaskable(const struct endpoint *endpoint)
{
    size_t count = 0;
    for (size_t i = 0; i < endpoint->exposures->count; i++) {
        const struct exposure *one = &endpoint->exposures->items[i];
        count += !protocol_has_ports(one->protocol_low) && !protocol_is_icmp(one->protocol_low) &&
                 (one->internet || endpoint->gateway == GATEWAY_INSIDE);
    }
    return count;
}

static struct asked *asked_with(struct planner *planner, const struct endpoint *endpoint, struct portset named)
{
    struct asked *asked = arena_new_of(planner->arena, struct asked);
    ask_ports(planner, endpoint, PROTOCOL_TCP, named, asked);
    ask_ports(planner, endpoint, PROTOCOL_UDP, portset_empty, asked);
    ask_echo(planner, endpoint, asked);
    asked->unaskable = unaskable(endpoint);
    return asked;
}

static const struct asked *asked_of(struct planner *planner, const struct endpoint *endpoint)
{
    const struct named_vpc *vpc = named_ports_of(&planner->named, endpoint->interface);
    struct map *of_list = map_get_pointer(&planner->of_vpc[endpoint->dormant], vpc);
    if (of_list == NULL) {
        of_list = arena_new_of(planner->arena, struct map);
        map_put_pointer(planner->arena, &planner->of_vpc[endpoint->dormant], vpc, of_list);
    }
    struct asked *asked = map_get_pointer(of_list, endpoint->exposures);
    if (asked != NULL)
        return asked;
    asked = asked_with(planner, endpoint, vpc->ports);
    map_put_pointer(planner->arena, of_list, endpoint->exposures, asked);
    return asked;
}

// Of an address that several interfaces are said to have each question once, with what any VPC of theirs names.
static const struct asked *asked_at(struct planner *planner, const struct one_address *one)
{
    struct portset named = portset_empty;
    if (one->endpoints.count == 1)
        return asked_of(planner, one->endpoints.items[0]);
    for (size_t i = 0; i < one->endpoints.count; i++)
        named = portset_union(planner->arena, named,
                              named_ports_of(&planner->named, one->endpoints.items[i]->interface)->ports);
    return asked_with(planner, &one->joined, named);
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

// What is asked of one address; of several interfaces that have it, those that the internet routes to count.
static void plan_address(struct planner *planner, const struct endpoint *first, size_t count, struct plan *plan,
                         struct verdict_set *coverage)
{
    struct arena *arena = planner->arena;
    struct endpoint sole, *routed = count == 1 ? &sole : arena_buffer(arena, struct endpoint, count);
    size_t routed_count = 0;
    for (size_t i = 0; i < count; i++) {
        bool prefix = first[i].address.length != family_width(first[i].address.family);
        if (first[i].gateway == GATEWAY_NONE) // where we are, it may be somebody else's
            add_gap(arena, coverage, "addresses that the internet does not route", 1);
        else if (prefix)
            add_gap(arena, coverage,
                    first[i].address.family == FAMILY_IPV6
                        ? "delegated IPv6 prefixes (their addresses are not enumerated)"
                        : "delegated IPv4 prefixes (their addresses are not enumerated)",
                    1);
        else
            routed[routed_count++] = first[i];
    }
    if (routed_count == 0)
        return;
    struct one_address one = one_address_of(arena, routed, routed_count);
    const struct asked *asked = asked_at(planner, &one);
    for (size_t t = 0; t < asked->targets.count; t++) {
        struct plan_target *target = vector_add(arena, &plan->targets);
        *target = asked->targets.items[t];
        target->address = (struct address){.family = first->address.family, .bits = first->address.first};
    }
    const struct asked again = ask_again(planner, &one.joined, asked, plan);
    add_gap(arena, coverage, "TCP ports outside the plan's depth", PORT_LAST + 1 - asked->tcp_ports - again.tcp_ports);
    add_gap(arena, coverage, "UDP ports outside the plan", PORT_LAST + 1 - asked->udp_ports - again.udp_ports);
    add_gap(arena, coverage, "IP protocols other than TCP, UDP and ICMP", OTHER_PROTOCOLS);
    add_gap(arena, coverage, "declared exposures of protocols that cannot be probed", asked->unaskable);
}

void plan_make(struct arena *arena, const struct estate *estate, const struct exposure_set *exposures,
               enum family family, const struct plan_options *options, struct plan *plan, struct verdict_set *coverage)
{
    struct planner planner = {.arena = arena, .options = options, .declared = {.arena = arena}};
    named_ports_find(arena, estate, exposures, &planner.named);
    for (size_t i = 0, count; i < exposures->endpoints.count; i += count) {
        const struct endpoint *first = &exposures->endpoints.items[i];
        count = one_address_count(first, exposures->endpoints.count - i);
        if (first->address.family == family)
            plan_address(&planner, first, count, plan, coverage);
    }
}
