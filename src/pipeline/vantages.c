#include "pipeline/vantages.h"

#include <net/if.h>
#include <stdlib.h>

#include "aws/read/metadata.h"
#include "base/http.h"
#include "base/log.h"
#include "base/redact.h"
#include "model/protocol.h"
#include "net/sockaddr.h"

enum { LEARN_MS = 5000, MOST_VANTAGES = 256 };

static const char as_given[] = "given", own_address[] = "this machine's own address",
                  by_metadata[] = "EC2 instance metadata";

bool vantage_is_learnt(const char *text)
{
    return strcmp(text, as_given) == 0 || strcmp(text, own_address) == 0 || strcmp(text, by_metadata) == 0 ||
           (strncasecmp(text, "https://", strlen("https://")) == 0 && strpbrk(text, " \t\r\n") == NULL);
}

// An address that stands for an inner one is none that the internet sees, though its block is.
static bool is_internet(struct address address)
{
    struct address held;
    return address_is_global(address) && (!address_stands_for(address, &held) || address_is_global(held));
}

static bool read_targets(struct arena *arena, const char *text, struct vantage *vantage)
{
    char *rest = NULL, *list = arena_strdup(arena, text);
    for (char *one = strtok_r(list, ",", &rest); one != NULL; one = strtok_r(NULL, ",", &rest)) {
        struct prefix prefix;
        if (prefix_parse(one, true, &prefix) != PREFIX_OK || prefix.family != vantage->address.family)
            return false;
        vantage->targets = prefixset_union(arena, vantage->targets, prefixset_of(arena, prefix));
    }
    return !prefixset_is_empty(vantage->targets);
}

static bool read_client(struct arena *arena, const char *text, struct vantage *vantage)
{
    if (address_parse(text, &vantage->address))
        return true;
    const char *colon = strrchr(text, ':');
    char *address = colon == NULL ? NULL : arena_strndup(arena, text, (size_t)(colon - text));
    if (address != NULL && address[0] == '[' && address[strlen(address) - 1] == ']') {
        address[strlen(address) - 1] = '\0';
        address++;
    }
    return address != NULL && address_parse(address, &vantage->address) &&
           portset_parse(arena, colon + 1, &vantage->client_ports);
}

bool vantage_read(struct arena *arena, const char *text, struct vantage *vantage, struct error *error)
{
    const char *equals = strchr(text, '=');
    const char *client = equals == NULL ? text : arena_strndup(arena, text, (size_t)(equals - text));
    *vantage = (struct vantage){.client_ports = portset_all, .learnt = as_given};
    return (read_client(arena, client, vantage) && (equals == NULL || read_targets(arena, equals + 1, vantage))) ||
           error_set(error, ERROR_USAGE,
                     "--vantage %s: expected ADDRESS, ADDRESS:LOW-HIGH or [IPV6]:LOW-HIGH, with =CIDR,... of whom it "
                     "asks, or auto",
                     text);
}

bool vantage_fits(const struct vantage_list *vantages, const struct vantage *vantage, const char *text,
                  struct error *error)
{
    if (!is_internet(vantage->address) && !address_is_loopback(vantage->address))
        return error_set(error, ERROR_USAGE,
                         "--vantage %s: is no address that the internet sees; expected the one that it does, or auto",
                         text);
    if (vantages->items.count >= MOST_VANTAGES)
        return error_set(error, ERROR_USAGE, "--vantage: there are more than %d", MOST_VANTAGES);
    for (size_t i = 0; i < vantages->items.count; i++) {
        const struct vantage *other = &vantages->items.items[i];
        if (other->address.family != vantage->address.family)
            continue;
        if (prefixset_is_empty(other->targets) && prefixset_is_empty(vantage->targets))
            return error_set(error, ERROR_USAGE,
                             "--vantage: two of the same address family: one of them needs =CIDR of whom it asks");
        if (prefixset_overlap(other->targets, vantage->targets))
            return error_set(error, ERROR_USAGE, "--vantage %s: another one asks some of these addresses", text);
    }
    return true;
}

bool vantages_read(struct arena *arena, const char *text, struct vantage_list *vantages, struct error *error)
{
    char *rest = NULL, *list = arena_strdup(arena, text);
    if (strchr(text, '=') != NULL)
        return error_set(error, ERROR_USAGE, "--vantage %s: expected no CIDR where several vantages are judged", text);
    for (char *one = strtok_r(list, ",", &rest); one != NULL; one = strtok_r(NULL, ",", &rest)) {
        struct vantage vantage;
        GUARD(vantage_read(arena, one, &vantage, error) && vantage_fits(vantages, &vantage, one, error));
        *vector_add(arena, &vantages->items) = vantage;
    }
    return vantages->items.count > 0 || error_set(error, ERROR_USAGE, "--vantage: is empty, expected an address");
}

