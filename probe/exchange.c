#include "probe/exchange.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>

#include "probe/connect.h"

enum {
    CONNECT_MS = 2000,           // two SYN packets of the kernel's
    LOOK_AT_EACH = 256,          // answers of so many bytes are judged at each byte, longer ones when they have
    LOOK_SHARE = 16,             // grown by this share: a peer that sends single bytes costs no more than another
    MOST_CHAIN_BYTES = 64 * 1024 // of certificates
};

// --- its end ---------------------------------------------------------------------------------------------------------

static void after_close(uv_handle_t *handle)
{
    struct exchange *exchange = handle->data;
    exchange->shared->over(exchange);
}

// Closes the connection. The loop's handles are the caller's to close.
static void settle(struct exchange *exchange, enum exchange_end end)
{
    exchange->ended = true;
    exchange->end = end;
    exchange->took_ms = uv_now(exchange->shared->loop) - exchange->began_ms;
    exchange->received = exchange->ssl != NULL ? BIO_number_read(SSL_get_rbio(exchange->ssl)) : exchange->size;
    SSL_free(exchange->ssl);
    exchange->ssl = NULL;
    if (exchange->fd >= 0)
        connect_close(exchange->fd);
    exchange->fd = -1;
}

static void finish(struct exchange *exchange, enum exchange_end end)
{
    uv_poll_stop(&exchange->poll); // before its descriptor is closed
    settle(exchange, end);
    uv_close((uv_handle_t *)&exchange->timer, NULL);
    uv_close((uv_handle_t *)&exchange->poll, after_close); // it is bound to the descriptor: the next one has its own
}

static void note_problem(struct exchange *exchange, const char *problem)
{
    bool told = strncmp(problem, "local:", 6) == 0;
    exchange->problem = arena_printf(exchange->shared->arena, "%s%s", told ? "" : "local: ", problem);
}

static void fail(struct exchange *exchange, const char *problem)
{
    note_problem(exchange, problem);
    finish(exchange, EXCHANGE_LOCAL);
}

void exchange_cancel(struct exchange *exchange)
{
    if (!exchange->ended)
        finish(exchange, EXCHANGE_CANCELLED);
}

// Judges the bytes so far. `over`: no more will come, `end` being what that means where they tell nothing.
static void judge(struct exchange *exchange, bool over, enum exchange_end end)
{
    const struct exchange_shared *shared = exchange->shared;
    const struct service_trial *trial = exchange->trial;
    struct service service = exchange->found;
    arena_reset(shared->scratch);
    enum service_sign sign = trial->read(shared->scratch, exchange->bytes, exchange->size, &service);
    bool found = sign == SERVICE_YES || (over && sign == SERVICE_MORE && service.name != NULL && exchange->size > 0) ||
                 (over && trial->inside == TLS && exchange->shaken);
    if (found) {
        exchange->found = service_copy(shared->arena, &service);
        finish(exchange, EXCHANGE_FOUND);
    } else if (over || sign == SERVICE_NO) {
        finish(exchange, over ? end : EXCHANGE_NOTHING);
    }
    exchange->next_look = exchange->size + 1;
    if (exchange->size > LOOK_AT_EACH)
        exchange->next_look += exchange->size / LOOK_SHARE;
}

// --- TLS -------------------------------------------------------------------------------------------------------------

SSL_CTX *exchange_tls(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL)
        return NULL;
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL); // trust is noted, not needed
    SSL_CTX_set_verify_depth(context, 10);
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_max_cert_list(context, MOST_CHAIN_BYTES);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    if (SSL_CTX_set_default_verify_paths(context) == 1 && SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0") == 1 &&
        SSL_CTX_set_min_proto_version(context, TLS1_VERSION) == 1)
        return context;
    SSL_CTX_free(context);
    return NULL;
}

// OpenSSL reads on while anything comes that is no data, so a peer could keep it busy for ever: beyond the number of
// bytes it is told that the connection has ended.
static long stop_reading(BIO *bio, int operation, const char *bytes, size_t size, int number, long more, int result,
                         size_t *done)
{
    const struct exchange *exchange = (const void *)BIO_get_callback_arg(bio);
    (void)bytes;
    (void)size;
    (void)number;
    (void)more;
    (void)done;
    if (operation != BIO_CB_READ || BIO_number_read(bio) < exchange->most_bytes)
        return result;
    BIO_clear_retry_flags(bio);
    return 0;
}

// False where OpenSSL has no room for it.
static bool begin_tls(struct exchange *exchange)
{
    exchange->ssl = SSL_new(exchange->shared->tls);
    if (exchange->ssl == NULL || SSL_set_fd(exchange->ssl, exchange->fd) != 1 ||
        (exchange->trial->inside == OLD_TLS && SSL_set_max_proto_version(exchange->ssl, TLS1_1_VERSION) != 1)) {
        SSL_free(exchange->ssl);
        exchange->ssl = NULL;
        return false;
    }
    BIO *bio = SSL_get_rbio(exchange->ssl);
    BIO_set_callback_arg(bio, (char *)exchange);
    BIO_set_callback_ex(bio, stop_reading);
    return true;
}

