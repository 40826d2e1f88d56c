#include "probe/identify.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "probe/identifier.h"
#include "probe/summary.h"

enum {
    MOST_AT_ONCE = 128,     // ports
    MOST_OF_A_HOST = 16,    // ports: a small instance is not hurt
    MOST_SILENT = 4,        // ports of a host, from which on it is taken for one that says nothing anywhere
    MOST_REFUSED = 2,       // connections, one after the other, from which on a port is given up
    PORT_MS = 20000,        // that one port is asked for, all its connections together
    PORT_BYTES = 128 << 10, // that one port may send, all its connections together
    MOST_KEPT = 256 << 20,  // bytes of what services have said
    TICK_MS = 10,
    DRAW_MS = 200,
};

// One open port under way.
struct inquiry {
    struct exchange exchange; // first: one is the other
    struct identifier *identifier;
    struct host *host;
    const struct open_port *port;
    uint32_t left;                         // trials to be made, a bit each
    const struct service_trial *follow_up; // the trial to be made, once something was found
    unsigned refused;                      // connections, one after the other
    bool silent;                           // all its trials so far
    uint64_t took_ms;
    uint64_t received;
};

// --- queues ----------------------------------------------------------------------------------------------------------

static void queue_begin(struct arena *arena, struct queue *queue, size_t size)
{
    *queue = (struct queue){.items = arena_array(arena, void *, size), .size = size};
}

static void queue_put(struct queue *queue, void *item)
{
    assert(queue->count < queue->size);
    queue->items[(queue->first + queue->count++) % queue->size] = item;
}

// NULL where it is empty.
static void *queue_take(struct queue *queue)
{
    if (queue->count == 0)
        return NULL;
    void *item = queue->items[queue->first];
    queue->first = (queue->first + 1) % queue->size;
    queue->count--;
    return item;
}

static void pass_over(struct identifier *identifier, struct host *host, const char *why)
{
    const struct service *service = host->next < host->end ? identify_excuse(identifier, why) : NULL;
    for (; host->next < host->end; host->next++, identifier->done++)
        identifier->ports[host->next].observation->service = service;
}

// --- one port --------------------------------------------------------------------------------------------------------

static void make_ready(struct identifier *identifier, struct host *host)
{
    if (host->queued || host->next == host->end || host->open == MOST_OF_A_HOST)
        return;
    host->queued = true;
    queue_put(&identifier->ready, host);
}

// `why`: it was not asked to the end, for this reason. NULL: it was.
static void leave(struct inquiry *inquiry, const char *why)
{
    struct identifier *identifier = inquiry->identifier;
    struct host *host = inquiry->host;
    const struct service *found = &inquiry->exchange.found;
    if (found->name == NULL && why != NULL) {
        inquiry->port->observation->service = identify_excuse(identifier, why);
    } else {
        struct service *kept = arena_new_of(identifier->arena, struct service);
        *kept = *found;
        kept->name = kept->name == NULL ? "unknown" : kept->name;
        inquiry->port->observation->service = kept;
    }
    if (inquiry->port->hinted == 0) {
        host->silent += why == NULL && inquiry->silent;
        host->spoke = host->spoke || inquiry->received > 0;
    }
    host->open--;
    identifier->open--;
    identifier->done++;
    queue_put(&identifier->idle, inquiry);
    make_ready(identifier, host);
}

// The next one: those that the port's number hints at come first.
static unsigned next_trial(const struct inquiry *inquiry)
{
    uint32_t first = inquiry->left & inquiry->port->hinted;
    return (unsigned)__builtin_ctz(first != 0 ? first : inquiry->left);
}

// One more connection to what was found, where there is one more thing to learn: only SSH has a host key.
static const struct service_trial *follow_up(const struct exchange *exchange)
{
    const struct service_trial *trial = exchange->trial;
    bool ssh = strcmp(exchange->found.name, "ssh") == 0;
    return trial->inside == PLAIN && !ssh ? NULL : trial->then;
}

// Why no further trial is made, or NULL.
static const char *given_up(const struct inquiry *inquiry)
{
    struct identifier *identifier = inquiry->identifier;
    const struct exchange *last = &inquiry->exchange;
    // Back-pressure ends when a connection of ours ends; where there is none, it will not.
    bool starved = last->end == EXCHANGE_LATER && identifier->waiting.count + 1 == identifier->open;
    return last->end == EXCHANGE_LOCAL || starved ? last->problem
           : inquiry->refused >= MOST_REFUSED     ? "it accepts no connection any more"
           : inquiry->received >= PORT_BYTES      ? "it sent 128 KiB of nothing known"
           : inquiry->took_ms >= PORT_MS          ? "it was asked for 20 s"
                                                  : identifier->stopped;
}

