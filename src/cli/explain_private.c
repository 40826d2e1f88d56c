#include "cli/explain_private.h"

#include "model/protocol.h"
#include "report/report.h"

static const char *const results[] = {"pass", "possible", "stop"};

void explain_put_hops(struct json_writer *writer, struct arena *arena, const struct explanation *explanation)
{
    reason_put(writer, arena, "stopped_by", explanation_stop(explanation));
    json_open(writer, "hops", '[');
    for (size_t i = 0; i < explanation->hops.count; i++) {
        const struct hop *hop = &explanation->hops.items[i];
        json_open_line(writer, NULL, '{');
        json_put_string(writer, "stage", hop_words(hop));
        json_put_string(writer, "result", results[hop->result]);
        json_put_string(writer, "text", hop->text);
        reasons_put(writer, arena, "reasons", &hop->reasons);
        json_close(writer, '}');
    }
    json_close(writer, ']');
}

void explain_write_hops(struct arena *arena, const struct explanation *explanation, struct text *out)
{
    static const char *const marks[] = {"ok", "?", "STOP"};
    for (size_t i = 0; i < explanation->hops.count; i++) {
        const struct hop *hop = &explanation->hops.items[i];
        text_printf(out, "  %-4s  %-16s %s\n", marks[hop->result], hop_words(hop), report_clean(arena, hop->text));
        for (size_t r = 0; r < hop->reasons.count; r++)
            if (hop->result == HOP_POSSIBLE && hop->reasons.items[r]->settle != NULL)
                text_printf(out, "  %-4s  %-16s to settle it: %s\n", "", "",
                            report_clean(arena, hop->reasons.items[r]->settle));
    }
}

static const char *verdict_of(const struct way_in *way)
{
    return way->explanation.exposure->certainty == CERTAINTY_EXACT ? "reachable" : "possible";
}

// The public address that is translated to it, on one of its interfaces; NULL where there is none.
static const char *public_address(struct arena *arena, const struct exposure_set *set, struct address address)
{
    char text[ADDRESS_TEXT];
    for (size_t i = 0; i < set->endpoints.count; i++)
        if (set->endpoints.items[i].address.family == FAMILY_IPV4 &&
            address_equal(set->endpoints.items[i].private_address, address)) {
            endpoint_address(&set->endpoints.items[i], text);
            return arena_strdup(arena, text);
        }
    return NULL;
}

static struct address typical_source(struct arena *arena, const struct ways_in *ways)
{
    struct address source = {.family = FAMILY_IPV4};
    address_parse("198.51.100.1", &source);
    if (ways->items.count == 0)
        return source;
    enum family family = ways->items.items[0].indirect->family;
    struct prefixset sources = prefixset_intersect(arena, ways->items.items[0].explanation.exposure->sources,
                                                   prefixset_internet(arena, family));
    if (family == FAMILY_IPV4 && prefixset_holds(sources, source.bits))
        return source;
    return (struct address){.family = family, .bits = sources.ranges[0].low};
}

static void put_way(struct json_writer *writer, struct arena *arena, const struct way_in *way)
{
    const struct indirect_exposure *indirect = way->indirect;
    json_open(writer, NULL, '{');
    json_put_string(writer, "eni_id", indirect->interface->id);
    json_put_string(writer, "load_balancer", indirect->load_balancer);
    json_put_string(writer, "listener", indirect->listener);
    json_put_string(writer, "target_group", indirect->target_group);
    json_put_string(writer, "verdict", verdict_of(way));
    json_put_boolean(writer, "dormant", indirect->dormant);
    explain_put_hops(writer, arena, &way->explanation);
    json_close(writer, '}');
}

static void write_way(struct arena *arena, const struct way_in *way, struct text *out)
{
    const struct indirect_exposure *indirect = way->indirect;
    text_printf(out, "Behind %s %s, at %s: %s%s\n", report_clean(arena, indirect->load_balancer),
                report_clean(arena, indirect->listener), report_clean(arena, indirect->interface->id), verdict_of(way),
                indirect->dormant ? " (dormant: its instance is not running)" : "");
    explain_write_hops(arena, &way->explanation, out);
}

static void write_ways(struct arena *arena, const struct ways_in *ways, const text_list *guarded, struct text *out)
{
    for (size_t i = 0; i < ways->items.count; i++)
        write_way(arena, &ways->items.items[i], out);
    for (size_t i = 0; i < guarded->count; i++)
        text_printf(out, "Not judged: %s\n", report_clean(arena, guarded->items[i]));
}

