// What one try of one port came to.
#pragma once

#include "model/observation.h"

enum answer_kind {
    ANSWER_STATE,         // final: state and reason say what
    ANSWER_SILENCE,       // nothing yet, or nothing at all: may be asked again
    ANSWER_BACK_PRESSURE, // this machine is out of sockets, ports or buffers: ask later, it says nothing of the target
};

struct answer {
    enum answer_kind kind;
    enum observed_state state;
    char reason[24];
    struct address from; // sender of an ICMP error; from.family is 0 where there is none
};

struct answer answer_state(enum observed_state state, const char *reason);

// Reads one ICMP error from a socket's error queue: true where there was one, with *answer filled, and *about and *port
// the address and *port it was about. Port unreachable from the target itself is closed, from anybody else, like every
// other unreachable, rejected (semantics.md); one that this machine made itself is unknown.
bool answer_from_error_queue(int fd, struct address target, struct answer *answer, struct address *about,
                             uint16_t *port);

// A socket error that came without an ICMP message (errno value).
struct answer answer_from_errno(int code);
