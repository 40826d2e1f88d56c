#include "probe/watch.h"

#include <string.h>

#include "model/protocol.h"

// Beats of a lane so close together are one. With many lanes each is asked more seldom, and more must be one, or all
// answers would be kept.
enum { CLOSE_US = 50000, LANES_OF_A_CLOSE = 256, LEAST_VOICES = 2, MOST_VOICES = 6, QUESTIONS_OF_A_VOICE = 20 };

static void note_known(struct watch *watch, size_t lane)
{
    const struct lane *lanes = watch->schedule->lanes;
    size_t from = lane, to = lane;
    while (from > 0 && address_equal(lanes[from - 1].address, lanes[lane].address))
        from--;
    while (to < watch->schedule->lane_count && address_equal(lanes[to].address, lanes[lane].address))
        watch->pulses[to++].known = true;
    while (from < lane)
        watch->pulses[from++].known = true;
}

void watch_begin(struct watch *watch, struct arena *arena, const struct schedule *schedule, uint64_t timeout_us)
{
    *watch = (struct watch){.arena = arena, .lights = arena_new(), .schedule = schedule, .timeout_us = timeout_us};
    watch->close_us = CLOSE_US * (1 + (uint64_t)schedule->lane_count / LANES_OF_A_CLOSE);
    watch->path_count = PATHS_UNTOLD;
    watch->pulses = arena_array(arena, struct pulse, schedule->lane_count + 1);
    for (size_t i = 0; i < schedule->lane_count; i++)
        watch->pulses[i].path = schedule->lanes[i].address.family == FAMILY_IPV6;
    for (size_t i = 0; i < schedule->span_count; i++)
        if (schedule->spans[i].spare && !schedule->targets[schedule->spans[i].target].canary)
            note_known(watch, schedule->spans[i].lane);
}

void watch_end(struct watch *watch)
{
    arena_free(watch->lights);
}

static uint8_t path_from(struct watch *watch, struct address source)
{
    size_t path = PATHS_UNTOLD;
    while (path < watch->path_count && !address_equal(watch->paths[path].source, source))
        path++;
    if (path == watch->path_count && path < NO_PATH)
        watch->paths[watch->path_count++].source = source;
    return (uint8_t)path;
}

void watch_source(struct watch *watch, size_t lane, struct address source)
{
    uint8_t *path = &watch->pulses[lane].path;
    uint8_t now = address_equal(source, watch->schedule->lanes[lane].address) ? NO_PATH : path_from(watch, source);
    *path = *path < PATHS_UNTOLD || *path == now ? now : NO_PATH;
}

size_t watch_way(const struct watch *watch, size_t lane, bool by_protocol)
{
    int protocol = watch->schedule->lanes[lane].protocol;
    size_t path = watch->pulses[lane].path, number = protocol == PROTOCOL_TCP ? 0 : protocol == PROTOCOL_UDP ? 1 : 2;
    return by_protocol ? WATCH_PATHS + path * WATCH_PROTOCOLS + number : path;
}

void watch_beat(struct watch *watch, size_t lane, uint64_t sent_us, enum beat beat)
{
    struct pulse *pulse = &watch->pulses[lane];
    beats_list *beats = beat == BEAT_REJECTED ? &pulse->rejections : &pulse->beats;
    size_t at = beats->count; // behind those that begin no later
    pulse->firm = pulse->firm || beat == BEAT_FIRM;
    while (at > 0 && beats->items[at - 1].first > sent_us)
        at--;
    watch->moved += beats->count - at;
    if (at > 0 && sent_us <= beats->items[at - 1].last + watch->close_us) {
        struct beats *one = &beats->items[at - 1];
        one->last = sent_us > one->last ? sent_us : one->last;
    } else {
        vector_add(watch->arena, beats);
        for (size_t i = beats->count - 1; i > at; i--)
            beats->items[i] = beats->items[i - 1];
        beats->items[at++] = (struct beats){sent_us, sent_us};
    }
    if (at < beats->count && beats->items[at].first <= beats->items[at - 1].last + watch->close_us) {
        beats->items[at - 1].last = beats->items[at].last;
        for (size_t i = at; i + 1 < beats->count; i++)
            beats->items[i] = beats->items[i + 1];
        beats->count--;
    }
}

