#include "aws/terraform/changeset.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "aws/documents/documents.h"
#include "aws/terraform/plan.h"
#include "base/file.h"

enum { DEEPEST = 32 };

const char changeset_unknown[] = "{{changeSet:KNOWN_AFTER_APPLY}}";

// ---- Values

static bool holds_unknown(const cJSON *value, int depth)
{
    const cJSON *one;
    if (cJSON_IsString(value))
        return strstr(value->valuestring, changeset_unknown) != NULL;
    cJSON_ArrayForEach (one, value)
        if (depth < DEEPEST && holds_unknown(one, depth + 1))
            return true;
    return false;
}

bool changeset_is_unknown(const cJSON *value)
{
    return value != NULL && holds_unknown(value, 0);
}

const cJSON *changeset_property(const struct changeset_side *side, const char *name)
{
    return member(side->properties, name);
}

static void begin_side(struct changeset_side *side)
{
    if (side->values == NULL)
        side->values = cJSON_CreateObject();
    if (side->unknown == NULL)
        side->unknown = cJSON_CreateObject();
}

static bool put_unknown(struct changeset_side *side, const cJSON *value, const char *key)
{
    begin_side(side);
    if (!changeset_is_unknown(value))
        return false;
    cJSON_DeleteItemFromObjectCaseSensitive(side->values, key);
    cJSON_AddBoolToObject(side->unknown, key, true);
    return true;
}

void changeset_put_text(struct changeset_side *side, const char *text, const char *key)
{
    begin_side(side);
    cJSON_DeleteItemFromObjectCaseSensitive(side->values, key);
    cJSON_AddStringToObject(side->values, key, text);
}

void changeset_put_value(struct changeset_side *side, const cJSON *value, const char *key)
{
    char text[32];
    if (value == NULL || cJSON_IsNull(value) || put_unknown(side, value, key))
        return;
    if (cJSON_IsString(value)) {
        changeset_put_text(side, value->valuestring, key);
    } else if (cJSON_IsNumber(value)) {
        snprintf(text, sizeof(text), "%.0f", value->valuedouble);
        changeset_put_text(side, text, key);
    } else { // what is no text where one is expected is as good as unknown
        cJSON_AddBoolToObject(side->unknown, key, true);
    }
}

void changeset_put(struct changeset_side *side, const char *property, const char *key)
{
    changeset_put_value(side, changeset_property(side, property), key);
}

void changeset_put_number(struct changeset_side *side, const cJSON *value, const char *key)
{
    char *end = NULL;
    if (value == NULL || cJSON_IsNull(value) || put_unknown(side, value, key))
        return;
    double told = cJSON_IsString(value) ? strtod(value->valuestring, &end) : value->valuedouble;
    bool good = cJSON_IsNumber(value) || (cJSON_IsString(value) && end != value->valuestring && *end == '\0');
    if (good && told >= -1e9 && told <= 1e9)
        cJSON_AddNumberToObject(side->values, key, told);
    else
        cJSON_AddBoolToObject(side->unknown, key, true);
}

void changeset_put_flag(struct changeset_side *side, const cJSON *value, const char *key)
{
    if (value == NULL || cJSON_IsNull(value) || put_unknown(side, value, key))
        return;
    const char *text = cJSON_GetStringValue(value);
    bool yes = cJSON_IsTrue(value) || (text != NULL && (strcmp(text, "true") == 0 || strcmp(text, "True") == 0));
    bool no = cJSON_IsFalse(value) || (text != NULL && (strcmp(text, "false") == 0 || strcmp(text, "False") == 0));
    if (yes || no)
        cJSON_AddBoolToObject(side->values, key, yes);
    else
        cJSON_AddBoolToObject(side->unknown, key, true);
}

