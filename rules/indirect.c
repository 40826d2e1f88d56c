#include "rules/indirect.h"

#include <stdlib.h>

#include "model/protocol.h"
#include "rules/load_balancer.h"
#include "rules/site.h"

// Clients of one family, in three values as in a claim.
struct clients {
    struct prefixset must;
    struct prefixset may; // holds `must`
};

// The interfaces of one load balancer, and those of its endpoints that take clients in.
struct front {
    const struct load_balancer *balancer;
    VECTOR(const struct network_interface *) nodes;
    VECTOR(const struct endpoint *) endpoints;
};

// One way from clients to a target port.
struct hop_in {
    const struct front *front;
    const struct listener *listener;
    const struct target_group *group; // NULL behind a classic load balancer
    int protocol;
    enum family family;
    struct clients clients;
    text_list path; // "load balancer NAME LISTENER", "target group NAME", ... up to this load balancer
    text_list because;
    text_list doubts;
};

struct walker {
    struct arena *arena;
    const struct estate *estate;
    struct exposure_set *set;
    struct group_cache *groups;
    struct map fronts;               // load balancer's ARN, or "VPC|NAME" -> struct front
    struct map interface_of_private; // "VPC|ADDRESS" -> interface
    struct map primary_of_instance;  // instance -> interface
    struct map sites;                // subnet -> struct site
    size_t bridged;                  // of set->indirect, those that are there already (bridge.h)
};

static struct address own_address(const struct network_interface *interface, enum family family, size_t index)
{
    struct address none = {0};
    if (family == FAMILY_IPV4)
        return index < interface->private_ipv4_count
                   ? (struct address){.family = FAMILY_IPV4, .bits = interface->private_ipv4[index]}
                   : none;
    for (size_t i = 0; i < interface->address_count; i++)
        if (interface->addresses[i].address.family == FAMILY_IPV6 && index-- == 0)
            return interface->addresses[i].private_address;
    return none;
}

