#include "evidence/check.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/printable.h"
#include "evidence/seal.h"
#include "evidence/timestamp.h"

const char *const check_names[] = {"ok", "WRONG", "NOT CHECKED", "absent"};

void check_add(struct checks *checks, const char *what, enum check_state state, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = arena_vprintf(checks->arena, format, arguments);
    va_end(arguments);
    printable_line(text); // it may name what the folder holds
    *vector_add(checks->arena, &checks->items) = (struct check){what, state, text};
}

bool checks_hold(const struct checks *checks)
{
    for (size_t i = 0; i < checks->items.count; i++)
        if (checks->items.items[i].state == CHECK_WRONG)
            return false;
    return true;
}

static bool is_good(const struct checks *checks, const char *what)
{
    bool good = false;
    for (size_t i = 0; i < checks->items.count; i++)
        good = good || (strcmp(checks->items.items[i].what, what) == 0 && checks->items.items[i].state == CHECK_GOOD);
    return good;
}

bool checks_all_done(const struct checks *checks)
{
    static const char *const needed[] = {"manifest", "files", "signature", "attestation", "derivation", "capture"};
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (!is_good(checks, needed[i]))
            return false;
    for (size_t i = 0; i < checks->items.count; i++)
        if (checks->items.items[i].state == CHECK_NOT_DONE)
            return false;
    return true;
}

enum check_state check_unread(const char *path, const struct error *error, const char **why)
{
    struct stat about;
    bool there = lstat(path, &about) == 0 || (errno != ENOENT && errno != ENOTDIR);
    const char *colon = strrchr(error->message, ':');
    *why = !there ? "is missing" : colon == NULL ? "cannot be read" : colon + 2;
    return there ? CHECK_NOT_DONE : CHECK_WRONG;
}

// Says so of a file, by its path in the bundle.
static void say_unread(struct checks *checks, const char *what, const struct checked_bundle *bundle, const char *path,
                       const struct error *error)
{
    const char *why;
    enum check_state state = check_unread(arena_printf(checks->arena, "%s/%s", bundle->folder, path), error, &why);
    check_add(checks, what, state, state == CHECK_WRONG ? "%s: %s" : "%s: cannot be read: %s", path, why);
}

static bool is_there(const struct checks *checks, const struct checked_bundle *bundle, const char *path)
{
    struct stat about;
    return lstat(arena_printf(checks->arena, "%s/%s", bundle->folder, path), &about) == 0;
}

// ---- Files

// What vouches for the manifest stands beside it, so the manifest cannot list it.
static bool vouches(const char *path)
{
    static const char *const names[] = {"manifest.json", "manifest.sig", "manifest.tsr", "manifest.dsse.json", NULL};
    return text_among(path, names);
}

// Folders that a run makes before what they are for: empty where that failed, of which the manifest tells.
static bool is_left_empty(const struct manifest *manifest, const char *path)
{
    if (path[0] != '\0' && manifest->failed.count == 0)
        return false;
    static const char *const made[] = {"after", "base", "packs", "history", NULL};
    static const char *const read[] = {"after/", "base/"};
    for (size_t i = 0; i < sizeof(read) / sizeof(read[0]); i++)
        if (strncmp(path, read[i], strlen(read[i])) == 0)
            return true;
    return path[0] == '\0' || text_among(path, made);
}

