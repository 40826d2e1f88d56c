#include "model/answered.h"

#include "model/protocol.h"

static const char schema_of_answered[] = "sgproof/answered/v1";

// What one run tells of one address and protocol.
struct told {
    VECTOR(struct port_range) known;
    VECTOR(struct port_range) open;
    VECTOR(struct port_range) closed;
};

static void tell(struct arena *scratch, struct told *told, const struct verdict *verdict)
{
    struct port_range range = {verdict->low, verdict->high};
    bool open = verdict->observed == OBSERVED_OPEN || verdict->outage;
    if (verdict->observed == OBSERVED_UNKNOWN || verdict->accepting)
        return;
    *vector_add(scratch, &told->known) = range;
    if (open)
        *vector_add(scratch, &told->open) = range;
    else if (verdict->observed == OBSERVED_CLOSED)
        *vector_add(scratch, &told->closed) = range;
}

static void add(struct arena *arena, struct answered *into, const struct answered_ports *before,
                const struct verdict *of, const struct told *told)
{
    struct portset known = portset_from(arena, told->known.items, told->known.count);
    struct portset open = portset_from(arena, told->open.items, told->open.count);
    struct portset closed = portset_from(arena, told->closed.items, told->closed.count);
    if (before != NULL) {
        open = portset_union(arena, open, portset_subtract(arena, before->open, known));
        closed = portset_union(arena, closed, portset_subtract(arena, before->closed, known));
    }
    if (!portset_is_empty(open) || !portset_is_empty(closed))
        *vector_add(arena, &into->items) = (struct answered_ports){of->address, of->protocol, open, closed};
}

void answered_note(struct arena *arena, struct answered *answered, const struct verdict_set *set)
{
    struct answered both = {0};
    struct arena *scratch = arena_new();
    size_t at = 0;
    for (size_t i = 0, end; i < set->items.count; i = end, arena_reset(scratch)) {
        const struct verdict *first = &set->items.items[i];
        struct told told = {0};
        for (end = i;
             end < set->items.count && place_compare(first->address, first->protocol, set->items.items[end].address,
                                                     set->items.items[end].protocol) == 0;
             end++)
            tell(scratch, &told, &set->items.items[end]);
        int order = -1;
        while (at < answered->items.count &&
               (order = place_compare(answered->items.items[at].address, answered->items.items[at].protocol,
                                      first->address, first->protocol)) < 0)
            *vector_add(arena, &both.items) = answered->items.items[at++];
        const struct answered_ports *before =
            at < answered->items.count && order == 0 ? &answered->items.items[at++] : NULL;
        if (protocol_has_ports(first->protocol))
            add(arena, &both, before, first, &told);
    }
    while (at < answered->items.count)
        *vector_add(arena, &both.items) = answered->items.items[at++];
    arena_free(scratch);
    *answered = both;
}

void answered_join(struct arena *arena, struct answered *answered, const struct answered *other)
{
    struct answered both = {0};
    for (size_t a = 0, b = 0; a < answered->items.count || b < other->items.count;) {
        const struct answered_ports *one = a < answered->items.count ? &answered->items.items[a] : NULL;
        const struct answered_ports *two = b < other->items.count ? &other->items.items[b] : NULL;
        int order = one == NULL   ? 1
                    : two == NULL ? -1
                                  : place_compare(one->address, one->protocol, two->address, two->protocol);
        struct answered_ports *into = vector_add(arena, &both.items);
        *into = order <= 0 ? *one : *two;
        if (order == 0) {
            into->open = portset_union(arena, one->open, two->open);
            into->closed = portset_subtract(arena, portset_union(arena, one->closed, two->closed), into->open);
        }
        a += order <= 0;
        b += order >= 0;
    }
    *answered = both;
}

