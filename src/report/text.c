// For a terminal of 80 columns: what a person would show to a colleague.
#include "model/verdict_texts.h"
#include "report/report.h"

enum { WIDTH = 80, MINUTE = 16, MOST_CHANGES = 20, MOST_CONTROLS = 10, MOST_FINE = 20 };

static const char *colour_of(const struct report_options *options, enum severity severity)
{
    static const char *const colours[] = {"\033[1;31m", "\033[31m", "\033[33m", "\033[36m", ""};
    return options->colour ? colours[severity] : "";
}

// Severity is a word; colour only repeats it.
static void write_head(struct arena *arena, const struct verdict *verdict, const struct report_options *options,
                       struct text *out)
{
    char address[ADDRESS_TEXT];
    const char *colour = colour_of(options, verdict->severity), *plain = colour[0] != '\0' ? "\033[0m" : "";
    const char *name = report_clean(arena, verdict_label(arena, verdict));
    address_format(verdict->address, address);
    const char *place = arena_printf(arena, "%-15s %s", address, report_port(arena, verdict));
    size_t taken = 23 + (strlen(place) < 28 ? 28 : strlen(place)) + 1;
    text_printf(out, "%s%-8s  %-11s%s  %-28s %s\n", colour, severity_names[verdict->severity], report_word(verdict),
                plain, place, report_shortened(arena, name, taken < WIDTH ? WIDTH - taken : 0));
}

// What is said of a finding, behind its head.
static void write_about(struct arena *arena, const struct verdict *verdict, struct text *out)
{
    static const char lead[] = "          ";
    report_wrap(out, lead,
                arena_printf(arena, "declared %s, observed %s (%s%s%s)%s", declared_names[verdict->declared],
                             observed_names[verdict->observed], report_clean(arena, verdict->reason),
                             verdict->from != NULL ? " from " : "",
                             verdict->from != NULL ? report_clean(arena, verdict->from) : "",
                             verdict->unstable ? ", unstable: the configuration or the answers changed meanwhile" : ""),
                WIDTH);
    if (verdict->intent != INTENT_UNSPECIFIED)
        report_wrap(out, lead,
                    arena_printf(arena, "intent: %s by %s%s%s", intent_names[verdict->intent],
                                 verdict->intent_rule == NULL ? "default" : report_clean(arena, verdict->intent_rule),
                                 verdict->intent_owner == NULL ? "" : ", owner ",
                                 verdict->intent_owner == NULL ? "" : report_clean(arena, verdict->intent_owner)),
                    WIDTH);
    const char *because = reasons_joined(arena, &verdict->because, REASON_UNTOLD, ", ");
    const char *doubts = report_doubts(arena, verdict);
    if (because != NULL)
        report_wrap(out, lead, report_clean(arena, because), WIDTH);
    if (doubts != NULL)
        report_wrap(out, lead, report_clean(arena, doubts), WIDTH);
    report_wrap(out, lead, arena_printf(arena, "→ %s", report_advice(verdict)), WIDTH);
    if (verdict->suggested.count > 0)
        report_wrap(out, lead, "Suggestion: " REPORT_SUGGESTION, WIDTH);
    for (size_t i = 0; i < verdict->suggested.count; i++)
        report_command(out, lead, report_clean(arena, verdict->suggested.items[i]), WIDTH);
}

// Findings of which the same is said: one cause, told once.
struct cause {
    const char *about;
    VECTOR(const struct verdict *) findings; // most severe first
};
typedef VECTOR(struct cause *) cause_list;

static cause_list causes_of(struct arena *arena, const struct verdict **shown, size_t count)
{
    cause_list causes = {0};
    struct map known = {0};
    struct verdict_texts *texts = verdict_texts_new();
    struct arena *scratch = arena_new();
    for (size_t i = 0; i < count; i++) {
        bool fresh;
        if (!report_is_finding(shown[i]) && !shown[i]->unstable)
            continue;
        struct text *about = verdict_texts_value(texts, shown[i], &fresh);
        if (fresh) {
            text_printf(about, "%d %d\n", (int)shown[i]->severity, (int)shown[i]->kind);
            write_about(scratch, shown[i], about);
            arena_reset(scratch);
        }
        struct cause *cause = map_get(&known, about->bytes);
        if (cause == NULL) {
            const char *key = arena_strdup(arena, about->bytes);
            cause = arena_new_of(arena, struct cause);
            cause->about = strchr(key, '\n') + 1;
            map_put(arena, &known, key, cause);
            *vector_add(arena, &causes) = cause;
        }
        *vector_add(arena, &cause->findings) = shown[i];
    }
    verdict_texts_free(texts);
    arena_free(scratch);
    return causes;
}

static void write_findings(struct arena *arena, const struct verdict **shown, size_t count,
                           const struct report_options *options, struct text *out)
{
    cause_list causes = causes_of(arena, shown, count);
    struct arena *scratch = arena_new();
    for (size_t i = 0; i < causes.count; i++) {
        for (size_t f = 0; f < causes.items[i]->findings.count; f++) {
            write_head(scratch, causes.items[i]->findings.items[f], options, out);
            arena_reset(scratch);
        }
        text_puts(out, causes.items[i]->about);
    }
    arena_free(scratch);
}

static void write_splits(struct arena *arena, const struct verdict_set *set, const struct report_options *options,
                         struct text *out)
{
    const char *colour = colour_of(options, (enum severity)VANTAGE_SPLIT_SEVERITY);
    for (size_t i = 0; i < set->splits.count; i++) {
        text_printf(out, "%s%-8s  %s%s\n", colour, severity_names[VANTAGE_SPLIT_SEVERITY],
                    report_split_places(arena, &set->splits.items[i]), colour[0] != '\0' ? "\033[0m" : "");
        report_wrap(out, "          ", report_split(arena, set, &set->splits.items[i]), WIDTH);
    }
    const char *rest = report_not_compared(arena, set);
    if (rest != NULL)
        report_wrap(out, "", rest, WIDTH);
}

