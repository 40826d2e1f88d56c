// What a capture tells of the options that it was made with, as text. For the files of probe/ only; the rest is in
// probe.h.
#pragma once

#include "probe/probe.h"

// False where it is no such text: then nothing is told.
bool captured_read(struct arena *arena, const char *text, struct probe_captured *captured);
