#include "base/log.h"
#include "cli/common.h"
#include "reconcile/reconcile.h"
#include "report/report.h"
#include "rules/access/carried.h"
#include "rules/intent/judge.h"

static const struct option_spec options_of_reconcile[] = {
    OPTION_FORMAT("text|json", "of what is printed (default text)"),
    {"observations", 0, "FILE", "what `probe` wrote (or the second operand)", false},
    OPTION_VANTAGE,
    OPTION_INTENT,
    OPTION_DATE,
    OPTION_BASELINE,
    OPTION_FAIL_ON,
    OPTIONS_END,
};

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct declared declared = {0};
    struct vantage_list vantages = {0};
    struct observations observations = {0};
    struct verdict_set set = {0};
    struct intent *intent;
    const struct verdict_set *baseline;
    struct fail_on fail_on;
    const char *format, *date;
    bool done;
    if (!cli_options(arena, &command_reconcile, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    const char *file = options_value(&options, "observations");
    if (options.operands.count + (file != NULL) != 2)
        return cli_usage(&command_reconcile, "expected a snapshot folder and a file of observations");
    file = file != NULL ? file : options.operands.items[1];
    if (!cli_format(&options, "text json", &format, &error) || !cli_date(arena, &options, &date, &error) ||
        !cli_fail_on(arena, &options, &fail_on, &error) || !cli_vantages(arena, &options, &vantages, &error) ||
        !cli_intent(arena, &options, &intent, &error) || !cli_baseline_read(arena, &options, &baseline, &error) ||
        !observations_read(arena, file, &observations, &error) || !observations_settle(&observations, file, &error) ||
        !cli_declared(options.operands.items[0], &declared, &error))
        return cli_fail(&error);
    if (vantages.items.count == 0 && !cli_observed_vantages(arena, &observations, &vantages, &error)) {
        cli_declared_free(&declared);
        return cli_fail(&error);
    }
    struct exposure_set *narrowed = cli_narrow(declared.exposures, &vantages);
    const struct map roles = carried_roles(arena, declared.exposures, declared.estate);
    const struct judge_options by = {intent, vantages.items.items, vantages.items.count, date, &roles};
    set.vantage = cli_vantages_text(arena, &vantages);
    set.vantage_learnt = cli_vantages_learnt(arena, &vantages);
    struct judging *judging = judge_begin(arena, declared.estate, declared.exposures, &by, &set);
    reconcile(arena, narrowed, &observations, judge_take, judging, &set);
    judge_end(judging);
    struct drift_known known;
    struct verdict_set fresh = cli_baseline_fresh(arena, &set, baseline, &known);
    cli_say_missing(declared.exposures);
    int status = cli_status(&fresh, NULL, &fail_on);
    const char *still = cli_still_wrong(arena, &known);
    bool silent = cli_is_silent(&options, format, status);
    if (!silent || still[0] != '\0') {
        struct report_run told = {.title = file, .set = &fresh, .observations = &observations};
        struct output output;
        struct text out;
        bool written = cli_output_begin(&options, &output, &out, &error);
        if (written && strcmp(format, "json") == 0)
            verdicts_write_json(&fresh, &out);
        else if (written && !silent)
            report_text(&told, &(struct report_options){.colour = cli_colour(&options)}, &out);
        if (written && strcmp(format, "text") == 0)
            text_puts(&out, still);
        if (!written || !cli_output_end(&output, &out, &error))
            status = cli_fail(&error);
    }
    exposure_set_free(narrowed);
    cli_declared_free(&declared);
    return status;
}

const struct command command_reconcile = {
    .name = "reconcile",
    .summary = "Reconciles what is declared with what was observed: verdicts and findings.",
    .usage = "SNAPSHOT OBSERVATIONS [--vantage ADDRESS] [--intent FILE]",
    .notes =
        "Without --vantage the source addresses that the prober noted are used. Exit status: 0 nothing at or above\n"
        "--fail-on; 1 findings; 2 bad input; 3 incomplete; 4 incomplete, and findings too.\n"
        "\nExamples:\n"
        "  sgproof reconcile estate/ observations.jsonl --intent intent.json\n"
        "  sgproof reconcile estate/ observations.jsonl --vantage 203.0.113.7 --format json -o verdicts.json\n",
    .options = options_of_reconcile,
    .run = run,
};
