#include "aws/terraform/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "aws/documents/weight.h"
#include "aws/terraform/changeset.h"
#include "aws/terraform/kinds.h"
#include "aws/terraform/open.h"

void say(struct plan_reader *plan, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = arena_vprintf(plan->arena, format, arguments);
    va_end(arguments);
    const char *key = plan->aside ? arena_printf(plan->arena, "aside: %s", text) : text;
    if (map_get(&plan->report->said, key) != NULL)
        return;
    map_put(plan->arena, &plan->report->said, key, (void *)(uintptr_t)text);
    if (plan->aside)
        *vector_add(plan->arena, &plan->report->carriers) = text;
    else
        *vector_add(plan->arena, &plan->report->unknown) = text;
}

void say_not_held(struct plan_reader *plan, const struct resource *resource, const char *what, const char *id)
{
    if (resource->deposed)
        return; // nothing that stays is on it
    say(plan, "%s: %s %s is not in the snapshot: another account, region or time?", resource->address, what,
        id == NULL ? "(unknown)" : id);
}

const char *doubt_of(struct plan_reader *plan, const struct resource *resource, const char *key)
{
    const char *text = arena_printf(plan->arena, "%s: %s is known after apply", resource->address, key);
    say(plan, "%s", text);
    return text;
}

const char *not_told(struct plan_reader *plan, const struct resource *resource, const char *what)
{
    const char *text = arena_printf(plan->arena, "%s: %s is not told", resource->address, what);
    say(plan, "%s", text);
    return text;
}

void adopts(struct plan_reader *plan, const struct resource *resource, const char *id)
{
    struct resource *own = map_get(&plan->by_address, resource->address);
    if (own != NULL)
        own->id = id;
}

bool is_made(const struct plan_reader *plan, const char *type, const char *id)
{
    const struct resource *one = map_get(&plan->by_address, id);
    return one != NULL && strcmp(one->type, type) == 0;
}

static bool blocks_some(const struct estate *estate)
{
    for (size_t i = 0; i < estate->block_options.size; i++) {
        const struct block_options *options = estate->block_options.slots[i].value;
        if (options != NULL && options->mode != BLOCK_OFF)
            return true;
    }
    return false;
}

struct interface_place plan_place(struct plan_reader *plan)
{
    struct interface_place place = {"unknown", "unknown", "unknown", NULL};
    const struct completeness *known = plan->estate->completeness.items;
    size_t count = plan->estate->completeness.count;
    struct provider_place told = {0};
    if (plan->current != NULL)
        told = provider_place_of(plan, plan->current);
    bool one_account = count > 0;
    for (size_t i = 1; i < count; i++)
        one_account = one_account && strcmp(known[i].account, known[0].account) == 0;
    if (one_account && !told.of_another_account)
        place.account_id = known[0].account;
    if (count == 1 && strcmp(known[0].region, "unknown") == 0 && !blocks_some(plan->estate))
        return place; // all that the estate tells of is of one place, whichever it is
    if (told.region != NULL || told.region_unknown)
        place.region = told.region_unknown ? "unknown" : told.region;
    else if (count == 1 && !blocks_some(plan->estate))
        place.region = known[0].region; // a guess, which nothing becomes less open by
    return place;
}

// ---- Reading

static bool has_action(const cJSON *actions, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, actions)
        if (cJSON_IsString(item) && strcmp(item->valuestring, name) == 0)
            return true;
    return false;
}

static const cJSON *object_or_null(const cJSON *node)
{
    return cJSON_IsObject(node) ? node : NULL;
}

// What another plan of the report creates by the same address goes by another one here.
static void tell_apart(struct plan_reader *plan, struct resource *resource)
{
    const char *first = map_get(&plan->report->created, resource->address);
    resource->written = resource->address;
    if (!resource->creates || resource->deposed)
        return;
    if (first == NULL) {
        map_put(plan->arena, &plan->report->created, resource->address, (void *)(uintptr_t)plan->file);
    } else if (strcmp(first, plan->file) != 0) {
        say(plan, "%s: %s and %s both create it: two things, or one of them fails", resource->address, first,
            plan->file);
        resource->address = arena_printf(plan->arena, "%s of %s", resource->address, plan->file);
    }
}

// Two plans that change one thing: each was made without the other.
static void find_conflict(struct plan_reader *plan, const struct resource *resource)
{
    if (!resource->changes || resource->id_before == NULL)
        return;
    const char *key = arena_printf(plan->arena, "%s %s", resource->type, resource->id_before);
    const char *first = map_get(&plan->report->changed, key);
    if (first == NULL)
        map_put(plan->arena, &plan->report->changed, key, (void *)(uintptr_t)plan->file);
    else if (strcmp(first, plan->file) != 0)
        say(plan, "%s: %s and %s both change %s: what is applied last decides, here %s", resource->address, first,
            plan->file, resource->id_before, plan->file);
}

