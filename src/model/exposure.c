#include "model/exposure.h"

#include <string.h>

#include "model/protocol.h"

const struct exposure *exposure_find(const struct endpoint *endpoint, int protocol, uint16_t number,
                                     address_bits source)
{
    for (size_t i = 0; i < endpoint->exposures->count; i++) {
        const struct exposure *exposure = &endpoint->exposures->items[i];
        if (exposure->protocol_low <= protocol && protocol <= exposure->protocol_high && exposure->low <= number &&
            number <= exposure->high && prefixset_holds(exposure->sources, source))
            return exposure;
    }
    return NULL;
}

static bool texts_equal(const text_list *a, const text_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    return true;
}

bool exposure_same_answer(const struct exposure *a, const struct exposure *b)
{
    return a->low == b->low && a->high == b->high && a->path == b->path && a->certainty == b->certainty &&
           prefixset_equal(a->sources, b->sources) && portset_equal(a->client_ports, b->client_ports) &&
           texts_equal(&a->via, &b->via) && texts_equal(&a->because, &b->because);
}

const struct endpoint *exposure_endpoint(const struct exposure_set *set, struct address address)
{
    const struct endpoint *best = NULL;
    for (size_t i = 0; i < set->endpoints.count; i++) {
        const struct endpoint *endpoint = &set->endpoints.items[i];
        if (prefix_holds(endpoint->address, address) &&
            (best == NULL || endpoint->address.length > best->address.length))
            best = endpoint;
    }
    return best;
}

void endpoint_address(const struct endpoint *endpoint, char text[ADDRESS_TEXT])
{
    prefix_format(endpoint->address, text);
    if (endpoint->address.length == family_width(endpoint->address.family))
        *strchr(text, '/') = '\0';
}

const char *exposure_protocol(struct arena *arena, const struct exposure *exposure)
{
    if (exposure->protocol_low == exposure->protocol_high)
        return protocol_name(arena, exposure->protocol_low);
    return arena_printf(arena, "%d-%d", exposure->protocol_low, exposure->protocol_high);
}

static void put_texts(struct json_writer *writer, const char *key, const text_list *list)
{
    json_open_line(writer, key, '[');
    for (size_t i = 0; i < list->count; i++)
        json_put_string(writer, NULL, list->items[i]);
    json_close(writer, ']');
}

// ICMP numbers cover whole rectangles of type × code, or parts of the first and last type's codes.
static void put_exposure(struct json_writer *writer, struct arena *arena, enum family family,
                         const struct exposure *exposure, uint16_t low, uint16_t high)
{
    json_open_line(writer, NULL, '{');
    json_put_string(writer, "protocol", exposure_protocol(arena, exposure));
    if (protocol_has_ports(exposure->protocol_low)) {
        json_put_integer(writer, "from_port", low);
        json_put_integer(writer, "to_port", high);
    } else if (protocol_is_icmp(exposure->protocol_low)) {
        json_put_integer(writer, "from_type", low >> 8);
        json_put_integer(writer, "to_type", high >> 8);
        json_put_integer(writer, "from_code", low & 255);
        json_put_integer(writer, "to_code", high & 255);
    }
    json_open(writer, "sources", '[');
    size_t count;
    struct prefix *prefixes = prefixset_prefixes(arena, family, exposure->sources, &count);
    for (size_t i = 0; i < count; i++) {
        char text[ADDRESS_TEXT];
        prefix_format(prefixes[i], text);
        json_put_string(writer, NULL, text);
    }
    json_close(writer, ']');
    json_put_boolean(writer, "internet", exposure->internet);
    json_put_string(writer, "path", exposure->path == PATH_TWO_WAY ? "two-way" : "inbound-only");
    json_put_string(writer, "certainty", exposure->certainty == CERTAINTY_EXACT ? "exact" : "possible");
    put_texts(writer, "via", &exposure->via);
    json_put_string(writer, "client_ports", portset_format(arena, exposure->client_ports));
    put_texts(writer, "because", &exposure->because);
    json_close(writer, '}');
}

