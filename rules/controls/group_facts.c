// Facts of security groups, as Security Hub and CIS ask them. "Anywhere" goes by the size of the set
// of sources, not by its spelling: prefixset_is_anywhere.
#include "rules/controls/group_facts.h"

#include <math.h>

#include "model/protocol.h"
#include "rules/controls/group_fix.h"
#include "service_ports.h"

static const char *const none[] = {NULL};

struct portset group_ports_of_anywhere(struct arena *arena, struct portmap map, enum family family)
{
    struct portset open = portset_empty;
    for (size_t i = 0; i < map.count; i++)
        if (prefixset_is_anywhere(family, map.segments[i].sources))
            open = portset_union(arena, open, portset_of(arena, map.segments[i].low, map.segments[i].high));
    return open;
}

static struct portmap group_map(struct arena *arena, const struct group_admissions *admissions, int protocol)
{
    VECTOR(struct port_segment) segments = {0};
    for (size_t i = 0; i < admissions->count; i++) {
        const struct admission *rule = &admissions->items[i];
        if (rule->protocol == PROTOCOL_ANY || rule->protocol == protocol)
            *vector_add(arena, &segments) = (struct port_segment){rule->low, rule->high, rule->sources};
    }
    return portmap_from(arena, segments.items, segments.count);
}

static const char *family_text(enum family family)
{
    return family == FAMILY_IPV4 ? "0.0.0.0/0" : "::/0";
}

static const char *protocol_text(int protocol)
{
    return protocol == PROTOCOL_TCP ? "TCP" : "UDP";
}

struct portset group_open_ports(struct inquiry *inquiry, struct group_cache *cache, const char *group, int protocol,
                                enum family family)
{
    const struct group_admissions *admissions = security_group_resolve(cache, group, family);
    if (admissions->missing != NULL)
        answer_missing(inquiry, "%s", admissions->missing->text);
    for (size_t i = 0; i < admissions->count; i++)
        if (admissions->items[i].doubt != NULL)
            answer_missing(inquiry, "%s", admissions->items[i].doubt->text);
    return group_ports_of_anywhere(inquiry->arena, group_map(inquiry->arena, admissions, protocol), family);
}

// ---- Groups that no interface has

static void find_used_groups(struct inquiry *inquiry)
{
    const struct estate *estate = inquiry->input->estate;
    struct fact_memory *memory = inquiry->memory;
    const struct group_set *last = NULL;
    memory->groups_told = true;
    memory->interfaces_known = estate_has(estate, KIND_NETWORK_INTERFACES);
    for (size_t i = 0; i < estate->completeness.count; i++)
        if (estate->completeness.items[i].demanded &&
            estate->completeness.items[i].lacks[KIND_NETWORK_INTERFACES] != NULL)
            memory->interfaces_known = false;
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        const struct group_set *set = estate->interfaces.items[i]->groups;
        if (set == NULL)
            memory->interfaces_known = false; // which groups it has is not told
        for (size_t g = 0; set != last && set != NULL && g < set->count; g++)
            map_put(inquiry->arena, &memory->used_groups, set->ids[g], memory);
        last = set;
    }
}

bool group_protects_nothing(struct inquiry *inquiry, const char *group)
{
    if (!inquiry->memory->groups_told)
        find_used_groups(inquiry);
    return inquiry->memory->interfaces_known && map_get(&inquiry->memory->used_groups, group) == NULL;
}

const char *group_no_use(struct inquiry *inquiry, const struct security_group *group)
{
    return group_protects_nothing(inquiry, group->id) ? "; it protects nothing: no interface has it" : "";
}

static bool is_unused(struct inquiry *inquiry, struct group_cache *cache, const struct security_group *group)
{
    (void)cache;
    bool own = !security_group_is_named(group, "default"); // that one cannot be deleted
    if (!own || !group_protects_nothing(inquiry, group->id))
        return false;
    answer(inquiry, CONTROL_FAIL, group->id, group->reference, "no interface has it");
    if (fix_is_plain(group->id)) {
        const struct vpc_home *home = map_get(&inquiry->input->estate->vpc_homes, group->vpc_id);
        answer_fix(inquiry, "aws ec2 delete-security-group%s --group-id %s",
                   fix_region(inquiry->arena, home == NULL ? NULL : home->region), group->id);
    }
    return true;
}

// ---- Security groups

typedef bool (*group_answer)(struct inquiry *inquiry, struct group_cache *cache, const struct security_group *group);

