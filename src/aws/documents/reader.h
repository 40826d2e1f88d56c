// What the readers of documents share. For the files of src/aws only.
//
// Each element reader adds one element of a describe-* document's top-level array to the estate; `into` is what it is
// nested in, or NULL. Field names: botocore's published service models.
#pragma once

#include "base/json.h"
#include "model/account.h"

struct document_place {
    const char *account; // from the path, or NULL
    const char *region;
};

struct reader {
    struct estate *estate;
    struct arena *arena;
    struct document_place place;
    const char *name; // the document's path in the snapshot
    struct error *error;
    struct arena *scratch; // for one element
};

typedef bool (*element_reader)(struct reader *reader, const struct json_cursor *at, void *into);

// Reads each element of an array, which must be objects; under `key` of an object, required or not.
bool each(struct reader *reader, const struct json_cursor *array, element_reader read, void *into);
bool each_of(struct reader *reader, const struct json_cursor *object, const char *key, element_reader read, void *into);
bool each_if_present(struct reader *reader, const struct json_cursor *object, const char *key, element_reader read,
                     void *into);

// Strings of the estate. Those that recur (ids, regions, types) are interned, so that each is held once.
bool text_of(struct reader *reader, const struct json_cursor *at, const char *key, const char **value);
bool optional_text(struct reader *reader, const struct json_cursor *at, const char *key, const char **value);
bool interned_of(struct reader *reader, const struct json_cursor *at, const char *key, const char **value);
bool optional_interned(struct reader *reader, const struct json_cursor *at, const char *key, const char **value);
const char *intern(struct reader *reader, const char *text);

// A CIDR under `key`. family 0 takes either.
bool read_prefix(struct reader *reader, const struct json_cursor *object, const char *key, int family,
                 struct prefix *prefix);
bool read_address(struct reader *reader, const struct json_cursor *object, const char *key, int family,
                  struct address *address);
bool read_protocol(struct reader *reader, const struct json_cursor *object, const char *key, int *protocol);
bool read_ports(struct reader *reader, const struct json_cursor *object, const char *from_key, const char *to_key,
                uint16_t *low, uint16_t *high);
// Type and code, -1 for any, as numbers type * 256 + code.
void icmp_range(long type, long code, uint16_t *low, uint16_t *high);

// Where the snapshot tells of an element: the document's name, # and a JSON pointer (RFC 6901).
const char *evidence_of(struct reader *reader, const struct json_cursor *at);

struct prefix_list *prefix_list_named(struct reader *reader, const char *id);
const struct group_set *group_set_of(struct reader *reader, const char **ids, size_t count); // sorts ids

bool read_security_group(struct reader *reader, const struct json_cursor *at, void *into);
bool read_network_acl(struct reader *reader, const struct json_cursor *at, void *into);
bool read_route_table(struct reader *reader, const struct json_cursor *at, void *into);
bool read_internet_gateway(struct reader *reader, const struct json_cursor *at, void *into);
bool read_subnet(struct reader *reader, const struct json_cursor *at, void *into);
bool read_prefix_list(struct reader *reader, const struct json_cursor *at, void *into);
bool read_prefix_list_entry(struct reader *reader, const struct json_cursor *at, void *into);
bool read_vpc_endpoint(struct reader *reader, const struct json_cursor *at, void *into);
bool read_block_options(struct reader *reader, const struct json_cursor *at);
bool read_block_exclusion(struct reader *reader, const struct json_cursor *at, void *into);
bool read_firewall_status(struct reader *reader, const struct json_cursor *at, const char *name);
bool read_interface(struct reader *reader, const struct json_cursor *at, void *into);
bool read_reservation(struct reader *reader, const struct json_cursor *at, void *into);
bool read_load_balancer(struct reader *reader, const struct json_cursor *at, void *into);
bool read_classic_load_balancer(struct reader *reader, const struct json_cursor *at, void *into);
bool read_listener(struct reader *reader, const struct json_cursor *at, void *into);
bool read_listener_rule(struct reader *reader, const struct json_cursor *at, void *into);
bool read_target_group(struct reader *reader, const struct json_cursor *at, void *into);
bool read_listeners_of(struct reader *reader, const struct json_cursor *at, void *into);
bool read_target_health_of(struct reader *reader, const struct json_cursor *at, void *into);
bool read_db_instance(struct reader *reader, const struct json_cursor *at, void *into);
bool read_launch_template(struct reader *reader, const struct json_cursor *at, void *into);
bool read_user(struct reader *reader, const struct json_cursor *at, void *into);
bool read_group(struct reader *reader, const struct json_cursor *at, void *into);
bool read_role(struct reader *reader, const struct json_cursor *at, void *into);
bool read_managed_policy(struct reader *reader, const struct json_cursor *at, void *into);
bool read_virtual_device(struct reader *reader, const struct json_cursor *at, void *into);
bool read_trail(struct reader *reader, const struct json_cursor *at, void *into);
bool read_event_selector(struct reader *reader, const struct json_cursor *at, void *into); // into: struct trail
bool read_advanced_event_selector(struct reader *reader, const struct json_cursor *at,
                                  void *into); // into: struct trail
// Whole members of an account's documents, which may be of any kind.
bool read_account_member(struct reader *reader, const struct json_cursor *at);
// Notes that a list was asked for, even where it is empty.
void note_account_list(struct reader *reader, const char *key);
// The trail that such a document's path tells of, or NULL.
struct trail *trail_of_file(struct reader *reader);
bool read_target_health(struct reader *reader, const struct json_cursor *at, void *into); // into: struct target_group
bool read_target_group_attribute(struct reader *reader, const struct json_cursor *at, void *into);

// The account with an id; made where it is not known yet.
struct account *account_named(struct estate *estate, const char *id);

// The target group whose name or id is in a file's name: what such a document holds does not tell (contract.md).
struct target_group *target_group_of_file(struct reader *reader, const char *file);
