#include "rules/controls/group_fix.h"

#include "model/protocol.h"

#include "rules/intent/suggest.h"

enum { WIDE_IPV4 = 8, WIDE_IPV6 = 16 }; // a block of this length or less is much of the internet

// Rules that are to go: by the ids of their records, else as permissions.
struct revocation {
    const char *ids;
    const char *permissions;
    struct prefixset sources;
};

static bool is_wide(struct prefix prefix)
{
    return prefix.length <= (prefix.family == FAMILY_IPV4 ? WIDE_IPV4 : WIDE_IPV6);
}

static void add_rule(struct arena *arena, const struct estate *estate, const char *group,
                     const struct security_group_rule *rule, enum family family, struct revocation *revocation)
{
    text_list prefixes = {0}, none = {0};
    for (size_t i = 0; i < rule->prefixes.count; i++) {
        const struct prefix prefix = rule->prefixes.items[i];
        char text[ADDRESS_TEXT];
        if (prefix.family != family || !is_wide(prefix))
            continue;
        revocation->sources = prefixset_union(arena, revocation->sources, prefixset_of(arena, prefix));
        const struct rule_record *record = estate_rule_record(estate, group, rule, false, &prefix, NULL);
        if (record != NULL && fix_is_plain(record->id)) {
            revocation->ids = arena_printf(arena, "%s %s", revocation->ids, record->id);
            continue;
        }
        prefix_format(prefix, text);
        text_list_add(arena, &prefixes, arena_strdup(arena, text));
    }
    if (prefixes.count == 0)
        return;
    const char *one = suggest_permission(arena, rule, family, &prefixes, &none);
    revocation->permissions =
        revocation->permissions[0] == '\0' ? one : arena_printf(arena, "%s, %s", revocation->permissions, one);
}

static const char *region_of(const struct estate *estate, const struct security_group *group)
{
    const struct vpc_home *home = map_get(&estate->vpc_homes, group->vpc_id);
    return home == NULL ? NULL : home->region;
}

static const char *command(struct arena *arena, const struct estate *estate, const struct security_group *group,
                           bool egress, const struct revocation *revocation)
{
    const char *start =
        arena_printf(arena, "aws ec2 revoke-security-group-%s%s --group-id %s", egress ? "egress" : "ingress",
                     fix_region(arena, region_of(estate, group)), group->id);
    const char *by_id = revocation->ids[0] == '\0'
                            ? NULL
                            : arena_printf(arena, "%s --security-group-rule-ids%s", start, revocation->ids);
    const char *by_text = revocation->permissions[0] == '\0'
                              ? NULL
                              : arena_printf(arena, "%s --ip-permissions '[%s]'", start, revocation->permissions);
    return by_id == NULL ? by_text : by_text == NULL ? by_id : arena_printf(arena, "%s && %s", by_id, by_text);
}

const char *group_fix_anywhere(struct arena *arena, const struct estate *estate, const struct security_group *group,
                               enum family family, int protocol, struct portset ports)
{
    struct revocation revocation = {.ids = "", .permissions = ""};
    for (size_t i = 0; i < group->ingress.count; i++) {
        const struct security_group_rule *rule = &group->ingress.items[i];
        struct portset both = portset_intersect(arena, ports, portset_of(arena, rule->low, rule->high));
        if ((rule->protocol == PROTOCOL_ANY || rule->protocol == protocol) && !portset_is_empty(both))
            add_rule(arena, estate, group->id, rule, family, &revocation);
    }
    bool closes = fix_is_plain(group->id) && prefixset_is_anywhere(family, revocation.sources);
    return closes ? command(arena, estate, group, false, &revocation) : NULL;
}

// One peer of a rule, by its record.
static bool add_record(struct arena *arena, const struct rule_record *record, struct revocation *revocation)
{
    if (record == NULL || !fix_is_plain(record->id))
        return false;
    revocation->ids = arena_printf(arena, "%s %s", revocation->ids, record->id);
    return true;
}

const char *group_fix_rules(struct arena *arena, const struct estate *estate, const struct security_group *group,
                            bool egress, const struct security_group_rule *rules, size_t count)
{
    struct revocation revocation = {.ids = "", .permissions = ""};
    bool whole = fix_is_plain(group->id);
    for (size_t i = 0; whole && i < count; i++) {
        const struct security_group_rule *rule = &rules[i];
        for (size_t p = 0; p < rule->prefixes.count; p++)
            whole =
                whole &&
                add_record(arena, estate_rule_record(estate, group->id, rule, egress, &rule->prefixes.items[p], NULL),
                           &revocation);
        for (size_t p = 0; p < rule->prefix_lists.count; p++)
            whole = whole &&
                    add_record(arena,
                               estate_rule_record(estate, group->id, rule, egress, NULL, rule->prefix_lists.items[p]),
                               &revocation);
        for (size_t p = 0; p < rule->groups.count; p++)
            whole = whole &&
                    add_record(arena, estate_rule_record(estate, group->id, rule, egress, NULL, rule->groups.items[p]),
                               &revocation);
    }
    return whole && revocation.ids[0] != '\0' ? command(arena, estate, group, egress, &revocation) : NULL;
}
