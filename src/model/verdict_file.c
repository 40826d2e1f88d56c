// Verdicts as a document (sgproof/verdicts/v1): its writer and its reader.
#include "base/file.h"
#include "model/protocol.h"
#include "model/verdict.h"

static void put_if_any(struct json_writer *writer, const char *key, const char *value)
{
    if (value != NULL)
        json_put_string(writer, key, value);
}

void verdict_put_suggested(struct json_writer *writer, const struct verdict *verdict)
{
    if (verdict->suggested.count > 0)
        json_put_strings(writer, "suggested", verdict->suggested.items, verdict->suggested.count);
}

static void put_notes(struct json_writer *writer, const struct verdict_set *set)
{
    if (set->intent_notes.count == 0)
        return;
    json_open(writer, "intent_review", '[');
    for (size_t i = 0; i < set->intent_notes.count; i++) {
        const struct intent_note *note = &set->intent_notes.items[i];
        json_open_line(writer, NULL, '{');
        json_put_string(writer, "rule", note->rule);
        json_put_string(writer, "state", note->state);
        json_put_string(writer, "detail", note->detail);
        json_put_string(writer, "owner", note->owner);
        json_close(writer, '}');
    }
    json_close(writer, ']');
}

// What neighbouring verdicts have in common is made into text once: their host, and lists that lie at one place. Of the
// lists those made last are kept, so that memory does not grow with the verdicts.
enum { LISTS = 4096 };
struct list_text {
    const void *items;
    size_t count;
    struct text text;
};

struct shared_texts {
    struct arena *scratch;
    struct list_text *lists;  // by a hash of where the list lies
    const struct verdict *of; // whose host was made last, or NULL
    struct text host;         // an object with the members that tell of it, without the last bracket
};

static bool is_same_host(const struct verdict *a, const struct verdict *b)
{
    return address_equal(a->address, b->address) && a->account_id == b->account_id && a->region == b->region &&
           a->eni_id == b->eni_id && a->instance_id == b->instance_id && a->name == b->name && a->owner == b->owner &&
           a->asked_from == b->asked_from;
}

static void put_asked_from(struct json_writer *writer, const struct asked_from *from)
{
    char address[ADDRESS_TEXT];
    address_format(from->address, address);
    json_open_line(writer, "asked_from", '{');
    json_put_string(writer, "eni_id", from->eni_id);
    json_put_string(writer, "instance_id", from->instance_id);
    json_put_string(writer, "address", address);
    json_close(writer, '}');
}

// Puts the members that tell of a verdict's host into the object that was opened for it.
static void put_host(struct shared_texts *shared, const struct verdict *verdict, struct json_writer *writer)
{
    if (shared->of == NULL || !is_same_host(shared->of, verdict)) {
        char address[ADDRESS_TEXT];
        address_format(verdict->address, address);
        shared->of = verdict;
        shared->host.length = 0;
        struct json_writer host = json_writer_to(&shared->host);
        json_open_line(&host, NULL, '{');
        json_put_string(&host, "address", address);
        put_if_any(&host, "account_id", verdict->account_id);
        put_if_any(&host, "region", verdict->region);
        json_put_string(&host, "eni_id", verdict->eni_id);
        json_put_string(&host, "instance_id", verdict->instance_id);
        json_put_string(&host, "name", verdict->name);
        if (verdict->owner != NULL)
            owner_put(&host, verdict->owner);
        if (verdict->asked_from != NULL)
            put_asked_from(&host, verdict->asked_from);
    }
    text_add(writer->out, shared->host.bytes + 1, shared->host.length - 1);
    writer->first = false;
}

// Where the text of a list is, or is to be made; *known tells which.
static struct text *list_text(struct shared_texts *shared, const void *items, size_t count, bool *known)
{
    size_t slot = (size_t)((uint64_t)(uintptr_t)items * 0x9e3779b97f4a7c15u >> 40) % LISTS;
    struct list_text *list = &shared->lists[slot];
    *known = list->items == items && list->count == count && list->text.length > 0;
    if (!*known) {
        list->items = items;
        list->count = count;
        list->text.length = 0;
    }
    return &list->text;
}

static void put_reasons(struct shared_texts *shared, const char *key, const reason_list *reasons,
                        struct json_writer *writer)
{
    bool known;
    struct text *text = list_text(shared, reasons->items, reasons->count, &known);
    if (!known) {
        struct json_writer list = json_writer_to(text);
        reasons_put(&list, shared->scratch, NULL, reasons);
    }
    json_put_made(writer, key, text);
}

