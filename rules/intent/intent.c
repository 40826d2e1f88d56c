#include "rules/intent/intent.h"

#include <fnmatch.h>

#include "base/clock.h"
#include "model/protocol.h"

static bool choice(struct arena *arena, const struct json_cursor *object, const char *key, const char *yes,
                   const char *no, bool *value, struct error *error)
{
    const char *text;
    GUARD(json_string(arena, object, key, &text, error));
    struct json_cursor at = json_member(object, key);
    *value = strcmp(text, yes) == 0;
    return *value || strcmp(text, no) == 0 || json_fail(&at, error, "\"%s\", expected \"%s\" or \"%s\"", text, yes, no);
}

static bool set_tag(struct arena *arena, const char *tag, struct intent_rule *rule)
{
    const char *equals = strchr(tag, '=');
    if (equals == NULL || equals == tag)
        return false;
    rule->tag_key = arena_strndup(arena, tag, (size_t)(equals - tag));
    rule->tag_value = equals + 1;
    return true;
}

static bool read_select(struct arena *arena, const struct json_cursor *at, struct intent_rule *rule,
                        struct error *error)
{
    static const char *const keys[] = {"instance", "group", "tag", "subnet", "vpc", "account", "address", NULL};
    const char *tag, *address;
    GUARD(json_expect_keys(at, keys, error));
    GUARD(json_optional_string(arena, at, "instance", &rule->instance, error));
    GUARD(json_optional_string(arena, at, "group", &rule->group, error));
    GUARD(json_optional_string(arena, at, "subnet", &rule->subnet, error));
    GUARD(json_optional_string(arena, at, "vpc", &rule->vpc, error));
    GUARD(json_optional_string(arena, at, "account", &rule->account, error));
    GUARD(json_optional_string(arena, at, "tag", &tag, error));
    GUARD(json_optional_string(arena, at, "address", &address, error));
    if (tag != NULL) {
        struct json_cursor wrong = json_member(at, "tag");
        if (!set_tag(arena, tag, rule))
            return json_fail(&wrong, error, "\"%s\", expected KEY=VALUE", tag);
    }
    if (address != NULL) {
        struct json_cursor wrong = json_member(at, "address");
        rule->has_address = true;
        if (prefix_parse(address, true, &rule->address) != PREFIX_OK)
            return json_fail(&wrong, error, "\"%s\" is not an address or a CIDR without host bits", address);
    }
    return true;
}

static bool read_sources(struct arena *arena, const struct json_cursor *at, struct intent_rule *rule,
                         struct error *error)
{
    size_t index = 0;
    const cJSON *node;
    GUARD(json_expect_array(at, error));
    rule->has_sources = true;
    cJSON_ArrayForEach (node, at->node) {
        struct json_cursor item = json_element(at, index++, node);
        struct prefix prefix;
        if (!cJSON_IsString(node) || prefix_parse(node->valuestring, true, &prefix) != PREFIX_OK)
            return json_fail(&item, error, "expected an address or a CIDR without host bits");
        struct prefixset *set = prefix.family == FAMILY_IPV4 ? &rule->sources4 : &rule->sources6;
        *set = prefixset_union(arena, *set, prefixset_of(arena, prefix));
    }
    return true;
}

const struct intent_segment *intent_segment_named(const struct intent *intent, const char *id)
{
    for (size_t i = 0; i < intent->segments.count; i++)
        if (strcmp(intent->segments.items[i].id, id) == 0)
            return &intent->segments.items[i];
    return NULL;
}

// One end of a rule about flows: the id of a segment, a selection or, of `to`, "internet".
static bool read_end(struct arena *arena, const struct json_cursor *rule, const char *key, const struct intent *intent,
                     struct intent_end *end, struct error *error)
{
    struct json_cursor at = json_member(rule, key);
    end->text = "any interface";
    if (at.node == NULL)
        return true;
    if (!cJSON_IsString(at.node)) {
        struct intent_rule *own = arena_new_of(arena, struct intent_rule);
        GUARD(read_select(arena, &at, own, error));
        end->select = own;
        end->text = arena_printf(arena, "%s of the rule", key);
        return true;
    }
    end->text = arena_strdup(arena, at.node->valuestring);
    end->internet = strcmp(key, "to") == 0 && strcmp(end->text, "internet") == 0;
    const struct intent_segment *segment = intent_segment_named(intent, end->text);
    end->select = segment == NULL ? NULL : &segment->select;
    return segment != NULL || end->internet ||
           json_fail(&at, error, "\"%s\" is no segment's id%s", end->text,
                     strcmp(key, "to") == 0 ? ", nor internet" : "");
}

