// Targets of load balancers: which interfaces they are, what their health says, and who gets to them.
#include "model/protocol.h"
#include "rules/reach/balancer_walk.h"
#include "rules/reach/gateway.h"
#include "rules/reach/instance_home.h"
#include "rules/reach/load_balancer.h"
#include "rules/reach/owner.h"

// An interface's own addresses of both families, one after the other; family 0 where there is no more.
static struct address nth_address(const struct network_interface *one, size_t n)
{
    return n < one->private_ipv4_count ? own_address(one, FAMILY_IPV4, n)
                                       : own_address(one, FAMILY_IPV6, n - one->private_ipv4_count);
}

void targets_index(struct walker *walker)
{
    struct arena *arena = walker->arena;
    instance_homes(arena, walker->estate, &walker->homes);
    for (size_t i = 0; i < walker->estate->interfaces.count; i++) {
        const struct network_interface *one = walker->estate->interfaces.items[i];
        struct address address;
        for (size_t n = 0; (address = nth_address(one, n)).family != 0; n++) {
            char text[ADDRESS_TEXT];
            address_format(address, text);
            map_put(arena, &walker->interface_of_private, arena_printf(arena, "%s|%s", one->place->vpc_id, text),
                    (void *)(uintptr_t)one);
        }
    }
}

void walk_lacks(struct walker *walker, enum kind kind, const char *id, const char *text)
{
    const struct interface_place *place =
        walker->estate->interfaces.count > 0 ? walker->estate->interfaces.items[0]->place : NULL;
    lack_add(walker->set->arena, &walker->set->missing,
             &(struct lack){kind_name(kind), place == NULL ? NULL : place->account_id,
                            place == NULL ? NULL : place->region, id, text});
}

void walk_note(struct walker *walker, const char *text)
{
    text_list_add(walker->set->arena, &walker->set->notes, text);
}

const char *target_group_name(const struct target_group *group)
{
    return group->name != NULL ? group->name : group->arn;
}

// ---- From the nodes to one target

// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#client-ip-preservation
enum preserves { PRESERVES_NOT, PRESERVES_PERHAPS, PRESERVES };

static enum preserves preserves_client(const struct hop_in *in)
{
    const struct target_group *group = in->group;
    const struct load_balancer *balancer = in->front->balancer;
    if (group == NULL || (balancer->type != LOAD_BALANCER_NETWORK && !balancer->type_unsure))
        return PRESERVES_NOT;
    if (balancer->type_unsure || group->preserve_client == SETTING_UNSURE)
        return PRESERVES_PERHAPS;
    bool always = strcmp(group->type, "alb") == 0 || !preservation_is_optional(group);
    bool told = group->preserve_client != SETTING_NOT_TOLD;
    return always || (told ? group->preserve_client == SETTING_ON : preserves_by_default(group)) ? PRESERVES
                                                                                                 : PRESERVES_NOT;
}

// What one node brings to a target.
static struct arrival through_node(struct walker *walker, const struct hop_in *in, size_t n,
                                   const struct network_interface *target, struct address address, uint16_t port,
                                   const struct target *registered, bool *other_zone, reason_list *because,
                                   reason_list *doubts)
{
    enum preserves preserves = preserves_client(in);
    struct hop_question hop = {.balancer = in->front->balancer,
                               .node = in->front->nodes.items[n],
                               .target = target,
                               .address = address,
                               .port = port,
                               .protocol = in->protocol,
                               .preserves = preserves != PRESERVES_NOT,
                               .family = in->family,
                               .arrival = in->at_node[n]};
    reason_list own_because = {0}, own_doubts = {0};
    struct arrival arrival = hop_through(&walker->hopper, &hop, &own_because, &own_doubts);
    if (preserves == PRESERVES_PERHAPS) {
        hop.preserves = false;
        struct arrival other = hop_through(&walker->hopper, &hop, &own_because, &own_doubts);
        arrival = arrival_union(walker->arena, &arrival, &other);
        arrival_doubt(&arrival);
    }
    if (arrival_is_empty(&arrival))
        return arrival;
    enum in_zone serves = hop_in_zone(&walker->hopper, &hop, in->group, registered == NULL ? NULL : registered->zone,
                                      registered != NULL && registered->zone_unsure, &own_doubts);
    if (serves == ZONE_NOT) {
        *other_zone = true;
        return (struct arrival){0};
    }
    if (serves == ZONE_PERHAPS || in->doubtful)
        arrival_doubt(&arrival);
    reason_add_all(walker->arena, because, &own_because);
    reason_add_all(walker->arena, doubts, &own_doubts);
    return arrival;
}

