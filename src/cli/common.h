// What the commands share: reading their inputs, writing their output, and the parts of their options that recur.
#pragma once

#include "base/file.h"
#include "base/json.h"
#include "cli/confine.h"
#include "cli/options.h"
#include "cli/vantage.h"
#include "model/exposure.h"
#include "model/control.h"
#include "pipeline/declare.h"
#include "pipeline/fail_on.h"
#include "pipeline/pack_list.h"
#include "verdicts/drift.h"
#include "rules/intent/intent.h"

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

// --intent, or NULL.
bool cli_intent(struct arena *arena, const struct options *options, struct intent **intent, struct error *error);

// --pack, by name of one that comes with the program or as a file; without it, those that come with it by default.
// That a glob of --fail-on matches a control of the packs; of some that are of the account, where that is asked.
bool cli_control_exists(struct arena *arena, const struct pack_list *packs, bool of_account, const char *glob,
                        struct error *error);
bool cli_packs(struct arena *arena, const struct options *options, struct pack_list *packs, struct error *error);

// Date of --date, or today, as YYYY-MM-DD; false where the option is no date.
bool cli_date(struct arena *arena, const struct options *options, const char **date, struct error *error);

// --fail-on (repeatable, each a list): severities from which on, verdicts, controls by glob.
bool cli_fail_on(struct arena *arena, const struct options *options, struct fail_on *fail_on, struct error *error);

// Whether nothing is to be printed: -q, text, no --output, and nothing to report. A nightly job is silent so.
bool cli_is_silent(const struct options *options, const char *format, int status);

// --baseline, an evidence folder or file of verdicts; *baseline is NULL where the option was not given.
bool cli_baseline_read(struct arena *arena, const struct options *options, const struct verdict_set **baseline,
                       struct error *error);
// What of a set is not in a baseline; all of it where that is NULL. *known counts what is in it.
struct verdict_set cli_baseline_fresh(struct arena *arena, const struct verdict_set *set,
                                      const struct verdict_set *baseline, struct drift_known *known);
// One line of what is critical or high and no news; "" where nothing is: silence is for where nothing is wrong.
const char *cli_still_wrong(struct arena *arena, const struct drift_known *known);

// Options that several commands have in common.
#define OPTION_FORMAT(formats, help)                                                                                   \
    {                                                                                                                  \
        "format", 'f', formats, help, false                                                                            \
    }
#define OPTION_INTENT                                                                                                  \
    {                                                                                                                  \
        "intent", 0, "FILE", "what is meant to be public (sgproof/intent/v1)", false                                   \
    }
#define OPTION_DATE                                                                                                    \
    {                                                                                                                  \
        "date", 0, "YYYY-MM-DD", "day on which intent is judged (default today, UTC)", false                           \
    }
#define OPTION_PASSPHRASE_FILE                                                                                         \
    {                                                                                                                  \
        "passphrase-file", 0, "FILE", "the private key's passphrase: the file's first line", false                     \
    }
#define OPTION_PACK                                                                                                    \
    {                                                                                                                  \
        "pack", 0, "NAME|FILE",                                                                                        \
            "controls to judge: sec-002, fsbp-exposure, cis-aws-5.0 (these three by default), cis-aws-3.0, "           \
            "cis-aws-7.0, security-hub-exposure, pci-dss-exposure, pci-dss-segmentation, beyond-exposure, or a file",  \
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

// Ports, or ICMP types, of a rectangle, in few words.
const char *cli_numbers(struct arena *arena, const struct exposure *exposure);

extern const struct command command_account, command_change, command_read, command_compute, command_diff,
    command_explain, command_history, command_keygen, command_merge, command_plan, command_probe, command_reconcile,
    command_report, command_run, command_segments, command_verify;
