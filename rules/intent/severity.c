// How bad a verdict is, by what was meant: the table of docs/formats.md.
#include "rules/intent/judge.h"

enum severity judge_severity(enum verdict_kind kind, enum observed_state observed, enum intent_state intent,
                             bool expired)
{
    static const enum severity table[VERDICT_KINDS][3] = {
        //                      expected         forbidden          unspecified
        [VERDICT_CONFIRMED] = {SEVERITY_INFO, SEVERITY_CRITICAL, SEVERITY_MEDIUM},
        [VERDICT_LATENT] = {SEVERITY_LOW, SEVERITY_HIGH, SEVERITY_LOW},
        [VERDICT_BLOCKED] = {SEVERITY_MEDIUM, SEVERITY_MEDIUM, SEVERITY_LOW},
        [VERDICT_ENFORCED] = {SEVERITY_MEDIUM, SEVERITY_INFO, SEVERITY_INFO},
        [VERDICT_UNCONFIRMED] = {SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_LOW},
        [VERDICT_UNVERIFIED] = {SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_LOW},
    };
    if (kind == VERDICT_UNDECLARED)
        return observed == OBSERVED_OPEN ? SEVERITY_CRITICAL : SEVERITY_HIGH;
    bool lapsed = expired && kind != VERDICT_ENFORCED && table[kind][intent] > SEVERITY_MEDIUM;
    return lapsed ? SEVERITY_MEDIUM : table[kind][intent];
}

enum severity judge_inside_severity(enum verdict_kind kind, enum observed_state observed, enum intent_state intent,
                                    bool expired)
{
    bool is_meant = kind == VERDICT_CONFIRMED || kind == VERDICT_LATENT || kind == VERDICT_UNCONFIRMED;
    return is_meant && intent == INTENT_UNSPECIFIED && !expired ? SEVERITY_INFO
                                                                : judge_severity(kind, observed, intent, expired);
}
