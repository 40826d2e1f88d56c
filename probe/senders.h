// The senders of one run, and the descriptors at which their answers come in. For the files of probe/ only.
#pragma once

#include <uv.h>

#include "probe/sender.h"

struct senders;

// What is told of what comes in. All are called with `context`.
struct senders_listener {
    receiver_packet packet;      // where answers come by the capture
    void (*lost)(void *context); // the capture has ended: no more answers come
    void *context;
    bool own; // our probes too are wanted of the capture
};

// Opens those of a method, by capture or without, as `context->captured` says. NULL with *error filled, and *refused
// set where it is a privilege that is missing. `listener` is borrowed.
struct senders *senders_open(const struct sender_context *context, const struct senders_listener *listener,
                             bool *refused, struct error *error);
void senders_close(struct senders *senders);

// Begins to wait for answers. Where one descriptor cannot be waited at, answers would be lost: false.
bool senders_listen(struct senders *senders, uv_loop_t *loop, struct error *error);
// Ends that; what is under way is given up. The loop has to turn once more before senders_close.
void senders_end(struct senders *senders);

bool senders_send(struct senders *senders, const struct sending *sending); // as sender.h has it
bool senders_flush(struct senders *senders);
bool senders_flushed(const struct senders *senders); // everything that was taken has left
void senders_sweep(struct senders *senders);
size_t senders_under_way(const struct senders *senders);
// Packets that the kernel sent of its own accord since the last call.
uint64_t senders_repeated(struct senders *senders);

uint64_t senders_dropped(const struct senders *senders); // answers that this machine had no room for
void senders_take_last(struct senders *senders);         // answers that wait in the capture when asking is over
