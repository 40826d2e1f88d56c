#include "base/pages.h"

#include <sys/mman.h>

#include "base/system.h"

static size_t least(size_t size)
{
    return size == 0 ? 1 : size;
}

void *pages_new(size_t size)
{
    void *pages = mmap(NULL, least(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void pages_free(void *pages, size_t size)
{
    if (pages != NULL)
        munmap(pages, least(size));
}
