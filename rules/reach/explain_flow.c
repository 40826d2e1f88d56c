#include "rules/reach/explain_flow.h"

#include "model/protocol.h"
#include "rules/reach/segments.h"

struct explaining {
    struct arena *arena;
    const struct flow_question *question;
    struct flow_explanation *explanation;
};

static bool is_interface(const void *context, const struct estate *estate, const struct network_interface *interface)
{
    (void)estate;
    return context == interface;
}

// The flow that holds the packet, as segments tell it: the verdict is theirs.
static void find_flow(struct explaining *explaining, const struct estate *estate)
{
    const struct flow_question *question = explaining->question;
    const struct segment_named from = {"from", NULL, is_interface, question->from};
    const struct segment_named to = {"to", NULL, is_interface, question->to};
    const struct segments_question asked = {.by_text = "interface",
                                            .from = &from,
                                            .to = question->to == NULL ? NULL : &to,
                                            .only_internet = question->to == NULL};
    struct segment_set *set = segments_compute_in(explaining->arena, estate, &asked);
    const flow_list *flows = question->to == NULL ? &set->outbound : &set->inside;
    explaining->explanation->set = set;
    explaining->explanation->verdict = FLOW_UNREACHABLE;
    for (size_t i = 0; i < flows->count; i++) {
        const struct flow *flow = &flows->items[i];
        bool named = flow->protocol == question->protocol || flow->protocol == PROTOCOL_UNNAMED;
        for (size_t p = 0; flow->protocol == PROTOCOL_UNNAMED && p < set->named_protocols.count; p++)
            named = named && set->named_protocols.items[p] != question->protocol;
        if (!named || flow->family != question->source.family || !portset_holds(flow->ports, question->number) ||
            !prefixset_holds(flow->sources, question->source.bits) ||
            !prefixset_holds(flow->destinations, question->destination.bits))
            continue;
        if (explaining->explanation->flow == NULL || flow->certainty == CERTAINTY_EXACT)
            explaining->explanation->flow = flow;
    }
    if (explaining->explanation->flow != NULL)
        explaining->explanation->verdict =
            explaining->explanation->flow->certainty == CERTAINTY_EXACT ? FLOW_REACHABLE : FLOW_POSSIBLE;
}

// The walk asks for no party but its own.
static void no_segments(void *context, const struct network_interface *interface, segment_numbers *numbers)
{
    (void)context;
    (void)interface;
    (void)numbers;
}

// Whether all that stops it stands on the way back.
static bool goes_one_way(const flow_hops *hops)
{
    bool stopped = false;
    for (size_t i = 0; i < hops->count; i++) {
        const struct flow_hop *hop = &hops->items[i];
        if (hop->result == HOP_STOP && !hop->back)
            return false;
        stopped = stopped || hop->result == HOP_STOP;
    }
    return stopped;
}

struct flow_explanation explain_flow(struct arena *arena, const struct estate *estate,
                                     const struct flow_question *question)
{
    struct flow_explanation explanation = {0};
    struct explaining explaining = {.arena = arena, .question = question, .explanation = &explanation};
    struct traffic traffic;
    struct flow_walker walker = {.traffic = &traffic};
    find_flow(&explaining, estate);
    traffic_begin(&traffic, arena, estate, no_segments, NULL);
    const struct flow_packet packet = {.from = question->from,
                                       .source = question->source,
                                       .to = question->to,
                                       .destination = question->destination,
                                       .protocol = question->protocol,
                                       .number = question->number,
                                       .client_ports = portset_all,
                                       .flow = explanation.flow};
    flow_walk(&walker, &packet, &explanation.hops);
    explanation.one_way = explanation.verdict == FLOW_UNREACHABLE && goes_one_way(&explanation.hops);
    arena_free(traffic.scratch);
    return explanation;
}

// ---- At a public address of the snapshot

// What becomes of it there, as seen from one address.
struct arrival_of {
    struct explanation explanation;
    int verdict;
};

