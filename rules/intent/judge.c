#include "rules/intent/judge.h"

#include <inttypes.h>
#include <stdlib.h>

#include "model/protocol.h"
#include "rules/reach/explain.h"
#include "rules/intent/intent_review.h"
#include "rules/intent/suggest.h"
#include "service_ports.h"

typedef VECTOR(uint32_t) cut_list;

// What is said of one cut of an answer's ports, once it is known.
struct told {
    bool known;
    reason_list stop;   // what first stops a packet there; empty where nothing does
    reason_list kept;   // reasons that some verdict there had already...
    reason_list joined; // ...and those with the stop
    bool suggests;      // the commands do not depend on the verdict's ports
    text_list suggested;
};

// Where what decides may change: rules of the groups, entries of the ACL. Ascending, each once; told[i] is of the ports
// from starts[i - 1] on, below starts[i].
struct cuts {
    bool known;
    size_t count;
    uint32_t *starts;
    struct told *told;
};

// Endpoints of one answer: a packet to each is explained alike, and to all ports between two cuts.
struct answer {
    const struct interface_place *place;
    enum address_gateway gateway;
    enum family family;
    const struct vantage *vantage;
    bool shared; // else it is of one endpoint
    struct cuts tcp;
    struct cuts udp;
    struct cuts echo;
    struct answer *next; // of the same groups
};

struct judging {
    struct arena *arena;
    struct arena *scratch;       // for one explanation
    struct intent_index *intent; // NULL: none, or of what is seen from inside
    const struct estate *estate;
    const struct exposure_set *exposures;
    const struct judge_options *options;
    struct verdict_set *set;
    struct explainer explainer;
    struct portset guarded; // ports of administration and databases, where there is no intent
    struct map answers;     // struct group_set, or an inside view's class -> struct answer
    struct map expired;     // struct intent_rule -> that it has expired, as struct reason
    struct map stops;       // text -> struct reason: most stop alike
    struct map carried;     // instance id -> that it carries a role, as struct reason
    // The endpoint in hand.
    const struct endpoint *endpoint;
    struct vantage vantage;
    struct answer *answer;
    intent_rule_list rules;
    cut_list rule_cuts; // where the ports of those begin and end, ascending
    const struct reason *dormancy;
};

static void cut(struct arena *scratch, cut_list *cuts, uint16_t low, uint16_t high)
{
    *vector_add(scratch, cuts) = low;
    *vector_add(scratch, cuts) = (uint32_t)high + 1;
}

// Where the groups (of who asks: their outbound rules) and the ACL of an interface decide otherwise.
static void cut_by_place(struct arena *scratch, cut_list *cuts, const struct estate *estate,
                         const struct network_interface *interface, bool asks, int protocol)
{
    for (size_t g = 0; interface->groups != NULL && g < interface->groups->count; g++) {
        const struct security_group *group = map_get(&estate->security_groups, interface->groups->ids[g]);
        const security_group_rule_list *rules = group == NULL ? NULL : asks ? &group->egress : &group->ingress;
        for (size_t r = 0; rules != NULL && r < rules->count; r++)
            if (rules->items[r].protocol == protocol)
                cut(scratch, cuts, rules->items[r].low, rules->items[r].high);
    }
    const struct network_acl *acl = map_get(&estate->acl_of_subnet, interface->place->subnet_id);
    if (acl == NULL)
        acl = map_get(&estate->default_acl_of_vpc, interface->place->vpc_id);
    for (size_t e = 0; acl != NULL && e < acl->entries.count; e++)
        if (acl->entries.items[e].protocol == protocol)
            cut(scratch, cuts, acl->entries.items[e].low, acl->entries.items[e].high);
}

