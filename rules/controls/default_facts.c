// Facts of what each VPC has by default, its security group and its network ACL, and of network ACLs.
#include "model/protocol.h"
#include "rules/controls/group_facts.h"
#include "rules/controls/group_fix.h"
#include "rules/reach/network_acl.h"

static const char *const none[] = {NULL};

// ---- What each VPC has, since nobody can delete it: that a document does not tell of it is no sign that it is not
// there https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html

static bool has_default_group(const struct estate *estate, const char *vpc)
{
    for (size_t i = 0; i < estate->security_groups.size; i++) {
        const struct security_group *group = estate->security_groups.slots[i].value;
        if (group != NULL && text_same(group->vpc_id, vpc) && security_group_is_named(group, "default"))
            return true;
    }
    return false;
}

// https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html
static bool has_default_acl(const struct estate *estate, const char *vpc)
{
    return map_get(&estate->default_acl_of_vpc, vpc) != NULL;
}

// Of VPCs that belong to who was asked: guests of a shared VPC are not shown what is its owner's. How many lack it.
static size_t needs_of_each_vpc(struct inquiry *inquiry, enum kind kind, const char *what,
                                bool (*has)(const struct estate *estate, const char *vpc))
{
    const struct estate *estate = inquiry->input->estate;
    map_slots homes = map_sorted(inquiry->arena, &estate->vpc_homes);
    size_t lacking = 0;
    for (size_t i = 0; i < homes.count; i++) {
        const struct vpc_home *home = homes.items[i]->value;
        const char *vpc = homes.items[i]->key;
        bool foreign = home->owner != NULL && home->region != NULL &&
                       estate_completeness(estate, kind, home->owner, home->region) <= COMPLETENESS_DENIED;
        if (foreign || strcmp(vpc, VPC_UNKNOWN) == 0 || has(estate, vpc))
            continue;
        lacking++;
        answer_missing(inquiry, "the %s of %s", what, vpc);
    }
    return lacking;
}

static void default_groups_closed(struct inquiry *inquiry)
{
    size_t count, good = 0, all = 0;
    const struct estate *estate = inquiry->input->estate;
    if (!fact_has_kind(inquiry, KIND_SECURITY_GROUPS, "SecurityGroups"))
        return;
    void **groups = map_values(inquiry->arena, &estate->security_groups, &count);
    for (size_t i = 0; i < count; i++) {
        const struct security_group *group = groups[i];
        if (!security_group_is_named(group, "default"))
            continue;
        all++;
        if (group->ingress.count + group->egress.count > 0) {
            answer(inquiry, CONTROL_FAIL, group->id, group->reference,
                   "the default group of %s has %u inbound and %u outbound rules%s",
                   group->vpc_id == NULL ? "its VPC" : group->vpc_id, group->ingress.count, group->egress.count,
                   group_no_use(inquiry, group));
            const char *in =
                group_fix_rules(inquiry->arena, estate, group, false, group->ingress.items, group->ingress.count);
            const char *out =
                group_fix_rules(inquiry->arena, estate, group, true, group->egress.items, group->egress.count);
            if ((in != NULL || group->ingress.count == 0) && (out != NULL || group->egress.count == 0))
                answer_fix(inquiry, "%s%s%s", in == NULL ? "" : in, in == NULL || out == NULL ? "" : " && ",
                           out == NULL ? "" : out);
        } else if (!group->has_egress)
            answer_missing(inquiry, "IpPermissionsEgress of %s", group->id);
        else if (group->doubt != NULL || group->egress_doubt != NULL)
            answer_missing(inquiry, "%s", group->doubt != NULL ? group->doubt : group->egress_doubt);
        else
            good++;
    }
    all += needs_of_each_vpc(inquiry, KIND_SECURITY_GROUPS, "default security group", has_default_group);
    answer_rest(inquiry, good, "default security group", "default security groups", "without rules");
    if (all == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "default security groups", NULL, "the snapshot holds none");
}

// ---- Network ACLs

// The sources that entries name, at the ports where each of them is first to match some packet: an entry for anywhere
// is one for anywhere, whatever part of it an entry above denies.
// https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-21
static struct portmap allowed_by_entries(struct arena *arena, const struct acl_view *view)
{
    VECTOR(struct port_segment) segments = {0};
    for (size_t i = 0; i < view->part_count; i++)
        for (size_t s = 0; s < view->parts[i].first.count; s++) {
            const struct port_segment *first = &view->parts[i].first.segments[s];
            *vector_add(arena, &segments) = (struct port_segment){
                first->low, first->high, prefixset_of(arena, view->parts[i].reason.entry->prefix)};
        }
    return portmap_from(arena, segments.items, segments.count);
}

