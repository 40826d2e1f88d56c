// The calls of the table, made: where each is asked, and what follows from its answer.
#include "aws/read/collector.h"
#include "aws/read/endpoint.h"

static void follow_table(struct call *call, const cJSON *document);

static bool has_followers(const struct aws_call *what)
{
    for (size_t i = 0; i < aws_call_count; i++)
        if (aws_calls[i].scope == CALL_ABOUT && strcmp(aws_calls[i].about.operation, what->operation) == 0 &&
            strcmp(aws_calls[i].service, what->service) == 0)
            return true;
    return false;
}

static struct call *start(struct collector *collector, const struct read_account *account, const char *region,
                          const struct aws_call *what, const char *suffix, const struct parameter *parameters,
                          size_t count)
{
    return call_start(collector, account, region, what, has_followers(what) ? follow_table : NULL, suffix, parameters,
                      count);
}

// ---- The credential report, which IAM makes on demand.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html

enum { REPORT_PAUSE = 1000, REPORT_TRIES = 60 };

struct report_wait {
    uv_timer_t timer;
    const struct read_account *account;
    struct collector *collector;
    int tries;
};

static void follow_report(struct call *call, const cJSON *document);

static void ask_for_report(struct collector *collector, const struct read_account *account, struct report_wait *wait)
{
    call_start(collector, account, collector->home, call_of_operation("iam", "GenerateCredentialReport"), follow_report,
               NULL, NULL, 0)
        ->into = wait;
}

static void after_report_pause(uv_timer_t *timer)
{
    struct report_wait *wait = timer->data;
    ask_for_report(wait->collector, wait->account, wait);
    wait->collector->open--;
}

static void follow_report(struct call *call, const cJSON *document)
{
    struct collector *collector = call->collector;
    struct report_wait *wait = call->into;
    const char *state = string_of(document, "State");
    if (document == NULL) {
        note_unread(call);
    } else if (state != NULL && strcmp(state, "COMPLETE") == 0) {
        start(collector, call->account, call->region, call_of_operation("iam", "GetCredentialReport"), NULL, NULL, 0);
    } else if (state == NULL || ++wait->tries >= REPORT_TRIES) {
        call->failure = FAILURE_OTHER;
        call->code = state == NULL ? "answer" : "ReportInProgress";
        call->message =
            state == NULL ? "no state of the report in it" : "no credential report was made within a minute";
        note_unread(call);
    } else {
        collector->open++;
        uv_timer_start(&wait->timer, after_report_pause, REPORT_PAUSE, 0);
        return;
    }
    uv_close((uv_handle_t *)&wait->timer, NULL);
}

static void begin_report(struct collector *collector, const struct read_account *account)
{
    struct report_wait *wait = arena_new_of(collector->arena, struct report_wait);
    wait->account = account;
    wait->collector = collector;
    wait->timer.data = wait;
    uv_timer_init(&collector->loop, &wait->timer);
    ask_for_report(collector, account, wait);
}

// ---- What follows from an answer

static bool is_read(const struct collector *collector, const char *region)
{
    for (size_t i = 0; i < collector->region_count; i++)
        if (strcmp(collector->regions[i], region) == 0)
            return true;
    return false;
}

// Each region lists trails of others that reach into it; a trail is asked about where it is at home, or here where that
// region is not read.
static bool is_elsewhere(const struct call *call, const cJSON *element)
{
    const char *home = string_of(element, "HomeRegion");
    return home != NULL && strcmp(home, call->region) != 0 && is_read(call->collector, home);
}

// Whether it is asked about already: two users may be in one group, and a list that changes between two pages tells of
// one element twice. From now on it is.
static bool is_asked(const struct call *from, const struct aws_call *what, const char *value)
{
    struct collector *collector = from->collector;
    const char *key = arena_printf(collector->arena, "%s|%s|%s|%s|%s", from->account->id, from->region, what->service,
                                   what->operation, value);
    if (map_get(&collector->asked, key) != NULL)
        return true;
    map_put(collector->arena, &collector->asked, key, collector);
    return false;
}

static void ask_about(struct call *call, const struct aws_call *what, const cJSON *element)
{
    struct arena *arena = call->collector->arena;
    const char *value =
        what->about.member == NULL ? cJSON_GetStringValue(element) : string_of(element, what->about.member);
    const char *name = what->about.name == NULL ? NULL : string_of(element, what->about.name);
    if (what->about.when == CALL_AT_HOME && is_elsewhere(call, element))
        return;
    if (value == NULL || value[0] == '\0') {
        note_wrong(call, arena_printf(arena, "one of %s without %s: %s could not be asked about it", what->about.list,
                                      what->about.member == NULL ? "a name" : what->about.member, what->operation));
        return;
    }
    if (is_asked(call, what, value))
        return;
    size_t count = 1;
    for (size_t i = 0; what->about.also != NULL && what->about.also[i] != NULL; i += 2)
        count++;
    struct parameter *parameters = arena_array(arena, struct parameter, count);
    parameters[0] = (struct parameter){.name = what->about.parameter, .value = arena_strdup(arena, value)};
    for (size_t i = 1; i < count; i++)
        parameters[i] = (struct parameter){.name = what->about.also[2 * i - 2], .value = what->about.also[2 * i - 1]};
    start(call->collector, call->account, call->region, what, file_word(arena, name == NULL ? value : name), parameters,
          count);
}

