// Following the references of a plan's configuration: through modules' inputs and outputs, indexes and keys, to the
// resources whose ids they will be. Locals are not in a plan; where one is all that there is, the value is of the only
// resource that it can be of.
// https://developer.hashicorp.com/terraform/internals/json-format#configuration-representation
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/terraform/kinds.h"
#include "aws/terraform/scope.h"
#include "aws/terraform/source.h"

enum { MOST_STEPS = 24, MOST_REFERENCES = 4096 };

struct search {
    struct plan_reader *plan;
    const char *key; // of the attribute that is looked for
    bool list;       // its values, not one of them: what is known besides counts too
    struct followed found;
    bool by_local;
    bool by_data;
    bool by_unknown; // something on the way is known only after apply
    bool again;      // the reference that is followed led to an id that had been found
    bool indexed;    // "count.index" or "each.key" is referred to,
    bool keyed;      // and some thing has an index, which that may be
    bool guessed;    // an index is an expression, or stands where nothing tells of it
};

// ---- Candidates

static void find(struct search *search, const char *id)
{
    for (size_t i = 0; i < search->found.ids.count; i++)
        if (strcmp(search->found.ids.items[i], id) == 0) {
            search->again = true;
            return;
        }
    *vector_add(search->plan->arena, &search->found.ids) = id;
}

// What AWS makes with a thing and names in an attribute of it.
static const char *made_with(struct plan_reader *plan, const struct resource *resource, const char *name)
{
    const struct estate *estate = plan->estate;
    bool vpc = strcmp(resource->type, "aws_vpc") == 0 || strcmp(resource->type, "aws_default_vpc") == 0;
    if (vpc && (strcmp(name, "default_route_table_id") == 0 || strcmp(name, "main_route_table_id") == 0)) {
        const struct route_table *table = map_get(&estate->main_table_of_vpc, resource->id);
        return table == NULL ? NULL : table->id;
    }
    if (vpc && strcmp(name, "default_network_acl_id") == 0) {
        const struct network_acl *acl = map_get(&estate->default_acl_of_vpc, resource->id);
        return acl == NULL ? NULL : acl->id;
    }
    if (vpc && strcmp(name, "default_security_group_id") == 0) {
        const char *id = arena_printf(plan->arena, "%s default security group", resource->id);
        return map_get(&estate->security_groups, id) != NULL ? id : NULL;
    }
    if (strcmp(resource->type, "aws_instance") == 0 && strcmp(name, "primary_network_interface_id") == 0)
        return arena_printf(plan->arena, "%s primary interface", resource->id);
    return NULL;
}

static const char *name_in(struct plan_reader *plan, const char *rest)
{
    static const char *const separators = ".[";
    if (rest[0] != '.')
        return NULL;
    return arena_strndup(plan->arena, rest + 1, strcspn(rest + 1, separators));
}

// What the attribute behind `rest` (".id", ".vpc_id", "") of a resource will be, if it is an id of the kind looked for.
static void take(struct search *search, const struct resource *resource, const char *rest)
{
    static const char *const own[] = {"id", "arn", "allocation_id", "name", "key", "arn_suffix", NULL};
    struct plan_reader *plan = search->plan;
    const char *name = name_in(plan, rest);
    bool whole_or_id = name == NULL || text_among(name, own);
    if (resource->id == NULL)
        return; // it will be gone
    search->by_unknown = search->by_unknown || (whole_or_id ? resource->creates : any_unknown(resource->unknown, name));
    if (whole_or_id) {
        if (is_of_kind(resource, search->key))
            find(search, resource->id);
        return;
    }
    const char *made = made_with(plan, resource, name);
    const char *told = made != NULL ? made : attribute(plan, resource->after, name);
    if (told != NULL) {
        find(search, told);
        return;
    }
    const char *const *own_types = kind_types(name), *const *types = kind_types(search->key);
    if (own_types == NULL || types == NULL || strcmp(own_types[0], types[0]) != 0 ||
        !is_unknown(resource->unknown, name)) {
        search->found.opaque = search->found.opaque || is_unknown(resource->unknown, name);
        return;
    }
    struct meant through = meant_or_default(plan, resource, name);
    if (through.id != NULL)
        find(search, through.id);
    else
        search->found.opaque = true;
}

const char *id_of_part(struct plan_reader *plan, const struct resource *resource, const char *name, const char *key)
{
    struct search search = {.plan = plan, .key = key};
    take(&search, resource, arena_printf(plan->arena, ".%s", name));
    return search.found.ids.count == 1 && !search.found.opaque ? search.found.ids.items[0] : NULL;
}

