#include "pipeline/merge_captures.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"

enum { HEAD = 24, FRAME_HEAD = 16, LARGEST = 1 << 18 }; // pcap-savefile(5)

// Microseconds and nanoseconds, as this machine writes them.
static const uint32_t MAGICS[] = {0xa1b2c3d4, 0xa1b23c4d};

// Visits the frames of a file, whose head must be as `head` where `known`; writes them to `into` unless that is NULL.
static bool walk(const char *file, unsigned char head[HEAD], bool known, FILE *into, uint32_t *frames,
                 struct error *error)
{
    unsigned char there[HEAD], bytes[FRAME_HEAD + LARGEST];
    FILE *stream = file_open_stream(file, error);
    uint32_t magic = 0, size;
    bool good = stream != NULL;
    if (!good)
        return false;
    if (fread(there, 1, HEAD, stream) != HEAD ||
        (memcpy(&magic, there, sizeof(magic)), magic != MAGICS[0] && magic != MAGICS[1]))
        good = error_set(error, ERROR_USAGE, "%s: is no capture of a probe", file);
    else if (known && memcmp(there, head, HEAD) != 0)
        good = error_set(error, ERROR_USAGE,
                         "%s: is a capture of another kind of link, or of other times, than the first", file);
    memcpy(head, there, HEAD);
    while (good) {
        size_t got = fread(bytes, 1, FRAME_HEAD, stream);
        if (got == 0 && feof(stream))
            break;
        memcpy(&size, bytes + 8, sizeof(size));
        if (got != FRAME_HEAD || size > LARGEST || fread(bytes + FRAME_HEAD, 1, size, stream) != size)
            good = error_set(error, ERROR_USAGE, "%s: ends amid frame %u", file, *frames + 1);
        else if (into != NULL && fwrite(bytes, 1, FRAME_HEAD + size, into) != FRAME_HEAD + size)
            good = error_system(error, ERROR_INCOMPLETE, errno, "the captures cannot be written");
        else
            ++*frames;
    }
    fclose(stream);
    return good;
}

bool captures_count(const char *const *files, size_t count, uint32_t *counts, struct error *error)
{
    unsigned char head[HEAD];
    counts[0] = 0;
    for (size_t i = 0; i < count; i++) {
        counts[i + 1] = 0;
        GUARD(walk(files[i], head, i > 0, NULL, &counts[i + 1], error));
        counts[i + 1] += counts[i];
    }
    return true;
}

bool captures_join(const char *const *files, size_t count, const char *into, struct error *error)
{
    unsigned char head[HEAD];
    struct file_draft draft;
    uint32_t frames = 0;
    GUARD(walk(files[0], head, false, NULL, &frames, error) && file_begin(&draft, into, error));
    bool good = fwrite(head, 1, HEAD, draft.stream) == HEAD ||
                error_system(error, ERROR_INCOMPLETE, errno, "%s: cannot be written", into);
    for (size_t i = 0; i < count && good; i++)
        good = walk(files[i], head, true, draft.stream, &frames, error);
    if (!good) {
        file_abandon(&draft);
        return false;
    }
    return file_commit(&draft, error);
}
