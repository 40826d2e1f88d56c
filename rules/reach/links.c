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

bool links_join(const struct links *a, const struct links *b)
{
    for (size_t i = 0; i < a->peerings.count; i++)
        if (text_list_holds(&b->peerings, a->peerings.items[i]))
            return true;
    return (a->others && (b->others || b->peerings.count > 0)) || (b->others && a->peerings.count > 0);
}

// ---- References

static const struct vpc_peering *peering_between(const struct estate *estate, const char *a, const char *b)
{
    const struct vpc_peering *found = NULL;
    for (size_t i = 0; i < estate->peerings.size; i++) {
        const struct vpc_peering *one = estate->peerings.slots[i].value;
        bool joins = one != NULL && one->presence != PRESENCE_NO &&
                     ((text_same(one->requester.vpc_id, a) && text_same(one->accepter.vpc_id, b)) ||
                      (text_same(one->requester.vpc_id, b) && text_same(one->accepter.vpc_id, a)));
        if (joins && (found == NULL || one->presence > found->presence ||
                      (one->presence == found->presence && strcmp(one->id, found->id) < 0)))
            found = one;
    }
    return found;
}

// "You cannot reference the security group of a peer VPC that's in a different Region":
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html
static void by_peering(struct traffic *traffic, const struct vpc_peering *peering, struct other_side *other)
{
    struct arena *arena = traffic->arena;
    const char *a = peering->requester.region, *b = peering->accepter.region;
    bool sure = peering->presence == PRESENCE_YES && peering->doubt == NULL && a != NULL && b != NULL;
    if (a != NULL && b != NULL && strcmp(a, b) != 0)
        return;
    for (int egress = 0; egress < 2; egress++)
        other->references[egress] = sure ? REFERENCES_COUNT : REFERENCES_MAYBE;
    other->unsure =
        reason_doubt(arena, REASON_GROUP, peering->id, settle_by_call(arena, KIND_VPC_PEERINGS, peering->id),
                     arena_printf(arena, "whether references to groups count over %s is not sure", peering->id));
}

static enum transit_option both(enum transit_option a, enum transit_option b)
{
    if (a == TRANSIT_DISABLED || b == TRANSIT_DISABLED)
        return TRANSIT_DISABLED;
    return a == TRANSIT_ENABLED && b == TRANSIT_ENABLED ? TRANSIT_ENABLED : TRANSIT_UNSURE;
}

// "You can reference a security group in inbound rules only", where the gateway and both attachments have it on:
// https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html#vpc-attachment-security
static void by_transit(struct traffic *traffic, const char *own_vpc, const char *other_vpc, struct other_side *other)
{
    struct arena *arena = traffic->arena;
    const struct estate *estate = traffic->estate;
    map_slots gateways = map_sorted(arena, &estate->transit_gateways);
    for (size_t i = 0; i < gateways.count; i++) {
        const struct transit_gateway *gateway = gateways.items[i]->value;
        if (gateway->presence == PRESENCE_NO)
            continue;
        const struct transit_attachment *a = transit_attachment_of(estate, gateway->id, own_vpc);
        const struct transit_attachment *b = transit_attachment_of(estate, gateway->id, other_vpc);
        if (a == NULL || b == NULL)
            continue;
        enum transit_option on = both(gateway->referencing, both(a->referencing, b->referencing));
        if (on == TRANSIT_DISABLED || other->references[0] == REFERENCES_COUNT)
            continue;
        bool sure = on == TRANSIT_ENABLED && gateway->doubt == NULL && a->doubt == NULL && b->doubt == NULL;
        other->references[0] = sure ? REFERENCES_COUNT : REFERENCES_MAYBE;
        if (!sure)
            other->unsure = reason_doubt(
                arena, REASON_GROUP, gateway->id, settle_by_call(arena, KIND_TRANSIT_GATEWAYS, gateway->id),
                arena_printf(arena, "whether references to groups count over %s is not sure", gateway->id));
    }
}

// Whether a kind is there for the place of a VPC; *lack says what is not.
static const struct lack *absent(struct traffic *traffic, enum kind kind, const char *vpc_id)
{
    const struct vpc_home *home = map_get(&traffic->estate->vpc_homes, vpc_id);
    return estate_lack(traffic->estate, traffic->arena, kind, home == NULL ? NULL : home->owner,
                       home == NULL ? NULL : home->region);
}

void ways_references(struct traffic *traffic, const char *own_vpc, const char *other_vpc, struct other_side *other)
{
    struct arena *arena = traffic->arena;
    *other = (struct other_side){.vpc_id = other_vpc, .same_vpc = strcmp(own_vpc, other_vpc) == 0};
    other->key = arena_printf(arena, "%s>%s", own_vpc, other_vpc);
    if (other->same_vpc) {
        other->references[0] = other->references[1] = REFERENCES_COUNT;
        return;
    }
    const struct vpc_peering *peering = peering_between(traffic->estate, own_vpc, other_vpc);
    if (peering != NULL)
        by_peering(traffic, peering, other);
    by_transit(traffic, own_vpc, other_vpc, other);
    static const enum kind kinds[] = {KIND_VPC_PEERINGS, KIND_TRANSIT_GATEWAYS, KIND_TRANSIT_ATTACHMENTS};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct lack *lack = absent(traffic, kinds[i], own_vpc);
        for (int egress = 0; egress < 2 && lack != NULL; egress++) {
            if (other->references[egress] != REFERENCES_NOT || (egress == 1 && kinds[i] != KIND_VPC_PEERINGS))
                continue;
            other->references[egress] = REFERENCES_MAYBE;
            other->unsure = reason_lack(arena, REASON_GROUP, lack);
        }
    }
}
