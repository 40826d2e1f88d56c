#include "base/syscalls.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

// By name, as not every machine has all of them; NULL ends a list.
typedef const char *const name_list[];

// Starting another program.
static name_list starting = {"execve", "execveat", NULL};

// Other processes' memory: LeakSanitizer stops its threads so.
static name_list peeking = {"ptrace", "process_vm_readv", "process_vm_writev", NULL};

static name_list dangerous = {
    // other processes, and descriptors of theirs
    "kcmp", "pidfd_getfd", "process_madvise", "process_mrelease", "migrate_pages", "move_pages",
    // what is mounted, and files by handle, past the folders above them
    "mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount",
    "fspick", "mount_setattr", "open_by_handle_at", "swapon", "swapoff", "quotactl", "quotactl_fd", "fanotify_init",
    // namespaces
    "unshare", "setns",
    // the kernel: its programs, modules, keys, log and clock
    "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key", "init_module", "finit_module",
    "delete_module", "kexec_load", "kexec_file_load", "reboot", "syslog", "acct", "sethostname", "setdomainname",
    "settimeofday", "stime", "clock_settime", "clock_settime64", "clock_adjtime", "adjtimex", "lookup_dcookie",
    // the processor's
    "iopl", "ioperm", "modify_ldt", "vm86", "vm86old", NULL};

// Ways around what stands above; libraries that use them know kernels that have none (ENOSYS).
static name_list unseen = {"io_uring_setup", "io_uring_enter", "io_uring_register", "clone3", NULL};

static name_list parsing = {
    // files
    "read", "pread64", "readv", "preadv", "preadv2", "write", "pwrite64", "writev", "pwritev", "pwritev2", "open",
    "openat", "openat2", "close", "close_range", "stat", "stat64", "lstat", "lstat64", "fstat", "fstat64", "newfstatat",
    "fstatat64", "statx", "statfs", "statfs64", "fstatfs", "fstatfs64", "access", "faccessat", "faccessat2", "readlink",
    "readlinkat", "getdents", "getdents64", "lseek", "_llseek", "fcntl", "fcntl64", "flock", "truncate", "truncate64",
    "ftruncate", "ftruncate64", "fallocate", "fadvise64", "fadvise64_64", "fsync", "fdatasync", "mkdir", "mkdirat",
    "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "chmod", "fchmod", "fchmodat", "fchmodat2",
    "chown", "fchown", "fchown32", "fchownat", "umask", "utimensat", "dup", "dup2", "dup3", "sendfile", "sendfile64",
    "copy_file_range", "getcwd", "ioctl",
    // an event loop, of libuv's
    "pipe", "pipe2", "eventfd2", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll",
    "ppoll", "select", "_newselect", "pselect6",
    // memory, threads, signals, time
    "brk", "mmap", "mmap2", "mremap", "munmap", "mprotect", "madvise", "mincore", "membarrier", "futex", "futex_time64",
    "set_robust_list", "get_robust_list", "set_tid_address", "rseq", "sched_yield", "sched_getaffinity", "getcpu",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigreturn", "rt_sigpending", "sigaltstack", "restart_syscall",
    "tgkill", "clock_gettime", "clock_gettime64", "clock_getres", "clock_nanosleep", "clock_nanosleep_time64",
    "nanosleep", "gettimeofday", "time", "times", "arch_prctl",
    // what is true of this process and this machine
    "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid", "getgroups",
    "capget", "getrusage", "getrlimit", "ugetrlimit", "setrlimit", "prlimit64", "prctl", "uname", "sysinfo",
    "getrandom", "exit", "exit_group", "seccomp", "landlock_create_ruleset", "landlock_add_rule",
    "landlock_restrict_self", NULL};

static name_list signing = {
    // what is open
    "read", "write", "send", "sendto", "close",
    // memory, threads, signals, time, random numbers
    "brk", "mmap", "mmap2", "mremap", "munmap", "madvise", "futex", "futex_time64", "sched_yield", "rt_sigprocmask",
    "rt_sigreturn", "sigreturn", "restart_syscall", "tgkill", "clock_gettime", "clock_gettime64", "getpid", "gettid",
    "getrandom", "exit", "exit_group", NULL};

static name_list binding = {"recvmsg", "bind", "getsockopt", NULL};

// A sanitizer looks for what was lost from a process of its own, and at its stack where a function does not return.
static name_list reporting = {"clone", "wait4", "waitid", "personality", "sigaltstack", "prlimit64", "getrlimit", NULL};

