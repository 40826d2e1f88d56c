// What would close a finding: commands of the AWS CLI, all of which it takes. Suggestions for a person to judge;
// nothing runs them.
#pragma once

#include "model/verdict.h"
#include "rules/reach/explain.h"

// Commands that take away every rule by which the endpoint's security groups admit the packet that was explained or,
// where the interface has no group, that make its network ACL deny the ports of the verdict. Empty where neither surely
// closes it, or would close more, or an id is none that is safe to type.
text_list suggest_closing(struct arena *arena, const struct estate *estate, const struct verdict *verdict,
                          const struct explanation *explanation, struct address source);

// The rule with some of its peers, as a permission of the EC2 API; ids of `lists` must be plain.
const char *suggest_permission(struct arena *arena, const struct security_group_rule *rule, enum family family,
                               const text_list *prefixes, const text_list *lists);

// Whether those commands name the ports of the verdict: else they are the same for all verdicts that one explanation is
// of, in one region.
bool suggestion_names_ports(const struct explanation *explanation);
