#include "aws/snapshot.h"
#include "aws/terraform/terraform.h"
#include "base/log.h"
#include "base/printable.h"
#include "cli/diff_runs.h"
#include "cli/gaps_text.h"
#include "cli/past.h"
#include "model/protocol.h"
#include "report/report.h"
#include "rules/reach/diff.h"

static const struct option_spec options_of_diff[] = {
    OPTION_FORMAT("text or json (default text)"),
    {"terraform", 0, "PLAN.json", "compare the snapshot with what this plan (terraform show -json) makes of it", false},
    OPTIONS_HISTORY,
    {"exit-code", 0, NULL, "exit 1 where anything opened or closed", false},
    OPTIONS_END,
};

static const char *const titles[] = {"opened", "closed", "altered"};

static void put_change(struct json_writer *writer, struct arena *arena, const struct change *change, uint16_t low,
                       uint16_t high)
{
    const struct network_interface *interface =
        change->endpoint != NULL ? change->endpoint->interface : change->indirect->interface;
    enum family family = change->endpoint != NULL ? change->endpoint->address.family : change->indirect->family;
    char address[ADDRESS_TEXT];
    if (change->endpoint != NULL)
        endpoint_address(change->endpoint, address);
    else
        address_format(change->indirect->private_address, address);
    json_open_line(writer, NULL, '{');
    json_put_string(writer, "address", address);
    json_put_string(writer, "eni_id", interface->id);
    json_put_string(writer, "instance_id", interface->instance_id);
    json_put_string(writer, "name", change->endpoint != NULL ? change->endpoint->name : change->indirect->name);
    json_put_boolean(writer, "indirect", change->endpoint == NULL);
    exposure_put_numbers(writer, change->protocol_low, change->protocol_high, low, high);
    exposure_put_reach(writer, arena, family,
                       &(struct exposure){.sources = change->sources,
                                          .internet = change->internet,
                                          .path = change->path,
                                          .certainty = change->certainty});
    reasons_put(writer, arena, "causes", &change->causes);
    json_close(writer, '}');
}

static void write_json(struct text *out, struct arena *arena, const struct difference *difference,
                       const struct side sides[2], const char *const names[2], const struct terraform_report *report)
{
    struct json_writer writer = json_writer_to(out);
    json_open(&writer, NULL, '{');
    json_put_string(&writer, "schema", "sgproof/diff/v1");
    json_put_string(&writer, "of", "states");
    json_put_string(&writer, "before", names[0]);
    json_put_string(&writer, "after", names[1]);
    text_list before = exposure_set_gaps(arena, sides[0].exposures),
              after = exposure_set_gaps(arena, sides[1].exposures);
    json_put_strings(&writer, "missing_before", before.items, before.count);
    json_put_strings(&writer, "missing_after", after.items, after.count);
    json_put_strings(&writer, "not_considered", report->not_considered.items, report->not_considered.count);
    text_list unknown = {0};
    for (size_t i = 0; i < report->unknown.count; i++)
        text_list_add(arena, &unknown, report->unknown.items[i]);
    text_list_add_all(arena, &unknown, &difference->unknown);
    json_put_strings(&writer, "unknown", unknown.items, unknown.count);
    for (int kind = CHANGE_OPENED; kind <= CHANGE_ALTERED; kind++) {
        json_open(&writer, titles[kind], '[');
        for (size_t i = 0; i < difference->changes.count; i++) {
            const struct change *change = &difference->changes.items[i];
            struct port_range rectangles[3];
            size_t count = exposure_rectangles(change->protocol_low, change->low, change->high, rectangles);
            for (size_t r = 0; r < count && (int)change->kind == kind; r++)
                put_change(&writer, arena, change, rectangles[r].low, rectangles[r].high);
        }
        json_close(&writer, ']');
    }
    for (int kind = 0; kind < DRIFT_KINDS; kind++) // that only runs have
        if (kind != DRIFT_OPENED && kind != DRIFT_CLOSED && kind != DRIFT_CHANGED)
            json_put_strings(&writer, drift_lists[kind], NULL, 0);
    json_close(&writer, '}');
    json_end_document(&writer);
}

