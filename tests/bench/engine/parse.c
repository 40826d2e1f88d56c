// The peer: read the files and cJSON_Parse them, nothing else. With --lines first, each line of them.
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/file.h"

static bool parse(const char *text, size_t length)
{
    cJSON *root = cJSON_ParseWithLength(text, length);
    cJSON_Delete(root);
    return root != NULL;
}

static bool parse_lines(const char *text, size_t length)
{
    for (const char *at = text, *stop = text + length; at < stop;) {
        const char *end = memchr(at, '\n', (size_t)(stop - at));
        end = end == NULL ? stop : end;
        if (!parse(at, (size_t)(end - at)))
            return false;
        at = end + 1;
    }
    return true;
}

int main(int argc, char **argv)
{
    bool lines = argc > 1 && strcmp(argv[1], "--lines") == 0;
    for (int i = lines ? 2 : 1; i < argc; i++) {
        struct error error;
        size_t length;
        char *text = file_read(argv[i], &length, &error);
        bool good = text != NULL && (lines ? parse_lines(text, length) : parse(text, length));
        free(text);
        if (!good)
            return 1;
    }
    return 0;
}
