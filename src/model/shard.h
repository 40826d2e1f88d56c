// Shards: parts of a plan that are probed apart, and go together again. Each host is in one of them only, so that two
// probes never ask one host at once; which part a host is in follows from the plan alone, wherever it is worked out.
#pragma once

#include "model/observation.h"

enum { SHARDS_MOST = 10000 };

// Narrows a plan to its part `index` (from 1) of `of`: hosts, the heaviest first, each to the part that has the fewest
// questions so far. Hosts are the addresses that plan->hosts puts together, and each other address for itself; canaries
// are in every part. Fills plan->shard. ERROR_USAGE where the plan is a part already, or there is no such part.
bool shard_take(struct arena *arena, struct plan *plan, unsigned index, unsigned of, struct error *error);

// Reads the member `shard` of a plan's head or a summary, which may be left out: then of is 0.
bool shard_read(struct arena *arena, const struct json_cursor *at, struct shard *shard, struct error *error);
// Writes it, where of is not 0.
void shard_write(struct json_writer *writer, const struct shard *shard);

// Whether shards are all the parts of one plan, each once. ERROR_USAGE in words: what is missing, there twice, or of
// another plan. `files`: where each was read, of which each tells.
bool shards_whole(const struct shard *const *shards, const char *const *files, size_t count, struct error *error);
