#include "probe/watch.h"

#include <stdlib.h>

// Beats of a lane so close together are one. With many lanes each is asked more seldom, and more must be one, or all
// answers would be kept.
enum { CLOSE_US = 50000, LANES_OF_A_CLOSE = 256, LEAST_VOICES = 2, MOST_VOICES = 6, QUESTIONS_OF_A_VOICE = 20 };

// Asks in vain that say that nobody heard, and how many more may be lost in a row, in so many timeouts, where of at
// least so many asks more than such a share were lost: as many as are by chance so seldom.
enum { LEAST_PATIENCE = 2, MOST_PATIENCE = 12, LEAST_LOST = 12, MOST_TIMEOUTS = 3 };
static const double LOSSY = 0.25, BY_LOSS = 0.02;

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

// ---- Light

// From when to when a voice was not heard, though it was asked since a moment.
struct hush {
    uint64_t first;
    uint64_t last;
    uint64_t asked_us;
    uint64_t least_last; // of it and of those that begin after it
};

// What several lanes have beaten and been asked in vain, in the order of time.
struct record {
    beats_list beats;
    VECTOR(uint64_t) vain; // when they were sent
    unsigned heard;        // asks that were answered
    unsigned patience;     // of those lanes that are known best, the least
    VECTOR(struct hush) hushes;
};

static int by_beginning(const void *left, const void *right)
{
    const struct beats *a = left, *b = right;
    return (a->first > b->first) - (a->first < b->first);
}

static int by_moment(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

// How many asks in a row are hardly ever lost, where as many are lost as of a lane: in all, but for the longest row.
static unsigned patience_of(const struct pulse *pulse)
{
    unsigned heard = 0, lost = 0, row = 0, longest = 0;
    for (size_t i = 0; i < pulse->asks.count; i++) {
        heard += pulse->asks.items[i].answered;
        row = pulse->asks.items[i].answered ? 0 : row + 1;
        lost += !pulse->asks.items[i].answered;
        longest = row > longest ? row : longest;
    }
    lost -= longest;
    double share = lost < LEAST_LOST ? 0 : (double)lost / (double)(lost + heard), chance = share * share;
    unsigned patience = LEAST_PATIENCE;
    for (; share > LOSSY && chance > BY_LOSS && patience < MOST_PATIENCE; patience++)
        chance *= share;
    return patience;
}

static void add_pulse(struct arena *arena, struct record *record, const struct pulse *pulse)
{
    if (pulse->firm && pulse->asks.count >= LEAST_LOST && (record->patience == 0 || pulse->patience < record->patience))
        record->patience = pulse->patience;
    for (size_t i = 0; i < pulse->beats.count; i++)
        *vector_add(arena, &record->beats) = pulse->beats.items[i];
    for (size_t i = 0; pulse->firm && i < pulse->asks.count; i++)
        if (!pulse->asks.items[i].answered)
            *vector_add(arena, &record->vain) = pulse->asks.items[i].sent_us;
    for (size_t i = 0; pulse->firm && i < pulse->asks.count; i++)
        record->heard += pulse->asks.items[i].answered;
}

// When a voice of a lane was not heard though it was asked twice.
static void add_hushes(struct arena *arena, struct record *record, const struct pulse *pulse)
{
    for (size_t v = 0; v < pulse->voices.count; v++) {
        uint64_t heard = pulse->voices.items[v].heard_us;
        uint64_t asked = 0;
        unsigned vain = 0;
        for (size_t i = 0; i < pulse->asks.count; i++) {
            const struct ask *ask = &pulse->asks.items[i];
            if (ask->question != pulse->voices.items[v].question)
                continue;
            if (ask->answered && vain >= pulse->patience)
                *vector_add(arena, &record->hushes) = (struct hush){heard, ask->sent_us, asked, 0};
            heard = ask->answered ? ask->sent_us : heard;
            asked = vain == 0 ? ask->sent_us : asked;
            vain = ask->answered ? 0 : vain + 1;
        }
        if (vain >= pulse->patience)
            *vector_add(arena, &record->hushes) = (struct hush){heard, UINT64_MAX, asked, 0};
    }
}

static int by_first(const void *left, const void *right)
{
    const struct hush *a = left, *b = right;
    return (a->first > b->first) - (a->first < b->first);
}

static void sort_beats(beats_list *beats)
{
    if (beats->count > 1)
        qsort(beats->items, beats->count, sizeof(struct beats), by_beginning);
}

// Where nobody of the host was heard meanwhile, that was an outage, or a ban, which is known without. What is left is
// sorted.
static void keep_hushes_of_some(struct arena *arena, struct record *record)
{
    size_t kept = 0;
    if (record->hushes.count == 0)
        return;
    sort_beats(&record->beats);
    uint64_t *latest = arena_array(arena, uint64_t, record->beats.count + 1); // end of those up to each
    for (size_t i = 0; i < record->beats.count; i++) {
        uint64_t last = record->beats.items[i].last;
        latest[i] = i > 0 && latest[i - 1] > last ? latest[i - 1] : last;
    }
    for (size_t h = 0; h < record->hushes.count; h++) {
        const struct hush one = record->hushes.items[h];
        size_t low = 0, high = record->beats.count; // the first that begins after it
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (record->beats.items[middle].first < one.last)
                low = middle + 1;
            else
                high = middle;
        }
        if (low > 0 && latest[low - 1] > one.asked_us)
            record->hushes.items[kept++] = one;
    }
    record->hushes.count = (uint32_t)kept;
    if (kept > 1)
        qsort(record->hushes.items, kept, sizeof(struct hush), by_first);
    for (size_t h = kept; h-- > 0;) {
        struct hush *one = &record->hushes.items[h];
        one->least_last = h + 1 < kept && one[1].least_last < one->last ? one[1].least_last : one->last;
    }
}

