#include <stdlib.h>

#include "rules/reach/vantage.h"
#include "pipeline/vantages.h"
#include "pipeline/declare.h"
#include "cli/confine.h"
#include "cli/commands.h"
#include "cli/gaps_text.h"
#include "cli/output.h"
#include "base/log.h"
#include "base/printable.h"
#include "cli/explain_flow.h"
#include "cli/explain_private.h"
#include "cli/explain_question.h"
#include "model/protocol.h"
#include "report/report.h"

static const struct option_spec options_of_explain[] = {
    OPTION_FORMAT("text|json", "of what is printed (default text)"),
    {"from", 0, "ADDRESS[:LOW-HIGH]|INTERFACE|INSTANCE",
     "the client (default: some internet address, from those that get furthest); an interface or instance of the "
     "snapshot asks from inside",
     false},
    {"to", 0, "ADDRESS", "what the first operand, an interface, instance or private address, asks: inside, or outside",
     false},
    {NULL, 0, NULL, NULL, false},
};

// Without --from: a source of the widest two-way exposure at that port, else of any exposure, else any internet
// address.
static struct address typical_source(struct arena *arena, const struct estate *estate, const struct endpoint *endpoint,
                                     int protocol, uint16_t number)
{
    enum family family = endpoint->address.family;
    struct prefixset internet = explain_internet(arena, estate, endpoint);
    struct prefix first = {0};
    prefix_parse(family == FAMILY_IPV4 ? "198.51.100.1" : "2001:db8::1", true, &first);
    if (!prefixset_holds(internet, first.first) && internet.count > 0) // the VPC's own
        first.first = internet.ranges[0].low;
    struct address source = {.family = family, .bits = first.first};
    int best = 0;
    for (size_t i = 0; i < endpoint->exposures->count; i++) {
        const struct exposure *exposure = &endpoint->exposures->items[i];
        if (protocol < exposure->protocol_low || protocol > exposure->protocol_high || number < exposure->low ||
            number > exposure->high)
            continue;
        struct prefixset sources = prefixset_intersect(arena, exposure->sources, internet);
        int score = sources.count == 0                          ? 0
                    : exposure->path == PATH_INBOUND_ONLY       ? 1
                    : exposure->certainty == CERTAINTY_POSSIBLE ? 2
                                                                : 3;
        if (score <= best)
            continue;
        best = score;
        source.bits = prefixset_holds(sources, first.first) ? first.first : sources.ranges[0].low;
    }
    return source;
}

// What lets most in comes first.
static const char *const verdicts[] = {"reachable", "possible", "inbound-only", "possibly inbound-only", "unreachable"};

static const char *verdict_of(const struct exposure *exposure, struct portset client_ports, struct arena *arena,
                              int protocol)
{
    if (exposure == NULL)
        return "unreachable";
    bool replies = !protocol_has_ports(protocol) ||
                   !portset_is_empty(portset_intersect(arena, exposure->client_ports, client_ports));
    if (exposure->path == PATH_INBOUND_ONLY || !replies)
        return exposure->certainty == CERTAINTY_EXACT ? "inbound-only" : "possibly inbound-only";
    return exposure->certainty == CERTAINTY_EXACT ? "reachable" : "possible";
}

// What is said of the address on one of the interfaces that have it.
struct answer {
    const struct endpoint *endpoint;
    char source[ADDRESS_TEXT];
    const char *verdict;
    struct explanation explanation;
};
typedef VECTOR(struct answer) answers;

static struct answer answer_of(struct arena *arena, const struct estate *estate, const struct endpoint *endpoint,
                               const struct private_question *question)
{
    struct answer answer = {.endpoint = endpoint};
    struct address source = question->source.family != 0
                                ? question->source
                                : typical_source(arena, estate, endpoint, question->protocol, question->number);
    address_format(source, answer.source);
    answer.explanation =
        explain_packet(arena, estate, endpoint, question->protocol, question->number, source, question->client_ports);
    answer.verdict = verdict_of(answer.explanation.exposure, question->client_ports, arena, question->protocol);
    return answer;
}

// One of each interface that is said to have the address, by the longest prefix; what lets most in comes first.
static answers answers_of(struct arena *arena, const struct declared *declared, struct prefix address,
                          const struct private_question *question)
{
    answers all = {0}, sorted = {0};
    for (size_t i = 0; i < declared->exposures->endpoints.count; i++) {
        const struct endpoint *one = &declared->exposures->endpoints.items[i];
        if (one->address.family == address.family && one->address.first == address.first &&
            one->address.length == address.length)
            *vector_add(arena, &all) = answer_of(arena, declared->estate, one, question);
    }
    for (size_t v = 0; v < sizeof(verdicts) / sizeof(verdicts[0]); v++)
        for (int dormant = 0; dormant < 2; dormant++)
            for (size_t i = 0; i < all.count; i++)
                if (strcmp(all.items[i].verdict, verdicts[v]) == 0 && all.items[i].endpoint->dormant == (dormant == 1))
                    *vector_add(arena, &sorted) = all.items[i];
    return sorted;
}

