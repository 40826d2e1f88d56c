#include "cli/diff_places.h"

#include <string.h>

static const struct public_place *same_place(const struct estate *estate, const struct public_place *place)
{
    for (size_t i = 0; i < estate->public_places.count; i++) {
        const struct public_place *one = &estate->public_places.items[i];
        if (strcmp(one->kind, place->kind) == 0 && strcmp(one->id, place->id) == 0 &&
            text_same(one->account, place->account) && text_same(one->region, place->region))
            return one;
    }
    return NULL;
}

static const char *place_text(struct arena *arena, const struct public_place *place)
{
    return place->detail == NULL ? arena_printf(arena, "%s %s", place->kind, place->id)
                                 : arena_printf(arena, "%s %s (%s)", place->kind, place->id, place->detail);
}

// Those of one state that the other does not tell of.
static void add_missing(struct arena *arena, const struct estate *of, const struct estate *other, const char *what,
                        text_list *found)
{
    for (size_t i = 0; i < of->public_places.count; i++) {
        const struct public_place *one = &of->public_places.items[i];
        if (!one->has_interface && same_place(other, one) == NULL)
            text_list_add(arena, found, arena_printf(arena, "%s: %s", what, place_text(arena, one)));
    }
}

text_list diff_public_places(struct arena *arena, const struct estate *before, const struct estate *after)
{
    text_list found = {0};
    add_missing(arena, after, before, "first told of", &found);
    add_missing(arena, before, after, "no longer told of", &found);
    for (size_t i = 0; i < after->public_places.count; i++) {
        const struct public_place *one = &after->public_places.items[i], *old = same_place(before, one);
        if (old != NULL && !one->has_interface && !text_same(old->detail, one->detail) &&
            (old->detail != NULL || one->detail != NULL))
            text_list_add(arena, &found,
                          arena_printf(arena, "told of otherwise: %s, before %s", place_text(arena, one),
                                       old->detail == NULL ? "without that" : old->detail));
    }
    sort_texts(found.items, found.count);
    return found;
}
