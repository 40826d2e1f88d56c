#include "model/owner.h"

#include <string.h>

#include "base/vector.h"

static const char *const sources[] = {"document", "requester", "description", "type", NULL};

const char *owner_text(struct arena *arena, const struct owner *owner)
{
    if (owner->id == NULL)
        return owner->name == NULL ? owner->kind : arena_printf(arena, "%s %s", owner->kind, owner->name);
    if (owner->name == NULL || strcmp(owner->name, owner->id) == 0)
        return arena_printf(arena, "%s %s", owner->kind, owner->id);
    return arena_printf(arena, "%s %s (%s)", owner->kind, owner->id, owner->name);
}

const char *owner_label(struct arena *arena, const char *name, const struct owner *owner)
{
    return name != NULL || owner == NULL ? name : owner_text(arena, owner);
}

bool owner_same(const struct owner *a, const struct owner *b)
{
    return a->by == b->by && text_same(a->service, b->service) && text_same(a->kind, b->kind) &&
           text_same(a->id, b->id) && text_same(a->name, b->name);
}

void owner_put(struct json_writer *writer, const struct owner *owner)
{
    if (owner == NULL) {
        json_put_string(writer, "owner", NULL);
        return;
    }
    json_open_line(writer, "owner", '{');
    json_put_string(writer, "service", owner->service);
    json_put_string(writer, "kind", owner->kind);
    json_put_string(writer, "id", owner->id);
    json_put_string(writer, "name", owner->name);
    json_put_string(writer, "by", sources[owner->by]);
    json_close(writer, '}');
}

bool owner_read(struct arena *arena, const struct json_cursor *at, const struct owner **owner, struct error *error)
{
    struct json_cursor member = json_member(at, "owner");
    *owner = NULL;
    if (member.node == NULL || cJSON_IsNull(member.node))
        return true;
    struct owner *made = arena_new_of(arena, struct owner);
    int by;
    if (!json_expect_object(&member, error) || !json_string(arena, &member, "service", &made->service, error) ||
        !json_string(arena, &member, "kind", &made->kind, error) ||
        !json_optional_string(arena, &member, "id", &made->id, error) ||
        !json_optional_string(arena, &member, "name", &made->name, error) ||
        !json_word(&member, "by", sources, &by, error))
        return false;
    made->by = (enum owner_source)by;
    *owner = made;
    return true;
}
