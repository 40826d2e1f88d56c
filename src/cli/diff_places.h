// Which public places that are no interface documents of one state tell of, and those of the other do not.
#pragma once

#include "model/estate.h"

// "first told of: ...", "no longer told of: ...", "told of otherwise: ...", each once and in order. A state that holds
// no document of a kind tells of none, which does not show that there is none.
text_list diff_public_places(struct arena *arena, const struct estate *before, const struct estate *after);
