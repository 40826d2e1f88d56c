#include "cli/confine.h"
#include "base/printable.h"
#include "base/stop.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/verify_told.h"
#include "pipeline/file_kind.h"

static const struct option_spec options_of_verify[] = {
    OPTION_FORMAT("text|json", "of what is printed (default text)"),
    {"key", 0, "PUBLIC.pem", "public key that must have signed each bundle", false},
    {"tsa-ca", 0, "FILE", "CA certificates (PEM) of the timestamp authority", false},
    OPTIONS_END,
};

struct outcome {
    bool hold;
    bool all_done;
};

static struct outcome verify_all(struct arena *arena, const struct verify_given *given,
                                 const struct checked_bundle *bundles, bool as_json, struct text *out)
{
    struct outcome outcome = {true, true};
    struct json_writer writer = json_writer_to(out);
    if (as_json) {
        json_open(&writer, NULL, '{');
        json_put_string(&writer, "schema", "sgproof/verification/v1");
        json_open(&writer, "bundles", '[');
    }
    for (size_t i = 0; i < given->count; i++) {
        struct verified verified = {.bundle = {.name = bundles[i].name, .folder = bundles[i].folder},
                                    .checks = {.arena = arena},
                                    .derivation = {.arena = arena}};
        verify_one(&verified, given, bundles, i);
        outcome.hold = outcome.hold && checks_hold(&verified.checks);
        outcome.all_done = outcome.all_done && checks_all_done(&verified.checks);
        if (as_json)
            verify_put_json(&verified, &writer);
        else
            verify_write_text(&verified, out);
        derive_free(&verified.derivation);
    }
    if (as_json) {
        json_close(&writer, ']');
        json_close(&writer, '}');
        json_end_document(&writer);
    } else {
        printable_lines(out);
    }
    return outcome;
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    const char *format;
    bool done;
    if (!cli_options(arena, &command_verify, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    if (options.operands.count == 0)
        return cli_usage(&command_verify, "expected an evidence folder or archive, or several that follow each other");
    format = cli_format(&options);
    for (size_t i = 0; i < options.operands.count; i++)
        if (!file_kind_may_be(options.operands.items[i], NULL, "an evidence folder or archive", &error))
            return cli_fail(&error);
    const struct verify_given given = {.names = options.operands.items,
                                       .count = options.operands.count,
                                       .key = options_value(&options, "key"),
                                       .tsa_ca = options_value(&options, "tsa-ca")};
    struct checked_bundle *bundles = arena_array(arena, struct checked_bundle, options.operands.count);
    struct temporary scratch = {0};
    struct text out = {0};
    bool good = verify_open(arena, &given, &scratch, bundles, &error);
    struct outcome outcome = {0};
    if (good)
        outcome = verify_all(arena, &given, bundles, strcmp(format, "json") == 0, &out);
    if (scratch.path != NULL) {
        stop_end();
        temporary_remove(&scratch);
    }
    good = good && cli_output(&options, &out, &error);
    text_free(&out);
    return !good ? cli_fail(&error) : !outcome.hold ? 1 : outcome.all_done ? 0 : ERROR_INCOMPLETE;
}

const struct command command_verify = {
    .name = "verify",
    .summary = "Checks evidence: whole, signed, in its chain, and still following from what was read and observed.",
    .usage = "EVIDENCE-FOLDER|ARCHIVE.tar... [--key PUBLIC.pem] [--tsa-ca FILE]",
    .notes = "Several are checked as one chain, in order of time. Needs no AWS access and sends nothing.\n"
             "What its maker alone can say is printed as claims. Exit status: 0 it holds, and the key given vouches "
             "for it;\n"
             "1 something is wrong, and the output names the first file and field; 2 no evidence; 3 all derives, but "
             "nobody\n"
             "whose key was given vouches for it, no packets were kept, or another version of sgproof must derive it.\n"
             "\nExamples:\n"
             "  sgproof verify evidence/ --key audit.pub.pem\n"
             "  sgproof verify evidence.tar --key audit.pub.pem\n"
             "  sgproof verify evidence-2026-* --key audit.pub.pem --tsa-ca tsa.pem --format json\n",
    .options = options_of_verify,
    .run = run,
    .unpacks = true,
};
