// From where is asked: --vantage, --vantage-url, --source and --interface, and what is found out without them.
#pragma once

#include "model/exposure.h"
#include "model/observation.h"
#include "probe/probe.h"
#include "rules/reach/vantage.h"

// "ADDRESS", "ADDRESS:LOW-HIGH" or "[IPV6]:LOW-HIGH", each with "=CIDR,CIDR" where it is for these endpoints only.
bool vantage_read(struct arena *arena, const char *text, struct vantage *vantage, struct error *error);

struct vantage_list {
    VECTOR(struct vantage) items;
    bool automatic; // --vantage auto
};

// Whether one more vantage goes with those of a list: an address that the internet sees (or loopback), of each family
// one without CIDRs at most, no endpoint asked by two. `text`: as it was given. ERROR_USAGE says what does not fit.
bool vantage_fits(const struct vantage_list *vantages, const struct vantage *vantage, const char *text,
                  struct error *error);

// A vantage by its one address, or by two of different families: "203.0.113.7,2001:db8::7".
bool vantages_read(struct arena *arena, const char *text, struct vantage_list *vantages, struct error *error);

// How what was not given is found out.
struct vantage_search {
    struct probe_route route;
    const char *url;       // --vantage-url, or NULL
    const char *ca_bundle; // whom to trust there; NULL: the system's
};

// Finds out what was not given: the source addresses that this machine would use towards the endpoints, each the
// vantage of those it would ask; a family that it has no way to is left out. With `automatic`, what the internet sees
// of them: by EC2's metadata, else by the URL. Fails with ERROR_USAGE, and says what to type, where an address is not
// globally reachable (RFC 6890) and nothing tells what the internet sees instead.
bool vantages_find_own(struct arena *arena, const struct vantage_search *search, const struct exposure_set *set,
                       struct vantage_list *vantages, struct error *error);

// Says where packets will leave from an address of the internet's that is not the vantage of whom they ask.
void vantages_warn_of_sources(const struct exposure_set *set, const struct vantage_list *vantages,
                              const struct probe_route *route);

// The source addresses that a prober noted, each the vantage of those whom it asked. ERROR_USAGE as above.
bool vantages_observed(struct arena *arena, const struct observations *observations, struct vantage_list *vantages,
                       struct error *error);

// The vantages of an interface that asks from inside: its addresses, as the observations say which asked whom; of a
// family that they do not tell of (NULL: of none) its primary one, where it has one.
void vantages_of_interface(struct arena *arena, const struct network_interface *interface,
                           const struct observations *observations, struct vantage_list *vantages);

// What nothing declared limits is asked by the source ports of its vantage: what answers them answers that client.
void vantages_limit_ports(struct plan *plan, const struct vantage_list *vantages);

const char *vantages_text(struct arena *arena, const struct vantage_list *vantages); // NULL where there are none
// How each is known: "203.0.113.7 given"; NULL where there are none.
const char *vantages_learnt(struct arena *arena, const struct vantage_list *vantages);
// Whether a text is one that says so: "given", this machine's own address, instance metadata, or a URL.
bool vantage_is_learnt(const char *text);

// One of them as --vantage takes it, in the arena.
const char *vantage_text(struct arena *arena, const struct vantage *vantage);

// What those vantages can reach; with none, what the internet at large can.
struct exposure_set *vantages_narrow(const struct exposure_set *set, const struct vantage_list *vantages);
