#include "rules/intent/judge.h"

#include <stdlib.h>

#include "model/protocol.h"
#include "rules/reach/explain.h"
#include "rules/intent/intent_review.h"
#include "rules/intent/suggest.h"

enum severity judge_severity(enum verdict_kind kind, enum observed_state observed, enum intent_state intent,
                             bool expired)
{
    static const enum severity table[VERDICT_KINDS][3] = {
        //                      expected         forbidden          unspecified
        [VERDICT_CONFIRMED] = {SEVERITY_INFO, SEVERITY_CRITICAL, SEVERITY_MEDIUM},
        [VERDICT_LATENT] = {SEVERITY_LOW, SEVERITY_HIGH, SEVERITY_LOW},
        [VERDICT_BLOCKED] = {SEVERITY_MEDIUM, SEVERITY_MEDIUM, SEVERITY_LOW},
        [VERDICT_ENFORCED] = {SEVERITY_MEDIUM, SEVERITY_INFO, SEVERITY_INFO},
        [VERDICT_UNCONFIRMED] = {SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_LOW},
        [VERDICT_UNVERIFIED] = {SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_LOW},
    };
    if (kind == VERDICT_UNDECLARED)
        return observed == OBSERVED_OPEN ? SEVERITY_CRITICAL : SEVERITY_HIGH;
    bool lapsed = expired && kind != VERDICT_ENFORCED && table[kind][intent] > SEVERITY_MEDIUM;
    return lapsed ? SEVERITY_MEDIUM : table[kind][intent];
}

typedef VECTOR(uint32_t) cut_list;

static void cut(struct arena *arena, cut_list *cuts, uint16_t low, uint16_t high)
{
    *vector_add(arena, cuts) = low;
    *vector_add(arena, cuts) = (uint32_t)high + 1;
}

// Where what decides may change: rules of the interface's groups, entries of any ACL it may have, rules of the intent.
static cut_list cuts_for(struct arena *arena, const struct estate *estate, const struct endpoint *endpoint,
                         const struct intent *intent, int protocol)
{
    cut_list cuts = {0};
    size_t group_count = endpoint->interface->groups != NULL ? endpoint->interface->groups->count : 0;
    for (size_t g = 0; g < group_count; g++) {
        const struct security_group *group = map_get(&estate->security_groups, endpoint->interface->groups->ids[g]);
        for (size_t r = 0; group != NULL && r < group->ingress.count; r++)
            if (group->ingress.items[r].protocol == protocol)
                cut(arena, &cuts, group->ingress.items[r].low, group->ingress.items[r].high);
    }
    const struct network_acl *acl = map_get(&estate->acl_of_subnet, endpoint->interface->place->subnet_id);
    if (acl == NULL)
        acl = map_get(&estate->default_acl_of_vpc, endpoint->interface->place->vpc_id);
    for (size_t e = 0; acl != NULL && e < acl->entries.count; e++)
        if (acl->entries.items[e].protocol == protocol)
            cut(arena, &cuts, acl->entries.items[e].low, acl->entries.items[e].high);
    for (size_t i = 0; intent != NULL && i < intent->rules.count; i++)
        for (size_t p = 0; p < intent->rules.items[i].ports.count; p++)
            cut(arena, &cuts, intent->rules.items[i].ports.ranges[p].low, intent->rules.items[i].ports.ranges[p].high);
    sort_numbers(cuts.items, cuts.count);
    return cuts;
}

static struct vantage vantage_for(const struct judge_options *options, struct prefix endpoint)
{
    const struct vantage *own = vantage_of(options->vantages, options->vantage_count, endpoint);
    if (own != NULL)
        return *own;
    struct vantage anybody = {.client_ports = portset_all};
    address_parse(endpoint.family == FAMILY_IPV4 ? "198.51.100.1" : "2001:db8::1", &anybody.address);
    return anybody;
}

static void judge_intent(struct arena *arena, const struct estate *estate, const struct endpoint *endpoint,
                         const struct judge_options *options, struct address source, struct verdict *verdict)
{
    const struct intent_rule *expired = NULL, *rule = NULL;
    if (options->intent != NULL) {
        rule = intent_decides(options->intent, estate, endpoint, verdict->protocol, verdict->low, source,
                              options->today, &expired);
        bool allowed = rule != NULL ? rule->allow : options->intent->default_allow;
        verdict->intent = allowed ? INTENT_EXPECTED : INTENT_FORBIDDEN;
    }
    const struct intent_rule *told = rule != NULL ? rule : expired;
    verdict->intent_rule = rule != NULL ? rule->id : NULL;
    verdict->intent_owner = told != NULL ? told->owner : NULL;
    verdict->intent_reason = rule != NULL ? rule->reason : NULL;
    verdict->intent_expired = expired != NULL ? expired->id : NULL;
    if (expired != NULL)
        *vector_add(arena, &verdict->because) =
            reason_says(arena, REASON_INTENT, expired->id,
                        arena_printf(arena, "intent rule %s has expired on %s", expired->id, expired->expires));
    // A default that allows says nothing of what ought to be reachable, and a stopped instance is meant to be silent.
    bool no_wonder = options->intent != NULL && (rule == NULL || endpoint->dormant);
    verdict->severity = verdict->accepting || (verdict->kind == VERDICT_ENFORCED && no_wonder)
                            ? SEVERITY_INFO // of those that accept everything one stands for all
                            : judge_severity(verdict->kind, verdict->observed, verdict->intent, expired != NULL);
}

