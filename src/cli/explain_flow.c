#include "cli/explain_flow.h"

#include "pipeline/declare.h"
#include "cli/gaps_text.h"

#include "base/log.h"
#include "report/report.h"
#include "rules/reach/explain_flow.h"
#include "rules/reach/own_address.h"

bool explain_is_interface(const char *text)
{
    return strncmp(text, "eni-", 4) == 0 || strncmp(text, "i-", 2) == 0;
}

// One end of a packet: an address of an interface, or outside.
struct end {
    const struct network_interface *interface; // NULL: outside
    struct address address;
};
typedef VECTOR(struct end) end_list;

static bool holds_prefix(const struct network_interface *interface, struct address address)
{
    for (size_t i = 0; i < interface->address_count; i++)
        if (interface->addresses[i].address.family == FAMILY_IPV6 && address.family == FAMILY_IPV6 &&
            prefix_holds(interface->addresses[i].address, address))
            return true;
    return delegated_prefix_holds(interface, address);
}

// Each interface that has the private address or, by an interface's or an instance's id, each of their addresses.
static end_list ends_of(struct arena *arena, const struct estate *estate, const char *text)
{
    end_list ends = {0};
    struct address address, own;
    bool is_address = address_parse(text, &address);
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        const struct network_interface *one = estate->interfaces.items[i];
        bool named = strcmp(one->id, text) == 0 || text_same(one->instance_id, text), held = false;
        for (int f = 0; f < 2; f++)
            for (size_t a = 0; (own = own_address(one, f == 0 ? FAMILY_IPV4 : FAMILY_IPV6, a)).family != 0; a++) {
                held = held || (is_address && address_equal(own, address));
                if (is_address ? address_equal(own, address) : named)
                    *vector_add(arena, &ends) = (struct end){one, own};
            }
        if (is_address && !held && holds_prefix(one, address))
            *vector_add(arena, &ends) = (struct end){one, address};
    }
    return ends;
}

bool explain_is_inside(const struct declared *declared, const char *text)
{
    struct arena *arena = arena_new();
    struct address address;
    bool inside = address_parse(text, &address) && ends_of(arena, declared->estate, text).count > 0;
    arena_free(arena);
    return inside;
}

static const char *const verdicts[] = {"reachable", "possible", "unreachable"};
static const char *const results[] = {"pass", "possible", "stop"};
static const char *const marks[] = {"ok", "?", "STOP"};

