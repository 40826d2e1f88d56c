// How an interface of a CloudFront VPC origin is known. Its type is "interface"; its group, which the service makes,
// its tag and its description tell it.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCloudFrontVPCOriginServiceRolePolicy.html
#pragma once

#include "model/estate.h"

// Ids of the groups whose records bear the service's name, ascending; the list is of `arena`.
text_list origin_groups_of(struct arena *arena, const struct estate *estate);

// Whether an interface is a VPC origin's; the context is the list of its groups.
bool is_origins(const void *origin_groups, const struct network_interface *interface);

// The same, by what is sure: a group of whose name two records differ may be anybody's.
bool is_origins_surely(const struct estate *estate, const struct network_interface *interface);

// The group without a record by which an interface may be a VPC origin's, or NULL. A VPC has one group of a name, so
// that where the service's is known it is no other.
const char *origin_group_unnamed(const struct estate *estate, const text_list *origin_groups,
                                 const struct network_interface *interface);
