// The calls that tell how the account itself is guarded: IAM, once an account, and in every region CloudTrail and what
// controls ask besides: databases and launch templates.
#include "aws/read/collector.h"

// ---- The credential report, which IAM makes on demand.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html

enum { REPORT_PAUSE = 1000, REPORT_TRIES = 60 };

struct report_wait {
    uv_timer_t timer;
    const struct account *account;
    struct collector *collector;
    int tries;
};

static void ask_for_report(struct collector *collector, const struct account *account, struct report_wait *wait);

static void after_report_pause(uv_timer_t *timer)
{
    struct report_wait *wait = timer->data;
    ask_for_report(wait->collector, wait->account, wait);
    wait->collector->open--;
}

static void follow_report(struct call *call, const cJSON *document)
{
    static const struct call_kind get = {"iam", "GetCredentialReport", "get-credential-report", NULL, false};
    struct collector *collector = call->collector;
    struct report_wait *wait = call->into;
    const char *state = string_of(document, "State");
    if (document == NULL) {
        note_unread(call);
    } else if (state != NULL && strcmp(state, "COMPLETE") == 0) {
        call_start(collector, call->account, call->region, &get, NULL, NULL, 0);
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

static void ask_for_report(struct collector *collector, const struct account *account, struct report_wait *wait)
{
    static const struct call_kind generate = {"iam", "GenerateCredentialReport", NULL, follow_report, false};
    call_start(collector, account, collector->home, &generate, NULL, NULL, 0)->into = wait;
}

static void begin_report(struct collector *collector, const struct account *account)
{
    struct report_wait *wait = arena_new_of(collector->arena, struct report_wait);
    wait->account = account;
    wait->collector = collector;
    wait->timer.data = wait;
    uv_timer_init(&collector->loop, &wait->timer);
    ask_for_report(collector, account, wait);
}

// ---- Users. Their groups and policies are in GetAccountAuthorizationDetails; only where that is not to be had they
// are asked for one by one.

static void follow_groups_of_user(struct call *call, const cJSON *document)
{
    static const struct call_kind policies = {"iam", "ListAttachedGroupPolicies", "list-attached-group-policies", NULL,
                                              false};
    const struct collector *collector = call->collector;
    const cJSON *one;
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(document, "Groups")) {
        const char *name = string_of(one, "GroupName");
        bool asked = name == NULL; // of another user's groups
        for (size_t i = 0; !asked && i < collector->calls.count; i++)
            asked = collector->calls.items[i]->kind == &policies &&
                    collector->calls.items[i]->account == call->account &&
                    strcmp(collector->calls.items[i]->parameters[0].value, name) == 0;
        if (!asked)
            call_about(call, &policies, file_word(collector->arena, name), "GroupName", name);
    }
}

static const struct call_kind of_user[] = {
    {"iam", "ListMFADevices", "list-mfa-devices", NULL, false},
    {"iam", "ListGroupsForUser", "list-groups-for-user", follow_groups_of_user, false},
    {"iam", "ListAttachedUserPolicies", "list-attached-user-policies", NULL, false},
};

static void follow_users(struct call *call, const cJSON *document)
{
    call_about_each(call, cJSON_GetObjectItemCaseSensitive(document, "Users"), "UserName", of_user, 1);
}

static void follow_users_alone(struct call *call, const cJSON *document)
{
    call_about_each(call, cJSON_GetObjectItemCaseSensitive(document, "Users"), "UserName", of_user, 3);
}

static void follow_details(struct call *call, const cJSON *document)
{
    static const struct call_kind users = {"iam", "ListUsers", "list-users", follow_users, false};
    static const struct call_kind alone = {"iam", "ListUsers", "list-users", follow_users_alone, false};
    call_start(call->collector, call->account, call->region, document != NULL ? &users : &alone, NULL, NULL, 0);
}

// ---- Trails. Each region lists those of others that reach into it; a trail is asked about where it is at home, or
// here where that region is not read.

static bool is_read(const struct collector *collector, const char *region)
{
    for (size_t i = 0; i < collector->region_count; i++)
        if (strcmp(collector->regions[i], region) == 0)
            return true;
    return false;
}

static void follow_trails(struct call *call, const cJSON *document)
{
    static const struct call_kind status = {"cloudtrail", "GetTrailStatus", "get-trail-status", NULL, false};
    static const struct call_kind selectors = {"cloudtrail", "GetEventSelectors", "get-event-selectors", NULL, false};
    const cJSON *one;
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(document, "trailList")) {
        const char *home = string_of(one, "HomeRegion"), *arn = string_of(one, "TrailARN");
        const char *name = string_of(one, "Name");
        if (arn == NULL || name == NULL)
            continue;
        if (home != NULL && strcmp(home, call->region) != 0 && is_read(call->collector, home))
            continue;
        call_about(call, &status, file_word(call->collector->arena, name), "Name", arn);
        call_about(call, &selectors, file_word(call->collector->arena, name), "TrailName", arn);
    }
}

void guardrails_begin(struct collector *collector, const struct account *account)
{
    static const struct call_kind kinds[] = {
        {"iam", "GetAccountSummary", "get-account-summary", NULL, false},
        {"iam", "GetAccountPasswordPolicy", "get-account-password-policy", NULL, false},
        {"iam", "GetAccountAuthorizationDetails", "get-account-authorization-details", follow_details, false},
        {"iam", "ListVirtualMFADevices", "list-virtual-mfa-devices", NULL, false},
    };
    static const struct call_kind trails = {"cloudtrail", "DescribeTrails", "describe-trails", follow_trails, false};
    static const struct call_kind databases = {"rds", "DescribeDBInstances", "describe-db-instances", NULL, false};
    static const struct call_kind templates = {"ec2", "DescribeLaunchTemplateVersions",
                                               "describe-launch-template-versions", NULL, false};
    static const struct parameter default_version = {"LaunchTemplateVersion.1", "$Default"};
    call_start_all(collector, account, collector->home, kinds, sizeof(kinds) / sizeof(kinds[0]));
    begin_report(collector, account);
    for (size_t i = 0; i < collector->region_count; i++) {
        call_start(collector, account, collector->regions[i], &trails, NULL, NULL, 0);
        call_start(collector, account, collector->regions[i], &databases, NULL, NULL, 0);
        call_start(collector, account, collector->regions[i], &templates, NULL, &default_version, 1);
    }
}
