// Whether an answer tells of all that it was asked about by name, and of nothing else: ECS answers status 200 with what
// failed beside what it tells, a cache or a proxy with what somebody else asked.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Failure.html
#include "aws/read/collector.h"

// Which other thing an answer is about; NULL where it is about the one that was asked, or does not say.
static const char *of_another(const struct call *call, const cJSON *answer)
{
    static const struct {
        const char *key, *member;
    } names[] = {{"Firewall", "FirewallArn"}, {"cluster", "name"}, {"DomainStatus", "DomainName"}};
    const struct aws_call *what = call->what;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (what->key == NULL || what->form != FORM_WHOLE || strcmp(names[i].key, what->key) != 0)
            continue;
        const char *name = string_of(cJSON_GetObjectItemCaseSensitive(answer, what->key), names[i].member);
        if (name != NULL && strcmp(name, call->parameters[0].value) != 0)
            return arena_printf(call->collector->arena, "it is about %.256s, asked about %s", name,
                                call->parameters[0].value);
    }
    return NULL;
}

const char *call_not_whole(const struct call *call, const cJSON *answer)
{
    struct arena *arena = call->collector->arena;
    const struct aws_call *what = call->what;
    if (what->scope != CALL_ABOUT || call->parameter_count == 0)
        return NULL;
    if (what->about.when != CALL_IN_BATCHES)
        return of_another(call, answer);
    const cJSON *told = cJSON_GetObjectItemCaseSensitive(answer, what->key), *one;
    const struct parameter *asked = &call->parameters[call->parameter_count - 1];
    size_t count = (size_t)cJSON_GetArraySize(told);
    if (!cJSON_IsArray(told))
        return "status 200, but without the list that its answer has";
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(answer, "failures")) {
        const char *reason = string_of(one, "reason"), *arn = string_of(one, "arn"), *detail = string_of(one, "detail");
        if (reason == NULL || strcmp(reason, "MISSING") != 0) // which is gone since it was listed
            return arena_printf(arena, "nothing of %.256s: %.64s%s%.256s", arn == NULL ? "one that was asked" : arn,
                                reason == NULL ? "without a reason" : reason, detail == NULL ? "" : ", ",
                                detail == NULL ? "" : detail);
        count++;
    }
    return count < asked->value_count ? arena_printf(arena, "it tells of %zu of the %zu %s that were asked", count,
                                                     asked->value_count, what->key)
                                      : NULL;
}
