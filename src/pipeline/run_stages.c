#include "pipeline/run_stages.h"

#include <stdlib.h>
#include <unistd.h>

#include "aws/snapshot.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "evidence/check.h"
#include "evidence/remembered.h"
#include "probe/frames.h"
#include "base/file.h"

// ---- Steps that fail

// What was not to be written lies in the temporary folder, of whose name nobody will know.
static const char *relative(const struct run_job *job, const char *why)
{
    const char *inside = bundle_path(job->bundle, "");
    size_t length = strlen(inside);
    return strncmp(why, inside, length) == 0 ? why + length : why;
}

static void note(struct run_job *job, const char *step, const struct error *why)
{
    const char *text = arena_strdup(job->arena, relative(job, why->message));
    *vector_add(job->arena, &job->derivation.given.failed) = (struct failed_step){step, text};
    log_line(LOG_ERROR, "%s: %s", step, text);
}

void run_note_outside(struct run_job *job, const char *step, const struct error *why)
{
    const char *text = arena_printf(job->arena, "%s: %s", step, relative(job, why->message));
    *vector_add(job->arena, &job->failed_outside) = text;
    log_line(LOG_ERROR, "%s", text);
}

// ---- Until the probe

static bool add_text(struct run_job *job, const char *path, const struct text *text, struct error *error)
{
    return bundle_add(job->bundle, path, text->bytes == NULL ? "" : text->bytes, text->length, error);
}

// What was not copied is told beside what was, so that whatever follows from the copy tells of it too.
static bool add_lost(struct run_job *job, const char *name, const struct snapshot_files *files, struct error *error)
{
    const char *folder = SNAPSHOT_LOST;
    struct text record = {0};
    if (files->unread.count == 0 && files->left_out.count == 0)
        return true;
    for (size_t i = 0; i < files->paths.count; i++) // a folder of that name, in order
        if (strncmp(files->paths.items[i], folder, strlen(folder)) == 0)
            folder =
                arena_printf(job->arena, "%.*s-more", (int)strcspn(files->paths.items[i], "/"), files->paths.items[i]);
    snapshot_lost_write(files, &record);
    bool good = add_text(job, arena_printf(job->arena, "%s/%s/snapshot.json", name, folder), &record, error);
    text_free(&record);
    return good;
}

static bool copy_snapshot(struct run_job *job, const char *name, const char *from, struct error *error)
{
    struct snapshot_files files = {0};
    GUARD(bundle_folder(job->bundle, name, error) && snapshot_list(job->arena, from, &files, error));
    for (size_t i = 0; i < files.unread.count; i++)
        log_line(LOG_WARNING, "%s/%s %s", from, files.unread.items[i].file, files.unread.items[i].why);
    for (size_t i = 0; i < files.left_out.count; i++)
        log_line(LOG_INFO, "%s/%s %s", from, files.left_out.items[i].file, files.left_out.items[i].why);
    for (size_t i = 0; i < files.paths.count; i++)
        GUARD(bundle_copy(job->bundle, arena_printf(job->arena, "%s/%s", name, files.paths.items[i]),
                          arena_printf(job->arena, "%s/%s", from, files.paths.items[i]), error));
    return add_lost(job, name, &files, error);
}

// Reads AWS into a folder beside the bundle. Without a live reading, the snapshot is read again.
static bool read_configuration(struct run_job *job, const char *name, struct error *error)
{
    const char *from = job->snapshot;
    if (from == NULL) {
        from = bundle_scratch_path(job->bundle, name);
        GUARD(job->hands.collect(job, from, strcmp(name, "after") == 0, error));
    }
    GUARD(copy_snapshot(job, name, from, error));
    return job->snapshot != NULL || !stop_asked() || error_set(error, ERROR_INCOMPLETE, "the reading was interrupted");
}

struct derived_writing {
    const struct run_job *job;
    int file;
};

static void write_derived(void *context, struct text *out)
{
    const struct derived_writing *writing = context;
    derive_write(&writing->job->derivation, writing->file, &writing->job->manifest, out);
}