static void put_texts(struct shared_texts *shared, const char *key, const text_list *texts, struct json_writer *writer)
{
    bool known;
    struct text *text = list_text(shared, texts->items, texts->count, &known);
    if (!known) {
        struct json_writer list = json_writer_to(text);
        json_put_strings_line(&list, NULL, texts->items, texts->count);
    }
    json_put_made(writer, key, text);
}

void verdicts_write_json(const struct verdict_set *set, struct text *out)
{
    struct json_writer writer = json_writer_to(out);
    struct arena *arena = arena_new(), *scratch = arena_new();
    struct shared_texts shared = {.scratch = scratch};
    shared.lists = arena_array(arena, struct list_text, LISTS);
    json_open(&writer, NULL, '{');
    json_put_string(&writer, "schema", "sgproof/verdicts/v1");
    json_put_boolean(&writer, "complete", set->complete);
    json_put_string(&writer, "vantage", set->vantage);
    put_if_any(&writer, "vantage_learnt", set->vantage_learnt);
    json_open(&writer, "coverage", '{');
    json_put_integer(&writer, "endpoints", (int64_t)set->endpoints);
    json_put_integer(&writer, "asked", (int64_t)set->asked);
    json_open(&writer, "not_asked", '[');
    for (size_t i = 0; i < set->gaps.count; i++) {
        json_open_line(&writer, NULL, '{');
        json_put_string(&writer, "what", set->gaps.items[i].what);
        json_put_integer(&writer, "count", (int64_t)set->gaps.items[i].count);
        json_close(&writer, '}');
    }
    json_close(&writer, ']');
    json_put_strings(&writer, "missing", set->missing.items, set->missing.count);
    if (set->not_covered.count > 0)
        json_put_strings(&writer, "not_covered", set->not_covered.items, set->not_covered.count);
    json_close(&writer, '}');
    put_notes(&writer, set);
    json_open(&writer, "verdicts", '[');
    for (size_t i = 0; i < set->items.count; i++) {
        const struct verdict *verdict = &set->items.items[i];
        json_open_line(&writer, NULL, '{');
        put_host(&shared, verdict, &writer);
        json_put_string(&writer, "protocol", protocol_name(scratch, verdict->protocol));
        if (protocol_has_ports(verdict->protocol)) {
            json_put_integer(&writer, "from_port", verdict->low);
            json_put_integer(&writer, "to_port", verdict->high);
        }
        json_put_string(&writer, "declared", declared_names[verdict->declared]);
        json_put_string(&writer, "observed", observed_names[verdict->observed]);
        json_put_string(&writer, "reason", verdict->reason);
        json_put_string(&writer, "from", verdict->from);
        json_put_string(&writer, "verdict", verdict_names[verdict->kind]);
        if (set->stability_unknown && !verdict->unstable)
            json_put_string(&writer, "unstable", NULL);
        else
            json_put_boolean(&writer, "unstable", verdict->unstable);
        if (verdict->accepting)
            json_put_boolean(&writer, "accepts_everything", true);
        if (verdict->accepts > 0)
            json_put_integer(&writer, "answers_on_every_port", (int64_t)verdict->accepts);
        if (verdict->outage)
            json_put_boolean(&writer, "outage", true);
        json_put_string(&writer, "intent", intent_names[verdict->intent]);
        json_put_string(&writer, "intent_rule", verdict->intent_rule);
        put_if_any(&writer, "intent_owner", verdict->intent_owner);
        put_if_any(&writer, "intent_reason", verdict->intent_reason);
        put_if_any(&writer, "intent_expired", verdict->intent_expired);
        json_put_string(&writer, "severity", severity_names[verdict->severity]);
        put_reasons(&shared, "because", &verdict->because, &writer);
        if (verdict->via.count > 0)
            put_reasons(&shared, "via", &verdict->via, &writer);
        if (verdict->suggested.count > 0)
            put_texts(&shared, "suggested", &verdict->suggested, &writer);
        json_open(&writer, "observations", '[');
        for (size_t o = 0; o < verdict->observations.count; o++)
            json_put_integer(&writer, NULL, (int64_t)verdict->observations.items[o]);
        json_close(&writer, ']');
        json_close(&writer, '}');
        arena_reset(scratch);
    }
    json_close(&writer, ']');
    json_close(&writer, '}');
    json_end_document(&writer);
    for (size_t i = 0; i < LISTS; i++)
        text_free(&shared.lists[i].text);
    text_free(&shared.host);
    arena_free(scratch);
    arena_free(arena);
}

