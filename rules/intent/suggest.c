#include "rules/intent/suggest.h"

#include "model/protocol.h"

// What is typed into a shell holds nothing that a shell, or the AWS CLI's own syntax, reads otherwise.
static bool is_plain(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    return word != NULL && word[0] != '\0' && word[0] != '-' && word[strspn(word, plain)] == '\0';
}

static const char *region_option(struct arena *arena, const struct verdict *verdict)
{
    bool known = is_plain(verdict->region) && strcmp(verdict->region, "unknown") != 0;
    return known ? arena_printf(arena, " --region %s", verdict->region) : "";
}

static const struct hop *hop_at(const struct explanation *explanation, enum reason_stage stage)
{
    for (size_t i = 0; i < explanation->hops.count; i++)
        if (explanation->hops.items[i].stage == stage)
            return &explanation->hops.items[i];
    return NULL;
}

// ---- Security groups

// `, "FromPort": 22, "ToPort": 22`; of ICMP type and code, -1 for any.
static const char *permission_numbers(struct arena *arena, const struct security_group_rule *rule)
{
    if (protocol_has_ports(rule->protocol))
        return arena_printf(arena, ", \"FromPort\": %u, \"ToPort\": %u", (unsigned)rule->low, (unsigned)rule->high);
    if (!protocol_is_icmp(rule->protocol))
        return "";
    if (rule->low == 0 && rule->high == PORT_LAST)
        return ", \"FromPort\": -1, \"ToPort\": -1";
    return arena_printf(arena, ", \"FromPort\": %d, \"ToPort\": %d", rule->low >> 8,
                        rule->low == rule->high ? rule->low & 255 : -1);
}

// A member of a permission: `, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]`; "" where the list is empty.
static const char *permission_peers(struct arena *arena, const char *list, const char *key, const text_list *peers)
{
    const char *text = NULL;
    for (size_t i = 0; i < peers->count; i++)
        text = text == NULL ? arena_printf(arena, "{\"%s\": \"%s\"}", key, peers->items[i])
                            : arena_printf(arena, "%s, {\"%s\": \"%s\"}", text, key, peers->items[i]);
    return text == NULL ? "" : arena_printf(arena, ", \"%s\": [%s]", list, text);
}

static bool list_may_hold(const struct estate *estate, const char *id, struct address source)
{
    const struct prefix_list *list = map_get(&estate->prefix_lists, id);
    bool holds = list == NULL || !list->has_entries || list->doubt != NULL;
    for (size_t i = 0; !holds && i < list->entries.count; i++)
        holds = prefix_holds(list->entries.items[i], source);
    return holds;
}

const char *suggest_permission(struct arena *arena, const struct security_group_rule *rule, enum family family,
                               const text_list *prefixes, const text_list *lists)
{
    bool ipv6 = family == FAMILY_IPV6;
    const char *ranges =
        permission_peers(arena, ipv6 ? "Ipv6Ranges" : "IpRanges", ipv6 ? "CidrIpv6" : "CidrIp", prefixes);
    const char *ids = permission_peers(arena, "PrefixListIds", "PrefixListId", lists);
    const char *protocol = rule->protocol == PROTOCOL_ANY ? "-1" : protocol_name(arena, rule->protocol);
    return arena_printf(arena, "{\"IpProtocol\": \"%s\"%s%s%s}", protocol, permission_numbers(arena, rule), ranges,
                        ids);
}

// Those of a rule's peers that admit the source and have no record, as a permission; NULL where there is none, or an id
// is odd.
static const char *permission(struct arena *arena, const struct estate *estate, const char *group,
                              const struct security_group_rule *rule, struct address source)
{
    text_list prefixes = {0}, lists = {0};
    for (size_t i = 0; i < rule->prefixes.count; i++) {
        const struct prefix *prefix = &rule->prefixes.items[i];
        char text[ADDRESS_TEXT];
        prefix_format(*prefix, text);
        if (prefix_holds(*prefix, source) && estate_rule_record(estate, group, rule, false, prefix, NULL) == NULL)
            text_list_add(arena, &prefixes, arena_strdup(arena, text));
    }
    for (size_t i = 0; i < rule->prefix_lists.count; i++) {
        const char *list = rule->prefix_lists.items[i];
        if (!list_may_hold(estate, list, source) || estate_rule_record(estate, group, rule, false, NULL, list) != NULL)
            continue;
        if (!is_plain(list))
            return NULL;
        text_list_add(arena, &lists, list);
    }
    if (prefixes.count + lists.count == 0)
        return NULL;
    return suggest_permission(arena, rule, (enum family)source.family, &prefixes, &lists);
}

// Adds the commands for one group's rules. False where some rule of it cannot be named.
static bool revoke_of_group(struct arena *arena, const struct estate *estate, const struct verdict *verdict,
                            const reason_list *rules, const char *group, struct address source, text_list *commands)
{
    const char *words = "", *permissions = "";
    text_list ids = {0};
    for (size_t i = 0; i < rules->count; i++) {
        const struct reason *reason = rules->items[i];
        if (strcmp(reason->id, group) != 0)
            continue;
        const char *one =
            reason->record != NULL ? reason->record->id : permission(arena, estate, group, reason->rule, source);
        if (one == NULL || (reason->record != NULL && !is_plain(one)))
            return false;
        if (reason->record != NULL)
            text_list_add(arena, &ids, one);
        else
            permissions = permissions[0] == '\0' ? one : arena_printf(arena, "%s, %s", permissions, one);
    }
    const char *start = arena_printf(arena, "aws ec2 revoke-security-group-ingress%s --group-id %s",
                                     region_option(arena, verdict), group);
    for (size_t i = 0; i < ids.count; i++)
        words = arena_printf(arena, "%s %s", words, ids.items[i]);
    if (ids.count > 0)
        *vector_add(arena, commands) = arena_printf(arena, "%s --security-group-rule-ids%s", start, words);
    if (permissions[0] != '\0')
        *vector_add(arena, commands) = arena_printf(arena, "%s --ip-permissions '[%s]'", start, permissions);
    return true;
}