static void find_cuts(struct judging *judging, int protocol, struct cuts *cuts)
{
    const struct estate *estate = judging->estate;
    const struct network_interface *interface = judging->endpoint->interface;
    struct arena *scratch = arena_new();
    cut_list found = {0};
    if (protocol_has_ports(protocol))
        cut_by_place(scratch, &found, estate, interface, false, protocol);
    if (protocol_has_ports(protocol) && judging->exposures->asker != NULL)
        cut_by_place(scratch, &found, estate, judging->exposures->asker, true, protocol);
    for (size_t i = 0; protocol_has_ports(protocol) && i < judging->guarded.count; i++)
        cut(scratch, &found, judging->guarded.ranges[i].low, judging->guarded.ranges[i].high);
    sort_numbers(found.items, found.count);
    cuts->known = true;
    cuts->starts = arena_buffer(judging->arena, uint32_t, found.count + 1);
    for (size_t i = 0; i < found.count; i++)
        if (cuts->count == 0 || cuts->starts[cuts->count - 1] != found.items[i])
            cuts->starts[cuts->count++] = found.items[i];
    cuts->told = arena_array(judging->arena, struct told, cuts->count + 1);
    arena_free(scratch);
}

// The cuts of a protocol of the answer in hand; those of a protocol that is seldom asked are not kept.
static struct cuts *cuts_of(struct judging *judging, int protocol, struct cuts *seldom)
{
    struct answer *answer = judging->answer;
    int echo = answer->family == FAMILY_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;
    struct cuts *cuts = protocol == PROTOCOL_TCP   ? &answer->tcp
                        : protocol == PROTOCOL_UDP ? &answer->udp
                        : protocol == echo         ? &answer->echo
                                                   : seldom;
    if (!cuts->known)
        find_cuts(judging, protocol, cuts);
    return cuts;
}

// How many of ascending cuts begin at or below a port.
static size_t cut_at(const uint32_t *starts, size_t count, uint32_t port)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (starts[middle] <= port)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct answer *answer_of(struct judging *judging, const struct vantage *vantage)
{
    const struct endpoint *endpoint = judging->endpoint;
    const struct network_interface *interface = endpoint->interface;
    const void *class = judging->options->inside != NULL ? inside_view_class(judging->options->inside, endpoint) : NULL;
    struct answer own = {.place = interface->place,
                         .gateway = endpoint->gateway,
                         .family = endpoint->address.family,
                         .vantage = vantage,
                         .shared = class != NULL || explainer_is_shared(&judging->explainer, endpoint)};
    class = class != NULL ? class : interface->groups; // from inside, rules of who asks tell addresses apart too
    struct answer *first = own.shared ? map_get_pointer(&judging->answers, class) : NULL;
    for (struct answer *one = first; one != NULL; one = one->next)
        if (one->place == own.place && one->gateway == own.gateway && one->family == own.family &&
            one->vantage == vantage)
            return one;
    struct answer *answer = arena_new_of(judging->arena, struct answer);
    *answer = own;
    answer->next = first;
    if (own.shared)
        map_put_pointer(judging->arena, &judging->answers, class, answer);
    return answer;
}

static const struct reason *dormancy_of(struct arena *arena, const struct network_interface *interface)
{
    return interface->attached ? reason_stop(arena, REASON_HOST, interface->instance_id,
                                             arena_printf(arena, "dormant: %s is not running", interface->instance_id))
                               : reason_stop(arena, REASON_HOST, interface->id,
                                             arena_printf(arena, "dormant: %s is attached to nothing", interface->id));
}

static void turn_to(struct judging *judging, const struct endpoint *endpoint)
{
    const struct judge_options *options = judging->options;
    const struct vantage *own = vantage_of(options->vantages, options->vantage_count, endpoint->address);
    judging->endpoint = endpoint;
    judging->vantage = (struct vantage){.client_ports = portset_all};
    if (own != NULL)
        judging->vantage = *own;
    else
        address_parse(endpoint->address.family == FAMILY_IPV4 ? "198.51.100.1" : "2001:db8::1",
                      &judging->vantage.address);
    judging->answer = answer_of(judging, own);
    judging->dormancy = endpoint->dormant ? dormancy_of(judging->arena, endpoint->interface) : NULL;
    judging->rules.count = 0;
    if (options->intent != NULL && options->inside != NULL)
        intent_select_flow(judging->arena, options->intent, judging->estate, judging->exposures->asker,
                           endpoint->outside ? NULL : endpoint->interface, &judging->rules);
    else if (options->intent != NULL)
        intent_index_select(judging->intent, judging->arena, endpoint, &judging->rules);
    judging->rule_cuts.count = 0;
    for (size_t i = 0; i < judging->rules.count; i++)
        for (size_t p = 0; p < judging->rules.items[i]->ports.count; p++)
            cut(judging->arena, &judging->rule_cuts, judging->rules.items[i]->ports.ranges[p].low,
                judging->rules.items[i]->ports.ranges[p].high);
    sort_numbers(judging->rule_cuts.items, judging->rule_cuts.count);
}