// An own address, and whom it asks.
struct own_source {
    struct address address;
    VECTOR(struct address_range) asks;
};
typedef VECTOR(struct own_source) own_source_list;

// From where packets to an endpoint leave. False where there is no way there.
static bool find_source(const struct probe_route *route, struct prefix endpoint, struct address *own)
{
    struct address to = {endpoint.family, endpoint.first}, given = route->source[endpoint.family == FAMILY_IPV6];
    *own = given;
    return given.family != 0 || sockaddr_source(to, route->interface, own);
}

static void add_source(struct arena *arena, own_source_list *sources, struct address source, struct prefix target)
{
    size_t at = 0;
    while (at < sources->count && !address_equal(sources->items[at].address, source))
        at++;
    if (at == sources->count)
        *vector_add(arena, sources) = (struct own_source){.address = source};
    *vector_add(arena, &sources->items[at].asks) = (struct address_range){target.first, prefix_last(target)};
}

// What the internet sees of an own address. False where nothing tells, with *why where there is something to say.
static bool learn(struct arena *arena, const struct vantage_search *search, struct address own, struct vantage *vantage,
                  const char **why)
{
    struct metadata metadata;
    struct error ignored;
    const char *url = search->url;
    if (own.family == FAMILY_IPV4 && metadata_open(arena, NULL, &metadata, &ignored) &&
        metadata_public_of(&metadata, own, &vantage->address)) {
        vantage->learnt = by_metadata;
        return true;
    }
    if (url == NULL)
        return false;
    char source[ADDRESS_TEXT];
    struct http_answer answer;
    address_format(own, source);
    bool good = http_send(&(struct http_request){.url = url,
                                                 .milliseconds = LEARN_MS,
                                                 .https_only = true,
                                                 .direct = true, // as packets go: a proxy's address is not theirs
                                                 .family = own.family == FAMILY_IPV4 ? HTTP_IPV4 : HTTP_IPV6,
                                                 .source = source,
                                                 .ca_bundle = search->ca_bundle},
                          &answer);
    *why = answer.problem;
    if (good && answer.status != 200) {
        *why = "its status is not 200";
    } else if (good) {
        answer.bytes[strcspn(answer.bytes, " \t\r\n")] = '\0';
        if (!address_parse(answer.bytes, &vantage->address) || vantage->address.family != own.family)
            *why = "its answer is no address of the family that it was asked over";
    }
    http_forget(&answer);
    good = *why == NULL;
    vantage->learnt = redact_argument(arena, url);
    return good;
}

// The vantage that an own address is.
static bool vantage_of_own(struct arena *arena, const struct vantage_search *search, const struct own_source *own,
                           bool automatic, struct vantage *vantage, struct error *error)
{
    char text[ADDRESS_TEXT];
    const char *why = NULL;
    address_format(own->address, text);
    *vantage = (struct vantage){.address = own->address, .client_ports = portset_all, .learnt = own_address};
    if (automatic && learn(arena, search, own->address, vantage, &why)) {
        if (is_internet(vantage->address))
            return true;
        char seen[ADDRESS_TEXT];
        address_format(vantage->address, seen);
        return error_set(error, ERROR_USAGE, "--vantage auto: %s says %s, which is no address of the internet's",
                         vantage->learnt, seen);
    }
    if (why != NULL)
        return error_set(error, ERROR_USAGE, "--vantage-url %s: %s", search->url, why);
    if (is_internet(own->address))
        return true;
    return error_set(error, ERROR_USAGE,
                     automatic
                         ? "--vantage auto: nothing tells which address the internet sees in the place of this "
                           "machine's %s: give it, --vantage ADDRESS, or somebody who says it, --vantage-url URL"
                         : "this machine's own address towards the endpoints is %s, which is not the one that "
                           "the internet sees: give that, --vantage ADDRESS, or have it found out, --vantage auto",
                     text);
}

