#include "model/change.h"

#include <stdlib.h>

#include "model/flow_change.h"
#include "model/protocol.h"

const char *const outcome_names[] = {"not-in-force", "unplanned",  "not-done", "elsewhere",
                                     "unverified",   "as-planned", NULL};
const char *const change_kind_names[] = {"opened", "closed", "altered", NULL};

static enum family family_of(const struct change *change)
{
    return change->endpoint != NULL ? change->endpoint->address.family : change->indirect->family;
}

// ---- Order

// A rule is one cause wherever it came or went, whatever other groups an interface has.
static int by_cause(const struct reason *a, const struct reason *b)
{
    int orders[] = {(int)a->stage - (int)b->stage, (int)a->form - (int)b->form, (a->id == NULL) - (b->id == NULL)};
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
        if (orders[i] != 0)
            return orders[i];
    int order = a->id == NULL ? 0 : strcmp(a->id, b->id);
    if (order != 0 || a->form != REASON_SAYS || (a->stage == REASON_GROUP && a->id != NULL))
        return order;
    return strcmp(a->text, b->text);
}

static int by_causes(const reason_list *a, const reason_list *b)
{
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    int order = 0;
    for (size_t i = 0; i < a->count && order == 0; i++)
        order = by_cause(a->items[i], b->items[i]);
    return order;
}

static struct address place_of(const struct change_piece *piece)
{
    const struct change *change = &piece->change;
    if (change->endpoint != NULL)
        return (struct address){change->endpoint->address.family, change->endpoint->address.first};
    return change->indirect != NULL ? change->indirect->private_address : piece->address;
}

static int by_group(const struct change_piece *a, const struct change_piece *b)
{
    int orders[] = {(int)a->worst - (int)b->worst,
                    (a->outcome == OUTCOME_ELSEWHERE) - (b->outcome == OUTCOME_ELSEWHERE),
                    (int)a->change.kind - (int)b->change.kind, by_causes(&a->change.causes, &b->change.causes)};
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
        if (orders[i] != 0)
            return orders[i];
    return 0;
}

static int by_order(const void *left, const void *right)
{
    const struct change_piece *a = left, *b = right;
    int order = by_group(a, b);
    if (order != 0)
        return order;
    if (a->outcome != b->outcome)
        return (int)a->outcome - (int)b->outcome;
    order = address_compare(place_of(a), place_of(b));
    if (order == 0)
        order = protocol_compare(a->change.protocol_low, b->change.protocol_low);
    if (order == 0)
        order = (int)a->change.low - (int)b->change.low;
    return order != 0 ? order : prefixset_compare(a->change.sources, b->change.sources);
}

change_resource_list change_group_resources(struct arena *arena, const struct change_report *report, size_t piece)
{
    change_resource_list all = {0};
    for (size_t i = piece; i < report->pieces.count && (i == piece || !change_begins_group(report, i)); i++) {
        const change_resource_list *own = &report->pieces.items[i].resources;
        for (size_t r = 0; r < own->count; r++) {
            bool known = false;
            for (size_t k = 0; k < all.count && !known; k++)
                known = strcmp(all.items[k].address, own->items[r].address) == 0;
            if (!known)
                *vector_add(arena, &all) = own->items[r];
        }
    }
    return all;
}

void change_report_settle(struct change_report *report)
{
    struct change_piece *pieces = report->pieces.items;
    size_t count = report->pieces.count;
    memset(report->count, 0, sizeof(report->count));
    for (size_t i = 0; i < count; i++) {
        report->count[pieces[i].outcome]++;
        pieces[i].worst = OUTCOME_NOT_IN_FORCE; // all alike at first
    }
    if (count > 1)
        qsort(pieces, count, sizeof(*pieces), by_order);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && by_group(&pieces[i], &pieces[end]) == 0;)
            end++;
        for (size_t one = i; one < end; one++)
            pieces[one].worst = pieces[i].outcome;
    }
    if (count > 1)
        qsort(pieces, count, sizeof(*pieces), by_order);
}

bool change_begins_group(const struct change_report *report, size_t piece)
{
    return piece == 0 || by_group(&report->pieces.items[piece - 1], &report->pieces.items[piece]) != 0;
}

// ---- A forecast

bool forecast_is_finding(const struct forecast *forecast, const struct change_piece *piece)
{
    bool unexpected_closing = piece->change.kind == CHANGE_CLOSED && piece->severity == SEVERITY_INFO;
    return forecast->gates && piece->change.internet && !unexpected_closing && piece->severity <= forecast->least;
}

struct change_report forecast_groups(struct arena *arena, const struct forecast *forecast)
{
    struct change_report report = {.complete = forecast->complete};
    for (size_t i = 0; i < forecast->pieces.count; i++) {
        struct change_piece piece = forecast->pieces.items[i];
        piece.outcome = forecast_is_finding(forecast, &piece) ? OUTCOME_UNPLANNED : OUTCOME_AS_PLANNED;
        if (piece.change.internet)
            *vector_add(arena, &report.pieces) = piece;
    }
    change_report_settle(&report);
    return report;
}

// ---- Words

const char *change_address(struct arena *arena, const struct change_piece *piece)
{
    char text[ADDRESS_TEXT];
    if (piece->change.endpoint != NULL)
        endpoint_address(piece->change.endpoint, text);
    else
        address_format(place_of(piece), text);
    return arena_strdup(arena, text);
}

