// IAM's credential report: CSV.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "aws/documents/readers.h"
#include "base/clock.h"

// The next field of a line, unquoted in place; *at moves behind it. NULL at the end of the line.
static char *next_field(char **at)
{
    char *start = *at, *into = *at;
    if (start == NULL)
        return NULL;
    bool quoted = *start == '"';
    char *from = start + quoted;
    while (*from != '\0' && (quoted || *from != ',')) {
        if (quoted && from[0] == '"' && from[1] != '"') {
            from++;
            quoted = false;
            continue;
        }
        from += quoted && from[0] == '"';
        *into++ = *from++;
    }
    *at = *from == ',' ? from + 1 : NULL;
    *into = '\0';
    return start;
}

enum { MOST_COLUMNS = 64 };

static const char *column(char *const *names, char *const *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return fields[i];
    return NULL;
}

// A cell that holds a moment, or a word for none. Another text is a doubt: what it means is not known.
static const char *moment(struct reader *reader, const struct json_cursor *at, char *const *names, char *const *fields,
                          size_t count, const char *name, struct iam_credentials *of)
{
    static const char *const none[] = {"N/A", "no_information", "not_supported", NULL};
    const char *text = column(names, fields, count, name);
    int64_t seconds;
    if (text == NULL || text_among(text, none))
        return NULL;
    if (clock_parse_zone(text, &seconds))
        return arena_strdup(reader->arena, text);
    doubt_at(reader, at, "%s of %s is %s, expected a moment, N/A or no_information", name,
             column(names, fields, count, "user"), text[0] == '\0' ? "empty" : text);
    of->use_told = false;
    return NULL;
}

// A cell that says yes or no; whether root has a password is never told. A column that is not there tells nothing;
// another word is a doubt.
static enum told flag(struct reader *reader, const struct json_cursor *at, char *const *names, char *const *fields,
                      size_t count, const char *name)
{
    const char *word = column(names, fields, count, name);
    if (word == NULL || strcmp(word, "not_supported") == 0)
        return TOLD_NOTHING;
    if (strcmp(word, "true") == 0)
        return TOLD_YES;
    if (strcmp(word, "false") == 0)
        return TOLD_NO;
    doubt_at(reader, at, "%s of %s is %s, expected true or false", name, column(names, fields, count, "user"),
             word[0] == '\0' ? "empty" : word);
    return TOLD_NOTHING;
}

static size_t split(char *line, char **fields)
{
    size_t count = 0;
    char *field;
    while (count < MOST_COLUMNS && (field = next_field(&line)) != NULL)
        fields[count++] = field;
    return count;
}

static void read_key(struct reader *reader, const struct json_cursor *at, char *const *names, char *const *fields,
                     size_t count, int number, struct iam_credentials *of)
{
    struct iam_access_key *key = &of->keys[number - 1];
    char name[64];
    snprintf(name, sizeof(name), "access_key_%d_active", number);
    key->active = flag(reader, at, names, fields, count, name);
    snprintf(name, sizeof(name), "access_key_%d_last_rotated", number);
    key->last_rotated = moment(reader, at, names, fields, count, name, of);
    snprintf(name, sizeof(name), "access_key_%d_last_used_date", number);
    key->last_used = moment(reader, at, names, fields, count, name, of);
}

static bool same_credentials(const struct iam_credentials *a, const struct iam_credentials *b)
{
    bool same = a->use_told == b->use_told && text_same(a->created, b->created) &&
                text_same(a->password_last_used, b->password_last_used) &&
                text_same(a->password_changed, b->password_changed) && a->certificate == b->certificate &&
                a->password_enabled == b->password_enabled && a->mfa_active == b->mfa_active;
    for (int k = 0; k < 2; k++)
        same = same && a->keys[k].active == b->keys[k].active &&
               text_same(a->keys[k].last_rotated, b->keys[k].last_rotated) &&
               text_same(a->keys[k].last_used, b->keys[k].last_used);
    return same;
}

static void doubt_credentials(struct reader *reader, const struct json_cursor *at, struct account *account,
                              const char *text)
{
    reader->doubt = &account->credentials_doubt;
    doubt_at(reader, at, "%s", text);
    reader->doubt = NULL;
}

// A user of whom two rows tell otherwise is not known, whichever report is the later one.
static void compare_rows(struct reader *reader, const struct json_cursor *at, struct account *account, struct map *rows)
{
    for (size_t i = 0; i < account->credentials.count; i++) {
        const struct iam_credentials *one = &account->credentials.items[i], *other = map_get(rows, one->arn);
        if (other == NULL)
            map_put(reader->scratch, rows, one->arn, (void *)(uintptr_t)one);
        else if (!same_credentials(one, other))
            doubt_credentials(
                reader, at, account,
                arena_printf(reader->scratch, "tells of %s otherwise than %s", one->arn, other->evidence));
    }
}

