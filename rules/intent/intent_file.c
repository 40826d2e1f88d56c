// The file of an intent, as people write it: what it may hold as tables, and what spans several of its members.
#include "base/clock.h"
#include "base/json_fields.h"
#include "model/protocol.h"
#include "rules/intent/intent.h"

static const char *const decisions[] = {"deny", "allow", NULL};

const char *const intent_scope_names[] = {"out-of-scope", "connected", "cde", NULL};

// ---- What rules and segments select

static bool read_tag(struct arena *arena, const struct json_cursor *at, const char *key, void *object,
                     struct error *error)
{
    const char *tag;
    struct json_cursor wrong = json_member(at, key);
    GUARD(json_optional_string(arena, at, key, &tag, error));
    return tag == NULL || intent_set_tag(arena, tag, object) ||
           json_fail(&wrong, error, "\"%s\", expected KEY=VALUE", tag);
}

static bool read_address(struct arena *arena, const struct json_cursor *at, const char *key, void *object,
                         struct error *error)
{
    struct intent_rule *rule = object;
    const char *address;
    struct json_cursor wrong = json_member(at, key);
    GUARD(json_optional_string(arena, at, key, &address, error));
    rule->has_address = address != NULL;
    return address == NULL || prefix_parse(address, true, &rule->address) == PREFIX_OK ||
           json_fail(&wrong, error, "\"%s\" is not an address or a CIDR without host bits", address);
}

static const struct json_field select_fields[] = {
    JSON_FIELD("instance", TEXT, struct intent_rule, instance, .optional = true),
    JSON_FIELD("group", TEXT, struct intent_rule, group, .optional = true),
    JSON_FIELD("tag", OWN, struct intent_rule, tag_key, .read = read_tag),
    JSON_FIELD("subnet", TEXT, struct intent_rule, subnet, .optional = true),
    JSON_FIELD("vpc", TEXT, struct intent_rule, vpc, .optional = true),
    JSON_FIELD("account", TEXT, struct intent_rule, account, .optional = true),
    JSON_FIELD("address", OWN, struct intent_rule, address, .read = read_address),
    JSON_FIELDS_END,
};
static const struct json_record of_select = {select_fields, sizeof(struct intent_rule), .strict = true};

static bool read_select(struct arena *arena, const struct json_cursor *at, const char *key, void *object,
                        struct error *error)
{
    struct json_cursor select = json_member(at, key);
    return select.node == NULL ||
           (json_expect_object(&select, error) && json_read_fields(arena, &select, &of_select, object, error));
}

static bool read_segments_select(struct arena *arena, const struct json_cursor *at, const char *key, void *object,
                                 struct error *error)
{
    struct intent_segment *segment = object;
    struct json_cursor select = json_member(at, key);
    return json_expect_object(&select, error) && read_select(arena, at, key, &segment->select, error);
}

static const struct json_field segment_fields[] = {
    JSON_FIELD("id", TEXT, struct intent_segment, id),
    JSON_FIELD("select", OWN, struct intent_segment, select, .read = read_segments_select),
    JSON_FIELD("scope", WORD, struct intent_segment, scope, .words = intent_scope_names, .optional = true),
    JSON_FIELDS_END,
};
static const struct json_record of_segment = {segment_fields, sizeof(struct intent_segment), .strict = true};

// ---- Rules

static bool read_sources(struct arena *arena, const struct json_cursor *at, const char *key, void *object,
                         struct error *error)
{
    struct intent_rule *rule = object;
    struct json_cursor sources = json_member(at, key);
    size_t index = 0;
    const cJSON *node;
    GUARD(sources.node == NULL || json_expect_array(&sources, error));
    rule->has_sources = sources.node != NULL;
    cJSON_ArrayForEach (node, sources.node) {
        struct json_cursor item = json_element(&sources, index++, node);
        struct prefix prefix;
        if (!cJSON_IsString(node) || prefix_parse(node->valuestring, true, &prefix) != PREFIX_OK)
            return json_fail(&item, error, "expected an address or a CIDR without host bits");
        struct prefixset *set = prefix.family == FAMILY_IPV4 ? &rule->sources4 : &rule->sources6;
        *set = prefixset_union(arena, *set, prefixset_of(arena, prefix));
    }
    return true;
}

static bool read_protocol(struct arena *arena, const struct json_cursor *at, const char *key, void *object,
                          struct error *error)
{
    struct intent_rule *rule = object;
    struct json_cursor wrong = json_member(at, key);
    const char *text;
    GUARD(json_optional_string(arena, at, key, &text, error));
    rule->protocol = PROTOCOL_ANY;
    return text == NULL || protocol_parse(text, &rule->protocol) ||
           json_fail(&wrong, error, "\"%s\" is not a protocol", text);
}