struct ask *watch_ask(struct watch *watch, size_t lane, const struct ask *ask)
{
    struct ask *added = vector_add(watch->arena, &watch->pulses[lane].asks);
    watch->pulses[lane].tries_ask = watch->pulses[lane].tries_ask || ask->number < FIRST_ASK;
    *added = *ask;
    return added;
}

struct ask *watch_find(const struct watch *watch, size_t lane, uint64_t question, unsigned number)
{
    const ask_list *asks = &watch->pulses[lane].asks;
    if (number < FIRST_ASK && !watch->pulses[lane].tries_ask)
        return NULL;
    size_t near = number - FIRST_ASK; // where it is in a capture, and about where else
    if (number >= FIRST_ASK && near < asks->count && asks->items[near].question == question &&
        asks->items[near].number == number)
        return &asks->items[near];
    for (size_t i = asks->count; i-- > 0;)
        if (asks->items[i].question == question && asks->items[i].number == number)
            return &asks->items[i];
    return NULL;
}

struct ask *watch_stamp(struct watch *watch, size_t lane, struct ask *ask)
{
    struct ask *first = watch->pulses[lane].asks.items;
    for (; ask > first && ask[-1].frame == 0; ask--) {
        struct ask other = ask[-1];
        ask[-1] = *ask;
        *ask = other;
    }
    return ask;
}

void watch_take_back(struct watch *watch, size_t lane, uint64_t question, unsigned number)
{
    ask_list *asks = &watch->pulses[lane].asks;
    struct ask *ask = watch_find(watch, lane, question, number);
    for (size_t i = ask == NULL ? asks->count : (size_t)(ask - asks->items); i + 1 < asks->count; i++)
        asks->items[i] = asks->items[i + 1];
    asks->count -= ask != NULL;
}

void watch_answered(struct watch *watch, size_t lane, struct ask *ask, enum beat beat)
{
    ask->answered = ask->answered || beat != BEAT_REJECTED;
    watch_beat(watch, lane, ask->sent_us, beat);
}

void watch_voice(struct watch *watch, size_t lane, uint64_t question, uint64_t sent_us)
{
    struct pulse *pulse = &watch->pulses[lane];
    uint64_t most = watch->schedule->lanes[lane].count / QUESTIONS_OF_A_VOICE;
    most = most < LEAST_VOICES ? LEAST_VOICES : most > MOST_VOICES ? MOST_VOICES : most;
    if (pulse->voices.count < most)
        *vector_add(watch->arena, &pulse->voices) = (struct voice){question, sent_us};
}

unsigned watch_vain(const struct watch *watch, size_t lane, uint64_t question)
{
    const ask_list *asks = &watch->pulses[lane].asks;
    unsigned vain = 0;
    for (size_t i = asks->count; i-- > 0;) {
        if (asks->items[i].question == question && asks->items[i].answered)
            break;
        vain += asks->items[i].question == question;
    }
    return vain;
}

// ---- What is lit

uint64_t watch_longest_gap(const struct watch *watch)
{
    uint64_t gap = 0;
    for (size_t path = 0; path < watch->path_count; path++)
        gap = watch->paths[path].light.gap > gap ? watch->paths[path].light.gap : gap;
    return gap;
}

bool watch_in_longest_gap(const struct watch *watch, size_t lane, uint64_t sent_us)
{
    const struct light *light = &watch->pulses[lane].light;
    return light->gap_us - light->gap < sent_us && sent_us < light->gap_us;
}

// By whose beats a try is judged that was sent at a moment: by those of all in the list, which NULL ends.
struct judges {
    const struct light *lights[3];
};

static bool has_begun(const struct light *light, uint64_t sent_us)
{
    return light->first != 0 && light->first <= sent_us;
}

static struct judges judges_of(const struct watch *watch, size_t lane, uint64_t sent_us)
{
    const struct pulse *pulse = &watch->pulses[lane];
    const struct light *protocol = &watch->ways[watch_way(watch, lane, true)];
    if (pulse->firm && has_begun(&pulse->light, sent_us))
        return (struct judges){{&pulse->light}};
    protocol = has_begun(protocol, sent_us) ? protocol : NULL;
    if (pulse->known || has_begun(&pulse->host, sent_us))
        return (struct judges){{&pulse->host, protocol}};
    return (struct judges){{protocol != NULL ? protocol : &watch->paths[pulse->path].light}};
}

