#include "evidence/tar.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum { BLOCK = TAR_BLOCK };

static const size_t LARGEST = ((size_t)1 << 33) - 1; // eleven octal digits

// Names longer than 100 bytes are cut at a slash.
static bool place_name(struct tar_header *header, const char *path, struct error *error)
{
    size_t length = strlen(path);
    if (length <= sizeof(header->name)) {
        memcpy(header->name, path, length);
        return true;
    }
    for (const char *slash = path; (slash = strchr(slash + 1, '/')) != NULL;)
        if (strlen(slash + 1) <= sizeof(header->name) && (size_t)(slash - path) <= sizeof(header->prefix)) {
            memcpy(header->prefix, path, (size_t)(slash - path));
            memcpy(header->name, slash + 1, strlen(slash + 1));
            return true;
        }
    return error_set(error, ERROR_USAGE, "%s: the name is too long for a tar archive", path);
}

// Of a file that is copied into the archive, what its header says is still to come.
struct part {
    struct text *out;
    size_t left;
};

static bool add_part(void *context, const char *bytes, size_t length, struct error *error)
{
    struct part *part = context;
    if (length > part->left)
        return error_set(error, ERROR_INCOMPLETE, "a file of the evidence grew while it was read");
    text_add(part->out, bytes, length);
    part->left -= length;
    return true;
}

static bool put_file(const char *path, const char *from, struct text *out, struct error *error)
{
    static const char zeros[BLOCK];
    struct tar_header header = {.type = '0', .magic = "ustar", .version = {'0', '0'}};
    struct stat about;
    unsigned sum = 0;
    if (lstat(from, &about) != 0 || !S_ISREG(about.st_mode))
        return error_set(error, ERROR_USAGE, "%s: is missing, or no regular file", from);
    size_t length = (size_t)about.st_size;
    struct part part = {.out = out, .left = length};
    GUARD(place_name(&header, path, error));
    if (length > LARGEST)
        return error_set(error, ERROR_USAGE, "%s: is larger than a file in a tar archive can be (8 GiB)", from);
    snprintf(header.mode, sizeof(header.mode), "%07o", 0644);
    snprintf(header.uid, sizeof(header.uid), "%07o", 0);
    snprintf(header.gid, sizeof(header.gid), "%07o", 0);
    snprintf(header.size, sizeof(header.size), "%011zo", length);
    snprintf(header.mtime, sizeof(header.mtime), "%011o", 0);
    memset(header.checksum, ' ', sizeof(header.checksum));
    for (size_t i = 0; i < BLOCK; i++)
        sum += ((const unsigned char *)&header)[i];
    snprintf(header.checksum, sizeof(header.checksum), "%06o", sum);
    text_add(out, (const char *)&header, BLOCK);
    GUARD(file_stream(from, add_part, &part, error));
    if (part.left > 0)
        return error_set(error, ERROR_INCOMPLETE, "%s: became shorter while it was read", from);
    text_add(out, zeros, (BLOCK - length % BLOCK) % BLOCK);
    return true;
}

bool tar_write(struct arena *arena, const char *folder, const char *name, const struct manifest *manifest,
               struct text *out, struct error *error)
{
    static const char *const beside[] = {"manifest.dsse.json", "manifest.json", "manifest.sig", "manifest.tsr"};
    static const char end[2 * BLOCK];
    text_list paths = {0};
    for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
        if (access(arena_printf(arena, "%s/%s", folder, beside[i]), F_OK) == 0)
            *vector_add(arena, &paths) = beside[i];
    for (size_t i = 0; i < manifest->files.count; i++) {
        GUARD(manifest_holds(arena, manifest, folder, manifest->files.items[i].path, error));
        *vector_add(arena, &paths) = manifest->files.items[i].path;
    }
    sort_texts(paths.items, paths.count);
    for (size_t i = 0; i < paths.count; i++)
        GUARD(put_file(arena_printf(arena, "%s/%s", name, paths.items[i]),
                       arena_printf(arena, "%s/%s", folder, paths.items[i]), out, error));
    text_add(out, end, sizeof(end));
    return true;
}
