#include "rules/reach/indirect.h"

#include <stdlib.h>

#include "model/protocol.h"
#include "rules/reach/gateway.h"
#include "rules/reach/listener_ways.h"
#include "rules/reach/load_balancer.h"
#include "rules/reach/owner.h"

// The interfaces of one load balancer, and those of its endpoints that take clients in.
struct front {
    const struct load_balancer *balancer;
    VECTOR(const struct network_interface *) nodes;
    VECTOR(const struct endpoint *) endpoints;
};

// One way from clients to a target port.
struct hop_in {
    const struct front *front;
    const struct listener *listener;  // NULL: the snapshot does not tell which
    const struct target_group *group; // NULL behind a classic load balancer
    int protocol;
    enum family family;
    struct clients *of_node; // the clients that reach the listener at each node
    bool doubtful;           // none of them reaches a target surely
    reason_list path;        // "load balancer NAME LISTENER", "target group NAME", ... up to this load balancer
    reason_list because;
    reason_list doubts;
};

struct walker {
    struct arena *arena;
    const struct estate *estate;
    struct exposure_set *set;
    struct hopper hopper;
    struct map fronts;               // load balancer's ARN, or "VPC|NAME" -> struct front
    struct map interface_of_private; // "VPC|ADDRESS" -> interface
    struct map primary_of_instance;  // instance -> interface
    size_t bridged;                  // of set->indirect, those that are there already (bridge.h)
    bool addresses_known;
    struct map interfaces_of_address; // of any VPC: "ADDRESS" -> struct namesakes; made when it is first needed
};

// An interface's own addresses of both families, one after the other; family 0 where there is no more.
static struct address nth_address(const struct network_interface *one, size_t n)
{
    return n < one->private_ipv4_count ? own_address(one, FAMILY_IPV4, n)
                                       : own_address(one, FAMILY_IPV6, n - one->private_ipv4_count);
}

static void index_interfaces(struct walker *walker)
{
    struct arena *arena = walker->arena;
    for (size_t i = 0; i < walker->estate->interfaces.count; i++) {
        const struct network_interface *one = walker->estate->interfaces.items[i];
        struct address address;
        for (size_t n = 0; (address = nth_address(one, n)).family != 0; n++) {
            char text[ADDRESS_TEXT];
            address_format(address, text);
            map_put(arena, &walker->interface_of_private, arena_printf(arena, "%s|%s", one->place->vpc_id, text),
                    (void *)(uintptr_t)one);
        }
        const struct network_interface *old = map_get(&walker->primary_of_instance, one->instance_id);
        if (one->instance_id != NULL && (old == NULL || (one->device_index == 0 && old->device_index != 0)))
            map_put(arena, &walker->primary_of_instance, one->instance_id, (void *)(uintptr_t)one);
    }
}

static void index_fronts(struct walker *walker)
{
    struct arena *arena = walker->arena;
    for (size_t i = 0; i < walker->estate->interfaces.count; i++) {
        const struct network_interface *one = walker->estate->interfaces.items[i];
        const struct reason *missing = NULL;
        const struct load_balancer *balancer = load_balancer_of(arena, walker->estate, one, &missing);
        if (balancer == NULL)
            continue;
        struct front *front = map_get_pointer(&walker->fronts, balancer);
        if (front == NULL) {
            front = arena_new_of(arena, struct front);
            front->balancer = balancer;
            map_put_pointer(arena, &walker->fronts, balancer, front);
        }
        *vector_add(arena, &front->nodes) = one;
    }
    for (size_t i = 0; i < walker->set->endpoints.count; i++) {
        const struct endpoint *endpoint = &walker->set->endpoints.items[i];
        const struct reason *missing = NULL;
        const struct load_balancer *balancer = load_balancer_of(arena, walker->estate, endpoint->interface, &missing);
        struct front *front = map_get_pointer(&walker->fronts, balancer);
        if (front != NULL)
            *vector_add(arena, &front->endpoints) = endpoint;
    }
}