// Puts a reason behind those of a verdict, whose list may be shared.
static void add_reason(struct arena *arena, struct verdict *verdict, const struct reason *reason)
{
    verdict->because.capacity = verdict->because.count; // so that adding copies
    *vector_add(arena, &verdict->because) = reason;
}

static const struct reason *expiry_of(struct judging *judging, const struct intent_rule *rule)
{
    const struct reason *reason = map_get_pointer(&judging->expired, rule);
    if (reason == NULL) {
        struct arena *arena = judging->arena;
        reason = reason_says(arena, REASON_INTENT, rule->id,
                             arena_printf(arena, "intent rule %s has expired on %s", rule->id, rule->expires));
        map_put_pointer(arena, &judging->expired, rule, (void *)(uintptr_t)reason);
    }
    return reason;
}

// Whether a place is declared reachable from all of the internet.
static bool is_from_anywhere(struct judging *judging, const struct verdict *verdict)
{
    const struct exposure_list *exposures = judging->endpoint->exposures;
    enum family family = judging->endpoint->address.family;
    struct arena *scratch = arena_new();
    struct prefixset sources = prefixset_empty;
    for (size_t i = 0; exposures != NULL && i < exposures->count; i++) {
        const struct exposure *one = &exposures->items[i];
        if (one->protocol_low <= verdict->protocol && verdict->protocol <= one->protocol_high &&
            one->low <= verdict->low && verdict->high <= one->high)
            sources = prefixset_union(scratch, sources, one->sources);
    }
    bool all = prefixset_is_anywhere(family, sources);
    arena_free(scratch);
    return all;
}

// A database or a way to administer that answers, for all the world: where no intent says that it is meant so.
static bool is_unguarded(struct judging *judging, const struct verdict *verdict)
{
    return verdict->kind == VERDICT_CONFIRMED && verdict->observed == OBSERVED_OPEN &&
           verdict->intent == INTENT_UNSPECIFIED && protocol_has_ports(verdict->protocol) &&
           portset_holds(judging->guarded, verdict->low) && is_from_anywhere(judging, verdict);
}

// Who takes what answers there has its role too.
static void weigh_role(struct judging *judging, struct verdict *verdict)
{
    const char *instance = judging->endpoint->interface->instance_id;
    const struct carried_role *role =
        judging->options->roles == NULL ? NULL : map_get(judging->options->roles, instance);
    if (role == NULL || !role->is_more || verdict->kind != VERDICT_CONFIRMED || verdict->observed != OBSERVED_OPEN ||
        verdict->intent == INTENT_EXPECTED || !protocol_has_ports(verdict->protocol) || verdict->accepting)
        return;
    const struct reason *reason = map_get(&judging->carried, instance);
    if (reason == NULL) {
        reason = reason_says(judging->arena, REASON_HOST, instance,
                             arena_printf(judging->arena, "%s carries %s", instance, role->what));
        map_put(judging->arena, &judging->carried, instance, (void *)(uintptr_t)reason);
    }
    if (role->is_all)
        verdict->severity = SEVERITY_CRITICAL;
    else if (verdict->severity > SEVERITY_CRITICAL)
        verdict->severity = (enum severity)(verdict->severity - 1);
    add_reason(judging->arena, verdict, reason);
}

