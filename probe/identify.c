#include "probe/identify.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <uv.h>

#include "base/log.h"
#include "model/protocol.h"
#include "probe/connect.h"
#include "probe/service.h"

enum {
    MOST_AT_ONCE = 128,
    MOST_OF_A_HOST = 16,
    MOST_BYTES = 16 * 1024, // read of one answer
    QUIET_MS = 1000,        // that a peer gets to speak first
    PATIENCE_MS = 2000,     // for everything else of one trial
    MOST_TRIALS = 16,       // of one port, and their end
};

struct identifier {
    uv_loop_t loop;
    uv_timer_t pace;
    uv_signal_t signals[2];
    SSL_CTX *tls;
    struct arena *arena;
    const struct probe_route *route;
    struct inquiry *inquiries;
    size_t count;
    size_t begun;
    size_t open;   // that are under way
    double budget; // trials that may begin now
    double per_tick;
    bool interrupted;
};

// One open port.
struct inquiry {
    struct identifier *identifier;
    struct observation *observation;
    struct portset client_ports;
    uint32_t next_port;
    const struct service_trial *trials[MOST_TRIALS];
    size_t trial;
    int fd;
    bool connected;
    bool begun;
    bool ended;
    bool waiting; // for its turn to begin the next trial
    uv_poll_t poll;
    uv_timer_t timer;
    bool has_handles;
    SSL *ssl;
    int tls_error; // of its last call
    bool shaken;   // the TLS handshake is done
    size_t sent;
    uint8_t *bytes;
    size_t size;
    struct service found;
};

enum { TICK_MS = 10 };

static void order_trials(struct arena *arena, struct inquiry *inquiry, uint16_t port)
{
    size_t count = 0;
    for (int hinted = 1; hinted >= 0; hinted--)
        for (const struct service_trial *trial = service_trials; trial->name != NULL; trial++) {
            struct portset ports = portset_empty;
            portset_parse(arena, trial->ports, &ports);
            if (portset_holds(ports, port) == (hinted == 1))
                inquiry->trials[count++] = trial;
        }
}

// ---- One trial

static void end_connection(struct inquiry *inquiry)
{
    if (inquiry->has_handles) {
        uv_poll_stop(&inquiry->poll);
        uv_timer_stop(&inquiry->timer);
    }
    SSL_free(inquiry->ssl);
    inquiry->ssl = NULL;
    if (inquiry->fd >= 0)
        connect_close(inquiry->fd);
    inquiry->fd = -1;
    free(inquiry->bytes);
    inquiry->bytes = NULL;
}

static void leave(struct inquiry *inquiry)
{
    inquiry->ended = true;
    inquiry->identifier->open--;
}

static void after_poll_closed(uv_handle_t *handle)
{
    struct inquiry *inquiry = handle->data;
    inquiry->has_handles = false;
    inquiry->waiting = inquiry->trials[inquiry->trial] != NULL;
    if (!inquiry->waiting)
        leave(inquiry);
}

// One more connection to what was found, where there is one more thing to learn: only SSH has a host key.
static const struct service_trial *follow_up(const struct inquiry *inquiry)
{
    const struct service_trial *trial = inquiry->trials[inquiry->trial];
    bool ssh = inquiry->found.name != NULL && strcmp(inquiry->found.name, "ssh") == 0;
    return trial->inside == PLAIN && !ssh ? NULL : trial->then;
}

static void end_inquiry(struct inquiry *inquiry)
{
    struct service *kept = arena_new_of(inquiry->identifier->arena, struct service);
    *kept = inquiry->found;
    if (kept->name == NULL)
        kept->name = "unknown";
    inquiry->observation->service = kept;
    inquiry->trials[inquiry->trial] = NULL;
}

