#include "probe/capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <string.h>

#include "base/pages.h"
#include "model/protocol.h"
#include "probe/identity.h"

enum { SNAPSHOT_BYTES = 65535, NANO = 1000000000 };

struct capture {
    struct file_draft draft;
    pcap_t *form;
    pcap_dumper_t *dumper;
    uint32_t frames;
    int why; // what the system said when a packet could not be written; 0: all could
};

struct capture *capture_begin(struct arena *arena, const char *path, struct error *error)
{
    struct capture *capture = arena_new_of(arena, struct capture);
    if (!file_begin(&capture->draft, path, error))
        return NULL;
    capture->form = pcap_open_dead_with_tstamp_precision(DLT_RAW, SNAPSHOT_BYTES, PCAP_TSTAMP_PRECISION_NANO);
    capture->dumper = pcap_dump_fopen(capture->form, capture->draft.stream);
    return capture;
}

uint32_t capture_write(struct capture *capture, const uint8_t *packet, size_t size, size_t whole, uint64_t wall_ns)
{
    struct pcap_pkthdr header = {.caplen = (bpf_u_int32)size, .len = (bpf_u_int32)whole};
    header.ts.tv_sec = (time_t)(wall_ns / NANO);
    header.ts.tv_usec = (suseconds_t)(wall_ns % NANO); // nanoseconds, by the file's precision
    pcap_dump((u_char *)capture->dumper, &header, packet);
    if (capture->why == 0 && ferror(capture->draft.stream))
        capture->why = errno == 0 ? EIO : errno;
    return ++capture->frames;
}

bool capture_commit(struct capture *capture, struct error *error)
{
    const char *path = capture->draft.path;
    pcap_dump_flush(capture->dumper);
    pcap_close(capture->form); // the dumper is the draft's stream, which the draft closes
    if (capture->why != 0) {
        file_abandon(&capture->draft);
        return error_system(error, ERROR_INCOMPLETE, capture->why, "%s: cannot be written", path);
    }
    return file_commit(&capture->draft, error);
}

void capture_abandon(struct capture *capture)
{
    pcap_close(capture->form);
    file_abandon(&capture->draft);
}

// --- replay ----------------------------------------------------------------------------------------------------------

// What told a probe of ours apart: source port (an echo's identifier) and sequence number.
struct mark {
    uint16_t own_port;
    uint32_t sequence;
};

struct replay {
    struct ledger *ledger;
    struct mark *marks[MOST_TRIES + 1]; // by try and question
    uint8_t *tries;                     // by question: probes seen of it
    uint32_t frame;
};

// In a file, whatever is not a planned port of a target is ours: SYN and echo requests are known by themselves.
static bool is_own(const void *context, struct address address, int protocol, uint16_t port)
{
    const struct replay *replay = context;
    uint64_t question;
    return protocol != PROTOCOL_UDP || !schedule_find(replay->ledger->schedule, address, protocol, port, &question);
}

static void take_probe(struct replay *replay, const struct seen *seen, uint64_t wall_us)
{
    const struct schedule *schedule = replay->ledger->schedule;
    uint64_t question;
    if (!schedule_find(schedule, seen->target, seen->protocol, seen->port, &question))
        return;
    const struct span *span = schedule_span(schedule, question);
    ledger_source(replay->ledger, span->lane, seen->own);
    if (span->spare || ledger_answered(replay->ledger, question)) { // asked again: watch.h
        watch_ask(&replay->ledger->watch, span->lane,
                  &(struct ask){.question = question,
                                .sent_us = wall_us,
                                .number = FIRST_ASK + replay->ledger->watch.pulses[span->lane].asks.count,
                                .frame = replay->frame,
                                .sequence = seen->sequence,
                                .own_port = seen->own_port});
        return;
    }
    if (replay->tries[question] == MOST_TRIES)
        return;
    unsigned try = ++replay->tries[question];
    if (replay->marks[try] == NULL)
        replay->marks[try] = pages_new(schedule->count * sizeof(struct mark));
    if (replay->marks[try] != NULL)
        replay->marks[try][question] = (struct mark){seen->own_port, seen->sequence};
    ledger_sent(replay->ledger,
                &(struct sending){.span = span,
                                  .question = question,
                                  .position = order_position(&replay->ledger->orders[try], question),
                                  .try = try},
                wall_us);
    ledger_stamp(replay->ledger, question, try, wall_us, replay->frame);
}

