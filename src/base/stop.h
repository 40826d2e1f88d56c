// What SIGINT, SIGTERM and SIGHUP do. One at a time:
#pragma once

#include "base/temporary.h"

// The folder is removed and the process ends, at once: for as long as nothing is gathered that could be lost.
void stop_removes(struct temporary *temporary);
// A signal is noted, and what is under way goes on; others (uv_signal_t handles of libuv) see it beside. From the first
// call of it, until stop_end.
void stop_notes(void);
bool stop_asked(void);  // whether one came since stop_notes or stop_forget
void stop_forget(void); // those that came so far
// As it was in the beginning.
void stop_end(void);
