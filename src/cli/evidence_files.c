#include "cli/evidence_files.h"

#include <stdlib.h>
#include <unistd.h>

#include "aws/snapshot.h"
#include "base/file.h"
#include "evidence/remembered.h"

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
    static const char *const files[] = {"observations.jsonl", "verdicts.json", REMEMBERED_ANSWERS};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        GUARD(manifest_file(manifest, files[i]) == NULL || manifest_holds(arena, manifest, folder, files[i], error));
    return true;
}

// ---- Documents

// Evidence tells by its manifest; a file of that name that is none is a document like any other.
static bool is_evidence(struct arena *arena, const char *folder)
{
    const char *path = arena_printf(arena, "%s/manifest.json", folder);
    struct error ignored;
    if (access(path, F_OK) != 0 || !file_expect_regular(path, &ignored))
        return false;
    cJSON *root = json_load(path, &ignored);
    const char *schema = cJSON_IsObject(root) ? cJSON_GetStringValue(json_find(root, "schema")) : NULL;
    bool is = schema != NULL && strcmp(schema, "sgproof/manifest/v1") == 0;
    cJSON_Delete(root);
    return is;
}

// Every document below `below` ("" or "before/") of the evidence.
static bool documents_hold(struct arena *arena, const char *evidence, const char *below, struct error *error)
{
    struct manifest manifest = {0};
    struct snapshot_files files = {0};
    GUARD(evidence_manifest(arena, evidence, &manifest, error));
    GUARD(snapshot_list(arena, arena_printf(arena, "%s/%s", evidence, below), &files, error));
    for (size_t i = 0; i < files.paths.count; i++) {
        const char *path = arena_printf(arena, "%s%s", below, files.paths.items[i]);
        GUARD(strcmp(path, "manifest.json") == 0 || strcmp(path, "manifest.dsse.json") == 0 ||
              manifest_file(&manifest, path) != NULL || manifest_holds(arena, &manifest, evidence, path, error));
    }
    for (size_t i = 0; i < manifest.files.count; i++)
        if (strncmp(manifest.files.items[i].path, below, strlen(below)) == 0)
            GUARD(manifest_holds(arena, &manifest, evidence, manifest.files.items[i].path, error));
    return true;
}

bool evidence_documents_hold(const char *folder, struct error *error)
{
    static const char *const readings[] = {"before", "after", "base"};
    struct arena *arena = arena_new();
    char *real = realpath(folder, NULL), *slash = real == NULL ? NULL : strrchr(real, '/');
    const char *name = slash == NULL ? "" : slash + 1;
    const char *above = slash == NULL ? "" : arena_strndup(arena, real, (size_t)(slash - real));
    bool good = true, reading = false;
    for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++)
        reading = reading || strcmp(name, readings[i]) == 0;
    if (is_evidence(arena, folder))
        good = documents_hold(arena, folder, "", error);
    else if (reading && is_evidence(arena, above))
        good = documents_hold(arena, above, arena_printf(arena, "%s/", name), error);
    free(real);
    arena_free(arena);
    return good;
}
