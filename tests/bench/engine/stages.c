// Seconds of the processor that the stages of `compute` take: reading, computing, writing; and memory beside the
// documents' own strings. stages FOLDER -> one line of JSON.
#include <malloc.h>
#include <stdlib.h>
#include <time.h>

#include "aws/snapshot.h"
#include "rules/reach/reach.h"

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static size_t length(const char *text)
{
    return text == NULL ? 0 : strlen(text) + 1;
}

// Texts that are held once for each interface or instance; the others are interned and few.
static size_t own_strings(const struct estate *estate)
{
    size_t bytes = 0;
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        const struct network_interface *one = estate->interfaces.items[i];
        bytes += length(one->id) + length(one->instance_id);
    }
    for (size_t i = 0; i < estate->instances.size; i++) {
        const struct instance *one = estate->instances.slots[i].value;
        bytes += one == NULL ? 0 : length(one->id) + length(tags_name(one->tags, one->tag_count));
    }
    return bytes;
}

static size_t distinct_answers(const struct exposure_set *set)
{
    struct arena *arena = arena_new();
    struct map known = {0};
    for (size_t i = 0; i < set->endpoints.count; i++)
        map_put_pointer(arena, &known, set->endpoints.items[i].exposures, arena);
    size_t count = known.count;
    arena_free(arena);
    return count;
}

int main(int argc, char **argv)
{
    struct error error = {0};
    double began = now();
    struct estate *estate = argc == 2 ? snapshot_read(argv[1], &error) : NULL;
    if (estate == NULL) {
        fprintf(stderr, "%s\n", error.message);
        return 2;
    }
    double read = now();
    struct exposure_set *set = reach_compute(estate);
    double computed = now();
    struct text out = {.sink = fopen("/dev/null", "w")};
    exposure_write_json(set, &out);
    text_flush(&out);
    double written = now();
    size_t strings = own_strings(estate), interfaces = estate->interfaces.count;
    printf("{\"interfaces\": %zu, \"endpoints\": %zu, \"answers\": %zu, \"read\": %.4f, \"compute\": %.4f, \"write\": "
           "%.4f, "
           "\"estate_bytes\": %zu, \"result_bytes\": %zu, \"own_strings\": %zu}\n",
           interfaces, (size_t)set->endpoints.count, distinct_answers(set), read - began, computed - read,
           written - computed, arena_used(estate->arena), arena_used(set->arena), strings);
    fclose(out.sink);
    text_free(&out);
    exposure_set_free(set);
    estate_free(estate);
    return 0;
}
