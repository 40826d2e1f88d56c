#include "rules/controls/pack.h"

#include <math.h>

#include "packs.h"
#include "rules/controls/facts.h"

const struct built_in_pack built_in_packs[] = {
#define BUILT_IN(id_, bytes_) .id = id_, .bytes = bytes_, .length = sizeof(bytes_) - 1
    {BUILT_IN("sec-002", pack_sec_002), .by_default = true},
    {BUILT_IN("fsbp-exposure", pack_fsbp_exposure), .by_default = true},
    {BUILT_IN("cis-aws-5.0", pack_cis_aws_5_0), .by_default = true}, // the newest that Security Hub has
    {BUILT_IN("cis-aws-3.0", pack_cis_aws_3_0), .was = "cis-aws-network"},
    {BUILT_IN("cis-aws-7.0", pack_cis_aws_7_0)},
    {BUILT_IN("security-hub-exposure", pack_security_hub_exposure)},
    {BUILT_IN("pci-dss-exposure", pack_pci_dss_exposure)},
    {BUILT_IN("pci-dss-segmentation", pack_pci_dss_segmentation)},
    {BUILT_IN("beyond-exposure", pack_beyond_exposure)},
    {.id = NULL},
};

const struct built_in_pack *built_in_pack_named(const char *name)
{
    for (const struct built_in_pack *one = built_in_packs; one->id != NULL; one++)
        if (strcmp(one->id, name) == 0 || text_same(one->was, name))
            return one;
    return NULL;
}

bool built_in_pack_is(const struct built_in_pack *pack, const char *bytes, size_t length)
{
    return pack->length == length && memcmp(pack->bytes, bytes, length) == 0;
}

// The form of a parameter, as the fact's table has it; NULL where it has none of that name.
static const char *form_of(const struct fact *fact, const char *name)
{
    size_t length = strlen(name);
    for (const char *const *one = fact->parameters; *one != NULL; one++)
        if (strncmp(*one, name, length) == 0 && (*one)[length] == '=')
            return *one + length + 1;
    return NULL;
}

static bool is_among(const char *word, const char *words)
{
    size_t length = strlen(word), next;
    for (; *words != '\0'; words += next + (words[next] == '|')) {
        next = strcspn(words, "|");
        if (next == length && memcmp(words, word, length) == 0)
            return true;
    }
    return false;
}

// Before a value counts it is of its form: a word that nothing knows would have a fact ask about nothing, and pass.
static bool read_parameter(struct arena *arena, const struct json_cursor *at, const char *form, struct map *parameters,
                           struct error *error)
{
    const cJSON *node = at->node;
    const double number = cJSON_IsNumber(node) ? node->valuedouble : 0;
    const char *text = cJSON_IsString(node)   ? arena_strdup(arena, node->valuestring)
                       : cJSON_IsBool(node)   ? (cJSON_IsTrue(node) ? "true" : "false")
                       : cJSON_IsNumber(node) ? arena_printf(arena, number == floor(number) ? "%.0f" : "%g", number)
                                              : NULL;
    struct portset ports;
    if (text == NULL)
        return json_fail(at, error, "expected a string, a number or a boolean");
    size_t length = strlen(text);
    if (strcmp(form, "flag") == 0) {
        if (!is_among(text, "true|false"))
            return json_fail(at, error, "\"%s\", expected true or false", text);
    } else if (strcmp(form, "count") == 0) {
        if (length < 1 || length > 9 || text[strspn(text, "0123456789")] != '\0')
            return json_fail(at, error, "\"%s\", expected a whole number from 0 to 999999999", text);
    } else if (strcmp(form, "ports") == 0) {
        if (length > 0 && !portset_parse(arena, text, &ports))
            return json_fail(at, error, "\"%s\" is no list of ports such as \"22,80,1000-2000\"", text);
    } else if (strcmp(form, "text") == 0 ? !cJSON_IsString(node) : !is_among(text, form)) {
        return json_fail(at, error, "\"%s\", expected %s", text, strcmp(form, "text") == 0 ? "a text" : form);
    }
    map_put(arena, parameters, arena_strdup(arena, at->key), (void *)(uintptr_t)text);
    return true;
}

static bool read_fact(struct arena *arena, const struct json_cursor *at, struct pack_control *control,
                      struct error *error)
{
    struct pack_fact *asked = vector_add(arena, &control->facts);
    struct json_cursor name = json_member(at, "fact");
    const cJSON *member;
    GUARD(json_expect_object(at, error) && json_string(arena, at, "fact", &asked->name, error));
    const struct fact *fact = fact_named(asked->name);
    if (fact == NULL)
        return json_fail(&name, error, "\"%s\" is no fact that this version knows", asked->name);
    cJSON_ArrayForEach (member, at->node) {
        struct json_cursor one = {.up = at, .file = at->file, .key = member->string, .node = member};
        if (strcmp(member->string, "fact") == 0)
            continue;
        const char *form = form_of(fact, member->string);
        if (form == NULL)
            return json_fail(&one, error, "%s has no such parameter", fact->name);
        GUARD(read_parameter(arena, &one, form, &asked->parameters, error));
    }
    return true;
}

