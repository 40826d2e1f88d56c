// TCP connects under way: the method that needs no privilege.
#include "probe/sender.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "model/protocol.h"
#include "net/sockaddr.h"
#include "probe/connect.h"

enum {
    SPARE_DESCRIPTORS = 64,
    EVENTS = 256,
    MOST = 16384,
    TOLD_US = 1850000,  // when the kernel has told whether the SYN that it repeated left, and does not repeat it yet
                        // once more,
    SURELY_US = 1900000 // and when it never will
};

struct slot {
    int fd; // -1: none
    uint32_t lane;
    bool under_way;
    bool rests; // its socket can be used again
    uint64_t question;
    unsigned try;
    uint64_t started_us;
    bool looked_at;    // whether its SYN leaves is known, as well as it will be
    bool held_back;    // it did not
    struct slot *next; // of those like it; under way, in the order of starting
    struct slot *before;
};

struct dial {
    int epoll; // of all sockets; uv_poll_t would take five system calls more for each
    const struct schedule *schedule;
    struct ledger *ledger;
    struct routes *routes;
    uint64_t longest_us;
    struct slot *bare;      // not under way: without a socket
    struct slot *rested[2]; // with one of IPv4, of IPv6
    struct slot *oldest;    // under way
    struct slot *newest;
    struct slot *unseen; // the oldest one that is not looked at yet
    size_t under_way;
    uint64_t repeated; // SYNs that the kernel sent of its own accord, and nobody has asked for yet
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

static void put(struct slot **list, struct slot *slot)
{
    slot->next = *list;
    *list = slot;
}

static struct slot *take(struct slot **list)
{
    struct slot *slot = *list;
    if (slot != NULL)
        *list = slot->next;
    return slot;
}

static void drop_socket(struct slot *slot)
{
    connect_close(slot->fd); // leaves the epoll set as well
    slot->fd = -1;
}

// A slot for a connection: with a socket of the family where one may be used again, else with none.
static struct slot *take_slot(struct dial *dial, enum family family, bool rests)
{
    struct slot *slot = rests ? take(&dial->rested[family == FAMILY_IPV6]) : NULL;
    slot = slot != NULL ? slot : take(&dial->bare);
    for (int side = 0; side < 2 && slot == NULL; side++)
        if ((slot = take(&dial->rested[side])) != NULL)
            drop_socket(slot);
    return slot;
}

static bool serves(int protocol)
{
    return protocol == PROTOCOL_TCP;
}

// Room for as many connects as descriptors allow, at most MOST.
static void *open_for(const struct sender_context *context, bool *refused, struct error *error)
{
    struct dial *dial = arena_new_of(context->arena, struct dial);
    size_t limit = descriptor_limit();
    *refused = false;
    *dial = (struct dial){.schedule = context->schedule,
                          .ledger = context->ledger,
                          .routes = context->routes,
                          .longest_us = context->timeout_us};
    dial->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (dial->epoll < 0) {
        error_system(error, ERROR_INCOMPLETE, errno, "no descriptor to wait for connections with");
        return NULL;
    }
    size_t count = limit > SPARE_DESCRIPTORS * 2 ? limit - SPARE_DESCRIPTORS : SPARE_DESCRIPTORS;
    count = count < MOST ? count : MOST;
    struct slot *slots = arena_array(context->arena, struct slot, count + 1);
    for (size_t i = count; i-- > 0;) {
        slots[i].fd = -1;
        put(&dial->bare, &slots[i]);
    }
    return dial;
}

static const int *descriptors(const void *self, size_t *count)
{
    const struct dial *dial = self;
    *count = 1;
    return &dial->epoll;
}

static void release(struct dial *dial, struct slot *slot)
{
    dial->under_way--;
    slot->under_way = false;
    if (dial->unseen == slot)
        dial->unseen = slot->next;
    *(slot->before == NULL ? &dial->oldest : &slot->before->next) = slot->next;
    *(slot->next == NULL ? &dial->newest : &slot->next->before) = slot->before;
    if (slot->rests && connect_rest(slot->fd)) {
        put(&dial->rested[schedule_side(dial->schedule, slot->lane)], slot);
        return;
    }
    drop_socket(slot);
    put(&dial->bare, slot);
}

static void take_events(void *self, int fd)
{
    struct dial *dial = self;
    (void)fd;
    struct epoll_event events[EVENTS];
    int count = epoll_wait(dial->epoll, events, EVENTS, 0);
    for (int i = 0; i < count; i++) {
        struct slot *slot = events[i].data.ptr;
        if (!slot->under_way)
            continue; // its coming to rest was an event too
        struct answer answer = connect_finish(slot->fd, dial->schedule->lanes[slot->lane].address);
        answer.repeated = uv_hrtime() / 1000 - slot->started_us >= ANSWER_REPEATED_US;
        if (answer.kind == ANSWER_STATE)
            ledger_answer(dial->ledger, slot->question, slot->try, &answer, clock_wall_us(), 0);
        if (answer.kind == ANSWER_STATE || (events[i].events & (EPOLLERR | EPOLLHUP)) != 0)
            release(dial, slot); // else woken for nothing: still under way
    }
}

// Connects by the slot's socket, or gives it one. False, the slot then without a socket, where *answer is what came of
// it at once.
static bool start(struct dial *dial, struct slot *slot, struct address target, uint16_t port,
                  struct portset client_ports, struct answer *answer)
{
    bool fresh = slot->fd < 0;
    slot->fd = connect_start(slot->fd, target, port, client_ports, dial->routes->options, &dial->next_port, answer);
    // Edge-triggered: a socket at rest counts as hung up.
    struct epoll_event event = {.events = EPOLLOUT | EPOLLET, .data.ptr = slot};
    if (slot->fd >= 0 && fresh)
        connect_allow(slot->fd, (unsigned)(dial->longest_us / 1000000) + 2);
    if (slot->fd >= 0 && fresh && epoll_ctl(dial->epoll, EPOLL_CTL_ADD, slot->fd, &event) != 0) {
        drop_socket(slot);
        *answer = (struct answer){.kind = ANSWER_BACK_PRESSURE};
    }
    return slot->fd >= 0;
}

static bool send_one(void *self, const struct sending *sending)
{
    struct dial *dial = self;
    const struct span *span = sending->span;
    uint64_t question = sending->question;
    const struct lane *lane = &dial->schedule->lanes[span->lane];
    struct portset client_ports = dial->schedule->targets[span->target].client_ports;
    bool rests = connect_rests(client_ports);
    struct slot *slot = take_slot(dial, lane->address.family, rests);
    struct answer answer;
    if (slot == NULL)
        return false;
    routes_of(dial->routes, span->lane);
    uint64_t now = clock_wall_us();
    if (!start(dial, slot, lane->address, schedule_port(span, question), client_ports, &answer)) {
        put(&dial->bare, slot);
        if (answer.kind == ANSWER_BACK_PRESSURE)
            return false;
        if (answer.kind != ANSWER_STATE || answer.state != OBSERVED_UNKNOWN) // else nothing left this machine
            ledger_sent(dial->ledger, sending, now);
        if (answer.kind == ANSWER_STATE)
            ledger_answer(dial->ledger, question, sending->try, &answer, clock_wall_us(), 0);
        return true;
    }
    ledger_sent(dial->ledger, sending, now);
    slot->question = question;
    slot->try = sending->try;
    slot->lane = span->lane;
    slot->rests = rests;
    slot->under_way = true;
    slot->started_us = uv_hrtime() / 1000;
    slot->next = NULL;
    slot->before = dial->newest;
    *(dial->newest == NULL ? &dial->oldest : &dial->newest->next) = slot;
    dial->newest = slot;
    slot->held_back = false;
    slot->looked_at = slot->try > 1; // what is true of the first is true of those that follow
    dial->unseen = dial->unseen == NULL ? slot : dial->unseen;
    dial->under_way++;
    return true;
}

static size_t under_way(const void *self)
{
    return ((const struct dial *)self)->under_way;
}

// Looks whether a SYN left this machine; false where it can't be told yet.
static bool look(struct slot *slot, uint64_t waited_us)
{
    enum connect_leaving leaving =
        waited_us < ANSWER_REPEATED_US ? CONNECT_NOT_KNOWN : connect_leaving(slot->fd, waited_us);
    slot->looked_at = leaving != CONNECT_NOT_KNOWN || waited_us >= SURELY_US;
    slot->held_back = leaving == CONNECT_HELD_BACK;
    return slot->looked_at;
}

// The first connection of each question is looked at once, between the first time that the kernel repeats its SYN and
// the second: later it could not be told which of them left.
static void look_at_all(struct dial *dial, uint64_t now_us)
{
    while (dial->unseen != NULL && now_us - dial->unseen->started_us >= TOLD_US &&
           (dial->unseen->looked_at || look(dial->unseen, now_us - dial->unseen->started_us)))
        dial->unseen = dial->unseen->next;
}

// A connection whose time is over. Silence of what never left this machine is nobody's.
static void give_up(struct dial *dial, struct slot *slot)
{
    if (slot->held_back) {
        struct address source = {0};
        sockaddr_own(slot->fd, &source);
        struct answer answer = answer_of_unsent(EPERM, source);
        ledger_answer(dial->ledger, slot->question, slot->try, &answer, clock_wall_us(), 0);
    }
    dial->repeated += connect_repeated(slot->fd);
    release(dial, slot);
}

static void sweep(void *self)
{
    struct dial *dial = self;
    uint64_t now = uv_hrtime() / 1000;
    look_at_all(dial, now);
    for (struct slot *slot = dial->oldest, *next; slot != NULL; slot = next) {
        next = slot->next;
        if (now - slot->started_us < dial->longest_us)
            break; // and so are all that follow
        if (slot->looked_at || look(slot, now - slot->started_us))
            give_up(dial, slot);
    }
}

static uint64_t repeated(void *self)
{
    struct dial *dial = self;
    uint64_t count = dial->repeated;
    dial->repeated = 0;
    return count;
}

static void close_all(void *self)
{
    struct dial *dial = self;
    while (dial->oldest != NULL)
        release(dial, dial->oldest);
    for (int side = 0; side < 2; side++)
        for (struct slot *slot; (slot = take(&dial->rested[side])) != NULL;)
            drop_socket(slot);
    close(dial->epoll);
}

const struct sender sender_connect = {
    .serves = serves,
    .open = open_for,
    .descriptors = descriptors,
    .send = send_one,
    .take = take_events,
    .sweep = sweep,
    .under_way = under_way,
    .repeated = repeated,
    .close = close_all,
};
