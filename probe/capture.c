#include "probe/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

enum { SNAPSHOT_BYTES = 65535, HEADER_BYTES = 24, NANO = 1000000000 };

struct capture {
    const char *path;
    const char *head;        // or NULL
    struct file_draft draft; // where it appears when it is whole
    FILE *stream;
    pcap_t *form;
    pcap_dumper_t *dumper; // is the stream
    bool in_place;
    bool made;            // the file was not there
    bool started;         // something was written
    uint64_t begins;      // bytes that were there, and stay
    uint32_t known;       // frames of them that the probe which goes on knows,
    uint64_t known_bytes; // which end there
    uint32_t frames;
    int why; // what the system said when a packet could not be written; 0: all could
};

static struct capture *capture_new(struct arena *arena, const char *path)
{
    struct capture *capture = arena_new_of(arena, struct capture);
    capture->path = path;
    capture->form = pcap_open_dead_with_tstamp_precision(DLT_RAW, SNAPSHOT_BYTES, PCAP_TSTAMP_PRECISION_NANO);
    return capture;
}

// Writes the header. Where that fails libpcap has closed the stream, and nobody may again.
static bool begin_dump(struct capture *capture)
{
    errno = 0;
    capture->dumper = pcap_dump_fopen(capture->form, capture->stream);
    if (capture->dumper != NULL)
        return true;
    capture->why = errno == 0 ? ENOMEM : errno;
    capture->stream = NULL;
    return false;
}

struct capture *capture_begin(struct arena *arena, const char *path, struct error *error)
{
    struct capture *capture = capture_new(arena, path);
    if (!file_begin(&capture->draft, path, error)) {
        pcap_close(capture->form);
        return NULL;
    }
    capture->stream = capture->draft.stream;
    if (begin_dump(capture))
        return capture;
    error_system(error, ERROR_INCOMPLETE, capture->why, "%s: cannot be written", path);
    capture->draft.stream = NULL;
    capture_abandon(capture);
    return NULL;
}

// Whether a capture begins as ours do on this machine: byte order, precision, link type.
static bool begins_alike(struct capture *capture, FILE *stream)
{
    char *bytes = NULL, there[HEADER_BYTES];
    size_t length = 0;
    FILE *memory = open_memstream(&bytes, &length);
    pcap_dumper_t *dumper = memory == NULL ? NULL : pcap_dump_fopen(capture->form, memory);
    if (dumper != NULL)
        pcap_dump_close(dumper); // closes the stream
    bool alike = dumper != NULL && length == HEADER_BYTES && fread(there, 1, HEADER_BYTES, stream) == HEADER_BYTES &&
                 memcmp(bytes, there, HEADER_BYTES) == 0;
    free(bytes);
    return alike;
}

// Counts whole records; *end is behind the last of them, whatever was being written when the probe was killed.
// False where `frames` of them do not end at `bytes`: then it is not the file that these were seen in.
static bool find_end(FILE *stream, uint32_t frames, uint64_t bytes, uint32_t *count, uint64_t *end)
{
    struct {
        uint32_t seconds, fraction, captured, length;
    } record;
    char packet[SNAPSHOT_BYTES];
    bool found = frames == 0;
    *count = 0;
    *end = HEADER_BYTES;
    while (fread(&record, 1, sizeof(record), stream) == sizeof(record) && record.captured <= SNAPSHOT_BYTES &&
           fread(packet, 1, record.captured, stream) == record.captured) {
        *end += sizeof(record) + record.captured;
        ++*count;
        found = found || (*count == frames && *end == bytes);
    }
    return found && !ferror(stream);
}

// Behind the whole records of an earlier probe, whose last one may have been cut off as it was killed.
static bool open_behind(struct capture *capture, uint64_t bytes, struct error *error)
{
    FILE *stream = fopen(capture->path, "rbe");
    if (stream == NULL)
        return error_system(error, ERROR_USAGE, errno, "%s: cannot be opened", capture->path);
    bool good =
        begins_alike(capture, stream) && find_end(stream, capture->known, bytes, &capture->frames, &capture->begins);
    fclose(stream);
    if (!good)
        return error_set(error, ERROR_USAGE,
                         "%s: is not the capture that the state tells of: give that one, or begin both anew",
                         capture->path);
    if (truncate(capture->path, (off_t)capture->begins) != 0)
        return error_system(error, ERROR_USAGE, errno, "%s: cannot be written", capture->path);
    capture->dumper = pcap_dump_open_append(capture->form, capture->path);
    if (capture->dumper == NULL)
        return error_set(error, ERROR_USAGE, "%s", pcap_geterr(capture->form));
    capture->stream = pcap_dump_file(capture->dumper);
    return true;
}