static void of_each_group(struct inquiry *inquiry, group_answer fails, const char *detail)
{
    struct group_cache cache = {.arena = inquiry->arena, .estate = inquiry->input->estate};
    size_t count, good = 0;
    if (!fact_has_kind(inquiry, KIND_SECURITY_GROUPS, "SecurityGroups"))
        return;
    void **groups = map_values(inquiry->arena, &inquiry->input->estate->security_groups, &count);
    for (size_t i = 0; i < count; i++)
        good += !fails(inquiry, &cache, groups[i]);
    answer_rest(inquiry, good, "security group", "security groups", detail);
    if (count == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "security groups", NULL, "there are none");
}

static void groups_in_use(struct inquiry *inquiry)
{
    if (!fact_has_kind(inquiry, KIND_NETWORK_INTERFACES, "NetworkInterfaces"))
        return;
    of_each_group(inquiry, is_unused, "each on an interface, or the VPC's default one");
}

// "6379 (Redis), 9092": the services on single ports that are known.
static const char *with_names(struct arena *arena, struct portset ports)
{
    static const struct {
        uint16_t port;
        const char *name;
    } names[] = {GUARDED_NAMES};
    const char *text = "";
    for (size_t i = 0; i < ports.count; i++) {
        const char *name = NULL;
        for (size_t n = 0; n < sizeof(names) / sizeof(names[0]) && ports.ranges[i].low == ports.ranges[i].high; n++)
            name = names[n].port == ports.ranges[i].low ? names[n].name : name;
        const char *range = portset_format(arena, portset_of(arena, ports.ranges[i].low, ports.ranges[i].high));
        text = arena_printf(arena, "%s%s%s%s%s%s", text, i == 0 ? "" : ",", range, name == NULL ? "" : " (",
                            name == NULL ? "" : name, name == NULL ? "" : ")");
    }
    return text;
}

static bool opens_ports(struct inquiry *inquiry, struct group_cache *cache, const struct security_group *group,
                        int protocol, struct portset ports, bool but)
{
    struct arena *arena = inquiry->arena;
    bool fails = false;
    for (int f = 0; f < 2; f++) {
        enum family family = f == 0 ? FAMILY_IPV4 : FAMILY_IPV6;
        if (!fact_asks_family(inquiry, family))
            continue;
        struct portset open = group_open_ports(inquiry, cache, group->id, protocol, family);
        open = but ? portset_subtract(arena, open, ports) : portset_intersect(arena, open, ports);
        if (portset_is_empty(open))
            continue;
        answer(inquiry, CONTROL_FAIL, group->id, group->reference, "admits %s to %s ports %s%s", family_text(family),
               protocol_text(protocol), with_names(arena, open), group_no_use(inquiry, group));
        const char *fix = group_fix_anywhere(arena, inquiry->input->estate, group, family, protocol, open);
        if (fix != NULL)
            answer_fix(inquiry, "%s", fix);
        fails = true;
    }
    return fails;
}

// The ports that are asked about; "services": those of administration and databases (service-ports.json).
static struct portset asked_ports(struct inquiry *inquiry)
{
    struct portset ports = portset_empty;
    if (!fact_flag(inquiry, "services", false))
        return fact_ports(inquiry, "ports", "22,3389");
    portset_parse(inquiry->arena, GUARDED_PORTS, &ports);
    return ports;
}

static bool group_opens_to_anywhere(struct inquiry *inquiry, struct group_cache *cache,
                                    const struct security_group *group)
{
    struct portset ports = asked_ports(inquiry);
    bool fails = false;
    if (fact_asks_protocol(inquiry, PROTOCOL_TCP))
        fails = opens_ports(inquiry, cache, group, PROTOCOL_TCP, ports, false);
    if (fact_asks_protocol(inquiry, PROTOCOL_UDP))
        fails = opens_ports(inquiry, cache, group, PROTOCOL_UDP, ports, false) || fails;
    return fails;
}

static void groups_closed_to_anywhere(struct inquiry *inquiry)
{
    bool tcp = fact_asks_protocol(inquiry, PROTOCOL_TCP), udp = fact_asks_protocol(inquiry, PROTOCOL_UDP);
    of_each_group(inquiry, group_opens_to_anywhere,
                  arena_printf(inquiry->arena, "none admits anywhere to %s ports %s",
                               tcp && udp ? "TCP or UDP"
                               : tcp      ? "TCP"
                                          : "UDP",
                               portset_format(inquiry->arena, asked_ports(inquiry))));
}

