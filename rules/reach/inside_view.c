#include "rules/reach/inside_view.h"

#include <stdlib.h>

#include "model/interface_kind.h"
#include "model/protocol.h"
#include "rules/reach/absence.h"
#include "rules/reach/inside_view_parts.h"
#include "rules/reach/owner.h"
#include "rules/reach/segments.h"

// Interfaces that are asked alike but for what rules say of their addresses: they share groups and place, and so are a
// segment of their own.
struct sorter {
    struct inside_view *view;
    struct segment_set *segments;
    struct map numbers;    // key -> number + 1
    struct map links;      // VPC -> struct links
    struct map addressees; // "SEGMENT|FAMILY" -> struct addressees
};

enum { SEGMENT_OF_ASKER = 0 };

static uint32_t number_of(struct sorter *sorter, const char *key)
{
    struct arena *arena = sorter->segments->arena;
    uintptr_t known = (uintptr_t)map_get(&sorter->numbers, key);
    if (known != 0)
        return (uint32_t)known - 1;
    *vector_add(arena, &sorter->segments->segments) = (struct segment){.id = arena_strdup(arena, key)};
    map_put(arena, &sorter->numbers, sorter->segments->segments.items[sorter->segments->segments.count - 1].id,
            (void *)(uintptr_t)sorter->segments->segments.count);
    return sorter->segments->segments.count - 1;
}

static bool is_plain(const struct network_interface *interface)
{
    const struct interface_kind *kind = interface_kind_of(interface->type);
    return interface->groups != NULL && !interface->groups_unsure && interface->doubt == NULL && kind != NULL &&
           kind->admission == INTERFACE_ORDINARY;
}

static void segment_of_interface(void *context, const struct network_interface *interface, segment_numbers *numbers)
{
    struct sorter *sorter = context;
    struct arena *arena = sorter->segments->arena;
    uint32_t number = SEGMENT_OF_ASKER;
    char key[64];
    if (interface != sorter->view->asker) {
        if (is_plain(interface))
            snprintf(key, sizeof(key), "%p|%u", (const void *)interface->place, interface->groups->number);
        else
            snprintf(key, sizeof(key), "%p", (const void *)interface);
        number = number_of(sorter, key);
        sorter->segments->segments.items[number].is_asked = true;
    }
    map_put_pointer(arena, &sorter->view->number_of, interface, (void *)(uintptr_t)(number + 1));
    *vector_add(arena, numbers) = number;
}

// ---- From flows to exposures

// The flows to one segment in one family, and what they come to for the addresses that the same of them hold.
struct addressees {
    const struct flow *flows;
    size_t count;
    const struct prefixset **sets; // their destinations, each once
    size_t set_count;
    struct map answers; // which of the sets hold the address, as text -> struct exposure_list
};

typedef VECTOR(struct exposure) exposure_vector;

static bool is_in(const struct reason *reason, int protocol, uint16_t low, uint16_t high)
{
    if (reason->form == REASON_RULE)
        return (reason->rule->protocol == PROTOCOL_ANY || reason->rule->protocol == protocol) &&
               reason->rule->low <= high && reason->rule->high >= low;
    for (size_t i = 0; reason->of != NULL && i < reason->of->count; i++)
        if (reason->of->segments[i].low <= high && reason->of->segments[i].high >= low)
            return true;
    return reason->of == NULL;
}

// Of a flow, which may be joined of several, the reasons of some of its ports; of whatever client, as what they were of
// is in part the other side's addresses.
static reason_list reasons_in(struct arena *arena, const reason_list *list, int protocol, uint16_t low, uint16_t high)
{
    reason_list kept = {0};
    for (size_t i = 0; i < list->count; i++)
        if (is_in(list->items[i], protocol, low, high))
            *vector_add(arena, &kept) = reason_of_all(arena, list->items[i]);
    return kept;
}

