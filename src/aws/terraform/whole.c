// Whether a plan is whole: what it says of itself, and what it holds besides changes of resources.
#include <string.h>

#include "aws/terraform/plan.h"

// A plan that says of itself that it is not whole. https://developer.hashicorp.com/terraform/internals/json-format
static void say_state(struct plan_reader *plan, const cJSON *document)
{
    const cJSON *one;
    if (cJSON_IsTrue(member(document, "errored")))
        say(plan, "the plan is errored: what it lacks is not known; plan again");
    if (cJSON_IsFalse(member(document, "complete")))
        say(plan, "the plan is not complete: some changes are deferred, or it was made with -target");
    cJSON_ArrayForEach (one, member(document, "deferred_changes")) {
        const char *address = attribute(plan, member(one, "resource_change"), "address");
        const char *reason = attribute(plan, one, "reason");
        say(plan, "%s: its change is deferred (%s), and not considered", address == NULL ? "a resource" : address,
            reason == NULL ? "no reason told" : reason);
    }
}

// What a plan does besides changing resources.
// https://developer.hashicorp.com/terraform/language/invoke-actions
static void say_actions(struct plan_reader *plan, const cJSON *document)
{
    static const char *const keys[] = {"action_invocations", "deferred_action_invocations"};
    const cJSON *one;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        cJSON_ArrayForEach (one, member(document, keys[i])) {
            const char *address = attribute(plan, one, "address");
            say(plan, "%s: what this action does is not modelled", address == NULL ? "an action" : address);
        }
}

// ---- Resources that will be, and of which no change tells: a part of the plan was taken away

enum { DEEPEST = 32 };

static void note_values(struct plan_reader *plan, struct map *values, const cJSON *module, int depth)
{
    const cJSON *one;
    cJSON_ArrayForEach (one, member(module, "resources")) {
        const char *address = attribute(plan, one, "address");
        if (address != NULL)
            map_put(plan->arena, values, address, (void *)(uintptr_t)member(one, "values"));
    }
    cJSON_ArrayForEach (one, member(module, "child_modules"))
        if (depth < DEEPEST)
            note_values(plan, values, one, depth + 1);
}

static void compare_values(struct plan_reader *plan, const struct map *prior, const cJSON *module, int depth)
{
    const cJSON *one;
    cJSON_ArrayForEach (one, member(module, "resources")) {
        const char *address = attribute(plan, one, "address"), *mode = attribute(plan, one, "mode");
        const char *type = attribute(plan, one, "type");
        if (address == NULL || (mode != NULL && strcmp(mode, "managed") != 0) ||
            map_get(&plan->by_address, address) != NULL || (type != NULL && is_harmless_type(type)))
            continue;
        const cJSON *was = map_get(prior, address);
        if (was == NULL || !cJSON_Compare(was, member(one, "values"), true)) // what stays is as it was
            say(plan, "%s: is in planned_values, and what changes of it is not told: a part of the plan is missing",
                address);
    }
    cJSON_ArrayForEach (one, member(module, "child_modules"))
        if (depth < DEEPEST)
            compare_values(plan, prior, one, depth + 1);
}

// Of what is there and will not be, a change tells that it goes: but for a plan of a part, which says that it is one.
static void compare_prior(struct plan_reader *plan, const struct map *planned, const cJSON *module, int depth)
{
    const cJSON *one;
    cJSON_ArrayForEach (one, member(module, "resources")) {
        const char *address = attribute(plan, one, "address"), *mode = attribute(plan, one, "mode");
        const char *type = attribute(plan, one, "type");
        if (address != NULL && text_same(mode, "managed") && map_get(&plan->by_address, address) == NULL &&
            map_get(planned, address) == NULL && (type == NULL || !is_harmless_type(type)))
            say(plan, "%s: is in prior_state, and what becomes of it is not told: a part of the plan is missing",
                address);
    }
    cJSON_ArrayForEach (one, member(module, "child_modules"))
        if (depth < DEEPEST)
            compare_prior(plan, planned, one, depth + 1);
}

// ---- Attributes that somebody took out: Terraform prints each that a resource has, null where it is not set, or marks
// it in after_unknown. https://developer.hashicorp.com/terraform/internals/json-format#change-representation

static bool is_lost(const struct resource *resource, const char *key)
{
    return key != NULL && member(resource->after, key) == NULL && !cJSON_IsTrue(member(resource->unknown, key));
}

static const char *lost_attribute(const struct resource *resource)
{
    const cJSON *one, *before = resource->creates ? NULL : resource->before;
    if (resource->after == NULL)
        return NULL;
    cJSON_ArrayForEach (one, before)
        if (is_lost(resource, one->string))
            return one->string;
    cJSON_ArrayForEach (one, member(resource->configured, "expressions"))
        if (is_lost(resource, one->string))
            return one->string;
    return NULL;
}

void heed_lost_attributes(struct plan_reader *plan, bool (*is_modelled)(const char *type))
{
    for (size_t i = 0; i < plan->resources.count; i++) {
        const struct resource *one = &plan->resources.items[i];
        const char *key = one->changes && is_modelled(one->type) ? lost_attribute(one) : NULL;
        if (key != NULL)
            say(plan, "%s: what becomes of its %s is not told: a part of the plan is missing", one->address, key);
    }
}

void heed_state_of_plan(struct plan_reader *plan, const cJSON *document)
{
    const cJSON *will_be = member(document, "planned_values");
    struct map prior = {0}, planned = {0};
    say_state(plan, document);
    say_actions(plan, document);
    note_values(plan, &prior, plan->prior, 0);
    note_values(plan, &planned, member(will_be, "root_module"), 0);
    compare_values(plan, &prior, member(will_be, "root_module"), 0);
    if (will_be != NULL && !cJSON_IsFalse(member(document, "complete")) && member(document, "deferred_changes") == NULL)
        compare_prior(plan, &planned, plan->prior, 0);
}
