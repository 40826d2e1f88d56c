// Which resources an attribute's id can be of, and the form of ids and addresses.
#include "aws/terraform/kinds.h"

#include <string.h>

static const struct {
    const char *key;
    const char *types[KIND_TYPES];
} kinds[] = {
    {"vpc_id", {"aws_vpc", "aws_default_vpc"}},
    {"subnet_id", {"aws_subnet", "aws_default_subnet"}},
    {"subnet_ids", {"aws_subnet", "aws_default_subnet"}},
    {"subnets", {"aws_subnet", "aws_default_subnet"}},
    {"vpc_zone_identifier", {"aws_subnet", "aws_default_subnet"}},
    {"route_table_id", {"aws_route_table", "aws_default_route_table"}},
    {"network_acl_id", {"aws_network_acl", "aws_default_network_acl"}},
    {"gateway_id", {"aws_internet_gateway", "aws_vpn_gateway", "aws_vpc_endpoint"}},
    {"internet_gateway_id", {"aws_internet_gateway"}},
    {"nat_gateway_id", {"aws_nat_gateway"}},
    {"transit_gateway_id", {"aws_ec2_transit_gateway"}},
    {"egress_only_gateway_id", {"aws_egress_only_internet_gateway"}},
    {"vpc_endpoint_id", {"aws_vpc_endpoint"}},
    {"vpc_peering_connection_id", {"aws_vpc_peering_connection", "aws_vpc_peering_connection_accepter"}},
    {"security_group_id", {"aws_security_group", "aws_default_security_group"}},
    {"source_security_group_id", {"aws_security_group", "aws_default_security_group"}},
    {"referenced_security_group_id", {"aws_security_group", "aws_default_security_group"}},
    {"security_group_ids", {"aws_security_group", "aws_default_security_group"}},
    {"vpc_security_group_ids", {"aws_security_group", "aws_default_security_group"}},
    {"security_groups", {"aws_security_group", "aws_default_security_group"}},
    {"network_interface", {"aws_network_interface"}},
    {"network_interface_id", {"aws_network_interface"}},
    {"instance", {"aws_instance", "aws_spot_instance_request"}},
    {"instance_id", {"aws_instance", "aws_spot_instance_request"}},
    {"allocation_id", {"aws_eip"}},
    {"prefix_list_id", {"aws_ec2_managed_prefix_list"}},
    {"prefix_list_ids", {"aws_ec2_managed_prefix_list"}},
    {"destination_prefix_list_id", {"aws_ec2_managed_prefix_list"}},
    {"load_balancer_arn", {"aws_lb", "aws_alb"}},
    {"target_group_arn", {"aws_lb_target_group", "aws_alb_target_group"}},
    {"listener_arn", {"aws_lb_listener", "aws_alb_listener"}},
    {"elb", {"aws_elb"}},
    {"launch_template", {"aws_launch_template", "aws_launch_configuration"}},
    {"default_route_table_id", {"aws_route_table"}},
    {"default_network_acl_id", {"aws_network_acl"}},
};

const char *const *kind_types(const char *key)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].key, key) == 0)
            return kinds[i].types;
    return NULL;
}

bool is_of_kind(const struct resource *resource, const char *key)
{
    const char *const *types = kind_types(key);
    for (size_t i = 0; types != NULL && i < KIND_TYPES && types[i] != NULL; i++)
        if (strcmp(types[i], resource->type) == 0)
            return true;
    return false;
}

bool is_an_id(const char *text)
{
    static const char *const prefixes[] = {"sg-", "subnet-", "pl-", "eni-", "rtb-", "arn:aws"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

size_t index_length(const char *text)
{
    bool quoted = false;
    if (text[0] != '[')
        return 0;
    for (size_t i = 1; text[i] != '\0'; i++) {
        if (text[i] == '\\' && quoted && text[i + 1] != '\0')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (text[i] == ']' && !quoted)
            return i + 1;
    }
    return 0;
}

size_t modules_length(const char *address, size_t *last)
{
    size_t at = 0;
    *last = 0;
    while (strncmp(address + at, "module.", 7) == 0) {
        size_t end = at + 7 + strcspn(address + at + 7, ".[");
        end += index_length(address + end);
        if (address[end] != '.')
            break;
        *last = at;
        at = end + 1;
    }
    return at;
}
