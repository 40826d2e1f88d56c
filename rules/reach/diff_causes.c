// What in the configuration let a packet through, or stopped it, between two states.
#include "model/protocol.h"
#include "rules/reach/comparison.h"

static struct address typical_source(struct arena *arena, struct prefixset sources, enum family family)
{
    struct prefixset internet = prefixset_intersect(arena, sources, prefixset_internet(arena, family));
    return (struct address){.family = family, .bits = (internet.count > 0 ? internet : sources).ranges[0].low};
}

static const struct hop *hop_of(const struct explanation *explanation, enum reason_stage stage)
{
    for (size_t i = 0; i < explanation->hops.count; i++)
        if (explanation->hops.items[i].stage == stage)
            return &explanation->hops.items[i];
    return NULL;
}

// What stops one packet where it is shut, beside what lets it through where it is open.
static reason_list causes_of(struct comparison *comparison, const struct sides *sides, int protocol, uint16_t number,
                             struct address source, enum exposure_path path)
{
    struct arena *arena = comparison->arena, *packet = comparison->packet;
    struct explainer *shut_by = &comparison->explainers[sides->shut == comparison->after];
    struct explainer *open_by = &comparison->explainers[sides->open == comparison->after];
    reason_list causes = {0};
    arena_reset(packet);
    struct explanation shut =
        explainer_packet(shut_by, packet, sides->shut_endpoint, protocol, number, source, portset_all);
    struct explanation open =
        explainer_packet(open_by, packet, sides->open_endpoint, protocol, number, source, portset_all);
    for (size_t i = 0; i < shut.hops.count; i++) {
        const struct hop *stop = &shut.hops.items[i], *pass = hop_of(&open, stop->stage);
        bool way_back = stop->stage == REASON_ROUTE || stop->stage == REASON_ACL_OUT;
        if (stop->result != HOP_STOP || (way_back && path == PATH_INBOUND_ONLY))
            continue;
        const char *passes = pass != NULL && pass->result != HOP_STOP ? pass->text : "nothing in the way";
        bool opened = sides->kind == CHANGE_OPENED;
        bool rule_went = !opened && stop->stage == REASON_GROUP && pass != NULL; // named by the rule, not by the groups
        const struct hop *now = opened || rule_went ? pass : stop;
        const struct reason *first = now == NULL || now->reasons.count == 0 ? NULL : now->reasons.items[0];
        const char *text = opened ? arena_printf(arena, "%s: %s (before: %s)", hop_words(stop), passes, stop->text)
                                  : arena_printf(arena, "%s: %s (before: %s)", hop_words(stop), stop->text, passes);
        const char *id = first == NULL ? NULL : reason_id(arena, first);
        *vector_add(arena, &causes) = reason_says(arena, first == NULL ? stop->stage : first->stage,
                                                  id == NULL ? NULL : arena_strdup(arena, id), text);
    }
    return causes;
}

void comparison_add_piece(struct comparison *comparison, struct pieces *pieces, struct portmap map, reason_list causes)
{
    struct arena *scratch = comparison->scratch;
    const char *key = reasons_joined(scratch, &causes, REASON_UNTOLD, "\n");
    key = key == NULL ? "" : key;
    size_t number = (size_t)(uintptr_t)map_get(&pieces->by_causes, key);
    if (number > 0 && reasons_same(&pieces->items.items[number - 1].causes, &causes)) {
        struct piece *piece = &pieces->items.items[number - 1];
        piece->map = portmap_union(scratch, piece->map, map);
        return;
    }
    *vector_add(scratch, &pieces->items) = (struct piece){map, causes};
    map_put(scratch, &pieces->by_causes, key, (void *)(uintptr_t)pieces->items.count);
}

// The ports at which a rule of the groups begins, or one has ended: between them one packet stands for all.
static struct portset rule_edges(struct arena *scratch, const struct sides *sides, int protocol)
{
    const struct group_set *groups = sides->open_endpoint->interface->groups;
    VECTOR(struct port_range) edges = {0};
    for (size_t g = 0; groups != NULL && g < groups->count && protocol_has_ports(protocol); g++) {
        const struct security_group *group = map_get(&sides->open->estate->security_groups, groups->ids[g]);
        for (size_t r = 0; group != NULL && r < group->ingress.count; r++) {
            const struct security_group_rule *rule = &group->ingress.items[r];
            if (rule->protocol != protocol)
                continue;
            *vector_add(scratch, &edges) = (struct port_range){rule->low, rule->low};
            if (rule->high < PORT_LAST)
                *vector_add(scratch, &edges) =
                    (struct port_range){(uint16_t)(rule->high + 1), (uint16_t)(rule->high + 1)};
        }
    }
    return portset_from(scratch, edges.items, edges.count);
}

// Explains one packet of each part of a segment that lies between edges.
static void explain_segment(struct comparison *comparison, const struct sides *sides, int protocol,
                            const struct port_segment *segment, struct portset edges, enum exposure_path path,
                            struct pieces *pieces)
{
    struct arena *scratch = comparison->scratch;
    struct address source = typical_source(scratch, segment->sources, sides->open_endpoint->address.family);
    uint32_t last = segment->high;
    size_t edge = 0;
    for (uint32_t low = segment->low, high; low <= last; low = high + 1) {
        while (edge < edges.count && edges.ranges[edge].high <= low)
            edge++;
        // A range of edges is of ports that follow one another, each of which begins a part.
        uint32_t next = edge == edges.count            ? last + 1
                        : edges.ranges[edge].low > low ? edges.ranges[edge].low
                                                       : low + 1;
        high = next - 1 < last ? next - 1 : last;
        struct port_segment part = {(uint16_t)low, (uint16_t)high, segment->sources};
        comparison_add_piece(comparison, pieces, portmap_from(scratch, &part, 1),
                             causes_of(comparison, sides, protocol, (uint16_t)low, source, path));
    }
}

void comparison_explain(struct comparison *comparison, const struct sides *sides, int protocol, struct portmap map,
                        enum exposure_path path, struct pieces *pieces)
{
    struct arena *scratch = comparison->scratch;
    struct stages stages = explain_stages(scratch, sides->shut->estate, sides->shut_endpoint, protocol);
    VECTOR(struct portmap) parts = {0};
    *vector_add(scratch, &parts) = map;
    for (int stage = 0; stage < (path == PATH_TWO_WAY ? STAGE_COUNT : STAGE_ROUTE); stage++) {
        size_t count = parts.count;
        for (size_t i = 0; i < count; i++) {
            struct portmap in = portmap_intersect(scratch, parts.items[i], stages.through[stage]);
            struct portmap out = portmap_subtract(scratch, parts.items[i], stages.through[stage]);
            if (in.count == 0 || out.count == 0)
                continue;
            parts.items[i] = in;
            *vector_add(scratch, &parts) = out;
        }
    }
    const struct portset edges = rule_edges(scratch, sides, protocol);
    for (size_t i = 0; i < parts.count; i++)
        for (size_t s = 0; s < parts.items[i].count; s++)
            explain_segment(comparison, sides, protocol, &parts.items[i].segments[s], edges, path, pieces);
}
