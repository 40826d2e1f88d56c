#include <stdlib.h>

#include "base/file.h"
#include "base/printable.h"
#include "cli/derive.h"
#include "config.h"
#include "evidence/check.h"
#include "model/protocol.h"

static const struct option_spec options_of_verify[] = {
    OPTION_FORMAT("text or json (default text)"),
    {"key", 0, "PUBLIC.pem", "public key that must have signed each bundle", false},
    {"tsa-ca", 0, "FILE", "CA certificates (PEM) of the timestamp authority", false},
    OPTIONS_END,
};

struct derived_file {
    const char *path;
    const struct text *text;
    const char *step; // without which it is not there; NULL: it always is
};

static bool listed(const struct manifest *manifest, const char *path)
{
    for (size_t i = 0; i < manifest->files.count; i++)
        if (strcmp(manifest->files.items[i].path, path) == 0)
            return true;
    return false;
}

// Derives everything from the snapshots and observations and compares, byte for byte.
static bool derive(struct derivation *derivation, const struct checked_bundle *bundle, struct error *error)
{
    struct arena *arena = derivation->arena;
    const struct manifest *manifest = &bundle->manifest;
    struct derivation_given *given = &derivation->given;
    given->before = arena_printf(arena, "%s/before", bundle->folder);
    given->failed = manifest->failed;
    if (failed_step_why(&manifest->failed, STEP_SECOND_READING) == NULL)
        given->after = arena_printf(arena, "%s/after", bundle->folder);
    given->observations = arena_printf(arena, "%s/observations.jsonl", bundle->folder);
    given->intent = listed(manifest, "intent.json") ? arena_printf(arena, "%s/intent.json", bundle->folder) : NULL;
    given->depth = manifest->depth;
    given->today = manifest->judged_on;
    for (size_t i = 0; i < manifest->packs.count; i++) {
        if (!listed(manifest, manifest->packs.items[i]))
            return error_set(error, ERROR_USAGE, "%s: is no file of the manifest", manifest->packs.items[i]);
        *vector_add(arena, &given->packs) = arena_printf(arena, "%s/%s", bundle->folder, manifest->packs.items[i]);
    }
    for (size_t i = 0; i < manifest->vantages.count; i++) {
        struct vantage *vantage = vector_add(arena, &given->vantages.items);
        GUARD(cli_vantage(arena, manifest->vantages.items[i], vantage, error));
        if (manifest->vantages_learnt.count > 0)
            vantage->learnt = manifest->vantages_learnt.items[i];
    }
    given->canaries = manifest->canaries;
    given->speed = (struct probe_speed){manifest->rate, manifest->host_rate, manifest->tries, manifest->timeout_ms};
    GUARD(derive_intent(derivation, error) && derive_exposure(derivation, error) && derive_plan(derivation, error));
    GUARD(given->after == NULL || derive_after(derivation, error));
    GUARD(derive_verdicts(derivation, error) && derive_controls(derivation, error));
    derive_failures(derivation);
    return true;
}

static void compare(struct checks *checks, const struct checked_bundle *bundle, const struct derivation *derivation)
{
    const struct derived_file files[] = {
        {"exposure.json", &derivation->exposure_json, NULL},
        {"plan.jsonl", &derivation->plan_jsonl, NULL},
        {"verdicts.json", &derivation->verdicts_json, STEP_VERDICTS},
        {"controls.json", &derivation->controls_json, STEP_CONTROLS},
    };
    size_t count = sizeof(files) / sizeof(files[0]);
    const char *absent = NULL;
    for (size_t i = 0; i < count; i++) {
        struct error error = {0};
        size_t length;
        if (files[i].step != NULL && failed_step_why(&bundle->manifest.failed, files[i].step) != NULL &&
            !listed(&bundle->manifest, files[i].path)) {
            absent = absent == NULL ? files[i].path : arena_printf(checks->arena, "%s, %s", absent, files[i].path);
            continue;
        }
        char *there = file_read(arena_printf(checks->arena, "%s/%s", bundle->folder, files[i].path), &length, &error);
        const char *differs = there == NULL ? arena_printf(checks->arena, "%s: is missing", files[i].path)
                                            : check_difference(checks->arena, files[i].path, there, length,
                                                               files[i].text->bytes, files[i].text->length);
        free(there);
        if (differs == NULL)
            continue;
        bool other = strcmp(bundle->manifest.tool_version, SGPROOF_VERSION) != 0;
        check_add(checks, "derivation", CHECK_WRONG, "%s does not follow from the snapshots and observations%s%s%s",
                  differs, other ? " (made by version " : "", other ? bundle->manifest.tool_version : "",
                  other ? ", this is " SGPROOF_VERSION ")" : "");
        return;
    }
    if (absent == NULL)
        check_add(checks, "derivation", CHECK_GOOD, "exposure, plan, verdicts and controls follow, byte for byte");
    else
        check_add(checks, "derivation", CHECK_NOT_DONE,
                  "%s: not there, for the run could not write it; the rest follows", absent);
}

