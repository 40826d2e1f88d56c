// Terraform resources that make the network: VPCs, subnets, gateways, Block Public Access.
// Attribute names: hashicorp/aws provider, versions 3 to 6.
#include <stdlib.h>
#include <string.h>

#include "aws/terraform/plan.h"
#include "model/protocol.h"

static struct network_acl_entry allow_all(enum family family, bool egress)
{
    return (struct network_acl_entry){.number = family == FAMILY_IPV4 ? 100 : 101,
                                      .egress = egress,
                                      .allow = true,
                                      .protocol = PROTOCOL_ANY,
                                      .high = PORT_LAST,
                                      .prefix = {.family = family}};
}

static int by_number(const void *left, const void *right)
{
    const struct network_acl_entry *a = left, *b = right;
    return a->number - b->number;
}

static void add_local_route(struct plan_reader *plan, struct route_table *table, const char *cidr)
{
    struct prefix prefix;
    if (cidr != NULL && prefix_parse(cidr, false, &prefix) == PREFIX_OK)
        *vector_add(plan->arena, &table->routes) =
            (struct route){.prefix = prefix, .target = ROUTE_LOCAL, .target_id = "local", .active = true};
}

static void make_default_acl(struct plan_reader *plan, const char *vpc_id)
{
    struct arena *arena = plan->arena;
    struct network_acl *acl = arena_new_of(arena, struct network_acl);
    acl->id = arena_printf(arena, "%s default ACL", vpc_id);
    acl->vpc_id = vpc_id;
    acl->is_default = true;
    for (int egress = 0; egress < 2; egress++) {
        *vector_add(arena, &acl->entries) = allow_all(FAMILY_IPV4, egress != 0);
        *vector_add(arena, &acl->entries) = allow_all(FAMILY_IPV6, egress != 0);
    }
    map_put(arena, &plan->estate->network_acls, acl->id, acl);
    map_put(arena, &plan->estate->default_acl_of_vpc, vpc_id, acl);
}

static void make_main_table(struct plan_reader *plan, const struct resource *resource)
{
    struct arena *arena = plan->arena;
    struct route_table *table = arena_new_of(arena, struct route_table);
    table->id = arena_printf(arena, "%s main route table", resource->id);
    table->vpc_id = resource->id;
    table->is_main = true;
    add_local_route(plan, table, attribute(plan, resource->after, "cidr_block"));
    add_local_route(plan, table, attribute(plan, resource->after, "ipv6_cidr_block"));
    estate_add_route_table(plan->estate, table);
    map_put(arena, &plan->estate->main_table_of_vpc, resource->id, table);
}

// With the first IPv6 block of a VPC, its default ACL is given entries that allow all IPv6, if nobody has changed it.
// https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html
void bring_ipv6(struct plan_reader *plan, const char *vpc_id)
{
    const struct vpc *vpc = map_get(&plan->estate->vpcs, vpc_id);
    struct network_acl *acl = map_get(&plan->estate->default_acl_of_vpc, vpc_id);
    bool plain = acl != NULL && vpc != NULL && vpc->ipv6_blocks.items.count == 0;
    size_t allows = 0;
    for (size_t i = 0; plain && i < acl->entries.count; i++) {
        const struct network_acl_entry *one = &acl->entries.items[i];
        bool last = one->number >= 32767, all = one->allow && one->protocol == PROTOCOL_ANY && one->number == 100 &&
                                                one->prefix.family == FAMILY_IPV4 && one->prefix.length == 0;
        plain = last || all;
        allows += all;
    }
    if (!plain || allows != 2)
        return;
    for (int egress = 0; egress < 2; egress++)
        *vector_add(plan->arena, &acl->entries) = allow_all(FAMILY_IPV6, egress != 0);
    qsort(acl->entries.items, acl->entries.count, sizeof(struct network_acl_entry), by_number);
}

