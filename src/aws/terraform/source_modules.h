// The modules of a configuration in a folder, their files and blocks. For source.c and said.c only.
#pragma once

#include "aws/terraform/source.h"

// The blocks of one module's files.
struct module_files {
    VECTOR(struct file_block {
        struct source_block block;
        const char *file;
    })
    items;
    struct map by_name; // kind, type and name -> struct file_block, the first of them
    struct map said;    // kind, name and key -> the last text, of what is no resource, data source or call
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

// One module of the configuration: its files, and how it is called.
struct module_place {
    const char *folder; // NULL: its files are not here
    const char *key;    // "net.subnets", "" of the root
    bool near;          // in a folder of the configuration itself
};

// "WebGroup.SecurityGroupIngress[0]": a logical id of CloudFormation, which has letters and digits only.
bool source_is_logical(const char *address);
// The files of a folder.
const struct module_files *source_module_in(struct terraform_source *source, const char *folder);
const struct file_block *source_block_in(const struct terraform_source *source, const struct module_files *module,
                                         int kind, const char *type, const char *name);
// The module that `call` calls.
struct module_place source_module_of(struct terraform_source *source, struct module_place parent,
                                     const struct file_block *call);
// What a block of this kind and name ("" of locals) says as `key`, or NULL.
const char *source_said_in(const struct terraform_source *source, const struct module_files *module, int kind,
                           const char *name, const char *key);
// The call of a module by its name, or NULL.
const struct file_block *source_call_in(struct terraform_source *source, struct module_place module, const char *name);
// The block of an address, or NULL, and its module; *nearest is where it, or else the nearest call of a module above
// it, stands in the configuration itself.
const struct file_block *source_find_block(struct terraform_source *source, const char *address,
                                           struct source_place *nearest, struct module_place *module);
