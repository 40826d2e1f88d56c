#include <errno.h>
#include <stdlib.h>

#include "cli/confine.h"
#include "base/file.h"
#include "base/log.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/vantage.h"
#include "cli/places.h"
#include "pipeline/merge_captures.h"
#include "pipeline/planning.h"
#include "model/protocol.h"
#include "model/shard.h"
#include "probe/summary.h"
#include "pipeline/file_kind.h"

static const struct option_spec options_of_merge[] = {
    {"plan", 0, "FILE", "the whole plan: each of its ports must be told, and no other", false},
    {"captures", 0, "FILE", "capture of one of the files, in their order", true},
    {"capture", 0, "FILE", "write these captures here as one", false},
    OPTIONS_END,
};

// What goes together, and what it comes to.
struct merging {
    struct arena *arena;
    text_list vantages; // of the files, where several asked the same port: each is kept apart
    struct observations all;
    struct probe_summary summary;
    const char *vantage[2]; // of each family; NULL: none, or several
    bool several[2];
    struct map accepting;
};

static long number_of(const cJSON *summary, const char *key)
{
    const cJSON *node = json_find(summary, key);
    return cJSON_IsNumber(node) ? (long)node->valuedouble : 0;
}

static void add_canaries(struct merging *merging, const cJSON *list)
{
    const cJSON *node;
    cJSON_ArrayForEach (node, list) {
        struct probe_canary one = {.port = (uint16_t)number_of(node, "port")};
        struct probe_canary *there = NULL;
        if (!address_parse(json_find(node, "address")->valuestring, &one.address))
            continue;
        for (size_t i = 0; i < merging->summary.canaries.count && there == NULL; i++)
            if (merging->summary.canaries.items[i].port == one.port &&
                address_equal(merging->summary.canaries.items[i].address, one.address))
                there = &merging->summary.canaries.items[i];
        if (there == NULL) {
            there = vector_add(merging->arena, &merging->summary.canaries);
            *there = one;
        }
        there->asked += (size_t)number_of(node, "asked");
        there->answered += (size_t)number_of(node, "answered");
    }
}

// Of a summary line, which observations_read has found to be one; the others are observations.
static bool add_summary(void *context, size_t line, const struct json_cursor *at, struct error *error)
{
    struct merging *merging = context;
    struct probe_summary *sum = &merging->summary;
    const cJSON *summary = json_find(at->node, "summary"), *node;
    (void)line;
    (void)error;
    if (summary == NULL)
        return true;
    sum->sent += (size_t)number_of(summary, "sent");
    sum->received += (size_t)number_of(summary, "received");
    sum->late += (size_t)number_of(summary, "late");
    sum->dropped += (size_t)number_of(summary, "dropped");
    unsigned passes = (unsigned)number_of(summary, "passes");
    sum->passes = passes > sum->passes ? passes : sum->passes;
    node = json_find(summary, "seconds");
    if (cJSON_IsNumber(node) && node->valuedouble > sum->seconds)
        sum->seconds = node->valuedouble;
    node = json_find(json_find(summary, "sentinels"), "unknown_for_want_of_them");
    sum->unearned += cJSON_IsNumber(node) ? (size_t)node->valuedouble : 0;
    sum->services.told = sum->services.told || json_find(summary, "services") != NULL;
    add_canaries(merging, json_find(summary, "canaries"));
    cJSON_ArrayForEach (node, json_find(summary, "accepting_everything"))
        map_put(merging->arena, &merging->accepting, arena_strdup(merging->arena, node->valuestring), merging);
    return true;
}

static void note_vantage(struct merging *merging, int side, const char *address)
{
    if (address == NULL || merging->several[side])
        return;
    merging->several[side] = merging->vantage[side] != NULL && strcmp(merging->vantage[side], address) != 0;
    merging->vantage[side] = merging->several[side] ? NULL : address;
}

// The vantage of a file: the addresses that its probe asked from, joined; "" where it asked from none.
static const char *vantage_of_file(struct arena *arena, const struct observations *one)
{
    const char *four = one->vantage4 == NULL ? "" : one->vantage4, *six = one->vantage6 == NULL ? "" : one->vantage6;
    return arena_printf(arena, "%s%s%s", four, four[0] != '\0' && six[0] != '\0' ? ", " : "", six);
}

