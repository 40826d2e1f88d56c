#include "aws/terraform/source.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/terraform/kinds.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"

enum { MOST_FILES = 4096, MOST_CALLS = 32, MOST_BYTES = 64 << 20, BIGGEST_FILE = 4 << 20 };

// The blocks of one module's files.
struct module_files {
    VECTOR(struct file_block {
        struct source_block block;
        const char *file;
    })
    items;
};

struct terraform_source {
    struct arena *arena;
    const char *base;               // what paths are relative to
    const char *root;               // the root module, relative to it; "" where it is that
    struct map modules;             // relative path -> struct module_files
    struct module_files *templates; // of the root; NULL: not read yet
    struct map installed;           // key of a module -> its folder, where it is from elsewhere
    bool installed_read;
    size_t files;
    size_t bytes;
};

static const char *joined(struct arena *arena, const char *folder, const char *name)
{
    return folder[0] == '\0' ? name : arena_printf(arena, "%s/%s", folder, name);
}

// A path without "." and ".." that begins at `folder`; NULL where it leaves what paths are relative to.
static const char *normal(struct arena *arena, const char *folder, const char *path)
{
    VECTOR(const char *) parts = {0};
    char *rest = NULL;
    for (char *part = strtok_r(arena_strdup(arena, arena_printf(arena, "%s/%s", folder, path)), "/", &rest);
         part != NULL; part = strtok_r(NULL, "/", &rest)) {
        if (strcmp(part, ".") == 0)
            continue;
        if (strcmp(part, "..") != 0)
            *vector_add(arena, &parts) = part;
        else if (parts.count-- == 0)
            return NULL;
    }
    const char *text = "";
    for (size_t i = 0; i < parts.count; i++)
        text = joined(arena, text, parts.items[i]);
    return text;
}

struct terraform_source *terraform_source_open(struct arena *arena, const char *folder, struct error *error)
{
    struct terraform_source *source = arena_new_of(arena, struct terraform_source);
    struct stat about;
    char *here = getcwd(NULL, 0);
    const char *inside = folder;
    if (stat(folder, &about) != 0 || !S_ISDIR(about.st_mode)) {
        free(here);
        error_set(error, ERROR_USAGE, "--source %s: is no folder, expected the one with the configuration's *.tf files",
                  folder);
        return NULL;
    }
    size_t length = here == NULL ? 0 : strlen(here);
    if (folder[0] == '/')
        inside = length > 0 && strncmp(folder, here, length) == 0 && (folder[length] == '/' || folder[length] == '\0')
                     ? folder + length
                     : NULL;
    free(here);
    *source = (struct terraform_source){.arena = arena, .base = ".", .root = inside};
    if (inside != NULL)
        source->root = normal(arena, "", inside);
    if (source->root == NULL) { // it lies elsewhere
        source->base = folder;
        source->root = "";
    }
    return source;
}

typedef void (*blocks_reader)(struct arena *arena, const char *bytes, size_t length, struct source_blocks *blocks);

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), of_end = strlen(end);
    return length > of_end && strcmp(name + length - of_end, end) == 0;
}

// Who reads a file of a configuration, by its name; NULL where it is none.
// https://opentofu.org/docs/language/files/
static blocks_reader configuration_reader(const char *name)
{
    if (ends_with(name, ".tf.json") || ends_with(name, ".tofu.json"))
        return source_blocks_read_json;
    return ends_with(name, ".tf") || ends_with(name, ".tofu") ? source_blocks_read : NULL;
}

