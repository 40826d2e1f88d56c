#include "rules/intent/intent_review.h"

#include <stdlib.h>

#include "model/protocol.h"
#include "net/port_map.h"

// One range of a rule's sources, of all of them by where they begin.
struct source {
    address_bits low;
    address_bits high;
    address_bits highest; // of all up to this one
    uint32_t rule;
};

// By sources, which rules can meet at all: where thousands have their own, each meets few.
struct sources {
    VECTOR(struct source) ranges;
    VECTOR(uint32_t) everyone; // rules without sources
};

struct review {
    struct arena *arena;
    struct sources sources[2]; // IPv4, IPv6
    const struct intent *intent;
    const struct exposure_set *exposures;
    const char *today;
    rule_numbers *rules;     // by endpoint: those that select it, ascending
    rule_numbers *endpoints; // by rule: those that it selects, ascending
};

static void select_all(struct review *review, const struct intent_index *index)
{
    const struct exposure_set *exposures = review->exposures;
    review->rules = arena_array(review->arena, rule_numbers, exposures->endpoints.count + 1);
    review->endpoints = arena_array(review->arena, rule_numbers, review->intent->rules.count + 1);
    for (size_t e = 0; e < exposures->endpoints.count; e++) {
        intent_rule_list rules = {0};
        intent_index_select(index, review->arena, &exposures->endpoints.items[e], &rules);
        for (size_t i = 0; i < rules.count; i++) {
            uint32_t number = (uint32_t)(rules.items[i] - review->intent->rules.items);
            *vector_add(review->arena, &review->rules[e]) = number;
            *vector_add(review->arena, &review->endpoints[number]) = (uint32_t)e;
        }
    }
}

static bool selected(const struct review *review, uint32_t rule, size_t endpoint)
{
    const rule_numbers *rules = &review->rules[endpoint];
    size_t low = 0, high = rules->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rules->items[middle] < rule)
            low = middle + 1;
        else
            high = middle;
    }
    return low < rules->count && rules->items[low] == rule;
}

static const struct prefixset *sources_of(const struct intent_rule *rule, enum family family)
{
    return family == FAMILY_IPV4 ? &rule->sources4 : &rule->sources6;
}

static int by_low(const void *left, const void *right)
{
    const struct source *a = left, *b = right;
    return a->low < b->low ? -1 : a->low > b->low ? 1 : (a->rule > b->rule) - (a->rule < b->rule);
}

static void index_sources(struct review *review, enum family family)
{
    struct sources *sources = &review->sources[family != FAMILY_IPV4];
    for (size_t r = 0; r < review->intent->rules.count; r++) {
        const struct intent_rule *rule = &review->intent->rules.items[r];
        const struct prefixset *set = sources_of(rule, family);
        if (!rule->has_sources)
            *vector_add(review->arena, &sources->everyone) = (uint32_t)r;
        for (size_t i = 0; rule->has_sources && i < set->count; i++)
            *vector_add(review->arena, &sources->ranges) =
                (struct source){.low = set->ranges[i].low, .high = set->ranges[i].high, .rule = (uint32_t)r};
    }
    if (sources->ranges.count > 1)
        qsort(sources->ranges.items, sources->ranges.count, sizeof(struct source), by_low);
    for (size_t i = 0; i < sources->ranges.count; i++) {
        struct source *one = &sources->ranges.items[i];
        one->highest = i > 0 && one[-1].highest > one->high ? one[-1].highest : one->high;
    }
}

// Earlier rules that have a source in common with rule `number`, ascending, some of them twice.
static rule_numbers meeting(const struct review *review, struct arena *scratch, size_t number, enum family family)
{
    const struct intent_rule *rule = &review->intent->rules.items[number];
    const struct sources *sources = &review->sources[family != FAMILY_IPV4];
    rule_numbers found = {0};
    if (!rule->has_sources) {
        for (size_t r = 0; r < number; r++)
            *vector_add(scratch, &found) = (uint32_t)r;
        return found;
    }
    for (size_t i = 0; i < sources->everyone.count && sources->everyone.items[i] < number; i++)
        *vector_add(scratch, &found) = sources->everyone.items[i];
    const struct prefixset *own = sources_of(rule, family);
    for (size_t i = 0; i < own->count; i++) {
        size_t low = 0, high = sources->ranges.count; // those that begin in it or before it
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (sources->ranges.items[middle].low <= own->ranges[i].high)
                low = middle + 1;
            else
                high = middle;
        }
        for (; low > 0 && sources->ranges.items[low - 1].highest >= own->ranges[i].low; low--) {
            const struct source *one = &sources->ranges.items[low - 1];
            if (one->rule < number && one->high >= own->ranges[i].low)
                *vector_add(scratch, &found) = one->rule;
        }
    }
    sort_numbers(found.items, found.count);
    return found;
}

