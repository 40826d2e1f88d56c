#include "evidence/manifest.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "model/run_record.h"

enum { RUN_ID = 16 };

const char *failed_step_why(const failed_steps *failed, const char *step)
{
    for (size_t i = 0; i < failed->count; i++)
        if (strcmp(failed->items[i].step, step) == 0)
            return failed->items[i].why;
    return NULL;
}

static int by_path(const void *left, const void *right)
{
    const struct manifest_file *a = left, *b = right;
    return strcmp(a->path, b->path);
}

void manifest_sort(struct manifest *manifest)
{
    if (manifest->files.count > 1)
        qsort(manifest->files.items, manifest->files.count, sizeof(struct manifest_file), by_path);
}

const struct manifest_file *manifest_file(const struct manifest *manifest, const char *path)
{
    const struct manifest_file wanted = {.path = path};
    return manifest->files.count == 0
               ? NULL
               : bsearch(&wanted, manifest->files.items, manifest->files.count, sizeof(struct manifest_file), by_path);
}

bool manifest_holds(struct arena *arena, const struct manifest *manifest, const char *folder, const char *path,
                    struct error *error)
{
    const struct manifest_file *file = manifest_file(manifest, path);
    const char *there = arena_printf(arena, "%s/%s", folder, path);
    char sha256[DIGEST_TEXT];
    struct stat about;
    size_t length;
    if (file == NULL)
        return error_set(error, ERROR_USAGE, "%s: is no file of the manifest", there);
    if (lstat(there, &about) != 0 || !S_ISREG(about.st_mode))
        return error_set(error, ERROR_USAGE, "%s: is missing, or no regular file", there);
    GUARD(file_digest(there, &length, sha256, error));
    return (length == file->bytes && strcmp(sha256, file->sha256) == 0) ||
           error_set(error, ERROR_USAGE, "%s: is not what the manifest holds the hash of: see sgproof verify", there);
}

// As sha256sum of GNU coreutils writes: a name with a backslash or a line's end has those escaped, and its line begins
// with a backslash.
static void put_sum(const struct manifest_file *file, struct text *out)
{
    text_printf(out, "%s%s  ", strpbrk(file->path, "\\\n\r") != NULL ? "\\" : "", file->sha256);
    for (const char *p = file->path; *p != '\0'; p++) {
        const char *escaped = *p == '\\' ? "\\\\" : *p == '\n' ? "\\n" : *p == '\r' ? "\\r" : NULL;
        text_add(out, escaped != NULL ? escaped : p, escaped != NULL ? 2 : 1);
    }
    text_puts(out, "\n");
}

void manifest_write_sums(const struct manifest *manifest, struct text *out)
{
    for (size_t i = 0; i < manifest->files.count; i++)
        if (strcmp(manifest->files.items[i].path, MANIFEST_SUMS) != 0)
            put_sum(&manifest->files.items[i], out);
}

// ---- The document

static const struct json_field claims_fields[] = {
    JSON_FIELD("tool_version", TEXT, struct manifest_claims, tool_version),
    JSON_FIELD("title", TEXT, struct manifest_claims, title),
    JSON_FIELD("command", TEXTS, struct manifest_claims, command),
    JSON_FIELD("begin", TEXT, struct manifest_claims, begin),
    JSON_FIELD("end", TEXT, struct manifest_claims, end),
    JSON_FIELD("signer", TEXT, struct manifest_claims, signer, .left_out = true),
    JSON_FIELDS_END};
static const struct json_record claims_record = {.fields = claims_fields, .size = sizeof(struct manifest_claims)};

static const struct json_field failed_fields[] = {JSON_FIELD("step", TEXT, struct failed_step, step),
                                                  JSON_FIELD("why", TEXT, struct failed_step, why), JSON_FIELDS_END};
static const struct json_record failed_record = {
    .fields = failed_fields, .size = sizeof(struct failed_step), .line = true};

static const struct json_field file_fields[] = {
    JSON_FIELD("path", TEXT, struct manifest_file, path), JSON_FIELD("bytes", COUNT, struct manifest_file, bytes),
    JSON_FIELD("sha256", TEXT, struct manifest_file, sha256), JSON_FIELDS_END};
static const struct json_record file_record = {
    .fields = file_fields, .size = sizeof(struct manifest_file), .line = true};

// What stands between the depth and the files.
static const struct json_field judged_fields[] = {
    JSON_FIELD("judged_on", TEXT, struct manifest, judged_on),
    JSON_FIELD("packs", TEXTS, struct manifest, packs),
    RUN_RECORD_PORTS(struct manifest, ports_by_verdict, ports_by_severity),
    JSON_FIELD("previous", TEXT, struct manifest, previous, .optional = true),
    JSON_FIELD("failed", RECORDS, struct manifest, failed, .left_out = true, .of = &failed_record),
    JSON_FIELDS_END};
