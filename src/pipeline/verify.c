#include "pipeline/verify.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/stop.h"
#include "base/system.h"
#include "config.h"
#include "evidence/remembered.h"
#include "evidence/timestamp.h"
#include "evidence/untar.h"
#include "pipeline/evidence_files.h"
#include "pipeline/inside_asked.h"
#include "pipeline/packets.h"
#include "pipeline/readings.h"
#include "pipeline/verify_beside.h"
#include "pipeline/verify_past.h"
#include "probe/frames.h"
#include "rules/controls/pack.h"

static const char *inside(struct arena *arena, const struct checked_bundle *bundle, const char *path)
{
    return arena_printf(arena, "%s/%s", bundle->folder, path);
}

static const char *listed(struct arena *arena, const struct checked_bundle *bundle, const char *path)
{
    return manifest_file(&bundle->manifest, path) == NULL ? NULL : inside(arena, bundle, path);
}

// What is written is compared with a file, and goes nowhere.
struct comparing {
    FILE *there;
    bool same;
};

static ssize_t compare_written(void *cookie, const char *bytes, size_t length)
{
    struct comparing *comparing = cookie;
    char piece[64 * 1024];
    for (size_t at = 0, size; at < length && comparing->same; at += size) {
        size = length - at < sizeof(piece) ? length - at : sizeof(piece);
        comparing->same = fread(piece, 1, size, comparing->there) == size && memcmp(piece, bytes + at, size) == 0;
    }
    return (ssize_t)length;
}

// *unread: this machine could not read it.
static bool follows(const struct derivation *derivation, int file, const struct manifest *manifest, FILE *there,
                    bool *unread)
{
    struct comparing comparing = {there, true};
    FILE *stream = system_stream(&comparing, compare_written);
    *unread = stream == NULL;
    if (stream == NULL)
        return false;
    setvbuf(stream, NULL, _IONBF, 0); // a text passes on large pieces
    struct text derived = {.sink = stream};
    derive_write(derivation, file, manifest, &derived);
    text_flush(&derived);
    text_free(&derived);
    fclose(stream);
    bool same = comparing.same && fgetc(there) == EOF;
    *unread = ferror(there);
    return same && !*unread;
}

// What differs in a file that does not follow, or could not be read for that: then both are taken into memory.
static const char *difference_in(struct arena *arena, const struct checked_bundle *bundle,
                                 const struct derivation *derivation, int file, bool *unread)
{
    struct error error = {0};
    struct text derived = {0};
    const char *path = derive_path(derivation, file);
    size_t length;
    char *there = file_read(inside(arena, bundle, path), &length, &error);
    text_puts(&derived, "");
    if (there != NULL)
        derive_write(derivation, file, &bundle->manifest, &derived);
    const char *why;
    bool missing = there == NULL && check_unread(inside(arena, bundle, path), &error, &why) == CHECK_WRONG;
    *unread = there == NULL && !missing &&
              (*unread || error.code == ERROR_INCOMPLETE || access(inside(arena, bundle, path), R_OK) != 0);
    const char *differs = missing         ? arena_printf(arena, "%s: is missing", path)
                          : *unread       ? arena_printf(arena, "%s: cannot be read", path)
                          : there == NULL ? arena_printf(arena, "%s: some line of it", path)
                                          : check_difference(arena, path, there, length, derived.bytes, derived.length);
    text_free(&derived);
    free(there);
    return differs;
}

// The first of the derived files that differs from the bundle's, as text; NULL where none does. *absent: those that
// the run could not write.
static const char *file_difference(struct arena *arena, const struct checked_bundle *bundle,
                                   const struct derivation *derivation, const char **absent, enum check_state *state)
{
    static const char *const steps[DERIVED_FILES] = {// without which it is not there; NULL: it always is
                                                     [DERIVED_VERDICTS] = STEP_VERDICTS,
                                                     [DERIVED_CONTROLS] = STEP_CONTROLS,
                                                     [DERIVED_SEGMENTS] = STEP_CONTROLS,
                                                     [DERIVED_CHANGE] = STEP_CHANGE,
                                                     [DERIVED_REPORT] = STEP_REPORT};
    *absent = NULL;
    *state = CHECK_WRONG;
    for (int file = 0; file < derive_file_count(derivation); file++) {
        const char *path = derive_path(derivation, file), *step = file < DERIVED_FILES ? steps[file] : STEP_VERDICTS;
        if (!derive_has(derivation, file)) {
            if (listed(arena, bundle, path) != NULL) // nothing asks for it
                return path;
            continue;
        }
        if (step != NULL && failed_step_why(&bundle->manifest.failed, step) != NULL &&
            listed(arena, bundle, path) == NULL) {
            *absent = *absent == NULL ? path : arena_printf(arena, "%s, %s", *absent, path);
            continue;
        }
        FILE *there = fopen(inside(arena, bundle, path), "re");
        bool unread = false;
        bool same = there != NULL && follows(derivation, file, &bundle->manifest, there, &unread);
        if (there != NULL)
            fclose(there);
        const char *differs = same ? NULL : difference_in(arena, bundle, derivation, file, &unread);
        *state = unread ? CHECK_NOT_DONE : CHECK_WRONG;
        if (differs != NULL)
            return differs;
    }
    return NULL;
}

