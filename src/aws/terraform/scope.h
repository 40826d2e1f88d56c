// One module of a plan's configuration. For src/aws/terraform only.
#pragma once

#include "aws/terraform/plan.h"

struct scope {
    const struct scope *parent; // NULL of the root
    const cJSON *module;
    const cJSON *call; // of it, in the parent; NULL of the root
};
