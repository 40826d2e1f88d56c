#include "rules/reach/web_acl.h"

#include "model/bridge.h"

const struct reason *web_acl_doubt(struct exposure_set *set, const struct estate *estate,
                                   const struct load_balancer *balancer)
{
    struct arena *arena = set->arena;
    const struct web_acl *untold = NULL, *empty = NULL;
    size_t all = 0;
    if (balancer->type != LOAD_BALANCER_APPLICATION && !balancer->type_unsure)
        return NULL;
    for (size_t i = 0; i < estate->web_acls.count; i++) {
        const struct web_acl *one = &estate->web_acls.items[i];
        if (text_list_holds(&one->resources, balancer->arn))
            return reason_doubt(
                arena, REASON_BALANCER, balancer->name, settle_by_probe,
                arena_printf(arena, "which requests the web ACL of %s lets through is not read", balancer->name));
        if (!place_may_be(one->account, balancer->account) || !place_may_be(one->region, balancer->region))
            continue;
        all += one->arn != NULL;
        untold = one->arn != NULL && !one->listed && untold == NULL ? one : untold;
        empty = one->arn == NULL && one->resources.count == 0 && empty == NULL ? one : empty;
    }
    if (untold != NULL)
        return reason_doubt(
            arena, REASON_BALANCER, balancer->name,
            arena_printf(arena, "wafv2 list-resources-for-web-acl of %s", untold->name),
            arena_printf(arena, "whether web ACL %s is associated with %s is not told", untold->name, balancer->name));
    enum completeness_state state = estate_completeness(estate, KIND_WEB_ACLS, balancer->account, balancer->region);
    if (state == COMPLETENESS_PARTIAL || state == COMPLETENESS_DAMAGED)
        return reason_doubt(
            arena, REASON_BALANCER, balancer->name, kind_call(KIND_WEB_ACLS),
            arena_printf(arena, "whether a web ACL of AWS WAF is associated with %s is not told", balancer->name));
    if (state == COMPLETENESS_DENIED)
        lack_add(arena, &set->missing, estate_lack(estate, arena, KIND_WEB_ACLS, balancer->account, balancer->region));
    else if (state == COMPLETENESS_ABSENT)
        text_list_add(arena, &set->assumptions,
                      "web ACLs of AWS WAF (wafv2 list-web-acls and list-resources-for-web-acl) absent: none is taken "
                      "to be associated with an application load balancer");
    else if (all == 0)
        text_list_add(arena, &set->assumptions,
                      "web ACLs of AWS WAF: list-web-acls tells of none, and is taken as asked with scope REGIONAL");
    else if (empty != NULL)
        text_list_add(
            arena, &set->assumptions,
            arena_printf(arena, "%s is empty, and is taken as asked of application load balancers", empty->file));
    return NULL;
}
