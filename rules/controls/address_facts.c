// Facts of public addresses that nothing uses, and of names that lead to them.
#include "rules/controls/facts.h"
#include "rules/reach/reach.h"

static const char *const none[] = {NULL};

static void addresses_in_use(struct inquiry *inquiry)
{
    const struct estate *estate = inquiry->input->estate;
    if (!fact_has_kind(inquiry, KIND_ADDRESSES, "Addresses"))
        return;
    for (size_t i = 0; i < estate->idle_addresses.count; i++) {
        const struct idle_address *idle = &estate->idle_addresses.items[i];
        answer(inquiry, CONTROL_FAIL, idle->address, idle->evidence, "%s is associated with nothing", idle->id);
        if (fix_is_plain(idle->id) && strncmp(idle->id, "eipalloc-", strlen("eipalloc-")) == 0)
            answer_fix(inquiry, "aws ec2 release-address%s --allocation-id %s",
                       fix_region(inquiry->arena, idle->region), idle->id);
    }
    struct map interfaces = {0};
    size_t good = 0;
    for (size_t i = 0; i < estate->interfaces.count; i++)
        map_put(inquiry->arena, &interfaces, estate->interfaces.items[i]->id,
                (void *)(uintptr_t)estate->interfaces.items[i]);
    for (size_t i = 0; i < estate->elastic_addresses.count; i++) {
        const struct elastic_address *one = &estate->elastic_addresses.items[i];
        const struct network_interface *interface = map_get(&interfaces, one->interface);
        if (one->instance == NULL && one->interface != NULL && interface == NULL)
            answer_missing(inquiry, "NetworkInterfaces: %s, on which %s is", one->interface, one->address);
        else if (one->instance == NULL && interface != NULL && !interface->attached)
            answer(inquiry, CONTROL_FAIL, one->address, one->evidence, "%s is on %s, which is attached to nothing",
                   one->id, interface->id);
        else
            good++;
    }
    answer_rest(inquiry, good, "Elastic IP address", "Elastic IP addresses", "associated with something in use");
    if (estate->elastic_addresses.count + estate->idle_addresses.count == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "Elastic IP addresses", NULL, "there are none");
}

// Public addresses of the snapshot: in use (true) or not.
static void note_address(struct arena *arena, struct map *known, const char *text, const void *what)
{
    char canonical[ADDRESS_TEXT];
    struct address address;
    if (!address_parse(text, &address))
        return;
    address_format(address, canonical);
    map_put(arena, known, arena_strdup(arena, canonical), (void *)(uintptr_t)what);
}

static void known_addresses(struct inquiry *inquiry, struct map *used, struct map *idle)
{
    const struct estate *estate = inquiry->input->estate;
    const struct exposure_set *exposures = inquiry->input->exposures;
    for (size_t i = 0; i < estate->idle_addresses.count; i++)
        note_address(inquiry->arena, idle, estate->idle_addresses.items[i].address, &estate->idle_addresses.items[i]);
    for (size_t i = 0; i < estate->elastic_addresses.count; i++)
        note_address(inquiry->arena, used, estate->elastic_addresses.items[i].address, estate);
    for (size_t i = 0; i < exposures->endpoints.count; i++) {
        char text[ADDRESS_TEXT];
        endpoint_address(&exposures->endpoints.items[i], text);
        note_address(inquiry->arena, used, text, estate);
    }
    map_slots regional = map_sorted(inquiry->arena, &estate->regional_addresses);
    for (size_t i = 0; i < regional.count; i++)
        note_address(inquiry->arena, used, regional.items[i]->key, estate);
}

// A name that leads to an address of the account that nothing uses is released with it, and then whoever is given the
// address answers for the name. Of an address that the snapshot does not tell of it is not known whose it is: it may be
// another provider's on purpose, or was released.
static void names_lead_somewhere(struct inquiry *inquiry)
{
    const struct estate *estate = inquiry->input->estate;
    struct map used = {0}, idle = {0};
    size_t good = 0, asked = 0;
    if (!fact_has_kind(inquiry, KIND_DNS_RECORDS, "ResourceRecordSets of Route 53") ||
        !fact_has_kind(inquiry, KIND_ADDRESSES, "Addresses"))
        return;
    known_addresses(inquiry, &used, &idle);
    for (size_t i = 0; i < estate->dns_records.count; i++) {
        const struct dns_record *record = &estate->dns_records.items[i];
        char text[ADDRESS_TEXT];
        struct address address;
        if (!address_parse(record->address, &address)) {
            answer_missing(inquiry, "the address of %s, which is none: \"%s\"", record->name, record->address);
            continue;
        }
        address_format(address, text);
        struct prefixset internet = prefixset_internet(inquiry->arena, (enum family)address.family);
        if (!prefixset_holds(internet, address.bits))
            continue; // of a private network
        asked++;
        if (map_get(&idle, text) != NULL)
            answer(inquiry, CONTROL_FAIL, record->name, record->evidence,
                   "leads to %s, an Elastic IP address that nothing uses", text);
        else if (map_get(&used, text) == NULL)
            answer_missing(inquiry, "whose address %s is, to which %s leads: no public address of the snapshot", text,
                           record->name);
        else
            good++;
    }
    answer_rest(inquiry, good, "DNS record", "DNS records", "lead to addresses in use here");
    if (asked == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "DNS records", NULL, "none leads to a public address");
}

const struct fact address_facts[] = {
    {"elastic-addresses-in-use", false, none, addresses_in_use},
    {"names-lead-somewhere", false, none, names_lead_somewhere},
    {NULL, false, NULL, NULL},
};
