// Facts of what was declared, observed and intended together.
#include "model/protocol.h"
#include "rules/controls/facts.h"
#include "rules/intent/intent_index.h"
#include "rules/intent/intent_parts.h"

// References to what is not in the snapshot.
static void answer_about(struct inquiry *inquiry, enum control_result result, size_t number, const char *detail)
{
    const struct verdict *verdict = &inquiry->input->verdicts->items.items[number];
    answer(inquiry, result, fact_place(inquiry, verdict), NULL, "%s", detail);
    answer_refer(inquiry, "verdicts.json#/verdicts/%zu", number);
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

// ---- What the configuration lets in, from whichever address: a probe asks from one, or a few

// Whether what a rule of the intent allows counts; `owned`: only with owner and reason.
static bool is_good(const struct intent_part *part, bool owned)
{
    return part->allowed && (!owned || (part->rule != NULL && part->rule->owner != NULL && part->rule->reason != NULL));
}

static const char *ports_key(struct arena *arena, const char *address, int protocol)
{
    return arena_printf(arena, "%s %d", address, protocol);
}

// The part of a rectangle that is not good, less the ports that verdicts have answered; none where nothing of it counts
// as the internet.
static struct portmap not_good(struct inquiry *inquiry, struct arena *arena, const struct endpoint *endpoint,
                               const intent_rule_list *rules, const struct exposure *one, const struct portset *told,
                               bool owned)
{
    enum family family = endpoint->address.family;
    struct portset ports = portset_of(arena, one->low, one->high);
    struct portmap bad = portmap_empty;
    intent_part_list parts = {0};
    if (told != NULL && one->protocol_low == one->protocol_high)
        ports = protocol_has_ports(one->protocol_low) ? portset_subtract(arena, ports, *told) : portset_empty;
    intent_parts(arena, inquiry->input->intent, rules, one->protocol_low, one->protocol_high, family,
                 portmap_of(arena, ports, one->sources), inquiry->input->today, false, &parts);
    for (size_t i = 0; i < parts.count; i++)
        if (!is_good(&parts.items[i], owned))
            bad = portmap_union(arena, bad, parts.items[i].map);
    if (portmap_from_sources(arena, bad, prefixset_internet(arena, family)).count == 0)
        return portmap_empty;
    return bad;
}

static void fix_by_all(struct inquiry *inquiry, const text_list *commands)
{
    const char *all = "";
    for (size_t i = 0; i < commands->count; i++)
        all = arena_printf(inquiry->arena, "%s%s%s", all, i == 0 ? "" : " && ", commands->items[i]);
    if (commands->count > 0)
        answer_fix(inquiry, "%s", all);
}

static void answer_declared(struct inquiry *inquiry, size_t number, const struct exposure *one, struct portmap bad,
                            const char *why)
{
    struct arena *arena = inquiry->arena;
    const struct endpoint *endpoint = &inquiry->input->exposures->endpoints.items[number];
    struct prefixset sources = prefixset_empty;
    struct portset ports = portset_empty;
    char address[ADDRESS_TEXT];
    endpoint_address(endpoint, address);
    for (size_t i = 0; i < bad.count; i++) {
        sources = prefixset_union(arena, sources, bad.segments[i].sources);
        ports = portset_union(arena, ports, portset_of(arena, bad.segments[i].low, bad.segments[i].high));
    }
    const char *protocol = exposure_protocol(arena, one),
               *place = protocol_has_ports(one->protocol_low) && one->protocol_low == one->protocol_high
                            ? arena_printf(arena, "%s %s/%s", address, portset_format(arena, ports), protocol)
                            : arena_printf(arena, "%s protocol %s", address, protocol),
               *from = prefixset_brief(arena, endpoint->address.family, sources);
    if (one->certainty == CERTAINTY_POSSIBLE) {
        answer_missing(inquiry, "whether %s is reachable from %s, which is possible, and %s", place, from, why);
        return;
    }
    answer(inquiry, CONTROL_FAIL, place, NULL, "the configuration lets %s in%s, and %s", from,
           endpoint->dormant ? " once it is started or attached" : "", why);
    answer_refer(inquiry, "exposure.json#/endpoints/%zu", number);
}

// Every rectangle of what is declared that the intent does not allow, or not `owned`; `told`: what verdicts have
// answered, ports by address and protocol.
static void judge_declared(struct inquiry *inquiry, const struct map *told, bool owned, const char *why)
{
    const struct exposure_set *exposures = inquiry->input->exposures;
    struct arena *scratch = arena_new();
    const struct intent_index *index = intent_index_of(inquiry->arena, inquiry->input->intent, inquiry->input->estate);
    for (size_t i = 0; i < exposures->endpoints.count; i++) {
        const struct endpoint *endpoint = &exposures->endpoints.items[i];
        intent_rule_list rules = {0};
        char address[ADDRESS_TEXT];
        endpoint_address(endpoint, address);
        intent_index_select(index, scratch, endpoint, &rules);
        for (size_t x = 0; endpoint->exposures != NULL && x < endpoint->exposures->count; x++) {
            const struct exposure *one = &endpoint->exposures->items[x];
            if (!one->internet || one->path != PATH_TWO_WAY)
                continue;
            struct portmap bad = not_good(inquiry, scratch, endpoint, &rules, one,
                                          map_get(told, ports_key(scratch, address, one->protocol_low)), owned);
            if (bad.count > 0)
                answer_declared(inquiry, i, one, bad, why);
        }
        arena_reset(scratch);
    }
    arena_free(scratch);
}

// Places that answer or are declared to let the internet in, each by the intent.
static void judge_exposure(struct inquiry *inquiry, bool owned)
{
    size_t good = 0;
    struct map told = {0};
    const char *why = owned ? "no owner and reason are recorded for it" : "no rule of the intent allows it";
    if (inquiry->input->intent == NULL)
        answer_missing(inquiry, "an intent file, which %s",
                       owned ? "names owner and reason of what is public" : "says what is meant to be public");
    if (!probed(inquiry) || inquiry->input->intent == NULL)
        return;
    for (size_t i = 0; i < inquiry->input->verdicts->items.count; i++) {
        const struct verdict *verdict = &inquiry->input->verdicts->items.items[i];
        bool has_owner = verdict->intent_owner != NULL && verdict->intent_reason != NULL;
        if (!is_open_path(verdict))
            continue;
        if (verdict->intent == INTENT_EXPECTED && (!owned || has_owner)) {
            good++;
            continue;
        }
        char address[ADDRESS_TEXT];
        address_format(verdict->address, address);
        const char *key = ports_key(inquiry->arena, address, verdict->protocol);
        const struct portset *before = map_get(&told, key);
        struct portset *ports = arena_new_of(inquiry->arena, struct portset);
        *ports = portset_of(inquiry->arena, verdict->low, verdict->high);
        *ports = before == NULL ? *ports : portset_union(inquiry->arena, *ports, *before);
        map_put(inquiry->arena, &told, key, ports);
        answer_about(inquiry, CONTROL_FAIL, i,
                     owned ? why : arena_printf(inquiry->arena, "%s, and %s", verdict_names[verdict->kind], why));
        if (!owned)
            fix_by_all(inquiry, &verdict->suggested);
    }
    note_incomplete(inquiry);
    judge_declared(inquiry, &told, owned, why);
    answer_rest(inquiry, good, "reachable place", "reachable places",
                owned ? "each with owner and reason" : "each allowed by a rule of the intent");
}

static void exposure_is_intended(struct inquiry *inquiry)
{
    judge_exposure(inquiry, false);
}

static void exposure_has_owner(struct inquiry *inquiry)
{
    judge_exposure(inquiry, true);
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
