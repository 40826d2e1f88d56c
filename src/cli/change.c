#include <sys/stat.h>
#include <unistd.h>

#include "pipeline/fail_on.h"
#include "cli/confine.h"
#include "cli/commands.h"
#include "cli/judged_by.h"
#include "cli/output.h"
#include "base/log.h"
#include "base/printable.h"
#include "cli/aws.h"
#include "cli/places.h"
#include "cli/run_options.h"
#include "model/flow_change.h"
#include "report/report.h"
#include "cli/probing.h"
#include "cli/vouching.h"

static const struct option_spec options_of_change[] = {
    OPTIONS_GROUP("What is read"),
    {"terraform", 0, "PLAN.json",
     "what was planned, as terraform show -json prints it; several were applied in turn; it goes into the evidence",
     true},
    {"changeset", 0, "FILE",
     "the same of CloudFormation, and CDK (describe-change-set --include-property-values); give those of nested stacks "
     "too",
     true},
    OPTIONS_AWS,
    OPTIONS_GROUP("From where is asked"),
    OPTION_VANTAGE,
    OPTIONS_LEARN,
    OPTIONS_GROUP("What is asked, and how"),
    {"depth", 0, "moved|declared|standard|full", "what is asked beside; moved: nothing (default moved)", false},
    OPTION_ONLY,
    OPTIONS_PROBE,
    OPTIONS_GROUP("How it is judged"),
    OPTION_INTENT,
    OPTION_PACK,
    OPTIONS_GROUP("Evidence"),
    {"out", 0, "DIR", "the evidence folder to make (default sgproof-change-TIME)", false},
    OPTIONS_VOUCH,
    OPTIONS_GROUP("Output and messages"),
    OPTION_FORMAT("text|json|markdown|junit|sarif", "of what is printed (default text)"),
    OPTIONS_END,
};

static bool is_there(struct arena *arena, const char *folder, const char *name)
{
    return access(arena_printf(arena, "%s/%s", folder, name), F_OK) == 0;
}

// The snapshot of a state: of evidence the reading that is nearest to the change.
static const char *snapshot_of(struct arena *arena, const char *state, bool before)
{
    if (!is_there(arena, state, "manifest.json"))
        return state;
    return arena_printf(arena, "%s/%s", state, !before && is_there(arena, state, "after") ? "after" : "before");
}

static bool expect_folder(const char *path, const char *what, struct error *error)
{
    struct stat about;
    return (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) ||
           error_set(error, ERROR_USAGE, "%s: is no folder, expected the evidence or the snapshot of %s", path, what);
}

// What can be checked before anything is done: both states and the plan are read for that, and let go.
static bool check(struct run_job *job, struct error *error)
{
    const struct options *options = job->options;
    const char *before = options->operands.items[0];
    const char *after = options->operands.count > 1 ? options->operands.items[1] : NULL;
    struct declared tried = {0};
    struct terraform_report report = {0};
    job->format = cli_format(options);
    GUARD(expect_folder(before, "before", error) && (after == NULL || expect_folder(after, "now", error)));
    job->change = (struct run_change){.base = snapshot_of(job->arena, before, true),
                                      .evidence = is_there(job->arena, before, "manifest.json") ? before : NULL};
    struct change_given planned = {0};
    for (int form = 0; form < PLAN_FORMS; form++) {
        const struct option_values *files = options_values(options, form == PLAN_TERRAFORM ? "terraform" : "changeset");
        for (size_t i = 0; i < files->items.count; i++)
            *vector_add(job->arena, &job->change.plans[form]) = files->items.items[i];
        planned.plans[form] = job->change.plans[form];
    }
    job->snapshot = after == NULL ? NULL : snapshot_of(job->arena, after, false);
    GUARD(run_check(job, "moved", error));
    if (job->change.evidence != NULL) {
        struct answered known = {0};
        GUARD(past_answers(job->arena, job->change.evidence, &known, error));
        answered_join(job->arena, &job->answered, &known);
    }
    GUARD(declared_read(job->change.base, &tried, error));
    bool good = change_apply_plans(tried.estate, &planned, &report, error);
    declared_free(&tried);
    if (good && job->snapshot != NULL) {
        good = declared_read(job->snapshot, &tried, error);
        declared_free(&tried);
    }
    return good;
}

