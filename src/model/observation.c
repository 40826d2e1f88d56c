#include "model/observation.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "model/observation_line.h"
#include "model/observation_summary.h"
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
    if (!protocol_parse(text, protocol) || (!protocol_has_ports(*protocol) && !protocol_is_icmp(*protocol)))
        return json_fail(&member, error, "\"%s\" is not a protocol that is asked, expected tcp, udp, icmp or icmpv6",
                         text);
    bool v4 = address->family == FAMILY_IPV4;
    return *protocol != (v4 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP) ||
           json_fail(&member, error, "\"%s\" of an %s address, expected %s", text, v4 ? "IPv4" : "IPv6",
                     v4 ? "icmp" : "icmpv6");
}

bool ports_read(const struct json_cursor *at, int protocol, long *low, long *high, struct error *error)
{
    if (protocol_has_ports(protocol))
        return json_integer(at, "from_port", 0, PORT_LAST, low, error) &&
               json_integer(at, "to_port", *low, PORT_LAST, high, error);
    return (json_find(at->node, "from_port") == NULL && json_find(at->node, "to_port") == NULL) ||
           json_fail(at, error, "ports are for tcp and udp");
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
    if (observation->vantage != NULL)
        json_put_string(&writer, "vantage", observation->vantage);
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
    struct observation_lines lines;
    struct observations *observations;
    observation_taker *take;
    void *context;
    bool several; // vantages may have been merged
    bool begun;   // a line was read
    bool summary; // the last one was a summary
};

// What others sent, as the prober writes it: names of 300 bytes at most, of which each may stand as "\xHH".
enum { MOST_SENT = 4 * 300 };

static bool is_sent(const char *text)
{
    size_t length = 0;
    while (length <= MOST_SENT && text[length] >= 0x20 && text[length] <= 0x7e)
        length++;
    return text[length] == '\0' && length <= MOST_SENT;
}

static bool read_sent(struct arena *arena, const struct json_cursor *at, const char *key, const char **text,
                      struct error *error)
{
    struct json_cursor wrong = json_member(at, key);
    GUARD(json_optional_string(arena, at, key, text, error));
    return *text == NULL || is_sent(*text) ||
           json_fail(&wrong, error, "expected printable ASCII, %d characters at most", MOST_SENT);
}

static bool read_certificate(struct arena *arena, const struct json_cursor *at, struct service *service,
                             struct error *error)
{
    static const char *const keys[] = {"subject",   "issuer", "names",       "not_before",
                                       "not_after", "sha256", "self_issued", NULL};
    struct certificate *certificate = arena_new_of(arena, struct certificate);
    struct json_cursor names = json_member(at, "names"), digest = json_member(at, "sha256");
    const cJSON *node;
    if (!json_expect_keys(at, keys, error) || !json_string(arena, at, "subject", &certificate->subject, error) ||
        !json_string(arena, at, "issuer", &certificate->issuer, error) ||
        !read_sent(arena, at, "subject", &certificate->subject, error) ||
        !read_sent(arena, at, "issuer", &certificate->issuer, error) ||
        !read_sent(arena, at, "not_before", &certificate->not_before, error) ||
        !read_sent(arena, at, "not_after", &certificate->not_after, error) ||
        !json_optional_string(arena, at, "sha256", &certificate->sha256, error) ||
        !json_optional_boolean(at, "self_issued", &certificate->self_issued, error) ||
        !json_expect_array(&names, error))
        return false;
    if (certificate->sha256 != NULL && !digest_is_hexadecimal(certificate->sha256, DIGEST_TEXT - 1))
        return json_fail(&digest, error, "is no SHA-256, expected 64 hexadecimal digits");
    cJSON_ArrayForEach (node, names.node) {
        if (!cJSON_IsString(node) || !is_sent(node->valuestring))
            return json_fail(&names, error, "expected texts of printable ASCII, %d characters at most", MOST_SENT);
        *vector_add(arena, &certificate->names) = arena_strdup(arena, node->valuestring);
    }
    service->certificate = certificate;
    return true;
}

