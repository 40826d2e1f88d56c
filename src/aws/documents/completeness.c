#include "aws/documents/completeness.h"

#include <stdlib.h>
#include <string.h>

#include "aws/documents/calls.h"
#include "aws/documents/documents.h"

// What is not told, until settled.
static const char unknown[] = PLACE_UNKNOWN;

struct listing *listing_begin(struct reader *reader, enum kind kind)
{
    struct listing *listing = arena_new_of(reader->arena, struct listing);
    *listing = (struct listing){
        .kind = kind, .name = reader->name, .account = reader->place.account, .region = reader->place.region};
    *vector_add(reader->arena, &reader->documents->listings) = listing;
    return listing;
}

void listing_sees(struct reader *reader, struct listing *listing, const struct interface_place *place)
{
    uint32_t count = listing == NULL ? 0 : listing->seen.count;
    if (listing == NULL || (count > 0 && listing->seen.items[count - 1] == place) ||
        map_get_pointer(&listing->seen_once, place) != NULL)
        return;
    map_put_pointer(reader->arena, &listing->seen_once, place, listing);
    *vector_add(reader->arena, &listing->seen) = place;
}

bool listing_has_own_pages(const struct listing *listing)
{
    return listing->kind == KIND_LISTENERS || listing->kind == KIND_LISTENER_RULES;
}

// ---- Settling

struct settler {
    struct reader *reader;
    struct estate *estate;
    struct arena *arena;
    struct map by_place;       // "ACCOUNT|REGION" -> index in estate->completeness + 1
    struct map accounts;       // that own interfaces, groups or networks
    struct map only_region_of; // account -> the one region of its that is demanded, or `several`
    struct map only_account_of;
    const char *only_region; // of all that is demanded
    const char *only_account;
};

static const char several[] = "";

bool kind_is_of_account(enum kind kind)
{
    return kind >= KIND_ACCOUNT_SUMMARY;
}

static const char *place_key(struct settler *settler, const char *account, const char *region)
{
    return arena_printf(settler->reader->scratch, "%s|%s", account, region);
}

static struct completeness *completeness_with(struct settler *settler, const char *account, const char *region)
{
    const char *key = place_key(settler, account, region);
    uintptr_t number = (uintptr_t)map_get(&settler->by_place, key);
    if (number == 0) {
        *vector_add(settler->arena, &settler->estate->completeness) =
            (struct completeness){.account = account, .region = region};
        number = settler->estate->completeness.count;
        map_put(settler->arena, &settler->by_place, arena_strdup(settler->arena, key), (void *)number);
    }
    return &settler->estate->completeness.items[number - 1];
}

// Account and region of one place that a listing sees, as far as anything tells them.
static struct document_place told_of(const struct settler *settler, const struct listing *listing,
                                     const struct interface_place *seen)
{
    const struct vpc_home *home = map_get(&settler->estate->vpc_homes, seen->vpc_id);
    struct document_place told = {.account = seen->account_id, .region = seen->region};
    if (told.account == NULL && home != NULL && kind_tells_owner(listing->kind))
        told.account = home->owner;
    if (told.account == NULL)
        told.account = listing->account;
    if (told.region == NULL)
        told.region = home != NULL && home->region != NULL ? home->region : listing->region;
    return told;
}

static const char *one_or_several(const char *known, const char *next)
{
    return known == several ? several : known == NULL || strcmp(known, next) == 0 ? next : several;
}

static void note_only(struct settler *settler, struct map *map, const char *key, const char *next)
{
    const char *known = map_get(map, key), *now = one_or_several(known, next);
    if (now != known)
        map_put(settler->reader->scratch, map, key, (void *)(uintptr_t)now);
}

// That a place's network is the snapshot's own.
static void demand(struct settler *settler, struct completeness *of)
{
    if (of->demanded)
        return;
    of->demanded = true;
    note_only(settler, &settler->only_region_of, of->account, of->region);
    note_only(settler, &settler->only_account_of, of->region, of->account);
    settler->only_region = one_or_several(settler->only_region, of->region);
    settler->only_account = one_or_several(settler->only_account, of->account);
}

// The one region of a network of that account (NULL: of all), or NULL where there is none or several.
static const char *only_region(const struct settler *settler, const char *account)
{
    const char *one = account == NULL ? settler->only_region : map_get(&settler->only_region_of, account);
    return one == several ? NULL : one;
}

static const char *only_account(const struct settler *settler, const char *region)
{
    const char *one = region == NULL ? settler->only_account : map_get(&settler->only_account_of, region);
    return one == several ? NULL : one;
}

static void fill_in(const struct settler *settler, struct document_place *told)
{
    const char *region = told->region, *account = told->account;
    if (region == NULL)
        told->region = only_region(settler, account);
    if (told->region == NULL)
        told->region = only_region(settler, NULL);
    if (account == NULL)
        told->account = only_account(settler, region);
    if (told->account == NULL)
        told->account = only_account(settler, NULL);
}

