// Who owns a VPC, and where it is: what the records of its own things say.
#include <string.h>

#include "aws/documents/completeness.h"
#include "aws/documents/documents.h"

// Of the accounts that records tell as a VPC's owner, the last.
struct owner_told {
    const char *vpc_id;
    const char *last;
    const struct listing *listing;
};

struct home_finder {
    struct reader *reader;
    struct map owners; // struct vpc_home -> struct owner_told
};

bool kind_tells_owner(enum kind kind)
{
    return kind == KIND_VPCS || kind == KIND_SUBNETS || kind == KIND_ROUTE_TABLES || kind == KIND_NETWORK_ACLS ||
           kind == KIND_INTERNET_GATEWAYS;
}

static struct vpc_home *home_with(struct home_finder *finder, const char *vpc_id)
{
    struct vpc_home *home = map_get(&finder->reader->estate->vpc_homes, vpc_id);
    if (home == NULL) {
        home = arena_new_of(finder->reader->arena, struct vpc_home);
        map_put(finder->reader->arena, &finder->reader->estate->vpc_homes, vpc_id, home);
    }
    return home;
}

// Whose gateways and tables are those of a VPC that two records say to be of different accounts is not known: what
// tells of the last of them is named.
static void set_owner(struct home_finder *finder, struct vpc_home *home, const struct listing *listing,
                      const struct interface_place *place)
{
    struct owner_told *told = map_get_pointer(&finder->owners, home);
    if (told == NULL) {
        told = arena_new_of(finder->reader->scratch, struct owner_told);
        map_put_pointer(finder->reader->scratch, &finder->owners, home, told);
    }
    home->owner = lesser_text(home->owner, place->account_id);
    if (told->last == NULL || strcmp(told->last, place->account_id) < 0)
        *told = (struct owner_told){place->vpc_id, place->account_id, listing};
}

static void doubt_owners(struct home_finder *finder)
{
    struct reader *reader = finder->reader;
    for (size_t i = 0; i < finder->reader->estate->vpc_homes.size; i++) {
        struct vpc_home *home = finder->reader->estate->vpc_homes.slots[i].value;
        const struct owner_told *told = home == NULL ? NULL : map_get_pointer(&finder->owners, home);
        if (told == NULL || strcmp(told->last, home->owner) == 0)
            continue;
        reader->name = told->listing->name;
        reader->listing = NULL;
        reader->doubt = &home->doubt;
        doubt_document(reader, "", "tells of another owner of %s than another record: neither is believed alone",
                       told->vpc_id);
    }
}

// First what a VPC's own things say of its owner; then, where those do not, whose interfaces and groups it holds, if
// they are of one account.
void vpc_homes_find(struct reader *reader)
{
    struct home_finder own = {.reader = reader}, *finder = &own;
    struct map users = {0}; // VPC -> account, or "" for several
    const struct documents *documents = finder->reader->documents;
    for (size_t i = 0; i < documents->listings.count; i++) {
        const struct listing *listing = documents->listings.items[i];
        for (size_t s = 0; s < listing->seen.count && !listing_has_own_pages(listing); s++) {
            const struct interface_place *place = listing->seen.items[s];
            if (place->vpc_id == NULL)
                continue;
            struct vpc_home *home = home_with(finder, place->vpc_id);
            const char *user = map_get(&users, place->vpc_id);
            home->region = lesser_text(home->region, place->region != NULL ? place->region : listing->region);
            if (kind_tells_owner(listing->kind) && place->account_id != NULL)
                set_owner(finder, home, listing, place);
            if (place->account_id != NULL && !kind_tells_owner(listing->kind) && !text_same(user, place->account_id))
                map_put(finder->reader->scratch, &users, place->vpc_id,
                        (void *)(uintptr_t)(user == NULL ? place->account_id : ""));
        }
    }
    doubt_owners(finder);
    for (size_t i = 0; i < documents->vpcs.size; i++) {
        const struct record_known *record = documents->vpcs.slots[i].value;
        if (record != NULL && record->doubt != NULL)
            home_with(finder, documents->vpcs.slots[i].key)->doubt = record->doubt;
    }
    for (size_t i = 0; i < users.size; i++) {
        const char *user = users.slots[i].value;
        struct vpc_home *home = user == NULL || user[0] == '\0' ? NULL : home_with(finder, users.slots[i].key);
        if (home != NULL && home->owner == NULL)
            home->owner = user;
    }
}
