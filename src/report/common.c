#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/printable.h"
#include "model/protocol.h"
#include "report/report.h"

static int by_weight(const void *left, const void *right)
{
    const struct verdict *a = *(const struct verdict *const *)left, *b = *(const struct verdict *const *)right;
    if (a->severity != b->severity)
        return (int)a->severity - (int)b->severity;
    return a < b ? -1 : a > b ? 1 : 0; // both point into one array, sorted by place
}

bool report_is_account(const char *id)
{
    return id != NULL && strlen(id) == 12 && strspn(id, "0123456789") == 12;
}

bool report_is_shown(const struct verdict *verdict)
{
    if (verdict->accepting && verdict->accepts == 0 && verdict->kind == VERDICT_UNCONFIRMED)
        return false; // another one stands for it
    return verdict->kind != VERDICT_ENFORCED || verdict->severity != SEVERITY_INFO || verdict->unstable;
}

const struct verdict **report_worth_showing(struct arena *arena, const struct verdict_set *set, size_t *count)
{
    const struct verdict **shown = arena_array(arena, const struct verdict *, set->items.count + 1);
    *count = 0;
    for (size_t i = 0; i < set->items.count; i++) {
        const struct verdict *verdict = &set->items.items[i];
        if (report_is_shown(verdict))
            shown[(*count)++] = verdict;
    }
    qsort(shown, *count, sizeof(*shown), by_weight);
    return shown;
}

void report_hear(void *context, const struct observation *one)
{
    struct report_heard *heard = context;
    bool tcp = one->protocol == PROTOCOL_TCP;
    if (heard->address.family == 0 || !address_equal(one->address, heard->address)) {
        heard->silent += heard->address.family != 0 && !heard->is_heard;
        heard->shut += heard->is_closed && !heard->is_open;
        heard->address = one->address;
        heard->is_heard = heard->is_closed = heard->is_open = false;
    }
    heard->is_heard = heard->is_heard || one->state == OBSERVED_OPEN || one->state == OBSERVED_CLOSED;
    heard->is_closed = heard->is_closed || (tcp && one->state == OBSERVED_CLOSED);
    heard->is_open = heard->is_open || (tcp && one->state == OBSERVED_OPEN);
}

// What was heard of all, where `run` does not tell it already.
static struct report_heard heard_of(const struct report_run *run)
{
    struct report_heard heard = {0};
    if (run->heard != NULL)
        return *run->heard;
    for (size_t i = 0; i < run->observations->items.count; i++)
        report_hear(&heard, &run->observations->items.items[i]);
    return heard;
}

// Of hosts whose silence, or closed ports, nothing of their own vouches for.
static const char *resting(struct arena *arena, const struct report_heard *heard)
{
    bool last = heard->address.family != 0;
    size_t unheard = heard->silent + (last && !heard->is_heard);
    size_t shut = heard->shut + (heard->is_closed && !heard->is_open);
    const char *silence =
        unheard == 0   ? ""
        : unheard == 1 ? "; 1 address never answered: its silence rests on others"
                       : arena_printf(arena, "; %zu addresses never answered: their silence rests on others", unheard);
    return shut == 0 ? silence
                     : arena_printf(arena,
                                    "%s; %zu address%s had closed TCP ports and no open one: whoever resets may "
                                    "not be the host",
                                    silence, shut, shut == 1 ? "" : "es");
}

