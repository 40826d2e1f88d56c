#include "evidence/bundle.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

// What vouches for the manifest.
static const char *const seals[] = {"manifest.sig", "manifest.dsse.json", "manifest.tsr", NULL};

struct bundle {
    struct arena *arena;
    const char *folder;
    const char *inside; // the folder that will be moved there
    struct temporary temporary;
    VECTOR(struct manifest_file) files;
};

struct bundle *bundle_begin(struct arena *arena, const char *folder, struct error *error)
{
    struct bundle *bundle = arena_new_of(arena, struct bundle);
    struct stat about;
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    bundle->arena = arena;
    bundle->folder = arena_strndup(arena, folder, length);
    if (lstat(bundle->folder, &about) == 0) {
        error_set(error, ERROR_USAGE, "%s: exists already; an evidence bundle is never written over", bundle->folder);
        return NULL;
    }
    if (!temporary_make(arena, bundle->folder, &bundle->temporary, error))
        return NULL;
    bundle->inside = bundle_scratch_path(bundle, "evidence");
    if (file_make_folder(bundle->inside, error))
        return bundle;
    bundle_abandon(bundle);
    return NULL;
}

struct temporary *bundle_temporary(struct bundle *bundle)
{
    return &bundle->temporary;
}

const char *bundle_path(const struct bundle *bundle, const char *path)
{
    return arena_printf(bundle->arena, "%s/%s", bundle->inside, path);
}

const char *bundle_scratch_path(const struct bundle *bundle, const char *name)
{
    return arena_printf(bundle->arena, "%s/%s", bundle->temporary.path, name);
}

bool bundle_folder(struct bundle *bundle, const char *path, struct error *error)
{
    return file_make_folder(bundle_path(bundle, path), error);
}

// Folders in the bundle, and none above it: where it is gone, it does not come back as half of one.
static bool make_folders(const struct bundle *bundle, const char *path, struct error *error)
{
    struct stat about;
    if (!file_is_inside(path))
        return error_set(error, ERROR_USAGE, "%s: is no path in the evidence", path);
    for (const char *slash = path; (slash = strchr(slash, '/')) != NULL; slash++) {
        const char *folder = bundle_path(bundle, arena_strndup(bundle->arena, path, (size_t)(slash - path)));
        if (lstat(folder, &about) != 0)
            GUARD(file_make_folder(folder, error));
        else if (!S_ISDIR(about.st_mode))
            return error_set(error, ERROR_INCOMPLETE, "%s: is no folder", folder);
    }
    return true;
}

bool bundle_seal(struct bundle *bundle, const char *path, const void *bytes, size_t length, struct error *error)
{
    GUARD(make_folders(bundle, path, error));
    const char *there = bundle_path(bundle, path);
    if (file_write(there, bytes, length, error))
        return true;
    unlink(there); // it may be there, and not known to be on the disk
    return false;
}

static void list(struct bundle *bundle, const char *path, size_t bytes, const char sha256[DIGEST_TEXT])
{
    struct manifest_file file = {arena_strdup(bundle->arena, path), bytes, arena_strdup(bundle->arena, sha256)};
    for (size_t i = 0; i < bundle->files.count; i++)
        if (strcmp(bundle->files.items[i].path, path) == 0) {
            bundle->files.items[i] = file;
            return;
        }
    *vector_add(bundle->arena, &bundle->files) = file;
}

bool bundle_add(struct bundle *bundle, const char *path, const char *bytes, size_t length, struct error *error)
{
    char sha256[DIGEST_TEXT];
    GUARD(bundle_seal(bundle, path, bytes, length, error));
    digest_sha256(bytes, length, sha256);
    list(bundle, path, length, sha256);
    return true;
}

bool bundle_write(struct bundle *bundle, const char *path, void (*write)(void *context, struct text *out),
                  void *context, struct error *error)
{
    char sha256[DIGEST_TEXT];
    size_t bytes;
    struct file_draft draft;
    GUARD(make_folders(bundle, path, error));
    const char *there = bundle_path(bundle, path);
    if (!file_begin(&draft, there, error))
        return false;
    struct text out = {.sink = draft.stream};
    write(context, &out);
    text_flush(&out);
    text_free(&out);
    if (!file_commit(&draft, error) || !file_digest(there, &bytes, sha256, error)) {
        unlink(there); // it may be there, and not known to be on the disk
        return false;
    }
    list(bundle, path, bytes, sha256);
    return true;
}

bool bundle_copy(struct bundle *bundle, const char *path, const char *from, struct error *error)
{
    char sha256[DIGEST_TEXT];
    size_t bytes;
    GUARD(make_folders(bundle, path, error));
    const char *there = bundle_path(bundle, path);
    if (!file_copy(from, there, &bytes, sha256, error)) {
        unlink(there);
        return false;
    }
    list(bundle, path, bytes, sha256);
    return true;
}

bool bundle_adopt(struct bundle *bundle, const char *path, struct error *error)
{
    char sha256[DIGEST_TEXT];
    size_t bytes;
    GUARD(file_digest(bundle_path(bundle, path), &bytes, sha256, error));
    list(bundle, path, bytes, sha256);
    return true;
}

void bundle_drop(struct bundle *bundle, const char *path)
{
    size_t kept = 0;
    if (!file_is_inside(path))
        return;
    for (size_t i = 0; i < bundle->files.count; i++)
        if (strcmp(bundle->files.items[i].path, path) != 0)
            bundle->files.items[kept++] = bundle->files.items[i];
    bundle->files.count = (uint32_t)kept;
    unlink(bundle_path(bundle, path));
}

static void list_files(const struct bundle *bundle, struct manifest *manifest)
{
    manifest->files.count = 0;
    for (size_t i = 0; i < bundle->files.count; i++)
        *vector_add(bundle->arena, &manifest->files) = bundle->files.items[i];
    manifest_sort(manifest);
}

bool bundle_close(struct bundle *bundle, struct manifest *manifest, struct text *document, struct error *error)
{
    for (int i = 0; seals[i] != NULL; i++)
        unlink(bundle_path(bundle, seals[i]));
    list_files(bundle, manifest);
    struct text sums = {0};
    manifest_write_sums(manifest, &sums);
    bool good = bundle_add(bundle, MANIFEST_SUMS, sums.bytes, sums.length, error);
    text_free(&sums);
    if (!good)
        return false;
    list_files(bundle, manifest); // the sums among them
    manifest_write(bundle->arena, manifest, document);
    return bundle_seal(bundle, "manifest.json", document->bytes, document->length, error);
}

bool bundle_finish(struct bundle *bundle, const char **where, struct error *error)
{
    enum { MOST = 1000 };
    *where = bundle->folder;
    for (int i = 2; !file_move(bundle->inside, *where); i++) {
        if ((errno != EEXIST && errno != ENOTEMPTY) || i > MOST)
            return error_system(error, ERROR_INCOMPLETE, errno, "%s: cannot be put in its place", *where);
        *where = arena_printf(bundle->arena, "%s-%d", bundle->folder, i);
    }
    temporary_remove(&bundle->temporary);
    return true;
}

const char *bundle_keep(struct bundle *bundle)
{
    return temporary_keep(bundle->arena, &bundle->temporary);
}

void bundle_abandon(struct bundle *bundle)
{
    temporary_remove(&bundle->temporary);
}
