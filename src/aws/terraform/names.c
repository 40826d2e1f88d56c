// What the names in a configuration's expressions mean: instances of the plan, inputs and outputs of modules, locals,
// data sources, count and each. And the ids that an attribute will have by its expression.
// https://developer.hashicorp.com/terraform/language/expressions/references
#include <stdlib.h>
#include <string.h>

#include "aws/terraform/evaluate.h"
#include "aws/terraform/kinds.h"
#include "aws/terraform/source.h"

// How much deeper what a name means lies than the name, how many values types are put to for one attribute, and through
// how many resources, one behind the other and in all, one is followed.
enum { NAME_DEPTH = 4, MOST_TYPED = 200000, MOST_THINGS = 24, MOST_LED_ON = 256 };

static const struct value *evaluate_in(const struct evaluation *evaluation, struct arena *arena, struct context context,
                                       const char *text)
{
    struct evaluation inner = {evaluation->plan, context, arena, evaluation->depth + NAME_DEPTH};
    return text == NULL ? &unknown_value : evaluate(&inner, text);
}

static const struct value *remembered(struct plan_reader *plan, const char *name)
{
    return map_get(&plan->evaluated_names, name);
}

static const struct value *remember(struct plan_reader *plan, const char *name, const struct value *value)
{
    map_put(plan->evaluated_arena, &plan->evaluated_names, arena_strdup(plan->evaluated_arena, name),
            (void *)(uintptr_t)value);
    return value;
}

// ---- Instances

static const struct value *thing(struct arena *arena, const struct resource *resource)
{
    struct value *value = value_new(arena, VALUE_THING);
    value->resource = resource;
    return value;
}

// All instances, as count or for_each makes a list or a map of them.
static const struct value *instances(struct plan_reader *plan, const struct resource_list *list)
{
    const char *first = list->items.items[0]->key;
    struct value *all = value_new(plan->evaluated_arena, first[0] == '[' && first[1] != '"' ? VALUE_LIST : VALUE_MAP);
    for (uint32_t i = 0; i < list->items.count; i++) {
        const struct resource *one = list->items.items[i];
        bool gone = one->id == NULL, quoted = one->key[0] == '[' && one->key[1] == '"';
        if (gone && one->removes)
            continue;
        if (gone || one->key[0] == '\0' || quoted != (all->kind == VALUE_MAP) || strchr(one->key, '\\') != NULL)
            return !gone && one->key[0] == '\0' && list->items.count == 1 ? thing(plan->evaluated_arena, one)
                                                                          : &unknown_value;
        if (quoted)
            value_put(plan->evaluated_arena, all,
                      arena_strndup(plan->evaluated_arena, one->key + 2, strlen(one->key) - 4),
                      thing(plan->evaluated_arena, one));
        else
            value_add(plan->evaluated_arena, all, thing(plan->evaluated_arena, one));
    }
    for (uint32_t i = 0; all->kind == VALUE_LIST && i < all->items.count; i++)
        if (strtoul(all->items.items[i]->resource->key + 1, NULL, 10) != i)
            return &unknown_value;
    return all;
}

static const struct value *resource_value(const struct evaluation *evaluation, const char *name)
{
    struct plan_reader *plan = evaluation->plan;
    const char *address = arena_printf(evaluation->arena, "%s%s", evaluation->context.instance, name);
    const struct value *known = remembered(plan, address);
    const struct resource_list *list = map_get(&plan->by_name, address);
    const cJSON *one, *configured = NULL;
    if (known != NULL)
        return known;
    if (list != NULL)
        return remember(plan, address, instances(plan, list));
    cJSON_ArrayForEach (
        one, member(evaluation->context.scope == NULL ? NULL : evaluation->context.scope->module, "resources"))
        if (text_same(cJSON_GetStringValue(member(one, "address")), name))
            configured = one;
    if (member(configured, "count_expression") != NULL)
        return value_new(evaluation->arena, VALUE_LIST); // none
    return member(configured, "for_each_expression") != NULL ? value_new(evaluation->arena, VALUE_MAP) : &unknown_value;
}

