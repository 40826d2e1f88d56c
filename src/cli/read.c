#include <errno.h>
#include <sys/stat.h>

#include "cli/confine.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "aws/documents/calls.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/printable.h"
#include "base/stop.h"
#include "cli/aws.h"
#include "cli/places.h"
#include "report/report.h"

static const struct option_spec options_of_read[] = {
    {"out", 0, "DIR", "folder to make (the same as the operand)", false},
    OPTIONS_AWS,
    {"network-only", 0, NULL, "leave out the account's guardrails: IAM and CloudTrail", false},
    OPTION_FORMAT("text|json", "of --whoami (default text)"),
    {"whoami", 0, NULL, "only say which identity reads, and where it was found", false},
    {"iam-policy", 0, NULL, "only print the IAM policy that reading needs", false},
    OPTIONS_END,
};

static int print_policy(const struct options *options)
{
    struct error error = {0};
    struct text out = {0};
    call_policy(&out);
    int status = cli_output(options, &out, &error) ? 0 : cli_fail(&error);
    text_free(&out);
    return status;
}

// Into a temporary folder first: a snapshot appears whole or not at all.
static bool read_into(struct arena *arena, const struct options *options, const char *folder,
                      struct collected *collected, struct error *error)
{
    struct temporary temporary;
    struct stat about;
    if (lstat(folder, &about) == 0)
        return error_set(error, ERROR_USAGE, "%s: is there already, and is not written over", folder);
    GUARD(place_is_outside_evidence(folder, error) && temporary_make(arena, folder, &temporary, error));
    stop_removes(&temporary);
    cli_confine_to(arena, options, &temporary);
    const char *inside = arena_printf(arena, "%s/snapshot", temporary.path);
    bool good = cli_collect(arena, options, inside, options_value(options, "network-only") != NULL, collected, error);
    if (good && !file_move(inside, folder)) {
        int why = errno;
        const char *kept = temporary_keep(arena, &temporary);
        stop_end();
        return error_system(error, ERROR_INCOMPLETE, why, "%s: cannot be made; what was read is in %s/snapshot", folder,
                            kept == NULL ? temporary.path : kept);
    }
    temporary_remove(&temporary);
    stop_end();
    return good;
}

static void write_identity(struct arena *arena, const struct identity *identity, bool as_json, struct text *out)
{
    char expires[CLOCK_TEXT];
    clock_format((uint64_t)identity->expires * 1000000, expires);
    if (!as_json) {
        text_printf(out, "%s\naccount %s\ncredentials from %s\n", report_clean(arena, identity->arn), identity->account,
                    report_clean(arena, identity->source));
        if (identity->expires > 0)
            text_printf(out, "until %s\n", expires);
        return;
    }
    struct json_writer writer = json_writer_to(out);
    json_open(&writer, NULL, '{');
    json_put_string(&writer, "schema", "sgproof/identity/v1");
    json_put_string(&writer, "arn", identity->arn);
    json_put_string(&writer, "account_id", identity->account);
    json_put_string(&writer, "partition", identity->partition);
    json_put_string(&writer, "credentials_from", identity->source);
    json_put_string(&writer, "expires", identity->expires > 0 ? expires : NULL);
    json_close(&writer, '}');
    json_end_document(&writer);
}

static const char *without_slash(struct arena *arena, const char *folder)
{
    size_t length = folder == NULL ? 0 : strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    return folder == NULL ? NULL : arena_strndup(arena, folder, length);
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct collected collected = {0};
    bool done;
    if (!cli_options(arena, &command_read, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    if (options_value(&options, "iam-policy") != NULL)
        return print_policy(&options);
    bool whoami = options_value(&options, "whoami") != NULL;
    const char *format;
    format = cli_format(&options);
    if (!whoami && options_value(&options, "format") != NULL)
        return cli_usage(&command_read, "--format goes with --whoami: a snapshot's documents are JSON");
    const char *folder = options.operands.count == 1 ? options.operands.items[0] : options_value(&options, "out");
    if (options.operands.count > 1 || (folder == NULL && !whoami))
        return cli_usage(&command_read, "expected one folder to make");
    folder = without_slash(arena, folder);
    place_keep_private();
    bool good = whoami ? cli_collect(arena, &options, NULL, true, &collected, &error)
                       : read_into(arena, &options, folder, &collected, &error);
    if (!good)
        return cli_fail(&error);
    struct text out = {0};
    if (whoami)
        write_identity(arena, &collected.identity, strcmp(format, "json") == 0, &out);
    else
        text_printf(&out, "%s: %zu documents of %zu account%s, read by %s\n%zu not read\n", folder, collected.files,
                    collected.accounts, collected.accounts == 1 ? "" : "s", report_clean(arena, collected.identity.arn),
                    (size_t)collected.unread.count);
    if (!whoami)
        printable_lines(&out);
    int status = !cli_output(&options, &out, &error) ? cli_fail(&error)
                 : collected.unread.count == 0       ? 0
                                                     : ERROR_INCOMPLETE;
    text_free(&out);
    return status;
}

const struct command command_read = {
    .name = "read",
    .summary = "Reads the network configuration of an AWS account, and its guardrails, into a snapshot folder.",
    .usage = "DIR [options]",
    .notes =
        "Credentials: --profile, environment, web identity token, shared files (with source_profile and role_arn,\n"
        "credential_process, or IAM Identity Center), container endpoint, instance metadata. The folder holds "
        "ACCOUNT/REGION/describe-*.json and snapshot.json, "
        "which\n"
        "says what was read, when, and what could not be.\n"
        "Exit status: 0 all was read; 2 no identity or bad usage, nothing written; 3 something could not be read.\n"
        "\nExamples:\n"
        "  sgproof read estate/ --region eu-west-3 --profile audit\n"
        "  sgproof read estate/ --region all --org --role-name sgproof --external-id ID\n"
        "  sgproof read --whoami --format json --region us-east-1\n"
        "  sgproof read --iam-policy -o sgproof-policy.json\n",
    .options = options_of_read,
    .run = run,
    .talks = true,
    .makes_operand = true,
};