static bool read_service(struct arena *arena, const struct json_cursor *at, struct observation *item,
                         struct error *error)
{
    static const char *const keys[] = {"name",     "not_identified", "product", "banner", "title",
                                       "host_key", "note",           "tls",     NULL};
    static const char *const tls_keys[] = {"version", "oldest", "cipher", "trust", "certificate", NULL};
    static const char *const versions[] = {"SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3", NULL};
    struct service *service = arena_new_of(arena, struct service);
    struct json_cursor tls = json_member(at, "tls"), name = json_member(at, "name");
    if (item->state != OBSERVED_OPEN || item->protocol != PROTOCOL_TCP)
        return json_fail(at, error, "is of open ports of tcp alone");
    item->service = service;
    if (!json_expect_keys(at, keys, error) || !json_string(arena, at, "name", &service->name, error) ||
        !read_sent(arena, at, "name", &service->name, error) ||
        !read_sent(arena, at, "not_identified", &service->not_identified, error) ||
        !read_sent(arena, at, "product", &service->product, error) ||
        !read_sent(arena, at, "banner", &service->banner, error) ||
        !read_sent(arena, at, "title", &service->title, error) ||
        !read_sent(arena, at, "host_key", &service->host_key, error) ||
        !read_sent(arena, at, "note", &service->note, error))
        return false;
    if (service->name[0] == '\0')
        return json_fail(&name, error, "is empty");
    if (tls.node == NULL)
        return true;
    struct json_cursor certificate = json_member(&tls, "certificate"), version = json_member(&tls, "version");
    GUARD(json_expect_keys(&tls, tls_keys, error) && json_string(arena, &tls, "version", &service->tls_version, error));
    if (!text_among(service->tls_version, versions))
        return json_fail(&version, error, "\"%s\" is no version of TLS", service->tls_version);
    return json_string(arena, &tls, "cipher", &service->tls_cipher, error) &&
           read_sent(arena, &tls, "cipher", &service->tls_cipher, error) &&
           read_sent(arena, &tls, "oldest", &service->tls_oldest, error) &&
           read_sent(arena, &tls, "trust", &service->tls_trust, error) &&
           (certificate.node == NULL || read_certificate(arena, &certificate, service, error));
}

static bool read_moment(struct arena *arena, const struct json_cursor *at, const char *key, const char **moment,
                        struct error *error)
{
    struct json_cursor wrong = json_member(at, key);
    return json_optional_string(arena, at, key, moment, error) &&
           (*moment == NULL || clock_is_moment(*moment) ||
            json_fail(&wrong, error, "\"%s\" is no moment, expected one such as 2026-11-25T01:02:03.000004Z", *moment));
}

static bool read_addresses(struct observation_reader *reader, const struct json_cursor *at, const char *key,
                           const char **told, struct error *error)
{
    struct json_cursor wrong = json_member(at, key);
    return json_shared_string(reader->arena, &reader->lines.texts, at, key, told, error) &&
           (*told == NULL || observation_addresses(*told) ||
            json_fail(&wrong, error, "\"%s\" is no address, expected one, or two with \", \" between them", *told));
}

static bool read_state_head(struct arena *arena, const struct json_cursor *at, struct observations *observations,
                            struct error *error)
{
    static const char *const keys[] = {"plan_sha256", "capture_frames", "capture_bytes", NULL};
    long frames = 0, bytes = 0;
    bool told;
    GUARD(json_expect_keys(at, keys, error));
    GUARD(json_string(arena, at, "plan_sha256", &observations->plan_sha256, error));
    GUARD(json_optional_integer(at, "capture_frames", 0, UINT32_MAX, &frames, &told, error));
    GUARD(json_optional_integer(at, "capture_bytes", 0, 1L << 50, &bytes, &told, error));
    observations->capture_frames = (uint32_t)frames;
    observations->capture_bytes = (uint64_t)bytes;
    return true;
}

static void take_observation(struct observation_reader *reader, const struct observation *item)
{
    if (reader->take == NULL) {
        *vector_add(reader->arena, &reader->observations->items) = *item;
        return;
    }
    reader->take(reader->context, item);
    arena_reset(reader->lines.own);
}

