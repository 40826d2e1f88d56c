#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(memory, size) ((void)(memory), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(memory, size) ((void)(memory), (void)(size))
#endif

// cJSON's memory: taken from blocks in order, and a block is given back when nothing in it is in use any more. Most
// values are parsed and deleted one after the other, so this costs almost nothing where malloc would cost more than
// parsing does; what lives long keeps its own blocks only. A block begins at a multiple of its size, so that it is
// found from whatever begins in it; larger pieces have a block of their own, of which they are the beginning.
enum { POOL_BLOCK = 256 * 1024 };

struct pool_block {
    size_t live; // allocations not given back
    size_t size; // of data
    max_align_t data[];
};

static struct {
    struct pool_block *current; // or NULL
    size_t used;                // of it
} pool;

static struct pool_block *block_of(void *memory)
{
    return (struct pool_block *)((uintptr_t)memory / POOL_BLOCK * POOL_BLOCK);
}

static struct pool_block *block_new(size_t size)
{
    size_t whole = sizeof(struct pool_block) + size;
    void *memory = NULL;
    if (posix_memalign(&memory, POOL_BLOCK, whole) != 0)
        memory = NULL;
    struct pool_block *block = memory_must(memory);
    *block = (struct pool_block){.size = size};
    ASAN_POISON_MEMORY_REGION(block->data, size);
    return block;
}

static void block_free(struct pool_block *block)
{
    ASAN_UNPOISON_MEMORY_REGION(block->data, block->size);
    free(block);
}

static void *pool_take(size_t size)
{
    const size_t room = POOL_BLOCK - sizeof(struct pool_block);
    size = (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    struct pool_block *block = pool.current;
    void *memory;
    if (size > room) {
        block = block_new(size);
        memory = block->data;
    } else {
        if (block == NULL || block->size - pool.used < size) {
            pool.current = block = block_new(room);
            pool.used = 0;
        }
        memory = (char *)block->data + pool.used;
        pool.used += size;
    }
    block->live++;
    ASAN_UNPOISON_MEMORY_REGION(memory, size);
    return memory;
}

static void pool_give_back(void *memory)
{
    struct pool_block *block = memory == NULL ? NULL : block_of(memory);
    if (block == NULL || --block->live > 0)
        return;
    if (block == pool.current) { // kept for what comes next
        ASAN_POISON_MEMORY_REGION(block->data, block->size);
        pool.used = 0;
    } else {
        block_free(block);
    }
}

void json_pool_use(void)
{
    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = pool_take, .free_fn = pool_give_back});
}
