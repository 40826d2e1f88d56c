#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/habits.h"
#include "config.h"

enum { WIDTH = 80, HELP_COLUMN = 28 };

static size_t columns(const char *text, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80; // UTF-8: one column a character
    return count;
}

// Up to the next space that stands in no bracket.
static size_t word_length(const char *text)
{
    size_t length = 0;
    for (int depth = 0; text[length] != '\0' && (text[length] != ' ' || depth > 0); length++)
        depth += text[length] == '[' ? 1 : text[length] == ']' && depth > 0 ? -1 : 0;
    return length;
}

void help_wrap(struct text *out, const char *words, size_t at, size_t indent, size_t width)
{
    for (bool first = true; *(words += strspn(words, " ")) != '\0'; first = false) {
        size_t length = word_length(words), wide = columns(words, length);
        if (!first && at + 1 + wide > width) {
            text_printf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (!first) {
            text_add(out, " ", 1);
            at++;
        }
        text_add(out, words, length);
        at += wide;
        words += length;
    }
    text_add(out, "\n", 1);
}

// Where a line of an example is best broken: before an option or after ";", else at the last space that fits.
static const char *break_of(const char *line, size_t width)
{
    const char *best = NULL, *last = NULL;
    char quote = '\0';
    for (const char *c = line + strspn(line, " "); *c != '\0' && (size_t)(c - line) < width - 2; c++) {
        quote = quote == '\0' && (*c == '\'' || *c == '"') ? *c : quote == *c ? '\0' : quote;
        if (*c != ' ' || quote != '\0')
            continue;
        last = c;
        best = strncmp(c, " --", 3) == 0 || c[-1] == ';' ? c : best;
    }
    return best != NULL ? best : last;
}

void help_example(struct text *out, const char *line, size_t width)
{
    char rest[512];
    snprintf(rest, sizeof(rest), "%s", line);
    const char *at;
    while (columns(rest, strlen(rest)) > width && (at = break_of(rest, width)) != NULL) {
        char next[512];
        snprintf(next, sizeof(next), "      %s", at + 1);
        text_printf(out, "%.*s \\\n", (int)(at - rest), rest);
        memcpy(rest, next, sizeof(rest));
    }
    text_printf(out, "%s\n", rest);
}

help_notes help_notes_of(struct arena *arena, const struct command *command)
{
    help_notes notes = {0};
    const char *paragraph = "";
    char *rest = arena_strdup(arena, command->notes == NULL ? "" : command->notes);
    for (char *line = rest; line != NULL; line = rest) {
        rest = strchr(line, '\n');
        if (rest != NULL)
            *rest++ = '\0';
        bool example = line[0] == ' ', ends = line[0] == '\0' || example;
        if (ends && paragraph[0] != '\0') {
            *vector_add(arena, &notes) = (struct help_note){paragraph, false};
            paragraph = "";
        }
        if (example)
            *vector_add(arena, &notes) = (struct help_note){line, true};
        else if (!ends)
            paragraph = arena_printf(arena, "%s%s%s", paragraph, paragraph[0] != '\0' ? " " : "", line);
    }
    if (paragraph[0] != '\0')
        *vector_add(arena, &notes) = (struct help_note){paragraph, false};
    return notes;
}

// What is too long for its column, and for a line where its words are many: broken behind one of them.
static void put_long(const char *left, struct text *out)
{
    size_t length = strlen(left), cut = length;
    while (cut > WIDTH && cut > 0)
        for (cut--; cut > 0 && left[cut - 1] != '|'; cut--)
            ;
    text_add(out, left, cut);
    if (cut < length)
        text_printf(out, "\n%*s%s", HELP_COLUMN / 2, "", left + cut);
    text_printf(out, "\n%*s", HELP_COLUMN, "");
}

static void put_options(struct arena *arena, const struct option_spec *specs, struct text *out)
{
    for (; specs != NULL && specs->name != NULL; specs++) {
        if (specs->name[0] == '\0') {
            text_printf(out, "\n%s:\n", specs->help);
            continue;
        }
        const char *left = arena_printf(
            arena, "  %s--%s%s%s", specs->letter == 0 ? "    " : arena_printf(arena, "-%c, ", specs->letter),
            specs->name, specs->argument != NULL ? " " : "", specs->argument != NULL ? specs->argument : "");
        if (strlen(left) < HELP_COLUMN)
            text_printf(out, "%-*s", HELP_COLUMN, left);
        else
            put_long(left, out);
        help_wrap(out, arena_printf(arena, "%s%s", specs->help, specs->repeatable ? " (repeatable)" : ""), HELP_COLUMN,
                  HELP_COLUMN, WIDTH);
    }
}

static void print_text(struct text *text)
{
    fwrite(text->bytes, 1, text->length, stdout);
    text_free(text);
}

void help_command(struct arena *arena, const struct command *command)
{
    struct text out = {0};
    const char *usage = arena_printf(arena, "Usage: sgproof %s ", command->name);
    bool grouped = command->options != NULL && command->options[0].name != NULL && command->options[0].name[0] == '\0';
    text_puts(&out, usage);
    help_wrap(&out, command->usage, strlen(usage), strlen(usage), WIDTH);
    text_add(&out, "\n", 1);
    help_wrap(&out, command->summary, 0, 0, WIDTH);
    text_puts(&out, grouped ? "" : "\nOptions:\n");
    put_options(arena, command->options, &out);
    put_options(arena, options_common, &out);
    help_notes notes = help_notes_of(arena, command);
    for (size_t i = 0; i < notes.count; i++) {
        if (notes.items[i].example) {
            help_example(&out, notes.items[i].line, WIDTH);
            continue;
        }
        text_add(&out, "\n", 1);
        help_wrap(&out, notes.items[i].line, 0, 0, WIDTH);
    }
    print_text(&out);
}

static void help_program(void)
{
    struct text out = {0};
    text_puts(&out, "Usage: sgproof COMMAND [options]\n\n"
                    "Proves what AWS security groups expose: declared × observed, with evidence.\n\nCommands:\n");
    for (size_t i = 0; commands[i] != NULL; i++) {
        text_printf(&out, "  %-10s ", commands[i]->name);
        help_wrap(&out, commands[i]->summary, 13, 13, WIDTH);
    }
    text_puts(&out, "\n  help COMMAND      a command's options and examples (also: COMMAND --help)\n"
                    "  version           the version (also: --version, -V)\n"
                    "  completion SHELL  completions for bash, zsh or fish\n\n"
                    "Exit status: 0 done, nothing to report; 1 findings; 2 bad usage or bad input,\n"
                    "nothing was done; 3 incomplete: something could not be read, asked or written,\n"
                    "and the output says what; 4 incomplete, and findings too.\n\n"
                    "To begin: sgproof read estate/ --region eu-west-3; sgproof compute estate/\n");
    print_text(&out);
}

static int unknown_command(struct arena *arena, const char *name)
{
    const char *habit = habit_of_command(arena, name);
    log_line(LOG_ERROR, "unknown command %s%s%ssgproof help lists them", name, habit, habit_end(habit));
    return ERROR_USAGE;
}

static int help_on(struct arena *arena, int argc, char **argv)
{
    bool manual = argc > 1 && strcmp(argv[1], "--man") == 0;
    const char *name = argc > 1 + manual ? argv[1 + manual] : NULL;
    if (argc > 2 + manual || (manual && name == NULL)) {
        log_line(LOG_ERROR, "expected one command; usage: sgproof help [--man] COMMAND");
        return ERROR_USAGE;
    }
    if (name == NULL) {
        help_program();
        return 0;
    }
    const struct command *command = command_named(name);
    if (command == NULL && text_among(name, words_beside_commands)) {
        help_program();
        return 0;
    }
    if (command == NULL)
        return unknown_command(arena, name);
    struct text page = {0};
    if (!manual) {
        help_command(arena, command);
        return 0;
    }
    manual_page(arena, command, &page);
    print_text(&page);
    return 0;
}

static int complete(struct arena *arena, int argc, char **argv)
{
    struct text script = {0};
    if (argc != 2 || !completion_script(arena, argv[1], &script)) {
        log_line(LOG_ERROR, "expected bash, zsh or fish; usage: sgproof completion SHELL");
        return ERROR_USAGE;
    }
    print_text(&script);
    return 0;
}

bool help_asked(struct arena *arena, int argc, char **argv, int *status)
{
    static const char *const version[] = {"version", "--version", "-V", NULL}, *const help[] = {"help", "--help", "-h",
                                                                                                NULL};
    *status = 0;
    if (text_among(argv[1], version))
        puts("sgproof " SGPROOF_VERSION);
    else if (text_among(argv[1], help))
        *status = help_on(arena, argc - 1, argv + 1);
    else if (strcmp(argv[1], "completion") == 0)
        *status = complete(arena, argc - 1, argv + 1);
    else if (command_named(argv[1]) == NULL)
        *status = unknown_command(arena, argv[1]);
    else
        return false;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        log_line(LOG_ERROR, "the output could not be written");
        *status = ERROR_INCOMPLETE;
    }
    return true;
}
