#include "probe/identity.h"

#include <string.h>

#include "base/system.h"
#include "model/protocol.h"
#include "probe/ports.h"

bool identity_begin(struct identity *identity, struct arena *arena, const struct schedule *schedule,
                    const struct ledger *ledger, struct error *error)
{
    *identity = (struct identity){.schedule = schedule, .ledger = ledger};
    if (!system_random(&identity->keyed, sizeof(identity->keyed)) ||
        !system_random(&identity->echo_id, sizeof(identity->echo_id)))
        return error_set(error, ERROR_INCOMPLETE, "no random numbers are to be had");
    size_t count = 0; // of targets that are asked: of a lane's, the last port need not be the last one's
    for (size_t i = 0; i < schedule->span_count; i++)
        count = schedule->spans[i].target >= count ? schedule->spans[i].target + 1 : count;
    identity->pools = arena_array(arena, const struct portset *, count + 1);
    identity->udp_ports = arena_array(arena, const struct udp_ports *, count + 1);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && portset_equal(schedule->targets[i].client_ports, schedule->targets[i - 1].client_ports)) {
            identity->pools[i] = identity->pools[i - 1];
            continue;
        }
        struct portset *pool = arena_new_of(arena, struct portset);
        *pool = ports_own(arena, schedule->targets[i].client_ports);
        identity->pools[i] = pool;
    }
    return true;
}

static uint64_t place_hash(const struct identity *identity, struct address target, uint64_t rest)
{
    return keyed_hash(&identity->keyed, (uint64_t)target.bits, (uint64_t)(target.bits >> 64), rest);
}

// Where in its pool a question's source ports begin.
static size_t pool_start(const struct identity *identity, struct address target, uint16_t port, size_t size)
{
    return (size_t)(place_hash(identity, target, (uint64_t)1 << 32 | port) % size);
}

uint16_t identity_port(const struct identity *identity, const struct span *span, uint64_t question, unsigned try)
{
    const struct lane *lane = &identity->schedule->lanes[span->lane];
    if (lane->protocol == PROTOCOL_UDP)
        return identity->udp_ports[span->target]->ports[(try - 1) % UDP_SOURCES];
    struct portset pool = *identity->pools[span->target];
    size_t size = portset_size(pool);
    return ports_nth(pool, (pool_start(identity, lane->address, schedule_port(span, question), size) + try) % size);
}

uint32_t identity_sequence(const struct identity *identity, struct address target, uint16_t port, uint16_t own_port)
{
    return (uint32_t)place_hash(identity, target, (uint64_t)port << 16 | own_port);
}

uint64_t identity_token(const struct identity *identity, struct address target)
{
    return place_hash(identity, target, (uint64_t)1 << 33);
}

// How many tries a question has had; once it is answered, how many its lane has.
static unsigned tries_of(const struct identity *identity, uint64_t question)
{
    return ledger_answered(identity->ledger, question) && !ledger_rejected(identity->ledger, question)
               ? identity->ledger->standings[schedule_span(identity->schedule, question)->lane].tries + 1
               : ledger_tries(identity->ledger, question);
}

// The latest try sent so far among those that are `step` apart, `first` (from 1) being the earliest of them; 0: none
// was.
static unsigned latest(const struct identity *identity, uint64_t question, size_t first, size_t step)
{
    unsigned sent = tries_of(identity, question);
    return first > sent ? 0 : (unsigned)(first + (sent - first) / step * step);
}

// The latest ask of a question that was sent from a port, or with a number where that is told; 0: none was.
static unsigned latest_ask(const struct identity *identity, uint64_t question, uint16_t own_port, unsigned number)
{
    const struct span *span = schedule_span(identity->schedule, question);
    const ask_list *asks = &identity->ledger->watch.pulses[span->lane].asks;
    for (size_t i = asks->count; i-- > 0;) {
        const struct ask *ask = &asks->items[i];
        if (ask->question == question && ask->number >= FIRST_ASK &&
            (number != 0 ? ask->number == number : identity_port(identity, span, question, ask->number) == own_port))
            return ask->number;
    }
    return 0;
}