// Takes an address apart: "module.NAME[KEY]." as often as it stands there, then "TYPE.NAME" or "data.TYPE.NAME",
// "[KEY]".
static void take_apart(struct plan_reader *plan, struct resource *resource)
{
    size_t last, modules = modules_length(resource->address, &last);
    const char *at = resource->address + modules;
    resource->module = arena_strndup(plan->arena, resource->address, modules);
    size_t length = strcspn(at, "[");
    resource->name = arena_strndup(plan->arena, at, length);
    resource->key = arena_strdup(plan->arena, at + length);
}

// https://developer.hashicorp.com/terraform/internals/json-format#change-representation
static const char *const known_actions[] = {"no-op", "create", "read", "update", "delete", "forget", "open", NULL};

// What changes is told: before, after, and what of that is unknown.
static bool expect_sides(const struct json_cursor *at, const struct resource *resource, bool after, bool before,
                         struct error *error)
{
    struct json_cursor change = json_member(at, "change");
    const char *lacks = !resource->managed                   ? NULL
                        : before && resource->before == NULL ? "before"
                        : after && resource->after == NULL   ? "after"
                        : after && resource->unknown == NULL ? "after_unknown"
                                                             : NULL;
    if (lacks == NULL)
        return true;
    struct json_cursor missing = json_member(&change, lacks);
    return json_fail(&missing, error, "is %s, expected an object", json_kind(missing.node));
}

static bool read_resource(struct plan_reader *plan, const struct json_cursor *at, struct error *error)
{
    struct json_cursor change = json_member(at, "change");
    struct resource read = {0}, *resource = &read;
    const char *mode;
    if (!json_expect_object(at, error) || !json_string(plan->arena, at, "address", &resource->address, error) ||
        !json_string(plan->arena, at, "type", &resource->type, error) ||
        !json_optional_string(plan->arena, at, "mode", &mode, error) || !json_expect_object(&change, error))
        return false;
    const cJSON *actions = member(change.node, "actions"), *action;
    struct json_cursor acts = json_member(&change, "actions");
    if (cJSON_GetArraySize(actions) == 0 || !cJSON_IsArray(actions))
        return json_fail(&acts, error, "is no array, or empty, expected the actions of the change");
    resource->before = object_or_null(member(change.node, "before"));
    resource->after = object_or_null(member(change.node, "after"));
    resource->unknown = object_or_null(member(change.node, "after_unknown"));
    take_apart(plan, resource);
    bool create = has_action(actions, "create"), remove = has_action(actions, "delete");
    resource->managed = mode == NULL || strcmp(mode, "managed") == 0;
    resource->changes = (create || remove || has_action(actions, "update")) && resource->managed;
    resource->creates = create;
    resource->removes = remove;
    if (remove && !create && resource->after != NULL) {
        struct json_cursor wrong = json_member(&change, "after");
        return json_fail(&wrong, error, "is an object, expected null of what is deleted");
    }
    if (!expect_sides(at, resource, create || has_action(actions, "update"), remove || has_action(actions, "update"),
                      error))
        return false;
    cJSON_ArrayForEach (action, actions)
        if (!cJSON_IsString(action) || !text_among(action->valuestring, known_actions))
            say(plan, "%s: what is done to it is not known", resource->address);
    if (resource->managed && !resource->changes && resource->after != NULL &&
        (resource->before == NULL || !cJSON_Compare(resource->before, resource->after, true)))
        say(plan, "%s: its actions say that nothing of it changes, and what is after is not what was before",
            resource->address);
    if (!resource->managed && strcmp(mode, "data") != 0)
        say(plan, "%s: its mode is %s, and what that changes is not known", resource->address, mode);
    if (create && !remove && !has_action(actions, "forget") && resource->before != NULL)
        say(plan, "%s: its actions say that it is new, and it was there before", resource->address);
    if (!resource->managed && has_action(actions, "read"))
        plan->deferred_data = true;
    resource->deposed = member(at->node, "deposed") != NULL;
    resource->id_before = attribute(plan, resource->before, "id");
    tell_apart(plan, resource);
    find_conflict(plan, resource);
    resource->id = resource->after == NULL                 ? NULL
                   : create || resource->id_before == NULL ? resource->address
                                                           : resource->id_before;
    if (resource->deposed)
        *vector_add(plan->arena, &plan->deposed) = read;
    else
        *vector_add(plan->arena, &plan->resources) = read;
    return true;
}

