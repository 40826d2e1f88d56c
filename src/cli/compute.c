#include "cli/confine.h"
#include "base/log.h"
#include "base/printable.h"
#include "cli/commands.h"
#include "cli/gaps_text.h"
#include "cli/output.h"
#include "cli/vantage.h"
#include "pipeline/declare.h"
#include "cli/exposure_text.h"
#include "model/protocol.h"
#include "rules/intent/intent_start.h"
#include "rules/reach/reach.h"

static const struct option_spec options_of_compute[] = {
    OPTION_FORMAT("text|json", "of what is printed (default text)"),
    {"vantage", 0, "ADDRESS[:LOW-HIGH]", "what this one client can reach, from these source ports", false},
    {"from", 0, "CIDR", "what these sources can reach instead", true},
    {"as-intent", 0, NULL, "an intent file that allows what is exposed today and nothing else, to start from", false},
    OPTIONS_END,
};

static void write_intent(struct arena *arena, const struct exposure_set *set, struct text *out)
{
    text_list left_out = {0};
    intent_start(arena, set, out, &left_out);
    for (size_t i = 0; i < left_out.count; i++)
        log_line(LOG_WARNING, "no rule says this: %s", left_out.items[i]);
}

// --from, gathered by family.
static bool read_ranges(struct arena *arena, const struct options *options, struct source_range ranges[2],
                        size_t *count, struct error *error)
{
    const struct option_values *given = options_values(options, "from");
    for (size_t i = 0; i < given->items.count; i++) {
        struct prefix prefix;
        enum prefix_problem problem = prefix_parse(given->items.items[i], true, &prefix);
        if (problem != PREFIX_OK)
            return error_set(error, ERROR_USAGE, "--from %s: %s", given->items.items[i],
                             problem == PREFIX_HOST_BITS ? "has host bits set, expected the first address of a CIDR"
                                                         : "expected a CIDR such as 203.0.113.0/24 or 2001:db8::/32");
        size_t at = 0;
        while (at < *count && ranges[at].family != prefix.family)
            at++;
        if (at == *count)
            ranges[(*count)++] = (struct source_range){.family = prefix.family, .client_ports = portset_all};
        ranges[at].sources = prefixset_union(arena, ranges[at].sources, prefixset_of(arena, prefix));
    }
    return true;
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct declared declared = {0};
    struct vantage vantage;
    struct exposure_set *narrowed = NULL;
    const char *format;
    bool done;
    if (!cli_options(arena, &command_compute, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    if (options.operands.count != 1)
        return cli_usage(&command_compute, "expected one snapshot folder");
    const char *from = options_value(&options, "vantage");
    struct source_range ranges[2];
    size_t range_count = 0;
    if (from != NULL && options_value(&options, "from") != NULL)
        return cli_usage(&command_compute, "--vantage and --from exclude each other");
    if (!read_ranges(arena, &options, ranges, &range_count, &error))
        return cli_fail(&error);
    format = cli_format(&options);
    if ((from != NULL && !vantage_read(arena, from, &vantage, &error)) ||
        !declared_read(options.operands.items[0], &declared, &error))
        return cli_fail(&error);
    const struct exposure_set *set = declared.exposures;
    if (from != NULL)
        set = narrowed = reach_from_vantages(declared.exposures, &vantage, 1);
    else if (range_count > 0)
        set = narrowed = reach_from_ranges(declared.exposures, ranges, range_count);
    struct text out = {0};
    struct output output;
    bool written;
    if (options_value(&options, "as-intent") != NULL) {
        write_intent(arena, set, &out);
        written = cli_output(&options, &out, &error);
        text_free(&out);
    } else if (strcmp(format, "json") == 0) {
        written = cli_output_begin(&options, &output, &out, &error);
        if (written) {
            exposure_write_json(set, &out);
            written = cli_output_end(&output, &out, &error);
        }
    } else {
        exposure_text(set, options_value(&options, "verbose") != NULL, &out);
        printable_lines(&out);
        written = cli_output(&options, &out, &error);
        text_free(&out);
    }
    bool complete = cli_say_missing(set);
    exposure_set_free(narrowed);
    declared_free(&declared);
    return !written ? cli_fail(&error) : complete ? 0 : ERROR_INCOMPLETE;
}

const struct command command_compute = {
    .name = "compute",
    .summary = "Computes what the configuration in a snapshot lets the internet reach on each endpoint.",
    .usage = "SNAPSHOT [options]",
    .notes =
        "Exit status: 0 done; 2 bad input, nothing written; 3 the snapshot lacks something that an answer rests on.\n"
        "\nExamples:\n"
        "  sgproof compute estate/\n"
        "  sgproof compute estate/ --vantage 203.0.113.7:32768-60999 --format json\n"
        "  sgproof compute estate/ --as-intent -o intent.json\n"
        "  sgproof compute estate/ --from 203.0.113.0/24 --from 2001:db8::/32\n",
    .options = options_of_compute,
    .run = run,
};
