// Terraform resources of network ACLs: their entries, and which subnet has which.
#include <stdlib.h>
#include <string.h>

#include "aws/terraform/plan.h"
#include "aws/terraform/traffic.h"
#include "model/protocol.h"

static int by_number(const void *left, const void *right)
{
    const struct network_acl_entry *a = left, *b = right;
    return a->number - b->number;
}

static bool drop_entry(struct network_acl *acl, int rule, bool egress)
{
    uint32_t kept = 0, before = acl->entries.count;
    for (uint32_t i = 0; i < acl->entries.count; i++)
        if (acl->entries.items[i].number != rule || acl->entries.items[i].egress != egress)
            acl->entries.items[kept++] = acl->entries.items[i];
    acl->entries.count = kept;
    return kept < before;
}

// Entries of a block or a resource of its own; what of one is unknown makes the whole ACL so, as the first match
// decides.
static void add_entry(struct plan_reader *plan, const struct where *where, struct network_acl *acl, bool egress,
                      const char *number_key, const char *action_key)
{
    static const char *const keys[] = {"cidr_block", "ipv6_cidr_block", "protocol",  "from_port",
                                       "to_port",    "icmp_type",       "icmp_code", NULL};
    const cJSON *values = where->values;
    struct network_acl_entry entry = {
        .egress = egress, .high = PORT_LAST, .number = (int)number(values, number_key, -1)};
    const char *four = attribute(plan, values, "cidr_block"), *six = attribute(plan, values, "ipv6_cidr_block");
    const char *action = attribute(plan, values, action_key), *unknown = NULL;
    for (size_t i = 0; keys[i] != NULL && unknown == NULL; i++)
        if (is_unknown(where->unknown, keys[i]))
            unknown = keys[i];
    if (unknown != NULL || entry.number < 0 || action == NULL || (four == NULL && six == NULL) ||
        prefix_parse(four != NULL ? four : six, false, &entry.prefix) != PREFIX_OK ||
        !protocol_of(plan, values, "protocol", &entry.protocol)) {
        acl->doubt = doubt_of(plan, where->resource, unknown != NULL ? unknown : "an entry");
        return;
    }
    entry.allow = strcmp(action, "allow") == 0 || strcmp(action, "ALLOW") == 0;
    if (protocol_is_icmp(entry.protocol))
        icmp_numbers(number(values, "icmp_type", -1), number(values, "icmp_code", -1), &entry.low, &entry.high);
    else
        port_numbers(values, entry.protocol, &entry.low, &entry.high);
    drop_entry(acl, entry.number, egress);
    makes(plan, "%s:%s%d", acl->id, egress ? "egress:" : "", entry.number);
    *vector_add(plan->arena, &acl->entries) = entry;
    qsort(acl->entries.items, acl->entries.count, sizeof(struct network_acl_entry), by_number);
}

static bool is_same(const struct network_acl_entry *a, const struct network_acl_entry *b)
{
    return a->number == b->number && a->egress == b->egress && a->allow == b->allow && a->protocol == b->protocol &&
           a->low == b->low && a->high == b->high && prefix_equal(a->prefix, b->prefix);
}

static bool has_entry(const struct network_acl *acl, const struct network_acl_entry *entry)
{
    for (uint32_t i = 0; i < acl->entries.count; i++)
        if (is_same(&acl->entries.items[i], entry))
            return true;
    return false;
}

// Takes the entries that the plan had before out of those of the snapshot: what it does not know of stays. Of what is
// adopted all goes. AWS's own last entries are in no plan.
static void drop_before(struct plan_reader *plan, const struct resource *resource, struct network_acl *acl, bool egress)
{
    enum { LAST_OF_AWS = 32767 };
    const cJSON *list = resource->creates ? NULL : member(resource->before, egress ? "egress" : "ingress"), *one;
    struct network_acl was = {.id = acl->id};
    uint32_t kept = 0, unknown = 0;
    bool lacks = false;
    const struct resource *current = plan->current;
    plan->current = NULL; // it makes none of these
    cJSON_ArrayForEach (one, list) {
        struct where where = {.resource = resource, .values = one};
        if (cJSON_IsObject(one))
            add_entry(plan, &where, &was, egress, "rule_no", "action");
    }
    plan->current = current;
    for (uint32_t i = 0; i < was.entries.count; i++)
        lacks = lacks || !has_entry(acl, &was.entries.items[i]);
    for (uint32_t i = 0; i < acl->entries.count; i++) {
        const struct network_acl_entry entry = acl->entries.items[i];
        bool own = entry.number >= LAST_OF_AWS;
        bool stays = entry.egress != egress || own || (!resource->creates && !has_entry(&was, &entry));
        unknown += stays && entry.egress == egress && !own;
        if (!stays)
            ends(plan, "%s:%s%d", acl->id, egress ? "egress:" : "", entry.number);
        else
            acl->entries.items[kept++] = entry;
    }
    acl->entries.count = kept;
    if (lacks)
        say_not_held(plan, resource, "an entry of", acl->id);
    if (unknown > 0)
        say(plan, "%s: %s has entries in the snapshot that the plan does not know: of another time?", resource->address,
            acl->id);
}

