// What was observed from inside, told of the groups of who asked (outbound) and of who was asked (inbound).
#include "model/protocol.h"
#include "rules/controls/group_table_parts.h"

// One end of what was asked.
struct party_end {
    struct address address;
    const struct group_set *groups; // NULL: none, as of a place outside
};

static bool holds(const struct group_set *set, const char *id)
{
    for (size_t i = 0; set != NULL && i < set->count; i++)
        if (strcmp(set->ids[i], id) == 0)
            return true;
    return false;
}

static bool any_holds(const struct prefix *prefixes, size_t count, struct address address)
{
    for (size_t i = 0; i < count; i++)
        if (prefixes[i].family == address.family && prefix_holds(prefixes[i], address))
            return true;
    return false;
}

// Whether a rule names the other end: by address, prefix list or group.
static bool names(const struct estate *estate, const struct security_group_rule *rule, const struct party_end *other)
{
    if (any_holds(rule->prefixes.items, rule->prefixes.count, other->address))
        return true;
    for (size_t i = 0; i < rule->prefix_lists.count; i++) {
        const struct prefix_list *list = map_get(&estate->prefix_lists, rule->prefix_lists.items[i]);
        if (list != NULL && any_holds(list->entries.items, list->entries.count, other->address))
            return true;
    }
    for (size_t i = 0; i < rule->groups.count; i++)
        if (holds(other->groups, rule->groups.items[i]))
            return true;
    return false;
}

// Ports of a verdict, or its echo, that a rule is about.
static struct port_range about(const struct security_group_rule *rule, const struct verdict *verdict)
{
    static const struct port_range nothing = {1, 0};
    uint16_t echo = verdict->protocol == PROTOCOL_ICMP ? 8 << 8 : 128 << 8;
    if (rule->protocol != PROTOCOL_ANY && rule->protocol != verdict->protocol)
        return nothing;
    if (!protocol_has_ports(verdict->protocol))
        return rule->low <= echo && rule->high >= echo ? (struct port_range){verdict->low, verdict->high} : nothing;
    return (struct port_range){rule->low > verdict->low ? rule->low : verdict->low,
                               rule->high < verdict->high ? rule->high : verdict->high};
}

static void count(struct group_access *access, const struct verdict *verdict, size_t ports)
{
    access->inside.asked += ports;
    access->inside.observed[verdict->observed] += ports;
    if (verdict->declared <= DECLARED_POSSIBLE)
        access->inside.reachable += ports;
}

// Tells it of every group of one end; what no rule of any of them is about is what they deny.
static void tell(const struct group_lines *lines, const struct verdict *verdict, const struct group_set *groups,
                 const struct party_end *other, bool outbound)
{
    struct arena *scratch = arena_new();
    VECTOR(struct port_range) told = {0};
    for (size_t g = 0; groups != NULL && g < groups->count; g++) {
        const struct group_holder *holder = map_get(lines->holders, groups->ids[g]);
        const security_group_rule_list *rules = holder == NULL ? NULL
                                                : outbound     ? &holder->group->egress
                                                               : &holder->group->ingress;
        for (size_t r = 0; rules != NULL && r < rules->count; r++) {
            struct port_range range = about(&rules->items[r], verdict);
            if (range.low > range.high || !names(lines->estate, &rules->items[r], other))
                continue;
            *vector_add(scratch, &told) = range;
            count(&lines->report->accesses.items[group_line(holder, outbound) + r], verdict,
                  (size_t)(range.high - range.low) + 1);
        }
    }
    size_t left =
        (size_t)(verdict->high - verdict->low) + 1 - portset_size(portset_from(scratch, told.items, told.count));
    for (size_t g = 0; groups != NULL && left > 0 && g < groups->count; g++) {
        const struct group_holder *holder = map_get(lines->holders, groups->ids[g]);
        if (holder == NULL || (outbound && !holder->group->has_egress))
            continue;
        size_t rules = outbound ? holder->group->egress.count : holder->group->ingress.count;
        count(&lines->report->accesses.items[group_line(holder, outbound) + rules], verdict, left);
    }
    arena_free(scratch);
}

void group_table_inside(const struct group_lines *lines, const struct inside_seen *seen)
{
    for (size_t v = 0; v < seen->verdicts->items.count; v++) {
        const struct verdict *verdict = &seen->verdicts->items.items[v];
        const struct endpoint *endpoint = exposure_endpoint(seen->view, verdict->address);
        if (verdict->observations.count == 0 || endpoint == NULL || verdict->asked_from == NULL)
            continue;
        const struct group_set *there = endpoint->outside ? NULL : endpoint->interface->groups;
        const struct party_end asker = {verdict->asked_from->address, seen->asker->groups},
                               asked = {verdict->address, there};
        tell(lines, verdict, seen->asker->groups, &asked, true);
        tell(lines, verdict, there, &asker, false);
    }
}
