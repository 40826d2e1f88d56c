// What each type of Terraform resource does to the estate. Attribute names: hashicorp/aws provider, version 5.
#include <stdlib.h>
#include <string.h>

#include "aws/terraform_plan.h"
#include "model/protocol.h"

static void lacking(struct plan_reader *plan, const struct resource *resource, const char *key)
{
    *vector_add(plan->arena, &plan->report->unknown) =
        arena_printf(plan->arena, "%s: %s is not known before apply: not considered", resource->address, key);
}

// ---- VPCs, subnets, gateways

static struct network_acl_entry allow_all(enum family family, bool egress)
{
    return (struct network_acl_entry){.number = family == FAMILY_IPV4 ? 100 : 101,
                                      .egress = egress,
                                      .allow = true,
                                      .protocol = PROTOCOL_ANY,
                                      .high = PORT_LAST,
                                      .prefix = {.family = family}};
}

static void add_local_route(struct plan_reader *plan, struct route_table *table, const char *cidr)
{
    struct prefix prefix;
    if (cidr != NULL && prefix_parse(cidr, false, &prefix) == PREFIX_OK)
        *vector_add(plan->arena, &table->routes) =
            (struct route){.prefix = prefix, .target = ROUTE_LOCAL, .target_id = "local", .active = true};
}

// The main table's local routes, which every table of the VPC has.
static void copy_local_routes(struct plan_reader *plan, struct route_table *table)
{
    const struct route_table *main_table = map_get(&plan->estate->main_table_of_vpc, table->vpc_id);
    for (size_t i = 0; main_table != NULL && i < main_table->routes.count; i++)
        if (main_table->routes.items[i].target == ROUTE_LOCAL)
            *vector_add(plan->arena, &table->routes) = main_table->routes.items[i];
}

// A new VPC comes with a default ACL that allows all and a main route table with its local route only.
// https://docs.aws.amazon.com/vpc/latest/userguide/configure-your-vpc.html
static void put_vpc(struct plan_reader *plan, const struct resource *resource)
{
    struct arena *arena = plan->arena;
    if (resource->before != NULL && !resource->replaced)
        return;
    struct network_acl *acl = arena_new_of(arena, struct network_acl);
    acl->id = arena_printf(arena, "%s default ACL", resource->address);
    acl->vpc_id = resource->id;
    acl->is_default = true;
    for (int egress = 0; egress < 2; egress++) {
        *vector_add(arena, &acl->entries) = allow_all(FAMILY_IPV4, egress != 0);
        *vector_add(arena, &acl->entries) = allow_all(FAMILY_IPV6, egress != 0);
    }
    map_put(arena, &plan->estate->network_acls, acl->id, acl);
    map_put(arena, &plan->estate->default_acl_of_vpc, resource->id, acl);
    struct route_table *table = arena_new_of(arena, struct route_table);
    table->id = arena_printf(arena, "%s main route table", resource->address);
    table->vpc_id = resource->id;
    table->is_main = true;
    add_local_route(plan, table, attribute(plan, resource->after, "cidr_block"));
    add_local_route(plan, table, attribute(plan, resource->after, "ipv6_cidr_block"));
    map_put(arena, &plan->estate->route_tables, table->id, table);
    map_put(arena, &plan->estate->main_table_of_vpc, resource->id, table);
}

static void put_subnet(struct plan_reader *plan, const struct resource *resource)
{
    bool certain;
    struct subnet *subnet = map_get(&plan->estate->subnets, resource->id);
    if (subnet == NULL)
        subnet = arena_new_of(plan->arena, struct subnet);
    subnet->id = resource->id;
    subnet->vpc_id = reference(plan, resource, "vpc_id", &certain);
    subnet->public_ip_on_launch = flag(resource->after, "map_public_ip_on_launch", false);
    map_put(plan->arena, &plan->estate->subnets, subnet->id, subnet);
}

