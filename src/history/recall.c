// Runs and verdicts are read back. Whoever can write the file can write anything into it: each row is checked.
#include "history/store.h"

#define RUN_COLUMNS                                                                                                    \
    "number, run_id, series, begin, end, complete, vantage, bundle, manifest_sha256, endpoints, asked, by_verdict, "   \
    "by_severity, tool_version, derivation"

static bool read_run(const struct history *history, sqlite3_stmt *statement, struct run_record *run,
                     struct error *error)
{
    enum { MOST = 1 << 30 };
    const struct store_row row = {history, statement, "run", sqlite3_column_int64(statement, 0), error};
    int64_t complete, endpoints, asked, derivation = 0;
    *run = (struct run_record){.number = row.number};
    GUARD(row_text(&row, 1, "run_id", &run->run_id) && row_text(&row, 2, "series", &run->series) &&
          row_moment(&row, 3, "begin", &run->begin) && row_moment(&row, 4, "end", &run->end) &&
          row_integer(&row, 5, "complete", 0, 1, &complete) && row_optional_text(&row, 6, "vantage", &run->vantage) &&
          row_optional_text(&row, 7, "bundle", &run->bundle) &&
          row_sha256(&row, 8, "manifest_sha256", &run->manifest_sha256) &&
          row_integer(&row, 9, "endpoints", 0, MOST, &endpoints) &&
          row_integer(&row, 10, "asked", 0, INT64_C(1) << 50, &asked) &&
          row_counts(&row, 11, "by_verdict", verdict_names, run->by_verdict) &&
          row_counts(&row, 12, "by_severity", severity_names, run->by_severity) &&
          row_optional_text(&row, 13, "tool_version", &run->tool_version));
    if (sqlite3_column_type(statement, 14) != SQLITE_NULL)
        GUARD(row_integer(&row, 14, "derivation", 1, MOST, &derivation));
    run->complete = complete != 0;
    run->endpoints = (size_t)endpoints;
    run->asked = (size_t)asked;
    run->derivation = (int)derivation;
    return true;
}

bool history_list(struct history *history, const char *series, size_t most, run_records *runs, struct error *error)
{
    sqlite3_stmt *statement = store_prepare(history,
                                            "SELECT * FROM (SELECT " RUN_COLUMNS
                                            " FROM run WHERE ?1 IS NULL OR series = ?1 ORDER BY number DESC LIMIT ?2)"
                                            " ORDER BY number",
                                            error);
    if (statement == NULL)
        return false;
    store_bind_text(history, statement, 1, series);
    sqlite3_bind_int64(statement, 2, most == 0 ? -1 : (int64_t)most);
    bool row = false, good;
    while ((good = store_step(history, statement, &row, error)) && row)
        if (!(good = read_run(history, statement, vector_add(history->arena, runs), error)))
            break;
    sqlite3_finalize(statement);
    return good;
}

bool history_find(struct history *history, const char *prefix, struct run_record *run, struct error *error)
{
    size_t count = 0;
    sqlite3_stmt *statement =
        store_prepare(history, "SELECT " RUN_COLUMNS " FROM run WHERE substr(run_id, 1, length(?1)) = ?1", error);
    if (statement == NULL)
        return false;
    store_bind_text(history, statement, 1, prefix);
    bool row = false, good;
    while ((good = store_step(history, statement, &row, error)) && row)
        if (count++ == 0 && !(good = read_run(history, statement, run, error)))
            break;
    sqlite3_finalize(statement);
    if (!good)
        return false;
    return count == 1 ||
           error_set(error, ERROR_USAGE, "%s: %s in %s", prefix,
                     count == 0 ? "no run has an id that begins so" : "several runs have ids that begin so",
                     history->file);
}

