// Targets of load balancers: what their health says, and who gets to them.
#include "model/interface_kind.h"
#include "model/protocol.h"
#include "rules/reach/balancer_walk.h"
#include "rules/reach/gateway.h"
#include "rules/reach/load_balancer.h"
#include "rules/reach/owner.h"

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
    bool told = group->preserve_client != SETTING_NOT_TOLD;
    if (preservation_is_certain(group) || (told ? group->preserve_client == SETTING_ON : preserves_by_default(group)))
        return PRESERVES;
    return preservation_is_optional(group) ? PRESERVES_NOT : PRESERVES_PERHAPS;
}

// Of a protocol that is not told, or that no network load balancer's target group has.
static void doubt_preserves(struct walker *walker, const struct target_group *group, reason_list *doubts)
{
    struct arena *kept = walker->set->arena;
    const char *name = target_group_name(group), *settles = settle_by_call(kept, KIND_TARGET_GROUPS, name);
    const char *text = group->protocol == NULL
                           ? arena_printf(kept, "missing: Protocol of target group %s", name)
                           : arena_printf(kept,
                                          "whether target group %s, of protocol %s, sees clients' addresses is "
                                          "not known",
                                          name, group->protocol[0] == '\0' ? "(empty)" : group->protocol);
    if (group->protocol == NULL)
        walk_lacks(walker, KIND_TARGET_GROUPS, group->arn, text);
    reason_add(walker->arena, doubts, reason_doubt(kept, REASON_BALANCER, name, settles, text));
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
        if (!in->front->balancer->type_unsure && in->group->preserve_client != SETTING_UNSURE)
            doubt_preserves(walker, in->group, &own_doubts);
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
        walk_note(walker, arena_printf(walker->set->arena,
                                       "target %s of %s%s: no client reaches a node of load balancer %s in its "
                                       "zone, and nodes keep to their zones",
                                       target->instance_id != NULL ? target->instance_id : target->id,
                                       in->group == NULL ? "classic load balancer " : "target group ",
                                       in->group == NULL ? in->front->balancer->name : target_group_name(in->group),
                                       in->front->balancer->name));
    return result;
}

static void add_exposure(struct walker *walker, struct indirect_exposure *indirect, const struct hop_in *in,
                         uint16_t port, struct portset client_ports, struct prefixset sources, enum certainty certainty,
                         const reason_list *because, const reason_list *doubts)
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
                             .client_ports = portset_copy(arena, client_ports)};
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
// as that is. "unused" is a target that takes nothing as things are, for a reason that AWS prints: where that is
// because its instance is stopped, it is dormant, and where another document says that this one runs, the two
// contradict each other; so they do where its group is said to be of no load balancer, as this one forwards to it,
// unless the target's zone is none of the load balancer's.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health.html#unhealthy-target-connection-termination
static enum takes takes_clients(const struct target *target, bool asleep, bool in_zone)
{
    static const char *const taking[] = {"healthy", "unhealthy", NULL};
    static const char *const reasons[] = {"Target.NotRegistered", "Target.IpUnusable", NULL};
    if (target->unsure)
        return TAKES_PERHAPS;
    // "The override state ... is independent of the target's health": new clients are sent to no target of the zone.
    // https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AdministrativeOverride.html
    if (target->shift != NULL)
        return strcmp(target->shift, "zonal_shift_active") == 0 ? TAKES_NONE : TAKES_PERHAPS;
    if (text_among(target->health, taking))
        return TAKES;
    if (strcmp(target->health, "draining") == 0)
        return TAKES_NONE;
    if (strcmp(target->health, "unused") != 0)
        return TAKES_PERHAPS;
    if (text_same(target->reason, "Target.InvalidState"))
        return asleep ? TAKES : TAKES_PERHAPS;
    if (text_same(target->reason, "Target.NotInUse"))
        return in_zone ? TAKES_PERHAPS : TAKES_NONE;
    return target->reason != NULL && text_among(target->reason, reasons) ? TAKES_NONE : TAKES_PERHAPS;
}

// "If a target group contains only unhealthy registered targets, the load balancer routes requests to all of them":
// beside one that is healthy, one that is not is sent clients only where it is healthy again, or the group fails open.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
static bool is_beside_healthy(const struct target_group *group, const struct target *target)
{
    if (group == NULL || strcmp(target->health, "unhealthy") != 0)
        return false;
    for (size_t i = 0; i < group->targets.count; i++) {
        const struct target *other = &group->targets.items[i];
        if (strcmp(other->health, "healthy") == 0 && !other->unsure && other->shift == NULL)
            return true;
    }
    return false;
}

