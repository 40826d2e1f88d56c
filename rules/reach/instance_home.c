#include "rules/reach/instance_home.h"

void instance_homes(struct arena *arena, const struct estate *estate, struct map *homes)
{
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        const struct network_interface *one = estate->interfaces.items[i];
        if (one->instance_id == NULL)
            continue;
        struct instance_home *home = map_get(homes, one->instance_id);
        if (home == NULL) {
            home = arena_new_of(arena, struct instance_home);
            map_put(arena, homes, one->instance_id, home);
        }
        if (one->device_index == 0)
            *vector_add(arena, &home->primary) = one;
        else if (one->device_index < 0)
            *vector_add(arena, &home->untold) = one;
        else
            home->has_secondary = true;
    }
}

const struct network_interface *const *instance_home_interfaces(const struct instance_home *home, size_t *count,
                                                                bool *sure)
{
    bool told = home->primary.count > 0;
    *count = told ? home->primary.count : home->untold.count;
    *sure = *count == 1 && (told || !home->has_secondary);
    return told ? home->primary.items : home->untold.items;
}

const char *instance_home_doubt(struct arena *arena, const char *instance_id)
{
    return arena_printf(arena, "which interface of %s is its primary one is not told", instance_id);
}