// What a peer sent first is kept even where later trials find nothing.
static void end_trial(struct inquiry *inquiry, bool found)
{
    struct identifier *identifier = inquiry->identifier;
    end_connection(inquiry);
    const struct service_trial *then = found ? follow_up(inquiry) : NULL;
    if (then != NULL) {
        inquiry->trials[inquiry->trial] = then;
        inquiry->trials[inquiry->trial + 1] = NULL;
    } else if (found || inquiry->trials[++inquiry->trial] == NULL) {
        end_inquiry(inquiry);
    }
    if (identifier->interrupted)
        inquiry->trials[inquiry->trial] = NULL;
    // A poll handle is bound to its descriptor: the next trial has another one.
    uv_close((uv_handle_t *)&inquiry->timer, NULL);
    uv_close((uv_handle_t *)&inquiry->poll, after_poll_closed);
}

// Judges the bytes so far. `over`: no more will come.
static void judge_bytes(struct inquiry *inquiry, bool over)
{
    const struct service_trial *trial = inquiry->trials[inquiry->trial];
    struct service service = inquiry->found;
    enum service_sign sign = trial->read(inquiry->identifier->arena, inquiry->bytes, inquiry->size, &service);
    if (sign == SERVICE_YES || (over && sign == SERVICE_MORE && service.name != NULL && inquiry->size > 0) ||
        (over && trial->inside == TLS && inquiry->shaken)) {
        if (trial->inside == TLS && service.name == NULL)
            service.name = "tls";
        inquiry->found = service;
        end_trial(inquiry, true);
    } else if (over || sign == SERVICE_NO) {
        end_trial(inquiry, false);
    }
}

static void note_tls(struct inquiry *inquiry)
{
    struct arena *arena = inquiry->identifier->arena;
    inquiry->shaken = true;
    if (inquiry->trials[inquiry->trial]->inside == OLD_TLS) {
        inquiry->found.tls_oldest = arena_strdup(arena, SSL_get_version(inquiry->ssl));
        return;
    }
    long trust = SSL_get_verify_result(inquiry->ssl);
    inquiry->found.tls_trust =
        trust == X509_V_OK ? "trusted by this machine's authorities" : X509_verify_cert_error_string(trust);
    const char *cipher = SSL_get_cipher_name(inquiry->ssl);
    X509 *peer = SSL_get1_peer_certificate(inquiry->ssl);
    unsigned char *der = NULL;
    int size = peer == NULL ? -1 : i2d_X509(peer, &der);
    inquiry->found.tls_version = arena_strdup(arena, SSL_get_version(inquiry->ssl));
    inquiry->found.tls_cipher = arena_strdup(arena, cipher == NULL ? "" : cipher);
    if (size > 0)
        inquiry->found.certificate = service_certificate(arena, der, (size_t)size);
    OPENSSL_free(der);
    X509_free(peer);
}

enum tls_call { TLS_CONNECT, TLS_WRITE, TLS_READ };

// One call of OpenSSL's. What it wants next is told by SSL_get_error, which needs the thread's error queue to be empty
// before the call: else another connection's error is taken for this one's (SSL_get_error(3)).
static int tls_step(struct inquiry *inquiry, enum tls_call call, const uint8_t *out, uint8_t *in, size_t size)
{
    ERR_clear_error();
    int result = call == TLS_CONNECT ? SSL_connect(inquiry->ssl)
                 : call == TLS_WRITE ? SSL_write(inquiry->ssl, out, (int)size)
                                     : SSL_read(inquiry->ssl, in, (int)size);
    inquiry->tls_error = SSL_get_error(inquiry->ssl, result);
    return result;
}

static int send_some(struct inquiry *inquiry, const uint8_t *bytes, size_t size)
{
    if (inquiry->ssl != NULL)
        return tls_step(inquiry, TLS_WRITE, bytes, NULL, size);
    return (int)send(inquiry->fd, bytes, size, MSG_NOSIGNAL);
}

