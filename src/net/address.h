// Addresses and prefixes of both families, as numbers.
//
// An IPv4 address is a number below 2^32, an IPv6 address one below 2^128, so that ranges of either family are plain
// intervals of integers and share all code above this file.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

// Aligned as a word is, so that an address takes 24 bytes and not 32.
__extension__ typedef unsigned __int128 address_bits __attribute__((aligned(8)));

enum family { FAMILY_IPV4 = 4, FAMILY_IPV6 = 6 };

struct address {
    enum family family;
    address_bits bits;
};

// An address block: `length` leading bits of `first` are fixed, the rest are zero (canonical).
struct prefix {
    enum family family;
    uint8_t length; // 0-32 or 0-128
    address_bits first;
};

enum { ADDRESS_TEXT = 64 }; // bytes that hold any address or prefix as text

unsigned family_width(enum family family);    // 32 or 128
address_bits family_last(enum family family); // the highest address
const char *family_name(enum family family);  // "ipv4" or "ipv6"

bool address_parse(const char *text, struct address *address);
bool address_equal(struct address a, struct address b);
bool prefix_equal(struct prefix a, struct prefix b);
int address_compare(struct address a, struct address b); // IPv4 first, then by number
// Whether IANA's special-purpose registries (RFC 6890) call it globally reachable, or it is documentation space: what
// prefixset_internet holds, asked of one address.
bool address_is_global(struct address address);
bool address_is_loopback(struct address address);
// The IPv4 address that one of 6to4 (RFC 3056, section 2) or of the well-known prefix of translators (RFC 6052, section
// 3.1) stands for. False for any other.
bool address_stands_for(struct address address, struct address *held);
void address_format(struct address address, char text[ADDRESS_TEXT]);
void address_to_bytes(struct address address, uint8_t bytes[16]); // network order: 4 or 16 bytes
struct address address_from_bytes(enum family family, const uint8_t *bytes);

// Why a text is no prefix; PREFIX_HOST_BITS means that bits beyond the length are set (10.0.0.1/8).
enum prefix_problem { PREFIX_OK, PREFIX_MALFORMED, PREFIX_HOST_BITS };

// Parses "10.0.0.0/8", "2001:db8::/32"; a bare address counts as /32 or /128 where `bare` is true.
// On PREFIX_HOST_BITS *prefix is the block that was probably meant.
enum prefix_problem prefix_parse(const char *text, bool bare, struct prefix *prefix);
void prefix_format(struct prefix prefix, char text[ADDRESS_TEXT]);
struct prefix prefix_of(struct address address); // the block of this address alone
address_bits prefix_last(struct prefix prefix);
bool prefix_holds(struct prefix prefix, struct address address);
bool prefix_meets(struct prefix a, struct prefix b); // whether they have an address in common