// Null, or not there, where it is not known.
static bool read_unstable(const struct json_cursor *at, bool *unstable, bool *unknown, struct error *error)
{
    if (json_member(at, "unstable").node != NULL)
        return json_boolean(at, "unstable", unstable, error);
    *unknown = true;
    return true;
}

// What many verdicts have in common is held once: texts, owners, and the lists of reasons that were read last.
enum { KEPT_LISTS = 4096 };
struct verdict_reader {
    struct arena *arena;
    struct map texts;
    const struct owner *owner; // of the verdict before
    const struct asked_from *asked_from;
    reason_list lists[KEPT_LISTS];
};

// A text that must be there; it lives as long as the value.
static bool read_word(const struct json_cursor *at, const char *key, const char **text, struct error *error)
{
    struct json_cursor member = json_member(at, key);
    return json_text_at(&member, text, error) &&
           (*text != NULL || json_fail(&member, error, "is missing, expected a string"));
}

static bool read_owner(struct verdict_reader *reader, const struct json_cursor *at, const struct owner **owner,
                       struct error *error)
{
    struct arena *scratch = arena_new();
    const struct owner *last = reader->owner;
    bool good = owner_read(scratch, at, owner, error);
    bool same = good && *owner != NULL && last != NULL && owner_same(*owner, last);
    if (same)
        *owner = last;
    else if (good && *owner != NULL)
        good = owner_read(reader->arena, at, owner, error);
    arena_free(scratch);
    reader->owner = good ? *owner : NULL;
    return good;
}

static bool read_asked_from(struct verdict_reader *reader, const struct json_cursor *at,
                            const struct asked_from **asked_from, struct error *error)
{
    struct json_cursor from = json_member(at, "asked_from");
    struct asked_from one = {0}, *fresh;
    const char *address;
    if (from.node == NULL)
        return true;
    GUARD(json_expect_object(&from, error) && read_word(&from, "address", &address, error) &&
          json_shared_string(reader->arena, &reader->texts, &from, "eni_id", &one.eni_id, error) &&
          json_shared_string(reader->arena, &reader->texts, &from, "instance_id", &one.instance_id, error));
    if (!address_parse(address, &one.address))
        return json_fail(&from, error, "expected an address");
    *asked_from = reader->asked_from; // of the verdict before, whose texts are held once
    if (*asked_from != NULL && address_equal((*asked_from)->address, one.address) &&
        (*asked_from)->eni_id == one.eni_id && (*asked_from)->instance_id == one.instance_id)
        return true;
    *asked_from = reader->asked_from = fresh = arena_new_of(reader->arena, struct asked_from);
    *fresh = one;
    return true;
}

static bool read_reasons(struct verdict_reader *reader, const struct json_cursor *at, const char *key,
                         reason_list *list, struct error *error)
{
    struct arena *scratch = arena_new();
    bool good = reasons_read(scratch, at, key, list, error);
    uint64_t hash = list->count;
    for (size_t i = 0; good && i < list->count; i++)
        for (const char *p = list->items[i]->text; *p != '\0'; p++)
            hash = (hash ^ (unsigned char)*p) * 1099511628211u;
    reason_list *kept = &reader->lists[(hash ^ hash >> 32) % KEPT_LISTS];
    if (good && !reasons_same(kept, list)) {
        *kept = (reason_list){0};
        good = reasons_read(reader->arena, at, key, kept, error);
    }
    *list = *kept;
    arena_free(scratch);
    return good;
}

