// IP protocol numbers and their names here: tcp, udp, icmp, icmpv6, else the number (contract.md).
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "net/address.h"

enum { PROTOCOL_ANY = -1, PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, PROTOCOL_ICMPV6 = 58 };

// Stands for every protocol that no rule in question names by number.
enum { PROTOCOL_UNNAMED = 256 };

// What the 16-bit number beside a protocol means.
bool protocol_has_ports(int protocol);
bool protocol_is_icmp(int protocol); // type * 256 + code

// The order of every file: tcp, udp, icmp, icmpv6, then the others by number.
int protocol_compare(int a, int b);
// Of places: by address, then by protocol.
int place_compare(struct address a, int protocol_a, struct address b, int protocol_b);

const char *protocol_name(struct arena *arena, int protocol);
// "tcp", "icmpv6", "6", "-1" or "all". False where the text is no protocol number from -1 to 255.
bool protocol_parse(const char *text, int *protocol);