static bool read_ends(struct arena *arena, const struct json_cursor *at, const struct intent *intent,
                      struct intent_rule *rule, struct error *error)
{
    struct json_cursor from = json_member(at, "from"), to = json_member(at, "to");
    rule->of_flows = from.node != NULL || to.node != NULL;
    if (!rule->of_flows)
        return true;
    const struct json_cursor select = json_member(at, "select"), sources = json_member(at, "sources");
    const struct json_cursor *wrong = select.node != NULL ? &select : &sources;
    if (wrong->node != NULL)
        return json_fail(wrong, error,
                         "a rule with `from` or `to` is about flows, and takes neither select nor sources");
    return read_end(arena, at, "from", intent, &rule->from, error) &&
           read_end(arena, at, "to", intent, &rule->to, error);
}

const char *const intent_scope_names[] = {"cde", "connected", "out-of-scope", NULL};

static bool read_segment(struct arena *arena, const struct json_cursor *at, struct intent *intent, struct error *error)
{
    static const char *const keys[] = {"id", "select", "scope", NULL};
    const char *id;
    int scope = SCOPE_OUT;
    GUARD(json_expect_keys(at, keys, error) && json_string(arena, at, "id", &id, error));
    struct json_cursor wrong = json_member(at, "id"), select = json_member(at, "select");
    if (id[0] == '\0' || strcmp(id, "internet") == 0 || strchr(id, '=') != NULL ||
        intent_segment_named(intent, id) != NULL)
        return json_fail(&wrong, error, "\"%s\", expected an id of its own, without =, and not internet", id);
    struct intent_segment *segment = vector_add(arena, &intent->segments);
    segment->id = id;
    GUARD(json_member(at, "scope").node == NULL || json_word(at, "scope", intent_scope_names, &scope, error));
    segment->scope = (enum intent_scope)scope;
    return json_expect_object(&select, error) && read_select(arena, &select, &segment->select, error);
}

static bool read_segments(struct arena *arena, const struct json_cursor *root, struct intent *intent,
                          struct error *error)
{
    struct json_cursor segments = json_member(root, "segments");
    size_t index = 0;
    const cJSON *node;
    if (segments.node == NULL)
        return true;
    GUARD(json_expect_array(&segments, error));
    vector_room(arena, &intent->segments, (uint32_t)cJSON_GetArraySize(segments.node)); // rules point at them
    cJSON_ArrayForEach (node, segments.node) {
        struct json_cursor one = json_element(&segments, index++, node);
        GUARD(read_segment(arena, &one, intent, error));
    }
    return true;
}