static bool read_observation(void *context, size_t line, const struct json_cursor *at, struct error *error)
{
    static const char *const keys[] = {"address",     "protocol", "from_port",  "to_port",  "state",
                                       "reason",      "from",     "source",     "unstable", "accepts_everything",
                                       "tries",       "rtt_us",   "first_sent", "answered", "frames",
                                       "frame_count", "service",  "vantage",    NULL};
    struct observation_reader *reader = context;
    struct observations *observations = reader->observations;
    struct arena *arena = reader->arena, *own = reader->lines.own;
    bool begun = reader->begun;
    reader->begun = true;
    if (reader->summary)
        return json_fail(at, error, "stands behind the summary, expected nothing more");
    if (json_find(at->node, "summary") != NULL) {
        reader->summary = observations->has_summary = true;
        return summary_read(arena, at, observations, error);
    }
    if (!begun && json_find(at->node, "plan_sha256") != NULL)
        return read_state_head(arena, at, observations, error);
    GUARD(json_expect_keys(at, keys, error));
    struct json_cursor vantage = json_member(at, "vantage");
    if (vantage.node != NULL && !reader->several)
        return json_fail(&vantage, error,
                         "is there, as in what was merged of several vantages: `reconcile` judges each");
    struct observation item = {.line = line, .rtt_us = -1};
    long low = 0, high = 0, tries = 0;
    int state;
    bool present;
    if (!place_read(at, &item.address, &item.protocol, error) ||
        !json_word(at, "state", observed_names, &state, error) ||
        !json_shared_string(reader->arena, &reader->lines.texts, at, "reason", &item.reason, error) ||
        !read_addresses(reader, at, "from", &item.from, error) ||
        !read_addresses(reader, at, "source", &item.source, error) ||
        !json_shared_string(reader->arena, &reader->lines.texts, at, "vantage", &item.vantage, error) ||
        !read_moment(own, at, "first_sent", &item.first_sent, error) ||
        !read_moment(own, at, "answered", &item.answered, error) ||
        !json_optional_boolean(at, "unstable", &item.unstable, error) ||
        !json_optional_boolean(at, "accepts_everything", &item.accepting, error) ||
        !json_optional_integer(at, "tries", 0, 1000000, &tries, &present, error) ||
        !json_optional_integer(at, "rtt_us", 0, 4000000000, &item.rtt_us, &present, error))
        return false;
    GUARD(ports_read(at, item.protocol, &low, &high, error));
    struct json_cursor frames = json_member(at, "frames");
    const cJSON *node;
    long frame_count = 0;
    if (frames.node != NULL && (!json_expect_array(&frames, error) ||
                                !json_optional_integer(at, "frame_count", 0, 1L << 40, &frame_count, &present, error)))
        return false;
    cJSON_ArrayForEach (node, frames.node) {
        if (!cJSON_IsNumber(node) || !(node->valuedouble >= 1 && node->valuedouble <= UINT32_MAX) ||
            node->valuedouble != (double)(uint32_t)node->valuedouble)
            return json_fail(&frames, error, "expected numbers of frames, from 1");
        *vector_add(own, &item.frames) = (uint32_t)node->valuedouble;
    }
    item.frame_count = (size_t)frame_count;
    item.low = (uint16_t)low;
    item.high = (uint16_t)high;
    item.state = (enum observed_state)state;
    item.tries = (uint32_t)tries;
    struct json_cursor service = json_member(at, "service");
    if (service.node != NULL && !read_service(own, &service, &item, error))
        return false;
    item.reason = item.reason == NULL ? "" : item.reason;
    take_observation(reader, &item);
    return true;
}

static bool read_quickly(void *context, size_t line, const char *bytes, size_t length)
{
    struct observation_reader *reader = context;
    struct observation item = {0};
    if (reader->summary || !observation_line_read(&reader->lines, bytes, length, &item))
        return false;
    reader->begun = true;
    item.line = line;
    take_observation(reader, &item);
    return true;
}

static int by_place(const void *left, const void *right)
{
    const struct observation *a = left, *b = right;
    int order = text_same(a->vantage, b->vantage) ? 0
                : a->vantage == NULL              ? -1
                : b->vantage == NULL              ? 1
                                                  : strcmp(a->vantage, b->vantage);
    if (order == 0)
        order = place_compare(a->address, a->protocol, b->address, b->protocol);
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
            text_same(before->vantage, one->vantage) && before->high >= one->low)
            return error_set(error, ERROR_USAGE,
                             "%s:%zu: tells of ports that line %zu tells of too, expected each port once", file,
                             one->line > before->line ? one->line : before->line,
                             one->line > before->line ? before->line : one->line);
    }
    return true;
}

static bool read_file(struct arena *arena, const char *file, bool several, struct observations *observations,
                      struct error *error)
{
    struct observation_reader reader = {
        .arena = arena, .lines = {.arena = arena, .own = arena}, .observations = observations, .several = several};
    return json_each_line_quick(file, read_quickly, read_observation, &reader, error);
}

bool observations_read_each(struct arena *arena, const char *file, observation_taker *take, void *context,
                            struct observations *observations, struct error *error)
{
    struct arena *own = arena_new();
    struct observation_reader reader = {.arena = arena,
                                        .lines = {.arena = arena, .own = own},
                                        .observations = observations,
                                        .take = take,
                                        .context = context};
    bool good = json_each_line_quick(file, read_quickly, read_observation, &reader, error);
    arena_free(own);
    return good;
}

bool observations_read(struct arena *arena, const char *file, struct observations *observations, struct error *error)
{
    return read_file(arena, file, false, observations, error);
}

bool observations_read_vantages(struct arena *arena, const char *file, struct observations *observations,
                                struct error *error)
{
    return read_file(arena, file, true, observations, error);
}
