// Large zeroed memory straight from the kernel: what is not touched costs nothing.
#pragma once

#include <stddef.h>

// NULL where there is none. To be given back by pages_free, with the same size.
void *pages_new(size_t size);
void pages_free(void *pages, size_t size); // NULL is fine

// Gives back what was read of a file that is mapped: it is read from the file again where it is looked at once more.
void pages_forget(const void *bytes, size_t length);
