#include "aws/terraform/open.h"

#include <stdlib.h>
#include <string.h>

#include "aws/documents/documents.h"
#include "base/file.h"

#define HOW "terraform plan -out=plan.out; terraform show -json plan.out > plan.json"

static bool begins_with(const char *bytes, size_t length, const char *text)
{
    return length >= strlen(text) && memcmp(bytes, text, strlen(text)) == 0;
}

// Whether the line that begins here is a wrapper's: "[command]/usr/bin/terraform-bin show ...", "::debug::...".
static bool is_wrapper_line(const char *bytes, size_t length)
{
    return begins_with(bytes, length, "[command]") || begins_with(bytes, length, "::");
}

static size_t line_length(const char *bytes, size_t length)
{
    const char *end = memchr(bytes, '\n', length);
    return end == NULL ? length : (size_t)(end - bytes) + 1;
}

static size_t space_length(const char *bytes, size_t length)
{
    size_t at = 0;
    while (at < length && strchr(" \t\r\n", bytes[at]) != NULL && bytes[at] != '\0')
        at++;
    return at;
}

// Takes a wrapper's lines off both ends.
// https://github.com/hashicorp/setup-terraform#inputs (terraform_wrapper)
static void unwrap(const char **bytes, size_t *length)
{
    size_t at = space_length(*bytes, *length), end;
    if (!is_wrapper_line(*bytes + at, *length - at) && !begins_with(*bytes + at, *length - at, "{"))
        return;
    while (is_wrapper_line(*bytes + at, *length - at)) {
        at += line_length(*bytes + at, *length - at);
        at += space_length(*bytes + at, *length - at);
    }
    end = at;
    if (!json_skip(*bytes, *length, &end))
        end = *length;
    for (size_t rest = end + space_length(*bytes + end, *length - end); rest < *length;) {
        if (!is_wrapper_line(*bytes + rest, *length - rest)) {
            end = *length; // what is no wrapper's stays, and is refused with its place
            break;
        }
        rest += line_length(*bytes + rest, *length - rest);
        rest += space_length(*bytes + rest, *length - rest);
    }
    *bytes += at;
    *length = end - at;
}

static bool has(const cJSON *document, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(document, key) != NULL;
}

// What else than a plan it is, or NULL.
static const char *mistaken(const cJSON *document)
{
    if (has(document, "resource_changes") || has(document, "planned_values"))
        return NULL;
    bool state = has(document, "values") || (has(document, "serial") && has(document, "lineage"));
    if (state || (has(document, "terraform_version") && has(document, "resources")))
        return "is a state, not a plan";
    if (has(document, "@level") || has(document, "@message"))
        return "holds the messages of terraform plan -json, not a plan";
    return NULL;
}

static bool check(const char *file, const cJSON *document, struct error *error)
{
    struct json_cursor root = {.file = file, .node = document};
    const char *what = mistaken(document), *format = NULL;
    if (what != NULL)
        return error_set(error, ERROR_USAGE, "%s: %s; type: " HOW, file, what);
    if (!json_expect_object(&root, error))
        return false;
    struct json_cursor version = json_member(&root, "format_version");
    if (version.node != NULL && !json_text_at(&version, &format, error))
        return false;
    if (format != NULL && strncmp(format, "0.", 2) != 0 && strncmp(format, "1.", 2) != 0)
        return json_fail(&version, error,
                         "is %.20s, of which this sgproof does not know what it means; expected 0.1 to 1.x", format);
    return true;
}

cJSON *plan_open(const char *file, struct error *error)
{
    size_t length;
    char *text = file_read(file, &length, error), *converted = NULL;
    if (text == NULL)
        return NULL;
    cJSON *document = NULL;
    if (begins_with(text, length, "PK\003\004")) {
        error_set(error, ERROR_USAGE,
                  "%s: is a plan file, which only Terraform reads; type: terraform show -json %s > plan.json", file,
                  file);
    } else {
        struct document_bytes bytes = text_decode((struct document_bytes){.bytes = text, .length = length}, &converted);
        unwrap(&bytes.bytes, &bytes.length);
        size_t first = line_length(bytes.bytes, bytes.length);
        if (begins_with(bytes.bytes, bytes.length, "{\"@level\"") && first < bytes.length)
            error_set(error, ERROR_USAGE, "%s: holds the messages of terraform plan -json, not a plan; type: " HOW,
                      file);
        else
            document = json_parse(file, bytes.bytes, bytes.length, error);
    }
    free(text);
    free(converted);
    if (document != NULL && !check(file, document, error)) {
        cJSON_Delete(document);
        document = NULL;
    }
    return document;
}
