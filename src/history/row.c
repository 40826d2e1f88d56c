#include "history/store.h"

#include "base/clock.h"
#include "model/protocol.h"

enum { SHOWN = 64 };

bool row_fail(const struct store_row *row, const char *name, const char *value, const char *expected)
{
    return error_set(row->error, ERROR_USAGE, "%s: table %s, row %lld: %s: %.*s%s, expected %s", row->history->file,
                     row->table, (long long)row->number, name, SHOWN, value, strlen(value) > SHOWN ? "..." : "",
                     expected);
}

// A value for a message.
static const char *shown(const struct store_row *row, int column)
{
    const unsigned char *text = sqlite3_column_text(row->statement, column);
    switch (sqlite3_column_type(row->statement, column)) {
    case SQLITE_NULL:
        return "null";
    case SQLITE_BLOB:
        return "bytes";
    case SQLITE_TEXT:
        return arena_printf(row->history->arena, "\"%s\"", text == NULL ? "" : (const char *)text);
    default:
        return text == NULL ? "" : arena_strdup(row->history->arena, (const char *)text);
    }
}

bool row_optional_text(const struct store_row *row, int column, const char *name, const char **text)
{
    *text = NULL;
    if (sqlite3_column_type(row->statement, column) == SQLITE_NULL)
        return true;
    if (sqlite3_column_type(row->statement, column) != SQLITE_TEXT)
        return row_fail(row, name, shown(row, column), "a text");
    const char *there = (const char *)sqlite3_column_text(row->statement, column);
    size_t length = (size_t)sqlite3_column_bytes(row->statement, column);
    if (there == NULL || strlen(there) != length || !text_is_utf8(there, length))
        return row_fail(row, name, "a text that is no UTF-8 or holds a NUL", "a text");
    *text = arena_strndup(row->history->arena, there, length);
    return true;
}

bool row_text(const struct store_row *row, int column, const char *name, const char **text)
{
    GUARD(row_optional_text(row, column, name, text));
    return *text != NULL || row_fail(row, name, "null", "a text");
}

bool row_integer(const struct store_row *row, int column, const char *name, int64_t low, int64_t high, int64_t *value)
{
    *value = sqlite3_column_int64(row->statement, column);
    if (sqlite3_column_type(row->statement, column) == SQLITE_INTEGER && *value >= low && *value <= high)
        return true;
    return row_fail(row, name, shown(row, column),
                    arena_printf(row->history->arena, "an integer from %lld to %lld", (long long)low, (long long)high));
}

bool row_word(const struct store_row *row, int column, const char *name, const char *const *names, int *index)
{
    bool text = sqlite3_column_type(row->statement, column) == SQLITE_TEXT;
    const char *word = text ? (const char *)sqlite3_column_text(row->statement, column) : NULL;
    const char *expected = "";
    for (*index = 0; names[*index] != NULL; ++*index) {
        if (word != NULL && strcmp(word, names[*index]) == 0)
            return true;
        expected =
            arena_printf(row->history->arena, "%s%s%s", expected, *index == 0 ? "one of: " : ", ", names[*index]);
    }
    return row_fail(row, name, shown(row, column), expected);
}

bool row_moment(const struct store_row *row, int column, const char *name, const char **text)
{
    int64_t seconds;
    GUARD(row_text(row, column, name, text));
    return clock_parse(*text, &seconds) ||
           row_fail(row, name, shown(row, column), "a moment as 2026-11-25T01:02:03.000000Z");
}

bool row_sha256(const struct store_row *row, int column, const char *name, const char **text)
{
    enum { DIGITS = 64 };
    GUARD(row_text(row, column, name, text));
    return (strlen(*text) == DIGITS && strspn(*text, "0123456789abcdef") == DIGITS) ||
           row_fail(row, name, shown(row, column), "a SHA-256 of 64 hexadecimal digits");
}

