#include "cli/aws.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/read/endpoint.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/stop.h"

const char *cli_ca_bundle(const struct options *options)
{
    const char *given = options_value(options, "ca-bundle");
    return given != NULL ? given : config_environment("AWS_CA_BUNDLE");
}

static const char *configured_region(const struct aws_config *config, bool *fips)
{
    const char *one = config_environment("AWS_REGION");
    one = one != NULL ? one : config_environment("AWS_DEFAULT_REGION");
    one = one != NULL ? one : aws_config_setting(config, "region");
    return one == NULL ? NULL : endpoint_plain_region(config->arena, one, fips);
}

static bool read_regions(struct arena *arena, const struct options *options, struct aws_config *config,
                         struct option_values *regions, struct error *error)
{
    const struct option_values *given = options_values(options, "region");
    bool fips = false;
    const char *one = configured_region(config, &fips);
    *regions = (struct option_values){0};
    for (size_t i = 0; i < given->items.count; i++) {
        const char *region = endpoint_plain_region(arena, given->items.items[i], &config->fips);
        bool twice = false;
        for (size_t j = 0; j < regions->items.count; j++)
            twice = twice || strcmp(region, regions->items.items[j]) == 0;
        if (!twice)
            *vector_add(arena, &regions->items) = region;
    }
    if (given->items.count == 0 && one == NULL)
        return error_set(error, ERROR_USAGE, "no region: give --region NAME or all, or set AWS_REGION");
    if (one != NULL && !endpoint_is_region(one)) // it is the home region too, where all of them are read
        return error_set(error, ERROR_USAGE,
                         "region %s, of the environment or profile: expected a name such as eu-west-3", one);
    if (given->items.count == 0) {
        *vector_add(arena, &regions->items) = one;
        config->fips = fips;
    }
    for (size_t i = 0; i < regions->items.count; i++)
        if (strchr(regions->items.items[i], ',') != NULL)
            return error_set(error, ERROR_USAGE, "--region %s: is a list, expected one: repeat --region for each",
                             regions->items.items[i]);
    for (size_t i = 0; i < regions->items.count; i++)
        if (!endpoint_is_region(regions->items.items[i]))
            return error_set(error, ERROR_USAGE, "--region %s: expected a name such as eu-west-3, or all",
                             regions->items.items[i]);
    for (size_t i = 0; i < regions->items.count; i++)
        if (strcmp(regions->items.items[i], "all") == 0 && regions->items.count > 1)
            return error_set(error, ERROR_USAGE, "--region all excludes other regions");
    if (config->fips)
        log_line(LOG_INFO, "a region is named with fips: all are read without it in their names, by FIPS endpoints");
    return true;
}

enum { MOST_TRIES = 20 };

// All modes are kept as the SDKs' standard one; a word that names none is refused, as they refuse it.
static bool expect_retry_mode(const struct aws_config *config, struct error *error)
{
    static const char *const modes[] = {"legacy", "standard", "adaptive", NULL};
    const char *mode = aws_config_either(config, "AWS_RETRY_MODE", "retry_mode");
    return mode == NULL || text_among(mode, modes) ||
           error_set(error, ERROR_USAGE, "AWS_RETRY_MODE or retry_mode %.40s: expected legacy, standard or adaptive",
                     mode);
}

// AWS_MAX_ATTEMPTS or the profile's max_attempts; more than we make are as many as we make.
static bool read_attempts(const struct aws_config *config, long *tries, struct error *error)
{
    GUARD(expect_retry_mode(config, error));
    const char *text = aws_config_either(config, "AWS_MAX_ATTEMPTS", "max_attempts");
    char *end = NULL;
    long value = text == NULL ? 3 : strtol(text, &end, 10);
    *tries = value > MOST_TRIES ? MOST_TRIES : value;
    return value >= 1 && (end == NULL || *end == '\0')
               ? true
               : error_set(error, ERROR_USAGE, "AWS_MAX_ATTEMPTS or max_attempts %s: expected a number from 1", text);
}

