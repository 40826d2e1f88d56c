// ICMP echo (RFC 792, RFC 4443) over one socket a family.
#pragma once

#include "probe/answer.h"

// A ping socket where net.ipv4.ping_group_range allows, else a raw one; -1 where neither may be opened.
int icmp_open(enum family family, bool *raw);

// Sends one echo request that carries `token`. Answer kinds as for connect; ANSWER_SILENCE: sent.
struct answer icmp_send(int fd, struct address target, uint16_t sequence, uint64_t token);

// Reads one reply or error. False where there is none left. *from is who is concerned: the replier or, for errors, the
// target. A reply counts only with the token that was sent.
bool icmp_receive(int fd, enum family family, bool raw, uint64_t *token, struct address *from, struct answer *answer);