static explained_endpoints endpoints_of(struct arena *arena, const answers *all)
{
    explained_endpoints endpoints = {0};
    for (size_t i = 0; i < all->count; i++)
        *vector_add(arena, &endpoints) = all->items[i].endpoint;
    return endpoints;
}

static void put_answer(struct json_writer *writer, struct arena *arena, const struct answer *answer)
{
    json_put_string(writer, "verdict", answer->verdict);
    json_put_boolean(writer, "dormant", answer->endpoint->dormant);
    explain_put_hops(writer, arena, &answer->explanation);
}

static void write_json(struct text *out, struct arena *arena, const answers *all, const struct exposure_set *set,
                       const struct private_question *question)
{
    char address[ADDRESS_TEXT];
    const struct answer *first = &all->items[0];
    struct json_writer writer = json_writer_to(out);
    endpoint_address(first->endpoint, address);
    json_open(&writer, NULL, '{');
    json_put_string(&writer, "schema", "sgproof/explanation/v1");
    json_put_string(&writer, "address", address);
    json_put_string(&writer, "eni_id", first->endpoint->interface->id);
    json_put_string(&writer, "asked", question->asked);
    json_put_string(&writer, "from", first->source);
    put_answer(&writer, arena, first);
    json_open(&writer, "others", '[');
    for (size_t i = 1; i < all->count; i++) {
        json_open(&writer, NULL, '{');
        json_put_string(&writer, "eni_id", all->items[i].endpoint->interface->id);
        json_put_string(&writer, "from", all->items[i].source);
        put_answer(&writer, arena, &all->items[i]);
        json_close(&writer, '}');
    }
    json_close(&writer, ']');
    const explained_endpoints endpoints = endpoints_of(arena, all);
    explain_put_ways(&writer, arena, set, question, &endpoints);
    json_close(&writer, '}');
    json_end_document(&writer);
}

static void write_text(struct text *out, struct arena *arena, const answers *all, const struct exposure_set *set,
                       const struct private_question *question)
{
    char address[ADDRESS_TEXT];
    endpoint_address(all->items[0].endpoint, address);
    for (size_t i = 0; i < all->count; i++) {
        const struct answer *one = &all->items[i];
        const char *dormancy = endpoint_dormancy(one->endpoint);
        text_printf(out, "%s from %s to %s%s%s: %s%s%s%s\n", question->asked, one->source, address,
                    all->count > 1 ? ", at " : "",
                    all->count > 1 ? report_clean(arena, one->endpoint->interface->id) : "", one->verdict,
                    dormancy != NULL ? " (dormant: " : "", dormancy != NULL ? dormancy : "",
                    dormancy != NULL ? ")" : "");
        explain_write_hops(arena, &one->explanation, out);
    }
    const explained_endpoints endpoints = endpoints_of(arena, all);
    explain_ways_beside(arena, set, question, &endpoints, out);
}

// The answer of one address.
static bool write_one(struct arena *arena, const struct declared *declared, const struct private_question *question,
                      const char *asked, struct text *out, struct error *error)
{
    const struct endpoint *endpoint = exposure_endpoint(declared->exposures, question->address);
    bool complete = exposure_set_complete(declared->exposures);
    if (endpoint == NULL)
        return explain_private(arena, declared->exposures, question, complete, out) ||
               error_set(error, complete ? ERROR_USAGE : ERROR_INCOMPLETE,
                         complete ? "%s: no attached interface of this snapshot has that address"
                                  : "%s: not known: no interface that was read has that address, and not all were read",
                         asked);
    answers all = answers_of(arena, declared, endpoint->address, question);
    if (strcmp(question->format, "json") == 0)
        write_json(out, arena, &all, declared->exposures, question);
    else
        write_text(out, arena, &all, declared->exposures, question);
    return true;
}

