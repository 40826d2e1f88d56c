#include "model/protocol.h"
#include "report/report.h"

// A cell that begins like a formula is one to a spreadsheet, whatever is in quotes: an apostrophe makes it text. What
// may not be shown (base/printable.h) a spreadsheet shows all the same, and so does who prints the file.
static void put_cell(struct arena *arena, struct text *out, const char *text, bool last)
{
    text = report_clean(arena, text);
    bool formula = text[0] != '\0' && strchr("=+-@", text[0]) != NULL;
    bool quoted = formula || strpbrk(text, ",\"") != NULL;
    if (quoted)
        text_puts(out, "\"");
    if (formula)
        text_puts(out, "'");
    for (const char *p = text; *p != '\0'; p++)
        if (*p == '"')
            text_puts(out, "\"\"");
        else
            text_add(out, p, 1);
    if (quoted)
        text_puts(out, "\"");
    text_puts(out, last ? "\r\n" : ",");
}

void report_csv(const struct report_run *run, const struct report_options *options, struct text *out)
{
    (void)options;
    text_puts(out,
              "severity,verdict,unstable,account,region,address,protocol,from_port,to_port,name,instance,interface,"
              "declared,observed,reason,intent,intent_rule,owner,because\r\n");
    for (size_t i = 0; i < run->set->items.count; i++) {
        struct arena *arena = arena_new();
        const struct verdict *verdict = &run->set->items.items[i];
        char address[ADDRESS_TEXT];
        address_format(verdict->address, address);
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
            reasons_joined(arena, &verdict->because, REASON_UNTOLD, "; "),
        };
        size_t count = sizeof(cells) / sizeof(cells[0]);
        for (size_t c = 0; c < count; c++)
            put_cell(arena, out, cells[c], c + 1 == count);
        arena_free(arena);
    }
}
