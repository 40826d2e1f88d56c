// Public places, and Elastic IP addresses in use, that documents name.
#include <string.h>

#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

// https://docs.aws.amazon.com/lambda/latest/api/API_FunctionUrlConfig.html
bool read_function_url(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct public_place place = {.service = "lambda", .kind = "Lambda function URL"};
    const char *arn;
    (void)into;
    GUARD(interned_of(reader, at, "FunctionArn", &arn));
    place_of_arn(reader, arn, &place.account, &place.region);
    seen_at(reader, place.account, place.region, NULL);
    const char *name = strstr(arn, ":function:");
    place.id = name == NULL ? arn : name + strlen(":function:");
    place.detail = text_beside(reader, at, "FunctionUrl");
    note_public(reader, &place);
    return true;
}

// One that lies in a VPC has interfaces there.
// https://docs.aws.amazon.com/transfer/latest/APIReference/API_DescribedServer.html
bool read_transfer_server(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct public_place place = {.service = "transfer", .kind = "Transfer Family server"};
    const char *arn;
    (void)into;
    GUARD(interned_of(reader, at, "Arn", &arn));
    GUARD(interned_of(reader, at, "ServerId", &place.id));
    place_of_arn(reader, arn, &place.account, &place.region);
    seen_at(reader, place.account, place.region, NULL);
    const char *type = text_beside(reader, at, "EndpointType");
    if (type == NULL || strncmp(type, "VPC", 3) != 0)
        note_public(reader, &place);
    return true;
}

static const char app_runner[] = "apprunner";

// https://docs.aws.amazon.com/apprunner/latest/api/API_ServiceSummary.html
bool read_listed_app_runner(struct reader *reader, const struct json_cursor *at, void *into)
{
    const char *arn = text_beside(reader, at, "ServiceArn");
    (void)into;
    GUARD(arn != NULL || interned_of(reader, at, "ServiceName", &arn));
    if (!text_same(text_beside(reader, at, "Status"), "DELETED"))
        note_listed(reader, app_runner, "App Runner service", arn, "apprunner describe-service");
    return true;
}

// https://docs.aws.amazon.com/apprunner/latest/api/API_IngressConfiguration.html
bool read_app_runner(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct public_place place = {.service = app_runner, .kind = "App Runner service"};
    const char *arn;
    struct json_cursor network, ingress;
    (void)into;
    GUARD(interned_of(reader, at, "ServiceArn", &arn));
    place_of_arn(reader, arn, &place.account, &place.region);
    seen_at(reader, place.account, place.region, NULL);
    place.id = text_beside(reader, at, "ServiceName");
    place.id = place.id == NULL ? arn : place.id;
    place.detail = text_beside(reader, at, "ServiceUrl");
    note_thing(reader, app_runner, arn, place.id, place.account, place.region);
    bool is_public = true;
    if (lenient_object(reader, at, "NetworkConfiguration", &network) &&
        lenient_object(reader, &network, "IngressConfiguration", &ingress))
        lenient_boolean(reader, &ingress, "IsPubliclyAccessible", &is_public);
    if (is_public && !text_same(text_beside(reader, at, "Status"), "DELETED"))
        note_public(reader, &place);
    return true;
}

// Its own document tells, and has no key that is its own.
// https://docs.aws.amazon.com/amazon-mq/latest/api-reference/brokers.html
bool read_listed_broker(struct reader *reader, const struct json_cursor *at, void *into)
{
    const char *id;
    (void)into;
    GUARD(interned_of(reader, at, "BrokerId", &id));
    note_listed(reader, "mq", "Amazon MQ broker", id, "mq describe-broker that is read");
    return true;
}

// Private ones are reached by interface endpoints alone. One whose own address is off is reached by a domain name of
// its owner's. https://docs.aws.amazon.com/apigateway/latest/api/API_EndpointConfiguration.html,
// https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid.html
bool read_api(struct reader *reader, const struct json_cursor *at, bool is_rest)
{
    struct public_place place = {.service = "apigateway", .kind = "API of API Gateway"};
    struct json_cursor configuration;
    GUARD(interned_of(reader, at, is_rest ? "id" : "ApiId", &place.id));
    seen_at(reader, NULL, NULL, NULL);
    place.detail = text_beside(reader, at, is_rest ? "name" : "ApiEndpoint");
    const cJSON *type;
    bool is_private = false;
    if (is_rest && lenient_object(reader, at, "endpointConfiguration", &configuration))
        cJSON_ArrayForEach (type, json_member(&configuration, "types").node)
            is_private = is_private || text_same(cJSON_GetStringValue(type), "PRIVATE");
    if (!is_private)
        note_public(reader, &place);
    return true;
}

