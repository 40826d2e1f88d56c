#include "cli/probe_state.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"

static const char *digest_of(struct arena *arena, const struct plan *plan)
{
    struct text text = {0};
    char digest[DIGEST_TEXT];
    plan_write(plan, &text);
    digest_sha256(text.bytes == NULL ? "" : text.bytes, text.length, digest);
    text_free(&text);
    return arena_strdup(arena, digest);
}

bool state_read(struct arena *arena, struct probe_state *state, const struct plan *plan, struct plan *rest,
                struct error *error)
{
    *rest = *plan;
    state->plan_sha256 = digest_of(arena, plan);
    if (access(state->file, F_OK) != 0 && errno == ENOENT)
        return true;
    struct observations *known = state->known;
    if (!observations_read(arena, state->file, known, error))
        return false;
    if (known->plan_sha256 == NULL || strcmp(known->plan_sha256, state->plan_sha256) != 0)
        return error_set(error, ERROR_USAGE, "%s: is the state of another plan; nothing was sent", state->file);
    observations_sort(known);
    probe_rest(arena, plan, known, rest);
    return true;
}

static void write_known(const struct observations *known, struct text *out)
{
    for (size_t i = 0; i < known->items.count; i++)
        if (known->items.items[i].state != OBSERVED_UNKNOWN)
            observation_write(&known->items.items[i], out);
}

// What was known, and `fresh` after it.
static bool write_state(const struct probe_state *state, const struct observations *fresh, struct error *error)
{
    struct text out = {0};
    struct json_writer writer = json_writer_to(&out);
    json_open_line(&writer, NULL, '{');
    json_put_string(&writer, "plan_sha256", state->plan_sha256);
    const struct observations *of = fresh->capture_frames > 0 ? fresh : state->known;
    if (of->capture_frames > 0) {
        json_put_integer(&writer, "capture_frames", (int64_t)of->capture_frames);
        json_put_integer(&writer, "capture_bytes", (int64_t)of->capture_bytes);
    }
    json_close(&writer, '}');
    json_end_document(&writer);
    write_known(state->known, &out);
    write_known(fresh, &out);
    bool good = file_write(state->file, out.bytes, out.length, error);
    text_free(&out);
    return good;
}

bool state_keep(void *state, const struct observations *fresh, struct error *error)
{
    return write_state(state, fresh, error);
}

bool state_merge(struct arena *arena, const struct probe_state *state, const struct observations *fresh,
                 struct probe_summary *summary, struct error *error)
{
    struct observations *known = state->known;
    for (size_t i = 0; i < known->items.count; i++)
        summary->by_state[known->items.items[i].state] +=
            (size_t)(known->items.items[i].high - known->items.items[i].low) + 1;
    for (size_t i = 0; i < fresh->items.count; i++)
        *vector_add(arena, &known->items) = fresh->items.items[i];
    observations_sort(known);
    if (fresh->capture_frames > 0) {
        known->capture_frames = fresh->capture_frames;
        known->capture_bytes = fresh->capture_bytes;
    }
    return write_state(state, &(struct observations){0}, error);
}
