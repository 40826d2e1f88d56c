// Observations as nmap writes them: https://nmap.org/book/nmap-dtd.html, version 1.05. The DTD knows one scanner only.
#include <time.h>

#include "config.h"
#include "model/protocol.h"
#include "report/report.h"

enum { ALIKE = 10 }; // ports of one state, from which on they are counted rather than listed

static const char *state_of(const struct observation *one)
{
    static const char *const states[] = {"open", "closed", "filtered", "filtered", "unknown"};
    return one->protocol == PROTOCOL_UDP && one->state == OBSERVED_FILTERED ? "open|filtered" : states[one->state];
}

static bool same_host(const struct observation *a, const struct observation *b)
{
    return address_equal(a->address, b->address);
}

static bool is_open(const struct observation *one)
{
    return one->state == OBSERVED_OPEN;
}

static bool is_many(const struct observation *one)
{
    return !is_open(one) && one->high - one->low + 1 > ALIKE;
}

static void put_reason(struct text *out, const char *key, const char *reason)
{
    text_printf(out, " %s=\"", key);
    report_escape(out, reason == NULL ? "no-response" : reason);
    text_puts(out, "\"");
}

static void put_service(const struct service *service, struct text *out)
{
    if (service == NULL || service->not_identified != NULL)
        return;
    text_puts(out, "<service name=\"");
    report_escape(out, service->name);
    text_puts(out, "\"");
    if (service->product != NULL) {
        text_puts(out, " product=\"");
        report_escape(out, service->product);
        text_puts(out, "\"");
    }
    text_printf(out, "%s method=\"probed\" conf=\"10\"/>", service->tls_version != NULL ? " tunnel=\"ssl\"" : "");
}

static void put_ports(const struct observation *items, size_t count, struct text *out)
{
    struct arena *arena = arena_new();
    text_puts(out, "<ports>");
    for (size_t i = 0; i < count; i++)
        if (protocol_has_ports(items[i].protocol) && is_many(&items[i])) {
            text_printf(out, "<extraports state=\"%s\" count=\"%d\"><extrareasons", state_of(&items[i]),
                        items[i].high - items[i].low + 1);
            put_reason(out, "reason", items[i].reason);
            text_printf(out, " count=\"%d\" proto=\"%s\" ports=\"%d-%d\"/></extraports>\n",
                        items[i].high - items[i].low + 1, protocol_name(arena, items[i].protocol), items[i].low,
                        items[i].high);
        }
    for (size_t i = 0; i < count; i++)
        for (uint32_t port = items[i].low;
             protocol_has_ports(items[i].protocol) && !is_many(&items[i]) && port <= items[i].high; port++) {
            text_printf(out, "<port protocol=\"%s\" portid=\"%u\"><state state=\"%s\"",
                        protocol_name(arena, items[i].protocol), port, state_of(&items[i]));
            put_reason(out, "reason", items[i].reason);
            text_puts(out, " reason_ttl=\"0\"/>");
            put_service(items[i].service, out);
            text_puts(out, "</port>\n");
        }
    text_puts(out, "</ports>\n");
    arena_free(arena);
}

static bool is_up(const struct observation *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (items[i].state == OBSERVED_OPEN || items[i].state == OBSERVED_CLOSED)
            return true;
    return false;
}

static void put_time(struct text *out, const char *key, const char *moment)
{
    char text[32];
    struct tm parts;
    time_t seconds = (time_t)report_seconds(moment);
    gmtime_r(&seconds, &parts);
    strftime(text, sizeof(text), "%a %b %e %H:%M:%S %Y", &parts);
    text_printf(out, " %s=\"%s\"", key, text);
}

void report_nmap(const struct report_run *run, const struct report_options *options, struct text *out)
{
    const struct observation *items = run->observations->items.items;
    size_t count = run->observations->items.count, hosts = 0, up = 0;
    (void)options;
    text_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE nmaprun>\n<nmaprun scanner=\"nmap\" args=\"");
    for (size_t i = 0; i < run->manifest->claims.command.count; i++) {
        text_puts(out, i == 0 ? "sgproof " : " ");
        report_escape(out, run->manifest->claims.command.items[i]);
    }
    text_printf(out, "\" start=\"%lld\"", (long long)report_seconds(run->manifest->claims.begin));
    put_time(out, "startstr", run->manifest->claims.begin);
    text_puts(out, " version=\"" SGPROOF_VERSION "\" xmloutputversion=\"1.05\">\n"
                   "<verbose level=\"0\"/>\n<debugging level=\"0\"/>\n");
    for (size_t i = 0, next; i < count; i = next, hosts++) {
        char address[ADDRESS_TEXT];
        for (next = i + 1; next < count && same_host(&items[next], &items[i]);)
            next++;
        bool host_up = is_up(&items[i], next - i);
        up += host_up;
        address_format(items[i].address, address);
        text_printf(out, "<host><status state=\"%s\" reason=\"%s\" reason_ttl=\"0\"/>\n", host_up ? "up" : "unknown",
                    host_up ? "user-set" : "no-response");
        text_printf(out, "<address addr=\"%s\" addrtype=\"%s\"/>\n", address,
                    items[i].address.family == FAMILY_IPV4 ? "ipv4" : "ipv6");
        put_ports(&items[i], next - i, out);
        text_puts(out, "</host>\n");
    }
    text_printf(out, "<runstats><finished time=\"%lld\"", (long long)report_seconds(run->manifest->claims.end));
    put_time(out, "timestr", run->manifest->claims.end);
    text_printf(out, " elapsed=\"%lld\" exit=\"%s\"/>",
                (long long)(report_seconds(run->manifest->claims.end) - report_seconds(run->manifest->claims.begin)),
                run->observations->interrupted ? "error" : "success");
    text_printf(out, "<hosts up=\"%zu\" down=\"%zu\" total=\"%zu\"/></runstats>\n</nmaprun>\n", up, hosts - up, hosts);
}
