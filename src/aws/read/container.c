#include "aws/read/container.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/read/config_file.h"
#include "base/file.h"
#include "base/http.h"
#include "base/memory.h"
#include "net/address.h"

enum { TRIES = 3, MILLISECONDS = 2000 }; // as the SDKs have it

// Who is given the container's token: over TLS whoever is named, else this host, ECS's agent and EKS's, as the SDKs
// have it. A name but localhost may be answered by anybody.
static bool is_container_host(const char *url)
{
    static const char *const agents[] = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23", NULL};
    struct http_place place;
    struct address address, agent;
    struct prefix loopback;
    if (!http_place_of(url, &place))
        return false;
    bool trusted = place.tls || strcasecmp(place.host, "localhost") == 0;
    if (!trusted && address_parse(place.host, &address)) {
        for (int i = 0; agents[i] != NULL; i++)
            trusted = trusted || (address_parse(agents[i], &agent) && address_equal(address, agent));
        trusted = trusted || (prefix_parse(address.family == FAMILY_IPV4 ? "127.0.0.0/8" : "::1/128", false,
                                           &loopback) == PREFIX_OK &&
                              prefix_holds(loopback, address));
    }
    return trusted && !place.named_user;
}

// AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, which is read anew each time as EKS replaces it, else the token itself; NULL
// where there is none.
static bool find_token(struct arena *arena, const char **token, struct error *error)
{
    const char *file = config_environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    *token = config_environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (file != NULL) {
        size_t length;
        char *bytes = file_read_settings(file, &length, error);
        if (bytes == NULL)
            return false;
        size_t end = strlen(bytes);
        while (end > 0 && (bytes[end - 1] == '\n' || bytes[end - 1] == '\r'))
            end--;
        *token = arena_strndup(arena, bytes, end);
        memory_wipe(bytes, length);
        free(bytes);
    }
    return *token == NULL || strpbrk(*token, "\r\n") == NULL ||
           error_set(error, ERROR_USAGE, "the container's authorization token holds a line's end, expected one line");
}

bool container_ask(struct arena *arena, uint64_t until, char **answer, size_t *length, struct error *error)
{
    const char *relative = config_environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = config_environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    const char *url = relative != NULL ? arena_printf(arena, "http://169.254.170.2%s", relative) : full, *token;
    *answer = NULL;
    if (url == NULL)
        return true;
    if ((relative != NULL && relative[0] != '/') || !is_container_host(url))
        return error_set(
            error, ERROR_USAGE,
            "the container's credentials endpoint %s is not asked, as it would be given the token: expected "
            "https://, or http:// of localhost, 127.0.0.0/8, [::1], 169.254.170.2, 169.254.170.23 or "
            "[fd00:ec2::23]",
            relative != NULL && relative[0] != '/' ? relative : url);
    GUARD(find_token(arena, &token, error));
    struct http_answer given;
    bool good = http_try(
        &(struct http_request){.url = url,
                               .method = "GET",
                               .headers = {token == NULL ? NULL : arena_printf(arena, "Authorization: %s", token)},
                               .milliseconds = MILLISECONDS,
                               .until = until,
                               .direct = true},
        TRIES, &given);
    if (!good)
        return error_set(error, ERROR_USAGE, "the container's credentials endpoint %s did not answer: %s", url,
                         given.problem);
    if (given.status != 200) {
        http_forget(&given);
        return error_set(error, ERROR_USAGE, "the container's credentials endpoint %s answered with status %ld%s", url,
                         given.status,
                         given.status == 401 || given.status == 403
                             ? ": is AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE (EKS) or _TOKEN the right one?"
                             : "");
    }
    *answer = given.bytes;
    *length = given.length;
    return true;
}