// Files and folders that nobody listed. Gives how many, and says of the first.
static void look_for_added(struct checks *checks, struct checked_bundle *bundle, const char *below, size_t *added)
{
    struct arena *arena = checks->arena;
    DIR *directory = opendir(arena_printf(arena, "%s/%s", bundle->folder, below));
    if (directory == NULL) {
        check_add(checks, "files", error_code_of(errno) == ERROR_INCOMPLETE ? CHECK_NOT_DONE : CHECK_WRONG, "%s: %s",
                  below, strerror(errno));
        (*added)++;
        return;
    }
    struct dirent *entry;
    bool empty = true;
    while (errno = 0, (entry = readdir(directory)) != NULL) {
        struct stat about;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        empty = false;
        const char *path =
            below[0] == '\0' ? arena_strdup(arena, entry->d_name) : arena_printf(arena, "%s/%s", below, entry->d_name);
        bool known = lstat(arena_printf(arena, "%s/%s", bundle->folder, path), &about) == 0;
        bool strange = !known || (!S_ISDIR(about.st_mode) && !S_ISREG(about.st_mode));
        bundle->strange = bundle->strange || strange;
        if (known && S_ISDIR(about.st_mode))
            look_for_added(checks, bundle, path, added);
        else if ((strange || (!vouches(path) && manifest_file(&bundle->manifest, path) == NULL)) && (*added)++ == 0)
            check_add(checks, "files", CHECK_WRONG, "%s: is no file of the manifest", path);
    }
    if (errno != 0) {
        check_add(checks, "files", CHECK_NOT_DONE, "%s: cannot be read to its end: %s", below, strerror(errno));
        (*added)++;
    } else if (empty && !is_left_empty(&bundle->manifest, below) && (*added)++ == 0) {
        check_add(checks, "files", CHECK_WRONG, "%s: an empty folder, which no file of the manifest needs", below);
    }
    closedir(directory);
}

static void check_files(struct checks *checks, struct checked_bundle *bundle)
{
    size_t wrong = 0, added = 0;
    const struct manifest *manifest = &bundle->manifest;
    look_for_added(checks, bundle, "", &added); // before anything is opened: a pipe or a link to a device could hold us
    for (size_t i = 0; i < manifest->files.count && wrong == 0 && !bundle->strange; i++) {
        const struct manifest_file *file = &manifest->files.items[i];
        struct error error = {0};
        char sha256[DIGEST_TEXT];
        size_t length;
        if (!file_digest(arena_printf(checks->arena, "%s/%s", bundle->folder, file->path), &length, sha256, &error)) {
            say_unread(checks, "files", bundle, file->path, &error);
            wrong++;
            continue;
        }
        if (length != file->bytes || strcmp(sha256, file->sha256) != 0) {
            check_add(checks, "files", CHECK_WRONG, "%s: is not what the manifest holds the hash of", file->path);
            wrong++;
        }
    }
    if (wrong + added == 0)
        check_add(checks, "files", CHECK_GOOD, "%zu files, each as the manifest says, and no other",
                  (size_t)manifest->files.count);
}

// sha256sum -c must say the same.
static void check_sums(struct checks *checks, const struct checked_bundle *bundle)
{
    struct text sums = {0};
    struct error error = {0};
    size_t length;
    if (bundle->manifest.derivation == 0)
        return;
    manifest_write_sums(&bundle->manifest, &sums);
    char *there = file_read(arena_printf(checks->arena, "%s/" MANIFEST_SUMS, bundle->folder), &length, &error);
    if (there == NULL)
        say_unread(checks, "files", bundle, MANIFEST_SUMS, &error);
    else if (length != sums.length || memcmp(there, sums.bytes, length) != 0)
        check_add(checks, "files", CHECK_WRONG, MANIFEST_SUMS ": does not list the files that the manifest does");
    free(there);
    text_free(&sums);
}

// ---- What the maker claims