void changeset_put_list(struct changeset_side *side, const cJSON *value, const char *key)
{
    const cJSON *one;
    if (value == NULL || cJSON_IsNull(value))
        return;
    begin_side(side);
    if (!cJSON_IsArray(value)) {
        cJSON_AddBoolToObject(side->unknown, key, true);
        return;
    }
    cJSON *list = cJSON_AddArrayToObject(side->values, key), *marks = NULL;
    if (changeset_is_unknown(value))
        marks = cJSON_AddArrayToObject(side->unknown, key);
    cJSON_ArrayForEach (one, value) {
        bool unknown = changeset_is_unknown(one);
        cJSON_AddItemToArray(list, unknown ? cJSON_CreateNull() : cJSON_Duplicate(one, true));
        if (marks != NULL)
            cJSON_AddItemToArray(marks, cJSON_CreateBool(unknown));
    }
}

void changeset_note(struct changeset_resource *resource, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    *vector_add(resource->arena, &resource->notes->items) = arena_vprintf(resource->arena, format, arguments);
    va_end(arguments);
}

// ---- Resources

static void drop_side(struct changeset_side *side)
{
    cJSON_Delete(side->values);
    cJSON_Delete(side->unknown);
    side->values = side->unknown = NULL;
}

void changeset_emit(struct changeset_resource *resource, const char *type, const char *address, const char *actions,
                    struct changeset_side *before, struct changeset_side *after, const char *id)
{
    bool creates = strcmp(actions, "create") == 0 || strcmp(actions, "replace") == 0;
    bool has_before = strcmp(actions, "create") != 0, has_after = strcmp(actions, "delete") != 0;
    cJSON *entry = cJSON_CreateObject(), *change = cJSON_AddObjectToObject(entry, "change");
    cJSON_AddStringToObject(entry, "address", address);
    cJSON_AddStringToObject(entry, "mode", "managed");
    cJSON_AddStringToObject(entry, "type", type);
    cJSON *list = cJSON_AddArrayToObject(change, "actions");
    if (strcmp(actions, "replace") == 0)
        cJSON_AddItemToArray(list, cJSON_CreateString("create"));
    cJSON_AddItemToArray(list, cJSON_CreateString(strcmp(actions, "replace") == 0 ? "delete" : actions));
    begin_side(before);
    begin_side(after);
    for (int i = 0; i < 2 && resource->region != NULL; i++)
        if (!cJSON_HasObjectItem((i == 0 ? before : after)->values, "region"))
            cJSON_AddStringToObject((i == 0 ? before : after)->values, "region", resource->region);
    if (id != NULL && has_before)
        cJSON_AddStringToObject(before->values, "id", id);
    if (id != NULL && has_after && !creates)
        cJSON_AddStringToObject(after->values, "id", id);
    if (has_before) {
        cJSON_AddItemToObject(change, "before", before->values);
        before->values = NULL;
    }
    if (has_after) {
        cJSON_AddItemToObject(change, "after", after->values);
        cJSON_AddItemToObject(change, "after_unknown", after->unknown);
        after->values = after->unknown = NULL;
    }
    drop_side(before);
    drop_side(after);
    cJSON_AddItemToArray(resource->changes, entry);
}

// A type that is none of the walk's: its properties as they are.
static void emit_other(struct changeset_resource *resource)
{
    for (int i = 0; i < 2; i++) {
        struct changeset_side *side = i == 0 ? &resource->before : &resource->after;
        const cJSON *one;
        cJSON_ArrayForEach (one, side->properties) {
            const char *key = strcmp(one->string, "Tags") == 0 ? "tags" : one->string;
            if (!put_unknown(side, one, key) && !cJSON_HasObjectItem(side->values, key))
                cJSON_AddItemToObject(side->values, key, cJSON_Duplicate(one, true));
        }
    }
    changeset_emit(resource, resource->type, resource->id, resource->actions, &resource->before, &resource->after,
                   resource->physical);
}

// ---- The document

