// The one error idiom: a function that can fail returns bool or a pointer and fills a `struct error *`, its last
// parameter.
#pragma once

#include <stdbool.h>

enum error_code {
    ERROR_NONE = 0,
    ERROR_USAGE = 2,      // bad options or bad input: nothing was done
    ERROR_INCOMPLETE = 3, // something could not be read, probed or written
};

struct error {
    enum error_code code;
    char message[1024];
};

// How it goes that a system call failed so on a file: ERROR_INCOMPLETE where it is this machine that cannot (no
// descriptors or memory left, a disk that fails), which says nothing of the file; else ERROR_USAGE.
enum error_code error_code_of(int system_error);

// Fills `error` and returns false, so that a guard reads `return error_set(...)`.
bool error_set(struct error *error, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Passes a failure on: leaves the function with false where `condition` does not hold.
#define GUARD(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            return false;                                                                                              \
    } while (0)

// The same, adding what the operating system said of `system_error` (an errno value).
bool error_system(struct error *error, enum error_code code, int system_error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
