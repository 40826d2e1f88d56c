// The fact that PCI DSS's segmentation was tested from inside: what was asked of the cardholder data environment from
// each segment that is out of scope, and what became of it.
#include "rules/controls/account_facts.h"
#include "rules/controls/flow_facts.h"

#include "model/interface_kind.h"
#include "model/protocol.h"

static bool is_of_segment(const struct inquiry *inquiry, const struct segment *segment,
                          const struct network_interface *interface)
{
    const struct intent_segment *told = intent_segment_named(inquiry->input->intent, segment->id);
    if (told != NULL)
        return intent_holds(&told->select, inquiry->input->estate, interface);
    const struct intent *intent = inquiry->input->intent;
    for (size_t i = 0; i < intent->segments.count; i++) // what is in none
        if (intent_holds(&intent->segments.items[i].select, inquiry->input->estate, interface))
            return false;
    return true;
}

// "10.0.2.4 5432/tcp from eni-1"
static const char *place_from(struct inquiry *inquiry, const struct verdict *verdict, const char *eni_id)
{
    return arena_printf(inquiry->arena, "%s from %s", fact_place(inquiry, verdict), eni_id);
}

// What became of the questions that one interface asked of the environment.
struct seen_of_cde {
    struct map asked;  // address -> struct portset *, of TCP
    size_t silent;     // ports to which nothing came through
    size_t unknown;    // ports of which that is not known
    bool came_through; // something did
};

static void judge_seen(struct inquiry *inquiry, const struct inside_seen *seen, struct seen_of_cde *found)
{
    for (size_t i = 0; i < seen->verdicts->items.count; i++) {
        const struct verdict *verdict = &seen->verdicts->items.items[i];
        const struct endpoint *endpoint = exposure_endpoint(seen->view, verdict->address);
        size_t ports = (size_t)(verdict->high - verdict->low) + 1;
        char address[ADDRESS_TEXT];
        if (endpoint == NULL || endpoint->outside || !flow_facts_in_scope(inquiry, SCOPE_CDE, endpoint->interface))
            continue;
        address_format(verdict->address, address);
        struct portset *asked = map_get(&found->asked, address);
        if (asked == NULL) {
            asked = arena_new_of(inquiry->arena, struct portset);
            *asked = portset_empty;
            map_put(inquiry->arena, &found->asked, arena_strdup(inquiry->arena, address), asked);
        }
        if (verdict->protocol == PROTOCOL_TCP)
            *asked = portset_union(inquiry->arena, *asked, portset_of(inquiry->arena, verdict->low, verdict->high));
        bool through = verdict->observed == OBSERVED_OPEN || verdict->observed == OBSERVED_CLOSED;
        bool silent = verdict->kind == VERDICT_ENFORCED || verdict->kind == VERDICT_BLOCKED;
        found->came_through = found->came_through || through;
        found->silent += silent && !through ? ports : 0;
        found->unknown += !silent && !through ? ports : 0;
        if (!through)
            continue;
        answer(inquiry, CONTROL_FAIL, place_from(inquiry, verdict, seen->eni_id), NULL,
               "a packet came through from what is out of scope: %s", observed_names[verdict->observed]);
        answer_refer(inquiry, "%s#/verdicts/%zu", seen->path, i);
    }
}

// The environment's addresses that could be asked from there; what of them was not is missing.
static size_t ask_coverage(struct inquiry *inquiry, const struct inside_seen *seen, const struct seen_of_cde *found)
{
    const struct portset wanted = fact_ports(inquiry, "ports", "1-1023");
    size_t there = 0;
    for (size_t i = 0; i < seen->view->endpoints.count; i++) {
        const struct endpoint *endpoint = &seen->view->endpoints.items[i];
        char address[ADDRESS_TEXT];
        if (endpoint->outside || !flow_facts_in_scope(inquiry, SCOPE_CDE, endpoint->interface))
            continue;
        there++;
        endpoint_address(endpoint, address);
        const struct portset *asked = map_get(&found->asked, address);
        const struct portset left = asked == NULL ? wanted : portset_subtract(inquiry->arena, wanted, *asked);
        if (!portset_is_empty(left))
            answer_missing(inquiry, "answers of TCP ports %s of %s of %s, which were not asked from %s",
                           portset_format(inquiry->arena, left), address, endpoint->interface->id, seen->eni_id);
    }
    return there;
}