static void judge_intent(struct judging *judging, struct verdict *verdict)
{
    const struct judge_options *options = judging->options;
    const struct intent_rule *expired = NULL, *rule = NULL;
    if (options->intent != NULL) {
        rule = intent_first(&judging->rules, verdict->protocol, verdict->low, judging->vantage.address, options->today,
                            &expired);
        bool allowed = rule != NULL ? rule->allow : options->intent->default_allow;
        bool is_silent = rule == NULL && options->inside != NULL; // the default is about what is public
        verdict->intent = is_silent ? INTENT_UNSPECIFIED : allowed ? INTENT_EXPECTED : INTENT_FORBIDDEN;
    }
    const struct intent_rule *named = rule != NULL ? rule : expired;
    verdict->intent_rule = rule != NULL ? rule->id : NULL;
    verdict->intent_owner = named != NULL ? named->owner : NULL;
    verdict->intent_reason = rule != NULL ? rule->reason : NULL;
    verdict->intent_expired = expired != NULL ? expired->id : NULL;
    if (expired != NULL)
        add_reason(judging->arena, verdict, expiry_of(judging, expired));
    // A default that allows says nothing of what ought to be reachable, and a stopped instance is meant to be silent.
    bool no_wonder = options->intent != NULL && (rule == NULL || judging->endpoint->dormant);
    verdict->severity = verdict->accepting || (verdict->kind == VERDICT_ENFORCED && no_wonder)
                            ? SEVERITY_INFO // of those that accept everything one stands for all
                        : options->inside != NULL
                            ? judge_inside_severity(verdict->kind, verdict->observed, verdict->intent, expired != NULL)
                            : judge_severity(verdict->kind, verdict->observed, verdict->intent, expired != NULL);
    if (verdict->severity == SEVERITY_MEDIUM && is_unguarded(judging, verdict))
        verdict->severity = SEVERITY_HIGH;
    weigh_role(judging, verdict);
}

// The number of what a verdict asked first.
static uint16_t number_of(const struct verdict *verdict)
{
    return verdict->protocol == PROTOCOL_ICMP ? 8 << 8 : verdict->protocol == PROTOCOL_ICMPV6 ? 128 << 8 : verdict->low;
}

static struct explanation explain(struct judging *judging, struct arena *arena, const struct verdict *verdict)
{
    return explainer_packet(&judging->explainer, arena, judging->endpoint, verdict->protocol, number_of(verdict),
                            judging->vantage.address, judging->vantage.client_ports);
}

// What would close it: for every verdict of the cut the same, but where the commands name the verdict's own ports.
static void suggest(struct judging *judging, struct told *told, struct verdict *verdict)
{
    if (!told->suggests) {
        struct explanation explanation = explain(judging, judging->scratch, verdict);
        told->suggests = !suggestion_names_ports(&explanation);
        told->suggested =
            suggest_closing(judging->arena, judging->estate, verdict, &explanation, judging->vantage.address);
        arena_reset(judging->scratch);
    }
    verdict->suggested = told->suggested;
}

static const char *kept_text(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_strdup(arena, text);
}

// A stop that outlives its explanation.
static const struct reason *kept_stop(struct judging *judging, const struct reason *stop)
{
    struct arena *arena = judging->arena;
    struct reason *kept = stop->form == REASON_SAYS ? map_get(&judging->stops, stop->text) : NULL;
    if (kept != NULL && reason_same(kept, stop))
        return kept;
    kept = arena_new_of(arena, struct reason);
    *kept = *stop;
    kept->id = kept_text(arena, stop->id);
    kept->settle = kept_text(arena, stop->settle);
    if (stop->form != REASON_SAYS)
        return kept;
    kept->text = kept_text(arena, stop->text);
    kept->group = kept_text(arena, stop->group);
    map_put(arena, &judging->stops, kept->text, kept);
    return kept;
}

// What first stops a packet of the verdict's; it outlives the explanation.
static const struct reason *stop_of(struct judging *judging, const struct verdict *verdict)
{
    if (judging->options->inside != NULL)
        return inside_view_stop(judging->options->inside, judging->endpoint, judging->vantage.address,
                                verdict->protocol, number_of(verdict), judging->vantage.client_ports);
    struct explanation explanation = explain(judging, judging->scratch, verdict);
    const struct reason *stop = explanation_stop(&explanation);
    stop = stop == NULL ? NULL : kept_stop(judging, stop);
    arena_reset(judging->scratch);
    return stop;
}

// Adds what first stops a packet, to all verdicts of the cut that had the same reasons the same list.
static void add_stop(struct judging *judging, struct told *told, struct verdict *verdict)
{
    struct arena *arena = judging->arena;
    if (!told->known) {
        const struct reason *stop = stop_of(judging, verdict);
        told->known = true;
        if (stop != NULL)
            *vector_add(arena, &told->stop) = stop;
    }
    if (told->stop.count == 0)
        return;
    if (verdict->because.count == 0) {
        verdict->because = told->stop;
        return;
    }
    if (told->kept.items != verdict->because.items || told->kept.count != verdict->because.count) {
        told->kept = verdict->because;
        told->joined = verdict->because;
        told->joined.capacity = told->joined.count;
        *vector_add(arena, &told->joined) = told->stop.items[0];
    }
    verdict->because = told->joined;
}