static blocks_reader template_reader(const char *name)
{
    static const char *const ends[] = {".yaml", ".yml", ".json", ".template"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        if (ends_with(name, ends[i]) && configuration_reader(name) == NULL)
            return template_resources_read;
    return NULL;
}

static void read_file(struct terraform_source *source, const char *file, blocks_reader reader,
                      struct module_files *module)
{
    struct error error = {0};
    struct source_blocks blocks = {0};
    const char *path = arena_printf(source->arena, "%s/%s", source->base, file);
    struct stat about;
    size_t length;
    if (lstat(path, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size > BIGGEST_FILE ||
        source->bytes + (size_t)about.st_size > MOST_BYTES || ++source->files > MOST_FILES)
        return;
    char *bytes = file_read(path, &length, &error);
    if (bytes == NULL)
        return;
    source->bytes += length;
    reader(source->arena, bytes, length, &blocks);
    free(bytes);
    for (size_t i = 0; i < blocks.items.count; i++)
        *vector_add(source->arena, &module->items) = (struct file_block){blocks.items.items[i], file};
}

// Reads the files of a folder for which there is a reader.
static struct module_files *read_folder(struct terraform_source *source, const char *folder,
                                        blocks_reader (*reader_of)(const char *name))
{
    struct module_files *module = arena_new_of(source->arena, struct module_files);
    text_list names = {0};
    DIR *open = opendir(arena_printf(source->arena, "%s/%s", source->base, folder));
    for (struct dirent *one = open == NULL ? NULL : readdir(open); one != NULL; one = readdir(open)) {
        if (reader_of(one->d_name) != NULL && names.count < MOST_FILES)
            *vector_add(source->arena, &names) = arena_strdup(source->arena, one->d_name);
    }
    if (open != NULL)
        closedir(open);
    sort_texts(names.items, names.count);
    for (size_t i = 0; i < names.count; i++)
        read_file(source, joined(source->arena, folder, names.items[i]), reader_of(names.items[i]), module);
    return module;
}

static const struct module_files *module_in(struct terraform_source *source, const char *folder)
{
    struct module_files *module = map_get(&source->modules, folder);
    if (module != NULL)
        return module;
    module = read_folder(source, folder, configuration_reader);
    map_put(source->arena, &source->modules, folder, module);
    return module;
}

// "WebGroup.SecurityGroupIngress[0]": a logical id has letters and digits only, a type of Terraform's a "_".
static bool is_logical(const char *address)
{
    size_t length = strcspn(address, "._[");
    return address[length] != '_' && strncmp(address, "module.", 7) != 0 && strncmp(address, "data.", 5) != 0;
}

// Of a logical id that several templates have, nobody knows which is meant.
static struct source_place place_in_templates(struct terraform_source *source, const char *address)
{
    const char *id = arena_strndup(source->arena, address, strcspn(address, ".[ "));
    struct source_place found = {0};
    if (source->templates == NULL)
        source->templates = read_folder(source, source->root, template_reader);
    for (size_t i = 0; i < source->templates->items.count; i++) {
        const struct file_block *one = &source->templates->items.items[i];
        if (one->block.kind != BLOCK_RESOURCE || one->block.type[0] != '\0' || strcmp(one->block.name, id) != 0)
            continue;
        if (found.file != NULL && strcmp(found.file, one->file) != 0)
            return (struct source_place){0};
        found = (struct source_place){one->file, one->block.line};
    }
    return found;
}

static const struct file_block *block_in(const struct module_files *module, int kind, const char *type,
                                         const char *name)
{
    for (size_t i = 0; i < module->items.count; i++) {
        const struct source_block *one = &module->items.items[i].block;
        if ((int)one->kind == kind && strcmp(one->type, type) == 0 && strcmp(one->name, name) == 0)
            return &module->items.items[i];
    }
    return NULL;
}

static struct source_place place_of(const struct file_block *block, struct source_place fallback)
{
    return block == NULL ? fallback : (struct source_place){block->file, block->block.line};
}

// Where `terraform init` put a module that is from elsewhere, relative to the root, or NULL.
// .terraform/modules/modules.json: {"Modules": [{"Key": "net.subnets", "Source": "...", "Dir":
// ".terraform/modules/x"}]}
static const char *installed_folder(struct terraform_source *source, const char *key)
{
    struct error ignored = {0};
    const char *path = arena_printf(source->arena, "%s/%s/.terraform/modules/modules.json", source->base, source->root);
    size_t length;
    struct stat about;
    if (!source->installed_read) {
        source->installed_read = true;
        char *bytes = lstat(path, &about) == 0 && S_ISREG(about.st_mode) && about.st_size <= BIGGEST_FILE
                          ? file_read(path, &length, &ignored)
                          : NULL;
        cJSON *document = bytes == NULL ? NULL : json_parse(path, bytes, length, &ignored);
        const cJSON *one;
        cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(document, "Modules")) {
            const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one, "Key"));
            const char *folder = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one, "Dir"));
            if (name != NULL && folder != NULL && folder[0] != '/')
                map_put(source->arena, &source->installed, arena_strdup(source->arena, name),
                        arena_strdup(source->arena, folder));
        }
        cJSON_Delete(document);
        free(bytes);
    }
    const char *folder = map_get(&source->installed, key);
    return folder == NULL ? NULL : normal(source->arena, source->root, folder);
}

