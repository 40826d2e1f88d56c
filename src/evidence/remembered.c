#include "evidence/remembered.h"

static const char schema_of_remembered[] = "sgproof/remembered/v1";

static const struct json_field run_fields[] = {
    JSON_FIELD("run_id", TEXT, struct run_record, run_id),
    JSON_FIELD("series", TEXT, struct run_record, series),
    JSON_FIELD("begin", TEXT, struct run_record, begin),
    JSON_FIELD("end", TEXT, struct run_record, end),
    JSON_FIELD("complete", BOOLEAN, struct run_record, complete),
    JSON_FIELD("vantage", TEXT, struct run_record, vantage, .optional = true),
    JSON_FIELD("manifest_sha256", TEXT, struct run_record, manifest_sha256),
    JSON_FIELD("endpoints", COUNT, struct run_record, endpoints),
    JSON_FIELD("asked", COUNT, struct run_record, asked),
    RUN_RECORD_PORTS(struct run_record, by_verdict, by_severity),
    JSON_FIELDS_END};
static const struct json_record run_record_fields = {
    .fields = run_fields, .size = sizeof(struct run_record), .line = true};

struct remembered {
    run_records runs;
};
static const struct json_field remembered_fields[] = {
    JSON_FIELD("runs", RECORDS, struct remembered, runs, .of = &run_record_fields), JSON_FIELDS_END};
static const struct json_record remembered_record = {.fields = remembered_fields, .size = sizeof(struct remembered)};

void remembered_write(const run_records *runs, struct text *out)
{
    json_write_document(schema_of_remembered, &remembered_record, &(struct remembered){*runs}, out);
}

bool remembered_read(struct arena *arena, const char *file, run_records *runs, struct error *error)
{
    struct remembered read = {0};
    GUARD(json_read_document(arena, file, schema_of_remembered, &remembered_record, &read, error));
    *runs = read.runs;
    for (size_t i = 0; i < runs->count; i++)
        runs->items[i].number = (int64_t)i + 1;
    return true;
}
