// The summary that ends a file of observations. For the files of model/ only.
#pragma once

#include "model/observation.h"

// Reads `{"summary": ...}` into what observations hold of it. Refuses (ERROR_USAGE) what is no summary: unknown keys,
// values that cannot be. What is left out was not told.
bool summary_read(struct arena *arena, const struct json_cursor *line, struct observations *observations,
                  struct error *error);
