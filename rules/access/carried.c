#include "rules/access/carried.h"

struct access_map *access_known(struct arena *arena, struct map *accesses, const struct account *account)
{
    struct access_map *map = map_get(accesses, account->id);
    if (map == NULL) {
        map = access_compute(arena, account);
        map_put(arena, accesses, account->id, map);
    }
    return map;
}

// "arn:aws:iam::111122223333:instance-profile/web"
static const struct account *account_of_profile(struct arena *arena, const struct estate *estate, const char *profile)
{
    const char *at = profile;
    for (int colons = 0; colons < 4 && at != NULL; colons++) {
        at = strchr(at, ':');
        at = at == NULL ? NULL : at + 1;
    }
    return at == NULL ? NULL : map_get(&estate->accounts, arena_strndup(arena, at, strcspn(at, ":")));
}

// The role of an instance profile, or NULL where no document tells.
static const struct iam_identity *role_of_profile(const struct account *account, const char *profile)
{
    for (size_t i = 0; account != NULL && i < account->roles.count; i++)
        if (text_list_holds(&account->roles.items[i].profiles, profile))
            return &account->roles.items[i];
    return NULL;
}

struct carried_role carried_role_of(struct arena *arena, struct map *accesses, const struct estate *estate,
                                    const char *profile)
{
    static const char *const words[ACCESS_LEVELS] = {
        [ACCESS_NONE] = "may do nothing by IAM",
        [ACCESS_READ] = "may read",
        [ACCESS_UNKNOWN] = "may do what is not known",
        [ACCESS_WRITE] = "may do more than read",
        [ACCESS_ESCALATES] = "may make itself an administrator",
        [ACCESS_ADMIN] = "is an administrator",
    };
    const struct account *account = account_of_profile(arena, estate, profile);
    const struct iam_identity *role = role_of_profile(account, profile);
    if (role == NULL)
        return (struct carried_role){.what =
                                         arena_printf(arena, "instance profile %s: what its role can do is not told",
                                                      text_behind_slash(profile)),
                                     .is_more = true};
    const struct access *access = access_of(access_known(arena, accesses, account), role);
    const char *path = access->path == NULL ? "" : arena_printf(arena, " (%s)", access->path);
    return (struct carried_role){.what =
                                     arena_printf(arena, "role %s, which %s%s", role->name, words[access->level], path),
                                 .is_more = access->level >= ACCESS_UNKNOWN || access->unknown != NULL,
                                 .is_all = access->level >= ACCESS_ESCALATES};
}

struct map carried_roles(struct arena *arena, const struct exposure_set *exposures, const struct estate *estate)
{
    struct map roles = {0}, accesses = {0};
    for (size_t i = 0; i < exposures->endpoints.count; i++) {
        const char *id = exposures->endpoints.items[i].interface->instance_id;
        const struct instance *instance = map_get(&estate->instances, id);
        if (instance == NULL || instance->profile == NULL || map_get(&roles, id) != NULL)
            continue;
        struct carried_role *carried = arena_new_of(arena, struct carried_role);
        *carried = carried_role_of(arena, &accesses, estate, instance->profile);
        map_put(arena, &roles, id, carried);
    }
    return roles;
}
