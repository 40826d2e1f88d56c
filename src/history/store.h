// The database below history: opening it, its schema, and statements. Only the files of this folder include it.
//
// A database is taken for ours by its application_id; one of before there was such a mark (version 1), by its tables.
// Rows are other people's bytes until they are checked: see struct store_row.
#pragma once

#include <sqlite3.h>

#include "history/history.h"

struct history {
    struct arena *arena;
    const char *file;
    bool make; // it may be begun
    sqlite3 *database;
    bool *unbound; // a text that the next statement is to have is not bound to it
};

// Brings the schema to the version of this program. False (ERROR_USAGE) where the database is another program's or a
// newer sgproof's, which is then left as it is.
bool schema_open(const struct history *history, struct error *error);
// Whether the database is empty or a history, by what it says of itself; writes nothing.
bool schema_is_ours(const struct history *history, struct error *error);

// What SQLite says went wrong; always false.
bool store_failed(const struct history *history, struct error *error);
bool store_execute(const struct history *history, const char *sql, struct error *error);
sqlite3_stmt *store_prepare(const struct history *history, const char *sql, struct error *error);
// Runs a statement that gives no rows, and frees it. NULL is a statement that could not be prepared.
bool store_finish(const struct history *history, sqlite3_stmt *statement, struct error *error);
// Steps to the next row; *row is false behind the last.
bool store_step(const struct history *history, sqlite3_stmt *statement, bool *row, struct error *error);
// NULL binds null. Where there is no memory for it, the statement's next step fails: without its text it would answer
// something else.
void store_bind_text(const struct history *history, sqlite3_stmt *statement, int place, const char *text);

// Ports by word, as in {"confirmed":2}: those that are not 0.
const char *store_counts(struct arena *arena, const char *const *names, const size_t *counts);

// One row that is being read. Each value is checked to be of its type and range; what is not fails with file, table,
// row and column.
struct store_row {
    const struct history *history;
    sqlite3_stmt *statement;
    const char *table;
    int64_t number; // rowid
    struct error *error;
};

bool row_text(const struct store_row *row, int column, const char *name, const char **text);
bool row_optional_text(const struct store_row *row, int column, const char *name, const char **text);
bool row_integer(const struct store_row *row, int column, const char *name, int64_t low, int64_t high, int64_t *value);
// One of `names`, which ends with NULL; *index is its place there.
bool row_word(const struct store_row *row, int column, const char *name, const char *const *names, int *index);
bool row_moment(const struct store_row *row, int column, const char *name, const char **text);
bool row_sha256(const struct store_row *row, int column, const char *name, const char **text);
bool row_counts(const struct store_row *row, int column, const char *name, const char *const *names, size_t *counts);
// A verdict of ROW_INTERVAL, whose first column is `from`: of the interval `i` and its endpoint `e`, both checked.
#define ROW_INTERVAL                                                                                                   \
    "e.number, e.address, e.eni_id, e.instance_id, e.name, i.number, i.protocol, i.low, i.high, i.declared, "          \
    "i.observed, i.verdict, i.intent, i.severity"
enum { ROW_INTERVAL_COLUMNS = 14 };
bool row_interval(const struct history *history, sqlite3_stmt *statement, int from, struct verdict *verdict,
                  struct error *error);
// The value is wrong: always false.
bool row_fail(const struct store_row *row, const char *name, const char *value, const char *expected);
