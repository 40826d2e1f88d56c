#include "cli/exposure_text.h"

#include "cli/gaps_text.h"
#include "model/protocol.h"
#include "report/report.h"

// ---- Endpoints

// Of what arrives and is not answered, the VPC's own space is no news.
static struct prefixset sources_shown(struct arena *arena, enum family family, const struct exposure *exposure,
                                      bool all)
{
    if (all || exposure->path == PATH_TWO_WAY || !exposure->internet)
        return exposure->sources;
    struct prefixset inner = prefixset_subtract(arena, prefixset_all(arena, family), prefixset_internet(arena, family));
    struct prefixset shown = prefixset_subtract(arena, exposure->sources, inner);
    size_t count, whole;
    prefixset_prefixes(arena, family, shown, &count);
    prefixset_prefixes(arena, family, exposure->sources, &whole);
    return count < whole ? shown : exposure->sources; // 0.0.0.0/0 reads better than all that is not private in it
}

// From which ports a client can come, where the ports that clients choose by themselves are not all among them: Linux's
// (ip(7): 32768 to 60999) and those of RFC 6335, section 6 (49152 to 65535).
static const char *client_ports(struct arena *arena, const struct exposure *exposure)
{
    struct portset usual = portset_of(arena, 32768, PORT_LAST);
    if (exposure->path != PATH_TWO_WAY || !protocol_has_ports(exposure->protocol_low) ||
        portset_is_empty(portset_subtract(arena, usual, exposure->client_ports)))
        return "";
    return arena_printf(arena, "  [client ports %s only]", portset_format(arena, exposure->client_ports));
}

static void put_row(struct arena *arena, enum family family, const struct exposure *exposure, const char *protocol,
                    const char *numbers, bool all, struct text *out)
{
    struct prefixset sources = sources_shown(arena, family, exposure, all);
    text_printf(out, "  %-7s %-14s from %s%s%s%s%s\n", protocol, numbers, prefixset_brief(arena, family, sources),
                exposure->path == PATH_INBOUND_ONLY ? "  [inbound-only]" : "",
                exposure->certainty == CERTAINTY_POSSIBLE ? "  [possible]" : "",
                exposure->internet ? "" : "  [not internet]", client_ports(arena, exposure));
}

static bool same_via(const struct exposure *a, const struct exposure *b)
{
    return a->certainty == b->certainty && reasons_same(&a->via, &b->via);
}

// A load balancer on the way; or why an exposure is only possible, and what would settle it.
static void put_doubt(struct arena *arena, const char *lead, const struct reason *reason, struct text *out)
{
    text_printf(out, "          %s%s\n", lead, report_clean(arena, reason_text(arena, reason)));
    if (reason->settle != NULL)
        text_printf(out, "          %*sto settle it: %s\n", (int)strlen(lead), "", report_clean(arena, reason->settle));
}

// Everything from some sources, which is some fifteen rows of protocols: its row for all TCP ports, or NULL.
static const struct exposure *everything(const struct exposure_list *list)
{
    const struct exposure *tcp = NULL;
    bool udp = false, others = false;
    for (size_t i = 0; i < list->count; i++) {
        const struct exposure *one = &list->items[i];
        if (one->path != PATH_TWO_WAY || one->low != 0 || one->high != PORT_LAST)
            continue;
        if (one->protocol_low == PROTOCOL_TCP)
            tcp = one;
        bool alike = tcp != NULL && same_via(one, tcp) && prefixset_equal(one->sources, tcp->sources);
        udp = udp || (alike && one->protocol_low == PROTOCOL_UDP);
        others = others || (alike && one->protocol_high == 255);
    }
    return udp && others ? tcp : NULL;
}

// Whether a row tells no more than that everything comes: the same sources or, of ICMP that asks for no reply, those
// and the VPC's own.
static bool is_within(struct arena *arena, const struct exposure *one, const struct exposure *whole)
{
    if (whole == NULL || one == whole || !same_via(one, whole))
        return false;
    if (prefixset_equal(one->sources, whole->sources))
        return true;
    return protocol_is_icmp(one->protocol_low) && one->path == PATH_INBOUND_ONLY &&
           prefixset_is_empty(prefixset_subtract(arena, whole->sources, one->sources));
}

