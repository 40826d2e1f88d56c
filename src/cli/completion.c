// Completions for bash, zsh and fish: words of the tables, files where an option takes one.
#include <ctype.h>
#include <string.h>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/help.h"

// Arguments that are no file: numbers, names, addresses and the like.
static bool takes_file(const struct option_spec *spec)
{
    static const char *const files[] = {"FILE", "DIR", "EVIDENCE", "PLAN.json", "PUBLIC.pem", "KEY", "NAME|FILE", NULL};
    return spec->argument != NULL && text_among(spec->argument, files);
}

// The words of an option's value with `between` in between; NULL where it may be anything.
static const char *joined_words(struct arena *arena, const struct option_spec *spec, const char *between)
{
    const char *const *words = option_words(arena, spec), *all = NULL;
    for (size_t i = 0; words != NULL && words[i] != NULL; i++)
        all = all == NULL ? words[i] : arena_printf(arena, "%s%s%s", all, between, words[i]);
    return all;
}

static const char *command_words(struct arena *arena)
{
    const char *all = "";
    for (size_t i = 0; commands[i] != NULL; i++)
        all = arena_printf(arena, "%s%s ", all, commands[i]->name);
    for (size_t i = 0; words_beside_commands[i] != NULL; i++)
        all = arena_printf(arena, "%s%s%s", all, i > 0 ? " " : "", words_beside_commands[i]);
    return all;
}

// The options of a command, its own and the common ones.
typedef VECTOR(const struct option_spec *) spec_list;
static spec_list specs_of(struct arena *arena, const struct command *command)
{
    spec_list list = {0};
    for (int common = 0; common < 2; common++)
        for (const struct option_spec *spec = common ? options_common : command->options; spec->name != NULL; spec++)
            if (spec->name[0] != '\0')
                *vector_add(arena, &list) = spec;
    return list;
}

// ---- bash

static void bash_case(struct arena *arena, const struct option_spec *spec, struct text *out)
{
    const char *words = joined_words(arena, spec, " ");
    if (spec->argument == NULL)
        return;
    text_printf(out, "        --%s", spec->name);
    if (spec->letter != 0)
        text_printf(out, " | -%c", spec->letter);
    if (words != NULL)
        text_printf(out, ") words='%s' ;;\n", words);
    else
        text_puts(out, takes_file(spec) ? ") files=1 ;;\n" : ") return ;;\n");
}

static void bash_script(struct arena *arena, struct text *out)
{
    text_puts(
        out,
        "# bash completion for sgproof, made by: sgproof completion bash\n"
        "_sgproof() {\n"
        "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}\n"
        "    local words='' files='' options=''\n"
        "    if [[ $current == '=' ]]; then\n"
        "        current=''\n"
        "    elif [[ $before == '=' ]]; then\n"
        "        before=${COMP_WORDS[COMP_CWORD - 2]}\n"
        "    fi\n"
        "    COMPREPLY=()\n"
        "    if ((COMP_CWORD == 1)); then\n");
    text_printf(out, "        COMPREPLY=($(compgen -W '%s' -- \"$current\"))\n        return\n    fi\n",
                command_words(arena));
    text_puts(out, "    case $command in\n");
    for (size_t i = 0; commands[i] != NULL; i++) {
        spec_list specs = specs_of(arena, commands[i]);
        text_printf(out, "    %s)\n        options='", commands[i]->name);
        for (size_t j = 0; j < specs.count; j++)
            text_printf(out, "%s--%s", j > 0 ? " " : "", specs.items[j]->name);
        text_puts(out, "'\n        case $before in\n");
        for (size_t j = 0; j < specs.count; j++)
            bash_case(arena, specs.items[j], out);
        text_puts(out, "        esac\n        ;;\n");
    }
    text_printf(out, "    help) words='%s' ;;\n    completion) words='bash zsh fish' ;;\n    esac\n",
                command_words(arena));
    text_puts(out, "    if [[ -z $words && -z $files && $current == -* ]]; then\n"
                   "        words=$options\n"
                   "    fi\n"
                   "    if [[ -n $words ]]; then\n"
                   "        COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
                   "    else\n"
                   "        compopt -o filenames 2>/dev/null\n"
                   "        COMPREPLY=($(compgen -f -- \"$current\"))\n"
                   "    fi\n"
                   "}\n"
                   "complete -F _sgproof sgproof\n");
}

// ---- zsh: https://zsh.sourceforge.io/Doc/Release/Completion-System.html, _arguments

// A description in single quotes and brackets.
static void zsh_put(struct text *out, const char *words)
{
    for (; *words != '\0'; words++)
        if (*words == '\'')
            text_puts(out, "'\\''");
        else
            text_printf(out, "%s%c", strchr("[]:\\", *words) != NULL ? "\\" : "", *words);
}

