// The scope lock.
#include <assert.h>

#include "net/sockaddr.h"
#include "probe/probe.h"

bool probe_scope(const struct plan *plan, const struct prefix *only, size_t only_count, struct error *error)
{
    static const char *const never[] = {"0.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32",
                                        "::/128",    "ff00::/8",    "::ffff:0:0/96"};
    struct prefix loopback = {0};
    prefix_parse("127.0.0.0/8", false, &loopback);
    for (size_t i = 0; i < plan->targets.count; i++) {
        struct address address = plan->targets.items[i].address;
        char text[ADDRESS_TEXT];
        bool inside = only_count == 0;
        address_format(address, text);
        for (size_t n = 0; n < sizeof(never) / sizeof(never[0]); n++) {
            struct prefix prefix;
            enum prefix_problem problem = prefix_parse(never[n], false, &prefix);
            assert(problem == PREFIX_OK);
            (void)problem;
            if (prefix_holds(prefix, address))
                return error_set(error, ERROR_USAGE, "target %s is no unicast address of one host: nothing was sent",
                                 text);
        }
        if (plan->targets.items[i].canary && (prefix_holds(loopback, address) || sockaddr_is_local(address)))
            return error_set(error, ERROR_USAGE,
                             "--canary: %s is this machine's own, and what answers there says nothing of the way out: "
                             "give a place of yours outside",
                             text);
        for (size_t o = 0; o < only_count && !inside; o++)
            inside = prefix_holds(only[o], address);
        if (!inside)
            return error_set(error, ERROR_USAGE, "target %s lies outside --only: nothing was sent", text);
    }
    return true;
}
