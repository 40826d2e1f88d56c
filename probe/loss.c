#include "probe/loss.h"

#include <math.h>

#include "model/protocol.h"
#include "probe/closed.h"

enum {
    LEAST_LATE = 5, // answers to later tries that tell of loss
    ASKS_A_PASS = 4,
    LEAST_PACED = 4, // tries that have a pace
    MOST_REOPENED = 16,
};

// Paces that differ by less than so much are one.
static const double ALIKE = 1.5;

// What open ports say of a pace holds for one that is so many times as fast: short stretches have a pace of their own.
static const double ALIKE_TO_CLOSE = 4;

// What is taken to be lost where nothing but rejections was heard of a family, and so nothing tells.
static const double UNTOLD = 0.12;

const double LOSS_MISSED = 0.002, LOSS_MISSED_OF_LOSSY = 0.00002, LOSS_MISSED_BY_ONE = 0.025;

// LOSS_MISSED_OF_LOSSY where one try was wanted.
static const double MISSED_OF_LOSSY_BY_ONE = 0.0002;

// Share of the lanes of which it is taken for the pace's what befell none of the first tries by chance; of the others
// it is taken to befall no more than so many.
static const double BY_CHANCE = 0.0001, MOST_SHUT = 0.9;

// What is known of a stretch.
struct tally {
    double pace;  // packets a second; 0: too few to tell
    double among; // asks
    double asked;
    double vain;
    double told;      // asks of open ports that were rejected
    double heard;     // questions that were answered by it,
    double late;      // and by a later one only
    double late_open; // of these, open ports
    double opens;     // asks of open ports that were answered,
    double shut;      // and by whom open ports are closed
};

// Questions that were open later than the asks that are looked at, the latest first.
struct reopened {
    uint64_t questions[MOST_REOPENED];
    size_t count;
    bool quiet; // the next ask that was sent by itself was answered as expected: it was the pace, and no outage
};

// Takes an ask in, the latest first. Whether it is contrary.
static bool is_contrary(struct reopened *reopened, const struct ask *ask)
{
    size_t at = 0;
    while (at < reopened->count && reopened->questions[at] != ask->question)
        at++;
    if (ask->alone)
        reopened->quiet = ask->answered && ask->contrary == OBSERVED_OPEN;
    if (ask->contrary != OBSERVED_OPEN)
        return at < reopened->count && reopened->quiet;
    if (ask->answered && at == reopened->count && at < MOST_REOPENED)
        reopened->questions[reopened->count++] = ask->question;
    return false;
}

// Whether a try that was in vain was lost, or not answered, though others were at that time: one outage is no loss.
static bool tells_of_loss(const struct ledger *ledger, size_t lane, uint64_t sent_us)
{
    return watch_shine(&ledger->watch, lane, sent_us) != SHINE_DARK &&
           !watch_in_longest_gap(&ledger->watch, lane, sent_us);
}

double ledger_late_share(const struct ledger *ledger, size_t lane)
{
    const struct standing *standing = &ledger->standings[lane];
    size_t all = 0, lit = 0;
    for (size_t i = 0; i < standing->details.count; i++) {
        uint64_t question = ledger->schedule->lanes[lane].first + standing->details.items[i].offset;
        if (ledger_sent_at(ledger, question, 2) == 0 || ledger_rejected(ledger, question))
            continue;
        all++;
        bool tells = false;
        for (unsigned try = 1; try <= MOST_TRIES && ledger_sent_at(ledger, question, try + 1) != 0; try++)
            tells = tells || tells_of_loss(ledger, lane, ledger_sent_at(ledger, question, try));
        lit += tells;
    }
    return all == 0 ? 1 : (double)lit / (double)all;
}

// Which stretch a try was sent in.
static size_t stretch_at(const struct standing *standing, uint64_t sent_us)
{
    size_t low = 0, high = standing->stretches.count; // the first that ends no earlier
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (standing->stretches.items[middle].last_us < sent_us)
            low = middle + 1;
        else
            high = middle;
    }
    return low < standing->stretches.count ? low : low - 1;
}

