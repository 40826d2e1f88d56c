// The schedule: every question asked up to `tries` times, in passes that spread over hosts; who is silent is asked
// again in the next pass. Back-pressure of this machine puts a question back and never ends it.
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "model/protocol.h"
#include "net/sockaddr.h"
#include "probe/connect.h"
#include "probe/icmp.h"
#include "probe/probe.h"
#include "probe/questions.h"

enum {
    MOST_IN_FLIGHT = 16384,
    SPARE_DESCRIPTORS = 64,
    BATCH = 256, // starts between two looks at the sockets
    SHORTEST_WAIT_US = 200000,
    SWEEP_MS = 20,
};

struct slot {
    uv_poll_t poll;
    struct engine *engine;
    int fd;
    size_t question;
    bool active;
    struct slot *next_free;
};

struct echo_socket {
    uv_poll_t poll;
    struct engine *engine;
    enum family family;
    int fd;
    bool raw;
    bool opened;
};

struct engine {
    uv_loop_t loop;
    uv_prepare_t prepare;
    uv_idle_t idle;
    uv_timer_t sweep;
    uv_signal_t signals[2];
    const struct probe_options *options;
    struct probe_summary *summary;
    struct question_list list;
    size_t *queue; // questions of this pass, then of the next, in the order they are asked
    size_t queue_next;
    size_t queue_end;
    size_t *later;
    size_t later_count;
    struct slot *slots;
    size_t slot_count;
    struct slot *free_slots;
    size_t window;
    size_t in_flight; // connects and echoes under way
    size_t *echoes;   // questions whose echo is under way
    size_t echo_count;
    struct echo_socket echo[2]; // IPv4, IPv6
    double tokens;
    uint64_t tokens_at_us;
    uint32_t next_port;
    size_t ended;
    uint64_t began_us;
    uint64_t drawn_us;
    uint64_t token;      // of this run's echo requests
    uint64_t starved_us; // since when nothing could be started though nothing is under way; 0 where that is not so
    bool paused;         // by back-pressure, until something ends
    bool stopping;
};

static uint64_t monotonic_us(void)
{
    return uv_hrtime() / 1000;
}

bool probe_scope(const struct plan *plan, const struct prefix *only, size_t only_count, struct error *error)
{
    static const char *const never[] = {"0.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32",
                                        "::/128",    "ff00::/8",    "::ffff:0:0/96"};
    for (size_t i = 0; i < plan->targets.count; i++) {
        struct address address = plan->targets.items[i].address;
        char text[ADDRESS_TEXT];
        bool inside = only_count == 0;
        address_format(address, text);
        for (size_t n = 0; n < sizeof(never) / sizeof(never[0]); n++) {
            struct prefix prefix;
            enum prefix_problem problem = prefix_parse(never[n], false, &prefix);
            assert(problem == PREFIX_OK);
            (void)problem;
            if (prefix_holds(prefix, address))
                return error_set(error, ERROR_USAGE, "target %s is no unicast address of one host: nothing was sent",
                                 text);
        }
        for (size_t o = 0; o < only_count && !inside; o++)
            inside = prefix_holds(only[o], address);
        if (!inside)
            return error_set(error, ERROR_USAGE, "target %s lies outside --only: nothing was sent", text);
    }
    return true;
}

static struct slot *slot_take(struct engine *engine)
{
    struct slot *slot = engine->free_slots;
    if (slot != NULL)
        engine->free_slots = slot->next_free;
    return slot;
}

static void slot_closed(uv_handle_t *handle)
{
    struct slot *slot = handle->data;
    slot->next_free = slot->engine->free_slots;
    slot->engine->free_slots = slot;
}

static void measure(struct host *host, double rtt_us)
{
    if (!host->measured) {
        host->smoothed_us = rtt_us;
        host->variation_us = rtt_us / 2;
        host->measured = true;
        return;
    }
    double off = rtt_us > host->smoothed_us ? rtt_us - host->smoothed_us : host->smoothed_us - rtt_us;
    host->variation_us = 0.75 * host->variation_us + 0.25 * off;
    host->smoothed_us = 0.875 * host->smoothed_us + 0.125 * rtt_us;
}

