#include "pipeline/derive_change.h"

#include <stdlib.h>

#include "aws/snapshot.h"
#include "pipeline/derive_flows.h"
#include "pipeline/forecast.h"
#include "model/protocol.h"

// Of an endpoint whose address only apply tells, which new one it became: one at most, so that a second one that the
// plan does not tell of is seen.
struct claimed_endpoint {
    const struct endpoint *planned;
    const struct endpoint *done;
};

struct deriving {
    struct arena *arena;
    VECTOR(struct claimed_endpoint) claims;
    const struct change_now *now;
    struct change_derivation *change;
};

bool change_is_planned(const struct change_given *given)
{
    return given->plans[PLAN_TERRAFORM].count + given->plans[PLAN_CHANGESET].count > 0;
}

const char *change_plan_name(struct arena *arena, enum plan_form form, size_t index)
{
    const char *name = form == PLAN_TERRAFORM ? "terraform" : "changeset";
    return index == 0 ? arena_printf(arena, "%s.json", name) : arena_printf(arena, "%s-%zu.json", name, index + 1);
}

bool change_apply_plans(struct estate *estate, const struct change_given *given, struct terraform_report *report,
                        struct error *error)
{
    const text_list *plans = &given->plans[PLAN_TERRAFORM], *sets = &given->plans[PLAN_CHANGESET];
    report->without_folders = true;
    for (size_t i = 0; i < plans->count; i++)
        GUARD(terraform_apply(estate, plans->items[i], report, error));
    return changeset_apply(estate, sets->items, sets->count, report, error);
}

static struct address address_of(const struct endpoint *endpoint)
{
    return (struct address){endpoint->address.family, endpoint->address.first};
}

static struct portmap map_of(struct arena *arena, const struct change *change)
{
    return portmap_from(arena, &(struct port_segment){change->low, change->high, change->sources}, 1);
}

// ---- Planned and done

static bool is_pending(const struct endpoint *endpoint)
{
    return endpoint->address.first < PENDING_ADDRESSES;
}

// Whether what was done may be what was planned.
static bool is_about(const struct deriving *deriving, const struct change *done, const struct change *planned)
{
    if (done->kind != planned->kind || done->path != planned->path ||
        (done->endpoint == NULL) != (planned->endpoint == NULL))
        return false;
    if (done->endpoint == NULL)
        return address_equal(done->indirect->private_address, planned->indirect->private_address) &&
               done->indirect->family == planned->indirect->family &&
               text_same(done->indirect->load_balancer, planned->indirect->load_balancer);
    if (done->endpoint->address.family != planned->endpoint->address.family)
        return false;
    if (!is_pending(planned->endpoint))
        return address_equal(address_of(done->endpoint), address_of(planned->endpoint));
    for (size_t i = 0; i < deriving->claims.count; i++)
        if (deriving->claims.items[i].planned == planned->endpoint)
            return deriving->claims.items[i].done == done->endpoint;
    return false;
}

// How many rectangles that opened at a new endpoint lie whole within those planned for one that is pending.
static size_t alike(struct deriving *deriving, const struct endpoint *done, const struct endpoint *planned)
{
    const struct difference *did = deriving->change->done, *meant = deriving->change->meant;
    struct arena *arena = arena_new();
    size_t count = 0;
    for (size_t i = 0; i < did->changes.count; i++) {
        const struct change *one = &did->changes.items[i];
        struct portmap rest = map_of(arena, one);
        for (size_t p = 0; p < meant->changes.count && one->endpoint == done; p++) {
            const struct change *other = &meant->changes.items[p];
            if (other->endpoint == planned && other->kind == one->kind && other->path == one->path &&
                other->protocol_low <= one->protocol_low && one->protocol_high <= other->protocol_high)
                rest = portmap_subtract(arena, rest, map_of(arena, other));
        }
        count += one->endpoint == done && rest.count == 0;
    }
    arena_free(arena);
    return count;
}

static bool is_claimed(const struct deriving *deriving, const struct endpoint *planned)
{
    for (size_t i = 0; i < deriving->claims.count; i++)
        if (deriving->claims.items[i].planned == planned)
            return true;
    return false;
}

// The pending endpoint that is most like a new one, and not yet another's.
static void claim(struct deriving *deriving, const struct endpoint *done)
{
    const struct difference *meant = deriving->change->meant;
    const struct endpoint *best = NULL, *last = NULL;
    size_t most = 0;
    for (size_t p = 0; p < meant->changes.count; p++) {
        const struct endpoint *planned = meant->changes.items[p].endpoint;
        if (planned == NULL || planned == last || !is_pending(planned) || is_claimed(deriving, planned) ||
            planned->address.family != done->address.family)
            continue;
        size_t count = alike(deriving, done, planned);
        last = planned;
        if (count > most) {
            most = count;
            best = planned;
        }
    }
    if (best != NULL)
        *vector_add(deriving->arena, &deriving->claims) = (struct claimed_endpoint){best, done};
}