// When some voice was not heard: hushes that overlap are one, its ends not among it.
static beats_list quiet_of(struct arena *arena, const struct record *record)
{
    beats_list quiet = {0};
    for (size_t h = 0; h < record->hushes.count; h++) {
        const struct hush *one = &record->hushes.items[h];
        struct beats *before = quiet.count > 0 ? &quiet.items[quiet.count - 1] : NULL;
        if (one->last <= one->first)
            continue;
        if (before != NULL && one->first < before->last)
            before->last = one->last > before->last ? one->last : before->last;
        else
            *vector_add(arena, &quiet) = (struct beats){one->first, one->last};
    }
    return quiet;
}

// Takes away what was heard of others meanwhile.
static void hush(struct arena *arena, struct record *record)
{
    beats_list quiet = quiet_of(arena, record), left = {0};
    if (quiet.count == 0)
        return;
    sort_beats(&record->beats);
    size_t begin = 0; // what is quiet before has ended before any row that is left begins
    for (size_t i = 0; i < record->beats.count; i++) {
        struct beats row = record->beats.items[i];
        while (begin < quiet.count && quiet.items[begin].last <= row.first)
            begin++;
        for (size_t q = begin; q < quiet.count && quiet.items[q].first < row.last; q++) {
            if (row.first <= quiet.items[q].first)
                *vector_add(arena, &left) = (struct beats){row.first, quiet.items[q].first};
            row.first = quiet.items[q].last;
        }
        if (row.first <= row.last)
            *vector_add(arena, &left) = row;
    }
    record->beats = left;
}

