// Terraform resources of security groups, their rules, and prefix lists.
#include <stdlib.h>
#include <string.h>

#include "aws/terraform/plan.h"
#include "aws/terraform/traffic.h"
#include "model/protocol.h"

void icmp_numbers(long type, long code, uint16_t *low, uint16_t *high)
{
    if (type < 0 || type > 255)
        return;
    bool any = code < 0 || code > 255;
    *low = (uint16_t)(type << 8 | (any ? 0 : code));
    *high = (uint16_t)(type << 8 | (any ? 255 : code));
}

void port_numbers(const cJSON *values, int protocol, uint16_t *low, uint16_t *high)
{
    long from = number(values, "from_port", 0), to = number(values, "to_port", PORT_LAST);
    if (!protocol_has_ports(protocol) || from < 0 || to > PORT_LAST || from > to)
        return;
    *low = (uint16_t)from;
    *high = (uint16_t)to;
}

bool protocol_of(struct plan_reader *plan, const cJSON *values, const char *key, int *protocol)
{
    const char *text = attribute(plan, values, key);
    return text != NULL && protocol_parse(text, protocol);
}

// ---- Rules

static void add_list(struct plan_reader *plan, struct security_group_rule *rule, const char *id)
{
    if (id != NULL)
        *vector_add(plan->arena, &rule->prefix_lists) = id;
}

static void add_prefix(struct plan_reader *plan, const struct where *where, struct security_group_rule *rule,
                       const char *text, const char *key)
{
    struct prefix prefix;
    if (prefix_parse(text, true, &prefix) == PREFIX_MALFORMED)
        add_list(plan, rule, doubt_of(plan, where->resource, key));
    else
        *vector_add(plan->arena, &rule->prefixes) = prefix;
}

static void add_prefixes(struct plan_reader *plan, const struct where *where, struct security_group_rule *rule,
                         const char *key)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, member(where->values, key))
        if (cJSON_IsString(item) && item->valuestring[0] != '\0')
            add_prefix(plan, where, rule, item->valuestring, key);
}

// Whom a rule admits. Sources that only apply tells are like a prefix list whose entries are not there.
static void add_sources(struct plan_reader *plan, const struct where *where, struct security_group_rule *rule)
{
    static const char *const lists[] = {"cidr_blocks", "ipv6_cidr_blocks"}, *const single[] = {"cidr_ipv4",
                                                                                               "cidr_ipv6"};
    static const char *const groups[] = {"source_security_group_id", "referenced_security_group_id"};
    for (size_t i = 0; i < 2; i++) {
        const char *text = attribute(plan, where->values, single[i]);
        const char *group = attribute(plan, where->values, groups[i]);
        add_prefixes(plan, where, rule, lists[i]);
        if (any_unknown(where->unknown, lists[i]))
            add_list(plan, rule, doubt_of(plan, where->resource, lists[i]));
        if (text != NULL)
            add_prefix(plan, where, rule, text, single[i]);
        if (is_unknown(where->unknown, single[i]))
            add_list(plan, rule, doubt_of(plan, where->resource, single[i]));
        if (group != NULL)
            *vector_add(plan->arena, &rule->groups) = group;
    }
    struct id_list named = meant_list(plan, where, "prefix_list_ids", false);
    for (size_t i = 0; i < named.items.count; i++)
        add_list(plan, rule, named.items.items[i]);
    add_list(plan, rule, named.doubt);
    add_list(plan, rule, id_of(meant_at(plan, where, "prefix_list_id", false)));
}

// Whether a rule says of whom it is: sources, groups or its own one.
static bool has_source(const struct where *where, const struct security_group_rule *rule)
{
    static const char *const keys[] = {"security_groups", "source_security_group_id", "referenced_security_group_id"};
    bool some = rule->prefixes.count + rule->prefix_lists.count + rule->groups.count > 0 ||
                flag(where->values, "self", false) || any_unknown(where->unknown, "self");
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && !some; i++)
        some = any_unknown(where->unknown, keys[i]) || cJSON_GetArraySize(member(where->values, keys[i])) > 0;
    return some;
}

// One rule as blocks and resources write it. What of its traffic only apply tells makes it a rule that may not be, for
// all that it may be. False where it makes no sense.
static bool rule_of(struct plan_reader *plan, const struct where *where, struct security_group_rule *rule)
{
    static const char *const keys[] = {"protocol", "ip_protocol", "from_port", "to_port"};
    *rule = (struct security_group_rule){.high = PORT_LAST};
    for (size_t i = 0; i < 4; i++)
        if (is_unknown(where->unknown, keys[i]))
            rule->doubt = doubt_of(plan, where->resource, keys[i]);
    if (!protocol_of(plan, where->values, "protocol", &rule->protocol) &&
        !protocol_of(plan, where->values, "ip_protocol", &rule->protocol)) {
        if (rule->doubt == NULL)
            return false;
        rule->protocol = PROTOCOL_ANY;
    } else if (protocol_is_icmp(rule->protocol)) {
        icmp_numbers(number(where->values, "from_port", -1), number(where->values, "to_port", -1), &rule->low,
                     &rule->high);
    } else {
        port_numbers(where->values, rule->protocol, &rule->low, &rule->high);
    }
    add_sources(plan, where, rule);
    if (!has_source(where, rule))
        add_list(plan, rule, not_told(plan, where->resource, "the source of a rule"));
    return true;
}

