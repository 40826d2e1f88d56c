// What the prior_state of plans tells, as AWS's own documents: everything that reads those reads it then, with all they
// know of what is missing. For src/aws/terraform only.
#pragma once

#include "base/error.h"
#include "base/json.h"

// One resource or data source.
struct prior_held {
    const char *type;
    const cJSON *values;
    bool data;
    const char *account; // by its ARN, or NULL
    const char *region;
};

struct prior_state {
    struct arena *arena;
    VECTOR(struct prior_held) items;
    VECTOR(cJSON *) documents; // whose the values are
    bool bears;                // some plan changes what can bear on exposure
};

// Adds what a plan's prior_state holds.
void prior_read(struct prior_state *state, const cJSON *document);

// A place that resources are in.
struct prior_place {
    const char *account;
    const char *region;
};
// The documents of one place, in one JSON object: Vpcs, Subnets... `first`: what does not tell its place, too. How many
// records they hold.
size_t prior_write(const struct prior_state *state, const struct prior_place *place, bool first, struct text *out);

// A text of a value, or NULL where it has none.
const char *held_text(const cJSON *values, const char *key);

// ---- Writing

struct prior_writing {
    const struct prior_state *state;
    const struct prior_place *place;
    bool first;
    struct json_writer *writer;
    struct map written; // kind and id
    size_t count;
};

#define EACH_HELD(writing, item)                                                                                       \
    for (const struct prior_held *item = (writing)->state->items.items; item < vector_end(&(writing)->state->items);   \
         item++)

bool held_is(const struct prior_held *held, const char *type); // managed
bool held_is_one_of(const struct prior_held *held, const char *type, const char *other);
bool held_is_data(const struct prior_held *held, const char *type);

// Whether it is of the place that is written.
bool prior_is_here(const struct prior_writing *writing, const struct prior_held *held);
// Begins a record, if one of this kind and id is to be written here and now: of its place, once.
bool prior_begins(struct prior_writing *writing, const struct prior_held *held, const char *kind, const char *id);
// A member, where there is a text.
void prior_put(struct prior_writing *writing, const char *key, const char *text);
void prior_put_from(struct prior_writing *writing, const char *key, const struct prior_held *held,
                    const char *attribute_name);
// The VPC that a subnet is in, as far as the state tells; or NULL.
const char *prior_vpc_of(struct prior_writing *writing, const char *subnet);

// The elements of each list.
void prior_write_vpcs(struct prior_writing *writing);
void prior_write_subnets(struct prior_writing *writing);
void prior_write_gateways(struct prior_writing *writing);
void prior_write_tables(struct prior_writing *writing);
void prior_write_acls(struct prior_writing *writing);
void prior_write_groups(struct prior_writing *writing);
void prior_write_lists(struct prior_writing *writing);
void prior_write_interfaces(struct prior_writing *writing);
void prior_write_instances(struct prior_writing *writing);
void prior_write_balancers(struct prior_writing *writing);
void prior_write_exclusions(struct prior_writing *writing);
// The documents of the modes of VPC Block Public Access, which are no lists.
void prior_write_block_options(struct prior_writing *writing, struct text *out);
