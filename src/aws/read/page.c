#include "aws/read/page.h"

#include <string.h>

#include "base/json.h"
#include "base/pages.h"

static struct xml_taking taking_of(const struct page *page)
{
    struct xml_taking taking = {.holder = "", .mapped = page->mapped};
    if (page->lists != NULL) {
        taking.holder = page->lists->holder;
        taking.count = page->lists->count;
        memcpy(taking.lists, page->lists->names, sizeof(taking.lists));
    }
    return taking;
}

bool page_read_xml(struct arena *arena, struct page *page, struct error *error)
{
    struct xml_taking taking = taking_of(page);
    page->xml = xml_parse(arena, page->bytes, page->length, &taking, error);
    return page->xml != NULL;
}

struct taker {
    page_take take;
    void *context;
};

static void take_xml(void *context, size_t list, const struct xml_node *item)
{
    const struct taker *taker = context;
    taker->take(taker->context, list, item, NULL);
}

// ---- JSON: its object is gone through member by member, so that a list's elements are parsed alone.

// An element of a list may be so long, as it is in memory several times, what stands beside lists too; and so many
// values may be in either.
enum { MOST_BYTES = 16 << 20, MOST_VALUES = 1000000, FORGOTTEN = 1 << 20 };

struct walk {
    const struct page *page;
    size_t at;
    size_t forgotten; // bytes that were given back
    bool seen[XML_LISTS];
    size_t items;
    struct text beside; // the object without the elements, being made; or
    const struct taker *taker;
    struct error *error;
};

static bool wrong(const struct walk *walk, const char *what)
{
    size_t line, column;
    json_line_of(walk->page->bytes, walk->at, &line, &column);
    return error_set(walk->error, ERROR_INCOMPLETE, "answer:%zu:%zu: %s", line, column, what);
}

// The next byte that is no space, or 0 at the end.
static char next_byte(struct walk *walk)
{
    const struct page *page = walk->page;
    while (walk->at < page->length && strchr(" \t\r\n", page->bytes[walk->at]) != NULL && page->bytes[walk->at] != '\0')
        walk->at++;
    return walk->at < page->length ? page->bytes[walk->at] : '\0';
}

static bool expect_byte(struct walk *walk, char byte, const char *what)
{
    if (next_byte(walk) != byte)
        return wrong(walk, what);
    walk->at++;
    return true;
}

// At most so many values: each comma is followed by one, and each bracket by one or none.
static bool is_much(const char *bytes, size_t length)
{
    size_t count = 1;
    for (size_t i = 0; i < length; i++)
        count += bytes[i] == ',' || bytes[i] == '[' || bytes[i] == '{';
    return length > MOST_BYTES || count > MOST_VALUES;
}

// Takes one value as it stands.
static bool take_slice(struct walk *walk, const char **slice, size_t *length)
{
    next_byte(walk);
    size_t start = walk->at;
    if (!json_skip(walk->page->bytes, walk->page->length, &walk->at))
        return wrong(walk, "a value that does not end");
    *slice = walk->page->bytes + start;
    *length = walk->at - start;
    return !is_much(*slice, *length) || wrong(walk, "more values than any answer has");
}

static void forget(struct walk *walk)
{
    if (!walk->page->mapped || walk->at - walk->forgotten < FORGOTTEN)
        return;
    pages_forget(walk->page->bytes + walk->forgotten, walk->at - walk->forgotten);
    walk->forgotten = walk->at;
}

static bool visit_element(struct walk *walk, size_t list)
{
    const char *slice;
    size_t length;
    if (++walk->items > XML_ITEMS)
        return wrong(walk, "more elements than any answer has");
    GUARD(take_slice(walk, &slice, &length));
    cJSON *element = json_parse("answer, in a list", slice, length, walk->error);
    if (element == NULL)
        return false;
    if (walk->taker != NULL)
        walk->taker->take(walk->taker->context, list, NULL, element);
    json_wipe(element);
    forget(walk);
    return true;
}

