#include "evidence/tar.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

enum { BLOCK = 512 };

// Offsets and sizes of the fields: IEEE Std 1003.1, pax, table "ustar Header Block".
struct tar_header {
    char name[100];
    char mode[8];
    char uid[8];
    char gid[8];
    char size[12];
    char mtime[12];
    char checksum[8];
    char type;
    char link[100];
    char magic[6];
    char version[2];
    char user[32];
    char group[32];
    char major[8];
    char minor[8];
    char prefix[155];
    char rest[12];
};
static_assert(sizeof(struct tar_header) == BLOCK, "a header is one block");

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

static bool put_file(const char *path, const char *from, struct text *out, struct error *error)
{
    static const char zeros[BLOCK];
    struct tar_header header = {.type = '0', .magic = "ustar", .version = {'0', '0'}};
    size_t length;
    unsigned sum = 0;
    char *bytes = file_read(from, &length, error);
    if (bytes == NULL)
        return false;
    bool good = place_name(&header, path, error);
    snprintf(header.mode, sizeof(header.mode), "%07o", 0644);
    snprintf(header.uid, sizeof(header.uid), "%07o", 0);
    snprintf(header.gid, sizeof(header.gid), "%07o", 0);
    snprintf(header.size, sizeof(header.size), "%011zo", length);
    snprintf(header.mtime, sizeof(header.mtime), "%011o", 0);
    memset(header.checksum, ' ', sizeof(header.checksum));
    for (size_t i = 0; i < BLOCK; i++)
        sum += ((const unsigned char *)&header)[i];
    snprintf(header.checksum, sizeof(header.checksum), "%06o", sum);
    if (good) {
        text_add(out, (const char *)&header, BLOCK);
        text_add(out, bytes, length);
        text_add(out, zeros, (BLOCK - length % BLOCK) % BLOCK);
    }
    free(bytes);
    return good;
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
    for (size_t i = 0; i < manifest->files.count; i++)
        *vector_add(arena, &paths) = manifest->files.items[i].path;
    sort_texts(paths.items, paths.count);
    for (size_t i = 0; i < paths.count; i++)
        GUARD(put_file(arena_printf(arena, "%s/%s", name, paths.items[i]),
                       arena_printf(arena, "%s/%s", folder, paths.items[i]), out, error));
    text_add(out, end, sizeof(end));
    return true;
}
