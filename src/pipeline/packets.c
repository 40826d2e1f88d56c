#include "pipeline/packets.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "pipeline/planning.h"
#include "pipeline/readings.h"
#include "model/protocol.h"

// What of the summary the packets do not tell.
static const char *const claimed[] = {"seconds", "method", "seed", "passes", "dropped", "services", NULL};

// Reading an organisation takes hours at most, what follows the packets (services, another reading) a day and hours.
enum { LONGEST_BEFORE_S = 24 * 3600, LONGEST_AFTER_S = 48 * 3600 };

struct comparison {
    struct arena *arena;
    const char *path; // observations.jsonl
    const char *bytes;
    size_t length;
    const char *capture; // capture.pcap
    long tries;          // it was probed with
    long timeout_ms;
    double longest_s; // that its seconds may be
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
        if (!text_among(member->string, claimed) && (other == NULL || !cJSON_Compare(member, other, true)))
            return member->string;
    }
    cJSON_ArrayForEach (member, told)
        if (!text_among(member->string, claimed) && cJSON_GetObjectItemCaseSensitive(derived, member->string) == NULL)
            return member->string;
    return NULL;
}

static bool is_count(const cJSON *node, double least, double most)
{
    return cJSON_IsNumber(node) && node->valuedouble >= least && node->valuedouble <= most &&
           node->valuedouble == (double)(int64_t)node->valuedouble;
}

// The summary as it is told: of packets, and what of it the maker alone can say.
static bool is_written_so(const struct probe_summary *derived, const struct probe_services *services, const cJSON *told,
                          const char *line, size_t length)
{
    struct probe_summary summary = *derived;
    struct text text = {0};
    summary.seconds = json_find(told, "seconds")->valuedouble;
    summary.method = json_find(told, "method")->valuestring;
    summary.seed = (uint64_t)json_find(told, "seed")->valuedouble;
    summary.passes = (unsigned)json_find(told, "passes")->valuedouble;
    summary.dropped = (size_t)json_find(told, "dropped")->valuedouble;
    summary.services = *services;
    summary.services.told = json_find(told, "services") != NULL;
    const char *sources[] = {cJSON_GetStringValue(json_find(told, "vantage_ipv4")),
                             cJSON_GetStringValue(json_find(told, "vantage_ipv6"))};
    if (summary.vantage4[0] == '\0' && sources[0] != NULL) // nothing left
        snprintf(summary.vantage4, sizeof(summary.vantage4), "%s", sources[0]);
    if (summary.vantage6[0] == '\0' && sources[1] != NULL)
        snprintf(summary.vantage6, sizeof(summary.vantage6), "%s", sources[1]);
    probe_summary_write(&summary, &text);
    bool same = text.length == length && memcmp(text.bytes, line, length) == 0;
    text_free(&text);
    return same;
}

// What no packet tells must at least be possible; what was counted of services is in the lines.
static const char *claim_difference(const struct comparison *comparison, const cJSON *told,
                                    const struct observations *lines)
{
    // What asks a port again is bounded (probe/watch.h, MOST_TRIES), and so are passes; seeds are of 32 bits.
    static const struct {
        const char *name;
        double least, most;
    } counts[] = {{"dropped", 0, 1LL << 53}, {"passes", 0, 1000}, {"seed", 1, UINT32_MAX}};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        if (!is_count(json_find(told, counts[i].name), counts[i].least, counts[i].most))
            return counts[i].name;
    const cJSON *seconds = json_find(told, "seconds"), *method = json_find(told, "method");
    if (!cJSON_IsNumber(seconds) || !(seconds->valuedouble >= 0 && seconds->valuedouble < comparison->longest_s))
        return "seconds";
    if (!cJSON_IsString(method) || strcmp(method->valuestring, "syn") != 0) // the other one keeps no packets
        return "method";
    struct probe_services services = probe_services_of(comparison->arena, lines);
    const cJSON *told_services = cJSON_GetObjectItemCaseSensitive(told, "services");
    if (told_services == NULL)
        return services.identified + services.unknown + services.not_identified > 0 ? "services" : NULL;
    struct text text = {0};
    struct error ignored;
    probe_services_write(&services, &text);
    cJSON *again = json_parse("services", text.bytes, text.length, &ignored);
    bool same = again != NULL && cJSON_Compare(told_services, again, true);
    cJSON_Delete(again);
    text_free(&text);
    return same ? NULL : "services";
}