static bool wants_ipv6(struct plan_reader *plan, const struct resource *resource)
{
    struct where where = whole(resource);
    const cJSON *block = member(resource->after, "ipv6_cidr_block");
    return (cJSON_IsString(block) && block->valuestring[0] != '\0') ||
           flag(resource->after, "assign_generated_ipv6_cidr_block", false) ||
           (is_unknown(resource->unknown, "ipv6_cidr_block") && may_be_configured(plan, &where, "ipv6_cidr_block"));
}

// A new VPC comes with a default ACL that allows all, a main route table with its local route only, and a default group
// that admits its own members only.
// https://docs.aws.amazon.com/vpc/latest/userguide/configure-your-vpc.html
static void put_vpc(struct plan_reader *plan, const struct resource *resource)
{
    struct arena *arena = plan->arena;
    struct vpc *vpc = map_get(&plan->estate->vpcs, resource->id);
    struct prefix prefix;
    const char *cidr = attribute(plan, resource->after, "cidr_block");
    if (!resource->creates) {
        if (map_get(&plan->estate->vpc_homes, resource->id) == NULL)
            say_not_held(plan, resource, "VPC", resource->id);
        if (wants_ipv6(plan, resource))
            bring_ipv6(plan, resource->id);
        return;
    }
    make_default_acl(plan, resource->id);
    make_main_table(plan, resource);
    struct interface_place place = plan_place(plan);
    struct vpc_home *home = arena_new_of(arena, struct vpc_home);
    *home = (struct vpc_home){.owner = place.account_id, .region = place.region};
    map_put(arena, &plan->estate->vpc_homes, resource->id, home);
    struct security_group *group = arena_new_of(arena, struct security_group);
    group->id = arena_printf(arena, "%s default security group", resource->id);
    group->name = "default";
    group->vpc_id = resource->id;
    group->has_egress = true;
    struct security_group_rule members = {.protocol = PROTOCOL_ANY, .high = PORT_LAST}, all = members;
    *vector_add(arena, &members.groups) = group->id;
    *vector_add(arena, &group->ingress) = members;
    *vector_add(arena, &all.prefixes) = (struct prefix){.family = FAMILY_IPV4};
    *vector_add(arena, &all.prefixes) = (struct prefix){.family = FAMILY_IPV6};
    *vector_add(arena, &group->egress) = all;
    map_put(arena, &plan->estate->security_groups, group->id, group);
    if (vpc == NULL) {
        vpc = arena_new_of(arena, struct vpc);
        vpc->id = resource->id;
        map_put(arena, &plan->estate->vpcs, resource->id, vpc);
    }
    if (cidr != NULL && prefix_parse(cidr, false, &prefix) == PREFIX_OK)
        *vector_add(arena, &vpc->ipv4_blocks) = prefix;
}

// Another block of a VPC's own addresses: every table of it has a local route there.
static void put_cidr_association(struct plan_reader *plan, const struct resource *resource)
{
    const char *vpc_id = meant(plan, resource, "vpc_id").id;
    if (strcmp(resource->type, "aws_vpc_ipv6_cidr_block_association") == 0 && resource->creates)
        bring_ipv6(plan, vpc_id);
    if (vpc_id == NULL || !resource->creates)
        return;
    struct route_table *table;
    for (size_t i = 0; (table = estate_table_of_vpc(plan->estate, vpc_id, i)) != NULL; i++) {
        if (!text_same(table->vpc_id, vpc_id))
            continue;
        add_local_route(plan, table, attribute(plan, resource->after, "cidr_block"));
        add_local_route(plan, table, attribute(plan, resource->after, "ipv6_cidr_block"));
    }
}

static void remove_local_route(struct route_table *table, const char *cidr)
{
    struct prefix prefix;
    uint32_t left = 0;
    if (cidr == NULL || prefix_parse(cidr, false, &prefix) != PREFIX_OK)
        return;
    for (uint32_t i = 0; i < table->routes.count; i++) {
        const struct route route = table->routes.items[i];
        if (route.target != ROUTE_LOCAL || route.prefix_list != NULL || !prefix_equal(route.prefix, prefix))
            table->routes.items[left++] = route;
    }
    table->routes.count = left;
}

