#include "model/exposure.h"

#include <string.h>

#include "model/protocol.h"

const char *const path_names[] = {"two-way", "inbound-only", NULL};
const char *const certainty_names[] = {"exact", "possible", NULL};

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

bool exposure_same_answer(const struct exposure *a, const struct exposure *b)
{
    return a->low == b->low && a->high == b->high && a->path == b->path && a->certainty == b->certainty &&
           prefixset_equal(a->sources, b->sources) && portset_equal(a->client_ports, b->client_ports) &&
           reasons_same(&a->via, &b->via) && reasons_same(&a->because, &b->because);
}

const char *endpoint_dormancy(const struct endpoint *endpoint)
{
    return !endpoint->dormant               ? NULL
           : !endpoint->interface->attached ? "it is attached to nothing"
                                            : "its instance is not running";
}

int endpoint_order(const void *left, const void *right)
{
    const struct endpoint *a = left, *b = right;
    if (a->address.family != b->address.family)
        return (int)a->address.family - (int)b->address.family;
    if (a->address.first != b->address.first)
        return a->address.first < b->address.first ? -1 : 1;
    if (a->address.length != b->address.length)
        return (int)a->address.length - (int)b->address.length;
    return strcmp(a->interface->id, b->interface->id);
}

const struct endpoint *exposure_endpoint_at(const struct exposure_set *set, struct prefix address)
{
    size_t low = 0, high = set->endpoints.count; // ascending by family and address
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct prefix *at = &set->endpoints.items[middle].address;
        if (at->family < address.family || (at->family == address.family && at->first < address.first))
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < set->endpoints.count; low++) {
        const struct prefix *at = &set->endpoints.items[low].address;
        if (at->family != address.family || at->first != address.first)
            return NULL;
        if (at->length == address.length)
            return &set->endpoints.items[low];
    }
    return NULL;
}

const struct endpoint *exposure_endpoint_on(const struct exposure_set *set, struct prefix address, const char *eni_id)
{
    const struct endpoint *first = exposure_endpoint_at(set, address);
    const struct endpoint *end = vector_end(&set->endpoints);
    for (const struct endpoint *one = first;
         one != NULL && one < end && one->address.family == address.family && one->address.first == address.first;
         one++)
        if (one->address.length == address.length && text_same(one->interface->id, eni_id))
            return one;
    return first;
}

const struct endpoint *exposure_endpoint(const struct exposure_set *set, struct address address)
{
    const unsigned width = family_width(address.family);
    const struct endpoint *found = NULL;
    for (unsigned cut = 0; cut <= width && found == NULL; cut++) { // the longest prefix first
        address_bits first = cut == 128 ? 0 : address.bits >> cut << cut;
        found = exposure_endpoint_at(
            set, (struct prefix){.family = address.family, .length = (uint8_t)(width - cut), .first = first});
    }
    return found;
}

