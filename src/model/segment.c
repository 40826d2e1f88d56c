#include "model/segment.h"

#include "model/protocol.h"

const char *const flow_way_names[] = {"local",       "peering",     "transit-gateway",  "internet-gateway",
                                      "egress-only", "nat-gateway", "gateway-endpoint", "unmodelled",
                                      NULL};

bool segment_set_complete(const struct segment_set *set)
{
    return set->missing.items.count == 0 && set->estate->unread.count == 0;
}

void segment_set_free(struct segment_set *set)
{
    if (set != NULL)
        arena_free(set->arena);
}

struct prefixset segment_addresses(const struct segment *segment, const char *vpc_id, enum family family)
{
    for (size_t i = 0; i < segment->parts.count; i++)
        if (segment->parts.items[i].family == family && strcmp(segment->parts.items[i].vpc_id, vpc_id) == 0)
            return segment->parts.items[i].addresses;
    return prefixset_empty;
}

const char *flow_protocol(struct arena *arena, int protocol)
{
    return protocol == PROTOCOL_UNNAMED ? "other" : protocol_name(arena, protocol);
}

// "8", "8.0", "13.0-13.7": types, and codes where not all of them are meant.
static void add_icmp(struct text *out, const struct port_range *range)
{
    int low = range->low >> 8, high = range->high >> 8;
    bool whole = (range->low & 255) == 0 && (range->high & 255) == 255;
    if (out->length > 0)
        text_puts(out, ",");
    if (whole && low == high)
        text_printf(out, "%d", low);
    else if (whole)
        text_printf(out, "%d-%d", low, high);
    else if (range->low == range->high)
        text_printf(out, "%d.%d", low, range->low & 255);
    else
        text_printf(out, "%d.%d-%d.%d", low, range->low & 255, high, range->high & 255);
}

const char *flow_ports(struct arena *arena, const struct flow *flow)
{
    if (protocol_has_ports(flow->protocol))
        return portset_format(arena, flow->ports);
    if (!protocol_is_icmp(flow->protocol))
        return "";
    struct text out = {0};
    for (size_t i = 0; i < flow->ports.count; i++)
        add_icmp(&out, &flow->ports.ranges[i]);
    const char *kept = arena_strdup(arena, out.bytes == NULL ? "" : out.bytes);
    text_free(&out);
    return kept;
}

const char *flow_service(struct arena *arena, const struct flow *flow)
{
    const char *protocol = flow_protocol(arena, flow->protocol), *ports = flow_ports(arena, flow);
    if (flow->protocol == PROTOCOL_UNNAMED)
        return "other protocols";
    if (protocol_is_icmp(flow->protocol))
        return strcmp(ports, "8") == 0 || strcmp(ports, "128") == 0 ? arena_printf(arena, "%s echo", protocol)
                                                                    : arena_printf(arena, "%s %s", protocol, ports);
    if (!protocol_has_ports(flow->protocol))
        return arena_printf(arena, "protocol %s", protocol);
    return portset_equal(flow->ports, portset_all) ? protocol : arena_printf(arena, "%s %s", protocol, ports);
}

// ---- JSON

// A set that is all of another one has that one's name.
static void put_addresses(struct json_writer *json, struct arena *scratch, const char *key, enum family family,
                          struct prefixset set, struct prefixset all, const char *name)
{
    if (all.count > 0 && prefixset_equal(set, all)) {
        json_put_string(json, key, name);
        return;
    }
    size_t count;
    struct prefix *prefixes = prefixset_prefixes(scratch, family, set, &count);
    json_open_line(json, key, '[');
    for (size_t i = 0; i < count; i++) {
        char text[ADDRESS_TEXT];
        prefix_format(prefixes[i], text);
        json_put_string(json, NULL, text);
    }
    json_close(json, ']');
}