static void after_exchange(struct exchange *exchange)
{
    struct inquiry *inquiry = (struct inquiry *)exchange;
    struct identifier *identifier = inquiry->identifier;
    bool found = exchange->end == EXCHANGE_FOUND;
    inquiry->took_ms += exchange->took_ms;
    inquiry->received += exchange->received;
    inquiry->refused = exchange->end == EXCHANGE_NO_ANSWER ? inquiry->refused + 1 : 0; // then the same trial again
    if (exchange->end == EXCHANGE_LATER)
        identifier->budget = 0;
    inquiry->silent = inquiry->silent && exchange->end == EXCHANGE_SILENT;
    const char *why = given_up(inquiry);
    bool over = inquiry->follow_up != NULL;
    if (over || found) {
        inquiry->follow_up = over ? NULL : follow_up(exchange);
        over = inquiry->follow_up == NULL;
    } else if (exchange->end == EXCHANGE_NOTHING || exchange->end == EXCHANGE_SILENT) {
        inquiry->left &= ~(1U << next_trial(inquiry));
        over = inquiry->left == 0;
    }
    if (over || why != NULL)
        leave(inquiry, over ? NULL : why);
    else
        queue_put(&identifier->waiting, inquiry);
}

static void begin_trial(struct inquiry *inquiry)
{
    struct exchange *exchange = &inquiry->exchange;
    bool hinted = false;
    exchange->trial = inquiry->follow_up;
    if (exchange->trial == NULL) {
        unsigned next = next_trial(inquiry);
        exchange->trial = &service_trials[next];
        hinted = (inquiry->port->hinted >> next & 1) == 1;
    }
    exchange->wait_ms = hinted ? 2 * exchange->trial->wait_ms : exchange->trial->wait_ms;
    exchange->most_ms = PORT_MS - inquiry->took_ms;
    exchange->most_bytes = PORT_BYTES - inquiry->received;
    if (!exchange_begin(exchange))
        after_exchange(exchange);
}

// --- all of them -----------------------------------------------------------------------------------------------------

static struct portset client_ports_of(const struct host *host, uint16_t port)
{
    for (size_t i = 0; i < host->target_count; i++)
        if (portset_holds(host->targets[i]->ports, port))
            return host->targets[i]->client_ports;
    return portset_all;
}

static struct inquiry *begin_port(struct identifier *identifier, struct host *host)
{
    struct inquiry *inquiry = queue_take(&identifier->idle);
    const struct open_port *port = &identifier->ports[host->next++];
    inquiry->identifier = identifier;
    inquiry->host = host;
    inquiry->port = port;
    inquiry->left = identifier->trials;
    inquiry->follow_up = NULL;
    inquiry->refused = 0;
    inquiry->silent = true;
    inquiry->took_ms = inquiry->received = 0;
    inquiry->exchange.shared = &identifier->shared;
    inquiry->exchange.address = host->address;
    inquiry->exchange.port = port->observation->low;
    inquiry->exchange.client_ports = client_ports_of(host, port->observation->low);
    inquiry->exchange.next_port = 0;
    inquiry->exchange.found = (struct service){0};
    host->open++;
    identifier->open++;
    make_ready(identifier, host);
    return inquiry;
}

// A host that takes connections to many ports and says nothing is a trap, or stands behind something that answers for
// it: of what is left of its ports, those that have a hint have been asked.
static bool says_nothing(const struct identifier *identifier, const struct host *host)
{
    return !host->spoke && host->silent >= MOST_SILENT && identifier->ports[host->next].hinted == 0;
}

// Those that wait for another trial come before new ones, and hosts take turns. NULL: there is none now.
static struct inquiry *next_inquiry(struct identifier *identifier)
{
    struct inquiry *inquiry = queue_take(&identifier->waiting);
    struct host *host;
    while (inquiry == NULL && identifier->idle.count > 0 && (host = queue_take(&identifier->ready)) != NULL) {
        host->queued = false;
        if (says_nothing(identifier, host))
            pass_over(identifier, host, "the host's open ports say nothing");
        else
            inquiry = begin_port(identifier, host);
    }
    return inquiry;
}

static void stop(struct identifier *identifier, const char *why)
{
    struct inquiry *inquiry;
    identifier->stopped = why;
    while ((inquiry = queue_take(&identifier->waiting)) != NULL)
        leave(inquiry, why);
    for (size_t i = 0; i < identifier->idle.size; i++)
        if (identifier->inquiries[i].exchange.shared != NULL)
            exchange_cancel(&identifier->inquiries[i].exchange);
}

static uint64_t seconds_left(const struct identifier *identifier)
{
    uint64_t took = (uv_hrtime() - identifier->began_ns) / 1000000000;
    uint64_t most = (uint64_t)identifier->options->services_deadline_s;
    return took < most ? most - took : 0;
}

static void stop_in_time(struct identifier *identifier)
{
    if (identifier->stopped != NULL)
        return;
    if (*identifier->interrupted)
        stop(identifier, "interrupted");
    else if (seconds_left(identifier) == 0)
        stop(identifier, arena_printf(identifier->arena, "the deadline of %ld s was over",
                                      identifier->options->services_deadline_s));
    else if (arena_used(identifier->arena) - identifier->used_before > MOST_KEPT)
        stop(identifier, "what services said filled 256 MiB");
}

