// What the organization lets each account do, and who signs in by IAM Identity Center. Only the management account and
// delegated administrators may ask for most of it: it is asked with the keys of who reads, and where it is refused that
// is noted.
#include "aws/read/collector.h"
#include "aws/read/endpoint.h"

// With one account alone its own keys are those of who reads.
static const struct read_account *asker(const struct collector *collector)
{
    return collector->accounts.count == 1 ? collector->accounts.items[0] : &collector->self;
}

static bool is_asked(const struct collector *collector, const struct aws_call *what, const struct parameter *parameters,
                     size_t count)
{
    for (size_t i = 0; i < collector->calls.count; i++) {
        const struct call *call = collector->calls.items[i];
        bool same = call->what == what && call->parameter_count == count;
        for (size_t p = 0; p < count && same; p++)
            same = strcmp(call->parameters[p].value, parameters[p].value) == 0;
        if (same)
            return true;
    }
    return false;
}

// Units are of many accounts, and policies of many units: each is asked about once.
static void ask(struct collector *collector, const struct read_account *account, const char *region,
                const char *service, const char *operation, call_follow follow, const struct parameter *given,
                size_t count)
{
    struct arena *arena = collector->arena;
    const struct aws_call *what = call_of_operation(service, operation);
    struct parameter *parameters = arena_array(arena, struct parameter, count + 1);
    const char *suffix = NULL;
    for (size_t i = 0; i < count; i++) {
        parameters[i] = (struct parameter){.name = given[i].name, .value = arena_strdup(arena, given[i].value)};
        const char *word = file_word(arena, parameters[i].value);
        suffix = suffix == NULL ? word : arena_printf(arena, "%s.%s", suffix, word);
    }
    if (!is_asked(collector, what, parameters, count))
        call_start_by(collector, account, asker(collector), region, what, follow, suffix, parameters, count);
}

// ---- Control policies

enum { ORGANIZATION_ID_MOST = 130 };

// What an answer names goes into requests and files.
static bool is_name(const char *text, const char *first)
{
    return text != NULL && strncmp(text, first, strlen(first)) == 0 && strlen(text) <= ORGANIZATION_ID_MOST &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == strlen(text);
}

// What an answer names that is no such name is not asked about, and said so.
static bool expect_name(const struct call *call, bool is_one, const char *name, const char *what)
{
    if (!is_one)
        note_wrong(call, arena_printf(call->collector->arena, "\"%.64s\" is no %s: it could not be asked about",
                                      name == NULL ? "" : name, what));
    return is_one;
}

static void follow_policies(struct call *call, const cJSON *document)
{
    const cJSON *one;
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(document, "Policies")) {
        const char *id = string_of(one, "Id");
        if (expect_name(call, is_name(id, "p-"), id, "policy"))
            ask(call->collector, call->account, call->meant, "organizations", "DescribePolicy", NULL,
                &(struct parameter){.name = "PolicyId", .value = id}, 1);
    }
}

static void follow_parents(struct call *call, const cJSON *document);

// A unit, the root or an account: its policies of both kinds, and what is above it.
static void ask_about(struct collector *collector, const struct read_account *account, const char *target, bool root)
{
    static const char *const kinds[] = {"SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"};
    for (size_t i = 0; i < 2; i++) {
        const struct parameter parameters[] = {{.name = "TargetId", .value = target},
                                               {.name = "Filter", .value = kinds[i]}};
        ask(collector, account, collector->home, "organizations", "ListPoliciesForTarget", follow_policies, parameters,
            2);
    }
    if (!root)
        ask(collector, account, collector->home, "organizations", "ListParents", follow_parents,
            &(struct parameter){.name = "ChildId", .value = target}, 1);
}

static void follow_parents(struct call *call, const cJSON *document)
{
    const cJSON *one;
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(document, "Parents")) {
        const char *id = string_of(one, "Id");
        if (expect_name(call, id != NULL && collect_is_unit(id), id, "organizational unit or root"))
            ask_about(call->collector, call->account, id, strncmp(id, "r-", 2) == 0);
    }
}

// ---- IAM Identity Center

static bool is_arn_of(const char *text, const char *part)
{
    return text != NULL && strncmp(text, "arn:", 4) == 0 && strstr(text, part) != NULL &&
           strlen(text) <= ORGANIZATION_ID_MOST;
}

static void follow_sets(struct call *call, const cJSON *document)
{
    static const char *const about[] = {"DescribePermissionSet", "ListManagedPoliciesInPermissionSet",
                                        "GetInlinePolicyForPermissionSet"};
    struct collector *collector = call->collector;
    const cJSON *one;
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(document, "PermissionSets")) {
        const char *set = cJSON_GetStringValue(one);
        if (!expect_name(call, is_arn_of(set, "/ps-"), set, "permission set"))
            continue;
        struct parameter parameters[] = {{.name = "InstanceArn", .value = call->parameters[0].value},
                                         {.name = "PermissionSetArn", .value = set},
                                         {.name = "AccountId"}};
        for (size_t i = 0; i < sizeof(about) / sizeof(about[0]); i++)
            ask(collector, call->account, call->meant, "sso-admin", about[i], NULL, parameters, 2);
        for (size_t a = 0; a < collector->accounts.count; a++) {
            parameters[2].value = collector->accounts.items[a]->id;
            ask(collector, collector->accounts.items[a], call->meant, "sso-admin", "ListAccountAssignments", NULL,
                parameters, 3);
        }
    }
}

static void follow_instances(struct call *call, const cJSON *document)
{
    const cJSON *one;
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(document, "Instances")) {
        const char *arn = string_of(one, "InstanceArn");
        if (expect_name(call, is_arn_of(arn, ":sso:::instance/"), arn, "instance of IAM Identity Center"))
            ask(call->collector, call->account, call->meant, "sso-admin", "ListPermissionSets", follow_sets,
                &(struct parameter){.name = "InstanceArn", .value = arn}, 1);
    }
}

// That it is in an organization.
static bool has_organization(const struct collector *collector, const struct read_account *account)
{
    for (size_t i = 0; i < collector->calls.count; i++)
        if (collector->calls.items[i]->account == account && collector->calls.items[i]->sha256 != NULL &&
            strcmp(collector->calls.items[i]->what->operation, "DescribeOrganization") == 0)
            return true;
    return false;
}

void organization_begin(struct collector *collector)
{
    for (size_t a = 0; a < collector->accounts.count; a++)
        if (has_organization(collector, collector->accounts.items[a]))
            ask_about(collector, collector->accounts.items[a], collector->accounts.items[a]->id, false);
    for (size_t r = 0; collector->accounts.count > 0 && r < collector->region_count; r++)
        call_start_by(collector, collector->accounts.items[0], asker(collector), collector->regions[r],
                      call_of_operation("sso-admin", "ListInstances"), follow_instances, NULL, NULL, 0);
}