static void add_rule(struct plan_reader *plan, struct security_group *group, struct security_group_rule rule)
{
    rule.index = group->ingress.count > 0 ? group->ingress.items[group->ingress.count - 1].index + 1 : 0;
    makes(plan, "%s:%zu", group->id, rule.index);
    *vector_add(plan->arena, &group->ingress) = rule;
}

// ---- Groups

// What goes out is not what is exposed, but by a load balancer's groups: what they let out it passes on.
static void heed_egress(struct plan_reader *plan, const struct resource *resource, const char *group_id)
{
    for (size_t i = 0; group_id != NULL && i < plan->estate->interfaces.count; i++) {
        const struct network_interface *one = plan->estate->interfaces.items[i];
        for (size_t g = 0; one->load_balancer != NULL && one->groups != NULL && g < one->groups->count; g++)
            if (strcmp(one->groups->ids[g], group_id) == 0)
                say(plan, "%s: what load balancer %s lets out to targets is not modelled", resource->address,
                    one->load_balancer);
    }
}

static void remove_egress_rule(struct plan_reader *plan, const struct resource *resource)
{
    heed_egress(plan, resource, attribute(plan, resource->before, "security_group_id"));
}

static void put_egress_rule(struct plan_reader *plan, const struct resource *resource)
{
    const char *group = meant(plan, resource, "security_group_id").id;
    fills(plan, group);
    heed_egress(plan, resource, group);
}

struct security_group *default_group_of(struct plan_reader *plan, const char *vpc_id)
{
    for (size_t i = 0; vpc_id != NULL && i < plan->estate->security_groups.size; i++) {
        struct security_group *group = plan->estate->security_groups.slots[i].value;
        if (group != NULL && text_same(group->vpc_id, vpc_id) && text_same(group->name, "default"))
            return group;
    }
    return NULL;
}

// The rules that a group's resource says. A list that does not differ was left over from before: the rules are
// resources of their own.
static void fill(struct plan_reader *plan, const struct resource *resource, struct security_group *group, bool adopted)
{
    const cJSON *list = member(resource->after, "ingress"), *item;
    struct where where = whole(resource);
    bool unknown =
        is_unknown(resource->unknown, "ingress") && (!resource->creates || may_be_configured(plan, &where, "ingress"));
    if (!resource->creates && !differs(resource, "ingress"))
        return;
    if (resource->creates && !unknown && is_unknown(resource->unknown, "ingress"))
        hides(plan, resource, "ingress", group->id, &group->doubt);
    if (!cJSON_IsArray(list) && !unknown && !adopted)
        return;
    if (unknown) { // what is there may stay
        group->doubt = doubt_of(plan, resource, "ingress");
        return;
    }
    for (size_t i = 0; i < group->ingress.count; i++)
        ends(plan, "%s:%zu", group->id, group->ingress.items[i].index);
    group->ingress.count = 0;
    int index = 0;
    cJSON_ArrayForEach (item, list) {
        struct security_group_rule rule;
        struct where block = block_of(resource, "ingress", index++);
        if (!cJSON_IsObject(item) || !rule_of(plan, &block, &rule))
            group->doubt = doubt_of(plan, resource, "a rule");
        else
            add_rule(plan, group, rule);
    }
}

static void put_group(struct plan_reader *plan, const struct resource *resource)
{
    struct security_group *group = map_get(&plan->estate->security_groups, resource->id);
    if (group == NULL && !resource->creates) {
        say_not_held(plan, resource, "security group", resource->id);
        return;
    }
    if (group == NULL) {
        group = arena_new_of(plan->arena, struct security_group);
        group->id = resource->id;
        group->name = attribute(plan, resource->after, "name");
        group->vpc_id = meant_or_default(plan, resource, "vpc_id").id;
        map_put(plan->arena, &plan->estate->security_groups, group->id, group);
    }
    fill(plan, resource, group, false);
    if (!resource->creates && differs(resource, "egress"))
        heed_egress(plan, resource, group->id);
}

static void remove_group(struct plan_reader *plan, const struct resource *resource)
{
    if (map_get(&plan->estate->security_groups, resource->id_before) == NULL)
        say_not_held(plan, resource, "security group", resource->id_before);
}

