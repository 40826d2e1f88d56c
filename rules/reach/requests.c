#include "rules/reach/requests.h"

#include <stdlib.h>
#include <string.h>

#include "base/pattern.h"

static const char by_expression[] = " by expression";

static bool is_of(const struct rule_condition *condition, const char *field)
{
    return strncmp(condition->on, field, strlen(field)) == 0;
}

// An expression of RegexValues, which is not evaluated.
static bool is_expression(const struct rule_condition *condition)
{
    return strstr(condition->on, by_expression) != NULL;
}

// What of a request a condition is on, its values being patterns or expressions.
static const char *subject(struct arena *arena, const struct rule_condition *condition)
{
    const char *at = strstr(condition->on, by_expression);
    return at == NULL
               ? condition->on
               : arena_printf(arena, "%.*s%s", (int)(at - condition->on), condition->on, at + strlen(by_expression));
}

// How long what stands before the value is, in a value of a query string: "3:key=value", or "=value".
static size_t key_length(const char *value)
{
    char *end;
    size_t length = strtoul(value, &end, 10);
    return (size_t)(end - value) + (*end == ':' ? 1 + length : 0) + strlen("=");
}

static bool value_covers(const struct rule_condition *condition, const char *value, const char *other)
{
    size_t key = is_of(condition, "query-string") ? key_length(value) : 0;
    if (is_of(condition, "http-request-method") || is_expression(condition))
        return strcmp(value, other) == 0;
    return key <= strlen(value) && strncmp(value, other, key) == 0 && pattern_covers(value + key, other + key);
}

// Whether a condition is met whenever another one is.
static bool condition_covers(const struct rule_condition *condition, const struct rule_condition *other)
{
    bool covers = strcmp(condition->on, other->on) == 0 && other->values.count > 0;
    for (size_t i = 0; i < other->values.count && covers; i++) {
        covers = false;
        for (size_t j = 0; j < condition->values.count && !covers; j++)
            covers = value_covers(condition, condition->values.items[j], other->values.items[i]);
    }
    return covers;
}

bool rule_takes_all(const struct listener_rule *rule, const struct request_limit *limit)
{
    for (size_t i = 0; i < rule->conditions.count; i++) {
        bool met = false, rewritten = condition_is_rewritten(limit->rewriting, &rule->conditions.items[i]);
        // What is written behind other load balancers is no longer what their rules asked for.
        for (size_t m = rewritten ? limit->inherited : 0; m < limit->meets.count && !met; m++)
            for (size_t j = 0; j < limit->meets.items[m]->conditions.count && !met; j++)
                met = condition_covers(&rule->conditions.items[i], &limit->meets.items[m]->conditions.items[j]);
        if (!met)
            return false;
    }
    return true;
}

// Of a host, a path and a method there is one in a request.
static bool exclude(const struct rule_condition *a, const struct rule_condition *b)
{
    bool single = is_of(a, "host-header") || is_of(a, "path-pattern") || is_of(a, "http-request-method");
    if (!single || strcmp(a->on, b->on) != 0 || is_expression(a) || a->values.count == 0 || b->values.count == 0)
        return false;
    for (size_t i = 0; i < a->values.count; i++)
        for (size_t j = 0; j < b->values.count; j++)
            if (is_of(a, "http-request-method") ? strcmp(a->values.items[i], b->values.items[j]) == 0
                                                : patterns_meet(a->values.items[i], b->values.items[j]))
                return false;
    return true;
}

bool requests_exclude(const struct request_limit *limit)
{
    for (size_t m = 0; m < limit->meets.count; m++)
        for (size_t n = 0; n < m; n++) {
            const struct listener_rule *a = limit->meets.items[m], *b = limit->meets.items[n];
            for (size_t i = 0; i < a->conditions.count && a->doubt == NULL && b->doubt == NULL; i++)
                for (size_t j = 0; j < b->conditions.count; j++)
                    if (!condition_is_rewritten(limit->rewriting, &a->conditions.items[i]) &&
                        exclude(&a->conditions.items[i], &b->conditions.items[j]))
                        return true;
        }
    return false;
}

// ---- One request

// A part of a request: what it is of, as a condition is on it, and its value; NULL: some that an expression lets
// through.
struct part {
    const char *of;
    const char *value;
};

typedef VECTOR(struct part) request;

// What stands for "*" in a request that is tried: no host, path or header of anybody's rules, or nothing.
static const char *const fillers[] = {"zq7", "", "zq7/zq7.zq7"};
enum { FILLERS = sizeof(fillers) / sizeof(fillers[0]), MOST_VALUES = 16 };

// A text that a pattern matches.
static const char *filled(struct arena *arena, const char *pattern, const char *filler)
{
    size_t size = 1;
    for (const char *p = pattern; *p != '\0'; p++)
        size += *p == '*' ? strlen(filler) : 1;
    char *text = arena_array(arena, char, size), *end = text;
    for (const char *p = pattern; *p != '\0'; p++) {
        if (*p == '*')
            for (const char *f = filler; *f != '\0'; f++)
                *end++ = *f;
        else if (*p == '\\' && p[1] != '\0')
            *end++ = *++p;
        else
            *end++ = *p == '?' ? 'z' : *p;
    }
    *end = '\0';
    return text;
}