// The entries that allow some of the ports, first to match; "entry 100", "entries 100, 110". The last two are AWS's
// own.
static const char *open_entries(struct inquiry *inquiry, const struct network_acl *acl, const struct acl_view *view,
                                struct portset open, const char **fix)
{
    struct arena *arena = inquiry->arena;
    const struct vpc_home *home = acl->vpc_id == NULL ? NULL : map_get(&inquiry->input->estate->vpc_homes, acl->vpc_id);
    const char *numbers = "", *commands = "", *region = fix_region(arena, home == NULL ? NULL : home->region);
    size_t count = 0;
    int last = -1;
    for (size_t i = 0; i < view->part_count; i++) {
        const struct network_acl_entry *entry = view->parts[i].reason.entry;
        bool opens = false;
        for (size_t s = 0; s < view->parts[i].first.count; s++)
            opens = opens || !portset_is_empty(portset_intersect(arena, open,
                                                                 portset_of(arena, view->parts[i].first.segments[s].low,
                                                                            view->parts[i].first.segments[s].high)));
        if (!opens || entry->number == last)
            continue;
        last = entry->number;
        numbers = arena_printf(arena, "%s%s%d", numbers, count == 0 ? "" : ", ", entry->number);
        commands =
            arena_printf(arena, "%s%saws ec2 delete-network-acl-entry%s --network-acl-id %s --ingress --rule-number %d",
                         commands, count == 0 ? "" : " && ", region, acl->id, entry->number);
        count++;
    }
    *fix = count > 0 && count <= 8 && fix_is_plain(acl->id) ? commands : NULL;
    return arena_printf(arena, "%s %s", count == 1 ? "entry" : "entries", numbers);
}

// Of TCP or UDP; a rule of all protocols is of both.
static bool acl_opens(struct inquiry *inquiry, const struct network_acl *acl, enum family family, int protocol)
{
    struct acl_view view = network_acl_view(inquiry->arena, acl, false, family, protocol);
    struct portmap allowed = allowed_by_entries(inquiry->arena, &view);
    struct portset open = portset_intersect(inquiry->arena, group_ports_of_anywhere(inquiry->arena, allowed, family),
                                            fact_ports(inquiry, "ports", "22,3389"));
    if (portset_is_empty(open))
        return false;
    const char *fix, *entries = open_entries(inquiry, acl, &view, open, &fix);
    answer(inquiry, CONTROL_FAIL, acl->id, acl->reference, "allows %s in to %s ports %s: %s",
           (family == FAMILY_IPV4 ? "0.0.0.0/0" : "::/0"), protocol == PROTOCOL_TCP ? "TCP" : "UDP",
           portset_format(inquiry->arena, open), entries);
    if (fix != NULL)
        answer_fix(inquiry, "%s", fix);
    return true;
}

static bool acl_fails(struct inquiry *inquiry, const struct network_acl *acl)
{
    const int protocols[] = {PROTOCOL_TCP, PROTOCOL_UDP};
    bool fails = false;
    for (int f = 0; f < 2; f++)
        for (int p = 0; p < 2; p++) {
            enum family family = f == 0 ? FAMILY_IPV4 : FAMILY_IPV6;
            if (fact_asks_family(inquiry, family) && fact_asks_protocol(inquiry, protocols[p]))
                fails = acl_opens(inquiry, acl, family, protocols[p]) || fails;
        }
    if (acl->doubt != NULL)
        answer_missing(inquiry, "%s", acl->doubt);
    return fails;
}

static void acls_closed_to_anywhere(struct inquiry *inquiry)
{
    size_t count, good = 0, spared = 0;
    bool defaults = fact_flag(inquiry, "defaults", true);
    if (!fact_has_kind(inquiry, KIND_NETWORK_ACLS, "NetworkAcls"))
        return;
    void **acls = map_values(inquiry->arena, &inquiry->input->estate->network_acls, &count);
    for (size_t i = 0; i < count; i++) {
        const struct network_acl *acl = acls[i];
        if (acl->is_default && !defaults)
            spared++;
        else
            good += !acl_fails(inquiry, acl);
    }
    size_t lacking =
        defaults ? needs_of_each_vpc(inquiry, KIND_NETWORK_ACLS, "default network ACL", has_default_acl) : 0;
    answer_rest(inquiry, good, "network ACL", "network ACLs", "none allows anywhere in to these ports");
    if (spared > 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE,
               arena_printf(inquiry->arena, "%zu default network ACL%s", spared, spared == 1 ? "" : "s"), NULL,
               "not asked about here");
    if (count + lacking == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "network ACLs", NULL, "there are none");
}

const struct fact default_facts[] = {
    {"default-groups-closed", false, none, default_groups_closed},
    {"acls-closed-to-anywhere", false,
     (const char *const[]){"ports=ports", "family=both|ipv4|ipv6", "protocols=both|tcp|udp", "defaults=flag", NULL},
     acls_closed_to_anywhere},
    {NULL, false, NULL, NULL},
};
