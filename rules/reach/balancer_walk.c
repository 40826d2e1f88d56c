#include "rules/reach/balancer_walk.h"

#include "rules/reach/listener_ways.h"
#include "rules/reach/load_balancer.h"
#include "rules/reach/web_acl.h"

// How many load balancers one behind the other are followed.
enum { DEEPEST = 64 };

// "verify": the load balancer itself asks for a client certificate, and refuses who has none that it trusts.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/mutual-authentication.html
static const struct reason *asks_certificates(struct walker *walker, const struct load_balancer *balancer,
                                              const struct listener *listener)
{
    struct arena *kept = walker->set->arena;
    if (listener == NULL || (!listener->asks_certificates && listener->certificate_mode == NULL))
        return NULL;
    if (!listener->asks_certificates)
        return reason_doubt(kept, REASON_BALANCER, balancer->name, settle_by_call(kept, KIND_LISTENERS, balancer->name),
                            arena_printf(kept,
                                         "whether %s %s asks its clients for certificates is not known: its "
                                         "MutualAuthentication is %s",
                                         balancer->name, listener_text(walker->arena, listener),
                                         listener->certificate_mode));
    return reason_doubt(kept, REASON_BALANCER, balancer->name, settle_by_probe,
                        arena_printf(kept, "%s %s asks its clients for certificates", balancer->name,
                                     listener_text(walker->arena, listener)));
}

void walk_asks(struct walker *walker, struct hop_in *in)
{
    const struct reason *asks[] = {asks_certificates(walker, in->front->balancer, in->listener),
                                   web_acl_doubt(walker->set, walker->estate, in->front->balancer)};
    for (int i = 0; i < 2; i++) {
        in->doubtful = in->doubtful || asks[i] != NULL;
        if (asks[i] != NULL)
            reason_add(walker->arena, &in->doubts, asks[i]);
    }
}

void walk_path(struct walker *walker, reason_list *path, const struct load_balancer *balancer,
               const struct listener *listener)
{
    struct arena *kept = walker->set->arena;
    const char *text = listener_text(walker->arena, listener);
    reason_add(walker->arena, path,
               reason_says(kept, REASON_BALANCER, arena_printf(kept, "%s:%s", balancer->name, text),
                           arena_printf(kept, "load balancer %s %s", balancer->name, text)));
}

// ---- On behind the load balancers at whose nodes targets lie

// Whether somebody arrives at an inner listener who did not before: so that load balancers which stand behind each
// other in a circle are walked no more often than that tells something new.
static bool brings_more(struct walker *walker, const struct inner *inner, const struct listener *listener,
                        const struct requests *asked, const struct rewriting *rewriting)
{
    struct arena *arena = walker->arena;
    size_t count = inner->front->nodes.count;
    int written = rewriting == NULL ? 0
                                    : 1 + (rewriting->host ? 2 : 0) + (rewriting->keeps_forwarded_for ? 4 : 0) +
                                          (rewriting->http1 ? 8 : 0);
    const char *key = arena_printf(arena, "%p|%p|%p|%d", (const void *)inner->front, (const void *)listener,
                                   (const void *)asked, written);
    struct arrival *known = map_get(&walker->walked, key);
    bool more = known == NULL;
    if (known == NULL) {
        known = arena_array(arena, struct arrival, count);
        map_put(arena, &walker->walked, key, known);
    }
    for (size_t n = 0; n < count; n++) {
        more = more || !arrival_holds(arena, &known[n], &inner->at_node[n]);
        known[n] = arrival_union(arena, &known[n], &inner->at_node[n]);
    }
    return more;
}

// Load balancers in a circle would limit it ever more: after so many it is not known.
enum { MOST_LIMITED = 256 };

static const struct requests *asked_inside(struct walker *walker, const struct hop_in *in)
{
    walker->unfollowed.unknown = "what is asked for behind so many load balancers is not evaluated";
    if (in->asked == NULL || in->asked->unknown != NULL)
        return in->asked;
    return ++walker->limited > MOST_LIMITED ? &walker->unfollowed : in->asked;
}