static bool read_rule(struct arena *arena, const struct json_cursor *at, struct intent *intent, struct error *error)
{
    static const char *const keys[] = {"id",    "decision", "select", "from",   "to",      "protocol",
                                       "ports", "sources",  "owner",  "reason", "expires", NULL};
    struct intent_rule *rule = vector_add(arena, &intent->rules);
    const char *protocol, *ports;
    rule->protocol = PROTOCOL_ANY;
    rule->ports = portset_all;
    GUARD(json_expect_keys(at, keys, error));
    GUARD(json_string(arena, at, "id", &rule->id, error));
    if (map_get(&intent->rule_ids, rule->id) != NULL) {
        struct json_cursor same = json_member(at, "id");
        return json_fail(&same, error, "\"%s\" is the id of another rule too", rule->id);
    }
    map_put(arena, &intent->rule_ids, rule->id, intent);
    GUARD(choice(arena, at, "decision", "allow", "deny", &rule->allow, error));
    struct json_cursor select = json_member(at, "select"), sources = json_member(at, "sources");
    GUARD(select.node == NULL || read_select(arena, &select, rule, error));
    GUARD(sources.node == NULL || read_sources(arena, &sources, rule, error));
    GUARD(read_ends(arena, at, intent, rule, error));
    GUARD(json_optional_string(arena, at, "protocol", &protocol, error));
    GUARD(json_optional_string(arena, at, "ports", &ports, error));
    GUARD(json_optional_string(arena, at, "owner", &rule->owner, error));
    GUARD(json_optional_string(arena, at, "reason", &rule->reason, error));
    GUARD(json_optional_string(arena, at, "expires", &rule->expires, error));
    struct json_cursor wrong = json_member(at, "protocol");
    if (protocol != NULL && !protocol_parse(protocol, &rule->protocol))
        return json_fail(&wrong, error, "\"%s\" is not a protocol", protocol);
    wrong = json_member(at, "ports");
    if (ports != NULL && !portset_parse(arena, ports, &rule->ports))
        return json_fail(&wrong, error, "\"%s\" is no list of ports such as \"22,80,1000-2000\"", ports);
    wrong = json_member(at, "expires");
    return rule->expires == NULL || clock_is_date(rule->expires) ||
           json_fail(&wrong, error, "\"%s\" is no day, expected YYYY-MM-DD", rule->expires);
}

// Owner, reason and a last day must be told: what nobody answers for is no exception.
static bool read_exception(struct arena *arena, const struct json_cursor *at, struct intent *intent,
                           struct error *error)
{
    static const char *const keys[] = {"id", "control", "subject", "owner", "reason", "expires", NULL};
    struct intent_exception *exception = vector_add(arena, &intent->exceptions);
    GUARD(json_expect_keys(at, keys, error) && json_string(arena, at, "id", &exception->id, error) &&
          json_string(arena, at, "control", &exception->control, error) &&
          json_optional_string(arena, at, "subject", &exception->subject, error) &&
          json_string(arena, at, "owner", &exception->owner, error) &&
          json_string(arena, at, "reason", &exception->reason, error) &&
          json_string(arena, at, "expires", &exception->expires, error));
    struct json_cursor id = json_member(at, "id"), expires = json_member(at, "expires");
    static const char *const words[] = {"id", "control", "owner", "reason", NULL};
    for (size_t i = 0; words[i] != NULL; i++) {
        struct json_cursor word = json_member(at, words[i]);
        const char *text = cJSON_GetStringValue(word.node);
        if (text[strspn(text, " \t\r\n")] == '\0')
            return json_fail(&word, error, "is empty: an exception needs somebody who answers for it, and why");
    }
    if (map_get(&intent->rule_ids, exception->id) != NULL)
        return json_fail(&id, error, "\"%s\" is the id of another rule or exception too", exception->id);
    map_put(arena, &intent->rule_ids, exception->id, intent);
    return clock_is_date(exception->expires) ||
           json_fail(&expires, error, "\"%s\" is no day, expected YYYY-MM-DD", exception->expires);
}

static bool read_intent(struct arena *arena, const struct json_cursor *root, struct intent *intent, struct error *error)
{
    static const char *const keys[] = {"schema", "platform",       "default",    "segments",
                                       "rules",  "administrators", "exceptions", NULL};
    GUARD(json_expect_keys(root, keys, error) && json_expect_schema(root, "sgproof/intent/v1", error));
    GUARD(json_string(arena, root, "platform", &intent->platform, error));
    GUARD(choice(arena, root, "default", "allow", "deny", &intent->default_allow, error));
    struct json_cursor rules = json_member(root, "rules"), administrators = json_member(root, "administrators");
    size_t index = 0;
    const cJSON *node;
    GUARD(administrators.node == NULL || json_expect_array(&administrators, error));
    cJSON_ArrayForEach (node, administrators.node) {
        struct json_cursor one = json_element(&administrators, index++, node);
        if (!cJSON_IsString(node) || strncmp(node->valuestring, "arn:", 4) != 0)
            return json_fail(&one, error, "expected the ARN of a user or role, in which * stands for anything");
        *vector_add(arena, &intent->administrators) = arena_strdup(arena, node->valuestring);
    }
    GUARD(read_segments(arena, root, intent, error));
    index = 0;
    GUARD(json_expect_array(&rules, error));
    cJSON_ArrayForEach (node, rules.node) {
        struct json_cursor rule = json_element(&rules, index++, node);
        GUARD(read_rule(arena, &rule, intent, error));
    }
    struct json_cursor exceptions = json_member(root, "exceptions");
    index = 0;
    GUARD(exceptions.node == NULL || json_expect_array(&exceptions, error));
    cJSON_ArrayForEach (node, exceptions.node) {
        struct json_cursor exception = json_element(&exceptions, index++, node);
        GUARD(read_exception(arena, &exception, intent, error));
    }
    return true;
}

