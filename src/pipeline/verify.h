// Everything that is checked of evidence: what it is made of, who vouches for it, and whether it follows.
#pragma once

#include "base/temporary.h"
#include "evidence/check.h"
#include "pipeline/derive.h"

struct verify_given {
    const char *const *names; // folders or archives
    size_t count;
    const char *key;    // file of the public key that must have signed, or NULL
    const char *tsa_ca; // file of certificates of the timestamp authority, or NULL
};

struct verified {
    struct checked_bundle bundle;
    struct checks checks;
    struct derivation derivation; // what was derived; empty where it was not
};

// The bundles in order of time, which their manifests tell: the chain needs it. Archives are unpacked into `scratch`,
// which is made for the first of them. ERROR_USAGE where one is none at all.
bool verify_open(struct arena *arena, const struct verify_given *given, struct temporary *scratch,
                 struct checked_bundle *bundles, struct error *error);

// Everything of one bundle, the one at `at` of those that were opened.
void verify_one(struct verified *verified, const struct verify_given *given, const struct checked_bundle *bundles,
                size_t at);
