// Who stands behind a network interface: the thing of a service that it works for (contract.md, `owner`).
#pragma once

#include "base/json.h"

// How an owner is known, the surest first.
enum owner_source {
    OWNER_BY_DOCUMENT,    // a document of the snapshot names the interface, or its address, as that thing's
    OWNER_BY_REQUESTER,   // who asked for it: its RequesterId
    OWNER_BY_DESCRIPTION, // what its description says, which the service writes
    OWNER_BY_TYPE         // its InterfaceType
};

struct owner {
    const char *service; // as its API is named: "rds", "elasticloadbalancing"...
    const char *kind;    // for people: "RDS database"
    const char *id;      // or NULL: the service is all that is known
    const char *name;    // or NULL
    enum owner_source by;
};

// "RDS database orders-db", "NAT gateway nat-0a1b (egress)", "ECS task" where no more is known.
const char *owner_text(struct arena *arena, const struct owner *owner);

// What an endpoint is called: its name, else who stands behind it, else NULL. `owner` may be NULL.
const char *owner_label(struct arena *arena, const char *name, const struct owner *owner);

bool owner_same(const struct owner *a, const struct owner *b);

// The member `owner`: an object, or null where `owner` is NULL.
void owner_put(struct json_writer *writer, const struct owner *owner);
// Reads it back; *owner is NULL where it is null or absent.
bool owner_read(struct arena *arena, const struct json_cursor *at, const struct owner **owner, struct error *error);
