// Where records say that things are: the region and addresses of an interface beside its subnet's, a target group
// beside the load balancer that forwards to it. What contradicts another is not believed alone.
#include <string.h>

#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

void doubt_arn(struct reader *reader, const struct json_cursor *at, const char *key, const char *id,
               const char *account, const char *region)
{
    struct json_cursor member = member_of(reader, at, key);
    const char *arn = cJSON_GetStringValue(member.node), *of[2] = {NULL, NULL};
    if (arn == NULL)
        return;
    const char *slash = strrchr(arn, '/');
    place_of_arn(reader, arn, &of[0], &of[1]);
    if (!place_may_be(account, of[0]) || !place_may_be(region, of[1]) || (slash != NULL && strcmp(slash + 1, id) != 0))
        doubt_at(reader, &member, "names another thing, account or region than the rest of the record of %s", id);
}

// The first address of an interface that lies in no block of its subnet; family 0 where none is known to.
// "the IP address range of the subnet": https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
static struct address strange_to(const struct network_interface *one, const struct subnet *subnet)
{
    for (size_t i = 0; subnet->cidr.family != 0 && i < one->private_ipv4_count; i++) {
        const struct address own = {FAMILY_IPV4, one->private_ipv4[i]};
        if (!prefix_holds(subnet->cidr, own))
            return own;
    }
    for (size_t i = 0; subnet->ipv6_blocks.items.count > 0 && i < one->address_count; i++) {
        const struct address own = one->addresses[i].private_address;
        bool held = own.family != FAMILY_IPV6;
        for (size_t b = 0; b < subnet->ipv6_blocks.items.count && !held; b++)
            held = prefix_holds(subnet->ipv6_blocks.items.items[b].prefix, own);
        if (!held)
            return own;
    }
    return (struct address){0};
}

void settle_said_place(struct reader *reader, struct network_interface *one)
{
    const struct subnet *subnet = map_get(&reader->estate->subnets, one->place->subnet_id);
    reader->name = reader->documents->names[one->record >> RECORD_OFFSET_BITS];
    reader->doubt = &one->doubt;
    reader->listing = NULL;
    if (subnet == NULL)
        return;
    if (!place_may_be(one->place->region, subnet->region))
        doubt_document(reader, "", "%s is said to be in %s, and its subnet %s in %s", one->id, one->place->region,
                       subnet->id, subnet->region);
    if (strange_to(one, subnet).family == 0)
        return;
    struct documents *documents = reader->documents;
    if (documents->strangers++ == 0 || strcmp(one->id, documents->stranger->id) < 0)
        documents->stranger = one;
}

// AWS gives none, and who plays it (moto, LocalStack) does: the record's own word for its subnet is the better one.
void settle_strangers(struct reader *reader)
{
    const struct network_interface *first = reader->documents->stranger;
    size_t count = reader->documents->strangers;
    if (count == 0)
        return;
    char text[ADDRESS_TEXT];
    const struct subnet *subnet = map_get(&reader->estate->subnets, first->place->subnet_id);
    address_format(strange_to(first, subnet), text);
    text_list_add(reader->arena, &reader->estate->assumptions,
                  arena_printf(reader->arena,
                               "%zu %s an address in no block of its subnet, the first is %s in %s by %s: where its "
                               "record says it lies is taken",
                               count, count == 1 ? "interface has" : "interfaces have", first->id, subnet->id, text));
}

// ---- Target groups

// "The load balancer and its target groups must be in the same VPC", and so in one account and region.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroup.html
static void compare_group(struct reader *reader, const struct load_balancer *balancer, struct target_group *group)
{
    const char *of[2] = {NULL, NULL}, *name = group->name == NULL ? group->arn : group->name;
    place_of_arn(reader, group->arn, &of[0], &of[1]);
    if (group->record == 0)
        return; // its targets alone are told
    reader->name = reader->documents->names[(group->record - 1) >> RECORD_OFFSET_BITS];
    reader->doubt = &group->doubt;
    reader->listing = NULL;
    if (!place_may_be(balancer->account, of[0]) || !place_may_be(balancer->region, of[1]))
        doubt_document(reader, "", "target group %s is of another account or region than load balancer %s", name,
                       balancer->name);
    if (!place_may_be(balancer->vpc_id, group->vpc_id))
        doubt_document(reader, "", "target group %s is said to be in %s, and its load balancer %s in %s", name,
                       group->vpc_id, balancer->name, balancer->vpc_id);
    if (group->balancers_told && !text_list_holds(&group->load_balancers, balancer->arn))
        doubt_document(reader, "",
                       "a listener of load balancer %s forwards to target group %s, whose LoadBalancerArns "
                       "do not name it",
                       balancer->name, name);
}

static void compare_rule(struct reader *reader, const struct load_balancer *balancer, const struct listener *listener,
                         const struct listener_rule *rule)
{
    for (size_t i = 0; i < rule->forwards.count; i++) {
        struct target_group *group = map_get(&reader->estate->target_groups, rule->forwards.items[i].target_group);
        if (group == NULL || group->type == NULL || strcmp(group->type, "lambda") == 0)
            continue;
        compare_group(reader, balancer, group);
        if (group->misfit == NULL && !listener_fits(listener, group))
            group->misfit = balancer->name;
    }
}

void settle_target_groups(struct reader *reader)
{
    map_slots slots = map_sorted(reader->scratch, &reader->estate->load_balancers);
    for (size_t i = 0; i < slots.count; i++) {
        const struct load_balancer *one = slots.items[i]->value;
        if (one->name == NULL || one->type == LOAD_BALANCER_CLASSIC)
            continue;
        for (size_t l = 0; l < one->listeners.count; l++) {
            compare_rule(reader, one, &one->listeners.items[l], &one->listeners.items[l].otherwise);
            for (size_t r = 0; r < one->listeners.items[l].rules.count; r++)
                compare_rule(reader, one, &one->listeners.items[l], &one->listeners.items[l].rules.items[r]);
        }
    }
    slots = map_sorted(reader->scratch, &reader->estate->target_groups);
    for (size_t i = 0; i < slots.count; i++) {
        struct target_group *group = slots.items[i]->value;
        if (group->misfit == NULL || group->record == 0)
            continue;
        reader->name = reader->documents->names[(group->record - 1) >> RECORD_OFFSET_BITS];
        reader->doubt = &group->doubt;
        reader->listing = NULL;
        doubt_document(
            reader, "",
            "target group %s is of %s, to which a listener of load balancer %s that names it can not forward",
            group->name == NULL ? group->arn : group->name, group->protocol, group->misfit);
    }
}
