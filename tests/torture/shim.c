// Lets the n-th call of a kind fail, by LD_PRELOAD: what a full disk, a full table of files or exhausted memory do, at
// any moment. TORTURE=KIND:N[+]: one of `names` below; the N-th call fails, with + all from then on; N 0: none.
// TORTURE_COUNT=FILE: how many there were is written there at the end. Calls count from main's first own call (signal):
// what libraries do before it is not ours.
#undef _FILE_OFFSET_BITS // else open and open64 are one
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind { NONE, ALLOC, OPEN, READ, WRITE, SYNC, CLOSE, MAP, SOCKET, NET, RENAME };

static int spare(struct dl_phdr_info *info, size_t size, void *context);

static enum kind tortured;
static long wanted;
static bool goes_on;
static atomic_long calls;
static atomic_bool begun;
static int counted = -1; // opened at once: later the program may be confined
static pid_t owner;

__attribute__((constructor)) static void begin(void)
{
    static const char *const names[] = {"",      "alloc", "open",   "read", "write", "sync",
                                        "close", "map",   "socket", "net",  "rename"};
    const char *given = getenv("TORTURE"), *colon = given == NULL ? NULL : strchr(given, ':');
    for (int i = 1; colon != NULL && i <= RENAME; i++)
        if (strncmp(given, names[i], (size_t)(colon - given)) == 0 && names[i][colon - given] == '\0')
            tortured = (enum kind)i;
    wanted = colon == NULL ? 0 : atol(colon + 1);
    goes_on = colon != NULL && strchr(colon, '+') != NULL;
    owner = getpid();
    dl_iterate_phdr(spare, NULL);
    const char *file = getenv("TORTURE_COUNT");
    if (file != NULL)
        counted = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

__attribute__((destructor)) static void end(void)
{
    char text[32];
    begun = false;
    if (counted >= 0 && getpid() == owner)
        syscall(SYS_pwrite64, counted, text, (size_t)snprintf(text, sizeof(text), "%ld", calls), (off_t)0);
}

static bool fails(enum kind kind)
{
    if (kind != tortured || !begun)
        return false;
    long number = ++calls;
    return wanted > 0 && (number == wanted || (goes_on && number > wanted));
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define FAILING(kind, code, result, type, name, parameters, ...)                                                       \
    type name parameters                                                                                               \
    {                                                                                                                  \
        static __typeof__(&name) next;                                                                                 \
        if (next == NULL)                                                                                              \
            next = NEXT(name);                                                                                         \
        if (fails(kind)) {                                                                                             \
            errno = code;                                                                                              \
            return result;                                                                                             \
        }                                                                                                              \
        return next(__VA_ARGS__);                                                                                      \
    }

// dlsym allocates: what the first calls of all need comes from glibc's own names.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static uintptr_t spared_low, spared_high;

// libseccomp (2.5) does not survive a failed allocation, and nothing of ours can change that: its own do not fail.
static int spare(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    (void)context;
    for (int i = 0; strstr(info->dlpi_name, "libseccomp") != NULL && i < info->dlpi_phnum; i++) {
        uintptr_t low = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr, high = low + info->dlpi_phdr[i].p_memsz;
        if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X) != 0) {
            spared_low = low;
            spared_high = high;
        }
    }
    return 0;
}

static bool alloc_fails(const void *caller)
{
    return ((uintptr_t)caller < spared_low || (uintptr_t)caller >= spared_high) && fails(ALLOC);
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t size)
{
    return alloc_fails(CALLER) ? (errno = ENOMEM, NULL) : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return alloc_fails(CALLER) ? (errno = ENOMEM, NULL) : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return alloc_fails(CALLER) ? (errno = ENOMEM, NULL) : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
    size_t bytes;
    return __builtin_mul_overflow(count, size, &bytes) ? (errno = ENOMEM, NULL) : realloc(old, bytes);
}

int posix_memalign(void **memory, size_t align, size_t size)
{
    return fails(ALLOC) ? ENOMEM : NEXT(posix_memalign)(memory, align, size);
}

FAILING(MAP, ENOMEM, MAP_FAILED, void *, mmap, (void *at, size_t size, int may, int how, int fd, off_t offset), at,
        size, may, how, fd, offset)
FAILING(MAP, ENOMEM, MAP_FAILED, void *, mmap64, (void *at, size_t size, int may, int how, int fd, off64_t offset), at,
        size, may, how, fd, offset)

