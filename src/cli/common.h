// What the commands share: reading their inputs, writing their output, and the parts of their options that recur.
#pragma once

#include "base/file.h"
#include "base/json.h"
#include "cli/options.h"
#include "cli/vantage.h"
#include "model/exposure.h"
#include "model/control.h"
#include "probe/probe.h"
#include "reconcile/plan.h"
#include "rules/intent.h"
#include "rules/pack.h"
#include "rules/reach.h"
#include "rules/vantage.h"

// Prints an error the way every command does and returns its exit status.
int cli_fail(const struct error *error);

// Bad usage: prints the message and a pointer to --help; exit status 2.
int cli_usage(const struct command *command, const char *message);

// Writes the result to --output, or to stdout.
bool cli_output(const struct options *options, const struct text *text, struct error *error);

// The same for what is too large for memory: what is added to *text goes to --output or stdout as it grows.
struct output {
    struct file_draft draft;
    bool is_file;
};
bool cli_output_begin(const struct options *options, struct output *output, struct text *text, struct error *error);
bool cli_output_end(struct output *output, struct text *text, struct error *error);
void cli_output_abandon(struct output *output, struct text *text); // leaves no file

// --format, one of `formats` ("text json" separated by spaces); without it the first one on a terminal, else too.
bool cli_format(const struct options *options, const char *formats, const char **format, struct error *error);

// Colour is for terminals, and not where NO_COLOR is set (https://no-color.org).
bool cli_colour(const struct options *options);

// A snapshot and what it declares. Both are freed with cli_declared_free.
struct declared {
    struct estate *estate;
    struct exposure_set *exposures;
};

// Fails too where the folder holds no document of a network; cli_declared_any takes those of accounts alone.
bool cli_declared(const char *folder, struct declared *declared, struct error *error);
bool cli_declared_any(const char *folder, struct declared *declared, struct error *error);
void cli_declared_free(struct declared *declared);

// --intent, or NULL.
bool cli_intent(struct arena *arena, const struct options *options, struct intent **intent, struct error *error);

// --pack, by name of one that comes with the program or as a file; without it, all that come with it.
struct pack_source {
    const struct pack *pack;
    const char *bytes;
    size_t length;
};
struct pack_list {
    VECTOR(struct pack_source) items;
};
bool cli_packs(struct arena *arena, const struct options *options, struct pack_list *packs, struct error *error);

// --passphrase-file: its first line, to be given back with cli_forget; NULL where the option was not given.
bool cli_passphrase(const struct options *options, char **passphrase, struct error *error);
void cli_forget(char *secret); // NULL is allowed

// Whether a --depth (NULL: standard) is one.
bool cli_depth(const char *depth, enum plan_depth *chosen, struct error *error);

// The plan of a --depth (NULL: standard) for the vantages, with what it leaves out as gaps of `coverage`.
bool cli_plan(struct arena *arena, const char *depth, const struct declared *declared,
              const struct exposure_set *narrowed, const struct intent *intent, const struct vantage_list *vantages,
              struct plan *plan, struct verdict_set *coverage, struct error *error);

// --canary (repeatable): adds them to the plan, and their texts, as --canary takes them, to `canaries` where that is
// not NULL. cli_add_canary adds one.
bool cli_canaries(struct arena *arena, const struct options *options, struct plan *plan, text_list *canaries,
                  struct error *error);
bool cli_add_canary(struct arena *arena, const char *text, struct plan *plan, struct error *error);

// --estimate or --dry-run.
bool cli_only_estimate(const struct options *options);

// OPTIONS_SPEED.
bool cli_speed(const struct options *options, struct probe_speed *speed, struct error *error);

// What stands at the head of a plan for these vantages, asked at that speed; in the arena.
struct plan_head cli_plan_head(struct arena *arena, const struct plan *plan, const struct vantage_list *vantages,
                               const struct probe_speed *speed);
// The same for people.
void cli_write_estimate(const struct plan *plan, const struct plan_head *head, struct text *out);

// OPTIONS_PROBE and --only into probe options.
bool cli_probe_options(struct arena *arena, const struct options *options, struct probe_options *probe,
                       struct error *error);

// Says on stderr what of a probe's summary a person should know.
void cli_say_probed(const struct probe_summary *summary);

// Date of --date, or today, as YYYY-MM-DD; false where the option is no date.
bool cli_date(struct arena *arena, const struct options *options, const char **date, struct error *error);

// --fail-on (repeatable, each a list): severities from which on, verdicts, controls by glob.
struct fail_on {
    bool severity;
    enum severity least;
    bool verdicts[VERDICT_KINDS];
    text_list controls;
};
bool cli_fail_on(struct arena *arena, const struct options *options, struct fail_on *fail_on, struct error *error);

// Exit status of a job that is done: 0 nothing to report, 1 findings, 3 incomplete, 4 incomplete and findings too.
int cli_status_of(bool complete, bool findings);

// The same of a set; findings are what of it, or of the controls (NULL: none were judged), is what --fail-on says.
int cli_status(const struct verdict_set *set, const struct control_report *controls, const struct fail_on *fail_on);

