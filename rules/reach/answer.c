#include "rules/reach/answer.h"

#include <stdlib.h>

#include "model/protocol.h"
#include "rules/reach/load_balancer.h"

typedef VECTOR(struct exposure) exposure_vector;

static void give_reasons(struct answers *answers, const struct question *question, const struct passage *passage,
                         struct group_rules *rules, const reason_list *group_doubts, struct exposure *exposure)
{
    struct arena *arena = answers->scratch;
    struct site *site = question->site;
    const struct site_family *of = site_family(site, question->family);
    int protocol = exposure->protocol_low;
    if (question->balancer != NULL)
        load_balancer_because(answers->arena, question->balancer, protocol, exposure->low, exposure->high,
                              &exposure->because);
    security_group_because(arena, rules, exposure, &exposure->because);
    network_acl_because(arena, &passage->in, portset_of(arena, exposure->low, exposure->high), exposure->sources,
                        &exposure->because);
    if (exposure->path == PATH_TWO_WAY) {
        for (size_t i = 0; i < of->replies.shares.count; i++) {
            const struct route_share *share = &of->replies.shares.items[i];
            if (share->reply == REPLY_NONE || !prefixset_overlap(share->sources, exposure->sources))
                continue;
            *vector_add(arena, &exposure->because) = share->reason;
            if (share->reply == REPLY_POSSIBLE)
                reason_add(arena, &exposure->via, share->doubt);
        }
        struct portset back = site_reply_numbers(arena, protocol, exposure->low, exposure->client_ports);
        network_acl_because(arena, &passage->out, back, exposure->sources, &exposure->because);
    }
    if (question->gate.gateway_id != NULL)
        *vector_add(arena, &exposure->because) = question->gate.why;
    if (exposure->certainty == CERTAINTY_EXACT) {
        exposure->via = (reason_list){0};
        return;
    }
    reason_add_all(arena, &exposure->via, &question->gate.doubts);
    reason_add_all(arena, &exposure->via, group_doubts);
    reason_add_all(arena, &exposure->via, &of->replies.doubts);
    if (site->acl == NULL)
        reason_add(arena, &exposure->via, site->acl_missing);
    if (site->table == NULL)
        reason_add(arena, &exposure->via, site->table_missing);
}

// Rectangles found so far of one protocol, kept apart by everything but ports and sources.
struct layer {
    enum exposure_path path;
    enum certainty certainty;
    struct portset client_ports;
    struct portmap map;
};

struct layers {
    VECTOR(struct layer) items;
};

static void add_layer(struct arena *arena, struct layers *layers, struct layer layer)
{
    if (layer.map.count == 0)
        return;
    for (size_t i = 0; i < layers->items.count; i++) {
        struct layer *old = &layers->items.items[i];
        if (old->path == layer.path && old->certainty == layer.certainty &&
            portset_equal(old->client_ports, layer.client_ports)) {
            old->map = portmap_union(arena, old->map, layer.map);
            return;
        }
    }
    *vector_add(arena, &layers->items) = layer;
}

// What the groups admit, met with what the site lets in and back.
static struct layers meet(struct arena *arena, const struct claim *groups, const struct passage *passage)
{
    struct layers layers = {0};
    for (size_t i = 0; i < passage->piece_count; i++) {
        const struct passage_piece *piece = &passage->pieces[i];
        enum exposure_path path = piece->reply == REPLY_NONE ? PATH_INBOUND_ONLY : PATH_TWO_WAY;
        enum certainty certainty = piece->reply == REPLY_POSSIBLE ? CERTAINTY_POSSIBLE : CERTAINTY_EXACT;
        struct portset ports = piece->reply == REPLY_NONE ? portset_empty : piece->client_ports;
        add_layer(arena, &layers,
                  (struct layer){path, certainty, ports, portmap_intersect(arena, groups->must, piece->map)});
        add_layer(arena, &layers,
                  (struct layer){path, CERTAINTY_POSSIBLE, ports, portmap_intersect(arena, groups->extra, piece->map)});
    }
    return layers;
}

