#include "base/json_fields.h"

static const long MOST_COUNTED = 1L << 50; // a double holds it exactly

// A VECTOR of any type. It is copied in and out, since a struct of another type may not be looked at as this one.
struct any_vector {
    void *items;
    uint32_t count;
    uint32_t capacity;
};

static struct any_vector vector_at(const void *place)
{
    struct any_vector vector;
    memcpy(&vector, place, sizeof(vector));
    return vector;
}

static void *add_item(struct arena *arena, void *place, size_t size)
{
    struct any_vector vector = vector_at(place);
    vector.items = vector_reserve(arena, vector.items, vector.count, &vector.capacity, size);
    void *item = (char *)vector.items + vector.count++ * size;
    memcpy(place, &vector, sizeof(vector));
    return item;
}

// ---- Writing

static void put_records(struct json_writer *writer, const char *key, const struct json_record *of, const void *place)
{
    struct any_vector vector = vector_at(place);
    json_open(writer, key, '[');
    for (size_t i = 0; i < vector.count; i++) {
        if (of->line)
            json_open_line(writer, NULL, '{');
        else
            json_open(writer, NULL, '{');
        json_put_fields(writer, of, (const char *)vector.items + i * of->size);
        json_close(writer, '}');
    }
    json_close(writer, ']');
}

static void put_counts(struct json_writer *writer, const char *key, const char *const *words, const size_t *counts)
{
    json_open_line(writer, key, '{');
    for (size_t i = 0; words[i] != NULL; i++)
        json_put_integer(writer, words[i], (int64_t)counts[i]);
    json_close(writer, '}');
}

static void put_places(struct json_writer *writer, const char *key, const void *place)
{
    const number_list *places = place;
    json_open(writer, key, '[');
    for (size_t i = 0; i < places->count; i++)
        json_put_integer(writer, NULL, (int64_t)places->items[i]);
    json_close(writer, ']');
}

static bool is_nothing(const struct json_field *field, const void *place)
{
    return field->kind == FIELD_TEXT ? *(const char *const *)place == NULL : vector_at(place).count == 0;
}

static void put_field(struct json_writer *writer, const struct json_field *field, const void *object)
{
    const void *place = (const char *)object + field->offset;
    const text_list *texts = place;
    unsigned word;
    if (field->left_out && is_nothing(field, place))
        return;
    switch (field->kind) {
    case FIELD_TEXT:
        json_put_string(writer, field->key, *(const char *const *)place);
        break;
    case FIELD_WORD:
        memcpy(&word, place, sizeof(word));
        json_put_string(writer, field->key, field->words[word]);
        break;
    case FIELD_CHOICE:
        json_put_string(writer, field->key, field->words[*(const bool *)place]);
        break;
    case FIELD_BOOLEAN:
        json_put_boolean(writer, field->key, *(const bool *)place);
        break;
    case FIELD_COUNT:
        json_put_integer(writer, field->key, (int64_t) * (const size_t *)place);
        break;
    case FIELD_COUNTS:
        put_counts(writer, field->key, field->words, place);
        break;
    case FIELD_TEXTS:
        json_put_strings_line(writer, field->key, texts->items, texts->count);
        break;
    case FIELD_PLACES:
        put_places(writer, field->key, place);
        break;
    case FIELD_RECORDS:
        put_records(writer, field->key, field->of, place);
        break;
    case FIELD_OWN:
        field->put(writer, field->key, object);
        break;
    }
}

void json_put_fields(struct json_writer *writer, const struct json_record *record, const void *object)
{
    for (const struct json_field *field = record->fields; field->key != NULL; field++)
        put_field(writer, field, object);
}

// ---- Reading

static bool read_records(struct arena *arena, const struct json_cursor *at, const struct json_record *of, void *place,
                         struct error *error)
{
    const cJSON *node;
    size_t index = 0;
    GUARD(json_expect_array(at, error));
    cJSON_ArrayForEach (node, at->node) {
        struct json_cursor one = json_element(at, index++, node);
        GUARD(json_expect_object(&one, error) &&
              json_read_fields(arena, &one, of, add_item(arena, place, of->size), error));
    }
    return true;
}

