#include "base/clock.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

uint64_t clock_wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

const char *clock_text(struct arena *arena, uint64_t wall_us)
{
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm parts;
    char text[40];
    gmtime_r(&seconds, &parts);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
    return arena_printf(arena, "%s.%06" PRIu64 "Z", text, wall_us % 1000000);
}

bool clock_parse(const char *text, int64_t *seconds)
{
    struct tm parts = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == NULL)
        return false;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    if (strcmp(rest, "") != 0 && strcmp(rest, "Z") != 0 && strcmp(rest, "+00:00") != 0)
        return false;
    *seconds = timegm(&parts);
    return true;
}
