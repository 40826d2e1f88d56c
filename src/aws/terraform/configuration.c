// The configuration in a plan: its modules, and which part of it says a resource.
// https://developer.hashicorp.com/terraform/internals/json-format#configuration-representation
#include "aws/terraform/kinds.h"
#include "aws/terraform/scope.h"

static void read_module(struct plan_reader *plan, const struct scope *parent, const cJSON *module, const cJSON *call,
                        const char *path, int depth)
{
    struct scope *scope = arena_new_of(plan->arena, struct scope);
    const cJSON *item;
    *scope = (struct scope){.parent = parent, .module = module, .call = call};
    map_put(plan->arena, &plan->scopes, path, scope);
    cJSON_ArrayForEach (item, member(module, "module_calls"))
        if (item->string != NULL && depth < 32)
            read_module(plan, scope, member(item, "module"), item,
                        arena_printf(plan->arena, "%smodule.%s.", path, item->string), depth + 1);
}

// The configuration's resources of a scope by their names.
static void index_scope(struct plan_reader *plan, struct map *by_name, const char *path, const struct scope *scope)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, member(scope->module, "resources")) {
        const char *address = attribute(plan, item, "address");
        if (address != NULL)
            map_put(plan->arena, by_name, arena_printf(plan->arena, "%s%s", path, address), (void *)(uintptr_t)item);
    }
}

void read_configuration(struct plan_reader *plan, const cJSON *document)
{
    struct map by_name = {0};
    read_module(plan, NULL, member(member(document, "configuration"), "root_module"), NULL, "", 0);
    for (size_t i = 0; i < plan->scopes.size; i++)
        if (plan->scopes.slots[i].key != NULL)
            index_scope(plan, &by_name, plan->scopes.slots[i].key, plan->scopes.slots[i].value);
    for (size_t i = 0; i < plan->resources.count; i++) {
        struct resource *one = &plan->resources.items[i];
        struct text bare = {0};
        for (const char *at = one->module; *at != '\0';) {
            size_t index = index_length(at);
            if (index > 0)
                at += index;
            else
                text_add(&bare, at++, 1);
        }
        text_puts(&bare, one->name);
        one->configured = map_get(&by_name, bare.bytes);
        text_free(&bare);
    }
}
