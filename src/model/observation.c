#include "model/observation.h"

#include <stdlib.h>

#include "base/file.h"
#include "model/protocol.h"

const char *const declared_names[] = {"reachable", "possible", "inbound-only", "unreachable", NULL};
const char *const observed_names[] = {"open", "closed", "rejected", "filtered", "unknown", NULL};

bool place_read(const struct json_cursor *at, struct address *address, int *protocol, struct error *error)
{
    const char *text;
    struct json_cursor member = json_member(at, "address");
    if (!json_text_at(&member, &text, error))
        return false;
    if (text == NULL)
        return json_fail(&member, error, "is missing, expected a string");
    if (!address_parse(text, address))
        return json_fail(&member, error, "\"%s\" is not an address", text);
    member = json_member(at, "protocol");
    if (!json_text_at(&member, &text, error))
        return false;
    if (text == NULL)
        return json_fail(&member, error, "is missing, expected a string");
    return (protocol_parse(text, protocol) && *protocol != PROTOCOL_ANY) ||
           json_fail(&member, error, "\"%s\" is not a protocol", text);
}

static void put_if_any(struct json_writer *writer, const char *key, const char *value)
{
    if (value != NULL)
        json_put_string(writer, key, value);
}

static void put_certificate(struct json_writer *writer, const struct certificate *certificate)
{
    json_open(writer, "certificate", '{');
    json_put_string(writer, "subject", certificate->subject);
    json_put_string(writer, "issuer", certificate->issuer);
    json_put_strings(writer, "names", certificate->names.items, certificate->names.count);
    json_put_string(writer, "not_before", certificate->not_before);
    json_put_string(writer, "not_after", certificate->not_after);
    json_put_string(writer, "sha256", certificate->sha256);
    json_put_boolean(writer, "self_issued", certificate->self_issued);
    json_close(writer, '}');
}

static void put_service(struct json_writer *writer, const struct service *service)
{
    json_open(writer, "service", '{');
    json_put_string(writer, "name", service->name);
    put_if_any(writer, "not_identified", service->not_identified);
    put_if_any(writer, "product", service->product);
    put_if_any(writer, "banner", service->banner);
    put_if_any(writer, "title", service->title);
    put_if_any(writer, "host_key", service->host_key);
    put_if_any(writer, "note", service->note);
    if (service->tls_version != NULL) {
        json_open(writer, "tls", '{');
        json_put_string(writer, "version", service->tls_version);
        put_if_any(writer, "oldest", service->tls_oldest);
        json_put_string(writer, "cipher", service->tls_cipher);
        put_if_any(writer, "trust", service->tls_trust);
        if (service->certificate != NULL)
            put_certificate(writer, service->certificate);
        json_close(writer, '}');
    }
    json_close(writer, '}');
}

void observation_write(const struct observation *observation, struct text *out)
{
    struct arena *scratch = arena_new();
    struct json_writer writer = json_writer_to(out);
    char address[ADDRESS_TEXT];
    address_format(observation->address, address);
    json_open_line(&writer, NULL, '{');
    json_put_string(&writer, "address", address);
    json_put_string(&writer, "protocol", protocol_name(scratch, observation->protocol));
    if (protocol_has_ports(observation->protocol)) {
        json_put_integer(&writer, "from_port", observation->low);
        json_put_integer(&writer, "to_port", observation->high);
    }
    json_put_string(&writer, "state", observed_names[observation->state]);
    json_put_string(&writer, "reason", observation->reason);
    if (observation->from != NULL)
        json_put_string(&writer, "from", observation->from);
    if (observation->source != NULL)
        json_put_string(&writer, "source", observation->source);
    if (observation->unstable)
        json_put_boolean(&writer, "unstable", true);
    if (observation->accepting)
        json_put_boolean(&writer, "accepts_everything", true);
    json_put_integer(&writer, "tries", observation->tries);
    if (observation->rtt_us >= 0)
        json_put_integer(&writer, "rtt_us", observation->rtt_us);
    if (observation->first_sent != NULL)
        json_put_string(&writer, "first_sent", observation->first_sent);
    if (observation->answered != NULL)
        json_put_string(&writer, "answered", observation->answered);
    if (observation->frames.count > 0) {
        json_open(&writer, "frames", '[');
        for (size_t i = 0; i < observation->frames.count; i++)
            json_put_integer(&writer, NULL, observation->frames.items[i]);
        json_close(&writer, ']');
        json_put_integer(&writer, "frame_count", (int64_t)observation->frame_count);
    }
    if (observation->service != NULL)
        put_service(&writer, observation->service);
    json_close(&writer, '}');
    json_end_document(&writer);
    arena_free(scratch);
}

