#include "history/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_target.h"

enum { PATIENCE_MS = 30000, STEP_MS = 50, LONGEST_VALUE = 16 * 1024 * 1024 };

bool store_failed(const struct history *history, struct error *error)
{
    return error_set(error, ERROR_INCOMPLETE, "%s: %s", history->file, sqlite3_errmsg(history->database));
}

bool store_execute(const struct history *history, const char *sql, struct error *error)
{
    return sqlite3_exec(history->database, sql, NULL, NULL, NULL) == SQLITE_OK || store_failed(history, error);
}

sqlite3_stmt *store_prepare(const struct history *history, const char *sql, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(history->database, sql, -1, &statement, NULL) != SQLITE_OK)
        store_failed(history, error);
    return statement;
}

bool store_finish(const struct history *history, sqlite3_stmt *statement, struct error *error)
{
    bool row = false;
    bool good = statement != NULL && store_step(history, statement, &row, error);
    if (good && row)
        good = store_failed(history, error);
    sqlite3_finalize(statement);
    return good;
}

bool store_step(const struct history *history, sqlite3_stmt *statement, bool *row, struct error *error)
{
    if (*history->unbound) {
        *history->unbound = false;
        *row = false;
        return error_set(error, ERROR_INCOMPLETE, "%s: out of memory", history->file);
    }
    int step = sqlite3_step(statement);
    *row = step == SQLITE_ROW;
    return *row || step == SQLITE_DONE || store_failed(history, error);
}

void store_bind_text(const struct history *history, sqlite3_stmt *statement, int place, const char *text)
{
    int code = text == NULL ? sqlite3_bind_null(statement, place)
                            : sqlite3_bind_text(statement, place, text, -1, SQLITE_TRANSIENT);
    *history->unbound = *history->unbound || code == SQLITE_NOMEM || code == SQLITE_TOOBIG;
}

// ---- Opening

// SQLite does not wait for others where it changes the journal or opens a file that another process is closing.
static bool try_patiently(const struct history *history,
                          bool (*what)(const struct history *history, struct error *error), struct error *error)
{
    for (int waited = 0; !what(history, error); waited += STEP_MS) {
        int code = sqlite3_errcode(history->database) & 0xff;
        if ((code != SQLITE_BUSY && code != SQLITE_LOCKED) || waited >= PATIENCE_MS)
            return false;
        sqlite3_sleep(STEP_MS);
    }
    return true;
}

static bool use_wal(const struct history *history, struct error *error)
{
    return store_execute(history, "PRAGMA journal_mode = WAL", error);
}

