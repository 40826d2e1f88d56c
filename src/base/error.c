#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void print(struct error *error, enum error_code code, const char *format, va_list arguments)
{
    error->code = code;
    vsnprintf(error->message, sizeof(error->message), format, arguments);
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
