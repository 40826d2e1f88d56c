// Terraform resources that bear on what gets out of a VPC, or on who reaches whom inside, alone. NAT gateways and
// egress-only internet gateways are placed; of the others it is named which change.
#include <string.h>

#include "aws/terraform/plan.h"

// ---- NAT gateways and egress-only internet gateways

static void remove_nat(struct plan_reader *plan, const struct resource *resource)
{
    struct nat_gateway *nat = map_get(&plan->estate->nat_gateways, resource->id_before);
    if (nat == NULL)
        say_not_held(plan, resource, "NAT gateway", resource->id_before);
    else
        nat->presence = PRESENCE_NO;
}

// Its addresses are told by apply, if they are; a public one has one.
static void put_nat(struct plan_reader *plan, const struct resource *resource)
{
    struct estate *estate = plan->estate;
    if (!resource->creates) { // nothing that can change in place bears on where it leads
        if (map_get(&estate->nat_gateways, resource->id) == NULL)
            say_not_held(plan, resource, "NAT gateway", resource->id);
        return;
    }
    struct nat_gateway *nat = arena_new_of(plan->arena, struct nat_gateway);
    struct meant subnet_id = meant(plan, resource, "subnet_id");
    const struct subnet *subnet = subnet_id.id == NULL ? NULL : map_get(&estate->subnets, subnet_id.id);
    const char *kind = attribute(plan, resource->after, "connectivity_type");
    const char *mode = attribute(plan, resource->after, "availability_mode");
    bool is_public = text_same(kind, "public") || (kind == NULL && !is_unknown(resource->unknown, "connectivity_type"));
    *nat = (struct nat_gateway){.id = resource->id,
                                .vpc_id = subnet == NULL ? NULL : subnet->vpc_id,
                                .subnet_id = subnet_id.id,
                                .regional = text_same(mode, "regional"),
                                .mode_told = true,
                                .presence = PRESENCE_YES,
                                .connectivity = is_public                    ? NAT_PUBLIC
                                                : text_same(kind, "private") ? NAT_PRIVATE
                                                                             : NAT_UNSURE,
                                .doubt = subnet_id.doubt};
    if (nat->doubt == NULL && subnet == NULL)
        nat->doubt = doubt_of(plan, resource, "its subnet");
    map_put(plan->arena, &estate->nat_gateways, nat->id, nat);
    makes(plan, "%s", nat->id);
}

static void remove_egress(struct plan_reader *plan, const struct resource *resource)
{
    struct attached_gateway *gateway = map_get(&plan->estate->egress_gateways, resource->id_before);
    if (gateway == NULL)
        say_not_held(plan, resource, "egress-only internet gateway", resource->id_before);
    else
        gateway->presence = PRESENCE_NO;
}

static void put_egress(struct plan_reader *plan, const struct resource *resource)
{
    if (!resource->creates) {
        if (map_get(&plan->estate->egress_gateways, resource->id) == NULL)
            say_not_held(plan, resource, "egress-only internet gateway", resource->id);
        return;
    }
    struct attached_gateway *gateway = arena_new_of(plan->arena, struct attached_gateway);
    struct meant vpc = meant(plan, resource, "vpc_id");
    *gateway =
        (struct attached_gateway){.id = resource->id, .vpc_id = vpc.id, .presence = PRESENCE_YES, .doubt = vpc.doubt};
    map_put(plan->arena, &plan->estate->egress_gateways, gateway->id, gateway);
    makes(plan, "%s", gateway->id);
}

static const struct resource_type types[] = {
    {"aws_nat_gateway", remove_nat, put_nat},
    {"aws_egress_only_internet_gateway", remove_egress, put_egress},
};

const struct resource_types terraform_carriers = {types, sizeof(types) / sizeof(types[0])};

// ---- The others

// What carries packets between VPCs, and out of them.
static const char *const carriers[] = {"aws_ec2_transit_gateway*",
                                       "aws_nat_gateway_*",
                                       "aws_networkmanager_*",
                                       "aws_vpc_endpoint_policy",
                                       "aws_vpc_endpoint_security_group_association",
                                       "aws_vpc_endpoint_subnet_association",
                                       "aws_vpc_peering_connection*",
                                       "aws_vpn_connection*",
                                       "aws_vpn_gateway",
                                       "aws_vpn_gateway_attachment",
                                       "AWS::EC2::TransitGateway*",
                                       "AWS::EC2::VPCPeeringConnection",
                                       "AWS::EC2::VPNConnection*",
                                       "AWS::EC2::VPNGateway",
                                       "AWS::NetworkManager::*"};

// Attributes by which a service puts interfaces of its own into subnets or groups.
static const char *const placed_by[] = {"subnet_id",
                                        "subnet_ids",
                                        "subnets",
                                        "vpc_subnet_ids",
                                        "vpc_config",
                                        "security_group_ids",
                                        "security_groups",
                                        "vpc_options",
                                        "vpc_security_group_ids",
                                        "network_configuration",
                                        "SubnetId",
                                        "SubnetIds",
                                        "Subnets",
                                        "VpcConfig",
                                        "VPCOptions",
                                        "SecurityGroupIds",
                                        "SecurityGroups",
                                        "VPCSecurityGroups",
                                        "VpcSecurityGroupIds",
                                        "NetworkConfiguration"};

static bool is_set(const cJSON *values, const char *key)
{
    const cJSON *value = member(values, key);
    return value != NULL && !cJSON_IsNull(value) &&
           (cJSON_IsString(value) ? value->valuestring[0] != '\0' : cJSON_GetArraySize(value) > 0);
}

static bool places_interfaces(const struct resource *resource)
{
    size_t length = strlen(resource->type);
    static const char group[] = "subnet_group", other[] = "SubnetGroup";
    if ((length > sizeof(group) && strcmp(resource->type + length + 1 - sizeof(group), group) == 0) ||
        (length > sizeof(other) && strcmp(resource->type + length + 1 - sizeof(other), other) == 0))
        return false; // it is where a service may put some
    for (size_t i = 0; i < sizeof(placed_by) / sizeof(placed_by[0]); i++) {
        const char *key = placed_by[i];
        bool has = is_set(resource->after, key) || any_unknown(resource->unknown, key),
             had = is_set(resource->before, key);
        if ((resource->creates && has) || (resource->removes && had) || ((has || had) && differs(resource, key)))
            return true;
    }
    return false;
}

void list_carrier(struct plan_reader *plan, const struct resource *resource)
{
    const char *what = type_is_listed(resource->type, carriers, sizeof(carriers) / sizeof(carriers[0]))
                           ? "what it carries is not modelled"
                       : places_interfaces(resource) ? "which interfaces it has in its subnets only apply tells"
                                                     : NULL;
    if (what != NULL)
        *vector_add(plan->arena, &plan->report->carriers) =
            arena_printf(plan->arena, "%s: %s, so what gets out and who reaches whom inside may be more, or less",
                         resource->address, what);
}