// Tries of questions that were answered later on, in vain though they were not sent in the dark.
static void add_late(const struct ledger *ledger, size_t lane, struct tally *tallies)
{
    const struct standing *standing = &ledger->standings[lane];
    for (size_t i = 0; i < standing->details.count; i++) {
        uint64_t question = ledger->schedule->lanes[lane].first + standing->details.items[i].offset;
        const struct cause *cause = &standing->causes.items[ledger->bytes[question] - LEDGER_ANSWERED];
        unsigned answered = cause->tries;
        for (unsigned try = 1; try <= answered && try <= MOST_TRIES && !ledger_rejected(ledger, question); try++) {
            uint64_t sent = ledger_sent_at(ledger, question, try);
            if (sent == 0)
                continue;
            struct tally *tally = &tallies[stretch_at(standing, sent)];
            tally->heard += try == answered;
            bool late = try < answered && tells_of_loss(ledger, lane, sent);
            tally->late += late;
            tally->late_open += late && cause->state == OBSERVED_OPEN;
        }
    }
}

static bool is_open(const struct ledger *ledger, size_t lane, uint64_t question)
{
    const struct standing *standing = &ledger->standings[lane];
    uint8_t byte = ledger->bytes[question];
    return byte >= LEDGER_ANSWERED ? standing->causes.items[byte - LEDGER_ANSWERED].state == OBSERVED_OPEN
                                   : standing->was_open && schedule_span(ledger->schedule, question)->spare;
}

// What an ask, the latest first, tells of whether open ports are open at its pace. One that is closed for good while
// others are open is a service that stopped.
static void add_open(const struct ledger *ledger, size_t lane, const struct ask *ask, bool contrary, bool *open_later,
                     struct tally *tally)
{
    if (!ask->answered || ask->aside || !is_open(ledger, lane, ask->question))
        return;
    bool open = ask->contrary == OBSERVED_OPEN;
    if (ask->streamed && (open || contrary || !*open_later)) {
        tally->opens++;
        tally->shut += !open;
    }
    *open_later = *open_later || open;
}

// Whether any of the streamed asks was in vain, in the dark or not: then a lane is judged by its own alone.
static bool add_asks(struct ledger *ledger, size_t lane, struct tally *tallies)
{
    struct standing *standing = &ledger->standings[lane];
    bool any_vain = false, open_later = false;
    const ask_list *asks = &ledger->watch.pulses[lane].asks;
    struct reopened reopened = {0};
    for (size_t i = asks->count; i-- > 0;) {
        const struct ask *ask = &asks->items[i];
        bool contrary = is_contrary(&reopened, ask);
        standing->contrary = standing->contrary || (contrary && ask->contrary == OBSERVED_CLOSED);
        add_open(ledger, lane, ask, contrary, &open_later, &tallies[ask->stretch]);
        if (!ask->streamed)
            continue;
        tallies[ask->stretch].among++;
        any_vain = any_vain || !ask->answered || contrary;
        standing->rejects_by_pace = standing->rejects_by_pace || (contrary && ask->contrary == OBSERVED_REJECTED);
        if (watch_shine(&ledger->watch, lane, ask->sent_us) == SHINE_DARK)
            continue;
        tallies[ask->stretch].asked++;
        tallies[ask->stretch].vain += !ask->answered || contrary;
        tallies[ask->stretch].told += contrary && ask->contrary == OBSERVED_REJECTED;
    }
    return any_vain;
}

static bool are_alike(const struct tally *a, const struct tally *b)
{
    return a == b || a->pace <= 0 || b->pace <= 0 || (a->pace <= b->pace * ALIKE && b->pace <= a->pace * ALIKE);
}

static double bound(double asked, double vain)
{
    return (vain + 1) / (asked + 1);
}

// What may be lost in a stretch: as much as the asks of its pace say, and no less than late answers do. Open ports are
// like sentinels: of `open` ones, what came late was an ask in vain. Returns what they say. Where open ports are
// rejected, no number of rejections shows anything: packets of a steady pace meet a limit all alike.
static double judge_stretch(const struct tally *tallies, size_t count, size_t at, double open, struct stretch *stretch)
{
    double asked = 0, vain = 0, told = 0, heard = 0, late = 0, late_open = 0;
    for (size_t i = 0; i < count; i++) {
        if (!are_alike(&tallies[i], &tallies[at]))
            continue;
        asked += tallies[i].asked;
        vain += tallies[i].vain;
        told += tallies[i].told;
        heard += tallies[i].heard;
        late += tallies[i].late;
        late_open += tallies[i].late_open;
    }
    stretch->loss = fmax(bound(asked, vain), late >= LEAST_LATE ? late / (late + heard) : 0);
    double by_open = late_open > 0 ? bound(asked + open, vain + late_open) : 0;
    stretch->own_loss = told > 0 ? 1 : fmax(stretch->loss, by_open);
    return by_open;
}

