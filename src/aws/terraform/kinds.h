// Which resources an attribute's id can be of, and the form of ids and addresses. For src/aws/terraform only.
#pragma once

#include "aws/terraform/plan.h"

enum { KIND_TYPES = 4 };
// The types of resource whose id an attribute of this name holds, KIND_TYPES or ended by NULL; NULL where it is no id.
const char *const *kind_types(const char *key);
bool is_of_kind(const struct resource *resource, const char *key);

// Whether a text looks like an id of what lists of ids hold.
bool is_an_id(const char *text);

// The length of "[...]" at the start of a text, which may quote brackets; 0 where there is none.
size_t index_length(const char *text);

// How far the modules of an address go, as in "module.a.module.b[0].aws_vpc.c"; *last: where the last of them begins.
size_t modules_length(const char *address, size_t *last);
