#include "evidence/remembered.h"

#include <stdlib.h>

#include "base/file.h"

static const char schema_of_remembered[] = "sgproof/remembered/v1";

static const long MOST_COUNTED = 1L << 50;

void remembered_write(const run_records *runs, struct text *out)
{
    struct json_writer writer = json_writer_to(out);
    json_open(&writer, NULL, '{');
    json_put_string(&writer, "schema", schema_of_remembered);
    json_open(&writer, "runs", '[');
    for (size_t i = 0; i < runs->count; i++) {
        const struct run_record *run = &runs->items[i];
        json_open_line(&writer, NULL, '{');
        json_put_string(&writer, "run_id", run->run_id);
        json_put_string(&writer, "series", run->series);
        json_put_string(&writer, "begin", run->begin);
        json_put_string(&writer, "end", run->end);
        json_put_boolean(&writer, "complete", run->complete);
        json_put_string(&writer, "vantage", run->vantage);
        json_put_string(&writer, "manifest_sha256", run->manifest_sha256);
        json_put_integer(&writer, "endpoints", (int64_t)run->endpoints);
        json_put_integer(&writer, "asked", (int64_t)run->asked);
        run_record_put_ports(&writer, run->by_verdict, run->by_severity, false);
        json_close(&writer, '}');
    }
    json_close(&writer, ']');
    json_close(&writer, '}');
    json_end_document(&writer);
}

static bool read_count(const struct json_cursor *at, const char *key, size_t *count, struct error *error)
{
    long number;
    GUARD(json_integer(at, key, 0, MOST_COUNTED, &number, error));
    *count = (size_t)number;
    return true;
}

static bool read_run(struct arena *arena, const struct json_cursor *at, struct run_record *run, struct error *error)
{
    return json_string(arena, at, "run_id", &run->run_id, error) &&
           json_string(arena, at, "series", &run->series, error) &&
           json_string(arena, at, "begin", &run->begin, error) && json_string(arena, at, "end", &run->end, error) &&
           json_boolean(at, "complete", &run->complete, error) &&
           json_optional_string(arena, at, "vantage", &run->vantage, error) &&
           json_string(arena, at, "manifest_sha256", &run->manifest_sha256, error) &&
           read_count(at, "endpoints", &run->endpoints, error) && read_count(at, "asked", &run->asked, error) &&
           run_record_read_ports(at, MOST_COUNTED, run->by_verdict, run->by_severity, error);
}

static bool read_document(struct arena *arena, const struct json_cursor *root, run_records *runs, struct error *error)
{
    const char *schema;
    GUARD(json_expect_object(root, error) && json_string(arena, root, "schema", &schema, error));
    struct json_cursor at = json_member(root, "schema"), array = json_member(root, "runs");
    const cJSON *node;
    size_t index = 0;
    if (strcmp(schema, schema_of_remembered) != 0)
        return json_fail(&at, error, "\"%s\", expected %s", schema, schema_of_remembered);
    GUARD(json_expect_array(&array, error));
    cJSON_ArrayForEach (node, array.node) {
        struct json_cursor one = json_element(&array, index++, node);
        struct run_record *run = vector_add(arena, runs);
        *run = (struct run_record){.number = (int64_t)index};
        GUARD(read_run(arena, &one, run, error));
    }
    return true;
}

bool remembered_read(struct arena *arena, const char *file, run_records *runs, struct error *error)
{
    size_t length;
    char *bytes = file_read(file, &length, error);
    cJSON *root = bytes == NULL ? NULL : json_parse(file, bytes, length, error);
    struct json_cursor at = {.file = file, .node = root};
    bool good = root != NULL && read_document(arena, &at, runs, error);
    cJSON_Delete(root);
    free(bytes);
    return good;
}
