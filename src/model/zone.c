#include "model/zone.h"

#include "model/estate.h"

static bool told_apart(const char *a, const char *b)
{
    return a != NULL && b != NULL && !text_same(a, b);
}

static bool told_alike(const char *a, const char *b)
{
    return a != NULL && text_same(a, b);
}

bool zone_claims_differ(const struct zone_claims *claims)
{
    for (size_t i = 1; i < claims->items.count; i++)
        for (size_t j = 0; j < i; j++) {
            const struct zone_claim *a = &claims->items.items[i], *b = &claims->items.items[j];
            bool names = place_may_be(a->account, b->account) && told_apart(a->name, b->name);
            if (told_apart(a->id, b->id) || (names && !told_alike(a->id, b->id)))
                return true;
        }
    return false;
}

enum zones zones_compare(const struct zone_claims *a, const struct zone_claims *b)
{
    bool alike = false, apart = false;
    if (zone_claims_differ(a) || zone_claims_differ(b))
        return ZONES_UNSURE;
    for (size_t i = 0; i < a->items.count; i++)
        for (size_t j = 0; j < b->items.count; j++) {
            const struct zone_claim *one = &a->items.items[i], *other = &b->items.items[j];
            bool comparable = place_may_be(one->account, other->account);
            alike = alike || told_alike(one->id, other->id) || (comparable && told_alike(one->name, other->name));
            apart = apart || told_apart(one->id, other->id) || (comparable && told_apart(one->name, other->name));
        }
    return alike && apart ? ZONES_UNSURE : alike ? ZONES_ALIKE : apart ? ZONES_APART : ZONES_NOT_TOLD;
}

bool zone_is(const struct zone_claims *claims, const struct zone_claim *zone)
{
    struct zone_claim one = *zone;
    struct zone_claims wanted = {.items = {.items = &one, .count = 1}};
    return zones_compare(claims, &wanted) != ZONES_APART;
}
