// Documents of calls while they are made. A list's elements are written one by one, and what is noted of them is noted
// then, so memory does not grow with answers or pages: what is large goes on in files beside where the document will
// be.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "aws/read/collector.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/memory.h"

enum { IN_MEMORY = 1 << 20 }; // bytes of a part

void document_begin(struct call *call)
{
    for (size_t i = 0; i < XML_LISTS; i++) {
        call->parts[i].text = (struct text){.secret = strcmp(call->what->service, "sts") == 0}; // a role's keys
        call->parts[i].writer = json_writer_to(&call->parts[i].text);
    }
}

static bool append(const char *path, const char *bytes, size_t length)
{
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666);
    bool good = file >= 0;
    while (good && length > 0) {
        ssize_t written = write(file, bytes, length);
        good = written >= 0 || errno == EINTR;
        bytes += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    int why = errno;
    good = (file < 0 || close(file) == 0) && good;
    errno = good ? errno : why;
    return good;
}

// What of a part is in memory goes to its file.
static bool put_aside(struct call *call, size_t which)
{
    struct collector *collector = call->collector;
    struct part *part = &call->parts[which];
    if (part->file == NULL) {
        char *path = arena_printf(collector->arena, "%s/%s.part%zu", collector->folder, call->file, which);
        if (!file_make_parents(path, collector->error))
            return false;
        unlink(path);
        part->file = path;
    }
    if (!append(part->file, part->text.bytes, part->text.length))
        return error_system(collector->error, ERROR_INCOMPLETE, errno, "%s: cannot be written", part->file);
    part->text.length = 0;
    return true;
}

static void put_aside_if_large(struct call *call, size_t which)
{
    struct collector *collector = call->collector;
    if (call->parts[which].text.length < IN_MEMORY || call->file == NULL || call->followed || collector->failed ||
        !file_is_inside(call->file))
        return;
    collector->failed = !put_aside(call, which);
}

// What of a part was written since it had `from` bytes.
static void look_at(struct call *call, size_t which, size_t from)
{
    const struct text *text = &call->parts[which].text;
    call->bytes += text->length - from;
    if (call->file == NULL || text->length == from)
        return;
    references_note(call, text->bytes + from);
    if (call->elsewhere == NULL)
        call->elsewhere = call_elsewhere(call, text->bytes + from);
    if (call->elsewhere == NULL)
        call->elsewhere = call_of_another(call, text->bytes + from);
    put_aside_if_large(call, which);
}

static void take_element(void *context, size_t list, const struct xml_node *xml, const cJSON *json)
{
    struct call *call = context;
    struct part *part = &call->parts[list];
    size_t from = part->text.length;
    call->records += list == 0;
    const char *wrong = model_element_wrong(call->collector->model, &call->operation, list, xml, json);
    if (wrong != NULL)
        call->wrong = wrong;
    model_put_element(call->collector->model, &call->operation, list, xml, json, &part->writer);
    look_at(call, list, from);
}

bool document_add(struct call *call, const struct page *page)
{
    const struct operation *of = &call->operation;
    struct json_writer *first = &call->parts[0].writer;
    if (first->depth == 0) {
        json_open(first, NULL, '{');
        if (of->holder[0] != '\0')
            json_open(first, of->holder, '{');
        for (size_t i = 0; i < of->list_count; i++)
            json_open(&call->parts[i].writer, i == 0 ? of->lists[0] : NULL, '[');
    }
    if (of->list_count > 0)
        return page_each(page, take_element, call);
    size_t from = call->parts[0].text.length;
    model_put_output(call->collector->model, of, *page, first);
    look_at(call, 0, from);
    return true;
}

// Adds what of a list is in a file to the document, piece by piece.
static bool add_file(struct call *call, const char *path)
{
    char *bytes = memory_take(IN_MEMORY);
    FILE *from = fopen(path, "rbe");
    bool good = from != NULL;
    for (size_t got; good && (got = fread(bytes, 1, IN_MEMORY, from)) > 0;) {
        text_add(&call->parts[0].text, bytes, got);
        good = put_aside(call, 0);
    }
    good = good && !ferror(from);
    if (from != NULL)
        fclose(from);
    free(bytes);
    unlink(path);
    return good || error_system(call->collector->error, ERROR_INCOMPLETE, errno, "%s: cannot be read", path);
}

void document_end(struct call *call)
{
    const struct operation *of = &call->operation;
    struct json_writer *first = &call->parts[0].writer;
    if (of->list_count > 0)
        json_close(first, ']');
    for (size_t i = 1; i < of->list_count; i++) {
        struct part *part = &call->parts[i];
        json_close(&part->writer, ']');
        json_put_made(first, of->lists[i], &(struct text){.bytes = ""}); // its key
        if (part->file != NULL && !call->collector->failed)
            call->collector->failed = !add_file(call, part->file);
        text_add(&call->parts[0].text, part->text.bytes, part->text.length);
        text_free(&part->text);
    }
    if (of->holder[0] != '\0')
        json_close(first, '}');
    json_close(first, '}');
    json_end_document(first);
}

// Puts a document whose beginning is in a file in its place, for good.
static bool finish_file(struct call *call, const char *path, char hash[DIGEST_TEXT])
{
    struct part *part = &call->parts[0];
    struct error *error = call->collector->error;
    size_t bytes;
    GUARD(put_aside(call, 0) && file_digest(part->file, &bytes, hash, error));
    int file = open(part->file, O_RDONLY | O_CLOEXEC);
    bool good = file >= 0 && fsync(file) == 0 && rename(part->file, path) == 0;
    int why = errno;
    if (file >= 0)
        close(file);
    if (good)
        part->file = NULL;
    return good || error_system(error, ERROR_INCOMPLETE, why, "%s: cannot be written", path);
}

bool document_write(struct call *call)
{
    struct collector *collector = call->collector;
    const struct text *text = &call->parts[0].text;
    const char *path = arena_printf(collector->arena, "%s/%s", collector->folder, call->file);
    char *hash = arena_alloc(collector->arena, DIGEST_TEXT);
    if (collector->failed)
        return false;
    if (call->parts[0].file == NULL)
        digest_sha256(text->bytes, text->length, hash);
    bool good = call->parts[0].file != NULL ? finish_file(call, path, hash)
                                            : file_make_parents(path, collector->error) &&
                                                  file_write(path, text->bytes, text->length, collector->error);
    call->sha256 = hash;
    collector->collected->files += good;
    return good;
}

cJSON *document_parse(const struct call *call)
{
    struct error ignored;
    const struct text *text = &call->parts[0].text;
    if (!call->followed) // that it is there is all
        return json_parse("answer", "{}", 2, &ignored);
    return json_parse("answer", text->bytes, text->length, &ignored);
}

void document_forget(struct call *call)
{
    for (size_t i = 0; i < XML_LISTS; i++) {
        struct part *part = &call->parts[i];
        if (part->file != NULL)
            unlink(part->file);
        part->file = NULL;
        if (part->text.secret)
            text_wipe(&part->text);
        text_free(&part->text); // unwritten room beyond its end is not touched
    }
}
