// The word that somebody may have meant who typed another one.
#pragma once

// Of `words`, which ends with NULL, the one that differs from `text` by the fewest letters that are missing, too many,
// others, or two in the wrong order; upper and lower case are alike. NULL where none is near enough: of up to four
// letters one may differ, of up to eight two, of more three.
const char *nearest_word(const char *text, const char *const *words);
