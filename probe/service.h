// What services say, parsed: pure functions over bytes that came from outside.
#pragma once

#include "model/observation.h"

// What a reader makes of the bytes so far.
enum service_sign {
    SERVICE_NO,   // not this service
    SERVICE_MORE, // more bytes may tell
    SERVICE_YES,
};

typedef enum service_sign (*service_reader)(struct arena *arena, const uint8_t *bytes, size_t size,
                                            struct service *service);

// One way to find out: connect, say something or wait, and read.
struct service_trial {
    const char *name;
    const uint8_t *hello; // NULL: the peer speaks first
    size_t hello_size;
    enum { PLAIN, TLS, OLD_TLS } inside; // a handshake first, and the hello inside; OLD_TLS: none newer than TLSv1.1
    const char *ports;                   // on which it is tried first
    unsigned wait_ms;                    // for what the peer says, twice as long on those ports
    service_reader read;
    const struct service_trial *then; // one more connection once this one has found something, or NULL
};

// All trials in the order in which they are made at a port that is none of theirs; ends with a NULL name.
extern const struct service_trial service_trials[];

// Bytes as printable ASCII, at most `most` of them: others read \xHH. In the arena.
const char *service_text(struct arena *arena, const uint8_t *bytes, size_t size, size_t most);

// A copy whose texts are in the arena. The certificate is shared.
struct service service_copy(struct arena *arena, const struct service *service);

// What a certificate in DER says; NULL where it is none.
const struct certificate *service_certificate(struct arena *arena, const uint8_t *der, size_t size);