static void remove_cidr_association(struct plan_reader *plan, const struct resource *resource)
{
    const char *vpc_id = attribute(plan, resource->before, "vpc_id");
    struct route_table *table;
    for (size_t i = 0; vpc_id != NULL && (table = estate_table_of_vpc(plan->estate, vpc_id, i)) != NULL; i++) {
        if (!text_same(table->vpc_id, vpc_id))
            continue;
        remove_local_route(table, attribute(plan, resource->before, "cidr_block"));
        remove_local_route(table, attribute(plan, resource->before, "ipv6_cidr_block"));
    }
}

static void put_subnet(struct plan_reader *plan, const struct resource *resource)
{
    struct subnet *subnet = map_get(&plan->estate->subnets, resource->id);
    if (subnet == NULL) {
        if (!resource->creates) {
            say_not_held(plan, resource, "subnet", resource->id);
            return;
        }
        subnet = arena_new_of(plan->arena, struct subnet);
        subnet->id = resource->id;
        struct meant vpc = meant(plan, resource, "vpc_id");
        subnet->vpc_id = vpc.id;
        subnet->doubt = vpc.doubt;
        const char *cidr = attribute(plan, resource->after, "cidr_block");
        if (cidr != NULL && prefix_parse(cidr, false, &subnet->cidr) != PREFIX_OK)
            subnet->cidr = (struct prefix){0};
        map_put(plan->arena, &plan->estate->subnets, subnet->id, subnet);
    }
    subnet->launch_told = true;
    subnet->ipv6_told = true;
    subnet->public_ip_on_launch = flag(resource->after, "map_public_ip_on_launch", false);
    subnet->ipv6_on_creation = flag(resource->after, "assign_ipv6_address_on_creation", false);
    subnet->has_ipv6 = subnet->has_ipv6 || wants_ipv6(plan, resource);
    if (subnet->has_ipv6) // then its VPC has some by then
        bring_ipv6(plan, subnet->vpc_id);
    if (is_unknown(resource->unknown, "map_public_ip_on_launch")) {
        subnet->public_ip_on_launch = true;
        subnet->doubt = doubt_of(plan, resource, "map_public_ip_on_launch");
    }
    if (is_unknown(resource->unknown, "assign_ipv6_address_on_creation")) {
        subnet->ipv6_on_creation = true;
        subnet->doubt = doubt_of(plan, resource, "assign_ipv6_address_on_creation");
    }
}

// Which subnet it adopts the plan does not tell: what lies in it is possible. Once adopted it is a subnet as others
// are.
static void put_default_subnet(struct plan_reader *plan, const struct resource *resource)
{
    if (!resource->creates)
        put_subnet(plan, resource);
}

// ---- Internet gateways

static void detach_gateway(struct plan_reader *plan, const char *id)
{
    struct internet_gateway *known = map_get(&plan->estate->internet_gateways, id);
    for (size_t i = 0; i < plan->estate->gateway_of_vpc.size; i++) {
        const struct internet_gateway *gateway = plan->estate->gateway_of_vpc.slots[i].value;
        if (gateway != NULL && id != NULL && strcmp(gateway->id, id) == 0)
            plan->estate->gateway_of_vpc.slots[i].value = NULL;
    }
    if (known != NULL)
        known->attachments_known = true;
}

static void remove_gateway(struct plan_reader *plan, const struct resource *resource)
{
    if (map_get(&plan->estate->internet_gateways, resource->id_before) == NULL)
        say_not_held(plan, resource, "internet gateway", resource->id_before);
    detach_gateway(plan, resource->id_before);
}

