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

static int by_place(const void *left, const void *right)
{
    const struct observation *a = left, *b = right;
    int order = place_compare(a->address, a->protocol, b->address, b->protocol);
    return order != 0 ? order : (int)a->low - (int)b->low;
}

// Takes away from a target what is known of it already. False where nothing is left to ask.
static bool rest_of(struct arena *arena, const struct observations *known, struct plan_target *target)
{
    bool ports = protocol_has_ports(target->protocol), answered = false;
    size_t low = 0, high = known->items.count;
    while (low < high) { // the first that is not before the target
        size_t middle = low + (high - low) / 2;
        const struct observation *seen = &known->items.items[middle];
        if (place_compare(seen->address, seen->protocol, target->address, target->protocol) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < known->items.count; low++) {
        const struct observation *seen = &known->items.items[low];
        if (place_compare(seen->address, seen->protocol, target->address, target->protocol) != 0)
            break;
        answered = true;
        if (ports)
            target->ports = portset_subtract(arena, target->ports, portset_of(arena, seen->low, seen->high));
    }
    return ports ? !portset_is_empty(target->ports) : !answered;
}

// How good a sentinel a known port is: open ones are, and closed ones of TCP; hosts limit the errors that say so of
// UDP.
static int worth_of(const struct observation *seen)
{
    return seen->state == OBSERVED_OPEN ? 2 : seen->state == OBSERVED_CLOSED && seen->protocol == PROTOCOL_TCP ? 1 : 0;
}

// What is known to answer at the hosts that are asked, and at some others of each family: asked again to see whether
// the way is alive.
static void add_spares(struct arena *arena, const struct observations *known, struct plan *rest)
{
    enum { OTHERS = 3 };
    struct map asked = {0};
    size_t others[2] = {0, 0};
    for (size_t i = 0; i < rest->targets.count; i++) {
        char text[ADDRESS_TEXT];
        address_format(rest->targets.items[i].address, text);
        map_put(arena, &asked, arena_strdup(arena, text), rest);
    }
    for (size_t from = 0, to; from < known->items.count && asked.count > 0; from = to) {
        const struct observation *first = &known->items.items[from], *best = first;
        for (to = from; to < known->items.count; to++) {
            const struct observation *one = &known->items.items[to];
            if (place_compare(one->address, one->protocol, first->address, first->protocol) != 0)
                break;
            best = worth_of(one) > worth_of(best) ? one : best;
        }
        char text[ADDRESS_TEXT];
        address_format(first->address, text);
        size_t *other = &others[first->address.family == FAMILY_IPV6];
        bool ours = map_get(&asked, text) != NULL;
        if (worth_of(best) == 0 || (!ours && *other >= OTHERS))
            continue;
        *other += !ours;
        *vector_add(arena, &rest->targets) = (struct plan_target){
            .address = best->address,
            .protocol = best->protocol,
            .ports = protocol_has_ports(best->protocol) ? portset_of(arena, best->low, best->low) : portset_empty,
            .client_ports = portset_all,
            .spare = true};
    }
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
    qsort(known->items.items, known->items.count, sizeof(struct observation), by_place);
    memset(&rest->targets, 0, sizeof(rest->targets));
    for (size_t i = 0; i < plan->targets.count; i++) {
        struct plan_target target = plan->targets.items[i];
        if (rest_of(arena, known, &target))
            *vector_add(arena, &rest->targets) = target;
    }
    add_spares(arena, known, rest);
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
    qsort(known->items.items, known->items.count, sizeof(struct observation), by_place);
    return write_state(state, &(struct observations){0}, error);
}
