#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/system.h"

enum { LIMIT = 1 << 30 };

// All that a descriptor gives, with a zero byte behind it; NULL with errno, 0 where it is more than `limit`. Neither a
// stream's buffer nor a buffer that was outgrown keeps a copy: it may be a key.
static char *read_all(int file, size_t capacity, size_t limit, size_t *length)
{
    char *bytes = malloc(capacity);
    size_t used = 0;
    ssize_t got = 1;
    while (bytes != NULL && used <= limit && got != 0) {
        got = read(file, bytes + used, capacity - 1 - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        used += (size_t)got;
        if (used + 1 < capacity)
            continue;
        char *grown = malloc(capacity * 2);
        if (grown != NULL)
            memcpy(grown, bytes, used);
        memory_wipe(bytes, used);
        free(bytes);
        bytes = grown;
        capacity *= 2;
    }
    int why = bytes == NULL ? ENOMEM : got < 0 ? errno : 0;
    if (why == 0 && used <= limit) {
        bytes[used] = '\0';
        *length = used;
        return bytes;
    }
    if (bytes != NULL)
        memory_wipe(bytes, used);
    free(bytes);
    errno = why;
    return NULL;
}

static char *read_at_most(const char *path, size_t limit, size_t *length, struct error *error)
{
    struct stat about;
    size_t capacity = 64 * 1024;
    bool own = strcmp(path, "-") != 0;
    int file = own ? file_open_input(path, error) : STDIN_FILENO;
    if (file < 0)
        return NULL;
    if (fstat(file, &about) == 0 && S_ISREG(about.st_mode) && (size_t)about.st_size < limit)
        capacity = (size_t)about.st_size + 2;
    char *bytes = read_all(file, capacity, limit, length);
    int why = errno;
    if (own)
        close(file);
    if (bytes == NULL && why == 0)
        error_set(error, ERROR_USAGE, "%s: larger than %zu MiB", path, limit >> 20);
    else if (bytes == NULL)
        error_system(error, error_code_of(why), why, "%s: cannot be read", path);
    return bytes;
}

char *file_read(const char *path, size_t *length, struct error *error)
{
    return read_at_most(path, LIMIT, length, error);
}

char *file_read_settings(const char *path, size_t *length, struct error *error)
{
    enum { MOST = 16 << 20 };
    return read_at_most(path, MOST, length, error);
}

bool file_map(const char *path, struct file_bytes *file, struct error *error)
{
    struct stat about;
    *file = (struct file_bytes){0};
    int descriptor = strcmp(path, "-") == 0 ? -1 : file_open_input(path, error);
    if (descriptor < 0 && strcmp(path, "-") != 0)
        return false;
    bool regular = descriptor >= 0 && fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0;
    void *memory = regular ? mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0) : MAP_FAILED;
    if (descriptor >= 0)
        close(descriptor);
    if (memory != MAP_FAILED) {
        *file = (struct file_bytes){memory, (size_t)about.st_size, true};
        return true;
    }
    file->bytes = file_read(path, &file->length, error);
    return file->bytes != NULL;
}

void file_unmap(struct file_bytes *file)
{
    if (file->mapped)
        munmap((void *)(uintptr_t)file->bytes, file->length);
    else
        free((void *)(uintptr_t)file->bytes);
    *file = (struct file_bytes){0};
}

bool file_stream(const char *path, bool (*take)(void *context, const char *bytes, size_t length, struct error *error),
                 void *context, struct error *error)
{
    enum { PIECE = 256 * 1024 };
    bool own = strcmp(path, "-") != 0;
    int file = own ? file_open_input(path, error) : STDIN_FILENO;
    if (file < 0)
        return false;
    char *piece = malloc(PIECE);
    bool good = piece != NULL || error_set(error, ERROR_INCOMPLETE, "%s: no memory to read it", path);
    while (good) {
        ssize_t count = read(file, piece, PIECE);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            good = error_system(error, error_code_of(errno), errno, "%s: cannot be read", path);
        if (count <= 0)
            break;
        good = take(context, piece, (size_t)count, error);
    }
    free(piece);
    if (own)
        close(file);
    return good;
}