// The properties within a context, JSON in a text; *document is then to be freed.
static bool read_context(const struct json_cursor *at, const char *key, cJSON **document, const cJSON **properties,
                         struct error *error)
{
    struct json_cursor context = json_member(at, key);
    const char *text = cJSON_GetStringValue(context.node);
    *properties = NULL;
    if (context.node == NULL || cJSON_IsNull(context.node))
        return true;
    if (text == NULL)
        return json_fail(&context, error, "is no text, expected the JSON of a resource in a text");
    *document = json_parse(at->file, text, strlen(text), error);
    if (*document == NULL || !cJSON_IsObject(*document)) {
        *error = (struct error){0};
        return json_fail(&context, error, "holds no JSON object, expected the JSON of a resource in a text");
    }
    *properties = member(*document, "Properties");
    if (*properties == NULL || !cJSON_IsObject(*properties))
        *properties = *document; // a resource without properties has none of the walk's names either
    return true;
}

// "create", "update", "delete", "replace", or NULL: nothing of it changes.
static const char *actions_of(struct changeset_resource *resource, const cJSON *change, const char *action)
{
    const char *replacement = cJSON_GetStringValue(member(change, "Replacement"));
    const char *policy = cJSON_GetStringValue(member(change, "PolicyAction"));
    bool retains = policy != NULL && strstr(policy, "Retain") != NULL;
    if (strcmp(action, "Add") == 0)
        return "create";
    if (strcmp(action, "Remove") == 0)
        return retains ? NULL : "delete";
    if (strcmp(action, "Import") == 0)
        return NULL; // it comes under the stack as it is
    if (strcmp(action, "Modify") == 0) {
        bool conditional = text_same(replacement, "Conditional");
        if (conditional)
            changeset_note(resource, "%s: whether it is replaced only the execution tells", resource->id);
        return !text_same(replacement, "True") ? "update" : retains ? "create" : "replace";
    }
    changeset_note(resource, "%s: what is done to it is not determined (%s)", resource->id, action);
    return NULL;
}

static bool is_given(const struct changeset_notes *given, const char *id)
{
    for (size_t i = 0; id != NULL && i < given->items.count; i++)
        if (strcmp(given->items.items[i], id) == 0)
            return true;
    return false;
}

static void add_resource(struct changeset_resource *resource, const cJSON *change, const struct changeset_notes *given)
{
    bool needs_before = strcmp(resource->actions, "create") != 0,
         needs_after = strcmp(resource->actions, "delete") != 0;
    bool lacks =
        (needs_before && resource->before.properties == NULL) || (needs_after && resource->after.properties == NULL);
    if (strcmp(resource->type, "AWS::CloudFormation::Stack") == 0) {
        if (!is_given(given, cJSON_GetStringValue(member(change, "ChangeSetId"))))
            changeset_note(resource, "%s: what changes in this nested stack stands in its own change set; give it too",
                           resource->id);
        return;
    }
    if (lacks && !is_harmless_type(resource->type)) {
        changeset_note(resource,
                       "%s: the change set does not tell the properties of this %s; describe-change-set takes "
                       "--include-property-values",
                       resource->id, resource->type);
        return;
    }
    if (!changeset_add(resource))
        emit_other(resource);
}

static bool read_change(struct changeset_resource *resource, const struct json_cursor *at,
                        const struct changeset_notes *given, struct error *error)
{
    struct json_cursor change = json_member(at, "ResourceChange");
    struct arena *arena = resource->arena;
    const char *action, *kind = cJSON_GetStringValue(member(at->node, "Type"));
    cJSON *documents[2] = {NULL, NULL};
    if (change.node == NULL && kind != NULL && strcmp(kind, "Resource") != 0)
        return true; // hooks and the like change nothing of their own
    GUARD(json_expect_object(&change, error) && json_string(arena, &change, "Action", &action, error) &&
          json_string(arena, &change, "LogicalResourceId", &resource->id, error) &&
          json_string(arena, &change, "ResourceType", &resource->type, error) &&
          json_optional_string(arena, &change, "PhysicalResourceId", &resource->physical, error));
    bool good = read_context(&change, "BeforeContext", &documents[0], &resource->before.properties, error) &&
                read_context(&change, "AfterContext", &documents[1], &resource->after.properties, error);
    if (good)
        resource->actions = actions_of(resource, change.node, action);
    if (good && resource->actions != NULL) {
        if (strcmp(resource->actions, "create") == 0)
            resource->before.properties = NULL;
        if (strcmp(resource->actions, "delete") == 0)
            resource->after.properties = NULL;
        begin_side(&resource->before);
        begin_side(&resource->after);
        add_resource(resource, change.node, given);
    }
    drop_side(&resource->before);
    drop_side(&resource->after);
    cJSON_Delete(documents[0]);
    cJSON_Delete(documents[1]);
    return good;
}