static bool read_places(struct arena *arena, const struct json_cursor *at, void *place, struct error *error)
{
    number_list *places = place;
    const cJSON *node;
    GUARD(json_expect_array(at, error));
    cJSON_ArrayForEach (node, at->node) {
        if (!cJSON_IsNumber(node) || !(node->valuedouble >= 0 && node->valuedouble <= (double)MOST_COUNTED) ||
            node->valuedouble != (double)(size_t)node->valuedouble)
            return json_fail(at, error, "expected places, from 0");
        *vector_add(arena, places) = (size_t)node->valuedouble;
    }
    return true;
}

static bool read_count(const struct json_cursor *at, const char *key, size_t *count, struct error *error)
{
    long value;
    GUARD(json_integer(at, key, 0, MOST_COUNTED, &value, error));
    *count = (size_t)value;
    return true;
}

static bool read_counts(const struct json_cursor *at, const char *const *words, size_t *counts, struct error *error)
{
    GUARD(json_expect_object(at, error));
    for (size_t i = 0; words[i] != NULL; i++)
        GUARD(read_count(at, words[i], &counts[i], error));
    return true;
}

static bool read_field(struct arena *arena, const struct json_cursor *at, const struct json_field *field, void *object,
                       struct error *error)
{
    void *place = (char *)object + field->offset;
    struct json_cursor member = json_member(at, field->key);
    int word = 0;
    if ((field->optional || field->left_out) && member.node == NULL)
        return true;
    switch (field->kind) {
    case FIELD_TEXT:
        return json_string(arena, at, field->key, place, error);
    case FIELD_WORD:
    case FIELD_CHOICE:
        GUARD(json_word(at, field->key, field->words, &word, error));
        if (field->kind == FIELD_CHOICE)
            *(bool *)place = word == 1;
        else
            memcpy(place, &word, sizeof(word));
        return true;
    case FIELD_BOOLEAN:
        return json_boolean(at, field->key, place, error);
    case FIELD_COUNT:
        return read_count(at, field->key, place, error);
    case FIELD_COUNTS:
        return read_counts(&member, field->words, place, error);
    case FIELD_TEXTS:
        return json_texts(arena, at, field->key, place, error);
    case FIELD_PLACES:
        return read_places(arena, &member, place, error);
    case FIELD_RECORDS:
        return read_records(arena, &member, field->of, place, error);
    case FIELD_OWN:
        return field->read == NULL || field->read(arena, at, field->key, object, error);
    }
    return true;
}

// That each member is in a row; a root has its schema besides.
static bool are_known(const struct json_cursor *at, const struct json_record *record, struct error *error)
{
    const cJSON *member;
    cJSON_ArrayForEach (member, at->node) {
        const struct json_field *field = record->fields;
        while (field->key != NULL && strcmp(field->key, member->string) != 0)
            field++;
        struct json_cursor unknown = {.up = at, .file = at->file, .key = member->string, .node = member};
        if (field->key == NULL && (at->up != NULL || strcmp(member->string, "schema") != 0))
            return json_fail(&unknown, error, "unknown key");
    }
    return true;
}

bool json_read_fields(struct arena *arena, const struct json_cursor *at, const struct json_record *record, void *object,
                      struct error *error)
{
    GUARD(!record->strict || are_known(at, record, error));
    for (const struct json_field *field = record->fields; field->key != NULL; field++)
        GUARD(read_field(arena, at, field, object, error));
    return true;
}

// ---- Documents

void json_write_document(const char *schema, const struct json_record *record, const void *object, struct text *out)
{
    struct json_writer writer = json_writer_to(out);
    json_open(&writer, NULL, '{');
    json_put_string(&writer, "schema", schema);
    json_put_fields(&writer, record, object);
    json_close(&writer, '}');
    json_end_document(&writer);
}

bool json_read_document(struct arena *arena, const char *file, const char *schema, const struct json_record *record,
                        void *object, struct error *error)
{
    cJSON *root = json_load(file, error);
    struct json_cursor at = {.file = file, .node = root};
    bool good =
        root != NULL && json_expect_schema(&at, schema, error) && json_read_fields(arena, &at, record, object, error);
    cJSON_Delete(root);
    return good;
}
