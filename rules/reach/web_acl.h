// Web ACLs of AWS WAF before application load balancers: which requests they let through is not read. For the files of
// rules/ only.
#pragma once

#include "model/exposure.h"

// Why a web ACL may turn away what comes to a load balancer, before it is sent to a target; NULL: none is known. Where
// no document tells of web ACLs, none is taken to be, under set->assumptions.
const struct reason *web_acl_doubt(struct exposure_set *set, const struct estate *estate,
                                   const struct load_balancer *balancer);
