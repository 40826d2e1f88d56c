// Network ACLs: entries by ascending number, the first that matches decides, no match denies.
// https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html
#pragma once

#include "rules/reach/claim.h"

// What one direction of an ACL allows of a protocol and family, as (number, other side's address) pairs, and by which
// entries. Inbound the number is the endpoint's port and the address the source; outbound they are the client's port
// and the destination.
struct acl_view {
    struct portmap allows;
    struct acl_part {
        struct reason reason; // the entry
        struct portmap first; // what the entry is first to match, and allows; neighbours not joined
    } * parts;                // by number; entries that allow nothing are not listed
    size_t part_count;
};

// `protocol` may be PROTOCOL_UNNAMED: one that no entry names.
struct acl_view network_acl_view(struct arena *arena, const struct network_acl *acl, bool egress, enum family family,
                                 int protocol);

// Adds the entries that are first to match, and allow, some pair of `numbers` × `others`.
void network_acl_because(struct arena *arena, const struct acl_view *view, struct portset numbers,
                         struct prefixset others, reason_list *because);

// What an entry does, as a reason.
struct reason network_acl_reason(const struct network_acl *acl, const struct network_acl_entry *entry);

// The entry that decides one packet, or NULL where none matches (which denies).
const struct network_acl_entry *network_acl_decides(const struct network_acl *acl, bool egress, int protocol,
                                                    uint16_t number, struct address other);

// The ACL of a subnet: its explicit association, else the VPC's default ACL; NULL where the snapshot does not tell, and
// or does not surely, and then *missing says why.
const struct network_acl *network_acl_of(struct arena *arena, const struct estate *estate,
                                         const struct network_interface *interface, struct lack *missing);