// How much of what is open may be closed in a stretch: what is open at a faster pace is at this one.
static double judge_shut(const struct tally *tallies, size_t count, size_t at)
{
    double opens = 0, shut = 0;
    for (size_t i = 0; i < count; i++)
        if (tallies[i].pace * ALIKE_TO_CLOSE >= tallies[at].pace || are_alike(&tallies[i], &tallies[at])) {
            opens += tallies[i].opens;
            shut += tallies[i].shut;
        }
    return bound(opens, shut);
}

// Whether so many questions ended in a way that none of the first tries did, sent before `first`.
static bool comes_late(const struct ledger *ledger, size_t lane, uint64_t count, const struct sent *first)
{
    const struct standing *standing = &ledger->standings[lane];
    const struct lane *of = &ledger->schedule->lanes[lane];
    unsigned before = 0;
    while (before < standing->early_count && ledger_is_earlier(&standing->early[before], first))
        before++;
    double share = (double)count / (double)(of->count - of->spare + 1);
    return of->protocol == PROTOCOL_TCP && pow(1 - (share > MOST_SHUT ? MOST_SHUT : share), before) < BY_CHANCE;
}

// What is closed, or rejected, from some moment on may go by the pace of asking.
static void judge_pace(struct ledger *ledger, size_t lane)
{
    struct standing *standing = &ledger->standings[lane];
    uint64_t closed = standing->answered - standing->open - standing->rejected;
    standing->closes_late = comes_late(ledger, lane, closed, &standing->first_shut);
    standing->contrary = false;
    standing->rejects_by_pace =
        standing->reopened || comes_late(ledger, lane, standing->rejected, &standing->first_rejected);
}

static void work_out_lane(struct ledger *ledger, size_t lane, double family)
{
    struct standing *standing = &ledger->standings[lane];
    struct tally tallies[MOST_STRETCHES] = {0};
    size_t count = standing->stretches.count;
    bool any_vain = false;
    judge_pace(ledger, lane);
    if (ledger->watch.pulses[lane].firm)
        any_vain = add_asks(ledger, lane, tallies);
    for (size_t i = 0; i < count; i++) {
        const struct stretch *stretch = &standing->stretches.items[i];
        double seconds = stretch->count < LEAST_PACED ? 0 : (double)(stretch->last_us - stretch->first_us) / 1e6;
        tallies[i].pace = seconds > 0 ? ((double)(stretch->count - 1) + tallies[i].among) / seconds : 0;
    }
    if (standing->late > standing->late_rejected)
        add_late(ledger, lane, tallies);
    for (size_t i = 0; i < count; i++) {
        struct stretch *stretch = &standing->stretches.items[i];
        double by_open = judge_stretch(tallies, count, i, (double)standing->open, stretch);
        stretch->shut = judge_shut(tallies, count, i);
        stretch->loss = fmax(!any_vain && family < stretch->loss ? family : stretch->loss, by_open);
    }
}

// What may be lost on a way: by all asks of its stream, but of those lanes that limit their answers. Where nobody of a
// protocol was asked, `path`, what is of its path.
static double loss_of_way(const struct ledger *ledger, size_t way, double path)
{
    double asked = 0, vain = 0, all_asked = 0, all_vain = 0;
    for (size_t i = 0; i < ledger->schedule->lane_count; i++) {
        const struct pulse *pulse = &ledger->watch.pulses[i];
        double own_asked = 0, own_vain = 0;
        if (!pulse->firm || watch_way(&ledger->watch, i, way >= WATCH_PATHS) != way)
            continue;
        for (size_t a = 0; a < pulse->asks.count; a++) {
            const struct ask *ask = &pulse->asks.items[a];
            bool counts = ask->among && watch_shine(&ledger->watch, i, ask->sent_us) != SHINE_DARK;
            own_asked += counts;
            own_vain += counts && !ask->answered;
        }
        all_asked += own_asked;
        all_vain += own_vain;
        if (own_vain * 2 < own_asked) {
            asked += own_asked;
            vain += own_vain;
        }
    }
    if (way >= WATCH_PATHS && all_asked <= 0)
        return path;
    if (way < WATCH_PATHS && ledger->watch.paths[way].light.by_rejections)
        return UNTOLD;
    return asked > 0 ? bound(asked, vain) : bound(all_asked, all_vain);
}

