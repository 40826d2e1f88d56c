// Terraform resources of security groups and their rules.
#include <stdlib.h>
#include <string.h>

#include "aws/terraform/plan.h"
#include "aws/terraform/traffic.h"
#include "model/protocol.h"

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

// "111122223333/sg-1" is a group of another account.
static void add_group_id(struct plan_reader *plan, struct security_group_rule *rule, const char *id)
{
    if (id != NULL)
        *vector_add(plan->arena, &rule->groups) = text_behind_slash(id);
}

// aws_security_group_rule marks source_security_group_id unknown in every plan. It is null where nothing sets it, and
// where what it conflicts with is set. Documentation of the Terraform provider hashicorp/aws, that resource.
static bool is_left_out(struct plan_reader *plan, const struct where *where, const char *key)
{
    if (strcmp(key, "source_security_group_id") != 0 || !is_unknown(where->unknown, key))
        return false;
    return !may_be_configured(plan, where, key) || flag(where->values, "self", false) ||
           cJSON_GetArraySize(member(where->values, "cidr_blocks")) > 0 ||
           cJSON_GetArraySize(member(where->values, "ipv6_cidr_blocks")) > 0;
}

// Groups whose members a rule admits. One that only apply tells never stands for the internet.
static void add_groups(struct plan_reader *plan, const struct where *where, struct security_group_rule *rule)
{
    static const char *const keys[] = {"source_security_group_id", "referenced_security_group_id"};
    bool aside = plan->aside;
    plan->aside = true;
    for (size_t i = 0; i < 2; i++)
        if (!is_left_out(plan, where, keys[i]))
            add_group_id(plan, rule, meant_at(plan, where, keys[i], false).id);
    struct id_list list = meant_list(plan, where, "security_groups", false);
    for (size_t i = 0; i < list.items.count; i++)
        add_group_id(plan, rule, list.items.items[i]);
    plan->aside = aside;
}

// Whom a rule admits. Sources that only apply tells are like a prefix list whose entries are not there.
static void add_sources(struct plan_reader *plan, const struct where *where, struct security_group_rule *rule)
{
    static const char *const lists[] = {"cidr_blocks", "ipv6_cidr_blocks"}, *const single[] = {"cidr_ipv4",
                                                                                               "cidr_ipv6"};
    for (size_t i = 0; i < 2; i++) {
        const char *text = attribute(plan, where->values, single[i]);
        add_prefixes(plan, where, rule, lists[i]);
        if (any_unknown(where->unknown, lists[i]))
            add_list(plan, rule, doubt_of(plan, where->resource, lists[i]));
        if (text != NULL)
            add_prefix(plan, where, rule, text, single[i]);
        if (is_unknown(where->unknown, single[i]))
            add_list(plan, rule, doubt_of(plan, where->resource, single[i]));
    }
    add_groups(plan, where, rule);
    struct id_list named = meant_list(plan, where, "prefix_list_ids", false);
    for (size_t i = 0; i < named.items.count; i++)
        add_list(plan, rule, named.items.items[i]);
    add_list(plan, rule, named.doubt);
    add_list(plan, rule, id_of(meant_at(plan, where, "prefix_list_id", false)));
}

// Whether a rule says of whom it is: sources, groups or its own one.
static bool has_source(struct plan_reader *plan, const struct where *where, const struct security_group_rule *rule)
{
    static const char *const keys[] = {"security_groups", "source_security_group_id", "referenced_security_group_id"};
    bool some = rule->prefixes.count + rule->prefix_lists.count + rule->groups.count > 0 ||
                flag(where->values, "self", false) || any_unknown(where->unknown, "self");
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && !some; i++)
        some = (any_unknown(where->unknown, keys[i]) && !is_left_out(plan, where, keys[i])) ||
               cJSON_GetArraySize(member(where->values, keys[i])) > 0;
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
        for (size_t i = 2; i < 4 && protocol_has_ports(rule->protocol) && rule->doubt == NULL; i++)
            if (!cJSON_IsNumber(member(where->values, keys[i])))
                rule->doubt = not_told(plan, where->resource, "a port of a rule");
    }
    add_sources(plan, where, rule);
    if (!has_source(plan, where, rule))
        add_list(plan, rule, not_told(plan, where->resource, "the source of a rule"));
    return true;
}

