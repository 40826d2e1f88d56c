#include "cli/confine.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/fail_on.h"
#include "cli/judged_by.h"
#include "cli/output.h"
#include "pipeline/declare.h"
#include "cli/gaps_text.h"
#include "report/report.h"
#include "rules/controls/controls.h"

static const struct option_spec options_of_account[] = {
    OPTION_FORMAT("text|json", "of what is printed (default text)"),
    OPTION_INTENT,
    OPTION_PACK_OF_ACCOUNT,
    OPTION_DATE,
    {"fail-on", 0, "CONTROL", "exit 1 where a control whose id matches this glob failed, or none (default *)", false},
    OPTIONS_END,
};

// That each pack that is named asks something here, and that --fail-on, if it is given, means some of it. *fail_on is
// NULL for none.
static bool check(struct arena *arena, const struct options *options, const struct pack_list *packs,
                  const char **fail_on, struct error *error)
{
    const char *given = options_value(options, "fail-on");
    bool named = options_values(options, "pack")->items.count > 0;
    for (size_t i = 0; i < packs->items.count && named; i++)
        if (!pack_is_of_account(packs->items.items[i].pack))
            return error_set(
                error, ERROR_USAGE,
                "--pack %s: none of its controls is of the account, so nothing of it would be judged here: "
                "`sgproof run` judges it",
                packs->items.items[i].pack->id);
    *fail_on = given == NULL ? "*" : strncmp(given, "control:", 8) == 0 ? given + 8 : given;
    if (given != NULL && strcmp(given, "none") == 0) {
        *fail_on = NULL;
        return true;
    }
    return given == NULL || cli_control_exists(arena, packs, true, *fail_on, error);
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct declared declared = {0};
    struct pack_list sources = {0};
    struct control_report report = {0};
    struct intent *intent;
    const char *format, *today, *fail_on;
    bool done;
    if (!cli_options(arena, &command_account, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    if (options.operands.count != 1)
        return cli_usage(&command_account, "expected one snapshot folder");
    format = cli_format(&options);
    if (!cli_date(arena, &options, &today, &error) || !cli_packs(arena, &options, &sources, &error) ||
        !check(arena, &options, &sources, &fail_on, &error) || !cli_intent(arena, &options, &intent, &error) ||
        !declared_read_any(options.operands.items[0], &declared, &error))
        return cli_fail(&error);
    const struct pack **packs = arena_array(arena, const struct pack *, sources.items.count + 1);
    for (size_t i = 0; i < sources.items.count; i++)
        packs[i] = sources.items.items[i].pack;
    const struct fact_input input = {
        .estate = declared.estate, .exposures = declared.exposures, .intent = intent, .today = today, .snapshot = ""};
    controls_judge(arena, &input,
                   &(struct controls_options){.packs = packs, .pack_count = sources.items.count, .account_only = true},
                   &report);
    struct text out = {0}, lines = {0};
    report.unread_of = declared.estate;
    bool complete = gaps_text_of_account(declared.estate, options_value(&options, "verbose") != NULL, &lines) == 0;
    if (strcmp(format, "json") != 0 && lines.length > 0)
        text_add(&out, lines.bytes, lines.length);
    text_free(&lines);
    if (strcmp(format, "json") == 0)
        controls_write_json(&report, &out);
    else
        report_controls_text(&report, &(struct report_options){.colour = cli_colour(&options)}, &out);
    for (size_t p = 0; p < report.packs.count; p++)
        for (size_t i = 0; i < report.packs.items[p].controls.count; i++)
            complete = complete && report.packs.items[p].controls.items[i].result != CONTROL_NOT_EVALUATED;
    bool failed = fail_on != NULL && controls_failed(&report, fail_on);
    int status = cli_output(&options, &out, &error) ? exit_status_of(complete, failed) : cli_fail(&error);
    text_free(&out);
    declared_free(&declared);
    return status;
}

const struct command command_account = {
    .name = "account",
    .summary = "Judges how an account is guarded: root, users, credentials, password policy, CloudTrail, STS.",
    .usage = "SNAPSHOT [--intent FILE] [--pack NAME|FILE]",
    .notes =
        "The controls of the packs that rest on IAM and CloudTrail alone. The intent's `administrators` may hold more\n"
        "than read access. Exit status: 0 none failed; 1 some did; 2 bad input; 3 some could not be evaluated; 4 "
        "that,\n"
        "and some failed too.\n"
        "\nExamples:\n"
        "  sgproof account estate/ --intent intent.json\n"
        "  sgproof account estate/ --pack sec-002 --format json\n",
    .options = options_of_account,
    .run = run,
};