// What the kernel of this machine has no number for is not there, and needs no rule.
static bool add_all(scmp_filter_ctx filter, uint32_t action, name_list names)
{
    for (; *names != NULL; names++) {
        int number = seccomp_syscall_resolve_name(*names);
        if (number != __NR_SCMP_ERROR && seccomp_rule_add(filter, action, number, 0) != 0)
            return false;
    }
    return true;
}

// The same for calls that depend on what they are given: what opens a namespace, and what types into a terminal.
static bool forbid_by_arguments(scmp_filter_ctx filter)
{
    static const unsigned namespaces[] = {CLONE_NEWNS,  CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                          CLONE_NEWPID, CLONE_NEWUSER,   CLONE_NEWNET};
    const uint32_t refused = SCMP_ACT_ERRNO(EPERM);
    for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++)
        if (seccomp_rule_add(filter, refused, SCMP_SYS(clone), 1,
                             SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i])) != 0)
            return false;
    return seccomp_rule_add(filter, refused, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, TIOCSTI)) == 0;
}

// Families of sockets but those of the internet, of this machine and of the routing table.
static bool forbid_families(scmp_filter_ctx filter)
{
    const uint32_t refused = SCMP_ACT_ERRNO(EAFNOSUPPORT);
    for (int family = 0; family <= AF_NETLINK; family++)
        if (family != AF_UNIX && family != AF_INET && family != AF_INET6 && family != AF_NETLINK &&
            seccomp_rule_add(filter, refused, SCMP_SYS(socket), 1,
                             SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, (unsigned)family)) != 0)
            return false;
    return seccomp_rule_add(filter, refused, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_GT, AF_NETLINK)) == 0;
}

static bool add_rules(scmp_filter_ctx filter, enum syscalls_stage stage)
{
    const uint32_t fatal = stage == SYSCALLS_START ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS;
    const uint32_t start =
        SYSCALLS_SANITIZED ? SCMP_ACT_ERRNO(EPERM) : fatal; // it would start a program to name functions
    if (!add_all(filter, fatal, dangerous) || (!SYSCALLS_SANITIZED && !add_all(filter, fatal, peeking)) ||
        (stage != SYSCALLS_START && !add_all(filter, start, starting)))
        return false;
    if (stage == SYSCALLS_TALK || stage == SYSCALLS_START)
        return add_all(filter, SCMP_ACT_ERRNO(ENOSYS), unseen) && forbid_by_arguments(filter) &&
               forbid_families(filter);
    return add_all(filter, SCMP_ACT_ALLOW, stage == SYSCALLS_PARSE ? parsing : signing) &&
           (stage != SYSCALLS_BIND || add_all(filter, SCMP_ACT_ALLOW, binding)) &&
           (!SYSCALLS_SANITIZED ||
            (add_all(filter, SCMP_ACT_ALLOW, peeking) && add_all(filter, SCMP_ACT_ALLOW, reporting)));
}

bool syscalls_limit(enum syscalls_stage stage, struct error *error)
{
    bool lists = stage != SYSCALLS_TALK && stage != SYSCALLS_START; // those that are allowed
    scmp_filter_ctx filter = seccomp_init(lists ? SCMP_ACT_ERRNO(ENOSYS) : SCMP_ACT_ALLOW);
    if (filter == NULL)
        return error_set(error, ERROR_INCOMPLETE, "seccomp: no filter can be made");
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); // a tree, where libseccomp knows it
    int code = add_rules(filter, stage) ? seccomp_load(filter) : -ENOMEM;
    seccomp_release(filter);
    return code == 0 || error_system(error, ERROR_INCOMPLETE, -code, "seccomp");
}

const char *syscalls_said(enum syscalls_stage stage)
{
    static const char *const said[][2] = {
        [SYSCALLS_TALK] = {"no other program, nor what is dangerous",
                           "no other program, nor what is dangerous but what "
                           "a sanitizer takes"},
        [SYSCALLS_START] = {"nothing that is dangerous", "nothing that is dangerous but what a sanitizer takes"},
        [SYSCALLS_PARSE] = {"files and computing only", "files and computing only, and what a sanitizer takes"},
        [SYSCALLS_SIGN] = {"reads and writes what is open only", "reads and writes what is open, and what a sanitizer "
                                                                 "takes"},
        [SYSCALLS_BIND] = {"binds sockets only", "binds sockets, and what a sanitizer takes"},
    };
    return said[stage][SYSCALLS_SANITIZED];
}
