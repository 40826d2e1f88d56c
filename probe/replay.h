// What a capture says was observed. For the files of probe/ only; probe_replay is in probe.h.
#pragma once

#include <stdio.h>

#include "probe/probe.h"

// probe_replay of a stream, which is closed; `name` is for errors.
bool replay_stream(struct arena *arena, const struct plan *plan, FILE *stream, const char *name, long tries,
                   long timeout_ms, const struct observations *told, struct observations *observations,
                   struct probe_summary *summary, struct error *error);