// One module of the configuration: its files, and how it is called.
struct module_place {
    const char *folder; // NULL: its files are not here
    const char *key;    // "net.subnets", "" of the root
    bool near;          // in a folder of the configuration itself
};

// The module that `call` calls.
static struct module_place module_of(struct terraform_source *source, struct module_place parent,
                                     const struct file_block *call)
{
    struct module_place place = {.near = parent.near};
    if (call == NULL || parent.folder == NULL)
        return place;
    const char *from = call->block.source;
    bool near = from != NULL && (strncmp(from, "./", 2) == 0 || strncmp(from, "../", 3) == 0);
    place.key = arena_printf(source->arena, "%s%s%s", parent.key, parent.key[0] == '\0' ? "" : ".", call->block.name);
    place.near = parent.near && near;
    place.folder = near ? normal(source->arena, parent.folder, from) : installed_folder(source, place.key);
    return place;
}

static const struct file_block *call_in(struct terraform_source *source, struct module_place module, const char *name)
{
    return module.folder == NULL ? NULL : block_in(module_in(source, module.folder), BLOCK_MODULE, "", name);
}

// The block of an address, or NULL, and its module; *nearest is where it, or else the nearest call of a module above
// it, stands in the configuration itself.
static const struct file_block *find_block(struct terraform_source *source, const char *address,
                                           struct source_place *nearest, struct module_place *module)
{
    struct arena *arena = source->arena;
    const char *at = address;
    *module = (struct module_place){.folder = source->root, .key = "", .near = true};
    for (int calls = 0; strncmp(at, "module.", 7) == 0; calls++) {
        size_t length = strcspn(at + 7, ".[");
        const char *end = at + 7 + length;
        const struct file_block *call = call_in(source, *module, arena_strndup(arena, at + 7, length));
        *nearest = module->near ? place_of(call, *nearest) : *nearest;
        end += index_length(end);
        *module = module_of(source, *module, call);
        if (module->folder == NULL || *end != '.' || calls == MOST_CALLS)
            return NULL;
        at = end + 1;
    }
    bool data = strncmp(at, "data.", 5) == 0;
    at += data ? 5 : 0;
    size_t type = strcspn(at, "."), name = at[type] == '\0' ? 0 : strcspn(at + type + 1, "[. ");
    const struct file_block *found =
        name == 0 ? NULL
                  : block_in(module_in(source, module->folder), data ? BLOCK_DATA : BLOCK_RESOURCE,
                             arena_strndup(arena, at, type), arena_strndup(arena, at + type + 1, name));
    *nearest = module->near ? place_of(found, *nearest) : *nearest;
    return found;
}

struct source_place terraform_source_find(struct terraform_source *source, const char *address)
{
    struct source_place found = {0};
    struct module_place module;
    if (is_logical(address))
        return place_in_templates(source, address);
    find_block(source, address, &found, &module);
    return found;
}

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

