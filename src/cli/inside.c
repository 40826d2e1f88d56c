#include "cli/inside.h"

#include "aws/snapshot.h"
#include "pipeline/evidence_files.h"
#include "rules/reach/instance_home.h"

static bool is_called(const struct instance *instance, const char *text)
{
    const char *name = tags_name(instance->tags, instance->tag_count);
    return name != NULL && strcmp(name, text) == 0;
}

// The instances of that id or name; where there is one, *found is it.
static size_t find_instance(const struct estate *estate, const char *text, const struct instance **found)
{
    size_t count = 0;
    *found = map_get(&estate->instances, text);
    if (*found != NULL)
        return 1;
    for (size_t i = 0; i < estate->instances.size; i++) {
        const struct instance *one = estate->instances.slots[i].value;
        if (one == NULL || !is_called(one, text))
            continue;
        *found = one;
        count++;
    }
    return count;
}

static const char *listed(struct arena *arena, const struct network_interface *const *interfaces, size_t count)
{
    const char *text = "";
    for (size_t i = 0; i < count; i++)
        text = arena_printf(arena, "%s%s%s", text, i == 0 ? "" : ", ", interfaces[i]->id);
    return text;
}

static bool find_of_instance(struct arena *arena, const struct estate *estate, const char *text, const char *instance,
                             const struct network_interface **found, struct error *error)
{
    struct map homes = {0};
    bool sure = false;
    size_t count = 0;
    instance_homes(arena, estate, &homes);
    const struct instance_home *home = map_get(&homes, instance);
    if (home == NULL)
        return error_set(error, ERROR_USAGE, "--vantage-interface %s: the snapshot has no interface of it", text);
    const struct network_interface *const *interfaces = instance_home_interfaces(home, &count, &sure);
    if (!sure || count != 1)
        return error_set(error, ERROR_USAGE, "--vantage-interface %s: %s: give one of %s", text,
                         instance_home_doubt(arena, instance), listed(arena, interfaces, count));
    *found = interfaces[0];
    return true;
}

static bool find_asker(const struct estate *estate, const char *text, const struct network_interface **found,
                       struct error *error)
{
    const struct instance *instance = NULL;
    *found = estate_interface(estate, text);
    if (*found != NULL)
        return true;
    size_t count = find_instance(estate, text, &instance);
    if (count > 1)
        return error_set(error, ERROR_USAGE, "--vantage-interface %s: %zu instances have that name: give an id", text,
                         count);
    struct arena *arena = arena_new();
    bool good = find_of_instance(arena, estate, text, count == 1 ? instance->id : text, found, error);
    arena_free(arena);
    return good ||
           (count == 0 && error_set(error, ERROR_USAGE,
                                    "--vantage-interface %s: the snapshot has no such interface or instance", text));
}

bool cli_inside(const struct options *options, const char *folder, struct cli_inside *inside, struct error *error)
{
    *inside = (struct cli_inside){0};
    GUARD(evidence_documents_hold(folder, error));
    inside->declared.estate = snapshot_read(folder, error);
    if (inside->declared.estate == NULL)
        return false;
    bool good =
        (estate_has_network(inside->declared.estate) ||
         error_set(error, ERROR_USAGE, "%s: holds documents of an account, and none of a network", folder)) &&
        find_asker(inside->declared.estate, options_value(options, "vantage-interface"), &inside->asker, error) &&
        inside_view_possible(inside->declared.estate, inside->asker, error);
    if (good) {
        inside->view = inside_view_of(inside->declared.estate, inside->asker);
        inside->declared.exposures = inside_view_exposures(inside->view);
    } else {
        estate_free(inside->declared.estate);
    }
    return good;
}

void cli_inside_free(struct cli_inside *inside)
{
    inside_view_end(inside->view);
    declared_free(&inside->declared);
}

void cli_inside_gaps(struct arena *arena, const struct cli_inside *inside, struct verdict_set *coverage)
{
    size_t count;
    const struct inside_left_out *left_out = inside_view_left_out(inside->view, &count);
    for (size_t i = 0; i < count; i++)
        *vector_add(arena, &coverage->gaps) = (struct coverage_gap){left_out[i].what, left_out[i].count};
}
