#include "cli/vouch.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/secret.h"
#include "cli/evidence_files.h"
#include "evidence/timestamp.h"

bool vouch_previous(struct arena *arena, const struct options *options, const char *last, const char **hash,
                    struct error *error)
{
    const char *folder = options_value(options, "previous");
    size_t length;
    *hash = last;
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

bool vouch_key(const struct options *options, struct signer *signer, EVP_PKEY **key, struct error *error)
{
    const char *where = options_value(options, "sign");
    if (where != NULL)
        secret_protect(); // a URI may hold a PIN, and the command line is ours
    *key = where == NULL ? NULL : signer_open(signer, where, options_value(options, "passphrase-file"), error);
    return where == NULL || *key != NULL;
}

bool vouch_authority(const struct options *options, struct error *error)
{
    const char *authority = options_value(options, "timestamp");
    return authority == NULL || timestamp_is_authority(authority) ||
           error_set(error, ERROR_USAGE,
                     "--timestamp: expected the URL of a timestamp authority, as in https://HOST/PATH");
}

// The timestamp comes first, so that the attestation covers it.
bool vouch_stamp(struct bundle *bundle, const struct options *options, const struct text *document,
                 char sha256[DIGEST_TEXT], struct error *error)
{
    const char *authority = options_value(options, "timestamp");
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
