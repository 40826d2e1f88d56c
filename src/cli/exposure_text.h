// Declared exposure as text for people.
#pragma once

#include "model/exposure.h"

// First what the snapshot lacks and could not tell, a line each, then endpoint by endpoint. Unless `all`, sources in
// the VPC's own space, whose replies do not leave by the gateway, are left out, and long lists are cut.
void exposure_text(const struct exposure_set *set, bool all, struct text *out);

// Ports, or ICMP types, of a rectangle, in few words.
const char *cli_numbers(struct arena *arena, const struct exposure *exposure);
