#include "cli/explain_flow.h"

#include "report/report.h"
#include "rules/reach/explain_flow.h"
#include "rules/reach/own_address.h"

bool explain_is_interface(const char *text)
{
    return strncmp(text, "eni-", 4) == 0 || strncmp(text, "i-", 2) == 0;
}

// An interface by its id, its instance's or a private address; the address that is meant, of that family first.
static const struct network_interface *find(const struct estate *estate, const char *text, enum family family,
                                            struct address *address)
{
    bool is_address = address_parse(text, address);
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        const struct network_interface *one = estate->interfaces.items[i];
        if (!is_address && strcmp(one->id, text) != 0 && !text_same(one->instance_id, text))
            continue;
        struct address own;
        for (size_t a = 0; is_address && (own = own_address(one, address->family, a)).family != 0; a++)
            if (address_equal(own, *address))
                return one;
        if (is_address)
            continue;
        *address = own_address(one, family, 0);
        if (address->family == 0)
            *address = own_address(one, family == FAMILY_IPV4 ? FAMILY_IPV6 : FAMILY_IPV4, 0);
        return one;
    }
    return NULL;
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
    json_put_string(&json, "to_eni_id", question->to == NULL ? NULL : question->to->id);
    json_put_string(&json, "verdict", verdicts[explanation->verdict]);
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
    text_printf(out, "%s from %s (%s) to %s%s%s%s: %s\n", asked->asked, from, question->from->id, to,
                question->to == NULL ? "" : " (", question->to == NULL ? "" : question->to->id,
                question->to == NULL ? "" : ")", verdicts[explanation->verdict]);
    for (size_t i = 0; i < explanation->hops.count; i++)
        text_printf(out, "  %-4s  %-16s %s\n", marks[explanation->hops.items[i].result],
                    explanation->hops.items[i].words,
                    report_clean(arena, flow_hop_text(arena, &explanation->hops.items[i])));
}

bool explain_flow_write(struct arena *arena, const struct estate *estate, const struct flow_asked *asked,
                        struct text *out, struct error *error)
{
    struct flow_question question = {.protocol = asked->protocol, .number = asked->number};
    struct address target = {0};
    enum family family = address_parse(asked->target, &target) ? target.family : FAMILY_IPV4;
    question.to = find(estate, asked->target, family, &question.destination);
    if (question.to == NULL)
        question.destination = target;
    question.from = find(estate, asked->source, question.destination.family, &question.source);
    if (question.from == NULL)
        return error_set(error, ERROR_USAGE, "%s: no interface of this snapshot has that id or private address",
                         asked->source);
    if (question.to == NULL && (target.family == 0 || !address_is_global(target)))
        return error_set(
            error, ERROR_USAGE,
            "%s: no interface of this snapshot has that id or private address, and it is no address of the internet",
            asked->target);
    if (question.source.family != question.destination.family || question.source.family == 0)
        return error_set(error, ERROR_USAGE, "%s and %s have no address of one family", asked->source, asked->target);
    struct flow_explanation explanation = explain_flow(arena, estate, &question);
    if (strcmp(asked->format, "json") == 0)
        write_json(arena, asked, &question, &explanation, out);
    else
        write_text(arena, asked, &question, &explanation, out);
    return true;
}
