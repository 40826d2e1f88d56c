// Documents that hold rules: security groups, network ACLs.
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "aws/documents/documents.h"
#include "aws/documents/readers.h"
#include "model/protocol.h"

// A rule is described where all of its peers are, and alike.
static void read_description(struct reader *reader, const struct json_cursor *at, struct security_group_rule *rule)
{
    size_t before = rule->prefixes.count + rule->prefix_lists.count + rule->groups.count;
    const char *text = cJSON_GetStringValue(json_find(at->node, "Description"));
    if (text != NULL && text[0] == '\0')
        text = NULL;
    if (before == 0)
        rule->description = text == NULL ? NULL : intern(reader, text);
    else if (!text_same(text, rule->description))
        rule->description = "";
}

static bool read_group_prefix(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct security_group_rule *rule = into;
    struct prefix prefix;
    GUARD(read_prefix(reader, at, "CidrIp", FAMILY_IPV4, &prefix));
    read_description(reader, at, rule);
    *vector_add(reader->arena, &rule->prefixes) = prefix;
    return true;
}

static bool read_group_prefix6(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct security_group_rule *rule = into;
    struct prefix prefix;
    GUARD(read_prefix(reader, at, "CidrIpv6", FAMILY_IPV6, &prefix));
    read_description(reader, at, rule);
    *vector_add(reader->arena, &rule->prefixes) = prefix;
    return true;
}

static bool read_group_prefix_list(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct security_group_rule *rule = into;
    const char *id;
    GUARD(interned_of(reader, at, "PrefixListId", &id));
    read_description(reader, at, rule);
    *vector_add(reader->arena, &rule->prefix_lists) = id;
    return true;
}

// Of a group of another VPC, or another account, it tells where it is.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_UserIdGroupPair.html
static void read_group_reference(struct reader *reader, const struct json_cursor *at, const char *id,
                                 struct security_group_rule *rule)
{
    struct group_reference one = {.group = id};
    one.vpc_id = text_beside(reader, at, "VpcId");
    one.peering = text_beside(reader, at, "VpcPeeringConnectionId");
    one.status = text_beside(reader, at, "PeeringStatus");
    one.account = text_beside(reader, at, "UserId");
    if (one.vpc_id != NULL || one.peering != NULL || one.status != NULL)
        *vector_add(reader->arena, &rule->references) = one;
}

static bool read_group_pair(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct security_group_rule *rule = into;
    const char *id;
    GUARD(optional_interned(reader, at, "GroupId", &id));
    read_description(reader, at, rule);
    if (id == NULL) // a name alone says which group only with its VPC; AWS prints the id of each
        return doubt_at(reader, at, "names no group by its id");
    *vector_add(reader->arena, &rule->groups) = id;
    read_group_reference(reader, at, id, rule);
    return true;
}

static bool has(const struct json_cursor *at, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(at->node, key) != NULL;
}

