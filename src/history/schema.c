// The schema's versions. Words stand in it, never numbers of ours: it is read by people, by SQL and by versions to
// come.
#include <stdlib.h>

#include "history/store.h"

// "SGPR", as file(1) shows it: https://sqlite.org/pragma.html#pragma_application_id
enum { APPLICATION = 0x53475052 };

// What version 1 kept as numbers of its own enums, in their order.
#define OR_NUMBER(column) " ELSE CAST(" column " AS TEXT) END"
#define PROTOCOL_WORD                                                                                                  \
    "CASE protocol WHEN 1 THEN 'icmp' WHEN 6 THEN 'tcp' WHEN 17 THEN 'udp' WHEN 58 THEN 'icmpv6'" OR_NUMBER("protoco"  \
                                                                                                            "l")
#define DECLARED_WORD                                                                                                  \
    "CASE declared WHEN 0 THEN 'reachable' WHEN 1 THEN 'possible' WHEN 2 THEN 'inbound-only' WHEN 3 THEN "             \
    "'unreachable'" OR_NUMBER("declared")
#define OBSERVED_WORD                                                                                                  \
    "CASE observed WHEN 0 THEN 'open' WHEN 1 THEN 'closed' WHEN 2 THEN 'rejected' WHEN 3 THEN 'filtered' WHEN 4 THEN " \
    "'unknown'" OR_NUMBER("observed")
#define VERDICT_WORD                                                                                                   \
    "CASE verdict WHEN 0 THEN 'confirmed' WHEN 1 THEN 'latent' WHEN 2 THEN 'blocked' WHEN 3 THEN 'undeclared' WHEN 4 " \
    "THEN 'enforced' WHEN 5 THEN 'unconfirmed' WHEN 6 THEN 'unverified'" OR_NUMBER("verdict")
#define INTENT_WORD                                                                                                    \
    "CASE intent WHEN 0 THEN 'expected' WHEN 1 THEN 'forbidden' WHEN 2 THEN 'unspecified'" OR_NUMBER("intent")
#define SEVERITY_WORD                                                                                                  \
    "CASE severity WHEN 0 THEN 'critical' WHEN 1 THEN 'high' WHEN 2 THEN 'medium' WHEN 3 THEN 'low' WHEN 4 THEN "      \
    "'info'" OR_NUMBER("severity")

static bool words_of_counts(const struct history *history, struct error *error);

// Each brings the schema from its index to the next version. Never change one that was released: add another. A number
// that version 1 did not know stays as it is, for the reader of the row to refuse it.
static const struct {
    const char *sql;
    bool (*then)(const struct history *history, struct error *error); // what SQL does not do; or NULL
} migrations[] = {
    {"CREATE TABLE run (number INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, series TEXT NOT NULL, begin TEXT NOT "
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
     NULL},
    {"ALTER TABLE run ADD COLUMN tool_version TEXT;"
     "ALTER TABLE run ADD COLUMN derivation INTEGER;"
     "ALTER TABLE interval RENAME TO interval_of_numbers;"
     "DROP INDEX interval_of_endpoint;"
     "DROP INDEX interval_by_run;"
     "CREATE TABLE interval (number INTEGER PRIMARY KEY, endpoint INTEGER NOT NULL REFERENCES endpoint (number),"
     " protocol TEXT NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL, declared TEXT NOT NULL,"
     " observed TEXT NOT NULL, verdict TEXT NOT NULL, intent TEXT NOT NULL, severity TEXT NOT NULL,"
     " first INTEGER NOT NULL REFERENCES run (number), gone INTEGER REFERENCES run (number));"
     "INSERT INTO interval SELECT rowid, endpoint, " PROTOCOL_WORD ", low, high, " DECLARED_WORD ", " OBSERVED_WORD
     ", " VERDICT_WORD ", " INTENT_WORD ", " SEVERITY_WORD ", first, gone FROM interval_of_numbers;"
     "DROP TABLE interval_of_numbers;"
     "CREATE INDEX interval_of_endpoint ON interval (endpoint, gone);"
     "CREATE INDEX interval_by_run ON interval (first, gone);",
     words_of_counts},
};

enum { VERSION = sizeof(migrations) / sizeof(migrations[0]) };

// Tables that a version has, and some columns that tell them from others' tables of the same name.
static const struct {
    const char *table;
    const char *columns[8];
} parts[] = {{"run", {"number", "run_id", "series", "manifest_sha256", "by_verdict", "by_severity", NULL}},
             {"endpoint", {"number", "series", "address", "eni_id", "instance_id", NULL}},
             {"interval", {"endpoint", "declared", "observed", "verdict", "first", "gone", NULL}}};

enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

// ---- What a database is

// The one number that a query gives.
static bool number_of(const struct history *history, const char *sql, const char *about, int64_t *number,
                      struct error *error)
{
    bool row = false;
    sqlite3_stmt *statement = store_prepare(history, sql, error);
    if (statement == NULL)
        return false;
    store_bind_text(history, statement, 1, about);
    bool good = store_step(history, statement, &row, error);
    if (row)
        *number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return good && (row || error_set(error, ERROR_USAGE, "%s: no answer to %s", history->file, sql));
}

