// Tries what is forbidden, each time in a process of its own.
#include "forked.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/landlock.h"
#include "base/rights.h"
#include "base/syscalls.h"

static char here[] = "/tmp/sgproof-confine-XXXXXX";

// ---- System calls

static enum syscalls_stage stage;
static int (*attempt)(void);

static int limited_attempt(void)
{
    struct error error = {0};
    if (!rights_drop(&error))
        return 98;
    return syscalls_limit(stage, &error) ? attempt() : NOT_TRIED;
}

static int start(void)
{
    execl("/bin/true", "true", (char *)NULL);
    return errno;
}

static int mount_something(void)
{
    return mount("none", "/mnt", "tmpfs", 0, NULL) == 0 ? 0 : errno;
}

static int unshare_user(void)
{
    return unshare(CLONE_NEWUSER) == 0 ? 0 : errno;
}

static int load_bpf(void)
{
    return syscall(SYS_bpf, 0, NULL, 0) >= 0 ? 0 : errno;
}

static int add_key(void)
{
    return syscall(SYS_add_key, "user", "k", "v", 1, -3) >= 0 ? 0 : errno;
}

static int open_by_handle(void)
{
    return syscall(SYS_open_by_handle_at, -1, NULL, 0) >= 0 ? 0 : errno;
}

static int load_module(void)
{
    return syscall(SYS_finit_module, -1, "", 0) >= 0 ? 0 : errno;
}

static int trace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : errno;
}

static int fork_into_namespace(void)
{
    long process = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
    if (process == 0)
        _exit(0);
    return process > 0 ? 0 : errno;
}

static int use_io_uring(void)
{
    return syscall(SYS_io_uring_setup, 1, NULL) >= 0 ? 0 : errno;
}

static int open_packet_socket(void)
{
    return socket(AF_PACKET, SOCK_DGRAM, 0) >= 0 ? 0 : errno;
}

static int open_far_family(void)
{
    return socket(40, SOCK_STREAM, 0) >= 0 ? 0 : errno; // AF_VSOCK
}

static int open_udp_socket(void)
{
    return socket(AF_INET, SOCK_DGRAM, 0) >= 0 ? 0 : errno;
}

static int fork_once(void)
{
    pid_t process = fork();
    if (process == 0)
        _exit(0);
    return process > 0 && waitpid(process, NULL, 0) == process ? 0 : errno;
}

static int read_a_file(void)
{
    char byte;
    int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    bool good = file >= 0 && read(file, &byte, 1) == 1;
    return good ? 0 : errno;
}

static int read_and_write_what_is_open(void)
{
    char byte = 'x';
    int pair[2] = {STDIN_FILENO, STDOUT_FILENO};
    return write(pair[1], &byte, 0) == 0 ? 0 : errno;
}

static void is_fatal(enum syscalls_stage in, int (*what)(void))
{
    stage = in;
    attempt = what;
    must_end(limited_attempt, 1000 + SIGSYS);
}

static void gives(enum syscalls_stage in, int (*what)(void), int wanted)
{
    stage = in;
    attempt = what;
    must_end(limited_attempt, wanted);
}

static void what_is_dangerous_kills_in_each_stage(void **state)
{
    static const enum syscalls_stage stages[] = {SYSCALLS_TALK, SYSCALLS_PARSE, SYSCALLS_SIGN, SYSCALLS_BIND};
    int (*const dangerous[])(void) = {mount_something, unshare_user, load_bpf, add_key, open_by_handle, load_module};
    (void)state;
    for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
        for (size_t j = 0; j < sizeof(dangerous) / sizeof(dangerous[0]); j++)
            is_fatal(stages[i], dangerous[j]);
}

static void no_other_program_is_started_nor_traced(void **state)
{
    static const enum syscalls_stage stages[] = {SYSCALLS_TALK, SYSCALLS_PARSE, SYSCALLS_SIGN};
    (void)state;
    for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
        if (SYSCALLS_SANITIZED) { // it would start who names functions in its report, and it traces
            gives(stages[i], start, EPERM);
            continue;
        }
        is_fatal(stages[i], start);
        is_fatal(stages[i], trace);
    }
}

static void a_program_that_may_be_started_gets_errors(void **state)
{
    (void)state;
    gives(SYSCALLS_START, start, 0);
    gives(SYSCALLS_START, mount_something, EPERM);
    gives(SYSCALLS_START, unshare_user, EPERM);
    gives(SYSCALLS_START, use_io_uring, ENOSYS);
}

static void sockets_are_of_the_internet_only(void **state)
{
    (void)state;
    gives(SYSCALLS_TALK, open_packet_socket, EAFNOSUPPORT);
    gives(SYSCALLS_TALK, open_far_family, EAFNOSUPPORT);
    gives(SYSCALLS_TALK, fork_into_namespace, EPERM);
    gives(SYSCALLS_TALK, use_io_uring, ENOSYS);
    gives(SYSCALLS_TALK, open_udp_socket, 0);
    gives(SYSCALLS_TALK, fork_once, 0);
}

static void who_parses_has_files_and_no_sockets(void **state)
{
    (void)state;
    gives(SYSCALLS_PARSE, open_udp_socket, ENOSYS);
    gives(SYSCALLS_PARSE, open_packet_socket, ENOSYS);
    gives(SYSCALLS_PARSE, read_a_file, 0);
    if (!SYSCALLS_SANITIZED)
        gives(SYSCALLS_PARSE, fork_once, ENOSYS);
}