static void index_resources(struct plan_reader *plan)
{
    for (size_t i = 0; i < plan->resources.count; i++) {
        struct resource *one = &plan->resources.items[i];
        map_put(plan->arena, &plan->by_address, one->address, one);
        map_put(plan->arena, &plan->by_address, one->written, one);
        if (plan->by_changeset && one->id != NULL && one->changes) // what is unknown may be of what is changed in place
            map_put(plan->arena, &plan->by_address, one->id, one);
        const char *name = arena_printf(plan->arena, "%s%s", one->module, one->name);
        struct resource_list *list = map_get(&plan->by_name, name);
        if (list == NULL) {
            list = arena_new_of(plan->arena, struct resource_list);
            map_put(plan->arena, &plan->by_name, name, list);
        }
        *vector_add(plan->arena, &list->items) = one;
    }
}

static bool read_plan(struct plan_reader *plan, const struct json_cursor *root, struct error *error)
{
    struct json_cursor changes = json_member(root, "resource_changes");
    if (changes.node == NULL && json_member(root, "format_version").node != NULL)
        return true; // a plan that changes nothing
    if (!json_expect_array(&changes, error))
        return false;
    const cJSON *node;
    size_t index = 0;
    cJSON_ArrayForEach (node, changes.node) {
        struct json_cursor at = json_element(&changes, index++, node);
        if (!read_resource(plan, &at, error))
            return false;
    }
    return true;
}

// ---- Applying

static const struct resource_types *const families[] = {
    &terraform_network, &terraform_route_tables, &terraform_acls,      &terraform_prefix_lists, &terraform_groups,
    &terraform_hosts,   &terraform_addresses,    &terraform_balancers, &terraform_fleets,       &terraform_carriers};
enum { FAMILIES = sizeof(families) / sizeof(families[0]) };

static bool is_modelled(const char *type)
{
    for (size_t f = 0; f < FAMILIES; f++)
        for (size_t i = 0; i < families[f]->count; i++)
            if (strcmp(families[f]->items[i].name, type) == 0)
                return true;
    return false;
}

static void handle(struct plan_reader *plan, resource_handler handler, const struct resource *resource)
{
    plan->current = resource;
    touches_all(plan, resource);
    handler(plan, resource);
    plan->current = NULL;
}

static void remove_all(struct plan_reader *plan, const struct resource_type *type)
{
    for (size_t i = 0; i < plan->resources.count && type->remove != NULL; i++) {
        const struct resource *one = &plan->resources.items[i];
        if (one->changes && one->removes && one->before != NULL && strcmp(one->type, type->name) == 0)
            handle(plan, type->remove, one);
    }
    for (size_t i = 0; i < plan->deposed.count && type->remove != NULL; i++) {
        const struct resource *one = &plan->deposed.items[i];
        if (one->changes && one->removes && one->before != NULL && strcmp(one->type, type->name) == 0)
            handle(plan, type->remove, one);
    }
}

// A plan for another account, region or time names places that the snapshot does not hold.
static void check_places(struct plan_reader *plan)
{
    const struct estate *estate = plan->estate;
    for (size_t i = 0; i < plan->resources.count; i++) {
        const struct resource *one = &plan->resources.items[i];
        const char *vpc = attribute(plan, one->after, "vpc_id"), *subnet = attribute(plan, one->after, "subnet_id");
        if (!one->changes || !is_modelled(one->type))
            continue;
        if (vpc != NULL && map_get(&estate->vpc_homes, vpc) == NULL && map_get(&estate->main_table_of_vpc, vpc) == NULL)
            say_not_held(plan, one, "VPC", vpc);
        if (subnet != NULL && map_get(&estate->subnets, subnet) == NULL)
            say_not_held(plan, one, "subnet", subnet);
    }
}

static void put_all(struct plan_reader *plan, const struct resource_type *type)
{
    for (size_t i = 0; i < plan->resources.count && type->put != NULL; i++) {
        const struct resource *one = &plan->resources.items[i];
        if (one->changes && one->after != NULL && strcmp(one->type, type->name) == 0)
            handle(plan, type->put, one);
    }
}

static void apply(struct plan_reader *plan)
{
    for (size_t f = FAMILIES; f-- > 0;)
        for (size_t t = families[f]->count; t-- > 0;)
            remove_all(plan, &families[f]->items[t]);
    for (size_t f = 0; f < FAMILIES; f++)
        for (size_t t = 0; t < families[f]->count; t++)
            put_all(plan, &families[f]->items[t]);
}

