// CloudTrail's trails, and what they record.
#include <stdlib.h>

#include "aws/documents/calls.h"
#include "aws/documents/readers.h"

// ---- Trails. https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Trail.html

bool read_trail(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    const char *arn;
    GUARD(interned_of(reader, at, "TrailARN", &arn));
    struct account *account = reader->place.account != NULL ? account_of(reader) : account_by_arn(reader, arn);
    for (size_t i = 0; i < account->trails.count; i++)
        if (strcmp(account->trails.items[i].arn, arn) == 0) { // each region that it reaches lists it
            struct trail *old = &account->trails.items[i];
            record_agrees(reader, at, old->record, arn, &old->doubt);
            return true;
        }
    struct trail trail = {.arn = arn, .evidence = evidence_of(reader, at), .record = reader->record};
    GUARD(text_of(reader, at, "Name", &trail.name));
    reader->doubt = &trail.doubt;
    lenient_text(reader, at, "HomeRegion", &trail.home_region);
    lenient_boolean(reader, at, "IsMultiRegionTrail", &trail.multi_region);
    lenient_boolean(reader, at, "LogFileValidationEnabled", &trail.validation);
    reader->doubt = NULL;
    *vector_add(reader->arena, &account->trails) = trail;
    return true;
}

// get-trail-status and get-event-selectors files are named after the trail; the longest name that fits is it.
struct trail *trail_of_file(struct reader *reader)
{
    struct account *account = account_of(reader);
    const char *base = text_behind_slash(reader->name);
    struct trail *best = NULL;
    const struct aws_call *call = call_of_file(base);
    bool named = call != NULL && strchr(base + strlen(call->file), '.') != strrchr(base, '.'); // for another
    for (size_t i = 0; i < account->trails.count; i++) {
        struct trail *trail = &account->trails.items[i];
        bool fits = strstr(base, trail->name) != NULL || (account->trails.count == 1 && !named);
        if (fits && (best == NULL || strlen(trail->name) > strlen(best->name)))
            best = trail;
    }
    return best;
}

bool read_logging(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct trail *trail = into;
    if (!cJSON_IsBool(at->node))
        return json_fail(at, reader->error, "is no boolean, expected one");
    enum told told = cJSON_IsTrue(at->node) ? TOLD_YES : TOLD_NO;
    if (trail != NULL && trail->logging != TOLD_NOTHING && trail->logging != told)
        return doubt_at(reader, at, "is not what another file says of trail %s", trail->name);
    if (trail != NULL)
        trail->logging = told;
    return true;
}

// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html
bool read_event_selector(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct trail *trail = into;
    struct json_cursor included = json_member(at, "IncludeManagementEvents");
    const char *which = NULL;
    if (trail == NULL)
        return true;
    GUARD(json_borrow_string(at, "ReadWriteType", &which, reader->error));
    if (!cJSON_IsBool(included.node))
        doubt_at(reader, &included, "is %s, expected true or false", json_kind(included.node));
    if (which == NULL)
        doubt_at(reader, at, "has no ReadWriteType, expected one");
    struct json_cursor excluded = member_of(reader, at, "ExcludeManagementEventSources");
    for (const cJSON *one = excluded.node == NULL ? NULL : excluded.node->child; one != NULL; one = one->next)
        if (!cJSON_IsString(one))
            doubt_at(reader, &excluded, "holds %s, expected strings", json_kind(one));
    if (excluded.node != NULL && !cJSON_IsArray(excluded.node))
        doubt_at(reader, &excluded, "is %s, expected an array", json_kind(excluded.node));
    enum trail_events events = !cJSON_IsTrue(included.node)                 ? TRAIL_EVENTS_NONE
                               : which == NULL || strcmp(which, "All") == 0 ? TRAIL_EVENTS_ALL
                                                                            : TRAIL_EVENTS_SOME;
    trail->management = events > trail->management ? events : trail->management;
    return true;
}

struct selector {
    bool management;
    bool narrowed; // to some of the events
};

static bool read_field_selector(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct selector *selector = into;
    const char *field;
    GUARD(json_borrow_string(at, "Field", &field, reader->error));
    const cJSON *equals = cJSON_GetObjectItemCaseSensitive(at->node, "Equals"), *node;
    if (field == NULL || strcmp(field, "eventCategory") != 0)
        selector->narrowed = true;
    cJSON_ArrayForEach (node, equals)
        if (field != NULL && strcmp(field, "eventCategory") == 0 && cJSON_IsString(node) &&
            strcmp(node->valuestring, "Management") == 0)
            selector->management = true;
    return true;
}

// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedEventSelector.html
bool read_advanced_event_selector(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct trail *trail = into;
    struct selector selector = {0};
    if (trail == NULL)
        return true;
    each_of(reader, at, "FieldSelectors", read_field_selector, &selector);
    enum trail_events events = !selector.management ? TRAIL_EVENTS_NONE
                               : selector.narrowed  ? TRAIL_EVENTS_SOME
                                                    : TRAIL_EVENTS_ALL;
    trail->management = events > trail->management ? events : trail->management;
    return true;
}
