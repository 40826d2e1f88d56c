#include "pipeline/forecast.h"
#include "rules/intent/intent_flows.h"

struct making {
    struct arena *arena;
    const struct forecast_given *given;
    const struct side *sides;
    struct forecast *forecast;
};

static void add(struct making *making, struct flow_change change)
{
    forecast_resources_of(making->arena, making->given, change.kind, &change.causes, NULL, &change.resources);
    making->forecast->findings += flow_change_is_finding(making->forecast, &change);
    *vector_add(making->arena, &making->forecast->flows->items) = change;
}

static void judge(struct making *making, const struct flow_change *change)
{
    struct arena *arena = making->arena;
    const struct estate *estate = making->sides[change->kind != CHANGE_CLOSED].estate;
    bool surer = change->kind == CHANGE_OPENED || change->flow.certainty == CERTAINTY_EXACT;
    flow_parts parts = intent_flow_parts(arena, making->given->intent, estate, making->given->today, &change->flow);
    for (size_t i = 0; i < parts.count; i++) {
        const struct intent_rule *rule = parts.items[i].rule;
        struct flow_change part = *change;
        part.flow = *intent_flow_of(arena, &change->flow, &parts.items[i].box);
        if (rule != NULL) {
            part.severity = rule->allow ? SEVERITY_INFO : surer ? SEVERITY_HIGH : SEVERITY_LOW;
            part.why = arena_printf(arena, "the intent's rule %s %s it", rule->id, rule->allow ? "allows" : "forbids");
        }
        add(making, part);
    }
}

void forecast_flows(struct arena *arena, const struct flow_difference *difference, const struct side sides[2],
                    const struct forecast_given *given, struct forecast *forecast)
{
    struct making making = {arena, given, sides, forecast};
    bool judges = given->intent != NULL && given->fail_on != NULL && intent_has_flows(given->intent);
    forecast->flows->by = difference->changes.by;
    for (size_t i = 0; i < difference->changes.items.count; i++) {
        const struct flow_change *change = &difference->changes.items.items[i];
        if (judges && change->kind != CHANGE_CLOSED)
            judge(&making, change);
        else
            add(&making, *change);
    }
}
