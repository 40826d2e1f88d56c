#include "net/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

unsigned family_width(enum family family)
{
    return family == FAMILY_IPV4 ? 32 : 128;
}

address_bits family_last(enum family family)
{
    return family == FAMILY_IPV4 ? (address_bits)UINT32_MAX : ~(address_bits)0;
}

const char *family_name(enum family family)
{
    return family == FAMILY_IPV4 ? "ipv4" : "ipv6";
}

struct address address_from_bytes(enum family family, const uint8_t *bytes)
{
    struct address address = {.family = family};
    for (unsigned i = 0; i < family_width(family) / 8; i++)
        address.bits = address.bits << 8 | bytes[i];
    return address;
}

void address_to_bytes(struct address address, uint8_t bytes[16])
{
    unsigned count = family_width(address.family) / 8;
    for (unsigned i = count; i-- > 0; address.bits >>= 8)
        bytes[i] = (uint8_t)(address.bits & 0xff);
}

bool address_parse(const char *text, struct address *address)
{
    uint8_t bytes[16];
    enum family family = strchr(text, ':') != NULL ? FAMILY_IPV6 : FAMILY_IPV4;
    if (inet_pton(family == FAMILY_IPV6 ? AF_INET6 : AF_INET, text, bytes) != 1)
        return false;
    *address = address_from_bytes(family, bytes);
    return true;
}

// The lists are prefixset_internet's, as numbers: this is asked of every address of an estate.
static bool is_global4(uint32_t bits)
{
    static const struct {
        uint32_t first;
        unsigned length;
    } not_global[] = {{0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},
                      {0xa9fe0000, 16}, {0xac100000, 12}, {0xc0000000, 24}, {0xc0a80000, 16},
                      {0xc6120000, 15}, {0xe0000000, 4},  {0xf0000000, 4}};
    for (size_t i = 0; i < sizeof(not_global) / sizeof(not_global[0]); i++)
        if ((bits ^ not_global[i].first) >> (32 - not_global[i].length) == 0)
            return bits == 0xc0000009 || bits == 0xc000000a;
    return true;
}

static bool is_global6(address_bits bits)
{
    unsigned second = (unsigned)(bits >> 96) & 0xffff, third = (unsigned)(bits >> 80) & 0xffff;
    address_bits rest = bits & (((address_bits)1 << 96) - 1);
    if (bits >> 112 == 0x2001 && second < 0x200) // 2001::/23, IETF protocol assignments
        return (second == 1 && rest >= 1 && rest <= 3) || second == 3 || (second == 4 && third == 0x112) ||
               (second >= 0x20 && second < 0x40);
    return bits >> 125 == 1 || bits >> 32 == (address_bits)0x0064ff9b << 64;
}

bool address_is_global(struct address address)
{
    return address.family == FAMILY_IPV4 ? is_global4((uint32_t)address.bits) : is_global6(address.bits);
}

bool address_stands_for(struct address address, struct address *held)
{
    bool tunnelled = address.bits >> 112 == 0x2002, translated = address.bits >> 32 == (address_bits)0x0064ff9b << 64;
    *held = (struct address){FAMILY_IPV4, (uint32_t)(tunnelled ? address.bits >> 80 : address.bits)};
    return address.family == FAMILY_IPV6 && (tunnelled || translated);
}

bool address_is_loopback(struct address address)
{
    return address.family == FAMILY_IPV4 ? address.bits >> 24 == 127 : address.bits == 1;
}

bool prefix_equal(struct prefix a, struct prefix b)
{
    return a.family == b.family && a.length == b.length && a.first == b.first;
}

bool address_equal(struct address a, struct address b)
{
    return a.family == b.family && a.bits == b.bits;
}

int address_compare(struct address a, struct address b)
{
    if (a.family != b.family)
        return (int)a.family - (int)b.family;
    return a.bits < b.bits ? -1 : a.bits > b.bits ? 1 : 0;
}

// Adds a number from 0 to 255 in decimal and gives the place after it.
static char *put_octet(char *at, unsigned value)
{
    if (value >= 100)
        *at++ = (char)('0' + value / 100);
    if (value >= 10)
        *at++ = (char)('0' + value / 10 % 10);
    *at++ = (char)('0' + value % 10);
    return at;
}

void address_format(struct address address, char text[ADDRESS_TEXT])
{
    if (address.family == FAMILY_IPV4) { // by the million in sources
        char *at = text;
        for (int shift = 24; shift >= 0; shift -= 8) {
            at = put_octet(at, (unsigned)(address.bits >> shift) & 255);
            *at++ = '.';
        }
        at[-1] = '\0';
        return;
    }
    uint8_t bytes[16];
    address_to_bytes(address, bytes);
    inet_ntop(AF_INET6, bytes, text, ADDRESS_TEXT);
}

static address_bits host_mask(enum family family, unsigned length)
{
    return length == 0 ? family_last(family) : (((address_bits)1 << (family_width(family) - length)) - 1);
}

enum prefix_problem prefix_parse(const char *text, bool bare, struct prefix *prefix)
{
    char head[ADDRESS_TEXT];
    const char *slash = strchr(text, '/');
    size_t size = slash == NULL ? strlen(text) : (size_t)(slash - text);
    struct address address;
    if (size >= sizeof(head))
        return PREFIX_MALFORMED;
    memcpy(head, text, size);
    head[size] = '\0';
    if (!address_parse(head, &address) || (slash == NULL && !bare))
        return PREFIX_MALFORMED;
    unsigned length = family_width(address.family);
    if (slash != NULL) {
        size_t digits = strspn(slash + 1, "0123456789");
        if (digits == 0 || digits > 3 || slash[1 + digits] != '\0' || (slash[1] == '0' && digits > 1))
            return PREFIX_MALFORMED;
        length = 0;
        for (const char *p = slash + 1; *p != '\0'; p++)
            length = length * 10 + (unsigned)(*p - '0');
        if (length > family_width(address.family))
            return PREFIX_MALFORMED;
    }
    address_bits mask = host_mask(address.family, length);
    *prefix = (struct prefix){.family = address.family,
                              .length = (uint8_t)length,
                              .first = address.bits & ~mask & family_last(address.family)};
    return (address.bits & mask) != 0 ? PREFIX_HOST_BITS : PREFIX_OK;
}

struct prefix prefix_of(struct address address)
{
    return (struct prefix){
        .family = address.family, .length = (uint8_t)family_width(address.family), .first = address.bits};
}

void prefix_format(struct prefix prefix, char text[ADDRESS_TEXT])
{
    address_format((struct address){.family = prefix.family, .bits = prefix.first}, text);
    char *end = text + strlen(text);
    *end++ = '/';
    *put_octet(end, prefix.length) = '\0';
}

address_bits prefix_last(struct prefix prefix)
{
    return prefix.first | host_mask(prefix.family, prefix.length);
}

bool prefix_holds(struct prefix prefix, struct address address)
{
    return prefix.family == address.family && address.bits >= prefix.first && address.bits <= prefix_last(prefix);
}

bool prefix_meets(struct prefix a, struct prefix b)
{
    return a.family == b.family && a.first <= prefix_last(b) && b.first <= prefix_last(a);
}
