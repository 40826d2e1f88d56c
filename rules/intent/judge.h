// Judgement: intent and severity for each verdict, and the reason why what is unreachable is so.
#pragma once

#include "rules/intent/intent.h"
#include "rules/reach/inside_view.h"
#include "rules/reach/vantage.h"

// The one table of severities, but for one: without an intent, what is confirmed open on a port of administration or a
// database (`guarded` in service-ports.json), and declared reachable from all of the internet, is high. `expired`: an
// exception that would have allowed it is past its date, so that what is reachable all the same is a finding, whatever
// else allows it. What answers on an instance whose role may do more than read, and is not expected, is a step higher;
// critical where that role is, or can make itself, an administrator.
enum severity judge_severity(enum verdict_kind kind, enum observed_state observed, enum intent_state intent,
                             bool expired);

// The same from inside, where what is confirmed is no news: that a tier reaches another one is info where no rule of
// the intent (with `from` and `to`) is about it.
enum severity judge_inside_severity(enum verdict_kind kind, enum observed_state observed, enum intent_state intent,
                                    bool expired);

struct judge_options {
    const struct intent *intent; // NULL: everything is unspecified
    const struct vantage *vantages;
    size_t vantage_count;
    const char *today;          // YYYY-MM-DD
    const struct map *roles;    // instance id -> struct carried_role *; may be NULL
    struct inside_view *inside; // of which the exposures are, where somebody asked from inside; NULL: from the internet
};

struct judging;

// Begins to judge what reconcile makes from exposures of `estate` into `set`. `exposures` is the whole set, not
// narrowed. What is given must stay until judge_end.
struct judging *judge_begin(struct arena *arena, const struct estate *estate, const struct exposure_set *exposures,
                            const struct judge_options *options, struct verdict_set *set);

// Adds the verdicts of one address to the set, which is not to have been given others of it: complete, cut where intent
// or reason changes inside their ports, then joined where they agree. Sorts what it is given. A take_verdicts of
// reconcile's; `judging` is what judge_begin gave.
void judge_take(void *judging, struct verdict *verdicts, size_t count);

// Says what is so of the whole set: what the intent file deserves to be told, hosts that accept everything.
void judge_end(struct judging *judging);
