#include "base/arena.h"

#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/memory.h"
#include "base/system.h"

enum { BLOCK_SIZE = 64 * 1024, LARGEST_BLOCK = 2 * 1024 * 1024 };

struct block {
    struct block *next;
    size_t size;
    size_t used;
    size_t mapped; // bytes of a mapping of its own, which is zero as it comes; 0: it is malloc's
    max_align_t data[];
};

struct arena {
    struct block *blocks;
    size_t used;
    char *text; // room for texts, apart from what must be aligned
    size_t text_left;
};

struct arena *arena_new(void)
{
    return memory_take_zeroed(1, sizeof(struct arena));
}

static void block_free(struct block *block)
{
    if (block->mapped > 0)
        munmap(block, block->mapped);
    else
        free(block);
}

void arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;
    for (struct block *block = arena->blocks; block != NULL;) {
        struct block *next = block->next;
        block_free(block);
        block = next;
    }
    free(arena);
}

// A piece larger than this has a block of its own.
static bool is_large(size_t size)
{
    return size > BLOCK_SIZE / 4;
}

// Blocks grow with the arena. Whole huge pages are asked for, since touching memory first costs as much as filling it.
static struct block *block_new(size_t room)
{
    struct block *block = NULL;
    if (sizeof(*block) + room < LARGEST_BLOCK)
        block = malloc(sizeof(*block) + room);
    else if (posix_memalign((void **)&block, LARGEST_BLOCK, sizeof(*block) + room) == 0)
        madvise(block, sizeof(*block) + room, MADV_HUGEPAGE); // no more than advice: its failure changes nothing
    memory_must(block);
    *block = (struct block){.size = room};
    return block;
}

#if defined(__SANITIZE_ADDRESS__)
enum { MAPS = 0 }; // what lies in a mapping is not seen to be lost
#else
enum { MAPS = 1 };
#endif

