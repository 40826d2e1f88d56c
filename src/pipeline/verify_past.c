#include "pipeline/verify_past.h"

#include "evidence/remembered.h"
#include "model/protocol.h"

const struct checked_bundle *bundle_of(const struct checked_bundle *bundles, size_t count, const char *sha256)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(bundles[i].sha256, sha256) == 0)
            return &bundles[i];
    return NULL;
}

// ---- What is asked again

static bool note_verdicts(struct arena *arena, const struct checked_bundle *there, struct answered *answered,
                          struct error *error)
{
    struct verdict_set set = {0};
    GUARD(manifest_holds(arena, &there->manifest, there->folder, "verdicts.json", error) &&
          verdicts_read(arena, arena_printf(arena, "%s/verdicts.json", there->folder), &set, error));
    verdicts_sort(set.items.items, set.items.count);
    answered_note(arena, answered, &set);
    return true;
}

// Of the latest runs that are given without a gap what the last of them that learnt it says.
static bool note_rows(struct arena *arena, const run_records *runs, const struct checked_bundle *bundles, size_t count,
                      struct answered *answered, struct error *error)
{
    size_t first = runs->count;
    while (first > 0 && bundle_of(bundles, count, runs->items[first - 1].manifest_sha256) != NULL)
        first--;
    for (size_t i = first; i < runs->count; i++)
        GUARD(note_verdicts(arena, bundle_of(bundles, count, runs->items[i].manifest_sha256), answered, error));
    return true;
}

// All that a bundle knew itself, where it is given.
static bool note_known(struct arena *arena, const struct checked_bundle *there, struct answered *answered,
                       struct error *error)
{
    if (there == NULL)
        return true;
    if (manifest_file(&there->manifest, REMEMBERED_ANSWERS) != NULL)
        GUARD(manifest_holds(arena, &there->manifest, there->folder, REMEMBERED_ANSWERS, error) &&
              answered_read(arena, arena_printf(arena, "%s/" REMEMBERED_ANSWERS, there->folder), answered, error));
    return manifest_file(&there->manifest, "verdicts.json") == NULL || note_verdicts(arena, there, answered, error);
}

// --previous, and what a change follows, are followed with all that they knew. Where `previous` is the last run of the
// series it may come from the history, which knows less of it.
static bool note_followed(struct arena *arena, const struct derivation *derivation, const char *previous,
                          const struct checked_bundle *bundles, size_t count, struct answered *answered,
                          struct error *error)
{
    const run_records *runs = &derivation->runs;
    const char *last = runs->count == 0 ? NULL : runs->items[runs->count - 1].manifest_sha256;
    bool is_change = derivation->given.change.base != NULL;
    struct answered other = {0};
    if (is_change && last != NULL)
        GUARD(note_known(arena, bundle_of(bundles, count, last), answered, error));
    if (previous != NULL && (last == NULL || strcmp(last, previous) != 0))
        GUARD(note_known(arena, bundle_of(bundles, count, previous), &other, error));
    answered_join(arena, answered, &other);
    return true;
}

// The first place of `must` that is not in `there`, as text; NULL where all are.
static const char *forgotten(struct arena *arena, const struct answered *must, const struct answered *there)
{
    for (size_t i = 0; i < must->items.count; i++) {
        const struct answered_ports *one = &must->items.items[i];
        const struct answered_ports *at = answered_at(there, one->address, one->protocol);
        struct portset open = at == NULL ? portset_empty : at->open, closed = at == NULL ? portset_empty : at->closed;
        struct portset lost = portset_union(arena, portset_subtract(arena, one->open, open),
                                            portset_subtract(arena, one->closed, portset_union(arena, open, closed)));
        if (portset_is_empty(lost))
            continue;
        char address[ADDRESS_TEXT];
        address_format(one->address, address);
        return arena_printf(arena, "%s %s %s", address, protocol_name(arena, one->protocol),
                            portset_format(arena, lost));
    }
    return NULL;
}