// When the report was made: of two that say otherwise, neither is believed.
void note_report_made(struct reader *reader, const char *made)
{
    struct account *account = account_of(reader);
    if (account->report_made != NULL && strcmp(account->report_made, made) != 0 && account->credentials_doubt == NULL)
        account->credentials_doubt = arena_printf(reader->arena, "get-credential-report: one was made %s, another %s",
                                                  account->report_made, made);
    account->report_made = arena_strdup(reader->arena, made);
}

static void read_report(struct reader *reader, const struct json_cursor *at, char *csv)
{
    struct account *account = NULL;
    struct map known = {0};
    char *names[MOST_COLUMNS], *fields[MOST_COLUMNS], *rest = NULL;
    char *line = strtok_r(csv, "\r\n", &rest);
    size_t count = line == NULL ? 0 : split(line, names);
    for (size_t i = 0; i < count; i++)
        if (column(names, names, i, names[i]) != NULL)
            doubt_at(reader, at, "has column %s twice", names[i]);
    for (size_t row = 1; count > 0 && (line = strtok_r(NULL, "\r\n", &rest)) != NULL; row++) {
        if (split(line, fields) != count) {
            doubt_at(reader, at, "row %zu of the report does not have its %zu columns", row, count);
            continue;
        }
        account = account_by_arn(reader, column(names, fields, count, "arn"));
        struct iam_credentials *of = vector_add(reader->arena, &account->credentials);
        of->user = arena_strdup(reader->arena, column(names, fields, count, "user"));
        of->arn = arena_strdup(reader->arena, column(names, fields, count, "arn"));
        of->evidence = arena_printf(reader->arena, "%s#/Content (row %zu)", reader->name, row);
        of->created = moment(reader, at, names, fields, count, "user_creation_time", of);
        of->password_enabled = flag(reader, at, names, fields, count, "password_enabled");
        of->mfa_active = flag(reader, at, names, fields, count, "mfa_active");
        of->use_told = column(names, fields, count, "password_last_used") != NULL &&
                       column(names, fields, count, "access_key_1_last_used_date") != NULL &&
                       column(names, fields, count, "access_key_2_last_used_date") != NULL;
        of->password_last_used = moment(reader, at, names, fields, count, "password_last_used", of);
        of->password_changed = moment(reader, at, names, fields, count, "password_last_changed", of);
        for (int k = 0; k < 2; k++) {
            const char *active = column(names, fields, count, k == 0 ? "cert_1_active" : "cert_2_active");
            of->certificate = of->certificate || (active != NULL && strcmp(active, "true") == 0);
        }
        for (int k = 0; k < 2; k++)
            read_key(reader, at, names, fields, count, k + 1, of);
    }
    if (account == NULL)
        account = account_of(reader);
    compare_rows(reader, at, account, &known);
    account->has_credentials = true;
}

static const char report_head[] = "user,arn,";

// Base64, as the AWS CLI prints it, decoded into `csv`, which has room for it; false where it is none.
static bool decode_report(const char *text, char *csv)
{
    size_t length = strlen(text);
    int decoded = length % 4 != 0 || length > 1 << 28
                      ? -1
                      : EVP_DecodeBlock((unsigned char *)csv, (const unsigned char *)text, (int)length);
    if (decoded < 0)
        return false;
    for (size_t i = length; i > 0 && text[i - 1] == '=' && decoded > 0; i--)
        decoded--; // padding is decoded as zeros
    csv[decoded] = '\0';
    return text_is_utf8(csv, (size_t)decoded);
}

bool is_credential_report(const cJSON *content)
{
    char head[sizeof(report_head) + 8], first[13] = "";
    if (!cJSON_IsString(content))
        return false;
    memcpy(first, content->valuestring, strnlen(content->valuestring, 12)); // "user,arn,"
    return strncmp(content->valuestring, report_head, strlen(report_head)) == 0 ||
           (decode_report(first, head) && strncmp(head, report_head, strlen(report_head)) == 0);
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetCredentialReport.html
bool read_credential_report(struct reader *reader, const struct json_cursor *at, void *into)
{
    const char *text = at->node->valuestring; // is_credential_report
    char *csv = arena_alloc(reader->scratch, strlen(text) + 4);
    (void)into;
    if (strncmp(text, report_head, strlen(report_head)) == 0)
        strcpy(csv, text);
    else if (!decode_report(text, csv))
        return json_fail(at, reader->error, "is no base64 of CSV in UTF-8");
    read_report(reader, at, csv);
    return true;
}
