// A file that Terraform or a tool around it wrote → the JSON of a plan, or what to type to get one.
#pragma once

#include "base/error.h"
#include "base/json.h"

// The plan in `file`, as `terraform show -json PLAN` prints it: UTF-8 or UTF-16 (PowerShell's `>`), and with the lines
// that the wrapper of hashicorp/setup-terraform puts around it. A state, a plan file itself (binary), the messages of
// `terraform plan -json` and a later major format are refused, in words that say what to type. The caller frees the
// result with cJSON_Delete; NULL on error.
// https://developer.hashicorp.com/terraform/internals/json-format
cJSON *plan_open(const char *file, struct error *error);