static void say_progress(struct identifier *identifier)
{
    const struct probe_options *options = identifier->options;
    bool drawn = options->progress == PROBE_DRAWN;
    uint64_t now = uv_hrtime(), every_ms = drawn ? DRAW_MS : (uint64_t)options->progress_s * 1000;
    if (options->progress == PROBE_QUIET || every_ms == 0 || now - identifier->said_ns < every_ms * 1000000)
        return;
    identifier->said_ns = now;
    char line[128];
    snprintf(line, sizeof(line), "services: %zu of %zu open ports, at most %llu s left", identifier->done,
             identifier->port_count, (unsigned long long)seconds_left(identifier));
    if (drawn)
        fprintf(stderr, "\r%s \033[K", line);
    else
        log_line(LOG_INFO, "%s", line);
}

static void on_tick(uv_timer_t *timer)
{
    struct identifier *identifier = timer->data;
    struct inquiry *inquiry;
    identifier->budget += identifier->per_tick;
    if (identifier->budget > identifier->per_tick + 1)
        identifier->budget = identifier->per_tick + 1;
    stop_in_time(identifier);
    while (identifier->stopped == NULL && identifier->budget >= 1 && (inquiry = next_inquiry(identifier)) != NULL) {
        identifier->budget -= 1;
        begin_trial(inquiry);
    }
    say_progress(identifier);
    if (identifier->open == 0 && (identifier->stopped != NULL || identifier->ready.count == 0))
        uv_close((uv_handle_t *)timer, NULL);
}

// NULL, or what this machine could not do. identifier->shared.tls and inquiries are to be freed in any case.
static const char *set_up(struct identifier *identifier, uv_loop_t *loop)
{
    size_t most = identifier->port_count < MOST_AT_ONCE ? identifier->port_count : MOST_AT_ONCE;
    identifier->inquiries = memory_take_zeroed(most, sizeof(struct inquiry));
    identifier->shared = (struct exchange_shared){.loop = loop,
                                                  .route = &identifier->options->route,
                                                  .tls = exchange_tls(),
                                                  .arena = identifier->arena,
                                                  .scratch = arena_new(),
                                                  .over = after_exchange};
    if (identifier->inquiries == NULL || identifier->shared.tls == NULL)
        return "no memory, or no TLS of OpenSSL's";
    queue_begin(identifier->arena, &identifier->idle, most);
    queue_begin(identifier->arena, &identifier->waiting, most);
    queue_begin(identifier->arena, &identifier->ready, identifier->hosts.count);
    for (size_t i = 0; i < most; i++)
        queue_put(&identifier->idle, &identifier->inquiries[i]);
    for (size_t i = 0; i < identifier->hosts.count; i++)
        make_ready(identifier, &identifier->hosts.items[i]);
    int code = uv_timer_init(loop, &identifier->pace);
    if (code != 0)
        return uv_strerror(code);
    identifier->pace.data = identifier;
    code = uv_timer_start(&identifier->pace, on_tick, 0, TICK_MS);
    if (code != 0)
        uv_close((uv_handle_t *)&identifier->pace, NULL);
    return code == 0 ? NULL : uv_strerror(code);
}

static void ask_all(struct identifier *identifier, uv_loop_t *loop)
{
    struct sigaction ignored = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGPIPE, &ignored, &before); // OpenSSL writes to sockets that may be shut
    identifier->began_ns = uv_hrtime();
    identifier->used_before = arena_used(identifier->arena);
    const char *problem = set_up(identifier, loop);
    uv_run(loop, UV_RUN_DEFAULT);
    sigaction(SIGPIPE, &before, NULL);
    if (problem != NULL)
        identifier->stopped = arena_printf(identifier->arena, "local: %s", problem);
    for (size_t i = 0; i < identifier->hosts.count; i++)
        pass_over(identifier, &identifier->hosts.items[i], identifier->stopped);
    if (identifier->options->progress == PROBE_DRAWN)
        fputs("\r\033[K", stderr);
    SSL_CTX_free(identifier->shared.tls);
    arena_free(identifier->shared.scratch);
    free(identifier->inquiries);
}

void identify_services(struct arena *arena, uv_loop_t *loop, const bool *interrupted, const struct plan *plan,
                       const struct probe_options *options, struct probe_summary *summary,
                       struct observations *observations)
{
    struct identifier *identifier = arena_new_of(arena, struct identifier);
    identifier->arena = arena;
    identifier->options = options;
    identifier->interrupted = interrupted;
    identifier->per_tick = (double)options->speed.rate / 10 * TICK_MS / 1000;
    identify_gather(identifier, plan, observations);
    if (identifier->port_count > 0) {
        log_line(LOG_DEBUG, "identifying %zu services", identifier->port_count);
        ask_all(identifier, loop);
    }
    summary_count_services(arena, observations, summary);
}
