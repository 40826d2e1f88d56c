#include "probe/sentinel.h"

#include "base/clock.h"
#include "base/log.h"
#include "model/protocol.h"
#include "probe/roll.h"

enum {
    SILENT_US = 1000000,
    SILENT_PACKETS = 100,
    LEAST_WAIT_US = 100000,
    LIMITED_WAIT_US = 1200000, // of ICMP errors, which come about once a second
    MOST_VAIN = 3,             // or more, where many are lost
    SPOKESMEN = 3,             // of a way, at its end
};

// What is known of a lane's sentinel.
struct post {
    uint64_t asked_us; // monotonic; 0: no answer is waited for
    uint64_t wait_us;
    uint64_t question;
    uint64_t sent; // packets of the lane when it was last heard of or asked
    unsigned number;
    unsigned given;   // the latest number of all
    unsigned vain;    // asks, in a row
    uint64_t doubted; // a closed question to ask next: 1 + its number; 0: none
    bool doubting;    // it is what is asked
    bool queued;
    bool called;
    bool rolls; // once it has answered, so do all its voices
    bool gone;
};

struct sentinels {
    struct arena *arena;
    struct ledger *ledger;
    uint64_t timeout_us;
    struct post *posts; // by lane
    VECTOR(size_t) due;
    size_t next; // of those due
    struct roll *roll;
    bool rolled;                    // what was sent last was of the roll
    size_t spokesman[WATCH_WAYS];   // who was asked last for all of a way
    uint64_t sent_seen[WATCH_WAYS]; // when one of it was last heard of or asked
};

struct sentinels *sentinels_new(struct arena *arena, struct ledger *ledger, uint64_t timeout_us)
{
    struct sentinels *sentinels = arena_new_of(arena, struct sentinels);
    sentinels->arena = arena;
    sentinels->ledger = ledger;
    sentinels->timeout_us = timeout_us;
    sentinels->posts = arena_array(arena, struct post, ledger->schedule->lane_count + 1);
    sentinels->roll = roll_new(arena, ledger, timeout_us);
    for (size_t i = 0; i < ledger->schedule->lane_count; i++)
        sentinels->posts[i].called = ledger->schedule->lanes[i].spare > 0;
    return sentinels;
}

static uint64_t last_beat(const struct sentinels *sentinels, size_t lane)
{
    const beats_list *beats = &sentinels->ledger->watch.pulses[lane].beats;
    return beats->count == 0 ? 0 : beats->items[beats->count - 1].last;
}

static bool is_firm(const struct sentinels *sentinels, size_t lane)
{
    return sentinels->ledger->watch.pulses[lane].firm;
}

// Whether something of a lane rests on them: silence, or rejections.
static bool is_silent(const struct sentinels *sentinels, size_t lane)
{
    const struct standing *standing = &sentinels->ledger->standings[lane];
    return standing->silent + standing->rejected > 0;
}

static size_t way_of(const struct sentinels *sentinels, size_t lane, bool by_protocol)
{
    return watch_way(&sentinels->ledger->watch, lane, by_protocol);
}

static void put_due(struct sentinels *sentinels, size_t lane)
{
    struct post *post = &sentinels->posts[lane];
    if (post->queued || post->asked_us != 0 || sentinels->ledger->standings[lane].sentinels[0] == 0)
        return;
    post->queued = true;
    *vector_add(sentinels->arena, &sentinels->due) = lane;
}

static void say_gone(const struct sentinels *sentinels, size_t lane)
{
    char address[ADDRESS_TEXT];
    address_format(sentinels->ledger->schedule->lanes[lane].address, address);
    log_line(LOG_DEBUG, "probe: %s stopped answering", address);
}

// How many asks in a row must be in vain until a lane is gone.
static unsigned most_vain(const struct sentinels *sentinels, size_t lane)
{
    unsigned patience = sentinels->ledger->watch.pulses[lane].patience;
    return patience + 1 > MOST_VAIN ? patience + 1 : MOST_VAIN;
}

