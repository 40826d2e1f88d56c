#include "cli/packets.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "model/protocol.h"

// What of the summary the packets do not tell.
static const char *const claims[] = {"seconds", "method", "seed", "passes", "dropped", "services", NULL};

struct comparison {
    struct arena *arena;
    const struct checked_bundle *bundle;
    const char *path; // observations.jsonl
    const char *bytes;
    size_t length;
};

// Services are asked for by connections of their own, after the capture.
static void take_services(const struct observations *told, struct observations *replayed)
{
    size_t at = 0;
    for (size_t i = 0; i < replayed->items.count; i++) {
        struct observation *one = &replayed->items.items[i];
        for (; at < told->items.count; at++) {
            const struct observation *other = &told->items.items[at];
            int order = place_compare(other->address, other->protocol, one->address, one->protocol);
            if (order > 0 || (order == 0 && other->low > one->low))
                break;
            if (order == 0 && other->low == one->low && other->high == one->high && one->state == OBSERVED_OPEN)
                one->service = other->service;
        }
    }
}

// What differs in a line of the file, in words; NULL where nothing does. Ends the lines at `lines`.
static const char *line_difference(const struct comparison *comparison, const struct observations *replayed,
                                   size_t *lines)
{
    struct arena *arena = comparison->arena;
    const char *line = comparison->bytes, *end = comparison->bytes + comparison->length;
    struct text derived = {0};
    const char *wrong = NULL;
    for (size_t i = 0; i < replayed->items.count && wrong == NULL; i++) {
        derived.length = 0;
        observation_write(&replayed->items.items[i], &derived);
        if ((size_t)(end - line) >= derived.length && memcmp(line, derived.bytes, derived.length) == 0) {
            line += derived.length;
            continue;
        }
        size_t shown = derived.length > 0 ? derived.length - 1 : 0;
        wrong =
            arena_printf(arena, "observations.jsonl: line %zu: the packets say %.*s", i + 1, (int)shown, derived.bytes);
    }
    text_free(&derived);
    *lines = (size_t)(line - comparison->bytes);
    return wrong;
}

static const cJSON *summary_of(const cJSON *root)
{
    return root == NULL || root->child == NULL || root->child->next != NULL
               ? NULL
               : cJSON_GetObjectItemCaseSensitive(root, "summary");
}

// The first member of the summaries that differs and is no claim.
static const char *member_difference(const cJSON *told, const cJSON *derived)
{
    const cJSON *member;
    if (told == NULL || derived == NULL)
        return "summary";
    cJSON_ArrayForEach (member, derived) {
        const cJSON *other = cJSON_GetObjectItemCaseSensitive(told, member->string);
        if (cJSON_IsNull(member) && strncmp(member->string, "vantage_", strlen("vantage_")) == 0)
            continue; // nothing left, so nothing rests on where from
        if (!text_among(member->string, claims) && (other == NULL || !cJSON_Compare(member, other, true)))
            return member->string;
    }
    cJSON_ArrayForEach (member, told)
        if (!text_among(member->string, claims) && cJSON_GetObjectItemCaseSensitive(derived, member->string) == NULL)
            return member->string;
    return NULL;
}

static const char *summary_difference(const struct comparison *comparison, size_t lines,
                                      const struct probe_summary *summary)
{
    struct text derived = {0};
    struct error ignored;
    probe_summary_write(summary, &derived);
    const char *rest = comparison->bytes + lines, *end = comparison->bytes + comparison->length;
    const char *newline = memchr(rest, '\n', (size_t)(end - rest));
    bool one_line = newline != NULL && newline + 1 == end;
    cJSON *told = one_line ? json_parse(comparison->path, rest, (size_t)(end - rest), &ignored) : NULL;
    cJSON *again = json_parse(comparison->path, derived.bytes, derived.length, &ignored);
    const char *member = member_difference(summary_of(told), summary_of(again));
    const char *wrong =
        !one_line ? "observations.jsonl: holds lines that the packets do not tell, or no summary at its end"
        : member != NULL
            ? arena_printf(comparison->arena, "observations.jsonl: summary.%s: the packets say otherwise", member)
            : NULL;
    cJSON_Delete(told);
    cJSON_Delete(again);
    text_free(&derived);
    return wrong;
}

