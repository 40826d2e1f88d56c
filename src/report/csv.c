#include "model/protocol.h"
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

// Cells that a row does not have are empty.
static void put_row(struct arena *arena, struct text *out, const char *const *cells, size_t count, const char *from)
{
    for (size_t c = 0; c < OF_VERDICT + OF_CONTROL + FRAMEWORKS; c++)
        put_cell(arena, out, c < count ? cells[c] : "", false);
    put_cell(arena, out, from, true);
}

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
    put_row(arena, out, cells, sizeof(cells) / sizeof(cells[0]), "");
    arena_free(arena);
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
    struct arena *arena = arena_new(), *shared = arena_new();
    const reason_list *last = NULL; // whose text `because` is: neighbours share it
    const char *because = NULL;
    for (size_t i = 0; i < run->set->items.count; i++) {
        const struct verdict *verdict = &run->set->items.items[i];
        char address[ADDRESS_TEXT];
        address_format(verdict->address, address);
        if (last == NULL || last->items != verdict->because.items || last->count != verdict->because.count) {
            arena_reset(shared);
            because = reasons_joined(shared, &verdict->because, REASON_UNTOLD, "; ");
            last = &verdict->because;
        }
        bool ports = protocol_has_ports(verdict->protocol);
        const char *cells[] = {
            severity_names[verdict->severity],
            verdict_names[verdict->kind],
            verdict->unstable             ? "yes"
            : run->set->stability_unknown ? "unknown"
                                          : "no",
            verdict->account_id,
            verdict->region,
            address,
            protocol_name(arena, verdict->protocol),
            ports ? arena_printf(arena, "%d", verdict->low) : "",
            ports ? arena_printf(arena, "%d", verdict->high) : "",
            verdict->name,
            verdict->instance_id,
            verdict->eni_id,
            declared_names[verdict->declared],
            observed_names[verdict->observed],
            verdict->reason,
            intent_names[verdict->intent],
            verdict->intent_rule,
            verdict->intent_owner,
            because,
        };
        put_row(arena, out, cells, sizeof(cells) / sizeof(cells[0]), report_asked_from(arena, verdict));
        arena_reset(arena);
    }
    arena_free(shared);
    arena_free(arena);
    for (size_t p = 0; run->controls != NULL && p < run->controls->packs.count; p++)
        for (size_t i = 0; i < run->controls->packs.items[p].controls.count; i++)
            put_control(&run->controls->packs.items[p].controls.items[i], out);
}