// Whether a group is known to be another account's than the interface: in a shared VPC it may be used there, and only
// its owner may change it. https://docs.aws.amazon.com/vpc/latest/userguide/security-group-sharing.html
static bool is_of_others(const struct estate *estate, const char *id, const char *account)
{
    const struct security_group *group = map_get(&estate->security_groups, id);
    return group != NULL && !place_may_be(group->account_id, account);
}

// Takes away every rule that admits it. Nothing where one of them cannot be named, or is not the account's to change.
static text_list revoke(struct arena *arena, const struct estate *estate, const struct verdict *verdict,
                        const reason_list *rules, struct address source)
{
    text_list ids = {0}, commands = {0}, none = {0};
    for (size_t i = 0; i < rules->count; i++)
        text_list_add(arena, &ids, rules->items[i]->id);
    for (size_t i = 0; i < ids.count; i++)
        if (!is_plain(ids.items[i]) || is_of_others(estate, ids.items[i], verdict->account_id) ||
            !revoke_of_group(arena, estate, verdict, rules, ids.items[i], source, &commands))
            return none;
    return commands;
}

// ---- The network ACL

static const struct network_acl_entry *entry_numbered(const struct network_acl *acl, bool egress, int number)
{
    for (size_t i = 0; i < acl->entries.count; i++)
        if (acl->entries.items[i].egress == egress && acl->entries.items[i].number == number)
            return &acl->entries.items[i];
    return NULL;
}

// A number below an entry's that no other one has, so that a new entry decides before it: none that may decide of the
// same family stands between. 0: there is none.
static int number_before(const struct network_acl *acl, const struct network_acl_entry *entry)
{
    int number = entry->number - 1;
    const struct network_acl_entry *other;
    for (; number > 0 && (other = entry_numbered(acl, entry->egress, number)) != NULL; number--)
        if (other->prefix.family == entry->prefix.family)
            return 0;
    return number;
}

// An entry that denies these ports alone to all whom the entry lets in that admits the packet; else it would close much
// more than the finding.
static const char *deny(struct arena *arena, const struct estate *estate, const struct verdict *verdict,
                        const struct hop *acl_in)
{
    enum { OWN_ENTRIES = 32767 }; // from there on they are AWS's own
    const struct reason *reason = acl_in->reasons.count == 1 ? acl_in->reasons.items[0] : NULL;
    if (reason == NULL || reason->form != REASON_ENTRY || !is_plain(reason->id) || reason->entry->number <= 0 ||
        reason->entry->number >= OWN_ENTRIES || !protocol_has_ports(verdict->protocol))
        return NULL;
    const struct network_acl_entry *entry = reason->entry;
    const struct network_acl *acl = map_get(&estate->network_acls, reason->id);
    int number = acl == NULL ? 0 : number_before(acl, entry);
    if (number == 0)
        return NULL;
    char prefix[ADDRESS_TEXT];
    prefix_format(entry->prefix, prefix);
    return arena_printf(arena,
                        "aws ec2 create-network-acl-entry%s --network-acl-id %s --ingress --rule-number %d "
                        "--rule-action deny --protocol %d --port-range From=%u,To=%u %s %s",
                        region_option(arena, verdict), reason->id, number, verdict->protocol, (unsigned)verdict->low,
                        (unsigned)verdict->high,
                        entry->prefix.family == FAMILY_IPV6 ? "--ipv6-cidr-block" : "--cidr-block", prefix);
}

// Whether the interface has no group, as is known: where its groups are not, what closes them is not either.
static bool has_no_group(const struct hop *groups)
{
    for (size_t i = 0; groups != NULL && i < groups->reasons.count; i++)
        if (groups->reasons.items[i]->form != REASON_SAYS || groups->reasons.items[i]->settle != NULL)
            return false;
    return groups != NULL && groups->result == HOP_PASS;
}

// Whether rules of groups alone admit it.
static bool is_by_rules(const struct hop *groups)
{
    bool by_rules = groups != NULL && groups->result == HOP_PASS && groups->reasons.count > 0;
    for (size_t i = 0; by_rules && i < groups->reasons.count; i++)
        by_rules = groups->reasons.items[i]->form == REASON_RULE;
    return by_rules;
}

bool suggestion_names_ports(const struct explanation *explanation)
{
    return !is_by_rules(hop_at(explanation, REASON_GROUP));
}

text_list suggest_closing(struct arena *arena, const struct estate *estate, const struct verdict *verdict,
                          const struct explanation *explanation, struct address source)
{
    text_list commands = {0};
    const struct hop *groups = hop_at(explanation, REASON_GROUP), *acl_in = hop_at(explanation, REASON_ACL_IN);
    if (is_by_rules(groups))
        return revoke(arena, estate, verdict, &groups->reasons, source);
    bool by_acl = has_no_group(groups) && acl_in != NULL && acl_in->result == HOP_PASS;
    const char *command = by_acl ? deny(arena, estate, verdict, acl_in) : NULL;
    if (command != NULL)
        *vector_add(arena, &commands) = command;
    return commands;
}
