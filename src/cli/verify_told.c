#include "cli/verify_told.h"

#include <stdarg.h>

#include "base/printable.h"
#include "pipeline/readings.h"
#include "report/report.h"
#include "evidence/remembered.h"

// ---- What it is about: from what was derived, not from what is claimed

static void find_places(const struct verified *verified, text_list *accounts, text_list *regions)
{
    struct arena *arena = verified->checks.arena;
    const struct exposure_set *exposures = verified->derivation.before.exposures;
    struct map known_accounts = {0}, known_regions = {0};
    for (size_t i = 0; i < exposures->endpoints.count; i++) {
        const struct interface_place *place = exposures->endpoints.items[i].interface->place;
        text_list_add_new(arena, accounts, &known_accounts, place->account_id == NULL ? "unknown" : place->account_id);
        text_list_add_new(arena, regions, &known_regions, place->region == NULL ? "unknown" : place->region);
    }
    if (accounts->count > 1)
        sort_texts(accounts->items, accounts->count);
    if (regions->count > 1)
        sort_texts(regions->items, regions->count);
}

static bool is_derived(const struct verified *verified)
{
    return verified->derivation.whole;
}

static void put_line(struct arena *arena, struct text *out, const char *what, const char *detail)
{
    char *line = arena_strdup(arena, detail);
    printable_line_close(line);
    text_printf(out, "  %-11s  %s\n", what, line);
}

static const char *joined(struct arena *arena, const text_list *list, const char *by)
{
    struct text text = {0};
    for (size_t i = 0; i < list->count; i++) {
        text_puts(&text, i > 0 ? by : "");
        text_puts(&text, list->items[i]);
    }
    const char *made = list->count == 0 ? "none" : arena_strndup(arena, text.bytes, text.length);
    text_free(&text);
    return made;
}

// What became of a change; that its verdicts are complete does not say that it is.
static void write_change(const struct change_report *report, struct arena *arena, struct text *out)
{
    const char *lacks =
        report->complete ? ""
                         : arena_printf(arena, "; INCOMPLETE: %zu things are missing", (size_t)report->missing.count);
    put_line(arena, out, "change", arena_printf(arena, "%s%s", report_change_title(arena, report), lacks));
}

static void write_not_covered(const struct exposure_set *exposures, struct arena *arena, struct text *out)
{
    enum { MOST = 10 };
    size_t count = exposures->not_covered.count;
    for (size_t i = 0; i < count && i < MOST; i++)
        put_line(arena, out, i == 0 ? "not covered" : "", exposures->not_covered.items[i]);
    if (count > MOST)
        put_line(arena, out, "", arena_printf(arena, "and %zu more: see exposure.json", count - MOST));
}

static void write_derived(const struct verified *verified, struct text *out)
{
    struct arena *arena = verified->checks.arena;
    const struct manifest *manifest = &verified->bundle.manifest;
    const struct verdict_set *set = &verified->derivation.set;
    struct run_record counted = {0};
    text_list accounts = {0}, regions = {0};
    const char *counts = NULL;
    find_places(verified, &accounts, &regions);
    run_record_count(set, &counted);
    for (size_t i = 0; i < VERDICT_KINDS; i++)
        if (counted.by_verdict[i] > 0)
            counts = arena_printf(arena, "%s%s%s %zu", counts == NULL ? "" : counts, counts == NULL ? "" : ", ",
                                  verdict_names[i], counted.by_verdict[i]);
    put_line(arena, out, "accounts",
             arena_printf(arena, "%s; regions: %s", joined(arena, &accounts, ", "), joined(arena, &regions, ", ")));
    put_line(arena, out, "vantage",
             set->vantage == NULL ? "none: judged for the internet at large"
                                  : joined(arena, &manifest->vantages, ", "));
    put_line(arena, out, "coverage",
             arena_printf(arena, "%zu endpoints, %zu ports asked, depth %s, silence after %ld tries of %ld ms; %s",
                          set->endpoints, set->asked, manifest->depth, manifest->tries, manifest->timeout_ms,
                          set->complete
                              ? "complete"
                              : arena_printf(arena, "INCOMPLETE: %zu things are missing", (size_t)set->missing.count)));
    for (size_t i = 0; i < set->gaps.count; i++)
        put_line(arena, out, i == 0 ? "not asked" : "",
                 arena_printf(arena, "%zu × %s", set->gaps.items[i].count, set->gaps.items[i].what));
    put_line(arena, out, "verdicts", counts == NULL ? "none" : counts);
    if (verified->derivation.given.change.base != NULL)
        write_change(&verified->derivation.change.report, arena, out);
    write_not_covered(verified->derivation.before.exposures, arena, out);
}

// ---- What only its maker can say

