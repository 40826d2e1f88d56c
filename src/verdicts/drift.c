#include "verdicts/drift.h"

#include "model/protocol.h"

const char *const drift_names[] = {"endpoint-new", "endpoint-gone", "opened",    "outage", "closed",
                                   "changed",      "first-seen",    "not-asked", NULL};

// Walks two sorted sets together, cut so that every piece lies within one verdict of each side, or of one side only.
struct walk {
    const struct verdict_set *sets[2];
    size_t at[2];
    uint32_t from[2]; // first port not walked yet of the verdict at `at`
};

struct piece {
    const struct verdict *sides[2]; // or NULL
    uint16_t low;
    uint16_t high;
};

static const struct verdict *head(const struct walk *walk, int side)
{
    return walk->at[side] < walk->sets[side]->items.count ? &walk->sets[side]->items.items[walk->at[side]] : NULL;
}

static void take(struct walk *walk, int side, uint32_t up_to)
{
    const struct verdict *verdict = head(walk, side);
    walk->from[side] = up_to + 1;
    if (up_to < verdict->high)
        return;
    walk->at[side]++;
    const struct verdict *next = head(walk, side);
    walk->from[side] = next == NULL ? 0 : next->low;
}

static void start(struct walk *walk, const struct verdict_set *a, const struct verdict_set *b)
{
    *walk = (struct walk){.sets = {a, b}};
    for (int side = 0; side < 2; side++) {
        const struct verdict *first = head(walk, side);
        walk->from[side] = first == NULL ? 0 : first->low;
    }
}

static bool next_piece(struct walk *walk, struct piece *piece)
{
    const struct verdict *a = head(walk, 0), *b = head(walk, 1);
    if (a == NULL && b == NULL)
        return false;
    int order = a == NULL ? 1 : b == NULL ? -1 : place_compare(a->address, a->protocol, b->address, b->protocol);
    bool first = order < 0 || (order == 0 && walk->from[0] <= walk->from[1]);
    bool second = order > 0 || (order == 0 && walk->from[1] <= walk->from[0]);
    uint32_t low = walk->from[first ? 0 : 1], high = first ? a->high : b->high;
    if (first && second && b->high < high)
        high = b->high;
    if (order == 0 && first && !second && walk->from[1] <= high)
        high = walk->from[1] - 1;
    if (order == 0 && second && !first && walk->from[0] <= high)
        high = walk->from[0] - 1;
    *piece = (struct piece){{first ? a : NULL, second ? b : NULL}, (uint16_t)low, (uint16_t)high};
    if (first)
        take(walk, 0, high);
    if (second)
        take(walk, 1, high);
    return true;
}

static bool same_state(const struct verdict *a, const struct verdict *b)
{
    return a->kind == b->kind && a->declared == b->declared && a->observed == b->observed;
}

static void add(struct arena *arena, drift_list *list, enum drift_kind kind, const struct piece *piece)
{
    const struct verdict *any = piece->sides[0] != NULL ? piece->sides[0] : piece->sides[1];
    struct drift *last = list->count > 0 ? &list->items[list->count - 1] : NULL;
    bool joins = last != NULL && last->kind == kind && kind >= DRIFT_OPENED &&
                 address_equal(last->address, any->address) && last->protocol == any->protocol &&
                 (uint32_t)last->high + 1 == piece->low && (last->before == NULL) == (piece->sides[0] == NULL) &&
                 (last->after == NULL) == (piece->sides[1] == NULL) &&
                 (last->before == NULL || same_state(last->before, piece->sides[0])) &&
                 (last->after == NULL || same_state(last->after, piece->sides[1]));
    if (joins) {
        last->high = piece->high;
        return;
    }
    *vector_add(arena, list) =
        (struct drift){kind, any->address, any->protocol, piece->low, piece->high, piece->sides[0], piece->sides[1]};
}

static bool is_known(const struct verdict *verdict)
{
    return verdict != NULL && verdict->observed != OBSERVED_UNKNOWN;
}

static void compare(struct arena *arena, drift_list *list, const struct piece *piece)
{
    const struct verdict *before = piece->sides[0], *after = piece->sides[1];
    bool knew = is_known(before), knows = is_known(after);
    if (before != NULL && after != NULL && !verdict_asked_alike(before, after)) {
        compare(arena, list, &(struct piece){{before, NULL}, piece->low, piece->high});
        compare(arena, list, &(struct piece){{NULL, after}, piece->low, piece->high});
        return;
    }
    if (knew != knows) {
        if ((knew ? before : after)->kind != VERDICT_ENFORCED)
            add(arena, list, knew ? DRIFT_NOT_ASKED : DRIFT_FIRST_SEEN, piece);
        return;
    }
    if (!knew || same_state(before, after))
        return;
    bool was = before->observed == OBSERVED_OPEN, is = after->observed == OBSERVED_OPEN;
    enum drift_kind gone = after->outage || verdict_misses_service(after) ? DRIFT_OUTAGE : DRIFT_CLOSED;
    add(arena, list, is && !was ? DRIFT_OPENED : was && !is ? gone : DRIFT_CHANGED, piece);
}

