#include "aws/collect.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "aws/endpoint.h"
#include "aws/model.h"
#include "aws/snapshot.h"
#include "base/file.h"
#include "base/log.h"
#include "config.h"

// An account that is read, with the keys for it.
struct account {
    const char *id;
    struct credentials credentials;
};

struct collector {
    struct arena *arena;
    const struct collect_options *options;
    struct collected *collected;
    struct model *model;
    uv_loop_t loop;
    struct client *client;
    struct account self;
    VECTOR(struct account *) accounts;
    const char *folder; // temporary
    const char *began;
    VECTOR(struct call *) calls;
    size_t open; // calls not ended
    struct error *error;
    bool failed; // something could not be written
};

// One call, all its pages.
struct call {
    struct request request;
    struct collector *collector;
    const struct account *account;
    struct operation operation; // of the JSON protocol: service and name only
    const char *region;
    const char *parameters; // beyond action, version and pages: "&TargetGroupArn=..."
    const char *file;       // ACCOUNT/REGION/...
    void (*follow)(struct call *call, const struct xml_node *output); // for each page, what it leads to
    struct text document;
    struct json_writer writer;
    const char *began;
    const char *sha256; // of the file written, or NULL
    VECTOR(const char *) request_ids;
};

static const char *now_text(struct arena *arena)
{
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    return arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ", parts.tm_year + 1900, parts.tm_mon + 1,
                        parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, now.tv_nsec / 1000);
}

static const char *escaped(struct arena *arena, const char *text)
{
    char *made = curl_easy_escape(NULL, text, 0);
    const char *kept = arena_strdup(arena, made == NULL ? "" : made);
    curl_free(made);
    return kept;
}

static void on_page(struct request *request);

static void send_page(struct call *call, const char *token)
{
    struct arena *arena = call->collector->arena;
    const struct operation *of = &call->operation;
    int most = of->most > 0 ? of->most : 1000;
    const char *limit = of->limit[0] == '\0' ? "" : arena_printf(arena, "&%s=%d", of->limit, most);
    const char *page = token == NULL ? "" : arena_printf(arena, "&%s=%s", of->token, escaped(arena, token));
    call->request = (struct request){
        .url = endpoint_url(call->collector->options->config, call->collector->options->endpoint, of->service,
                            of->prefix, call->region),
        .region = call->region,
        .signing_name = of->prefix,
        .credentials = &call->account->credentials,
        .body = arena_printf(arena, "Action=%s&Version=%s%s%s%s", of->name, of->version, call->parameters, limit, page),
        .done = on_page,
        .context = call,
    };
    client_send(call->collector->client, &call->request);
}

static struct call *start(struct collector *collector, const struct account *account, const char *service,
                          const char *operation, const char *region, const char *parameters, const char *file)
{
    struct call *call = arena_new_of(collector->arena, struct call);
    call->collector = collector;
    call->account = account;
    call->operation = model_operation(collector->model, service, operation);
    call->region = region;
    call->parameters = parameters;
    call->file = file;
    call->began = now_text(collector->arena);
    call->writer = json_writer_to(&call->document);
    *vector_add(collector->arena, &collector->calls) = call;
    collector->open++;
    send_page(call, NULL);
    return call;
}

static bool make_folders(struct collector *collector, const char *path)
{
    char *copy = arena_strdup(collector->arena, path);
    for (char *slash = copy + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        if (mkdir(copy, 0777) != 0 && errno != EEXIST)
            return error_system(collector->error, ERROR_INCOMPLETE, errno, "%s: cannot be made", copy);
        *slash = '/';
    }
    return true;
}

static const char *hash_of(struct arena *arena, const char *bytes, size_t length)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char *text = arena_alloc(arena, SHA256_DIGEST_LENGTH * 2 + 1);
    SHA256((const unsigned char *)bytes, length, digest);
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(text + i * 2, 3, "%02x", digest[i]);
    return text;
}

static void write_document(struct call *call)
{
    struct collector *collector = call->collector;
    const char *path = arena_printf(collector->arena, "%s/%s", collector->folder, call->file);
    json_end_document(&call->writer);
    call->sha256 = hash_of(collector->arena, call->document.bytes, call->document.length);
    if (!collector->failed && !(make_folders(collector, path) &&
                                file_write(path, call->document.bytes, call->document.length, collector->error)))
        collector->failed = true;
    collector->collected->files += !collector->failed;
    text_free(&call->document);
}

