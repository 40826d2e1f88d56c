#include "cli/readings.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

static const char *member_of(struct arena *arena, const char *record, const char *key)
{
    struct error ignored;
    cJSON *root = access(record, F_OK) != 0 ? NULL : json_load(record, &ignored);
    const cJSON *member = cJSON_IsObject(root) ? json_find(root, key) : NULL;
    const char *text = member == NULL            ? NULL
                       : !cJSON_IsString(member) ? json_kind(member)
                                                 : arena_strdup(arena, member->valuestring);
    cJSON_Delete(root);
    return text;
}

const char *read_until(struct arena *arena, const char *folder, const struct manifest *manifest, const char *reading)
{
    const char *path = arena_printf(arena, "%s/snapshot.json", reading);
    return manifest_file(manifest, path) == NULL
               ? NULL
               : member_of(arena, arena_printf(arena, "%s/%s", folder, path), "ended");
}

// When a reading began or ended, in *seconds: INT64_MIN where it does not say. What it says that is no moment, else
// NULL.
static const char *moment_of(struct arena *arena, const char *folder, const char *key, int64_t *seconds)
{
    const char *text = member_of(arena, arena_printf(arena, "%s/snapshot.json", folder), key);
    *seconds = INT64_MIN;
    return text == NULL || clock_parse_zone(text, seconds) ? NULL : text;
}

bool reading_is_of_the_past(struct arena *arena, const char *folder, struct error *error)
{
    static const char *const keys[] = {"began", "ended"};
    int64_t now = (int64_t)(clock_wall_us() / 1000000), seconds;
    for (int i = 0; i < 2; i++) {
        const char *odd = moment_of(arena, folder, keys[i], &seconds);
        if (odd != NULL)
            return error_set(error, ERROR_USAGE, "%s/snapshot.json: %s: \"%s\" is no moment as RFC 3339 has it", folder,
                             keys[i], odd);
        if (seconds > now + CLOCKS_DIFFER_S)
            return error_set(error, ERROR_USAGE, "%s/snapshot.json: %s: is in the future of this machine's clock",
                             folder, keys[i]);
    }
    return true;
}

// What their times contradict, in words; NULL where nothing.
static const char *time_difference(struct arena *arena, const struct checked_bundle *bundle)
{
    static const char *const readings[] = {"before", "after", "base"}, *const keys[] = {"began", "ended"};
    int64_t moments[3][2];
    uint64_t end_us;
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 2; k++) {
            const char *odd =
                moment_of(arena, arena_printf(arena, "%s/%s", bundle->folder, readings[i]), keys[k], &moments[i][k]);
            if (odd != NULL)
                return arena_printf(arena, "%s/snapshot.json: %s: \"%s\" is no moment as RFC 3339 has it", readings[i],
                                    keys[k], odd);
        }
    for (int i = 0; i < 3; i++) {
        if (moments[i][0] > moments[i][1] && moments[i][1] != INT64_MIN)
            return arena_printf(arena, "%s/snapshot.json: ended before it began", readings[i]);
        if (clock_moment(bundle->manifest.claims.end, &end_us) &&
            moments[i][1] > (int64_t)(end_us / 1000000) + CLOCKS_DIFFER_S)
            return arena_printf(arena, "%s/snapshot.json: was read until after the run ended, %s", readings[i],
                                bundle->manifest.claims.end);
    }
    return moments[1][1] != INT64_MIN && moments[0][1] != INT64_MIN && moments[1][1] + CLOCKS_DIFFER_S < moments[0][1]
               ? "after/snapshot.json: was read before before/"
               : NULL;
}

// The first account and region of before/ that after/ tells nothing of, as text; NULL where there is none.
static const char *place_left_out(struct arena *arena, const struct estate *before, const struct estate *after)
{
    for (size_t i = 0; i < before->completeness.count; i++) {
        const struct completeness *one = &before->completeness.items[i];
        if (one->demanded && completeness_of(after, one->account, one->region) == NULL)
            return arena_printf(arena, "%s in %s", one->account == NULL ? "an account" : one->account,
                                one->region == NULL ? "a region" : one->region);
    }
    return NULL;
}

// ---- What a reading says of its files

struct listing {
    struct arena *arena;
    const struct checked_bundle *bundle;
    struct map listed; // paths in the bundle
    struct map kept;   // folders of which a record lists the files
};

