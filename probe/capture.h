// Capture files: our probes and their answers, nothing else, as pcap with nanosecond stamps and link type RAW; and what
// such a file says was observed. For the files of probe/ only.
#pragma once

#include "base/file.h"
#include "probe/ledger.h"
#include "probe/packet.h"

struct capture;

struct capture *capture_begin(struct arena *arena, const char *path, struct error *error);
// Writes a packet; its frame number, from 1.
uint32_t capture_write(struct capture *capture, const uint8_t *packet, size_t size, size_t whole, uint64_t wall_ns);
// Puts the file in its place, or says why that cannot be.
bool capture_commit(struct capture *capture, struct error *error);
void capture_abandon(struct capture *capture); // leaves no file

// Plays a capture file into a fresh, exact ledger: what is in it of the schedule's probes, and the answers to them.
// *first and *last are the moments of its first and last packet, in microseconds; 0 where it has none.
bool capture_replay(struct arena *arena, const char *path, struct ledger *ledger, uint64_t *first, uint64_t *last,
                    struct error *error);
// The same from bytes in memory (`name` is for errors).
bool capture_replay_stream(struct arena *arena, FILE *stream, const char *name, struct ledger *ledger, uint64_t *first,
                           uint64_t *last, struct error *error);