static uint64_t patience_us(const struct engine *engine, const struct host *host)
{
    double longest = (double)engine->options->timeout_ms * 1000;
    double wait = host->measured ? host->smoothed_us + 4 * host->variation_us : longest;
    wait = wait < SHORTEST_WAIT_US ? SHORTEST_WAIT_US : wait;
    return (uint64_t)(wait > longest ? longest : wait);
}

static void end_question(struct engine *engine, struct question *question, struct answer answer)
{
    question->ended = true;
    question->answer = answer;
    engine->ended++;
    engine->paused = false;
}

// An answer to the try that is under way.
static void take_answer(struct engine *engine, struct question *question, struct answer answer)
{
    uint64_t now = monotonic_us();
    bool from_outside = answer.state != OBSERVED_UNKNOWN;
    if (from_outside) {
        question->rtt_us = (int64_t)(now - question->sent_us);
        question->answered_us = clock_wall_us();
        engine->summary->received++;
        measure(&engine->list.hosts[question->host], (double)question->rtt_us);
    }
    end_question(engine, question, answer);
}

static void take_silence(struct engine *engine, size_t index)
{
    struct question *question = &engine->list.items[index];
    engine->paused = false;
    if (question->tries >= engine->options->tries)
        end_question(engine, question, answer_state(OBSERVED_FILTERED, "no-answer"));
    else
        engine->later[engine->later_count++] = index;
}

static void release(struct slot *slot)
{
    slot->active = false;
    slot->engine->in_flight--;
    uv_close((uv_handle_t *)&slot->poll, slot_closed);
    connect_close(slot->fd);
}

static void socket_ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct slot *slot = poll->data;
    struct engine *engine = slot->engine;
    struct question *question = &engine->list.items[slot->question];
    struct answer answer = connect_finish(slot->fd, engine->list.hosts[question->host].address);
    if (answer.kind == ANSWER_SILENCE && status == 0)
        return; // woken for nothing: still under way
    size_t index = slot->question;
    release(slot);
    if (answer.kind == ANSWER_STATE)
        take_answer(engine, question, answer);
    else
        take_silence(engine, index);
}

static void note_vantage(struct engine *engine, int fd, enum family family)
{
    char *into = family == FAMILY_IPV4 ? engine->summary->vantage4 : engine->summary->vantage6;
    struct address own;
    if (into[0] == '\0' && sockaddr_own(fd, &own) && own.bits != 0)
        address_format(own, into);
}

static void note_unasked(struct engine *engine, const char *reason)
{
    for (size_t i = 0; i < sizeof(engine->summary->unasked) / sizeof(engine->summary->unasked[0]); i++) {
        if (engine->summary->unasked[i].reason != NULL && strcmp(engine->summary->unasked[i].reason, reason) != 0)
            continue;
        engine->summary->unasked[i].reason = reason;
        engine->summary->unasked[i].count++;
        return;
    }
}

static void count_try(struct engine *engine, struct question *question)
{
    question->sent_us = monotonic_us();
    if (question->tries++ == 0)
        question->first_sent_us = clock_wall_us();
    engine->summary->sent++;
}

// Undoes count_try where nothing left this machine.
static void uncount_try(struct engine *engine, struct question *question)
{
    engine->summary->sent--;
    if (--question->tries == 0)
        question->first_sent_us = 0;
}

static bool start_connect(struct engine *engine, size_t index)
{
    struct question *question = &engine->list.items[index];
    struct address address = engine->list.hosts[question->host].address;
    struct slot *slot = slot_take(engine);
    struct answer answer;
    if (slot == NULL)
        return false;
    count_try(engine, question);
    int fd = connect_start(address, question->port, engine->list.targets[question->target].client_ports,
                           &engine->next_port, &answer);
    if (fd >= 0) {
        note_vantage(engine, fd, address.family);
        *slot = (struct slot){.engine = engine, .fd = fd, .question = index, .active = true};
        if (uv_poll_init(&engine->loop, &slot->poll, fd) == 0) {
            slot->poll.data = slot;
            engine->in_flight++;
            uv_poll_start(&slot->poll, UV_WRITABLE, socket_ready);
            return true;
        }
        connect_close(fd);
        answer = (struct answer){.kind = ANSWER_BACK_PRESSURE};
    }
    slot->active = false;
    slot->engine = engine;
    slot->next_free = engine->free_slots;
    engine->free_slots = slot;
    if (answer.kind == ANSWER_BACK_PRESSURE) {
        uncount_try(engine, question);
        return false;
    }
    if (answer.kind == ANSWER_SILENCE) {
        take_silence(engine, index);
        return true;
    }
    if (answer.state == OBSERVED_UNKNOWN) // refused by this machine: nothing was sent
        uncount_try(engine, question);
    take_answer(engine, question, answer);
    return true;
}

