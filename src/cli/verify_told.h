// What verify tells of a bundle, for people and for programs.
#pragma once

#include "cli/derive.h"
#include "evidence/check.h"

struct verified {
    struct checked_bundle bundle;
    struct checks checks;
    struct derivation derivation; // what was derived; empty where it was not
};

void verify_write_text(const struct verified *verified, struct text *out);
void verify_put_json(const struct verified *verified, struct json_writer *writer);
