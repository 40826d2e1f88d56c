// What is made of answers: reads a JSON object a line {"service", "operation", "body"}, and prints the document of each
// as one line, or null where the body is no answer of the operation. For tests/property/test_answers.py.
#include <stdio.h>
#include <stdlib.h>

#include "aws/read/model.h"

struct writing {
    const struct model *model;
    const struct operation *of;
    struct text out[XML_LISTS];
    struct json_writer writers[XML_LISTS];
};

static void take(void *context, size_t list, const struct xml_node *xml, const cJSON *json)
{
    struct writing *writing = context;
    model_put_element(writing->model, writing->of, list, xml, json, &writing->writers[list]);
}

static void add_document(const struct model *model, const struct operation *of, struct page page, struct text *out)
{
    struct writing writing = {.model = model, .of = of};
    struct json_writer writer = json_writer_to(out);
    bool held = of->holder[0] != '\0';
    json_open_line(&writer, NULL, '{');
    if (held)
        json_open(&writer, of->holder, '{');
    if (of->list_count == 0)
        model_put_output(model, of, page, &writer);
    for (size_t i = 0; i < of->list_count; i++) {
        writing.writers[i] = json_writer_to(&writing.out[i]);
        json_open_line(&writing.writers[i], NULL, '[');
    }
    if (!page_each(&page, take, &writing))
        abort();
    for (size_t i = 0; i < of->list_count; i++) {
        json_close(&writing.writers[i], ']');
        json_put_made(&writer, of->lists[i], &writing.out[i]);
        text_free(&writing.out[i]);
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
    struct page_lists lists = model_lists(model, &of);
    struct page page = {.lists = &lists, .bytes = body, .length = strlen(body)};
    cJSON *json = of.speaks_json ? page_read_json(&page, &error) : NULL;
    page.json = json;
    if (!of.speaks_json && page_read_xml(arena, &page, &error))
        page.xml = model_output(&of, page.xml);
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
