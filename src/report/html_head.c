// The head of the report: whose estate it is, what was asked and what not, and how marks are to be read.
#include "base/digest.h"
#include "base/printable.h"
#include "report/html_parts.h"
#include "report_css.h"
#include "report_js.h"

enum { MOST_MISSING = 1000, MOST_NAMED = 6, MOST_DOWN = 10 };

// What a radio button, when it is chosen, hides, and how its label shows that. The buttons stand before everything that
// they act on: :has() would cost a second of ten thousand findings.
static void put_filter_rules(struct text *css, const char *class, bool hides)
{
    if (hides)
        text_printf(css, "#%s:checked~main .f:not(.%s){display:none}\n", class, class);
    text_printf(css,
                "#%s:checked~main label[for=%s]{background:var(--link);color:var(--paper)}\n"
                "#%s:focus-visible~main label[for=%s]{outline:3px solid var(--link);outline-offset:2px}\n",
                class, class, class, class);
}

// A text within quotes of CSS: all but letters, digits and blanks by their numbers.
static void put_css_text(struct text *css, const char *text)
{
    for (const char *p = text; *p != '\0';) {
        uint32_t code;
        size_t length = printable_next(p, &code);
        bool plain = (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9');
        if (plain)
            text_add(css, p, 1);
        else
            text_printf(css, "\\%06x ", printable_is(code) ? code : 0xfffd);
        p += length;
    }
}

// Each printed page says what it is a page of.
static void put_page_margins(struct arena *arena, const struct report_run *run, struct text *css)
{
    text_puts(css, "@media print{@page{@bottom-left{content:\"");
    put_css_text(css, report_shortened(arena, run->title, 80));
    if (run->manifest != NULL) {
        put_css_text(css, ", ");
        put_css_text(css, report_shortened(arena, run->manifest->claims.begin, MINUTE));
        put_css_text(css, " UTC");
    }
    put_css_text(css, ", ");
    put_css_text(css, report_shortened(arena, html_accounts(arena, run->set), 80));
    text_puts(css, "\"}@bottom-right{content:counter(page) \" / \" counter(pages)}}}\n");
}

static void make_style(struct arena *arena, const struct report_run *run, struct text *css)
{
    text_add(css, report_css, sizeof(report_css) - 1);
    for (int d = 0; declared_names[d] != NULL; d++)
        for (int o = 0; observed_names[o] != NULL; o++)
            put_filter_rules(css, arena_printf(arena, "c-%d-%d", d, o), true);
    for (int s = 0; severity_names[s] != NULL; s++)
        put_filter_rules(css, arena_printf(arena, "s-%s", severity_names[s]), true);
    put_filter_rules(css, "every-cell", false);
    put_filter_rules(css, "every-severity", false);
    put_page_margins(arena, run, css);
}

void html_head(struct arena *arena, const struct report_run *run, struct text *out)
{
    struct text css = {0};
    char style[DIGEST_BASE64], script[DIGEST_BASE64];
    make_style(arena, run, &css);
    digest_sha256_base64(css.bytes, css.length, style);
    digest_sha256_base64(report_js, sizeof(report_js) - 1, script);
    text_printf(out,
                "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-%s'; "
                "script-src 'sha256-%s'; base-uri 'none'; form-action 'none'\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"generator\" content=\"sgproof\"><style>",
                style, script);
    text_add(out, css.bytes, css.length);
    text_puts(out, "</style>\n<title>sgproof: ");
    report_escape(out, run->title);
    text_puts(out, "</title></head><body>\n");
    text_free(&css);
}

void html_script(struct text *out)
{
    text_puts(out, "<script>");
    text_add(out, report_js, sizeof(report_js) - 1);
    text_puts(out, "</script>\n");
}

static void put_tile(struct text *out, const char *href, const char *class, const char *number, const char *what)
{
    text_printf(out, "<a class=\"tile\" href=\"#%s\"><b class=\"%s\">", href, class);
    report_escape(out, number);
    text_puts(out, "</b>");
    html_put(out, "span", NULL, what);
    text_puts(out, "</a>\n");
}

static size_t ports_of(const struct verdict_set *set, enum severity most)
{
    size_t count = 0;
    for (size_t i = 0; i < set->items.count; i++)
        if (set->items.items[i].severity <= most)
            count += (size_t)(set->items.items[i].high - set->items.items[i].low) + 1;
    return count;
}

static size_t outages(const struct verdict_set *set)
{
    size_t count = 0;
    for (size_t i = 0; i < set->items.count; i++)
        if (set->items.items[i].outage)
            count += (size_t)(set->items.items[i].high - set->items.items[i].low) + 1;
    return count;
}

// The distinct texts of a set's endpoints, or of its verdicts where those are not told.
static const char *distinct(struct arena *arena, const struct verdict_set *set, bool account)
{
    text_list list = {0};
    struct map known = {0};
    const char *text = "";
    for (size_t i = 0; i < set->places.count; i++) {
        const struct endpoint_place *one = &set->places.items[i];
        text_list_add_new(arena, &list, &known, account ? one->account_id : one->region);
    }
    for (size_t i = 0; i < set->items.count && set->places.count == 0; i++) {
        const struct verdict *one = &set->items.items[i];
        text_list_add_new(arena, &list, &known, account ? one->account_id : one->region);
    }
    for (size_t i = 0; i < list.count && i < MOST_NAMED; i++)
        text = arena_printf(arena, "%s%s%s", text, i > 0 ? ", " : "", report_clean(arena, list.items[i]));
    if (list.count > MOST_NAMED)
        text = arena_printf(arena, "%s and %zu more", text, (size_t)list.count - MOST_NAMED);
    return list.count == 0 ? "not told" : text;
}

const char *html_accounts(struct arena *arena, const struct verdict_set *set)
{
    return arena_printf(arena, "account %s", distinct(arena, set, true));
}

static void put_row(struct text *out, const char *term, const char *text)
{
    html_put(out, "dt", NULL, term);
    html_put(out, "dd", NULL, text);
}

static void put_identity(struct arena *arena, const struct report_run *run, struct text *out)
{
    const struct verdict_set *set = run->set;
    text_puts(out, "<dl class=\"identity\">");
    put_row(out, "Account", distinct(arena, set, true));
    put_row(out, "Region", distinct(arena, set, false));
    put_row(out, "Seen from",
            set->vantage == NULL          ? "the internet at large"
            : set->vantage_learnt != NULL ? set->vantage_learnt
                                          : set->vantage);
    if (run->manifest != NULL) {
        const struct manifest_claims *claims = &run->manifest->claims;
        put_row(out, "When",
                arena_printf(arena, "%s to %s UTC", report_shortened(arena, claims->begin, MINUTE),
                             report_shortened(arena, claims->end, MINUTE)));
        // A run's id is the hash of what holds this file's, so that it cannot stand here.
        put_row(out, "Run", "run_id of manifest.json beside this file, which seals it");
        put_row(out, "Key", claims->signer == NULL ? "none: unsigned" : claims->signer);
    }
    put_row(out, "Coverage", arena_printf(arena, "%zu public endpoints, %zu ports asked", set->endpoints, set->asked));
    const char *silence = report_silence(arena, run);
    if (silence != NULL && strncmp(silence, "Silence: ", 9) == 0)
        put_row(out, "Silence", silence + 9);
    text_puts(out, "</dl>\n");
}

static void put_complete(struct arena *arena, const struct verdict_set *set, struct text *out)
{
    const char *text =
        set->complete ? "everything was read and asked as planned" : "what is missing is not clean; it stands below";
    for (size_t i = 0; i < set->gaps.count; i++)
        text = arena_printf(arena, "%s%s%zu %s", text, i == 0 ? ". Not asked: " : "; ", set->gaps.items[i].count,
                            report_clean(arena, set->gaps.items[i].what));
    put_tile(out, "coverage", set->complete ? "good" : "critical", set->complete ? "Complete" : "Incomplete", text);
}

static void put_tiles(struct arena *arena, const struct report_run *run, const size_t ports[VERDICT_KINDS],
                      struct text *out)
{
    const struct verdict_set *set = run->set;
    const char *none = set->complete ? "good" : "info"; // of what is not whole a 0 is no good news
    const struct report_inside_row inside = report_inside_sum(run->inside);
    size_t outer = ports_of(set, SEVERITY_HIGH), inner = report_inside_severe(&inside);
    size_t undeclared = ports[VERDICT_UNDECLARED] + inside.ports[VERDICT_UNDECLARED];
    size_t blocked = ports[VERDICT_BLOCKED] + inside.ports[VERDICT_BLOCKED];
    size_t urgent = outer + inner, disagree = undeclared + blocked;
    size_t moved = run->drift == NULL ? 0 : run->drift->count, down = outages(set);
    bool compared = run->runs != NULL && run->runs->count > 0;
    text_puts(out, "<div class=\"tiles\">\n");
    put_complete(arena, set, out);
    put_tile(out, outer == 0 && inner > 0 ? "inside" : "findings", urgent > 0 ? "critical" : none,
             arena_printf(arena, "%zu", urgent),
             inner == 0
                 ? "ports are critical or high"
                 : arena_printf(arena, "ports are critical or high: %zu from outside, %zu from inside", outer, inner));
    put_tile(out, "matrix",
             undeclared > 0 ? "critical"
             : disagree > 0 ? "medium"
                            : none,
             arena_printf(arena, "%zu", disagree),
             arena_printf(arena, "ports disagree: %zu undeclared, %zu blocked%s", undeclared, blocked,
                          run->inside == NULL ? "" : "; inside counts too"));
    put_tile(out, "map", "info", arena_printf(arena, "%zu", ports[VERDICT_CONFIRMED] + ports[VERDICT_LATENT]),
             arena_printf(arena, "ports are exposed: %zu confirmed, %zu latent", ports[VERDICT_CONFIRMED],
                          ports[VERDICT_LATENT]));
    put_tile(out, "changes",
             down > 0    ? "critical"
             : moved > 0 ? "medium"
                         : "info",
             compared ? arena_printf(arena, "%zu", moved) : "–",
             compared ? "changes since the last run" : "no earlier run to compare with");
    text_puts(out, "</div>\n");
}

static void put_outages(struct arena *arena, const struct verdict_set *set, size_t down, struct text *out)
{
    size_t told = 0;
    text_printf(out,
                "<div class=\"alert\" role=\"alert\"><strong>Outage.</strong> %zu port%s that the intent expects to "
                "answer did before, and %s not now:<ul>",
                down, down == 1 ? "" : "s", down == 1 ? "does" : "do");
    for (size_t i = 0; i < set->items.count; i++) {
        const struct verdict *one = &set->items.items[i];
        if (!one->outage || told++ >= MOST_DOWN)
            continue;
        text_printf(out, "<li><a href=\"#f-%s\">", report_finding_id(arena, one));
        report_escape(out, report_sentence(arena, one));
        text_puts(out, "</a></li>");
    }
    if (told > MOST_DOWN)
        text_printf(out, "<li>and %zu more below</li>", told - MOST_DOWN);
    text_puts(out, "</ul></div>\n");
}

void html_summary(struct arena *arena, const struct report_run *run, const size_t ports[VERDICT_KINDS],
                  struct text *out)
{
    const struct verdict_set *set = run->set;
    size_t down = outages(set);
    text_puts(out, "<header><h1>");
    report_escape(out, run->title);
    text_puts(out,
              "</h1>\n<p class=\"soft\">Network exposure: what the configuration declares × what packets met</p>\n");
    put_identity(arena, run, out);
    put_tiles(arena, run, ports, out);
    if (down > 0)
        put_outages(arena, set, down, out);
    if (!set->complete) {
        text_puts(out, "<div class=\"alert\" role=\"alert\"><strong>Incomplete.</strong> Not everything could be read, "
                       "asked or written; what is "
                       "missing is not clean.<ul>");
        for (size_t i = 0; i < set->missing.count && i < MOST_MISSING; i++)
            html_put(out, "li", NULL, set->missing.items[i]);
        if (set->missing.count > MOST_MISSING)
            text_printf(out, "<li>and %zu more: see verdicts.json</li>", (size_t)set->missing.count - MOST_MISSING);
        text_puts(out, "</ul></div>\n");
    }
    text_printf(
        out,
        "</header>\n<nav aria-label=\"Sections\"><p><a href=\"#matrix\">Matrix</a> · <a "
        "href=\"#findings\">Findings</a> · %s<a href=\"#map\">Map</a> · <a href=\"#endpoints\">Endpoints</a> · <a "
        "href=\"#changes\">Changes</a> · <a href=\"#controls\">Controls</a> · <a "
        "href=\"#trend\">Trend</a> · <a href=\"#coverage\">Coverage</a> · <a href=\"#verify\">How to "
        "verify</a></p></nav>\n",
        run->inside == NULL ? "" : "<a href=\"#inside\">Inside</a> · ");
}
