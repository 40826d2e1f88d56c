#include "evidence/signer.h"

#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/child.h"
#include "base/landlock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/rights.h"
#include "base/secret.h"
#include "base/syscalls.h"

enum { MESSAGES = 2, LARGEST = 256 << 20, PUBLIC = 128, CONFINED = 2304 };

// ---- What is said

struct which {
    char where[PATH_MAX];
    char passphrase_file[PATH_MAX]; // "": none
};

struct opened {
    uint32_t good;
    uint32_t public_size;
    unsigned char public_key[PUBLIC]; // SubjectPublicKeyInfo in DER
    struct error error;               // where it is not good
    char confined[CONFINED];          // by what, for people
};

struct lengths {
    uint64_t of[MESSAGES];
};

struct signatures {
    uint32_t good;
    unsigned char of[MESSAGES][SIGNATURE_BYTES];
};

// ---- The process that signs

// A key that OpenSSL itself holds needs nothing more of the system; a token's module may need anything, and each
// signature may have to be allowed.
static bool is_plain(EVP_PKEY *key)
{
    const OSSL_PROVIDER *provider = EVP_PKEY_get0_provider(key);
    return provider != NULL && strcmp(OSSL_PROVIDER_get0_name(provider), "default") == 0;
}

static bool sign_all(EVP_PKEY *key, char *const messages[MESSAGES], const struct lengths *lengths,
                     struct signatures *signatures)
{
    struct error ignored;
    signatures->good = 1;
    for (int i = 0; i < MESSAGES && signatures->good; i++)
        signatures->good = seal_sign(key, messages[i], (size_t)lengths->of[i], signatures->of[i], &ignored);
    return signatures->good;
}

static void confine(EVP_PKEY *key, char confined[CONFINED])
{
    struct error files = {0}, calls = {0};
    struct signatures tried;
    int version = 0;
    char *const nothing[MESSAGES] = {"", ""};
    bool plain = is_plain(key);
    if (plain) // what OpenSSL loads when it is first asked is there then
        sign_all(key, nothing, &(struct lengths){{0, 0}}, &tried);
    enum syscalls_stage stage = plain ? SYSCALLS_SIGN : SYSCALLS_TALK;
    bool still = plain && landlock_limit(NULL, 0, &version, &files);
    bool limited = syscalls_limit(stage, &calls);
    snprintf(confined, CONFINED, "seccomp: %s; %s", limited ? syscalls_said(stage) : calls.message,
             still   ? "Landlock: writes no file"
             : plain ? files.message
                     : "a token's module may write files");
}

static EVP_PKEY *open_key(const struct which *which, struct error *error)
{
    char *passphrase = NULL;
    if (which->passphrase_file[0] != '\0' && (passphrase = key_passphrase(which->passphrase_file, error)) == NULL)
        return NULL;
    EVP_PKEY *key = key_private(which->where, passphrase, error);
    key_forget(passphrase);
    return key;
}

// Its answer about the key; NULL where there is none.
static EVP_PKEY *answer_for_key(void)
{
    static const int ends_a_probe[] = {SIGINT, SIGTERM, SIGHUP};
    struct which which;
    struct opened opened = {0};
    struct error ignored; // what it is limited to once it has the key is said
    bool bare = rights_drop(&opened.error);
    syscalls_limit(SYSCALLS_START, &ignored); // a token's module may start a program, as p11-kit's remote ones do
    if (!child_receive(CHILD_FD, &which, sizeof(which)))
        return NULL;
    EVP_PKEY *key = bare ? open_key(&which, &opened.error) : NULL;
    for (int i = 0; i < 3; i++)
        signal(ends_a_probe[i], SIG_IGN);
    unsigned char *der = NULL;
    int size = key == NULL ? 0 : i2d_PUBKEY(key, &der);
    if (size > 0 && size <= PUBLIC) {
        opened.good = 1;
        opened.public_size = (uint32_t)size;
        memcpy(opened.public_key, der, (size_t)size);
        confine(key, opened.confined);
    }
    OPENSSL_free(der);
    return child_send(CHILD_FD, &opened, sizeof(opened)) && opened.good ? key : NULL;
}

