#include "pipeline/file_kind.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct kind {
    const char *name;   // in "sgproof/NAME/v1"
    const char *is;     // in words
    const char *before; // what to type: before the path, and behind it
    const char *behind;
} kinds[] = {
    {"plan", "a plan", "sgproof probe ", " asks what it holds"},
    {"observations", "observations", "sgproof reconcile SNAPSHOT ", " judges them"},
    {"verdicts", "verdicts", "sgproof report ", " shows them"},
    {"intent", "an intent", "give it by --intent ", ""},
    {"pack", "a control pack", "give it by --pack ", ""},
    {"exposure", "what a snapshot declares", "sgproof compute SNAPSHOT --format json makes ", ""},
    {"manifest", "the manifest of evidence", "type the folder of ", ""},
    {"snapshot", "the list of a snapshot", "type the folder of ", ""},
    {"controls", "controls as they were judged", "sgproof report EVIDENCE shows ", ""},
    {"segments", "segments", "sgproof segments SNAPSHOT makes ", ""},
    {"change", "a change as it was judged", "sgproof report EVIDENCE shows ", ""},
    {"config", "a file of options", "give it by --config ", ""},
};

enum { HEAD = 512, KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static bool read_head(const char *path, char head[HEAD + 1])
{
    struct stat about;
    bool regular = stat(path, &about) == 0 && S_ISREG(about.st_mode); // a pipe is opened once, by who reads it
    int file = regular ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
    ssize_t got = file >= 0 && fstat(file, &about) == 0 && S_ISREG(about.st_mode) ? read(file, head, HEAD) : 0;
    if (file >= 0)
        close(file);
    head[got > 0 ? got : 0] = '\0';
    return got > 0;
}

// Observations have no schema: a line of them begins with where, and tells the state.
static const struct kind *kind_of(const char *head)
{
    const char *schema = strstr(head, "\"sgproof/");
    size_t blank = strspn(head, " \t\r\n");
    if (head[blank] != '{')
        return NULL;
    for (size_t i = 0; i < KINDS; i++) {
        size_t length = strlen(kinds[i].name);
        if (schema != NULL && strncmp(schema + 9, kinds[i].name, length) == 0 && schema[9 + length] == '/')
            return &kinds[i];
    }
    bool line = schema == NULL && strncmp(head, "{\"address\"", 10) == 0 && strstr(head, "\"state\"") != NULL;
    return line ? &kinds[1] : NULL;
}

bool file_kind_may_be(const char *path, const char *wanted, const char *expected, struct error *error)
{
    char head[HEAD + 1];
    const struct kind *kind = read_head(path, head) ? kind_of(head) : NULL;
    if (kind == NULL || (wanted != NULL && strcmp(kind->name, wanted) == 0))
        return true;
    return error_set(error, ERROR_USAGE, "%s: is %s, expected %s: %s%s%s", path, kind->is, expected, kind->before, path,
                     kind->behind);
}