// What became of the ask that is waited for.
static void take_in(struct sentinels *sentinels, size_t lane, uint64_t now_us)
{
    struct post *post = &sentinels->posts[lane];
    const struct ask *ask = watch_find(&sentinels->ledger->watch, lane, post->question, post->number);
    if (ask != NULL && (ask->answered || last_beat(sentinels, lane) > ask->sent_us)) {
        post->asked_us = 0;
        post->vain = 0;
        post->gone = post->called = false;
        roll_start(sentinels->roll, lane, ask->answered ? post->question : UINT64_MAX, post->rolls);
        post->rolls = false;
        return;
    }
    if (now_us - post->asked_us < post->wait_us)
        return;
    post->asked_us = 0;
    if (++post->vain < most_vain(sentinels, lane)) {
        post->doubted = post->doubting ? post->question + 1 : post->doubted;
        return;
    }
    post->called = post->rolls = false;
    if (!post->gone && is_firm(sentinels, lane)) {
        post->gone = true;
        say_gone(sentinels, lane);
    }
}

// One of a way that has answered, after the one asked last.
static void call_spokesman(struct sentinels *sentinels, size_t way)
{
    size_t count = sentinels->ledger->schedule->lane_count;
    for (size_t i = 0; i < count; i++) {
        size_t lane = (sentinels->spokesman[way] + 1 + i) % count;
        if (way_of(sentinels, lane, way >= WATCH_PATHS) != way || !is_firm(sentinels, lane) ||
            sentinels->posts[lane].gone)
            continue;
        sentinels->spokesman[way] = lane;
        sentinels->posts[lane].called = true;
        return;
    }
}

// Finds what is to be asked again to see whether a lane answers all alike, where nothing of it is under way.
static void doubt(struct sentinels *sentinels, size_t lane, bool last)
{
    struct post *post = &sentinels->posts[lane];
    if (post->doubted == 0 && !post->queued && post->asked_us == 0)
        post->doubted = ledger_doubted(sentinels->ledger, lane, last);
}

void sentinels_look(struct sentinels *sentinels, bool (*is_asked)(const void *context, size_t lane),
                    const void *context, uint64_t now_us)
{
    const struct ledger *ledger = sentinels->ledger;
    uint64_t wall_us = clock_wall_us(), heard[WATCH_WAYS] = {0}, sent[WATCH_WAYS] = {0};
    for (size_t i = 0; i < ledger->schedule->lane_count; i++) {
        struct post *post = &sentinels->posts[i];
        const struct standing *standing = &ledger->standings[i];
        uint64_t beat = last_beat(sentinels, i);
        for (int by_protocol = 0; by_protocol < 2; by_protocol++) {
            size_t way = way_of(sentinels, i, by_protocol != 0);
            uint64_t counted = by_protocol == 0 || is_firm(sentinels, i) ? beat : 0;
            heard[way] = counted > heard[way] ? counted : heard[way];
            sent[way] += standing->sent;
        }
        if (post->asked_us != 0)
            take_in(sentinels, i, now_us);
        roll_look(sentinels->roll, i, now_us);
        if (beat + SILENT_US >= wall_us)
            post->sent = standing->sent;
        doubt(sentinels, i, false);
        bool due = is_firm(sentinels, i) && !post->gone && is_silent(sentinels, i) && is_asked(context, i) &&
                   (post->vain > 0 || standing->sent >= post->sent + SILENT_PACKETS);
        if (due || post->called || post->doubted != 0)
            put_due(sentinels, i);
    }
    for (size_t way = 0; way < WATCH_WAYS; way++) {
        if (heard[way] + SILENT_US >= wall_us)
            sentinels->sent_seen[way] = sent[way];
        if (heard[way] == 0 || sent[way] < sentinels->sent_seen[way] + SILENT_PACKETS)
            continue;
        call_spokesman(sentinels, way);
        sentinels->sent_seen[way] = sent[way];
    }
}

static unsigned next_number(struct post *post)
{
    post->given = post->given == 0 ? FIRST_ASK : post->given + 1;
    return post->given;
}

unsigned sentinels_number(struct sentinels *sentinels, size_t lane)
{
    return next_number(&sentinels->posts[lane]);
}