static void find_claims(struct deriving *deriving)
{
    const struct change_derivation *change = deriving->change;
    const struct endpoint *last = NULL;
    for (size_t i = 0; change->meant != NULL && i < change->done->changes.count; i++) {
        const struct endpoint *one = change->done->changes.items[i].endpoint;
        if (one == NULL || one == last || change->done->changes.items[i].kind != CHANGE_OPENED)
            continue;
        last = one;
        bool known = exposure_endpoint_at(change->base.exposures, one->address) != NULL;
        for (size_t c = 0; c < deriving->claims.count && !known; c++)
            known = deriving->claims.items[c].done == one;
        if (!known)
            claim(deriving, one);
    }
}

// The part of `one` that none of `others` is about, and, where `common` is not NULL, the part that they are.
static struct portmap without(const struct deriving *deriving, const struct change *one,
                              const struct difference *others, bool one_is_done, struct portmap *common)
{
    struct arena *arena = deriving->arena;
    struct portmap rest = map_of(arena, one), whole = rest;
    for (size_t i = 0; i < others->changes.count && rest.count > 0; i++) {
        const struct change *other = &others->changes.items[i];
        if (other->protocol_low <= one->protocol_low && one->protocol_high <= other->protocol_high &&
            (one_is_done ? is_about(deriving, one, other) : is_about(deriving, other, one)))
            rest = portmap_subtract(arena, rest, map_of(arena, other));
    }
    if (common != NULL)
        *common = portmap_subtract(arena, whole, rest);
    return rest;
}

// ---- What can be seen

static const char *unseen(const struct deriving *deriving, const struct change *change, const struct vantage *vantage,
                          bool ours)
{
    static const int echoes[] = {8 << 8, 128 << 8};
    if (change->endpoint == NULL)
        return "is behind a load balancer or a service: no probe of its own can see it";
    if (is_pending(change->endpoint))
        return "has an address that only apply tells";
    if (!change->internet)
        return "no source of the internet can use it";
    if (vantage == NULL)
        return "there is no vantage of its address family";
    if (!ours)
        return "the vantage is not one of its sources";
    if (change->endpoint->address.length != family_width(change->endpoint->address.family))
        return "is a delegated prefix, whose addresses are not enumerated";
    const struct endpoint *now = exposure_endpoint_at(deriving->now->declared->exposures, change->endpoint->address);
    if (now == NULL || now->gateway == GATEWAY_NONE)
        return "its address is no longer one of the configuration's, so it was not asked";
    if (change->path == PATH_INBOUND_ONLY)
        return "no reply leaves, so no answer can show it";
    int echo = echoes[change->endpoint->address.family == FAMILY_IPV6];
    if (protocol_is_icmp(change->protocol_low))
        return change->low <= echo && echo <= change->high ? NULL : "of ICMP only echo is asked";
    return protocol_has_ports(change->protocol_low) && change->protocol_low == change->protocol_high
               ? NULL
               : "no probe can ask its protocol";
}

// ---- What the intent has against it

static struct address judged_source(struct deriving *deriving, const struct change *change,
                                    const struct vantage *vantage, bool ours)
{
    if (ours)
        return vantage->address;
    enum family family = change->endpoint->address.family;
    struct prefixset internet =
        prefixset_intersect(deriving->arena, change->sources, prefixset_internet(deriving->arena, family));
    return (struct address){family, (internet.count > 0 ? internet : change->sources).ranges[0].low};
}

static const char *against(struct deriving *deriving, const intent_rule_list *rules, const struct change *change,
                           struct address source)
{
    const struct intent *intent = deriving->now->intent;
    const struct intent_rule *expired = NULL;
    const struct intent_rule *rule =
        intent_first(rules, change->protocol_low, change->low, source, deriving->now->today, &expired);
    bool allowed = rule != NULL ? rule->allow : intent->default_allow;
    if (change->kind == CHANGE_CLOSED)
        return rule == NULL || !rule->allow
                   ? NULL
                   : arena_printf(deriving->arena, "the intent's rule %s expects it", rule->id);
    return allowed        ? NULL
           : rule == NULL ? "the intent does not allow it"
                          : arena_printf(deriving->arena, "the intent's rule %s forbids it", rule->id);
}