// The first member of the manifest that does not follow.
static const char *manifest_difference(const struct checked_bundle *bundle, const struct derivation *derivation)
{
    const struct manifest *told = &bundle->manifest;
    struct manifest again = *told;
    derive_manifest(derivation, &again);
    return again.complete != told->complete           ? "complete"
           : !text_same(again.vantage, told->vantage) ? "vantage"
           : memcmp(again.ports_by_verdict, told->ports_by_verdict, sizeof(again.ports_by_verdict)) != 0
               ? "ports_by_verdict"
           : memcmp(again.ports_by_severity, told->ports_by_severity, sizeof(again.ports_by_severity)) != 0
               ? "ports_by_severity"
               : NULL;
}

static void compare(struct checks *checks, const struct checked_bundle *bundle, const struct derivation *derivation)
{
    enum check_state state;
    const char *absent, *differs = file_difference(checks->arena, bundle, derivation, &absent, &state);
    const char *member = manifest_difference(bundle, derivation);
    if (differs != NULL)
        check_add(checks, "derivation", state,
                  state == CHECK_WRONG ? "%s does not follow from what was read and observed"
                                       : "%s: whether it follows was not checked",
                  differs);
    else if (member != NULL)
        check_add(checks, "derivation", CHECK_WRONG, "manifest.json: %s does not follow from the verdicts", member);
    else if (absent != NULL)
        check_add(checks, "derivation", CHECK_NOT_DONE,
                  "%s: not there, for the run could not write it; the rest follows", absent);
    else
        check_add(checks, "derivation", CHECK_GOOD,
                  "exposure, plan, verdicts, controls, %s%sreport and counts follow, byte for byte",
                  derive_has(derivation, DERIVED_SEGMENTS) ? "segments, " : "",
                  derive_has(derivation, DERIVED_CHANGE) ? "change, " : "");
}

// What was asked from inside, interface by interface: by its packets, where they were kept.
static void check_inside(struct checks *checks, const struct checked_bundle *bundle,
                         const struct derivation *derivation)
{
    const inside_givens *givens = &derivation->given.inside;
    const char *without = NULL, *times = "";
    bool whole = true;
    uint64_t end_us = UINT64_MAX;
    clock_moment(bundle->manifest.claims.end, &end_us);
    for (size_t i = 0; i < givens->count; i++) {
        const struct inside_given *one = &givens->items[i];
        enum check_state state;
        struct frames frames;
        if (one->capture == NULL) {
            without = without == NULL ? one->eni_id : arena_printf(checks->arena, "%s, %s", without, one->eni_id);
            continue;
        }
        const char *wrong = packets_inside_difference(checks->arena, one, end_us, &frames, &state);
        if (wrong != NULL) {
            check_add(checks, "inside", state, "%s: %s", one->eni_id, wrong);
            return;
        }
        const char *asked = NULL;
        struct error error = {0};
        if (!inside_asked(checks->arena, &derivation->before, &derivation->inside.items[i], one, derivation->intent,
                          &asked, &error)) {
            check_add(checks, "inside", CHECK_NOT_DONE, "%s: %s", one->eni_id,
                      asked == NULL ? error.message
                                    : arena_printf(checks->arena, "its plan leaves questions out: depth %s", asked));
            whole = false;
        }
        times = arena_printf(checks->arena, "%s%s %s (%s)", times, times[0] == '\0' ? "" : ",", one->eni_id,
                             asked == NULL ? "of no plan that could be read" : asked);
        if (frames.first_us != 0)
            times = arena_printf(checks->arena, "%s from %s to %s", times, clock_text(checks->arena, frames.first_us),
                                 clock_text(checks->arena, frames.last_us));
    }
    if (without != NULL)
        check_add(checks, "inside", CHECK_NOT_DONE,
                  "of what was asked from %s no packets are kept: the states observed are not vouched for", without);
    else if (givens->count > 0 && whole)
        check_add(checks, "inside", CHECK_GOOD,
                  "every question of the plans that it holds is answered as the packets say:%s", times);
}

