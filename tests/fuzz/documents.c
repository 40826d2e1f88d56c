// Documents as outside bytes, and the structure of good ones cut: an answer must not become cleaner in silence.
#include "documents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/documents/documents.h"
#include "aws/snapshot.h"
#include "base/file.h"
#include "rules/controls/controls.h"
#include "rules/reach/reach.h"

void must_be_json(const struct text *out)
{
    struct error error;
    cJSON *again = json_parse("output", out->bytes, out->length, &error);
    if (again == NULL)
        abort();
    cJSON_Delete(again);
}

// Documents that lie in memory.
struct memory_file {
    const char *name;
    const char *bytes;
    size_t length;
};

struct memory_files {
    const struct memory_file *items;
    size_t count;
};

static bool open_memory(void *context, const char *name, struct document_bytes *bytes, struct error *error)
{
    const struct memory_files *files = context;
    for (size_t i = 0; i < files->count; i++)
        if (strcmp(files->items[i].name, name) == 0) {
            *bytes = (struct document_bytes){.bytes = files->items[i].bytes, .length = files->items[i].length};
            return true;
        }
    return error_set(error, ERROR_USAGE, "%s: is not there", name);
}

static void close_memory(void *context, struct document_bytes *bytes)
{
    (void)context;
    (void)bytes;
}

// The estate of some documents, or NULL where none is of use.
static struct estate *estate_of(struct arena *arena, const struct memory_file *items, size_t count)
{
    struct memory_files files = {items, count};
    struct document_opener opener = {&files, open_memory, close_memory, NULL};
    struct estate *estate = arena_new_of(arena, struct estate);
    struct error error;
    const char **names = arena_array(arena, const char *, count);
    for (size_t i = 0; i < count; i++)
        names[i] = items[i].name;
    estate->arena = arena;
    return documents_read(estate, &opener, &(struct document_files){.names = names, .count = count}, &error) ? estate
                                                                                                             : NULL;
}

void fuzz_documents(struct arena *arena, const uint8_t *data, size_t size)
{
    struct memory_file file = {"111122223333/eu-west-3/fuzz-pl-1-tg-1.json", (const char *)data, size};
    struct estate *estate = estate_of(arena, &file, 1);
    if (estate == NULL)
        return;
    struct exposure_set *set = reach_compute(estate);
    struct text out = {0};
    exposure_write_json(set, &out);
    must_be_json(&out);
    text_free(&out);
    exposure_set_free(set);
}

// IAM's and CloudTrail's documents, judged by every control that comes with the program.
void fuzz_account(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct memory_file file = {"111122223333/eu-west-3/trail-all.json", (const char *)data, size};
    struct estate *estate = estate_of(arena, &file, 1);
    const struct pack *packs[8];
    size_t count = 0;
    if (estate == NULL)
        return;
    struct exposure_set *set = reach_compute(estate);
    struct control_report report = {0};
    struct text out = {0};
    for (const struct built_in_pack *one = built_in_packs; one->id != NULL; one++)
        packs[count++] = pack_parse(arena, one->id, one->bytes, one->length, &error);
    controls_judge(arena,
                   &(struct fact_input){.estate = estate, .exposures = set, .today = "2026-06-30", .snapshot = ""},
                   &(struct controls_options){.packs = packs, .pack_count = count}, &report);
    controls_write_json(&report, &out);
    must_be_json(&out);
    text_free(&out);
    exposure_set_free(set);
}

// ---- The structure of good documents, cut: the input says what is dropped, nulled, retyped, doubled or swapped where.

struct sample {
    struct arena *arena;
    struct memory_file files[32];
    cJSON *roots[32];
    size_t count;
    struct exposure_set *whole; // what it declares
};

static const struct sample *sample_read(void)
{
    static struct sample sample;
    struct error error;
    struct snapshot_files files = {0};
    if (sample.count > 0)
        return &sample;
    sample.arena = arena_new();
    if (!snapshot_list(sample.arena, SAMPLE, &files, &error))
        abort();
    for (size_t i = 0; i < files.paths.count && sample.count < 32; i++) {
        size_t length;
        char *text = file_read(arena_printf(sample.arena, "%s/%s", SAMPLE, files.paths.items[i]), &length, &error);
        if (text == NULL)
            abort();
        char *kept = arena_strndup(sample.arena, text, length);
        free(text);
        sample.files[sample.count++] = (struct memory_file){files.paths.items[i], kept, length};
    }
    struct estate *estate = estate_of(sample.arena, sample.files, sample.count);
    if (estate == NULL || estate->unread.count > 0)
        abort();
    sample.whole = reach_compute(estate);
    if (!exposure_set_complete(sample.whole))
        abort();
    return &sample;
}

