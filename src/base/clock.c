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

uint64_t clock_steady_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
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

static bool is_day(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (leap && month == 2);
}

// Whether a text has the form in which d is a digit; it ends with the form, or behind it.
static bool has_form(const char *text, const char *form)
{
    for (; *form != '\0'; text++, form++)
        if (*form == 'd' ? *text < '0' || *text > '9' : *text != *form)
            return false;
    return true;
}

static int number_at(const char *digits, int count)
{
    int number = 0;
    for (int i = 0; i < count; i++)
        number = number * 10 + (digits[i] - '0');
    return number;
}

static bool begins_with_date(const char *text)
{
    return has_form(text, "dddd-dd-dd") && is_day(number_at(text, 4), number_at(text + 5, 2), number_at(text + 8, 2));
}

bool clock_is_date(const char *text)
{
    return begins_with_date(text) && text[10] == '\0';
}

bool clock_is_moment(const char *text)
{
    if (!begins_with_date(text) || !has_form(text + 10, "Tdd:dd:dd") || number_at(text + 11, 2) > 23 ||
        number_at(text + 14, 2) > 59 || number_at(text + 17, 2) > 60)
        return false;
    const char *rest = text + 19;
    size_t digits = *rest == '.' ? strspn(rest + 1, "0123456789") : 0;
    rest += digits > 0 ? 1 + digits : 0;
    return strcmp(rest, "Z") == 0;
}

// The date and time, and where the zone begins. NULL where there is none.
static const char *parse_moment(const char *text, int64_t *seconds)
{
    struct tm parts = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == NULL || !is_day(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday))
        return NULL; // strptime has a 30th of February
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

bool clock_moment(const char *text, uint64_t *wall_us)
{
    int64_t seconds;
    if (!clock_is_moment(text) || !clock_parse(text, &seconds) || seconds < 0)
        return false;
    uint64_t fraction = 0, unit = 100000;
    for (const char *digit = text + 20; text[19] == '.' && *digit >= '0' && *digit <= '9'; digit++, unit /= 10)
        fraction += (uint64_t)(*digit - '0') * unit;
    *wall_us = (uint64_t)seconds * 1000000 + fraction;
    return true;
}
