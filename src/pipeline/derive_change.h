// What a change meant and did: from the state before, the state now and a Terraform plan to movements; and, once they
// were asked, to their outcomes.
#pragma once

#include "aws/terraform/terraform.h"
#include "pipeline/declare.h"
#include "pipeline/vantages.h"
#include "rules/intent/intent.h"
#include "verdicts/outcome.h"
#include "rules/reach/diff.h"
#include "rules/reach/flow_diff.h"

// What was planned, in the order in which it is applied: Terraform's plans, then CloudFormation's change sets.
enum plan_form { PLAN_TERRAFORM, PLAN_CHANGESET, PLAN_FORMS };

struct change_given {
    const char *base;            // folder: the snapshot of before; NULL: it is no change
    text_list plans[PLAN_FORMS]; // files
};
bool change_is_planned(const struct change_given *given);
// The name of a plan in the evidence of a change: "terraform.json", "terraform-2.json".
const char *change_plan_name(struct arena *arena, enum plan_form form, size_t index);
// Applies them to an estate. Texts of the report name them without their folders.
bool change_apply_plans(struct estate *estate, const struct change_given *given, struct terraform_report *report,
                        struct error *error);

struct change_derivation {
    struct declared base;
    struct declared planned; // what the plan makes of it
    struct terraform_report terraform;
    struct difference *done;  // from before to now
    struct difference *meant; // from before to what was planned, or NULL
    movement_list movements;
    struct flow_difference *flows_done;  // the same inside and outwards; NULL: a side holds no network
    struct flow_difference *flows_meant; // or NULL
    struct flow_changes *flows;          // of both; NULL: they were not compared
    bool flows_are_ruled;                // by rules of the intent
    struct answered moved;               // ports to ask, as `open`
    struct change_report report;
};

struct change_now {
    const struct declared *declared;
    const struct vantage_list *vantages;
    const struct intent *intent; // or NULL
    const char *today;
};

// The movements, and the ports that they ask for. Free with change_derive_free, also after a failure.
bool change_derive(struct arena *arena, const struct change_given *given, const struct change_now *now,
                   struct change_derivation *change, struct error *error);
// Their outcomes. `before` is NULL where what answered then is not known, or cannot be compared: *why_not says why, or
// is NULL.
void change_conclude(struct arena *arena, struct change_derivation *change, const struct verdict_set *now,
                     const struct verdict_set *before, const drift_list *drift, const char *why_not);
void change_derive_free(struct change_derivation *change);
