// Facts of segmentation, as PCI DSS asks about it: that the cardholder data environment, which the intent names, and
// what is out of scope reach nothing of each other; computed, and observed from inside.
#include "rules/controls/account_facts.h"
#include "rules/controls/flow_facts.h"

#include "model/interface_kind.h"
#include "model/protocol.h"

// ---- Networks behind the environment's routes of which the snapshot tells nothing

static bool holds_cde(const struct inquiry *inquiry, const struct network_interface *interface)
{
    const struct intent *intent = inquiry->input->intent;
    for (size_t i = 0; intent != NULL && i < intent->segments.count; i++)
        if (intent->segments.items[i].scope == SCOPE_CDE &&
            intent_holds(&intent->segments.items[i].select, inquiry->input->estate, interface))
            return true;
    return false;
}

static bool is_in_scope(const struct inquiry *inquiry, const struct network_interface *interface)
{
    const struct intent *intent = inquiry->input->intent;
    for (size_t i = 0; intent != NULL && i < intent->segments.count; i++)
        if (intent->segments.items[i].scope != SCOPE_OUT &&
            intent_holds(&intent->segments.items[i].select, inquiry->input->estate, interface))
            return true;
    return false;
}

static bool vpc_is_told(const struct estate *estate, const char *vpc_id)
{
    for (size_t i = 0; i < estate->interfaces.count; i++)
        if (text_same(estate->interfaces.items[i]->place->vpc_id, vpc_id))
            return true;
    return false;
}

static void ask_transit(struct inquiry *inquiry, const struct route_table *table, const char *gateway)
{
    const struct estate *estate = inquiry->input->estate;
    size_t count, found = 0;
    void **attachments = map_values(inquiry->arena, &estate->transit_attachments, &count);
    for (size_t i = 0; i < count; i++) {
        const struct transit_attachment *one = attachments[i];
        if (!text_same(one->gateway, gateway) || one->presence == PRESENCE_NO)
            continue;
        found++;
        if (one->resource != TRANSIT_TO_VPC || !vpc_is_told(estate, one->resource_id))
            answer_missing(inquiry, "what is behind %s, an attachment of %s to which %s leads", one->id, gateway,
                           table->id);
    }
    if (found == 0)
        answer_missing(inquiry, "what is behind %s, to which %s leads: no attachment of it is told", gateway,
                       table->id);
}

static void ask_peering(struct inquiry *inquiry, const struct route_table *table, const char *id)
{
    const struct estate *estate = inquiry->input->estate;
    const struct vpc_peering *peering = map_get(&estate->peerings, id);
    if (peering != NULL && peering->presence == PRESENCE_NO)
        return;
    if (peering == NULL || !vpc_is_told(estate, peering->requester.vpc_id) ||
        !vpc_is_told(estate, peering->accepter.vpc_id))
        answer_missing(inquiry, "what is behind %s, to which %s leads", id == NULL ? "a peering" : id, table->id);
}

static void ask_routes(struct inquiry *inquiry, const struct route_table *table)
{
    for (size_t i = 0; i < table->routes.count; i++) {
        const struct route *route = &table->routes.items[i];
        if (!route->active)
            continue;
        bool elsewhere = route->target == ROUTE_ELSEWHERE;
        if (elsewhere && route->way == WAY_TRANSIT)
            ask_transit(inquiry, table, route->target_id);
        else if (elsewhere && route->way == WAY_PEERING)
            ask_peering(inquiry, table, route->target_id);
        else if (route->target == ROUTE_UNKNOWN || (elsewhere && (route->way == WAY_VPN || route->way == WAY_OTHER)))
            answer_missing(inquiry, "what is behind %s, to which %s leads",
                           route->target_id == NULL ? "a target" : route->target_id, table->id);
    }
}