static void walk_inner_listener(struct walker *walker, const struct hop_in *in, const struct inner *inner,
                                const struct listener *listener)
{
    struct arena *arena = walker->arena, *kept = walker->set->arena;
    const struct load_balancer *balancer = inner->front->balancer;
    enum listens takes = listener == NULL ? LISTENS_PERHAPS : listener_takes(listener, in->protocol);
    const struct requests *asked = asked_inside(walker, in);
    const struct rewriting *rewriting =
        rewriting_behind(arena, in->rewriting, in->front->balancer, in->listener, in->group);
    if (takes == LISTENS_NOT || !brings_more(walker, inner, listener, asked, rewriting))
        return;
    if (walker->depth >= DEEPEST) {
        walk_lacks(
            walker, KIND_TARGET_HEALTH, balancer->arn,
            arena_printf(kept, "missing: what is behind load balancer %s, behind %d others", balancer->name, DEEPEST));
        return;
    }
    struct hop_in next = {.front = inner->front,
                          .listener = listener,
                          .protocol = in->protocol,
                          .family = in->family,
                          .at_node = inner->at_node,
                          .asked = asked,
                          .rewriting = rewriting,
                          .doubtful = in->doubtful || takes == LISTENS_PERHAPS || balancer->doubt != NULL ||
                                      balancer->unsure != NULL};
    reason_add_all(arena, &next.because, &inner->because);
    reason_add_all(arena, &next.doubts, &inner->doubts);
    if (listener != NULL)
        reason_add(arena, &next.because, listener_reason(kept, balancer, listener));
    else
        reason_add(arena, &next.doubts, listeners_missing(kept, balancer));
    if (listener != NULL && takes == LISTENS_PERHAPS)
        reason_add(arena, &next.doubts, load_balancer_ports(kept, balancer, in->protocol).doubt);
    if (balancer->doubt != NULL)
        reason_add(arena, &next.doubts, load_balancer_doubt(kept, walker->estate, balancer));
    walk_asks(walker, &next);
    if (balancer->unsure != NULL)
        reason_add(arena, &next.doubts, load_balancer_unsure(kept, balancer));
    reason_add_all(arena, &next.path, &in->path);
    reason_add(
        arena, &next.path,
        reason_says(kept, REASON_BALANCER, in->group->name, arena_printf(kept, "target group %s", in->group->name)));
    walk_path(walker, &next.path, balancer, listener);
    walker->depth++;
    if (balancer->type == LOAD_BALANCER_CLASSIC)
        targets_of_classic(walker, &next);
    else
        walk_listener(walker, &next);
    walker->depth--;
}

static void walk_inner(struct walker *walker, const struct hop_in *in, const struct inner *inner)
{
    const struct load_balancer *balancer = inner->front->balancer;
    for (size_t i = 0; i < balancer->listeners.count; i++)
        if (balancer->listeners.items[i].port == inner->port)
            walk_inner_listener(walker, in, inner, &balancer->listeners.items[i]);
    if (balancer->listeners_known || balancer->type == LOAD_BALANCER_GATEWAY)
        return;
    walk_lacks(walker, KIND_LISTENERS, balancer->arn,
               arena_printf(walker->set->arena, "missing: listeners of load balancer %s", balancer->name));
    walk_inner_listener(walker, in, inner, NULL);
}

// ---- Target groups

// Lambda functions have no interface that a load balancer reaches.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
static void name_functions(struct walker *walker, const struct target_group *group)
{
    struct arena *kept = walker->set->arena;
    for (size_t t = 0; t < group->targets.count; t++)
        text_list_add(
            kept, &walker->set->not_covered,
            arena_printf(kept, "%s, target of target group %s", group->targets.items[t].id, target_group_name(group)));
    if (group->targets.count == 0)
        text_list_add(kept, &walker->set->not_covered,
                      arena_printf(kept, "the Lambda function behind target group %s", target_group_name(group)));
}

static void follow_kind(struct walker *walker, const struct hop_in *way, const struct target_group *group)
{
    static const char *const types[] = {"instance", "ip", "alb", "lambda", NULL};
    if (group->type != NULL && strcmp(group->type, "lambda") == 0) {
        name_functions(walker, group);
        return;
    }
    if (group->type == NULL || group->name == NULL || !group->targets_known || !text_among(group->type, types)) {
        walk_lacks(walker, KIND_TARGET_HEALTH, group->arn,
                   arena_printf(walker->set->arena, "missing: targets of target group %s", target_group_name(group)));
        return;
    }
    struct hop_in in = *way; // what is doubtful of one group is not of the next
    in.group = group;
    in.doubts = (reason_list){0};
    reason_add_all(walker->arena, &in.doubts, &way->doubts);
    if (group->doubt != NULL) {
        reason_add(walker->arena, &in.doubts,
                   reason_doubt(walker->set->arena, REASON_BALANCER, target_group_name(group),
                                settle_doubt(walker->set->arena, walker->estate, group->doubt, KIND_TARGET_GROUPS,
                                             target_group_name(group)),
                                group->doubt));
        in.doubtful = true;
    }
    inner_list inners = {0};
    for (size_t t = 0; t < group->targets.count; t++)
        target_follow(walker, &in, &group->targets.items[t], &inners);
    for (size_t i = 0; i < inners.count; i++)
        walk_inner(walker, &in, &inners.items[i]);
}