static int receive_some(struct inquiry *inquiry)
{
    uint8_t *into = inquiry->bytes + inquiry->size;
    size_t room = MOST_BYTES - inquiry->size;
    if (inquiry->ssl != NULL)
        return tls_step(inquiry, TLS_READ, NULL, into, room);
    return (int)recv(inquiry->fd, into, room, 0);
}

// What a call that gave nothing waits for; 0: it never will.
static int awaited(const struct inquiry *inquiry, int result)
{
    if (inquiry->ssl == NULL)
        return result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? UV_READABLE : 0;
    return inquiry->tls_error == SSL_ERROR_WANT_READ    ? UV_READABLE
           : inquiry->tls_error == SSL_ERROR_WANT_WRITE ? UV_WRITABLE
                                                        : 0;
}

// False where OpenSSL has no room for it.
static bool begin_tls(struct inquiry *inquiry)
{
    inquiry->ssl = SSL_new(inquiry->identifier->tls);
    return inquiry->ssl != NULL && SSL_set_fd(inquiry->ssl, inquiry->fd) == 1 &&
           (inquiry->trials[inquiry->trial]->inside != OLD_TLS ||
            SSL_set_max_proto_version(inquiry->ssl, TLS1_1_VERSION) == 1);
}

static void on_ready(uv_poll_t *poll, int status, int events);

static void wait_for(struct inquiry *inquiry, int events)
{
    uv_poll_start(&inquiry->poll, events, on_ready);
}

// Goes as far as it can: handshake, hello, answer.
static void go_on(struct inquiry *inquiry)
{
    const struct service_trial *trial = inquiry->trials[inquiry->trial];
    if (inquiry->ssl != NULL && !inquiry->shaken) {
        int result = tls_step(inquiry, TLS_CONNECT, NULL, NULL, 0), events = result == 1 ? 0 : awaited(inquiry, result);
        if (result != 1 && events == 0) {
            end_trial(inquiry, false);
            return;
        }
        if (result != 1) {
            wait_for(inquiry, events);
            return;
        }
        note_tls(inquiry);
        if (trial->inside == OLD_TLS) {
            end_trial(inquiry, true);
            return;
        }
    }
    while (inquiry->sent < trial->hello_size) {
        int sent = send_some(inquiry, trial->hello + inquiry->sent, trial->hello_size - inquiry->sent);
        if (sent <= 0) {
            int events = awaited(inquiry, sent);
            if (events == 0)
                judge_bytes(inquiry, true);
            else
                wait_for(inquiry, inquiry->ssl == NULL ? UV_WRITABLE : events);
            return;
        }
        inquiry->sent += (size_t)sent;
    }
    while (inquiry->size < MOST_BYTES) {
        int got = receive_some(inquiry), events = got > 0 ? 0 : awaited(inquiry, got);
        if (got <= 0 && events != 0) {
            wait_for(inquiry, events);
            return;
        }
        if (got <= 0)
            break;
        inquiry->size += (size_t)got;
        size_t trial_before = inquiry->trial;
        judge_bytes(inquiry, false);
        if (inquiry->fd < 0 || inquiry->trial != trial_before)
            return;
    }
    judge_bytes(inquiry, true);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct inquiry *inquiry = poll->data;
    (void)events;
    if (!inquiry->connected) {
        struct answer answer = connect_finish(inquiry->fd, inquiry->observation->address);
        if (status == 0 && answer.kind == ANSWER_SILENCE)
            return;
        inquiry->connected = status == 0 && answer.state == OBSERVED_OPEN;
        if (!inquiry->connected) {
            end_trial(inquiry, false);
            return;
        }
        if (inquiry->trials[inquiry->trial]->inside != PLAIN && !begin_tls(inquiry)) {
            end_trial(inquiry, false);
            return;
        }
    }
    go_on(inquiry);
}

static void on_time(uv_timer_t *timer)
{
    judge_bytes(timer->data, true);
}

