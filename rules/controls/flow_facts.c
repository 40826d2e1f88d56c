// Facts of flows: what segments reach in each other and on the internet, computed, beside what the intent says of it.
#include "rules/controls/flow_facts.h"

#include "model/protocol.h"

const struct segment_set *flow_facts_set(struct inquiry *inquiry)
{
    struct arena *arena = inquiry->arena;
    const struct fact_input *input = inquiry->input;
    struct control_flows *flows = &inquiry->memory->flows;
    if (!estate_has_network(input->estate)) {
        answer_missing(inquiry, "documents of a network");
        return NULL;
    }
    if (flows->set == NULL) {
        const struct segments_question question = intent_segments(arena, input->intent);
        struct segment_set *set = segments_compute_in(arena, input->estate, &question);
        segment_findings findings = {0};
        if (input->intent != NULL)
            intent_flows(arena, input->intent, input->estate, input->today, &findings, &set->missing);
        *flows = (struct control_flows){set, findings.items, findings.count};
    }
    for (size_t i = 0; i < flows->set->missing.items.count; i++)
        answer_missing(inquiry, "%s", flows->set->missing.items.items[i].text);
    for (size_t i = 0; i < input->estate->unread.count; i++)
        answer_missing(inquiry, "%s", unread_text(arena, &input->estate->unread.items[i]));
    return flows->set;
}

enum intent_scope flow_facts_scope(const struct inquiry *inquiry, const struct segment *segment)
{
    const struct intent *intent = inquiry->input->intent;
    const struct intent_segment *told = intent == NULL ? NULL : intent_segment_named(intent, segment->id);
    return told == NULL ? SCOPE_OUT : told->scope;
}

bool flow_facts_have_cde(struct inquiry *inquiry, const struct segment_set *set)
{
    bool told = false;
    for (size_t i = 0; i < set->segments.count; i++) {
        const struct segment *segment = &set->segments.items[i];
        if (flow_facts_scope(inquiry, segment) != SCOPE_CDE)
            continue;
        told = true;
        if (segment->interfaces == 0)
            answer_missing(inquiry, "interfaces of the cardholder environment: the segment %s holds none", segment->id);
    }
    if (!told)
        answer_missing(inquiry,
                       "an intent whose segments tell which is the cardholder environment (`\"scope\": \"cde\"`)");
    return told;
}

bool flow_facts_in_scope(const struct inquiry *inquiry, enum intent_scope widest,
                         const struct network_interface *interface)
{
    const struct intent *intent = inquiry->input->intent;
    for (size_t i = 0; intent != NULL && i < intent->segments.count; i++)
        if (intent->segments.items[i].scope >= widest &&
            intent_holds(&intent->segments.items[i].select, inquiry->input->estate, interface))
            return true;
    return false;
}

struct prefixset flow_facts_addresses(const struct inquiry *inquiry, enum intent_scope widest, const char *vpc_id,
                                      enum family family)
{
    const struct segment_set *set = inquiry->memory->flows.set;
    struct prefixset all = prefixset_empty;
    for (size_t i = 0; i < set->segments.count; i++)
        if (flow_facts_scope(inquiry, &set->segments.items[i]) >= widest)
            all = prefixset_union(inquiry->arena, all, segment_addresses(&set->segments.items[i], vpc_id, family));
    return all;
}

box_list flow_facts_without(struct arena *arena, const box_list *boxes, enum family family, struct prefixset sources,
                            struct prefixset destinations)
{
    const struct prefixset all = prefixset_all(arena, family);
    const struct box by_source = {portset_all, sources, all}, by_destination = {portset_all, all, destinations};
    box_list left = boxes_without(arena, boxes, &by_source);
    return boxes_without(arena, &left, &by_destination);
}

static const char *id_of(const struct segment_set *set, uint32_t number)
{
    return number == SEGMENT_INTERNET ? "internet" : set->segments.items[number].id;
}

const char *flow_facts_pair(struct arena *arena, const struct segment_set *set, const struct flow *flow)
{
    return arena_printf(arena, "%s to %s", id_of(set, flow->from), id_of(set, flow->to));
}

enum { TOLD_SERVICES = 8 };

void flow_answer_add(struct arena *arena, struct flow_answer *answer, const struct flow *flow, struct portset ports)
{
    struct flow part = *flow;
    part.ports = ports;
    const char *service =
        arena_printf(arena, "%s%s", flow_service(arena, &part), flow->family == FAMILY_IPV6 ? " over IPv6" : "");
    if (answer->first == NULL)
        *answer = (struct flow_answer){.first = flow, .rule = answer->rule, .services = service};
    else if (answer->count < TOLD_SERVICES)
        answer->services = arena_printf(arena, "%s, %s", answer->services, service);
    else if (answer->count == TOLD_SERVICES)
        answer->services = arena_printf(arena, "%s and more", answer->services);
    answer->count++;
}