// Of each address that was asked about; JSON is of one.
static bool write_all(struct arena *arena, const struct declared *declared, const struct explain_question *question,
                      const struct vantage *client, const char *format, struct text *out, struct error *error)
{
    address_list addresses = {0};
    bool as_json = strcmp(format, "json") == 0;
    GUARD(explain_addresses(arena, declared->exposures, question->target, &addresses, error));
    if (as_json && addresses.count > 1)
        return error_set(error, ERROR_USAGE, "%s has %u addresses, and JSON is of one: type one of %s",
                         question->target, addresses.count, explain_listed(arena, &addresses));
    for (size_t i = 0; i < addresses.count; i++) {
        const struct private_question one = {question->asked,
                                             addresses.items[i],
                                             question->protocol,
                                             question->number,
                                             client->address,
                                             client->client_ports,
                                             format};
        text_puts(out, i > 0 ? "\n" : "");
        GUARD(write_one(arena, declared, &one, question->target, out, error));
    }
    if (!as_json)
        printable_lines(out);
    return true;
}

// A packet that begins inside.
static bool explain_inner(struct arena *arena, const struct declared *declared, const struct explain_question *question,
                          const char *source, const char *target, const char *format, struct text *out, bool *whole,
                          struct error *error)
{
    const struct flow_asked asked = {.asked = question->asked,
                                     .source = source,
                                     .target = target,
                                     .protocol = question->protocol,
                                     .number = question->number,
                                     .format = format};
    GUARD(explain_flow_write(arena, declared, &asked, out, whole, error));
    if (strcmp(format, "text") == 0)
        printable_lines(out);
    return true;
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct error error = {0};
    struct options options;
    struct declared declared = {0};
    struct vantage vantage = {.client_ports = portset_all};
    struct explain_question question = {0};
    const char *format;
    bool done;
    if (!cli_options(arena, &command_explain, argc, argv, &options, &done, &error))
        return cli_fail(&error);
    if (done)
        return 0;
    if (options.operands.count < 2 || options.operands.count > 3)
        return cli_usage(&command_explain, "expected a snapshot folder, an address or a name, and a port");
    const char *from = options_value(&options, "from");
    const char *to = options_value(&options, "to");
    bool from_inside = to != NULL || (from != NULL && explain_is_interface(from));
    if (to != NULL && from != NULL)
        return cli_usage(&command_explain, "expected --from or --to");
    format = cli_format(&options);
    if ((from != NULL && !from_inside && !vantage_read(arena, from, &vantage, &error)) ||
        !explain_question_parse(arena, options.operands.items[1],
                                options.operands.count == 3 ? options.operands.items[2] : NULL, &question, &error) ||
        !declared_read(options.operands.items[0], &declared, &error))
        return cli_fail(&error);
    from_inside = from_inside || (from != NULL && explain_is_inside(&declared, from));
    struct text out = {0};
    bool whole = true;
    bool good = from_inside ? explain_inner(arena, &declared, &question, to != NULL ? question.target : from,
                                            to != NULL ? to : question.target, format, &out, &whole, &error)
                            : write_all(arena, &declared, &question, &vantage, format, &out, &error);
    bool complete = from_inside ? whole : cli_say_missing(declared.exposures);
    int status = !good || !cli_output(&options, &out, &error) ? cli_fail(&error) : complete ? 0 : ERROR_INCOMPLETE;
    text_free(&out);
    declared_free(&declared);
    return status;
}

const struct command command_explain = {
    .name = "explain",
    .summary = "Explains why one port of an endpoint is reachable, or what first stops it, hop by hop.",
    .usage =
        "SNAPSHOT ADDRESS|NAME|ID PORT[/PROTOCOL] [--from ADDRESS|INTERFACE] | SNAPSHOT SOURCE PORT[/PROTOCOL] --to "
        "ADDRESS",
    .notes =
        "Of a private address: by which load balancers, accelerators and VPC origins it is reached, if by any.\n"
        "A Name tag, an instance or an interface stands for all of its public addresses or, where it has none, for "
        "its private ones.\n"
        "With --from or --to inside, an id stands for all addresses of its interfaces.\n"
        "\nThe port is 443 or 443/tcp, 53/udp, https, 8.0/icmp (type and code), icmp (echo), or /47 for a protocol "
        "by its number.\n"
        "\nExamples:\n"
        "  sgproof explain estate/ 198.51.100.7 443/tcp\n"
        "  sgproof explain estate/ web-1 443\n"
        "  sgproof explain estate/ 10.0.2.4 8080/tcp --from 8.8.8.8\n"
        "  sgproof explain estate/ 10.0.2.4 5432/tcp --from eni-0a1b\n"
        "  sgproof explain estate/ eni-0a1b 443/tcp --to 8.8.8.8\n"
        "  sgproof explain estate/ 2001:db8:1::7 icmpv6 --from 2001:db8:ffff::1 --format json\n",
    .options = options_of_explain,
    .run = run,
};