static void put_rectangles(struct json_writer *writer, struct arena *arena, enum family family,
                           const struct exposure *exposure)
{
    uint16_t low = exposure->low, high = exposure->high;
    if (!protocol_is_icmp(exposure->protocol_low) || low >> 8 == high >> 8) {
        put_exposure(writer, arena, family, exposure, low, high);
        return;
    }
    if ((low & 255) != 0) {
        put_exposure(writer, arena, family, exposure, low, low | 255);
        low = (uint16_t)((low | 255) + 1);
    }
    uint16_t whole = (high & 255) == 255 ? high : (uint16_t)((high & 0xff00) - 1);
    if (low < whole && (high & 0xff00) >= low)
        put_exposure(writer, arena, family, exposure, low, whole);
    if (whole != high)
        put_exposure(writer, arena, family, exposure, high & 0xff00, high);
}

// Endpoints that share an answer print the same lines: they are made once and copied.
static void put_exposures(struct json_writer *writer, struct arena *kept, struct map *written,
                          const struct endpoint *endpoint)
{
    const struct exposure_list *list = endpoint->exposures;
    char key[32];
    if (list->count == 0)
        return;
    snprintf(key, sizeof(key), "%p", (const void *)list);
    struct text *lines = map_get(written, key);
    if (lines == NULL) {
        struct arena *scratch = arena_new();
        lines = arena_new_of(kept, struct text);
        struct json_writer apart = {.out = lines, .depth = writer->depth, .first = true};
        for (size_t i = 0; i < list->count; i++)
            put_rectangles(&apart, scratch, endpoint->address.family, &list->items[i]);
        map_put(kept, written, arena_strdup(kept, key), lines);
        arena_free(scratch);
    }
    text_add(writer->out, lines->bytes, lines->length);
    writer->first = false;
}

void exposure_write_json(const struct exposure_set *set, struct text *out)
{
    struct json_writer writer = json_writer_to(out);
    struct arena *kept = arena_new();
    struct map written = {0}; // list of exposures -> its lines
    json_open(&writer, NULL, '{');
    json_put_string(&writer, "schema", "sgproof/exposure/v1");
    put_texts(&writer, "missing", &set->missing);
    put_texts(&writer, "assumptions", &set->assumptions);
    json_open(&writer, "endpoints", '[');
    for (size_t i = 0; i < set->endpoints.count; i++) {
        const struct endpoint *endpoint = &set->endpoints.items[i];
        const struct network_interface *interface = endpoint->interface;
        char address[ADDRESS_TEXT], private_address[ADDRESS_TEXT];
        endpoint_address(endpoint, address);
        address_format(endpoint->private_address, private_address);
        json_open(&writer, NULL, '{');
        json_put_string(&writer, "account_id", interface->account_id);
        json_put_string(&writer, "region", interface->region);
        json_put_string(&writer, "vpc_id", interface->vpc_id);
        json_put_string(&writer, "subnet_id", interface->subnet_id);
        json_put_string(&writer, "eni_id", interface->id);
        json_put_string(&writer, "instance_id", interface->instance_id);
        json_put_string(&writer, "name", endpoint->name);
        json_put_string(&writer, "address", address);
        json_put_string(&writer, "private_address", private_address);
        json_put_string(&writer, "family", family_name(endpoint->address.family));
        json_put_boolean(&writer, "dormant", endpoint->dormant);
        json_open(&writer, "exposures", '[');
        put_exposures(&writer, kept, &written, endpoint);
        json_close(&writer, ']');
        json_close(&writer, '}');
    }
    for (size_t i = 0; i < written.size; i++)
        if (written.slots[i].key != NULL)
            text_free(written.slots[i].value);
    arena_free(kept);
    json_close(&writer, ']');
    json_close(&writer, '}');
    json_end_document(&writer);
}
