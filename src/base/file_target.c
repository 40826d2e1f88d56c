#include "base/file_target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/system.h"

enum { MOST_LINKS = 40 };

// A folder that may be searched and not read cannot be synced, and serves all the same.
static int open_folder(int from, const char *path)
{
    int folder = openat(from, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder >= 0 || errno != EACCES ? folder : system_search_folder(from, path);
}

// Goes to the folder of `path`, as seen from the folder where we are, and keeps the last name.
static bool go(struct file_target *target, const char *path)
{
    char above[PATH_MAX];
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    if (strlen(name) > NAME_MAX || strlen(path) >= sizeof(above)) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (name[0] == '\0') {
        errno = EISDIR;
        return false;
    }
    snprintf(above, sizeof(above), "%.*s",
             slash == NULL   ? 1
             : slash == path ? 1
                             : (int)(slash - path),
             slash == NULL ? "." : path);
    int folder = open_folder(target->folder, above);
    if (folder < 0)
        return false;
    if (target->folder >= 0)
        close(target->folder);
    target->folder = folder;
    snprintf(target->name, sizeof(target->name), "%s", name);
    return true;
}

bool file_target_folder(const struct file_target *target, char path[PATH_MAX])
{
    return system_path_of(target->folder, path);
}

// The number of our own descriptor that a link of /proc stands for, or -1.
static int own_descriptor(const struct file_target *target)
{
    char here[PATH_MAX], ours[64], *end;
    snprintf(ours, sizeof(ours), "/proc/%ld/fd", (long)getpid());
    long number = strtol(target->name, &end, 10);
    if (!file_target_folder(target, here) || strcmp(here, ours) != 0 || *end != '\0' || number < 0 || number > INT_MAX)
        return -1;
    return (int)number;
}

// Who may make a link in a folder that all may write to, and have us follow it: its owner and we.
static bool is_planted(const struct file_target *target)
{
    struct stat folder;
    if (fstat(target->folder, &folder) != 0)
        return true;
    bool shared = (folder.st_mode & (S_ISVTX | S_IWOTH)) == (S_ISVTX | S_IWOTH);
    return shared && target->about.st_uid != geteuid() && target->about.st_uid != folder.st_uid;
}

// Follows the link that the target is. False with errno.
static bool follow(struct file_target *target)
{
    char path[PATH_MAX];
    if (is_planted(target)) {
        errno = EACCES;
        return false;
    }
    ssize_t length = readlinkat(target->folder, target->name, path, sizeof(path) - 1);
    if (length < 0)
        return false;
    path[length] = '\0';
    return go(target, path);
}

static bool look(struct file_target *target)
{
    target->there = fstatat(target->folder, target->name, &target->about, AT_SYMLINK_NOFOLLOW) == 0;
    return target->there || errno == ENOENT;
}

bool file_target_find(const char *path, struct file_target *target, struct error *error)
{
    *target = (struct file_target){.folder = AT_FDCWD, .own = -1};
    bool good = go(target, path) && look(target);
    int links = 0;
    for (; good && target->there && S_ISLNK(target->about.st_mode); links++) {
        target->magic = system_makes_up(target->folder);
        if (target->magic) {
            target->own = own_descriptor(target);
            good = fstatat(target->folder, target->name, &target->about, 0) == 0;
            break;
        }
        errno = ELOOP;
        good = links < MOST_LINKS && follow(target) && look(target);
    }
    if (good && !target->there && system_makes_up(target->folder)) { // nothing is made there
        errno = ENOENT;
        good = false;
    }
    if (good)
        return true;
    int why = errno;
    bool planted = why == EACCES && target->there && S_ISLNK(target->about.st_mode) && is_planted(target);
    file_target_leave(target);
    return planted
               ? error_set(error, ERROR_USAGE,
                           "%s: is somebody else's link in a folder that all may write to, and is not followed", path)
               : error_system(error, ERROR_USAGE, why, "%s: cannot be written", path);
}

void file_target_leave(struct file_target *target)
{
    if (target->folder >= 0)
        close(target->folder);
    target->folder = -1;
}

bool file_folder_sync(int folder)
{
    return fsync(folder) == 0 || errno == EINVAL || errno == EROFS || errno == ENOTSUP || errno == EBADF;
}
