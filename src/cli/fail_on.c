#include "cli/fail_on.h"

#include <fnmatch.h>
#include <string.h>

#include "cli/habits.h"
#include "rules/controls/controls.h"

bool cli_control_exists(struct arena *arena, const struct pack_list *packs, bool of_account, const char *glob,
                        struct error *error)
{
    text_list ids = {0};
    for (size_t p = 0; p < packs->items.count; p++)
        for (size_t i = 0; i < packs->items.items[p].pack->controls.count; i++) {
            const struct pack_control *control = &packs->items.items[p].pack->controls.items[i];
            if (of_account && !control_is_of_account(control))
                continue;
            if (fnmatch(glob, control->id, 0) == 0)
                return true;
            *vector_add(arena, &ids) = control->id;
            if (strchr(glob, '/') == NULL && fnmatch(glob, text_behind_slash(control->id), 0) == 0) // without its pack
                return error_set(error, ERROR_USAGE,
                                 "--fail-on %s: no control judged here has this id: did you mean %s?", glob,
                                 control->id);
        }
    *vector_add(arena, &ids) = NULL;
    return error_set(error, ERROR_USAGE, "--fail-on %s: no control judged here has an id like it%s", glob,
                     habit_of_value(arena, glob, ids.items));
}

static bool fail_on_word(struct arena *arena, const char *word, struct fail_on *fail_on, struct error *error)
{
    static const char *const others[] = {"critical", "high", "medium", "low", "info", "none"};
    enum severity severity;
    if (strcmp(word, "none") == 0)
        return true;
    if (severity_parse(word, &severity)) {
        fail_on->least = fail_on->severity && fail_on->least > severity ? fail_on->least : severity;
        fail_on->severity = true;
        return true;
    }
    if (strncmp(word, "control:", 8) == 0 && word[8] != '\0') {
        *vector_add(arena, &fail_on->controls) = word + 8;
        return true;
    }
    for (int i = 0; i < VERDICT_KINDS; i++)
        if (strcmp(word, verdict_names[i]) == 0)
            return fail_on->verdicts[i] = true;
    text_list words = {0};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        *vector_add(arena, &words) = others[i];
    for (int i = 0; i < VERDICT_KINDS; i++)
        *vector_add(arena, &words) = verdict_names[i];
    *vector_add(arena, &words) = NULL;
    return error_set(error, ERROR_USAGE,
                     "--fail-on %s: expected critical, high, medium, low, info, a verdict such as undeclared, "
                     "control:ID, or none%s",
                     word, habit_of_value(arena, word, words.items));
}

bool cli_fail_on(struct arena *arena, const struct options *options, struct fail_on *fail_on, struct error *error)
{
    const struct option_values *given = options_values(options, "fail-on");
    *fail_on = (struct fail_on){.severity = given->items.count == 0, .least = SEVERITY_HIGH};
    for (size_t i = 0; i < given->items.count; i++) {
        char *copy = arena_strdup(arena, given->items.items[i]), *rest = NULL;
        char *word = strtok_r(copy, ",", &rest);
        if (word == NULL)
            return fail_on_word(arena, "", fail_on, error);
        for (; word != NULL; word = strtok_r(NULL, ",", &rest))
            GUARD(fail_on_word(arena, word, fail_on, error));
    }
    return true;
}