static void write_changes(struct arena *arena, const struct report_run *run, struct text *out)
{
    if (run->runs == NULL || run->runs->count == 0 || run->drift == NULL)
        return;
    const struct run_record *last = &run->runs->items[run->runs->count - 1];
    const char *run_id = report_clean(arena, last->run_id);
    const char *begin = report_clean(arena, report_shortened(arena, last->begin, MINUTE));
    if (run->drift->count == 0) {
        text_printf(out, "Nothing moved since run %s of %s.\n", run_id, begin);
        return;
    }
    text_printf(out, "Since run %s of %s:\n", run_id, begin);
    for (size_t i = 0; i < run->drift->count && i < MOST_CHANGES; i++) {
        const struct drift *drift = &run->drift->items[i];
        const struct verdict *any = drift->after != NULL ? drift->after : drift->before;
        char address[ADDRESS_TEXT];
        address_format(drift->address, address);
        report_wrap(out, "  ",
                    arena_printf(arena, "%s %s %s %s", drift_names[drift->kind], address,
                                 drift->kind < DRIFT_OPENED ? "" : drift_place(arena, drift),
                                 report_clean(arena, verdict_label(arena, any))),
                    WIDTH);
    }
    if (run->drift->count > MOST_CHANGES)
        text_printf(out, "  and %zu more\n", (size_t)run->drift->count - MOST_CHANGES);
}

static void write_controls(struct arena *arena, const struct control_report *controls, struct text *out)
{
    size_t results[CONTROL_RESULTS] = {0}, shown = 0, count;
    const struct control **all = report_urgent_first(arena, controls->packs.items, controls->packs.count, &count);
    for (size_t i = 0; i < count; i++)
        results[all[i]->result]++;
    report_control_counts(results, out);
    for (size_t i = 0; i < count; i++)
        if (all[i]->result == CONTROL_FAIL && shown++ < MOST_CONTROLS)
            report_wrap(out, "  FAIL  ",
                        arena_printf(arena, "%s  %s: %s", report_clean(arena, all[i]->id),
                                     report_clean(arena, all[i]->title),
                                     all[i]->decided == NULL ? "" : report_clean(arena, all[i]->decided)),
                        WIDTH);
    if (shown > MOST_CONTROLS)
        text_printf(out, "  and %zu more: see controls.json\n", shown - MOST_CONTROLS);
}

static void write_coverage(struct arena *arena, const struct verdict_set *set, struct text *out)
{
    size_t ports[VERDICT_KINDS];
    const char *counts = "";
    report_count(set, ports);
    for (int i = 0; i < VERDICT_KINDS; i++)
        counts = arena_printf(arena, "%s%s%zu %s", counts, i > 0 ? ", " : "", ports[i], verdict_names[i]);
    report_wrap(out, "Ports: ", counts, WIDTH);
    for (size_t i = 0; i < set->gaps.count; i++)
        report_wrap(
            out, "Not asked: ",
            arena_printf(arena, "%zu × %s", set->gaps.items[i].count, report_clean(arena, set->gaps.items[i].what)),
            WIDTH);
    for (size_t i = 0; i < set->not_covered.count; i++)
        report_wrap(out, "Not covered: ", report_clean(arena, set->not_covered.items[i]), WIDTH);
}

void report_text(const struct report_run *run, const struct report_options *options, struct text *out)
{
    struct arena *arena = arena_new();
    const struct verdict_set *set = run->set;
    size_t count;
    const struct verdict **shown = report_worth_showing(arena, set, &count);
    if (!set->complete)
        report_wrap(out,
                    "INCOMPLETE: ", "not everything could be read, asked or written; what is missing is not clean.",
                    WIDTH);
    for (size_t i = 0; i < set->missing.count; i++)
        report_wrap(out, "  ", report_clean(arena, set->missing.items[i]), WIDTH);
    report_wrap(
        out, "Seen from ",
        arena_printf(arena, "%s: %zu endpoints, %zu ports asked",
                     set->vantage == NULL
                         ? "the internet at large"
                         : report_clean(arena, set->vantage_learnt != NULL ? set->vantage_learnt : set->vantage),
                     set->endpoints, set->asked),
        WIDTH);
    const char *silence = report_silence(arena, run);
    if (silence != NULL)
        report_wrap(out, "", silence, WIDTH);
    text_puts(out, "\n");
    size_t fine = 0;
    write_splits(arena, set, options, out);
    write_findings(arena, shown, count, options, out);
    for (size_t i = 0; i < count; i++)
        if (!report_is_finding(shown[i]) && !shown[i]->unstable && fine++ < MOST_FINE)
            write_head(arena, shown[i], options, out);
    if (fine > MOST_FINE)
        text_printf(out, "and %zu more that are as intended\n", fine - MOST_FINE);
    text_puts(out, count > 0 ? "\n" : "");
    for (size_t i = 0; i < set->intent_notes.count; i++) {
        const struct intent_note *note = &set->intent_notes.items[i];
        report_wrap(out, "Intent: ",
                    arena_printf(arena, "rule %s is %s: %s", report_clean(arena, note->rule),
                                 report_clean(arena, note->state), report_clean(arena, note->detail)),
                    WIDTH);
    }
    write_changes(arena, run, out);
    write_coverage(arena, set, out);
    if (run->controls != NULL) {
        write_controls(arena, run->controls, out);
        report_accesses_text(run->controls, out);
    }
    arena_free(arena);
}