// A plan's rules, entries and routes are as many as somebody wrote.
static void leave_out(void *context, const struct too_heavy *what)
{
    say(context, "%s", what->text);
    if (*what->doubt == NULL)
        *what->doubt = what->text;
}

static bool apply_document(struct estate *estate, const char *file, const cJSON *document, bool by_changeset,
                           struct terraform_report *report, struct error *error)
{
    struct plan_reader plan = {.estate = estate, .arena = estate->arena, .report = report};
    struct json_cursor root = {.file = file, .node = document};
    const char *slash = report->without_folders ? strrchr(file, '/') : NULL;
    plan.file = arena_strdup(estate->arena, slash == NULL ? file : slash + 1);
    plan.by_changeset = plan.deferred_data = by_changeset;
    bool good = read_plan(&plan, &root, error);
    report->plans++;
    if (good) {
        index_resources(&plan);
        plan.providers = member(member(document, "configuration"), "provider_config");
        plan.variables = member(document, "variables");
        plan.prior = member(member(member(document, "prior_state"), "values"), "root_module");
        read_configuration(&plan, document);
        note_providers(&plan);
        heed_state_of_plan(&plan, document);
        if (!by_changeset)
            heed_lost_attributes(&plan, is_modelled);
        check_places(&plan);
        apply(&plan);
        heed_bereft(&plan);
        heed_hidden(&plan);
        fill_groups_in_doubt(&plan);
        note_rules_of_lists(&plan);
        estate_weigh(&(struct weighing){estate, leave_out, &plan});
        list_others(&plan, is_modelled);
    }
    if (plan.evaluated_too_much)
        say(&plan,
            "--source: its expressions take more work or memory to evaluate than is given to them; what rests on the "
            "rest of them is possible");
    arena_free(plan.evaluated_arena);
    return good;
}

bool terraform_apply(struct estate *estate, const char *file, struct terraform_report *report, struct error *error)
{
    cJSON *document = plan_open(file, error);
    bool good = document != NULL && apply_document(estate, file, document, false, report, error);
    cJSON_Delete(document);
    return good;
}

// A stack of another account or region than the snapshot's.
static void check_stack(struct plan_reader *plan, const cJSON *document)
{
    const char *region = changeset_place(plan->arena, document, 3),
               *account = changeset_place(plan->arena, document, 4);
    const struct estate *estate = plan->estate;
    bool held = region == NULL || account == NULL;
    for (size_t i = 0; i < estate->completeness.count && !held; i++) {
        const struct completeness *one = &estate->completeness.items[i];
        held = (strcmp(one->account, account) == 0 || strcmp(one->account, "unknown") == 0) &&
               (strcmp(one->region, region) == 0 || strcmp(one->region, "unknown") == 0);
    }
    if (!held)
        say(plan, "the change set is of account %s in %s, of which the snapshot holds nothing", account, region);
}

static bool apply_changeset(struct estate *estate, const char *file, const cJSON *document,
                            const struct changeset_notes *given, struct terraform_report *report, struct error *error)
{
    struct changeset_notes notes = {0};
    struct plan_reader saying = {.estate = estate, .arena = estate->arena, .report = report};
    check_stack(&saying, document);
    cJSON *plan = changeset_plan(estate->arena, file, document, given, &notes, error);
    bool good = plan != NULL && apply_document(estate, file, plan, true, report, error);
    for (size_t i = 0; good && i < notes.items.count; i++)
        say(&saying, "%s", notes.items.items[i]);
    cJSON_Delete(plan);
    return good;
}

bool changeset_apply(struct estate *estate, const char *const *files, size_t count, struct terraform_report *report,
                     struct error *error)
{
    VECTOR(cJSON *) documents = {0};
    struct changeset_notes given = {0};
    bool good = true;
    for (size_t i = 0; i < count && good; i++) {
        cJSON *document = changeset_read(files[i], error);
        const char *id =
            document == NULL ? NULL : attribute(&(struct plan_reader){.arena = estate->arena}, document, "ChangeSetId");
        good = document != NULL;
        *vector_add(estate->arena, &documents) = document;
        if (id != NULL)
            *vector_add(estate->arena, &given.items) = id;
    }
    for (size_t i = 0; i < count && good; i++)
        good = apply_changeset(estate, files[i], documents.items[i], &given, report, error);
    for (size_t i = 0; i < documents.count; i++)
        cJSON_Delete(documents.items[i]);
    return good;
}