// Controls that the maker wrote can be anything. Those of a built-in name are the built-in ones.
static void check_packs(struct checks *checks, const struct checked_bundle *bundle)
{
    struct arena *arena = checks->arena;
    const char *own = NULL, *built_in = NULL;
    struct map ids = {0};
    for (size_t i = 0; i < bundle->manifest.packs.count; i++) {
        const char *path = bundle->manifest.packs.items[i];
        struct error error = {0};
        size_t length;
        char *bytes =
            listed(arena, bundle, path) == NULL ? NULL : file_read(inside(arena, bundle, path), &length, &error);
        const struct pack *pack = bytes == NULL ? NULL : pack_parse(arena, path, bytes, length, &error);
        const struct built_in_pack *known = pack == NULL ? NULL : built_in_pack_named(pack->id);
        const char *poses = pack == NULL ? NULL : pack_poses(arena, pack, bytes, length);
        bool same = known != NULL && poses == NULL;
        free(bytes);
        if (pack == NULL && error.code == ERROR_INCOMPLETE) {
            check_add(checks, "packs", CHECK_NOT_DONE, "%s", error.message);
            return;
        }
        if (pack == NULL) {
            check_add(checks, "packs", CHECK_WRONG, "%s: %s", path,
                      error.message[0] == '\0' ? "is no file of the manifest" : error.message);
            return;
        }
        if (map_get(&ids, pack->id) != NULL) {
            check_add(checks, "packs", CHECK_WRONG, "%s: has the id of another pack too", path);
            return;
        }
        map_put(arena, &ids, pack->id, &ids);
        if (poses != NULL) {
            check_add(checks, "packs", CHECK_WRONG, "%s: %s", path, poses);
            return;
        }
        const char **list = same ? &built_in : &own;
        *list = *list == NULL ? pack->id : arena_printf(arena, "%s, %s", *list, pack->id);
    }
    check_add(checks, "packs", CHECK_GOOD, "%s%s%s%s", built_in == NULL ? "none" : built_in,
              built_in == NULL ? " that comes with sgproof" : " as they come with sgproof",
              own == NULL ? "" : "; the maker's own, which vouch for nothing: ", own == NULL ? "" : own);
}

// A file of which the run says that it could not be made; NULL where there is none. A run drops what is of before. Of
// what vouches for the manifest, which does not list it, the folder tells.
static const char *file_in_spite(struct arena *arena, const struct checked_bundle *bundle)
{
    static const char *const steps[][2] = {
        {STEP_VERDICTS, "verdicts.json"}, {STEP_CONTROLS, "controls.json"}, {STEP_CHANGE, "change.json"},
        {STEP_REPORT, "report.html"},     {STEP_HISTORY, REMEMBERED_RUNS},  {STEP_CAPTURE, "capture.pcap"},
        {STEP_TIMESTAMP, "manifest.tsr"}, {STEP_SIGNATURE, "manifest.sig"}, {STEP_SIGNATURE, "manifest.dsse.json"}};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (failed_step_why(&bundle->manifest.failed, steps[i][0]) != NULL &&
            (manifest_file(&bundle->manifest, steps[i][1]) != NULL ||
             (strncmp(steps[i][1], "manifest.", strlen("manifest.")) == 0 &&
              access(inside(arena, bundle, steps[i][1]), F_OK) == 0)))
            return steps[i][1];
    return NULL;
}