static const struct json_record judged_record = {.fields = judged_fields, .size = sizeof(struct manifest)};
static const struct json_field files_list[] = {JSON_FIELD("files", RECORDS, struct manifest, files, .of = &file_record),
                                               JSON_FIELDS_END};
static const struct json_record files_part = {.fields = files_list, .size = sizeof(struct manifest)};

static void put_claims(struct json_writer *writer, const struct manifest *manifest)
{
    if (manifest->derivation > 0) {
        json_put_integer(writer, "derivation", manifest->derivation);
        json_open(writer, "claims", '{');
    }
    json_put_fields(writer, &claims_record, &manifest->claims);
    if (manifest->derivation > 0)
        json_close(writer, '}');
}

static void write_with(const struct manifest *manifest, const char *run_id, struct text *out)
{
    struct json_writer writer = json_writer_to(out);
    json_open(&writer, NULL, '{');
    json_put_string(&writer, "schema", "sgproof/manifest/v1");
    json_put_string(&writer, "run_id", run_id);
    put_claims(&writer, manifest);
    json_put_boolean(&writer, "complete", manifest->complete);
    json_put_string(&writer, "vantage", manifest->vantage);
    json_put_strings_line(&writer, "vantages", manifest->vantages.items, manifest->vantages.count);
    if (manifest->rate > 0) { // and so is a manifest of before that was told written as it was
        json_put_strings_line(&writer, "vantages_learnt", manifest->vantages_learnt.items,
                              manifest->vantages_learnt.count);
        json_put_strings_line(&writer, "canaries", manifest->canaries.items, manifest->canaries.count);
    }
    json_put_string(&writer, "depth", manifest->depth);
    if (manifest->rate > 0) {
        json_put_integer(&writer, "rate", manifest->rate);
        json_put_integer(&writer, "host_rate", manifest->host_rate);
    }
    json_put_integer(&writer, "tries", manifest->tries);
    if (manifest->timeout_ms > 0)
        json_put_integer(&writer, "timeout_ms", manifest->timeout_ms);
    json_put_fields(&writer, &judged_record, manifest);
    json_put_fields(&writer, &files_part, manifest);
    json_close(&writer, '}');
    json_end_document(&writer);
}

static void seal(const struct manifest *manifest, char run_id[DIGEST_TEXT])
{
    struct text blank = {0};
    write_with(manifest, "", &blank);
    digest_sha256(blank.bytes, blank.length, run_id);
    run_id[RUN_ID] = '\0';
    text_free(&blank);
}

void manifest_write(struct arena *arena, struct manifest *manifest, struct text *out)
{
    char run_id[DIGEST_TEXT];
    manifest_sort(manifest);
    seal(manifest, run_id);
    manifest->run_id = arena_strdup(arena, run_id);
    write_with(manifest, run_id, out);
}

bool manifest_is_sealed(const struct manifest *manifest, const char *bytes, size_t length)
{
    char run_id[DIGEST_TEXT];
    struct text again = {0};
    seal(manifest, run_id);
    write_with(manifest, run_id, &again);
    bool same = again.length == length && memcmp(again.bytes, bytes, length) == 0;
    text_free(&again);
    return same;
}

// That each path is inside the bundle, and behind the one before it.
static bool expect_order(const struct json_cursor *root, const struct manifest *manifest, size_t *ordered,
                         struct error *error)
{
    struct json_cursor array = json_member(root, "files");
    for (*ordered = 0; *ordered < manifest->files.count; *ordered += 1) {
        const char *path = manifest->files.items[*ordered].path;
        struct json_cursor at = json_element(&array, *ordered, NULL), wrong = json_member(&at, "path");
        if (!file_is_inside(path))
            return json_fail(&wrong, error, "\"%s\" is no path inside the bundle", path);
        if (*ordered > 0 && strcmp(manifest->files.items[*ordered - 1].path, path) >= 0)
            return json_fail(&wrong, error, "\"%s\" is twice there or out of order", path);
    }
    return true;
}

// Of a list that is wrong somewhere those before are kept: they are whole and in order.
static bool read_files(struct arena *arena, const struct json_cursor *root, struct manifest *manifest,
                       struct error *error)
{
    struct error other;
    bool good = json_read_fields(arena, root, &files_part, manifest, error);
    size_t ordered;
    while (manifest->files.count > 0 && manifest->files.items[manifest->files.count - 1].sha256 == NULL)
        manifest->files.count--;
    good = expect_order(root, manifest, &ordered, good ? error : &other) && good;
    manifest->files.count = (uint32_t)ordered;
    return good;
}