static void echo_ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct echo_socket *socket = poll->data;
    struct engine *engine = socket->engine;
    struct address from;
    struct answer answer;
    uint64_t token;
    while (icmp_receive(socket->fd, socket->family, socket->raw, &token, &from, &answer)) {
        if (answer.state == OBSERVED_OPEN && token != engine->token)
            continue;
        for (size_t i = 0; i < engine->echo_count; i++) {
            struct question *question = &engine->list.items[engine->echoes[i]];
            if (!address_equal(engine->list.hosts[question->host].address, from))
                continue;
            engine->echoes[i] = engine->echoes[--engine->echo_count];
            engine->in_flight--;
            take_answer(engine, question, answer);
            break;
        }
    }
}

static bool start_echo(struct engine *engine, size_t index)
{
    struct question *question = &engine->list.items[index];
    struct address address = engine->list.hosts[question->host].address;
    struct echo_socket *socket = &engine->echo[address.family == FAMILY_IPV4 ? 0 : 1];
    if (!socket->opened) {
        socket->opened = true;
        socket->engine = engine;
        socket->family = address.family;
        socket->fd = icmp_open(address.family, &socket->raw);
        socket->poll.data = socket;
        if (socket->fd >= 0 && uv_poll_init(&engine->loop, &socket->poll, socket->fd) == 0)
            uv_poll_start(&socket->poll, UV_READABLE, echo_ready);
    }
    if (socket->fd < 0) {
        note_unasked(engine, "icmp echo: neither a ping socket nor a raw socket may be opened");
        end_question(engine, question, answer_state(OBSERVED_UNKNOWN, "local: not permitted"));
        return true;
    }
    count_try(engine, question);
    struct answer answer = icmp_send(socket->fd, address, (uint16_t)index, engine->token);
    if (answer.kind == ANSWER_BACK_PRESSURE) {
        uncount_try(engine, question);
        return false;
    }
    if (answer.kind == ANSWER_STATE) {
        if (answer.state == OBSERVED_UNKNOWN)
            uncount_try(engine, question);
        take_answer(engine, question, answer);
        return true;
    }
    engine->echoes[engine->echo_count++] = index;
    engine->in_flight++;
    return true;
}

static bool start(struct engine *engine, size_t index)
{
    struct question *question = &engine->list.items[index];
    int protocol = engine->list.targets[question->target].protocol;
    if (protocol == PROTOCOL_TCP)
        return start_connect(engine, index);
    if (protocol_is_icmp(protocol))
        return start_echo(engine, index);
    note_unasked(engine, "udp: this version does not probe UDP");
    end_question(engine, question, answer_state(OBSERVED_UNKNOWN, "udp is not probed"));
    return true;
}

static void finish(struct engine *engine)
{
    if (engine->stopping)
        return;
    engine->stopping = true;
    for (size_t i = 0; i < engine->slot_count; i++)
        if (engine->slots[i].active)
            release(&engine->slots[i]);
    uv_prepare_stop(&engine->prepare);
    uv_idle_stop(&engine->idle);
    uv_timer_stop(&engine->sweep);
    uv_close((uv_handle_t *)&engine->prepare, NULL);
    uv_close((uv_handle_t *)&engine->idle, NULL);
    uv_close((uv_handle_t *)&engine->sweep, NULL);
    for (int i = 0; i < 2; i++) {
        uv_close((uv_handle_t *)&engine->signals[i], NULL);
        if (engine->echo[i].opened && engine->echo[i].fd >= 0) {
            uv_close((uv_handle_t *)&engine->echo[i].poll, NULL);
            close(engine->echo[i].fd);
        }
    }
    for (size_t i = 0; i < engine->list.count; i++)
        if (!engine->list.items[i].ended)
            end_question(engine, &engine->list.items[i], answer_state(OBSERVED_UNKNOWN, "interrupted"));
}

