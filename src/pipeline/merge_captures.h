// Captures of several probes, one behind the other (merge).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

// How many frames lie before those of each file where all are joined: counts[count] in all. ERROR_USAGE where one is
// no pcap of a probe, ends amid a frame, or has another head than the first.
bool captures_count(const char *const *files, size_t count, uint32_t *counts, struct error *error);

// Writes them to one file, in order, under the first one's head.
bool captures_join(const char *const *files, size_t count, const char *into, struct error *error);
