#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(memory, size) ((void)(memory), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(memory, size) ((void)(memory), (void)(size))
#endif

// cJSON's memory: taken from blocks in order and given back all at once when the last value is deleted. Documents are
// parsed and deleted one after the other, so this costs almost nothing where malloc would cost more than parsing does.
enum { POOL_BLOCK = 256 * 1024 };

static struct {
    struct pool_block {
        struct pool_block *next;
        size_t size;
        max_align_t data[];
    } * first, *current;
    size_t used; // of the current block
    size_t live; // allocations not given back
} pool;

static void *pool_take(size_t size)
{
    size = (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    while (pool.current == NULL || pool.current->size - pool.used < size) {
        struct pool_block *next = pool.current == NULL ? pool.first : pool.current->next;
        if (next == NULL) {
            size_t room = size > POOL_BLOCK ? size : POOL_BLOCK;
            next = memory_take(sizeof(*next) + room);
            *next = (struct pool_block){.size = room};
            *(pool.current == NULL ? &pool.first : &pool.current->next) = next;
        }
        pool.current = next;
        pool.used = 0;
    }
    void *memory = (char *)pool.current->data + pool.used;
    pool.used += size;
    pool.live++;
    ASAN_UNPOISON_MEMORY_REGION(memory, size);
    return memory;
}

static void pool_give_back(void *memory)
{
    if (memory == NULL || --pool.live > 0)
        return;
    for (struct pool_block *block = pool.first; block != NULL; block = block->next)
        ASAN_POISON_MEMORY_REGION(block->data, block->size);
    while (pool.first != NULL && pool.first->next != NULL) { // what one large document took is not kept
        struct pool_block *next = pool.first->next;
        ASAN_UNPOISON_MEMORY_REGION(pool.first->data, pool.first->size);
        free(pool.first);
        pool.first = next;
    }
    pool.current = NULL;
    pool.used = 0;
}

void json_pool_use(void)
{
    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = pool_take, .free_fn = pool_give_back});
}
