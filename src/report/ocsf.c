// OCSF 1.5.0: https://schema.ocsf.io/1.5.0/classes/compliance_finding and detection_finding.
#include "config.h"
#include "report/report.h"

enum { COMPLIANCE_FINDING = 2003, DETECTION_FINDING = 2004, ACTIVITY_CREATE = 1 };

static int severity_id(enum severity severity)
{
    static const int ids[] = {5, 4, 3, 2, 1};
    return ids[severity];
}

static const char *severity_caption(enum severity severity)
{
    static const char *const captions[] = {"Critical", "High", "Medium", "Low", "Informational"};
    return captions[severity];
}

// What every event begins with.
static void begin_event(struct json_writer *writer, const struct report_run *run, int class_uid, const char *class_name,
                        enum severity severity, const char *message)
{
    int64_t end = report_seconds(run->manifest->claims.end);
    json_open(writer, NULL, '{');
    json_open(writer, "metadata", '{');
    json_put_string(writer, "version", "1.5.0");
    json_open(writer, "product", '{');
    json_put_string(writer, "name", "sgproof");
    json_put_string(writer, "vendor_name", "sgproof");
    json_put_string(writer, "version", SGPROOF_VERSION);
    json_close(writer, '}');
    json_put_string(writer, "correlation_uid", run->manifest->run_id);
    json_open_line(writer, "profiles", '[');
    json_put_string(writer, NULL, "cloud");
    json_close(writer, ']');
    json_close(writer, '}');
    json_put_integer(writer, "time", end * 1000);
    json_put_string(writer, "time_dt", run->manifest->claims.end);
    json_put_string(writer, "category_name", "Findings");
    json_put_integer(writer, "category_uid", 2);
    json_put_string(writer, "class_name", class_name);
    json_put_integer(writer, "class_uid", class_uid);
    json_put_string(writer, "activity_name", "Create");
    json_put_integer(writer, "activity_id", ACTIVITY_CREATE);
    json_put_integer(writer, "type_uid", class_uid * 100 + ACTIVITY_CREATE);
    json_put_integer(writer, "severity_id", severity_id(severity));
    json_put_string(writer, "severity", severity_caption(severity));
    json_put_integer(writer, "status_id", 1);
    json_put_string(writer, "status", "New");
    json_put_string(writer, "message", message);
}

static void put_cloud(struct json_writer *writer, const char *account, const char *region)
{
    json_open(writer, "cloud", '{');
    json_put_string(writer, "provider", "AWS");
    json_open(writer, "account", '{');
    json_put_string(writer, "uid", account == NULL ? "unknown" : account);
    json_put_string(writer, "name", account == NULL ? "unknown" : account);
    json_put_string(writer, "type", "AWS Account");
    json_put_integer(writer, "type_id", 10);
    json_close(writer, '}');
    if (region != NULL)
        json_put_string(writer, "region", region);
    json_close(writer, '}');
}

static void put_info(struct json_writer *writer, const struct report_run *run, const char *id, const char *title,
                     const char *text)
{
    json_open(writer, "finding_info", '{');
    json_put_string(writer, "uid", id);
    json_put_string(writer, "title", title);
    json_put_string(writer, "desc", text);
    json_put_integer(writer, "created_time", report_seconds(run->manifest->claims.end) * 1000);
    json_close(writer, '}');
}

static void put_resource(struct json_writer *writer, const char *id, const char *name, const char *type,
                         const char *region)
{
    json_open(writer, NULL, '{');
    json_put_string(writer, "uid", id);
    if (name != NULL)
        json_put_string(writer, "name", name);
    json_put_string(writer, "type", type);
    json_put_string(writer, "cloud_partition", "aws");
    if (region != NULL)
        json_put_string(writer, "region", region);
    json_close(writer, '}');
}

static void put_remediation(struct json_writer *writer, const char *text)
{
    json_open(writer, "remediation", '{');
    json_put_string(writer, "desc", text);
    json_close(writer, '}');
}

