#include "probe/identify.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "model/protocol.h"
#include "probe/exchange.h"
#include "probe/summary.h"

enum {
    MOST_AT_ONCE = 128,     // ports
    MOST_OF_A_HOST = 16,    // ports: a small instance is not hurt
    MOST_SILENT = 4,        // ports of a host, from which on it is taken for one that says nothing anywhere
    MOST_REFUSED = 2,       // connections, one after the other, from which on a port is given up
    MOST_TRIALS = 32,       // of one port: bits of a word
    PORT_MS = 20000,        // that one port is asked for, all its connections together
    PORT_BYTES = 128 << 10, // that one port may send, all its connections together
    MOST_KEPT = 256 << 20,  // bytes of what services have said
    TICK_MS = 10,
    DRAW_MS = 200,
};

struct open_port {
    struct observation *observation;
    uint32_t hinted; // trials that its number hints at, a bit each
};

struct host {
    struct address address;
    const struct plan_target *const *targets; // of the plan, for its TCP ports
    size_t target_count;
    size_t next; // of its ports, which are asked from here to the end, hinted ones first
    size_t end;
    size_t open; // that are under way
    bool queued;
    unsigned silent; // ports without a hint that took connections and never said a byte
    bool spoke;      // a port without a hint did
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

struct queue {
    void **items;
    size_t size;
    size_t first;
    size_t count;
};

struct identifier {
    struct arena *arena;
    const struct probe_options *options;
    const bool *interrupted;
    struct exchange_shared shared;
    uv_timer_t pace;
    uint32_t trials; // all of them, a bit each
    struct portset hints[MOST_TRIALS];
    struct open_port *ports;
    size_t port_count;
    VECTOR(struct host) hosts;
    struct queue ready; // hosts that may be asked for one more port
    struct inquiry *inquiries;
    struct queue waiting; // inquiries, for their turn to begin the next trial
    struct queue idle;    // inquiries that stand for no port
    size_t open;          // ports under way
    size_t done;
    double budget; // trials that may begin now
    double per_tick;
    uint64_t began_ns;
    uint64_t said_ns;
    size_t used_before;                     // bytes of the arena
    const char *stopped;                    // why no more is asked, or NULL
    VECTOR(const struct service *) excuses; // one a reason
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

// --- what is not identified ------------------------------------------------------------------------------------------

static const struct service *excuse(struct identifier *identifier, const char *why)
{
    for (size_t i = 0; i < identifier->excuses.count; i++)
        if (strcmp(identifier->excuses.items[i]->not_identified, why) == 0)
            return identifier->excuses.items[i];
    struct service *service = arena_new_of(identifier->arena, struct service);
    service->name = "unknown";
    service->not_identified = arena_strdup(identifier->arena, why);
    *vector_add(identifier->arena, &identifier->excuses) = service;
    return service;
}

static void pass_over(struct identifier *identifier, struct host *host, const char *why)
{
    const struct service *service = host->next < host->end ? excuse(identifier, why) : NULL;
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
        inquiry->port->observation->service = excuse(identifier, why);
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

// --- what is to be asked ---------------------------------------------------------------------------------------------

static bool is_open(const struct observation *one)
{
    return one->protocol == PROTOCOL_TCP && one->state == OBSERVED_OPEN;
}

// Each open port becomes an observation of its own, but where hosts accept every port.
static void split(struct identifier *identifier, struct observations *observations)
{
    struct observations whole = *observations;
    observations->items.items = NULL;
    observations->items.count = observations->items.capacity = 0;
    for (size_t i = 0; i < whole.items.count; i++) {
        struct observation one = whole.items.items[i];
        uint16_t high = one.high;
        if (is_open(&one) && one.accepting)
            one.service = excuse(identifier, "the host accepts every TCP port");
        if (!is_open(&one) || one.accepting) {
            *vector_add(identifier->arena, &observations->items) = one;
            continue;
        }
        for (uint32_t port = one.low; port <= high; port++, identifier->port_count++) {
            one.low = one.high = (uint16_t)port;
            *vector_add(identifier->arena, &observations->items) = one;
        }
    }
}

static int by_address(const void *left, const void *right)
{
    const struct plan_target *const *a = left, *const *b = right;
    return address_compare((*a)->address, (*b)->address);
}

// The TCP targets of the plan, by address. Gives how many there are.
static size_t sort_targets(struct arena *arena, const struct plan *plan, const struct plan_target ***targets)
{
    size_t count = 0;
    *targets = arena_array(arena, const struct plan_target *, plan->targets.count);
    for (size_t i = 0; i < plan->targets.count; i++)
        if (plan->targets.items[i].protocol == PROTOCOL_TCP)
            (*targets)[count++] = &plan->targets.items[i];
    if (count > 0)
        qsort(*targets, count, sizeof(**targets), by_address);
    return count;
}

static void read_hints(struct identifier *identifier)
{
    for (size_t i = 0; service_trials[i].name != NULL; i++) {
        assert(i < MOST_TRIALS);
        portset_parse(identifier->arena, service_trials[i].ports, &identifier->hints[i]);
        identifier->trials |= 1U << i;
    }
}

static uint32_t hinted_at(const struct identifier *identifier, uint16_t port)
{
    uint32_t hinted = 0;
    for (unsigned i = 0; i < MOST_TRIALS; i++)
        if (portset_holds(identifier->hints[i], port))
            hinted |= 1U << i;
    return hinted;
}

// The open ports [first, end) of one host, those with a hint before the others.
static void add_host(struct identifier *identifier, struct observation *first, const struct observation *end)
{
    size_t count = (size_t)(end - first);
    struct host host = {.address = first->address, .next = identifier->port_count};
    for (size_t without = 0; without < 2; without++)
        for (size_t i = 0; i < count; i++) {
            uint32_t hinted = hinted_at(identifier, first[i].low);
            if ((hinted == 0) == (without == 1))
                identifier->ports[identifier->port_count++] = (struct open_port){&first[i], hinted};
        }
    host.end = identifier->port_count;
    *vector_add(identifier->arena, &identifier->hosts) = host;
}

// Observations are sorted by address, and so are the targets.
static void gather(struct identifier *identifier, const struct plan *plan, struct observations *observations)
{
    const struct plan_target **targets;
    size_t target_count = sort_targets(identifier->arena, plan, &targets), at = 0;
    struct observation *items = observations->items.items, *end = vector_end(&observations->items);
    identifier->ports = arena_array(identifier->arena, struct open_port, identifier->port_count);
    identifier->port_count = 0;
    for (struct observation *one = items, *next; one < end; one = next) {
        next = one + 1;
        if (!is_open(one) || one->service != NULL)
            continue;
        while (next < end && is_open(next) && address_equal(next->address, one->address))
            next++;
        add_host(identifier, one, next);
        struct host *host = &identifier->hosts.items[identifier->hosts.count - 1];
        while (at < target_count && address_compare(targets[at]->address, host->address) < 0)
            at++;
        host->targets = targets + at;
        while (at + host->target_count < target_count &&
               address_equal(targets[at + host->target_count]->address, host->address))
            host->target_count++;
    }
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
    split(identifier, observations);
    if (identifier->port_count > 0) {
        read_hints(identifier);
        gather(identifier, plan, observations);
        log_line(LOG_DEBUG, "identifying %zu services", identifier->port_count);
        ask_all(identifier, loop);
    }
    summary_count_services(arena, observations, summary);
}
