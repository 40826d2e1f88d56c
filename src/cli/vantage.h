// From where is asked: --vantage, --vantage-url, --source and --interface, and what is found out without them.
#pragma once

#include "cli/options.h"
#include "model/exposure.h"
#include "model/observation.h"
#include "probe/probe.h"
#include "rules/reach/vantage.h"

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

// "ADDRESS", "ADDRESS:LOW-HIGH" or "[IPV6]:LOW-HIGH", each with "=CIDR,CIDR" where it is for these endpoints only.
bool cli_vantage(struct arena *arena, const char *text, struct vantage *vantage, struct error *error);

struct vantage_list {
    VECTOR(struct vantage) items;
    bool automatic; // --vantage auto
};

// Whether one more vantage goes with those of a list: an address that the internet sees (or loopback), of each family
// one without CIDRs at most, no endpoint asked by two. `text`: as it was given. ERROR_USAGE says what does not fit.
bool cli_vantage_fits(const struct vantage_list *vantages, const struct vantage *vantage, const char *text,
                      struct error *error);

// --vantage (repeatable; of each family one without CIDRs at most), or auto.
bool cli_vantages(struct arena *arena, const struct options *options, struct vantage_list *vantages,
                  struct error *error);

// --source and --interface. ERROR_USAGE where this machine has no such.
bool cli_route(const struct options *options, struct probe_route *route, struct error *error);

// Finds out what was not given: the source addresses that this machine would use towards the endpoints, each the
// vantage of those it would ask; a family that it has no way to is left out. With `automatic`, what the internet sees
// of them: by EC2's metadata, else by
// --vantage-url. Fails with ERROR_USAGE, and says what to type, where an address is not globally reachable (RFC 6890)
// and nothing tells what the internet sees instead.
bool cli_own_vantages(struct arena *arena, const struct options *options, const struct exposure_set *set,
                      struct vantage_list *vantages, struct error *error);

// Says where packets will leave from an address of the internet's that is not the vantage of whom they ask.
void cli_warn_of_sources(const struct exposure_set *set, const struct vantage_list *vantages,
                         const struct probe_route *route);

// The source addresses that a prober noted, each the vantage of those whom it asked. ERROR_USAGE as above.
bool cli_observed_vantages(struct arena *arena, const struct observations *observations, struct vantage_list *vantages,
                           struct error *error);

// The vantages of an interface that asks from inside: its addresses, as the observations say which asked whom; of a
// family that they do not tell of (NULL: of none) its primary one, where it has one.
void cli_inside_vantages(struct arena *arena, const struct network_interface *interface,
                         const struct observations *observations, struct vantage_list *vantages);

// What nothing declared limits is asked by the source ports of its vantage: what answers them answers that client.
void cli_keep_to_ports(struct plan *plan, const struct vantage_list *vantages);

const char *cli_vantages_text(struct arena *arena, const struct vantage_list *vantages); // NULL where there are none
// How each is known: "203.0.113.7 given"; NULL where there are none.
const char *cli_vantages_learnt(struct arena *arena, const struct vantage_list *vantages);
// Whether a text is one that says so: "given", this machine's own address, instance metadata, or a URL.
bool cli_is_learnt(const char *text);

// One of them as --vantage takes it, in the arena.
const char *cli_vantage_text(struct arena *arena, const struct vantage *vantage);

// What those vantages can reach; with none, what the internet at large can.
struct exposure_set *cli_narrow(const struct exposure_set *set, const struct vantage_list *vantages);
