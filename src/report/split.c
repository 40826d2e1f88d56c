// What several vantages heard otherwise of each other, in words.
#include "report/report.h"

enum { MOST_PLACES = 8 };

static const char *list_of(struct arena *arena, const struct verdict_set *set, const struct vantage_split *split,
                           enum vantage_heard heard)
{
    const char *list = "";
    for (size_t i = 0; i < set->vantages.count; i++)
        if (split->heard[i] == heard)
            list = arena_printf(arena, "%s%s%s", list, list[0] == '\0' ? "" : ", ",
                                report_clean(arena, set->vantages.items[i].vantage));
    return list;
}

const char *report_split(struct arena *arena, const struct verdict_set *set, const struct vantage_split *split)
{
    static const char *const verbs[] = {NULL, "open to", "closed to", "silent to"};
    const char *said = "";
    for (int heard = HEARD_OPEN; heard <= HEARD_NOTHING; heard++) {
        const char *list = list_of(arena, set, split, (enum vantage_heard)heard);
        if (list[0] != '\0')
            said = arena_printf(arena, "%s%s%s %s", said, said[0] == '\0' ? "" : "; ", verbs[heard], list);
    }
    return arena_printf(arena,
                        "Vantages disagree: %zu port%s %s, though the same is declared for them. Something that the "
                        "configuration does not show treats them apart: a block of a region or of addresses, a filter "
                        "on the way, a ban of one of them",
                        split->ports, split->ports == 1 ? "" : "s", said);
}

const char *report_split_places(struct arena *arena, const struct vantage_split *split)
{
    const char *list = "";
    size_t count = split->places.count;
    for (size_t i = 0; i < count && i < MOST_PLACES; i++) {
        const struct split_place *place = &split->places.items[i];
        char address[ADDRESS_TEXT];
        address_format(place->address, address);
        list = arena_printf(arena, "%s%s%s of %s", list, i > 0 ? ", " : "",
                            report_ports(arena, place->protocol, place->low, place->high), address);
    }
    return count > MOST_PLACES ? arena_printf(arena, "%s and %zu more", list, count - MOST_PLACES) : list;
}

const char *report_not_compared(struct arena *arena, const struct verdict_set *set)
{
    if (set->vantages.count < 2 || set->not_compared == 0)
        return NULL;
    if (set->not_compared < 0)
        return "Not compared between the vantages: the document does not tell how many ports, and so not that the rest "
               "is "
               "alike";
    return arena_printf(arena,
                        "Not compared between the vantages: %ld port%s that not each of them asked, or of which what "
                        "it heard proves nothing",
                        set->not_compared, set->not_compared == 1 ? "" : "s");
}
