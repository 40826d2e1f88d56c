#include "probe/stream.h"

#include "probe/loss.h"

enum { MOST_PROBES = 256 }; // between two asks

// A lane, or a family.
struct flowing {
    uint64_t questions; // of the pass
    uint64_t asks;      // that it is to have, at least
    uint64_t sent;      // probes since the last ask
    bool lags;          // one that was due is sent behind the next probe
};

struct stream {
    const struct ledger *ledger;
    struct flowing *lanes;
    struct flowing families[2];
    size_t spokesman[WATCH_WAYS]; // who was asked last for all of a way
    uint64_t nobody[WATCH_WAYS];  // how much had been received when nobody of it spoke: 1 + that
    size_t turn;
    size_t due[2]; // lanes
    size_t due_count;
    uint32_t drawn; // of a row of random numbers
};

struct stream *stream_new(struct arena *arena, const struct ledger *ledger)
{
    struct stream *stream = arena_new_of(arena, struct stream);
    stream->ledger = ledger;
    stream->lanes = arena_array(arena, struct flowing, ledger->schedule->lane_count + 1);
    stream->drawn = (uint32_t)ledger->schedule->seed | 1;
    return stream;
}

// Xorshift: Marsaglia, 2003.
static bool toss(struct stream *stream)
{
    stream->drawn ^= stream->drawn << 13;
    stream->drawn ^= stream->drawn >> 17;
    stream->drawn ^= stream->drawn << 5;
    return (stream->drawn >> 16 & 1) != 0;
}

// How many asks follow a probe behind which one is due. They must not keep step with the probes: what is lost in step,
// every second packet, would spare them.
static size_t asks_now(struct stream *stream, struct flowing *flowing)
{
    bool lags = toss(stream);
    size_t count = 1 + (size_t)flowing->lags - (size_t)lags;
    flowing->lags = lags;
    return count;
}

static bool speaks(const struct stream *stream, size_t lane)
{
    return stream->ledger->watch.pulses[lane].firm && stream->ledger->standings[lane].sentinels[0] != 0;
}

void stream_add(struct stream *stream, size_t lane, uint64_t questions, unsigned asks)
{
    struct flowing *own = &stream->lanes[lane],
                   *family = &stream->families[schedule_side(stream->ledger->schedule, lane)];
    *own = (struct flowing){.questions = questions, .asks = asks};
    family->questions += questions;
    family->asks = own->asks > family->asks ? own->asks : family->asks;
}

static bool is_due(const struct flowing *flowing)
{
    uint64_t between = flowing->questions / (flowing->asks > 0 ? flowing->asks : 1);
    return flowing->sent >= (between > MOST_PROBES ? MOST_PROBES : between < 1 ? 1 : between);
}

// One of a way, after the one asked last.
static bool find_spokesman(struct stream *stream, size_t way, size_t *lane)
{
    size_t count = stream->ledger->schedule->lane_count;
    if (stream->nobody[way] == stream->ledger->received + 1)
        return false;
    for (size_t i = 0; i < count; i++) {
        *lane = (stream->spokesman[way] + 1 + i) % count;
        if (watch_way(&stream->ledger->watch, *lane, way >= WATCH_PATHS) == way && speaks(stream, *lane)) {
            stream->spokesman[way] = *lane;
            return true;
        }
    }
    stream->nobody[way] = stream->ledger->received + 1;
    return false;
}

// The pass before ended with a sentinel that was answered: now and then one more is asked, or what is asked first would
// always come behind an answer.
void stream_clear(struct stream *stream)
{
    size_t lane;
    for (int side = 0; side < 2; side++)
        stream->families[side] = (struct flowing){.sent = stream->families[side].sent};
    for (size_t path = 0; path < stream->ledger->watch.path_count; path++)
        if (stream->due_count < 2 && toss(stream) && find_spokesman(stream, path, &lane))
            stream->due[stream->due_count++] = lane;
}

void stream_sent(struct stream *stream, size_t lane)
{
    int side = schedule_side(stream->ledger->schedule, lane);
    bool is_own = stream->lanes[lane].questions >= LOSS_OWN_LEAST && speaks(stream, lane);
    struct flowing *flowing = is_own ? &stream->lanes[lane] : &stream->families[side];
    size_t asked = lane;
    flowing->sent++;
    if (stream->due_count == 2 || !is_due(flowing))
        return;
    flowing->sent = 0;
    const struct watch *watch = &stream->ledger->watch;
    if (!is_own && !find_spokesman(stream, watch_way(watch, lane, true), &asked) &&
        !find_spokesman(stream, watch_way(watch, lane, false), &asked))
        return;
    for (size_t count = asks_now(stream, flowing); count > 0 && stream->due_count < 2; count--)
        stream->due[stream->due_count++] = asked;
}

bool stream_next(struct stream *stream, struct sending *sending)
{
    if (stream->due_count == 0)
        return false;
    size_t lane = stream->due[--stream->due_count];
    const struct standing *standing = &stream->ledger->standings[lane];
    bool alike = standing->sentinels[1] != 0 && standing->sentinel_states[1] == standing->sentinel_states[0];
    uint64_t question = standing->sentinels[alike ? stream->turn++ % 2 : 0] - 1;
    *sending = (struct sending){.span = schedule_span(stream->ledger->schedule, question), .question = question};
    return true;
}

void stream_refused(struct stream *stream)
{
    stream->due_count++;
}
