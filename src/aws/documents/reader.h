// What the readers of documents share. For the files of src/aws/documents only.
//
// A record is one element of a document's list. Its reader adds it to the estate and returns true; false, with the
// reader's error filled, where nothing can be made of it. A part of a record that is not understood costs that part: it
// is listed as unread, and the record's `doubt` says so, so that nothing that rests on the record is exact.
// Field names: botocore's published service models.
#pragma once

#include "base/json.h"
#include "model/account.h"
#include "model/owner.h"

struct document_place {
    const char *account; // from the path, or NULL
    const char *region;
};

struct listing;   // completeness.h
struct documents; // documents.h

// A record's place: the number of its document and, in the lower bits, the byte where it begins.
enum { RECORD_OFFSET_BITS = 40 };

struct reader {
    struct estate *estate;
    struct arena *arena;
    struct arena *scratch; // for one record
    struct document_place place;
    const char *name; // the document's path in the snapshot
    struct listing *listing;
    struct documents *documents;
    const char **doubt;  // of the record in hand, or NULL where what is read decides nothing
    const char *call;    // whose answer the document in hand is, as the AWS CLI names it; NULL where that is not told
    record_place record; // where it stands
    struct error *error;
};

// Reads one record, or one element of a list in it; `into` is what it is nested in, or NULL.
typedef bool (*element_reader)(struct reader *reader, const struct json_cursor *at, void *into);

