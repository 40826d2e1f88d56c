#include "pipeline/forecast.h"

#include "model/protocol.h"
#include "rules/intent/intent_parts.h"
#include "rules/intent/judge.h"
#include "service_ports.h"

enum { MOST_RESOURCES = 32 };

struct making {
    struct arena *arena;
    const struct forecast_given *given;
    const struct side *sides;
    struct forecast *forecast;
    struct portset guarded;
};

static enum family family_of(const struct change *change)
{
    return change->endpoint != NULL ? change->endpoint->address.family : change->indirect->family;
}

static const struct network_interface *interface_of(const struct change *change)
{
    return change->endpoint != NULL ? change->endpoint->interface : change->indirect->interface;
}

// ---- Resources

static void add_found(struct arena *arena, const struct forecast_given *given, struct terraform_addresses found,
                      change_resource_list *list)
{
    for (size_t i = 0; i < found.items.count && list->count < MOST_RESOURCES; i++) {
        const char *address = found.items.items[i];
        struct source_place place = {0};
        bool known = false;
        for (size_t r = 0; r < list->count && !known; r++)
            known = strcmp(list->items[r].address, address) == 0;
        if (known)
            continue;
        if (given->source != NULL)
            place = terraform_source_find(given->source, address);
        *vector_add(arena, list) = (struct change_resource){address, place.file, place.line};
    }
}

static void add_resources(struct arena *arena, const struct forecast_given *given, const char *id, bool went,
                          const struct network_interface *interface, change_resource_list *list)
{
    add_found(arena, given, terraform_causes(arena, given->report, id, went, interface), list);
}

void forecast_resources_of(struct arena *arena, const struct forecast_given *given, enum change_kind kind,
                           const reason_list *causes, const struct network_interface *interface,
                           change_resource_list *list)
{
    size_t before = list->count;
    if (given->report == NULL || given->report->plans == 0)
        return;
    for (size_t i = 0; i < causes->count; i++)
        add_resources(arena, given, reason_id(arena, causes->items[i]),
                      kind == CHANGE_CLOSED && causes->items[i]->stage == REASON_GROUP, interface, list);
    for (size_t i = 0; i < causes->count && interface != NULL; i++)
        if (list->count == before)
            add_found(arena, given,
                      terraform_causes_of_place(arena, given->report, causes->items[i]->stage, interface->place), list);
    if (list->count == before)
        add_resources(arena, given, NULL, false, interface, list);
}

void forecast_resources(struct arena *arena, const struct forecast_given *given, const struct change *change,
                        change_resource_list *list)
{
    forecast_resources_of(arena, given, change->kind, &change->causes, interface_of(change), list);
}

// ---- Judgement

static void add_piece(struct making *making, const struct change *change, struct portmap map, enum severity severity,
                      const char *why)
{
    const struct network_interface *interface = interface_of(change);
    struct change_piece piece = {.change = *change,
                                 .why = why,
                                 .eni_id = interface->id,
                                 .instance_id = interface->instance_id,
                                 .name = change->endpoint != NULL ? change->endpoint->name : change->indirect->name};
    struct prefixset internet = prefixset_internet(making->arena, family_of(change));
    forecast_resources(making->arena, making->given, change, &piece.resources);
    for (size_t i = 0; i < map.count; i++) {
        piece.change.low = map.segments[i].low;
        piece.change.high = map.segments[i].high;
        piece.change.sources = map.segments[i].sources;
        piece.change.internet = change->internet && prefixset_overlap(piece.change.sources, internet);
        piece.severity = piece.change.internet ? severity : SEVERITY_INFO;
        making->forecast->aside += !piece.change.internet;
        making->forecast->findings += forecast_is_finding(making->forecast, &piece);
        *vector_add(making->arena, &making->forecast->pieces) = piece;
    }
}

static bool opens(const struct change *change)
{
    return change->kind == CHANGE_OPENED || (change->kind == CHANGE_ALTERED && change->certainty == CERTAINTY_EXACT);
}

