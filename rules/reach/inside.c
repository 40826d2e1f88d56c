// Inside: what one party reaches in another, VPC by VPC. Parties meet by what the one who answers lets in: who asks is
// looked up by its addresses, so that those who surely reach nothing are not looked at.
#include <stdlib.h>

#include "model/protocol.h"
#include "rules/reach/half.h"
#include "rules/reach/segments.h"

// The parties of one VPC and family.
struct household {
    const char *vpc_id;
    enum family family;
    struct party **parties;
    size_t count;
};
typedef VECTOR(struct household) households;

static households households_of(struct traffic *traffic)
{
    households all = {0};
    for (size_t i = 0; i < traffic->parties.count; i++) {
        struct party *party = traffic->parties.items[i];
        struct household *last = all.count == 0 ? NULL : &all.items[all.count - 1];
        if (last != NULL && strcmp(last->vpc_id, party->vpc_id) == 0 && last->family == party->family)
            last->count++;
        else
            *vector_add(traffic->arena, &all) =
                (struct household){party->vpc_id, party->family, &traffic->parties.items[i], 1};
    }
    return all;
}

// Which party has which addresses, ascending.
struct holder {
    struct address_range range;
    address_bits reach; // the highest address up to here
    size_t party;
};
struct directory {
    struct holder *holders;
    size_t count;
    uint64_t *marks; // a bit a party
};

static int by_low(const void *left, const void *right)
{
    const struct holder *a = left, *b = right;
    return a->range.low != b->range.low ? (a->range.low < b->range.low ? -1 : 1)
                                        : (a->party > b->party) - (a->party < b->party);
}

static struct directory directory_of(struct arena *arena, const struct household *household)
{
    struct directory directory = {0};
    size_t ranges = 0;
    for (size_t i = 0; i < household->count; i++)
        ranges += household->parties[i]->addresses.count;
    directory.holders = arena_buffer(arena, struct holder, ranges);
    directory.marks = arena_array(arena, uint64_t, household->count / 64 + 1);
    for (size_t i = 0; i < household->count; i++)
        for (size_t r = 0; r < household->parties[i]->addresses.count; r++)
            directory.holders[directory.count++] = (struct holder){household->parties[i]->addresses.ranges[r], 0, i};
    if (directory.count > 1)
        qsort(directory.holders, directory.count, sizeof(struct holder), by_low);
    address_bits reach = 0;
    for (size_t i = 0; i < directory.count; i++) {
        reach = directory.holders[i].range.high > reach ? directory.holders[i].range.high : reach;
        directory.holders[i].reach = reach;
    }
    return directory;
}

// Marks who has an address of a set.
static void mark(struct directory *directory, struct prefixset set)
{
    for (size_t r = 0; r < set.count; r++) {
        size_t low = 0, high = directory->count;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (directory->holders[middle].reach < set.ranges[r].low)
                low = middle + 1;
            else
                high = middle;
        }
        for (; low < directory->count && directory->holders[low].range.low <= set.ranges[r].high; low++)
            if (directory->holders[low].range.high >= set.ranges[r].low)
                directory->marks[directory->holders[low].party / 64] |= (uint64_t)1
                                                                        << directory->holders[low].party % 64;
    }
}

// Middleboxes that send on by these addresses of their own.
struct resender {
    struct prefixset by;
    bool *leads;       // of each party of `from`: whether its routes lead to them
    struct half *sent; // and what goes there
    struct half taken; // of the party that is asked, what it lets in of them
};
typedef VECTOR(struct resender) resender_list;

// One pair of VPCs and one protocol of a family.
struct encounter {
    struct traffic *traffic;
    struct arena *scratch;
    const struct household *from;
    const struct household *to;
    struct other_side of_to;   // as the asking side sees it
    struct other_side of_from; // as the answering side does
    int protocol;
    const struct passage_by *by; // of the ways there those that are looked at; NULL: all
    struct map every;            // struct ground -> way_list: all ways there
    struct map ways[2];          // the same: back, and there by `by`
    struct map past[2];          // party -> struct half past any ACL
    struct half *asking;         // of each party of `from`
    resender_list resenders;     // by which they may be sent on
    struct other_side of_anyone; // as the answering side sees those whose addresses are not told
    struct directory directory;
    flow_list flows;
};

