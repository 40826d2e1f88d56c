// Manual pages in man(7), one a command: https://man.openbsd.org/man.7
#include <string.h>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "config.h"

// Text as roff takes it for itself: no escape, no request.
static void put(struct text *out, const char *words)
{
    if (words[0] == '.' || words[0] == '\'')
        text_puts(out, "\\&");
    for (; *words != '\0'; words++)
        switch (*words) {
        case '\\':
            text_puts(out, "\\e");
            break;
        case '-':
            text_puts(out, "\\-");
            break;
        case '\'':
            text_puts(out, "\\(aq");
            break;
        case '`':
            text_puts(out, "\\(ga");
            break;
        case '^':
            text_puts(out, "\\(ha");
            break;
        case '~':
            text_puts(out, "\\(ti");
            break;
        default:
            text_add(out, words, 1);
        }
}

static void put_option(const struct option_spec *spec, struct text *out)
{
    text_puts(out, ".TP\n");
    if (spec->letter != 0)
        text_printf(out, "\\fB\\-%c\\fR, ", spec->letter);
    text_puts(out, "\\fB\\-\\-");
    put(out, spec->name);
    text_puts(out, "\\fR");
    if (spec->argument != NULL) {
        text_puts(out, " \\fI");
        put(out, spec->argument);
        text_puts(out, "\\fR");
    }
    text_puts(out, "\n");
    put(out, spec->help);
    text_puts(out, spec->repeatable ? " (repeatable)\n" : "\n");
}

static void put_options(const struct option_spec *specs, struct text *out)
{
    for (; specs != NULL && specs->name != NULL; specs++) {
        if (specs->name[0] != '\0') {
            put_option(specs, out);
            continue;
        }
        text_puts(out, ".SS ");
        put(out, specs->help);
        text_puts(out, "\n");
    }
}

static void put_notes(const help_notes *notes, struct text *out)
{
    for (size_t i = 0; i < notes->count; i++) {
        const char *line = notes->items[i].line;
        bool examples =
            strncmp(line, "Example", strlen("Example")) == 0 && i + 1 < notes->count && notes->items[i + 1].example;
        if (examples) {
            text_puts(out, ".SH EXAMPLES\n.nf\n");
            continue;
        }
        if (!notes->items[i].example) {
            text_puts(out, i > 0 ? ".PP\n" : "");
            put(out, line);
            text_puts(out, "\n");
            continue;
        }
        struct text example = {0};
        help_example(&example, line, 78);
        put(out, example.bytes + strspn(example.bytes, " "));
        text_free(&example);
    }
}

void manual_page(struct arena *arena, const struct command *command, struct text *out)
{
    char capitals[32];
    size_t length = 0;
    for (; command->name[length] != '\0' && length + 1 < sizeof(capitals); length++)
        capitals[length] = (char)(command->name[length] - 'a' + 'A');
    capitals[length] = '\0';
    help_notes notes = help_notes_of(arena, command);
    text_printf(out, ".\\\" Made by sgproof help \\-\\-man %s\n", command->name);
    text_printf(out, ".TH SGPROOF\\-%s 1 \"\" \"sgproof " SGPROOF_VERSION "\" \"User Commands\"\n", capitals);
    text_printf(out, ".SH NAME\nsgproof\\-%s \\- ", command->name);
    put(out, command->summary);
    text_printf(out, "\n.SH SYNOPSIS\n.B sgproof %s\n", command->name);
    put(out, command->usage);
    text_puts(out, "\n.SH DESCRIPTION\n");
    put(out, command->summary);
    text_puts(out, "\n.SH OPTIONS\n");
    put_options(command->options, out);
    put_options(options_common, out);
    if (notes.count > 0 && strncmp(notes.items[0].line, "Example", strlen("Example")) != 0)
        text_puts(out, ".SH NOTES\n");
    put_notes(&notes, out);
    text_puts(out, notes.count > 0 && notes.items[notes.count - 1].example ? ".fi\n" : "");
    text_puts(out, ".SH SEE ALSO\n.BR sgproof (1)");
    for (size_t i = 0; commands[i] != NULL; i++)
        if (commands[i] != command)
            text_printf(out, ",\n.BR sgproof\\-%s (1)", commands[i]->name);
    text_puts(out, "\n");
}