bool history_verdicts(struct history *history, const struct run_record *run, struct verdict_set *set,
                      struct error *error)
{
    sqlite3_stmt *statement = store_prepare(
        history,
        "SELECT " ROW_INTERVAL " FROM interval i JOIN endpoint e ON e.number = i.endpoint WHERE e.series = ?1"
        " AND i.first <= ?2 AND (i.gone IS NULL OR i.gone > ?2)",
        error);
    if (statement == NULL)
        return false;
    store_bind_text(history, statement, 1, run->series);
    sqlite3_bind_int64(statement, 2, run->number);
    bool row = false, good;
    while ((good = store_step(history, statement, &row, error)) && row)
        if (!(good = row_interval(history, statement, 0, vector_add(history->arena, &set->items), error)))
            break;
    sqlite3_finalize(statement);
    if (!good)
        return false;
    set->complete = run->complete;
    set->vantage = run->vantage;
    set->endpoints = run->endpoints;
    set->asked = run->asked;
    verdicts_merge(history->arena, set);
    return true;
}

// The intervals that began with one run are what it learnt anew; those of earlier runs go on, or are gone.
static void note_run(struct history *history, struct verdict_set *set, struct answered *answered)
{
    verdicts_sort(set->items.items, set->items.count);
    answered_note(history->arena, answered, set);
    set->items.count = 0;
}

bool history_answered(struct history *history, const char *series, struct answered *answered, struct error *error)
{
    enum { FIRST = ROW_INTERVAL_COLUMNS };
    sqlite3_stmt *statement = store_prepare(
        history,
        "SELECT " ROW_INTERVAL ", i.first FROM interval i JOIN endpoint e ON e.number = i.endpoint WHERE e.series = ?1"
        " AND i.observed <> 'unknown' ORDER BY i.first",
        error);
    if (statement == NULL)
        return false;
    store_bind_text(history, statement, 1, series);
    struct verdict_set set = {0};
    int64_t first = 0;
    bool row = false, good;
    while ((good = store_step(history, statement, &row, error)) && row) {
        if (sqlite3_column_int64(statement, FIRST) != first)
            note_run(history, &set, answered);
        first = sqlite3_column_int64(statement, FIRST);
        if (!(good = row_interval(history, statement, 0, vector_add(history->arena, &set.items), error)))
            break;
    }
    sqlite3_finalize(statement);
    note_run(history, &set, answered);
    return good;
}

// An interval with when it was seen, which runs tell.
static bool read_seen(const struct history *history, sqlite3_stmt *statement, struct history_interval *one,
                      struct error *error)
{
    enum { SEEN = ROW_INTERVAL_COLUMNS };
    GUARD(row_interval(history, statement, 0, &one->verdict, error));
    const struct store_row row = {history, statement, "interval", sqlite3_column_int64(statement, 5), error};
    return row_moment(&row, SEEN, "first", &one->first_seen) && row_moment(&row, SEEN + 1, "first", &one->last_seen) &&
           (sqlite3_column_type(statement, SEEN + 2) == SQLITE_NULL ||
            row_moment(&row, SEEN + 2, "gone", &one->gone)) &&
           row_text(&row, SEEN + 3, "series", &one->series);
}

bool history_of_address(struct history *history, const char *address, history_intervals *intervals, struct error *error)
{
    sqlite3_stmt *statement = store_prepare(
        history,
        "SELECT " ROW_INTERVAL ", f.begin, (SELECT r.begin FROM run r WHERE r.series = e.series AND"
        " r.number >= i.first AND (i.gone IS NULL OR r.number < i.gone) ORDER BY r.number DESC LIMIT 1), g.begin,"
        " e.series FROM interval i JOIN endpoint e ON e.number = i.endpoint JOIN run f ON f.number = i.first"
        " LEFT JOIN run g ON g.number = i.gone WHERE e.address = ?1"
        " ORDER BY e.series, i.protocol, i.low, i.first, i.high",
        error);
    if (statement == NULL)
        return false;
    store_bind_text(history, statement, 1, address);
    bool row = false, good;
    while ((good = store_step(history, statement, &row, error)) && row)
        if (!(good = read_seen(history, statement, vector_add(history->arena, intervals), error)))
            break;
    sqlite3_finalize(statement);
    return good;
}
