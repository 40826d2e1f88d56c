// Whether an answer tells of all that it was asked about by name: ECS answers status 200 with what failed beside what
// it tells. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Failure.html
#include "aws/read/collector.h"

const char *call_not_whole(const struct call *call, const cJSON *answer)
{
    struct arena *arena = call->collector->arena;
    const struct aws_call *what = call->what;
    if (what->scope != CALL_ABOUT || what->about.when != CALL_IN_BATCHES)
        return NULL;
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
