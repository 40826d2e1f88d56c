#include "model/flow_change.h"
#include "report/report.h"
#include "report/sarif.h"

enum { MOST_CAUSES = 4, MOST_PREFIXES = 4, MOST_MISSING = 5 };

static const char *const verbs[3][2] = {{"opens", "open"}, {"closes", "close"}, {"is altered", "are altered"}};

static const char *addresses(struct arena *arena, enum family family, struct prefixset set)
{
    return prefixset_reads_as_internet(family, set) ? "the internet"
                                                    : prefixset_text(arena, family, set, MOST_PREFIXES);
}

const char *report_flow_place(struct arena *arena, const struct flow_change *change)
{
    const struct flow *flow = &change->flow;
    return arena_printf(arena, "%s %s to %s %s, %s to %s", flow_change_direction(change),
                        report_clean(arena, change->from_name), report_clean(arena, change->to_name),
                        flow_service(arena, flow), addresses(arena, flow->family, flow->sources),
                        addresses(arena, flow->family, flow->destinations));
}

const char *report_flow_counts(struct arena *arena, const struct flow_changes *changes)
{
    const char *text = "";
    for (int outwards = 0; outwards < 2; outwards++)
        for (int kind = CHANGE_OPENED; kind <= CHANGE_ALTERED; kind++) {
            size_t count = flow_changes_count(changes, (enum change_kind)kind, outwards);
            if (count > 0)
                text = arena_printf(arena, "%s%s%zu %s %s", text, text[0] == '\0' ? "" : ", ", count,
                                    verbs[kind][count != 1], outwards ? "outwards" : "inside");
        }
    return text;
}

static const char *doubt(const struct flow_change *change)
{
    return change->flow.certainty == CERTAINTY_POSSIBLE ? "  [possible]" : "";
}

void report_flows_text(const struct flow_changes *changes, bool gates, struct text *out)
{
    struct arena *arena = arena_new();
    for (size_t i = 0; i < changes->items.count; i++, arena_reset(arena)) {
        const struct flow_change *change = &changes->items.items[i];
        text_printf(out, "%-8s %s%s", change_kind_names[change->kind], report_flow_place(arena, change), doubt(change));
        if (gates && change->severity < SEVERITY_INFO)
            text_printf(out, "  [%s%s%s]", severity_names[change->severity], change->why == NULL ? "" : ": ",
                        report_clean(arena, change->why));
        text_puts(out, "\n");
        for (size_t c = 0; c < change->causes.count; c++)
            text_printf(out, "         %s\n", report_clean(arena, reason_brief(arena, change->causes.items[c])));
        for (size_t r = 0; r < change->resources.count; r++)
            text_printf(out, "         by %s\n",
                        report_clean(arena, report_resource(arena, &change->resources.items[r])));
    }
    for (size_t i = 0; i < changes->missing.count && i < MOST_MISSING; i++)
        text_printf(out, "not known inside and outwards: %s\n", report_clean(arena, changes->missing.items[i]));
    if (changes->missing.count > MOST_MISSING)
        text_printf(out, "not known inside and outwards: %u more (--format json tells all)\n",
                    (unsigned)changes->missing.count - MOST_MISSING);
    arena_free(arena);
}

// ---- Markdown

static void put_markdown_row(struct arena *arena, const struct flow_change *change, bool gates, struct text *out)
{
    const struct flow *flow = &change->flow;
    if (gates)
        text_printf(out, "| %s ", severity_names[change->severity]);
    text_printf(out, "| %s %s | ", change_kind_names[change->kind], flow_change_direction(change));
    report_cell(arena, arena_printf(arena, "%s to %s", change->from_name, change->to_name), out);
    text_puts(out, " | ");
    report_cell(arena, flow_service(arena, flow), out);
    text_puts(out, " | ");
    report_cell(arena,
                arena_printf(arena, "%s to %s", addresses(arena, flow->family, flow->sources),
                             addresses(arena, flow->family, flow->destinations)),
                out);
    text_puts(out, " | ");
    if (change->why != NULL)
        report_cell(arena, change->why, out);
    text_puts(out, flow->certainty == CERTAINTY_POSSIBLE ? " (possible) |" : " |");
    for (size_t i = 0; i < change->resources.count && i < MOST_CAUSES; i++) {
        text_puts(out, i == 0 ? " " : "; ");
        report_cell(arena, report_resource(arena, &change->resources.items[i]), out);
    }
    for (size_t c = 0; c < change->causes.count && c < MOST_CAUSES; c++) {
        text_puts(out, c == 0 ? (change->resources.count == 0 ? " " : ": ") : "; ");
        report_cell(arena, reason_brief(arena, change->causes.items[c]), out);
    }
    text_puts(out, " |\n");
}