static bool is_hushed(const struct record *record, uint64_t from, uint64_t to)
{
    size_t low = 0, high = record->hushes.count; // the first that begins no earlier
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (record->hushes.items[middle].first < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low < record->hushes.count && record->hushes.items[low].least_last <= to;
}

// Whether between two moments nobody heard: two asks were in vain, or more where many are lost. *next is the first ask
// that comes into question; *count how many were in vain.
static bool is_broken(const struct watch *watch, const struct record *record, size_t *next, uint64_t from, uint64_t to,
                      unsigned *count)
{
    *count = 0;
    for (; *next < record->vain.count && record->vain.items[*next] <= from;)
        ++*next;
    for (; *next < record->vain.count && record->vain.items[*next] < to; ++*next)
        ++*count;
    bool is_long = to == UINT64_MAX || to - from > MOST_TIMEOUTS * watch->timeout_us;
    return *count >= (is_long || record->patience == 0 ? LEAST_PATIENCE : record->patience);
}

static struct light light_of(const struct watch *watch, struct record *record)
{
    struct light light = {.heard = record->heard};
    size_t next = 0;
    unsigned vain = 0, most = 0;
    if (record->beats.count == 0)
        return light;
    sort_beats(&record->beats);
    if (record->vain.count > 1)
        qsort(record->vain.items, record->vain.count, sizeof(uint64_t), by_moment);
    uint64_t from = record->beats.items[0].first, to = record->beats.items[0].last;
    *vector_add(watch->lights, &light.beats) = record->beats.items[0];
    from = from > watch->close_us ? from - watch->close_us : 1; // so much before the first is as good as with it
    light.first = from;
    for (size_t i = 1; i <= record->beats.count; i++) {
        const struct beats *one = i < record->beats.count ? &record->beats.items[i] : NULL;
        struct beats *row = &light.beats.items[light.beats.count - 1];
        if (one != NULL && one->first <= row->last)
            row->last = one->last > row->last ? one->last : row->last;
        else if (one != NULL)
            *vector_add(watch->lights, &light.beats) = *one;
        if (one != NULL && one->first > to && one->first - to > light.gap) {
            light.gap = one->first - to;
            light.gap_us = one->first;
        }
        bool broken = one != NULL && one->first > to && is_broken(watch, record, &next, to, one->first, &vain);
        broken = broken || (one != NULL && one->first > to && is_hushed(record, to, one->first));
        if (one != NULL && one->first > to) {
            light.lost += vain;
            most = vain > most ? vain : most;
        }
        if (one != NULL && !broken) {
            to = one->last > to ? one->last : to;
            continue;
        }
        if (to - from >= watch->timeout_us)
            *vector_add(watch->lights, &light.lit) = (struct lit){from, to - watch->timeout_us};
        light.begins = from;
        light.last = to;
        light.hushed = one == NULL && is_hushed(record, to, UINT64_MAX);
        light.ended = one == NULL && (is_broken(watch, record, &next, to, UINT64_MAX, &vain) || light.hushed);
        if (one != NULL) {
            from = one->first;
            to = one->last;
        }
    }
    light.lost -= most; // one outage is no loss
    return light;
}

static void add_rejections(const struct watch *watch, struct arena *arena, size_t path, struct record *record)
{
    for (size_t i = 0; i < watch->schedule->lane_count; i++) {
        const beats_list *rejections = &watch->pulses[i].rejections;
        for (size_t j = 0; watch->pulses[i].path == path && j < rejections->count; j++)
            *vector_add(arena, &record->beats) = rejections->items[j];
    }
}

// What was heard of all that were asked the same way.
static void light_paths(struct watch *watch, struct arena *scratch, struct record *paths)
{
    watch->paths[NO_PATH].light = (struct light){0};
    for (size_t path = 0; path < watch->path_count; path++) {
        bool by_rejections = paths[path].beats.count == 0;
        if (by_rejections)
            add_rejections(watch, scratch, path, &paths[path]);
        watch->paths[path].light = light_of(watch, &paths[path]);
        watch->paths[path].light.by_rejections = by_rejections;
    }
}

void watch_light(struct watch *watch)
{
    const struct schedule *schedule = watch->schedule;
    struct arena *scratch = arena_new();
    struct record *paths = arena_array(scratch, struct record, WATCH_PATHS);
    arena_reset(watch->lights);
    for (size_t i = 0; i < schedule->lane_count; i++)
        watch->pulses[i].patience = patience_of(&watch->pulses[i]);
    for (size_t i = 0, end; i < schedule->lane_count; i = end) {
        struct record host = {0};
        for (end = i;
             end < schedule->lane_count && address_equal(schedule->lanes[end].address, schedule->lanes[i].address);
             end++) {
            add_pulse(scratch, &host, &watch->pulses[end]);
            add_hushes(scratch, &host, &watch->pulses[end]);
            add_pulse(scratch, &paths[watch->pulses[end].path], &watch->pulses[end]);
        }
        keep_hushes_of_some(scratch, &host);
        for (size_t j = i; j < end; j++) {
            struct record own = {.hushes.items = host.hushes.items, .hushes.count = host.hushes.count};
            add_pulse(scratch, &own, &watch->pulses[j]);
            hush(scratch, &own);
            watch->pulses[j].light = light_of(watch, &own);
        }
        hush(scratch, &host);
        struct light light = light_of(watch, &host);
        for (size_t j = i; j < end; j++)
            watch->pulses[j].host = light;
    }
    light_paths(watch, scratch, paths);
    arena_free(scratch);
}

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

// By whose beats a try is judged that was sent at a moment.
static const struct light *judge_of(const struct watch *watch, size_t lane, uint64_t sent_us)
{
    const struct pulse *pulse = &watch->pulses[lane];
    return pulse->firm && pulse->light.first != 0 && pulse->light.first <= sent_us ? &pulse->light
           : pulse->known || (pulse->host.first != 0 && pulse->host.first <= sent_us)
               ? &pulse->host
               : &watch->paths[pulse->path].light;
}

bool watch_apart(const struct watch *watch, size_t lane, uint64_t from_us, uint64_t to_us)
{
    const struct light *light = judge_of(watch, lane, to_us);
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

const struct light *watch_light_of(const struct watch *watch, size_t lane)
{
    return judge_of(watch, lane, UINT64_MAX);
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

enum shine watch_shine_rejected(const struct watch *watch, size_t lane, uint64_t sent_us)
{
    const struct light *light = watch_light_of(watch, lane);
    if (!light->by_rejections || light->first == 0 || sent_us < light->first)
        return shine_in(light, sent_us, sent_us);
    return sent_us <= light->last + watch->close_us ? SHINE_LIT : SHINE_PENDING;
}

enum shine watch_shine_all(const struct watch *watch, size_t lane, uint64_t from_us, uint64_t to_us)
{
    const struct light *light = judge_of(watch, lane, from_us);
    if (light->by_rejections)
        return SHINE_DARK; // whoever rejects may stand on this side of where the line is dead
    return light == judge_of(watch, lane, to_us) ? shine_in(light, from_us, to_us) : SHINE_DARK;
}

enum shine watch_shine(const struct watch *watch, size_t lane, uint64_t sent_us)
{
    return sent_us == 0 ? SHINE_DARK : watch_shine_all(watch, lane, sent_us, sent_us);
}