// Who reaches a target's port by the nodes.
static struct arrival through_nodes(struct walker *walker, const struct hop_in *in,
                                    const struct network_interface *target, struct address address, uint16_t port,
                                    const struct target *registered, reason_list *because, reason_list *doubts)
{
    struct arena *arena = walker->arena;
    struct arrival result = {0};
    bool other_zone = false;
    for (size_t n = 0; n < in->front->nodes.count; n++) {
        struct arrival some =
            through_node(walker, in, n, target, address, port, registered, &other_zone, because, doubts);
        result = arrival_union(arena, &result, &some);
    }
    if (other_zone && arrival_is_empty(&result))
        walk_note(walker,
                  arena_printf(walker->set->arena,
                               "target %s of target group %s: no client reaches a node of load balancer %s in its "
                               "zone, and nodes keep to their zones",
                               target->instance_id != NULL ? target->instance_id : target->id,
                               target_group_name(in->group), in->front->balancer->name));
    return result;
}

static void add_exposure(struct walker *walker, struct indirect_exposure *indirect, const struct hop_in *in,
                         uint16_t port, struct prefixset sources, enum certainty certainty, const reason_list *because,
                         const reason_list *doubts)
{
    struct arena *arena = walker->set->arena;
    if (prefixset_is_empty(sources))
        return;
    struct exposure *one = &indirect->exposures.items[indirect->exposures.count++];
    struct prefixset internet = prefixset_internet(walker->arena, in->family);
    *one = (struct exposure){.protocol_low = in->protocol,
                             .protocol_high = in->protocol,
                             .low = port,
                             .high = port,
                             .sources = sources,
                             .internet = prefixset_overlap(sources, internet),
                             .path = PATH_TWO_WAY,
                             .certainty = certainty,
                             .client_ports = portset_all};
    reason_add_all(arena, &one->via, &in->path);
    if (indirect->target_group != NULL)
        reason_add(arena, &one->via,
                   reason_says(arena, REASON_BALANCER, indirect->target_group,
                               arena_printf(arena, "target group %s: %s", indirect->target_group, indirect->health)));
    for (size_t i = 0; certainty == CERTAINTY_POSSIBLE && i < doubts->count; i++)
        reason_add(arena, &one->via, reason_behind(arena, doubts->items[i]));
    reason_add_all(arena, &one->because, because);
}

// What a registered target's health says of it.
enum takes { TAKES_NONE, TAKES_PERHAPS, TAKES };

// A load balancer without a healthy target sends to all it has, so one that is unhealthy now is exposed all the same.
// One whose checks have not ended, or are off, or that keeps its connections and takes no new ones, may be sent clients
// as that is. "unused" is a target that takes nothing as things are; where that is because its instance is stopped, it
// is dormant, and where another document says that this one runs, the two contradict each other.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health.html#unhealthy-target-connection-termination
static enum takes takes_clients(const struct target *target, bool asleep)
{
    static const char *const taking[] = {"healthy", "unhealthy", NULL};
    static const char *const reasons[] = {"Target.NotRegistered", "Target.NotInUse", "Target.IpUnusable", NULL};
    if (target->unsure)
        return TAKES_PERHAPS;
    if (text_among(target->health, taking))
        return TAKES;
    if (strcmp(target->health, "draining") == 0)
        return TAKES_NONE;
    if (strcmp(target->health, "unused") != 0)
        return TAKES_PERHAPS;
    if (text_same(target->reason, "Target.InvalidState"))
        return asleep ? TAKES : TAKES_PERHAPS;
    return target->reason == NULL || text_among(target->reason, reasons) ? TAKES_NONE : TAKES_PERHAPS;
}

