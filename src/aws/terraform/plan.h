// The plan as its resource handlers see it. For src/aws/terraform only.
//
// A *doubt* is a text that says what only apply tells: "ADDRESS: KEY is known after apply". It stands in the report,
// and in the estate at what depends on it.
#pragma once

#include "aws/terraform/terraform.h"
#include "base/json.h"

struct scope;

struct resource {
    const char *address; // "module.net[0].aws_subnet.a[\"x\"]"; of several plans' alike, with the file behind it
    const char *written; // as the plan has it
    const char *module;  // its module's instance: "module.net[0]." or ""
    const char *name;    // "aws_subnet.a"
    const char *key;     // "[\"x\"]", or "" where neither count nor for_each is set
    const char *type;
    const cJSON *before; // NULL where it is created
    const cJSON *after;  // NULL where it is deleted
    const cJSON *unknown;
    const cJSON *configured; // its configuration; NULL where the plan has none of it
    const char *id_before;   // NULL where it is created
    const char *id;          // after apply; NULL where it is gone
    bool managed;            // false: a data source
    bool changes;            // false: no-op, forgotten, or a data source
    bool creates;            // anew, or in place of another
    bool removes;
    bool deposed; // what a replacement that failed left over
};

// The instances of one resource in one instance of its module; never empty.
struct resource_list {
    VECTOR(struct resource *) items;
};

// A list of blocks that AWS fills too. Unknown and not configured it is empty: or of a dynamic block over what is
// unknown, which the configuration in a plan leaves out.
struct hidden_block {
    const struct resource *resource;
    const char *key;
    const char *id;     // of what holds them
    const char **doubt; // of that
};

// A group that stands for groups of which it is not known whether an interface has them: what they admit is possible.
struct groups_in_doubt {
    struct security_group *group;
    text_list of;
    const char *doubt;
};

struct plan_reader {
    struct estate *estate;
    struct arena *arena; // the estate's
    struct terraform_report *report;
    const char *file;
    VECTOR(struct resource) resources;         // but for deposed objects
    VECTOR(struct resource) deposed;           // objects that are deleted, besides the resource of the same address
    struct map by_address;                     // -> struct resource
    struct map by_name;                        // module and name -> struct resource_list, in the order of the plan
    struct map scopes;                         // module without indexes -> struct scope
    const cJSON *providers;                    // provider_config of the configuration
    struct map used_providers;                 // keys of those with which something that can bear on exposure is made
    const cJSON *variables;                    // of the root module
    const cJSON *prior;                        // the root module of prior_state
    struct map taken;                          // Elastic IP addresses taken from what they were on, as text
    VECTOR(struct network_interface *) bereft; // interfaces from which an Elastic IP address was taken
    VECTOR(struct hidden_block) hidden;        // lists of blocks of which it is not told whether there are any
    struct map *removed;                       // ids of what goes; NULL: not asked for yet
    VECTOR(struct groups_in_doubt) in_doubt;   // groups that stand for others
    struct map filled;                         // ids of what has its rules, entries or routes as resources of their own
    bool by_changeset;                         // of CloudFormation: no reference is told
    bool deferred_data;                        // some data source is read only while the plan is applied
    bool aside;                     // what is said bears on who reaches whom inside, and what gets out, alone
    const struct resource *current; // whose handler runs
    size_t spread;                  // rules that any new group may be given, times those groups
    int depth;                      // of references followed through resources
    int steps;                      // lists of references followed for one attribute
    struct map evaluated_names;     // of the configuration -> struct value
    int evaluated;                  // expressions of it that were read for one attribute,
    int evaluated_in_all;           // and for all,
    double evaluated_work;          // and the values and bytes that they and functions walked
    bool evaluated_too_much;        // more work or memory than there is for it
    struct arena *evaluated_arena;  // what evaluated_names has; NULL: nothing yet
};

// Attributes of the side that a handler works on. Texts are in the estate's arena; NULL where absent, null or empty.
const char *attribute(struct plan_reader *plan, const cJSON *values, const char *key);
bool flag(const cJSON *values, const char *key, bool fallback);
long number(const cJSON *values, const char *key, long fallback);
bool is_unknown(const cJSON *unknown, const char *key);
const cJSON *member(const cJSON *object, const char *key);
// Whether an attribute, a list too, differs between before and after: a computed one that does not was left over.
bool differs(const struct resource *resource, const char *key);
// Whether the attribute or some element of it is known only after apply.
bool any_unknown(const cJSON *unknown, const char *key);

