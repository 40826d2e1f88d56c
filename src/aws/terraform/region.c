// Of which region, and whether of another account, what a plan makes is.
#include <string.h>

#include "aws/terraform/plan.h"

static const char *constant(struct plan_reader *plan, const cJSON *expression)
{
    const char *told = attribute(plan, expression, "constant_value");
    const cJSON *references = member(expression, "references"), *one;
    if (told != NULL)
        return told;
    cJSON_ArrayForEach (one, references) { // a variable of the root, whose value the plan tells
        const char *text = cJSON_GetStringValue(one);
        if (text == NULL || strncmp(text, "var.", 4) != 0 || cJSON_GetArraySize(references) != 1)
            continue;
        return attribute(plan, member(plan->variables, text + 4), "value");
    }
    return NULL;
}

// Whether a provider's block says as whom it signs in.
static bool signs_in(const cJSON *provider)
{
    static const char *const keys[] = {"assume_role", "assume_role_with_web_identity", "profile", "access_key"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (member(member(provider, "expressions"), keys[i]) != NULL)
            return true;
    return false;
}

void note_providers(struct plan_reader *plan)
{
    for (size_t i = 0; i < plan->resources.count; i++) {
        const struct resource *one = &plan->resources.items[i];
        const char *key = attribute(plan, one->configured, "provider_config_key");
        if (one->changes && key != NULL && map_get(&plan->used_providers, key) == NULL && !is_harmless_type(one->type))
            map_put(plan->arena, &plan->used_providers, key, plan);
    }
}

struct provider_place provider_place_of(struct plan_reader *plan, const struct resource *resource)
{
    struct provider_place place = {0};
    const char *key = attribute(plan, resource->configured, "provider_config_key");
    const cJSON *own = key == NULL ? NULL : member(plan->providers, key), *one;
    const cJSON *region = member(member(own, "expressions"), "region");
    place.region = attribute(plan, resource->after != NULL ? resource->after : resource->before, "region");
    if (place.region == NULL)
        place.region = constant(plan, region);
    cJSON_ArrayForEach (one, plan->providers) {
        bool other = own != NULL && one != own && one->string != NULL &&
                     map_get(&plan->used_providers, one->string) != NULL &&
                     !cJSON_Compare(member(one, "expressions"), member(own, "expressions"), true);
        place.region_unknown = place.region_unknown || (other && place.region == NULL);
        place.of_another_account = place.of_another_account || (other && (signs_in(own) || signs_in(one)));
    }
    return place;
}