// The IAM action of an operation: the services' names in policies.
static const char *action_of(struct arena *arena, const struct operation *operation)
{
    bool balancing = strncmp(operation->service, "elb", 3) == 0;
    return arena_printf(arena, "%s:%s", balancing ? "elasticloadbalancing" : operation->service, operation->name);
}

static void end_failed(struct call *call)
{
    struct collector *collector = call->collector;
    struct arena *arena = collector->arena;
    const struct request *request = &call->request;
    *vector_add(arena, &collector->collected->unread) = (struct unread){
        .account = call->account->id,
        .region = call->region,
        .service = call->operation.service,
        .operation = call->operation.name,
        .code = arena_strdup(arena, request->code),
        .message = arena_strdup(arena, request->message),
        .action = request->failure == FAILURE_DENIED ? action_of(arena, &call->operation) : NULL,
    };
    text_free(&call->document);
}

static void on_page(struct request *request)
{
    struct call *call = request->context;
    struct collector *collector = call->collector;
    struct arena *arena = collector->arena;
    collector->collected->clock_skew = request->clock_skew;
    if (request->request_id != NULL)
        *vector_add(arena, &call->request_ids) = arena_strdup(arena, request->request_id);
    const struct xml_node *output = model_output(&call->operation, request->root);
    if (request->root != NULL && output == NULL) {
        request->failure = FAILURE_OTHER;
        request->code = "answer";
        request->message = "an answer to another question";
    }
    if (output == NULL) {
        end_failed(call);
        collector->open--;
        return;
    }
    const char *list = model_list_member(collector->model, &call->operation);
    bool paged = call->operation.next[0] != '\0' && list != NULL;
    if (call->writer.depth == 0) {
        json_open(&call->writer, NULL, '{');
        if (paged)
            json_open(&call->writer, list, '[');
    }
    if (paged)
        model_put_elements(collector->model, &call->operation, output, &call->writer);
    else
        model_put_output(collector->model, &call->operation, output, &call->writer);
    if (call->follow != NULL)
        call->follow(call, output);
    const char *next = NULL;
    if (paged) // its XML name begins with a small letter in EC2, with a capital in the others
        next = xml_text(output, strcmp(call->operation.service, "ec2") == 0 ? "nextToken" : call->operation.next);
    if (next != NULL && next[0] != '\0') {
        send_page(call, arena_strdup(arena, next));
        return;
    }
    if (paged)
        json_close(&call->writer, ']');
    json_close(&call->writer, '}');
    write_document(call);
    collector->open--;
}

static const char *in_region(struct collector *collector, const struct account *account, const char *region,
                             const char *name)
{
    return arena_printf(collector->arena, "%s/%s/%s.json", account->id, region, name);
}

static void follow_prefix_lists(struct call *call, const struct xml_node *output)
{
    struct arena *arena = call->collector->arena;
    const struct xml_node *set = xml_child(output, "prefixListSet");
    for (size_t i = 0; set != NULL && i < set->children.count; i++) {
        const char *id = xml_text(set->children.items[i], "prefixListId");
        if (id != NULL)
            start(call->collector, call->account, "ec2", "GetManagedPrefixListEntries", call->region,
                  arena_printf(arena, "&PrefixListId=%s", escaped(arena, id)),
                  in_region(call->collector, call->account, call->region,
                            arena_printf(arena, "get-managed-prefix-list-entries.%s", escaped(arena, id))));
    }
}

// ".../web/73e2d6bc24d8a067" -> "web.73e2d6bc24d8a067"
static const char *name_in_arn(struct arena *arena, const char *arn)
{
    const char *last = strrchr(arn, '/'), *before = last;
    while (before != NULL && before > arn && before[-1] != '/' && before[-1] != ':')
        before--;
    if (last == NULL)
        return escaped(arena, arn);
    return arena_printf(arena, "%s.%s", escaped(arena, arena_strndup(arena, before, (size_t)(last - before))),
                        escaped(arena, last + 1));
}

