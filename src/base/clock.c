#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

uint64_t clock_wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void clock_format(uint64_t wall_us, char text[CLOCK_TEXT])
{
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    size_t length = strftime(text, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + length, CLOCK_TEXT - length, ".%06" PRIu64 "Z", wall_us % 1000000);
}

const char *clock_text(struct arena *arena, uint64_t wall_us)
{
    char text[CLOCK_TEXT];
    clock_format(wall_us, text);
    return arena_strdup(arena, text);
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
