#include "pipeline/derive_inside.h"

#include "pipeline/vantages.h"
#include "rules/intent/intent_flows.h"
#include "rules/intent/judge.h"
#include "rules/reach/reach.h"
#include "verdicts/reconcile.h"

bool inside_given_fits(const inside_givens *givens, const char *eni_id, struct error *error)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    if (eni_id[0] == '\0' || eni_id[strspn(eni_id, plain)] != '\0')
        return error_set(error, ERROR_USAGE, "--inside %s: expected the id of a network interface", eni_id);
    for (size_t i = 0; i < givens->count; i++)
        if (strcmp(givens->items[i].eni_id, eni_id) == 0)
            return error_set(error, ERROR_USAGE, "--inside %s: is given twice; merge joins parts of one", eni_id);
    return true;
}

const char *const inside_file_names[INSIDE_FILES] = {"observations.jsonl", "plan.jsonl", "capture.pcap"};

const char **inside_given_file(struct inside_given *given, enum inside_file file)
{
    return file == INSIDE_OBSERVATIONS ? &given->observations : file == INSIDE_PLAN ? &given->plan : &given->capture;
}

const char *inside_given_of(struct arena *arena, const char *path)
{
    static const char before[] = INSIDE_FOLDER "/", after[] = "/observations.jsonl";
    size_t length = strlen(path), around = sizeof(before) + sizeof(after) - 2;
    if (length <= around || strncmp(path, before, sizeof(before) - 1) != 0 ||
        strcmp(path + length - (sizeof(after) - 1), after) != 0)
        return NULL;
    return arena_strndup(arena, path + sizeof(before) - 1, length - around);
}

bool derive_inside(struct arena *arena, const struct declared *before, const inside_givens *givens,
                   inside_derivations *inside, struct error *error)
{
    for (size_t i = 0; i < givens->count; i++) {
        const struct inside_given *given = &givens->items[i];
        const struct network_interface *asker = estate_interface(before->estate, given->eni_id);
        if (asker == NULL)
            return error_set(error, ERROR_USAGE, "--inside %s: the snapshot has no such interface", given->eni_id);
        GUARD(inside_view_possible(before->estate, asker, error));
        struct inside_derived *one = vector_add(arena, inside);
        *one = (struct inside_derived){
            .eni_id = given->eni_id,
            .asker = asker,
            .path = arena_printf(arena, INSIDE_FOLDER "/%s/verdicts.json", given->eni_id),
        };
        one->view = inside_view_of(before->estate, asker);
        one->exposures = inside_view_exposures(one->view);
        GUARD(observations_read(arena, given->observations, &one->observations, error) &&
              observations_settle(&one->observations, given->observations, error));
        outside_places_observed(arena, one->view, &one->observations);
    }
    return true;
}

// What changed between the two readings of the configuration. Where the second does not have the interface, or there is
// none, that is not known.
static void look_at_stability(struct arena *arena, const struct declared *after, const struct vantage_list *vantages,
                              struct inside_derived *one)
{
    struct error ignored;
    const struct network_interface *asker =
        after->exposures == NULL ? NULL : estate_interface(after->estate, one->eni_id);
    one->set.stability_unknown = asker == NULL || !inside_view_possible(after->estate, asker, &ignored);
    if (one->set.stability_unknown)
        return;
    struct inside_view *view = inside_view_of(after->estate, asker);
    outside_places_observed(arena, view, &one->observations);
    struct exposure_set *whole = inside_view_exposures(view), *narrowed = vantages_narrow(whole, vantages);
    reconcile_mark_unstable(&one->set, narrowed);
    exposure_set_free(narrowed);
    inside_view_end(view);
    exposure_set_free(whole);
}

static void judge_one(struct arena *arena, const struct declared *before, const struct declared *after,
                      const struct intent *intent, const char *today, struct inside_derived *one)
{
    struct vantage_list vantages = {0};
    vantages_of_interface(arena, one->asker, &one->observations, &vantages);
    struct exposure_set *narrowed = vantages_narrow(one->exposures, &vantages);
    const struct judge_options by = {.intent = intent,
                                     .vantages = vantages.items.items,
                                     .vantage_count = vantages.items.count,
                                     .today = today,
                                     .inside = one->view};
    one->set.vantage = vantages_text(arena, &vantages);
    one->set.vantage_learnt = vantages_learnt(arena, &vantages);
    struct judging *judging = judge_begin(arena, before->estate, one->exposures, &by, &one->set);
    reconcile(arena, narrowed, &one->observations, judge_take, judging, &one->set);
    judge_end(judging);
    exposure_set_free(narrowed);
    look_at_stability(arena, after, &vantages, one);
}