void loss_work_out(struct ledger *ledger)
{
    double ways[WATCH_WAYS] = {0};
    for (size_t path = 0; path < WATCH_PATHS; path++) {
        bool is_used = path < ledger->watch.path_count || path == NO_PATH;
        ways[path] = is_used ? loss_of_way(ledger, path, 0) : 0;
        for (size_t i = 0; is_used && i < WATCH_PROTOCOLS; i++) {
            size_t way = WATCH_PATHS + path * WATCH_PROTOCOLS + i;
            ways[way] = loss_of_way(ledger, way, ways[path]);
        }
    }
    for (size_t i = 0; i < ledger->schedule->lane_count; i++)
        if (ledger->standings[i].stretches.count > 0)
            work_out_lane(ledger, i, ways[watch_way(&ledger->watch, i, true)]);
}

static const struct stretch *stretch_of(const struct ledger *ledger, size_t lane, uint64_t sent_us)
{
    const struct standing *standing = &ledger->standings[lane];
    return sent_us == 0 || standing->stretches.count == 0 ? NULL
                                                          : &standing->stretches.items[stretch_at(standing, sent_us)];
}

double loss_of_try(const struct ledger *ledger, size_t lane, uint64_t sent_us)
{
    const struct stretch *stretch = stretch_of(ledger, lane, sent_us);
    return stretch == NULL ? 1 : stretch->loss;
}

double loss_most(const struct ledger *ledger, size_t lane, uint64_t from_us, uint64_t to_us)
{
    const struct stretch *stretch = stretch_of(ledger, lane, from_us), *last = stretch_of(ledger, lane, to_us);
    double most = stretch == NULL || last == NULL ? 1 : 0;
    for (; stretch != NULL && stretch <= last; stretch++)
        most = stretch->loss > most ? stretch->loss : most;
    return most;
}

double loss_of_try_by_own(const struct ledger *ledger, size_t lane, uint64_t sent_us)
{
    const struct stretch *stretch = stretch_of(ledger, lane, sent_us);
    return stretch == NULL || !closed_has_open(&ledger->standings[lane]) ? 1 : stretch->own_loss;
}

double loss_shut(const struct ledger *ledger, size_t lane, uint64_t sent_us)
{
    const struct stretch *stretch = stretch_of(ledger, lane, sent_us);
    return stretch == NULL || !closed_has_open(&ledger->standings[lane]) ? 1 : stretch->shut;
}

static double log_choose(double of, double chosen)
{
    return lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1);
}

double loss_by_chance(const struct loss_seen *of, const struct loss_seen *beside)
{
    double asked = of->asked + beside->asked, vain = of->vain + beside->vain, sum = 0;
    for (double x = of->vain; x <= vain && x <= of->asked; x++)
        if (of->asked - x <= asked - vain)
            sum += exp(log_choose(vain, x) + log_choose(asked - vain, of->asked - x) - log_choose(asked, of->asked));
    return sum;
}

bool loss_is_enough(unsigned count, unsigned wanted, double missed)
{
    double of_lossy = wanted == 1 ? MISSED_OF_LOSSY_BY_ONE : LOSS_MISSED_OF_LOSSY;
    double most = count > wanted ? of_lossy : count == 1 ? LOSS_MISSED_BY_ONE : LOSS_MISSED;
    return count >= wanted && missed <= most;
}

unsigned loss_asks_a_pass(const struct ledger *ledger, size_t lane, unsigned wanted)
{
    unsigned needed = wanted <= 1 ? 40 : wanted == 2 ? 12 : ASKS_A_PASS;
    return needed > ASKS_A_PASS && loss_seen(ledger, lane, true, 0).asked >= needed ? ASKS_A_PASS : needed;
}

struct loss_seen loss_seen(const struct ledger *ledger, size_t lane, bool streamed, uint64_t since_us)
{
    const ask_list *asks = &ledger->watch.pulses[lane].asks;
    struct loss_seen seen = {0};
    struct reopened reopened = {0};
    for (size_t i = asks->count; i-- > 0 && asks->items[i].sent_us >= since_us;) {
        bool contrary = is_contrary(&reopened, &asks->items[i]);
        if (asks->items[i].aside || !(streamed ? asks->items[i].streamed : asks->items[i].alone))
            continue;
        seen.asked++;
        seen.vain += !asks->items[i].answered && !contrary;
        seen.contrary += contrary;
    }
    return seen;
}
