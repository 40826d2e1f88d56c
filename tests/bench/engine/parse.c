// The peer: read the files and cJSON_Parse them, nothing else.
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "base/file.h"

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct error error;
        size_t length;
        char *text = file_read(argv[i], &length, &error);
        cJSON *root = text == NULL ? NULL : cJSON_ParseWithLength(text, length);
        if (root == NULL)
            return 1;
        cJSON_Delete(root);
        free(text);
    }
    return 0;
}
