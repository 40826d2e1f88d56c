// What each principal of an account can reach by IAM: by its own policies and its groups', within its boundary, and by
// what they let it become: roles it can assume, one after the other; policies it can write; credentials it can make;
// roles it can pass to a service that runs its code.
//
// The organization's control policies take away where the snapshot tells of them (organization_limits.h). Not looked
// at: policies of resources (buckets, keys, queues) and of sessions (which only take away).
#pragma once

#include "model/account.h"

enum access_level {
    ACCESS_NONE,
    ACCESS_READ,      // what AWS lists as List or Read, and its own credentials
    ACCESS_UNKNOWN,   // no more is known, and something is not
    ACCESS_WRITE,     // more than read
    ACCESS_ESCALATES, // may make itself, or another that it can become, an administrator
    ACCESS_ADMIN,     // all of IAM, by its policies or by roles that it can assume
    ACCESS_LEVELS
};

extern const char *const access_level_names[];

struct access {
    enum access_level level;
    const char *path; // "user ann → policy p → sts:AssumeRole → role admin: policy r allows * on *"; NULL: nothing
    const char *reference; // where the snapshot tells of the policy that the path begins with, or NULL
    const char *unknown;   // where more may be granted, what is not known: a policy, a group, an action; or NULL
};

struct access_map;

// All of an account, in the arena.
struct access_map *access_compute(struct arena *arena, const struct account *account);

// Of a user or role of the account.
const struct access *access_of(const struct access_map *map, const struct iam_identity *identity);

// By the policies on the identity itself alone: not its groups', and nothing that they let it become.
struct access access_of_its_own(struct access_map *map, const struct iam_identity *identity);
