// The engine of a probe, as its files share it: engine.c is the loop, its beginning and its end; engine_intake what
// comes in, engine_send what goes out, engine_stages which pass or wait comes next. For these files only.
#pragma once

#include <uv.h>

#include "probe/capture.h"
#include "probe/lacking.h"
#include "probe/pace.h"
#include "probe/probe.h"
#include "probe/progress.h"
#include "probe/quiet.h"
#include "probe/senders.h"
#include "probe/sentinel.h"
#include "probe/stream.h"

enum { ENGINE_SIGNALS = 3, ENGINE_TICK_MS = 2 };

enum stage {
    STAGE_PASSES,   // pace.h
    STAGE_LOOKING,  // once more at what is closed (closed.h)
    STAGE_MENDING,  // what does not count is asked again
    STAGE_RESTING,  // until what was rejected may be asked again
    STAGE_WAITING,  // for the last answers, as long as one may take
    STAGE_CALLING,  // the sentinels
    STAGE_KNOCKING, // at those who fell silent
    STAGE_QUIET     // what a doubted lane closes is asked by itself (quiet.h)
};

struct engine {
    struct arena *arena;
    uv_loop_t loop;
    uv_prepare_t prepare;
    uv_idle_t idle;
    uv_timer_t tick;
    uv_signal_t signals[ENGINE_SIGNALS];
    const struct probe_options *options;
    struct probe_summary *summary;
    struct schedule schedule;
    struct ledger ledger;
    struct identity identity;
    struct pace pace;
    struct sentinels *sentinels;
    struct stream *stream;
    struct quiet *quiet;
    uint64_t quiet_until_us;
    enum stage stage;
    uint64_t stage_us;   // when it began
    uint64_t asking_us;  // wall clock
    uint64_t mending_us; // since when what is sent is taken to count, wall clock
    unsigned mended;     // passes, of this mending
    double mending_rate;
    uint64_t mend_until_us;    // what does not count by then is left; 0: nothing was asked again yet
    uint64_t resting_until_us; // wall clock
    unsigned returns;
    unsigned knocks;
    uint64_t last_sent_us;     // any packet
    uint64_t rejected_call_us; // when those were asked on whom silence rests where nothing but rejections was heard
    uint64_t looked_us;
    struct routes routes;
    uv_poll_t routes_told;
    struct senders *senders;
    struct senders_listener listener;
    struct capture *capture;
    struct order order; // of the pass: what is asked again is asked in another one each time
    uint64_t position;  // in it
    uint64_t question;  // at that position
    double tokens;
    uint64_t tokens_at_us;
    uint64_t began_us;
    uint64_t pass_began_us;
    uint64_t pass_wall_us; // the same, wall clock
    uint64_t pass_sent_us; // when its last packet was sent; 0: not yet
    uint64_t starved_us;   // since when this machine has refused to send though nothing is under way; 0: it has not
    struct progress progress;
    uint64_t keep_us; // when what is known is next handed over for keeping
    uint64_t dropped;
    const char *unfinished;    // why silence is not filtered, where that is so
    bool called;               // the sentinels, at the end of this pass
    bool looked_slowly;        // at what is closed, of hosts without an open port
    unsigned looks;            // at what is closed of the others, so far
    struct arena *looking;     // what the look under way needs:
    const uint8_t **looked_at; // what is asked of each lane (closed.h)
    bool stopping;
    bool interrupted; // by a signal, at any time until the end
    struct error problem;
};

// Monotonic clock.
static inline uint64_t engine_now_us(void)
{
    return uv_hrtime() / 1000;
}

// What the capture brings (receiver.h), and that it brings no more.
void engine_take_packet(void *context, const uint8_t *packet, size_t size, size_t whole, uint64_t wall_ns);
void engine_take_no_more(void *context);

// Whether a lane is asked in the pass under way.
bool engine_is_member(const void *context, size_t lane);
// What counts of what a mending pass asks again.
struct lacking engine_lacking(const struct engine *engine, bool pending);
// Sends one, as senders.h has it, and notes from where.
bool engine_send_one(struct engine *engine, const struct sending *sending);
// Sends what the rate allows. True where there is more to be sent at once.
bool engine_send_some(struct engine *engine, uint64_t now);

// Begins the next pass; false where there is none.
bool engine_begin_pass(struct engine *engine);
// All of a pass is sent, and its answers were waited for; then it is ended, and what comes next begins.
bool engine_pass_is_over(struct engine *engine, uint64_t now);
void engine_end_pass(struct engine *engine);
// At most, where what proved nothing is being asked again; -1: it is not.
double engine_seconds_left(const struct engine *engine, uint64_t now);
// What comes after the passes.
void engine_go_on(struct engine *engine, uint64_t now);

// Nothing more is asked, nor waited for.
void engine_finish(struct engine *engine);
