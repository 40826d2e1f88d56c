// Is a bundle what its manifest says, and who vouches for it: every question that needs nothing but the bundle, keys
// and certificates. What follows from its contents is derived again elsewhere (pipeline/derive.h).
#pragma once

#include "evidence/manifest.h"

// Of two machines: AWS refuses requests of one whose clock is further off.
enum { CLOCKS_DIFFER_S = 15 * 60 };

enum check_state {
    CHECK_GOOD,
    CHECK_WRONG,
    CHECK_NOT_DONE, // it is there, but what would be needed to check it was not given
    CHECK_ABSENT,   // there is nothing to check
};

extern const char *const check_names[];

struct check {
    const char *what;
    enum check_state state;
    const char *detail; // one line
};

struct checks {
    struct arena *arena;
    VECTOR(struct check) items;
};

void check_add(struct checks *checks, const char *what, enum check_state state, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool checks_hold(const struct checks *checks); // none is wrong
// Everything that it takes to say that evidence holds was checked, and is good.
bool checks_all_done(const struct checks *checks);
// Of a file that could not be read: CHECK_WRONG where it is not there, CHECK_NOT_DONE where this machine did not give
// it, with *why in words.
enum check_state check_unread(const char *path, const struct error *error, const char **why);

struct checked_bundle {
    const char *name; // as the user gave it: a folder, or an archive
    const char *folder;
    struct manifest manifest;
    char sha256[DIGEST_TEXT]; // of manifest.json
    bool strange;             // holds what is neither file nor folder: nothing of it was opened
};

// Reads the manifest of a bundle that has its name and folder, as far as it goes: bundles are put in order by it. False
// where there is none, or no such key: bad input.
bool check_open(struct arena *arena, const char *key, struct checked_bundle *bundle, struct error *error);

// Checks the manifest, the files, the signature and attestation with the public key in file `key` (or NULL), and the
// timestamp with the CA certificates in `authorities` (or NULL). `bundle` has its name and folder. False where there is
// no manifest to go by: where it is not there, that is bad input (ERROR_USAGE); where it is broken, *checks says so.
bool check_bundle(struct checks *checks, const char *key, const char *authorities, struct checked_bundle *bundle,
                  struct error *error);

// Checks that each bundle but the first, in order of time, holds the hash of the one before it.
void check_chain(struct checks *checks, const struct checked_bundle *bundle, const struct checked_bundle *before);

// The first place where two texts of one file differ: a field of JSON, a line of JSON lines. NULL where they are equal.
const char *check_difference(struct arena *arena, const char *path, const char *there, size_t there_length,
                             const char *derived, size_t derived_length);