static void index_interfaces(struct walker *walker)
{
    struct arena *arena = walker->arena;
    for (size_t i = 0; i < walker->estate->interfaces.count; i++) {
        const struct network_interface *one = walker->estate->interfaces.items[i];
        for (int family = FAMILY_IPV4; family <= FAMILY_IPV6; family += FAMILY_IPV6 - FAMILY_IPV4) {
            struct address address;
            for (size_t a = 0; (address = own_address(one, (enum family)family, a)).family != 0; a++) {
                char text[ADDRESS_TEXT];
                address_format(address, text);
                map_put(arena, &walker->interface_of_private, arena_printf(arena, "%s|%s", one->place->vpc_id, text),
                        (void *)(uintptr_t)one);
            }
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
        const char *missing = NULL;
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
        const char *missing = NULL;
        const struct load_balancer *balancer = load_balancer_of(arena, walker->estate, endpoint->interface, &missing);
        struct front *front = map_get_pointer(&walker->fronts, balancer);
        if (front != NULL)
            *vector_add(arena, &front->endpoints) = endpoint;
    }
}

static struct site *site_of(struct walker *walker, const struct network_interface *interface)
{
    const char *subnet = interface->place->subnet_id == NULL ? "" : interface->place->subnet_id;
    struct site *site = map_get(&walker->sites, subnet);
    if (site == NULL) {
        site = site_new(walker->set->arena, walker->estate, interface); // its texts outlive the walk
        map_put(walker->arena, &walker->sites, subnet, site);
    }
    return site;
}

// The clients that a service may bring to a load balancer's nodes.
static void add_bridged(struct walker *walker, const struct front *front, uint16_t port, int protocol,
                        enum family family, struct clients *clients, text_list *doubts)
{
    for (size_t i = 0; i < walker->bridged; i++) {
        const struct indirect_exposure *bridged = &walker->set->indirect.items[i];
        bool here = false;
        for (size_t n = 0; n < front->nodes.count && bridged->family == family; n++)
            here = here || front->nodes.items[n] == bridged->interface;
        for (size_t e = 0; here && e < bridged->exposures.count; e++) {
            const struct exposure *one = &bridged->exposures.items[e];
            if (one->protocol_low != protocol || port < one->low || port > one->high)
                continue;
            clients->may = prefixset_union(walker->arena, clients->may, one->sources);
            text_list_add_all(walker->arena, doubts, &one->via);
        }
    }
}

// The clients that reach a listener two-way, and what admits them there.
static struct clients clients_of(struct walker *walker, const struct front *front, uint16_t port, int protocol,
                                 enum family family, text_list *because, text_list *doubts)
{
    struct arena *arena = walker->arena;
    struct clients clients = {0};
    for (size_t i = 0; i < front->endpoints.count; i++) {
        const struct endpoint *endpoint = front->endpoints.items[i];
        for (size_t e = 0; endpoint->address.family == family && e < endpoint->exposures->count; e++) {
            const struct exposure *one = &endpoint->exposures->items[e];
            if (one->protocol_low != protocol || one->path != PATH_TWO_WAY || port < one->low || port > one->high)
                continue;
            clients.may = prefixset_union(arena, clients.may, one->sources);
            if (one->certainty == CERTAINTY_EXACT)
                clients.must = prefixset_union(arena, clients.must, one->sources);
            text_list_add_all(arena, because, &one->because);
            text_list_add_all(arena, doubts, &one->via);
        }
    }
    add_bridged(walker, front, port, protocol, family, &clients, doubts);
    return clients;
}

static bool preserves_client(const struct hop_in *in, enum family target_family)
{
    const struct target_group *group = in->group;
    if (in->front->balancer->type != LOAD_BALANCER_NETWORK || in->family != target_family)
        return false;
    if (strcmp(group->type, "alb") == 0 || !preservation_is_optional(group) || group->preserve_client == PRESERVE_ON)
        return true;
    return group->preserve_client == PRESERVE_DEFAULT && preserves_by_default(group);
}

static bool has_group(const struct front *front, const char *id)
{
    for (size_t i = 0; i < front->balancer->groups.count; i++)
        if (strcmp(front->balancer->groups.items[i], id) == 0)
            return true;
    for (size_t n = 0; n < front->nodes.count; n++)
        for (size_t i = 0; front->nodes.items[n]->groups != NULL && i < front->nodes.items[n]->groups->count; i++)
            if (strcmp(front->nodes.items[n]->groups->ids[i], id) == 0)
                return true;
    return false;
}

// A rule of the target's groups that admits members of the load balancer's groups, as "sg-ID:INDEX", or NULL.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html
static const char *referring_rule(struct walker *walker, const struct network_interface *target, int protocol,
                                  uint16_t port, const struct front *front)
{
    for (size_t g = 0; target->groups != NULL && g < target->groups->count; g++) {
        const struct security_group *group = map_get(&walker->estate->security_groups, target->groups->ids[g]);
        for (size_t r = 0; group != NULL && r < group->ingress.count; r++) {
            const struct security_group_rule *rule = &group->ingress.items[r];
            if ((rule->protocol != PROTOCOL_ANY && rule->protocol != protocol) || port < rule->low || port > rule->high)
                continue;
            for (size_t i = 0; i < rule->groups.count; i++)
                if (has_group(front, rule->groups.items[i]))
                    return arena_printf(walker->set->arena, "%s:%zu", group->id, rule->index);
        }
    }
    return NULL;
}

// Who of `family` gets past the target's groups and, where they come from another subnet, its ACL.
static struct clients admitted_to(struct walker *walker, const struct hop_in *in,
                                  const struct network_interface *target, uint16_t port, enum family family,
                                  bool same_subnet, text_list *because, text_list *doubts)
{
    struct arena *arena = walker->arena;
    struct group_rules rules = security_group_rules(arena, walker->groups, target, family, in->protocol);
    struct claim claim = security_group_admits(arena, walker->groups, target, family, &rules);
    struct clients clients = {.must = portmap_sources(claim.must, port)};
    clients.may = prefixset_union(arena, clients.must, portmap_sources(claim.extra, port));
    const char *reference = referring_rule(walker, target, in->protocol, port, in->front);
    if (reference != NULL)
        clients.must = clients.may = prefixset_all(arena, family);
    struct exposure packet = {
        .protocol_low = in->protocol, .protocol_high = in->protocol, .low = port, .high = port, .sources = clients.may};
    security_group_because(arena, &rules, &packet, because);
    if (reference != NULL)
        text_list_add(arena, because, reference);
    text_list_add_all(arena, doubts, &claim.doubts);
    if (same_subnet)
        return clients;
    struct site *site = site_of(walker, target);
    const struct passage *passage = site_passage(site, family, in->protocol);
    if (site->acl == NULL) {
        clients.must = prefixset_empty;
        text_list_add(arena, doubts, site->acl_missing);
        return clients;
    }
    struct prefixset back = prefixset_empty;
    for (size_t i = 0; i < passage->out.allows.count; i++)
        back = prefixset_union(arena, back, passage->out.allows.segments[i].sources);
    struct prefixset through = prefixset_intersect(arena, portmap_sources(passage->in.allows, port), back);
    network_acl_because(arena, &passage->in, portset_of(arena, port, port), through, because);
    clients.must = prefixset_intersect(arena, clients.must, through);
    clients.may = prefixset_intersect(arena, clients.may, through);
    return clients;
}

// Whether a node's own ACL lets it ask the target and hear from it.
static bool node_may_ask(struct walker *walker, const struct network_interface *node, struct address target,
                         uint16_t port, int protocol)
{
    struct site *site = site_of(walker, node);
    if (site->acl == NULL)
        return true; // named by what the target's side or the listener's says already
    const struct passage *passage = site_passage(site, target.family, protocol);
    return prefixset_holds(portmap_sources(passage->out.allows, port), target.bits) &&
           !portset_is_empty(portmap_ports(walker->arena, passage->in.allows, target.bits));
}

// The clients that reach a target's port: with their own address, or through the load balancer's nodes.
static struct clients through_nodes(struct walker *walker, const struct hop_in *in,
                                    const struct network_interface *target, struct address address, uint16_t port,
                                    text_list *because, text_list *doubts)
{
    struct arena *arena = walker->arena;
    struct clients result = {0};
    bool preserved = preserves_client(in, address.family);
    for (size_t n = 0; n < in->front->nodes.count; n++) {
        const struct network_interface *node = in->front->nodes.items[n];
        bool same_subnet =
            node->place->subnet_id != NULL && text_same(node->place->subnet_id, target->place->subnet_id);
        struct clients admitted = admitted_to(walker, in, target, port, address.family, same_subnet, because, doubts);
        if (preserved) {
            result.must =
                prefixset_union(arena, result.must, prefixset_intersect(arena, in->clients.must, admitted.must));
            result.may = prefixset_union(arena, result.may, prefixset_intersect(arena, in->clients.may, admitted.may));
            continue;
        }
        struct address own;
        for (size_t a = 0; (own = own_address(node, address.family, a)).family != 0; a++) {
            // A classic load balancer's ACL counts even towards its own subnet (Reachability Analyzer's
            // ELB_ACL_RESTRICTION).
            bool asks_acl = !same_subnet || in->front->balancer->type == LOAD_BALANCER_CLASSIC;
            if (asks_acl && !node_may_ask(walker, node, address, port, in->protocol))
                continue;
            if (prefixset_holds(admitted.must, own.bits))
                result.must = in->clients.must;
            if (prefixset_holds(admitted.may, own.bits))
                result.may = in->clients.may;
        }
    }
    return result;
}

static void add_exposure(struct walker *walker, struct indirect_exposure *indirect, const struct hop_in *in,
                         uint16_t port, struct prefixset sources, enum certainty certainty, const text_list *because,
                         const text_list *doubts)
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
    text_list_add_all(arena, &one->via, &in->path);
    if (indirect->target_group != NULL)
        *vector_add(arena, &one->via) =
            arena_printf(arena, "target group %s: %s", indirect->target_group, indirect->health);
    if (certainty == CERTAINTY_POSSIBLE)
        text_list_add_all(arena, &one->via, doubts);
    text_list_add_all(arena, &one->because, because);
}

