#include "probe/ports.h"

#include <stdio.h>

enum { PRIVILEGED_LAST = 1023, OWN_FIRST = 10240 };

struct port_range ports_ephemeral(void)
{
    static struct port_range range;
    if (range.high != 0)
        return range;
    unsigned low = 32768, high = 60999;
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    if (file != NULL) {
        if (fscanf(file, "%u %u", &low, &high) != 2 || low > high || high > PORT_LAST) {
            low = 32768;
            high = 60999;
        }
        fclose(file);
    }
    range = (struct port_range){(uint16_t)low, (uint16_t)high};
    return range;
}

uint16_t ports_nth(struct portset set, size_t n)
{
    for (size_t i = 0; i < set.count; i++) {
        size_t size = (size_t)set.ranges[i].high - set.ranges[i].low + 1;
        if (n < size)
            return (uint16_t)(set.ranges[i].low + n);
        n -= size;
    }
    return 0;
}

bool ports_index(struct portset set, uint16_t port, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < set.count; i++) {
        if (set.ranges[i].low <= port && port <= set.ranges[i].high) {
            *n += (size_t)(port - set.ranges[i].low);
            return true;
        }
        *n += (size_t)set.ranges[i].high - set.ranges[i].low + 1;
    }
    return false;
}

struct portset ports_own(struct arena *arena, struct portset allowed)
{
    struct port_range ephemeral = ports_ephemeral();
    struct portset above = portset_intersect(arena, allowed, portset_of(arena, PRIVILEGED_LAST + 1, PORT_LAST));
    struct portset own = portset_subtract(arena, above, portset_of(arena, ephemeral.low, ephemeral.high));
    // High ones first: to a reader of logs, and to many a firewall, those are clients' ports.
    const struct portset choices[] = {
        ephemeral.high < PORT_LAST
            ? portset_intersect(arena, own, portset_of(arena, (uint16_t)(ephemeral.high + 1), PORT_LAST))
            : portset_empty,
        portset_intersect(arena, own, portset_of(arena, OWN_FIRST, PORT_LAST)), own, above};
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
        if (!portset_is_empty(choices[i]))
            return choices[i];
    return allowed;
}
