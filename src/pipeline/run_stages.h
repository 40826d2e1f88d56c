// The stages of a run, from the first reading to the evidence in its place. Until the first packet a failure ends the
// run and leaves nothing; after it nothing is thrown away: a step that fails is named in the evidence, which then is
// incomplete.
#pragma once

#include "pipeline/derive.h"
#include "pipeline/pack_list.h"
#include "pipeline/past.h"
#include "pipeline/vouch.h"

struct run_job;
struct temporary;

// What the stages have done for them by whom the job is, who knows how.
struct run_hands {
    // Reads AWS into a folder; `network_only` leaves out IAM and CloudTrail.
    bool (*collect)(const struct run_job *job, const char *folder, bool network_only, struct error *error);
    // From here on nothing is written but below this folder, and what the job itself makes.
    void (*confine)(const struct run_job *job, const struct temporary *folder);
};

struct run_job {
    struct arena *arena;
    const struct options *options; // of the command: for the hands alone
    struct run_hands hands;
    struct probe_raw *raw; // opened before anything else,
    struct signer *signer; // and forked before that
    // Checked before anything is done:
    const char *format;  // of what is printed
    const char *history; // file, or NULL: nothing is remembered
    const char *series;  // --series, or NULL
    struct vantage_search search;
    const char *authority;       // URL of who timestamps, or NULL
    const char *previous_folder; // evidence that this follows, or NULL
    const char *snapshot;        // --snapshot, or NULL: AWS is read
    const char *out;
    struct run_change {
        const char *base;     // folder: the snapshot of before; NULL: it is no change, but a run
        const char *evidence; // folder: who saw it before, or NULL
        text_list plans[PLAN_FORMS];
    } change;
    struct pack_list packs;
    struct probe_options probe;
    const char *previous;     // SHA-256 of the manifest of --previous, or NULL
    struct answered answered; // by --previous and --baseline; then by the series too
    EVP_PKEY *key;            // the public one of who signs, or NULL: nobody does
    // As it goes on:
    struct derivation derivation;
    struct past past;
    struct bundle *bundle;
    struct manifest manifest;
    char manifest_sha256[DIGEST_TEXT];
    struct text observed;     // observations.jsonl
    bool judged;              // there are verdicts
    const char *place;        // of the evidence; NULL: it could not be put anywhere
    text_list failed_outside; // steps that failed when the evidence was sealed, and why
};

// Reads, computes, plans and probes. False where nothing was gathered: then nothing is left either.
bool run_gather(struct run_job *job, struct error *error);

// Reads, computes and plans, tells what a run would ask and what that costs, and leaves nothing.
bool run_estimate(struct run_job *job, bool as_json, struct text *out, struct error *error);

// Reads again, judges, writes the evidence, puts it in its place and into the history.
void run_conclude(struct run_job *job);

// Notes a step that failed, in words, and says so.
void run_note_outside(struct run_job *job, const char *step, const struct error *why);

void run_free(struct run_job *job);
