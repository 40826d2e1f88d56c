#include "cli/readings.h"

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

void readings_check(struct checks *checks, const struct checked_bundle *bundle, const struct derivation *derivation)
{
    const struct estate *before = derivation->before.estate, *after = derivation->after.estate;
    const char *wrong = time_difference(checks->arena, bundle);
    const char *place = after == NULL ? NULL : place_left_out(checks->arena, before, after);
    if (wrong != NULL)
        check_add(checks, "readings", CHECK_WRONG, "%s", wrong);
    if (place != NULL)
        check_add(checks, "readings", CHECK_NOT_DONE,
                  "after/ tells nothing of %s, which before/ does: nothing shows that it stayed as it was", place);
}
