// Moments as people and files write them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

// Microseconds since 1970.
uint64_t clock_wall_us(void);

// Milliseconds of a clock that nobody sets, from a beginning of its own.
uint64_t clock_steady_ms(void);

// RFC 3339 in UTC with microseconds: "2026-11-25T01:02:03.000004Z".
enum { CLOCK_TEXT = 40 };
void clock_format(uint64_t wall_us, char text[CLOCK_TEXT]);
const char *clock_text(struct arena *arena, uint64_t wall_us);

// Whether a text is a day of the calendar, "2026-02-28"; or a moment as clock_format writes it, with a fraction or
// none.
bool clock_is_date(const char *text);
bool clock_is_moment(const char *text);

// Microseconds since 1970 of a moment as clock_is_moment has it: false of anything else.
bool clock_moment(const char *text, uint64_t *wall_us);

// Seconds since 1970 of an RFC 3339 text, whose fraction is left out; an offset must be Z, +00:00 or absent.
bool clock_parse(const char *text, int64_t *seconds);

// The same, but with any offset as +02:00 or -0230, and with "UTC", which AWS's own tools have written too.
bool clock_parse_zone(const char *text, int64_t *seconds);
