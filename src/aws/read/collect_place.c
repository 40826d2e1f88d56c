// Whether an answer is of the region and the account that were asked: what an endpoint, a proxy or a cache answers for
// another one would else stand in the snapshot under a name that is not its own.
#include <ctype.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "aws/read/collector.h"
#include "base/memory.h"

// ZONES are of a list, and the last two of a record of the account's own.
enum what { ZONE, ZONES, REGION, BORDER_GROUP, ARN, OWN_ARN, OWN_ID };

// Members by which records tell where they are. Not among them: what may be another account's (a VPC, a subnet or a
// group that is shared, a trail of the organization), and what refers to another region (peers, service endpoints).
static const struct {
    const char *service;
    const char *operation; // NULL: all
    const char *member;    // as the document has it: in a text, quotes have backslashes before them
    enum what what;
} tells[] = {
    {"ec2", NULL, "\"AvailabilityZone\": \"", ZONE},
    {"ec2", NULL, "\"ZoneName\": \"", ZONE},
    {"ec2", NULL, "\"SubnetArn\": \"", ARN},
    {"ec2", NULL, "\"NetworkBorderGroup\": \"", BORDER_GROUP},
    {"ec2", NULL, "\"SecurityGroupArn\": \"", ARN},
    {"ec2", NULL, "\"SecurityGroupRuleArn\": \"", ARN},
    {"ec2", NULL, "\"PrefixListArn\": \"", ARN}, // AWS's own have "aws" for an account
    {"ec2", NULL, "\"TransitGatewayArn\": \"", ARN},
    {"ec2", NULL, "\"InstanceConnectEndpointArn\": \"", ARN},
    {"ec2", "DescribeVpcBlockPublicAccessExclusions", "\"ResourceArn\": \"", ARN},
    {"ec2", "DescribeVpcBlockPublicAccessOptions", "\"AwsAccountId\": \"", OWN_ID},
    {"ec2", "DescribeVpcBlockPublicAccessOptions", "\"AwsRegion\": \"", REGION},
    {"ec2", "DescribeVpcEndpointServiceConfigurations", "\"AvailabilityZones\": [", ZONES},
    {"ec2", "DescribeInstances", "\n   \"OwnerId\": \"", OWN_ID}, // of a reservation; interfaces may be others'
    {"elb", NULL, "\"AvailabilityZones\": [", ZONES},
    {"elbv2", NULL, "\"ZoneName\": \"", ZONE},
    {"elbv2", NULL, "\"LoadBalancerArn\": \"", OWN_ARN},
    {"elbv2", NULL, "\"TargetGroupArn\": \"", OWN_ARN},
    {"elbv2", NULL, "\"ListenerArn\": \"", OWN_ARN},
    {"elbv2", NULL, "\"RuleArn\": \"", OWN_ARN},
    {"rds", NULL, "\"AvailabilityZone\": \"", ZONE},
    {"rds", NULL, "\"DBInstanceArn\": \"", OWN_ARN},
    {"network-firewall", NULL, "\"AvailabilityZone\": \"", ZONE},
    {"network-firewall", NULL, "\"FirewallArn\": \"", ARN},
    {"redshift", NULL, "\"AvailabilityZone\": \"", ZONE},
    {"redshift", NULL, "\"ClusterNamespaceArn\": \"", OWN_ARN},
    {"ecs", "ListClusters", "\"arn:", OWN_ARN},
    {"ecs", "ListServices", "\"arn:", OWN_ARN},
    {"ecs", "ListTasks", "\"arn:", OWN_ARN},
    {"ecs", NULL, "\"clusterArn\": \"", OWN_ARN},
    {"ecs", NULL, "\"taskArn\": \"", OWN_ARN},
    {"ecs", NULL, "\"serviceArn\": \"", OWN_ARN},
    {"eks", NULL, "\"arn\": \"", OWN_ARN},
    {"opensearch", NULL, "\"ARN\": \"", OWN_ARN},
    {"kafka", NULL, "\"ClusterArn\": \"", OWN_ARN},
    {"cloudfront", "ListDistributions", "\"ARN\": \"", OWN_ARN},
    {"globalaccelerator", NULL, "\"AcceleratorArn\": \"", OWN_ARN},
    {"globalaccelerator", NULL, "\"ListenerArn\": \"", OWN_ARN},
    {"globalaccelerator", NULL, "\"EndpointGroupArn\": \"", OWN_ARN},
    {"iam", NULL, "\"Arn\": \"", OWN_ARN}, // AWS's own policies have "aws" for an account
    {"iam", NULL, "\"SerialNumber\": \"arn:", OWN_ARN}};

