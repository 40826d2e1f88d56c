// Who reads, in which accounts and regions; and new keys before old ones expire.
#include <stdlib.h>
#include <time.h>

#include "aws/read/collector.h"
#include "aws/read/endpoint.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"

bool call_ask(struct collector *collector, const struct read_account *account, const struct aws_call *what,
              call_follow follow, const struct parameter *parameters, size_t count, void *into)
{
    struct call *call = call_start(collector, account, collector->home, what, follow, NULL, parameters, count);
    call->into = into;
    calls_run(collector);
    return call->code == NULL ||
           error_set(collector->error, ERROR_USAGE, "%s: %s: %s", what->operation, call->code, call->message);
}

// ---- Roles. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

// The account of an ARN, the fifth of its parts; "" where it has none.
static const char *arn_account(struct arena *arena, const char *arn)
{
    for (int part = 0; part < 4 && arn != NULL; part++) {
        arn = strchr(arn, ':');
        arn = arn == NULL ? NULL : arn + 1;
    }
    return arn == NULL ? "" : arena_strndup(arena, arn, strcspn(arn, ":"));
}

// Why keys are not those of the role that was asked for; NULL where they are.
// arn:aws:iam::ACCOUNT:role/PATH/NAME is assumed as arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION.
static const char *refuse_role(struct arena *arena, const char *role, const char *assumed)
{
    static const char kind[] = ":assumed-role/";
    if (assumed == NULL)
        return "it does not say which role its keys are of";
    const char *account = arn_account(arena, role), *of = arn_account(arena, assumed);
    if (strcmp(account, of) != 0)
        return arena_printf(arena, "a role of account %.20s, asked for one of %.20s", of, account);
    const char *slash = strrchr(role, '/'), *name = strstr(assumed, kind);
    size_t length = name == NULL ? 0 : strcspn(name += sizeof(kind) - 1, "/");
    return slash != NULL && length == strlen(slash + 1) && strncmp(name, slash + 1, length) == 0
               ? NULL
               : arena_printf(arena, "keys of %.200s, asked for those of %.200s", assumed, role);
}

static void take_keys(struct call *call, const cJSON *document)
{
    struct credentials *into = call->into;
    struct arena *secrets = call->collector->options->config->arena;
    const cJSON *given = cJSON_GetObjectItemCaseSensitive(document, "Credentials");
    const char *key_id = string_of(given, "AccessKeyId"), *secret = string_of(given, "SecretAccessKey");
    const char *token = string_of(given, "SessionToken"), *expires = string_of(given, "Expiration");
    if (document == NULL)
        return;
    const char *assumed = string_of(cJSON_GetObjectItemCaseSensitive(document, "AssumedRoleUser"), "Arn");
    const char *why = key_id == NULL || secret == NULL || token == NULL
                          ? "no keys of the role in it" // the first parameter is the role's ARN
                          : refuse_role(call->collector->arena, call->parameters[0].value, assumed);
    if (why != NULL) {
        call->failure = FAILURE_OTHER;
        call->code = "answer";
        call->message = why;
        return;
    }
    *into = (struct credentials){.key_id = arena_strdup(secrets, key_id),
                                 .secret = arena_strdup(secrets, secret),
                                 .token = arena_strdup(secrets, token),
                                 .source = into->source};
    if (expires != NULL)
        clock_parse_zone(expires, &into->expires);
}

static const struct aws_call *assume_role(void)
{
    return call_of_operation("sts", "AssumeRole");
}

enum { ROLE_PARAMETERS = 5 }; // with a web identity's token

static size_t role_parameters(const struct role *role, struct parameter parameters[ROLE_PARAMETERS])
{
    size_t count = 0;
    parameters[count++] = (struct parameter){.name = "RoleArn", .value = role->arn};
    parameters[count++] = (struct parameter){.name = "RoleSessionName",
                                             .value = role->session_name == NULL ? "sgproof" : role->session_name};
    if (role->external_id != NULL)
        parameters[count++] = (struct parameter){.name = "ExternalId", .value = role->external_id};
    if (role->duration != NULL)
        parameters[count++] = (struct parameter){.name = "DurationSeconds", .value = role->duration};
    return count;
}

static bool assume(struct collector *collector, const struct read_account *by, const struct role *role,
                   struct credentials *into)
{
    struct parameter parameters[ROLE_PARAMETERS];
    size_t count = role_parameters(role, parameters);
    return call_ask(collector, by, assume_role(), take_keys, parameters, count, into);
}

struct call *role_start(struct collector *collector, const struct role *role, struct credentials *into)
{
    struct parameter *parameters = arena_array(collector->arena, struct parameter, ROLE_PARAMETERS);
    size_t count = role_parameters(role, parameters);
    struct call *call =
        call_start(collector, &collector->self, collector->home, assume_role(), take_keys, NULL, parameters, count);
    call->into = into;
    return call;
}

