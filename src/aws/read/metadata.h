// The EC2 instance metadata service, version 2 only (a token first).
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html
#pragma once

#include "aws/read/aws_config.h"
#include "net/address.h"

struct metadata {
    struct arena *arena;
    const char *base;   // URL
    const char *header; // with the token
    uint64_t until;     // http.h
    long milliseconds;  // for one answer
    int tries;
};

// Where the service is: AWS_EC2_METADATA_SERVICE_ENDPOINT, the profile's ec2_metadata_service_endpoint, or by
// AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE or ec2_metadata_service_endpoint_mode (IPv4 or IPv6), else by botocore's older
// AWS_IMDS_USE_IPV6 or imds_use_ipv6. `config` may be NULL: the environment alone. NULL with ERROR_USAGE where one of
// them is no URL or no mode.
const char *metadata_endpoint(struct arena *arena, const struct aws_config *config, struct error *error);

// Gets a token, in the seconds of AWS_METADATA_SERVICE_TIMEOUT or metadata_service_timeout (1) a try, and with as many
// tries as AWS_METADATA_SERVICE_NUM_ATTEMPTS or metadata_service_num_attempts say (else one, and three where it answers
// that it fails). False where that fails: ERROR_USAGE where a setting is bad, ERROR_INCOMPLETE where there is no such
// service (not on an instance, more hops away than its options allow, switched off by AWS_EC2_METADATA_DISABLED).
bool metadata_open(struct arena *arena, const struct aws_config *config, struct metadata *metadata,
                   struct error *error);

// What is at a path below /latest/meta-data/, to be freed; NULL where nothing is, with *status: the answer's, or 0.
char *metadata_get(const struct metadata *metadata, const char *path, size_t *length, long *status);

// The public IPv4 address that is associated with a private one of this instance's, on whichever interface. False where
// there is none: then packets leave by a NAT gateway, or not at all.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-metadata.html, ipv4-associations
bool metadata_public_of(const struct metadata *metadata, struct address own, struct address *associated);
