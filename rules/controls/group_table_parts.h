// What the files of the platform's table share. For them only.
#pragma once

#include "rules/controls/group_table.h"

// A group, and where its lines stand in the report: its inbound rules, what is denied inbound, its outbound rules, and
// what is denied outbound.
struct group_holder {
    struct arena *arena;
    const struct fact_input *input;
    const struct security_group *group;
    VECTOR(const struct endpoint *) endpoints; // of interfaces that hold it
    struct control_report *report;
    size_t first_line;
};

// The first line of one direction.
static inline size_t group_line(const struct group_holder *holder, bool outbound)
{
    return holder->first_line + (outbound ? holder->group->ingress.count + 1 : 0);
}

struct group_lines {
    const struct estate *estate;
    const struct map *holders; // id -> struct group_holder
    struct control_report *report;
};

// Adds what one interface was told when it asked.
void group_table_inside(const struct group_lines *lines, const struct inside_seen *seen);
