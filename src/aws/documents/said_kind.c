// What an interface is by its own description, by who asked for it and by what it is attached to, beside its
// InterfaceType: where these do not go together, none is believed alone.
#include <string.h>

#include "aws/documents/documents.h"
#include "aws/documents/readers.h"
#include "model/interface_kind.h"

enum { MOST_TYPES = 5 }; // with the NULL behind them

// What services write, and the types that their interfaces have, that of most first.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/requester-managed-eni.html
static const struct said {
    const char *begins;
    const char *types[MOST_TYPES];
} descriptions[] = {
    {"ELB gwy/", {"gateway_load_balancer", "interface"}},
    {"ELB ", {"interface", "network_load_balancer", "load_balancer"}},
    {"Interface for NAT Gateway ", {"nat_gateway", "natGateway"}},
    {"VPC Endpoint Interface ", {"vpc_endpoint", "gateway_load_balancer_endpoint"}},
    {"Network Interface for Transit Gateway Attachment ", {"transit_gateway"}},
    {"AWS Lambda VPC ENI", {"lambda"}},
    {"RDSNetworkInterface", {"interface"}},
    {"Network interface for DBProxy", {"interface"}},
    {"RedshiftNetworkInterface", {"interface"}},
    {"DMSNetworkInterface", {"interface"}},
    {"Amazon EKS ", {"interface"}},
    {"AWS created network interface for directory ", {"interface"}},
    {"arn:*:ecs:", {"interface", "branch", "trunk"}},
};

static const struct said requesters[] = {
    {"amazon-elb", {"interface", "network_load_balancer", "load_balancer", "gateway_load_balancer"}},
    {"amazon-rds", {"interface", "vpc_endpoint"}},
    {"amazon-redshift", {"interface", "vpc_endpoint"}},
    {"amazon-elasticache", {"interface", "vpc_endpoint"}},
    {"amazon-elasticsearch", {"interface", "vpc_endpoint"}},
};

static bool admits_more(const struct interface_kind *a, const struct interface_kind *b)
{
    if (a == NULL || b == NULL || a->admission == b->admission || a->admission == INTERFACE_TAKES_NOTHING)
        return false;
    return b->admission == INTERFACE_TAKES_NOTHING ||
           (a->admission != INTERFACE_IS_PRIVATE && b->admission <= INTERFACE_IS_PRIVATE);
}

bool contradict_type(struct reader *reader, struct network_interface *interface, const char *type, const char *what)
{
    const struct interface_kind *told = interface_kind_of(interface->type), *said = interface_kind_of(type);
    const char *word = interface->type;
    bool more = admits_more(said, told), modelled = told != NULL && told->admission <= INTERFACE_IS_PRIVATE;
    if (!modelled || (!more && !admits_more(told, said))) // one that is not is `possible` by itself
        return false;
    reader->name = reader->documents->names[interface->record >> RECORD_OFFSET_BITS];
    reader->doubt = &interface->doubt;
    reader->listing = NULL;
    if (more) {
        interface->type = type;
        doubt_document(reader, "", "%s is of InterfaceType %s, and %s: neither is believed alone", interface->id, word,
                       what);
    } else if (interface->doubt == NULL) { // it is judged as what takes in most: nothing is missed, and nothing sure
        interface->doubt = arena_printf(reader->arena, "%s is of InterfaceType %s, and %s: neither is believed alone",
                                        interface->id, word, what);
    }
    return true;
}

static bool is_ordinary(const char *type)
{
    const struct interface_kind *kind = interface_kind_of(type);
    return kind != NULL && kind->admission == INTERFACE_ORDINARY;
}

// Whether a text begins as told, an ARN in whatever partition.
static bool begins(const char *text, const char *told)
{
    static const char any[] = "arn:*";
    size_t partition =
        strncmp(told, any, sizeof(any) - 1) == 0 && strncmp(text, any, 4) == 0 ? strcspn(text + 4, ":") : 0;
    if (partition > 0)
        return strncmp(text + 4 + partition, told + sizeof(any) - 1, strlen(told) - sizeof(any) + 1) == 0;
    return strncmp(text, told, strlen(told)) == 0;
}

// Anybody may write the description of an interface that is not AWS's own; but those of services nobody else makes.
static void compare_description(struct reader *reader, struct network_interface *interface)
{
    const char *text = interface->description;
    bool somebodys = !interface->requester_managed && is_ordinary(interface->type);
    for (size_t i = 0; text != NULL && !somebodys && i < sizeof(descriptions) / sizeof(descriptions[0]); i++) {
        if (!begins(text, descriptions[i].begins))
            continue;
        if (!text_among(interface->type, descriptions[i].types))
            contradict_type(reader, interface, descriptions[i].types[0],
                            arena_printf(reader->arena, "its description says \"%s\"", text));
        return;
    }
}

static void compare_requester(struct reader *reader, struct network_interface *interface)
{
    for (size_t i = 0; i < sizeof(requesters) / sizeof(requesters[0]); i++)
        if (text_same(interface->requester_id, requesters[i].begins) &&
            !text_among(interface->type, requesters[i].types))
            contradict_type(reader, interface, requesters[i].types[0],
                            arena_printf(reader->arena, "was asked for by %s", requesters[i].begins));
}

void settle_said_kind(struct reader *reader, struct network_interface *interface)
{
    if (!interface->type_told)
        return;
    compare_description(reader, interface);
    compare_requester(reader, interface);
    // Those of NAT gateways, endpoints, attachments and functions are on no instance of anybody's.
    if (interface->instance_id != NULL && !interface->instance_elsewhere)
        contradict_type(reader, interface, "interface",
                        arena_printf(reader->arena, "is attached to %s", interface->instance_id));
}