// A web identity's token is all that is needed: the request is not signed.
static bool assume_by_token(struct collector *collector, struct read_account *account, const struct role *role)
{
    const struct aws_call *what = call_of_operation("sts", "AssumeRoleWithWebIdentity");
    struct parameter parameters[ROLE_PARAMETERS];
    size_t length, count = role_parameters(role, parameters);
    char *token = file_read_settings(role->token_file, &length, collector->error);
    if (token == NULL)
        return false;
    token[strcspn(token, "\r\n")] = '\0';
    parameters[count++] = (struct parameter){.name = "WebIdentityToken", .value = token};
    bool good = token[0] != '\0' ||
                error_set(collector->error, ERROR_USAGE, "web identity token %s: is empty", role->token_file);
    good = good && call_ask(collector, account, what, take_keys, parameters, count, &account->credentials);
    memory_wipe(token, length);
    free(token);
    return good;
}

// Assumes roles one on the other.
static bool assume_chain(struct collector *collector, struct read_account *account, const struct role_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++) {
        const struct role *role = &chain->roles[i];
        if (role->token_file != NULL) {
            GUARD(assume_by_token(collector, account, role));
            continue;
        }
        GUARD(assume(collector, account, role, &account->credentials));
        account->credentials.source =
            arena_printf(collector->arena, "%s, role assumed by %s", account->credentials.source, role->source);
    }
    return true;
}

static bool find_keys(struct collector *collector, struct read_account *account)
{
    struct role_chain chain;
    return credentials_find(collector->options->config, &account->credentials, &chain, collector->error) &&
           assume_chain(collector, account, &chain);
}

// ---- Names in answers. They become parts of paths, of host names and of the roles that we assume.

bool name_is_account(const char *text)
{
    enum { DIGITS = 12 };
    return strlen(text) == DIGITS && strspn(text, "0123456789") == DIGITS;
}

// An answer that is no name of what was asked for: it fails the call.
static void refuse_answer(struct call *call, const char *what, const char *text, const char *expected)
{
    call->failure = FAILURE_OTHER;
    call->code = "answer";
    call->message = arena_printf(call->collector->arena, "%s \"%s\", expected %s", what, text, expected);
}

// ---- Who we are

// "arn:aws-cn:..." -> "aws-cn"
static const char *partition_of(struct arena *arena, const char *arn)
{
    const char *begin = strchr(arn, ':'), *end = begin == NULL ? NULL : strchr(begin + 1, ':');
    return end == NULL ? "aws" : arena_strndup(arena, begin + 1, (size_t)(end - begin - 1));
}

static void take_identity(struct call *call, const cJSON *document)
{
    struct arena *arena = call->collector->arena;
    struct identity *identity = call->into;
    const char *account = string_of(document, "Account"), *arn = string_of(document, "Arn");
    if (document == NULL)
        return;
    account = account == NULL ? "" : account;
    arn = arn == NULL ? "" : arn;
    identity->account = arena_strdup(arena, account);
    identity->arn = arena_strdup(arena, arn);
    identity->partition = partition_of(arena, arn);
    if (!name_is_account(account))
        refuse_answer(call, "Account", account, "12 digits");
    else if (strcmp(arn_account(arena, arn), account) != 0)
        refuse_answer(call, "Arn", identity->arn, "an ARN of its account");
    else if (strcmp(identity->partition, endpoint_partition(call->collector->home)) != 0)
        refuse_answer(call, "Arn", identity->arn,
                      arena_printf(arena, "one of partition %s, which %s is in",
                                   endpoint_partition(call->collector->home), call->collector->home));
}

// ---- New keys before old ones expire. The reader waits meanwhile: it is one call an hour.

long collect_deadline(const struct collect_options *options)
{
    long left = options->client.deadline <= 0 ? 0 : aws_config_left(options->config, options->client.deadline);
    return options->client.deadline > 0 && left < 1 ? 1 : left;
}

// The shared files and what they start may have changed since: keys of another account are not taken.
static bool expect_account(struct collector *alone, const struct read_account *fresh, const char *account)
{
    struct identity now = {0};
    GUARD(call_ask(alone, fresh, call_of_operation("sts", "GetCallerIdentity"), take_identity, NULL, 0, &now));
    return strcmp(now.account, account) == 0 ||
           error_set(alone->error, ERROR_USAGE, "new keys are of account %s, expected %s: they are not used",
                     now.account, account);
}

static bool renew(struct collector *alone, struct read_account *self, struct read_account *account)
{
    struct read_account fresh = {.id = account->id, .credentials = {.source = account->credentials.source}};
    GUARD(account->role.arn == NULL ? find_keys(alone, &fresh)
                                    : assume(alone, self, &account->role, &fresh.credentials));
    GUARD(account->role.arn != NULL || !name_is_account(account->id) || expect_account(alone, &fresh, account->id));
    account->credentials = fresh.credentials;
    return true;
}

