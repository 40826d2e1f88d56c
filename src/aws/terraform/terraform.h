// A Terraform plan → the estate as it will be. https://developer.hashicorp.com/terraform/internals/json-format
#pragma once

#include "base/error.h"
#include "model/estate.h"

struct terraform_report {
    VECTOR(const char *) not_considered; // what changes and cannot expose anything: one count, "N resources of M types"
    VECTOR(const char *) unknown; // what may expose something and could not be placed, or only apply tells; by address
};

// Applies the resource changes of `file`, what `terraform show -json PLAN` prints, to an estate read from a snapshot.
// New resources go by their Terraform address. What a plan does not tell and the configuration does not set is AWS's
// default; what the configuration sets is followed through its references. What cannot be followed makes what depends
// on it possible, and stands in `report->unknown` with the address; so do an errored or incomplete plan, resources that
// can expose something and are not modelled, and what changes but is not in the snapshot. Texts are in the estate's
// arena. False where the file is no plan that this program can read; the estate is then of no more use.
bool terraform_apply(struct estate *estate, const char *file, struct terraform_report *report, struct error *error);
