#include "rules/reach/absent_databases.h"

#include <stdlib.h>

#include "rules/reach/owner.h"

// A public database: its records, of which each may be so.
struct wanted {
    const struct db_instance *const *records;
    size_t count;
};

// An interface of RDS's, and the database that has it as far as the search is.
struct offered {
    const struct network_interface *interface;
    const struct wanted *holder;
    bool seen; // in the search that is under way, or in one that found nothing: it leads nowhere
};

struct matcher {
    const struct estate *estate;
    VECTOR(struct offered) offers;
};

static int by_place(const void *left, const void *right)
{
    const struct db_instance *a = *(const struct db_instance *const *)left,
                             *b = *(const struct db_instance *const *)right;
    const char *texts[][2] = {{a->id, b->id}, {a->account, b->account}, {a->region, b->region}};
    int order = 0;
    for (size_t i = 0; i < 3 && order == 0; i++)
        order = strcmp(texts[i][0] == NULL ? "" : texts[i][0], texts[i][1] == NULL ? "" : texts[i][1]);
    return order;
}

static bool fits(const struct estate *estate, const struct wanted *wanted, const struct network_interface *interface)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (owner_may_be_database(estate, wanted->records[i], interface))
            return true;
    return false;
}

// Gives a database an interface, if need be one whose holder can take another.
static bool find_one(struct matcher *matcher, const struct wanted *wanted)
{
    for (int free = 1; free >= 0; free--)
        for (size_t i = 0; i < matcher->offers.count; i++) {
            struct offered *one = &matcher->offers.items[i];
            if (one->seen || (free == 1 && one->holder != NULL) || !fits(matcher->estate, wanted, one->interface))
                continue;
            one->seen = true;
            if (one->holder == NULL || find_one(matcher, one->holder)) {
                one->holder = wanted;
                return true;
            }
        }
    return false;
}

static bool has_candidate(const struct matcher *matcher, const struct wanted *wanted)
{
    for (size_t i = 0; i < matcher->offers.count; i++)
        if (fits(matcher->estate, wanted, matcher->offers.items[i].interface))
            return true;
    return false;
}

static void look_for(struct exposure_set *set, struct matcher *matcher, struct arena *scratch,
                     const struct wanted *wanted)
{
    const struct db_instance *one = wanted->records[0];
    bool *dead = arena_array(scratch, bool, matcher->offers.count + 1);
    for (size_t i = 0; i < matcher->offers.count; i++)
        dead[i] = matcher->offers.items[i].seen;
    if (find_one(matcher, wanted)) {
        for (size_t i = 0; i < matcher->offers.count; i++)
            matcher->offers.items[i].seen = dead[i];
        return;
    }
    lack_add(set->arena, &set->missing,
             &(struct lack){
                 kind_name(KIND_NETWORK_INTERFACES), one->account == NULL ? "unknown" : one->account,
                 one->region == NULL ? "unknown" : one->region, one->id,
                 arena_printf(set->arena, "missing: the interface of publicly accessible database %s%s", one->id,
                              has_candidate(matcher, wanted) ? " (each that may be its own may be another database's)"
                                                             : "")});
}

void absent_databases(struct exposure_set *set, const struct estate *estate, struct arena *scratch)
{
    struct matcher matcher = {.estate = estate};
    const struct db_instance **found = arena_array(scratch, const struct db_instance *, estate->db_instances.count + 1);
    size_t count = 0, same;
    for (size_t i = 0; i < estate->interfaces.count; i++)
        if (estate->interfaces.items[i]->is_database)
            *vector_add(scratch, &matcher.offers) = (struct offered){.interface = estate->interfaces.items[i]};
    for (size_t i = 0; i < estate->db_instances.count; i++)
        if (estate->db_instances.items[i].publicly_accessible && !estate->db_instances.items[i].outside_vpc)
            found[count++] = &estate->db_instances.items[i];
    if (count > 1)
        qsort(found, count, sizeof(*found), by_place);
    struct wanted *wanted = arena_array(scratch, struct wanted, count + 1);
    for (size_t i = 0; i < count; i += same) {
        for (same = 1; i + same < count && by_place(&found[i], &found[i + same]) == 0;)
            same++;
        wanted[i] = (struct wanted){&found[i], same};
        look_for(set, &matcher, scratch, &wanted[i]);
    }
}