static bool add_file(struct merging *merging, const char *file, struct observations *one, uint32_t frames,
                     bool captured, struct error *error)
{
    GUARD(json_each_line_of(file, add_summary, merging, error));
    struct probe_summary *sum = &merging->summary;
    const char *vantage = merging->vantages.count > 0 ? vantage_of_file(merging->arena, one) : NULL;
    for (size_t i = 0; i < one->items.count; i++) {
        struct observation *item = vector_add(merging->arena, &merging->all.items);
        *item = one->items.items[i];
        item->vantage = vantage;
        sum->by_state[item->state] += (size_t)(item->high - item->low) + 1;
        if (!captured) { // numbers of frames of a file that is not here say nothing
            item->frames.count = 0;
            item->frame_count = 0;
        }
        for (size_t f = 0; f < item->frames.count; f++)
            item->frames.items[f] += frames;
    }
    sum->asks += (size_t)one->sentinels.asked;
    sum->asks_answered += (size_t)one->sentinels.answered;
    if (one->sentinels.longest_gap > sum->longest_gap)
        sum->longest_gap = one->sentinels.longest_gap;
    sum->interrupted = sum->interrupted || one->interrupted;
    if (one->method != NULL)
        sum->method = sum->method == NULL || strcmp(sum->method, one->method) == 0
                          ? one->method
                          : arena_printf(merging->arena, "%s, %s", sum->method, one->method);
    note_vantage(merging, 0, one->vantage4);
    note_vantage(merging, 1, one->vantage6);
    return true;
}

static void conclude(struct merging *merging)
{
    struct probe_summary *sum = &merging->summary;
    char *into[2] = {sum->vantage4, sum->vantage6};
    for (int side = 0; side < 2; side++)
        if (merging->vantage[side] != NULL)
            snprintf(into[side], ADDRESS_TEXT, "%s", merging->vantage[side]);
    size_t unearned = sum->unearned;
    summary_count_unasked(merging->arena, &merging->all, sum);
    sum->unearned = unearned;
    if (sum->services.told)
        sum->services = probe_services_of(merging->arena, &merging->all);
    map_slots accepting = map_sorted(merging->arena, &merging->accepting);
    for (size_t i = 0; i < accepting.count; i++) {
        struct address address;
        if (address_parse(accepting.items[i]->key, &address))
            *vector_add(merging->arena, &sum->accepting) = address;
    }
}

static bool fail_at(struct address address, int protocol, struct portset ports, const char *what, struct error *error)
{
    struct arena *arena = arena_new();
    char text[ADDRESS_TEXT];
    address_format(address, text);
    error_set(error, ERROR_USAGE, "%s %s%s%s: %s", text, protocol_name(arena, protocol),
              protocol_has_ports(protocol) ? " " : "", protocol_has_ports(protocol) ? portset_format(arena, ports) : "",
              what);
    arena_free(arena);
    return false;
}

static int by_place(const void *left, const void *right)
{
    const struct plan_target *a = left, *b = right;
    return place_compare(a->address, a->protocol, b->address, b->protocol);
}

// Whether observations from `at` to `end`, by place, tell of each port of a plan and of no other.
static bool are_of_plan(struct arena *arena, const struct plan *plan, const struct observation *at,
                        const struct observation *end, struct error *error)
{
    for (size_t i = 0; i < plan->targets.count;) {
        const struct plan_target *target = &plan->targets.items[i];
        struct portset wanted = portset_empty, told = portset_empty;
        size_t asked = 0, heard = 0;
        for (; i < plan->targets.count && by_place(target, &plan->targets.items[i]) == 0; i++) {
            if (plan->targets.items[i].canary)
                continue;
            asked++;
            wanted = portset_union(arena, wanted, plan->targets.items[i].ports);
        }
        for (; at < end; at++, heard++) {
            int order = place_compare(at->address, at->protocol, target->address, target->protocol);
            if (order > 0)
                break;
            struct portset ports = portset_of(arena, at->low, at->high);
            if (order < 0)
                return fail_at(at->address, at->protocol, ports, "is told, and the plan does not ask it", error);
            told = protocol_has_ports(at->protocol) ? portset_union(arena, told, ports) : told;
        }
        struct portset lacks = portset_subtract(arena, wanted, told), more = portset_subtract(arena, told, wanted);
        if (!portset_is_empty(lacks) || (asked > 0 && heard == 0))
            return fail_at(target->address, target->protocol, lacks, "the plan asks it, and no file tells of it",
                           error);
        if (!portset_is_empty(more) || (asked == 0 && heard > 0))
            return fail_at(target->address, target->protocol, more, "is told, and the plan does not ask it", error);
    }
    return at == end || fail_at(at->address, at->protocol, portset_of(arena, at->low, at->high),
                                "is told, and the plan does not ask it", error);
}