const char *report_silence(struct arena *arena, const struct report_run *run)
{
    const struct sentinels_told *told = run->observations == NULL ? NULL : &run->observations->sentinels;
    size_t ports[VERDICT_KINDS];
    if (told == NULL || !told->told)
        return NULL;
    report_count(run->set, ports);
    bool silent = ports[VERDICT_UNVERIFIED] > 0 || told->asked > 0 || run->set->left_out.silent;
    for (size_t i = 0; i < run->set->items.count; i++)
        silent = silent || run->set->items.items[i].observed == OBSERVED_FILTERED;
    if (!silent && run->set->items.count + run->set->left_out.count == 0)
        return "Silence: nothing was asked";
    const struct report_heard heard = heard_of(run);
    const char *rests = resting(arena, &heard);
    if (!silent)
        return arena_printf(arena, "Silence: everything that was asked answered%s", rests);
    if (told->asked == 0 && told->longest_gap <= 0 && ports[VERDICT_UNVERIFIED] > 0)
        return arena_printf(arena, "Silence: nothing vouches for it; %zu ports are unverified",
                            ports[VERDICT_UNVERIFIED]);
    return arena_printf(
        arena,
        "Silence: %ld of %ld sentinels answered, the longest gap between answers was %.1f s; %zu ports are "
        "unverified%s",
        told->answered, told->asked, told->longest_gap, ports[VERDICT_UNVERIFIED], rests);
}

const char *report_doubts(struct arena *arena, const struct verdict *verdict)
{
    const char *text = NULL;
    for (size_t i = 0; i < verdict->via.count; i++) {
        const struct reason *reason = verdict->via.items[i];
        const char *one = reason_text(arena, reason);
        if (reason->settle != NULL)
            one = arena_printf(arena, "%s (to settle it: %s)", one, reason->settle);
        text = text == NULL ? arena_printf(arena, "possible: %s", one) : arena_printf(arena, "%s; %s", text, one);
    }
    return text;
}

const char *report_ports(struct arena *arena, int protocol, uint16_t low, uint16_t high)
{
    const char *name = protocol_name(arena, protocol);
    if (!protocol_has_ports(protocol))
        return arena_printf(arena, "echo/%s", name);
    return arena_printf(arena, "%s/%s", portset_format(arena, portset_of(arena, low, high)), name);
}

const char *report_port(struct arena *arena, const struct verdict *verdict)
{
    return report_ports(arena, verdict->protocol, verdict->low, verdict->high);
}

const char *report_clean(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text == NULL ? "" : text);
    printable_line(copy);
    return copy;
}

