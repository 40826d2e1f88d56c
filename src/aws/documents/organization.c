// Organizations: which account is in which, under which units, and the control policies that are attached to each.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_Operations.html
#include <string.h>
#include <strings.h>

#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

// https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
bool read_organization(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct documents *documents = reader->documents;
    const char *id, *management, *known;
    (void)into;
    GUARD(json_expect_object(at, reader->error));
    GUARD(interned_of(reader, at, "Id", &id) && interned_of(reader, at, "MasterAccountId", &management));
    const char *features = text_beside(reader, at, "FeatureSet");
    if (features == NULL || (strcmp(features, "ALL") != 0 && strcmp(features, "CONSOLIDATED_BILLING") != 0))
        doubt_at(reader, at, "has FeatureSet %s, expected ALL or CONSOLIDATED_BILLING",
                 features == NULL ? "missing" : features);
    if (features == NULL || strcmp(features, "ALL") != 0) // else no control policy surely limits anything
        map_put(reader->arena, &documents->billing_only, id, documents);
    known = map_get(&documents->organizations, id);
    if (known != NULL && strcmp(known, management) != 0) {
        map_put(reader->arena, &documents->organizations, id, (void *)(uintptr_t) "");
        return doubt_at(reader, at, "tells of another management account than an earlier document");
    }
    map_put(reader->arena, &documents->organizations, id, (void *)(uintptr_t)management);
    if (reader->place.account != NULL)
        map_put(reader->arena, &documents->organization_of, reader->place.account, (void *)(uintptr_t)id);
    return true;
}

struct organization_target *organization_target_of_file(struct reader *reader)
{
    struct map *targets = &reader->documents->organization_targets;
    const char *id = organization_id_of_file(reader);
    struct organization_target *target = id == NULL ? NULL : map_get(targets, id);
    if (target == NULL && id != NULL) {
        target = arena_new_of(reader->arena, struct organization_target);
        map_put(reader->arena, targets, id, target);
    }
    return target;
}

// https://docs.aws.amazon.com/organizations/latest/APIReference/API_Parent.html
bool read_parent(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct organization_target *target = into;
    const char *id;
    GUARD(interned_of(reader, at, "Id", &id));
    if (target == NULL) // of what, its file's name does not tell: it is missed where it is asked for
        return true;
    if (target->parent != NULL && strcmp(target->parent, id) != 0)
        return doubt_at(reader, at, "is not the parent that was told before");
    target->parent = id;
    return true;
}

// ---- Attached policies. An answer that lists none tells of which kind by its file's name alone.

static const char *const kinds[CONTROL_POLICIES] = {"SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"};

struct attached_controls *attached_controls_of_file(struct reader *reader)
{
    struct map *known = &reader->documents->attached_controls;
    struct attached_controls *controls = map_get(known, reader->name);
    const char *target = organization_id_of_file(reader);
    if (controls != NULL || target == NULL)
        return controls;
    controls = arena_new_of(reader->arena, struct attached_controls);
    controls->target = target;
    for (int kind = 0; kind < CONTROL_POLICIES; kind++)
        controls->tells[kind] = strcasestr(text_behind_slash(reader->name), kinds[kind]) != NULL;
    map_put(reader->arena, known, reader->name, controls);
    return controls;
}

// https://docs.aws.amazon.com/organizations/latest/APIReference/API_PolicySummary.html
bool read_attached_control(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct attached_controls *controls = into;
    const char *id, *type;
    GUARD(interned_of(reader, at, "Id", &id) && interned_of(reader, at, "Type", &type));
    for (int kind = 0; controls != NULL && kind < CONTROL_POLICIES; kind++)
        if (strcmp(type, kinds[kind]) == 0) {
            controls->tells[kind] = true;
            text_list_add(reader->arena, &controls->ids[kind], id);
        }
    return true;
}

// https://docs.aws.amazon.com/organizations/latest/APIReference/API_Policy.html
bool read_control_policy(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct map *policies = &reader->documents->control_policies;
    struct json_cursor summary = member_of(reader, at, "PolicySummary"), content = member_of(reader, at, "Content");
    const char *type, *id;
    (void)into;
    GUARD(json_expect_object(&summary, reader->error));
    GUARD(interned_of(reader, &summary, "Id", &id) && interned_of(reader, &summary, "Type", &type));
    if (strcmp(type, kinds[CONTROL_POLICY_SERVICE]) != 0 && strcmp(type, kinds[CONTROL_POLICY_RESOURCE]) != 0)
        return true; // of tags, backups...
    struct iam_policy *policy = map_get(policies, id);
    if (policy != NULL) {
        record_agrees(reader, at, policy->record, id, &policy->doubt);
        return true;
    }
    policy = arena_new_of(reader->arena, struct iam_policy);
    *policy = (struct iam_policy){.resource = strcmp(type, kinds[CONTROL_POLICY_RESOURCE]) == 0,
                                  .arn = id,
                                  .record = reader->record,
                                  .evidence = evidence_of(reader, at)};
    map_put(reader->arena, policies, id, policy);
    reader->doubt = &policy->doubt;
    lenient_text(reader, &summary, "Name", &policy->name);
    if (policy->name == NULL)
        policy->name = id;
    if (!cJSON_IsString(content.node))
        return doubt_at(reader, &content, "is no string, expected a policy document");
    if (!read_policy_content(reader, &content, content.node->valuestring, policy))
        doubt_failure(reader);
    if (policy->statements.count == 0 && policy->doubt == NULL)
        doubt_at(reader, &content, "has no statement, expected one");
    return true;
}