static void detach_gateway(struct plan_reader *plan, const char *id)
{
    for (size_t i = 0; i < plan->estate->gateway_of_vpc.size; i++) {
        struct internet_gateway *gateway = plan->estate->gateway_of_vpc.slots[i].value;
        if (gateway != NULL && id != NULL && strcmp(gateway->id, id) == 0)
            plan->estate->gateway_of_vpc.slots[i].value = NULL;
    }
}

static void remove_gateway(struct plan_reader *plan, const struct resource *resource)
{
    detach_gateway(plan, resource->id_before);
}

static void attach_gateway(struct plan_reader *plan, const char *id, const char *vpc_id)
{
    struct internet_gateway *gateway = map_get(&plan->estate->internet_gateways, id);
    if (gateway == NULL) {
        gateway = arena_new_of(plan->arena, struct internet_gateway);
        gateway->id = id;
        map_put(plan->arena, &plan->estate->internet_gateways, id, gateway);
    }
    detach_gateway(plan, id);
    if (vpc_id != NULL)
        map_put(plan->arena, &plan->estate->gateway_of_vpc, vpc_id, gateway);
}

static void put_gateway(struct plan_reader *plan, const struct resource *resource)
{
    bool certain;
    attach_gateway(plan, resource->id, reference(plan, resource, "vpc_id", &certain));
}

static void put_gateway_attachment(struct plan_reader *plan, const struct resource *resource)
{
    bool certain;
    const char *id = reference(plan, resource, "internet_gateway_id", &certain);
    if (id != NULL)
        attach_gateway(plan, id, reference(plan, resource, "vpc_id", &certain));
}

static void remove_gateway_attachment(struct plan_reader *plan, const struct resource *resource)
{
    detach_gateway(plan, attribute(plan, resource->before, "internet_gateway_id"));
}

// ---- Route tables

static const struct {
    const char *key;
    enum route_target target;
} route_keys[] = {
    {"gateway_id", ROUTE_UNKNOWN},
    {"nat_gateway_id", ROUTE_ELSEWHERE},
    {"transit_gateway_id", ROUTE_ELSEWHERE},
    {"vpc_peering_connection_id", ROUTE_ELSEWHERE},
    {"egress_only_gateway_id", ROUTE_ELSEWHERE},
    {"local_gateway_id", ROUTE_ELSEWHERE},
    {"carrier_gateway_id", ROUTE_ELSEWHERE},
    {"core_network_arn", ROUTE_ELSEWHERE},
    {"vpc_endpoint_id", ROUTE_APPLIANCE},
    {"network_interface_id", ROUTE_APPLIANCE},
    {"instance_id", ROUTE_APPLIANCE},
};

static enum route_target kind_of_gateway(const char *id)
{
    if (strncmp(id, "igw-", 4) == 0 || strstr(id, "aws_internet_gateway.") != NULL)
        return ROUTE_INTERNET_GATEWAY;
    if (strcmp(id, "local") == 0)
        return ROUTE_LOCAL;
    if (strncmp(id, "vgw-", 4) == 0 || strstr(id, "aws_vpn_gateway.") != NULL)
        return ROUTE_ELSEWHERE;
    return strncmp(id, "vpce-", 5) == 0 ? ROUTE_APPLIANCE : ROUTE_UNKNOWN;
}

// The destination of `values` under one of its possible names. False where it has none.
static bool destination_of(struct plan_reader *plan, const cJSON *values, struct route *route)
{
    static const char *const keys[] = {"destination_cidr_block", "cidr_block", "destination_ipv6_cidr_block",
                                       "ipv6_cidr_block"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *text = attribute(plan, values, keys[i]);
        if (text != NULL)
            return prefix_parse(text, false, &route->prefix) == PREFIX_OK;
    }
    route->prefix_list = attribute(plan, values, "destination_prefix_list_id");
    return route->prefix_list != NULL;
}

static bool same_destination(const struct route *a, const struct route *b)
{
    if (a->prefix_list != NULL || b->prefix_list != NULL)
        return a->prefix_list != NULL && b->prefix_list != NULL && strcmp(a->prefix_list, b->prefix_list) == 0;
    return a->prefix.family == b->prefix.family && a->prefix.length == b->prefix.length &&
           a->prefix.first == b->prefix.first;
}

