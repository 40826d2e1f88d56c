#include "aws/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/documents/calls.h"
#include "aws/documents/documents.h"
#include "base/file.h"
#include "base/printable.h"

enum { DEEPEST = 32 };

// ---- Which files there are

struct walk {
    struct arena *arena;
    const char *folder;
    struct snapshot_files *files;
    struct error *error;
};

static bool ends_in(const char *name, const char *const *endings)
{
    size_t length = strlen(name);
    for (size_t i = 0; endings[i] != NULL; i++) {
        size_t ending = strlen(endings[i]);
        if (length > ending && strcmp(name + length - ending, endings[i]) == 0)
            return true;
    }
    return false;
}

static void leave_out(struct walk *walk, const char *name, const char *why)
{
    *vector_add(walk->arena, &walk->files->left_out) = (struct ignored){name, why};
}

static void not_read(struct walk *walk, const char *name, const char *why)
{
    *vector_add(walk->arena, &walk->files->unread) = (struct ignored){name, why};
}

// Whether the first bytes of a file that is not read look like a document: a key that one has, or gzip's.
static bool looks_like_document(const char *path)
{
    char head[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t got = fd < 0 ? 0 : read(fd, head, sizeof(head) - 1);
    if (fd >= 0)
        close(fd);
    head[got > 0 ? got : 0] = '\0';
    if (got >= 2 && (unsigned char)head[0] == 0x1f && (unsigned char)head[1] == 0x8b)
        return true;
    for (size_t i = 0; i < aws_call_count; i++) {
        const char *at = aws_calls[i].key == NULL ? NULL : strstr(head, aws_calls[i].key);
        size_t length = at == NULL ? 0 : strlen(aws_calls[i].key);
        if (at != NULL && (at[length] == '"' || at[length] == ':') && (at == head || strchr("\" \n\r", at[-1]) != NULL))
            return true;
    }
    return false;
}

static const char *const read_endings[] = {".json", ".jsonl", ".ndjson", NULL};

// A name that is no UTF-8 is none that JSON can tell of, as what follows from its document would have to.
static void leave_nameless(struct walk *walk, const char *name, const char *path, mode_t mode)
{
    if (S_ISDIR(mode) || (S_ISREG(mode) && (ends_in(name, read_endings) || looks_like_document(path))))
        not_read(walk, printable_bytes(walk->arena, name), "is not read: its name is no UTF-8 text");
}

static void take_file(struct walk *walk, const char *name, const char *path)
{
    if (ends_in(name, read_endings))
        *vector_add(walk->arena, &walk->files->paths) = name;
    else if (looks_like_document(path))
        leave_out(walk, name, "is not read: its name does not end in .json");
}

static bool walk_folder(struct walk *walk, const char *below, int depth)
{
    struct arena *arena = walk->arena;
    const char *path = below[0] == '\0' ? walk->folder : arena_printf(arena, "%s/%s", walk->folder, below);
    DIR *directory = opendir(path);
    if (directory == NULL && depth == 0)
        return error_system(walk->error, ERROR_USAGE, errno, "%s: cannot be read as a snapshot folder", path);
    if (directory == NULL) {
        not_read(walk, below, arena_printf(arena, "is a folder that cannot be read: %s", strerror(errno)));
        return true;
    }
    struct dirent *entry;
    while (errno = 0, (entry = readdir(directory)) != NULL) {
        struct stat about;
        if (entry->d_name[0] == '.')
            continue;
        const char *name =
            below[0] == '\0' ? arena_strdup(arena, entry->d_name) : arena_printf(arena, "%s/%s", below, entry->d_name);
        const char *full = arena_printf(arena, "%s/%s", walk->folder, name);
        if (lstat(full, &about) != 0)
            not_read(walk, printable_bytes(arena, name), "cannot be looked at");
        else if (!text_is_utf8(entry->d_name, strlen(entry->d_name)))
            leave_nameless(walk, name, full, about.st_mode);
        else if (S_ISLNK(about.st_mode))
            leave_out(walk, name, "is a link: links are not followed");
        else if (S_ISDIR(about.st_mode) && depth >= DEEPEST)
            not_read(walk, name, "lies too deep: 32 folders are looked into");
        else if (S_ISDIR(about.st_mode))
            walk_folder(walk, name, depth + 1);
        else if (S_ISREG(about.st_mode))
            take_file(walk, name, full);
        else
            leave_out(walk, name, "is no regular file: pipes and devices are not opened");
    }
    if (errno != 0)
        not_read(walk, below[0] == '\0' ? "." : below,
                 arena_printf(arena, "is a folder that cannot be read to its end: %s", strerror(errno)));
    closedir(directory);
    return true;
}

static int by_name(const void *left, const void *right)
{
    const struct ignored *a = left, *b = right;
    return strcmp(a->file, b->file);
}

bool snapshot_list(struct arena *arena, const char *folder, struct snapshot_files *files, struct error *error)
{
    struct walk walk = {.arena = arena, .folder = folder, .files = files, .error = error};
    if (!walk_folder(&walk, "", 0))
        return false;
    sort_texts(files->paths.items, files->paths.count);
    if (files->unread.count > 1)
        qsort(files->unread.items, files->unread.count, sizeof(struct ignored), by_name);
    if (files->left_out.count > 1)
        qsort(files->left_out.items, files->left_out.count, sizeof(struct ignored), by_name);
    return true;
}

// ---- Their bytes

static bool map_file(void *context, const char *name, struct document_bytes *bytes, struct error *error)
{
    const char *folder = context;
    char path[PATH_MAX];
    struct stat about;
    *bytes = (struct document_bytes){.bytes = "", .length = 0};
    if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) >= sizeof(path))
        return error_set(error, ERROR_USAGE, "%s: its path is too long", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return error_system(error, error_code_of(errno), errno, "%s: cannot be opened", name);
    bool good = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
    void *memory =
        !good || about.st_size == 0 ? NULL : mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    int why = errno;
    close(fd);
    if (!good)
        return error_set(error, ERROR_USAGE, "%s: is no regular file", name);
    if (memory == MAP_FAILED)
        return error_system(error, error_code_of(why), why, "%s: cannot be read", name);
    if (memory != NULL)
        *bytes = (struct document_bytes){.bytes = memory, .length = (size_t)about.st_size, .handle = memory};
    return true;
}

