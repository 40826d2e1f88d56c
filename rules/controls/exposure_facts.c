// Facts of what was declared, observed and intended together.
#include "model/protocol.h"
#include "rules/controls/facts.h"

static const char *place_of(struct inquiry *inquiry, const struct verdict *verdict)
{
    char address[ADDRESS_TEXT];
    address_format(verdict->address, address);
    const char *protocol = protocol_name(inquiry->arena, verdict->protocol);
    if (!protocol_has_ports(verdict->protocol))
        return arena_printf(inquiry->arena, "%s echo/%s", address, protocol);
    return arena_printf(inquiry->arena, "%s %s/%s", address,
                        portset_format(inquiry->arena, portset_of(inquiry->arena, verdict->low, verdict->high)),
                        protocol);
}

static const char *reference_to(struct inquiry *inquiry, size_t verdict)
{
    return arena_printf(inquiry->arena, "verdicts.json#/verdicts/%zu", verdict);
}

// References to what is not in the snapshot.
static void answer_about(struct inquiry *inquiry, enum control_result result, size_t number, const char *detail)
{
    const struct verdict *verdict = &inquiry->input->verdicts->items.items[number];
    answer(inquiry, result, place_of(inquiry, verdict), NULL, "%s", detail);
    inquiry->control->evidence.items[inquiry->control->evidence.count - 1].reference = reference_to(inquiry, number);
}

static bool probed(struct inquiry *inquiry)
{
    if (inquiry->input->verdicts == NULL)
        answer_missing(inquiry, "observations: nothing was probed");
    return inquiry->input->verdicts != NULL;
}

static bool is_open_path(const struct verdict *verdict)
{
    return verdict->kind == VERDICT_CONFIRMED || verdict->kind == VERDICT_LATENT ||
           verdict->kind == VERDICT_UNDECLARED || verdict->kind == VERDICT_UNCONFIRMED;
}

static void note_incomplete(struct inquiry *inquiry)
{
    if (!inquiry->input->verdicts->complete)
        answer_missing(inquiry, "part of the configuration or of the probe: the run is incomplete");
}

static void exposure_is_intended(struct inquiry *inquiry)
{
    size_t good = 0;
    if (inquiry->input->intent == NULL)
        answer_missing(inquiry, "an intent file, which says what is meant to be public");
    if (!probed(inquiry) || inquiry->input->intent == NULL)
        return;
    for (size_t i = 0; i < inquiry->input->verdicts->items.count; i++) {
        const struct verdict *verdict = &inquiry->input->verdicts->items.items[i];
        if (!is_open_path(verdict))
            continue;
        if (verdict->intent == INTENT_EXPECTED)
            good++;
        else
            answer_about(
                inquiry, CONTROL_FAIL, i,
                arena_printf(inquiry->arena, "%s, and no rule of the intent allows it", verdict_names[verdict->kind]));
    }
    note_incomplete(inquiry);
    answer_rest(inquiry, good, "reachable place", "reachable places", "each allowed by a rule of the intent");
}

static void exposure_has_owner(struct inquiry *inquiry)
{
    size_t good = 0;
    if (inquiry->input->intent == NULL)
        answer_missing(inquiry, "an intent file, which names owner and reason of what is public");
    if (!probed(inquiry) || inquiry->input->intent == NULL)
        return;
    for (size_t i = 0; i < inquiry->input->verdicts->items.count; i++) {
        const struct verdict *verdict = &inquiry->input->verdicts->items.items[i];
        if (!is_open_path(verdict))
            continue;
        if (verdict->intent == INTENT_EXPECTED && verdict->intent_owner != NULL && verdict->intent_reason != NULL)
            good++;
        else
            answer_about(inquiry, CONTROL_FAIL, i, "no owner and reason are recorded for it");
    }
    note_incomplete(inquiry);
    answer_rest(inquiry, good, "reachable place", "reachable places", "each with owner and reason");
}

static void nothing_undeclared(struct inquiry *inquiry)
{
    size_t good = 0;
    if (!probed(inquiry))
        return;
    for (size_t i = 0; i < inquiry->input->verdicts->items.count; i++) {
        const struct verdict *verdict = &inquiry->input->verdicts->items.items[i];
        size_t ports = (size_t)(verdict->high - verdict->low) + 1;
        bool declared = verdict->declared == DECLARED_REACHABLE || verdict->declared == DECLARED_POSSIBLE;
        if (verdict->accepts > 0)
            answer_about(inquiry, CONTROL_FAIL, i, "the host answers on every port, whatever the configuration says");
        else if (verdict->accepting && !declared)
            continue;
        else if (verdict->kind == VERDICT_UNDECLARED)
            answer_about(inquiry, CONTROL_FAIL, i, "a packet came through where the configuration says none can");
        else if (verdict->kind != VERDICT_UNVERIFIED)
            good += ports;
    }
    note_incomplete(inquiry);
    answer_rest(inquiry, good, "port", "ports", "asked, and nothing came through that the configuration stops");
}

static void scanned_from_outside(struct inquiry *inquiry)
{
    if (!probed(inquiry))
        return;
    const struct verdict_set *set = inquiry->input->verdicts;
    note_incomplete(inquiry);
    if (set->complete && set->endpoints == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "public addresses", NULL, "there are none");
    else if (set->complete && set->asked == 0)
        answer_missing(inquiry, "a scan: none of the ports was asked");
    else if (set->complete)
        answer(inquiry, CONTROL_PASS, set->vantage == NULL ? "the internet at large" : set->vantage, NULL,
               "%zu ports of %zu %s were asked on %s, and the run is complete", set->asked, set->endpoints,
               set->endpoints == 1 ? "endpoint" : "endpoints", inquiry->input->today);
}

static const char *const none[] = {NULL};

const struct fact exposure_facts[] = {
    {"exposure-is-intended", false, none, exposure_is_intended},
    {"exposure-has-owner", false, none, exposure_has_owner},
    {"nothing-undeclared", false, none, nothing_undeclared},
    {"scanned-from-outside", false, none, scanned_from_outside},
    {NULL, false, NULL, NULL},
};
