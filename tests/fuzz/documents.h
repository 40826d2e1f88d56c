#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/vector.h"

// Aborts where what was written is no JSON.
void must_be_json(const struct text *out);

// One document of these bytes: whatever they are, what is written of them is JSON.
void fuzz_documents(struct arena *arena, const uint8_t *data, size_t size);

// A document of an account, judged.
void fuzz_account(struct arena *arena, const uint8_t *data, size_t size);

// The sample's documents, cut as the bytes say, four a cut: file, value (two), way (drop, null, retype, empty, double).
// Of one cut: nothing that passed before is refused, but where something is named as missing or unread.
void fuzz_structure(struct arena *arena, const uint8_t *data, size_t size);