// What is there, and in no document, may be a network that is out of scope.
static void ask_beyond(struct inquiry *inquiry)
{
    const struct estate *estate = inquiry->input->estate;
    struct map vpcs = {0};
    size_t count;
    for (size_t i = 0; i < estate->interfaces.count; i++)
        if (holds_cde(inquiry, estate->interfaces.items[i]))
            map_put(inquiry->arena, &vpcs, estate->interfaces.items[i]->place->vpc_id, inquiry);
    void **tables = map_values(inquiry->arena, &estate->route_tables, &count);
    for (size_t i = 0; i < count; i++)
        if (map_get(&vpcs, ((const struct route_table *)tables[i])->vpc_id) != NULL)
            ask_routes(inquiry, tables[i]);
}

// Who sends on by an address of its own: who comes by it, and to whom, is not followed. An endpoint service brings
// clients of other VPCs by the addresses of its load balancer.
static void ask_translated(struct inquiry *inquiry)
{
    const struct estate *estate = inquiry->input->estate;
    size_t count;
    void **tables = map_values(inquiry->arena, &estate->route_tables, &count);
    for (size_t i = 0; i < count; i++) {
        const struct route_table *table = tables[i];
        for (size_t r = 0; r < table->routes.count; r++) {
            const struct route *route = &table->routes.items[r];
            const struct nat_gateway *nat =
                route->way == WAY_NAT ? map_get(&estate->nat_gateways, route->target_id) : NULL;
            if (route->active && (route->target == ROUTE_APPLIANCE || (nat != NULL && nat->connectivity != NAT_PUBLIC)))
                answer_missing(inquiry, "who comes by %s, to which %s leads: it may send on by an address of its own",
                               route->target_id, table->id);
        }
    }
    for (size_t i = 0; i < estate->endpoint_services.count; i++)
        answer_missing(inquiry, "who comes by endpoint service %s", estate->endpoint_services.items[i].id);
}

static void ask_lattice_in(struct inquiry *inquiry, const struct security_group *group,
                           const security_group_rule_list *rules, const char *who)
{
    for (size_t r = 0; r < rules->count; r++)
        for (size_t p = 0; p < rules->items[r].prefix_lists.count; p++) {
            const char *id = rules->items[r].prefix_lists.items[p];
            const struct prefix_list *list = map_get(&inquiry->input->estate->prefix_lists, id);
            if (list != NULL && list->name != NULL && strstr(list->name, ".vpc-lattice") != NULL)
                answer_missing(inquiry, "%s Amazon VPC Lattice, whose addresses %s admits (%s)", who, group->id,
                               list->name);
        }
}

// Amazon VPC Lattice carries from one VPC to another by addresses of its own, which groups admit by its prefix lists.
// https://docs.aws.amazon.com/vpc-lattice/latest/ug/security-groups.html
static void ask_lattice(struct inquiry *inquiry)
{
    const struct estate *estate = inquiry->input->estate;
    struct map asked = {0};
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        const struct group_set *groups = estate->interfaces.items[i]->groups;
        for (uint32_t g = 0; groups != NULL && g < groups->count; g++) {
            const struct security_group *group = map_get(&estate->security_groups, groups->ids[g]);
            if (group == NULL || map_get(&asked, group->id) != NULL || !holds_cde(inquiry, estate->interfaces.items[i]))
                continue;
            map_put(inquiry->arena, &asked, group->id, inquiry);
            ask_lattice_in(inquiry, group, &group->ingress, "who comes by");
            ask_lattice_in(inquiry, group, &group->egress, "what is asked by");
        }
    }
}

// ---- Isolation, computed

