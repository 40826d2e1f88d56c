#include "rules/reach/segments.h"

#include <stdlib.h>

#include "model/interface_kind.h"
#include "rules/reach/absence.h"
#include "rules/reach/half.h"

// What puts interfaces into segments.
struct sorter {
    struct segment_set *set;
    const struct segments_question *question;
    const struct estate *estate;
    struct map numbers; // id -> its number + 1
};

static uint32_t number_of(struct sorter *sorter, const char *id, const char *name)
{
    uintptr_t known = (uintptr_t)map_get(&sorter->numbers, id);
    if (known != 0)
        return (uint32_t)known - 1;
    struct segment *segment = vector_add(sorter->set->arena, &sorter->set->segments);
    *segment = (struct segment){.id = id, .name = name, .asks = true, .is_asked = true};
    map_put(sorter->set->arena, &sorter->numbers, id, (void *)(uintptr_t)sorter->set->segments.count);
    return sorter->set->segments.count - 1;
}

static const char *tag_of(const char *const *tags, size_t count, const char *key)
{
    for (size_t i = 0; i + 1 < count; i += 2)
        if (strcmp(tags[i], key) == 0)
            return tags[i + 1];
    return NULL;
}

// The value that the interface or its instance has of the tag.
static const char *tagged(const struct sorter *sorter, const struct network_interface *interface)
{
    const struct instance *instance = map_get(&sorter->estate->instances, interface->instance_id);
    const char *own = tag_of(interface->tags, interface->tag_count, sorter->question->tag);
    return own != NULL || instance == NULL ? own : tag_of(instance->tags, instance->tag_count, sorter->question->tag);
}

static void add(struct sorter *sorter, segment_numbers *numbers, uint32_t number)
{
    for (size_t i = 0; i < numbers->count; i++)
        if (numbers->items[i] == number)
            return;
    *vector_add(sorter->set->arena, numbers) = number;
}

static void by_group(struct sorter *sorter, const struct network_interface *interface, segment_numbers *numbers)
{
    for (size_t g = 0; interface->groups != NULL && g < interface->groups->count; g++) {
        const char *id = interface->groups->ids[g];
        const struct security_group *group = map_get(&sorter->estate->security_groups, id);
        add(sorter, numbers, number_of(sorter, id, group == NULL ? NULL : group->name));
    }
    if (interface->groups == NULL)
        add(sorter, numbers, number_of(sorter, "(groups not known)", NULL));
    else if (interface->groups->count == 0)
        add(sorter, numbers, number_of(sorter, "(no group)", NULL));
}

static void by_thing(struct sorter *sorter, const struct network_interface *interface, segment_numbers *numbers)
{
    const struct interface_place *place = interface->place;
    const char *id = NULL, *value;
    switch (sorter->question->by) {
    case SEGMENTS_BY_GROUP:
        by_group(sorter, interface, numbers);
        return;
    case SEGMENTS_BY_SUBNET:
        id = place->subnet_id != NULL ? place->subnet_id : "(subnet not known)";
        break;
    case SEGMENTS_BY_VPC:
        id = place->vpc_id;
        break;
    case SEGMENTS_BY_ACCOUNT:
        id = place->account_id != NULL ? place->account_id : "(account not known)";
        break;
    case SEGMENTS_BY_TAG:
        value = tagged(sorter, interface);
        id = value == NULL ? "(no tag)" : arena_printf(sorter->set->arena, "%s=%s", sorter->question->tag, value);
        break;
    }
    add(sorter, numbers, number_of(sorter, id, NULL));
}

static const char other_interfaces[] = "(others)";

static void by_name(struct sorter *sorter, const struct network_interface *interface, segment_numbers *numbers)
{
    const struct segments_question *question = sorter->question;
    for (size_t i = 0; i < question->named_count; i++) {
        const struct segment_named *named = &question->named[i];
        uint32_t number = number_of(sorter, named->id, named->name);
        if (named->holds(named->context, sorter->estate, interface))
            add(sorter, numbers, number);
    }
    if (numbers->count == 0)
        add(sorter, numbers, number_of(sorter, other_interfaces, NULL));
}