static bool is_network(const struct listing *listing)
{
    return listing->kind != KIND_COUNT && !kind_is_of_account(listing->kind);
}

// Kinds of which one makes a region's network the snapshot's own; a database or a load balancer alone does not.
static bool is_demanding(const struct listing *listing)
{
    return kind_tells_owner(listing->kind) || listing->kind == KIND_NETWORK_INTERFACES ||
           listing->kind == KIND_RESERVATIONS || listing->kind == KIND_SECURITY_GROUPS;
}

static struct document_place path_of(const struct listing *listing)
{
    return (struct document_place){listing->account, listing->region};
}

static void find_places(struct settler *settler)
{
    struct reader *reader = settler->reader;
    bool any = false, network = false;
    for (size_t i = 0; i < reader->documents->listings.count; i++) {
        const struct listing *listing = reader->documents->listings.items[i];
        if (listing->empty && listing->account != NULL && listing->region != NULL)
            demand(settler, completeness_with(settler, listing->account, listing->region));
        if (!is_network(listing))
            continue;
        any = true;
        network = network || is_demanding(listing);
        for (size_t s = 0; is_demanding(listing) && s < listing->seen.count; s++)
            if (listing->seen.items[s]->account_id != NULL)
                map_put(settler->reader->scratch, &settler->accounts, listing->seen.items[s]->account_id, settler);
        if (listing->account != NULL && listing->region != NULL) {
            struct completeness *of = completeness_with(settler, listing->account, listing->region);
            if (is_demanding(listing))
                demand(settler, of);
            continue;
        }
        for (size_t s = 0; s < listing->seen.count; s++) {
            struct document_place told = told_of(settler, listing, listing->seen.items[s]);
            const struct vpc_home *home = map_get(&settler->estate->vpc_homes, listing->seen.items[s]->vpc_id);
            bool own = is_demanding(listing) &&
                       (home == NULL || home->owner == NULL || told.account == NULL ||
                        strcmp(home->owner, told.account) == 0 || text_same(listing->account, told.account));
            if (told.account == NULL || told.region == NULL)
                continue;
            struct completeness *of = completeness_with(settler, told.account, told.region);
            if (own)
                demand(settler, of);
        }
    }
    // A second look: where only one of the two is told, and no place fits it yet.
    for (size_t i = 0; i < reader->documents->listings.count; i++) {
        const struct listing *listing = reader->documents->listings.items[i];
        for (size_t s = 0; is_network(listing) && s < listing->seen.count; s++) {
            struct document_place told = told_of(settler, listing, listing->seen.items[s]);
            bool half = (told.account == NULL) != (told.region == NULL), no_account = told.account == NULL;
            fill_in(settler, &told);
            if (!half || !(no_account || told.region == NULL || told.region == unknown))
                continue;
            struct completeness *of = completeness_with(settler, told.account == NULL ? unknown : told.account,
                                                        told.region == NULL ? unknown : told.region);
            if (is_demanding(listing))
                demand(settler, of);
        }
    }
    for (size_t i = 0; i < settler->estate->completeness.count; i++)
        any = any && !settler->estate->completeness.items[i].demanded;
    for (size_t i = 0; any && !network && i < settler->estate->completeness.count; i++)
        demand(settler, &settler->estate->completeness.items[i]); // there is nothing but a database, a load balancer...
    if (any && (network || settler->estate->completeness.count == 0)) // of which network nothing tells
        demand(settler, completeness_with(settler, unknown, unknown));
}

// ---- States

static const struct lack *lack_of(struct arena *arena, const char *why)
{
    struct lack *lack = arena_new_of(arena, struct lack);
    lack->text = why;
    return lack;
}

static void note_state(struct completeness *of, struct arena *arena, const struct listing *listing)
{
    unsigned char *state = &of->states[listing->kind];
    const struct lack **lack = &of->lacks[listing->kind];
    if (listing->denied != NULL && *state == COMPLETENESS_ABSENT) {
        *state = COMPLETENESS_DENIED;
        *lack = lack_of(arena, listing->denied);
    }
    if (listing->denied != NULL)
        return;
    if (*state <= COMPLETENESS_DENIED)
        *state = COMPLETENESS_WHOLE;
    if (listing->damage != NULL && *state == COMPLETENESS_WHOLE) {
        *state = COMPLETENESS_DAMAGED;
        *lack = lack_of(arena, listing->damage);
    }
    if (listing->cut) {
        *state = COMPLETENESS_PARTIAL;
        *lack = lack_of(arena, arena_printf(arena, "%s is cut off or malformed", listing->name));
    }
}

