// The line that ends a file of observations.
#include "probe/probe.h"

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
