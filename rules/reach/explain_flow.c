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
    arena_free(traffic.scratch);
    return explanation;
}
