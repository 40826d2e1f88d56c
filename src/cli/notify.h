// Tells somebody that a run found something: one short message to a URL, never the evidence.
#pragma once

#include "cli/options.h"
#include "report/report.h"

#define OPTION_NOTIFY                                                                                                  \
    {                                                                                                                  \
        "notify", 0, "URL", "post how many findings there are, as {\"text\": ...}, when the exit status is not 0",     \
            false                                                                                                      \
    }

// Whether --notify, where it is given, is a URL. The message does not repeat it: who knows it may post there.
bool notify_is_url(const struct options *options, struct error *error);

// Posts, where the status is not 0, how many ports of which severity a run of this title has found from outside and
// from inside, once, within ten seconds. ERROR_INCOMPLETE where that was not taken.
bool notify_post(const struct options *options, const char *title, const struct verdict_set *set,
                 const report_inside_rows *inside, int status, struct error *error);

// A word of the command line as evidence may keep it: the value of --notify is not for it. `before`: the word before it
// or NULL.
const char *notify_redacted(const char *before, const char *word);
