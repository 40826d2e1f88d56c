#include "cli/confine.h"
#include "cli/commands.h"
#include "cli/fail_on.h"
#include "cli/judged_by.h"
#include "cli/output.h"
#include "aws/snapshot.h"
#include "aws/terraform/terraform.h"
#include "base/log.h"
#include "base/printable.h"
#include "cli/diff_places.h"
#include "cli/diff_runs.h"
#include "cli/diff_write.h"
#include "pipeline/forecast.h"
#include "cli/gaps_text.h"
#include "pipeline/past.h"
#include "report/report.h"
#include "rules/intent/intent_flows.h"
#include "cli/past_file.h"

static const struct option_spec options_of_diff[] = {
    OPTION_FORMAT("text|json|markdown|junit|sarif", "of what is printed (default text); of runs text or json"),
    {"terraform", 0, "PLAN.json",
     "compare the snapshot, or the plan's own prior_state, with what this plan (terraform show -json) makes of it; "
     "several are applied in turn",
     true},
    {"changeset", 0, "FILE",
     "the same with a CloudFormation change set (describe-change-set --include-property-values), also of CDK; nested "
     "stacks' too",
     true},
    {"source", 0, "DIR",
     "the configuration of the plan, its root module, or the folder of the change set's template (cdk.out): causes are "
     "named with file and line",
     false},
    OPTION_INTENT,
    OPTION_DATE,
    {"fail-on", 0, "SEVERITY",
     "exit 1 for what opens, or what the intent expects and closes, from this severity on, or none (default high with "
     "--intent, else none)",
     true},
    OPTIONS_HISTORY,
    {"exit-code", 0, NULL, "exit 1 where anything opened or closed", false},
    OPTIONS_END,
};

#define SEVERITIES "critical, high, medium, low, info, or none"

// What is compared.
struct diff_job {
    struct arena *arena;
    const struct options *options;
    const struct option_values *plans;
    const struct option_values *changesets;
    const char *format;
    bool gates;
    struct declared declared[2];
    struct terraform_report report;
    struct terraform_source *source;
    struct intent *intent;
    struct fail_on fail_on;
    const char *today;
};

static bool is_planned(const struct diff_job *comparing)
{
    return comparing->plans->items.count > 0 || comparing->changesets->items.count > 0;
}

// A snapshot, or what the plans themselves tell of the state before them.
static struct estate *read_base(struct diff_job *comparing, struct error *error)
{
    return comparing->options->operands.count > 0
               ? snapshot_read(comparing->options->operands.items[0], error)
               : terraform_base(comparing->plans->items.items, comparing->plans->items.count, error);
}

static bool read_sides(struct diff_job *comparing, struct error *error)
{
    struct declared *declared = comparing->declared;
    const char *const *operands = comparing->options->operands.items;
    size_t count = comparing->options->operands.count;
    if (!is_planned(comparing))
        return declared_read(operands[0], &declared[0], error) && declared_read(operands[1], &declared[1], error);
    if (count > 0 && !declared_read(operands[0], &declared[0], error))
        return false;
    for (int i = count > 0; i < 2; i++) {
        declared[i].estate = read_base(comparing, error);
        GUARD(declared[i].estate != NULL);
    }
    for (size_t i = 0; i < comparing->plans->items.count; i++)
        GUARD(terraform_apply(declared[1].estate, comparing->plans->items.items[i], &comparing->report, error));
    GUARD(changeset_apply(declared[1].estate, comparing->changesets->items.items, comparing->changesets->items.count,
                          &comparing->report, error));
    for (int i = count > 0; i < 2; i++)
        declared[i].exposures = reach_compute(declared[i].estate);
    return true;
}

