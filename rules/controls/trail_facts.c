// Facts of CloudTrail: what trails record, together.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html
#include "base/clock.h"
#include "rules/controls/account_facts.h"

// A trail delivers every few minutes what was recorded; a day is the grain of what is compared.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html
enum { MOST_DAYS = 1 };

// What is not known of a delivery on which a logging trail's answer rests; NULL where it was lately.
static const char *delivery_unknown(struct inquiry *inquiry, const struct trail *trail, const char *what,
                                    const char *key, const char *moment)
{
    const char *today = inquiry->input->today;
    long age = account_days_since(moment, today);
    if (moment == NULL)
        return arena_printf(inquiry->arena, "a %s of trail %s: get-trail-status tells of none (%s)", what, trail->name,
                            key);
    if (age >= -MOST_DAYS && age <= MOST_DAYS)
        return NULL;
    return arena_printf(inquiry->arena, "a recent %s of trail %s: its last was on %.10s, %ld days %s %s", what,
                        trail->name, moment, age < 0 ? -age : age, age < 0 ? "after" : "before", today);
}

// Whether it logs, as the moments tell at which it was last started and stopped; TOLD_NOTHING where they do not.
static enum told told_by_moments(const struct trail *trail)
{
    int64_t started, stopped;
    if (trail->started == NULL || trail->stopped == NULL || !clock_parse_zone(trail->started, &started) ||
        !clock_parse_zone(trail->stopped, &stopped) || started == stopped)
        return TOLD_NOTHING;
    return started > stopped ? TOLD_YES : TOLD_NO;
}

// What is not known of a trail, or NULL.
static const char *trail_unknown(struct inquiry *inquiry, const struct trail *trail)
{
    struct arena *arena = inquiry->arena;
    if (trail->doubt != NULL)
        return trail->doubt;
    if (trail->logging == TOLD_NOTHING)
        return arena_printf(arena, "get-trail-status of trail %s", trail->name);
    if (told_by_moments(trail) != TOLD_NOTHING && told_by_moments(trail) != trail->logging)
        return arena_printf(arena,
                            "whether trail %s logs: get-trail-status has IsLogging %s, StartLoggingTime %s and "
                            "StopLoggingTime %s",
                            trail->name, trail->logging == TOLD_YES ? "true" : "false", trail->started, trail->stopped);
    const char *missing = NULL;
    if (trail->logging == TOLD_YES && trail->delivery_error == NULL)
        missing = delivery_unknown(inquiry, trail, "delivery", "LatestDeliveryTime", trail->delivered);
    if (missing == NULL && trail->logging == TOLD_YES && trail->digest_error == NULL && trail->validation &&
        fact_flag(inquiry, "validation", true))
        missing = delivery_unknown(inquiry, trail, "digest", "LatestDigestDeliveryTime", trail->digested);
    if (missing != NULL)
        return missing;
    if (trail->events.basic && trail->events.advanced)
        return arena_printf(arena,
                            "what trail %s records: get-event-selectors has basic and advanced selectors, and "
                            "a trail takes either",
                            trail->name);
    if (!trail->events.told)
        return arena_printf(arena, "get-event-selectors of trail %s", trail->name);
    if (!trail->events.selectors)
        return arena_printf(arena, "what trail %s records: get-event-selectors has no selector of either kind",
                            trail->name);
    return NULL;
}

static const char *joined(struct arena *arena, const char *list, const char *one)
{
    return list[0] == '\0' ? one : arena_printf(arena, "%s, %s", list, one);
}

// What it lacks besides events, so that what it records does not count; "" where nothing.
static const char *trail_trouble(struct inquiry *inquiry, const struct trail *trail)
{
    struct arena *arena = inquiry->arena;
    const char *all = "";
    if (!trail->multi_region)
        all = joined(arena, all, "it is of one region only");
    if (trail->logging != TOLD_YES)
        all = joined(arena, all, "it is not logging");
    if (trail->delivery_error != NULL)
        all = joined(arena, all, arena_printf(arena, "it could not deliver: %s", trail->delivery_error));
    if (!trail->validation && fact_flag(inquiry, "validation", true))
        all = joined(arena, all, "its log files are not validated");
    if (trail->digest_error != NULL && fact_flag(inquiry, "validation", true))
        all = joined(
            arena, all,
            arena_printf(arena, "it could not deliver digests, which validate log files: %s", trail->digest_error));
    return all;
}

// Whether a source of a half is left out.
static bool lacks_source(const struct trail_events *events, int half, const char *source)
{
    return events->covered[half] && text_list_holds(&events->excluded[half], source) &&
           !text_list_holds(&events->named[half], source);
}

