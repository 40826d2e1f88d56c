// VPC links of API Gateway: by which its APIs reach into a VPC. Those of REST APIs (version 2015-07-09) name network
// load balancers; those of HTTP APIs (2018-11-29) have interfaces, and where they lead, the integrations of the APIs
// tell.
#include <string.h>

#include "aws/documents/readers.h"
#include "model/bridge.h"

// A list of texts that AWS prints in each record; one that is odd is a doubt, which says so.
static void read_ids(struct reader *reader, const struct json_cursor *at, const char *key, text_list *ids)
{
    struct json_cursor array = member_of(reader, at, key);
    const cJSON *node;
    size_t index = 0;
    if (!cJSON_IsArray(array.node))
        doubt_at(reader, &array, "is missing or no array");
    cJSON_ArrayForEach (node, array.node) {
        struct json_cursor item = json_element(&array, index++, node);
        if (cJSON_IsString(node))
            text_list_add(reader->arena, ids, intern(reader, node->valuestring));
        else
            doubt_at(reader, &item, "is no string, expected one");
    }
}

static struct vpc_link *link_with(struct reader *reader, const char *id, bool of_rest)
{
    struct estate *estate = reader->estate;
    for (size_t i = 0; i < estate->vpc_links.count; i++) {
        struct vpc_link *one = &estate->vpc_links.items[i];
        if (strcmp(one->id, id) == 0 && one->of_rest == of_rest && text_same(one->account, reader->place.account) &&
            text_same(one->region, reader->place.region))
            return one; // a second record of it: what either says may be so
    }
    struct vpc_link *one = vector_add(reader->arena, &estate->vpc_links);
    *one = (struct vpc_link){.id = id,
                             .name = id,
                             .account = reader->place.account,
                             .region = reader->place.region,
                             .record = reader->record,
                             .of_rest = of_rest,
                             .available = true};
    return one;
}

// "INACTIVE" ones have no interface until somebody asks again, those in other states not yet, or no more.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-vpc-links.html
static void read_own(struct reader *reader, const struct json_cursor *at, const char *name_key, const char *status_key,
                     struct vpc_link *link)
{
    const char *name = text_beside(reader, at, name_key), *status = NULL;
    link->name = name == NULL ? link->name : name;
    lenient_text(reader, at, status_key, &status);
    link->available = link->available && (status == NULL || strcmp(status, "AVAILABLE") == 0);
    seen_at(reader, NULL, NULL, NULL);
}

// https://docs.aws.amazon.com/apigateway/latest/api/API_VpcLink.html
bool read_rest_vpc_link(struct reader *reader, const struct json_cursor *at, void *into)
{
    const char *id;
    (void)into;
    if (cJSON_HasObjectItem(at->node, "endpointConfiguration") || cJSON_HasObjectItem(at->node, "apiKeySource") ||
        cJSON_HasObjectItem(at->node, "disableExecuteApiEndpoint"))
        return read_api(reader, at, true);
    GUARD(interned_of(reader, at, "id", &id));
    struct vpc_link *link = link_with(reader, id, true);
    read_own(reader, at, "name", "status", link);
    read_ids(reader, at, "targetArns", &link->targets);
    return true;
}

// https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/vpclinks-vpclinkid.html
bool read_vpc_link(struct reader *reader, const struct json_cursor *at, void *into)
{
    const char *id;
    (void)into;
    if (cJSON_HasObjectItem(at->node, "ApiEndpoint") || cJSON_HasObjectItem(at->node, "ProtocolType"))
        return read_api(reader, at, false);
    GUARD(interned_of(reader, at, "VpcLinkId", &id));
    struct vpc_link *link = link_with(reader, id, false);
    read_own(reader, at, "Name", "VpcLinkStatus", link);
    read_ids(reader, at, "SubnetIds", &link->subnets);
    read_ids(reader, at, "SecurityGroupIds", &link->groups);
    return true;
}
