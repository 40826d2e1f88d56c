#include "probe/senders.h"

enum { WAYS = 4, PACKETS = 4096 }; // packets taken in at one look

static const struct sender *const by_capture[] = {&sender_syn, &sender_datagram, &sender_echo, NULL};
static const struct sender *const by_sockets[] = {&sender_connect, &sender_datagram, &sender_echo, NULL};

struct way { // that questions are asked
    const struct sender *sender;
    void *self;
};

struct door { // a descriptor that answers come in by
    uv_poll_t poll;
    struct senders *senders;
    const struct way *way; // NULL: the capture
    int fd;
};

struct senders {
    struct arena *arena;
    const struct senders_listener *listener;
    struct way ways[WAYS];
    size_t way_count;
    struct way **way_of;       // by lane
    struct receiver *receiver; // NULL: answers come by the senders' descriptors
    struct door *doors;
    size_t door_count;
    bool flushed;
    bool ended;
};

static bool begin_capture(struct senders *senders, struct probe_raw *raw, struct receiver_filter *filter, bool *refused,
                          struct error *error)
{
    if (raw->receiver == NULL) {
        *refused = raw->capture_refused;
        *error = raw->capture_why;
        return false;
    }
    for (size_t i = 0; i < senders->way_count; i++)
        senders->ways[i].sender->listen(senders->ways[i].self, filter);
    senders->receiver = raw->receiver;
    raw->receiver = NULL;
    return receiver_begin(senders->receiver, filter, senders->listener->packet, senders->listener->context, error);
}

static void close_ways(struct senders *senders)
{
    for (size_t i = 0; i < senders->way_count; i++)
        senders->ways[i].sender->close(senders->ways[i].self);
    senders->way_count = 0;
}

struct senders *senders_open(const struct sender_context *context, const struct senders_listener *listener,
                             bool *refused, struct error *error)
{
    struct senders *senders = arena_new_of(context->arena, struct senders);
    struct receiver_filter filter = {.arena = context->arena, .own = listener->own};
    const struct schedule *schedule = context->schedule;
    *senders = (struct senders){.arena = context->arena, .listener = listener, .flushed = true};
    for (const struct sender *const *sender = context->captured ? by_capture : by_sockets; *sender != NULL; sender++) {
        void *self = (*sender)->open(context, refused, error);
        if (self == NULL) {
            close_ways(senders);
            return NULL;
        }
        senders->ways[senders->way_count++] = (struct way){*sender, self};
    }
    if (context->captured && !begin_capture(senders, context->raw, &filter, refused, error)) {
        senders_close(senders);
        return NULL;
    }
    senders->way_of = arena_array(context->arena, struct way *, schedule->lane_count + 1);
    for (size_t i = 0; i < schedule->lane_count; i++)
        for (size_t w = 0; w < senders->way_count && senders->way_of[i] == NULL; w++)
            if (senders->ways[w].sender->serves(schedule->lanes[i].protocol))
                senders->way_of[i] = &senders->ways[w];
    return senders;
}

void senders_close(struct senders *senders)
{
    close_ways(senders);
    if (senders->receiver != NULL)
        receiver_close(senders->receiver);
    senders->receiver = NULL;
}

static void ready(uv_poll_t *poll, int status, int events)
{
    struct door *door = poll->data;
    struct senders *senders = door->senders;
    (void)events;
    if (door->way != NULL) {
        door->way->sender->take(door->way->self, door->fd);
        if (status < 0 && !senders->ended) // an ICMP error, taken in by now; libuv waits no more after one
            uv_poll_start(poll, UV_READABLE, ready);
    } else if (receiver_read(senders->receiver, PACKETS) < 0 && !senders->ended)
        senders->listener->lost(senders->listener->context);
}

static bool open_door(struct senders *senders, uv_loop_t *loop, int fd, const struct way *way, struct error *error)
{
    struct door *door = &senders->doors[senders->door_count];
    *door = (struct door){.senders = senders, .fd = fd, .way = way};
    int code = uv_poll_init(loop, &door->poll, fd);
    if (code == 0) {
        door->poll.data = door;
        senders->door_count++;
        code = uv_poll_start(&door->poll, UV_READABLE, ready);
    }
    return code == 0 || error_set(error, ERROR_INCOMPLETE, "answers cannot be waited for: %s", uv_strerror(code));
}

static const int *descriptors(const struct way *way, size_t *count)
{
    *count = 0;
    return way->sender->descriptors == NULL ? NULL : way->sender->descriptors(way->self, count);
}

bool senders_listen(struct senders *senders, uv_loop_t *loop, struct error *error)
{
    size_t count, all = 1;
    for (size_t w = 0; w < senders->way_count; w++, all += count)
        descriptors(&senders->ways[w], &count);
    senders->doors = arena_array(senders->arena, struct door, all);
    for (size_t w = 0; w < senders->way_count; w++) {
        const int *fds = descriptors(&senders->ways[w], &count);
        for (size_t i = 0; i < count; i++)
            GUARD(open_door(senders, loop, fds[i], &senders->ways[w], error));
    }
    return senders->receiver == NULL || open_door(senders, loop, receiver_descriptor(senders->receiver), NULL, error);
}

void senders_end(struct senders *senders)
{
    senders->ended = true;
    for (size_t i = 0; i < senders->door_count; i++)
        uv_close((uv_handle_t *)&senders->doors[i].poll, NULL);
    close_ways(senders); // after their doors
}

bool senders_send(struct senders *senders, const struct sending *sending)
{
    const struct way *way = senders->way_of[sending->span->lane];
    senders->flushed = senders->flushed && way->sender->flush == NULL;
    return way->sender->send(way->self, sending);
}

bool senders_flush(struct senders *senders)
{
    senders->flushed = true;
    for (size_t i = 0; i < senders->way_count; i++) {
        const struct way *way = &senders->ways[i];
        senders->flushed = (way->sender->flush == NULL || way->sender->flush(way->self)) && senders->flushed;
    }
    return senders->flushed;
}

bool senders_flushed(const struct senders *senders)
{
    return senders->flushed;
}

void senders_sweep(struct senders *senders)
{
    for (size_t i = 0; i < senders->way_count; i++)
        if (senders->ways[i].sender->sweep != NULL)
            senders->ways[i].sender->sweep(senders->ways[i].self);
}

size_t senders_under_way(const struct senders *senders)
{
    size_t count = 0;
    for (size_t i = 0; i < senders->way_count; i++)
        if (senders->ways[i].sender->under_way != NULL)
            count += senders->ways[i].sender->under_way(senders->ways[i].self);
    return count;
}

uint64_t senders_repeated(struct senders *senders)
{
    uint64_t count = 0;
    for (size_t i = 0; i < senders->way_count; i++)
        if (senders->ways[i].sender->repeated != NULL)
            count += senders->ways[i].sender->repeated(senders->ways[i].self);
    return count;
}

uint64_t senders_dropped(const struct senders *senders)
{
    return senders->receiver == NULL ? 0 : receiver_dropped(senders->receiver);
}

void senders_take_last(struct senders *senders)
{
    if (senders->receiver != NULL)
        receiver_read(senders->receiver, PACKETS);
}