// Whether nothing is to be printed: -q, text, no --output, and nothing to report. A nightly job is silent so.
bool cli_is_silent(const struct options *options, const char *format, int status);

// --baseline, an evidence folder or file of verdicts; *baseline is NULL where the option was not given.
bool cli_baseline_read(struct arena *arena, const struct options *options, const struct verdict_set **baseline,
                       struct error *error);
// What of a set is not in a baseline; all of it where that is NULL.
struct verdict_set cli_baseline_fresh(struct arena *arena, const struct verdict_set *set,
                                      const struct verdict_set *baseline);

// Options that several commands have in common.
#define OPTION_FORMAT(formats)                                                                                         \
    {                                                                                                                  \
        "format", 'f', "FORMAT", formats, false                                                                        \
    }
#define OPTION_INTENT                                                                                                  \
    {                                                                                                                  \
        "intent", 0, "FILE", "what is meant to be public (sgproof/intent/v1)", false                                   \
    }
#define OPTION_DATE                                                                                                    \
    {                                                                                                                  \
        "date", 0, "YYYY-MM-DD", "day on which intent is judged (default today, UTC)", false                           \
    }
#define OPTION_DEPTH                                                                                                   \
    {                                                                                                                  \
        "depth", 0, "DEPTH", "declared, standard or full (default standard)", false                                    \
    }
#define OPTION_ONLY                                                                                                    \
    {                                                                                                                  \
        "only", 0, "CIDR", "refuse, before sending anything, any target outside it", true                              \
    }
#define OPTIONS_SPEED                                                                                                  \
    {"rate", 0, "N", "most packets a second, 1 to 1000000 (default 10000)", false},                                    \
        {"host-rate", 0, "N", "most packets a second to one address, 1 to 1000000 (default 2000)", false},             \
        {"tries", 0, "N", "tries before silence is believed, 1 to 10 (default 3); more where answers are lost",        \
         false},                                                                                                       \
    {                                                                                                                  \
        "timeout", 0, "MS", "longest wait for an answer, 50 to 60000 ms (default 1000)", false                         \
    }
#define OPTION_CANARY                                                                                                  \
    {                                                                                                                  \
        "canary", 0, "ADDRESS:PORT", "a TCP port of yours that answers: asked beside, to see that the way is alive",   \
            true                                                                                                       \
    }
#define OPTIONS_ESTIMATE                                                                                               \
    {"estimate", 0, NULL, "say how many questions, packets and seconds, and stop: nothing is sent", false},            \
    {                                                                                                                  \
        "dry-run", 0, NULL, "the same", false                                                                          \
    }
#define OPTIONS_PROBE                                                                                                  \
    {"method", 0, "METHOD", "auto, syn or connect (default auto: syn where raw sockets may be opened)", false},        \
        OPTIONS_SPEED, OPTION_CANARY, OPTIONS_ESTIMATE,                                                                \
        {"services", 0, NULL, "identify what answers at open TCP ports: a few connections to each", false},            \
        {"services-deadline", 0, "S", "longest time for that in whole, 1 to 86400 s (default 300)", false},            \
        {"progress", 0, "SECONDS", "where stderr is no terminal: a line every so often, 0 none (default 30)", false},  \
    {                                                                                                                  \
        "seed", 0, "N", "order of asking, 1 to 4294967295 (default: drawn, and told in the summary)", false            \
    }
#define OPTION_PASSPHRASE_FILE                                                                                         \
    {                                                                                                                  \
        "passphrase-file", 0, "FILE", "the private key's passphrase: the file's first line", false                     \
    }
#define OPTION_PACK                                                                                                    \
    {                                                                                                                  \
        "pack", 0, "NAME|FILE",                                                                                        \
            "controls to judge: sec-002, cis-aws-network, fsbp-exposure, pci-dss-exposure, or a file (default: "       \
            "these)",                                                                                                  \
            true                                                                                                       \
    }
#define OPTION_FAIL_ON                                                                                                 \
    {                                                                                                                  \
        "fail-on", 0, "WHAT",                                                                                          \
            "exit 1 for: a severity and above, a verdict, control:ID with *, none; a list (default high)", true        \
    }
#define OPTION_BASELINE                                                                                                \
    {                                                                                                                  \
        "baseline", 0, "EVIDENCE", "report only what is not in this earlier evidence", false                           \
    }
#define OPTIONS_END                                                                                                    \
    {                                                                                                                  \
        NULL, 0, NULL, NULL, false                                                                                     \
    }

// Says on stderr what the snapshot lacks; true where nothing is missing.
bool cli_say_missing(const struct exposure_set *set);

// Sources in few words: "0.0.0.0/0 but 10.0.0.0/16", the first prefixes and how many more.
const char *cli_sources(struct arena *arena, enum family family, struct prefixset sources);

// Ports, or ICMP types, of a rectangle, in few words.
const char *cli_numbers(struct arena *arena, const struct exposure *exposure);

extern const struct command command_account, command_read, command_compute, command_diff, command_explain,
    command_history, command_keygen, command_plan, command_probe, command_reconcile, command_report, command_run,
    command_verify;