struct observation_reader {
    struct arena *arena;
    struct map texts; // that many lines have
    struct observations *observations;
};

static bool read_certificate(struct arena *arena, const struct json_cursor *at, struct service *service,
                             struct error *error)
{
    struct certificate *certificate = arena_new_of(arena, struct certificate);
    struct json_cursor names = json_member(at, "names");
    const cJSON *node;
    if (!json_expect_object(at, error) || !json_string(arena, at, "subject", &certificate->subject, error) ||
        !json_string(arena, at, "issuer", &certificate->issuer, error) ||
        !json_optional_string(arena, at, "not_before", &certificate->not_before, error) ||
        !json_optional_string(arena, at, "not_after", &certificate->not_after, error) ||
        !json_optional_string(arena, at, "sha256", &certificate->sha256, error) ||
        !json_optional_boolean(at, "self_issued", &certificate->self_issued, error) ||
        !json_expect_array(&names, error))
        return false;
    cJSON_ArrayForEach (node, names.node)
        if (cJSON_IsString(node))
            *vector_add(arena, &certificate->names) = arena_strdup(arena, node->valuestring);
    service->certificate = certificate;
    return true;
}

static bool read_service(struct arena *arena, const struct json_cursor *at, struct observation *item,
                         struct error *error)
{
    struct service *service = arena_new_of(arena, struct service);
    struct json_cursor tls = json_member(at, "tls");
    item->service = service;
    if (!json_expect_object(at, error) || !json_string(arena, at, "name", &service->name, error) ||
        !json_optional_string(arena, at, "not_identified", &service->not_identified, error) ||
        !json_optional_string(arena, at, "product", &service->product, error) ||
        !json_optional_string(arena, at, "banner", &service->banner, error) ||
        !json_optional_string(arena, at, "title", &service->title, error) ||
        !json_optional_string(arena, at, "host_key", &service->host_key, error) ||
        !json_optional_string(arena, at, "note", &service->note, error))
        return false;
    if (tls.node == NULL)
        return true;
    struct json_cursor certificate = json_member(&tls, "certificate");
    return json_expect_object(&tls, error) && json_string(arena, &tls, "version", &service->tls_version, error) &&
           json_string(arena, &tls, "cipher", &service->tls_cipher, error) &&
           json_optional_string(arena, &tls, "oldest", &service->tls_oldest, error) &&
           json_optional_string(arena, &tls, "trust", &service->tls_trust, error) &&
           (certificate.node == NULL || read_certificate(arena, &certificate, service, error));
}

static bool read_sentinels(const struct json_cursor *summary, struct sentinels_told *told, struct error *error)
{
    struct json_cursor at = json_member(summary, "sentinels");
    if (at.node == NULL)
        return true;
    struct json_cursor gap = json_member(&at, "longest_gap_seconds");
    told->told = true;
    GUARD(json_expect_object(&at, error) && json_integer(&at, "asked", 0, INT32_MAX, &told->asked, error) &&
          json_integer(&at, "answered", 0, INT32_MAX, &told->answered, error));
    if (!cJSON_IsNumber(gap.node) || gap.node->valuedouble < 0)
        return json_fail(&gap, error, "is no number of seconds, expected one");
    told->longest_gap = gap.node->valuedouble;
    return true;
}

static bool read_state_head(struct arena *arena, const struct json_cursor *at, struct observations *observations,
                            struct error *error)
{
    long frames = 0, bytes = 0;
    bool told;
    GUARD(json_string(arena, at, "plan_sha256", &observations->plan_sha256, error));
    GUARD(json_optional_integer(at, "capture_frames", 0, UINT32_MAX, &frames, &told, error));
    GUARD(json_optional_integer(at, "capture_bytes", 0, 1L << 50, &bytes, &told, error));
    observations->capture_frames = (uint32_t)frames;
    observations->capture_bytes = (uint64_t)bytes;
    return true;
}

