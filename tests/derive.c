// derive FOLDER: writes into an evidence folder what follows from its manifest, before/, after/, observations.jsonl,
// intent.json and packs: exposure.json, plan.jsonl, verdicts.json, controls.json. The forger's tool (tests/forger.py): a
// lie is only as good as what was made to follow from it.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/derive.h"
#include "evidence/remembered.h"

static struct derivation derivation;
static struct manifest manifest;

static const char *in(const char *folder, const char *name)
{
    return arena_printf(derivation.arena, "%s/%s", folder, name);
}

static bool give(const char *folder, struct error *error)
{
    struct derivation_given *given = &derivation.given;
    size_t length;
    char *bytes = file_read(in(folder, "manifest.json"), &length, error);
    bool good = bytes != NULL && manifest_read(derivation.arena, "manifest.json", bytes, length, &manifest, error);
    free(bytes);
    given->before = in(folder, "before");
    given->after = access(in(folder, "after"), F_OK) == 0 ? in(folder, "after") : NULL;
    given->observations = in(folder, "observations.jsonl");
    given->intent = access(in(folder, "intent.json"), F_OK) == 0 ? in(folder, "intent.json") : NULL;
    given->past = access(in(folder, REMEMBERED_RUNS), F_OK) == 0 ? folder : NULL;
    given->depth = manifest.depth;
    given->today = manifest.judged_on;
    given->failed = manifest.failed;
    given->canaries = manifest.canaries;
    given->speed = (struct probe_speed){manifest.rate, manifest.host_rate, manifest.tries, manifest.timeout_ms};
    for (size_t i = 0; good && i < manifest.packs.count; i++)
        *vector_add(derivation.arena, &given->packs) = in(folder, manifest.packs.items[i]);
    for (size_t i = 0; good && i < manifest.vantages.count; i++) {
        struct vantage *vantage = vector_add(derivation.arena, &given->vantages.items);
        good = cli_vantage(derivation.arena, manifest.vantages.items[i], vantage, error);
        vantage->learnt = manifest.vantages_learnt.items[i];
    }
    return good;
}

static bool derive(const char *folder, struct error *error)
{
    GUARD(give(folder, error) && derive_intent(&derivation, error) && derive_exposure(&derivation, error));
    GUARD(derive_plan(&derivation, error));
    GUARD(derivation.given.after == NULL || derive_after(&derivation, error));
    GUARD(derive_verdicts(&derivation, error) && derive_controls(&derivation, error));
    derive_failures(&derivation);
    const struct {
        const char *name;
        const struct text *text;
    } files[] = {{"exposure.json", &derivation.exposure_json},
                 {"plan.jsonl", &derivation.plan_jsonl},
                 {"verdicts.json", &derivation.verdicts_json},
                 {"controls.json", &derivation.controls_json}};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        GUARD(file_write(in(folder, files[i].name), files[i].text->bytes, files[i].text->length, error));
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
