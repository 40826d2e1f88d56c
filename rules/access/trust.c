#include "rules/access/trust.h"

#include <strings.h>

#include "rules/access/launches.h"
#include "rules/access/organization_limits.h"
#include "rules/access/pattern.h"

bool trust_speaks_of(const struct iam_statement *statement, const char *action)
{
    bool found = false;
    for (size_t i = 0; i < statement->actions.count && !found; i++)
        found = pattern_match_any_case(statement->actions.items[i], action);
    return found != statement->not_actions;
}

// Those that sign in elsewhere: identity pools of Cognito count as a service, as the pool says who takes which role,
// and so do IAM Identity Center and EKS clusters.
// https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-federated-web-identity
static void add_federated(struct arena *arena, struct trust *trust, const struct iam_statement *statement)
{
    for (size_t i = 0; i < statement->principals.count && statement->allow && !statement->not_principals; i++) {
        const char *principal = statement->principals.items[i];
        if (strncmp(principal, "Federated:", 10) != 0)
            continue;
        bool saml =
            strstr(principal, ":saml-provider/") != NULL && trust_speaks_of(statement, "sts:AssumeRoleWithSAML");
        bool token = trust_speaks_of(statement, "sts:AssumeRoleWithWebIdentity");
        if (saml)
            *vector_add(arena, &trust->services) = LAUNCH_SAML;
        if (saml && strstr(principal, ":saml-provider/AWSSSO_") != NULL)
            *vector_add(arena, &trust->services) = LAUNCH_IDENTITY_CENTER;
        if (token && strncmp(principal + 10, "cognito-identity.", 17) == 0)
            *vector_add(arena, &trust->services) = principal + 10;
        if (token && strstr(principal, ":oidc-provider/oidc.eks.") != NULL)
            *vector_add(arena, &trust->services) = LAUNCH_EKS_TOKENS;
    }
}

// "arn:aws:iam::111122223333:root" or "111122223333".
static bool is_account(const struct account *account, const char *principal)
{
    size_t length = strlen(account->id), whole = strlen(principal);
    if (strcmp(principal, account->id) == 0)
        return true;
    return whole > length + 5 && strcmp(principal + whole - 5, ":root") == 0 &&
           strncmp(principal + whole - 5 - length, account->id, length) == 0;
}

// Of a role's session, arn:aws:sts::111122223333:assumed-role/NAME/SESSION: the role, as far as it is one of these.
static const char *role_of_session(const struct account *account, const char *principal)
{
    const char *name = strstr(principal, ":assumed-role/");
    if (name == NULL)
        return principal;
    name += strlen(":assumed-role/");
    size_t length = strcspn(name, "/");
    for (size_t i = 0; i < account->roles.count; i++)
        if (strncmp(account->roles.items[i].name, name, length) == 0 && account->roles.items[i].name[length] == '\0')
            return account->roles.items[i].arn;
    return principal;
}

static void add_allow(struct arena *arena, const struct account *account, struct trust *trust, const char *principal)
{
    if (strncmp(principal, "Service:", 8) == 0)
        *vector_add(arena, &trust->services) = principal + 8;
    if (strncmp(principal, "AWS:", 4) != 0)
        return;
    principal += 4;
    if (strcmp(principal, "*") == 0)
        trust->everyone = true;
    else if (is_account(account, principal))
        trust->account = true;
    else {
        const char *one = role_of_session(account, principal);
        *vector_add(arena, &trust->named) = one;
        if (one != principal)
            *vector_add(arena, &trust->sessions) = one;
    }
}

static void add_deny(struct arena *arena, const struct account *account, struct trust *trust, const char *principal)
{
    if (strncmp(principal, "AWS:", 4) != 0)
        return;
    if (strcmp(principal + 4, "*") == 0 || is_account(account, principal + 4))
        trust->nobody = true;
    else if (strstr(principal, ":assumed-role/") == NULL)
        *vector_add(arena, &trust->denied) = principal + 4;
}

struct trust trust_of(struct arena *arena, const struct account *account, const struct iam_identity *role)
{
    struct trust trust = {.known = role->trust != NULL && role->doubt == NULL};
    trust.account = !trust.known;
    trust.barred = organization_bars_role(account, role, "sts:AssumeRole", NULL);
    for (size_t i = 0; role->trust != NULL && i < role->trust->statements.count; i++) {
        const struct iam_statement *statement = &role->trust->statements.items[i];
        add_federated(arena, &trust, statement);
        if (!trust_speaks_of(statement, "sts:AssumeRole") ||
            (!statement->allow && (statement->conditional || !trust.known)))
            continue;
        if (statement->not_principals) {
            trust.everyone = trust.everyone || statement->allow;
            continue;
        }
        for (size_t p = 0; p < statement->principals.count; p++)
            (statement->allow ? add_allow : add_deny)(arena, account, &trust, statement->principals.items[p]);
    }
    return trust;
}

bool trust_has_service(const struct trust *trust, const char *service)
{
    size_t length = strlen(service);
    for (size_t i = 0; i < trust->services.count; i++)
        if (strcmp(trust->services.items[i], "*") == 0 || strcmp(trust->services.items[i], service) == 0 ||
            (strncasecmp(trust->services.items[i], service, length) == 0 &&
             strncasecmp(trust->services.items[i] + length, ".amazonaws.", 11) == 0))
            return true;
    return false;
}
