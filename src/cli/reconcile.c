#include "base/log.h"
#include "cli/inside.h"
#include "verdicts/reconcile.h"
#include "report/report.h"
#include "rules/access/carried.h"
#include "rules/intent/judge.h"
#include "rules/reach/reach.h"

static const struct option_spec options_of_reconcile[] = {
    OPTION_FORMAT("text|json", "of what is printed (default text)"),
    {"observations", 0, "FILE", "what `probe` wrote (or the second operand)", false},
    OPTION_VANTAGE,
    OPTION_VANTAGE_INTERFACE,
    OPTION_INTENT,
    OPTION_DATE,
    OPTION_BASELINE,
    OPTION_FAIL_ON,
    OPTIONS_END,
};

// What verdicts are made of.
struct reconcile_job {
    struct arena *arena;
    const struct options *options;
    const char *file;
    const char *format;
    const char *date;
    struct fail_on fail_on;
    struct vantage_list vantages;
    struct observations observations;
    struct intent *intent;
    const struct verdict_set *baseline;
    struct inside_view *inside; // or NULL: asked from outside
};

static bool judges_no_control(const struct fail_on *fail_on, struct error *error)
{
    return fail_on->controls.count == 0 ||
           error_set(error, ERROR_USAGE,
                     "--fail-on control:%s: no controls are judged here (`run` judges them); expected a severity or a "
                     "verdict",
                     fail_on->controls.items[0]);
}

static int write_verdicts(struct reconcile_job *job, const struct verdict_set *set)
{
    struct drift_known known;
    struct error error = {0};
    struct verdict_set fresh = cli_baseline_fresh(job->arena, set, job->baseline, &known);
    int status = exit_status(&fresh, NULL, &job->fail_on);
    const char *still = cli_still_wrong(job->arena, &known);
    bool silent = cli_is_silent(job->options, job->format, status);
    if (!silent || still[0] != '\0') {
        struct report_run told = {.title = job->file, .set = &fresh, .observations = &job->observations};
        struct output output;
        struct text out;
        bool written = cli_output_begin(job->options, &output, &out, &error);
        if (written && strcmp(job->format, "json") == 0)
            verdicts_write_json(&fresh, &out);
        else if (written && !silent)
            report_text(&told, &(struct report_options){.colour = cli_colour(job->options)}, &out);
        if (written && strcmp(job->format, "text") == 0)
            text_puts(&out, still);
        if (!written || !cli_output_end(&output, &out, &error))
            status = cli_fail(&error);
    }
    return status;
}

static int judge_all(struct reconcile_job *job, const struct declared *declared)
{
    struct arena *arena = job->arena;
    struct verdict_set set = {0};
    struct exposure_set *narrowed = vantages_narrow(declared->exposures, &job->vantages);
    const struct map roles =
        job->inside != NULL ? (struct map){0} : carried_roles(arena, declared->exposures, declared->estate);
    const struct judge_options by = {.intent = job->intent,
                                     .vantages = job->vantages.items.items,
                                     .vantage_count = job->vantages.items.count,
                                     .today = job->date,
                                     .roles = job->inside != NULL ? NULL : &roles,
                                     .inside = job->inside};
    set.vantage = vantages_text(arena, &job->vantages);
    set.vantage_learnt = vantages_learnt(arena, &job->vantages);
    struct judging *judging = judge_begin(arena, declared->estate, declared->exposures, &by, &set);
    reconcile(arena, narrowed, &job->observations, judge_take, judging, &set);
    judge_end(judging);
    cli_say_missing(declared->exposures);
    int status = write_verdicts(job, &set);
    exposure_set_free(narrowed);
    return status;
}

static int reconcile_outside(struct reconcile_job *job, const char *folder)
{
    struct declared declared = {0};
    struct error error = {0};
    if (!declared_read(folder, &declared, &error))
        return cli_fail(&error);
    bool good =
        job->vantages.items.count > 0 || vantages_observed(job->arena, &job->observations, &job->vantages, &error);
    int status = good ? judge_all(job, &declared) : cli_fail(&error);
    declared_free(&declared);
    return status;
}

static int reconcile_inside(struct reconcile_job *job, const char *folder)
{
    struct cli_inside inside;
    struct error error = {0};
    if (job->vantages.items.count > 0 || job->vantages.automatic)
        return cli_usage(&command_reconcile,
                         "--vantage-interface says from where was asked: no --vantage goes with it");
    if (!cli_inside(job->options, folder, &inside, &error))
        return cli_fail(&error);
    job->inside = inside.view;
    vantages_of_interface(job->arena, inside.asker, &job->observations, &job->vantages);
    int status = judge_all(job, &inside.declared);
    cli_inside_free(&inside);
    return status;
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct reconcile_job job = {.arena = arena, .options = &options};
    bool done;
    if (!cli_options(arena, &command_reconcile, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    const char *file = options_value(&options, "observations");
    if (options.operands.count + (file != NULL) != 2)
        return cli_usage(&command_reconcile, "expected a snapshot folder and a file of observations");
    job.file = file = file != NULL ? file : options.operands.items[1];
    if (!cli_format(&options, "text json", &job.format, &error) || !cli_date(arena, &options, &job.date, &error) ||
        !cli_fail_on(arena, &options, &job.fail_on, &error) || !judges_no_control(&job.fail_on, &error) ||
        !cli_vantages(arena, &options, &job.vantages, &error) || !cli_intent(arena, &options, &job.intent, &error) ||
        !cli_baseline_read(arena, &options, &job.baseline, &error) ||
        !observations_read(arena, file, &job.observations, &error) ||
        !observations_settle(&job.observations, file, &error))
        return cli_fail(&error);
    const char *folder = options.operands.items[0];
    return options_value(&options, "vantage-interface") != NULL ? reconcile_inside(&job, folder)
                                                                : reconcile_outside(&job, folder);
}

const struct command command_reconcile = {
    .name = "reconcile",
    .summary = "Reconciles what is declared with what was observed: verdicts and findings.",
    .usage = "SNAPSHOT OBSERVATIONS [--vantage ADDRESS | --vantage-interface ENI] [--intent FILE]",
    .notes =
        "Without --vantage the source addresses that the prober noted are used. With --vantage-interface what was "
        "asked\n"
        "from inside is judged: by what that interface reaches at private addresses, and by the intent's rules with\n"
        "`from` and `to`; what left from another address than its own is unverified. Exit status: 0 nothing at or "
        "above\n"
        "--fail-on; 1 findings; 2 bad input; 3 incomplete; 4 incomplete, and findings too.\n"
        "\nExamples:\n"
        "  sgproof reconcile estate/ observations.jsonl --intent intent.json\n"
        "  sgproof reconcile estate/ observations.jsonl --vantage 203.0.113.7 --format json -o verdicts.json\n",
    .options = options_of_reconcile,
    .run = run,
};
