#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "aws/snapshot.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/aws.h"
#include "config.h"
#include "evidence/bundle.h"
#include "net/sockaddr.h"
#include "reconcile/reconcile.h"
#include "report/report.h"
#include "rules/judge.h"

static const struct option_spec options_of_run[] = {
    {"snapshot", 0, "DIR", "the configuration: a folder of describe-* documents (default: read AWS, before and after)",
     false},
    OPTIONS_AWS,
    {"out", 0, "DIR", "the evidence folder to make (default sgproof-run-TIME)", false},
    OPTION_FORMAT("text or json, of what is printed (default text)"),
    OPTION_VANTAGE,
    OPTION_INTENT,
    OPTION_DEPTH,
    OPTION_ONLY,
    OPTIONS_PROBE,
    OPTION_FAIL_ON,
    OPTIONS_END,
};

struct job {
    struct arena *arena;
    const struct options *options;
    const char *snapshot; // folder of the reading before the probe, and of the one after it
    const char *snapshot_after;
    const char *passing; // folder for what passes: live readings and the capture
    struct declared before;
    struct declared after;
    struct exposure_set *narrowed;
    struct vantage_list vantages;
    struct intent *intent;
    struct plan plan;
    struct observations observations;
    struct probe_summary summary;
    struct verdict_set set;
    struct bundle *bundle;
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

// Without --vantage: the source addresses that this machine would use towards the endpoints.
static void detect_vantages(struct job *job)
{
    bool have[2] = {false, false};
    for (size_t i = 0; i < job->before.exposures->endpoints.count; i++) {
        struct prefix endpoint = job->before.exposures->endpoints.items[i].address;
        struct address to = {.family = endpoint.family, .bits = endpoint.first}, own;
        if (have[to.family == FAMILY_IPV6] || !sockaddr_source(to, &own))
            continue;
        *vector_add(job->arena, &job->vantages.items) = (struct vantage){own, portset_all};
        have[to.family == FAMILY_IPV6] = true;
    }
    const char *text = cli_vantages_text(job->arena, &job->vantages);
    if (text != NULL)
        log_line(LOG_INFO, "vantage: %s, this machine's own address; behind NAT, give --vantage", text);
}

// Reads AWS into a passing folder. Without a live reading, the snapshot is read again.
static bool read_live(struct job *job, const char *name, const char **folder, struct error *error)
{
    struct collected collected;
    if (options_value(job->options, "snapshot") != NULL) {
        *folder = job->snapshot;
        return true;
    }
    *folder = arena_printf(job->arena, "%s/%s", job->passing, name);
    return cli_collect(job->arena, job->options, *folder, strcmp(name, "after") == 0, &collected, error);
}

static bool copy_snapshot(struct job *job, const char *from, const char *into, struct error *error)
{
    struct snapshot_files files = {0};
    if (!bundle_folder(job->bundle, into, error) || !snapshot_list(job->arena, from, &files, error))
        return false;
    for (size_t i = 0; i < files.paths.count; i++)
        if (!bundle_copy(job->bundle, arena_printf(job->arena, "%s/%s", into, files.paths.items[i]),
                         arena_printf(job->arena, "%s/%s", from, files.paths.items[i]), error))
            return false;
    return true;
}

static bool add_text(struct job *job, const char *path, struct text *text, struct error *error)
{
    bool good = bundle_add(job->bundle, path, text->bytes == NULL ? "" : text->bytes, text->length, error);
    text_free(text);
    return good;
}

static bool probe_stage(struct job *job, struct error *error)
{
    struct probe_options probe;
    struct text plan = {0}, observed = {0};
    if (!cli_probe_options(job->arena, job->options, &probe, error) ||
        !cli_plan(job->arena, job->options, &job->before, job->narrowed, job->intent, &job->vantages, &job->plan,
                  &job->set, error))
        return false;
    // The scope lock, before anything is written or sent: the plan holds addresses of the snapshot only.
    for (size_t i = 0; i < job->plan.targets.count; i++)
        if (exposure_endpoint(job->before.exposures, job->plan.targets.items[i].address) == NULL)
            return error_set(error, ERROR_USAGE,
                             "the plan holds an address that the snapshot does not: nothing was sent");
    plan_write(&job->plan, &plan);
    if (!add_text(job, "plan.jsonl", &plan, error))
        return false;
    log_line(LOG_INFO, "probing %u endpoints", job->narrowed->endpoints.count);
    probe.capture = arena_printf(job->arena, "%s/capture.pcap", job->passing);
    probe.capture_optional = true;
    if (!probe_run(job->arena, &job->plan, &probe, &job->observations, &job->summary, error))
        return false;
    cli_say_probed(&job->summary);
    if (access(probe.capture, F_OK) == 0 && !bundle_copy(job->bundle, "capture.pcap", probe.capture, error))
        return false;
    for (size_t i = 0; i < job->observations.items.count; i++) {
        observation_write(&job->observations.items.items[i], &observed);
        job->observations.items.items[i].line = i + 1;
    }
    probe_summary_write(&job->summary, &observed);
    return add_text(job, "observations.jsonl", &observed, error);
}

static bool judge_stage(struct job *job, const char *title, struct error *error)
{
    struct text exposure = {0}, verdicts = {0}, html = {0};
    job->set.vantage = cli_vantages_text(job->arena, &job->vantages);
    reconcile(job->arena, job->narrowed, &job->observations, &job->set);
    struct exposure_set *after = cli_narrow(job->after.exposures, &job->vantages);
    judge(job->arena, job->before.estate, job->before.exposures,
          &(struct judge_options){job->intent, job->vantages.items.items, job->vantages.items.count,
                                  now(job->arena, "%Y-%m-%d")},
          &job->set);
    reconcile_mark_unstable(&job->set, after);
    exposure_set_free(after);
    exposure_write_json(job->before.exposures, &exposure);
    verdicts_write_json(&job->set, &verdicts);
    report_html(&job->set, &(struct report_options){.title = title}, &html);
    const char *intent = options_value(job->options, "intent");
    return add_text(job, "exposure.json", &exposure, error) && add_text(job, "verdicts.json", &verdicts, error) &&
           (intent == NULL || bundle_copy(job->bundle, "intent.json", intent, error)) &&
           add_text(job, "report.html", &html, error);
}

static bool all_stages(struct job *job, int argc, char **argv, const char *out, struct error *error)
{
    const char *begin = now(job->arena, "%Y-%m-%dT%H:%M:%SZ");
    if (!read_live(job, "before", &job->snapshot, error) || !cli_declared(job->snapshot, &job->before, error))
        return false;
    if (job->vantages.items.count == 0)
        detect_vantages(job);
    job->narrowed = cli_narrow(job->before.exposures, &job->vantages);
    job->bundle = bundle_begin(job->arena, out, error);
    if (job->bundle == NULL)
        return false;
    const char *title = job->intent != NULL                               ? job->intent->platform
                        : options_value(job->options, "snapshot") == NULL ? out
                                                                          : job->snapshot;
    bool good = copy_snapshot(job, job->snapshot, "before", error) && probe_stage(job, error) &&
                read_live(job, "after", &job->snapshot_after, error) &&
                cli_declared(job->snapshot_after, &job->after, error) &&
                copy_snapshot(job, job->snapshot_after, "after", error) && judge_stage(job, title, error) &&
                bundle_finish(job->bundle,
                              &(struct bundle_about){.tool_version = SGPROOF_VERSION,
                                                     .command = (const char *const *)argv,
                                                     .command_count = (size_t)argc,
                                                     .begin = begin,
                                                     .end = now(job->arena, "%Y-%m-%dT%H:%M:%SZ"),
                                                     .verdicts = &job->set},
                              error);
    if (!good)
        bundle_abandon(job->bundle);
    return good;
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct job job = {.arena = arena, .options = &options};
    enum severity least;
    const char *format;
    bool done, off;
    if (!options_parse(arena, &command_run, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    job.snapshot = options_value(&options, "snapshot");
    if (options.operands.count != 0)
        return cli_usage(&command_run, "expected options only");
    const char *out = options_value(&options, "out");
    if (out == NULL)
        out = arena_printf(arena, "sgproof-run-%s", now(arena, "%Y%m%dT%H%M%SZ"));
    if (!cli_format(&options, "text json", &format, &error) || !cli_fail_on(&options, &least, &off, &error) ||
        !cli_vantages(arena, &options, &job.vantages, &error) || !cli_intent(arena, &options, &job.intent, &error))
        return cli_fail(&error);
    const char *parent = getenv("TMPDIR");
    job.passing = mkdtemp(arena_printf(arena, "%s/sgproof-XXXXXX", parent == NULL ? "/tmp" : parent));
    if (job.passing == NULL) {
        error_set(&error, ERROR_INCOMPLETE, "no passing folder can be made in %s", parent == NULL ? "/tmp" : parent);
        return cli_fail(&error);
    }
    int status;
    if (!all_stages(&job, argc, argv, out, &error)) {
        status = cli_fail(&error);
    } else {
        struct text text = {0};
        if (strcmp(format, "json") == 0)
            verdicts_write_json(&job.set, &text);
        else
            report_text(&job.set, &(struct report_options){.colour = cli_colour(&options), .title = out}, &text);
        cli_say_missing(job.before.exposures);
        log_line(LOG_INFO, "evidence: %s, report: %s/report.html", out, out);
        status = cli_output(&options, &text, &error) ? cli_status(&job.set, least, off) : cli_fail(&error);
        text_free(&text);
    }
    file_remove_tree(job.passing);
    exposure_set_free(job.narrowed);
    cli_declared_free(&job.before);
    cli_declared_free(&job.after);
    return status;
}

const struct command command_run = {
    .name = "run",
    .summary =
        "Does it all: reads AWS or a snapshot, computes, plans, probes, reads again, reconciles; one evidence folder.",
    .usage = "[--snapshot DIR] [--out DIR] [--vantage ADDRESS] [--intent FILE] [--only CIDR]",
    .notes = "Exit status: 0 nothing at or above --fail-on; 1 findings; 2 bad input, nothing was done; 3 incomplete, "
             "whatever\n"
             "was found. The evidence folder appears whole or not at all.\n"
             "\nExamples:\n"
             "  sgproof run --region eu-west-3 --profile audit --intent intent.json --out evidence/\n"
             "  sgproof run --snapshot estate/ --intent intent.json --out evidence/\n"
             "  sgproof run --snapshot estate/ --vantage 203.0.113.7 --only 198.51.100.0/24 --depth full\n",
    .options = options_of_run,
    .run = run,
};