static void judge_vantage(struct inquiry *inquiry, const struct inside_seen *seen)
{
    struct seen_of_cde found = {0};
    judge_seen(inquiry, seen, &found);
    size_t there = ask_coverage(inquiry, seen, &found);
    if (found.unknown > 0)
        answer_missing(inquiry,
                       "answers about %zu ports of the cardholder environment from %s: silence that proves "
                       "nothing",
                       found.unknown, seen->eni_id);
    if (found.silent > 0 && !seen->sentinel_answered)
        answer_missing(inquiry,
                       "that the way was open while %s asked: no sentinel answered, by what %s tells, so that its "
                       "silence proves nothing",
                       seen->eni_id, seen->path);
    if (!seen->verdicts->complete)
        answer_missing(inquiry, "part of what %s tells: it is incomplete", seen->path);
    long most = fact_number(inquiry, "days", 366), age = account_days_since(seen->first_day, inquiry->input->today);
    if (age < 0 || age > most)
        answer_missing(inquiry, "observations from %s of the last %ld days: these are of %s", seen->eni_id, most,
                       seen->first_day == NULL ? "a day that is not told" : seen->first_day);
    if (found.came_through)
        return;
    if (there == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, seen->eni_id, NULL,
               "no route joins its VPC to one of the cardholder environment: nothing of it can be asked from there");
    else if (found.silent > 0 && seen->sentinel_answered)
        answer(
            inquiry, CONTROL_PASS, seen->eni_id, NULL,
            "%zu ports of %zu addresses of the cardholder environment were asked from %s on, and nothing came through",
            found.silent, there, seen->first_day == NULL ? "a day not told" : seen->first_day);
    else
        return;
    answer_refer(inquiry, "%s#/verdicts", seen->path);
}

// Kinds that ask for nothing of their own.
static bool asks_nothing(const struct network_interface *interface)
{
    enum interface_part part = interface_part_of(interface->type);
    return part == INTERFACE_PASSES_ON || part == INTERFACE_ANSWERS;
}

// Whether some interface of the segment is out of scope; *seen: one was asked from.
static bool is_outside(const struct inquiry *inquiry, const struct segment *segment, bool *seen)
{
    const struct fact_input *input = inquiry->input;
    bool any = false;
    for (size_t i = 0; i < input->estate->interfaces.count && !any; i++)
        any = is_of_segment(inquiry, segment, input->estate->interfaces.items[i]) &&
              !flow_facts_in_scope(inquiry, SCOPE_CONNECTED, input->estate->interfaces.items[i]);
    *seen = false;
    for (size_t i = 0; i < input->inside_count; i++)
        *seen = *seen || (is_of_segment(inquiry, segment, input->inside[i].asker) &&
                          !flow_facts_in_scope(inquiry, SCOPE_CONNECTED, input->inside[i].asker));
    return any;
}

static bool is_alike(const struct network_interface *a, const struct network_interface *b)
{
    return a->groups != NULL && b->groups != NULL && !a->groups_unsure && !b->groups_unsure &&
           strcmp(a->groups->key, b->groups->key) == 0 && text_same(a->place->vpc_id, b->place->vpc_id) &&
           text_same(a->place->subnet_id, b->place->subnet_id);
}

// What is in no segment has nothing in common that somebody named: only who has the same groups and subnet stands for
// another one.
static void ask_others(struct inquiry *inquiry, const struct segment *segment)
{
    const struct fact_input *input = inquiry->input;
    const struct network_interface *first = NULL;
    size_t lacking = 0;
    for (size_t i = 0; i < input->estate->interfaces.count; i++) {
        const struct network_interface *one = input->estate->interfaces.items[i];
        bool seen = !is_of_segment(inquiry, segment, one) || flow_facts_in_scope(inquiry, SCOPE_CONNECTED, one) ||
                    asks_nothing(one);
        for (size_t k = 0; k < input->inside_count && !seen; k++)
            seen = is_alike(one, input->inside[k].asker);
        if (seen)
            continue;
        lacking++;
        first = first == NULL || strcmp(one->id, first->id) < 0 ? one : first;
    }
    if (lacking > 0)
        answer_missing(inquiry,
                       "observations from inside: nothing was asked from %s%s, in no segment, or one of the same "
                       "groups and subnet",
                       first->id,
                       lacking == 1 ? "" : arena_printf(inquiry->arena, " and %zu more interfaces", lacking - 1));
}

