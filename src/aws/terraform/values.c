// What attributes of a planned resource will be: told, followed through the configuration, AWS's default, or unknown.
#include <string.h>

#include "aws/terraform/plan.h"

const cJSON *member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

const char *attribute(struct plan_reader *plan, const cJSON *values, const char *key)
{
    const cJSON *node = member(values, key);
    if (cJSON_IsString(node) && node->valuestring[0] != '\0')
        return arena_strdup(plan->arena, node->valuestring);
    return NULL;
}

bool flag(const cJSON *values, const char *key, bool fallback)
{
    const cJSON *node = member(values, key);
    if (cJSON_IsString(node) && (strcmp(node->valuestring, "true") == 0 || strcmp(node->valuestring, "false") == 0))
        return node->valuestring[0] == 't'; // launch templates write it as text
    return cJSON_IsBool(node) ? cJSON_IsTrue(node) : fallback;
}

long number(const cJSON *values, const char *key, long fallback)
{
    const cJSON *node = member(values, key);
    return cJSON_IsNumber(node) && node->valuedouble >= -1e9 && node->valuedouble <= 1e9 ? (long)node->valuedouble
                                                                                         : fallback;
}

static bool holds_true(const cJSON *node, int depth)
{
    const cJSON *one;
    if (cJSON_IsTrue(node))
        return true;
    cJSON_ArrayForEach (one, node)
        if (depth < 16 && holds_true(one, depth + 1))
            return true;
    return false;
}

bool is_unknown(const cJSON *unknown, const char *key)
{
    return cJSON_IsTrue(member(unknown, key));
}

bool any_unknown(const cJSON *unknown, const char *key)
{
    return holds_true(member(unknown, key), 0);
}

bool differs(const struct resource *resource, const char *key)
{
    const cJSON *before = member(resource->before, key), *after = member(resource->after, key);
    if (any_unknown(resource->unknown, key))
        return true;
    bool no_before = before == NULL || cJSON_IsNull(before), no_after = after == NULL || cJSON_IsNull(after);
    return no_before || no_after ? no_before != no_after : !cJSON_Compare(before, after, true);
}

struct where whole(const struct resource *resource)
{
    return (struct where){.resource = resource,
                          .values = resource->after,
                          .unknown = resource->unknown,
                          .configured = member(resource->configured, "expressions"),
                          .told = resource->configured != NULL};
}

struct where block_of(const struct resource *resource, const char *list, int index)
{
    const cJSON *unknown = member(resource->unknown, list);
    const cJSON *configured = member(member(resource->configured, "expressions"), list);
    bool several = cJSON_IsArray(configured);
    return (struct where){
        .resource = resource,
        .values = cJSON_GetArrayItem(member(resource->after, list), index),
        .unknown = cJSON_IsArray(unknown) ? cJSON_GetArrayItem(unknown, index) : unknown,
        // Of a set, the order of blocks in the configuration is not that of the values.
        .configured = several && cJSON_GetArraySize(configured) == 1 ? cJSON_GetArrayItem(configured, 0) : configured,
        .told = resource->configured != NULL && configured != NULL};
}

// The expressions that may set an attribute, in `found`: of one block, or of all blocks where it is not known which.
static const cJSON *expression_of(const struct where *where, const char *key, int nth)
{
    const cJSON *configured = where->configured;
    if (cJSON_IsArray(configured))
        return member(cJSON_GetArrayItem(configured, nth), key);
    if (cJSON_IsArray(member(configured, "references")) && nth == 0)
        return configured; // the references of the whole stand for those of its attributes
    return nth == 0 ? member(configured, key) : NULL;
}

static int expression_count(const struct where *where)
{
    return cJSON_IsArray(where->configured) ? cJSON_GetArraySize(where->configured) : 1;
}

