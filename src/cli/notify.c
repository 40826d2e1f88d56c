#include "cli/notify.h"

#include <string.h>

#include "base/http.h"
#include "base/log.h"

enum { PATIENCE_MS = 10000 };

bool notify_is_url(const struct options *options, struct error *error)
{
    const char *url = options_value(options, "notify");
    struct http_place place;
    return url == NULL || http_place_of(url, &place) ||
           error_set(error, ERROR_USAGE, "--notify: expected a URL, as in https://HOST/PATH");
}

// "2 ports critical, 1 high", of what is at least high; "" where nothing is.
static void write_counts(const struct verdict_set *set, const report_inside_rows *inside, struct text *out)
{
    struct report_inside_row sum = report_inside_sum(inside);
    size_t *counts = sum.severe;
    for (size_t i = 0; i < set->items.count; i++) {
        const struct verdict *verdict = &set->items.items[i];
        if (verdict->severity <= SEVERITY_HIGH)
            counts[verdict->severity] += (size_t)(verdict->high - verdict->low) + 1;
    }
    text_printf(out, "%zu ports critical, %zu high", counts[SEVERITY_CRITICAL], counts[SEVERITY_HIGH]);
}

static void write_message(const char *title, const struct verdict_set *set, const report_inside_rows *inside,
                          int status, struct text *body)
{
    struct text line = {0};
    text_printf(&line, "sgproof: %s: ", title);
    write_counts(set, inside, &line);
    text_printf(&line, "%s (exit status %d)", set->complete ? "" : "; incomplete, the run says why", status);
    struct json_writer writer = json_writer_to(body);
    json_open_line(&writer, NULL, '{');
    json_put_string(&writer, "text", line.bytes);
    json_close(&writer, '}');
    text_free(&line);
}

bool notify_post(const struct options *options, const char *title, const struct verdict_set *set,
                 const report_inside_rows *inside, int status, struct error *error)
{
    const char *url = options_value(options, "notify");
    struct text body = {0};
    struct http_answer answer = {0};
    if (url == NULL || status == 0)
        return true;
    write_message(title, set, inside, status, &body);
    bool came = http_send(&(struct http_request){.url = url,
                                                 .headers = {"Content-Type: application/json"},
                                                 .body = body.bytes,
                                                 .body_length = body.length,
                                                 .milliseconds = PATIENCE_MS},
                          &answer);
    if (!came)
        error_set(error, ERROR_INCOMPLETE, "--notify: nobody was told: %s", answer.problem);
    else if (answer.status < 200 || answer.status > 299)
        error_set(error, ERROR_INCOMPLETE, "--notify: nobody was told: HTTP status %ld", answer.status);
    bool good = came && answer.status >= 200 && answer.status <= 299;
    http_forget(&answer);
    text_free(&body);
    return good;
}

const char *notify_redacted(const char *before, const char *word)
{
    if (before != NULL && strcmp(before, "--notify") == 0)
        return "***";
    return strncmp(word, "--notify=", strlen("--notify=")) == 0 ? "--notify=***" : word;
}
