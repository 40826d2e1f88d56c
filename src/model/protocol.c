#include "model/protocol.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    int number;
} names[] = {{"tcp", PROTOCOL_TCP},       {"udp", PROTOCOL_UDP},      {"icmp", PROTOCOL_ICMP},
             {"icmpv6", PROTOCOL_ICMPV6}, {"icmp6", PROTOCOL_ICMPV6}, {"all", PROTOCOL_ANY}};

enum { NAMES = sizeof(names) / sizeof(names[0]) };

bool protocol_has_ports(int protocol)
{
    return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP;
}

bool protocol_is_icmp(int protocol)
{
    return protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6;
}

static int order(int protocol)
{
    return protocol == PROTOCOL_TCP      ? -4
           : protocol == PROTOCOL_UDP    ? -3
           : protocol == PROTOCOL_ICMP   ? -2
           : protocol == PROTOCOL_ICMPV6 ? -1
                                         : protocol;
}

int protocol_compare(int a, int b)
{
    return order(a) - order(b);
}

int place_compare(struct address a, int protocol_a, struct address b, int protocol_b)
{
    int order_of_addresses = address_compare(a, b);
    return order_of_addresses != 0 ? order_of_addresses : protocol_compare(protocol_a, protocol_b);
}

const char *protocol_name(struct arena *arena, int protocol)
{
    for (size_t i = 0; i < NAMES; i++)
        if (names[i].number == protocol)
            return names[i].name;
    return arena_printf(arena, "%d", protocol);
}

bool protocol_parse(const char *text, int *protocol)
{
    for (size_t i = 0; i < NAMES; i++)
        if (strcasecmp(names[i].name, text) == 0) {
            *protocol = names[i].number;
            return true;
        }
    char *end;
    long number = strtol(text, &end, 10);
    if (end == text || *end != '\0' || strlen(text) > 3 || number < PROTOCOL_ANY || number > 255)
        return false;
    *protocol = (int)number;
    return true;
}