// Whether a set asks anything of an address; sets are sorted by it.
static bool holds(const struct verdict_set *set, struct address address)
{
    size_t low = 0, high = set->items.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = place_compare(set->items.items[middle].address, 0, address, 0);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

void drift_compute(struct arena *arena, const struct verdict_set *before, const struct verdict_set *after,
                   drift_list *list)
{
    struct walk walk;
    struct piece piece;
    struct address last = {0};
    bool any = false;
    start(&walk, before, after);
    while (next_piece(&walk, &piece)) {
        const struct verdict *one = piece.sides[0] != NULL ? piece.sides[0] : piece.sides[1];
        if (!any || !address_equal(last, one->address)) {
            if (piece.sides[0] == NULL && !holds(before, one->address))
                add(arena, list, DRIFT_ENDPOINT_NEW, &piece);
            if (piece.sides[1] == NULL && !holds(after, one->address))
                add(arena, list, DRIFT_ENDPOINT_GONE, &piece);
            last = one->address;
            any = true;
        }
        compare(arena, list, &piece);
    }
}

bool drift_is_open_question(const drift_list *list, const struct drift *drift)
{
    if (drift->kind != DRIFT_NOT_ASKED || drift->before->observed != OBSERVED_OPEN)
        return false;
    for (const struct drift *head = drift; head >= list->items && address_equal(head->address, drift->address); head--)
        if (head->kind == DRIFT_ENDPOINT_GONE)
            return false;
    return true;
}

void drift_since(struct arena *arena, const struct verdict_set *set, const struct verdict_set *baseline,
                 struct verdict_set *fresh, struct drift_known *known)
{
    struct walk walk;
    struct piece piece;
    *fresh = *set;
    fresh->items.items = NULL;
    fresh->items.count = fresh->items.capacity = 0;
    *known = (struct drift_known){0};
    start(&walk, baseline, set);
    while (next_piece(&walk, &piece)) {
        const struct verdict *was = piece.sides[0], *is = piece.sides[1];
        if (is == NULL)
            continue;
        if (was != NULL && verdict_asked_alike(was, is) && same_state(was, is) && is->severity >= was->severity) {
            known->ports += (size_t)(piece.high - piece.low) + 1;
            known->by_severity[is->severity] += (size_t)(piece.high - piece.low) + 1;
            continue;
        }
        struct verdict *kept = vector_add(arena, &fresh->items);
        *kept = *is;
        kept->low = piece.low;
        kept->high = piece.high;
    }
    verdicts_merge(arena, fresh);
}

static const char *state_text(struct arena *arena, const struct verdict *verdict)
{
    return verdict == NULL ? "not asked"
                           : arena_printf(arena, "%s (%s, %s)", verdict_names[verdict->kind],
                                          declared_names[verdict->declared], observed_names[verdict->observed]);
}

const char *drift_place(struct arena *arena, const struct drift *drift)
{
    const char *protocol = protocol_name(arena, drift->protocol);
    if (!protocol_has_ports(drift->protocol))
        return arena_printf(arena, "echo/%s", protocol);
    return arena_printf(arena, "%s/%s", portset_format(arena, portset_of(arena, drift->low, drift->high)), protocol);
}

const char *drift_text(struct arena *arena, const struct drift *drift)
{
    const struct verdict *any = drift->after != NULL ? drift->after : drift->before;
    const char *label = verdict_label(arena, any), *name = label == NULL ? "" : label;
    char address[ADDRESS_TEXT];
    address_format(drift->address, address);
    if (drift->kind < DRIFT_OPENED)
        return arena_printf(arena, "%-13s  %-15s  %s", drift_names[drift->kind], address, name);
    return arena_printf(arena, "%-13s  %-15s  %s  %s\n               %s -> %s", drift_names[drift->kind], address,
                        drift_place(arena, drift), name, state_text(arena, drift->before),
                        state_text(arena, drift->after));
}

static void put_state(struct json_writer *writer, const char *key, const struct verdict *verdict)
{
    if (verdict == NULL) {
        json_put_string(writer, key, NULL);
        return;
    }
    json_open(writer, key, '{');
    json_put_string(writer, "verdict", verdict_names[verdict->kind]);
    json_put_string(writer, "declared", declared_names[verdict->declared]);
    json_put_string(writer, "observed", observed_names[verdict->observed]);
    json_put_string(writer, "severity", severity_names[verdict->severity]);
    json_close(writer, '}');
}

static void put_drift(struct json_writer *writer, struct arena *arena, const struct drift *drift)
{
    const struct verdict *any = drift->after != NULL ? drift->after : drift->before;
    char address[ADDRESS_TEXT];
    address_format(drift->address, address);
    json_open_line(writer, NULL, '{');
    json_put_string(writer, "address", address);
    json_put_string(writer, "eni_id", any->eni_id);
    json_put_string(writer, "instance_id", any->instance_id);
    json_put_string(writer, "name", any->name);
    if (drift->kind >= DRIFT_OPENED) {
        json_put_string(writer, "protocol", protocol_name(arena, drift->protocol));
        if (protocol_has_ports(drift->protocol)) {
            json_put_integer(writer, "from_port", drift->low);
            json_put_integer(writer, "to_port", drift->high);
        }
        put_state(writer, "before", drift->before);
        put_state(writer, "after", drift->after);
    }
    json_close(writer, '}');
}

const char *const drift_lists[] = {"endpoints_new", "endpoints_gone", "opened",    "outages", "closed",
                                   "altered",       "first_seen",     "not_asked", NULL};

void drift_write_json(const drift_list *list, struct json_writer *writer)
{
    struct arena *arena = arena_new();
    for (int kind = 0; kind < DRIFT_KINDS; kind++) {
        json_open(writer, drift_lists[kind], '[');
        for (size_t i = 0; i < list->count; i++, arena_reset(arena))
            if ((int)list->items[i].kind == kind)
                put_drift(writer, arena, &list->items[i]);
        json_close(writer, ']');
    }
    arena_free(arena);
}
