#include "cli/probe_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "model/protocol.h"

static const char *digest_of(struct arena *arena, const struct plan *plan)
{
    struct text text = {0};
    char digest[DIGEST_TEXT];
    plan_write(plan, &text);
    digest_sha256(text.bytes == NULL ? "" : text.bytes, text.length, digest);
    text_free(&text);
    return arena_strdup(arena, digest);
}

static bool same_place(const struct observation *seen, const struct plan_target *target)
{
    return seen->protocol == target->protocol && address_equal(seen->address, target->address);
}

bool state_read(struct arena *arena, const char *file, const struct plan *plan, struct observations *known,
                struct plan *rest, struct error *error)
{
    *rest = *plan;
    if (access(file, F_OK) != 0 && errno == ENOENT)
        return true;
    if (!observations_read(arena, file, known, error))
        return false;
    if (known->plan_sha256 == NULL || strcmp(known->plan_sha256, digest_of(arena, plan)) != 0)
        return error_set(error, ERROR_USAGE, "%s: is the state of another plan; nothing was sent", file);
    memset(&rest->targets, 0, sizeof(rest->targets));
    for (size_t i = 0; i < plan->targets.count; i++) {
        struct plan_target target = plan->targets.items[i];
        bool ports = protocol_has_ports(target.protocol), answered = false;
        for (size_t k = 0; k < known->items.count; k++) {
            const struct observation *seen = &known->items.items[k];
            if (!same_place(seen, &target))
                continue;
            answered = true;
            if (ports)
                target.ports = portset_subtract(arena, target.ports, portset_of(arena, seen->low, seen->high));
        }
        if (ports ? !portset_is_empty(target.ports) : !answered)
            *vector_add(arena, &rest->targets) = target;
    }
    return true;
}

static int by_place(const void *left, const void *right)
{
    const struct observation *a = left, *b = right;
    int order = place_compare(a->address, a->protocol, b->address, b->protocol);
    return order != 0 ? order : (int)a->low - (int)b->low;
}

bool state_merge(struct arena *arena, const char *file, const struct plan *plan, const struct observations *fresh,
                 struct observations *known, struct probe_summary *summary, struct error *error)
{
    struct text out = {0};
    struct json_writer writer = json_writer_to(&out);
    for (size_t i = 0; i < known->items.count; i++)
        summary->by_state[known->items.items[i].state] +=
            (size_t)(known->items.items[i].high - known->items.items[i].low) + 1;
    for (size_t i = 0; i < fresh->items.count; i++)
        *vector_add(arena, &known->items) = fresh->items.items[i];
    qsort(known->items.items, known->items.count, sizeof(struct observation), by_place);
    json_open_line(&writer, NULL, '{');
    json_put_string(&writer, "plan_sha256", digest_of(arena, plan));
    json_close(&writer, '}');
    json_end_document(&writer);
    for (size_t i = 0; i < known->items.count; i++)
        if (known->items.items[i].state != OBSERVED_UNKNOWN)
            observation_write(&known->items.items[i], &out);
    bool good = file_write(file, out.bytes, out.length, error);
    text_free(&out);
    return good;
}
