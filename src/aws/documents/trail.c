// CloudTrail's trails, and what they record.
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws/documents/calls.h"
#include "aws/documents/readers.h"
#include "base/clock.h"

// ---- Trails. https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Trail.html

bool read_trail(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    const char *arn, *owner = NULL, *region = NULL;
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
    lenient_boolean(reader, at, "IsOrganizationTrail", &trail.organization);
    place_of_arn(reader, arn, &owner, &region);
    if (owner != NULL && strcmp(owner, account->id) != 0 && !trail.organization) // of which it is not listed
        doubt_at(reader, at, "is a trail of account %s, and none of the organization", owner);
    reader->doubt = NULL;
    *vector_add(reader->arena, &account->trails) = trail;
    return true;
}

// get-trail-status and get-event-selectors files are named after the trail (trail_of_file).
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

// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html
bool read_delivery_error(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct trail *trail = into;
    if (!cJSON_IsString(at->node))
        return json_fail(at, reader->error, "is %s, expected a string", json_kind(at->node));
    if (trail != NULL && at->node->valuestring[0] != '\0')
        trail->delivery_error = intern(reader, at->node->valuestring);
    return true;
}

bool read_digest_error(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct trail *trail = into;
    if (!cJSON_IsString(at->node))
        return json_fail(at, reader->error, "is %s, expected a string", json_kind(at->node));
    if (trail != NULL && at->node->valuestring[0] != '\0')
        trail->digest_error = intern(reader, at->node->valuestring);
    return true;
}

static bool read_moment_of(struct reader *reader, const struct json_cursor *at, const struct trail *trail,
                           const char **into)
{
    char text[32];
    int64_t told;
    const char *moment = cJSON_GetStringValue(at->node);
    if (cJSON_IsNumber(at->node) && at->node->valuedouble > 0 && at->node->valuedouble < 1e11) {
        time_t seconds = (time_t)at->node->valuedouble; // as version 1 of the CLI prints it
        struct tm parts;
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &parts));
        moment = text;
    }
    if (moment == NULL || !clock_parse_zone(moment, &told))
        return json_fail(at, reader->error, "is %s, expected a moment", moment == NULL ? json_kind(at->node) : moment);
    if (into != NULL && *into != NULL && strcmp(*into, moment) != 0)
        return doubt_at(reader, at, "is not what another file says of trail %s", trail->name);
    if (into != NULL)
        *into = intern(reader, moment);
    return true;
}

bool read_delivery_time(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct trail *trail = into;
    return read_moment_of(reader, at, trail, trail == NULL ? NULL : &trail->delivered);
}

bool read_digest_time(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct trail *trail = into;
    return read_moment_of(reader, at, trail, trail == NULL ? NULL : &trail->digested);
}

bool read_logging_start(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct trail *trail = into;
    return read_moment_of(reader, at, trail, trail == NULL ? NULL : &trail->started);
}

bool read_logging_stop(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct trail *trail = into;
    return read_moment_of(reader, at, trail, trail == NULL ? NULL : &trail->stopped);
}

// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventDataStore.html
bool read_event_store(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct event_store store = {.evidence = evidence_of(reader, at)};
    (void)into;
    GUARD(text_of(reader, at, "EventDataStoreArn", &store.arn));
    struct account *account = reader->place.account != NULL ? account_of(reader) : account_by_arn(reader, store.arn);
    lenient_text(reader, at, "Name", &store.name);
    lenient_text(reader, at, "Status", &store.status);
    lenient_boolean(reader, at, "MultiRegionEnabled", &store.multi_region);
    lenient_boolean(reader, at, "OrganizationEnabled", &store.organization);
    for (size_t i = 0; i < account->event_stores.count; i++)
        if (strcmp(account->event_stores.items[i].arn, store.arn) == 0)
            return true;
    *vector_add(reader->arena, &account->event_stores) = store;
    account->has_event_stores = true;
    return true;
}

// ---- Event selectors. What one selector records is recorded, whatever the others leave out.

static void cover(struct reader *reader, struct trail_events *events, int half, const text_list *excluded)
{
    text_list both = {0};
    for (size_t i = 0; i < excluded->count; i++)
        if (!events->covered[half] || text_list_holds(&events->excluded[half], excluded->items[i]))
            *vector_add(reader->arena, &both) = excluded->items[i];
    events->covered[half] = true;
    events->excluded[half] = both;
}

static bool same_texts(const text_list *a, const text_list *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = text_list_holds(b, a->items[i]);
    return same;
}

bool trail_events_same(const struct trail_events *a, const struct trail_events *b)
{
    bool same =
        a->selectors == b->selectors && a->partly == b->partly && a->advanced == b->advanced && a->others == b->others;
    for (int half = 0; half < EVENTS_HALVES; half++)
        same = same && a->covered[half] == b->covered[half] && same_texts(&a->excluded[half], &b->excluded[half]) &&
               same_texts(&a->named[half], &b->named[half]);
    return same;
}

// Strings of an array under a key, where there is one.
static void read_texts(struct reader *reader, const struct json_cursor *at, const char *key, text_list *texts)
{
    struct json_cursor array = member_of(reader, at, key);
    for (const cJSON *one = array.node == NULL ? NULL : array.node->child; one != NULL; one = one->next)
        if (!cJSON_IsString(one))
            doubt_at(reader, &array, "holds %s, expected strings", json_kind(one));
        else
            text_list_add(reader->arena, texts, intern(reader, one->valuestring));
    if (array.node != NULL && !cJSON_IsArray(array.node))
        doubt_at(reader, &array, "is %s, expected an array", json_kind(array.node));
}

