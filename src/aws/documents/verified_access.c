// Verified Access: which things inside of a VPC its endpoints bring the internet to. Who may come, its policies decide.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VerifiedAccessEndpoint.html
#include <string.h>

#include "aws/documents/readers.h"
#include "model/bridge.h"

static bool is_port(const cJSON *node)
{
    return cJSON_IsNumber(node) && node->valuedouble >= 0 && node->valuedouble <= PORT_LAST;
}

// Those of `Port` and `PortRanges`; all, where none is told or one is not understood.
static struct portset ports_of(struct reader *reader, const cJSON *options)
{
    VECTOR(struct port_range) ranges = {0};
    const cJSON *port = cJSON_GetObjectItemCaseSensitive(options, "Port"), *one;
    if (is_port(port))
        *vector_add(reader->arena, &ranges) =
            (struct port_range){(uint16_t)port->valuedouble, (uint16_t)port->valuedouble};
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(options, "PortRanges")) {
        const cJSON *from = cJSON_GetObjectItemCaseSensitive(one, "FromPort");
        const cJSON *to = cJSON_GetObjectItemCaseSensitive(one, "ToPort");
        if (!is_port(from) || !is_port(to) || from->valuedouble > to->valuedouble)
            return portset_all;
        *vector_add(reader->arena, &ranges) =
            (struct port_range){(uint16_t)from->valuedouble, (uint16_t)to->valuedouble};
    }
    return ranges.count == 0 ? portset_all : portset_from(reader->arena, ranges.items, ranges.count);
}

// Where it does not tell what it sends its clients to, that is a block of no meaning: anything may be in it.
static void read_target(struct reader *reader, const struct json_cursor *at, const char *id)
{
    static const char *const keys[] = {"NetworkInterfaceOptions", "LoadBalancerOptions", "CidrOptions", "RdsOptions"};
    size_t before = reader->estate->verified_access.count;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct json_cursor options = member_of(reader, at, keys[i]);
        if (!cJSON_IsObject(options.node))
            continue;
        struct verified_access one = {.id = id, .account = reader->place.account, .region = reader->place.region};
        one.ports = ports_of(reader, options.node);
        one.interface = text_beside(reader, &options, "NetworkInterfaceId");
        one.balancer = text_beside(reader, &options, "LoadBalancerArn");
        one.cidr = text_beside(reader, &options, "Cidr");
        one.is_database = i == 3;
        if (one.interface == NULL && one.balancer == NULL && one.cidr == NULL && !one.is_database) {
            doubt_at(reader, &options, "does not tell what endpoint %s sends clients to", id);
            one.cidr = "";
        }
        *vector_add(reader->arena, &reader->estate->verified_access) = one;
    }
    if (reader->estate->verified_access.count > before)
        return;
    doubt_at(reader, at, "does not tell what endpoint %s sends clients to", id);
    *vector_add(reader->arena, &reader->estate->verified_access) = (struct verified_access){
        .id = id, .account = reader->place.account, .region = reader->place.region, .ports = portset_all, .cidr = ""};
}

bool read_verified_access(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct public_place place = {.service = "ec2", .kind = "Verified Access endpoint"};
    (void)into;
    GUARD(interned_of(reader, at, "VerifiedAccessEndpointId", &place.id));
    seen_at(reader, NULL, NULL, NULL);
    place.detail = text_beside(reader, at, "ApplicationDomain");
    if (!access_is_there(at))
        return true;
    note_public(reader, &place);
    read_target(reader, at, place.id);
    return true;
}