// The clients that a service may bring to a listener at one node, and by what, where they would not come without it.
// Without a listener, to any port.
static void add_bridged(struct walker *walker, const struct hop_in *in, const struct network_interface *node,
                        struct clients *clients, struct hop_in *way)
{
    struct clients direct = *clients;
    for (size_t i = 0; i < walker->bridged; i++) {
        const struct indirect_exposure *bridged = &walker->set->indirect.items[i];
        bool here = bridged->interface == node && bridged->family == in->family;
        for (size_t e = 0; here && e < bridged->exposures.count; e++) {
            const struct exposure *one = &bridged->exposures.items[e];
            bool holds = in->listener == NULL || (in->listener->port >= one->low && in->listener->port <= one->high);
            if (one->protocol_low != in->protocol || !holds)
                continue;
            bool surely = one->certainty == CERTAINTY_EXACT && in->listener != NULL;
            struct prefixset known = surely ? direct.must : direct.may;
            clients->may = prefixset_union(walker->arena, clients->may, one->sources);
            if (surely)
                clients->must = prefixset_union(walker->arena, clients->must, one->sources);
            if (!prefixset_overlap(prefixset_subtract(walker->arena, one->sources, known),
                                   prefixset_internet(walker->arena, in->family)))
                continue;
            reason_add_all(walker->arena, &way->because, &one->because);
            for (size_t v = 0; v < one->via.count; v++) // which service it is, then why that is not sure
                reason_add(walker->arena, one->via.items[v]->settle == NULL ? &way->path : &way->doubts,
                           one->via.items[v]);
        }
    }
}

