// Verdicts as a document (sgproof/verdicts/v1): its reader. There may be millions of verdicts, and most differ from
// some other in their ports and lines only: verdict_alike.c.
#include "base/file.h"
#include "base/pages.h"
#include "model/protocol.h"
#include "model/verdict.h"
#include "model/verdict_alike.h"

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
    struct arena *lines; // of the verdict in hand
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
    GUARD(ports_read(at, verdict->protocol, &low, &high, error));
    verdict->low = (uint16_t)low;
    verdict->accepts = (uint32_t)accepts;
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
        if (!cJSON_IsNumber(node) || !(node->valuedouble >= 1 && node->valuedouble <= 1e9) ||
            node->valuedouble != (double)(size_t)node->valuedouble)
            return json_fail(&lines, error, "expected line numbers");
        *vector_add(reader->lines, &verdict->observations) = (size_t)node->valuedouble;
    }
    return true;
}

static bool read_note(struct arena *arena, const struct json_cursor *at, void *into, struct error *error)
{
    struct verdict_set *set = into;
    struct intent_note *note = vector_add(arena, &set->intent_notes);
    return json_string(arena, at, "rule", &note->rule, error) && json_string(arena, at, "state", &note->state, error) &&
           json_string(arena, at, "detail", &note->detail, error) &&
           json_optional_string(arena, at, "owner", &note->owner, error);
}

static bool read_place(struct arena *arena, const struct json_cursor *at, void *into, struct error *error)
{
    struct verdict_set *set = into;
    struct endpoint_place *one = vector_add(arena, &set->places);
    return json_string(arena, at, "address", &one->address, error) &&
           json_string(arena, at, "eni_id", &one->eni_id, error) &&
           json_optional_string(arena, at, "account_id", &one->account_id, error) &&
           json_optional_string(arena, at, "region", &one->region, error) &&
           json_optional_string(arena, at, "vpc_id", &one->vpc_id, error) &&
           json_optional_string(arena, at, "subnet_id", &one->subnet_id, error) &&
           json_boolean(at, "dormant", &one->dormant, error);
}

static bool read_vantage(struct arena *arena, const struct json_cursor *at, void *into, struct error *error)
{
    struct verdict_set *set = into;
    struct vantage_told *one = vector_add(arena, &set->vantages);
    long asked;
    GUARD(json_string(arena, at, "vantage", &one->vantage, error) &&
          json_optional_string(arena, at, "learnt", &one->learnt, error) &&
          json_string(arena, at, "observations", &one->file, error) &&
          json_boolean(at, "complete", &one->complete, error) &&
          json_integer(at, "asked", 0, 1000000000000, &asked, error));
    one->asked = (size_t)asked;
    return true;
}

static bool read_split_place(struct arena *arena, const struct json_cursor *at, void *into, struct error *error)
{
    struct vantage_split *split = into;
    struct split_place *place = vector_add(arena, &split->places);
    long low = 0, high = 0;
    GUARD(place_read(at, &place->address, &place->protocol, error));
    GUARD(ports_read(at, place->protocol, &low, &high, error));
    place->low = (uint16_t)low;
    place->high = (uint16_t)high;
    split->ports += (size_t)(high - low) + 1;
    return true;
}

static bool read_heard(struct arena *arena, const struct json_cursor *at, size_t vantages, struct vantage_split *split,
                       struct error *error)
{
    struct json_cursor list = json_member(at, "heard");
    enum vantage_heard *heard = arena_array(arena, enum vantage_heard, vantages);
    const cJSON *node;
    size_t count = 0;
    GUARD(json_expect_array(&list, error));
    cJSON_ArrayForEach (node, list.node) {
        int word = 0;
        while (vantage_heard_names[word] != NULL &&
               !(cJSON_IsString(node) && strcmp(vantage_heard_names[word], node->valuestring) == 0))
            word++;
        if (vantage_heard_names[word] == NULL || count == vantages)
            return json_fail(&list, error, "expected open, closed, silent or unknown for each of the vantages");
        heard[count++] = (enum vantage_heard)word;
    }
    split->heard = heard;
    return count == vantages || json_fail(&list, error, "expected a word for each of the vantages");
}