// Which management events are left out; "" where none.
static const char *events_lacking(struct arena *arena, const struct trail_events *events)
{
    static const char *const halves[] = {"those that only read", "those that write"};
    bool some = events->partly > 0 || events->named[EVENTS_READ].count > 0 || events->named[EVENTS_WRITE].count > 0;
    const char *all = "";
    if (some && !events->covered[EVENTS_READ] && !events->covered[EVENTS_WRITE])
        return "what its selectors, narrowed by other fields, do not name";
    for (int half = 0; half < EVENTS_HALVES; half++) {
        if (!events->covered[half])
            all = joined(arena, all, halves[half]);
        for (size_t i = 0; i < events->excluded[half].count; i++) {
            const char *source = events->excluded[half].items[i];
            if (lacks_source(events, half, source) &&
                (half == EVENTS_READ || !lacks_source(events, EVENTS_READ, source)))
                all = joined(arena, all, arena_printf(arena, "those of %s", source));
        }
    }
    return all;
}

// Whether selectors that are narrowed by other fields (names of events, who called) may record what the rest leaves
// out: a single one leaves something out of a half that nothing else records.
static bool may_be_whole(const struct trail_events *events)
{
    bool may = events->partly > 0;
    for (int half = 0; half < EVENTS_HALVES; half++)
        may = may && (events->covered[half] || events->partly > 1);
    return may;
}

// Both together: what one records is recorded.
static void add_events(struct arena *arena, struct trail_events *sum, const struct trail_events *events)
{
    sum->partly += events->partly;
    for (int half = 0; half < EVENTS_HALVES; half++) {
        text_list both = {0};
        text_list_add_all(arena, &sum->named[half], &events->named[half]);
        if (!events->covered[half])
            continue;
        for (size_t i = 0; i < events->excluded[half].count; i++)
            if (!sum->covered[half] || text_list_holds(&sum->excluded[half], events->excluded[half].items[i]))
                *vector_add(arena, &both) = events->excluded[half].items[i];
        sum->covered[half] = true;
        sum->excluded[half] = both;
    }
}

// Event data stores of CloudTrail Lake, in words: what they record is not read.
static const char *lake(struct arena *arena, const struct account *account)
{
    const char *text = account->has_event_stores ? "" : "; event data stores of CloudTrail Lake were not looked at";
    for (size_t i = 0; i < account->event_stores.count; i++) {
        const struct event_store *store = &account->event_stores.items[i];
        text = arena_printf(
            arena, "%s; CloudTrail Lake has event data store %s (%s%s%s), and what it records was not looked at", text,
            store->name == NULL ? store->arn : store->name, store->status == NULL ? "of unknown state" : store->status,
            store->multi_region ? ", every region" : ", one region",
            store->organization ? ", of the organization" : "");
    }
    return text;
}

static void answer_sound(struct inquiry *inquiry, const struct trail *trail)
{
    struct arena *arena = inquiry->arena;
    const char *lacking = events_lacking(arena, &trail->events);
    answer(inquiry, CONTROL_PASS, trail->arn, trail->evidence, "every region, logging now, %s, %s%s%s",
           lacking[0] == '\0'
               ? "all management events"
               : arena_printf(arena, "management events without %s, which another trail records", lacking),
           trail->validation ? "validated log files" : "log files that are not validated",
           trail->organization ? ", of the organization" : "",
           trail->delivered == NULL ? "" : arena_printf(arena, ", last delivered %s", trail->delivered));
}

// How commands call a trail: one of the organization by its ARN. NULL where it is another account's: only that one, or
// a delegated administrator, may change it.
static const char *name_in_commands(const struct account *account, const struct trail *trail)
{
    const char *owner = strstr(trail->arn, account->id);
    const char *name = trail->organization ? trail->arn : text_behind_slash(trail->arn);
    return owner != NULL && fix_is_plain(name) ? name : NULL;
}

// It replaces all selectors: those of other events are read first, and stay.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html
static void fix_selectors(struct inquiry *inquiry, const struct trail *trail, const char *region, const char *name)
{
    static const char basic[] = "{\"ReadWriteType\": \"All\", \"IncludeManagementEvents\": true}",
                      advanced[] =
                          "{\"FieldSelectors\": [{\"Field\": \"eventCategory\", \"Equals\": [\"Management\"]}]}";
    const char *all = trail->events.advanced ? advanced : basic,
               *option = trail->events.advanced ? "--advanced-event-selectors" : "--event-selectors";
    if (trail->events.others)
        answer_fix(
            inquiry,
            "aws cloudtrail get-event-selectors%s --trail-name %s --query %s | jq '. + [%s]' > selectors.json && "
            "aws cloudtrail put-event-selectors%s --trail-name %s %s file://selectors.json",
            region, name, trail->events.advanced ? "AdvancedEventSelectors" : "EventSelectors", all, region, name,
            option);
    else
        answer_fix(inquiry, "aws cloudtrail put-event-selectors%s --trail-name %s %s '[%s]'", region, name, option,
                   all);
}

