#include "aws/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aws/documents/document.h"
#include "base/json.h"

enum { DEEPEST = 32 };

static bool walk(struct arena *arena, const char *folder, const char *below, int depth, struct snapshot_files *files,
                 struct error *error)
{
    const char *path = below[0] == '\0' ? folder : arena_printf(arena, "%s/%s", folder, below);
    if (depth > DEEPEST)
        return error_set(error, ERROR_USAGE, "%s: more than %d folders deep", path, DEEPEST);
    DIR *directory = opendir(path);
    if (directory == NULL)
        return error_system(error, ERROR_USAGE, errno, "%s: cannot be read as a snapshot folder", path);
    bool good = true;
    for (struct dirent *entry; good && (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        const char *name =
            below[0] == '\0' ? arena_strdup(arena, entry->d_name) : arena_printf(arena, "%s/%s", below, entry->d_name);
        struct stat about;
        if (stat(arena_printf(arena, "%s/%s", folder, name), &about) != 0)
            good = error_system(error, ERROR_USAGE, errno, "%s/%s: cannot be read", folder, name);
        else if (S_ISDIR(about.st_mode))
            good = walk(arena, folder, name, depth + 1, files, error);
        else if (strlen(name) > 5 && strcmp(name + strlen(name) - 5, ".json") == 0)
            *vector_add(arena, &files->paths) = name;
    }
    closedir(directory);
    return good;
}

bool snapshot_list(struct arena *arena, const char *folder, struct snapshot_files *files, struct error *error)
{
    if (!walk(arena, folder, "", 0, files, error))
        return false;
    sort_texts(files->paths.items, files->paths.count);
    return true;
}

// ACCOUNT/REGION/file.json, as `sgproof read` lays snapshots out.
static struct document_place place_in(struct arena *arena, const char *path)
{
    struct document_place place = {0};
    const char *end = strrchr(path, '/');
    if (end == NULL)
        return place;
    char *folders = arena_strndup(arena, path, (size_t)(end - path));
    char *region = strrchr(folders, '/');
    if (region == NULL)
        return place;
    *region++ = '\0';
    const char *account = strrchr(folders, '/') == NULL ? folders : strrchr(folders, '/') + 1;
    if (strlen(account) == 12 && strspn(account, "0123456789") == 12)
        place = (struct document_place){.account = account, .region = region};
    return place;
}

// Calls whose answers decide nothing.
static bool decides_nothing(const char *service, const char *operation)
{
    static const char *const names[] = {"DescribeVpcs",
                                        "DescribeAddresses",
                                        "DescribeNatGateways",
                                        "DescribeEgressOnlyInternetGateways",
                                        "DescribeSecurityGroupRules",
                                        "DescribeSecurityGroupVpcAssociations",
                                        "ListFirewalls",
                                        "DescribeFirewall",
                                        "DescribeLoadBalancerAttributes",
                                        "DescribeDBInstances",
                                        "DescribeLaunchTemplateVersions",
                                        NULL};
    return text_among(operation, names) || strcmp(service, "iam") == 0 || strcmp(service, "cloudtrail") == 0;
}

// What the account has not set: only a password policy says something by its absence.
static bool read_absences(struct estate *estate, const struct json_cursor *root, struct error *error)
{
    struct json_cursor list = json_member(root, "unavailable");
    const cJSON *node;
    GUARD(list.node == NULL || json_expect_array(&list, error));
    cJSON_ArrayForEach (node, list.node) {
        const char *account = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(node, "account_id"));
        const char *operation = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(node, "operation"));
        if (account != NULL && operation != NULL && strcmp(operation, "GetAccountPasswordPolicy") == 0)
            account_named(estate, account)->password_policy_absent = true;
    }
    return true;
}

// The reader's own record: what it could not read, answers may rest on.
static bool read_record(struct estate *estate, const char *path, struct error *error)
{
    cJSON *root = json_load(path, error);
    struct json_cursor at = {.file = path, .node = root};
    bool good = root != NULL && json_expect_object(&at, error);
    good = good && read_absences(estate, &at, error);
    struct json_cursor unread = good ? json_member(&at, "unread") : (struct json_cursor){0};
    size_t index = 0;
    const cJSON *node;
    good = good && (unread.node == NULL || json_expect_array(&unread, error));
    const cJSON *list = good ? unread.node : NULL;
    cJSON_ArrayForEach (node, list) {
        struct json_cursor one = json_element(&unread, index++, node);
        const char *account, *service, *operation, *region, *code;
        good = json_expect_object(&one, error) && json_string(estate->arena, &one, "account_id", &account, error) &&
               json_string(estate->arena, &one, "service", &service, error) &&
               json_string(estate->arena, &one, "operation", &operation, error) &&
               json_string(estate->arena, &one, "region", &region, error) &&
               json_string(estate->arena, &one, "code", &code, error);
        if (!good)
            break;
        if (!decides_nothing(service, operation))
            *vector_add(estate->arena, &estate->unread) =
                arena_printf(estate->arena, "missing: %s %s of %s/%s (%s)", service, operation, account, region, code);
    }
    cJSON_Delete(root);
    return good;
}

static bool read_all(struct estate *estate, const char *folder, struct error *error)
{
    struct snapshot_files files = {0};
    if (!snapshot_list(estate->arena, folder, &files, error))
        return false;
    bool any = false;
    struct snapshot_files later = {0};
    for (int pass = 0; pass < 2; pass++) {
        const struct snapshot_files *now = pass == 0 ? &files : &later;
        for (size_t i = 0; i < now->paths.count; i++) {
            const char *name = now->paths.items[i];
            const char *base = strrchr(name, '/') == NULL ? name : strrchr(name, '/') + 1;
            bool again;
            const char *path = arena_printf(estate->arena, "%s/%s", folder, name);
            if (strcmp(base, "snapshot.json") == 0) {
                if (!read_record(estate, path, error))
                    return false;
                continue;
            }
            if (!document_read(estate, path, name, place_in(estate->arena, name), pass == 1, &again, error))
                return false;
            if (again && pass == 0)
                *vector_add(estate->arena, &later.paths) = name;
        }
    }
    for (int kind = 0; kind < KIND_COUNT; kind++)
        any = any || estate->present[kind];
    if (!any)
        return error_set(error, ERROR_USAGE,
                         "%s: no describe-* document found, expected JSON files with top-level keys such as "
                         "NetworkInterfaces or SecurityGroups",
                         folder);
    estate_settle(estate);
    return true;
}

struct estate *snapshot_read(const char *folder, struct error *error)
{
    struct arena *arena = arena_new();
    struct estate *estate = arena_new_of(arena, struct estate);
    estate->arena = arena;
    if (read_all(estate, folder, error))
        return estate;
    arena_free(arena);
    return NULL;
}

void estate_free(struct estate *estate)
{
    if (estate != NULL)
        arena_free(estate->arena);
}
