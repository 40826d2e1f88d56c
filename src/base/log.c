#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/printable.h"
#include "base/redact.h"

static struct {
    enum log_level most;
    bool as_json;
} settings = {.most = LOG_INFO};

void log_setup(enum log_level most, bool as_json)
{
    settings.most = most;
    settings.as_json = as_json;
}

void log_line(enum log_level level, const char *format, ...)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    if (level > settings.most)
        return;
    char message[2048], *whole = NULL, *redacted = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&whole, format, arguments) >= 0) {
        redacted = redact_message(whole); // before it is cut off
        free(whole);
    }
    va_end(arguments);
    snprintf(message, sizeof(message), "%s", redacted == NULL ? "out of memory" : redacted);
    free(redacted);
    printable_line(message); // one message, one line
    if (!settings.as_json) {
        fprintf(stderr, "sgproof: %s%s\n", level == LOG_WARNING ? "warning: " : "", message);
        return;
    }
    struct text line = {0};
    struct json_writer writer = json_writer_to(&line);
    json_open_line(&writer, NULL, '{');
    json_put_string(&writer, "level", names[level]);
    json_put_string(&writer, "message", message);
    json_close(&writer, '}');
    json_end_document(&writer);
    fputs(line.bytes, stderr);
    text_free(&line);
}
