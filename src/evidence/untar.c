#include "evidence/untar.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "evidence/tar.h"

enum { BLOCK = TAR_BLOCK, LONGEST_NAME = 4096, DEEPEST = 64, MOST_ENTRIES = 100000, MOST_DIGITS = 12 };

struct unpacking {
    struct arena *arena;
    const char *file;   // for errors
    const char *folder; // to unpack into
    FILE *stream;
    size_t block;          // read last, from 0
    bool extended;         // an extended header stands before the entry that follows
    const char *next_name; // which tells its name; or NULL
};

static bool refuse(const struct unpacking *unpacking, struct error *error, const char *why)
{
    return error_set(error, ERROR_USAGE, "%s: block %zu: %s", unpacking->file, unpacking->block, why);
}

static bool read_block(struct unpacking *unpacking, char block[BLOCK], struct error *error)
{
    unpacking->block++;
    return fread(block, BLOCK, 1, unpacking->stream) == 1 || refuse(unpacking, error, "the archive ends in its middle");
}

// Octal digits up to a space or NUL; or, as GNU tar writes what is larger, a number in base 256.
static bool number_of(const char *field, size_t size, uint64_t *number)
{
    *number = 0;
    if ((unsigned char)field[0] == 0x80) {
        for (size_t i = 1; i < size; i++) {
            if (*number >> 40 != 0)
                return false;
            *number = *number << 8 | (unsigned char)field[i];
        }
        return true;
    }
    size_t at = 0;
    while (at < size && field[at] == ' ')
        at++;
    size_t first = at;
    for (; at < size && field[at] >= '0' && field[at] <= '7'; at++)
        *number = *number << 3 | (uint64_t)(field[at] - '0');
    size_t last = at;
    while (at < size && (field[at] == ' ' || field[at] == '\0'))
        at++;
    return last > first && at == size;
}

static bool is_zero(const char block[BLOCK])
{
    for (size_t i = 0; i < BLOCK; i++)
        if (block[i] != 0)
            return false;
    return true;
}

static bool sum_holds(const char block[BLOCK])
{
    const struct tar_header *header = (const struct tar_header *)block;
    uint64_t told;
    unsigned sum = 0;
    for (size_t i = 0; i < BLOCK; i++) {
        bool of_sum = i >= offsetof(struct tar_header, checksum) && i < offsetof(struct tar_header, type);
        sum += of_sum ? ' ' : (unsigned char)block[i];
    }
    return number_of(header->checksum, sizeof(header->checksum), &told) && told == sum;
}

static bool is_posix(const struct tar_header *header)
{
    return memcmp(header->magic, "ustar", sizeof(header->magic)) == 0;
}

static bool is_header(const char block[BLOCK])
{
    const struct tar_header *header = (const struct tar_header *)block;
    bool gnu = memcmp(header->magic, "ustar ", sizeof(header->magic)) == 0;
    return (is_posix(header) || gnu) && sum_holds(block);
}

// A path below the folder, without "./" before it and "/" behind it; NULL where it leads elsewhere. "" is the folder.
static const char *path_inside(struct arena *arena, const char *name)
{
    size_t depth = 0;
    while (strncmp(name, "./", 2) == 0)
        name += 2;
    if (strcmp(name, ".") == 0)
        return "";
    char *path = arena_strdup(arena, name);
    size_t length = strlen(path);
    while (length > 0 && path[length - 1] == '/')
        path[--length] = '\0';
    for (const char *part = path; length > 0; part += strcspn(part, "/") + 1) {
        size_t size = strcspn(part, "/");
        if (size == 0 || (size <= 2 && strspn(part, ".") >= size) || ++depth > DEEPEST)
            return NULL;
        if (part[size] == '\0')
            break;
    }
    return path;
}

static const char *name_of(struct unpacking *unpacking, const struct tar_header *header)
{
    struct arena *arena = unpacking->arena;
    const char *name = unpacking->next_name;
    unpacking->next_name = NULL;
    unpacking->extended = false;
    if (name != NULL)
        return name;
    name = arena_strndup(arena, header->name, strnlen(header->name, sizeof(header->name)));
    if (header->prefix[0] == '\0')
        return name;
    return arena_printf(arena, "%.*s/%s", (int)strnlen(header->prefix, sizeof(header->prefix)), header->prefix, name);
}

// Makes the folders above a path.
static bool make_above(const struct unpacking *unpacking, const char *path, struct error *error)
{
    for (const char *slash = path; (slash = strchr(slash, '/')) != NULL; slash++) {
        const char *folder = arena_printf(unpacking->arena, "%s/%.*s", unpacking->folder, (int)(slash - path), path);
        struct stat about;
        if (mkdir(folder, 0700) == 0)
            continue;
        if (errno != EEXIST || lstat(folder, &about) != 0)
            return error_system(error, ERROR_INCOMPLETE, errno, "%s: cannot be made", folder);
        if (!S_ISDIR(about.st_mode))
            return refuse(unpacking, error, "a folder where a file was already");
    }
    return true;
}