static bool add_derived(struct run_job *job, int file, struct error *error)
{
    struct derived_writing writing = {job, file};
    return bundle_write(job->bundle, derive_path(&job->derivation, file), write_derived, &writing, error);
}

static bool add_packs(struct run_job *job, struct error *error)
{
    for (size_t i = 0; i < job->packs.items.count; i++) {
        const struct pack_source *source = &job->packs.items.items[i];
        const char *path = arena_printf(job->arena, "packs/%s.json", source->pack->id);
        GUARD(bundle_add(job->bundle, path, source->bytes, source->length, error));
        *vector_add(job->arena, &job->derivation.given.packs) = bundle_path(job->bundle, path);
        *vector_add(job->arena, &job->manifest.packs) = path;
    }
    return true;
}

// Of a change, what it is compared with.
static bool copy_change(struct run_job *job, struct error *error)
{
    struct change_given *given = &job->derivation.given.change;
    if (job->change.base == NULL)
        return true;
    GUARD(copy_snapshot(job, "base", job->change.base, error));
    given->base = bundle_path(job->bundle, "base");
    for (int form = 0; form < PLAN_FORMS; form++)
        for (size_t i = 0; i < job->change.plans[form].count; i++) {
            const char *name = change_plan_name(job->arena, form, i);
            GUARD(bundle_copy(job->bundle, name, job->change.plans[form].items[i], error));
            *vector_add(job->arena, &given->plans[form]) = bundle_path(job->bundle, name);
        }
    return derive_change(&job->derivation, error);
}

// What was asked from inside, which `before` must have the interfaces of.
static bool copy_inside(struct run_job *job, struct error *error)
{
    inside_givens *given = &job->derivation.given.inside;
    for (size_t i = 0; i < given->count; i++) {
        struct inside_given *one = &given->items[i];
        const char *folder = arena_printf(job->arena, INSIDE_FOLDER "/%s", one->eni_id);
        const char *path = arena_printf(job->arena, "%s/observations.jsonl", folder);
        GUARD(i > 0 || bundle_folder(job->bundle, INSIDE_FOLDER, error));
        GUARD(bundle_folder(job->bundle, folder, error) && bundle_copy(job->bundle, path, one->observations, error));
        one->observations = bundle_path(job->bundle, path);
    }
    return derive_seen_inside(&job->derivation, error);
}

// ---- What is remembered

// It goes into the bundle, and is read from there: plan, verdicts and report follow from it.
static bool look_back(struct run_job *job, struct error *error)
{
    struct past *past = &job->past;
    struct derivation *derivation = &job->derivation;
    const char *vantage = vantages_text(job->arena, &derivation->given.vantages);
    const char *previous = job->change.base != NULL ? job->change.evidence : job->previous_folder;
    struct text runs = {0}, verdicts = {0};
    GUARD(past_recall(past, job->series, derivation->before.exposures, vantage, error));
    if (previous != NULL && access(arena_printf(job->arena, "%s/verdicts.json", previous), F_OK) == 0)
        GUARD(past_follow(past, previous, error));
    if (past->runs.count == 0)
        return true;
    const char *odd =
        past_difference(job->arena, &past->runs, &past->last, (int64_t)(clock_wall_us() / 1000000) + CLOCKS_DIFFER_S);
    if (odd != NULL)
        return error_set(error, ERROR_INCOMPLETE, "%s", odd);
    remembered_write(&past->runs, &runs);
    verdicts_write_json(&past->last, &verdicts);
    derivation->given.past = bundle_path(job->bundle, "");
    bool good = add_text(job, REMEMBERED_RUNS, &runs, error) && add_text(job, REMEMBERED_VERDICTS, &verdicts, error);
    text_free(&runs);
    text_free(&verdicts);
    return good;
}