const char *store_counts(struct arena *arena, const char *const *names, const size_t *counts)
{
    const char *text = "{";
    for (size_t i = 0; names[i] != NULL; i++)
        if (counts[i] > 0)
            text = arena_printf(arena, "%s%s\"%s\":%zu", text, text[1] == '\0' ? "" : ",", names[i], counts[i]);
    return arena_printf(arena, "%s}", text);
}

bool row_counts(const struct store_row *row, int column, const char *name, const char *const *names, size_t *counts)
{
    const char *text;
    struct error ignored;
    GUARD(row_text(row, column, name, &text));
    cJSON *root = json_parse(name, text, strlen(text), &ignored);
    struct json_cursor at = {.file = name, .node = root};
    bool good = cJSON_IsObject(root) && json_repeated_key(root) == NULL && json_expect_keys(&at, names, &ignored);
    for (size_t i = 0; names[i] != NULL && good; i++) {
        long count = 0;
        bool present;
        good = json_optional_integer(&at, names[i], 0, 1L << 50, &count, &present, &ignored);
        counts[i] = (size_t)count;
    }
    cJSON_Delete(root);
    return good || row_fail(row, name, shown(row, column), "ports by word, as in {\"confirmed\":2}");
}

// ---- A verdict's row

static bool read_endpoint(const struct store_row *row, int from, struct verdict *verdict)
{
    const char *address;
    GUARD(row_text(row, from, "address", &address));
    return (address_parse(address, &verdict->address) || row_fail(row, "address", shown(row, from), "an address")) &&
           row_optional_text(row, from + 1, "eni_id", &verdict->eni_id) &&
           row_optional_text(row, from + 2, "instance_id", &verdict->instance_id) &&
           row_optional_text(row, from + 3, "name", &verdict->name);
}

static bool read_place(const struct store_row *row, int from, struct verdict *verdict)
{
    const char *protocol;
    int64_t low, high;
    GUARD(row_text(row, from, "protocol", &protocol));
    if (!protocol_parse(protocol, &verdict->protocol) || verdict->protocol < 0)
        return row_fail(row, "protocol", shown(row, from), "a protocol as tcp, udp, icmp or a number to 255");
    GUARD(row_integer(row, from + 1, "low", 0, PORT_LAST, &low) &&
          row_integer(row, from + 2, "high", low, PORT_LAST, &high));
    verdict->low = (uint16_t)low;
    verdict->high = (uint16_t)high;
    return true;
}

bool row_interval(const struct history *history, sqlite3_stmt *statement, int from, struct verdict *verdict,
                  struct error *error)
{
    enum { ENDPOINT = 5 }; // columns before the interval's own
    struct store_row endpoint = {history, statement, "endpoint", sqlite3_column_int64(statement, from), error};
    struct store_row interval = {history, statement, "interval", sqlite3_column_int64(statement, from + ENDPOINT),
                                 error};
    int declared, observed, kind, intent, severity, at = from + ENDPOINT + 1;
    *verdict = (struct verdict){0};
    GUARD(read_endpoint(&endpoint, from + 1, verdict) && read_place(&interval, at, verdict) &&
          row_word(&interval, at + 3, "declared", declared_names, &declared) &&
          row_word(&interval, at + 4, "observed", observed_names, &observed) &&
          row_word(&interval, at + 5, "verdict", verdict_names, &kind) &&
          row_word(&interval, at + 6, "intent", intent_names, &intent) &&
          row_word(&interval, at + 7, "severity", severity_names, &severity));
    verdict->declared = (enum declared_state)declared;
    verdict->observed = (enum observed_state)observed;
    verdict->kind = (enum verdict_kind)kind;
    verdict->intent = (enum intent_state)intent;
    verdict->severity = (enum severity)severity;
    // Of what is expected and silent, nothing else is as severe (rules/intent/judge.h).
    verdict->outage = verdict->intent == INTENT_EXPECTED && verdict->severity <= SEVERITY_HIGH &&
                      verdict->kind != VERDICT_UNDECLARED && verdict->observed != OBSERVED_OPEN &&
                      verdict->observed != OBSERVED_UNKNOWN;
    return true;
}