static bool read_rows(struct arena *arena, const struct json_cursor *at, text_list *rows, struct error *error)
{
    size_t index = 0;
    const cJSON *node;
    GUARD(json_expect_array(at, error));
    cJSON_ArrayForEach (node, at->node) {
        struct json_cursor row = json_element(at, index++, node);
        if (!cJSON_IsString(node) || node->valuestring[0] == '\0')
            return json_fail(&row, error, "expected a row of %s, such as \"5.2\"", at->key);
        *vector_add(arena, rows) = arena_strdup(arena, node->valuestring);
    }
    return index > 0 || json_fail(at, error, "is empty: leave it out where no row asks the same");
}

static bool read_crosswalk(struct arena *arena, const struct json_cursor *at, struct pack_control *control,
                           struct error *error)
{
    const cJSON *member;
    GUARD(json_expect_object(at, error));
    cJSON_ArrayForEach (member, at->node) {
        struct json_cursor one = {.up = at, .file = at->file, .key = member->string, .node = member};
        struct crosswalk *crosswalk = vector_add(arena, &control->crosswalk);
        crosswalk->framework = arena_strdup(arena, member->string);
        GUARD(read_rows(arena, &one, &crosswalk->rows, error));
    }
    return true;
}

static bool read_control(struct arena *arena, const struct json_cursor *at, struct pack *pack, struct error *error)
{
    static const char *const keys[] = {"id", "title", "text", "source", "severity", "crosswalk", "facts", NULL};
    struct pack_control *control = vector_add(arena, &pack->controls);
    int severity;
    GUARD(json_expect_keys(at, keys, error) && json_string(arena, at, "id", &control->id, error) &&
          json_string(arena, at, "title", &control->title, error) &&
          json_string(arena, at, "text", &control->text, error) &&
          json_string(arena, at, "source", &control->source, error) &&
          json_word(at, "severity", severity_names, &severity, error));
    control->severity = (enum severity)severity;
    for (size_t i = 0; i + 1 < pack->controls.count; i++)
        if (strcmp(pack->controls.items[i].id, control->id) == 0)
            return json_fail(at, error, "\"%s\" is the id of another control too", control->id);
    struct json_cursor facts = json_member(at, "facts"), crosswalk = json_member(at, "crosswalk");
    GUARD(crosswalk.node == NULL || read_crosswalk(arena, &crosswalk, control, error));
    const cJSON *node;
    size_t index = 0;
    GUARD(json_expect_array(&facts, error));
    cJSON_ArrayForEach (node, facts.node) {
        struct json_cursor one = json_element(&facts, index++, node);
        GUARD(read_fact(arena, &one, control, error));
    }
    return index > 0 || json_fail(&facts, error, "is empty: no fact would decide this control");
}

static bool read_pack(struct arena *arena, const struct json_cursor *root, struct pack *pack, struct error *error)
{
    static const char *const keys[] = {"schema", "id", "title", "source", "version", "scope", "controls", NULL};
    struct json_cursor controls = json_member(root, "controls");
    GUARD(json_expect_keys(root, keys, error) && json_expect_schema(root, "sgproof/pack/v1", error));
    GUARD(json_string(arena, root, "id", &pack->id, error) && json_string(arena, root, "title", &pack->title, error) &&
          json_string(arena, root, "source", &pack->source, error) &&
          json_optional_string(arena, root, "version", &pack->version, error) &&
          json_optional_string(arena, root, "scope", &pack->scope, error) && json_expect_array(&controls, error));
    const cJSON *node;
    size_t index = 0;
    cJSON_ArrayForEach (node, controls.node) {
        struct json_cursor one = json_element(&controls, index++, node);
        GUARD(read_control(arena, &one, pack, error));
    }
    return true;
}

struct pack *pack_parse(struct arena *arena, const char *file, const char *bytes, size_t length, struct error *error)
{
    struct pack *pack = arena_new_of(arena, struct pack);
    cJSON *root = json_parse(file, bytes, length, error);
    if (root == NULL)
        return NULL;
    struct json_cursor at = {.file = file, .node = root};
    bool good = read_pack(arena, &at, pack, error);
    cJSON_Delete(root);
    return good ? pack : NULL;
}

// Letters that look like others, and capitals, would make another id of what people read as the same.
static bool is_plain(const char *id)
{
    return id[0] != '\0' && id[0] != '.' && id[0] != '-' &&
           id[strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0';
}

const char *pack_poses(struct arena *arena, const struct pack *pack, const char *bytes, size_t length)
{
    const struct built_in_pack *namesake = built_in_pack_named(pack->id);
    struct error ignored;
    struct map ids = {0};
    if (namesake != NULL)
        return built_in_pack_is(namesake, bytes, length)
                   ? NULL
                   : arena_printf(arena,
                                  "id: \"%s\" is a pack that comes with the program, and this one differs: give it "
                                  "an id of its own",
                                  pack->id);
    if (!is_plain(pack->id))
        return arena_printf(arena, "id: \"%s\", expected small letters, digits, and . _ - between them", pack->id);
    for (const struct built_in_pack *one = built_in_packs; one->id != NULL; one++) {
        const struct pack *theirs = pack_parse(arena, one->id, one->bytes, one->length, &ignored);
        for (size_t i = 0; theirs != NULL && i < theirs->controls.count; i++)
            map_put(arena, &ids, theirs->controls.items[i].id, (void *)(uintptr_t)one->id);
    }
    for (size_t i = 0; i < pack->controls.count; i++) {
        const char *id = pack->controls.items[i].id, *of = map_get(&ids, id);
        if (of != NULL)
            return arena_printf(arena,
                                "controls[%zu]: id: \"%s\" is a control of %s, which comes with the program: give "
                                "it an id of its own",
                                i, id, of);
    }
    return NULL;
}
