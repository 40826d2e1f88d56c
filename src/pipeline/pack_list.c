#include "pipeline/pack_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

static bool add_pack(struct arena *arena, const char *file, const char *bytes, size_t length, struct pack_list *packs,
                     struct error *error)
{
    const struct pack *pack = pack_parse(arena, file, bytes, length, error);
    if (pack == NULL)
        return false;
    for (size_t i = 0; i < packs->items.count; i++)
        if (strcmp(packs->items.items[i].pack->id, pack->id) == 0)
            return error_set(error, ERROR_USAGE, "--pack %s: \"%s\" is the id of another pack too", file, pack->id);
    const char *poses = pack_poses(arena, pack, bytes, length);
    if (poses != NULL)
        return error_set(error, ERROR_USAGE, "%s: %s", file, poses);
    *vector_add(arena, &packs->items) = (struct pack_source){pack, bytes, length};
    return true;
}

bool pack_list_read(struct arena *arena, const char *const *names, size_t count, struct pack_list *packs,
                    struct error *error)
{
    for (const struct built_in_pack *one = built_in_packs; count == 0 && one->id != NULL; one++)
        GUARD(!one->by_default || add_pack(arena, one->id, one->bytes, one->length, packs, error));
    for (size_t i = 0; i < count; i++) {
        const char *name = names[i];
        const struct built_in_pack *one = built_in_pack_named(name);
        if (one != NULL) {
            GUARD(add_pack(arena, one->id, one->bytes, one->length, packs, error));
            continue;
        }
        size_t length;
        char *bytes = file_read(name, &length, error);
        if (bytes == NULL)
            return false;
        char *kept = arena_alloc(arena, length + 1);
        memcpy(kept, bytes, length);
        free(bytes);
        GUARD(add_pack(arena, name, kept, length, packs, error));
    }
    return true;
}
