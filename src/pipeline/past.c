#include "pipeline/past.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/printable.h"
#include "pipeline/evidence_files.h"
#include "evidence/manifest.h"
#include "evidence/remembered.h"

enum { REMEMBERED = 30 };

static const char *series_of(struct arena *arena, const struct exposure_set *exposures, const char *vantage)
{
    text_list accounts = {0};
    struct map known = {0};
    struct text text = {0};
    for (size_t i = 0; i < exposures->endpoints.count; i++) {
        const char *id = exposures->endpoints.items[i].interface->place->account_id;
        if (id != NULL)
            text_list_add_new(arena, &accounts, &known, id);
    }
    sort_texts(accounts.items, accounts.count);
    for (size_t a = 0; a < accounts.count; a++)
        text_printf(&text, "%s%s", a > 0 ? ", " : "", accounts.items[a]);
    const char *series = arena_printf(arena, "%s from %s", accounts.count == 0 ? "no account" : text.bytes,
                                      vantage == NULL ? "the internet" : vantage);
    text_free(&text);
    return series;
}

bool past_open(struct past *past, struct arena *arena, const char *file, struct error *error)
{
    *past = (struct past){.arena = arena};
    if (file == NULL)
        return true;
    past->history = history_open(arena, file, true, error);
    return past->history != NULL && history_is_sound(past->history, error);
}

bool past_open_to_look(struct past *past, struct arena *arena, const char *file, struct error *error)
{
    struct stat about;
    *past = (struct past){.arena = arena};
    if (file == NULL || stat(file, &about) != 0 || (S_ISREG(about.st_mode) && about.st_size == 0)) // `run` makes it
        return true;
    past->history = history_open(arena, file, false, error);
    return past->history != NULL && history_is_sound(past->history, error);
}

bool past_recall(struct past *past, const char *series, const struct exposure_set *exposures, const char *vantage,
                 struct error *error)
{
    past->series = series != NULL ? printable_bytes(past->arena, series) : series_of(past->arena, exposures, vantage);
    if (past->history == NULL)
        return true;
    GUARD(history_list(past->history, past->series, REMEMBERED, &past->runs, error));
    GUARD(history_answered(past->history, past->series, &past->answered, error));
    const struct run_record *last = past_last(past);
    return last == NULL || history_verdicts(past->history, last, &past->last, error);
}

void past_close(struct past *past)
{
    history_close(past->history);
    past->history = NULL;
}

void past_forget(struct past *past)
{
    past_close(past);
    past->runs.count = 0;
    past->answered.items.count = 0;
}

bool past_answers(struct arena *arena, const char *evidence, struct answered *answered, struct error *error)
{
    struct stat about;
    struct verdict_set set = {0};
    bool folder = stat(evidence, &about) == 0 && S_ISDIR(about.st_mode);
    const char *known = arena_printf(arena, "%s/" REMEMBERED_ANSWERS, evidence);
    const char *verdicts = folder ? arena_printf(arena, "%s/verdicts.json", evidence) : evidence;
    if (folder) { // what is read of it is as it was sealed
        struct manifest manifest = {0};
        GUARD(evidence_manifest(arena, evidence, &manifest, error) &&
              evidence_holds(arena, evidence, &manifest, error));
        GUARD(access(known, F_OK) != 0 || manifest_holds(arena, &manifest, evidence, REMEMBERED_ANSWERS, error));
    }
    if (folder && access(known, F_OK) == 0)
        GUARD(file_expect_regular(known, error) && answered_read(arena, known, answered, error));
    if (folder && access(verdicts, F_OK) != 0)
        return true;
    GUARD(file_expect_regular(verdicts, error) && verdicts_read(arena, verdicts, &set, error));
    verdicts_sort(set.items.items, set.items.count);
    answered_note(arena, answered, &set);
    return true;
}

