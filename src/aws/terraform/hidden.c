// Blocks that a plan does not show: a dynamic block over what only apply tells looks in the plan of a new thing like no
// block at all. What shows that there is none: the configuration, or resources of their own for what it would say, as
// the provider refuses to have both. Of what the internet cannot address it is a doubt of who reaches whom inside,
// which the flows tell that it makes possible. Documentation of the Terraform provider hashicorp/aws, resources
// aws_security_group, aws_route_table, aws_network_acl.
#include <string.h>

#include "aws/terraform/plan.h"
#include "aws/terraform/source.h"

void hides(struct plan_reader *plan, const struct resource *resource, const char *key, const char *id,
           const char **doubt)
{
    *vector_add(plan->arena, &plan->hidden) = (struct hidden_block){resource, key, id, doubt};
}

void fills(struct plan_reader *plan, const char *id)
{
    if (id != NULL)
        map_put(plan->arena, &plan->filled, id, plan);
}

static bool has_group(const struct network_interface *interface, const char *id)
{
    for (size_t i = 0; interface->groups != NULL && i < interface->groups->count; i++)
        if (strcmp(interface->groups->ids[i], id) == 0)
            return true;
    return false;
}

// Whether an interface has, by its subnet, a table or an ACL.
static bool is_behind(const struct plan_reader *plan, const struct network_interface *interface, const char *id)
{
    const struct interface_place *place = interface->place;
    const struct route_table *table = map_get(&plan->estate->table_of_subnet, place->subnet_id);
    const struct network_acl *acl = map_get(&plan->estate->acl_of_subnet, place->subnet_id);
    if (table == NULL)
        table = map_get(&plan->estate->main_table_of_vpc, place->vpc_id);
    if (acl == NULL)
        acl = map_get(&plan->estate->default_acl_of_vpc, place->vpc_id);
    return (table != NULL && strcmp(table->id, id) == 0) || (acl != NULL && strcmp(acl->id, id) == 0);
}

// Whether something that the internet could address has it.
static bool matters(const struct plan_reader *plan, const struct hidden_block *block)
{
    bool group = map_get(&plan->estate->security_groups, block->id) != NULL;
    for (size_t i = 0; i < plan->estate->interfaces.count; i++) {
        const struct network_interface *one = plan->estate->interfaces.items[i];
        if (one->address_count > 0 && (group ? has_group(one, block->id) : is_behind(plan, one, block->id)))
            return true;
    }
    return false;
}

void heed_hidden(struct plan_reader *plan)
{
    for (size_t i = 0; i < plan->hidden.count; i++) {
        const struct hidden_block *one = &plan->hidden.items[i];
        enum source_answer told =
            plan->report->source == NULL
                ? SOURCE_UNKNOWN
                : terraform_source_has_dynamic(plan->report->source, one->resource->written, one->key);
        if (told == SOURCE_NO || *one->doubt != NULL || plan->by_changeset ||
            (told == SOURCE_UNKNOWN && map_get(&plan->filled, one->id) != NULL) ||
            (told == SOURCE_YES && iterates_over_nothing(plan, one->resource, one->key)))
            continue;
        plan->aside = strcmp(one->key, "egress") == 0;
        *one->doubt = told == SOURCE_YES
                          ? doubt_of(plan, one->resource, one->key)
                          : arena_printf(plan->arena,
                                         "%s: whether a dynamic block says its %s a plan does not tell, --source does",
                                         one->resource->address, one->key);
        if (plan->aside || matters(plan, one))
            say(plan, "%s", *one->doubt);
        plan->aside = false;
    }
}
