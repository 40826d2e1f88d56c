// What a capture says was asked and answered.
#include <pcap/pcap.h>
#include <string.h>

#include "base/memory.h"
#include "base/pages.h"
#include "model/protocol.h"
#include "probe/capture.h"
#include "probe/identity.h"

enum {
    MOST_STEPS = 1 << 28, // from one ask of a question to the one before it
    MOST_MOVED = 1 << 28, // beats out of order
};

// What told a probe of ours apart: source port (an echo's identifier) and sequence number.
struct mark {
    uint16_t own_port;
    uint32_t sequence;
};

struct replay {
    struct ledger *ledger;
    struct mark *marks[MOST_TRIES + 1]; // by try and question; 0: of the first answer of a stranger
    uint8_t *tries;                     // by question: probes seen of it
    uint32_t *asked;                    // by question: 1 + the index of its latest ask in its lane; 0: none
    uint64_t steps;
    uint32_t frame;
};

static bool is_alike(const struct seen *seen, uint16_t own_port, uint32_t sequence)
{
    return own_port == seen->own_port && (!seen->has_sequence || sequence == seen->sequence);
}

// The latest packet that asked a question, and was sent from that port with that sequence number: its number; 0: none
// was.
static unsigned find_sent(struct replay *replay, uint64_t question, const struct seen *seen)
{
    const struct ledger *ledger = replay->ledger;
    const ask_list *asks = &ledger->watch.pulses[schedule_span(ledger->schedule, question)->lane].asks;
    for (uint32_t at = replay->asked[question]; at != 0; at = asks->items[at - 1].before, replay->steps++)
        if (is_alike(seen, asks->items[at - 1].own_port, asks->items[at - 1].sequence))
            return asks->items[at - 1].number;
    for (unsigned try = replay->tries[question]; try > 0; try--) {
        const struct mark *mark = replay->marks[try] == NULL ? NULL : &replay->marks[try][question];
        if (mark != NULL && is_alike(seen, mark->own_port, mark->sequence))
            return try;
    }
    return 0;
}

// In a file SYN and echo requests are ours; so is a datagram to what is asked, unless it answers what was asked before.
static bool is_own(void *context, const struct seen *probe)
{
    struct replay *replay = context;
    const struct schedule *schedule = replay->ledger->schedule;
    const struct seen answered = {.own_port = probe->port};
    uint64_t question;
    return probe->protocol != PROTOCOL_UDP ||
           (schedule_find(schedule, probe->target, probe->protocol, probe->port, &question) &&
            (!schedule_find(schedule, probe->own, probe->protocol, probe->own_port, &question) ||
             find_sent(replay, question, &answered) == 0));
}

static void set_mark(struct replay *replay, unsigned number, uint64_t question, const struct seen *seen)
{
    struct mark **marks = &replay->marks[number];
    if (*marks == NULL) // without them an answer would be taken for none
        *marks = memory_must(pages_new(replay->ledger->schedule->count * sizeof(struct mark)));
    (*marks)[question] = (struct mark){seen->own_port, seen->sequence};
}

// Whether what a SYN asks had been answered before, by its number, which nobody can guess.
static bool is_foretold(const struct replay *replay, uint64_t question, const struct seen *probe)
{
    const struct mark *mark = replay->marks[0] == NULL ? NULL : &replay->marks[0][question];
    return probe->protocol == PROTOCOL_TCP && mark != NULL && mark->own_port != 0 &&
           is_alike(probe, mark->own_port, mark->sequence);
}

// Asked again: watch.h.
static void take_ask(struct replay *replay, uint64_t question, size_t lane, const struct seen *seen, uint64_t wall_us)
{
    struct watch *watch = &replay->ledger->watch;
    struct ask *ask = watch_ask(watch, lane,
                                &(struct ask){.question = question,
                                              .sent_us = wall_us,
                                              .number = FIRST_ASK + watch->pulses[lane].asks.count,
                                              .frame = replay->frame,
                                              .sequence = seen->sequence,
                                              .own_port = seen->own_port,
                                              .before = replay->asked[question]});
    ledger_place_ask(replay->ledger, lane, ask);
    replay->asked[question] = watch->pulses[lane].asks.count;
}

