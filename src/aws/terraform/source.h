// Where a configuration says what a plan changes: an address → file and line. Blocks and where they begin is all that
// is read of *.tf files: no expression is evaluated.
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
// folders; of a module from elsewhere, or where its block is not found, the call of the module.
struct source_place terraform_source_find(struct terraform_source *source, const char *address);

// ---- One file (blocks.c)

struct source_block {
    enum { BLOCK_RESOURCE, BLOCK_DATA, BLOCK_MODULE } kind;
    const char *type; // "" of a module
    const char *name;
    const char *source; // of a module: its `source` where that is a plain text, or NULL
    size_t line;
};

struct source_blocks {
    VECTOR(struct source_block) items;
};

// Adds the blocks of a file's bytes; what is no Terraform adds none, or such as it seems to hold.
void source_blocks_read(struct arena *arena, const char *bytes, size_t length, struct source_blocks *blocks);
