#include "model/run_record.h"

void run_record_count(const struct verdict_set *set, struct run_record *run)
{
    run->endpoints = set->endpoints;
    run->asked = set->asked;
    for (size_t i = 0; i < set->items.count; i++) {
        const struct verdict *verdict = &set->items.items[i];
        run->by_verdict[verdict->kind] += (size_t)(verdict->high - verdict->low) + 1;
        run->by_severity[verdict->severity] += (size_t)(verdict->high - verdict->low) + 1;
    }
}