const struct answered_ports *answered_at(const struct answered *answered, struct address address, int protocol)
{
    size_t low = 0, high = answered->items.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct answered_ports *one = &answered->items.items[middle];
        int order = place_compare(one->address, one->protocol, address, protocol);
        if (order == 0)
            return one;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

// ---- Outages

bool verdict_misses_service(const struct verdict *verdict)
{
    return verdict->intent == INTENT_EXPECTED && verdict->intent_rule != NULL && verdict->observed != OBSERVED_OPEN &&
           verdict->observed != OBSERVED_UNKNOWN;
}

static void add_part(struct arena *arena, struct verdict_set *into, const struct verdict *whole, uint32_t low,
                     uint32_t high, bool outage)
{
    struct verdict part = *whole;
    part.low = (uint16_t)low;
    part.high = (uint16_t)high;
    part.outage = outage;
    if (outage && part.severity > SEVERITY_HIGH)
        part.severity = SEVERITY_HIGH;
    part.observations.capacity = part.observations.count; // the parts share the list: adding copies
    *vector_add(arena, &into->items) = part;
}

// Ports that answered before at a service that is expected, and is silent; NULL where there is none.
static const struct answered_ports *silent_now(const struct answered *answered, const struct verdict *verdict)
{
    return answered->items.count > 0 && verdict_misses_service(verdict)
               ? answered_at(answered, verdict->address, verdict->protocol)
               : NULL;
}

static void mark(struct arena *arena, const struct answered *answered, const struct verdict *verdict,
                 struct verdict_set *marked)
{
    const struct answered_ports *at = silent_now(answered, verdict);
    uint32_t from = verdict->low;
    for (size_t r = 0; at != NULL && r < at->open.count; r++) {
        uint32_t low = at->open.ranges[r].low > from ? at->open.ranges[r].low : from;
        uint32_t high = at->open.ranges[r].high < verdict->high ? at->open.ranges[r].high : verdict->high;
        if (low > high)
            continue;
        if (low > from)
            add_part(arena, marked, verdict, from, low - 1, false);
        add_part(arena, marked, verdict, low, high, true);
        from = high + 1;
    }
    if (from == verdict->low)
        *vector_add(arena, &marked->items) = *verdict;
    else if (from <= verdict->high)
        add_part(arena, marked, verdict, from, verdict->high, false);
}

void answered_mark_outages(struct arena *arena, const struct answered *answered, struct verdict_set *set)
{
    struct verdict_set marked = {0};
    size_t first = 0; // that may be marked: where none is, the verdicts are not copied
    while (first < set->items.count && silent_now(answered, &set->items.items[first]) == NULL)
        first++;
    if (first == set->items.count)
        return;
    for (size_t i = 0; i < set->items.count; i++)
        mark(arena, answered, &set->items.items[i], &marked);
    set->items.items = marked.items.items;
    set->items.count = marked.items.count;
    set->items.capacity = marked.items.capacity;
}

// ---- The document

static void put_ports(struct json_writer *writer, struct arena *arena, const char *key, struct portset ports)
{
    if (!portset_is_empty(ports))
        json_put_string(writer, key, portset_format(arena, ports));
}

void answered_write(const struct answered *answered, struct text *out)
{
    struct json_writer writer = json_writer_to(out);
    struct arena *arena = arena_new();
    json_open(&writer, NULL, '{');
    json_put_string(&writer, "schema", schema_of_answered);
    json_open(&writer, "answered", '[');
    for (size_t i = 0; i < answered->items.count; i++, arena_reset(arena)) {
        const struct answered_ports *one = &answered->items.items[i];
        char address[ADDRESS_TEXT];
        address_format(one->address, address);
        json_open_line(&writer, NULL, '{');
        json_put_string(&writer, "address", address);
        json_put_string(&writer, "protocol", protocol_name(arena, one->protocol));
        put_ports(&writer, arena, "open", one->open);
        put_ports(&writer, arena, "closed", one->closed);
        json_close(&writer, '}');
    }
    json_close(&writer, ']');
    json_close(&writer, '}');
    json_end_document(&writer);
    arena_free(arena);
}

static bool read_ports(struct arena *arena, const struct json_cursor *at, const char *key, struct portset *ports,
                       struct error *error)
{
    const char *text;
    GUARD(json_optional_string(arena, at, key, &text, error));
    *ports = portset_empty;
    if (text == NULL || portset_parse(arena, text, ports))
        return true;
    struct json_cursor member = json_member(at, key);
    return json_fail(&member, error, "\"%s\", expected ports as in 22,80,1000-2000", text);
}

static bool read_one(struct arena *arena, const struct json_cursor *at, struct answered *answered, struct error *error)
{
    struct answered_ports one = {0};
    GUARD(json_expect_object(at, error) && place_read(at, &one.address, &one.protocol, error) &&
          read_ports(arena, at, "open", &one.open, error) && read_ports(arena, at, "closed", &one.closed, error));
    one.closed = portset_subtract(arena, one.closed, one.open);
    const struct answered_ports *last =
        answered->items.count > 0 ? &answered->items.items[answered->items.count - 1] : NULL;
    if (!protocol_has_ports(one.protocol))
        return json_fail(at, error, "expected a protocol with ports");
    if (last != NULL && place_compare(last->address, last->protocol, one.address, one.protocol) >= 0)
        return json_fail(at, error, "expected places in order, each once");
    *vector_add(arena, &answered->items) = one;
    return true;
}

static bool read_document(struct arena *arena, const struct json_cursor *root, struct answered *answered,
                          struct error *error)
{
    struct json_cursor array = json_member(root, "answered");
    const cJSON *node;
    size_t index = 0;
    GUARD(json_expect_schema(root, schema_of_answered, error) && json_expect_array(&array, error));
    cJSON_ArrayForEach (node, array.node) {
        struct json_cursor one = json_element(&array, index++, node);
        GUARD(read_one(arena, &one, answered, error));
    }
    return true;
}

bool answered_read(struct arena *arena, const char *file, struct answered *answered, struct error *error)
{
    cJSON *root = json_load(file, error);
    struct json_cursor at = {.file = file, .node = root};
    bool good = root != NULL && read_document(arena, &at, answered, error);
    cJSON_Delete(root);
    return good;
}
