// Who vouches for a bundle: Ed25519 keys (RFC 8032), signatures over manifest.json, and the in-toto attestation that
// carries the same claim in a DSSE envelope.
#pragma once

#include <openssl/types.h>

#include "evidence/manifest.h"

enum { SIGNATURE_BYTES = 64 };

// Makes a key pair: `file` (PKCS #8 in PEM, mode 0600, encrypted with AES-256 where `passphrase` is not NULL) and
// `public_file` (SubjectPublicKeyInfo in PEM). Neither may exist.
bool key_generate(const char *file, const char *public_file, const char *passphrase, struct error *error);

// A private key's passphrase: the first line of a file, to be given back with key_forget. NULL with what is wrong.
char *key_passphrase(const char *file, struct error *error);
void key_forget(char *passphrase); // overwrites it; NULL is allowed

// A private key by file or by URI (file:, pkcs11: where OpenSSL is configured for it), to be freed with key_free. It
// must be Ed25519, and a file that others may not read. `passphrase` may be NULL: then one is asked for on a terminal,
// if the key needs it.
EVP_PKEY *key_private(const char *where, const char *passphrase, struct error *error);
EVP_PKEY *key_public(const char *file, struct error *error);
void key_free(EVP_PKEY *key);
// SHA-256 of the SubjectPublicKeyInfo in DER, in hexadecimal: openssl pkey -pubin -in FILE -outform DER | sha256sum
const char *key_fingerprint(struct arena *arena, EVP_PKEY *key);

bool seal_sign(EVP_PKEY *key, const char *bytes, size_t length, unsigned char signature[SIGNATURE_BYTES],
               struct error *error);
bool seal_holds(EVP_PKEY *key, const char *bytes, size_t length, const unsigned char *signature, size_t size);

// The in-toto statement (https://in-toto.io/Statement/v1). Its subjects are manifest.json and, unless NULL,
// manifest.tsr, by their SHA-256, and the files that the manifest lists.
void seal_statement(const struct manifest *manifest, const char *manifest_sha256, const char *timestamp_sha256,
                    struct text *out);

// What DSSE (https://github.com/secure-systems-lab/dsse) signs of a statement: its pre-authentication encoding.
void seal_encode(const struct text *statement, struct text *out);
// The statement in an envelope, with the signature of that by the key, of which the public half is enough.
void seal_envelope(EVP_PKEY *key, const struct text *statement, const unsigned char signature[SIGNATURE_BYTES],
                   struct text *out);
// Whether an envelope is exactly this statement's, signed by this key; false with what is wrong.
bool seal_envelope_holds(EVP_PKEY *key, const struct text *statement, const char *file, const char *bytes,
                         size_t length, struct error *error);
