#include "pipeline/fail_on.h"

#include "base/error.h"
#include "rules/controls/controls.h"

int exit_status_of(bool complete, bool findings)
{
    enum { FINDINGS = 1, INCOMPLETE_WITH_FINDINGS = 4 };
    return complete ? (findings ? FINDINGS : 0) : findings ? INCOMPLETE_WITH_FINDINGS : ERROR_INCOMPLETE;
}

static bool has_findings(const struct verdict_set *set, const struct control_report *controls,
                         const struct fail_on *fail_on)
{
    for (size_t i = 0; i < set->items.count; i++) {
        const struct verdict *verdict = &set->items.items[i];
        if ((fail_on->severity && verdict->severity <= fail_on->least) || fail_on->verdicts[verdict->kind])
            return true;
    }
    if (set->splits.count > 0 && fail_on->severity && (enum severity)VANTAGE_SPLIT_SEVERITY <= fail_on->least)
        return true;
    for (size_t i = 0; controls != NULL && i < fail_on->controls.count; i++)
        if (controls_failed(controls, fail_on->controls.items[i]))
            return true;
    return false;
}

int exit_status(const struct verdict_set *set, const struct control_report *controls, const struct fail_on *fail_on)
{
    return exit_status_of(set->complete, has_findings(set, controls, fail_on));
}
