// What documents say of an interface beside what its own record says.
#include <string.h>

#include "aws/documents/documents.h"
#include "aws/documents/readers.h"
#include "model/interface_kind.h"

// The types that an interface of a thing has, the first where none is told.
static const struct {
    const char *kind;
    const char *types[5];
} types_of[] = {
    {"NAT gateway", {"nat_gateway", "natGateway"}},
    {"VPC endpoint", {"vpc_endpoint", "gateway_load_balancer_endpoint"}},
    {"EC2 Instance Connect Endpoint", {"ec2_instance_connect_endpoint"}},
    {"ECS task", {"interface", "branch", "trunk", "efa"}},
};

static bool admits_more(const struct interface_kind *a, const struct interface_kind *b)
{
    if (a == NULL || b == NULL || a->admission == b->admission || a->admission == INTERFACE_TAKES_NOTHING)
        return false;
    return b->admission == INTERFACE_TAKES_NOTHING ||
           (a->admission != INTERFACE_IS_PRIVATE && b->admission <= INTERFACE_IS_PRIVATE);
}

// A document says whose an interface is, and its type what comes in; where they do not go together, the owner is the
// document's, and a packet is judged by the one that takes in more: surely where that is the type, else perhaps.
static void settle_owner(struct reader *reader, struct network_interface *interface, const struct owner *owner)
{
    size_t i = 0, known = sizeof(types_of) / sizeof(types_of[0]);
    while (i < known && strcmp(types_of[i].kind, owner->kind) != 0)
        i++;
    if (i == known || !interface->type_told)
        return;
    for (size_t t = 0; t < 5 && types_of[i].types[t] != NULL; t++)
        if (strcmp(types_of[i].types[t], interface->type) == 0)
            return;
    const char *what = owner_text(reader->arena, owner), *type = interface->type;
    if (!admits_more(interface_kind_of(types_of[i].types[0]), interface_kind_of(type))) {
        *vector_add(reader->arena, &reader->estate->assumptions) =
            arena_printf(reader->arena,
                         "%s is named as that of %s, and its InterfaceType is %s: the document is believed for whose "
                         "it is, the type "
                         "for what comes in",
                         interface->id, what, type);
        return;
    }
    reader->name = reader->documents->names[interface->record >> RECORD_OFFSET_BITS];
    reader->doubt = &interface->doubt;
    reader->listing = NULL;
    interface->type = types_of[i].types[0];
    doubt_document(reader, "",
                   "%s is of InterfaceType %s, which takes in less than what a document names it as, %s: neither is "
                   "believed alone",
                   interface->id, type, what);
}

void settle_owners(struct reader *reader)
{
    struct estate *estate = reader->estate;
    for (size_t i = 0; i < estate->interfaces.count && estate->owner_of_interface.count > 0; i++) {
        const struct owner *owner = map_get(&estate->owner_of_interface, estate->interfaces.items[i]->id);
        if (owner != NULL)
            settle_owner(reader, estate->interfaces.items[i], owner);
    }
}
