#include "model/shard.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/probing.h"

// Where a scheduler says which of its tasks this one is, from 0, and how many there are.
static const struct scheduler {
    const char *name, *index, *count; // count: NULL where it says none
    const char *first;                // the lowest index, where that need not be 0; else NULL
} schedulers[] = {
    {"Slurm", "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN"},
    {"AWS Batch", "AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE", NULL},
    {"Kubernetes", "JOB_COMPLETION_INDEX", NULL, NULL},
};
enum { SCHEDULERS = sizeof(schedulers) / sizeof(schedulers[0]) };

static bool read_number(const char *text, char end, unsigned *number, const char **rest)
{
    char *stop;
    if (*text < '0' || *text > '9')
        return false;
    unsigned long value = strtoul(text, &stop, 10);
    *number = value > SHARDS_MOST ? SHARDS_MOST + 1 : (unsigned)value;
    *rest = stop + (end != '\0');
    return *stop == end;
}

static bool variable(const char *name, unsigned *number)
{
    const char *text = name == NULL ? NULL : getenv(name), *rest;
    return text != NULL && read_number(text, '\0', number, &rest);
}

// K, and N where `of` is 0, of whichever scheduler started us.
static bool ask_scheduler(unsigned *index, unsigned *of, struct error *error)
{
    const struct scheduler *by = NULL;
    unsigned task = 0, count = 0, first = 0;
    for (int i = 0; i < SCHEDULERS; i++)
        if (variable(schedulers[i].index, &task)) {
            if (by != NULL)
                return error_set(error, ERROR_USAGE, "--shard: both %s and %s say which task this is: give K/N",
                                 by->index, schedulers[i].index);
            by = &schedulers[i];
        }
    if (by == NULL)
        return error_set(error, ERROR_USAGE,
                         "--shard: no scheduler says which task this is (%s, %s, %s are not set): give K/N",
                         schedulers[0].index, schedulers[1].index, schedulers[2].index);
    variable(by->index, &task);
    if (*of == 0) {
        if (!variable(by->count, &count) || (variable(by->first, &first) && first != 0))
            return error_set(error, ERROR_USAGE,
                             "--shard auto: %s does not say of how many tasks, from 0, this is one: give /N", by->name);
        *of = count;
    }
    if (task >= *of)
        return error_set(error, ERROR_USAGE, "--shard: %s says task %u (%s), and tasks of %u are 0 to %u", by->name,
                         task, by->index, *of, *of - 1);
    *index = task + 1;
    return true;
}

bool cli_shard(struct arena *arena, const struct options *options, struct plan *plan, struct error *error)
{
    const char *text = options_value(options, "shard"), *rest;
    unsigned index = 0, of = 0;
    if (text == NULL)
        return true;
    bool automatic = strcmp(text, "auto") == 0;
    bool good = automatic        ? true
                : text[0] == '/' ? read_number(text + 1, '\0', &of, &rest) && of > 0
                                 : read_number(text, '/', &index, &rest) && read_number(rest, '\0', &of, &rest);
    if (!good)
        return error_set(error, ERROR_USAGE, "--shard %s: expected K/N, /N or auto", text);
    GUARD(index != 0 || (!automatic && text[0] != '/') || ask_scheduler(&index, &of, error));
    return shard_take(arena, plan, index, of, error);
}
