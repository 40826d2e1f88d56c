#include "cli/vouching.h"

#include "base/secret.h"
#include "evidence/timestamp.h"

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
