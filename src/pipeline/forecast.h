// What will move, judged by the intent before it does.
#pragma once

#include "aws/terraform/source.h"
#include "aws/terraform/terraform.h"
#include "rules/intent/intent.h"
#include "pipeline/declare.h"
#include "pipeline/fail_on.h"
#include "model/change.h"
#include "rules/reach/diff.h"
#include "rules/reach/flow_diff.h"

struct forecast_given {
    const struct intent *intent;   // or NULL
    const char *today;             // YYYY-MM-DD
    const struct fail_on *fail_on; // NULL: nothing is a finding
    const struct terraform_report *report;
    struct terraform_source *source; // or NULL
};

// Adds the resources of the plans that are behind a change between the state before and what they make of it.
void forecast_resources(struct arena *arena, const struct forecast_given *given, const struct change *change,
                        change_resource_list *resources);

// The difference cut where the intent says something else of it, with its severities and its causes in the plan. An
// opening that the intent does not allow is high, as a latent exposure is in a run: nothing was seen to answer yet. So
// is, without an intent, one of a port of administration or a database for all of the internet; others are medium. What
// closes is info, but where a rule of the intent expects it: high. Borrows from all that is given.
void forecast_make(struct arena *arena, const struct difference *difference, const struct side sides[2],
                   const struct forecast_given *given, struct forecast *forecast);

// The same of what moves inside and outwards (forecast_flows.c): cut where rules of the intent with `from` and
// `to` decide otherwise. An opening that one forbids is high; all else is info. After forecast_make; `flows` is there.
void forecast_flows(struct arena *arena, const struct flow_difference *difference, const struct side sides[2],
                    const struct forecast_given *given, struct forecast *forecast);

// The same of causes by themselves, with the places where the configuration says them. `interface` may be NULL.
void forecast_resources_of(struct arena *arena, const struct forecast_given *given, enum change_kind kind,
                           const reason_list *causes, const struct network_interface *interface,
                           change_resource_list *list);