FAILING(OPEN, EMFILE, NULL, FILE *, fopen, (const char *path, const char *mode), path, mode)
FAILING(OPEN, EMFILE, NULL, FILE *, fopen64, (const char *path, const char *mode), path, mode)
// Of regular files: what wakes an event loop, a pipe or a terminal knows no full disk.
static bool is_file(int fd)
{
    struct stat about;
    int kept = errno;
    bool regular = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
    errno = kept;
    return regular;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    return is_file(fd) && fails(WRITE) ? (errno = ENOSPC, (ssize_t)-1) : NEXT(write)(fd, bytes, size);
}

size_t fwrite(const void *bytes, size_t size, size_t count, FILE *file)
{
    if (!is_file(fileno(file)) || !fails(WRITE))
        return NEXT(fwrite)(bytes, size, count, file);
    file->_flags |= 0x20; // _IO_ERR_SEEN of glibc: ferror tells of it
    errno = ENOSPC;
    return 0;
}

int fflush(FILE *file)
{
    if (file == NULL || !is_file(fileno(file)) || !fails(WRITE))
        return NEXT(fflush)(file);
    file->_flags |= 0x20;
    errno = ENOSPC;
    return EOF;
}

FAILING(SYNC, EIO, -1, int, fsync, (int fd), fd)
FAILING(SYNC, EIO, -1, int, fdatasync, (int fd), fd)
ssize_t read(int fd, void *bytes, size_t size)
{
    return is_file(fd) && fails(READ) ? (errno = EIO, (ssize_t)-1) : NEXT(read)(fd, bytes, size);
}

// The descriptor is gone all the same, as after an error of a disk or server.
int close(int fd)
{
    bool failing = is_file(fd) && fails(CLOSE);
    int done = (int)syscall(SYS_close, fd);
    return failing ? (errno = EIO, -1) : done;
}

int fclose(FILE *file)
{
    bool failing = is_file(fileno(file)) && fails(CLOSE);
    int done = NEXT(fclose)(file);
    return failing ? (errno = EIO, EOF) : done;
}

FAILING(NET, EADDRINUSE, -1, int, bind, (int fd, const struct sockaddr *address, socklen_t size), fd, address, size)
FAILING(NET, ENETDOWN, -1, int, connect, (int fd, const struct sockaddr *address, socklen_t size), fd, address, size)
FAILING(NET, ENOBUFS, -1, int, setsockopt, (int fd, int level, int name, const void *value, socklen_t size), fd, level,
        name, value, size)
FAILING(NET, ENOBUFS, -1, int, getsockopt, (int fd, int level, int name, void *value, socklen_t *size), fd, level, name,
        value, size)
FAILING(NET, ENOBUFS, -1, int, getsockname, (int fd, struct sockaddr *address, socklen_t *size), fd, address, size)
FAILING(NET, ENOBUFS, -1, ssize_t, send, (int fd, const void *bytes, size_t size, int flags), fd, bytes, size, flags)
FAILING(NET, ENOBUFS, -1, ssize_t, sendto,
        (int fd, const void *bytes, size_t size, int flags, const struct sockaddr *to, socklen_t length), fd, bytes,
        size, flags, to, length)
FAILING(NET, ENOBUFS, -1, ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), fd, message, flags)
FAILING(NET, ENOBUFS, -1, int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned count, int flags), fd, messages,
        count, flags)
FAILING(NET, EIO, -1, ssize_t, recv, (int fd, void *bytes, size_t size, int flags), fd, bytes, size, flags)
FAILING(NET, EIO, -1, ssize_t, recvfrom,
        (int fd, void *bytes, size_t size, int flags, struct sockaddr *from, socklen_t *length), fd, bytes, size, flags,
        from, length)
FAILING(NET, EIO, -1, ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), fd, message, flags)
FAILING(SOCKET, EMFILE, -1, int, socket, (int family, int type, int protocol), family, type, protocol)
FAILING(RENAME, EIO, -1, int, rename, (const char *from, const char *to), from, to)
FAILING(RENAME, EIO, -1, int, renameat, (int a, const char *from, int b, const char *to), a, from, b, to)
FAILING(RENAME, EIO, -1, int, renameat2, (int a, const char *from, int b, const char *to, unsigned flags), a, from, b,
        to, flags)

static int open_with(const char *name, const char *path, int flags, mode_t mode)
{
    if (fails(OPEN)) {
        errno = EMFILE;
        return -1;
    }
    return ((int (*)(const char *, int, mode_t))dlsym(RTLD_NEXT, name))(path, flags, mode);
}

static mode_t mode_of(int flags, va_list arguments)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_with("open", path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_with("open64", path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    if (fails(OPEN)) {
        errno = EMFILE;
        return -1;
    }
    return ((int (*)(int, const char *, int, mode_t))dlsym(RTLD_NEXT, "openat"))(folder, path, flags, mode);
}

__sighandler_t signal(int number, __sighandler_t handler)
{
    begun = true;
    return NEXT(signal)(number, handler);
}