// Whether some expression sets it.
static bool may_be_told(const struct where *where, const char *key)
{
    bool found = false;
    for (int i = 0; i < expression_count(where) && !found; i++)
        found = expression_of(where, key, i) != NULL;
    return found;
}

bool may_be_configured(struct plan_reader *plan, const struct where *where, const char *key)
{
    struct id_list ids = {0};
    if (!where->told)
        return true;
    if (evaluated_ids(plan, where, key, false, &ids) == EVALUATED_NULL)
        return false;
    for (int i = 0; i < expression_count(where); i++) {
        const cJSON *expression = expression_of(where, key, i);
        if (expression == NULL || member(expression, "constant_value") != NULL)
            continue; // a constant that is unknown is null
        if (!cJSON_IsArray(member(expression, "references")) ||
            !follow(plan, where->resource, expression, key, false).settled)
            return true;
    }
    return false;
}

struct followed follow_attribute(struct plan_reader *plan, const struct where *where, const char *key, bool list)
{
    struct followed all = {0};
    bool some = false;
    for (int n = 0; n < expression_count(where); n++) {
        const cJSON *expression = expression_of(where, key, n);
        if (expression == NULL)
            continue;
        some = true;
        struct followed one = follow(plan, where->resource, expression, key, list);
        all.opaque = all.opaque || one.opaque;
        all.choosing = all.choosing || one.choosing || n > 0;
        all.guessed = all.guessed || one.guessed;
        for (size_t i = 0; i < one.ids.count; i++) {
            bool listed = false;
            for (size_t k = 0; k < all.ids.count && !listed; k++)
                listed = strcmp(all.ids.items[k], one.ids.items[i]) == 0;
            if (!listed)
                *vector_add(plan->arena, &all.ids) = one.ids.items[i];
        }
    }
    all.opaque = all.opaque || !some;
    return all;
}

struct meant meant_at(struct plan_reader *plan, const struct where *where, const char *key, bool computed)
{
    const char *value = attribute(plan, where->values, key);
    if (value != NULL || !is_unknown(where->unknown, key))
        return (struct meant){.id = value};
    if (computed && !may_be_configured(plan, where, key))
        return (struct meant){0};
    struct id_list ids = {0};
    if (evaluated_ids(plan, where, key, false, &ids) == EVALUATED_TO) {
        touches(plan, where->resource, ids.items.items[0]);
        return (struct meant){.id = ids.items.items[0]};
    }
    // What must be configured, and whose configuration the plan does not tell, is an id of something new all the same.
    struct followed to = computed || may_be_told(where, key) ? follow_attribute(plan, where, key, false)
                                                             : follow(plan, where->resource, NULL, key, false);
    if (to.ids.count == 1 && !to.opaque) {
        touches(plan, where->resource, to.ids.items[0]);
        return (struct meant){.id = to.ids.items[0]};
    }
    if (!to.guessed)
        return (struct meant){.doubt = doubt_of(plan, where->resource, key)};
    const char *doubt =
        arena_printf(plan->arena, "%s: which of %u its %s is a plan does not tell%s", where->resource->address,
                     to.ids.count, key, plan->report->source == NULL ? ", --source may" : "");
    say(plan, "%s", doubt);
    return (struct meant){.doubt = doubt};
}

struct meant meant(struct plan_reader *plan, const struct resource *resource, const char *key)
{
    struct where where = whole(resource);
    return meant_at(plan, &where, key, false);
}

struct meant meant_or_default(struct plan_reader *plan, const struct resource *resource, const char *key)
{
    struct where where = whole(resource);
    return meant_at(plan, &where, key, true);
}

struct meant meant_surely(struct plan_reader *plan, const struct resource *resource, const char *key)
{
    struct meant found = meant(plan, resource, key);
    if (id_of(found) == NULL)
        found.doubt = not_told(plan, resource, key);
    return found;
}

const char *id_of(struct meant meant)
{
    return meant.id != NULL ? meant.id : meant.doubt;
}
