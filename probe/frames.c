#include "probe/frames.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "model/protocol.h"
#include "probe/capture.h"
#include "probe/packet.h"
#include "probe/schedule.h"

enum { LARGEST = 65535, LINKTYPE_RAW = 101 };

// Packets are stamped by the kernel and written in its order; only a clock that is set makes a later one earlier.
static const uint64_t TOLERANCE_US = 5000000;
// What is asked again, and the first packets of a burst, come on top of a rate.
static const double SLACK = 2, BURST = 500;

struct pcap_head {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t zone, accuracy, snapshot, link_type;
};

struct pcap_record {
    uint32_t seconds, fraction, captured, length;
};

// How often a lane was asked, and when.
struct asking {
    uint64_t count;
    uint64_t first_us;
    uint64_t last_us;
};

struct reading {
    struct arena *arena;
    FILE *stream;
    bool swapped; // written by a machine of the other byte order
    bool whole;   // without claims: to the end, not to the first packet alone
    uint32_t frame;
    const struct frames_claims *claims;
    struct schedule schedule;
    struct asking *askings; // by lane
    struct asking all;
    struct frames *frames;
};

static uint32_t word(const struct reading *reading, uint32_t value)
{
    return reading->swapped ? __builtin_bswap32(value) : value;
}

// The head that a probe writes: nanoseconds, packets without the frames of a link. Other programs' captures are none of
// a run, and readers of them disagree on what they hold.
static bool read_head(struct reading *reading)
{
    enum { NANO_MAGIC = 0xa1b23c4d };
    struct pcap_head head;
    if (fread(&head, sizeof(head), 1, reading->stream) != 1)
        return false;
    reading->swapped = head.magic == __builtin_bswap32(NANO_MAGIC);
    uint16_t major = reading->swapped ? __builtin_bswap16(head.major) : head.major;
    uint16_t minor = reading->swapped ? __builtin_bswap16(head.minor) : head.minor;
    return word(reading, head.magic) == NANO_MAGIC && major == 2 && minor == 4 && head.zone == 0 &&
           head.accuracy == 0 && word(reading, head.snapshot) == LARGEST &&
           word(reading, head.link_type) == LINKTYPE_RAW;
}

// SYN and echo requests are ours; so is a datagram to what is asked, but from what is asked it is an answer, or may be.
static bool is_own(void *context, const struct seen *probe)
{
    const struct reading *reading = context;
    uint64_t question;
    return probe->protocol != PROTOCOL_UDP ||
           (schedule_find(&reading->schedule, probe->target, probe->protocol, probe->port, &question) &&
            !schedule_find(&reading->schedule, probe->own, probe->protocol, probe->own_port, &question));
}

static const char *told(const struct reading *reading, uint64_t wall_us, const char *why)
{
    return arena_printf(reading->arena, "capture.pcap: frame %u, of %s, %s", reading->frame,
                        clock_text(reading->arena, wall_us), why);
}

static const char *time_difference(struct reading *reading, uint64_t wall_us)
{
    const struct frames_claims *claims = reading->claims;
    struct frames *frames = reading->frames;
    const char *wrong = wall_us == 0                 ? "has no time"
                        : wall_us < claims->begin_us ? "was sent or heard before the run is said to have begun"
                        : wall_us > claims->end_us   ? "was sent or heard after the run is said to have ended"
                        : wall_us + TOLERANCE_US < frames->last_us ? "stands behind packets of a later time"
                                                                   : NULL;
    frames->first_us = frames->first_us == 0 ? wall_us : frames->first_us;
    frames->last_us = wall_us > frames->last_us ? wall_us : frames->last_us;
    return wrong == NULL ? NULL : told(reading, wall_us, wrong);
}

static void count(struct asking *asking, uint64_t wall_us)
{
    asking->first_us = asking->count++ == 0 || wall_us < asking->first_us ? wall_us : asking->first_us;
    asking->last_us = wall_us > asking->last_us ? wall_us : asking->last_us;
}

// A run probes without a stop: what was answered by then is not given up for a word that somebody wrote there.
static const char *seam_difference(const struct reading *reading, const uint8_t *packet, size_t size, uint64_t wall_us)
{
    enum { LEAD = sizeof(CAPTURE_SEAM) - 1 };
    return size < LEAD || memcmp(packet, CAPTURE_SEAM, LEAD) != 0
               ? NULL
               : told(reading, wall_us,
                      "says that the probe was stopped there and gone on with: no run does that, and "
                      "what was answered before it counts");
}

// What a run asked with is in its manifest.
static const char *head_difference(const struct reading *reading, const uint8_t *packet, size_t size, uint64_t wall_us)
{
    enum { LEAD = sizeof(CAPTURE_HEAD) - 1 };
    return reading->claims->of_probe || size < LEAD || memcmp(packet, CAPTURE_HEAD, LEAD) != 0
               ? NULL
               : told(reading, wall_us, "says how it was probed: no run writes that");
}