static void note_tls(struct exchange *exchange)
{
    struct arena *arena = exchange->shared->arena;
    struct service *found = &exchange->found;
    exchange->shaken = true;
    if (exchange->trial->inside == OLD_TLS) {
        found->tls_oldest = arena_strdup(arena, SSL_get_version(exchange->ssl));
        return;
    }
    long trust = SSL_get_verify_result(exchange->ssl);
    const char *cipher = SSL_get_cipher_name(exchange->ssl);
    X509 *peer = SSL_get1_peer_certificate(exchange->ssl);
    unsigned char *der = NULL;
    int size = peer == NULL ? -1 : i2d_X509(peer, &der);
    found->name = "tls";
    found->tls_version = arena_strdup(arena, SSL_get_version(exchange->ssl));
    found->tls_cipher = arena_strdup(arena, cipher == NULL ? "" : cipher);
    found->tls_trust =
        trust == X509_V_OK ? "trusted by this machine's authorities" : X509_verify_cert_error_string(trust);
    if (size > 0)
        found->certificate = service_certificate(arena, der, (size_t)size);
    OPENSSL_free(der);
    X509_free(peer);
}

enum tls_call { TLS_CONNECT, TLS_WRITE, TLS_READ };

// One call of OpenSSL's. What it wants next is told by SSL_get_error, which needs the thread's error queue to be empty
// before the call: else another connection's error is taken for this one's (SSL_get_error(3)).
static int tls_step(struct exchange *exchange, enum tls_call call, const uint8_t *out, uint8_t *in, size_t size)
{
    ERR_clear_error();
    int result = call == TLS_CONNECT ? SSL_connect(exchange->ssl)
                 : call == TLS_WRITE ? SSL_write(exchange->ssl, out, (int)size)
                                     : SSL_read(exchange->ssl, in, (int)size);
    exchange->tls_error = SSL_get_error(exchange->ssl, result);
    return result;
}

// --- what is said ----------------------------------------------------------------------------------------------------

static int send_some(struct exchange *exchange, const uint8_t *bytes, size_t size)
{
    if (exchange->ssl != NULL)
        return tls_step(exchange, TLS_WRITE, bytes, NULL, size);
    return (int)send(exchange->fd, bytes, size, MSG_NOSIGNAL);
}

static int receive_some(struct exchange *exchange, size_t room)
{
    uint8_t *into = exchange->bytes + exchange->size;
    if (exchange->ssl != NULL)
        return tls_step(exchange, TLS_READ, NULL, into, room);
    return (int)recv(exchange->fd, into, room, 0);
}

// What a call that gave nothing waits for; 0: it never will.
static int awaited(const struct exchange *exchange, int result, int plain)
{
    if (exchange->ssl == NULL)
        return result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? plain : 0;
    return exchange->tls_error == SSL_ERROR_WANT_READ    ? UV_READABLE
           : exchange->tls_error == SSL_ERROR_WANT_WRITE ? UV_WRITABLE
                                                         : 0;
}

static void on_ready(uv_poll_t *poll, int status, int events);

static void wait_for(struct exchange *exchange, int events)
{
    int code = uv_poll_start(&exchange->poll, events, on_ready);
    if (code != 0)
        fail(exchange, uv_strerror(code));
}

// True where the handshake is done; else it goes on, or has ended the exchange.
static bool shake_hands(struct exchange *exchange)
{
    int result = tls_step(exchange, TLS_CONNECT, NULL, NULL, 0);
    int events = result == 1 ? 0 : awaited(exchange, result, 0);
    if (result != 1) {
        if (events != 0)
            wait_for(exchange, events);
        else
            finish(exchange, EXCHANGE_NOTHING);
        return false;
    }
    note_tls(exchange);
    if (exchange->trial->inside != OLD_TLS)
        return true;
    finish(exchange, EXCHANGE_FOUND);
    return false;
}

// True where all of the hello is sent; else it goes on, or has ended the exchange.
static bool say_hello(struct exchange *exchange)
{
    const struct service_trial *trial = exchange->trial;
    while (exchange->sent < trial->hello_size) {
        int sent = send_some(exchange, trial->hello + exchange->sent, trial->hello_size - exchange->sent);
        int events = sent > 0 ? 0 : awaited(exchange, sent, UV_WRITABLE);
        if (sent > 0)
            exchange->sent += (size_t)sent;
        else if (events != 0)
            wait_for(exchange, events);
        else
            judge(exchange, true, EXCHANGE_NOTHING);
        if (sent <= 0)
            return false;
    }
    return true;
}

