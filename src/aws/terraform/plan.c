#include "aws/terraform/terraform.h"

#include <stdlib.h>
#include <string.h>

#include "aws/terraform/plan.h"

static struct resource plan_many; // stands for several resources with one bare address

const char *attribute(struct plan_reader *plan, const cJSON *values, const char *key)
{
    const cJSON *node = cJSON_GetObjectItemCaseSensitive(values, key);
    if (cJSON_IsString(node) && node->valuestring[0] != '\0')
        return arena_strdup(plan->arena, node->valuestring);
    return NULL;
}

bool flag(const cJSON *values, const char *key, bool fallback)
{
    const cJSON *node = cJSON_GetObjectItemCaseSensitive(values, key);
    return cJSON_IsBool(node) ? cJSON_IsTrue(node) : fallback;
}

long number(const cJSON *values, const char *key, long fallback)
{
    const cJSON *node = cJSON_GetObjectItemCaseSensitive(values, key);
    return cJSON_IsNumber(node) && node->valuedouble >= -1e9 && node->valuedouble <= 1e9 ? (long)node->valuedouble
                                                                                         : fallback;
}

bool is_unknown(const cJSON *unknown, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(unknown, key));
}

const char *unknown_text(struct plan_reader *plan, const struct resource *resource, const char *key)
{
    return arena_printf(plan->arena, "%s %s (known after apply)", resource->address, key);
}

// "aws_subnet.a[0].id" -> "MODULE" + "aws_subnet.a"; NULL for what is no managed resource.
static const char *bare_of_reference(struct arena *arena, const char *module, const char *text)
{
    size_t length = strcspn(text, ".");
    if (text[length] == '\0' || strncmp(text, "aws_", 4) != 0)
        return NULL;
    length += 1 + strcspn(text + length + 1, ".[");
    return arena_printf(arena, "%s%.*s", module, (int)length, text);
}

// Adds the resources that the configuration of an attribute refers to; whether these are all, and at least one.
static bool referred(struct plan_reader *plan, const struct resource *resource, const char *key, struct id_list *ids)
{
    const cJSON *expression = cJSON_GetObjectItemCaseSensitive(map_get(&plan->expressions, resource->bare), key);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(expression, "references"), *item;
    size_t before = ids->items.count;
    bool all = true;
    cJSON_ArrayForEach (item, list) {
        const char *bare =
            cJSON_IsString(item) ? bare_of_reference(plan->arena, resource->module, item->valuestring) : NULL;
        const struct resource *other = map_get(&plan->by_bare, bare);
        if (other == NULL || other == &plan_many || other->id == NULL) {
            all = false;
            continue;
        }
        bool listed = false;
        for (size_t i = before; i < ids->items.count; i++)
            listed = listed || strcmp(ids->items.items[i], other->id) == 0;
        if (!listed)
            *vector_add(plan->arena, &ids->items) = other->id;
    }
    return all && ids->items.count > before;
}

const char *reference(struct plan_reader *plan, const struct resource *resource, const char *key)
{
    const char *value = attribute(plan, resource->after, key);
    if (value != NULL || !is_unknown(resource->unknown, key))
        return value;
    struct id_list ids = {0};
    if (referred(plan, resource, key, &ids) && ids.items.count == 1)
        return ids.items.items[0];
    return unknown_text(plan, resource, key);
}

struct id_list references(struct plan_reader *plan, const struct resource *resource, const char *key)
{
    struct id_list ids = {0};
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(resource->after, key), *item;
    const cJSON *unknown = cJSON_GetObjectItemCaseSensitive(resource->unknown, key), *one;
    bool any_unknown = cJSON_IsTrue(unknown);
    cJSON_ArrayForEach (item, list)
        if (cJSON_IsString(item))
            *vector_add(plan->arena, &ids.items) = arena_strdup(plan->arena, item->valuestring);
    cJSON_ArrayForEach (one, unknown)
        any_unknown = any_unknown || cJSON_IsTrue(one);
    if (any_unknown && !referred(plan, resource, key, &ids))
        *vector_add(plan->arena, &ids.items) = unknown_text(plan, resource, key);
    return ids;
}

