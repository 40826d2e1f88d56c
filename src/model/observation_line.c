#include "model/observation_line.h"

#include "base/clock.h"
#include "base/json_flat.h"
#include "model/protocol.h"

// The members of a line in the order in which they are written: each comes once, and behind those before it.
enum member {
    ADDRESS,
    PROTOCOL,
    FROM_PORT,
    TO_PORT,
    STATE,
    REASON,
    FROM,
    SOURCE,
    UNSTABLE,
    ACCEPTING,
    TRIES,
    RTT,
    FIRST_SENT,
    ANSWERED,
    FRAMES,
    FRAME_COUNT,
    MEMBERS
};

static const char *const keys[MEMBERS] = {
    "address",  "protocol",           "from_port", "to_port", "state",      "reason",   "from",   "source",
    "unstable", "accepts_everything", "tries",     "rtt_us",  "first_sent", "answered", "frames", "frame_count"};

enum { LONGEST_TEXT = 256 }; // of those that a line is read for here

// Whether the string in hand is a text that is known.
static bool is_text(const struct json_flat *flat, const char *known)
{
    return known != NULL && flat->kind == JSON_FLAT_STRING && strncmp(known, flat->text, flat->length) == 0 &&
           known[flat->length] == '\0';
}

static bool take_address(struct observation_lines *lines, const struct json_flat *flat, struct observation *item)
{
    char text[LONGEST_TEXT];
    if (!is_text(flat, lines->address_was)) {
        if (!json_flat_copy(flat, text, sizeof(text)) || !address_parse(text, &lines->address))
            return false;
        lines->address_was = arena_strdup(lines->arena, text);
    }
    item->address = lines->address;
    return true;
}

static bool take_protocol(const struct json_flat *flat, struct observation *item)
{
    char text[LONGEST_TEXT];
    if (!json_flat_copy(flat, text, sizeof(text)) || !protocol_parse(text, &item->protocol))
        return false;
    return protocol_has_ports(item->protocol) ||
           item->protocol == (item->address.family == FAMILY_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6);
}

static bool take_state(const struct json_flat *flat, struct observation *item)
{
    for (int state = 0; observed_names[state] != NULL; state++)
        if (is_text(flat, observed_names[state])) {
            item->state = (enum observed_state)state;
            return true;
        }
    return false;
}

// A text that many lines have is held once.
static bool take_shared(struct observation_lines *lines, const struct json_flat *flat, const char **last,
                        const char **value)
{
    char text[LONGEST_TEXT];
    if (!is_text(flat, *last)) {
        if (!json_flat_copy(flat, text, sizeof(text)))
            return false;
        *last = map_get(&lines->texts, text);
        if (*last == NULL) {
            *last = arena_strdup(lines->arena, text);
            map_put(lines->arena, &lines->texts, *last, (void *)(uintptr_t)*last);
        }
    }
    *value = *last;
    return true;
}

bool observation_addresses(const char *told)
{
    char text[ADDRESS_TEXT];
    struct address address;
    for (const char *next = told; next != NULL; told = next + strlen(", ")) {
        next = strstr(told, ", ");
        size_t length = next == NULL ? strlen(told) : (size_t)(next - told);
        if (length >= sizeof(text))
            return false;
        memcpy(text, told, length);
        text[length] = '\0';
        if (!address_parse(text, &address))
            return false;
    }
    return true;
}

static bool take_addresses(struct observation_lines *lines, const struct json_flat *flat, const char **last,
                           const char **value)
{
    const char *before = *last;
    return take_shared(lines, flat, last, value) && (*value == before || observation_addresses(*value));
}

static bool take_moment(struct observation_lines *lines, const struct json_flat *flat, const char **value)
{
    char text[LONGEST_TEXT];
    if (!json_flat_copy(flat, text, sizeof(text)) || !clock_is_moment(text))
        return false;
    *value = arena_strndup(lines->own, flat->text, flat->length);
    return true;
}

static bool is_number(const struct json_flat *flat, uint64_t most)
{
    return flat->kind == JSON_FLAT_NUMBER && flat->number <= most;
}

static bool take_boolean(const struct json_flat *flat, bool *value)
{
    *value = flat->number != 0;
    return flat->kind == JSON_FLAT_BOOLEAN;
}

static bool take_frames(struct observation_lines *lines, struct json_flat *flat, struct observation *item)
{
    enum { MOST = 64 }; // the prober writes fewer
    uint32_t frames[MOST], count = 0;
    if (flat->kind != JSON_FLAT_LIST)
        return false;
    while (json_flat_item(flat)) {
        if (flat->number < 1 || flat->number > UINT32_MAX || count == MOST)
            return false;
        frames[count++] = (uint32_t)flat->number;
    }
    if (flat->broken || count == 0)
        return !flat->broken;
    item->frames.items = arena_buffer(lines->own, uint32_t, count);
    memcpy(item->frames.items, frames, count * sizeof(*frames));
    item->frames.count = item->frames.capacity = count;
    return true;
}

static bool take_member(struct observation_lines *lines, struct json_flat *flat, enum member member,
                        struct observation *item)
{
    switch (member) {
    case ADDRESS:
        return take_address(lines, flat, item);
    case PROTOCOL:
        return take_protocol(flat, item);
    case FROM_PORT:
        item->low = (uint16_t)flat->number;
        return is_number(flat, PORT_LAST);
    case TO_PORT:
        item->high = (uint16_t)flat->number;
        return is_number(flat, PORT_LAST);
    case STATE:
        return take_state(flat, item);
    case REASON:
        return take_shared(lines, flat, &lines->reason, &item->reason);
    case FROM:
        return take_addresses(lines, flat, &lines->from, &item->from);
    case SOURCE:
        return take_addresses(lines, flat, &lines->source, &item->source);
    case UNSTABLE:
        return take_boolean(flat, &item->unstable);
    case ACCEPTING:
        return take_boolean(flat, &item->accepting);
    case TRIES:
        item->tries = (uint32_t)flat->number;
        return is_number(flat, 1000000);
    case RTT:
        item->rtt_us = (long)flat->number;
        return is_number(flat, 4000000000);
    case FIRST_SENT:
        return take_moment(lines, flat, &item->first_sent);
    case ANSWERED:
        return take_moment(lines, flat, &item->answered);
    case FRAMES:
        return take_frames(lines, flat, item);
    case FRAME_COUNT:
        item->frame_count = (size_t)flat->number;
        return is_number(flat, (uint64_t)1 << 40);
    case MEMBERS:
        break;
    }
    return false;
}

bool observation_line_read(struct observation_lines *lines, const char *bytes, size_t length, struct observation *item)
{
    struct json_flat flat;
    unsigned next = 0, seen = 0;
    *item = (struct observation){.rtt_us = -1, .reason = ""};
    if (!json_flat_begin(&flat, bytes, length))
        return false;
    while (json_flat_next(&flat)) {
        while (next < MEMBERS && !json_flat_is(&flat, keys[next]))
            next++;
        if (next == MEMBERS || !take_member(lines, &flat, (enum member)next, item))
            return false;
        seen |= 1u << next++;
    }
    const unsigned place = 1u << ADDRESS | 1u << PROTOCOL | 1u << STATE, ports = 1u << FROM_PORT | 1u << TO_PORT;
    unsigned asked = protocol_has_ports(item->protocol) ? ports : 0;
    bool frames_told = (seen & 1u << FRAMES) != 0 || (seen & 1u << FRAME_COUNT) == 0;
    return !flat.broken && (seen & place) == place && (seen & ports) == asked && item->low <= item->high && frames_told;
}
