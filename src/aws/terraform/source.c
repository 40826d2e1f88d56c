#include "aws/terraform/source_modules.h"

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

static const char *key_of(struct arena *arena, int kind, const char *first, const char *second)
{
    return arena_printf(arena, "%d\n%s\n%s", kind, first, second);
}

// What is looked for by each name of each expression is not looked for among all blocks.
static void index_blocks(struct terraform_source *source, struct module_files *module)
{
    struct arena *arena = source->arena;
    for (size_t i = 0; i < module->items.count; i++) {
        struct file_block *one = &module->items.items[i];
        const struct source_block *block = &one->block;
        int kind = (int)block->kind;
        const char *name = key_of(arena, kind, block->type, block->name);
        if (map_get(&module->by_name, name) == NULL)
            map_put(arena, &module->by_name, name, one);
        bool said = kind == BLOCK_LOCALS || kind == BLOCK_OUTPUT || kind == BLOCK_VARIABLE;
        for (size_t k = 0; said && k < block->arguments.count; k++)
            map_put(arena, &module->said, key_of(arena, kind, block->name, block->arguments.items[k].key),
                    (void *)(uintptr_t)block->arguments.items[k].text);
    }
}

const struct module_files *source_module_in(struct terraform_source *source, const char *folder)
{
    struct module_files *module = map_get(&source->modules, folder);
    if (module != NULL)
        return module;
    module = read_folder(source, folder, configuration_reader);
    index_blocks(source, module);
    map_put(source->arena, &source->modules, folder, module);
    return module;
}

// A type of Terraform's has a "_".
bool source_is_logical(const char *address)
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

const struct file_block *source_block_in(const struct terraform_source *source, const struct module_files *module,
                                         int kind, const char *type, const char *name)
{
    return map_get(&module->by_name, key_of(source->arena, kind, type, name));
}

const char *source_said_in(const struct terraform_source *source, const struct module_files *module, int kind,
                           const char *name, const char *key)
{
    return map_get(&module->said, key_of(source->arena, kind, name, key));
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

struct module_place source_module_of(struct terraform_source *source, struct module_place parent,
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

const struct file_block *source_call_in(struct terraform_source *source, struct module_place module, const char *name)
{
    return module.folder == NULL
               ? NULL
               : source_block_in(source, source_module_in(source, module.folder), BLOCK_MODULE, "", name);
}

const struct file_block *source_find_block(struct terraform_source *source, const char *address,
                                           struct source_place *nearest, struct module_place *module)
{
    struct arena *arena = source->arena;
    const char *at = address;
    *module = (struct module_place){.folder = source->root, .key = "", .near = true};
    for (int calls = 0; strncmp(at, "module.", 7) == 0; calls++) {
        size_t length = strcspn(at + 7, ".[");
        const char *end = at + 7 + length;
        const struct file_block *call = source_call_in(source, *module, arena_strndup(arena, at + 7, length));
        *nearest = module->near ? place_of(call, *nearest) : *nearest;
        end += index_length(end);
        *module = source_module_of(source, *module, call);
        if (module->folder == NULL || *end != '.' || calls == MOST_CALLS)
            return NULL;
        at = end + 1;
    }
    bool data = strncmp(at, "data.", 5) == 0;
    at += data ? 5 : 0;
    size_t type = strcspn(at, "."), name = at[type] == '\0' ? 0 : strcspn(at + type + 1, "[. ");
    const struct file_block *found =
        name == 0
            ? NULL
            : source_block_in(source, source_module_in(source, module->folder), data ? BLOCK_DATA : BLOCK_RESOURCE,
                              arena_strndup(arena, at, type), arena_strndup(arena, at + type + 1, name));
    *nearest = module->near ? place_of(found, *nearest) : *nearest;
    return found;
}

struct source_place terraform_source_find(struct terraform_source *source, const char *address)
{
    struct source_place found = {0};
    struct module_place module;
    if (source_is_logical(address))
        return place_in_templates(source, address);
    source_find_block(source, address, &found, &module);
    return found;
}
