#include "rules/intent/intent.h"

#include <fnmatch.h>

#include "model/protocol.h"

const struct intent_segment *intent_segment_named(const struct intent *intent, const char *id)
{
    for (size_t i = 0; i < intent->segments.count; i++)
        if (strcmp(intent->segments.items[i].id, id) == 0)
            return &intent->segments.items[i];
    return NULL;
}

bool intent_set_tag(struct arena *arena, const char *tag, struct intent_rule *rule)
{
    const char *equals = strchr(tag, '=');
    if (equals == NULL || equals == tag)
        return false;
    rule->tag_key = arena_strndup(arena, tag, (size_t)(equals - tag));
    rule->tag_value = equals + 1;
    return true;
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
        bool known = strcmp(word, "tag") == 0 && select->tag_key == NULL && intent_set_tag(arena, value, select);
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
