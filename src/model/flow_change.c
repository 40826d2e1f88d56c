#include "model/flow_change.h"

#include "model/protocol.h"

bool flow_change_is_finding(const struct forecast *forecast, const struct flow_change *change)
{
    return forecast->gates && change->severity <= forecast->least && change->severity < SEVERITY_INFO;
}

const char *flow_change_direction(const struct flow_change *change)
{
    return change->flow.to == SEGMENT_INTERNET ? "outwards" : "inside";
}

size_t flow_changes_count(const struct flow_changes *changes, enum change_kind kind, bool outwards)
{
    size_t count = 0;
    for (size_t i = 0; i < changes->items.count; i++)
        count +=
            changes->items.items[i].kind == kind && (changes->items.items[i].flow.to == SEGMENT_INTERNET) == outwards;
    return count;
}

size_t flow_changes_wrong(const struct flow_changes *changes)
{
    size_t count = 0;
    for (size_t i = 0; changes != NULL && i < changes->items.count; i++)
        count += changes->items.items[i].meaning != MOVEMENT_MEANT;
    return count;
}

static void put_addresses(struct json_writer *writer, struct arena *arena, const char *key, enum family family,
                          struct prefixset set)
{
    if (prefixset_equal(set, prefixset_internet(arena, family)))
        json_put_strings(writer, key, (const char *const[]){"internet"}, 1);
    else
        exposure_put_prefixes(writer, arena, key, family, set);
}

static void put(struct json_writer *writer, struct arena *arena, const struct flow_change *change, bool gates,
                bool planned)
{
    const struct flow *flow = &change->flow;
    json_open_line(writer, NULL, '{');
    json_put_string(writer, "direction", flow_change_direction(change));
    json_put_string(writer, "change", change_kind_names[change->kind]);
    json_put_string(writer, "from", change->from);
    json_put_string(writer, "from_name", change->from_name);
    json_put_string(writer, "to", change->to);
    json_put_string(writer, "to_name", change->to_name);
    json_put_string(writer, "from_vpc", flow->from_vpc);
    json_put_string(writer, "to_vpc", flow->to_vpc);
    json_put_string(writer, "family", family_name(flow->family));
    json_put_string(writer, "protocol", flow_protocol(arena, flow->protocol));
    json_put_string(writer, "ports", flow_ports(arena, flow));
    put_addresses(writer, arena, "sources", flow->family, flow->sources);
    put_addresses(writer, arena, "destinations", flow->family, flow->destinations);
    json_put_string(writer, "certainty", certainty_names[flow->certainty]);
    json_put_string(writer, "way", flow_way_names[flow->way]);
    json_put_string(writer, "by", flow->by);
    if (gates) {
        json_put_string(writer, "severity", severity_names[change->severity]);
        json_put_string(writer, "why", change->why);
    }
    reasons_put(writer, arena, "causes", &change->causes);
    if (planned)
        change_put_resources(writer, &change->resources, true);
    json_close(writer, '}');
}

void flow_changes_put(struct json_writer *writer, const struct flow_changes *changes, bool gates, bool planned)
{
    struct arena *arena = arena_new();
    json_put_string(writer, "segments_by", changes->by);
    json_open(writer, "flows", '[');
    for (size_t i = 0; i < changes->items.count; i++, arena_reset(arena))
        put(writer, arena, &changes->items.items[i], gates, planned);
    json_close(writer, ']');
    json_put_strings(writer, "flows_missing", changes->missing.items, changes->missing.count);
    arena_free(arena);
}
