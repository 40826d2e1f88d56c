// What one answer depends on besides the protocol: shared by reach (sets) and explain (one packet), so that they cannot
// disagree. For the files of rules/ only.
#pragma once

#include "rules/gateway.h"
#include "rules/network_acl.h"
#include "rules/route_table.h"
#include "rules/security_group.h"

struct context {
    struct arena *arena;
    const struct estate *estate;
    const struct network_interface *interface;
    enum family family;
    struct gate gate;
    const struct network_acl *acl; // NULL: the snapshot lacks it
    const char *acl_missing;
    const struct route_table *table; // NULL: the snapshot lacks it
    const char *table_missing;
    struct route_claim replies;
    struct prefixset internet;
    text_list *missing;
};

struct context context_of(struct arena *arena, const struct estate *estate, const struct network_interface *interface,
                          struct address private_address, text_list *missing);

// The way back, apart from context_of because endpoints that share an answer need not ask again.
void context_find_replies(struct context *context);

// The reply that an ICMP message asks for, as type * 256 + code, or -1 where it asks for none (RFC 792, RFC 4443).
int context_icmp_reply(int protocol, uint16_t number);