// The address of the module that calls the one which `address` ("module.a.module.b.") is of, and how it names it.
static const char *parent_of(struct arena *arena, const char *address, const char **name)
{
    size_t length = strlen(address), start = 0;
    for (size_t at = 0; at < length;) {
        start = at;
        at += 7 + strcspn(address + at + 7, ".[");
        at += index_length(address + at) + 1;
    }
    *name = length == 0 ? NULL : arena_strndup(arena, address + start + 7, strcspn(address + start + 7, ".["));
    return arena_strndup(arena, address, start);
}

// The module at "module.a.module.b[0].".
static struct module_place module_at(struct terraform_source *source, const char *address)
{
    struct source_place ignored = {0};
    struct module_place module;
    find_block(source, arena_printf(source->arena, "%s.", address), &ignored, &module);
    return module;
}

static void read_input(struct reading *reading, const char *name, const char *address)
{
    struct arena *arena = reading->source->arena;
    const char *called, *parent = parent_of(arena, address, &called);
    if (called == NULL)
        return; // of the root: the plan tells it
    struct module_place module = module_at(reading->source, parent);
    const struct file_block *call = call_in(reading->source, module, called);
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
    struct module_place inner = module_of(reading->source, module, call_in(reading->source, module, name));
    const struct file_block *output =
        inner.folder == NULL ? NULL
                             : block_in(module_in(reading->source, inner.folder), BLOCK_OUTPUT, "", text + length + 1);
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
    const struct file_block *found = is_logical(address) ? NULL : find_block(source, address, &ignored, &module);
    struct reading reading = {.source = source, .list = list};
    if (found == NULL)
        return SOURCE_UNKNOWN;
    const char *at = address;
    while (strncmp(at, "module.", 7) == 0) {
        at += 7 + strcspn(at + 7, ".[");
        at += index_length(at) + 1;
    }
    const char *in = arena_strndup(source->arena, address, (size_t)(at - address));
    if (read_arguments(&reading, found, key, module, in) == 0)
        return SOURCE_UNKNOWN; // it is another configuration than the plan's
    return reading.unread ? SOURCE_UNKNOWN : reading.opaque ? SOURCE_NO : SOURCE_YES;
}

enum source_answer terraform_source_has_dynamic(struct terraform_source *source, const char *address, const char *label)
{
    struct source_place ignored = {0};
    struct module_place module;
    const struct file_block *found = is_logical(address) ? NULL : find_block(source, address, &ignored, &module);
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
    if (!is_logical(address))
        found = find_block(source, address, &ignored, &module);
    if (found == NULL && strncmp(address, "module.", 7) == 0) {
        const char *parent = parent_of(source->arena, arena_printf(source->arena, "%s.", address), &called);
        found = call_in(source, module_at(source, parent), called);
    }
    for (size_t i = 0; found != NULL && i < found->block.arguments.count; i++)
        if (strcmp(found->block.arguments.items[i].key, key) == 0)
            *vector_add(source->arena, &texts) = found->block.arguments.items[i].text;
    return texts;
}

bool terraform_source_index(struct terraform_source *source, const char *address, const char *key,
                            const char *reference, struct source_index *index)
{
    text_list texts = texts_of(source, address, key);
    bool told = texts.count > 0;
    for (size_t i = 0; i < texts.count && told; i++) {
        struct source_index one = {0};
        told = source_index_read(source->arena, texts.items[i], reference, &one) &&
               (i == 0 || (strcmp(one.index, index->index) == 0 && strcmp(one.behind, index->behind) == 0));
        *index = one;
    }
    return told;
}

bool terraform_source_iterates(struct terraform_source *source, const char *address, const char *text)
{
    static const char *const around = " \t\r\n\"";
    text_list texts = texts_of(source, address, "for_each");
    if (texts.count != 1)
        return false;
    const char *said = texts.items[0] + strspn(texts.items[0], around);
    bool template = strncmp(said, "${", 2) == 0;
    size_t length = strlen(text);
    said += template ? 2 : 0;
    return strncmp(said, text, length) == 0 &&
           said[length + strspn(said + length, template ? "} \t\r\n\"" : around)] == '\0';
}