// Adds the ports of a range, cut where a rule begins or ends, joined where they agree all the same.
static void add_range(struct arena *arena, const struct flow *flow, int low_protocol, int high_protocol,
                      struct port_range range, exposure_vector *made)
{
    for (uint32_t port = range.low, end; port <= range.high; port = end + 1) {
        end = range.high;
        for (size_t i = 0; i < flow->because.count; i++) {
            const struct reason *reason = flow->because.items[i];
            if (reason->form != REASON_RULE)
                continue;
            if (reason->rule->low > port && reason->rule->low <= end)
                end = reason->rule->low - 1u;
            if (reason->rule->high >= port && reason->rule->high < end)
                end = reason->rule->high;
        }
        struct exposure one = {.protocol_low = low_protocol,
                               .protocol_high = high_protocol,
                               .low = (uint16_t)port,
                               .high = (uint16_t)end,
                               .path = PATH_TWO_WAY,
                               .certainty = flow->certainty,
                               .sources = flow->sources,
                               .client_ports = flow->client_ports,
                               .via = flow->via};
        one.because = reasons_in(arena, &flow->because, flow->protocol, one.low, one.high);
        struct exposure *last = port == range.low ? NULL : &made->items[made->count - 1];
        if (last != NULL && reasons_same(&last->because, &one.because))
            last->high = one.high;
        else
            *vector_add(arena, made) = one;
    }
}

// The protocols that no rule or entry names, as runs.
static void add_unnamed(struct inside_view *view, const struct flow *flow, exposure_vector *made)
{
    const struct traffic *traffic = &view->traffic;
    int first = 0;
    for (size_t i = 0; i < traffic->protocols.count; i++) {
        int named = traffic->protocols.items[i] > 255 ? 256 : traffic->protocols.items[i];
        if (named > first)
            add_range(view->set->arena, flow, first, named - 1, (struct port_range){0, PORT_LAST}, made);
        first = named + 1;
    }
}

static int by_port(const void *left, const void *right)
{
    const struct exposure *a = left, *b = right;
    int orders[] = {a->protocol_low - b->protocol_low,         (int)a->low - (int)b->low,
                    (int)a->certainty - (int)b->certainty,     (int)a->high - (int)b->high,
                    prefixset_compare(a->sources, b->sources), portset_compare(a->client_ports, b->client_ports)};
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
        if (orders[i] != 0)
            return orders[i];
    return 0;
}

// Within a subnet no ACL is asked, though one that lets everything pass is told of its interfaces at large.
static void leave_out_acls(struct arena *arena, struct exposure *exposure)
{
    reason_list kept = {0};
    for (size_t i = 0; i < exposure->because.count; i++) {
        enum reason_stage stage = exposure->because.items[i]->stage;
        if (stage != REASON_ACL_IN && stage != REASON_ACL_OUT)
            *vector_add(arena, &kept) = exposure->because.items[i];
    }
    exposure->because = kept;
}

static struct exposure_list *list_of(struct inside_view *view, const struct addressees *of, const char *held,
                                     bool one_subnet)
{
    struct arena *arena = view->set->arena;
    exposure_vector made = {0};
    for (size_t f = 0; f < of->count; f++) {
        const struct flow *flow = &of->flows[f];
        size_t set = 0;
        while (of->sets[set]->ranges != flow->destinations.ranges)
            set++;
        if (held[set] != '1')
            continue;
        if (flow->protocol > 255)
            add_unnamed(view, flow, &made);
        else
            for (size_t r = 0; r < flow->ports.count; r++)
                add_range(arena, flow, flow->protocol, flow->protocol, flow->ports.ranges[r], &made);
    }
    for (size_t i = 0; i < made.count && one_subnet; i++)
        leave_out_acls(arena, &made.items[i]);
    if (made.count > 1)
        qsort(made.items, made.count, sizeof(*made.items), by_port);
    struct exposure_list *list = arena_new_of(arena, struct exposure_list);
    *list = (struct exposure_list){.count = made.count, .items = made.items};
    return list;
}

static const char *addressees_key(struct arena *arena, uint32_t segment, enum family family)
{
    return arena_printf(arena, "%u|%d", segment, (int)family);
}