// False where a target takes nothing, which is said.
static bool heed_health(struct walker *walker, struct hop_in *in, const struct network_interface *interface,
                        const struct target *target, bool asleep)
{
    struct arena *kept = walker->set->arena;
    bool in_zone = false;
    for (size_t n = 0; n < in->front->nodes.count && !in_zone; n++)
        in_zone =
            !hop_is_apart(&walker->hopper,
                          &(struct hop_question){
                              .balancer = in->front->balancer, .node = in->front->nodes.items[n], .target = interface},
                          target->zone, target->zone_unsure);
    enum takes takes = takes_clients(target, asleep, in_zone);
    bool beside = takes == TAKES && is_beside_healthy(in->group, target);
    if (beside)
        takes = TAKES_PERHAPS;
    if (takes == TAKES_NONE)
        walk_note(walker, arena_printf(kept, "target %s of target group %s is %s: not reached", target->id,
                                       target_group_name(in->group),
                                       target->shift != NULL ? "in a zone that clients are shifted away from"
                                                             : target->health));
    if (takes == TAKES_PERHAPS) {
        in->doubtful = true;
        const char *health = beside                                   ? "unhealthy, and that of others is healthy"
                             : strcmp(target->health, "unknown") == 0 ? "not told"
                             : target->unsure                         ? "told in two ways"
                             : target->shift != NULL  ? arena_printf(kept, "overridden (%s)", target->shift)
                             : target->reason == NULL ? target->health
                                                      : arena_printf(kept, "%s (%s)", target->health, target->reason);
        reason_add(walker->arena, &in->doubts,
                   reason_doubt(kept, REASON_BALANCER, target->id,
                                beside ? settle_by_probe
                                       : settle_by_call(kept, KIND_TARGET_HEALTH, target_group_name(in->group)),
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

// What an address that was registered once has since become part of may take nothing, or nobody tells. A VPC endpoint
// is what many load balancers stand before.
// https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
static bool heed_kind(struct walker *walker, struct hop_in *in, const struct network_interface *target)
{
    struct arena *kept = walker->set->arena;
    const struct interface_kind *kind = interface_kind_of(target->type);
    if (kind != NULL && kind->admission == INTERFACE_TAKES_NOTHING) {
        walk_note(walker, arena_printf(kept, "target %s is %s, which takes in no connection: not reached", target->id,
                                       kind->what));
        return false;
    }
    if (kind != NULL && kind->admission != INTERFACE_ORDINARY && strcmp(target->type, "vpc_endpoint") != 0) {
        in->doubtful = true;
        reason_add(walker->arena, &in->doubts,
                   reason_doubt(kept, REASON_BALANCER, target->id, settle_by_probe,
                                arena_printf(kept, "what comes to %s, %s, is not modelled", target->id, kind->what)));
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
                      struct prefixset sources, bool may_see_client)
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
        one->may_see_client = one->may_see_client || may_see_client;
        exposure->client_ports = portset_union(arena, exposure->client_ports, arrived->arrival.ports);
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
    struct prefixset internet = prefixset_internet(walker->arena, in->family);
    bool may_see_client = prefixset_overlap(arrived->arrival.own.may, internet);
    if (in->group != NULL && in->group->other != NULL && is_listed(walker, in, arrived, clients.may, may_see_client))
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
        .sees_client = prefixset_overlap(arrived->arrival.own.must, internet),
        .may_see_client = may_see_client,
        .exposures = {.items = arena_array(arena, struct exposure, 2)},
    };
    add_exposure(walker, indirect, in, arrived->port, arrived->arrival.ports, clients.must, CERTAINTY_EXACT,
                 &arrived->because, &arrived->doubts);
    add_exposure(walker, indirect, in, arrived->port, arrived->arrival.ports,
                 prefixset_subtract(walker->arena, clients.may, clients.must), CERTAINTY_POSSIBLE, &arrived->because,
                 &arrived->doubts);
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

void target_reach(struct walker *walker, const struct hop_in *way, const struct network_interface *target,
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
    if (registered != NULL && !heed_health(walker, in, target, registered, asleep))
        return;
    if (!heed_kind(walker, in, target) || !heed_listeners(walker, in, target, address, port))
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
