#include "probe/dial.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "probe/connect.h"

enum { SPARE_DESCRIPTORS = 64, SHORTEST_WAIT_US = 200000, EVENTS = 256 };

struct slot {
    int fd;
    uint64_t question;
    uint64_t started_us;
    uint32_t lane;
    struct slot *next; // free, or after it in the order of starting
    struct slot *before;
};

struct dial {
    int epoll; // of all that are under way; uv_poll_t would take five system calls more for each
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

struct dial *dial_open(struct arena *arena, const struct schedule *schedule, struct ledger *ledger, uint64_t longest_us,
                       size_t most, struct error *error)
{
    struct dial *dial = arena_new_of(arena, struct dial);
    size_t limit = descriptor_limit();
    *dial = (struct dial){.schedule = schedule, .ledger = ledger, .longest_us = longest_us};
    dial->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (dial->epoll < 0) {
        error_system(error, ERROR_INCOMPLETE, errno, "no descriptor to wait for connections with");
        return NULL;
    }
    size_t count = limit > SPARE_DESCRIPTORS * 2 ? limit - SPARE_DESCRIPTORS : SPARE_DESCRIPTORS;
    count = count < most ? count : most;
    struct slot *slots = arena_array(arena, struct slot, count + 1);
    for (size_t i = count; i-- > 0;) {
        slots[i].next = dial->free_slots;
        dial->free_slots = &slots[i];
    }
    return dial;
}

int dial_descriptor(const struct dial *dial)
{
    return dial->epoll;
}

static void release(struct dial *dial, struct slot *slot)
{
    dial->under_way--;
    *(slot->before == NULL ? &dial->oldest : &slot->before->next) = slot->next;
    *(slot->next == NULL ? &dial->newest : &slot->next->before) = slot->before;
    connect_close(slot->fd); // leaves the epoll set as well
    slot->next = dial->free_slots;
    dial->free_slots = slot;
}

void dial_take(struct dial *dial)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(dial->epoll, events, EVENTS, 0);
    for (int i = 0; i < count; i++) {
        struct slot *slot = events[i].data.ptr;
        struct answer answer = connect_finish(slot->fd, dial->schedule->lanes[slot->lane].address);
        if (answer.kind == ANSWER_STATE)
            ledger_answer(dial->ledger, slot->question, 0, &answer, clock_wall_us(), 0);
        if (answer.kind == ANSWER_STATE || (events[i].events & (EPOLLERR | EPOLLHUP)) != 0)
            release(dial, slot); // else woken for nothing: still under way
    }
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
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = slot};
    if (fd >= 0 && epoll_ctl(dial->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
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
    dial->under_way++;
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
            release(dial, slot);
    }
}

void dial_close(struct dial *dial)
{
    while (dial->oldest != NULL)
        release(dial, dial->oldest);
    close(dial->epoll);
}