static void write_text(struct text *out, struct arena *shown, const struct difference *difference,
                       const struct terraform_report *report, bool all)
{
    size_t counts[3] = {0}, hidden = 0;
    for (size_t i = 0; i < difference->changes.count; i++) {
        const struct change *change = &difference->changes.items[i];
        if (!change->internet && !all) {
            hidden++;
            continue;
        }
        struct arena *arena = arena_new();
        char address[ADDRESS_TEXT];
        enum family family = change->endpoint != NULL ? change->endpoint->address.family : change->indirect->family;
        const char *name = change->endpoint != NULL ? change->endpoint->name : change->indirect->name;
        struct exposure like = {.protocol_low = change->protocol_low,
                                .protocol_high = change->protocol_high,
                                .low = change->low,
                                .high = change->high};
        if (change->endpoint != NULL)
            endpoint_address(change->endpoint, address);
        else
            address_format(change->indirect->private_address, address);
        counts[change->kind]++;
        text_printf(
            out, "%-8s %-15s %s %s  %s from %s%s%s%s%s\n", titles[change->kind], address,
            exposure_protocol(arena, &like), cli_numbers(arena, &like),
            report_clean(arena, name != NULL               ? name
                                : change->endpoint != NULL ? change->endpoint->interface->id
                                                           : change->indirect->interface->id),
            cli_sources(arena, family, change->sources), change->path == PATH_INBOUND_ONLY ? "  [inbound-only]" : "",
            change->certainty == CERTAINTY_POSSIBLE ? "  [possible]" : "", change->internet ? "" : "  [not internet]",
            change->endpoint != NULL       ? ""
            : change->indirect->by_service ? arena_printf(arena, "  [behind %s]", change->indirect->load_balancer)
                                           : "  [behind a load balancer]");
        for (size_t c = 0; c < change->causes.count; c++)
            text_printf(out, "         %s\n", report_clean(arena, reason_brief(arena, change->causes.items[c])));
        arena_free(arena);
    }
    for (size_t i = 0; i < report->unknown.count; i++)
        text_printf(out, "UNKNOWN  %s\n", report_clean(shown, report->unknown.items[i]));
    for (size_t i = 0; i < difference->unknown.count; i++)
        text_printf(out, "UNKNOWN  %s\n", report_clean(shown, difference->unknown.items[i]));
    for (size_t i = 0; i < report->not_considered.count; i++)
        text_printf(out, "not considered: %s\n", report_clean(shown, report->not_considered.items[i]));
    text_printf(out, "%zu opened, %zu closed, %zu altered\n", counts[CHANGE_OPENED], counts[CHANGE_CLOSED],
                counts[CHANGE_ALTERED]);
    if (hidden > 0)
        text_printf(out, "%zu changes that no internet source can use are shown with --verbose\n", hidden);
}

static bool read_sides(const struct options *options, const char *plan, struct declared declared[2],
                       struct terraform_report *report, struct error *error)
{
    if (!cli_declared(options->operands.items[0], &declared[0], error))
        return false;
    if (plan == NULL)
        return cli_declared(options->operands.items[1], &declared[1], error);
    declared[1].estate = snapshot_read(options->operands.items[0], error);
    if (declared[1].estate == NULL || !terraform_apply(declared[1].estate, plan, report, error))
        return false;
    declared[1].exposures = reach_compute(declared[1].estate);
    return true;
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct declared declared[2] = {0};
    struct terraform_report report = {0};
    const char *format;
    bool done;
    if (!cli_options(arena, &command_diff, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    const char *plan = options_value(&options, "terraform");
    if (plan == NULL && diff_is_of_runs(arena, &options))
        return diff_runs(arena, &options);
    if (options.operands.count != (plan == NULL ? 2 : 1))
        return cli_usage(&command_diff, plan == NULL ? "expected two snapshot folders, or two runs"
                                                     : "expected one snapshot folder beside --terraform PLAN.json");
    if (!cli_format(&options, "text json", &format, &error))
        return cli_fail(&error);
    int status = 0;
    if (!read_sides(&options, plan, declared, &report, &error)) {
        status = cli_fail(&error);
    } else {
        struct side sides[2];
        for (int i = 0; i < 2; i++)
            sides[i] = (struct side){declared[i].estate, declared[i].exposures, i == 1 && plan != NULL};
        struct difference *difference = diff_compute(&sides[0], &sides[1]);
        struct text out = {0};
        if (strcmp(format, "json") == 0) {
            write_json(
                &out, arena, difference, sides,
                (const char *const[]){options.operands.items[0], plan != NULL ? plan : options.operands.items[1]},
                &report);
        } else {
            bool all = options_value(&options, "verbose") != NULL;
            gaps_text_of_side(sides[0].exposures, "before", all, &out);
            gaps_text_of_side(sides[1].exposures, "after", all, &out);
            write_text(&out, arena, difference, &report, all);
            printable_lines(&out);
        }
        bool complete = report.unknown.count == 0 && difference->unknown.count == 0;
        complete = cli_say_missing(declared[0].exposures) && complete;
        complete = cli_say_missing(declared[1].exposures) && complete;
        bool differs = difference->changes.count > 0 && options_value(&options, "exit-code") != NULL;
        status = cli_output(&options, &out, &error) ? cli_status_of(complete, differs) : cli_fail(&error);
        text_free(&out);
        diff_free(difference);
    }
    for (int i = 0; i < 2; i++)
        cli_declared_free(&declared[i]);
    return status;
}

const struct command command_diff = {
    .name = "diff",
    .summary =
        "Says exactly what opened and closed between two snapshots or two runs, or by a Terraform plan, and why.",
    .usage = "BEFORE AFTER | --terraform PLAN.json SNAPSHOT",
    .notes =
        "Endpoints are the same by their address, whatever their ids. Renamed ids, another order of documents, or "
        "rules\n"
        "that are split but equal make no difference. With a plan, what only apply tells makes what depends on it\n"
        "possible; that, what can expose something and is not modelled, and what the snapshot does not hold is "
        "UNKNOWN.\n"
        "Of runs (evidence folders, or ids of runs in the history) it says what moved of what was observed.\n"
        "Exit status: 0 done; 1 with --exit-code, something changed; 2 bad input; 3 something is missing or unknown;\n"
        "4 that, and with --exit-code something changed too.\n"
        "\nExamples:\n"
        "  sgproof diff before/ after/\n"
        "  sgproof diff evidence-monday/ evidence-tuesday/\n"
        "  terraform show -json plan.out > plan.json; sgproof diff --terraform plan.json estate/ --format json\n",
    .options = options_of_diff,
    .run = run,
};