static void judge_piece(struct judging *judging, struct told *told, struct verdict *verdict)
{
    judge_intent(judging, verdict);
    bool arrives = verdict->declared != DECLARED_UNREACHABLE && verdict->declared != DECLARED_INBOUND_ONLY;
    if (judging->dormancy != NULL && !arrives)
        add_reason(judging->arena, verdict, judging->dormancy);
    else if (!arrives)
        add_stop(judging, told, verdict);
    else if (verdict->intent != INTENT_EXPECTED && verdict->severity < SEVERITY_INFO &&
             judging->options->inside == NULL)
        suggest(judging, told, verdict);
}

// Cuts a verdict where intent or reason may change, and joins what agrees all the same.
static void judge_verdict(struct judging *judging, const struct verdict *verdict)
{
    struct cuts seldom = {0}, *cuts = cuts_of(judging, verdict->protocol, &seldom);
    const cut_list *own_cuts = &judging->rule_cuts;
    uint32_t end = (uint32_t)verdict->high + 1, next;
    for (uint32_t first = verdict->low; first < end; first = next) {
        size_t at = cut_at(cuts->starts, cuts->count, first), rule = cut_at(own_cuts->items, own_cuts->count, first);
        next = at < cuts->count && cuts->starts[at] < end ? cuts->starts[at] : end;
        next = rule < own_cuts->count && own_cuts->items[rule] < next ? own_cuts->items[rule] : next;
        struct verdict piece = *verdict;
        piece.low = (uint16_t)first;
        piece.high = (uint16_t)(next - 1);
        struct told own = {0}; // what is told of an interface of its own kind may change between the cuts
        judge_piece(judging, judging->answer->shared ? &cuts->told[at] : &own, &piece);
        verdicts_add(judging->arena, judging->set, &piece);
    }
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
                arena_printf(arena, "%" PRIu32 " TCP ports of this host answer, and none is closed any more",
                             first->accepts));
            first = NULL;
        }
        if (verdict == NULL || !verdict->accepting || verdict->kind != VERDICT_UNCONFIRMED)
            continue;
        if (first == NULL) {
            first = verdict;
            first->severity = SEVERITY_HIGH;
            first->because.capacity = first->because.count; // the list may be shared: adding copies
        }
        first->accepts += (uint32_t)(verdict->high - verdict->low) + 1;
    }
}

struct judging *judge_begin(struct arena *arena, const struct estate *estate, const struct exposure_set *exposures,
                            const struct judge_options *options, struct verdict_set *set)
{
    struct judging *judging = arena_new_of(arena, struct judging);
    *judging = (struct judging){.arena = arena,
                                .scratch = arena_new(),
                                .estate = estate,
                                .exposures = exposures,
                                .options = options,
                                .set = set,
                                .explainer = explainer_of(arena, estate)};
    judging->explainer.wordless = true;
    if (options->intent != NULL && options->inside == NULL)
        judging->intent = intent_index_of(arena, options->intent, estate);
    if (options->intent == NULL)
        portset_parse(arena, GUARDED_PORTS, &judging->guarded);
    return judging;
}

void judge_take(void *context, struct verdict *verdicts, size_t count)
{
    struct judging *judging = context;
    if (count == 0)
        return;
    verdicts_sort(verdicts, count);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !text_same(verdicts[i].eni_id, verdicts[i - 1].eni_id)) // of an address on several interfaces
            turn_to(judging,
                    exposure_endpoint_on(judging->exposures, prefix_of(verdicts[i].address), verdicts[i].eni_id));
        judge_verdict(judging, &verdicts[i]);
    }
}

void judge_end(struct judging *judging)
{
    if (judging->intent != NULL)
        intent_review(judging->arena, judging->intent, judging->exposures, judging->options->today, judging->set);
    note_accepting(judging->arena, judging->set);
    arena_free(judging->scratch);
}
