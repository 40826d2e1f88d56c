// Verdicts of a document that are like others of it in all but their ports and lines: their bytes are compared, and not
// parsed again. For the files of model/ only.
#pragma once

#include "model/verdict.h"

// An element that was parsed is kept in two parts: the members before its ports tell of its host (the last one is
// kept), those behind them what is said of the ports (all are kept, since endpoints share them).
struct verdict_likes {
    struct arena *arena; // for what is kept
    const char *head;    // ends with `"protocol": "`; NULL: none yet
    size_t head_length;
    struct verdict host;
    struct tails *tails;
    size_t count; // of them
};

// Learns from an element that was read, whose bytes must stay, and its verdict's texts and lists.
void verdict_likes_learn(struct verdict_likes *likes, const char *bytes, size_t length, const cJSON *element,
                         const struct verdict *verdict);
// Reads an element at the beginning of some bytes, of which it takes *taken; false where it is like none before. Its
// lists are shared with others, so that adding to one copies it; its lines are in `arena`.
bool verdict_likes_take(struct verdict_likes *likes, struct arena *arena, const char *bytes, size_t length,
                        struct verdict *verdict, size_t *taken);
