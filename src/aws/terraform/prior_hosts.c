// A state's interfaces, instances and load balancers as AWS's documents.
#include <string.h>

#include "aws/terraform/plan.h"
#include "aws/terraform/prior.h"

// One interface, of whatever resource tells of it.
struct told_interface {
    const char *id;
    const char *subnet;
    const char *vpc;
    const char *type;
    const char *private_address;
    const char *public_address; // that comes with it, or NULL
    const char *instance;
    long index;
    long card;
    const cJSON *groups;
    const cJSON *private_addresses;
    const cJSON *ipv6;
    const cJSON *prefixes[2]; // delegated IPv4 and IPv6 ones
};

// The Elastic IP address on an interface's private address, or NULL.
static const char *elastic_address(struct prior_writing *writing, const struct told_interface *told,
                                   const char *address, bool primary)
{
    EACH_HELD(writing, held)
    {
        bool own = held_is(held, "aws_eip");
        if (!own && !held_is(held, "aws_eip_association"))
            continue;
        const char *interface = held_text(held->values, own ? "network_interface" : "network_interface_id");
        const char *instance = held_text(held->values, own ? "instance" : "instance_id");
        const char *at = held_text(held->values, own ? "private_ip" : "private_ip_address");
        bool here = interface != NULL ? text_same(interface, told->id)
                                      : instance != NULL && text_same(instance, told->instance) && told->index == 0;
        if (here && (at == NULL ? primary : text_same(at, address)) && held_text(held->values, "public_ip") != NULL)
            return held_text(held->values, "public_ip");
    }
    return NULL;
}

static void write_address(struct prior_writing *writing, const struct told_interface *told, const char *address,
                          bool primary)
{
    const char *public_address = elastic_address(writing, told, address, primary);
    if (public_address == NULL && primary)
        public_address = told->public_address;
    json_open(writing->writer, NULL, '{');
    json_put_string(writing->writer, "PrivateIpAddress", address);
    json_put_boolean(writing->writer, "Primary", primary);
    if (public_address != NULL) {
        json_open(writing->writer, "Association", '{');
        json_put_string(writing->writer, "PublicIp", public_address);
        json_close(writing->writer, '}');
    }
    json_close(writing->writer, '}');
}

static void write_addresses(struct prior_writing *writing, const struct told_interface *told)
{
    const cJSON *one;
    json_open(writing->writer, "PrivateIpAddresses", '[');
    if (told->private_address != NULL)
        write_address(writing, told, told->private_address, true);
    cJSON_ArrayForEach (one, told->private_addresses)
        if (cJSON_IsString(one) && !text_same(one->valuestring, told->private_address))
            write_address(writing, told, one->valuestring, false);
    json_close(writing->writer, ']');
    json_open(writing->writer, "Ipv6Addresses", '[');
    cJSON_ArrayForEach (one, told->ipv6)
        if (cJSON_IsString(one)) {
            json_open(writing->writer, NULL, '{');
            json_put_string(writing->writer, "Ipv6Address", one->valuestring);
            json_close(writing->writer, '}');
        }
    json_close(writing->writer, ']');
}

static void write_prefixes(struct prior_writing *writing, const struct told_interface *told)
{
    static const char *const names[2][2] = {{"Ipv4Prefixes", "Ipv4Prefix"}, {"Ipv6Prefixes", "Ipv6Prefix"}};
    const cJSON *one;
    for (int i = 0; i < 2; i++) {
        if (cJSON_GetArraySize(told->prefixes[i]) == 0)
            continue;
        json_open(writing->writer, names[i][0], '[');
        cJSON_ArrayForEach (one, told->prefixes[i]) {
            json_open(writing->writer, NULL, '{');
            json_put_string(writing->writer, names[i][1], cJSON_GetStringValue(one));
            json_close(writing->writer, '}');
        }
        json_close(writing->writer, ']');
    }
}

// Behind prior_begins.
static void write_interface(struct prior_writing *writing, const struct told_interface *told)
{
    const cJSON *one;
    json_put_string(writing->writer, "NetworkInterfaceId", told->id);
    prior_put(writing, "SubnetId", told->subnet);
    json_put_string(writing->writer, "VpcId", told->vpc != NULL ? told->vpc : VPC_UNKNOWN);
    json_put_string(writing->writer, "InterfaceType", told->type);
    json_put_string(writing->writer, "Status",
                    told->instance != NULL || strcmp(told->type, "interface") != 0 ? "in-use" : "available");
    prior_put(writing, "PrivateIpAddress", told->private_address);
    write_addresses(writing, told);
    write_prefixes(writing, told);
    json_open(writing->writer, "Groups", '[');
    cJSON_ArrayForEach (one, told->groups)
        if (cJSON_IsString(one)) {
            json_open(writing->writer, NULL, '{');
            json_put_string(writing->writer, "GroupId", one->valuestring);
            json_close(writing->writer, '}');
        }
    json_close(writing->writer, ']');
    if (told->instance != NULL) {
        json_open(writing->writer, "Attachment", '{');
        json_put_string(writing->writer, "InstanceId", told->instance);
        json_put_integer(writing->writer, "DeviceIndex", told->index);
        json_put_integer(writing->writer, "NetworkCardIndex", told->card);
        json_put_string(writing->writer, "Status", "attached");
        json_close(writing->writer, '}');
    }
    json_close(writing->writer, '}');
}

