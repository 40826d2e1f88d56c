#include "model/verdict_texts.h"

enum { VALUES = 4096 }; // those made last are kept, so that memory does not grow with the verdicts

struct made_text {
    struct verdict of;
    bool made;
    struct text text;
};

struct verdict_texts {
    struct arena *arena;
    struct made_text host;    // of the verdict before
    struct made_text *values; // by a hash of what is_same_value compares
};

struct verdict_texts *verdict_texts_new(void)
{
    struct arena *arena = arena_new();
    struct verdict_texts *texts = arena_new_of(arena, struct verdict_texts);
    *texts = (struct verdict_texts){.arena = arena, .values = arena_array(arena, struct made_text, VALUES)};
    return texts;
}

void verdict_texts_free(struct verdict_texts *texts)
{
    for (size_t i = 0; i < VALUES; i++)
        text_free(&texts->values[i].text);
    text_free(&texts->host.text);
    arena_free(texts->arena);
}

static bool is_same_host(const struct verdict *a, const struct verdict *b)
{
    return address_equal(a->address, b->address) && a->account_id == b->account_id && a->region == b->region &&
           a->eni_id == b->eni_id && a->instance_id == b->instance_id && a->name == b->name && a->owner == b->owner &&
           a->asked_from == b->asked_from;
}

static bool is_same_value(const struct verdict *a, const struct verdict *b)
{
    return a->declared == b->declared && a->observed == b->observed && a->kind == b->kind &&
           a->unstable == b->unstable && a->accepting == b->accepting && a->accepts == b->accepts &&
           a->outage == b->outage && a->intent == b->intent && a->severity == b->severity && a->reason == b->reason &&
           a->from == b->from && a->intent_rule == b->intent_rule && a->intent_owner == b->intent_owner &&
           a->intent_reason == b->intent_reason && a->intent_expired == b->intent_expired &&
           a->because.items == b->because.items && a->because.count == b->because.count &&
           a->via.items == b->via.items && a->via.count == b->via.count && a->suggested.items == b->suggested.items &&
           a->suggested.count == b->suggested.count;
}

static size_t value_slot(const struct verdict *verdict)
{
    const void *places[] = {verdict->reason,        verdict->from,      verdict->intent_rule,
                            verdict->because.items, verdict->via.items, verdict->suggested.items};
    uint64_t hash = (uint64_t)verdict->declared | (uint64_t)verdict->observed << 8 | (uint64_t)verdict->kind << 16 |
                    (uint64_t)verdict->severity << 24 | (uint64_t)verdict->intent << 32;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        hash = (hash ^ (uint64_t)(uintptr_t)places[i]) * 0x9e3779b97f4a7c15u;
    return (size_t)(hash >> 40) % VALUES;
}

static struct text *text_of(struct made_text *made, bool same, const struct verdict *verdict, bool *fresh)
{
    *fresh = !made->made || !same;
    if (*fresh) {
        made->of = *verdict;
        made->made = true;
        made->text.length = 0;
    }
    return &made->text;
}

struct text *verdict_texts_host(struct verdict_texts *texts, const struct verdict *verdict, bool *fresh)
{
    return text_of(&texts->host, is_same_host(&texts->host.of, verdict), verdict, fresh);
}

struct text *verdict_texts_value(struct verdict_texts *texts, const struct verdict *verdict, bool *fresh)
{
    struct made_text *made = &texts->values[value_slot(verdict)];
    return text_of(made, is_same_value(&made->of, verdict), verdict, fresh);
}
