#include <stdlib.h>

#include "cli/confine.h"
#include "base/file.h"
#include "base/log.h"
#include "base/rights.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/habits.h"
#include "cli/places.h"
#include "cli/probing.h"
#include "cli/probe_state.h"
#include "pipeline/file_kind.h"

static const struct option_spec options_of_probe[] = {
    {"targets", 0, "FILE", "lines ADDRESS tcp|udp|icmp PORTS, or a plan; - is stdin", false},
    OPTION_ONLY,
    OPTIONS_LEAVE,
    OPTIONS_PROBE,
    {"capture", 0, "FILE", "write the probe's packets and their answers as pcap (SYN method)", false},
    {"from-capture", 0, "FILE",
     "send nothing: derive the observations from such a file, which says what it was probed with", false},
    OPTION_SHARD,
    {"state", 0, "FILE", "keep what is known there, and do not ask it again", false},
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

// What a capture that is played was probed with is what it says, and no option says otherwise; or what an option says,
// or its plan.
static bool take_captured(struct arena *arena, const struct options *options, struct plan *plan,
                          struct probe_captured *captured, struct error *error)
{
    const char *file = options_value(options, "from-capture");
    const char *const names[] = {"tries", "timeout"};
    GUARD(probe_captured_read(arena, file, captured, error));
    bool itself = captured->tries > 0;
    long *kept[] = {&captured->tries, &captured->timeout_ms},
         of_plan[] = {plan->tries <= 10 ? plan->tries : 0, plan->timeout_ms <= 60000 ? plan->timeout_ms : 0};
    for (int i = 0; i < 2; i++) {
        const char *given = options_value(options, names[i]);
        if (itself && given != NULL && strtol(given, NULL, 10) != *kept[i])
            return error_set(error, ERROR_USAGE, "--%s %s: %s was probed with --%s %ld, as it says: leave it out",
                             names[i], given, file, names[i], *kept[i]);
        if (itself || given != NULL)
            continue;
        *kept[i] = of_plan[i];
        if (*kept[i] == 0)
            log_line(LOG_WARNING, "%s does not say with which --%s it was probed: the default is taken", file,
                     names[i]);
    }
    const struct option_values *canaries = options_values(options, "canary");
    bool same = !itself || canaries->items.count == 0 || canaries->items.count == captured->canaries.count;
    for (size_t i = 0; same && itself && i < canaries->items.count; i++)
        same = strcmp(canaries->items.items[i], captured->canaries.items[i]) == 0;
    if (!same)
        return error_set(error, ERROR_USAGE, "--canary: %s says which it was probed with: leave it out", file);
    for (size_t i = 0; canaries->items.count == 0 && i < captured->canaries.count; i++)
        GUARD(planning_add_canary(arena, captured->canaries.items[i], plan, error));
    return true;
}

static bool probe(struct arena *arena, const struct options *options, struct probe_raw *raw, const struct plan *plan,
                  const struct probe_captured *captured, struct observations *observations,
                  struct probe_summary *summary, struct error *error)
{
    struct probe_options probe;
    const char *replayed = options_value(options, "from-capture");
    if (!cli_probe_options(arena, options, &probe, error))
        return false;
    if (replayed != NULL)
        return probe_replay(arena, plan, replayed, captured->tries > 0 ? captured->tries : probe.speed.tries,
                            captured->timeout_ms > 0 ? captured->timeout_ms : probe.speed.timeout_ms, NULL,
                            observations, summary, error);
    const char *state = options_value(options, "state");
    struct probe_captured told = {.tries = probe.speed.tries, .timeout_ms = probe.speed.timeout_ms};
    for (size_t i = 0; i < options_values(options, "canary")->items.count; i++)
        *vector_add(arena, &told.canaries) = options_values(options, "canary")->items.items[i];
    probe.capture_told = probe_captured_text(arena, &told);
    probe.raw = raw;
    probe.capture = options_value(options, "capture");
    if (probe.capture != NULL || state != NULL)
        place_keep_private();
    GUARD((probe.capture == NULL || place_may_write(probe.capture, error)) &&
          (state == NULL || place_may_write(state, error)));
    if (state == NULL)
        return probe_run(arena, plan, &probe, observations, summary, error);
    struct probe_state kept = {.file = state, .known = observations};
    struct plan rest = {0};
    struct observations fresh = {0};
    probe.keep = state_keep;
    probe.keep_context = &kept;
    GUARD(probe_scope(plan, probe.only, probe.only_count, error) && state_read(arena, &kept, plan, &rest, error));
    probe.capture_in_place = true;
    probe.capture_frames = observations->capture_frames;
    probe.capture_bytes = observations->capture_bytes;
    bool lacks = probe.capture != NULL && probe.capture_frames == 0 && observations->items.count > 0;
    GUARD(probe_run(arena, &rest, &probe, &fresh, summary, error));
    if (lacks) {
        log_line(LOG_ERROR, "%s: lacks the packets of what %s knew before: for a capture of all, begin both anew",
                 probe.capture, state);
        summary->problem = true;
    }
    if (!state_merge(arena, &kept, &fresh, summary, error)) { // what was observed is told all the same
        log_line(LOG_ERROR, "%s", error->message);
        summary->problem = true;
    }
    return true;
}

// Where the output cannot be written, what was observed goes to stdout.
static bool print(const struct options *options, const struct text *out, struct error *error)
{
    if (cli_output(options, out, error))
        return true;
    if (options_value(options, "output") != NULL && fwrite(out->bytes, 1, out->length, stdout) == out->length)
        fflush(stdout);
    return false;
}

// Whether one file would be written over another.
static bool same_place(const struct options *options, const char *plan)
{
    const char *files[] = {plan, options_value(options, "output"), options_value(options, "capture"),
                           options_value(options, "state"), options_value(options, "from-capture")};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        for (size_t j = 0; j < i; j++)
            if (files[i] != NULL && files[j] != NULL && strcmp(files[i], "-") != 0 && strcmp(files[i], files[j]) == 0)
                return true;
    return false;
}

static int estimate(struct arena *arena, const struct options *options, const struct plan *plan)
{
    struct error error = {0};
    struct probe_options probe;
    struct text out = {0};
    struct vantage_list nobody = {0};
    if (!cli_probe_options(arena, options, &probe, &error) || !probe_scope(plan, probe.only, probe.only_count, &error))
        return cli_fail(&error);
    struct plan_head head = planning_head(arena, plan, &nobody, &probe.speed);
    planning_write_estimate(plan, &head, &out);
    bool written = cli_output(options, &out, &error);
    text_free(&out);
    return written ? 0 : cli_fail(&error);
}

static int run_with(struct arena *arena, struct probe_raw *raw, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct plan plan = {0};
    struct probe_captured captured = {0};
    struct probe_summary summary;
    struct observations observations = {0};
    bool done;
    if (!cli_options(arena, &command_probe, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    const char *file = options_value(&options, "targets");
    if (options.operands.count + (file != NULL) != 1)
        return cli_usage(&command_probe, "expected one plan, or --targets FILE");
    const char *address = file != NULL ? NULL : habit_of_target(arena, options.operands.items[0]);
    if (address != NULL)
        return cli_usage(&command_probe, address);
    file = file != NULL ? file : options.operands.items[0];
    if (options_value(&options, "from-capture") != NULL &&
        (options_value(&options, "capture") != NULL || options_value(&options, "state") != NULL))
        return cli_usage(&command_probe, "--from-capture sends nothing: neither --capture nor --state goes with it");
    if (options_value(&options, "from-capture") != NULL || cli_only_estimate(&options))
        probe_raw_close(raw);
    if (!probe_sends && options_value(&options, "from-capture") == NULL && !cli_only_estimate(&options))
        return cli_usage(&command_probe, CLI_NO_PROBER);
    if (same_place(&options, file))
        return cli_usage(&command_probe, "the plan, --output, --capture and --state must be different files");
    if (!file_kind_may_be(file, "plan", "a plan, or a list of targets", &error) ||
        !read_targets(arena, file, &plan, &error) ||
        (options_value(&options, "from-capture") != NULL &&
         !take_captured(arena, &options, &plan, &captured, &error)) ||
        !cli_canaries(arena, &options, &plan, NULL, &error) || !planning_canaries_apart(&plan, NULL, &error))
        return cli_fail(&error);
    if (!cli_shard(arena, &options, &plan, &error))
        return cli_fail(&error);
    if (cli_only_estimate(&options))
        return estimate(arena, &options, &plan);
    if (!probe(arena, &options, raw, &plan, &captured, &observations, &summary, &error))
        return cli_fail(&error);
    struct text out = {0};
    for (size_t i = 0; i < observations.items.count; i++)
        observation_write(&observations.items.items[i], &out);
    summary.shard = plan.shard;
    probe_summary_write(&summary, &out);
    bool written = print(&options, &out, &error);
    text_free(&out);
    planning_say_probed(&summary);
    return !written                                                    ? cli_fail(&error)
           : summary.by_state[OBSERVED_UNKNOWN] > 0 || summary.problem ? ERROR_INCOMPLETE
                                                                       : 0;
}

// Before an option or a file is looked at, what needs the right to raw sockets is opened, and every privilege given up.
static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct probe_raw *raw = probe_raw_open(arena);
    int status = rights_drop(&error) ? run_with(arena, raw, argc, argv) : cli_fail(&error);
    probe_raw_close(raw);
    return status;
}

const struct command command_probe = {
    .name = "probe",
    .summary = "Probes exactly the ports of a plan or target list, and says how each answered.",
    .usage = "PLAN | --targets FILE [--only CIDR] [--method METHOD] [--rate N] [--capture FILE]",
    .notes = "Nothing outside the plan or the list is ever sent to; --only narrows further.\n"
             "Ctrl-C ends cleanly: what had no answer yet is unknown. --state goes on from there,\n"
             "or from some seconds before where the probe was killed, and appends to its --capture.\n"
             "Silent ports are asked again while answers are being lost.\n"
             "--services ends after --services-deadline; what is not identified by then says so, and changes no exit "
             "status.\n"
             "UDP is asked with payloads that services answer; closed is what the target itself says is.\n"
             "Exit status: 0 all asked; 2 bad usage, nothing sent; 3 something could not be asked.\n"
             "\nExamples:\n"
             "  sgproof probe plan.jsonl --only 198.51.100.0/24 --capture capture.pcap -o observations.jsonl\n"
             "  sgproof probe plan.jsonl --from-capture capture.pcap\n"
             "  echo '127.0.0.1 tcp 22,80,8000-8100' | sgproof probe --targets - --only 127.0.0.0/8\n",
    .options = options_of_probe,
    .run = run,
    .talks = true,
    .probes = true,
};
