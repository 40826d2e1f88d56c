#include "probe/captured.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "probe/capture.h"

enum { MOST_TIMEOUT_MS = 60000, MOST_ASKED = 10 };

const char *probe_captured_text(struct arena *arena, const struct probe_captured *captured)
{
    const char *text = arena_printf(arena, "--tries %ld --timeout %ld", captured->tries, captured->timeout_ms);
    for (size_t i = 0; i < captured->canaries.count; i++)
        text = arena_printf(arena, "%s --canary %s", text, captured->canaries.items[i]);
    return text;
}

// Takes a word of an option and a number from 1.
static bool take_number(const char **text, const char *option, long most, long *number)
{
    size_t length = strlen(option);
    char *end;
    if (strncmp(*text, option, length) != 0)
        return false;
    *number = strtol(*text + length, &end, 10);
    bool good = end != *text + length && *number >= 1 && *number <= most;
    *text = end;
    return good;
}

bool captured_read(struct arena *arena, const char *text, struct probe_captured *captured)
{
    static const char canary[] = " --canary ";
    *captured = (struct probe_captured){0};
    struct probe_captured read = {0};
    if (!take_number(&text, "--tries ", MOST_ASKED, &read.tries) ||
        !take_number(&text, " --timeout ", MOST_TIMEOUT_MS, &read.timeout_ms))
        return false;
    while (strncmp(text, canary, sizeof(canary) - 1) == 0) {
        const char *word = text + sizeof(canary) - 1;
        size_t length = strcspn(word, " ");
        *vector_add(arena, &read.canaries) = arena_strndup(arena, word, length);
        text = word + length;
    }
    if (*text != '\0')
        return false;
    *captured = read;
    return true;
}

bool probe_captured_read(struct arena *arena, const char *capture, struct probe_captured *captured, struct error *error)
{
    struct capture_reader reader;
    FILE *stream = file_open_stream(capture, error);
    *captured = (struct probe_captured){0};
    if (stream == NULL || !capture_open(arena, stream, capture, &reader, error))
        return false;
    for (size_t i = reader.heads.count; i-- > 0 && captured->tries == 0;)
        captured_read(arena, reader.heads.items[i].text, captured);
    capture_close(&reader);
    return true;
}