static bool read_client(const struct options *options, const struct aws_config *config, struct client_options *client,
                        struct error *error)
{
    long tries, parallel, deadline, fallback;
    if (!read_attempts(config, &fallback, error) ||
        !options_integer(options, "max-attempts", 1, MOST_TRIES, fallback, &tries, error) ||
        !options_integer(options, "parallel", 1, 256, 64, &parallel, error) ||
        !options_integer(options, "deadline", 1, 86400, 3600, &deadline, error))
        return false;
    *client = (struct client_options){.ca_bundle = cli_ca_bundle(options),
                                      .connect_timeout = 10000,
                                      .answer_timeout = 60000,
                                      .tries = (int)tries,
                                      .limit = (unsigned)parallel,
                                      .deadline = deadline * 1000,
                                      .stopped = stop_asked};
    return true;
}

static void say_unread(const struct collected *collected)
{
    for (size_t i = 0; i < collected->unread.count; i++) {
        const struct failed_call *one = &collected->unread.items[i];
        log_line(LOG_WARNING, "not read: %s %s in %s of %s: %s: %s%s%s", one->service, one->operation, one->region,
                 one->account, one->code, one->message, one->action != NULL ? "; needs " : "",
                 one->action != NULL ? one->action : "");
    }
    if (collected->clock_skew > 60 || collected->clock_skew < -60)
        log_line(LOG_WARNING, "this machine's clock differs from AWS's by %.0f seconds", -collected->clock_skew);
}

// Before anything is asked: libcurl would say of each request that there is a problem.
static bool expect_authorities(const char *file, struct error *error)
{
    struct stat about;
    if (file == NULL)
        return true;
    if (stat(file, &about) != 0 || access(file, R_OK) != 0)
        return error_system(error, ERROR_USAGE, errno,
                            "certificate authorities %s (--ca-bundle, AWS_CA_BUNDLE, ca_bundle or REQUESTS_CA_BUNDLE)",
                            file);
    return S_ISDIR(about.st_mode) ? error_set(error, ERROR_USAGE,
                                              "certificate authorities %s: is a folder, expected a file of PEM "
                                              "certificates, as the AWS CLI does",
                                              file)
                                  : file_expect_input(file, error);
}

bool cli_collect(struct arena *arena, const struct options *options, const char *folder, bool network_only,
                 struct collected *collected, struct error *error)
{
    struct arena *secrets = arena_new(); // the shared files as they are, and the keys
    struct aws_config config;
    struct option_values regions;
    struct collect_options wanted = {.config = &config, .folder = folder, .network_only = network_only};
    secret_protect();
    if (!aws_config_read(secrets, options_value(options, "profile"), &config, error) ||
        !read_client(options, &config, &wanted.client, error) || !cli_accounts(arena, options, &wanted, error) ||
        !read_regions(secrets, options, &config, &regions, error)) {
        arena_wipe(secrets);
        return false;
    }
    const char *bundle = cli_ca_bundle(options);
    bundle = bundle != NULL ? bundle : aws_config_setting(&config, "ca_bundle");
    bundle = bundle != NULL ? bundle : config_environment("REQUESTS_CA_BUNDLE"); // as botocore has it
    config.until = clock_steady_ms() + (uint64_t)wanted.client.deadline;
    config.stopped = wanted.client.stopped;
    config.ca_bundle = bundle == NULL ? NULL : config_path(secrets, bundle);
    wanted.client.ca_bundle = config.ca_bundle;
    wanted.endpoint = options_value(options, "endpoint-url");
    wanted.regions = regions.items.items;
    wanted.region_count = regions.items.count;
    const char *home =
        strcmp(regions.items.items[0], "all") == 0 ? configured_region(&config, &config.fips) : regions.items.items[0];
    wanted.home = home != NULL ? home : "us-east-1";
    wanted.progress = isatty(STDERR_FILENO) && options_value(options, "quiet") == NULL;
    bool good = expect_authorities(config.ca_bundle, error) && collect(arena, &wanted, collected, error);
    arena_wipe(secrets);
    say_unread(collected);
    return good;
}
