#include "aws/read/metadata.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/http.h"
#include "base/secret.h"

enum { TRIES = 3, MOST_TRIES = 20, LONGEST = 60 }; // the last in seconds

static const char *setting(const struct aws_config *config, const char *variable, const char *key)
{
    return config == NULL ? config_environment(variable) : aws_config_either(config, variable, key);
}

// A whole number from 1, or `fallback`.
static bool number(const struct aws_config *config, const char *variable, const char *key, long fallback, long most,
                   long *value, struct error *error)
{
    const char *text = setting(config, variable, key);
    char *end;
    *value = text == NULL ? fallback : strtol(text, &end, 10);
    return text == NULL || (*end == '\0' && *value >= 1 && *value <= most) ||
           error_set(error, ERROR_USAGE, "%s or %s %.40s: expected a number from 1 to %ld", variable, key, text, most);
}

// Without a mode; of botocore alone.
static const char *mode_of(const struct aws_config *config)
{
    const char *mode = setting(config, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
    const char *six = setting(config, "AWS_IMDS_USE_IPV6", "imds_use_ipv6");
    return mode != NULL ? mode : six != NULL && strcasecmp(six, "true") == 0 ? "ipv6" : "ipv4";
}

const char *metadata_endpoint(struct arena *arena, const struct aws_config *config, struct error *error)
{
    const char *url = setting(config, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
    const char *mode = mode_of(config);
    if (url != NULL && !http_place_of(url, &(struct http_place){0})) {
        error_set(error, ERROR_USAGE, "instance metadata endpoint %s: expected http://HOST", url);
        return NULL;
    }
    if (url != NULL) { // with its slash or without
        size_t length = strlen(url);
        return arena_strndup(arena, url, length > 0 && url[length - 1] == '/' ? length - 1 : length);
    }
    if (strcasecmp(mode, "ipv4") == 0)
        return "http://169.254.169.254";
    if (strcasecmp(mode, "ipv6") == 0)
        return "http://[fd00:ec2::254]";
    error_set(error, ERROR_USAGE, "instance metadata endpoint mode %s: expected IPv4 or IPv6", mode);
    return NULL;
}

bool metadata_open(struct arena *arena, const struct aws_config *config, struct metadata *metadata, struct error *error)
{
    const char *disabled = config_environment("AWS_EC2_METADATA_DISABLED");
    if (disabled != NULL && strcasecmp(disabled, "true") == 0)
        return error_set(error, ERROR_INCOMPLETE, "switched off by AWS_EC2_METADATA_DISABLED");
    secret_protect(); // its token is one
    long seconds, given;
    *metadata = (struct metadata){
        .arena = arena, .until = config == NULL ? 0 : config->until, .base = metadata_endpoint(arena, config, error)};
    GUARD(metadata->base != NULL &&
          number(config, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", 1, LONGEST, &seconds, error) &&
          number(config, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts", 0, MOST_TRIES, &given,
                 error));
    metadata->milliseconds = seconds * HTTP_LOCAL_MS;
    metadata->tries = given == 0 ? TRIES : (int)given;
    struct http_answer answer;
    struct http_request request = {.url = arena_printf(arena, "%s/latest/api/token", metadata->base),
                                   .method = "PUT",
                                   .headers = {"X-aws-ec2-metadata-token-ttl-seconds: 300"},
                                   .milliseconds = metadata->milliseconds,
                                   .until = metadata->until,
                                   .direct = true};
    bool good = http_try(&request, given == 0 ? 1 : (int)given, &answer); // most machines are no instance
    if (good && given == 0 && (answer.status == 429 || answer.status >= 500)) {
        http_forget(&answer);
        good = http_try(&request, TRIES - 1, &answer);
    }
    if (!good)
        return error_set(error, ERROR_INCOMPLETE,
                         "no answer in %ld s; in a container on an instance, the instance's "
                         "HttpPutResponseHopLimit must be 2 or more; AWS_METADATA_SERVICE_TIMEOUT waits longer",
                         seconds);
    bool whole = answer.status == 200 && answer.length > 0 && strpbrk(answer.bytes, "\r\n") == NULL;
    if (whole)
        metadata->header = arena_printf(arena, "X-aws-ec2-metadata-token: %s", answer.bytes);
    else
        error_set(error, ERROR_INCOMPLETE, "it gives no token: status %ld%s", answer.status,
                  answer.status == 403 ? ", it is switched off on this instance" : "");
    http_forget(&answer);
    return whole;
}

char *metadata_get(const struct metadata *metadata, const char *path, size_t *length, long *status)
{
    struct http_answer answer;
    struct http_request request = {.url = arena_printf(metadata->arena, "%s/latest/meta-data/%s", metadata->base, path),
                                   .method = "GET",
                                   .headers = {metadata->header},
                                   .milliseconds = metadata->milliseconds,
                                   .until = metadata->until,
                                   .direct = true};
    bool good = http_try(&request, metadata->tries, &answer);
    *status = good ? answer.status : 0;
    if (!good || answer.status != 200) {
        http_forget(&answer);
        return NULL;
    }
    *length = answer.length;
    return answer.bytes;
}

// Whether a line of a list is this address.
static bool lists(char *list, struct address address)
{
    char *rest = NULL;
    for (char *line = strtok_r(list, "\r\n", &rest); line != NULL; line = strtok_r(NULL, "\r\n", &rest)) {
        struct address one;
        if (address_parse(line, &one) && address_equal(one, address))
            return true;
    }
    return false;
}

// Looks through the associations of one interface; `mac` is its line of the list, with or without a slash.
static bool find(const struct metadata *metadata, char *mac, struct address own, struct address *associated)
{
    size_t length;
    long status;
    char *rest = NULL;
    mac[strcspn(mac, "/")] = '\0';
    const char *path = arena_printf(metadata->arena, "network/interfaces/macs/%s/ipv4-associations", mac);
    char *list = metadata_get(metadata, arena_printf(metadata->arena, "%s/", path), &length, &status);
    bool found = false;
    for (char *line = list == NULL ? NULL : strtok_r(list, "\r\n", &rest); line != NULL && !found;
         line = strtok_r(NULL, "\r\n", &rest)) {
        char *inner = address_parse(line, associated)
                          ? metadata_get(metadata, arena_printf(metadata->arena, "%s/%s", path, line), &length, &status)
                          : NULL;
        found = inner != NULL && lists(inner, own);
        free(inner);
    }
    free(list);
    return found;
}

bool metadata_public_of(const struct metadata *metadata, struct address own, struct address *associated)
{
    size_t length;
    long status;
    char *rest = NULL, *macs = metadata_get(metadata, "network/interfaces/macs/", &length, &status);
    bool found = false;
    for (char *mac = macs == NULL ? NULL : strtok_r(macs, "\r\n", &rest); mac != NULL && !found;
         mac = strtok_r(NULL, "\r\n", &rest))
        found = find(metadata, mac, own, associated);
    free(macs);
    return found;
}
