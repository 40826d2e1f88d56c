// What is made of answers: reads a JSON object a line {"service", "operation", "body"}, and prints the document of each
// as one line, or null where the body is no answer of the operation. For tests/property/test_answers.py.
#include <stdio.h>
#include <stdlib.h>

#include "aws/read/model.h"

static void add_document(const struct model *model, const struct operation *of, struct page page, struct text *out)
{
    struct json_writer writer = json_writer_to(out);
    bool held = of->holder[0] != '\0';
    json_open_line(&writer, NULL, '{');
    if (held)
        json_open(&writer, of->holder, '{');
    if (of->list_count == 0)
        model_put_output(model, of, page, &writer);
    for (size_t i = 0; i < of->list_count; i++) {
        json_open(&writer, of->lists[i], '[');
        model_put_elements(model, of, of->lists[i], page, &writer);
        json_close(&writer, ']');
    }
    if (held)
        json_close(&writer, '}');
    json_close(&writer, '}');
}

static void answer(const struct model *model, const cJSON *one, struct text *out)
{
    struct arena *arena = arena_new();
    struct error error = {0};
    const char *service = cJSON_GetObjectItem(one, "service")->valuestring;
    const char *body = cJSON_GetObjectItem(one, "body")->valuestring;
    struct operation of = model_operation(model, service, cJSON_GetObjectItem(one, "operation")->valuestring);
    cJSON *json = of.speaks_json ? json_parse("answer", body, strlen(body), &error) : NULL;
    struct page page = {.json = json};
    if (!of.speaks_json)
        page.xml = model_output(&of, xml_parse(arena, body, strlen(body), &error));
    if ((page.xml == NULL && page.json == NULL) || model_why_not(model, &of, page) != NULL)
        text_puts(out, "null");
    else
        add_document(model, &of, page, out);
    cJSON_Delete(json);
    arena_free(arena);
}

int main(void)
{
    struct model *model = model_new();
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0) {
        struct error error = {0};
        struct text out = {0};
        cJSON *one = json_parse("line", line, strlen(line), &error);
        if (one == NULL) {
            fprintf(stderr, "%s\n", error.message);
            return 1;
        }
        answer(model, one, &out);
        for (char *p = out.bytes; *p != '\0'; p++)
            if (*p == '\n')
                *p = ' ';
        puts(out.bytes);
        text_free(&out);
        cJSON_Delete(one);
    }
    free(line);
    model_free(model);
    return 0;
}
