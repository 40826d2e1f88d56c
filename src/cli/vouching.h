// Who vouches for a run's evidence, by the options.
#pragma once

#include "cli/options.h"
#include "evidence/signer.h"

#define OPTION_PASSPHRASE_FILE                                                                                         \
    {                                                                                                                  \
        "passphrase-file", 0, "FILE", "the private key's passphrase: the file's first line", false                     \
    }
#define OPTIONS_VOUCH                                                                                                  \
    {"sign", 0, "KEY", "sign the evidence with this Ed25519 key: a PEM file, or a pkcs11: URI", false},                \
        OPTION_PASSPHRASE_FILE, {"timestamp", 0, "URL", "have an RFC 3161 authority timestamp the evidence", false},   \
    {                                                                                                                  \
        "previous", 0, "DIR", "the evidence that this follows (default: the last run of its series in the history)",   \
            false                                                                                                      \
    }

// Has the signer read the key of --sign, if it is given; *key is its public half, NULL where it is not.
bool vouch_key(const struct options *options, struct signer *signer, EVP_PKEY **key, struct error *error);

// Whether --timestamp, where it is given, is the URL of an authority.
bool vouch_authority(const struct options *options, struct error *error);
