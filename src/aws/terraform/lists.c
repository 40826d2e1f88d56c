// What a list of ids will hold. A set of which one element is known only after apply is wholly unknown in a plan: what
// it refers to is followed, but an id that is written out beside it no plan shows, nor which of several a condition
// means. The configuration does (source.h); else what exists in the VPC and may be meant is possible.
#include <string.h>

#include "aws/terraform/kinds.h"
#include "aws/terraform/plan.h"
#include "aws/terraform/source.h"

static bool lists(const struct id_list *ids, const char *id)
{
    for (size_t i = 0; i < ids->items.count; i++)
        if (strcmp(ids->items.items[i], id) == 0)
            return true;
    return false;
}

static bool is_new(const struct plan_reader *plan, const char *id)
{
    const struct resource *one = map_get(&plan->by_address, id);
    return one != NULL && one->creates;
}

// ---- What may be written out: it exists, in the VPC of what is followed

static const char *vpc_of(const struct plan_reader *plan, const char *id)
{
    const struct security_group *group = map_get(&plan->estate->security_groups, id);
    const struct subnet *subnet = map_get(&plan->estate->subnets, id);
    return group != NULL ? group->vpc_id : subnet != NULL ? subnet->vpc_id : NULL;
}

// The VPC that all of the ids are in, as far as they tell; NULL where they do not, or of several.
static const char *common_vpc(const struct plan_reader *plan, const struct followed *to)
{
    const char *found = NULL;
    for (size_t i = 0; i < to->ids.count; i++) {
        const char *vpc = vpc_of(plan, to->ids.items[i]);
        if (vpc != NULL && found != NULL && strcmp(vpc, found) != 0)
            return NULL;
        found = vpc != NULL ? vpc : found;
    }
    return found;
}

static bool is_kind(const char *key, const char *type)
{
    const char *const *types = kind_types(key);
    return types != NULL && strcmp(types[0], type) == 0;
}

// Whether a group lets something in, or has an end that is not its own: what stands for it may matter then.
static bool says_something(const struct security_group *group)
{
    return group->ingress.count > 0 || group->egress.count > 0 || group->doubt != NULL || group->egress_doubt != NULL;
}

// Ids of what the plan removes: nobody can mean them any more.
static struct map removed_by(struct plan_reader *plan)
{
    struct map removed = {0};
    for (size_t i = 0; i < plan->resources.count + plan->deposed.count; i++) {
        const struct resource *one =
            i < plan->resources.count ? &plan->resources.items[i] : &plan->deposed.items[i - plan->resources.count];
        if (one->removes && one->id_before != NULL)
            map_put(plan->arena, &removed, one->id_before, plan);
    }
    return removed;
}

// Adds what exists and may stand beside what is followed.
static void add_candidates(struct plan_reader *plan, const char *key, const struct followed *to,
                           const struct id_list *ids, text_list *list)
{
    bool groups = is_kind(key, "aws_security_group");
    const struct map *all = groups ? &plan->estate->security_groups : &plan->estate->subnets;
    const char *vpc = common_vpc(plan, to);
    if (!groups && !is_kind(key, "aws_subnet"))
        return;
    if (plan->removed == NULL) {
        plan->removed = arena_new_of(plan->arena, struct map);
        *plan->removed = removed_by(plan);
    }
    for (size_t i = 0; i < all->size; i++) {
        const char *id = all->slots[i].key;
        const char *own = all->slots[i].value == NULL ? NULL : vpc_of(plan, id);
        bool elsewhere = own == NULL || is_new(plan, own) || (vpc != NULL && strcmp(own, vpc) != 0);
        if (all->slots[i].value == NULL || elsewhere || is_new(plan, id) || lists(ids, id) ||
            map_get(plan->removed, id) != NULL || (groups && !says_something(all->slots[i].value)))
            continue;
        *vector_add(plan->arena, list) = id;
    }
    sort_texts(list->items, list->count);
}

// ---- Groups that stand for others

