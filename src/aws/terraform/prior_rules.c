// A state's ACLs, security groups and prefix lists as AWS's documents.
#include <string.h>

#include "aws/terraform/plan.h"
#include "aws/terraform/prior.h"
#include "model/protocol.h"

// ---- ACLs

static void write_entry(struct prior_writing *writing, const cJSON *values, bool egress, const char *number_key,
                        const char *action_key)
{
    struct json_writer *writer = writing->writer;
    const char *name = held_text(values, "protocol"), *action = held_text(values, action_key);
    int protocol;
    bool known = name != NULL && protocol_parse(name, &protocol);
    bool deny = action != NULL && (action[0] == 'd' || action[0] == 'D');
    json_open(writer, NULL, '{');
    json_put_integer(writer, "RuleNumber", number(values, number_key, -1));
    json_put_string(writer, "Protocol",
                    !known                     ? name
                    : protocol == PROTOCOL_ANY ? "-1"
                                               : arena_printf(writing->state->arena, "%d", protocol));
    json_put_string(writer, "RuleAction", deny ? "deny" : action == NULL ? NULL : "allow");
    json_put_boolean(writer, "Egress", egress);
    prior_put(writing, "CidrBlock", held_text(values, "cidr_block"));
    if (held_text(values, "cidr_block") == NULL)
        prior_put(writing, "Ipv6CidrBlock", held_text(values, "ipv6_cidr_block"));
    if (known && protocol_has_ports(protocol)) {
        json_open(writer, "PortRange", '{');
        json_put_integer(writer, "From", number(values, "from_port", 0));
        json_put_integer(writer, "To", number(values, "to_port", PORT_LAST));
        json_close(writer, '}');
    } else if (known && protocol_is_icmp(protocol)) {
        json_open(writer, "IcmpTypeCode", '{');
        json_put_integer(writer, "Type", number(values, "icmp_type", -1));
        json_put_integer(writer, "Code", number(values, "icmp_code", -1));
        json_close(writer, '}');
    }
    json_close(writer, '}');
}

static bool has_entry(const struct prior_held *acl, long rule, bool egress)
{
    const cJSON *one;
    cJSON_ArrayForEach (one, member(acl->values, egress ? "egress" : "ingress"))
        if (number(one, "rule_no", -1) == rule)
            return true;
    return false;
}

static void write_subnet(struct prior_writing *writing, const char *acl, const char *subnet)
{
    if (subnet == NULL)
        return;
    json_open(writing->writer, NULL, '{');
    json_put_string(writing->writer, "NetworkAclId", acl);
    json_put_string(writing->writer, "SubnetId", subnet);
    json_close(writing->writer, '}');
}

static bool holds(const cJSON *list, const char *text)
{
    const cJSON *one;
    cJSON_ArrayForEach (one, list)
        if (text_same(cJSON_GetStringValue(one), text))
            return true;
    return false;
}

void prior_write_acls(struct prior_writing *writing)
{
    EACH_HELD(writing, held)
    {
        const char *id = held_text(held->values, "id");
        bool is_default = held_is(held, "aws_default_network_acl");
        const cJSON *one;
        if ((!is_default && !held_is(held, "aws_network_acl")) || !prior_begins(writing, held, "acl", id))
            continue;
        json_put_string(writing->writer, "NetworkAclId", id);
        prior_put_from(writing, "VpcId", held, "vpc_id");
        prior_put_from(writing, "OwnerId", held, "owner_id");
        json_put_boolean(writing->writer, "IsDefault", is_default);
        json_open(writing->writer, "Entries", '[');
        cJSON_ArrayForEach (one, member(held->values, "ingress"))
            write_entry(writing, one, false, "rule_no", "action");
        cJSON_ArrayForEach (one, member(held->values, "egress"))
            write_entry(writing, one, true, "rule_no", "action");
        EACH_HELD(writing, rule)
        {
            bool egress = flag(rule->values, "egress", false);
            if (held_is(rule, "aws_network_acl_rule") && text_same(held_text(rule->values, "network_acl_id"), id) &&
                !has_entry(held, number(rule->values, "rule_number", -1), egress))
                write_entry(writing, rule->values, egress, "rule_number", "rule_action");
        }
        json_close(writing->writer, ']');
        const cJSON *subnets = member(held->values, "subnet_ids");
        json_open(writing->writer, "Associations", '[');
        cJSON_ArrayForEach (one, subnets)
            write_subnet(writing, id, cJSON_GetStringValue(one));
        EACH_HELD(writing, other)
        {
            const char *subnet = held_text(other->values, "subnet_id");
            if (held_is(other, "aws_network_acl_association") &&
                text_same(held_text(other->values, "network_acl_id"), id) && !holds(subnets, subnet))
                write_subnet(writing, id, subnet);
        }
        json_close(writing->writer, ']');
        json_close(writing->writer, '}');
    }
}

// ---- Security groups