static void ask_about(struct call *call, const char *operation, const char *parameter, const char *file,
                      const char *arn)
{
    struct arena *arena = call->collector->arena;
    start(call->collector, call->account, "elbv2", operation, call->region,
          arena_printf(arena, "&%s=%s", parameter, escaped(arena, arn)),
          in_region(call->collector, call->account, call->region,
                    arena_printf(arena, "%s.%s", file, name_in_arn(arena, arn))));
}

static void follow_load_balancers(struct call *call, const struct xml_node *output)
{
    const struct xml_node *set = xml_child(output, "LoadBalancers");
    for (size_t i = 0; set != NULL && i < set->children.count; i++) {
        const char *arn = xml_text(set->children.items[i], "LoadBalancerArn");
        if (arn != NULL)
            ask_about(call, "DescribeListeners", "LoadBalancerArn", "describe-listeners", arn);
    }
}

static void follow_target_groups(struct call *call, const struct xml_node *output)
{
    const struct xml_node *set = xml_child(output, "TargetGroups");
    for (size_t i = 0; set != NULL && i < set->children.count; i++) {
        const char *arn = xml_text(set->children.items[i], "TargetGroupArn");
        if (arn == NULL)
            continue;
        ask_about(call, "DescribeTargetHealth", "TargetGroupArn", "describe-target-health", arn);
        ask_about(call, "DescribeTargetGroupAttributes", "TargetGroupArn", "describe-target-group-attributes", arn);
    }
}

static void run_loop(struct collector *collector)
{
    while (collector->open > 0 && uv_run(&collector->loop, UV_RUN_ONCE) != 0) {
        if (!collector->options->progress)
            continue;
        fprintf(stderr, "\rreading: %zu of %zu calls", collector->calls.count - collector->open,
                (size_t)collector->calls.count);
    }
    if (collector->options->progress)
        fputs("\r\033[K", stderr);
}

struct plain_call {
    const char *service;
    const char *operation;
    const char *file;
    void (*follow)(struct call *call, const struct xml_node *output);
};

static void start_all(struct collector *collector, const struct account *account, const char *region,
                      const struct plain_call *calls, size_t count)
{
    for (size_t i = 0; i < count; i++)
        start(collector, account, calls[i].service, calls[i].operation, region, "",
              in_region(collector, account, region, calls[i].file))
            ->follow = calls[i].follow;
}

// ---- AWS Network Firewall, of the JSON protocol. Its answers are what the CLI prints.

static void on_firewall(struct request *request)
{
    struct call *call = request->context;
    struct collector *collector = call->collector;
    if (request->json == NULL) {
        end_failed(call);
    } else {
        text_add(&call->document, request->bytes, request->length);
        write_document(call);
    }
    collector->open--;
}

static void start_json(struct collector *collector, const struct account *account, const char *operation,
                       const char *region, const char *body, const char *file, request_done done)
{
    struct call *call = arena_new_of(collector->arena, struct call);
    call->collector = collector;
    call->account = account;
    call->operation =
        (struct operation){.service = "network-firewall", .name = operation, .prefix = "network-firewall"};
    call->region = region;
    call->file = file;
    call->began = now_text(collector->arena);
    call->writer = json_writer_to(&call->document);
    call->request = (struct request){
        .url = endpoint_url(collector->options->config, collector->options->endpoint, "network-firewall",
                            "network-firewall", region),
        .region = region,
        .signing_name = "network-firewall",
        .credentials = &account->credentials,
        .target = arena_printf(collector->arena, "NetworkFirewall_20201112.%s", operation),
        .body = body,
        .done = done,
        .context = call,
    };
    *vector_add(collector->arena, &collector->calls) = call;
    collector->open++;
    client_send(collector->client, &call->request);
}

static const char *quoted(struct arena *arena, const char *key, const char *value)
{
    struct text out = {0};
    struct json_writer writer = json_writer_to(&out);
    json_open_line(&writer, NULL, '{');
    json_put_string(&writer, key, value);
    json_close(&writer, '}');
    const char *kept = arena_strdup(arena, out.bytes);
    text_free(&out);
    return kept;
}

