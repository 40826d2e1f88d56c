#include "pipeline/inside_asked.h"

#include <stdlib.h>

#include "base/file.h"
#include "model/protocol.h"
#include "pipeline/planning.h"
#include "rules/reach/reach.h"

static int by_place(const void *left, const void *right)
{
    const struct plan_target *a = left, *b = right;
    int order = address_compare(a->address, b->address);
    return order != 0 ? order : a->protocol - b->protocol;
}

// In the order of addresses and protocols, a target each. What is asked only to see whether the way is alive is left
// out: it is observed nowhere.
static void settle(struct arena *arena, struct plan *plan)
{
    size_t kept = 0;
    if (plan->targets.count > 0)
        qsort(plan->targets.items, plan->targets.count, sizeof(*plan->targets.items), by_place);
    for (size_t i = 0; i < plan->targets.count; i++) {
        const struct plan_target *target = &plan->targets.items[i];
        struct plan_target *last = kept > 0 ? &plan->targets.items[kept - 1] : NULL;
        if (target->spare)
            continue;
        if (last != NULL && by_place(last, target) == 0)
            last->ports = portset_union(arena, last->ports, target->ports);
        else
            plan->targets.items[kept++] = *target;
    }
    plan->targets.count = (uint32_t)kept;
}

struct plan_lack {
    size_t count;
    const char *first; // in words
};

// What of `whole` is not in `part`; both are settled. Of places on the internet each plan asks what its maker names.
static struct plan_lack lack_of(struct arena *arena, const struct exposure_set *exposures, const struct plan *part,
                                const struct plan *whole)
{
    struct plan_lack left = {0};
    for (size_t i = 0, k = 0; i < whole->targets.count; i++) {
        const struct plan_target *target = &whole->targets.items[i];
        const struct endpoint *endpoint = exposure_endpoint(exposures, target->address);
        char text[ADDRESS_TEXT];
        if (endpoint != NULL && endpoint->outside)
            continue;
        while (k < part->targets.count && by_place(&part->targets.items[k], target) < 0)
            k++;
        bool there = k < part->targets.count && by_place(&part->targets.items[k], target) == 0;
        bool has_ports = protocol_has_ports(target->protocol);
        struct portset ports =
            there ? portset_subtract(arena, target->ports, part->targets.items[k].ports) : target->ports;
        size_t count = has_ports ? portset_size(ports) : !there;
        if (count > 0 && left.count == 0) {
            address_format(target->address, text);
            const char *port = has_ports ? arena_printf(arena, " %u", (unsigned)ports.ranges[0].low) : "";
            left.first = arena_printf(arena, "%s %s%s", text, protocol_name(arena, target->protocol), port);
        }
        left.count += count;
    }
    return left;
}

static bool plan_of_depth(struct arena *arena, const char *depth, const struct declared *declared,
                          const struct exposure_set *narrowed, const struct vantage_list *vantages,
                          const struct intent *intent, struct plan *plan, struct error *error)
{
    struct verdict_set coverage = {0};
    *plan = (struct plan){0};
    GUARD(planning_make(arena, depth, declared, narrowed, intent, NULL, NULL, vantages, plan, &coverage, error));
    settle(arena, plan);
    return true;
}

static const char *in_words(struct arena *arena, const char *depth, const struct plan_lack *left)
{
    return arena_printf(arena, "%s asks %zu more, as %s", depth, left->count, left->first);
}

bool inside_asked(struct arena *arena, const struct declared *before, const struct inside_derived *one,
                  const struct inside_given *given, const struct intent *intent, const char **asked,
                  struct error *error)
{
    static const char *const depths[] = {"full", "standard", "declared"};
    enum { DEPTHS = sizeof(depths) / sizeof(depths[0]) };
    const struct declared declared = {.estate = before->estate, .exposures = one->exposures};
    struct vantage_list vantages = {0};
    struct plan plan = {0}, whole;
    size_t length;
    char *text = file_read(given->plan, &length, error);
    bool good = text != NULL && plan_read(arena, given->plan, text, length, &plan, error);
    free(text);
    GUARD(good);
    settle(arena, &plan);
    vantages_of_interface(arena, one->asker, NULL, &vantages);
    struct exposure_set *narrowed = vantages_narrow(one->exposures, &vantages);
    const char *deeper = NULL; // what of the next depth is left out
    for (int depth = 0; depth < DEPTHS; depth++) {
        struct plan_lack left = {0};
        for (int with = intent != NULL; with >= 0; with--) { // the plan may have been made without the intent
            good = plan_of_depth(arena, depths[depth], &declared, narrowed, &vantages, with == 1 ? intent : NULL,
                                 &whole, error);
            if (!good)
                break;
            left = lack_of(arena, one->exposures, &plan, &whole);
            if (left.count == 0)
                break;
        }
        if (!good)
            break;
        *asked = left.count > 0   ? in_words(arena, depths[depth], &left)
                 : deeper == NULL ? arena_printf(arena, "depth %s", depths[depth])
                                  : arena_printf(arena, "depth %s: %s", depths[depth], deeper);
        good = left.count == 0;
        if (good)
            break;
        deeper = *asked;
    }
    exposure_set_free(narrowed);
    return good;
}
