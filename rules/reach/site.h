// A site: what decides for an interface besides its own groups, shared by every interface of the same kind of subnet.
// Both reach (sets) and explain (one packet) ask it, so that they cannot disagree. For the files of rules/ only.
#pragma once

#include "rules/reach/gateway.h"
#include "rules/reach/network_acl.h"
#include "rules/reach/route_table.h"

// What the ACL lets in, cut by whether, and from which client ports, a reply gets back.
struct passage {
    int protocol;
    struct acl_view in;
    struct acl_view out;
    struct passage_piece {
        enum reply reply;
        struct portset client_ports; // for ICMP all, or none
        struct portmap map;
    } * pieces;
    size_t piece_count;
};

struct site {
    enum address_gateway gateway; // by which packets come; of another one than the internet gateway nothing is sure
    struct arena *arena;
    const struct estate *estate;
    const struct interface_place *place; // of some interface of it
    struct gate gate;
    const struct network_acl *acl; // NULL: the snapshot lacks it
    const struct reason *acl_missing;
    const struct route_table *table; // NULL: the snapshot lacks it
    const struct reason *table_missing;
    const struct route_table *edge; // associated with the gateway, or NULL
    struct lack_list missing;       // what the snapshot lacks here
    struct site_family {
        bool known;
        struct route_claim replies;
        struct route_claim edge;   // of the gateway's own route table, where it has one
        struct prefixset internet; // less the VPC's own address space
        VECTOR(struct passage *) passages;
        struct map answers;         // for reach: struct group_set of plain interfaces -> struct exposure_list
        struct map special_answers; // and what sets another interface apart, as text -> struct exposure_list
    } families[2];
};

// The site of an interface. Everything lives in `arena`.
struct site *site_new(struct arena *arena, const struct estate *estate, const struct network_interface *interface);
// The same for those of its addresses that another gateway brings packets to: its ACL counts, the rest is possible.
struct site *site_behind(struct arena *arena, const struct estate *estate, const struct network_interface *interface,
                         enum address_gateway gateway);

// Whether the site and the interface's groups alone decide for an address of it: nothing sets the interface
// apart from others that have both.
bool site_decides(const struct site *site, const struct network_interface *interface, struct prefix address);

struct site_family *site_family(struct site *site, enum family family);
const struct passage *site_passage(struct site *site, enum family family, int protocol);

// The gate for one address of an interface of the site: what kind of interface it is, whether the address is
// advertised, and the edge route, which goes by the private address that it is translated to.
struct gate site_gate(struct arena *arena, struct site *site, const struct network_interface *interface,
                      struct prefix address, struct address private_address);

// The reply that an ICMP message asks for, as type * 256 + code, or -1 where it asks for none (RFC 792, RFC 4443).
int site_icmp_reply(int protocol, uint16_t number);

// Sources that share one set of client ports from which an ACL lets replies back; the set may be empty.
struct reply_class {
    struct prefixset sources;
    struct portset client_ports;
};
typedef VECTOR(struct reply_class) reply_classes;

// Turns what an ACL allows of replies (client port -> others) around into (others -> client ports).
reply_classes reply_classes_of(struct arena *arena, struct portmap replies, enum family family);

// The numbers of the packets that answer one of `number`: the client's ports, or the ICMP reply that it asks for.
struct portset site_reply_numbers(struct arena *arena, int protocol, uint16_t number, struct portset client_ports);