// What a data source that is read only while the plan is applied will find: by its `id`, a thing of the plan.
static const struct value *found_later(const struct evaluation *evaluation, const struct resource *data)
{
    struct plan_reader *plan = evaluation->plan;
    const char *id = terraform_source_argument(plan->report->source, data->written, "id");
    const struct value *of = evaluate_in(evaluation, evaluation->arena, context_of(plan, data), id);
    bool same =
        of->kind == VALUE_REFERENCE && strcmp(of->text, "id") == 0 && strcmp(of->resource->type, data->type) == 0;
    return same ? thing(evaluation->arena, of->resource) : &unknown_value;
}

static const struct value *data_value(const struct evaluation *evaluation, const char *type, const char *name)
{
    struct plan_reader *plan = evaluation->plan;
    const char *address = arena_printf(evaluation->arena, "%sdata.%s.%s", evaluation->context.instance, type, name);
    const struct resource_list *list = map_get(&plan->by_name, address);
    const cJSON *values = list != NULL ? NULL : state_of(plan->prior, address, 0);
    if (list == NULL)
        return values == NULL ? &unknown_value : value_of_json(evaluation->arena, values, 0);
    const struct resource *first = list->items.items[0];
    if (first->key[0] == '\0')
        return found_later(evaluation, first);
    struct value *all = value_new(evaluation->arena, VALUE_LIST);
    value_add(evaluation->arena, all, found_later(evaluation, first));
    return list->items.count == 1 && strcmp(first->key, "[0]") == 0 ? all : &unknown_value;
}

// ---- Modules

// An instance of a module, or all that count or for_each makes of it.
static const struct value *module_value(const struct evaluation *evaluation, const char *name)
{
    struct plan_reader *plan = evaluation->plan;
    const struct context *context = &evaluation->context;
    const char *address = arena_printf(evaluation->arena, "%smodule.%s", context->instance, name);
    const struct value *known = remembered(plan, address);
    const cJSON *call = member(member(context->scope == NULL ? NULL : context->scope->module, "module_calls"), name);
    bool counted = member(call, "count_expression") != NULL, keyed = member(call, "for_each_expression") != NULL;
    const char *over = counted ? "count" : "for_each";
    if (call == NULL || known != NULL)
        return known != NULL ? known : &unknown_value;
    struct value *all = value_new(plan->evaluated_arena, counted ? VALUE_LIST : keyed ? VALUE_MAP : VALUE_MODULE);
    if (!counted && !keyed) {
        all->text = arena_printf(plan->evaluated_arena, "%s.", address);
        return all;
    }
    struct context outside = {.scope = context->scope, .instance = context->instance, .key = ""};
    const struct value *of = evaluate_in(evaluation, plan->evaluated_arena, outside,
                                         terraform_source_argument(plan->report->source, address, over));
    if (counted ? of->kind != VALUE_NUMBER || of->number < 0 || of->number > 1e5 : of->kind != VALUE_MAP && !of->set)
        return &unknown_value;
    for (uint32_t i = 0; i < (counted ? (uint32_t)of->number : of->items.count); i++) {
        struct value *one = value_new(plan->evaluated_arena, VALUE_MODULE);
        const char *key = counted                 ? NULL
                          : of->kind == VALUE_MAP ? of->keys.items[i]
                                                  : value_key(plan->evaluated_arena, of->items.items[i]);
        if (!counted && key == NULL)
            return &unknown_value;
        one->text = counted ? arena_printf(plan->evaluated_arena, "%s[%u].", address, i)
                            : arena_printf(plan->evaluated_arena, "%s[\"%s\"].", address, key);
        if (counted)
            value_add(plan->evaluated_arena, all, one);
        else
            value_put(plan->evaluated_arena, all, key, one);
    }
    return remember(plan, address, all);
}

