// Fuzz targets for the parsers of outside bytes, one a TARGET, in libFuzzer's form:
//   clang -fsanitize=fuzzer,address,undefined -DTARGET=fuzz_plan ...
// Built with DRIVER they come with a small driver that mutates the seed corpus: test_fuzz_NAME FOLDER.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/documents.h"
#include "aws/snapshot.h"
#include "base/file.h"
#include "model/verdict.h"
#include "rules/intent.h"
#include "rules/reach.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// For parsers that take a file by name: in memory, with a name from which ids can be read.
static const char *as_file(const uint8_t *data, size_t size)
{
    static char name[64];
    if (name[0] == '\0')
        snprintf(name, sizeof(name), "/dev/shm/sgproof-pl-1-tg-1-%ld", (long)getpid());
    FILE *file = fopen(name, "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        abort();
    return name;
}

__attribute__((unused)) static void fuzz_documents(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct estate *estate = arena_new_of(arena, struct estate);
    bool later, good;
    estate->arena = arena;
    const char *file = as_file(data, size);
    good = document_read(estate, file, (struct document_place){0}, false, &later, &error) &&
           document_read(estate, file, (struct document_place){0}, true, &later, &error);
    if (!good)
        return;
    for (size_t i = 0; i < estate->interface_by_id.size; i++)
        if (estate->interface_by_id.slots[i].key != NULL)
            *vector_add(arena, &estate->interfaces) = estate->interface_by_id.slots[i].value;
    struct exposure_set *set = reach_compute(estate);
    struct text out = {0};
    exposure_write_json(set, &out);
    cJSON *again = json_parse("output", out.bytes, out.length, &error);
    if (again == NULL)
        abort(); // what we write must be JSON
    cJSON_Delete(again);
    text_free(&out);
    exposure_set_free(set);
}

__attribute__((unused)) static void fuzz_plan(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct plan plan = {0}, again = {0};
    struct text out = {0};
    char *text = arena_strndup(arena, (const char *)data, size);
    if (!plan_read(arena, "fuzz", text, size, &plan, &error) || plan.targets.count == 0)
        return;
    plan_write(&plan, &out);
    if (!plan_read(arena, "again", out.bytes, out.length, &again, &error) || again.targets.count != plan.targets.count)
        abort(); // parse ∘ write = id
    text_free(&out);
}

__attribute__((unused)) static void fuzz_observations(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct observations observations = {0};
    observations_read(arena, as_file(data, size), &observations, &error);
}

__attribute__((unused)) static void fuzz_verdicts(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct verdict_set set = {0};
    verdicts_read(arena, as_file(data, size), &set, &error);
}

__attribute__((unused)) static void fuzz_intent(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    intent_read(arena, as_file(data, size), &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    TARGET(arena, data, size);
    arena_free(arena);
    return 0;
}

#ifdef DRIVER
#include <dirent.h>
#include <time.h>

static uint64_t state64;

static size_t draw(size_t below)
{
    state64 ^= state64 << 13; // xorshift64
    state64 ^= state64 >> 7;
    state64 ^= state64 << 17;
    return below == 0 ? 0 : (size_t)(state64 % below);
}

static size_t mutate(char *bytes, size_t size, size_t room)
{
    static const char *const words[] = {"-1",   "65536",     "1e308", "null", "[]",     "{}",
                                        "\"\"", "0.0.0.0/0", "::/0",  "255",  "\\u0000"};
    for (size_t times = 1 + draw(4); times > 0 && size > 0; times--) {
        size_t at = draw(size), length = draw(size - at < 40 ? size - at : 40);
        const char *word = words[draw(sizeof(words) / sizeof(words[0]))];
        switch (draw(5)) {
        case 0:
            bytes[at] = (char)draw(256);
            break;
        case 1: // cut out
            memmove(bytes + at, bytes + at + length, size - at - length);
            size -= length;
            break;
        case 2: // repeat
            if (size + length <= room) {
                memmove(bytes + at + length, bytes + at, size - at);
                size += length;
            }
            break;
        case 3: // put a word over it
            if (at + strlen(word) <= size)
                memcpy(bytes + at, word, strlen(word));
            break;
        default: // end early
            size = draw(10) == 0 ? at : size;
        }
    }
    return size;
}

int main(int argc, char **argv)
{
    const char *given = getenv("SEED"), *wanted = getenv("FUZZ_ROUNDS");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    size_t rounds = wanted != NULL ? strtoul(wanted, NULL, 10) : 2000, files = 0;
    const char *folder = argc > 1 ? argv[1] : CORPUS;
    state64 = seed * 2654435769u + 1;
    fprintf(stderr, "# fuzz seed %llu\n", (unsigned long long)seed);
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        char path[4096];
        struct error error;
        size_t size;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        char *bytes = entry->d_name[0] == '.' ? NULL : file_read(path, &size, &error);
        if (bytes == NULL)
            continue;
        files++;
        LLVMFuzzerTestOneInput((uint8_t *)bytes, size);
        for (size_t i = 0; i < rounds; i++) {
            char *copy = malloc(size * 2 + 1);
            if (copy == NULL)
                return 1;
            memcpy(copy, bytes, size);
            size_t length = mutate(copy, size, size * 2);
            copy[length] = '\0';
            LLVMFuzzerTestOneInput((uint8_t *)copy, length);
            free(copy);
        }
        free(bytes);
    }
    if (directory != NULL)
        closedir(directory);
    printf("1..1\n%s 1 - no_input_breaks_it\n", files > 0 ? "ok" : "not ok");
    return files > 0 ? 0 : 1;
}
#endif
