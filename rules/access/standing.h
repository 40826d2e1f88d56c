// The level that grants come to as they stand, before anything is done with them.
#pragma once

#include "rules/access/access.h"
#include "rules/access/grants.h"

struct standing {
    enum access_level level;   // never ACCESS_ESCALATES
    const struct grant *grant; // of the widest; NULL where nothing is allowed
    const char *why;           // "policy p allows s3:* on *"
    const char *unknown;
};

struct standing standing_of(struct granting *granting, const struct grants *grants);
// Whether they come to all of IAM.
const struct grant *standing_admin(struct granting *granting, const struct grants *grants);
