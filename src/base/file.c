#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *file_read(const char *path, size_t *length, struct error *error)
{
    enum { LIMIT = 1 << 30 };
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
    if (file == NULL) {
        error_system(error, ERROR_USAGE, errno, "%s: cannot be opened", path);
        return NULL;
    }
    size_t capacity = 64 * 1024, used = 0;
    struct stat about;
    if (fstat(fileno(file), &about) == 0 && S_ISREG(about.st_mode) && about.st_size < LIMIT)
        capacity = (size_t)about.st_size + 2;
    char *bytes = malloc(capacity);
    while (bytes != NULL) {
        used += fread(bytes + used, 1, capacity - 1 - used, file);
        if (ferror(file) || feof(file) || used > LIMIT)
            break;
        capacity *= 2;
        char *grown = realloc(bytes, capacity);
        if (grown == NULL)
            free(bytes);
        bytes = grown;
    }
    bool read_failed = ferror(file) != 0;
    int why = errno;
    if (file != stdin)
        fclose(file);
    if (bytes == NULL || read_failed || used > LIMIT) {
        free(bytes);
        if (read_failed)
            error_system(error, ERROR_USAGE, why, "%s: cannot be read", path);
        else
            error_set(error, ERROR_USAGE, "%s: larger than 1 GiB", path);
        return NULL;
    }
    bytes[used] = '\0';
    *length = used;
    return bytes;
}

bool file_stream(const char *path, bool (*take)(void *context, const char *bytes, size_t length, struct error *error),
                 void *context, struct error *error)
{
    enum { PIECE = 256 * 1024 };
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return error_system(error, ERROR_USAGE, errno, "%s: cannot be opened", path);
    char *piece = malloc(PIECE);
    bool good = piece != NULL || error_set(error, ERROR_INCOMPLETE, "%s: no memory to read it", path);
    while (good) {
        ssize_t count = read(file, piece, PIECE);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            good = error_system(error, ERROR_USAGE, errno, "%s: cannot be read", path);
        if (count <= 0)
            break;
        good = take(context, piece, (size_t)count, error);
    }
    free(piece);
    close(file);
    return good;
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
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
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
