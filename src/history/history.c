#include "history/history.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "model/protocol.h"

enum { PATIENCE_MS = 30000, STEP_MS = 50 };

struct history {
    struct arena *arena;
    const char *file;
    sqlite3 *database;
};

// Each brings the schema from its index to the next version. Never change one that was released: add another.
static const char *const migrations[] = {
    "CREATE TABLE run (number INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, series TEXT NOT NULL, begin TEXT NOT "
    "NULL,"
    " end TEXT NOT NULL, complete INTEGER NOT NULL, vantage TEXT, bundle TEXT, manifest_sha256 TEXT,"
    " endpoints INTEGER NOT NULL, asked INTEGER NOT NULL, by_verdict TEXT NOT NULL, by_severity TEXT NOT NULL);"
    "CREATE INDEX run_of_series ON run (series, number);"
    "CREATE TABLE endpoint (number INTEGER PRIMARY KEY, series TEXT NOT NULL, address TEXT NOT NULL, eni_id TEXT,"
    " instance_id TEXT, name TEXT, UNIQUE (series, address));"
    // A verdict that held in every run of the series from `first` on, and not in `gone` any more.
    "CREATE TABLE interval (endpoint INTEGER NOT NULL REFERENCES endpoint (number), protocol INTEGER NOT NULL,"
    " low INTEGER NOT NULL, high INTEGER NOT NULL, declared INTEGER NOT NULL, observed INTEGER NOT NULL,"
    " verdict INTEGER NOT NULL, intent INTEGER NOT NULL, severity INTEGER NOT NULL,"
    " first INTEGER NOT NULL REFERENCES run (number), gone INTEGER REFERENCES run (number));"
    "CREATE INDEX interval_of_endpoint ON interval (endpoint, gone);"
    "CREATE INDEX interval_by_run ON interval (first, gone);",
};

enum { VERSION = sizeof(migrations) / sizeof(migrations[0]) };

static bool failed(const struct history *history, struct error *error)
{
    return error_set(error, ERROR_INCOMPLETE, "%s: %s", history->file, sqlite3_errmsg(history->database));
}

static bool execute(const struct history *history, const char *sql, struct error *error)
{
    return sqlite3_exec(history->database, sql, NULL, NULL, NULL) == SQLITE_OK || failed(history, error);
}

static sqlite3_stmt *prepare(const struct history *history, const char *sql, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(history->database, sql, -1, &statement, NULL) != SQLITE_OK)
        failed(history, error);
    return statement;
}

static void bind_text(sqlite3_stmt *statement, int place, const char *text)
{
    if (text == NULL)
        sqlite3_bind_null(statement, place);
    else
        sqlite3_bind_text(statement, place, text, -1, SQLITE_TRANSIENT);
}

static const char *column_text(const struct history *history, sqlite3_stmt *statement, int column)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    return text == NULL ? NULL : arena_strdup(history->arena, (const char *)text);
}

// Runs a statement that gives no rows, and frees it.
static bool finish(const struct history *history, sqlite3_stmt *statement, struct error *error)
{
    bool good = statement != NULL && sqlite3_step(statement) == SQLITE_DONE;
    if (!good && statement != NULL)
        failed(history, error);
    sqlite3_finalize(statement);
    return good;
}

static bool version_of(const struct history *history, int *version, struct error *error)
{
    sqlite3_stmt *statement = prepare(history, "PRAGMA user_version", error);
    bool good = statement != NULL && sqlite3_step(statement) == SQLITE_ROW;
    if (good)
        *version = sqlite3_column_int(statement, 0);
    else if (statement != NULL)
        failed(history, error);
    sqlite3_finalize(statement);
    return good;
}

static bool migrate(const struct history *history, struct error *error)
{
    int version = 0;
    GUARD(version_of(history, &version, error));
    if (version == VERSION)
        return true;
    GUARD(execute(history, "BEGIN IMMEDIATE", error));
    bool good = version_of(history, &version, error); // another process may have been faster
    if (good && version > VERSION)
        good = error_set(error, ERROR_USAGE, "%s: is of version %d, this program knows version %d", history->file,
                         version, VERSION);
    for (; good && version < VERSION; version++) {
        char sql[64];
        snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", version + 1);
        good = execute(history, migrations[version], error) && execute(history, sql, error);
    }
    struct error ignored;
    return good ? execute(history, "COMMIT", error) : (execute(history, "ROLLBACK", &ignored), false);
}

