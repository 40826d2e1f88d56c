// What verify tells of a bundle, for people and for programs.
#pragma once

#include "base/json.h"
#include "pipeline/verify.h"

void verify_write_text(const struct verified *verified, struct text *out);
void verify_put_json(const struct verified *verified, struct json_writer *writer);