static void reach_target(struct walker *walker, const struct hop_in *in, const struct network_interface *target,
                         struct address address, uint16_t port, const char *health)
{
    struct arena *arena = walker->set->arena;
    const struct instance *instance = map_get(&walker->estate->instances, target->instance_id);
    if (!target->attached || (instance != NULL && text_same(instance->state, "terminated")))
        return;
    text_list because = {0}, doubts = {0};
    text_list_add_all(walker->arena, &because, &in->because);
    text_list_add_all(walker->arena, &doubts, &in->doubts);
    struct clients clients = through_nodes(walker, in, target, address, port, &because, &doubts);
    if (prefixset_is_empty(clients.may))
        return;
    if (target->doubt != NULL) {
        text_list_add(walker->arena, &doubts, target->doubt);
        clients.must = prefixset_empty;
    }
    const char *name = instance == NULL ? NULL : tags_name(instance->tags, instance->tag_count);
    struct indirect_exposure *indirect = vector_add(arena, &walker->set->indirect);
    *indirect = (struct indirect_exposure){
        .interface = target,
        .private_address = address,
        .name = name != NULL ? name : tags_name(target->tags, target->tag_count),
        .dormant = instance != NULL && instance_is_asleep(instance),
        .load_balancer = in->front->balancer->name,
        .listener = arena_printf(arena, "%u/%s", (unsigned)in->listener->port, in->listener->protocol),
        .target_group = in->group != NULL ? in->group->name : NULL,
        .health = health,
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

static void follow_group(struct walker *walker, struct hop_in *in, const struct target_group *group, int depth);

static void follow_rules(struct walker *walker, const struct hop_in *in, int depth);

static void follow_groups(struct walker *walker, struct hop_in *in, int depth)
{
    for (size_t g = 0; g < in->listener->target_groups.count; g++) {
        const char *arn = in->listener->target_groups.items[g];
        const struct target_group *group = map_get(&walker->estate->target_groups, arn);
        struct target_group lacking = {.arn = arn};
        follow_group(walker, in, group != NULL ? group : &lacking, depth);
    }
}

static void add_path(struct walker *walker, text_list *path, const struct load_balancer *balancer,
                     const struct listener *listener)
{
    text_list_add(walker->arena, path,
                  arena_printf(walker->set->arena, "load balancer %s %u/%s", balancer->name, (unsigned)listener->port,
                               listener->protocol));
}

// A network load balancer before an application one: its clients go on with their own addresses.
static void follow_nested(struct walker *walker, const struct hop_in *in, const struct target *target, uint16_t port,
                          int depth)
{
    const char *key = strstr(target->id, ":loadbalancer/");
    key = key == NULL ? target->id : key + strlen(":loadbalancer/");
    const struct load_balancer *balancer = map_get(&walker->estate->load_balancers, key);
    const struct front *front = map_get_pointer(&walker->fronts, balancer);
    if (front == NULL || depth > 1) {
        not_considered(walker, target, in->group);
        return;
    }
    struct hop_in next = *in;
    next.because = next.doubts = (text_list){0};
    text_list_add_all(walker->arena, &next.because, &in->because);
    text_list_add_all(walker->arena, &next.doubts, &in->doubts);
    struct clients clients = {0};
    for (size_t n = 0; n < front->nodes.count; n++) {
        const struct network_interface *node = front->nodes.items[n];
        struct clients some =
            through_nodes(walker, in, node, own_address(node, FAMILY_IPV4, 0), port, &next.because, &next.doubts);
        clients.must = prefixset_union(walker->arena, clients.must, some.must);
        clients.may = prefixset_union(walker->arena, clients.may, some.may);
    }
    if (!balancer->listeners_known)
        lacks(walker, KIND_LISTENERS, balancer->arn,
              arena_printf(walker->set->arena, "missing: listeners of load balancer %s", balancer->name));
    for (size_t i = 0; i < balancer->listeners.count; i++) {
        const struct listener *listener = &balancer->listeners.items[i];
        if (listener->port != port || prefixset_is_empty(clients.may))
            continue;
        text_list_add(walker->arena, &next.because,
                      arena_printf(walker->set->arena, "%s:%u/%s", balancer->name, (unsigned)port, listener->protocol));
        next.path = (text_list){0};
        text_list_add_all(walker->arena, &next.path, &in->path);
        text_list_add(walker->arena, &next.path, arena_printf(walker->set->arena, "target group %s", in->group->name));
        add_path(walker, &next.path, balancer, listener);
        next.front = front;
        next.listener = listener;
        next.clients = clients;
        follow_groups(walker, &next, depth + 1);
        follow_rules(walker, &next, depth + 1);
    }
}

static void follow_group(struct walker *walker, struct hop_in *in, const struct target_group *group, int depth)
{
    bool lambda = group->type != NULL && strcmp(group->type, "lambda") == 0;
    for (size_t t = 0; lambda && t < group->targets.count; t++)
        text_list_add(walker->set->arena, &walker->set->not_covered,
                      arena_printf(walker->set->arena, "%s, target of target group %s", group->targets.items[t].id,
                                   group->name == NULL ? group->arn : group->name));
    if (lambda || group->type == NULL || group->name == NULL || !group->targets_known) {
        if (!lambda)
            lacks(walker, KIND_TARGET_HEALTH, group->arn,
                  arena_printf(walker->set->arena, "missing: targets of target group %s",
                               group->name != NULL ? group->name : group->arn));
        return;
    }
    struct hop_in own = *in; // what is doubtful of one group is not of the next
    in = &own;
    in->group = group;
    if (group->doubt != NULL) {
        text_list_add(walker->arena, &in->doubts, group->doubt);
        in->clients.must = prefixset_empty;
    }
    for (size_t t = 0; t < group->targets.count; t++) {
        const struct target *target = &group->targets.items[t];
        uint16_t port = target->port != 0 ? target->port : group->port;
        const struct network_interface *interface = NULL;
        struct address address = {0};
        if (strcmp(group->type, "alb") == 0) {
            follow_nested(walker, in, target, port, depth);
            in->group = group;
            continue;
        }
        if (strcmp(group->type, "instance") == 0) {
            interface = map_get(&walker->primary_of_instance, target->id);
            address = interface == NULL ? address : own_address(interface, FAMILY_IPV4, 0);
        } else if (address_parse(target->id, &address)) {
            char text[ADDRESS_TEXT];
            address_format(address, text);
            interface =
                map_get(&walker->interface_of_private, arena_printf(walker->arena, "%s|%s", group->vpc_id, text));
        }
        if (interface == NULL || address.family == 0)
            not_considered(walker, target, group);
        else
            reach_target(walker, in, interface, address, port, target->health);
    }
}

// Where a load balancer's rules are not in the snapshot, any of those that only rules forward to: groups that say they
// belong to it, but to no listener's actions.
static void follow_rules(struct walker *walker, const struct hop_in *in, int depth)
{
    const struct load_balancer *balancer = in->front->balancer;
    for (size_t slot = 0; slot < walker->estate->target_groups.size; slot++) {
        const struct target_group *group = walker->estate->target_groups.slots[slot].value;
        bool forwarded = group == NULL;
        bool belongs = false;
        for (size_t i = 0; group != NULL && i < group->load_balancers.count; i++)
            belongs = belongs || strcmp(group->load_balancers.items[i], balancer->arn) == 0;
        for (size_t l = 0; belongs && l < balancer->listeners.count; l++)
            for (size_t g = 0; g < balancer->listeners.items[l].target_groups.count; g++)
                forwarded = forwarded || strcmp(balancer->listeners.items[l].target_groups.items[g], group->arn) == 0;
        if (!belongs || forwarded)
            continue;
        struct hop_in doubtful = *in;
        doubtful.clients.must = prefixset_empty;
        doubtful.doubts = (text_list){0};
        text_list_add_all(walker->arena, &doubtful.doubts, &in->doubts);
        text_list_add(walker->arena, &doubtful.doubts,
                      arena_printf(walker->set->arena, "some listener rule of %s forwards to it", balancer->name));
        follow_group(walker, &doubtful, group, depth);
    }
}

// Target groups of a listener: those its default actions name, and those that its rules may.
static void follow_listener(struct walker *walker, struct hop_in *in)
{
    const struct load_balancer *balancer = in->front->balancer;
    if (balancer->type == LOAD_BALANCER_CLASSIC) {
        for (size_t i = 0; i < balancer->instances.count; i++) {
            const struct network_interface *interface =
                map_get(&walker->primary_of_instance, balancer->instances.items[i]);
            struct address address = interface == NULL ? (struct address){0} : own_address(interface, FAMILY_IPV4, 0);
            if (address.family != 0)
                reach_target(walker, in, interface, address, in->listener->instance_port, "unknown");
            else
                not_found(walker, balancer->instances.items[i], balancer->vpc_id,
                          arena_printf(walker->set->arena, "classic load balancer %s", balancer->name));
        }
        return;
    }
    follow_groups(walker, in, 0);
    follow_rules(walker, in, 0);
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

void indirect_compute(struct exposure_set *set, const struct estate *estate, struct group_cache *groups)
{
    struct walker walker = {
        .arena = arena_new(), .estate = estate, .set = set, .groups = groups, .bridged = set->indirect.count};
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
    for (size_t f = 0; f < fronts.count; f++)
        for (size_t l = 0; l < fronts.items[f]->balancer->listeners.count; l++)
            for (int protocol = PROTOCOL_TCP; protocol <= PROTOCOL_UDP; protocol += PROTOCOL_UDP - PROTOCOL_TCP)
                for (int family = FAMILY_IPV4; family <= FAMILY_IPV6; family += FAMILY_IPV6 - FAMILY_IPV4) {
                    struct hop_in in = {.front = fronts.items[f],
                                        .listener = &fronts.items[f]->balancer->listeners.items[l],
                                        .protocol = protocol,
                                        .family = (enum family)family};
                    if (!listener_takes(in.listener, protocol))
                        continue;
                    add_path(&walker, &in.path, in.front->balancer, in.listener);
                    in.clients =
                        clients_of(&walker, in.front, in.listener->port, protocol, in.family, &in.because, &in.doubts);
                    if (!prefixset_is_empty(in.clients.may))
                        follow_listener(&walker, &in);
                }
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
