// What makes a finished job fail: its exit status.
#pragma once

#include "model/control.h"
#include "model/verdict.h"

// --fail-on (repeatable, each a list): severities from which on, verdicts, controls by glob.
struct fail_on {
    bool severity;
    enum severity least;
    bool verdicts[VERDICT_KINDS];
    text_list controls;
};

// Exit status of a job that is done: 0 nothing to report, 1 findings, 3 incomplete, 4 incomplete and findings too.
int exit_status_of(bool complete, bool findings);

// The same of a set; findings are what of it, or of the controls (NULL: none were judged), is what --fail-on says.
int exit_status(const struct verdict_set *set, const struct control_report *controls, const struct fail_on *fail_on);