static void zsh_option(struct arena *arena, const struct option_spec *spec, struct text *out)
{
    const char *words = joined_words(arena, spec, " ");
    const char *of_value = spec->argument == NULL ? "" : "=";
    const char *many = spec->repeatable ? "*" : "";
    for (int letter = 0; letter < (spec->letter != 0 ? 2 : 1); letter++) {
        if (letter == 0)
            text_printf(out, "        '%s--%s%s[", many, spec->name, of_value);
        else
            text_printf(out, "        '%s-%c%s[", many, spec->letter, spec->argument == NULL ? "" : "+");
        zsh_put(out, spec->help);
        text_puts(out, "]");
        if (spec->argument != NULL) {
            text_puts(out, ":");
            zsh_put(out, words != NULL ? spec->name : spec->argument);
            text_puts(out, ":");
            if (words != NULL)
                text_printf(out, "(%s)", words);
            else
                text_puts(out, takes_file(spec) ? "_files" : "");
        }
        text_puts(out, "' \\\n");
    }
}

static void zsh_script(struct arena *arena, struct text *out)
{
    text_puts(out, "#compdef sgproof\n# made by: sgproof completion zsh\n"
                   "_sgproof() {\n    if ((CURRENT == 2)); then\n        local -a names\n        names=(\n");
    for (size_t i = 0; commands[i] != NULL; i++) {
        text_printf(out, "        '%s:", commands[i]->name);
        zsh_put(out, commands[i]->summary);
        text_puts(out, "'\n");
    }
    text_puts(out,
              "        'help:the options of a command' 'version:the version' 'completion:completions for a shell'\n"
              "        )\n        _describe command names\n        return\n    fi\n"
              "    local command=$words[2]\n    shift words\n    ((CURRENT--))\n    case $command in\n");
    for (size_t i = 0; commands[i] != NULL; i++) {
        spec_list specs = specs_of(arena, commands[i]);
        text_printf(out, "    %s)\n        _arguments -s -S \\\n", commands[i]->name);
        for (size_t j = 0; j < specs.count; j++)
            zsh_option(arena, specs.items[j], out);
        text_puts(out, "        '*:file:_files'\n        ;;\n");
    }
    text_printf(out, "    help) _arguments '1:command:(%s)' ;;\n", command_words(arena));
    text_puts(
        out,
        "    completion) _arguments '1:shell:(bash zsh fish)' ;;\n    esac\n}\n"
        "if [ \"$funcstack[1]\" = _sgproof ]; then\n    _sgproof \"$@\"\nelse\n    compdef _sgproof sgproof\nfi\n");
}

// ---- fish: https://fishshell.com/docs/current/cmds/complete.html

static void fish_put(struct text *out, const char *words)
{
    text_puts(out, "'");
    for (; *words != '\0'; words++)
        text_printf(out, "%s%c", *words == '\'' || *words == '\\' ? "\\" : "", *words);
    text_puts(out, "'");
}

static void fish_option(struct arena *arena, const char *command, const struct option_spec *spec, struct text *out)
{
    const char *words = joined_words(arena, spec, " ");
    text_printf(out, "complete -c sgproof -n '__fish_seen_subcommand_from %s' -l %s", command, spec->name);
    if (spec->letter != 0)
        text_printf(out, " -s %c", spec->letter);
    if (words != NULL)
        text_printf(out, " -x -a '%s'", words);
    else if (spec->argument != NULL)
        text_puts(out, takes_file(spec) ? " -r -F" : " -x");
    text_puts(out, " -d ");
    fish_put(out, spec->help);
    text_puts(out, "\n");
}

static void fish_script(struct arena *arena, struct text *out)
{
    text_puts(out, "# fish completion for sgproof, made by: sgproof completion fish\n");
    for (size_t i = 0; commands[i] != NULL; i++) {
        text_printf(out, "complete -c sgproof -n __fish_use_subcommand -f -a %s -d ", commands[i]->name);
        fish_put(out, commands[i]->summary);
        text_puts(out, "\n");
    }
    text_puts(out, "complete -c sgproof -n __fish_use_subcommand -f -a help -d 'the options of a command'\n"
                   "complete -c sgproof -n __fish_use_subcommand -f -a version -d 'the version'\n"
                   "complete -c sgproof -n __fish_use_subcommand -f -a completion -d 'completions for a shell'\n");
    for (size_t i = 0; commands[i] != NULL; i++) {
        spec_list specs = specs_of(arena, commands[i]);
        for (size_t j = 0; j < specs.count; j++)
            fish_option(arena, commands[i]->name, specs.items[j], out);
    }
    text_printf(out, "complete -c sgproof -n '__fish_seen_subcommand_from help' -f -a '%s'\n", command_words(arena));
    text_puts(out, "complete -c sgproof -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'\n");
}

bool completion_script(struct arena *arena, const char *shell, struct text *out)
{
    bool bash = strcmp(shell, "bash") == 0, zsh = strcmp(shell, "zsh") == 0, fish = strcmp(shell, "fish") == 0;
    if (bash)
        bash_script(arena, out);
    else if (zsh)
        zsh_script(arena, out);
    else if (fish)
        fish_script(arena, out);
    return bash || zsh || fish;
}