// What is there is emptied by the first packet.
static bool open_anew(struct capture *capture, struct error *error)
{
    int file = open(capture->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    capture->made = file >= 0;
    if (file < 0 && errno == EEXIST)
        file = open(capture->path, O_RDWR | O_CLOEXEC);
    capture->stream = file < 0 ? NULL : fdopen(file, "r+b");
    return capture->stream != NULL || error_system(error, ERROR_USAGE, errno, "%s: cannot be written", capture->path);
}

struct capture *capture_continue(struct arena *arena, const char *path, uint32_t frames, uint64_t bytes,
                                 struct error *error)
{
    struct capture *capture = capture_new(arena, path);
    struct stat about;
    capture->in_place = true;
    capture->known = frames;
    capture->known_bytes = bytes;
    bool good = stat(path, &about) != 0 || S_ISREG(about.st_mode) ||
                error_set(error, ERROR_USAGE, "%s: a capture that may be gone on with must be a regular file", path);
    good = good && (frames > 0 ? open_behind(capture, bytes, error) : open_anew(capture, error));
    if (good)
        return capture;
    pcap_close(capture->form);
    return NULL;
}

static void write_record(struct capture *capture, const void *bytes, size_t size, size_t whole, uint64_t wall_ns)
{
    struct pcap_pkthdr header = {.caplen = (bpf_u_int32)size, .len = (bpf_u_int32)whole};
    header.ts.tv_sec = (time_t)(wall_ns / NANO);
    header.ts.tv_usec = (suseconds_t)(wall_ns % NANO); // nanoseconds, by the file's precision
    capture->frames++;
    if (capture->stream == NULL)
        return;
    pcap_dump((u_char *)capture->dumper, &header, bytes);
    if (capture->why == 0 && ferror(capture->stream))
        capture->why = errno == 0 ? EIO : errno;
}

// Before the first packet: the header of a new file, or what tells where the probe goes on.
static void start(struct capture *capture, uint64_t wall_ns)
{
    char seam[sizeof(CAPTURE_SEAM) + 16];
    capture->started = true;
    if (capture->begins > 0) {
        int length = snprintf(seam, sizeof(seam), CAPTURE_SEAM "%u", capture->known);
        write_record(capture, seam, (size_t)length, (size_t)length, wall_ns);
    } else if (capture->in_place) {
        if (ftruncate(fileno(capture->stream), 0) != 0)
            capture->why = errno;
        begin_dump(capture);
    }
    if (capture->head != NULL)
        write_record(capture, capture->head, strlen(capture->head), strlen(capture->head), wall_ns);
}

void capture_tell(struct capture *capture, const char *head)
{
    capture->head = head;
}

uint32_t capture_write(struct capture *capture, const uint8_t *packet, size_t size, size_t whole, uint64_t wall_ns)
{
    if (!capture->started)
        start(capture, wall_ns);
    write_record(capture, packet, size, whole, wall_ns);
    return capture->frames;
}

// Before its first packet, which stands behind a seam, the probe knows no more than before.
static bool has_not_gone_on(const struct capture *capture)
{
    return !capture->started && capture->begins > 0;
}

uint32_t capture_frames(const struct capture *capture)
{
    return has_not_gone_on(capture) ? capture->known : capture->frames;
}

bool capture_flush(struct capture *capture, uint64_t *bytes, struct error *error)
{
    if (capture->stream == NULL) {
        *bytes = 0;
        return error_system(error, ERROR_INCOMPLETE, capture->why, "%s: cannot be written", capture->path);
    }
    if (capture->why == 0 && (fflush(capture->stream) != 0 || fsync(fileno(capture->stream)) != 0))
        capture->why = errno;
    off_t at = ftello(capture->stream);
    *bytes = at < 0 ? 0 : has_not_gone_on(capture) ? capture->known_bytes : (uint64_t)at;
    return (capture->why == 0 && at >= 0) ||
           error_system(error, ERROR_INCOMPLETE, capture->why, "%s: cannot be written", capture->path);
}

// What was written before the disk was full stays.
static void cut_behind_whole_frames(const struct capture *capture)
{
    uint32_t count;
    uint64_t end = 0;
    FILE *stream = fopen(capture->path, "rbe");
    bool whole = stream != NULL && fseeko(stream, HEADER_BYTES, SEEK_SET) == 0 && find_end(stream, 0, 0, &count, &end);
    if (stream != NULL)
        fclose(stream);
    struct stat about;
    whole = whole && stat(capture->path, &about) == 0;
    end = whole && (uint64_t)about.st_size < end ? 0 : end; // not even its header
    if (!whole || truncate(capture->path, (off_t)end) != 0)
        log_line(LOG_WARNING, "%s: its end is broken", capture->path);
}

bool capture_commit(struct capture *capture, uint64_t *bytes, struct error *error)
{
    if (!capture->started && capture->begins == 0) {
        capture->head = NULL; // of a file without a packet
        start(capture, 0);
    }
    bool written = capture_flush(capture, bytes, error);
    pcap_close(capture->form); // the dumper is the stream, which is closed here
    if (!capture->in_place)
        return written ? file_commit(&capture->draft, error) : (file_abandon(&capture->draft), false);
    bool closed = capture->stream != NULL && fclose(capture->stream) == 0;
    if (written && closed)
        return true;
    if (written)
        error_system(error, ERROR_INCOMPLETE, errno, "%s: cannot be written", capture->path);
    cut_behind_whole_frames(capture);
    return false;
}

void capture_abandon(struct capture *capture)
{
    pcap_close(capture->form);
    if (!capture->in_place) {
        file_abandon(&capture->draft);
        return;
    }
    if (capture->stream != NULL)
        fclose(capture->stream);
    if (capture->made)
        unlink(capture->path);
}