// A selection of --from or --to takes the place of the other segments on its side.
static void by_selection(struct sorter *sorter, const struct segment_named *named,
                         const struct network_interface *interface, segment_numbers *numbers)
{
    if (named != NULL && named->holds(named->context, sorter->estate, interface))
        add(sorter, numbers, number_of(sorter, named->id, named->name));
}

static void segments_of(void *context, const struct network_interface *interface, segment_numbers *numbers)
{
    struct sorter *sorter = context;
    const struct segments_question *question = sorter->question;
    if (question->from == NULL || (question->to == NULL && !question->only_internet)) {
        if (question->named != NULL)
            by_name(sorter, interface, numbers);
        else
            by_thing(sorter, interface, numbers);
    }
    by_selection(sorter, question->from, interface, numbers);
    by_selection(sorter, question->to, interface, numbers);
    const struct instance *instance = map_get(&sorter->estate->instances, interface->instance_id);
    for (size_t i = 0; i < numbers->count; i++) {
        struct segment *segment = &sorter->set->segments.items[numbers->items[i]];
        segment->interfaces++;
        segment->dormant += !interface->attached || (instance != NULL && instance_is_asleep(instance));
    }
}

// Those of a selection ask, or are asked, alone.
static void choose_sides(struct segment_set *set, const struct segments_question *question)
{
    for (size_t i = 0; i < set->segments.count; i++) {
        struct segment *segment = &set->segments.items[i];
        bool is_from = question->from != NULL && strcmp(segment->id, question->from->id) == 0;
        bool is_to = question->to != NULL && strcmp(segment->id, question->to->id) == 0;
        segment->asks = question->from == NULL ? !is_to : is_from;
        segment->is_asked = question->to == NULL ? !is_from : is_to;
    }
}

static void add_parts(struct traffic *traffic, struct segment_set *set)
{
    for (size_t i = 0; i < traffic->parties.count; i++) {
        const struct party *party = traffic->parties.items[i];
        for (size_t s = 0; s < party->segments.count; s++) {
            struct segment *segment = &set->segments.items[party->segments.items[s]];
            struct segment_part *part = NULL;
            for (size_t p = 0; p < segment->parts.count && part == NULL; p++)
                if (strcmp(segment->parts.items[p].vpc_id, party->vpc_id) == 0 &&
                    segment->parts.items[p].family == party->family)
                    part = &segment->parts.items[p];
            if (part == NULL) {
                part = vector_add(set->arena, &segment->parts);
                *part = (struct segment_part){.vpc_id = party->vpc_id, .family = party->family};
            }
            part->addresses = prefixset_union(set->arena, part->addresses, party->addresses);
        }
    }
}

struct numbered {
    struct segment segment;
    uint32_t before;
};

static int by_id(const void *left, const void *right)
{
    return strcmp(((const struct numbered *)left)->segment.id, ((const struct numbered *)right)->segment.id);
}

// Puts the segments in the order of their ids.
static void order_segments(struct traffic *traffic, struct segment_set *set)
{
    struct arena *scratch = arena_new();
    struct numbered *sorted = arena_array(scratch, struct numbered, set->segments.count);
    uint32_t *now = arena_array(scratch, uint32_t, set->segments.count);
    for (uint32_t i = 0; i < set->segments.count; i++)
        sorted[i] = (struct numbered){set->segments.items[i], i};
    if (set->segments.count > 1)
        qsort(sorted, set->segments.count, sizeof(*sorted), by_id);
    for (uint32_t i = 0; i < set->segments.count; i++) {
        set->segments.items[i] = sorted[i].segment;
        now[sorted[i].before] = i;
    }
    for (size_t p = 0; p < traffic->parties.count; p++)
        for (size_t s = 0; s < traffic->parties.items[p]->segments.count; s++)
            traffic->parties.items[p]->segments.items[s] = now[traffic->parties.items[p]->segments.items[s]];
    arena_free(scratch);
}

