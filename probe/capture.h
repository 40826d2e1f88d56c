// Capture files: our probes and their answers, nothing else, as pcap with nanosecond stamps and link type RAW; and what
// such a file says was observed. For the files of probe/ only.
//
// A probe that goes on where another one was writes behind its packets. A *seam* is the record between the two, which
// is no packet: it tells how many of the frames before it the second one knew. What came after those, before the first
// was killed, is void: the second one has asked it again.
#pragma once

#include "base/file.h"
#include "probe/ledger.h"
#include "probe/packet.h"

// What stands there instead of a packet: no IP version begins with an s.
#define CAPTURE_SEAM "sgproof: the probe goes on here; of what is above, it knew frames 1 to "

// And instead of the first packet, or the first behind a seam, where somebody told it: what its replay has to know.
#define CAPTURE_HEAD "sgproof: probed with "

struct capture;

// A file that appears when it is committed.
struct capture *capture_begin(struct arena *arena, const char *path, struct error *error);
// One that is written in its place. `frames` of an earlier probe, the last of which ends at byte `bytes`, are known,
// and it goes on behind all that are there whole; 0: it begins, and what was there is gone with the first packet.
// Nothing is changed before that. ERROR_USAGE where the file is another one.
struct capture *capture_continue(struct arena *arena, const char *path, uint32_t frames, uint64_t bytes,
                                 struct error *error);
// What stands before its first packet, behind CAPTURE_HEAD.
void capture_tell(struct capture *capture, const char *head);
// Writes a packet; its frame number, from 1.
uint32_t capture_write(struct capture *capture, const uint8_t *packet, size_t size, size_t whole, uint64_t wall_ns);
uint32_t capture_frames(const struct capture *capture); // in the file by now, that this probe knows
// What was written is on the disk then; *bytes is where those frames end.
bool capture_flush(struct capture *capture, uint64_t *bytes, struct error *error);
// Puts the file in its place, or says why that cannot be: then what was there before it is left, and of one that is
// written in its place the whole frames. Ends the capture.
bool capture_commit(struct capture *capture, uint64_t *bytes, struct error *error);
void capture_abandon(struct capture *capture); // leaves no file, or what was there

struct capture_seam {
    uint32_t frame; // its own
    uint32_t known; // frames before it that count
};

typedef VECTOR(struct capture_seam) capture_seams;

struct capture_head {
    uint32_t frame;
    const char *text; // behind CAPTURE_HEAD
};

struct capture_reader {
    const char *name; // for errors
    struct pcap *pcap;
    capture_seams seams;
    VECTOR(struct capture_head) heads;
    uint32_t frames; // there are
    uint32_t frame;  // read last
};

// Reads a capture once, for its seams, and goes back to its beginning. The stream is closed with it, also on failure.
// ERROR_USAGE where it is no capture, or its seams do not go together.
bool capture_open(struct arena *arena, FILE *stream, const char *name, struct capture_reader *reader,
                  struct error *error);
void capture_close(struct capture_reader *reader);

struct capture_span { // microseconds, wall clock; 0: there is no packet
    uint64_t first;
    uint64_t last;
    uint32_t stray; // the first frame that no probe of the schedule keeps: neither a question of it, of no more than
                    // MOST_TRIES tries, nor an answer to one, nor the first one of a stranger (ledger_hear); 0: none
};

// Plays the frames up to `last` into a fresh, exact ledger: what is in those up to `known` of the schedule's probes,
// and the answers to them. What is answered in the others shows that somebody is there (ledger_hear), no more.
// ERROR_USAGE where that takes more work than what it holds is worth.
bool capture_play(struct capture_reader *reader, uint32_t known, uint32_t last, struct ledger *ledger,
                  struct capture_span *span, struct error *error);