bool identity_question(const struct schedule *schedule, const struct seen *seen, unsigned way, uint64_t *question)
{
    enum { TFTP = 69, DATA = 3, ERROR = 5, OPTIONS = 6 };
    if (way == 0)
        return schedule_find(schedule, seen->target, seen->protocol, seen->port, question);
    // A TFTP server answers from another port than it was asked on: RFC 1350, section 4.
    return seen->kind == SEEN_UDP && seen->payload_size >= 4 && seen->payload[0] == 0 &&
           (seen->payload[1] == DATA || seen->payload[1] == ERROR || seen->payload[1] == OPTIONS) &&
           schedule_find(schedule, seen->target, PROTOCOL_UDP, TFTP, question);
}

static bool match_tcp(const struct identity *identity, const struct seen *seen, const uint64_t *question, unsigned *try)
{
    size_t at;
    if (!seen->has_sequence || seen->sequence != identity_sequence(identity, seen->target, seen->port, seen->own_port))
        return false;
    if ((*try = latest_ask(identity, *question, seen->own_port, 0)) != 0)
        return true;
    struct portset pool = *identity->pools[schedule_span(identity->schedule, *question)->target];
    if (!ports_index(pool, seen->own_port, &at))
        return false;
    size_t size = portset_size(pool), start = pool_start(identity, seen->target, seen->port, size);
    size_t first = (at + size - start) % size;
    *try = latest(identity, *question, first == 0 ? size : first, size);
    return *try > 0;
}

static bool match_udp(const struct identity *identity, const struct seen *seen, const uint64_t *question, unsigned *try)
{
    const struct udp_ports *own = identity->udp_ports[schedule_span(identity->schedule, *question)->target];
    if ((*try = latest_ask(identity, *question, seen->own_port, 0)) != 0)
        return true;
    for (unsigned i = 0; own != NULL && i < UDP_SOURCES; i++)
        if (own->ports[i] != 0 && own->ports[i] == seen->own_port) {
            *try = latest(identity, *question, i + 1, UDP_SOURCES);
            return *try > 0;
        }
    return false;
}

static bool match_echo(const struct identity *identity, const struct seen *seen, const uint64_t *question,
                       unsigned *try)
{
    uint64_t token;
    if (seen->kind == SEEN_ECHO_REPLY) { // an error quotes less than the token
        if (seen->payload_size < sizeof(token))
            return false;
        memcpy(&token, seen->payload, sizeof(token));
        if (token != identity_token(identity, seen->target))
            return false;
    }
    *try = seen->sequence;
    return seen->own_port == identity->echo_id && *try > 0 &&
           (*try <= tries_of(identity, *question) || latest_ask(identity, *question, 0, *try) != 0);
}

bool identity_match(const struct identity *identity, const struct seen *seen, uint64_t *question, unsigned *try)
{
    for (unsigned way = 0; way < IDENTITY_WAYS; way++)
        if (identity_question(identity->schedule, seen, way, question) &&
            (seen->protocol == PROTOCOL_TCP   ? match_tcp(identity, seen, question, try)
             : seen->protocol == PROTOCOL_UDP ? match_udp(identity, seen, question, try)
                                              : match_echo(identity, seen, question, try)))
            return true;
    return false;
}

bool identity_hear(struct ledger *ledger, const struct seen *seen)
{
    uint64_t question;
    bool first = false;
    for (unsigned way = 0; way < IDENTITY_WAYS; way++)
        if (identity_question(ledger->schedule, seen, way, &question) && ledger_hear(ledger, question))
            first = true;
    return first;
}

bool identity_is_source(const struct identity *identity, uint16_t port)
{
    return (identity->udp_bound[port / 8] >> port % 8 & 1) != 0;
}