static const char *without_indexes(struct arena *arena, const char *address)
{
    char *bare = arena_strdup(arena, address), *to = bare;
    int depth = 0;
    for (const char *from = address; *from != '\0'; from++) {
        depth += *from == '[';
        if (depth == 0)
            *to++ = *from;
        depth -= *from == ']' && depth > 0;
    }
    *to = '\0';
    return bare;
}

static bool has_action(const cJSON *actions, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, actions)
        if (cJSON_IsString(item) && strcmp(item->valuestring, name) == 0)
            return true;
    return false;
}

static const cJSON *object_or_null(const cJSON *node)
{
    return cJSON_IsObject(node) ? node : NULL;
}

static bool read_resource(struct plan_reader *plan, const struct json_cursor *at, struct resource *resource,
                          struct error *error)
{
    struct json_cursor change = json_member(at, "change");
    const char *mode;
    if (!json_expect_object(at, error) || !json_string(plan->arena, at, "address", &resource->address, error) ||
        !json_string(plan->arena, at, "type", &resource->type, error) ||
        !json_optional_string(plan->arena, at, "mode", &mode, error) || !json_expect_object(&change, error))
        return false;
    const cJSON *actions = cJSON_GetObjectItemCaseSensitive(change.node, "actions");
    if (!cJSON_IsArray(actions)) {
        struct json_cursor wrong = json_member(&change, "actions");
        return json_fail(&wrong, error, "is no array, expected the actions of the change");
    }
    resource->before = object_or_null(cJSON_GetObjectItemCaseSensitive(change.node, "before"));
    resource->after = object_or_null(cJSON_GetObjectItemCaseSensitive(change.node, "after"));
    resource->unknown = object_or_null(cJSON_GetObjectItemCaseSensitive(change.node, "after_unknown"));
    resource->bare = without_indexes(plan->arena, resource->address);
    const char *type = strstr(resource->bare, resource->type);
    resource->module = type == NULL ? "" : arena_strndup(plan->arena, resource->bare, (size_t)(type - resource->bare));
    bool create = has_action(actions, "create"), remove = has_action(actions, "delete");
    resource->changes =
        (create || remove || has_action(actions, "update")) && (mode == NULL || strcmp(mode, "managed") == 0);
    resource->replaced = create && remove;
    if (remove && !create && resource->after != NULL) {
        struct json_cursor wrong = json_member(&change, "after");
        return json_fail(&wrong, error, "is an object, expected null of what is deleted");
    }
    resource->id_before = attribute(plan, resource->before, "id");
    resource->id = remove && !create                       ? NULL
                   : create || resource->id_before == NULL ? resource->address
                                                           : resource->id_before;
    return true;
}

static void read_configuration(struct plan_reader *plan, const cJSON *module, const char *prefix, int depth)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, cJSON_GetObjectItemCaseSensitive(module, "resources")) {
        const char *address = attribute(plan, item, "address");
        if (address != NULL)
            map_put(plan->arena, &plan->expressions, arena_printf(plan->arena, "%s%s", prefix, address),
                    (void *)(uintptr_t)cJSON_GetObjectItemCaseSensitive(item, "expressions"));
    }
    cJSON_ArrayForEach (item, cJSON_GetObjectItemCaseSensitive(module, "module_calls"))
        if (item->string != NULL && depth < 32)
            read_configuration(plan, cJSON_GetObjectItemCaseSensitive(item, "module"),
                               arena_printf(plan->arena, "%smodule.%s.", prefix, item->string), depth + 1);
}

struct interface_place plan_place(const struct plan_reader *plan)
{
    struct interface_place place = {"unknown", "unknown", "unknown", NULL};
    if (plan->estate->completeness.count == 1) {
        place.account_id = plan->estate->completeness.items[0].account;
        place.region = plan->estate->completeness.items[0].region;
    }
    return place;
}