// Users' groups and policies are in GetAccountAuthorizationDetails; only where that was not to be had are they asked
// for one by one.
static bool details_failed(const struct call *call)
{
    const struct collector *collector = call->collector;
    for (size_t i = 0; i < collector->calls.count; i++)
        if (strcmp(collector->calls.items[i]->what->operation, "GetAccountAuthorizationDetails") == 0 &&
            collector->calls.items[i]->account == call->account)
            return collector->calls.items[i]->sha256 == NULL;
    return true;
}

static void ask_in_batches(struct call *call, const struct aws_call *what, const cJSON *list)
{
    struct arena *arena = call->collector->arena;
    size_t count = (size_t)cJSON_GetArraySize(list), number = 0;
    const cJSON *element = list == NULL ? NULL : list->child;
    while (count > 0 && call->parameter_count > 0) {
        size_t taken = count < what->about.batch ? count : what->about.batch, kept = 0;
        const char **values = arena_array(arena, const char *, taken);
        struct parameter *parameters = arena_array(arena, struct parameter, 2);
        for (size_t i = 0; i < taken; i++, element = element->next)
            if (cJSON_IsString(element))
                values[kept++] = arena_strdup(arena, element->valuestring);
        parameters[0] = call->parameters[0];
        parameters[1] = (struct parameter){.name = what->about.parameter, .values = values, .value_count = kept};
        start(call->collector, call->account, call->region, what,
              arena_printf(arena, "%s.%zu", file_word(arena, parameters[0].value), ++number), parameters, 2);
        count -= taken;
    }
}

static void follow_table(struct call *call, const cJSON *document)
{
    for (size_t i = 0; i < aws_call_count; i++) {
        const struct aws_call *what = &aws_calls[i];
        if (what->scope != CALL_ABOUT || strcmp(what->about.operation, call->what->operation) != 0 ||
            strcmp(what->service, call->what->service) != 0 ||
            (what->about.when == CALL_WITHOUT_DETAILS && !details_failed(call)))
            continue;
        if (what->about.list == NULL) { // once, whatever the answer
            start(call->collector, call->account, call->region, what, NULL, NULL, 0);
            continue;
        }
        const cJSON *element, *list = cJSON_GetObjectItemCaseSensitive(document, what->about.list);
        if (cJSON_IsObject(list)) // CloudFront's
            list = cJSON_GetObjectItemCaseSensitive(list, "Items");
        if (what->about.when == CALL_IN_BATCHES)
            ask_in_batches(call, what, list);
        else
            cJSON_ArrayForEach (element, list)
                ask_about(call, what, element);
    }
}

bool follow_needs_document(const struct call *call)
{
    if (call->follow != follow_table)
        return call->follow != NULL;
    for (size_t i = 0; i < aws_call_count; i++)
        if (aws_calls[i].scope == CALL_ABOUT && aws_calls[i].about.list != NULL &&
            strcmp(aws_calls[i].about.operation, call->what->operation) == 0 &&
            strcmp(aws_calls[i].service, call->what->service) == 0)
            return true;
    return false;
}

static void begin_in(struct collector *collector, const struct read_account *account, const char *region,
                     const struct aws_call *what)
{
    static const struct parameter default_version = {.name = "LaunchTemplateVersion.1", .value = "$Default"};
    bool versions = strcmp(what->operation, "DescribeLaunchTemplateVersions") == 0;
    if (strcmp(what->operation, "GenerateCredentialReport") == 0)
        begin_report(collector, account);
    else
        start(collector, account, region, what, NULL, versions ? &default_version : NULL, versions ? 1 : 0);
}

void table_begin(struct collector *collector, const struct read_account *account, enum call_scope scope)
{
    for (size_t i = 0; i < aws_call_count; i++) {
        const struct aws_call *what = &aws_calls[i];
        if (what->scope != scope)
            continue;
        bool once = scope == CALL_ACCOUNT || scope == CALL_ONCE;
        if (once && endpoint_is_there(what->service, collector->home))
            begin_in(collector, account, collector->home, what);
        for (size_t r = 0; !once && r < collector->region_count; r++)
            begin_in(collector, account, collector->regions[r], what);
    }
}
