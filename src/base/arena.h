// Arena: memory for everything that lives as long as one stage of the pipeline.
// Blocks are handed out, never returned one by one; arena_free gives all back at once.
#pragma once

#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;

// A new, empty arena. The caller owns it and frees it with arena_free. Exits the process when memory is exhausted:
// nothing in this program can do useful work without it.
struct arena *arena_new(void);

// Gives back the arena and everything allocated from it. NULL is allowed.
void arena_free(struct arena *arena);

// The same, overwriting everything first: for what holds secrets.
void arena_wipe(struct arena *arena);

// Forgets everything allocated so far and keeps some memory for what comes next: for scratch space in a loop.
void arena_reset(struct arena *arena);

// Whether a piece of `size` bytes is mapped for itself: of those only what is written to takes memory.
bool arena_maps(size_t size);

// Gives back at once what a growing array has outgrown. Only large pieces are: small ones wait for arena_free.
void arena_release(struct arena *arena, const void *memory, size_t size);

// Gives a growing array of `size` bytes room for `grown` ones, zeroed behind the old. One that is mapped for itself is
// moved by its pages, so that it never takes its memory twice.
void *arena_grow(struct arena *arena, void *memory, size_t size, size_t grown);

// Gives back what of a piece of `size` bytes, the last one taken, is not needed behind its first `kept` bytes; gives
// where those are now. For arrays whose size is known once they are filled.
void *arena_trim(struct arena *arena, void *memory, size_t size, size_t kept);

// `size` bytes, zeroed, aligned for any type. Lives until arena_free.
void *arena_alloc(struct arena *arena, size_t size);

// Copies of text into the arena, NUL-terminated.
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);

// printf into the arena.
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

char *arena_vprintf(struct arena *arena, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

// Bytes handed out so far.
size_t arena_used(const struct arena *arena);

#define arena_new_of(arena, type) ((type *)arena_zeroed((arena), sizeof(type), 1, alignof(type)))
#define arena_array(arena, type, count) ((type *)arena_zeroed((arena), sizeof(type), (count), alignof(type)))
// The same, not zeroed: for arrays that are filled at once.
#define arena_buffer(arena, type, count) ((type *)arena_items((arena), sizeof(type), (count), alignof(type)))
void *arena_zeroed(struct arena *arena, size_t size, size_t count, size_t align);
void *arena_items(struct arena *arena, size_t size, size_t count, size_t align);