static void put_segments(struct json_writer *json, struct arena *scratch, const struct segment_set *set)
{
    json_open(json, "segments", '[');
    for (size_t i = 0; i < set->segments.count; i++) {
        const struct segment *segment = &set->segments.items[i];
        arena_reset(scratch);
        json_open(json, NULL, '{');
        json_put_string(json, "id", segment->id);
        json_put_string(json, "name", segment->name);
        json_put_integer(json, "interfaces", segment->interfaces);
        json_put_integer(json, "dormant", segment->dormant);
        json_open(json, "addresses", '[');
        for (size_t p = 0; p < segment->parts.count; p++) {
            const struct segment_part *part = &segment->parts.items[p];
            json_open_line(json, NULL, '{');
            json_put_string(json, "vpc", part->vpc_id);
            json_put_string(json, "family", family_name(part->family));
            put_addresses(json, scratch, "addresses", part->family, part->addresses, prefixset_empty, NULL);
            json_close(json, '}');
        }
        json_close(json, ']');
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void put_seen(struct json_writer *json, const struct flow *flow)
{
    json_open_line(json, "seen", '[');
    for (size_t i = 0; i < flow->seen.count; i++) {
        const struct seen_address *seen = &flow->seen.items[i];
        char text[ADDRESS_TEXT];
        json_open(json, NULL, '{');
        if (seen->private_address.family != 0)
            address_format(seen->private_address, text);
        json_put_string(json, "source", seen->private_address.family != 0 ? text : NULL);
        prefix_format(seen->public_address, text);
        json_put_string(json, "address", text);
        json_close(json, '}');
    }
    json_close(json, ']');
}

// What a flow is, without its segments. Those of a finding are of no set (NULL).
static void put_flow(struct json_writer *json, struct arena *scratch, const struct segment_set *set,
                     const struct flow *flow, bool brief)
{
    bool inside = flow->to != SEGMENT_INTERNET;
    struct prefixset from_all = prefixset_empty, to_all = prefixset_empty;
    if (set != NULL)
        from_all = segment_addresses(&set->segments.items[flow->from], flow->from_vpc, flow->family);
    if (set != NULL && inside)
        to_all = segment_addresses(&set->segments.items[flow->to], flow->to_vpc, flow->family);
    json_put_string(json, "from_vpc", flow->from_vpc);
    if (inside)
        json_put_string(json, "to_vpc", flow->to_vpc);
    json_put_string(json, "family", family_name(flow->family));
    json_put_string(json, "protocol", flow_protocol(scratch, flow->protocol));
    json_put_string(json, "ports", flow_ports(scratch, flow));
    put_addresses(json, scratch, "sources", flow->family, flow->sources, from_all, "all");
    if (inside)
        put_addresses(json, scratch, "destinations", flow->family, flow->destinations, to_all, "all");
    else
        put_addresses(json, scratch, "destinations", flow->family, flow->destinations,
                      prefixset_internet(scratch, flow->family), "internet");
    if (!inside)
        put_seen(json, flow);
    json_put_string(json, "certainty", certainty_names[flow->certainty]);
    json_put_string(json, "way", flow_way_names[flow->way]);
    json_put_string(json, "by", flow->by);
    json_put_string(json, "client_ports",
                    protocol_has_ports(flow->protocol) ? portset_format(scratch, flow->client_ports) : "");
    reasons_put(json, scratch, "via", &flow->via);
    if (!brief)
        reasons_put(json, scratch, "because", &flow->because);
}

static const char *to_of(const struct segment_set *set, const struct flow *flow)
{
    return flow->to == SEGMENT_INTERNET ? "internet" : set->segments.items[flow->to].id;
}

static void put_flows(struct json_writer *json, struct arena *scratch, const struct segment_set *set, const char *key,
                      const flow_list *flows, bool brief)
{
    json_open(json, key, '[');
    for (size_t i = 0; i < flows->count; i++) {
        arena_reset(scratch);
        json_open(json, NULL, '{');
        json_put_string(json, "from", set->segments.items[flows->items[i].from].id);
        json_put_string(json, "to", to_of(set, &flows->items[i]));
        put_flow(json, scratch, set, &flows->items[i], brief);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void put_findings(struct json_writer *json, struct arena *scratch, const struct segment_finding *findings,
                         size_t count, bool brief)
{
    json_open(json, "findings", '[');
    for (size_t i = 0; i < count; i++) {
        json_open(json, NULL, '{');
        json_put_string(json, "rule", findings[i].rule);
        json_put_string(json, "reason", findings[i].reason);
        json_put_string(json, "from", findings[i].from);
        json_put_string(json, "to", findings[i].to);
        put_flow(json, scratch, NULL, &findings[i].flow, brief);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void write_json(const struct segment_set *set, const struct segment_finding *findings, size_t finding_count,
                       bool brief, struct text *out)
{
    struct json_writer json = json_writer_to(out);
    struct arena *scratch = arena_new();
    json_open(&json, NULL, '{');
    json_put_string(&json, "schema", "sgproof/segments/v1");
    json_put_boolean(&json, "complete", segment_set_complete(set));
    json_put_string(&json, "by", set->by);
    json_open_line(&json, "named_protocols", '[');
    for (size_t i = 0; i < set->named_protocols.count; i++)
        json_put_integer(&json, NULL, set->named_protocols.items[i]);
    json_close(&json, ']');
    put_segments(&json, scratch, set);
    put_flows(&json, scratch, set, "flows", &set->inside, brief);
    put_flows(&json, scratch, set, "outbound", &set->outbound, brief);
    put_findings(&json, scratch, findings, finding_count, brief);
    exposure_put_missing(&json, &set->missing);
    exposure_put_unread(&json, set->estate, false);
    json_put_strings(&json, "assumptions", set->assumptions.items, set->assumptions.count);
    json_put_strings(&json, "not_covered", set->not_covered.items, set->not_covered.count);
    json_open(&json, "left_out", '[');
    for (size_t i = 0; i < set->left_out.count; i++) {
        json_open_line(&json, NULL, '{');
        json_put_string(&json, "what", set->left_out.items[i].what);
        json_put_integer(&json, "interfaces", (int64_t)set->left_out.items[i].count);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_close(&json, '}');
    json_end_document(&json);
    arena_free(scratch);
}

void segments_write_json(const struct segment_set *set, const struct segment_finding *findings, size_t finding_count,
                         struct text *out)
{
    write_json(set, findings, finding_count, false, out);
}

void segments_write_json_brief(const struct segment_set *set, const struct segment_finding *findings,
                               size_t finding_count, struct text *out)
{
    write_json(set, findings, finding_count, true, out);
}
