#include "rules/controls/role_index.h"

#include <fnmatch.h>
#include <stdlib.h>

static const char special[] = "*?[]\\"; // letters of patterns: fnmatch(3)

struct indexed_role {
    const struct iam_identity *role;
    size_t length; // of its ARN
    enum access_level level;
    bool judged;
};

struct found_level {
    bool known;
    enum access_level level;
};

struct role_index {
    struct arena *arena;
    const struct account *account;
    struct indexed_role *roles; // by ARN
    size_t count;
    struct map found; // pattern -> struct found_level: many identities share theirs
};

static int by_arn(const void *left, const void *right)
{
    return strcmp(((const struct indexed_role *)left)->role->arn, ((const struct indexed_role *)right)->role->arn);
}

struct role_index *role_index_new(struct arena *arena, const struct account *account)
{
    struct role_index *index = arena_new_of(arena, struct role_index);
    *index = (struct role_index){.arena = arena, .account = account, .count = account->roles.count};
    index->roles = arena_array(arena, struct indexed_role, index->count + 1);
    for (size_t i = 0; i < index->count; i++)
        index->roles[i] =
            (struct indexed_role){.role = &account->roles.items[i], .length = strlen(account->roles.items[i].arn)};
    if (index->count > 1)
        qsort(index->roles, index->count, sizeof(*index->roles), by_arn);
    return index;
}

static enum access_level level_of(struct role_index *index, struct indexed_role *one)
{
    if (one->judged)
        return one->level;
    struct access access = policy_own_access(index->arena, index->account, one->role);
    one->level = access.unknown != NULL && access.level < ACCESS_WRITE ? ACCESS_WRITE : access.level;
    one->judged = true;
    return one->level;
}

// The first role whose ARN does not come before `length` letters of a pattern.
static size_t first_from(const struct role_index *index, const char *pattern, size_t length)
{
    size_t low = 0, high = index->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strncmp(index->roles[middle].role->arn, pattern, length) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// What a pattern ends with behind its last special letter: so ends every ARN that matches.
static const char *tail_of(const char *pattern)
{
    const char *tail = pattern;
    for (const char *at = pattern; *at != '\0'; at++)
        if (strchr(special, *at) != NULL)
            tail = at + 1;
    return tail;
}

static bool ends_with(const struct indexed_role *one, const char *tail, size_t length)
{
    return one->length >= length && memcmp(one->role->arn + one->length - length, tail, length) == 0;
}

bool role_index_level(struct role_index *index, const char *pattern, enum access_level *level)
{
    struct found_level *found = map_get(&index->found, pattern);
    if (found == NULL) {
        size_t literal = strcspn(pattern, special); // what every ARN that matches begins with
        const char *tail = tail_of(pattern);
        size_t tail_length = strlen(tail);
        found = arena_new_of(index->arena, struct found_level);
        for (size_t i = first_from(index, pattern, literal);
             i < index->count && strncmp(index->roles[i].role->arn, pattern, literal) == 0; i++) {
            if (!ends_with(&index->roles[i], tail, tail_length) || fnmatch(pattern, index->roles[i].role->arn, 0) != 0)
                continue;
            enum access_level one = level_of(index, &index->roles[i]);
            found->level = one > found->level ? one : found->level;
            found->known = true;
        }
        map_put(index->arena, &index->found, pattern, found);
    }
    *level = found->level;
    return found->known;
}