// What the run itself says that it could not do: what is there may hold all the same.
static void check_steps(struct checks *checks, const struct checked_bundle *bundle)
{
    const failed_steps *failed = &bundle->manifest.failed;
    struct text steps = {0};
    for (size_t i = 0; i < failed->count; i++)
        text_printf(&steps, "%s%s (%s)", i > 0 ? ", " : "", failed->items[i].step, failed->items[i].why);
    const char *text = arena_strndup(checks->arena, steps.bytes == NULL ? "" : steps.bytes, steps.length);
    text_free(&steps);
    const char *in_spite = file_in_spite(checks->arena, bundle);
    if (in_spite != NULL)
        check_add(checks, "steps", CHECK_WRONG, "manifest.json: failed: says that %s was not made, and it is there",
                  in_spite);
    else if (failed->count > 0 && bundle->manifest.complete)
        check_add(checks, "steps", CHECK_WRONG, "manifest.json: is called complete, and names steps that failed: %s",
                  text);
    else if (failed->count > 0)
        check_add(checks, "steps", CHECK_ABSENT, "the run is incomplete, these failed: %s", text);
}

// What follows is what this version makes of it: another derivation would call true evidence false.
static bool is_ours(struct checks *checks, const struct checked_bundle *bundle)
{
    const struct manifest *manifest = &bundle->manifest;
    if (manifest->derivation == DERIVATION)
        return true;
    // Builds between releases have one version and may derive otherwise; and the version is a claim.
    bool same = strcmp(manifest->claims.tool_version, SGPROOF_VERSION) == 0;
    check_add(
        checks, "derivation", CHECK_NOT_DONE,
        same ? "made by derivation %ld, and this is %d, though it says that sgproof %s made it, which this is too: "
               "the build that made it can verify it"
             : "made by derivation %ld, and this is %d: sgproof %s, which made it, can verify it",
        manifest->derivation, DERIVATION, manifest->claims.tool_version);
    return false;
}

static void check_strangers(struct checks *checks, const struct checked_bundle *bundle)
{
    struct error error = {0};
    const char *stranger = verify_stranger(checks->arena, bundle, &error);
    if (stranger != NULL)
        check_add(checks, "files", CHECK_WRONG,
                  "%s: is no file of evidence: nothing follows from it, nor it from anything", stranger);
    else if (error.code != 0)
        check_add(checks, "files", CHECK_NOT_DONE, "%s", error.message);
}

static void check_derivation(struct checks *checks, const struct checked_bundle *bundle, struct derivation *derivation)
{
    struct error error = {0};
    if (!is_ours(checks, bundle))
        return;
    check_packs(checks, bundle);
    if (!derive_again(derivation, bundle->folder, &bundle->manifest, &error)) {
        bool ours = error.code == ERROR_INCOMPLETE; // this machine could not
        check_add(checks, "derivation", ours ? CHECK_NOT_DONE : CHECK_WRONG, "%s", error.message);
        return;
    }
    compare(checks, bundle, derivation);
    check_inside(checks, bundle, derivation);
    check_strangers(checks, bundle);
    packets_check(checks, bundle, &derivation->plan);
}

static int by_time(const void *left, const void *right)
{
    const struct checked_bundle *a = left, *b = right;
    const char *begin = a->manifest.claims.begin, *other = b->manifest.claims.begin;
    int order = strcmp(begin == NULL ? "" : begin, other == NULL ? "" : other);
    return order != 0 ? order : strcmp(a->name, b->name);
}

// Archives, which are regular files, are unpacked into `scratch`, made for the first of them.
static bool open_bundle(struct arena *arena, size_t number, const char *name, struct temporary *scratch,
                        struct checked_bundle *bundle, struct error *error)
{
    const char *temporary = getenv("TMPDIR");
    struct stat about;
    *bundle = (struct checked_bundle){.name = name, .folder = name};
    if (stat(name, &about) != 0 || !S_ISREG(about.st_mode))
        return evidence_is_there(arena, name, error);
    if (scratch->path == NULL) {
        GUARD(temporary_make(arena, arena_printf(arena, "%s/sgproof-verify", temporary == NULL ? "/tmp" : temporary),
                             scratch, error));
        stop_removes(scratch);
    }
    const char *folder = arena_printf(arena, "%s/%zu", scratch->path, number);
    return file_make_folder(folder, error) && (bundle->folder = tar_unpack(arena, name, folder, error)) != NULL;
}

bool verify_open(struct arena *arena, const struct verify_given *given, struct temporary *scratch,
                 struct checked_bundle *bundles, struct error *error)
{
    GUARD(given->tsa_ca == NULL || timestamp_are_authorities(given->tsa_ca, error));
    for (size_t i = 0; i < given->count; i++)
        GUARD(open_bundle(arena, i, given->names[i], scratch, &bundles[i], error) &&
              check_open(arena, given->key, &bundles[i], error));
    qsort(bundles, given->count, sizeof(*bundles), by_time);
    return true;
}

