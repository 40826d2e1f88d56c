// Whole files in, whole files out.
#pragma once

#include <stdbool.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file_target.h"

// The bytes of a file, NUL-terminated beyond `length`; at most 1 GiB. The caller frees them with free().
char *file_read(const char *path, size_t *length, struct error *error);
// The same of at most 16 MiB: what somebody wrote by hand, and may be a device.
char *file_read_settings(const char *path, size_t *length, struct error *error);

// Opens a file to read: a regular one, or what this process was handed open (/dev/stdin, /dev/fd/N) and /dev/null. Of a
// pipe, a socket or another device it is said that it is none, ERROR_USAGE, and nobody waits for it. -1, or NULL, with
// the error.
int file_open_input(const char *path, struct error *error);
FILE *file_open_stream(const char *path, struct error *error);
// Whether file_open_input would take it, for those who open files themselves; what is not there is for them to tell.
bool file_expect_input(const char *path, struct error *error);

// The bytes of a file of any size, mapped where it is a regular one. What is cut off while it is read ends the program.
struct file_bytes {
    const char *bytes; // not NUL-terminated
    size_t length;
    bool mapped;
};
bool file_map(const char *path, struct file_bytes *file, struct error *error);
void file_unmap(struct file_bytes *file);

// Writes a file as file_begin does: readers see the old file or the new one, never a half.
bool file_write(const char *path, const char *bytes, size_t length, struct error *error);

// Reads a file of any size ("-": the standard input) piece by piece. Fails where it cannot be read, or a call of `take`
// is false (which fills the error).
bool file_stream(const char *path, bool (*take)(void *context, const char *bytes, size_t length, struct error *error),
                 void *context, struct error *error);

// Whether a file of somebody's folder may be opened: a pipe could hold us, a link could lead out of it. What is not
// there is told by who opens it. ERROR_USAGE.
bool file_expect_regular(const char *path, struct error *error);

// Size and SHA-256 of a file of any size.
bool file_digest(const char *path, size_t *bytes, char sha256[DIGEST_TEXT], struct error *error);

// Copies a file of any size, as file_write writes; with the size and SHA-256 of what was written.
bool file_copy(const char *from, const char *path, size_t *bytes, char sha256[DIGEST_TEXT], struct error *error);

// Whether file_write could put a file there, as far as can be told without doing it; else ERROR_USAGE.
bool file_may_write(const char *path, struct error *error);

// Makes the folder `path`, for its owner alone (its parent must exist). Fails where something is there already.
bool file_make_folder(const char *path, struct error *error);

// Renames a file or folder to a name that nothing has yet; false, with errno set, where that cannot be: EEXIST or
// ENOTEMPTY where something has it.
bool file_move(const char *from, const char *to);

// Whether a relative path stays in the folder that it is taken in: no "..", no ".", no empty part, nothing absolute.
// Every path that comes from a document or an answer is asked so.
bool file_is_inside(const char *path);

// Makes the folders above the file `path` that are not there yet, for their owner alone.
bool file_make_parents(const char *path, struct error *error);

// A file in a folder that no other process can open by a name, to write and read; NULL, with errno, where there is
// none.
FILE *file_nameless(const char *folder);

// Removes a folder and all below it; best effort, for cleaning up after a failure.
void file_remove_tree(const char *path);

// A file being written: under a new name beside it (O_EXCL, so that nothing planted there is followed), renamed when it
// is whole. A regular file that is there keeps its mode and, where we may give it, its owner; a link to one stays, and
// what it points to is replaced. What is no regular file (a pipe, a device), and /dev/stdout and its like, is written
// to as it is.
struct file_draft {
    FILE *stream;
    const char *path;
    struct file_target target;
    char temporary[NAME_MAX + 1]; // "" where it is written in place
};

bool file_begin(struct file_draft *draft, const char *path, struct error *error);
// Puts the draft in its place, for good; where anything failed, removes it and says so.
bool file_commit(struct file_draft *draft, struct error *error);
// Leaves nothing of it.
void file_abandon(struct file_draft *draft);
