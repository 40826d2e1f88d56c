#include "rules/intent/intent_start.h"

#include "model/protocol.h"

// Ports of one protocol that the same sources reach.
struct allowance {
    int protocol;
    struct prefixset sources;
    struct portset ports;
};

typedef VECTOR(struct allowance) allowance_list;

// Intent speaks of ICMP as a whole, and what is observed of it is echo.
static bool sayable(const struct exposure *exposure)
{
    uint16_t echo = exposure->protocol_low == PROTOCOL_ICMP ? 8 << 8 : 128 << 8;
    if (protocol_is_icmp(exposure->protocol_low))
        return exposure->low <= echo && exposure->high >= echo;
    return exposure->protocol_low == exposure->protocol_high;
}

static void allow(struct arena *arena, allowance_list *list, const struct exposure *exposure)
{
    struct portset ports = portset_of(arena, exposure->low, exposure->high);
    for (size_t i = 0; i < list->count; i++) {
        struct allowance *known = &list->items[i];
        if (known->protocol == exposure->protocol_low && prefixset_equal(known->sources, exposure->sources)) {
            known->ports = portset_union(arena, known->ports, ports);
            return;
        }
    }
    *vector_add(arena, list) = (struct allowance){exposure->protocol_low, exposure->sources, ports};
}

static void write_rule(struct arena *arena, struct json_writer *writer, const char *address, enum family family,
                       size_t number, const struct allowance *allowance)
{
    const char *protocol = protocol_name(arena, allowance->protocol);
    // All of the internet, less what the VPC's own routes keep, reads better as 0.0.0.0/0.
    struct prefixset missing = prefixset_subtract(arena, prefixset_internet(arena, family), allowance->sources);
    struct prefixset sources = prefixset_is_empty(missing) ? prefixset_all(arena, family) : allowance->sources;
    json_open(writer, NULL, '{');
    json_put_string(writer, "id", arena_printf(arena, "%s-%s-%zu", address, protocol, number));
    json_put_string(writer, "decision", "allow");
    json_open_line(writer, "select", '{');
    json_put_string(writer, "address", address);
    json_close(writer, '}');
    json_put_string(writer, "protocol", protocol);
    if (protocol_has_ports(allowance->protocol))
        json_put_string(writer, "ports", portset_format(arena, allowance->ports));
    exposure_put_prefixes(writer, arena, "sources", family, sources);
    json_put_string(writer, "owner", "unknown");
    json_put_string(writer, "reason", "as found; say why, or close it");
    json_close(writer, '}');
}

void intent_start(struct arena *arena, const struct exposure_set *set, struct text *out, text_list *left_out)
{
    struct json_writer writer = json_writer_to(out);
    json_open(&writer, NULL, '{');
    json_put_string(&writer, "schema", "sgproof/intent/v1");
    json_put_string(&writer, "platform", "as found");
    json_put_string(&writer, "default", "deny");
    json_open(&writer, "rules", '[');
    for (size_t i = 0; i < set->endpoints.count; i++) {
        const struct endpoint *endpoint = &set->endpoints.items[i];
        allowance_list allowances = {0};
        char address[ADDRESS_TEXT];
        endpoint_address(endpoint, address);
        for (size_t e = 0; e < endpoint->exposures->count; e++) {
            const struct exposure *exposure = &endpoint->exposures->items[e];
            if (!exposure->internet || exposure->path != PATH_TWO_WAY)
                continue;
            if (sayable(exposure))
                allow(arena, &allowances, exposure);
            else
                *vector_add(arena, left_out) =
                    arena_printf(arena, "%s: protocol %s", address, exposure_protocol(arena, exposure));
        }
        for (size_t a = 0; a < allowances.count; a++)
            write_rule(arena, &writer, address, endpoint->address.family, a + 1, &allowances.items[a]);
    }
    json_close(&writer, ']');
    json_close(&writer, '}');
    json_end_document(&writer);
}