static const struct value *output_value(const struct evaluation *evaluation, const char *instance, const char *name)
{
    struct plan_reader *plan = evaluation->plan;
    const char *known_as = arena_printf(evaluation->arena, "%s output %s", instance, name);
    const struct value *known = remembered(plan, known_as);
    struct context inside = {.scope = scope_at(plan, instance), .instance = instance, .key = ""};
    if (known != NULL)
        return known;
    return remember(plan, known_as,
                    evaluate_in(evaluation, plan->evaluated_arena, inside,
                                terraform_source_said(plan->report->source, instance, SAID_OUTPUT, name, "value")));
}

// What a type makes of a value: of its optional attributes nobody knows, and a set has no order.
static const struct value *typed(struct plan_reader *plan, const struct value *value, const char *type, bool first)
{
    struct arena *arena = plan->evaluated_arena;
    if (++plan->evaluated > MOST_TYPED)
        return &unknown_value;
    type += type != NULL && type[0] == '"'; // of JSON
    bool collection = value->kind == VALUE_LIST || value->kind == VALUE_MAP;
    if (!collection || (type != NULL && strstr(type, "optional(") == NULL && strstr(type, "set(") == NULL))
        return value->kind == VALUE_TEXT && type != NULL && strncmp(type, "number", 6) == 0 ? &unknown_value : value;
    if (type != NULL && strncmp(type, "set(", 4) == 0 && first && value->kind == VALUE_LIST) {
        struct value *list = value_new(arena, VALUE_LIST);
        value_add(arena, list, value);
        return call_function(arena, "toset", list);
    }
    if (type != NULL && strstr(type, "set(") != NULL)
        return &unknown_value;
    struct value *copy = value_new(arena, value->kind);
    *copy = *value;
    copy->open = value->kind == VALUE_MAP;
    copy->items.items = NULL;
    copy->items.count = copy->items.capacity = 0;
    copy->weight = 1;
    for (uint32_t i = 0; i < value->items.count; i++)
        value_add(arena, copy, typed(plan, value->items.items[i], type, false));
    return copy;
}

static const struct value *input_value(const struct evaluation *evaluation, const char *name)
{
    struct plan_reader *plan = evaluation->plan;
    const struct context *context = &evaluation->context;
    const struct scope *scope = context->scope;
    struct terraform_source *source = plan->report->source;
    const char *known_as = arena_printf(evaluation->arena, "%s var %s", context->instance, name);
    const struct value *known = remembered(plan, known_as);
    if (known != NULL || scope == NULL)
        return known != NULL ? known : &unknown_value;
    const char *type = terraform_source_said(source, context->instance, SAID_VARIABLE, name, "type");
    const char *nullable = terraform_source_said(source, context->instance, SAID_VARIABLE, name, "nullable");
    const cJSON *fallback = member(member(member(scope->module, "variables"), name), "default");
    const struct value *value = &unknown_value;
    if (scope->parent == NULL) {
        value = value_of_json(plan->evaluated_arena, member(member(plan->variables, name), "value"), 0);
    } else if (member(member(scope->call, "expressions"), name) == NULL) {
        value = value_of_json(plan->evaluated_arena, fallback, 0);
    } else {
        struct context outer = context_of_call(plan, context);
        value = evaluate_in(evaluation, plan->evaluated_arena, outer,
                            terraform_source_argument(source, outer.address, name));
        if (value->kind == VALUE_NULL && nullable != NULL)
            value = strncmp(nullable, "false", 5) == 0 ? value_of_json(plan->evaluated_arena, fallback, 0) : value;
    }
    return remember(plan, known_as, typed(plan, value, type, true));
}

// ---- Names

static const struct value *own_key(const struct evaluation *evaluation)
{
    const char *key = evaluation->context.key;
    size_t length = strlen(key);
    if (length < 4 || key[1] != '"' || strchr(key, '\\') != NULL)
        return &unknown_value;
    return value_text(evaluation->arena, arena_strndup(evaluation->arena, key + 2, length - 4));
}

