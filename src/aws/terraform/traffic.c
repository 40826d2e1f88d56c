// Protocols and ports as Terraform writes them in rules and entries.
#include "aws/terraform/traffic.h"

#include "model/protocol.h"

void icmp_numbers(long type, long code, uint16_t *low, uint16_t *high)
{
    if (type < 0 || type > 255)
        return;
    bool any = code < 0 || code > 255;
    *low = (uint16_t)(type << 8 | (any ? 0 : code));
    *high = (uint16_t)(type << 8 | (any ? 255 : code));
}

void port_numbers(const cJSON *values, int protocol, uint16_t *low, uint16_t *high)
{
    long from = number(values, "from_port", 0), to = number(values, "to_port", PORT_LAST);
    if (!protocol_has_ports(protocol) || from < 0 || to > PORT_LAST || from > to)
        return;
    *low = (uint16_t)from;
    *high = (uint16_t)to;
}

bool protocol_of(struct plan_reader *plan, const cJSON *values, const char *key, int *protocol)
{
    const char *text = attribute(plan, values, key);
    return text != NULL && protocol_parse(text, protocol);
}