static cJSON *nth_value(cJSON *value, size_t *left)
{
    for (cJSON *child = value->child; child != NULL; child = child->next) {
        if ((*left)-- == 0)
            return child;
        cJSON *found = nth_value(child, left);
        if (found != NULL)
            return found;
    }
    return NULL;
}

static size_t count_values(const cJSON *value)
{
    size_t count = 0;
    for (const cJSON *child = value->child; child != NULL; child = child->next)
        count += 1 + count_values(child);
    return count;
}

static cJSON *parent_of(cJSON *value, const cJSON *of)
{
    for (cJSON *child = value->child; child != NULL; child = child->next) {
        cJSON *found = child == of ? value : parent_of(child, of);
        if (found != NULL)
            return found;
    }
    return NULL;
}

// Members whose absence nothing else in the sample shows: the only word of a public address, and what decides nothing.
static bool is_sole_word(const cJSON *value)
{
    static const char *const keys[] = {"Association", "PublicIp", "Ipv6Address", NULL};
    return value->string == NULL || text_among(value->string, keys);
}

// Gives whether the answer must not become cleaner in silence.
static bool cut(cJSON *root, size_t which, unsigned how)
{
    size_t count = count_values(root), left = count == 0 ? 0 : which % count;
    cJSON *value = count == 0 ? NULL : nth_value(root, &left), *parent = value == NULL ? NULL : parent_of(root, value);
    bool judged = value != NULL && !is_sole_word(value);
    cJSON *odd = how % 5 == 1   ? cJSON_CreateNull()
                 : how % 5 == 2 ? (cJSON_IsNumber(value) ? cJSON_CreateString("odd") : cJSON_CreateNumber(7))
                 : how % 5 == 3 ? cJSON_CreateArray()
                                : NULL;
    if (value == NULL)
        cJSON_Delete(odd);
    else if (how % 5 == 4)
        cJSON_AddItemToArray(parent, cJSON_Duplicate(value, true)); // judged by not crashing alone
    else if (odd != NULL)
        cJSON_ReplaceItemViaPointer(parent, value, odd);
    else
        cJSON_Delete(cJSON_DetachItemViaPointer(parent, value));
    return judged && how % 5 != 4 && how % 5 != 3;
}

static bool still_passes(const struct exposure_set *set, const struct endpoint *was, const struct exposure *rectangle)
{
    const struct endpoint *endpoint = exposure_endpoint_at(set, was->address);
    const struct exposure *now = endpoint == NULL ? NULL
                                                  : exposure_find(endpoint, rectangle->protocol_low, rectangle->low,
                                                                  rectangle->sources.ranges[0].low);
    return now != NULL && now->path == PATH_TWO_WAY;
}

void fuzz_structure(struct arena *arena, const uint8_t *data, size_t size)
{
    const struct sample *sample = sample_read();
    struct memory_file files[32];
    bool judged = size >= 4 && size < 8; // by one cut alone: two may hide each other
    memcpy(files, sample->files, sizeof(files));
    for (size_t at = 0; at + 4 <= size && at < 32; at += 4) {
        struct memory_file *file = &files[data[at] % sample->count];
        size_t wrong;
        struct error error;
        cJSON *root = json_parse_slice(file->bytes, file->length, &wrong, &error);
        judged = cut(root, (size_t)data[at + 1] << 8 | data[at + 2], data[at + 3]) && judged;
        char *text = cJSON_PrintUnformatted(root);
        file->bytes = arena_strdup(arena, text);
        file->length = strlen(text);
        cJSON_free(text);
        cJSON_Delete(root);
    }
    struct estate *estate = estate_of(arena, files, sample->count);
    if (estate == NULL)
        abort(); // a cut costs what rests on it
    struct exposure_set *set = reach_compute(estate);
    for (size_t i = 0; judged && exposure_set_complete(set) && i < sample->whole->endpoints.count; i++) {
        const struct endpoint *endpoint = &sample->whole->endpoints.items[i];
        for (size_t e = 0; e < endpoint->exposures->count && !endpoint->dormant; e++)
            if (endpoint->exposures->items[e].path == PATH_TWO_WAY &&
                !still_passes(set, endpoint, &endpoint->exposures->items[e])) {
                fprintf(stderr, "file %s value %u way %u: cleaner in silence\n",
                        sample->files[data[0] % sample->count].name, (unsigned)(data[1] << 8 | data[2]),
                        (unsigned)data[3] % 5);
                abort();
            }
    }
    exposure_set_free(set);
}
