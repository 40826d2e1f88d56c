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

bool file_begin(struct file_draft *draft, const char *path, struct error *error)
{
    struct stat about;
    draft->path = path;
    draft->temporary[0] = '\0';
    if (stat(path, &about) == 0 && !S_ISREG(about.st_mode)) { // a device or pipe is written to, never replaced
        draft->stream = fopen(path, "wbe");
        return draft->stream != NULL || error_system(error, ERROR_INCOMPLETE, errno, "%s: cannot be written", path);
    }
    if (snprintf(draft->temporary, sizeof(draft->temporary), "%s.tmp-%ld", path, (long)getpid()) >=
        (int)sizeof(draft->temporary))
        return error_set(error, ERROR_USAGE, "%s: the name is too long", path);
    draft->stream = fopen(draft->temporary, "wbe");
    if (draft->stream == NULL)
        return error_system(error, ERROR_INCOMPLETE, errno, "%s: cannot be written", path);
    return true;
}

bool file_commit(struct file_draft *draft, struct error *error)
{
    bool in_place = draft->temporary[0] == '\0';
    bool written =
        fflush(draft->stream) == 0 && !ferror(draft->stream) && (in_place || fsync(fileno(draft->stream)) == 0);
    int why = errno;
    if (fclose(draft->stream) != 0 || !written || (!in_place && rename(draft->temporary, draft->path) != 0)) {
        why = written ? errno : why;
        if (!in_place)
            unlink(draft->temporary);
        return error_system(error, ERROR_INCOMPLETE, why, "%s: cannot be written", draft->path);
    }
    return true;
}

void file_abandon(struct file_draft *draft)
{
    fclose(draft->stream);
    if (draft->temporary[0] != '\0')
        unlink(draft->temporary);
}

bool file_may_write(const char *path, struct error *error)
{
    struct stat about;
    bool there = stat(path, &about) == 0;
    if (there && S_ISDIR(about.st_mode))
        return error_set(error, ERROR_USAGE, "%s: is a folder, expected a file", path);
    const char *slash = strrchr(path, '/');
    char parent[PATH_MAX] = ".";
    if (there && !S_ISREG(about.st_mode))
        snprintf(parent, sizeof(parent), "%s", path);
    else if (slash != NULL)
        snprintf(parent, sizeof(parent), "%.*s", slash == path ? 1 : (int)(slash - path), path);
    int how = there && !S_ISREG(about.st_mode) ? W_OK : W_OK | X_OK;
    return faccessat(AT_FDCWD, parent, how, AT_EACCESS) == 0 ||
           error_system(error, ERROR_USAGE, errno, "%s: cannot be written", path);
}

bool file_write(const char *path, const char *bytes, size_t length, struct error *error)
{
    struct file_draft draft;
    if (!file_begin(&draft, path, error))
        return false;
    fwrite(bytes, 1, length, draft.stream);
    return file_commit(&draft, error);
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

bool file_make_folder(const char *path, struct error *error)
{
    if (mkdir(path, 0777) != 0)
        return error_system(error, ERROR_USAGE, errno, "%s: cannot be made", path);
    return true;
}

bool file_move(const char *from, const char *to)
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
        if (mkdir(parent, 0700) != 0 && errno != EEXIST)
            return error_system(error, ERROR_INCOMPLETE, errno, "%s: cannot be made", parent);
    }
    return true;
}

void file_remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