// When the first packet of a bundle left or came, wall clock; 0 where it has none.
static uint64_t first_packet(const struct checks *checks, const struct checked_bundle *bundle)
{
    struct frames frames = {0};
    struct error ignored = {0};
    bool good = listed(checks->arena, bundle, "capture.pcap") != NULL &&
                frames_difference(checks->arena, inside(checks->arena, bundle, "capture.pcap"), NULL, &frames,
                                  &ignored) == NULL;
    return good ? frames.first_us : 0;
}

// Two runs from one vantage are one after the other, and each has packets of its own.
static void check_apart(struct checks *checks, const struct checked_bundle *bundle, uint64_t first_us,
                        const struct checked_bundle *before)
{
    static const uint64_t step_us = 5000000; // by which a clock may be set back between them
    const struct manifest_file *own = manifest_file(&bundle->manifest, "capture.pcap"),
                               *other = manifest_file(&before->manifest, "capture.pcap");
    struct frames then = {0};
    struct error ignored = {0};
    if (first_us == 0 || other == NULL)
        return;
    if (strcmp(own->sha256, other->sha256) == 0)
        check_add(checks, "chain", CHECK_WRONG, "its packets are those of %s: it is no run of its own", before->name);
    else if (text_same(bundle->manifest.vantage, before->manifest.vantage) &&
             frames_span(checks->arena, inside(checks->arena, before, "capture.pcap"), &then, &ignored) == NULL &&
             first_us + step_us < then.last_us)
        check_add(checks, "chain", CHECK_WRONG,
                  "%s was still probing, until %s, when this one, from the same vantage, sent its first packet, %s",
                  before->name, clock_text(checks->arena, then.last_us), clock_text(checks->arena, first_us));
}

// Who follows a bundle knows its manifest, which was made when that run had ended, before the first packet.
static void check_followed(struct checks *checks, const struct checked_bundle *bundle, uint64_t first_us,
                           const struct checked_bundle *before)
{
    const char *previous = bundle->manifest.previous;
    uint64_t end_us;
    if (previous == NULL || strcmp(previous, before->sha256) != 0 ||
        !clock_moment(before->manifest.claims.end, &end_us) ||
        (first_us == 0 && !clock_moment(bundle->manifest.claims.end, &first_us)))
        return;
    if (end_us > first_us + CLOCKS_DIFFER_S * 1000000ULL)
        check_add(checks, "chain", CHECK_WRONG, "%s had not ended, %s, when this one sent its first packet, %s",
                  before->name, before->manifest.claims.end, clock_text(checks->arena, first_us));
}

// What two bundles that stand beside each other in the chain tell of when they were made.
static void check_times(struct checks *checks, const struct checked_bundle *bundle, const struct checked_bundle *before)
{
    uint64_t first_us = first_packet(checks, bundle);
    check_followed(checks, bundle, first_us, before);
    check_apart(checks, bundle, first_us, before);
}

void verify_one(struct verified *verified, const struct verify_given *given, const struct checked_bundle *bundles,
                size_t at)
{
    struct error error = {0};
    struct checks *checks = &verified->checks;
    bool read = check_bundle(checks, given->key, given->tsa_ca, &verified->bundle, &error);
    if (!read && checks->items.count == 0) // it was there a moment ago
        check_add(checks, "manifest", CHECK_NOT_DONE, "%s", error.message);
    if (!read || verified->bundle.strange)
        return;
    check_chain(checks, &verified->bundle, at > 0 ? &bundles[at - 1] : NULL);
    if (at > 0)
        check_times(checks, &verified->bundle, &bundles[at - 1]);
    check_steps(checks, &verified->bundle);
    check_derivation(checks, &verified->bundle, &verified->derivation);
    if (!verified->derivation.whole)
        return;
    readings_check(checks, &verified->bundle, &verified->derivation);
    verify_history(checks, &verified->bundle, &verified->derivation, bundles, given->count);
    verify_answered(checks, &verified->bundle, &verified->derivation, bundles, given->count);
    verify_base(checks, &verified->bundle, &verified->derivation, bundles, given->count);
}
