// The plan as its resource handlers see it. For src/aws/terraform only.
#pragma once

#include "aws/terraform/terraform.h"
#include "base/json.h"

struct resource {
    const char *address; // "module.net.aws_subnet.a[0]"
    const char *bare;    // the same without indexes
    const char *module;  // "module.net." or ""
    const char *type;
    const cJSON *before; // NULL where it is created
    const cJSON *after;  // NULL where it is deleted
    const cJSON *unknown;
    const char *id_before; // NULL where it is created
    const char *id;        // after apply
    bool changes;          // false: no-op or read
    bool replaced;
};

struct plan_reader {
    struct estate *estate;
    struct arena *arena; // the estate's
    struct terraform_report *report;
    struct map by_bare;     // bare address -> struct resource, or &plan_many where there are several
    struct map expressions; // bare address -> cJSON object of its configuration
    uint32_t pending;       // placeholder addresses given out
};

// Attributes of the side that a handler works on. Texts are in the estate's arena; NULL where absent or null.
const char *attribute(struct plan_reader *plan, const cJSON *values, const char *key);
bool flag(const cJSON *values, const char *key, bool fallback);
long number(const cJSON *values, const char *key, long fallback);

// The id that an attribute of the planned resource will hold: its value, or that of the resource it refers to, or a
// text that names it as unknown; NULL where it is not set.
const char *reference(struct plan_reader *plan, const struct resource *resource, const char *key);

struct id_list {
    VECTOR(const char *) items;
};
// The same for a list of ids.
struct id_list references(struct plan_reader *plan, const struct resource *resource, const char *key);

bool is_unknown(const cJSON *unknown, const char *key);
// "ADDRESS KEY (known after apply)"
const char *unknown_text(struct plan_reader *plan, const struct resource *resource, const char *key);

// Reports a resource that cannot be placed because of what only apply tells.
void lacking(struct plan_reader *plan, const struct resource *resource, const char *key);

// Where what a plan creates will lie, as far as the snapshot tells: it is of one account and region only.
struct interface_place plan_place(const struct plan_reader *plan);

typedef void (*resource_handler)(struct plan_reader *plan, const struct resource *resource);

// How resources of one type leave the estate and how they enter or change it; NULL where that means nothing here.
struct resource_type {
    const char *name;
    resource_handler remove;
    resource_handler put;
};

// In an order in which what is referred to comes first, and these three in this order.
struct resource_types {
    const struct resource_type *items;
    size_t count;
};
extern const struct resource_types terraform_network, terraform_rules, terraform_hosts;
