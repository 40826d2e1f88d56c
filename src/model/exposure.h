// Declared exposure: what the configuration lets reach each endpoint (contract.md, sgproof/exposure/v1).
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "model/owner.h"
#include "model/reason.h"

// One byte each: an exposure is what there is most of.
enum __attribute__((packed)) exposure_path { PATH_TWO_WAY, PATH_INBOUND_ONLY };
enum __attribute__((packed)) certainty { CERTAINTY_EXACT, CERTAINTY_POSSIBLE };
extern const char *const path_names[], *const certainty_names[]; // end with NULL

// One rectangle: every port of [low, high] from every source. Of one endpoint, no two overlap.
struct exposure {
    int protocol_low; // an IP protocol number; the two differ only for runs of protocols that agree in everything
    int protocol_high;
    uint16_t low; // ports, or ICMP type * 256 + code; 0-65535 for protocols that have neither
    uint16_t high;
    bool internet; // some source counts as the internet
    enum exposure_path path;
    enum certainty certainty;
    struct prefixset sources;
    struct portset client_ports; // from which a reply finds its way back; empty where inbound-only
    reason_list via;             // the load balancers on its way; then why it is only possible
    reason_list because;         // what admits it: group rules, ACL entries, route, gateway
};

struct exposure_list {
    size_t count;
    struct exposure *items;
};

struct endpoint {
    const struct network_interface *interface;
    struct prefix address; // /32 or /128 but for delegated IPv6 prefixes
    struct address private_address;
    enum address_gateway gateway; // by which packets come to it
    bool outside;                 // a place on the internet, which the set's asker asks; its interface is nobody's
    bool dormant;                 // opens when its instance starts, or when its interface is attached to one
    const char *name;
    const struct owner *owner;             // who stands behind its interface, or NULL
    const struct exposure_list *exposures; // shared between endpoints with the same answer
    struct address vantage;                // whose answers these are, where it is one client's; else family 0
};

// Why a dormant endpoint is, for people; NULL where it is not.
const char *endpoint_dormancy(const struct endpoint *endpoint);
// The order in which sets hold them, for qsort: by family, address, length, interface.
int endpoint_order(const void *left, const void *right);

// What is exposed behind a load balancer: internet → listener → target.
struct indirect_exposure {
    const struct network_interface *interface; // the target's
    struct address private_address;            // the target's
    const char *name;
    const struct owner *owner; // or NULL
    bool dormant;
    bool by_service;           // not by a load balancer: by an accelerator, a VPC origin...
    const char *load_balancer; // its name, or the service's
    const char *listener;      // "443/HTTPS"
    const char *target_group;  // its name, or NULL behind a classic load balancer
    const char *health;        // "healthy", "unhealthy"..., "unknown"
    enum family family;        // of the clients
    struct prefixset seen;     // addresses in place of theirs that it sees, where a service brings them
    enum family seen_family;   // 0: it sees theirs, or a load balancer's
    bool sees_client;          // behind a load balancer: clients of the internet surely come by their own addresses
    bool may_see_client;       // the same: perhaps
    struct exposure_list exposures;
};

struct exposure_set {
    struct arena *arena;
    VECTOR(struct endpoint) endpoints; // ascending by family, address, interface
    VECTOR(struct indirect_exposure) indirect;
    struct lack_list missing; // what the snapshot lacks and an answer rests on: not empty makes the result incomplete
    const struct network_interface *asker; // whose view of the inside this is (rules/reach/inside_view.h); NULL: that
                                           // of the internet, or part of it
    const struct estate *estate; // whose unread records, ignored files and notes go with the answer; unread ones make
                                 // it incomplete
    text_list notes;             // what load balancers do not reach, and why
    text_list assumptions;       // kinds taken at AWS's default
    text_list not_covered;       // what brings in or is public, and is not judged
    text_list public_places;     // of that, public places that are no interface, counted by kind
};

// Whether nothing that an answer rests on is missing or unread.
bool exposure_set_complete(const struct exposure_set *set);

// What is missing and unread, as texts for people: "missing: ...", "unread: FILE: PATH: WHY".
text_list exposure_set_gaps(struct arena *arena, const struct exposure_set *set);

// The rectangle of `endpoint` that holds this packet, or NULL. `number` as in struct exposure.
const struct exposure *exposure_find(const struct endpoint *endpoint, int protocol, uint16_t number,
                                     address_bits source);

// Whether two rectangles agree in everything but their protocols and `internet`.
bool exposure_same_answer(const struct exposure *a, const struct exposure *b);

// The endpoint with exactly this address and length, or NULL.
const struct endpoint *exposure_endpoint_at(const struct exposure_set *set, struct prefix address);

// The one of those on an interface, or the first of them.
const struct endpoint *exposure_endpoint_on(const struct exposure_set *set, struct prefix address, const char *eni_id);

// Endpoint that owns an address, or NULL.
const struct endpoint *exposure_endpoint(const struct exposure_set *set, struct address address);

// A run of numbers as what the contract prints: ports as they are; ICMP numbers, of which a run may begin and end amid
// a type's codes, as rectangles of types × codes. Gives how many there are.
size_t exposure_rectangles(int protocol, uint16_t low, uint16_t high, struct port_range rectangles[3]);

// The member `missing` of a document.
void exposure_put_missing(struct json_writer *json, const struct lack_list *missing);

// The members `unread` and `ignored` of an estate (which may be NULL): of all, or of what may bear on the account
// itself.
void exposure_put_unread(struct json_writer *json, const struct estate *estate, bool of_account);
// A member: a list of prefixes.
void exposure_put_prefixes(struct json_writer *writer, struct arena *arena, const char *key, enum family family,
                           struct prefixset set);
// The members `sources`, `internet`, `path` and `certainty` of an exposure, of which nothing else is looked at.
void exposure_put_reach(struct json_writer *writer, struct arena *arena, enum family family,
                        const struct exposure *exposure);
// The members that tell protocol and numbers of a rectangle: from_port and to_port, from_type..., or no number at all.
void exposure_put_numbers(struct json_writer *writer, int protocol_low, int protocol_high, uint16_t low, uint16_t high);

// The sgproof/exposure/v1 document.
void exposure_write_json(const struct exposure_set *set, struct text *out);

// "tcp", "47", "48-49".
const char *exposure_protocol(struct arena *arena, const struct exposure *exposure);

// An endpoint's address as the contract prints it: without the length where it is one address.
void endpoint_address(const struct endpoint *endpoint, char text[ADDRESS_TEXT]);