static void drop_route(struct route_table *table, const struct route *like)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < table->routes.count; i++)
        if (!same_destination(&table->routes.items[i], like) || table->routes.items[i].target == ROUTE_LOCAL)
            table->routes.items[kept++] = table->routes.items[i];
    table->routes.count = kept;
}

static struct route_table *own_table(struct plan_reader *plan, const char *id)
{
    return map_get(&plan->estate->route_tables, id);
}

// One route of `values`; targets that are unknown are looked up by the resource's own configuration.
static void add_route(struct plan_reader *plan, const struct resource *resource, struct route_table *table,
                      const cJSON *values, const cJSON *unknown, bool own)
{
    struct route route = {.active = true, .target = ROUTE_UNKNOWN};
    if (!destination_of(plan, values, &route)) {
        lacking(plan, resource, "the destination");
        return;
    }
    for (size_t i = 0; i < sizeof(route_keys) / sizeof(route_keys[0]) && route.target_id == NULL; i++) {
        bool certain = true;
        route.target_id =
            own ? reference(plan, resource, route_keys[i].key, &certain) : attribute(plan, values, route_keys[i].key);
        if (route.target_id == NULL && is_unknown(unknown, route_keys[i].key))
            route.target_id = unknown_text(plan, resource, route_keys[i].key);
        if (route.target_id != NULL)
            route.target =
                route_keys[i].target == ROUTE_UNKNOWN ? kind_of_gateway(route.target_id) : route_keys[i].target;
    }
    if (route.target_id == NULL)
        route.target_id = unknown_text(plan, resource, "target");
    drop_route(table, &route);
    *vector_add(plan->arena, &table->routes) = route;
}

static void put_route(struct plan_reader *plan, const struct resource *resource)
{
    bool certain;
    struct route_table *table = own_table(plan, reference(plan, resource, "route_table_id", &certain));
    if (table != NULL)
        add_route(plan, resource, table, resource->after, resource->unknown, true);
    else
        lacking(plan, resource, "route_table_id");
}

static void remove_route(struct plan_reader *plan, const struct resource *resource)
{
    struct route_table *table = own_table(plan, attribute(plan, resource->before, "route_table_id"));
    struct route route = {0};
    if (table != NULL && destination_of(plan, resource->before, &route))
        drop_route(table, &route);
}

static void put_route_table(struct plan_reader *plan, const struct resource *resource)
{
    struct route_table *table = own_table(plan, resource->id);
    const cJSON *routes = cJSON_GetObjectItemCaseSensitive(resource->after, "route"), *item;
    const cJSON *unknown = cJSON_GetObjectItemCaseSensitive(resource->unknown, "route");
    bool certain;
    if (table == NULL) {
        table = arena_new_of(plan->arena, struct route_table);
        table->id = resource->id;
        table->vpc_id = reference(plan, resource, "vpc_id", &certain);
        copy_local_routes(plan, table);
        map_put(plan->arena, &plan->estate->route_tables, table->id, table);
    } else if (cJSON_IsArray(routes)) {
        uint32_t kept = 0; // inline routes are the whole table but for what AWS puts there
        for (uint32_t i = 0; i < table->routes.count; i++)
            if (table->routes.items[i].target == ROUTE_LOCAL || table->routes.items[i].propagated)
                table->routes.items[kept++] = table->routes.items[i];
        table->routes.count = kept;
    }
    int index = 0;
    cJSON_ArrayForEach (item, routes)
        add_route(plan, resource, table, item, cJSON_GetArrayItem(unknown, index++), false);
}

static void put_table_association(struct plan_reader *plan, const struct resource *resource)
{
    bool certain;
    struct route_table *table = own_table(plan, reference(plan, resource, "route_table_id", &certain));
    const char *subnet = reference(plan, resource, "subnet_id", &certain);
    const char *gateway = reference(plan, resource, "gateway_id", &certain);
    if (table == NULL)
        lacking(plan, resource, "route_table_id");
    if (subnet != NULL)
        map_put(plan->arena, &plan->estate->table_of_subnet, subnet, table);
    if (gateway != NULL)
        map_put(plan->arena, &plan->estate->edge_table_of_gateway, gateway, table);
}

