// manifest.json: what a bundle is, and the hash of every file in it (contract.md, Evidence bundle).
#pragma once

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "model/verdict.h"

struct manifest_file {
    const char *path; // relative to the bundle, with /
    size_t bytes;
    const char *sha256; // lower-case hexadecimal
};

// A step of the run that could not be done after something had been gathered: the evidence is not complete.
struct failed_step {
    const char *step; // one of the STEP_ names
    const char *why;
};

typedef VECTOR(struct failed_step) failed_steps;

#define STEP_SERVICES "services"
#define STEP_CAPTURE "capture"
#define STEP_SECOND_READING "second reading"
#define STEP_HISTORY "history"
#define STEP_VERDICTS "verdicts"
#define STEP_CONTROLS "controls"
#define STEP_CHANGE "change"
#define STEP_REPORT "report"
#define STEP_TIMESTAMP "timestamp"
#define STEP_SIGNATURE "signature"

// Why a step failed; NULL where it did not.
const char *failed_step_why(const failed_steps *failed, const char *step);

// How everything in a bundle follows from what was read and observed: goes up whenever a byte of that would change, so
// that older evidence is never called false (docs/formats.md).
enum { DERIVATION = 1 };

// What only the maker can say: nothing else in the bundle tells of it.
struct manifest_claims {
    const char *tool_version;
    text_list command;
    const char *begin; // RFC 3339 UTC
    const char *end;
    const char *title;  // of the platform
    const char *signer; // fingerprint of the key that was to sign it, or NULL
};

struct manifest {
    const char *run_id; // first 16 digits of the SHA-256 of manifest.json with an empty run_id: it seals the manifest
    long derivation;    // DERIVATION of the version that made it; 0: of before there was one
    struct manifest_claims claims;
    bool complete;
    const char *vantage;       // as verdicts.json has it, or NULL
    text_list vantages;        // as --vantage takes them
    text_list vantages_learnt; // how each is known; none in evidence of before that was told
    text_list canaries;        // as --canary takes them
    long rate;                 // of the plan's estimate; 0 where plans had none
    long host_rate;
    const char *depth;                      // of the plan
    long timeout_ms;                        // how long each was waited for; 0 in evidence of before that was told
    long tries;                             // of the probe, before silence was believed
    const char *judged_on;                  // YYYY-MM-DD
    text_list packs;                        // files of control packs in the bundle, in order
    const char *previous;                   // SHA-256 of the previous bundle's manifest.json, or NULL
    size_t ports_by_verdict[VERDICT_KINDS]; // of verdicts.json
    size_t ports_by_severity[SEVERITIES];
    failed_steps failed;
    VECTOR(struct manifest_file) files; // by path; all but manifest.*
};

void manifest_sort(struct manifest *manifest); // its files, by path
// The file of a bundle by its path, of sorted ones; NULL where the manifest does not list it.
const struct manifest_file *manifest_file(const struct manifest *manifest, const char *path);

// Whether a file of the bundle in `folder` is the one that the manifest lists: a regular file, of that size and hash;
// else ERROR_USAGE.
bool manifest_holds(struct arena *arena, const struct manifest *manifest, const char *folder, const char *path,
                    struct error *error);

// The bundle's SHA256SUMS: every other file that the manifest lists, as sha256sum -c reads them.
#define MANIFEST_SUMS "SHA256SUMS"
void manifest_write_sums(const struct manifest *manifest, struct text *out);

// Sorts the files, makes up run_id (in the arena) and writes the document.
void manifest_write(struct arena *arena, struct manifest *manifest, struct text *out);

// Reads the bytes of a manifest.json. Paths that lead out of the bundle, and files twice, are errors.
bool manifest_read(struct arena *arena, const char *file, const char *bytes, size_t length, struct manifest *manifest,
                   struct error *error);

// Whether run_id still seals these bytes.
bool manifest_is_sealed(const struct manifest *manifest, const char *bytes, size_t length);