// Nothing that stands in the file is run: no function in its schema, no trigger, no view.
static bool distrust(const struct history *history, struct error *error)
{
    sqlite3_limit(history->database, SQLITE_LIMIT_LENGTH, LONGEST_VALUE);
    if (sqlite3_db_config(history->database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK ||
        sqlite3_db_config(history->database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL) != SQLITE_OK ||
        sqlite3_db_config(history->database, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL) != SQLITE_OK)
        return store_failed(history, error);
    return store_execute(history, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON", error);
}

// SQLite would make the file readable for all that the umask lets read; -wal and -shm get the file's own mode.
static bool make_file(const char *file, struct error *error)
{
    GUARD(file_make_parents(file, error));
    int descriptor = open(file, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (descriptor >= 0)
        close(descriptor);
    return descriptor >= 0 || errno == EEXIST || error_system(error, ERROR_USAGE, errno, "%s: cannot be made", file);
}

// SQLite follows links, and those of the files that it makes beside.
static bool is_not_planted(const char *file, struct error *error)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        struct stat about;
        struct file_target target;
        int length = snprintf(path, sizeof(path), "%s%s", file, endings[i]);
        if (length >= (int)sizeof(path) || lstat(path, &about) != 0 || !S_ISLNK(about.st_mode))
            continue;
        GUARD(file_target_find(path, &target, error));
        file_target_leave(&target);
    }
    return true;
}

static bool find_file(const char *file, bool make, struct error *error)
{
    struct stat about;
    GUARD(is_not_planted(file, error));
    if (stat(file, &about) != 0) {
        if (!make)
            return error_set(error, ERROR_USAGE, "%s: there is no history; `run` makes it", file);
        GUARD(make_file(file, error));
        if (stat(file, &about) != 0)
            return error_system(error, ERROR_USAGE, errno, "%s: cannot be opened", file);
    }
    return S_ISREG(about.st_mode) || error_set(error, ERROR_USAGE, "%s: is no regular file, expected a history", file);
}

struct history *history_open(struct arena *arena, const char *file, bool make, struct error *error)
{
    struct history *history = arena_new_of(arena, struct history);
    *history = (struct history){
        .arena = arena, .file = arena_strdup(arena, file), .make = make, .unbound = arena_array(arena, bool, 1)};
    if (!find_file(file, make, error)) {
        error->code = ERROR_USAGE;
        return NULL;
    }
    bool good = sqlite3_open_v2(file, &history->database, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK;
    if (!good)
        error_set(error, ERROR_INCOMPLETE, "%s: %s", file,
                  history->database == NULL ? "cannot be opened" : sqlite3_errmsg(history->database));
    if (good) // without memory there may be none
        sqlite3_busy_timeout(history->database, PATIENCE_MS);
    good = good && distrust(history, error) && try_patiently(history, schema_is_ours, error) &&
           try_patiently(history, use_wal, error) && store_execute(history, "PRAGMA synchronous = FULL", error) &&
           schema_open(history, error) && store_execute(history, "PRAGMA foreign_keys = ON", error);
    if (good)
        return history;
    error->code = ERROR_USAGE;
    sqlite3_close(history->database);
    return NULL;
}

// The first row of a check, waiting while others write; *step is what came of it, with the error filled where that is
// neither a row nor the end.
static sqlite3_stmt *check(const struct history *history, const char *pragma, int *step, struct error *error)
{
    sqlite3_stmt *statement = store_prepare(history, pragma, error);
    int waited = 0;
    *step = SQLITE_ERROR;
    while (statement != NULL && (*step = sqlite3_step(statement)) == SQLITE_BUSY && waited < PATIENCE_MS) {
        sqlite3_reset(statement);
        waited += sqlite3_sleep(STEP_MS);
    }
    if (statement != NULL && *step != SQLITE_ROW && *step != SQLITE_DONE)
        store_failed(history, error);
    return statement;
}

// Whether its pages are whole.
static bool is_whole(const struct history *history, struct error *error)
{
    int step;
    sqlite3_stmt *statement = check(history, "PRAGMA quick_check(1)", &step, error);
    const char *said = step == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    bool good = step == SQLITE_ROW && said != NULL && strcmp(said, "ok") == 0;
    if (step == SQLITE_ROW && !good)
        error_set(error, ERROR_USAGE, "%s: is damaged: %s", history->file, said == NULL ? "" : said);
    sqlite3_finalize(statement);
    return good;
}

// Whether each row that others refer to is there: a verdict of no endpoint would not be missed.
static bool is_linked(const struct history *history, struct error *error)
{
    int step;
    sqlite3_stmt *statement = check(history, "PRAGMA foreign_key_check", &step, error);
    if (step == SQLITE_ROW) {
        const char *table = (const char *)sqlite3_column_text(statement, 0),
                   *to = (const char *)sqlite3_column_text(statement, 2);
        error_set(error, ERROR_USAGE,
                  "%s: is damaged: table %s, row %lld: refers to a row of table %s that is not there", history->file,
                  table == NULL ? "" : table, (long long)sqlite3_column_int64(statement, 1), to == NULL ? "" : to);
    }
    sqlite3_finalize(statement);
    return step == SQLITE_DONE;
}

bool history_is_sound(struct history *history, struct error *error)
{
    if (is_whole(history, error) && is_linked(history, error))
        return true;
    error->code = ERROR_USAGE;
    return false;
}

void history_close(struct history *history)
{
    if (history != NULL)
        sqlite3_close(history->database);
}