static const way_list *every_way(struct encounter *encounter, const struct party *party)
{
    way_list *ways = map_get_pointer(&encounter->every, party->ground);
    if (ways == NULL) {
        ways = arena_new_of(encounter->scratch, way_list);
        *ways = ways_inside(encounter->traffic, party->ground, party->family, encounter->to->vpc_id);
        map_put_pointer(encounter->scratch, &encounter->every, party->ground, ways);
    }
    return ways;
}

static bool is_by(const struct way *way, const struct passage_by *by)
{
    struct passage_by own = passage_of_way(way);
    return own.kind == by->kind && text_same(own.by, by->by);
}

static way_list ways_there(struct encounter *encounter, const struct party *party)
{
    const way_list *all = every_way(encounter, party);
    way_list some = {0};
    if (encounter->by == NULL)
        return *all;
    for (size_t i = 0; i < all->count; i++)
        if (is_by(&all->items[i], encounter->by))
            *vector_add(encounter->scratch, &some) = all->items[i];
    return some;
}

static const way_list *ways_of(struct encounter *encounter, const struct party *party, bool asks)
{
    struct map *known = &encounter->ways[asks];
    way_list *ways = map_get_pointer(known, party->ground);
    if (ways == NULL) {
        ways = arena_new_of(encounter->scratch, way_list);
        if (asks) {
            *ways = ways_there(encounter, party);
        } else {
            way_list back = ways_inside(encounter->traffic, party->ground, party->family, encounter->from->vpc_id);
            *ways = ways_answering(encounter->traffic, encounter->scratch, &back, encounter->by);
        }
        map_put_pointer(encounter->scratch, known, party->ground, ways);
    }
    return ways;
}

static struct half half_towards(struct encounter *encounter, const struct party *party, bool asks, bool past_acl)
{
    return half_of(encounter->traffic, encounter->scratch, party, asks, asks ? &encounter->of_to : &encounter->of_from,
                   ways_of(encounter, party, asks), encounter->protocol, past_acl);
}

static const struct half *half_past(struct encounter *encounter, const struct party *party, bool asks)
{
    struct half *half = map_get_pointer(&encounter->past[asks], party);
    if (half == NULL) {
        half = arena_new_of(encounter->scratch, struct half);
        *half = half_towards(encounter, party, asks, true);
        map_put_pointer(encounter->scratch, &encounter->past[asks], party, half);
    }
    return half;
}

// Within one subnet no ACL is asked: "network ACLs apply to traffic that enters or leaves the subnet".
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
static void meet_in_subnets(const struct party *from, const struct party *to, struct meeting *meeting, flow_list *flows)
{
    for (size_t a = 0, b = 0; a < from->subnets.count && b < to->subnets.count;) {
        int order = strcmp(from->subnets.items[a].id, to->subnets.items[b].id);
        if (order == 0) {
            meeting->sources = from->subnets.items[a].addresses;
            meeting->destinations = to->subnets.items[b].addresses;
            half_meet(meeting, flows);
        }
        a += order <= 0;
        b += order >= 0;
    }
}

static bool is_filtered(const struct half *half)
{
    return half->passage != NULL && !half->passage->open;
}

// ---- What is sent on by an address of something in between

static struct resender *resender_of(struct encounter *encounter, struct prefixset by)
{
    for (size_t i = 0; i < encounter->resenders.count; i++)
        if (prefixset_equal(encounter->resenders.items[i].by, by))
            return &encounter->resenders.items[i];
    struct resender *resender = vector_add(encounter->scratch, &encounter->resenders);
    *resender = (struct resender){.by = by,
                                  .leads = arena_array(encounter->scratch, bool, encounter->from->count),
                                  .sent = arena_array(encounter->scratch, struct half, encounter->from->count)};
    return resender;
}