static bool expect_steps(const struct json_cursor *root, const failed_steps *failed, struct error *error)
{
    static const char *const steps[] = {
        STEP_SERVICES, STEP_CAPTURE, STEP_SECOND_READING, STEP_HISTORY,   STEP_VERDICTS, STEP_CONTROLS,
        STEP_CHANGE,   STEP_REPORT,  STEP_TIMESTAMP,      STEP_SIGNATURE, NULL};
    struct json_cursor array = json_member(root, "failed");
    for (size_t i = 0; i < failed->count; i++) {
        struct json_cursor at = json_element(&array, i, NULL), step = json_member(&at, "step");
        if (!text_among(failed->items[i].step, steps))
            return json_fail(&step, error, "\"%s\" is no step of a run", failed->items[i].step);
        if (failed->items[i].why[0] == '\0')
            return json_fail(&at, error, "does not say why");
    }
    return true;
}

// A list of few texts, none of them twice: each costs what is in it once.
static bool expect_each_once(struct arena *arena, const struct json_cursor *root, const char *name,
                             const text_list *texts, struct error *error)
{
    enum { MOST = 256 };
    struct json_cursor at = json_member(root, name);
    struct map known = {0};
    if (texts->count > MOST)
        return json_fail(&at, error, "has more than %d items", MOST);
    for (size_t i = 0; i < texts->count; i++) {
        if (map_get(&known, texts->items[i]) != NULL)
            return json_fail(&at, error, "has %s twice", texts->items[i]);
        map_put(arena, &known, texts->items[i], &known);
    }
    return true;
}

// What earlier evidence did not tell is nothing that other evidence may leave out: silence is judged by it.
static bool read_speed(struct arena *arena, const struct json_cursor *root, struct manifest *manifest,
                       struct error *error)
{
    bool told = manifest->derivation > 0;
    GUARD(told || json_optional_integer(root, "rate", 1, 1000000, &manifest->rate, &told, error));
    if (told) {
        GUARD(json_integer(root, "rate", 1, 1000000, &manifest->rate, error));
        GUARD(json_integer(root, "host_rate", 1, 1000000, &manifest->host_rate, error));
        GUARD(json_texts(arena, root, "vantages_learnt", &manifest->vantages_learnt, error));
        GUARD(json_texts(arena, root, "canaries", &manifest->canaries, error));
        GUARD(expect_each_once(arena, root, "canaries", &manifest->canaries, error));
        struct json_cursor at_learnt = json_member(root, "vantages_learnt");
        if (manifest->vantages_learnt.count != manifest->vantages.count)
            return json_fail(&at_learnt, error, "has not as many items as \"vantages\"");
    }
    return manifest->derivation > 0
               ? json_integer(root, "timeout_ms", 50, 60000, &manifest->timeout_ms, error)
               : json_optional_integer(root, "timeout_ms", 50, 60000, &manifest->timeout_ms, &told, error);
}

static bool read_document(struct arena *arena, const struct json_cursor *root, struct manifest *manifest,
                          struct error *error)
{
    bool told;
    GUARD(json_expect_schema(root, "sgproof/manifest/v1", error));
    GUARD(json_string(arena, root, "run_id", &manifest->run_id, error));
    GUARD(json_optional_integer(root, "derivation", 1, 1000000, &manifest->derivation, &told, error));
    struct json_cursor claims = told ? json_member(root, "claims") : *root;
    GUARD(json_expect_object(&claims, error) &&
          json_read_fields(arena, &claims, &claims_record, &manifest->claims, error));
    GUARD(json_boolean(root, "complete", &manifest->complete, error));
    GUARD(json_optional_string(arena, root, "vantage", &manifest->vantage, error));
    GUARD(json_texts(arena, root, "vantages", &manifest->vantages, error));
    GUARD(read_speed(arena, root, manifest, error));
    GUARD(json_string(arena, root, "depth", &manifest->depth, error));
    GUARD(json_integer(root, "tries", 1, 10, &manifest->tries, error));
    GUARD(json_read_fields(arena, root, &judged_record, manifest, error));
    GUARD(expect_each_once(arena, root, "packs", &manifest->packs, error));
    struct json_cursor previous = json_member(root, "previous");
    if (manifest->previous != NULL && !digest_is_hexadecimal(manifest->previous, DIGEST_TEXT - 1))
        return json_fail(&previous, error, "is no SHA-256, expected 64 hexadecimal digits");
    return expect_steps(root, &manifest->failed, error) && read_files(arena, root, manifest, error);
}

bool manifest_read(struct arena *arena, const char *file, const char *bytes, size_t length, struct manifest *manifest,
                   struct error *error)
{
    cJSON *root = json_parse(file, bytes, length, error);
    if (root == NULL)
        return false;
    struct json_cursor at = {.file = file, .node = root};
    bool good = read_document(arena, &at, manifest, error);
    cJSON_Delete(root);
    return good;
}
