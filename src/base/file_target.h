// Where an output path leads: links are followed to what they point to, which is then written, and the link stays; so
// do curl -o and git's lock files. A link that leads to one of this process's own descriptors (/dev/stdout, /dev/fd/3)
// stands for that descriptor.
#pragma once

#include <limits.h>
#include <sys/stat.h>

#include "base/error.h"

struct file_target {
    int folder;              // descriptor of the folder that holds it
    char name[NAME_MAX + 1]; // in that folder
    int own;                 // the number of our own descriptor that the path names; -1: none
    bool magic;              // it is a link that /proc made, to what may have no name any more
    bool there;
    struct stat about; // where it is there; of a link that /proc made, of what it points to
};

// False (ERROR_USAGE) where there is no such folder, where links go round, and where somebody else's link in a folder
// that all may write to (/tmp) would lead us elsewhere: fs.protected_symlinks(5) has the same rule.
bool file_target_find(const char *path, struct file_target *target, struct error *error);
// Closes the folder.
void file_target_leave(struct file_target *target);

// The folder's path without links into `path`; false where it cannot be told.
bool file_target_folder(const struct file_target *target, char path[PATH_MAX]);

// Has what was renamed in a folder, or made in it, outlast a power failure. Where a file system cannot, that is no
// error.
bool file_folder_sync(int folder);
