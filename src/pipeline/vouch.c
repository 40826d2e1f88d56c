#include "pipeline/vouch.h"

#include <stdlib.h>

#include "base/file.h"
#include "pipeline/evidence_files.h"
#include "evidence/timestamp.h"

bool vouch_previous(struct arena *arena, const char *folder, const char **hash, struct error *error)
{
    size_t length;
    *hash = NULL;
    if (folder == NULL)
        return true;
    struct manifest manifest = {0};
    const char *path = arena_printf(arena, "%s/manifest.json", folder);
    GUARD(evidence_manifest(arena, folder, &manifest, error) && evidence_holds(arena, folder, &manifest, error));
    char *bytes = file_expect_regular(path, error) ? file_read(path, &length, error) : NULL;
    if (bytes == NULL)
        return false;
    char *sha256 = arena_alloc(arena, DIGEST_TEXT);
    digest_sha256(bytes, length, sha256);
    free(bytes);
    *hash = sha256;
    return true;
}

// The timestamp comes first, so that the attestation covers it.
bool vouch_stamp(struct bundle *bundle, const char *authority, const struct text *document, char sha256[DIGEST_TEXT],
                 struct error *error)
{
    struct text answer = {0};
    sha256[0] = '\0';
    if (authority == NULL)
        return true;
    bool good = timestamp_ask(authority, document->bytes, document->length, &answer, error) &&
                bundle_seal(bundle, "manifest.tsr", answer.bytes, answer.length, error);
    if (good)
        digest_sha256(answer.bytes, answer.length, sha256);
    text_free(&answer);
    return good;
}

bool vouch_sign(struct bundle *bundle, const struct manifest *manifest, const struct text *document,
                const char stamp_sha256[DIGEST_TEXT], struct signer *signer, EVP_PKEY *key, struct error *error)
{
    struct text statement = {0}, envelope = {0}, messages[2] = {*document};
    unsigned char signatures[2][SIGNATURE_BYTES];
    char sha256[DIGEST_TEXT];
    if (key == NULL)
        return true;
    digest_sha256(document->bytes, document->length, sha256);
    seal_statement(manifest, sha256, stamp_sha256[0] == '\0' ? NULL : stamp_sha256, &statement);
    seal_encode(&statement, &messages[1]);
    bool good = signer_sign(signer, messages, signatures, error);
    if (good)
        seal_envelope(key, &statement, signatures[1], &envelope);
    good = good && bundle_seal(bundle, "manifest.sig", signatures[0], SIGNATURE_BYTES, error) &&
           bundle_seal(bundle, "manifest.dsse.json", envelope.bytes, envelope.length, error);
    text_free(&statement);
    text_free(&messages[1]);
    text_free(&envelope);
    return good;
}