static bool group_opens_more(struct inquiry *inquiry, struct group_cache *cache, const struct security_group *group)
{
    bool tcp = opens_ports(inquiry, cache, group, PROTOCOL_TCP, fact_ports(inquiry, "tcp_ports", "80,443"), true);
    return opens_ports(inquiry, cache, group, PROTOCOL_UDP, fact_ports(inquiry, "udp_ports", ""), true) || tcp;
}

static void groups_open_only_on(struct inquiry *inquiry)
{
    of_each_group(inquiry, group_opens_more, "none admits anywhere to other ports");
}

// Which ports are not open to anywhere, port 0 aside: "every port" is all but less than a third of them, as "anywhere"
// is of the internet.
static bool has_every_port(struct arena *arena, const struct port_segment *segments, size_t count, enum family family,
                           struct portset *left)
{
    struct portset open = group_ports_of_anywhere(arena, portmap_from(arena, segments, count), family);
    *left = portset_subtract(arena, portset_of(arena, 1, PORT_LAST), open);
    return portset_size(*left) * 3 < PORT_LAST;
}

// Peers of a family that a rule names: addresses, and what is in prefix lists.
static struct prefixset peers_of(struct inquiry *inquiry, struct group_cache *cache,
                                 const struct security_group_rule *rule, enum family family)
{
    struct prefixset peers = prefixset_empty;
    for (size_t p = 0; p < rule->prefixes.count; p++)
        if ((enum family)rule->prefixes.items[p].family == family)
            peers = prefixset_union(inquiry->arena, peers, prefixset_of(inquiry->arena, rule->prefixes.items[p]));
    for (size_t p = 0; p < rule->prefix_lists.count; p++) {
        const struct reason *doubt = NULL;
        const struct prefixset *list = security_group_list(cache, rule->prefix_lists.items[p], family, &doubt);
        if (list != NULL)
            peers = prefixset_union(inquiry->arena, peers, *list);
        else if (doubt != NULL)
            answer_missing(inquiry, "%s", doubt->text);
    }
    return peers;
}

struct group_hole group_hole_of(struct inquiry *inquiry, struct group_cache *cache,
                                const struct security_group_rule *rules, size_t count)
{
    static const struct {
        int protocol;
        const char *what;
    } asked[] = {{PROTOCOL_ANY, "everything"}, {PROTOCOL_TCP, "every TCP port"}, {PROTOCOL_UDP, "every UDP port"}};
    for (size_t a = 0; a < sizeof(asked) / sizeof(asked[0]); a++)
        for (int f = 0; f < 2; f++) {
            enum family family = f == 0 ? FAMILY_IPV4 : FAMILY_IPV6;
            VECTOR(struct port_segment) segments = {0};
            for (size_t i = 0; i < count; i++) {
                const struct security_group_rule *rule = &rules[i];
                if (rule->protocol != PROTOCOL_ANY && rule->protocol != asked[a].protocol)
                    continue;
                *vector_add(inquiry->arena, &segments) =
                    (struct port_segment){rule->low, rule->high, peers_of(inquiry, cache, rule, family)};
                struct portset left;
                if (!has_every_port(inquiry->arena, segments.items, segments.count, family, &left))
                    continue;
                const char *what = portset_is_empty(left) ? asked[a].what
                                                          : arena_printf(inquiry->arena, "%s but %s", asked[a].what,
                                                                         portset_format(inquiry->arena, left));
                return (struct group_hole){rule, what};
            }
        }
    return (struct group_hole){0};
}

static bool inbound_is_undefined(struct inquiry *inquiry, struct group_cache *cache, const struct security_group *group)
{
    struct group_hole hole = group_hole_of(inquiry, cache, group->ingress.items, group->ingress.count);
    if (hole.rule == NULL)
        return false;
    answer(inquiry, CONTROL_FAIL, group->id, group->reference, "rule %zu admits %s from everywhere%s", hole.rule->index,
           hole.what, group_no_use(inquiry, group));
    const char *fix = group_fix_rules(inquiry->arena, inquiry->input->estate, group, false, hole.rule, 1);
    if (fix != NULL)
        answer_fix(inquiry, "%s", fix);
    return true;
}

static void inbound_is_defined(struct inquiry *inquiry)
{
    of_each_group(inquiry, inbound_is_undefined, "none admits everything from everywhere, or every port of TCP or UDP");
}

