// Terraform resources that hold rules: network ACLs and security groups.
#include <stdlib.h>
#include <string.h>

#include "aws/terraform/plan.h"
#include "model/protocol.h"

static void icmp_numbers(long type, long code, uint16_t *low, uint16_t *high)
{
    if (type < 0 || type > 255)
        return;
    bool any = code < 0 || code > 255;
    *low = (uint16_t)(type << 8 | (any ? 0 : code));
    *high = (uint16_t)(type << 8 | (any ? 255 : code));
}

static void port_numbers(const cJSON *values, int protocol, uint16_t *low, uint16_t *high)
{
    long from = number(values, "from_port", 0), to = number(values, "to_port", PORT_LAST);
    if (!protocol_has_ports(protocol) || from < 0 || to > PORT_LAST || from > to)
        return;
    *low = (uint16_t)from;
    *high = (uint16_t)to;
}

static bool protocol_of(struct plan_reader *plan, const cJSON *values, const char *key, int *protocol)
{
    const char *text = attribute(plan, values, key);
    return text != NULL && protocol_parse(text, protocol);
}

static int by_number(const void *left, const void *right)
{
    const struct network_acl_entry *a = left, *b = right;
    return a->number - b->number;
}

static void drop_entry(struct network_acl *acl, int rule, bool egress)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < acl->entries.count; i++)
        if (acl->entries.items[i].number != rule || acl->entries.items[i].egress != egress)
            acl->entries.items[kept++] = acl->entries.items[i];
    acl->entries.count = kept;
}

static void add_entry(struct plan_reader *plan, const struct resource *resource, struct network_acl *acl,
                      const cJSON *values, bool egress, const char *number_key, const char *action_key)
{
    struct network_acl_entry entry = {
        .egress = egress, .high = PORT_LAST, .number = (int)number(values, number_key, -1)};
    const char *four = attribute(plan, values, "cidr_block"), *six = attribute(plan, values, "ipv6_cidr_block");
    const char *action = attribute(plan, values, action_key);
    if (entry.number < 0 || action == NULL || (four == NULL && six == NULL) ||
        prefix_parse(four != NULL ? four : six, false, &entry.prefix) != PREFIX_OK ||
        !protocol_of(plan, values, "protocol", &entry.protocol)) {
        lacking(plan, resource, "an entry");
        return;
    }
    entry.allow = strcmp(action, "allow") == 0;
    if (protocol_is_icmp(entry.protocol))
        icmp_numbers(number(values, "icmp_type", -1), number(values, "icmp_code", -1), &entry.low, &entry.high);
    else
        port_numbers(values, entry.protocol, &entry.low, &entry.high);
    drop_entry(acl, entry.number, egress);
    *vector_add(plan->arena, &acl->entries) = entry;
    qsort(acl->entries.items, acl->entries.count, sizeof(struct network_acl_entry), by_number);
}

static void put_acl(struct plan_reader *plan, const struct resource *resource)
{
    static const char *const keys[] = {"ingress", "egress"};
    struct network_acl *acl = map_get(&plan->estate->network_acls, resource->id);
    if (acl == NULL) {
        acl = arena_new_of(plan->arena, struct network_acl);
        acl->id = resource->id;
        acl->vpc_id = reference(plan, resource, "vpc_id");
        map_put(plan->arena, &plan->estate->network_acls, acl->id, acl);
    }
    for (int egress = 0; egress < 2; egress++) {
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(resource->after, keys[egress]), *item;
        if (!cJSON_IsArray(list))
            continue;
        uint32_t kept = 0; // inline entries are all there are in their direction
        for (uint32_t i = 0; i < acl->entries.count; i++)
            if (acl->entries.items[i].egress != (egress != 0))
                acl->entries.items[kept++] = acl->entries.items[i];
        acl->entries.count = kept;
        cJSON_ArrayForEach (item, list)
            add_entry(plan, resource, acl, item, egress != 0, "rule_no", "action");
    }
    struct id_list subnets = references(plan, resource, "subnet_ids");
    for (size_t i = 0; i < subnets.items.count; i++)
        map_put(plan->arena, &plan->estate->acl_of_subnet, subnets.items.items[i], acl);
}

static void remove_acl(struct plan_reader *plan, const struct resource *resource)
{
    for (size_t i = 0; i < plan->estate->acl_of_subnet.size; i++) {
        const struct network_acl *acl = plan->estate->acl_of_subnet.slots[i].value;
        if (acl != NULL && resource->id_before != NULL && strcmp(acl->id, resource->id_before) == 0)
            plan->estate->acl_of_subnet.slots[i].value = NULL; // back to the VPC's default ACL
    }
}

