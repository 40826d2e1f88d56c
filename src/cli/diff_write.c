#include "cli/diff_write.h"

#include "base/json.h"
#include "cli/exposure_text.h"
#include "model/flow_change.h"
#include "model/protocol.h"
#include "verdicts/drift.h"
#include "report/report.h"

static const char *const titles[] = {"opened", "closed", "altered"};

static enum family family_of(const struct change *change)
{
    return change->endpoint != NULL ? change->endpoint->address.family : change->indirect->family;
}

// ---- JSON

static void put_change(struct json_writer *writer, struct arena *arena, const struct forecast *forecast,
                       const struct change_piece *piece, uint16_t low, uint16_t high)
{
    const struct change *change = &piece->change;
    json_open_line(writer, NULL, '{');
    json_put_string(writer, "address", change_address(arena, piece));
    json_put_string(writer, "eni_id", piece->eni_id);
    json_put_string(writer, "instance_id", piece->instance_id);
    json_put_string(writer, "name", piece->name);
    json_put_boolean(writer, "indirect", change->endpoint == NULL);
    exposure_put_numbers(writer, change->protocol_low, change->protocol_high, low, high);
    exposure_put_reach(writer, arena, family_of(change),
                       &(struct exposure){.sources = change->sources,
                                          .internet = change->internet,
                                          .path = change->path,
                                          .certainty = change->certainty});
    if (forecast->gates) {
        json_put_string(writer, "severity", severity_names[piece->severity]);
        json_put_string(writer, "why", piece->why);
    }
    reasons_put(writer, arena, "causes", &change->causes);
    if (forecast->planned)
        change_put_resources(writer, &piece->resources, true);
    json_close(writer, '}');
}

static void put_texts(struct json_writer *writer, const char *key, const text_list *list)
{
    json_put_strings(writer, key, list->items, list->count);
}

void diff_write_json(const struct forecast *forecast, const struct diff_names *names, struct text *out)
{
    struct arena *arena = arena_new();
    struct json_writer writer = json_writer_to(out);
    json_open(&writer, NULL, '{');
    json_put_string(&writer, "schema", "sgproof/diff/v1");
    json_put_string(&writer, "of", "states");
    json_put_string(&writer, "before", names->before);
    json_put_string(&writer, "after", names->after);
    put_texts(&writer, "missing_before", &names->missing_before);
    put_texts(&writer, "missing_after", &names->missing_after);
    put_texts(&writer, "not_considered", &forecast->not_considered);
    put_texts(&writer, "unknown", &forecast->unknown);
    put_texts(&writer, "public_places", &forecast->public_places);
    if (forecast->gates) {
        json_put_string(&writer, "fail_on", severity_names[forecast->least]);
        json_put_integer(&writer, "findings", (int64_t)forecast->findings);
    }
    for (int kind = CHANGE_OPENED; kind <= CHANGE_ALTERED; kind++) {
        json_open(&writer, titles[kind], '[');
        for (size_t i = 0; i < forecast->pieces.count; i++, arena_reset(arena)) {
            const struct change_piece *piece = &forecast->pieces.items[i];
            const struct change *change = &piece->change;
            struct port_range rectangles[3];
            size_t count = exposure_rectangles(change->protocol_low, change->low, change->high, rectangles);
            for (size_t r = 0; r < count && (int)change->kind == kind; r++)
                put_change(&writer, arena, forecast, piece, rectangles[r].low, rectangles[r].high);
        }
        json_close(&writer, ']');
    }
    static const struct flow_changes not_compared = {0};
    flow_changes_put(&writer, forecast->flows == NULL ? &not_compared : forecast->flows, forecast->gates,
                     forecast->planned);
    for (int kind = 0; kind < DRIFT_KINDS; kind++) // that only runs have
        if (kind != DRIFT_OPENED && kind != DRIFT_CLOSED && kind != DRIFT_CHANGED)
            json_put_strings(&writer, drift_lists[kind], NULL, 0);
    json_close(&writer, '}');
    json_end_document(&writer);
    arena_free(arena);
}

