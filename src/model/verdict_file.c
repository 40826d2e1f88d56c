// Verdicts as a document (sgproof/verdicts/v1): its writer. The reader is verdict_read.c.
#include "model/protocol.h"
#include "model/verdict_texts.h"

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

// Of lists those made last are kept, so that memory does not grow with the verdicts.
enum { LISTS = 4096 };
struct list_text {
    const void *items;
    size_t count;
    struct text text;
};

struct shared_texts {
    struct arena *scratch;
    struct list_text *lists; // by a hash of where the list lies
    struct verdict_texts *texts;
};

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
    bool fresh;
    struct text *text = verdict_texts_host(shared->texts, verdict, &fresh);
    if (fresh) {
        char address[ADDRESS_TEXT];
        address_format(verdict->address, address);
        struct json_writer host = json_writer_to(text);
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
    text_add(writer->out, text->bytes + 1, text->length - 1);
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

static void make_value(struct shared_texts *shared, const struct verdict *verdict, bool unknown,
                       struct json_writer *value)
{
    json_open_line(value, NULL, '{');
    json_put_string(value, "declared", declared_names[verdict->declared]);
    json_put_string(value, "observed", observed_names[verdict->observed]);
    json_put_string(value, "reason", verdict->reason);
    json_put_string(value, "from", verdict->from);
    json_put_string(value, "verdict", verdict_names[verdict->kind]);
    if (unknown && !verdict->unstable)
        json_put_string(value, "unstable", NULL);
    else
        json_put_boolean(value, "unstable", verdict->unstable);
    if (verdict->accepting)
        json_put_boolean(value, "accepts_everything", true);
    if (verdict->accepts > 0)
        json_put_integer(value, "answers_on_every_port", (int64_t)verdict->accepts);
    if (verdict->outage)
        json_put_boolean(value, "outage", true);
    json_put_string(value, "intent", intent_names[verdict->intent]);
    json_put_string(value, "intent_rule", verdict->intent_rule);
    put_if_any(value, "intent_owner", verdict->intent_owner);
    put_if_any(value, "intent_reason", verdict->intent_reason);
    put_if_any(value, "intent_expired", verdict->intent_expired);
    json_put_string(value, "severity", severity_names[verdict->severity]);
    put_reasons(shared, "because", &verdict->because, value);
    if (verdict->via.count > 0)
        put_reasons(shared, "via", &verdict->via, value);
    if (verdict->suggested.count > 0)
        put_texts(shared, "suggested", &verdict->suggested, value);
}

// Puts the members from `declared` on, all but the lines.
static void put_value(struct shared_texts *shared, const struct verdict *verdict, bool unknown,
                      struct json_writer *writer)
{
    bool fresh;
    struct text *text = verdict_texts_value(shared->texts, verdict, &fresh);
    if (fresh) {
        struct json_writer value = json_writer_to(text);
        make_value(shared, verdict, unknown, &value);
    }
    text_add(writer->out, ", ", 2);
    text_add(writer->out, text->bytes + 1, text->length - 1);
}

static void put_ports(struct json_writer *writer, struct arena *scratch, int protocol, uint16_t low, uint16_t high)
{
    json_put_string(writer, "protocol", protocol_name(scratch, protocol));
    if (protocol_has_ports(protocol)) {
        json_put_integer(writer, "from_port", low);
        json_put_integer(writer, "to_port", high);
    }
}

static void put_places(struct json_writer *writer, const struct verdict_set *set)
{
    if (set->places.count == 0)
        return;
    json_open(writer, "endpoints", '[');
    for (size_t i = 0; i < set->places.count; i++) {
        const struct endpoint_place *one = &set->places.items[i];
        json_open_line(writer, NULL, '{');
        json_put_string(writer, "address", one->address);
        json_put_string(writer, "eni_id", one->eni_id);
        json_put_string(writer, "account_id", one->account_id);
        json_put_string(writer, "region", one->region);
        json_put_string(writer, "vpc_id", one->vpc_id);
        json_put_string(writer, "subnet_id", one->subnet_id);
        json_put_boolean(writer, "dormant", one->dormant);
        json_close(writer, '}');
    }
    json_close(writer, ']');
}

static void put_vantages(struct json_writer *writer, const struct verdict_set *set)
{
    if (set->vantages.count == 0)
        return;
    json_open(writer, "vantages", '[');
    for (size_t i = 0; i < set->vantages.count; i++) {
        const struct vantage_told *one = &set->vantages.items[i];
        json_open_line(writer, NULL, '{');
        json_put_string(writer, "vantage", one->vantage);
        put_if_any(writer, "learnt", one->learnt);
        json_put_string(writer, "observations", one->file);
        json_put_boolean(writer, "complete", one->complete);
        json_put_integer(writer, "asked", (int64_t)one->asked);
        json_close(writer, '}');
    }
    json_close(writer, ']');
}

static void put_splits(struct json_writer *writer, struct arena *scratch, const struct verdict_set *set)
{
    if (set->vantages.count == 0)
        return;
    json_open(writer, "disagreements", '[');
    for (size_t i = 0; i < set->splits.count; i++) {
        const struct vantage_split *split = &set->splits.items[i];
        json_open(writer, NULL, '{');
        json_put_string(writer, "severity", severity_names[VANTAGE_SPLIT_SEVERITY]);
        json_open_line(writer, "heard", '[');
        for (size_t v = 0; v < set->vantages.count; v++)
            json_put_string(writer, NULL, vantage_heard_names[split->heard[v]]);
        json_close(writer, ']');
        json_put_integer(writer, "ports", (int64_t)split->ports);
        json_open(writer, "places", '[');
        for (size_t p = 0; p < split->places.count; p++) {
            const struct split_place *place = &split->places.items[p];
            char address[ADDRESS_TEXT];
            address_format(place->address, address);
            json_open_line(writer, NULL, '{');
            json_put_string(writer, "address", address);
            put_ports(writer, scratch, place->protocol, place->low, place->high);
            json_close(writer, '}');
        }
        json_close(writer, ']');
        json_close(writer, '}');
    }
    json_close(writer, ']');
    if (set->not_compared >= 0)
        json_put_integer(writer, "not_compared", set->not_compared);
}

void verdicts_write_json(const struct verdict_set *set, struct text *out)
{
    struct json_writer writer = json_writer_to(out);
    struct arena *arena = arena_new(), *scratch = arena_new();
    struct shared_texts shared = {.scratch = scratch, .texts = verdict_texts_new()};
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
    put_places(&writer, set);
    put_vantages(&writer, set);
    put_splits(&writer, scratch, set);
    json_open(&writer, "verdicts", '[');
    for (size_t i = 0; i < set->items.count; i++) {
        const struct verdict *verdict = &set->items.items[i];
        json_open_line(&writer, NULL, '{');
        put_host(&shared, verdict, &writer);
        put_ports(&writer, scratch, verdict->protocol, verdict->low, verdict->high);
        put_value(&shared, verdict, set->stability_unknown, &writer);
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
    verdict_texts_free(shared.texts);
    arena_free(scratch);
    arena_free(arena);
}
