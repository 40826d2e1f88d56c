// By what verdicts are judged: an intent, packs of controls, a day.
#pragma once

#include "cli/options.h"
#include "pipeline/pack_list.h"
#include "rules/intent/intent.h"

#define OPTION_INTENT                                                                                                  \
    {                                                                                                                  \
        "intent", 0, "FILE", "what is meant to be public (sgproof/intent/v1)", false                                   \
    }
#define OPTION_DATE                                                                                                    \
    {                                                                                                                  \
        "date", 0, "YYYY-MM-DD", "day on which intent is judged (default today, UTC)", false                           \
    }
#define OPTION_PACK                                                                                                    \
    {                                                                                                                  \
        "pack", 0, "NAME|FILE",                                                                                        \
            "controls to judge: sec-002, fsbp-exposure, cis-aws-5.0 (these three by default), cis-aws-3.0, "           \
            "cis-aws-7.0, security-hub-exposure, pci-dss-exposure, pci-dss-segmentation, beyond-exposure, or a file",  \
            true                                                                                                       \
    }
#define OPTION_PACK_OF_ACCOUNT                                                                                         \
    {                                                                                                                  \
        "pack", 0, "NAME|FILE",                                                                                        \
            "controls to judge: sec-002, cis-aws-5.0 (these by default), cis-aws-3.0, cis-aws-7.0, or a file", true    \
    }

// --intent, or NULL.
bool cli_intent(struct arena *arena, const struct options *options, struct intent **intent, struct error *error);

// --pack, by name of one that comes with the program or as a file; without it, those that come with it by default.
bool cli_packs(struct arena *arena, const struct options *options, struct pack_list *packs, struct error *error);

// Date of --date, or today, as YYYY-MM-DD; false where the option is no date.
bool cli_date(struct arena *arena, const struct options *options, const char **date, struct error *error);