static bool copy_out(struct unpacking *unpacking, const char *path, uint64_t size, struct error *error)
{
    char block[BLOCK];
    const char *to = arena_printf(unpacking->arena, "%s/%s", unpacking->folder, path);
    GUARD(make_above(unpacking, path, error));
    int descriptor = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (descriptor < 0 && errno == EEXIST)
        return refuse(unpacking, error, "a file that was there already");
    FILE *out = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (out == NULL) {
        error_system(error, ERROR_INCOMPLETE, errno, "%s: cannot be made", to);
        if (descriptor >= 0)
            close(descriptor);
        return false;
    }
    bool good = true;
    for (uint64_t left = size; left > 0 && good;) {
        size_t part = left < BLOCK ? (size_t)left : BLOCK;
        good = read_block(unpacking, block, error) &&
               (fwrite(block, part, 1, out) == 1 || error_system(error, ERROR_INCOMPLETE, errno, "%s", to));
        left -= part;
    }
    if (fclose(out) != 0 && good)
        good = error_system(error, ERROR_INCOMPLETE, errno, "%s", to);
    return good;
}

// The data of an extended header, NUL-terminated.
static char *text_of(struct unpacking *unpacking, uint64_t size, struct error *error)
{
    if (size > LONGEST_NAME) {
        refuse(unpacking, error, "an extended header that is too long");
        return NULL;
    }
    char *text = arena_alloc(unpacking->arena, (size_t)size + BLOCK + 1);
    for (uint64_t at = 0; at < size; at += BLOCK)
        if (!read_block(unpacking, text + at, error))
            return NULL;
    text[size] = '\0';
    return text;
}

// Seconds with a fraction, as far as every reader has them.
static bool is_time(const char *text)
{
    size_t whole = strspn(text, "0123456789"),
           fraction = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    return whole > 0 && whole <= MOST_DIGITS && text[whole + (text[whole] == '.' ? 1 + fraction : 0)] == '\0' &&
           fraction <= MOST_DIGITS;
}

// What of an extended header changes neither a file's name nor its bytes, by whomever it is read.
static bool is_harmless(const char *record)
{
    static const char *const keys[] = {"uid=",
                                       "gid=",
                                       "uname=",
                                       "gname=",
                                       "comment=",
                                       "SCHILY.xattr.",
                                       "SCHILY.acl.",
                                       "SCHILY.fflags=",
                                       "SCHILY.dev=",
                                       "SCHILY.ino=",
                                       "SCHILY.nlink=",
                                       "LIBARCHIVE.xattr.",
                                       "LIBARCHIVE.creationtime="};
    if (strncmp(record, "mtime=", 6) == 0 || strncmp(record, "atime=", 6) == 0 || strncmp(record, "ctime=", 6) == 0)
        return is_time(record + 6);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strncmp(record, keys[i], strlen(keys[i])) == 0)
            return true;
    return false;
}

// Records "LENGTH KEY=VALUE\n" (IEEE Std 1003.1, pax Extended Header); of their keys the path of one entry is taken.
// What would change a file's size, make it another's, or name all files, is refused: readers differ in what they make
// of it, and each must find the same evidence.
static bool take_records(struct unpacking *unpacking, char *text, size_t size, bool global, struct error *error)
{
    for (char *at = text, *end = text + size; at < end;) {
        char *key;
        unsigned long length = *at >= '0' && *at <= '9' ? strtoul(at, &key, 10) : 0;
        if (length < 5 || *key != ' ' || length > (size_t)(end - at) || at[length - 1] != '\n')
            return refuse(unpacking, error, "an extended header that cannot be read");
        at[length - 1] = '\0';
        key++;
        bool whole = strlen(key) == (size_t)(at + length - 1 - key);
        if (strncmp(key, "path=", 5) == 0 && !global && whole && unpacking->next_name == NULL)
            unpacking->next_name = key + 5;
        else if (!is_harmless(key))
            return refuse(unpacking, error,
                          "an extended header of a size, a link, a sparse file, or of a name that others read "
                          "differently");
        at += length;
    }
    return true;
}

// What stands before an entry, and tells more of it: of a file that has two, some readers go by the one and some by the
// other.
static bool take_extended(struct unpacking *unpacking, char type, uint64_t size, struct error *error)
{
    bool global = type == 'g';
    if (unpacking->extended)
        return refuse(unpacking, error, "two extended headers of one file");
    unpacking->extended = !global;
    char *text = text_of(unpacking, size, error);
    if (text == NULL || type != 'L')
        return text != NULL && take_records(unpacking, text, (size_t)size, global, error);
    if (strlen(text) + 1 < size)
        return refuse(unpacking, error, "a name with a NUL in it");
    unpacking->next_name = text;
    return true;
}