static bool read_ports(struct arena *arena, const struct json_cursor *at, const char *key, void *object,
                       struct error *error)
{
    struct intent_rule *rule = object;
    struct json_cursor wrong = json_member(at, key);
    const char *text;
    GUARD(json_optional_string(arena, at, key, &text, error));
    rule->ports = portset_all;
    return text == NULL || portset_parse(arena, text, &rule->ports) ||
           json_fail(&wrong, error, "\"%s\" is no list of ports such as \"22,80,1000-2000\"", text);
}

// One end of a rule about flows; a segment's id stands in `text` until all segments are known.
static bool read_end(struct arena *arena, const struct json_cursor *at, const char *key, struct intent_end *end,
                     bool *of_flows, struct error *error)
{
    struct json_cursor value = json_member(at, key);
    *of_flows = *of_flows || value.node != NULL;
    end->text = value.node == NULL           ? "any interface"
                : cJSON_IsString(value.node) ? arena_strdup(arena, value.node->valuestring)
                                             : arena_printf(arena, "%s of the rule", key);
    if (value.node == NULL || cJSON_IsString(value.node))
        return true;
    struct intent_rule *own = arena_new_of(arena, struct intent_rule);
    end->select = own;
    return read_select(arena, at, key, own, error);
}

static bool read_from(struct arena *arena, const struct json_cursor *at, const char *key, void *object,
                      struct error *error)
{
    struct intent_rule *rule = object;
    return read_end(arena, at, key, &rule->from, &rule->of_flows, error);
}

static bool read_to(struct arena *arena, const struct json_cursor *at, const char *key, void *object,
                    struct error *error)
{
    struct intent_rule *rule = object;
    return read_end(arena, at, key, &rule->to, &rule->of_flows, error);
}

static const struct json_field rule_fields[] = {
    JSON_FIELD("id", TEXT, struct intent_rule, id),
    JSON_FIELD("decision", CHOICE, struct intent_rule, allow, .words = decisions),
    JSON_FIELD("select", OWN, struct intent_rule, instance, .read = read_select),
    JSON_FIELD("from", OWN, struct intent_rule, from, .read = read_from),
    JSON_FIELD("to", OWN, struct intent_rule, to, .read = read_to),
    JSON_FIELD("protocol", OWN, struct intent_rule, protocol, .read = read_protocol),
    JSON_FIELD("ports", OWN, struct intent_rule, ports, .read = read_ports),
    JSON_FIELD("sources", OWN, struct intent_rule, sources4, .read = read_sources),
    JSON_FIELD("owner", TEXT, struct intent_rule, owner, .optional = true),
    JSON_FIELD("reason", TEXT, struct intent_rule, reason, .optional = true),
    JSON_FIELD("expires", TEXT, struct intent_rule, expires, .optional = true),
    JSON_FIELDS_END,
};
static const struct json_record of_rule = {rule_fields, sizeof(struct intent_rule), .strict = true};

// ---- The whole

static const struct json_field exception_fields[] = {
    JSON_FIELD("id", TEXT, struct intent_exception, id),
    JSON_FIELD("control", TEXT, struct intent_exception, control),
    JSON_FIELD("subject", TEXT, struct intent_exception, subject, .optional = true),
    JSON_FIELD("owner", TEXT, struct intent_exception, owner),
    JSON_FIELD("reason", TEXT, struct intent_exception, reason),
    JSON_FIELD("expires", TEXT, struct intent_exception, expires),
    JSON_FIELDS_END,
};
static const struct json_record of_exception = {exception_fields, sizeof(struct intent_exception), .strict = true};

static const struct json_field intent_fields[] = {
    JSON_FIELD("platform", TEXT, struct intent, platform),
    JSON_FIELD("default", CHOICE, struct intent, default_allow, .words = decisions),
    JSON_FIELD("segments", RECORDS, struct intent, segments, .of = &of_segment, .optional = true),
    JSON_FIELD("rules", RECORDS, struct intent, rules, .of = &of_rule),
    JSON_FIELD("administrators", TEXTS, struct intent, administrators, .optional = true),
    JSON_FIELD("exceptions", RECORDS, struct intent, exceptions, .of = &of_exception, .optional = true),
    JSON_FIELDS_END,
};
static const struct json_record of_intent = {intent_fields, sizeof(struct intent), .strict = true};

// ---- What its members must be to each other

static bool expect_day(const struct json_cursor *at, const char *day, struct error *error)
{
    struct json_cursor wrong = json_member(at, "expires");
    return day == NULL || clock_is_date(day) || json_fail(&wrong, error, "\"%s\" is no day, expected YYYY-MM-DD", day);
}

