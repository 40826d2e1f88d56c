#include "model/verdict_alike.h"

#include <string.h>

#include "model/protocol.h"

// An element as verdict_file.c writes it: HEAD tcp", "from_port": 1, "to_port": 2, TAIL 3, 4]}
static const char head_ends[] = "\"protocol\": \"", tail_ends[] = "\"observations\": [";

struct parts {
    const char *head;
    size_t head_length;
    int protocol;
    uint16_t low;
    uint16_t high;
    const char *tail;
    size_t tail_length;
    const char *lines; // the first digit of the list, or its end
    const char *end;   // of the element
};

struct tail {
    const char *bytes;
    size_t length;
    struct verdict verdict; // of which only what the tail tells is looked at
    struct tail *next;
};

enum { SLOTS = 16384, MOST_TAILS = 4 * SLOTS };
struct tails {
    struct tail *slots[SLOTS];
};

static bool take_word(const char **at, const char *end, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(end - *at) < length || memcmp(*at, word, length) != 0)
        return false;
    *at += length;
    return true;
}

static bool take_number(const char **at, const char *end, uint64_t most, uint64_t *number)
{
    const char *begin = *at;
    *number = 0;
    while (*at < end && **at >= '0' && **at <= '9' && *number <= most)
        *number = *number * 10 + (uint64_t)(*(*at)++ - '0');
    return *at > begin && *number <= most && (*begin != '0' || *at == begin + 1);
}

static bool take_protocol(const char **at, const char *end, int *protocol)
{
    static const int protocols[] = {PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_ICMP, PROTOCOL_ICMPV6};
    for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
        const char *behind = *at;
        *protocol = protocols[i];
        if (take_word(&behind, end, protocol_name(NULL, protocols[i])) && take_word(&behind, end, "\"")) {
            *at = behind;
            return true;
        }
    }
    return false;
}

static bool take_ports(const char **at, const char *end, struct parts *parts)
{
    uint64_t low = 0, high = 0;
    if (protocol_has_ports(parts->protocol) &&
        (!take_word(at, end, ", \"from_port\": ") || !take_number(at, end, PORT_LAST, &low) ||
         !take_word(at, end, ", \"to_port\": ") || !take_number(at, end, PORT_LAST, &high) || high < low))
        return false;
    parts->low = (uint16_t)low;
    parts->high = (uint16_t)high;
    return true;
}

// Takes an element of one line apart, behind its head. Every byte of what is no head and no tail is looked at.
static bool split_rest(const char *at, struct parts *parts)
{
    const char *end = parts->end, *lines = end - 2;
    if (!take_protocol(&at, end, &parts->protocol) || !take_ports(&at, end, parts) || end - at < 2 ||
        memcmp(lines, "]}", 2) != 0)
        return false;
    while (lines > at && lines[-1] != '[')
        lines--;
    size_t marker = sizeof(tail_ends) - 1;
    if ((size_t)(lines - at) < marker || memcmp(lines - marker, tail_ends, marker) != 0)
        return false;
    parts->tail = at;
    parts->tail_length = (size_t)(lines - at);
    parts->lines = lines;
    return true;
}

// The end of the element that begins here, if it ends with its line.
static const char *end_of_element(const char *bytes, size_t length)
{
    const char *end = memchr(bytes, '\n', length);
    return end == NULL ? NULL : end - (end > bytes && end[-1] == ',');
}

static uint64_t hash_of(const char *bytes, size_t length)
{
    uint64_t hash = length, word;
    for (; length >= sizeof(word); bytes += sizeof(word), length -= sizeof(word)) {
        memcpy(&word, bytes, sizeof(word));
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }
    for (; length > 0; bytes++, length--)
        hash = (hash ^ (unsigned char)*bytes) * 1099511628211u;
    return hash ^ hash >> 32;
}

static struct tail **slot_of(struct verdict_likes *likes, const struct parts *parts)
{
    if (likes->tails == NULL)
        likes->tails = arena_new_of(likes->arena, struct tails);
    return &likes->tails->slots[hash_of(parts->tail, parts->tail_length) % SLOTS];
}

static const struct tail *find(const struct tail *tail, const struct parts *parts)
{
    while (tail != NULL &&
           (tail->length != parts->tail_length || memcmp(tail->bytes, parts->tail, parts->tail_length) != 0))
        tail = tail->next;
    return tail;
}

