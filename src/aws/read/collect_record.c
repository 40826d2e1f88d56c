// snapshot.json: what was read, by whom and when, and what could not be.
#include <stdlib.h>

#include "aws/read/collector.h"
#include "aws/snapshot.h"
#include "base/clock.h"
#include "base/file.h"
#include "config.h"

static int by_file(const void *left, const void *right)
{
    const struct call *const *a = left, *const *b = right;
    return strcmp((*a)->file == NULL ? "" : (*a)->file, (*b)->file == NULL ? "" : (*b)->file);
}

static int by_place(const void *left, const void *right)
{
    const struct failed_call *a = left, *b = right;
    int order = strcmp(a->account, b->account);
    order = order != 0 ? order : strcmp(a->region, b->region);
    order = order != 0 ? order : strcmp(a->service, b->service);
    return order != 0 ? order : strcmp(a->operation, b->operation);
}

static void write_list(struct json_writer *writer, const char *key, struct failed_call *list, size_t count)
{
    if (count > 1)
        qsort(list, count, sizeof(*list), by_place);
    json_open(writer, key, '[');
    for (size_t i = 0; i < count; i++) {
        json_open_line(writer, NULL, '{');
        json_put_string(writer, "account_id", list[i].account);
        json_put_string(writer, "region", list[i].region);
        json_put_string(writer, "service", list[i].service);
        json_put_string(writer, "operation", list[i].operation);
        json_put_string(writer, "code", list[i].code);
        json_put_string(writer, "message", list[i].message);
        json_put_string(writer, "iam_action", list[i].action);
        json_close(writer, '}');
    }
    json_close(writer, ']');
}

bool record_write(struct collector *collector)
{
    struct collected *collected = collector->collected;
    struct text out = {0};
    struct json_writer writer = json_writer_to(&out);
    json_open(&writer, NULL, '{');
    json_put_string(&writer, "schema", SNAPSHOT_SCHEMA);
    json_put_string(&writer, "tool_version", SGPROOF_VERSION);
    json_put_string(&writer, "account_id", collected->identity.account);
    json_put_string(&writer, "read_by", collected->identity.arn);
    json_put_string(&writer, "began", clock_text(collector->arena, collector->began_us));
    json_put_string(&writer, "ended", clock_text(collector->arena, clock_wall_us()));
    json_put_boolean(&writer, "complete", collected->unread.count == 0);
    json_put_strings_line(&writer, "excluded_accounts", collector->excluded.items.items,
                          collector->excluded.items.count);
    write_list(&writer, "unread", collected->unread.items, collected->unread.count);
    write_list(&writer, "unavailable", collected->unavailable.items, collected->unavailable.count);
    if (collector->calls.count > 1)
        qsort(collector->calls.items, collector->calls.count, sizeof(struct call *), by_file);
    json_open(&writer, "files", '[');
    for (size_t i = 0; i < collector->calls.count; i++) {
        const struct call *call = collector->calls.items[i];
        if (call->sha256 == NULL)
            continue;
        json_open_line(&writer, NULL, '{');
        json_put_string(&writer, "file", call->file);
        json_put_string(&writer, "sha256", call->sha256);
        json_put_string(&writer, "service", call->operation.service);
        json_put_string(&writer, "operation", call->operation.name);
        json_put_string(&writer, "asked", clock_text(collector->arena, call->began_us));
        json_open(&writer, "request_ids", '[');
        for (size_t r = 0; r < call->request_ids.count; r++)
            json_put_string(&writer, NULL, call->request_ids.items[r]);
        json_close(&writer, ']');
        json_close(&writer, '}');
    }
    json_close(&writer, ']');
    json_close(&writer, '}');
    json_end_document(&writer);
    bool good = file_write(arena_printf(collector->arena, "%s/snapshot.json", collector->folder), out.bytes, out.length,
                           collector->error);
    text_free(&out);
    return good;
}
