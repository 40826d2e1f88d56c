#include "probe/summary.h"

#include <string.h>

#include "model/protocol.h"
#include "net/sockaddr.h"

enum { ACCEPTING_LEAST = 100 }; // open ports, and the share of the answers they are, that no real host has

void summary_count(struct arena *arena, const struct ledger *ledger, const struct observations *observations,
                   struct probe_summary *summary)
{
    summary->sent = ledger->sent;
    summary->received = ledger->received;
    for (size_t i = 0; i < ledger->schedule->lane_count; i++) {
        const ask_list *asks = &ledger->watch.pulses[i].asks;
        summary->asks += asks->count;
        for (size_t a = 0; a < asks->count; a++)
            summary->asks_answered += asks->items[a].answered;
    }
    summary->longest_gap = (double)watch_longest_gap(&ledger->watch) / 1e6;
    for (size_t i = 0; i < ledger->schedule->lane_count; i++)
        summary->late += ledger->standings[i].late;
    summary_count_unasked(arena, observations, summary);
}

void summary_count_unasked(struct arena *arena, const struct observations *observations,
                           struct probe_summary *summary)
{
    for (size_t i = 0; i < observations->items.count; i++) {
        const struct observation *item = &observations->items.items[i];
        size_t at = 0, ports = (size_t)(item->high - item->low) + 1;
        if (item->state != OBSERVED_UNKNOWN)
            continue;
        while (at < summary->unasked.count && strcmp(summary->unasked.items[at].reason, item->reason) != 0)
            at++;
        if (at == summary->unasked.count)
            vector_add(arena, &summary->unasked)->reason = item->reason;
        summary->unasked.items[at].count += ports;
    }
}

void summary_note_vantages(const struct ledger *ledger, struct probe_summary *summary)
{
    char *into[2] = {summary->vantage4, summary->vantage6};
    for (size_t i = 0; i < ledger->schedule->lane_count; i++) {
        struct address to = ledger->schedule->lanes[i].address, own;
        char *text = into[to.family == FAMILY_IPV6];
        if (text[0] == '\0' && ledger->sent > 0 && sockaddr_source(to, &own) && own.bits != 0)
            address_format(own, text);
    }
}

void summary_note_accepting(struct arena *arena, const struct ledger *ledger, struct probe_summary *summary)
{
    for (size_t i = 0; i < ledger->schedule->lane_count; i++) {
        const struct standing *standing = &ledger->standings[i];
        if (ledger->schedule->lanes[i].protocol == PROTOCOL_TCP && standing->open >= ACCEPTING_LEAST &&
            standing->open * 20 >= (ledger->schedule->lanes[i].count - ledger->schedule->lanes[i].spare) * 19)
            *vector_add(arena, &summary->accepting) = ledger->schedule->lanes[i].address;
    }
}

void probe_summary_write(const struct probe_summary *summary, struct text *out)
{
    struct json_writer writer = json_writer_to(out);
    json_open_line(&writer, NULL, '{');
    json_open(&writer, "summary", '{');
    for (int i = 0; i <= OBSERVED_UNKNOWN; i++)
        json_put_integer(&writer, observed_names[i], (int64_t)summary->by_state[i]);
    json_put_integer(&writer, "sent", (int64_t)summary->sent);
    json_put_integer(&writer, "received", (int64_t)summary->received);
    json_put_integer(&writer, "late", (int64_t)summary->late);
    json_put_integer(&writer, "dropped", (int64_t)summary->dropped);
    json_open(&writer, "sentinels", '{');
    json_put_integer(&writer, "asked", (int64_t)summary->asks);
    json_put_integer(&writer, "answered", (int64_t)summary->asks_answered);
    json_put_number(&writer, "longest_gap_seconds", summary->longest_gap);
    json_close(&writer, '}');
    json_put_number(&writer, "seconds", summary->seconds);
    json_put_string(&writer, "method", summary->method);
    json_put_integer(&writer, "seed", (int64_t)summary->seed);
    json_put_integer(&writer, "passes", summary->passes);
    json_put_boolean(&writer, "interrupted", summary->interrupted);
    json_put_string(&writer, "vantage_ipv4", summary->vantage4[0] != '\0' ? summary->vantage4 : NULL);
    json_put_string(&writer, "vantage_ipv6", summary->vantage6[0] != '\0' ? summary->vantage6 : NULL);
    json_open(&writer, "not_asked", '[');
    for (size_t i = 0; i < summary->unasked.count; i++) {
        json_open(&writer, NULL, '{');
        json_put_string(&writer, "what", summary->unasked.items[i].reason);
        json_put_integer(&writer, "count", (int64_t)summary->unasked.items[i].count);
        json_close(&writer, '}');
    }
    json_close(&writer, ']');
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