// Beyond so many rules, counted for all that stand for others, whatever they may let in is in doubt.
enum { MOST_RULES = 100000 };

static const char *stands_for(struct plan_reader *plan, const struct where *where, const char *key, const text_list *of,
                              const char *doubt)
{
    struct security_group *group = arena_new_of(plan->arena, struct security_group);
    group->id = arena_printf(plan->arena, "another of %s of %s", key, where->resource->address);
    for (size_t i = 0; map_get(&plan->estate->security_groups, group->id) != NULL; i++)
        group->id = arena_printf(plan->arena, "another of %s of %s (%zu)", key, where->resource->address, i + 2);
    group->name = group->id;
    group->has_egress = true;
    map_put(plan->arena, &plan->estate->security_groups, group->id, group);
    *vector_add(plan->arena, &plan->in_doubt) = (struct groups_in_doubt){.group = group, .of = *of, .doubt = doubt};
    return group->id;
}

static void copy_rules(struct plan_reader *plan, const security_group_rule_list *from, const char *doubt,
                       security_group_rule_list *to)
{
    for (size_t i = 0; i < from->count; i++) {
        struct security_group_rule rule = from->items[i];
        rule.doubt = doubt;
        rule.index = to->count;
        *vector_add(plan->arena, to) = rule;
    }
}

static bool lets_internet_in(const struct security_group *group)
{
    bool some = group->doubt != NULL;
    for (size_t i = 0; i < group->ingress.count && !some; i++)
        some = group->ingress.items[i].prefixes.count + group->ingress.items[i].prefix_lists.count > 0;
    return some;
}

// Which groups interfaces have, and which of those have addresses that the internet could ask.
static void note_members(const struct plan_reader *plan, struct map *all, struct map *public)
{
    const struct group_set *last = NULL; // neighbours share their sets
    bool last_public = false;
    for (size_t i = 0; i < plan->estate->interfaces.count; i++) {
        const struct network_interface *one = plan->estate->interfaces.items[i];
        if (one->groups == NULL || (one->groups == last && (last_public || one->address_count == 0)))
            continue;
        last = one->groups;
        last_public = one->address_count > 0;
        for (size_t g = 0; g < one->groups->count; g++) {
            map_put(plan->arena, all, one->groups->ids[g], (void *)(uintptr_t)one);
            if (one->address_count > 0)
                map_put(plan->arena, public, one->groups->ids[g], (void *)(uintptr_t)one);
        }
    }
}

void fill_groups_in_doubt(struct plan_reader *plan)
{
    size_t rules = 0;
    struct map all = {0}, public = {0};
    if (plan->in_doubt.count > 0)
        note_members(plan, &all, &public);
    for (size_t i = 0; i < plan->in_doubt.count; i++) {
        const struct groups_in_doubt *one = &plan->in_doubt.items[i];
        if (map_get(&all, one->group->id) == NULL)
            continue;
        for (size_t k = 0; k < one->of.count; k++) {
            const struct security_group *of = map_get(&plan->estate->security_groups, one->of.items[k]);
            if (of == NULL)
                one->group->doubt = one->group->egress_doubt = one->doubt;
            if (of == NULL)
                continue;
            rules += of->ingress.count + of->egress.count;
            if (of->doubt != NULL || rules > MOST_RULES)
                one->group->doubt = one->doubt;
            if (of->egress_doubt != NULL || !of->has_egress || rules > MOST_RULES)
                one->group->egress_doubt = one->doubt;
            if (rules > MOST_RULES)
                break;
            copy_rules(plan, &of->ingress, one->doubt, &one->group->ingress);
            copy_rules(plan, &of->egress, one->doubt, &one->group->egress);
        }
        plan->aside = !lets_internet_in(one->group) || map_get(&public, one->group->id) == NULL;
        say(plan, "%s", one->doubt);
        plan->aside = false;
    }
}

// ---- Lists

