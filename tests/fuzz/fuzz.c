// One fuzz target, TARGET, in libFuzzer's form: scripts/fuzz. Built with DRIVER it comes with a small driver that
// mutates the seed corpus: test_fuzz_NAME FOLDER. With JSON half of the changes are made to values rather than to
// bytes.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "json_mutator.h"
#include "targets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    TARGET(arena, data, size);
    arena_free(arena);
    return 0;
}

#if defined(JSON) && !defined(DRIVER)
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
    size_t made = seed % 2 == 0 ? json_mutate(data, size, room, seed) : 0;
    return made > 0 ? made : LLVMFuzzerMutate(data, size, room);
}
#endif

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

static size_t mutate_bytes(char *bytes, size_t size, size_t room)
{
    static const char *const words[] = {"-1",   "65536",     "1e308", "null", "[]",      "{}",   "true",
                                        "\"\"", "0.0.0.0/0", "::/0",  "255",  "\\u0000", "/128", "[true]"};
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

static size_t mutate(char *bytes, size_t size, size_t room)
{
#ifdef JSON
    size_t made = draw(2) == 0 ? json_mutate((uint8_t *)bytes, size, room, draw(SIZE_MAX)) : 0;
    if (made > 0)
        return made;
#endif
    return mutate_bytes(bytes, size, room);
}

enum { SEEDS = 256 };

struct seed {
    char *bytes;
    size_t size;
};

static size_t read_corpus(const char *folder, struct seed seeds[SEEDS])
{
    DIR *directory = opendir(folder);
    size_t count = 0;
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL && count < SEEDS;) {
        char path[4096];
        struct error error;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.' && (seeds[count].bytes = file_read(path, &seeds[count].size, &error)) != NULL)
            count++;
    }
    if (directory != NULL)
        closedir(directory);
    return count;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

// Mutates the seeds in turn for FUZZ_SECONDS (default 2). A crash shows the seed of the random numbers on stderr.
int main(int argc, char **argv)
{
    static struct seed seeds[SEEDS];
    const char *given = getenv("SEED"), *wanted = getenv("FUZZ_SECONDS");
    uint64_t random_seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    double end = now() + (wanted != NULL ? atof(wanted) : 2);
    size_t count = read_corpus(argc > 1 ? argv[1] : CORPUS, seeds), rounds = 0;
    state64 = random_seed * 2654435769u + 1;
    fprintf(stderr, "# fuzz seed %llu\n", (unsigned long long)random_seed);
    for (size_t i = 0; i < count; i++)
        LLVMFuzzerTestOneInput((uint8_t *)seeds[i].bytes, seeds[i].size);
    for (; count > 0 && (rounds < 100 || now() < end); rounds++) {
        const struct seed *seed = &seeds[rounds % count];
        char *copy = malloc(seed->size * 2 + 1);
        if (copy == NULL)
            return 1;
        memcpy(copy, seed->bytes, seed->size);
        size_t length = mutate(copy, seed->size, seed->size * 2);
        copy[length] = '\0';
        LLVMFuzzerTestOneInput((uint8_t *)copy, length);
        free(copy);
    }
    for (size_t i = 0; i < count; i++)
        free(seeds[i].bytes);
    printf("1..1\n%s 1 - no_input_of_%zu_breaks_it\n", count > 0 ? "ok" : "not ok", rounds);
    return count > 0 ? 0 : 1;
}
#endif