// Where values and their configuration stand: a resource, or a block in it.
struct where {
    const struct resource *resource;
    const cJSON *values;
    const cJSON *unknown;
    const cJSON *configured; // the block's expressions; an object with `references` where they stand for all of it
    bool told;               // there is a configuration at all
    const char *argument; // the block's name where its arguments are told by that too ("launch_template.id"), or NULL
};
struct where whole(const struct resource *resource);
// The block at `index` of a list of blocks.
struct where block_of(const struct resource *resource, const char *list, int index);

// What an id is after apply. All NULL: it is not set.
struct meant {
    const char *id;
    const char *doubt; // it is set, and what it is only apply tells
};

// `computed`: AWS chooses it where the configuration does not set it (Optional and Computed in the provider's schema);
// then unknown and not configured is not set.
struct meant meant_at(struct plan_reader *plan, const struct where *where, const char *key, bool computed);
struct meant meant(struct plan_reader *plan, const struct resource *resource, const char *key);
struct meant meant_or_default(struct plan_reader *plan, const struct resource *resource, const char *key);
// The same of what must be set: where nothing of it is told, that is a doubt.
struct meant meant_surely(struct plan_reader *plan, const struct resource *resource, const char *key);
// The doubt that nothing is told of something, said in the report.
const char *not_told(struct plan_reader *plan, const struct resource *resource, const char *what);
// The id alone, or the doubt as a name that nothing has.
const char *id_of(struct meant meant);

struct id_list {
    VECTOR(const char *) items;
    const char *doubt; // there may be others
    bool set;
};
// The same for a list of ids.
struct id_list meant_list(struct plan_reader *plan, const struct where *where, const char *key, bool computed);

// What an attribute that is unknown comes to by its expression in the configuration (names.c), in `ids`.
enum evaluated {
    EVALUATED_NOT, // no file here tells, or some of it is not understood
    EVALUATED_NULL,
    EVALUATED_TO
};
enum evaluated evaluated_ids(struct plan_reader *plan, const struct where *where, const char *key, bool list,
                             struct id_list *ids);
// The same of an argument whose name does not tell of which kind its ids are: `kind` is one that does.
enum evaluated evaluated_ids_of(struct plan_reader *plan, const struct where *where, const char *key, const char *kind,
                                bool list, struct id_list *ids);

// Whether the one dynamic block of this label makes no blocks, as its for_each is empty (names.c).
bool iterates_over_nothing(struct plan_reader *plan, const struct resource *resource, const char *label);

// What the references of an attribute lead to, in any of the blocks where it may be.
struct followed follow_attribute(struct plan_reader *plan, const struct where *where, const char *key, bool list);

// Fills the groups that stand for those of which it is not known whether an interface has them (lists.c).
void fill_groups_in_doubt(struct plan_reader *plan);

// Whether an unknown attribute may be set by the configuration: it is there, with something that is unknown before
// apply, or there is no configuration to tell.
bool may_be_configured(struct plan_reader *plan, const struct where *where, const char *key);

// The doubt about an attribute, said in the report.
const char *doubt_of(struct plan_reader *plan, const struct resource *resource, const char *key);
// Says in the report what could not be placed; of what bears on other directions than the internet's, while `aside`.
void say(struct plan_reader *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));
// Says that something which changes is not in the snapshot.
void say_not_held(struct plan_reader *plan, const struct resource *resource, const char *what, const char *id);

// Notes that the resource whose handler runs makes what decides about packets, by its id as reasons have it; or ends
// it.
void makes(struct plan_reader *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ends(struct plan_reader *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));
// The same of what it decides for all that lies in a place: "acl SUBNET", "table SUBNET-OR-VPC", "gateway" (of all) or
// "gateway SUBNET-OR-VPC".
void decides(struct plan_reader *plan, const char *what, const char *place);
// Notes which rules rest on a prefix list that changes, once all is placed.
void note_rules_of_lists(struct plan_reader *plan);
// The same of a thing that it changes or refers to; `id` may be NULL.
void touches(struct plan_reader *plan, const struct resource *resource, const char *id);
// Notes all ids that a resource names, before and after.
void touches_all(struct plan_reader *plan, const struct resource *resource);