static bool read_verdict(struct verdict_reader *reader, const struct json_cursor *at, struct verdict *verdict,
                         struct error *error)
{
    struct arena *arena = reader->arena;
    const char *text, *protocol;
    int declared, observed, kind, intent, severity;
    long low = 0, high = 0, accepts = 0;
    bool present;
    if (!json_expect_object(at, error) || !read_word(at, "address", &text, error) ||
        !read_word(at, "protocol", &protocol, error) ||
        !json_shared_string(reader->arena, &reader->texts, at, "account_id", &verdict->account_id, error) ||
        !json_shared_string(reader->arena, &reader->texts, at, "region", &verdict->region, error) ||
        !json_shared_string(reader->arena, &reader->texts, at, "eni_id", &verdict->eni_id, error) ||
        !json_shared_string(reader->arena, &reader->texts, at, "instance_id", &verdict->instance_id, error) ||
        !json_shared_string(reader->arena, &reader->texts, at, "name", &verdict->name, error) ||
        !read_owner(reader, at, &verdict->owner, error) || !read_asked_from(reader, at, &verdict->asked_from, error) ||
        !json_shared_string(reader->arena, &reader->texts, at, "reason", &verdict->reason, error) ||
        !json_shared_string(reader->arena, &reader->texts, at, "from", &verdict->from, error) ||
        !json_shared_string(reader->arena, &reader->texts, at, "intent_rule", &verdict->intent_rule, error) ||
        !json_shared_string(reader->arena, &reader->texts, at, "intent_owner", &verdict->intent_owner, error) ||
        !json_shared_string(reader->arena, &reader->texts, at, "intent_reason", &verdict->intent_reason, error) ||
        !json_shared_string(reader->arena, &reader->texts, at, "intent_expired", &verdict->intent_expired, error) ||
        !json_optional_integer(at, "from_port", 0, PORT_LAST, &low, &present, error) ||
        !json_optional_integer(at, "to_port", 0, PORT_LAST, &high, &present, error) ||
        !json_word(at, "declared", declared_names, &declared, error) ||
        !json_word(at, "observed", observed_names, &observed, error) ||
        !json_word(at, "verdict", verdict_names, &kind, error) ||
        !json_word(at, "intent", intent_names, &intent, error) ||
        !json_word(at, "severity", severity_names, &severity, error) ||
        !json_optional_boolean(at, "accepts_everything", &verdict->accepting, error) ||
        !json_optional_boolean(at, "outage", &verdict->outage, error) ||
        !json_optional_integer(at, "answers_on_every_port", 1, PORT_LAST + 1, &accepts, &present, error) ||
        !read_reasons(reader, at, "because", &verdict->because, error) ||
        (json_member(at, "via").node != NULL && !read_reasons(reader, at, "via", &verdict->via, error)) ||
        (json_member(at, "suggested").node != NULL && !json_texts(arena, at, "suggested", &verdict->suggested, error)))
        return false;
    if (!address_parse(text, &verdict->address) || !protocol_parse(protocol, &verdict->protocol))
        return json_fail(at, error, "expected an address and a protocol");
    verdict->low = (uint16_t)low;
    verdict->accepts = (size_t)accepts;
    verdict->high = (uint16_t)high;
    verdict->declared = (enum declared_state)declared;
    verdict->observed = (enum observed_state)observed;
    verdict->kind = (enum verdict_kind)kind;
    verdict->intent = (enum intent_state)intent;
    verdict->severity = (enum severity)severity;
    struct json_cursor lines = json_member(at, "observations");
    if (!json_expect_array(&lines, error))
        return false;
    const cJSON *node;
    cJSON_ArrayForEach (node, lines.node) {
        if (!cJSON_IsNumber(node) || node->valuedouble < 1 || node->valuedouble > 1e9)
            return json_fail(&lines, error, "expected line numbers");
        *vector_add(arena, &verdict->observations) = (size_t)node->valuedouble;
    }
    vector_trim(arena, &verdict->observations);
    return true;
}

static bool read_notes(struct arena *arena, const struct json_cursor *root, struct verdict_set *set,
                       struct error *error)
{
    struct json_cursor array = json_member(root, "intent_review");
    const cJSON *node;
    size_t index = 0;
    if (array.node == NULL)
        return true;
    GUARD(json_expect_array(&array, error));
    cJSON_ArrayForEach (node, array.node) {
        struct json_cursor at = json_element(&array, index++, node);
        struct intent_note *note = vector_add(arena, &set->intent_notes);
        GUARD(json_string(arena, &at, "rule", &note->rule, error) &&
              json_string(arena, &at, "state", &note->state, error) &&
              json_string(arena, &at, "detail", &note->detail, error) &&
              json_optional_string(arena, &at, "owner", &note->owner, error));
    }
    return true;
}