static void put_acl_rule(struct plan_reader *plan, const struct resource *resource)
{
    struct network_acl *acl = map_get(&plan->estate->network_acls, reference(plan, resource, "network_acl_id"));
    if (acl == NULL)
        lacking(plan, resource, "network_acl_id");
    else
        add_entry(plan, resource, acl, resource->after, flag(resource->after, "egress", false), "rule_number",
                  "rule_action");
}

static void remove_acl_rule(struct plan_reader *plan, const struct resource *resource)
{
    struct network_acl *acl = map_get(&plan->estate->network_acls, attribute(plan, resource->before, "network_acl_id"));
    if (acl != NULL)
        drop_entry(acl, (int)number(resource->before, "rule_number", -1), flag(resource->before, "egress", false));
}

static void put_acl_association(struct plan_reader *plan, const struct resource *resource)
{
    const char *subnet = reference(plan, resource, "subnet_id");
    struct network_acl *acl = map_get(&plan->estate->network_acls, reference(plan, resource, "network_acl_id"));
    if (subnet != NULL)
        map_put(plan->arena, &plan->estate->acl_of_subnet, subnet, acl);
}

static struct security_group *own_group(struct plan_reader *plan, const char *id)
{
    return map_get(&plan->estate->security_groups, id);
}

static void add_prefixes(struct plan_reader *plan, struct security_group_rule *rule, const cJSON *list)
{
    const cJSON *item;
    struct prefix prefix;
    cJSON_ArrayForEach (item, list)
        if (cJSON_IsString(item) && prefix_parse(item->valuestring, false, &prefix) == PREFIX_OK)
            *vector_add(plan->arena, &rule->prefixes) = prefix;
}

// One rule as blocks and aws_security_group_rule write it. False where it makes no sense.
static bool rule_of(struct plan_reader *plan, const struct resource *resource, const cJSON *values,
                    const cJSON *unknown, struct security_group_rule *rule)
{
    static const char *const sources[] = {"cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids"};
    const cJSON *item;
    *rule = (struct security_group_rule){.high = PORT_LAST};
    if (!protocol_of(plan, values, "protocol", &rule->protocol) &&
        !protocol_of(plan, values, "ip_protocol", &rule->protocol))
        return false;
    if (protocol_is_icmp(rule->protocol))
        icmp_numbers(number(values, "from_port", -1), number(values, "to_port", -1), &rule->low, &rule->high);
    else
        port_numbers(values, rule->protocol, &rule->low, &rule->high);
    add_prefixes(plan, rule, cJSON_GetObjectItemCaseSensitive(values, "cidr_blocks"));
    add_prefixes(plan, rule, cJSON_GetObjectItemCaseSensitive(values, "ipv6_cidr_blocks"));
    cJSON_ArrayForEach (item, cJSON_GetObjectItemCaseSensitive(values, "prefix_list_ids"))
        if (cJSON_IsString(item))
            *vector_add(plan->arena, &rule->prefix_lists) = arena_strdup(plan->arena, item->valuestring);
    // aws_vpc_security_group_ingress_rule names one source
    static const char *const single[] = {"cidr_ipv4", "cidr_ipv6"};
    for (size_t i = 0; i < 2; i++) {
        struct prefix prefix;
        const char *text = attribute(plan, values, single[i]);
        if (text != NULL && prefix_parse(text, true, &prefix) == PREFIX_OK)
            *vector_add(plan->arena, &rule->prefixes) = prefix;
        if (is_unknown(unknown, single[i]))
            *vector_add(plan->arena, &rule->prefix_lists) = unknown_text(plan, resource, single[i]);
    }
    const char *list = attribute(plan, values, "prefix_list_id");
    if (list != NULL || is_unknown(unknown, "prefix_list_id"))
        *vector_add(plan->arena, &rule->prefix_lists) =
            list != NULL ? list : unknown_text(plan, resource, "prefix_list_id");
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        const cJSON *mark = cJSON_GetObjectItemCaseSensitive(unknown, sources[i]), *one;
        bool some = cJSON_IsTrue(mark);
        cJSON_ArrayForEach (one, mark)
            some = some || cJSON_IsTrue(one);
        if (some) // sources that only apply tells: like a prefix list whose entries are not there
            *vector_add(plan->arena, &rule->prefix_lists) = unknown_text(plan, resource, sources[i]);
    }
    return true;
}

static void number_rules(struct security_group *group)
{
    for (size_t i = 0; i < group->ingress.count; i++)
        group->ingress.items[i].index = i;
}