static void put_rows(const struct exposure_list *list, enum family family, bool all, struct text *out)
{
    struct arena *arena = arena_new();
    const struct exposure *whole = all ? NULL : everything(list);
    VECTOR(const struct exposure *) shown = {0};
    for (size_t e = 0; e < list->count; e++) {
        const struct exposure *one = &list->items[e];
        if (all || ((one->internet || one->path == PATH_TWO_WAY) && !is_within(arena, one, whole)))
            *vector_add(arena, &shown) = one;
    }
    for (size_t i = 0; i < shown.count; i++) {
        const struct exposure *one = shown.items[i];
        put_row(arena, family, one, one == whole ? "all" : exposure_protocol(arena, one),
                one == whole ? "everything" : cli_numbers(arena, one), all, out);
        bool goes_on = i + 1 < shown.count && same_via(one, shown.items[i + 1]); // said once behind the last
        for (size_t v = 0; !goes_on && v < one->via.count; v++)
            put_doubt(arena, "possible: ", one->via.items[v], out);
    }
    if (shown.count == 0)
        text_printf(out, "  nothing arrives%s\n", list->count > 0 ? " from the internet" : "");
    arena_free(arena);
}

// What an endpoint is called.
static const char *label_of(struct arena *arena, const char *name, const struct owner *owner)
{
    const char *label = owner_label(arena, name, owner);
    return report_clean(arena, label == NULL ? "(unnamed)" : label);
}

static void put_endpoint(struct arena *arena, struct map *known, const struct endpoint *endpoint, bool all,
                         struct text *out)
{
    char address[ADDRESS_TEXT];
    endpoint_address(endpoint, address);
    text_printf(out, "%s  %s  %s%s%s\n", address, label_of(arena, endpoint->name, endpoint->owner),
                report_clean(arena, endpoint->interface->id), endpoint->dormant ? "  dormant: " : "",
                endpoint->dormant ? endpoint_dormancy(endpoint) : "");
    const char *rows = map_get_pointer(known, endpoint->exposures);
    if (rows == NULL) {
        struct text text = {0};
        put_rows(endpoint->exposures, endpoint->address.family, all, &text);
        rows = arena_strdup(arena, text.bytes);
        text_free(&text);
        map_put_pointer(arena, known, endpoint->exposures, (void *)(uintptr_t)rows);
    }
    text_puts(out, rows);
}

static void put_indirect(const struct indirect_exposure *one, struct text *out)
{
    struct arena *arena = arena_new();
    char address[ADDRESS_TEXT];
    address_format(one->private_address, address);
    for (size_t e = 0; e < one->exposures.count; e++) {
        const struct exposure *exposure = &one->exposures.items[e];
        text_printf(out, "  %s  %s  %s %s/%s from %s%s%s%s\n", address, label_of(arena, one->name, one->owner),
                    report_clean(arena, one->interface->id), cli_numbers(arena, exposure),
                    exposure_protocol(arena, exposure), prefixset_brief(arena, one->family, exposure->sources),
                    exposure->certainty == CERTAINTY_POSSIBLE ? "  [possible]" : "", one->dormant ? "  [dormant]" : "",
                    client_ports(arena, exposure));
        for (size_t v = 0; v < exposure->via.count; v++)
            put_doubt(arena, v == 0 ? "via " : "    ", exposure->via.items[v], out);
    }
    arena_free(arena);
}

void exposure_text(const struct exposure_set *set, bool all, struct text *out)
{
    struct arena *arena = arena_new();
    struct map known = {0}; // answer -> its rows: endpoints with the same answer have the same
    size_t dormant = 0, silent = 0, gaps = gaps_text(set, all, out);
    for (size_t i = 0; i < set->endpoints.count; i++) {
        const struct endpoint *endpoint = &set->endpoints.items[i];
        dormant += endpoint->dormant;
        silent += endpoint->exposures->count == 0;
        text_puts(out, i > 0 || gaps > 0 ? "\n" : "");
        put_endpoint(arena, &known, endpoint, all, out);
    }
    text_printf(out, "\n%u endpoints: %zu where nothing arrives, %zu dormant\n", set->endpoints.count, silent, dormant);
    if (set->indirect.count > 0)
        text_puts(out, "\nBehind load balancers:\n");
    for (size_t i = 0; i < set->indirect.count; i++)
        put_indirect(&set->indirect.items[i], out);
    arena_free(arena);
}

const char *cli_numbers(struct arena *arena, const struct exposure *exposure)
{
    if (protocol_has_ports(exposure->protocol_low))
        return portset_format(arena, portset_of(arena, exposure->low, exposure->high));
    if (!protocol_is_icmp(exposure->protocol_low) || (exposure->low == 0 && exposure->high == PORT_LAST))
        return "all";
    const char *from = arena_printf(arena, "%d", exposure->low >> 8),
               *to = arena_printf(arena, "%d", exposure->high >> 8);
    const char *types = strcmp(from, to) == 0 ? from : arena_printf(arena, "%s-%s", from, to);
    if ((exposure->low & 255) == 0 && (exposure->high & 255) == 255)
        return arena_printf(arena, "type %s", types);
    return arena_printf(arena, "type %s code %d-%d", types, exposure->low & 255, exposure->high & 255);
}
