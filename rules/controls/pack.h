// Control packs: data that says which controls there are and which facts decide them (sgproof/pack/v1).
#pragma once

#include "model/control.h"

struct pack_fact {
    const char *name;
    struct map parameters; // name -> text
};

struct pack_control {
    const char *id;
    const char *title;
    const char *text;
    const char *source;
    enum severity severity;
    crosswalk_list crosswalk;
    VECTOR(struct pack_fact) facts; // all must pass
};

struct pack {
    const char *id;
    const char *title;
    const char *source;
    const char *version; // of the standard that it asks, or NULL
    const char *scope;   // which part of the standard it asks, in a sentence; or NULL
    VECTOR(struct pack_control) controls;
};

// Reads a pack; `file` is what messages call it. Unknown keys, facts and parameters are errors, with their place.
struct pack *pack_parse(struct arena *arena, const char *file, const char *bytes, size_t length, struct error *error);

// The packs that come with the program, in order; ends with a NULL id.
struct built_in_pack {
    const char *id;
    const char *bytes;
    size_t length;
    bool by_default; // judged where no pack is named
    const char *was; // an older name, which it has still; or NULL
};
extern const struct built_in_pack built_in_packs[];
const struct built_in_pack *built_in_pack_named(const char *name);                         // or NULL
bool built_in_pack_is(const struct built_in_pack *pack, const char *bytes, size_t length); // byte for byte

// What would let a pack of somebody's own be taken for one that comes with the program, in words in the arena: its id,
// or that of one of its controls. NULL where nothing would, and of one that comes with it.
const char *pack_poses(struct arena *arena, const struct pack *pack, const char *bytes, size_t length);