bool sentinels_next(struct sentinels *sentinels, uint64_t now_us, struct sending *sending)
{
    if (sentinels->next == sentinels->due.count) {
        sentinels->next = sentinels->due.count = 0;
        sentinels->rolled = roll_next(sentinels->roll, now_us, sending);
        if (sentinels->rolled)
            sending->try = next_number(&sentinels->posts[sending->span->lane]);
        return sentinels->rolled;
    }
    sentinels->rolled = false;
    size_t lane = sentinels->due.items[sentinels->next++];
    struct post *post = &sentinels->posts[lane];
    const struct standing *standing = &sentinels->ledger->standings[lane];
    uint64_t chosen =
        standing->sentinels[post->vain % 2] != 0 ? standing->sentinels[post->vain % 2] : standing->sentinels[0];
    post->doubting = post->doubted != 0;
    if (post->doubting)
        chosen = post->doubted;
    post->doubted = 0;
    uint64_t wait = ledger_patience_us(standing, LEAST_WAIT_US, sentinels->timeout_us)
                    << (post->vain < MOST_VAIN ? post->vain : MOST_VAIN);
    post->wait_us = !is_firm(sentinels, lane) ? LIMITED_WAIT_US
                    : wait > sentinels->timeout_us || post->vain + 1 >= most_vain(sentinels, lane)
                        ? sentinels->timeout_us
                        : wait;
    post->queued = false;
    post->question = chosen - 1;
    post->number = next_number(post);
    post->asked_us = now_us;
    post->sent = standing->sent;
    *sending = (struct sending){.span = schedule_span(sentinels->ledger->schedule, post->question),
                                .question = post->question,
                                .try = post->number};
    return true;
}

void sentinels_refused(struct sentinels *sentinels, const struct sending *sending)
{
    struct post *post = &sentinels->posts[sending->span->lane];
    if (sentinels->rolled) {
        roll_refused(sentinels->roll);
        return;
    }
    post->asked_us = 0;
    post->queued = true;
    sentinels->next--;
}

// Some of each way on whose answers silence rests; of a protocol's, those that answer firmly.
static void call_spokesmen(struct sentinels *sentinels, const bool *needed, bool last)
{
    size_t called[WATCH_WAYS] = {0};
    for (int firm = 1; firm >= 0; firm--)
        for (size_t i = 0; i < sentinels->ledger->schedule->lane_count; i++) {
            if (sentinels->ledger->standings[i].sentinels[0] == 0 || is_firm(sentinels, i) != (firm != 0) ||
                (!last && sentinels->posts[i].gone))
                continue;
            for (int by_protocol = 0; by_protocol <= firm; by_protocol++) {
                size_t way = way_of(sentinels, i, by_protocol != 0);
                if (!needed[way] || called[way] >= SPOKESMEN)
                    continue;
                sentinels->posts[i].called = true;
                called[way]++;
            }
        }
}

void sentinels_call(struct sentinels *sentinels, bool last)
{
    const struct schedule *schedule = sentinels->ledger->schedule;
    bool needed[WATCH_WAYS] = {false};
    for (size_t i = 0, end; i < schedule->lane_count; i = end) {
        size_t speaks = schedule->lane_count;
        bool silent = false;
        for (end = i;
             end < schedule->lane_count && address_equal(schedule->lanes[end].address, schedule->lanes[i].address);
             end++) {
            bool asks = is_firm(sentinels, end) && (last || !sentinels->posts[end].gone);
            speaks = asks ? end : speaks;
            if (!is_silent(sentinels, end))
                continue;
            sentinels->posts[end].called = asks;
            silent = silent || !is_firm(sentinels, end);
            if (!is_firm(sentinels, end))
                needed[way_of(sentinels, end, true)] = true;
        }
        if (silent && speaks < schedule->lane_count)
            sentinels->posts[speaks].called = true;
        else if (silent)
            needed[way_of(sentinels, i, false)] = true;
    }
    call_spokesmen(sentinels, needed, last);
    for (size_t i = 0; i < schedule->lane_count; i++)
        if (sentinels->posts[i].called) {
            sentinels->posts[i].vain = 0;
            sentinels->posts[i].rolls = is_silent(sentinels, i);
        }
}

bool sentinels_rest(const struct sentinels *sentinels)
{
    for (size_t i = 0; i < sentinels->ledger->schedule->lane_count; i++)
        if (sentinels->posts[i].asked_us != 0 || sentinels->posts[i].queued || sentinels->posts[i].called ||
            sentinels->posts[i].doubted != 0 || !roll_is_over(sentinels->roll, i))
            return false;
    return true;
}

bool sentinels_doubt(struct sentinels *sentinels)
{
    for (size_t i = 0; i < sentinels->ledger->schedule->lane_count; i++) {
        const struct post *post = &sentinels->posts[i];
        doubt(sentinels, i, true);
        if (post->doubted != 0 || (post->doubting && (post->queued || post->asked_us != 0)))
            return true;
    }
    return false;
}

bool sentinels_gone(const struct sentinels *sentinels, size_t lane)
{
    return sentinels->posts[lane].gone;
}
