// What became of each question: one byte a question, whatever their number, and a little more by lane. It is a function
// of what was sent and what came back, when: so that a capture file gives the same observations again.
// For the files of probe/ only.
#pragma once

#include "probe/answer.h"
#include "probe/schedule.h"
#include "probe/watch.h"

enum { MOST_STRETCHES = 128, EARLY = 16 }; // of a lane; what comes after belongs to the last
enum { LEDGER_ANSWERED = MOST_TRIES + 1 }; // bytes below it count tries

// How questions of a lane ended; their byte is its index.
struct cause {
    enum observed_state state;
    bool unstable; // answers that contradict each other came
    bool doubtful; // open at a host that by then accepted everything
    uint8_t tries; // the try that was answered
    struct address from;
    const char *reason;
};

// When a question was answered; kept for all where they are few, else for some of each lane.
struct detail {
    uint32_t offset; // of the question in its lane
    uint32_t frame;  // of the answer in the capture file, from 1; 0: none
    int64_t rtt_us;  // -1: not known
    uint64_t answered_us;
};

// When a try was sent. Those of one batch have one moment: the position in the order of the try tells them apart.
struct sent {
    uint64_t us; // wall clock; 0: not known
    uint64_t position;
};

// When the tries of one number were sent.
struct round {
    uint64_t first_us;
    uint64_t last_us;
};

// Tries of a lane that followed each other at about one pace, and what was closed and asked once more among them.
struct stretch {
    uint64_t first_us;
    uint64_t last_us;
    uint64_t count;
    double loss;     // how much of them may be lost (loss.h),
    double own_loss; // by the lane's own asks alone
    double shut;     // and how much of what is open may be closed, by asks of its open ports
};

// Probes of a lane, or a family, that follow each other.
struct flow {
    uint64_t last_us;  // 0: there was none
    uint64_t gap_us;   // before it
    uint64_t asked_us; // of the latest ask; 0: there was none
};

// Answers in a row, all of one kind, to questions that were asked for the first time.
struct row {
    uint64_t count;
    uint64_t first_us; // when the first of them came
    uint64_t asked;    // the count when something of the other kind was last asked again
};

// Why what a lane closes may be no fact of its ports (closed.h); CLOSES_FAIRLY: nothing says so.
enum closes {
    CLOSES_FAIRLY,
    CLOSES_UNSHOWN,    // nothing does, but it has open ports that can show it
    CLOSES_LATE,       // many, but none of the first ones
    CLOSES_OPEN_ONES,  // open ports were closed, too, at some pace
    CLOSES_FOR_A_TIME, // some of it was open when it was asked once more
    CLOSES_ONCE,       // it was mostly silent when it was asked once more
    CLOSES_FOR_OTHERS  // so do others on its path, and it has no open port that would tell
};

// What is known of a lane.
struct standing {
    uint64_t silent;   // its questions without an answer
    uint64_t answered; // by packets from outside
    uint64_t open;
    bool was_open;    // an earlier probe, which this one goes on with, found its spare question so
    struct row opens; // answered open since anything was closed
    struct row shuts; // answered closed, or rejected, since anything was open
    // When the latest packet was sent that was answered open, and closed: what had been answered by then was before
    // any ban that the host began later. Answers themselves are read in no certain order.
    uint64_t open_sent_us;
    uint64_t shut_sent_us;
    struct sent first_shut;     // the earliest try that was answered closed,
    struct sent first_rejected; // and rejected
    struct sent early[EARLY];   // its earliest first tries, ascending
    unsigned early_count;
    bool reopened;    // what was rejected was open, or closed, at another time; or what had been closed was rejected
    bool closes_late; // many are closed, but none of the first that were asked was (loss.h)
    bool rejects_by_pace;
    bool contrary;     // an open port was closed at some pace (loss.h)
    bool silent_again; // what it had closed was silent when it was asked once more
    enum closes closes;
    uint64_t shut;          // the latest question that was closed: 1 + its number
    bool turned;            // what had been closed was open
    bool turned_shut[2];    // what had been open was closed: of the two sentinels
    unsigned turning;       // times that the other one was asked then
    uint64_t late;          // answers that came only to a second or later try
    uint64_t rejected;      // questions that are, by now: some are not believed yet (rejection.h)
    uint64_t late_rejected; // of those that came late
    uint64_t rejected_last; // 1 + the latest of them
    uint64_t rejected_us;   // when one was last rejected that had not been before
    unsigned tries;         // that every silent question of it has had, but for those of a host that fell silent
    struct address source;  // of its packets; family 0: not known
    struct address other;   // another one, where it changed
    uint64_t sentinels[2];  // questions that were answered, best first: 1 + their numbers
    enum observed_state sentinel_states[2];
    uint64_t sent;          // its tries
    uint64_t first_sent_us; // of its tries, wall clock
    uint64_t last_sent_us;
    VECTOR(struct round) rounds;      // of its tries, by their number from 1
    VECTOR(struct stretch) stretches; // in the order of time
    struct flow flow;
    bool settled; // nothing more to ask: silence of as many tries as were wanted is an answer
    bool measured;
    double smoothed_us; // round-trip time and its variation: RFC 6298, section 2
    double variation_us;
    VECTOR(struct cause) causes;
    VECTOR(struct detail) details;
};

