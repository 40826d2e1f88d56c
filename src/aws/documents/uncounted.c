// Public places that no document of the snapshot counts: which calls would have named some, and were not saved. They
// are no interface, so no answer about one rests on them: they are named under not_covered.
#include <stdlib.h>
#include <string.h>

#include "aws/documents/calls.h"
#include "aws/documents/readers.h"

// Of a call that is made once an account, whether any document of it is there for the account.
static bool is_anywhere(const struct estate *estate, const char *account, const struct aws_call *call)
{
    size_t low = 0, high = estate->completeness.count; // ascending by account
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(estate->completeness.items[middle].account, account) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < estate->completeness.count && strcmp(estate->completeness.items[low].account, account) == 0; low++)
        if (estate->completeness.items[low].states[call->kind] > COMPLETENESS_ABSENT)
            return true;
    return false;
}

static bool is_there(const struct estate *estate, const struct completeness *of, const struct aws_call *call)
{
    return of->states[call->kind] > COMPLETENESS_ABSENT ||
           (call->scope == CALL_ONCE &&
            (is_anywhere(estate, of->account, call) || is_anywhere(estate, "unknown", call)));
}

// Whether the snapshot's own record says why there is none.
static bool is_accounted(struct reader *reader, const struct completeness *of, const struct aws_call *call)
{
    const char *key = arena_printf(reader->scratch, "%s|%s|%s", call->service, call->operation, of->account);
    if (call->scope != CALL_ONCE)
        key = arena_printf(reader->scratch, "%s|%s", key, of->region);
    return map_get(&reader->estate->accounted, key) != NULL;
}

// The calls that are not there for a place: "redshift describe-clusters, eks list-clusters", or NULL.
static const char *absent_at(struct reader *reader, const struct completeness *of)
{
    const char *text = NULL;
    for (size_t i = 0; i < aws_call_count; i++) {
        const struct aws_call *call = &aws_calls[i];
        if (call->counts && !is_there(reader->estate, of, call) && !is_accounted(reader, of, call))
            text = arena_printf(reader->arena, "%s%s%s", text == NULL ? "" : text, text == NULL ? "" : ", ",
                                kind_call(call->kind));
    }
    return text;
}

static void say(struct reader *reader, const char *text)
{
    *vector_add(reader->arena, &reader->estate->not_covered) = text;
}

// A line for all places that lack the same.
static void say_absent(struct reader *reader)
{
    struct estate *estate = reader->estate;
    size_t count = estate->completeness.count, demanded = 0;
    const char **texts = arena_array(reader->scratch, const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct completeness *of = &estate->completeness.items[i];
        demanded += of->demanded;
        texts[i] = of->demanded ? absent_at(reader, of) : NULL;
    }
    for (size_t i = 0; i < count; i++) {
        const char *text = texts[i];
        struct text where = {0};
        size_t same = 0;
        for (size_t j = i; text != NULL && j < count; j++) {
            if (!text_same(texts[j], text))
                continue;
            const struct completeness *of = &estate->completeness.items[j];
            text_printf(&where, "%s%s/%s", same == 0 ? "" : ", ", of->account, of->region);
            texts[j] = NULL;
            same++;
        }
        if (text != NULL)
            say(reader, arena_printf(reader->arena,
                                     "not in the snapshot%s%s: %s: which of what they name is public is not told",
                                     same == demanded ? "" : " of ", same == demanded ? "" : where.bytes, text));
        text_free(&where);
    }
}

static int by_id(const void *left, const void *right)
{
    const struct listed_thing *a = left, *b = right;
    int order = strcmp(a->kind, b->kind);
    return order != 0 ? order : strcmp(a->id, b->id);
}

// What a list names and no document of its own describes.
static void say_listed(struct reader *reader)
{
    struct estate *estate = reader->estate;
    if (estate->listed_things.count > 1)
        qsort(estate->listed_things.items, estate->listed_things.count, sizeof(struct listed_thing), by_id);
    for (size_t i = 0; i < estate->listed_things.count; i++) {
        const struct listed_thing *one = &estate->listed_things.items[i];
        const char *key = arena_printf(reader->scratch, "%s|%s", one->service, one->id), *where = "";
        if (one->account != NULL && one->region != NULL) {
            key = arena_printf(reader->scratch, "%s|%s|%s", key, one->account, one->region);
            where = arena_printf(reader->arena, " of %s/%s", one->account, one->region);
        }
        bool lists = strcmp(one->service, ECS_LISTS) == 0; // tasks have interfaces, which tell
        if (!lists && map_get(&estate->named_things, key) == NULL)
            say(reader, arena_printf(reader->arena, "%s %s%s: no %s in the snapshot tells whether it is public",
                                     one->kind, one->id, where, one->call));
    }
}

void settle_uncounted(struct reader *reader)
{
    if (!estate_has_network(reader->estate))
        return;
    say(reader,
        "places of AWS's own that no call of sgproof asks for: S3, API Gateway, Lambda function URLs and others");
    say_absent(reader);
    say_listed(reader);
}
