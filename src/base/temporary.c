#include "base/temporary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/system.h"

static const char lock_name[] = ".sgproof-lock";
static const char infix[] = ".tmp-";

enum { DRAWN = TEMPORARY_DRAWN, DEEPEST = 64 };

// ---- Removing: system calls only where a signal handler may ask for it

struct emptying {
    int folder;
    dev_t device;
    const char *spared; // or NULL
    int depth;
    bool removed;
};

static void empty(int folder, const char *spared, int depth);

static void remove_entry(void *context, const char *name)
{
    struct emptying *emptying = context;
    struct stat there;
    if (emptying->spared != NULL && strcmp(name, emptying->spared) == 0)
        return;
    if (unlinkat(emptying->folder, name, 0) == 0) {
        emptying->removed = true;
        return;
    }
    int below = openat(emptying->folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (below < 0)
        return;
    if (fstat(below, &there) == 0 && there.st_dev == emptying->device)
        empty(below, NULL, emptying->depth + 1);
    close(below);
    emptying->removed = unlinkat(emptying->folder, name, AT_REMOVEDIR) == 0 || emptying->removed;
}

// Removes what is in a folder but `spared`, and stays on its device.
static void empty(int folder, const char *spared, int depth)
{
    struct stat here;
    if (depth >= DEEPEST || fstat(folder, &here) != 0)
        return;
    struct emptying emptying = {folder, here.st_dev, spared, depth, true};
    while (emptying.removed) {
        emptying.removed = false;
        if (!system_each_entry(folder, remove_entry, &emptying))
            return;
    }
}

// The lock goes last, so that who is killed meanwhile leaves what the next run removes.
static void remove_folder(int parent, const char *name, int folder)
{
    empty(folder, lock_name, 0);
    unlinkat(folder, lock_name, 0);
    unlinkat(parent, name, AT_REMOVEDIR);
}

static void let_go(struct temporary *temporary)
{
    int *descriptors[] = {&temporary->lock, &temporary->folder, &temporary->parent};
    for (int i = 0; i < 3; i++) {
        if (*descriptors[i] >= 0)
            close(*descriptors[i]);
        *descriptors[i] = -1;
    }
}

void temporary_remove(struct temporary *temporary)
{
    if (temporary->folder < 0)
        return;
    remove_folder(temporary->parent, temporary->name, temporary->folder);
    let_go(temporary);
}

// ---- What dead runs left

static bool is_named_so(const char *name)
{
    size_t length = strlen(name), tail = sizeof(infix) - 1 + DRAWN;
    if (length <= tail || strncmp(name + length - tail, infix, sizeof(infix) - 1) != 0)
        return false;
    return strspn(name + length - DRAWN, "0123456789abcdefghijklmnopqrstuvwxyz") == DRAWN;
}

static void remove_if_dead(int parent, const char *name)
{
    struct stat about;
    int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0)
        return;
    int lock = fstat(folder, &about) == 0 && about.st_uid == geteuid()
                   ? openat(folder, lock_name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
                   : -1;
    if (lock >= 0) {
        if (fstat(lock, &about) == 0 && S_ISREG(about.st_mode) && about.st_uid == geteuid() &&
            flock(lock, LOCK_EX | LOCK_NB) == 0)
            remove_folder(parent, name, folder);
        close(lock);
    }
    close(folder);
}

static void remove_dead_ones(int parent)
{
    int again = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = again < 0 ? NULL : fdopendir(again);
    if (directory == NULL) {
        if (again >= 0)
            close(again);
        return;
    }
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (is_named_so(entry->d_name))
            remove_if_dead(parent, entry->d_name);
    closedir(directory);
}

// ---- Making

bool temporary_draw(char name[DRAWN + 1])
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    unsigned char random[DRAWN];
    if (!system_random(random, sizeof(random)))
        return false;
    for (int i = 0; i < DRAWN; i++)
        name[i] = letters[random[i] % (sizeof(letters) - 1)];
    name[DRAWN] = '\0';
    return true;
}

// Takes the lock. False where another run took the folder for a dead one's before we had it: then it is gone. Where
// this file system knows no locks, there is no lock file, and no run takes the folder for a dead one's.
static bool take_lock(struct temporary *temporary)
{
    struct stat about;
    temporary->lock = openat(temporary->folder, lock_name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (temporary->lock < 0)
        return false;
    if (flock(temporary->lock, LOCK_EX) != 0)
        return unlinkat(temporary->folder, lock_name, 0) == 0;
    return fstat(temporary->lock, &about) == 0 && about.st_nlink == 1;
}

static int open_parent(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *parent = slash == NULL ? "." : slash == path ? "/" : arena_strndup(arena, path, (size_t)(slash - path));
    return open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool temporary_make(struct arena *arena, const char *beside, struct temporary *temporary, struct error *error)
{
    enum { TRIES = 100 };
    char drawn[DRAWN + 1];
    *temporary = (struct temporary){.parent = open_parent(arena, beside), .folder = -1, .lock = -1};
    if (temporary->parent < 0)
        return error_system(error, ERROR_USAGE, errno, "%s: its folder cannot be opened", beside);
    remove_dead_ones(temporary->parent);
    for (int i = 0; i < TRIES && temporary_draw(drawn); i++) {
        temporary->path = arena_printf(arena, "%s%s%s", beside, infix, drawn);
        const char *slash = strrchr(temporary->path, '/');
        temporary->name = slash == NULL ? temporary->path : slash + 1;
        if (mkdirat(temporary->parent, temporary->name, 0700) != 0) {
            if (errno == EEXIST)
                continue;
            break;
        }
        temporary->folder = openat(temporary->parent, temporary->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (temporary->folder >= 0 && take_lock(temporary))
            return true;
        int why = errno;
        unlinkat(temporary->parent, temporary->name, AT_REMOVEDIR);
        int parent = temporary->parent;
        temporary->parent = -1;
        let_go(temporary);
        temporary->parent = parent;
        errno = why;
    }
    int why = errno;
    let_go(temporary);
    return error_system(error, ERROR_USAGE, why, "%s: no folder can be made beside it", beside);
}

const char *temporary_keep(struct arena *arena, struct temporary *temporary)
{
    char path[PATH_MAX];
    struct stat about;
    bool told = false;
    if (temporary->folder >= 0 && fstat(temporary->folder, &about) == 0 && about.st_nlink > 0) {
        told = system_path_of(temporary->folder, path);
        unlinkat(temporary->folder, lock_name, 0);
    }
    bool there = temporary->folder >= 0 && fstat(temporary->folder, &about) == 0 && about.st_nlink > 0;
    let_go(temporary);
    return !there ? NULL : told ? arena_strdup(arena, path) : temporary->path;
}
