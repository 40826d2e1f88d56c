// Observations are merged against what is declared, address by address: both are sorted by place. No endpoint's
// declared ports are listed, and no observation is looked at twice.
#include "verdicts/reconcile.h"

#include <stdlib.h>

#include "model/protocol.h"
#include "verdicts/declared.h"
#include "verdicts/one_address.h"

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

struct merger {
    struct arena *arena;
    struct verdict_set *set;
    VECTOR(struct verdict) verdicts; // of the address in hand
    struct declared_cache declared;
    size_t *lines; // of each observation, as the list that its verdicts share
    const struct observation *first;
    const struct observation *next; // not merged yet
    const struct observation *end;
    const struct network_interface *asker;        // NULL: asked from outside
    VECTOR(const struct asked_from *) asked_from; // its addresses that asked
    // What was said last of an observation's source, which most observations share.
    const char *source;
    struct address vantage;
    const char *stranger;
};

static const struct asked_from *asked_from_of(struct merger *merger, struct address vantage)
{
    if (merger->asker == NULL)
        return NULL;
    for (size_t i = 0; i < merger->asked_from.count; i++)
        if (address_equal(merger->asked_from.items[i]->address, vantage))
            return merger->asked_from.items[i];
    struct asked_from *fresh = arena_new_of(merger->arena, struct asked_from);
    *fresh = (struct asked_from){merger->asker->id, merger->asker->instance_id, vantage};
    *vector_add(merger->arena, &merger->asked_from) = fresh;
    return fresh;
}

