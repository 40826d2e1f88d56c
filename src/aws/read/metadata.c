#include "aws/read/metadata.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/read/config_file.h"
#include "aws/read/plain.h"
#include "base/secret.h"

bool metadata_disabled(void)
{
    const char *disabled = config_environment("AWS_EC2_METADATA_DISABLED");
    return disabled != NULL && strcasecmp(disabled, "true") == 0;
}

bool metadata_open(struct arena *arena, struct metadata *metadata)
{
    const char *base = config_environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    size_t length;
    if (metadata_disabled())
        return false;
    secret_protect(); // its token is one
    *metadata = (struct metadata){.arena = arena, .base = base != NULL ? base : "http://169.254.169.254"};
    char *token = plain_ask(&(struct plain_request){.url = arena_printf(arena, "%s/latest/api/token", metadata->base),
                                                    .method = "PUT",
                                                    .header = "X-aws-ec2-metadata-token-ttl-seconds: 300",
                                                    .milliseconds = PLAIN_LOCAL},
                            &length, NULL);
    if (token == NULL)
        return false;
    metadata->header = arena_printf(arena, "X-aws-ec2-metadata-token: %s", token);
    free(token);
    return true;
}

char *metadata_get(const struct metadata *metadata, const char *path, size_t *length)
{
    return plain_ask(
        &(struct plain_request){.url = arena_printf(metadata->arena, "%s/latest/meta-data/%s", metadata->base, path),
                                .method = "GET",
                                .header = metadata->header,
                                .milliseconds = PLAIN_LOCAL},
        length, NULL);
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
    char *rest = NULL;
    mac[strcspn(mac, "/")] = '\0';
    const char *path = arena_printf(metadata->arena, "network/interfaces/macs/%s/ipv4-associations", mac);
    char *list = metadata_get(metadata, arena_printf(metadata->arena, "%s/", path), &length);
    bool found = false;
    for (char *line = list == NULL ? NULL : strtok_r(list, "\r\n", &rest); line != NULL && !found;
         line = strtok_r(NULL, "\r\n", &rest)) {
        char *inner = address_parse(line, associated)
                          ? metadata_get(metadata, arena_printf(metadata->arena, "%s/%s", path, line), &length)
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
    char *rest = NULL, *macs = metadata_get(metadata, "network/interfaces/macs/", &length);
    bool found = false;
    for (char *mac = macs == NULL ? NULL : strtok_r(macs, "\r\n", &rest); mac != NULL && !found;
         mac = strtok_r(NULL, "\r\n", &rest))
        found = find(metadata, mac, own, associated);
    free(macs);
    return found;
}
