// ICMP echo (RFC 792, RFC 4443) over one socket a family.
#pragma once

#include "probe/answer.h"

// A ping socket where net.ipv4.ping_group_range allows (and `only_raw` is not set), else a raw one; -1 where neither
// may be opened.
int icmp_open(enum family family, bool only_raw, bool *raw);

// Sends one echo request that carries `token`; a ping socket puts its own identifier. Answer kinds as for connect;
// ANSWER_SILENCE: sent.
struct answer icmp_send(int fd, struct address target, uint16_t identifier, uint16_t sequence, uint64_t token);

struct icmp_seen {
    struct answer answer;
    struct address about; // the replier or, for errors, the target
    uint16_t sequence;    // of a reply; 0 for errors
    uint64_t token;       // of a reply
};

// Reads one reply or error. False where there is none left.
bool icmp_receive(int fd, enum family family, bool raw, struct icmp_seen *seen);