// ---- Text

static void put_judgement(struct arena *arena, const struct forecast *forecast, const struct change_piece *piece,
                          struct text *out)
{
    if (forecast->gates && piece->severity < SEVERITY_INFO)
        text_printf(out, "  [%s%s%s]", severity_names[piece->severity], piece->why == NULL ? "" : ": ",
                    report_clean(arena, piece->why));
}

static void put_line(struct arena *arena, const struct forecast *forecast, const struct change_piece *piece,
                     struct text *out)
{
    const struct change *change = &piece->change;
    struct exposure like = {.protocol_low = change->protocol_low,
                            .protocol_high = change->protocol_high,
                            .low = change->low,
                            .high = change->high};
    text_printf(out, "%-8s %-15s %s %s  %s from %s%s%s%s%s", titles[change->kind], change_address(arena, piece),
                exposure_protocol(arena, &like), cli_numbers(arena, &like), report_clean(arena, change_label(piece)),
                prefixset_brief(arena, family_of(change), change->sources),
                change->path == PATH_INBOUND_ONLY ? "  [inbound-only]" : "",
                change->certainty == CERTAINTY_POSSIBLE ? "  [possible]" : "",
                change->internet ? "" : "  [not internet]",
                change->endpoint != NULL       ? ""
                : change->indirect->by_service ? arena_printf(arena, "  [behind %s]", change->indirect->load_balancer)
                                               : "  [behind a load balancer]");
    put_judgement(arena, forecast, piece, out);
    text_puts(out, "\n");
    for (size_t c = 0; c < change->causes.count; c++)
        text_printf(out, "         %s\n", report_clean(arena, reason_brief(arena, change->causes.items[c])));
    for (size_t i = 0; i < piece->resources.count; i++)
        text_printf(out, "         by %s\n", report_clean(arena, report_resource(arena, &piece->resources.items[i])));
}

void diff_write_text(const struct forecast *forecast, bool all, struct text *out)
{
    struct arena *arena = arena_new();
    size_t counts[3] = {0}, hidden = 0;
    for (size_t i = 0; i < forecast->pieces.count; i++, arena_reset(arena)) {
        const struct change_piece *piece = &forecast->pieces.items[i];
        if (!piece->change.internet && !all) {
            hidden++;
            continue;
        }
        counts[piece->change.kind]++;
        put_line(arena, forecast, piece, out);
    }
    if (forecast->flows != NULL)
        report_flows_text(forecast->flows, forecast->gates, out);
    for (size_t i = 0; i < forecast->unknown.count; i++)
        text_printf(out, "UNKNOWN  %s\n", report_clean(arena, forecast->unknown.items[i]));
    for (size_t i = 0; i < forecast->public_places.count; i++)
        text_printf(out, "PUBLIC   without an interface, %s\n", report_clean(arena, forecast->public_places.items[i]));
    for (size_t i = 0; i < forecast->not_considered.count; i++)
        text_printf(out, "not considered: %s\n", report_clean(arena, forecast->not_considered.items[i]));
    text_printf(out, "%zu opened, %zu closed, %zu altered\n", counts[CHANGE_OPENED], counts[CHANGE_CLOSED],
                counts[CHANGE_ALTERED]);
    if (forecast->flows == NULL) {
        text_puts(out, "inside and outwards: not compared, a side holds no network\n");
    } else {
        const char *flows = report_flow_counts(arena, forecast->flows);
        text_printf(out, "inside and outwards, by %s: %s%s\n", forecast->flows->by, flows,
                    flows[0] != '\0'                                            ? ""
                    : forecast->complete && forecast->flows->missing.count == 0 ? "nothing moves"
                                                                                : "nothing is known to move");
    }
    if (forecast->gates)
        text_printf(out, "%zu at or above %s\n", forecast->findings, severity_names[forecast->least]);
    if (hidden > 0)
        text_printf(out, "%zu changes that no internet source can use are shown with --verbose\n", hidden);
    arena_free(arena);
}