bool past_follow(struct past *past, const char *folder, struct error *error)
{
    struct arena *arena = past->arena;
    const char *path = arena_printf(arena, "%s/manifest.json", folder);
    const char *verdicts = arena_printf(arena, "%s/verdicts.json", folder);
    struct manifest manifest = {0};
    size_t length;
    char *bytes = file_expect_regular(path, error) ? file_read(path, &length, error) : NULL;
    bool good = bytes != NULL && manifest_read(arena, path, bytes, length, &manifest, error);
    char *sha256 = arena_alloc(arena, DIGEST_TEXT);
    if (good)
        digest_sha256(bytes, length, sha256);
    free(bytes);
    GUARD(good && file_expect_regular(verdicts, error));
    past->last = (struct verdict_set){0};
    GUARD(verdicts_read(arena, verdicts, &past->last, error));
    verdicts_sort(past->last.items.items, past->last.items.count);
    struct run_record run = {.number = 1,
                             .run_id = manifest.run_id,
                             .series = past->series == NULL ? "" : past->series,
                             .begin = manifest.claims.begin == NULL ? "" : manifest.claims.begin,
                             .end = manifest.claims.end == NULL ? "" : manifest.claims.end,
                             .complete = manifest.complete,
                             .vantage = manifest.vantage,
                             .manifest_sha256 = sha256};
    run_record_count(&past->last, &run);
    for (size_t i = past->runs.count; i-- > 0;)
        if (text_same(past->runs.items[i].manifest_sha256, sha256)) {
            past->runs.count = (uint32_t)i + 1;
            return true;
        }
    past->runs.count = 0;
    *vector_add(arena, &past->runs) = run;
    return true;
}

bool past_of_evidence(struct arena *arena, const char *folder, const struct verdict_set *set, run_records *runs,
                      struct verdict_set *last, drift_list *drift, struct error *error)
{
    GUARD(remembered_read(arena, arena_printf(arena, "%s/" REMEMBERED_RUNS, folder), runs, error));
    GUARD(verdicts_read(arena, arena_printf(arena, "%s/" REMEMBERED_VERDICTS, folder), last, error));
    drift_compute(arena, last, set, drift);
    return true;
}

const struct run_record *past_last(const struct past *past)
{
    return past->runs.count == 0 ? NULL : &past->runs.items[past->runs.count - 1];
}

static const char *row_problem(const struct run_record *row, int64_t now)
{
    uint64_t begin, end;
    if (!digest_is_hexadecimal(row->run_id, 16))
        return "run_id: is none";
    if (!digest_is_hexadecimal(row->manifest_sha256, DIGEST_TEXT - 1))
        return "manifest_sha256: is none";
    if (!clock_moment(row->begin, &begin) || !clock_moment(row->end, &end))
        return "begin or end: is no moment as RFC 3339 has it";
    return begin > end                      ? "end: is before its begin"
           : (int64_t)(end / 1000000) > now ? "end: is after what follows it"
                                            : NULL;
}

const char *past_difference(struct arena *arena, const run_records *runs, const struct verdict_set *last, int64_t now)
{
    struct map ids = {0};
    struct run_record counted = {0};
    for (size_t i = 0; i < runs->count; i++) {
        const struct run_record *row = &runs->items[i];
        const char *problem = row_problem(row, now);
        if (problem == NULL && (map_get(&ids, row->run_id) != NULL || map_get(&ids, row->manifest_sha256) != NULL))
            problem = "is a run that is there already";
        if (problem != NULL)
            return arena_printf(arena, REMEMBERED_RUNS ": runs[%zu]: %s", i, problem);
        map_put(arena, &ids, row->run_id, &ids);
        map_put(arena, &ids, row->manifest_sha256, &ids);
    }
    if (runs->count == 0)
        return NULL;
    const struct run_record *row = &runs->items[runs->count - 1];
    run_record_count(last, &counted);
    const char *member =
        row->complete != last->complete                                                   ? "complete"
        : !text_same(row->vantage, last->vantage)                                         ? "vantage"
        : row->endpoints != counted.endpoints                                             ? "endpoints"
        : row->asked != counted.asked                                                     ? "asked"
        : memcmp(row->by_verdict, counted.by_verdict, sizeof(counted.by_verdict)) != 0    ? "ports_by_verdict"
        : memcmp(row->by_severity, counted.by_severity, sizeof(counted.by_severity)) != 0 ? "ports_by_severity"
                                                                                          : NULL;
    return member == NULL
               ? NULL
               : arena_printf(arena, REMEMBERED_RUNS ": runs[%zu]: %s: " REMEMBERED_VERDICTS " says otherwise",
                              (size_t)runs->count - 1, member);
}
