// Network ACLs: entries by ascending number, the first that matches decides, no match denies.
// https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html
#pragma once

#include "rules/claim.h"

// (number, other side's address) pairs that one direction allows for a protocol and family. Inbound the number is the
// endpoint's port and the address the source; outbound they are the client's port and the destination.
struct portmap network_acl_allows(struct arena *arena, const struct network_acl *acl, bool egress, enum family family,
                                  int protocol);

// Adds "acl-ID:NUMBER" (outbound "acl-ID:egress:NUMBER") of each entry that is first to match, and allows, some pair of
// `numbers` × `others`.
void network_acl_because(struct arena *arena, const struct network_acl *acl, bool egress, enum family family,
                         int protocol, struct portset numbers, struct prefixset others, text_list *because);

// The entry that decides one packet, or NULL where none matches (which denies).
const struct network_acl_entry *network_acl_decides(const struct network_acl *acl, bool egress, int protocol,
                                                    uint16_t number, struct address other);

// The ACL of a subnet: its explicit association, else the VPC's default ACL; NULL where the snapshot does not tell, and
// then *missing names what it lacks.
const struct network_acl *network_acl_of(struct arena *arena, const struct estate *estate,
                                         const struct network_interface *interface, const char **missing);