// False where a target takes nothing, which is said.
static bool heed_health(struct walker *walker, struct hop_in *in, const struct target *target, bool asleep)
{
    struct arena *kept = walker->set->arena;
    enum takes takes = takes_clients(target, asleep);
    if (takes == TAKES_NONE)
        walk_note(walker, arena_printf(kept, "target %s of target group %s is %s: not reached", target->id,
                                       target_group_name(in->group), target->health));
    if (takes == TAKES_PERHAPS) {
        in->doubtful = true;
        const char *health = strcmp(target->health, "unknown") == 0 ? "not told"
                             : target->unsure                       ? "told in two ways"
                             : target->reason == NULL               ? target->health
                                                      : arena_printf(kept, "%s (%s)", target->health, target->reason);
        reason_add(walker->arena, &in->doubts,
                   reason_doubt(kept, REASON_BALANCER, target->id,
                                settle_by_call(kept, KIND_TARGET_HEALTH, target_group_name(in->group)),
                                arena_printf(kept, "the health of target %s of target group %s is %s", target->id,
                                             target_group_name(in->group), health)));
    }
    return takes != TAKES_NONE;
}

// A load balancer's own node takes what its listeners do. False where that is nothing, which is said.
static bool heed_listeners(struct walker *walker, struct hop_in *in, const struct network_interface *target,
                           struct address address, uint16_t port)
{
    struct arena *kept = walker->set->arena;
    const struct reason *doubt = NULL;
    const struct load_balancer *balancer = load_balancer_of(kept, walker->estate, target, &doubt);
    if (balancer != NULL && doubt == NULL) {
        struct balancer_ports ports = load_balancer_ports(kept, balancer, in->protocol);
        bool surely = portset_holds(ports.must, port), perhaps = portset_holds(ports.may, port);
        if (!surely && !perhaps) {
            char text[ADDRESS_TEXT];
            address_format(address, text);
            walk_note(walker,
                      arena_printf(kept, "load balancer %s has no %s listener on port %u of %s: not reached",
                                   balancer->name, in->protocol == PROTOCOL_UDP ? "UDP" : "TCP", (unsigned)port, text));
            return false;
        }
        doubt = !surely ? ports.doubt : balancer->unsure != NULL ? load_balancer_unsure(kept, balancer) : NULL;
    }
    if (doubt != NULL) {
        in->doubtful = true;
        reason_add(walker->arena, &in->doubts, doubt);
    }
    return true;
}

// One target with who arrives there.
struct arrived {
    const struct network_interface *target;
    struct address address;
    uint16_t port;
    const struct target *registered; // NULL behind a classic load balancer, whose documents do not tell of health
    struct arrival arrival;
    reason_list because;
    reason_list doubts;
};

static bool same_path(const reason_list *via, const reason_list *path)
{
    for (size_t i = 0; i < path->count; i++)
        if (i >= via->count || !reason_same(via->items[i], path->items[i]))
            return false;
    return true;
}

// Whether a target is listed as the same thing by another record of its target group; it is then united with that: of
// such groups nothing is sure.
static bool is_listed(struct walker *walker, const struct hop_in *in, const struct arrived *arrived,
                      struct prefixset sources)
{
    struct arena *arena = walker->set->arena;
    for (size_t i = walker->bridged; i < walker->set->indirect.count; i++) {
        struct indirect_exposure *one = &walker->set->indirect.items[i];
        if (one->interface != arrived->target || one->family != in->family || one->exposures.count != 1 ||
            !text_same(one->target_group, in->group->name) || one->private_address.family != arrived->address.family ||
            one->private_address.bits != arrived->address.bits)
            continue;
        struct exposure *exposure = &one->exposures.items[0];
        if (exposure->protocol_low != in->protocol || exposure->low != arrived->port ||
            !same_path(&exposure->via, &in->path))
            continue;
        exposure->sources = prefixset_union(walker->arena, exposure->sources, sources);
        exposure->internet = prefixset_overlap(exposure->sources, prefixset_internet(walker->arena, in->family));
        for (size_t d = 0; d < arrived->doubts.count; d++)
            reason_add(arena, &exposure->via, reason_behind(arena, arrived->doubts.items[d]));
        reason_add_all(arena, &exposure->because, &arrived->because);
        return true;
    }
    return false;
}

