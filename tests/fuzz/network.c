// What the network says: packets, captures, services.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/packet.h"
#include "probe/frames.h"
#include "probe/replay.h"
#include "probe/service.h"
#include "targets.h"

static bool own_below(void *context, const struct seen *probe)
{
    (void)context;
    return probe->own.bits % 2 == 0 && probe->own_port > 1000;
}

// Packets as they come off the wire, behind any link header.
void fuzz_packet(struct arena *arena, const uint8_t *data, size_t size)
{
    static const int links[] = {101, 113, 276, 1, 0};
    uint8_t *exact = arena_alloc(arena, size + 1); // so that a byte too far is found
    memcpy(exact, data, size);
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        size_t length;
        struct seen seen;
        struct answer answer;
        const uint8_t *packet = packet_of_frame(links[i], exact, size, &length);
        if (packet == NULL || !packet_read(packet, length, own_below, NULL, &seen))
            continue;
        if (seen.payload != NULL && (seen.payload < packet || seen.payload + seen.payload_size > packet + length))
            abort();
        packet_answer(&seen, &answer);
    }
}

// A capture file given as evidence: whatever is in it, every port has one state.
void fuzz_capture(struct arena *arena, const uint8_t *data, size_t size)
{
    static const char text[] =
        "198.51.100.4 tcp 80-120\n198.51.100.4 udp 53,69\n198.51.100.4 icmp\n2001:db8:1:1::10 tcp 80\n";
    struct error error = {0};
    struct plan plan = {0};
    struct observations observations = {0};
    struct probe_summary summary;
    size_t asked = 0, seen = 0;
    if (size == 0 || !plan_read(arena, "targets", text, strlen(text), &plan, &error))
        return;
    FILE *stream = fmemopen((void *)(uintptr_t)data, size, "rb");
    if (stream == NULL)
        abort();
    struct frames frames;
    struct frames_claims claims = {.plan = &plan, .end_us = UINT64_MAX, .rate = 1000, .host_rate = 1};
    frames_of_stream(arena, stream, "fuzz", &claims, &frames, &error);
    stream = fmemopen((void *)(uintptr_t)data, size, "rb");
    if (stream == NULL)
        abort();
    if (!replay_stream(arena, &plan, stream, "fuzz", 1, 1000, NULL, &observations, &summary, &error))
        return;
    for (size_t i = 0; i < observations.items.count; i++)
        seen += (size_t)(observations.items.items[i].high - observations.items.items[i].low) + 1;
    for (size_t i = 0; i <= OBSERVED_UNKNOWN; i++)
        asked += summary.by_state[i];
    if (seen != 45 || asked != seen)
        abort();
}

static void must_be_printable(const char *text)
{
    for (const char *p = text == NULL ? "" : text; *p != '\0'; p++)
        if (*p < 0x20 || *p > 0x7e)
            abort();
}

// What a peer says in one trial, byte by byte as it may come: whatever it is, texts are printable.
void fuzz_service(struct arena *arena, const uint8_t *data, size_t size)
{
    size_t trials = 0;
    while (service_trials[trials].name != NULL)
        trials++;
    if (size == 0)
        return;
    const struct service_trial *trial = &service_trials[data[0] % trials];
    for (size_t length = 0; length < size; length += 1 + length / 4) {
        struct service service = {0};
        uint8_t *exact = malloc(length + 1); // so that a byte too far is found
        memcpy(exact, data + 1, length);
        enum service_sign sign = trial->read(arena, exact, length, &service);
        if (sign == SERVICE_YES && service.name == NULL)
            abort();
        must_be_printable(service.product);
        must_be_printable(service.banner);
        free(exact);
    }
}

void fuzz_certificate(struct arena *arena, const uint8_t *data, size_t size)
{
    const struct certificate *certificate = service_certificate(arena, data, size);
    if (certificate == NULL)
        return;
    must_be_printable(certificate->subject);
    must_be_printable(certificate->issuer);
    for (size_t i = 0; i < certificate->names.count; i++)
        must_be_printable(certificate->names.items[i]);
}
