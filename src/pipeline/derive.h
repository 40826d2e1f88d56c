// From what an evidence bundle holds to what follows from it: one way, whether a run makes it or an audit checks it.
#pragma once

#include "pipeline/derive_change.h"
#include "pipeline/derive_inside.h"
#include "pipeline/planning.h"
#include "evidence/manifest.h"
#include "model/control.h"
#include "model/run_record.h"
#include "verdicts/drift.h"

// What is given. Folders are snapshots.
struct derivation_given {
    const char *before;
    const char *after;        // NULL: there is no second reading
    const char *observations; // file
    const char *intent;       // file, or NULL
    const char *depth;        // NULL: standard
    const char *today;        // YYYY-MM-DD: the day on which intent is judged
    struct vantage_list vantages;
    text_list canaries; // as --canary takes them
    struct probe_speed speed;
    inside_givens inside;       // what was asked from inside
    text_list packs;            // files of control packs, in order
    const char *past;           // folder with REMEMBERED_RUNS and REMEMBERED_VERDICTS, or NULL: nothing is remembered
    const char *answered;       // file of what earlier runs saw answer, or NULL
    failed_steps failed;        // of the run
    struct change_given change; // of a change: what it is compared with
};

// What follows.
struct derivation {
    struct arena *arena;
    struct derivation_given given;
    struct declared before;
    struct declared after;
    struct exposure_set *narrowed;
    struct intent *intent;
    struct answered answered; // by earlier runs
    struct change_derivation change;
    struct plan plan;
    struct plan_head head;
    struct observations observations;
    struct verdict_set set;
    inside_derivations inside;
    report_inside_rows inside_rows;
    size_t lacking; // of the set's `missing`, those that are not for the run's failed steps
    struct control_report controls;
    run_records runs;             // remembered of before
    struct verdict_set last_seen; // in the last of them
    drift_list drift;             // since then
    bool whole;                   // all of it was derived
};

// The bundle's files that follow, byte for byte.
enum derived_file {
    DERIVED_EXPOSURE, // after derive_exposure
    DERIVED_PLAN,     // after derive_plan
    DERIVED_VERDICTS, // after derive_failures
    DERIVED_CONTROLS, // after derive_controls
    DERIVED_SEGMENTS, // after derive_controls, where one of them asks about flows
    DERIVED_CHANGE,   // after derive_failures, of a change
    DERIVED_REPORT,   // after derive_failures
    DERIVED_FILES
};
extern const char *const derived_paths[]; // in the bundle
// Behind them, from DERIVED_FILES on, are the verdicts of each interface inside, after derive_verdicts.
int derive_file_count(const struct derivation *derivation);
const char *derive_path(const struct derivation *derivation, int file);
// Whether there is such a file: only a change has a change.json.
bool derive_has(const struct derivation *derivation, int file);

// In this order. Each needs what stands in `given` for it: `intent`; `before`; `vantages`, `depth` and `answered`;
// `after`; `observations` and whether there was a second reading; `past`; `packs`; `failed`. Free with derive_free,
// also after a failure.
bool derive_intent(struct derivation *derivation, struct error *error);
bool derive_exposure(struct derivation *derivation, struct error *error);
bool derive_change(struct derivation *derivation, struct error *error); // of a change; of a run it does nothing
bool derive_plan(struct derivation *derivation, struct error *error);
bool derive_seen_inside(struct derivation *derivation, struct error *error); // of `inside`; before the verdicts
bool derive_after(struct derivation *derivation, struct error *error);
bool derive_verdicts(struct derivation *derivation, struct error *error);
// Marks outages too, which the controls see.
bool derive_past(struct derivation *derivation, struct error *error);
bool derive_controls(struct derivation *derivation, struct error *error);
// Adds the run's failed steps to the verdicts. May be called again, when more have failed.
void derive_failures(struct derivation *derivation);
// Fills in what of the manifest follows: completeness, vantage and counts. After derive_failures.
void derive_manifest(const struct derivation *derivation, struct manifest *manifest);
// Writes one of the files; the report, which alone needs it, is that of `manifest`. With a sink it is never in memory
// as a whole.
void derive_write(const struct derivation *derivation, int file, const struct manifest *manifest, struct text *out);
// All of it, of the evidence in a folder whose manifest was read, as the run did it.
bool derive_again(struct derivation *derivation, const char *folder, const struct manifest *manifest,
                  struct error *error);
void derive_free(struct derivation *derivation);
