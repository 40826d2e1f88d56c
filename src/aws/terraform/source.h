// Where a configuration says what a plan changes: an address → file and line. Blocks and where they begin is all that
// is read of *.tf, *.tofu, *.tf.json and *.tofu.json files: no expression is evaluated. Of CloudFormation: the
// templates in the folder, and where their resources begin.
// https://developer.hashicorp.com/terraform/language/syntax/configuration
#pragma once

#include "base/error.h"
#include "base/vector.h"

struct source_place {
    const char *file; // relative to the current folder, or to the source where that lies elsewhere; NULL: not found
    size_t line;      // from 1
};

struct terraform_source;

// The configuration whose root module is in `folder`; what is read lies in the arena. Files are read when they are
// asked for. NULL where it is no folder.
struct terraform_source *terraform_source_open(struct arena *arena, const char *folder, struct error *error);

// The block of a resource by its address ("module.net[0].aws_subnet.a[\"x\"]"), through calls of modules that lie in
// folders; of a module from elsewhere, or where its block is not found, the call of the module. By the logical id of a
// change set: the resource of the one template that has it.
struct source_place terraform_source_find(struct terraform_source *source, const char *address);

// Whether the block of a resource holds `dynamic "LABEL"`, which no plan shows.
enum source_answer { SOURCE_NO, SOURCE_YES, SOURCE_UNKNOWN };
enum source_answer terraform_source_has_dynamic(struct terraform_source *source, const char *address,
                                                const char *label);

// The ids that the block of a resource writes out in an attribute, added to `ids`.
void terraform_source_literals(struct terraform_source *source, const char *address, const char *key, text_list *ids);

// ---- One file (blocks.c, blocks_json.c)

// An id that is written out within an attribute of a resource: beside what is new, no plan shows it.
struct source_literal {
    const char *key;
    const char *id;
};

struct source_block {
    enum { BLOCK_RESOURCE, BLOCK_DATA, BLOCK_MODULE } kind;
    const char *type; // "" of a module
    const char *name;
    const char *source; // of a module: its `source` where that is a plain text, or NULL
    size_t line;
    VECTOR(const char *) dynamic; // labels of the dynamic blocks within
    VECTOR(struct source_literal) literals;
};

struct source_blocks {
    VECTOR(struct source_block) items;
};

// Adds the blocks of a file's bytes; what is no Terraform adds none, or such as it seems to hold.
void source_blocks_read(struct arena *arena, const char *bytes, size_t length, struct source_blocks *blocks);
// The same of JSON, a template's resources among them.
void source_blocks_read_json(struct arena *arena, const char *bytes, size_t length, struct source_blocks *blocks);
// The resources of a template in JSON or YAML.
void template_resources_read(struct arena *arena, const char *bytes, size_t length, struct source_blocks *blocks);
