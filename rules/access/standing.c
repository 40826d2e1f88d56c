#include "rules/access/standing.h"

#include "rules/access/pattern.h"

// What is left at a resource of a statement: what the boundary has as well, and no Deny takes away.
static void left_at(struct granting *granting, const struct grants *grants, const struct grant *grant,
                    const char *resource, action_word *left)
{
    size_t words = granting->actions->words;
    memcpy(left, grant->actions, words * sizeof(*left));
    if (grants->bounded) {
        action_word *within = action_set_new(granting->arena, granting->actions);
        for (size_t i = 0; i < grants->limits.count; i++)
            for (size_t w = 0; grant_covers(&grants->limits.items[i], resource) && w < words; w++)
                within[w] |= grants->limits.items[i].actions[w];
        for (size_t w = 0; w < words; w++)
            left[w] &= within[w];
    }
    for (size_t i = 0; i < grants->denies.count; i++)
        for (size_t w = 0; grant_covers(&grants->denies.items[i], resource) && w < words; w++)
            left[w] &= ~grants->denies.items[i].actions[w];
}

// ---- What counts as no more than reading

static void take(const struct granting *granting, action_word *set, const char *action)
{
    size_t place = action_place(granting->actions, action);
    set[place / 64] &= ~((action_word)1 << (place % 64));
}

// Whether a resource is the principal's own user or device: behind ":user/" or ":mfa/" its name, with or without path.
static bool is_own(const struct iam_identity *principal, const char *resource, const char *kind)
{
    const char *tail = strstr(resource, kind);
    return principal->kind == IAM_USER && strncmp(resource, "arn:", 4) == 0 && tail != NULL &&
           strcmp(text_behind_slash(tail), principal->name) == 0 && strpbrk(tail, "\001\002") == NULL;
}

// A user's own password, keys and devices.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage.html
static void take_own(const struct granting *granting, const struct iam_identity *principal, const char *resource,
                     action_word *set)
{
    static const char *const of_user[] = {"iam:ChangePassword",
                                          "iam:CreateLoginProfile",
                                          "iam:UpdateLoginProfile",
                                          "iam:DeleteLoginProfile",
                                          "iam:CreateAccessKey",
                                          "iam:UpdateAccessKey",
                                          "iam:DeleteAccessKey",
                                          "iam:EnableMFADevice",
                                          "iam:DeactivateMFADevice",
                                          "iam:ResyncMFADevice",
                                          "iam:UploadSSHPublicKey",
                                          "iam:UpdateSSHPublicKey",
                                          "iam:DeleteSSHPublicKey",
                                          "iam:UploadSigningCertificate",
                                          "iam:UpdateSigningCertificate",
                                          "iam:DeleteSigningCertificate",
                                          "iam:CreateServiceSpecificCredential",
                                          "iam:UpdateServiceSpecificCredential",
                                          "iam:ResetServiceSpecificCredential",
                                          "iam:DeleteServiceSpecificCredential"};
    for (size_t i = 0; is_own(principal, resource, ":user/") && i < sizeof(of_user) / sizeof(of_user[0]); i++)
        take(granting, set, of_user[i]);
    if (strstr(resource, ":mfa/") != NULL)
        take(granting, set, "iam:CreateVirtualMFADevice");
    if (is_own(principal, resource, ":mfa/"))
        take(granting, set, "iam:DeleteVirtualMFADevice");
}

// Assuming a role comes to what that role may do, where it is one of the account's own.
static bool is_own_role(const struct granting *granting, const char *resource)
{
    const char *at = strstr(resource, ":iam::");
    size_t length = strlen(granting->account->id);
    return at != NULL && strncmp(at + 6, granting->account->id, length) == 0 &&
           strncmp(at + 6 + length, ":role/", 6) == 0;
}

