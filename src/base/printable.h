// Text that others wrote, as people may see it: on a terminal, in a log, in a page, in a table.
//
// No character of it may steer what shows it, nor add a line, nor hide: C0 and C1 controls and DEL (ECMA-48), line and
// paragraph separators (UAX #14), marks and isolates that turn the direction of a line (UAX #9), characters that take
// no room (UTR #36, "invisible characters"), and bytes that are no UTF-8. Every format asks here which those are.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

// The character that begins at `at`, which is not the end of the text: its length in bytes, 1 to 4, and its code
// point; UINT32_MAX, and 1, where the bytes are no UTF-8.
size_t printable_next(const char *at, uint32_t *code);

// Whether a character may be shown as it is. UINT32_MAX may not.
bool printable_is(uint32_t code);

// Puts "?" in the place of each character that may not be shown, newlines included: what stays is one line.
void printable_line(char *text);
// The same, and blanks that follow each other are one space: so many of them would begin a line of the maker's where a
// terminal breaks lines.
void printable_line_close(char *text);
// The same as printable_line of a text of several lines that this program made: its newlines stay.
void printable_lines(struct text *text);

// A text whose bytes that are no UTF-8 stand as "\xff" in it: as it is where there are none, else in `arena`. Names of
// files and words of a command line may hold such bytes, and JSON may not.
const char *printable_bytes(struct arena *arena, const char *text);