static const struct value *each_value(const struct evaluation *evaluation)
{
    struct plan_reader *plan = evaluation->plan;
    struct context context = evaluation->context;
    const struct value *key = own_key(evaluation);
    if (context.address == NULL || key->kind != VALUE_TEXT)
        return &unknown_value;
    size_t length = strlen(context.address), own = strlen(context.key);
    const char *block = arena_strndup(evaluation->arena, context.address, length > own ? length - own : 0);
    const char *known_as = arena_printf(evaluation->arena, "%s for_each", block);
    const struct value *over = remembered(plan, known_as);
    context.key = "";
    if (over == NULL)
        over = remember(plan, known_as,
                        evaluate_in(evaluation, plan->evaluated_arena, context,
                                    terraform_source_argument(plan->report->source, block, "for_each")));
    return over->kind == VALUE_MAP ? value_at(evaluation->arena, over, key) : over->set ? key : &unknown_value;
}

// "ingress.value" in a dynamic block, where it makes one block alone.
static const struct value *iterated_value(const struct evaluation *evaluation, const char *label, const char *name)
{
    struct arena *arena = evaluation->arena;
    const char *text = terraform_source_argument(evaluation->plan->report->source, evaluation->context.address,
                                                 arena_printf(arena, "dynamic %s", label));
    const struct value *over = evaluate_in(evaluation, arena, evaluation->context, text);
    if ((over->kind != VALUE_LIST && over->kind != VALUE_MAP) || over->open || over->items.count != 1)
        return &unknown_value;
    if (strcmp(name, "value") == 0 || over->set)
        return over->items.items[0];
    return over->kind == VALUE_MAP ? value_text(arena, over->keys.items[0]) : value_number(arena, 0);
}

const struct value *value_of_name(const struct evaluation *evaluation, const char *root, const char *name,
                                  const char *second)
{
    static const char *const others[] = {"path", "terraform", "self", "ephemeral", NULL};
    struct plan_reader *plan = evaluation->plan;
    const char *instance = evaluation->context.instance, *key = evaluation->context.key;
    if (strcmp(root, "var") == 0)
        return input_value(evaluation, name);
    if (strcmp(root, "module") == 0)
        return module_value(evaluation, name);
    if (strcmp(root, "data") == 0)
        return data_value(evaluation, name, second);
    if (strcmp(root, "each") == 0)
        return strcmp(name, "key") == 0 ? own_key(evaluation) : each_value(evaluation);
    if (strcmp(root, "count") == 0)
        return key[0] == '[' && key[1] != '"' ? value_number(evaluation->arena, (double)strtoul(key + 1, NULL, 10))
                                              : &unknown_value;
    if (text_among(root, others))
        return &unknown_value;
    if (strcmp(name, "value") == 0 || strcmp(name, "key") == 0)
        return iterated_value(evaluation, root, name);
    if (strcmp(root, "local") != 0)
        return resource_value(evaluation, arena_printf(evaluation->arena, "%s.%s", root, name));
    const char *known_as = arena_printf(evaluation->arena, "%s local %s", instance, name);
    const struct value *known = remembered(plan, known_as);
    struct context inside = {.scope = evaluation->context.scope, .instance = instance, .key = ""};
    if (known != NULL)
        return known;
    return remember(plan, known_as,
                    evaluate_in(evaluation, plan->evaluated_arena, inside,
                                terraform_source_said(plan->report->source, instance, SAID_LOCAL, "", name)));
}

const struct value *value_of_part(const struct evaluation *evaluation, const struct value *of, const char *name)
{
    struct arena *arena = evaluation->arena;
    if (of->kind == VALUE_MODULE)
        return output_value(evaluation, of->text, name);
    const struct resource *resource = of->resource;
    const cJSON *told = member(resource->after, name);
    if (is_unknown(resource->unknown, name)) {
        struct value *value = value_new(arena, VALUE_REFERENCE);
        value->text = name;
        value->resource = resource;
        return value;
    }
    return told == NULL || any_unknown(resource->unknown, name) ? &unknown_value : value_of_json(arena, told, 0);
}

// ---- Ids