static void judge_part(struct making *making, const struct change *change, const struct intent_part *part)
{
    struct arena *arena = making->arena;
    const struct intent_rule *rule = part->rule;
    // By default nothing is allowed to come to a load balancer's targets either, which nobody lists.
    bool by_default = rule == NULL && change->endpoint == NULL;
    enum severity severity = SEVERITY_INFO;
    const char *why = NULL;
    if (change->kind == CHANGE_CLOSED) {
        bool expected = rule != NULL && rule->allow && change->path == PATH_TWO_WAY;
        severity = expected ? SEVERITY_HIGH : SEVERITY_INFO;
        why = expected ? arena_printf(arena, "the intent's rule %s expects it", rule->id) : NULL;
    } else if (!part->allowed) {
        severity =
            opens(change) ? judge_severity(VERDICT_LATENT, OBSERVED_UNKNOWN, INTENT_FORBIDDEN, false) : SEVERITY_LOW;
        severity = by_default ? SEVERITY_MEDIUM : severity;
        why = rule == NULL ? "the intent does not allow it"
                           : arena_printf(arena, "the intent's rule %s forbids it", rule->id);
    } else if (part->expired != NULL) {
        severity = SEVERITY_MEDIUM;
        why = arena_printf(arena, "the intent's rule %s has expired on %s", part->expired->id, part->expired->expires);
    } else if (rule != NULL) {
        why = arena_printf(arena, "the intent's rule %s allows it", rule->id);
    }
    if (change->path == PATH_INBOUND_ONLY && severity < SEVERITY_LOW)
        severity = SEVERITY_LOW; // no reply leaves: it is not reachable
    add_piece(making, change, part->map, severity, why);
}

static void judge_by_intent(struct making *making, const struct change *change, struct portmap map)
{
    struct arena *arena = making->arena;
    const struct estate *estate = making->sides[change->kind != CHANGE_CLOSED].estate;
    struct endpoint behind = {0};
    const struct endpoint *endpoint = change->endpoint;
    intent_rule_list rules = {0};
    intent_part_list parts = {0};
    if (endpoint == NULL) {
        behind = (struct endpoint){.interface = change->indirect->interface,
                                   .address = prefix_of(change->indirect->private_address),
                                   .name = change->indirect->name};
        endpoint = &behind;
    }
    intent_select(arena, making->given->intent, estate, endpoint, &rules);
    intent_parts(arena, making->given->intent, &rules, change->protocol_low, change->protocol_high, family_of(change),
                 map, making->given->today, change->kind == CHANGE_CLOSED, &parts);
    for (size_t i = 0; i < parts.count; i++)
        judge_part(making, change, &parts.items[i]);
}

static void judge_without(struct making *making, const struct change *change, struct portmap map)
{
    enum severity severity = change->kind == CHANGE_CLOSED       ? SEVERITY_INFO
                             : !opens(change)                    ? SEVERITY_LOW
                             : change->path == PATH_INBOUND_ONLY ? SEVERITY_LOW
                                                                 : SEVERITY_MEDIUM;
    if (severity != SEVERITY_MEDIUM || !protocol_has_ports(change->protocol_low) ||
        !prefixset_is_anywhere(family_of(change), change->sources)) {
        add_piece(making, change, map, severity, NULL);
        return;
    }
    struct portmap guarded = portmap_on_ports(making->arena, map, making->guarded);
    add_piece(making, change, guarded, SEVERITY_HIGH,
              "a port of administration or of a database, for all of the internet");
    add_piece(making, change, portmap_subtract(making->arena, map, guarded), severity, NULL);
}

void forecast_make(struct arena *arena, const struct difference *difference, const struct side sides[2],
                   const struct forecast_given *given, struct forecast *forecast)
{
    struct making making = {.arena = arena, .given = given, .sides = sides, .forecast = forecast};
    portset_parse(arena, GUARDED_PORTS, &making.guarded);
    forecast->gates = given->fail_on != NULL && given->fail_on->severity;
    forecast->least = given->fail_on == NULL ? SEVERITY_HIGH : given->fail_on->least;
    for (size_t i = 0; i < difference->changes.count; i++) {
        const struct change *change = &difference->changes.items[i];
        struct portmap map = portmap_from(arena, &(struct port_segment){change->low, change->high, change->sources}, 1);
        if (given->fail_on == NULL || !change->internet)
            add_piece(&making, change, map, SEVERITY_INFO, NULL);
        else if (given->intent == NULL)
            judge_without(&making, change, map);
        else
            judge_by_intent(&making, change, map);
    }
}