// Moments that could be: nothing here can tell whether they are true.
static void check_claims(struct checks *checks, const struct checked_bundle *bundle)
{
    const struct manifest *manifest = &bundle->manifest;
    const char *begin = manifest->claims.begin, *end = manifest->claims.end, *day = manifest->judged_on;
    const char *signer = manifest->claims.signer;
    uint64_t begin_us, end_us;
    if (manifest->derivation == 0)
        return;
    if (signer != NULL && (strlen(signer) != DIGEST_TEXT - 1 || signer[strspn(signer, "0123456789abcdef")] != '\0'))
        check_add(checks, "claims", CHECK_WRONG, "manifest.json: claims: signer is no fingerprint of a key");
    if (!clock_moment(begin, &begin_us) || !clock_moment(end, &end_us))
        check_add(checks, "claims", CHECK_WRONG, "manifest.json: claims: begin or end is no moment as RFC 3339 has it");
    else if (begin_us > end_us)
        check_add(checks, "claims", CHECK_WRONG, "manifest.json: claims: the run ended, %s, before it began, %s", end,
                  begin);
    else if (manifest_file(manifest, "capture.pcap") == NULL && // else by its first packet: pipeline/packets.h
             (strlen(day) != strlen("YYYY-MM-DD") || strncmp(day, begin, strlen(day)) != 0))
        check_add(checks, "claims", CHECK_WRONG,
                  "manifest.json: judged_on: \"%s\" is not the day on which it began, %s", day, begin);
}

// ---- Who vouches

static void check_signature(struct checks *checks, const struct checked_bundle *bundle, EVP_PKEY *key,
                            const char *manifest, size_t length)
{
    struct error error = {0};
    size_t size;
    const char *signer = bundle->manifest.claims.signer;
    const char *own = key == NULL ? NULL : key_fingerprint(checks->arena, key);
    char *signature = file_read(arena_printf(checks->arena, "%s/manifest.sig", bundle->folder), &size, &error);
    if (signature == NULL && (key != NULL || is_there(checks, bundle, "manifest.sig")))
        say_unread(checks, "signature", bundle, "manifest.sig", &error);
    else if (signature == NULL)
        check_add(checks, "signature", CHECK_NOT_DONE, "nobody signed it, so nobody vouches for it");
    else if (key == NULL)
        check_add(checks, "signature", CHECK_NOT_DONE, "it is signed: give --key PUBLIC.pem");
    else if (!seal_holds(key, manifest, length, (const unsigned char *)signature, size))
        check_add(checks, "signature", CHECK_WRONG, "manifest.sig: is not this key's signature of manifest.json");
    else if (signer != NULL && strcmp(signer, own) != 0) // which the report tells
        check_add(checks, "signature", CHECK_WRONG,
                  "manifest.json: claims: signer: is not the key that signed it, SHA256:%s", own);
    else
        check_add(checks, "signature", CHECK_GOOD, "Ed25519, by the key given, SHA256:%s%s", own,
                  signer != NULL || bundle->manifest.derivation == 0
                      ? ""
                      : "; it was signed later than it was made: its report says that nobody did");
    free(signature);
}

static void check_attestation(struct checks *checks, const struct checked_bundle *bundle, EVP_PKEY *key)
{
    struct error error = {0};
    size_t size;
    const char *path = arena_printf(checks->arena, "%s/manifest.dsse.json", bundle->folder);
    char *envelope = file_read(path, &size, &error);
    if (envelope == NULL && (key != NULL || is_there(checks, bundle, "manifest.dsse.json"))) {
        say_unread(checks, "attestation", bundle, "manifest.dsse.json", &error);
    } else if (envelope == NULL) {
        check_add(checks, "attestation", CHECK_ABSENT, "there is none");
    } else if (key == NULL) {
        check_add(checks, "attestation", CHECK_NOT_DONE, "it is signed: give --key PUBLIC.pem");
    } else {
        struct text statement = {0};
        struct error absent;
        char sha256[DIGEST_TEXT];
        size_t stamp_size;
        char *stamp = file_read(arena_printf(checks->arena, "%s/manifest.tsr", bundle->folder), &stamp_size, &absent);
        if (stamp != NULL)
            digest_sha256(stamp, stamp_size, sha256);
        else if (is_there(checks, bundle, "manifest.tsr")) {
            say_unread(checks, "attestation", bundle, "manifest.tsr", &absent);
            free(envelope);
            return;
        }
        seal_statement(&bundle->manifest, bundle->sha256, stamp != NULL ? sha256 : NULL, &statement);
        free(stamp);
        if (seal_envelope_holds(key, &statement, "manifest.dsse.json", envelope, size, &error))
            check_add(checks, "attestation", CHECK_GOOD, "in-toto statement in a DSSE envelope, by the key given");
        else
            check_add(checks, "attestation", CHECK_WRONG, "%s", error.message);
        text_free(&statement);
    }
    free(envelope);
}