bool file_expect_regular(const char *path, struct error *error)
{
    struct stat about;
    return lstat(path, &about) != 0 || S_ISREG(about.st_mode) ||
           error_set(error, ERROR_USAGE, "%s: is no regular file", path);
}

struct copying {
    FILE *into; // or NULL
    const char *path;
    struct digest *digest;
    size_t bytes;
};

static bool take_piece(void *context, const char *bytes, size_t length, struct error *error)
{
    struct copying *copying = context;
    (void)error;
    digest_add(copying->digest, bytes, length);
    copying->bytes += length;
    return copying->into == NULL || fwrite(bytes, 1, length, copying->into) == length ||
           error_system(error, ERROR_INCOMPLETE, errno, "%s: cannot be written", copying->path);
}

bool file_digest(const char *path, size_t *bytes, char sha256[DIGEST_TEXT], struct error *error)
{
    struct copying copying = {.digest = digest_new()};
    bool good = file_stream(path, take_piece, &copying, error);
    digest_end(copying.digest, sha256);
    *bytes = copying.bytes;
    return good;
}

bool file_copy(const char *from, const char *path, size_t *bytes, char sha256[DIGEST_TEXT], struct error *error)
{
    struct file_draft draft;
    if (!file_begin(&draft, path, error))
        return false;
    struct copying copying = {.into = draft.stream, .path = path, .digest = digest_new()};
    bool good = file_stream(from, take_piece, &copying, error);
    digest_end(copying.digest, sha256);
    *bytes = copying.bytes;
    if (good)
        return file_commit(&draft, error);
    file_abandon(&draft);
    return false;
}

// The folder that holds a path.
static int open_above(const char *path)
{
    char parent[PATH_MAX];
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    while (length > 0 && path[length - 1] != '/')
        length--;
    snprintf(parent, sizeof(parent), "%.*s", length == 0 ? 1 : (int)length, length == 0 ? "." : path);
    return open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

// Has a new name in the folder of a path outlast a power failure.
static bool sync_above(const char *path)
{
    int folder = open_above(path);
    if (folder < 0)
        return errno == EACCES; // it may be searched and written, and not read
    bool good = file_folder_sync(folder);
    int why = errno;
    close(folder);
    errno = why;
    return good;
}

bool file_make_folder(const char *path, struct error *error)
{
    if (mkdir(path, 0700) != 0 || !sync_above(path))
        return error_system(error, ERROR_USAGE, errno, "%s: cannot be made", path);
    return true;
}

bool file_is_inside(const char *path)
{
    const char *part = path;
    if (path[0] == '\0')
        return false;
    for (;;) {
        size_t length = strcspn(part, "/");
        if (length == 0 || length > NAME_MAX || (length <= 2 && strspn(part, ".") >= length))
            return false;
        if (part[length] == '\0')
            return true;
        part += length + 1;
    }
}

static bool rename_to_new(const char *from, const char *to)
{
    struct stat about;
    int why = system_rename_new(from, to);
    if (why == 0)
        return true;
    errno = why;
    if (why != EINVAL && why != ENOSYS)
        return false;
    if (lstat(to, &about) == 0) { // a file system that cannot do both in one: an empty folder might be replaced
        errno = EEXIST;
        return false;
    }
    return rename(from, to) == 0;
}

bool file_move(const char *from, const char *to)
{
    int folder = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC); // what is no folder was synced as it was written
    bool good = folder < 0 || file_folder_sync(folder);
    if (folder >= 0)
        close(folder);
    return good && rename_to_new(from, to) && sync_above(to);
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

bool file_make_parents(const char *path, struct error *error)
{
    char parent[PATH_MAX];
    for (const char *slash = path; (slash = strchr(slash + 1, '/')) != NULL;) {
        snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
        if (mkdir(parent, 0700) == 0 ? !sync_above(parent) : errno != EEXIST)
            return error_system(error, ERROR_INCOMPLETE, errno, "%s: cannot be made", parent);
    }
    return true;
}

void file_remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