static bool check_id(struct arena *arena, const struct json_cursor *at, const char *id, struct intent *intent,
                     const char *of, struct error *error)
{
    struct json_cursor same = json_member(at, "id");
    if (map_get(&intent->rule_ids, id) != NULL)
        return json_fail(&same, error, "\"%s\" is the id of another %s too", id, of);
    map_put(arena, &intent->rule_ids, id, intent);
    return true;
}

static bool check_segment(const struct json_cursor *at, struct intent *intent, const struct intent_segment *segment,
                          struct error *error)
{
    struct json_cursor wrong = json_member(at, "id");
    const char *id = segment->id;
    return (id[0] != '\0' && strcmp(id, "internet") != 0 && strchr(id, '=') == NULL &&
            intent_segment_named(intent, id) == segment) ||
           json_fail(&wrong, error, "\"%s\", expected an id of its own, without =, and not internet", id);
}

static bool find_end(const struct json_cursor *rule, const char *key, const struct intent *intent,
                     struct intent_end *end, struct error *error)
{
    struct json_cursor at = json_member(rule, key);
    bool to = strcmp(key, "to") == 0;
    if (!cJSON_IsString(at.node))
        return true;
    end->internet = to && strcmp(end->text, "internet") == 0;
    const struct intent_segment *segment = intent_segment_named(intent, end->text);
    end->select = segment == NULL ? NULL : &segment->select;
    return segment != NULL || end->internet ||
           json_fail(&at, error, "\"%s\" is no segment's id%s", end->text, to ? ", nor internet" : "");
}

static bool check_rule(struct arena *arena, const struct json_cursor *at, struct intent *intent,
                       struct intent_rule *rule, struct error *error)
{
    const struct json_cursor select = json_member(at, "select"), sources = json_member(at, "sources");
    const struct json_cursor *wrong = select.node != NULL ? &select : &sources;
    if (rule->of_flows && wrong->node != NULL)
        return json_fail(wrong, error,
                         "a rule with `from` or `to` is about flows, and takes neither select nor sources");
    return check_id(arena, at, rule->id, intent, "rule", error) && find_end(at, "from", intent, &rule->from, error) &&
           find_end(at, "to", intent, &rule->to, error) && expect_day(at, rule->expires, error);
}

// Owner, reason and a last day must be told: what nobody answers for is no exception.
static bool check_exception(struct arena *arena, const struct json_cursor *at, struct intent *intent,
                            const struct intent_exception *exception, struct error *error)
{
    static const char *const words[] = {"id", "control", "owner", "reason", NULL};
    for (size_t i = 0; words[i] != NULL; i++) {
        struct json_cursor word = json_member(at, words[i]);
        const char *text = cJSON_GetStringValue(word.node);
        if (text[strspn(text, " \t\r\n")] == '\0')
            return json_fail(&word, error, "is empty: an exception needs somebody who answers for it, and why");
    }
    return check_id(arena, at, exception->id, intent, "rule or exception", error) &&
           expect_day(at, exception->expires, error);
}

static bool check(struct arena *arena, const struct json_cursor *root, struct intent *intent, struct error *error)
{
    struct json_cursor segments = json_member(root, "segments"), rules = json_member(root, "rules"),
                       administrators = json_member(root, "administrators"),
                       exceptions = json_member(root, "exceptions");
    for (size_t i = 0; i < intent->administrators.count; i++) {
        struct json_cursor one = json_element(&administrators, i, NULL);
        if (strncmp(intent->administrators.items[i], "arn:", 4) != 0)
            return json_fail(&one, error, "expected the ARN of a user or role, in which * stands for anything");
    }
    const cJSON *node;
    size_t index = 0;
    cJSON_ArrayForEach (node, segments.node) {
        struct json_cursor at = json_element(&segments, index, node);
        GUARD(check_segment(&at, intent, &intent->segments.items[index++], error));
    }
    index = 0;
    cJSON_ArrayForEach (node, rules.node) {
        struct json_cursor at = json_element(&rules, index, node);
        GUARD(check_rule(arena, &at, intent, &intent->rules.items[index++], error));
    }
    index = 0;
    cJSON_ArrayForEach (node, exceptions.node) {
        struct json_cursor at = json_element(&exceptions, index, node);
        GUARD(check_exception(arena, &at, intent, &intent->exceptions.items[index++], error));
    }
    return true;
}

struct intent *intent_read(struct arena *arena, const char *file, struct error *error)
{
    struct intent *intent = arena_new_of(arena, struct intent);
    cJSON *root = json_load(file, error);
    struct json_cursor at = {.file = file, .node = root};
    bool good = root != NULL && json_expect_schema(&at, "sgproof/intent/v1", error) &&
                json_read_fields(arena, &at, &of_intent, intent, error) && check(arena, &at, intent, error);
    cJSON_Delete(root);
    return good ? intent : NULL;
}
