#include "aws/read/model.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "aws_models.h"
#include "base/clock.h"
#include "base/http.h"
#include "base/memory.h"

struct model {
    cJSON *root;
};

struct model *model_new(void)
{
    struct model *model = memory_take_zeroed(1, sizeof(*model));
    struct error error;
    model->root = json_parse("models.json", aws_models, sizeof(aws_models) - 1, &error);
    if (model->root == NULL) {
        fputs("sgproof: the service models cannot be read\n", stderr);
        abort(); // they are part of the program
    }
    return model;
}

void model_free(struct model *model)
{
    if (model != NULL)
        cJSON_Delete(model->root);
    free(model);
}

static const cJSON *get(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static const char *text_at(const cJSON *object, const char *key)
{
    return get(object, key)->valuestring;
}

struct operation model_operation(const struct model *model, const char *service, const char *name)
{
    const cJSON *of = get(model->root, service), *one = get(get(of, "operations"), name), *list;
    struct operation operation = {
        .service = service,
        .name = name,
        .version = text_at(of, "version"),
        .target = text_at(of, "target"),
        .prefix = text_at(of, "prefix"),
        .speaks_json = strstr(text_at(of, "protocol"), "json") != NULL,
        .path = cJSON_GetStringValue(get(one, "path")),
        .holder = cJSON_HasObjectItem(one, "holder") ? text_at(one, "holder") : "",
        .output = text_at(one, "output"),
        .wrapper = text_at(one, "wrapper"),
        .token = text_at(one, "token"),
        .next = text_at(one, "next"),
        .more = cJSON_HasObjectItem(one, "more") ? text_at(one, "more") : "",
        .limit = text_at(one, "limit"),
        .most = get(one, "most")->valueint,
    };
    cJSON_ArrayForEach (list, get(one, "lists"))
        operation.lists[operation.list_count++] = list->valuestring;
    return operation;
}

const struct xml_node *model_output(const struct operation *operation, const struct xml_node *root)
{
    size_t length = strlen(operation->name);
    if (root != NULL && operation->holder[0] != '\0')
        return strcmp(root->name, operation->holder) == 0 ? root : NULL;
    if (root == NULL || strncmp(root->name, operation->name, length) != 0 ||
        strcmp(root->name + length, "Response") != 0)
        return NULL;
    return operation->wrapper[0] == '\0' ? root : xml_child(root, operation->wrapper);
}

// 2026-11-25T01:02:03.000Z as the CLI prints it: 2026-11-25T01:02:03+00:00, with microseconds where there are any.
static void put_timestamp(struct json_writer *writer, const char *key, const char *text)
{
    char moment[40], fraction[8] = "";
    size_t length = strcspn(text, ".Z");
    if (length < 19 || length >= sizeof(moment)) {
        json_put_string(writer, key, text);
        return;
    }
    memcpy(moment, text, length);
    moment[length] = '\0';
    if (text[length] == '.') {
        size_t digits = strspn(text + length + 1, "0123456789");
        memset(fraction, '0', 6);
        memcpy(fraction, text + length + 1, digits < 6 ? digits : 6);
        fraction[6] = '\0';
    }
    bool any = strspn(fraction, "0") < strlen(fraction);
    char whole[64];
    snprintf(whole, sizeof(whole), "%s%s%s%s", moment, any ? "." : "", any ? fraction : "",
             strpbrk(moment + 10, "+-") == NULL ? "+00:00" : "");
    json_put_string(writer, key, whole);
}

// What IAM answers URL-encoded, the CLI prints as the JSON that it is; what is none, as it came.
static void put_policy(struct json_writer *writer, const char *key, const char *text)
{
    size_t length;
    struct error ignored;
    char *decoded = http_unescape(text, &length);
    cJSON *policy = decoded == NULL ? NULL : json_parse("policy", decoded, length, &ignored);
    if (policy == NULL)
        json_put_string(writer, key, text);
    else
        json_put_value(writer, key, policy);
    cJSON_Delete(policy);
    free(decoded);
}

static void put_scalar(struct json_writer *writer, const char *key, const char *type, const char *text)
{
    if (strcmp(type, "boolean") == 0)
        json_put_boolean(writer, key, strcmp(text, "true") == 0);
    else if (strcmp(type, "integer") == 0)
        json_put_integer(writer, key, strtoll(text, NULL, 10));
    else if (strcmp(type, "number") == 0 && isfinite(strtod(text, NULL)))
        json_put_number(writer, key, strtod(text, NULL));
    else if (strcmp(type, "timestamp") == 0)
        put_timestamp(writer, key, text);
    else if (strcmp(type, "policy") == 0)
        put_policy(writer, key, text);
    else
        json_put_string(writer, key, text);
}

// ---- Answers in XML

static void put_xml(const cJSON *shapes, struct json_writer *writer, const char *key, const char *name,
                    const struct xml_node *node);

static const char *item_text(const cJSON *shape, int index)
{
    return cJSON_GetArrayItem(shape, index)->valuestring;
}

static void put_xml_members(const cJSON *shapes, struct json_writer *writer, const cJSON *members,
                            const struct xml_node *node, const char *but)
{
    const cJSON *member;
    cJSON_ArrayForEach (member, members) {
        const struct xml_node *child = xml_child(node, item_text(member, 0));
        if (child != NULL && strcmp(member->string, but) != 0)
            put_xml(shapes, writer, member->string, item_text(member, 1), child);
    }
}

// Each child is an item, whatever its name: so does botocore, and no record is passed over.
static void put_xml_items(const cJSON *shapes, struct json_writer *writer, const cJSON *list,
                          const struct xml_node *node)
{
    for (size_t i = 0; i < node->children.count; i++)
        put_xml(shapes, writer, NULL, item_text(list, 2), node->children.items[i]);
}

// <entry><key>Users</key><value>3</value></entry>...
static void put_xml_entries(const cJSON *shapes, struct json_writer *writer, const cJSON *map,
                            const struct xml_node *node)
{
    for (size_t i = 0; i < node->children.count; i++) {
        const char *key = xml_text(node->children.items[i], item_text(map, 1));
        const struct xml_node *value = xml_child(node->children.items[i], item_text(map, 2));
        if (key != NULL && value != NULL)
            put_xml(shapes, writer, key, item_text(map, 3), value);
    }
}

static void put_xml(const cJSON *shapes, struct json_writer *writer, const char *key, const char *name,
                    const struct xml_node *node)
{
    const cJSON *shape = get(shapes, name);
    if (shape == NULL) {
        put_scalar(writer, key, name, node->text);
        return;
    }
    char kind = item_text(shape, 0)[0];
    json_open(writer, key, kind == 'l' ? '[' : '{');
    if (kind == 's')
        put_xml_members(shapes, writer, cJSON_GetArrayItem(shape, 1), node, "");
    else if (kind == 'l')
        put_xml_items(shapes, writer, shape, node);
    else
        put_xml_entries(shapes, writer, shape, node);
    json_close(writer, kind == 'l' ? ']' : '}');
}

// ---- Answers in JSON, which are what the CLI prints but for their times

static void put_json(const cJSON *shapes, struct json_writer *writer, const char *key, const char *name,
                     const cJSON *node);

static void put_json_members(const cJSON *shapes, struct json_writer *writer, const cJSON *members, const cJSON *node,
                             const char *but)
{
    const cJSON *member;
    cJSON_ArrayForEach (member, members) {
        const cJSON *child = get(node, item_text(member, 0));
        if (child != NULL && !cJSON_IsNull(child) && strcmp(member->string, but) != 0)
            put_json(shapes, writer, member->string, item_text(member, 1), child);
    }
}

static void put_json_items(const cJSON *shapes, struct json_writer *writer, const char *shape, const cJSON *node)
{
    const cJSON *one;
    cJSON_ArrayForEach (one, node)
        put_json(shapes, writer, one->string, shape, one);
}

// Seconds since 1970, up to the year 9999; another number is printed as it came.
static bool is_moment(const cJSON *node)
{
    return cJSON_IsNumber(node) && node->valuedouble >= 0 && node->valuedouble < 253402300800.0;
}

static void put_json(const cJSON *shapes, struct json_writer *writer, const char *key, const char *name,
                     const cJSON *node)
{
    const cJSON *shape = get(shapes, name);
    char kind = shape == NULL ? ' ' : item_text(shape, 0)[0];
    if (kind == ' ' && strcmp(name, "timestamp") == 0 && cJSON_IsString(node)) {
        put_timestamp(writer, key, node->valuestring);
    } else if (kind == ' ' && strcmp(name, "timestamp") == 0 && is_moment(node)) {
        char text[CLOCK_TEXT];
        clock_format((uint64_t)(node->valuedouble * 1e6 + 0.5), text);
        put_timestamp(writer, key, text);
    } else if (kind == ' ' || (kind == 'l') != cJSON_IsArray(node)) {
        json_put_value(writer, key, node);
    } else {
        json_open(writer, key, kind == 'l' ? '[' : '{');
        if (kind == 's')
            put_json_members(shapes, writer, cJSON_GetArrayItem(shape, 1), node, "");
        else
            put_json_items(shapes, writer, item_text(shape, kind == 'l' ? 2 : 3), node);
        json_close(writer, kind == 'l' ? ']' : '}');
    }
}

// ---- Either

static const cJSON *shapes_of(const struct model *model, const struct operation *operation)
{
    return get(get(model->root, operation->service), "shapes");
}

// A member of the output, as ["XML name", "shape"].
static const cJSON *output_member(const cJSON *shapes, const struct operation *operation, const char *name)
{
    return get(cJSON_GetArrayItem(get(shapes, operation->output), 1), name);
}

// ---- What is no value of its kind would be read as another one: as 0, as one list of two, or as nothing.

// A number that is no whole one may be no finite one: then it is kept as a text.
static bool is_number(const char *text, bool whole)
{
    char *end;
    if (text[0] == '\0' || strpbrk(text, " \t\r\n\v\fxX") != NULL)
        return false;
    errno = 0;
    if (!whole)
        (void)strtod(text, &end);
    else
        (void)strtoll(text, &end, 10);
    return *end == '\0' && end != text && (errno == 0 || !whole);
}

// A text among elements, or elements in a text, would be passed over; blanks between elements are none.
static const char *xml_mixed(const cJSON *shape, const struct xml_node *node)
{
    if (shape == NULL)
        return node->children.count > 0 ? "elements where a text is to be" : NULL;
    return node->text[strspn(node->text, " \t\r\n")] != '\0' ? "a text where elements are to be" : NULL;
}

static const char neither[] = "what is to be true or false is neither", no_number[] = "what is to be a number is none";

static const char *xml_wrong(const cJSON *shapes, const char *name, const struct xml_node *node);

static const char *xml_members_wrong(const cJSON *shapes, const cJSON *members, const struct xml_node *node)
{
    const cJSON *member;
    cJSON_ArrayForEach (member, members) {
        const struct xml_node *found = NULL;
        for (size_t i = 0; i < node->children.count; i++) {
            const struct xml_node *child = node->children.items[i];
            if (strcmp(child->name, item_text(member, 0)) != 0)
                continue;
            if (found != NULL)
                return "one of its members is there twice";
            found = child;
            const char *why = xml_wrong(shapes, item_text(member, 1), child);
            if (why != NULL)
                return why;
        }
    }
    return NULL;
}

static const char *xml_wrong(const cJSON *shapes, const char *name, const struct xml_node *node)
{
    const cJSON *shape = get(shapes, name);
    const char *why = xml_mixed(shape, node);
    if (why != NULL)
        return why;
    if (shape == NULL && strcmp(name, "boolean") == 0)
        return strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0 ? NULL : neither;
    if (shape == NULL)
        return (strcmp(name, "integer") == 0 && !is_number(node->text, true)) ||
                       (strcmp(name, "number") == 0 && !is_number(node->text, false))
                   ? no_number
                   : NULL;
    char kind = item_text(shape, 0)[0];
    if (kind == 's')
        return xml_members_wrong(shapes, cJSON_GetArrayItem(shape, 1), node);
    for (size_t i = 0; i < node->children.count && why == NULL; i++) {
        const struct xml_node *one = node->children.items[i];
        const struct xml_node *value = kind == 'l' ? one : xml_child(one, item_text(shape, 2));
        bool whole = kind == 'l' || (value != NULL && xml_text(one, item_text(shape, 1)) != NULL);
        why = whole ? xml_wrong(shapes, item_text(shape, kind == 'l' ? 2 : 3), value) : "an entry without key or value";
    }
    return why;
}

static const char *json_wrong(const cJSON *shapes, const char *name, const cJSON *node);

// What a list names is asked about, so it is text where it is to be.
static const char *json_item_wrong(const cJSON *shapes, const char *name, const cJSON *node)
{
    return strcmp(name, "string") == 0 && !cJSON_IsString(node) ? "what is to be text is none"
                                                                : json_wrong(shapes, name, node);
}

static const char *json_wrong(const cJSON *shapes, const char *name, const cJSON *node)
{
    const cJSON *shape = get(shapes, name), *one;
    const char *why = NULL;
    if (shape == NULL && strcmp(name, "boolean") == 0)
        return cJSON_IsBool(node) ? NULL : neither;
    if (shape == NULL && strcmp(name, "integer") == 0)
        return cJSON_IsNumber(node) ? NULL : no_number;
    if (shape == NULL)
        return cJSON_IsArray(node) || cJSON_IsObject(node) ? "a list or object where a value is to be" : NULL;
    char kind = item_text(shape, 0)[0];
    if (kind == 'l' ? !cJSON_IsArray(node) : !cJSON_IsObject(node))
        return kind == 'l' ? "what is to be a list is none" : "what is to be an object is none";
    if (kind == 's')
        cJSON_ArrayForEach (one, cJSON_GetArrayItem(shape, 1)) {
            const cJSON *child = get(node, item_text(one, 0));
            if (child != NULL && !cJSON_IsNull(child) && why == NULL)
                why = json_wrong(shapes, item_text(one, 1), child);
        }
    else
        cJSON_ArrayForEach (one, node)
            if (why == NULL)
                why = json_item_wrong(shapes, item_text(shape, kind == 'l' ? 2 : 3), one);
    return why;
}

const char *model_element_wrong(const struct model *model, const struct operation *operation, size_t list,
                                const struct xml_node *xml, const cJSON *json)
{
    const cJSON *shapes = shapes_of(model, operation);
    const cJSON *shape = get(shapes, item_text(output_member(shapes, operation, operation->lists[list]), 1));
    const char *name = item_text(shape, 2);
    return xml != NULL ? xml_wrong(shapes, name, xml) : json_item_wrong(shapes, name, json);
}

// The same of what is beside lists.
static const char *page_wrong(const cJSON *shapes, const struct operation *operation, struct page page)
{
    return page.xml != NULL ? xml_wrong(shapes, operation->output, page.xml)
                            : json_wrong(shapes, operation->output, page.json);
}

// CloudFront's lists say how many they hold, and leave out what holds none.
static bool says_none(const struct xml_node *xml)
{
    const char *quantity = xml_text(xml, "Quantity");
    return quantity != NULL && strcmp(quantity, "0") == 0;
}

// A token that is no text, or none where there is said to be more, is no end of a list.
static const char *why_no_end(const cJSON *shapes, const struct operation *operation, struct page page)
{
    const char *truncated = page.xml != NULL ? xml_text(page.xml, "IsTruncated") : NULL, *text;
    if (operation->list_count == 0)
        return NULL;
    const char *name = item_text(output_member(shapes, operation, operation->next), 0);
    const struct xml_node *node = page.xml != NULL ? xml_child(page.xml, name) : NULL;
    const cJSON *token = get(page.json, name);
    if ((node != NULL && node->children.count > 0) || (token != NULL && !cJSON_IsNull(token) && !cJSON_IsString(token)))
        return "with a page's token that is no text";
    text = node != NULL ? node->text : cJSON_GetStringValue(token);
    bool more = truncated != NULL ? strcmp(truncated, "false") != 0 : cJSON_IsTrue(get(page.json, "IsTruncated"));
    return more && (text == NULL || text[0] == '\0') ? "with more behind it, and no token of the next page" : NULL;
}

// Whether a member is there in other letters alone, and holds something: a page's token would be passed over.
static bool is_respelt(struct page page, const char *name)
{
    const cJSON *like = cJSON_GetObjectItem(page.json, name);
    return xml_holds_respelt(page.xml, name) || (get(page.json, name) == NULL && like != NULL && !cJSON_IsNull(like));
}

const char *model_why_not(const struct model *model, const struct operation *operation, struct page page)
{
    if (page.json == NULL && page.xml == NULL)
        return NULL;
    if (page.xml == NULL && !cJSON_IsObject(page.json))
        return "no object, which its answer is";
    const cJSON *shapes = shapes_of(model, operation), *member,
                *members = cJSON_GetArrayItem(get(shapes, operation->output), 1);
    for (size_t i = 0; i < operation->list_count; i++) {
        const char *name = item_text(output_member(shapes, operation, operation->lists[i]), 0);
        const cJSON *list = get(page.json, name);
        bool there = page.xml != NULL ? xml_child(page.xml, name) != NULL || says_none(page.xml) : list != NULL;
        if (!there || (list != NULL && !cJSON_IsArray(list)))
            return "without the list that its answer has";
    }
    const char *cut = why_no_end(shapes, operation, page);
    cut = cut != NULL ? cut : page_wrong(shapes, operation, page);
    if (cut != NULL)
        return cut;
    bool any = cJSON_GetArraySize(members) == 0;
    cJSON_ArrayForEach (member, members) {
        const char *name = item_text(member, 0);
        if (is_respelt(page, name))
            return "with one of its members in other letters";
        any = any || (page.xml != NULL ? xml_child(page.xml, name) != NULL
                                       : get(page.json, name) != NULL && !cJSON_IsNull(get(page.json, name)));
    }
    return any ? NULL : "without anything that its answer has";
}

// Some services name a next page that they say there is none of.
static bool says_all(struct page page)
{
    const char *truncated = page.xml != NULL ? xml_text(page.xml, "IsTruncated") : NULL;
    return truncated != NULL ? strcmp(truncated, "false") == 0 : cJSON_IsFalse(get(page.json, "IsTruncated"));
}

const char *model_next(const struct model *model, const struct operation *operation, struct page page)
{
    if (operation->list_count == 0 || says_all(page))
        return NULL;
    const cJSON *member = output_member(shapes_of(model, operation), operation, operation->next);
    const char *token = page.xml != NULL ? xml_text(page.xml, item_text(member, 0))
                                         : cJSON_GetStringValue(get(page.json, item_text(member, 0)));
    return token == NULL || token[0] == '\0' ? NULL : token;
}

bool model_is_cut(const struct model *model, const struct operation *operation, struct page page)
{
    if (operation->more[0] == '\0' || model_next(model, operation, page) != NULL)
        return false;
    const cJSON *member = output_member(shapes_of(model, operation), operation, operation->more);
    const char *text = page.xml != NULL ? xml_text(page.xml, item_text(member, 0)) : NULL;
    return text != NULL ? strcmp(text, "false") != 0
                        : page.json != NULL && cJSON_IsTrue(get(page.json, item_text(member, 0)));
}

void model_put_output(const struct model *model, const struct operation *operation, struct page page,
                      struct json_writer *writer)
{
    const cJSON *shapes = shapes_of(model, operation), *members = cJSON_GetArrayItem(get(shapes, operation->output), 1);
    if (page.xml != NULL)
        put_xml_members(shapes, writer, members, page.xml, operation->next);
    else
        put_json_members(shapes, writer, members, page.json, operation->next);
}

struct page_lists model_lists(const struct model *model, const struct operation *operation)
{
    struct page_lists lists = {.holder = operation->wrapper, .count = operation->list_count};
    const cJSON *shapes = shapes_of(model, operation);
    for (size_t i = 0; i < operation->list_count; i++)
        lists.names[i] = item_text(output_member(shapes, operation, operation->lists[i]), 0);
    return lists;
}

void model_put_element(const struct model *model, const struct operation *operation, size_t list,
                       const struct xml_node *xml, const cJSON *json, struct json_writer *writer)
{
    const cJSON *shapes = shapes_of(model, operation);
    const cJSON *shape = get(shapes, item_text(output_member(shapes, operation, operation->lists[list]), 1));
    if (xml != NULL)
        put_xml(shapes, writer, NULL, item_text(shape, 2), xml);
    else
        put_json(shapes, writer, NULL, item_text(shape, 2), json);
}
