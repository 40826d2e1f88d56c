// Through which VPC origins of CloudFront their documents say that packets go.
#include "model/protocol.h"
#include "rules/reach/claim.h"
#include "rules/reach/told_bridge_parts.h"

static struct targets targets_in(struct teller *teller, const struct vpc_origin *origin, const char *vpc_id)
{
    struct targets all = {0}, here = {0};
    if (origin->target != NULL)
        all = told_targets_of(teller, origin->target, NULL);
    here.unsure = all.unsure;
    for (size_t i = 0; i < all.items.count; i++)
        if (strcmp(all.items.items[i]->place->vpc_id, vpc_id) == 0)
            *vector_add(teller->arena, &here.items) = all.items.items[i];
    return here;
}

static void add_origin(struct teller *teller, const struct vpc_origin *origin, const struct network_interface *own,
                       const struct targets *targets, struct portset ports, const char *unsure, const char *settle)
{
    for (size_t i = 0; i < targets->items.count && !portset_is_empty(ports); i++)
        *vector_add(teller->arena, &teller->told->items) = (struct told_bridge){
            .service = "CloudFront VPC origin",
            .what = arena_printf(teller->arena, "origin %s%s%s, %s/TCP", origin->id,
                                 origin->distribution == NULL ? "" : " of distribution ",
                                 origin->distribution == NULL ? "" : origin->distribution,
                                 portset_format(teller->arena, ports)),
            .id = own->id,
            .interface = own,
            .target = targets->items.items[i],
            .ports = ports,
            .protocol = PROTOCOL_TCP,
            .takes_ipv6 = true,
            .asks_ipv6 = origin->asks_ipv6,
            .ipv4_only = origin->ipv4_only == NULL
                             ? NULL
                             : arena_printf(teller->arena,
                                            "distribution %s takes no viewers over IPv6; whether one of "
                                            "another account does is not told",
                                            origin->ipv4_only),
            .unsure = unsure,
            .settle = settle,
        };
}

static void tell_origin(struct teller *teller, const struct vpc_origin *origin, const struct network_interface *own)
{
    struct targets targets = targets_in(teller, origin, own->place->vpc_id);
    const char *unsure = origin->unsure != NULL ? origin->unsure : targets.unsure;
    const char *settle =
        origin->unsure != NULL || targets.unsure == NULL
            ? settle_by_call(teller->arena, KIND_VPC_ORIGINS, origin->id)
            : settle_by_call(teller->arena, KIND_NETWORK_INTERFACES, text_behind_slash(origin->target));
    if (unsure == NULL && origin->distribution == NULL) {
        unsure = origin->not_all != NULL ? origin->not_all
                                         : "no distribution of the snapshot is known to send every viewer there";
        settle = told_is_broken(teller->estate, KIND_DISTRIBUTIONS) || !estate_has(teller->estate, KIND_DISTRIBUTIONS)
                     ? settle_by_call(teller->arena, KIND_DISTRIBUTIONS, NULL)
                     : settle_by_probe;
    }
    struct portset plain = origin->takes_plain == NULL ? origin->plain_ports : portset_empty;
    struct portset others = portset_subtract(teller->arena, origin->ports, plain);
    const char *unplain =
        "no distribution of the snapshot is known to send viewers over plain HTTP there; whether one of "
        "another account does is not told";
    add_origin(teller, origin, own, &targets, others, unsure, settle);
    add_origin(teller, origin, own, &targets, plain, unsure != NULL ? unsure : unplain,
               unsure != NULL ? settle : settle_by_probe);
}

void told_origins_of(struct teller *teller, const struct network_interface *own)
{
    map_slots all = map_sorted(teller->arena, &teller->estate->vpc_origins);
    bool any = false, told = all.count > 0 && !told_is_broken(teller->estate, KIND_VPC_ORIGINS), ours = true;
    for (size_t i = 0; i < all.count; i++) {
        const struct vpc_origin *one = all.items[i]->value;
        if (one->target == NULL || targets_in(teller, one, own->place->vpc_id).items.count > 0) {
            any = any || one->target != NULL;
            told = told && one->told && one->doubt == NULL && one->target != NULL;
            ours = ours && (one->account == NULL || strcmp(one->account, own->place->account_id) == 0);
        }
    }
    bool doubtful = told_in_doubt(teller->estate, own);
    if (told && !doubtful && (!any || !ours))
        map_put(teller->arena, &teller->told->unexplained, own->id, teller);
    if (!any || !told || !ours || doubtful)
        return;
    map_put(teller->arena, &teller->told->decided, own->id, teller);
    for (size_t i = 0; i < all.count; i++)
        tell_origin(teller, all.items[i]->value, own);
}

static void note_origin_target(struct teller *teller, const struct vpc_origin *origin)
{
    struct arena *arena = teller->arena;
    const char *region = told_arn_field(arena, origin->target, 3), *account = told_arn_field(arena, origin->target, 4);
    const struct instance *instance = map_get(&teller->estate->instances, text_behind_slash(origin->target));
    if ((instance != NULL && instance_is_gone(instance)) || !origin->told)
        return;
    if (region != NULL && told_covers(teller->estate, account, region))
        lack_add(arena, &teller->told->missing,
                 &(struct lack){.kind = kind_name(KIND_NETWORK_INTERFACES),
                                .account = account,
                                .region = region,
                                .id = origin->target,
                                .text = arena_printf(arena, "missing: the interface of %s, target of VPC origin %s",
                                                     origin->target, origin->id)});
    else
        text_list_add(arena, &teller->told->not_covered,
                      arena_printf(arena, "%s, target of VPC origin %s, is no interface of this snapshot",
                                   origin->target, origin->id));
}

void told_origin_note(struct teller *teller, const struct vpc_origin *origin,
                      bool (*is_origin)(const void *context, const struct network_interface *interface),
                      const void *context)
{
    struct arena *arena = teller->arena;
    struct targets targets = {0};
    if (origin->target == NULL)
        return;
    targets = told_targets_of(teller, origin->target, NULL);
    if (targets.items.count == 0) {
        note_origin_target(teller, origin);
        return;
    }
    const struct interface_place *place = targets.items.items[0]->place;
    bool shown = false;
    for (size_t i = 0; i < teller->estate->interfaces.count && !shown; i++)
        shown = is_origin(context, teller->estate->interfaces.items[i]) &&
                text_same(teller->estate->interfaces.items[i]->place->vpc_id, place->vpc_id);
    if (!shown)
        lack_add(arena, &teller->told->missing,
                 &(struct lack){
                     .kind = kind_name(KIND_NETWORK_INTERFACES),
                     .account = place->account_id,
                     .region = place->region,
                     .id = origin->id,
                     .text = arena_printf(arena, "missing: the interface of CloudFront VPC origin %s", origin->id)});
}
