#include "aws/documents/calls.h"
#include "aws/documents/completeness.h"

struct lacking {
    struct estate *estate;
    struct arena *arena;
    struct arena *scratch;
    struct map told;      // "KIND|ACCOUNT|REGION" -> struct lack
    struct map instances; // "ACCOUNT|REGION" -> struct instances_there
    struct map assumed;   // of guests
};

static struct lacking lacking_of(struct reader *reader)
{
    return (struct lacking){.estate = reader->estate, .arena = reader->arena, .scratch = reader->scratch};
}

// ---- Named

static const char *of_where(struct arena *arena, const struct completeness *of)
{
    if (strcmp(of->account, PLACE_UNKNOWN) == 0 && strcmp(of->region, PLACE_UNKNOWN) == 0)
        return "";
    return arena_printf(arena, " of %s/%s", of->account, of->region);
}

static const char *place_key(struct arena *scratch, const char *account, const char *region)
{
    return arena_printf(scratch, "%s|%s", account, region);
}

static const char *told_key(struct lacking *lacking, const char *kind, const char *account, const char *region)
{
    return arena_printf(lacking->scratch, "%s|%s|%s", kind, account, region);
}

// What snapshot.json says could not be read of a kind somewhere.
static void find_told(struct lacking *lacking)
{
    const struct lack_list *lacks = &lacking->estate->lacks;
    for (size_t i = lacks->items.count; i-- > 0;) { // the first of several counts
        const struct lack *one = &lacks->items.items[i];
        if (one->id == NULL)
            map_put(lacking->scratch, &lacking->told, told_key(lacking, one->kind, one->account, one->region),
                    (void *)(uintptr_t)one);
    }
}

void lacks_name(struct reader *reader)
{
    struct lacking named = lacking_of(reader), *lacking = &named;
    struct arena *arena = lacking->arena;
    find_told(lacking);
    for (size_t i = 0; i < lacking->estate->completeness.count; i++) {
        struct completeness *of = &lacking->estate->completeness.items[i];
        for (int kind = 0; kind < KIND_COUNT; kind++) {
            if (of->states[kind] == COMPLETENESS_WHOLE)
                continue;
            const struct lack *told = // until more are added
                lacking->told.count == 0
                    ? NULL
                    : map_get(&lacking->told, told_key(lacking, kind_name((enum kind)kind), of->account, of->region));
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

// ---- Listed

struct instances_there {
    size_t living;
    bool untold; // one of them has no interface here
};

// An instance that ends or only starts tells of no interface.
static void find_instances(struct lacking *lacking)
{
    const struct estate *estate = lacking->estate;
    struct arena *scratch = lacking->scratch;
    struct map with_interface = {0};
    for (size_t i = 0; i < estate->interfaces.count; i++)
        if (estate->interfaces.items[i]->instance_id != NULL)
            map_put(scratch, &with_interface, estate->interfaces.items[i]->instance_id, estate->texts.slots);
    for (size_t i = 0; i < estate->instances.size; i++) {
        const struct instance *one = estate->instances.slots[i].value;
        if (one == NULL || one->between || instance_is_gone(one))
            continue;
        const char *key = place_key(lacking->scratch, one->place->account_id, one->place->region);
        struct instances_there *there = map_get(&lacking->instances, key);
        if (there == NULL) {
            there = arena_new_of(scratch, struct instances_there);
            *there = (struct instances_there){0};
            map_put(scratch, &lacking->instances, key, there);
        }
        there->living++;
        there->untold = there->untold || map_get(&with_interface, one->id) == NULL;
    }
}

// Whether the instances of a place tell of interfaces, each of its own: then those serve in place of NetworkInterfaces
// (semantics.md).
static bool instances_serve(struct lacking *lacking, const struct completeness *of)
{
    const struct instances_there *there =
        map_get(&lacking->instances, place_key(lacking->scratch, of->account, of->region));
    return there != NULL && !there->untold;
}

// The kinds that are begun and not whole, and those that every answer rests on and are not there. Records that were not
// understood are listed one by one instead.
static void list_lacks(struct lacking *lacking, const struct aws_call *call)
{
    struct estate *estate = lacking->estate;
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
            instances_serve(lacking, of))
            continue;
        if (call->kind == KIND_NETWORK_INTERFACES && absent && of->states[KIND_RESERVATIONS] <= COMPLETENESS_DENIED)
            lack.text = arena_printf(lacking->arena, "%s, and no Reservations", lack.text);
        lack_add(lacking->arena, &estate->lacks, &lack);
    }
}

static void list_assumption(struct lacking *lacking, const struct aws_call *call)
{
    struct estate *estate = lacking->estate;
    size_t absent = 0, asked = 0;
    struct text where = {0};
    if (call->kind == KIND_BLOCK_PUBLIC_ACCESS && estate_has(estate, call->kind))
        return; // what tells of some regions knows nothing of the others: what rests on it is possible
    text_puts(&where, "");
    for (size_t i = 0; i < estate->completeness.count; i++) {
        const struct completeness *of = &estate->completeness.items[i];
        bool taken = of->demanded && of->states[call->kind] <= COMPLETENESS_DENIED &&
                     (call->reliance == RELIES_DEFAULT ||
                      (of->states[call->kind] == COMPLETENESS_ABSENT && instances_serve(lacking, of)));
        asked += of->demanded;
        if (taken)
            text_printf(&where, "%s%s/%s", absent++ > 0 ? ", " : " in ", of->account, of->region);
    }
    if (absent > 0)
        *vector_add(lacking->arena, &estate->assumptions) = arena_printf(
            lacking->arena, "%s absent%s: %s", call->key, absent < asked ? where.bytes : "", call->assumption);
    text_free(&where);
}

static void list_all(struct lacking *lacking)
{
    bool listed[KIND_COUNT] = {false};
    find_instances(lacking);
    for (size_t i = 0; i < aws_call_count; i++) {
        const struct aws_call *call = &aws_calls[i];
        if (call->kind == KIND_COUNT || kind_is_of_account(call->kind) || listed[call->kind])
            continue;
        listed[call->kind] = true;
        list_lacks(lacking, call);
        if (call->assumption != NULL)
            list_assumption(lacking, call);
    }
}

// A shared VPC's owner sees the interfaces of those it is shared with, and nothing else of theirs: what stands behind
// them is at its default too, where no document of their account tells.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing-share-subnet-working-with.html
static void assume_of_guest(struct lacking *lacking, const struct network_interface *one)
{
    struct estate *estate = lacking->estate;
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
    const char *text = arena_printf(lacking->arena, "%s absent in %s/%s: %s", call->key, one->place->account_id,
                                    one->place->region, call->assumption);
    text_list_add_new(lacking->arena, &estate->assumptions, &lacking->assumed, text);
}

void lacks_list(struct reader *reader)
{
    struct lacking listed = lacking_of(reader);
    list_all(&listed);
    for (size_t i = 0; i < reader->estate->interfaces.count; i++)
        assume_of_guest(&listed, reader->estate->interfaces.items[i]);
}
