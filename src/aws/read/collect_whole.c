// Whether an answer tells of all that it was asked about by name, and of nothing else: ECS answers status 200 with what
// failed beside what it tells, a cache or a proxy with what somebody else asked.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Failure.html
#include "aws/read/collector.h"

// Members by which records tell what they are about, as the document has them, and the parameter that asked for it:
// that very name, or the ARN of what they are part of.
static const struct {
    const char *service;
    const char *operation;
    const char *member;
    size_t parameter;
    enum { SAME, PART } how;
} tells[] = {
    {"elbv2", "DescribeListeners", "\"LoadBalancerArn\": \"", 0, SAME},
    {"elbv2", "DescribeRules", "\"RuleArn\": \"", 0, PART},
    {"network-firewall", "DescribeFirewall", "\"FirewallArn\": \"", 0, SAME},
    {"globalaccelerator", "ListListeners", "\"ListenerArn\": \"", 0, PART},
    {"globalaccelerator", "ListEndpointGroups", "\"EndpointGroupArn\": \"", 0, PART},
    {"globalaccelerator", "ListCustomRoutingListeners", "\"ListenerArn\": \"", 0, PART},
    {"globalaccelerator", "ListCustomRoutingEndpointGroups", "\"EndpointGroupArn\": \"", 0, PART},
    {"cloudfront", "GetVpcOrigin", "\n  \"Id\": \"", 0, SAME},
    {"ecs", "ListTasks", "\"arn:", 0, PART},
    {"ecs", "ListServices", "\"arn:", 0, PART},
    {"ecs", "DescribeTasks", "\"clusterArn\": \"", 0, SAME},
    {"ecs", "DescribeServices", "\"clusterArn\": \"", 0, SAME},
    {"eks", "DescribeCluster", "\n  \"name\": \"", 0, SAME},
    {"opensearch", "DescribeDomain", "\n  \"DomainName\": \"", 0, SAME},
    {"iam", "ListMFADevices", "\"UserName\": \"", 0, SAME},
    {"cloudtrail", "GetEventSelectors", "\"TrailARN\": \"", 0, SAME},
    {"organizations", "DescribePolicy", "\"Id\": \"", 0, SAME},
    {"sso-admin", "DescribePermissionSet", "\"PermissionSetArn\": \"", 1, SAME},
    {"sso-admin", "ListAccountAssignments", "\"PermissionSetArn\": \"", 1, SAME},
    {"sso-admin", "ListAccountAssignments", "\"AccountId\": \"", 2, SAME},
};

// Whether an ARN, which ends with a quote, is of a part of another one: "...:listener-rule/app/web/1/2/3" is of
// "...:listener/app/web/1/2". One of the older form "...:task/ID" does not tell.
static bool is_part(const char *text, const char *whole)
{
    size_t end = strcspn(text, "\""), type = strcspn(text, "/\"");
    const char *of = strchr(whole, '/');
    if (of == NULL || type == end || memchr(text + type + 1, '/', end - type - 1) == NULL)
        return true;
    size_t length = strlen(of);
    return end - type > length && strncmp(text + type, of, length) == 0 && text[type + length] == '/';
}

const char *call_of_another(const struct call *call, const char *text)
{
    static const char arn[] = "arn:";
    for (size_t i = 0; i < sizeof(tells) / sizeof(tells[0]); i++) {
        if (strcmp(tells[i].service, call->operation.service) != 0 ||
            strcmp(tells[i].operation, call->operation.name) != 0 || call->parameter_count <= tells[i].parameter)
            continue;
        const char *asked = call->parameters[tells[i].parameter].value;
        size_t member = strlen(tells[i].member);
        bool from_arn = strcmp(tells[i].member + member - strlen(arn), arn) == 0;
        for (const char *at = text; (at = strstr(at, tells[i].member)) != NULL;) {
            at += from_arn ? 1 : member;
            size_t length = strcspn(at, "\"");
            if (tells[i].how == PART ? !is_part(at, asked) : length != strlen(asked) || strncmp(at, asked, length) != 0)
                return arena_printf(call->collector->arena, "it is about %.*s, asked about %s",
                                    length > 256 ? 256 : (int)length, at, asked);
        }
    }
    return NULL;
}

// Whether one of a list has the name. Of ARNs the last parts are compared: there are two forms of them.
static bool lists(const cJSON *list, const char *member, const char *name)
{
    const cJSON *one;
    cJSON_ArrayForEach (one, list) {
        const char *told = string_of(one, member);
        if (told != NULL && strcmp(text_behind_slash(told), text_behind_slash(name)) == 0)
            return true;
    }
    return false;
}

const char *call_not_whole(const struct call *call, const cJSON *answer)
{
    struct arena *arena = call->collector->arena;
    const struct aws_call *what = call->what;
    if (what->scope != CALL_ABOUT || what->about.when != CALL_IN_BATCHES || call->parameter_count == 0)
        return NULL;
    const cJSON *told = cJSON_GetObjectItemCaseSensitive(answer, what->key), *one;
    const cJSON *failures = cJSON_GetObjectItemCaseSensitive(answer, "failures");
    const struct parameter *asked = &call->parameters[call->parameter_count - 1];
    const char *member = strcmp(what->key, "tasks") == 0 ? "taskArn" : "serviceArn";
    size_t count = 0;
    if (!cJSON_IsArray(told))
        return "status 200, but without the list that its answer has";
    cJSON_ArrayForEach (one, failures) {
        const char *reason = string_of(one, "reason"), *arn = string_of(one, "arn"), *detail = string_of(one, "detail");
        if (reason == NULL || strcmp(reason, "MISSING") != 0) // which is gone since it was listed
            return arena_printf(arena, "nothing of %.256s: %.64s%s%.256s", arn == NULL ? "one that was asked" : arn,
                                reason == NULL ? "without a reason" : reason, detail == NULL ? "" : ", ",
                                detail == NULL ? "" : detail);
    }
    for (size_t i = 0; i < asked->value_count; i++)
        count += lists(told, member, asked->values[i]) || lists(failures, "arn", asked->values[i]);
    return count < asked->value_count ? arena_printf(arena, "it tells of %zu of the %zu %s that were asked", count,
                                                     asked->value_count, what->key)
                                      : NULL;
}
