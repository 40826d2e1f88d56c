#include "pipeline/declare.h"
#include "cli/vantage.h"
#include "cli/confine.h"
#include "cli/baseline.h"
#include "cli/commands.h"
#include "cli/fail_on.h"
#include "cli/gaps_text.h"
#include "cli/judged_by.h"
#include "cli/output.h"
#include "base/log.h"
#include "cli/inside.h"
#include "pipeline/outside_places.h"
#include "pipeline/vantage_parts.h"
#include "verdicts/reconcile.h"
#include "report/report.h"
#include "rules/access/carried.h"
#include "rules/intent/judge.h"
#include "rules/reach/reach.h"
#include "pipeline/file_kind.h"

static const struct option_spec options_of_reconcile[] = {
    OPTION_FORMAT("text|json", "of what is printed (default text)"),
    {"observations", 0, "FILE", "what `probe` or `merge` wrote (or the operands behind the first)", true},
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
    const char *title;
    const char *format;
    const char *date;
    struct fail_on fail_on;
    vantage_parts parts; // by vantage: one, or several
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
        struct report_run told = {.title = job->title, .set = &fresh};
        if (job->parts.count == 1)
            told.observations = &job->parts.items[0].observations;
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

static void judge_part(struct reconcile_job *job, const struct declared *declared, const struct map *roles,
                       struct vantage_part *part)
{
    struct arena *arena = job->arena;
    struct verdict_set *set = &part->set;
    part->narrowed = vantages_narrow(declared->exposures, &part->vantages);
    const struct judge_options by = {.intent = job->intent,
                                     .vantages = part->vantages.items.items,
                                     .vantage_count = part->vantages.items.count,
                                     .today = job->date,
                                     .roles = job->inside != NULL ? NULL : roles,
                                     .inside = job->inside};
    set->vantage = vantages_text(arena, &part->vantages);
    set->vantage_learnt = vantages_learnt(arena, &part->vantages);
    struct judging *judging = judge_begin(arena, declared->estate, declared->exposures, &by, set);
    reconcile(arena, part->narrowed, &part->observations, judge_take, judging, set);
    judge_end(judging);
}

static int judge_all(struct reconcile_job *job, const struct declared *declared)
{
    struct verdict_set all = {0};
    const struct map roles =
        job->inside != NULL ? (struct map){0} : carried_roles(job->arena, declared->exposures, declared->estate);
    for (size_t i = 0; i < job->parts.count; i++)
        judge_part(job, declared, &roles, &job->parts.items[i]);
    if (job->parts.count > 1)
        vantage_parts_join(job->arena, &job->parts, &all);
    cli_say_missing(declared->exposures);
    int status = write_verdicts(job, job->parts.count > 1 ? &all : &job->parts.items[0].set);
    for (size_t i = 0; i < job->parts.count; i++)
        exposure_set_free(job->parts.items[i].narrowed);
    return status;
}

// Who asked each part: as --vantage says, of several parts in their order, or as the prober noted.
static bool find_vantages(struct reconcile_job *job, struct error *error)
{
    const struct option_values *given = options_values(job->options, "vantage");
    size_t count = job->parts.count;
    if (count > 1 && given->items.count > 0 && given->items.count != count)
        return error_set(error, ERROR_USAGE,
                         "--vantage: there are %zu, and the observations of %zu vantages: expected one for each, in "
                         "their order, with its two addresses as IPV4,IPV6 where it has both",
                         (size_t)given->items.count, count);
    if (count == 1)
        GUARD(cli_vantages(job->arena, job->options, &job->parts.items[0].vantages, error));
    for (size_t i = 0; i < count; i++) {
        struct vantage_part *part = &job->parts.items[i];
        if (count > 1 && given->items.count > 0)
            GUARD(vantages_read(job->arena, given->items.items[i], &part->vantages, error));
        GUARD(part->vantages.items.count > 0 ||
              vantages_observed(job->arena, &part->observations, &part->vantages, error));
    }
    return true;
}

static int reconcile_outside(struct reconcile_job *job, const char *folder)
{
    struct declared declared = {0};
    struct error error = {0};
    if (!find_vantages(job, &error) || !declared_read(folder, &declared, &error))
        return cli_fail(&error);
    int status = judge_all(job, &declared);
    declared_free(&declared);
    return status;
}

static int reconcile_inside(struct reconcile_job *job, const char *folder)
{
    struct cli_inside inside;
    struct error error = {0};
    struct vantage_part *part = &job->parts.items[0];
    if (options_values(job->options, "vantage")->items.count > 0)
        return cli_usage(&command_reconcile,
                         "--vantage-interface says from where was asked: no --vantage goes with it");
    if (job->parts.count > 1)
        return cli_usage(&command_reconcile, "--vantage-interface: expected the observations of that interface alone");
    if (!cli_inside(job->options, folder, &inside, &error))
        return cli_fail(&error);
    job->inside = inside.view;
    outside_heard_list heard = {0};
    outside_places_observed(job->arena, inside.view, &part->observations);
    outside_places_doubt(inside.declared.exposures, &heard, &part->observations);
    vantages_of_interface(job->arena, inside.asker, &part->observations, &part->vantages);
    int status = judge_all(job, &inside.declared);
    cli_inside_free(&inside);
    return status;
}

static bool read_parts(struct reconcile_job *job, const text_list *files, struct error *error)
{
    for (size_t i = 0; i < files->count; i++) {
        struct observations one = {0};
        GUARD(observations_read_vantages(job->arena, files->items[i], &one, error) &&
              vantage_parts_add(job->arena, &job->parts, files->items[i], &one, error));
        job->title = i == 0 ? files->items[i] : arena_printf(job->arena, "%s, %s", job->title, files->items[i]);
    }
    return true;
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
    text_list files = {0};
    const struct option_values *named = options_values(&options, "observations");
    for (size_t i = 1; i < options.operands.count; i++)
        *vector_add(arena, &files) = options.operands.items[i];
    for (size_t i = 0; i < named->items.count; i++)
        *vector_add(arena, &files) = named->items.items[i];
    if (options.operands.count == 0 || files.count == 0)
        return cli_usage(&command_reconcile, "expected a snapshot folder and a file of observations");
    for (size_t i = 0; i < files.count; i++)
        if (!file_kind_may_be(files.items[i], "observations", "observations", &error))
            return cli_fail(&error);
    job.format = cli_format(&options);
    if (!cli_date(arena, &options, &job.date, &error) || !cli_fail_on(arena, &options, &job.fail_on, &error) ||
        !judges_no_control(&job.fail_on, &error) || !cli_intent(arena, &options, &job.intent, &error) ||
        !cli_baseline_read(arena, &options, &job.baseline, &error) || !read_parts(&job, &files, &error))
        return cli_fail(&error);
    if (job.parts.count > 1 && job.baseline != NULL)
        return cli_usage(&command_reconcile, "--baseline: expected the observations of one vantage");
    const char *folder = options.operands.items[0];
    return options_value(&options, "vantage-interface") != NULL ? reconcile_inside(&job, folder)
                                                                : reconcile_outside(&job, folder);
}

const struct command command_reconcile = {
    .name = "reconcile",
    .summary = "Reconciles what is declared with what was observed: verdicts and findings.",
    .usage = "SNAPSHOT OBSERVATIONS... [--vantage ADDRESS | --vantage-interface ENI] [--intent FILE]",
    .notes =
        "Without --vantage the source addresses that the prober noted are used. Of several files, or what `merge` "
        "made of several vantages, each is judged by its own vantage (--vantage once for each, in their order), and "
        "what answers one and not another is a finding of its own.\n"
        "With --vantage-interface what was asked from inside is judged: by what that interface reaches at private "
        "addresses, and by the intent's rules with\n"
        "`from` and `to`; what left from another address than its own is unverified. Exit status: 0 nothing at or "
        "above\n"
        "--fail-on; 1 findings; 2 bad input; 3 incomplete; 4 incomplete, and findings too.\n"
        "\nExamples:\n"
        "  sgproof reconcile estate/ observations.jsonl --intent intent.json\n"
        "  sgproof reconcile estate/ observations.jsonl --vantage 203.0.113.7 --format json -o verdicts.json\n"
        "  sgproof reconcile estate/ from-paris.jsonl from-tokyo.jsonl\n",
    .options = options_of_reconcile,
    .run = run,
};
