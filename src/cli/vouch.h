// Who vouches for a run's evidence: its signature, its timestamp, and the evidence that it follows.
#pragma once

#include "cli/common.h"
#include "evidence/bundle.h"
#include "evidence/signer.h"

#define OPTIONS_VOUCH                                                                                                  \
    {"sign", 0, "KEY", "sign the evidence with this Ed25519 key: a PEM file, or a pkcs11: URI", false},                \
        OPTION_PASSPHRASE_FILE, {"timestamp", 0, "URL", "have an RFC 3161 authority timestamp the evidence", false},   \
    {                                                                                                                  \
        "previous", 0, "DIR", "the evidence that this follows (default: the last run of its series in the history)",   \
            false                                                                                                      \
    }

// Has the signer read the key of --sign, if it is given; *key is its public half, NULL where it is not.
bool vouch_key(const struct options *options, struct signer *signer, EVP_PKEY **key, struct error *error);

// SHA-256 of the manifest of --previous, else `last`, which may be NULL.
bool vouch_previous(struct arena *arena, const struct options *options, const char *last, const char **hash,
                    struct error *error);

// Whether --timestamp, where it is given, is the URL of an authority.
bool vouch_authority(const struct options *options, struct error *error);

// Adds the timestamp of the manifest's document, where --timestamp asks for one, to a bundle that is closed; its
// SHA-256 is "" where there is none.
bool vouch_stamp(struct bundle *bundle, const struct options *options, const struct text *document,
                 char sha256[DIGEST_TEXT], struct error *error);
// Then signature and attestation by the signer. `key`, the public one, may be NULL: nobody signs.
bool vouch_sign(struct bundle *bundle, const struct manifest *manifest, const struct text *document,
                const char stamp_sha256[DIGEST_TEXT], struct signer *signer, EVP_PKEY *key, struct error *error);