static void on_firewalls(struct request *request)
{
    struct call *call = request->context;
    struct collector *collector = call->collector;
    const cJSON *one, *next = cJSON_GetObjectItemCaseSensitive(request->json, "NextToken");
    if (request->json == NULL)
        end_failed(call);
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(request->json, "Firewalls")) {
        const cJSON *arn = cJSON_GetObjectItemCaseSensitive(one, "FirewallArn");
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(one, "FirewallName");
        if (cJSON_IsString(arn) && cJSON_IsString(name))
            start_json(collector, call->account, "DescribeFirewall", call->region,
                       quoted(collector->arena, "FirewallArn", arn->valuestring),
                       in_region(collector, call->account, call->region,
                                 arena_printf(collector->arena, "describe-firewall.%s",
                                              escaped(collector->arena, name->valuestring))),
                       on_firewall);
    }
    if (cJSON_IsString(next))
        start_json(collector, call->account, "ListFirewalls", call->region,
                   quoted(collector->arena, "NextToken", next->valuestring), call->file, on_firewalls);
    collector->open--;
}

// What interfaces refer to first, then instances and addresses, interfaces last: so what they refer to is there
// already.
static void read_regions(struct collector *collector, const char *const *regions, size_t count)
{
    static const struct plain_call first[] = {
        {"ec2", "DescribeVpcs", "describe-vpcs", NULL},
        {"ec2", "DescribeSubnets", "describe-subnets", NULL},
        {"ec2", "DescribeRouteTables", "describe-route-tables", NULL},
        {"ec2", "DescribeInternetGateways", "describe-internet-gateways", NULL},
        {"ec2", "DescribeEgressOnlyInternetGateways", "describe-egress-only-internet-gateways", NULL},
        {"ec2", "DescribeNatGateways", "describe-nat-gateways", NULL},
        {"ec2", "DescribeNetworkAcls", "describe-network-acls", NULL},
        {"ec2", "DescribeSecurityGroups", "describe-security-groups", NULL},
        {"ec2", "DescribeSecurityGroupRules", "describe-security-group-rules", NULL},
        {"ec2", "DescribeSecurityGroupVpcAssociations", "describe-security-group-vpc-associations", NULL},
        {"ec2", "DescribeManagedPrefixLists", "describe-managed-prefix-lists", follow_prefix_lists},
        {"ec2", "DescribeVpcEndpoints", "describe-vpc-endpoints", NULL},
        {"ec2", "DescribeVpcBlockPublicAccessOptions", "describe-vpc-block-public-access-options", NULL},
        {"ec2", "DescribeVpcBlockPublicAccessExclusions", "describe-vpc-block-public-access-exclusions", NULL},
        {"elbv2", "DescribeLoadBalancers", "describe-load-balancers", follow_load_balancers},
        {"elbv2", "DescribeTargetGroups", "describe-target-groups", follow_target_groups},
        {"elb", "DescribeLoadBalancers", "describe-load-balancers.classic", NULL},
    };
    static const struct plain_call last[] = {
        {"ec2", "DescribeInstances", "describe-instances", NULL},
        {"ec2", "DescribeAddresses", "describe-addresses", NULL},
        {"ec2", "DescribeNetworkInterfaces", "describe-network-interfaces", NULL},
    };
    for (size_t a = 0; a < collector->accounts.count; a++)
        for (size_t r = 0; r < count; r++) {
            const struct account *account = collector->accounts.items[a];
            start_all(collector, account, regions[r], first, sizeof(first) / sizeof(first[0]));
            start_json(collector, account, "ListFirewalls", regions[r], "{}",
                       in_region(collector, account, regions[r], "list-firewalls"), on_firewalls);
        }
    run_loop(collector);
    for (size_t a = 0; a < collector->accounts.count; a++)
        for (size_t r = 0; r < count; r++)
            start_all(collector, collector->accounts.items[a], regions[r], last, sizeof(last) / sizeof(last[0]));
    run_loop(collector);
}

// ---- Consistency: what changed between one call and the next

// Reads a kind of one account and region again, once, in place of what was read of it before.
static void read_again(struct collector *collector, struct map *asked, const struct interface_place *place,
                       const char *operation)
{
    const char *key = arena_printf(collector->arena, "%s|%s|%s", place->account_id, place->region, operation);
    if (map_get(asked, key) != NULL)
        return;
    map_put(collector->arena, asked, key, collector);
    for (size_t i = 0; i < collector->calls.count; i++) {
        struct call *old = collector->calls.items[i];
        if (old->sha256 == NULL || strcmp(old->account->id, place->account_id) != 0 ||
            strcmp(old->region, place->region) != 0 || strcmp(old->operation.name, operation) != 0 ||
            strcmp(old->operation.service, "ec2") != 0)
            continue;
        old->sha256 = NULL; // its document is replaced
        start(collector, old->account, "ec2", operation, old->region, old->parameters, old->file)->follow = old->follow;
        return;
    }
}

