// Tries things each in a process of its own.
#pragma once

#include "test.h"

#include <sys/wait.h>
#include <unistd.h>

enum { NOT_TRIED = 99 }; // what such a process ends with where this machine cannot try it

// What a process ends with that does `what`: its exit status, or 1000 and the signal.
static inline int ends_with(int (*what)(void))
{
    int status = 0;
    pid_t process = fork();
    assert_true(process >= 0);
    if (process == 0)
        _exit(what());
    assert_int_equal(waitpid(process, &status, 0), process);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static inline void must_end(int (*what)(void), int wanted)
{
    int ended = ends_with(what);
    if (ended == NOT_TRIED)
        skip();
    assert_int_equal(ended, wanted);
}
