#include "cli/readings.h"

#include "base/file.h"

const char *read_until(struct arena *arena, const char *folder, const struct manifest *manifest, const char *reading)
{
    const char *path = arena_printf(arena, "%s/snapshot.json", reading);
    struct error ignored;
    cJSON *root =
        manifest_file(manifest, path) == NULL ? NULL : json_load(arena_printf(arena, "%s/%s", folder, path), &ignored);
    const cJSON *ended = cJSON_IsObject(root) ? json_find(root, "ended") : NULL;
    const char *text = cJSON_IsString(ended) ? arena_strdup(arena, ended->valuestring) : NULL;
    cJSON_Delete(root);
    return text;
}
