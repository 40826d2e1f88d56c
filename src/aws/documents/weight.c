// What a network ACL or a security group costs to work out: every stretch of ports between two borders of its rules has
// a set of sources of its own. AWS admits 40 entries of an ACL and 1,000 rules of an interface; a document of ten
// thousand that overlap would take all memory. Beyond a budget they are left out, and may say anything.
#include <stdlib.h>

#include "aws/documents/readers.h"

enum { MOST_OF_GROUP = 4000000, MOST_OF_ACL = 30000000 };

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

static double weight_of_rules(const struct estate *estate, const struct security_group_rule *rules, size_t count)
{
    struct arena *scratch = arena_new();
    borders list = {0};
    for (size_t i = 0; i < count; i++) {
        size_t sources = rules[i].prefixes.count + 1;
        for (size_t p = 0; p < rules[i].prefix_lists.count; p++) {
            const struct prefix_list *named = map_get(&estate->prefix_lists, rules[i].prefix_lists.items[p]);
            sources += named == NULL ? 0 : named->entries.count;
        }
        add_range(scratch, &list, rules[i].low, rules[i].high, sources);
    }
    double weight = weight_of(&list, false);
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

// False where they weigh too much.
static bool weigh_rules(struct reader *reader, const struct security_group *group, const char *what,
                        const struct security_group_rule *rules, size_t count, const char **doubt)
{
    if (count < 2 || weight_of_rules(reader->estate, rules, count) <= MOST_OF_GROUP)
        return true;
    reader->name = group->evidence;
    reader->listing = NULL;
    reader->doubt = doubt;
    doubt_document(reader, "", "%s has %zu %s rules that overlap in more ways than are worked out (AWS admits 1,000)",
                   group->id, count, what);
    return false;
}

void settle_weights(struct reader *reader)
{
    struct estate *estate = reader->estate;
    for (size_t i = 0; i < estate->security_groups.size; i++) {
        struct security_group *group = estate->security_groups.slots[i].value;
        if (group == NULL)
            continue;
        if (!weigh_rules(reader, group, "inbound", group->ingress.items, group->ingress.count, &group->doubt))
            group->ingress.count = 0;
        if (!weigh_rules(reader, group, "outbound", group->egress.items, group->egress.count, &group->egress_doubt))
            group->egress.count = 0;
    }
    for (size_t i = 0; i < estate->network_acls.size; i++) {
        struct network_acl *acl = estate->network_acls.slots[i].value;
        if (acl == NULL || weight_of_entries(acl) <= MOST_OF_ACL)
            continue;
        reader->name = acl->evidence;
        reader->listing = NULL;
        reader->doubt = &acl->doubt;
        doubt_document(reader, "", "%s has %zu entries that overlap in more ways than are worked out (AWS admits 40)",
                       acl->id, (size_t)acl->entries.count);
    }
}
