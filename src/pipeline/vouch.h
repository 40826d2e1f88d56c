// Who vouches for a run's evidence: its signature, its timestamp, and the evidence that it follows.
#pragma once

#include "evidence/bundle.h"
#include "evidence/signer.h"

// SHA-256 of the manifest of an evidence folder; NULL of none (NULL).
bool vouch_previous(struct arena *arena, const char *folder, const char **hash, struct error *error);

// Adds the timestamp of the manifest's document by an authority (a URL; NULL: there is none) to a bundle that is
// closed; its SHA-256 is "" where there is none.
bool vouch_stamp(struct bundle *bundle, const char *authority, const struct text *document, char sha256[DIGEST_TEXT],
                 struct error *error);
// Then signature and attestation by the signer. `key`, the public one, may be NULL: nobody signs.
bool vouch_sign(struct bundle *bundle, const struct manifest *manifest, const struct text *document,
                const char stamp_sha256[DIGEST_TEXT], struct signer *signer, EVP_PKEY *key, struct error *error);
