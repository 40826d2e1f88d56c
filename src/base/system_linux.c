#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/system.h"

const char system_descriptors[] = "/proc/self/fd";
const bool system_entries_in_handlers = true;

bool system_random(void *bytes, size_t size)
{
    return getrandom(bytes, size, 0) == (ssize_t)size;
}

bool system_move_pages(void *from, size_t length, void *to)
{
    return mremap(from, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to;
}

bool system_makes_up(int folder)
{
    struct statfs about;
    return fstatfs(folder, &about) == 0 && about.f_type == PROC_SUPER_MAGIC;
}

bool system_path_of(int descriptor, char path[PATH_MAX])
{
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = '\0';
    return length > 0;
}

int system_search_folder(int from, const char *path)
{
    return openat(from, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

bool system_is_null_device(const struct stat *about)
{
    return S_ISCHR(about->st_mode) && about->st_rdev == makedev(1, 3);
}

int system_rename_new(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0 ? 0 : errno;
}

void system_close_from(int first)
{
    if (syscall(SYS_close_range, first, ~0U, 0) == 0) // Linux 5.9
        return;
    long most = sysconf(_SC_OPEN_MAX);
    for (int other = first; other < most; other++)
        close(other);
}

// As getdents64(2) writes them.
struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short size;
    unsigned char type;
    char name[];
};

static bool is_dots(const char *name)
{
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

bool system_each_entry(int folder, void (*each)(void *context, const char *name), void *context)
{
    _Alignas(struct entry) char entries[4096];
    long count;
    if (lseek(folder, 0, SEEK_SET) != 0)
        return false;
    while ((count = syscall(SYS_getdents64, folder, entries, sizeof(entries))) > 0)
        for (long at = 0; at < count; at += ((struct entry *)(entries + at))->size)
            if (!is_dots(((struct entry *)(entries + at))->name))
                each(context, ((struct entry *)(entries + at))->name);
    return count == 0;
}

FILE *system_stream(void *context, ssize_t (*write)(void *context, const char *bytes, size_t size))
{
    return fopencookie(context, "w", (cookie_io_functions_t){.write = write});
}

int system_bind_to_interface(int socket, const char *interface)
{
    return setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)strlen(interface)) == 0 ? 0 : errno;
}

void system_bind_without_port(int socket)
{
    int one = 1;
    setsockopt(socket, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
}
