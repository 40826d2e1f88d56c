#include "model/observation_summary.h"

#include "model/observation_line.h"
#include "model/shard.h"

static const long MOST = 1L << 53; // what a number of JSON holds to the unit

static bool is_count(const struct json_cursor *at, const char *key, struct error *error)
{
    long count;
    bool present;
    return json_optional_integer(at, key, 0, MOST, &count, &present, error);
}

// A count; -1 where it is not told.
static bool read_count(const struct json_cursor *at, const char *key, long *count, struct error *error)
{
    bool present;
    GUARD(json_optional_integer(at, key, 0, MOST, count, &present, error));
    *count = present ? *count : -1;
    return true;
}

static bool are_counts(const struct json_cursor *at, const char *const *keys, struct error *error)
{
    for (; *keys != NULL; keys++)
        GUARD(is_count(at, *keys, error));
    return true;
}

static bool is_seconds(const struct json_cursor *at, const char *key, struct error *error)
{
    struct json_cursor seconds = json_member(at, key);
    return seconds.node == NULL ||
           (cJSON_IsNumber(seconds.node) && seconds.node->valuedouble >= 0 && seconds.node->valuedouble < 1e15) ||
           json_fail(&seconds, error, "is no number of seconds, expected one");
}

static bool read_sentinels(const struct json_cursor *summary, struct sentinels_told *told, struct error *error)
{
    static const char *const keys[] = {"asked", "answered", "longest_gap_seconds", "unknown_for_want_of_them", NULL};
    struct json_cursor at = json_member(summary, "sentinels");
    if (at.node == NULL)
        return true;
    struct json_cursor gap = json_member(&at, "longest_gap_seconds");
    told->told = true;
    GUARD(json_expect_keys(&at, keys, error) && json_integer(&at, "asked", 0, INT32_MAX, &told->asked, error) &&
          json_integer(&at, "answered", 0, INT32_MAX, &told->answered, error) &&
          is_count(&at, "unknown_for_want_of_them", error));
    if (gap.node == NULL)
        return json_fail(&gap, error, "is no number of seconds, expected one");
    GUARD(is_seconds(&at, "longest_gap_seconds", error));
    told->longest_gap = gap.node->valuedouble;
    return true;
}

// A list of which each element is what `is_right` says; it may be left out.
static bool is_list(const struct json_cursor *at, const char *key,
                    bool (*is_right)(const struct json_cursor *element, struct error *error), struct error *error)
{
    struct json_cursor list = json_member(at, key);
    const cJSON *node;
    size_t index = 0;
    if (list.node == NULL)
        return true;
    GUARD(json_expect_array(&list, error));
    cJSON_ArrayForEach (node, list.node) {
        struct json_cursor element = json_element(&list, index++, node);
        GUARD(is_right(&element, error));
    }
    return true;
}

static bool is_address(const struct json_cursor *at, struct error *error)
{
    struct address address;
    const char *text;
    return json_text_at(at, &text, error) &&
           ((text != NULL && address_parse(text, &address)) || json_fail(at, error, "is no address, expected one"));
}

static bool read_vantage(struct arena *arena, const struct json_cursor *summary, const char *key, const char **told,
                         struct error *error)
{
    struct json_cursor at = json_member(summary, key);
    return json_optional_string(arena, summary, key, told, error) &&
           (*told == NULL || observation_addresses(*told) || json_fail(&at, error, "\"%s\" is no address", *told));
}

static bool is_canary(const struct json_cursor *at, struct error *error)
{
    static const char *const keys[] = {"address", "port", "asked", "answered", NULL};
    long port;
    GUARD(json_expect_keys(at, keys, error));
    struct json_cursor address = json_member(at, "address");
    return is_address(&address, error) && json_integer(at, "port", 0, PORT_LAST, &port, error) &&
           are_counts(at, keys + 2, error);
}

static bool read_canaries(struct arena *arena, const struct json_cursor *summary, struct observations *observations,
                          struct error *error)
{
    struct json_cursor list = json_member(summary, "canaries");
    const cJSON *node;
    GUARD(is_list(summary, "canaries", is_canary, error));
    cJSON_ArrayForEach (node, list.node) {
        struct canary_told one = {.port = (long)json_find(node, "port")->valuedouble};
        const cJSON *answered = json_find(node, "answered");
        address_parse(cJSON_GetStringValue(json_find(node, "address")), &one.address);
        one.answered = answered == NULL ? 0 : (long)answered->valuedouble;
        *vector_add(arena, &observations->canaries) = one;
    }
    return true;
}

static bool is_reason(const struct json_cursor *at, struct error *error)
{
    static const char *const keys[] = {"what", "count", NULL};
    const char *what;
    return json_expect_keys(at, keys, error) && json_borrow_string(at, "what", &what, error) &&
           is_count(at, "count", error);
}

static bool is_services(const struct json_cursor *summary, struct error *error)
{
    static const char *const keys[] = {"reasons", "identified", "unknown", "not_identified", NULL};
    struct json_cursor at = json_member(summary, "services");
    return at.node == NULL || (json_expect_keys(&at, keys, error) && are_counts(&at, keys + 1, error) &&
                               is_list(&at, "reasons", is_reason, error));
}

bool summary_read(struct arena *arena, const struct json_cursor *line, struct observations *observations,
                  struct error *error)
{
    static const char *const only[] = {"summary", NULL};
    static const char *const keys[] = {"shard",
                                       "sentinels",
                                       "canaries",
                                       "vantage_ipv4",
                                       "vantage_ipv6",
                                       "interrupted",
                                       "method",
                                       "seconds",
                                       "not_asked",
                                       "services",
                                       "accepting_everything",
                                       "open",
                                       "closed",
                                       "rejected",
                                       "filtered",
                                       "unknown",
                                       "sent",
                                       "received",
                                       "late",
                                       "dropped",
                                       "seed",
                                       "passes",
                                       NULL};
    enum { COUNTS = 11 }; // the first key that is one
    struct json_cursor at = json_member(line, "summary");
    return json_expect_keys(line, only, error) && json_expect_keys(&at, keys, error) &&
           are_counts(&at, keys + COUNTS, error) && is_seconds(&at, "seconds", error) &&
           read_count(&at, "dropped", &observations->dropped, error) &&
           read_count(&at, "passes", &observations->passes, error) &&
           json_optional_string(arena, &at, "method", &observations->method, error) &&
           read_canaries(arena, &at, observations, error) && is_list(&at, "not_asked", is_reason, error) &&
           is_services(&at, error) && is_list(&at, "accepting_everything", is_address, error) &&
           read_vantage(arena, &at, "vantage_ipv4", &observations->vantage4, error) &&
           read_vantage(arena, &at, "vantage_ipv6", &observations->vantage6, error) &&
           json_optional_boolean(&at, "interrupted", &observations->interrupted, error) &&
           read_sentinels(&at, &observations->sentinels, error) && shard_read(arena, &at, &observations->shard, error);
}
