// Terraform resources of prefix lists.
#include <string.h>

#include "aws/terraform/plan.h"

static struct prefix_list *list_of(struct plan_reader *plan, const char *id)
{
    struct prefix_list *list = map_get(&plan->estate->prefix_lists, id);
    if (list == NULL) {
        list = arena_new_of(plan->arena, struct prefix_list);
        list->id = id;
        map_put(plan->arena, &plan->estate->prefix_lists, id, list);
    }
    return list;
}

static void add_cidr(struct plan_reader *plan, const struct resource *resource, struct prefix_list *list,
                     const cJSON *values)
{
    struct prefix prefix;
    const char *text = attribute(plan, values, "cidr");
    if (text != NULL && prefix_parse(text, true, &prefix) == PREFIX_OK)
        *vector_add(plan->arena, &list->entries) = prefix;
    else
        list->doubt = doubt_of(plan, resource, "cidr");
}

static bool drop_cidr(struct prefix_list *list, struct prefix prefix)
{
    uint32_t kept = 0, before = list->entries.count;
    for (uint32_t i = 0; i < list->entries.count; i++)
        if (!prefix_equal(list->entries.items[i], prefix))
            list->entries.items[kept++] = list->entries.items[i];
    list->entries.count = kept;
    return kept < before;
}

// Takes the entries that the plan had before out of those of the snapshot: what it does not know of stays.
static void drop_before(struct plan_reader *plan, const struct resource *resource, struct prefix_list *list)
{
    const cJSON *one;
    struct prefix prefix;
    bool lacks = false;
    cJSON_ArrayForEach (one, member(resource->before, "entry")) {
        const char *text = attribute(plan, one, "cidr");
        if (text != NULL && prefix_parse(text, true, &prefix) == PREFIX_OK)
            lacks = !drop_cidr(list, prefix) || lacks;
    }
    if (lacks && list->has_entries)
        say_not_held(plan, resource, "an entry of prefix list", list->id);
    if (list->entries.count > 0 && !resource->creates)
        say(plan, "%s: %s has entries in the snapshot that the plan does not know: of another time?", resource->address,
            list->id);
}

static void put_prefix_list(struct plan_reader *plan, const struct resource *resource)
{
    const cJSON *entries = member(resource->after, "entry"), *one;
    struct where where = whole(resource);
    struct prefix_list *list = list_of(plan, resource->id);
    bool unknown =
        is_unknown(resource->unknown, "entry") && (!resource->creates || may_be_configured(plan, &where, "entry"));
    if (!resource->creates && !list->has_entries)
        say_not_held(plan, resource, "prefix list", resource->id);
    if (!resource->creates && !differs(resource, "entry"))
        return;
    drop_before(plan, resource, list);
    list->has_entries = true;
    if (unknown)
        list->doubt = doubt_of(plan, resource, "entry");
    cJSON_ArrayForEach (one, entries)
        add_cidr(plan, resource, list, one);
}

static void put_prefix_entry(struct plan_reader *plan, const struct resource *resource)
{
    struct meant of = meant_surely(plan, resource, "prefix_list_id");
    if (of.id != NULL)
        add_cidr(plan, resource, list_of(plan, of.id), resource->after);
    for (size_t i = 0; i < plan->estate->prefix_lists.size && of.doubt != NULL; i++) { // any that is new
        struct prefix_list *list = plan->estate->prefix_lists.slots[i].value;
        if (list != NULL && is_made(plan, "aws_ec2_managed_prefix_list", list->id))
            list->doubt = of.doubt;
    }
}

static void remove_prefix_entry(struct plan_reader *plan, const struct resource *resource)
{
    const char *id = attribute(plan, resource->before, "prefix_list_id");
    const char *text = attribute(plan, resource->before, "cidr");
    struct prefix_list *list = map_get(&plan->estate->prefix_lists, id);
    struct prefix prefix;
    if (list == NULL || !list->has_entries || text == NULL || prefix_parse(text, true, &prefix) != PREFIX_OK) {
        say_not_held(plan, resource, "prefix list", id);
        return;
    }
    if (!drop_cidr(list, prefix))
        say_not_held(plan, resource, "an entry of prefix list", id);
}

static const struct resource_type types[] = {
    {"aws_ec2_managed_prefix_list", NULL, put_prefix_list},
    {"aws_ec2_managed_prefix_list_entry", remove_prefix_entry, put_prefix_entry},
};

const struct resource_types terraform_prefix_lists = {types, sizeof(types) / sizeof(types[0])};