struct ledger {
    struct arena *arena;
    const struct schedule *schedule;
    uint8_t *bytes;    // by question: how many tries it had, or LEDGER_ANSWERED + the cause in its lane
    uint8_t *again;    // by question that was rejected: how many tries it had
    uint64_t *told_us; // by question >> shift, when it was rejected; the latest of those that share it
    struct standing *standings;
    struct watch watch;
    struct order orders[MOST_TRIES + 1];
    uint64_t *sent_us[MOST_TRIES + 1]; // by try, and position in that try's order >> shift: wall clock
    uint32_t *frames[MOST_TRIES + 1];  // the same; NULL without a capture
    unsigned shift;
    uint32_t most_details; // of one lane
    uint8_t *heard;        // a bit for each question: a stranger answered (ledger_hear)
    VECTOR(uint64_t) heard_of;
    unsigned most_try; // the latest that was sent of any question
    uint64_t ended;    // questions with an answer
    uint64_t sent;
    uint64_t received;             // answers that counted
    struct flow flows[2];          // by family
    struct sent first_rejected[2]; // by family: the earliest try that was rejected
};

// `exact`: moments and frames of every packet are kept, whatever the number of questions. `timeout_us`: how long an
// answer may take.
bool ledger_begin(struct ledger *ledger, struct arena *arena, const struct schedule *schedule, bool exact,
                  uint64_t timeout_us, struct error *error);
// Of one that was begun for a capture which is not made after all: moments are those of its own sending from now on.
// Before the first packet.
void ledger_without_capture(struct ledger *ledger);
void ledger_end(struct ledger *ledger);

bool ledger_answered(const struct ledger *ledger, uint64_t question);
bool ledger_rejected(const struct ledger *ledger, uint64_t question);
unsigned ledger_tries(const struct ledger *ledger, uint64_t question); // of one without an answer, or rejected

// One packet that asks.
struct sending {
    const struct span *span; // of the question
    uint64_t question;
    uint64_t position; // in the order of that try; of an ask 0
    unsigned try;      // the question's next; of an ask from FIRST_ASK on
};

// It was sent. ledger_unsent takes it back.
void ledger_sent(struct ledger *ledger, const struct sending *sending, uint64_t wall_us);
void ledger_unsent(struct ledger *ledger, const struct sending *sending);
// From which address packets to a lane leave, or left.
void ledger_source(struct ledger *ledger, size_t lane, struct address source);
// The moment, and frame, of a try's packet as the capture has it.
void ledger_stamp(struct ledger *ledger, uint64_t question, unsigned try, uint64_t wall_us, uint32_t frame);
// Whether that packet was stamped just before: it is seen again at the next interface that it goes through.
bool ledger_is_stamped(const struct ledger *ledger, uint64_t question, unsigned try, uint64_t wall_us);
// Something came from what a question asks that answers no probe that is known: from then on its silence, or rejection,
// proves nothing. False where that says nothing new: it is answered, or no question to be answered, or was heard
// before.
bool ledger_hear(struct ledger *ledger, uint64_t question);
bool ledger_heard(const struct ledger *ledger, uint64_t question);

// An answer to one try of a question (0: of unknown number, the latest). The first one decides, but that an open port
// outweighs a closed one, and both what is between; answers that contradict each other are marked. A rejection is no
// answer yet (rejection.h), nor is an error of this machine's own: what comes later of the target stands for them, and
// contradicts nothing.
void ledger_answer(struct ledger *ledger, uint64_t question, unsigned try, const struct answer *answer,
                   uint64_t wall_us, uint32_t frame);

