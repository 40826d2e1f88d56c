// Roles that IAM Identity Center keeps in an account for its permission sets: who signs in there takes one of them.
// https://docs.aws.amazon.com/singlesignon/latest/userguide/using-service-linked-roles.html
#pragma once

#include "rules/access/access.h"

// The permission set that a role is of, by its path and name, or NULL. In the arena.
const char *sign_in_permission_set(struct arena *arena, const struct iam_identity *identity);

// Who may take a permission set in the account, as far as it is told.
void sign_in_assigned(struct arena *arena, const struct account *account, const char *permission_set, text_list *who);

// Which permission sets the account has, what each can do and who may take it: "people sign in by IAM Identity Center
// (Admin, administrator, for GROUP g-1); "; "" where nothing tells of any. In the arena.
const char *sign_in_words(struct arena *arena, const struct account *account, const struct access_map *map);