static struct verdict verdict_for(struct merger *merger, const struct one_address *one, int protocol, uint16_t low,
                                  uint16_t high, const struct declared_segment *segment, enum observed_state observed)
{
    const struct exposure *exposure = segment->exposure;
    const struct endpoint *endpoint = one_address_holder(one, exposure);
    struct verdict verdict = {
        .address = {.family = endpoint->address.family, .bits = endpoint->address.first},
        .account_id = endpoint->interface->place->account_id,
        .region = endpoint->interface->place->region,
        .eni_id = endpoint->outside ? NULL : endpoint->interface->id,
        .instance_id = endpoint->interface->instance_id,
        .asked_from = asked_from_of(merger, endpoint->vantage),
        .name = endpoint->name,
        .owner = endpoint->owner,
        .protocol = protocol,
        .low = low,
        .high = high,
        .declared = segment->state,
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

// Why a source is another client than a vantage; NULL where it is not, as far as can be told: behind a translator of
// addresses the source is no address of the internet's, and the vantage what the user says. From inside nothing
// translates: there the source is the vantage, or another client.
static const char *other_client(struct arena *arena, struct address vantage, const char *sources, bool inside)
{
    char *rest = NULL, text[ADDRESS_TEXT];
    address_format(vantage, text);
    char *list = arena_strdup(arena, sources);
    for (char *one = strtok_r(list, ", ", &rest); one != NULL; one = strtok_r(NULL, ", ", &rest)) {
        struct address source;
        if (!address_parse(one, &source))
            return "the address that it left from cannot be read";
        if (!address_equal(source, vantage) && (inside || address_is_global(source)))
            return arena_printf(arena, "asked from %s, which is not the vantage %s", one, text);
    }
    return NULL;
}

static const char *stranger_of(struct merger *merger, const struct endpoint *endpoint,
                               const struct observation *observation)
{
    if (endpoint->vantage.family == 0)
        return NULL;
    if (observation->source == NULL)
        return merger->asker != NULL ? "it is not told from which address this was asked" : NULL;
    if (!text_same(merger->source, observation->source) || !address_equal(merger->vantage, endpoint->vantage)) {
        merger->source = observation->source;
        merger->vantage = endpoint->vantage;
        merger->stranger = other_client(merger->arena, endpoint->vantage, observation->source, merger->asker != NULL);
    }
    return merger->stranger;
}

static void add_observed(struct merger *merger, const struct one_address *one, const struct declared_segment *segment,
                         uint16_t low, uint16_t high, const struct observation *observation)
{
    struct verdict *verdict = vector_add(merger->arena, &merger->verdicts);
    const char *stranger = stranger_of(merger, &one->joined, observation);
    *verdict = verdict_for(merger, one, observation->protocol, low, high, segment, observation->state);
    verdict->reason = observation->reason;
    verdict->from = observation->from;
    verdict->unstable = observation->unstable;
    verdict->accepting = observation->accepting && observation->state == OBSERVED_OPEN;
    if (verdict->accepting)
        verdict->kind = VERDICT_UNCONFIRMED;
    if (stranger != NULL && (observation->state != OBSERVED_UNKNOWN || observation->source != NULL)) {
        verdict->kind = VERDICT_UNVERIFIED;
        verdict->reason = stranger;
    }
    verdict->observations.items = &merger->lines[observation - merger->first];
    verdict->observations.count = verdict->observations.capacity = 1; // so that adding copies
    *verdict->observations.items = observation->line;
    if (observation->state != OBSERVED_UNKNOWN || observation->first_sent != NULL)
        merger->set->asked += (size_t)(high - low) + 1;
}

// A declared piece that no observation covers.
static void add_unasked(struct merger *merger, const struct one_address *one, int protocol,
                        const struct declared_segment *segment, uint32_t low, uint32_t high)
{
    if (segment->state > DECLARED_POSSIBLE || one->joined.dormant || one->joined.outside)
        return;
    struct verdict *verdict = vector_add(merger->arena, &merger->verdicts);
    *verdict = verdict_for(merger, one, protocol, (uint16_t)low, (uint16_t)high, segment, OBSERVED_UNKNOWN);
    verdict->reason = "not asked";
}

// Merges one protocol's observations, which are ascending and disjoint, with what is declared.
static void merge_protocol(struct merger *merger, const struct one_address *one, int protocol,
                           const struct observation *first, const struct observation *end)
{
    struct declared_map declared = declared_of(&merger->declared, &one->joined, protocol);
    for (size_t s = 0; s < declared.count; s++) {
        const struct declared_segment *segment = &declared.segments[s];
        uint32_t port = segment->low; // not looked at yet
        for (; first < end && first->low <= segment->high; first++) {
            uint16_t low = first->low > segment->low ? first->low : segment->low;
            uint16_t high = first->high < segment->high ? first->high : segment->high;
            if (port < low)
                add_unasked(merger, one, protocol, segment, port, low - 1u);
            add_observed(merger, one, segment, low, high, first);
            port = (uint32_t)high + 1;
            if (first->high > segment->high)
                break; // it goes on in the next one
        }
        if (port <= segment->high)
            add_unasked(merger, one, protocol, segment, port, segment->high);
    }
}

// All that is known of one address, whose observations stand from `first` to `end`.
static void merge_place(struct merger *merger, const struct one_address *one, const struct observation *first,
                        const struct observation *end)
{
    int own[] = {PROTOCOL_TCP, PROTOCOL_UDP,
                 one->joined.address.family == FAMILY_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6};
    size_t done = 0;
    enum { OWN = sizeof(own) / sizeof(own[0]) };
    while (done < OWN || first < end) {
        bool asked = first < end && (done == OWN || protocol_compare(first->protocol, own[done]) <= 0);
        int protocol = asked ? first->protocol : own[done];
        const struct observation *next = first;
        while (next < end && next->protocol == protocol)
            next++;
        if (done < OWN && protocol == own[done])
            done++;
        merge_protocol(merger, one, protocol, first, next);
        first = next;
    }
}

static int compare_to(const struct observation *observation, const struct endpoint *endpoint)
{
    return address_compare(observation->address,
                           (struct address){.family = endpoint->address.family, .bits = endpoint->address.first});
}

// Merges all endpoints of one address; gives the number of observations that are of no endpoint before it.
static size_t merge_address(struct merger *merger, const struct endpoint *endpoints, size_t count)
{
    size_t strangers = 0;
    const struct observation *first, *end;
    for (; merger->next < merger->end && compare_to(merger->next, endpoints) < 0; merger->next++)
        strangers++;
    for (first = end = merger->next; end < merger->end && compare_to(end, endpoints) == 0;)
        end++;
    struct one_address one = one_address_of(merger->arena, endpoints, count);
    if (one.endpoints.count > 0)
        merge_place(merger, &one, first, end);
    merger->next = end;
    return one.endpoints.count > 0 ? strangers : strangers + (size_t)(end - first);
}

// Why what is unverified is so: each host and reason, with how many ports; the first of them.
struct noted {
    const struct verdict *first;
    size_t ports;
};
enum { MOST_NOTED = 12 };

static size_t note(struct noted noted[MOST_NOTED], size_t *count, const struct verdict *verdict)
{
    size_t at = 0, ports = (size_t)(verdict->high - verdict->low) + 1;
    while (at < *count && (!address_equal(noted[at].first->address, verdict->address) ||
                           !text_same(noted[at].first->reason, verdict->reason)))
        at++;
    if (at == MOST_NOTED)
        return ports;
    if (at == *count)
        noted[(*count)++] = (struct noted){verdict, 0};
    noted[at].ports += ports;
    return 0;
}

static void note_unverified(struct arena *arena, struct verdict_set *set)
{
    struct noted noted[MOST_NOTED];
    size_t count = 0, others = 0;
    for (int asked = 1; asked >= 0; asked--) // what was asked first
        for (size_t i = 0; i < set->items.count; i++) {
            const struct verdict *verdict = &set->items.items[i];
            if (verdict->kind == VERDICT_UNVERIFIED && (verdict->observations.count > 0) == (asked == 1))
                others += note(noted, &count, verdict);
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

static struct endpoint_place place_of(struct arena *arena, const struct endpoint *endpoint)
{
    const struct network_interface *interface = endpoint->interface;
    char address[ADDRESS_TEXT];
    endpoint_address(endpoint, address);
    return (struct endpoint_place){.address = arena_strdup(arena, address),
                                   .eni_id = interface->id,
                                   .account_id = interface->place->account_id,
                                   .region = interface->place->region,
                                   .vpc_id = interface->place->vpc_id,
                                   .subnet_id = interface->place->subnet_id,
                                   .dormant = endpoint->dormant};
}

void reconcile(struct arena *arena, const struct exposure_set *exposures, const struct observations *observations,
               take_verdicts *take, void *context, struct verdict_set *set)
{
    struct merger merger = {.arena = arena,
                            .set = set,
                            .asker = exposures->asker,
                            .declared = {.arena = arena},
                            .lines = arena_buffer(arena, size_t, observations->items.count + 1),
                            .first = observations->items.items,
                            .next = observations->items.items,
                            .end = vector_end(&observations->items)};
    size_t strangers = 0, count = exposures->endpoints.count;
    const struct endpoint *endpoints = exposures->endpoints.items;
    set->endpoints += count;
    for (size_t i = 0; i < count && exposures->asker == NULL; i++)
        *vector_add(arena, &set->places) = place_of(arena, &endpoints[i]);
    for (size_t from = 0, to; from < count; from = to) {
        to = from + one_address_count(endpoints + from, count - from);
        merger.verdicts.count = 0;
        strangers += merge_address(&merger, endpoints + from, to - from);
        take(context, merger.verdicts.items, merger.verdicts.count);
    }
    strangers += (size_t)(merger.end - merger.next);
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
}

// Whether something else is declared of some port of a verdict.
static bool is_otherwise(struct declared_map declared, const struct verdict *verdict)
{
    const struct declared_segment *segment = declared_segment_at(declared, verdict->low);
    const struct declared_segment *end = declared.count == 0 ? segment : declared.segments + declared.count;
    for (; segment < end && segment->low <= verdict->high; segment++)
        if (segment->state != verdict->declared)
            return true;
    return false;
}

static struct one_address address_now(struct arena *arena, const struct exposure_set *set, struct address address)
{
    const struct endpoint *first = exposure_endpoint_at(set, prefix_of(address)); // a prefix may stand before it
    const struct endpoint *end = vector_end(&set->endpoints);
    return first == NULL ? (struct one_address){0}
                         : one_address_of(arena, first, one_address_count(first, (size_t)(end - first)));
}

void reconcile_mark_unstable(struct verdict_set *set, const struct exposure_set *after)
{
    struct declared_cache declared = {.arena = arena_new()};
    struct one_address now = {0};
    for (size_t i = 0; i < set->items.count; i++) {
        struct verdict *verdict = &set->items.items[i];
        if (i == 0 || !address_equal(verdict->address, set->items.items[i - 1].address))
            now = address_now(declared.arena, after, verdict->address);
        verdict->unstable = verdict->unstable || now.endpoints.count == 0 ||
                            is_otherwise(declared_of(&declared, &now.joined, verdict->protocol), verdict);
    }
    arena_free(declared.arena);
}
