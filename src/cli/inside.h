// --vantage-interface: what plan and reconcile need of an interface that asks from inside.
#pragma once

#include "model/verdict.h"
#include "cli/options.h"
#include "pipeline/declare.h"
#include "rules/reach/inside_view.h"

#define OPTION_VANTAGE_INTERFACE                                                                                       \
    {                                                                                                                  \
        "vantage-interface", 0, "ENI|INSTANCE",                                                                        \
            "ask from inside: from this interface of the snapshot, of the others' private addresses", false            \
    }

struct cli_inside {
    struct declared declared; // its exposures are those of the view
    const struct network_interface *asker;
    struct inside_view *view;
};

// Reads a snapshot and computes what the interface (its id, or that of its instance, or the instance's name) reaches.
// ERROR_USAGE where the snapshot does not have it, or nobody can ask from it. Freed with cli_inside_free.
bool cli_inside(const struct options *options, const char *folder, struct cli_inside *inside, struct error *error);
void cli_inside_free(struct cli_inside *inside);

// Adds what the view leaves out.
void cli_inside_gaps(struct arena *arena, const struct cli_inside *inside, struct verdict_set *coverage);
