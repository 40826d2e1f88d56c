#include "aws/documents/lone_record.h"

#include <string.h>

// A record without its list has these two, which no answer of AWS has beside each other (test_service_models.py).
static const char *const lone_records[][3] = {{"NetworkInterfaceId", "PrivateIpAddresses", "NetworkInterfaces"},
                                              {"RouteTableId", "Routes", "RouteTables"},
                                              {"NetworkAclId", "Entries", "NetworkAcls"},
                                              {"InternetGatewayId", "Attachments", "InternetGateways"},
                                              {"GroupId", "IpPermissions", "SecurityGroups"},
                                              {"InstanceId", "ImageId", "Reservations"},
                                              {"ReservationId", "Instances", "Reservations"},
                                              {"VpcId", "InstanceTenancy", "Vpcs"},
                                              {"SubnetId", "CidrBlock", "Subnets"},
                                              {"PrefixListId", "PrefixListName", "PrefixLists"},
                                              {"VpcEndpointId", "VpcEndpointType", "VpcEndpoints"},
                                              {"LoadBalancerArn", "Scheme", "LoadBalancers"},
                                              {"LoadBalancerName", "ListenerDescriptions", "LoadBalancerDescriptions"},
                                              {"ListenerArn", "DefaultActions", "Listeners"},
                                              {"TargetGroupArn", "TargetType", "TargetGroups"},
                                              {"DBInstanceIdentifier", "DBInstanceClass", "DBInstances"},
                                              {"TrailARN", "HomeRegion", "trailList"},
                                              {"UserName", "GroupList", "UserDetailList"},
                                              {"GroupName", "GroupPolicyList", "GroupDetailList"},
                                              {"RoleName", "AssumeRolePolicyDocument", "RoleDetailList"}};
enum { LONE_RECORDS = sizeof(lone_records) / sizeof(lone_records[0]) };
_Static_assert(LONE_RECORDS <= 32, "two bits for each");

// The lone record that the document is, as far as its members show by now: its place among lone_records, or their
// number.
static unsigned place_of(uint64_t bare)
{
    unsigned i = 0;
    while (i < LONE_RECORDS && (bare >> (2 * i) & 3) != 3)
        i++;
    return i;
}

void lone_record_note(uint64_t *bare, const char *key)
{
    for (unsigned i = 0; i < LONE_RECORDS; i++)
        for (unsigned k = 0; k < 2; k++)
            if (strcmp(key, lone_records[i][k]) == 0)
                *bare |= (uint64_t)1 << (2 * i + k);
}

const char *lone_record_list(uint64_t bare)
{
    unsigned i = place_of(bare);
    return i == LONE_RECORDS ? NULL : lone_records[i][2];
}