// The clients that reach a listener two-way at one node, and what admits them there. Without a listener, any port.
static struct clients clients_of(struct walker *walker, const struct hop_in *in, const struct network_interface *node,
                                 struct hop_in *way)
{
    struct arena *arena = walker->arena;
    struct clients clients = {0};
    for (size_t i = 0; i < in->front->endpoints.count; i++) {
        const struct endpoint *endpoint = in->front->endpoints.items[i];
        bool here = endpoint->interface == node && endpoint->address.family == in->family;
        for (size_t e = 0; here && e < endpoint->exposures->count; e++) {
            const struct exposure *one = &endpoint->exposures->items[e];
            bool holds = in->listener == NULL || (in->listener->port >= one->low && in->listener->port <= one->high);
            if (one->protocol_low != in->protocol || one->path != PATH_TWO_WAY || !holds)
                continue;
            clients.may = prefixset_union(arena, clients.may, one->sources);
            if (one->certainty == CERTAINTY_EXACT && in->listener != NULL)
                clients.must = prefixset_union(arena, clients.must, one->sources);
            reason_add_all(arena, &way->because, &one->because);
            reason_add_all(arena, &way->doubts, &one->via);
        }
    }
    add_bridged(walker, in, node, &clients, way);
    return clients;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#client-ip-preservation
static bool preserves_client(const struct hop_in *in, enum family target_family)
{
    const struct target_group *group = in->group;
    if (group == NULL || in->front->balancer->type != LOAD_BALANCER_NETWORK || in->family != target_family)
        return false;
    if (strcmp(group->type, "alb") == 0 || !preservation_is_optional(group) || group->preserve_client == PRESERVE_ON)
        return true;
    return group->preserve_client == PRESERVE_DEFAULT && preserves_by_default(group);
}

// What one node brings to a target.
static struct clients through_node(struct walker *walker, const struct hop_in *in, size_t n,
                                   const struct network_interface *target, struct address address, uint16_t port,
                                   const char *zone, bool *other_zone, reason_list *because, reason_list *doubts)
{
    struct hop_question hop = {.balancer = in->front->balancer,
                               .node = in->front->nodes.items[n],
                               .target = target,
                               .address = address,
                               .port = port,
                               .protocol = in->protocol,
                               .preserved = preserves_client(in, address.family),
                               .clients = in->of_node[n]};
    reason_list own_because = {0}, own_doubts = {0};
    struct clients clients = hop_through(&walker->hopper, &hop, &own_because, &own_doubts);
    if (prefixset_is_empty(clients.may))
        return clients;
    enum in_zone serves = hop_in_zone(&walker->hopper, &hop, in->group, zone, &own_doubts);
    if (serves == ZONE_NOT) {
        *other_zone = true;
        return (struct clients){0};
    }
    if (serves == ZONE_PERHAPS || in->doubtful)
        clients.must = prefixset_empty;
    reason_add_all(walker->arena, because, &own_because);
    reason_add_all(walker->arena, doubts, &own_doubts);
    return clients;
}

// Says what is not reached though it is registered.
static void note(struct walker *walker, const char *text)
{
    text_list_add(walker->set->arena, &walker->set->notes, text);
}

static const char *group_name(const struct target_group *group)
{
    return group->name != NULL ? group->name : group->arn;
}

// The clients that reach a target's port: with their own address, or through the load balancer's nodes.
static struct clients through_nodes(struct walker *walker, const struct hop_in *in,
                                    const struct network_interface *target, struct address address, uint16_t port,
                                    const char *zone, reason_list *because, reason_list *doubts)
{
    struct arena *arena = walker->arena;
    struct clients result = {0};
    bool other_zone = false;
    for (size_t n = 0; n < in->front->nodes.count; n++) {
        struct clients some = through_node(walker, in, n, target, address, port, zone, &other_zone, because, doubts);
        result.must = prefixset_union(arena, result.must, some.must);
        result.may = prefixset_union(arena, result.may, some.may);
    }
    if (other_zone && prefixset_is_empty(result.may))
        note(walker, arena_printf(walker->set->arena,
                                  "target %s of target group %s: no client reaches a node of load balancer %s in its "
                                  "zone, and nodes keep to their zones",
                                  target->instance_id != NULL ? target->instance_id : target->id, group_name(in->group),
                                  in->front->balancer->name));
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
// "unused" is a target that takes nothing as things are; where that is because its instance is stopped, it is dormant.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html#target-health-states
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html
static enum takes takes_clients(const struct target *target, bool asleep)
{
    static const char *const taking[] = {"healthy", "unhealthy", "unhealthy.draining", "initial", "unavailable", NULL};
    static const char *const not_taking[] = {"unused", "draining", NULL};
    if (text_among(target->health, taking))
        return TAKES;
    if (strcmp(target->health, "unused") == 0 && asleep && text_same(target->reason, "Target.InvalidState"))
        return TAKES;
    return text_among(target->health, not_taking) ? TAKES_NONE : TAKES_PERHAPS;
}

// False where a target takes nothing, which is said.
static bool heed_health(struct walker *walker, struct hop_in *in, const struct target *target, bool asleep)
{
    struct arena *kept = walker->set->arena;
    enum takes takes = takes_clients(target, asleep);
    if (takes == TAKES_NONE)
        note(walker, arena_printf(kept, "target %s of target group %s is %s: not reached", target->id,
                                  group_name(in->group), target->health));
    if (takes == TAKES_PERHAPS) {
        in->doubtful = true;
        const char *health = strcmp(target->health, "unknown") == 0
                                 ? "not told"
                                 : arena_printf(kept, "%s, which is not known", target->health);
        reason_add(walker->arena, &in->doubts,
                   reason_doubt(kept, REASON_BALANCER, target->id,
                                settle_by_call(kept, KIND_TARGET_HEALTH, group_name(in->group)),
                                arena_printf(kept, "the health of target %s of target group %s is %s", target->id,
                                             group_name(in->group), health)));
    }
    return takes != TAKES_NONE;
}

// `registered` is NULL behind a classic load balancer, whose documents do not tell of health.
static void reach_target(struct walker *walker, const struct hop_in *way, const struct network_interface *target,
                         struct address address, uint16_t port, const struct target *registered)
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
    reason_list because = {0}, doubts = {0};
    reason_add_all(walker->arena, &because, &in->because);
    reason_add_all(walker->arena, &doubts, &in->doubts);
    struct clients clients = through_nodes(walker, in, target, address, port,
                                           registered == NULL ? NULL : registered->zone, &because, &doubts);
    if (prefixset_is_empty(clients.may))
        return;
    if (target->doubt != NULL) {
        reason_add(walker->arena, &doubts, interface_doubt(arena, walker->estate, target));
        clients.must = prefixset_empty;
    }
    const char *name = instance == NULL ? NULL : tags_name(instance->tags, instance->tag_count);
    struct indirect_exposure *indirect = vector_add(arena, &walker->set->indirect);
    *indirect = (struct indirect_exposure){
        .interface = target,
        .private_address = address,
        .name = name != NULL ? name : tags_name(target->tags, target->tag_count),
        .owner = owner_of(arena, walker->estate, target),
        .dormant = asleep,
        .load_balancer = in->front->balancer->name,
        .listener = listener_text(arena, in->listener),
        .target_group = in->group != NULL ? in->group->name : NULL,
        .health = registered == NULL ? "unknown" : registered->health,
        .family = in->family,
        .exposures = {.items = arena_array(arena, struct exposure, 2)},
    };
    add_exposure(walker, indirect, in, port, clients.must, CERTAINTY_EXACT, &because, &doubts);
    add_exposure(walker, indirect, in, port, prefixset_subtract(walker->arena, clients.may, clients.must),
                 CERTAINTY_POSSIBLE, &because, &doubts);
}

static void lacks(struct walker *walker, enum kind kind, const char *id, const char *text)
{
    const struct interface_place *place =
        walker->estate->interfaces.count > 0 ? walker->estate->interfaces.items[0]->place : NULL;
    lack_add(walker->set->arena, &walker->set->missing,
             &(struct lack){kind_name(kind), place == NULL ? NULL : place->account_id,
                            place == NULL ? NULL : place->region, id, text});
}

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

// A target that is no interface of the snapshot: one of this VPC is missing, others (on premises, in other VPCs,
// another load balancer's) are not covered.
static void not_found(struct walker *walker, const char *id, const char *vpc_id, const char *whose)
{
    struct arena *arena = walker->set->arena;
    struct address address;
    const struct instance *instance = map_get(&walker->estate->instances, id);
    if (instance != NULL && instance_is_gone(instance))
        return;
    if (address_parse(id, &address) && !is_inside(walker, vpc_id, address)) {
        text_list_add(arena, &walker->set->not_covered,
                      arena_printf(arena, "target %s of %s is no interface of this snapshot", id, whose));
        return;
    }
    lacks(walker, KIND_NETWORK_INTERFACES, id,
          arena_printf(arena, "missing: the interface of target %s of %s", id, whose));
}

static void not_considered(struct walker *walker, const struct target *target, const struct target_group *group)
{
    not_found(walker, target->id, group->vpc_id, arena_printf(walker->set->arena, "target group %s", group->name));
}

static void follow_listener(struct walker *walker, const struct hop_in *in, int depth);

static void add_path(struct walker *walker, reason_list *path, const struct load_balancer *balancer,
                     const struct listener *listener)
{
    struct arena *kept = walker->set->arena;
    const char *text = listener_text(walker->arena, listener);
    reason_add(walker->arena, path,
               reason_says(kept, REASON_BALANCER, arena_printf(kept, "%s:%s", balancer->name, text),
                           arena_printf(kept, "load balancer %s %s", balancer->name, text)));
}

// What passes on from a network load balancer to the nodes of an application one. *any: whether somebody does.
static struct clients *nested_clients(struct walker *walker, const struct hop_in *in, const struct front *front,
                                      const struct target *target, uint16_t port, struct hop_in *next, bool *any)
{
    struct clients *of_node = arena_array(walker->arena, struct clients, front->nodes.count + 1);
    enum family family = in->group->is_ipv6 ? FAMILY_IPV6 : FAMILY_IPV4;
    for (size_t n = 0; n < front->nodes.count; n++) {
        const struct network_interface *node = front->nodes.items[n];
        struct address address = own_address(node, family, 0);
        if (address.family != 0)
            of_node[n] = through_nodes(walker, in, node, address, port, target->zone, &next->because, &next->doubts);
        *any = *any || !prefixset_is_empty(of_node[n].may);
    }
    return of_node;
}

// A network load balancer before an application one: its clients go on with their own addresses.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/application-load-balancer-target.html
static void follow_nested(struct walker *walker, const struct hop_in *way, const struct target *target, uint16_t port,
                          int depth)
{
    struct hop_in in = *way;
    const char *key = strstr(target->id, ":loadbalancer/");
    key = key == NULL ? target->id : key + strlen(":loadbalancer/");
    const struct load_balancer *balancer = map_get(&walker->estate->load_balancers, key);
    const struct front *front = map_get_pointer(&walker->fronts, balancer);
    if (front == NULL || depth > 1) {
        not_considered(walker, target, in.group);
        return;
    }
    in.doubts = (reason_list){0};
    reason_add_all(walker->arena, &in.doubts, &way->doubts);
    if (!heed_health(walker, &in, target, false))
        return;
    struct hop_in next = in;
    bool any = false;
    next.because = next.doubts = (reason_list){0};
    reason_add_all(walker->arena, &next.because, &in.because);
    reason_add_all(walker->arena, &next.doubts, &in.doubts);
    next.of_node = nested_clients(walker, &in, front, target, port, &next, &any);
    next.front = front;
    if (!balancer->listeners_known)
        lacks(walker, KIND_LISTENERS, balancer->arn,
              arena_printf(walker->set->arena, "missing: listeners of load balancer %s", balancer->name));
    if (balancer->doubt != NULL) {
        next.doubtful = true;
        reason_add(walker->arena, &next.doubts, load_balancer_doubt(walker->set->arena, walker->estate, balancer));
    }
    for (size_t i = 0; any && i < balancer->listeners.count; i++) {
        const struct listener *listener = &balancer->listeners.items[i];
        if (listener->port != port)
            continue;
        reason_add(walker->arena, &next.because, listener_reason(walker->set->arena, balancer, listener));
        next.path = (reason_list){0};
        reason_add_all(walker->arena, &next.path, &in.path);
        reason_add(walker->arena, &next.path,
                   reason_says(walker->set->arena, REASON_BALANCER, in.group->name,
                               arena_printf(walker->set->arena, "target group %s", in.group->name)));
        add_path(walker, &next.path, balancer, listener);
        next.listener = listener;
        follow_listener(walker, &next, depth + 1);
    }
}

// ---- Targets

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
                            struct address address, const char *text, uint16_t port)
{
    if (!walker->addresses_known)
        index_addresses(walker);
    const struct namesakes *namesakes = map_get(&walker->interfaces_of_address, text);
    for (size_t i = 0; namesakes != NULL && i < namesakes->items.count; i++)
        reach_target(walker, in, namesakes->items.items[i], address, port, target);
    return namesakes != NULL;
}

