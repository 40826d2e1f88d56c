// Whose an interface is, as documents name it, beside what its own record says.
#include <string.h>

#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

// Of those that are named, in an order of their own: whatever the order of documents.
struct named_owner {
    struct owner owner;
    const char *file; // that says so
    struct named_owner *next;
};

static int compare(const struct owner *a, const struct owner *b)
{
    int service = strcmp(a->service, b->service);
    return service != 0 ? service : strcmp(a->id == NULL ? "" : a->id, b->id == NULL ? "" : b->id);
}

void note_owner(struct reader *reader, const char *interface_id, const struct owner *owner)
{
    struct map *named = &reader->documents->named_owners;
    struct named_owner *first = interface_id == NULL ? NULL : map_get(named, interface_id), **at = &first;
    if (interface_id == NULL)
        return;
    while (*at != NULL && compare(&(*at)->owner, owner) < 0)
        at = &(*at)->next;
    if (*at != NULL && compare(&(*at)->owner, owner) == 0) {
        (*at)->owner.name = lesser_text((*at)->owner.name, owner->name);
        (*at)->file = lesser_text((*at)->file, reader->name);
        return;
    }
    struct named_owner *fresh = arena_new_of(reader->arena, struct named_owner);
    *fresh = (struct named_owner){*owner, reader->name, *at};
    *at = fresh;
    map_put(reader->arena, named, interface_id, first);
    map_put(reader->arena, &reader->estate->owner_of_interface, interface_id, &first->owner);
}

// The types that an interface of a thing has, the first where none is told.
static const struct {
    const char *kind;
    const char *types[5]; // with the NULL behind them
} types_of[] = {
    {"NAT gateway", {"nat_gateway", "natGateway"}},
    {"VPC endpoint", {"vpc_endpoint", "gateway_load_balancer_endpoint"}},
    {"EC2 Instance Connect Endpoint", {"ec2_instance_connect_endpoint"}},
    {"ECS task", {"interface", "branch", "trunk", "efa"}},
};

// A document says whose an interface is, and its type what comes in; where they do not go together, the owner is the
// document's. A packet is judged by the one that takes in more, perhaps; where both take in alike, by the type.
static void settle_owner(struct reader *reader, struct network_interface *interface, const struct owner *owner)
{
    size_t i = 0, known = sizeof(types_of) / sizeof(types_of[0]);
    while (i < known && strcmp(types_of[i].kind, owner->kind) != 0)
        i++;
    if (i == known || !interface->type_told || text_among(interface->type, types_of[i].types))
        return;
    const char *what = owner_text(reader->arena, owner);
    if (!contradict_type(reader, interface, types_of[i].types[0],
                         arena_printf(reader->arena, "a document names it as that of %s", what)))
        *vector_add(reader->arena, &reader->estate->assumptions) =
            arena_printf(reader->arena,
                         "%s is named as that of %s, and its InterfaceType is %s: the document is believed for whose "
                         "it is, the type for what comes in",
                         interface->id, what, interface->type);
}

// Several: each may be whose it is; the first is told.
static void note_others(struct reader *reader, const char *id, const struct named_owner *first)
{
    const char *all = NULL;
    for (const struct named_owner *one = first; one != NULL; one = one->next)
        all = arena_printf(reader->arena, "%s%s of %s by %s", all == NULL ? "" : all, all == NULL ? "" : ", and",
                           owner_text(reader->arena, &one->owner), one->file);
    *vector_add(reader->arena, &reader->estate->notes) =
        arena_printf(reader->arena, "%s is named as that%s: the first is told as its owner", id, all);
}

void settle_owners(struct reader *reader)
{
    struct estate *estate = reader->estate;
    const struct map *named = &reader->documents->named_owners;
    for (size_t i = 0; i < estate->interfaces.count; i++)
        settle_said_kind(reader, estate->interfaces.items[i]);
    for (size_t i = 0; i < estate->interfaces.count && named->count > 0; i++)
        for (const struct named_owner *one = map_get(named, estate->interfaces.items[i]->id); one != NULL;
             one = one->next)
            settle_owner(reader, estate->interfaces.items[i], &one->owner);
    map_slots slots = map_sorted(reader->scratch, named);
    for (size_t i = 0; i < slots.count; i++)
        if (((const struct named_owner *)slots.items[i]->value)->next != NULL)
            note_others(reader, slots.items[i]->key, slots.items[i]->value);
}