static void find_resenders(struct encounter *encounter, const bool *asks)
{
    memset(&encounter->resenders, 0, sizeof(encounter->resenders));
    for (size_t i = 0; i < encounter->from->count; i++) {
        const way_list *ways = asks[i] ? ways_of(encounter, encounter->from->parties[i], true) : NULL;
        for (size_t w = 0; ways != NULL && w < ways->count; w++) {
            if (prefixset_is_empty(ways->items[w].resent))
                continue;
            struct resender *resender = resender_of(encounter, ways->items[w].resent);
            if (!resender->leads[i])
                resender->sent[i] =
                    half_sent_on(encounter->traffic, encounter->scratch, &encounter->asking[i], resender->by);
            resender->leads[i] = true;
        }
    }
}

// Within a VPC it may lie in the subnet of who is asked, where no ACL is.
static bool take_resent(struct encounter *encounter, const struct party *to)
{
    bool any = false;
    for (size_t r = 0; r < encounter->resenders.count; r++) {
        struct resender *resender = &encounter->resenders.items[r];
        bool told = way_resent_told(resender->by);
        resender->taken = half_resent(
            encounter->traffic, encounter->scratch, to, told ? &encounter->of_from : &encounter->of_anyone,
            told ? ways_of(encounter, to, false) : NULL, encounter->protocol, encounter->of_to.same_vpc, resender->by);
        any = any || resender->taken.pieces.count > 0;
    }
    return any;
}

static void mark_senders(struct encounter *encounter)
{
    for (size_t r = 0; r < encounter->resenders.count; r++)
        for (size_t i = 0; i < encounter->from->count && encounter->resenders.items[r].taken.pieces.count > 0; i++)
            if (encounter->resenders.items[r].leads[i])
                encounter->directory.marks[i / 64] |= (uint64_t)1 << i % 64;
}

static void meet_resent(struct encounter *encounter, size_t asking, const struct party *to, bool one_subnet,
                        struct meeting *meeting, flow_list *flows)
{
    const struct party *from = encounter->from->parties[asking];
    for (size_t r = 0; r < encounter->resenders.count; r++) {
        const struct resender *resender = &encounter->resenders.items[r];
        if (resender->taken.pieces.count == 0 || !resender->leads[asking])
            continue;
        meeting->from = &resender->sent[asking];
        meeting->to = &resender->taken;
        meeting->sources = from->addresses;
        meeting->destinations = to->addresses;
        if (!one_subnet)
            half_meet(meeting, flows);
        if (!encounter->of_to.same_vpc)
            continue;
        struct half past =
            half_sent_on(encounter->traffic, encounter->scratch, half_past(encounter, from, true), resender->by);
        meeting->from = &past;
        meet_in_subnets(from, to, meeting, flows);
    }
}

// What comes over the internet gets in where its gateway, Block Public Access and the interface let it.
static void meet_over_internet(struct encounter *encounter, struct party *to, struct meeting *meeting, flow_list *flows)
{
    const struct party_entry *entry = party_entry(encounter->traffic, to);
    size_t first = flows->count;
    meeting->destinations = entry->may;
    half_meet(meeting, flows);
    for (size_t i = first; i < flows->count; i++) {
        reason_add_all(encounter->scratch, &flows->items[i].via, &entry->doubts);
        flows->items[i].certainty = CERTAINTY_POSSIBLE;
    }
    meeting->destinations = entry->must;
    half_meet(meeting, flows);
}