static void put_group(struct plan_reader *plan, const struct resource *resource)
{
    struct security_group *group = own_group(plan, resource->id);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(resource->after, "ingress"), *item;
    const cJSON *unknown = cJSON_GetObjectItemCaseSensitive(resource->unknown, "ingress");
    if (group == NULL) {
        group = arena_new_of(plan->arena, struct security_group);
        group->id = resource->id;
        map_put(plan->arena, &plan->estate->security_groups, group->id, group);
    }
    group->name = attribute(plan, resource->after, "name");
    group->vpc_id = reference(plan, resource, "vpc_id");
    if (!cJSON_IsArray(list))
        return; // rules of resources of their own
    group->ingress.count = 0;
    int index = 0;
    cJSON_ArrayForEach (item, list) {
        struct security_group_rule rule;
        if (rule_of(plan, resource, item, cJSON_GetArrayItem(unknown, index++), &rule))
            *vector_add(plan->arena, &group->ingress) = rule;
    }
    number_rules(group);
}

static bool same_prefix(struct prefix a, struct prefix b)
{
    return a.family == b.family && a.length == b.length && a.first == b.first;
}

// Takes the sources of `gone` out of the group's rules for the same protocol and ports.
static void drop_rule(struct security_group *group, const struct security_group_rule *gone)
{
    uint32_t kept = 0;
    for (uint32_t r = 0; r < group->ingress.count; r++) {
        struct security_group_rule *rule = &group->ingress.items[r];
        if (rule->protocol == gone->protocol && rule->low == gone->low && rule->high == gone->high) {
            uint32_t left = 0;
            for (uint32_t i = 0; i < rule->prefixes.count; i++) {
                bool match = false;
                for (size_t g = 0; g < gone->prefixes.count; g++)
                    match = match || same_prefix(rule->prefixes.items[i], gone->prefixes.items[g]);
                if (!match)
                    rule->prefixes.items[left++] = rule->prefixes.items[i];
            }
            rule->prefixes.count = left;
            left = 0;
            for (uint32_t i = 0; i < rule->prefix_lists.count; i++) {
                bool match = false;
                for (size_t g = 0; g < gone->prefix_lists.count; g++)
                    match = match || strcmp(rule->prefix_lists.items[i], gone->prefix_lists.items[g]) == 0;
                if (!match)
                    rule->prefix_lists.items[left++] = rule->prefix_lists.items[i];
            }
            rule->prefix_lists.count = left;
            if (rule->prefixes.count + rule->prefix_lists.count + rule->groups.count == 0)
                continue;
        }
        group->ingress.items[kept++] = *rule;
    }
    group->ingress.count = kept;
}

static bool is_ingress(struct plan_reader *plan, const cJSON *values)
{
    const char *type = attribute(plan, values, "type"); // aws_vpc_security_group_ingress_rule has none
    return type == NULL || strcmp(type, "ingress") == 0;
}

static void remove_group_rule(struct plan_reader *plan, const struct resource *resource)
{
    struct security_group *group = own_group(plan, attribute(plan, resource->before, "security_group_id"));
    struct security_group_rule gone;
    if (group != NULL && is_ingress(plan, resource->before) && rule_of(plan, resource, resource->before, NULL, &gone))
        drop_rule(group, &gone);
}

static void put_group_rule(struct plan_reader *plan, const struct resource *resource)
{
    struct security_group_rule rule;
    if (!is_ingress(plan, resource->after))
        return;
    if (resource->before != NULL && !resource->replaced)
        remove_group_rule(plan, resource);
    struct security_group *group = own_group(plan, reference(plan, resource, "security_group_id"));
    if (group == NULL || !rule_of(plan, resource, resource->after, resource->unknown, &rule)) {
        lacking(plan, resource, "security_group_id");
        return;
    }
    rule.index = group->ingress.count > 0 ? group->ingress.items[group->ingress.count - 1].index + 1 : 0;
    *vector_add(plan->arena, &group->ingress) = rule;
}

static const struct resource_type types[] = {
    {"aws_network_acl", remove_acl, put_acl},
    {"aws_default_network_acl", NULL, put_acl},
    {"aws_network_acl_rule", remove_acl_rule, put_acl_rule},
    {"aws_network_acl_association", NULL, put_acl_association},
    {"aws_security_group", NULL, put_group},
    {"aws_default_security_group", NULL, put_group},
    {"aws_security_group_rule", remove_group_rule, put_group_rule},
    {"aws_vpc_security_group_ingress_rule", remove_group_rule, put_group_rule},
    {"aws_vpc_security_group_egress_rule", NULL, NULL}, // what goes out is not what is exposed
};

const struct resource_types terraform_rules = {types, sizeof(types) / sizeof(types[0])};
