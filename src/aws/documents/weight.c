// What a network ACL or a security group costs to work out: every stretch of ports between two borders of its rules has
// a set of sources of its own. AWS admits 40 entries of an ACL and 1,000 rules of an interface; a document of ten
// thousand that overlap would take all memory. Beyond a budget they are left out, and may say anything.
#include "aws/documents/weight.h"

#include <stdlib.h>

enum { MOST_OF_GROUP = 4000000, MOST_OF_ACL = 30000000, MOST_ROUTES = 5000 };

struct border {
    uint32_t at;
    int64_t more; // sources that begin or end here
};

typedef VECTOR(struct border) borders;

static int by_place(const void *left, const void *right)
{
    const struct border *a = left, *b = right;
    return a->at < b->at ? -1 : a->at > b->at;
}

static void add_range(struct arena *scratch, borders *list, uint16_t low, uint16_t high, size_t sources)
{
    *vector_add(scratch, list) = (struct border){low, (int64_t)sources};
    *vector_add(scratch, list) = (struct border){(uint32_t)high + 1, -(int64_t)sources};
}

// The sum, over all stretches, of the sources that are in force there; squared, where each is taken away from what the
// others left.
static double weight_of(borders *list, bool squared)
{
    double sum = 0, now = 0;
    if (list->count > 1)
        qsort(list->items, list->count, sizeof(*list->items), by_place);
    for (size_t i = 0; i < list->count; i++) {
        now += (double)list->items[i].more;
        if (i + 1 == list->count || list->items[i + 1].at != list->items[i].at)
            sum += squared ? now * now : now;
    }
    return sum;
}

static size_t sources_of(const struct estate *estate, const struct security_group_rule *rule)
{
    size_t sources = rule->prefixes.count + 1;
    for (size_t p = 0; p < rule->prefix_lists.count; p++) {
        const struct prefix_list *named = map_get(&estate->prefix_lists, rule->prefix_lists.items[p]);
        sources += named == NULL ? 0 : named->entries.count;
    }
    return sources;
}

static void add_rules(struct arena *scratch, borders *list, const struct estate *estate,
                      const struct security_group_rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_range(scratch, list, rules[i].low, rules[i].high, sources_of(estate, &rules[i]));
}

static double weight_of_rules(const struct estate *estate, const struct security_group_rule *rules, size_t count)
{
    struct arena *scratch = arena_new();
    borders list = {0};
    add_rules(scratch, &list, estate, rules, count);
    double weight = weight_of(&list, false);
    arena_free(scratch);
    return weight;
}

// What the rules of an interface's groups cost together.
static double weight_of_set(const struct estate *estate, const struct group_set *set)
{
    double rules = 0, sources = 0, weight;
    for (size_t g = 0; g < set->count; g++) {
        const struct security_group *group = map_get(&estate->security_groups, set->ids[g]);
        for (size_t i = 0; group != NULL && i < group->ingress.count; i++)
            sources += (double)sources_of(estate, &group->ingress.items[i]);
        rules += group == NULL ? 0 : (double)group->ingress.count;
    }
    if (rules * 2 * sources <= MOST_OF_GROUP) // as much as it can be
        return 0;
    struct arena *scratch = arena_new();
    borders list = {0};
    for (size_t g = 0; g < set->count; g++) {
        const struct security_group *group = map_get(&estate->security_groups, set->ids[g]);
        if (group != NULL)
            add_rules(scratch, &list, estate, group->ingress.items, group->ingress.count);
    }
    weight = weight_of(&list, false);
    arena_free(scratch);
    return weight;
}

static double weight_of_entries(const struct network_acl *acl)
{
    struct arena *scratch = arena_new();
    borders list = {0};
    for (size_t i = 0; i < acl->entries.count; i++)
        add_range(scratch, &list, acl->entries.items[i].low, acl->entries.items[i].high, 1);
    double weight = weight_of(&list, true);
    arena_free(scratch);
    return weight;
}

static void too_heavy(const struct weighing *weighing, const char *file, record_place record, const char **doubt,
                      const char *format, ...) __attribute__((format(printf, 5, 6)));

