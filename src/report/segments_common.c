#include "model/protocol.h"
#include "report/report.h"
#include "report/segments.h"

segments_writer *segments_format(const char *name)
{
    static const struct {
        const char *name;
        segments_writer *write;
    } formats[] = {
        {"text", segments_text}, {"json", segments_json},       {"csv", segments_csv}, {"markdown", segments_markdown},
        {"html", segments_html}, {"mermaid", segments_mermaid}, {"dot", segments_dot}};
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (strcmp(formats[i].name, name) == 0)
            return formats[i].write;
    return NULL;
}

void segments_json(const struct segments_report *report, struct text *out)
{
    segments_write_json(report->set, report->findings, report->finding_count, out);
}

// ---- Cells

// The services of some flows of one pair: ports by protocol.
struct services {
    struct arena *arena;
    VECTOR(struct service_ports) items;
};
struct service_ports {
    int protocol;
    struct portset ports;
};

static void add_service(struct services *services, const struct flow *flow)
{
    for (size_t i = 0; i < services->items.count; i++)
        if (services->items.items[i].protocol == flow->protocol) {
            services->items.items[i].ports =
                portset_union(services->arena, services->items.items[i].ports, flow->ports);
            return;
        }
    *vector_add(services->arena, &services->items) = (struct service_ports){flow->protocol, flow->ports};
}

static bool has_all(const struct services *services, int protocol)
{
    for (size_t i = 0; i < services->items.count; i++)
        if (services->items.items[i].protocol == protocol)
            return portset_equal(services->items.items[i].ports, portset_all);
    return false;
}

// "tcp 80,443; icmp echo"; NULL where there are none.
static const char *services_text(const struct services *services)
{
    struct arena *arena = services->arena;
    const char *text = NULL;
    bool every =
        has_all(services, PROTOCOL_TCP) && has_all(services, PROTOCOL_UDP) && has_all(services, PROTOCOL_UNNAMED);
    if (every)
        return "all traffic";
    for (int protocol = 0; protocol <= PROTOCOL_UNNAMED; protocol++)
        for (size_t i = 0; i < services->items.count; i++) {
            static const int first[] = {PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_ICMP};
            int wanted = protocol < 3 ? first[protocol] : protocol;
            const struct service_ports *one = &services->items.items[i];
            bool early =
                one->protocol == PROTOCOL_TCP || one->protocol == PROTOCOL_UDP || one->protocol == PROTOCOL_ICMP;
            if (one->protocol != wanted || (protocol >= 3 && early))
                continue;
            const struct flow flow = {.protocol = one->protocol, .ports = one->ports};
            const char *service = flow_service(arena, &flow);
            text = text == NULL ? service : arena_printf(arena, "%s; %s", text, service);
        }
    return text;
}

// What is sure is not said to be possible beside.
static void leave_sure(struct services *possible, const struct services *sure)
{
    size_t kept = 0;
    for (size_t i = 0; i < possible->items.count; i++) {
        struct service_ports one = possible->items.items[i];
        for (size_t s = 0; s < sure->items.count; s++)
            if (sure->items.items[s].protocol == one.protocol)
                one.ports = portset_subtract(possible->arena, one.ports, sure->items.items[s].ports);
        if (!portset_is_empty(one.ports))
            possible->items.items[kept++] = one;
    }
    possible->items.count = (uint32_t)kept;
}

static bool is_partial(const struct segment_set *set, const struct flow *flow)
{
    const struct segment *from = &set->segments.items[flow->from];
    if (!prefixset_equal(flow->sources, segment_addresses(from, flow->from_vpc, flow->family)))
        return true;
    if (flow->to == SEGMENT_INTERNET)
        return false;
    const struct segment *to = &set->segments.items[flow->to];
    return !prefixset_equal(flow->destinations, segment_addresses(to, flow->to_vpc, flow->family));
}

// Whether a finding tells of something in a flow: the segments that its own numbers stand for are those of its rule.
static bool is_told_by(struct arena *arena, const struct flow *flow, const struct flow *finding)
{
    return flow->protocol == finding->protocol && flow->family == finding->family &&
           text_same(flow->from_vpc, finding->from_vpc) && text_same(flow->to_vpc, finding->to_vpc) &&
           prefixset_overlap(flow->sources, finding->sources) &&
           prefixset_overlap(flow->destinations, finding->destinations) &&
           !portset_is_empty(portset_intersect(arena, flow->ports, finding->ports));
}

static const char *forbidden_by(struct arena *arena, const struct segments_report *report, const struct flow *flow)
{
    for (size_t i = 0; i < report->finding_count; i++)
        if (is_told_by(arena, flow, &report->findings[i].flow))
            return report->findings[i].rule;
    return NULL;
}