// Since when a lane accepts everything, wall clock in microseconds: every question of many was answered open, and
// nothing closed, from the beginning (1), or from when on what had been closed was open too. 0: it does not.
uint64_t ledger_accepts_from(const struct ledger *ledger, size_t lane);
// Whether the open ports of a lane that are asked again were all closed, or rejected, when they were asked last.
bool ledger_is_shut(const struct standing *standing);
// Since when a lane closes or rejects everything, what had been open too: it was restarted, or bans us. 0: it does not.
uint64_t ledger_resets_from(const struct ledger *ledger, size_t lane);
// A question to ask again since all that was answered after it was of the other kind, open or closed: 1 + its number;
// 0: there is none. `last`: asking is over, and what is asked now is the last.
uint64_t ledger_doubted(struct ledger *ledger, size_t lane, bool last);

// Of the answers of a lane that came to a later try only, the share of which some try in vain was not sent in the
// dark, nor in the longest gap: what was, tells of a way that was shut, and nothing of the host. 1 where none is known.
// After ledger_light.
double ledger_late_share(const struct ledger *ledger, size_t lane);

// How long to wait for an answer of a lane: its retransmission timeout of RFC 6298, from `least` to `most`; `most`
// where nothing has been measured.
uint64_t ledger_patience_us(const struct standing *standing, uint64_t least_us, uint64_t most_us);

// Whether a question is to be answered, and is not: no spare one.
bool ledger_is_silent(const struct ledger *ledger, const struct lane *lane, uint64_t question);
// Whether a silent question has had so many `tries` that count, and of so little loss, that its silence is an answer
// (loss.h). Tries count that are lit and apart (watch.h), and where `pending` those that may still be. After
// ledger_light. Tries sent from `since_us` on count in any case.
bool ledger_is_earned(const struct ledger *ledger, size_t lane, uint64_t question, unsigned tries, bool pending,
                      uint64_t since_us);
// Works out the light of all lanes (watch.h), and how much each of them loses (loss.h).
void ledger_light(struct ledger *ledger);
// How many tries of a lane are enough of any question that had as many, which is quickly told; 0: each question has to
// be looked at. After ledger_light.
unsigned ledger_enough(const struct ledger *ledger, size_t lane, unsigned tries, bool pending);
// A try of a lane was sent, the latest one; `try` 0: of what was rejected.
void ledger_flows(struct ledger *ledger, size_t lane, unsigned try, const struct sent *sent);
// How long after the latest probe of a lane, or of its family, an ask of it is in the stream still, in microseconds.
uint64_t ledger_close_us(const struct ledger *ledger, size_t lane);
bool ledger_is_earlier(const struct sent *a, const struct sent *b);
// An ask was sent: whether that was in the stream of its lane, and of its family.
void ledger_place_ask(struct ledger *ledger, size_t lane, struct ask *ask);

// What an answer to a question says of who is asked again, and of rows of answers that are all alike.
void ledger_note_sentinel(struct standing *standing, uint64_t question, enum observed_state state);
void ledger_note_row(struct standing *standing, const struct lane *lane, uint64_t question, enum observed_state state,
                     uint64_t wall_us);
// The same of another answer to what has been answered, as before or otherwise.
void ledger_note_again(struct standing *standing, const struct lane *lane, uint64_t question,
                       enum observed_state before, enum observed_state now, uint64_t wall_us);

// When a try was sent, wall clock in microseconds; 0: not known.
uint64_t ledger_sent_at(const struct ledger *ledger, uint64_t question, unsigned try);
bool ledger_same_cause(const struct cause *a, const struct cause *b);

// Asking is over: all lanes are settled, and what was dark stays so.
void ledger_settle(struct ledger *ledger);

// Appends what was observed, by address, protocol and port: silence is filtered after `tries` tries that count where
// the lane is settled; else unknown, with the reason given where that is not NULL, or one of its own. Adds up ports by
// state. May be called while the probe goes on.
void ledger_collect(struct ledger *ledger, struct arena *arena, unsigned tries, const char *unfinished,
                    struct observations *observations, size_t by_state[OBSERVED_UNKNOWN + 1]);