static void find_shared_names(struct segment_set *set)
{
    struct map named = {0};
    for (size_t i = 0; i < set->segments.count; i++) {
        struct segment *segment = &set->segments.items[i], *other = map_get(&named, segment->name);
        if (segment->name == NULL)
            continue;
        segment->shares_name = other != NULL;
        if (other != NULL)
            other->shares_name = true;
        else
            map_put(set->arena, &named, segment->name, segment);
    }
}

static int by_text(const void *left, const void *right)
{
    return strcmp(((const struct lack *)left)->text, ((const struct lack *)right)->text);
}

// What the snapshot lacks for every answer, and what no answer covers.
static void add_absences(struct traffic *traffic, struct segment_set *set)
{
    static const char *const not_covered[] = {
        "what a load balancer's clients reach behind it: `sgproof compute` tells it, as indirect exposure",
        "listeners of load balancers: inside, a port without one counts as any interface's",
        "names: whether DNS resolves them, and what a DNS firewall or a proxy stops",
        "policies of VPC endpoints and of the services behind them",
        "who meets inside by public IPv4 addresses, over the internet: `outbound` and `sgproof compute` tell one half "
        "each, `sgproof explain SNAPSHOT SOURCE PORT --to ADDRESS` both",
        NULL};
    const struct estate *estate = traffic->estate;
    for (size_t i = 0; i < estate->lacks.items.count; i++)
        lack_add(set->arena, &set->missing, &estate->lacks.items.items[i]);
    for (size_t i = 0; i < traffic->missing.items.count; i++)
        lack_add(set->arena, &set->missing, &traffic->missing.items.items[i]);
    for (size_t i = 0; i < traffic->groups.missing.items.count; i++)
        lack_add(set->arena, &set->missing, &traffic->groups.missing.items.items[i]);
    absence_interfaces(set->arena, estate, &set->missing);
    for (size_t i = 0; i < estate->assumptions.count; i++)
        text_list_add(set->arena, &set->assumptions, estate->assumptions.items[i]);
    for (size_t i = 0; not_covered[i] != NULL; i++)
        *vector_add(set->arena, &set->not_covered) = not_covered[i];
    if (set->missing.items.count > 1)
        qsort(set->missing.items.items, set->missing.items.count, sizeof(struct lack), by_text);
    map_slots left = map_sorted(set->arena, &traffic->left_out);
    for (size_t i = 0; i < left.count; i++)
        *vector_add(set->arena, &set->left_out) = *(const struct left_out *)left.items[i]->value;
    for (size_t i = 0; i < traffic->protocols.count; i++)
        if (traffic->protocols.items[i] < 256)
            *vector_add(set->arena, &set->named_protocols) = traffic->protocols.items[i];
}

struct segment_set *segments_compute(const struct estate *estate, const struct segments_question *question)
{
    return segments_compute_in(arena_new(), estate, question);
}

struct segment_set *segments_compute_in(struct arena *arena, const struct estate *estate,
                                        const struct segments_question *question)
{
    struct segment_set *set = arena_new_of(arena, struct segment_set);
    struct prefix_table sets = {.arena = arena};
    struct traffic traffic;
    *set = (struct segment_set){.arena = arena,
                                .estate = estate,
                                .by = question->by_text,
                                .only_internet = question->only_internet,
                                .only_inside = question->to != NULL && !question->only_internet};
    struct sorter sorter = {.set = set, .question = question, .estate = estate};
    if (question->from != NULL)
        number_of(&sorter, question->from->id, question->from->name);
    if (question->to != NULL)
        number_of(&sorter, question->to->id, question->to->name);
    traffic_begin(&traffic, arena, estate, segments_of, &sorter);
    traffic.sets = &sets;
    order_segments(&traffic, set);
    choose_sides(set, question);
    find_shared_names(set);
    add_parts(&traffic, set);
    if (!set->only_internet)
        inside_compute(&traffic, set);
    if (!set->only_inside)
        outbound_compute(&traffic, set);
    add_absences(&traffic, set);
    arena_free(traffic.scratch);
    return set;
}
