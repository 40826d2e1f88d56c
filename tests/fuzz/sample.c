// A good estate, changed: its documents cut, a plan of Terraform's, a record of how it was read. An answer must not
// become cleaner in silence.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/snapshot.h"
#include "aws/terraform/evaluate.h"
#include "aws/terraform/source.h"
#include "aws/terraform/terraform.h"
#include "base/file.h"
#include "rules/reach/diff.h"
#include "pipeline/readings.h"
#include "report/segments.h"
#include "rules/reach/reach.h"
#include "rules/reach/segments.h"
#include "targets.h"

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

// The estate of the sample as it is, and what it declares.
static struct side sample_side(void)
{
    static struct arena *arena;
    static struct side side;
    const struct sample *sample = sample_read();
    if (arena == NULL) {
        arena = arena_new();
        side.estate = estate_of(arena, sample->files, sample->count);
        side.exposures = reach_compute(side.estate);
    }
    return side;
}

void fuzz_terraform(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct terraform_report report = {0};
    const struct sample *sample = sample_read();
    struct estate *after = estate_of(arena, sample->files, sample->count);
    if (after == NULL)
        abort();
    if (!terraform_apply(after, as_file(data, size), &report, &error))
        return;
    struct side sides[2] = {sample_side(), {after, reach_compute(after), true}};
    diff_free(diff_compute(&sides[0], &sides[1]));
    exposure_set_free((struct exposure_set *)(uintptr_t)sides[1].exposures);
    const char *file = as_file(data, size);
    struct estate *base = terraform_base(&file, 1, &error);
    if (base == NULL)
        abort(); // what is a plan tells a state, if an empty one
    exposure_set_free(reach_compute(base));
    estate_free(base);
}

void fuzz_changeset(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct terraform_report report = {0};
    const struct sample *sample = sample_read();
    struct estate *after = estate_of(arena, sample->files, sample->count);
    const char *file = as_file(data, size);
    if (after == NULL)
        abort();
    if (!changeset_apply(after, &file, 1, &report, &error))
        return;
    struct side sides[2] = {sample_side(), {after, reach_compute(after), true}};
    diff_free(diff_compute(&sides[0], &sides[1]));
    exposure_set_free((struct exposure_set *)(uintptr_t)sides[1].exposures);
}

void fuzz_blocks(struct arena *arena, const uint8_t *data, size_t size)
{
    struct source_blocks blocks = {0};
    struct terraform_report report = {0};
    struct plan_reader plan = {.arena = arena, .report = &report, .evaluated_arena = arena};
    struct evaluation evaluation = {.plan = &plan, .arena = arena, .context = {.instance = "", .key = "[1]"}};
    source_blocks_read(arena, (const char *)data, size, &blocks);
    source_blocks_read_json(arena, (const char *)data, size, &blocks);
    for (size_t i = 0; i < blocks.items.count; i++)
        for (size_t k = 0; k < blocks.items.items[i].arguments.count; k++) {
            source_expression_read(arena, blocks.items.items[i].arguments.items[k].text,
                                   &(struct source_expression){0});
            evaluate(&evaluation, blocks.items.items[i].arguments.items[k].text);
        }
    template_resources_read(arena, (const char *)data, size, &blocks);
    for (size_t i = 0; i < blocks.items.count; i++)
        if (blocks.items.items[i].line == 0 || blocks.items.items[i].line > size + 1)
            abort();
}

// ---- What joins networks, and segments: by group, or by VPC

static void must_be_written(const struct estate *estate, enum segments_by by, const char *by_text)
{
    struct segment_set *set = segments_compute(estate, &(struct segments_question){.by = by, .by_text = by_text});
    struct text out = {0};
    segments_json(&(struct segments_report){.set = set}, &out);
    must_be_json(&out);
    text_free(&out);
    segment_set_free(set);
}

// Documents of a whole network, one after the other.
void fuzz_segments(struct arena *arena, const uint8_t *data, size_t size)
{
    struct memory_file file = {"111122223333/eu-west-3/fuzz-tgw-rtb-1.json", (const char *)data, size};
    struct estate *estate = estate_of(arena, &file, 1);
    if (estate == NULL)
        return;
    if (size % 2 == 0)
        must_be_written(estate, SEGMENTS_BY_GROUP, "group");
    else
        must_be_written(estate, SEGMENTS_BY_VPC, "vpc");
}

// ---- The record of how it was read, beside one document

static char snapshot_folder[] = "/dev/shm/sgproof-fuzz-XXXXXX";

static void remove_snapshot(void)
{
    file_remove_tree(snapshot_folder);
}

static void snapshot_write(const char *name, const void *bytes, size_t length)
{
    struct text path = {0};
    text_printf(&path, "%s/%s", snapshot_folder, name);
    FILE *file = fopen(path.bytes, "wb");
    if (file == NULL || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        abort();
    text_free(&path);
}

void fuzz_snapshot(struct arena *arena, const uint8_t *data, size_t size)
{
    static const char vpcs[] =
        "{\"Vpcs\":[{\"VpcId\":\"vpc-1\",\"OwnerId\":\"111122223333\",\"CidrBlock\":\"10.0.0.0/16\"}]}";
    static bool made;
    struct error error = {0};
    if (!made) {
        made = true;
        if (mkdtemp(snapshot_folder) == NULL)
            abort();
        atexit(remove_snapshot);
        snapshot_write("describe-vpcs.json", vpcs, sizeof(vpcs) - 1);
    }
    snapshot_write("snapshot.json", data, size);
    struct estate *estate = snapshot_read(snapshot_folder, &error);
    if (estate == NULL) { // a record that is not understood costs itself
        fprintf(stderr, "snapshot: %s\n", error.message);
        abort();
    }
    must_be_computed(estate);
    estate_free(estate);
    reading_can_be_taken(arena, snapshot_folder, &error); // as a run and verify read it
}
