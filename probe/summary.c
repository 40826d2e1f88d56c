#include "probe/summary.h"

#include <string.h>

#include "model/protocol.h"
#include "model/shard.h"

static void count_canaries(struct arena *arena, const struct ledger *ledger, struct probe_summary *summary)
{
    const struct schedule *schedule = ledger->schedule;
    for (size_t s = 0; s < schedule->span_count; s++) {
        const struct span *span = &schedule->spans[s];
        if (!schedule->targets[span->target].canary)
            continue;
        struct probe_canary *canary = vector_add(arena, &summary->canaries);
        *canary = (struct probe_canary){.address = schedule->lanes[span->lane].address, .port = span->low};
        const ask_list *asks = &ledger->watch.pulses[span->lane].asks;
        for (size_t a = 0; a < asks->count; a++)
            if (asks->items[a].question == span->first) {
                canary->asked++;
                canary->answered += asks->items[a].answered;
            }
    }
}

static void count_reason(struct arena *arena, unasked_list *list, const char *reason, size_t count)
{
    size_t at = 0;
    while (at < list->count && strcmp(list->items[at].reason, reason) != 0)
        at++;
    if (at == list->count)
        vector_add(arena, list)->reason = reason;
    list->items[at].count += count;
}

// The longest time between two answers of one path, or between its last one and the last packet that was sent to it.
static uint64_t longest_gap(const struct ledger *ledger)
{
    uint64_t gap = watch_longest_gap(&ledger->watch);
    for (size_t i = 0; i < ledger->schedule->lane_count; i++) {
        const struct light *path = &ledger->watch.paths[ledger->watch.pulses[i].path].light;
        const ask_list *asks = &ledger->watch.pulses[i].asks;
        uint64_t last = ledger->standings[i].last_sent_us;
        last = asks->count > 0 && asks->items[asks->count - 1].sent_us > last ? asks->items[asks->count - 1].sent_us
                                                                              : last;
        if (path->first != 0 && last > path->last && last - path->last > gap)
            gap = last - path->last;
    }
    return gap;
}

void summary_count(struct arena *arena, const struct ledger *ledger, const struct observations *observations,
                   struct probe_summary *summary)
{
    summary->sent = ledger->sent;
    summary->received = ledger->received;
    for (size_t i = 0; i < ledger->schedule->lane_count; i++) {
        const ask_list *asks = &ledger->watch.pulses[i].asks;
        for (size_t a = 0; a < asks->count; a++) {
            summary->asks += !asks->items[a].aside;
            summary->asks_answered += asks->items[a].answered && !asks->items[a].aside;
        }
    }
    count_canaries(arena, ledger, summary);
    summary->longest_gap = (double)longest_gap(ledger) / 1e6;
    for (size_t i = 0; i < ledger->schedule->lane_count; i++)
        summary->late += ledger->standings[i].late;
    summary_count_unasked(arena, observations, summary);
}

void summary_count_unasked(struct arena *arena, const struct observations *observations, struct probe_summary *summary)
{
    for (size_t i = 0; i < observations->items.count; i++) {
        const struct observation *item = &observations->items.items[i];
        size_t ports = (size_t)(item->high - item->low) + 1;
        if (item->state != OBSERVED_UNKNOWN)
            continue;
        summary->unearned += strncmp(item->reason, "local:", 6) == 0 || summary->interrupted ? 0 : ports;
        count_reason(arena, &summary->unasked, item->reason, ports);
    }
}

void summary_count_services(struct arena *arena, const struct observations *observations, struct probe_summary *summary)
{
    struct probe_services *services = &summary->services;
    services->told = true;
    for (size_t i = 0; i < observations->items.count; i++) {
        const struct observation *item = &observations->items.items[i];
        size_t ports = (size_t)(item->high - item->low) + 1;
        if (item->service == NULL)
            continue;
        const char *why = item->service->not_identified;
        if (why != NULL) {
            services->not_identified += ports;
            count_reason(arena, &services->reasons, why, ports);
            summary->problem = summary->problem || strncmp(why, "local:", 6) == 0;
        } else if (strcmp(item->service->name, "unknown") == 0) {
            services->unknown += ports;
        } else {
            services->identified += ports;
        }
    }
}

void summary_note_vantages(const struct ledger *ledger, struct probe_summary *summary)
{
    char *into[2] = {summary->vantage4, summary->vantage6};
    for (size_t i = 0; i < ledger->schedule->lane_count; i++) {
        struct address own = ledger->standings[i].source;
        char *text = into[own.family == FAMILY_IPV6];
        if (own.family != 0 && text[0] == '\0' && own.bits != 0)
            address_format(own, text);
    }
}