static void add_cells(struct arena *arena, const struct segments_report *report, const flow_list *flows,
                      struct segment_cell *cells, size_t *count)
{
    for (size_t i = 0; i < flows->count;) {
        const struct flow *first = &flows->items[i];
        struct services services[2] = {{.arena = arena}, {.arena = arena}};
        struct segment_cell cell = {.from = first->from, .to = first->to};
        for (; i < flows->count && flows->items[i].from == first->from && flows->items[i].to == first->to; i++) {
            const struct flow *flow = &flows->items[i];
            add_service(&services[flow->certainty == CERTAINTY_POSSIBLE], flow);
            cell.partial = cell.partial || is_partial(report->set, flow);
            if (cell.forbidden_by == NULL)
                cell.forbidden_by = forbidden_by(arena, report, flow);
        }
        leave_sure(&services[1], &services[0]);
        cell.exact = services_text(&services[0]);
        cell.possible = services_text(&services[1]);
        cells[(*count)++] = cell;
    }
}

const struct segment_cell *segment_cells(struct arena *arena, const struct segments_report *report, size_t *count)
{
    const struct segment_set *set = report->set;
    struct segment_cell *cells = arena_array(arena, struct segment_cell, set->inside.count + set->outbound.count + 1);
    *count = 0;
    add_cells(arena, report, &set->inside, cells, count);
    add_cells(arena, report, &set->outbound, cells, count);
    return cells;
}

const char *segment_cell_text(struct arena *arena, const struct segment_cell *cell)
{
    const char *mark = cell->partial ? " *" : "";
    if (cell->possible == NULL)
        return arena_printf(arena, "%s%s", cell->exact, mark);
    return cell->exact == NULL ? arena_printf(arena, "possibly %s%s", cell->possible, mark)
                               : arena_printf(arena, "%s; possibly %s%s", cell->exact, cell->possible, mark);
}

const char *segment_label(struct arena *arena, const struct segment_set *set, uint32_t number)
{
    const struct segment *segment = &set->segments.items[number];
    if (segment->name == NULL || segment->name[0] == '\0')
        return report_clean(arena, segment->id);
    const char *name = report_clean(arena, segment->name);
    return segment->shares_name ? arena_printf(arena, "%s (%s)", name, report_clean(arena, segment->id)) : name;
}

// ---- What leaves

static const char *seen_text(struct arena *arena, const struct flow *flow)
{
    const char *text = NULL;
    enum { MOST = 4 };
    for (size_t i = 0; i < flow->seen.count && i < MOST; i++) {
        char address[ADDRESS_TEXT];
        prefix_format(flow->seen.items[i].public_address, address);
        char *slash = strchr(address, '/');
        if (slash != NULL && (strcmp(slash, "/32") == 0 || strcmp(slash, "/128") == 0))
            *slash = '\0';
        text = text == NULL ? arena_strdup(arena, address) : arena_printf(arena, "%s, %s", text, address);
    }
    if (text == NULL && flow->family == FAMILY_IPV6)
        return "their own IPv6 addresses";
    return flow->seen.count > MOST ? arena_printf(arena, "%s and %u more", text, flow->seen.count - MOST) : text;
}

const char *segment_exits(struct arena *arena, const struct segment_set *set, uint32_t from)
{
    text_list exits = {0};
    const char *all = NULL;
    size_t low = 0, high = set->outbound.count; // ascending by `from`
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set->outbound.items[middle].from < from)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < set->outbound.count && set->outbound.items[low].from == from; low++) {
        const struct flow *flow = &set->outbound.items[low];
        const char *seen = seen_text(arena, flow);
        const char *by = flow->by != NULL ? report_clean(arena, flow->by) : "an unknown way";
        text_list_add(arena, &exits,
                      seen == NULL ? arena_printf(arena, "by %s", by)
                                   : arena_printf(arena, "by %s, seen as %s", by, seen));
    }
    for (size_t i = 0; i < exits.count; i++)
        all = all == NULL ? exits.items[i] : arena_printf(arena, "%s; %s", all, exits.items[i]);
    return all;
}

// ---- Findings

static const char *addresses_text(struct arena *arena, enum family family, struct prefixset set, bool outside)
{
    enum { MOST = 3 };
    return outside && prefixset_reads_as_internet(family, set) ? "the internet"
                                                               : prefixset_text(arena, family, set, MOST);
}

const char *segment_finding_text(struct arena *arena, const struct segment_finding *finding)
{
    const struct flow *flow = &finding->flow;
    bool outside = flow->to == SEGMENT_INTERNET;
    return arena_printf(arena, "%s %s reach %s %s %s, which rule %s forbids: %s to %s%s%s",
                        report_clean(arena, finding->from), flow->certainty == CERTAINTY_EXACT ? "can" : "may",
                        report_clean(arena, finding->to), outside ? "by" : "at", flow_service(arena, flow),
                        report_clean(arena, finding->rule), addresses_text(arena, flow->family, flow->sources, false),
                        addresses_text(arena, flow->family, flow->destinations, outside),
                        finding->reason == NULL ? "" : "; ",
                        finding->reason == NULL ? "" : report_clean(arena, finding->reason));
}