void report_flows_markdown(const struct flow_changes *changes, bool gates, size_t most, struct text *out)
{
    struct arena *arena = arena_new();
    if (changes->items.count > 0)
        text_printf(out,
                    "\n**Inside and outwards**, by %s\n\n| %sMoves | From, to | Port | Addresses | | By |\n"
                    "|%s---|---|---|---|---|---|\n",
                    changes->by, gates ? "Severity | " : "", gates ? "---|" : "");
    for (size_t i = 0; i < changes->items.count && i < most; i++, arena_reset(arena))
        put_markdown_row(arena, &changes->items.items[i], gates, out);
    if (changes->items.count > most)
        text_printf(out, "\nAnd %zu more inside and outwards.\n", (size_t)changes->items.count - most);
    if (changes->missing.count > 0) {
        text_puts(out, "\nNot all is known inside and outwards: ");
        report_cell(arena, changes->missing.items[0], out);
        if (changes->missing.count > 1)
            text_printf(out, ", and %u more", (unsigned)changes->missing.count - 1);
        text_puts(out, "\n");
    }
    arena_free(arena);
}

// ---- JUnit

static const char *message(struct arena *arena, const struct flow_change *change)
{
    const char *text = arena_printf(arena, "%s: it %s%s", report_flow_place(arena, change), verbs[change->kind][0],
                                    change->flow.certainty == CERTAINTY_POSSIBLE ? " (possible)" : "");
    return change->why == NULL ? text : arena_printf(arena, "%s: %s", text, report_clean(arena, change->why));
}

void report_flows_junit(const struct flow_changes *changes, const char *classname, flow_fails *fails,
                        const void *context, struct text *out)
{
    struct arena *arena = arena_new();
    for (size_t i = 0; i < changes->items.count; i++, arena_reset(arena)) {
        const struct flow_change *change = &changes->items.items[i];
        text_printf(out, "  <testcase classname=\"%s\" name=\"", classname);
        report_escape(out,
                      arena_printf(arena, "%s %s", change_kind_names[change->kind], report_flow_place(arena, change)));
        text_puts(out, "\" time=\"0\">");
        if (fails(context, change)) {
            text_printf(out, "\n   <failure type=\"%s\" message=\"", severity_names[change->severity]);
            report_escape(out, message(arena, change));
            text_puts(out, "\">");
            for (size_t r = 0; r < change->resources.count; r++)
                report_escape_lines(
                    out, arena_printf(arena, "%s\n",
                                      report_clean(arena, report_resource(arena, &change->resources.items[r]))));
            for (size_t c = 0; c < change->causes.count; c++)
                report_escape_lines(
                    out,
                    arena_printf(arena, "%s\n", report_clean(arena, reason_brief(arena, change->causes.items[c]))));
            text_puts(out, "</failure>\n  ");
        }
        text_puts(out, "</testcase>\n");
    }
    arena_free(arena);
}

// ---- SARIF

static const char *rule_of(struct arena *arena, const struct flow_change *change)
{
    return arena_printf(arena, "%s-%s", change_kind_names[change->kind], flow_change_direction(change));
}

void report_flow_sarif_rules(struct json_writer *writer)
{
    static const struct {
        const char *id;
        const char *name;
        const char *text;
    } rules[] = {{"opened-inside", "OpensInside", "It lets a packet between two segments through that is stopped now."},
                 {"opened-outwards", "OpensOutwards", "It lets a packet out to the internet that is stopped now."},
                 {"closed-inside", "ClosesInside", "It stops a packet between two segments."},
                 {"closed-outwards", "ClosesOutwards", "It stops a packet on its way out to the internet."},
                 {"altered-inside", "AltersInside", "It makes what passes between two segments more or less certain."},
                 {"altered-outwards", "AltersOutwards", "It makes what leaves for the internet more or less certain."}};
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        sarif_begin_rule(writer, rules[i].id, rules[i].name, rules[i].text,
                         "sgproof segments --help; rules of the intent with from and to say what is meant.", "error");
        sarif_put_score(writer, SEVERITY_HIGH);
        json_close(writer, '}');
    }
}

void report_flow_sarif(struct json_writer *writer, struct arena *arena, const struct flow_change *change,
                       const char *file)
{
    const struct change_resource *placed = NULL;
    const char *rule = rule_of(arena, change);
    for (size_t i = 0; i < change->resources.count && placed == NULL; i++)
        placed = change->resources.items[i].file == NULL ? NULL : &change->resources.items[i];
    json_open(writer, NULL, '{');
    json_put_string(writer, "ruleId", rule);
    json_put_string(writer, "level", sarif_level(change->severity));
    sarif_put_message(writer, "message", arena_printf(arena, "%s.", message(arena, change)));
    json_open(writer, "locations", '[');
    json_open(writer, NULL, '{');
    sarif_put_place(writer, arena, placed == NULL ? file : placed->file, placed == NULL ? 1 : placed->line);
    json_close(writer, '}');
    json_close(writer, ']');
    sarif_put_key(writer, arena, arena_printf(arena, "%s|%s", rule, report_flow_place(arena, change)));
    json_open(writer, "properties", '{');
    json_put_string(writer, "severity", severity_names[change->severity]);
    json_open(writer, "resources", '[');
    for (size_t i = 0; i < change->resources.count; i++)
        json_put_string(writer, NULL, report_clean(arena, report_resource(arena, &change->resources.items[i])));
    json_close(writer, ']');
    reasons_put(writer, arena, "causes", &change->causes);
    json_close(writer, '}');
    json_close(writer, '}');
}
