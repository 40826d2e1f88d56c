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

// The date and time, and where the zone begins. NULL where there is none.
static const char *parse_moment(const char *text, int64_t *seconds)
{
    struct tm parts = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == NULL)
        return NULL;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    *seconds = timegm(&parts);
    return rest;
}

bool clock_parse(const char *text, int64_t *seconds)
{
    int64_t moment;
    const char *rest = parse_moment(text, &moment);
    if (rest == NULL || (strcmp(rest, "") != 0 && strcmp(rest, "Z") != 0 && strcmp(rest, "+00:00") != 0))
        return false;
    *seconds = moment;
    return true;
}

bool clock_parse_zone(const char *text, int64_t *seconds)
{
    static const char digits[] = "0123456789";
    int64_t local;
    const char *rest = parse_moment(text, &local);
    if (rest == NULL)
        return false;
    int hours = 0, minutes = 0;
    bool utc = strcmp(rest, "") == 0 || strcmp(rest, "Z") == 0 || strcmp(rest, "UTC") == 0;
    bool colon = !utc && strlen(rest) == 6 && rest[3] == ':';
    if (!utc && ((*rest != '+' && *rest != '-') || !(colon || strlen(rest) == 5) || strspn(rest + 1, digits) < 2 ||
                 strspn(rest + 3 + colon, digits) != 2))
        return false;
    if (!utc && sscanf(rest + 1, colon ? "%2d:%2d" : "%2d%2d", &hours, &minutes) != 2)
        return false;
    int64_t offset = (int64_t)hours * 3600 + minutes * 60;
    *seconds = *rest == '-' ? local + offset : local - offset;
    return true;
}
