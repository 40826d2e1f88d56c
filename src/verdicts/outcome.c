// Each movement is cut where what was observed of it differs. A negative must be earned: what was not asked, or is not
// known, is unverified, whatever the configuration says.
#include "verdicts/outcome.h"

#include "model/protocol.h"

struct judging {
    struct arena *arena;
    const struct outcome_input *input;
    struct change_report *report;
};

// The first verdict of a set at a place that ends at or behind a port; the end of the set where there is none.
static size_t first_at(const struct verdict_set *set, struct address address, int protocol, uint16_t port)
{
    size_t low = 0, high = set->items.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct verdict *one = &set->items.items[middle];
        int order = place_compare(one->address, one->protocol, address, protocol);
        if (order < 0 || (order == 0 && one->high < port))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct verdict *verdict_at(const struct verdict_set *set, struct address address, int protocol,
                                        uint16_t port)
{
    size_t at = set == NULL ? 0 : first_at(set, address, protocol, port);
    const struct verdict *one = set != NULL && at < set->items.count ? &set->items.items[at] : NULL;
    bool there = one != NULL && place_compare(one->address, one->protocol, address, protocol) == 0 && one->low <= port;
    return there ? one : NULL;
}

static bool is_known(const struct verdict *verdict)
{
    return verdict != NULL && verdict->observed != OBSERVED_UNKNOWN && !verdict->accepting;
}

static bool answers(const struct verdict *verdict)
{
    return is_known(verdict) && (verdict->observed == OBSERVED_OPEN || verdict->observed == OBSERVED_CLOSED);
}

static const char *observed_text(const struct verdict *verdict)
{
    return verdict == NULL ? NULL : observed_names[verdict->observed];
}

// ---- Movements

static void put(struct judging *judging, const struct movement *movement, uint16_t low, uint16_t high,
                enum change_outcome outcome, const char *why, const struct verdict *before, const struct verdict *after)
{
    const struct change *change = &movement->change;
    const struct network_interface *interface =
        change->endpoint != NULL ? change->endpoint->interface : change->indirect->interface;
    struct change_piece *last =
        judging->report->pieces.count > 0 ? &judging->report->pieces.items[judging->report->pieces.count - 1] : NULL;
    const char *was = observed_text(before), *is = observed_text(after);
    if (last != NULL && last->change.endpoint == change->endpoint && last->change.indirect == change->indirect &&
        last->change.causes.items == change->causes.items && last->change.kind == change->kind &&
        last->change.protocol_low == change->protocol_low && (uint32_t)last->change.high + 1 == low &&
        last->outcome == outcome && strcmp(last->why, why) == 0 && text_same(last->before, was) &&
        text_same(last->after, is) && last->change.certainty == change->certainty &&
        last->change.path == change->path && prefixset_equal(last->change.sources, change->sources) &&
        last->resources.items == movement->resources.items) {
        last->change.high = high;
        return;
    }
    struct change_piece *piece = vector_add(judging->arena, &judging->report->pieces);
    *piece = (struct change_piece){.outcome = outcome,
                                   .why = why,
                                   .change = *change,
                                   .eni_id = interface->id,
                                   .instance_id = interface->instance_id,
                                   .name = change->endpoint != NULL ? change->endpoint->name : change->indirect->name,
                                   .before = was,
                                   .after = is,
                                   .resources = movement->resources};
    piece->change.low = low;
    piece->change.high = high;
}

// What of a meant movement one verdict shows, or NULL's absence does not.
static enum change_outcome outcome_of(const struct change *change, const struct verdict *now, const char **why)
{
    bool shut = change->kind == CHANGE_CLOSED, possible = change->certainty == CERTAINTY_POSSIBLE;
    if (now == NULL) {
        *why = "was not asked";
        return OUTCOME_UNVERIFIED;
    }
    if (!is_known(now)) {
        *why = now->accepting ? "its host answers on every port" : "was asked, and what came of it proves nothing";
        return OUTCOME_UNVERIFIED;
    }
    if (now->unstable) {
        *why = "the configuration or the answers changed while it was asked";
        return OUTCOME_UNVERIFIED;
    }
    if (answers(now)) {
        *why = shut                               ? "still answers"
               : now->observed == OBSERVED_CLOSED ? "is reachable, nothing listens yet"
                                                  : "answers";
        return shut ? OUTCOME_NOT_IN_FORCE : OUTCOME_AS_PLANNED;
    }
    if (shut) {
        *why = now->observed == OBSERVED_REJECTED ? "is rejected on its way" : "is silent, asked with all its tries";
        return OUTCOME_AS_PLANNED;
    }
    if (possible || (now->protocol == PROTOCOL_UDP && now->observed == OBSERVED_FILTERED)) {
        *why = possible ? "is only possible, and does not answer" : "is silent over UDP, which proves nothing";
        return OUTCOME_UNVERIFIED;
    }
    *why = "does not answer";
    return OUTCOME_NOT_IN_FORCE;
}

static void judge_part(struct judging *judging, const struct movement *movement, uint16_t low, uint16_t high,
                       const struct verdict *before, const struct verdict *now)
{
    const char *why;
    enum change_outcome outcome = outcome_of(&movement->change, now, &why);
    if (movement->unseen != NULL) {
        outcome = OUTCOME_UNVERIFIED;
        why = movement->unseen;
    }
    if (movement->meaning == MOVEMENT_NOT_DONE) {
        outcome = OUTCOME_NOT_DONE;
        why = "is planned, and the configuration did not move";
    } else if (movement->against != NULL) {
        outcome = OUTCOME_UNPLANNED;
        why = movement->against;
    } else if (movement->meaning == MOVEMENT_NOT_MEANT) {
        outcome = OUTCOME_UNPLANNED;
        why = "the plan does not say so";
    }
    put(judging, movement, low, high, outcome, why, before, now);
}

static void judge_movement(struct judging *judging, const struct movement *movement)
{
    const struct change *change = &movement->change;
    if (!change->internet) { // never a finding by itself (semantics.md, Who counts as the internet)
        const struct network_interface *interface =
            change->endpoint != NULL ? change->endpoint->interface : change->indirect->interface;
        *vector_add(judging->arena, &judging->report->aside) =
            (struct change_piece){.change = *change,
                                  .eni_id = interface->id,
                                  .instance_id = interface->instance_id,
                                  .name = change->endpoint != NULL ? change->endpoint->name : change->indirect->name};
        return;
    }
    int protocol = change->protocol_low;
    bool ports = change->endpoint != NULL && change->protocol_low == change->protocol_high &&
                 protocol_has_ports(protocol) && movement->unseen == NULL;
    bool echo = change->endpoint != NULL && movement->unseen == NULL && protocol_is_icmp(protocol);
    if (!ports) {
        struct address address = {0};
        if (echo)
            address = (struct address){change->endpoint->address.family, change->endpoint->address.first};
        judge_part(judging, movement, change->low, change->high,
                   echo ? verdict_at(judging->input->before, address, protocol, 0) : NULL,
                   echo ? verdict_at(judging->input->now, address, protocol, 0) : NULL);
        return;
    }
    struct address address = {change->endpoint->address.family, change->endpoint->address.first};
    for (uint32_t port = change->low, end; port <= change->high; port = end + 1) {
        const struct verdict_set *sets[2] = {judging->input->before, judging->input->now};
        const struct verdict *sides[2];
        end = change->high;
        for (int side = 0; side < 2; side++) {
            sides[side] = verdict_at(sets[side], address, protocol, (uint16_t)port);
            uint32_t until = end;
            if (sides[side] != NULL) {
                until = sides[side]->high;
            } else if (sets[side] != NULL) {
                size_t next = first_at(sets[side], address, protocol, (uint16_t)port);
                const struct verdict *one = next < sets[side]->items.count ? &sets[side]->items.items[next] : NULL;
                if (one != NULL && place_compare(one->address, one->protocol, address, protocol) == 0)
                    until = one->low - 1u;
            }
            end = until < end ? until : end;
        }
        judge_part(judging, movement, (uint16_t)port, (uint16_t)end, sides[0], sides[1]);
    }
}

// ---- Elsewhere

// Ports of a place that something declared moved, for the vantage.
static struct portset moved_at(struct judging *judging, struct arena *scratch, struct address address, int protocol)
{
    VECTOR(struct port_range) ranges = {0};
    for (size_t i = 0; i < judging->input->movements->count; i++) {
        const struct movement *one = &judging->input->movements->items[i];
        const struct endpoint *endpoint = one->change.endpoint;
        if (one->meaning == MOVEMENT_NOT_DONE || !one->ours || endpoint == NULL ||
            protocol < one->change.protocol_low || protocol > one->change.protocol_high ||
            !address_equal(address, (struct address){endpoint->address.family, endpoint->address.first}))
            continue;
        *vector_add(scratch, &ranges) = protocol_has_ports(protocol)
                                            ? (struct port_range){one->change.low, one->change.high}
                                            : (struct port_range){0, 0};
    }
    return portset_from(scratch, ranges.items, ranges.count);
}

static void put_elsewhere(struct judging *judging, enum change_outcome outcome, const char *why,
                          const struct verdict *before, const struct verdict *after, uint16_t low, uint16_t high)
{
    const struct verdict *any = after != NULL ? after : before;
    bool was = is_known(before) && before->observed == OBSERVED_OPEN;
    bool is = is_known(after) && after->observed == OBSERVED_OPEN;
    enum change_kind kind = is && !was ? CHANGE_OPENED : was && !is ? CHANGE_CLOSED : CHANGE_ALTERED;
    struct arena *scratch = arena_new();
    struct portset ports = portset_of(scratch, low, high);
    ports = portset_subtract(scratch, ports, moved_at(judging, scratch, any->address, any->protocol));
    for (size_t r = 0; r < ports.count; r++)
        *vector_add(judging->arena, &judging->report->pieces) =
            (struct change_piece){.outcome = outcome,
                                  .why = why,
                                  .change = {.kind = kind,
                                             .protocol_low = any->protocol,
                                             .protocol_high = any->protocol,
                                             .low = ports.ranges[r].low,
                                             .high = ports.ranges[r].high},
                                  .address = any->address,
                                  .eni_id = any->eni_id,
                                  .instance_id = any->instance_id,
                                  .name = any->name,
                                  .before = observed_text(before),
                                  .after = observed_text(after)};
    arena_free(scratch);
}

static void judge_drift(struct judging *judging, const struct drift *drift)
{
    const struct verdict *before = drift->before, *after = drift->after;
    bool both = is_known(before) && is_known(after);
    if (drift->kind < DRIFT_OPENED)
        return;
    if (both && (answers(before) != answers(after) || before->observed != after->observed) &&
        (answers(before) || answers(after)))
        put_elsewhere(judging, OUTCOME_ELSEWHERE,
                      drift->kind == DRIFT_OUTAGE ? "stopped answering, an outage, and nothing declared moved"
                      : answers(after)            ? "answers otherwise, and nothing declared moved"
                                                  : "stopped answering, and nothing declared moved",
                      before, after, drift->low, drift->high);
    else if (drift->kind == DRIFT_NOT_ASKED && answers(before))
        put_elsewhere(judging, OUTCOME_UNVERIFIED,
                      after == NULL ? "answered before, and was not asked"
                                    : "answered before, and what came now proves nothing",
                      before, after, drift->low, drift->high);
}

// An answer where the configuration lets nothing through, of which it is not known whether it was there before.
static void judge_undeclared(struct judging *judging)
{
    const struct verdict_set *now = judging->input->now, *before = judging->input->before;
    for (size_t i = 0; i < now->items.count; i++) {
        const struct verdict *one = &now->items.items[i];
        if (one->kind != VERDICT_UNDECLARED || !answers(one))
            continue;
        for (uint32_t port = one->low; port <= one->high; port++) {
            const struct verdict *was = verdict_at(before, one->address, one->protocol, (uint16_t)port);
            uint32_t end = port;
            while (end < one->high && !is_known(was) &&
                   !is_known(verdict_at(before, one->address, one->protocol, (uint16_t)(end + 1))))
                end++;
            if (!is_known(was))
                put_elsewhere(judging, OUTCOME_ELSEWHERE,
                              "answers where nothing is declared; whether it did before is not known", NULL, one,
                              (uint16_t)port, (uint16_t)end);
            port = end;
        }
    }
}

void outcome_judge(struct arena *arena, const struct outcome_input *input, struct change_report *report)
{
    struct judging judging = {arena, input, report};
    for (size_t i = 0; i < input->movements->count; i++)
        judge_movement(&judging, &input->movements->items[i]);
    for (size_t i = 0; input->before != NULL && i < input->drift->count; i++)
        judge_drift(&judging, &input->drift->items[i]);
    judge_undeclared(&judging);
    change_report_settle(report);
}