// What is not understood may leave events out.
static void doubt_other_members(struct reader *reader, const struct json_cursor *at, const char *const *known)
{
    if (!json_expect_keys(at, known, reader->error))
        doubt_failure(reader);
}

// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html
bool read_event_selector(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct trail *trail = into;
    static const char *const known[] = {"ReadWriteType", "IncludeManagementEvents", "DataResources",
                                        "ExcludeManagementEventSources", NULL};
    struct json_cursor included = json_member(at, "IncludeManagementEvents");
    const char *which = NULL;
    text_list excluded = {0};
    if (trail == NULL)
        return true;
    trail->events.selectors = true;
    trail->events.basic = true;
    doubt_other_members(reader, at, known);
    trail->events.others = trail->events.others || cJSON_GetArraySize(json_find(at->node, "DataResources")) > 0;
    GUARD(json_borrow_string(at, "ReadWriteType", &which, reader->error));
    if (!cJSON_IsBool(included.node))
        doubt_at(reader, &included, "is %s, expected true or false", json_kind(included.node));
    bool all = which != NULL && strcmp(which, "All") == 0, reads = which != NULL && strcmp(which, "ReadOnly") == 0,
         writes = which != NULL && strcmp(which, "WriteOnly") == 0;
    if (!all && !reads && !writes)
        doubt_at(reader, at, "has ReadWriteType %s, expected All, ReadOnly or WriteOnly",
                 which == NULL ? "missing" : which);
    read_texts(reader, at, "ExcludeManagementEventSources", &excluded);
    if (cJSON_IsTrue(included.node) && (all || reads))
        cover(reader, &trail->events, EVENTS_READ, &excluded);
    if (cJSON_IsTrue(included.node) && (all || writes))
        cover(reader, &trail->events, EVENTS_WRITE, &excluded);
    return true;
}

struct selector {
    bool management, categorized; // eventCategory
    bool narrowed;                // by a field that is not one of those below
    bool only[EVENTS_HALVES];     // readOnly
    bool halved;
    text_list excluded; // eventSource
    bool names;         // those alone that `named` holds
    text_list named;
};

// Of a selector's fields all must hold.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html

static bool read_field_selector(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct selector *selector = into;
    const char *field = NULL;
    text_list equals = {0}, not_equals = {0};
    GUARD(json_borrow_string(at, "Field", &field, reader->error));
    read_texts(reader, at, "Equals", &equals);
    read_texts(reader, at, "NotEquals", &not_equals);
    bool others = false;
    static const char *const operators[] = {"StartsWith", "EndsWith",  "NotStartsWith", "NotEndsWith",
                                            "Field",      "NotEquals", "Equals",        NULL};
    enum { OTHERS = 4 };
    for (size_t i = 0; i < OTHERS; i++)
        others = others || json_find(at->node, operators[i]) != NULL;
    doubt_other_members(reader, at, operators);
    if (field != NULL && strcmp(field, "eventCategory") == 0) {
        if (selector->categorized || equals.count != 1 || not_equals.count > 0 || others)
            doubt_at(reader, at, "asks for more than one eventCategory, which no selector does");
        selector->categorized = true;
        selector->management = text_list_holds(&equals, "Management");
    } else if (field != NULL && strcmp(field, "readOnly") == 0 && not_equals.count == 0 && !others &&
               !selector->halved) {
        selector->halved = true;
        selector->only[EVENTS_READ] = text_list_holds(&equals, "true");
        selector->only[EVENTS_WRITE] = text_list_holds(&equals, "false");
    } else if (field != NULL && strcmp(field, "eventSource") == 0 && equals.count == 0 && !others && !selector->names) {
        text_list_add_all(reader->arena, &selector->excluded, &not_equals);
    } else if (field != NULL && strcmp(field, "eventSource") == 0 && not_equals.count == 0 && !others &&
               !selector->names && selector->excluded.count == 0) {
        selector->names = true;
        text_list_add_all(reader->arena, &selector->named, &equals);
    } else {
        selector->narrowed = true;
    }
    return true;
}

// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedEventSelector.html
bool read_advanced_event_selector(struct reader *reader, const struct json_cursor *at, void *into)
{
    static const char *const known[] = {"Name", "FieldSelectors", NULL};
    struct trail *trail = into;
    struct selector selector = {0};
    if (trail == NULL)
        return true;
    trail->events.selectors = true;
    trail->events.advanced = true;
    doubt_other_members(reader, at, known);
    each_of(reader, at, "FieldSelectors", read_field_selector, &selector);
    trail->events.others = trail->events.others || !selector.management;
    trail->events.partly += selector.management && selector.narrowed;
    for (int half = 0; half < EVENTS_HALVES && selector.management && !selector.narrowed; half++)
        if (selector.halved && !selector.only[half])
            continue;
        else if (selector.names)
            text_list_add_all(reader->arena, &trail->events.named[half], &selector.named);
        else
            cover(reader, &trail->events, half, &selector.excluded);
    return true;
}