static void reach_instance(struct walker *walker, const struct hop_in *way, const struct target *target, uint16_t port)
{
    const struct target_group *group = way->group;
    const struct network_interface *interface = map_get(&walker->primary_of_instance, target->id);
    enum family family = group->is_ipv6 ? FAMILY_IPV6 : FAMILY_IPV4;
    if (interface == NULL) {
        not_considered(walker, target, group);
        return;
    }
    struct hop_in in = *way;
    // Which of several IPv6 addresses is the primary one, to which a load balancer sends, is not read.
    // https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-register-targets.html
    if (group->is_ipv6 && own_address(interface, family, 1).family != 0) {
        in.doubtful = true;
        in.doubts = (reason_list){0};
        reason_add_all(walker->arena, &in.doubts, &way->doubts);
        reason_add(
            walker->arena, &in.doubts,
            reason_doubt(walker->set->arena, REASON_BALANCER, interface->id, settle_by_probe,
                         arena_printf(walker->set->arena, "which IPv6 address of %s is its primary one is not told",
                                      interface->id)));
    }
    struct address own;
    size_t a = 0;
    for (; (own = own_address(interface, family, a)).family != 0 && (a == 0 || group->is_ipv6); a++)
        reach_target(walker, &in, interface, own, port, target);
    if (a == 0)
        note(walker, arena_printf(walker->set->arena, "target %s of target group %s has no %s address: not reached",
                                  target->id, group_name(group), group->is_ipv6 ? "IPv6" : "IPv4"));
}

