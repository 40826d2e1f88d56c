#include "rules/intent/intent_parts.h"

#include "model/protocol.h"

static bool is_about(const struct intent_rule *rule, int low, int high, bool wanted)
{
    if (rule->protocol == PROTOCOL_ANY || (low == high && rule->protocol == low))
        return true;
    return low < high && low <= rule->protocol && rule->protocol <= high && (!rule->allow || wanted);
}

static struct portmap map_of(struct arena *arena, const struct intent_rule *rule, int protocol, enum family family)
{
    struct prefixset sources = !rule->has_sources      ? prefixset_all(arena, family)
                               : family == FAMILY_IPV4 ? rule->sources4
                                                       : rule->sources6;
    if (prefixset_is_empty(sources))
        return portmap_empty;
    return portmap_of(arena, protocol_has_ports(protocol) ? rule->ports : portset_all, sources);
}

static void add(struct arena *arena, intent_part_list *parts, struct intent_part part)
{
    if (part.map.count > 0)
        *vector_add(arena, parts) = part;
}

void intent_parts(struct arena *arena, const struct intent *intent, const intent_rule_list *rules, int protocol_low,
                  int protocol_high, enum family family, struct portmap map, const char *today, bool wanted,
                  intent_part_list *parts)
{
    struct portmap lapsed = portmap_empty, rest = map;
    const struct intent_rule *expired = NULL;
    intent_part_list decided = {0};
    for (size_t i = 0; i < rules->count && rest.count > 0; i++) {
        const struct intent_rule *rule = rules->items[i];
        if (!is_about(rule, protocol_low, protocol_high, wanted))
            continue;
        struct portmap own = map_of(arena, rule, protocol_low, family), part = portmap_intersect(arena, rest, own);
        if (part.count == 0)
            continue;
        if (intent_rule_expired(rule, today)) {
            lapsed = portmap_union(arena, lapsed, part);
            expired = expired == NULL ? rule : expired;
            continue;
        }
        add(arena, &decided, (struct intent_part){part, rule, rule->allow, NULL});
        rest = portmap_subtract(arena, rest, own);
    }
    add(arena, &decided, (struct intent_part){rest, NULL, intent->default_allow, NULL});
    for (size_t i = 0; i < decided.count; i++) {
        struct intent_part one = decided.items[i], late = one;
        one.map = portmap_subtract(arena, decided.items[i].map, lapsed);
        late.map = portmap_intersect(arena, decided.items[i].map, lapsed);
        late.expired = expired;
        add(arena, parts, one);
        add(arena, parts, late);
    }
}
