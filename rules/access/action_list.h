// The actions of IAM policies, each with the access level that AWS's service authorization reference gives it: what
// rules/packs/actions.json lists (scripts/make-actions).
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/vector.h"

enum action_level { ACTION_LIST, ACTION_READ, ACTION_TAGGING, ACTION_WRITE, ACTION_PERMISSIONS, ACTION_LEVELS };

struct listed_action {
    const char *name; // "iam:PassRole"; lives for good
    enum action_level level;
};

// A set of listed actions: a bit for each, by its place in the list.
typedef uint64_t action_word;

struct action_list {
    struct listed_action *items; // by service, in the order of the file
    size_t count;
    size_t words;         // of a set
    action_word *changes; // those that do more than read
    action_word *iam;     // those of IAM itself
    struct map services;  // prefix -> struct action_service *
    struct map patterns;  // of policies -> struct action_matches *, each matched once
};

// In the arena, with what its patterns come to.
struct action_list *action_list_new(struct arena *arena);

// The place of an action that is listed.
size_t action_place(const struct action_list *list, const char *name);

// Adds to `set`, which may be NULL, what a pattern of a policy stands for; false where the list holds nothing of it.
bool action_list_match(struct arena *arena, struct action_list *list, const char *pattern, action_word *set);

// A new set, empty.
action_word *action_set_new(struct arena *arena, const struct action_list *list);

static inline bool action_set_holds(const action_word *set, size_t place)
{
    return (set[place / 64] >> (place % 64) & 1) != 0;
}
