// Protocols and ports as Terraform writes them in rules and entries. For src/aws/terraform only.
#pragma once

#include "aws/terraform/plan.h"

// False where it is none that is known.
bool protocol_of(struct plan_reader *plan, const cJSON *values, const char *key, int *protocol);
// ICMP types and codes as numbers; -1 is any. *low and *high stay as they are where the type is any.
void icmp_numbers(long type, long code, uint16_t *low, uint16_t *high);
// from_port and to_port, where the protocol has ports. *low and *high stay as they are where they make no sense.
void port_numbers(const cJSON *values, int protocol, uint16_t *low, uint16_t *high);