// Without what was remembered the run is compared with nothing.
static void forget(struct run_job *job)
{
    past_forget(&job->past);
    bundle_drop(job->bundle, REMEMBERED_RUNS);
    bundle_drop(job->bundle, REMEMBERED_VERDICTS);
    job->derivation.given.past = NULL;
    job->derivation.runs.count = 0;
    job->derivation.drift.count = 0;
}

// What earlier runs saw answer is asked again.
static bool keep_answered(struct run_job *job, struct error *error)
{
    struct text answered = {0};
    struct error why;
    if (!look_back(job, &why)) {
        note(job, STEP_HISTORY, &why);
        forget(job);
    }
    answered_join(job->arena, &job->answered, &job->past.answered);
    if (job->answered.items.count == 0)
        return true;
    answered_write(&job->answered, &answered);
    job->derivation.given.answered = bundle_path(job->bundle, REMEMBERED_ANSWERS);
    bool good = add_text(job, REMEMBERED_ANSWERS, &answered, error);
    text_free(&answered);
    return good;
}

// Everything is derived from what is in the bundle by then, so that an audit can derive it again.
static bool prepare(struct run_job *job, struct error *error)
{
    struct derivation *derivation = &job->derivation;
    struct derivation_given *given = &derivation->given;
    if (given->intent != NULL) {
        GUARD(bundle_copy(job->bundle, "intent.json", given->intent, error));
        given->intent = bundle_path(job->bundle, "intent.json");
    }
    GUARD(derive_intent(derivation, error) && add_packs(job, error));
    GUARD(read_configuration(job, "before", error));
    given->before = bundle_path(job->bundle, "before");
    GUARD(derive_exposure(derivation, error));
    if (given->vantages.items.count == 0) {
        GUARD(vantages_find_own(job->arena, &job->search, derivation->before.exposures, &given->vantages, error));
        const char *text = vantages_learnt(job->arena, &given->vantages);
        if (text != NULL)
            log_line(LOG_INFO, "vantage: %s; behind a translator of addresses, give --vantage", text);
    }
    GUARD(copy_inside(job, error));
    GUARD(copy_change(job, error) && keep_answered(job, error) && derive_plan(derivation, error));
    return add_derived(job, DERIVED_EXPOSURE, error) && add_derived(job, DERIVED_PLAN, error);
}

static bool probe(struct run_job *job, struct error *error)
{
    struct probe_summary summary;
    struct observations observations = {0};
    const struct derivation *derivation = &job->derivation;
    // The scope lock, before anything is written or sent: the plan holds addresses of the snapshot only.
    for (size_t i = 0; i < derivation->plan.targets.count; i++)
        if (!derivation->plan.targets.items[i].canary &&
            exposure_endpoint_at(derivation->before.exposures, prefix_of(derivation->plan.targets.items[i].address)) ==
                NULL)
            return error_set(error, ERROR_USAGE,
                             "the plan holds an address that the snapshot does not: nothing was sent");
    vantages_warn_of_sources(derivation->narrowed, &derivation->given.vantages, &job->probe.route);
    log_line(LOG_INFO, "probing %u endpoints", derivation->narrowed->endpoints.count);
    job->probe.capture = bundle_path(job->bundle, "capture.pcap");
    job->probe.capture_optional = true;
    job->probe.begins = stop_notes;
    GUARD(probe_run(job->arena, &derivation->plan, &job->probe, &observations, &summary, error));
    stop_forget(); // the prober has seen them too, and ended
    planning_say_probed(&summary);
    for (size_t i = 0; i < observations.items.count; i++)
        observation_write(&observations.items.items[i], &job->observed);
    probe_summary_write(&summary, &job->observed);
    for (size_t i = 0; i < summary.failed.count; i++) // said already
        *vector_add(job->arena, &job->derivation.given.failed) =
            (struct failed_step){summary.failed.items[i].what, relative(job, summary.failed.items[i].why)};
    return true;
}

// A change asks a part only, so it is no run of the series: history neither tells of it nor keeps it.
static bool open_past(struct run_job *job,
                      bool (*open)(struct past *past, struct arena *arena, const char *file, struct error *error),
                      struct error *error)
{
    job->past.arena = job->arena;
    return job->change.base != NULL || open(&job->past, job->arena, job->history, error);
}

