// Judgement: intent and severity for each verdict, and the reason why what is unreachable is so.
#pragma once

#include "rules/intent/intent.h"
#include "rules/reach/vantage.h"

// The one table of severities, but for one: without an intent, what is confirmed open on a port of administration or a
// database (`guarded` in service-ports.json), and declared reachable from all of the internet, is high. `expired`: an
// exception that would have allowed it is past its date, so that what is reachable all the same is a finding, whatever
// else allows it.
enum severity judge_severity(enum verdict_kind kind, enum observed_state observed, enum intent_state intent,
                             bool expired);

struct judge_options {
    const struct intent *intent; // NULL: everything is unspecified
    const struct vantage *vantages;
    size_t vantage_count;
    const char *today; // YYYY-MM-DD
};

// Completes the verdicts of `set`, which reconcile made from exposures of `estate`. `exposures` is the whole set, not
// narrowed. Cuts verdicts where intent or reason changes inside their ports, then joins what agrees.
void judge(struct arena *arena, const struct estate *estate, const struct exposure_set *exposures,
           const struct judge_options *options, struct verdict_set *set);