static void remove_table_association(struct plan_reader *plan, const struct resource *resource)
{
    const char *subnet = attribute(plan, resource->before, "subnet_id");
    const char *gateway = attribute(plan, resource->before, "gateway_id");
    if (subnet != NULL)
        map_put(plan->arena, &plan->estate->table_of_subnet, subnet, NULL);
    if (gateway != NULL)
        map_put(plan->arena, &plan->estate->edge_table_of_gateway, gateway, NULL);
}

static void put_main_association(struct plan_reader *plan, const struct resource *resource)
{
    bool certain;
    struct route_table *table = own_table(plan, reference(plan, resource, "route_table_id", &certain));
    const char *vpc = reference(plan, resource, "vpc_id", &certain);
    if (table != NULL && vpc != NULL)
        map_put(plan->arena, &plan->estate->main_table_of_vpc, vpc, table);
    else
        lacking(plan, resource, "route_table_id");
}

// ---- Network ACLs

static int by_number(const void *left, const void *right)
{
    const struct network_acl_entry *a = left, *b = right;
    return a->number - b->number;
}

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
    bool certain;
    if (acl == NULL) {
        acl = arena_new_of(plan->arena, struct network_acl);
        acl->id = resource->id;
        acl->vpc_id = reference(plan, resource, "vpc_id", &certain);
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
    bool certain;
    struct network_acl *acl =
        map_get(&plan->estate->network_acls, reference(plan, resource, "network_acl_id", &certain));
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
    bool certain;
    const char *subnet = reference(plan, resource, "subnet_id", &certain);
    struct network_acl *acl =
        map_get(&plan->estate->network_acls, reference(plan, resource, "network_acl_id", &certain));
    if (subnet != NULL)
        map_put(plan->arena, &plan->estate->acl_of_subnet, subnet, acl);
}

// ---- Security groups

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
    bool certain;
    if (group == NULL) {
        group = arena_new_of(plan->arena, struct security_group);
        group->id = resource->id;
        map_put(plan->arena, &plan->estate->security_groups, group->id, group);
    }
    group->name = attribute(plan, resource->after, "name");
    group->vpc_id = reference(plan, resource, "vpc_id", &certain);
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
    bool certain;
    struct security_group_rule rule;
    if (!is_ingress(plan, resource->after))
        return;
    if (resource->before != NULL && !resource->replaced)
        remove_group_rule(plan, resource);
    struct security_group *group = own_group(plan, reference(plan, resource, "security_group_id", &certain));
    if (group == NULL || !rule_of(plan, resource, resource->after, resource->unknown, &rule)) {
        lacking(plan, resource, "security_group_id");
        return;
    }
    rule.index = group->ingress.count > 0 ? group->ingress.items[group->ingress.count - 1].index + 1 : 0;
    *vector_add(plan->arena, &group->ingress) = rule;
}

// ---- Instances, interfaces, addresses

static struct network_interface *interface_with(struct plan_reader *plan, const char *id)
{
    return estate_interface(plan->estate, id);
}

static struct network_interface *primary_of(struct plan_reader *plan, const char *instance_id)
{
    struct network_interface *best = NULL;
    for (size_t i = 0; instance_id != NULL && i < plan->estate->interfaces.count; i++) {
        struct network_interface *one = plan->estate->interfaces.items[i];
        if (one->instance_id != NULL && strcmp(one->instance_id, instance_id) == 0 &&
            (best == NULL || one->device_index == 0))
            best = one;
    }
    return best;
}

