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
    bool repeated;       // it may answer what the kernel sent again of its own accord, ANSWER_REPEATED_US later
};

// When the kernel repeats a SYN: RFC 6298 section 2.1.
enum { ANSWER_REPEATED_US = 1000000 };

struct answer answer_state(enum observed_state state, const char *reason);

// What an ICMP error from `from` about a probe of `target` means. Port unreachable from the target itself is closed;
// any other unreachable, or one by anybody else, is rejected (semantics.md), and unknown where this machine made it
// (`from_us`).
struct answer answer_icmp(struct address target, struct address from, bool from_us, uint8_t type, uint8_t code);

// Errors of a socket in a row, without an ICMP error that tells of one, after which it is not read on at once.
enum { MOST_ERRORS = 16 };

// Answers come by the capture: the socket takes nothing in, so that nothing piles up there.
void answer_by_capture(int fd);

// Reads one ICMP error from a socket's error queue: true where there was one, with *answer filled, and *about and *port
// the address and *port it was about.
bool answer_from_error_queue(int fd, struct address target, struct answer *answer, struct address *about,
                             uint16_t *port);

// A socket error that came without an ICMP message (errno value).
struct answer answer_from_errno(int code);
// Why a packet did not leave: by the same, but where its source is not, or no more, this machine's.
struct answer answer_of_unsent(int code, struct address source);
