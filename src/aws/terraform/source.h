// What a configuration says of what a plan changes: an address → file and line, and expressions as they are written
// (evaluate.h). Blocks and where they begin is all that is read of *.tf, *.tofu, *.tf.json and *.tofu.json files. Of
// CloudFormation: the templates in the folder, and where their resources begin.
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

// Whether the block of a resource holds `dynamic "LABEL"`, or says it as an attribute, which no plan shows.
enum source_answer { SOURCE_NO, SOURCE_YES, SOURCE_UNKNOWN };
enum source_answer terraform_source_has_dynamic(struct terraform_source *source, const char *address,
                                                const char *label);

// What an expression is besides what its references lead to: beside what is new, no plan shows it.
struct source_list {
    text_list literals; // ids that are written out
    bool chosen;        // by a condition or a function: not all of it need be there
};

// What the configuration says in an attribute of a resource, through inputs and outputs of modules. SOURCE_YES: it is
// read. SOURCE_NO: some of it is an expression that is not followed. SOURCE_UNKNOWN: some of it is in no file here.
enum source_answer terraform_source_list(struct terraform_source *source, const char *address, const char *key,
                                         struct source_list *list);

// The expression of an argument of a resource, or of the call of a module ("module.net[0]"), as it is written. NULL
// where no file here tells, or several arguments have that name. "dynamic LABEL" is the for_each of such a block.
// `source` may be NULL.
const char *terraform_source_argument(struct terraform_source *source, const char *address, const char *key);
// The same of what an instance of a module ("module.net[0].", "" of the root) has: a local (`name` "", its own name is
// the key), an output's `value`, a variable's `type` ("" where it has none).
enum source_said { SAID_LOCAL, SAID_OUTPUT, SAID_VARIABLE };
const char *terraform_source_said(struct terraform_source *source, const char *instance, enum source_said what,
                                  const char *name, const char *key);

// ---- One expression (expression.c)

struct source_expression {
    struct source_list list;
    text_list inputs;  // names of variables
    text_list outputs; // of modules: "NAME.OUTPUT"
    bool opaque;       // some of it, no text tells
};

// Adds what an expression says, in Terraform's own syntax or as a value of its JSON.
void source_expression_read(struct arena *arena, const char *text, struct source_expression *expression);

// ---- One file (blocks.c, blocks_json.c)

// `KEY = TEXT`, or of JSON the value, of a resource at any depth: of what holds ids, or may be said by blocks too.
struct source_argument {
    const char *key;
    const char *text;
};

struct source_block {
    enum { BLOCK_RESOURCE, BLOCK_DATA, BLOCK_MODULE, BLOCK_OUTPUT, BLOCK_LOCALS, BLOCK_VARIABLE } kind;
    const char *type;   // of a resource and a data source; else ""
    const char *name;   // "" of locals
    const char *source; // of a module: its `source` where that is a plain text, or NULL
    size_t line;
    VECTOR(const char *) dynamic; // labels of the dynamic blocks within
    VECTOR(struct source_argument) arguments;
};

// Whether an argument of a block is kept: of a module's call each.
bool source_keeps(const struct source_block *block, const char *key);

struct source_blocks {
    VECTOR(struct source_block) items;
};

// Adds the blocks of a file's bytes; what is no Terraform adds none, or such as it seems to hold.
void source_blocks_read(struct arena *arena, const char *bytes, size_t length, struct source_blocks *blocks);
// The same of JSON, a template's resources among them.
void source_blocks_read_json(struct arena *arena, const char *bytes, size_t length, struct source_blocks *blocks);
// The resources of a template in JSON or YAML.
void template_resources_read(struct arena *arena, const char *bytes, size_t length, struct source_blocks *blocks);
