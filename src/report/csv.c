#include "model/protocol.h"
#include "model/verdict_texts.h"
#include "report/report.h"

// A cell that begins like a formula is one to a spreadsheet, whatever is in quotes: an apostrophe makes it text. What
// may not be shown (base/printable.h) a spreadsheet shows all the same, and so does who prints the file.
static void put_cell(struct arena *arena, struct text *out, const char *text, bool last)
{
    if (text == NULL || text[0] == '\0') { // most cells of a row
        text_puts(out, last ? "\r\n" : ",");
        return;
    }
    text = report_clean(arena, text);
    const char *first = text + strspn(text, " "); // which some spreadsheets leave out
    bool formula = first[0] != '\0' && strchr("=+-@", first[0]) != NULL;
    bool quoted = formula || strpbrk(text, ",\"") != NULL;
    if (quoted)
        text_puts(out, "\"");
    if (formula)
        text_puts(out, "'");
    for (size_t plain; *text != '\0'; text += plain) {
        plain = strcspn(text, "\"");
        text_add(out, text, plain);
        if (text[plain] == '"')
            text_puts(out, "\"\"");
        plain += text[plain] == '"';
    }
    if (quoted)
        text_puts(out, "\"");
    text_puts(out, last ? "\r\n" : ",");
}

// The rows of other frameworks that ask the same have a column each; a control's own one stands in `control`.
static const char *const frameworks[] = {
    "cis-aws-3.0",   "cis-aws-5.0", "cis-aws-7.0",    "security-hub", "nist-800-53-r5",
    "pci-dss-4.0.1", "soc2",        "iso-27001-2022", "prowler",      NULL};
enum { OF_VERDICT = 19, OF_CONTROL = 5, FRAMEWORKS = sizeof(frameworks) / sizeof(frameworks[0]) - 1 };

static const char *rows_of(struct arena *arena, const struct control *control, const char *framework)
{
    const char *text = "";
    for (size_t i = 0; i < control->crosswalk.count; i++)
        for (size_t r = 0; strcmp(control->crosswalk.items[i].framework, framework) == 0 &&
                           r < control->crosswalk.items[i].rows.count;
             r++)
            text = arena_printf(arena, "%s%s%s", text, text[0] == '\0' ? "" : "; ",
                                control->crosswalk.items[i].rows.items[r]);
    return text;
}

// A row for what is of no one place: the run's being incomplete, what vantages heard otherwise of each other (whose
// ports have a row a vantage).
static void put_of_all(const char *what, const char *because, struct text *out)
{
    struct arena *arena = arena_new();
    const char *cells[OF_VERDICT + OF_CONTROL + FRAMEWORKS] = {severity_names[SEVERITY_MEDIUM], what};
    cells[OF_VERDICT - 1] = because;
    for (size_t c = 0; c < sizeof(cells) / sizeof(cells[0]); c++)
        put_cell(arena, out, cells[c], false);
    put_cell(arena, out, "", true);
    arena_free(arena);
}

// A row a control, behind those of verdicts, whose columns are empty but for the severity.
static void put_control(const struct control *control, struct text *out)
{
    struct arena *arena = arena_new();
    const char *cells[OF_VERDICT + OF_CONTROL + FRAMEWORKS] = {severity_names[control->severity]};
    const char *fix = NULL;
    for (size_t i = 0; i < control->evidence.count && fix == NULL; i++)
        if (control->evidence.items[i].result == CONTROL_FAIL && control->evidence.items[i].exception == NULL)
            fix = control->evidence.items[i].fix;
    const char *own[OF_CONTROL] = {control->id, control->title, control_result_names[control->result], control->decided,
                                   fix};
    memcpy(&cells[OF_VERDICT], own, sizeof(own));
    for (size_t f = 0; f < FRAMEWORKS; f++)
        cells[OF_VERDICT + OF_CONTROL + f] = rows_of(arena, control, frameworks[f]);
    for (size_t c = 0; c < sizeof(cells) / sizeof(cells[0]); c++)
        put_cell(arena, out, cells[c], false);
    put_cell(arena, out, "", true);
    arena_free(arena);
}

struct csv {
    const struct verdict_set *set;
    struct arena *arena; // of the row in hand
    struct verdict_texts *texts;
    struct text *out;
};