static struct admitted *admitted_of(struct answers *answers, const struct question *question, int protocol)
{
    struct arena *arena = answers->scratch;
    for (size_t i = 0; i < answers->admitted.count; i++)
        if (answers->admitted.items[i].protocol == protocol)
            return &answers->admitted.items[i];
    struct admitted *fresh = vector_add(arena, &answers->admitted);
    fresh->protocol = protocol;
    fresh->rules = security_group_rules(arena, &answers->groups, question->interface, question->family, protocol);
    fresh->claim = security_group_admits(arena, &answers->groups, question->interface, question->family, &fresh->rules);
    return fresh;
}

// What the groups admit, on what the load balancer takes.
static struct claim on_listeners(struct answers *answers, const struct question *question, int protocol,
                                 const struct claim *groups)
{
    struct arena *arena = answers->scratch;
    struct balancer_ports ports = load_balancer_ports(answers->arena, question->balancer, protocol);
    struct claim claim = {0};
    reason_add_all(arena, &claim.doubts, &groups->doubts);
    if (ports.doubt != NULL)
        reason_add(arena, &claim.doubts, ports.doubt);
    claim.must = portmap_on_ports(arena, groups->must, ports.must);
    claim.extra =
        portmap_union(arena, portmap_on_ports(arena, groups->extra, portset_union(arena, ports.must, ports.may)),
                      portmap_on_ports(arena, groups->must, ports.may));
    return claim;
}

static void compute_protocol(struct answers *answers, const struct question *question, int protocol,
                             exposure_vector *exposures)
{
    struct arena *arena = answers->scratch;
    struct admitted *admitted = admitted_of(answers, question, protocol);
    struct claim groups = admitted->claim;
    if (question->balancer != NULL) {
        groups = on_listeners(answers, question, protocol, &groups);
    }
    if (question->site->acl == NULL || question->gate.state == GATE_POSSIBLE) {
        groups.extra = portmap_union(arena, groups.extra, groups.must);
        groups.must = portmap_empty;
    }
    if (groups.must.count == 0 && groups.extra.count == 0)
        return;
    const struct passage *passage = site_passage(question->site, question->family, protocol);
    struct prefixset internet = site_family(question->site, question->family)->internet;
    struct layers layers = meet(arena, &groups, passage);
    for (size_t l = 0; l < layers.items.count; l++) {
        const struct layer *layer = &layers.items.items[l];
        for (size_t s = 0; s < layer->map.count; s++) {
            const struct port_segment *segment = &layer->map.segments[s];
            struct exposure *exposure = vector_add(arena, exposures);
            *exposure = (struct exposure){.protocol_low = protocol,
                                          .protocol_high = protocol,
                                          .low = segment->low,
                                          .high = segment->high,
                                          .sources = segment->sources,
                                          .internet = prefixset_overlap(segment->sources, internet),
                                          .path = layer->path,
                                          .certainty = layer->certainty,
                                          .client_ports = layer->client_ports};
            give_reasons(answers, question, passage, &admitted->rules, &groups.doubts, exposure);
        }
    }
}

static int by_contract_order(const void *left, const void *right)
{
    const struct exposure *a = left, *b = right;
    int orders[] = {protocol_compare(a->protocol_low, b->protocol_low),
                    (int)a->low - (int)b->low,
                    (int)a->high - (int)b->high,
                    (int)a->path - (int)b->path,
                    (int)a->certainty - (int)b->certainty,
                    prefixset_compare(a->sources, b->sources)};
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
        if (orders[i] != 0)
            return orders[i];
    return 0;
}

// Marks protocols that a rule or entry names by number; the others all share one answer.
static void mark_named(struct answers *answers, const struct question *question, bool named[256])
{
    static const int always[] = {PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_ICMP, PROTOCOL_ICMPV6};
    const struct group_set *groups = question->interface->groups;
    const struct network_acl *acl = question->site->acl;
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
        named[always[i]] = true;
    for (size_t g = 0; groups != NULL && g < groups->count; g++) {
        const struct group_admissions *group =
            security_group_resolve(&answers->groups, groups->ids[g], question->family);
        for (size_t r = 0; r < group->count; r++)
            if (group->items[r].protocol >= 0)
                named[group->items[r].protocol] = true;
    }
    for (size_t e = 0; acl != NULL && e < acl->entries.count; e++)
        if (acl->entries.items[e].protocol >= 0)
            named[acl->entries.items[e].protocol] = true;
}

// The exposures of neighbouring protocols that agree in everything.
struct run {
    int low;
    int high;
    size_t first;
    size_t count;
};