static const struct resource *with_key(const struct plan_reader *plan, const struct resource_list *list,
                                       const char *key)
{
    char address[1024];
    const struct resource *first = list->items.items[0];
    int length = snprintf(address, sizeof(address), "%s%s%s", first->module, first->name, key);
    return length > 0 && (size_t)length < sizeof(address) ? map_get(&plan->by_address, address) : NULL;
}

// ---- Values that the plan tells of

// The ids in the value of a variable or a data source.
static void take_value(struct search *search, const cJSON *value, int depth)
{
    const cJSON *one;
    if (cJSON_IsString(value) && is_an_id(value->valuestring))
        find(search, arena_strdup(search->plan->arena, value->valuestring));
    cJSON_ArrayForEach (one, value)
        if (depth < 8)
            take_value(search, one, depth + 1);
}

const cJSON *state_of(const cJSON *module, const char *address, int depth)
{
    const cJSON *one;
    cJSON_ArrayForEach (one, member(module, "resources"))
        if (text_same(cJSON_GetStringValue(member(one, "address")), address))
            return member(one, "values");
    cJSON_ArrayForEach (one, member(module, "child_modules")) {
        const cJSON *found = depth < 32 ? state_of(one, address, depth + 1) : NULL;
        if (found != NULL)
            return found;
    }
    return NULL;
}

// "data.TYPE.NAME[KEY].ATTRIBUTE...": what was read before the plan was made.
static void follow_data(struct search *search, const struct context *context, const char *text)
{
    struct plan_reader *plan = search->plan;
    size_t type = 5 + strcspn(text + 5, "."),
           name = text[type] == '\0' ? type : type + 1 + strcspn(text + type + 1, ".[");
    name += index_length(text + name);
    const cJSON *values =
        state_of(plan->prior, arena_printf(plan->arena, "%s%.*s", context->instance, (int)name, text), 0);
    const char *attribute_name = name_in(plan, text + name);
    search->by_data = true;
    if (!search->list)
        return;
    if (values == NULL || attribute_name == NULL)
        search->found.opaque = true;
    else
        take_value(search, member(values, attribute_name), 0);
}

// ---- References

static void follow_references(struct search *search, const struct context *context, const cJSON *references,
                              const char *pick, int depth);

const struct scope *scope_at(const struct plan_reader *plan, const char *instance)
{
    struct text bare = {0};
    for (const char *at = instance; *at != '\0';) {
        size_t index = index_length(at);
        if (index > 0)
            at += index;
        else
            text_add(&bare, at++, 1);
    }
    const struct scope *scope = map_get(&plan->scopes, bare.bytes == NULL ? "" : bare.bytes);
    text_free(&bare);
    return scope;
}

// "module.NAME[KEY].OUTPUT[INDEX]..."
static void follow_output(struct search *search, const struct context *context, const char *text, const char *pick,
                          int depth)
{
    struct plan_reader *plan = search->plan;
    size_t name = 7 + strcspn(text + 7, ".["), index = index_length(text + name);
    const char *rest = text + name + index, *output = name_in(plan, rest);
    const char *instance = arena_printf(plan->arena, "%s%.*s.", context->instance, (int)(name + index), text);
    const struct scope *scope = scope_at(plan, instance);
    if (output == NULL || scope == NULL) {
        search->found.opaque = true;
        return;
    }
    const char *behind = rest + 1 + strlen(output);
    size_t chosen = index_length(behind);
    const char *chose = chosen > 0 ? arena_strndup(plan->arena, behind, chosen) : pick;
    const cJSON *expression = member(member(member(scope->module, "outputs"), output), "expression");
    if (expression == NULL) {
        search->found.opaque = true;
        return;
    }
    struct context inner = {.scope = scope, .instance = instance, .key = ""};
    follow_references(search, &inner, member(expression, "references"), chose, depth + 1);
}

struct context context_of(const struct plan_reader *plan, const struct resource *resource)
{
    return (struct context){.scope = scope_at(plan, resource->module),
                            .instance = resource->module,
                            .key = resource->key,
                            .each = member(member(resource->configured, "for_each_expression"), "references"),
                            .address = resource->written};
}

struct context context_of_call(const struct plan_reader *plan, const struct context *inside)
{
    size_t start, length = modules_length(inside->instance, &start); // what stands before the last is the parent's
    const char *last = inside->instance + start;
    size_t named = length > start ? 7 + strcspn(last + 7, ".[") : 0;
    return (struct context){.scope = inside->scope->parent,
                            .instance = arena_strndup(plan->arena, inside->instance, start),
                            .key = arena_strndup(plan->arena, last + named, index_length(last + named)),
                            .each = member(member(inside->scope->call, "for_each_expression"), "references"),
                            .address = arena_strndup(plan->arena, inside->instance, length > 0 ? length - 1 : 0)};
}

