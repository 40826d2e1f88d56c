#include "rules/controls/facts.h"

#include <stdarg.h>
#include <stdlib.h>

const struct fact *fact_named(const char *name)
{
    static const struct fact *const tables[] = {root_facts, account_facts, trail_facts, network_facts, exposure_facts};
    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
        for (const struct fact *fact = tables[t]; fact->name != NULL; fact++)
            if (strcmp(fact->name, name) == 0)
                return fact;
    return NULL;
}

void answer(struct inquiry *inquiry, enum control_result result, const char *subject, const char *reference,
            const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *detail = arena_vprintf(inquiry->arena, format, arguments);
    va_end(arguments);
    *vector_add(inquiry->arena, &inquiry->control->evidence) = (struct control_evidence){
        .fact = inquiry->asked->name,
        .result = result,
        .subject = subject,
        .detail = detail,
        .reference =
            reference == NULL ? NULL : arena_printf(inquiry->arena, "%s%s", inquiry->input->snapshot, reference),
    };
}

void answer_rest(struct inquiry *inquiry, size_t count, const char *one, const char *many, const char *detail)
{
    if (count > 0)
        answer(inquiry, CONTROL_PASS, arena_printf(inquiry->arena, "%zu %s", count, count == 1 ? one : many), NULL,
               "%s", detail);
}

void answer_missing(struct inquiry *inquiry, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = arena_vprintf(inquiry->arena, format, arguments);
    va_end(arguments);
    for (size_t i = 0; i < inquiry->control->missing.count; i++)
        if (strcmp(inquiry->control->missing.items[i], text) == 0)
            return;
    *vector_add(inquiry->arena, &inquiry->control->missing) = text;
}

const char *fact_text(const struct inquiry *inquiry, const char *name, const char *fallback)
{
    const char *given = map_get(&inquiry->asked->parameters, name);
    return given == NULL ? fallback : given;
}

long fact_number(const struct inquiry *inquiry, const char *name, long fallback)
{
    const char *given = fact_text(inquiry, name, NULL);
    return given == NULL ? fallback : strtol(given, NULL, 10);
}

struct portset fact_ports(const struct inquiry *inquiry, const char *name, const char *fallback)
{
    struct portset ports = portset_empty;
    portset_parse(inquiry->arena, fact_text(inquiry, name, fallback), &ports);
    return ports;
}

struct access_map *fact_access(struct arena *arena, struct map *accesses, const struct account *account)
{
    struct access_map *map = map_get(accesses, account->id);
    if (map == NULL) {
        map = access_compute(arena, account);
        map_put(arena, accesses, account->id, map);
    }
    return map;
}

void **map_values(struct arena *arena, const struct map *map, size_t *count)
{
    map_slots slots = map_sorted(arena, map);
    void **values = arena_array(arena, void *, slots.count + 1);
    *count = slots.count;
    for (size_t i = 0; i < slots.count; i++)
        values[i] = slots.items[i]->value;
    return values;
}