void derive_inside_judge(struct arena *arena, const struct declared *before, const struct declared *after,
                         const struct intent *intent, const char *today, outside_heard_list *heard,
                         inside_derivations *inside, text_list *missing)
{
    for (size_t i = 0; i < inside->count; i++)
        outside_places_heard(arena, inside->items[i].exposures, &inside->items[i].observations, NULL, heard);
    for (size_t i = 0; i < inside->count; i++)
        outside_places_doubt(inside->items[i].exposures, heard, &inside->items[i].observations);
    for (size_t i = 0; i < inside->count; i++) {
        struct inside_derived *one = &inside->items[i];
        judge_one(arena, before, after, intent, today, one);
        for (size_t m = 0; m < one->set.missing.count; m++)
            *vector_add(arena, missing) =
                arena_printf(arena, INSIDE_FOLDER " %s: %s", one->eni_id, one->set.missing.items[m]);
        if (!one->set.complete && one->set.missing.count == 0)
            *vector_add(arena, missing) =
                arena_printf(arena, INSIDE_FOLDER " %s: part of what was asked came to nothing", one->eni_id);
    }
}

// The day of the first question; NULL where nothing was sent.
static const char *first_day(struct arena *arena, const struct observations *observations)
{
    const char *first = NULL;
    for (size_t i = 0; i < observations->items.count; i++) {
        const char *sent = observations->items.items[i].first_sent;
        if (sent != NULL && (first == NULL || strcmp(sent, first) < 0))
            first = sent;
    }
    return first == NULL ? NULL : arena_strndup(arena, first, strlen("YYYY-MM-DD"));
}

const struct inside_seen *derive_inside_seen(struct arena *arena, const inside_derivations *inside)
{
    struct inside_seen *seen = arena_array(arena, struct inside_seen, inside->count + 1);
    for (size_t i = 0; i < inside->count; i++) {
        const struct inside_derived *one = &inside->items[i];
        seen[i] = (struct inside_seen){.eni_id = one->eni_id,
                                       .asker = one->asker,
                                       .view = one->exposures,
                                       .verdicts = &one->set,
                                       .path = one->path,
                                       .first_day = first_day(arena, &one->observations),
                                       .sentinel_answered = one->observations.sentinels.told &&
                                                            one->observations.sentinels.answered > 0};
    }
    return seen;
}

// ---- For the report

static const char *joined(struct arena *arena, const char *text, const char *more)
{
    return text[0] == '\0' ? more : arena_printf(arena, "%s, %s", text, more);
}

static const char *tier_of(struct arena *arena, const struct estate *estate, const struct intent *intent,
                           const struct network_interface *interface)
{
    const char *text = "";
    bool named = intent != NULL && intent->segments.count > 0;
    for (size_t i = 0; named && i < intent->segments.count; i++)
        if (intent_holds(&intent->segments.items[i].select, estate, interface))
            text = joined(arena, text, intent->segments.items[i].id);
    for (size_t i = 0; !named && interface->groups != NULL && i < interface->groups->count; i++) {
        const struct security_group *group = map_get(&estate->security_groups, interface->groups->ids[i]);
        bool has_name = group != NULL && group->name != NULL && group->name[0] != '\0';
        text = joined(arena, text, has_name ? group->name : interface->groups->ids[i]);
    }
    return text[0] != '\0' ? text : named ? "(others)" : "(no group)";
}

static struct report_inside_row *row_of(struct arena *arena, report_inside_rows *rows, size_t first,
                                        const struct report_inside_row *wanted)
{
    for (size_t i = first; i < rows->count; i++)
        if (strcmp(rows->items[i].to, wanted->to) == 0)
            return &rows->items[i];
    struct report_inside_row *row = vector_add(arena, rows);
    *row = *wanted;
    return row;
}

void derive_inside_rows(struct arena *arena, const struct estate *estate, const struct intent *intent,
                        const inside_derivations *inside, report_inside_rows *rows)
{
    for (size_t i = 0; i < inside->count; i++) {
        const struct inside_derived *one = &inside->items[i];
        const char *from = tier_of(arena, estate, intent, one->asker);
        size_t first = rows->count;
        for (size_t v = 0; v < one->set.items.count; v++) {
            const struct verdict *verdict = &one->set.items.items[v];
            const struct endpoint *endpoint = exposure_endpoint(one->exposures, verdict->address);
            if (endpoint == NULL)
                continue;
            const struct report_inside_row wanted = {
                one->eni_id,
                from,
                endpoint->outside ? "internet" : tier_of(arena, estate, intent, endpoint->interface),
                {0},
                {0}};
            struct report_inside_row *row = row_of(arena, rows, first, &wanted);
            size_t ports = (size_t)(verdict->high - verdict->low) + 1;
            row->ports[verdict->kind] += ports;
            if (verdict->severity <= SEVERITY_HIGH)
                row->severe[verdict->severity] += ports;
        }
    }
}

void derive_inside_free(inside_derivations *inside)
{
    for (size_t i = 0; i < inside->count; i++) {
        inside_view_end(inside->items[i].view);
        exposure_set_free(inside->items[i].exposures);
    }
}