// "var.NAME": what the call of the module gives it. What the root's are is known to whoever planned.
static void follow_input(struct search *search, const struct context *context, const char *text, const char *pick,
                         int depth)
{
    struct plan_reader *plan = search->plan;
    const struct scope *scope = context->scope;
    const char *name = arena_strndup(plan->arena, text + 4, strcspn(text + 4, ".["));
    if (scope != NULL && scope->parent == NULL && search->list)
        take_value(search, member(member(plan->variables, name), "value"), 0);
    if (scope == NULL || scope->parent == NULL)
        return;
    const char *behind = text + 4 + strlen(name);
    size_t chosen = index_length(behind);
    const cJSON *expression = member(member(scope->call, "expressions"), name);
    if (search->list && expression == NULL)
        take_value(search, member(member(member(scope->module, "variables"), name), "default"), 0);
    if (search->list)
        take_value(search, member(expression, "constant_value"), 0);
    struct context outer = context_of_call(plan, context);
    follow_references(search, &outer, member(expression, "references"),
                      chosen > 0 ? arena_strndup(plan->arena, behind, chosen) : pick, depth + 1);
}

// "TYPE.NAME[KEY].ATTRIBUTE": one instance; or, where the index is an expression, the one with the key that stands for
// it, if those of both are the same; or all.
static void follow_resource(struct search *search, const struct context *context, const char *text, const char *pick)
{
    struct plan_reader *plan = search->plan;
    size_t type = strcspn(text, ".");
    if (text[type] == '\0') {
        search->found.opaque = true;
        return;
    }
    size_t name = type + 1 + strcspn(text + type + 1, ".["), index = index_length(text + name);
    const char *rest = text + name + index;
    struct resource_list *list =
        map_get(&plan->by_name, arena_printf(plan->arena, "%s%.*s", context->instance, (int)name, text));
    if (list == NULL)
        return; // not in the plan: of no instance
    search->keyed = search->keyed || list->items.items[0]->key[0] != '\0';
    const struct resource *one =
        index > 0 ? with_key(plan, list, arena_strndup(plan->arena, text + name, index)) : NULL;
    if (index > 0) {
        if (one != NULL)
            take(search, one, rest);
        return;
    }
    // A number behind an input or an output is of its expression, which may be in another order; a key goes along.
    bool number = pick != NULL && pick[0] == '[' && pick[1] != '"';
    search->guessed = search->guessed || (number && list->items.count > 1);
    if (one == NULL && pick != NULL && pick[0] != '\0' && !number)
        one = with_key(plan, list, pick);
    if (one != NULL) {
        take(search, one, rest);
        return;
    }
    for (size_t i = 0; i < list->items.count; i++)
        take(search, list->items.items[i], rest);
}

static bool is_part_of_another(const cJSON *references, const cJSON *one)
{
    const cJSON *other;
    size_t length = strlen(one->valuestring);
    cJSON_ArrayForEach (other, references)
        if (other != one && cJSON_IsString(other) && strncmp(other->valuestring, one->valuestring, length) == 0 &&
            (other->valuestring[length] == '.' || other->valuestring[length] == '['))
            return true;
    return false;
}

// Whether a reference is of the whole: Terraform puts "a[0].id", "a[0]" and "a" for one of "a[0].id".
static bool stands_alone(const cJSON *references, const cJSON *one)
{
    const char *before = one == references->child ? NULL : cJSON_GetStringValue(one->prev);
    size_t length = strlen(one->valuestring);
    return before == NULL || strncmp(before, one->valuestring, length) != 0 || strchr(".[", before[length]) == NULL ||
           before[length] == '\0';
}

static bool is_said_before(const cJSON *references, const cJSON *one)
{
    for (const cJSON *other = references->child; other != NULL && other != one; other = other->next)
        if (text_same(cJSON_GetStringValue(other), one->valuestring))
            return true;
    return false;
}

static bool is_index(const char *text)
{
    return strcmp(text, "count.index") == 0 || strcmp(text, "each.key") == 0 || strncmp(text, "each.value", 10) == 0;
}

// Whether an index that only the configuration tells (evaluated_ids) picks one of what `text` names.
static bool is_picked(const cJSON *references, const char *text)
{
    const cJSON *one;
    bool some = false;
    cJSON_ArrayForEach (one, references)
        some = some || (cJSON_IsString(one) && is_index(one->valuestring));
    return some && !is_index(text);
}