static void answer_for_signatures(EVP_PKEY *key)
{
    struct lengths lengths;
    struct signatures signatures = {0};
    char *messages[MESSAGES] = {NULL, NULL};
    bool good = child_receive(CHILD_FD, &lengths, sizeof(lengths));
    for (int i = 0; i < MESSAGES && good; i++) {
        good = lengths.of[i] <= LARGEST && (messages[i] = malloc((size_t)lengths.of[i] + 1)) != NULL &&
               child_receive(CHILD_FD, messages[i], (size_t)lengths.of[i]);
    }
    if (good)
        sign_all(key, messages, &lengths, &signatures);
    key_free(key); // overwrites it
    if (good)
        child_send(CHILD_FD, &signatures, sizeof(signatures));
}

static void live(void)
{
    secret_protect();
    EVP_PKEY *key = answer_for_key();
    if (key != NULL)
        answer_for_signatures(key);
}

// ---- The other side

struct signer {
    struct child child;
    int why; // errno value where there is none
    EVP_PKEY *public_key;
};

struct signer *signer_start(struct arena *arena)
{
    struct signer *signer = arena_new_of(arena, struct signer);
    *signer = (struct signer){0};
    signer->why = child_start(&signer->child, live) ? 0 : errno;
    return signer;
}

EVP_PKEY *signer_open(struct signer *signer, const char *where, const char *passphrase_file, struct error *error)
{
    struct which which = {0};
    struct opened opened;
    if (signer->child.fd < 0) {
        error_system(error, ERROR_USAGE, signer->why, "no process can be made that signs");
        return NULL;
    }
    if (strlen(where) >= sizeof(which.where) ||
        (passphrase_file != NULL && strlen(passphrase_file) >= sizeof(which.passphrase_file))) {
        error_set(error, ERROR_USAGE, "--sign or --passphrase-file: is longer than a path");
        return NULL;
    }
    memcpy(which.where, where, strlen(where));
    if (passphrase_file != NULL)
        memcpy(which.passphrase_file, passphrase_file, strlen(passphrase_file));
    bool told =
        child_send(signer->child.fd, &which, sizeof(which)) && child_receive(signer->child.fd, &opened, sizeof(opened));
    memory_wipe(&which, sizeof(which)); // a URI may hold a PIN
    if (!told || !opened.good || opened.public_size > PUBLIC) {
        *error = opened.error;
        if (!told || error->code == ERROR_NONE)
            error_set(error, ERROR_USAGE, "the process that signs ended when it was to read the key");
        return NULL;
    }
    const unsigned char *der = opened.public_key;
    signer->public_key = d2i_PUBKEY(NULL, &der, (long)opened.public_size);
    if (signer->public_key == NULL)
        error_set(error, ERROR_USAGE, "the process that signs told no public key");
    else
        log_line(LOG_DEBUG, "signer: process %ld: %s", (long)signer->child.process, opened.confined);
    return signer->public_key;
}

bool signer_sign(struct signer *signer, const struct text messages[2], unsigned char signatures[2][SIGNATURE_BYTES],
                 struct error *error)
{
    struct lengths lengths;
    struct signatures made;
    for (int i = 0; i < MESSAGES; i++)
        if ((lengths.of[i] = messages[i].length) > LARGEST)
            return error_set(error, ERROR_INCOMPLETE, "a manifest of more than 256 MiB is not signed");
    bool told = child_send(signer->child.fd, &lengths, sizeof(lengths));
    for (int i = 0; i < MESSAGES; i++)
        told = told && child_send(signer->child.fd, messages[i].bytes, messages[i].length);
    if (!told || !child_receive(signer->child.fd, &made, sizeof(made)) || !made.good)
        return error_set(error, ERROR_INCOMPLETE, "the process that signs did not");
    memcpy(signatures, made.of, sizeof(made.of));
    for (int i = 0; i < MESSAGES; i++)
        if (!seal_holds(signer->public_key, messages[i].bytes, messages[i].length, signatures[i], SIGNATURE_BYTES))
            return error_set(error, ERROR_INCOMPLETE, "the process that signs made no signature of its key");
    return true;
}

void signer_end(struct signer *signer)
{
    if (signer == NULL)
        return;
    child_end(&signer->child);
    key_free(signer->public_key);
    signer->public_key = NULL;
}
