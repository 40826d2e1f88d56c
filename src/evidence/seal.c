#include "evidence/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/redact.h"
#include "base/secret.h"

static const char payload_type[] = "application/vnd.in-toto+json";

// ---- Keys

static bool write_key(const char *file, int mode, EVP_PKEY *key, const char *passphrase, struct error *error)
{
    // Whole in memory before there is a file: what ends us in between leaves no half of a key.
    BIO *memory = BIO_new(mode == 0600 ? BIO_s_secmem() : BIO_s_mem());
    char *pem = NULL;
    bool made =
        memory != NULL &&
        (mode == 0600 ? PEM_write_bio_PKCS8PrivateKey(memory, key, passphrase == NULL ? NULL : EVP_aes_256_cbc(), NULL,
                                                      0, NULL, (void *)(uintptr_t)passphrase) == 1
                      : PEM_write_bio_PUBKEY(memory, key) == 1);
    long length = made ? BIO_get_mem_data(memory, &pem) : 0;
    int descriptor = made ? open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode) : -1;
    if (descriptor < 0) {
        int why = errno;
        BIO_free(memory);
        return made ? error_system(error, ERROR_USAGE, why, "%s: cannot be made", file)
                    : error_set(error, ERROR_INCOMPLETE, "%s: OpenSSL cannot write the key", file);
    }
    bool good = write(descriptor, pem, (size_t)length) == length && fsync(descriptor) == 0;
    good = close(descriptor) == 0 && good;
    BIO_free(memory); // its memory is overwritten
    if (!good)
        unlink(file);
    return good || error_set(error, ERROR_INCOMPLETE, "%s: cannot be written", file);
}

bool key_generate(const char *file, const char *public_file, const char *passphrase, struct error *error)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (key == NULL)
        return error_set(error, ERROR_INCOMPLETE, "OpenSSL makes no Ed25519 key here");
    bool good = write_key(file, 0600, key, passphrase, error);
    if (good && !write_key(public_file, 0644, key, NULL, error)) {
        unlink(file);
        good = false;
    }
    EVP_PKEY_free(key);
    return good;
}

void key_forget(char *passphrase)
{
    if (passphrase != NULL)
        OPENSSL_cleanse(passphrase, strlen(passphrase));
    free(passphrase);
}

// The path of a file's URI as OSSL_STORE_open takes it: the scheme in any case, no authority or this machine. NULL of
// what is none.
static const char *path_of_uri(const char *where)
{
    static const char *const heads[] = {"file://localhost/", "file:///", "file:"};
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        size_t length = strlen(heads[i]);
        if (strncasecmp(where, heads[i], length) == 0)
            return where + length - (heads[i][length - 1] == '/');
    }
    return NULL;
}

// What others can read is no longer only ours. As PostgreSQL has it: ours is 0600 or less, and one of
// root's may be 0640, for a group that is trusted with it.
static bool is_private_file(const char *path, const char *what, const char *or_else, struct error *error)
{
    struct stat about;
    if (stat(path, &about) != 0 || !S_ISREG(about.st_mode)) // a token's, or not there, which OpenSSL will say
        return true;
    mode_t others = about.st_uid == 0 && geteuid() != 0 ? S_IRWXO | S_IWGRP | S_IXGRP : S_IRWXG | S_IRWXO;
    if ((about.st_mode & others) == 0)
        return true;
    return error_set(error, ERROR_USAGE,
                     "%s: others may read or write this %s (mode %04o): chmod 600 %s, and where others could, %s", path,
                     what, (unsigned)about.st_mode & 07777, path, or_else);
}

// Where there is a file of that very name, OpenSSL takes that; of a URI that it may take otherwise than this, nothing.
static bool is_private(const char *where, const char *what, const char *or_else, struct error *error)
{
    const char *path = path_of_uri(where);
    struct stat about;
    GUARD(file_expect_input(where, error) && (path == NULL || file_expect_input(path, error)));
    GUARD(is_private_file(where, what, or_else, error));
    if (path == NULL)
        return true;
    if (path[0] != '/' || path[1] == '/' || strchr(path, '%') != NULL || stat(path, &about) != 0)
        return error_set(error, ERROR_USAGE, "%s: is no file that is there: expected a path, or file:///PATH", where);
    return is_private_file(path, what, or_else, error);
}

char *key_passphrase(const char *file, struct error *error)
{
    size_t length;
    secret_protect();
    if (!is_private(file, "passphrase", "choose another one", error))
        return NULL;
    char *passphrase = file_read(file, &length, error);
    if (passphrase == NULL)
        return NULL;
    char *end = passphrase + strcspn(passphrase, "\r\n");
    OPENSSL_cleanse(end, length - (size_t)(end - passphrase));
    if (passphrase[0] != '\0')
        return passphrase;
    key_forget(passphrase);
    error_set(error, ERROR_USAGE, "%s: its first line is empty, expected a passphrase", file);
    return NULL;
}

