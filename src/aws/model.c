#include "aws/model.h"

#include <stdlib.h>

#include "aws_models.h"

struct model {
    cJSON *root;
};

struct model *model_new(void)
{
    struct model *model = calloc(1, sizeof(*model));
    struct error error;
    if (model == NULL ||
        (model->root = json_parse("models.json", aws_models, sizeof(aws_models) - 1, &error)) == NULL) {
        fputs("sgproof: the service models cannot be read\n", stderr);
        abort(); // they are part of the program
    }
    return model;
}

void model_free(struct model *model)
{
    if (model != NULL)
        cJSON_Delete(model->root);
    free(model);
}

static const cJSON *get(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static const char *text_at(const cJSON *object, const char *key)
{
    return get(object, key)->valuestring;
}

struct operation model_operation(const struct model *model, const char *service, const char *name)
{
    const cJSON *of = get(model->root, service), *one = get(get(of, "operations"), name);
    return (struct operation){
        .service = service,
        .name = name,
        .version = text_at(of, "version"),
        .prefix = text_at(of, "prefix"),
        .output = text_at(one, "output"),
        .wrapper = text_at(one, "wrapper"),
        .token = text_at(one, "token"),
        .next = text_at(one, "next"),
        .limit = text_at(one, "limit"),
        .most = get(one, "most")->valueint,
    };
}

const struct xml_node *model_output(const struct operation *operation, const struct xml_node *root)
{
    size_t length = strlen(operation->name);
    if (root == NULL || strncmp(root->name, operation->name, length) != 0 ||
        strcmp(root->name + length, "Response") != 0)
        return NULL;
    return operation->wrapper[0] == '\0' ? root : xml_child(root, operation->wrapper);
}

// 2026-11-25T01:02:03.000Z as the CLI prints it: 2026-11-25T01:02:03+00:00, with microseconds where there are any.
static void put_timestamp(struct json_writer *writer, const char *key, const char *text)
{
    char moment[40], fraction[8] = "";
    size_t length = strcspn(text, ".Z");
    if (length < 19 || length >= sizeof(moment)) {
        json_put_string(writer, key, text);
        return;
    }
    memcpy(moment, text, length);
    moment[length] = '\0';
    if (text[length] == '.') {
        size_t digits = strspn(text + length + 1, "0123456789");
        memset(fraction, '0', 6);
        memcpy(fraction, text + length + 1, digits < 6 ? digits : 6);
        fraction[6] = '\0';
    }
    bool any = strspn(fraction, "0") < strlen(fraction);
    char whole[64];
    snprintf(whole, sizeof(whole), "%s%s%s%s", moment, any ? "." : "", any ? fraction : "",
             strpbrk(moment + 10, "+-") == NULL ? "+00:00" : "");
    json_put_string(writer, key, whole);
}

static void put_shape(const cJSON *shapes, struct json_writer *writer, const char *key, const char *name,
                      const struct xml_node *node);

static void put_members(const cJSON *shapes, struct json_writer *writer, const cJSON *members,
                        const struct xml_node *node, const char *but)
{
    const cJSON *member;
    cJSON_ArrayForEach (member, members) {
        const char *xml_name = cJSON_GetArrayItem(member, 0)->valuestring;
        const struct xml_node *child = xml_child(node, xml_name);
        if (child != NULL && strcmp(member->string, but) != 0)
            put_shape(shapes, writer, member->string, cJSON_GetArrayItem(member, 1)->valuestring, child);
    }
}

static void put_items(const cJSON *shapes, struct json_writer *writer, const cJSON *list, const struct xml_node *node)
{
    const char *item = cJSON_GetArrayItem(list, 1)->valuestring;
    for (size_t i = 0; i < node->children.count; i++)
        if (strcmp(node->children.items[i]->name, item) == 0)
            put_shape(shapes, writer, NULL, cJSON_GetArrayItem(list, 2)->valuestring, node->children.items[i]);
}

static void put_shape(const cJSON *shapes, struct json_writer *writer, const char *key, const char *name,
                      const struct xml_node *node)
{
    const cJSON *shape = get(shapes, name);
    if (shape == NULL) {
        if (strcmp(name, "boolean") == 0)
            json_put_boolean(writer, key, strcmp(node->text, "true") == 0);
        else if (strcmp(name, "integer") == 0)
            json_put_integer(writer, key, strtoll(node->text, NULL, 10));
        else if (strcmp(name, "number") == 0)
            json_put_number(writer, key, strtod(node->text, NULL));
        else if (strcmp(name, "timestamp") == 0)
            put_timestamp(writer, key, node->text);
        else
            json_put_string(writer, key, node->text);
        return;
    }
    bool structure = strcmp(cJSON_GetArrayItem(shape, 0)->valuestring, "s") == 0;
    json_open(writer, key, structure ? '{' : '[');
    if (structure)
        put_members(shapes, writer, cJSON_GetArrayItem(shape, 1), node, "");
    else
        put_items(shapes, writer, shape, node);
    json_close(writer, structure ? '}' : ']');
}

static const cJSON *shapes_of(const struct model *model, const struct operation *operation)
{
    return get(get(model->root, operation->service), "shapes");
}

// The member of the output that is a list, as ["XML name", "shape"], or NULL.
static const cJSON *list_member(const struct model *model, const struct operation *operation)
{
    const cJSON *shapes = shapes_of(model, operation), *member;
    cJSON_ArrayForEach (member, cJSON_GetArrayItem(get(shapes, operation->output), 1)) {
        const cJSON *shape = get(shapes, cJSON_GetArrayItem(member, 1)->valuestring);
        if (shape != NULL && strcmp(cJSON_GetArrayItem(shape, 0)->valuestring, "l") == 0)
            return member;
    }
    return NULL;
}

const char *model_list_member(const struct model *model, const struct operation *operation)
{
    const cJSON *member = list_member(model, operation);
    return member == NULL ? NULL : member->string;
}

void model_put_elements(const struct model *model, const struct operation *operation, const struct xml_node *output,
                        struct json_writer *writer)
{
    const cJSON *member = list_member(model, operation), *shapes = shapes_of(model, operation);
    const struct xml_node *node = xml_child(output, cJSON_GetArrayItem(member, 0)->valuestring);
    if (node != NULL)
        put_items(shapes, writer, get(shapes, cJSON_GetArrayItem(member, 1)->valuestring), node);
}

void model_put_output(const struct model *model, const struct operation *operation, const struct xml_node *output,
                      struct json_writer *writer)
{
    const cJSON *shapes = shapes_of(model, operation);
    put_members(shapes, writer, cJSON_GetArrayItem(get(shapes, operation->output), 1), output, operation->next);
}