// Flows stand segment by segment; of each family by itself.
static void sort_flows(struct sorter *sorter, const flow_list *flows)
{
    struct arena *arena = sorter->segments->arena;
    for (size_t f = 0, end; f < flows->count; f = end) {
        const struct flow *first = &flows->items[f];
        for (end = f;
             end < flows->count && flows->items[end].to == first->to && flows->items[end].family == first->family;)
            end++;
        struct addressees *of = arena_new_of(arena, struct addressees);
        *of = (struct addressees){.flows = first, .count = end - f};
        of->sets = arena_buffer(arena, const struct prefixset *, of->count);
        for (size_t i = f; i < end; i++) {
            size_t at = 0;
            while (at < of->set_count && of->sets[at]->ranges != flows->items[i].destinations.ranges)
                at++;
            if (at == of->set_count)
                of->sets[of->set_count++] = &flows->items[i].destinations;
        }
        map_put(arena, &sorter->addressees, addressees_key(arena, first->to, first->family), of);
    }
}

static const struct exposure_list no_exposures;

// What the segment of that number, or the internet, is asked at an address.
static const struct exposure_list *answer_of(struct sorter *sorter, uint32_t number, struct prefix address,
                                             bool one_subnet)
{
    struct arena *arena = sorter->segments->arena;
    char key[32];
    snprintf(key, sizeof(key), "%u|%d", number, (int)address.family);
    struct addressees *of = map_get(&sorter->addressees, key);
    if (of == NULL)
        return &no_exposures;
    struct text held = {0};
    for (size_t i = 0; i < of->set_count; i++)
        text_puts(&held, prefixset_holds(*of->sets[i], address.first) ? "1" : "0");
    struct exposure_list *list = map_get(&of->answers, held.bytes);
    if (list == NULL) {
        list = list_of(sorter->view, of, held.bytes, one_subnet);
        map_put(arena, &of->answers, arena_strdup(arena, held.bytes), list);
    }
    text_free(&held);
    return list;
}

static const struct exposure_list *answer_for(struct sorter *sorter, const struct network_interface *interface,
                                              struct prefix address)
{
    const char *own = sorter->view->asker->place->subnet_id;
    uint32_t number = (uint32_t)(uintptr_t)map_get_pointer(&sorter->view->number_of, interface) - 1;
    return answer_of(sorter, number, address, own != NULL && text_same(own, interface->place->subnet_id));
}

// ---- Endpoints

static bool is_own(const struct network_interface *asker, struct prefix address)
{
    for (size_t i = 0; address.family == FAMILY_IPV4 && i < asker->private_ipv4_count; i++)
        if (prefix_holds(address, (struct address){FAMILY_IPV4, asker->private_ipv4[i]}))
            return true;
    for (size_t i = 0; address.family == FAMILY_IPV6 && i < asker->address_count; i++)
        if (asker->addresses[i].address.family == FAMILY_IPV6 &&
            prefix_holds(address, (struct address){FAMILY_IPV6, asker->addresses[i].address.first}))
            return true;
    return false;
}

static void leave_out(struct inside_view *view, const char *what)
{
    for (size_t i = 0; i < view->left_out.count; i++)
        if (strcmp(view->left_out.items[i].what, what) == 0) {
            view->left_out.items[i].count++;
            return;
        }
    *vector_add(view->set->arena, &view->left_out) = (struct inside_left_out){what, 1};
}

static void add_endpoint(struct sorter *sorter, const struct network_interface *interface, struct endpoint like,
                         struct prefix address)
{
    struct inside_view *view = sorter->view;
    if (is_own(view->asker, address)) {
        leave_out(view, "addresses that the vantage interface has itself");
        return;
    }
    like.address = address;
    like.private_address = (struct address){address.family, address.first};
    like.exposures = answer_for(sorter, interface, address);
    *vector_add(view->set->arena, &view->set->endpoints) = like;
}

static bool is_joined(struct sorter *sorter, const struct network_interface *interface, enum family family)
{
    const char *own = sorter->view->asker->place->vpc_id, *other = interface->place->vpc_id;
    const struct links *a = map_get(&sorter->links, own), *b = map_get(&sorter->links, other);
    return strcmp(own, other) == 0 || (a != NULL && b != NULL && links_join(a, b, family));
}

