// TCP SYN from raw sockets, many at a system call: the kernel routes them and resolves neighbours (raw(7)); packets
// come from a template of which only ports, sequence number and checksum change. Whoever answers SYN-ACK gets the
// kernel's own reset, since no socket of this machine waits for it. For the files of probe/ only.
#pragma once

#include "probe/identity.h"

enum { SYN_BATCH = 128 };

struct syn;

// Opens raw sockets for the families asked for. NULL, with *refused set, where that is not permitted; NULL otherwise
// with *error filled.
struct syn *syn_open(struct arena *arena, const struct schedule *schedule, const struct identity *identity,
                     struct ledger *ledger, bool *refused, struct error *error);
void syn_close(struct syn *syn);

// Takes one try of a question to be sent; what cannot be sent for a reason of this machine's is told to the ledger as
// unknown. False where the batch is full: call syn_flush first.
bool syn_queue(struct syn *syn, const struct sending *sending);
// Sends what was taken. False where this machine's buffers are full for now: call it again.
bool syn_flush(struct syn *syn);

// Whether packets have been sent from an address.
bool syn_is_own(const struct syn *syn, struct address address);
