#include "pipeline/derive.h"

#include <stdlib.h>

#include "base/file.h"
#include "pipeline/past.h"
#include "evidence/remembered.h"
#include "model/protocol.h"
#include "model/segment.h"
#include "verdicts/reconcile.h"
#include "report/report.h"
#include "rules/access/carried.h"
#include "rules/controls/controls.h"
#include "rules/intent/judge.h"

bool derive_intent(struct derivation *derivation, struct error *error)
{
    const char *file = derivation->given.intent;
    if (file == NULL)
        return true;
    derivation->intent = intent_read(derivation->arena, file, error);
    return derivation->intent != NULL;
}

// What this machine could not read is no property of the evidence: nothing may follow from its absence.
static bool read_declared(const char *folder, struct declared *into, struct error *error)
{
    GUARD(declared_read_checked(folder, into, error));
    if (into->estate->unreadable == NULL)
        return true;
    error_set(error, ERROR_INCOMPLETE, "%s", into->estate->unreadable);
    declared_free(into); // nor from what of it could be read
    return false;
}

bool derive_exposure(struct derivation *derivation, struct error *error)
{
    return read_declared(derivation->given.before, &derivation->before, error);
}

bool derive_change(struct derivation *derivation, struct error *error)
{
    const struct derivation_given *given = &derivation->given;
    const struct change_now now = {&derivation->before, &given->vantages, derivation->intent, given->today};
    return given->change.base == NULL ||
           change_derive(derivation->arena, &given->change, &now, &derivation->change, error);
}

bool derive_plan(struct derivation *derivation, struct error *error)
{
    const struct derivation_given *given = &derivation->given;
    derivation->narrowed = vantages_narrow(derivation->before.exposures, &given->vantages);
    GUARD(given->answered == NULL || answered_read(derivation->arena, given->answered, &derivation->answered, error));
    GUARD(planning_make(derivation->arena, given->depth, &derivation->before, derivation->narrowed, derivation->intent,
                        &derivation->change.moved, &derivation->answered, &given->vantages, &derivation->plan,
                        &derivation->set, error));
    for (size_t i = 0; i < given->canaries.count; i++)
        GUARD(planning_add_canary(derivation->arena, given->canaries.items[i], &derivation->plan, error));
    GUARD(planning_canaries_apart(&derivation->plan, derivation->before.exposures, error));
    derivation->head = planning_head(derivation->arena, &derivation->plan, &given->vantages, &given->speed);
    return true;
}

bool derive_after(struct derivation *derivation, struct error *error)
{
    return read_declared(derivation->given.after, &derivation->after, error);
}

bool derive_seen_inside(struct derivation *derivation, struct error *error)
{
    return derive_inside(derivation->arena, &derivation->before, &derivation->given.inside, &derivation->inside, error);
}

static void lack(struct derivation *derivation, const char *what)
{
    *vector_add(derivation->arena, &derivation->set.missing) =
        arena_printf(derivation->arena, STEP_SECOND_READING ": %s", what);
    derivation->set.complete = false;
}

// What changed while the probe went on; what that cannot be told of.
static void look_at_stability(struct derivation *derivation)
{
    struct verdict_set *set = &derivation->set;
    const char *why = failed_step_why(&derivation->given.failed, STEP_SECOND_READING);
    if (derivation->after.exposures == NULL) {
        set->stability_unknown = true;
        lack(derivation, why == NULL ? "there is none" : why);
        return;
    }
    struct exposure_set *after = vantages_narrow(derivation->after.exposures, &derivation->given.vantages);
    reconcile_mark_unstable(set, after);
    exposure_set_free(after);
    struct map known = {0};
    for (size_t i = 0; i < set->missing.count; i++)
        map_put(derivation->arena, &known, set->missing.items[i], set);
    text_list gaps = exposure_set_gaps(derivation->arena, derivation->after.exposures);
    for (size_t i = 0; i < gaps.count; i++)
        if (map_get(&known, gaps.items[i]) == NULL)
            lack(derivation, gaps.items[i]);
}

