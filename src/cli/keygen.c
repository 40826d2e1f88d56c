#include <string.h>

#include "cli/confine.h"
#include "base/log.h"
#include "base/secret.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/vouching.h"
#include "cli/places.h"
#include "evidence/seal.h"

static const struct option_spec options_of_keygen[] = {
    {"public", 0, "FILE", "where the public key goes (default: KEY without its ending, and .pub.pem)", false},
    OPTION_PASSPHRASE_FILE,
    OPTIONS_END,
};

static const char *public_name(struct arena *arena, const char *key)
{
    size_t length = strlen(key);
    if (length > 4 && strcmp(key + length - 4, ".pem") == 0)
        length -= 4;
    return arena_printf(arena, "%.*s.pub.pem", (int)length, key);
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    char *passphrase = NULL;
    bool done;
    if (!cli_options(arena, &command_keygen, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    if (options.operands.count != 1)
        return cli_usage(&command_keygen, "expected the name of the key file to make");
    const char *key = options.operands.items[0], *public_key = options_value(&options, "public");
    if (public_key == NULL)
        public_key = public_name(arena, key);
    const char *file = options_value(&options, "passphrase-file");
    if (!place_is_outside_evidence(key, &error) || !place_is_outside_evidence(public_key, &error) ||
        (file != NULL && (passphrase = key_passphrase(file, &error)) == NULL))
        return cli_fail(&error);
    secret_protect();
    bool good = key_generate(key, public_key, passphrase, &error);
    key_forget(passphrase);
    if (!good)
        return cli_fail(&error);
    log_line(LOG_INFO, "private key, for --sign: %s (keep it secret); public key, for verify --key: %s", key,
             public_key);
    return 0;
}

const struct command command_keygen = {
    .name = "keygen",
    .summary = "Makes an Ed25519 key pair with which runs sign their evidence.",
    .usage = "KEY.pem [--public FILE] [--passphrase-file FILE]",
    .notes = "Neither file may be there already. The private key is readable by you only.\n"
             "\nExamples:\n"
             "  sgproof keygen audit.pem\n"
             "  sgproof keygen audit.pem --passphrase-file passphrase.txt --public audit.pub.pem\n",
    .options = options_of_keygen,
    .run = run,
    .makes_operand = true,
};