// The n-th part of an ARN, from 0; its length is *length.
static const char *arn_part(const char *arn, int n, size_t *length)
{
    for (; n > 0 && arn != NULL; n--) {
        arn += strcspn(arn, ":\"");
        arn = *arn == ':' ? arn + 1 : NULL;
    }
    *length = arn == NULL ? 0 : strcspn(arn, ":\"");
    return arn;
}

// A zone's name begins with its region's: "eu-west-3a", "us-west-2-lax-1a".
static bool zone_is_of(const char *zone, const char *region)
{
    size_t length = strlen(region);
    return strncmp(zone, region, length) == 0 && (islower((unsigned char)zone[length]) || zone[length] == '-');
}

// A border group is a region, or Local Zones and Wavelength Zones of one: "eu-west-3", "us-west-2-lax-1".
static bool group_is_of(const char *group, const char *region)
{
    size_t length = strlen(region);
    return strncmp(group, region, length) == 0 && (group[length] == '"' || group[length] == '-');
}

static bool same(const char *part, size_t length, const char *text)
{
    return length == strlen(text) && strncmp(part, text, length) == 0;
}

// What an ARN says of another place; NULL where it does not. It ends with a quote, or with what follows it.
static const char *other_arn(const struct call *call, const char *text, bool own)
{
    enum { PART_REGION = 3, PART_ACCOUNT = 4, DIGITS = 12 };
    struct arena *arena = call->collector->arena;
    size_t length;
    const char *region = arn_part(text, PART_REGION, &length);
    if (length > 0 && !same(region, length, call->region))
        return arena_printf(arena, "region %.*s, asked of %s", (int)length, region, call->region);
    const char *account = arn_part(text, PART_ACCOUNT, &length);
    return own && length == DIGITS && !same(account, length, call->account->id)
               ? arena_printf(arena, "account %.*s, asked of %s", (int)length, account, call->account->id)
               : NULL;
}

// The same of any text that tells of a place.
static const char *other_place(const struct call *call, enum what what, const char *text)
{
    static const char *const nouns[] = {
        [ZONE] = "zone", [ZONES] = "zone", [REGION] = "region", [BORDER_GROUP] = "network border group"};
    struct arena *arena = call->collector->arena;
    if (what == ZONES) {
        text += strspn(text, " \n");
        if (*text++ != '"') // an empty list
            return NULL;
    }
    size_t length = strcspn(text, "\"");
    if (what == ARN || what == OWN_ARN)
        return other_arn(call, text, what == OWN_ARN);
    if (what == OWN_ID)
        return same(text, length, call->account->id)
                   ? NULL
                   : arena_printf(arena, "account %.*s, asked of %s", (int)length, text, call->account->id);
    bool here = what == REGION         ? same(text, length, call->region)
                : what == BORDER_GROUP ? group_is_of(text, call->region)
                                       : zone_is_of(text, call->region);
    return length == 0 || here
               ? NULL
               : arena_printf(arena, "%s %.*s, asked of %s", nouns[what], (int)length, text, call->region);
}

// The credential report is a table of users, each with its ARN, in base64.
static const char *other_report(const struct call *call, const char *text)
{
    static const char member[] = "\"Content\": \"";
    const char *content = strstr(text, member), *other = NULL;
    size_t length = content == NULL ? 0 : strcspn(content += strlen(member), "\"");
    unsigned char *report = memory_take_zeroed(length + 1, 1);
    if (length <= INT_MAX && EVP_DecodeBlock(report, (const unsigned char *)content, (int)length) > 0)
        for (const char *at = (const char *)report; other == NULL && (at = strstr(at, "arn:")) != NULL; at++)
            other = other_arn(call, at, true);
    free(report);
    return other;
}

const char *call_elsewhere(const struct call *call, const char *text)
{
    const struct operation *of = &call->operation;
    const char *other = NULL;
    for (size_t i = 0; i < sizeof(tells) / sizeof(tells[0]) && other == NULL; i++) {
        if (strcmp(tells[i].service, of->service) != 0 ||
            (tells[i].operation != NULL && strcmp(tells[i].operation, of->name) != 0))
            continue;
        bool from_arn = strcmp(tells[i].member + strlen(tells[i].member) - 4, "arn:") == 0;
        for (const char *at = text; other == NULL && (at = strstr(at, tells[i].member)) != NULL;) {
            at += strlen(tells[i].member);
            other = other_place(call, tells[i].what, from_arn ? at - 4 : at);
        }
    }
    if (other == NULL && strcmp(of->service, "iam") == 0 && strcmp(of->name, "GetCredentialReport") == 0)
        other = other_report(call, text);
    return other == NULL ? NULL : arena_printf(call->collector->arena, "a record is of %s", other);
}
