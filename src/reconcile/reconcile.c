#include "reconcile/reconcile.h"

#include "model/protocol.h"
#include "reconcile/plan.h"

enum verdict_kind verdict_of(enum declared_state declared, enum observed_state observed, int protocol)
{
    bool expected = declared == DECLARED_REACHABLE || declared == DECLARED_POSSIBLE;
    switch (observed) {
    case OBSERVED_OPEN:
        return expected ? VERDICT_CONFIRMED : VERDICT_UNDECLARED;
    case OBSERVED_CLOSED:
        return expected ? VERDICT_LATENT : VERDICT_UNDECLARED;
    case OBSERVED_REJECTED:
        return expected ? VERDICT_BLOCKED : VERDICT_ENFORCED;
    case OBSERVED_FILTERED:
        return !expected ? VERDICT_ENFORCED : protocol == PROTOCOL_UDP ? VERDICT_UNCONFIRMED : VERDICT_BLOCKED;
    case OBSERVED_UNKNOWN:
        break;
    }
    return VERDICT_UNVERIFIED;
}

// The number that stands for a protocol's question in exposures: ICMP is asked by echo only.
static uint16_t question(int protocol, uint16_t port)
{
    return protocol == PROTOCOL_ICMP ? 8 << 8 : protocol == PROTOCOL_ICMPV6 ? 128 << 8 : port;
}

static struct verdict verdict_for(const struct endpoint *endpoint, int protocol, uint16_t low, uint16_t high,
                                  enum observed_state observed)
{
    const struct exposure *exposure;
    struct verdict verdict = {
        .address = {.family = endpoint->address.family, .bits = endpoint->address.first},
        .account_id = endpoint->interface->place->account_id,
        .region = endpoint->interface->place->region,
        .eni_id = endpoint->interface->id,
        .instance_id = endpoint->interface->instance_id,
        .name = endpoint->name,
        .owner = endpoint->owner,
        .protocol = protocol,
        .low = low,
        .high = high,
        .declared = declared_at(endpoint, protocol, question(protocol, low), &exposure),
        .observed = observed,
        .intent = INTENT_UNSPECIFIED,
        .severity = SEVERITY_INFO,
    };
    verdict.kind = verdict_of(verdict.declared, observed, protocol);
    if (exposure != NULL)
        verdict.because = exposure->because;
    if (exposure != NULL && verdict.declared == DECLARED_POSSIBLE)
        verdict.via = exposure->via;
    return verdict;
}

// Why an observation is of another client than the endpoint is judged for; NULL where it is not, as far as can be told:
// behind a translator of addresses the source is no address of the internet's, and the vantage what the user says.
static const char *other_client(struct arena *arena, const struct endpoint *endpoint,
                                const struct observation *observation)
{
    char *rest = NULL, vantage[ADDRESS_TEXT];
    if (observation->source == NULL || endpoint->vantage.family == 0)
        return NULL;
    address_format(endpoint->vantage, vantage);
    char *list = arena_strdup(arena, observation->source);
    for (char *one = strtok_r(list, ", ", &rest); one != NULL; one = strtok_r(NULL, ", ", &rest)) {
        struct address source;
        if (!address_parse(one, &source))
            return "the address that it left from cannot be read";
        if (!address_equal(source, endpoint->vantage) &&
            prefixset_holds(prefixset_internet(arena, source.family), source.bits))
            return arena_printf(arena, "asked from %s, which is not the vantage %s", one, vantage);
    }
    return NULL;
}

// Cuts [low, high] where what is declared changes and calls each piece a verdict.
static void add_pieces(struct arena *arena, struct verdict_set *set, const struct endpoint *endpoint,
                       const struct observation *observation, struct verdict unobserved)
{
    const struct verdict *given = &unobserved;
    struct boundaries boundaries = {0};
    uint16_t low = observation != NULL ? observation->low : given->low;
    uint16_t high = observation != NULL ? observation->high : given->high;
    int protocol = observation != NULL ? observation->protocol : given->protocol;
    const char *stranger = observation == NULL ? NULL : other_client(arena, endpoint, observation);
    declared_boundaries(arena, endpoint, protocol, &boundaries);
    for (size_t b = 0; b + 1 < boundaries.starts.count; b++) {
        uint32_t first = boundaries.starts.items[b], last = boundaries.starts.items[b + 1] - 1;
        if (!protocol_has_ports(protocol)) {
            if (b > 0)
                break;
            first = last = 0;
        } else if (last < low || first > high) {
            continue;
        }
        first = first < low ? low : first;
        last = last > high ? high : last;
        struct verdict verdict = verdict_for(endpoint, protocol, (uint16_t)first, (uint16_t)last,
                                             observation != NULL ? observation->state : OBSERVED_UNKNOWN);
        if (observation != NULL) {
            verdict.reason = observation->reason;
            verdict.from = observation->from;
            verdict.unstable = observation->unstable;
            verdict.accepting = observation->accepting && observation->state == OBSERVED_OPEN;
            if (verdict.accepting)
                verdict.kind = VERDICT_UNCONFIRMED;
            if (stranger != NULL) {
                verdict.kind = VERDICT_UNVERIFIED;
                verdict.reason = stranger;
            }
            *vector_add(arena, &verdict.observations) = observation->line;
        } else {
            verdict.reason = "not asked";
        }
        bool sent = observation != NULL && (observation->state != OBSERVED_UNKNOWN || observation->first_sent != NULL);
        set->asked += sent ? last - first + 1 : 0;
        *vector_add(arena, &set->items) = verdict;
    }
}

