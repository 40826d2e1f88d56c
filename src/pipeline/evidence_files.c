#include "pipeline/evidence_files.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/snapshot.h"
#include "base/file.h"
#include "evidence/remembered.h"
#include "pipeline/file_kind.h"

// Whether a folder holds documents as a snapshot does; what is below it is looked at only where it is no evidence.
static bool is_snapshot(struct arena *arena, const char *folder)
{
    struct snapshot_files files = {0};
    struct error ignored;
    if (!snapshot_list(arena, folder, &files, &ignored))
        return false;
    for (size_t i = 0; i < files.paths.count; i++) {
        const char *name = text_behind_slash(files.paths.items[i]);
        if (strcmp(name, "snapshot.json") == 0 || strncmp(name, "describe-", strlen("describe-")) == 0)
            return true;
    }
    return false;
}

bool evidence_is_there(struct arena *arena, const char *folder, struct error *error)
{
    struct stat about;
    if (stat(folder, &about) != 0 || !S_ISDIR(about.st_mode) ||
        access(arena_printf(arena, "%s/manifest.json", folder), F_OK) == 0 || !is_snapshot(arena, folder))
        return true;
    return error_set(error, ERROR_USAGE,
                     "%s: is a snapshot, expected evidence: sgproof run --snapshot %s makes evidence of it, sgproof "
                     "compute %s says what it declares",
                     folder, folder, folder);
}

bool evidence_manifest(struct arena *arena, const char *folder, struct manifest *manifest, struct error *error)
{
    const char *path = arena_printf(arena, "%s/manifest.json", folder);
    size_t length;
    GUARD(evidence_is_there(arena, folder, error));
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

// Ours, and no file that it lists: it says itself whether it was changed.
static bool is_of_the_seal(const char *inside)
{
    static const char *const names[] = {"manifest.json", "manifest.sig", "manifest.dsse.json", "manifest.tsr"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(inside, names[i]) == 0)
            return true;
    return false;
}

static bool file_holds(struct arena *arena, const char *evidence, const char *inside, struct error *error)
{
    struct manifest manifest = {0};
    return evidence_manifest(arena, evidence, &manifest, error) &&
           (is_of_the_seal(inside) || manifest_holds(arena, &manifest, evidence, inside, error));
}

// Asks `holds` in each evidence folder that a place lies in, wherever links lead: it is given what of the path is in
// it.
static bool hold_in_all(const char *place, bool folder,
                        bool (*holds)(struct arena *arena, const char *evidence, const char *inside,
                                      struct error *error),
                        struct error *error)
{
    struct arena *arena = arena_new();
    char *real = realpath(place, NULL);
    size_t length = real == NULL ? 0 : strlen(real);
    bool good = true;
    for (size_t end = length; good && end > 0; end--) {
        if (end == length ? !folder : real[end] != '/')
            continue;
        const char *evidence = arena_strndup(arena, real, end);
        const char *inside = end == length ? "" : real + end + 1;
        if (is_evidence(arena, evidence))
            good = holds(arena, evidence, folder && end < length ? arena_printf(arena, "%s/", inside) : inside, error);
    }
    free(real);
    arena_free(arena);
    return good;
}

bool evidence_is_none(const char *folder, struct error *error)
{
    struct arena *arena = arena_new();
    bool is = is_evidence(arena, folder), before = access(arena_printf(arena, "%s/before", folder), F_OK) == 0;
    arena_free(arena);
    return !is || !before ||
           error_set(error, ERROR_USAGE,
                     "%s: is evidence, expected a snapshot: type %s/before for what was read before the probe; sgproof "
                     "report %s shows its verdicts",
                     folder, folder, folder);
}

bool evidence_documents_hold(const char *folder, struct error *error)
{
    return file_kind_may_be(folder, NULL, "a snapshot folder", error) &&
           hold_in_all(folder, true, documents_hold, error);
}

bool evidence_input_holds(const char *path, struct error *error)
{
    struct stat about;
    return stat(path, &about) != 0 || !S_ISREG(about.st_mode) || hold_in_all(path, false, file_holds, error);
}