// Packets were sent and heard while the run went on.
static const char *time_difference(const struct comparison *comparison, const struct probe_summary *summary)
{
    const struct manifest *manifest = &comparison->bundle->manifest;
    int64_t begin, end;
    if (summary->first_us == 0 || !clock_parse(manifest->claims.begin, &begin) ||
        !clock_parse(manifest->claims.end, &end))
        return NULL; // told already
    uint64_t first = summary->first_us / 1000000, last = summary->last_us / 1000000;
    if (begin <= (int64_t)first && (int64_t)last <= end)
        return NULL;
    bool early = (int64_t)first < begin;
    return arena_printf(comparison->arena, "capture.pcap: a packet of %s, %s the run, which is said to have %s %s",
                        clock_text(comparison->arena, early ? summary->first_us : summary->last_us),
                        early ? "before" : "after", early ? "begun" : "ended",
                        early ? manifest->claims.begin : manifest->claims.end);
}

static const char *difference(struct comparison *comparison, const struct plan *plan, enum check_state *state,
                              size_t *seams)
{
    const struct manifest *manifest = &comparison->bundle->manifest;
    struct arena *arena = comparison->arena;
    struct error error = {0};
    struct probe_summary summary;
    struct observations told = {0}, replayed = {0};
    size_t lines;
    const char *capture = arena_printf(arena, "%s/capture.pcap", comparison->bundle->folder);
    if (!observations_read(arena, comparison->path, &told, &error) ||
        !probe_replay(arena, plan, capture, manifest->tries, manifest->timeout_ms, &told, &replayed, &summary,
                      &error)) {
        *state = error.code == ERROR_INCOMPLETE ? CHECK_NOT_DONE : CHECK_WRONG;
        return arena_strdup(arena, error.message);
    }
    take_services(&told, &replayed);
    const char *wrong = line_difference(comparison, &replayed, &lines);
    wrong = wrong != NULL ? wrong : summary_difference(comparison, lines, &summary);
    if (wrong == NULL && summary.stray != 0)
        wrong = arena_printf(
            arena,
            "capture.pcap: frame %u asks what was not planned, or so often as no probe does, or answers what "
            "was not asked before it: no probe keeps such a packet",
            summary.stray);
    *seams = summary.seams;
    return wrong != NULL ? wrong : time_difference(comparison, &summary);
}

void packets_check(struct checks *checks, const struct checked_bundle *bundle, const struct plan *plan)
{
    struct comparison comparison = {.arena = checks->arena, .bundle = bundle};
    struct error error = {0};
    if (manifest_file(&bundle->manifest, "capture.pcap") == NULL) {
        check_add(checks, "capture", CHECK_NOT_DONE, "no packets were kept: the states observed are not vouched for");
        return;
    }
    comparison.path = arena_printf(checks->arena, "%s/observations.jsonl", bundle->folder);
    char *bytes = file_read(comparison.path, &comparison.length, &error);
    comparison.bytes = bytes;
    enum check_state state = error.code == ERROR_INCOMPLETE ? CHECK_NOT_DONE : CHECK_WRONG;
    size_t seams = 0;
    const char *wrong = bytes == NULL ? error.message : difference(&comparison, plan, &state, &seams);
    if (wrong == NULL && seams > 0)
        check_add(checks, "capture", CHECK_GOOD,
                  "every question of the plan is answered as the packets say, and nothing else is told; the probe was "
                  "stopped and gone on with %zu time%s: what it did not know by then counts only as sign of life",
                  seams, seams == 1 ? "" : "s");
    else if (wrong == NULL)
        check_add(checks, "capture", CHECK_GOOD,
                  "every question of the plan is answered as the packets say, and nothing else is told");
    else
        check_add(checks, "capture", state, "%s", wrong);
    free(bytes);
}
