#include "model/verdict.h"

#include <stdlib.h>

#include "model/protocol.h"

const char *const verdict_names[] = {"confirmed", "latent",      "blocked",    "undeclared",
                                     "enforced",  "unconfirmed", "unverified", NULL};
const char *const intent_names[] = {"expected", "forbidden", "unspecified", NULL};
const char *const vantage_heard_names[] = {"unknown", "open", "closed", "silent", NULL};
const char *const severity_names[] = {"critical", "high", "medium", "low", "info", NULL};

static bool texts_same(const text_list *a, const text_list *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = strcmp(a->items[i], b->items[i]) == 0;
    return same;
}

static bool asked_alike(const struct asked_from *a, const struct asked_from *b)
{
    return a == b ||
           (a != NULL && b != NULL && text_same(a->eni_id, b->eni_id) && address_equal(a->address, b->address));
}

static bool agree(const struct verdict *a, const struct verdict *b)
{
    if (!address_equal(a->address, b->address) || a->protocol != b->protocol || (uint32_t)a->high + 1 != b->low ||
        a->declared != b->declared || a->observed != b->observed || a->kind != b->kind || a->unstable != b->unstable ||
        a->accepting != b->accepting || a->outage != b->outage || a->intent != b->intent ||
        a->severity != b->severity || !asked_alike(a->asked_from, b->asked_from) || !text_same(a->eni_id, b->eni_id) ||
        !text_same(a->reason, b->reason) || !text_same(a->from, b->from) ||
        !text_same(a->intent_rule, b->intent_rule) || !text_same(a->intent_expired, b->intent_expired))
        return false;
    return reasons_same(&a->because, &b->because) && reasons_same(&a->via, &b->via) &&
           texts_same(&a->suggested, &b->suggested);
}

static int by_place(const void *left, const void *right)
{
    const struct verdict *a = left, *b = right;
    int order = place_compare(a->address, a->protocol, b->address, b->protocol);
    return order != 0 ? order : (int)a->low - (int)b->low;
}

void verdicts_sort(struct verdict *verdicts, size_t count)
{
    bool sorted = true;
    for (size_t i = 1; sorted && i < count; i++)
        sorted = by_place(&verdicts[i - 1], &verdicts[i]) <= 0;
    if (!sorted)
        qsort(verdicts, count, sizeof(*verdicts), by_place);
}

// Lines ascend where the file is in order: then a line is known only as the last one.
static void add_line(struct arena *arena, struct verdict *verdict, size_t line)
{
    size_t count = verdict->observations.count;
    bool known = false, ascends = count == 0 || verdict->observations.items[count - 1] < line;
    for (size_t i = 0; i < count && !known && !ascends; i++)
        known = verdict->observations.items[count - 1 - i] == line;
    if (!known)
        *vector_add(arena, &verdict->observations) = line;
}

static void join(struct arena *arena, struct verdict *last, const struct verdict *next)
{
    last->high = next->high;
    for (size_t i = 0; i < next->observations.count; i++)
        add_line(arena, last, next->observations.items[i]);
}

void verdicts_add(struct arena *arena, struct verdict_set *set, const struct verdict *verdict)
{
    struct verdict *last = set->items.count > 0 ? &set->items.items[set->items.count - 1] : NULL;
    if (last != NULL && agree(last, verdict))
        join(arena, last, verdict);
    else
        *vector_add(arena, &set->items) = *verdict;
}

void verdicts_merge(struct arena *arena, struct verdict_set *set)
{
    size_t kept = 0;
    verdicts_sort(set->items.items, set->items.count);
    for (size_t i = 0; i < set->items.count; i++) {
        struct verdict *next = &set->items.items[i], *last = kept > 0 ? &set->items.items[kept - 1] : NULL;
        if (last != NULL && agree(last, next))
            join(arena, last, next);
        else
            set->items.items[kept++] = *next;
    }
    set->items.count = (uint32_t)kept;
}

bool verdict_asked_alike(const struct verdict *a, const struct verdict *b)
{
    const struct asked_from *one = a->asked_from, *other = b->asked_from;
    return (one == NULL) == (other == NULL) &&
           (one == NULL || (text_same(one->eni_id, other->eni_id) &&
                            (one->eni_id != NULL || address_equal(one->address, other->address))));
}

const char *verdict_label(struct arena *arena, const struct verdict *verdict)
{
    const char *label = owner_label(arena, verdict->name, verdict->owner);
    return label != NULL ? label : verdict->eni_id;
}

bool severity_parse(const char *text, enum severity *severity)
{
    for (int i = 0; i < SEVERITIES; i++)
        if (strcmp(severity_names[i], text) == 0) {
            *severity = (enum severity)i;
            return true;
        }
    return false;
}
