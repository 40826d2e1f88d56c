#include "model/control.h"

#include <fnmatch.h>

#include "base/json_fields.h"

const char *const control_result_names[] = {"pass", "fail", "not-applicable", "not-evaluated", "excepted", NULL};

// Rows of other frameworks, by their names.
static void put_crosswalk(struct json_writer *writer, const char *key, const void *object)
{
    const struct control *control = object;
    json_open_line(writer, key, '{');
    for (size_t i = 0; i < control->crosswalk.count; i++)
        json_put_strings_line(writer, control->crosswalk.items[i].framework, control->crosswalk.items[i].rows.items,
                              control->crosswalk.items[i].rows.count);
    json_close(writer, '}');
}

static bool read_crosswalk(struct arena *arena, const struct json_cursor *at, const char *key, void *object,
                           struct error *error)
{
    struct control *control = object;
    const cJSON *framework;
    struct json_cursor crosswalk = json_member(at, key);
    GUARD(json_expect_object(&crosswalk, error));
    cJSON_ArrayForEach (framework, crosswalk.node) {
        struct crosswalk *one = vector_add(arena, &control->crosswalk);
        one->framework = arena_strdup(arena, framework->string);
        GUARD(json_texts(arena, &crosswalk, framework->string, &one->rows, error));
    }
    return true;
}

static const struct json_field evidence_fields[] = {
    JSON_FIELD("fact", TEXT, struct control_evidence, fact),
    JSON_FIELD("result", WORD, struct control_evidence, result, .words = control_result_names),
    JSON_FIELD("subject", TEXT, struct control_evidence, subject),
    JSON_FIELD("detail", TEXT, struct control_evidence, detail),
    JSON_FIELD("reference", TEXT, struct control_evidence, reference, .optional = true),
    JSON_FIELD("fix", TEXT, struct control_evidence, fix, .optional = true),
    JSON_FIELD("exception", TEXT, struct control_evidence, exception, .optional = true),
    JSON_FIELDS_END};
static const struct json_record evidence_record = {
    .fields = evidence_fields, .size = sizeof(struct control_evidence), .line = true};

static const struct json_field control_fields[] = {
    JSON_FIELD("id", TEXT, struct control, id),
    JSON_FIELD("title", TEXT, struct control, title),
    JSON_FIELD("text", TEXT, struct control, text),
    JSON_FIELD("source", TEXT, struct control, source),
    JSON_FIELD("severity", WORD, struct control, severity, .words = severity_names),
    JSON_FIELD("result", WORD, struct control, result, .words = control_result_names),
    JSON_FIELD("decided", TEXT, struct control, decided, .optional = true),
    JSON_FIELD("crosswalk", OWN, struct control, crosswalk, .optional = true, .put = put_crosswalk,
               .read = read_crosswalk),
    JSON_FIELD("missing", TEXTS, struct control, missing),
    JSON_FIELD("evidence", RECORDS, struct control, evidence, .of = &evidence_record),
    JSON_FIELDS_END};
static const struct json_record control_record = {.fields = control_fields, .size = sizeof(struct control)};

static const struct json_field pack_fields[] = {
    JSON_FIELD("id", TEXT, struct control_pack, id),
    JSON_FIELD("title", TEXT, struct control_pack, title),
    JSON_FIELD("source", TEXT, struct control_pack, source),
    JSON_FIELD("version", TEXT, struct control_pack, version, .optional = true),
    JSON_FIELD("scope", TEXT, struct control_pack, scope, .optional = true),
    JSON_FIELD("controls", RECORDS, struct control_pack, controls, .of = &control_record),
    JSON_FIELDS_END};
static const struct json_record pack_record = {.fields = pack_fields, .size = sizeof(struct control_pack)};

static const struct json_field exception_fields[] = {
    JSON_FIELD("id", TEXT, struct control_exception, id),
    JSON_FIELD("control", TEXT, struct control_exception, control),
    JSON_FIELD("subject", TEXT, struct control_exception, subject, .optional = true),
    JSON_FIELD("owner", TEXT, struct control_exception, owner),
    JSON_FIELD("reason", TEXT, struct control_exception, reason),
    JSON_FIELD("expires", TEXT, struct control_exception, expires),
    JSON_FIELD("expired", BOOLEAN, struct control_exception, expired),
    JSON_FIELD("excepts", COUNT, struct control_exception, excepts),
    JSON_FIELDS_END};
static const struct json_record exception_record = {
    .fields = exception_fields, .size = sizeof(struct control_exception), .line = true};

static const struct json_field inside_fields[] = {
    JSON_FIELD("asked", COUNT, struct group_access, inside.asked),
    JSON_FIELD("declared_reachable", COUNT, struct group_access, inside.reachable),
    JSON_FIELD("observed", COUNTS, struct group_access, inside.observed, .words = observed_names), JSON_FIELDS_END};