static void judge_piece(struct arena *arena, const struct estate *estate, const struct endpoint *endpoint,
                        const struct judge_options *options, struct verdict *verdict)
{
    struct vantage vantage = vantage_for(options, endpoint->address);
    judge_intent(arena, estate, endpoint, options, vantage.address, verdict);
    bool arrives = verdict->declared != DECLARED_UNREACHABLE && verdict->declared != DECLARED_INBOUND_ONLY;
    if (endpoint->dormant && !arrives) {
        const struct network_interface *interface = endpoint->interface;
        *vector_add(arena, &verdict->because) =
            interface->attached ? reason_stop(arena, REASON_HOST, interface->instance_id,
                                              arena_printf(arena, "dormant: %s is not running", interface->instance_id))
                                : reason_stop(arena, REASON_HOST, interface->id,
                                              arena_printf(arena, "dormant: %s is attached to nothing", interface->id));
        return;
    }
    bool to_close = arrives && verdict->intent != INTENT_EXPECTED && verdict->severity < SEVERITY_INFO;
    if (arrives && !to_close)
        return;
    uint16_t number = verdict->protocol == PROTOCOL_ICMP     ? 8 << 8
                      : verdict->protocol == PROTOCOL_ICMPV6 ? 128 << 8
                                                             : verdict->low;
    struct explanation explanation =
        explain_packet(arena, estate, endpoint, verdict->protocol, number, vantage.address, vantage.client_ports);
    const struct reason *stop = explanation_stop(&explanation);
    if (to_close)
        verdict->suggested = suggest_closing(arena, estate, verdict, &explanation, vantage.address);
    else if (stop != NULL)
        *vector_add(arena, &verdict->because) = stop;
}

// A host that answers on every port is one finding, which its first verdict stands for.
static void note_accepting(struct arena *arena, struct verdict_set *set)
{
    struct verdict *first = NULL;
    for (size_t i = 0; i <= set->items.count; i++) {
        struct verdict *verdict = i < set->items.count ? &set->items.items[i] : NULL;
        if (first != NULL && (verdict == NULL || !address_equal(verdict->address, first->address))) {
            *vector_add(arena, &first->because) = reason_says(
                arena, REASON_HOST, NULL,
                arena_printf(arena, "%zu TCP ports of this host answer, and none is closed any more", first->accepts));
            first = NULL;
        }
        if (verdict == NULL || !verdict->accepting || verdict->kind != VERDICT_UNCONFIRMED)
            continue;
        if (first == NULL) {
            first = verdict;
            first->severity = SEVERITY_HIGH;
            first->because.capacity = first->because.count; // the list may be shared: adding copies
        }
        first->accepts += (size_t)(verdict->high - verdict->low) + 1;
    }
}

void judge(struct arena *arena, const struct estate *estate, const struct exposure_set *exposures,
           const struct judge_options *options, struct verdict_set *set)
{
    struct verdict_set judged = *set;
    judged.items.items = NULL;
    judged.items.count = judged.items.capacity = 0;
    for (size_t i = 0; i < set->items.count; i++) {
        const struct verdict *verdict = &set->items.items[i];
        const struct endpoint *endpoint = exposure_endpoint_at(exposures, prefix_of(verdict->address));
        cut_list cuts = cuts_for(arena, estate, endpoint, options->intent, verdict->protocol);
        uint32_t end = (uint32_t)verdict->high + 1, next;
        for (uint32_t first = verdict->low; first < end; first = next) {
            next = end;
            for (size_t c = 0; c < cuts.count && protocol_has_ports(verdict->protocol); c++)
                if (cuts.items[c] > first) {
                    next = cuts.items[c] < end ? cuts.items[c] : end;
                    break;
                }
            struct verdict *piece = vector_add(arena, &judged.items);
            *piece = *verdict;
            piece->low = (uint16_t)first;
            piece->high = (uint16_t)(next - 1);
            piece->because.capacity = piece->because.count; // so that adding copies: the list is shared
            judge_piece(arena, estate, endpoint, options, piece);
        }
    }
    *set = judged;
    if (options->intent != NULL)
        intent_review(arena, options->intent, estate, exposures, options->today, set);
    verdicts_merge(arena, set);
    note_accepting(arena, set);
}