bool access_is_there(const struct json_cursor *at)
{
    static const char *const gone[] = {"deleting", "deleted", NULL};
    const cJSON *status = cJSON_GetObjectItemCaseSensitive(at->node, "Status");
    const char *code = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(status, "Code"));
    return code == NULL || !text_among(code, gone);
}

// Whoever signs in to it comes into the VPC:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ClientVpnEndpoint.html
bool read_client_vpn(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct public_place place = {.service = "ec2", .kind = "Client VPN endpoint"};
    (void)into;
    GUARD(interned_of(reader, at, "ClientVpnEndpointId", &place.id));
    seen_at(reader, NULL, NULL, NULL);
    place.detail = text_beside(reader, at, "DnsName");
    if (access_is_there(at))
        note_public(reader, &place);
    return true;
}

// Without a VPC it has no interface, and who may connect comes over the internet, by an internet access gateway.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
bool note_outside_vpc(struct reader *reader, const struct json_cursor *at, struct db_instance *instance)
{
    if (!cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(at->node, "VPCNetworkingEnabled")))
        return false;
    struct public_place place = {.service = "rds",
                                 .kind = "database without a VPC",
                                 .id = instance->id,
                                 .account = instance->account,
                                 .region = instance->region};
    note_public(reader, &place);
    seen_at(reader, instance->account, instance->region, NULL);
    instance->outside_vpc = true;
    return true;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Address.html
bool read_elastic_address(struct reader *reader, const struct json_cursor *at, void *into)
{
    static const char *const users[] = {"AssociationId", "NetworkInterfaceId", "InstanceId", NULL};
    static const char *const keys[] = {"PublicIp", "CarrierIp", "CustomerOwnedIp", NULL};
    const char *address = NULL, *id = NULL, *account = NULL, *region = NULL;
    const char *service = NULL, *pool = NULL;
    bool used = false;
    (void)into;
    // A regional NAT gateway has no interface, and takes in nothing.
    // https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html
    lenient_text(reader, at, "ServiceManaged", &service);
    if (text_same(service, "rnat"))
        return true;
    lenient_text(reader, at, "AllocationId", &id);
    lenient_text(reader, at, "NetworkInterfaceOwnerId", &account);
    lenient_text(reader, at, "NetworkBorderGroup", &region);
    region = region_of_zone(reader, region);
    account = account == NULL ? reader->place.account : account;
    region = region == NULL ? reader->place.region : region;
    seen_at(reader, account, region, NULL);
    for (size_t i = 0; users[i] != NULL; i++) {
        const cJSON *user = cJSON_GetObjectItemCaseSensitive(at->node, users[i]);
        used = used || (cJSON_IsString(user) && user->valuestring[0] != '\0');
    }
    lenient_text(reader, at, "PublicIpv4Pool", &pool);
    bool is_brought = pool != NULL && pool[0] != '\0' && strcmp(pool, "amazon") != 0;
    bool told = false;
    for (size_t i = 0; keys[i] != NULL; i++) {
        lenient_text(reader, at, keys[i], &address);
        told = told || (address != NULL && address[0] != '\0');
        struct address parsed;
        if (used && is_brought && address != NULL && address_parse(address, &parsed))
            note_brought(reader, pool, prefix_of(parsed));
        if (used && address != NULL && address[0] != '\0')
            *vector_add(reader->arena, &reader->estate->elastic_addresses) =
                (struct elastic_address){.address = address,
                                         .id = id == NULL ? address : id,
                                         .interface = text_beside(reader, at, "NetworkInterfaceId"),
                                         .instance = text_beside(reader, at, "InstanceId"),
                                         .private_address = text_beside(reader, at, "PrivateIpAddress"),
                                         .evidence = evidence_of(reader, at),
                                         .account = account,
                                         .region = region};
        else if (!used && address != NULL && address[0] != '\0')
            *vector_add(reader->arena, &reader->estate->idle_addresses) =
                (struct idle_address){address, id == NULL ? address : id, evidence_of(reader, at), account, region};
    }
    if (used && !told) {
        struct json_cursor where = member_of(reader, at, "PublicIp");
        doubt_at(reader, &where, "is missing: which address is in use is not known");
    }
    return true;
}