// SQLite does not wait for others where it changes the journal or opens a file that another process is closing.
static bool execute_patiently(const struct history *history, const char *sql, struct error *error)
{
    for (int waited = 0; !execute(history, sql, error); waited += STEP_MS) {
        int code = sqlite3_errcode(history->database) & 0xff;
        if ((code != SQLITE_BUSY && code != SQLITE_LOCKED) || waited >= PATIENCE_MS)
            return false;
        sqlite3_sleep(STEP_MS);
    }
    return true;
}

struct history *history_open(struct arena *arena, const char *file, bool make, struct error *error)
{
    struct history *history = arena_new_of(arena, struct history);
    *history = (struct history){.arena = arena, .file = arena_strdup(arena, file)};
    if (!make && access(file, F_OK) != 0) {
        error_set(error, ERROR_USAGE, "%s: there is no history; `run` makes it", file);
        return NULL;
    }
    if (!file_make_parents(file, error)) {
        error->code = ERROR_USAGE;
        return NULL;
    }
    bool good =
        sqlite3_open_v2(file, &history->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) == SQLITE_OK;
    if (!good)
        error_set(error, ERROR_INCOMPLETE, "%s: %s", file,
                  history->database == NULL ? "cannot be opened" : sqlite3_errmsg(history->database));
    sqlite3_busy_timeout(history->database, PATIENCE_MS);
    good = good && execute_patiently(history, "PRAGMA journal_mode = WAL", error) &&
           execute(history, "PRAGMA synchronous = FULL", error) &&
           execute(history, "PRAGMA foreign_keys = ON", error) && migrate(history, error);
    if (good)
        return history;
    error->code = ERROR_USAGE;
    sqlite3_close(history->database);
    return NULL;
}

bool history_is_sound(struct history *history, struct error *error)
{
    sqlite3_stmt *statement = prepare(history, "PRAGMA quick_check(1)", error);
    int waited = 0, code = SQLITE_ERROR;
    while (statement != NULL && (code = sqlite3_step(statement)) == SQLITE_BUSY && waited < PATIENCE_MS) {
        sqlite3_reset(statement);
        waited += sqlite3_sleep(STEP_MS);
    }
    bool good = code == SQLITE_ROW;
    if (!good && statement != NULL)
        failed(history, error);
    const char *said = good ? column_text(history, statement, 0) : NULL;
    if (good && (said == NULL || strcmp(said, "ok") != 0))
        good = error_set(error, ERROR_USAGE, "%s: is damaged: %s", history->file, said == NULL ? "" : said);
    sqlite3_finalize(statement);
    if (!good)
        error->code = ERROR_USAGE;
    return good;
}

void history_close(struct history *history)
{
    if (history != NULL)
        sqlite3_close(history->database);
}

// ---- Writing

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

static const char *counts_text(struct arena *arena, const size_t *counts, size_t count)
{
    const char *text = "";
    for (size_t i = 0; i < count; i++)
        text = arena_printf(arena, "%s%s%zu", text, i > 0 ? " " : "", counts[i]);
    return text;
}