// False where it is no question of the schedule, or no probe asks so.
static bool take_probe(struct replay *replay, const struct seen *seen, uint64_t wall_us)
{
    const struct schedule *schedule = replay->ledger->schedule;
    uint64_t question;
    if (!schedule_find(schedule, seen->target, seen->protocol, seen->port, &question) ||
        is_foretold(replay, question, seen))
        return false;
    const struct span *span = schedule_span(schedule, question);
    ledger_source(replay->ledger, span->lane, seen->own);
    if (span->spare || (ledger_answered(replay->ledger, question) && !ledger_rejected(replay->ledger, question))) {
        take_ask(replay, question, span->lane, seen, wall_us);
        return true;
    }
    if (replay->tries[question] == MOST_TRIES)
        return false;
    unsigned try = ++replay->tries[question];
    set_mark(replay, try, question, seen);
    ledger_sent(replay->ledger,
                &(struct sending){.span = span,
                                  .question = question,
                                  .position = order_position(&replay->ledger->orders[try], question),
                                  .try = try},
                wall_us);
    ledger_stamp(replay->ledger, question, try, wall_us, replay->frame);
    return true;
}

// False where no probe keeps it: what answers nothing is kept where it is the first sign of life of what is asked, or
// an error of this machine's own, whose firewall stops packets before they are captured.
static bool take_answer(struct replay *replay, const struct seen *seen, uint64_t wall_us)
{
    const struct schedule *schedule = replay->ledger->schedule;
    struct answer answer;
    uint64_t question;
    bool kept = false;
    if (!packet_answer(seen, &answer))
        return false;
    for (unsigned way = 0; way < IDENTITY_WAYS; way++) {
        unsigned number = identity_question(schedule, seen, way, &question) ? find_sent(replay, question, seen) : 0;
        if (number == 0)
            continue;
        ledger_answer(replay->ledger, question, number, &answer, wall_us, replay->frame);
        return true;
    }
    if (seen->kind == SEEN_ICMP_ERROR)
        return answer.state == OBSERVED_UNKNOWN && identity_question(schedule, seen, 0, &question);
    for (unsigned way = 0; way < IDENTITY_WAYS; way++)
        if (identity_question(schedule, seen, way, &question) && ledger_hear(replay->ledger, question)) {
            set_mark(replay, 0, question, seen);
            kept = true;
        }
    return kept;
}

// What the probe that went on did not know. False where no probe keeps it.
static bool take_unknown(struct replay *replay, const struct seen *seen)
{
    const struct schedule *schedule = replay->ledger->schedule;
    struct answer answer;
    uint64_t question;
    if (seen->kind == SEEN_PROBE)
        return schedule_find(schedule, seen->target, seen->protocol, seen->port, &question);
    bool asked = false, answers = packet_answer(seen, &answer);
    for (unsigned way = 0; way < IDENTITY_WAYS; way++)
        if (identity_question(schedule, seen, way, &question)) {
            asked = true;
            if (answers && answer.state <= OBSERVED_CLOSED)
                ledger_hear(replay->ledger, question);
        }
    return asked && answers;
}

// Notes where a probe went on.
static void note_seam(struct arena *arena, const u_char *bytes, size_t size, uint32_t frame, capture_seams *seams)
{
    enum { LEAD = sizeof(CAPTURE_SEAM) - 1 };
    uint64_t known = 0;
    size_t at = LEAD;
    if (size <= LEAD || memcmp(bytes, CAPTURE_SEAM, LEAD) != 0)
        return;
    for (; at < size && bytes[at] >= '0' && bytes[at] <= '9'; at++)
        known = known < frame ? known * 10 + (uint64_t)(bytes[at] - '0') : known;
    if (at == size)
        *vector_add(arena, seams) = (struct capture_seam){frame, known < frame ? (uint32_t)known : frame};
}

static bool is_head(const u_char *bytes, size_t size)
{
    enum { LEAD = sizeof(CAPTURE_HEAD) - 1 };
    return size > LEAD && memcmp(bytes, CAPTURE_HEAD, LEAD) == 0;
}

static void note_head(struct arena *arena, const u_char *bytes, size_t size, struct capture_reader *reader)
{
    if (is_head(bytes, size))
        *vector_add(arena, &reader->heads) =
            (struct capture_head){reader->frame, arena_strndup(arena, (const char *)bytes + sizeof(CAPTURE_HEAD) - 1,
                                                               size - (sizeof(CAPTURE_HEAD) - 1))};
}

// Who goes on knows some frames: some of those since the last seam, or, where the one before had not come so far, the
// same ones as that.
static bool seams_are_right(const struct capture_reader *reader, struct error *error)
{
    for (size_t i = 0; i < reader->seams.count; i++) {
        const struct capture_seam *seam = &reader->seams.items[i], *before = i > 0 ? seam - 1 : NULL;
        if (seam->known == 0 || seam->known >= seam->frame ||
            (before != NULL && seam->known != before->known && seam->known <= before->frame))
            return error_set(error, ERROR_USAGE,
                             "%s: frame %u: a probe that went on there cannot have known the frames that this says",
                             reader->name, seam->frame);
    }
    return true;
}