// It takes the VPC's own group over, and what is in there goes.
// Documentation of the Terraform provider hashicorp/aws, resource aws_default_security_group.
static void put_default_group(struct plan_reader *plan, const struct resource *resource)
{
    struct security_group *group = map_get(&plan->estate->security_groups, resource->id);
    struct meant vpc = {0};
    if (resource->creates) {
        vpc = meant_or_default(plan, resource, "vpc_id");
        group = default_group_of(plan, vpc.id);
    }
    if (group == NULL) {
        if (vpc.doubt == NULL)
            say_not_held(plan, resource, "the default security group of", resource->creates ? vpc.id : resource->id);
        for (size_t i = 0; i < plan->resources.count && resource->creates; i++) { // any new VPC's
            const struct resource *one = &plan->resources.items[i];
            struct security_group *other = one->creates && strcmp(one->type, "aws_vpc") == 0 && vpc.doubt != NULL
                                               ? default_group_of(plan, one->id)
                                               : NULL;
            if (other != NULL)
                other->doubt = vpc.doubt;
        }
        return;
    }
    adopts(plan, resource, group->id);
    fill(plan, resource, group, true);
    if (resource->creates || differs(resource, "egress"))
        heed_egress(plan, resource, group->id);
}

// ---- Rules that are resources of their own

static bool same_prefix(struct prefix a, struct prefix b)
{
    return a.family == b.family && a.length == b.length && a.first == b.first;
}

// Takes the sources of `gone` out of the group's rules for the same protocol and ports. How many there were.
static size_t drop_rule(struct plan_reader *plan, struct security_group *group, const struct security_group_rule *gone)
{
    uint32_t kept = 0;
    size_t dropped = 0;
    for (uint32_t r = 0; r < group->ingress.count; r++) {
        struct security_group_rule *rule = &group->ingress.items[r];
        if (rule->protocol == gone->protocol && rule->low == gone->low && rule->high == gone->high) {
            uint32_t left = 0;
            ends(plan, "%s:%zu", group->id, rule->index);
            for (uint32_t i = 0; i < rule->prefixes.count; i++) {
                bool match = false;
                for (size_t g = 0; g < gone->prefixes.count; g++)
                    match = match || same_prefix(rule->prefixes.items[i], gone->prefixes.items[g]);
                if (!match)
                    rule->prefixes.items[left++] = rule->prefixes.items[i];
            }
            dropped += rule->prefixes.count - left;
            rule->prefixes.count = left;
            left = 0;
            for (uint32_t i = 0; i < rule->prefix_lists.count; i++) {
                bool match = false;
                for (size_t g = 0; g < gone->prefix_lists.count; g++)
                    match = match || strcmp(rule->prefix_lists.items[i], gone->prefix_lists.items[g]) == 0;
                if (!match)
                    rule->prefix_lists.items[left++] = rule->prefix_lists.items[i];
            }
            dropped += rule->prefix_lists.count - left;
            rule->prefix_lists.count = left;
            if (rule->prefixes.count + rule->prefix_lists.count + rule->groups.count == 0)
                continue;
        }
        group->ingress.items[kept++] = *rule;
    }
    group->ingress.count = kept;
    return dropped;
}

static bool is_ingress(struct plan_reader *plan, const cJSON *values)
{
    const char *type = attribute(plan, values, "type"); // aws_vpc_security_group_ingress_rule has none
    return type == NULL || strcmp(type, "ingress") == 0;
}

static void remove_group_rule(struct plan_reader *plan, const struct resource *resource)
{
    const char *id = attribute(plan, resource->before, "security_group_id");
    struct security_group *group = map_get(&plan->estate->security_groups, id);
    struct where where = {.resource = resource, .values = resource->before};
    struct security_group_rule gone;
    if (!is_ingress(plan, resource->before)) {
        heed_egress(plan, resource, id);
        return;
    }
    if (group == NULL)
        say_not_held(plan, resource, "security group", id);
    else if (!rule_of(plan, &where, &gone))
        say(plan, "%s: its rule is not understood", resource->address);
    else if (gone.prefixes.count + gone.prefix_lists.count > 0 && drop_rule(plan, group, &gone) == 0)
        say_not_held(plan, resource, "a rule of", id);
}

// Rules of which it is not known which of the new groups they are of: beyond so many, counted for each of those,
// whatever a group may let in is in doubt.
enum { MOST_SPREAD = 100000 };