static void add_movement(struct deriving *deriving, struct movement movement, const struct estate *estate)
{
    struct arena *arena = deriving->arena;
    const struct intent *intent = deriving->now->intent;
    const struct vantage_list *vantages = deriving->now->vantages;
    struct change *change = &movement.change;
    const struct vantage *vantage =
        change->endpoint == NULL ? NULL
                                 : vantage_of(vantages->items.items, vantages->items.count, change->endpoint->address);
    movement.ours = vantage != NULL && prefixset_holds(change->sources, vantage->address.bits);
    movement.unseen = unseen(deriving, change, vantage, movement.ours);
    if (intent == NULL || change->endpoint == NULL || !change->internet || change->kind == CHANGE_ALTERED) {
        *vector_add(arena, &deriving->change->movements) = movement;
        return;
    }
    intent_rule_list rules = {0};
    struct address source = judged_source(deriving, change, vantage, movement.ours);
    intent_select(arena, intent, estate, change->endpoint, &rules);
    uint32_t last = change->high;
    for (uint32_t port = change->low, end; port <= last; port = end + 1) {
        end = last;
        for (size_t i = 0; i < rules.count && protocol_has_ports(change->protocol_low); i++)
            for (size_t r = 0; r < rules.items[i]->ports.count; r++) {
                const struct port_range *range = &rules.items[i]->ports.ranges[r];
                if (range->low > port && range->low - 1u < end)
                    end = range->low - 1u;
                if (range->high >= port && range->high < end)
                    end = range->high;
            }
        struct movement part = movement;
        part.change.low = (uint16_t)port;
        part.change.high = (uint16_t)end;
        part.against = against(deriving, &rules, &part.change, source);
        *vector_add(arena, &deriving->change->movements) = part;
    }
}

static void add_parts(struct deriving *deriving, const struct movement *of, struct portmap parts,
                      const struct estate *estate)
{
    for (size_t s = 0; s < parts.count; s++) {
        struct movement movement = *of;
        movement.change.low = parts.segments[s].low;
        movement.change.high = parts.segments[s].high;
        movement.change.sources = parts.segments[s].sources;
        add_movement(deriving, movement, estate);
    }
}

// The resources behind what of the plan a movement is, or is a part of.
static change_resource_list resources_of(const struct deriving *deriving, const struct change *done)
{
    const struct difference *meant = deriving->change->meant;
    const struct forecast_given given = {.report = &deriving->change->terraform};
    change_resource_list resources = {0};
    for (size_t i = 0; i < meant->changes.count; i++) {
        const struct change *other = &meant->changes.items[i];
        if (other->protocol_low <= done->protocol_low && done->protocol_high <= other->protocol_high &&
            other->low <= done->high && done->low <= other->high && prefixset_overlap(other->sources, done->sources) &&
            is_about(deriving, done, other))
            forecast_resources(deriving->arena, &given, other, &resources);
    }
    return resources;
}

static void find_movements(struct deriving *deriving)
{
    const struct forecast_given told = {.report = &deriving->change->terraform};
    struct change_derivation *change = deriving->change;
    const struct estate *base = change->base.estate, *now = deriving->now->declared->estate;
    for (size_t i = 0; i < change->done->changes.count; i++) {
        const struct change *one = &change->done->changes.items[i];
        struct portmap meant = map_of(deriving->arena, one), rest = {0};
        change_resource_list resources = {0};
        if (change->meant != NULL) {
            rest = without(deriving, one, change->meant, true, &meant);
            resources = resources_of(deriving, one);
        }
        add_parts(deriving, &(struct movement){.change = *one, .meaning = MOVEMENT_MEANT, .resources = resources},
                  meant, one->kind == CHANGE_CLOSED ? base : now);
        add_parts(deriving, &(struct movement){.change = *one, .meaning = MOVEMENT_NOT_MEANT}, rest,
                  one->kind == CHANGE_CLOSED ? base : now);
    }
    for (size_t i = 0; change->meant != NULL && i < change->meant->changes.count; i++) {
        const struct change *one = &change->meant->changes.items[i];
        struct movement movement = {.change = *one, .meaning = MOVEMENT_NOT_DONE};
        forecast_resources(deriving->arena, &told, one, &movement.resources);
        add_parts(deriving, &movement, without(deriving, one, change->done, false, NULL),
                  one->kind == CHANGE_CLOSED ? base : change->planned.estate);
    }
}

// ---- What is asked

static int by_place(const void *left, const void *right)
{
    const struct answered_ports *a = left, *b = right;
    return place_compare(a->address, a->protocol, b->address, b->protocol);
}

