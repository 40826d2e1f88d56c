#include <stdlib.h>
#include <unistd.h>

#include "cli/confine.h"
#include "cli/baseline.h"
#include "cli/commands.h"
#include "cli/fail_on.h"
#include "cli/gaps_text.h"
#include "cli/judged_by.h"
#include "cli/output.h"
#include "base/log.h"
#include "cli/aws.h"
#include "base/clock.h"
#include "cli/notify.h"
#include "cli/places.h"
#include "cli/run_options.h"
#include "report/report.h"
#include "cli/probing.h"
#include "pipeline/packets.h"
#include "cli/vouching.h"
#include "cli/past_file.h"

static const struct option_spec options_of_run[] = {
    OPTIONS_GROUP("What is read"),
    {"snapshot", 0, "DIR", "the configuration: a folder of describe-* documents (default: read AWS, before and after)",
     false},
    OPTIONS_AWS,
    OPTIONS_GROUP("From where is asked"),
    OPTION_VANTAGE,
    OPTIONS_LEARN,
    OPTIONS_GROUP("What is asked, and how"),
    OPTION_DEPTH,
    OPTION_ONLY,
    OPTIONS_PROBE,
    {"inside", 0, "ENI=FILE[,PLAN,CAPTURE]",
     "what `probe` was told on that interface, by the plan of `plan --vantage-interface ENI`: judged beside; with that "
     "plan and the packets (`probe --capture`), `verify` derives it",
     true},
    OPTIONS_GROUP("How it is judged"),
    OPTION_INTENT,
    OPTION_PACK,
    {"baseline", 0, "EVIDENCE|last",
     "report only what is not in this earlier evidence, or the history's last run of the series", false},
    OPTION_FAIL_ON,
    OPTIONS_GROUP("Evidence"),
    {"out", 0, "DIR", "the evidence folder to make (default sgproof-run-TIME)", false},
    OPTIONS_VOUCH,
    OPTIONS_GROUP("Earlier runs"),
    OPTIONS_HISTORY,
    {"no-history", 0, NULL, "neither look at the history nor add to it", false},
    {"series", 0, "NAME", "runs that this one is compared with (default: its accounts and vantage)", false},
    OPTIONS_GROUP("Output and messages"),
    OPTION_FORMAT("text|json|markdown", "of what is printed (default text)"),
    OPTION_NOTIFY,
    OPTIONS_END,
};

// What is asked for, beside what it is done with.
struct wanted {
    struct fail_on fail_on;
    const struct verdict_set *baseline;
    bool last;                // the baseline is the last run of the series, by the history
    struct drift_known known; // of what there is, what the baseline holds too
};

static bool is_last(const struct options *options)
{
    const char *baseline = options_value(options, "baseline");
    return baseline != NULL && strcmp(baseline, "last") == 0;
}

static int by_interface(const void *left, const void *right)
{
    return strcmp(((const struct inside_given *)left)->eni_id, ((const struct inside_given *)right)->eni_id);
}

// ENI=FILE, or ENI=FILE,PLAN,CAPTURE; a comma may be a file's own.
static bool read_inside(struct arena *arena, const char *text, struct inside_given *one, struct error *error)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL)
        return error_set(error, ERROR_USAGE, "--inside %s: expected ENI=FILE, or ENI=FILE,PLAN,CAPTURE", text);
    *one = (struct inside_given){.eni_id = arena_strndup(arena, text, (size_t)(equals - text)),
                                 .observations = equals + 1};
    char *rest = arena_strdup(arena, equals + 1), *plan = strchr(rest, ',');
    if (plan == NULL || access(rest, F_OK) == 0)
        return true;
    char *capture = strchr(plan + 1, ',');
    if (capture == NULL || strchr(capture + 1, ',') != NULL)
        return error_set(error, ERROR_USAGE, "--inside %s: expected ENI=FILE, or ENI=FILE,PLAN,CAPTURE", text);
    *plan = *capture = '\0';
    one->observations = rest;
    one->plan = plan + 1;
    one->capture = capture + 1;
    return true;
}

// --inside: the files are read as far as they can be without the configuration.
static bool check_inside(struct run_job *job, struct error *error)
{
    inside_givens *givens = &job->derivation.given.inside;
    const struct option_values *texts = options_values(job->options, "inside");
    for (size_t i = 0; i < texts->items.count; i++) {
        struct observations read = {0};
        struct inside_given one;
        GUARD(read_inside(job->arena, texts->items.items[i], &one, error) &&
              inside_given_fits(givens, one.eni_id, error) &&
              observations_read(job->arena, one.observations, &read, error));
        struct frames frames;
        enum check_state state;
        const char *wrong =
            one.capture == NULL ? NULL : packets_inside_difference(job->arena, &one, clock_wall_us(), &frames, &state);
        if (wrong != NULL)
            return error_set(error, state == CHECK_NOT_DONE ? ERROR_INCOMPLETE : ERROR_USAGE,
                             "--inside %s: its capture and what was told differ: %s", one.eni_id, wrong);
        *vector_add(job->arena, givens) = one;
    }
    if (givens->count > 1) // as a bundle lists them
        qsort(givens->items, givens->count, sizeof(*givens->items), by_interface);
    return true;
}

