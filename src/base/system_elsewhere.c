// Of a system that is not known to be Linux: POSIX, and what macOS and the BSDs have beside it. Also the rights, the
// confinement and the protection of secrets that such a build has: that of processes without capabilities, seccomp and
// Landlock.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#if __has_include(<sys/random.h>)
#include <sys/random.h>
#endif

#include "base/landlock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/rights.h"
#include "base/secret.h"
#include "base/syscalls.h"
#include "base/system.h"

const char system_descriptors[] = "/dev/fd";
const bool system_entries_in_handlers = false;

bool system_random(void *bytes, size_t size)
{
    return getentropy(bytes, size) == 0;
}

bool system_move_pages(void *from, size_t length, void *to)
{
    (void)from;
    (void)length;
    (void)to;
    return false;
}

bool system_makes_up(int folder)
{
    (void)folder;
    return false;
}

bool system_path_of(int descriptor, char path[PATH_MAX])
{
#ifdef F_GETPATH // macOS
    return fcntl(descriptor, F_GETPATH, path) == 0;
#else
    (void)descriptor;
    path[0] = '\0';
    return false;
#endif
}

int system_search_folder(int from, const char *path)
{
#ifdef O_SEARCH
    return openat(from, path, O_SEARCH | O_DIRECTORY | O_CLOEXEC);
#else
    (void)from;
    (void)path;
    errno = EACCES;
    return -1;
#endif
}

bool system_is_null_device(const struct stat *about)
{
    struct stat null;
    return S_ISCHR(about->st_mode) && stat("/dev/null", &null) == 0 && about->st_rdev == null.st_rdev;
}

int system_rename_new(const char *from, const char *to)
{
#ifdef RENAME_EXCL // macOS
    return renamex_np(from, to, RENAME_EXCL) == 0 ? 0 : errno == ENOTSUP ? ENOSYS : errno;
#else
    (void)from;
    (void)to;
    return ENOSYS;
#endif
}

void system_close_from(int first)
{
    long most = sysconf(_SC_OPEN_MAX);
    for (int other = first; other < most; other++)
        close(other);
}

bool system_each_entry(int folder, void (*each)(void *context, const char *name), void *context)
{
    int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = again < 0 ? NULL : fdopendir(again);
    if (directory == NULL) {
        if (again >= 0)
            close(again);
        return false;
    }
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            each(context, entry->d_name);
    closedir(directory);
    return true;
}

struct taker {
    void *context;
    ssize_t (*write)(void *context, const char *bytes, size_t size);
};

#ifdef __GLIBC__ // where such a build is tried
static ssize_t take(void *cookie, const char *bytes, size_t size)
{
    const struct taker *taker = cookie;
    return taker->write(taker->context, bytes, size);
}
#else
static int take(void *cookie, const char *bytes, int size)
{
    const struct taker *taker = cookie;
    return (int)taker->write(taker->context, bytes, (size_t)size);
}
#endif

static int let_go(void *cookie)
{
    free(cookie);
    return 0;
}

FILE *system_stream(void *context, ssize_t (*write)(void *context, const char *bytes, size_t size))
{
    struct taker *taker = memory_take(sizeof(*taker));
    *taker = (struct taker){context, write};
#ifdef __GLIBC__
    return fopencookie(taker, "w", (cookie_io_functions_t){.write = take, .close = let_go});
#else
    return funopen(taker, NULL, take, NULL, let_go);
#endif
}

int system_bind_to_interface(int socket, const char *interface)
{
    (void)socket;
    (void)interface;
    return ENOTSUP;
}

void system_bind_without_port(int socket)
{
    (void)socket;
}

// ---- rights.h

bool rights_drop(struct error *error)
{
    bool plain = setgid(getgid()) == 0 && setuid(getuid()) == 0 && geteuid() == getuid() && getegid() == getgid();
    return plain || error_system(error, ERROR_INCOMPLETE, errno, "privileges cannot be given up");
}

bool rights_keep_only(int capability, struct error *error)
{
    (void)capability;
    return rights_drop(error);
}

bool rights_hold(int capability)
{
    (void)capability;
    return geteuid() == 0;
}

bool rights_are_roots_own(void)
{
    return false;
}

// ---- What a process may still do

static const char none[] = "this sgproof is built without what is Linux's alone (-Dprobe=disabled)";

bool landlock_limit(const struct landlock_place *places, size_t count, int *version, struct error *error)
{
    (void)places;
    (void)count;
    *version = 0;
    return error_set(error, ERROR_INCOMPLETE, "%s", none);
}

bool syscalls_limit(enum syscalls_stage stage, struct error *error)
{
    (void)stage;
    return error_set(error, ERROR_INCOMPLETE, "%s", none);
}

const char *syscalls_said(enum syscalls_stage stage)
{
    (void)stage;
    return "anything";
}

void secret_protect(void)
{
    if (setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) != 0)
        log_line(LOG_WARNING, "a core dump of this process could hold its secrets: the system would not switch it off");
}