// What sgproof before REMEMBERED_ANSWERS asked again: what its plan had anyhow. As if it were remembered, where that
// made no difference: of endpoints that are gone, and of what is no outage.
static struct answered asked_anyhow(struct arena *arena, const struct derivation *derivation,
                                    const struct answered *must)
{
    struct answered asked = {0};
    for (size_t i = 0; i < derivation->plan.targets.count; i++) {
        const struct plan_target *target = &derivation->plan.targets.items[i];
        struct answered_ports *last = asked.items.count == 0 ? NULL : &asked.items.items[asked.items.count - 1];
        if (target->canary || !protocol_has_ports(target->protocol))
            continue;
        int order = last == NULL ? -1 : place_compare(last->address, last->protocol, target->address, target->protocol);
        if (order < 0) // targets are in this order
            *vector_add(arena, &asked.items) =
                (struct answered_ports){target->address, target->protocol, target->ports, portset_empty};
        else if (order == 0)
            last->open = portset_union(arena, last->open, target->ports);
    }
    for (size_t i = 0; i < derivation->set.items.count; i++) {
        const struct verdict *verdict = &derivation->set.items.items[i];
        struct answered_ports *at =
            (struct answered_ports *)(uintptr_t)answered_at(&asked, verdict->address, verdict->protocol);
        struct portset ports = portset_of(arena, verdict->low, verdict->high);
        if (at != NULL && verdict_misses_service(verdict)) { // nothing, where it had not answered
            at->open = portset_subtract(arena, at->open, ports);
            at->closed = portset_union(arena, at->closed, ports);
        }
    }
    for (size_t i = 0; i < must->items.count; i++)
        if (exposure_endpoint_at(derivation->before.exposures, prefix_of(must->items.items[i].address)) == NULL) {
            struct answered one = {0};
            *vector_add(arena, &one.items) = must->items.items[i];
            answered_join(arena, &asked, &one);
        }
    return asked;
}

void verify_answered(struct checks *checks, const struct checked_bundle *bundle, const struct derivation *derivation,
                     const struct checked_bundle *bundles, size_t count)
{
    struct arena *arena = checks->arena;
    struct error error = {0};
    struct answered own = {0}, rows = {0}, previous = {0};
    if (derivation->runs.count > 0) {
        struct verdict_set seen = derivation->last_seen;
        verdicts_sort(seen.items.items, seen.items.count);
        answered_note(arena, &own, &seen);
    }
    if (!note_rows(arena, &derivation->runs, bundles, count, &rows, &error) ||
        !note_followed(arena, derivation, bundle->manifest.previous, bundles, count, &previous, &error)) {
        check_add(checks, "history", CHECK_NOT_DONE, REMEMBERED_ANSWERS ": nothing can be compared: %s", error.message);
        return;
    }
    answered_join(arena, &own, &rows);
    answered_join(arena, &own, &previous);
    bool remembers = manifest_file(&bundle->manifest, REMEMBERED_ANSWERS) != NULL;
    const struct answered there =
        remembers || own.items.count == 0 ? derivation->answered : asked_anyhow(arena, derivation, &own);
    const char *lost = forgotten(arena, &own, &there);
    if (lost != NULL)
        check_add(checks, "history", CHECK_WRONG,
                  REMEMBERED_ANSWERS ": leaves out %s, which was known to answer before: it was to be asked again",
                  lost);
}

// ---- What a change is compared with

// The first file of base/ that is not the same in the evidence's before/; NULL where all are.
static const char *base_difference(struct arena *arena, const struct manifest *manifest, const struct manifest *there)
{
    static const char base[] = "base/", before[] = "before/";
    size_t files = 0, others = 0;
    for (size_t i = 0; i < there->files.count; i++)
        others += strncmp(there->files.items[i].path, before, strlen(before)) == 0;
    for (size_t i = 0; i < manifest->files.count; i++) {
        const struct manifest_file *file = &manifest->files.items[i];
        if (strncmp(file->path, base, strlen(base)) != 0)
            continue;
        const struct manifest_file *other =
            manifest_file(there, arena_printf(arena, "%s%s", before, file->path + strlen(base)));
        if (other == NULL || other->bytes != file->bytes || strcmp(other->sha256, file->sha256) != 0)
            return file->path;
        files++;
    }
    return files == others ? NULL : "base/ (a file is left out)";
}

void verify_base(struct checks *checks, const struct checked_bundle *bundle, const struct derivation *derivation,
                 const struct checked_bundle *bundles, size_t count)
{
    const run_records *runs = &derivation->runs; // a change has a row where it follows evidence
    const char *previous = bundle->manifest.previous;
    if (derivation->given.change.base == NULL || (runs->count == 0 && previous == NULL))
        return;
    const char *followed = runs->count == 0 ? previous : runs->items[runs->count - 1].manifest_sha256;
    const struct checked_bundle *there = bundle_of(bundles, count, followed);
    const char *differs = there == NULL ? NULL : base_difference(checks->arena, &bundle->manifest, &there->manifest);
    if (differs != NULL && runs->count == 0) // `change SNAPSHOT --previous EVIDENCE` compares with what else it likes
        check_add(checks, "base", CHECK_ABSENT,
                  "%s: is not what %s, which it follows, was read before it: whose state it is, nothing tells", differs,
                  there->name);
    else if (differs != NULL)
        check_add(checks, "base", CHECK_WRONG, "%s: is not what %s, which the change follows, was read before it",
                  differs, there->name);
    else if (there != NULL)
        check_add(checks, "base", CHECK_GOOD, "it is the before/ of %s", there->name);
}