static void put_verdict(struct arena *arena, struct json_writer *writer, const struct report_run *run,
                        const struct verdict *verdict)
{
    const char *sentence = report_sentence(arena, verdict);
    begin_event(writer, run, DETECTION_FINDING, "Detection Finding", verdict->severity, sentence);
    put_cloud(writer, verdict->account_id, verdict->region);
    put_info(writer, run, report_finding_id(arena, verdict),
             arena_printf(arena, "%s exposure", verdict_names[verdict->kind]), sentence);
    json_open(writer, "resources", '[');
    put_resource(writer, verdict->eni_id == NULL ? "unknown" : verdict->eni_id, verdict->name, "AwsEc2NetworkInterface",
                 verdict->region);
    json_close(writer, ']');
    put_remediation(writer, report_advice(verdict));
    json_open(writer, "unmapped", '{');
    json_put_string(writer, "declared", declared_names[verdict->declared]);
    json_put_string(writer, "observed", observed_names[verdict->observed]);
    json_put_string(writer, "intent", intent_names[verdict->intent]);
    reasons_put(writer, arena, "because", &verdict->because);
    if (verdict->via.count > 0)
        reasons_put(writer, arena, "via", &verdict->via);
    verdict_put_suggested(writer, verdict);
    json_close(writer, '}');
    json_close(writer, '}');
}

// Told only where it is so: an event is what happened.
static void put_incomplete(struct arena *arena, struct json_writer *writer, const struct report_run *run)
{
    const char *why = report_incomplete(arena, run->set);
    if (why == NULL)
        return;
    begin_event(writer, run, DETECTION_FINDING, "Detection Finding", SEVERITY_MEDIUM, why);
    put_cloud(writer, run->set->places.count == 0 ? NULL : run->set->places.items[0].account_id, NULL);
    put_info(writer, run, "run-complete", "The run is incomplete", why);
    json_open(writer, "resources", '[');
    json_close(writer, ']');
    put_remediation(writer, "See to what is missing, and run again: what was not read or asked is not known to be "
                            "closed.");
    json_close(writer, '}');
}

static void put_control(struct arena *arena, struct json_writer *writer, const struct report_run *run,
                        const struct control_pack *pack, const struct control *control)
{
    static const int status_ids[] = {1, 3, 0, 0, 2}; // Pass, Fail, Unknown, Warning
    static const char *const statuses[] = {"Pass", "Fail", "Unknown", "Unknown", "Warning"};
    begin_event(writer, run, COMPLIANCE_FINDING, "Compliance Finding",
                control->result == CONTROL_FAIL ? control->severity : SEVERITY_INFO, control->title);
    put_info(writer, run, control->id, control->title, control->text);
    json_open(writer, "compliance", '{');
    json_put_string(writer, "control", control->id);
    json_put_string(writer, "desc", control->text);
    json_open_line(writer, "requirements", '[');
    json_put_string(writer, NULL, control->source);
    for (size_t i = 0; i < control->crosswalk.count; i++)
        for (size_t r = 0; r < control->crosswalk.items[i].rows.count; r++)
            json_put_string(writer, NULL,
                            arena_printf(arena, "%s %s", control->crosswalk.items[i].framework,
                                         control->crosswalk.items[i].rows.items[r]));
    json_close(writer, ']');
    json_open_line(writer, "standards", '[');
    json_put_string(writer, NULL, report_pack_title(arena, pack));
    json_close(writer, ']');
    json_put_string(writer, "status", statuses[control->result]);
    json_put_integer(writer, "status_id", status_ids[control->result]);
    json_close(writer, '}');
    json_open(writer, "resources", '[');
    for (size_t i = 0; i < control->evidence.count; i++)
        if (control->evidence.items[i].result == CONTROL_FAIL && control->evidence.items[i].exception == NULL)
            put_resource(writer, control->evidence.items[i].subject, NULL, "Other", NULL);
    json_close(writer, ']');
    json_close(writer, '}');
}

void report_ocsf(const struct report_run *run, const struct report_options *options, struct text *out)
{
    struct arena *arena = arena_new();
    struct json_writer writer = json_writer_to(out);
    size_t count;
    const struct verdict **shown = report_worth_showing(arena, run->set, &count);
    (void)options;
    json_open(&writer, NULL, '[');
    put_incomplete(arena, &writer, run);
    for (size_t i = 0; i < count; i++)
        put_verdict(arena, &writer, run, shown[i]);
    for (size_t p = 0; run->controls != NULL && p < run->controls->packs.count; p++)
        for (size_t i = 0; i < run->controls->packs.items[p].controls.count; i++)
            put_control(arena, &writer, run, &run->controls->packs.items[p],
                        &run->controls->packs.items[p].controls.items[i]);
    json_close(&writer, ']');
    json_end_document(&writer);
    arena_free(arena);
}