static void meet(struct encounter *encounter, size_t asking, struct party *to, const struct half *answering)
{
    const struct party *from = encounter->from->parties[asking];
    const struct half *half = &encounter->asking[asking];
    struct meeting meeting = {
        .traffic = encounter->traffic,
        .arena = encounter->scratch,
        .from = half,
        .to = answering,
        .sources = from->addresses,
        .destinations = to->addresses,
        .like = {
            .from_vpc = from->vpc_id, .to_vpc = to->vpc_id, .family = from->family, .protocol = encounter->protocol}};
    flow_list flows = {0};
    bool same_vpc = encounter->of_to.same_vpc, filtered = is_filtered(half) || is_filtered(answering);
    bool one_subnet = same_vpc && from->subnets.count == 1 && to->subnets.count == 1 &&
                      strcmp(from->subnets.items[0].id, to->subnets.items[0].id) == 0 &&
                      from->subnets.items[0].id[0] != '\0';
    if (encounter->by != NULL && encounter->by->kind == FLOW_INTERNET_GATEWAY)
        meet_over_internet(encounter, to, &meeting, &flows);
    else if (!one_subnet || !filtered)
        half_meet(&meeting, &flows);
    if (same_vpc && filtered) {
        meeting.from = half_past(encounter, from, true);
        meeting.to = half_past(encounter, to, false);
        meet_in_subnets(from, to, &meeting, &flows);
    }
    meet_resent(encounter, asking, to, one_subnet, &meeting, &flows);
    for (size_t i = 0; i < flows.count; i++)
        for (size_t a = 0; a < from->segments.count; a++)
            for (size_t b = 0; b < to->segments.count; b++) {
                flows.items[i].from = from->segments.items[a];
                flows.items[i].to = to->segments.items[b];
                *vector_add(encounter->scratch, &encounter->flows) = flows.items[i];
            }
}

static void mark_askers(struct encounter *encounter, const struct half *answering)
{
    struct directory *directory = &encounter->directory;
    memset(directory->marks, 0, (encounter->from->count / 64 + 1) * sizeof(uint64_t));
    for (size_t p = 0; p < answering->pieces.count; p++)
        for (size_t s = 0; s < answering->pieces.items[p].map.count; s++)
            mark(directory, answering->pieces.items[p].map.segments[s].sources);
}

static void ask_protocol(struct encounter *encounter, const bool *asks, const bool *answers)
{
    const struct household *from = encounter->from, *to = encounter->to;
    bool none = true;
    memset(encounter->past, 0, sizeof(encounter->past));
    encounter->asking = arena_array(encounter->scratch, struct half, from->count);
    for (size_t i = 0; i < from->count; i++) {
        if (asks[i])
            encounter->asking[i] = half_towards(encounter, from->parties[i], true, false);
        none = none && !asks[i];
    }
    find_resenders(encounter, asks);
    for (size_t t = 0; t < to->count && !none; t++) {
        if (!answers[t])
            continue;
        struct half answering = half_towards(encounter, to->parties[t], false, false);
        bool past = encounter->of_to.same_vpc && is_filtered(&answering);
        const struct half *widest = past ? half_past(encounter, to->parties[t], false) : &answering;
        if (!take_resent(encounter, to->parties[t]) && widest->pieces.count == 0)
            continue;
        mark_askers(encounter, widest);
        mark_senders(encounter);
        for (size_t word = 0; word < from->count / 64 + 1; word++)
            for (uint64_t left = encounter->directory.marks[word]; left != 0; left &= left - 1) {
                size_t asking = word * 64 + (size_t)__builtin_ctzll(left);
                if (asks[asking])
                    meet(encounter, asking, to->parties[t], &answering);
            }
    }
}

static bool is_marked(const struct segment_set *set, const struct party *party, bool asks)
{
    for (size_t i = 0; i < party->segments.count; i++) {
        const struct segment *segment = &set->segments.items[party->segments.items[i]];
        if (asks ? segment->asks : segment->is_asked)
            return true;
    }
    return false;
}

