#include "pipeline/run_steps.h"

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

void run_note(struct run_job *job, const char *step, const struct error *why)
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

bool run_add_text(struct run_job *job, const char *path, const struct text *text, struct error *error)
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
    bool good = run_add_text(job, arena_printf(job->arena, "%s/%s/snapshot.json", name, folder), &record, error);
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
bool run_read_configuration(struct run_job *job, const char *name, struct error *error)
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

bool run_add_derived(struct run_job *job, int file, struct error *error)
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
        GUARD(i > 0 || bundle_folder(job->bundle, INSIDE_FOLDER, error));
        GUARD(bundle_folder(job->bundle, folder, error));
        for (int file = 0; file < INSIDE_FILES; file++) {
            const char **from = inside_given_file(one, file);
            const char *path = arena_printf(job->arena, "%s/%s", folder, inside_file_names[file]);
            if (*from == NULL)
                continue;
            GUARD(bundle_copy(job->bundle, path, *from, error));
            *from = bundle_path(job->bundle, path);
        }
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
    bool good =
        run_add_text(job, REMEMBERED_RUNS, &runs, error) && run_add_text(job, REMEMBERED_VERDICTS, &verdicts, error);
    text_free(&runs);
    text_free(&verdicts);
    return good;
}

// Without what was remembered the run is compared with nothing.
void run_forget_past(struct run_job *job)
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
        run_note(job, STEP_HISTORY, &why);
        run_forget_past(job);
    }
    answered_join(job->arena, &job->answered, &job->past.answered);
    if (job->answered.items.count == 0)
        return true;
    answered_write(&job->answered, &answered);
    job->derivation.given.answered = bundle_path(job->bundle, REMEMBERED_ANSWERS);
    bool good = run_add_text(job, REMEMBERED_ANSWERS, &answered, error);
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
    GUARD(run_read_configuration(job, "before", error));
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
    return run_add_derived(job, DERIVED_EXPOSURE, error) && run_add_derived(job, DERIVED_PLAN, error);
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
    struct arena *arena = arena_new(); // what is observed is held as text from then on
    bool good = probe_run(arena, &derivation->plan, &job->probe, &observations, &summary, error);
    if (good) {
        stop_forget(); // the prober has seen them too, and ended
        planning_say_probed(&summary);
        for (size_t i = 0; i < observations.items.count; i++)
            observation_write(&observations.items.items[i], &job->observed);
        probe_summary_write(&summary, &job->observed);
    }
    for (size_t i = 0; good && i < summary.failed.count; i++) // said already
        *vector_add(job->arena, &job->derivation.given.failed) = (struct failed_step){
            summary.failed.items[i].what, arena_strdup(job->arena, relative(job, summary.failed.items[i].why))};
    arena_free(arena);
    return good;
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

void run_free(struct run_job *job)
{
    stop_end();
    text_free(&job->observed);
    past_close(&job->past);
    derive_free(&job->derivation);
}