static bool read_options(struct diff_job *comparing, struct error *error)
{
    const struct options *options = comparing->options;
    const char *source = options_value(options, "source");
    comparing->format = cli_format(options);
    GUARD(cli_intent(comparing->arena, options, &comparing->intent, error));
    GUARD(cli_date(comparing->arena, options, &comparing->today, error));
    GUARD(cli_fail_on(comparing->arena, options, &comparing->fail_on, error));
    comparing->gates = comparing->intent != NULL || options_values(options, "fail-on")->items.count > 0;
    for (int i = 0; i < VERDICT_KINDS; i++)
        if (comparing->fail_on.verdicts[i])
            return error_set(error, ERROR_USAGE, "--fail-on %s: nothing is probed here; expected " SEVERITIES,
                             verdict_names[i]);
    if (comparing->fail_on.controls.count > 0)
        return error_set(error, ERROR_USAGE, "--fail-on control:%s: no controls are judged here; expected " SEVERITIES,
                         comparing->fail_on.controls.items[0]);
    if (source != NULL) {
        comparing->source = terraform_source_open(comparing->arena, source, error);
        GUARD(comparing->source != NULL);
        comparing->report.source = comparing->source;
    }
    return true;
}

// ---- Writing

// What lacks for what gets out and who reaches whom inside, beside what lacks for what comes in: of the whole where
// rules of the intent rest on it, else of that part alone.
static void add_flow_gaps(struct diff_job *comparing, const struct flow_difference *flows, struct diff_names *names,
                          struct forecast *forecast)
{
    struct arena *arena = comparing->arena;
    const struct terraform_report *report = &comparing->report;
    static const char *const sides[] = {"before", "after"};
    if (comparing->intent == NULL || !intent_has_flows(comparing->intent)) {
        text_list *gaps = &forecast->flows->missing;
        flow_diff_gaps(arena, flows, sides, &forecast->missing, gaps);
        for (size_t i = 0; i < report->carriers.count; i++)
            text_list_add(arena, gaps, report->carriers.items[i]);
        return;
    }
    forecast->complete = forecast->complete && flows->unknown.count == 0 && report->carriers.count == 0 &&
                         flows->missing[0].count == 0 && flows->missing[1].count == 0;
    text_list_add_all(arena, &forecast->unknown, &flows->unknown);
    for (size_t i = 0; i < report->carriers.count; i++)
        text_list_add(arena, &forecast->unknown, report->carriers.items[i]);
    text_list_add_all(arena, &names->missing_before, &flows->missing[0]);
    text_list_add_all(arena, &names->missing_after, &flows->missing[1]);
    for (int side = 0; side < 2; side++)
        text_list_add_all(arena, &forecast->missing, &flows->missing[side]);
}

// What moves and is possible only is not known: why that is, is told where nothing else that lacks is.
static void add_possible(struct arena *arena, const struct difference *difference, struct forecast *forecast)
{
    struct map told = {0};
    for (size_t i = 0; i < difference->changes.count; i++) {
        const struct change *change = &difference->changes.items[i];
        const char *why = "what decides is not modelled, or not told", *settle = NULL;
        char address[ADDRESS_TEXT];
        if (change->kind == CHANGE_CLOSED || change->certainty != CERTAINTY_POSSIBLE || !change->internet)
            continue;
        for (size_t c = change->causes.count; c-- > 0;)
            if (change->causes.items[c]->settle != NULL) {
                why = reason_text(arena, change->causes.items[c]);
                settle = change->causes.items[c]->settle;
            }
        if (map_get(&told, why) != NULL)
            continue;
        map_put(arena, &told, why, forecast);
        if (change->endpoint != NULL)
            endpoint_address(change->endpoint, address);
        text_list_add(arena, &forecast->unknown,
                      arena_printf(arena, "what moves at %s is possible only: %s%s%s",
                                   change->endpoint != NULL ? address : "targets behind a load balancer or a service",
                                   why, settle == NULL ? "" : "; settled by: ", settle == NULL ? "" : settle));
    }
}

