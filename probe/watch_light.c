// The light of lanes, hosts and paths, worked out of what was heard and asked by now.
#include <stdlib.h>

#include "probe/watch.h"

// Asks in vain that say that nobody heard, and how many more may be lost in a row, in so many timeouts, where of at
// least so many asks more than such a share were lost: as many as are by chance so seldom.
enum { LEAST_PATIENCE = 2, MOST_PATIENCE = 12, LEAST_LOST = 12, MOST_TIMEOUTS = 3 };
static const double LOSSY = 0.25, BY_LOSS = 0.02;

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
        if (pulse->asks.items[i].aside)
            continue;
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
    for (size_t i = 0; pulse->firm && i < pulse->asks.count; i++) {
        const struct ask *ask = &pulse->asks.items[i];
        record->heard += ask->answered && !ask->aside;
        if (!ask->answered && !ask->aside)
            *vector_add(arena, &record->vain) = ask->sent_us;
    }
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

static void note_denied(struct watch *watch)
{
    for (size_t path = 0; path < WATCH_PATHS; path++)
        watch->paths[path].denied.count = watch->paths[path].denied.capacity = 0; // `lights` was reset
    for (size_t i = 0; i < watch->schedule->lane_count; i++) {
        const ask_list *asks = &watch->pulses[i].asks;
        for (size_t j = 0; watch->pulses[i].firm && j < asks->count; j++)
            if (asks->items[j].contrary == OBSERVED_REJECTED)
                *vector_add(watch->lights, &watch->paths[watch->pulses[i].path].denied) = asks->items[j].sent_us;
    }
    for (size_t path = 0; path < WATCH_PATHS; path++)
        if (watch->paths[path].denied.count > 1)
            qsort(watch->paths[path].denied.items, watch->paths[path].denied.count, sizeof(uint64_t), by_moment);
}

// What was heard of all that were asked the same way.
static void light_paths(struct watch *watch, struct arena *scratch, struct record *paths)
{
    watch->paths[NO_PATH].light = (struct light){0};
    for (size_t way = WATCH_PATHS; way < WATCH_WAYS; way++)
        watch->ways[way] = light_of(watch, &paths[way]);
    note_denied(watch);
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
    struct record *paths = arena_array(scratch, struct record, WATCH_WAYS);
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
            if (watch->pulses[end].firm && watch->pulses[end].path != NO_PATH)
                add_pulse(scratch, &paths[watch_way(watch, end, true)], &watch->pulses[end]);
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
