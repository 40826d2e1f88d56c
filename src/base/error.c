#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/redact.h"

static void print(struct error *error, enum error_code code, const char *format, va_list arguments)
{
    char *whole = NULL, *message = NULL; // what is cut off first could leave half of a password
    error->code = code;
    if (vasprintf(&whole, format, arguments) >= 0) {
        message = redact_message(whole);
        free(whole);
    }
    snprintf(error->message, sizeof(error->message), "%s", message == NULL ? "out of memory" : message);
    free(message);
}

bool error_set(struct error *error, enum error_code code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(error, code, format, arguments);
    va_end(arguments);
    return false;
}

bool error_system(struct error *error, enum error_code code, int system_error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(error, code, format, arguments);
    va_end(arguments);
    size_t used = strlen(error->message);
    snprintf(error->message + used, sizeof(error->message) - used, ": %s", strerror(system_error));
    return false;
}

enum error_code error_code_of(int system_error)
{
    static const int ours[] = {EMFILE, ENFILE, ENOMEM, ENOBUFS, EIO};
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        if (ours[i] == system_error)
            return ERROR_INCOMPLETE;
    return ERROR_USAGE;
}
