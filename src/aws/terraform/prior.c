#include "aws/terraform/prior.h"

#include <stdlib.h>
#include <string.h>

#include "aws/documents/documents.h"
#include "aws/snapshot.h"
#include "aws/terraform/open.h"
#include "aws/terraform/plan.h"

enum { DEEPEST = 32 };

// ---- Reading

// "arn:aws:ec2:REGION:ACCOUNT:..."; or that of what it is about, or told by itself.
static void read_place(struct prior_state *state, struct prior_held *held)
{
    bool excludes = strcmp(held->type, "aws_vpc_block_public_access_exclusion") == 0;
    const char *at = held_text(held->values, excludes ? "resource_arn" : "arn");
    if (strcmp(held->type, "aws_vpc_block_public_access_options") == 0) {
        held->account = held_text(held->values, "aws_account_id");
        held->region = held->account == NULL ? NULL : held_text(held->values, "aws_region");
        held->account = held->region == NULL ? NULL : held->account;
        return;
    }
    const char *parts[5] = {0};
    for (int i = 0; at != NULL && i < 5; i++) {
        size_t length = strcspn(at, ":");
        parts[i] = arena_strndup(state->arena, at, length);
        at = at[length] == ':' ? at + length + 1 : NULL;
    }
    if (at == NULL || strcmp(parts[0], "arn") != 0 || parts[3][0] == '\0' || parts[4][0] == '\0' ||
        strchr(parts[3], '/') != NULL || strchr(parts[4], '/') != NULL)
        return;
    held->region = parts[3];
    held->account = parts[4];
}

static void read_module(struct prior_state *state, const cJSON *module, int depth)
{
    const cJSON *one;
    cJSON_ArrayForEach (one, member(module, "resources")) {
        struct prior_held held = {.type = held_text(one, "type"),
                                  .values = member(one, "values"),
                                  .data = text_same(held_text(one, "mode"), "data")};
        if (held.type == NULL || !cJSON_IsObject(held.values))
            continue;
        read_place(state, &held);
        *vector_add(state->arena, &state->items) = held;
    }
    cJSON_ArrayForEach (one, member(module, "child_modules"))
        if (depth < DEEPEST)
            read_module(state, one, depth + 1);
}

void prior_read(struct prior_state *state, const cJSON *document)
{
    const cJSON *one;
    read_module(state, member(member(member(document, "prior_state"), "values"), "root_module"), 0);
    cJSON_ArrayForEach (one, member(document, "resource_changes")) {
        const cJSON *action = cJSON_GetArrayItem(member(member(one, "change"), "actions"), 0);
        const char *word = cJSON_GetStringValue(action), *type = held_text(one, "type");
        state->bears = state->bears || (word != NULL && strcmp(word, "no-op") != 0 && strcmp(word, "read") != 0 &&
                                        type != NULL && !is_harmless_type(type));
    }
}

// ---- Writing

const char *held_text(const cJSON *values, const char *key)
{
    const char *text = cJSON_GetStringValue(member(values, key));
    return text == NULL || text[0] == '\0' ? NULL : text;
}

bool held_is(const struct prior_held *held, const char *type)
{
    return !held->data && strcmp(held->type, type) == 0;
}

bool held_is_one_of(const struct prior_held *held, const char *type, const char *other)
{
    return held_is(held, type) || held_is(held, other);
}

bool held_is_data(const struct prior_held *held, const char *type)
{
    return held->data && strcmp(held->type, type) == 0;
}

bool prior_is_here(const struct prior_writing *writing, const struct prior_held *held)
{
    return held->account == NULL
               ? writing->first
               : text_same(held->account, writing->place->account) && text_same(held->region, writing->place->region);
}

bool prior_begins(struct prior_writing *writing, const struct prior_held *held, const char *kind, const char *id)
{
    struct arena *arena = writing->state->arena;
    const char *key = arena_printf(arena, "%s %s", kind, id == NULL ? "" : id);
    if (id == NULL || !prior_is_here(writing, held) || map_get(&writing->written, key) != NULL)
        return false;
    map_put(arena, &writing->written, key, writing);
    writing->count++;
    json_open(writing->writer, NULL, '{');
    return true;
}

void prior_put(struct prior_writing *writing, const char *key, const char *text)
{
    if (text != NULL)
        json_put_string(writing->writer, key, text);
}

void prior_put_from(struct prior_writing *writing, const char *key, const struct prior_held *held,
                    const char *attribute_name)
{
    prior_put(writing, key, held_text(held->values, attribute_name));
}

const char *prior_vpc_of(struct prior_writing *writing, const char *subnet)
{
    EACH_HELD(writing, held)
    if ((held_is_one_of(held, "aws_subnet", "aws_default_subnet") || held_is_data(held, "aws_subnet")) &&
        text_same(held_text(held->values, "id"), subnet))
        return held_text(held->values, "vpc_id");
    return NULL;
}

size_t prior_write(const struct prior_state *state, const struct prior_place *place, bool first, struct text *out)
{
    static const struct {
        const char *key;
        void (*write)(struct prior_writing *writing);
    } lists[] = {{"Vpcs", prior_write_vpcs},
                 {"Subnets", prior_write_subnets},
                 {"InternetGateways", prior_write_gateways},
                 {"RouteTables", prior_write_tables},
                 {"NetworkAcls", prior_write_acls},
                 {"SecurityGroups", prior_write_groups},
                 {"PrefixLists", prior_write_lists},
                 {"NetworkInterfaces", prior_write_interfaces},
                 {"Reservations", prior_write_instances},
                 {"LoadBalancers", prior_write_balancers},
                 {"VpcBlockPublicAccessExclusions", prior_write_exclusions}};
    struct prior_writing writing = {.state = state, .place = place, .first = first};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct json_writer writer = json_writer_to(out);
        writing.writer = &writer;
        json_open(&writer, NULL, '{');
        json_open(&writer, lists[i].key, '[');
        lists[i].write(&writing);
        json_close(&writer, ']');
        json_close(&writer, '}');
        json_end_document(&writer);
    }
    prior_write_block_options(&writing, out);
    return writing.count;
}

