#include "rules/reach/part.h"

#include "model/protocol.h"
#include "rules/reach/site.h"

static bool is_of(const struct reason *reason, const struct exposure *part, struct portset asked, struct portset back)
{
    bool way_back = reason->settle == NULL && (reason->stage == REASON_ROUTE || reason->stage == REASON_ACL_OUT);
    if (way_back && reason->of != NULL && part->path == PATH_INBOUND_ONLY)
        return false;
    return reason->of == NULL ||
           portmap_meets(*reason->of, reason->stage == REASON_ACL_OUT ? back : asked, part->sources);
}

reason_list part_reasons(struct arena *arena, const reason_list *list, const struct exposure *part)
{
    struct port_range low_to_high = {part->low, part->high};
    struct portset asked = {.count = 1, .ranges = &low_to_high};
    struct portset back = site_reply_numbers(arena, part->protocol_low, part->low, part->client_ports);
    reason_list kept = {0};
    size_t first = 0;
    while (first < list->count && is_of(list->items[first], part, asked, back))
        first++;
    if (first == list->count)
        return *list;
    for (size_t i = 0; i < list->count; i++)
        if (i < first || is_of(list->items[i], part, asked, back))
            *vector_add(arena, &kept) = list->items[i];
    return kept;
}

static const struct reason *at_port(struct arena *arena, struct map *known, const struct reason *reason, uint16_t port)
{
    char key[40];
    if (reason->of == NULL || reason->stage == REASON_ACL_OUT || reason->stage == REASON_ROUTE)
        return reason; // of the client's ports, or of all
    snprintf(key, sizeof(key), "%p|%u", (const void *)reason, port);
    const struct reason *made = map_get(known, key);
    if (made == NULL) {
        made = reason_of_sources(arena, reason, 0, PORT_LAST, portmap_sources(*reason->of, port));
        map_put(arena, known, arena_strdup(arena, key), (void *)(uintptr_t)made);
    }
    return made;
}

void part_add_at_port(struct arena *arena, struct arena *kept, struct map *known, const reason_list *from,
                      uint16_t port, reason_list *list)
{
    for (size_t i = 0; i < from->count; i++)
        reason_add(arena, list, at_port(kept, known, from->items[i], port));
}

void part_add_untold(struct arena *arena, struct arena *kept, const reason_list *from, reason_list *list)
{
    for (size_t i = 0; i < from->count; i++)
        reason_add(arena, list, reason_of_all(kept, from->items[i]));
}
