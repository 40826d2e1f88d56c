// The control packs that a run is judged by.
#pragma once

#include "rules/controls/pack.h"

struct pack_source {
    const struct pack *pack;
    const char *bytes;
    size_t length;
};
struct pack_list {
    VECTOR(struct pack_source) items;
};
// Packs by name of one that comes with the program, or as files; without any, those that come with it by default.
// ERROR_USAGE.
bool pack_list_read(struct arena *arena, const char *const *names, size_t count, struct pack_list *packs,
                    struct error *error);
