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

void decides(struct plan_reader *plan, const char *what, const char *place)
{
    if (plan->current != NULL)
        note(plan, &plan->report->touched, place == NULL ? what : arena_printf(plan->arena, "%s %s", what, place),
             plan->current);
}

static void note_rules(struct plan_reader *plan, const struct security_group *group,
                       const security_group_rule_list *rules, bool egress)
{
    for (size_t r = 0; r < rules->count; r++)
        for (size_t i = 0; i < rules->items[r].prefix_lists.count; i++) {
            struct terraform_addresses *by = map_get(&plan->report->touched, rules->items[r].prefix_lists.items[i]);
            const char *id =
                arena_printf(plan->arena, egress ? "%s:egress:%zu" : "%s:%zu", group->id, rules->items[r].index);
            if (by == NULL)
                continue;
            if (map_get(&plan->report->made, id) == NULL)
                map_put(plan->arena, &plan->report->made, id, by);
            if (map_get(&plan->report->ended, id) == NULL)
                map_put(plan->arena, &plan->report->ended, id, by);
        }
}

void note_rules_of_lists(struct plan_reader *plan)
{
    bool some = false;
    for (size_t i = 0; i < plan->resources.count && !some; i++)
        some = plan->resources.items[i].changes && strstr(plan->resources.items[i].type, "prefix_list") != NULL;
    for (size_t i = 0; i < plan->estate->security_groups.size && some; i++) {
        const struct security_group *group = plan->estate->security_groups.slots[i].value;
        if (group == NULL)
            continue;
        note_rules(plan, group, &group->ingress, false);
        note_rules(plan, group, &group->egress, true);
    }
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

struct terraform_addresses terraform_causes_of_place(struct arena *arena, const struct terraform_report *report,
                                                     enum reason_stage stage, const struct interface_place *place)
{
    const char *what = stage == REASON_ACL_IN || stage == REASON_ACL_OUT                ? "acl"
                       : stage == REASON_ROUTE                                          ? "table"
                       : stage == REASON_GATEWAY || stage == REASON_BLOCK_PUBLIC_ACCESS ? "gateway"
                                                                                        : NULL;
    const char *const places[] = {place->subnet_id, place->vpc_id};
    const struct terraform_addresses *found = NULL;
    for (size_t i = 0; i < 2 && what != NULL && found == NULL; i++)
        if (places[i] != NULL)
            found = map_get(&report->touched, arena_printf(arena, "%s %s", what, places[i]));
    if (found == NULL && what != NULL)
        found = map_get(&report->touched, what);
    return found == NULL ? (struct terraform_addresses){0} : *found;
}
