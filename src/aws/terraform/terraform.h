// A Terraform plan → the estate as it will be. https://developer.hashicorp.com/terraform/internals/json-format
#pragma once

#include "base/error.h"
#include "model/estate.h"
#include "model/reason.h"

// Addresses of resources, in the order of the plans.
struct terraform_addresses {
    VECTOR(const char *) items;
};

// Zeroed at first; several plans that are applied to one estate in turn share one.
struct terraform_report {
    VECTOR(const char *) not_considered; // what changes and cannot expose anything: one count, "N resources of M types"
    VECTOR(const char *) unknown; // what may expose something and could not be placed, or only apply tells; by address
    VECTOR(const char *)
    carriers; // what bears on what gets out, or who reaches whom inside, alone, and could not be placed
    // ---- For terraform_causes, and for the next plan
    struct map made;      // what decides about packets ("sg-1:3", "rtb-1:0.0.0.0/0") -> struct terraform_addresses
    struct map ended;     // the same of what goes
    struct map touched;   // a thing's id -> the same: of those that make it, change it or refer to it
    struct map said;      // texts of `unknown` and, behind "aside: ", of `carriers`
    struct map created;   // address -> the first file that creates it
    struct map changed;   // type and id of what is there -> the first file that changes it
    uint32_t pending;     // placeholder addresses given out
    size_t plans;         // that were applied
    bool without_folders; // how files are named in texts
    struct terraform_source *source; // the configuration, or NULL
};

// Applies the resource changes of `file`, what `terraform show -json PLAN` prints, to an estate read from a snapshot.
// New resources go by their Terraform address. What a plan does not tell and the configuration does not set is AWS's
// default; what the configuration sets is followed through its references. What cannot be followed makes what depends
// on it possible, and stands in `report->unknown` with the address; so do an errored or incomplete plan, resources that
// can expose something and are not modelled, and what changes but is not in the snapshot. Texts are in the estate's
// arena. Where another plan of the report changes the same thing or creates the same address, that is said there too.
// False where the file is no plan that this program can read; the estate is then of no more use.
bool terraform_apply(struct estate *estate, const char *file, struct terraform_report *report, struct error *error);

// The same of CloudFormation change sets, nested stacks' among them, as `aws cloudformation describe-change-set
// --include-property-values` prints them: resources go by their logical ids. What is known only after apply is
// possible.
bool changeset_apply(struct estate *estate, const char *const *files, size_t count, struct terraform_report *report,
                     struct error *error);

// The resources that a cause of a change leads to: by `id`, what decides (reason_id; may be NULL), else by the thing
// that it is of, else by the network interface that is exposed and its instance. `went`: it is of the state before.
struct terraform_addresses terraform_causes(struct arena *arena, const struct terraform_report *report, const char *id,
                                            bool went, const struct network_interface *interface);

// The same by where the interface lies: which association, or setting of the region, decides at a stage there.
struct terraform_addresses terraform_causes_of_place(struct arena *arena, const struct terraform_report *report,
                                                     enum reason_stage stage, const struct interface_place *place);

// The state before plans as they tell it themselves (prior_state): an estate of what their configurations manage or
// read. What else there is in its accounts is not known: where an answer rests on that, it is possible, and the estate
// says so. Of what the plans make in a VPC of their own all is known. NULL where a file is no plan. The caller frees it
// with estate_free.
struct estate *terraform_base(const char *const *files, size_t count, struct error *error);
