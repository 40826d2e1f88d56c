#include "evidence/remembered.h"

static const char schema_of_remembered[] = "sgproof/remembered/v1";

static const struct json_field run_fields[] = {RUN_RECORD_WHICH(struct run_record),
                                               JSON_FIELD("manifest_sha256", TEXT, struct run_record, manifest_sha256),
                                               RUN_RECORD_FOUND(struct run_record), JSON_FIELDS_END};
static const struct json_record run_record_fields = {
    .fields = run_fields, .size = sizeof(struct run_record), .line = true};
static const struct json_field remembered_fields[] = {JSON_ITEMS("runs", &run_record_fields), JSON_FIELDS_END};
static const struct json_record remembered_record = {.fields = remembered_fields, .size = sizeof(run_records)};

void remembered_write(const run_records *runs, struct text *out)
{
    json_write_document(schema_of_remembered, &remembered_record, runs, out);
}

bool remembered_read(struct arena *arena, const char *file, run_records *runs, struct error *error)
{
    GUARD(json_read_document(arena, file, schema_of_remembered, &remembered_record, runs, error));
    for (size_t i = 0; i < runs->count; i++)
        runs->items[i].number = (int64_t)i + 1;
    return true;
}