static bool visit_list(struct walk *walk, size_t list)
{
    if (walk->seen[list])
        return wrong(walk, "one of its lists is there twice");
    walk->seen[list] = true;
    walk->at++;
    if (next_byte(walk) == ']') {
        walk->at++;
        return true;
    }
    for (;;) {
        GUARD(visit_element(walk, list));
        if (next_byte(walk) == ']') {
            walk->at++;
            return true;
        }
        GUARD(expect_byte(walk, ',', "not valid JSON: expected , or ]"));
    }
}

// The list that a key, with its quotes, is the name of; XML_LISTS where none.
static size_t list_of(const struct page *page, const char *key, size_t length)
{
    struct error ignored;
    cJSON *name = json_parse("key", key, length, &ignored);
    size_t found = XML_LISTS;
    for (size_t i = 0; page->lists != NULL && name != NULL && i < page->lists->count; i++)
        if (strcmp(page->lists->names[i], name->valuestring) == 0)
            found = i;
    cJSON_Delete(name);
    return found;
}

static bool visit_member(struct walk *walk)
{
    const char *slice;
    size_t length;
    if (next_byte(walk) != '"')
        return wrong(walk, "not valid JSON: expected a key in quotes");
    GUARD(take_slice(walk, &slice, &length));
    size_t list = list_of(walk->page, slice, length);
    text_add(&walk->beside, slice, length);
    text_puts(&walk->beside, ":");
    GUARD(expect_byte(walk, ':', "not valid JSON: expected :"));
    if (next_byte(walk) == '[' && list < XML_LISTS) {
        text_puts(&walk->beside, "[]");
        return visit_list(walk, list);
    }
    GUARD(take_slice(walk, &slice, &length));
    if (walk->beside.length + length > MOST_BYTES)
        return wrong(walk, "more than any answer has");
    text_add(&walk->beside, slice, length);
    return true;
}

static bool visit_object(struct walk *walk)
{
    walk->at++;
    text_puts(&walk->beside, "{");
    if (next_byte(walk) == '}') {
        walk->at++;
    } else {
        for (;;) {
            GUARD(visit_member(walk));
            if (next_byte(walk) == '}') {
                walk->at++;
                break;
            }
            GUARD(expect_byte(walk, ',', "not valid JSON: expected , or }"));
            text_puts(&walk->beside, ",");
        }
    }
    text_puts(&walk->beside, "}");
    return next_byte(walk) == '\0' && walk->at == walk->page->length
               ? true
               : wrong(walk, "text after the end of the JSON value");
}

cJSON *page_read_json(const struct page *page, struct error *error)
{
    struct walk walk = {.page = page, .beside = {.secret = true}, .error = error};
    cJSON *json = NULL;
    if (next_byte(&walk) == '{') {
        if (visit_object(&walk))
            json = json_parse("answer", walk.beside.bytes, walk.beside.length, error);
    } else if (is_much(page->bytes, page->length)) {
        wrong(&walk, "more values than any answer has");
    } else {
        json = json_parse("answer", page->bytes, page->length, error);
    }
    text_wipe(&walk.beside);
    return json;
}

bool page_each(const struct page *page, page_take take, void *context)
{
    struct error ignored = {0};
    struct taker taker = {take, context};
    bool good = true;
    if (page->lists == NULL || page->lists->count == 0)
        return true;
    if (page->xml != NULL) {
        struct arena *arena = arena_new();
        struct xml_taking taking = taking_of(page);
        taking.take = take_xml;
        taking.context = &taker;
        good = xml_parse(arena, page->bytes, page->length, &taking, &ignored) != NULL;
        arena_free(arena);
    } else {
        struct walk walk = {.page = page, .taker = &taker, .error = &ignored};
        good = next_byte(&walk) == '{' && visit_object(&walk);
        text_wipe(&walk.beside);
    }
    return good;
}