static bool print(const struct run_job *job, int status, struct error *error)
{
    const struct change_report *report = &job->derivation.change.report;
    struct text text = {0};
    if (cli_is_silent(job->options, job->format, status))
        return true;
    if (strcmp(job->format, "json") == 0)
        change_report_write_json(report, &text);
    else if (strcmp(job->format, "markdown") == 0)
        report_change_markdown(report, &text);
    else if (strcmp(job->format, "junit") == 0)
        report_change_junit(report, &text);
    else if (strcmp(job->format, "sarif") == 0)
        report_change_sarif(report, job->manifest.run_id, &text);
    else
        report_change_text(report, &(struct report_options){.colour = cli_colour(job->options)}, &text);
    bool good = cli_output(job->options, &text, error);
    text_free(&text);
    return good;
}

static int status_of(const struct change_report *report)
{
    size_t wrong = flow_changes_wrong(report->flows);
    for (int outcome = 0; outcome < OUTCOME_UNVERIFIED; outcome++)
        wrong += report->count[outcome];
    return exit_status_of(report->complete && report->count[OUTCOME_UNVERIFIED] == 0, wrong > 0);
}

static int conclude(struct run_job *job, void *context)
{
    (void)context;
    struct error error = {0};
    struct change_report *report = &job->derivation.change.report;
    run_conclude(job);
    if (!job->judged)
        return ERROR_INCOMPLETE;
    for (size_t i = 0; i < job->failed_outside.count; i++) {
        *vector_add(job->arena, &report->missing) = job->failed_outside.items[i];
        report->complete = false;
    }
    if (job->place != NULL)
        log_line(LOG_INFO, "evidence: %s", job->place);
    int status = status_of(report);
    if (print(job, status, &error))
        return status;
    run_note_outside(job, "output", &error);
    report->complete = false;
    return status_of(report);
}

static int change_with(struct arena *arena, struct signer *signer, struct probe_raw *raw, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct run_job job = {
        .arena = arena, .options = &options, .signer = signer, .raw = raw, .derivation = {.arena = arena}};
    bool done;
    if (!cli_options(arena, &command_change, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    if (!probe_sends)
        return cli_usage(&command_change, CLI_NO_PROBER);
    run_give_up(&job);
    if (options.operands.count < 1 || options.operands.count > 2)
        return cli_usage(&command_change, "expected the state before, and the state now unless AWS is to be read");
    job.out = run_out(arena, &options, "sgproof-change");
    place_keep_private();
    bool good = check(&job, &error);
    return run_through(&job, good, argc, argv, conclude, NULL, &error);
}

static int run(struct arena *arena, int argc, char **argv)
{
    return run_privileged(arena, argc, argv, change_with);
}

const struct command command_change = {
    .name = "change",
    .summary =
        "Proves a change: did what was meant to open open, what was meant to close close, and nothing else move.",
    .usage = "BEFORE [AFTER] [--terraform PLAN.json | --changeset FILE] [--intent FILE] [--out DIR]",
    .notes =
        "BEFORE and AFTER are evidence folders or snapshots; without AFTER, AWS is read now. Asked is what opened, "
        "what\n"
        "closed, what was planned and did not move, what BEFORE (evidence) saw answer, and of all else the ports that\n"
        "rules name. Without a plan all that moved counts as meant, but for what the intent forbids, or expects\n"
        "and is closed. Outcomes: as-planned; not-in-force (declared closed, and still answers; declared open, and "
        "does\n"
        "not); unplanned; not-done; elsewhere (an answer that changed where nothing declared did); unverified.\n"
        "The evidence is change.json, with both states, the plan (with all values that it holds) and the packets.\n"
        "Exit status: 0 all as planned and nothing else; 1 anything else; 2 bad input, nothing was done; 3 something\n"
        "is unverified or incomplete; 4 that, and something is not as planned.\n"
        "\nExamples:\n"
        "  sgproof change evidence-before/ --region eu-west-3 --intent intent.json --out change/\n"
        "  sgproof change evidence-before/ estate-now/ --terraform plan.json --format markdown\n",
    .options = options_of_change,
    .run = run,
    .talks = true,
    .probes = true,
};
