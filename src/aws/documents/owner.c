// Documents that name the interfaces of a thing.
#include <string.h>

#include "aws/documents/readers.h"

void note_owner(struct reader *reader, const char *interface_id, const struct owner *owner)
{
    if (interface_id == NULL || map_get(&reader->estate->owner_of_interface, interface_id) != NULL)
        return;
    struct owner *kept = arena_new_of(reader->arena, struct owner);
    *kept = *owner;
    map_put(reader->arena, &reader->estate->owner_of_interface, interface_id, kept);
}

// The Name tag of a record, or NULL.
static const char *name_of(struct reader *reader, const struct json_cursor *at)
{
    const cJSON *tag;
    cJSON_ArrayForEach (tag, cJSON_GetObjectItemCaseSensitive(at->node, "Tags")) {
        struct json_cursor place = {.up = at, .node = tag};
        const char *key = text_beside(reader, &place, "Key");
        if (key != NULL && strcmp(key, "Name") == 0)
            return text_beside(reader, &place, "Value");
    }
    return NULL;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NatGateway.html
bool read_nat_gateway(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct owner owner = {.service = "ec2", .kind = "NAT gateway", .name = name_of(reader, at)};
    const char *vpc_id = NULL;
    (void)into;
    GUARD(interned_of(reader, at, "NatGatewayId", &owner.id));
    lenient_text(reader, at, "VpcId", &vpc_id);
    seen_at(reader, NULL, NULL, vpc_id);
    const cJSON *address;
    cJSON_ArrayForEach (address, cJSON_GetObjectItemCaseSensitive(at->node, "NatGatewayAddresses")) {
        struct json_cursor place = {.up = at, .node = address};
        note_owner(reader, text_beside(reader, &place, "NetworkInterfaceId"), &owner);
    }
    return true;
}

// A list of interface ids under a key of the record.
static void note_interfaces(struct reader *reader, const struct json_cursor *at, const char *key,
                            const struct owner *owner)
{
    const cJSON *one;
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(at->node, key))
        if (cJSON_IsString(one))
            note_owner(reader, intern(reader, one->valuestring), owner);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html
void note_endpoint_interfaces(struct reader *reader, const struct json_cursor *at, const char *id)
{
    struct owner owner = {.service = "ec2", .kind = "VPC endpoint", .id = id, .name = name_of(reader, at)};
    if (owner.name == NULL)
        owner.name = text_beside(reader, at, "ServiceName");
    note_interfaces(reader, at, "NetworkInterfaceIds", &owner);
}
