#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/redact.h"
#include "base/rights.h"
#include "cli/aws.h"
#include "cli/places.h"
#include "cli/run_stages.h"
#include "config.h"
#include "report/report.h"

static const struct option_spec options_of_run[] = {
    {"snapshot", 0, "DIR", "the configuration: a folder of describe-* documents (default: read AWS, before and after)",
     false},
    OPTIONS_AWS,
    {"out", 0, "DIR", "the evidence folder to make (default sgproof-run-TIME)", false},
    OPTION_FORMAT("text or json, of what is printed (default text)"),
    OPTION_VANTAGE,
    OPTIONS_LEARN,
    OPTION_INTENT,
    OPTION_PACK,
    OPTION_DEPTH,
    OPTION_ONLY,
    OPTIONS_PROBE,
    OPTION_BASELINE,
    OPTION_FAIL_ON,
    OPTIONS_VOUCH,
    OPTIONS_HISTORY,
    {"no-history", 0, NULL, "neither look at the history nor add to it", false},
    {"series", 0, "NAME", "runs that this one is compared with (default: its accounts and vantage)", false},
    OPTIONS_END,
};

static const char *now(struct arena *arena, const char *format)
{
    char text[40];
    struct tm parts;
    time_t seconds = time(NULL);
    gmtime_r(&seconds, &parts);
    strftime(text, sizeof(text), format, &parts);
    return arena_strdup(arena, text);
}

static const char *out_of(struct arena *arena, const struct options *options)
{
    const char *out = options_value(options, "out");
    if (out == NULL)
        return arena_printf(arena, "sgproof-run-%s", now(arena, "%Y%m%dT%H%M%SZ"));
    size_t length = strlen(out);
    while (length > 1 && out[length - 1] == '/')
        length--;
    return arena_strndup(arena, out, length);
}

// What is asked for, beside what it is done with.
struct wanted {
    const char *format;
    struct fail_on fail_on;
    const struct verdict_set *baseline;
    struct drift_known known; // of what there is, what the baseline holds too
};

// What --previous and --baseline saw answer.
static bool answered_before(struct run_job *job, struct error *error)
{
    const char *previous = options_value(job->options, "previous");
    const char *baseline = options_value(job->options, "baseline");
    struct answered other = {0};
    GUARD(previous == NULL || past_answers(job->arena, previous, &job->answered, error));
    GUARD(baseline == NULL || past_answers(job->arena, baseline, &other, error));
    answered_join(job->arena, &job->answered, &other);
    return true;
}

// Everything that can be checked before anything is done.
static bool check(struct run_job *job, struct wanted *wanted, struct error *error)
{
    struct derivation_given *given = &job->derivation.given;
    const struct options *options = job->options;
    struct intent *intent;
    enum plan_depth depth;
    given->intent = options_value(options, "intent");
    given->depth = options_value(options, "depth");
    const char *begin = clock_text(job->arena, clock_wall_us());
    given->today = arena_strndup(job->arena, begin, strlen("YYYY-MM-DD"));
    const char *output = options_value(options, "output");
    if (job->out[0] == '\0')
        return error_set(error, ERROR_USAGE, "--out: is empty, expected a folder to make");
    if (output != NULL && strcmp(output, job->out) == 0)
        return error_set(error, ERROR_USAGE, "--out and --output are the same, %s: expected two places", output);
    GUARD(place_is_outside_evidence(job->out, error) && cli_format(options, "text json", &wanted->format, error));
    GUARD(cli_fail_on(job->arena, options, &wanted->fail_on, error));
    GUARD(cli_vantages(job->arena, options, &given->vantages, error));
    GUARD(cli_depth(given->depth, &depth, error) && cli_probe_options(job->arena, options, &job->probe, error));
    struct plan canaries = {0};
    given->speed = job->probe.speed;
    job->probe.raw = job->raw;
    GUARD(cli_canaries(job->arena, options, &canaries, &given->canaries, error));
    GUARD(cli_packs(job->arena, options, &job->packs, error) && cli_intent(job->arena, options, &intent, error));
    GUARD(cli_baseline_read(job->arena, options, &wanted->baseline, error));
    GUARD(answered_before(job, error));
    GUARD(vouch_previous(job->arena, options, NULL, &job->previous, error) && vouch_authority(options, error));
    GUARD(vouch_key(options, job->signer, &job->key, error));
    const char *title = intent != NULL ? intent->platform : job->snapshot == NULL ? job->out : job->snapshot;
    job->manifest = (struct manifest){.derivation = DERIVATION,
                                      .claims = {.tool_version = SGPROOF_VERSION, .begin = begin, .title = title},
                                      .depth = given->depth == NULL ? "standard" : given->depth,
                                      .judged_on = given->today};
    return true;
}