struct intent *intent_read(struct arena *arena, const char *file, struct error *error)
{
    struct intent *intent = arena_new_of(arena, struct intent);
    cJSON *root = json_load(file, error);
    if (root == NULL)
        return NULL;
    struct json_cursor at = {.file = file, .node = root};
    bool good = read_intent(arena, &at, intent, error);
    cJSON_Delete(root);
    return good ? intent : NULL;
}

struct portset intent_ports(struct arena *arena, const struct intent *intent)
{
    struct portset ports = portset_empty;
    for (size_t i = 0; i < intent->rules.count; i++) {
        const struct intent_rule *rule = &intent->rules.items[i];
        if (!rule->of_flows && (rule->protocol == PROTOCOL_TCP || rule->protocol == PROTOCOL_ANY) &&
            !portset_equal(rule->ports, portset_all))
            ports = portset_union(arena, ports, rule->ports);
    }
    return portset_subtract(arena, ports, portset_of(arena, 0, 0));
}

static bool glob(const char *pattern, const char *value)
{
    return pattern == NULL || (value != NULL && fnmatch(pattern, value, 0) == 0);
}

static bool tagged(const struct intent_rule *rule, const char *const *tags, size_t count)
{
    for (size_t i = 0; i + 1 < count; i += 2)
        if (strcmp(tags[i], rule->tag_key) == 0 && glob(rule->tag_value, tags[i + 1]))
            return true;
    return false;
}

// All that a rule selects by but the address.
static bool selects(const struct intent_rule *rule, const struct estate *estate,
                    const struct network_interface *interface)
{
    const struct instance *instance = map_get(&estate->instances, interface->instance_id);
    if (!glob(rule->instance, interface->instance_id) || !glob(rule->subnet, interface->place->subnet_id) ||
        !glob(rule->vpc, interface->place->vpc_id) || !glob(rule->account, interface->place->account_id))
        return false;
    if (rule->tag_key != NULL && !tagged(rule, interface->tags, interface->tag_count) &&
        (instance == NULL || !tagged(rule, instance->tags, instance->tag_count)))
        return false;
    bool grouped = rule->group == NULL;
    for (size_t i = 0; interface->groups != NULL && i < interface->groups->count && !grouped; i++) {
        const struct security_group *group = map_get(&estate->security_groups, interface->groups->ids[i]);
        grouped = glob(rule->group, interface->groups->ids[i]) || (group != NULL && glob(rule->group, group->name));
    }
    return grouped;
}

bool intent_rule_selects(const struct intent_rule *rule, const struct estate *estate, const struct endpoint *endpoint)
{
    if (rule->of_flows ||
        (rule->has_address && !prefix_holds(rule->address, (struct address){.family = endpoint->address.family,
                                                                            .bits = endpoint->address.first})))
        return false;
    return selects(rule, estate, endpoint->interface);
}

bool intent_selects_interface(const struct intent_rule *select, const struct estate *estate,
                              const struct network_interface *interface)
{
    bool held = !select->has_address;
    for (size_t i = 0; i < interface->private_ipv4_count && !held; i++)
        held = prefix_holds(select->address, (struct address){FAMILY_IPV4, interface->private_ipv4[i]});
    for (size_t i = 0; i < interface->address_count && !held; i++)
        held = interface->addresses[i].address.family == FAMILY_IPV6 &&
               prefix_holds(select->address, (struct address){FAMILY_IPV6, interface->addresses[i].address.first});
    return held && selects(select, estate, interface);
}