static bool outbound_is_undefined(struct inquiry *inquiry, struct group_cache *cache,
                                  const struct security_group *group)
{
    struct group_hole hole = group_hole_of(inquiry, cache, group->egress.items, group->egress.count);
    if (!group->has_egress)
        answer_missing(inquiry, "IpPermissionsEgress of %s", group->id);
    if (hole.rule == NULL)
        return !group->has_egress;
    answer(inquiry, CONTROL_FAIL, group->id, group->reference, "outbound rule %zu allows %s to everywhere%s",
           hole.rule->index, hole.what, group_no_use(inquiry, group));
    const char *fix = group_fix_rules(inquiry->arena, inquiry->input->estate, group, true, hole.rule, 1);
    if (fix != NULL)
        answer_fix(inquiry, "%s", fix);
    return true;
}

static void outbound_is_defined(struct inquiry *inquiry)
{
    of_each_group(inquiry, outbound_is_undefined, "none allows everything to everywhere, or every port of TCP or UDP");
}

// ---- Sources that are wide without being the world

// How many addresses of the internet a set holds; of IPv6, how many /64.
static double wideness(struct arena *arena, enum family family, struct prefixset set)
{
    size_t count;
    double sum = 0;
    struct prefixset public = prefixset_intersect(arena, set, prefixset_internet(arena, family));
    struct prefix *prefixes = prefixset_prefixes(arena, family, public, &count);
    for (size_t i = 0; i < count; i++)
        sum += ldexp(1, (family == FAMILY_IPV4 ? 32 : 64) - (int)prefixes[i].length);
    return sum;
}

static bool admits_widely(struct inquiry *inquiry, struct group_cache *cache, const struct security_group *group)
{
    struct arena *arena = inquiry->arena;
    const double most[] = {(double)fact_number(inquiry, "ipv4_addresses", 65536),
                           (double)fact_number(inquiry, "ipv6_networks", 65536)};
    bool fails = false;
    for (int f = 0; f < 2; f++) {
        enum family family = f == 0 ? FAMILY_IPV4 : FAMILY_IPV6;
        const struct group_admissions *admissions = security_group_resolve(cache, group->id, family);
        if (admissions->missing != NULL)
            answer_missing(inquiry, "%s", admissions->missing->text);
        const int protocols[] = {PROTOCOL_TCP, PROTOCOL_UDP};
        for (int p = 0; p < 2; p++) {
            struct portmap map = group_map(arena, admissions, protocols[p]);
            struct portset wide = portset_empty;
            double widest = 0;
            for (size_t i = 0; i < map.count; i++) {
                double size = wideness(arena, family, map.segments[i].sources);
                if (size <= most[f] || prefixset_is_anywhere(family, map.segments[i].sources))
                    continue;
                wide = portset_union(arena, wide, portset_of(arena, map.segments[i].low, map.segments[i].high));
                widest = size > widest ? size : widest;
            }
            if (portset_is_empty(wide))
                continue;
            fails = true;
            answer(inquiry, CONTROL_FAIL, group->id, group->reference,
                   "admits %.0f %s of the internet to %s ports %s: more than %.0f%s", widest,
                   family == FAMILY_IPV4 ? "IPv4 addresses" : "IPv6 networks (/64)", protocol_text(protocols[p]),
                   portset_format(arena, wide), most[f], group_no_use(inquiry, group));
        }
        for (size_t i = 0; i < admissions->count; i++)
            if (admissions->items[i].doubt != NULL)
                answer_missing(inquiry, "%s", admissions->items[i].doubt->text);
    }
    return fails;
}

static void sources_are_narrow(struct inquiry *inquiry)
{
    of_each_group(inquiry, admits_widely, "none admits a wide part of the internet (all of it is another control's)");
}

const struct fact group_facts[] = {
    {"groups-closed-to-anywhere", false,
     (const char *const[]){"ports=ports", "services=flag", "family=both|ipv4|ipv6", "protocols=both|tcp|udp", NULL},
     groups_closed_to_anywhere},
    {"groups-open-only-on", false,
     (const char *const[]){"tcp_ports=ports", "udp_ports=ports", "family=both|ipv4|ipv6", NULL}, groups_open_only_on},
    {"groups-define-inbound", false, none, inbound_is_defined},
    {"groups-define-outbound", false, none, outbound_is_defined},
    {"groups-in-use", false, none, groups_in_use},
    {"sources-not-wide", false, (const char *const[]){"ipv4_addresses=count", "ipv6_networks=count", NULL},
     sources_are_narrow},
    {NULL, false, NULL, NULL},
};