// What of an endpoint's packets of one protocol a rule is about.
static struct portmap region(struct arena *arena, const struct intent_rule *rule, int protocol, enum family family)
{
    if (rule->protocol != PROTOCOL_ANY && rule->protocol != protocol)
        return portmap_empty;
    struct prefixset sources = rule->has_sources ? *sources_of(rule, family) : prefixset_all(arena, family);
    return portmap_of(arena, protocol_has_ports(protocol) ? rule->ports : portset_all, sources);
}

// Whether a rule can take anything of another's: most of many rules cannot, and that is seen without their sources.
static bool may_meet(const struct intent_rule *one, const struct intent_rule *other, int protocol)
{
    if (other->protocol != PROTOCOL_ANY && other->protocol != protocol)
        return false;
    size_t a = 0, b = 0;
    while (protocol_has_ports(protocol) && a < one->ports.count && b < other->ports.count) {
        const struct port_range *left = &one->ports.ranges[a], *right = &other->ports.ranges[b];
        if (left->low <= right->high && right->low <= left->high)
            return true;
        a += left->high < right->low;
        b += right->high < left->low;
    }
    return !protocol_has_ports(protocol);
}

// Whether earlier rules leave something of an endpoint to rule `number`; those that take of it are added to *takers.
static bool has_some_left(const struct review *review, struct arena *scratch, size_t number, size_t endpoint,
                          text_list *takers)
{
    static const int protocols[] = {PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_UNNAMED};
    const struct intent_rule *rule = &review->intent->rules.items[number];
    enum family family = review->exposures->endpoints.items[endpoint].address.family;
    bool any = rule->protocol == PROTOCOL_ANY;
    enum { FEW = 32 }; // are sooner tried than found by their sources
    const rule_numbers *own = &review->rules[endpoint];
    rule_numbers earlier = own->count <= FEW ? *own : meeting(review, scratch, number, family);
    for (size_t p = 0; p < (any ? sizeof(protocols) / sizeof(protocols[0]) : 1); p++) {
        int protocol = any ? protocols[p] : rule->protocol;
        struct portmap left = region(scratch, rule, protocol, family);
        for (size_t i = 0; i < earlier.count && earlier.items[i] < number && left.count > 0; i++) {
            uint32_t r = earlier.items[i];
            const struct intent_rule *before = &review->intent->rules.items[r];
            if (i > 0 && earlier.items[i - 1] == r)
                continue;
            if (!selected(review, r, endpoint) || intent_rule_expired(before, review->today) ||
                !may_meet(rule, before, protocol))
                continue;
            struct portmap rest = portmap_subtract(scratch, left, region(scratch, before, protocol, family));
            bool known = portmap_equal(rest, left);
            for (size_t t = 0; t < takers->count && !known; t++)
                known = takers->items[t] == before->id;
            if (!known)
                *vector_add(review->arena, takers) = before->id;
            left = rest;
        }
        if (left.count > 0)
            return true;
    }
    return false;
}

static const char *joined(struct arena *arena, const text_list *list)
{
    struct text text = {0};
    for (size_t i = 0; i < list->count; i++) {
        text_puts(&text, i > 0 ? ", " : "");
        text_puts(&text, list->items[i]);
    }
    const char *made = list->count == 0 ? "" : arena_strndup(arena, text.bytes, text.length);
    text_free(&text);
    return made;
}

static void note(const struct review *review, struct verdict_set *set, const struct intent_rule *rule,
                 const char *state, const char *detail)
{
    *vector_add(review->arena, &set->intent_notes) =
        (struct intent_note){.rule = rule->id, .state = state, .detail = detail, .owner = rule->owner};
}

void intent_review(struct arena *arena, const struct intent_index *index, const struct exposure_set *exposures,
                   const char *today, struct verdict_set *set)
{
    struct arena *scratch = arena_new();
    const struct intent *intent = index->intent;
    struct review review = {.arena = arena, .intent = intent, .exposures = exposures, .today = today};
    index_sources(&review, FAMILY_IPV4);
    index_sources(&review, FAMILY_IPV6);
    select_all(&review, index);
    for (size_t r = 0; r < intent->rules.count; r++) {
        const struct intent_rule *rule = &intent->rules.items[r];
        const rule_numbers *endpoints = &review.endpoints[r];
        text_list takers = {0};
        bool left = false;
        for (size_t i = 0; i < endpoints->count && !left; i++) {
            left = has_some_left(&review, scratch, r, endpoints->items[i], &takers);
            arena_reset(scratch);
        }
        if (intent_rule_expired(rule, today))
            note(&review, set, rule, "expired", arena_printf(arena, "on %s; it no longer allows", rule->expires));
        if (rule->of_flows)
            continue; // of flows, which no run reviews
        if (endpoints->count == 0)
            note(&review, set, rule, "unused", "it selects no endpoint");
        else if (!left && takers.count == 0)
            note(&review, set, rule, "unused", "its sources are of another address family than what it selects");
        else if (!left)
            note(&review, set, rule, "shadowed",
                 arena_printf(arena, "earlier rules decide all of it: %s", joined(arena, &takers)));
    }
    arena_free(scratch);
}