// A family that this machine had no way to was not asked; where the user gave the vantages, it was not meant to be.
static void note_unseen(struct derivation *derivation)
{
    static const char *const names[] = {"IPv4", "IPv6"};
    const struct vantage_list *vantages = &derivation->given.vantages;
    size_t unseen[2] = {0, 0};
    bool found_out = false;
    for (size_t i = 0; i < vantages->items.count; i++)
        found_out = found_out || strcmp(vantages->items.items[i].learnt, "given") != 0;
    for (size_t i = 0; i < derivation->before.exposures->endpoints.count && found_out; i++) {
        struct prefix address = derivation->before.exposures->endpoints.items[i].address;
        unseen[address.family == FAMILY_IPV6] +=
            vantage_of(vantages->items.items, vantages->items.count, address) == NULL;
    }
    for (int side = 0; side < 2; side++)
        if (unseen[side] > 0) {
            *vector_add(derivation->arena, &derivation->set.missing) =
                arena_printf(derivation->arena, "%zu %s endpoints were not asked: this machine has no way to them",
                             unseen[side], names[side]);
            derivation->set.complete = false;
        }
}

// Each port once, in order: as a probe writes them, and as nothing that follows from them takes long.
static bool are_in_order(const struct derivation *derivation, struct error *error)
{
    const struct observations *observations = &derivation->observations;
    for (size_t i = 1; i < observations->items.count; i++) {
        const struct observation *one = &observations->items.items[i], *before = one - 1;
        int order = place_compare(before->address, before->protocol, one->address, one->protocol);
        if (order > 0 || (order == 0 && before->high >= one->low))
            return error_set(error, ERROR_USAGE,
                             "observations.jsonl: line %zu: ports that a line before it tells of, or out of order",
                             one->line);
    }
    return true;
}

bool derive_verdicts(struct derivation *derivation, struct error *error)
{
    const struct derivation_given *given = &derivation->given;
    struct verdict_set *set = &derivation->set;
    GUARD(observations_read(derivation->arena, given->observations, &derivation->observations, error));
    GUARD(are_in_order(derivation, error));
    set->vantage = vantages_text(derivation->arena, &given->vantages);
    set->vantage_learnt = vantages_learnt(derivation->arena, &given->vantages);
    const struct map roles = carried_roles(derivation->arena, derivation->before.exposures, derivation->before.estate);
    const struct judge_options by = {.intent = derivation->intent,
                                     .vantages = given->vantages.items.items,
                                     .vantage_count = given->vantages.items.count,
                                     .today = given->today,
                                     .roles = &roles};
    struct judging *judging =
        judge_begin(derivation->arena, derivation->before.estate, derivation->before.exposures, &by, set);
    reconcile(derivation->arena, derivation->narrowed, &derivation->observations, judge_take, judging, set);
    judge_end(judging);
    note_unseen(derivation);
    look_at_stability(derivation);
    size_t lacked = set->missing.count;
    outside_heard_list heard = {0};
    outside_places_heard(derivation->arena, NULL, &derivation->observations, given->today, &heard);
    derive_inside_judge(derivation->arena, &derivation->before, &derivation->after, derivation->intent, given->today,
                        &heard, &derivation->inside, &set->missing);
    set->complete = set->complete && set->missing.count == lacked;
    derive_inside_rows(derivation->arena, derivation->before.estate, derivation->intent, &derivation->inside,
                       &derivation->inside_rows);
    derivation->lacking = set->missing.count;
    return true;
}

// Answers are compared where the same vantage asked.
static void conclude_change(struct derivation *derivation)
{
    const struct run_record *last =
        derivation->runs.count == 0 ? NULL : &derivation->runs.items[derivation->runs.count - 1];
    bool same = last != NULL && text_same(last->vantage, derivation->set.vantage);
    const char *why = NULL;
    if (last == NULL)
        why = "what answered before is not known (it is a snapshot, or was not told): nothing tells of answers that "
              "changed elsewhere";
    else if (!same)
        why = arena_printf(derivation->arena, "what answered before was seen from %s: it cannot be compared",
                           last->vantage == NULL ? "the internet at large" : last->vantage);
    else if (!last->complete)
        why = "what answered before is not wholly known: its evidence is incomplete";
    change_conclude(derivation->arena, &derivation->change, &derivation->set, same ? &derivation->last_seen : NULL,
                    &derivation->drift, why);
}

void derive_failures(struct derivation *derivation)
{
    const failed_steps *failed = &derivation->given.failed;
    struct verdict_set *set = &derivation->set;
    set->missing.count = (uint32_t)derivation->lacking;
    for (size_t i = 0; i < failed->count; i++) {
        const struct failed_step *one = &failed->items[i];
        set->complete = false;
        if (strcmp(one->step, STEP_SECOND_READING) != 0) // told already
            *vector_add(derivation->arena, &set->missing) =
                arena_printf(derivation->arena, "%s: %s", one->step, one->why);
    }
    if (derivation->given.change.base != NULL)
        conclude_change(derivation);
}