// A group or subnet that an interface refers to may be younger than our reading of groups or subnets.
static void read_missing_again(struct collector *collector)
{
    struct error ignored;
    struct estate *estate = snapshot_read(collector->folder, &ignored);
    struct map asked = {0};
    for (size_t i = 0; estate != NULL && i < estate->interfaces.count; i++) {
        const struct network_interface *one = estate->interfaces.items[i];
        if (one->place->subnet_id != NULL && map_get(&estate->subnets, one->place->subnet_id) == NULL)
            read_again(collector, &asked, one->place, "DescribeSubnets");
        if (one->instance_id != NULL && map_get(&estate->instances, one->instance_id) == NULL)
            read_again(collector, &asked, one->place, "DescribeInstances");
        for (size_t g = 0; one->groups != NULL && g < one->groups->count; g++)
            if (map_get(&estate->security_groups, one->groups->ids[g]) == NULL)
                read_again(collector, &asked, one->place, "DescribeSecurityGroups");
    }
    run_loop(collector);
    estate_free(estate);
}

// ---- Who we are, and where

typedef void (*answer_reader)(struct collector *collector, const struct xml_node *output, void *into);

struct answer {
    struct request request;
    struct collector *collector;
    answer_reader read;
    void *into;
    struct operation operation;
    bool good;
    const char *code;
    const char *message;
};

static void on_answer(struct request *request)
{
    struct answer *answer = request->context;
    struct collector *collector = answer->collector;
    const struct xml_node *output = model_output(&answer->operation, request->root);
    collector->collected->clock_skew = request->clock_skew;
    answer->good = output != NULL;
    if (answer->good) {
        answer->read(collector, output, answer->into);
    } else {
        answer->code = arena_strdup(collector->arena, request->root == NULL ? request->code : "answer");
        answer->message =
            arena_strdup(collector->arena, request->root == NULL ? request->message : "an answer to another question");
    }
    collector->open--;
}

// Begins one call, whose answer is there when the loop has run.
static struct answer *begin_ask(struct collector *collector, const char *service, const char *operation,
                                const char *region, const char *parameters, answer_reader read, void *into)
{
    struct answer *answer = arena_new_of(collector->arena, struct answer);
    answer->collector = collector;
    answer->read = read;
    answer->into = into;
    answer->operation = model_operation(collector->model, service, operation);
    const struct operation *of = &answer->operation;
    answer->request = (struct request){
        .url = endpoint_url(collector->options->config, collector->options->endpoint, service, of->prefix, region),
        .region = region,
        .signing_name = of->prefix,
        .credentials = &collector->self.credentials,
        .body = arena_printf(collector->arena, "Action=%s&Version=%s%s", of->name, of->version, parameters),
        .done = on_answer,
        .context = answer,
    };
    collector->open++;
    client_send(collector->client, &answer->request);
    return answer;
}

static bool ask(struct collector *collector, const char *service, const char *operation, const char *region,
                const char *parameters, answer_reader read, void *into)
{
    struct answer *answer = begin_ask(collector, service, operation, region, parameters, read, into);
    run_loop(collector);
    return answer->good ||
           error_set(collector->error, ERROR_USAGE, "%s: %s: %s", operation, answer->code, answer->message);
}

static void take_identity(struct collector *collector, const struct xml_node *output, void *into)
{
    struct identity *identity = into;
    const char *account = xml_text(output, "Account"), *arn = xml_text(output, "Arn");
    identity->account = arena_strdup(collector->arena, account == NULL ? "unknown" : account);
    identity->arn = arena_strdup(collector->arena, arn == NULL ? "unknown" : arn);
}

