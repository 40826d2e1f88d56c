#include <stdlib.h>
#include <sys/stat.h>

#include "cli/confine.h"
#include "base/file.h"
#include "pipeline/derive_inside.h"
#include "pipeline/evidence_files.h"
#include "pipeline/past.h"
#include "cli/places.h"
#include "evidence/remembered.h"
#include "evidence/tar.h"
#include "report/report.h"
#include "cli/baseline.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "pipeline/file_kind.h"

static const struct option_spec options_of_report[] = {
    OPTION_FORMAT("text|markdown|html|json|csv|sarif|junit|ocsf|asff|metrics|nmap|tar", "of the report (default text)"),
    {"title", 0, "TEXT", "heading of the report (default: the run's)", false},
    OPTION_BASELINE,
    OPTIONS_END,
};

// What there is to report, read again from an evidence folder or from a file of verdicts.
struct source {
    struct arena *arena;
    const char *verdicts;               // the file
    const struct report_format *format; // NULL: the evidence as it is
    bool whole;                         // what it is compared with needs all verdicts, whatever the format does
    struct verdict_set all;
    struct verdict_set fresh;
    struct control_report controls;
    struct manifest manifest;
    struct observations observations;
    struct report_heard heard;
    run_records runs;
    struct verdict_set last_seen;
    drift_list drift;
    report_inside_rows inside;
    struct report_run run;
    struct drift_known known; // in the baseline too
    struct error failed;      // to read the verdicts while they were written
};

static void keep_shown(void *context, const struct verdict *verdict)
{
    struct source *source = context;
    struct verdicts_left_out *left_out = &source->all.left_out;
    if (left_out->account_id == NULL && report_is_account(verdict->account_id))
        left_out->account_id = verdict->account_id;
    left_out->region = left_out->region == NULL ? verdict->region : left_out->region;
    if (report_is_shown(verdict)) {
        verdicts_keep(source->arena, &source->all, verdict);
        return;
    }
    left_out->count++;
    left_out->ports[verdict->kind] += (size_t)(verdict->high - verdict->low) + 1;
    left_out->silent = left_out->silent || verdict->observed == OBSERVED_FILTERED;
}

static void read_each(void *context, verdict_taker *take, void *taker)
{
    struct source *source = context;
    verdicts_read_each(source->arena, source->verdicts, take, taker, &source->all, &source->failed);
}

// As many verdicts as the format looks at; those that it takes one by one are not read yet.
static bool read_verdicts(struct source *source, struct error *error)
{
    enum report_verdicts wanted = source->format == NULL || source->whole ? REPORT_ALL : source->format->verdicts;
    if (wanted == REPORT_ALL)
        return verdicts_read(source->arena, source->verdicts, &source->all, error);
    if (wanted == REPORT_SHOWN)
        return verdicts_read_each(source->arena, source->verdicts, keep_shown, source, &source->all, error);
    source->run.each = read_each;
    source->run.source = source;
    return true;
}

// The runs before it, and what has changed since the last of them.
static bool read_past(struct arena *arena, const char *folder, struct source *source, struct error *error)
{
    const struct manifest *manifest = &source->manifest;
    if (manifest_file(manifest, REMEMBERED_RUNS) == NULL)
        return true;
    GUARD(manifest_holds(arena, manifest, folder, REMEMBERED_RUNS, error) &&
          manifest_holds(arena, manifest, folder, REMEMBERED_VERDICTS, error));
    GUARD(past_of_evidence(arena, folder, &source->all, &source->runs, &source->last_seen, &source->drift, error));
    source->run.runs = &source->runs;
    source->run.drift = &source->drift;
    return true;
}

static bool read_observations(struct source *source, const char *file, struct error *error)
{
    enum report_observations wanted = source->format == NULL ? REPORT_NONE : source->format->observations;
    if (wanted == REPORT_NONE)
        return true;
    source->run.observations = &source->observations;
    if (wanted == REPORT_EVERY)
        return observations_read(source->arena, file, &source->observations, error);
    source->run.heard = &source->heard;
    return observations_read_each(source->arena, file, report_hear, &source->heard, &source->observations, error);
}

