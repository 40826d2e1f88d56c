// Our own formats, which others may have written, and what people write for us.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "evidence/check.h"
#include "evidence/remembered.h"
#include "model/answered.h"
#include "model/verdict.h"
#include "probe/probe.h"
#include "rules/controls/controls.h"
#include "rules/intent/intent.h"
#include "targets.h"

void fuzz_plan(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct plan plan = {0}, again = {0};
    struct text out = {0};
    char *text = arena_strndup(arena, (const char *)data, size);
    if (!plan_read(arena, "fuzz", text, size, &plan, &error) || plan.targets.count == 0)
        return;
    plan_write(&plan, &out);
    if (!plan_read(arena, "again", out.bytes, out.length, &again, &error) || again.targets.count != plan.targets.count)
        abort(); // parse ∘ write = id
    text_free(&out);
}

static const char targets[] =
    "198.51.100.10 tcp 1-65535\n198.51.100.10 udp 53\n198.51.100.10 icmp\n2001:db8::1 tcp 1-1024\n";

void fuzz_observations(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct observations observations = {0};
    struct plan plan = {0}, rest = {0};
    if (!observations_read(arena, as_file(data, size), &observations, &error))
        return;
    observations_sort(&observations); // as the state of a probe that is gone on with
    if (!plan_read(arena, "targets", targets, strlen(targets), &plan, &error))
        abort();
    probe_rest(arena, &plan, &observations, &rest);
}

void fuzz_verdicts(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct verdict_set set = {0};
    verdicts_read(arena, as_file(data, size), &set, &error);
}

void fuzz_intent(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    intent_read(arena, as_file(data, size), &error);
}

// CIDRs, addresses and port lists: what is taken prints as what is read again the same.
void fuzz_cidr(struct arena *arena, const uint8_t *data, size_t size)
{
    char text[ADDRESS_TEXT], *line = arena_strndup(arena, (const char *)data, size), *next;
    for (; line != NULL; line = next) {
        struct prefix prefix, again;
        struct portset ports, ports_again;
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        if (prefix_parse(line, true, &prefix) == PREFIX_OK) {
            prefix_format(prefix, text);
            if (prefix_parse(text, false, &again) != PREFIX_OK || again.first != prefix.first ||
                again.length != prefix.length || again.family != prefix.family)
                abort();
        }
        if (portset_parse(arena, line, &ports) &&
            (!portset_parse(arena, portset_format(arena, ports), &ports_again) || !portset_equal(ports, ports_again)) &&
            !portset_is_empty(ports))
            abort();
    }
}

static void fuzz_answered(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct answered answered = {0}, again = {0};
    struct text out = {0}, twice = {0};
    if (!answered_read(arena, as_file(data, size), &answered, &error))
        return;
    answered_write(&answered, &out);
    if (!answered_read(arena, as_file((const uint8_t *)out.bytes, out.length), &again, &error))
        abort();
    answered_write(&again, &twice);
    if (out.length != twice.length || memcmp(out.bytes, twice.bytes, out.length) != 0)
        abort(); // read ∘ write = id
    text_free(&out);
    text_free(&twice);
}

void fuzz_remembered(struct arena *arena, const uint8_t *data, size_t size)
{
    fuzz_answered(arena, data, size); // of one schema or the other
    struct error error = {0};
    run_records runs = {0}, again = {0};
    struct text out = {0}, twice = {0};
    if (!remembered_read(arena, as_file(data, size), &runs, &error))
        return;
    remembered_write(&runs, &out);
    if (!remembered_read(arena, as_file((const uint8_t *)out.bytes, out.length), &again, &error))
        abort();
    remembered_write(&again, &twice);
    if (out.length != twice.length || memcmp(out.bytes, twice.bytes, out.length) != 0)
        abort(); // read ∘ write = id
    text_free(&out);
    text_free(&twice);
}

void fuzz_pack(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    pack_parse(arena, "fuzz", (const char *)data, size, &error);
}

void fuzz_controls(struct arena *arena, const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct control_report report = {0};
    struct text out = {0};
    if (!controls_read(arena, as_file(data, size), &report, &error))
        return;
    controls_write_json(&report, &out);
    must_be_json(&out);
    text_free(&out);
}

// Two texts of one file, with a zero byte between them.
void fuzz_difference(struct arena *arena, const uint8_t *data, size_t size)
{
    static const char *const paths[] = {"verdicts.json", "observations.jsonl", "report.html"};
    const uint8_t *middle = memchr(data, 0, size);
    size_t first = middle == NULL ? size : (size_t)(middle - data), second = middle == NULL ? 0 : size - first - 1;
    const char *there = arena_strndup(arena, (const char *)data, first);
    const char *derived = arena_strndup(arena, middle == NULL ? "" : (const char *)middle + 1, second);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const char *place = check_difference(arena, paths[i], there, first, derived, second);
        if ((place == NULL) != (first == second && memcmp(there, derived, first) == 0))
            abort();
    }
}
