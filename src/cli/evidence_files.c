#include "cli/evidence_files.h"

#include <stdlib.h>

#include "base/file.h"

bool evidence_manifest(struct arena *arena, const char *folder, struct manifest *manifest, struct error *error)
{
    const char *path = arena_printf(arena, "%s/manifest.json", folder);
    size_t length;
    char *bytes = file_expect_regular(path, error) ? file_read(path, &length, error) : NULL;
    bool good = bytes != NULL && manifest_read(arena, path, bytes, length, manifest, error);
    if (good && !manifest_is_sealed(manifest, bytes, length))
        good = error_set(error, ERROR_USAGE, "%s: was changed, run_id is not its own hash: see sgproof verify", path);
    free(bytes);
    return good;
}

bool evidence_verdicts(struct arena *arena, const char *folder, struct verdict_set *set, struct error *error)
{
    struct manifest manifest = {0};
    return evidence_manifest(arena, folder, &manifest, error) &&
           manifest_holds(arena, &manifest, folder, "verdicts.json", error) &&
           verdicts_read(arena, arena_printf(arena, "%s/verdicts.json", folder), set, error);
}

bool evidence_holds(struct arena *arena, const char *folder, const struct manifest *manifest, struct error *error)
{
    static const char *const files[] = {"observations.jsonl", "verdicts.json"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        GUARD(manifest_file(manifest, files[i]) == NULL || manifest_holds(arena, manifest, folder, files[i], error));
    return true;
}
