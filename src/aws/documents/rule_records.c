// What DescribeSecurityGroupRules and the groups' own IpPermissions tell of the same rules: where one tells of a rule
// and the other does not, neither is believed alone.
#include <stdlib.h>
#include <string.h>

#include "aws/documents/completeness.h"
#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

static void add_peer(struct reader *reader, struct security_group_rule *rule, const struct prefix *prefix,
                     const char *peer)
{
    if (prefix != NULL)
        *vector_add(reader->arena, &rule->prefixes) = *prefix;
    else if (strncmp(peer, "pl-", 3) == 0)
        *vector_add(reader->arena, &rule->prefix_lists) = peer;
    else
        *vector_add(reader->arena, &rule->groups) = peer;
}

static struct security_group_rule like(const struct security_group_rule *rule)
{
    return (struct security_group_rule){.index = rule->index,
                                        .protocol = rule->protocol,
                                        .low = rule->low,
                                        .high = rule->high,
                                        .description = rule->description};
}

// Parts a rule into the peers that have a record and those that have none.
static void part(struct reader *reader, const char *group, bool egress, const struct security_group_rule *rule,
                 struct security_group_rule *agreed, struct security_group_rule *lone)
{
    const struct estate *estate = reader->estate;
    *agreed = *lone = like(rule);
    for (size_t i = 0; i < rule->prefixes.count; i++) {
        const struct prefix *one = &rule->prefixes.items[i];
        bool matched = estate_match_rule_record(estate, group, rule, egress, one, NULL);
        add_peer(reader, matched ? agreed : lone, one, NULL);
    }
    for (size_t i = 0; i < rule->prefix_lists.count; i++) {
        const char *one = rule->prefix_lists.items[i];
        bool matched = estate_match_rule_record(estate, group, rule, egress, NULL, one);
        *vector_add(reader->arena, &(matched ? agreed : lone)->prefix_lists) = one;
    }
    for (size_t i = 0; i < rule->groups.count; i++) {
        const char *one = rule->groups.items[i];
        bool matched = estate_match_rule_record(estate, group, rule, egress, NULL, one);
        *vector_add(reader->arena, &(matched ? agreed : lone)->groups) = one;
    }
}

static size_t peers(const struct security_group_rule *rule)
{
    return rule->prefixes.count + rule->prefix_lists.count + rule->groups.count;
}

// `whole`: that there is no record tells something.
static void settle_rules(struct reader *reader, const struct security_group *group, bool egress, bool whole,
                         security_group_rule_list *rules)
{
    size_t count = rules->count;
    for (size_t r = 0; r < count; r++) {
        struct security_group_rule agreed, lone;
        part(reader, group->id, egress, &rules->items[r], &agreed, &lone);
        if (!whole || peers(&lone) == 0)
            continue;
        reader->doubt = &lone.doubt;
        reader->name = group->evidence;
        doubt_document(reader, "",
                       "rule %zu of %s%s has a peer of which DescribeSecurityGroupRules does not tell: neither is "
                       "believed alone",
                       rules->items[r].index, group->id, egress ? ", outbound," : "");
        if (peers(&agreed) == 0) {
            rules->items[r] = lone;
            continue;
        }
        rules->items[r] = agreed;
        *vector_add(reader->arena, rules) = lone;
    }
}

static int by_id(const void *left, const void *right)
{
    const struct rule_record *const *a = left, *const *b = right;
    return strcmp((*a)->id, (*b)->id);
}

// Records of which IpPermissions do not tell: rules that may be.
static void add_records(struct reader *reader, struct security_group *group, const struct rule_records *records)
{
    VECTOR(struct rule_record *) lone = {0};
    for (size_t i = 0; i < records->by_id.size; i++) {
        struct rule_record *one = records->by_id.slots[i].value;
        if (one != NULL && !one->matched && !one->doubtful && (!one->egress || group->has_egress))
            *vector_add(reader->scratch, &lone) = one;
    }
    if (lone.count > 1)
        qsort(lone.items, lone.count, sizeof(*lone.items), by_id);
    for (size_t i = 0; i < lone.count; i++) {
        struct rule_record *one = lone.items[i];
        struct security_group_rule rule = {
            .protocol = one->protocol, .low = one->low, .high = one->high, .description = one->description};
        add_peer(reader, &rule, one->prefix.family != 0 ? &one->prefix : NULL, one->peer);
        rule.index = one->egress ? group->egress.count : group->ingress.count;
        reader->doubt = &rule.doubt;
        reader->name = group->evidence;
        doubt_document(reader, "",
                       "IpPermissions of %s do not tell of %s, of which DescribeSecurityGroupRules does: neither is "
                       "believed alone",
                       group->id, one->id);
        if (one->egress)
            *vector_add(reader->arena, &group->egress) = rule;
        else
            *vector_add(reader->arena, &group->ingress) = rule;
    }
}

// Whether every document of the kind is there and understood, as far as they tell: else a rule may have a record that
// is not.
static bool is_whole(const struct documents *documents)
{
    size_t listings = 0, more = 0;
    for (size_t i = 0; i < documents->listings.count; i++) {
        const struct listing *one = documents->listings.items[i];
        if (one->kind != KIND_SECURITY_GROUP_RULES)
            continue;
        listings++;
        more += one->more;
        if (one->cut || one->damage != NULL || one->unread > 0)
            return false;
    }
    return listings > more && !documents->odd_rule_record;
}

void settle_rule_records(struct reader *reader)
{
    struct estate *estate = reader->estate;
    bool whole = is_whole(reader->documents);
    reader->listing = NULL;
    for (size_t i = 0; i < estate->security_groups.size && estate->rule_records.count > 0; i++) {
        struct security_group *group = estate->security_groups.slots[i].value;
        const struct rule_records *records = group == NULL ? NULL : map_get(&estate->rule_records, group->id);
        if (records == NULL || group->doubt != NULL)
            continue;
        settle_rules(reader, group, false, whole, &group->ingress);
        if (group->has_egress)
            settle_rules(reader, group, true, whole, &group->egress);
        add_records(reader, group, records);
    }
    reader->doubt = NULL;
}