static void claim(const struct verified *verified, text_list *claims, const char *format, ...)
{
    struct arena *arena = verified->checks.arena;
    va_list arguments;
    va_start(arguments, format);
    *vector_add(arena, claims) = arena_vprintf(arena, format, arguments);
    va_end(arguments);
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

// What everything is judged by, and nothing read or heard tells of.
static void claim_given(const struct verified *verified, text_list *claims)
{
    const struct manifest *manifest = &verified->bundle.manifest;
    const struct derivation *derivation = &verified->derivation;
    const struct intent *intent = derivation->intent;
    size_t answered = 0;
    if (intent == NULL)
        claim(verified, claims, "that nobody says what is meant, and so nothing is forbidden: there is no intent.json");
    else
        claim(verified, claims,
              "that intent.json is what is meant: platform %s, by default %s, %zu rule%s, %zu exception%s, %zu "
              "administrator%s (SHA-256 %.16s...)",
              intent->platform, intent->default_allow ? "allow" : "deny", (size_t)intent->rules.count,
              plural(intent->rules.count), (size_t)intent->exceptions.count, plural(intent->exceptions.count),
              (size_t)intent->administrators.count, plural(intent->administrators.count),
              manifest_file(manifest, "intent.json")->sha256);
    claim(verified, claims, "judged on %s: what of the intent had expired by then no longer allows",
          manifest->judged_on);
    for (size_t i = 0; i < derivation->answered.items.count; i++)
        answered += portset_size(derivation->answered.items.items[i].open) +
                    portset_size(derivation->answered.items.items[i].closed);
    if (derivation->given.answered != NULL)
        claim(verified, claims, "that %zu port%s answered before (" REMEMBERED_ANSWERS ")", answered, plural(answered));
    for (int form = 0; form < PLAN_FORMS; form++)
        for (size_t i = 0; i < derivation->given.change.plans[form].count; i++) {
            const char *name = change_plan_name(verified->checks.arena, form, i);
            claim(verified, claims, "that %s is %s of this change (SHA-256 %.16s...)", name,
                  form == PLAN_TERRAFORM ? "the plan" : "a change set", manifest_file(manifest, name)->sha256);
        }
    if (derivation->given.change.base != NULL && !change_is_planned(&derivation->given.change))
        claim(verified, claims, "that the change has no plan, and so all that moved counts as meant%s",
              intent == NULL ? "" : " unless the intent forbids it");
    if (derivation->runs.count > 0)
        claim(verified, claims, "%zu earlier runs, and what the last of them saw", (size_t)derivation->runs.count);
}

// What the packets do not tell of themselves.
static void claim_probed(const struct verified *verified, text_list *claims)
{
    const struct manifest *manifest = &verified->bundle.manifest;
    const struct derivation *derivation = &verified->derivation;
    const struct observations *told = &derivation->observations;
    size_t services = 0, local = 0;
    if (manifest->vantages.count > 0)
        claim(verified, claims, "how it knows the vantage: %s",
              vantages_learnt(verified->checks.arena, &derivation->given.vantages));
    for (size_t i = 0; i < manifest->canaries.count; i++)
        claim(verified, claims, "that the canary %s is a host of its own, and answers for itself",
              manifest->canaries.items[i]);
    for (size_t i = 0; i < told->items.count; i++) {
        const struct observation *one = &told->items.items[i];
        services += one->service != NULL;
        if (one->state == OBSERVED_UNKNOWN && strncmp(one->reason, "local:", 6) == 0)
            local += (size_t)(one->high - one->low) + 1;
    }
    if (local > 0)
        claim(verified, claims, "that its machine could not ask %zu port%s, which are unknown", local, plural(local));
    if (told->interrupted)
        claim(verified, claims, "that the probe was interrupted: what had no answer by then is unknown");
    if (services > 0)
        claim(verified, claims, "what %zu open port%s said to run", services, services == 1 ? " was" : "s were");
    if (told->method != NULL)
        claim(verified, claims, "probed by %s, in %ld pass%s; %ld packets that arrived were dropped for want of room",
              told->method, told->passes, told->passes == 1 ? "" : "es", told->dropped);
}

static void find_claims(const struct verified *verified, text_list *claims)
{
    const struct manifest *manifest = &verified->bundle.manifest;
    struct arena *arena = verified->checks.arena;
    if (is_derived(verified))
        claim_given(verified, claims);
    claim(verified, claims, "that before/ and after/ are AWS's answers, and whole");
    if (manifest->claims.signer != NULL)
        claim(verified, claims, "that the key with fingerprint %s was to sign it, as the report says",
              manifest->claims.signer);
    for (int i = 0; i < 2; i++) {
        static const char *const readings[] = {"before", "after"};
        const char *ended = read_until(arena, verified->bundle.folder, manifest, readings[i]);
        if (ended != NULL)
            claim(verified, claims, "%s/ was read until %s", readings[i], ended);
    }
    if (verified->derivation.given.change.base != NULL)
        claim(verified, claims, "that base/ is AWS's answers of before the change");
    if (is_derived(verified))
        claim_probed(verified, claims);
    if (manifest_file(manifest, "capture.pcap") != NULL)
        claim(verified, claims,
              "that the packets were sent and heard, and that no answer was left out of them: nothing shows what is "
              "not there");
}

static void write_claims(const struct verified *verified, struct text *out)
{
    struct arena *arena = verified->checks.arena;
    const struct manifest_claims *claims = &verified->bundle.manifest.claims;
    text_list others = {0};
    if (claims->begin == NULL || claims->end == NULL)
        return;
    put_line(arena, out, "claims", "its maker's word, vouched for by nothing else:");
    put_line(arena, out, "", arena_printf(arena, "title %s", claims->title));
    put_line(arena, out, "", arena_printf(arena, "begun %s, ended %s", claims->begin, claims->end));
    put_line(arena, out, "",
             arena_printf(arena, "by sgproof %s: %s", claims->tool_version, joined(arena, &claims->command, " ")));
    find_claims(verified, &others);
    for (size_t i = 0; i < others.count; i++)
        put_line(arena, out, "", others.items[i]);
}

static const char *conclusion(const struct checks *checks)
{
    return !checks_hold(checks)      ? "The evidence does NOT hold."
           : checks_all_done(checks) ? "The evidence holds."
                                     : "What was checked holds; NOT CHECKED is not vouched for.";
}

void verify_write_text(const struct verified *verified, struct text *out)
{
    const struct checks *checks = &verified->checks;
    char *name = arena_strdup(checks->arena, verified->bundle.name);
    struct text lines = {0};
    printable_line(name);
    text_printf(out, "%s\n", name);
    if (is_derived(verified))
        write_derived(verified, &lines);
    write_claims(verified, &lines);
    if (lines.length > 0)
        text_add(out, lines.bytes, lines.length);
    text_free(&lines);
    for (size_t i = 0; i < checks->items.count; i++) {
        char *detail = arena_strdup(checks->arena, checks->items.items[i].detail);
        printable_line_close(detail);
        text_printf(out, "  %-11s  %-11s  %s\n", check_names[checks->items.items[i].state], checks->items.items[i].what,
                    detail);
    }
    text_printf(out, "  %s\n", conclusion(checks));
}

static void put_change(const struct change_report *report, struct arena *arena, struct json_writer *writer)
{
    json_open(writer, "change", '{');
    json_put_boolean(writer, "complete", report->complete);
    json_put_string(writer, "title", report_change_title(arena, report));
    change_outcomes_put(report, writer);
    json_close(writer, '}');
}

void verify_put_json(const struct verified *verified, struct json_writer *writer)
{
    static const char *const states[] = {"ok", "wrong", "not-checked", "absent"};
    const struct checks *checks = &verified->checks;
    const struct manifest *manifest = &verified->bundle.manifest;
    json_open(writer, NULL, '{');
    json_put_string(writer, "bundle", verified->bundle.name);
    json_put_string(writer, "run_id", manifest->run_id);
    json_put_string(writer, "manifest_sha256", verified->bundle.sha256);
    json_put_boolean(writer, "holds", checks_hold(checks));
    json_put_boolean(writer, "all_checked", checks_all_done(checks));
    if (is_derived(verified)) {
        text_list accounts = {0}, regions = {0};
        find_places(verified, &accounts, &regions);
        json_put_strings_line(writer, "accounts", accounts.items, accounts.count);
        json_put_strings_line(writer, "regions", regions.items, regions.count);
        json_put_string(writer, "vantage", verified->derivation.set.vantage);
        json_put_boolean(writer, "complete", verified->derivation.set.complete);
        if (verified->derivation.given.change.base != NULL)
            put_change(&verified->derivation.change.report, verified->checks.arena, writer);
        json_put_strings(writer, "not_covered", verified->derivation.before.exposures->not_covered.items,
                         verified->derivation.before.exposures->not_covered.count);
    }
    if (manifest->claims.begin != NULL) {
        json_open(writer, "claims", '{');
        json_put_string(writer, "tool_version", manifest->claims.tool_version);
        json_put_string(writer, "title", manifest->claims.title);
        json_put_string(writer, "begin", manifest->claims.begin);
        json_put_string(writer, "end", manifest->claims.end);
        text_list others = {0};
        find_claims(verified, &others);
        json_put_strings_line(writer, "others", others.items, others.count);
        json_close(writer, '}');
    }
    json_open(writer, "checks", '[');
    for (size_t i = 0; i < checks->items.count; i++) {
        json_open_line(writer, NULL, '{');
        json_put_string(writer, "check", checks->items.items[i].what);
        json_put_string(writer, "state", states[checks->items.items[i].state]);
        json_put_string(writer, "detail", checks->items.items[i].detail);
        json_close(writer, '}');
    }
    json_close(writer, ']');
    json_close(writer, '}');
}
