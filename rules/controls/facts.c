#include "rules/controls/facts.h"

#include <stdarg.h>
#include <stdlib.h>

#include "model/protocol.h"

const struct fact *fact_named(const char *name)
{
    static const struct fact *const tables[] = {
        root_facts,    account_facts, credential_facts, trail_facts, group_facts,        default_facts,  network_facts,
        address_facts, service_facts, exposure_facts,   flow_facts,  segmentation_facts, isolation_facts};
    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
        for (const struct fact *fact = tables[t]; fact->name != NULL; fact++)
            if (strcmp(fact->name, name) == 0)
                return fact;
    return NULL;
}

void answer(struct inquiry *inquiry, enum control_result result, const char *subject, const char *reference,
            const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *detail = arena_vprintf(inquiry->arena, format, arguments);
    va_end(arguments);
    *vector_add(inquiry->arena, &inquiry->control->evidence) = (struct control_evidence){
        .fact = inquiry->asked->name,
        .result = result,
        .subject = subject,
        .detail = detail,
        .reference =
            reference == NULL ? NULL : arena_printf(inquiry->arena, "%s%s", inquiry->input->snapshot, reference),
    };
}

void answer_fix(struct inquiry *inquiry, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    inquiry->control->evidence.items[inquiry->control->evidence.count - 1].fix =
        arena_vprintf(inquiry->arena, format, arguments);
    va_end(arguments);
}

const char *fact_place(struct inquiry *inquiry, const struct verdict *verdict)
{
    char address[ADDRESS_TEXT];
    address_format(verdict->address, address);
    const char *protocol = protocol_name(inquiry->arena, verdict->protocol);
    if (!protocol_has_ports(verdict->protocol))
        return arena_printf(inquiry->arena, "%s echo/%s", address, protocol);
    return arena_printf(inquiry->arena, "%s %s/%s", address,
                        portset_format(inquiry->arena, portset_of(inquiry->arena, verdict->low, verdict->high)),
                        protocol);
}

bool fact_reached(const struct exposure_list *exposures, bool by_icmp, bool *surely)
{
    bool possible = false;
    *surely = false;
    for (size_t i = 0; exposures != NULL && i < exposures->count; i++) {
        const struct exposure *one = &exposures->items[i];
        bool reaches = one->internet && one->path == PATH_TWO_WAY && (by_icmp || !protocol_is_icmp(one->protocol_low));
        *surely = *surely || (reaches && one->certainty == CERTAINTY_EXACT);
        possible = possible || reaches;
    }
    return possible;
}

void answer_refer(struct inquiry *inquiry, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    inquiry->control->evidence.items[inquiry->control->evidence.count - 1].reference =
        arena_vprintf(inquiry->arena, format, arguments);
    va_end(arguments);
}

void answer_rest(struct inquiry *inquiry, size_t count, const char *one, const char *many, const char *detail)
{
    if (count > 0)
        answer(inquiry, CONTROL_PASS, arena_printf(inquiry->arena, "%zu %s", count, count == 1 ? one : many), NULL,
               "%s", detail);
}

void answer_missing(struct inquiry *inquiry, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = arena_vprintf(inquiry->arena, format, arguments);
    va_end(arguments);
    if (strncmp(text, "missing: ", strlen("missing: ")) == 0) // as lacks begin
        text += strlen("missing: ");
    text_list_add_new(inquiry->arena, &inquiry->control->missing, inquiry->missing, text);
}

void answer_gaps(struct inquiry *inquiry)
{
    text_list gaps = exposure_set_gaps(inquiry->arena, inquiry->input->exposures);
    for (size_t i = 0; i < gaps.count; i++)
        answer_missing(inquiry, "%s", gaps.items[i]);
}

bool fact_has_kind(struct inquiry *inquiry, enum kind kind, const char *document)
{
    const struct estate *estate = inquiry->input->estate;
    bool any = estate_has(estate, kind);
    if (!any)
        answer_missing(inquiry, "%s (no such document in the snapshot)", document);
    for (size_t i = 0; any && i < estate->completeness.count; i++) // what is not whole is no pass
        if (estate->completeness.items[i].lacks[kind] != NULL && estate->completeness.items[i].demanded)
            answer_missing(inquiry, "%s", estate->completeness.items[i].lacks[kind]->text);
    return any;
}

bool fix_is_plain(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/@+,";
    return word != NULL && word[0] != '\0' && word[0] != '-' && word[strspn(word, plain)] == '\0';
}

const char *fix_region(struct arena *arena, const char *region)
{
    bool known = fix_is_plain(region) && strcmp(region, "unknown") != 0;
    return known ? arena_printf(arena, " --region %s", region) : "";
}

const char *fact_text(const struct inquiry *inquiry, const char *name, const char *fallback)
{
    const char *given = map_get(&inquiry->asked->parameters, name);
    return given == NULL ? fallback : given;
}

long fact_number(const struct inquiry *inquiry, const char *name, long fallback)
{
    const char *given = fact_text(inquiry, name, NULL);
    return given == NULL ? fallback : strtol(given, NULL, 10);
}

bool fact_flag(const struct inquiry *inquiry, const char *name, bool fallback)
{
    return strcmp(fact_text(inquiry, name, fallback ? "true" : "false"), "true") == 0;
}

bool fact_asks_family(const struct inquiry *inquiry, enum family family)
{
    const char *wanted = fact_text(inquiry, "family", "both");
    return strcmp(wanted, "both") == 0 || strcmp(wanted, family == FAMILY_IPV4 ? "ipv4" : "ipv6") == 0;
}

bool fact_asks_protocol(const struct inquiry *inquiry, int protocol)
{
    const char *wanted = fact_text(inquiry, "protocols", "both");
    return strcmp(wanted, "both") == 0 || strcmp(wanted, protocol == PROTOCOL_TCP ? "tcp" : "udp") == 0;
}

struct portset fact_ports(const struct inquiry *inquiry, const char *name, const char *fallback)
{
    struct portset ports = portset_empty;
    portset_parse(inquiry->arena, fact_text(inquiry, name, fallback), &ports);
    return ports;
}

struct access_map *fact_access(struct arena *arena, struct fact_memory *memory, const struct account *account)
{
    return access_known(arena, &memory->accesses, account);
}

void **map_values(struct arena *arena, const struct map *map, size_t *count)
{
    map_slots slots = map_sorted(arena, map);
    void **values = arena_array(arena, void *, slots.count + 1);
    *count = slots.count;
    for (size_t i = 0; i < slots.count; i++)
        values[i] = slots.items[i]->value;
    return values;
}