// Where its records differ, it may be what any of them says.
static void follow_group(struct walker *walker, const struct hop_in *way, const struct target_group *group)
{
    follow_kind(walker, way, group);
    for (const struct target_group *other = group->other; other != NULL; other = other->other) {
        struct target_group *either = arena_new_of(walker->arena, struct target_group);
        *either = *group;
        either->type = other->type;
        either->protocol = other->protocol;
        either->port = other->port;
        either->vpc_id = other->vpc_id;
        either->family_told = other->family_told;
        either->is_ipv6 = other->is_ipv6;
        follow_kind(walker, way, either);
    }
}

// ---- Listeners

// Who of those at a node is sent this way.
static struct arrival sent(struct arena *arena, const struct arrival *at, enum family family, const struct way *way)
{
    struct arrival sent = {.own = clients_intersect(arena, at->own, way_sources(way, family)), .ports = at->ports};
    if (prefixset_is_empty(at->brought.may))
        return sent;
    struct clients sources = way_sources(way, at->seen_family);
    sent.brought = clients_brought_past(arena, at->brought, at->seen, sources);
    sent.seen = prefixset_intersect(arena, at->seen, sources.may);
    sent.seen_family = at->seen_family;
    return sent;
}

static void follow_way(struct walker *walker, const struct hop_in *in, const struct way *way)
{
    struct arena *arena = walker->arena;
    const struct target_group *group = map_get(&walker->estate->target_groups, way->group);
    struct target_group lacking = {.arn = way->group};
    group = group != NULL ? group : &lacking;
    if (prefixset_is_empty(way->sources[0].may) && prefixset_is_empty(way->sources[1].may)) {
        walk_note(walker, arena_printf(walker->set->arena,
                                       way->weightless ? "target group %s has weight 0 at %s %s: not reached"
                                       : way->grpc ? "target group %s takes gRPC, by POST alone, which its rules at "
                                                     "%s %s or those before leave none of: not reached"
                                       : way->excluded
                                           ? "the conditions of the rules for target group %s at %s %s exclude those "
                                             "of the load balancer before it: not reached"
                                           : "rules before those for target group %s at %s %s take all that comes: "
                                             "not reached",
                                       target_group_name(group), in->front->balancer->name,
                                       listener_text(arena, in->listener)));
        return;
    }
    struct hop_in own = *in;
    own.at_node = arena_array(arena, struct arrival, in->front->nodes.count + 1);
    bool any = false;
    for (size_t n = 0; n < in->front->nodes.count; n++) {
        own.at_node[n] = sent(arena, &in->at_node[n], in->family, way);
        if (in->edge != NULL && way->conditional)
            own.at_node[n].brought.must = prefixset_empty;
        any = any || !arrival_is_empty(&own.at_node[n]);
    }
    own.doubts = (reason_list){0};
    reason_add_all(arena, &own.doubts, &in->doubts);
    reason_add_all(arena, &own.doubts, &way->doubts);
    own.asked = way->asked;
    if (in->edge != NULL) {
        struct requests *unknown = arena_new_of(arena, struct requests);
        unknown->unknown = in->edge;
        own.asked = unknown;
        own.edge = NULL;
    }
    if (in->edge != NULL && way->conditional)
        reason_add(
            arena, &own.doubts,
            reason_doubt(walker->set->arena, REASON_BALANCER, in->front->balancer->name, settle_by_probe, in->edge));
    if (any)
        follow_group(walker, &own, group);
}

// Network ones that are not dualstack have default actions alone. Where that is not told, their nodes' addresses show
// it. https://docs.aws.amazon.com/elasticloadbalancing/latest/network/create-rule.html
static bool may_have_rules(const struct front *front)
{
    const struct load_balancer *balancer = front->balancer;
    bool has_ipv6 = balancer->has_ipv6;
    for (size_t n = 0; n < front->nodes.count && !balancer->family_told; n++)
        for (size_t a = 0; a < front->nodes.items[n]->address_count; a++)
            has_ipv6 = has_ipv6 || front->nodes.items[n]->addresses[a].address.family == FAMILY_IPV6;
    return balancer->type == LOAD_BALANCER_APPLICATION || balancer->type_unsure ||
           (balancer->type == LOAD_BALANCER_NETWORK && has_ipv6);
}

void walk_listener(struct walker *walker, const struct hop_in *in)
{
    struct ways ways =
        listener_ways(&walker->hopper, in->front->balancer, in->listener, in->front->nodes.items[0]->place,
                      may_have_rules(in->front), in->asked, in->rewriting);
    for (size_t i = 0; i < ways.items.count; i++)
        follow_way(walker, in, &ways.items.items[i]);
}