static void list(struct walker *walker, const struct hop_in *in, const struct arrived *arrived)
{
    struct arena *arena = walker->set->arena;
    const struct network_interface *target = arrived->target;
    const struct instance *instance = map_get(&walker->estate->instances, target->instance_id);
    const char *name = instance == NULL ? NULL : tags_name(instance->tags, instance->tag_count);
    struct clients clients = arrival_clients(walker->arena, &arrived->arrival);
    if (in->group != NULL && in->group->other != NULL && is_listed(walker, in, arrived, clients.may))
        return;
    struct indirect_exposure *indirect = vector_add(arena, &walker->set->indirect);
    *indirect = (struct indirect_exposure){
        .interface = target,
        .private_address = arrived->address,
        .name = name != NULL ? name : tags_name(target->tags, target->tag_count),
        .owner = owner_of(arena, walker->estate, target),
        .dormant = instance != NULL && instance_is_asleep(instance),
        .load_balancer = in->front->balancer->name,
        .listener = listener_text(arena, in->listener),
        .target_group = in->group != NULL ? in->group->name : NULL,
        .health = arrived->registered == NULL ? "unknown" : arrived->registered->health,
        .family = in->family,
        .exposures = {.items = arena_array(arena, struct exposure, 2)},
    };
    add_exposure(walker, indirect, in, arrived->port, clients.must, CERTAINTY_EXACT, &arrived->because,
                 &arrived->doubts);
    add_exposure(walker, indirect, in, arrived->port, prefixset_subtract(walker->arena, clients.may, clients.must),
                 CERTAINTY_POSSIBLE, &arrived->because, &arrived->doubts);
}

// Notes who arrives at a node of another load balancer.
static void arrive_at_node(struct walker *walker, const struct arrived *arrived, inner_list *inners)
{
    struct arena *arena = walker->arena;
    const struct front *front = map_get_pointer(&walker->front_of, arrived->target);
    struct inner *inner = NULL;
    const struct reason *missing = NULL;
    if (front == NULL) {
        load_balancer_of(walker->set->arena, walker->estate, arrived->target, &missing);
        if (missing != NULL) // what is behind it
            walk_lacks(walker, KIND_LOAD_BALANCERS, arrived->target->id, missing->text);
        return;
    }
    for (size_t i = 0; i < inners->count; i++)
        if (inners->items[i].front == front && inners->items[i].port == arrived->port)
            inner = &inners->items[i];
    if (inner == NULL) {
        inner = vector_add(arena, inners);
        *inner = (struct inner){
            .front = front, .port = arrived->port, .at_node = arena_array(arena, struct arrival, front->nodes.count)};
    }
    for (size_t n = 0; n < front->nodes.count; n++)
        if (front->nodes.items[n] == arrived->target)
            inner->at_node[n] = arrival_union(arena, &inner->at_node[n], &arrived->arrival);
    reason_add_all(arena, &inner->because, &arrived->because);
    reason_add_all(arena, &inner->doubts, &arrived->doubts);
}

static void reach_target(struct walker *walker, const struct hop_in *way, const struct network_interface *target,
                         struct address address, uint16_t port, const struct target *registered, inner_list *inners)
{
    struct arena *arena = walker->set->arena;
    struct hop_in own = *way, *in = &own; // what is doubtful of this target is not of the next
    const struct instance *instance = map_get(&walker->estate->instances, target->instance_id);
    bool asleep = instance != NULL && instance_is_asleep(instance);
    own.doubts = (reason_list){0};
    reason_add_all(walker->arena, &own.doubts, &way->doubts);
    if (!target->attached || (instance != NULL && text_same(instance->state, "terminated")))
        return;
    if (registered != NULL && !heed_health(walker, in, registered, asleep))
        return;
    if (!heed_listeners(walker, in, target, address, port))
        return;
    struct arrived arrived = {.target = target, .address = address, .port = port, .registered = registered};
    reason_add_all(walker->arena, &arrived.because, &in->because);
    reason_add_all(walker->arena, &arrived.doubts, &in->doubts);
    arrived.arrival = through_nodes(walker, in, target, address, port, registered, &arrived.because, &arrived.doubts);
    if (arrival_is_empty(&arrived.arrival))
        return;
    if (target->doubt != NULL) {
        reason_add(walker->arena, &arrived.doubts, interface_doubt(arena, walker->estate, target));
        arrival_doubt(&arrived.arrival);
    }
    list(walker, in, &arrived);
    if (inners != NULL)
        arrive_at_node(walker, &arrived, inners);
}

