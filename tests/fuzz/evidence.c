// Evidence that others give, and history files.
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "evidence/manifest.h"
#include "evidence/seal.h"
#include "evidence/tar.h"
#include "evidence/timestamp.h"
#include "evidence/untar.h"
#include "history/history.h"
#include "targets.h"

void fuzz_manifest(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct manifest manifest = {0};
    struct text out = {0};
    if (!manifest_read(arena, "fuzz", (const char *)data, size, &manifest, &error))
        return;
    manifest_write(arena, &manifest, &out);
    if (!manifest_is_sealed(&manifest, out.bytes, out.length))
        abort();
    text_free(&out);
}

// An archive, whose headers are given the sums that they need to be looked at. Nothing is made outside its folder.
void fuzz_tar(struct arena *arena, const uint8_t *data, size_t size)
{
    char folder[] = "/dev/shm/sgproof-fuzz-XXXXXX";
    struct error error = {0};
    char *copy = arena_alloc(arena, size + 1);
    memcpy(copy, data, size);
    for (size_t at = 0; at + TAR_BLOCK <= size; at += TAR_BLOCK) {
        struct tar_header *header = (struct tar_header *)(void *)(copy + at);
        unsigned sum = 0;
        if (memcmp(header->magic, "ustar", 5) != 0)
            continue;
        memset(header->checksum, ' ', sizeof(header->checksum));
        for (size_t i = 0; i < TAR_BLOCK; i++)
            sum += ((const unsigned char *)header)[i];
        snprintf(header->checksum, sizeof(header->checksum), "%06o", sum);
    }
    if (mkdtemp(folder) == NULL)
        abort();
    const char *archive = as_file((const uint8_t *)copy, size);
    const char *found = tar_unpack(arena, archive, folder, &error);
    if (found != NULL && strncmp(found, folder, strlen(folder)) != 0)
        abort();
    file_remove_tree(folder);
}

// An attestation, under a key that has signed nothing.
void fuzz_envelope(struct arena *arena, const uint8_t *data, size_t size)
{
    static EVP_PKEY *key;
    struct error error = {0};
    struct text statement = {0};
    (void)arena;
    if (key == NULL && (key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")) == NULL)
        abort();
    text_puts(&statement, "{}\n");
    if (seal_envelope_holds(key, &statement, "fuzz", (const char *)data, size, &error))
        abort();
    text_free(&statement);
}

// What a timestamp authority answers: of the seeds, over the text "fuzz" by the authority beside them.
void fuzz_timestamp(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    char when[32];
    (void)arena;
    timestamp_check((const char *)data, size, "fuzz", 4, NULL, when, &error);
    timestamp_check((const char *)data, size, "fuzz", 4, AUTHORITY, when, &error);
}

// Files of keys, public and private.
void fuzz_key(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    unsigned char signature[SIGNATURE_BYTES];
    const char *file = as_file(data, size);
    EVP_PKEY *public = key_public(file, &error), *private = key_private(file, "fuzz", &error);
    if (public != NULL)
        key_fingerprint(arena, public);
    if (private != NULL && !(seal_sign(private, "fuzz", 4, signature, &error) &&
                             seal_holds(private, "fuzz", 4, signature, sizeof(signature))))
        abort();
    key_free(public);
    key_free(private);
}

// A history, with all that is asked of one. What SQLite leaves beside it is taken away.
void fuzz_history(struct arena *arena, const uint8_t *data, size_t size)
{
    static const char *const addresses[] = {"127.0.0.1", "198.51.100.10"};
    struct error error = {0};
    const char *file = as_file(data, size);
    struct history *history = history_open(arena, file, false, &error);
    run_records runs = {0};
    if (history != NULL) {
        history_is_sound(history, &error);
        history_list(history, NULL, 0, &runs, &error);
        for (size_t i = 0; i < runs.count && i < 8; i++) {
            struct run_record run = {0};
            struct verdict_set set = {0};
            history_find(history, runs.items[i].run_id, &run, &error);
            history_verdicts(history, &runs.items[i], &set, &error);
        }
        for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
            history_intervals intervals = {0};
            history_of_address(history, addresses[i], &intervals, &error);
        }
        if (runs.count > 0) { // and a run is recorded on top of it
            struct run_record fresh = runs.items[0];
            struct verdict_set set = {0};
            fresh.run_id = "ffffffffffffffff";
            if (history_verdicts(history, &runs.items[0], &set, &error))
                history_record(history, &fresh, &set, &error);
        }
    }
    history_close(history);
    static const char *const beside[] = {"-journal", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
        unlink(arena_printf(arena, "%s%s", file, beside[i]));
}