// A pass asks a port once at most, and a port that answered is not asked in passes but as a sentinel: one that was
// asked more often, and answered nothing, has lost its answers.
static const char *passes_difference(struct arena *arena, const cJSON *told, const struct probe_silent *silent)
{
    const cJSON *passes = json_find(told, "passes");
    char address[ADDRESS_TEXT];
    if (!cJSON_IsNumber(passes) || (double)silent->tries <= passes->valuedouble)
        return NULL;
    address_format(silent->address, address);
    return arena_printf(arena,
                        "capture.pcap: asks %s %s %u %u times, and holds no answer of it: in %.0f passes "
                        "(observations.jsonl: summary.passes) only what answered is asked so often",
                        address, protocol_name(arena, silent->protocol), silent->port, silent->tries,
                        passes->valuedouble);
}

static const char *summary_difference(const struct comparison *comparison, size_t lines,
                                      const struct observations *seen, const struct probe_summary *summary)
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
    const char *claim = member == NULL ? claim_difference(comparison, summary_of(told), seen) : NULL;
    struct probe_services services = probe_services_of(comparison->arena, seen);
    bool written = member != NULL || claim != NULL || !one_line ||
                   is_written_so(summary, &services, summary_of(told), rest, (size_t)(end - rest));
    const char *lost = member != NULL || claim != NULL || summary->stray != 0 // which is told first
                           ? NULL
                           : passes_difference(comparison->arena, summary_of(told), &summary->silent);
    const char *wrong =
        !one_line ? "observations.jsonl: holds lines that the packets do not tell, or no summary at its end"
        : member != NULL
            ? arena_printf(comparison->arena, "observations.jsonl: summary.%s: the packets say otherwise", member)
        : !written      ? "observations.jsonl: summary: is not written as its values are"
        : claim != NULL ? arena_printf(comparison->arena,
                                       "observations.jsonl: summary.%s: cannot be, or the lines say otherwise", claim)
                        : lost;
    cJSON_Delete(told);
    cJSON_Delete(again);
    text_free(&derived);
    return wrong;
}

// The day of the first packet; where there is none, on which the run began.
static bool is_day_of(const char *day, const struct frames *frames, struct arena *arena, const char *begin)
{
    const char *moment = frames->first_us == 0 ? begin : clock_text(arena, frames->first_us);
    return strlen(day) == strlen("YYYY-MM-DD") && strncmp(day, moment, strlen(day)) == 0;
}

// Packets were sent and heard while the run went on, by the ports and at the rates that it tells; it had begun not long
// before the first of them, and exceptions were judged on the day of that.
static const char *frames_wrong(struct comparison *comparison, const struct checked_bundle *bundle,
                                const struct plan *plan, struct error *error)
{
    const struct manifest *manifest = &bundle->manifest;
    struct arena *arena = comparison->arena;
    struct frames_claims claims = {.plan = plan, .rate = manifest->rate, .host_rate = manifest->host_rate};
    struct frames frames;
    if (!clock_moment(manifest->claims.begin, &claims.begin_us) || !clock_moment(manifest->claims.end, &claims.end_us))
        return NULL; // told already
    // Where it ended before it began, that is told of its frames.
    comparison->longest_s = (double)(claims.end_us - claims.begin_us) / 1e6 + CLOCKS_DIFFER_S;
    const char *wrong = frames_difference(arena, comparison->capture, &claims, &frames, error);
    if (wrong != NULL || error->code != 0)
        return wrong;
    const char *first = clock_text(arena, frames.first_us);
    if (!is_day_of(manifest->judged_on, &frames, arena, manifest->claims.begin))
        return arena_printf(arena, "manifest.json: judged_on: \"%s\" is not the day on which the first packet left, %s",
                            manifest->judged_on, frames.first_us == 0 ? "or else the run began" : first);
    if (frames.first_us == 0)
        return NULL;
    if (frames.asked && manifest->vantages.count == 0)
        return "manifest.json: vantages: there are none, and packets left from somewhere";
    if (frames.first_us > claims.begin_us + LONGEST_BEFORE_S * 1000000ULL)
        return arena_printf(arena, "manifest.json: claims: begin: %s is more than a day before the first packet, %s",
                            manifest->claims.begin, first);
    if (claims.end_us > frames.last_us + LONGEST_AFTER_S * 1000000ULL)
        return arena_printf(arena, "manifest.json: claims: end: %s is more than two days after the last packet, %s",
                            manifest->claims.end, clock_text(arena, frames.last_us));
    return readings_packets_difference(arena, bundle, frames.first_us, frames.last_us);
}

