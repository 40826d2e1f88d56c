#include "aws/documents/calls.h"
#include "cli/aws.h"

static const struct option_spec options_of_read[] = {
    {"out", 0, "DIR", "folder to make (the same as the operand)", false},
    OPTIONS_AWS,
    {"network-only", 0, NULL, "leave out the account's guardrails: IAM and CloudTrail", false},
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

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct collected collected = {0};
    bool done;
    if (!options_parse(arena, &command_read, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    if (options_value(&options, "iam-policy") != NULL)
        return print_policy(&options);
    bool whoami = options_value(&options, "whoami") != NULL;
    const char *folder = options.operands.count == 1 ? options.operands.items[0] : options_value(&options, "out");
    if (options.operands.count > 1 || (folder == NULL && !whoami))
        return cli_usage(&command_read, "expected one folder to make");
    if (!cli_collect(arena, &options, whoami ? NULL : folder, options_value(&options, "network-only") != NULL,
                     &collected, &error))
        return cli_fail(&error);
    struct text out = {0};
    if (whoami)
        text_printf(&out, "%s\naccount %s\ncredentials from %s\n", collected.identity.arn, collected.identity.account,
                    collected.identity.source);
    else
        text_printf(&out, "%s: %zu documents of %zu account%s, read by %s\n%zu not read\n", folder, collected.files,
                    collected.accounts, collected.accounts == 1 ? "" : "s", collected.identity.arn,
                    (size_t)collected.unread.count);
    text_make_printable(out.bytes);
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
        "  sgproof read estate/ --region all --org --role-name sgproof\n"
        "  sgproof read --whoami --region us-east-1\n"
        "  sgproof read --iam-policy -o sgproof-policy.json\n",
    .options = options_of_read,
    .run = run,
};
