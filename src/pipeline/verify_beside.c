#include "pipeline/verify_beside.h"

#include <unistd.h>

#include "aws/snapshot.h"
#include "base/clock.h"
#include "pipeline/past.h"
#include "pipeline/verify_past.h"
#include "evidence/bundle.h"
#include "evidence/remembered.h"

// ---- Files

static bool list_reading(struct arena *arena, const struct checked_bundle *bundle, const char *reading,
                         struct map *known, struct error *error)
{
    struct snapshot_files files = {0};
    const char *folder = arena_printf(arena, "%s/%s", bundle->folder, reading);
    if (access(folder, F_OK) != 0)
        return true;
    GUARD(snapshot_list(arena, folder, &files, error));
    for (size_t i = 0; i < files.paths.count; i++)
        map_put(arena, known, arena_printf(arena, "%s/%s", reading, files.paths.items[i]), known);
    return true;
}

const char *verify_stranger(struct arena *arena, const struct checked_bundle *bundle, struct error *error)
{
    static const char *const given[] = {MANIFEST_SUMS, "observations.jsonl", "capture.pcap", "intent.json",
                                        REMEMBERED_ANSWERS};
    static const char *const remembered[] = {REMEMBERED_RUNS, REMEMBERED_VERDICTS};
    const struct manifest *manifest = &bundle->manifest;
    struct map known = {0};
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
        map_put(arena, &known, given[i], &known);
    for (size_t i = 0; i < sizeof(remembered) / sizeof(remembered[0]); i++)
        if (manifest_file(manifest, REMEMBERED_RUNS) != NULL)
            map_put(arena, &known, remembered[i], &known);
    if (manifest_file(manifest, derived_paths[DERIVED_CHANGE]) != NULL ||
        failed_step_why(&manifest->failed, STEP_CHANGE) != NULL)
        for (int form = 0; form < PLAN_FORMS; form++) {
            const char *plan;
            for (size_t i = 0; manifest_file(manifest, plan = change_plan_name(arena, form, i)) != NULL; i++)
                map_put(arena, &known, plan, &known);
        }
    for (int i = 0; i < DERIVED_FILES; i++)
        map_put(arena, &known, derived_paths[i], &known);
    for (size_t i = 0; i < manifest->files.count; i++) {
        const char *eni = inside_given_of(arena, manifest->files.items[i].path);
        if (eni == NULL)
            continue;
        for (int file = 0; file < INSIDE_FILES; file++)
            map_put(arena, &known, arena_printf(arena, INSIDE_FOLDER "/%s/%s", eni, inside_file_names[file]), &known);
        map_put(arena, &known, arena_printf(arena, INSIDE_FOLDER "/%s/verdicts.json", eni), &known);
    }
    for (size_t i = 0; i < manifest->packs.count; i++)
        map_put(arena, &known, manifest->packs.items[i], &known);
    if (!list_reading(arena, bundle, "before", &known, error) || !list_reading(arena, bundle, "after", &known, error) ||
        !list_reading(arena, bundle, "base", &known, error))
        return NULL;
    for (size_t i = 0; i < manifest->files.count; i++)
        if (map_get(&known, manifest->files.items[i].path) == NULL)
            return manifest->files.items[i].path;
    return NULL;
}

// ---- Earlier runs

static bool same_counts(const struct run_record *a, const struct run_record *b)
{
    return a->endpoints == b->endpoints && a->asked == b->asked &&
           memcmp(a->by_verdict, b->by_verdict, sizeof(a->by_verdict)) == 0 &&
           memcmp(a->by_severity, b->by_severity, sizeof(a->by_severity)) == 0;
}

// Whether each port has the same verdict, and the same severity, in both.
static bool same_verdicts(struct arena *arena, const struct verdict_set *a, const struct verdict_set *b)
{
    struct verdict_set more;
    struct drift_known known;
    drift_since(arena, a, b, &more, &known);
    if (more.items.count > 0)
        return false;
    drift_since(arena, b, a, &more, &known);
    return more.items.count == 0;
}