// Nothing can be stamped before it is there: the manifest was made when the run had ended.
static bool is_stamped_too_early(const struct manifest *manifest, const char *when)
{
    int64_t stamped;
    uint64_t end_us;
    return !clock_parse(when, &stamped) ||
           (clock_moment(manifest->claims.end, &end_us) && stamped + CLOCKS_DIFFER_S < (int64_t)(end_us / 1000000));
}

static void check_timestamp(struct checks *checks, const struct checked_bundle *bundle, const char *authorities,
                            const char *manifest, size_t length)
{
    struct error error = {0};
    size_t size;
    char when[32] = "";
    char *answer = file_read(arena_printf(checks->arena, "%s/manifest.tsr", bundle->folder), &size, &error);
    if (answer == NULL && (authorities != NULL || is_there(checks, bundle, "manifest.tsr")))
        say_unread(checks, "timestamp", bundle, "manifest.tsr", &error);
    else if (answer == NULL)
        check_add(checks, "timestamp", CHECK_ABSENT, "there is none");
    else if (!timestamp_check(answer, size, manifest, length, authorities, when, &error))
        check_add(checks, "timestamp", CHECK_WRONG, "manifest.tsr: %s", error.message);
    else if (is_stamped_too_early(&bundle->manifest, when))
        check_add(checks, "timestamp", CHECK_WRONG, "manifest.tsr: is of %s, and the run is said to have ended %s",
                  when, bundle->manifest.claims.end);
    else if (authorities == NULL)
        check_add(checks, "timestamp", CHECK_NOT_DONE, "of this manifest, %s, by whom is not known: give --tsa-ca",
                  when);
    else
        check_add(checks, "timestamp", CHECK_GOOD, "%s, by an authority of %s", when, authorities);
    free(answer);
}

// The bytes of a bundle's manifest, to be freed, and their hash; NULL where there is none.
static char *manifest_bytes(struct arena *arena, struct checked_bundle *bundle, size_t *length, struct error *error)
{
    const char *path = arena_printf(arena, "%s/manifest.json", bundle->folder);
    struct stat about;
    bool regular = lstat(path, &about) != 0 || S_ISREG(about.st_mode) ||
                   error_set(error, ERROR_USAGE, "%s: is no regular file", path);
    char *manifest = regular ? file_read(path, length, error) : NULL;
    if (manifest != NULL)
        digest_sha256(manifest, *length, bundle->sha256);
    return manifest;
}

bool check_open(struct arena *arena, const char *key, struct checked_bundle *bundle, struct error *error)
{
    size_t length;
    struct error broken = {0}; // check_bundle says so
    EVP_PKEY *public_key = NULL;
    if (key != NULL && (public_key = key_public(key, error)) == NULL)
        return false;
    key_free(public_key);
    char *manifest = manifest_bytes(arena, bundle, &length, error);
    if (manifest != NULL)
        manifest_read(arena, "manifest.json", manifest, length, &bundle->manifest, &broken);
    free(manifest);
    return manifest != NULL;
}

