// Web ACLs of AWS WAF, and which load balancers they are associated with. What they let through is not read.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_ListWebACLs.html
#include <string.h>

#include "aws/documents/calls.h"
#include "aws/documents/readers.h"
#include "model/bridge.h"

bool read_web_acl(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct web_acl one = {0};
    (void)into;
    GUARD(interned_of(reader, at, "ARN", &one.arn));
    place_of_arn(reader, one.arn, &one.account, &one.region);
    seen_at(reader, one.account, one.region, NULL);
    one.name = text_beside(reader, at, "Name");
    one.name = one.name == NULL ? one.arn : one.name;
    bool known = strstr(one.arn, ":regional/") == NULL; // one of CloudFront's is before no load balancer
    for (size_t i = 0; i < reader->estate->web_acls.count && !known; i++)
        known = text_same(reader->estate->web_acls.items[i].arn, one.arn);
    if (!known)
        *vector_add(reader->arena, &reader->estate->web_acls) = one;
    return true;
}

// The answer tells of one web ACL, and not of which.
bool read_web_acl_resources(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct web_acl one = {.account = reader->place.account, .region = reader->place.region};
    const cJSON *node;
    (void)into;
    cJSON_ArrayForEach (node, at->node)
        if (cJSON_IsString(node) && strstr(node->valuestring, ":loadbalancer/") != NULL)
            text_list_add(reader->arena, &one.resources, intern(reader, node->valuestring));
    const struct aws_call *named = call_of_file(reader->name);
    bool is_ours = named != NULL && strcmp(named->operation, "ListResourcesForWebACL") == 0;
    if (one.resources.count == 0 && !is_ours) // other services list ARNs too
        return true;
    if (one.resources.count > 0) {
        one.account = one.region = NULL;
        place_of_arn(reader, one.resources.items[0], &one.account, &one.region);
    }
    seen_at(reader, one.account, one.region, NULL);
    *vector_add(reader->arena, &reader->estate->web_acls) = one;
    return true;
}