// Of the flows those between segments that were asked about.
static void keep(struct encounter *encounter, struct segment_set *set)
{
    flow_list wanted = {0};
    for (size_t i = 0; i < encounter->flows.count; i++) {
        const struct flow *flow = &encounter->flows.items[i];
        if (set->segments.items[flow->from].asks && set->segments.items[flow->to].is_asked)
            *vector_add(encounter->scratch, &wanted) = *flow;
    }
    size_t first = set->inside.count;
    flows_join(set->arena, encounter->traffic->sets, &wanted, &set->inside);
    for (size_t i = first; i < set->inside.count; i++)
        traffic_lacks(encounter->traffic, &set->inside.items[i].via);
}

// References to groups count, or do not, by what carries the packets there: each is looked at by itself.
static void ask_by(struct encounter *encounter, const struct passage_by *by, const bool *asks, const bool *answers)
{
    const char *from = encounter->from->vpc_id, *to = encounter->to->vpc_id;
    encounter->by = by;
    encounter->ways[false] = encounter->ways[true] = (struct map){0};
    ways_references(encounter->traffic, from, to, by, &encounter->of_to);
    ways_references(encounter->traffic, to, from, by, &encounter->of_from);
    ways_resent(encounter->traffic, to, &encounter->of_from, &encounter->of_anyone);
    for (size_t p = 0; p < encounter->traffic->protocols.count; p++) {
        encounter->protocol = encounter->traffic->protocols.items[p];
        if (encounter->protocol != (encounter->from->family == FAMILY_IPV4 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP))
            ask_protocol(encounter, asks, answers);
    }
}

typedef VECTOR(struct passage_by) passages;

static passages passages_of(struct encounter *encounter, const bool *asks)
{
    passages all = {0};
    for (size_t i = 0; i < encounter->from->count; i++) {
        const way_list *ways = asks[i] ? every_way(encounter, encounter->from->parties[i]) : NULL;
        for (size_t w = 0; ways != NULL && w < ways->count; w++) {
            bool known = false;
            for (size_t k = 0; k < all.count && !known; k++)
                known = is_by(&ways->items[w], &all.items[k]);
            if (!known)
                *vector_add(encounter->scratch, &all) = passage_of_way(&ways->items[w]);
        }
    }
    return all;
}

static void encounter_vpcs(struct traffic *traffic, struct segment_set *set, const struct household *from,
                           const struct household *to)
{
    struct encounter encounter = {.traffic = traffic, .scratch = arena_new(), .from = from, .to = to};
    bool *asks = arena_array(encounter.scratch, bool, from->count), some = false;
    bool *answers = arena_array(encounter.scratch, bool, to->count), any = false;
    for (size_t i = 0; i < from->count; i++)
        some |= asks[i] = from->parties[i]->sends && is_marked(set, from->parties[i], true);
    for (size_t i = 0; i < to->count; i++)
        any |= answers[i] = to->parties[i]->takes && is_marked(set, to->parties[i], false);
    if (some && any) {
        encounter.directory = directory_of(encounter.scratch, from);
        if (strcmp(from->vpc_id, to->vpc_id) == 0) {
            ask_by(&encounter, NULL, asks, answers);
        } else {
            passages all = passages_of(&encounter, asks);
            for (size_t i = 0; i < all.count; i++)
                ask_by(&encounter, &all.items[i], asks, answers);
        }
        keep(&encounter, set);
    }
    arena_free(encounter.scratch);
}

void inside_compute(struct traffic *traffic, struct segment_set *set)
{
    households all = households_of(traffic);
    struct map links = links_of_vpcs(traffic);
    for (size_t a = 0; a < all.count; a++)
        for (size_t b = 0; b < all.count; b++) {
            const struct household *from = &all.items[a], *to = &all.items[b];
            bool same = strcmp(from->vpc_id, to->vpc_id) == 0;
            if (from->family == to->family &&
                (same || links_join(map_get(&links, from->vpc_id), map_get(&links, to->vpc_id), from->family)))
                encounter_vpcs(traffic, set, from, to);
        }
    if (set->inside.count > 1) // of several VPCs
        qsort(set->inside.items, set->inside.count, sizeof(*set->inside.items), flow_order);
}
