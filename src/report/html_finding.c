#include "model/protocol.h"
#include "report/html_parts.h"

void html_put(struct text *out, const char *tag, const char *class, const char *text)
{
    text_printf(out, class == NULL ? "<%s>" : "<%s class=\"%s\">", tag, class);
    report_escape(out, text);
    text_printf(out, "</%s>", tag);
}

const char *html_cell(struct arena *arena, const struct verdict *verdict)
{
    return arena_printf(arena, "c-%d-%d", (int)verdict->declared, (int)verdict->observed);
}

// ---- The path: what a packet meets, in order, and the way back. The reasons of a verdict name what admits it, or the
// first stage that stops it.

static const struct stage {
    const char *title;
    enum reason_stage stages[2]; // whose reasons are shown there
    bool if_any;                 // only where there are some
} stages[] = {
    {"Internet gateway", {REASON_GATEWAY, REASON_BLOCK_PUBLIC_ACCESS}, false},
    {"Load balancer", {REASON_BALANCER}, true},
    {"Network ACL, in", {REASON_ACL_IN}, false},
    {"Security groups", {REASON_GROUP}, false},
    {"Route back", {REASON_ROUTE, REASON_APPLIANCE}, false},
    {"Network ACL, out", {REASON_ACL_OUT}, false},
};

enum { STAGES = sizeof(stages) / sizeof(stages[0]), BACK = 4 };

// What admits it at a stage, or what stops it, in words; NULL where no reason tells.
static const char *decided_by(struct arena *arena, const struct verdict *verdict, const struct stage *stage, bool stops)
{
    const char *text = NULL;
    for (size_t i = 0; i < verdict->because.count; i++) {
        const struct reason *reason = verdict->because.items[i];
        if (reason->stops != stops || reason->stage == REASON_UNTOLD ||
            (reason->stage != stage->stages[0] && reason->stage != stage->stages[1]))
            continue;
        const char *one = reason_told(arena, reason);
        text = text == NULL ? one : arena_printf(arena, "%s, %s", text, one);
    }
    return text;
}

static void put_hop(struct text *out, const char *class, const char *title, const char *text)
{
    text_printf(out, "<li class=\"%s\">%s\n", class, title);
    report_escape(out, text);
    text_puts(out, "</li>");
}

static void put_path(struct arena *arena, const struct report_run *run, const struct verdict *verdict, struct text *out)
{
    bool stopped = false, back_begun = false;
    bool is_heard = verdict->observed == OBSERVED_OPEN || verdict->observed == OBSERVED_CLOSED;
    for (size_t i = 0; i < verdict->because.count; i++)
        if (verdict->because.items[i]->stage == REASON_UNTOLD)
            return; // at which stages they decide is not known
    text_puts(out, "<ol class=\"path\">");
    put_hop(out, "pass", "Internet", run->set->vantage == NULL ? "at large" : run->set->vantage);
    for (size_t s = 0; s < STAGES; s++) {
        const char *by = decided_by(arena, verdict, &stages[s], false);
        const char *stop = decided_by(arena, verdict, &stages[s], true);
        if (stages[s].if_any && by == NULL && stop == NULL)
            continue;
        if (s == BACK && !back_begun) {
            const char *name = verdict->eni_id == NULL ? "" : verdict->eni_id;
            put_hop(out, stopped ? "idle" : "pass", "Interface", name);
            put_hop(out, verdict->observed == OBSERVED_OPEN ? "pass" : "idle", "Listener",
                    arena_printf(arena, "%s: %s (%s%s%s)", report_port(arena, verdict),
                                 observed_names[verdict->observed], verdict->reason == NULL ? "" : verdict->reason,
                                 verdict->from == NULL ? "" : " from ", verdict->from == NULL ? "" : verdict->from));
            back_begun = true;
        }
        if (stop != NULL)
            put_hop(out, "stop", stages[s].title, arena_printf(arena, "✕ %s", stop));
        else if (by != NULL)
            put_hop(out, "pass", stages[s].title, arena_printf(arena, "✓ %s", by));
        else
            put_hop(out, "idle", stages[s].title,
                    !stopped                ? "lets it through"
                    : s >= BACK && is_heard ? "an answer came back"
                    : is_heard              ? "the packet came past it"
                                            : "not reached");
        stopped = stopped || stop != NULL;
    }
    text_puts(out, "</ol>\n");
}

// A line of its own; lines cost less than elements, and there may be ten thousand findings.
static void put_fact(struct text *out, const char *term, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    text_printf(out, "%s: ", term);
    report_escape(out, text);
    text_puts(out, "\n");
}

// ---- Packets