static void take_role(struct collector *collector, const struct xml_node *output, void *into)
{
    struct account *account = into;
    struct arena *secrets = collector->options->config->arena;
    const struct xml_node *given = xml_child(output, "Credentials");
    const char *texts[] = {xml_text(given, "AccessKeyId"), xml_text(given, "SecretAccessKey"),
                           xml_text(given, "SessionToken")};
    if (texts[0] == NULL || texts[1] == NULL)
        return;
    account->credentials.key_id = arena_strdup(secrets, texts[0]);
    account->credentials.secret = arena_strdup(secrets, texts[1]);
    account->credentials.token = texts[2] == NULL ? NULL : arena_strdup(secrets, texts[2]);
}

struct name_list {
    VECTOR(const char *) items;
};

static void take_regions(struct collector *collector, const struct xml_node *output, void *into)
{
    struct name_list *names = into;
    const struct xml_node *set = xml_child(output, "regionInfo");
    for (size_t i = 0; set != NULL && i < set->children.count; i++) {
        const char *name = xml_text(set->children.items[i], "regionName");
        if (name != NULL)
            *vector_add(collector->arena, &names->items) = arena_strdup(collector->arena, name);
    }
}

static const char *role_parameters(struct arena *arena, const char *arn, const char *session, const char *external)
{
    return arena_printf(arena, "&RoleArn=%s&RoleSessionName=%s%s%s", escaped(arena, arn), escaped(arena, session),
                        external == NULL ? "" : "&ExternalId=", external == NULL ? "" : escaped(arena, external));
}

// A web identity's token is all that is needed: the request is not signed.
static bool assume_by_token(struct collector *collector, const struct role *role, const char *region)
{
    struct arena *secrets = collector->options->config->arena;
    size_t length;
    char *token = file_read(role->token_file, &length, collector->error);
    if (token == NULL)
        return false;
    token[strcspn(token, "\r\n")] = '\0';
    const char *parameters = arena_printf(
        secrets, "%s&WebIdentityToken=%s",
        role_parameters(secrets, role->arn, role->session_name == NULL ? "sgproof" : role->session_name, NULL),
        escaped(secrets, token));
    explicit_bzero(token, length);
    free(token);
    return ask(collector, "sts", "AssumeRoleWithWebIdentity", region, parameters, take_role, &collector->self);
}

static bool find_identity(struct collector *collector, const char *region)
{
    struct arena *arena = collector->arena;
    struct identity *identity = &collector->collected->identity;
    struct role role;
    if (!credentials_find(collector->options->config, &collector->self.credentials, &role, collector->error))
        return false;
    identity->source = arena_strdup(arena, collector->self.credentials.source);
    if (role.token_file != NULL) {
        if (!assume_by_token(collector, &role, region))
            return false;
    } else if (role.arn != NULL) {
        const char *session = role.session_name == NULL ? "sgproof" : role.session_name;
        if (!ask(collector, "sts", "AssumeRole", region, role_parameters(arena, role.arn, session, role.external_id),
                 take_role, &collector->self))
            return false;
        identity->source = arena_printf(arena, "%s, role assumed by %s", identity->source, role.source);
    }
    if (!ask(collector, "sts", "GetCallerIdentity", region, "", take_identity, identity))
        return false;
    collector->self.id = identity->account;
    return true;
}

// ---- Whole organizations

struct account_list {
    struct request request;
    struct collector *collector;
    struct name_list *names;
    const char *code;
    const char *message;
};

static void ask_accounts(struct account_list *list, const char *token);

static void on_accounts(struct request *request)
{
    struct account_list *list = request->context;
    struct arena *arena = list->collector->arena;
    const cJSON *one, *next = cJSON_GetObjectItemCaseSensitive(request->json, "NextToken");
    list->code = request->json != NULL ? NULL : arena_strdup(arena, request->code);
    list->message = request->json != NULL ? NULL : arena_strdup(arena, request->message);
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(request->json, "Accounts")) {
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(one, "Id");
        const cJSON *status = cJSON_GetObjectItemCaseSensitive(one, "Status");
        if (cJSON_IsString(id) && cJSON_IsString(status) && strcmp(status->valuestring, "ACTIVE") == 0)
            *vector_add(arena, &list->names->items) = arena_strdup(arena, id->valuestring);
    }
    if (cJSON_IsString(next))
        ask_accounts(list, next->valuestring);
    list->collector->open--;
}