static void follow_one(struct search *search, const struct context *context, const cJSON *references, const char *text,
                       const char *pick, int depth)
{
    search->guessed = search->guessed || is_picked(references, text);
    if (strncmp(text, "module.", 7) == 0)
        follow_output(search, context, text, pick, depth);
    else if (strncmp(text, "var.", 4) == 0)
        follow_input(search, context, text, pick, depth);
    else if (strncmp(text, "ephemeral.", 10) == 0)
        search->found.opaque = true; // in no plan
    else if (strncmp(text, "local.", 6) == 0)
        search->by_local = true;
    else if (strncmp(text, "each.value", 10) == 0)
        follow_references(search, context, context->each, context->key, depth + 1);
    else if (strncmp(text, "data.", 5) == 0)
        follow_data(search, context, text);
    else if (strncmp(text, "each.", 5) != 0 && strncmp(text, "count.", 6) != 0 && strncmp(text, "path.", 5) != 0 &&
             strncmp(text, "terraform.", 10) != 0 && strncmp(text, "self.", 5) != 0)
        follow_resource(search, context, text, pick);
}

static void follow_references(struct search *search, const struct context *context, const cJSON *references,
                              const char *pick, int depth)
{
    const cJSON *one;
    if (depth > MOST_STEPS || ++search->plan->steps > MOST_REFERENCES) {
        search->found.opaque = true;
        return;
    }
    bool choosing = false; // "length(a) > 0 ? a : b" refers to a twice, and perhaps to none of it
    size_t led = 0, first = search->found.ids.count;
    cJSON_ArrayForEach (one, references) {
        if (!cJSON_IsString(one))
            continue;
        bool alone = stands_alone(references, one), part = is_part_of_another(references, one);
        choosing = choosing || (alone && (part || is_said_before(references, one)));
        if (part)
            continue;
        size_t before = search->found.ids.count;
        search->again = false;
        follow_one(search, context, references, one->valuestring, pick, depth);
        bool index = strncmp(one->valuestring, "count.", 6) == 0 || strcmp(one->valuestring, "each.key") == 0;
        search->indexed = search->indexed || index;
        led += search->again;
        choosing = choosing || (search->found.ids.count == before && !search->again && !index);
    }
    if (choosing && led + search->found.ids.count - first > 1)
        search->found.choosing = true;
}

// Whether nothing of the kind comes into a module by the inputs of its call.
static bool inputs_bring_nothing(struct search *search, const struct context *context)
{
    struct search inner = {.plan = search->plan, .key = search->key};
    const cJSON *one;
    cJSON_ArrayForEach (one, member(context->scope->call, "expressions"))
        if (one->string != NULL)
            follow_input(&inner, context, arena_printf(search->plan->arena, "var.%s", one->string), NULL, 0);
    return inner.found.ids.count == 0 && !inner.found.opaque && !inner.by_local &&
           !(inner.by_data && search->plan->deferred_data);
}

// What is known only after apply is an id of something that is made by it: where one thing only of the kind is, in all
// or in the module that the id can come from, it is that one's.
static void by_elimination(struct search *search, const struct context *context)
{
    const struct resource *only = NULL, *inside = NULL;
    size_t count = 0, count_inside = 0, length = strlen(context->instance);
    for (size_t i = 0; i < search->plan->resources.count; i++) {
        const struct resource *one = &search->plan->resources.items[i];
        if (!one->creates || !one->managed || !is_of_kind(one, search->key))
            continue;
        only = one;
        count++;
        if (strncmp(one->module, context->instance, length) == 0) {
            inside = one;
            count_inside++;
        }
    }
    bool in_module = count_inside == 1 && context->scope != NULL && context->scope->parent != NULL;
    if (count == 1 && !search->plan->deferred_data)
        find(search, only->id);
    else if (in_module && !search->plan->deferred_data && inputs_bring_nothing(search, context))
        find(search, inside->id);
    else
        search->found.opaque = true;
}

struct followed follow(struct plan_reader *plan, const struct resource *resource, const cJSON *expression,
                       const char *key, bool list)
{
    struct search search = {.plan = plan, .key = key, .list = list};
    struct context context = context_of(plan, resource);
    if (plan->depth == 0)
        plan->steps = 0;
    if (++plan->depth > MOST_STEPS)
        search.found.opaque = true;
    else
        follow_references(&search, &context, member(expression, "references"), NULL, 0);
    plan->depth--;
    if (search.by_data && plan->deferred_data)
        search.found.opaque = true;
    search.found.settled = expression != NULL && search.found.ids.count == 0 && !search.found.opaque &&
                           !search.by_local && !search.by_unknown;
    if (expression == NULL && !list)
        by_elimination(&search, &context);
    else if (search.by_local && list)
        search.found.opaque = true; // of how many values nobody knows
    else if (search.by_local && search.found.ids.count == 0)
        by_elimination(&search, &context);
    search.found.opaque = search.found.opaque || search.found.ids.count == 0;
    search.found.choosing = search.found.choosing || (search.indexed && !search.keyed);
    search.found.guessed = search.guessed && search.found.ids.count > 1;
    return search.found;
}