// Declared ports that no observation covers.
static void add_unasked(struct arena *arena, struct verdict_set *set, const struct endpoint *endpoint,
                        const struct observations *observations, int protocol)
{
    VECTOR(struct port_range) declared = {0}, seen = {0};
    for (size_t i = 0; i < endpoint->exposures->count; i++) {
        const struct exposure *one = &endpoint->exposures->items[i];
        const struct exposure *best;
        if (protocol < one->protocol_low || protocol > one->protocol_high)
            continue;
        uint16_t at = protocol_has_ports(protocol) ? one->low : question(protocol, 0);
        if (at < one->low || at > one->high || declared_at(endpoint, protocol, at, &best) > DECLARED_POSSIBLE)
            continue;
        *vector_add(arena, &declared) =
            protocol_has_ports(protocol) ? (struct port_range){one->low, one->high} : (struct port_range){0, 0};
    }
    for (size_t i = 0; i < observations->items.count; i++) {
        const struct observation *one = &observations->items.items[i];
        if (one->protocol == protocol && one->address.family == endpoint->address.family &&
            one->address.bits == endpoint->address.first)
            *vector_add(arena, &seen) = (struct port_range){one->low, one->high};
    }
    struct portset rest = portset_subtract(arena, portset_from(arena, declared.items, declared.count),
                                           portset_from(arena, seen.items, seen.count));
    for (size_t i = 0; i < rest.count; i++)
        add_pieces(arena, set, endpoint, NULL,
                   (struct verdict){.protocol = protocol, .low = rest.ranges[i].low, .high = rest.ranges[i].high});
}

// Why what is unverified is so: each host and reason, with how many ports; the first of them.
static void note_unverified(struct arena *arena, struct verdict_set *set)
{
    enum { MOST_NOTED = 12 };
    struct noted {
        const struct verdict *first;
        size_t ports;
    } noted[MOST_NOTED];
    size_t count = 0, others = 0;
    for (size_t i = 0; i < set->items.count; i++) {
        const struct verdict *verdict = &set->items.items[i];
        size_t at = 0, ports = (size_t)(verdict->high - verdict->low) + 1;
        if (verdict->kind != VERDICT_UNVERIFIED)
            continue;
        while (at < count && (!address_equal(noted[at].first->address, verdict->address) ||
                              !text_same(noted[at].first->reason, verdict->reason)))
            at++;
        if (at == MOST_NOTED) {
            others += ports;
            continue;
        }
        if (at == count)
            noted[count++] = (struct noted){verdict, 0};
        noted[at].ports += ports;
    }
    for (size_t i = 0; i < count; i++) {
        char address[ADDRESS_TEXT];
        address_format(noted[i].first->address, address);
        *vector_add(arena, &set->missing) =
            arena_printf(arena, "%zu port%s of %s: %s", noted[i].ports, noted[i].ports == 1 ? "" : "s", address,
                         noted[i].first->reason == NULL ? "not known" : noted[i].first->reason);
    }
    if (others > 0)
        *vector_add(arena, &set->missing) = arena_printf(arena, "%zu ports more are unverified", others);
}

void reconcile(struct arena *arena, const struct exposure_set *exposures, const struct observations *observations,
               struct verdict_set *set)
{
    size_t strangers = 0;
    set->endpoints += exposures->endpoints.count;
    for (size_t i = 0; i < observations->items.count; i++) {
        const struct observation *one = &observations->items.items[i];
        const struct endpoint *endpoint = exposure_endpoint_at(exposures, prefix_of(one->address));
        if (endpoint != NULL)
            add_pieces(arena, set, endpoint, one, (struct verdict){0});
        else
            strangers++;
    }
    for (size_t i = 0; i < exposures->endpoints.count; i++) {
        const struct endpoint *endpoint = &exposures->endpoints.items[i];
        if (endpoint->address.length != family_width(endpoint->address.family) || endpoint->dormant)
            continue;
        add_unasked(arena, set, endpoint, observations, PROTOCOL_TCP);
        add_unasked(arena, set, endpoint, observations, PROTOCOL_UDP);
        add_unasked(arena, set, endpoint, observations,
                    endpoint->address.family == FAMILY_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6);
    }
    if (strangers > 0)
        *vector_add(arena, &set->gaps) =
            (struct coverage_gap){"observations of addresses that are no endpoint of the snapshot", strangers};
    for (size_t i = 0; i < exposures->public_places.count; i++)
        *vector_add(arena, &set->not_covered) = exposures->public_places.items[i];
    text_list gaps = exposure_set_gaps(arena, exposures);
    for (size_t i = 0; i < gaps.count; i++)
        *vector_add(arena, &set->missing) = gaps.items[i];
    note_unverified(arena, set);
    set->complete = set->missing.count == 0;
    for (size_t i = 0; i < set->items.count; i++)
        set->complete = set->complete && set->items.items[i].kind != VERDICT_UNVERIFIED;
}

void reconcile_mark_unstable(struct verdict_set *set, const struct exposure_set *after)
{
    for (size_t i = 0; i < set->items.count; i++) {
        struct verdict *verdict = &set->items.items[i];
        const struct endpoint *endpoint = exposure_endpoint_at(after, prefix_of(verdict->address));
        const struct exposure *ignored;
        for (uint32_t port = verdict->low; port <= verdict->high && !verdict->unstable; port++)
            verdict->unstable = endpoint == NULL ||
                                declared_at(endpoint, verdict->protocol, question(verdict->protocol, (uint16_t)port),
                                            &ignored) != verdict->declared;
    }
}
