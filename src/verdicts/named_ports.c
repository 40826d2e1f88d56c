#include "verdicts/named_ports.h"

#include "model/protocol.h"

// A rule over more ports than this names its ends only: the ports between are asked where they are declared for us.
enum { NAMED_RANGE = 1024 };

typedef VECTOR(struct port_range) range_vector;

struct found_vpc {
    struct named_vpc named; // the first member: it is found by its place
    const char *id;
    range_vector ranges;
    struct map group_sets; // of its endpoints, seen so far
};

static void add_rules(struct arena *arena, const struct security_group *group, range_vector *ranges)
{
    for (size_t r = 0; r < group->ingress.count; r++) {
        const struct security_group_rule *rule = &group->ingress.items[r];
        if (rule->protocol != PROTOCOL_TCP)
            continue;
        if (rule->high - rule->low < NAMED_RANGE) {
            *vector_add(arena, ranges) = (struct port_range){rule->low, rule->high};
            continue;
        }
        *vector_add(arena, ranges) = (struct port_range){rule->low, rule->low};
        *vector_add(arena, ranges) = (struct port_range){rule->high, rule->high};
    }
}

static bool is_known(const char *vpc_id)
{
    return vpc_id != NULL && strcmp(vpc_id, VPC_UNKNOWN) != 0;
}

// Where a group is can be told, and by one record only.
static bool has_one_place(const struct security_group *group)
{
    return is_known(group->vpc_id) && group->doubt == NULL;
}

// Finds the VPCs of the endpoints, and adds the rules of their groups that are another VPC's.
static void find_vpcs(struct arena *scratch, const struct estate *estate, const struct exposure_set *exposures,
                      struct named_ports *named)
{
    for (size_t i = 0; i < exposures->endpoints.count; i++) {
        const struct network_interface *interface = exposures->endpoints.items[i].interface;
        const char *vpc_id = interface->place->vpc_id;
        if (!is_known(vpc_id))
            continue;
        struct found_vpc *vpc = map_get(&named->of_vpc, vpc_id);
        if (vpc == NULL) {
            vpc = arena_new_of(named->arena, struct found_vpc);
            vpc->id = vpc_id;
            map_put(named->arena, &named->of_vpc, vpc_id, vpc);
        }
        if (interface->groups == NULL || map_get_pointer(&vpc->group_sets, interface->groups) != NULL)
            continue;
        map_put_pointer(scratch, &vpc->group_sets, interface->groups, vpc);
        for (size_t g = 0; g < interface->groups->count; g++) {
            const struct security_group *group = map_get(&estate->security_groups, interface->groups->ids[g]);
            if (group != NULL && !text_same(group->vpc_id, vpc_id))
                add_rules(scratch, group, &vpc->ranges);
        }
    }
}

static struct portset without_zero(struct arena *arena, const range_vector *ranges)
{
    return portset_subtract(arena, portset_from(arena, ranges->items, ranges->count), portset_of(arena, 0, 0));
}

void named_ports_find(struct arena *arena, const struct estate *estate, const struct exposure_set *exposures,
                      struct named_ports *named)
{
    struct arena *scratch = arena_new();
    range_vector all = {0}, everywhere = {0};
    *named = (struct named_ports){.arena = arena, .any = arena_new_of(arena, struct named_vpc)};
    find_vpcs(scratch, estate, exposures, named);
    for (size_t slot = 0; slot < estate->security_groups.size; slot++) {
        const struct security_group *group = estate->security_groups.slots[slot].value;
        if (group == NULL)
            continue;
        struct found_vpc *vpc = has_one_place(group) ? map_get(&named->of_vpc, group->vpc_id) : NULL;
        add_rules(scratch, group, &all);
        if (!has_one_place(group))
            add_rules(scratch, group, &everywhere);
        else if (vpc != NULL)
            add_rules(scratch, group, &vpc->ranges);
    }
    named->any->ports = without_zero(arena, &all);
    for (size_t slot = 0; slot < named->of_vpc.size; slot++) {
        struct found_vpc *vpc = named->of_vpc.slots[slot].value;
        if (vpc == NULL)
            continue;
        struct portset own = without_zero(scratch, &vpc->ranges), shared = without_zero(scratch, &everywhere);
        vpc->named.ports = portset_copy(arena, portset_union(scratch, own, shared));
    }
    arena_free(scratch);
}

const struct named_vpc *named_ports_of(const struct named_ports *named, const struct network_interface *interface)
{
    const struct found_vpc *vpc =
        is_known(interface->place->vpc_id) ? map_get(&named->of_vpc, interface->place->vpc_id) : NULL;
    return vpc == NULL ? named->any : &vpc->named;
}