bool derive_controls(struct derivation *derivation, struct error *error)
{
    const struct derivation_given *given = &derivation->given;
    const struct pack **packs = arena_array(derivation->arena, const struct pack *, given->packs.count + 1);
    for (size_t i = 0; i < given->packs.count; i++) {
        size_t length;
        char *bytes = file_read(given->packs.items[i], &length, error);
        packs[i] = bytes == NULL ? NULL : pack_parse(derivation->arena, given->packs.items[i], bytes, length, error);
        free(bytes);
        if (packs[i] == NULL)
            return false;
    }
    const struct fact_input input = {
        .estate = derivation->before.estate,
        .exposures = derivation->before.exposures,
        .verdicts = &derivation->set,
        .inside = derive_inside_seen(derivation->arena, &derivation->inside),
        .inside_count = derivation->inside.count,
        .intent = derivation->intent,
        .today = given->today,
        .snapshot = "before/",
    };
    controls_judge(derivation->arena, &input,
                   &(struct controls_options){.packs = packs, .pack_count = given->packs.count}, &derivation->controls);
    return true;
}

bool derive_past(struct derivation *derivation, struct error *error)
{
    struct arena *arena = derivation->arena;
    const char *folder = derivation->given.past;
    answered_mark_outages(arena, &derivation->answered, &derivation->set);
    return folder == NULL || past_of_evidence(arena, folder, &derivation->set, &derivation->runs,
                                              &derivation->last_seen, &derivation->drift, error);
}

int derive_file_count(const struct derivation *derivation)
{
    return DERIVED_FILES + (int)derivation->inside.count;
}

const char *derive_path(const struct derivation *derivation, int file)
{
    return file < DERIVED_FILES ? derived_paths[file] : derivation->inside.items[file - DERIVED_FILES].path;
}

bool derive_has(const struct derivation *derivation, int file)
{
    if (file == DERIVED_SEGMENTS)
        return derivation->controls.flows.set != NULL;
    return file != DERIVED_CHANGE || derivation->given.change.base != NULL;
}

void derive_manifest(const struct derivation *derivation, struct manifest *manifest)
{
    const struct verdict_set *set = &derivation->set;
    struct run_record counted = {0};
    run_record_count(set, &counted);
    manifest->complete = set->complete;
    manifest->vantage = set->vantage;
    memcpy(manifest->ports_by_verdict, counted.by_verdict, sizeof(counted.by_verdict));
    memcpy(manifest->ports_by_severity, counted.by_severity, sizeof(counted.by_severity));
}

static void write_report(const struct derivation *derivation, const struct manifest *manifest, struct text *out)
{
    const struct report_run run = {
        .title = manifest->claims.title,
        .set = &derivation->set,
        .controls = failed_step_why(&derivation->given.failed, STEP_CONTROLS) != NULL ? NULL : &derivation->controls,
        .manifest = manifest,
        .observations = &derivation->observations,
        .runs = &derivation->runs,
        .drift = &derivation->drift,
        .inside = derivation->inside.count == 0 ? NULL : &derivation->inside_rows,
    };
    report_html(&run, &(struct report_options){0}, out);
}

// Of thousands of groups, reasons would be most of the evidence.
static void write_segments(const struct control_flows *flows, struct text *out)
{
    bool brief = strcmp(flows->set->by, "intent") != 0;
    (brief ? segments_write_json_brief : segments_write_json)(flows->set, flows->findings, flows->finding_count, out);
}

const char *const derived_paths[] = {
    [DERIVED_EXPOSURE] = "exposure.json", [DERIVED_PLAN] = "plan.jsonl",        [DERIVED_VERDICTS] = "verdicts.json",
    [DERIVED_CONTROLS] = "controls.json", [DERIVED_SEGMENTS] = "segments.json", [DERIVED_CHANGE] = "change.json",
    [DERIVED_REPORT] = "report.html"};