static bool read_lines(struct arena *arena, const struct parts *parts, struct verdict *verdict)
{
    const uint64_t most = 1000000000;
    const char *at = parts->lines, *end = parts->end - 2;
    size_t count = at < end;
    for (const char *p = at; p < end; p++)
        count += *p == ',';
    verdict->observations.items = arena_buffer(arena, size_t, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t line;
        if ((i > 0 && !take_word(&at, end, ", ")) || !take_number(&at, end, most, &line) || line == 0)
            return false;
        verdict->observations.items[i] = (size_t)line;
    }
    verdict->observations.count = verdict->observations.capacity = (uint32_t)count;
    return at == end;
}

static void take_host(struct verdict *verdict, const struct verdict *host)
{
    verdict->address = host->address;
    verdict->asked_from = host->asked_from;
    verdict->account_id = host->account_id;
    verdict->region = host->region;
    verdict->eni_id = host->eni_id;
    verdict->instance_id = host->instance_id;
    verdict->name = host->name;
    verdict->owner = host->owner;
}

bool verdict_likes_take(struct verdict_likes *likes, struct arena *arena, const char *bytes, size_t length,
                        struct verdict *verdict, size_t *taken)
{
    struct parts parts = {.end = end_of_element(bytes, length)};
    if (parts.end == NULL || likes->head == NULL || (size_t)(parts.end - bytes) < likes->head_length ||
        memcmp(bytes, likes->head, likes->head_length) != 0 || !split_rest(bytes + likes->head_length, &parts))
        return false;
    const struct tail *tail = find(*slot_of(likes, &parts), &parts);
    if (tail == NULL)
        return false;
    *verdict = tail->verdict;
    take_host(verdict, &likes->host);
    verdict->protocol = parts.protocol;
    verdict->low = parts.low;
    verdict->high = parts.high;
    *taken = (size_t)(parts.end - bytes);
    return read_lines(arena, &parts, verdict);
}

// Whether some bytes of an element are whole members of it: they begin and end outside of strings and of what its
// members hold.
static bool are_members(const char *bytes, size_t length, size_t depth)
{
    bool inside = false;
    for (const char *at = bytes, *end = bytes + length; at < end; at++) {
        if (*at == '"')
            inside = !inside;
        else if (inside && *at == '\\')
            at++;
        else if (!inside && (*at == '{' || *at == '['))
            depth++;
        else if (!inside && (*at == '}' || *at == ']') && depth-- <= 1)
            return false;
    }
    return !inside && depth == 1;
}

// Whether the members that tell of the host stand before its protocol, and no others, and none tells of ports but those
// beside it: then any head goes with any tail, and no key is there twice.
static bool is_in_order(const cJSON *element, int protocol)
{
    static const char *const of_host[] = {"address", "account_id", "region",     "eni_id", "instance_id",
                                          "name",    "owner",      "asked_from", NULL};
    static const char *const of_ports[] = {"from_port", "to_port", NULL};
    bool before = true;
    const cJSON *member;
    cJSON_ArrayForEach (member, element) {
        if (strcmp(member->string, "protocol") == 0)
            before = false;
        else if (text_among(member->string, of_ports) ? !protocol_has_ports(protocol)
                                                      : text_among(member->string, of_host) != before)
            return false;
    }
    return !before;
}

// What verdicts share is not added to.
static void share_lists(struct verdict *verdict)
{
    verdict->because.capacity = verdict->because.count;
    verdict->via.capacity = verdict->via.count;
    verdict->suggested.capacity = verdict->suggested.count;
}

void verdict_likes_learn(struct verdict_likes *likes, const char *bytes, size_t length, const cJSON *element,
                         const struct verdict *verdict)
{
    const size_t head = sizeof(head_ends) - 1, marker = sizeof(tail_ends) - 1;
    struct parts parts = {.end = bytes + length};
    const char *place = memmem(bytes, length, head_ends, head);
    if (place == NULL || !split_rest(place + head, &parts) || !are_members(bytes, (size_t)(place - bytes), 0) ||
        !are_members(parts.tail, parts.tail_length - marker, 1) || !is_in_order(element, parts.protocol))
        return;
    likes->head = bytes;
    likes->head_length = (size_t)(place - bytes) + head;
    likes->host = *verdict;
    struct tail **slot = slot_of(likes, &parts);
    if (find(*slot, &parts) != NULL || likes->count == MOST_TAILS)
        return;
    struct tail *fresh = arena_new_of(likes->arena, struct tail);
    *fresh =
        (struct tail){.bytes = arena_strndup(likes->arena, parts.tail, parts.tail_length), // the file may be let go
                      .length = parts.tail_length,
                      .verdict = *verdict,
                      .next = *slot};
    share_lists(&fresh->verdict);
    *slot = fresh;
    likes->count++;
}
