// By what VPCs may exchange packets, and where references to groups count.
#include "rules/reach/group_side.h"
#include "rules/reach/route_table.h"
#include "rules/reach/transit.h"
#include "rules/reach/ways.h"

static void add_table(struct traffic *traffic, const struct route_table *table, struct links *links)
{
    links->others = links->others || table->doubt != NULL;
    for (size_t i = 0; i < table->routes.count; i++) {
        const struct route *route = &table->routes.items[i];
        bool endpoint = text_same(map_get(&traffic->estate->vpc_endpoint_types, route->target_id), "Gateway");
        links->internet = links->internet ||
                          (route->active && (route->target == ROUTE_INTERNET_GATEWAY || route->way == WAY_EGRESS_ONLY));
        if (!route->active || route->target == ROUTE_LOCAL || route->target == ROUTE_INTERNET_GATEWAY || endpoint ||
            route->way == WAY_NAT || route->way == WAY_EGRESS_ONLY)
            continue; // a NAT gateway goes by another table of the VPC
        if (route->target != ROUTE_ELSEWHERE || route->way != WAY_PEERING)
            links->others = true;
        else
            text_list_add(traffic->arena, &links->peerings, route->target_id);
    }
}

struct map links_of_vpcs(struct traffic *traffic)
{
    struct map all = {0};
    for (size_t i = 0; i < traffic->parties.count; i++) {
        const struct party *party = traffic->parties.items[i];
        struct links *links = map_get(&all, party->vpc_id);
        if (links == NULL) {
            links = arena_new_of(traffic->arena, struct links);
            map_put(traffic->arena, &all, party->vpc_id, links);
        }
        links->others = links->others || party->ground->table == NULL;
    }
    for (size_t i = 0; i < traffic->estate->route_tables.size; i++) {
        const struct route_table *table = traffic->estate->route_tables.slots[i].value;
        struct links *links = table == NULL ? NULL : map_get(&all, table->vpc_id);
        if (links != NULL)
            add_table(traffic, table, links);
    }
    return all;
}

bool links_join(const struct links *a, const struct links *b, enum family family)
{
    bool a_out = a->internet || a->others, b_out = b->internet || b->others;
    if (family == FAMILY_IPV6 && a_out && b_out)
        return true;
    for (size_t i = 0; i < a->peerings.count; i++)
        if (text_list_holds(&b->peerings, a->peerings.items[i]))
            return true;
    return (a->others && (b->others || b->peerings.count > 0)) || (b->others && a->peerings.count > 0);
}

// ---- References

bool way_is_internet(const struct way *way)
{
    return way->kind == FLOW_INTERNET_GATEWAY || way->kind == FLOW_EGRESS_ONLY;
}

way_list ways_answering(struct traffic *traffic, struct arena *arena, const way_list *back,
                        const struct passage_by *passage)
{
    bool came = passage != NULL && passage->kind == FLOW_INTERNET_GATEWAY;
    way_list ways = {0};
    for (size_t i = 0; i < back->count; i++) {
        const struct way *way = &back->items[i];
        if (way->kind == FLOW_EGRESS_ONLY)
            continue; // it lets out what was begun behind it, and nothing else
        struct way *own = vector_add(arena, &ways);
        *own = *way;
        if (way_is_internet(way) == came || passage == NULL)
            continue;
        memset(&own->doubts, 0, sizeof(own->doubts));
        reason_add_all(arena, &own->doubts, &way->doubts);
        reason_add(arena, &own->doubts,
                   reason_doubt(traffic->arena, REASON_ROUTE, way->by, settle_by_probe,
                                came ? "it comes over the internet, and the answer goes back by another way"
                                     : "the answer goes back over the internet, and it did not come so"));
    }
    return ways;
}

struct passage_by passage_of_way(const struct way *way)
{
    if (way_is_internet(way))
        return (struct passage_by){FLOW_INTERNET_GATEWAY, NULL};
    bool modelled = way->kind == FLOW_PEERING || way->kind == FLOW_TRANSIT;
    return modelled ? (struct passage_by){way->kind, way->by} : (struct passage_by){FLOW_UNMODELLED, NULL};
}