void summary_note_accepting(struct arena *arena, const struct ledger *ledger, struct probe_summary *summary)
{
    for (size_t i = 0; i < ledger->schedule->lane_count; i++) {
        if (ledger_accepts_from(ledger, i) != 0)
            *vector_add(arena, &summary->accepting) = ledger->schedule->lanes[i].address;
    }
}

static void put_reasons(struct json_writer *writer, const char *key, const unasked_list *list)
{
    json_open(writer, key, '[');
    for (size_t i = 0; i < list->count; i++) {
        json_open(writer, NULL, '{');
        json_put_string(writer, "what", list->items[i].reason);
        json_put_integer(writer, "count", (int64_t)list->items[i].count);
        json_close(writer, '}');
    }
    json_close(writer, ']');
}

static void put_services(struct json_writer *writer, const struct probe_services *services)
{
    json_put_integer(writer, "identified", (int64_t)services->identified);
    json_put_integer(writer, "unknown", (int64_t)services->unknown);
    json_put_integer(writer, "not_identified", (int64_t)services->not_identified);
    put_reasons(writer, "reasons", &services->reasons);
}

struct probe_services probe_services_of(struct arena *arena, const struct observations *observations)
{
    struct probe_summary summary = {0};
    summary_count_services(arena, observations, &summary);
    return summary.services;
}

void probe_services_write(const struct probe_services *services, struct text *out)
{
    struct json_writer writer = json_writer_to(out);
    json_open_line(&writer, NULL, '{');
    put_services(&writer, services);
    json_close(&writer, '}');
    json_end_document(&writer);
}

void probe_summary_write(const struct probe_summary *summary, struct text *out)
{
    struct json_writer writer = json_writer_to(out);
    json_open_line(&writer, NULL, '{');
    json_open(&writer, "summary", '{');
    shard_write(&writer, &summary->shard);
    json_open(&writer, "sentinels", '{');
    json_put_integer(&writer, "asked", (int64_t)summary->asks);
    json_put_integer(&writer, "answered", (int64_t)summary->asks_answered);
    json_put_number(&writer, "longest_gap_seconds", summary->longest_gap);
    json_put_integer(&writer, "unknown_for_want_of_them", (int64_t)summary->unearned);
    json_close(&writer, '}');
    json_open(&writer, "canaries", '[');
    for (size_t i = 0; i < summary->canaries.count; i++) {
        const struct probe_canary *canary = &summary->canaries.items[i];
        char text[ADDRESS_TEXT];
        address_format(canary->address, text);
        json_open(&writer, NULL, '{');
        json_put_string(&writer, "address", text);
        json_put_integer(&writer, "port", canary->port);
        json_put_integer(&writer, "asked", (int64_t)canary->asked);
        json_put_integer(&writer, "answered", (int64_t)canary->answered);
        json_close(&writer, '}');
    }
    json_close(&writer, ']');
    for (int i = 0; i <= OBSERVED_UNKNOWN; i++)
        json_put_integer(&writer, observed_names[i], (int64_t)summary->by_state[i]);
    json_put_integer(&writer, "sent", (int64_t)summary->sent);
    json_put_integer(&writer, "received", (int64_t)summary->received);
    json_put_integer(&writer, "late", (int64_t)summary->late);
    json_put_integer(&writer, "dropped", (int64_t)summary->dropped);
    json_put_number(&writer, "seconds", summary->seconds);
    json_put_string(&writer, "method", summary->method);
    json_put_integer(&writer, "seed", (int64_t)summary->seed);
    json_put_integer(&writer, "passes", summary->passes);
    json_put_boolean(&writer, "interrupted", summary->interrupted);
    json_put_string(&writer, "vantage_ipv4", summary->vantage4[0] != '\0' ? summary->vantage4 : NULL);
    json_put_string(&writer, "vantage_ipv6", summary->vantage6[0] != '\0' ? summary->vantage6 : NULL);
    put_reasons(&writer, "not_asked", &summary->unasked);
    if (summary->services.told) {
        json_open(&writer, "services", '{');
        put_services(&writer, &summary->services);
        json_close(&writer, '}');
    }
    json_open(&writer, "accepting_everything", '[');
    for (size_t i = 0; i < summary->accepting.count; i++) {
        char text[ADDRESS_TEXT];
        address_format(summary->accepting.items[i], text);
        json_put_string(&writer, NULL, text);
    }
    json_close(&writer, ']');
    json_close(&writer, '}');
    json_close(&writer, '}');
    json_end_document(&writer);
}