// ---- Which interfaces a target is

// Whether an address lies in a subnet of the VPC that the snapshot tells of; true too where it tells of none.
static bool is_inside(const struct walker *walker, const char *vpc_id, struct address address)
{
    bool any = false;
    for (size_t i = 0; i < walker->estate->subnets.size; i++) {
        const struct subnet *subnet = walker->estate->subnets.slots[i].value;
        if (subnet == NULL || subnet->vpc_id == NULL || vpc_id == NULL || strcmp(subnet->vpc_id, vpc_id) != 0)
            continue;
        if (subnet->cidr.family == 0 || prefix_holds(subnet->cidr, address))
            return true;
        any = true;
    }
    return !any;
}

// A target of zone "all" is outside the VPC where its address is in none of the VPC's blocks, as far as those are told.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetDescription.html
static bool is_on_premises(const struct walker *walker, const char *vpc_id, const char *zone, struct address address)
{
    const struct vpc *vpc = vpc_id == NULL ? NULL : map_get(&walker->estate->vpcs, vpc_id);
    if (vpc == NULL || vpc->ipv4_blocks.count == 0 || !text_same(zone, "all") || address.family != FAMILY_IPV4)
        return false;
    for (size_t i = 0; i < vpc->ipv4_blocks.count; i++)
        if (prefix_holds(vpc->ipv4_blocks.items[i], address))
            return false;
    return true;
}

// A target that is no interface of the snapshot: one of this VPC is missing, others (on premises, in other VPCs,
// another load balancer's) are not covered.
static void not_found(struct walker *walker, const char *id, const char *zone, const char *vpc_id, const char *whose)
{
    struct arena *arena = walker->set->arena;
    struct address address;
    const struct instance *instance = map_get(&walker->estate->instances, id);
    if (instance != NULL && instance_is_gone(instance))
        return;
    if (address_parse(id, &address) &&
        (!is_inside(walker, vpc_id, address) || is_on_premises(walker, vpc_id, zone, address))) {
        text_list_add(arena, &walker->set->not_covered,
                      arena_printf(arena, "target %s of %s is no interface of this snapshot", id, whose));
        return;
    }
    walk_lacks(walker, KIND_NETWORK_INTERFACES, id,
               arena_printf(arena, "missing: the interface of target %s of %s", id, whose));
}

static void not_considered(struct walker *walker, const struct target *target, const struct target_group *group)
{
    not_found(walker, target->id, target->zone, group->vpc_id,
              arena_printf(walker->set->arena, "target group %s", group->name));
}

// Interfaces that share a private address, in different VPCs.
struct namesakes {
    VECTOR(const struct network_interface *) items;
};

static void index_addresses(struct walker *walker)
{
    struct arena *arena = walker->arena;
    walker->addresses_known = true;
    for (size_t i = 0; i < walker->estate->interfaces.count; i++) {
        const struct network_interface *one = walker->estate->interfaces.items[i];
        struct address address;
        for (size_t n = 0; (address = nth_address(one, n)).family != 0; n++) {
            char text[ADDRESS_TEXT];
            address_format(address, text);
            struct namesakes *namesakes = map_get(&walker->interfaces_of_address, text);
            if (namesakes == NULL) {
                namesakes = arena_new_of(arena, struct namesakes);
                map_put(arena, &walker->interfaces_of_address, arena_strdup(arena, text), namesakes);
            }
            *vector_add(arena, &namesakes->items) = one;
        }
    }
}

// An address that is of no interface in its target group's VPC may be of one in another.
static bool reach_elsewhere(struct walker *walker, const struct hop_in *in, const struct target *target,
                            struct address address, const char *text, uint16_t port, inner_list *inners)
{
    if (!walker->addresses_known)
        index_addresses(walker);
    const struct namesakes *namesakes = map_get(&walker->interfaces_of_address, text);
    for (size_t i = 0; namesakes != NULL && i < namesakes->items.count; i++)
        reach_target(walker, in, namesakes->items.items[i], address, port, target, inners);
    return namesakes != NULL;
}