// All but the verdicts.
static bool read_head(struct arena *arena, const struct json_cursor *root, struct verdict_set *set, struct error *error)
{
    const char *schema;
    long endpoints, asked;
    if (!json_expect_object(root, error) || !json_string(arena, root, "schema", &schema, error))
        return false;
    struct json_cursor at = json_member(root, "schema");
    if (strcmp(schema, "sgproof/verdicts/v1") != 0)
        return json_fail(&at, error, "\"%s\", expected sgproof/verdicts/v1", schema);
    struct json_cursor coverage = json_member(root, "coverage"), list = json_member(root, "verdicts");
    if (!json_boolean(root, "complete", &set->complete, error) ||
        !json_optional_string(arena, root, "vantage", &set->vantage, error) ||
        !json_optional_string(arena, root, "vantage_learnt", &set->vantage_learnt, error) ||
        !json_expect_object(&coverage, error) || !json_expect_array(&list, error) ||
        !json_integer(&coverage, "endpoints", 0, 1000000000, &endpoints, error) ||
        !json_integer(&coverage, "asked", 0, 1000000000000, &asked, error) ||
        !json_texts(arena, &coverage, "missing", &set->missing, error))
        return false;
    if (json_member(&coverage, "not_covered").node != NULL) // evidence of older versions tells of none
        GUARD(json_texts(arena, &coverage, "not_covered", &set->not_covered, error));
    GUARD(read_notes(arena, root, set, error));
    set->endpoints = (size_t)endpoints;
    set->asked = (size_t)asked;
    struct json_cursor gaps = json_member(&coverage, "not_asked");
    if (!json_expect_array(&gaps, error))
        return false;
    size_t index = 0;
    const cJSON *node;
    cJSON_ArrayForEach (node, gaps.node) {
        struct json_cursor gap = json_element(&gaps, index++, node);
        struct coverage_gap *into = vector_add(arena, &set->gaps);
        long count;
        if (!json_string(arena, &gap, "what", &into->what, error) ||
            !json_integer(&gap, "count", 0, 1000000000000, &count, error))
            return false;
        into->count = (size_t)count;
    }
    return true;
}

// Reads the list of verdicts one by one: there may be millions.
struct list_reader {
    struct verdict_reader *reader;
    struct verdict_set *set;
    size_t begins; // where the list does
};

static bool is_list(const struct json_cursor *at)
{
    return at->key != NULL && strcmp(at->key, "verdicts") == 0 && at->up != NULL && at->up->up == NULL;
}

static enum json_visit find_list(void *context, const struct json_cursor *at, int first)
{
    struct list_reader *list = context;
    if (is_list(at) && first == '[' && list->begins == 0)
        list->begins = at->offset;
    return JSON_SKIP;
}

static enum json_visit enter_list(void *context, const struct json_cursor *at, int first)
{
    (void)context;
    return is_list(at) && first == '[' ? JSON_ELEMENTS : JSON_SKIP;
}

static bool take_verdict(void *context, const struct json_cursor *at, bool is_element, struct error *error)
{
    struct list_reader *list = context;
    const char *repeated = json_repeated_key(at->node);
    (void)is_element;
    if (repeated != NULL)
        return json_fail(at, error, "the key \"%s\" is there twice, expected each key once", repeated);
    struct verdict *verdict = vector_add(list->reader->arena, &list->set->items);
    return read_verdict(list->reader, at, verdict, error) &&
           read_unstable(at, &verdict->unstable, &list->set->stability_unknown, error);
}

// The document with an empty list in the place of the verdicts.
static bool read_without_list(struct arena *arena, const char *file, const struct file_bytes *bytes, size_t begins,
                              size_t ends, struct verdict_set *set, struct error *error)
{
    struct text head = {0};
    text_add(&head, bytes->bytes, begins);
    if (ends > begins)
        text_puts(&head, "[]");
    text_add(&head, bytes->bytes + ends, bytes->length - ends);
    cJSON *root = json_parse(file, head.bytes, head.length, error);
    text_free(&head);
    if (root == NULL)
        return false;
    struct json_cursor at = {.file = file, .node = root};
    bool good = read_head(arena, &at, set, error);
    cJSON_Delete(root);
    return good;
}

static bool read_bytes(struct arena *arena, const char *file, const struct file_bytes *bytes, struct verdict_set *set,
                       struct error *error)
{
    struct verdict_reader reader = {.arena = arena};
    struct list_reader list = {.reader = &reader, .set = set};
    const struct json_visitor finder = {.member = find_list}, visitor = {.member = enter_list, .value = take_verdict};
    size_t at = 0, ends = 0;
    struct error ignored;
    if (json_stream(file, bytes->bytes, bytes->length, &at, &finder, &list, &ignored) && list.begins > 0) {
        ends = list.begins;
        json_skip(bytes->bytes, bytes->length, &ends);
    }
    GUARD(read_without_list(arena, file, bytes, ends > 0 ? list.begins : 0, ends, set, error));
    GUARD(json_expect_plain(file, bytes->bytes, bytes->length, error));
    at = 0;
    bool good = json_stream(file, bytes->bytes, bytes->length, &at, &visitor, &list, error);
    vector_trim(arena, &set->items);
    return good;
}

bool verdicts_read(struct arena *arena, const char *file, struct verdict_set *set, struct error *error)
{
    struct file_bytes bytes;
    GUARD(file_map(file, &bytes, error));
    bool good = read_bytes(arena, file, &bytes, set, error);
    file_unmap(&bytes);
    return good;
}