static void take_answer(struct replay *replay, const struct seen *seen, uint64_t wall_us)
{
    uint64_t question;
    struct answer answer;
    if (!identity_question(replay->ledger->schedule, seen, &question) || !packet_answer(seen, &answer))
        return;
    const ask_list *asks = &replay->ledger->watch.pulses[schedule_span(replay->ledger->schedule, question)->lane].asks;
    for (size_t i = asks->count; i-- > 0;) {
        const struct ask *ask = &asks->items[i];
        if (ask->question != question || ask->own_port != seen->own_port ||
            (seen->has_sequence && ask->sequence != seen->sequence))
            continue;
        ledger_answer(replay->ledger, question, ask->number, &answer, wall_us, replay->frame);
        return;
    }
    for (unsigned try = replay->tries[question]; try > 0; try--) {
        const struct mark *mark = replay->marks[try] == NULL ? NULL : &replay->marks[try][question];
        if (mark == NULL || mark->own_port != seen->own_port ||
            (seen->has_sequence && mark->sequence != seen->sequence))
            continue;
        ledger_answer(replay->ledger, question, try, &answer, wall_us, replay->frame);
        return;
    }
}

static bool play(struct replay *replay, pcap_t *pcap, const char *name, uint64_t *first, uint64_t *last,
                 struct error *error)
{
    struct pcap_pkthdr *header;
    const u_char *bytes;
    int code, link_type = pcap_datalink(pcap);
    while ((code = pcap_next_ex(pcap, &header, &bytes)) == 1) {
        uint64_t wall_us = (uint64_t)header->ts.tv_sec * 1000000 + (uint64_t)header->ts.tv_usec / 1000;
        size_t size;
        struct seen seen;
        const uint8_t *packet = packet_of_frame(link_type, bytes, header->caplen, &size);
        replay->frame++;
        *first = *first == 0 ? wall_us : *first;
        *last = wall_us;
        if (packet == NULL || !packet_read(packet, size, is_own, replay, &seen))
            continue;
        if (seen.kind == SEEN_PROBE)
            take_probe(replay, &seen, wall_us);
        else
            take_answer(replay, &seen, wall_us);
    }
    return code != PCAP_ERROR ||
           error_set(error, ERROR_USAGE, "%s: frame %u: %s", name, replay->frame + 1, pcap_geterr(pcap));
}

bool capture_replay_stream(struct arena *arena, FILE *stream, const char *name, struct ledger *ledger, uint64_t *first,
                           uint64_t *last, struct error *error)
{
    char problem[PCAP_ERRBUF_SIZE];
    struct replay replay = {.ledger = ledger};
    pcap_t *pcap = pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, problem);
    *first = *last = 0;
    if (pcap == NULL) {
        fclose(stream);
        return error_set(error, ERROR_USAGE, "%s: expected a pcap file: %s", name, problem);
    }
    replay.tries = arena_array(arena, uint8_t, ledger->schedule->count + 1);
    bool good = play(&replay, pcap, name, first, last, error);
    pcap_close(pcap); // closes the stream too
    for (unsigned try = 1; try <= MOST_TRIES; try++)
        pages_free(replay.marks[try], ledger->schedule->count * sizeof(struct mark));
    return good;
}

bool capture_replay(struct arena *arena, const char *path, struct ledger *ledger, uint64_t *first, uint64_t *last,
                    struct error *error)
{
    FILE *stream = fopen(path, "rbe");
    return stream == NULL ? error_system(error, ERROR_USAGE, errno, "%s cannot be read", path)
                          : capture_replay_stream(arena, stream, path, ledger, first, last, error);
}
