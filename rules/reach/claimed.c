#include "rules/reach/claimed.h"

#include <stdlib.h>

#include "rules/reach/load_balancer.h"
#include "rules/reach/owner.h"

bool is_of_balancer(struct arena *arena, const struct network_interface *interface, const char *key)
{
    return interface->load_balancer != NULL && text_same(load_balancer_key(arena, interface), key);
}

bool is_of_place(const struct network_interface *interface, const struct owner *owner, const struct public_place *place)
{
    if (owner == NULL || interface->instance_id != NULL)
        return owner != NULL && text_same(owner->service, place->service) && text_same(owner->id, place->id);
    return strcmp(owner->service, "unknown") == 0 ||
           (strcmp(owner->service, place->service) == 0 && (owner->id == NULL || text_same(owner->id, place->id)));
}

// Who claims an address that is not an interface's, for people; NULL where it may be that interface's, or where a plan
// has taken the claimant away.
static const char *claimant(struct arena *arena, const struct estate *estate, const struct network_interface *interface,
                            const struct address_claim *claim)
{
    if (claim->named != NULL)
        return text_same(claim->named->id, interface->id)
                   ? NULL
                   : arena_printf(arena, "on %s, of %s", claim->named->id, claim->named->what);
    if (claim->place != NULL)
        return is_of_place(interface, owner_of(arena, estate, interface), claim->place)
                   ? NULL
                   : arena_printf(arena, "of %s %s", claim->place->kind, claim->place->id);
    const struct load_balancer *balancer = map_get(&estate->load_balancers, claim->balancer);
    if (balancer == NULL || is_of_balancer(arena, interface, claim->balancer))
        return NULL;
    return arena_printf(arena, "of load balancer %s", balancer->name == NULL ? claim->balancer : balancer->name);
}

const struct reason *claimed_elsewhere(struct arena *arena, const struct estate *estate,
                                       const struct network_interface *interface, struct prefix address)
{
    char text[ADDRESS_TEXT];
    if (estate->address_claims.count == 0 || address.length != family_width(address.family))
        return NULL;
    address_format((struct address){address.family, address.first}, text);
    text_list claimants = {0};
    const char *others = NULL;
    for (const struct address_claim *one = map_get(&estate->address_claims, text); one != NULL; one = one->next) {
        const char *who = claimant(arena, estate, interface, one);
        if (who != NULL)
            text_list_add(arena, &claimants, who);
    }
    sort_texts(claimants.items, claimants.count); // whatever the order of documents
    for (size_t i = 0; i < claimants.count; i++)
        others = others == NULL ? claimants.items[i] : arena_printf(arena, "%s, %s", others, claimants.items[i]);
    return others == NULL ? NULL
                          : reason_doubt(arena, REASON_GATEWAY, interface->id,
                                         settle_by_call(arena, KIND_NETWORK_INTERFACES, interface->id),
                                         arena_printf(arena,
                                                      "%s is said to be on %s and, by another record, %s: neither is "
                                                      "believed alone",
                                                      text, interface->id, others));
}
