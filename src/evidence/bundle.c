#include "evidence/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

struct bundle {
    struct arena *arena;
    const char *folder;
    const char *temporary;
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
    bundle->temporary = arena_printf(arena, "%s.tmp-%ld", bundle->folder, (long)getpid());
    if (lstat(bundle->folder, &about) == 0) {
        error_set(error, ERROR_USAGE, "%s: exists already; an evidence bundle is never written over", bundle->folder);
        return NULL;
    }
    return file_make_folder(bundle->temporary, error) ? bundle : NULL;
}

const char *bundle_path(const struct bundle *bundle, const char *path)
{
    return arena_printf(bundle->arena, "%s/%s", bundle->temporary, path);
}

bool bundle_folder(struct bundle *bundle, const char *path, struct error *error)
{
    return file_make_folder(bundle_path(bundle, path), error);
}

bool bundle_seal(struct bundle *bundle, const char *path, const void *bytes, size_t length, struct error *error)
{
    const char *whole = bundle_path(bundle, path);
    return file_make_parents(whole, error) && file_write(whole, bytes, length, error);
}

bool bundle_add(struct bundle *bundle, const char *path, const char *bytes, size_t length, struct error *error)
{
    char *sha256 = arena_alloc(bundle->arena, DIGEST_TEXT);
    GUARD(bundle_seal(bundle, path, bytes, length, error));
    digest_sha256(bytes, length, sha256);
    *vector_add(bundle->arena, &bundle->files) =
        (struct manifest_file){arena_strdup(bundle->arena, path), length, sha256};
    return true;
}

bool bundle_copy(struct bundle *bundle, const char *path, const char *from, struct error *error)
{
    const char *whole = bundle_path(bundle, path);
    struct manifest_file file = {.path = arena_strdup(bundle->arena, path)};
    char *sha256 = arena_alloc(bundle->arena, DIGEST_TEXT);
    GUARD(file_make_parents(whole, error) && file_copy(from, whole, &file.bytes, sha256, error));
    file.sha256 = sha256;
    *vector_add(bundle->arena, &bundle->files) = file;
    return true;
}

bool bundle_close(struct bundle *bundle, struct manifest *manifest, struct text *document, struct error *error)
{
    for (size_t i = 0; i < bundle->files.count; i++)
        *vector_add(bundle->arena, &manifest->files) = bundle->files.items[i];
    manifest_write(bundle->arena, manifest, document);
    return bundle_seal(bundle, "manifest.json", document->bytes, document->length, error);
}

bool bundle_finish(struct bundle *bundle, struct error *error)
{
    return rename(bundle->temporary, bundle->folder) == 0 ||
           error_system(error, ERROR_INCOMPLETE, errno, "%s: cannot be put in its place", bundle->folder);
}

void bundle_abandon(struct bundle *bundle)
{
    file_remove_tree(bundle->temporary);
}