static void unsure(struct traffic *traffic, enum kind kind, const char *id, bool outbound_too, struct other_side *other)
{
    struct arena *arena = traffic->arena;
    for (int egress = 0; egress < 1 + outbound_too; egress++)
        other->references[egress] = REFERENCES_MAYBE;
    other->unsure = reason_doubt(arena, REASON_GROUP, id, settle_by_call(arena, kind, id),
                                 arena_printf(arena, "whether references to groups count over %s is not sure",
                                              id == NULL ? "what is in between" : id));
}

// "You cannot reference the security group of a peer VPC that's in a different Region":
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html
static void by_peering(struct traffic *traffic, const char *id, struct other_side *other)
{
    const struct vpc_peering *peering = map_get(&traffic->estate->peerings, id);
    const char *a = peering == NULL ? NULL : peering->requester.region;
    const char *b = peering == NULL ? NULL : peering->accepter.region;
    if (a != NULL && b != NULL && strcmp(a, b) != 0)
        return;
    if (peering != NULL && peering->presence == PRESENCE_YES && peering->doubt == NULL && a != NULL && b != NULL)
        other->references[0] = other->references[1] = REFERENCES_COUNT;
    else
        unsure(traffic, KIND_VPC_PEERINGS, id, true, other);
}

static enum transit_option both(enum transit_option a, enum transit_option b)
{
    if (a == TRANSIT_DISABLED || b == TRANSIT_DISABLED)
        return TRANSIT_DISABLED;
    return a == TRANSIT_ENABLED && b == TRANSIT_ENABLED ? TRANSIT_ENABLED : TRANSIT_UNSURE;
}

// "You can reference a security group in inbound rules only", where the gateway and both attachments have it on:
// https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html#vpc-attachment-security
static void by_transit(struct traffic *traffic, const char *id, const char *own_vpc, const char *other_vpc,
                       struct other_side *other)
{
    const struct estate *estate = traffic->estate;
    const struct transit_gateway *gateway = map_get(&estate->transit_gateways, id);
    const struct transit_attachment *a = transit_attachment_of(estate, id, own_vpc);
    const struct transit_attachment *b = transit_attachment_of(estate, id, other_vpc);
    enum transit_option on = gateway == NULL ? TRANSIT_UNSURE : gateway->referencing;
    on = both(on, a == NULL ? TRANSIT_UNSURE : a->referencing);
    on = both(on, b == NULL ? TRANSIT_UNSURE : b->referencing);
    if (on == TRANSIT_DISABLED)
        return;
    bool sure = on == TRANSIT_ENABLED && gateway->doubt == NULL && a->doubt == NULL && b->doubt == NULL;
    if (sure)
        other->references[0] = REFERENCES_COUNT;
    else
        unsure(traffic, KIND_TRANSIT_GATEWAYS, id, false, other);
}

void ways_resent(struct traffic *traffic, const char *own_vpc, const struct other_side *other,
                 struct other_side *resent)
{
    *resent = *other;
    resent->key = arena_printf(traffic->arena, "%s|resent", other->key);
    resent->own_vpc = other->same_vpc ? NULL : own_vpc;
    resent->anyone = reason_doubt(traffic->arena, REASON_GROUP, NULL, settle_by_probe,
                                  "whether what sends it on is of a group that a rule refers to is not known");
}

// What is in between may send them on over a peering connection or a transit gateway.
void ways_references(struct traffic *traffic, const char *own_vpc, const char *other_vpc,
                     const struct passage_by *passage, struct other_side *other)
{
    *other = (struct other_side){.vpc_id = other_vpc, .same_vpc = strcmp(own_vpc, other_vpc) == 0};
    other->key =
        arena_printf(traffic->arena, "%s>%s|%d|%s", own_vpc, other_vpc, passage == NULL ? -1 : (int)passage->kind,
                     passage == NULL || passage->by == NULL ? "" : passage->by);
    if (other->same_vpc)
        other->references[0] = other->references[1] = REFERENCES_COUNT;
    else if (passage->kind == FLOW_PEERING)
        by_peering(traffic, passage->by, other);
    else if (passage->kind == FLOW_INTERNET_GATEWAY)
        return; // they stand for private addresses, of which the internet knows nothing
    else if (passage->kind == FLOW_TRANSIT)
        by_transit(traffic, passage->by, own_vpc, other_vpc, other);
    else
        unsure(traffic, KIND_ROUTE_TABLES, NULL, true, other);
}