static void write_json(struct arena *arena, const struct flow_asked *asked, const struct flow_question *question,
                       const struct flow_explanation *explanation, struct text *out)
{
    struct json_writer json = json_writer_to(out);
    char from[ADDRESS_TEXT], to[ADDRESS_TEXT];
    address_format(question->source, from);
    address_format(question->destination, to);
    json_open(&json, NULL, '{');
    json_put_string(&json, "schema", "sgproof/flow-explanation/v1");
    json_put_string(&json, "asked", asked->asked);
    json_put_string(&json, "from", from);
    json_put_string(&json, "from_eni_id", question->from->id);
    json_put_string(&json, "to", to);
    json_put_string(&json, "to_eni_id", question->to != NULL ? question->to->id : explanation->at);
    json_put_string(&json, "verdict", verdicts[explanation->verdict]);
    json_put_boolean(&json, "one_way", explanation->one_way);
    json_open(&json, "hops", '[');
    for (size_t i = 0; i < explanation->hops.count; i++) {
        const struct flow_hop *hop = &explanation->hops.items[i];
        json_open_line(&json, NULL, '{');
        json_put_string(&json, "stage", hop->words);
        json_put_string(&json, "result", results[hop->result]);
        json_put_string(&json, "text", flow_hop_text(arena, hop));
        reasons_put(&json, arena, "reasons", &hop->reasons);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_close(&json, '}');
    json_end_document(&json);
}

static void write_text(struct arena *arena, const struct flow_asked *asked, const struct flow_question *question,
                       const struct flow_explanation *explanation, struct text *out)
{
    char from[ADDRESS_TEXT], to[ADDRESS_TEXT];
    address_format(question->source, from);
    address_format(question->destination, to);
    const char *at = question->to != NULL ? question->to->id : explanation->at;
    text_printf(out, "%s from %s (%s) to %s%s%s%s: %s%s\n", asked->asked, from, report_clean(arena, question->from->id),
                to, at == NULL ? "" : " (", report_clean(arena, at), at == NULL ? "" : ")",
                verdicts[explanation->verdict],
                explanation->one_way ? " (one way: it arrives, and no answer comes back)" : "");
    for (size_t i = 0; i < explanation->hops.count; i++)
        text_printf(out, "  %-4s  %-16s %s\n", marks[explanation->hops.items[i].result],
                    explanation->hops.items[i].words,
                    report_clean(arena, flow_hop_text(arena, &explanation->hops.items[i])));
}

static const char *ends_listed(struct arena *arena, const end_list *ends)
{
    const char *list = "";
    for (size_t i = 0; i < ends->count; i++) {
        char text[ADDRESS_TEXT];
        address_format(ends->items[i].address, text);
        list = arena_printf(arena, "%s%s%s", list, i > 0 ? ", " : "", text);
    }
    return list;
}

// The questions of all pairs of ends of one family.
typedef VECTOR(struct flow_question) questions;

static bool questions_of(struct arena *arena, const struct declared *declared, const struct flow_asked *asked,
                         questions *all, struct error *error)
{
    struct address target = {0};
    end_list from = ends_of(arena, declared->estate, asked->source),
             to = ends_of(arena, declared->estate, asked->target);
    bool outside = address_parse(asked->target, &target) && address_is_global(target);
    if (from.count == 0)
        return error_set(error, ERROR_USAGE, "%s: no interface of this snapshot has that id or private address",
                         asked->source);
    if (to.count == 0 && !outside)
        return error_set(
            error, ERROR_USAGE,
            "%s: no interface of this snapshot has that id or private address, and it is no address of the internet",
            asked->target);
    if (to.count == 0)
        *vector_add(arena, &to) = (struct end){NULL, target};
    for (size_t a = 0; a < from.count; a++)
        for (size_t b = 0; b < to.count; b++)
            if (from.items[a].address.family == to.items[b].address.family &&
                (from.items[a].interface != to.items[b].interface ||
                 !address_equal(from.items[a].address, to.items[b].address)))
                *vector_add(arena, all) = (struct flow_question){.from = from.items[a].interface,
                                                                 .source = from.items[a].address,
                                                                 .to = to.items[b].interface,
                                                                 .destination = to.items[b].address,
                                                                 .protocol = asked->protocol,
                                                                 .number = asked->number};
    if (all->count == 0)
        return error_set(error, ERROR_USAGE, "%s and %s have no two addresses of one family", asked->source,
                         asked->target);
    if (all->count > 1 && strcmp(asked->format, "json") == 0)
        return error_set(error, ERROR_USAGE,
                         "%s has %s, and %s has %s: JSON is of one packet, so type one address of each", asked->source,
                         ends_listed(arena, &from), asked->target, ends_listed(arena, &to));
    return true;
}

// Whether all is there that the answer rests on; else it says what lacks.
static bool is_whole(struct arena *arena, const struct segment_set *set, text_list *said)
{
    for (size_t i = 0; i < set->missing.items.count; i++) {
        const char *text = set->missing.items.items[i].text;
        if (!text_list_holds(said, text))
            log_line(LOG_WARNING, "incomplete: %s", text);
        text_list_add(arena, said, text);
    }
    return segment_set_complete(set);
}

bool explain_flow_write(struct arena *arena, const struct declared *declared, const struct flow_asked *asked,
                        struct text *out, bool *whole, struct error *error)
{
    questions all = {0};
    text_list said = {0};
    *whole = true;
    GUARD(questions_of(arena, declared, asked, &all, error));
    for (size_t i = 0; i < all.count; i++) {
        struct flow_explanation explanation = explain_flow(arena, declared->estate, &all.items[i]);
        explain_flow_arrives(arena, declared->exposures, &all.items[i], &explanation);
        *whole = is_whole(arena, explanation.set, &said) && *whole;
        if (explanation.at != NULL && all.count == 1) // its own half is compute's
            *whole = cli_say_missing(declared->exposures) && *whole;
        else if (explanation.at != NULL)
            *whole = exposure_set_complete(declared->exposures) && *whole;
        if (strcmp(asked->format, "json") == 0) {
            write_json(arena, asked, &all.items[i], &explanation, out);
        } else {
            text_puts(out, i > 0 ? "\n" : "");
            write_text(arena, asked, &all.items[i], &explanation, out);
        }
    }
    return true;
}