static void unmap_file(void *context, struct document_bytes *bytes)
{
    (void)context;
    if (bytes->handle != NULL)
        munmap(bytes->handle, bytes->length);
}

static void release_pages(void *context, struct document_bytes *bytes, size_t upto)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = upto / page * page;
    (void)context;
    if (bytes->handle != NULL && whole > 0)
        madvise(bytes->handle, whole < bytes->length ? whole : bytes->length, MADV_DONTNEED); // they can be read again
}

// ---- The reader's own record: what it could not read

// Whether answers of a network rest on a call.
static bool decides(const char *service, const char *operation)
{
    const struct aws_call *call = call_of_operation(service, operation);
    return call == NULL || call->reliance != RELIES_NOTHING || call->scope == CALL_IDENTITY ||
           (call->purpose == FOR_EXPOSURE && call->kind != KIND_COUNT && call->kind < KIND_ACCOUNT_SUMMARY &&
            call->scope == CALL_ABOUT && call->kind != KIND_FIREWALLS);
}

// That it is known why a call has no document: it need not be said again.
static void note_accounted(struct estate *estate, const struct json_cursor *one)
{
    static const char *const keys[] = {"service", "operation", "account_id", "region"};
    const char *key = NULL;
    for (int i = 0; i < 4; i++) {
        const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one->node, keys[i]));
        if (text == NULL)
            return;
        key = key == NULL ? text : arena_printf(estate->arena, "%s|%s", key, text);
        if (i >= 2) // some calls are made once an account
            map_put(estate->arena, &estate->accounted, arena_strdup(estate->arena, key), estate);
    }
}

// Of a call that answers can do without, what is not told for want of it.
static void note_unanswered(struct estate *estate, const struct json_cursor *one)
{
    static const char *const keys[] = {"account_id", "service", "operation", "region", "code"};
    const char *texts[5];
    for (int i = 0; i < 5; i++) {
        const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one->node, keys[i]));
        texts[i] = text == NULL ? "unknown" : text;
    }
    const struct aws_call *call = call_of_operation(texts[1], texts[2]);
    if (call == NULL || call->purpose == FOR_EXPOSURE)
        return;
    note_accounted(estate, one);
    const char *what = call->purpose == FOR_OWNERS     ? "what it would name or count is not told here"
                       : call->purpose == FOR_SEGMENTS ? "what it would carry out of a VPC or into one is not read"
                                                       : "what the service brings in is not read";
    *vector_add(estate->arena, &estate->not_covered) =
        arena_printf(estate->arena, "%s of %s in %s/%s was not answered (%s): %s", texts[2], texts[1], texts[0],
                     texts[3], texts[4], what);
}

static void read_absence(struct estate *estate, const struct json_cursor *one)
{
    const char *code = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one->node, "code"));
    note_accounted(estate, one);
    if (code != NULL && strcmp(code, "host-unknown") == 0) // or this machine finds no host by name
        note_unanswered(estate, one);
    const char *account = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one->node, "account_id"));
    const char *operation = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one->node, "operation"));
    if (account != NULL && operation != NULL && strcmp(operation, "GetAccountPasswordPolicy") == 0)
        account_named(estate, account)->password_policy_absent = true; // it says something by its absence
    if (account != NULL && operation != NULL && code != NULL && strcmp(operation, "DescribeOrganization") == 0 &&
        strcmp(code, "AWSOrganizationsNotInUseException") == 0)
        account_named(estate, account)->organization.none = true;
}