const char *change_ports(struct arena *arena, const struct change_piece *piece)
{
    const struct change *change = &piece->change;
    const struct exposure like = {.protocol_low = change->protocol_low, .protocol_high = change->protocol_high};
    const char *protocol = exposure_protocol(arena, &like);
    if (protocol_has_ports(change->protocol_low))
        return arena_printf(arena, "%s/%s", portset_format(arena, portset_of(arena, change->low, change->high)),
                            protocol);
    if (!protocol_is_icmp(change->protocol_low))
        return arena_printf(arena, "protocol %s", protocol);
    return change->endpoint == NULL && change->indirect == NULL ? arena_printf(arena, "echo/%s", protocol)
           : change->low == 0 && change->high == PORT_LAST
               ? protocol
               : arena_printf(arena, "%s type %d", protocol, change->low >> 8);
}

void change_put_resources(struct json_writer *writer, const change_resource_list *resources, bool places)
{
    json_open(writer, "resources", '[');
    for (size_t i = 0; i < resources->count; i++) {
        const struct change_resource *one = &resources->items[i];
        json_open(writer, NULL, '{');
        json_put_string(writer, "address", one->address);
        if (places)
            json_put_string(writer, "file", one->file);
        if (places && one->file != NULL)
            json_put_integer(writer, "line", (int64_t)one->line);
        json_close(writer, '}');
    }
    json_close(writer, ']');
}

const char *change_label(const struct change_piece *piece)
{
    return piece->name != NULL ? piece->name : piece->eni_id != NULL ? piece->eni_id : "";
}

const char *change_sources(struct arena *arena, const struct change_piece *piece)
{
    const struct change *change = &piece->change;
    return change->endpoint == NULL && change->indirect == NULL
               ? ""
               : prefixset_brief(arena, family_of(change), change->sources);
}

// ---- The document

static void put_piece(struct json_writer *writer, struct arena *arena, const struct change_piece *piece, uint16_t low,
                      uint16_t high)
{
    const struct change *change = &piece->change;
    bool declared = change->endpoint != NULL || change->indirect != NULL;
    json_open_line(writer, NULL, '{');
    if (piece->why != NULL) {
        json_put_string(writer, "outcome", outcome_names[piece->outcome]);
        json_put_string(writer, "why", piece->why);
    } else {
        json_put_string(writer, "change", change_kind_names[piece->change.kind]);
    }
    json_put_string(writer, "address", change_address(arena, piece));
    json_put_string(writer, "eni_id", piece->eni_id);
    json_put_string(writer, "instance_id", piece->instance_id);
    json_put_string(writer, "name", piece->name);
    json_put_boolean(writer, "indirect", change->indirect != NULL);
    change_put_resources(writer, &piece->resources, false);
    if (declared || protocol_has_ports(change->protocol_low))
        exposure_put_numbers(writer, change->protocol_low, change->protocol_high, low, high);
    else
        json_put_string(writer, "protocol", protocol_name(arena, change->protocol_low));
    if (declared)
        exposure_put_reach(writer, arena, family_of(change),
                           &(struct exposure){.sources = change->sources,
                                              .internet = change->internet,
                                              .path = change->path,
                                              .certainty = change->certainty});
    json_open(writer, "observed", '{');
    json_put_string(writer, "before", piece->before);
    json_put_string(writer, "after", piece->after);
    json_close(writer, '}');
    json_close(writer, '}');
}

static void put_rectangles(struct json_writer *writer, struct arena *arena, const struct change_piece *piece)
{
    struct port_range rectangles[3] = {{piece->change.low, piece->change.high}};
    size_t count = exposure_rectangles(piece->change.protocol_low, piece->change.low, piece->change.high, rectangles);
    for (size_t r = 0; r < count; r++)
        put_piece(writer, arena, piece, rectangles[r].low, rectangles[r].high);
}

void change_outcomes_put(const struct change_report *report, struct json_writer *writer)
{
    json_open(writer, "outcomes", '{');
    for (int outcome = 0; outcome < OUTCOMES; outcome++)
        json_put_integer(writer, outcome_names[outcome], (int64_t)report->count[outcome]);
    json_close(writer, '}');
}

void change_report_write_json(const struct change_report *report, struct text *out)
{
    struct json_writer writer = json_writer_to(out);
    struct arena *arena = arena_new();
    json_open(&writer, NULL, '{');
    json_put_string(&writer, "schema", "sgproof/change/v1");
    json_put_boolean(&writer, "complete", report->complete);
    json_put_string(&writer, "vantage", report->vantage);
    json_put_boolean(&writer, "planned", report->planned);
    json_put_boolean(&writer, "answers_before", report->answers_before);
    change_outcomes_put(report, &writer);
    json_put_strings(&writer, "missing", report->missing.items, report->missing.count);
    json_open(&writer, "not_internet", '[');
    for (size_t i = 0; i < report->aside.count; i++, arena_reset(arena))
        put_rectangles(&writer, arena, &report->aside.items[i]);
    json_close(&writer, ']');
    static const struct flow_changes not_compared = {0};
    flow_changes_put(&writer, report->flows == NULL ? &not_compared : report->flows, true, false);
    json_open(&writer, "groups", '[');
    for (size_t i = 0; i < report->pieces.count; i++, arena_reset(arena)) {
        const struct change_piece *piece = &report->pieces.items[i];
        if (change_begins_group(report, i)) {
            if (i > 0) {
                json_close(&writer, ']');
                json_close(&writer, '}');
            }
            json_open_line(&writer, NULL, '{');
            json_put_string(&writer, "change", change_kind_names[piece->change.kind]);
            reasons_put(&writer, arena, "causes", &piece->change.causes);
            json_open(&writer, "pieces", '[');
        }
        put_rectangles(&writer, arena, piece);
    }
    if (report->pieces.count > 0) {
        json_close(&writer, ']');
        json_close(&writer, '}');
    }
    json_close(&writer, ']');
    json_close(&writer, '}');
    json_end_document(&writer);
    arena_free(arena);
}
