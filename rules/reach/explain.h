// Explains one packet, hop by hop, from the same evaluation that computes exposure.
#pragma once

#include "rules/reach/security_group.h"

// One hop of an explanation, in the order a packet meets them.
enum hop_result { HOP_PASS, HOP_POSSIBLE, HOP_STOP };

struct hop {
    enum reason_stage stage; // REASON_HOST: who asks
    enum hop_result result;
    const char *text;    // what decided it, for people; NULL where nobody asks
    reason_list reasons; // the same as values
};

struct explanation {
    const struct exposure *exposure; // the rectangle that holds the packet, or NULL: unreachable
    VECTOR(struct hop) hops;
    bool wordless; // without the texts of hops
};

// Explains one packet to `endpoint` (of a set computed from `estate`): protocol, number (port; ICMP type * 256 + code;
// 0 for others), source, and for TCP and UDP the client ports it may come from.
struct explanation explain_packet(struct arena *arena, const struct estate *estate, const struct endpoint *endpoint,
                                  int protocol, uint16_t number, struct address source, struct portset client_ports);

// Explains many packets to endpoints of one set: what they share (sites, ACLs, what groups admit) is made once
// and lives in `arena`.
struct explainer {
    struct arena *arena;
    const struct estate *estate;
    struct map sites[GATEWAYS]; // struct interface_place -> struct site
    struct group_cache groups;
    struct map admitted; // struct group_set -> what it admits of a family and protocol
    bool wordless;       // reasons are asked for, and not the texts of hops
};

struct explainer explainer_of(struct arena *arena, const struct estate *estate);

// The same as explain_packet; the explanation lives in `arena`. `exposure` is left NULL: who asks so knows it.
struct explanation explainer_packet(struct explainer *explainer, struct arena *arena, const struct endpoint *endpoint,
                                    int protocol, uint16_t number, struct address source, struct portset client_ports);

// Whether an explanation of a packet to this endpoint holds for each endpoint with the same place, gateway, groups and
// family: nothing of its interface's own decides.
bool explainer_is_shared(struct explainer *explainer, const struct endpoint *endpoint);

// "gateway", "listener", "network acl in", "security groups", "route back", "network acl out", "source"
const char *hop_words(const struct hop *hop);

// What first stops the packet, or NULL.
const struct reason *explanation_stop(const struct explanation *explanation);

// Who counts as the internet for an endpoint: its VPC's own addresses do not, though a rule may admit them.
struct prefixset explain_internet(struct arena *arena, const struct estate *estate, const struct endpoint *endpoint);

// What each stage lets through of one protocol, surely or possibly, as (number, source) pairs; for the way back those
// that some client port gets a reply for. What all stages let through is the endpoint's two-way exposure, and what the
// first three let through is what arrives.
enum stage { STAGE_GATEWAY, STAGE_ACL_IN, STAGE_GROUPS, STAGE_ROUTE, STAGE_ACL_OUT, STAGE_COUNT };
struct stages {
    struct portmap through[STAGE_COUNT];
};
struct stages explain_stages(struct arena *arena, const struct estate *estate, const struct endpoint *endpoint,
                             int protocol);