static struct arrival_of arrives_from(struct arena *arena, const struct exposure_set *set,
                                      const struct endpoint *endpoint, const struct flow_question *question,
                                      struct address seen, struct portset client_ports)
{
    struct arrival_of arrival = {.verdict = FLOW_UNREACHABLE};
    arrival.explanation =
        explain_packet(arena, set->estate, endpoint, question->protocol, question->number, seen, client_ports);
    const struct exposure *exposure = arrival.explanation.exposure;
    bool answered = exposure != NULL && exposure->path == PATH_TWO_WAY &&
                    (!protocol_has_ports(question->protocol) ||
                     !portset_is_empty(portset_intersect(arena, exposure->client_ports, client_ports)));
    if (answered)
        arrival.verdict = exposure->certainty == CERTAINTY_EXACT ? FLOW_REACHABLE : FLOW_POSSIBLE;
    return arrival;
}

static void add_arrival(struct arena *arena, const struct arrival_of *arrival, struct address seen,
                        struct flow_explanation *explanation)
{
    char text[ADDRESS_TEXT];
    address_format(seen, text);
    for (size_t i = 0; i < arrival->explanation.hops.count; i++) {
        const struct hop *hop = &arrival->explanation.hops.items[i];
        *vector_add(arena, &explanation->hops) =
            (struct flow_hop){.words = arena_printf(arena, "there: %s", hop_words(hop)),
                              .result = hop->result,
                              .text = i > 0 ? hop->text : arena_printf(arena, "from %s: %s", text, hop->text),
                              .reasons = hop->reasons};
    }
}

// Where it is not known by which address it is seen, some that gets in may be.
static int arrives_somehow(struct arena *arena, const struct endpoint *endpoint, const struct flow_question *question,
                           struct flow_explanation *explanation)
{
    bool some = false;
    for (size_t i = 0; endpoint->exposures != NULL && i < endpoint->exposures->count; i++) {
        const struct exposure *one = &endpoint->exposures->items[i];
        some = some || (one->path == PATH_TWO_WAY && question->protocol >= one->protocol_low &&
                        question->protocol <= one->protocol_high && question->number >= one->low &&
                        question->number <= one->high);
    }
    const char *text = some ? "by which address it is seen there is not told, and some get in"
                            : "whatever the address by which it is seen there, nothing gets in and back at that port";
    struct flow_hop *hop = vector_add(arena, &explanation->hops);
    *hop = (struct flow_hop){.words = "there", .result = some ? HOP_POSSIBLE : HOP_STOP, .text = text};
    *vector_add(arena, &hop->reasons) =
        some ? reason_doubt(arena, REASON_HOST, endpoint->interface->id, settle_by_probe, text)
             : reason_stop(arena, REASON_HOST, endpoint->interface->id, text);
    return some ? FLOW_POSSIBLE : FLOW_UNREACHABLE;
}

void explain_flow_arrives(struct arena *arena, const struct exposure_set *set, const struct flow_question *question,
                          struct flow_explanation *explanation)
{
    const struct endpoint *endpoint = question->to != NULL ? NULL : exposure_endpoint(set, question->destination);
    const struct flow *flow = explanation->flow;
    int worst = FLOW_REACHABLE, best = FLOW_UNREACHABLE;
    size_t seen = 0;
    if (endpoint == NULL)
        return;
    explanation->at = endpoint->interface->id;
    for (size_t i = 0; flow != NULL && i < flow->seen.count; i++) {
        const struct seen_address *one = &flow->seen.items[i];
        if (one->private_address.family != 0 && !address_equal(one->private_address, question->source))
            continue;
        const struct address from = {one->public_address.family, one->public_address.first};
        struct arrival_of arrival =
            arrives_from(arena, set, endpoint, question, from,
                         one->private_address.family != 0 ? flow->client_ports : portset_of(arena, 1024, PORT_LAST));
        add_arrival(arena, &arrival, from, explanation);
        worst = arrival.verdict > worst ? arrival.verdict : worst;
        best = arrival.verdict < best ? arrival.verdict : best;
        seen++;
    }
    if (seen == 0)
        worst = best = arrives_somehow(arena, endpoint, question, explanation);
    if (worst != best) // of several addresses of a NAT gateway one is taken
        worst = FLOW_POSSIBLE;
    if ((int)explanation->verdict < worst)
        explanation->verdict = worst;
}