static void doubt_way(struct walker *walker, struct hop_in *in, const struct hop_in *way, const struct reason *doubt)
{
    in->doubtful = true;
    in->doubts = (reason_list){0};
    reason_add_all(walker->arena, &in->doubts, &way->doubts);
    reason_add(walker->arena, &in->doubts, doubt);
}

// Of a target group that does not say whether it is of IPv4 or IPv6, though some target has addresses of both.
static void doubt_family(struct walker *walker, struct hop_in *in, const struct hop_in *way)
{
    struct arena *kept = walker->set->arena;
    const char *name = target_group_name(way->group);
    const char *text = arena_printf(kept, "missing: IpAddressType of target group %s", name);
    walk_lacks(walker, KIND_TARGET_GROUPS, way->group->arn, text);
    doubt_way(walker, in, way,
              reason_doubt(kept, REASON_BALANCER, name, settle_by_call(kept, KIND_TARGET_GROUPS, name), text));
}

// Of an interface's IPv6 addresses those of which one is its primary one, by what IsPrimaryIpv6 says: that one, else
// all but those that are not, else all.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInterfaceIpv6Address.html
struct candidates {
    VECTOR(struct address) items;
    bool sure;
};

static struct candidates primary_ipv6(struct arena *arena, const struct network_interface *interface)
{
    struct candidates found = {0};
    for (int least = PRIMARY; least >= PRIMARY_NOT_TOLD && found.items.count == 0; least--)
        for (size_t i = 0; i < interface->address_count; i++) {
            const struct interface_address *one = &interface->addresses[i];
            bool told = least == PRIMARY       ? one->primary == PRIMARY
                        : least == PRIMARY_NOT ? one->primary == PRIMARY_NOT_TOLD
                                               : true;
            if (told && one->address.family == FAMILY_IPV6 && one->address.length == 128)
                *vector_add(arena, &found.items) = one->private_address;
            found.sure = found.items.count == 1 && least != PRIMARY_NOT_TOLD;
        }
    return found;
}

// The target's addresses that its group's family sends to: the primary ones of IPv4 and of IPv6.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-register-targets.html
static void reach_interface(struct walker *walker, const struct hop_in *way, const struct target *target,
                            const struct network_interface *interface, uint16_t port, inner_list *inners)
{
    struct arena *kept = walker->set->arena;
    const struct target_group *group = way->group;
    bool either = !group->family_told && own_address(interface, FAMILY_IPV6, 0).family != 0;
    bool six = group->is_ipv6 || either, four = !group->is_ipv6;
    struct hop_in in = *way;
    struct address own = own_address(interface, FAMILY_IPV4, 0);
    size_t reached = 0;
    if (either)
        doubt_family(walker, &in, way);
    struct candidates primary = {0};
    if (six)
        primary = primary_ipv6(walker->arena, interface);
    if (!either && primary.items.count > 0 && !primary.sure)
        doubt_way(
            walker, &in, way,
            reason_doubt(kept, REASON_BALANCER, interface->id, settle_by_probe,
                         arena_printf(kept, "which IPv6 address of %s is its primary one is not told", interface->id)));
    if (four && own.family != 0) {
        reach_target(walker, &in, interface, own, port, target, inners);
        reached++;
    }
    for (size_t a = 0; a < primary.items.count; a++, reached++)
        reach_target(walker, &in, interface, primary.items.items[a], port, target, inners);
    if (reached == 0)
        walk_note(walker, arena_printf(kept, "target %s of target group %s has no %s address: not reached", target->id,
                                       target_group_name(group), group->is_ipv6 ? "IPv6" : "IPv4"));
}

static void lack_primary(struct walker *walker, const char *id, const char *whose)
{
    walk_lacks(walker, KIND_NETWORK_INTERFACES, id,
               arena_printf(walker->set->arena, "missing: the primary interface of target %s of %s", id, whose));
}

static const struct reason *home_doubt(struct walker *walker, const char *id)
{
    struct arena *kept = walker->set->arena;
    return reason_doubt(kept, REASON_BALANCER, id, settle_by_call(kept, KIND_NETWORK_INTERFACES, id),
                        instance_home_doubt(kept, id));
}