static void set_groups(struct plan_reader *plan, struct network_interface *interface, struct id_list ids)
{
    struct group_set *set = arena_new_of(plan->arena, struct group_set);
    struct text key = {0};
    sort_texts(ids.items.items, ids.items.count);
    text_puts(&key, "terraform");
    for (size_t i = 0; i < ids.items.count; i++)
        text_printf(&key, "|%s", ids.items.items[i]);
    *set = (struct group_set){.key = arena_strdup(plan->arena, key.bytes),
                              .ids = ids.items.items,
                              .count = ids.items.count,
                              .number = UINT32_MAX - 1};
    interface->groups = set;
    text_free(&key);
}

static struct network_interface *add_interface(struct plan_reader *plan, const char *id)
{
    struct network_interface *interface = arena_new_of(plan->arena, struct network_interface);
    static const struct interface_place nowhere = {"unknown", "unknown", "unknown", NULL};
    interface->id = id;
    interface->place = &nowhere;
    interface->type = "interface";
    interface->device_index = -1;
    estate_add_interface(plan->estate, interface);
    return interface;
}

// Where an interface lies tells its VPC; others of that VPC tell its account and region.
static void place_interface(struct plan_reader *plan, struct network_interface *interface, const char *subnet_id)
{
    const struct subnet *subnet = map_get(&plan->estate->subnets, subnet_id);
    struct interface_place *place = arena_new_of(plan->arena, struct interface_place);
    *place = *interface->place;
    place->subnet_id = subnet_id;
    interface->place = place;
    if (subnet == NULL || subnet->vpc_id == NULL)
        return;
    place->vpc_id = subnet->vpc_id;
    for (size_t i = 0; i < plan->estate->interfaces.count; i++) {
        const struct network_interface *other = plan->estate->interfaces.items[i];
        if (other != interface && strcmp(other->place->vpc_id, subnet->vpc_id) == 0) {
            place->account_id = other->place->account_id;
            place->region = other->place->region;
            return;
        }
    }
}

static void give_address(struct plan_reader *plan, struct network_interface *interface, struct address address,
                         struct address private_address)
{
    size_t count = interface->address_count;
    struct interface_address *addresses = arena_array(plan->arena, struct interface_address, count + 1);
    if (count > 0)
        memcpy(addresses, interface->addresses, count * sizeof(*addresses));
    addresses[count] = (struct interface_address){
        .address = {.family = address.family, .length = (uint8_t)family_width(address.family), .first = address.bits},
        .private_address = private_address};
    interface->addresses = addresses;
    interface->address_count = (uint16_t)(count + 1);
}

// An address that AWS will choose: 0.0.0.0/8 is nobody's (RFC 1122), and stands for it (endpoint_address).
static struct address pending_address(struct plan_reader *plan, enum family family)
{
    return (struct address){.family = family, .bits = ++plan->pending};
}

static struct address private_of(struct plan_reader *plan, const cJSON *values, const char *key,
                                 const struct network_interface *interface)
{
    struct address address;
    const char *text = attribute(plan, values, key);
    if (text != NULL && address_parse(text, &address))
        return address;
    if (interface->private_ipv4_count > 0)
        return (struct address){.family = FAMILY_IPV4, .bits = interface->private_ipv4[0]};
    return (struct address){.family = FAMILY_IPV4};
}

static void give_ipv6(struct plan_reader *plan, const struct resource *resource, struct network_interface *interface)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(resource->after, "ipv6_addresses"), *item;
    size_t given = 0;
    cJSON_ArrayForEach (item, list) {
        struct address address;
        if (cJSON_IsString(item) && address_parse(item->valuestring, &address)) {
            give_address(plan, interface, address, address);
            given++;
        }
    }
    for (long i = 0; given == 0 && i < number(resource->after, "ipv6_address_count", 0) && i < 64; i++) {
        struct address address = pending_address(plan, FAMILY_IPV6);
        give_address(plan, interface, address, address);
    }
}