static bool read_split(struct arena *arena, const struct json_cursor *at, void *into, struct error *error)
{
    struct verdict_set *set = into;
    struct vantage_split *split = vector_add(arena, &set->splits);
    return read_heard(arena, at, set->vantages.count, split, error) &&
           json_items(arena, at, "places", read_split_place, split, error);
}

static bool read_gap(struct arena *arena, const struct json_cursor *at, void *into, struct error *error)
{
    struct verdict_set *set = into;
    struct coverage_gap *gap = vector_add(arena, &set->gaps);
    long count;
    GUARD(json_string(arena, at, "what", &gap->what, error) &&
          json_integer(at, "count", 0, 1000000000000, &count, error));
    gap->count = (size_t)count;
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
    set->endpoints = (size_t)endpoints;
    set->asked = (size_t)asked;
    bool told;
    set->not_compared = -1; // as earlier versions have it
    return json_items_if_any(arena, root, "intent_review", read_note, set, error) &&
           json_items_if_any(arena, root, "endpoints", read_place, set, error) &&
           json_items_if_any(arena, root, "vantages", read_vantage, set, error) &&
           json_items_if_any(arena, root, "disagreements", read_split, set, error) &&
           json_optional_integer(root, "not_compared", 0, 1000000000000, &set->not_compared, &told, error) &&
           json_items(arena, &coverage, "not_asked", read_gap, set, error);
}

// Reads the list of verdicts one by one: there may be millions.
struct list_reader {
    struct verdict_reader *reader;
    struct verdict_set *set;
    verdict_taker *take;
    void *context;
    struct verdict_likes likes;
    const struct file_bytes *bytes;
    size_t begins;    // where the list does
    size_t last;      // where its last element does, or 0
    size_t forgotten; // bytes that need not be in memory any more
    bool is_unclear;  // some element is JSON that readers take otherwise than others do
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
    return find_list(context, at, first) == JSON_SKIP && is_list(at) && first == '[' ? JSON_ELEMENTS : JSON_SKIP;
}

static bool take_verdict(void *context, const struct json_cursor *at, bool is_element, struct error *error)
{
    struct list_reader *list = context;
    const struct file_bytes *bytes = list->bytes;
    struct error ignored;
    size_t end = at->offset;
    const char *repeated = json_repeated_key(at->node);
    (void)is_element;
    if (repeated != NULL)
        return json_fail(at, error, "the key \"%s\" is there twice, expected each key once", repeated);
    json_skip(bytes->bytes, bytes->length, &end);
    if (!json_expect_plain(at->file, bytes->bytes + at->offset, end - at->offset, &ignored))
        list->is_unclear = true; // which is told of the whole document
    struct verdict verdict = {0};
    arena_reset(list->reader->lines);
    GUARD(read_verdict(list->reader, at, &verdict, error) &&
          read_unstable(at, &verdict.unstable, &list->set->stability_unknown, error));
    if (!list->is_unclear)
        verdict_likes_learn(&list->likes, bytes->bytes + at->offset, end - at->offset, at->node, &verdict);
    list->take(list->context, &verdict);
    return true;
}

enum { FORGET = 16 << 20 };