static void add_interface(struct sorter *sorter, const struct network_interface *interface)
{
    struct inside_view *view = sorter->view;
    const struct estate *estate = view->traffic.estate;
    const struct instance *instance = map_get(&estate->instances, interface->instance_id);
    if (interface == view->asker || (instance != NULL && text_same(instance->state, "terminated")))
        return;
    if (map_get_pointer(&sorter->view->number_of, interface) == NULL) {
        leave_out(view, arena_printf(view->set->arena, "interfaces that are %s, which pass on what is others'",
                                     interface_kind_of(interface->type)->what));
        return;
    }
    bool joined = is_joined(sorter, interface, FAMILY_IPV4), joined_by_ipv6 = is_joined(sorter, interface, FAMILY_IPV6);
    if (!joined && !joined_by_ipv6) {
        leave_out(view, "interfaces in VPCs that no route or peering connection joins to the vantage interface's");
        return;
    }
    const char *name = instance == NULL ? NULL : tags_name(instance->tags, instance->tag_count);
    const struct endpoint like = {.interface = interface,
                                  .gateway = GATEWAY_INSIDE,
                                  .dormant = !interface->attached || (instance != NULL && instance_is_asleep(instance)),
                                  .name = name != NULL ? name : tags_name(interface->tags, interface->tag_count),
                                  .owner = owner_of(view->set->arena, estate, interface)};
    for (size_t i = 0; joined && i < interface->private_ipv4_count; i++)
        add_endpoint(sorter, interface, like, prefix_of((struct address){FAMILY_IPV4, interface->private_ipv4[i]}));
    for (size_t i = 0; joined && i < interface->ipv4_prefix_count; i++)
        add_endpoint(sorter, interface, like, interface->ipv4_prefixes[i]);
    for (size_t i = 0; joined_by_ipv6 && i < interface->address_count; i++)
        if (interface->addresses[i].address.family == FAMILY_IPV6)
            add_endpoint(sorter, interface, like, interface->addresses[i].address);
}

// What the snapshot lacks for what was computed so far.
static void add_lacks(struct inside_view *view)
{
    struct exposure_set *set = view->set;
    const struct traffic *traffic = &view->traffic;
    const struct lack_list *lists[] = {&traffic->estate->lacks, &traffic->missing, &traffic->groups.missing};
    for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++)
        for (size_t i = 0; i < lists[l]->items.count; i++)
            lack_add(set->arena, &set->missing, &lists[l]->items.items[i]);
}

// The same of the whole, as for segments.
static void add_absences(struct inside_view *view)
{
    struct exposure_set *set = view->set;
    const struct traffic *traffic = &view->traffic;
    add_lacks(view);
    absence_interfaces(set->arena, traffic->estate, &set->missing);
    for (size_t i = 0; i < traffic->estate->assumptions.count; i++)
        text_list_add(set->arena, &set->assumptions, traffic->estate->assumptions.items[i]);
}

static void sort_endpoints(struct inside_view *view)
{
    if (view->set->endpoints.count > 1)
        qsort(view->set->endpoints.items, view->set->endpoints.count, sizeof(struct endpoint), endpoint_order);
}

bool inside_view_possible(const struct estate *estate, const struct network_interface *asker, struct error *error)
{
    enum interface_part part = interface_part_of(asker->type);
    const struct instance *instance = map_get(&estate->instances, asker->instance_id);
    if (part == INTERFACE_PASSES_ON || part == INTERFACE_ANSWERS)
        return error_set(error, ERROR_USAGE, "%s is %s: nobody can ask from it", asker->id,
                         interface_kind_of(asker->type)->what);
    if (instance != NULL && text_same(instance->state, "terminated"))
        return error_set(error, ERROR_USAGE, "%s is of %s, which is terminated: nobody can ask from it", asker->id,
                         instance->id);
    for (size_t i = 0; i < asker->address_count; i++)
        if (asker->addresses[i].address.family == FAMILY_IPV6)
            return true;
    return asker->private_ipv4_count > 0 ||
           error_set(error, ERROR_USAGE, "%s: the snapshot tells of no private address of it", asker->id);
}

