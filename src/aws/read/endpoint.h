// Where a service answers: as settings say, else as botocore's endpoint rules have it (endpoints.json).
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html and feature-endpoints.html
#pragma once

#include "aws/read/aws_config.h"

// The URL of a service ("ec2", "elbv2", "sts", "sso"...) in a region. `given` is --endpoint-url or NULL. NULL with
// ERROR_USAGE where settings exclude each other (FIPS or dual stack with an endpoint of one's own), or no such endpoint
// is known.
const char *endpoint_url(const struct aws_config *config, const char *given, const char *service, const char *region,
                         struct error *error);

// Whether settings or `given` name where a service is asked, and so perhaps not AWS.
bool endpoint_is_elsewhere(const struct aws_config *config, const char *given, const char *service);

// Whether a service answers at one place for all regions of a partition, and what is read of it is the account's.
bool endpoint_is_global(const char *service);
// Whether the partition of a region has the service at all, as far as that is known of one of these.
bool endpoint_is_there(const char *service, const char *region);

// Whose list of endpoints has none of a service in a region that it knows, where settings name none either; NULL where
// it has one, or does not tell. Lists are older than regions: it is no proof alone.
const char *endpoint_lacks(const struct aws_config *config, const char *service, const char *region);

// The region that a name of old stands for, with FIPS endpoints: "fips-us-east-1" and "us-east-1-fips" are us-east-1.
// Any other one is given back, and *fips left as it is.
const char *endpoint_plain_region(struct arena *arena, const char *region, bool *fips);

// The partition of a region ("aws", "aws-cn"...): the one that lists it, else the one whose names look so, else "aws".
const char *endpoint_partition(const char *region);

// The region that a service is asked and signed for when `region` is meant: the same, but for services that have one
// for all of a partition (https://docs.aws.amazon.com/general/latest/gr/iam-service.html and ao.html), and STS where it
// is to be asked as of old. `given` is the option's URL, or NULL.
const char *endpoint_region(const struct aws_config *config, const char *given, const char *service,
                            const char *region);

// Whether a text has the shape of a region's name: it becomes a part of host names, which get our keys' signatures, and
// of paths.
bool endpoint_is_region(const char *text);
