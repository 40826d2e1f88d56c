#include "cli/judged_by.h"

#include <string.h>
#include <time.h>

bool cli_intent(struct arena *arena, const struct options *options, struct intent **intent, struct error *error)
{
    const char *file = options_value(options, "intent");
    *intent = file == NULL ? NULL : intent_read(arena, file, error);
    return file == NULL || *intent != NULL;
}

bool cli_packs(struct arena *arena, const struct options *options, struct pack_list *packs, struct error *error)
{
    const struct option_values *given = options_values(options, "pack");
    return pack_list_read(arena, given->items.items, given->items.count, packs, error);
}

bool cli_date(struct arena *arena, const struct options *options, const char **date, struct error *error)
{
    const char *given = options_value(options, "date");
    struct tm parts = {0};
    if (given == NULL) {
        time_t now = time(NULL);
        gmtime_r(&now, &parts);
        char text[16];
        strftime(text, sizeof(text), "%Y-%m-%d", &parts);
        *date = arena_strdup(arena, text);
        return true;
    }
    const char *end = strptime(given, "%Y-%m-%d", &parts);
    *date = given;
    return (end != NULL && *end == '\0' && strlen(given) == 10) ||
           error_set(error, ERROR_USAGE, "--date %s: expected YYYY-MM-DD", given);
}