// ---- The estate

struct written_place {
    struct prior_place place;
    const char *name;
    const char *bytes;
};

struct prior_base {
    struct prior_state state;
    VECTOR(struct written_place) places;
};

static bool open_written(void *context, const char *name, struct document_bytes *bytes, struct error *error)
{
    const struct prior_base *base = context;
    for (size_t i = 0; i < base->places.count; i++)
        if (strcmp(base->places.items[i].name, name) == 0) {
            *bytes = (struct document_bytes){.bytes = base->places.items[i].bytes,
                                             .length = strlen(base->places.items[i].bytes)};
            return true;
        }
    return error_set(error, ERROR_USAGE, "%s: is not there", name);
}

static void close_written(void *context, struct document_bytes *bytes)
{
    (void)context;
    (void)bytes;
}

static void add_place(struct prior_base *base, const struct prior_place *place)
{
    struct arena *arena = base->state.arena;
    const char *name = arena_printf(arena, "%s/%s/prior_state.json", place->account, place->region);
    struct text text = {0};
    for (size_t i = 0; i < base->places.count; i++)
        if (strcmp(base->places.items[i].name, name) == 0)
            return;
    prior_write(&base->state, place, base->places.count == 0, &text);
    *vector_add(arena, &base->places) = (struct written_place){*place, name, arena_strdup(arena, text.bytes)};
    text_free(&text);
}

// What the state does not tell is not known, of every kind that an answer rests on; of a state that holds nothing, all
// that will be there is what the plans make.
static void mark(const struct prior_state *state, struct estate *estate, bool whole)
{
    static const enum kind kinds[] = {KIND_NETWORK_INTERFACES,
                                      KIND_RESERVATIONS,
                                      KIND_SUBNETS,
                                      KIND_ROUTE_TABLES,
                                      KIND_NETWORK_ACLS,
                                      KIND_INTERNET_GATEWAYS,
                                      KIND_SECURITY_GROUPS,
                                      KIND_PREFIX_LISTS,
                                      KIND_VPCS,
                                      KIND_BLOCK_PUBLIC_ACCESS_EXCLUSIONS};
    struct arena *arena = estate->arena;
    if (estate->completeness.count == 0)
        *vector_add(arena, &estate->completeness) =
            (struct completeness){.account = "unknown", .region = "unknown", .demanded = true};
    estate->lacks.items.count = 0;
    for (size_t i = 0; i < estate->completeness.count; i++) {
        struct completeness *of = &estate->completeness.items[i];
        for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
            struct lack *lack = arena_new_of(arena, struct lack);
            *lack = (struct lack){kind_name(kinds[k]), of->account, of->region, NULL, NULL};
            lack->text = arena_printf(arena,
                                      "missing: %s of %s/%s (a prior_state tells of what its configuration "
                                      "manages)",
                                      lack->kind, of->account, of->region);
            of->states[kinds[k]] = whole ? COMPLETENESS_WHOLE : COMPLETENESS_ABSENT;
            of->lacks[kinds[k]] = whole ? NULL : lack;
        }
    }
    if (!whole && state->bears)
        lack_add(arena, &estate->lacks,
                 &(struct lack){"prior_state", estate->completeness.items[0].account,
                                estate->completeness.items[0].region, NULL,
                                "missing: all that the configuration does not manage, of which a prior_state does not "
                                "tell: interfaces, ACLs, gateways; give a snapshot beside the plan"});
}

static bool has_network(const struct prior_state *state)
{
    for (size_t i = 0; i < state->items.count; i++)
        if (!is_harmless_type(state->items.items[i].type))
            return true;
    return false;
}

static struct estate *read_estate(struct prior_base *base, struct error *error)
{
    struct arena *arena = base->state.arena;
    struct estate *estate = arena_new_of(arena, struct estate);
    struct document_opener opener = {base, open_written, close_written, NULL};
    text_list names = {0};
    *estate = (struct estate){.arena = arena};
    for (size_t i = 0; i < base->state.items.count; i++)
        if (base->state.items.items[i].account != NULL)
            add_place(base,
                      &(struct prior_place){base->state.items.items[i].account, base->state.items.items[i].region});
    if (base->places.count == 0)
        add_place(base, &(struct prior_place){"unknown", "unknown"});
    for (size_t i = 0; i < base->places.count; i++)
        *vector_add(arena, &names) = base->places.items[i].name;
    sort_texts(names.items, names.count);
    const struct document_files all = {names.items, names.count, NULL, 0};
    if (!documents_read(estate, &opener, &all, error))
        return NULL;
    mark(&base->state, estate, !has_network(&base->state));
    return estate;
}

struct estate *terraform_base(const char *const *files, size_t count, struct error *error)
{
    struct arena *arena = arena_new();
    struct prior_base base = {.state = {.arena = arena}};
    bool good = true;
    for (size_t i = 0; i < count && good; i++) {
        cJSON *document = plan_open(files[i], error);
        good = document != NULL;
        if (!good)
            break;
        *vector_add(arena, &base.state.documents) = document;
        prior_read(&base.state, document);
    }
    struct estate *estate = good ? read_estate(&base, error) : NULL;
    for (size_t i = 0; i < base.state.documents.count; i++)
        cJSON_Delete(base.state.documents.items[i]);
    if (estate == NULL)
        arena_free(arena);
    return estate;
}