static bool insert_run(struct history *history, struct run_record *run, struct error *error)
{
    sqlite3_stmt *statement = prepare(
        history,
        "INSERT INTO run (run_id, series, begin, end, complete, vantage, bundle, manifest_sha256, endpoints, asked,"
        " by_verdict, by_severity) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        error);
    if (statement == NULL)
        return false;
    bind_text(statement, 1, run->run_id);
    bind_text(statement, 2, run->series);
    bind_text(statement, 3, run->begin);
    bind_text(statement, 4, run->end);
    sqlite3_bind_int(statement, 5, run->complete);
    bind_text(statement, 6, run->vantage);
    bind_text(statement, 7, run->bundle);
    bind_text(statement, 8, run->manifest_sha256);
    sqlite3_bind_int64(statement, 9, (int64_t)run->endpoints);
    sqlite3_bind_int64(statement, 10, (int64_t)run->asked);
    bind_text(statement, 11, counts_text(history->arena, run->by_verdict, VERDICT_KINDS));
    bind_text(statement, 12, counts_text(history->arena, run->by_severity, SEVERITIES));
    GUARD(finish(history, statement, error));
    run->number = sqlite3_last_insert_rowid(history->database);
    return true;
}

static bool endpoint_number(struct history *history, const char *series, const struct verdict *verdict, int64_t *number,
                            struct error *error)
{
    char address[ADDRESS_TEXT];
    address_format(verdict->address, address);
    sqlite3_stmt *statement =
        prepare(history,
                "INSERT INTO endpoint (series, address, eni_id, instance_id, name) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (series, address) DO UPDATE SET eni_id = excluded.eni_id,"
                " instance_id = excluded.instance_id, name = excluded.name RETURNING number",
                error);
    if (statement == NULL)
        return false;
    bind_text(statement, 1, series);
    bind_text(statement, 2, address);
    bind_text(statement, 3, verdict->eni_id);
    bind_text(statement, 4, verdict->instance_id);
    bind_text(statement, 5, verdict->name);
    bool good = sqlite3_step(statement) == SQLITE_ROW;
    if (good)
        *number = sqlite3_column_int64(statement, 0);
    else
        failed(history, error);
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

static void read_interval(const struct history *history, sqlite3_stmt *statement, int from, struct verdict *verdict)
{
    const char *address = column_text(history, statement, from);
    *verdict = (struct verdict){
        .eni_id = column_text(history, statement, from + 1),
        .instance_id = column_text(history, statement, from + 2),
        .name = column_text(history, statement, from + 3),
        .protocol = sqlite3_column_int(statement, from + 4),
        .low = (uint16_t)sqlite3_column_int(statement, from + 5),
        .high = (uint16_t)sqlite3_column_int(statement, from + 6),
        .declared = (enum declared_state)(sqlite3_column_int(statement, from + 7) & 3),
        .observed = (enum observed_state)(sqlite3_column_int(statement, from + 8) % (OBSERVED_UNKNOWN + 1)),
        .kind = (enum verdict_kind)(sqlite3_column_int(statement, from + 9) % VERDICT_KINDS),
        .intent = (enum intent_state)(sqlite3_column_int(statement, from + 10) % 3),
        .severity = (enum severity)(sqlite3_column_int(statement, from + 11) % SEVERITIES),
    };
    if (address != NULL)
        address_parse(address, &verdict->address);
}

#define INTERVAL_COLUMNS                                                                                               \
    "e.address, e.eni_id, e.instance_id, e.name, i.protocol, i.low, i.high, i.declared, i.observed, i.verdict, "       \
    "i.intent, i.severity"

static bool read_open(struct history *history, const char *series, open_intervals *open, struct error *error)
{
    sqlite3_stmt *statement =
        prepare(history,
                "SELECT i.rowid, " INTERVAL_COLUMNS " FROM interval i JOIN endpoint e ON e.number = i.endpoint"
                " WHERE i.gone IS NULL AND e.series = ?",
                error);
    if (statement == NULL)
        return false;
    bind_text(statement, 1, series);
    int step;
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
        struct open_interval *one = vector_add(history->arena, open);
        one->row = sqlite3_column_int64(statement, 0);
        read_interval(history, statement, 1, &one->verdict);
    }
    sqlite3_finalize(statement);
    return step == SQLITE_DONE || failed(history, error);
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
    int64_t endpoint;
    GUARD(endpoint_number(history, run->series, verdict, &endpoint, error));
    sqlite3_stmt *statement =
        prepare(history, "INSERT INTO interval VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)", error);
    if (statement == NULL)
        return false;
    const int64_t values[] = {endpoint,          verdict->protocol, verdict->low,  verdict->high,
                              verdict->declared, verdict->observed, verdict->kind, verdict->intent,
                              verdict->severity, run->number};
    for (int i = 0; i < (int)(sizeof(values) / sizeof(values[0])); i++)
        sqlite3_bind_int64(statement, i + 1, values[i]);
    return finish(history, statement, error);
}

static bool end_interval(struct history *history, const struct run_record *run, int64_t row, struct error *error)
{
    sqlite3_stmt *statement = prepare(history, "UPDATE interval SET gone = ? WHERE rowid = ?", error);
    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, run->number);
    sqlite3_bind_int64(statement, 2, row);
    return finish(history, statement, error);
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
    GUARD(execute(history, "BEGIN IMMEDIATE", error));
    if (record(history, run, set, error) && execute(history, "COMMIT", error))
        return true;
    execute(history, "ROLLBACK", &ignored);
    return false;
}

// ---- Reading

static void read_counts(const char *text, size_t *counts, size_t count)
{
    char *end = NULL;
    for (size_t i = 0; i < count && text != NULL; i++, text = end)
        counts[i] = (size_t)strtoull(text, &end, 10);
}

#define RUN_COLUMNS                                                                                                    \
    "number, run_id, series, begin, end, complete, vantage, bundle, manifest_sha256, endpoints, asked, by_verdict, "   \
    "by_severity"