// Lists that do not differ were left over from before: their entries are resources of their own. `adopted`: a VPC's
// default ACL, whose entries go where the resource says none.
static void fill(struct plan_reader *plan, const struct resource *resource, struct network_acl *acl, bool adopted)
{
    static const char *const keys[] = {"ingress", "egress"};
    struct where where = whole(resource);
    for (int egress = 0; egress < 2; egress++) {
        const cJSON *list = member(resource->after, keys[egress]), *item;
        bool unknown = is_unknown(resource->unknown, keys[egress]) &&
                       (!resource->creates || may_be_configured(plan, &where, keys[egress]));
        if (!resource->creates && !differs(resource, keys[egress]))
            continue;
        // Of a default ACL AWS fills in nothing: what is unknown is said by a block.
        unknown = unknown || (adopted && is_unknown(resource->unknown, keys[egress]));
        if (resource->creates && !unknown && is_unknown(resource->unknown, keys[egress]))
            hides(plan, resource, keys[egress], acl->id, &acl->doubt);
        if (!cJSON_IsArray(list) && !unknown && !adopted)
            continue;
        drop_before(plan, resource, acl, egress != 0);
        if (unknown)
            acl->doubt = doubt_of(plan, resource, keys[egress]);
        int index = 0;
        cJSON_ArrayForEach (item, list) {
            struct where block = block_of(resource, keys[egress], index++);
            if (cJSON_IsObject(item))
                add_entry(plan, &block, acl, egress != 0, "rule_no", "action");
        }
    }
}

// ---- Subnets

static void give_acl(struct plan_reader *plan, const char *subnet, struct network_acl *acl)
{
    decides(plan, "acl", subnet);
    map_put(plan->arena, &plan->estate->acl_of_subnet, subnet, acl);
}

static struct network_acl *unknown_acl(struct plan_reader *plan, const char *doubt)
{
    struct network_acl *unknown = arena_new_of(plan->arena, struct network_acl);
    unknown->id = doubt;
    unknown->doubt = doubt;
    return unknown;
}

// Which subnet it is only apply tells: any that is new.
static void unsure_of_new(struct plan_reader *plan, const char *doubt)
{
    struct network_acl *unknown = unknown_acl(plan, doubt);
    for (size_t i = 0; i < plan->resources.count; i++) {
        const struct resource *one = &plan->resources.items[i];
        if (one->creates && strcmp(one->type, "aws_subnet") == 0 &&
            map_get(&plan->estate->acl_of_subnet, one->id) == NULL)
            give_acl(plan, one->id, unknown);
    }
}

static bool holds(const cJSON *list, const char *text)
{
    const cJSON *one;
    cJSON_ArrayForEach (one, list)
        if (cJSON_IsString(one) && strcmp(one->valuestring, text) == 0)
            return true;
    return false;
}

// Subnets that an ACL loses have the VPC's default one again.
static void associate(struct plan_reader *plan, const struct resource *resource, struct network_acl *acl,
                      bool is_default)
{
    const cJSON *before = resource->creates ? NULL : member(resource->before, "subnet_ids"), *one;
    const cJSON *after = member(resource->after, "subnet_ids");
    struct where where = whole(resource);
    if (!resource->creates && !differs(resource, "subnet_ids"))
        return;
    struct id_list subnets = meant_list(plan, &where, "subnet_ids", !is_default);
    struct network_acl *lost = subnets.doubt == NULL ? NULL : unknown_acl(plan, subnets.doubt); // or it stays
    cJSON_ArrayForEach (one, before)
        if (cJSON_IsString(one) && !holds(after, one->valuestring) &&
            map_get(&plan->estate->acl_of_subnet, one->valuestring) == acl && !is_default)
            give_acl(plan, arena_strdup(plan->arena, one->valuestring), lost);
    for (size_t i = 0; i < subnets.items.count; i++)
        give_acl(plan, subnets.items.items[i], acl);
    if (subnets.doubt != NULL)
        unsure_of_new(plan, subnets.doubt);
}

static void put_acl(struct plan_reader *plan, const struct resource *resource)
{
    struct network_acl *acl = map_get(&plan->estate->network_acls, resource->id);
    if (acl == NULL && !resource->creates) {
        say_not_held(plan, resource, "network ACL", resource->id);
        return;
    }
    if (acl == NULL) {
        acl = arena_new_of(plan->arena, struct network_acl);
        acl->id = resource->id;
        acl->vpc_id = meant(plan, resource, "vpc_id").id;
        map_put(plan->arena, &plan->estate->network_acls, acl->id, acl);
    }
    fill(plan, resource, acl, false);
    associate(plan, resource, acl, false);
}

