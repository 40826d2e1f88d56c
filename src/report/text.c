#include "report/report.h"

static const char *colour_of(const struct report_options *options, enum severity severity)
{
    static const char *const colours[] = {"\033[1;31m", "\033[31m", "\033[33m", "\033[36m", ""};
    return options->colour ? colours[severity] : "";
}

static void write_row(struct arena *arena, const struct verdict *verdict, const struct report_options *options,
                      struct text *out)
{
    char address[ADDRESS_TEXT];
    const char *colour = colour_of(options, verdict->severity), *plain = colour[0] != '\0' ? "\033[0m" : "";
    address_format(verdict->address, address);
    text_printf(out, "%s%-8s  %-11s%s  %-15s %-12s %s\n", colour, severity_names[verdict->severity],
                verdict_names[verdict->kind], plain, address, report_port(arena, verdict),
                report_clean(arena, verdict->name == NULL ? verdict->eni_id : verdict->name));
    text_printf(out, "          declared %s, observed %s (%s%s%s)%s\n", declared_names[verdict->declared],
                observed_names[verdict->observed], report_clean(arena, verdict->reason),
                verdict->from != NULL ? " from " : "", verdict->from != NULL ? report_clean(arena, verdict->from) : "",
                verdict->unstable ? ", unstable: the configuration changed meanwhile" : "");
    if (verdict->intent != INTENT_UNSPECIFIED)
        text_printf(out, "          intent: %s by %s\n", intent_names[verdict->intent],
                    verdict->intent_rule == NULL ? "default" : report_clean(arena, verdict->intent_rule));
    size_t column = 0;
    for (size_t i = 0; i < verdict->because.count; i++) {
        const char *because = report_clean(arena, verdict->because.items[i]);
        if (column == 0 || column + strlen(because) + 2 > 80) {
            text_printf(out, "%s          %s", column > 0 ? ",\n" : "", because);
            column = 10;
        } else {
            text_printf(out, ", %s", because);
            column += 2;
        }
        column += strlen(because);
    }
    text_puts(out, verdict->because.count > 0 ? "\n" : "");
}

void report_text(const struct report_run *run, const struct report_options *options, struct text *out)
{
    const struct verdict_set *set = run->set;
    struct arena *arena = arena_new();
    size_t count, ports[VERDICT_KINDS];
    const struct verdict **shown = report_worth_showing(arena, set, &count);
    report_count(set, ports);
    if (!set->complete)
        text_puts(out, "INCOMPLETE: not everything could be read or asked; what is missing is not clean.\n");
    for (size_t i = 0; i < set->missing.count; i++)
        text_printf(out, "  %s\n", report_clean(arena, set->missing.items[i]));
    text_printf(out, "Seen from %s: %zu endpoints, %zu ports asked\n\n",
                set->vantage == NULL ? "the internet at large" : report_clean(arena, set->vantage), set->endpoints,
                set->asked);
    for (size_t i = 0; i < count; i++)
        write_row(arena, shown[i], options, out);
    text_printf(out, "%sPorts:", count > 0 ? "\n" : "");
    for (int i = 0; i < VERDICT_KINDS; i++)
        text_printf(out, "%s %zu %s", i > 0 ? "," : "", ports[i], verdict_names[i]);
    text_puts(out, "\n");
    for (size_t i = 0; i < set->gaps.count; i++)
        text_printf(out, "Not asked: %zu × %s\n", set->gaps.items[i].count,
                    report_clean(arena, set->gaps.items[i].what));
    arena_free(arena);
}