// Columns of a UTF-8 text: continuation bytes take none.
static size_t columns(const char *text, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

// Where it is a command, a line that goes on says so to the shell, but for one that ends within quotes.
static void wrap(struct text *out, const char *lead, const char *words, size_t width, bool command)
{
    size_t indent = columns(lead, strlen(lead)), column = indent, room = command ? 2 : 0;
    bool quoted = false;
    text_puts(out, lead);
    for (const char *at = words; *at != '\0';) {
        size_t length = strcspn(at, " "), wide = columns(at, length);
        if (column > indent && column + 1 + wide + room > width) {
            text_printf(out, "%s\n%*s", command && !quoted ? " \\" : "", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            text_puts(out, " ");
            column++;
        }
        text_add(out, at, length);
        for (size_t i = 0; i < length; i++)
            quoted = quoted != (at[i] == '\'');
        column += wide;
        at += length;
        at += strspn(at, " ");
    }
    text_puts(out, "\n");
}

void report_command(struct text *out, const char *lead, const char *command, size_t width)
{
    wrap(out, lead, command, width, true);
}

void report_wrap(struct text *out, const char *lead, const char *words, size_t width)
{
    wrap(out, lead, words, width, false);
}

void report_each(const struct report_run *run, verdict_taker *take, void *context)
{
    if (run->each != NULL)
        run->each(run->source, take, context);
    else
        for (size_t i = 0; i < run->set->items.count; i++)
            take(context, &run->set->items.items[i]);
}

void report_count(const struct verdict_set *set, size_t ports[VERDICT_KINDS])
{
    for (int i = 0; i < VERDICT_KINDS; i++)
        ports[i] = set->left_out.ports[i];
    for (size_t i = 0; i < set->items.count; i++)
        ports[set->items.items[i].kind] += (size_t)(set->items.items[i].high - set->items.items[i].low) + 1;
}

bool report_is_finding(const struct verdict *verdict)
{
    return verdict->severity < SEVERITY_INFO;
}

const char *report_incomplete(struct arena *arena, const struct verdict_set *set)
{
    enum { TOLD = 5 };
    const char *text = "Not everything could be read, asked or written; what is missing is not clean";
    if (set->complete)
        return NULL;
    for (size_t i = 0; i < set->missing.count && i < TOLD; i++)
        text = arena_printf(arena, "%s%s%s", text, i == 0 ? ": " : "; ", report_clean(arena, set->missing.items[i]));
    return set->missing.count <= TOLD
               ? text
               : arena_printf(arena, "%s; and %zu more", text, (size_t)set->missing.count - TOLD);
}

const char *report_unsure(const struct verdict *verdict)
{
    return verdict->unstable ? "unstable: the configuration or the answers changed meanwhile" : NULL;
}

const char *report_finding_id(struct arena *arena, const struct verdict *verdict)
{
    char address[ADDRESS_TEXT], sha256[DIGEST_TEXT];
    address_format(verdict->address, address);
    const char *from = verdict->asked_from == NULL           ? NULL
                       : verdict->asked_from->eni_id != NULL ? verdict->asked_from->eni_id
                                                             : report_asked_from(arena, verdict);
    const char *key = arena_printf(arena, "%s|%s|%s|%s%s%s", verdict->account_id == NULL ? "" : verdict->account_id,
                                   address, report_port(arena, verdict), verdict_names[verdict->kind],
                                   from == NULL ? "" : "|", from == NULL ? "" : from);
    digest_sha256(key, strlen(key), sha256);
    return arena_strndup(arena, sha256, 32);
}

// An unverified one: whether packets left for it.
static bool was_asked(const struct verdict *verdict)
{
    return verdict->reason != NULL && strncmp(verdict->reason, "local:", 6) != 0 &&
           strcmp(verdict->reason, "not asked") != 0 && strcmp(verdict->reason, "interrupted") != 0;
}

const char *report_asked_from(struct arena *arena, const struct verdict *verdict)
{
    const struct asked_from *from = verdict->asked_from;
    char address[ADDRESS_TEXT];
    if (from == NULL)
        return "";
    address_format(from->address, address);
    return from->eni_id == NULL ? arena_strdup(arena, address)
                                : arena_printf(arena, "%s (%s)", report_clean(arena, from->eni_id), address);
}

const char *report_sentence(struct arena *arena, const struct verdict *verdict)
{
    static const char *const what[VERDICT_KINDS] = {
        [VERDICT_CONFIRMED] = "is reachable, and something answers",
        [VERDICT_LATENT] = "is reachable, and nothing listens today",
        [VERDICT_BLOCKED] = "is declared reachable, and something that the configuration does not show stops it",
        [VERDICT_UNDECLARED] = "answers, though the configuration lets nothing through",
        [VERDICT_ENFORCED] = "is closed by the configuration, and nothing answers",
        [VERDICT_UNCONFIRMED] = "is declared reachable, and is silent over UDP",
        [VERDICT_UNVERIFIED] = "could not be asked",
    };
    const char *said = verdict->kind == VERDICT_UNVERIFIED && was_asked(verdict)
                           ? "was asked, and nothing vouches for what came of it"
                           : what[verdict->kind];
    if (verdict->outage)
        said = "is an outage: it answered before, and does not now";
    static const char *const meant[] = {", as intended", ", which the intent does not allow", ""};
    char address[ADDRESS_TEXT];
    address_format(verdict->address, address);
    const char *name = verdict_label(arena, verdict);
    const char *from = report_asked_from(arena, verdict);
    from = from[0] == '\0' ? "" : arena_printf(arena, ", asked from %s", from);
    if (verdict->accepts > 0)
        return arena_printf(arena,
                            "%s%s%s%s answers on every TCP port (%" PRIu32 " of those asked), so that an open one says "
                            "nothing%s",
                            name == NULL ? "" : name, name == NULL ? "" : " (", address, name == NULL ? "" : ")",
                            verdict->accepts, from);
    return arena_printf(arena, "%s of %s%s%s%s %s%s%s", report_port(arena, verdict), name == NULL ? "" : name,
                        name == NULL ? "" : " (", address, name == NULL ? "" : ")", said,
                        verdict->outage ? ", though the intent expects it" : meant[verdict->intent], from);
}

const char *report_word(const struct verdict *verdict)
{
    return verdict->outage ? "outage" : verdict_names[verdict->kind];
}

const char *report_advice(const struct verdict *verdict)
{
    if (verdict->outage)
        return "Find what stopped it: a change of the configuration (sgproof diff BEFORE AFTER names it), its host or "
               "its service; or take its rule out of the intent.";
    bool expected = verdict->intent == INTENT_EXPECTED, unspecified = verdict->intent == INTENT_UNSPECIFIED;
    switch (verdict->kind) {
    case VERDICT_UNDECLARED:
        return verdict->observed == OBSERVED_OPEN
                   ? "Stop what listens there. Then find the way around the configuration: a device in the path, "
                     "another owner of the address, or a change that was not read."
                   : "A reset came back where no packet should arrive: find which device in the path sends it.";
    case VERDICT_CONFIRMED:
        return expected      ? "Nothing: it is meant to be so."
               : unspecified ? "Say in the intent whether it is meant to be public, and close it if it is not."
                             : "Remove the rule that admits it, or allow it in the intent with an owner and a reason.";
    case VERDICT_LATENT:
        return expected ? "Start what should listen, or remove the rule until it does."
                        : "Remove the rule that admits it: it is public as soon as a service starts.";
    case VERDICT_BLOCKED:
        return expected ? "It ought to answer: look for a firewall on the host or a device in the path."
                        : "Remove the rule that admits it: only something outside the configuration stops it today.";
    case VERDICT_ENFORCED:
        return expected ? "The intent expects it reachable: open it, or take the rule out of the intent."
                        : "Nothing: it is closed.";
    case VERDICT_UNCONFIRMED:
        if (verdict->accepting)
            return "Find what answers in the host's place (a SYN proxy, a tarpit, an intrusion prevention system that "
                   "answers scanners), let this vantage pass it, and ask again.";
        return "Silence over UDP proves nothing: remove the rule if nobody needs it.";
    case VERDICT_UNVERIFIED:
        if (verdict->reason != NULL && strncmp(verdict->reason, "local:", 6) == 0)
            return "This machine could not send it: see to what it names, and ask again.";
        if (was_asked(verdict))
            return "Ask again, from an address that is not banned, more slowly (--host-rate), or beside a --canary "
                   "that "
                   "answers: it is not known to be closed.";
        break;
    case VERDICT_KINDS:
        break;
    }
    return "Ask again: what was not asked is not known to be closed.";
}

const char *report_shortened(struct arena *arena, const char *text, size_t most)
{
    size_t length = strlen(text);
    if (length <= most)
        return text;
    while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80)
        most--;
    return arena_strndup(arena, text, most);
}

static void escape(struct text *out, const char *text, bool lines)
{
    static const char replacement[] = "\xef\xbf\xbd"; // U+FFFD
    for (const char *p = text == NULL ? "" : text; *p != '\0';) {
        uint32_t code;
        size_t length = printable_next(p, &code);
        if (*p == '&')
            text_puts(out, "&amp;");
        else if (*p == '<')
            text_puts(out, "&lt;");
        else if (*p == '>')
            text_puts(out, "&gt;");
        else if (*p == '"')
            text_puts(out, "&quot;");
        else if (*p == '\'')
            text_puts(out, "&#39;");
        else if (printable_is(code) || (lines && code == '\n'))
            text_add(out, p, length);
        else
            text_puts(out, replacement);
        p += length;
    }
}

void report_escape(struct text *out, const char *text)
{
    escape(out, text, false);
}

void report_escape_lines(struct text *out, const char *text)
{
    escape(out, text, true);
}

int64_t report_seconds(const char *moment)
{
    int64_t seconds;
    return moment != NULL && clock_parse(moment, &seconds) ? seconds : 0;
}