static bool read_observation(void *context, size_t line, const struct json_cursor *at, struct error *error)
{
    struct observation_reader *reader = context;
    struct observations *observations = reader->observations;
    struct arena *arena = reader->arena;
    struct json_cursor summary = json_member(at, "summary");
    if (summary.node != NULL) {
        observations->has_summary = true;
        return json_expect_object(&summary, error) &&
               json_optional_string(arena, &summary, "vantage_ipv4", &observations->vantage4, error) &&
               json_optional_string(arena, &summary, "vantage_ipv6", &observations->vantage6, error) &&
               json_optional_boolean(&summary, "interrupted", &observations->interrupted, error) &&
               read_sentinels(&summary, &observations->sentinels, error);
    }
    if (json_member(at, "plan_sha256").node != NULL)
        return read_state_head(arena, at, observations, error);
    struct observation item = {.line = line, .rtt_us = -1};
    long low = 0, high = 0;
    int state;
    bool present;
    if (!place_read(at, &item.address, &item.protocol, error) ||
        !json_word(at, "state", observed_names, &state, error) ||
        !json_shared_string(reader->arena, &reader->texts, at, "reason", &item.reason, error) ||
        !json_shared_string(reader->arena, &reader->texts, at, "from", &item.from, error) ||
        !json_shared_string(reader->arena, &reader->texts, at, "source", &item.source, error) ||
        !json_optional_string(arena, at, "first_sent", &item.first_sent, error) ||
        !json_optional_string(arena, at, "answered", &item.answered, error) ||
        !json_optional_boolean(at, "unstable", &item.unstable, error) ||
        !json_optional_boolean(at, "accepts_everything", &item.accepting, error) ||
        !json_optional_integer(at, "tries", 0, 1000000, &item.tries, &present, error) ||
        !json_optional_integer(at, "rtt_us", 0, 4000000000, &item.rtt_us, &present, error))
        return false;
    if (protocol_has_ports(item.protocol)) {
        if (!json_integer(at, "from_port", 0, PORT_LAST, &low, error) ||
            !json_integer(at, "to_port", low, PORT_LAST, &high, error))
            return false;
    }
    struct json_cursor frames = json_member(at, "frames");
    const cJSON *node;
    long frame_count = 0;
    if (frames.node != NULL && (!json_expect_array(&frames, error) ||
                                !json_optional_integer(at, "frame_count", 0, 1L << 40, &frame_count, &present, error)))
        return false;
    cJSON_ArrayForEach (node, frames.node) {
        if (!cJSON_IsNumber(node) || !(node->valuedouble >= 1 && node->valuedouble <= UINT32_MAX))
            return json_fail(&frames, error, "expected numbers of frames, from 1");
        *vector_add(arena, &item.frames) = (uint32_t)node->valuedouble;
    }
    item.frame_count = (size_t)frame_count;
    struct json_cursor service = json_member(at, "service");
    if (service.node != NULL && !read_service(arena, &service, &item, error))
        return false;
    item.low = (uint16_t)low;
    item.high = (uint16_t)high;
    item.state = (enum observed_state)state;
    item.reason = item.reason == NULL ? "" : item.reason;
    *vector_add(arena, &observations->items) = item;
    return true;
}

static int by_place(const void *left, const void *right)
{
    const struct observation *a = left, *b = right;
    int order = place_compare(a->address, a->protocol, b->address, b->protocol);
    return order != 0 ? order : (int)a->low - (int)b->low;
}

static bool are_sorted(const struct observations *observations)
{
    for (size_t i = 1; i < observations->items.count; i++)
        if (by_place(&observations->items.items[i - 1], &observations->items.items[i]) > 0)
            return false;
    return true;
}

void observations_sort(struct observations *observations)
{
    if (!are_sorted(observations))
        qsort(observations->items.items, observations->items.count, sizeof(struct observation), by_place);
}

bool observations_settle(struct observations *observations, const char *file, struct error *error)
{
    observations_sort(observations);
    for (size_t i = 1; i < observations->items.count; i++) {
        const struct observation *one = &observations->items.items[i], *before = one - 1;
        if (place_compare(before->address, before->protocol, one->address, one->protocol) == 0 &&
            before->high >= one->low)
            return error_set(error, ERROR_USAGE,
                             "%s:%zu: tells of ports that line %zu tells of too, expected each port once", file,
                             one->line > before->line ? one->line : before->line,
                             one->line > before->line ? before->line : one->line);
    }
    return true;
}

bool observations_read(struct arena *arena, const char *file, struct observations *observations, struct error *error)
{
    struct observation_reader reader = {.arena = arena, .observations = observations};
    return json_each_line_of(file, read_observation, &reader, error);
}
