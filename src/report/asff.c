// AWS Security Finding Format:
// https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format.html
#include "report/report.h"

enum { BATCH = 100, LONGEST_TITLE = 256, LONGEST_DESCRIPTION = 1024, MOST_RESOURCES = 32 };

struct batches {
    struct arena *arena;
    const struct report_run *run;
    struct text *out;
    struct json_writer writer;
    size_t open; // findings in the batch that is open
    const char *account;
    const char *region;
};

static const char *label_of(enum severity severity)
{
    static const char *const labels[] = {"CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"};
    return labels[severity];
}

static void end_batch(struct batches *batches)
{
    if (batches->open == 0)
        return;
    json_close(&batches->writer, ']');
    json_close(&batches->writer, '}');
    json_end_document(&batches->writer);
    batches->open = 0;
}

static void begin_finding(struct batches *batches, const char *id, const char *generator, const char *type,
                          const char *account, const char *region, enum severity severity, const char *title,
                          const char *description)
{
    struct json_writer *writer = &batches->writer;
    if (batches->open == BATCH)
        end_batch(batches);
    if (batches->open++ == 0) {
        *writer = json_writer_to(batches->out);
        json_open_line(writer, NULL, '{');
        json_open(writer, "Findings", '[');
    }
    json_open(writer, NULL, '{');
    json_put_string(writer, "SchemaVersion", "2018-10-08");
    json_put_string(writer, "Id", arena_printf(batches->arena, "sgproof/%s/%s/%s", region, account, id));
    json_put_string(
        writer, "ProductArn",
        arena_printf(batches->arena, "arn:aws:securityhub:%s:%s:product/%s/default", region, account, account));
    json_put_string(writer, "GeneratorId", generator);
    json_put_string(writer, "AwsAccountId", account);
    json_put_string(writer, "Region", region);
    json_open(writer, "Types", '[');
    json_put_string(writer, NULL, type);
    json_close(writer, ']');
    json_put_string(writer, "CreatedAt", batches->run->manifest->claims.end);
    json_put_string(writer, "UpdatedAt", batches->run->manifest->claims.end);
    json_open(writer, "Severity", '{');
    json_put_string(writer, "Label", label_of(severity));
    json_close(writer, '}');
    json_put_string(writer, "Title", report_shortened(batches->arena, title, LONGEST_TITLE));
    json_put_string(writer, "Description", report_shortened(batches->arena, description, LONGEST_DESCRIPTION));
}

static void end_finding(struct batches *batches, const char *compliance)
{
    struct json_writer *writer = &batches->writer;
    json_open(writer, "Compliance", '{');
    json_put_string(writer, "Status", compliance);
    json_close(writer, '}');
    json_open(writer, "Workflow", '{');
    json_put_string(writer, "Status", strcmp(compliance, "PASSED") == 0 ? "RESOLVED" : "NEW");
    json_close(writer, '}');
    json_put_string(writer, "RecordState", "ACTIVE");
    json_close(writer, '}');
}

static void put_resource(struct json_writer *writer, const char *type, const char *id, const char *region)
{
    json_open(writer, NULL, '{');
    json_put_string(writer, "Type", type);
    json_put_string(writer, "Id", id);
    json_put_string(writer, "Partition", "aws");
    json_put_string(writer, "Region", region);
    json_close(writer, '}');
}

static void put_verdict(struct batches *batches, const struct verdict *verdict)
{
    struct arena *arena = batches->arena;
    const char *account = report_is_account(verdict->account_id) ? verdict->account_id : batches->account;
    const char *region = verdict->region != NULL ? verdict->region : batches->region;
    const char *reasons = reasons_joined(arena, &verdict->because, REASON_UNTOLD, ", ");
    const char *because = reasons == NULL ? "" : arena_printf(arena, " Because: %s", reasons);
    begin_finding(batches, report_finding_id(arena, verdict),
                  arena_printf(arena, "sgproof/%s", verdict_names[verdict->kind]),
                  "Software and Configuration Checks/AWS Security Best Practices/Network Reachability", account, region,
                  verdict->severity,
                  arena_printf(arena, "%s exposure of %s", verdict_names[verdict->kind], report_port(arena, verdict)),
                  arena_printf(arena, "%s.%s", report_sentence(arena, verdict), because));
    json_open(&batches->writer, "Remediation", '{');
    json_open(&batches->writer, "Recommendation", '{');
    json_put_string(&batches->writer, "Text", report_advice(verdict));
    json_close(&batches->writer, '}');
    json_close(&batches->writer, '}');
    json_open(&batches->writer, "Resources", '[');
    put_resource(&batches->writer, "AwsEc2NetworkInterface",
                 arena_printf(arena, "arn:aws:ec2:%s:%s:network-interface/%s", region, account,
                              verdict->eni_id == NULL ? "unknown" : verdict->eni_id),
                 region);
    json_close(&batches->writer, ']');
    end_finding(batches, report_is_finding(verdict) ? "FAILED" : report_unsure(verdict) != NULL ? "WARNING" : "PASSED");
}

