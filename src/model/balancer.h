// Load balancers of each type: listeners, their rules, target groups and targets.
#pragma once

#include "base/vector.h"
#include "model/network.h"

enum load_balancer_type {
    LOAD_BALANCER_APPLICATION,
    LOAD_BALANCER_NETWORK,
    LOAD_BALANCER_GATEWAY,
    LOAD_BALANCER_CLASSIC
};

// Where an action forwards to. A weight of 0 takes no new client.
struct forward {
    const char *target_group; // ARN
    uint16_t weight;
};

// A condition on what the client chooses: host, path, headers... Met where one of the values is.
struct rule_condition {
    const char *on; // "path-pattern", "http-header user-agent"...
    text_list values;
};

// One rule of a listener; its default actions are one too.
struct listener_rule {
    const char *arn; // NULL: the default actions, as the listener's own record tells them
    record_place record;
    long priority; // ascending; the default one's is LONG_MAX
    VECTOR(struct forward) forwards;
    bool sticky;                              // a client may stay with a target group whose weight is 0 by now
    bool from_sources;                        // only what comes from `sources` is taken
    bool redirects_to_https;                  // its action
    bool transforms;                          // it rewrites the host or the path of what it forwards
    const char *login;                        // the type of an action that keeps out who has no login or token; or NULL
    VECTOR(struct prefix) sources;            // condition source-ip
    VECTOR(struct rule_condition) conditions; // the others, each of which must be met
    const char *doubt; // an action or a condition that is not understood: it may forward anywhere, for anybody
};

// A listener; a classic load balancer's holds its targets' port itself.
struct listener {
    const char *arn;       // may be NULL
    const char *reference; // as a group's
    const char *protocol;  // "HTTPS", "TCP_UDP"...
    uint16_t port;
    uint16_t instance_port;             // classic only
    struct listener_rule otherwise;     // what is done when no rule's conditions are met
    bool rules_known;                   // some document tells of its rules
    VECTOR(struct listener_rule) rules; // ascending by priority
    bool asks_certificates;             // of its clients: who has none reaches nothing behind it
    const char *certificate_mode;       // a mode of MutualAuthentication that is new, or "not told"; else NULL
    const char *rules_doubt;            // a page of them is missing, or one is of nobody knows which
};

// An attribute that is on or off.
enum setting {
    SETTING_NOT_TOLD,
    SETTING_OFF,
    SETTING_ON,
    SETTING_ELSEWHERE, // as it is set of another thing
    SETTING_UNSURE     // two documents contradict each other; the thing's `doubt` says so
};

struct load_balancer {
    enum load_balancer_type type;
    bool type_unsure; // its records differ in it
    const char *arn;  // of a classic one: its name
    const char *name;
    const char *reference; // as a group's; NULL: no record of its own was read
    const char *vpc_id;
    const char *account;
    const char *region;
    enum { SCHEME_NOT_TOLD, SCHEME_INTERNAL, SCHEME_INTERNET_FACING } scheme;
    bool listeners_known;
    bool has_ipv6;            // dualstack: each node has an IPv6 address
    bool without_public_ipv4; // its nodes have none
    bool family_told;         // whether it is dualstack is told
    bool source_nat;          // it may ask IPv6 targets by UDP from prefixes of its own
    text_list source_nat_prefixes;
    const char *doubt;  // what of it or of its listeners was not understood
    const char *unsure; // why it may take no client: its state; or NULL
    record_place record;
    text_list addresses; // public ones that its record tells
    text_list subnets;   // in which it has nodes
    text_list groups;
    bool groups_told;
    bool place_unsure; // of two records of it that differ in its VPC or its groups
    VECTOR(struct listener) listeners;
    text_list instances;       // classic only
    enum setting cross_zone;   // load_balancing.cross_zone.enabled; of a classic one CrossZoneLoadBalancing
    enum setting deny_gateway; // ipv6.deny_all_igw_traffic
    bool attributes_told;
    enum setting keeps_host;          // routing.http.preserve_host_header.enabled
    enum setting drops_headers;       // routing.http.drop_invalid_header_fields.enabled
    const char *forwarded_for;        // routing.http.xff_header_processing.mode; NULL: not told, or told in two ways
    bool asks_groups_of_private_link; // EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic is on
};

struct target {
    const char *id;     // instance, private address, or ARN of a load balancer
    uint16_t port;      // 0: the target group's
    const char *health; // "healthy", "unhealthy"..., or "unknown"
    const char *reason; // "Target.InvalidState"..., or NULL
    const char *shift;  // what an administrator's override says in place of its health, or NULL: none
    const char *zone;   // an Availability Zone, "all", or NULL: its subnet's
    bool unsure;        // another answer says otherwise of its health
    bool zone_unsure;   // or of its zone
};

struct target_group {
    const char *arn;
    const char *name;
    const char *vpc_id;
    const char *type;     // instance, ip, alb, lambda
    const char *protocol; // may be NULL
    const char *version;  // of HTTP: HTTP1, HTTP2 or GRPC; may be NULL
    uint16_t port;
    bool targets_known;
    bool balancers_told;
    const char *misfit; // a load balancer whose listener names it, and can not forward to its protocol; or NULL
    const char *doubt;  // what of it or of its targets was not understood
    record_place record;
    enum setting preserve_client; // not told: AWS's default for its type
    enum setting cross_zone;      // not told: as its load balancer's
    struct target_group *other;   // what another record of it says, which may be so as well; or NULL
    bool attributes_told;
    bool family_told; // IpAddressType is
    bool is_ipv6;
    text_list load_balancers;
    VECTOR(struct target) targets;
};

// Whether a target group's protocol is a word of AWS's that is known here; false of NULL.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroup.html
bool target_protocol_is_known(const char *protocol);

// Whether a listener of a protocol may forward to a target group of one; true where either is not known, and of a
// listener that is NULL. https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html
bool listener_fits(const struct listener *listener, const struct target_group *group);