void flow_facts_refer(struct inquiry *inquiry, const struct segment_set *set, const struct flow *flow)
{
    const char *list = flow != NULL && flow->to == SEGMENT_INTERNET ? "outbound" : "flows";
    struct control_evidence *evidence = &inquiry->control->evidence.items[inquiry->control->evidence.count - 1];
    evidence->reference =
        flow == NULL
            ? "segments.json#/flows"
            : arena_printf(inquiry->arena, "segments.json#/%s/%zu", list,
                           (size_t)(flow - (flow->to == SEGMENT_INTERNET ? set->outbound.items : set->inside.items)));
}

// ---- Which flows are asked about

// Packets that stay in a segment, for one that their other end is of too, pass between its own interfaces.
static box_list between_segments(struct inquiry *inquiry, const struct segment_set *set, const struct flow *flow,
                                 const box_list *boxes)
{
    if (flow->to == SEGMENT_INTERNET)
        return *boxes;
    return flow_facts_without(inquiry->arena, boxes, flow->family,
                              segment_addresses(&set->segments.items[flow->to], flow->from_vpc, flow->family),
                              segment_addresses(&set->segments.items[flow->from], flow->to_vpc, flow->family));
}

// What of a flow the fact's parameters ask about: `from`: any, cde; `to`: any, cde, inside, internet. Of the cardholder
// environment, what crosses its border.
static box_list asked_of(struct inquiry *inquiry, const struct segment_set *set, const struct flow *flow)
{
    const char *from = fact_text(inquiry, "from", "any"), *to = fact_text(inquiry, "to", "any");
    bool outside = flow->to == SEGMENT_INTERNET, from_cde = strcmp(from, "cde") == 0, to_cde = strcmp(to, "cde") == 0;
    struct prefixset sources = prefixset_empty, destinations = prefixset_empty;
    box_list boxes = {0}, none = {0};
    if ((outside && (to_cde || strcmp(to, "inside") == 0)) || (!outside && strcmp(to, "internet") == 0) ||
        (from_cde && flow_facts_scope(inquiry, &set->segments.items[flow->from]) != SCOPE_CDE) ||
        (to_cde && flow_facts_scope(inquiry, &set->segments.items[flow->to]) != SCOPE_CDE))
        return none;
    box_add(inquiry->arena, &boxes, flow->ports, flow->sources, flow->destinations);
    if (to_cde)
        sources = flow_facts_addresses(inquiry, SCOPE_CDE, flow->from_vpc, flow->family);
    if (from_cde && !outside)
        destinations = flow_facts_addresses(inquiry, SCOPE_CDE, flow->to_vpc, flow->family);
    return flow_facts_without(inquiry->arena, &boxes, flow->family, sources, destinations);
}

static struct portset ports_in(struct arena *arena, const box_list *boxes, const struct box *part)
{
    struct portset ports = portset_empty;
    for (size_t i = 0; i < boxes->count; i++) {
        const struct box both = box_intersect(arena, &boxes->items[i], part);
        if (!box_is_empty(&both))
            ports = portset_union(arena, ports, both.ports);
    }
    return ports;
}

// ---- Flows that the intent allows

typedef VECTOR(struct flow_answer) flow_answers;

// What is answered of one pair of segments.
struct pair_answers {
    flow_answers exact, possible; // that no rule allows, by the rule that forbids them (NULL: none is about them)
};

static void pair_add(struct arena *arena, flow_answers *answers, const struct intent_rule *rule,
                     const struct flow *flow, struct portset ports)
{
    size_t i = 0;
    while (i < answers->count && answers->items[i].rule != rule)
        i++;
    if (i == answers->count)
        *vector_add(arena, answers) = (struct flow_answer){.rule = rule};
    flow_answer_add(arena, &answers->items[i], flow, ports);
}

static const char *why_possible(const struct flow *flow)
{
    return flow->via.count == 0 ? "something on the way is not known" : flow->via.items[0]->text;
}

static void tell_pair(struct inquiry *inquiry, const struct segment_set *set, struct pair_answers *pair)
{
    struct arena *arena = inquiry->arena;
    for (size_t i = 0; i < pair->exact.count; i++) {
        const struct flow_answer *one = &pair->exact.items[i];
        const char *by = one->rule == NULL ? "no rule of the intent allows it"
                                           : arena_printf(arena, "the intent's rule %s forbids it", one->rule->id);
        answer(inquiry, CONTROL_FAIL, flow_facts_pair(arena, set, one->first), NULL, "%s: %s", one->services, by);
        flow_facts_refer(inquiry, set, one->first);
    }
    for (size_t i = 0; i < pair->possible.count; i++) {
        const struct flow_answer *one = &pair->possible.items[i];
        answer_missing(inquiry, "whether %s passes (%s), which no rule of the intent allows: %s",
                       flow_facts_pair(arena, set, one->first), one->services, why_possible(one->first));
    }
    *pair = (struct pair_answers){0};
}

