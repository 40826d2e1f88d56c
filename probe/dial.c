#include "probe/dial.h"

#include <sys/resource.h>

#include "base/clock.h"
#include "probe/connect.h"

enum { SPARE_DESCRIPTORS = 64, SHORTEST_WAIT_US = 200000 };

struct slot {
    uv_poll_t poll;
    struct dial *dial;
    int fd;
    uint64_t question;
    uint64_t started_us;
    uint32_t lane;
    struct slot *next; // free, or after it in the order of starting
    struct slot *before;
};

struct dial {
    uv_loop_t *loop;
    const struct schedule *schedule;
    struct ledger *ledger;
    uint64_t longest_us;
    struct slot *slots;
    size_t slot_count;
    struct slot *free_slots;
    struct slot *oldest;
    struct slot *newest;
    size_t under_way;
    uint32_t next_port;
};

static size_t descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 256;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > 1u << 20)
        return 1u << 20;
    return (size_t)limit.rlim_cur;
}

struct dial *dial_open(struct arena *arena, uv_loop_t *loop, const struct schedule *schedule, struct ledger *ledger,
                       uint64_t longest_us, size_t most)
{
    struct dial *dial = arena_new_of(arena, struct dial);
    size_t limit = descriptor_limit();
    *dial = (struct dial){.loop = loop, .schedule = schedule, .ledger = ledger, .longest_us = longest_us};
    dial->slot_count = limit > SPARE_DESCRIPTORS * 2 ? limit - SPARE_DESCRIPTORS : SPARE_DESCRIPTORS;
    dial->slot_count = dial->slot_count < most ? dial->slot_count : most;
    dial->slots = arena_array(arena, struct slot, dial->slot_count + 1);
    for (size_t i = dial->slot_count; i-- > 0;) {
        dial->slots[i].dial = dial;
        dial->slots[i].next = dial->free_slots;
        dial->free_slots = &dial->slots[i];
    }
    return dial;
}

static void slot_closed(uv_handle_t *handle)
{
    struct slot *slot = handle->data;
    slot->next = slot->dial->free_slots;
    slot->dial->free_slots = slot;
}

static void release(struct slot *slot)
{
    struct dial *dial = slot->dial;
    dial->under_way--;
    *(slot->before == NULL ? &dial->oldest : &slot->before->next) = slot->next;
    *(slot->next == NULL ? &dial->newest : &slot->next->before) = slot->before;
    uv_close((uv_handle_t *)&slot->poll, slot_closed);
    connect_close(slot->fd);
}

static void socket_ready(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct slot *slot = poll->data;
    struct dial *dial = slot->dial;
    struct answer answer = connect_finish(slot->fd, dial->schedule->lanes[slot->lane].address);
    if (answer.kind == ANSWER_SILENCE && status == 0)
        return; // woken for nothing: still under way
    uint64_t question = slot->question;
    release(slot);
    if (answer.kind == ANSWER_STATE)
        ledger_answer(dial->ledger, question, 0, &answer, clock_wall_us(), 0);
}

bool dial_start(struct dial *dial, const struct span *span, uint64_t question, uint64_t position)
{
    const struct lane *lane = &dial->schedule->lanes[span->lane];
    struct slot *slot = dial->free_slots;
    struct answer answer;
    if (slot == NULL)
        return false;
    uint64_t now = clock_wall_us();
    int fd = connect_start(lane->address, schedule_port(span, question),
                           dial->schedule->targets[span->target].client_ports, &dial->next_port, &answer);
    if (fd >= 0 && uv_poll_init(dial->loop, &slot->poll, fd) != 0) {
        connect_close(fd);
        return false;
    }
    if (fd < 0 && answer.kind == ANSWER_BACK_PRESSURE)
        return false;
    bool local = fd < 0 && answer.kind == ANSWER_STATE && answer.state == OBSERVED_UNKNOWN; // nothing left this machine
    if (!local)
        ledger_sent(dial->ledger, question, position, now);
    if (fd < 0) {
        if (answer.kind == ANSWER_STATE)
            ledger_answer(dial->ledger, question, 0, &answer, clock_wall_us(), 0);
        return true;
    }
    dial->free_slots = slot->next;
    slot->fd = fd;
    slot->question = question;
    slot->lane = span->lane;
    slot->started_us = uv_hrtime() / 1000;
    slot->next = NULL;
    slot->before = dial->newest;
    *(dial->newest == NULL ? &dial->oldest : &dial->newest->next) = slot;
    dial->newest = slot;
    slot->poll.data = slot;
    dial->under_way++;
    uv_poll_start(&slot->poll, UV_WRITABLE, socket_ready);
    return true;
}

size_t dial_under_way(const struct dial *dial)
{
    return dial->under_way;
}

void dial_sweep(struct dial *dial)
{
    uint64_t now = uv_hrtime() / 1000;
    for (struct slot *slot = dial->oldest, *next; slot != NULL; slot = next) {
        next = slot->next;
        if (now - slot->started_us < SHORTEST_WAIT_US)
            break; // and so are all that follow
        if (now - slot->started_us >=
            ledger_patience_us(&dial->ledger->standings[slot->lane], SHORTEST_WAIT_US, dial->longest_us))
            release(slot);
    }
}

void dial_close(struct dial *dial)
{
    while (dial->oldest != NULL)
        release(dial->oldest);
}