// ---- Do the observations follow from the packets?

static int by_port(const void *left, const void *right)
{
    const struct observation *a = left, *b = right;
    int order = place_compare(a->address, a->protocol, b->address, b->protocol);
    return order != 0 ? order : a->high < b->low ? -1 : a->low > b->high ? 1 : 0;
}

// The first port whose state the capture does not give, as text; NULL where there is none. What could not be asked is
// left out.
static const char *unfounded(struct arena *arena, const struct observations *told, const struct observations *replayed)
{
    for (size_t i = 0; i < told->items.count; i++) {
        struct observation one = told->items.items[i];
        for (uint32_t port = told->items.items[i].low; port <= told->items.items[i].high; port++) {
            one.low = one.high = (uint16_t)port;
            const struct observation *seen = replayed->items.count == 0
                                                 ? NULL
                                                 : bsearch(&one, replayed->items.items, replayed->items.count,
                                                           sizeof(*replayed->items.items), by_port);
            if (one.state != OBSERVED_UNKNOWN && (seen == NULL || seen->state != one.state)) {
                char address[ADDRESS_TEXT];
                address_format(one.address, address);
                return arena_printf(arena, "observations.jsonl: line %zu: %s %s %u is %s, the packets say %s", one.line,
                                    address, protocol_name(arena, one.protocol), port, observed_names[one.state],
                                    seen == NULL ? "nothing" : observed_names[seen->state]);
            }
        }
    }
    return NULL;
}

static void check_capture(struct checks *checks, const struct checked_bundle *bundle)
{
    struct arena *arena = checks->arena;
    struct error error = {0};
    struct plan plan = {0};
    struct probe_summary summary;
    struct observations told = {0}, replayed = {0};
    const char *path = arena_printf(arena, "%s/plan.jsonl", bundle->folder);
    size_t length;
    if (!listed(&bundle->manifest, "capture.pcap")) {
        check_add(checks, "capture", CHECK_ABSENT, "no packets were kept");
        return;
    }
    char *text = file_read(path, &length, &error);
    bool good = text != NULL && plan_read(arena, path, text, length, &plan, &error) &&
                observations_read(arena, arena_printf(arena, "%s/observations.jsonl", bundle->folder), &told, &error) &&
                probe_replay(arena, &plan, arena_printf(arena, "%s/capture.pcap", bundle->folder),
                             bundle->manifest.tries, bundle->manifest.timeout_ms, &replayed, &summary, &error);
    free(text);
    const char *wrong = good ? unfounded(arena, &told, &replayed) : error.message;
    if (wrong == NULL)
        check_add(checks, "capture", CHECK_GOOD, "every state observed follows from the packets");
    else
        check_add(checks, "capture", CHECK_WRONG, "%s", wrong);
}

// What the run itself says that it could not do: what is there may hold all the same.
static void check_steps(struct checks *checks, const struct checked_bundle *bundle)
{
    const failed_steps *failed = &bundle->manifest.failed;
    const char *text = "";
    for (size_t i = 0; i < failed->count; i++)
        text = arena_printf(checks->arena, "%s%s%s (%s)", text, i > 0 ? ", " : "", failed->items[i].step,
                            failed->items[i].why);
    if (failed->count > 0 && bundle->manifest.complete)
        check_add(checks, "steps", CHECK_WRONG, "manifest.json: is called complete, and names steps that failed: %s",
                  text);
    else if (failed->count > 0)
        check_add(checks, "steps", CHECK_ABSENT, "the run is incomplete, these failed: %s", text);
}

static void check_derivation(struct checks *checks, const struct checked_bundle *bundle)
{
    struct derivation derivation = {.arena = checks->arena};
    struct error error = {0};
    if (derive(&derivation, bundle, &error))
        compare(checks, bundle, &derivation);
    else
        check_add(checks, "derivation", CHECK_WRONG, "%s", error.message);
    derive_free(&derivation);
}

static int by_time(const void *left, const void *right)
{
    const struct checked_bundle *a = left, *b = right;
    int order =
        strcmp(a->manifest.begin == NULL ? "" : a->manifest.begin, b->manifest.begin == NULL ? "" : b->manifest.begin);
    return order != 0 ? order : strcmp(a->folder, b->folder);
}