static void begin_trial(struct inquiry *inquiry)
{
    struct identifier *identifier = inquiry->identifier;
    const struct service_trial *trial = inquiry->trials[inquiry->trial];
    int code;
    inquiry->waiting = false;
    inquiry->connected = inquiry->shaken = false;
    inquiry->sent = inquiry->size = 0;
    inquiry->bytes = malloc(MOST_BYTES);
    inquiry->fd = connect_open(inquiry->observation->address, inquiry->observation->low, inquiry->client_ports,
                               identifier->route, &inquiry->next_port, &code);
    if (inquiry->bytes == NULL || inquiry->fd < 0 || (code != 0 && code != EINPROGRESS) ||
        uv_poll_init(&identifier->loop, &inquiry->poll, inquiry->fd) != 0) {
        end_connection(inquiry);
        end_inquiry(inquiry);
        leave(inquiry);
        return;
    }
    inquiry->has_handles = true;
    inquiry->poll.data = inquiry->timer.data = inquiry;
    uv_timer_init(&identifier->loop, &inquiry->timer);
    uv_timer_start(&inquiry->timer, on_time, trial->hello == NULL ? QUIET_MS : PATIENCE_MS, 0);
    wait_for(inquiry, UV_WRITABLE);
}

// ---- All of them

// A small instance is not hurt: a few at once of each host.
static bool host_is_busy(const struct identifier *identifier, const struct inquiry *inquiry)
{
    size_t busy = 0;
    for (size_t i = 0; i < identifier->count; i++) {
        const struct inquiry *other = &identifier->inquiries[i];
        busy +=
            other->begun && !other->ended && address_equal(other->observation->address, inquiry->observation->address);
    }
    return busy >= MOST_OF_A_HOST;
}

static struct inquiry *next_to_begin(struct identifier *identifier)
{
    const struct address *busy = NULL; // inquiries are sorted by address
    for (size_t i = 0; i < identifier->count; i++) {
        struct inquiry *inquiry = &identifier->inquiries[i];
        if (inquiry->begun || (busy != NULL && address_equal(*busy, inquiry->observation->address)))
            continue;
        if (!host_is_busy(identifier, inquiry))
            return inquiry;
        busy = &inquiry->observation->address;
    }
    return NULL;
}

static void on_tick(uv_timer_t *timer)
{
    struct identifier *identifier = timer->data;
    identifier->budget += identifier->per_tick;
    if (identifier->budget > identifier->per_tick + 1)
        identifier->budget = identifier->per_tick + 1;
    // Those that wait for another trial come before new ones.
    for (size_t i = 0; i < identifier->count && identifier->budget >= 1; i++)
        if (identifier->inquiries[i].waiting) {
            identifier->budget -= 1;
            begin_trial(&identifier->inquiries[i]);
        }
    struct inquiry *next;
    while (!identifier->interrupted && identifier->open < MOST_AT_ONCE && identifier->budget >= 1 &&
           identifier->begun < identifier->count && (next = next_to_begin(identifier)) != NULL) {
        identifier->budget -= 1;
        identifier->open++;
        identifier->begun++;
        next->begun = true;
        begin_trial(next);
    }
    if (identifier->open == 0 && (identifier->interrupted || identifier->begun == identifier->count)) {
        uv_close((uv_handle_t *)timer, NULL);
        for (int i = 0; i < 2; i++)
            uv_close((uv_handle_t *)&identifier->signals[i], NULL);
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct identifier *identifier = handle->data;
    (void)number;
    identifier->interrupted = true;
    for (size_t i = 0; i < identifier->count; i++) {
        struct inquiry *inquiry = &identifier->inquiries[i];
        if (inquiry->waiting) {
            inquiry->waiting = false;
            leave(inquiry);
        } else if (inquiry->fd >= 0) {
            end_trial(inquiry, false);
        }
    }
}

static bool accepts_everything(const struct probe_summary *summary, struct address address)
{
    for (size_t i = 0; i < summary->accepting.count; i++)
        if (address_equal(summary->accepting.items[i], address))
            return true;
    return false;
}

static struct portset client_ports_for(const struct plan *plan, const struct observation *one)
{
    for (size_t i = 0; i < plan->targets.count; i++) {
        const struct plan_target *target = &plan->targets.items[i];
        if (target->protocol == PROTOCOL_TCP && address_equal(target->address, one->address) &&
            portset_holds(target->ports, one->low))
            return target->client_ports;
    }
    return portset_all;
}

static bool is_asked(const struct observation *one, const struct probe_summary *summary)
{
    return one->protocol == PROTOCOL_TCP && one->state == OBSERVED_OPEN && !accepts_everything(summary, one->address);
}

// Each open port becomes an observation of its own. Gives how many there are.
static size_t split(struct arena *arena, struct observations *observations, const struct probe_summary *summary)
{
    struct observations whole = *observations;
    size_t open = 0;
    observations->items.items = NULL;
    observations->items.count = observations->items.capacity = 0;
    for (size_t i = 0; i < whole.items.count; i++) {
        struct observation one = whole.items.items[i];
        bool asked = is_asked(&one, summary);
        uint16_t high = one.high;
        for (uint32_t port = one.low; asked && port <= high; port++, open++) {
            one.low = one.high = (uint16_t)port;
            *vector_add(arena, &observations->items) = one;
        }
        if (!asked)
            *vector_add(arena, &observations->items) = one;
    }
    return open;
}

static SSL_CTX *any_tls(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL)
        return NULL;
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL); // trust is noted, not needed
    SSL_CTX_set_default_verify_paths(context);
    SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_cert_list(context, 64 * 1024);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