bool check_bundle(struct checks *checks, const char *key, const char *authorities, struct checked_bundle *bundle,
                  struct error *error)
{
    size_t length;
    EVP_PKEY *public_key = NULL;
    if (key != NULL && (public_key = key_public(key, error)) == NULL)
        return false;
    char *manifest = manifest_bytes(checks->arena, bundle, &length, error);
    if (manifest == NULL) {
        key_free(public_key);
        return false;
    }
    bool good = manifest_read(checks->arena, "manifest.json", manifest, length, &bundle->manifest, error);
    if (!good) {
        check_add(checks, "manifest", CHECK_WRONG, "%s", error->message);
    } else {
        bool sealed = manifest_is_sealed(&bundle->manifest, manifest, length);
        check_add(checks, "manifest", sealed ? CHECK_GOOD : CHECK_WRONG, "%s%s",
                  sealed ? "run " : "manifest.json: was changed: run_id is not its own hash",
                  sealed ? bundle->manifest.run_id : "");
        check_files(checks, bundle);
        check_claims(checks, bundle);
        if (!bundle->strange) {
            check_sums(checks, bundle);
            check_signature(checks, bundle, public_key, manifest, length);
            check_attestation(checks, bundle, public_key);
            check_timestamp(checks, bundle, authorities, manifest, length);
        }
    }
    key_free(public_key);
    free(manifest);
    return good;
}

void check_chain(struct checks *checks, const struct checked_bundle *bundle, const struct checked_bundle *before)
{
    const char *previous = bundle->manifest.previous;
    if (before == NULL && previous == NULL)
        check_add(checks, "chain", CHECK_ABSENT, "it follows no other bundle");
    else if (before == NULL)
        check_add(checks, "chain", CHECK_ABSENT, "it follows manifest %.16s..., which was not given", previous);
    else if (previous == NULL)
        check_add(checks, "chain", CHECK_WRONG, "it follows no bundle, but %s came before it", before->name);
    else if (strcmp(previous, before->sha256) == 0)
        check_add(checks, "chain", CHECK_GOOD, "it follows %s", before->name);
    else
        check_add(checks, "chain", CHECK_WRONG, "is cut: it follows manifest %.16s..., and %s is not that one",
                  previous, before->name);
}

// ---- Where texts differ

static const char *value_difference(struct arena *arena, const char *place, const cJSON *a, const cJSON *b)
{
    if (a == NULL || b == NULL || (a->type & 0xff) != (b->type & 0xff))
        return place;
    if (cJSON_IsArray(a)) {
        const cJSON *one = a->child, *other = b->child;
        for (size_t i = 0; one != NULL || other != NULL; i++) {
            const char *found = value_difference(arena, arena_printf(arena, "%s[%zu]", place, i), one, other);
            if (found != NULL)
                return found;
            one = one->next;
            other = other->next;
        }
        return NULL;
    }
    if (cJSON_IsObject(a)) {
        const cJSON *one = a->child, *other = b->child;
        for (; one != NULL || other != NULL; one = one->next, other = other->next) {
            const cJSON *named = one != NULL ? one : other;
            const char *here = arena_printf(arena, "%s%s%s", place, place[0] == '\0' ? "" : ".", named->string);
            if (one == NULL || other == NULL || strcmp(one->string, other->string) != 0)
                return here;
            const char *found = value_difference(arena, here, one, other);
            if (found != NULL)
                return found;
        }
        return NULL;
    }
    return cJSON_Compare(a, b, true) ? NULL : place;
}

const char *check_difference(struct arena *arena, const char *path, const char *there, size_t there_length,
                             const char *derived, size_t derived_length)
{
    if (there_length == derived_length && memcmp(there, derived, there_length) == 0)
        return NULL;
    size_t ends = strlen(path);
    if (ends > 5 && strcmp(path + ends - 5, ".json") == 0) {
        struct error ignored;
        cJSON *a = json_parse(path, there, there_length, &ignored);
        cJSON *b = json_parse(path, derived, derived_length, &ignored);
        const char *field = value_difference(arena, "", a, b);
        cJSON_Delete(a);
        cJSON_Delete(b);
        if (field != NULL && field[0] != '\0')
            return arena_printf(arena, "%s: %s", path, field);
    }
    size_t line = 1, at = 0;
    while (at < there_length && at < derived_length && there[at] == derived[at])
        line += there[at++] == '\n';
    return arena_printf(arena, "%s: line %zu", path, line);
}