static void add_instance(struct plan_reader *plan, const struct resource *resource)
{
    struct arena *arena = plan->arena;
    struct instance *instance = arena_new_of(arena, struct instance);
    bool certain;
    instance->id = resource->id;
    instance->state = "running";
    const char *name = attribute(plan, cJSON_GetObjectItemCaseSensitive(resource->after, "tags"), "Name");
    if (name != NULL) {
        const char **tags = arena_array(arena, const char *, 2);
        tags[0] = "Name";
        tags[1] = name;
        instance->tags = tags;
        instance->tag_count = 2;
    }
    map_put(arena, &plan->estate->instances, instance->id, instance);
    const char *subnet_id = reference(plan, resource, "subnet_id", &certain);
    if (subnet_id == NULL && !is_unknown(resource->unknown, "subnet_id"))
        return; // its interfaces are resources of their own
    struct network_interface *interface =
        add_interface(plan, arena_printf(arena, "%s primary interface", resource->address));
    place_interface(plan, interface, subnet_id);
    interface->instance_id = instance->id;
    interface->device_index = 0;
    interface->attached = true;
    set_groups(plan, interface, references(plan, resource, "vpc_security_group_ids"));
    const struct subnet *subnet = map_get(&plan->estate->subnets, subnet_id);
    bool by_subnet = subnet == NULL || subnet->public_ip_on_launch;
    if (flag(resource->after, "associate_public_ip_address", by_subnet))
        give_address(plan, interface, pending_address(plan, FAMILY_IPV4),
                     private_of(plan, resource->after, "private_ip", interface));
    give_ipv6(plan, resource, interface);
}

static void put_instance(struct plan_reader *plan, const struct resource *resource)
{
    if (resource->before == NULL || resource->replaced) {
        add_instance(plan, resource);
        return;
    }
    struct network_interface *interface = primary_of(plan, resource->id);
    if (interface != NULL &&
        (cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(resource->after, "vpc_security_group_ids")) ||
         is_unknown(resource->unknown, "vpc_security_group_ids")))
        set_groups(plan, interface, references(plan, resource, "vpc_security_group_ids"));
}

static void remove_instance(struct plan_reader *plan, const struct resource *resource)
{
    struct instance *instance = map_get(&plan->estate->instances, resource->id_before);
    if (instance != NULL)
        instance->state = "terminated";
}

static void put_interface(struct plan_reader *plan, const struct resource *resource)
{
    struct network_interface *interface = interface_with(plan, resource->id);
    bool certain;
    if (interface == NULL) {
        interface = add_interface(plan, resource->id);
        place_interface(plan, interface, reference(plan, resource, "subnet_id", &certain));
        give_ipv6(plan, resource, interface);
        const cJSON *attachment =
            cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(resource->after, "attachment"), 0);
        interface->attached = attachment != NULL;
        interface->instance_id = attribute(plan, attachment, "instance");
    }
    if (cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(resource->after, "security_groups")) ||
        is_unknown(resource->unknown, "security_groups"))
        set_groups(plan, interface, references(plan, resource, "security_groups"));
}

static void remove_interface(struct plan_reader *plan, const struct resource *resource)
{
    struct network_interface *interface = interface_with(plan, resource->id_before);
    if (interface != NULL)
        interface->attached = false;
}

static void take_address(struct plan_reader *plan, const char *text)
{
    struct address address;
    if (text == NULL || !address_parse(text, &address))
        return;
    for (size_t i = 0; i < plan->estate->interfaces.count; i++) {
        struct network_interface *interface = plan->estate->interfaces.items[i];
        struct interface_address *kept = NULL;
        uint16_t count = 0;
        for (size_t a = 0; a < interface->address_count; a++)
            if (interface->addresses[a].address.family == address.family &&
                interface->addresses[a].address.first == address.bits)
                kept = arena_array(plan->arena, struct interface_address, interface->address_count);
        for (size_t a = 0; kept != NULL && a < interface->address_count; a++)
            if (interface->addresses[a].address.first != address.bits)
                kept[count++] = interface->addresses[a];
        if (kept != NULL) {
            interface->addresses = kept;
            interface->address_count = count;
        }
    }
}

