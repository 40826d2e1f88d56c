#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "aws/collect.h"
#include "base/log.h"
#include "cli/common.h"

static const struct option_spec options_of_read[] = {
    {"out", 0, "DIR", "folder to make (the same as the operand)", false},
    {"profile", 0, "NAME", "profile of the AWS shared config and credentials files", false},
    {"region", 0, "NAME", "region to read, or all (default AWS_REGION, then the profile's)", true},
    {"endpoint-url", 0, "URL", "ask this endpoint instead of AWS's", false},
    {"ca-bundle", 0, "FILE", "certificate authorities to trust (default AWS_CA_BUNDLE, then the system's)", false},
    {"max-attempts", 0, "N", "most tries of a request, 1 to 20 (default AWS_MAX_ATTEMPTS, then 3)", false},
    {"parallel", 0, "N", "most requests at once, 1 to 256 (default 16)", false},
    {"whoami", 0, NULL, "only say which identity reads, and where it was found", false},
    OPTIONS_END,
};

static const char *setting(const char *variable)
{
    const char *value = getenv(variable);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

static bool read_regions(struct arena *arena, const struct options *options, const struct aws_config *config,
                         struct option_values *regions, struct error *error)
{
    const struct option_values *given = options_values(options, "region");
    const char *one = setting("AWS_REGION");
    one = one != NULL ? one : setting("AWS_DEFAULT_REGION");
    one = one != NULL ? one : aws_config_setting(config, "region");
    *regions = *given;
    if (given->items.count == 0 && one == NULL)
        return error_set(error, ERROR_USAGE, "no region: give --region NAME or all, or set AWS_REGION");
    if (given->items.count == 0)
        *vector_add(arena, &regions->items) = one;
    for (size_t i = 0; i < regions->items.count; i++)
        if (strspn(regions->items.items[i], "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(regions->items.items[i]))
            return error_set(error, ERROR_USAGE, "--region %s: expected a name such as eu-west-3, or all",
                             regions->items.items[i]);
    for (size_t i = 0; i < regions->items.count; i++)
        if (strcmp(regions->items.items[i], "all") == 0 && regions->items.count > 1)
            return error_set(error, ERROR_USAGE, "--region all excludes other regions");
    return true;
}

static bool read_client(const struct options *options, struct client_options *client, struct error *error)
{
    long tries, parallel;
    const char *attempts = setting("AWS_MAX_ATTEMPTS");
    long fallback = attempts == NULL ? 3 : strtol(attempts, NULL, 10);
    if (!options_integer(options, "max-attempts", 1, 20, fallback, &tries, error) ||
        !options_integer(options, "parallel", 1, 256, 16, &parallel, error))
        return false;
    const char *bundle = options_value(options, "ca-bundle");
    *client = (struct client_options){.ca_bundle = bundle != NULL ? bundle : setting("AWS_CA_BUNDLE"),
                                      .connect_timeout = 10000,
                                      .answer_timeout = 60000,
                                      .tries = (int)(tries < 1 ? 1 : tries),
                                      .limit = (unsigned)parallel};
    return true;
}

static void say_unread(const struct collected *collected)
{
    for (size_t i = 0; i < collected->unread.count; i++) {
        const struct unread *one = &collected->unread.items[i];
        log_line(LOG_WARNING, "not read: %s %s in %s: %s: %s%s%s", one->service, one->operation, one->region, one->code,
                 one->message, one->action != NULL ? "; needs " : "", one->action != NULL ? one->action : "");
    }
    if (collected->clock_skew > 60 || collected->clock_skew < -60)
        log_line(LOG_WARNING, "this machine's clock differs from AWS's by %.0f seconds", -collected->clock_skew);
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct aws_config config;
    struct option_values regions;
    struct collected collected = {0};
    struct collect_options wanted = {0};
    bool done;
    if (!options_parse(arena, &command_read, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    bool whoami = options_value(&options, "whoami") != NULL;
    const char *folder = options.operands.count == 1 ? options.operands.items[0] : options_value(&options, "out");
    if (options.operands.count > 1 || (folder == NULL && !whoami))
        return cli_usage(&command_read, "expected one folder to make");
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); // a core would hold the secrets
    if (!aws_config_read(arena, options_value(&options, "profile"), &config, &error) ||
        !read_client(&options, &wanted.client, &error) || !read_regions(arena, &options, &config, &regions, &error))
        return cli_fail(&error);
    wanted.config = &config;
    wanted.endpoint = options_value(&options, "endpoint-url");
    wanted.regions = regions.items.items;
    wanted.region_count = regions.items.count;
    wanted.folder = whoami ? NULL : folder;
    wanted.progress = isatty(STDERR_FILENO) && options_value(&options, "quiet") == NULL;
    bool good = collect(arena, &wanted, &collected, &error);
    say_unread(&collected);
    if (!good)
        return cli_fail(&error);
    struct text out = {0};
    if (whoami)
        text_printf(&out, "%s\naccount %s\ncredentials from %s\n", collected.identity.arn, collected.identity.account,
                    collected.identity.source);
    else
        text_printf(&out, "%s: %zu documents of account %s, read by %s\n%zu not read\n", folder, collected.files,
                    collected.identity.account, collected.identity.arn, (size_t)collected.unread.count);
    text_make_printable(out.bytes);
    int status = !cli_output(&options, &out, &error) ? cli_fail(&error)
                 : collected.unread.count == 0       ? 0
                                                     : ERROR_INCOMPLETE;
    text_free(&out);
    return status;
}

const struct command command_read = {
    .name = "read",
    .summary = "Reads the network configuration of an AWS account into a snapshot folder.",
    .usage = "DIR [options]",
    .notes =
        "Credentials: --profile, environment, shared files (with source_profile and role_arn, or credential_process),\n"
        "container endpoint, instance metadata. The folder holds ACCOUNT/REGION/describe-*.json and snapshot.json, "
        "which\n"
        "says what was read, when, and what could not be.\n"
        "Exit status: 0 all was read; 2 no identity or bad usage, nothing written; 3 something could not be read.\n"
        "\nExamples:\n"
        "  sgproof read estate/ --region eu-west-3 --profile audit\n"
        "  sgproof read --whoami --region us-east-1\n",
    .options = options_of_read,
    .run = run,
};
