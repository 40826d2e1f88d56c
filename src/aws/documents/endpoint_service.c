// Endpoint services of AWS PrivateLink: by which other accounts, and other VPCs, come to load balancers.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ServiceConfiguration.html
#include <string.h>

#include "aws/documents/readers.h"
#include "model/bridge.h"

static void read_balancers(struct reader *reader, const struct json_cursor *at, const char *key, text_list *balancers)
{
    struct json_cursor array = json_member(at, key);
    const cJSON *node;
    size_t index = 0;
    if (array.node != NULL && !cJSON_IsArray(array.node))
        doubt_at(reader, &array, "is no array");
    cJSON_ArrayForEach (node, array.node) {
        struct json_cursor item = json_element(&array, index++, node);
        if (cJSON_IsString(node))
            text_list_add(reader->arena, balancers, intern(reader, node->valuestring));
        else
            doubt_at(reader, &item, "is no string, expected one");
    }
}

bool read_endpoint_service(struct reader *reader, const struct json_cursor *at, void *into)
{
    static const char *const gone[] = {"Deleting", "Deleted", NULL};
    struct endpoint_service one = {
        .account = reader->place.account, .region = reader->place.region, .record = reader->record};
    (void)into;
    GUARD(interned_of(reader, at, "ServiceId", &one.id));
    for (size_t i = 0; i < reader->estate->endpoint_services.count; i++) {
        struct endpoint_service *old = &reader->estate->endpoint_services.items[i];
        if (strcmp(old->id, one.id) == 0 && record_agrees(reader, at, old->record, one.id, &old->doubt))
            return true;
    }
    one.record = reader->record;
    read_balancers(reader, at, "NetworkLoadBalancerArns", &one.balancers);
    read_balancers(reader, at, "GatewayLoadBalancerArns", &one.balancers);
    for (size_t i = 0; i < one.balancers.count; i++)
        place_of_arn(reader, one.balancers.items[i], &one.account, &one.region);
    seen_at(reader, one.account, one.region, NULL);
    one.name = text_beside(reader, at, "ServiceName");
    const char *state = text_beside(reader, at, "ServiceState");
    one.gone = state != NULL && text_among(state, gone);
    if (!text_same(state, "Available"))
        one.unsure = arena_printf(reader->arena, "endpoint service %s is %s", one.id,
                                  state == NULL ? "of no state that is told" : state);
    // AWS prints one of the two lists: a service without a load balancer cannot be made.
    // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpointServiceConfiguration.html
    if (one.balancers.count == 0 && !one.gone) {
        struct json_cursor missing = member_of(reader, at, "NetworkLoadBalancerArns");
        doubt_at(reader, &missing,
                 "names no load balancer, nor do GatewayLoadBalancerArns: what is behind %s is not told", one.id);
        one.any_balancer = true;
    }
    *vector_add(reader->arena, &reader->estate->endpoint_services) = one; // of two of one id, both may be so
    return true;
}
