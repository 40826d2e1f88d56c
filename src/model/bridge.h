// What brings the internet to private addresses, as the documents of the services say: accelerators of AWS Global
// Accelerator, and VPC origins of CloudFront. Owned by the estate's arena, as all of it.
#pragma once

#include "base/vector.h"
#include "net/port_set.h"

// https://docs.aws.amazon.com/global-accelerator/latest/api/API_EndpointDescription.html
struct accelerator_endpoint {
    const char *id;     // ARN of a load balancer, id of an instance, or of the allocation of an Elastic IP address
    bool keeps_client;  // it sees the client's own address
    bool keeps_told;    // which is told
    bool by_answer;     // another answer about its endpoint group would settle `unsure`
    const char *unsure; // why clients may not be sent there, or NULL
};

// An endpoint takes clients on the listener's port, unless an override sends that one to another.
struct port_override {
    uint16_t listener_port;
    uint16_t endpoint_port;
};

// Of a custom routing one: ports of its subnets' instances.
// https://docs.aws.amazon.com/global-accelerator/latest/api/API_CustomRoutingDestinationDescription.html
struct custom_destination {
    struct port_range ports;
    bool tcp;
    bool udp;
};

// https://docs.aws.amazon.com/global-accelerator/latest/api/API_EndpointGroup.html
struct accelerator_group {
    const char *arn;
    const char *region; // of its endpoints, or NULL
    uint64_t record;
    VECTOR(struct port_override) overrides;
    VECTOR(struct custom_destination) destinations; // of custom routing alone, whose endpoints are subnets
    VECTOR(struct accelerator_endpoint) endpoints;
};

// https://docs.aws.amazon.com/global-accelerator/latest/api/API_Listener.html
struct accelerator_listener {
    const char *arn;
    bool told; // its own record is there, not only groups of it
    uint64_t record;
    int protocol; // -1: a word that is new
    bool groups_known;
    VECTOR(struct port_range) ports;
    VECTOR(struct accelerator_group) groups;
};

// https://docs.aws.amazon.com/global-accelerator/latest/api/API_Accelerator.html
struct accelerator {
    const char *arn;
    const char *name;
    const char *evidence; // the first document that names it
    bool told;            // its own record is there, not only listeners of it
    uint64_t record;
    bool enabled;
    bool takes_ipv6;
    bool listeners_known;
    bool custom_routing; // it maps its ports to single instances' ports
    const char *unsure;  // why it may be otherwise by now, or NULL
    const char *doubt;   // what of it was not understood: it may bring clients anywhere; or NULL
    VECTOR(struct accelerator_listener) listeners;
};

// Whether a service asks a target by IPv6 as well, as its document says.
enum asks_ipv6 { ASKS_IPV6_UNTOLD, ASKS_IPV6_NEVER, ASKS_IPV6_PERHAPS };

// https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_VpcOrigin.html
struct vpc_origin {
    const char *id;
    const char *account;
    const char *target;        // ARN of a load balancer or an instance
    const char *listed_target; // as the list of all tells it, or NULL
    bool target_differs;       // two answers tell of different ones
    const char *status;        // "Deployed"..., as the first of them tells it
    const char *used_as_of;    // whose it is, as a distribution that uses it says; or NULL
    bool told;                 // its own record is there, not only the list of all
    uint64_t record;
    enum asks_ipv6 asks_ipv6;
    struct portset ports;
    struct portset plain_ports; // of these, what is asked for viewers over plain HTTP alone
    const char *unsure;         // why viewers may not be sent there, or NULL
    const char *doubt;          // what of it was not understood; or NULL
    const char *not_all;        // why some distribution that has it does not send every viewer there, or NULL
    const char *ipv4_only;      // id of one that takes no viewer over IPv6, or NULL
    const char *takes_plain;    // id of one that takes all of them over plain HTTP, too, or NULL
    const char *distribution;   // id of one that takes viewers without restriction and has it as an origin, or NULL
};

// What CloudFront and Global Accelerator call the security groups that they make for their own interfaces.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html,
// https://docs.aws.amazon.com/global-accelerator/latest/dg/best-practices-aga.html
extern const char ORIGINS_GROUP[], ACCELERATORS_GROUP[];

// A VPC link of API Gateway.
struct vpc_link {
    const char *id;
    const char *name;
    const char *account;
    const char *region;
    uint64_t record;
    bool of_rest;      // of REST APIs: it names load balancers; else it has interfaces
    bool available;    // as far as its status tells
    text_list targets; // ARNs of network load balancers
    text_list subnets;
    text_list groups;
};

// An endpoint service of AWS PrivateLink.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ServiceConfiguration.html
struct endpoint_service {
    const char *id;
    const char *name; // "com.amazonaws.vpce.REGION.vpce-svc-..."
    uint64_t record;
    const char *account;
    const char *region;
    bool gone;           // deleted, or deleting
    const char *unsure;  // its state, where that is not the one in which it takes clients; or NULL
    text_list balancers; // ARNs
    bool any_balancer;   // these are not told: any of its place may be behind it
    const char *doubt;   // another record of it says otherwise
};

// A web ACL of AWS WAF for things of a region; or, without ARN and name, one answer that tells what some ACL of a place
// is associated with.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_ListResourcesForWebACL.html
struct web_acl {
    const char *arn; // NULL: of the answer it is not told of which
    const char *name;
    const char *account;
    const char *region;
    text_list resources; // ARNs of load balancers that are associated with it
    const char *file;    // of an answer: where it stands
    bool listed; // of an ACL: an answer tells what it is associated with; of an answer: it is known of which ACL
};

// An endpoint of Verified Access, by one of the options that tell what is behind it.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VerifiedAccessEndpoint.html
struct verified_access {
    const char *id;
    const char *account;
    const char *region;
    const char *interface; // id, or NULL
    const char *balancer;  // ARN, or NULL
    const char *cidr;      // or NULL
    bool is_database;      // one of RDS's
    struct portset ports;
};
