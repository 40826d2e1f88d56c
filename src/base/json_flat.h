// A line of JSON as this program writes most of them, one object of plain members, read without making a tree of it.
//
// Plain are strings of printable ASCII without an escape, whole numbers of at most 15 digits without a sign, true and
// false, and lists of such numbers. What is not taken may be good JSON all the same: whoever asks goes the long way
// then, which also finds what is wrong.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_flat_kind { JSON_FLAT_STRING, JSON_FLAT_NUMBER, JSON_FLAT_BOOLEAN, JSON_FLAT_LIST };

struct json_flat {
    const char *at;
    const char *end;
    bool broken; // it is not plain
    // The member in hand. Neither text ends with a NUL.
    const char *key;
    size_t key_length;
    enum json_flat_kind kind;
    const char *text; // of a string
    size_t length;
    uint64_t number; // of a number or a boolean
};

// Begins with a line; false where no object begins there.
bool json_flat_begin(struct json_flat *flat, const char *bytes, size_t length);
// Goes to the next member. False behind the last one, which ends the line, and where something is not plain.
bool json_flat_next(struct json_flat *flat);
// Goes to the next number of the list in hand, until false; a list is to be gone through before the next member.
bool json_flat_item(struct json_flat *flat);
// Whether the key in hand is this one.
bool json_flat_is(const struct json_flat *flat, const char *key);
// Copies the string in hand, with a NUL. False where it is none or there is no room.
bool json_flat_copy(const struct json_flat *flat, char *into, size_t size);
