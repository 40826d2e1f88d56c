// Reading JSON with the place of every mistake, and writing it so that equal values give equal bytes.
//
// A cursor is one value and the way that led to it. It costs nothing until something is wrong; then the error says
// `FILE: NetworkAcls[0].Entries: missing, expected an array`.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/vector.h"

struct json_cursor {
    const struct json_cursor *up;
    const char *file;
    const char *key; // key in the parent object, or NULL for an element of an array
    size_t index;    // index in the parent array where key is NULL
    const cJSON *node;
    size_t offset; // of what json_stream visits: where in the bytes it begins
};

// Makes cJSON take its memory from a pool. Called before each parse; costs nothing.
void json_pool_use(void);

// Parses `length` bytes of `text`, which must be UTF-8 and hold one JSON value; on error the message begins
// `file:LINE:COLUMN:` (columns count bytes from 1). The caller frees the result with cJSON_Delete.
cJSON *json_parse(const char *file, const char *text, size_t length, struct error *error);

// The same of a text that is line `line_number` of its file, from 1.
cJSON *json_parse_line(const char *file, size_t line_number, const char *text, size_t length, struct error *error);

// Parses `length` bytes that hold one value and nothing else but space after it. On error *offset is the byte that is
// wrong and the message says what is, without a place. A NUL in a text (\u0000), which would end it here and nowhere
// else, becomes U+FFFD.
cJSON *json_parse_slice(const char *text, size_t length, size_t *offset, struct error *error);

// Whether a text holds no string that C would cut short or that is no JSON: what json_parse refuses and json_stream
// does not see. The message begins `file:LINE:COLUMN:`.
bool json_expect_plain(const char *file, const char *text, size_t length, struct error *error);

// A key that an object in the value has twice, or NULL. Which one counts is not defined (RFC 8259, 4).
const char *json_repeated_key(const cJSON *value);

// Line and column, counted from 1, of a byte of a text.
void json_line_of(const char *text, size_t offset, size_t *line, size_t *column);

// Visits the object that begins at byte *at of `bytes` member by member, and members that are arrays element by
// element, so that memory holds one element at a time. *at is then the byte behind the object or, on error, the wrong
// byte.
enum json_visit {
    JSON_SKIP,     // the member is not parsed
    JSON_WHOLE,    // it is one value
    JSON_ELEMENTS, // each element of an array is one, and what is no array is one as a whole
    JSON_INSIDE    // the same, and an object is visited as the outer one is
};
struct json_visitor {
    // How to visit a member, whose cursor has no node; `first` is the byte that its value begins with.
    enum json_visit (*member)(void *context, const struct json_cursor *at, int first);
    // A value; its cursor's node lives as long as the call. False ends the visit.
    bool (*value)(void *context, const struct json_cursor *at, bool is_element, struct error *error);
    // A value that is no JSON though its end is known: true to go on behind it. NULL: never.
    bool (*broken)(void *context, const struct json_cursor *at, struct error *error);
    // A member has been visited. May be NULL.
    bool (*end)(void *context, const struct json_cursor *at, struct error *error);
    // An element as its bytes, at the beginning of all that is left of the document: true where it is known already and
    // takes *taken of them; else it goes to `value`. May be NULL.
    bool (*quick)(void *context, const char *bytes, size_t length, size_t *taken);
};
bool json_stream(const char *file, const char *bytes, size_t length, size_t *at, const struct json_visitor *visitor,
                 void *context, struct error *error);

// Moves *at behind the value that begins there, after space, without parsing it. False where it does not end.
bool json_skip(const char *bytes, size_t length, size_t *at);

// Calls `visit` for each line of a JSON-lines file (blank lines are skipped); stops at the first that fails. The
// cursor's file reads `file:LINE`.
typedef bool (*json_line_visitor)(void *context, size_t line, const struct json_cursor *at, struct error *error);
bool json_each_line(const char *file, const char *text, size_t length, json_line_visitor visit, void *context,
                    struct error *error);
// The same of a file of any size, of which one line at a time is in memory.
bool json_each_line_of(const char *file, json_line_visitor visit, void *context, struct error *error);
// The same, where `quick` is asked first whether it takes the line's bytes as they are (json_flat.h); `visit` gets what
// it leaves, and so finds what is wrong.
typedef bool (*json_line_taker)(void *context, size_t line, const char *bytes, size_t length);
bool json_each_line_quick(const char *file, json_line_taker quick, json_line_visitor visit, void *context,
                          struct error *error);

// Overwrites every string in a value, which held a secret, and deletes it. NULL is allowed.
void json_wipe(cJSON *value);

// Same as json_parse for a whole file (at most 1 GiB).
cJSON *json_load(const char *file, struct error *error);