static security_group_rule_list *rules_of(struct security_group *group, bool egress)
{
    return egress ? &group->egress : &group->ingress;
}

// `self`: it admits the members of its own group, too.
static void add_rule(struct plan_reader *plan, struct security_group *group, bool egress,
                     struct security_group_rule rule, bool self)
{
    security_group_rule_list *list = rules_of(group, egress);
    if (self) {
        struct security_group_rule whole = rule;
        memset(&whole.groups, 0, sizeof(whole.groups));
        for (size_t i = 0; i < rule.groups.count; i++)
            *vector_add(plan->arena, &whole.groups) = rule.groups.items[i];
        *vector_add(plan->arena, &whole.groups) = group->id;
        rule = whole;
    }
    rule.index = list->count > 0 ? list->items[list->count - 1].index + 1 : 0;
    makes(plan, egress ? "%s:egress:%zu" : "%s:%zu", group->id, rule.index);
    *vector_add(plan->arena, list) = rule;
}

static void doubt_rules(struct security_group *group, bool egress, const char *doubt)
{
    if (egress)
        group->egress_doubt = doubt;
    else
        group->doubt = doubt;
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

struct security_group *default_group_of(struct plan_reader *plan, const char *vpc_id)
{
    for (size_t i = 0; vpc_id != NULL && i < plan->estate->security_groups.size; i++) {
        struct security_group *group = plan->estate->security_groups.slots[i].value;
        if (group != NULL && text_same(group->vpc_id, vpc_id) && text_same(group->name, "default"))
            return group;
    }
    return NULL;
}

// What AWS lets out of a group of which nobody says otherwise: everything.
static void let_all_out(struct plan_reader *plan, struct security_group *group, const char *doubt)
{
    struct security_group_rule all = {.protocol = PROTOCOL_ANY, .high = PORT_LAST, .doubt = doubt};
    *vector_add(plan->arena, &all.prefixes) = (struct prefix){.family = FAMILY_IPV4};
    *vector_add(plan->arena, &all.prefixes) = (struct prefix){.family = FAMILY_IPV6};
    add_rule(plan, group, true, all, false);
}

// CloudFormation leaves AWS's own outbound rule where a group says none, until a resource of the type
// AWS::EC2::SecurityGroupEgress takes its place; Terraform's provider takes it away.
static void begin_egress(struct plan_reader *plan, const struct resource *resource, struct security_group *group)
{
    bool others = false;
    group->has_egress = true;
    if (!plan->by_changeset || member(resource->after, "egress") != NULL)
        return;
    for (size_t i = 0; i < plan->resources.count; i++)
        others = others || strcmp(plan->resources.items[i].type, "aws_vpc_security_group_egress_rule") == 0;
    let_all_out(plan, group, others ? doubt_of(plan, resource, "whether its own outbound rule stays") : NULL);
}

static bool is_one_of(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    return false;
}

// Takes the texts of `gone` out of a list. How many stay.
static uint32_t without(const char **list, uint32_t count, const char *const *gone, size_t gone_count)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < count; i++)
        if (!is_one_of(list[i], gone, gone_count))
            list[left++] = list[i];
    return left;
}