// Lists a value as unread, and makes the record in hand doubtful. Returns true, to go on.
bool doubt_at(struct reader *reader, const struct json_cursor *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// The same for what reader->error says, after a failure.
bool doubt_failure(struct reader *reader);
// The same for what a whole document lacks or contradicts.
const char *doubt_document(struct reader *reader, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// A member; NULL there is as if it were absent, but AWS prints none: a doubt.
struct json_cursor member_of(struct reader *reader, const struct json_cursor *object, const char *key);

// Reads each element of an array under `key`. An element that fails costs itself. A missing array is a doubt too where
// it is required.
bool each(struct reader *reader, const struct json_cursor *array, element_reader read, void *into);
bool each_of(struct reader *reader, const struct json_cursor *object, const char *key, element_reader read, void *into);
bool each_if_present(struct reader *reader, const struct json_cursor *object, const char *key, element_reader read,
                     void *into);

// A member that AWS prints in every record of a kind, or in none: where some have it, its absence is a doubt.
enum expected {
    EXPECT_IPV6_ADDRESSES,
    EXPECT_IPV6_RANGES,
    EXPECT_PREFIX_LISTS,
    EXPECT_PAIRS,
    EXPECT_INTERFACE_TYPE,
    EXPECT_BALANCER_STATE,
    EXPECT_INSTANCE_STATE,
    EXPECT_PROTOCOL_VERSION,      // of a target group of HTTP or HTTPS
    EXPECT_MUTUAL_AUTHENTICATION, // of an application load balancer's HTTPS listener
    EXPECT_COUNT
};
void expect_member(struct reader *reader, const struct json_cursor *at, enum expected which, const char *key,
                   const char *id, const char *subnet_id);

// Strings of the estate. Those that recur (ids, regions, types) are interned, so that each is held once.
bool text_of(struct reader *reader, const struct json_cursor *at, const char *key, const char **value);
bool optional_text(struct reader *reader, const struct json_cursor *at, const char *key, const char **value);
bool interned_of(struct reader *reader, const struct json_cursor *at, const char *key, const char **value);
bool optional_interned(struct reader *reader, const struct json_cursor *at, const char *key, const char **value);
const char *intern(struct reader *reader, const char *text);

// A text that decides no packet, interned: odd or empty, it is as if it were absent.
const char *text_beside(struct reader *reader, const struct json_cursor *at, const char *key);

// The same for what may be odd at no more cost than a doubt: absent or odd, *value is NULL.
void lenient_text(struct reader *reader, const struct json_cursor *at, const char *key, const char **value);
void lenient_boolean(struct reader *reader, const struct json_cursor *at, const char *key, bool *value);
// An object under a key; false where it is absent or, at the cost of a doubt, no object.
bool lenient_object(struct reader *reader, const struct json_cursor *at, const char *key, struct json_cursor *object);

// A CIDR under `key`. family 0 takes either. Host bits are masked, and noted.
bool read_prefix(struct reader *reader, const struct json_cursor *object, const char *key, int family,
                 struct prefix *prefix);
bool read_prefix_text(struct reader *reader, const struct json_cursor *at, const char *text, int family,
                      struct prefix *prefix);
bool read_address(struct reader *reader, const struct json_cursor *object, const char *key, int family,
                  struct address *address);
bool read_protocol(struct reader *reader, const struct json_cursor *object, const char *key, int *protocol);
bool read_ports(struct reader *reader, const struct json_cursor *object, const char *from_key, const char *to_key,
                uint16_t *low, uint16_t *high);
// Type and code, -1 for any, as numbers type * 256 + code.
bool read_icmp(struct reader *reader, const struct json_cursor *object, const char *type_key, const char *code_key,
               uint16_t *low, uint16_t *high);

// Where the snapshot tells of an element: the document's name, # and a JSON pointer (RFC 6901).
const char *evidence_of(struct reader *reader, const struct json_cursor *at);

// Account and region of a record, as far as it tells them itself; of "arn:aws:ec2:REGION:ACCOUNT:..." both.
void place_of_arn(struct reader *reader, const char *arn, const char **account, const char **region);
const char *region_of_zone(struct reader *reader, const char *zone); // NULL where that is no zone's name
// Notes in which zone a subnet lies, as a record of it, or of what is in it, says; and whether that is a Local Zone (or
// Wavelength Zone).
void note_zone(struct reader *reader, const struct json_cursor *at, const char *subnet_id);
// The same of a zone that is told by its name, or its id (either may be NULL), to an account (or NULL).
void put_zone(struct reader *reader, const char *subnet_id, const struct zone_claim *claim);
// Places that recur share one.
const struct interface_place *place_with(struct reader *reader, const struct interface_place *wanted);
// Says that a record of the listing in hand lies there; texts may be NULL where they are not told.
void seen_at(struct reader *reader, const char *account, const char *region, const char *vpc_id);

// Puts an interface's addresses in their order: IPv4 first, ascending.
void sort_addresses(struct interface_address *items, size_t count);

// What the record in hand is beside an earlier one of its id: the same, or one that contradicts it. Of those that do,
// the one that goes before, by what the two say and not by where they stand, is the first in any order of files.
enum twin { TWIN_SAME, TWIN_BEFORE, TWIN_BEHIND };
// Lists two that contradict each other; *doubt then says so, whatever it said.
enum twin record_twin(struct reader *reader, const struct json_cursor *at, record_place earlier, const char *id,
                      const char **doubt);
// Whether it is the same.
bool record_agrees(struct reader *reader, const struct json_cursor *at, record_place earlier, const char *id,
                   const char **doubt);
// Puts under a key what must be one thing: where another is there already, both are doubtful. What begins with its id.
void put_alone(struct reader *reader, struct map *map, const char *key, void *value, const char **doubt,
               size_t doubt_offset, const char *what);

// What two records of one id that differ come to: whatever either says may be so (twin.c). `base` is the one that goes
// before; what it is united with stays as it was.
const char *lesser_text(const char *a, const char *b); // NULL where both are
void unite_balancers(struct arena *arena, struct load_balancer *base, const struct load_balancer *other);
void unite_target_groups(struct arena *arena, struct target_group *base, bool other_is_first,
                         struct target_group *other);
bool unite_targets(struct target *base, const struct target *other); // false where they differ
void unite_rules(struct arena *arena, struct listener_rule *base, const struct listener_rule *other);
void unite_subnets(struct arena *arena, struct subnet *base, const struct subnet *other);
void unite_vpcs(struct arena *arena, struct vpc *base, const struct vpc *other);
void unite_instances(struct reader *reader, struct instance *base, const struct instance *other);
void unite_groups(struct security_group *base, const struct security_group *other);

struct prefix_list *prefix_list_named(struct reader *reader, const char *id);
// Says that what follows is what the document in hand tells of its entries.
void prefix_list_answer(struct reader *reader, struct prefix_list *list);
struct load_balancer *load_balancer_with(struct reader *reader, const char *arn); // made where it is not known yet
struct listener *listener_named(struct reader *reader, const char *arn);          // NULL where none is known
const struct group_set *group_set_of(struct reader *reader, const char **ids, size_t count); // sorts ids

// Notes that a document names an interface as that of a thing; what another document named first stays.
void note_owner(struct reader *reader, const char *interface_id, const struct owner *owner);

// The account with an id; made where it is not known yet.
struct account *account_named(struct estate *estate, const char *id);
struct account *account_of(struct reader *reader);                      // the path's, else the only one that there is
struct account *account_by_arn(struct reader *reader, const char *arn); // a record's: its ARN's, else the same
// The target group, load balancer or trail whose name or id is in a file's name, or NULL: what such a document holds
// does not tell (contract.md).
struct target_group *target_group_of_file(struct reader *reader);
struct load_balancer *load_balancer_of_file(struct reader *reader);
struct load_balancer *classic_load_balancer_of_file(struct reader *reader);
struct trail *trail_of_file(struct reader *reader);
// The account, unit or root of an organization whose id is in a file's name; NULL where none is, or several are.
const char *organization_id_of_file(struct reader *reader);
// Whether a file's name names something: as a whole word of it.
bool file_names(const char *file, const char *word);