// What a file of the evidence is read for must be what was sealed.
static bool read_evidence(struct arena *arena, const char *folder, struct source *source, struct error *error)
{
    const struct manifest *manifest = &source->manifest;
    const char *controls = arena_printf(arena, "%s/controls.json", folder);
    const char *observations = arena_printf(arena, "%s/observations.jsonl", folder);
    GUARD(evidence_manifest(arena, folder, &source->manifest, error));
    GUARD(manifest_holds(arena, manifest, folder, "verdicts.json", error) &&
          manifest_holds(arena, manifest, folder, "observations.jsonl", error));
    source->verdicts = arena_printf(arena, "%s/verdicts.json", folder);
    source->whole = source->whole || manifest_file(manifest, REMEMBERED_RUNS) != NULL;
    GUARD(read_verdicts(source, error));
    GUARD(read_observations(source, observations, error));
    source->run.manifest = &source->manifest;
    source->run.title = source->manifest.claims.title;
    GUARD(read_past(arena, folder, source, error));
    if (source->format != NULL && source->format->inside) {
        GUARD(derive_inside_rows_again(arena, folder, manifest, &source->inside, error));
        source->run.inside = source->inside.count == 0 ? NULL : &source->inside;
    }
    if (manifest_file(manifest, "controls.json") == NULL)
        return true;
    source->run.controls = &source->controls;
    return manifest_holds(arena, manifest, folder, "controls.json", error) &&
           controls_read(arena, controls, &source->controls, error);
}

// Reads what `format` needs, with all that it may be compared with.
static bool read_source(struct arena *arena, const struct options *options, struct source *source, struct error *error)
{
    const char *path = options->operands.items[0], *title = options_value(options, "title");
    struct stat about;
    bool folder = stat(path, &about) == 0 && S_ISDIR(about.st_mode);
    const struct verdict_set *baseline;
    source->run.title = source->verdicts = path;
    source->whole = options_value(options, "baseline") != NULL;
    GUARD(folder || file_kind_may_be(path, "verdicts", "an evidence folder, or verdicts", error));
    GUARD(folder ? read_evidence(arena, path, source, error) : read_verdicts(source, error));
    GUARD(cli_baseline_read(arena, options, &baseline, error));
    source->fresh = cli_baseline_fresh(arena, &source->all, baseline, &source->known);
    source->run.set = source->run.each == NULL ? &source->fresh : &source->all; // which is read only then
    source->run.title = title != NULL ? title : source->run.title;
    return true;
}

// Straight into the output: a capture is of any size.
static bool write_tar(struct arena *arena, const struct options *options, const struct source *source,
                      struct error *error)
{
    struct output output;
    struct text out;
    place_keep_private(); // it is evidence
    GUARD(cli_output_begin(options, &output, &out, error));
    if (tar_write(arena, options->operands.items[0], arena_printf(arena, "sgproof-%s", source->manifest.run_id),
                  &source->manifest, &out, error))
        return cli_output_end(&output, &out, error);
    cli_output_abandon(&output, &out);
    return false;
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct source source = {.arena = arena};
    struct text out = {0};
    bool done;
    if (!cli_options(arena, &command_report, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    if (options.operands.count != 1)
        return cli_usage(&command_report, "expected one evidence folder or verdicts.json");
    const char *name = cli_format(&options);
    const struct report_format *format = report_format_named(name); // NULL: tar
    bool tar = format == NULL;
    source.format = format;
    if (!read_source(arena, &options, &source, &error))
        return cli_fail(&error);
    if (source.run.manifest == NULL && (tar || format->needs_evidence))
        return cli_usage(&command_report, "this format needs an evidence folder");
    bool good;
    struct output output;
    if (tar) {
        good = write_tar(arena, &options, &source, &error);
    } else if (!cli_output_begin(&options, &output, &out, &error)) {
        good = false;
    } else {
        format->write(&source.run, &(struct report_options){.colour = cli_colour(&options)}, &out);
        if (strcmp(format->name, "text") == 0) {
            report_inside_text(&source.inside, &out);
            text_puts(&out, cli_still_wrong(arena, &source.known));
        }
        good = source.failed.code == 0;
        if (!good) {
            error = source.failed;
            cli_output_abandon(&output, &out);
        } else {
            good = cli_output_end(&output, &out, &error);
        }
    }
    return !good ? cli_fail(&error) : source.all.complete ? 0 : ERROR_INCOMPLETE;
}

const struct command command_report = {
    .name = "report",
    .summary = "Writes a run's verdicts and controls for people or programs.",
    .usage = "EVIDENCE-FOLDER|VERDICTS.json [--format FORMAT]",
    .notes =
        "ocsf is OCSF 1.5.0; each line of asff is the input of one BatchImportFindings; tar is the evidence as one\n"
        "file, the same bytes each time.\n"
        "\nExamples:\n"
        "  sgproof report evidence/\n"
        "  sgproof report evidence/ --format html -o report.html\n"
        "  sgproof report evidence/ --format sarif -o sgproof.sarif\n",
    .options = options_of_report,
    .run = run,
};