static void reach_instance(struct walker *walker, const struct hop_in *way, const struct target *target, uint16_t port)
{
    const struct instance_home *home = map_get(&walker->homes, target->id);
    if (home == NULL) {
        not_considered(walker, target, way->group);
        return;
    }
    size_t count;
    bool sure;
    const struct network_interface *const *interfaces = instance_home_interfaces(home, &count, &sure);
    struct hop_in in = *way;
    if (!sure && count > 0)
        doubt_way(walker, &in, way, home_doubt(walker, target->id));
    if (count == 0)
        lack_primary(walker, target->id,
                     arena_printf(walker->set->arena, "target group %s", target_group_name(way->group)));
    for (size_t i = 0; i < count; i++)
        reach_interface(walker, &in, target, interfaces[i], port, NULL);
}

// An application load balancer as the target of a network one: each of its nodes.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/application-load-balancer-target.html
static void reach_balancer(struct walker *walker, const struct hop_in *in, const struct target *target, uint16_t port,
                           inner_list *inners)
{
    const char *key = strstr(target->id, ":loadbalancer/");
    key = key == NULL ? target->id : key + strlen(":loadbalancer/");
    const struct load_balancer *balancer = map_get(&walker->estate->load_balancers, key);
    const struct front *front = map_get_pointer(&walker->fronts, balancer);
    if (front == NULL) {
        not_considered(walker, target, in->group);
        return;
    }
    for (size_t n = 0; n < front->nodes.count; n++)
        reach_interface(walker, in, target, front->nodes.items[n], port, inners);
}

void target_follow(struct walker *walker, const struct hop_in *in, const struct target *target, inner_list *inners)
{
    const struct target_group *group = in->group;
    uint16_t port = target->port != 0 ? target->port : group->port;
    struct address address = {0};
    if (port == 0) {
        walk_lacks(walker, KIND_TARGET_GROUPS, group->arn,
                   arena_printf(walker->set->arena, "missing: the port of target %s of target group %s", target->id,
                                target_group_name(group)));
        return;
    }
    if (strcmp(group->type, "alb") == 0) {
        reach_balancer(walker, in, target, port, inners);
        return;
    }
    if (strcmp(group->type, "instance") == 0) {
        reach_instance(walker, in, target, port);
        return;
    }
    if (!address_parse(target->id, &address)) {
        not_considered(walker, target, group);
        return;
    }
    char text[ADDRESS_TEXT];
    address_format(address, text);
    const struct network_interface *interface =
        map_get(&walker->interface_of_private, arena_printf(walker->arena, "%s|%s", group->vpc_id, text));
    if (interface != NULL)
        reach_target(walker, in, interface, address, port, target, inners);
    else if (!reach_elsewhere(walker, in, target, address, text, port, inners))
        not_considered(walker, target, group);
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-backend-instances.html
void targets_of_classic(struct walker *walker, const struct hop_in *way)
{
    const struct load_balancer *balancer = way->front->balancer;
    const char *whose = arena_printf(walker->set->arena, "classic load balancer %s", balancer->name);
    for (size_t i = 0; way->listener != NULL && i < balancer->instances.count; i++) {
        const char *id = balancer->instances.items[i];
        const struct instance_home *home = map_get(&walker->homes, id);
        size_t count = 0;
        bool sure = true;
        const struct network_interface *const *interfaces =
            home == NULL ? NULL : instance_home_interfaces(home, &count, &sure);
        struct hop_in in = *way;
        if (!sure && count > 0)
            doubt_way(walker, &in, way, home_doubt(walker, id));
        if (home == NULL)
            not_found(walker, id, NULL, balancer->vpc_id, whose);
        else if (count == 0)
            lack_primary(walker, id, whose);
        for (size_t n = 0; n < count; n++) {
            struct address address = own_address(interfaces[n], FAMILY_IPV4, 0);
            if (address.family != 0)
                reach_target(walker, &in, interfaces[n], address, way->listener->instance_port, NULL, NULL);
            else
                not_found(walker, id, NULL, balancer->vpc_id, whose);
        }
    }
}