static bool take_alike(void *context, const char *bytes, size_t length, size_t *taken)
{
    struct list_reader *list = context;
    struct verdict verdict;
    list->last = (size_t)(bytes - list->bytes->bytes);
    if (list->bytes->mapped && list->last - list->forgotten > FORGET) {
        pages_forget(list->bytes->bytes + list->forgotten, list->last - list->forgotten);
        list->forgotten = list->last;
    }
    arena_reset(list->reader->lines);
    if (!verdict_likes_take(&list->likes, list->reader->lines, bytes, length, &verdict, taken))
        return false;
    list->take(list->context, &verdict);
    return true;
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

// Where the list ends, which is whole.
static size_t end_of_list(const struct file_bytes *bytes, const struct list_reader *list)
{
    size_t end = list->last > 0 ? list->last : list->begins;
    json_skip(bytes->bytes, bytes->length, &end);
    for (; list->last > 0 && end < bytes->length && bytes->bytes[end] != ']'; end++)
        continue; // space
    return end + (list->last > 0);
}

// Of a document that is not as expected the head's mistake is told first, then one of its bytes.
static bool explain_failure(struct arena *arena, const char *file, const struct file_bytes *bytes, struct error *error)
{
    struct list_reader list = {0};
    const struct json_visitor finder = {.member = find_list};
    struct verdict_set set = {0};
    struct error ignored;
    size_t at = 0, ends = 0;
    if (json_stream(file, bytes->bytes, bytes->length, &at, &finder, &list, &ignored) && list.begins > 0) {
        ends = list.begins;
        json_skip(bytes->bytes, bytes->length, &ends);
    }
    struct error why = *error;
    if (read_without_list(arena, file, bytes, ends > 0 ? list.begins : 0, ends, &set, error) &&
        json_expect_plain(file, bytes->bytes, bytes->length, error))
        *error = why;
    return false;
}

static bool read_bytes(struct arena *arena, const char *file, const struct file_bytes *bytes, verdict_taker *take,
                       void *context, struct verdict_set *set, struct error *error)
{
    struct verdict_reader *reader = arena_new_of(arena, struct verdict_reader);
    reader->arena = arena;
    reader->lines = arena_new();
    struct list_reader list = {.reader = reader,
                               .set = set,
                               .take = take,
                               .context = context,
                               .bytes = bytes,
                               .likes = {.arena = arena_new()}};
    const struct json_visitor visitor = {.member = enter_list, .value = take_verdict, .quick = take_alike};
    size_t at = 0;
    bool good = json_stream(file, bytes->bytes, bytes->length, &at, &visitor, &list, error) && !list.is_unclear;
    arena_free(list.likes.arena);
    arena_free(reader->lines);
    if (!good)
        return explain_failure(arena, file, bytes, error);
    size_t ends = list.begins > 0 ? end_of_list(bytes, &list) : 0;
    return read_without_list(arena, file, bytes, ends > 0 ? list.begins : 0, ends, set, error);
}

bool verdicts_read_each(struct arena *arena, const char *file, verdict_taker *take, void *context,
                        struct verdict_set *set, struct error *error)
{
    struct file_bytes bytes;
    GUARD(file_map(file, &bytes, error));
    bool good = read_bytes(arena, file, &bytes, take, context, set, error);
    file_unmap(&bytes);
    return good;
}

// What is read into a set.
struct keeper {
    struct arena *arena;
    struct verdict_set *set;
};

void verdicts_keep(struct arena *arena, struct verdict_set *set, const struct verdict *verdict)
{
    struct verdict *kept = vector_add(arena, &set->items);
    size_t count = verdict->observations.count;
    *kept = *verdict;
    kept->observations.items = arena_buffer(arena, size_t, count);
    if (count > 0)
        memcpy(kept->observations.items, verdict->observations.items, count * sizeof(size_t));
    kept->observations.capacity = (uint32_t)count;
}

static void keep(void *context, const struct verdict *verdict)
{
    const struct keeper *keeper = context;
    verdicts_keep(keeper->arena, keeper->set, verdict);
}

bool verdicts_read(struct arena *arena, const char *file, struct verdict_set *set, struct error *error)
{
    struct keeper keeper = {arena, set};
    GUARD(verdicts_read_each(arena, file, keep, &keeper, set, error));
    vector_trim(arena, &set->items);
    return true;
}
