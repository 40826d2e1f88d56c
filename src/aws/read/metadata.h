// The EC2 instance metadata service, version 2 only (a token first).
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
#pragma once

#include "base/arena.h"
#include "net/address.h"

struct metadata {
    struct arena *arena;
    const char *base;   // URL
    const char *header; // with the token
};

// False where there is no such service: not on an instance, more hops away than its options allow, or switched off by
// AWS_EC2_METADATA_DISABLED. AWS_EC2_METADATA_SERVICE_ENDPOINT names another place of it.
bool metadata_open(struct arena *arena, struct metadata *metadata);
bool metadata_disabled(void);

// What is at a path below /latest/meta-data/, to be freed; NULL where nothing is.
char *metadata_get(const struct metadata *metadata, const char *path, size_t *length);

// The public IPv4 address that is associated with a private one of this instance's, on whichever interface. False where
// there is none: then packets leave by a NAT gateway, or not at all.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-metadata.html, ipv4-associations
bool metadata_public_of(const struct metadata *metadata, struct address own, struct address *associated);