// Which places a document tells of a kind for: its path's or, where that does not say, those that its records show;
// where nothing says, the only one that there is.
static size_t covered_by(struct settler *settler, const struct listing *listing, size_t **numbers)
{
    struct document_place path = path_of(listing);
    bool account = kind_is_of_account(listing->kind);
    size_t count = 0;
    *numbers = arena_array(settler->reader->scratch, size_t, listing->seen.count + 1);
    if (account)
        path.region = "global";
    for (size_t s = 0; (path.account == NULL || path.region == NULL) && s < listing->seen.count; s++) {
        struct document_place told = told_of(settler, listing, listing->seen.items[s]);
        told.region = account ? "global" : told.region;
        fill_in(settler, &told);
        if (told.account != NULL && told.region != NULL)
            (*numbers)[count++] =
                (size_t)(completeness_with(settler, told.account, told.region) - settler->estate->completeness.items);
    }
    // Of a network shared by several accounts, an empty list is of either.
    bool of_either = path.account == NULL && !account && settler->accounts.count > 1;
    if (count == 0 && (path.account == NULL || path.region == NULL))
        fill_in(settler, &path);
    if (count == 0 && of_either)
        path.account = NULL;
    path.account = path.account == NULL ? unknown : path.account; // which may be all that can be said
    path.region = path.region == NULL ? unknown : path.region;
    if (count == 0)
        (*numbers)[count++] =
            (size_t)(completeness_with(settler, path.account, path.region) - settler->estate->completeness.items);
    return count;
}

// Of pages, one is the last: it has no marker. Some come in pages of their own (settle.c).
struct pages {
    const char *denied; // a document that was to tell of it, and does not
    struct {
        const char *marked; // one that says another page follows
        bool last;
    } of[2]; // the call, and another one whose answer has its key
};

static void find_states(struct settler *settler)
{
    struct reader *reader = settler->reader;
    VECTOR(struct pages) pages = {0};
    for (size_t i = 0; i < reader->documents->listings.count; i++) {
        const struct listing *listing = reader->documents->listings.items[i];
        size_t *numbers;
        if (listing->kind == KIND_COUNT)
            continue;
        const struct aws_call *named = call_of_file(listing->name);
        bool other = named != NULL && named->key_is != KEY_OWN;
        size_t count = covered_by(settler, listing, &numbers);
        while (pages.count < settler->estate->completeness.count * KIND_COUNT)
            *vector_add(reader->arena, &pages) = (struct pages){0};
        for (size_t n = 0; n < count; n++) {
            struct pages *of = &pages.items[numbers[n] * KIND_COUNT + listing->kind];
            if (!other || named->key_is == KEY_SHARED_TELLING)
                note_state(&settler->estate->completeness.items[numbers[n]], settler->arena, listing);
            of->of[other].last = of->of[other].last || (listing->denied == NULL && !listing->more);
            if (listing->denied != NULL && !listing->perhaps)
                of->denied = listing->denied;
            if (listing->more && (!listing_has_own_pages(listing) || listing->seen.count == 0))
                of->of[other].marked = listing->name;
        }
    }
    for (size_t i = 0; i < pages.count; i++) {
        struct completeness *of = &settler->estate->completeness.items[i / KIND_COUNT];
        const struct pages *one = &pages.items[i];
        const char *marked = NULL;
        for (int k = 0; k < 2; k++)
            marked = one->of[k].marked != NULL && !one->of[k].last ? one->of[k].marked : marked;
        bool beside = one->denied != NULL && of->states[i % KIND_COUNT] > COMPLETENESS_DENIED;
        if (marked == NULL && !beside)
            continue;
        of->states[i % KIND_COUNT] = COMPLETENESS_PARTIAL;
        of->lacks[i % KIND_COUNT] =
            lack_of(settler->arena,
                    beside ? one->denied
                           : arena_printf(settler->arena, "%s says that another page follows, and none does", marked));
    }
}

static int by_place(const void *left, const void *right)
{
    const struct completeness *a = left, *b = right;
    int order = strcmp(a->account, b->account);
    return order != 0 ? order : strcmp(a->region, b->region);
}

static void place_interfaces(struct settler *settler)
{
    struct map *places = &settler->estate->places;
    for (size_t i = 0; i < places->size; i++) {
        struct interface_place *place = places->slots[i].value;
        if (places->slots[i].key == NULL)
            continue;
        const struct vpc_home *home = map_get(&settler->estate->vpc_homes, place->vpc_id);
        struct document_place told = {.account = place->account_id, .region = place->region};
        if (home != NULL) {
            told.account = told.account == NULL ? home->owner : told.account;
            told.region = told.region == NULL ? home->region : told.region;
        }
        fill_in(settler, &told);
        place->account_id = told.account == NULL ? unknown : told.account;
        place->region = told.region == NULL ? unknown : told.region;
    }
}

void completeness_settle(struct reader *reader)
{
    struct settler settler = {.reader = reader, .estate = reader->estate, .arena = reader->arena};
    vpc_homes_find(reader);
    find_places(&settler);
    find_states(&settler);
    lacks_name(reader);
    place_interfaces(&settler);
    if (settler.estate->completeness.count > 1)
        qsort(settler.estate->completeness.items, settler.estate->completeness.count, sizeof(struct completeness),
              by_place);
    lacks_list(reader);
}
