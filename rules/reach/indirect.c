#include "rules/reach/indirect.h"

#include <stdlib.h>

#include "model/protocol.h"
#include "rules/reach/balancer_walk.h"
#include "rules/reach/load_balancer.h"
#include "rules/reach/part.h"

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
        map_put_pointer(arena, &walker->front_of, one, front);
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

// Whether it matters to what is behind a listener by whose address one comes there: by the listener's rules, or since
// a network load balancer's targets may see it.
static bool tells_apart(const struct hop_in *in)
{
    bool apart = in->front->balancer->type == LOAD_BALANCER_NETWORK || in->front->balancer->type_unsure;
    for (size_t r = 0; in->listener != NULL && r < in->listener->rules.count; r++)
        apart = apart || in->listener->rules.items[r].from_sources;
    return apart;
}

// Whether an exposure of a node is one by which clients come two-way to a listener; without a listener, to any port.
static bool is_entry(const struct hop_in *in, const struct endpoint *endpoint, const struct exposure *exposure)
{
    bool holds = in->listener == NULL || (in->listener->port >= exposure->low && in->listener->port <= exposure->high);
    return endpoint->address.family == in->family && exposure->protocol_low == in->protocol &&
           exposure->path == PATH_TWO_WAY && holds;
}

static void add_direct(struct arena *arena, const struct hop_in *in, const struct exposure *exposure,
                       struct clients *clients)
{
    clients->may = prefixset_union(arena, clients->may, exposure->sources);
    if (exposure->certainty == CERTAINTY_EXACT && in->listener != NULL)
        clients->must = prefixset_union(arena, clients->must, exposure->sources);
}

// Those that come to a node by an address of its own, from whatever ports.
static struct clients direct_clients(struct arena *arena, const struct hop_in *in, const struct network_interface *node)
{
    struct clients direct = {0};
    for (size_t i = 0; i < in->front->endpoints.count; i++) {
        const struct endpoint *endpoint = in->front->endpoints.items[i];
        for (size_t e = 0; endpoint->interface == node && e < endpoint->exposures->count; e++)
            if (is_entry(in, endpoint, &endpoint->exposures->items[e]))
                add_direct(arena, in, &endpoint->exposures->items[e], &direct);
    }
    return direct;
}

// Why an exposure of a node lets clients come to its listener.
static void add_because(struct walker *walker, const struct hop_in *in, const struct exposure *exposure,
                        struct hop_in *way)
{
    struct arena *kept = walker->set->arena;
    struct exposure at_listener = *exposure;
    if (in->listener == NULL) { // at some port
        part_add_untold(walker->arena, kept, &exposure->because, &way->because);
        return;
    }
    at_listener.low = at_listener.high = in->listener->port;
    const reason_list because = part_reasons(walker->arena, &exposure->because, &at_listener);
    part_add_at_port(walker->arena, kept, &walker->hopper.at_port, &because, in->listener->port, &way->because);
}

// Those that a service brings to a listener at one node, and by what, where they would not come without it; without a
// listener, to any port. Some keep their addresses.
static void add_bridged(struct walker *walker, const struct hop_in *in, const struct network_interface *node,
                        struct arrival *arrival, struct hop_in *way)
{
    struct arena *arena = walker->arena;
    struct clients direct = direct_clients(arena, in, node);
    for (size_t i = 0; i < walker->bridged; i++) {
        const struct indirect_exposure *bridged = &walker->set->indirect.items[i];
        bool here = bridged->interface == node && bridged->family == in->family;
        for (size_t e = 0; here && e < bridged->exposures.count; e++) {
            const struct exposure *one = &bridged->exposures.items[e];
            bool holds = in->listener == NULL || (in->listener->port >= one->low && in->listener->port <= one->high);
            if (one->protocol_low != in->protocol || !holds)
                continue;
            bool surely = one->certainty == CERTAINTY_EXACT && in->listener != NULL;
            struct clients clients = {surely ? one->sources : prefixset_empty, one->sources};
            struct arrival comes = {.own = clients, .ports = one->client_ports};
            if (bridged->seen_family != 0)
                comes = (struct arrival){.brought = clients,
                                         .seen = bridged->seen,
                                         .seen_family = bridged->seen_family,
                                         .ports = one->client_ports};
            if (bridged->seen_family != 0 && surely)
                way->edge = arena_printf(walker->set->arena,
                                         "whether what %s asks for (path, host, method and headers) meets the "
                                         "conditions of the rules is not evaluated",
                                         bridged->load_balancer);
            *arrival = arrival_union(arena, arrival, &comes);
            struct prefixset more = prefixset_subtract(arena, one->sources, surely ? direct.must : direct.may);
            if (!prefixset_overlap(more, prefixset_internet(arena, in->family)) &&
                !(bridged->seen_family != 0 && tells_apart(in)))
                continue;
            add_because(walker, in, one, way);
            for (size_t v = 0; v < one->via.count; v++) // which service it is, then why that is not sure
                reason_add(arena, one->via.items[v]->settle == NULL ? &way->path : &way->doubts, one->via.items[v]);
        }
    }
}

typedef VECTOR(struct portset) portset_list;

