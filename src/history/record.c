// A run is written: intervals that go on stay as they are, new ones begin, others end.
#include <stdlib.h>

#include "history/store.h"
#include "model/protocol.h"

// What history tells verdicts apart by.
static bool agree(const struct verdict *a, const struct verdict *b)
{
    return a->declared == b->declared && a->observed == b->observed && a->kind == b->kind && a->intent == b->intent &&
           a->severity == b->severity;
}

static bool same_place(const struct verdict *a, const struct verdict *b)
{
    return address_equal(a->address, b->address) && a->protocol == b->protocol;
}

// The set with neighbours joined that history does not tell apart.
static void coarse(struct arena *arena, const struct verdict_set *set, struct verdict_set *into)
{
    for (size_t i = 0; i < set->items.count; i++) {
        const struct verdict *next = &set->items.items[i];
        struct verdict *last = into->items.count > 0 ? &into->items.items[into->items.count - 1] : NULL;
        if (last != NULL && same_place(last, next) && (uint32_t)last->high + 1 == next->low && agree(last, next))
            last->high = next->high;
        else
            *vector_add(arena, &into->items) = *next;
    }
}

static bool insert_run(struct history *history, struct run_record *run, struct error *error)
{
    sqlite3_stmt *statement = store_prepare(
        history,
        "INSERT INTO run (run_id, series, begin, end, complete, vantage, bundle, manifest_sha256, endpoints, asked,"
        " by_verdict, by_severity, tool_version, derivation) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        error);
    if (statement == NULL)
        return false;
    store_bind_text(history, statement, 1, run->run_id);
    store_bind_text(history, statement, 2, run->series);
    store_bind_text(history, statement, 3, run->begin);
    store_bind_text(history, statement, 4, run->end);
    sqlite3_bind_int(statement, 5, run->complete);
    store_bind_text(history, statement, 6, run->vantage);
    store_bind_text(history, statement, 7, run->bundle);
    store_bind_text(history, statement, 8, run->manifest_sha256);
    sqlite3_bind_int64(statement, 9, (int64_t)run->endpoints);
    sqlite3_bind_int64(statement, 10, (int64_t)run->asked);
    store_bind_text(history, statement, 11, store_counts(history->arena, verdict_names, run->by_verdict));
    store_bind_text(history, statement, 12, store_counts(history->arena, severity_names, run->by_severity));
    store_bind_text(history, statement, 13, run->tool_version);
    if (run->derivation > 0)
        sqlite3_bind_int(statement, 14, run->derivation);
    GUARD(store_finish(history, statement, error));
    run->number = sqlite3_last_insert_rowid(history->database);
    return true;
}

static bool endpoint_number(struct history *history, const char *series, const struct verdict *verdict, int64_t *number,
                            struct error *error)
{
    char address[ADDRESS_TEXT];
    address_format(verdict->address, address);
    sqlite3_stmt *statement =
        store_prepare(history,
                      "INSERT INTO endpoint (series, address, eni_id, instance_id, name) VALUES (?, ?, ?, ?, ?)"
                      " ON CONFLICT (series, address) DO UPDATE SET eni_id = excluded.eni_id,"
                      " instance_id = excluded.instance_id, name = excluded.name RETURNING number",
                      error);
    if (statement == NULL)
        return false;
    store_bind_text(history, statement, 1, series);
    store_bind_text(history, statement, 2, address);
    store_bind_text(history, statement, 3, verdict->eni_id);
    store_bind_text(history, statement, 4, verdict->instance_id);
    store_bind_text(history, statement, 5, verdict->name);
    bool row = false, good = store_step(history, statement, &row, error);
    if (row)
        *number = sqlite3_column_int64(statement, 0);
    else if (good)
        good = store_failed(history, error);
    sqlite3_finalize(statement);
    return good;
}

// One interval that is open, with its row.
struct open_interval {
    int64_t row;
    struct verdict verdict;
    bool goes_on;
};

typedef VECTOR(struct open_interval) open_intervals;

static bool read_open(struct history *history, const char *series, open_intervals *open, struct error *error)
{
    bool row = false;
    sqlite3_stmt *statement = store_prepare(
        history,
        "SELECT " ROW_INTERVAL " FROM interval i JOIN endpoint e ON e.number = i.endpoint WHERE i.gone IS NULL AND"
        " e.series = ?",
        error);
    if (statement == NULL)
        return false;
    store_bind_text(history, statement, 1, series);
    bool good;
    while ((good = store_step(history, statement, &row, error)) && row) {
        struct open_interval *one = vector_add(history->arena, open);
        one->row = sqlite3_column_int64(statement, 5);
        good = row_interval(history, statement, 0, &one->verdict, error);
        if (!good)
            break;
    }
    sqlite3_finalize(statement);
    return good;
}

static int by_place(const void *left, const void *right)
{
    const struct open_interval *a = left, *b = right;
    int order = place_compare(a->verdict.address, a->verdict.protocol, b->verdict.address, b->verdict.protocol);
    return order != 0 ? order : (int)a->verdict.low - (int)b->verdict.low;
}

static struct open_interval *find_open(const open_intervals *open, const struct verdict *verdict)
{
    struct open_interval key = {.verdict = *verdict};
    struct open_interval *found =
        open->count == 0 ? NULL : bsearch(&key, open->items, open->count, sizeof(*open->items), by_place);
    return found != NULL && found->verdict.high == verdict->high && agree(&found->verdict, verdict) ? found : NULL;
}

static bool begin_interval(struct history *history, const struct run_record *run, const struct verdict *verdict,
                           struct error *error)
{
    int64_t endpoint = 0;
    GUARD(endpoint_number(history, run->series, verdict, &endpoint, error));
    sqlite3_stmt *statement =
        store_prepare(history,
                      "INSERT INTO interval (endpoint, low, high, first, protocol, declared, observed, verdict, intent,"
                      " severity) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                      error);
    if (statement == NULL)
        return false;
    const int64_t numbers[] = {endpoint, verdict->low, verdict->high, run->number};
    const char *words[] = {protocol_name(history->arena, verdict->protocol),
                           declared_names[verdict->declared],
                           observed_names[verdict->observed],
                           verdict_names[verdict->kind],
                           intent_names[verdict->intent],
                           severity_names[verdict->severity]};
    for (int i = 0; i < 4; i++)
        sqlite3_bind_int64(statement, i + 1, numbers[i]);
    for (int i = 0; i < 6; i++)
        store_bind_text(history, statement, i + 5, words[i]);
    return store_finish(history, statement, error);
}

static bool end_interval(struct history *history, const struct run_record *run, int64_t row, struct error *error)
{
    sqlite3_stmt *statement = store_prepare(history, "UPDATE interval SET gone = ? WHERE number = ?", error);
    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, run->number);
    sqlite3_bind_int64(statement, 2, row);
    return store_finish(history, statement, error);
}

static bool record(struct history *history, struct run_record *run, const struct verdict_set *set, struct error *error)
{
    open_intervals open = {0};
    struct verdict_set now = {0};
    coarse(history->arena, set, &now);
    GUARD(insert_run(history, run, error) && read_open(history, run->series, &open, error));
    if (open.count > 1)
        qsort(open.items, open.count, sizeof(*open.items), by_place);
    for (size_t i = 0; i < now.items.count; i++) {
        struct open_interval *same = find_open(&open, &now.items.items[i]);
        if (same != NULL)
            same->goes_on = true;
        else
            GUARD(begin_interval(history, run, &now.items.items[i], error));
    }
    for (size_t i = 0; i < open.count; i++)
        GUARD(open.items[i].goes_on || end_interval(history, run, open.items[i].row, error));
    return true;
}

bool history_record(struct history *history, struct run_record *run, const struct verdict_set *set, struct error *error)
{
    struct error ignored;
    GUARD(store_execute(history, "BEGIN IMMEDIATE", error));
    if (record(history, run, set, error) && store_execute(history, "COMMIT", error))
        return true;
    store_execute(history, "ROLLBACK", &ignored);
    return false;
}
