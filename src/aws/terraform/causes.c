// Which resources of a plan are behind what moves: each notes, while it is applied, what it makes and what it touches.
#include <stdarg.h>
#include <string.h>

#include "aws/terraform/kinds.h"
#include "aws/terraform/plan.h"

static void note(struct plan_reader *plan, struct map *map, const char *id, const struct resource *resource)
{
    struct terraform_addresses *list = map_get(map, id);
    if (list == NULL) {
        list = arena_new_of(plan->arena, struct terraform_addresses);
        map_put(plan->arena, map, id, list);
    }
    for (size_t i = 0; i < list->items.count; i++)
        if (list->items.items[i] == resource->address)
            return;
    *vector_add(plan->arena, &list->items) = resource->address;
}

void makes(struct plan_reader *plan, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *id = arena_vprintf(plan->arena, format, arguments);
    va_end(arguments);
    if (plan->current != NULL)
        note(plan, &plan->report->made, id, plan->current);
}

void ends(struct plan_reader *plan, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *id = arena_vprintf(plan->arena, format, arguments);
    va_end(arguments);
    if (plan->current != NULL)
        note(plan, &plan->report->ended, id, plan->current);
}

void touches(struct plan_reader *plan, const struct resource *resource, const char *id)
{
    if (id != NULL && resource->changes)
        note(plan, &plan->report->touched, id, resource);
}

static void touches_side(struct plan_reader *plan, const struct resource *resource, const cJSON *values)
{
    const cJSON *one, *item;
    cJSON_ArrayForEach (one, values) {
        if (one->string == NULL || kind_types(one->string) == NULL)
            continue;
        touches(plan, resource, attribute(plan, values, one->string));
        cJSON_ArrayForEach (item, one)
            if (cJSON_IsString(item) && item->valuestring[0] != '\0')
                touches(plan, resource, arena_strdup(plan->arena, item->valuestring));
    }
}

void touches_all(struct plan_reader *plan, const struct resource *resource)
{
    touches(plan, resource, resource->id_before);
    touches(plan, resource, resource->id);
    touches_side(plan, resource, resource->before);
    touches_side(plan, resource, resource->after);
}

struct terraform_addresses terraform_causes(struct arena *arena, const struct terraform_report *report, const char *id,
                                            bool went, const struct network_interface *interface)
{
    const char *thing = id == NULL ? NULL : arena_strndup(arena, id, strcspn(id, ":"));
    const struct terraform_addresses *found = id == NULL ? NULL : map_get(went ? &report->ended : &report->made, id);
    if (found == NULL && id != NULL)
        found = map_get(went ? &report->made : &report->ended, id);
    if (found == NULL && id != NULL)
        found = map_get(&report->touched, id);
    if (found == NULL && id != NULL && strncmp(id, "arn:", 4) != 0)
        found = map_get(&report->touched, thing);
    if (found == NULL && interface != NULL)
        found = map_get(&report->made, interface->id);
    if (found == NULL && interface != NULL)
        found = map_get(&report->touched, interface->id);
    if (found == NULL && interface != NULL && interface->instance_id != NULL)
        found = map_get(&report->touched, interface->instance_id);
    return found == NULL ? (struct terraform_addresses){0} : *found;
}
