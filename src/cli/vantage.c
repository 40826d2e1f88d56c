#include "cli/vantage.h"

#include <net/if.h>
#include <string.h>

#include "cli/aws.h"
#include "net/sockaddr.h"

bool cli_vantages(struct arena *arena, const struct options *options, struct vantage_list *vantages,
                  struct error *error)
{
    const struct option_values *values = options_values(options, "vantage");
    for (size_t i = 0; i < values->items.count; i++) {
        struct vantage vantage;
        if (strcmp(values->items.items[i], "auto") == 0) {
            vantages->automatic = true;
            continue;
        }
        if (!vantage_read(arena, values->items.items[i], &vantage, error))
            return false;
        GUARD(vantage_fits(vantages, &vantage, values->items.items[i], error));
        *vector_add(arena, &vantages->items) = vantage;
    }
    if (vantages->automatic && vantages->items.count > 0)
        return error_set(error, ERROR_USAGE, "--vantage auto finds all of them out: no other one goes with it");
    const char *url = options_value(options, "vantage-url");
    if (url != NULL && strncasecmp(url, "https://", 8) != 0)
        return error_set(error, ERROR_USAGE, "--vantage-url: expected an https:// URL");
    if (url != NULL && !vantages->automatic)
        return error_set(error, ERROR_USAGE, "--vantage-url is asked with --vantage auto only");
    return true;
}

bool cli_route(const struct options *options, struct probe_route *route, struct error *error)
{
    const struct option_values *values = options_values(options, "source");
    *route = (struct probe_route){.interface = options_value(options, "interface")};
    if (route->interface != NULL && if_nametoindex(route->interface) == 0)
        return error_set(error, ERROR_USAGE, "--interface %s: this machine has no such interface", route->interface);
    for (size_t i = 0; i < values->items.count; i++) {
        struct address source;
        if (!address_parse(values->items.items[i], &source))
            return error_set(error, ERROR_USAGE, "--source %s: expected an IPv4 or IPv6 address",
                             values->items.items[i]);
        if (!sockaddr_is_usable(source))
            return error_set(error, ERROR_USAGE, "--source %s: is no address of this machine", values->items.items[i]);
        if (route->source[source.family == FAMILY_IPV6].family != 0)
            return error_set(error, ERROR_USAGE, "--source: two of the same address family");
        route->source[source.family == FAMILY_IPV6] = source;
    }
    return true;
}

bool cli_search(const struct options *options, struct vantage_search *search, struct error *error)
{
    *search =
        (struct vantage_search){.url = options_value(options, "vantage-url"), .ca_bundle = cli_ca_bundle(options)};
    return cli_route(options, &search->route, error);
}
