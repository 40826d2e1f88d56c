// Who signs: a process of its own, forked before anything is parsed. It alone reads the private key and its passphrase,
// so that neither is ever in the process that listens to the network, and it does nothing else.
//
// What is said, over a pair of sockets, in records of fixed size: which key; whether it could be read, and its public
// half; how long two messages are, and then these; their signatures. It signs once and ends; it ends too when the other
// side is gone. It ignores the signals that end a probe, has no capabilities and no core dump, and, where the key is no
// token's, can only read and write what is open (syscalls.h).
#pragma once

#include "base/arena.h"
#include "evidence/seal.h"

struct signer;

// Forks it. Where that fails, signer_open tells why. In the arena, to be ended with signer_end.
struct signer *signer_start(struct arena *arena);

// Has it read the key of `where` as key_private does, with the passphrase of a file (key_passphrase; NULL: it asks on
// the terminal where the key needs one). Gives the public key, which lives as long as the signer; NULL with what is
// wrong.
EVP_PKEY *signer_open(struct signer *signer, const char *where, const char *passphrase_file, struct error *error);

// Has two messages signed, of at most 256 MiB each; once only. ERROR_INCOMPLETE.
bool signer_sign(struct signer *signer, const struct text messages[2], unsigned char signatures[2][SIGNATURE_BYTES],
                 struct error *error);

// Lets it end, and waits for that. NULL is allowed.
void signer_end(struct signer *signer);