static void write_text(const struct checked_bundle *bundle, const struct checks *checks, struct text *out)
{
    text_printf(out, "%s%s%s\n", bundle->folder, bundle->manifest.end == NULL ? "" : ", made ",
                bundle->manifest.end == NULL ? "" : bundle->manifest.end);
    for (size_t i = 0; i < checks->items.count; i++)
        text_printf(out, "  %-11s  %-11s  %s\n", check_names[checks->items.items[i].state], checks->items.items[i].what,
                    checks->items.items[i].detail);
    text_printf(out, "  %s\n",
                !checks_hold(checks)      ? "The evidence does NOT hold."
                : checks_all_done(checks) ? "The evidence holds."
                                          : "What was checked holds; not everything was checked.");
}

static void put_bundle(struct json_writer *writer, const struct checked_bundle *bundle, const struct checks *checks)
{
    static const char *const states[] = {"ok", "wrong", "not-checked", "absent"};
    json_open(writer, NULL, '{');
    json_put_string(writer, "bundle", bundle->folder);
    json_put_string(writer, "run_id", bundle->manifest.run_id);
    json_put_string(writer, "manifest_sha256", bundle->sha256);
    json_put_boolean(writer, "holds", checks_hold(checks));
    json_put_boolean(writer, "all_checked", checks_all_done(checks));
    json_open(writer, "checks", '[');
    for (size_t i = 0; i < checks->items.count; i++) {
        json_open_line(writer, NULL, '{');
        json_put_string(writer, "check", checks->items.items[i].what);
        json_put_string(writer, "state", states[checks->items.items[i].state]);
        json_put_string(writer, "detail", checks->items.items[i].detail);
        json_close(writer, '}');
    }
    json_close(writer, ']');
    json_close(writer, '}');
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    const char *format;
    bool done, hold = true, all_done = true;
    if (!options_parse(arena, &command_verify, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    if (options.operands.count == 0)
        return cli_usage(&command_verify, "expected an evidence folder, or several that follow each other");
    if (!cli_format(&options, "text json", &format, &error))
        return cli_fail(&error);
    size_t count = options.operands.count;
    struct checked_bundle *bundles = arena_array(arena, struct checked_bundle, count);
    struct checks *checks = arena_array(arena, struct checks, count);
    // Twice: the chain needs them in order of time, which their manifests tell.
    for (size_t i = 0; i < count; i++) {
        struct checks first = {.arena = arena};
        if (!check_bundle(&first, options.operands.items[i], options_value(&options, "key"), NULL, &bundles[i],
                          &error) &&
            first.items.count == 0)
            return cli_fail(&error);
    }
    qsort(bundles, count, sizeof(*bundles), by_time);
    struct text out = {0};
    struct json_writer writer = json_writer_to(&out);
    bool as_json = strcmp(format, "json") == 0;
    if (as_json) {
        json_open(&writer, NULL, '{');
        json_put_string(&writer, "schema", "sgproof/verification/v1");
        json_open(&writer, "bundles", '[');
    }
    for (size_t i = 0; i < count; i++) {
        struct checked_bundle *bundle = &bundles[i];
        checks[i].arena = arena;
        *bundle = (struct checked_bundle){.folder = bundle->folder};
        if (check_bundle(&checks[i], bundle->folder, options_value(&options, "key"), options_value(&options, "tsa-ca"),
                         bundle, &error) &&
            !bundle->strange) {
            check_chain(&checks[i], bundle, i > 0 ? &bundles[i - 1] : NULL);
            check_steps(&checks[i], bundle);
            check_capture(&checks[i], bundle);
            check_derivation(&checks[i], bundle);
        }
        hold = hold && checks_hold(&checks[i]);
        all_done = all_done && checks_all_done(&checks[i]);
        if (as_json)
            put_bundle(&writer, bundle, &checks[i]);
        else
            write_text(bundle, &checks[i], &out);
    }
    if (as_json) {
        json_close(&writer, ']');
        json_close(&writer, '}');
        json_end_document(&writer);
    } else {
        printable_lines(out.bytes);
    }
    bool written = cli_output(&options, &out, &error);
    text_free(&out);
    return !written ? cli_fail(&error) : !hold ? 1 : all_done ? 0 : ERROR_INCOMPLETE;
}

const struct command command_verify = {
    .name = "verify",
    .summary = "Checks evidence: whole, signed, in its chain, and still following from what was read and observed.",
    .usage = "EVIDENCE-FOLDER... [--key PUBLIC.pem] [--tsa-ca FILE]",
    .notes =
        "Several folders are checked as one chain, in order of time. Needs no AWS access and sends nothing.\n"
        "Exit status: 0 it holds; 1 something is wrong, and the output names the first file and field; 2 no evidence\n"
        "folder; 3 what was checked holds, but a signature or timestamp could not be checked for want of a key.\n"
        "\nExamples:\n"
        "  sgproof verify evidence/ --key audit.pub.pem\n"
        "  sgproof verify evidence-2026-* --key audit.pub.pem --tsa-ca tsa.pem --format json\n",
    .options = options_of_verify,
    .run = run,
};
