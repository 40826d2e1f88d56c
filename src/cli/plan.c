#include "base/log.h"
#include "cli/past.h"
#include "cli/probing.h"
#include "model/protocol.h"
#include "report/report.h"

static const struct option_spec options_of_plan[] = {
    OPTION_FORMAT("json|text", "of the plan (default json: the lines that `probe` reads)"),
    OPTION_VANTAGE,
    OPTIONS_LEARN,
    OPTION_DEPTH,
    OPTION_INTENT,
    {"previous", 0, "EVIDENCE", "ask again what this earlier evidence saw answer, at every depth", true},
    OPTION_CANARY,
    OPTIONS_SPEED,
    OPTIONS_ESTIMATE,
    OPTIONS_END,
};

static void write_text(const struct plan *plan, const struct verdict_set *coverage, struct text *out)
{
    struct arena *arena = arena_new();
    for (size_t i = 0; i < plan->targets.count; i++, arena_reset(arena)) {
        const struct plan_target *target = &plan->targets.items[i];
        char address[ADDRESS_TEXT];
        address_format(target->address, address);
        text_printf(out, "%-15s %-6s %-12s %6zu ports  ", address, protocol_name(arena, target->protocol),
                    declared_names[target->expect], portset_size(target->ports));
        for (size_t w = 0; w < target->why.count; w++)
            text_printf(out, "%s%s", w > 0 ? ", " : "", report_clean(arena, target->why.items[w]));
        text_puts(out, "\n");
    }
    for (size_t i = 0; i < coverage->gaps.count; i++)
        text_printf(out, "Not asked: %zu × %s\n", coverage->gaps.items[i].count,
                    report_clean(arena, coverage->gaps.items[i].what));
    arena_free(arena);
}

static bool write_plan(const struct options *options, const struct plan *plan, const struct plan_head *head,
                       const struct verdict_set *coverage, bool as_text, struct error *error)
{
    bool only_head = cli_only_estimate(options);
    struct output output;
    struct text out;
    GUARD(cli_output_begin(options, &output, &out, error));
    if (!as_text)
        plan_head_write(plan, head, &out);
    if (as_text && only_head)
        cli_write_estimate(plan, head, &out);
    else if (as_text)
        write_text(plan, coverage, &out);
    else if (!only_head)
        plan_write(plan, &out);
    return cli_output_end(&output, &out, error);
}

// What --previous, repeatable, saw answer.
static bool read_previous(struct arena *arena, const struct options *options, struct answered *answered,
                          struct error *error)
{
    const struct option_values *given = options_values(options, "previous");
    for (size_t i = 0; i < given->items.count; i++) {
        struct answered one = {0};
        GUARD(past_answers(arena, given->items.items[i], &one, error));
        answered_join(arena, answered, &one);
    }
    return true;
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct declared declared = {0};
    struct vantage_list vantages = {0};
    struct plan plan = {0};
    struct verdict_set coverage = {0};
    struct probe_speed speed;
    struct answered answered = {0};
    struct intent *intent;
    const char *format;
    bool done;
    if (!cli_options(arena, &command_plan, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    if (options.operands.count != 1)
        return cli_usage(&command_plan, "expected one snapshot folder");
    if (!cli_format(&options, "text json", &format, &error) || !cli_vantages(arena, &options, &vantages, &error) ||
        !cli_speed(&options, &speed, &error) || !cli_intent(arena, &options, &intent, &error) ||
        !read_previous(arena, &options, &answered, &error) ||
        !cli_declared(options.operands.items[0], &declared, &error))
        return cli_fail(&error);
    struct vantage_list own = {.automatic = vantages.automatic};
    if (vantages.items.count == 0 && !cli_own_vantages(arena, &options, declared.exposures, &own, &error)) {
        cli_declared_free(&declared);
        return cli_fail(&error);
    }
    if (vantages.items.count == 0)
        vantages = own;
    struct exposure_set *narrowed = cli_narrow(declared.exposures, &vantages);
    int status = 0;
    if (!cli_plan(arena, options_value(&options, "depth"), &declared, narrowed, intent, NULL, &answered, &vantages,
                  &plan, &coverage, &error) ||
        !cli_canaries(arena, &options, &plan, NULL, &error) || !cli_canaries_apart(&plan, declared.exposures, &error)) {
        status = cli_fail(&error);
    } else {
        bool as_text = options_value(&options, "format") != NULL && strcmp(format, "text") == 0;
        struct plan_head head = cli_plan_head(arena, &plan, &vantages, &speed);
        bool written = write_plan(&options, &plan, &head, &coverage, as_text, &error);
        for (size_t i = 0; i < coverage.gaps.count; i++)
            log_line(LOG_INFO, "not asked: %zu × %s", coverage.gaps.items[i].count, coverage.gaps.items[i].what);
        bool complete = cli_say_missing(declared.exposures);
        status = !written ? cli_fail(&error) : complete ? 0 : ERROR_INCOMPLETE;
    }
    exposure_set_free(narrowed);
    cli_declared_free(&declared);
    return status;
}

const struct command command_plan = {
    .name = "plan",
    .summary = "Plans what to probe from a vantage point: what is declared, and where undeclared exposure would hurt.",
    .usage = "SNAPSHOT [--vantage ADDRESS] [--intent FILE] [--depth DEPTH]",
    .notes =
        "Depths: declared, what the configuration lets the vantage reach; standard, that, every port that a rule of "
        "its\n"
        "VPC or the intent names (of a rule over more than 1024 ports its two ends), 1-1023 and well-known service\n"
        "ports; full, 1-65535 and what is declared. UDP: declared ports and, but for declared, those with a known\n"
        "payload. ICMP echo always, and what --previous saw answer.\n"
        "\nExamples:\n"
        "  sgproof plan estate/ --vantage 203.0.113.7 -o plan.jsonl\n"
        "  sgproof plan estate/ --depth declared --format text\n",
    .options = options_of_plan,
    .run = run,
    .talks = true,
};