// Whether the observations, by vantage and place, tell of each port of a plan and of no other: each vantage of all.
static bool holds_plan(struct arena *arena, const char *file, const struct observations *all, struct error *error)
{
    struct plan plan = {0};
    size_t length;
    char *text = file_read(file, &length, error);
    bool good = text != NULL && plan_read(arena, file, text, length, &plan, error);
    free(text);
    GUARD(good);
    if (plan.shard.of != 0)
        return error_set(error, ERROR_USAGE, "%s: is a shard, expected the whole plan", file);
    if (plan.targets.count > 0)
        qsort(plan.targets.items, plan.targets.count, sizeof(struct plan_target), by_place);
    const struct observation *from = all->items.items, *end = vector_end(&all->items);
    do {
        const struct observation *to = from;
        while (to < end && text_same(to->vantage, from->vantage))
            to++;
        GUARD(are_of_plan(arena, &plan, from, to, error));
        from = to;
    } while (from < end);
    return true;
}

// Each port once: of two files that tell of one, the error names both.
static bool expect_apart(const struct observations *all, struct error *error)
{
    for (size_t i = 1; i < all->items.count; i++) {
        const struct observation *one = &all->items.items[i], *before = one - 1;
        if (text_same(before->vantage, one->vantage) &&
            place_compare(before->address, before->protocol, one->address, one->protocol) == 0 &&
            before->high >= one->low) {
            struct portset both = {0};
            struct arena *arena = arena_new();
            both = portset_of(arena, one->low, before->high < one->high ? before->high : one->high);
            fail_at(one->address, one->protocol, both, "two files tell of it, expected each port once", error);
            arena_free(arena);
            return false;
        }
    }
    return true;
}

// Whether files tell of the same port.
static bool overlap(struct arena *arena, const struct observations *files, size_t count)
{
    struct observations all = {0};
    bool twice = false;
    for (size_t i = 0; i < count; i++)
        for (size_t o = 0; o < files[i].items.count; o++)
            *vector_add(arena, &all.items) = files[i].items.items[o];
    observations_sort(&all);
    for (size_t i = 1; i < all.items.count && !twice; i++) {
        const struct observation *one = &all.items.items[i], *before = one - 1;
        twice = place_compare(before->address, before->protocol, one->address, one->protocol) == 0 &&
                before->high >= one->low;
    }
    return twice;
}

// The vantages of files of which several tell of the same port; none where each port is told of once.
static text_list vantages_of(struct arena *arena, const struct observations *files, size_t count)
{
    struct arena *scratch = arena_new();
    text_list vantages = {0};
    for (size_t i = 0; i < count; i++)
        text_list_add(arena, &vantages, vantage_of_file(arena, &files[i]));
    if (vantages.count == 1 || !overlap(scratch, files, count))
        vantages = (text_list){0};
    arena_free(scratch);
    return vantages;
}

// Whether the files of one vantage (NULL: all of them) are all the shards of a plan, or --plan is to tell.
static bool are_whole(struct arena *arena, const struct options *options, const struct observations *files,
                      const char *vantage, struct error *error)
{
    size_t count = 0;
    const struct shard **shards = arena_array(arena, const struct shard *, options->operands.count);
    const char **names = arena_array(arena, const char *, options->operands.count), *whole = NULL;
    for (size_t i = 0; i < options->operands.count; i++) {
        if (vantage != NULL && strcmp(vantage_of_file(arena, &files[i]), vantage) != 0)
            continue;
        shards[count] = &files[i].shard;
        names[count++] = options->operands.items[i];
        whole = whole == NULL && files[i].shard.of == 0 ? options->operands.items[i] : whole;
    }
    if (whole == NULL)
        return shards_whole(shards, names, count, error);
    return (vantage != NULL && count == 1) || options_value(options, "plan") != NULL ||
           error_set(error, ERROR_USAGE,
                     "%s: does not say which shard it is, so that nothing tells whether one is missing: give "
                     "the whole plan, --plan FILE",
                     whole);
}

