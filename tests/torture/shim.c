// Lets the n-th call of a kind fail, by LD_PRELOAD: what a full disk, a full table of files or exhausted memory do, at
// any moment. TORTURE=KIND:N[+]: alloc, open, write, sync, socket or rename; the N-th call fails, with + all from then
// on; N 0: none. TORTURE_COUNT=FILE: how many there were is written there at the end. Calls count from main's first own
// call (signal): what libraries do before it is not ours.
#undef _FILE_OFFSET_BITS // else open and open64 are one
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind { NONE, ALLOC, OPEN, WRITE, SYNC, SOCKET, RENAME };

static enum kind tortured;
static long wanted;
static bool goes_on;
static atomic_long calls;
static atomic_bool begun;
static int count_file = -1; // opened before the program may write to its own places only

__attribute__((constructor)) static void begin(void)
{
    static const char *const names[] = {"", "alloc", "open", "write", "sync", "socket", "rename"};
    const char *given = getenv("TORTURE"), *colon = given == NULL ? NULL : strchr(given, ':');
    for (int i = 1; colon != NULL && i <= RENAME; i++)
        if (strncmp(given, names[i], (size_t)(colon - given)) == 0 && names[i][colon - given] == '\0')
            tortured = (enum kind)i;
    wanted = colon == NULL ? 0 : atol(colon + 1);
    goes_on = colon != NULL && strchr(colon, '+') != NULL;
    const char *file = getenv("TORTURE_COUNT");
    if (file != NULL)
        count_file = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

__attribute__((destructor)) static void end(void)
{
    char text[32];
    begun = false;
    if (count_file >= 0)
        syscall(SYS_write, count_file, text, (size_t)snprintf(text, sizeof(text), "%ld", calls));
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

void *malloc(size_t size)
{
    return fails(ALLOC) ? (errno = ENOMEM, NULL) : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(ALLOC) ? (errno = ENOMEM, NULL) : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return fails(ALLOC) ? (errno = ENOMEM, NULL) : __libc_realloc(old, size);
}

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
FAILING(SOCKET, EMFILE, -1, int, socket, (int family, int type, int protocol), family, type, protocol)
FAILING(RENAME, EIO, -1, int, rename, (const char *from, const char *to), from, to)
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