static void attach_gateway(struct plan_reader *plan, const char *id, struct meant vpc)
{
    struct internet_gateway *gateway = map_get(&plan->estate->internet_gateways, id);
    if (gateway == NULL) {
        gateway = arena_new_of(plan->arena, struct internet_gateway);
        gateway->id = id;
        map_put(plan->arena, &plan->estate->internet_gateways, id, gateway);
    }
    detach_gateway(plan, id);
    gateway->attachments_known = vpc.doubt == NULL;
    if (vpc.doubt != NULL)
        gateway->doubt = vpc.doubt; // what routes to it may be of the VPC that it will be attached to
    if (vpc.id != NULL)
        map_put(plan->arena, &plan->estate->gateway_of_vpc, vpc.id, gateway);
}

static void put_gateway(struct plan_reader *plan, const struct resource *resource)
{
    if (resource->creates)
        attach_gateway(plan, resource->id, meant_or_default(plan, resource, "vpc_id"));
    else if (map_get(&plan->estate->internet_gateways, resource->id) == NULL)
        say_not_held(plan, resource, "internet gateway", resource->id);
    else if (differs(resource, "vpc_id"))
        attach_gateway(plan, resource->id, meant(plan, resource, "vpc_id"));
}

static void put_gateway_attachment(struct plan_reader *plan, const struct resource *resource)
{
    struct meant gateway = meant(plan, resource, "internet_gateway_id"), vpc = meant(plan, resource, "vpc_id");
    if (gateway.id != NULL) {
        attach_gateway(plan, gateway.id, vpc);
        return;
    }
    for (size_t i = 0; i < plan->estate->internet_gateways.size; i++) { // any that is new
        const char *id = plan->estate->internet_gateways.slots[i].key;
        if (id != NULL && is_made(plan, "aws_internet_gateway", id))
            attach_gateway(plan, id, (struct meant){.doubt = gateway.doubt});
    }
}

static void remove_gateway_attachment(struct plan_reader *plan, const struct resource *resource)
{
    detach_gateway(plan, attribute(plan, resource->before, "internet_gateway_id"));
}

// ---- Block Public Access

// What VPCs and subnets said of their own mode no longer holds.
static void forget_block_states(struct plan_reader *plan, const char *vpc_id, const char *subnet_id, bool told)
{
    struct estate *estate = plan->estate;
    for (size_t i = 0; i < estate->vpcs.size; i++) {
        struct vpc *vpc = estate->vpcs.slots[i].value;
        if (vpc != NULL && vpc->says_block && (vpc_id == NULL || strcmp(vpc->id, vpc_id) == 0) && subnet_id == NULL) {
            vpc->says_block = !told;
            vpc->block = BLOCK_UNKNOWN;
        }
    }
    for (size_t i = 0; i < estate->subnets.size; i++) {
        struct subnet *subnet = estate->subnets.slots[i].value;
        bool meant_here = subnet != NULL && (subnet_id != NULL ? strcmp(subnet->id, subnet_id) == 0
                                             : vpc_id != NULL  ? text_same(subnet->vpc_id, vpc_id)
                                                               : true);
        if (meant_here && subnet->says_block) {
            subnet->says_block = !told;
            subnet->block = BLOCK_UNKNOWN;
        }
    }
}

// Of one that goes the configuration tells no provider: its own attribute tells its region. Where nothing does it may
// be the snapshot's, or not.
static void set_block(struct plan_reader *plan, const struct resource *resource, const char *mode)
{
    struct interface_place place = plan_place(plan);
    struct block_options *options = arena_new_of(plan->arena, struct block_options);
    const char *region = attribute(plan, resource->before, "aws_region");
    if (plan->estate->completeness.count != 1) {
        say(plan, "%s: of which account and region it is, the plan does not tell", resource->address);
        return;
    }
    if (region != NULL) {
        place.region = region;
    } else if (strcmp(place.region, "unknown") == 0) {
        place.region = plan->estate->completeness.items[0].region;
        mode = NULL;
    }
    const char *key = arena_printf(plan->arena, "%s|%s", place.account_id, place.region);
    options->mode = mode == NULL                               ? BLOCK_UNKNOWN
                    : strcmp(mode, "off") == 0                 ? BLOCK_OFF
                    : strcmp(mode, "block-ingress") == 0       ? BLOCK_INGRESS
                    : strcmp(mode, "block-bidirectional") == 0 ? BLOCK_BIDIRECTIONAL
                                                               : BLOCK_UNKNOWN;
    if (options->mode == BLOCK_UNKNOWN)
        doubt_of(plan, resource, "internet_gateway_block_mode");
    decides(plan, "gateway", NULL);
    map_put(plan->arena, &plan->estate->block_options, key, options);
    forget_block_states(plan, NULL, NULL, true);
}

