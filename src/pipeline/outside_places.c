#include "pipeline/outside_places.h"

#include "base/clock.h"
#include "model/protocol.h"
#include "pipeline/planning.h"

// Clocks differ, and an assessment goes from interface to interface.
static const uint64_t about_a_day_us = 36 * 3600 * UINT64_C(1000000);

static const struct endpoint *place_of(const struct exposure_set *view, struct address address)
{
    const struct endpoint *endpoint = view == NULL ? NULL : exposure_endpoint_at(view, prefix_of(address));
    return endpoint != NULL && endpoint->outside ? endpoint : NULL;
}

void outside_places_observed(struct arena *arena, struct inside_view *view, const struct observations *observations)
{
    const struct exposure_set *set = inside_view_exposures(view);
    struct address *places = arena_buffer(arena, struct address, observations->items.count + 1);
    size_t count = 0;
    for (size_t i = 0; i < observations->items.count; i++) {
        struct address address = observations->items.items[i].address;
        if ((count == 0 || !address_equal(places[count - 1], address)) && exposure_endpoint(set, address) == NULL)
            places[count++] = address;
    }
    if (count > 0)
        inside_view_add_outside(view, places, count);
}

void outside_places_heard(struct arena *arena, const struct exposure_set *view, const struct observations *observations,
                          const char *day, outside_heard_list *heard)
{
    for (size_t i = 0; i < observations->items.count; i++) {
        const struct observation *one = &observations->items.items[i];
        uint64_t us;
        if (one->protocol != PROTOCOL_TCP || one->state > OBSERVED_CLOSED || one->accepting ||
            place_of(view, one->address) == NULL || one->first_sent == NULL || !clock_moment(one->first_sent, &us))
            continue;
        for (uint32_t port = one->low; port <= one->high; port++)
            *vector_add(arena, heard) = (struct outside_heard){one->address, (uint16_t)port, us};
    }
    uint64_t noon_us;
    if (day == NULL || !clock_moment(arena_printf(arena, "%sT12:00:00.000000Z", day), &noon_us))
        return;
    for (size_t i = 0; i < observations->canaries.count; i++)
        if (observations->canaries.items[i].answered > 0)
            *vector_add(arena, heard) = (struct outside_heard){observations->canaries.items[i].address,
                                                               (uint16_t)observations->canaries.items[i].port, noon_us};
}

static bool was_there(const outside_heard_list *heard, const struct observation *silent)
{
    uint64_t us;
    if (silent->first_sent == NULL || !clock_moment(silent->first_sent, &us))
        return false;
    for (uint32_t port = silent->low; port <= silent->high; port++) {
        bool found = false;
        for (size_t i = 0; i < heard->count && !found; i++) {
            const struct outside_heard *one = &heard->items[i];
            uint64_t apart = one->us > us ? one->us - us : us - one->us;
            found = one->port == port && address_equal(one->address, silent->address) && apart <= about_a_day_us;
        }
        if (!found)
            return false;
    }
    return silent->protocol == PROTOCOL_TCP;
}

void outside_places_doubt(const struct exposure_set *view, const outside_heard_list *heard,
                          struct observations *observations)
{
    static const char reason[] =
        "silent, and nothing shows that it answered anybody about then: have the run ask it too "
        "(--canary), or another interface that may";
    for (size_t i = 0; i < observations->items.count; i++) {
        struct observation *one = &observations->items.items[i];
        if (one->state != OBSERVED_FILTERED || place_of(view, one->address) == NULL || was_there(heard, one))
            continue;
        one->state = OBSERVED_UNKNOWN;
        one->reason = reason;
    }
}

bool outside_places_plan(struct arena *arena, struct inside_view *view, const struct vantage_list *vantages,
                         const char *text, struct plan *plan, struct error *error)
{
    struct plan_target target = {.protocol = PROTOCOL_TCP, .expect = DECLARED_UNREACHABLE};
    char address[ADDRESS_TEXT];
    GUARD(planning_place_read(arena, "outbound", text, &target.address, &target.ports, error));
    address_format(target.address, address);
    const struct vantage *vantage = vantage_of(vantages->items.items, vantages->items.count, prefix_of(target.address));
    if (!address_is_global(target.address))
        return error_set(error, ERROR_USAGE, "--outbound %s: %s is no address of the internet", text, address);
    if (vantage == NULL)
        return error_set(error, ERROR_USAGE, "--outbound %s: the vantage interface has no address of that family",
                         text);
    if (exposure_endpoint(inside_view_exposures(view), target.address) == NULL)
        inside_view_add_outside(view, &target.address, 1);
    const struct endpoint *place = place_of(inside_view_exposures(view), target.address);
    if (place == NULL)
        return error_set(
            error, ERROR_USAGE,
            "--outbound %s: %s is an address of the snapshot, or lies in a VPC of it, whose rules decide too: give a "
            "place of yours elsewhere",
            text, address);
    for (size_t i = 0; i < plan->targets.count; i++)
        if (address_equal(plan->targets.items[i].address, target.address) &&
            portset_equal(plan->targets.items[i].ports, target.ports))
            return error_set(error, ERROR_USAGE, "--outbound %s: is there twice", text);
    uint16_t port = target.ports.ranges[0].low;
    const struct exposure *exposure = exposure_find(place, PROTOCOL_TCP, port, vantage->address.bits);
    target.client_ports = vantage->client_ports;
    if (exposure != NULL) {
        target.expect = exposure->certainty == CERTAINTY_EXACT ? DECLARED_REACHABLE : DECLARED_POSSIBLE;
        target.client_ports = portset_intersect(arena, exposure->client_ports, vantage->client_ports);
    }
    *vector_add(arena, &target.why) = "outbound";
    *vector_add(arena, &plan->targets) = target;
    return true;
}
