// Files to read: regular ones, and what this process was handed open (its standard input, a shell's <(...)). A pipe, a
// socket or a device that somebody put in the place of a file would hold us, or never end.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/system.h"

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_rdev == b->st_rdev;
}

// Whether a descriptor of ours, another than `but`, is open to it.
static bool is_held(const struct stat *about, int but)
{
    DIR *own = opendir(system_descriptors);
    struct dirent *entry;
    bool held = false;
    while (own != NULL && !held && (entry = readdir(own)) != NULL) {
        struct stat other;
        int number = atoi(entry->d_name);
        held = entry->d_name[0] != '.' && number != but && number != dirfd(own) && fstat(number, &other) == 0 &&
               is_same(about, &other);
    }
    if (own != NULL)
        closedir(own);
    return held;
}

static const char *kind_of(mode_t mode)
{
    return S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : S_ISDIR(mode) ? "a folder" : "a device";
}

static bool may_read(const char *path, const struct stat *about, int but, struct error *error)
{
    return S_ISREG(about->st_mode) || S_ISDIR(about->st_mode) ||
           system_is_null_device(about) /* by which settings are left out */ || is_held(about, but) ||
           error_set(error, ERROR_USAGE,
                     "%s: is %s, expected a file: give - or /dev/stdin, or have the shell open it, <(...)", path,
                     kind_of(about->st_mode));
}

bool file_expect_input(const char *path, struct error *error)
{
    struct stat about;
    return stat(path, &about) != 0 || may_read(path, &about, -1, error);
}

int file_open_input(const char *path, struct error *error)
{
    struct stat about;
    if (!file_expect_input(path, error)) // a device may do something as it is opened
        return -1;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int why = file < 0 || fstat(file, &about) != 0 ? errno : 0;
    bool good = why == 0 ? may_read(path, &about, file, error)
                         : error_system(error, error_code_of(why), why, "%s: cannot be opened", path);
    if (good && !S_ISREG(about.st_mode))
        fcntl(file, F_SETFL, fcntl(file, F_GETFL) & ~O_NONBLOCK); // what comes later is waited for
    if (!good && file >= 0)
        close(file);
    return good ? file : -1;
}

FILE *file_open_stream(const char *path, struct error *error)
{
    int file = file_open_input(path, error);
    FILE *stream = file < 0 ? NULL : fdopen(file, "rb");
    if (file >= 0 && stream == NULL) {
        error_system(error, ERROR_INCOMPLETE, errno, "%s: cannot be opened", path);
        close(file);
    }
    return stream;
}
