// Sentinels in the stream: among the probes of a pass, at their pace, what has answered is asked again, so that what
// depends on the pace of sending is seen by its asks (loss.h). About one ask for each hundred probes and more of a
// lane; of a small one a few each pass. Lanes too small for that, and those that have no sentinel, are one stream for
// their family. Whose answer is waited for is the business of the ledger alone. For the files of probe/ only.
#pragma once

#include "probe/ledger.h"

struct stream;

struct stream *stream_new(struct arena *arena, const struct ledger *ledger);

// A pass begins, over so many questions of a lane (0: none), among which at least so many asks are wanted. To be called
// for each lane, behind stream_clear.
void stream_clear(struct stream *stream);
void stream_add(struct stream *stream, size_t lane, uint64_t questions, unsigned asks);
// A probe of a lane was sent.
void stream_sent(struct stream *stream, size_t lane);
// The ask to send now, its number left to the caller. False where there is none. stream_refused puts it back.
bool stream_next(struct stream *stream, struct sending *sending);
void stream_refused(struct stream *stream);
