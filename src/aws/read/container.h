// The endpoint that gives a container its credentials, on ECS and EKS.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

// Asks the endpoint that the environment names, not beyond `until` (http.h); *answer, to be overwritten and freed, is
// NULL where it names none. Only hosts that the SDKs trust are asked. What holds secrets lies in the arena, which is to
// be wiped.
bool container_ask(struct arena *arena, uint64_t until, char **answer, size_t *length, struct error *error);
