// What the readers of ways between networks share (ways.c, transit.c).
#pragma once

#include "aws/documents/reader.h"

// Words of a state: with which a thing carries packets, and with which it carries none. With any other it may.
struct presence_words {
    const char *const yes[4]; // NULL behind the last, as in `no`
    const char *const no[10];
};

// What a record's state says; the record in hand is doubtful where that is not sure. `id` is what the doubt names.
enum presence presence_by_word(struct reader *reader, const struct json_cursor *at, const char *key,
                               const struct presence_words *words, const char *id);

// Of two things that are said of one.
enum presence presence_unite(enum presence a, enum presence b);

// What of two records that differ is not known: NULL then.
void text_differs(const char **base, const char *other);

// A list of ids under `key`, where it is there; each once.
void read_ids(struct reader *reader, const struct json_cursor *at, const char *key, text_list *ids);

// A CIDR of either family under `key`, and those of another list; each once.
bool read_prefix_into(struct reader *reader, const struct json_cursor *at, const char *key, prefix_vector *prefixes);
void add_prefixes(struct arena *arena, prefix_vector *to, const prefix_vector *from);