static void follow_target(struct walker *walker, const struct hop_in *in, const struct target *target, int depth)
{
    const struct target_group *group = in->group;
    uint16_t port = target->port != 0 ? target->port : group->port;
    struct address address = {0};
    if (strcmp(group->type, "alb") == 0) {
        follow_nested(walker, in, target, port, depth);
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
        reach_target(walker, in, interface, address, port, target);
    else if (!reach_elsewhere(walker, in, target, address, text, port))
        not_considered(walker, target, group);
}

// Lambda functions have no interface that a load balancer reaches.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
static void name_functions(struct walker *walker, const struct target_group *group)
{
    struct arena *kept = walker->set->arena;
    for (size_t t = 0; t < group->targets.count; t++)
        text_list_add(
            kept, &walker->set->not_covered,
            arena_printf(kept, "%s, target of target group %s", group->targets.items[t].id, group_name(group)));
    if (group->targets.count == 0)
        text_list_add(kept, &walker->set->not_covered,
                      arena_printf(kept, "the Lambda function behind target group %s", group_name(group)));
}

static void follow_group(struct walker *walker, const struct hop_in *way, const struct target_group *group, int depth)
{
    static const char *const types[] = {"instance", "ip", "alb", "lambda", NULL};
    if (group->type != NULL && strcmp(group->type, "lambda") == 0) {
        name_functions(walker, group);
        return;
    }
    if (group->type == NULL || group->name == NULL || !group->targets_known || !text_among(group->type, types)) {
        lacks(walker, KIND_TARGET_HEALTH, group->arn,
              arena_printf(walker->set->arena, "missing: targets of target group %s", group_name(group)));
        return;
    }
    struct hop_in in = *way; // what is doubtful of one group is not of the next
    in.group = group;
    in.doubts = (reason_list){0};
    reason_add_all(walker->arena, &in.doubts, &way->doubts);
    if (group->doubt != NULL) {
        reason_add(walker->arena, &in.doubts,
                   reason_doubt(walker->set->arena, REASON_BALANCER, group_name(group),
                                settle_doubt(walker->set->arena, walker->estate, group->doubt, KIND_TARGET_GROUPS,
                                             group_name(group)),
                                group->doubt));
        in.doubtful = true;
    }
    for (size_t t = 0; t < group->targets.count; t++)
        follow_target(walker, &in, &group->targets.items[t], depth);
}

// ---- Listeners

static void follow_way(struct walker *walker, const struct hop_in *in, const struct way *way, int depth)
{
    struct arena *arena = walker->arena;
    const struct target_group *group = map_get(&walker->estate->target_groups, way->group);
    struct target_group lacking = {.arn = way->group};
    group = group != NULL ? group : &lacking;
    if (prefixset_is_empty(way->sources.may)) {
        if (way->weightless)
            note(walker,
                 arena_printf(walker->set->arena, "target group %s has weight 0 at %s %s: not reached",
                              group_name(group), in->front->balancer->name, listener_text(arena, in->listener)));
        return;
    }
    struct hop_in own = *in;
    own.of_node = arena_array(arena, struct clients, in->front->nodes.count + 1);
    bool any = false;
    for (size_t n = 0; n < in->front->nodes.count; n++) {
        own.of_node[n].may = prefixset_intersect(arena, in->of_node[n].may, way->sources.may);
        own.of_node[n].must = prefixset_intersect(arena, in->of_node[n].must, way->sources.must);
        any = any || !prefixset_is_empty(own.of_node[n].may);
    }
    own.doubts = (reason_list){0};
    reason_add_all(arena, &own.doubts, &in->doubts);
    reason_add_all(arena, &own.doubts, &way->doubts);
    if (any)
        follow_group(walker, &own, group, depth);
}

static void follow_listener(struct walker *walker, const struct hop_in *in, int depth)
{
    struct ways ways =
        listener_ways(&walker->hopper, in->front->balancer, in->listener, in->family, in->front->nodes.items[0]->place);
    for (size_t i = 0; i < ways.items.count; i++)
        follow_way(walker, in, &ways.items.items[i], depth);
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-backend-instances.html
static void follow_classic(struct walker *walker, const struct hop_in *in)
{
    const struct load_balancer *balancer = in->front->balancer;
    for (size_t i = 0; in->listener != NULL && i < balancer->instances.count; i++) {
        const struct network_interface *interface = map_get(&walker->primary_of_instance, balancer->instances.items[i]);
        struct address address = interface == NULL ? (struct address){0} : own_address(interface, FAMILY_IPV4, 0);
        if (address.family != 0)
            reach_target(walker, in, interface, address, in->listener->instance_port, NULL);
        else
            not_found(walker, balancer->instances.items[i], balancer->vpc_id,
                      arena_printf(walker->set->arena, "classic load balancer %s", balancer->name));
    }
}

static int by_name(const void *left, const void *right)
{
    const struct front *const *a = left, *const *b = right;
    int order = strcmp((*a)->balancer->arn, (*b)->balancer->arn);
    return order != 0 ? order : strcmp((*a)->nodes.items[0]->place->vpc_id, (*b)->nodes.items[0]->place->vpc_id);
}

static int by_target(const void *left, const void *right)
{
    const struct indirect_exposure *a = left, *b = right;
    int orders[] = {
        strcmp(a->load_balancer, b->load_balancer),
        strcmp(a->listener, b->listener),
        (int)a->family - (int)b->family,
        strcmp(a->target_group == NULL ? "" : a->target_group, b->target_group == NULL ? "" : b->target_group),
        address_compare(a->private_address, b->private_address),
        strcmp(a->interface->id, b->interface->id),
        (int)a->exposures.items[0].low - (int)b->exposures.items[0].low,
        protocol_compare(a->exposures.items[0].protocol_low, b->exposures.items[0].protocol_low)};
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
        if (orders[i] != 0)
            return orders[i];
    return 0;
}

// Follows what comes to a listener, or to any where the snapshot does not tell which there are.
static void enter(struct walker *walker, const struct front *front, const struct listener *listener)
{
    for (int protocol = PROTOCOL_TCP; protocol <= PROTOCOL_UDP; protocol += PROTOCOL_UDP - PROTOCOL_TCP)
        for (int family = FAMILY_IPV4; family <= FAMILY_IPV6; family += FAMILY_IPV6 - FAMILY_IPV4) {
            struct hop_in in = {
                .front = front, .listener = listener, .protocol = protocol, .family = (enum family)family};
            bool any = false;
            if (listener != NULL && listener_takes(listener, protocol) == LISTENS_NOT)
                continue;
            in.doubtful = listener == NULL;
            in.of_node = arena_array(walker->arena, struct clients, front->nodes.count + 1);
            for (size_t n = 0; n < front->nodes.count; n++) {
                in.of_node[n] = clients_of(walker, &in, front->nodes.items[n], &in);
                any = any || !prefixset_is_empty(in.of_node[n].may);
            }
            add_path(walker, &in.path, front->balancer, listener);
            if (any && front->balancer->type == LOAD_BALANCER_CLASSIC)
                follow_classic(walker, &in);
            else if (any)
                follow_listener(walker, &in, 0);
        }
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

void indirect_compute(struct exposure_set *set, const struct estate *estate, struct group_cache *groups)
{
    struct walker walker = {.arena = arena_new(), .estate = estate, .set = set, .bridged = set->indirect.count};
    walker.hopper = (struct hopper){.arena = walker.arena, .set = set, .estate = estate, .groups = groups};
    VECTOR(const struct front *) fronts = {0};
    if (estate->load_balancers.count > 0) {
        index_interfaces(&walker);
        index_fronts(&walker);
    }
    for (size_t i = 0; i < walker.fronts.size; i++)
        if (walker.fronts.slots[i].key != NULL)
            *vector_add(walker.arena, &fronts) = walker.fronts.slots[i].value;
    if (fronts.count > 1)
        qsort(fronts.items, fronts.count, sizeof(*fronts.items), by_name);
    for (size_t f = 0; f < fronts.count; f++) {
        const struct load_balancer *balancer = fronts.items[f]->balancer;
        for (size_t l = 0; l < balancer->listeners.count; l++)
            enter(&walker, fronts.items[f], &balancer->listeners.items[l]);
        if (!balancer->listeners_known && balancer->type != LOAD_BALANCER_GATEWAY)
            enter(&walker, fronts.items[f], NULL);
    }
    if (set->notes.count > 1) // whatever the order of documents
        qsort(set->notes.items, set->notes.count, sizeof(*set->notes.items), by_text);
    if (set->indirect.count > 1)
        qsort(set->indirect.items, set->indirect.count, sizeof(struct indirect_exposure), by_target);
    // Sources were made in passing memory.
    for (size_t i = 0; i < set->indirect.count; i++)
        for (size_t e = 0; e < set->indirect.items[i].exposures.count; e++) {
            struct prefixset *sources = &set->indirect.items[i].exposures.items[e].sources;
            *sources = prefixset_from(set->arena, sources->ranges, sources->count);
        }
    arena_free(walker.arena);
}
