// What a configuration says in one place of it: lists of ids, arguments, locals, outputs and types of variables.
#include <string.h>

#include "aws/terraform/kinds.h"
#include "aws/terraform/source_modules.h"

// ---- What a list says

struct reading {
    struct terraform_source *source;
    struct source_list *list;
    bool opaque;
    bool unread;
    int steps;
};

enum { MOST_STEPS = 256 };

// How many there are.
static size_t read_arguments(struct reading *reading, const struct file_block *block, const char *key,
                             struct module_place module, const char *address);

// The address of the module that calls the one which `address` ("module.a.module.b.") is of, and how it names it; NULL
// where it is of no module, or of something in one.
static const char *parent_of(struct arena *arena, const char *address, const char **name)
{
    size_t start, length = modules_length(address, &start);
    bool is_module = length > 0 && address[length] == '\0';
    *name = !is_module ? NULL : arena_strndup(arena, address + start + 7, strcspn(address + start + 7, ".["));
    return arena_strndup(arena, address, start);
}

// The module at "module.a.module.b[0].".
static struct module_place module_at(struct terraform_source *source, const char *address)
{
    struct source_place ignored = {0};
    struct module_place module;
    source_find_block(source, arena_printf(source->arena, "%s.", address), &ignored, &module);
    return module;
}

static void read_input(struct reading *reading, const char *name, const char *address)
{
    struct arena *arena = reading->source->arena;
    const char *called, *parent = parent_of(arena, address, &called);
    if (called == NULL)
        return; // of the root: the plan tells it
    struct module_place module = module_at(reading->source, parent);
    const struct file_block *call = called == NULL ? NULL : source_call_in(reading->source, module, called);
    if (call == NULL)
        reading->unread = true;
    else
        read_arguments(reading, call, name, module, parent);
}

// "NAME.OUTPUT"
static void read_output(struct reading *reading, const char *text, struct module_place module, const char *address)
{
    struct arena *arena = reading->source->arena;
    size_t length = strcspn(text, ".");
    const char *name = arena_strndup(arena, text, length);
    struct module_place inner =
        source_module_of(reading->source, module, source_call_in(reading->source, module, name));
    const struct file_block *output =
        inner.folder == NULL ? NULL
                             : source_block_in(reading->source, source_module_in(reading->source, inner.folder),
                                               BLOCK_OUTPUT, "", text + length + 1);
    if (output == NULL)
        reading->unread = true;
    else
        read_arguments(reading, output, "value", inner, arena_printf(arena, "%smodule.%s.", address, name));
}

// Of several blocks with an argument of this name which is which is not told: not all of it need be there.
static size_t read_arguments(struct reading *reading, const struct file_block *block, const char *key,
                             struct module_place module, const char *address)
{
    struct arena *arena = reading->source->arena;
    size_t count = 0;
    if (++reading->steps > MOST_STEPS) {
        reading->opaque = true;
        return 1;
    }
    for (size_t i = 0; i < block->block.arguments.count; i++) {
        const struct source_argument *one = &block->block.arguments.items[i];
        struct source_expression said = {0};
        if (strcmp(one->key, key) != 0)
            continue;
        source_expression_read(arena, one->text, &said);
        for (size_t k = 0; k < said.list.literals.count; k++)
            *vector_add(arena, &reading->list->literals) = said.list.literals.items[k];
        reading->list->chosen = reading->list->chosen || said.list.chosen || count > 0;
        count++;
        reading->opaque = reading->opaque || said.opaque;
        for (size_t k = 0; k < said.inputs.count; k++)
            read_input(reading, said.inputs.items[k], address);
        for (size_t k = 0; k < said.outputs.count; k++)
            read_output(reading, said.outputs.items[k], module, address);
    }
    return count;
}

enum source_answer terraform_source_list(struct terraform_source *source, const char *address, const char *key,
                                         struct source_list *list)
{
    struct source_place ignored = {0};
    struct module_place module;
    const struct file_block *found =
        source_is_logical(address) ? NULL : source_find_block(source, address, &ignored, &module);
    struct reading reading = {.source = source, .list = list};
    if (found == NULL)
        return SOURCE_UNKNOWN;
    size_t last;
    const char *in = arena_strndup(source->arena, address, modules_length(address, &last));
    if (read_arguments(&reading, found, key, module, in) == 0)
        return SOURCE_UNKNOWN; // it is another configuration than the plan's
    return reading.unread ? SOURCE_UNKNOWN : reading.opaque ? SOURCE_NO : SOURCE_YES;
}

enum source_answer terraform_source_has_dynamic(struct terraform_source *source, const char *address, const char *label)
{
    struct source_place ignored = {0};
    struct module_place module;
    const struct file_block *found =
        source_is_logical(address) ? NULL : source_find_block(source, address, &ignored, &module);
    if (found == NULL)
        return SOURCE_UNKNOWN;
    for (size_t i = 0; i < found->block.dynamic.count; i++)
        if (strcmp(found->block.dynamic.items[i], label) == 0)
            return SOURCE_YES;
    for (size_t i = 0; i < found->block.arguments.count; i++)
        if (strcmp(found->block.arguments.items[i].key, label) == 0)
            return SOURCE_YES; // an attribute that the plan does not tell
    return SOURCE_NO;
}

// The texts of one argument of a resource, or of the call of a module.
static text_list texts_of(struct terraform_source *source, const char *address, const char *key)
{
    struct source_place ignored = {0};
    struct module_place module;
    const char *called;
    text_list texts = {0};
    const struct file_block *found = NULL;
    if (!source_is_logical(address))
        found = source_find_block(source, address, &ignored, &module);
    if (found == NULL && strncmp(address, "module.", 7) == 0) {
        const char *parent = parent_of(source->arena, arena_printf(source->arena, "%s.", address), &called);
        found = called == NULL ? NULL : source_call_in(source, module_at(source, parent), called);
    }
    for (size_t i = 0; found != NULL && i < found->block.arguments.count; i++)
        if (strcmp(found->block.arguments.items[i].key, key) == 0)
            *vector_add(source->arena, &texts) = found->block.arguments.items[i].text;
    return texts;
}

const char *terraform_source_argument(struct terraform_source *source, const char *address, const char *key)
{
    text_list texts = {0};
    if (source != NULL && address != NULL)
        texts = texts_of(source, address, key);
    return texts.count == 1 ? texts.items[0] : NULL;
}

const char *terraform_source_said(struct terraform_source *source, const char *instance, enum source_said what,
                                  const char *name, const char *key)
{
    static const int kinds[] = {BLOCK_LOCALS, BLOCK_OUTPUT, BLOCK_VARIABLE};
    struct module_place module = {0};
    if (source != NULL)
        module = module_at(source, instance);
    if (module.folder == NULL)
        return NULL;
    const struct module_files *files = source_module_in(source, module.folder);
    const char *found = source_said_in(source, files, kinds[what], name, key);
    bool untyped = found == NULL && what == SAID_VARIABLE && source_block_in(source, files, BLOCK_VARIABLE, "", name);
    return untyped ? "" : found;
}
