// What is written of verdicts is made into text once for all that are alike: most differ in their ports and lines only.
// Texts, owners and lists that lie at one place are taken for the same, as a set holds each once.
#pragma once

#include "model/verdict.h"

struct verdict_texts;
struct verdict_texts *verdict_texts_new(void);
void verdict_texts_free(struct verdict_texts *texts);

// The text of what a verdict tells of its host; of what it tells of its ports (all from `declared` on but the lines).
// *fresh: it is empty, and for the caller to make. It lasts until the function is called again.
struct text *verdict_texts_host(struct verdict_texts *texts, const struct verdict *verdict, bool *fresh);
struct text *verdict_texts_value(struct verdict_texts *texts, const struct verdict *verdict, bool *fresh);