static bool capture_failed(struct capture_reader *reader, struct error *error)
{
    return error_set(error, ERROR_USAGE, "%s: frame %u: %s", reader->name, reader->frame + 1,
                     pcap_geterr(reader->pcap));
}

bool capture_open(struct arena *arena, FILE *stream, const char *name, struct capture_reader *reader,
                  struct error *error)
{
    char problem[PCAP_ERRBUF_SIZE];
    struct pcap_pkthdr *header;
    const u_char *bytes;
    *reader = (struct capture_reader){.name = name};
    reader->pcap = pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, problem);
    if (reader->pcap == NULL) {
        fclose(stream);
        return error_set(error, ERROR_USAGE, "%s: expected a pcap file: %s", name, problem);
    }
    off_t first = ftello(stream);
    int code;
    while ((code = pcap_next_ex(reader->pcap, &header, &bytes)) == 1) {
        note_seam(arena, bytes, header->caplen, ++reader->frame, &reader->seams);
        note_head(arena, bytes, header->caplen, reader);
    }
    bool good = (code != PCAP_ERROR || capture_failed(reader, error)) && seams_are_right(reader, error);
    reader->frames = reader->frame;
    if (good && (first < 0 || fseeko(stream, first, SEEK_SET) != 0))
        good = error_set(error, ERROR_USAGE, "%s: is read twice: give a file, not a pipe", name);
    reader->frame = 0;
    if (!good)
        capture_close(reader);
    return good;
}

void capture_close(struct capture_reader *reader)
{
    pcap_close(reader->pcap); // closes the stream too
}

// A frame, which the probe that went on knew or did not. False where no probe keeps such a one.
static bool take_frame(struct replay *replay, const uint8_t *packet, size_t size, bool known, uint64_t wall_us)
{
    struct seen seen;
    if (packet != NULL && is_head(packet, size))
        return true;
    if (packet == NULL || !packet_read(packet, size, is_own, replay, &seen))
        return false;
    return !known                    ? take_unknown(replay, &seen)
           : seen.kind == SEEN_PROBE ? take_probe(replay, &seen, wall_us)
                                     : take_answer(replay, &seen, wall_us);
}

static bool is_worth_it(const struct replay *replay, const struct capture_reader *reader, struct error *error)
{
    return (replay->steps <= MOST_STEPS && replay->ledger->watch.moved <= MOST_MOVED) ||
           error_set(error, ERROR_USAGE,
                     "%s: frame %u: packets so often alike, or so much out of order, that they take too long to tell "
                     "apart: no probe sends such",
                     reader->name, reader->frame);
}

static bool play(struct replay *replay, struct capture_reader *reader, uint32_t known, uint32_t last,
                 struct capture_span *span, struct error *error)
{
    struct pcap_pkthdr *header;
    const u_char *bytes;
    int code = 1, link_type = pcap_datalink(reader->pcap);
    while (reader->frame < last && (code = pcap_next_ex(reader->pcap, &header, &bytes)) == 1) {
        uint64_t wall_us = (uint64_t)header->ts.tv_sec * 1000000 + (uint64_t)header->ts.tv_usec / 1000;
        size_t size;
        const uint8_t *packet = packet_of_frame(link_type, bytes, header->caplen, &size);
        replay->frame = ++reader->frame;
        bool is_known = reader->frame <= known;
        if (is_known) {
            span->first = span->first == 0 ? wall_us : span->first;
            span->last = wall_us;
        }
        if (!(reader->frame == last && !is_known) && // a seam
            !take_frame(replay, packet, size, is_known, wall_us) && span->stray == 0)
            span->stray = reader->frame;
        GUARD(is_worth_it(replay, reader, error));
    }
    return code != PCAP_ERROR || capture_failed(reader, error);
}

bool capture_play(struct capture_reader *reader, uint32_t known, uint32_t last, struct ledger *ledger,
                  struct capture_span *span, struct error *error)
{
    uint64_t count = ledger->schedule->count;
    struct replay replay = {.ledger = ledger,
                            .tries = memory_must(pages_new(count)),
                            .asked = memory_must(pages_new(count * sizeof(uint32_t)))};
    *span = (struct capture_span){0};
    bool good = play(&replay, reader, known, last, span, error);
    for (unsigned try = 0; try <= MOST_TRIES; try++)
        pages_free(replay.marks[try], count * sizeof(struct mark));
    pages_free(replay.tries, count);
    pages_free(replay.asked, count * sizeof(uint32_t));
    return good;
}