// Whether a value of a condition matches the value of the part that it is on.
static bool matches(const struct rule_condition *condition, const char *value, const char *given)
{
    if (is_of(condition, "http-request-method"))
        return strcmp(value, given) == 0;
    if (!is_of(condition, "query-string"))
        return pattern_matches(value, given);
    size_t key = key_length(value), given_key = key_length(given);
    if (key > strlen(value) || given_key > strlen(given))
        return true; // not understood
    bool of_any = value[0] == '=', same = strncmp(value, given, key) == 0 && key == given_key;
    bool wild = strcspn(value, "*?\\") < key; // whether a key may be a pattern is not documented
    return (of_any || same || wild || given[0] == '=') && pattern_matches(value + key, given + given_key);
}

static bool matches_any(const struct rule_condition *condition, const char *given)
{
    for (size_t i = 0; i < condition->values.count; i++)
        if (matches(condition, condition->values.items[i], given))
            return true;
    return false;
}

static struct part *part_of(request *one, const char *of)
{
    for (size_t i = 0; i < one->count; i++)
        if (strcmp(one->items[i].of, of) == 0)
            return &one->items[i];
    return NULL;
}

// Makes a request meet one more condition; false where it is not known to.
static bool meet(struct arena *arena, request *one, const struct rule_condition *condition, size_t nth,
                 const char *filler)
{
    const char *of = subject(arena, condition);
    struct part *part = is_of(condition, "query-string") ? NULL : part_of(one, of);
    if (condition->values.count == 0)
        return false;
    if (part != NULL)
        return part->value != NULL && !is_expression(condition) && matches_any(condition, part->value);
    const char *value = condition->values.items[nth % condition->values.count];
    bool literal = is_of(condition, "http-request-method");
    size_t key = is_of(condition, "query-string") ? key_length(value) : 0;
    if (key > strlen(value))
        return false;
    if (is_expression(condition))
        value = NULL;
    else if (!literal)
        value = arena_printf(arena, "%.*s%s", (int)key, value, filled(arena, value + key, filler));
    *vector_add(arena, one) = (struct part){of, value};
    return true;
}

// The n-th request that is tried within a limit, made of what one of its rules asks for first; false where it does not
// keep all its conditions.
static bool try_request(struct arena *arena, const struct request_limit *limit, size_t first, size_t nth,
                        const char *filler, request *one)
{
    for (size_t m = 0; m < limit->meets.count; m++) {
        const struct listener_rule *rule = limit->meets.items[(first + m) % limit->meets.count];
        for (size_t i = 0; i < rule->conditions.count; i++)
            if (!condition_is_rewritten(limit->rewriting, &rule->conditions.items[i]) &&
                !meet(arena, one, &rule->conditions.items[i], nth, filler))
                return false;
    }
    if (part_of(one, "host-header") == NULL)
        *vector_add(arena, one) = (struct part){"host-header", nth % 2 == 0 ? "zq7.test" : "zq7"};
    if (part_of(one, "path-pattern") == NULL)
        *vector_add(arena, one) = (struct part){"path-pattern", arena_printf(arena, "/%s", filler)};
    if (part_of(one, "http-request-method") == NULL)
        *vector_add(arena, one) = (struct part){"http-request-method", nth % 2 == 0 ? "ZQ" : "GET"};
    return true;
}

// Whether a rule may take a request.
static bool may_take(struct arena *arena, const struct rewriting *rewriting, const struct listener_rule *rule,
                     const request *one)
{
    for (size_t i = 0; i < rule->conditions.count; i++) {
        const struct rule_condition *condition = &rule->conditions.items[i];
        if (condition->values.count == 0 || condition_is_rewritten(rewriting, condition)) // not known
            continue;
        const char *of = subject(arena, condition);
        bool met = false;
        for (size_t p = 0; p < one->count && !met; p++)
            met = strcmp(one->items[p].of, of) == 0 && (is_expression(condition) || one->items[p].value == NULL ||
                                                        matches_any(condition, one->items[p].value));
        if (!met)
            return false;
    }
    return true;
}

static bool is_missed(struct arena *arena, const struct request_limit *limit, const request *one)
{
    for (size_t m = 0; m < limit->misses.count; m++)
        for (size_t r = 0; r < limit->misses.items[m].count; r++)
            if (may_take(arena, limit->rewriting, &limit->misses.items[m].items[r], one))
                return false;
    return true;
}

static size_t most_values(const struct request_limit *limit)
{
    size_t most = 2;
    for (size_t m = 0; m < limit->meets.count; m++)
        for (size_t i = 0; i < limit->meets.items[m]->conditions.count; i++)
            if (limit->meets.items[m]->conditions.items[i].values.count > most)
                most = limit->meets.items[m]->conditions.items[i].values.count;
    return most < MOST_VALUES ? most : MOST_VALUES;
}

bool requests_pass(struct arena *arena, const struct request_limit *limit, const struct listener_rule *rules,
                   size_t count, const bool *passed, bool *met)
{
    size_t values = most_values(limit), orders = limit->meets.count == 0            ? 1
                                                 : limit->meets.count < MOST_VALUES ? limit->meets.count
                                                                                    : MOST_VALUES;
    for (size_t n = 0; n < values * orders; n++)
        for (size_t f = 0; f < FILLERS; f++) {
            request one = {0};
            if (!try_request(arena, limit, n / values, n % values, fillers[f], &one))
                continue;
            bool taken = !is_missed(arena, limit, &one);
            for (size_t r = 0; r < count; r++)
                if (!passed[r] && may_take(arena, limit->rewriting, &rules[r], &one))
                    taken = met[r] = true;
            if (!taken)
                return true;
        }
    return false;
}
