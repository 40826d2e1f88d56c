// Facts of segmentation, as PCI DSS asks about it: that the cardholder data environment, which the intent names, and
// what is out of scope reach nothing of each other, as computed.
#include "rules/controls/account_facts.h"
#include "rules/controls/flow_facts.h"

#include "model/interface_kind.h"
#include "model/protocol.h"

// ---- Networks behind the environment's routes of which the snapshot tells nothing

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
        if (flow_facts_in_scope(inquiry, SCOPE_CDE, estate->interfaces.items[i]))
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
            if (group == NULL || map_get(&asked, group->id) != NULL ||
                !flow_facts_in_scope(inquiry, SCOPE_CDE, estate->interfaces.items[i]))
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

struct reached {
    size_t addresses; // public ones of the environment
    size_t good;      // of them, those that nothing of the internet reaches
    size_t bridged;   // places that the internet reaches by somebody who asks there by an address of his own
};

static void ask_endpoints(struct inquiry *inquiry, struct reached *reached)
{
    const struct exposure_set *exposures = inquiry->input->exposures;
    for (size_t i = 0; i < exposures->endpoints.count; i++) {
        const struct endpoint *endpoint = &exposures->endpoints.items[i];
        bool surely;
        if (!flow_facts_in_scope(inquiry, SCOPE_CDE, endpoint->interface))
            continue;
        bool possible = fact_reached(endpoint->exposures, true, &surely);
        char address[ADDRESS_TEXT];
        endpoint_address(endpoint, address);
        reached->addresses++;
        reached->good += !possible;
        if (surely) {
            answer(inquiry, CONTROL_FAIL, arena_strdup(inquiry->arena, address), NULL,
                   "the internet reaches it, and %s is of the cardholder environment", endpoint->interface->id);
            answer_refer(inquiry, "exposure.json#/endpoints/%zu", i);
        } else if (possible)
            answer_missing(inquiry, "whether the internet reaches %s of %s, which is possible", address,
                           endpoint->interface->id);
    }
}

// Who passes packets on with their clients' own addresses stands between nothing: their connections end at the target.
static void ask_indirect(struct inquiry *inquiry, struct reached *reached)
{
    const struct exposure_set *exposures = inquiry->input->exposures;
    for (size_t i = 0; i < exposures->indirect.count; i++) {
        const struct indirect_exposure *one = &exposures->indirect.items[i];
        bool surely, keeps = one->by_service ? one->seen_family == 0 : one->may_see_client;
        bool sure = one->by_service || one->sees_client;
        if (!flow_facts_in_scope(inquiry, SCOPE_CDE, one->interface) || !fact_reached(&one->exposures, true, &surely))
            continue;
        char address[ADDRESS_TEXT];
        address_format(one->private_address, address);
        if (!keeps)
            reached->bridged++;
        else if (surely && sure) {
            answer(inquiry, CONTROL_FAIL, arena_strdup(inquiry->arena, address), NULL,
                   "the internet reaches it by %s, which keeps the clients' addresses, and %s is of the cardholder "
                   "environment",
                   one->load_balancer, one->interface->id);
            answer_refer(inquiry, "exposure.json#/indirect/%zu", i);
        } else
            answer_missing(inquiry, "whether the internet reaches %s of %s by %s, with the clients' addresses", address,
                           one->interface->id, one->load_balancer);
    }
}

static void cde_not_reached(struct inquiry *inquiry)
{
    const struct segment_set *set = flow_facts_set(inquiry);
    struct reached reached = {0};
    if (set == NULL || !flow_facts_have_cde(inquiry, set))
        return;
    answer_gaps(inquiry);
    ask_endpoints(inquiry, &reached);
    ask_indirect(inquiry, &reached);
    size_t interfaces = 0;
    for (size_t i = 0; i < set->segments.count; i++)
        if (flow_facts_scope(inquiry, &set->segments.items[i]) == SCOPE_CDE)
            interfaces += set->segments.items[i].interfaces;
    if (reached.good > 0)
        answer_rest(inquiry, reached.good, "public address", "public addresses",
                    "of it, and the internet reaches none");
    else if (reached.addresses == 0)
        answer_rest(inquiry, interfaces, "network interface", "network interfaces", "of it, without a public address");
    if (reached.good > 0 || (reached.addresses == 0 && interfaces > 0))
        answer_refer(inquiry, "exposure.json#/endpoints");
    if (reached.bridged > 0) {
        answer_rest(inquiry, reached.bridged, "place of it", "places of it",
                    "that the internet reaches by somebody who asks there by an address of its own");
        answer_refer(inquiry, "exposure.json#/indirect");
    }
}

static const char *const none[] = {NULL};

const struct fact segmentation_facts[] = {
    {"cde-is-isolated", false, none, cde_is_isolated},
    {"cde-not-reached-from-internet", false, none, cde_not_reached},
    {NULL, false, NULL, NULL},
};
