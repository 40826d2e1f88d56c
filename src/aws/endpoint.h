// Where a service answers. https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
#pragma once

#include "aws/credentials.h"

// The URL of a service ("ec2", "elbv2", "elb", "sts") with its host prefix in a region. `given` is --endpoint-url or
// NULL.
const char *endpoint_url(const struct aws_config *config, const char *given, const char *service, const char *prefix,
                         const char *region);