// What a row tells otherwise than the evidence of that run; NULL where nothing. ERROR_INCOMPLETE or ERROR_USAGE where
// that evidence does not hold by itself: then nothing can be said.
static const char *row_difference(struct arena *arena, const struct run_record *row, const struct verdict_set *seen,
                                  const struct checked_bundle *there, struct error *error)
{
    const struct manifest *manifest = &there->manifest;
    struct run_record counted = {0};
    struct verdict_set set = {0};
    if (strcmp(row->run_id, manifest->run_id) != 0)
        return "run_id";
    if (strcmp(row->begin, manifest->claims.begin) != 0 || strcmp(row->end, manifest->claims.end) != 0)
        return "begin or end";
    if (row->complete != manifest->complete)
        return "complete";
    if (!text_same(row->vantage, manifest->vantage))
        return "vantage";
    if (!manifest_holds(arena, manifest, there->folder, "verdicts.json", error) ||
        !verdicts_read(arena, arena_printf(arena, "%s/verdicts.json", there->folder), &set, error))
        return NULL;
    run_record_count(&set, &counted);
    if (!same_counts(row, &counted))
        return "its counts";
    return seen != NULL && !same_verdicts(arena, &set, seen) ? "what it saw (" REMEMBERED_VERDICTS ")" : NULL;
}

// A history may begin anew, and be another one's: what it leaves out is named.
static void name_runs_left_out(struct checks *checks, const struct checked_bundle *bundle, const run_records *runs,
                               const struct checked_bundle *bundles, size_t count)
{
    const char *first = NULL;
    size_t left_out = 0;
    struct map told = {0};
    for (size_t i = 0; i < runs->count; i++)
        map_put(checks->arena, &told, runs->items[i].manifest_sha256, checks);
    for (size_t i = 0; i < count && runs->count > 0; i++) { // in order of time
        if (strcmp(bundles[i].sha256, bundle->sha256) == 0)
            break;
        if (map_get(&told, bundles[i].sha256) == NULL && left_out++ == 0)
            first = bundles[i].name;
    }
    if (left_out > 0)
        check_add(checks, "history", CHECK_ABSENT,
                  REMEMBERED_RUNS " tells nothing of %zu of the given ones before it, the first is %s", left_out,
                  first);
}

void verify_history(struct checks *checks, const struct checked_bundle *bundle, const struct derivation *derivation,
                    const struct checked_bundle *bundles, size_t count)
{
    const run_records *runs = &derivation->runs;
    size_t given = 0;
    uint64_t end_us = 0;
    clock_moment(bundle->manifest.claims.end, &end_us);
    const char *odd =
        past_difference(checks->arena, runs, &derivation->last_seen, (int64_t)(end_us / 1000000) + CLOCKS_DIFFER_S);
    if (odd != NULL)
        check_add(checks, "history", CHECK_WRONG, "%s", odd);
    for (size_t i = 0; i < runs->count; i++) {
        const struct run_record *row = &runs->items[i];
        const struct checked_bundle *there = bundle_of(bundles, count, row->manifest_sha256);
        for (size_t j = 0; j < count && there == NULL; j++)
            if (bundles[j].manifest.run_id != NULL && strcmp(bundles[j].manifest.run_id, row->run_id) == 0) {
                check_add(checks, "history", CHECK_WRONG,
                          REMEMBERED_RUNS ": run %s has another manifest than %s, which is of that run", row->run_id,
                          bundles[j].name);
                return;
            }
        if (there == NULL || there->manifest.claims.end == NULL)
            continue;
        struct error error = {0};
        bool last = i + 1 == runs->count;
        const char *wrong = row_difference(checks->arena, row, last ? &derivation->last_seen : NULL, there, &error);
        if (wrong == NULL && strcmp(there->sha256, bundle->sha256) == 0)
            wrong = "itself, which was not yet";
        if (wrong != NULL || error.code != 0) {
            check_add(checks, "history", wrong != NULL ? CHECK_WRONG : CHECK_NOT_DONE, "%s: of run %s %s %s",
                      REMEMBERED_RUNS, row->run_id,
                      wrong != NULL ? "it says otherwise than its evidence:" : "nothing can be compared:",
                      wrong != NULL ? wrong : error.message);
            return;
        }
        given++;
    }
    name_runs_left_out(checks, bundle, runs, bundles, count);
    if (given > 0)
        check_add(checks, "history", CHECK_GOOD, "%zu of the %zu earlier runs are given, and are as it says", given,
                  (size_t)runs->count);
    else if (runs->count > 0)
        check_add(checks, "history", CHECK_ABSENT, "none of the %zu earlier runs that it tells of was given",
                  (size_t)runs->count);
}
