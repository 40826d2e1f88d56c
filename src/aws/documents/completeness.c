#include "aws/documents/completeness.h"

#include <stdlib.h>
#include <string.h>

#include "aws/documents/calls.h"
#include "aws/documents/documents.h"

// What is not told, until settled.
static const char unknown[] = "unknown";

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
    struct map by_place; // "ACCOUNT|REGION" -> index in estate->completeness + 1
    struct map accounts; // that own interfaces, groups or networks
};

static bool is_of_account(enum kind kind)
{
    return kind >= KIND_ACCOUNT_SUMMARY;
}

static struct completeness *completeness_with(struct settler *settler, const char *account, const char *region)
{
    const char *key = arena_printf(settler->reader->scratch, "%s|%s", account, region);
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

// The one account or region of a network that fits what is known of the other, or NULL where none or several do.
static const char *only_one(const struct settler *settler, const char *account, const char *region, bool of_region)
{
    const char *found = NULL;
    for (size_t i = 0; i < settler->estate->completeness.count; i++) {
        const struct completeness *of = &settler->estate->completeness.items[i];
        if (!of->demanded || (account != NULL && strcmp(of->account, account) != 0) ||
            (region != NULL && strcmp(of->region, region) != 0))
            continue;
        const char *one = of_region ? of->region : of->account;
        if (found != NULL && strcmp(found, one) != 0)
            return NULL;
        found = one;
    }
    return found;
}

static void fill_in(const struct settler *settler, struct document_place *told)
{
    const char *region = told->region, *account = told->account;
    if (region == NULL)
        told->region = only_one(settler, account, NULL, true);
    if (told->region == NULL)
        told->region = only_one(settler, NULL, NULL, true);
    if (account == NULL)
        told->account = only_one(settler, NULL, region, false);
    if (told->account == NULL)
        told->account = only_one(settler, NULL, NULL, false);
}

static bool is_network(const struct listing *listing)
{
    return listing->kind != KIND_COUNT && !is_of_account(listing->kind);
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
            completeness_with(settler, listing->account, listing->region)->demanded = true;
        if (!is_network(listing))
            continue;
        any = true;
        network = network || is_demanding(listing);
        for (size_t s = 0; is_demanding(listing) && s < listing->seen.count; s++)
            if (listing->seen.items[s]->account_id != NULL)
                map_put(settler->reader->scratch, &settler->accounts, listing->seen.items[s]->account_id, settler);
        if (listing->account != NULL && listing->region != NULL) {
            completeness_with(settler, listing->account, listing->region)->demanded |= is_demanding(listing);
            continue;
        }
        for (size_t s = 0; s < listing->seen.count; s++) {
            struct document_place told = told_of(settler, listing, listing->seen.items[s]);
            const struct vpc_home *home = map_get(&settler->estate->vpc_homes, listing->seen.items[s]->vpc_id);
            bool own = is_demanding(listing) &&
                       (home == NULL || home->owner == NULL || told.account == NULL ||
                        strcmp(home->owner, told.account) == 0 || text_same(listing->account, told.account));
            if (told.account != NULL && told.region != NULL)
                completeness_with(settler, told.account, told.region)->demanded |= own;
        }
    }
    // A second look: where only one of the two is told, and no place fits it yet.
    for (size_t i = 0; i < reader->documents->listings.count; i++) {
        const struct listing *listing = reader->documents->listings.items[i];
        for (size_t s = 0; is_network(listing) && s < listing->seen.count; s++) {
            struct document_place told = told_of(settler, listing, listing->seen.items[s]);
            bool half = (told.account == NULL) != (told.region == NULL), no_account = told.account == NULL;
            fill_in(settler, &told);
            if (half && (no_account || told.region == NULL || told.region == unknown))
                completeness_with(settler, told.account == NULL ? unknown : told.account,
                                  told.region == NULL ? unknown : told.region)
                    ->demanded |= is_demanding(listing);
        }
    }
    for (size_t i = 0; i < settler->estate->completeness.count; i++)
        any = any && !settler->estate->completeness.items[i].demanded;
    for (size_t i = 0; any && !network && i < settler->estate->completeness.count; i++)
        settler->estate->completeness.items[i].demanded = true; // there is nothing but a database, a load balancer...
    if (any && (network || settler->estate->completeness.count == 0)) // of which network nothing tells
        completeness_with(settler, unknown, unknown)->demanded = true;
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
    bool account = is_of_account(listing->kind);
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
            if (listing->denied != NULL)
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

static const char *of_where(struct arena *arena, const struct completeness *of)
{
    if (of->account == unknown && of->region == unknown)
        return "";
    return arena_printf(arena, " of %s/%s", of->account, of->region);
}

// What snapshot.json says could not be read of a kind, or NULL.
static const struct lack *told_lack(const struct estate *estate, const struct completeness *of, enum kind kind)
{
    for (size_t i = 0; i < estate->lacks.items.count; i++) {
        const struct lack *one = &estate->lacks.items.items[i];
        if (one->id == NULL && strcmp(one->kind, kind_name(kind)) == 0 && strcmp(one->account, of->account) == 0 &&
            strcmp(one->region, of->region) == 0)
            return one; // until more are added
    }
    return NULL;
}

static void name_lacks(struct settler *settler)
{
    struct arena *arena = settler->arena;
    for (size_t i = 0; i < settler->estate->completeness.count; i++) {
        struct completeness *of = &settler->estate->completeness.items[i];
        for (int kind = 0; kind < KIND_COUNT; kind++) {
            if (of->states[kind] == COMPLETENESS_WHOLE)
                continue;
            const struct lack *told = told_lack(settler->estate, of, (enum kind)kind);
            if (told != NULL && of->states[kind] <= COMPLETENESS_DENIED) { // asked for live, and denied
                of->states[kind] = COMPLETENESS_DENIED;
                struct lack *kept = arena_new_of(arena, struct lack);
                *kept = *told;
                of->lacks[kind] = kept;
                continue;
            }
            const char *why = of->lacks[kind] == NULL ? "no such document in the snapshot" : of->lacks[kind]->text;
            struct lack *lack = arena_new_of(arena, struct lack);
            *lack = (struct lack){.kind = kind_name((enum kind)kind), .account = of->account, .region = of->region};
            lack->text = of->states[kind] == COMPLETENESS_DAMAGED // listed as unread already
                             ? why
                             : arena_printf(arena, "%s: %s%s (%s)",
                                            of->states[kind] == COMPLETENESS_PARTIAL ? "incomplete" : "missing",
                                            lack->kind, of_where(arena, of), why);
            of->lacks[kind] = lack;
        }
    }
}

// Whether the instances of a place tell of interfaces, each of its own: then those serve in place of NetworkInterfaces
// (semantics.md). An instance that ends or only starts tells of none.
static bool instances_serve(const struct settler *settler, const struct completeness *of)
{
    const struct estate *estate = settler->estate;
    struct map with_interface = {0};
    size_t living = 0;
    for (size_t i = 0; i < estate->interfaces.count; i++)
        if (estate->interfaces.items[i]->instance_id != NULL)
            map_put(settler->reader->scratch, &with_interface, estate->interfaces.items[i]->instance_id,
                    estate->texts.slots);
    for (size_t i = 0; i < estate->instances.size; i++) {
        const struct instance *one = estate->instances.slots[i].value;
        if (one == NULL || strcmp(one->place->account_id, of->account) != 0 ||
            strcmp(one->place->region, of->region) != 0 || one->between || instance_is_gone(one))
            continue;
        if (map_get(&with_interface, one->id) == NULL)
            return false;
        living++;
    }
    return living > 0;
}

// The kinds that are begun and not whole, and those that every answer rests on and are not there. Records that were not
// understood are listed one by one instead.
static void list_lacks(struct settler *settler, const struct aws_call *call)
{
    struct estate *estate = settler->estate;
    for (size_t i = 0; i < estate->completeness.count; i++) {
        const struct completeness *of = &estate->completeness.items[i];
        enum completeness_state state = (enum completeness_state)of->states[call->kind];
        bool absent = state <= COMPLETENESS_DENIED && call->reliance == RELIES_ALL && of->demanded;
        absent = absent || (call->kind == KIND_TARGET_GROUPS && state == COMPLETENESS_ABSENT && of->demanded &&
                            of->states[KIND_TARGET_HEALTH] > COMPLETENESS_DENIED); // of which it tells
        // What was asked for and not answered is at no default; but on databases no answer about a packet rests.
        absent = absent || (state == COMPLETENESS_DENIED && of->demanded && call->kind != KIND_DB_INSTANCES &&
                            call->purpose == FOR_EXPOSURE);
        if (!absent && state != COMPLETENESS_PARTIAL)
            continue;
        struct lack lack = *of->lacks[call->kind];
        if (call->kind == KIND_NETWORK_INTERFACES && state == COMPLETENESS_ABSENT && absent &&
            instances_serve(settler, of))
            continue;
        if (call->kind == KIND_NETWORK_INTERFACES && absent && of->states[KIND_RESERVATIONS] <= COMPLETENESS_DENIED)
            lack.text = arena_printf(settler->arena, "%s, and no Reservations", lack.text);
        lack_add(settler->arena, &estate->lacks, &lack);
    }
}

static void list_assumption(struct settler *settler, const struct aws_call *call)
{
    struct estate *estate = settler->estate;
    size_t absent = 0, asked = 0;
    struct text where = {0};
    if (call->kind == KIND_BLOCK_PUBLIC_ACCESS && estate_has(estate, call->kind))
        return; // what tells of some regions knows nothing of the others: what rests on it is possible
    text_puts(&where, "");
    for (size_t i = 0; i < estate->completeness.count; i++) {
        const struct completeness *of = &estate->completeness.items[i];
        bool taken = of->demanded && of->states[call->kind] <= COMPLETENESS_DENIED &&
                     (call->reliance == RELIES_DEFAULT ||
                      (of->states[call->kind] == COMPLETENESS_ABSENT && instances_serve(settler, of)));
        asked += of->demanded;
        if (taken)
            text_printf(&where, "%s%s/%s", absent++ > 0 ? ", " : " in ", of->account, of->region);
    }
    if (absent > 0)
        *vector_add(settler->arena, &estate->assumptions) = arena_printf(
            settler->arena, "%s absent%s: %s", call->key, absent < asked ? where.bytes : "", call->assumption);
    text_free(&where);
}

static void list_all(struct settler *settler)
{
    bool listed[KIND_COUNT] = {false};
    for (size_t i = 0; i < aws_call_count; i++) {
        const struct aws_call *call = &aws_calls[i];
        if (call->kind == KIND_COUNT || is_of_account(call->kind) || listed[call->kind])
            continue;
        listed[call->kind] = true;
        list_lacks(settler, call);
        if (call->assumption != NULL)
            list_assumption(settler, call);
    }
}

// A shared VPC's owner sees the interfaces of those it is shared with, and nothing else of theirs: what stands behind
// them is at its default too, where no document of their account tells.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing-share-subnet-working-with.html
static void assume_of_guest(struct settler *settler, const struct network_interface *one)
{
    struct estate *estate = settler->estate;
    const char *mark = one->load_balancer;
    const struct instance *instance = map_get(&estate->instances, one->instance_id);
    enum kind kind = mark == NULL                ? KIND_RESERVATIONS
                     : strchr(mark, '/') == NULL ? KIND_CLASSIC_LOAD_BALANCERS
                                                 : KIND_LOAD_BALANCERS;
    const struct completeness *of = completeness_of(estate, one->place->account_id, one->place->region);
    if ((mark == NULL && (one->instance_id == NULL || instance != NULL)) ||
        (of != NULL && (of->demanded || of->states[kind] > COMPLETENESS_DENIED)))
        return;
    const struct aws_call *call = NULL;
    for (size_t i = 0; i < aws_call_count && call == NULL; i++)
        call = aws_calls[i].kind == kind && aws_calls[i].assumption != NULL ? &aws_calls[i] : NULL;
    text_list_add(settler->arena, &estate->assumptions,
                  arena_printf(settler->arena, "%s absent in %s/%s: %s", call->key, one->place->account_id,
                               one->place->region, call->assumption));
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
    name_lacks(&settler);
    place_interfaces(&settler);
    if (settler.estate->completeness.count > 1)
        qsort(settler.estate->completeness.items, settler.estate->completeness.count, sizeof(struct completeness),
              by_place);
    list_all(&settler);
    for (size_t i = 0; i < settler.estate->interfaces.count; i++)
        assume_of_guest(&settler, settler.estate->interfaces.items[i]);
}