// What the packets tell otherwise than the lines.
static const char *difference(const struct comparison *comparison, const struct plan *plan, enum check_state *state)
{
    struct arena *arena = comparison->arena;
    struct error error = {0};
    struct probe_summary summary;
    struct observations told = {0}, replayed = {0};
    size_t lines;
    if (!observations_read(arena, comparison->path, &told, &error) ||
        !probe_replay(arena, plan, comparison->capture, comparison->tries, comparison->timeout_ms, &told, &replayed,
                      &summary, &error)) {
        *state = error.code == ERROR_INCOMPLETE ? CHECK_NOT_DONE : CHECK_WRONG;
        return arena_strdup(arena, error.message);
    }
    take_services(&told, &replayed);
    const char *wrong = line_difference(comparison, &replayed, &lines);
    wrong = wrong != NULL ? wrong : summary_difference(comparison, lines, &told, &summary);
    if (wrong == NULL && summary.stray != 0)
        wrong = arena_printf(
            arena,
            "capture.pcap: frame %u asks what was not planned, or so often as no probe does, or answers what "
            "was not asked before it: no probe keeps such a packet",
            summary.stray);
    return wrong;
}

// The same, once the file is read; NULL where nothing differs.
static const char *differs(struct comparison *comparison, const struct plan *plan, enum check_state *state)
{
    struct error error = {0};
    char *bytes = file_read(comparison->path, &comparison->length, &error);
    comparison->bytes = bytes;
    *state = error.code == ERROR_INCOMPLETE ? CHECK_NOT_DONE : CHECK_WRONG;
    const char *wrong =
        bytes == NULL ? arena_strdup(comparison->arena, error.message) : difference(comparison, plan, state);
    free(bytes);
    return wrong;
}

void packets_check(struct checks *checks, const struct checked_bundle *bundle, const struct plan *plan)
{
    struct comparison comparison = {.arena = checks->arena,
                                    .path = arena_printf(checks->arena, "%s/observations.jsonl", bundle->folder),
                                    .capture = arena_printf(checks->arena, "%s/capture.pcap", bundle->folder),
                                    .tries = bundle->manifest.tries,
                                    .timeout_ms = bundle->manifest.timeout_ms};
    struct error error = {0};
    enum check_state state = CHECK_WRONG;
    if (manifest_file(&bundle->manifest, "capture.pcap") == NULL) {
        check_add(checks, "capture", CHECK_NOT_DONE, "no packets were kept: the states observed are not vouched for");
        return;
    }
    const char *wrong = frames_wrong(&comparison, bundle, plan, &error);
    if (wrong == NULL && error.code != 0) {
        state = error.code == ERROR_INCOMPLETE ? CHECK_NOT_DONE : CHECK_WRONG;
        wrong = error.message;
    }
    wrong = wrong != NULL ? wrong : differs(&comparison, plan, &state);
    if (wrong == NULL)
        check_add(checks, "capture", CHECK_GOOD,
                  "every question of the plan is answered as the packets say, and nothing else is told");
    else
        check_add(checks, "capture", state, "%s", wrong);
}

// ---- Seen from inside

// What was asked: the plan, and the canaries that the capture names. With how many tries, either says.
static bool asked_inside(struct comparison *comparison, const struct inside_given *given, struct plan *plan,
                         struct error *error)
{
    struct arena *arena = comparison->arena;
    struct probe_captured captured = {0};
    size_t length;
    char *text = file_read(given->plan, &length, error);
    bool good = text != NULL && plan_read(arena, given->plan, text, length, plan, error);
    free(text);
    GUARD(good && probe_captured_read(arena, given->capture, &captured, error));
    comparison->tries = captured.tries > 0 ? captured.tries : plan->tries;
    comparison->timeout_ms = captured.tries > 0 ? captured.timeout_ms : plan->timeout_ms;
    for (size_t i = 0; i < captured.canaries.count; i++)
        GUARD(planning_add_canary(arena, captured.canaries.items[i], plan, error));
    return (comparison->tries >= 1 && comparison->timeout_ms >= 1) ||
           error_set(error, ERROR_USAGE, "%s: does not say with which --tries and --timeout it was probed",
                     given->capture);
}

const char *packets_inside_difference(struct arena *arena, const struct inside_given *given, uint64_t end_us,
                                      struct frames *frames, enum check_state *state)
{
    struct comparison comparison = {.arena = arena, .path = given->observations, .capture = given->capture};
    struct plan plan = {0};
    struct error error = {0};
    struct frames_claims claims = {.plan = &plan, .end_us = end_us, .of_probe = true};
    *frames = (struct frames){0};
    const char *wrong = NULL;
    if (asked_inside(&comparison, given, &plan, &error))
        wrong = frames_difference(arena, given->capture, &claims, frames, &error);
    *state = error.code == ERROR_INCOMPLETE ? CHECK_NOT_DONE : CHECK_WRONG;
    if (error.code != 0)
        return arena_strdup(arena, error.message);
    comparison.longest_s = (double)(frames->last_us - frames->first_us) / 1e6 + LONGEST_AFTER_S;
    return wrong != NULL ? wrong : differs(&comparison, &plan, state);
}