static void note_state(struct arena *arena, const cJSON *document, const struct changeset_notes *given,
                       struct changeset_notes *notes)
{
    const char *parent = cJSON_GetStringValue(member(document, "ParentChangeSetId"));
    const char *stack = cJSON_GetStringValue(member(document, "StackName"));
    if (parent != NULL && !is_given(given, parent))
        *vector_add(arena, &notes->items) = arena_printf(
            arena, "%s: is a nested stack; what changes in its parent stands in that one's change set; give it too",
            stack == NULL ? "the change set" : stack);
    const char *status = cJSON_GetStringValue(member(document, "Status"));
    const char *reason = cJSON_GetStringValue(member(document, "StatusReason"));
    bool empty = reason != NULL && (strstr(reason, "didn't contain changes") != NULL ||
                                    strstr(reason, "No updates are to be performed") != NULL);
    if (member(document, "NextToken") != NULL && !cJSON_IsNull(member(document, "NextToken")))
        *vector_add(arena, &notes->items) = "the change set says that another page follows: give all of it";
    if (status != NULL && strcmp(status, "CREATE_COMPLETE") != 0 && !empty)
        *vector_add(arena, &notes->items) = arena_printf(arena, "the change set is %s (%s): what it lacks is not known",
                                                         status, reason == NULL ? "no reason told" : reason);
}

const char *changeset_place(struct arena *arena, const cJSON *document, int part)
{
    const char *at = cJSON_GetStringValue(member(document, "StackId"));
    if (at == NULL)
        at = cJSON_GetStringValue(member(document, "ChangeSetId"));
    for (int i = 0; i < part && at != NULL; i++) {
        at = strchr(at, ':');
        at = at == NULL ? NULL : at + 1;
    }
    size_t length = at == NULL ? 0 : strcspn(at, ":");
    return length == 0 || at[length] == '\0' ? NULL : arena_strndup(arena, at, length);
}

cJSON *changeset_read(const char *file, struct error *error)
{
    size_t length;
    char *text = file_read(file, &length, error), *converted = NULL;
    if (text == NULL)
        return NULL;
    struct document_bytes bytes = text_decode((struct document_bytes){.bytes = text, .length = length}, &converted);
    cJSON *document = json_parse(file, bytes.bytes, bytes.length, error);
    free(text);
    free(converted);
    struct json_cursor root = {.file = file, .node = document};
    struct json_cursor changes = json_member(&root, "Changes");
    if (document != NULL && (!json_expect_object(&root, error) || !json_expect_array(&changes, error))) {
        error_set(error, ERROR_USAGE,
                  "%s: Changes: is no array, expected what aws cloudformation describe-change-set "
                  "--include-property-values prints",
                  file);
        cJSON_Delete(document);
        return NULL;
    }
    return document;
}

cJSON *changeset_plan(struct arena *arena, const char *file, const cJSON *document, const struct changeset_notes *given,
                      struct changeset_notes *notes, struct error *error)
{
    struct json_cursor root = {.file = file, .node = document};
    struct json_cursor changes = json_member(&root, "Changes");
    cJSON *plan = cJSON_CreateObject();
    cJSON_AddStringToObject(plan, "format_version", "1.2");
    cJSON *list = cJSON_AddArrayToObject(plan, "resource_changes");
    const cJSON *node;
    size_t index = 0;
    note_state(arena, document, given, notes);
    cJSON_ArrayForEach (node, changes.node) {
        struct json_cursor at = json_element(&changes, index++, node);
        struct changeset_resource resource = {
            .arena = arena, .changes = list, .notes = notes, .region = changeset_place(arena, document, 3)};
        if (!read_change(&resource, &at, given, error)) {
            cJSON_Delete(plan);
            return NULL;
        }
    }
    return plan;
}
