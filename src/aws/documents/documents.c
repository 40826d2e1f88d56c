#include "aws/documents/documents.h"

#include <stdlib.h>
#include <string.h>

#include "aws/documents/completeness.h"
#include "aws/documents/document.h"

static size_t skip_space(const char *bytes, size_t length, size_t at)
{
    while (at < length && strchr(" \t\r\n\x1e", bytes[at]) != NULL && bytes[at] != '\0') // RFC 7464's separator too
        at++;
    return at;
}

// What the first elements of an array show it to be: documents, or records of a kind.
static bool look_into_array(const char *bytes, size_t length, size_t at, const char **bare, bool *lists)
{
    enum { LOOKED_AT = 8 };
    bool documents = false;
    *bare = NULL;
    *lists = false;
    for (int i = 0; i < LOOKED_AT && !documents && *bare == NULL; i++) {
        size_t begin = skip_space(bytes, length, at), end = begin, wrong;
        struct error ignored;
        if (begin >= length || bytes[begin] == ']' || !json_skip(bytes, length, &end))
            break;
        cJSON *element = json_parse_slice(bytes + begin, end - begin, &wrong, &ignored);
        *bare = document_kind_of(element, false);
        documents = *bare == NULL && document_is(element);
        *lists = *lists || cJSON_IsArray(element);
        cJSON_Delete(element);
        at = skip_space(bytes, length, end);
        at += at < length && bytes[at] == ',';
    }
    return documents;
}

// Whether a file of an operation's answer, named as for one call of it, may hold another one's:
// "describe-load-balancers" is what `aws elb` and `aws elbv2` have alike.
static bool is_named_alike(const struct aws_call *named, const struct aws_call *other)
{
    return named == NULL || strncmp(other->file, named->file, strlen(named->file)) == 0;
}

// What an empty file or an error text was to hold, as far as it tells: that is missing then, whatever else is there. An
// operation that several services have, and a name that does not tell whose, may be of each.
static void note_denied(struct reader *reader, const char *bytes, size_t length)
{
    char head[512];
    size_t kept = length < sizeof(head) - 1 ? length : sizeof(head) - 1;
    memcpy(head, bytes, kept);
    head[kept] = '\0';
    const char *calling = strstr(head, "when calling the ");
    char operation[96] = "";
    if (calling != NULL)
        sscanf(calling, "when calling the %95[A-Za-z0-9]", operation);
    const struct aws_call *named = call_of_file(reader->name);
    const struct aws_call *call = operation[0] != '\0' ? call_of_operation(NULL, operation) : NULL;
    if (call == NULL || (named != NULL && strcmp(named->operation, operation) == 0))
        call = named;
    else
        named = NULL;
    if (call == NULL && length == 0)
        listing_begin(reader, KIND_COUNT)->empty = true;
    if (call == NULL || call->kind == KIND_COUNT)
        return;
    bool error = length > 0 && (bytes[0] == '{' || strstr(head, "error occurred") != NULL);
    const char *held = length == 0 ? "nothing" : error ? "an error" : "not what the call prints";
    const char *denied = arena_printf(reader->arena, "%s holds %s", reader->name, held);
    listing_begin(reader, call->kind)->denied = denied;
    for (size_t i = 0; i < aws_call_count; i++) {
        const struct aws_call *other = &aws_calls[i];
        if (other->kind == call->kind || other->kind == KIND_COUNT || other->file == NULL ||
            strcmp(other->operation, call->operation) != 0 || !is_named_alike(named, other))
            continue;
        struct listing *listing = listing_begin(reader, other->kind);
        listing->denied = denied;
        listing->perhaps = true;
    }
}

// Documents in an array, or a bare list. *at is then behind it, or at the end of the file.
static void read_array(struct file *file, size_t length, size_t *at)
{
    struct reader *reader = &file->reader;
    const char *bytes = file->bytes, *bare;
    size_t inner = *at + 1;
    bool lists, documents = look_into_array(bytes, length, inner, &bare, &lists);
    for (inner = skip_space(bytes, length, inner); documents && inner < length && bytes[inner] != ']';) {
        if (bytes[inner] == '{' ? !document_read(file, length, &inner) : !json_skip(bytes, length, &inner))
            break;
        inner = skip_space(bytes, length, inner);
        inner = skip_space(bytes, length, inner + (inner < length && bytes[inner] == ','));
    }
    if (!json_skip(bytes, length, at))
        *at = length;
    if (documents || file->last)
        return;
    if (bare == NULL) {
        const struct aws_call *named = call_of_file(reader->name);
        if (lists)
            document_ignore(reader, "is a list of lists, as --query makes them: save it without --query");
        else
            document_ignore(reader, "is a list, expected an object with a key such as %s: save it without --query",
                            named == NULL || named->key == NULL ? "NetworkInterfaces" : named->key);
        note_denied(reader, bytes + inner - 1, length - inner + 1);
        return;
    }
    const struct aws_call *call = call_of_key(bare);
    reader->listing = call == NULL ? NULL : listing_begin(reader, call->kind);
    doubt_document(reader, "", "is a list without a key that tells of what (%s?): save it without --query", bare);
}