// Puts an Elastic IP on the interface or instance that `resource` names by these keys.
static void associate(struct plan_reader *plan, const struct resource *resource, const char *public_ip,
                      const char *interface_key, const char *instance_key, const char *private_key)
{
    bool certain;
    const char *interface_id = reference(plan, resource, interface_key, &certain);
    const char *instance_id = reference(plan, resource, instance_key, &certain);
    struct network_interface *interface =
        interface_id != NULL ? interface_with(plan, interface_id) : primary_of(plan, instance_id);
    struct address address;
    if (interface_id == NULL && instance_id == NULL)
        return;
    if (interface == NULL) {
        lacking(plan, resource, interface_id != NULL ? interface_key : instance_key);
        return;
    }
    take_address(plan, public_ip);
    if (public_ip == NULL || !address_parse(public_ip, &address))
        address = pending_address(plan, FAMILY_IPV4);
    give_address(plan, interface, address, private_of(plan, resource->after, private_key, interface));
}

static void put_address(struct plan_reader *plan, const struct resource *resource)
{
    if (resource->before != NULL && !resource->replaced) {
        bool certain;
        const char *was = attribute(plan, resource->before, "network_interface");
        const char *is = reference(plan, resource, "network_interface", &certain);
        const char *was_on = attribute(plan, resource->before, "instance");
        const char *is_on = reference(plan, resource, "instance", &certain);
        bool same = (was == is || (was != NULL && is != NULL && strcmp(was, is) == 0)) &&
                    (was_on == is_on || (was_on != NULL && is_on != NULL && strcmp(was_on, is_on) == 0));
        if (same)
            return;
        take_address(plan, attribute(plan, resource->before, "public_ip"));
    }
    associate(plan, resource, attribute(plan, resource->after, "public_ip"), "network_interface", "instance",
              "associate_with_private_ip");
}

static void remove_address(struct plan_reader *plan, const struct resource *resource)
{
    take_address(plan, attribute(plan, resource->before, "public_ip"));
}

static void put_address_association(struct plan_reader *plan, const struct resource *resource)
{
    bool certain;
    const char *allocation = reference(plan, resource, "allocation_id", &certain);
    const char *public_ip = attribute(plan, resource->after, "public_ip");
    for (size_t i = 0; public_ip == NULL && allocation != NULL && i < plan->by_bare.size; i++) {
        const struct resource *one = plan->by_bare.slots[i].value;
        if (one != NULL && one->id != NULL && strcmp(one->id, allocation) == 0)
            public_ip = attribute(plan, one->after, "public_ip");
    }
    associate(plan, resource, public_ip, "network_interface_id", "instance_id", "private_ip_address");
}

const struct resource_type terraform_types[] = {
    {"aws_vpc", NULL, put_vpc},
    {"aws_internet_gateway", remove_gateway, put_gateway},
    {"aws_internet_gateway_attachment", remove_gateway_attachment, put_gateway_attachment},
    {"aws_subnet", NULL, put_subnet},
    {"aws_route_table", NULL, put_route_table},
    {"aws_default_route_table", NULL, put_route_table},
    {"aws_route", remove_route, put_route},
    {"aws_route_table_association", remove_table_association, put_table_association},
    {"aws_main_route_table_association", NULL, put_main_association},
    {"aws_network_acl", remove_acl, put_acl},
    {"aws_default_network_acl", NULL, put_acl},
    {"aws_network_acl_rule", remove_acl_rule, put_acl_rule},
    {"aws_network_acl_association", NULL, put_acl_association},
    {"aws_security_group", NULL, put_group},
    {"aws_default_security_group", NULL, put_group},
    {"aws_security_group_rule", remove_group_rule, put_group_rule},
    {"aws_vpc_security_group_ingress_rule", remove_group_rule, put_group_rule},
    {"aws_vpc_security_group_egress_rule", NULL, NULL}, // what goes out is not what is exposed
    {"aws_instance", remove_instance, put_instance},
    {"aws_network_interface", remove_interface, put_interface},
    {"aws_eip", remove_address, put_address},
    {"aws_eip_association", remove_address, put_address_association},
};

const size_t terraform_type_count = sizeof(terraform_types) / sizeof(terraform_types[0]);