static void write_peers(struct prior_writing *writing, const char *key, const char *name, const cJSON *list,
                        const char *single)
{
    const cJSON *one;
    json_open(writing->writer, key, '[');
    cJSON_ArrayForEach (one, list) {
        if (!cJSON_IsString(one) || one->valuestring[0] == '\0')
            continue;
        json_open(writing->writer, NULL, '{');
        json_put_string(writing->writer, name, one->valuestring);
        json_close(writing->writer, '}');
    }
    if (single != NULL) {
        json_open(writing->writer, NULL, '{');
        json_put_string(writing->writer, name, single);
        json_close(writing->writer, '}');
    }
    json_close(writing->writer, ']');
}

// One rule of a group's list, or a resource of its own.
static void write_rule(struct prior_writing *writing, const cJSON *values, const char *group)
{
    struct json_writer *writer = writing->writer;
    const char *name = held_text(values, "protocol"), *list = held_text(values, "prefix_list_id");
    const char *peer = held_text(values, "source_security_group_id");
    int protocol;
    name = name == NULL ? held_text(values, "ip_protocol") : name;
    peer = peer == NULL ? held_text(values, "referenced_security_group_id") : peer;
    peer = peer == NULL && flag(values, "self", false) ? group : peer;
    bool known = name != NULL && protocol_parse(name, &protocol);
    json_open(writer, NULL, '{');
    json_put_string(writer, "IpProtocol", known && protocol == PROTOCOL_ANY ? "-1" : name);
    if (known && (protocol_has_ports(protocol) || protocol_is_icmp(protocol))) {
        bool icmp = protocol_is_icmp(protocol);
        json_put_integer(writer, "FromPort", number(values, "from_port", icmp ? -1 : 0));
        json_put_integer(writer, "ToPort", number(values, "to_port", icmp ? -1 : PORT_LAST));
    }
    write_peers(writing, "IpRanges", "CidrIp", member(values, "cidr_blocks"), held_text(values, "cidr_ipv4"));
    write_peers(writing, "Ipv6Ranges", "CidrIpv6", member(values, "ipv6_cidr_blocks"), held_text(values, "cidr_ipv6"));
    write_peers(writing, "PrefixListIds", "PrefixListId", member(values, "prefix_list_ids"), list);
    write_peers(writing, "UserIdGroupPairs", "GroupId", member(values, "security_groups"), peer);
    json_close(writer, '}');
}

static void write_rules(struct prior_writing *writing, const struct prior_held *group, const char *id, bool egress)
{
    const char *own = egress ? "aws_vpc_security_group_egress_rule" : "aws_vpc_security_group_ingress_rule";
    const cJSON *one;
    json_open(writing->writer, egress ? "IpPermissionsEgress" : "IpPermissions", '[');
    cJSON_ArrayForEach (one, member(group->values, egress ? "egress" : "ingress"))
        write_rule(writing, one, id);
    EACH_HELD(writing, held)
    {
        bool rule = held_is(held, "aws_security_group_rule") &&
                    text_same(held_text(held->values, "type"), egress ? "egress" : "ingress");
        if ((rule || held_is(held, own)) && text_same(held_text(held->values, "security_group_id"), id))
            write_rule(writing, held->values, id);
    }
    json_close(writing->writer, ']');
}

void prior_write_groups(struct prior_writing *writing)
{
    EACH_HELD(writing, held)
    {
        const char *id = held_text(held->values, "id");
        if (!held_is_one_of(held, "aws_security_group", "aws_default_security_group") ||
            !prior_begins(writing, held, "group", id))
            continue;
        json_put_string(writing->writer, "GroupId", id);
        prior_put_from(writing, "GroupName", held, "name");
        prior_put_from(writing, "VpcId", held, "vpc_id");
        prior_put_from(writing, "OwnerId", held, "owner_id");
        write_rules(writing, held, id, false);
        write_rules(writing, held, id, true);
        json_close(writing->writer, '}');
    }
}

// ---- Prefix lists

void prior_write_lists(struct prior_writing *writing)
{
    EACH_HELD(writing, held)
    {
        const char *id = held_text(held->values, "id");
        const cJSON *one, *entries = member(held->values, held->data ? "entries" : "entry");
        bool managed =
            held_is(held, "aws_ec2_managed_prefix_list") || held_is_data(held, "aws_ec2_managed_prefix_list");
        bool plain = held_is_data(held, "aws_prefix_list");
        if ((!managed && !plain) || !prior_begins(writing, held, "list", id))
            continue;
        json_put_string(writing->writer, "PrefixListId", id);
        prior_put_from(writing, "PrefixListName", held, "name");
        json_open(writing->writer, "Cidrs", '[');
        cJSON_ArrayForEach (one, entries)
            if (held_text(one, "cidr") != NULL)
                json_put_string(writing->writer, NULL, held_text(one, "cidr"));
        const cJSON *blocks = member(held->values, "cidr_blocks");
        cJSON_ArrayForEach (one, blocks)
            if (plain && cJSON_IsString(one))
                json_put_string(writing->writer, NULL, one->valuestring);
        EACH_HELD(writing, other)
        if (held_is(other, "aws_ec2_managed_prefix_list_entry") &&
            text_same(held_text(other->values, "prefix_list_id"), id) && held_text(other->values, "cidr") != NULL)
            json_put_string(writing->writer, NULL, held_text(other->values, "cidr"));
        json_close(writing->writer, ']');
        json_close(writing->writer, '}');
    }
}