static bool runs_agree(const exposure_vector *all, const struct run *a, const struct run *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count && a->first != b->first; i++)
        same = exposure_same_answer(&all->items[a->first + i], &all->items[b->first + i]);
    return same;
}

static void put_run(struct arena *arena, const exposure_vector *all, const struct run *run, exposure_vector *out)
{
    for (size_t i = 0; i < run->count; i++) {
        struct exposure *copy = vector_add(arena, out);
        *copy = all->items[run->first + i];
        copy->protocol_low = run->low;
        copy->protocol_high = run->high;
    }
}

static exposure_vector compute_all(struct answers *answers, const struct question *question)
{
    struct arena *arena = answers->scratch;
    exposure_vector all = {0}, out = {0};
    bool named[256] = {0}, rest_known = false;
    struct run rest = {0}, last = {.low = -1};
    answers->groups.place = question->interface->place;
    mark_named(answers, question, named);
    for (int protocol = 0; protocol < 256; protocol++) {
        if (protocol_has_ports(protocol) || protocol_is_icmp(protocol)) {
            compute_protocol(answers, question, protocol, &out);
            continue;
        }
        struct run next = {.low = protocol, .high = protocol, .first = all.count};
        if (named[protocol]) {
            compute_protocol(answers, question, protocol, &all);
            next.count = all.count - next.first;
        } else {
            if (!rest_known) {
                rest.first = all.count;
                compute_protocol(answers, question, PROTOCOL_UNNAMED, &all);
                rest.count = all.count - rest.first;
                rest_known = true;
            }
            next.first = rest.first;
            next.count = rest.count;
        }
        if (last.low >= 0 && last.high == protocol - 1 && runs_agree(&all, &last, &next)) {
            last.high = protocol;
        } else {
            if (last.low >= 0)
                put_run(arena, &all, &last, &out);
            last = next;
        }
    }
    put_run(arena, &all, &last, &out);
    if (out.count > 1)
        qsort(out.items, out.count, sizeof(struct exposure), by_contract_order);
    return out;
}

static reason_list kept_reasons(struct arena *arena, const reason_list *list)
{
    reason_list kept = {0};
    if (list->count > 0) {
        kept.items = memcpy(arena_array(arena, const struct reason *, list->count), list->items,
                            list->count * sizeof(*list->items));
        kept.count = kept.capacity = list->count;
    }
    return kept;
}

// Copies an answer out of scratch memory. Reasons and client ports live long already.
static void keep_exposures(struct answers *answers, const exposure_vector *exposures, struct exposure_list *list)
{
    struct arena *arena = answers->arena;
    list->count = exposures->count;
    list->items = arena_buffer(arena, struct exposure, exposures->count);
    for (size_t i = 0; i < exposures->count; i++) {
        const struct exposure *one = &exposures->items[i];
        list->items[i] = *one;
        list->items[i].sources = prefix_table_keep(&answers->sources, one->sources);
        list->items[i].via = kept_reasons(arena, &one->via);
        list->items[i].because = kept_reasons(arena, &one->because);
    }
}

static int by_groups(const void *left, const void *right)
{
    const struct question *a = left, *b = right;
    uint32_t x = a->interface->groups == NULL ? 0 : a->interface->groups->number + 1;
    uint32_t y = b->interface->groups == NULL ? 0 : b->interface->groups->number + 1;
    return x != y ? (x < y ? -1 : 1) : (int)a->family - (int)b->family;
}

// Questions about the same groups come one after the other, and share what those admit.
void answers_make(struct answers *answers)
{
    answers->scratch = arena_new();
    if (answers->questions.count > 1)
        qsort(answers->questions.items, answers->questions.count, sizeof(struct question), by_groups);
    const struct question *before = NULL;
    for (size_t i = 0; i < answers->questions.count; i++) {
        const struct question *question = &answers->questions.items[i];
        if (before == NULL || !security_group_is_shared(question->interface) ||
            before->interface->groups != question->interface->groups || before->family != question->family ||
            before->interface->groups_unsure || question->interface->groups_unsure) {
            memset(&answers->admitted, 0, sizeof(answers->admitted));
            arena_reset(answers->scratch);
        }
        exposure_vector exposures = compute_all(answers, question);
        keep_exposures(answers, &exposures, question->list);
        before = question;
    }
    arena_free(answers->scratch);
}