// The ids that references of the configuration lead to (follow.c): candidates for one id or, of a list, all of its ids.
struct followed {
    VECTOR(const char *) ids;
    bool opaque;   // some reference cannot be followed
    bool settled;  // all that it refers to is known before: then what is unknown all the same is null, and AWS chooses
    bool choosing; // some reference leads to no id, or to the same again: it may be a condition by which one of several
                   // is meant
    bool guessed;  // one of them is meant by an index, and which nothing tells
};
struct followed follow(struct plan_reader *plan, const struct resource *resource, const cJSON *expression,
                       const char *key, bool list);
// Reads the configuration of the plan's modules, and finds that of each resource.
void read_configuration(struct plan_reader *plan, const cJSON *document);

// Lets references to what adopts something lead to what it adopts: aws_default_route_table to the VPC's own table.
void adopts(struct plan_reader *plan, const struct resource *resource, const char *id);
// The VPC's default group, or NULL (groups.c).
struct security_group *default_group_of(struct plan_reader *plan, const char *vpc_id);

// Notes that there may be blocks which the plan does not show; that what they would be in has resources of its own for
// them; and, when all is placed, what is in doubt for that (hidden.c).
void hides(struct plan_reader *plan, const struct resource *resource, const char *key, const char *id,
           const char **doubt);
void fills(struct plan_reader *plan, const char *id);
void heed_hidden(struct plan_reader *plan);

// Says what makes a plan one that is not whole, and what it does besides (whole.c). After read_configuration.
void heed_state_of_plan(struct plan_reader *plan, const cJSON *document);
// Says of which modelled resources a plan lacks an attribute that was there before, or that its configuration sets.
void heed_lost_attributes(struct plan_reader *plan, bool (*is_modelled)(const char *type));

// Says which instances AWS may give a public address again, when all else is placed (addresses.c).
void heed_bereft(struct plan_reader *plan);

// Something in a VPC will have IPv6 addresses: where the VPC had none, its default ACL lets them in (network.c).
void bring_ipv6(struct plan_reader *plan, const char *vpc_id);

// Whether a resource of this type and id is what a plan makes.
bool is_made(const struct plan_reader *plan, const char *type, const char *id);

// Where what a plan creates will lie, as far as the snapshot tells: it is of one account and region only.
struct interface_place plan_place(struct plan_reader *plan);

// Of which region a resource is, as far as its own `region` (provider 6 on) or its provider's block tells (region.c).
struct provider_place {
    const char *region;      // NULL: not told
    bool region_unknown;     // not told, and the plan has providers of several
    bool of_another_account; // it may be: the plan has providers that sign in otherwise
};
void note_providers(struct plan_reader *plan);
struct provider_place provider_place_of(struct plan_reader *plan, const struct resource *resource);

typedef void (*resource_handler)(struct plan_reader *plan, const struct resource *resource);

// How resources of one type leave the estate and how they enter or change it; NULL where that means nothing here.
struct resource_type {
    const char *name;
    resource_handler remove; // also before what replaces it is put
    resource_handler put;
};

struct resource_types {
    const struct resource_type *items;
    size_t count;
};
// In the order in which they are put: what is referred to comes first.
extern const struct resource_types terraform_network, terraform_route_tables, terraform_acls, terraform_groups,
    terraform_hosts, terraform_addresses, terraform_balancers, terraform_fleets, terraform_carriers,
    terraform_prefix_lists;

// Whether a type is one of a list, in which "x*" stands for all that begin with x, and "x_" for all that begin with x_
// (others.c).
bool type_is_listed(const char *type, const char *const *list, size_t count);
// Whether no packet of the internet depends on resources of a type (others.c).
bool is_harmless_type(const char *type);
// Names what bears on what gets out and on who reaches whom inside, and is not placed (carriers.c).
void list_carrier(struct plan_reader *plan, const struct resource *resource);
// Whether what changes in place bears on nothing that is exposed: tags, an engine's version, a container's image
// (in_place.c).
bool is_quiet_change(const struct resource *resource);
// What the other types that change mean: named where they can expose something (others.c).
void list_others(struct plan_reader *plan, bool (*is_modelled)(const char *type));