static int give_passphrase(char *buffer, int size, int writing, void *context)
{
    const char *passphrase = context;
    (void)writing;
    size_t length = passphrase == NULL ? 0 : strlen(passphrase);
    if (length == 0 || length > (size_t)size)
        return -1;
    memcpy(buffer, passphrase, length);
    return (int)length;
}

static EVP_PKEY *only_ed25519(EVP_PKEY *key, const char *where, struct error *error)
{
    if (key != NULL && EVP_PKEY_is_a(key, "ED25519"))
        return key;
    struct arena *arena = arena_new();
    EVP_PKEY_free(key);
    error_set(error, ERROR_USAGE, "%s: %s, expected an Ed25519 key such as keygen makes", redact_argument(arena, where),
              key == NULL ? "holds no key that can be read (or the passphrase is wrong)" : "is another kind of key");
    arena_wipe(arena);
    return NULL;
}

EVP_PKEY *key_private(const char *where, const char *passphrase, struct error *error)
{
    if (!is_private(where, "private key", "make a new pair with sgproof keygen", error))
        return NULL;
    bool ask = passphrase == NULL && isatty(STDIN_FILENO);
    UI_METHOD *given = ask ? NULL : UI_UTIL_wrap_read_pem_callback(give_passphrase, 0);
    OSSL_STORE_CTX *store =
        OSSL_STORE_open(where, ask ? UI_OpenSSL() : given, (void *)(uintptr_t)passphrase, NULL, NULL);
    EVP_PKEY *key = NULL;
    while (store != NULL && key == NULL && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        if (info == NULL && OSSL_STORE_error(store))
            break;
        if (info != NULL && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
            key = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    OSSL_STORE_close(store);
    UI_destroy_method(given);
    return only_ed25519(key, where, error);
}

// Points of the curve of order 8 and less, without their sign bit (the list of libsodium's ge25519_has_small_order):
// what has one for its key is signed by anybody (RFC 8032, section 8.5, and "Taming the many EdDSAs").
static bool is_weak(EVP_PKEY *key)
{
    static const unsigned char points[][32] = {
        {0},
        {1},
        {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
         0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
        {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
         0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
        {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
        {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
        {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}};
    unsigned char raw[32];
    size_t size = sizeof(raw);
    if (EVP_PKEY_get_raw_public_key(key, raw, &size) != 1 || size != sizeof(raw))
        return true;
    raw[31] &= 0x7f;
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
        if (memcmp(raw, points[i], sizeof(raw)) == 0)
            return true;
    return false;
}

EVP_PKEY *key_public(const char *file, struct error *error)
{
    FILE *stream = file_open_stream(file, error);
    if (stream == NULL)
        return NULL;
    EVP_PKEY *key = PEM_read_PUBKEY(stream, NULL, NULL, NULL);
    char line[128] = "";
    rewind(stream);
    bool is_private = key == NULL && fgets(line, sizeof(line), stream) != NULL && strstr(line, "PRIVATE KEY") != NULL;
    fclose(stream);
    if (is_private) {
        error_set(error, ERROR_USAGE,
                  "%s: is a private key, expected its public half (keygen writes it beside, as .pub.pem): who checks "
                  "needs no private key, and should not have one",
                  file);
        return NULL;
    }
    key = only_ed25519(key, file, error);
    if (key == NULL || !is_weak(key))
        return key;
    EVP_PKEY_free(key);
    error_set(error, ERROR_USAGE, "%s: is a key that anybody can sign for (a point of small order)", file);
    return NULL;
}

void key_free(EVP_PKEY *key)
{
    EVP_PKEY_free(key);
}

const char *key_fingerprint(struct arena *arena, EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int size = i2d_PUBKEY(key, &der);
    char *text = arena_alloc(arena, DIGEST_TEXT);
    digest_sha256((const char *)der, size < 0 ? 0 : (size_t)size, text);
    OPENSSL_free(der);
    return text;
}

// ---- Signatures

bool seal_sign(EVP_PKEY *key, const char *bytes, size_t length, unsigned char signature[SIGNATURE_BYTES],
               struct error *error)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t size = SIGNATURE_BYTES;
    bool good = context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestSign(context, signature, &size, (const unsigned char *)bytes, length) == 1 &&
                size == SIGNATURE_BYTES;
    EVP_MD_CTX_free(context);
    return good || error_set(error, ERROR_INCOMPLETE, "OpenSSL could not sign");
}

bool seal_holds(EVP_PKEY *key, const char *bytes, size_t length, const unsigned char *signature, size_t size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = size == SIGNATURE_BYTES && context != NULL &&
                EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(context, signature, size, (const unsigned char *)bytes, length) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

// ---- The attestation

static void put_subject(struct json_writer *writer, const char *name, const char *sha256)
{
    json_open_line(writer, NULL, '{');
    json_put_string(writer, "name", name);
    json_open(writer, "digest", '{');
    json_put_string(writer, "sha256", sha256);
    json_close(writer, '}');
    json_close(writer, '}');
}

void seal_statement(const struct manifest *manifest, const char *manifest_sha256, const char *timestamp_sha256,
                    struct text *out)
{
    struct json_writer writer = json_writer_to(out);
    json_open(&writer, NULL, '{');
    json_put_string(&writer, "_type", "https://in-toto.io/Statement/v1");
    json_open(&writer, "subject", '[');
    put_subject(&writer, "manifest.json", manifest_sha256);
    if (timestamp_sha256 != NULL)
        put_subject(&writer, "manifest.tsr", timestamp_sha256);
    for (size_t i = 0; i < manifest->files.count; i++)
        put_subject(&writer, manifest->files.items[i].path, manifest->files.items[i].sha256);
    json_close(&writer, ']');
    json_put_string(&writer, "predicateType", "urn:sgproof:evidence:v1");
    json_open(&writer, "predicate", '{');
    json_put_string(&writer, "run_id", manifest->run_id);
    json_put_string(&writer, "tool_version", manifest->claims.tool_version);
    json_put_string(&writer, "begin", manifest->claims.begin);
    json_put_string(&writer, "end", manifest->claims.end);
    json_put_boolean(&writer, "complete", manifest->complete);
    json_put_string(&writer, "previous", manifest->previous);
    json_close(&writer, '}');
    json_close(&writer, '}');
    json_end_document(&writer);
}

static void put_base64(struct text *out, const unsigned char *bytes, size_t length)
{
    char *encoded = memory_take((length + 2) / 3 * 4 + 1);
    text_add(out, encoded, (size_t)EVP_EncodeBlock((unsigned char *)encoded, bytes, (int)length));
    free(encoded);
}

void seal_encode(const struct text *statement, struct text *out)
{
    text_printf(out, "DSSEv1 %zu %s %zu ", strlen(payload_type), payload_type, statement->length);
    text_add(out, statement->bytes, statement->length);
}

void seal_envelope(EVP_PKEY *key, const struct text *statement, const unsigned char signature[SIGNATURE_BYTES],
                   struct text *out)
{
    unsigned char *der = NULL;
    int size = i2d_PUBKEY(key, &der);
    char key_id[DIGEST_TEXT];
    digest_sha256((const char *)der, size < 0 ? 0 : (size_t)size, key_id);
    OPENSSL_free(der);
    text_printf(out, "{\"payloadType\":\"%s\",\"payload\":\"", payload_type);
    put_base64(out, (const unsigned char *)statement->bytes, statement->length);
    text_printf(out, "\",\"signatures\":[{\"keyid\":\"%s\",\"sig\":\"", key_id);
    put_base64(out, signature, SIGNATURE_BYTES);
    text_puts(out, "\"}]}\n");
}

// The signature of an envelope, decoded.
static bool envelope_signature(const char *file, const char *bytes, size_t length,
                               unsigned char signature[SIGNATURE_BYTES + 2], struct error *error)
{
    cJSON *root = json_parse(file, bytes, length, error);
    const cJSON *signatures = cJSON_GetObjectItemCaseSensitive(root, "signatures");
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(signatures, 0), "sig");
    bool good = root != NULL && cJSON_IsString(text) && strlen(text->valuestring) == (SIGNATURE_BYTES + 2) / 3 * 4 &&
                EVP_DecodeBlock(signature, (const unsigned char *)text->valuestring, (int)strlen(text->valuestring)) ==
                    SIGNATURE_BYTES + 2;
    if (root != NULL && !good)
        error_set(error, ERROR_USAGE, "%s: holds no Ed25519 signature", file);
    cJSON_Delete(root);
    return good;
}

bool seal_envelope_holds(EVP_PKEY *key, const struct text *statement, const char *file, const char *bytes,
                         size_t length, struct error *error)
{
    unsigned char signature[SIGNATURE_BYTES + 2];
    struct text encoded = {0}, again = {0};
    GUARD(envelope_signature(file, bytes, length, signature, error));
    seal_encode(statement, &encoded);
    seal_envelope(key, statement, signature, &again);
    bool good = seal_holds(key, encoded.bytes, encoded.length, signature, SIGNATURE_BYTES) ||
                error_set(error, ERROR_USAGE, "%s: does not attest this manifest and timestamp", file);
    if (good && (again.length != length || memcmp(again.bytes, bytes, length) != 0))
        good = error_set(error, ERROR_USAGE, "%s: is not the envelope of this manifest and timestamp", file);
    text_free(&encoded);
    text_free(&again);
    return good;
}
