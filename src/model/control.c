#include "model/control.h"

#include <fnmatch.h>

const char *const control_result_names[] = {"pass", "fail", "not-applicable", "not-evaluated", "excepted", NULL};

static void put_evidence(struct json_writer *writer, const struct control_evidence *evidence)
{
    json_open_line(writer, NULL, '{');
    json_put_string(writer, "fact", evidence->fact);
    json_put_string(writer, "result", control_result_names[evidence->result]);
    json_put_string(writer, "subject", evidence->subject);
    json_put_string(writer, "detail", evidence->detail);
    json_put_string(writer, "reference", evidence->reference);
    json_put_string(writer, "fix", evidence->fix);
    json_put_string(writer, "exception", evidence->exception);
    json_close(writer, '}');
}

static void put_exception(struct json_writer *writer, const struct control_exception *exception)
{
    json_open_line(writer, NULL, '{');
    json_put_string(writer, "id", exception->id);
    json_put_string(writer, "control", exception->control);
    json_put_string(writer, "subject", exception->subject);
    json_put_string(writer, "owner", exception->owner);
    json_put_string(writer, "reason", exception->reason);
    json_put_string(writer, "expires", exception->expires);
    json_put_boolean(writer, "expired", exception->expired);
    json_put_integer(writer, "excepts", (int64_t)exception->excepts);
    json_close(writer, '}');
}

static void put_control(struct json_writer *writer, const struct control *control)
{
    json_open(writer, NULL, '{');
    json_put_string(writer, "id", control->id);
    json_put_string(writer, "title", control->title);
    json_put_string(writer, "text", control->text);
    json_put_string(writer, "source", control->source);
    json_put_string(writer, "severity", severity_names[control->severity]);
    json_put_string(writer, "result", control_result_names[control->result]);
    json_put_string(writer, "decided", control->decided);
    json_open_line(writer, "crosswalk", '{');
    for (size_t i = 0; i < control->crosswalk.count; i++)
        json_put_strings_line(writer, control->crosswalk.items[i].framework, control->crosswalk.items[i].rows.items,
                              control->crosswalk.items[i].rows.count);
    json_close(writer, '}');
    json_open_line(writer, "missing", '[');
    for (size_t i = 0; i < control->missing.count; i++)
        json_put_string(writer, NULL, control->missing.items[i]);
    json_close(writer, ']');
    json_open(writer, "evidence", '[');
    for (size_t i = 0; i < control->evidence.count; i++)
        put_evidence(writer, &control->evidence.items[i]);
    json_close(writer, ']');
    json_close(writer, '}');
}

static void put_observed(struct json_writer *writer, const size_t *observed)
{
    json_open(writer, "observed", '{');
    for (size_t i = 0; observed_names[i] != NULL; i++)
        json_put_integer(writer, observed_names[i], (int64_t)observed[i]);
    json_close(writer, '}');
}

static void put_access(struct json_writer *writer, const struct group_access *access)
{
    json_open_line(writer, NULL, '{');
    json_put_string(writer, "vpc_id", access->vpc_id);
    json_put_string(writer, "group_id", access->group_id);
    json_put_string(writer, "group_name", access->group_name);
    json_put_string(writer, "direction", access->outbound ? "outbound" : "inbound");
    json_put_string(writer, "decision", access->allowed ? "allow" : "deny");
    json_put_string(writer, "protocol", access->protocol);
    json_put_string(writer, "ports", access->ports);
    json_put_string(writer, "peer", access->peer);
    json_put_integer(writer, "addresses", (int64_t)access->addresses);
    json_put_integer(writer, "declared_reachable", (int64_t)access->reachable);
    put_observed(writer, access->observed);
    if (access->inside.asked > 0) {
        json_open(writer, "inside", '{');
        json_put_integer(writer, "asked", (int64_t)access->inside.asked);
        json_put_integer(writer, "declared_reachable", (int64_t)access->inside.reachable);
        put_observed(writer, access->inside.observed);
        json_close(writer, '}');
    }
    json_open(writer, "verdicts", '[');
    for (size_t i = 0; i < access->verdicts.count; i++)
        json_put_integer(writer, NULL, (int64_t)access->verdicts.items[i]);
    json_close(writer, ']');
    json_close(writer, '}');
}

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