static void remove_acl(struct plan_reader *plan, const struct resource *resource)
{
    if (map_get(&plan->estate->network_acls, resource->id_before) == NULL)
        say_not_held(plan, resource, "network ACL", resource->id_before);
    for (size_t i = 0; i < plan->estate->acl_of_subnet.size; i++) {
        const struct network_acl *acl = plan->estate->acl_of_subnet.slots[i].value;
        if (acl != NULL && resource->id_before != NULL && strcmp(acl->id, resource->id_before) == 0) {
            decides(plan, "acl", plan->estate->acl_of_subnet.slots[i].key);
            plan->estate->acl_of_subnet.slots[i].value = NULL; // back to the VPC's default ACL
        }
    }
}

// It takes the VPC's own ACL over, and what is in there goes.
// Documentation of the Terraform provider hashicorp/aws, resource aws_default_network_acl.
static void put_default_acl(struct plan_reader *plan, const struct resource *resource)
{
    struct meant adopted = {.id = resource->id};
    if (resource->creates)
        adopted = meant_surely(plan, resource, "default_network_acl_id");
    struct network_acl *acl = map_get(&plan->estate->network_acls, adopted.id);
    if (acl == NULL && adopted.id != NULL)
        say_not_held(plan, resource, "network ACL", adopted.id);
    for (size_t i = 0; i < plan->estate->default_acl_of_vpc.size && adopted.doubt != NULL; i++) // any new VPC's
        if (plan->estate->default_acl_of_vpc.slots[i].key != NULL &&
            is_made(plan, "aws_vpc", plan->estate->default_acl_of_vpc.slots[i].key))
            ((struct network_acl *)plan->estate->default_acl_of_vpc.slots[i].value)->doubt = adopted.doubt;
    if (acl == NULL)
        return;
    adopts(plan, resource, acl->id);
    fill(plan, resource, acl, true);
    associate(plan, resource, acl, true);
}

// ---- Rules and associations of their own

static void put_acl_rule(struct plan_reader *plan, const struct resource *resource)
{
    struct meant of = meant_surely(plan, resource, "network_acl_id");
    struct network_acl *acl = map_get(&plan->estate->network_acls, of.id);
    struct where where = whole(resource);
    fills(plan, of.id);
    if (acl != NULL)
        add_entry(plan, &where, acl, flag(resource->after, "egress", false), "rule_number", "rule_action");
    else if (of.id != NULL)
        say_not_held(plan, resource, "network ACL", of.id);
    for (size_t i = 0; i < plan->estate->network_acls.size && of.doubt != NULL; i++) // any that is new
        if (plan->estate->network_acls.slots[i].key != NULL &&
            (is_made(plan, "aws_network_acl", plan->estate->network_acls.slots[i].key) ||
             ((struct network_acl *)plan->estate->network_acls.slots[i].value)->is_default))
            ((struct network_acl *)plan->estate->network_acls.slots[i].value)->doubt = of.doubt;
}

static void remove_acl_rule(struct plan_reader *plan, const struct resource *resource)
{
    const char *id = attribute(plan, resource->before, "network_acl_id");
    struct network_acl *acl = map_get(&plan->estate->network_acls, id);
    if (acl == NULL)
        say_not_held(plan, resource, "network ACL", id);
    else if (!drop_entry(acl, (int)number(resource->before, "rule_number", -1),
                         flag(resource->before, "egress", false)))
        say_not_held(plan, resource, "an entry of", id);
    else
        ends(plan, "%s:%s%ld", id, flag(resource->before, "egress", false) ? "egress:" : "",
             number(resource->before, "rule_number", -1));
}

static void put_acl_association(struct plan_reader *plan, const struct resource *resource)
{
    struct meant subnet = meant_surely(plan, resource, "subnet_id"),
                 of = meant_surely(plan, resource, "network_acl_id");
    struct network_acl *acl = map_get(&plan->estate->network_acls, of.id);
    if (acl == NULL) {
        acl = arena_new_of(plan->arena, struct network_acl);
        acl->id = acl->doubt = of.doubt != NULL ? of.doubt : doubt_of(plan, resource, "network_acl_id");
    }
    if (subnet.id != NULL)
        give_acl(plan, subnet.id, acl);
    if (subnet.doubt != NULL)
        unsure_of_new(plan, subnet.doubt);
}

static void remove_acl_association(struct plan_reader *plan, const struct resource *resource)
{
    const char *subnet = attribute(plan, resource->before, "subnet_id");
    if (subnet != NULL)
        give_acl(plan, subnet, NULL);
    if (map_get(&plan->estate->subnets, subnet) == NULL)
        say_not_held(plan, resource, "subnet", subnet);
}

static const struct resource_type types[] = {
    {"aws_default_network_acl", NULL, put_default_acl},
    {"aws_network_acl", remove_acl, put_acl},
    {"aws_network_acl_rule", remove_acl_rule, put_acl_rule},
    {"aws_network_acl_association", remove_acl_association, put_acl_association},
};

const struct resource_types terraform_acls = {types, sizeof(types) / sizeof(types[0])};