// What of a flow passes between the environment and what is out of scope, either way.
static struct portset crossing(struct inquiry *inquiry, const struct segment_set *set, const struct flow *flow)
{
    struct arena *arena = inquiry->arena;
    enum intent_scope from = flow_facts_scope(inquiry, &set->segments.items[flow->from]);
    enum intent_scope to = flow_facts_scope(inquiry, &set->segments.items[flow->to]);
    struct prefixset sources = prefixset_empty, destinations = prefixset_empty;
    struct portset ports = portset_empty;
    box_list boxes = {0};
    if (!(from == SCOPE_OUT && to == SCOPE_CDE) && !(from == SCOPE_CDE && to == SCOPE_OUT))
        return ports;
    if (from == SCOPE_OUT)
        sources = flow_facts_addresses(inquiry, SCOPE_CONNECTED, flow->from_vpc, flow->family);
    else
        destinations = flow_facts_addresses(inquiry, SCOPE_CONNECTED, flow->to_vpc, flow->family);
    box_add(arena, &boxes, flow->ports, flow->sources, flow->destinations);
    boxes = flow_facts_without(arena, &boxes, flow->family, sources, destinations);
    for (size_t i = 0; i < boxes.count; i++)
        ports = portset_union(arena, ports, boxes.items[i].ports);
    return ports;
}

static void tell_crossing(struct inquiry *inquiry, const struct segment_set *set, struct flow_answer answers[2])
{
    const struct flow_answer *exact = &answers[CERTAINTY_EXACT], *possible = &answers[CERTAINTY_POSSIBLE];
    if (exact->first != NULL) {
        answer(inquiry, CONTROL_FAIL, flow_facts_pair(inquiry->arena, set, exact->first), NULL,
               "%s: the configuration lets it pass, and one of the two is out of scope", exact->services);
        flow_facts_refer(inquiry, set, exact->first);
    }
    if (possible->first != NULL)
        answer_missing(inquiry, "whether %s passes (%s): %s", flow_facts_pair(inquiry->arena, set, possible->first),
                       possible->services,
                       possible->first->via.count == 0 ? "something on the way is not known"
                                                       : possible->first->via.items[0]->text);
    answers[0] = answers[1] = (struct flow_answer){0};
}

static size_t out_of_scope(struct inquiry *inquiry, const struct segment_set *set)
{
    size_t count = 0;
    for (size_t i = 0; i < set->segments.count; i++)
        count +=
            set->segments.items[i].interfaces > 0 && flow_facts_scope(inquiry, &set->segments.items[i]) == SCOPE_OUT;
    return count;
}

static void cde_is_isolated(struct inquiry *inquiry)
{
    const struct segment_set *set = flow_facts_set(inquiry);
    if (set == NULL || !flow_facts_have_cde(inquiry, set))
        return;
    struct flow_answer answers[2] = {0};
    size_t before = inquiry->control->evidence.count, others = out_of_scope(inquiry, set);
    for (size_t i = 0; i < set->inside.count; i++) {
        const struct flow *flow = &set->inside.items[i];
        if (i > 0 && (flow[-1].from != flow->from || flow[-1].to != flow->to))
            tell_crossing(inquiry, set, answers);
        const struct portset ports = crossing(inquiry, set, flow);
        if (!portset_is_empty(ports))
            flow_answer_add(inquiry->arena, &answers[flow->certainty], flow, ports);
    }
    tell_crossing(inquiry, set, answers);
    ask_beyond(inquiry);
    ask_translated(inquiry);
    ask_lattice(inquiry);
    if (others == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "segments", NULL, "every interface is in scope");
    else if (inquiry->control->evidence.count == before) {
        answer_rest(
            inquiry, others, "segment out of scope", "segments out of scope",
            "no packet and its answer pass to the cardholder environment, or from it, by private addresses (by public "
            "ones, over the internet, is not looked at)");
        flow_facts_refer(inquiry, set, NULL);
    }
}

// ---- What the internet reaches of it

