// bench_xml FILE: how fast an answer to DescribeNetworkInterfaces turns from XML into the document we write.
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "aws/read/model.h"
#include "base/file.h"

struct writing {
    const struct model *model;
    const struct operation *of;
    struct json_writer writer;
};

static void take(void *context, size_t list, const struct xml_node *xml, const cJSON *json)
{
    struct writing *writing = context;
    model_put_element(writing->model, writing->of, list, xml, json, &writing->writer);
}

int main(int argc, char **argv)
{
    enum { ROUNDS = 9 };
    struct error error = {0};
    size_t length, written = 0;
    char *text = argc == 2 ? file_read(argv[1], &length, &error) : NULL;
    if (text == NULL) {
        fprintf(stderr, "bench_xml: %s\n", argc == 2 ? error.message : "expected one file");
        return 2;
    }
    uint64_t best = UINT64_MAX;
    struct model *model = model_new();
    struct operation operation = model_operation(model, "ec2", "DescribeNetworkInterfaces");
    for (int i = 0; i < ROUNDS; i++) {
        struct arena *arena = arena_new();
        struct text out = {0};
        struct writing writing = {.model = model, .of = &operation, .writer = json_writer_to(&out)};
        uint64_t began = uv_hrtime();
        struct page_lists lists = model_lists(model, &operation);
        struct page page = {.lists = &lists, .bytes = text, .length = length};
        json_open(&writing.writer, NULL, '[');
        if (!page_read_xml(arena, &page, &error) || !page_each(&page, take, &writing)) {
            fprintf(stderr, "bench_xml: %s\n", error.message);
            return 2;
        }
        json_close(&writing.writer, ']');
        uint64_t took = uv_hrtime() - began;
        best = took < best ? took : best;
        written = out.length;
        text_free(&out);
        arena_free(arena);
    }
    printf("%.1f MB of XML to %.1f MB of JSON: %.0f MB/s\n", (double)length / 1e6, (double)written / 1e6,
           (double)length / 1e6 / ((double)best / 1e9));
    free(text);
    model_free(model);
    return 0;
}