// What is not sure of a list: what may stand in it besides, and which of several are meant.
static void heed_others(struct plan_reader *plan, const struct where *where, const char *key, const struct followed *to,
                        struct id_list *ids)
{
    struct terraform_source *source = plan->report->source;
    struct source_list said = {0};
    const char *address = where->resource->address;
    enum source_answer told =
        source == NULL ? SOURCE_UNKNOWN : terraform_source_list(source, where->resource->written, key, &said);
    text_list others = {0}, candidates = {0};
    const char *doubt = NULL;
    bool chosen = told == SOURCE_UNKNOWN ? to->choosing : said.chosen || told == SOURCE_NO;
    chosen = chosen || to->guessed;
    for (size_t i = 0; i < said.literals.count; i++)
        if (!lists(ids, said.literals.items[i]))
            *vector_add(plan->arena, &ids->items) = arena_strdup(plan->arena, said.literals.items[i]);
    if (chosen && ids->items.count > 1) {
        for (size_t i = 0; i < ids->items.count; i++)
            *vector_add(plan->arena, &others) = ids->items.items[i];
        ids->items.count = 0;
        doubt = arena_printf(plan->arena, "%s: which of %u its %s are a plan does not tell%s", address, others.count,
                             key, source == NULL ? ", --source may" : "");
    }
    size_t meant_here = others.count;
    struct id_list known = *ids;
    for (size_t i = 0; i < meant_here; i++)
        *vector_add(plan->arena, &known.items) = others.items[i];
    if (told != SOURCE_YES)
        add_candidates(plan, key, to, &known, &candidates);
    text_list_add_all(plan->arena, &others, &candidates);
    if (others.count > meant_here)
        doubt =
            told == SOURCE_NO
                ? arena_printf(plan->arena, "%s: its %s are said by an expression that is not followed", address, key)
            : source == NULL
                ? arena_printf(plan->arena,
                               "%s: whether %s holds ids that are written out a plan does not tell, --source does",
                               address, key)
                : arena_printf(plan->arena,
                               "%s: whether %s holds ids that are written out is told by files that --source lacks",
                               address, key);
    if (others.count == 0)
        return;
    if (is_kind(key, "aws_security_group") && !plan->aside) {
        *vector_add(plan->arena, &ids->items) = stands_for(plan, where, key, &others, doubt);
    } else {
        for (size_t i = 0; i < meant_here; i++)
            *vector_add(plan->arena, &ids->items) = others.items[i];
        ids->doubt = doubt;
        say(plan, "%s", doubt);
    }
}

struct id_list meant_list(struct plan_reader *plan, const struct where *where, const char *key, bool computed)
{
    struct id_list ids = {0};
    const cJSON *list = member(where->values, key), *item;
    bool unknown = any_unknown(where->unknown, key);
    if (is_unknown(where->unknown, key) && computed && !may_be_configured(plan, where, key))
        return ids;
    ids.set = cJSON_IsArray(list) || unknown;
    cJSON_ArrayForEach (item, list)
        if (cJSON_IsString(item) && item->valuestring[0] != '\0')
            *vector_add(plan->arena, &ids.items) = arena_strdup(plan->arena, item->valuestring);
    if (!unknown)
        return ids;
    if (is_unknown(where->unknown, key) && evaluated_ids(plan, where, key, true, &ids) == EVALUATED_TO) {
        for (size_t i = 0; i < ids.items.count; i++)
            touches(plan, where->resource, ids.items.items[i]);
        return ids;
    }
    struct followed to = follow_attribute(plan, where, key, true);
    for (size_t i = 0; i < to.ids.count; i++) {
        touches(plan, where->resource, to.ids.items[i]);
        if (!lists(&ids, to.ids.items[i]))
            *vector_add(plan->arena, &ids.items) = to.ids.items[i];
    }
    if (to.opaque || to.ids.count == 0)
        ids.doubt = doubt_of(plan, where->resource, key);
    else if (is_unknown(where->unknown, key) && !plan->by_changeset)
        heed_others(plan, where, key, &to, &ids);
    return ids;
}