static void who_signs_or_binds_opens_nothing(void **state)
{
    static const enum syscalls_stage stages[] = {SYSCALLS_SIGN, SYSCALLS_BIND};
    (void)state;
    for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
        gives(stages[i], read_a_file, ENOSYS);
        gives(stages[i], open_udp_socket, ENOSYS);
        gives(stages[i], read_and_write_what_is_open, 0);
    }
}

// ---- Places

// Makes a file, or writes to one that is there. 0, or an errno value.
static int put(const char *path, int flags)
{
    int file = open(path, O_WRONLY | O_CLOEXEC | flags, 0600);
    bool good = file >= 0 && write(file, "x", 1) == 1;
    int why = errno;
    if (file >= 0)
        close(file);
    return good ? 0 : why;
}

// 0 where all is as it should be, else the line.
#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            return __LINE__ % 90 + 1;                                                                                  \
    } while (0)

static bool confine(const struct landlock_place *places, size_t count)
{
    struct error error = {0};
    int version;
    return rights_drop(&error) && landlock_limit(places, count, &version, &error);
}

static int writes_outside(void)
{
    static const struct landlock_place places[] = {
        {"in", LANDLOCK_WRITE}, {"out/one", LANDLOCK_WRITE}, {"not-there", LANDLOCK_WRITE}};
    if (!confine(places, 3))
        return NOT_TRIED;
    EXPECT(put("in/new", O_CREAT | O_EXCL) == 0 && put("in/new", O_TRUNC) == 0);
    EXPECT(mkdir("in/folder", 0700) == 0 && rename("in/new", "in/folder/new") == 0 && unlink("in/folder/new") == 0);
    EXPECT(put("out/one", 0) == 0);
    EXPECT(put("out/two", 0) == EACCES && put("out/two", O_TRUNC) == EACCES);
    EXPECT(put("out/new", O_CREAT) == EACCES && put("new", O_CREAT) == EACCES &&
           put("/tmp/sgproof-new", O_CREAT) == EACCES);
    EXPECT(mkdir("out/folder", 0700) != 0 && unlink("out/two") != 0 && unlink("out/one") != 0);
    EXPECT(rename("out/two", "in/two") != 0 && rename("in/folder", "out/folder") != 0);
    EXPECT(symlink("/", "in/link") != 0 && mkfifo("in/pipe", 0600) != 0 && link("out/two", "in/two") != 0);
    EXPECT(open("out/two", O_RDONLY | O_CLOEXEC) >= 0);
    execl("/bin/true", "true", (char *)NULL);
    EXPECT(errno == EACCES);
    return 0;
}

static void only_its_places_are_written_to(void **state)
{
    (void)state;
    must_end(writes_outside, 0);
}

static int moves_into_place(void)
{
    static const struct landlock_place places[] = {{"in", LANDLOCK_WRITE}, {".", LANDLOCK_FOLDERS}};
    if (!confine(places, 2))
        return NOT_TRIED;
    EXPECT(mkdir("in/result", 0700) == 0 && put("in/result/file", O_CREAT) == 0);
    EXPECT(rename("in/result", "result") == 0 && put("result/file", 0) == EACCES);
    EXPECT(unlink("result/file") != 0 && put("file", O_CREAT) == EACCES && rename("out/two", "two") != 0);
    EXPECT(mkdir("folder", 0700) == 0 && rmdir("folder") == 0);
    return 0;
}

static void a_result_is_moved_beside_and_no_file_is_made_there(void **state)
{
    (void)state;
    must_end(moves_into_place, 0);
}

static int layers_add_up(void)
{
    static const struct landlock_place wide[] = {{".", LANDLOCK_WRITE}}, narrow[] = {{"in", LANDLOCK_WRITE}};
    if (!confine(wide, 1) || !confine(narrow, 1))
        return NOT_TRIED;
    EXPECT(put("out/two", 0) == EACCES && put("in/late", O_CREAT) == 0);
    EXPECT(confine(wide, 1) && put("out/two", 0) == EACCES);
    return 0;
}

static void what_is_taken_away_stays_so(void **state)
{
    (void)state;
    must_end(layers_add_up, 0);
}

static int make_places(void **state)
{
    (void)state;
    return mkdtemp(here) == NULL || chdir(here) != 0 || mkdir("in", 0700) != 0 || mkdir("out", 0700) != 0 ||
           put("out/one", O_CREAT) != 0 || put("out/two", O_CREAT) != 0;
}

static int remove_places(void **state)
{
    char command[64];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", here);
    return chdir("/") != 0 || system(command) != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_dangerous_kills_in_each_stage),
        cmocka_unit_test(no_other_program_is_started_nor_traced),
        cmocka_unit_test(a_program_that_may_be_started_gets_errors),
        cmocka_unit_test(sockets_are_of_the_internet_only),
        cmocka_unit_test(who_parses_has_files_and_no_sockets),
        cmocka_unit_test(who_signs_or_binds_opens_nothing),
        cmocka_unit_test(only_its_places_are_written_to),
        cmocka_unit_test(a_result_is_moved_beside_and_no_file_is_made_there),
        cmocka_unit_test(what_is_taken_away_stays_so),
    };
    return cmocka_run_group_tests(tests, make_places, remove_places);
}
