// One module of a plan's configuration, and where its expressions stand. For src/aws/terraform only.
#pragma once

#include "aws/terraform/plan.h"

struct scope {
    const struct scope *parent; // NULL of the root
    const cJSON *module;
    const cJSON *call; // of it, in the parent; NULL of the root
};

// Where an expression stands: which instance of which module, and what count.index and each are there.
struct context {
    const struct scope *scope;
    const char *instance; // "module.net[0]." or ""
    const char *key;      // "[0]", "[\"x\"]" or ""
    const cJSON *each;    // references of for_each, or NULL
    const char *address;  // of the resource, or of the call of a module, that says it; NULL of an output
};

// The module of an instance ("module.net[0]."); NULL where the configuration has none of it.
const struct scope *scope_at(const struct plan_reader *plan, const char *instance);
// Where the attributes of a resource are said.
struct context context_of(const struct plan_reader *plan, const struct resource *resource);
// Where the call of the module that `inside` is in, which is not the root, stands.
struct context context_of_call(const struct plan_reader *plan, const struct context *inside);
// The values of a data source or a resource, below a module of a state; NULL where it has none of that address.
const cJSON *state_of(const cJSON *module, const char *address, int depth);
// The id that an attribute of a resource will be, if it is one of the kind that `key` holds; else NULL.
const char *id_of_part(struct plan_reader *plan, const struct resource *resource, const char *name, const char *key);
