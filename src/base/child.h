// A process of our own that does one thing, with what this one is not to have: it is forked early, talks over a pair of
// sockets, and ends when the other end is closed.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct child {
    int fd; // this process's end; -1: there is none
    pid_t process;
};

enum { CHILD_FD = 3 }; // its own end, in it

// Forks it: it has its end, standard input, output and error, no other descriptor, and does `live`. False with errno.
bool child_start(struct child *child, void (*live)(void));
// Closes this end and waits for it to end. May be called again.
void child_end(struct child *child);

// Whole records, of either side. False where the other is gone.
bool child_send(int fd, const void *bytes, size_t size);
bool child_receive(int fd, void *bytes, size_t size);