// Fails with the cursor's place, what is wrong and what was expected.
bool json_fail(const struct json_cursor *at, struct error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Text of the cursor's place, as `SecurityGroups[3].GroupId`, into `buffer`.
void json_place(const struct json_cursor *at, char *buffer, size_t size);

// Element `index` of an array cursor. `node` is that element (callers walk with cJSON_ArrayForEach).
struct json_cursor json_element(const struct json_cursor *array, size_t index, const cJSON *node);

// Reads each element of the list `key` of an object, all of them objects: into `into`, stopping at the first that
// fails. The list must be there; with json_items_if_any it may be left out.
typedef bool json_item_reader(struct arena *arena, const struct json_cursor *at, void *into, struct error *error);
bool json_items(struct arena *arena, const struct json_cursor *object, const char *key, json_item_reader *read,
                void *into, struct error *error);
bool json_items_if_any(struct arena *arena, const struct json_cursor *object, const char *key, json_item_reader *read,
                       void *into, struct error *error);

// The member `key` of an object, null as it may be, or NULL.
const cJSON *json_find(const cJSON *object, const char *key);
// The member `key` of an object cursor; node is NULL where the object lacks it or holds null there.
struct json_cursor json_member(const struct json_cursor *object, const char *key);

// Required or optional members. Optional ones leave *value untouched (strings: NULL) where the member is missing or
// null. Strings are copied into the arena. Numbers must be integers in [low, high].
const char *json_kind(const cJSON *node); // "an object", "missing"..., for messages
bool json_expect_object(const struct json_cursor *at, struct error *error);
bool json_expect_array(const struct json_cursor *at, struct error *error);
// An object whose member "schema" is `schema`, as "sgproof/plan/v1": a document of a version that is known.
bool json_expect_schema(const struct json_cursor *object, const char *schema, struct error *error);
// An object without other keys than those of a list that ends with NULL.
bool json_expect_keys(const struct json_cursor *object, const char *const *known, struct error *error);
bool json_string(struct arena *arena, const struct json_cursor *object, const char *key, const char **value,
                 struct error *error);
// An optional string, borrowed from the document: the one the cursor is on, and a member.
bool json_text_at(const struct json_cursor *at, const char **value, struct error *error);
bool json_borrow_string(const struct json_cursor *object, const char *key, const char **value, struct error *error);
bool json_optional_string(struct arena *arena, const struct json_cursor *object, const char *key, const char **value,
                          struct error *error);
// An optional string that many objects have alike: it is copied once, into `texts`, for all that are read with it.
bool json_shared_string(struct arena *arena, struct map *texts, const struct json_cursor *object, const char *key,
                        const char **value, struct error *error);
// A required array of strings, which are appended to `list`.
bool json_texts(struct arena *arena, const struct json_cursor *object, const char *key, text_list *list,
                struct error *error);
// A required string that is one of `names` (which ends with NULL); *value is its index.
bool json_word(const struct json_cursor *object, const char *key, const char *const *names, int *value,
               struct error *error);
bool json_integer(const struct json_cursor *object, const char *key, long low, long high, long *value,
                  struct error *error);
bool json_optional_integer(const struct json_cursor *object, const char *key, long low, long high, long *value,
                           bool *present, struct error *error);
bool json_boolean(const struct json_cursor *object, const char *key, bool *value, struct error *error);
bool json_optional_boolean(const struct json_cursor *object, const char *key, bool *value, struct error *error);

// Text being built in memory; the writer of JSON and of every report writes into one. With a sink, memory holds only
// what has not been passed on to it yet.
struct text {
    char *bytes;
    size_t length;
    size_t capacity;
    FILE *sink;  // or NULL
    bool secret; // where it grows, no copy stays behind; it ends with text_wipe
};

enum { TEXT_PASS_ON = 1 << 20 }; // bytes that wait for the sink

// Makes room for `length` bytes more and a NUL; where there is a sink, what is there may go to it.
void text_reserve(struct text *text, size_t length);
static inline void text_add(struct text *text, const char *bytes, size_t length)
{
    if (text->capacity - text->length <= length || text->length >= TEXT_PASS_ON)
        text_reserve(text, length);
    if (length > 0)
        memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}
void text_puts(struct text *text, const char *string);
void text_put_integer(struct text *text, int64_t value); // in decimal
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_flush(struct text *text); // what is in memory goes to the sink; its errors show in ferror
void text_free(struct text *text);
void text_wipe(struct text *text); // the same, overwriting everything first: for what holds secrets

// Whether bytes are well-formed UTF-8 (RFC 3629): nothing else may be written.
bool text_is_utf8(const char *bytes, size_t length);

// Writer: keys in the order they are given, one space of indent a level; everything inside a "line" value stays on one
// line.
struct json_writer {
    struct text *out;
    int depth;
    int line_depth; // depth at which a one-line value began, or 0
    bool first;
};

struct json_writer json_writer_to(struct text *out);
void json_open(struct json_writer *writer, const char *key, char bracket); // bracket: '{' or '['; key NULL in arrays
void json_open_line(struct json_writer *writer, const char *key, char bracket);
void json_close(struct json_writer *writer, char bracket);                            // '}' or ']'
void json_put_string(struct json_writer *writer, const char *key, const char *value); // NULL writes null
// A list of strings, an item a line or all in one.
void json_put_strings(struct json_writer *writer, const char *key, const char *const *items, size_t count);
void json_put_strings_line(struct json_writer *writer, const char *key, const char *const *items, size_t count);
void json_put_integer(struct json_writer *writer, const char *key, int64_t value);
void json_put_number(struct json_writer *writer, const char *key, double value);          // three decimals
void json_put_made(struct json_writer *writer, const char *key, const struct text *made); // a value made elsewhere
void json_put_value(struct json_writer *writer, const char *key, const cJSON *value);     // a value parsed elsewhere
void json_put_boolean(struct json_writer *writer, const char *key, bool value);
void json_end_document(struct json_writer *writer); // final newline