// Each the vantage of those it asks; the one that asks most of its family, of all the others.
static void give_targets(struct arena *arena, const own_source_list *sources, struct vantage_list *vantages)
{
    for (size_t i = 0; i < sources->count; i++) {
        bool most = true;
        for (size_t j = 0; j < sources->count; j++)
            if (sources->items[j].address.family == sources->items[i].address.family)
                most = most && (sources->items[j].asks.count < sources->items[i].asks.count ||
                                (sources->items[j].asks.count == sources->items[i].asks.count && j >= i));
        if (!most)
            vantages->items.items[i].targets =
                prefixset_from(arena, sources->items[i].asks.items, sources->items[i].asks.count);
    }
}

bool vantages_find_own(struct arena *arena, const struct vantage_search *search, const struct exposure_set *set,
                       struct vantage_list *vantages, struct error *error)
{
    own_source_list sources = {0};
    for (size_t i = 0; i < set->endpoints.count; i++) {
        struct prefix endpoint = set->endpoints.items[i].address;
        struct address own;
        if (find_source(&search->route, endpoint, &own))
            add_source(arena, &sources, own, endpoint);
    }
    for (size_t i = 0; i < sources.count; i++)
        GUARD(vantage_of_own(arena, search, &sources.items[i], vantages->automatic, vector_add(arena, &vantages->items),
                             error));
    give_targets(arena, &sources, vantages);
    return true;
}

void vantages_warn_of_sources(const struct exposure_set *set, const struct vantage_list *vantages,
                              const struct probe_route *route)
{
    bool told[2] = {false, false};
    for (size_t i = 0; i < set->endpoints.count; i++) {
        struct prefix endpoint = set->endpoints.items[i].address;
        int side = endpoint.family == FAMILY_IPV6;
        const struct vantage *vantage = vantage_of(vantages->items.items, vantages->items.count, endpoint);
        struct address own;
        if (told[side] || vantage == NULL || !find_source(route, endpoint, &own) ||
            address_equal(own, vantage->address) || !is_internet(own))
            continue;
        char texts[3][ADDRESS_TEXT];
        told[side] = true;
        address_format((struct address){endpoint.family, endpoint.first}, texts[0]);
        address_format(own, texts[1]);
        address_format(vantage->address, texts[2]);
        log_line(LOG_WARNING,
                 "packets to %s leave from %s, which is not the vantage %s: what comes of them is unverified; choose "
                 "with --source or --vantage",
                 texts[0], texts[1], texts[2]);
    }
}

bool vantages_observed(struct arena *arena, const struct observations *observations, struct vantage_list *vantages,
                       struct error *error)
{
    own_source_list sources = {0};
    const char *noted[] = {observations->vantage4, observations->vantage6};
    for (size_t i = 0; i < observations->items.count; i++) {
        const struct observation *one = &observations->items.items[i];
        struct address source;
        if (one->source != NULL && address_parse(one->source, &source)) // two at once are told apart by reconcile
            add_source(arena, &sources, source, prefix_of(one->address));
    }
    for (int i = 0; i < 2 && sources.count == 0; i++) { // as older versions noted them
        struct address source;
        if (noted[i] != NULL && address_parse(noted[i], &source))
            *vector_add(arena, &sources) = (struct own_source){.address = source};
    }
    for (size_t i = 0; i < sources.count; i++) {
        char text[ADDRESS_TEXT];
        address_format(sources.items[i].address, text);
        if (!is_internet(sources.items[i].address))
            return error_set(error, ERROR_USAGE,
                             "the prober's own address was %s, which is not the one that the internet sees: give "
                             "that, --vantage ADDRESS, or --vantage-interface where it asked from inside",
                             text);
        *vector_add(arena, &vantages->items) = (struct vantage){
            .address = sources.items[i].address, .client_ports = portset_all, .learnt = "the prober's own address"};
    }
    give_targets(arena, &sources, vantages);
    return true;
}

static bool has_address(const struct network_interface *interface, struct address address)
{
    for (size_t i = 0; address.family == FAMILY_IPV4 && i < interface->private_ipv4_count; i++)
        if (interface->private_ipv4[i] == address.bits)
            return true;
    for (size_t i = 0; address.family == FAMILY_IPV6 && i < interface->address_count; i++)
        if (interface->addresses[i].address.family == FAMILY_IPV6 &&
            prefix_holds(interface->addresses[i].address, address))
            return true;
    return false;
}

