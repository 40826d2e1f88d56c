#include "aws/read/endpoint.h"

#include <ctype.h>
#include <regex.h>

#include "base/http.h"
#include "endpoint_places.h"

enum { SERVICES = sizeof(endpoint_services) / sizeof(endpoint_services[0]) };

// A service as the SDKs' settings name it.
static const char *setting_name(const char *service)
{
    for (size_t i = 0; i < SERVICES; i++)
        if (strcmp(endpoint_services[i].service, service) == 0)
            return endpoint_services[i].setting;
    return service;
}

// Whether a word stands in a list of them that has a blank on both sides of each.
static bool has_word(const char *list, const char *word)
{
    const char *found = list;
    size_t length = strlen(word);
    while ((found = strstr(found, word)) != NULL && (found[-1] != ' ' || found[length] != ' '))
        found += length;
    return found != NULL && length > 0;
}

// The environment comes before the files, the service's own before all services'. False where a services section is
// named that is not there: what it was to say would not be heeded.
static bool find_configured(const struct aws_config *config, const char *service, const char **found,
                            struct error *error)
{
    struct arena *arena = config->arena;
    const char *name = setting_name(service);
    char *variable = arena_printf(arena, "AWS_ENDPOINT_URL_%s", name);
    for (char *p = variable; *p != '\0'; p++)
        *p = (char)toupper((unsigned char)*p);
    *found = NULL;
    if (aws_config_switch(config, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"))
        return true;
    const char *url = config_environment(variable), *services = aws_config_setting(config, "services");
    url = url != NULL ? url : config_environment("AWS_ENDPOINT_URL");
    if (url == NULL && services != NULL) {
        const char *section = arena_printf(arena, "services %s", services);
        if (map_get(&config->config.sections, section) == NULL)
            return error_set(error, ERROR_USAGE, "profile %s names services = %s, but the config file has no [%s]",
                             config->profile, services, section);
        url = config_nested(arena, &config->config, section, name, "endpoint_url");
    }
    *found = url != NULL ? url : aws_config_setting(config, "endpoint_url");
    return true;
}

bool endpoint_is_elsewhere(const struct aws_config *config, const char *given, const char *service)
{
    const char *configured = NULL;
    struct error ignored;
    return given != NULL || (find_configured(config, service, &configured, &ignored) && configured != NULL);
}

bool endpoint_is_region(const char *text)
{
    enum { LONGEST = 63 }; // of a label of a host's name
    return text[0] != '\0' && strlen(text) <= LONGEST &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text);
}

const char *endpoint_plain_region(struct arena *arena, const char *region, bool *fips)
{
    static const char *const marks[] = {"fips-", "-fips"};
    for (int i = 0; i < 2; i++)
        for (const char *at; (at = strstr(region, marks[i])) != NULL; *fips = true)
            region = arena_printf(arena, "%.*s%s", (int)(at - region), region, at + strlen(marks[i]));
    return region;
}

bool endpoint_is_global(const char *service)
{
    static const char *const services[] = {"iam", "organizations", "globalaccelerator", "cloudfront", NULL};
    return text_among(service, services);
}

enum { PARTITIONS = sizeof(endpoint_partitions) / sizeof(endpoint_partitions[0]) };

static bool lists(size_t partition, const char *region)
{
    return has_word(endpoint_partitions[partition].regions, region);
}

static bool looks_so(size_t partition, const char *region)
{
    regex_t pattern;
    if (regcomp(&pattern, endpoint_partitions[partition].pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool found = regexec(&pattern, region, 0, NULL, 0) == 0;
    regfree(&pattern);
    return found;
}

const char *endpoint_partition(const char *region)
{
    for (size_t i = 0; i < PARTITIONS; i++)
        if (lists(i, region))
            return endpoint_partitions[i].name;
    for (size_t i = 0; i < PARTITIONS; i++)
        if (looks_so(i, region))
            return endpoint_partitions[i].name;
    return "aws";
}

// CloudFront is in China too, Global Accelerator in no other partition.
bool endpoint_is_there(const char *service, const char *region)
{
    const char *partition = endpoint_partition(region);
    bool usual = strcmp(partition, "aws") == 0;
    if (strcmp(service, "globalaccelerator") == 0)
        return usual;
    return strcmp(service, "cloudfront") != 0 || usual || strcmp(partition, "aws-cn") == 0;
}

const char *endpoint_lacks(const struct aws_config *config, const char *service, const char *region)
{
    for (size_t i = 0; i < SERVICES; i++)
        if (strcmp(endpoint_services[i].service, service) == 0)
            return has_word(endpoint_services[i].absent, region) && !endpoint_is_elsewhere(config, NULL, service)
                       ? endpoint_source
                       : NULL;
    return NULL;
}

#define GLOBAL "aws-global" // the name of the one place of old

// "URL" or "URL REGION", with {region} in it; NULL where none is known.
static const char *place_of(const char *service, const char *region, int variant)
{
    const char *partition = endpoint_partition(region);
    for (size_t i = 0; i < sizeof(endpoint_places) / sizeof(endpoint_places[0]); i++)
        if (strcmp(endpoint_places[i].service, service) == 0 && strcmp(endpoint_places[i].partition, partition) == 0 &&
            (endpoint_places[i].region == NULL || strcmp(endpoint_places[i].region, region) == 0))
            return endpoint_places[i].places[variant];
    return NULL;
}

static bool is_fips(const struct aws_config *config)
{
    return config->fips || aws_config_switch(config, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
}

static bool is_dual(const struct aws_config *config)
{
    return aws_config_switch(config, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
}

// How STS is asked: at each region's own place, or, as of old, at one for all regions that were there before 2019.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-sts-regionalized-endpoints.html
static const char *sts_mode(const struct aws_config *config)
{
    return aws_config_either(config, "AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints");
}

static bool is_of_old(const struct aws_config *config, const char *given, const char *service, const char *region)
{
    static const char *const regions[] = {"ap-northeast-1", "ap-south-1",   "ap-southeast-1", "ap-southeast-2",
                                          "ca-central-1",   "eu-central-1", "eu-north-1",     "eu-west-1",
                                          "eu-west-2",      "eu-west-3",    "sa-east-1",      "us-east-1",
                                          "us-east-2",      "us-west-1",    "us-west-2",      NULL};
    const char *mode = strcmp(service, "sts") == 0 ? sts_mode(config) : NULL;
    return mode != NULL && strcmp(mode, "legacy") == 0 && text_among(region, regions) && !is_fips(config) &&
           !is_dual(config) && !endpoint_is_elsewhere(config, given, service);
}

const char *endpoint_region(const struct aws_config *config, const char *given, const char *service, const char *region)
{
    if (strcmp(service, "globalaccelerator") == 0)
        return "us-west-2";
    if (is_of_old(config, given, service, region))
        region = GLOBAL;
    const char *place = place_of(service, region, 0), *behind = place == NULL ? NULL : strchr(place, ' ');
    return behind == NULL ? region : behind + 1;
}

const char *endpoint_url(const struct aws_config *config, const char *given, const char *service, const char *region,
                         struct error *error)
{
    static const char mark[] = "{region}";
    const char *url = given, *mode = sts_mode(config);
    if (mode != NULL && strcmp(mode, "regional") != 0 && strcmp(mode, "legacy") != 0) {
        error_set(error, ERROR_USAGE,
                  "AWS_STS_REGIONAL_ENDPOINTS or sts_regional_endpoints %.40s: expected regional or legacy", mode);
        return NULL;
    }
    if (given == NULL && !find_configured(config, service, &url, error))
        return NULL;
    bool fips = is_fips(config), dual = is_dual(config);
    region = endpoint_plain_region(config->arena, region, &fips);
    if (url != NULL && (fips || dual)) {
        error_set(error, ERROR_USAGE, "%s endpoints are asked for, and %s for %s: expected one of them",
                  fips ? "FIPS" : "dual-stack", url, service);
        return NULL;
    }
    if (url != NULL && !http_place_of(url, &(struct http_place){0})) { // it is not shown: it may hold a secret
        error_set(error, ERROR_USAGE,
                  "endpoint of %s, by --endpoint-url, the environment or the profile: expected an http:// or https:// "
                  "URL without spaces",
                  service);
        return NULL;
    }
    if (url != NULL)
        return url;
    if (strcmp(service, "globalaccelerator") == 0)
        region = endpoint_region(config, given, service, region);
    if (is_of_old(config, given, service, region))
        region = GLOBAL;
    const char *place = place_of(service, region, fips + 2 * dual);
    if (place == NULL) {
        error_set(error, ERROR_USAGE, "no%s%s endpoint of %s is known in %s", fips ? " FIPS" : "",
                  dual ? " dual-stack" : "", service, region);
        return NULL;
    }
    const char *at = strstr(place, mark);
    int length = (int)strcspn(place, " ");
    if (at == NULL)
        return arena_printf(config->arena, "%.*s", length, place);
    int before = (int)(at - place), behind = length - before - (int)strlen(mark);
    return arena_printf(config->arena, "%.*s%s%.*s", before, place, region, behind, at + strlen(mark));
}