// Organizations has one endpoint a partition. https://docs.aws.amazon.com/general/latest/gr/ao.html
static void ask_accounts(struct account_list *list, const char *token)
{
    struct collector *collector = list->collector;
    list->request = (struct request){
        .url = endpoint_url(collector->options->config, collector->options->endpoint, "organizations", "organizations",
                            "us-east-1"),
        .region = "us-east-1",
        .signing_name = "organizations",
        .credentials = &collector->self.credentials,
        .target = "AWSOrganizationsV20161128.ListAccounts",
        .body = token == NULL ? "{}" : quoted(collector->arena, "NextToken", token),
        .done = on_accounts,
        .context = list,
    };
    collector->open++;
    client_send(collector->client, &list->request);
}

// "arn:aws-cn:..." -> "aws-cn"
static const char *partition_of(struct arena *arena, const char *arn)
{
    const char *begin = strchr(arn, ':'), *end = begin == NULL ? NULL : strchr(begin + 1, ':');
    return end == NULL ? "aws" : arena_strndup(arena, begin + 1, (size_t)(end - begin - 1));
}

// Enters every account that is asked for; one that cannot be entered is noted, and costs only itself.
static bool enter_accounts(struct collector *collector, const char *region)
{
    const struct collect_options *options = collector->options;
    struct arena *arena = collector->arena;
    struct name_list names = {0};
    if (options->organization) {
        struct account_list list = {.collector = collector, .names = &names};
        ask_accounts(&list, NULL);
        run_loop(collector);
        if (list.code != NULL)
            return error_set(collector->error, ERROR_USAGE, "ListAccounts: %s: %s", list.code, list.message);
    }
    for (size_t i = 0; i < options->account_count; i++)
        *vector_add(arena, &names.items) = options->accounts[i];
    if (!options->organization && options->account_count == 0)
        *vector_add(arena, &names.items) = collector->self.id;
    sort_texts(names.items.items, names.items.count);
    struct answer **answers = arena_array(arena, struct answer *, names.items.count + 1);
    struct account **entered = arena_array(arena, struct account *, names.items.count + 1);
    const char *partition = partition_of(arena, collector->collected->identity.arn);
    for (size_t i = 0; i < names.items.count; i++) {
        const char *id = names.items.items[i];
        if (i > 0 && strcmp(names.items.items[i - 1], id) == 0)
            continue;
        entered[i] = arena_new_of(arena, struct account);
        *entered[i] = (struct account){.id = id, .credentials = collector->self.credentials};
        if (strcmp(id, collector->self.id) != 0)
            answers[i] = begin_ask(
                collector, "sts", "AssumeRole", region,
                role_parameters(arena, arena_printf(arena, "arn:%s:iam::%s:role/%s", partition, id, options->role_name),
                                "sgproof", NULL),
                take_role, entered[i]);
    }
    run_loop(collector);
    for (size_t i = 0; i < names.items.count; i++) {
        if (entered[i] == NULL)
            continue;
        if (answers[i] == NULL || answers[i]->good)
            *vector_add(arena, &collector->accounts) = entered[i];
        else
            *vector_add(arena, &collector->collected->unread) = (struct unread){.account = entered[i]->id,
                                                                                .region = region,
                                                                                .service = "sts",
                                                                                .operation = "AssumeRole",
                                                                                .code = answers[i]->code,
                                                                                .message = answers[i]->message,
                                                                                .action = NULL};
    }
    collector->collected->accounts = collector->accounts.count;
    return true;
}

// ---- The snapshot's own record

static int by_file(const void *left, const void *right)
{
    const struct call *const *a = left, *const *b = right;
    return strcmp((*a)->file, (*b)->file);
}

static int by_place(const void *left, const void *right)
{
    const struct unread *a = left, *b = right;
    int order = strcmp(a->account, b->account);
    order = order != 0 ? order : strcmp(a->region, b->region);
    order = order != 0 ? order : strcmp(a->service, b->service);
    return order != 0 ? order : strcmp(a->operation, b->operation);
}