void derive_write(const struct derivation *derivation, int file, const struct manifest *manifest, struct text *out)
{
    if (file >= DERIVED_FILES) {
        verdicts_write_json(&derivation->inside.items[file - DERIVED_FILES].set, out);
        return;
    }
    switch ((enum derived_file)file) {
    case DERIVED_EXPOSURE:
        exposure_write_json(derivation->before.exposures, out);
        break;
    case DERIVED_PLAN:
        plan_head_write(&derivation->plan, &derivation->head, out);
        plan_write(&derivation->plan, out);
        break;
    case DERIVED_VERDICTS:
        verdicts_write_json(&derivation->set, out);
        break;
    case DERIVED_CONTROLS:
        controls_write_json(&derivation->controls, out);
        break;
    case DERIVED_SEGMENTS:
        write_segments(&derivation->controls.flows, out);
        break;
    case DERIVED_CHANGE:
        change_report_write_json(&derivation->change.report, out);
        break;
    case DERIVED_REPORT:
        write_report(derivation, manifest, out);
        break;
    case DERIVED_FILES:
        break;
    }
}

static const char *listed(struct arena *arena, const struct manifest *manifest, const char *folder, const char *path)
{
    return manifest_file(manifest, path) == NULL ? NULL : arena_printf(arena, "%s/%s", folder, path);
}

// What was asked from inside: one folder an interface.
static bool take_inside(struct derivation_given *given, struct arena *arena, const char *folder,
                        const struct manifest *manifest, struct error *error)
{
    for (size_t i = 0; i < manifest->files.count; i++) {
        const char *path = manifest->files.items[i].path, *eni = inside_given_of(arena, path);
        if (eni == NULL)
            continue;
        GUARD(inside_given_fits(&given->inside, eni, error));
        struct inside_given *one = vector_add(arena, &given->inside);
        *one = (struct inside_given){.eni_id = eni};
        for (int file = 0; file < INSIDE_FILES; file++)
            *inside_given_file(one, file) = listed(
                arena, manifest, folder, arena_printf(arena, INSIDE_FOLDER "/%s/%s", eni, inside_file_names[file]));
        if ((one->plan == NULL) != (one->capture == NULL))
            return error_set(error, ERROR_USAGE, INSIDE_FOLDER "/%s: has %s: the packets are told by both", eni,
                             one->plan == NULL ? "a capture and no plan" : "a plan and no capture");
    }
    return true;
}

// What everything follows from.
static bool take_given(struct derivation_given *given, struct arena *arena, const char *folder,
                       const struct manifest *manifest, struct error *error)
{
    given->before = arena_printf(arena, "%s/before", folder);
    given->failed = manifest->failed;
    if (failed_step_why(&manifest->failed, STEP_SECOND_READING) == NULL)
        given->after = arena_printf(arena, "%s/after", folder);
    given->observations = arena_printf(arena, "%s/observations.jsonl", folder);
    given->intent = listed(arena, manifest, folder, "intent.json");
    for (size_t i = 0; i < manifest->files.count && given->change.base == NULL; i++)
        if (strncmp(manifest->files.items[i].path, "base/", strlen("base/")) == 0)
            given->change.base = arena_printf(arena, "%s/base", folder);
    if (given->change.base == NULL && manifest_file(manifest, derived_paths[DERIVED_CHANGE]) != NULL)
        return error_set(error, ERROR_USAGE, "change.json: there is no base/ from which it could follow");
    if (given->change.base == NULL && strcmp(manifest->depth, "moved") == 0)
        return error_set(error, ERROR_USAGE, "manifest.json: depth: \"moved\" is that of a change, and this is none");
    if (given->change.base == NULL && failed_step_why(&manifest->failed, STEP_CHANGE) != NULL)
        return error_set(error, ERROR_USAGE,
                         "manifest.json: failed: \"" STEP_CHANGE "\" is a step of a change, and this is none");
    for (int form = 0; form < PLAN_FORMS; form++) {
        const char *plan;
        text_list *plans = &given->change.plans[form];
        while ((plan = listed(arena, manifest, folder, change_plan_name(arena, form, plans->count))) != NULL)
            *vector_add(arena, plans) = plan;
    }
    GUARD(take_inside(given, arena, folder, manifest, error));
    given->answered = listed(arena, manifest, folder, REMEMBERED_ANSWERS);
    given->past = listed(arena, manifest, folder, REMEMBERED_RUNS) == NULL ? NULL : folder;
    given->depth = manifest->depth;
    given->today = manifest->judged_on;
    for (size_t i = 0; i < manifest->packs.count; i++) {
        const char *pack = listed(arena, manifest, folder, manifest->packs.items[i]);
        if (pack == NULL)
            return error_set(error, ERROR_USAGE, "%s: is no file of the manifest", manifest->packs.items[i]);
        *vector_add(arena, &given->packs) = pack;
    }
    for (size_t i = 0; i < manifest->vantages.count; i++) {
        const char *text = manifest->vantages.items[i];
        struct vantage vantage;
        struct error why;
        if (!vantage_read(arena, text, &vantage, &why) || !vantage_fits(&given->vantages, &vantage, text, &why))
            return error_set(error, ERROR_USAGE, "manifest.json: vantages: %s", why.message);
        if (strcmp(vantage_text(arena, &vantage), text) != 0)
            return error_set(error, ERROR_USAGE, "manifest.json: vantages: \"%s\" is not how a vantage is written",
                             text);
        if (!vantage_is_learnt(manifest->vantages_learnt.items[i]))
            return error_set(error, ERROR_USAGE, "manifest.json: vantages_learnt: \"%s\" is not how one is known",
                             manifest->vantages_learnt.items[i]);
        vantage.learnt = manifest->vantages_learnt.items[i];
        *vector_add(arena, &given->vantages.items) = vantage;
    }
    given->canaries = manifest->canaries;
    given->speed = (struct probe_speed){manifest->rate, manifest->host_rate, manifest->tries, manifest->timeout_ms};
    return true;
}

