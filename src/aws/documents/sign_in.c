// IAM Identity Center: which permission sets there are, and who may take them in which account.
// https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_Operations.html
#include <stdlib.h>
#include <string.h>

#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

// That there is one decides nothing: its roles and assignments tell of themselves.
bool read_sign_in_instance(struct reader *reader, const struct json_cursor *at, void *into)
{
    const char *arn;
    (void)into;
    return interned_of(reader, at, "InstanceArn", &arn);
}

bool read_permission_set(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct map *sets = &reader->documents->permission_sets;
    const char *arn, *name, *known;
    (void)into;
    GUARD(json_expect_object(at, reader->error));
    GUARD(interned_of(reader, at, "PermissionSetArn", &arn) && interned_of(reader, at, "Name", &name));
    known = map_get(sets, arn);
    if (known != NULL && strcmp(known, name) != 0) {
        map_put(reader->arena, sets, arn, (void *)(uintptr_t) "");
        return doubt_at(reader, at, "has another name than in an earlier document");
    }
    map_put(reader->arena, sets, arn, (void *)(uintptr_t)name);
    return true;
}

// https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_AccountAssignment.html
bool read_assignment(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct told_assignment *told;
    struct sign_in_assignment one = {0};
    const char *account, *type, *id;
    (void)into;
    GUARD(interned_of(reader, at, "AccountId", &account) &&
          interned_of(reader, at, "PermissionSetArn", &one.permission_set) &&
          interned_of(reader, at, "PrincipalType", &type) && interned_of(reader, at, "PrincipalId", &id));
    one.principal = intern(reader, arena_printf(reader->scratch, "%s %s", type, id));
    told = vector_add(reader->arena, &reader->documents->assignments);
    *told = (struct told_assignment){account, one};
    return true;
}

static int by_set(const void *left, const void *right)
{
    const struct sign_in_assignment *a = left, *b = right;
    int order = strcmp(a->permission_set, b->permission_set);
    return order != 0 ? order : strcmp(a->principal, b->principal);
}

static bool is_told(const struct account *account, const struct sign_in_assignment *one)
{
    for (size_t i = 0; i < account->assignments.count; i++)
        if (by_set(&account->assignments.items[i], one) == 0)
            return true;
    return false;
}

// Those of accounts that are in the snapshot; permission sets by name, where it is told.
void settle_assignments(struct reader *reader)
{
    struct documents *documents = reader->documents;
    const struct map *accounts = &reader->estate->accounts;
    for (size_t i = 0; i < documents->assignments.count; i++) {
        struct sign_in_assignment one = documents->assignments.items[i].assignment;
        struct account *account = map_get(accounts, documents->assignments.items[i].account);
        const char *name = map_get(&documents->permission_sets, one.permission_set);
        one.named = name != NULL && name[0] != '\0';
        one.permission_set = one.named ? name : text_behind_slash(one.permission_set);
        if (account != NULL && !is_told(account, &one))
            *vector_add(reader->arena, &account->assignments) = one;
    }
    for (size_t i = 0; i < accounts->size; i++) {
        struct account *account = accounts->slots[i].value;
        if (accounts->slots[i].key != NULL && account->assignments.count > 1)
            qsort(account->assignments.items, account->assignments.count, sizeof(struct sign_in_assignment), by_set);
    }
}