// That a role which a statement names is not known; NULL where it is, or a pattern stands for what there is.
static const char *untold_role(const struct granting *granting, const struct grant *grant, const char *resource)
{
    bool named = text_list_holds(&grant->resources, resource) && !grant->statement->not_resources;
    return named && map_get(&granting->account->identities, resource) == NULL
               ? arena_printf(granting->arena, "role %s", resource)
               : NULL;
}

// ---- What the list does not hold

static bool some_match(const struct grant *grant, const char *pattern)
{
    bool found = false;
    for (size_t i = 0; i < grant->statement->actions.count && !found; i++)
        found = pattern_match_any_case(grant->statement->actions.items[i], pattern);
    return found != grant->statement->not_actions;
}

// Whether an action of no known level is let through.
static bool is_let_through(const struct grants *grants, const char *action, const char *resource)
{
    bool within = !grants->bounded;
    for (size_t i = 0; i < grants->limits.count && !within; i++)
        within = grant_covers(&grants->limits.items[i], resource) &&
                 (some_match(&grants->limits.items[i], action) || !pattern_is_literal(action));
    for (size_t i = 0; i < grants->denies.count && within; i++)
        within = !(grant_covers(&grants->denies.items[i], resource) &&
                   !(grants->denies.items[i].statement->not_actions && !pattern_is_literal(action)) &&
                   some_match(&grants->denies.items[i], action));
    return within;
}

// ---- In words

static const char *readable(struct arena *arena, const char *resource)
{
    char *text = arena_strdup(arena, resource), *out = text;
    for (const char *at = text; *at != '\0'; at++) {
        bool star = *at == '\001';
        if (!star || out == text || out[-1] != '*')
            *out++ = star ? '*' : *at == '\002' ? '?' : *at;
    }
    *out = '\0';
    return text;
}

// Of NotAction and NotResource: the first few that they leave out.
static const char *all_but(struct arena *arena, const text_list *left_out)
{
    enum { TOLD = 3 };
    const char *text = "all";
    for (size_t i = 0; i < left_out->count && i < TOLD; i++)
        text = arena_printf(arena, "%s%s %s", text, i == 0 ? " but" : ",", readable(arena, left_out->items[i]));
    return left_out->count > TOLD ? arena_printf(arena, "%s and %zu more", text, (size_t)left_out->count - TOLD) : text;
}

static const char *words(struct granting *granting, const struct grant *grant, const char *action, const char *resource,
                         bool bounded)
{
    const struct iam_statement *statement = grant->statement;
    const char *pattern = action;
    for (size_t i = 0; i < statement->actions.count && !statement->not_actions; i++)
        if (pattern_match_any_case(statement->actions.items[i], action))
            pattern = statement->actions.items[i];
    const char *so = strcmp(pattern, action) == 0 || strcmp(pattern, "*") == 0
                         ? ""
                         : arena_printf(granting->arena, ", so %s,", action);
    if (statement->not_actions)
        pattern = all_but(granting->arena, &statement->actions);
    return arena_printf(
        granting->arena, "policy %s%s%s allows %s%s on %s%s%s", grant->policy->name == NULL ? "" : grant->policy->name,
        grant->group == NULL ? "" : " of group ", grant->group == NULL ? "" : grant->group->name, pattern, so,
        statement->not_resources ? all_but(granting->arena, &grant->resources) : readable(granting->arena, resource),
        statement->conditional ? ", on a condition" : "", bounded ? ", within the boundary" : "");
}

// ---- Levels

static void raise(struct granting *granting, const struct grants *grants, struct standing *standing,
                  enum access_level level, const struct grant *grant, const action_word *set, const char *resource)
{
    size_t place = 0;
    while (place < granting->actions->count && !action_set_holds(set, place))
        place++;
    if (place == granting->actions->count || standing->level >= level)
        return;
    standing->level = level;
    standing->grant = grant;
    standing->why = words(granting, grant, granting->actions->items[place].name, resource, grants->bounded);
}