// Whether all that the plan says an attribute refers to stands in an expression: else it is of another configuration.
static bool is_of_plan(const struct where *where, const char *key, const char *text)
{
    const cJSON *block =
        cJSON_IsArray(where->configured) ? cJSON_GetArrayItem(where->configured, 0) : where->configured;
    const cJSON *one, *references = member(member(block, key), "references");
    if (where->configured == NULL && where->resource->configured != NULL)
        return strstr(text, ".value") != NULL; // of a dynamic block, which no plan tells
    cJSON_ArrayForEach (one, references)
        if (!cJSON_IsString(one) || (strchr(one->valuestring, '[') == NULL && strstr(text, one->valuestring) == NULL))
            return false;
    return cJSON_GetArraySize(references) > 0;
}

static bool add_id(struct plan_reader *plan, const struct value *value, const char *key, struct id_list *ids,
                   bool *fresh)
{
    const char *id = value->kind == VALUE_TEXT ? value->text : NULL;
    if (value->kind == VALUE_REFERENCE) {
        id = id_of_part(plan, value->resource, value->text, key);
        *fresh = true;
    }
    if (id == NULL || id[0] == '\0')
        return false;
    for (size_t i = 0; i < ids->items.count; i++)
        if (strcmp(ids->items.items[i], id) == 0)
            return true;
    *vector_add(plan->arena, &ids->items) = arena_strdup(plan->arena, id);
    return true;
}

// Where the attributes of a resource are evaluated; the caller frees its arena.
static struct evaluation evaluation_of(struct plan_reader *plan, const struct resource *resource)
{
    if (plan->evaluated_arena == NULL)
        plan->evaluated_arena = arena_new();
    return (struct evaluation){.plan = plan, .context = context_of(plan, resource), .arena = arena_new()};
}

enum evaluated evaluated_ids_of(struct plan_reader *plan, const struct where *where, const char *key, const char *kind,
                                bool list, struct id_list *ids)
{
    const struct resource *resource = where->resource;
    struct terraform_source *source = plan->report->source;
    const char *said = where->argument == NULL ? key : arena_printf(plan->arena, "%s.%s", where->argument, key);
    const char *text = source == NULL ? NULL : terraform_source_argument(source, resource->written, said);
    bool fresh = false;
    if (plan->depth == 0)
        plan->steps = plan->evaluated = 0;
    if (text == NULL || plan->by_changeset || plan->depth > MOST_THINGS || ++plan->steps > MOST_LED_ON ||
        !is_of_plan(where, key, text))
        return EVALUATED_NOT;
    struct evaluation evaluation = evaluation_of(plan, resource);
    plan->depth++;
    const struct value *value = evaluate(&evaluation, text);
    bool known = list ? value->kind == VALUE_LIST : add_id(plan, value, kind, ids, &fresh);
    for (uint32_t i = 0; list && known && i < value->items.count; i++)
        known = add_id(plan, value->items.items[i], kind, ids, &fresh);
    bool nothing = value->kind == VALUE_NULL;
    arena_free(evaluation.arena);
    plan->depth--;
    if (nothing)
        return EVALUATED_NULL;
    if (!known || !fresh) { // what is unknown before apply holds something that apply makes
        ids->items.count = 0;
        return EVALUATED_NOT;
    }
    return EVALUATED_TO;
}

enum evaluated evaluated_ids(struct plan_reader *plan, const struct where *where, const char *key, bool list,
                             struct id_list *ids)
{
    return evaluated_ids_of(plan, where, key, key, list, ids);
}

bool iterates_over_nothing(struct plan_reader *plan, const struct resource *resource, const char *label)
{
    const char *said = arena_printf(plan->arena, "dynamic %s", label);
    const char *text = terraform_source_argument(plan->report->source, resource->written, said);
    struct evaluation evaluation = evaluation_of(plan, resource);
    plan->evaluated = 0;
    const struct value *over = text == NULL ? &unknown_value : evaluate(&evaluation, text);
    bool none = (over->kind == VALUE_LIST || over->kind == VALUE_MAP) && !over->open && over->items.count == 0;
    arena_free(evaluation.arena);
    return none;
}