static bool write_record(struct collector *collector)
{
    struct collected *collected = collector->collected;
    struct text out = {0};
    struct json_writer writer = json_writer_to(&out);
    json_open(&writer, NULL, '{');
    json_put_string(&writer, "schema", "sgproof/snapshot/v1");
    json_put_string(&writer, "tool_version", SGPROOF_VERSION);
    json_put_string(&writer, "account_id", collected->identity.account);
    json_put_string(&writer, "read_by", collected->identity.arn);
    json_put_string(&writer, "began", collector->began);
    json_put_string(&writer, "ended", now_text(collector->arena));
    json_put_boolean(&writer, "complete", collected->unread.count == 0);
    json_open(&writer, "unread", '[');
    for (size_t i = 0; i < collected->unread.count; i++) {
        const struct unread *one = &collected->unread.items[i];
        json_open_line(&writer, NULL, '{');
        json_put_string(&writer, "account_id", one->account);
        json_put_string(&writer, "region", one->region);
        json_put_string(&writer, "service", one->service);
        json_put_string(&writer, "operation", one->operation);
        json_put_string(&writer, "code", one->code);
        json_put_string(&writer, "message", one->message);
        json_put_string(&writer, "iam_action", one->action);
        json_close(&writer, '}');
    }
    json_close(&writer, ']');
    if (collector->calls.count > 1)
        qsort(collector->calls.items, collector->calls.count, sizeof(struct call *), by_file);
    json_open(&writer, "files", '[');
    for (size_t i = 0; i < collector->calls.count; i++) {
        const struct call *call = collector->calls.items[i];
        if (call->sha256 == NULL)
            continue;
        json_open_line(&writer, NULL, '{');
        json_put_string(&writer, "file", call->file);
        json_put_string(&writer, "sha256", call->sha256);
        json_put_string(&writer, "service", call->operation.service);
        json_put_string(&writer, "operation", call->operation.name);
        json_put_string(&writer, "asked", call->began);
        json_open(&writer, "request_ids", '[');
        for (size_t r = 0; r < call->request_ids.count; r++)
            json_put_string(&writer, NULL, call->request_ids.items[r]);
        json_close(&writer, ']');
        json_close(&writer, '}');
    }
    json_close(&writer, ']');
    json_close(&writer, '}');
    json_end_document(&writer);
    bool good = file_write(arena_printf(collector->arena, "%s/snapshot.json", collector->folder), out.bytes, out.length,
                           collector->error);
    text_free(&out);
    return good;
}

static bool collect_into_folder(struct collector *collector, const char *home)
{
    const struct collect_options *options = collector->options;
    const char *const *regions = options->regions;
    size_t count = options->region_count;
    if (access(options->folder, F_OK) == 0)
        return error_set(collector->error, ERROR_USAGE, "%s: is there already, and is not written over",
                         options->folder);
    if (count == 1 && strcmp(regions[0], "all") == 0) {
        struct name_list names = {0};
        if (!ask(collector, "ec2", "DescribeRegions", home, "", take_regions, &names))
            return false;
        sort_texts(names.items.items, names.items.count);
        regions = names.items.items;
        count = names.items.count;
    }
    if (!enter_accounts(collector, home))
        return false;
    collector->folder = arena_printf(collector->arena, "%s.tmp-%ld", options->folder, (long)getpid());
    if (!file_make_folder(collector->folder, collector->error))
        return false;
    read_regions(collector, regions, count);
    if (!collector->failed)
        read_missing_again(collector);
    if (collector->collected->unread.count > 1)
        qsort(collector->collected->unread.items, collector->collected->unread.count, sizeof(struct unread), by_place);
    bool good = !collector->failed && write_record(collector);
    if (good && rename(collector->folder, options->folder) != 0)
        good = error_system(collector->error, ERROR_INCOMPLETE, errno, "%s: cannot be made", options->folder);
    if (!good)
        file_remove_tree(collector->folder);
    return good;
}

bool collect(struct arena *arena, const struct collect_options *options, struct collected *collected,
             struct error *error)
{
    struct collector collector = {.arena = arena, .options = options, .collected = collected, .error = error};
    const char *home =
        options->region_count > 0 && strcmp(options->regions[0], "all") != 0 ? options->regions[0] : "us-east-1";
    *collected = (struct collected){0};
    collector.began = now_text(arena);
    uv_loop_init(&collector.loop);
    collector.model = model_new();
    collector.client = client_new(&collector.loop, &options->client);
    bool good = find_identity(&collector, home) && (options->folder == NULL || collect_into_folder(&collector, home));
    client_free(collector.client);
    model_free(collector.model);
    uv_loop_close(&collector.loop);
    return good;
}