static const char *probe_difference(struct reading *reading, const uint8_t *packet, size_t size, uint64_t wall_us)
{
    const struct schedule *schedule = &reading->schedule;
    struct seen seen;
    uint64_t question;
    if (!packet_read(packet, size, is_own, reading, &seen) || seen.kind != SEEN_PROBE ||
        !schedule_find(schedule, seen.target, seen.protocol, seen.port, &question))
        return NULL; // replay tells of it
    const struct span *span = schedule_span(schedule, question);
    reading->frames->asked = reading->frames->asked || !schedule->targets[span->target].canary;
    count(&reading->all, wall_us);
    count(&reading->askings[span->lane], wall_us);
    if (protocol_has_ports(seen.protocol) &&
        !portset_holds(schedule->targets[span->target].client_ports, seen.own_port))
        return told(reading, wall_us,
                    arena_printf(reading->arena, "left from port %u, which is none of its vantage's or of the plan's",
                                 seen.own_port));
    return NULL;
}

static bool is_above(const struct asking *asking, long rate)
{
    double seconds = (double)(asking->last_us - asking->first_us) / 1e6 + 1;
    return rate > 0 && (double)asking->count > SLACK * (double)rate * seconds + BURST;
}

static const char *rate_difference(const struct reading *reading)
{
    const struct schedule *schedule = &reading->schedule;
    if (is_above(&reading->all, reading->claims->rate))
        return arena_printf(reading->arena, "capture.pcap: holds %" PRIu64 " probes, more than a rate of %ld a second",
                            reading->all.count, reading->claims->rate);
    for (size_t i = 0; i < schedule->lane_count; i++) {
        char text[ADDRESS_TEXT];
        if (!is_above(&reading->askings[i], reading->claims->host_rate))
            continue;
        address_format(schedule->lanes[i].address, text);
        return arena_printf(reading->arena,
                            "capture.pcap: holds %" PRIu64 " probes of %s, more than a host_rate of %ld a second",
                            reading->askings[i].count, text, reading->claims->host_rate);
    }
    return NULL;
}

static const char *read_frames(struct reading *reading)
{
    static const char cut[] = "capture.pcap: is cut off, or its records are of no probe's capture";
    struct pcap_record record;
    uint8_t packet[LARGEST];
    const char *wrong = NULL;
    size_t got;
    while (wrong == NULL && (got = fread(&record, 1, sizeof(record), reading->stream)) == sizeof(record)) {
        uint32_t captured = word(reading, record.captured), fraction = word(reading, record.fraction);
        uint64_t wall_us = (uint64_t)word(reading, record.seconds) * 1000000 + fraction / 1000;
        reading->frame++;
        if (captured > LARGEST || captured > word(reading, record.length) || fraction >= 1000000000 ||
            fread(packet, 1, captured, reading->stream) != captured)
            return cut;
        if (reading->claims == NULL) {
            struct frames *frames = reading->frames;
            frames->first_us = frames->first_us == 0 ? wall_us : frames->first_us;
            frames->last_us = wall_us > frames->last_us ? wall_us : frames->last_us;
            if (!reading->whole)
                return NULL;
            continue;
        }
        wrong = seam_difference(reading, packet, captured, wall_us);
        wrong = wrong != NULL ? wrong : head_difference(reading, packet, captured, wall_us);
        wrong = wrong != NULL ? wrong : time_difference(reading, wall_us);
        wrong = wrong != NULL ? wrong : probe_difference(reading, packet, captured, wall_us);
    }
    return wrong != NULL ? wrong : got != 0 ? cut : reading->claims == NULL ? NULL : rate_difference(reading);
}

static const char *read_stream(struct reading reading, FILE *stream, const char *name, struct error *error)
{
    const struct frames_claims *claims = reading.claims;
    reading.stream = stream;
    *reading.frames = (struct frames){0};
    if (claims != NULL) {
        reading.schedule = schedule_of(reading.arena, claims->plan, 1);
        reading.askings = arena_array(reading.arena, struct asking, reading.schedule.lane_count + 1);
    }
    const char *wrong =
        !read_head(&reading) ? "capture.pcap: is no capture as a probe writes it" : read_frames(&reading);
    if (ferror(stream)) {
        wrong = NULL;
        error_set(error, ERROR_INCOMPLETE, "%s: cannot be read to its end", name);
    }
    fclose(stream);
    return wrong;
}

const char *frames_of_stream(struct arena *arena, FILE *stream, const char *name, const struct frames_claims *claims,
                             struct frames *frames, struct error *error)
{
    return read_stream((struct reading){.arena = arena, .claims = claims, .frames = frames}, stream, name, error);
}

const char *frames_span(struct arena *arena, const char *path, struct frames *frames, struct error *error)
{
    FILE *stream = file_open_stream(path, error);
    *frames = (struct frames){0};
    return stream == NULL
               ? NULL
               : read_stream((struct reading){.arena = arena, .frames = frames, .whole = true}, stream, path, error);
}

const char *frames_difference(struct arena *arena, const char *path, const struct frames_claims *claims,
                              struct frames *frames, struct error *error)
{
    FILE *stream = file_open_stream(path, error);
    *frames = (struct frames){0};
    return stream == NULL ? NULL : frames_of_stream(arena, stream, path, claims, frames, error);
}
