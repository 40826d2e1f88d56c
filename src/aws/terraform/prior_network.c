// A state's VPCs, subnets, gateways and route tables as AWS's documents.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/
#include <string.h>

#include "aws/terraform/plan.h"
#include "aws/terraform/prior.h"
#include "model/protocol.h"

// ---- VPCs, subnets, gateways

static void write_blocks(struct prior_writing *writing, const char *key, const char *name, const char *block)
{
    if (block == NULL)
        return;
    json_open(writing->writer, key, '[');
    json_open(writing->writer, NULL, '{');
    json_put_string(writing->writer, name, block);
    json_close(writing->writer, '}');
    json_close(writing->writer, ']');
}

void prior_write_vpcs(struct prior_writing *writing)
{
    EACH_HELD(writing, held)
    {
        const char *id = held_text(held->values, "id"), *six = held_text(held->values, "ipv6_cidr_block");
        if ((!held_is_one_of(held, "aws_vpc", "aws_default_vpc") && !held_is_data(held, "aws_vpc")) ||
            !prior_begins(writing, held, "vpc", id))
            continue;
        json_put_string(writing->writer, "VpcId", id);
        prior_put_from(writing, "CidrBlock", held, "cidr_block");
        prior_put_from(writing, "OwnerId", held, "owner_id");
        write_blocks(writing, "Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock", six);
        json_close(writing->writer, '}');
    }
}

void prior_write_subnets(struct prior_writing *writing)
{
    EACH_HELD(writing, held)
    {
        const char *id = held_text(held->values, "id"), *six = held_text(held->values, "ipv6_cidr_block");
        if ((!held_is_one_of(held, "aws_subnet", "aws_default_subnet") && !held_is_data(held, "aws_subnet")) ||
            !prior_begins(writing, held, "subnet", id))
            continue;
        json_put_string(writing->writer, "SubnetId", id);
        prior_put_from(writing, "VpcId", held, "vpc_id");
        prior_put_from(writing, "CidrBlock", held, "cidr_block");
        prior_put_from(writing, "OwnerId", held, "owner_id");
        prior_put_from(writing, "AvailabilityZone", held, "availability_zone");
        json_put_boolean(writing->writer, "MapPublicIpOnLaunch", flag(held->values, "map_public_ip_on_launch", false));
        json_put_boolean(writing->writer, "AssignIpv6AddressOnCreation",
                         flag(held->values, "assign_ipv6_address_on_creation", false));
        write_blocks(writing, "Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock", six);
        json_close(writing->writer, '}');
    }
}

static void write_attachment(struct prior_writing *writing, const char *vpc)
{
    if (vpc == NULL)
        return;
    json_open(writing->writer, NULL, '{');
    json_put_string(writing->writer, "VpcId", vpc);
    json_put_string(writing->writer, "State", "available");
    json_close(writing->writer, '}');
}

void prior_write_gateways(struct prior_writing *writing)
{
    EACH_HELD(writing, held)
    {
        const char *id = held_text(held->values, held_is(held, "aws_internet_gateway") ? "id" : "internet_gateway_id");
        bool told = held_is(held, "aws_internet_gateway") || held_is_data(held, "aws_internet_gateway");
        if (!told || !prior_begins(writing, held, "gateway", id))
            continue;
        const char *vpc = held_text(held->values, "vpc_id");
        const cJSON *one;
        json_put_string(writing->writer, "InternetGatewayId", id);
        prior_put_from(writing, "OwnerId", held, "owner_id");
        json_open(writing->writer, "Attachments", '[');
        write_attachment(writing, vpc);
        cJSON_ArrayForEach (one, member(held->values, "attachments"))
            write_attachment(writing, held_text(one, "vpc_id"));
        EACH_HELD(writing, other)
        if (vpc == NULL && held_is(other, "aws_internet_gateway_attachment") &&
            text_same(held_text(other->values, "internet_gateway_id"), id))
            write_attachment(writing, held_text(other->values, "vpc_id"));
        json_close(writing->writer, ']');
        json_close(writing->writer, '}');
    }
}

// ---- Route tables

