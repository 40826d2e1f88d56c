#include "cli/places.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

// Whether a folder has a manifest of ours: other programs have files of that name.
static bool is_evidence(const char *folder)
{
    static const char schema[] = "\"sgproof/manifest/";
    char path[PATH_MAX + 16], head[512];
    struct stat about;
    snprintf(path, sizeof(path), "%s/manifest.json", folder);
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t got = file >= 0 && fstat(file, &about) == 0 && S_ISREG(about.st_mode) ? read(file, head, sizeof(head)) : 0;
    if (file >= 0)
        close(file);
    return got > 0 && memmem(head, (size_t)got, schema, sizeof(schema) - 1) != NULL;
}

// Of a path whose folders may be made: the nearest that is there, without links; "" where there is none. False where
// the path goes back by "..", behind a folder that is not there yet: nobody knows where that leads.
static bool find_nearest(const char *path, char folder[PATH_MAX])
{
    char above[PATH_MAX], *slash;
    folder[0] = '\0';
    if (snprintf(above, sizeof(above), "%s", path) >= (int)sizeof(above))
        return true;
    while ((slash = strrchr(above, '/')) != NULL && slash != above) {
        *slash = '\0';
        if (realpath(above, folder) != NULL)
            return true;
        if (strcmp(slash + 1, "..") == 0)
            return false;
    }
    if (realpath(slash == NULL ? "." : "/", folder) == NULL)
        folder[0] = '\0';
    return true;
}

bool place_is_outside_evidence(const char *path, struct error *error)
{
    struct file_target target;
    struct error ignored;
    char folder[PATH_MAX];
    bool placed;
    if (file_target_find(path, &target, &ignored)) {
        placed = !target.magic && file_target_folder(&target, folder);
        file_target_leave(&target);
    } else { // who writes there will say why it cannot be, or makes its folders
        if (!find_nearest(path, folder))
            return error_set(error, ERROR_USAGE,
                             "%s: goes back by .. behind a folder that is not there: give a path without", path);
        placed = folder[0] != '\0';
    }
    while (placed) {
        if (is_evidence(folder))
            return error_set(error, ERROR_USAGE,
                             "%s: lies in the evidence folder %s, which takes nothing in and is not written over: "
                             "give a place outside of it",
                             path, folder);
        char *slash = strrchr(folder, '/');
        placed = slash != NULL && slash != folder;
        if (placed)
            *slash = '\0';
    }
    return true;
}

bool place_may_write(const char *path, struct error *error)
{
    return place_is_outside_evidence(path, error) && file_may_write(path, error);
}

void place_keep_private(void)
{
    umask(077);
}