// Whether some of the flow was asked about, and all of that is allowed.
static bool judge_flow(struct inquiry *inquiry, const struct segment_set *set, const struct flow *flow,
                       struct pair_answers *pair)
{
    struct arena *arena = inquiry->arena;
    const struct fact_input *input = inquiry->input;
    const box_list asked = asked_of(inquiry, set, flow);
    if (asked.count == 0)
        return false;
    const box_list between = between_segments(inquiry, set, flow, &asked);
    flow_parts parts = intent_flow_parts(arena, input->intent, input->estate, input->today, flow);
    bool allowed = false, other = false;
    for (size_t i = 0; i < parts.count; i++) {
        const struct intent_rule *rule = parts.items[i].rule;
        struct portset ports = ports_in(arena, rule == NULL ? &between : &asked, &parts.items[i].box);
        if (portset_is_empty(ports))
            continue;
        allowed = allowed || (rule != NULL && rule->allow);
        if (rule != NULL && rule->allow)
            continue;
        other = true;
        pair_add(arena, flow->certainty == CERTAINTY_EXACT ? &pair->exact : &pair->possible, rule, flow, ports);
    }
    return allowed && !other;
}

static size_t judge_flows(struct inquiry *inquiry, const struct segment_set *set, const flow_list *flows)
{
    struct pair_answers pair = {0};
    size_t good = 0;
    for (size_t i = 0; i < flows->count; i++) {
        const struct flow *flow = &flows->items[i];
        if (i > 0 && (flow[-1].from != flow->from || flow[-1].to != flow->to))
            tell_pair(inquiry, set, &pair);
        good += judge_flow(inquiry, set, flow, &pair);
    }
    tell_pair(inquiry, set, &pair);
    return good;
}

static void flows_are_intended(struct inquiry *inquiry)
{
    const struct intent *intent = inquiry->input->intent;
    if (intent == NULL || !intent_has_flows(intent)) {
        answer_missing(inquiry, "an intent whose rules have `from` and `to`, which say who may reach whom");
        return;
    }
    const struct segment_set *set = flow_facts_set(inquiry);
    bool of_cde =
        strcmp(fact_text(inquiry, "from", "any"), "cde") == 0 || strcmp(fact_text(inquiry, "to", "any"), "cde") == 0;
    if (set == NULL || (of_cde && !flow_facts_have_cde(inquiry, set)))
        return;
    size_t before = inquiry->control->evidence.count;
    size_t good = judge_flows(inquiry, set, &set->inside) + judge_flows(inquiry, set, &set->outbound);
    if (good > 0)
        answer_rest(inquiry, good, "flow", "flows", "each allowed by a rule of the intent");
    else if (inquiry->control->evidence.count == before && set->segments.count > 0)
        answer(inquiry, CONTROL_PASS, "segments", NULL, "nothing passes between those that are asked about");
    if (set->segments.count == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "segments", NULL, "the snapshot has no interface");
    else if (inquiry->control->evidence.count > before &&
             inquiry->control->evidence.items[inquiry->control->evidence.count - 1].reference == NULL)
        flow_facts_refer(inquiry, set, NULL);
}

// ---- Flows that let everything through

static bool is_alongside(const struct flow *one, const struct flow *other)
{
    return one->from == other->from && one->to == other->to && one->family == other->family &&
           strcmp(one->from_vpc, other->from_vpc) == 0 && text_same(one->to_vpc, other->to_vpc);
}

// Nobody listens on port 0: all but that is everything.
static struct portset every_port(struct arena *arena)
{
    return portset_of(arena, 1, PORT_LAST);
}

// Between which addresses of a flow every port of its protocol passes, by all flows of its pair of segments. `exact`:
// by exact ones alone.
static box_list everything_of(struct inquiry *inquiry, const struct segment_set *set, const flow_list *flows,
                              const struct flow *seed, bool exact)
{
    struct arena *arena = inquiry->arena;
    box_list own = {0};
    box_add(arena, &own, every_port(arena), seed->sources, seed->destinations);
    box_list pairs = between_segments(inquiry, set, seed, &own), left = pairs;
    for (size_t i = 0; i < flows->count && left.count > 0; i++) {
        const struct flow *flow = &flows->items[i];
        const struct box box = {flow->ports, flow->sources, flow->destinations};
        if (flow->protocol == seed->protocol && is_alongside(flow, seed) &&
            (!exact || flow->certainty == CERTAINTY_EXACT))
            left = boxes_without(arena, &left, &box);
    }
    for (size_t i = 0; i < left.count; i++) {
        const struct box lacking = {portset_all, left.items[i].sources, left.items[i].destinations};
        pairs = boxes_without(arena, &pairs, &lacking);
    }
    return pairs;
}