static void forecast_of(struct diff_job *comparing, const struct difference *difference,
                        const struct flow_difference *flows, const struct side sides[2], struct diff_names *names,
                        struct forecast *forecast)
{
    struct arena *arena = comparing->arena;
    const char *const *operands = comparing->options->operands.items;
    size_t count = comparing->options->operands.count;
    const struct terraform_report *report = &comparing->report;
    const struct option_values *kinds[] = {comparing->plans, comparing->changesets};
    const char *plan = NULL, *after = is_planned(comparing) ? NULL : operands[1];
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < kinds[k]->items.count; i++) {
            const char *one = kinds[k]->items.items[i];
            plan = plan == NULL ? one : plan;
            after = after == NULL ? one : arena_printf(arena, "%s, %s", after, one);
        }
    *names = (struct diff_names){.before = count > 0 ? operands[0] : "prior_state",
                                 .after = after,
                                 .missing_before = exposure_set_gaps(arena, sides[0].exposures),
                                 .missing_after = exposure_set_gaps(arena, sides[1].exposures)};
    forecast->planned = plan != NULL;
    forecast->subject = plan == NULL ? after : plan[0] == '/' ? text_behind_slash(plan) : plan;
    for (size_t i = 0; i < report->not_considered.count; i++)
        *vector_add(arena, &forecast->not_considered) = report->not_considered.items[i];
    forecast->public_places = diff_public_places(arena, sides[0].estate, sides[1].estate);
    for (size_t i = 0; i < report->unknown.count; i++)
        *vector_add(arena, &forecast->unknown) = report->unknown.items[i];
    text_list_add_all(arena, &forecast->unknown, &difference->unknown);
    forecast->complete = forecast->unknown.count == 0 && exposure_set_complete(sides[0].exposures) &&
                         exposure_set_complete(sides[1].exposures);
    text_list_add_all(arena, &forecast->missing, &names->missing_before);
    text_list_add_all(arena, &forecast->missing, &names->missing_after);
    if (forecast->complete && is_planned(comparing)) // of two states, both are what they are
        add_possible(arena, difference, forecast);
    forecast->complete = forecast->complete && forecast->unknown.count == 0;
    if (flows != NULL) {
        forecast->flows = arena_new_of(arena, struct flow_changes);
        add_flow_gaps(comparing, flows, names, forecast);
    }
    const struct forecast_given given = {.intent = comparing->intent,
                                         .today = comparing->today,
                                         .fail_on = comparing->gates ? &comparing->fail_on : NULL,
                                         .report = report,
                                         .source = comparing->source};
    forecast_make(arena, difference, sides, &given, forecast);
    if (flows != NULL)
        forecast_flows(arena, flows, sides, &given, forecast);
}

static void write(const struct diff_job *comparing, const struct forecast *forecast, const struct diff_names *names,
                  struct text *out)
{
    bool all = options_value(comparing->options, "verbose") != NULL;
    if (strcmp(comparing->format, "json") == 0) {
        diff_write_json(forecast, names, out);
    } else if (strcmp(comparing->format, "markdown") == 0) {
        report_forecast_markdown(forecast, out);
    } else if (strcmp(comparing->format, "junit") == 0) {
        report_forecast_junit(forecast, out);
    } else if (strcmp(comparing->format, "sarif") == 0) {
        report_forecast_sarif(forecast, out);
    } else {
        gaps_text_of_side(comparing->declared[0].exposures, "before", all, out);
        gaps_text_of_side(comparing->declared[1].exposures, "after", all, out);
        diff_write_text(forecast, all, out);
        printable_lines(out);
    }
}