static bool take_entry(struct unpacking *unpacking, const struct tar_header *header, struct error *error)
{
    uint64_t size;
    if (!number_of(header->size, sizeof(header->size), &size))
        return refuse(unpacking, error, "a size that is no number");
    if (header->type == 'L' || header->type == 'x' || header->type == 'g')
        return take_extended(unpacking, header->type, size, error);
    if (header->prefix[0] != '\0' && !is_posix(header))
        return refuse(unpacking, error, "a GNU header with a prefix, which is a part of the name to some readers only");
    const char *name = name_of(unpacking, header), *path = path_inside(unpacking->arena, name);
    if (path == NULL)
        return refuse(unpacking, error, "a path that leads out of the archive, or is too deep");
    if (header->type == '5' && size == 0)
        return path[0] == '\0' || make_above(unpacking, arena_printf(unpacking->arena, "%s/", path), error);
    if ((header->type != '0' && header->type != '\0') || path[0] == '\0' || name[strlen(name) - 1] == '/')
        return refuse(unpacking, error, "neither a regular file nor a folder");
    return copy_out(unpacking, path, size, error);
}

static bool take_all(struct unpacking *unpacking, struct error *error)
{
    char block[BLOCK];
    for (size_t entries = 0;; entries++) {
        bool whole = read_block(unpacking, block, error);
        if (entries == 0 && (!whole || (!is_zero(block) && !is_header(block))))
            return error_set(error, ERROR_USAGE,
                             "%s: is neither an evidence folder nor a tar archive of one (of a compressed one, "
                             "decompress it first)",
                             unpacking->file);
        if (!whole)
            return false;
        if (is_zero(block))
            break;
        if (!is_header(block))
            return refuse(unpacking, error, "no header of a tar archive");
        if (entries == MOST_ENTRIES)
            return refuse(unpacking, error, "more files and folders than evidence has");
        GUARD(take_entry(unpacking, (const struct tar_header *)block, error));
    }
    if (unpacking->extended)
        return refuse(unpacking, error, "an extended header that no file follows");
    do {
        memset(block, 0, BLOCK);
        if (fread(block, 1, BLOCK, unpacking->stream) < BLOCK && is_zero(block))
            return true;
    } while (is_zero(block));
    return refuse(unpacking, error, "something stands behind the archive's end");
}

// The archive's root, where the manifest is there, or the one folder in it.
static const char *evidence_in(struct arena *arena, const char *file, const char *folder, struct error *error)
{
    const char *only = NULL;
    size_t count = 0;
    if (access(arena_printf(arena, "%s/manifest.json", folder), F_OK) == 0)
        return folder;
    DIR *directory = opendir(folder);
    struct dirent *entry;
    while (directory != NULL && (errno = 0, entry = readdir(directory)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && count++ == 0)
            only = arena_printf(arena, "%s/%s", folder, entry->d_name);
    int why = errno;
    if (directory != NULL)
        closedir(directory);
    if (directory == NULL || why != 0) {
        error_system(error, ERROR_INCOMPLETE, why, "%s: cannot be read", folder);
        return NULL;
    }
    if (count == 1 && access(arena_printf(arena, "%s/manifest.json", only), F_OK) == 0)
        return only;
    error_set(error, ERROR_USAGE, "%s: holds no manifest.json, or more than one folder", file);
    return NULL;
}

// Whether the archive has room where it is unpacked: a sparse file may take more than it has itself.
static bool has_room(const struct unpacking *unpacking, struct error *error)
{
    struct stat about;
    struct statvfs there;
    if (fstat(fileno(unpacking->stream), &about) != 0 || !S_ISREG(about.st_mode) ||
        statvfs(unpacking->folder, &there) != 0)
        return true;
    uint64_t free_bytes = (uint64_t)there.f_bavail * there.f_frsize, size = (uint64_t)about.st_size;
    return size <= free_bytes ||
           error_set(error, ERROR_INCOMPLETE,
                     "%s: has %llu bytes, and %s has room for %llu (TMPDIR names another folder)", unpacking->file,
                     (unsigned long long)size, unpacking->folder, (unsigned long long)free_bytes);
}

const char *tar_unpack(struct arena *arena, const char *file, const char *folder, struct error *error)
{
    struct unpacking unpacking = {.arena = arena, .file = file, .folder = folder, .stream = fopen(file, "rbe")};
    if (unpacking.stream == NULL) {
        error_system(error, ERROR_USAGE, errno, "%s: cannot be opened", file);
        return NULL;
    }
    bool good = has_room(&unpacking, error) && take_all(&unpacking, error);
    fclose(unpacking.stream);
    return good ? evidence_in(arena, file, folder, error) : NULL;
}