// The ports from which clients get replies from the nodes, which ACLs may tell apart: each set once, the whole first,
// since those whom a service brings may come from any.
static portset_list client_ports_of(struct walker *walker, const struct hop_in *in)
{
    portset_list found = {0};
    *vector_add(walker->arena, &found) = portset_all;
    for (size_t i = 0; i < in->front->endpoints.count; i++) {
        const struct endpoint *endpoint = in->front->endpoints.items[i];
        for (size_t e = 0; e < endpoint->exposures->count; e++) {
            const struct exposure *one = &endpoint->exposures->items[e];
            bool known = !is_entry(in, endpoint, one);
            for (size_t k = 0; k < found.count && !known; k++)
                known = portset_equal(found.items[k], one->client_ports);
            if (!known)
                *vector_add(walker->arena, &found) = one->client_ports;
        }
    }
    return found;
}

// Who reaches a listener two-way at one node from these ports, and what admits them there.
static struct arrival arrival_of(struct walker *walker, const struct hop_in *in, const struct network_interface *node,
                                 struct portset ports, struct hop_in *way)
{
    struct arena *arena = walker->arena;
    struct arrival arrival = {.ports = ports};
    for (size_t i = 0; i < in->front->endpoints.count; i++) {
        const struct endpoint *endpoint = in->front->endpoints.items[i];
        for (size_t e = 0; endpoint->interface == node && e < endpoint->exposures->count; e++) {
            const struct exposure *one = &endpoint->exposures->items[e];
            if (!is_entry(in, endpoint, one) || !portset_equal(one->client_ports, ports))
                continue;
            add_direct(arena, in, one, &arrival.own);
            add_because(walker, in, one, way);
            part_add_untold(arena, walker->set->arena, &one->via,
                            &way->doubts); // each subnet's routes may have one of a text
        }
    }
    if (portset_equal(ports, portset_all))
        add_bridged(walker, in, node, &arrival, way);
    return arrival;
}

static int by_name(const void *left, const void *right)
{
    const struct front *const *a = left, *const *b = right;
    int order = strcmp((*a)->balancer->arn, (*b)->balancer->arn);
    return order != 0 ? order : strcmp((*a)->nodes.items[0]->place->vpc_id, (*b)->nodes.items[0]->place->vpc_id);
}

// By different load balancers one may come to one listener.
static int by_path(const reason_list *a, const reason_list *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        int order = a->items[i]->form != REASON_SAYS || b->items[i]->form != REASON_SAYS
                        ? 0
                        : strcmp(a->items[i]->text, b->items[i]->text);
        if (order != 0)
            return order;
    }
    return (a->count > b->count) - (a->count < b->count);
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
    return by_path(&a->exposures.items[0].via, &b->exposures.items[0].via);
}

// Follows what comes to a listener from these ports, or to any where the snapshot does not tell which there are.
static void enter_from(struct walker *walker, struct hop_in in, struct portset ports)
{
    const struct front *front = in.front;
    bool any = false;
    in.doubtful = in.listener == NULL;
    in.at_node = arena_array(walker->arena, struct arrival, front->nodes.count + 1);
    for (size_t n = 0; n < front->nodes.count; n++) {
        in.at_node[n] = arrival_of(walker, &in, front->nodes.items[n], ports, &in);
        any = any || !arrival_is_empty(&in.at_node[n]);
    }
    if (any)
        walk_asks(walker, &in);
    walk_path(walker, &in.path, front->balancer, in.listener);
    walker->walked = (struct map){0};
    walker->limited = 0;
    if (any && front->balancer->type == LOAD_BALANCER_CLASSIC)
        targets_of_classic(walker, &in);
    else if (any)
        walk_listener(walker, &in);
}

static void enter(struct walker *walker, const struct front *front, const struct listener *listener)
{
    for (int protocol = PROTOCOL_TCP; protocol <= PROTOCOL_UDP; protocol += PROTOCOL_UDP - PROTOCOL_TCP)
        for (int family = FAMILY_IPV4; family <= FAMILY_IPV6; family += FAMILY_IPV6 - FAMILY_IPV4) {
            struct hop_in in = {
                .front = front, .listener = listener, .protocol = protocol, .family = (enum family)family};
            if (listener != NULL && listener_takes(listener, protocol) == LISTENS_NOT)
                continue;
            portset_list ports = client_ports_of(walker, &in);
            for (size_t i = 0; i < ports.count; i++)
                enter_from(walker, in, ports.items[i]);
        }
}

void indirect_compute(struct exposure_set *set, const struct estate *estate, struct group_cache *groups)
{
    struct walker walker = {.arena = arena_new(), .estate = estate, .set = set, .bridged = set->indirect.count};
    walker.hopper = (struct hopper){.arena = walker.arena, .set = set, .estate = estate, .groups = groups};
    VECTOR(const struct front *) fronts = {0};
    size_t assumed = set->assumptions.count;
    if (estate->load_balancers.count > 0) {
        targets_index(&walker);
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
    sort_texts(set->notes.items, set->notes.count); // whatever the order of documents
    if (set->assumptions.count > assumed)
        sort_texts(set->assumptions.items + assumed, set->assumptions.count - assumed);
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