// What a person or program is told; false where it could not be written.
static bool print(const struct run_job *job, const struct wanted *wanted, const struct verdict_set *set, int status,
                  struct error *error)
{
    struct text text = {0};
    bool silent = cli_is_silent(job->options, wanted->format, status);
    const char *still = cli_still_wrong(job->arena, &wanted->known);
    if (silent && still[0] == '\0')
        return true;
    if (strcmp(wanted->format, "json") == 0)
        verdicts_write_json(set, &text);
    else if (!silent)
        report_text(&(struct report_run){.title = job->out,
                                         .set = set,
                                         .controls = &job->derivation.controls,
                                         .observations = &job->derivation.observations,
                                         .runs = &job->derivation.runs,
                                         .drift = &job->derivation.drift},
                    &(struct report_options){.colour = cli_colour(job->options)}, &text);
    if (strcmp(wanted->format, "text") == 0)
        text_puts(&text, still);
    bool good = cli_output(job->options, &text, error);
    text_free(&text);
    return good;
}

static int conclude(struct run_job *job, struct wanted *wanted)
{
    struct error error = {0};
    run_conclude(job);
    if (!job->judged)
        return ERROR_INCOMPLETE;
    struct verdict_set fresh = cli_baseline_fresh(job->arena, &job->derivation.set, wanted->baseline, &wanted->known);
    for (size_t i = 0; i < job->failed_outside.count; i++) {
        *vector_add(job->arena, &fresh.missing) = job->failed_outside.items[i];
        fresh.complete = false;
    }
    int status = cli_status(&fresh, &job->derivation.controls, &wanted->fail_on);
    cli_say_missing(job->derivation.before.exposures);
    if (job->place != NULL) {
        bool report = failed_step_why(&job->derivation.given.failed, STEP_REPORT) == NULL;
        log_line(LOG_INFO, "evidence: %s%s%s%s", job->place, report ? ", report: " : "", report ? job->place : "",
                 report ? "/report.html" : "");
    }
    if (print(job, wanted, &fresh, status, &error))
        return status;
    run_note_outside(job, "output", &error);
    fresh.complete = false;
    return cli_status(&fresh, &job->derivation.controls, &wanted->fail_on);
}

static int run_with(struct arena *arena, struct signer *signer, struct probe_raw *raw, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct run_job job = {
        .arena = arena, .options = &options, .signer = signer, .raw = raw, .derivation = {.arena = arena}};
    struct wanted wanted = {0};
    bool done;
    if (!cli_options(arena, &command_run, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    if (cli_only_estimate(&options))
        probe_raw_close(raw);
    if (options_value(&options, "sign") == NULL)
        signer_end(signer);
    if (options.operands.count != 0)
        return cli_usage(&command_run, "expected options only");
    job.snapshot = options_value(&options, "snapshot");
    job.out = out_of(arena, &options);
    place_keep_private();
    bool good = check(&job, &wanted, &error);
    for (int i = 0; i < argc; i++)
        *vector_add(arena, &job.manifest.claims.command) = redact_argument(arena, argv[i]);
    if (good && cli_only_estimate(&options)) {
        int estimated = run_estimate(&job, strcmp(wanted.format, "json") == 0, &error) ? 0 : cli_fail(&error);
        run_free(&job);
        return estimated;
    }
    int status = good && run_gather(&job, &error) ? conclude(&job, &wanted) : cli_fail(&error);
    run_free(&job);
    return status;
}

// Before an option or a file is looked at, who signs is forked, what needs the right to raw sockets is opened, and
// every privilege given up.
static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct signer *signer = signer_start(arena);
    struct probe_raw *raw = probe_raw_open(arena);
    int status = rights_drop(&error) ? run_with(arena, signer, raw, argc, argv) : cli_fail(&error);
    probe_raw_close(raw);
    signer_end(signer);
    return status;
}

const struct command command_run = {
    .name = "run",
    .summary =
        "Does it all: reads AWS or a snapshot, computes, plans, probes, reads again, reconciles; one evidence folder.",
    .usage = "[--snapshot DIR] [--out DIR] [--vantage ADDRESS] [--intent FILE] [--only CIDR]",
    .notes = "Exit status: 0 nothing at or above --fail-on; 1 findings; 2 bad input, nothing was done; 3 incomplete;\n"
             "4 incomplete, and findings too. With -q nothing is printed where it is 0.\n"
             "The evidence folder appears whole or not at all. What fails after the first packet is named in it.\n"
             "\nExamples:\n"
             "  sgproof run --region eu-west-3 --profile audit --intent intent.json --out evidence/\n"
             "  sgproof run --snapshot estate/ --intent intent.json --out evidence/\n"
             "  sgproof run --snapshot estate/ --vantage 203.0.113.7 --only 198.51.100.0/24 --depth full\n",
    .options = options_of_run,
    .run = run,
    .talks = true,
    .probes = true,
};