static bool read_all(struct arena *arena, const struct options *options, struct observations *files,
                     text_list *vantages, struct error *error)
{
    size_t count = options->operands.count;
    for (size_t i = 0; i < count; i++) {
        const char *file = options->operands.items[i];
        GUARD(observations_read(arena, file, &files[i], error));
        if (!files[i].has_summary)
            return error_set(error, ERROR_USAGE, "%s: has no summary: its probe did not end", file);
        GUARD(observations_settle(&files[i], file, error));
    }
    *vantages = vantages_of(arena, files, count);
    for (size_t i = 0; i < vantages->count; i++)
        GUARD(are_whole(arena, options, files, vantages->items[i], error));
    return vantages->count > 0 || are_whole(arena, options, files, NULL, error);
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct merging merging = {.arena = arena};
    bool done;
    if (!cli_options(arena, &command_merge, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    size_t count = options.operands.count;
    const struct option_values *captures = options_values(&options, "captures");
    const char *capture = options_value(&options, "capture"), *plan = options_value(&options, "plan");
    if (count == 0)
        return cli_usage(&command_merge, "expected files of observations");
    if ((capture != NULL) != (captures->items.count > 0) || (capture != NULL && captures->items.count != count))
        return cli_usage(
            &command_merge,
            "captures go together into --capture FILE: give --captures FILE once for each file of observations");
    const char *output = options_value(&options, "output");
    if (capture != NULL && output != NULL && strcmp(capture, output) == 0)
        return cli_usage(&command_merge, "--capture and --output are the same: expected two files");
    for (size_t i = 0; i < count; i++)
        if (!file_kind_may_be(options.operands.items[i], "observations", "observations", &error))
            return cli_fail(&error);
    if (capture != NULL && !place_may_write(capture, &error))
        return cli_fail(&error);
    struct observations *files = arena_array(arena, struct observations, count);
    uint32_t *frames = arena_array(arena, uint32_t, count + 1);
    if (!read_all(arena, &options, files, &merging.vantages, &error) ||
        (capture != NULL && !captures_count(captures->items.items, count, frames, &error)))
        return cli_fail(&error);
    for (size_t i = 0; i < count; i++)
        if (!add_file(&merging, options.operands.items[i], &files[i], frames[i], capture != NULL, &error))
            return cli_fail(&error);
    observations_sort(&merging.all);
    if (!expect_apart(&merging.all, &error) || (plan != NULL && !holds_plan(arena, plan, &merging.all, &error)) ||
        (capture != NULL && !captures_join(captures->items.items, count, capture, &error)))
        return cli_fail(&error);
    conclude(&merging);
    struct text out = {0};
    for (size_t i = 0; i < merging.all.items.count; i++)
        observation_write(&merging.all.items.items[i], &out);
    probe_summary_write(&merging.summary, &out);
    bool written = cli_output(&options, &out, &error);
    text_free(&out);
    if (!written)
        return cli_fail(&error);
    planning_say_probed(&merging.summary);
    return merging.summary.by_state[OBSERVED_UNKNOWN] > 0 || merging.summary.interrupted ? ERROR_INCOMPLETE : 0;
}

const struct command command_merge = {
    .name = "merge",
    .summary = "Joins the observations of several shards into those of one probe; refuses gaps and overlaps.",
    .usage = "OBSERVATIONS... [--plan PLAN] [--captures FILE... --capture FILE]",
    .notes =
        "Each file says which shard of which plan it is (probe --shard, plan --shard): all must be there, each once, "
        "of one plan. --plan holds the whole against the plan, port by port; files that are no shards need it.\n"
        "Where several vantages asked the same ports, each is kept apart, and must be whole by itself: `reconcile` "
        "judges each.\n"
        "Captures are put one behind the other; the frames that observations name are counted through.\n"
        "Exit status: 0 all known; 2 a gap, an overlap or bad input, nothing was written; 3 something is unknown, or "
        "a probe was interrupted.\n"
        "\nExamples:\n"
        "  sgproof merge shard-*.jsonl -o observations.jsonl\n"
        "  sgproof merge a.jsonl b.jsonl --plan plan.jsonl -o observations.jsonl\n",
    .options = options_of_merge,
    .run = run,
};
