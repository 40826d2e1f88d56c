// Transit gateways: to which attachments the packets of a VPC are forwarded. For the files of rules/ only.
// https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html
#pragma once

#include "rules/reach/party.h"

// The addresses for which one route of the gateway's table is the longest match.
struct transit_share {
    struct prefixset others;
    const struct transit_route *route; // NULL: not known
    reason_list doubts;
};
typedef VECTOR(struct transit_share) transit_shares;

// Where a transit gateway forwards what comes from a ground; what it surely drops is in no share.
transit_shares transit_forwards(struct traffic *traffic, const struct ground *ground, enum family family,
                                const char *gateway_id);

// The attachment of a VPC to a gateway, or NULL.
const struct transit_attachment *transit_attachment_of(const struct estate *estate, const char *gateway_id,
                                                       const char *vpc_id);
