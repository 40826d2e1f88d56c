#include "verdicts/one_address.h"

#include <string.h>

size_t one_address_count(const struct endpoint *first, size_t count)
{
    size_t same = 1;
    while (same < count && first[same].address.family == first->address.family &&
           first[same].address.first == first->address.first)
        same++;
    return same;
}

static bool is_awake(const struct one_address *one, const struct endpoint *endpoint)
{
    return !endpoint->dormant || one->joined.dormant;
}

struct one_address one_address_of(struct arena *arena, const struct endpoint *endpoints, size_t count)
{
    struct one_address one = {0};
    size_t exposures = 0;
    for (size_t i = 0; i < count; i++)
        if (endpoints[i].address.length == family_width(endpoints[i].address.family))
            *vector_add(arena, &one.endpoints) = &endpoints[i];
    if (one.endpoints.count == 0)
        return one;
    one.joined = *one.endpoints.items[0];
    if (one.endpoints.count == 1)
        return one;
    for (size_t i = 0; i < one.endpoints.count; i++)
        one.joined.dormant = one.joined.dormant && one.endpoints.items[i]->dormant;
    for (size_t i = 0; i < one.endpoints.count; i++)
        exposures += one.endpoints.items[i]->exposures->count;
    struct exposure_list *all = arena_new_of(arena, struct exposure_list);
    all->items = arena_array(arena, struct exposure, exposures + 1);
    for (size_t i = 0; i < one.endpoints.count; i++) {
        const struct exposure_list *own = one.endpoints.items[i]->exposures;
        if (!is_awake(&one, one.endpoints.items[i]) || own->count == 0)
            continue;
        memcpy(all->items + all->count, own->items, own->count * sizeof(*own->items));
        all->count += own->count;
    }
    one.joined.exposures = all;
    return one;
}

const struct endpoint *one_address_holder(const struct one_address *one, const struct exposure *exposure)
{
    size_t before = 0;
    for (size_t i = 0; i < one->endpoints.count; i++) {
        const struct endpoint *endpoint = one->endpoints.items[i];
        if (!is_awake(one, endpoint))
            continue;
        before += endpoint->exposures->count;
        if (exposure == NULL || one->endpoints.count == 1 || (size_t)(exposure - one->joined.exposures->items) < before)
            return endpoint;
    }
    return one->endpoints.items[0];
}
