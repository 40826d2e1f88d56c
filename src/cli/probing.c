#include "cli/probing.h"

#include <unistd.h>

bool cli_canaries(struct arena *arena, const struct options *options, struct plan *plan, text_list *canaries,
                  struct error *error)
{
    const struct option_values *given = options_values(options, "canary");
    for (size_t i = 0; i < given->items.count; i++) {
        GUARD(planning_add_canary(arena, given->items.items[i], plan, error));
        if (canaries != NULL)
            *vector_add(arena, canaries) = given->items.items[i];
    }
    return true;
}

bool cli_only_estimate(const struct options *options)
{
    return options_value(options, "estimate") != NULL || options_value(options, "dry-run") != NULL;
}

bool cli_speed(const struct options *options, struct probe_speed *speed, struct error *error)
{
    return options_integer(options, "rate", 1, 1000000, 10000, &speed->rate, error) &&
           options_integer(options, "host-rate", 1, 1000000, 2000, &speed->host_rate, error) &&
           options_integer(options, "tries", 1, 10, 3, &speed->tries, error) &&
           options_integer(options, "timeout", 50, 60000, 1000, &speed->timeout_ms, error);
}

bool cli_probe_options(struct arena *arena, const struct options *options, struct probe_options *probe,
                       struct error *error)
{
    const struct option_values *only = options_values(options, "only");
    struct prefix *prefixes = arena_array(arena, struct prefix, only->items.count + 1);
    for (size_t i = 0; i < only->items.count; i++)
        if (prefix_parse(only->items.items[i], true, &prefixes[i]) != PREFIX_OK)
            return error_set(error, ERROR_USAGE, "--only %s: expected a CIDR without host bits", only->items.items[i]);
    static const char *const methods[] = {"auto", "syn", "connect", NULL};
    const char *method = options_value(options, "method");
    long seed;
    struct probe_route route;
    GUARD(cli_route(options, &route, error));
    *probe = (struct probe_options){.only = prefixes,
                                    .route = route,
                                    .only_count = only->items.count,
                                    .progress = options_value(options, "quiet") != NULL ? PROBE_QUIET
                                                : isatty(STDERR_FILENO)                 ? PROBE_DRAWN
                                                                                        : PROBE_LINES};
    if (method != NULL && !text_among(method, methods))
        return error_set(error, ERROR_USAGE, "--method %s: expected auto, syn or connect", method);
    probe->method = method == NULL || method[0] == 'a' ? PROBE_AUTO : method[0] == 's' ? PROBE_SYN : PROBE_CONNECT;
    if (!cli_speed(options, &probe->speed, error) ||
        !options_integer(options, "services-deadline", 1, 86400, 300, &probe->services_deadline_s, error) ||
        !options_integer(options, "progress", 0, 86400, 30, &probe->progress_s, error) ||
        !options_integer(options, "seed", 0, UINT32_MAX, 0, &seed, error))
        return false;
    probe->seed = (uint64_t)seed;
    probe->services = options_value(options, "services") != NULL;
    return true;
}