bool derive_again(struct derivation *derivation, const char *folder, const struct manifest *manifest,
                  struct error *error)
{
    GUARD(take_given(&derivation->given, derivation->arena, folder, manifest, error));
    GUARD(derive_intent(derivation, error) && derive_exposure(derivation, error));
    GUARD(derive_change(derivation, error) && derive_plan(derivation, error));
    GUARD(derive_seen_inside(derivation, error));
    GUARD(derivation->given.after == NULL || derive_after(derivation, error));
    GUARD(derive_verdicts(derivation, error) && derive_past(derivation, error) && derive_controls(derivation, error));
    derive_failures(derivation);
    derivation->whole = true;
    return true;
}

void derive_free(struct derivation *derivation)
{
    derive_inside_free(&derivation->inside);
    change_derive_free(&derivation->change);
    exposure_set_free(derivation->narrowed);
    declared_free(&derivation->before);
    declared_free(&derivation->after);
}

// The files that rows are made of must be what was sealed.
static bool holds_inside(struct arena *arena, const char *folder, const struct manifest *manifest,
                         const inside_givens *givens, struct error *error)
{
    static const char *const names[] = {"observations.jsonl", "verdicts.json"};
    for (size_t i = 0; i < givens->count * 2; i++)
        GUARD(manifest_holds(arena, manifest, folder,
                             arena_printf(arena, INSIDE_FOLDER "/%s/%s", givens->items[i / 2].eni_id, names[i % 2]),
                             error));
    return manifest_file(manifest, "intent.json") == NULL ||
           manifest_holds(arena, manifest, folder, "intent.json", error);
}

bool derive_inside_rows_again(struct arena *arena, const char *folder, const struct manifest *manifest,
                              report_inside_rows *rows, struct error *error)
{
    struct derivation_given given = {0};
    inside_derivations inside = {0};
    struct declared before = {0};
    GUARD(take_inside(&given, arena, folder, manifest, error));
    if (given.inside.count == 0)
        return true;
    const char *file = listed(arena, manifest, folder, "intent.json");
    const struct intent *intent = NULL;
    GUARD(holds_inside(arena, folder, manifest, &given.inside, error));
    GUARD(file == NULL || (intent = intent_read(arena, file, error)) != NULL);
    GUARD(declared_read(arena_printf(arena, "%s/before", folder), &before, error));
    bool good = derive_inside(arena, &before, &given.inside, &inside, error);
    for (size_t i = 0; good && i < inside.count; i++)
        good = verdicts_read(arena, arena_printf(arena, "%s/%s", folder, inside.items[i].path), &inside.items[i].set,
                             error);
    if (good)
        derive_inside_rows(arena, before.estate, intent, &inside, rows);
    for (size_t i = 0; i < rows->count; i++) { // they outlive the estate
        rows->items[i].from = arena_strdup(arena, rows->items[i].from);
        rows->items[i].to = arena_strdup(arena, rows->items[i].to);
    }
    derive_inside_free(&inside);
    declared_free(&before);
    return good;
}