static void read_run(const struct history *history, sqlite3_stmt *statement, struct run_record *run)
{
    *run = (struct run_record){
        .number = sqlite3_column_int64(statement, 0),
        .run_id = column_text(history, statement, 1),
        .series = column_text(history, statement, 2),
        .begin = column_text(history, statement, 3),
        .end = column_text(history, statement, 4),
        .complete = sqlite3_column_int(statement, 5) != 0,
        .vantage = column_text(history, statement, 6),
        .bundle = column_text(history, statement, 7),
        .manifest_sha256 = column_text(history, statement, 8),
        .endpoints = (size_t)sqlite3_column_int64(statement, 9),
        .asked = (size_t)sqlite3_column_int64(statement, 10),
    };
    read_counts(column_text(history, statement, 11), run->by_verdict, VERDICT_KINDS);
    read_counts(column_text(history, statement, 12), run->by_severity, SEVERITIES);
}

bool history_list(struct history *history, const char *series, size_t most, run_records *runs, struct error *error)
{
    sqlite3_stmt *statement = prepare(history,
                                      "SELECT * FROM (SELECT " RUN_COLUMNS
                                      " FROM run WHERE ?1 IS NULL OR series = ?1 ORDER BY number DESC LIMIT ?2)"
                                      " ORDER BY number",
                                      error);
    if (statement == NULL)
        return false;
    bind_text(statement, 1, series);
    sqlite3_bind_int64(statement, 2, most == 0 ? -1 : (int64_t)most);
    int step;
    while ((step = sqlite3_step(statement)) == SQLITE_ROW)
        read_run(history, statement, vector_add(history->arena, runs));
    sqlite3_finalize(statement);
    return step == SQLITE_DONE || failed(history, error);
}

bool history_find(struct history *history, const char *prefix, struct run_record *run, struct error *error)
{
    size_t count = 0;
    sqlite3_stmt *statement =
        prepare(history, "SELECT " RUN_COLUMNS " FROM run WHERE substr(run_id, 1, length(?1)) = ?1", error);
    if (statement == NULL)
        return false;
    bind_text(statement, 1, prefix);
    int step;
    while ((step = sqlite3_step(statement)) == SQLITE_ROW)
        if (count++ == 0)
            read_run(history, statement, run);
    sqlite3_finalize(statement);
    if (step != SQLITE_DONE)
        return failed(history, error);
    return count == 1 ||
           error_set(error, ERROR_USAGE, "%s: %s in %s", prefix,
                     count == 0 ? "no run has an id that begins so" : "several runs have ids that begin so",
                     history->file);
}

bool history_verdicts(struct history *history, const struct run_record *run, struct verdict_set *set,
                      struct error *error)
{
    sqlite3_stmt *statement = prepare(history,
                                      "SELECT " INTERVAL_COLUMNS
                                      " FROM interval i JOIN endpoint e ON e.number = i.endpoint WHERE e.series = ?1"
                                      " AND i.first <= ?2 AND (i.gone IS NULL OR i.gone > ?2)",
                                      error);
    if (statement == NULL)
        return false;
    bind_text(statement, 1, run->series);
    sqlite3_bind_int64(statement, 2, run->number);
    int step;
    while ((step = sqlite3_step(statement)) == SQLITE_ROW)
        read_interval(history, statement, 0, vector_add(history->arena, &set->items));
    sqlite3_finalize(statement);
    set->complete = run->complete;
    set->vantage = run->vantage;
    set->endpoints = run->endpoints;
    set->asked = run->asked;
    verdicts_merge(history->arena, set);
    return step == SQLITE_DONE || failed(history, error);
}

bool history_of_address(struct history *history, const char *address, history_intervals *intervals, struct error *error)
{
    sqlite3_stmt *statement = prepare(
        history,
        "SELECT " INTERVAL_COLUMNS ", f.begin, (SELECT r.begin FROM run r WHERE r.series = e.series AND"
        " r.number >= i.first AND (i.gone IS NULL OR r.number < i.gone) ORDER BY r.number DESC LIMIT 1), g.begin,"
        " e.series FROM interval i JOIN endpoint e ON e.number = i.endpoint JOIN run f ON f.number = i.first"
        " LEFT JOIN run g ON g.number = i.gone WHERE e.address = ?1"
        " ORDER BY e.series, i.protocol, i.low, i.first, i.high",
        error);
    if (statement == NULL)
        return false;
    bind_text(statement, 1, address);
    int step;
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
        struct history_interval *one = vector_add(history->arena, intervals);
        read_interval(history, statement, 0, &one->verdict);
        one->first_seen = column_text(history, statement, 12);
        one->last_seen = column_text(history, statement, 13);
        one->gone = column_text(history, statement, 14);
        one->series = column_text(history, statement, 15);
    }
    sqlite3_finalize(statement);
    return step == SQLITE_DONE || failed(history, error);
}
