// What the program says besides its results: always on stderr, as text or as JSON lines.
#pragma once

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

// The only global state of the program: how much to say (default LOG_INFO) and in which form (default text).
void log_setup(enum log_level most, bool as_json);

// One line. Control characters in it are replaced, so that input cannot reach the terminal as escapes.
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
