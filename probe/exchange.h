// One connection to an open port, for one trial: connects, shakes hands where the trial is for TLS, says the trial's
// hello and reads what comes, within a time and a number of bytes.
#pragma once

#include <openssl/ssl.h>
#include <uv.h>

#include "probe/service.h"

struct exchange;

// What all exchanges share. The caller owns it all.
struct exchange_shared {
    uv_loop_t *loop;
    const struct probe_route *route;
    SSL_CTX *tls;          // of exchange_tls
    struct arena *arena;   // for what is found
    struct arena *scratch; // for what is read meanwhile; emptied at each look
    // Called once, from the loop, when an exchange has ended and its connection is closed. Its handles are in use until
    // the loop has turned: another may begin with the same memory from a timer's callback only.
    void (*over)(struct exchange *exchange);
};

enum exchange_end {
    EXCHANGE_FOUND,     // `found` was added to
    EXCHANGE_NOTHING,   // the peer said something else, or hung up
    EXCHANGE_SILENT,    // it had said nothing when the time was over
    EXCHANGE_NO_ANSWER, // it did not accept the connection
    EXCHANGE_LATER,     // this machine has no socket or port for it now
    EXCHANGE_LOCAL,     // this machine could not: `problem` says why
    EXCHANGE_CANCELLED,
};

enum { EXCHANGE_BYTES = 16 * 1024 }; // of one answer that are looked at

struct exchange {
    // Set by the caller, who owns the memory:
    const struct exchange_shared *shared;
    struct address address;
    uint16_t port;
    struct portset client_ports; // source ports, and the place in them: see connect_open
    uint32_t next_port;
    const struct service_trial *trial;
    uint64_t wait_ms;     // for what the peer says, once connected
    uint64_t most_ms;     // in whole
    uint64_t most_bytes;  // in whole, those of TLS itself included
    struct service found; // what is known of the port already

    // What came of it:
    enum exchange_end end;
    const char *problem;
    uint64_t took_ms;
    uint64_t received; // bytes

    // exchange.c's own:
    uv_poll_t poll;
    uv_timer_t timer;
    uint64_t began_ms;
    int fd;
    bool connected;
    bool ended;
    SSL *ssl;
    int tls_error; // of its last call
    bool shaken;   // the TLS handshake is done
    size_t sent;
    size_t size;
    size_t next_look; // at how many bytes they are judged again
    uint8_t bytes[EXCHANGE_BYTES];
};

// What TLS connections are made with: any version and cipher, a bounded chain. NULL where OpenSSL cannot. The caller
// frees it.
SSL_CTX *exchange_tls(void);

// Begins. False where it ended at once, `end` saying how; then `over` is not called.
bool exchange_begin(struct exchange *exchange);

// Ends it now; `over` is called as ever. Does nothing where it has ended.
void exchange_cancel(struct exchange *exchange);