struct inside_view *inside_view_of(const struct estate *estate, const struct network_interface *asker)
{
    struct arena *arena = arena_new();
    struct inside_view *view = arena_new_of(arena, struct inside_view);
    struct segment_set *segments = arena_new_of(arena, struct segment_set);
    struct prefix_table sets = {.arena = arena};
    struct sorter sorter = {.view = view, .segments = segments};
    *segments = (struct segment_set){.arena = arena, .estate = estate, .by = "interface"};
    view->asker = asker;
    view->segments = segments;
    view->set = arena_new_of(arena, struct exposure_set);
    *view->set = (struct exposure_set){.arena = arena, .estate = estate, .asker = asker};
    *vector_add(arena, &segments->segments) = (struct segment){.id = asker->id, .asks = true};
    traffic_begin(&view->traffic, arena, estate, segment_of_interface, &sorter);
    view->walker.traffic = &view->traffic;
    view->traffic.sets = &sets;
    inside_compute(&view->traffic, segments);
    sorter.links = links_of_vpcs(&view->traffic);
    sort_flows(&sorter, &segments->inside);
    for (size_t i = 0; i < estate->interfaces.count; i++)
        add_interface(&sorter, estate->interfaces.items[i]);
    sort_endpoints(view);
    view->traffic.sets = NULL;
    add_absences(view);
    return view;
}

// ---- What leaves

// Whether an address is an interface's, or may be that of one which is not in the snapshot: it lies in a VPC of it.
static bool is_somebodys(const struct inside_view *view, struct address place)
{
    const struct estate *estate = view->traffic.estate;
    for (size_t i = 0; i < view->set->endpoints.count; i++)
        if (prefix_holds(view->set->endpoints.items[i].address, place))
            return true;
    for (size_t i = 0; i < estate->interfaces.count; i++)
        for (size_t a = 0; a < estate->interfaces.items[i]->address_count; a++)
            if (prefix_holds(estate->interfaces.items[i]->addresses[a].address, place))
                return true;
    for (size_t i = 0; i < estate->vpcs.size; i++)
        if (vpc_block_of(estate->vpcs.slots[i].value, place) != NULL)
            return true;
    return false;
}

void inside_view_add_outside(struct inside_view *view, const struct address *places, size_t count)
{
    static const struct interface_place nowhere = {.vpc_id = ""};
    static const struct network_interface nobody = {.id = "", .place = &nowhere, .attached = true};
    struct sorter sorter = {.view = view, .segments = view->segments};
    struct prefix_table sets = {.arena = view->segments->arena};
    if (view->segments->outbound.count == 0) {
        view->traffic.sets = &sets;
        outbound_compute(&view->traffic, view->segments);
        view->traffic.sets = NULL;
        add_lacks(view);
    }
    sort_flows(&sorter, &view->segments->outbound);
    for (size_t i = 0; i < count; i++)
        if (address_is_global(places[i]) && !is_somebodys(view, places[i]))
            *vector_add(view->set->arena, &view->set->endpoints) =
                (struct endpoint){.interface = &nobody,
                                  .address = prefix_of(places[i]),
                                  .private_address = places[i],
                                  .gateway = GATEWAY_INSIDE,
                                  .outside = true,
                                  .name = "internet",
                                  .exposures = answer_of(&sorter, SEGMENT_INTERNET, prefix_of(places[i]), false)};
    sort_endpoints(view);
}

struct exposure_set *inside_view_exposures(const struct inside_view *view)
{
    return view->set;
}

const struct inside_left_out *inside_view_left_out(const struct inside_view *view, size_t *count)
{
    *count = view->left_out.count;
    return view->left_out.items;
}

void inside_view_end(struct inside_view *view)
{
    arena_free(view->traffic.scratch);
    view->traffic.scratch = NULL;
}