static void answer_no_trail(struct inquiry *inquiry, const struct account *account, const char *besides)
{
    answer(inquiry, CONTROL_FAIL, arena_printf(inquiry->arena, "account %s", account->id), NULL, "has no trail%s",
           besides);
    answer_fix(inquiry, "aws cloudtrail create-trail --name management-events --s3-bucket-name BUCKET "
                        "--is-multi-region-trail --enable-log-file-validation && "
                        "aws cloudtrail start-logging --name management-events");
}

static void answer_wrong(struct inquiry *inquiry, const struct account *account, const struct trail *trail)
{
    struct arena *arena = inquiry->arena;
    const char *wrong = trail_trouble(inquiry, trail), *lacking = events_lacking(arena, &trail->events);
    if (lacking[0] != '\0')
        wrong = joined(arena, wrong,
                       arena_printf(arena, "it does not record all management events: it leaves out %s", lacking));
    answer(inquiry, CONTROL_FAIL, trail->arn, trail->evidence, "%s", wrong);
    const char *name = name_in_commands(account, trail), *region = fix_region(arena, trail->home_region);
    if (name == NULL)
        return;
    if (!trail->multi_region)
        answer_fix(inquiry, "aws cloudtrail update-trail%s --name %s --is-multi-region-trail", region, name);
    else if (trail->logging != TOLD_YES)
        answer_fix(inquiry, "aws cloudtrail start-logging%s --name %s", region, name);
    else if (!trail->validation && fact_flag(inquiry, "validation", true))
        answer_fix(inquiry, "aws cloudtrail update-trail%s --name %s --enable-log-file-validation", region, name);
    else if (lacking[0] != '\0')
        fix_selectors(inquiry, trail, region, name);
}

// CIS asks it of every trail.
static void trails_validate(struct inquiry *inquiry, const struct account *account)
{
    size_t good = 0;
    account_needs(inquiry, account, account->has_trails, KIND_TRAILS, "describe-trails");
    for (size_t i = 0; i < account->trails.count; i++) {
        const struct trail *trail = &account->trails.items[i];
        const char *name = name_in_commands(account, trail);
        if (trail->doubt != NULL)
            answer_missing(inquiry, "%s", trail->doubt);
        else if (trail->validation)
            good++;
        else {
            answer(inquiry, CONTROL_FAIL, trail->arn, trail->evidence, "its log files are not validated");
            if (name != NULL)
                answer_fix(inquiry, "aws cloudtrail update-trail%s --name %s --enable-log-file-validation",
                           fix_region(inquiry->arena, trail->home_region), name);
        }
    }
    answer_rest(inquiry, good, "trail", "trails", "with validated log files");
    if (account->has_trails && account->trails.count == 0)
        answer_no_trail(inquiry, account, "");
}

// Trails that cover every region, log, deliver and are validated must record all management events together.
static void trail_records_everything(struct inquiry *inquiry, const struct account *account)
{
    struct arena *arena = inquiry->arena;
    struct trail_events sum = {0};
    bool unknown = false;
    account_needs(inquiry, account, account->has_trails, KIND_TRAILS, "describe-trails");
    if (!account->has_trails)
        return;
    for (size_t i = 0; i < account->trails.count; i++) {
        const struct trail *trail = &account->trails.items[i];
        bool known = trail_unknown(inquiry, trail) == NULL;
        unknown = unknown || !known;
        if (known && trail_trouble(inquiry, trail)[0] == '\0')
            add_events(arena, &sum, &trail->events);
    }
    bool whole = events_lacking(arena, &sum)[0] == '\0', perhaps = !whole && !unknown && may_be_whole(&sum);
    for (size_t i = 0; i < account->trails.count; i++) {
        const struct trail *trail = &account->trails.items[i];
        const char *missing = trail_unknown(inquiry, trail);
        if (missing != NULL && !whole)
            answer_missing(inquiry, "%s", missing);
        else if (missing == NULL && whole && trail_trouble(inquiry, trail)[0] == '\0')
            answer_sound(inquiry, trail);
        else if (missing == NULL && perhaps && trail->events.partly > 0 && trail_trouble(inquiry, trail)[0] == '\0')
            answer_missing(inquiry,
                           "whether trail %s records what others leave out: its selectors are narrowed by other fields "
                           "than readOnly and eventSource",
                           trail->name);
        else if (missing == NULL && !whole && !unknown && !perhaps)
            answer_wrong(inquiry, account, trail);
    }
    if (account->trails.count == 0)
        answer_no_trail(inquiry, account, lake(arena, account));
}

ACCOUNT_FACT(trail_records_everything)
ACCOUNT_FACT(trails_validate)

const struct fact trail_facts[] = {
    {"trail-records-everything", true, (const char *const[]){"validation=flag", NULL}, each_trail_records_everything},
    {"trails-validate", true, (const char *const[]){NULL}, each_trails_validate},
    {NULL, false, NULL, NULL},
};
