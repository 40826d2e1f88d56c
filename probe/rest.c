#include "model/protocol.h"
#include "probe/probe.h"

// Takes away from a target what is known of it already. False where nothing is left to ask.
static bool rest_of(struct arena *arena, const struct observations *known, struct plan_target *target)
{
    bool ports = protocol_has_ports(target->protocol), answered = false;
    size_t low = 0, high = known->items.count;
    while (low < high) { // the first that is not before the target
        size_t middle = low + (high - low) / 2;
        const struct observation *seen = &known->items.items[middle];
        if (place_compare(seen->address, seen->protocol, target->address, target->protocol) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < known->items.count; low++) {
        const struct observation *seen = &known->items.items[low];
        if (place_compare(seen->address, seen->protocol, target->address, target->protocol) != 0)
            break;
        answered = true;
        if (ports)
            target->ports = portset_subtract(arena, target->ports, portset_of(arena, seen->low, seen->high));
    }
    return ports ? !portset_is_empty(target->ports) : !answered;
}

// How good a sentinel a known port is: open ones are, and closed ones of TCP; hosts limit the errors that say so of
// UDP.
static int worth_of(const struct observation *seen)
{
    return seen->state == OBSERVED_OPEN ? 2 : seen->state == OBSERVED_CLOSED && seen->protocol == PROTOCOL_TCP ? 1 : 0;
}

// What is known to answer at the hosts that are asked, and at some others of each family: asked again to see whether
// the way is alive.
static void add_spares(struct arena *arena, const struct observations *known, struct plan *rest)
{
    enum { OTHERS = 3 };
    struct map asked = {0};
    size_t others[2] = {0, 0};
    for (size_t i = 0; i < rest->targets.count; i++) {
        char text[ADDRESS_TEXT];
        address_format(rest->targets.items[i].address, text);
        map_put(arena, &asked, arena_strdup(arena, text), rest);
    }
    for (size_t from = 0, to; from < known->items.count && asked.count > 0; from = to) {
        const struct observation *first = &known->items.items[from], *best = first;
        for (to = from; to < known->items.count; to++) {
            const struct observation *one = &known->items.items[to];
            if (place_compare(one->address, one->protocol, first->address, first->protocol) != 0)
                break;
            best = worth_of(one) > worth_of(best) ? one : best;
        }
        char text[ADDRESS_TEXT];
        address_format(first->address, text);
        size_t *other = &others[first->address.family == FAMILY_IPV6];
        bool ours = map_get(&asked, text) != NULL;
        if (worth_of(best) == 0 || (!ours && *other >= OTHERS))
            continue;
        *other += !ours;
        *vector_add(arena, &rest->targets) = (struct plan_target){
            .address = best->address,
            .protocol = best->protocol,
            .ports = protocol_has_ports(best->protocol) ? portset_of(arena, best->low, best->low) : portset_empty,
            .client_ports = portset_all,
            .spare = true,
            .was_open = best->state == OBSERVED_OPEN};
    }
}

void probe_rest(struct arena *arena, const struct plan *plan, const struct observations *known, struct plan *rest)
{
    *rest = *plan;
    rest->targets.items = NULL;
    rest->targets.count = rest->targets.capacity = 0;
    for (size_t i = 0; i < plan->targets.count; i++) {
        struct plan_target target = plan->targets.items[i];
        if (rest_of(arena, known, &target))
            *vector_add(arena, &rest->targets) = target;
    }
    add_spares(arena, known, rest);
}
