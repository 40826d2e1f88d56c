// A capture is played in its parts. Each is played as it was probed: into a fresh ledger, of what was not known by
// then. So its silence is judged by the sentinels that were asked in that part, and by nothing that somebody heard
// before.
#include "probe/replay.h"

#include "base/file.h"
#include "model/protocol.h"
#include "probe/capture.h"
#include "probe/captured.h"
#include "probe/summary.h"

enum {
    MOST_SEAMS = 1000,
    FREE_PARTS = 8,      // whatever they cost,
    MOST_WORK = 1 << 23, // and questions that later parts may ask, and so many more a frame
    WORK_OF_A_FRAME = 16,
    MOST_QUESTIONS = 1 << 28, // of a part, and so many more a frame: a gigabyte, and some seconds
};

// Who was heard though no probe that is known had asked (ledger_hear).
struct heard_place {
    struct address address;
    int protocol;
    uint16_t port;
};

struct replayed {
    struct arena *arena;
    long tries;
    long timeout_ms;
    struct observations answered;     // in the parts so far, by place
    struct observations silent;       // filtered, or rejected, in the parts so far, and not asked again since; by place
    struct observations unknown;      // at the end
    VECTOR(struct heard_place) heard; // in the parts so far
    uint64_t work;
    const struct observations *told; // what the probe itself told; or NULL
    struct probe_summary *summary;
};

// Ports of one address and protocol that an observation is of.
static struct observation part_of(const struct observation *whole, uint32_t low, uint32_t high)
{
    struct observation part = *whole;
    part.low = (uint16_t)low;
    part.high = (uint16_t)high;
    return part;
}

static bool was_asked(const struct ledger *ledger, const struct observation *of, uint32_t port)
{
    uint64_t question;
    return schedule_find(ledger->schedule, of->address, of->protocol, (uint16_t)port, &question) &&
           (ledger_answered(ledger, question) || ledger_tries(ledger, question) > 0 || ledger_heard(ledger, question));
}

// The runs of an observation's ports that were asked in this part, or were not.
static void add_runs(struct arena *arena, const struct ledger *ledger, const struct observation *of, bool asked,
                     struct observations *into)
{
    uint32_t first = of->low;
    bool in_run = false;
    for (uint32_t port = of->low; port <= (uint32_t)of->high + 1; port++) {
        bool member = port <= of->high && was_asked(ledger, of, port) == asked;
        if (member && !in_run)
            first = port;
        if (!member && in_run)
            *vector_add(arena, &into->items) = part_of(of, first, port - 1);
        in_run = member;
    }
}

