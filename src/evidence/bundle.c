#include "evidence/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"

struct bundled_file {
    const char *path;
    size_t bytes;
    char sha256[DIGEST_TEXT];
};

struct bundle {
    struct arena *arena;
    const char *folder;
    const char *temporary;
    VECTOR(struct bundled_file) files;
};

struct bundle *bundle_begin(struct arena *arena, const char *folder, struct error *error)
{
    struct bundle *bundle = arena_new_of(arena, struct bundle);
    struct stat about;
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    bundle->arena = arena;
    bundle->folder = arena_strndup(arena, folder, length);
    bundle->temporary = arena_printf(arena, "%s.tmp-%ld", bundle->folder, (long)getpid());
    if (lstat(bundle->folder, &about) == 0) {
        error_set(error, ERROR_USAGE, "%s: exists already; an evidence bundle is never written over", bundle->folder);
        return NULL;
    }
    return file_make_folder(bundle->temporary, error) ? bundle : NULL;
}

bool bundle_folder(struct bundle *bundle, const char *path, struct error *error)
{
    return file_make_folder(arena_printf(bundle->arena, "%s/%s", bundle->temporary, path), error);
}

bool bundle_add(struct bundle *bundle, const char *path, const char *bytes, size_t length, struct error *error)
{
    const char *whole = arena_printf(bundle->arena, "%s/%s", bundle->temporary, path);
    if (!file_make_parents(whole, error) || !file_write(whole, bytes, length, error))
        return false;
    struct bundled_file *file = vector_add(bundle->arena, &bundle->files);
    file->path = arena_strdup(bundle->arena, path);
    file->bytes = length;
    digest_sha256(bytes, length, file->sha256);
    return true;
}

bool bundle_copy(struct bundle *bundle, const char *path, const char *from, struct error *error)
{
    size_t length;
    char *bytes = file_read(from, &length, error);
    bool good = bytes != NULL && bundle_add(bundle, path, bytes, length, error);
    free(bytes);
    return good;
}

static int by_path(const void *left, const void *right)
{
    const struct bundled_file *a = left, *b = right;
    return strcmp(a->path, b->path);
}

static void write_counts(struct json_writer *writer, const struct verdict_set *verdicts)
{
    size_t by_verdict[VERDICT_KINDS] = {0}, by_severity[SEVERITIES] = {0};
    for (size_t i = 0; i < verdicts->items.count; i++) {
        const struct verdict *verdict = &verdicts->items.items[i];
        by_verdict[verdict->kind] += (size_t)(verdict->high - verdict->low) + 1;
        by_severity[verdict->severity] += (size_t)(verdict->high - verdict->low) + 1;
    }
    json_open_line(writer, "ports_by_verdict", '{');
    for (int i = 0; i < VERDICT_KINDS; i++)
        json_put_integer(writer, verdict_names[i], (int64_t)by_verdict[i]);
    json_close(writer, '}');
    json_open_line(writer, "ports_by_severity", '{');
    for (int i = 0; i < SEVERITIES; i++)
        json_put_integer(writer, severity_names[i], (int64_t)by_severity[i]);
    json_close(writer, '}');
}

bool bundle_finish(struct bundle *bundle, const struct bundle_about *about, struct error *error)
{
    struct text text = {0}, hashes = {0};
    struct json_writer writer = json_writer_to(&text);
    char all[65];
    qsort(bundle->files.items, bundle->files.count, sizeof(struct bundled_file), by_path);
    text_puts(&hashes, about->begin);
    for (size_t i = 0; i < bundle->files.count; i++)
        text_puts(&hashes, bundle->files.items[i].sha256);
    digest_sha256(hashes.bytes, hashes.length, all);
    json_open(&writer, NULL, '{');
    json_put_string(&writer, "schema", "sgproof/manifest/v1");
    json_put_string(&writer, "run_id", arena_strndup(bundle->arena, all, 16));
    json_put_string(&writer, "tool_version", about->tool_version);
    json_open_line(&writer, "command", '[');
    for (size_t i = 0; i < about->command_count; i++)
        json_put_string(&writer, NULL, about->command[i]);
    json_close(&writer, ']');
    json_put_string(&writer, "vantage", about->verdicts->vantage);
    json_put_string(&writer, "begin", about->begin);
    json_put_string(&writer, "end", about->end);
    json_put_boolean(&writer, "complete", about->verdicts->complete);
    write_counts(&writer, about->verdicts);
    json_put_string(&writer, "previous", NULL);
    json_open(&writer, "files", '[');
    for (size_t i = 0; i < bundle->files.count; i++) {
        json_open_line(&writer, NULL, '{');
        json_put_string(&writer, "path", bundle->files.items[i].path);
        json_put_integer(&writer, "bytes", (int64_t)bundle->files.items[i].bytes);
        json_put_string(&writer, "sha256", bundle->files.items[i].sha256);
        json_close(&writer, '}');
    }
    json_close(&writer, ']');
    json_close(&writer, '}');
    json_end_document(&writer);
    bool good =
        file_write(arena_printf(bundle->arena, "%s/manifest.json", bundle->temporary), text.bytes, text.length, error);
    if (good && rename(bundle->temporary, bundle->folder) != 0)
        good = error_system(error, ERROR_INCOMPLETE, errno, "%s: cannot be put in its place", bundle->folder);
    text_free(&text);
    text_free(&hashes);
    return good;
}

void bundle_abandon(struct bundle *bundle)
{
    file_remove_tree(bundle->temporary);
}
