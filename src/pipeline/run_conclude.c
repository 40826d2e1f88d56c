// After the probe: the second reading, the verdicts, the evidence in its place and in the history. A step that fails is
// named in the evidence, and what was gathered is kept.
#include "pipeline/run_steps.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/stop.h"
#include "probe/frames.h"

// Where there is room for what cannot be written into the bundle.
static void rescue_observations(struct run_job *job)
{
    const char *folder = getenv("TMPDIR");
    struct error error;
    char *path = arena_printf(job->arena, "%s/sgproof-observations-XXXXXX", folder == NULL ? "/tmp" : folder);
    int file = mkstemp(path);
    if (file < 0) {
        error_set(&error, ERROR_INCOMPLETE, "could not be kept anywhere, not in %s either", path);
        run_note_outside(job, "observations", &error);
        return;
    }
    close(file);
    if (file_write(path, job->observed.bytes, job->observed.length, &error)) {
        job->derivation.given.observations = path;
        log_line(LOG_ERROR, "the observations are kept in %s", path);
    } else {
        unlink(path);
        run_note_outside(job, "observations", &error);
    }
}

static bool read_again(struct run_job *job, struct error *error)
{
    struct derivation_given *given = &job->derivation.given;
    GUARD(run_read_configuration(job, "after", error));
    given->after = bundle_path(job->bundle, "after");
    return derive_after(&job->derivation, error);
}

static bool judge_all(struct run_job *job, struct error *error)
{
    GUARD(derive_verdicts(&job->derivation, error));
    job->judged = true;
    return true;
}

// Exceptions of the intent are judged on the day of the first packet, which the capture tells to whoever verifies;
// without one, on the day on which the run began.
static void judge_on(struct run_job *job)
{
    struct frames frames;
    struct error ignored;
    const char *capture = bundle_path(job->bundle, "capture.pcap");
    if (access(capture, F_OK) != 0 || frames_difference(job->arena, capture, NULL, &frames, &ignored) != NULL ||
        frames.first_us == 0)
        return;
    const char *day = arena_strndup(job->arena, clock_text(job->arena, frames.first_us), strlen("YYYY-MM-DD"));
    job->derivation.given.today = day;
    job->manifest.judged_on = day;
}

// Observations and capture into the bundle, the second reading, the verdicts. False where the observations are not in
// the bundle: then it is no evidence.
static bool take_stock(struct run_job *job)
{
    struct error why;
    struct derivation_given *given = &job->derivation.given;
    bool whole = run_add_text(job, "observations.jsonl", &job->observed, &why);
    given->observations = bundle_path(job->bundle, "observations.jsonl");
    if (!whole) {
        run_note_outside(job, "observations", &why);
        rescue_observations(job);
    }
    if (access(job->probe.capture, F_OK) == 0 && !bundle_adopt(job->bundle, "capture.pcap", &why)) {
        bundle_drop(job->bundle, "capture.pcap");
        run_note(job, STEP_CAPTURE, &why);
    }
    judge_on(job);
    if (!read_again(job, &why))
        run_note(job, STEP_SECOND_READING, &why);
    if (!judge_all(job, &why)) {
        run_note_outside(job, STEP_VERDICTS, &why);
        return false;
    }
    if (!derive_past(&job->derivation, &why)) {
        run_note(job, STEP_HISTORY, &why);
        run_forget_past(job);
    }
    if (!derive_controls(&job->derivation, &why))
        run_note(job, STEP_CONTROLS, &why);
    derive_failures(&job->derivation);
    return whole;
}

// A step that failed is not tried again, and its file is not there: one of before the failure would tell less.
static void add_file(struct run_job *job, const char *step, int file)
{
    struct error why = {0};
    if (failed_step_why(&job->derivation.given.failed, step) != NULL || run_add_derived(job, file, &why))
        return;
    bundle_drop(job->bundle, derive_path(&job->derivation, file));
    if (file == DERIVED_SEGMENTS) // which controls refer to
        bundle_drop(job->bundle, derived_paths[DERIVED_CONTROLS]);
    run_note(job, step, &why);
}