void credentials_renew(void *context, const struct credentials *credentials)
{
    enum { NOT_SOONER = 60 }; // seconds
    struct collector *collector = context;
    struct read_account *account = credentials == &collector->self.credentials ? &collector->self : NULL;
    struct error error;
    int64_t now = time(NULL);
    for (size_t i = 0; account == NULL && i < collector->accounts.count; i++)
        if (&collector->accounts.items[i]->credentials == credentials)
            account = collector->accounts.items[i];
    // Roles that are just being assumed one on the other are not assumed anew in the middle of it.
    if (collector->finding || account == NULL || now - account->renewed < NOT_SOONER)
        return;
    account->renewed = now;
    struct collector alone = {.arena = collector->arena,
                              .options = collector->options,
                              .collected = collector->collected,
                              .model = collector->model,
                              .home = collector->home,
                              .error = &error};
    uv_loop_init(&alone.loop);
    struct client_options client = collector->options->client;
    client.deadline = collect_deadline(collector->options);
    client.renew = credentials_renew; // of ours, which may have been idle since they assumed the role the first time
    client.context = collector;
    alone.client = client_new(&alone.loop, &client);
    if (!renew(&alone, &collector->self, account)) // the request that needs them says so too
        log_line(LOG_WARNING, "no new keys before those of %s expire: %s", account->credentials.source, error.message);
    client_free(alone.client);
    uv_loop_close(&alone.loop);
}

bool identity_find(struct collector *collector)
{
    const struct aws_call *who = call_of_operation("sts", "GetCallerIdentity");
    struct identity *identity = &collector->collected->identity;
    struct read_account *self = &collector->self;
    self->id = "unknown";
    collector->finding = true;
    bool found = find_keys(collector, self);
    collector->finding = false;
    if (!found || !call_ask(collector, self, who, take_identity, NULL, 0, identity))
        return false;
    const char *told = self->credentials.account;
    if (told != NULL && strcmp(told, identity->account) != 0)
        return error_set(collector->error, ERROR_USAGE,
                         "GetCallerIdentity: the keys are of account %s, expected %.20s, which %.200s says",
                         identity->account, told, self->credentials.source);
    identity->source = arena_strdup(collector->arena, self->credentials.source);
    identity->expires = self->credentials.expires;
    self->id = identity->account;
    return true;
}

bool identity_of_role(struct collector *collector)
{
    const struct aws_call *who = call_of_operation("sts", "GetCallerIdentity");
    struct identity *identity = &collector->collected->identity;
    GUARD(accounts_enter(collector));
    if (collector->accounts.count == 0) {
        const struct failed_call *why = &collector->collected->unread.items[0];
        return error_set(collector->error, ERROR_USAGE, "%s: %s: %s", why->operation, why->code, why->message);
    }
    const struct read_account *account = collector->accounts.items[0];
    const char *first = identity->source;
    GUARD(call_ask(collector, account, who, take_identity, NULL, 0, identity));
    if (strcmp(identity->account, account->id) != 0)
        return error_set(collector->error, ERROR_USAGE,
                         "GetCallerIdentity: the role's keys are of account %s, expected %s, which --role-arn names",
                         identity->account, account->id);
    identity->source = arena_printf(collector->arena, "%s, role assumed by --role-arn", first);
    identity->expires = account->credentials.expires;
    return true;
}

// ---- Where we read

void name_add(struct call *call, const char *what, const char *name, bool (*is_name)(const char *text),
              const char *expected)
{
    struct name_list *names = call->into;
    if (name != NULL && is_name(name)) {
        *vector_add(call->collector->arena, &names->items) = arena_strdup(call->collector->arena, name);
        return;
    }
    struct call told = *call;
    refuse_answer(&told, what, name == NULL ? "" : name, expected);
    note_unread(&told);
}

static void take_regions(struct call *call, const cJSON *document)
{
    const cJSON *one;
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(document, "Regions"))
        name_add(call, "RegionName", string_of(one, "RegionName"), endpoint_is_region, "a name such as eu-west-3");
}

bool regions_find(struct collector *collector)
{
    const struct aws_call *all = call_of_operation("ec2", "DescribeRegions");
    struct name_list names = {0};
    collector->regions = collector->options->regions;
    collector->region_count = collector->options->region_count;
    if (collector->region_count != 1 || strcmp(collector->regions[0], "all") != 0)
        return true;
    if (!call_ask(collector, &collector->self, all, take_regions, NULL, 0, &names))
        return false;
    if (names.items.count == 0)
        return error_set(collector->error, ERROR_USAGE,
                         "DescribeRegions: no region in the answer, expected those of the account");
    sort_texts(names.items.items, names.items.count);
    collector->regions = names.items.items;
    collector->region_count = names.items.count;
    return true;
}