// A block for one large piece: pages that are never touched take no memory, and none needs to be zeroed.
static struct block *block_map(size_t room)
{
    size_t length = (sizeof(struct block) + room + LARGEST_BLOCK - 1) / LARGEST_BLOCK * LARGEST_BLOCK;
    char *memory =
        mmap(NULL, length + LARGEST_BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        memory_must(NULL);
    size_t before = (LARGEST_BLOCK - (uintptr_t)memory % LARGEST_BLOCK) % LARGEST_BLOCK;
    if (before > 0)
        munmap(memory, before);
    munmap(memory + before + length, LARGEST_BLOCK - before);
    struct block *block = (struct block *)(void *)(memory + before);
    madvise(block, length, MADV_HUGEPAGE);
    *block = (struct block){.size = room, .mapped = length};
    return block;
}

bool arena_maps(size_t size)
{
    return MAPS && size >= LARGEST_BLOCK;
}

// `size` bytes at a multiple of `align`, not zeroed. *zero: they are all the same.
static void *take(struct arena *arena, size_t size, size_t align, bool *zero)
{
    *zero = false;
    if (size > SIZE_MAX / 2)
        memory_must(NULL);
    struct block *block = arena->blocks;
    size_t at = block == NULL ? 0 : (block->used + align - 1) / align * align;
    if (block == NULL || is_large(size) || block->size < at || block->size - at < size) {
        size_t room = arena->used < BLOCK_SIZE ? BLOCK_SIZE : arena->used;
        room = is_large(size) ? size : room < LARGEST_BLOCK ? room : LARGEST_BLOCK - sizeof(struct block);
        *zero = arena_maps(size);
        struct block *fresh = *zero ? block_map(room) : block_new(room);
        // A large one-off goes behind the current block, so that the room left there is not lost.
        if (block != NULL && is_large(size)) {
            fresh->next = block->next;
            block->next = fresh;
        } else {
            fresh->next = block;
            arena->blocks = fresh;
        }
        block = fresh;
        at = 0;
    }
    arena->used += at + size - block->used;
    block->used = at + size;
    return (char *)block->data + at;
}

void arena_wipe(struct arena *arena)
{
    for (struct block *block = arena == NULL ? NULL : arena->blocks; block != NULL; block = block->next)
        memory_wipe(block->data, block->size); // what arena_reset gave back too
    arena_free(arena);
}

// The block of a large piece; NULL where it has none of its own.
static struct block **link_of(struct arena *arena, const void *memory, size_t size)
{
    struct block **link = &arena->blocks;
    while (is_large(size) && *link != NULL && (const void *)(*link)->data != memory)
        link = &(*link)->next;
    return is_large(size) ? link : NULL;
}

void arena_release(struct arena *arena, const void *memory, size_t size)
{
    struct block **link = link_of(arena, memory, size), *block = link == NULL ? NULL : *link;
    if (block == NULL)
        return;
    *link = block->next;
    arena->used -= block->used;
    block_free(block);
}

void *arena_grow(struct arena *arena, void *memory, size_t size, size_t grown)
{
    struct block **link = arena_maps(size) ? link_of(arena, memory, size) : NULL;
    struct block *block = link == NULL ? NULL : *link;
    if (block != NULL && block->mapped > 0 && grown <= SIZE_MAX / 2) {
        struct block *fresh = block_map(grown);
        size_t mapped = fresh->mapped;
        if (system_move_pages(block, block->mapped, fresh)) { // with the block's head, and so its place in the list
            arena->used += grown - fresh->used;
            fresh->size = fresh->used = grown;
            fresh->mapped = mapped;
            *link = fresh;
            return fresh->data;
        }
        munmap(fresh, mapped);
    }
    void *fresh = arena_alloc(arena, grown);
    memcpy(fresh, memory, size);
    arena_release(arena, memory, size);
    return fresh;
}

void *arena_trim(struct arena *arena, void *memory, size_t size, size_t kept)
{
    struct block *block = arena->blocks;
    if (is_large(size)) { // in a block of its own: worth a copy where most of it is given back
        if (kept > size / 2)
            return memory;
        void *fresh = arena_items(arena, 1, kept, alignof(max_align_t));
        memcpy(fresh, memory, kept);
        arena_release(arena, memory, size);
        return fresh;
    }
    if ((char *)memory + size == (char *)block->data + block->used) {
        block->used -= size - kept;
        arena->used -= size - kept;
    }
    return memory;
}

void arena_reset(struct arena *arena)
{
    struct block *kept = arena->blocks;
    arena->text_left = 0;
    if (kept == NULL)
        return;
    for (struct block *block = kept->next; block != NULL;) {
        struct block *next = block->next;
        block_free(block);
        block = next;
    }
    kept->next = NULL;
    kept->used = 0;
    arena->used = 0;
}

enum { TEXT_CHUNK = 4 * 1024 };

// Room for `size` bytes of text: what is left of the chunk, where a quarter of one is enough and it has so much.
static char *take_text(struct arena *arena, size_t size)
{
    bool ignored;
    if (size > TEXT_CHUNK / 4)
        return take(arena, size, 1, &ignored);
    if (size > arena->text_left) {
        arena->text = take(arena, TEXT_CHUNK, 1, &ignored);
        arena->text_left = TEXT_CHUNK;
    }
    char *text = arena->text;
    arena->text += size;
    arena->text_left -= size;
    return text;
}

static void *take_items(struct arena *arena, size_t size, size_t count, size_t align, bool *zero)
{
    if (count > SIZE_MAX / 2 / size)
        memory_must(NULL);
    return take(arena, size * count, align, zero);
}

void *arena_items(struct arena *arena, size_t size, size_t count, size_t align)
{
    bool ignored;
    return take_items(arena, size, count, align, &ignored);
}

void *arena_zeroed(struct arena *arena, size_t size, size_t count, size_t align)
{
    bool zero;
    void *memory = take_items(arena, size, count, align, &zero);
    return zero ? memory : memset(memory, 0, size * count);
}

void *arena_alloc(struct arena *arena, size_t size)
{
    return arena_zeroed(arena, 1, size, alignof(max_align_t));
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    char *copy = take_text(arena, length + 1);
    if (length > 0)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_vprintf(struct arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    size_t left = arena->text_left < TEXT_CHUNK / 4 ? arena->text_left : TEXT_CHUNK / 4;
    size_t length = (size_t)vsnprintf(arena->text, left, format, arguments); // where it fits, there it stays
    char *text = take_text(arena, length + 1);
    if (length >= left)
        vsnprintf(text, length + 1, format, again);
    va_end(again);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = arena_vprintf(arena, format, arguments);
    va_end(arguments);
    return text;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}