static void isolation_is_observed(struct inquiry *inquiry)
{
    const struct fact_input *input = inquiry->input;
    const struct segment_set *set = flow_facts_set(inquiry);
    size_t others = 0;
    if (set == NULL || !flow_facts_have_cde(inquiry, set))
        return;
    for (size_t i = 0; i < set->segments.count; i++) {
        const struct segment *segment = &set->segments.items[i];
        bool seen;
        if (segment->interfaces == 0 || flow_facts_scope(inquiry, segment) != SCOPE_OUT ||
            !is_outside(inquiry, segment, &seen))
            continue;
        others++;
        if (intent_segment_named(input->intent, segment->id) == NULL)
            ask_others(inquiry, segment);
        else if (!seen)
            answer_missing(inquiry, "observations from inside: nothing was asked from an interface of %s", segment->id);
    }
    if (others == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "segments", NULL, "every interface is in scope");
    for (size_t i = 0; i < input->inside_count; i++)
        if (!flow_facts_in_scope(inquiry, SCOPE_CONNECTED, input->inside[i].asker))
            judge_vantage(inquiry, &input->inside[i]);
}

// ---- What came through, wherever it was asked from inside

// Whether a fact's `from` and `to` ask about what one interface asked of a place.
static bool is_asked_about(const struct inquiry *inquiry, const struct inside_seen *seen, const struct verdict *verdict)
{
    const struct endpoint *endpoint = exposure_endpoint(seen->view, verdict->address);
    bool outside = endpoint == NULL || endpoint->outside;
    const char *to = fact_text(inquiry, "to", "any");
    if (strcmp(fact_text(inquiry, "from", "any"), "cde") == 0 && !flow_facts_in_scope(inquiry, SCOPE_CDE, seen->asker))
        return false;
    if (strcmp(to, "cde") == 0)
        return !outside && flow_facts_in_scope(inquiry, SCOPE_CDE, endpoint->interface);
    return strcmp(to, "internet") != 0 || outside;
}

static void nothing_undeclared_inside(struct inquiry *inquiry)
{
    const struct fact_input *input = inquiry->input;
    size_t good = 0, asked = 0;
    for (size_t i = 0; i < input->inside_count; i++) {
        const struct inside_seen *seen = &input->inside[i];
        size_t before = asked;
        for (size_t v = 0; v < seen->verdicts->items.count; v++) {
            const struct verdict *verdict = &seen->verdicts->items.items[v];
            bool through = verdict->observed == OBSERVED_OPEN || verdict->observed == OBSERVED_CLOSED;
            bool forbidden = verdict->intent == INTENT_FORBIDDEN;
            size_t ports = (size_t)(verdict->high - verdict->low) + 1;
            if (!is_asked_about(inquiry, seen, verdict))
                continue;
            asked += ports;
            if (!through || (verdict->kind != VERDICT_UNDECLARED && !forbidden)) {
                good += verdict->kind == VERDICT_UNVERIFIED ? 0 : ports;
                continue;
            }
            answer(inquiry, CONTROL_FAIL, place_from(inquiry, verdict, seen->eni_id), NULL,
                   "a packet came through (%s)%s%s", observed_names[verdict->observed],
                   verdict->kind == VERDICT_UNDECLARED ? " where the configuration says none can" : "",
                   !forbidden ? ""
                   : verdict->intent_rule == NULL
                       ? ", which the intent forbids"
                       : arena_printf(inquiry->arena, ", which rule %s of the intent forbids", verdict->intent_rule));
            answer_refer(inquiry, "%s#/verdicts/%zu", seen->path, v);
        }
        if (asked > before && !seen->verdicts->complete)
            answer_missing(inquiry, "part of what %s tells: it is incomplete", seen->path);
    }
    answer_rest(inquiry, good, "port", "ports",
                "asked from inside, and what came through is declared and not forbidden");
    if (asked == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "inside", NULL, "nothing of it was asked from inside");
}

const struct fact isolation_facts[] = {
    {"nothing-undeclared-inside", false, (const char *const[]){"from=any|cde", "to=any|cde|internet", NULL},
     nothing_undeclared_inside},
    {"isolation-is-observed", false, (const char *const[]){"days=count", "ports=ports", NULL}, isolation_is_observed},
    {NULL, false, NULL, NULL},
};