static void put_ways(struct json_writer *writer, struct arena *arena, const struct ways_in *ways,
                     const text_list *guarded)
{
    json_open(writer, "ways", '[');
    for (size_t i = 0; i < ways->items.count; i++)
        put_way(writer, arena, &ways->items.items[i]);
    json_close(writer, ']');
    json_put_strings(writer, "not_judged", guarded->items, guarded->count);
}

static struct ways_in ways_beside(struct arena *arena, const struct exposure_set *set,
                                  const struct private_question *question, const explained_endpoints *endpoints)
{
    struct ways_in all = {0};
    for (size_t n = 0; n < endpoints->count; n++) {
        struct ways_in own = explain_beside(arena, set, endpoints->items[n], question->address, question->protocol,
                                            question->number, question->source, question->client_ports);
        *vector_add(arena, &all.interfaces) = endpoints->items[n]->interface;
        for (size_t i = 0; i < own.items.count; i++)
            *vector_add(arena, &all.items) = own.items.items[i];
    }
    return all;
}

// Of all that have the address, each Instance Connect Endpoint once; nothing but TCP goes by them.
static text_list guarded(struct arena *arena, const struct exposure_set *set, const struct private_question *question,
                         const struct ways_in *ways)
{
    text_list all = {0};
    for (size_t n = 0; n < ways->interfaces.count && question->protocol == PROTOCOL_TCP; n++) {
        text_list own = explain_guarded(arena, set->estate, ways->interfaces.items[n]);
        for (size_t i = 0; i < own.count; i++)
            text_list_add(arena, &all, own.items[i]);
    }
    return all;
}

void explain_ways_beside(struct arena *arena, const struct exposure_set *set, const struct private_question *question,
                         const explained_endpoints *endpoints, struct text *out)
{
    struct ways_in ways = ways_beside(arena, set, question, endpoints);
    text_list unjudged = guarded(arena, set, question, &ways);
    write_ways(arena, &ways, &unjudged, out);
}

void explain_put_ways(struct json_writer *writer, struct arena *arena, const struct exposure_set *set,
                      const struct private_question *question, const explained_endpoints *endpoints)
{
    struct ways_in ways = ways_beside(arena, set, question, endpoints);
    text_list unjudged = guarded(arena, set, question, &ways);
    put_ways(writer, arena, &ways, &unjudged);
}

bool explain_private(struct arena *arena, const struct exposure_set *set, const struct private_question *question,
                     bool complete, struct text *out)
{
    struct ways_in ways = explain_behind(arena, set, question->address, question->protocol, question->number,
                                         question->source, question->client_ports);
    char address[ADDRESS_TEXT], from[ADDRESS_TEXT];
    if (ways.interfaces.count == 0)
        return false;
    const struct way_in *first = ways.items.count == 0 ? NULL : &ways.items.items[0];
    const char *verdict = first != NULL ? verdict_of(first) : complete ? "unreachable" : "unknown";
    const text_list unjudged = guarded(arena, set, question, &ways);
    const char *outer = public_address(arena, set, question->address);
    address_format(question->address, address);
    address_format(question->source.family != 0 ? question->source : typical_source(arena, &ways), from);
    if (strcmp(question->format, "json") == 0) {
        struct json_writer writer = json_writer_to(out);
        json_open(&writer, NULL, '{');
        json_put_string(&writer, "schema", "sgproof/explanation/v1");
        json_put_string(&writer, "address", address);
        json_put_string(&writer, "eni_id",
                        first != NULL ? first->indirect->interface->id : ways.interfaces.items[0]->id);
        json_put_string(&writer, "public_address", outer);
        json_put_string(&writer, "asked", question->asked);
        json_put_string(&writer, "from", from);
        json_put_string(&writer, "verdict", verdict);
        json_put_boolean(&writer, "dormant", first != NULL && first->indirect->dormant);
        explain_put_hops(&writer, arena, first != NULL ? &first->explanation : &ways.stop);
        put_ways(&writer, arena, &ways, &unjudged);
        json_close(&writer, '}');
        json_end_document(&writer);
        return true;
    }
    text_printf(out, "%s from %s to %s, which is private: %s\n", question->asked, from, address, verdict);
    write_ways(arena, &ways, &unjudged, out);
    if (first == NULL)
        explain_write_hops(arena, &ways.stop, out);
    if (outer != NULL)
        text_printf(out, "What comes by its public address: sgproof explain SNAPSHOT %s %s\n", outer, question->asked);
    return true;
}
