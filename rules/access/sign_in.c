#include "rules/access/sign_in.h"

#include "base/json.h"

// "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/REGION/AWSReservedSSO_NAME_16 hexadecimal digits"
const char *sign_in_permission_set(struct arena *arena, const struct iam_identity *identity)
{
    static const char prefix[] = "AWSReservedSSO_";
    const char *name = identity->name, *end = strrchr(name, '_');
    size_t length = sizeof(prefix) - 1;
    if (identity->kind != IAM_ROLE || strstr(identity->arn, ":role/aws-reserved/sso.amazonaws.com/") == NULL ||
        strncmp(name, prefix, length) != 0 || end < name + length)
        return NULL;
    return arena_strndup(arena, name + length, (size_t)(end - name) - length);
}

void sign_in_assigned(struct arena *arena, const struct account *account, const char *permission_set, text_list *who)
{
    for (size_t i = 0; i < account->assignments.count; i++)
        if (account->assignments.items[i].named &&
            strcmp(account->assignments.items[i].permission_set, permission_set) == 0)
            text_list_add(arena, who, account->assignments.items[i].principal);
}

static void add_assigned(struct arena *arena, const struct account *account, const char *set, struct text *out)
{
    text_list who = {0};
    sign_in_assigned(arena, account, set, &who);
    for (size_t i = 0; i < who.count; i++)
        text_printf(out, "%s%s", i == 0 ? ", for " : " and ", who.items[i]);
}

const char *sign_in_words(struct arena *arena, const struct account *account, const struct access_map *map)
{
    struct text out = {0};
    text_list told = {0};
    for (size_t i = 0; i < account->roles.count; i++) {
        const char *set = sign_in_permission_set(arena, &account->roles.items[i]);
        if (set == NULL)
            continue;
        text_printf(&out, "%s%s, %s", told.count == 0 ? "" : "; ", set,
                    access_level_names[access_of(map, &account->roles.items[i])->level]);
        add_assigned(arena, account, set, &out);
        *vector_add(arena, &told) = set;
    }
    for (size_t i = 0; i < account->assignments.count; i++) {
        const char *set = account->assignments.items[i].permission_set;
        if (account->assignments.items[i].named && text_list_holds(&told, set))
            continue;
        text_printf(&out, "%s%s, whose role is not told, for %s", told.count == 0 ? "" : "; ", set,
                    account->assignments.items[i].principal);
        *vector_add(arena, &told) = "";
    }
    const char *words =
        told.count == 0 ? "" : arena_printf(arena, "people sign in by IAM Identity Center (%s); ", out.bytes);
    text_free(&out);
    return words;
}
