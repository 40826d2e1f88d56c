// Which system calls this process, and what it forks, may still make: seccomp(2), by libseccomp.
#pragma once

#include <stdbool.h>

#include "base/error.h"

// Whether this build has a sanitizer, which takes calls of its own for its report.
#if defined(__SANITIZE_ADDRESS__)
#define SYSCALLS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SYSCALLS_SANITIZED true
#endif
#endif
#ifndef SYSCALLS_SANITIZED
#define SYSCALLS_SANITIZED false
#endif

enum syscalls_stage {
    // Anything but what changes the machine, other processes or what this process is, and nothing here needs: another
    // program, ptrace, mount, bpf, keys, modules, namespaces... Who tries it is killed.
    SYSCALLS_TALK,
    // The same, but another program may be started, which inherits this; what is forbidden is an error to it (EPERM).
    SYSCALLS_START,
    // What reading files, computing and writing files takes: no socket and no process. The dangerous ones kill here
    // too, all others are not there (ENOSYS).
    SYSCALLS_PARSE,
    // Reading and writing what is open, sockets too, memory and random numbers.
    SYSCALLS_SIGN,
    // The same, and receiving and binding sockets.
    SYSCALLS_BIND,
};

// Limits this process to a stage, for good; stages add up. Needs no_new_privs (rights.h). Builds with a sanitizer are
// let do what its report takes. False where the kernel, or who confines us already, does not allow it: the error says
// why, and all is as before.
bool syscalls_limit(enum syscalls_stage stage, struct error *error);

// In a few words, what a stage is.
const char *syscalls_said(enum syscalls_stage stage);
