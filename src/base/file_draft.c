// Output files: what is regular appears whole under its name or not at all, what is not is written to as it is.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/temporary.h"

static bool is_in_place(const struct file_target *target)
{
    return target->magic || (target->there && !S_ISREG(target->about.st_mode));
}

// A device, a pipe, or what one of our own descriptors writes to: replaced by nothing, cut off nowhere.
static int open_in_place(const struct file_target *target, const char *path)
{
    int follows = target->magic ? 0 : O_NOFOLLOW;
    int how = O_WRONLY | O_CLOEXEC | O_NOCTTY | follows;
    if (target->own >= 0)
        return fcntl(target->own, F_DUPFD_CLOEXEC, 0);
    if (S_ISFIFO(target->about.st_mode)) { // opening it takes until somebody reads it: fifo(7)
        int now = openat(target->folder, target->name, how | O_NONBLOCK);
        if (now < 0 && errno == ENXIO)
            log_line(LOG_WARNING, "%s: is a named pipe that nobody reads: waiting for a reader", path);
        else if (now < 0 || fcntl(now, F_SETFL, fcntl(now, F_GETFL) & ~O_NONBLOCK) == 0)
            return now;
        else
            close(now);
    }
    return openat(target->folder, target->name, how);
}

// As the file that it will replace: its mode and, where we may, its owner.
static bool inherit(int descriptor, const struct stat *from)
{
    struct stat fresh;
    if (fstat(descriptor, &fresh) != 0)
        return false;
    if ((fresh.st_uid != from->st_uid || fresh.st_gid != from->st_gid) &&
        fchown(descriptor, from->st_uid, from->st_gid) != 0)
        return fchmod(descriptor, from->st_mode & 0700) == 0; // another group is not to read what its own could
    return fchmod(descriptor, from->st_mode & 0777) == 0;
}

static int open_beside(struct file_draft *draft)
{
    enum { TRIES = 100, KEPT = 200 }; // letters of the name
    const struct file_target *target = &draft->target;
    int how = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, descriptor = -1;
    for (int i = 0; i < TRIES && descriptor < 0; i++) {
        char drawn[TEMPORARY_DRAWN + 1];
        if (!temporary_draw(drawn))
            return -1;
        snprintf(draft->temporary, sizeof(draft->temporary), "%.*s.tmp-%s", KEPT, target->name, drawn);
        descriptor = openat(target->folder, draft->temporary, how, target->there ? 0600 : 0666);
        if (descriptor < 0 && errno != EEXIST)
            break;
    }
    if (descriptor >= 0 && target->there && !inherit(descriptor, &target->about)) {
        int why = errno;
        unlinkat(target->folder, draft->temporary, 0);
        close(descriptor);
        errno = why;
        return -1;
    }
    return descriptor;
}

bool file_begin(struct file_draft *draft, const char *path, struct error *error)
{
    *draft = (struct file_draft){.path = path};
    if (!file_target_find(path, &draft->target, error)) {
        error->code = ERROR_INCOMPLETE;
        return false;
    }
    bool in_place = is_in_place(&draft->target);
    int descriptor = in_place ? open_in_place(&draft->target, path) : open_beside(draft);
    draft->stream = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    if (draft->stream != NULL)
        return true;
    error_system(error, ERROR_INCOMPLETE, errno, "%s: cannot be written", path);
    if (descriptor >= 0) {
        close(descriptor);
        if (!in_place)
            unlinkat(draft->target.folder, draft->temporary, 0);
    }
    file_target_leave(&draft->target);
    return false;
}

// Puts what is whole in its place. False with errno.
static bool put_in_place(const struct file_draft *draft)
{
    const struct file_target *target = &draft->target;
    return renameat(target->folder, draft->temporary, target->folder, target->name) == 0 &&
           file_folder_sync(target->folder);
}

bool file_commit(struct file_draft *draft, struct error *error)
{
    bool in_place = draft->temporary[0] == '\0';
    bool written =
        fflush(draft->stream) == 0 && !ferror(draft->stream) && (in_place || fsync(fileno(draft->stream)) == 0);
    int why = errno;
    bool closed = fclose(draft->stream) == 0;
    why = written ? errno : why;
    bool good = written && closed;
    if (good && !in_place && !put_in_place(draft)) {
        why = errno;
        good = false;
    }
    if (!good && !in_place)
        unlinkat(draft->target.folder, draft->temporary, 0);
    file_target_leave(&draft->target);
    return good || error_system(error, ERROR_INCOMPLETE, why, "%s: cannot be written", draft->path);
}

void file_abandon(struct file_draft *draft)
{
    if (draft->stream != NULL)
        fclose(draft->stream);
    if (draft->temporary[0] != '\0')
        unlinkat(draft->target.folder, draft->temporary, 0);
    file_target_leave(&draft->target);
}

bool file_may_write(const char *path, struct error *error)
{
    struct file_target target;
    GUARD(file_target_find(path, &target, error));
    bool folder = target.there && S_ISDIR(target.about.st_mode), in_place = is_in_place(&target);
    int flags = target.own >= 0 ? fcntl(target.own, F_GETFL) : 0;
    bool may = target.own >= 0 ? flags >= 0 && (flags & O_ACCMODE) != O_RDONLY
               : in_place      ? faccessat(target.folder, target.name, W_OK, AT_EACCESS) == 0
                               : faccessat(target.folder, ".", W_OK | X_OK, AT_EACCESS) == 0;
    int why = target.own >= 0 ? EBADF : errno;
    file_target_leave(&target);
    if (folder)
        return error_set(error, ERROR_USAGE, "%s: is a folder, expected a file", path);
    return may || error_system(error, ERROR_USAGE, why, "%s: cannot be written", path);
}

bool file_write(const char *path, const char *bytes, size_t length, struct error *error)
{
    struct file_draft draft;
    if (!file_begin(&draft, path, error))
        return false;
    fwrite(bytes, 1, length, draft.stream);
    return file_commit(&draft, error);
}

// Where the file system has none without a name, it loses it at once.
static int open_nameless(const char *folder)
{
    char path[PATH_MAX], drawn[TEMPORARY_DRAWN + 1];
    int descriptor = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) || !temporary_draw(drawn))
        return descriptor;
    if (snprintf(path, sizeof(path), "%s/.tmp-%s", folder, drawn) >= (int)sizeof(path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (descriptor >= 0)
        unlink(path);
    return descriptor;
}

FILE *file_nameless(const char *folder)
{
    int descriptor = open_nameless(folder);
    FILE *stream = descriptor < 0 ? NULL : fdopen(descriptor, "w+b");
    if (stream == NULL && descriptor >= 0) {
        int why = errno;
        close(descriptor);
        errno = why;
    }
    return stream;
}
