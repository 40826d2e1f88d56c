// A way of asking, as one struct of functions: SYN, connect, datagram, echo. The engine knows no more of them.
// For the files of probe/ only.
#pragma once

#include "probe/identity.h"
#include "probe/raw.h"
#include "probe/receiver.h"
#include "probe/route.h"

// What a sender is opened with. Borrowed for as long as it lives.
struct sender_context {
    struct arena *arena;
    const struct schedule *schedule;
    struct identity *identity;
    struct ledger *ledger;
    struct routes *routes;
    struct probe_raw *raw; // of which a sender takes what it needs, and nobody can open more
    uint64_t timeout_us;   // how long one answer is waited for
    bool captured;         // answers come by the capture, and not by the senders' own descriptors
};

struct sender {
    bool (*serves)(int protocol);
    // What `send` and the others work on, in the arena. NULL with *error filled; *refused is set where it is a
    // privilege that is missing. What a sender may not open for some targets only, it tells the ledger when they come.
    void *(*open)(const struct sender_context *context, bool *refused, struct error *error);
    // Adds what its answers look like to the filter of a capture. NULL: they never come by a capture.
    void (*listen)(const void *self, struct receiver_filter *filter);
    // The descriptors to wait at, *count of them, which become readable where `take` has something to take in.
    // NULL: there are none.
    const int *(*descriptors)(const void *self, size_t *count);
    // Takes one try of a question, or one ask, and tells the ledger of it as soon as it has left. What this machine
    // cannot send at all is told as unknown. False where it has no room for now.
    bool (*send)(void *self, const struct sending *sending);
    // Sends what was taken and has not left. False where this machine has no room for now. NULL: `send` keeps nothing.
    bool (*flush)(void *self);
    // Takes in what waits at one of its descriptors, and tells the ledger.
    void (*take)(void *self, int fd);
    // Lets those go whose time is over. NULL: nothing is kept open.
    void (*sweep)(void *self);
    // How many are being waited for that hold something of this machine. NULL: none ever.
    size_t (*under_way)(const void *self);
    // How many packets the kernel has sent of its own accord since this was asked last. NULL: it never does.
    uint64_t (*repeated)(void *self);
    void (*close)(void *self);
};

// The `send` of one whose packets leave at once: `attempt` says what came of it, silence where it has left.
bool sender_at_once(void *self, struct routes *routes, struct ledger *ledger, const struct sending *sending,
                    struct answer (*attempt)(void *self, const struct sending *sending));

extern const struct sender sender_syn, sender_connect, sender_datagram, sender_echo;