// Of the same Id in every run, so that a complete one resolves what an incomplete one told.
static void put_complete(struct batches *batches)
{
    const char *why = report_incomplete(batches->arena, batches->run->set);
    begin_finding(batches, "run-complete", "sgproof/run-complete",
                  "Software and Configuration Checks/AWS Security Best Practices/Network Reachability",
                  batches->account, batches->region, why == NULL ? SEVERITY_INFO : SEVERITY_MEDIUM,
                  why == NULL ? "The run is complete" : "The run is incomplete",
                  why == NULL ? "Everything was read and asked as planned." : why);
    json_open(&batches->writer, "Resources", '[');
    put_resource(&batches->writer, "AwsAccount", arena_printf(batches->arena, "AWS::::Account:%s", batches->account),
                 batches->region);
    json_close(&batches->writer, ']');
    end_finding(batches, why == NULL ? "PASSED" : "WARNING");
}

static void put_control(struct batches *batches, const struct control *control)
{
    static const char *const statuses[] = {"PASSED", "FAILED", "NOT_AVAILABLE", "NOT_AVAILABLE", "WARNING"};
    struct arena *arena = batches->arena;
    size_t count = 0;
    begin_finding(batches, control->id, arena_printf(arena, "sgproof/%s", control->id),
                  "Software and Configuration Checks/Industry and Regulatory Standards", batches->account,
                  batches->region, control->result == CONTROL_FAIL ? control->severity : SEVERITY_INFO, control->title,
                  control->text);
    json_open(&batches->writer, "Resources", '[');
    for (size_t i = 0; i < control->evidence.count && count < MOST_RESOURCES; i++)
        if (control->evidence.items[i].result == CONTROL_FAIL && control->evidence.items[i].exception == NULL) {
            put_resource(&batches->writer, "Other", report_shortened(arena, control->evidence.items[i].subject, 512),
                         batches->region);
            count++;
        }
    if (count == 0)
        put_resource(&batches->writer, "AwsAccount", arena_printf(arena, "AWS::::Account:%s", batches->account),
                     batches->region);
    json_close(&batches->writer, ']');
    end_finding(batches, statuses[control->result]);
}

void report_asff(const struct report_run *run, const struct report_options *options, struct text *out)
{
    struct arena *arena = arena_new();
    struct batches batches = {.arena = arena, .run = run, .out = out, .account = "000000000000", .region = "us-east-1"};
    const struct verdicts_left_out *left_out = &run->set->left_out;
    size_t count;
    const struct verdict **shown = report_worth_showing(arena, run->set, &count);
    (void)options;
    // Controls are of the estate: of the first account that is known.
    for (size_t i = run->set->items.count; i > 0; i--) {
        const struct verdict *verdict = &run->set->items.items[i - 1];
        batches.account = report_is_account(verdict->account_id) ? verdict->account_id : batches.account;
        batches.region = verdict->region != NULL ? verdict->region : batches.region;
    }
    batches.account = left_out->account_id != NULL ? left_out->account_id : batches.account;
    batches.region = left_out->region != NULL ? left_out->region : batches.region;
    put_complete(&batches);
    for (size_t i = 0; i < count; i++)
        put_verdict(&batches, shown[i]);
    for (size_t p = 0; run->controls != NULL && p < run->controls->packs.count; p++)
        for (size_t i = 0; i < run->controls->packs.items[p].controls.count; i++)
            put_control(&batches, &run->controls->packs.items[p].controls.items[i]);
    end_batch(&batches);
    arena_free(arena);
}