static bool version_of(const struct history *history, int64_t *version, struct error *error)
{
    return number_of(history, "PRAGMA user_version", NULL, version, error);
}

static bool is_foreign(const struct history *history, const char *why, struct error *error)
{
    return error_set(error, ERROR_USAGE,
                     "%s: is no history of sgproof (%s), and is left as it is: give --history another file",
                     history->file, why);
}

static bool has_columns(const struct history *history, struct error *error)
{
    static const char sql[] = "SELECT count(*) FROM sqlite_schema s, pragma_table_info(s.name) c WHERE s.type = 'table'"
                              " AND s.name || '.' || c.name = ?1";
    for (size_t i = 0; i < PARTS; i++)
        for (size_t c = 0; parts[i].columns[c] != NULL; c++) {
            int64_t count = 0;
            const char *column = arena_printf(history->arena, "%s.%s", parts[i].table, parts[i].columns[c]);
            GUARD(number_of(history, sql, column, &count, error));
            if (count != 1)
                return is_foreign(history, arena_printf(history->arena, "it has no column %s", column), error);
        }
    return true;
}

bool schema_is_ours(const struct history *history, struct error *error)
{
    int64_t version = 0, application = 0, tables = 0, strange = 0;
    GUARD(version_of(history, &version, error) &&
          number_of(history, "PRAGMA application_id", NULL, &application, error) &&
          number_of(history, "SELECT count(*) FROM sqlite_schema", NULL, &tables, error) &&
          number_of(history, "SELECT count(*) FROM sqlite_schema WHERE type IN ('trigger', 'view')", NULL, &strange,
                    error));
    if (tables == 0 && application == 0 && version == 0) // as SQLite takes an empty file, too
        return history->make ||
               error_set(error, ERROR_USAGE, "%s: is empty, there is no history in it; `run` makes it", history->file);
    if (application != APPLICATION && !(application == 0 && version == 1))
        return is_foreign(history,
                          arena_printf(history->arena, "its application_id is %lld, its user_version %lld",
                                       (long long)application, (long long)version),
                          error);
    if (version < 1)
        return is_foreign(history, arena_printf(history->arena, "its user_version is %lld", (long long)version), error);
    if (version > VERSION)
        return error_set(error, ERROR_USAGE,
                         "%s: is of version %lld, this program knows version %d: use the sgproof that wrote it, or a "
                         "newer one",
                         history->file, (long long)version, VERSION);
    if (strange > 0)
        return is_foreign(history, "it holds a trigger or a view", error);
    return has_columns(history, error);
}

// ---- Migrations

static void read_numbers(const char *text, size_t *counts, size_t count)
{
    char *end = NULL;
    for (size_t i = 0; i < count && text != NULL; i++, text = end)
        counts[i] = (size_t)strtoull(text, &end, 10);
}

// Version 1 kept "2 0 0 0 9 0 0": counts in the order of the enums.
static bool words_of_run(const struct history *history, int64_t number, const char *verdicts, const char *severities,
                         struct error *error)
{
    size_t by_verdict[VERDICT_KINDS] = {0}, by_severity[SEVERITIES] = {0};
    read_numbers(verdicts, by_verdict, VERDICT_KINDS);
    read_numbers(severities, by_severity, SEVERITIES);
    sqlite3_stmt *statement =
        store_prepare(history, "UPDATE run SET by_verdict = ?, by_severity = ? WHERE number = ?", error);
    if (statement == NULL)
        return false;
    store_bind_text(history, statement, 1, store_counts(history->arena, verdict_names, by_verdict));
    store_bind_text(history, statement, 2, store_counts(history->arena, severity_names, by_severity));
    sqlite3_bind_int64(statement, 3, number);
    return store_finish(history, statement, error);
}

static bool words_of_counts(const struct history *history, struct error *error)
{
    bool row = false;
    sqlite3_stmt *statement = store_prepare(history, "SELECT number, by_verdict, by_severity FROM run", error);
    bool good = statement != NULL;
    while (good && (good = store_step(history, statement, &row, error)) && row)
        good =
            words_of_run(history, sqlite3_column_int64(statement, 0), (const char *)sqlite3_column_text(statement, 1),
                         (const char *)sqlite3_column_text(statement, 2), error);
    sqlite3_finalize(statement);
    return good;
}

static bool migrate_once(const struct history *history, int64_t version, struct error *error)
{
    char mark[96];
    snprintf(mark, sizeof(mark), "PRAGMA user_version = %d; PRAGMA application_id = %d", (int)version + 1, APPLICATION);
    return store_execute(history, migrations[version].sql, error) &&
           (migrations[version].then == NULL || migrations[version].then(history, error)) &&
           store_execute(history, mark, error);
}

bool schema_open(const struct history *history, struct error *error)
{
    int64_t version = 0;
    struct error ignored;
    GUARD(schema_is_ours(history, error) && version_of(history, &version, error));
    if (version == VERSION)
        return true;
    GUARD(store_execute(history, "BEGIN IMMEDIATE", error));
    // Another process may have been faster.
    bool good = schema_is_ours(history, error) && version_of(history, &version, error);
    for (; good && version < VERSION; version++)
        good = migrate_once(history, version, error);
    if (good)
        return store_execute(history, "COMMIT", error);
    store_execute(history, "ROLLBACK", &ignored);
    return false;
}