// What an instance or an attachment that is a resource of its own says of an interface.
static void find_attachment(struct prior_writing *writing, struct told_interface *told)
{
    EACH_HELD(writing, held)
    {
        if (held_is(held, "aws_network_interface_attachment") &&
            text_same(held_text(held->values, "network_interface_id"), told->id)) {
            told->instance = held_text(held->values, "instance_id");
            told->index = number(held->values, "device_index", 1);
            told->card = number(held->values, "network_card_index", 0);
        }
        if (held_is(held, "aws_instance") &&
            text_same(held_text(held->values, "primary_network_interface_id"), told->id)) {
            told->instance = held_text(held->values, "id");
            told->public_address = held_text(held->values, "public_ip");
            told->index = told->card = 0;
        }
    }
}

void prior_write_interfaces(struct prior_writing *writing)
{
    EACH_HELD(writing, held)
    {
        const cJSON *values = held->values, *attachment = cJSON_GetArrayItem(member(values, "attachment"), 0);
        const char *type = held_text(values, "interface_type");
        if (!held_is(held, "aws_network_interface") ||
            !prior_begins(writing, held, "interface", held_text(values, "id")))
            continue;
        struct told_interface told = {.id = held_text(values, "id"),
                                      .subnet = held_text(values, "subnet_id"),
                                      .vpc = prior_vpc_of(writing, held_text(values, "subnet_id")),
                                      .type = type == NULL ? "interface" : type,
                                      .private_address = held_text(values, "private_ip"),
                                      .instance = held_text(attachment, "instance"),
                                      .index = number(attachment, "device_index", 0),
                                      .card = number(attachment, "network_card_index", 0),
                                      .groups = member(values, "security_groups"),
                                      .private_addresses = member(values, "private_ips"),
                                      .ipv6 = member(values, "ipv6_addresses"),
                                      .prefixes = {member(values, "ipv4_prefixes"), member(values, "ipv6_prefixes")}};
        find_attachment(writing, &told);
        write_interface(writing, &told);
    }
    EACH_HELD(writing, held)
    {
        const cJSON *values = held->values;
        bool nat = held_is(held, "aws_nat_gateway");
        const char *id = held_text(values, nat ? "network_interface_id" : "primary_network_interface_id");
        if (id == NULL && held_is(held, "aws_instance"))
            id = held_text(values, "id");
        if ((!nat && !held_is(held, "aws_instance")) || !prior_begins(writing, held, "interface", id))
            continue;
        struct told_interface told = {.id = id,
                                      .subnet = held_text(values, "subnet_id"),
                                      .vpc = prior_vpc_of(writing, held_text(values, "subnet_id")),
                                      .type = nat ? "nat_gateway" : "interface",
                                      .private_address = held_text(values, "private_ip"),
                                      .public_address = held_text(values, "public_ip"),
                                      .instance = nat ? NULL : held_text(values, "id"),
                                      .groups = member(values, "vpc_security_group_ids"),
                                      .private_addresses = member(values, "secondary_private_ips"),
                                      .ipv6 = member(values, "ipv6_addresses")};
        write_interface(writing, &told);
    }
}

static void write_tags(struct prior_writing *writing, const cJSON *values)
{
    const cJSON *one, *all = member(values, "tags_all");
    const cJSON *tags = cJSON_GetArraySize(all) > 0 ? all : member(values, "tags");
    json_open(writing->writer, "Tags", '[');
    cJSON_ArrayForEach (one, tags) {
        if (!cJSON_IsString(one) || one->string == NULL)
            continue;
        json_open(writing->writer, NULL, '{');
        json_put_string(writing->writer, "Key", one->string);
        json_put_string(writing->writer, "Value", one->valuestring);
        json_close(writing->writer, '}');
    }
    json_close(writing->writer, ']');
}

void prior_write_instances(struct prior_writing *writing)
{
    EACH_HELD(writing, held)
    {
        const char *id = held_text(held->values, "id"), *state = held_text(held->values, "instance_state");
        if (!held_is(held, "aws_instance") || !prior_begins(writing, held, "instance", id))
            continue;
        json_open(writing->writer, "Instances", '[');
        json_open(writing->writer, NULL, '{');
        json_put_string(writing->writer, "InstanceId", id);
        json_open(writing->writer, "State", '{');
        json_put_string(writing->writer, "Name", state == NULL ? "running" : state);
        json_close(writing->writer, '}');
        prior_put_from(writing, "SubnetId", held, "subnet_id");
        prior_put(writing, "VpcId", prior_vpc_of(writing, held_text(held->values, "subnet_id")));
        write_tags(writing, held->values);
        json_close(writing->writer, '}');
        json_close(writing->writer, ']');
        json_close(writing->writer, '}');
    }
}

// Their nodes are interfaces of which no state tells: what an internet-facing one exposes is missing, and named so.
void prior_write_balancers(struct prior_writing *writing)
{
    EACH_HELD(writing, held)
    {
        const char *type = held_text(held->values, "load_balancer_type"), *id = held_text(held->values, "arn");
        const cJSON *one;
        if (!held_is_one_of(held, "aws_lb", "aws_alb") || !prior_begins(writing, held, "balancer", id))
            continue;
        json_put_string(writing->writer, "LoadBalancerArn", id);
        prior_put_from(writing, "LoadBalancerName", held, "name");
        prior_put_from(writing, "VpcId", held, "vpc_id");
        json_put_string(writing->writer, "Type", type == NULL ? "application" : type);
        json_put_string(writing->writer, "Scheme",
                        flag(held->values, "internal", false) ? "internal" : "internet-facing");
        json_open(writing->writer, "AvailabilityZones", '[');
        cJSON_ArrayForEach (one, member(held->values, "subnets"))
            if (cJSON_IsString(one)) {
                json_open(writing->writer, NULL, '{');
                json_put_string(writing->writer, "SubnetId", one->valuestring);
                json_close(writing->writer, '}');
            }
        json_close(writing->writer, ']');
        json_close(writing->writer, '}');
    }
}