static void read_failure(struct estate *estate, const struct json_cursor *one)
{
    static const char *const keys[] = {"account_id", "service", "operation", "region", "code"};
    const char *texts[5];
    for (int i = 0; i < 5; i++) {
        const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one->node, keys[i]));
        texts[i] = arena_strdup(estate->arena, text == NULL ? "unknown" : text);
    }
    const struct aws_call *call = call_of_operation(texts[1], texts[2]);
    note_unanswered(estate, one);
    if (!decides(texts[1], texts[2]))
        return;
    lack_add(estate->arena, &estate->lacks,
             &(struct lack){call == NULL || call->key == NULL ? texts[2] : call->key, texts[0], texts[3], NULL,
                            arena_printf(estate->arena, "missing: %s of %s/%s (%s %s: %s)",
                                         call == NULL || call->key == NULL ? "an answer" : call->key, texts[0],
                                         texts[3], texts[1], texts[2], texts[4])});
}

static void doubt_record(struct estate *estate, const char *name, const char *path, const char *why)
{
    *vector_add(estate->arena, &estate->unread) = (struct unread){name, path, why, KIND_COUNT};
}

// Whether a file is the one that was read, as far as its record tells. What cannot be opened is told elsewhere.
static bool is_as_read(const char *path, const char *sha256)
{
    struct error ignored;
    char found[DIGEST_TEXT];
    size_t bytes;
    return sha256 == NULL || !file_expect_regular(path, &ignored) || !file_digest(path, &bytes, found, &ignored) ||
           strcmp(found, sha256) == 0;
}

// What it says of itself: that it is whole, and which files it wrote beside it.
static void check_record(struct estate *estate, const char *name, const char *folder, const cJSON *root)
{
    const cJSON *unread = cJSON_GetObjectItemCaseSensitive(root, "unread"), *one;
    if (cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(root, "complete")) && cJSON_GetArraySize(unread) == 0)
        doubt_record(estate, name, "complete", "is false, and nothing says what is missing");
    struct map seen = {0}; // however often one is named, it is looked at once
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(root, "files")) {
        const char *file = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one, "file"));
        const char *below = name[strcspn(name, "/")] == '\0'
                                ? ""
                                : arena_strndup(estate->arena, name, (size_t)(text_behind_slash(name) - name));
        const char *sha256 = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one, "sha256"));
        if (file == NULL || map_get(&seen, file) != NULL)
            continue;
        map_put(estate->arena, &seen, arena_strdup(estate->arena, file), estate);
        const char *path = arena_printf(estate->arena, "%s/%s%s", folder, below, file);
        if (!file_is_inside(file))
            doubt_record(estate, name, "files", "names a file outside of its folder");
        else if (access(path, F_OK) != 0)
            doubt_record(estate, name, "files", arena_printf(estate->arena, "%s was read and is not there", file));
        else if (!is_as_read(path, sha256))
            doubt_record(estate, name, "files",
                         arena_printf(estate->arena,
                                      "%s is not as it was read: its SHA-256 is another than the one here", file));
    }
}

// What nobody looked at: of an organization those that are not active, and those that were to be left out.
static void read_excluded(struct estate *estate, const char *name, const cJSON *accounts)
{
    struct text ids = {0};
    const cJSON *one;
    cJSON_ArrayForEach (one, accounts) // where it is none, snapshot_record_odd tells
        text_printf(&ids, "%s%s", ids.length > 0 ? ", " : "", cJSON_IsString(one) ? one->valuestring : "unknown");
    if (ids.length > 0)
        *vector_add(estate->arena, &estate->not_covered) = arena_printf(
            estate->arena, "accounts that were left out when the others were read (%s): %s", name, ids.bytes);
    text_free(&ids);
}

// What was not read where this snapshot was copied from (snapshot_lost_write).
static void read_lost(struct estate *estate, const cJSON *root)
{
    static const char *const lists[] = {"not_read", "left_out"};
    for (int i = 0; i < 2; i++) {
        const cJSON *one;
        cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(root, lists[i])) {
            const char *path = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one, "path"));
            const char *why = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one, "why"));
            path = arena_strdup(estate->arena, path == NULL ? "something" : path);
            why = arena_strdup(estate->arena, why == NULL ? "was not read" : why);
            if (i == 0)
                *vector_add(estate->arena, &estate->unread) = (struct unread){path, "", why, KIND_COUNT};
            else
                *vector_add(estate->arena, &estate->ignored) = (struct ignored){path, why};
        }
    }
}