static void read_answer(struct exchange *exchange)
{
    size_t most =
        exchange->ssl != NULL || exchange->most_bytes > EXCHANGE_BYTES ? EXCHANGE_BYTES : (size_t)exchange->most_bytes;
    int events = 0;
    while (exchange->size < most) {
        int got = receive_some(exchange, most - exchange->size);
        events = got > 0 ? 0 : awaited(exchange, got, UV_READABLE);
        if (got <= 0)
            break;
        exchange->size += (size_t)got;
    }
    if (events == 0)
        judge(exchange, true, EXCHANGE_NOTHING);
    else if (exchange->size >= exchange->next_look)
        judge(exchange, false, EXCHANGE_NOTHING);
    if (!exchange->ended)
        wait_for(exchange, events);
}

static void go_on(struct exchange *exchange)
{
    if (exchange->ssl != NULL && !exchange->shaken && !shake_hands(exchange))
        return;
    if (say_hello(exchange))
        read_answer(exchange);
}

// --- its beginning ---------------------------------------------------------------------------------------------------

static void on_time(uv_timer_t *timer)
{
    struct exchange *exchange = timer->data;
    // What came while the loop was busy with others is taken first.
    if (!exchange->connected) {
        on_ready(&exchange->poll, 0, UV_WRITABLE);
        if (!exchange->connected && !exchange->ended)
            finish(exchange, EXCHANGE_NO_ANSWER);
        return;
    }
    go_on(exchange);
    if (exchange->ended)
        return;
    uint64_t received = exchange->ssl != NULL ? BIO_number_read(SSL_get_rbio(exchange->ssl)) : exchange->size;
    judge(exchange, true, received == 0 ? EXCHANGE_SILENT : EXCHANGE_NOTHING);
}

// For at most `wait_ms`, and no longer than the exchange as a whole may take. False where that has ended it.
static bool set_time(struct exchange *exchange, uint64_t wait_ms)
{
    uint64_t took = uv_now(exchange->shared->loop) - exchange->began_ms;
    uint64_t left = exchange->most_ms > took ? exchange->most_ms - took : 0;
    int code = uv_timer_start(&exchange->timer, on_time, wait_ms < left ? wait_ms : left, 0);
    if (code != 0)
        fail(exchange, uv_strerror(code));
    return code == 0;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct exchange *exchange = poll->data;
    (void)events;
    if (!exchange->connected) {
        struct answer answer = connect_finish(exchange->fd, exchange->address);
        if (status == 0 && answer.kind == ANSWER_SILENCE)
            return;
        if (answer.state == OBSERVED_UNKNOWN) {
            fail(exchange, answer.reason);
            return;
        }
        if (status != 0 || answer.state != OBSERVED_OPEN) {
            finish(exchange, EXCHANGE_NO_ANSWER);
            return;
        }
        exchange->connected = true;
        if (!set_time(exchange, exchange->wait_ms))
            return;
        if (exchange->trial->inside != PLAIN && !begin_tls(exchange)) {
            fail(exchange, "no memory for TLS");
            return;
        }
    }
    go_on(exchange);
}

// Where no handle of the loop's is open.
static bool fail_at_once(struct exchange *exchange, const char *problem)
{
    note_problem(exchange, problem);
    settle(exchange, EXCHANGE_LOCAL);
    return false;
}

bool exchange_begin(struct exchange *exchange)
{
    uv_loop_t *loop = exchange->shared->loop;
    int code;
    exchange->problem = NULL;
    exchange->began_ms = uv_now(loop);
    exchange->connected = exchange->ended = exchange->shaken = false;
    exchange->sent = exchange->size = 0;
    exchange->next_look = 1;
    exchange->poll.data = exchange->timer.data = exchange;
    exchange->fd = connect_open(exchange->address, exchange->port, exchange->client_ports, exchange->shared->route,
                                &exchange->next_port, &code);
    if (exchange->fd < 0 || (code != 0 && code != EINPROGRESS)) {
        struct answer answer = answer_from_errno(code);
        bool local = answer.kind != ANSWER_BACK_PRESSURE && answer.state == OBSERVED_UNKNOWN;
        fail_at_once(exchange, strerror(code));
        exchange->end = answer.kind == ANSWER_BACK_PRESSURE ? EXCHANGE_LATER
                        : local                             ? EXCHANGE_LOCAL
                                                            : EXCHANGE_NO_ANSWER;
        return false;
    }
    code = uv_poll_init(loop, &exchange->poll, exchange->fd);
    if (code != 0)
        return fail_at_once(exchange, uv_strerror(code));
    code = uv_timer_init(loop, &exchange->timer);
    if (code != 0) {
        fail_at_once(exchange, uv_strerror(code));
        uv_close((uv_handle_t *)&exchange->poll, after_close);
        return true;
    }
    if (set_time(exchange, CONNECT_MS))
        wait_for(exchange, UV_WRITABLE);
    return true;
}
