// Whether an answer is of the region and the account that were asked: what an endpoint, a proxy or a cache answers for
// another one would else stand in the snapshot under a name that is not its own.
#include <ctype.h>

#include "aws/read/collector.h"
#include "aws/read/endpoint.h"

// Members by which records of these services tell where they are. Not among them: what may be another account's (a VPC,
// a subnet or a group that is shared), and what refers to another region (peers, service endpoints).
static const struct {
    const char *key;
    bool is_arn;
    bool of_account; // a record of the account's own
} tells[] = {{"AvailabilityZone", false, false}, {"ZoneName", false, false},        {"SubnetArn", true, false},
             {"LoadBalancerArn", true, true},    {"TargetGroupArn", true, true},    {"ListenerArn", true, true},
             {"DBInstanceArn", true, true},      {"SecurityGroupArn", true, false}, {"FirewallArn", true, false}};

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

static bool same(const char *part, size_t length, const char *text)
{
    return length == strlen(text) && strncmp(part, text, length) == 0;
}

// What a text that tells of a place says of another one; NULL where it does not. It ends with a quote.
static const char *other_place(const struct call *call, size_t which, const char *text)
{
    enum { REGION = 3, ACCOUNT = 4, DIGITS = 12 };
    struct arena *arena = call->collector->arena;
    size_t length = strcspn(text, "\"");
    if (!tells[which].is_arn)
        return length == 0 || zone_is_of(text, call->region)
                   ? NULL
                   : arena_printf(arena, "zone %.*s, asked of %s", (int)length, text, call->region);
    const char *region = arn_part(text, REGION, &length);
    if (length > 0 && !same(region, length, call->region))
        return arena_printf(arena, "region %.*s, asked of %s", (int)length, region, call->region);
    const char *account = arn_part(text, ACCOUNT, &length);
    return tells[which].of_account && length == DIGITS && !same(account, length, call->account->id)
               ? arena_printf(arena, "account %.*s, asked of %s", (int)length, account, call->account->id)
               : NULL;
}

const char *call_elsewhere(const struct call *call, const char *text)
{
    static const char *const services[] = {"ec2", "elbv2", "rds", "network-firewall", NULL};
    const char *service = call->operation.service;
    if (!text_among(service, services) || endpoint_is_global(service))
        return NULL;
    for (size_t i = 0; i < sizeof(tells) / sizeof(tells[0]); i++) {
        char member[40]; // as the document has it: in a text, quotes have backslashes before them
        int length = snprintf(member, sizeof(member), "\"%s\": \"", tells[i].key);
        for (const char *at = text; (at = strstr(at, member)) != NULL;) {
            const char *other = other_place(call, i, at += length);
            if (other != NULL)
                return arena_printf(call->collector->arena, "a record is of %s", other);
        }
    }
    return NULL;
}
