#include "model/estate.h"

#include <stdlib.h>

static int by_id(const void *left, const void *right)
{
    const struct network_interface *a = *(const struct network_interface *const *)left;
    const struct network_interface *b = *(const struct network_interface *const *)right;
    int order = strcmp(a->id, b->id);
    if (order != 0)
        return order;
    if (a->nested != b->nested)
        return a->nested ? 1 : -1;
    bool a_first = a->nested ? a->order < b->order : a->order > b->order;
    return a_first ? -1 : 1;
}

static int by_port(const void *left, const void *right)
{
    const struct listener *a = left, *b = right;
    return a->port != b->port ? (int)a->port - (int)b->port : strcmp(a->protocol, b->protocol);
}

void estate_settle(struct estate *estate)
{
    for (size_t i = 0; i < estate->load_balancers.size; i++) {
        struct load_balancer *balancer = estate->load_balancers.slots[i].value;
        if (balancer != NULL && balancer->listeners.count > 1)
            qsort(balancer->listeners.items, balancer->listeners.count, sizeof(struct listener), by_port);
    }
    uint32_t kept = 0;
    if (estate->interfaces.count > 1)
        qsort(estate->interfaces.items, estate->interfaces.count, sizeof(struct network_interface *), by_id);
    for (uint32_t i = 0; i < estate->interfaces.count; i++)
        if (kept == 0 || strcmp(estate->interfaces.items[kept - 1]->id, estate->interfaces.items[i]->id) != 0)
            estate->interfaces.items[kept++] = estate->interfaces.items[i];
    estate->interfaces.count = kept;
    vector_trim(estate->arena, &estate->interfaces);
}

// The place of an id in the order, taken or not.
static size_t place_of(const struct estate *estate, const char *id)
{
    size_t low = 0, high = estate->interfaces.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(estate->interfaces.items[middle]->id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct network_interface *estate_interface(const struct estate *estate, const char *id)
{
    size_t at = id == NULL ? estate->interfaces.count : place_of(estate, id);
    bool found = at < estate->interfaces.count && strcmp(estate->interfaces.items[at]->id, id) == 0;
    return found ? estate->interfaces.items[at] : NULL;
}

void estate_add_interface(struct estate *estate, struct network_interface *interface)
{
    size_t at = place_of(estate, interface->id), behind = estate->interfaces.count - at;
    (void)vector_add(estate->arena, &estate->interfaces);
    memmove(estate->interfaces.items + at + 1, estate->interfaces.items + at,
            behind * sizeof(*estate->interfaces.items));
    estate->interfaces.items[at] = interface;
}

const char *tags_name(const char *const *tags, size_t count)
{
    for (size_t i = 0; i + 1 < count; i += 2)
        if (strcmp(tags[i], "Name") == 0 && tags[i + 1][0] != '\0')
            return tags[i + 1];
    return NULL;
}