static bool lets_everything(struct inquiry *inquiry, const struct segment_set *set, const flow_list *flows,
                            const struct flow *seed, bool exact)
{
    const box_list pairs = everything_of(inquiry, set, flows, seed, exact);
    for (size_t i = 0; i < pairs.count; i++)
        if (seed->to != SEGMENT_INTERNET || prefixset_is_anywhere(seed->family, pairs.items[i].destinations))
            return true;
    return false;
}

// Flows of one pair of segments: those from `*at` on, up to which it goes.
static flow_list next_pair(const flow_list *flows, size_t *at)
{
    size_t begin = *at;
    while (*at < flows->count && flows->items[*at].from == flows->items[begin].from &&
           flows->items[*at].to == flows->items[begin].to)
        ++*at;
    return (flow_list){.items = flows->items + begin, .count = (uint32_t)(*at - begin)};
}

// Of a protocol, a flow of the pair by which everything passes: surely, or maybe.
static const struct flow *everything_by(struct inquiry *inquiry, const struct segment_set *set, const flow_list *pair,
                                        int protocol, bool exact)
{
    for (size_t i = 0; i < pair->count; i++) {
        const struct flow *flow = &pair->items[i];
        if (flow->protocol == protocol && flow->from != flow->to && (!exact || flow->certainty == CERTAINTY_EXACT) &&
            lets_everything(inquiry, set, pair, flow, exact))
            return flow;
    }
    return NULL;
}

static bool pair_is_selective(struct inquiry *inquiry, const struct segment_set *set, const flow_list *pair)
{
    static const char *const names[] = {"TCP and UDP", "TCP", "UDP"};
    const struct flow *by[2][2]; // TCP, UDP; maybe, surely
    for (int exact = 0; exact < 2; exact++) {
        by[0][exact] = everything_by(inquiry, set, pair, PROTOCOL_TCP, exact == 1);
        by[1][exact] = everything_by(inquiry, set, pair, PROTOCOL_UDP, exact == 1);
    }
    for (int exact = 1; exact >= 0; exact--) {
        const struct flow *tcp = by[0][exact], *udp = by[1][exact], *first = tcp != NULL ? tcp : udp;
        if (first == NULL)
            continue;
        const char *which = names[udp == NULL ? 1 : tcp == NULL ? 2 : 0];
        const char *subject = flow_facts_pair(inquiry->arena, set, first);
        if (exact == 0) {
            answer_missing(inquiry, "whether every %s port passes from %s: %s", which, subject, why_possible(first));
            return false;
        }
        answer(inquiry, CONTROL_FAIL, subject, NULL, "every %s port passes%s", which,
               first->to == SEGMENT_INTERNET ? ", to everywhere" : "");
        flow_facts_refer(inquiry, set, first);
        return false;
    }
    return true;
}

static void flows_are_selective(struct inquiry *inquiry)
{
    const struct segment_set *set = flow_facts_set(inquiry);
    if (set == NULL)
        return;
    bool outside = strcmp(fact_text(inquiry, "to", "inside"), "internet") == 0;
    const flow_list *flows = outside ? &set->outbound : &set->inside;
    size_t good = 0, at = 0, before = inquiry->control->evidence.count;
    while (at < flows->count) {
        const flow_list pair = next_pair(flows, &at);
        good += pair_is_selective(inquiry, set, &pair);
    }
    if (set->segments.count == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "segments", NULL, "the snapshot has no interface");
    else if (good > 0 || inquiry->control->evidence.count == before) {
        const char *one = outside ? "segment" : "pair of segments", *many = outside ? "segments" : "pairs of segments";
        const char *subject = arena_printf(inquiry->arena, "%zu %s", good, good == 1 ? one : many);
        answer(inquiry, CONTROL_PASS, good == 0 ? "segments" : subject, NULL,
               good == 0 ? (outside ? "none reaches the internet" : "nothing passes between them")
               : outside ? "reach the internet, and not everything of it"
                         : "with flows, and not everything passes");
        flow_facts_refer(inquiry, set, outside ? flows->items : NULL);
    }
}

const struct fact flow_facts[] = {
    {"flows-are-intended", false, (const char *const[]){"from=any|cde", "to=any|inside|internet|cde", NULL},
     flows_are_intended},
    {"flows-are-selective", false, (const char *const[]){"to=inside|internet", NULL}, flows_are_selective},
    {NULL, false, NULL, NULL},
};
