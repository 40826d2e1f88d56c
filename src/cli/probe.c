#include <stdlib.h>

#include "base/file.h"
#include "base/log.h"
#include "cli/common.h"

static const struct option_spec options_of_probe[] = {
    {"targets", 0, "FILE", "lines ADDRESS tcp|udp|icmp PORTS, or a plan; - is stdin", false},
    OPTION_ONLY,
    {"method", 0, "METHOD", "auto or connect (default auto: connect)", false},
    OPTION_RATE,
    OPTION_TRIES,
    OPTION_TIMEOUT,
    OPTIONS_END,
};

static bool read_targets(struct arena *arena, const char *file, struct plan *plan, struct error *error)
{
    size_t length;
    char *text = file_read(file, &length, error);
    bool good = text != NULL && plan_read(arena, file, text, length, plan, error);
    free(text);
    return good;
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct plan plan = {0};
    struct probe_options probe;
    struct probe_summary summary;
    struct observations observations = {0};
    bool done;
    if (!options_parse(arena, &command_probe, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    const char *file = options_value(&options, "targets"), *method = options_value(&options, "method");
    if (options.operands.count + (file != NULL) != 1)
        return cli_usage(&command_probe, "expected one plan, or --targets FILE");
    file = file != NULL ? file : options.operands.items[0];
    if (method != NULL && strcmp(method, "auto") != 0 && strcmp(method, "connect") != 0) {
        error_set(&error, ERROR_USAGE, "--method %s: expected auto or connect", method);
        return cli_fail(&error);
    }
    if (!cli_probe_options(arena, &options, &probe, &error) || !read_targets(arena, file, &plan, &error) ||
        !probe_run(arena, &plan, &probe, &observations, &summary, &error))
        return cli_fail(&error);
    struct text out = {0};
    for (size_t i = 0; i < observations.items.count; i++)
        observation_write(&observations.items.items[i], &out);
    probe_summary_write(&summary, &out);
    bool written = cli_output(&options, &out, &error);
    text_free(&out);
    if (summary.by_state[OBSERVED_UNKNOWN] > 0)
        log_line(LOG_WARNING, "incomplete: %zu ports could not be asked", summary.by_state[OBSERVED_UNKNOWN]);
    return !written ? cli_fail(&error) : summary.by_state[OBSERVED_UNKNOWN] > 0 ? ERROR_INCOMPLETE : 0;
}

const struct command command_probe = {
    .name = "probe",
    .summary = "Probes exactly the ports of a plan or target list, and says how each answered.",
    .usage = "PLAN | --targets FILE [--only CIDR] [--rate N] [--tries N]",
    .notes =
        "Nothing outside the plan or the list is ever sent to; --only narrows further. Ctrl-C ends cleanly: what had "
        "no\n"
        "answer yet is unknown. Exit status: 0 all asked; 2 bad usage, nothing sent; 3 something could not be asked.\n"
        "\nExamples:\n"
        "  sgproof probe plan.jsonl --only 198.51.100.0/24 -o observations.jsonl\n"
        "  echo '127.0.0.1 tcp 22,80,8000-8100' | sgproof probe --targets - --only 127.0.0.0/8\n",
    .options = options_of_probe,
    .run = run,
};
