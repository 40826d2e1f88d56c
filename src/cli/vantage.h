// From where is asked: --vantage, --vantage-url, --source and --interface.
#pragma once

#include "cli/options.h"
#include "pipeline/vantages.h"

#define OPTION_VANTAGE                                                                                                 \
    {                                                                                                                  \
        "vantage", 0, "ADDRESS[:LOW-HIGH][=CIDR,...]",                                                                 \
            "client that probes, as the internet sees it; its source ports; whom it asks (default: all)", true         \
    }
#define OPTIONS_LEAVE                                                                                                  \
    {"source", 0, "ADDRESS", "own address that packets leave from, one of each family", true},                         \
    {                                                                                                                  \
        "interface", 0, "NAME", "interface that packets leave by", false                                               \
    }
#define OPTIONS_LEARN                                                                                                  \
    {"vantage-url", 0, "HTTPS-URL", "with --vantage auto: who answers with the address that it sees, as text", false}, \
        OPTIONS_LEAVE

// --vantage (repeatable; of each family one without CIDRs at most), or auto.
bool cli_vantages(struct arena *arena, const struct options *options, struct vantage_list *vantages,
                  struct error *error);

// --source and --interface. ERROR_USAGE where this machine has no such.
bool cli_route(const struct options *options, struct probe_route *route, struct error *error);

// --vantage-url, --source and --interface, and whom to trust: how a vantage that was not given is found out.
bool cli_search(const struct options *options, struct vantage_search *search, struct error *error);
