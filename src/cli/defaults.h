// Options that a file gives: what somebody would type each time.
//
//     {"common": {"profile": "audit"}, "run": {"region": ["eu-west-3"], "intent": "intent.json", "no-history": true}}
//
// Sections are "common" and commands; keys are long options. A value is text or a number, a list of them where the
// option may be repeated, true for a switch (false: not given). Unknown keys are errors, also in sections of other
// commands; of "common" a command takes what it has.
#pragma once

#include "cli/options.h"

// Adds what --config FILE, else $SGPROOF_CONFIG, else sgproof/config.json below $XDG_CONFIG_HOME (~/.config) gives, for
// options that are not on the command line; of these, words as they would be typed are added to options->given. Never a
// file of the current folder; an empty file gives nothing. One by default, which may be missing, must be ours or root's
// and not for others to write.
bool defaults_apply(struct arena *arena, struct options *options, struct error *error);

// The same of text; `file` names it in messages.
bool defaults_parse(struct arena *arena, const char *file, const char *bytes, size_t length, struct options *options,
                    struct error *error);