void lacking(struct plan_reader *plan, const struct resource *resource, const char *key)
{
    *vector_add(plan->arena, &plan->report->unknown) =
        arena_printf(plan->arena, "%s: %s is not known before apply: not considered", resource->address, key);
}

static const struct resource_types *const families[] = {&terraform_network, &terraform_rules, &terraform_hosts};
enum { FAMILIES = sizeof(families) / sizeof(families[0]) };

static bool is_considered(const char *type)
{
    for (size_t f = 0; f < FAMILIES; f++)
        for (size_t i = 0; i < families[f]->count; i++)
            if (strcmp(families[f]->items[i].name, type) == 0)
                return true;
    return false;
}

typedef VECTOR(struct resource) resource_list;

static void list_others(struct plan_reader *plan, const resource_list *resources)
{
    VECTOR(const char *) types = {0};
    for (size_t i = 0; i < resources->count; i++)
        if (resources->items[i].changes && !is_considered(resources->items[i].type))
            *vector_add(plan->arena, &types) = resources->items[i].type;
    sort_texts(types.items, types.count);
    for (size_t i = 0, next; i < types.count; i = next) {
        for (next = i; next < types.count && strcmp(types.items[i], types.items[next]) == 0;)
            next++;
        *vector_add(plan->arena, &plan->report->not_considered) =
            arena_printf(plan->arena, "%s × %zu", types.items[i], next - i);
    }
}

static void remove_all(struct plan_reader *plan, const resource_list *resources, const struct resource_type *type)
{
    for (size_t i = 0; i < resources->count; i++) {
        const struct resource *one = &resources->items[i];
        if (one->changes && one->before != NULL && (one->after == NULL || one->replaced) && type->remove != NULL &&
            strcmp(one->type, type->name) == 0)
            type->remove(plan, one);
    }
}

static void put_all(struct plan_reader *plan, const resource_list *resources, const struct resource_type *type)
{
    for (size_t i = 0; i < resources->count; i++) {
        const struct resource *one = &resources->items[i];
        if (one->changes && one->after != NULL && type->put != NULL && strcmp(one->type, type->name) == 0)
            type->put(plan, one);
    }
}

static void apply(struct plan_reader *plan, const resource_list *resources)
{
    for (size_t f = FAMILIES; f-- > 0;)
        for (size_t t = families[f]->count; t-- > 0;)
            remove_all(plan, resources, &families[f]->items[t]);
    for (size_t f = 0; f < FAMILIES; f++)
        for (size_t t = 0; t < families[f]->count; t++)
            put_all(plan, resources, &families[f]->items[t]);
}

static bool read_plan(struct plan_reader *plan, const struct json_cursor *root, struct error *error)
{
    struct json_cursor changes = json_member(root, "resource_changes");
    resource_list resources = {0};
    if (!json_expect_object(root, error))
        return false;
    if (changes.node == NULL && json_member(root, "format_version").node != NULL)
        return true; // a plan that changes nothing
    if (!json_expect_array(&changes, error))
        return false;
    size_t index = 0;
    const cJSON *node;
    cJSON_ArrayForEach (node, changes.node) {
        struct json_cursor at = json_element(&changes, index++, node);
        if (!read_resource(plan, &at, vector_add(plan->arena, &resources), error))
            return false;
    }
    for (size_t i = 0; i < resources.count; i++) {
        struct resource *one = &resources.items[i];
        map_put(plan->arena, &plan->by_bare, one->bare, map_get(&plan->by_bare, one->bare) == NULL ? one : &plan_many);
    }
    read_configuration(
        plan,
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(root->node, "configuration"), "root_module"),
        "", 0);
    list_others(plan, &resources);
    apply(plan, &resources);
    return true;
}

bool terraform_apply(struct estate *estate, const char *file, struct terraform_report *report, struct error *error)
{
    cJSON *document = json_load(file, error);
    if (document == NULL)
        return false;
    struct plan_reader plan = {.estate = estate, .arena = estate->arena, .report = report};
    struct json_cursor root = {.file = file, .node = document};
    bool good = read_plan(&plan, &root, error);
    cJSON_Delete(document);
    return good;
}
