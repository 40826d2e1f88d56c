#include "cli/habits.h"

#include "base/nearest.h"
#include "cli/commands.h"
#include "net/address.h"

// Words of other tools, and what does the same here.
static const struct {
    const char *typed, *say;
} of_commands[] = {
    {"scan", "run reads, probes and judges; probe only probes"},
    {"nmap", "probe asks the ports of a list or a plan"},
    {"check", "verify checks evidence, account judges controls, diff is the gate of a change"},
    {"validate", "verify checks evidence"},
    {"audit", "verify checks evidence, account judges controls"},
    {"gate", "diff --intent FILE is the gate of a change"},
    {"show", "report shows evidence, history show a run, compute a snapshot"},
    {"list", "history lists the runs"},
    {"log", "history lists the runs"},
    {"ls", "history lists the runs"},
    {"collect", "read reads AWS into a folder"},
    {"fetch", "read reads AWS into a folder"},
    {"init", "read reads AWS into a folder, compute --as-intent begins an intent"},
    {"intent", "compute SNAPSHOT --as-intent begins an intent"},
    {"apply", "sgproof changes nothing; change proves a change that somebody made"},
    {"controls", "account judges controls of a snapshot, run all of them"},
};

// `needs`: only where the command has this option.
static const struct {
    const char *command, *typed, *needs, *say;
} of_options[] = {
    {"probe", "-p", NULL, "ports stand with their address: echo 'ADDRESS tcp PORTS' | sgproof probe --targets -"},
    {"probe", "--ports", NULL, "ports stand with their address: echo 'ADDRESS tcp PORTS' | sgproof probe --targets -"},
    {NULL, "--json", "format", "type --format json"},
    {NULL, "--output-format", "format", "type --format"},
    {NULL, "--query", "format", "type --format json, and give it to jq"},
    {NULL, "--no-color", NULL, "set NO_COLOR=1 in the environment"},
    {NULL, "--no-colour", NULL, "set NO_COLOR=1 in the environment"},
    {NULL, "--color", NULL, "a terminal gets colours; NO_COLOR=1 in the environment turns them off"},
    {NULL, "--colour", NULL, "a terminal gets colours; NO_COLOR=1 in the environment turns them off"},
    {NULL, "--debug", NULL, "type -v"},
    {NULL, "--silent", NULL, "type -q"},
    {NULL, "--version", NULL, "sgproof version prints it"},
    {NULL, "-V", NULL, "sgproof version prints it"},
    {NULL, "--detailed-exitcode", "exit-code", "type --exit-code"},
    {NULL, "--stat", "exit-code", "type -o /dev/null --exit-code for the exit status alone"},
    {NULL, "--limit", "last", "type --last"},
    {NULL, "--pubkey", "key", "type --key"},
    {NULL, "--public-key", "key", "type --key"},
    {NULL, "--dir", "out", "type --out"},
    {NULL, "--plan", "terraform", "type --terraform"},
};

static const char *known_option(const struct command *command, const char *word)
{
    const char *equals = strchr(word, '=');
    size_t length = equals != NULL ? (size_t)(equals - word) : strlen(word);
    for (size_t i = 0; i < sizeof(of_options) / sizeof(of_options[0]); i++) {
        bool letter = of_options[i].typed[1] != '-';
        if (strncmp(of_options[i].typed, word, letter ? 2 : length) == 0 &&
            (letter || strlen(of_options[i].typed) == length) &&
            (of_options[i].command == NULL || strcmp(of_options[i].command, command->name) == 0) &&
            (of_options[i].needs == NULL || options_spec(command, of_options[i].needs) != NULL))
            return of_options[i].say;
    }
    return NULL;
}

const char *habit_of_command(struct arena *arena, const char *name)
{
    text_list words = {0};
    for (size_t i = 0; i < sizeof(of_commands) / sizeof(of_commands[0]); i++)
        if (strcmp(of_commands[i].typed, name) == 0)
            return arena_printf(arena, ": %s", of_commands[i].say);
    for (size_t i = 0; commands[i] != NULL; i++)
        *vector_add(arena, &words) = commands[i]->name;
    for (size_t i = 0; words_beside_commands[i] != NULL; i++)
        *vector_add(arena, &words) = words_beside_commands[i];
    *vector_add(arena, &words) = NULL;
    return habit_of_value(arena, name, words.items);
}

const char *habit_of_option(struct arena *arena, const struct command *command, const char *word)
{
    const char *say = known_option(command, word);
    if (say != NULL)
        return arena_printf(arena, ": %s", say);
    if (word[1] != '-')
        return "";
    const char *equals = strchr(word, '=');
    const char *name =
        equals != NULL ? arena_strndup(arena, word + 2, (size_t)(equals - word - 2)) : arena_strdup(arena, word + 2);
    text_list names = options_names(arena, command);
    *vector_add(arena, &names) = NULL;
    const char *near = nearest_word(name, names.items);
    return near == NULL ? "" : arena_printf(arena, "; did you mean --%s?", near);
}

const char *habit_of_value(struct arena *arena, const char *value, const char *const *words)
{
    const char *near = nearest_word(value, words);
    return near == NULL ? "" : arena_printf(arena, "; did you mean %s?", near);
}

const char *habit_end(const char *habit)
{
    size_t length = strlen(habit);
    return length > 0 && habit[length - 1] == '?' ? " " : "; ";
}

const char *habit_of_target(struct arena *arena, const char *operand)
{
    struct address address;
    return !address_parse(operand, &address)
               ? NULL
               : arena_printf(arena,
                              "%s is an address, expected a plan or --targets FILE; for a few ports type: "
                              "echo '%s tcp 22,443' | sgproof probe --targets - --only %s",
                              operand, operand, operand);
}