static const struct json_record inside_record = {.fields = inside_fields, .size = sizeof(struct group_access)};

// Left out where nothing was asked from inside.
static void put_inside(struct json_writer *writer, const char *key, const void *object)
{
    const struct group_access *access = object;
    if (access->inside.asked == 0)
        return;
    json_open(writer, key, '{');
    json_put_fields(writer, &inside_record, access);
    json_close(writer, '}');
}

static bool read_inside(struct arena *arena, const struct json_cursor *at, const char *key, void *object,
                        struct error *error)
{
    struct json_cursor inside = json_member(at, key);
    return json_expect_object(&inside, error) && json_read_fields(arena, &inside, &inside_record, object, error);
}

static const char *const directions[] = {"inbound", "outbound", NULL}, *const decisions[] = {"deny", "allow", NULL};
static const struct json_field access_fields[] = {
    JSON_FIELD("vpc_id", TEXT, struct group_access, vpc_id, .optional = true),
    JSON_FIELD("group_id", TEXT, struct group_access, group_id),
    JSON_FIELD("group_name", TEXT, struct group_access, group_name, .optional = true),
    JSON_FIELD("direction", CHOICE, struct group_access, outbound, .words = directions),
    JSON_FIELD("decision", CHOICE, struct group_access, allowed, .words = decisions),
    JSON_FIELD("protocol", TEXT, struct group_access, protocol),
    JSON_FIELD("ports", TEXT, struct group_access, ports),
    JSON_FIELD("peer", TEXT, struct group_access, peer),
    JSON_FIELD("addresses", COUNT, struct group_access, addresses),
    JSON_FIELD("declared_reachable", COUNT, struct group_access, reachable),
    JSON_FIELD("observed", COUNTS, struct group_access, observed, .words = observed_names),
    JSON_FIELD("inside", OWN, struct group_access, inside, .optional = true, .put = put_inside, .read = read_inside),
    JSON_FIELD("verdicts", PLACES, struct group_access, verdicts),
    JSON_FIELDS_END};
static const struct json_record access_record = {
    .fields = access_fields, .size = sizeof(struct group_access), .line = true};

static void put_principal(struct json_writer *writer, const struct principal_access *of)
{
    json_open_line(writer, NULL, '{');
    json_put_string(writer, "principal", of->principal);
    json_put_string(writer, "level", of->level);
    json_put_string(writer, "path", of->path);
    json_put_string(writer, "reference", of->reference);
    json_put_string(writer, "unknown", of->unknown);
    if (of->permission_set != NULL) {
        json_put_string(writer, "permission_set", of->permission_set);
        json_put_strings_line(writer, "assigned", of->assigned.items, of->assigned.count);
    }
    json_close(writer, '}');
}

static void put_principals(struct json_writer *writer, const struct control_report *report)
{
    json_open(writer, "principals", '[');
    for (size_t i = 0; i < report->principals.count; i++)
        put_principal(writer, &report->principals.items[i]);
    json_close(writer, ']');
}

// Of what `account` prints, which nothing reads again.
static void put_unread(struct json_writer *writer, const char *key, const void *object)
{
    const struct control_report *report = object;
    (void)key;
    if (report->unread_of != NULL) {
        put_principals(writer, report);
        exposure_put_unread(writer, report->unread_of, true);
    }
}

static const struct json_field report_fields[] = {
    JSON_FIELD("judged_on", TEXT, struct control_report, judged_on),
    JSON_FIELD("packs", RECORDS, struct control_report, packs, .of = &pack_record),
    JSON_FIELD("exceptions", RECORDS, struct control_report, exceptions, .optional = true, .of = &exception_record),
    JSON_FIELD("platform", RECORDS, struct control_report, accesses, .of = &access_record),
    JSON_FIELD("principals", OWN, struct control_report, principals, .put = put_unread),
    JSON_FIELDS_END};
static const struct json_record report_record = {.fields = report_fields, .size = sizeof(struct control_report)};

static const char schema_of_controls[] = "sgproof/controls/v1";

void controls_write_json(const struct control_report *report, struct text *out)
{
    json_write_document(schema_of_controls, &report_record, report, out);
}

bool controls_read(struct arena *arena, const char *file, struct control_report *report, struct error *error)
{
    return json_read_document(arena, file, schema_of_controls, &report_record, report, error);
}

bool controls_failed(const struct control_report *report, const char *glob)
{
    for (size_t p = 0; p < report->packs.count; p++)
        for (size_t i = 0; i < report->packs.items[p].controls.count; i++) {
            const struct control *control = &report->packs.items[p].controls.items[i];
            if (control->result == CONTROL_FAIL && fnmatch(glob, control->id, 0) == 0)
                return true;
        }
    return false;
}