static void weigh(struct granting *granting, const struct grants *grants, const struct grant *grant,
                  const char *resource, action_word *left, struct standing *standing)
{
    left_at(granting, grants, grant, resource, left);
    if (is_own_role(granting, resource)) {
        if (standing->unknown == NULL && action_set_holds(left, action_place(granting->actions, "sts:AssumeRole")))
            standing->unknown = untold_role(granting, grant, resource);
        take(granting, left, "sts:AssumeRole");
    }
    raise(granting, grants, standing, ACCESS_READ, grant, left, resource);
    for (size_t w = 0; w < granting->actions->words; w++)
        left[w] &= granting->actions->changes[w];
    take_own(granting, grants->principal, resource, left);
    raise(granting, grants, standing, ACCESS_WRITE, grant, left, resource);
    for (size_t i = 0; i < grant->unlisted.count && standing->unknown == NULL; i++)
        if (is_let_through(grants, grant->unlisted.items[i], resource))
            standing->unknown = arena_printf(
                granting->arena, "what %s lets one do, which policy %s allows: the list of actions has no such",
                grant->unlisted.items[i], grant->policy->name == NULL ? "" : grant->policy->name);
}

const struct grant *standing_admin(struct granting *granting, const struct grants *grants)
{
    static const char *const raising[] = {"iam:AttachUserPolicy",   "iam:PutUserPolicy",     "iam:AttachRolePolicy",
                                          "iam:PutRolePolicy",      "iam:AttachGroupPolicy", "iam:PutGroupPolicy",
                                          "iam:CreatePolicyVersion"};
    const struct action_list *list = granting->actions;
    const char *arn = grants->principal->arn, *behind = strstr(arn, "::");
    behind = behind == NULL ? NULL : strchr(behind + 2, ':');
    if (behind == NULL)
        return NULL;
    const char *any =
        pattern_witness(granting->arena, arena_printf(granting->arena, "%.*s*", (int)(behind + 1 - arn), arn), false);
    const grant_list *lists[] = {&grants->allows, &grants->limits};
    const struct grant *widest = NULL;
    for (size_t l = 0; l < (grants->bounded ? 2 : 1); l++) {
        action_word *all = action_set_new(granting->arena, list);
        for (size_t i = 0; i < lists[l]->count; i++) {
            if (!grant_covers(&lists[l]->items[i], any))
                continue;
            for (size_t w = 0; w < list->words; w++)
                all[w] |= lists[l]->items[i].actions[w] & list->iam[w];
            if (l == 0 && action_set_holds(lists[l]->items[i].actions, action_place(list, raising[0])))
                widest = &lists[l]->items[i];
        }
        for (size_t w = 0; w < list->words; w++)
            if (all[w] != list->iam[w])
                return NULL;
    }
    for (size_t i = 0; i < sizeof(raising) / sizeof(raising[0]); i++)
        if (!grants_deny(grants, action_place(list, raising[i]), any))
            return widest;
    return NULL;
}

struct standing standing_of(struct granting *granting, const struct grants *grants)
{
    struct standing standing = {.unknown = grants->unknown};
    action_word *left = action_set_new(granting->arena, granting->actions);
    const struct grant *admin = standing_admin(granting, grants);
    if (admin != NULL)
        return (struct standing){ACCESS_ADMIN, admin,
                                 words(granting, admin, "iam:AttachUserPolicy",
                                       admin->resources.count == 0 ? "*" : admin->resources.items[0], grants->bounded),
                                 NULL};
    for (size_t i = 0; i < grants->allows.count && standing.level < ACCESS_WRITE; i++) {
        text_list witnesses = {0};
        grant_witnesses(granting, grants, &grants->allows.items[i], &witnesses);
        for (size_t w = 0; w < witnesses.count; w++)
            weigh(granting, grants, &grants->allows.items[i], witnesses.items[w], left, &standing);
    }
    if (standing.level < ACCESS_WRITE && standing.unknown != NULL)
        standing.level = ACCESS_UNKNOWN;
    return standing;
}