static const char *what_instead(const char *bytes, size_t length)
{
    const unsigned char *in = (const unsigned char *)bytes;
    if (length >= 2 && in[0] == 0x1f && in[1] == 0x8b)
        return "is compressed by gzip: decompress it";
    for (size_t i = 0; i < length && i < 512; i++)
        if (in[i] < 0x20 && strchr("\t\r\n", in[i]) == NULL)
            return "is no JSON text: it holds control characters, as a terminal's pager leaves them (aws "
                   "--no-cli-pager)";
    for (size_t i = 0; i < length && i < 200; i++)
        if (in[i] == ':' && i > 0 && i + 1 < length && (in[i + 1] == '\n' || in[i + 1] == '\r'))
            return "looks like YAML: save it with --output json";
    return "is no JSON";
}

// Forms in which other tools hold what we know as documents.
static const char *what_form(const char *key)
{
    static const char *const config[] = {"configurationItems", "configurationItem", "resourceType", "fileVersion",
                                         NULL};
    static const char *const terraform[] = {"terraform_version", "format_version", NULL};
    return text_among(key, config)      ? " (as AWS Config has)"
           : text_among(key, terraform) ? " (as Terraform has: diff --terraform reads plans)"
           : strcmp(key, "rows") == 0   ? " (as Steampipe has)"
                                        : "";
}

static void read_values(struct file *file, size_t length)
{
    struct reader *reader = &file->reader;
    const char *bytes = file->bytes;
    size_t at = skip_space(bytes, length, 0);
    if (at == length) {
        if (!file->last) {
            document_ignore(reader, "is empty");
            note_denied(reader, bytes, 0);
        }
        return;
    }
    for (size_t values = 0; at < length; at = skip_space(bytes, length, at), values++) {
        if (bytes[at] == '{') {
            if (!document_read(file, length, &at))
                return;
        } else if (bytes[at] == '[') {
            read_array(file, length, &at);
        } else if (!file->last && values == 0) {
            document_ignore(reader, "%s", what_instead(bytes + at, length - at));
            note_denied(reader, bytes + at, length - at);
            return;
        } else {
            size_t line, column;
            json_line_of(bytes, at, &line, &column);
            reader->listing = NULL;
            if (!file->last)
                doubt_document(reader, "", "line %zu, column %zu: is no JSON, expected an object or the end", line,
                               column);
            return;
        }
    }
}

// Reads one file; gives whether it must be read again when all others are.
static bool read_file(struct documents *documents, struct reader *common, size_t number, bool last)
{
    struct file file = {.reader = *common, .number = number, .last = last};
    struct reader *reader = &file.reader;
    struct document_bytes bytes;
    char *converted;
    reader->name = intern(reader, documents->names[number]);
    reader->place = place_of_path(reader->arena, reader->name);
    if (!documents->opener->open(documents->opener->context, documents->names[number], &bytes, reader->error)) {
        if (reader->error->code == ERROR_INCOMPLETE)
            documents->estate->unreadable = arena_strdup(reader->arena, reader->error->message);
        if (!last)
            doubt_failure(reader);
        return false;
    }
    struct document_bytes text = text_decode(bytes, &converted);
    file.bytes = text.bytes;
    file.length = text.length;
    file.mapped = converted == NULL ? &bytes : NULL;
    size_t before = documents->estate->ignored.count, unread = documents->estate->unread.count;
    read_values(&file, text.length);
    free(converted);
    documents->opener->close(documents->opener->context, &bytes);
    if (!last && !file.used && file.unused != NULL && documents->estate->ignored.count == before) {
        static const char *const errors[] = {"Error", "__type", "message", "Message", "Code", NULL};
        document_ignore(reader, "holds no key of ours: %s%s", file.unused, what_form(file.unused));
        if (text_among(file.unused, errors))
            note_denied(reader, "{", 1);
    } else if (!last && file.unused != NULL) {
        *vector_add(reader->arena, &reader->estate->notes) =
            arena_printf(reader->arena, "%s: %s is not used", reader->name, file.unused);
    } else if (!last && !file.used && documents->estate->ignored.count == before &&
               documents->estate->unread.count == unread) {
        document_ignore(reader, "holds nothing");
        note_denied(reader, "", 0);
    }
    if (!file.used)
        document_lacks(&file);
    documents->used += !last && file.used;
    return file.later;
}

// A place of which nothing is read is a place all the same.
static void note_left_out(struct reader *reader, const struct document_files *files)
{
    for (size_t i = 0; i < files->left_out_count; i++) {
        reader->name = files->left_out[i].file;
        reader->place = place_of_path(reader->arena, arena_printf(reader->scratch, "%s/.", reader->name));
        listing_begin(reader, KIND_COUNT)->empty = true;
    }
}

bool documents_read(struct estate *estate, const struct document_opener *opener, const struct document_files *files,
                    struct error *error)
{
    struct documents documents = {.estate = estate, .opener = opener, .names = files->names};
    struct reader reader = {
        .estate = estate, .arena = estate->arena, .scratch = arena_new(), .documents = &documents, .error = error};
    VECTOR(uint32_t) later = {0};
    *error = (struct error){0};
    note_left_out(&reader, files);
    for (size_t i = 0; i < files->count; i++)
        if (read_file(&documents, &reader, i, false))
            *vector_add(estate->arena, &later) = (uint32_t)i;
    for (size_t i = 0; i < later.count; i++)
        read_file(&documents, &reader, later.items[i], true);
    documents_settle(&reader);
    arena_free(reader.scratch);
    return documents.used > 0;
}
