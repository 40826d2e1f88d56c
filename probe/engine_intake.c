// What comes in: which packets are ours, or answers to them.
#include "model/protocol.h"
#include "probe/engine.h"

static bool is_own(void *context, const struct seen *probe)
{
    const struct engine *engine = context;
    uint64_t question;
    unsigned try; // whatever source it leaves from: its number is ours
    return probe->protocol == PROTOCOL_UDP
               ? identity_is_source(&engine->identity, probe->own_port) &&
                     schedule_find(&engine->schedule, probe->target, probe->protocol, probe->port, &question)
           : probe->protocol == PROTOCOL_TCP ? identity_match(&engine->identity, probe, &question, &try)
                                             : probe->own_port == engine->identity.echo_id;
}

// As a replay of the capture takes it.
static void take_own(struct engine *engine, uint64_t question, unsigned try, const struct seen *seen, uint64_t wall_us,
                     uint32_t frame)
{
    ledger_source(&engine->ledger, schedule_span(&engine->schedule, question)->lane, seen->own);
    ledger_stamp(&engine->ledger, question, try, wall_us, frame);
}

void engine_take_packet(void *context, const uint8_t *packet, size_t size, size_t whole, uint64_t wall_ns)
{
    struct engine *engine = context;
    struct seen seen;
    struct answer answer;
    uint64_t question;
    unsigned try;
    uint32_t frame = 0;
    if (!packet_read(packet, size, is_own, engine, &seen) ||
        (seen.kind != SEEN_PROBE && !packet_answer(&seen, &answer)))
        return;
    if (!identity_match(&engine->identity, &seen, &question, &try)) {
        if (seen.kind != SEEN_PROBE && seen.kind != SEEN_ICMP_ERROR && identity_hear(&engine->ledger, &seen) &&
            engine->capture != NULL)
            capture_write(engine->capture, packet, size, whole, wall_ns);
        return;
    }
    if (seen.kind == SEEN_PROBE && ledger_is_stamped(&engine->ledger, question, try, wall_ns / 1000))
        return;
    if (engine->capture != NULL)
        frame = capture_write(engine->capture, packet, size, whole, wall_ns);
    if (seen.kind != SEEN_PROBE)
        ledger_answer(&engine->ledger, question, try, &answer, wall_ns / 1000, frame);
    else if (engine->capture != NULL)
        take_own(engine, question, try, &seen, wall_ns / 1000, frame);
}

void engine_take_no_more(void *context)
{
    struct engine *engine = context;
    error_set(&engine->problem, ERROR_INCOMPLETE, "the capture of answers ended: did an interface go?");
    engine->unfinished = "local: capture ended";
    engine_finish(engine);
}