static void cde_not_reached(struct inquiry *inquiry)
{
    const struct exposure_set *exposures = inquiry->input->exposures;
    const struct segment_set *set = flow_facts_set(inquiry);
    size_t good = 0, all = 0;
    if (set == NULL || !flow_facts_have_cde(inquiry, set))
        return;
    answer_gaps(inquiry);
    for (size_t i = 0; i < exposures->endpoints.count; i++) {
        const struct endpoint *endpoint = &exposures->endpoints.items[i];
        bool reached = false, possible = false;
        if (!holds_cde(inquiry, endpoint->interface))
            continue;
        for (size_t x = 0; endpoint->exposures != NULL && x < endpoint->exposures->count; x++) {
            const struct exposure *one = &endpoint->exposures->items[x];
            reached = reached || (one->internet && one->path == PATH_TWO_WAY && one->certainty == CERTAINTY_EXACT);
            possible = possible || (one->internet && one->path == PATH_TWO_WAY);
        }
        char address[ADDRESS_TEXT];
        endpoint_address(endpoint, address);
        all++;
        good += !possible;
        if (reached) {
            answer(inquiry, CONTROL_FAIL, arena_strdup(inquiry->arena, address), NULL,
                   "the internet reaches it, and %s is of the cardholder environment", endpoint->interface->id);
            inquiry->control->evidence.items[inquiry->control->evidence.count - 1].reference =
                arena_printf(inquiry->arena, "exposure.json#/endpoints/%zu", i);
        } else if (possible)
            answer_missing(inquiry, "whether the internet reaches %s of %s, which is possible", address,
                           endpoint->interface->id);
    }
    size_t interfaces = 0;
    for (size_t i = 0; i < set->segments.count; i++)
        if (flow_facts_scope(inquiry, &set->segments.items[i]) == SCOPE_CDE)
            interfaces += set->segments.items[i].interfaces;
    if (good > 0)
        answer_rest(inquiry, good, "public address", "public addresses", "of it, and the internet reaches none");
    else if (all == 0)
        answer_rest(inquiry, interfaces, "network interface", "network interfaces", "of it, without a public address");
    if (good > 0 || (all == 0 && interfaces > 0))
        inquiry->control->evidence.items[inquiry->control->evidence.count - 1].reference = "exposure.json#/endpoints";
}

// ---- Isolation, observed

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
static const char *place_of(struct inquiry *inquiry, const struct verdict *verdict, const char *eni_id)
{
    struct arena *arena = inquiry->arena;
    const char *protocol = protocol_name(arena, verdict->protocol);
    char address[ADDRESS_TEXT];
    address_format(verdict->address, address);
    if (!protocol_has_ports(verdict->protocol))
        return arena_printf(arena, "%s echo/%s from %s", address, protocol, eni_id);
    return arena_printf(arena, "%s %s/%s from %s", address,
                        portset_format(arena, portset_of(arena, verdict->low, verdict->high)), protocol, eni_id);
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
        if (endpoint == NULL || endpoint->outside || !holds_cde(inquiry, endpoint->interface))
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
        answer(inquiry, CONTROL_FAIL, place_of(inquiry, verdict, seen->eni_id), NULL,
               "a packet came through from what is out of scope: %s", observed_names[verdict->observed]);
        inquiry->control->evidence.items[inquiry->control->evidence.count - 1].reference =
            arena_printf(inquiry->arena, "%s#/verdicts/%zu", seen->path, i);
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
        if (endpoint->outside || !holds_cde(inquiry, endpoint->interface))
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
    inquiry->control->evidence.items[inquiry->control->evidence.count - 1].reference =
        arena_printf(inquiry->arena, "%s#/verdicts", seen->path);
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
              !is_in_scope(inquiry, input->estate->interfaces.items[i]);
    *seen = false;
    for (size_t i = 0; i < input->inside_count; i++)
        *seen = *seen || (is_of_segment(inquiry, segment, input->inside[i].asker) &&
                          !is_in_scope(inquiry, input->inside[i].asker));
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
        bool seen = !is_of_segment(inquiry, segment, one) || is_in_scope(inquiry, one) || asks_nothing(one);
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
        if (!is_in_scope(inquiry, input->inside[i].asker))
            judge_vantage(inquiry, &input->inside[i]);
}

static const char *const none[] = {NULL};

const struct fact segmentation_facts[] = {
    {"cde-is-isolated", false, none, cde_is_isolated},
    {"cde-not-reached-from-internet", false, none, cde_not_reached},
    {"isolation-is-observed", false, (const char *const[]){"days=count", "ports=ports", NULL}, isolation_is_observed},
    {NULL, false, NULL, NULL},
};
