// Listeners of elbv2's load balancers, and their rules.
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "aws/documents/calls.h"
#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupTuple.html
static bool read_forward_target(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct listener_rule *rule = into;
    const char *arn;
    long weight = 1;
    bool has_weight;
    GUARD(interned_of(reader, at, "TargetGroupArn", &arn));
    struct json_cursor told = member_of(reader, at, "Weight"); // null is a doubt
    GUARD(json_optional_integer(at, "Weight", 0, 999, &weight, &has_weight, reader->error));
    bool listed = at->key == NULL && at->up != NULL && text_same(at->up->key, "TargetGroups");
    if (told.node == NULL && listed && cJSON_GetArraySize(at->up->node) > 1)
        doubt_at(reader, &told, "is missing, beside other target groups"); // of one alone it tells nothing
    for (size_t i = 0; i < rule->forwards.count; i++)
        if (rule->forwards.items[i].target_group == arn) {
            if (has_weight)
                rule->forwards.items[i].weight = (uint16_t)weight;
            return true;
        }
    *vector_add(reader->arena, &rule->forwards) = (struct forward){arn, has_weight ? (uint16_t)weight : 1};
    return true;
}

// Who comes without a login is sent to one, or denied, unless all are let through; without a token, denied.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AuthenticateOidcActionConfig.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-verify-jwt.html
static void read_login(struct reader *reader, const struct json_cursor *at, const char *type,
                       struct listener_rule *rule)
{
    static const char *const types[] = {"authenticate-oidc", "authenticate-cognito", "jwt-validation", NULL};
    static const char *const configs[] = {"AuthenticateOidcConfig", "AuthenticateCognitoConfig"};
    const char *otherwise = NULL;
    struct json_cursor config;
    if (!text_among(type, types))
        return;
    for (int i = 0; i < 2; i++)
        if (strcmp(type, types[i]) == 0 && lenient_object(reader, at, configs[i], &config))
            otherwise = text_beside(reader, &config, "OnUnauthenticatedRequest");
    if (!text_same(otherwise, "allow"))
        rule->login = lesser_text(rule->login, intern(reader, type));
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Action.html
static bool read_action(struct reader *reader, const struct json_cursor *at, void *into)
{
    static const char *const words[] = {
        "forward", "authenticate-oidc", "authenticate-cognito", "jwt-validation", "redirect", "fixed-response", NULL};
    struct listener_rule *rule = into;
    struct json_cursor redirect, forward, sticky, type = member_of(reader, at, "Type");
    const char *protocol = NULL, *word = cJSON_GetStringValue(type.node);
    bool one = json_member(at, "TargetGroupArn").node != NULL;
    if (lenient_object(reader, at, "RedirectConfig", &redirect)) {
        lenient_text(reader, &redirect, "Protocol", &protocol);
        rule->redirects_to_https =
            protocol != NULL && strcmp(protocol, "HTTPS") == 0 && word != NULL && strcmp(word, "redirect") == 0;
    }
    if (word == NULL)
        doubt_at(reader, &type, "is %s, expected a string", json_kind(type.node));
    else if (!text_among(word, words) && rule->doubt == NULL)
        rule->doubt = arena_printf(reader->arena, "what an action of type %s does is not known", word);
    if (word != NULL)
        read_login(reader, at, word, rule);
    GUARD(!one || read_forward_target(reader, at, into));
    bool has_config = lenient_object(reader, at, "ForwardConfig", &forward);
    bool several = has_config && (!one || json_member(&forward, "TargetGroups").node != NULL);
    bool enabled = true; // unless it says otherwise
    if (has_config && lenient_object(reader, &forward, "TargetGroupStickinessConfig", &sticky))
        lenient_boolean(reader, &sticky, "Enabled", &enabled);
    rule->sticky = rule->sticky || (has_config && enabled);
    if (!one && !several && word != NULL && strcmp(word, "forward") == 0)
        doubt_at(reader, at, "forwards to no target group that it names");
    return !several || each_of(reader, &forward, "TargetGroups", read_forward_target, into);
}

static bool same_forwards(const struct listener_rule *a, const struct listener_rule *b)
{
    bool same = a->forwards.count == b->forwards.count;
    for (size_t i = 0; same && i < a->forwards.count; i++) {
        bool found = false;
        for (size_t j = 0; j < b->forwards.count; j++)
            found = found || (a->forwards.items[i].target_group == b->forwards.items[j].target_group &&
                              a->forwards.items[i].weight == b->forwards.items[j].weight);
        same = found;
    }
    return same;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_MutualAuthenticationAttributes.html
static void read_certificate_mode(struct reader *reader, const struct json_cursor *mutual, struct listener *listener)
{
    static const char *const lenient[] = {"off", "passthrough", NULL};
    const char *mode = text_beside(reader, mutual, "Mode");
    listener->asks_certificates = text_same(mode, "verify");
    if (mode == NULL)
        listener->certificate_mode = "not told";
    else if (!listener->asks_certificates && !text_among(mode, lenient))
        listener->certificate_mode = mode;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Listener.html
static bool read_known_listener(struct reader *reader, const struct json_cursor *at, struct load_balancer *balancer)
{
    const char *protocol;
    long port = 0;
    bool has_port;
    struct json_cursor mutual;
    GUARD(optional_interned(reader, at, "Protocol", &protocol));
    GUARD(json_optional_integer(at, "Port", 1, PORT_LAST, &port, &has_port, reader->error));
    if (!has_port && protocol == NULL) { // as a gateway load balancer's
        if (balancer->type != LOAD_BALANCER_GATEWAY && balancer->name != NULL)
            doubt_at(reader, at, "has no port and no protocol");
        return true;
    }
    if (!has_port || protocol == NULL)
        return json_fail(at, reader->error, "has no %s", has_port ? "protocol" : "port");
    struct listener own = {.port = (uint16_t)port, .protocol = protocol, .otherwise = {.priority = LONG_MAX}};
    own.reference = evidence_of(reader, at);
    lenient_text(reader, at, "ListenerArn", &own.arn);
    if (strcmp(protocol, "HTTPS") == 0 && balancer->type == LOAD_BALANCER_APPLICATION && own.arn != NULL)
        expect_member(reader, at, EXPECT_MUTUAL_AUTHENTICATION, "MutualAuthentication", own.arn, NULL);
    if (lenient_object(reader, at, "MutualAuthentication", &mutual))
        read_certificate_mode(reader, &mutual, &own);
    each_of(reader, at, "DefaultActions", read_action, &own.otherwise);
    for (size_t i = 0; i < balancer->listeners.count; i++) {
        struct listener *one = &balancer->listeners.items[i];
        if (one->port != port || one->protocol != protocol)
            continue;
        bool differs = !same_forwards(&one->otherwise, &own.otherwise) ||
                       (one->arn != NULL && own.arn != NULL && one->arn != own.arn);
        if (differs && balancer->doubt == NULL)
            doubt_at(reader, at,
                     "is another record of the listener on %u/%s than one before: neither is believed alone",
                     (unsigned)own.port, protocol);
        one->asks_certificates = one->asks_certificates || own.asks_certificates;
        one->certificate_mode = lesser_text(one->certificate_mode, own.certificate_mode);
        unite_rules(reader->arena, &one->otherwise, &own.otherwise);
        if (one->arn == NULL || (own.arn != NULL && strcmp(own.arn, one->arn) < 0))
            one->arn = own.arn;
        return true;
    }
    *vector_add(reader->arena, &balancer->listeners) = own;
    return true;
}

// Whether a listener was not read before; one that differs is read too, since either may be right.
static bool lone_listener(struct reader *reader, const struct json_cursor *at, const char *arn,
                          struct load_balancer *balancer)
{
    struct record_known *known = map_get(&reader->documents->listeners, arn);
    bool nested = at->up != NULL && at->up->up != NULL && at->up->up->up != NULL; // no record of its own
    if (arn == NULL || nested)
        return true;
    if (known != NULL)
        return !record_agrees(reader, at, known->record, arn, &balancer->doubt);
    known = arena_new_of(reader->arena, struct record_known);
    known->record = reader->record;
    map_put(reader->arena, &reader->documents->listeners, arn, known);
    return true;
}

bool read_listener(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    const char *arn, *listener_arn = NULL, *account = NULL, *region = NULL;
    const char *accelerators = text_beside(reader, at, "ListenerArn"); // they have listeners too
    if (accelerators != NULL && strstr(accelerators, ":globalaccelerator:") != NULL)
        return read_accelerator_listener(reader, at, accelerators);
    if (!interned_of(reader, at, "LoadBalancerArn", &arn)) {
        reader->doubt = &reader->documents->any_listener;
        return false;
    }
    struct load_balancer *balancer = load_balancer_with(reader, arn);
    reader->doubt = &balancer->doubt;
    balancer->listeners_known = true;
    lenient_text(reader, at, "ListenerArn", &listener_arn);
    if (!lone_listener(reader, at, listener_arn, balancer))
        return true;
    place_of_arn(reader, arn, &account, &region);
    seen_at(reader, account, region, arn); // by load balancer: each has pages of its own
    return read_known_listener(reader, at, balancer);
}

bool read_listeners_of(struct reader *reader, const struct json_cursor *at, void *into)
{
    const char *arn;
    GUARD(interned_of(reader, at, "LoadBalancerArn", &arn));
    struct load_balancer *balancer = load_balancer_with(reader, arn);
    balancer->listeners_known = true;
    reader->doubt = &balancer->doubt;
    return each_of(reader, at, "Listeners", read_listener, into);
}

// ---- Rules

static bool read_source(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct listener_rule *rule = into;
    struct prefix prefix;
    GUARD(read_prefix_text(reader, at, at->node->valuestring, 0, &prefix));
    *vector_add(reader->arena, &rule->sources) = prefix;
    return true;
}

// "ipv4" and "ipv6" are all clients of that family.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SourceIpConditionConfig.html
static bool read_source_family(struct reader *reader, const struct json_cursor *config, struct listener_rule *rule)
{
    const char *family = NULL;
    lenient_text(reader, config, "IpAddressType", &family);
    if (family == NULL)
        return false;
    bool is_ipv4 = strcmp(family, "ipv4") == 0;
    if (!is_ipv4 && strcmp(family, "ipv6") != 0)
        return doubt_at(reader, config, "has IpAddressType %s, expected ipv4 or ipv6", family);
    rule->from_sources = true;
    *vector_add(reader->arena, &rule->sources) = (struct prefix){.family = is_ipv4 ? FAMILY_IPV4 : FAMILY_IPV6};
    return true;
}

static bool read_sources(struct reader *reader, const struct json_cursor *at, struct listener_rule *rule)
{
    struct json_cursor config, values = member_of(reader, at, "Values");
    if (lenient_object(reader, at, "SourceIpConfig", &config)) {
        values = member_of(reader, &config, "Values");
        if ((values.node == NULL || cJSON_GetArraySize(values.node) == 0) && read_source_family(reader, &config, rule))
            return true;
    }
    if (!cJSON_IsArray(values.node))
        return doubt_at(reader, &values, "is missing, expected an array");
    const cJSON *node;
    size_t index = 0;
    bool good = cJSON_GetArraySize(values.node) > 0;
    if (!good)
        doubt_at(reader, &values, "is empty, expected a CIDR");
    cJSON_ArrayForEach (node, values.node) {
        struct json_cursor item = json_element(&values, index++, node);
        good = good && cJSON_IsString(node);
        if (!cJSON_IsString(node))
            doubt_at(reader, &item, "is no string, expected one");
        else if (!read_source(reader, &item, rule) && doubt_failure(reader))
            good = false;
    }
    rule->from_sources = good; // else it may take anybody, or not: the doubt says so
    return true;
}

// The kinds of condition on what the client chooses, and where their values stand.
static const struct {
    const char *field;
    const char *config;
} chosen[] = {{"host-header", "HostHeaderConfig"},
              {"path-pattern", "PathPatternConfig"},
              {"http-header", "HttpHeaderConfig"},
              {"http-request-method", "HttpRequestMethodConfig"},
              {"query-string", "QueryStringConfig"}};

// Of hosts, headers and query strings the case does not count; of paths, methods and expressions it does ("\\d" and
// "\\D"). https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
static bool heeds_case(const char *field, bool by_expression)
{
    return by_expression || strcmp(field, "path-pattern") == 0 || strcmp(field, "http-request-method") == 0;
}

static void to_lower(char *text)
{
    for (char *p = text; *p != '\0'; p++)
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + ('a' - 'A') : *p);
}

// One value as a text: of a query string its key, too, with its length, so that no two pairs are one text. NULL where
// it is not understood.
static const char *condition_value(struct reader *reader, const cJSON *node, bool is_query, bool heeds_case)
{
    if (is_query != cJSON_IsObject(node))
        return NULL;
    const cJSON *key = cJSON_GetObjectItemCaseSensitive(node, "Key");
    const char *name = cJSON_GetStringValue(key);
    const char *text = cJSON_IsObject(node) ? cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(node, "Value"))
                                            : cJSON_GetStringValue(node);
    if (text == NULL || (key != NULL && name == NULL && !cJSON_IsNull(key)))
        return NULL;
    char *copy = !cJSON_IsObject(node) ? arena_strdup(reader->arena, text)
                 : name == NULL        ? arena_printf(reader->arena, "=%s", text)
                                       : arena_printf(reader->arena, "%zu:%s=%s", strlen(name), name, text);
    if (!heeds_case)
        to_lower(copy);
    return copy;
}

// Every path begins with a slash.
static bool is_any_path(const struct rule_condition *condition)
{
    return strcmp(condition->on, "path-pattern") == 0 &&
           (text_list_holds(&condition->values, "*") || text_list_holds(&condition->values, "/*"));
}

static void read_chosen(struct reader *reader, const struct json_cursor *at, size_t kind, struct listener_rule *rule)
{
    struct rule_condition condition = {.on = chosen[kind].field};
    struct json_cursor config, values = member_of(reader, at, "Values");
    const char *header = NULL;
    bool by_expression = false, is_path = strcmp(chosen[kind].field, "path-pattern") == 0;
    bool is_query = strcmp(chosen[kind].field, "query-string") == 0;
    if (lenient_object(reader, at, chosen[kind].config, &config)) {
        by_expression = cJSON_GetArraySize(json_member(&config, "RegexValues").node) > 0;
        if (by_expression && cJSON_GetArraySize(json_member(&config, "Values").node) > 0)
            doubt_at(reader, &config, "has both Values and RegexValues, expected one of them");
        values = member_of(reader, &config, by_expression ? "RegexValues" : "Values");
        condition.on = by_expression ? arena_printf(reader->arena, "%s by expression", condition.on) : condition.on;
        lenient_text(reader, &config, "HttpHeaderName", &header);
    }
    if (strcmp(chosen[kind].field, "http-header") == 0 && (header == NULL || header[0] == '\0'))
        doubt_at(reader, at, "names no header");
    if (header != NULL) { // of its name, too, the case does not count
        char *name = arena_strdup(reader->arena, header);
        to_lower(name);
        condition.on = arena_printf(reader->arena, "%s %s", condition.on, name);
    }
    const cJSON *node;
    size_t index = 0;
    cJSON_ArrayForEach (node, values.node) {
        struct json_cursor item = json_element(&values, index++, node);
        const char *value = condition_value(reader, node, is_query, heeds_case(chosen[kind].field, by_expression));
        if (value != NULL)
            *vector_add(reader->arena, &condition.values) = value;
        else
            doubt_at(reader, &item, "is no value of a condition that is understood");
        if (value != NULL && is_path && !by_expression && strchr("/*?\\", value[0]) == NULL) {
            // Whether it matches a path, each of which begins with a slash, no page of AWS's says.
            *vector_add(reader->arena, &condition.values) = arena_printf(reader->arena, "/%s", value);
            rule->doubt = rule->doubt != NULL ? rule->doubt
                                              : arena_printf(reader->arena,
                                                             "whether any path matches the pattern %s, which has no "
                                                             "leading slash, is not documented",
                                                             value);
        }
    }
    if (cJSON_GetArraySize(values.node) == 0 || !cJSON_IsArray(values.node))
        doubt_at(reader, &values, "is %s, expected values",
                 cJSON_IsArray(values.node) ? "empty" : json_kind(values.node));
    if (!is_any_path(&condition))
        *vector_add(reader->arena, &rule->conditions) = condition;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html
static bool read_condition(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct listener_rule *rule = into;
    const char *field;
    GUARD(interned_of(reader, at, "Field", &field));
    if (strcmp(field, "source-ip") == 0 && !rule->from_sources)
        return read_sources(reader, at, rule);
    for (size_t i = 0; i < sizeof(chosen) / sizeof(chosen[0]); i++)
        if (strcmp(field, chosen[i].field) == 0) {
            read_chosen(reader, at, i, rule);
            return true;
        }
    if (rule->doubt == NULL)
        rule->doubt = arena_printf(reader->arena, "what a condition on %s lets through is not known", field);
    return true;
}

// "...:listener-rule/app/NAME/ID/LISTENER/RULE" is a rule of "...:listener/app/NAME/ID/LISTENER"; *balancer is
// "app/NAME/ID". NULL where the ARN is of another form.
static const char *listener_of_rule(struct reader *reader, const char *arn, const char **balancer)
{
    static const char word[] = ":listener-rule/";
    const char *at = strstr(arn, word), *last = strrchr(arn, '/');
    if (at == NULL || last <= at + strlen(word))
        return NULL;
    const char *path = arena_strndup(reader->arena, at + strlen(word), (size_t)(last - at) - strlen(word));
    const char *end = strrchr(path, '/');
    if (end == NULL)
        return NULL;
    *balancer = arena_strndup(reader->arena, path, (size_t)(end - path));
    return intern(reader, arena_printf(reader->scratch, "%.*s:listener/%s", (int)(at - arn), arn, path));
}

static struct listener *listener_with(struct load_balancer *balancer, const char *arn)
{
    struct listener *found = NULL;
    for (size_t i = 0; i < balancer->listeners.count; i++) { // of two, whatever their order, that of the lower port
        struct listener *one = &balancer->listeners.items[i];
        bool before = found == NULL || one->port < found->port ||
                      (one->port == found->port && strcmp(one->protocol, found->protocol) < 0);
        if (text_same(one->arn, arn) && before)
            found = one;
    }
    return found;
}

struct listener *listener_named(struct reader *reader, const char *arn)
{
    const char *at = strstr(arn, ":listener/"), *end = strrchr(arn, '/');
    if (at == NULL || end <= at + strlen(":listener/"))
        return NULL;
    at += strlen(":listener/");
    struct load_balancer *balancer =
        map_get(&reader->estate->load_balancers, arena_strndup(reader->arena, at, (size_t)(end - at)));
    return balancer == NULL ? NULL : listener_with(balancer, arn);
}

// "default" is the last one.
static bool read_priority(struct reader *reader, const struct json_cursor *at, struct listener_rule *rule)
{
    const char *text = NULL;
    char *end = NULL;
    GUARD(json_borrow_string(at, "Priority", &text, reader->error));
    rule->priority = LONG_MAX;
    if (text == NULL || strcmp(text, "default") == 0)
        return true;
    rule->priority = strtol(text, &end, 10);
    return (*text != '\0' && *end == '\0') || json_fail(at, reader->error, "has priority %s, expected a number", text);
}

// Rules are read last: each is put to its listener, which is there by then. All but the default one have conditions
// (https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html).
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Rule.html
bool read_listener_rule(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct listener_rule rule = {0};
    const char *key = NULL, *account = NULL, *region = NULL;
    bool is_default = false;
    reader->doubt = &reader->documents->any_rule;
    GUARD(interned_of(reader, at, "RuleArn", &rule.arn));
    const char *arn = listener_of_rule(reader, rule.arn, &key);
    if (arn == NULL)
        return json_fail(at, reader->error, "has a RuleArn that names no listener: %s", rule.arn);
    place_of_arn(reader, arn, &account, &region);
    seen_at(reader, account, region, arn); // by listener: each has pages of its own
    struct load_balancer *balancer = map_get(&reader->estate->load_balancers, key);
    struct listener *listener = balancer == NULL ? NULL : listener_with(balancer, arn);
    reader->doubt = balancer == NULL ? NULL : &balancer->doubt;
    if (listener == NULL)
        return balancer == NULL || !balancer->listeners_known ||
               doubt_at(reader, at, "is of a listener that no document tells of: %s", arn);
    listener->rules_known = true;
    struct listener_rule *known = NULL;
    for (size_t i = 0; i < listener->rules.count; i++)
        if (listener->rules.items[i].arn == rule.arn)
            known = &listener->rules.items[i];
    if (known != NULL && record_agrees(reader, at, known->record, rule.arn, &known->doubt))
        return true;
    rule.record = reader->record;
    const char *doubt = NULL; // the rule is copied when it is read
    reader->doubt = &doubt;
    lenient_boolean(reader, at, "IsDefault", &is_default);
    struct json_cursor priority = member_of(reader, at, "Priority");
    if (!is_default && priority.node == NULL) { // it may stand before each of the others
        reader->doubt = &listener->rules_doubt;
        return doubt_at(reader, &priority, "is missing, expected a number or default");
    }
    if (!read_priority(reader, at, &rule))
        doubt_failure(reader);
    each_if_present(reader, at, "Conditions", read_condition, &rule);
    each_of(reader, at, "Actions", read_action, &rule);
    struct json_cursor transforms = member_of(reader, at, "Transforms");
    rule.transforms = cJSON_GetArraySize(transforms.node) > 0;
    if (transforms.node != NULL && !cJSON_IsArray(transforms.node))
        doubt_at(reader, &transforms, "is %s, expected an array", json_kind(transforms.node));
    bool last = is_default || rule.priority == LONG_MAX;
    struct json_cursor conditions = member_of(reader, at, "Conditions");
    if (!last && cJSON_GetArraySize(conditions.node) == 0) // then it would take all that comes
        doubt_at(reader, &conditions, "is %s, expected a condition", conditions.node == NULL ? "missing" : "empty");
    rule.doubt = doubt != NULL ? doubt : rule.doubt;
    if (known != NULL) { // either may be so
        unite_rules(reader->arena, known, &rule);
        return true;
    }
    reader->doubt = &listener->rules_doubt;
    if (last && !same_forwards(&rule, &listener->otherwise))
        return doubt_at(reader, at, "forwards elsewhere than the default actions of its listener");
    if (last && rule.doubt != NULL && listener->otherwise.doubt == NULL)
        listener->otherwise.doubt = rule.doubt;
    if (last)
        listener->otherwise.transforms = listener->otherwise.transforms || rule.transforms;
    else
        *vector_add(reader->arena, &listener->rules) = rule;
    return true;
}
