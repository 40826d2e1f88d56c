// What is to be asked of which host.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "model/protocol.h"
#include "probe/identifier.h"

const struct service *identify_excuse(struct identifier *identifier, const char *why)
{
    for (size_t i = 0; i < identifier->excuses.count; i++)
        if (strcmp(identifier->excuses.items[i]->not_identified, why) == 0)
            return identifier->excuses.items[i];
    struct service *service = arena_new_of(identifier->arena, struct service);
    service->name = "unknown";
    service->not_identified = arena_strdup(identifier->arena, why);
    *vector_add(identifier->arena, &identifier->excuses) = service;
    return service;
}

static bool is_open(const struct observation *one)
{
    return one->protocol == PROTOCOL_TCP && one->state == OBSERVED_OPEN;
}

// Each open port becomes an observation of its own, but where hosts accept every port.
static void split(struct identifier *identifier, struct observations *observations)
{
    struct observations whole = *observations;
    observations->items.items = NULL;
    observations->items.count = observations->items.capacity = 0;
    for (size_t i = 0; i < whole.items.count; i++) {
        struct observation one = whole.items.items[i];
        uint16_t high = one.high;
        if (is_open(&one) && one.accepting)
            one.service = identify_excuse(identifier, "the host accepts every TCP port");
        if (!is_open(&one) || one.accepting) {
            *vector_add(identifier->arena, &observations->items) = one;
            continue;
        }
        for (uint32_t port = one.low; port <= high; port++, identifier->port_count++) {
            one.low = one.high = (uint16_t)port;
            *vector_add(identifier->arena, &observations->items) = one;
        }
    }
}

static int by_address(const void *left, const void *right)
{
    const struct plan_target *const *a = left, *const *b = right;
    return address_compare((*a)->address, (*b)->address);
}

// The TCP targets of the plan, by address. Gives how many there are.
static size_t sort_targets(struct arena *arena, const struct plan *plan, const struct plan_target ***targets)
{
    size_t count = 0;
    *targets = arena_array(arena, const struct plan_target *, plan->targets.count);
    for (size_t i = 0; i < plan->targets.count; i++)
        if (plan->targets.items[i].protocol == PROTOCOL_TCP)
            (*targets)[count++] = &plan->targets.items[i];
    if (count > 0)
        qsort(*targets, count, sizeof(**targets), by_address);
    return count;
}

static void read_hints(struct identifier *identifier)
{
    for (size_t i = 0; service_trials[i].name != NULL; i++) {
        assert(i < MOST_TRIALS);
        portset_parse(identifier->arena, service_trials[i].ports, &identifier->hints[i]);
        identifier->trials |= 1U << i;
    }
}

static uint32_t hinted_at(const struct identifier *identifier, uint16_t port)
{
    uint32_t hinted = 0;
    for (unsigned i = 0; i < MOST_TRIALS; i++)
        if (portset_holds(identifier->hints[i], port))
            hinted |= 1U << i;
    return hinted;
}

// The open ports [first, end) of one host, those with a hint before the others.
static void add_host(struct identifier *identifier, struct observation *first, const struct observation *end)
{
    size_t count = (size_t)(end - first);
    struct host host = {.address = first->address, .next = identifier->port_count};
    for (size_t without = 0; without < 2; without++)
        for (size_t i = 0; i < count; i++) {
            uint32_t hinted = hinted_at(identifier, first[i].low);
            if ((hinted == 0) == (without == 1))
                identifier->ports[identifier->port_count++] = (struct open_port){&first[i], hinted};
        }
    host.end = identifier->port_count;
    *vector_add(identifier->arena, &identifier->hosts) = host;
}

// Observations are sorted by address, and so are the targets.
static void gather_hosts(struct identifier *identifier, const struct plan *plan, struct observations *observations)
{
    const struct plan_target **targets;
    size_t target_count = sort_targets(identifier->arena, plan, &targets), at = 0;
    struct observation *items = observations->items.items, *end = vector_end(&observations->items);
    identifier->ports = arena_array(identifier->arena, struct open_port, identifier->port_count);
    identifier->port_count = 0;
    for (struct observation *one = items, *next; one < end; one = next) {
        next = one + 1;
        if (!is_open(one) || one->service != NULL)
            continue;
        while (next < end && is_open(next) && address_equal(next->address, one->address))
            next++;
        add_host(identifier, one, next);
        struct host *host = &identifier->hosts.items[identifier->hosts.count - 1];
        while (at < target_count && address_compare(targets[at]->address, host->address) < 0)
            at++;
        host->targets = targets + at;
        while (at + host->target_count < target_count &&
               address_equal(targets[at + host->target_count]->address, host->address))
            host->target_count++;
    }
}

void identify_gather(struct identifier *identifier, const struct plan *plan, struct observations *observations)
{
    split(identifier, observations);
    if (identifier->port_count == 0)
        return;
    read_hints(identifier);
    gather_hosts(identifier, plan, observations);
}