static void put_block_options(struct plan_reader *plan, const struct resource *resource)
{
    set_block(plan, resource, attribute(plan, resource->after, "internet_gateway_block_mode"));
}

// Terraform turns it off, and CloudFormation cannot create it in mode "off", as that is the default:
// Documentation of the Terraform provider hashicorp/aws, resource aws_vpc_block_public_access_options;
// AWS CDK API reference, CfnVPCBlockPublicAccessOptionsProps.
static void remove_block_options(struct plan_reader *plan, const struct resource *resource)
{
    set_block(plan, resource, "off");
}

static void exclude(struct plan_reader *plan, const char *vpc, const char *subnet, struct block_exclusion *exclusion)
{
    bool told = estate_has(plan->estate, KIND_BLOCK_PUBLIC_ACCESS) || plan->estate->block_options.count > 0;
    if (vpc == NULL && subnet == NULL)
        return;
    decides(plan, "gateway", subnet != NULL ? subnet : vpc);
    map_put(plan->arena, &plan->estate->block_exclusion_of, subnet != NULL ? subnet : vpc, exclusion);
    forget_block_states(plan, vpc, subnet, told);
}

static void put_exclusion(struct plan_reader *plan, const struct resource *resource)
{
    struct meant vpc = meant(plan, resource, "vpc_id"), subnet = meant(plan, resource, "subnet_id");
    const char *mode = attribute(plan, resource->after, "internet_gateway_exclusion_mode");
    if (id_of(vpc) == NULL && id_of(subnet) == NULL)
        not_told(plan, resource, "its VPC or subnet");
    struct block_exclusion *exclusion = arena_new_of(plan->arena, struct block_exclusion);
    exclusion->lets_in = mode == NULL || strcmp(mode, "allow-egress") != 0;
    if (mode == NULL)
        exclusion->doubt = doubt_of(plan, resource, "internet_gateway_exclusion_mode");
    exclude(plan, vpc.id, subnet.id, exclusion);
}

static void remove_exclusion(struct plan_reader *plan, const struct resource *resource)
{
    exclude(plan, attribute(plan, resource->before, "vpc_id"), attribute(plan, resource->before, "subnet_id"), NULL);
}

static const struct resource_type types[] = {
    {"aws_vpc", NULL, put_vpc},
    {"aws_default_vpc", NULL, NULL}, // which VPC it adopts the plan does not tell: what lies in it is possible
    {"aws_vpc_ipv4_cidr_block_association", remove_cidr_association, put_cidr_association},
    {"aws_vpc_ipv6_cidr_block_association", remove_cidr_association, put_cidr_association},
    {"aws_internet_gateway", remove_gateway, put_gateway},
    {"aws_internet_gateway_attachment", remove_gateway_attachment, put_gateway_attachment},
    {"aws_subnet", NULL, put_subnet},
    {"aws_default_subnet", NULL, put_default_subnet},
    {"aws_vpc_block_public_access_options", remove_block_options, put_block_options},
    {"aws_vpc_block_public_access_exclusion", remove_exclusion, put_exclusion},
};

const struct resource_types terraform_network = {types, sizeof(types) / sizeof(types[0])};