// Everything that can be checked before anything is done.
static bool check(struct run_job *job, struct wanted *wanted, struct error *error)
{
    const struct options *options = job->options;
    job->format = cli_format(options);
    GUARD(cli_fail_on(job->arena, options, &wanted->fail_on, error));
    GUARD(notify_is_url(options, error));
    wanted->last = is_last(options);
    if (wanted->last && options_value(options, "no-history") != NULL)
        return error_set(error, ERROR_USAGE,
                         "--baseline last is the last run of the history: --no-history does not go with it");
    GUARD(wanted->last || cli_baseline_read(job->arena, options, &wanted->baseline, error));
    GUARD(check_inside(job, error) && run_check(job, "standard", error));
    for (size_t i = 0; i < wanted->fail_on.controls.count; i++)
        GUARD(cli_control_exists(job->arena, &job->packs, false, wanted->fail_on.controls.items[i], error));
    return true;
}

// What a person or program is told; false where it could not be written.
static bool print(const struct run_job *job, const struct wanted *wanted, const struct verdict_set *set, int status,
                  struct error *error)
{
    struct text text = {0};
    bool silent = cli_is_silent(job->options, job->format, status);
    const char *still = cli_still_wrong(job->arena, &wanted->known);
    if (silent && still[0] == '\0')
        return true;
    bool markdown = strcmp(job->format, "markdown") == 0;
    if (strcmp(job->format, "json") == 0)
        verdicts_write_json(set, &text);
    else if (!silent)
        (markdown ? report_markdown : report_text)(&(struct report_run){.title = job->out,
                                                                        .set = set,
                                                                        .controls = &job->derivation.controls,
                                                                        .observations = &job->derivation.observations,
                                                                        .runs = &job->derivation.runs,
                                                                        .drift = &job->derivation.drift},
                                                   &(struct report_options){.colour = cli_colour(job->options)}, &text);
    if (strcmp(job->format, "text") == 0) {
        report_inside_text(&job->derivation.inside_rows, &text);
        text_puts(&text, still);
    }
    bool good = cli_output(job->options, &text, error);
    text_free(&text);
    return good;
}

// What came of the questions from inside counts as well.
static int status_of(const struct run_job *job, const struct wanted *wanted, const struct verdict_set *set)
{
    int status = exit_status(set, &job->derivation.controls, &wanted->fail_on);
    for (size_t i = 0; i < job->derivation.inside.count; i++) {
        int one = exit_status(&job->derivation.inside.items[i].set, NULL, &wanted->fail_on);
        status = exit_status_of(status != 3 && status != 4 && one != 3 && one != 4,
                                status == 1 || status == 4 || one == 1 || one == 4);
    }
    return status;
}

static int conclude(struct run_job *job, void *context)
{
    struct wanted *wanted = context;
    struct error error = {0};
    run_conclude(job);
    if (!job->judged)
        return ERROR_INCOMPLETE;
    if (wanted->last && job->past.runs.count > 0) // the first one has none, and tells all
        wanted->baseline = &job->past.last;
    struct verdict_set fresh = cli_baseline_fresh(job->arena, &job->derivation.set, wanted->baseline, &wanted->known);
    for (size_t i = 0; i < job->failed_outside.count; i++) {
        *vector_add(job->arena, &fresh.missing) = job->failed_outside.items[i];
        fresh.complete = false;
    }
    int status = status_of(job, wanted, &fresh);
    cli_say_missing(job->derivation.before.exposures);
    if (job->place != NULL) {
        bool report = failed_step_why(&job->derivation.given.failed, STEP_REPORT) == NULL;
        log_line(LOG_INFO, "evidence: %s%s%s%s", job->place, report ? ", report: " : "", report ? job->place : "",
                 report ? "/report.html" : "");
    }
    if (!print(job, wanted, &fresh, status, &error)) {
        run_note_outside(job, "output", &error);
        fresh.complete = false;
        status = status_of(job, wanted, &fresh);
    }
    if (!notify_post(job->options, job->manifest.claims.title, &fresh, &job->derivation.inside_rows, status, &error)) {
        log_line(LOG_ERROR, "%s", error.message);
        fresh.complete = false;
        status = status_of(job, wanted, &fresh);
    }
    return status;
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
    if (!probe_sends)
        return cli_usage(&command_run, CLI_NO_PROBER);
    run_give_up(&job);
    if (options.operands.count != 0)
        return cli_usage(&command_run, "expected options only");
    job.snapshot = options_value(&options, "snapshot");
    job.out = run_out(arena, &options, "sgproof-run");
    place_keep_private();
    bool good = check(&job, &wanted, &error);
    return run_through(&job, good, argc, argv, conclude, &wanted, &error);
}

static int run(struct arena *arena, int argc, char **argv)
{
    return run_privileged(arena, argc, argv, run_with);
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