// Cells, each with what closes it, and a NUL behind them: where others stand between, the row is in several parts.
static void put_part(struct csv *csv, struct text *made, const char *const *cells, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put_cell(csv->arena, made, cells[i], false);
    text_add(made, "", 1);
}

static const char *next_part(const char *part)
{
    return part + strlen(part) + 1;
}

// Three parts: what stands before the protocol and behind the ports, and the last cell.
static const char *host_parts(struct csv *csv, const struct verdict *verdict)
{
    bool fresh;
    struct text *text = verdict_texts_host(csv->texts, verdict, &fresh);
    if (!fresh)
        return text->bytes;
    char address[ADDRESS_TEXT];
    address_format(verdict->address, address);
    put_part(csv, text, (const char *[]){verdict->account_id, verdict->region, address}, 3);
    put_part(csv, text, (const char *[]){verdict->name, verdict->instance_id, verdict->eni_id}, 3);
    put_cell(csv->arena, text, report_asked_from(csv->arena, verdict), true);
    text_add(text, "", 1);
    return text->bytes;
}

// Two parts: what begins a row, and what stands behind the ports, with the empty cells of a control.
static const char *value_parts(struct csv *csv, const struct verdict *verdict)
{
    bool fresh;
    struct text *text = verdict_texts_value(csv->texts, verdict, &fresh);
    if (!fresh)
        return text->bytes;
    put_part(csv, text, (const char *[]){severity_names[verdict->severity], verdict_names[verdict->kind]}, 2);
    const char *rest[7 + OF_CONTROL + FRAMEWORKS] = {
        declared_names[verdict->declared],
        observed_names[verdict->observed],
        verdict->reason,
        intent_names[verdict->intent],
        verdict->intent_rule,
        verdict->intent_owner,
        reasons_joined(csv->arena, &verdict->because, REASON_UNTOLD, "; ")};
    put_part(csv, text, rest, sizeof(rest) / sizeof(rest[0]));
    return text->bytes;
}

static void put_verdict(void *context, const struct verdict *verdict)
{
    struct csv *csv = context;
    const char *host = host_parts(csv, verdict), *value = value_parts(csv, verdict);
    text_puts(csv->out, value);
    text_puts(csv->out, verdict->unstable ? "yes," : csv->set->stability_unknown ? "unknown," : "no,");
    text_puts(csv->out, host);
    text_puts(csv->out, protocol_name(csv->arena, verdict->protocol));
    text_puts(csv->out, ",");
    if (protocol_has_ports(verdict->protocol))
        text_put_integer(csv->out, verdict->low);
    text_puts(csv->out, ",");
    if (protocol_has_ports(verdict->protocol))
        text_put_integer(csv->out, verdict->high);
    text_puts(csv->out, ",");
    text_puts(csv->out, next_part(host));
    text_puts(csv->out, next_part(value));
    text_puts(csv->out, next_part(next_part(host)));
    arena_reset(csv->arena);
}

void report_csv(const struct report_run *run, const struct report_options *options, struct text *out)
{
    (void)options;
    text_puts(out,
              "severity,verdict,unstable,account,region,address,protocol,from_port,to_port,name,instance,interface,"
              "declared,observed,reason,intent,intent_rule,owner,because,control,title,result,decided,fix");
    for (size_t f = 0; frameworks[f] != NULL; f++)
        text_printf(out, ",%s", frameworks[f]);
    text_puts(out, ",asked_from\r\n");
    struct csv csv = {.set = run->set, .arena = arena_new(), .texts = verdict_texts_new(), .out = out};
    report_each(run, put_verdict, &csv);
    verdict_texts_free(csv.texts);
    arena_free(csv.arena);
    struct arena *arena = arena_new();
    if (!run->set->complete)
        put_of_all("incomplete", report_incomplete(arena, run->set), out);
    for (size_t i = 0; i < run->set->splits.count; i++) {
        const struct vantage_split *split = &run->set->splits.items[i];
        put_of_all(
            "vantages-disagree",
            arena_printf(arena, "%s: %s", report_split(arena, run->set, split), report_split_places(arena, split)),
            out);
    }
    arena_free(arena);
    for (size_t p = 0; run->controls != NULL && p < run->controls->packs.count; p++)
        for (size_t i = 0; i < run->controls->packs.items[p].controls.count; i++)
            put_control(&run->controls->packs.items[p].controls.items[i], out);
}
