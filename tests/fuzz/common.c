// What the targets share.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "targets.h"

static char shared_name[64];

static void remove_shared(void)
{
    unlink(shared_name);
}

const char *as_file(const uint8_t *data, size_t size)
{
    if (shared_name[0] == '\0') {
        snprintf(shared_name, sizeof(shared_name), "/dev/shm/sgproof-fuzz-%ld", (long)getpid());
        atexit(remove_shared);
    }
    int file = open(shared_name, O_WRONLY | O_CREAT | O_TRUNC, 0600); // keys are read from it too
    if (file < 0 || write(file, data, size) != (ssize_t)size || close(file) != 0)
        abort();
    return shared_name;
}

void must_be_json(const struct text *out)
{
    struct error error;
    cJSON *again = json_parse("output", out->bytes, out->length, &error);
    if (again == NULL)
        abort();
    cJSON_Delete(again);
}
