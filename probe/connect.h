// TCP connect, one try.
#pragma once

#include "probe/answer.h"
#include "probe/route.h"

// Opens a socket and starts to connect. Returns the socket, or -1; *code is 0 where it is connected already,
// EINPROGRESS where it is about to be, else what failed (an errno value). `client_ports` and the rest: see
// connect_start.
int connect_open(struct address target, uint16_t port, struct portset client_ports, const struct probe_route *route,
                 uint32_t *next_port, int *code);

// Whether a connection's socket may be used again when it is over: where the kernel chooses the source port. That is
// twice as fast as a new one.
bool connect_rests(struct portset client_ports);
// Ends what the socket was used for, by reset. False where it can't be used again.
bool connect_rest(int fd);

// Starts to connect, with a `rested` socket of the target's family, or a new one where that is -1. Returns the socket,
// or -1 with *answer filled where it ended at once, the socket then being closed. `client_ports` limits the source port
// unless it holds the kernel's whole ephemeral range; *next_port is the caller's place in that set, moved on by each
// use. `route`: from which source and by which interface, for a new socket.
int connect_start(int rested, struct address target, uint16_t port, struct portset client_ports,
                  const struct probe_route *route, uint32_t *next_port, struct answer *answer);

// How often the kernel may repeat its SYN, so that it does not end a connection of its own before so many seconds: one
// after a second, then each after twice as long (RFC 6298, section 2), or a second, as net.ipv4.tcp_syn_linear_timeouts
// says.
void connect_allow(int fd, unsigned seconds);

// Whether a SYN has left this machine. Linux tells a connect nothing of one that its own filter or queue dropped; but
// of those that it repeats it keeps whether one left: tcp_retransmit_skb in net/ipv4/tcp_output.c of Linux counts it in
// retrans_out only then. A filter lets none out; where a queue is full, the kernel tries again every half second
// (tcp_retransmit_timer).
enum connect_leaving {
    CONNECT_NOT_KNOWN, // none is repeated yet, or the first one was held back a moment ago
    CONNECT_LEAVES,
    CONNECT_CONGESTED,
    CONNECT_HELD_BACK
};
// Of a socket that has been connecting for so long, in microseconds; to be asked before the kernel repeats a SYN for
// the second time, two seconds after the first: what it knows of one is forgotten then.
enum connect_leaving connect_leaving(int fd, uint64_t waited_us);
// How many SYNs the kernel has sent after the first one of a socket that is still connecting, as far as it tells.
unsigned connect_repeated(int fd);

// What became of it, once the socket is ready or in error. ANSWER_SILENCE: nothing yet.
struct answer connect_finish(int fd, struct address target);

// Closes by reset, so that no TIME_WAIT is left on either side.
void connect_close(int fd);