// ---- What bears on each account

static bool same_ids(const text_list *a, const text_list *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; i < a->count && same; i++)
        same = text_list_holds(b, a->items[i]);
    return same;
}

// What the files tell of a kind of policies of one level, all alike; NULL where none does, or two differ.
static const struct attached_controls *attached_to(struct reader *reader, const char *target, enum control_policy kind)
{
    const struct map *files = &reader->documents->attached_controls;
    const struct attached_controls *found = NULL;
    for (size_t i = 0; i < files->size; i++) {
        const struct attached_controls *one = files->slots[i].value;
        if (files->slots[i].key == NULL || strcmp(one->target, target) != 0 || !one->tells[kind])
            continue;
        if (one->doubt != NULL || one->more || (found != NULL && !same_ids(&found->ids[kind], &one->ids[kind])))
            return NULL;
        found = one;
    }
    return found;
}

// AWS's own policies that allow everything are known without a document.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
static bool allows_all(const char *id)
{
    return strcmp(id, "p-FullAWSAccess") == 0 || strcmp(id, "p-RCPFullAWSAccess") == 0;
}

static const struct iam_policy *full_access(struct arena *arena, const char *id)
{
    struct iam_policy *policy = arena_new_of(arena, struct iam_policy);
    *policy = (struct iam_policy){.name = id, .arn = id, .resource = strcmp(id, "p-FullAWSAccess") != 0};
    struct iam_statement *statement = vector_add(arena, &policy->statements);
    *statement = (struct iam_statement){.allow = true};
    *vector_add(arena, &statement->actions) = "*";
    *vector_add(arena, &statement->resources) = "*";
    return policy;
}

static void settle_level(struct reader *reader, struct organization *organization, const char *id,
                         enum control_policy kind)
{
    static const char *const words[CONTROL_POLICIES] = {"service", "resource"};
    struct organization_level *level = &organization->levels.items[organization->levels.count - 1];
    const struct attached_controls *attached = attached_to(reader, id, kind);
    text_list *lacks = &organization->lacks[kind];
    level->whole[kind] = attached != NULL;
    if (attached == NULL)
        *vector_add(reader->arena, lacks) =
            arena_printf(reader->arena, "list-policies-for-target of %s (%s control policies)", id, words[kind]);
    for (size_t i = 0; attached != NULL && i < attached->ids[kind].count; i++) {
        const char *policy_id = attached->ids[kind].items[i];
        const struct iam_policy *policy = map_get(&reader->documents->control_policies, policy_id);
        if (policy == NULL && allows_all(policy_id))
            policy = full_access(reader->arena, policy_id);
        organization->told = true;
        if (policy != NULL && policy->doubt == NULL) {
            *vector_add(reader->arena, &level->policies[kind]) = policy;
            continue;
        }
        level->whole[kind] = false;
        text_list_add(reader->arena, lacks,
                      policy != NULL ? policy->doubt : arena_printf(reader->arena, "describe-policy of %s", policy_id));
    }
}

static const char *only_organization(const struct documents *documents)
{
    const char *only = NULL;
    for (size_t i = 0; i < documents->organizations.size; i++) {
        if (documents->organizations.slots[i].key == NULL)
            continue;
        if (only != NULL)
            return NULL;
        only = documents->organizations.slots[i].key;
    }
    return only;
}

// From the account up to the root.
static void settle_account(struct reader *reader, struct account *account)
{
    enum { MOST_LEVELS = 8 }; // the account, five levels of units, the root
    struct documents *documents = reader->documents;
    struct organization *organization = &account->organization;
    bool named = map_get(&documents->organization_targets, account->id) != NULL;
    const char *of = map_get(&documents->organization_of, account->id), *id = account->id;
    const char *only = of == NULL ? only_organization(documents) : NULL;
    if (only != NULL && (named || text_same(map_get(&documents->organizations, only), account->id)))
        of = only;
    const char *management = of == NULL ? NULL : map_get(&documents->organizations, of);
    organization->management = text_same(management, account->id) && management != NULL;
    organization->told = organization->told || organization->management;
    organization->without_policies = of != NULL && map_get(&documents->billing_only, of) != NULL;
    while (id != NULL && organization->levels.count < MOST_LEVELS) {
        const struct organization_target *target = map_get(&documents->organization_targets, id);
        vector_add(reader->arena, &organization->levels)->id = id;
        for (int kind = 0; kind < CONTROL_POLICIES; kind++)
            settle_level(reader, organization, id, (enum control_policy)kind);
        bool root = strncmp(id, "r-", 2) == 0;
        const char *parent = root || target == NULL || target->doubt != NULL ? NULL : target->parent;
        for (int kind = 0; kind < CONTROL_POLICIES && parent == NULL && !root; kind++)
            *vector_add(reader->arena, &organization->lacks[kind]) =
                arena_printf(reader->arena, "list-parents of %s", id);
        id = parent;
    }
    // Neither limits the management account: which that is must be known.
    if (organization->told && (management == NULL || management[0] == '\0')) {
        organization->levels.count = 0;
        for (int kind = 0; kind < CONTROL_POLICIES; kind++)
            *vector_add(reader->arena, &organization->lacks[kind]) = "describe-organization";
    }
}

void settle_organizations(struct reader *reader)
{
    const struct map *accounts = &reader->estate->accounts;
    for (size_t i = 0; i < accounts->size; i++)
        if (accounts->slots[i].key != NULL)
            settle_account(reader, accounts->slots[i].value);
}
