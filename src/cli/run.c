#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "aws/snapshot.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/aws.h"
#include "cli/derive.h"
#include "cli/past.h"
#include "cli/vouch.h"
#include "config.h"
#include "net/sockaddr.h"
#include "report/report.h"

static const struct option_spec options_of_run[] = {
    {"snapshot", 0, "DIR", "the configuration: a folder of describe-* documents (default: read AWS, before and after)",
     false},
    OPTIONS_AWS,
    {"out", 0, "DIR", "the evidence folder to make (default sgproof-run-TIME)", false},
    OPTION_FORMAT("text or json, of what is printed (default text)"),
    OPTION_VANTAGE,
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

struct job {
    struct arena *arena;
    const struct options *options;
    const char *snapshot; // --snapshot, or NULL: AWS is read
    const char *passing;  // folder for what passes: live readings and the capture
    struct pack_list packs;
    struct derivation derivation;
    struct past past;
    struct bundle *bundle;
    long tries;
    long timeout_ms;
    char manifest_sha256[DIGEST_TEXT];
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

// Reads AWS into a passing folder. Without a live reading, the snapshot is read again.
static bool read_configuration(struct job *job, const char *name, const char **folder, struct error *error)
{
    struct collected collected;
    *folder = job->snapshot;
    if (job->snapshot != NULL)
        return true;
    *folder = arena_printf(job->arena, "%s/%s", job->passing, name);
    return cli_collect(job->arena, job->options, *folder, strcmp(name, "after") == 0, &collected, error);
}

static bool copy_snapshot(struct job *job, const char *from, const char *into, struct error *error)
{
    struct snapshot_files files = {0};
    if (!bundle_folder(job->bundle, into, error) || !snapshot_list(job->arena, from, &files, error))
        return false;
    for (size_t i = 0; i < files.unread.count; i++)
        log_line(LOG_WARNING, "%s/%s %s", from, files.unread.items[i].file, files.unread.items[i].why);
    for (size_t i = 0; i < files.left_out.count; i++)
        log_line(LOG_INFO, "%s/%s %s", from, files.left_out.items[i].file, files.left_out.items[i].why);
    for (size_t i = 0; i < files.paths.count; i++)
        if (!bundle_copy(job->bundle, arena_printf(job->arena, "%s/%s", into, files.paths.items[i]),
                         arena_printf(job->arena, "%s/%s", from, files.paths.items[i]), error))
            return false;
    return true;
}

static bool add_text(struct job *job, const char *path, const struct text *text, struct error *error)
{
    return bundle_add(job->bundle, path, text->bytes == NULL ? "" : text->bytes, text->length, error);
}

static bool probe_stage(struct job *job, struct error *error)
{
    struct probe_options probe;
    struct probe_summary summary;
    struct observations observations = {0};
    struct text observed = {0};
    const struct derivation *derivation = &job->derivation;
    GUARD(cli_probe_options(job->arena, job->options, &probe, error));
    job->tries = probe.tries;
    job->timeout_ms = probe.timeout_ms;
    // The scope lock, before anything is written or sent: the plan holds addresses of the snapshot only.
    for (size_t i = 0; i < derivation->plan.targets.count; i++)
        if (exposure_endpoint_at(derivation->before.exposures, prefix_of(derivation->plan.targets.items[i].address)) ==
            NULL)
            return error_set(error, ERROR_USAGE,
                             "the plan holds an address that the snapshot does not: nothing was sent");
    log_line(LOG_INFO, "probing %u endpoints", derivation->narrowed->endpoints.count);
    probe.capture = arena_printf(job->arena, "%s/capture.pcap", job->passing);
    probe.capture_optional = true;
    GUARD(probe_run(job->arena, &derivation->plan, &probe, &observations, &summary, error));
    cli_say_probed(&summary);
    for (size_t i = 0; i < observations.items.count; i++)
        observation_write(&observations.items.items[i], &observed);
    probe_summary_write(&summary, &observed);
    bool good = add_text(job, "observations.jsonl", &observed, error) &&
                (access(probe.capture, F_OK) != 0 || bundle_copy(job->bundle, "capture.pcap", probe.capture, error));
    text_free(&observed);
    return good;
}

static bool write_report(struct job *job, const struct manifest *manifest, struct error *error)
{
    struct text html = {0};
    const struct report_run run = {
        .title = manifest->title,
        .set = &job->derivation.set,
        .controls = &job->derivation.controls,
        .manifest = manifest,
        .observations = &job->derivation.observations,
        .runs = &job->past.runs,
        .drift = &job->past.drift,
    };
    report_html(&run, &(struct report_options){0}, &html);
    bool good = add_text(job, "report.html", &html, error);
    text_free(&html);
    return good;
}

// Everything is derived from what is in the bundle by then, so that an audit can derive it again.
static bool fill_bundle(struct job *job, struct error *error)
{
    struct derivation *derivation = &job->derivation;
    struct derivation_given *given = &derivation->given;
    const char *before, *after;
    GUARD(given->intent == NULL || bundle_copy(job->bundle, "intent.json", given->intent, error));
    GUARD(read_configuration(job, "before", &before, error) && copy_snapshot(job, before, "before", error));
    given->before = bundle_path(job->bundle, "before");
    GUARD(derive_exposure(derivation, error));
    if (given->vantages.items.count == 0) {
        GUARD(cli_own_vantages(job->arena, derivation->before.exposures, &given->vantages, error));
        const char *text = cli_vantages_text(job->arena, &given->vantages);
        if (text != NULL)
            log_line(LOG_INFO, "vantage: %s, this machine's own address; behind NAT, give --vantage", text);
    }
    GUARD(derive_plan(derivation, error));
    GUARD(add_text(job, "exposure.json", &derivation->exposure_json, error));
    GUARD(add_text(job, "plan.jsonl", &derivation->plan_jsonl, error));
    GUARD(probe_stage(job, error));
    GUARD(read_configuration(job, "after", &after, error) && copy_snapshot(job, after, "after", error));
    given->after = bundle_path(job->bundle, "after");
    given->observations = bundle_path(job->bundle, "observations.jsonl");
    GUARD(derive_verdicts(derivation, error));
    GUARD(add_text(job, "verdicts.json", &derivation->verdicts_json, error));
    for (size_t i = 0; i < job->packs.items.count; i++) {
        const struct pack_source *source = &job->packs.items.items[i];
        const char *path = arena_printf(job->arena, "packs/%s.json", source->pack->id);
        GUARD(bundle_add(job->bundle, path, source->bytes, source->length, error));
        *vector_add(job->arena, &given->packs) = bundle_path(job->bundle, path);
    }
    GUARD(derive_controls(derivation, error));
    return add_text(job, "controls.json", &derivation->controls_json, error);
}

static bool close_bundle(struct job *job, struct manifest *manifest, EVP_PKEY *key, struct error *error)
{
    const struct verdict_set *set = &job->derivation.set;
    struct text document = {0};
    manifest->complete = set->complete;
    manifest->tries = job->tries;
    manifest->timeout_ms = job->timeout_ms;
    manifest->vantage = set->vantage;
    for (size_t i = 0; i < job->derivation.given.vantages.items.count; i++)
        *vector_add(job->arena, &manifest->vantages) =
            cli_vantage_text(job->arena, &job->derivation.given.vantages.items.items[i]);
    for (size_t i = 0; i < job->packs.items.count; i++)
        *vector_add(job->arena, &manifest->packs) =
            arena_printf(job->arena, "packs/%s.json", job->packs.items.items[i].pack->id);
    for (size_t i = 0; i < set->items.count; i++) {
        const struct verdict *verdict = &set->items.items[i];
        size_t ports = (size_t)(verdict->high - verdict->low) + 1;
        manifest->ports_by_verdict[verdict->kind] += ports;
        manifest->ports_by_severity[verdict->severity] += ports;
    }
    bool good = bundle_close(job->bundle, manifest, &document, error) &&
                vouch_for(job->bundle, job->options, manifest, &document, key, error) &&
                bundle_finish(job->bundle, error);
    digest_sha256(document.bytes, document.length, job->manifest_sha256);
    text_free(&document);
    return good;
}

static bool look_back(struct job *job, const char **previous, struct error *error)
{
    GUARD(past_compare(&job->past, job->options, job->derivation.before.exposures, &job->derivation.set, error));
    const struct history_run *last = past_last(&job->past);
    return vouch_previous(job->arena, job->options, last == NULL ? NULL : last->manifest_sha256, previous, error);
}

// The bundle is in its place by now, and stays there where this fails.
static bool remember(struct job *job, const struct manifest *manifest, const char *out, struct error *error)
{
    char *path = realpath(out, NULL);
    struct history_run run = {
        .run_id = manifest->run_id,
        .series = job->past.series,
        .begin = manifest->begin,
        .end = manifest->end,
        .complete = manifest->complete,
        .vantage = manifest->vantage,
        .bundle = path == NULL ? out : path,
        .manifest_sha256 = job->manifest_sha256,
    };
    history_count(&job->derivation.set, &run);
    bool good = job->past.history == NULL || history_record(job->past.history, &run, &job->derivation.set, error);
    free(path);
    return good;
}

static bool all_stages(struct job *job, int argc, char **argv, const char *out, EVP_PKEY *key, struct error *error)
{
    struct derivation_given *given = &job->derivation.given;
    struct manifest manifest = {.tool_version = SGPROOF_VERSION,
                                .begin = clock_text(job->arena, clock_wall_us()),
                                .depth = given->depth == NULL ? "standard" : given->depth,
                                .judged_on = given->today};
    for (int i = 0; i < argc; i++)
        *vector_add(job->arena, &manifest.command) = vouch_argument(job->arena, argv[i]);
    GUARD(derive_intent(&job->derivation, error) && past_open(&job->past, job->arena, job->options, error));
    manifest.title = job->derivation.intent != NULL ? job->derivation.intent->platform
                     : job->snapshot == NULL        ? out
                                                    : job->snapshot;
    job->bundle = bundle_begin(job->arena, out, error);
    if (job->bundle == NULL)
        return false;
    bool good = fill_bundle(job, error) && look_back(job, &manifest.previous, error);
    manifest.end = clock_text(job->arena, clock_wall_us());
    good = good && write_report(job, &manifest, error) && close_bundle(job, &manifest, key, error);
    if (!good)
        bundle_abandon(job->bundle);
    return good && remember(job, &manifest, out, error);
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct job job = {.arena = arena, .options = &options, .derivation = {.arena = arena}};
    struct derivation_given *given = &job.derivation.given;
    EVP_PKEY *key;
    struct verdict_set fresh;
    struct fail_on fail_on;
    const char *format;
    bool done;
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
    if (!cli_format(&options, "text json", &format, &error) || !cli_fail_on(arena, &options, &fail_on, &error) ||
        !cli_vantages(arena, &options, &given->vantages, &error) || !cli_packs(arena, &options, &job.packs, &error) ||
        !vouch_key(&options, &key, &error))
        return cli_fail(&error);
    given->intent = options_value(&options, "intent");
    given->depth = options_value(&options, "depth");
    given->today = now(arena, "%Y-%m-%d");
    const char *parent = getenv("TMPDIR");
    job.passing = mkdtemp(arena_printf(arena, "%s/sgproof-XXXXXX", parent == NULL ? "/tmp" : parent));
    if (job.passing == NULL) {
        error_set(&error, ERROR_INCOMPLETE, "no passing folder can be made in %s", parent == NULL ? "/tmp" : parent);
        return cli_fail(&error);
    }
    int status;
    if (!all_stages(&job, argc, argv, out, key, &error) ||
        !cli_baseline(arena, &options, &job.derivation.set, &fresh, &error)) {
        status = cli_fail(&error);
    } else {
        struct text text = {0};
        if (strcmp(format, "json") == 0)
            verdicts_write_json(&fresh, &text);
        else
            report_text(&(struct report_run){.title = out,
                                             .set = &fresh,
                                             .controls = &job.derivation.controls,
                                             .observations = &job.derivation.observations,
                                             .runs = &job.past.runs,
                                             .drift = &job.past.drift},
                        &(struct report_options){.colour = cli_colour(&options)}, &text);
        cli_say_missing(job.derivation.before.exposures);
        log_line(LOG_INFO, "evidence: %s, report: %s/report.html", out, out);
        status = cli_status(&fresh, &job.derivation.controls, &fail_on);
        if (!cli_is_silent(&options, format, status) && !cli_output(&options, &text, &error))
            status = cli_fail(&error);
        text_free(&text);
    }
    file_remove_tree(job.passing);
    key_free(key);
    past_close(&job.past);
    derive_free(&job.derivation);
    return status;
}

const struct command command_run = {
    .name = "run",
    .summary =
        "Does it all: reads AWS or a snapshot, computes, plans, probes, reads again, reconciles; one evidence folder.",
    .usage = "[--snapshot DIR] [--out DIR] [--vantage ADDRESS] [--intent FILE] [--only CIDR]",
    .notes = "Exit status: 0 nothing at or above --fail-on; 1 findings; 2 bad input, nothing was done; 3 incomplete;\n"
             "4 incomplete, and findings too. With -q nothing is printed where it is 0.\n"
             "The evidence folder appears whole or not at all.\n"
             "\nExamples:\n"
             "  sgproof run --region eu-west-3 --profile audit --intent intent.json --out evidence/\n"
             "  sgproof run --snapshot estate/ --intent intent.json --out evidence/\n"
             "  sgproof run --snapshot estate/ --vantage 203.0.113.7 --only 198.51.100.0/24 --depth full\n",
    .options = options_of_run,
    .run = run,
};
