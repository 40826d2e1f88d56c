// A Terraform plan → the estate as it will be. https://developer.hashicorp.com/terraform/internals/json-format
#pragma once

#include "base/error.h"
#include "model/estate.h"

struct terraform_report {
    VECTOR(const char *) not_considered; // "TYPE × COUNT" of changing resources of other types, sorted
    VECTOR(const char *) unknown;        // what is known only after apply and cannot be placed at all
};

// Applies the resource changes of `file`, what `terraform show -json PLAN` prints, to an estate read from a snapshot.
// New resources go by their Terraform address. Values known only after apply make what depends on them possible.
bool terraform_apply(struct estate *estate, const char *file, struct terraform_report *report, struct error *error);