void controls_write_json(const struct control_report *report, struct text *out)
{
    struct json_writer writer = json_writer_to(out);
    json_open(&writer, NULL, '{');
    json_put_string(&writer, "schema", "sgproof/controls/v1");
    json_put_string(&writer, "judged_on", report->judged_on);
    json_open(&writer, "packs", '[');
    for (size_t p = 0; p < report->packs.count; p++) {
        const struct control_pack *pack = &report->packs.items[p];
        json_open(&writer, NULL, '{');
        json_put_string(&writer, "id", pack->id);
        json_put_string(&writer, "title", pack->title);
        json_put_string(&writer, "source", pack->source);
        json_put_string(&writer, "version", pack->version);
        json_put_string(&writer, "scope", pack->scope);
        json_open(&writer, "controls", '[');
        for (size_t i = 0; i < pack->controls.count; i++)
            put_control(&writer, &pack->controls.items[i]);
        json_close(&writer, ']');
        json_close(&writer, '}');
    }
    json_close(&writer, ']');
    json_open(&writer, "exceptions", '[');
    for (size_t i = 0; i < report->exceptions.count; i++)
        put_exception(&writer, &report->exceptions.items[i]);
    json_close(&writer, ']');
    json_open(&writer, "platform", '[');
    for (size_t i = 0; i < report->accesses.count; i++)
        put_access(&writer, &report->accesses.items[i]);
    json_close(&writer, ']');
    if (report->unread_of != NULL)
        put_principals(&writer, report);
    if (report->unread_of != NULL)
        exposure_put_unread(&writer, report->unread_of, true);
    json_close(&writer, '}');
    json_end_document(&writer);
}

// ---- Reading it again

static bool read_evidence(struct arena *arena, const struct json_cursor *at, void *into, struct error *error)
{
    struct control *control = into;
    struct control_evidence *evidence = vector_add(arena, &control->evidence);
    int result;
    GUARD(json_string(arena, at, "fact", &evidence->fact, error) &&
          json_word(at, "result", control_result_names, &result, error) &&
          json_string(arena, at, "subject", &evidence->subject, error) &&
          json_string(arena, at, "detail", &evidence->detail, error) &&
          json_optional_string(arena, at, "reference", &evidence->reference, error) &&
          json_optional_string(arena, at, "fix", &evidence->fix, error) &&
          json_optional_string(arena, at, "exception", &evidence->exception, error));
    evidence->result = (enum control_result)result;
    return true;
}

static bool read_exception(struct arena *arena, const struct json_cursor *at, void *into, struct error *error)
{
    struct control_report *report = into;
    struct control_exception *exception = vector_add(arena, &report->exceptions);
    long excepts;
    GUARD(json_string(arena, at, "id", &exception->id, error) &&
          json_string(arena, at, "control", &exception->control, error) &&
          json_optional_string(arena, at, "subject", &exception->subject, error) &&
          json_string(arena, at, "owner", &exception->owner, error) &&
          json_string(arena, at, "reason", &exception->reason, error) &&
          json_string(arena, at, "expires", &exception->expires, error) &&
          json_optional_boolean(at, "expired", &exception->expired, error) &&
          json_integer(at, "excepts", 0, 1L << 40, &excepts, error));
    exception->excepts = (size_t)excepts;
    return true;
}

// Rows of other frameworks; none in evidence of before there were some.
static bool read_crosswalk(struct arena *arena, const struct json_cursor *at, struct control *control,
                           struct error *error)
{
    const cJSON *framework;
    struct json_cursor crosswalk = json_member(at, "crosswalk");
    GUARD(crosswalk.node == NULL || json_expect_object(&crosswalk, error));
    cJSON_ArrayForEach (framework, crosswalk.node) {
        struct crosswalk *one = vector_add(arena, &control->crosswalk);
        one->framework = arena_strdup(arena, framework->string);
        GUARD(json_texts(arena, &crosswalk, framework->string, &one->rows, error));
    }
    return true;
}

static bool read_control(struct arena *arena, const struct json_cursor *at, void *into, struct error *error)
{
    struct control_pack *pack = into;
    struct control *control = vector_add(arena, &pack->controls);
    int severity, result;
    GUARD(json_string(arena, at, "id", &control->id, error) &&
          json_string(arena, at, "title", &control->title, error) &&
          json_string(arena, at, "text", &control->text, error) &&
          json_string(arena, at, "source", &control->source, error) &&
          json_word(at, "severity", severity_names, &severity, error) &&
          json_word(at, "result", control_result_names, &result, error) &&
          json_optional_string(arena, at, "decided", &control->decided, error) &&
          json_texts(arena, at, "missing", &control->missing, error) && read_crosswalk(arena, at, control, error));
    control->severity = (enum severity)severity;
    control->result = (enum control_result)result;
    return json_items(arena, at, "evidence", read_evidence, control, error);
}