// What of an observation's ports `held` does not have.
static void add_others(struct arena *arena, const struct observations *held, const struct observation *of,
                       struct observations *into)
{
    struct portset rest = portset_of(arena, of->low, of->high);
    size_t low = 0, high = held->items.count;
    while (low < high) { // the first that is not before that place
        size_t middle = low + (high - low) / 2;
        const struct observation *one = &held->items.items[middle];
        if (place_compare(one->address, one->protocol, of->address, of->protocol) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < held->items.count; low++) {
        const struct observation *one = &held->items.items[low];
        if (place_compare(one->address, one->protocol, of->address, of->protocol) != 0)
            break;
        rest = portset_subtract(arena, rest, portset_of(arena, one->low, one->high));
    }
    for (size_t i = 0; i < rest.count; i++)
        *vector_add(arena, &into->items) = part_of(of, rest.ranges[i].low, rest.ranges[i].high);
}

// What was silent before and was asked again is what this part says of it; what was not stays as it is.
static void take_part(struct replayed *replayed, const struct ledger *ledger, const struct observations *fresh,
                      bool is_last)
{
    struct arena *arena = replayed->arena;
    struct observations unasked = {0}, silent = {0};
    for (size_t i = 0; i < replayed->silent.items.count; i++)
        add_runs(arena, ledger, &replayed->silent.items.items[i], false, &unasked);
    for (size_t i = 0; i < unasked.items.count; i++)
        *vector_add(arena, &silent.items) = unasked.items.items[i];
    for (size_t i = 0; i < fresh->items.count; i++) {
        const struct observation *one = &fresh->items.items[i];
        if (one->state == OBSERVED_FILTERED || one->state == OBSERVED_REJECTED)
            *vector_add(arena, &silent.items) = *one;
        else if (one->state != OBSERVED_UNKNOWN)
            *vector_add(arena, &replayed->answered.items) = *one;
        else if (is_last)
            add_others(arena, &unasked, one, &replayed->unknown);
    }
    replayed->silent = silent;
    observations_sort(&replayed->silent);
    observations_sort(&replayed->answered);
}

static void add_up(struct arena *arena, const struct probe_summary *part, struct probe_summary *summary)
{
    summary->sent += part->sent;
    summary->received += part->received;
    summary->late += part->late;
    summary->asks += part->asks;
    summary->asks_answered += part->asks_answered;
    for (size_t i = 0; i < part->canaries.count; i++) {
        if (i == summary->canaries.count)
            *vector_add(arena, &summary->canaries) =
                (struct probe_canary){part->canaries.items[i].address, part->canaries.items[i].port, 0, 0};
        summary->canaries.items[i].asked += part->canaries.items[i].asked;
        summary->canaries.items[i].answered += part->canaries.items[i].answered;
    }
    for (size_t i = 0; i < part->accepting.count; i++)
        *vector_add(arena, &summary->accepting) = part->accepting.items[i];
    if (part->longest_gap > summary->longest_gap)
        summary->longest_gap = part->longest_gap;
}

// What this machine could not send is in no capture: the probe's word is taken for it, where nothing was answered.
static void take_word(const struct observations *told, struct ledger *ledger)
{
    for (size_t i = 0; i < told->items.count; i++) {
        const struct observation *one = &told->items.items[i];
        struct answer answer = answer_state(OBSERVED_UNKNOWN, one->reason);
        if (one->state != OBSERVED_UNKNOWN || strncmp(one->reason, "local:", 6) != 0)
            continue;
        for (uint32_t port = one->low; port <= one->high; port++) {
            uint64_t question;
            if (schedule_find(ledger->schedule, one->address, one->protocol, (uint16_t)port, &question) &&
                !ledger_answered(ledger, question))
                ledger_answer(ledger, question, 0, &answer, 0, 0);
        }
    }
}

// Why what is silent at the end of a part is not filtered, where that is so.
static const char *unfinished(const struct replayed *replayed, bool is_last)
{
    return is_last && replayed->told != NULL && replayed->told->interrupted ? "interrupted" : NULL;
}

// What answers nothing is asked once a pass: whoever says how many there were can be held to it.
static void find_silent(const struct ledger *ledger, struct probe_silent *most)
{
    const struct schedule *schedule = ledger->schedule;
    for (uint64_t question = 0; question < schedule->count; question++) {
        if (ledger_answered(ledger, question) || ledger_tries(ledger, question) <= most->tries)
            continue;
        const struct span *span = schedule_span(schedule, question);
        const struct lane *lane = &schedule->lanes[span->lane];
        *most = (struct probe_silent){lane->address, lane->protocol, schedule_port(span, question),
                                      ledger_tries(ledger, question)};
    }
}

// What was heard in earlier parts was heard, whoever has asked since; and what this part adds to it.
static void take_heard(struct replayed *replayed, struct ledger *ledger)
{
    const struct schedule *schedule = ledger->schedule;
    uint64_t question;
    size_t fresh = ledger->heard_of.count;
    for (size_t i = 0; i < replayed->heard.count; i++) {
        const struct heard_place *place = &replayed->heard.items[i];
        if (schedule_find(schedule, place->address, place->protocol, place->port, &question))
            ledger_hear(ledger, question);
    }
    for (size_t i = 0; i < fresh; i++) {
        const struct span *span = schedule_span(schedule, ledger->heard_of.items[i]);
        *vector_add(replayed->arena, &replayed->heard) =
            (struct heard_place){schedule->lanes[span->lane].address, schedule->lanes[span->lane].protocol,
                                 schedule_port(span, ledger->heard_of.items[i])};
    }
}

// A file of a few bytes may say that a large plan was gone on with again and again.
static bool is_worth_it(struct replayed *replayed, const struct capture_reader *reader, size_t part, uint64_t work,
                        struct error *error)
{
    replayed->work += work + replayed->heard.count;
    return part < FREE_PARTS || replayed->work <= MOST_WORK + (uint64_t)WORK_OF_A_FRAME * reader->frames ||
           error_set(error, ERROR_USAGE,
                     "%s: was gone on with %u times, which takes too long to replay for a plan so large and the %u "
                     "frames that are there: probe anew",
                     reader->name, reader->seams.count, reader->frames);
}

// A plan of a few lines may ask every port of more hosts than were ever probed; of a capture that holds their packets
// each question takes its frame.
static bool is_asked_in_part(const struct capture_reader *reader, uint64_t questions, struct error *error)
{
    uint64_t most = MOST_QUESTIONS + (uint64_t)WORK_OF_A_FRAME * reader->frames;
    return questions <= most ||
           error_set(error, ERROR_INCOMPLETE,
                     "%s: has %u frames, and the plan %llu questions: of so few frames %llu are replayed at most: give "
                     "the plan in parts",
                     reader->name, reader->frames, (unsigned long long)questions, (unsigned long long)most);
}

// What a part was probed with: it says so, or else the caller does. What evidence holds of it decides there.
static struct probe_captured asked_with_of(const struct replayed *replayed, const struct capture_reader *reader,
                                           uint32_t last)
{
    struct probe_captured of = {.tries = replayed->tries, .timeout_ms = replayed->timeout_ms}, told = {0};
    for (size_t i = 0; replayed->told == NULL && i < reader->heads.count && reader->heads.items[i].frame <= last; i++)
        if (captured_read(replayed->arena, reader->heads.items[i].text, &told))
            of = told;
    return of;
}

static bool play_part(struct replayed *replayed, struct capture_reader *reader, const struct plan *plan, size_t part,
                      struct error *error)
{
    struct arena *arena = replayed->arena;
    bool is_last = part == reader->seams.count;
    uint32_t known = is_last ? UINT32_MAX : reader->seams.items[part].known;
    uint32_t last = is_last ? UINT32_MAX : reader->seams.items[part].frame;
    const struct probe_captured asked_with = asked_with_of(replayed, reader, last);
    struct plan rest = *plan;
    if (part > 0)
        probe_rest(arena, plan, &replayed->answered, &rest);
    // Where the one that went on knew none of it, this part comes to nothing.
    bool is_void = !is_last && part > 0 && known <= reader->seams.items[part - 1].frame;
    struct schedule schedule = schedule_of(arena, &rest, 1);
    struct ledger ledger;
    struct capture_span span;
    struct observations fresh = {0};
    size_t by_state[OBSERVED_UNKNOWN + 1] = {0};
    GUARD(is_asked_in_part(reader, schedule.count, error));
    GUARD(is_worth_it(replayed, reader, part,
                      (is_void ? schedule.span_count : schedule.count) + replayed->answered.items.count +
                          replayed->silent.items.count,
                      error));
    if (!ledger_begin(&ledger, arena, &schedule, true, (uint64_t)asked_with.timeout_ms * 1000, error))
        return false;
    bool good = capture_play(reader, known, last, &ledger, &span, error);
    if (good)
        take_heard(replayed, &ledger);
    if (good && replayed->summary->stray == 0)
        replayed->summary->stray = span.stray;
    if (good)
        find_silent(&ledger, &replayed->summary->silent);
    if (good && !is_void) {
        struct probe_summary sum = {0};
        if (is_last && replayed->told != NULL)
            take_word(replayed->told, &ledger);
        ledger_settle(&ledger);
        ledger_light(&ledger);
        ledger_collect(&ledger, arena, (unsigned)asked_with.tries, unfinished(replayed, is_last), &fresh, by_state);
        summary_count(arena, &ledger, &(struct observations){0}, &sum);
        summary_note_accepting(arena, &ledger, &sum);
        summary_note_vantages(&ledger, replayed->summary);
        replayed->summary->first_us = replayed->summary->first_us == 0 ? span.first : replayed->summary->first_us;
        replayed->summary->last_us = span.last > replayed->summary->last_us ? span.last : replayed->summary->last_us;
        add_up(arena, &sum, replayed->summary);
        replayed->summary->seconds += (double)(span.last - span.first) / 1e6;
        take_part(replayed, &ledger, &fresh, is_last);
    }
    ledger_end(&ledger);
    return good;
}

static void add_all(struct arena *arena, const struct observations *of, struct observations *into,
                    struct probe_summary *summary)
{
    for (size_t i = 0; i < of->items.count; i++) {
        const struct observation *one = &of->items.items[i];
        *vector_add(arena, &into->items) = *one;
        summary->by_state[one->state] += (size_t)(one->high - one->low) + 1;
    }
}

bool replay_stream(struct arena *arena, const struct plan *plan, FILE *stream, const char *name, long tries,
                   long timeout_ms, const struct observations *told, struct observations *observations,
                   struct probe_summary *summary, struct error *error)
{
    struct capture_reader reader;
    struct replayed replayed = {
        .arena = arena, .tries = tries, .timeout_ms = timeout_ms, .told = told, .summary = summary};
    *summary = (struct probe_summary){.method = "capture", .interrupted = told != NULL && told->interrupted};
    GUARD(capture_open(arena, stream, name, &reader, error));
    bool good = reader.seams.count <= MOST_SEAMS ||
                error_set(error, ERROR_USAGE, "%s: was gone on with more than %d times", name, MOST_SEAMS);
    for (size_t part = 0; good && part <= reader.seams.count; part++)
        good = play_part(&replayed, &reader, plan, part, error);
    capture_close(&reader);
    if (!good)
        return false;
    add_all(arena, &replayed.answered, observations, summary);
    add_all(arena, &replayed.silent, observations, summary);
    add_all(arena, &replayed.unknown, observations, summary);
    observations_sort(observations);
    for (size_t i = 0; i < observations->items.count; i++)
        observations->items.items[i].line = i + 1;
    summary_count_unasked(arena, observations, summary);
    return true;
}

bool probe_replay(struct arena *arena, const struct plan *plan, const char *capture, long tries, long timeout_ms,
                  const struct observations *told, struct observations *observations, struct probe_summary *summary,
                  struct error *error)
{
    FILE *stream = file_open_stream(capture, error);
    return stream != NULL &&
           replay_stream(arena, plan, stream, capture, tries, timeout_ms, told, observations, summary, error);
}
