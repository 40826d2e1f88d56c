#include "base/memory.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

void *memory_must(void *memory)
{
    if (memory == NULL) {
        fputs("sgproof: out of memory\n", stderr);
        exit(3);
    }
    return memory;
}

void *memory_take(size_t size)
{
    return memory_must(malloc(size == 0 ? 1 : size));
}

void *memory_take_zeroed(size_t count, size_t size)
{
    return memory_must(count == 0 || size == 0 ? calloc(1, 1) : calloc(count, size));
}

void *memory_grow(void *old, size_t size)
{
    return memory_must(realloc(old, size == 0 ? 1 : size));
}

void memory_wipe(void *memory, size_t size)
{
    OPENSSL_cleanse(memory, size);
}

static void *take_for_openssl(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return size == 0 ? NULL : memory_take(size);
}

static void *grow_for_openssl(void *old, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    if (size > 0)
        return memory_grow(old, size);
    free(old);
    return NULL;
}

static void free_for_openssl(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

void memory_for_libraries(void)
{
    CRYPTO_set_mem_functions(take_for_openssl, grow_for_openssl, free_for_openssl);
    uv_replace_allocator(memory_take, memory_grow, memory_take_zeroed, free);
}