static int compare(struct diff_job *comparing, struct error *error)
{
    struct side sides[2];
    struct diff_names names;
    struct forecast forecast = {0};
    struct text out = {0};
    for (int i = 0; i < 2; i++)
        sides[i] = (struct side){comparing->declared[i].estate, comparing->declared[i].exposures,
                                 i == 1 && is_planned(comparing)};
    struct difference *difference = diff_compute(&sides[0], &sides[1]);
    struct flow_difference *flows = NULL;
    struct segments_question question = intent_segments(comparing->arena, comparing->intent);
    if (estate_has_network(sides[0].estate) && estate_has_network(sides[1].estate))
        flows = flow_diff_compute(&sides[0], &sides[1], &question);
    forecast_of(comparing, difference, flows, sides, &names, &forecast);
    write(comparing, &forecast, &names, &out);
    bool complete = forecast.complete;
    complete = cli_say_missing(comparing->declared[0].exposures) && complete;
    complete = cli_say_missing(comparing->declared[1].exposures) && complete;
    bool moved = difference->changes.count > 0 || (flows != NULL && flows->changes.items.count > 0);
    bool differs = moved && options_value(comparing->options, "exit-code") != NULL;
    int status = cli_output(comparing->options, &out, error)
                     ? exit_status_of(complete, differs || forecast.findings > 0)
                     : cli_fail(error);
    text_free(&out);
    flow_diff_free(flows);
    diff_free(difference);
    return status;
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct diff_job comparing = {.arena = arena, .options = &options};
    bool done;
    if (!cli_options(arena, &command_diff, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    comparing.plans = options_values(&options, "terraform");
    comparing.changesets = options_values(&options, "changeset");
    if (!is_planned(&comparing) && diff_is_of_runs(arena, &options))
        return diff_runs(arena, &options);
    if (is_planned(&comparing) ? options.operands.count > 1 : options.operands.count != 2)
        return cli_usage(&command_diff, is_planned(&comparing)
                                            ? "expected one snapshot folder beside what is planned, or none"
                                            : "expected two snapshot folders, or two runs");
    if (comparing.changesets->items.count > 0 && options.operands.count == 0)
        return cli_usage(&command_diff, "expected a snapshot folder beside --changeset: a change set tells no state");
    int status = read_options(&comparing, &error) && read_sides(&comparing, &error) ? compare(&comparing, &error)
                                                                                    : cli_fail(&error);
    for (int i = 0; i < 2; i++)
        declared_free(&comparing.declared[i]);
    return status;
}

const struct command command_diff = {
    .name = "diff",
    .summary =
        "Says exactly what opened and closed between two snapshots or two runs, or by a Terraform plan, and why.",
    .usage = "BEFORE AFTER | --terraform PLAN.json [SNAPSHOT] | --changeset FILE SNAPSHOT",
    .notes =
        "Endpoints are the same by their address, whatever their ids. Renamed ids, another order of documents, or "
        "rules\n"
        "that are split but equal make no difference. With a plan, what only apply tells makes what depends on it\n"
        "possible; that, what can expose something and is not modelled, and what the snapshot does not hold is "
        "UNKNOWN.\n"
        "What gets out and who reaches whom inside is compared too, by security groups or the intent's tiers: what\n"
        "opens there and a rule of the intent with `from` and `to` forbids is high, the rest is information.\n"
        "Without a snapshot a plan stands on its own prior_state, which holds what its configuration manages only.\n"
        "With --intent or --fail-on it is a gate: an opening that the intent does not allow is high, and so is what\n"
        "closes and a rule of it expects. Without an intent, openings are medium, and high where all of the internet\n"
        "gets to a port of administration or a database. Other closings are no findings.\n"
        "Of runs (evidence folders, or ids of runs in the history) it says what moved of what was observed.\n"
        "Exit status: 0 done; 1 findings (--fail-on), or with --exit-code something changed; 2 bad input; 3 something\n"
        "is missing or unknown; 4 that, and 1 too.\n"
        "\nExamples:\n"
        "  sgproof diff before/ after/\n"
        "  sgproof diff evidence-monday/ evidence-tuesday/\n"
        "  terraform show -json plan.out > plan.json; sgproof diff --terraform plan.json estate/ --format json\n"
        "  sgproof diff --terraform plan.json estate/ --intent intent.json --source . --format markdown\n"
        "  sgproof diff --changeset changeset.json estate/ --intent intent.json --fail-on high\n",
    .options = options_of_diff,
    .run = run,
};
