// A CloudFormation change set → the plan that the walk of this folder takes. For src/aws/terraform only.
#pragma once

#include "base/error.h"
#include "base/json.h"

// What a change set says besides its resources: why it is not whole, or what cannot be placed.
struct changeset_notes {
    VECTOR(const char *) items;
};

// What `aws cloudformation describe-change-set --include-property-values` prints. The caller frees it with
// cJSON_Delete; NULL where it is none.
cJSON *changeset_read(const char *file, struct error *error);

// Of the ARN of its stack, "arn:aws:cloudformation:REGION:ACCOUNT:stack/...", part 3 or 4; or NULL.
const char *changeset_place(struct arena *arena, const cJSON *document, int part);

// Writes the resources of a change set as `resource_changes` of a plan, by their logical ids; of types that are none of
// the walk's by their own names. What is
// {{changeSet:KNOWN_AFTER_APPLY}} is unknown there. `given`: ids of the change sets that are read, nested ones among
// them. The caller frees the result with cJSON_Delete; NULL on error.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
cJSON *changeset_plan(struct arena *arena, const char *file, const cJSON *document, const struct changeset_notes *given,
                      struct changeset_notes *notes, struct error *error);

// What of the other types exposes nothing (changeset_others.c).
struct resource;
bool changeset_is_harmless_type(const char *type);
bool changeset_is_private(const struct resource *resource);

// ---- One resource (changeset_types.c, changeset_hosts.c)

// One side of it: its properties, and what is made of them.
struct changeset_side {
    const cJSON *properties; // NULL: it is not there on this side
    cJSON *values;
    cJSON *unknown;
};

struct changeset_resource {
    struct arena *arena;
    const char *id; // logical
    const char *physical;
    const char *type;
    const char *region;  // of its stack, or NULL
    const char *actions; // "create", "update", "delete" or "replace"
    struct changeset_side before;
    struct changeset_side after;
    cJSON *changes; // resource_changes
    struct changeset_notes *notes;
};

// Adds the resource as one or several of the walk's. False where its type is none of the walk's.
bool changeset_add(struct changeset_resource *resource);
// Instances, interfaces and services of tasks (changeset_hosts.c).
void changeset_add_service(struct changeset_resource *resource);
void changeset_add_instance(struct changeset_resource *resource);
void changeset_add_interface(struct changeset_resource *resource);

// ---- For those

extern const char changeset_unknown[]; // "{{changeSet:KNOWN_AFTER_APPLY}}"
// Whether some text in a value holds that.
bool changeset_is_unknown(const cJSON *value);
// Puts a property under another name, as it is; or marks it unknown. What is absent stays so.
void changeset_put(struct changeset_side *side, const char *property, const char *attribute_name);
void changeset_put_value(struct changeset_side *side, const cJSON *value, const char *attribute_name);
// The same where the walk reads a number, a flag or a list: CloudFormation takes all of them as text too.
void changeset_put_number(struct changeset_side *side, const cJSON *value, const char *attribute_name);
void changeset_put_flag(struct changeset_side *side, const cJSON *value, const char *attribute_name);
void changeset_put_list(struct changeset_side *side, const cJSON *value, const char *attribute_name);
void changeset_put_text(struct changeset_side *side, const char *text, const char *attribute_name);
const cJSON *changeset_property(const struct changeset_side *side, const char *name);
// Adds one resource of the walk's at `address`; it takes what both sides were given.
void changeset_emit(struct changeset_resource *resource, const char *type, const char *address, const char *actions,
                    struct changeset_side *before, struct changeset_side *after, const char *id);
void changeset_note(struct changeset_resource *resource, const char *format, ...) __attribute__((format(printf, 2, 3)));