static const struct observation *observation_at(const struct observations *observations, size_t line)
{
    size_t low = 0, high = observations == NULL ? 0 : observations->items.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (observations->items.items[middle].line == line)
            return &observations->items.items[middle];
        if (observations->items.items[middle].line < line)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void put_service(struct arena *arena, const struct observation *one, struct text *out)
{
    const struct service *service = one == NULL ? NULL : one->service;
    if (service == NULL)
        return;
    const char *why = service->not_identified;
    const char *parts[] = {why == NULL ? NULL : arena_printf(arena, "not identified: %s", why), service->product,
                           service->banner, service->note, service->tls_version};
    const char *text = service->name;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (parts[i] != NULL)
            text = arena_printf(arena, "%s, %s", text, parts[i]);
    put_fact(out, "Service", text);
    const struct certificate *certificate = service->certificate;
    if (certificate != NULL)
        put_fact(out, "Certificate",
                 arena_printf(arena, "%s, until %s%s", certificate->subject,
                              certificate->not_after == NULL ? "an unreadable date" : certificate->not_after,
                              certificate->self_issued ? ", issued by itself" : ""));
}

static void put_packets(struct arena *arena, const struct report_run *run, const struct verdict *verdict,
                        struct text *out)
{
    enum { SHOWN = 8 };
    for (size_t i = 0; i < verdict->observations.count && i < SHOWN; i++) {
        const struct observation *one = observation_at(run->observations, verdict->observations.items[i]);
        const char *text = arena_printf(arena, "line %zu of observations.jsonl", verdict->observations.items[i]);
        if (one != NULL)
            text =
                arena_printf(arena, "%s: %s after %u %s%s%s", text, one->reason == NULL ? "" : one->reason, one->tries,
                             one->tries == 1 ? "try" : "tries", one->first_sent == NULL ? "" : ", first sent ",
                             one->first_sent == NULL ? "" : one->first_sent);
        for (size_t f = 0; one != NULL && f < one->frames.count && f < SHOWN; f++)
            text =
                arena_printf(arena, "%s%s %u", text, f == 0 ? "; frames of capture.pcap:" : ",", one->frames.items[f]);
        put_service(arena, one, out);
        put_fact(out, "Packets", text);
    }
}

// What to do, and the commands that do it, before all else.
static void put_advice(const struct verdict *verdict, struct text *out)
{
    text_puts(out, "<p><strong>What to do:</strong> ");
    report_escape(out, report_advice(verdict));
    text_puts(out, "</p>\n");
    if (verdict->suggested.count == 0)
        return;
    text_puts(out, "<p class=\"soft\">Suggestion: " REPORT_SUGGESTION "</p><pre>");
    for (size_t i = 0; i < verdict->suggested.count; i++) {
        report_escape(out, verdict->suggested.items[i]);
        text_puts(out, "\n");
    }
    text_puts(out, "</pre>\n");
}

void html_finding(struct arena *arena, const struct report_run *run, const struct verdict *verdict, bool open,
                  struct text *out)
{
    char address[ADDRESS_TEXT];
    address_format(verdict->address, address);
    const char *severity = severity_names[verdict->severity], *kind = report_word(verdict);
    text_printf(out, "<details%s id=\"f-%s\" class=\"f v-%s %s s-%s\"><summary><b class=\"%s\">%s</b><b>%s</b>",
                open ? " open" : "", report_finding_id(arena, verdict), verdict_names[verdict->kind],
                html_cell(arena, verdict), severity, severity, severity, kind);
    html_put(out, "code", NULL, report_port(arena, verdict));
    text_puts(out, "<span>");
    const char *label = owner_label(arena, verdict->name, verdict->owner);
    report_escape(out, label == NULL ? "" : label);
    text_printf(out, " %s%s<small>declared %s, observed %s</small>", address, verdict->unstable ? " unstable" : "",
                declared_names[verdict->declared], observed_names[verdict->observed]);
    if (report_is_finding(verdict) && !open)
        text_printf(out, "<small class=\"todo\">→ %s</small>", report_advice(verdict));
    text_puts(out, "</span></summary>\n<div class=\"inside\">");
    put_advice(verdict, out);
    html_put(out, "p", NULL, arena_printf(arena, "%s.", report_sentence(arena, verdict)));
    put_path(arena, run, verdict, out);
    text_puts(out, "<div class=\"facts\">");
    put_fact(out, "Intent",
             verdict->intent_rule == NULL
                 ? arena_printf(arena, "%s%s", intent_names[verdict->intent],
                                verdict->intent == INTENT_UNSPECIFIED ? "" : " by default")
                 : arena_printf(arena, "%s by %s", intent_names[verdict->intent], verdict->intent_rule));
    put_fact(out, "Owner", verdict->intent_owner);
    put_fact(out, "Reason", verdict->intent_reason);
    put_fact(out, "Exception",
             verdict->intent_expired == NULL ? NULL
                                             : arena_printf(arena, "%s is past its date", verdict->intent_expired));
    put_fact(out, "Account", verdict->account_id);
    put_fact(out, "Region", verdict->region);
    put_fact(out, "Instance", verdict->instance_id);
    put_packets(arena, run, verdict, out);
    put_fact(out, "Because", reasons_joined(arena, &verdict->because, REASON_UNTOLD, ", "));
    put_fact(out, "Doubt", report_doubts(arena, verdict));
    text_puts(out, "</div></div></details>\n");
}