static void put_lost(struct json_writer *writer, const char *key, const struct ignored *items, size_t count)
{
    json_open(writer, key, '[');
    for (size_t i = 0; i < count; i++) {
        json_open_line(writer, NULL, '{');
        json_put_string(writer, "path", items[i].file);
        json_put_string(writer, "why", items[i].why);
        json_close(writer, '}');
    }
    json_close(writer, ']');
}

void snapshot_lost_write(const struct snapshot_files *files, struct text *out)
{
    struct json_writer writer = json_writer_to(out);
    json_open(&writer, NULL, '{');
    json_put_string(&writer, "schema", SNAPSHOT_SCHEMA);
    put_lost(&writer, "not_read", files->unread.items, files->unread.count);
    put_lost(&writer, "left_out", files->left_out.items, files->left_out.count);
    json_close(&writer, '}');
    json_end_document(&writer);
}

static void read_record(struct estate *estate, const char *name, const char *folder)
{
    struct error error;
    cJSON *root = json_load(arena_printf(estate->arena, "%s/%s", folder, name), &error);
    const cJSON *node;
    const char *odd = cJSON_IsObject(root) ? snapshot_record_odd(estate->arena, root) : NULL;
    if (odd != NULL)
        doubt_record(estate, name, "", odd);
    if (cJSON_IsObject(root)) {
        check_record(estate, name, folder, root);
        read_lost(estate, root);
        read_excluded(estate, name, cJSON_GetObjectItemCaseSensitive(root, "excluded_accounts"));
    }
    cJSON_ArrayForEach (node, (odd == NULL ? cJSON_GetObjectItemCaseSensitive(root, "unavailable") : NULL))
        read_absence(estate, &(struct json_cursor){.node = node});
    cJSON_ArrayForEach (node, cJSON_GetObjectItemCaseSensitive(root, "unread"))
        read_failure(estate, &(struct json_cursor){.node = node});
    if (root == NULL && error.code == ERROR_INCOMPLETE)
        estate->unreadable = arena_strdup(estate->arena, error.message);
    if (root == NULL || !cJSON_IsObject(root))
        *vector_add(estate->arena, &estate->unread) = (struct unread){
            name, "", root == NULL ? arena_strdup(estate->arena, error.message) : "is no object, expected one",
            KIND_COUNT};
    cJSON_Delete(root);
}

static bool read_all(struct estate *estate, const char *folder, struct error *error)
{
    struct snapshot_files files = {0}, documents = {0};
    struct document_opener opener = {(void *)(uintptr_t)folder, map_file, unmap_file, release_pages};
    GUARD(snapshot_list(estate->arena, folder, &files, error));
    for (size_t i = 0; i < files.left_out.count; i++)
        *vector_add(estate->arena, &estate->ignored) = files.left_out.items[i];
    for (size_t i = 0; i < files.unread.count; i++)
        *vector_add(estate->arena, &estate->unread) =
            (struct unread){files.unread.items[i].file, "", files.unread.items[i].why, KIND_COUNT};
    for (size_t i = 0; i < files.paths.count; i++) {
        const char *name = files.paths.items[i];
        if (strcmp(text_behind_slash(name), "snapshot.json") == 0)
            read_record(estate, name, folder);
        else
            *vector_add(estate->arena, &documents.paths) = name;
    }
    const struct document_files all = {documents.paths.items, documents.paths.count, files.left_out.items,
                                       files.left_out.count};
    return documents_read(estate, &opener, &all, error);
}

// Why a folder is of no use: the first things that were found in it.
static bool say_useless(const struct estate *estate, const char *folder, struct error *error)
{
    const struct ignored *ignored = estate->ignored.count > 0 ? &estate->ignored.items[0] : NULL;
    const struct unread *unread = estate->unread.count > 0 ? &estate->unread.items[0] : NULL;
    const char *file = unread != NULL ? unread->file : ignored != NULL ? ignored->file : NULL;
    const char *why = unread != NULL ? unread->why : ignored != NULL ? ignored->why : "";
    return error_set(error, ERROR_USAGE,
                     "%s: no describe-* document found, expected JSON files with top-level keys such as "
                     "NetworkInterfaces or SecurityGroups%s%s%s%s",
                     folder, file != NULL ? "; " : "", file != NULL ? file : "", file != NULL ? " " : "", why);
}

struct estate *snapshot_read(const char *folder, struct error *error)
{
    struct arena *arena = arena_new();
    struct estate *estate = arena_new_of(arena, struct estate);
    estate->arena = arena;
    *error = (struct error){0};
    if (read_all(estate, folder, error))
        return estate;
    if (estate->unreadable != NULL)
        error_set(error, ERROR_INCOMPLETE, "%s/%s", folder, estate->unreadable);
    else if (error->code == ERROR_NONE)
        say_useless(estate, folder, error);
    arena_free(arena);
    return NULL;
}

void estate_free(struct estate *estate)
{
    if (estate != NULL)
        arena_free(estate->arena);
}