static void fill_manifest(struct run_job *job)
{
    struct manifest *manifest = &job->manifest;
    const struct derivation_given *given = &job->derivation.given;
    const struct run_record *last = past_last(&job->past);
    manifest->claims.end = clock_text(job->arena, clock_wall_us());
    manifest->tries = given->speed.tries;
    manifest->timeout_ms = given->speed.timeout_ms;
    manifest->rate = given->speed.rate;
    manifest->host_rate = given->speed.host_rate;
    manifest->vantages = job->derivation.head.vantages;
    manifest->vantages_learnt = job->derivation.head.vantages_learnt;
    manifest->canaries = given->canaries;
    manifest->previous = job->previous != NULL ? job->previous : last != NULL ? last->manifest_sha256 : NULL;
}

// Manifest, timestamp and signature. False where there can be no manifest.
static bool seal(struct run_job *job, struct error *error)
{
    const failed_steps *failed = &job->derivation.given.failed;
    char stamp_sha256[DIGEST_TEXT] = "";
    struct error why = {0};
    struct text document = {0};
    bool good = bundle_close(job->bundle, &job->manifest, &document, error);
    if (good && failed_step_why(failed, STEP_TIMESTAMP) == NULL &&
        !vouch_stamp(job->bundle, job->authority, &document, stamp_sha256, &why))
        run_note(job, STEP_TIMESTAMP, &why);
    else if (good && failed_step_why(failed, STEP_SIGNATURE) == NULL &&
             !vouch_sign(job->bundle, &job->manifest, &document, stamp_sha256, job->signer, job->key, &why))
        run_note(job, STEP_SIGNATURE, &why);
    if (good)
        digest_sha256(document.bytes, document.length, job->manifest_sha256);
    text_free(&document);
    return good;
}

// A step that fails is told in what was written before it: all is written again then.
static bool write_up(struct run_job *job, struct error *error)
{
    const failed_steps *failed = &job->derivation.given.failed;
    size_t before;
    fill_manifest(job);
    do {
        before = failed->count;
        derive_failures(&job->derivation);
        job->manifest.failed = *failed;
        derive_manifest(&job->derivation, &job->manifest);
        add_file(job, STEP_VERDICTS, DERIVED_VERDICTS);
        add_file(job, STEP_CONTROLS, DERIVED_CONTROLS);
        if (derive_has(&job->derivation, DERIVED_SEGMENTS))
            add_file(job, STEP_CONTROLS, DERIVED_SEGMENTS);
        if (derive_has(&job->derivation, DERIVED_CHANGE))
            add_file(job, STEP_CHANGE, DERIVED_CHANGE);
        add_file(job, STEP_REPORT, DERIVED_REPORT);
        for (int file = DERIVED_FILES; file < derive_file_count(&job->derivation); file++)
            add_file(job, STEP_VERDICTS, file);
        GUARD(failed->count > before || seal(job, error));
    } while (failed->count > before);
    return bundle_finish(job->bundle, &job->place, error);
}

// The evidence is in its place by now, and stays there where this fails.
static void remember(struct run_job *job)
{
    struct error why = {0};
    if (job->past.history == NULL)
        return;
    char *path = realpath(job->place, NULL);
    struct run_record run = {
        .run_id = job->manifest.run_id,
        .series = job->past.series,
        .begin = job->manifest.claims.begin,
        .end = job->manifest.claims.end,
        .complete = job->manifest.complete,
        .vantage = job->manifest.vantage,
        .bundle = path == NULL ? job->place : path,
        .manifest_sha256 = job->manifest_sha256,
        .tool_version = job->manifest.claims.tool_version,
        .derivation = (int)job->manifest.derivation,
    };
    run_record_count(&job->derivation.set, &run);
    if (!history_record(job->past.history, &run, &job->derivation.set, &why))
        run_note_outside(job, STEP_HISTORY, &why);
    free(path);
}

void run_conclude(struct run_job *job)
{
    struct error why = {.message = "without observations and verdicts there is none"};
    if (take_stock(job) && write_up(job, &why)) {
        if (strcmp(job->place, job->out) != 0) {
            error_set(&why, ERROR_INCOMPLETE, "%s: another run was faster; this one's evidence is %s", job->out,
                      job->place);
            run_note_outside(job, "evidence", &why);
        }
        remember(job);
        return;
    }
    run_note_outside(job, "evidence", &why);
    job->place = NULL;
    const char *kept = bundle_keep(job->bundle);
    if (kept != NULL)
        log_line(LOG_ERROR, "what was gathered is kept in %s/evidence", kept);
    else if (job->derivation.given.observations == NULL || access(job->derivation.given.observations, F_OK) != 0)
        rescue_observations(job);
}