// AWS prints all four lists of peers in every rule; documents of before 2017 lack those that were not there yet, and
// people who write rules by hand name the one they need.
static void expect_peers(struct reader *reader, const struct json_cursor *at, const char *group_id)
{
    bool ranges = has(at, "IpRanges"), ranges6 = has(at, "Ipv6Ranges"), lists = has(at, "PrefixListIds");
    if (!ranges && !ranges6 && !lists)
        return;
    const char *keys[] = {"IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs"};
    bool there[] = {ranges, ranges6, lists, has(at, "UserIdGroupPairs")};
    int absent = 4 - (there[0] + there[1] + there[2] + there[3]);
    for (int i = 0; i < 4; i++)
        if (!there[i] && (absent == 1 || i == 0)) {
            struct json_cursor missing = json_member(at, keys[i]);
            doubt_at(reader, &missing, "is missing, expected an array");
        }
    expect_member(reader, at, EXPECT_IPV6_RANGES, "Ipv6Ranges", group_id, NULL);
    expect_member(reader, at, EXPECT_PREFIX_LISTS, "PrefixListIds", group_id, NULL);
    expect_member(reader, at, EXPECT_PAIRS, "UserIdGroupPairs", group_id, NULL);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
static bool read_permission(struct reader *reader, const struct json_cursor *at, const char *group_id,
                            struct security_group_rule *rule)
{
    rule->index = at->index;
    rule->high = PORT_LAST;
    GUARD(read_protocol(reader, at, "IpProtocol", &rule->protocol));
    if (protocol_has_ports(rule->protocol))
        GUARD(read_ports(reader, at, "FromPort", "ToPort", &rule->low, &rule->high));
    else if (protocol_is_icmp(rule->protocol))
        GUARD(read_icmp(reader, at, "FromPort", "ToPort", &rule->low, &rule->high));
    size_t room = (size_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(at->node, "IpRanges")) +
                  (size_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(at->node, "Ipv6Ranges"));
    vector_room(reader->arena, &rule->prefixes, room);
    expect_peers(reader, at, group_id);
    return each_if_present(reader, at, "IpRanges", read_group_prefix, rule) &&
           each_if_present(reader, at, "Ipv6Ranges", read_group_prefix6, rule) &&
           each_if_present(reader, at, "UserIdGroupPairs", read_group_pair, rule) &&
           each_if_present(reader, at, "PrefixListIds", read_group_prefix_list, rule);
}

static bool read_ingress(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct security_group *group = into;
    struct security_group_rule rule = {0};
    GUARD(read_permission(reader, at, group->id, &rule));
    *vector_add(reader->arena, &group->ingress) = rule;
    return true;
}

static bool read_egress(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct security_group *group = into;
    struct security_group_rule rule = {0};
    GUARD(read_permission(reader, at, group->id, &rule));
    *vector_add(reader->arena, &group->egress) = rule;
    return true;
}

static void read_own_group(struct reader *reader, const struct json_cursor *at, struct security_group *group)
{
    const char *arn = NULL, *region = NULL;
    group->record = reader->record;
    group->evidence = reader->name;
    group->reference = evidence_of(reader, at);
    reader->doubt = NULL; // its name decides nothing
    lenient_text(reader, at, "GroupName", &group->name);
    reader->doubt = &group->doubt;
    lenient_text(reader, at, "VpcId", &group->vpc_id);
    lenient_text(reader, at, "OwnerId", &group->account_id);
    lenient_text(reader, at, "SecurityGroupArn", &arn);
    doubt_arn(reader, at, "SecurityGroupArn", group->id, group->account_id, NULL);
    place_of_arn(reader, arn, &group->account_id, &region);
    seen_at(reader, group->account_id, region, group->vpc_id);
    vector_room(reader->arena, &group->ingress,
                (size_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(at->node, "IpPermissions")));
    each_of(reader, at, "IpPermissions", read_ingress, group);
    const char *egress_doubt = NULL;
    reader->doubt = &egress_doubt; // what leaves decides nothing of what comes in
    group->has_egress = json_member(at, "IpPermissionsEgress").node != NULL;
    each_if_present(reader, at, "IpPermissionsEgress", read_egress, group);
    group->has_egress = group->has_egress && egress_doubt == NULL;
    group->egress_doubt = egress_doubt;
}

bool read_security_group(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct security_group *group = arena_new_of(reader->arena, struct security_group);
    GUARD(interned_of(reader, at, "GroupId", &group->id));
    struct security_group *old = map_get(&reader->estate->security_groups, group->id);
    if (old != NULL && record_agrees(reader, at, old->record, group->id, &old->doubt))
        return true;
    read_own_group(reader, at, group);
    if (old == NULL)
        map_put(reader->arena, &reader->estate->security_groups, group->id, group);
    else
        unite_groups(old, group);
    return true;
}

static bool read_record_peer(struct reader *reader, const struct json_cursor *at, struct rule_record *record)
{
    struct json_cursor group = json_member(at, "ReferencedGroupInfo");
    if (json_member(at, "CidrIpv4").node != NULL)
        return read_prefix(reader, at, "CidrIpv4", FAMILY_IPV4, &record->prefix);
    if (json_member(at, "CidrIpv6").node != NULL)
        return read_prefix(reader, at, "CidrIpv6", FAMILY_IPV6, &record->prefix);
    if (json_member(at, "PrefixListId").node != NULL)
        return json_string(reader->arena, at, "PrefixListId", &record->peer, reader->error);
    GUARD(json_expect_object(&group, reader->error));
    return json_string(reader->arena, &group, "GroupId", &record->peer, reader->error);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html
static bool read_record(struct reader *reader, const struct json_cursor *at, const char **group,
                        struct rule_record *record)
{
    struct arena *arena = reader->arena;
    const char *protocol = NULL;
    GUARD(json_string(arena, at, "SecurityGroupRuleId", &record->id, reader->error) &&
          json_string(reader->scratch, at, "GroupId", group, reader->error) &&
          json_string(reader->scratch, at, "IpProtocol", &protocol, reader->error) &&
          json_boolean(at, "IsEgress", &record->egress, reader->error) &&
          json_optional_string(arena, at, "Description", &record->description, reader->error) &&
          read_protocol(reader, at, "IpProtocol", &record->protocol));
    record->high = PORT_LAST;
    if (protocol_has_ports(record->protocol))
        GUARD(read_ports(reader, at, "FromPort", "ToPort", &record->low, &record->high));
    else if (protocol_is_icmp(record->protocol))
        GUARD(read_icmp(reader, at, "FromPort", "ToPort", &record->low, &record->high));
    *group = intern(reader, *group);
    return read_record_peer(reader, at, record);
}

// It names what IpPermissions say: one that is not understood costs a name. What of it they do not say, or it of
// them, rule_records.c settles.
bool read_security_group_rule(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct rule_record record = {0};
    const char *group;
    (void)into;
    if (read_record(reader, at, &group, &record)) {
        estate_add_rule_record(reader->estate, group, &record);
        return true;
    }
    *vector_add(reader->arena, &reader->estate->notes) =
        arena_printf(reader->arena, "%s; no rule is named by it", reader->error->message);
    *reader->error = (struct error){0};
    reader->documents->odd_rule_record = true;
    return true;
}

// Up to 32766; AWS's own last entries are 32767 and, for IPv6, 32768.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html
enum { RULE_NUMBER_FIRST = 1, RULE_NUMBER_LAST = 32768 };

static bool read_entry_prefix(struct reader *reader, const struct json_cursor *at, struct network_acl_entry *entry)
{
    if (json_member(at, "CidrBlock").node != NULL && json_member(at, "Ipv6CidrBlock").node != NULL)
        return json_fail(at, reader->error, "has both CidrBlock and Ipv6CidrBlock, expected one");
    if (member_of(reader, at, "Ipv6CidrBlock").node != NULL)
        return read_prefix(reader, at, "Ipv6CidrBlock", FAMILY_IPV6, &entry->prefix);
    return read_prefix(reader, at, "CidrBlock", FAMILY_IPV4, &entry->prefix);
}

static bool has_both(struct reader *reader, const struct json_cursor *object, const char *a, const char *b)
{
    return (json_member(object, a).node != NULL && json_member(object, b).node != NULL) ||
           json_fail(object, reader->error, "lacks %s or %s, which say what is denied", a, b);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkAclEntry.html
static bool read_acl_entry(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct network_acl *acl = into;
    struct network_acl_entry entry = {.high = PORT_LAST};
    long number;
    const char *action;
    struct json_cursor range = member_of(reader, at, "PortRange"), icmp = member_of(reader, at, "IcmpTypeCode");
    GUARD(json_integer(at, "RuleNumber", RULE_NUMBER_FIRST, RULE_NUMBER_LAST, &number, reader->error));
    entry.number = (int)number;
    GUARD(json_boolean(at, "Egress", &entry.egress, reader->error));
    GUARD(json_borrow_string(at, "RuleAction", &action, reader->error));
    entry.allow = action != NULL && strcmp(action, "allow") == 0;
    if (!entry.allow && (action == NULL || strcmp(action, "deny") != 0)) {
        struct json_cursor wrong = member_of(reader, at, "RuleAction");
        return json_fail(&wrong, reader->error, "is %s, expected \"allow\" or \"deny\"",
                         action == NULL ? "missing" : action);
    }
    GUARD(read_protocol(reader, at, "Protocol", &entry.protocol));
    if (protocol_has_ports(entry.protocol) && range.node != NULL) {
        GUARD(json_expect_object(&range, reader->error));
        GUARD(read_ports(reader, &range, "From", "To", &entry.low, &entry.high));
    } else if (protocol_is_icmp(entry.protocol) && icmp.node != NULL) {
        GUARD(json_expect_object(&icmp, reader->error));
        GUARD(read_icmp(reader, &icmp, "Type", "Code", &entry.low, &entry.high));
    }
    // Without its numbers an entry would deny more than it may say. (That an entry allows too much is no clean answer.)
    if (!entry.allow && protocol_has_ports(entry.protocol))
        GUARD(has_both(reader, &range, "From", "To"));
    if (!entry.allow && protocol_is_icmp(entry.protocol))
        GUARD(has_both(reader, &icmp, "Type", "Code"));
    GUARD(read_entry_prefix(reader, at, &entry));
    *vector_add(reader->arena, &acl->entries) = entry;
    return true;
}

static bool read_acl_association(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct network_acl *acl = into;
    const char *subnet_id, *acl_id = text_beside(reader, at, "NetworkAclId");
    GUARD(interned_of(reader, at, "SubnetId", &subnet_id));
    if (subnet_id[0] == '\0')
        return json_fail(at, reader->error, "has an empty SubnetId");
    if (acl->id != NULL && acl_id != NULL && strcmp(acl_id, acl->id) != 0)
        doubt_at(reader, at, "is an association of %s, in the record of %s: neither is believed alone", acl_id,
                 acl->id);
    put_alone(reader, &reader->estate->acl_of_subnet, subnet_id, acl, &acl->doubt, offsetof(struct network_acl, doubt),
              "a network ACL of");
    return true;
}

static int by_rule_number(const void *left, const void *right)
{
    const struct network_acl_entry *a = left, *b = right;
    return a->number < b->number ? -1 : a->number > b->number;
}

// Two entries of one number that differ: which of them decides is not known.
static void doubt_equal_numbers(struct reader *reader, const struct json_cursor *at, const struct network_acl *acl)
{
    for (size_t i = 0; i < acl->entries.count; i++) {
        const struct network_acl_entry *a = &acl->entries.items[i], *b = a + 1;
        for (; b < acl->entries.items + acl->entries.count && b->number == a->number; b++)
            if (a->egress == b->egress && a->prefix.family == b->prefix.family && a->allow != b->allow) {
                doubt_at(reader, at, "two entries are numbered %d", a->number);
                return;
            }
    }
}

bool read_network_acl(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct network_acl *acl = arena_new_of(reader->arena, struct network_acl);
    const char *owner = NULL, *vpc_id = NULL;
    bool is_default = false;
    GUARD(interned_of(reader, at, "NetworkAclId", &acl->id));
    struct network_acl *old = map_get(&reader->estate->network_acls, acl->id);
    if (old != NULL && record_agrees(reader, at, old->record, acl->id, &old->doubt))
        return true;
    acl = old != NULL ? old : acl;
    reader->doubt = &acl->doubt;
    lenient_text(reader, at, "VpcId", &vpc_id);
    lenient_text(reader, at, "OwnerId", &owner);
    lenient_boolean(reader, at, "IsDefault", &is_default);
    seen_at(reader, owner, NULL, vpc_id);
    acl->vpc_id = old == NULL || text_same(vpc_id, acl->vpc_id) ? vpc_id : NULL;
    acl->is_default = acl->is_default || is_default;
    struct network_acl again = {0};
    if (old != NULL) // it is doubtful now: read for what else is odd
        each_of(reader, at, "Entries", read_acl_entry, &again);
    if (old == NULL) {
        acl->record = reader->record;
        acl->evidence = reader->name;
        acl->reference = evidence_of(reader, at);
        each_of(reader, at, "Entries", read_acl_entry, acl);
        if (acl->entries.count > 1)
            qsort(acl->entries.items, acl->entries.count, sizeof(*acl->entries.items), by_rule_number);
        doubt_equal_numbers(reader, at, acl);
        map_put(reader->arena, &reader->estate->network_acls, acl->id, acl);
    }
    each_of(reader, at, "Associations", read_acl_association, acl);
    if (is_default && vpc_id != NULL)
        put_alone(reader, &reader->estate->default_acl_of_vpc, vpc_id, acl, &acl->doubt,
                  offsetof(struct network_acl, doubt), "the default network ACL of");
    return true;
}