// Takes the sources of `gone` out of the group's rules for the same protocol and ports. How many there were.
static size_t drop_rule(struct plan_reader *plan, struct security_group *group, bool egress,
                        const struct security_group_rule *gone)
{
    uint32_t kept = 0;
    size_t dropped = 0;
    security_group_rule_list *rules = rules_of(group, egress);
    for (uint32_t r = 0; r < rules->count; r++) {
        struct security_group_rule *rule = &rules->items[r];
        if (rule->protocol == gone->protocol && rule->low == gone->low && rule->high == gone->high) {
            uint32_t left = 0;
            ends(plan, egress ? "%s:egress:%zu" : "%s:%zu", group->id, rule->index);
            for (uint32_t i = 0; i < rule->prefixes.count; i++) {
                bool match = false;
                for (size_t g = 0; g < gone->prefixes.count; g++)
                    match = match || prefix_equal(rule->prefixes.items[i], gone->prefixes.items[g]);
                if (!match)
                    rule->prefixes.items[left++] = rule->prefixes.items[i];
            }
            dropped += rule->prefixes.count - left;
            rule->prefixes.count = left;
            left = without(rule->prefix_lists.items, rule->prefix_lists.count, gone->prefix_lists.items,
                           gone->prefix_lists.count);
            dropped += rule->prefix_lists.count - left;
            rule->prefix_lists.count = left;
            left = without(rule->groups.items, rule->groups.count, gone->groups.items, gone->groups.count);
            dropped += rule->groups.count - left;
            rule->groups.count = left;
            if (rule->prefixes.count + rule->prefix_lists.count + rule->groups.count == 0)
                continue;
        }
        rules->items[kept++] = *rule;
    }
    rules->count = kept;
    return dropped;
}

// Takes the rules that the plan had before out of those of the snapshot: what it does not know of stays. Where it has
// others, the two are of different times.
static void drop_before(struct plan_reader *plan, const struct resource *resource, struct security_group *group,
                        bool egress)
{
    const cJSON *one;
    bool lacks = false;
    cJSON_ArrayForEach (one, member(resource->before, egress ? "egress" : "ingress")) {
        struct where where = {.resource = resource, .values = one};
        struct security_group_rule rule;
        if (!rule_of(plan, &where, &rule))
            continue;
        if (cJSON_IsTrue(member(one, "self")))
            add_group_id(plan, &rule, group->id);
        size_t told = rule.prefixes.count + rule.prefix_lists.count + rule.groups.count;
        lacks = drop_rule(plan, group, egress, &rule) < told || lacks;
    }
    if (lacks)
        say_not_held(plan, resource, "a rule of", group->id);
    if (rules_of(group, egress)->count > 0)
        say(plan, "%s: %s has rules in the snapshot that the plan does not know: of another time?", resource->address,
            group->id);
}

// The rules that a group's resource says. A list that does not differ was left over from before: the rules are
// resources of their own.
static void fill(struct plan_reader *plan, const struct resource *resource, struct security_group *group, bool adopted,
                 bool egress)
{
    const char *key = egress ? "egress" : "ingress";
    const cJSON *list = member(resource->after, key), *item;
    security_group_rule_list *rules = rules_of(group, egress);
    struct where where = whole(resource);
    bool unknown = is_unknown(resource->unknown, key) && (!resource->creates || may_be_configured(plan, &where, key));
    if (!resource->creates && !differs(resource, key))
        return;
    if (resource->creates && !unknown && is_unknown(resource->unknown, key))
        hides(plan, resource, key, group->id, egress ? &group->egress_doubt : &group->doubt);
    if (!cJSON_IsArray(list) && !unknown && !adopted)
        return;
    if (unknown) { // what is there may stay
        doubt_rules(group, egress, doubt_of(plan, resource, key));
        return;
    }
    if (!resource->creates)
        drop_before(plan, resource, group, egress);
    for (size_t i = 0; i < rules->count && resource->creates; i++)
        ends(plan, egress ? "%s:egress:%zu" : "%s:%zu", group->id, rules->items[i].index);
    if (resource->creates)
        rules->count = 0;
    group->has_egress = group->has_egress || egress;
    int index = 0;
    cJSON_ArrayForEach (item, list) {
        struct security_group_rule rule;
        struct where block = block_of(resource, key, index++);
        if (!cJSON_IsObject(item) || !rule_of(plan, &block, &rule))
            doubt_rules(group, egress, doubt_of(plan, resource, "a rule"));
        else
            add_rule(plan, group, egress, rule, cJSON_IsTrue(member(item, "self")));
    }
}

static void fill_egress(struct plan_reader *plan, const struct resource *resource, struct security_group *group,
                        bool adopted)
{
    plan->aside = true;
    fill(plan, resource, group, adopted, true);
    plan->aside = false;
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
        plan->aside = true;
        begin_egress(plan, resource, group);
        plan->aside = false;
    }
    fill(plan, resource, group, false, false);
    if (!plan->by_changeset) // there, each rule is a resource of its own
        fill_egress(plan, resource, group, false);
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
    fill(plan, resource, group, true, false);
    fill_egress(plan, resource, group, true);
    if (resource->creates || differs(resource, "egress"))
        heed_egress(plan, resource, group->id);
}