static void too_heavy(const struct weighing *weighing, const char *file, record_place record, const char **doubt,
                      const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = arena_vprintf(weighing->estate->arena, format, arguments);
    va_end(arguments);
    weighing->leave_out(weighing->context, &(struct too_heavy){file, record, text, doubt});
}

// False where they weigh too much.
static bool weigh_rules(const struct weighing *weighing, const struct security_group *group, const char *what,
                        const struct security_group_rule *rules, size_t count, const char **doubt)
{
    if (count < 2 || weight_of_rules(weighing->estate, rules, count) <= MOST_OF_GROUP)
        return true;
    too_heavy(weighing, group->evidence, 0, doubt,
              "%s has %zu %s rules that overlap in more ways than are worked out (AWS admits 1,000)", group->id, count,
              what);
    return false;
}

// Groups that are fine by themselves may be too much together: then each of them may admit anything.
static void weigh_set(const struct weighing *weighing, const struct group_set *set)
{
    struct estate *estate = weighing->estate;
    if (set->count < 2 || weight_of_set(estate, set) <= MOST_OF_GROUP)
        return;
    for (size_t g = 0; g < set->count; g++) {
        struct security_group *group = map_get(&estate->security_groups, set->ids[g]);
        if (group == NULL || group->ingress.count == 0)
            continue;
        too_heavy(weighing, group->evidence, 0, &group->doubt,
                  "%s and %zu other groups of an interface have rules that overlap in more ways than are worked out "
                  "(AWS admits 1,000 of an interface)",
                  group->id, (size_t)set->count - 1);
        group->ingress.count = 0;
    }
}

// What a table's routes leave to each other is worked out pair by pair.
static void count_routes(const struct weighing *weighing, struct route_table *table)
{
    if (table->routes.count <= MOST_ROUTES)
        return;
    too_heavy(weighing, NULL, table->record, &table->doubt,
              "%s has %zu routes, more than are worked out (AWS admits 1,000)", table->id, (size_t)table->routes.count);
    table->routes.count = 0;
}

static void weigh_acl(const struct weighing *weighing, struct network_acl *acl)
{
    if (weight_of_entries(acl) <= MOST_OF_ACL)
        return;
    too_heavy(weighing, acl->evidence, 0, &acl->doubt,
              "%s has %zu entries that overlap in more ways than are worked out (AWS admits 40)", acl->id,
              (size_t)acl->entries.count);
}

// Those of documents are held once each; a plan's interfaces have some of their own.
static void weigh_sets(const struct weighing *weighing)
{
    struct estate *estate = weighing->estate;
    struct arena *scratch = arena_new();
    struct map weighed = {0};
    map_slots sets = map_sorted(scratch, &estate->group_sets);
    for (size_t i = 0; i < sets.count; i++) {
        map_put_pointer(scratch, &weighed, sets.items[i]->value, estate);
        weigh_set(weighing, sets.items[i]->value);
    }
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        const struct group_set *set = estate->interfaces.items[i]->groups;
        if (set == NULL || map_get_pointer(&weighed, set) != NULL)
            continue;
        map_put_pointer(scratch, &weighed, set, estate);
        weigh_set(weighing, set);
    }
    arena_free(scratch);
}

void estate_weigh(const struct weighing *weighing)
{
    struct estate *estate = weighing->estate;
    for (size_t i = 0; i < estate->route_tables.size; i++)
        if (estate->route_tables.slots[i].value != NULL)
            count_routes(weighing, estate->route_tables.slots[i].value);
    for (size_t i = 0; i < estate->security_groups.size; i++) {
        struct security_group *group = estate->security_groups.slots[i].value;
        if (group == NULL)
            continue;
        if (!weigh_rules(weighing, group, "inbound", group->ingress.items, group->ingress.count, &group->doubt))
            group->ingress.count = 0;
        if (!weigh_rules(weighing, group, "outbound", group->egress.items, group->egress.count, &group->egress_doubt))
            group->egress.count = 0;
    }
    for (size_t i = 0; i < estate->network_acls.size; i++)
        if (estate->network_acls.slots[i].value != NULL)
            weigh_acl(weighing, estate->network_acls.slots[i].value);
    weigh_sets(weighing);
}
