// Memory that is there: where there is none left the process ends in words, with exit status 3. Nothing in this program
// can do useful work without it, and a library that goes on without could take an answer for none.
#pragma once

#include <stddef.h>

void *memory_take(size_t size);
void *memory_take_zeroed(size_t count, size_t size);
void *memory_grow(void *old, size_t size);
// What another function gave, which is NULL where no memory was left.
void *memory_must(void *memory);

// Overwrites what is no longer needed, so that the compiler cannot leave it out.
void memory_wipe(void *memory, size_t size);

// Has OpenSSL and libuv take their memory here. Before anything else is asked of them.
void memory_for_libraries(void);
