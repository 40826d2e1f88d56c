// The members of an object as one table: the writer, the reader and docs/schemas (scripts/schemas, which reads tables
// where they stand) take them from it, and so agree.
#pragma once

#include "base/json.h"

enum json_field_kind {
    FIELD_TEXT,    // const char *
    FIELD_WORD,    // an enum whose words are `words`
    FIELD_CHOICE,  // a bool: the first of two words, or the second
    FIELD_BOOLEAN, // bool
    FIELD_COUNT,   // size_t, up to 2^50
    FIELD_COUNTS,  // size_t[]: an object with a count for each of `words`
    FIELD_TEXTS,   // text_list
    FIELD_PLACES,  // number_list
    FIELD_RECORDS, // VECTOR(struct) of `of`
    FIELD_OWN      // what `put` and `read` do; NULL: it is not read again
};

struct json_record;

struct json_field {
    const char *key;
    enum json_field_kind kind;
    size_t offset;
    bool optional; // it may be null, as which it is written, or be left out, as in what older versions wrote
    bool left_out; // a text that is NULL, or a list without items, is left out when it is written, and may be
    const char *const *words; // ends with NULL
    const struct json_record *of;
    void (*put)(struct json_writer *writer, const char *key, const void *object);
    bool (*read)(struct arena *arena, const struct json_cursor *at, const char *key, void *object, struct error *error);
};

struct json_record {
    const struct json_field *fields; // in the order in which they are written; a key of NULL ends them
    size_t size;                     // of the struct
    bool line;                       // each is written on a line of its own
    bool strict;                     // people write it: a member that is in no row is a mistake
};

// clang-format off
// A row; behind the member what else it has, as in `.optional = true`.
#define JSON_FIELD(key_, kind_, type, member, ...) {.key = (key_), .kind = FIELD_##kind_, .offset = offsetof(type, member), __VA_ARGS__}
// Of an object that is a list: the member that holds its items.
#define JSON_ITEMS(key_, of_) {.key = (key_), .kind = FIELD_RECORDS, .of = (of_)}
#define JSON_FIELDS_END {.key = NULL}
// clang-format on

// Writes the members of `object`, a struct of the record, into an object that is open.
void json_put_fields(struct json_writer *writer, const struct json_record *record, const void *object);

// Reads them into `object`, which is zeroed but for what holds where a member is left out; texts are copied into the
// arena. Members that are in no row are passed over, or refused.
bool json_read_fields(struct arena *arena, const struct json_cursor *at, const struct json_record *record, void *object,
                      struct error *error);

// A document whose members are those of a record, behind its schema ("sgproof/controls/v1"): as a text, and read again
// from its root or a file. On error nothing of `object` is of use.
void json_write_document(const char *schema, const struct json_record *record, const void *object, struct text *out);
bool json_read_document(struct arena *arena, const char *file, const char *schema, const struct json_record *record,
                        void *object, struct error *error);