static void put_group_rule(struct plan_reader *plan, const struct resource *resource)
{
    struct security_group_rule rule;
    struct where where = whole(resource);
    if (!is_ingress(plan, resource->after) && !is_unknown(resource->unknown, "type")) {
        put_egress_rule(plan, resource);
        return;
    }
    if (!resource->creates)
        remove_group_rule(plan, resource);
    struct meant of = meant_surely(plan, resource, "security_group_id");
    struct security_group *group = map_get(&plan->estate->security_groups, of.id);
    bool understood = rule_of(plan, &where, &rule);
    if (is_unknown(resource->unknown, "type")) // then it may be of what goes out
        rule.doubt = doubt_of(plan, resource, "type");
    fills(plan, of.id);
    if (group == NULL && of.doubt == NULL)
        say_not_held(plan, resource, "security group", of.id);
    else if (group != NULL && understood)
        add_rule(plan, group, rule);
    else if (group != NULL)
        group->doubt = doubt_of(plan, resource, "the rule");
    for (size_t i = 0; i < plan->estate->security_groups.size && of.doubt != NULL; i++) { // any that is new
        struct security_group *one = plan->estate->security_groups.slots[i].value;
        if (one == NULL || !is_made(plan, "aws_security_group", one->id))
            continue;
        fills(plan, one->id);
        if (understood && plan->spread++ < MOST_SPREAD) {
            rule.doubt = of.doubt;
            add_rule(plan, one, rule);
        } else {
            one->doubt = of.doubt;
        }
    }
}

// ---- Prefix lists

static struct prefix_list *list_of(struct plan_reader *plan, const char *id)
{
    struct prefix_list *list = map_get(&plan->estate->prefix_lists, id);
    if (list == NULL) {
        list = arena_new_of(plan->arena, struct prefix_list);
        list->id = id;
        map_put(plan->arena, &plan->estate->prefix_lists, id, list);
    }
    return list;
}

static void add_cidr(struct plan_reader *plan, const struct resource *resource, struct prefix_list *list,
                     const cJSON *values)
{
    struct prefix prefix;
    const char *text = attribute(plan, values, "cidr");
    if (text != NULL && prefix_parse(text, true, &prefix) == PREFIX_OK)
        *vector_add(plan->arena, &list->entries) = prefix;
    else
        list->doubt = doubt_of(plan, resource, "cidr");
}

static void put_prefix_list(struct plan_reader *plan, const struct resource *resource)
{
    const cJSON *entries = member(resource->after, "entry"), *one;
    struct where where = whole(resource);
    struct prefix_list *list = list_of(plan, resource->id);
    bool unknown =
        is_unknown(resource->unknown, "entry") && (!resource->creates || may_be_configured(plan, &where, "entry"));
    if (!resource->creates && !list->has_entries)
        say_not_held(plan, resource, "prefix list", resource->id);
    if (!resource->creates && !differs(resource, "entry"))
        return;
    list->has_entries = true;
    list->entries.count = 0;
    if (unknown)
        list->doubt = doubt_of(plan, resource, "entry");
    cJSON_ArrayForEach (one, entries)
        add_cidr(plan, resource, list, one);
}

static void put_prefix_entry(struct plan_reader *plan, const struct resource *resource)
{
    struct meant of = meant_surely(plan, resource, "prefix_list_id");
    if (of.id != NULL)
        add_cidr(plan, resource, list_of(plan, of.id), resource->after);
    for (size_t i = 0; i < plan->estate->prefix_lists.size && of.doubt != NULL; i++) { // any that is new
        struct prefix_list *list = plan->estate->prefix_lists.slots[i].value;
        if (list != NULL && is_made(plan, "aws_ec2_managed_prefix_list", list->id))
            list->doubt = of.doubt;
    }
}

static void remove_prefix_entry(struct plan_reader *plan, const struct resource *resource)
{
    const char *id = attribute(plan, resource->before, "prefix_list_id");
    const char *text = attribute(plan, resource->before, "cidr");
    struct prefix_list *list = map_get(&plan->estate->prefix_lists, id);
    struct prefix prefix;
    uint32_t kept = 0;
    if (list == NULL || !list->has_entries || text == NULL || prefix_parse(text, true, &prefix) != PREFIX_OK) {
        say_not_held(plan, resource, "prefix list", id);
        return;
    }
    for (uint32_t i = 0; i < list->entries.count; i++)
        if (!same_prefix(list->entries.items[i], prefix))
            list->entries.items[kept++] = list->entries.items[i];
    list->entries.count = kept;
}

static const struct resource_type types[] = {
    {"aws_ec2_managed_prefix_list", NULL, put_prefix_list},
    {"aws_ec2_managed_prefix_list_entry", remove_prefix_entry, put_prefix_entry},
    {"aws_security_group", remove_group, put_group},
    {"aws_default_security_group", NULL, put_default_group},
    {"aws_security_group_rule", remove_group_rule, put_group_rule},
    {"aws_vpc_security_group_ingress_rule", remove_group_rule, put_group_rule},
    {"aws_vpc_security_group_egress_rule", remove_egress_rule, put_egress_rule},
    {"aws_vpc_security_group_vpc_association", NULL, NULL},
};

const struct resource_types terraform_groups = {types, sizeof(types) / sizeof(types[0])};
