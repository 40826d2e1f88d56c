#include "cli/run_options.h"

#include "cli/confine.h"
#include "cli/judged_by.h"
#include "cli/output.h"

#include <time.h>

#include "base/clock.h"
#include "base/printable.h"
#include "base/redact.h"
#include "base/rights.h"
#include "pipeline/evidence_files.h"
#include "cli/aws.h"
#include "cli/notify.h"
#include "cli/past_file.h"
#include "cli/places.h"
#include "pipeline/readings.h"
#include "config.h"
#include "cli/probing.h"
#include "cli/vouching.h"

static const char *now(struct arena *arena, const char *format)
{
    char text[40];
    struct tm parts;
    time_t seconds = time(NULL);
    gmtime_r(&seconds, &parts);
    strftime(text, sizeof(text), format, &parts);
    return arena_strdup(arena, text);
}

const char *run_out(struct arena *arena, const struct options *options, const char *name)
{
    const char *out = options_value(options, "out");
    if (out == NULL)
        return arena_printf(arena, "%s-%s", name, now(arena, "%Y%m%dT%H%M%SZ"));
    size_t length = strlen(out);
    while (length > 1 && out[length - 1] == '/')
        length--;
    return arena_strndup(arena, out, length);
}

void run_give_up(const struct run_job *job)
{
    if (cli_only_estimate(job->options))
        probe_raw_close(job->raw);
    if (options_value(job->options, "sign") == NULL)
        signer_end(job->signer);
}

// To the command that the evidence tells of.
static void add_word(struct run_job *job, const char *before, const char *word)
{
    *vector_add(job->arena, &job->manifest.claims.command) =
        printable_bytes(job->arena, redact_argument(job->arena, notify_redacted(before, word)));
}

int run_through(struct run_job *job, bool good, int argc, char **argv,
                int (*conclude)(struct run_job *job, void *context), void *context, struct error *error)
{
    int status;
    for (int i = 0; i < argc; i++)
        add_word(job, i > 0 ? argv[i - 1] : NULL, argv[i]);
    const text_list *given = &job->options->given;
    for (size_t i = 0; i < given->count; i++)
        add_word(job, i > 0 ? given->items[i - 1] : NULL, given->items[i]);
    struct text out = {0};
    if (good && cli_only_estimate(job->options))
        status =
            run_estimate(job, strcmp(job->format, "json") == 0, &out, error) && cli_output(job->options, &out, error)
                ? 0
                : cli_fail(error);
    else
        status = good && run_gather(job, error) ? conclude(job, context) : cli_fail(error);
    text_free(&out);
    run_free(job);
    return status;
}

// What --previous and --baseline saw answer.
static bool answered_before(struct run_job *job, struct error *error)
{
    const char *previous = options_value(job->options, "previous");
    const char *baseline = options_value(job->options, "baseline");
    struct answered other = {0};
    GUARD(previous == NULL || past_answers(job->arena, previous, &job->answered, error));
    bool told = baseline == NULL || strcmp(baseline, "last") == 0; // by the history, which is asked anyway
    GUARD(told || past_answers(job->arena, baseline, &other, error));
    answered_join(job->arena, &job->answered, &other);
    return true;
}

static bool collect_for_run(const struct run_job *job, const char *folder, bool network_only, struct error *error)
{
    struct collected collected;
    return cli_collect(job->arena, job->options, folder, network_only, &collected, error);
}

static void confine_run(const struct run_job *job, const struct temporary *folder)
{
    cli_confine_to(job->arena, job->options, folder);
}

bool run_check(struct run_job *job, const char *depth, struct error *error)
{
    struct derivation_given *given = &job->derivation.given;
    const struct options *options = job->options;
    struct intent *intent;
    enum plan_depth chosen;
    job->hands = (struct run_hands){collect_for_run, confine_run};
    job->history = past_file_used(job->arena, options);
    job->series = options_value(options, "series");
    job->previous_folder = options_value(options, "previous");
    job->authority = options_value(options, "timestamp");
    given->intent = options_value(options, "intent");
    given->depth = options_value(options, "depth") == NULL ? depth : options_value(options, "depth");
    const char *begin = clock_text(job->arena, probe_raw_opened_us(job->raw)); // packets are heard from then on
    given->today = arena_strndup(job->arena, begin, strlen("YYYY-MM-DD"));
    const char *output = options_value(options, "output");
    if (job->out[0] == '\0')
        return error_set(error, ERROR_USAGE, "--out: is empty, expected a folder to make");
    if (output != NULL && strcmp(output, job->out) == 0)
        return error_set(error, ERROR_USAGE, "--out and --output are the same, %s: expected two places", output);
    GUARD(job->change.base != NULL || cli_only_estimate(options) || past_file_may_keep(job->arena, options, error));
    GUARD(place_is_outside_evidence(job->out, error) && cli_vantages(job->arena, options, &given->vantages, error));
    GUARD(planning_depth(given->depth, &chosen, error) && cli_probe_options(job->arena, options, &job->probe, error));
    struct plan canaries = {0};
    given->speed = job->probe.speed;
    GUARD(cli_search(options, &job->search, error));
    job->probe.raw = job->raw;
    GUARD(cli_canaries(job->arena, options, &canaries, &given->canaries, error));
    GUARD(cli_packs(job->arena, options, &job->packs, error) && cli_intent(job->arena, options, &intent, error));
    GUARD(job->snapshot == NULL || evidence_documents_hold(job->snapshot, error));
    GUARD(job->snapshot == NULL || reading_can_be_taken(job->arena, job->snapshot, error));
    GUARD(job->change.base == NULL || reading_can_be_taken(job->arena, job->change.base, error));
    GUARD(answered_before(job, error));
    GUARD(vouch_previous(job->arena, job->previous_folder, &job->previous, error) && vouch_authority(options, error));
    GUARD(vouch_key(options, job->signer, &job->key, error));
    const char *title = intent != NULL ? intent->platform : job->snapshot == NULL ? job->out : job->snapshot;
    job->manifest =
        (struct manifest){.derivation = DERIVATION,
                          .claims = {.tool_version = SGPROOF_VERSION,
                                     .begin = begin,
                                     .title = printable_bytes(job->arena, title),
                                     .signer = job->key == NULL ? NULL : key_fingerprint(job->arena, job->key)},
                          .depth = given->depth,
                          .judged_on = given->today};
    return true;
}

int run_privileged(struct arena *arena, int argc, char **argv,
                   int (*with)(struct arena *arena, struct signer *signer, struct probe_raw *raw, int argc,
                               char **argv))
{
    struct error error = {0};
    struct signer *signer = signer_start(arena);
    struct probe_raw *raw = probe_raw_open(arena);
    int status = rights_drop(&error) ? with(arena, signer, raw, argc, argv) : cli_fail(&error);
    probe_raw_close(raw);
    signer_end(signer);
    return status;
}