// The address of a family by which an interface asks, when nothing else is chosen; family 0 where it has none.
static struct address primary_address(const struct network_interface *interface, enum family family)
{
    const struct interface_address *best = NULL;
    if (family == FAMILY_IPV4)
        return interface->private_ipv4_count == 0 ? (struct address){0}
                                                  : (struct address){FAMILY_IPV4, interface->private_ipv4[0]};
    for (size_t i = 0; i < interface->address_count; i++) {
        const struct interface_address *one = &interface->addresses[i];
        bool whole = one->address.family == FAMILY_IPV6 && one->address.length == family_width(FAMILY_IPV6);
        if (whole && (best == NULL || (one->primary == PRIMARY && best->primary != PRIMARY)))
            best = one;
    }
    return best == NULL ? (struct address){0} : (struct address){FAMILY_IPV6, best->address.first};
}

void vantages_of_interface(struct arena *arena, const struct network_interface *interface,
                           const struct observations *observations, struct vantage_list *vantages)
{
    own_source_list sources = {0};
    const char *learnt = arena_printf(arena, "private address of %s in the snapshot", interface->id);
    for (size_t i = 0; observations != NULL && i < observations->items.count; i++) {
        const struct observation *one = &observations->items.items[i];
        struct address source;
        if (one->source != NULL && address_parse(one->source, &source) && has_address(interface, source))
            add_source(arena, &sources, source, prefix_of(one->address));
    }
    for (int family = FAMILY_IPV4; family <= FAMILY_IPV6; family += FAMILY_IPV6 - FAMILY_IPV4) {
        struct address primary = primary_address(interface, (enum family)family);
        bool asked = false;
        for (size_t i = 0; i < sources.count; i++)
            asked = asked || (int)sources.items[i].address.family == family;
        if (primary.family != 0 && !asked)
            *vector_add(arena, &sources) = (struct own_source){.address = primary};
    }
    for (size_t i = 0; i < sources.count; i++)
        *vector_add(arena, &vantages->items) =
            (struct vantage){.address = sources.items[i].address, .client_ports = portset_all, .learnt = learnt};
    give_targets(arena, &sources, vantages);
}

// The list as text, separated by commas, in the arena; NULL of none. *text is freed.
static const char *listed(struct arena *arena, struct text *text)
{
    const char *made = text->length == 0 ? NULL : arena_strndup(arena, text->bytes, text->length);
    text_free(text);
    return made;
}

const char *vantages_text(struct arena *arena, const struct vantage_list *vantages)
{
    struct text text = {0};
    for (size_t i = 0; i < vantages->items.count; i++) {
        char one[ADDRESS_TEXT];
        address_format(vantages->items.items[i].address, one);
        text_printf(&text, "%s%s", i == 0 ? "" : ", ", one);
    }
    return listed(arena, &text);
}

const char *vantages_learnt(struct arena *arena, const struct vantage_list *vantages)
{
    struct text text = {0};
    for (size_t i = 0; i < vantages->items.count; i++) {
        const struct vantage *one = &vantages->items.items[i];
        text_printf(&text, "%s%s (%s)", i == 0 ? "" : ", ", vantage_text(arena, one), one->learnt);
    }
    return listed(arena, &text);
}

const char *vantage_text(struct arena *arena, const struct vantage *vantage)
{
    char address[ADDRESS_TEXT];
    size_t count;
    const struct prefix *targets = prefixset_prefixes(arena, vantage->address.family, vantage->targets, &count);
    bool ports = !portset_equal(vantage->client_ports, portset_all);
    bool brackets = ports && vantage->address.family == FAMILY_IPV6;
    address_format(vantage->address, address);
    struct text text = {0};
    text_printf(&text, "%s%s%s%s%s", brackets ? "[" : "", address, brackets ? "]" : "", ports ? ":" : "",
                ports ? portset_format(arena, vantage->client_ports) : "");
    for (size_t i = 0; i < count; i++) {
        prefix_format(targets[i], address);
        text_printf(&text, "%s%s", i == 0 ? "=" : ",", address);
    }
    return listed(arena, &text);
}

struct exposure_set *vantages_narrow(const struct exposure_set *set, const struct vantage_list *vantages)
{
    return vantages->items.count == 0 ? reach_from_internet(set)
                                      : reach_from_vantages(set, vantages->items.items, vantages->items.count);
}

void vantages_limit_ports(struct plan *plan, const struct vantage_list *vantages)
{
    for (size_t i = 0; i < plan->targets.count; i++) {
        struct plan_target *target = &plan->targets.items[i];
        const struct vantage *vantage =
            vantage_of(vantages->items.items, vantages->items.count, prefix_of(target->address));
        if (vantage != NULL && protocol_has_ports(target->protocol) && !target->canary &&
            portset_equal(target->client_ports, portset_all))
            target->client_ports = vantage->client_ports;
    }
}
