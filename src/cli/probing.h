// What the commands that plan or probe share of options: canaries, how fast, what is only said, and a probe's options.
#pragma once

#include "cli/options.h"
#include "cli/vantage.h"
#include "pipeline/planning.h"

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
        "shard", 0, "K/N|/N|auto",                                                                                     \
            "only part K of N of the plan (hosts are not split); /N or auto: the scheduler tells K, or both", false    \
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

// --canary (repeatable): adds them to the plan, and their texts, as --canary takes them, to `canaries` where that is
// not NULL.
bool cli_canaries(struct arena *arena, const struct options *options, struct plan *plan, text_list *canaries,
                  struct error *error);

// --estimate or --dry-run.
bool cli_only_estimate(const struct options *options);

// OPTIONS_SPEED.
bool cli_speed(const struct options *options, struct probe_speed *speed, struct error *error);

// OPTIONS_PROBE and --only into probe options.
bool cli_probe_options(struct arena *arena, const struct options *options, struct probe_options *probe,
                       struct error *error);

// --shard: narrows the plan to that part. K/N; /N and auto take K from Slurm, a Kubernetes Indexed Job or AWS Batch,
// which count from 0, and auto N too. ERROR_USAGE where none of them is there, or says another number.
bool cli_shard(struct arena *arena, const struct options *options, struct plan *plan, struct error *error);