static bool read_pack(struct arena *arena, const struct json_cursor *at, void *into, struct error *error)
{
    struct control_report *report = into;
    struct control_pack *pack = vector_add(arena, &report->packs);
    return json_string(arena, at, "id", &pack->id, error) && json_string(arena, at, "title", &pack->title, error) &&
           json_string(arena, at, "source", &pack->source, error) &&
           json_optional_string(arena, at, "version", &pack->version, error) &&
           json_optional_string(arena, at, "scope", &pack->scope, error) &&
           json_items(arena, at, "controls", read_control, pack, error);
}

static bool read_size(const struct json_cursor *at, const char *key, size_t *size, struct error *error)
{
    long count;
    GUARD(json_integer(at, key, 0, 1L << 40, &count, error));
    *size = (size_t)count;
    return true;
}

static bool read_observed(const struct json_cursor *at, size_t *counts, struct error *error)
{
    struct json_cursor observed = json_member(at, "observed");
    GUARD(json_expect_object(&observed, error));
    for (size_t i = 0; observed_names[i] != NULL; i++)
        GUARD(read_size(&observed, observed_names[i], &counts[i], error));
    return true;
}

static bool read_access(struct arena *arena, const struct json_cursor *at, void *into, struct error *error)
{
    static const char *const directions[] = {"inbound", "outbound", NULL}, *const decisions[] = {"deny", "allow", NULL};
    struct control_report *report = into;
    struct group_access *access = vector_add(arena, &report->accesses);
    struct json_cursor inside = json_member(at, "inside"), verdicts = json_member(at, "verdicts");
    int direction, decision;
    GUARD(json_optional_string(arena, at, "vpc_id", &access->vpc_id, error) &&
          json_string(arena, at, "group_id", &access->group_id, error) &&
          json_optional_string(arena, at, "group_name", &access->group_name, error) &&
          json_word(at, "direction", directions, &direction, error) &&
          json_word(at, "decision", decisions, &decision, error) &&
          json_string(arena, at, "protocol", &access->protocol, error) &&
          json_string(arena, at, "ports", &access->ports, error) &&
          json_string(arena, at, "peer", &access->peer, error) &&
          read_size(at, "addresses", &access->addresses, error) &&
          read_size(at, "declared_reachable", &access->reachable, error) &&
          read_observed(at, access->observed, error) && json_expect_array(&verdicts, error));
    GUARD(inside.node == NULL || (read_size(&inside, "asked", &access->inside.asked, error) &&
                                  read_size(&inside, "declared_reachable", &access->inside.reachable, error) &&
                                  read_observed(&inside, access->inside.observed, error)));
    access->outbound = direction == 1;
    access->allowed = decision == 1;
    const cJSON *node;
    cJSON_ArrayForEach (node, verdicts.node) {
        if (!cJSON_IsNumber(node) || !(node->valuedouble >= 0 && node->valuedouble < 1e12) ||
            node->valuedouble != (double)(size_t)node->valuedouble)
            return json_fail(&verdicts, error, "expected places of verdicts, from 0");
        *vector_add(arena, &access->verdicts) = (size_t)node->valuedouble;
    }
    return true;
}

bool controls_read(struct arena *arena, const char *file, struct control_report *report, struct error *error)
{
    cJSON *root = json_load(file, error);
    if (root == NULL)
        return false;
    struct json_cursor at = {.file = file, .node = root};
    const char *schema;
    bool good = json_expect_object(&at, error) && json_string(arena, &at, "schema", &schema, error);
    if (good && strcmp(schema, "sgproof/controls/v1") != 0)
        good = error_set(error, ERROR_USAGE, "%s: schema: \"%s\", expected sgproof/controls/v1", file, schema);
    good = good && json_string(arena, &at, "judged_on", &report->judged_on, error) &&
           json_items(arena, &at, "packs", read_pack, report, error) &&
           (json_member(&at, "exceptions").node == NULL ||
            json_items(arena, &at, "exceptions", read_exception, report, error)) &&
           json_items(arena, &at, "platform", read_access, report, error);
    cJSON_Delete(root);
    return good;
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