// ---- Rules that are resources of their own

static bool is_egress(struct plan_reader *plan, const struct resource *resource, const cJSON *values)
{
    const char *type = attribute(plan, values, "type"); // one of aws_vpc_security_group_..._rule has none
    return strcmp(resource->type, "aws_vpc_security_group_egress_rule") == 0 || text_same(type, "egress");
}

static void remove_group_rule(struct plan_reader *plan, const struct resource *resource)
{
    const char *id = attribute(plan, resource->before, "security_group_id");
    struct security_group *group = map_get(&plan->estate->security_groups, id);
    struct where where = {.resource = resource, .values = resource->before};
    struct security_group_rule gone;
    bool egress = is_egress(plan, resource, resource->before);
    if (egress)
        heed_egress(plan, resource, id);
    plan->aside = egress;
    if (group == NULL) {
        say_not_held(plan, resource, "security group", id);
    } else if (!rule_of(plan, &where, &gone)) {
        say(plan, "%s: its rule is not understood", resource->address);
    } else {
        if (cJSON_IsTrue(member(resource->before, "self")))
            add_group_id(plan, &gone, group->id);
        if (gone.prefixes.count + gone.prefix_lists.count + gone.groups.count > 0 &&
            drop_rule(plan, group, egress, &gone) == 0)
            say_not_held(plan, resource, "a rule of", id);
    }
    plan->aside = false;
}

// Rules of which it is not known which of the new groups they are of: beyond so many, counted for each of those,
// whatever a group may let in is in doubt.
enum { MOST_SPREAD = 100000 };

static void put_group_rule(struct plan_reader *plan, const struct resource *resource)
{
    struct security_group_rule rule;
    struct where where = whole(resource);
    bool egress = is_egress(plan, resource, resource->after), self = cJSON_IsTrue(member(resource->after, "self"));
    if (!resource->creates)
        remove_group_rule(plan, resource);
    plan->aside = egress;
    struct meant of = meant_surely(plan, resource, "security_group_id");
    struct security_group *group = map_get(&plan->estate->security_groups, of.id);
    bool understood = rule_of(plan, &where, &rule);
    if (is_unknown(resource->unknown, "type")) { // then it may be of either
        rule.doubt = doubt_of(plan, resource, "type");
        if (group != NULL)
            group->egress_doubt = rule.doubt;
    }
    fills(plan, of.id);
    if (group == NULL && of.doubt == NULL)
        say_not_held(plan, resource, "security group", of.id);
    else if (group != NULL && understood)
        add_rule(plan, group, egress, rule, self);
    else if (group != NULL)
        doubt_rules(group, egress, doubt_of(plan, resource, "the rule"));
    for (size_t i = 0; i < plan->estate->security_groups.size && of.doubt != NULL; i++) { // any that is new
        struct security_group *one = plan->estate->security_groups.slots[i].value;
        if (one == NULL || !is_made(plan, "aws_security_group", one->id))
            continue;
        fills(plan, one->id);
        if (understood && plan->spread++ < MOST_SPREAD) {
            rule.doubt = of.doubt;
            add_rule(plan, one, egress, rule, self);
        } else {
            doubt_rules(one, egress, of.doubt);
        }
    }
    plan->aside = false;
    if (egress)
        heed_egress(plan, resource, of.id);
}

static const struct resource_type types[] = {
    {"aws_security_group", remove_group, put_group},
    {"aws_default_security_group", NULL, put_default_group},
    {"aws_security_group_rule", remove_group_rule, put_group_rule},
    {"aws_vpc_security_group_ingress_rule", remove_group_rule, put_group_rule},
    {"aws_vpc_security_group_egress_rule", remove_group_rule, put_group_rule},
    {"aws_vpc_security_group_vpc_association", NULL, NULL},
};

const struct resource_types terraform_groups = {types, sizeof(types) / sizeof(types[0])};