bool run_estimate(struct run_job *job, bool as_json, struct text *out, struct error *error)
{
    job->bundle = bundle_begin(job->arena, job->out, error);
    if (job->bundle == NULL)
        return false;
    stop_removes(bundle_temporary(job->bundle));
    bool good = open_past(job, past_open_to_look, error) && prepare(job, error) &&
                probe_scope(&job->derivation.plan, job->probe.only, job->probe.only_count, error);
    if (good && as_json)
        plan_head_write(&job->derivation.plan, &job->derivation.head, out);
    else if (good)
        planning_write_estimate(&job->derivation.plan, &job->derivation.head, out);
    bundle_abandon(job->bundle);
    return good;
}

bool run_gather(struct run_job *job, struct error *error)
{
    job->bundle = bundle_begin(job->arena, job->out, error);
    if (job->bundle == NULL)
        return false;
    stop_removes(bundle_temporary(job->bundle));
    bool good = open_past(job, past_open, error); // where it has to, it makes folders
    job->hands.confine(job, bundle_temporary(job->bundle));
    if (good && prepare(job, error) && probe(job, error))
        return true;
    bundle_abandon(job->bundle);
    return false;
}

// ---- After the probe

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
        log_line(LOG_WARNING, "the observations are kept in %s", path);
    } else {
        unlink(path);
        run_note_outside(job, "observations", &error);
    }
}

static bool read_again(struct run_job *job, struct error *error)
{
    struct derivation_given *given = &job->derivation.given;
    GUARD(read_configuration(job, "after", error));
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
    bool whole = add_text(job, "observations.jsonl", &job->observed, &why);
    given->observations = bundle_path(job->bundle, "observations.jsonl");
    if (!whole) {
        run_note_outside(job, "observations", &why);
        rescue_observations(job);
    }
    if (access(job->probe.capture, F_OK) == 0 && !bundle_adopt(job->bundle, "capture.pcap", &why)) {
        bundle_drop(job->bundle, "capture.pcap");
        note(job, STEP_CAPTURE, &why);
    }
    judge_on(job);
    if (!read_again(job, &why))
        note(job, STEP_SECOND_READING, &why);
    if (!judge_all(job, &why)) {
        run_note_outside(job, STEP_VERDICTS, &why);
        return false;
    }
    if (!derive_past(&job->derivation, &why)) {
        note(job, STEP_HISTORY, &why);
        forget(job);
    }
    if (!derive_controls(&job->derivation, &why))
        note(job, STEP_CONTROLS, &why);
    derive_failures(&job->derivation);
    return whole;
}

// A step that failed is not tried again, and its file is not there: one of before the failure would tell less.
static void add_file(struct run_job *job, const char *step, int file)
{
    struct error why = {0};
    if (failed_step_why(&job->derivation.given.failed, step) != NULL || add_derived(job, file, &why))
        return;
    bundle_drop(job->bundle, derive_path(&job->derivation, file));
    if (file == DERIVED_SEGMENTS) // which controls refer to
        bundle_drop(job->bundle, derived_paths[DERIVED_CONTROLS]);
    note(job, step, &why);
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
        note(job, STEP_TIMESTAMP, &why);
    else if (good && failed_step_why(failed, STEP_SIGNATURE) == NULL &&
             !vouch_sign(job->bundle, &job->manifest, &document, stamp_sha256, job->signer, job->key, &why))
        note(job, STEP_SIGNATURE, &why);
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
        log_line(LOG_WARNING, "what was gathered is kept in %s/evidence", kept);
    else if (job->derivation.given.observations == NULL || access(job->derivation.given.observations, F_OK) != 0)
        rescue_observations(job);
}

void run_free(struct run_job *job)
{
    stop_end();
    text_free(&job->observed);
    past_close(&job->past);
    derive_free(&job->derivation);
}