static void draw_progress(struct engine *engine, uint64_t now)
{
    if (!engine->options->progress || now - engine->drawn_us < 200000)
        return;
    engine->drawn_us = now;
    double seconds = (double)(now - engine->began_us) / 1e6, rate = (double)engine->ended / (seconds > 0 ? seconds : 1);
    double left = rate > 0 ? (double)(engine->list.count - engine->ended) / rate : 0;
    fprintf(stderr, "\rprobe: %zu of %zu, %.0f/s, %.0f s left \033[K", engine->ended, engine->list.count, rate, left);
}

static void stay_awake(uv_idle_t *handle)
{
    (void)handle; // an active idle handle makes the loop poll without sleeping: that is all it is for
}

// Back-pressure ends when something of ours ends. Where nothing of ours is under way and still nothing can be started,
// this machine will not let us: the question then is unknown, never a verdict.
static void give_up_if_starved(struct engine *engine, uint64_t now)
{
    enum { LONGEST_US = 10000000 };
    if (engine->in_flight > 0 || engine->starved_us == 0) {
        engine->starved_us = engine->in_flight > 0 ? 0 : now;
        return;
    }
    if (now - engine->starved_us < LONGEST_US)
        return;
    size_t index = engine->queue[engine->queue_next++];
    end_question(engine, &engine->list.items[index], answer_state(OBSERVED_UNKNOWN, "local: no free socket"));
}

static void pump(uv_prepare_t *handle)
{
    struct engine *engine = handle->data;
    uint64_t now = monotonic_us();
    double most = (double)engine->options->rate / 50 + 1;
    engine->tokens += (double)(now - engine->tokens_at_us) * (double)engine->options->rate / 1e6;
    engine->tokens = engine->tokens > most ? most : engine->tokens;
    engine->tokens_at_us = now;
    size_t started = 0;
    while (!engine->paused && engine->queue_next < engine->queue_end && engine->tokens >= 1 &&
           engine->in_flight < engine->window && started < BATCH) {
        if (!start(engine, engine->queue[engine->queue_next])) {
            engine->paused = engine->in_flight > 0;
            give_up_if_starved(engine, now);
            break;
        }
        engine->starved_us = 0;
        engine->queue_next++;
        engine->tokens -= 1;
        started++;
    }
    if (engine->queue_next == engine->queue_end && engine->in_flight == 0) {
        if (engine->later_count == 0) {
            finish(engine);
            return;
        }
        size_t *swap = engine->queue; // the next pass, in reverse, so that the same neighbours do not meet again
        for (size_t i = 0; i < engine->later_count / 2; i++) {
            size_t other = engine->later[i];
            engine->later[i] = engine->later[engine->later_count - 1 - i];
            engine->later[engine->later_count - 1 - i] = other;
        }
        engine->queue = engine->later;
        engine->queue_end = engine->later_count;
        engine->queue_next = 0;
        engine->later = swap;
        engine->later_count = 0;
        started = BATCH;
    }
    // While there is more to start at once, the loop must not sleep.
    if (started == BATCH)
        uv_idle_start(&engine->idle, stay_awake);
    else
        uv_idle_stop(&engine->idle);
    draw_progress(engine, now);
}

static void sweep(uv_timer_t *timer)
{
    struct engine *engine = timer->data;
    uint64_t now = monotonic_us();
    for (size_t i = 0; i < engine->slot_count; i++) {
        struct slot *slot = &engine->slots[i];
        if (!slot->active)
            continue;
        struct question *question = &engine->list.items[slot->question];
        if (now - question->sent_us < patience_us(engine, &engine->list.hosts[question->host]))
            continue;
        size_t index = slot->question;
        release(slot);
        take_silence(engine, index);
    }
    for (size_t i = 0; i < engine->echo_count;) {
        size_t index = engine->echoes[i];
        struct question *question = &engine->list.items[index];
        if (now - question->sent_us < patience_us(engine, &engine->list.hosts[question->host])) {
            i++;
            continue;
        }
        engine->echoes[i] = engine->echoes[--engine->echo_count];
        engine->in_flight--;
        take_silence(engine, index);
    }
    engine->paused = false;
}

static void interrupted(uv_signal_t *handle, int signal)
{
    (void)signal;
    struct engine *engine = handle->data;
    engine->summary->interrupted = true;
    finish(engine);
}

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

