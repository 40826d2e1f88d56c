#include "probe/questions.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "model/protocol.h"

static int by_place(const void *left, const void *right)
{
    const struct plan_target *a = left, *b = right;
    int order = address_compare(a->address, b->address);
    if (order == 0)
        order = protocol_compare(a->protocol, b->protocol);
    if (order == 0 && a->ports.count > 0 && b->ports.count > 0)
        order = (int)a->ports.ranges[0].low - (int)b->ports.ranges[0].low;
    return order;
}

// Targets by address and protocol, each port of each asked once.
struct question_list questions_of(struct arena *arena, const struct plan *plan)
{
    struct question_list list = {0};
    size_t count = plan->targets.count, total = 0, host_count = 0;
    list.targets = arena_array(arena, struct plan_target, count + 1);
    for (size_t i = 0; i < count; i++)
        list.targets[i] = plan->targets.items[i];
    qsort(list.targets, count, sizeof(*list.targets), by_place);
    list.hosts = arena_array(arena, struct host, count + 1);
    struct portset asked = portset_empty;
    for (size_t i = 0; i < count; i++) {
        struct plan_target *target = &list.targets[i];
        if (!protocol_has_ports(target->protocol))
            target->ports = portset_of(arena, 0, 0);
        bool same =
            i > 0 && address_equal(target->address, target[-1].address) && target->protocol == target[-1].protocol;
        struct portset fresh = same ? portset_subtract(arena, target->ports, asked) : target->ports;
        asked = same ? portset_union(arena, asked, target->ports) : target->ports;
        target->ports = fresh;
        total += portset_size(fresh);
    }
    list.items = arena_array(arena, struct question, total + 1);
    for (size_t i = 0; i < count; i++) {
        const struct plan_target *target = &list.targets[i];
        if (i == 0 || !address_equal(target->address, target[-1].address))
            list.hosts[host_count++] = (struct host){.address = target->address};
        for (size_t r = 0; r < target->ports.count; r++)
            for (uint32_t port = target->ports.ranges[r].low; port <= target->ports.ranges[r].high; port++)
                list.items[list.count++] = (struct question){
                    .host = (uint32_t)(host_count - 1), .target = (uint32_t)i, .port = (uint16_t)port, .rtt_us = -1};
    }
    // A fixed stride prime to the number of questions visits each once and spreads neighbours over hosts and time.
    list.order = arena_array(arena, size_t, total + 1);
    size_t stride = (size_t)((double)total * 0.6180339887) | 1, at = 0;
    for (size_t a = stride, b = total; total > 1; a = stride, b = total) {
        while (b != 0) {
            size_t rest = a % b;
            a = b;
            b = rest;
        }
        if (a == 1)
            break;
        stride += 2;
    }
    for (size_t i = 0; i < total; i++, at = (at + stride) % total)
        list.order[i] = at;
    return list;
}

static bool ended_alike(const struct question_list *list, const struct question *a, const struct question *b)
{
    const struct plan_target *x = &list->targets[a->target], *y = &list->targets[b->target];
    return a->host == b->host && x->protocol == y->protocol && (uint32_t)a->port + 1 == b->port &&
           a->answer.state == b->answer.state && a->tries == b->tries &&
           strcmp(a->answer.reason, b->answer.reason) == 0 && a->answer.from.family == b->answer.from.family &&
           a->answer.from.bits == b->answer.from.bits;
}

void questions_collect(const struct question_list *list, struct arena *arena, struct observations *observations,
                       size_t by_state[OBSERVED_UNKNOWN + 1])
{
    for (size_t i = 0; i < list->count;) {
        const struct question *first = &list->items[i], *last = first;
        uint64_t sent = first->first_sent_us, answered = first->answered_us;
        for (i++; i < list->count && ended_alike(list, last, &list->items[i]); i++) {
            last = &list->items[i];
            sent = last->first_sent_us < sent ? last->first_sent_us : sent;
            answered = last->answered_us > answered ? last->answered_us : answered;
        }
        char from[ADDRESS_TEXT] = "";
        if (first->answer.from.family != 0)
            address_format(first->answer.from, from);
        size_t ports = (size_t)(last - first) + 1;
        by_state[first->answer.state] += ports;
        *vector_add(arena, &observations->items) = (struct observation){
            .line = observations->items.count,
            .address = list->hosts[first->host].address,
            .protocol = list->targets[first->target].protocol,
            .low = first->port,
            .high = last->port,
            .state = first->answer.state,
            .reason = arena_strdup(arena, first->answer.reason),
            .from = from[0] != '\0' ? arena_strdup(arena, from) : NULL,
            .tries = first->tries,
            .rtt_us = (long)first->rtt_us,
            .first_sent = sent != 0 ? clock_text(arena, sent) : NULL,
            .answered = answered != 0 ? clock_text(arena, answered) : NULL,
        };
    }
}
