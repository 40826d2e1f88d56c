#include "base/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Headers may be older than the kernel.
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

enum {
    WITH_RENAMING = 2, // versions: from one folder to another, without which no evidence gets its place,
    WITH_TRUNCATE = 3,
    WITH_SCOPES = 6,
};

// As the kernel has it from version 6 on; older ones take its beginning.
struct ruleset {
    uint64_t files;
    uint64_t net;
    uint64_t scoped;
};

static const uint64_t of_folders =
    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REFER;
static const uint64_t of_files = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE;
static const uint64_t of_names = LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE;
// What nobody here makes or does, anywhere.
static const uint64_t of_nobody = LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                                  LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                                  LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_EXECUTE;

static bool add_place(int rules, const struct landlock_place *place, uint64_t known)
{
    struct stat about;
    int there = open(place->path, O_PATH | O_CLOEXEC);
    if (there < 0)
        return true; // who writes there will say so
    uint64_t wanted = place->right == LANDLOCK_FOLDERS ? of_folders : of_folders | of_names | of_files;
    bool folder = fstat(there, &about) == 0 && S_ISDIR(about.st_mode);
    struct landlock_path_beneath_attr rule = {.allowed_access = (folder ? wanted : of_files) & known,
                                              .parent_fd = there};
    bool good = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ||
                errno == EBADFD; // what has no place, a pipe without a name: it is not looked at
    int why = errno;
    close(there);
    errno = why;
    return good;
}

bool landlock_limit(const struct landlock_place *places, size_t count, int *version, struct error *error)
{
    long known = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    *version = (int)known;
    if (known < 0)
        return error_system(error, ERROR_INCOMPLETE, errno, "Landlock");
    if (known < WITH_RENAMING)
        return error_set(error, ERROR_INCOMPLETE, "Landlock: the kernel's is too old (Linux 5.19 has a newer one)");
    struct ruleset wanted = {.files = of_folders | of_names | of_files | of_nobody, .scoped = 3};
    if (known < WITH_TRUNCATE)
        wanted.files &= ~LANDLOCK_ACCESS_FS_TRUNCATE;
    size_t size = known < WITH_SCOPES ? sizeof(wanted.files) : sizeof(wanted);
    int rules = (int)syscall(SYS_landlock_create_ruleset, &wanted, size, 0);
    if (rules < 0)
        return error_system(error, ERROR_INCOMPLETE, errno, "Landlock");
    bool good = true;
    for (size_t i = 0; i < count && good; i++)
        good = add_place(rules, &places[i], wanted.files);
    good = good && syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    int why = errno;
    close(rules);
    return good || error_system(error, ERROR_INCOMPLETE, why, "Landlock");
}