static void find_moved(struct deriving *deriving)
{
    struct arena *arena = deriving->arena;
    struct answered *moved = &deriving->change->moved;
    size_t kept = 0;
    for (size_t i = 0; i < deriving->change->movements.count; i++) {
        const struct movement *one = &deriving->change->movements.items[i];
        if (one->unseen == NULL && protocol_has_ports(one->change.protocol_low))
            *vector_add(arena, &moved->items) =
                (struct answered_ports){address_of(one->change.endpoint), one->change.protocol_low,
                                        portset_of(arena, one->change.low, one->change.high), portset_empty};
    }
    if (moved->items.count == 0)
        return;
    qsort(moved->items.items, moved->items.count, sizeof(*moved->items.items), by_place);
    for (size_t i = 1; i < moved->items.count; i++) {
        struct answered_ports *last = &moved->items.items[kept], *next = &moved->items.items[i];
        if (by_place(last, next) == 0)
            last->open = portset_union(arena, last->open, next->open);
        else
            moved->items.items[++kept] = *next;
    }
    moved->items.count = (uint32_t)kept + 1;
}

static bool read_declared(const char *folder, struct declared *into, struct error *error)
{
    GUARD(declared_read_checked(folder, into, error));
    return into->estate->unreadable == NULL || error_set(error, ERROR_INCOMPLETE, "%s", into->estate->unreadable);
}

bool change_derive(struct arena *arena, const struct change_given *given, const struct change_now *now,
                   struct change_derivation *change, struct error *error)
{
    struct deriving deriving = {.arena = arena, .now = now, .change = change};
    GUARD(read_declared(given->base, &change->base, error));
    struct side before = {change->base.estate, change->base.exposures, false};
    struct side after = {now->declared->estate, now->declared->exposures, false};
    struct side planned = {0};
    if (change_is_planned(given)) {
        change->planned.estate = snapshot_read(given->base, error);
        GUARD(change->planned.estate != NULL &&
              change_apply_plans(change->planned.estate, given, &change->terraform, error));
        change->planned.exposures = reach_compute(change->planned.estate);
        planned = (struct side){change->planned.estate, change->planned.exposures, true};
        change->meant = diff_compute(&before, &planned);
    }
    change->done = diff_compute(&before, &after);
    derive_flows(arena, now, &before, &after, change_is_planned(given) ? &planned : NULL, change);
    find_claims(&deriving);
    find_movements(&deriving);
    find_moved(&deriving);
    return true;
}

// ---- The end

static void lack(struct arena *arena, struct change_report *report, const char *text)
{
    *vector_add(arena, &report->missing) = text;
    report->complete = false;
}

// What lacks for what gets out and who reaches whom inside, beside what lacks for what comes in: of the whole where
// rules of the intent rest on it, else of that part alone.
static void lack_flows(struct arena *arena, const struct change_derivation *change, struct change_report *report)
{
    static const char *const sides[] = {"before", "now"};
    text_list gaps = {0};
    report->flows = change->flows;
    if (change->flows == NULL)
        return;
    flow_diff_gaps(arena, change->flows_done, sides, &report->missing, &gaps);
    for (size_t i = 0; i < change->terraform.carriers.count; i++)
        text_list_add(arena, &gaps, arena_printf(arena, "plan: %s", change->terraform.carriers.items[i]));
    for (size_t i = 0; i < gaps.count; i++)
        if (change->flows_are_ruled)
            lack(arena, report, gaps.items[i]);
        else
            text_list_add(arena, &change->flows->missing, gaps.items[i]);
}

void change_conclude(struct arena *arena, struct change_derivation *change, const struct verdict_set *now,
                     const struct verdict_set *before, const drift_list *drift, const char *why_not)
{
    struct change_report *report = &change->report;
    *report = (struct change_report){.complete = now->complete,
                                     .planned = change->meant != NULL,
                                     .answers_before = before != NULL,
                                     .vantage = now->vantage};
    for (size_t i = 0; i < now->missing.count; i++)
        *vector_add(arena, &report->missing) = now->missing.items[i];
    text_list gaps = exposure_set_gaps(arena, change->base.exposures);
    for (size_t i = 0; i < gaps.count; i++)
        lack(arena, report, arena_printf(arena, "before: %s", gaps.items[i]));
    for (size_t i = 0; i < change->terraform.unknown.count; i++)
        lack(arena, report, arena_printf(arena, "plan: %s", change->terraform.unknown.items[i]));
    for (size_t i = 0; i < change->done->unknown.count; i++)
        lack(arena, report, change->done->unknown.items[i]);
    if (why_not != NULL)
        lack(arena, report, why_not);
    lack_flows(arena, change, report);
    outcome_judge(arena, &(struct outcome_input){&change->movements, now, before, drift}, report);
}

void change_derive_free(struct change_derivation *change)
{
    diff_free(change->done);
    diff_free(change->meant);
    flow_diff_free(change->flows_done);
    flow_diff_free(change->flows_meant);
    declared_free(&change->base);
    declared_free(&change->planned);
}
