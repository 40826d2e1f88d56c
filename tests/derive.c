// derive FOLDER: writes into an evidence folder what follows from its manifest, before/, after/, observations.jsonl,
// intent.json and packs: exposure.json, plan.jsonl, verdicts.json, controls.json. The forger's tool (tests/forger.py):
// a lie is only as good as what was made to follow from it.
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "pipeline/derive.h"

static struct derivation derivation;
static struct manifest manifest;

static const char *in(const char *folder, const char *name)
{
    return arena_printf(derivation.arena, "%s/%s", folder, name);
}

static bool derive(const char *folder, struct error *error)
{
    size_t length;
    char *bytes = file_read(in(folder, "manifest.json"), &length, error);
    bool good = bytes != NULL && manifest_read(derivation.arena, "manifest.json", bytes, length, &manifest, error);
    free(bytes);
    GUARD(good && derive_again(&derivation, folder, &manifest, error));
    for (int file = 0; file < derive_file_count(&derivation); file++) {
        struct file_draft draft;
        if (file == DERIVED_REPORT || !derive_has(&derivation, file))
            continue;
        GUARD(file_begin(&draft, in(folder, derive_path(&derivation, file)), error));
        struct text text = {.sink = draft.stream};
        derive_write(&derivation, file, &manifest, &text);
        text_flush(&text);
        text_free(&text);
        GUARD(file_commit(&draft, error));
    }
    return true;
}

int main(int argc, char **argv)
{
    struct error error = {0};
    derivation.arena = arena_new();
    bool good = argc == 2 && derive(argv[1], &error);
    if (!good)
        fprintf(stderr, "derive: %s\n", argc == 2 ? error.message : "expected one evidence folder");
    derive_free(&derivation);
    arena_free(derivation.arena);
    return good ? 0 : 2;
}