static bool is_apart(const struct watch *watch, const struct light *light, uint64_t from_us, uint64_t to_us)
{
    size_t low = 0, high = light->beats.count;
    while (low < high) { // the first row that ends after the one try
        size_t middle = low + (high - low) / 2;
        if (light->beats.items[middle].last <= from_us)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == light->beats.count)
        return false;
    const struct beats *row = &light->beats.items[low];
    if (row->first > from_us)
        return row->first <= to_us;
    return row->last <= to_us || to_us - from_us > watch->close_us;
}

bool watch_apart(const struct watch *watch, size_t lane, uint64_t from_us, uint64_t to_us)
{
    struct judges judges = judges_of(watch, lane, to_us);
    bool apart = true;
    for (size_t i = 0; judges.lights[i] != NULL; i++)
        apart = apart && is_apart(watch, judges.lights[i], from_us, to_us);
    return apart;
}

const struct light *watch_light_of(const struct watch *watch, size_t lane)
{
    struct judges judges = judges_of(watch, lane, UINT64_MAX);
    bool beside = judges.lights[1] != NULL && judges.lights[1]->ended && !judges.lights[0]->ended;
    return judges.lights[beside];
}

bool watch_is_unheard(const struct watch *watch, size_t lane)
{
    return watch->pulses[lane].light.first == 0 && watch->pulses[lane].host.first == 0;
}

static enum shine shine_in(const struct light *light, uint64_t from_us, uint64_t to_us)
{
    if (light->first == 0 || from_us < light->first)
        return SHINE_DARK;
    size_t low = 0, high = light->lit.count; // the first that begins after it
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (light->lit.items[middle].from <= from_us)
            low = middle + 1;
        else
            high = middle;
    }
    if (low > 0 && to_us <= light->lit.items[low - 1].to)
        return SHINE_LIT;
    return from_us >= light->begins && !light->ended ? SHINE_PENDING : SHINE_DARK; // the last chain may go on
}

static enum shine shine_of(const struct judges *judges, uint64_t from_us, uint64_t to_us)
{
    enum shine least = SHINE_LIT;
    for (size_t i = 0; judges->lights[i] != NULL && least != SHINE_DARK; i++) {
        enum shine shine = shine_in(judges->lights[i], from_us, to_us);
        least = shine == SHINE_LIT ? least : shine;
    }
    return least;
}

// Whether some open port of its path was rejected within a timeout of a try of a lane.
static bool is_denied(const struct watch *watch, size_t lane, uint64_t sent_us)
{
    const struct path *path = &watch->paths[watch->pulses[lane].path];
    size_t low = 0, high = path->denied.count; // the first that is no more than a timeout before it
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (path->denied.items[middle] + watch->timeout_us < sent_us)
            low = middle + 1;
        else
            high = middle;
    }
    return low < path->denied.count && path->denied.items[low] <= sent_us + watch->timeout_us;
}

enum shine watch_shine_rejected(const struct watch *watch, size_t lane, uint64_t sent_us)
{
    struct judges judges = judges_of(watch, lane, UINT64_MAX);
    const struct light *light = judges.lights[0];
    if (!watch->pulses[lane].firm && is_denied(watch, lane, sent_us))
        return SHINE_DARK;
    if (light->by_rejections && light->first != 0 && sent_us >= light->first)
        return sent_us <= light->last + watch->close_us ? SHINE_LIT : SHINE_PENDING;
    return shine_of(&judges, sent_us, sent_us);
}

enum shine watch_shine_all(const struct watch *watch, size_t lane, uint64_t from_us, uint64_t to_us)
{
    struct judges judges = judges_of(watch, lane, from_us), later = judges_of(watch, lane, to_us);
    if (judges.lights[0]->by_rejections || memcmp(&judges, &later, sizeof(judges)) != 0)
        return SHINE_DARK; // whoever rejects may stand on this side of where the line is dead
    return shine_of(&judges, from_us, to_us);
}

enum shine watch_shine(const struct watch *watch, size_t lane, uint64_t sent_us)
{
    return sent_us == 0 ? SHINE_DARK : watch_shine_all(watch, lane, sent_us, sent_us);
}
