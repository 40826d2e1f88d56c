// What application load balancers write into the requests that they pass on: of these headers the client chooses
// nothing at a load balancer behind them. For the files of rules/ only.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
#pragma once

#include "model/estate.h"

// Of all load balancers before one. A pointer to it that is NULL: none passes requests on, they are the client's own.
struct rewriting {
    const char *by;           // name of the last of them
    bool host;                // some may put its port into the Host header
    bool http1;               // the last one asks by HTTP/1.1
    bool keeps_forwarded_for; // each passes X-Forwarded-For on as it came
};

// What is so behind a target group of a listener of one more; `before` may be NULL. NULL where that one passes packets
// on, not requests.
const struct rewriting *rewriting_behind(struct arena *arena, const struct rewriting *before,
                                         const struct load_balancer *balancer, const struct listener *listener,
                                         const struct target_group *group);

// gRPC comes by POST alone: what clients must ask for beside a rule's conditions to get to such a target group; or
// NULL.
const struct listener_rule *asked_by_version(struct arena *arena, const struct target_group *group);

// That a target group's version of HTTP is not told, which is an assumption; or NULL.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
const char *version_assumed(struct arena *arena, const struct target_group *group);

// Why clients of a listener may not speak the version of HTTP that a target group takes, or NULL.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#http-464-issues
const char *version_doubt(struct arena *arena, const struct rewriting *rewriting, const struct listener *listener,
                          const struct target_group *group);

// Whether a condition is on what they may write.
bool condition_is_rewritten(const struct rewriting *rewriting, const struct rule_condition *condition);

// The first such condition of a rule, or NULL.
const struct rule_condition *rule_rewritten(const struct rewriting *rewriting, const struct listener_rule *rule);

// Why it is not known whether a client's request meets a rule's conditions: what load balancers before write into it
// (`rewriting`, or NULL), or what this one drops of it. NULL: it is.
const char *written_doubt(struct arena *arena, const struct load_balancer *balancer, const struct rewriting *rewriting,
                          const struct listener_rule *rule);