static const char *text_of(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

// What an entry of a record contradicts, in words; NULL where nothing.
static const char *entry_difference(struct listing *listing, const char *record, const char *folder, const cJSON *root,
                                    const cJSON *one)
{
    struct arena *arena = listing->arena;
    const char *file = text_of(one, "file"), *sha256 = text_of(one, "sha256"), *asked = text_of(one, "asked");
    const char *began = text_of(root, "began"), *ended = text_of(root, "ended");
    const char *path = file == NULL ? NULL : arena_printf(arena, "%s%s", folder, file);
    const struct manifest_file *sealed = path == NULL ? NULL : manifest_file(&listing->bundle->manifest, path);
    int64_t at, from = INT64_MIN, to = INT64_MIN;
    if (path != NULL)
        map_put(arena, &listing->listed, path, listing);
    if (sealed != NULL && sha256 != NULL && strcmp(sealed->sha256, sha256) != 0)
        return arena_printf(arena, "%s: is not what %s says was read: its SHA-256 is another", path, record);
    if (asked == NULL)
        return NULL;
    if (!clock_parse_zone(asked, &at))
        return arena_printf(arena, "%s: asked: \"%s\" is no moment as RFC 3339 has it", record, asked);
    if ((began != NULL && clock_parse_zone(began, &from) && at + CLOCKS_DIFFER_S < from) ||
        (ended != NULL && clock_parse_zone(ended, &to) && at > to + CLOCKS_DIFFER_S))
        return arena_printf(arena, "%s: %s was asked for before it began, or after it ended", record,
                            file == NULL ? "a file" : file);
    return NULL;
}

// The same of a record. Who read is of the account that is told (sts GetCallerIdentity gives both).
static const char *record_difference(struct listing *listing, const char *record)
{
    struct arena *arena = listing->arena;
    struct error ignored;
    cJSON *root = json_load(arena_printf(arena, "%s/%s", listing->bundle->folder, record), &ignored);
    const cJSON *files = cJSON_GetObjectItemCaseSensitive(root, "files"), *one;
    const char *folder = arena_strndup(arena, record, (size_t)(text_behind_slash(record) - record));
    const char *account = text_of(root, "account_id"), *arn = text_of(root, "read_by"), *wrong = NULL;
    if (account != NULL && arn != NULL && strstr(arn, arena_printf(arena, ":%s:", account)) == NULL)
        wrong = arena_printf(arena, "%s: read_by is of another account than account_id", record);
    if (cJSON_IsArray(files))
        map_put(arena, &listing->kept, folder, listing);
    cJSON_ArrayForEach (one, files) {
        const char *differs = entry_difference(listing, record, folder, root, one);
        wrong = wrong == NULL ? differs : wrong;
    }
    cJSON_Delete(root);
    return wrong;
}

static bool is_of_reading(const char *path)
{
    return strncmp(path, "before/", 7) == 0 || strncmp(path, "after/", 6) == 0 || strncmp(path, "base/", 5) == 0;
}

// Whether a record of some folder above lists files, and none lists this one.
static bool is_unlisted(const struct listing *listing, const char *path)
{
    if (!is_of_reading(path) || strcmp(text_behind_slash(path), "snapshot.json") == 0 ||
        map_get(&listing->listed, path) != NULL)
        return false;
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/'))
        if (map_get(&listing->kept, arena_strndup(listing->arena, path, (size_t)(slash + 1 - path))) != NULL)
            return true;
    return false;
}

static void check_records(struct checks *checks, const struct checked_bundle *bundle)
{
    struct listing listing = {.arena = checks->arena, .bundle = bundle};
    const struct manifest *manifest = &bundle->manifest;
    const char *unlisted = NULL;
    size_t count = 0;
    for (size_t i = 0; i < manifest->files.count; i++) {
        const char *path = manifest->files.items[i].path;
        const char *wrong = is_of_reading(path) && strcmp(text_behind_slash(path), "snapshot.json") == 0
                                ? record_difference(&listing, path)
                                : NULL;
        if (wrong != NULL)
            check_add(checks, "readings", CHECK_WRONG, "%s", wrong);
    }
    for (size_t i = 0; i < manifest->files.count && listing.kept.count > 0; i++) {
        if (!is_unlisted(&listing, manifest->files.items[i].path))
            continue;
        unlisted = unlisted == NULL ? manifest->files.items[i].path : unlisted;
        count++;
    }
    if (count > 0)
        check_add(checks, "readings", CHECK_ABSENT,
                  "%zu files are in no record of what was read, the first is %s: who put them there, nothing tells",
                  count, unlisted);
}

void readings_check(struct checks *checks, const struct checked_bundle *bundle, const struct derivation *derivation)
{
    const struct estate *before = derivation->before.estate, *after = derivation->after.estate;
    const char *wrong = time_difference(checks->arena, bundle);
    const char *place = after == NULL ? NULL : place_left_out(checks->arena, before, after);
    if (wrong != NULL)
        check_add(checks, "readings", CHECK_WRONG, "%s", wrong);
    check_records(checks, bundle);
    if (place != NULL)
        check_add(checks, "readings", CHECK_NOT_DONE,
                  "after/ tells nothing of %s, which before/ does: nothing shows that it stayed as it was", place);
}
