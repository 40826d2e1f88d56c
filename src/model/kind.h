// The kinds of document that a snapshot may hold, and how whole it tells each of them.
#pragma once

#include <stdbool.h>

#include "base/vector.h"

struct estate;

// The kinds of document that an answer can rest on.
enum kind {
    KIND_NETWORK_INTERFACES,
    KIND_RESERVATIONS,
    KIND_SUBNETS,
    KIND_ROUTE_TABLES,
    KIND_NETWORK_ACLS,
    KIND_INTERNET_GATEWAYS,
    KIND_SECURITY_GROUPS,
    KIND_PREFIX_LISTS,
    KIND_VPCS,
    KIND_VPC_ENDPOINTS,
    KIND_BLOCK_PUBLIC_ACCESS,
    KIND_BLOCK_PUBLIC_ACCESS_EXCLUSIONS,
    KIND_SECURITY_GROUP_VPC_ASSOCIATIONS,
    KIND_LOAD_BALANCERS,
    KIND_LISTENERS,
    KIND_LISTENER_RULES,
    KIND_TARGET_GROUPS,
    KIND_TARGET_HEALTH,
    KIND_CLASSIC_LOAD_BALANCERS,
    KIND_FIREWALLS,
    KIND_DB_INSTANCES,
    KIND_LAUNCH_TEMPLATES,
    KIND_ADDRESSES,
    KIND_BYOIP_RANGES,
    KIND_NAT_GATEWAYS,
    KIND_EGRESS_ONLY_INTERNET_GATEWAYS,
    KIND_SECURITY_GROUP_RULES,
    KIND_ACCELERATORS,
    KIND_ENDPOINT_GROUPS,
    KIND_VPC_ORIGINS,
    KIND_REST_VPC_LINKS,
    KIND_VPC_LINKS,
    KIND_ENDPOINT_SERVICES,
    KIND_WEB_ACLS,
    KIND_WEB_ACL_RESOURCES,
    KIND_CONNECT_ENDPOINTS, // from here to KIND_ACCOUNT_SUMMARY: no answer about a packet of an endpoint rests on these
    KIND_TRANSIT_ATTACHMENTS,
    KIND_FUNCTION_URLS,
    KIND_VERIFIED_ACCESS,
    KIND_CLIENT_VPNS,
    KIND_ECS_CLUSTER_NAMES,
    KIND_ECS_TASKS,
    KIND_ECS_SERVICE_NAMES,
    KIND_ECS_SERVICES,
    KIND_EKS_CLUSTER_NAMES,
    KIND_EKS_CLUSTERS,
    KIND_REDSHIFT_CLUSTERS,
    KIND_OPENSEARCH_DOMAIN_NAMES,
    KIND_OPENSEARCH_DOMAINS,
    KIND_MSK_CLUSTERS,
    KIND_DISTRIBUTIONS,
    KIND_DMS_INSTANCES,
    KIND_LAUNCH_CONFIGURATIONS,
    KIND_REDSHIFT_WORKGROUPS,
    KIND_TRANSFER_SERVERS,
    KIND_APP_RUNNER_SERVICES,
    KIND_MQ_BROKERS,
    KIND_EMR_BLOCK,
    KIND_DNS_RECORDS,
    KIND_VPC_PEERINGS, // from here to KIND_VPN_CONNECTIONS: what outbound and inside rest on, beside what stands above
    KIND_TRANSIT_GATEWAYS,
    KIND_TRANSIT_VPC_ATTACHMENTS,
    KIND_TRANSIT_ROUTE_TABLES,
    KIND_TRANSIT_ROUTES,
    KIND_TRANSIT_ASSOCIATIONS,
    KIND_TRANSIT_PROPAGATIONS,
    KIND_VPN_GATEWAYS,
    KIND_VPN_CONNECTIONS,
    KIND_ACCOUNT_SUMMARY, // from here on: of an account, not of a region's network
    KIND_PASSWORD_POLICY,
    KIND_ACCOUNT_DETAILS,
    KIND_CREDENTIAL_REPORT,
    KIND_VIRTUAL_DEVICES,
    KIND_TRAILS,
    KIND_TRAIL_STATUS,
    KIND_EVENT_SELECTORS,
    KIND_COUNT
};

// How whole what the snapshot tells of one kind is, for one account and region.
enum completeness_state {
    COMPLETENESS_ABSENT,
    COMPLETENESS_DENIED,  // asked for, and not answered
    COMPLETENESS_PARTIAL, // a page is missing
    COMPLETENESS_DAMAGED, // not all of it was understood
    COMPLETENESS_WHOLE
};

// What an answer rests on and the snapshot does not hold. Texts are borrowed; NULL where it is not known or is all.
struct lack {
    const char *kind; // a document's top-level key
    const char *account;
    const char *region;
    const char *id;
    const char *text; // for people: "missing: ..."
};

struct lack_list {
    VECTOR(struct lack) items;
    struct map texts; // of the items
};

// One account and region of which the snapshot tells.
struct completeness {
    const char *account;
    const char *region;
    bool demanded; // its network is the snapshot's own, not only seen from another account's side
    unsigned char states[KIND_COUNT];
    const struct lack *lacks[KIND_COUNT]; // NULL where whole
};

// A record, or a part of one, that was not understood; or a whole file where path is "".
struct unread {
    const char *file;
    const char *path; // "SecurityGroups[0].IpPermissions[1]"
    const char *why;
    enum kind kind; // KIND_COUNT where it is not known: anything may be in the file
};

// Whether it may bear on how the account itself is guarded.
bool unread_is_of_account(const struct unread *unread);
// "FILE: PATH: WHY"
const char *unread_text(struct arena *arena, const struct unread *unread);

struct ignored {
    const char *file;
    const char *why;
};

// The key under which documents hold a kind.
const char *kind_name(enum kind kind);
// The call that tells of a kind, as the AWS CLI names it: "ec2 describe-route-tables".
const char *kind_call(enum kind kind);