// A destination by whatever name it stands under.
static const char *destination(const cJSON *values)
{
    static const char *const keys[] = {"destination_cidr_block", "cidr_block", "destination_ipv6_cidr_block",
                                       "ipv6_cidr_block", "destination_prefix_list_id"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (held_text(values, keys[i]) != NULL)
            return held_text(values, keys[i]);
    return NULL;
}

static void write_route(struct prior_writing *writing, const cJSON *values, const char *to, const char *state)
{
    static const struct {
        const char *from;
        const char *key;
    } targets[] = {{"nat_gateway_id", "NatGatewayId"},
                   {"transit_gateway_id", "TransitGatewayId"},
                   {"vpc_peering_connection_id", "VpcPeeringConnectionId"},
                   {"egress_only_gateway_id", "EgressOnlyInternetGatewayId"},
                   {"local_gateway_id", "LocalGatewayId"},
                   {"carrier_gateway_id", "CarrierGatewayId"},
                   {"core_network_arn", "CoreNetworkArn"},
                   {"vpc_endpoint_id", "GatewayId"},
                   {"network_interface_id", "NetworkInterfaceId"},
                   {"instance_id", "InstanceId"},
                   {"gateway_id", "GatewayId"}};
    struct prefix prefix;
    bool cidr = prefix_parse(to, true, &prefix) != PREFIX_MALFORMED;
    json_open(writing->writer, NULL, '{');
    json_put_string(writing->writer,
                    !cidr                          ? "DestinationPrefixListId"
                    : prefix.family == FAMILY_IPV4 ? "DestinationCidrBlock"
                                                   : "DestinationIpv6CidrBlock",
                    to);
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
        if (held_text(values, targets[i].from) != NULL) {
            json_put_string(writing->writer, targets[i].key, held_text(values, targets[i].from));
            break;
        }
    json_put_string(writing->writer, "State", state == NULL ? "active" : state);
    json_put_string(writing->writer, "Origin", "CreateRoute");
    json_close(writing->writer, '}');
}

static void write_local_to(struct prior_writing *writing, const char *key, const char *block)
{
    if (block == NULL)
        return;
    json_open(writing->writer, NULL, '{');
    json_put_string(writing->writer, key, block);
    json_put_string(writing->writer, "GatewayId", "local");
    json_put_string(writing->writer, "State", "active");
    json_put_string(writing->writer, "Origin", "CreateRouteTable");
    json_close(writing->writer, '}');
}

// To each block of the VPC, those associated later too.
static void write_local(struct prior_writing *writing, const char *vpc)
{
    bool told = false;
    EACH_HELD(writing, held)
    {
        bool is_vpc = held_is_one_of(held, "aws_vpc", "aws_default_vpc") || held_is_data(held, "aws_vpc");
        bool adds = held_is_one_of(held, "aws_vpc_ipv4_cidr_block_association", "aws_vpc_ipv6_cidr_block_association");
        if (vpc == NULL || !(is_vpc ? !told : adds) ||
            !text_same(held_text(held->values, is_vpc ? "id" : "vpc_id"), vpc))
            continue;
        told = told || is_vpc;
        write_local_to(writing, "DestinationCidrBlock", held_text(held->values, "cidr_block"));
        write_local_to(writing, "DestinationIpv6CidrBlock", held_text(held->values, "ipv6_cidr_block"));
    }
}

static void write_routes(struct prior_writing *writing, const struct prior_held *table, const char *id)
{
    const cJSON *lists[] = {member(table->values, "route"), member(table->values, "routes")}, *one;
    struct map known = {0};
    json_open(writing->writer, "Routes", '[');
    write_local(writing, held_text(table->values, "vpc_id"));
    for (int i = 0; i < 2; i++)
        cJSON_ArrayForEach (one, lists[i]) {
            const char *to = destination(one);
            if (to == NULL || text_same(held_text(one, "gateway_id"), "local"))
                continue;
            map_put(writing->state->arena, &known, to, writing);
            write_route(writing, one, to, NULL);
        }
    EACH_HELD(writing, held)
    {
        const char *to = destination(held->values);
        if (held_is(held, "aws_route") && to != NULL && text_same(held_text(held->values, "route_table_id"), id) &&
            map_get(&known, to) == NULL && !text_same(held_text(held->values, "gateway_id"), "local"))
            write_route(writing, held->values, to, held_text(held->values, "state"));
    }
    json_close(writing->writer, ']');
}

static bool is_main(struct prior_writing *writing, const struct prior_held *table, const char *id)
{
    bool main_table = held_is(table, "aws_default_route_table");
    EACH_HELD(writing, held)
    {
        if (held_is(held, "aws_main_route_table_association") &&
            text_same(held_text(held->values, "vpc_id"), held_text(table->values, "vpc_id")))
            return text_same(held_text(held->values, "route_table_id"), id);
        main_table = main_table || (held_is_one_of(held, "aws_vpc", "aws_default_vpc") &&
                                    text_same(held_text(held->values, "main_route_table_id"), id));
    }
    return main_table;
}

static void write_association(struct prior_writing *writing, const char *table, const char *subnet, const char *gateway)
{
    if (subnet == NULL && gateway == NULL)
        return;
    json_open(writing->writer, NULL, '{');
    json_put_string(writing->writer, "RouteTableId", table);
    prior_put(writing, "SubnetId", subnet);
    prior_put(writing, "GatewayId", subnet == NULL ? gateway : NULL);
    json_put_boolean(writing->writer, "Main", false);
    json_close(writing->writer, '}');
}

void prior_write_tables(struct prior_writing *writing)
{
    EACH_HELD(writing, held)
    {
        bool data = held_is_data(held, "aws_route_table");
        const char *id = held_text(held->values, data ? "route_table_id" : "id");
        const cJSON *one;
        if ((!held_is_one_of(held, "aws_route_table", "aws_default_route_table") && !data) ||
            !prior_begins(writing, held, "table", id))
            continue;
        json_put_string(writing->writer, "RouteTableId", id);
        prior_put_from(writing, "VpcId", held, "vpc_id");
        prior_put_from(writing, "OwnerId", held, "owner_id");
        write_routes(writing, held, id);
        json_open(writing->writer, "Associations", '[');
        bool main_table = is_main(writing, held, id);
        cJSON_ArrayForEach (one, member(held->values, "associations")) {
            main_table = main_table || flag(one, "main", false);
            write_association(writing, id, held_text(one, "subnet_id"), held_text(one, "gateway_id"));
        }
        if (main_table) {
            json_open(writing->writer, NULL, '{');
            json_put_string(writing->writer, "RouteTableId", id);
            json_put_boolean(writing->writer, "Main", true);
            json_close(writing->writer, '}');
        }
        EACH_HELD(writing, other)
        if (!data && held_is(other, "aws_route_table_association") &&
            text_same(held_text(other->values, "route_table_id"), id))
            write_association(writing, id, held_text(other->values, "subnet_id"),
                              held_text(other->values, "gateway_id"));
        json_close(writing->writer, ']');
        json_close(writing->writer, '}');
    }
}

// ---- VPC Block Public Access

void prior_write_block_options(struct prior_writing *writing, struct text *out)
{
    EACH_HELD(writing, held)
    {
        const char *mode = held_text(held->values, "internet_gateway_block_mode");
        struct json_writer writer = json_writer_to(out);
        writing->writer = &writer;
        if (!held_is(held, "aws_vpc_block_public_access_options") || !prior_is_here(writing, held))
            continue;
        json_open(&writer, NULL, '{');
        json_open(&writer, "VpcBlockPublicAccessOptions", '{');
        prior_put(writing, "AwsAccountId", held->account);
        prior_put(writing, "AwsRegion", held->region);
        prior_put(writing, "InternetGatewayBlockMode", mode);
        json_put_string(&writer, "State", "update-complete");
        json_close(&writer, '}');
        json_close(&writer, '}');
        json_end_document(&writer);
        return;
    }
}

void prior_write_exclusions(struct prior_writing *writing)
{
    EACH_HELD(writing, held)
    {
        const char *about = held_text(held->values, "resource_arn");
        if (!held_is(held, "aws_vpc_block_public_access_exclusion") || about == NULL ||
            !prior_begins(writing, held, "exclusion", held_text(held->values, "id")))
            continue;
        prior_put_from(writing, "ExclusionId", held, "id");
        json_put_string(writing->writer, "ResourceArn", about);
        prior_put_from(writing, "InternetGatewayExclusionMode", held, "internet_gateway_exclusion_mode");
        json_put_string(writing->writer, "State", "create-complete");
        json_close(writing->writer, '}');
    }
}
