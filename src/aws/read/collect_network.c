// The calls that tell what a network lets through, and which of them follow from others' answers.
#include "aws/read/collector.h"
#include "aws/snapshot.h"

// ---- What follows from lists

static void follow_prefix_lists(struct call *call, const cJSON *document)
{
    static const struct call_kind entries = {"ec2", "GetManagedPrefixListEntries", "get-managed-prefix-list-entries",
                                             NULL, false};
    call_about_each(call, cJSON_GetObjectItemCaseSensitive(document, "PrefixLists"), "PrefixListId", &entries, 1);
}

static void follow_load_balancers(struct call *call, const cJSON *document)
{
    static const struct call_kind kinds[] = {
        {"elbv2", "DescribeListeners", "describe-listeners", NULL, false},
        {"elbv2", "DescribeLoadBalancerAttributes", "describe-load-balancer-attributes", NULL, false},
    };
    call_about_each(call, cJSON_GetObjectItemCaseSensitive(document, "LoadBalancers"), "LoadBalancerArn", kinds, 2);
}

static void follow_target_groups(struct call *call, const cJSON *document)
{
    static const struct call_kind kinds[] = {
        {"elbv2", "DescribeTargetHealth", "describe-target-health", NULL, false},
        {"elbv2", "DescribeTargetGroupAttributes", "describe-target-group-attributes", NULL, false},
    };
    call_about_each(call, cJSON_GetObjectItemCaseSensitive(document, "TargetGroups"), "TargetGroupArn", kinds, 2);
}

static void follow_firewalls(struct call *call, const cJSON *document)
{
    static const struct call_kind describe = {"network-firewall", "DescribeFirewall", "describe-firewall", NULL, false};
    const cJSON *one;
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(document, "Firewalls")) {
        const char *arn = string_of(one, "FirewallArn"), *name = string_of(one, "FirewallName");
        if (arn != NULL && name != NULL)
            call_about(call, &describe, file_word(call->collector->arena, name), "FirewallArn", arn);
    }
}

// ---- What is asked in each region. What interfaces refer to comes first, then instances and addresses, interfaces
// last: so what they refer to is there already.

void network_begin(struct collector *collector, const struct account *account, const char *region)
{
    static const struct call_kind kinds[] = {
        {"ec2", "DescribeVpcs", "describe-vpcs", NULL, false},
        {"ec2", "DescribeSubnets", "describe-subnets", NULL, false},
        {"ec2", "DescribeRouteTables", "describe-route-tables", NULL, false},
        {"ec2", "DescribeInternetGateways", "describe-internet-gateways", NULL, false},
        {"ec2", "DescribeEgressOnlyInternetGateways", "describe-egress-only-internet-gateways", NULL, false},
        {"ec2", "DescribeNatGateways", "describe-nat-gateways", NULL, false},
        {"ec2", "DescribeNetworkAcls", "describe-network-acls", NULL, false},
        {"ec2", "DescribeSecurityGroups", "describe-security-groups", NULL, false},
        {"ec2", "DescribeSecurityGroupRules", "describe-security-group-rules", NULL, false},
        {"ec2", "DescribeSecurityGroupVpcAssociations", "describe-security-group-vpc-associations", NULL, true},
        {"ec2", "DescribeManagedPrefixLists", "describe-managed-prefix-lists", follow_prefix_lists, false},
        {"ec2", "DescribeVpcEndpoints", "describe-vpc-endpoints", NULL, false},
        {"ec2", "DescribeVpcBlockPublicAccessOptions", "describe-vpc-block-public-access-options", NULL, true},
        {"ec2", "DescribeVpcBlockPublicAccessExclusions", "describe-vpc-block-public-access-exclusions", NULL, true},
        {"elbv2", "DescribeLoadBalancers", "describe-load-balancers", follow_load_balancers, false},
        {"elbv2", "DescribeTargetGroups", "describe-target-groups", follow_target_groups, false},
        {"elb", "DescribeLoadBalancers", "describe-load-balancers.classic", NULL, false},
        {"network-firewall", "ListFirewalls", "list-firewalls", follow_firewalls, true},
    };
    call_start_all(collector, account, region, kinds, sizeof(kinds) / sizeof(kinds[0]));
}

void network_end(struct collector *collector, const struct account *account, const char *region)
{
    static const struct call_kind kinds[] = {
        {"ec2", "DescribeInstances", "describe-instances", NULL, false},
        {"ec2", "DescribeAddresses", "describe-addresses", NULL, false},
        {"ec2", "DescribeNetworkInterfaces", "describe-network-interfaces", NULL, false},
    };
    call_start_all(collector, account, region, kinds, sizeof(kinds) / sizeof(kinds[0]));
}

// ---- Consistency: what changed between one call and the next

// Reads a kind of one account and region again, once, in place of what was read of it before.
static void read_again(struct collector *collector, struct map *asked, const struct interface_place *place,
                       const char *operation)
{
    const char *key = arena_printf(collector->arena, "%s|%s|%s", place->account_id, place->region, operation);
    if (map_get(asked, key) != NULL)
        return;
    map_put(collector->arena, asked, key, collector);
    for (size_t i = 0; i < collector->calls.count; i++) {
        struct call *old = collector->calls.items[i];
        if (old->sha256 != NULL && strcmp(old->account->id, place->account_id) == 0 &&
            strcmp(old->region, place->region) == 0 && strcmp(old->operation.name, operation) == 0 &&
            strcmp(old->operation.service, "ec2") == 0) {
            call_again(old);
            return;
        }
    }
}

// A group or subnet that an interface refers to may be younger than our reading of groups or subnets.
void network_read_missing(struct collector *collector)
{
    struct error ignored;
    struct estate *estate = snapshot_read(collector->folder, &ignored);
    struct map asked = {0};
    for (size_t i = 0; estate != NULL && i < estate->interfaces.count; i++) {
        const struct network_interface *one = estate->interfaces.items[i];
        if (one->place->subnet_id != NULL && map_get(&estate->subnets, one->place->subnet_id) == NULL)
            read_again(collector, &asked, one->place, "DescribeSubnets");
        if (one->instance_id != NULL && map_get(&estate->instances, one->instance_id) == NULL)
            read_again(collector, &asked, one->place, "DescribeInstances");
        for (size_t g = 0; one->groups != NULL && g < one->groups->count; g++)
            if (map_get(&estate->security_groups, one->groups->ids[g]) == NULL)
                read_again(collector, &asked, one->place, "DescribeSecurityGroups");
    }
    calls_run(collector);
    estate_free(estate);
}
