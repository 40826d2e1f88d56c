// What load balancers, NAT gateways, tasks and public places say of the public addresses that they have.
#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

static void add_claim(struct reader *reader, const char *text, struct address_claim claim)
{
    struct map *claims = &reader->estate->address_claims;
    struct address address;
    char key[ADDRESS_TEXT];
    if (text == NULL || !address_parse(text, &address))
        return;
    address_format(address, key); // however it is written
    struct address_claim *kept = arena_new_of(reader->arena, struct address_claim);
    *kept = claim;
    kept->next = map_get(claims, key);
    map_put(reader->arena, claims, arena_strdup(reader->arena, key), kept);
}

void settle_address_claims(struct reader *reader)
{
    struct estate *estate = reader->estate;
    map_slots balancers = map_sorted(reader->scratch, &estate->load_balancers);
    for (size_t i = 0; i < balancers.count; i++) {
        const struct load_balancer *one = balancers.items[i]->value;
        for (size_t a = 0; one->scheme != SCHEME_INTERNAL && a < one->addresses.count; a++)
            add_claim(reader, one->addresses.items[a], (struct address_claim){.balancer = balancers.items[i]->key});
    }
    for (size_t i = 0; i < estate->named_interfaces.count; i++)
        if (estate->named_interfaces.items[i].id != NULL)
            add_claim(reader, estate->named_interfaces.items[i].address,
                      (struct address_claim){.named = &estate->named_interfaces.items[i]});
    for (size_t i = 0; i < estate->public_places.count; i++)
        for (size_t a = 0;
             estate->public_places.items[i].has_interface && a < estate->public_places.items[i].addresses.count; a++)
            add_claim(reader, estate->public_places.items[i].addresses.items[a],
                      (struct address_claim){.place = &estate->public_places.items[i]});
}