bool probe_run(struct arena *arena, const struct plan *plan, const struct probe_options *options,
               struct observations *observations, struct probe_summary *summary, struct error *error)
{
    if (!probe_scope(plan, options->only, options->only_count, error))
        return false;
    struct engine *engine = arena_new_of(arena, struct engine);
    *summary = (struct probe_summary){0};
    engine->options = options;
    engine->summary = summary;
    engine->list = questions_of(arena, plan);
    engine->queue = engine->list.order;
    engine->queue_end = engine->list.count;
    engine->later = arena_array(arena, size_t, engine->list.count + 1);
    engine->echoes = arena_array(arena, size_t, engine->list.count + 1);
    size_t limit = descriptor_limit();
    engine->window = limit > SPARE_DESCRIPTORS * 2 ? limit - SPARE_DESCRIPTORS : SPARE_DESCRIPTORS;
    engine->window = engine->window > MOST_IN_FLIGHT ? MOST_IN_FLIGHT : engine->window;
    engine->slot_count = engine->window < engine->list.count ? engine->window : engine->list.count;
    engine->slots = arena_array(arena, struct slot, engine->slot_count + 1);
    for (size_t i = engine->slot_count; i-- > 0;) {
        engine->slots[i].engine = engine;
        engine->slots[i].next_free = engine->free_slots;
        engine->free_slots = &engine->slots[i];
    }
    engine->began_us = engine->tokens_at_us = monotonic_us();
    engine->token = clock_wall_us() << 8 ^ (uint64_t)getpid();
    engine->tokens = 1;
    int code = uv_loop_init(&engine->loop);
    if (code != 0)
        return error_set(error, ERROR_INCOMPLETE, "the event loop cannot be set up: %s", uv_strerror(code));
    uv_prepare_init(&engine->loop, &engine->prepare);
    uv_idle_init(&engine->loop, &engine->idle);
    uv_timer_init(&engine->loop, &engine->sweep);
    engine->prepare.data = engine->sweep.data = engine;
    uv_prepare_start(&engine->prepare, pump);
    uv_timer_start(&engine->sweep, sweep, SWEEP_MS, SWEEP_MS);
    const int signals[] = {SIGINT, SIGTERM};
    for (int i = 0; i < 2; i++) {
        uv_signal_init(&engine->loop, &engine->signals[i]);
        engine->signals[i].data = engine;
        uv_signal_start(&engine->signals[i], interrupted, signals[i]);
    }
    uv_run(&engine->loop, UV_RUN_DEFAULT);
    uv_loop_close(&engine->loop);
    if (options->progress)
        fputs("\r\033[K", stderr);
    summary->seconds = (double)(monotonic_us() - engine->began_us) / 1e6;
    questions_collect(&engine->list, arena, observations, summary->by_state);
    observations->has_summary = true;
    observations->interrupted = summary->interrupted;
    observations->vantage4 = summary->vantage4[0] != '\0' ? summary->vantage4 : NULL;
    observations->vantage6 = summary->vantage6[0] != '\0' ? summary->vantage6 : NULL;
    return true;
}

void probe_summary_write(const struct probe_summary *summary, struct text *out)
{
    struct json_writer writer = json_writer_to(out);
    json_open_line(&writer, NULL, '{');
    json_open(&writer, "summary", '{');
    for (int i = 0; i <= OBSERVED_UNKNOWN; i++)
        json_put_integer(&writer, observed_names[i], (int64_t)summary->by_state[i]);
    json_put_integer(&writer, "sent", (int64_t)summary->sent);
    json_put_integer(&writer, "received", (int64_t)summary->received);
    json_put_number(&writer, "seconds", summary->seconds);
    json_put_boolean(&writer, "interrupted", summary->interrupted);
    json_put_string(&writer, "vantage_ipv4", summary->vantage4[0] != '\0' ? summary->vantage4 : NULL);
    json_put_string(&writer, "vantage_ipv6", summary->vantage6[0] != '\0' ? summary->vantage6 : NULL);
    json_open(&writer, "not_asked", '[');
    for (size_t i = 0; i < sizeof(summary->unasked) / sizeof(summary->unasked[0]); i++)
        if (summary->unasked[i].reason != NULL) {
            json_open(&writer, NULL, '{');
            json_put_string(&writer, "what", summary->unasked[i].reason);
            json_put_integer(&writer, "count", (int64_t)summary->unasked[i].count);
            json_close(&writer, '}');
        }
    json_close(&writer, ']');
    json_close(&writer, '}');
    json_close(&writer, '}');
    json_end_document(&writer);
}
