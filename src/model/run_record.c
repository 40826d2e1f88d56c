#include "model/run_record.h"

void run_record_count(const struct verdict_set *set, struct run_record *run)
{
    run->endpoints = set->endpoints;
    run->asked = set->asked;
    for (size_t i = 0; i < set->items.count; i++) {
        const struct verdict *verdict = &set->items.items[i];
        run->by_verdict[verdict->kind] += (size_t)(verdict->high - verdict->low) + 1;
        run->by_severity[verdict->severity] += (size_t)(verdict->high - verdict->low) + 1;
    }
}

static const char ports_by_verdict[] = "ports_by_verdict", ports_by_severity[] = "ports_by_severity";

static void put_counts(struct json_writer *writer, const char *key, const char *const *names, const size_t *counts,
                       bool lines)
{
    if (lines)
        json_open_line(writer, key, '{');
    else
        json_open(writer, key, '{');
    for (size_t i = 0; names[i] != NULL; i++)
        json_put_integer(writer, names[i], (int64_t)counts[i]);
    json_close(writer, '}');
}

void run_record_put_ports(struct json_writer *writer, const size_t by_verdict[VERDICT_KINDS],
                          const size_t by_severity[SEVERITIES], bool lines)
{
    put_counts(writer, ports_by_verdict, verdict_names, by_verdict, lines);
    put_counts(writer, ports_by_severity, severity_names, by_severity, lines);
}

static bool read_counts(const struct json_cursor *at, const char *key, const char *const *names, long most,
                        size_t *counts, struct error *error)
{
    struct json_cursor object = json_member(at, key);
    GUARD(json_expect_object(&object, error));
    for (size_t i = 0; names[i] != NULL; i++) {
        long count;
        GUARD(json_integer(&object, names[i], 0, most, &count, error));
        counts[i] = (size_t)count;
    }
    return true;
}

bool run_record_read_ports(const struct json_cursor *at, long most, size_t by_verdict[VERDICT_KINDS],
                           size_t by_severity[SEVERITIES], struct error *error)
{
    return read_counts(at, ports_by_verdict, verdict_names, most, by_verdict, error) &&
           read_counts(at, ports_by_severity, severity_names, most, by_severity, error);
}