void endpoint_address(const struct endpoint *endpoint, char text[ADDRESS_TEXT])
{
    if (endpoint->address.length > 0 && endpoint->address.first < PENDING_ADDRESSES) {
        strcpy(text, "(known after apply)");
        return;
    }
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

void exposure_put_numbers(struct json_writer *writer, int protocol_low, int protocol_high, uint16_t low, uint16_t high)
{
    struct arena *scratch = arena_new();
    struct exposure like = {.protocol_low = protocol_low, .protocol_high = protocol_high};
    json_put_string(writer, "protocol", exposure_protocol(scratch, &like));
    arena_free(scratch);
    if (protocol_has_ports(protocol_low)) {
        json_put_integer(writer, "from_port", low);
        json_put_integer(writer, "to_port", high);
    } else if (protocol_is_icmp(protocol_low)) {
        json_put_integer(writer, "from_type", low >> 8);
        json_put_integer(writer, "to_type", high >> 8);
        json_put_integer(writer, "from_code", low & 255);
        json_put_integer(writer, "to_code", high & 255);
    }
}

// What is the same for many endpoints is made into text once.
struct exposure_writer {
    struct json_writer json;
    struct arena *kept;
    struct arena *scratch; // for one exposure
    struct map lists;      // struct exposure_list that several endpoints share -> its lines, as struct text
    struct map sources;    // address ranges -> their array, as struct text
    struct map reasons;    // struct reason -> its object, as struct text
};

static const struct text *sources_text(struct exposure_writer *writer, enum family family, struct prefixset sources)
{
    struct text *made = map_get_pointer(&writer->sources, sources.ranges);
    if (made != NULL)
        return made;
    struct arena *scratch = arena_new();
    size_t count;
    struct prefix *prefixes = prefixset_prefixes(scratch, family, sources, &count);
    made = arena_new_of(writer->kept, struct text);
    for (size_t i = 0; i < count; i++) {
        char text[ADDRESS_TEXT];
        prefix_format(prefixes[i], text);
        text_puts(made, i == 0 ? "[\"" : "\", \"");
        text_puts(made, text);
    }
    text_puts(made, count == 0 ? "[]" : "\"]");
    arena_free(scratch);
    map_put_pointer(writer->kept, &writer->sources, sources.ranges, made);
    return made;
}

static void put_reasons(struct exposure_writer *writer, const char *key, const reason_list *list)
{
    json_open_line(&writer->json, key, '[');
    for (size_t i = 0; i < list->count; i++) {
        struct text *made = map_get_pointer(&writer->reasons, list->items[i]);
        if (made == NULL) {
            made = arena_new_of(writer->kept, struct text);
            struct json_writer one = {.out = made, .first = true};
            reason_put(&one, writer->scratch, NULL, list->items[i]);
            map_put_pointer(writer->kept, &writer->reasons, list->items[i], made);
        }
        json_put_made(&writer->json, NULL, made);
    }
    json_close(&writer->json, ']');
}

static void put_how(struct json_writer *writer, const struct exposure *exposure)
{
    json_put_boolean(writer, "internet", exposure->internet);
    json_put_string(writer, "path", path_names[exposure->path]);
    json_put_string(writer, "certainty", certainty_names[exposure->certainty]);
}

void exposure_put_prefixes(struct json_writer *writer, struct arena *arena, const char *key, enum family family,
                           struct prefixset set)
{
    size_t count;
    struct prefix *prefixes = prefixset_prefixes(arena, family, set, &count);
    json_open(writer, key, '[');
    for (size_t i = 0; i < count; i++) {
        char text[ADDRESS_TEXT];
        prefix_format(prefixes[i], text);
        json_put_string(writer, NULL, text);
    }
    json_close(writer, ']');
}

void exposure_put_reach(struct json_writer *writer, struct arena *arena, enum family family,
                        const struct exposure *exposure)
{
    exposure_put_prefixes(writer, arena, "sources", family, exposure->sources);
    put_how(writer, exposure);
}

static void put_exposure(struct exposure_writer *all, enum family family, const struct exposure *exposure, uint16_t low,
                         uint16_t high)
{
    struct json_writer *writer = &all->json;
    struct arena *arena = all->scratch;
    json_open_line(writer, NULL, '{');
    exposure_put_numbers(writer, exposure->protocol_low, exposure->protocol_high, low, high);
    json_put_made(writer, "sources", sources_text(all, family, exposure->sources));
    put_how(writer, exposure);
    put_reasons(all, "via", &exposure->via);
    json_put_string(writer, "client_ports", portset_format(arena, exposure->client_ports));
    put_reasons(all, "because", &exposure->because);
    json_close(writer, '}');
    arena_reset(arena);
}

size_t exposure_rectangles(int protocol, uint16_t low, uint16_t high, struct port_range rectangles[3])
{
    size_t count = 0;
    if (!protocol_is_icmp(protocol) || low >> 8 == high >> 8) {
        rectangles[0] = (struct port_range){low, high};
        return 1;
    }
    if ((low & 255) != 0) {
        rectangles[count++] = (struct port_range){low, low | 255};
        low = (uint16_t)((low | 255) + 1);
    }
    uint16_t whole = (high & 255) == 255 ? high : (uint16_t)((high & 0xff00) - 1);
    if (low < whole && (high & 0xff00) >= low)
        rectangles[count++] = (struct port_range){low, whole};
    if (whole != high)
        rectangles[count++] = (struct port_range){high & 0xff00, high};
    return count;
}

static void put_rectangles(struct exposure_writer *writer, enum family family, const struct exposure *exposure)
{
    struct port_range rectangles[3];
    size_t count = exposure_rectangles(exposure->protocol_low, exposure->low, exposure->high, rectangles);
    for (size_t i = 0; i < count; i++)
        put_exposure(writer, family, exposure, rectangles[i].low, rectangles[i].high);
}

// Makes room for the lines of each list that more than one endpoint has.
static void find_shared(struct exposure_writer *writer, const struct exposure_set *set)
{
    struct map seen = {0};
    for (size_t i = 0; i < set->endpoints.count; i++) {
        const struct exposure_list *list = set->endpoints.items[i].exposures;
        if (map_get_pointer(&seen, list) == NULL)
            map_put_pointer(writer->kept, &seen, list, writer);
        else if (map_get_pointer(&writer->lists, list) == NULL)
            map_put_pointer(writer->kept, &writer->lists, list, arena_new_of(writer->kept, struct text));
    }
}

static void put_exposures(struct exposure_writer *writer, const struct endpoint *endpoint)
{
    const struct exposure_list *list = endpoint->exposures;
    struct text *lines = map_get_pointer(&writer->lists, list);
    struct json_writer whole = writer->json;
    if (list->count == 0)
        return;
    if (lines != NULL && lines->length == 0)
        writer->json = (struct json_writer){.out = lines, .depth = whole.depth, .first = true};
    if (lines == NULL || lines->length == 0)
        for (size_t i = 0; i < list->count; i++)
            put_rectangles(writer, endpoint->address.family, &list->items[i]);
    if (lines != NULL)
        text_add(whole.out, lines->bytes, lines->length);
    writer->json = whole;
    writer->json.first = false;
}

static void put_interface(struct json_writer *json, const struct network_interface *interface, const char *name,
                          const struct owner *owner)
{
    json_put_string(json, "account_id", interface->place->account_id);
    json_put_string(json, "region", interface->place->region);
    json_put_string(json, "vpc_id", interface->place->vpc_id);
    json_put_string(json, "subnet_id", interface->place->subnet_id);
    json_put_string(json, "eni_id", interface->id);
    json_put_string(json, "instance_id", interface->instance_id);
    json_put_string(json, "name", name);
    owner_put(json, owner);
}

static void put_indirect(struct exposure_writer *writer, const struct indirect_exposure *indirect)
{
    struct json_writer *json = &writer->json;
    char private_address[ADDRESS_TEXT];
    address_format(indirect->private_address, private_address);
    json_open(json, NULL, '{');
    put_interface(json, indirect->interface, indirect->name, indirect->owner);
    json_put_string(json, "private_address", private_address);
    json_put_string(json, "family", family_name(indirect->family));
    json_put_boolean(json, "dormant", indirect->dormant);
    json_put_string(json, "load_balancer", indirect->load_balancer);
    json_put_string(json, "listener", indirect->listener);
    json_put_string(json, "target_group", indirect->target_group);
    json_put_string(json, "health", indirect->health);
    json_open(json, "exposures", '[');
    for (size_t i = 0; i < indirect->exposures.count; i++)
        put_rectangles(writer, indirect->family, &indirect->exposures.items[i]);
    json_close(json, ']');
    json_close(json, '}');
}

static void free_texts(struct map *map)
{
    for (size_t i = 0; i < map->size; i++)
        if (map->slots[i].key != NULL)
            text_free(map->slots[i].value);
}

bool exposure_set_complete(const struct exposure_set *set)
{
    return set->missing.items.count == 0 && (set->estate == NULL || set->estate->unread.count == 0);
}

text_list exposure_set_gaps(struct arena *arena, const struct exposure_set *set)
{
    text_list gaps = {0};
    for (size_t i = 0; i < set->missing.items.count; i++)
        *vector_add(arena, &gaps) = set->missing.items.items[i].text;
    for (size_t i = 0; set->estate != NULL && i < set->estate->unread.count; i++)
        *vector_add(arena, &gaps) =
            arena_printf(arena, "unread: %s", unread_text(arena, &set->estate->unread.items[i]));
    return gaps;
}

void exposure_put_missing(struct json_writer *json, const struct lack_list *missing)
{
    json_open(json, "missing", '[');
    for (size_t i = 0; i < missing->items.count; i++) {
        const struct lack *lack = &missing->items.items[i];
        json_open_line(json, NULL, '{');
        json_put_string(json, "kind", lack->kind);
        json_put_string(json, "account", lack->account);
        json_put_string(json, "region", lack->region);
        json_put_string(json, "id", lack->id);
        json_put_string(json, "text", lack->text);
        json_close(json, '}');
    }
    json_close(json, ']');
}

void exposure_put_unread(struct json_writer *json, const struct estate *estate, bool of_account)
{
    json_open(json, "unread", '[');
    for (size_t i = 0; estate != NULL && i < estate->unread.count; i++) {
        if (of_account && !unread_is_of_account(&estate->unread.items[i]))
            continue;
        json_open_line(json, NULL, '{');
        json_put_string(json, "file", estate->unread.items[i].file);
        json_put_string(json, "path", estate->unread.items[i].path);
        json_put_string(json, "why", estate->unread.items[i].why);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_open(json, "ignored", '[');
    for (size_t i = 0; estate != NULL && i < estate->ignored.count; i++) {
        json_open_line(json, NULL, '{');
        json_put_string(json, "file", estate->ignored.items[i].file);
        json_put_string(json, "why", estate->ignored.items[i].why);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void put_notes(struct json_writer *json, const struct exposure_set *set)
{
    const struct estate *estate = set->estate;
    json_open(json, "notes", '[');
    for (size_t i = 0; estate != NULL && i < estate->notes.count; i++)
        json_put_string(json, NULL, estate->notes.items[i]);
    for (size_t i = 0; i < set->notes.count; i++)
        json_put_string(json, NULL, set->notes.items[i]);
    json_close(json, ']');
}

void exposure_write_json(const struct exposure_set *set, struct text *out)
{
    struct exposure_writer writer = {.json = json_writer_to(out), .kept = arena_new(), .scratch = arena_new()};
    struct json_writer *json = &writer.json;
    json_open(json, NULL, '{');
    json_put_string(json, "schema", "sgproof/exposure/v1");
    exposure_put_missing(json, &set->missing);
    exposure_put_unread(json, set->estate, false);
    put_notes(json, set);
    json_put_strings_line(json, "assumptions", set->assumptions.items, set->assumptions.count);
    json_put_strings_line(json, "not_covered", set->not_covered.items, set->not_covered.count);
    json_open(json, "endpoints", '[');
    find_shared(&writer, set);
    for (size_t i = 0; i < set->endpoints.count; i++) {
        const struct endpoint *endpoint = &set->endpoints.items[i];
        const struct network_interface *interface = endpoint->interface;
        char address[ADDRESS_TEXT], private_address[ADDRESS_TEXT];
        endpoint_address(endpoint, address);
        address_format(endpoint->private_address, private_address);
        json_open(json, NULL, '{');
        put_interface(json, interface, endpoint->name, endpoint->owner);
        json_put_string(json, "address", address);
        json_put_string(json, "private_address", private_address);
        json_put_string(json, "family", family_name(endpoint->address.family));
        json_put_boolean(json, "dormant", endpoint->dormant);
        json_open(json, "exposures", '[');
        put_exposures(&writer, endpoint);
        json_close(json, ']');
        json_close(json, '}');
    }
    json_close(json, ']');
    json_open(json, "indirect", '[');
    for (size_t i = 0; i < set->indirect.count; i++)
        put_indirect(&writer, &set->indirect.items[i]);
    free_texts(&writer.lists);
    free_texts(&writer.sources);
    free_texts(&writer.reasons);
    arena_free(writer.kept);
    arena_free(writer.scratch);
    json_close(json, ']');
    json_close(json, '}');
    json_end_document(json);
}