bool identify_services(struct arena *arena, const struct plan *plan, const struct probe_options *options,
                       const struct probe_summary *summary, struct observations *observations, struct error *error)
{
    struct identifier *identifier = arena_new_of(arena, struct identifier);
    size_t open = split(arena, observations, summary), i = 0;
    if (open == 0)
        return true;
    struct sigaction ignored = {.sa_handler = SIG_IGN}, before;
    identifier->arena = arena;
    identifier->route = &options->route;
    identifier->tls = any_tls();
    if (identifier->tls == NULL || uv_loop_init(&identifier->loop) != 0)
        return error_set(error, ERROR_INCOMPLETE, "services cannot be identified: no loop or no TLS");
    sigaction(SIGPIPE, &ignored, &before); // OpenSSL writes to sockets that may be shut
    identifier->inquiries = arena_array(arena, struct inquiry, open);
    identifier->count = open;
    identifier->per_tick = (double)options->rate / 10 * TICK_MS / 1000;
    for (size_t o = 0; o < observations->items.count; o++) {
        struct observation *one = &observations->items.items[o];
        if (!is_asked(one, summary))
            continue;
        struct inquiry *inquiry = &identifier->inquiries[i++];
        *inquiry = (struct inquiry){
            .identifier = identifier, .observation = one, .fd = -1, .client_ports = client_ports_for(plan, one)};
        order_trials(arena, inquiry, one->low);
    }
    log_line(LOG_DEBUG, "identifying %zu services", open);
    static const int signals[] = {SIGINT, SIGTERM};
    for (int s = 0; s < 2; s++) {
        uv_signal_init(&identifier->loop, &identifier->signals[s]);
        identifier->signals[s].data = identifier;
        uv_signal_start(&identifier->signals[s], on_signal, signals[s]);
    }
    uv_timer_init(&identifier->loop, &identifier->pace);
    identifier->pace.data = identifier;
    uv_timer_start(&identifier->pace, on_tick, 0, TICK_MS);
    uv_run(&identifier->loop, UV_RUN_DEFAULT);
    uv_loop_close(&identifier->loop);
    SSL_CTX_free(identifier->tls);
    sigaction(SIGPIPE, &before, NULL);
    return true;
}