bool intent_read_selector(struct arena *arena, const struct intent *intent, const char *text,
                          struct intent_rule *select, struct error *error)
{
    const struct intent_segment *segment = intent == NULL ? NULL : intent_segment_named(intent, text);
    if (segment != NULL) {
        *select = segment->select;
        return true;
    }
    char *left = arena_strdup(arena, text), *word;
    *select = (struct intent_rule){0};
    while ((word = strsep(&left, ",")) != NULL) {
        char *value = strchr(word, '=');
        if (value == NULL)
            return error_set(error, ERROR_USAGE,
                             "%s: expected KEY=VALUE, such as group=web, or a segment of the intent", text);
        *value++ = '\0';
        const struct {
            const char *key;
            const char **into;
        } keys[] = {{"instance", &select->instance},
                    {"group", &select->group},
                    {"subnet", &select->subnet},
                    {"vpc", &select->vpc},
                    {"account", &select->account}};
        bool known = strcmp(word, "tag") == 0 && select->tag_key == NULL && set_tag(arena, value, select);
        if (strcmp(word, "address") == 0 && !select->has_address)
            known = select->has_address = prefix_parse(value, true, &select->address) == PREFIX_OK;
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
            if (strcmp(word, keys[i].key) == 0 && *keys[i].into == NULL) {
                *keys[i].into = value;
                known = true;
            }
        if (!known)
            return error_set(error, ERROR_USAGE,
                             "%s: expected instance, group, tag (KEY=VALUE), subnet, vpc, account or address (a CIDR "
                             "without host bits), each once",
                             text);
    }
    return true;
}

bool intent_rule_expired(const struct intent_rule *rule, const char *today)
{
    return rule->allow && rule->expires != NULL && strcmp(today, rule->expires) > 0;
}

bool intent_exception_expired(const struct intent_exception *exception, const char *today)
{
    return strcmp(today, exception->expires) > 0;
}

bool intent_exception_matches(const struct intent_exception *exception, const char *control, const char *subject)
{
    return fnmatch(exception->control, control, 0) == 0 && glob(exception->subject, subject);
}

bool intent_is_administrator(const struct intent *intent, const char *arn)
{
    for (size_t i = 0; i < intent->administrators.count; i++)
        if (fnmatch(intent->administrators.items[i], arn, 0) == 0)
            return true;
    return false;
}

void intent_select(struct arena *arena, const struct intent *intent, const struct estate *estate,
                   const struct endpoint *endpoint, intent_rule_list *rules)
{
    for (size_t i = 0; i < intent->rules.count; i++)
        if (intent_rule_selects(&intent->rules.items[i], estate, endpoint))
            *vector_add(arena, rules) = &intent->rules.items[i];
}

static bool is_end(const struct intent_end *end, const struct estate *estate, const struct network_interface *interface)
{
    return interface == NULL
               ? end->internet
               : !end->internet && (end->select == NULL || intent_selects_interface(end->select, estate, interface));
}

void intent_select_flow(struct arena *arena, const struct intent *intent, const struct estate *estate,
                        const struct network_interface *from, const struct network_interface *to,
                        intent_rule_list *rules)
{
    for (size_t i = 0; i < intent->rules.count; i++) {
        const struct intent_rule *rule = &intent->rules.items[i];
        if (rule->of_flows && is_end(&rule->from, estate, from) && is_end(&rule->to, estate, to))
            *vector_add(arena, rules) = rule;
    }
}

const struct intent_rule *intent_first(const intent_rule_list *rules, int protocol, uint16_t port,
                                       struct address source, const char *today, const struct intent_rule **expired)
{
    *expired = NULL;
    for (size_t i = 0; i < rules->count; i++) {
        const struct intent_rule *rule = rules->items[i];
        struct prefixset sources = source.family == FAMILY_IPV4 ? rule->sources4 : rule->sources6;
        if ((rule->protocol != PROTOCOL_ANY && rule->protocol != protocol) ||
            (protocol_has_ports(protocol) && !portset_holds(rule->ports, port)) ||
            (rule->has_sources && !prefixset_holds(sources, source.bits)))
            continue;
        if (intent_rule_expired(rule, today)) {
            *expired = *expired == NULL ? rule : *expired;
            continue;
        }
        return rule;
    }
    return NULL;
}
