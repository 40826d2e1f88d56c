// What the commands that plan or probe share: the plan of a depth, canaries, what it costs, and a probe's options.
#pragma once

#include "cli/common.h"
#include "cli/vantage.h"
#include "verdicts/plan.h"

// What the commands that send say in a build that cannot.
#define CLI_NO_PROBER                                                                                                  \
    "this sgproof is built without what sends packets (-Dprobe=disabled): probe on a Linux machine with a whole one, " \
    "and judge here what it brings: plan, reconcile, verify, report"

#define OPTION_DEPTH                                                                                                   \
    {                                                                                                                  \
        "depth", 0, "declared|standard|full", "how much is asked (default standard)", false                            \
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
#define OPTION_SHARD                                                                                                   \
    {                                                                                                                  \
        "shard", 0, "K/N|/N|auto", "part K of N of the plan, whole hosts; /N, auto: K, or both, of the scheduler",     \
            false                                                                                                      \
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
    {"method", 0, "auto|syn|connect", "how TCP is asked (default auto: syn where raw sockets may be opened)", false},  \
        OPTIONS_SPEED, OPTION_CANARY, OPTIONS_ESTIMATE,                                                                \
        {"services", 0, NULL, "identify what answers at open TCP ports: a few connections to each", false},            \
        {"services-deadline", 0, "S", "longest time for that in whole, 1 to 86400 s (default 300)", false},            \
        {"progress", 0, "SECONDS", "where stderr is no terminal: a line every so often, 0 none (default 30)", false},  \
    {                                                                                                                  \
        "seed", 0, "N", "order of asking, 1 to 4294967295 (default: drawn, and told in the summary)", false            \
    }

// Whether a --depth (NULL: standard) is one.
bool cli_depth(const char *depth, enum plan_depth *chosen, struct error *error);

// The plan of a --depth (NULL: standard) for the vantages, what `moved` and `previous` (or NULL) hold asked too, with
// what it leaves out as gaps of `coverage`.
bool cli_plan(struct arena *arena, const char *depth, const struct declared *declared,
              const struct exposure_set *narrowed, const struct intent *intent, const struct answered *moved,
              const struct answered *previous, const struct vantage_list *vantages, struct plan *plan,
              struct verdict_set *coverage, struct error *error);

// --canary (repeatable): adds them to the plan, and their texts, as --canary takes them, to `canaries` where that is
// not NULL. cli_add_canary adds one.
bool cli_canaries(struct arena *arena, const struct options *options, struct plan *plan, text_list *canaries,
                  struct error *error);
bool cli_add_canary(struct arena *arena, const char *text, struct plan *plan, struct error *error);
// Whether each canary of the plan lies apart from its other targets and from all endpoints (NULL: there are none):
// what is a canary's is not observed, so it would have no verdict. ERROR_USAGE names the first that does not.
bool cli_canaries_apart(const struct plan *plan, const struct exposure_set *exposures, struct error *error);

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

// --shard: narrows the plan to that part. K/N; /N and auto take K from Slurm, a Kubernetes Indexed Job or AWS Batch,
// which count from 0, and auto N too. ERROR_USAGE where none of them is there, or says another number.
bool cli_shard(struct arena *arena, const struct options *options, struct plan *plan, struct error *error);
