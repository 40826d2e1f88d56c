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
    if (strncmp(one.arn, "arn:", 4) != 0 || strstr(one.arn, ":wafv2:") == NULL)
        return json_fail(at, reader->error, "has an ARN that is none of a web ACL: %s", one.arn);
    place_of_arn(reader, one.arn, &one.account, &one.region);
    seen_at(reader, one.account, one.region, NULL);
    one.name = text_beside(reader, at, "Name");
    one.name = one.name == NULL ? one.arn : one.name;
    bool known = strstr(one.arn, ":global/") != NULL; // one of CloudFront's is before no load balancer
    for (size_t i = 0; i < reader->estate->web_acls.count && !known; i++)
        known = text_same(reader->estate->web_acls.items[i].arn, one.arn);
    if (!known)
        *vector_add(reader->arena, &reader->estate->web_acls) = one;
    return true;
}

// An empty answer of another type of resource, as its file's name tells; where that tells none, it is of load
// balancers, which is the call's default.
static bool is_of_others(struct reader *reader)
{
    static const char *const types[] = {"api_gateway", "api-gateway",     "appsync",         "cognito", "app_runner",
                                        "app-runner",  "verified_access", "verified-access", "amplify", NULL};
    char *name = arena_strdup(reader->scratch, text_behind_slash(reader->name));
    bool others = false;
    for (char *c = name; *c != '\0'; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
    for (size_t i = 0; types[i] != NULL; i++)
        others = others || strstr(name, types[i]) != NULL;
    return others;
}

// The answer tells of one web ACL, and not of which.
bool read_web_acl_resources(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct web_acl one = {.account = reader->place.account, .region = reader->place.region, .file = reader->name};
    const cJSON *node;
    (void)into;
    cJSON_ArrayForEach (node, at->node)
        if (cJSON_IsString(node) && strstr(node->valuestring, ":loadbalancer/") != NULL)
            text_list_add(reader->arena, &one.resources, intern(reader, node->valuestring));
    const struct aws_call *named = call_of_file(reader->name);
    bool is_ours = named != NULL && strcmp(named->operation, "ListResourcesForWebACL") == 0;
    if (one.resources.count == 0 && (!is_ours || is_of_others(reader))) // other services list ARNs too
        return true;
    if (one.resources.count > 0) {
        one.account = one.region = NULL;
        place_of_arn(reader, one.resources.items[0], &one.account, &one.region);
    }
    seen_at(reader, one.account, one.region, NULL);
    *vector_add(reader->arena, &reader->estate->web_acls) = one;
    return true;
}

// Which ACL an answer is of: the one whose id or name its file's name holds; else, in its place, the only one that is
// left.
void settle_web_acls(struct reader *reader)
{
    struct web_acl *items = reader->estate->web_acls.items;
    size_t count = reader->estate->web_acls.count;
    for (int by_name = 1; by_name >= 0; by_name--)
        for (size_t a = 0; a < count; a++) {
            struct web_acl *answer = &items[a], *of = NULL;
            size_t found = 0;
            for (size_t i = 0; i < count && answer->arn == NULL && !answer->listed; i++) {
                struct web_acl *one = &items[i];
                bool here = one->arn != NULL && !one->listed && place_may_be(one->account, answer->account) &&
                            place_may_be(one->region, answer->region);
                bool named = here && (file_names(answer->file, text_behind_slash(one->arn)) ||
                                      file_names(answer->file, one->name));
                if (!here || (by_name && !named))
                    continue;
                of = one;
                found++;
            }
            if (found == 1)
                of->listed = answer->listed = true;
        }
}
