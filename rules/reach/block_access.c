#include "rules/reach/block_access.h"

// What VPC Block Public Access does to a place, before exclusions.
struct block {
    enum block_mode mode;
    const char *where;         // whose word it is: a subnet's, a VPC's, a region's
    const char *no_exclusions; // why exclusions may not count, or NULL
    bool of_subnet;
    bool of_vpc;
    const struct block_options *beside; // what its region's options say, where subnet or VPC says the mode; or NULL
    struct lack_list *missing;
};

static const struct block_options *options_of(struct arena *arena, const struct estate *estate,
                                              const struct vpc_home *home)
{
    const char *keys[] = {arena_printf(arena, "%s|%s", home->owner, home->region),
                          arena_printf(arena, "|%s", home->region), arena_printf(arena, "%s|", home->owner), "|"};
    const struct block_options *options = NULL;
    for (size_t i = 0; options == NULL && i < sizeof(keys) / sizeof(keys[0]); i++)
        options = map_get(&estate->block_options, keys[i]);
    return options;
}

// What the subnet says of itself decides before what its VPC says, and that before the region's options: each takes
// into account what the next one does not know of (semantics.md, 2). `untold` is filled where nothing tells.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_BlockPublicAccessStates.html
static struct block block_of(struct arena *arena, const struct estate *estate, const struct interface_place *place,
                             const struct lack **untold, struct lack_list *missing)
{
    struct vpc_home home = estate_home(estate, place);
    const struct subnet *subnet = map_get(&estate->subnets, place->subnet_id);
    const struct vpc *vpc = map_get(&estate->vpcs, place->vpc_id);
    const struct block_options *options = options_of(arena, estate, &home);
    struct block block = {.beside = options, .missing = missing, .where = home.region};
    if (subnet != NULL && subnet->says_block) {
        block.mode = subnet->block, block.where = subnet->id, block.of_subnet = true;
        return block;
    }
    if (vpc != NULL && vpc->says_block && home.doubt == NULL) {
        block.mode = vpc->block, block.where = vpc->id, block.of_vpc = true;
        return block;
    }
    block.beside = NULL;
    if (options != NULL) {
        block.mode = options->mode, block.no_exclusions = options->no_exclusions;
        return block;
    }
    // A snapshot that tells of some accounts and regions knows nothing of the others; one of none has AWS's default.
    bool told = estate_has(estate, KIND_BLOCK_PUBLIC_ACCESS);
    if (told)
        *untold = estate_lack(estate, arena, KIND_BLOCK_PUBLIC_ACCESS, home.owner, home.region);
    block.mode = told ? BLOCK_UNKNOWN : BLOCK_OFF;
    return block;
}

static const struct reason *block_doubt(struct arena *arena, const char *id, const char *settle, const char *text)
{
    return reason_doubt(arena, REASON_BLOCK_PUBLIC_ACCESS, id, settle, text);
}

static const char *mode_word(enum block_mode mode)
{
    return mode == BLOCK_OFF ? "off" : mode == BLOCK_INGRESS ? "block-ingress" : "block-bidirectional";
}

// Two documents that cannot both be so: exit status 3.
static const struct reason *contradiction(struct arena *arena, const struct block *block, const struct vpc_home *home,
                                          enum kind kind, const char *id, const char *text)
{
    const struct lack lack = {kind_name(kind), home->owner, home->region, id, arena_printf(arena, "missing: %s", text)};
    lack_add(arena, block->missing, &lack);
    return reason_lack_of(arena, REASON_BLOCK_PUBLIC_ACCESS, id, settle_by_call(arena, kind, id), &lack);
}

// What a subnet or VPC says, and its region's options say otherwise.
static const struct reason *modes_differ(struct arena *arena, const struct block *block, const struct vpc_home *home)
{
    return contradiction(
        arena, block, home, block->of_subnet ? KIND_SUBNETS : KIND_VPCS, block->where,
        arena_printf(arena, "which mode of VPC Block Public Access holds in %s, which says %s: %s says %s",
                     block->where, mode_word(block->mode), home->region, mode_word(block->beside->mode)));
}

static bool is_elsewhere(const struct block_exclusion *exclusion, const struct vpc_home *home)
{
    return !place_may_be(home->owner, exclusion->account) || !place_may_be(home->region, exclusion->region);
}

static const struct reason *named_elsewhere(struct arena *arena, const struct block *block, const struct vpc_home *home,
                                            const char *holder)
{
    return contradiction(
        arena, block, home, KIND_BLOCK_PUBLIC_ACCESS_EXCLUSIONS, holder,
        arena_printf(arena,
                     "of which %s an exclusion from VPC Block Public Access is, whose ARN names another account "
                     "or region",
                     holder));
}

// "Block all traffic [...] (except for excluded VPCs and subnets)" is what subnet and VPC say too: whether the mode
// that they say counts their exclusions, no page tells.
static bool may_have_counted(const struct estate *estate, const struct interface_place *place,
                             const struct block *block)
{
    return block->of_subnet || (block->of_vpc && map_get(&estate->block_exclusion_of, place->subnet_id) == NULL);
}

enum let_off { LET_OFF_NOT, LET_OFF_MAYBE, LET_OFF };

// Whether exclusions let packets in to a place. Which of two that differ holds, a subnet's or its VPC's, no page tells.
// https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa-basics.html#security-vpc-bpa-exclusions
static enum let_off let_off(struct arena *arena, const struct estate *estate, const struct interface_place *place,
                            const struct block *block, const struct reason **unsure)
{
    struct vpc_home home = estate_home(estate, place);
    const char *holders[] = {place->subnet_id, place->vpc_id};
    bool in = false, out_only = false;
    for (int i = 0; i < 2; i++) {
        const struct block_exclusion *exclusion = map_get(&estate->block_exclusion_of, holders[i]);
        if (exclusion == NULL)
            continue;
        const char *doubt = exclusion->doubt;
        const struct reason *elsewhere = NULL;
        if (is_elsewhere(exclusion, &home))
            elsewhere = named_elsewhere(arena, block, &home, holders[i]);
        in = in || (exclusion->lets_in && doubt == NULL && elsewhere == NULL);
        out_only = out_only || !exclusion->lets_in || exclusion->differs;
        if (elsewhere != NULL)
            *unsure = elsewhere;
        else if (doubt != NULL)
            *unsure = block_doubt(arena, holders[i],
                                  settle_by_call(arena, KIND_BLOCK_PUBLIC_ACCESS_EXCLUSIONS, holders[i]), doubt);
    }
    if (in && !out_only)
        *unsure = NULL; // another one in transition takes nothing away
    if (in && out_only && *unsure == NULL)
        *unsure = block_doubt(arena, place->subnet_id, settle_by_probe,
                              arena_printf(arena, "the exclusions of %s and %s from VPC Block Public Access differ",
                                           place->subnet_id, place->vpc_id));
    if (in && block->no_exclusions != NULL)
        *unsure = block_doubt(arena, place->vpc_id, settle_by_probe, block->no_exclusions);
    else if (in && may_have_counted(estate, place, block))
        *unsure =
            block_doubt(arena, block->where, settle_by_probe,
                        arena_printf(arena, "%s is said to be blocked and to be excluded from VPC Block Public Access",
                                     block->where));
    return *unsure != NULL ? LET_OFF_MAYBE : in ? LET_OFF : LET_OFF_NOT;
}

static void doubt_mode(struct arena *arena, struct gate *gate, const struct block *block, const struct lack *untold,
                       struct lack_list *missing)
{
    if (untold != NULL) {
        lack_add(arena, missing, untold);
        gate_doubt(arena, gate, reason_lack(arena, REASON_BLOCK_PUBLIC_ACCESS, untold));
        return;
    }
    gate_doubt(arena, gate,
               block_doubt(arena, block->where,
                           settle_by_call(arena,
                                          block->of_subnet ? KIND_SUBNETS
                                          : block->of_vpc  ? KIND_VPCS
                                                           : KIND_BLOCK_PUBLIC_ACCESS,
                                          block->where),
                           arena_printf(arena, "the mode of VPC Block Public Access is not sure in %s", block->where)));
}

static enum let_off let_out(struct arena *arena, const struct estate *estate, const struct interface_place *place,
                            const struct block *block, const struct reason **unsure);

typedef enum let_off let_off_of(struct arena *arena, const struct estate *estate, const struct interface_place *place,
                                const struct block *block, const struct reason **unsure);

// What a mode that stops packets does, where exclusions are heeded as `lets` says.
static void apply_block(struct arena *arena, const struct estate *estate, const struct interface_place *place,
                        const struct block *block, let_off_of *lets, struct gate *gate, struct lack_list *missing)
{
    struct vpc_home home = estate_home(estate, place);
    const struct reason *unsure = NULL;
    if (lets(arena, estate, place, block, &unsure) == LET_OFF)
        return;
    // "Ingress-only mode is not supported in Local Zones" where there is no NAT gateway:
    // https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa-basics.html#security-vpc-bpa-limits
    bool local = map_get(&estate->local_zone_subnets, place->subnet_id) != NULL;
    if (unsure == NULL && local && block->mode == BLOCK_INGRESS)
        unsure = block_doubt(
            arena, place->subnet_id, settle_by_probe,
            arena_printf(arena, "whether block-ingress of VPC Block Public Access holds in the Local Zone of %s",
                         place->subnet_id));
    const struct subnet *subnet = map_get(&estate->subnets, place->subnet_id);
    const struct vpc_home *told = map_get(&estate->vpc_homes, place->vpc_id);
    bool vpc_unsure = told != NULL && told->doubt != NULL && !block->of_subnet;
    if (unsure == NULL && (subnet == NULL || subnet->doubt != NULL || vpc_unsure)) // either may say a mode of its own
        unsure = block_doubt(
            arena, place->subnet_id,
            settle_by_call(arena, vpc_unsure ? KIND_VPCS : KIND_SUBNETS, vpc_unsure ? place->vpc_id : place->subnet_id),
            "what VPC Block Public Access does to the subnet is not known");
    if (unsure != NULL) {
        gate_doubt(arena, gate, unsure);
        return;
    }
    const char *text =
        arena_printf(arena, "VPC Block Public Access is %s in %s",
                     block->mode == BLOCK_INGRESS ? "block-ingress" : "block-bidirectional", block->where);
    const struct lack *lack = estate_lack(estate, arena, KIND_BLOCK_PUBLIC_ACCESS_EXCLUSIONS, home.owner, home.region);
    if (lack != NULL && !block->of_subnet) { // one of them may let it in
        lack_add(arena, missing, lack);
        struct reason *blocks = arena_new_of(arena, struct reason);
        *blocks = *reason_lack(arena, REASON_BLOCK_PUBLIC_ACCESS, lack);
        blocks->id = block->where;
        blocks->text = arena_printf(arena, "%s; %s", text, lack->text);
        gate_doubt(arena, gate, blocks);
        return;
    }
    bool stops_less = block->beside != NULL &&
                      (block->beside->mode == BLOCK_OFF || (lets == let_out && block->beside->mode == BLOCK_INGRESS));
    if (stops_less) {
        gate_doubt(arena, gate, modes_differ(arena, block, &home));
        return;
    }
    gate->state = GATE_SHUT;
    gate->why = reason_stop(arena, REASON_BLOCK_PUBLIC_ACCESS, block->where, text);
}

// Subnet or VPC says that it is off where its region's options say that it is on: so it is by an exclusion that is
// told.
static void apply_off(struct arena *arena, const struct estate *estate, const struct interface_place *place,
                      const struct block *block, let_off_of *lets, struct gate *gate)
{
    struct vpc_home home = estate_home(estate, place);
    const struct reason *unsure = NULL;
    struct block of_region = {.mode = block->beside->mode,
                              .where = home.region,
                              .no_exclusions = block->beside->no_exclusions,
                              .missing = block->missing};
    enum let_off off = lets(arena, estate, place, &of_region, &unsure);
    if (off == LET_OFF)
        return;
    const struct lack *lack = estate_lack(estate, arena, KIND_BLOCK_PUBLIC_ACCESS_EXCLUSIONS, home.owner, home.region);
    if (unsure == NULL && lack != NULL) // by one that is not told
        return;
    gate_doubt(arena, gate, unsure != NULL ? unsure : modes_differ(arena, block, &home));
}

void block_access_inbound(struct arena *arena, const struct estate *estate, const struct interface_place *place,
                          struct gate *gate, struct lack_list *missing)
{
    const struct lack *untold = NULL;
    struct block block = block_of(arena, estate, place, &untold, missing);
    const struct block_exclusion *own = map_get(&estate->block_exclusion_of, place->subnet_id);
    if (block.mode == BLOCK_OFF && block.of_vpc && own != NULL && !own->lets_in) // excluded, but its subnet less so
        gate_doubt(
            arena, gate,
            block_doubt(arena, place->subnet_id, settle_by_probe,
                        arena_printf(arena,
                                     "VPC Block Public Access is off in %s, and an exclusion of %s lets nothing in",
                                     block.where, place->subnet_id)));
    else if (block.mode == BLOCK_OFF && block.beside != NULL && block.beside->mode != BLOCK_OFF &&
             block.beside->mode != BLOCK_UNKNOWN)
        apply_off(arena, estate, place, &block, let_off, gate);
    if (block.mode == BLOCK_OFF)
        return;
    if (block.mode == BLOCK_UNKNOWN)
        doubt_mode(arena, gate, &block, untold, missing);
    else
        apply_block(arena, estate, place, &block, let_off, gate, missing);
}

// Whether some exclusion of a place lifts what stops packets that leave: an allow-egress one does, and an
// allow-bidirectional one too.
static enum let_off let_out(struct arena *arena, const struct estate *estate, const struct interface_place *place,
                            const struct block *block, const struct reason **unsure)
{
    struct vpc_home home = estate_home(estate, place);
    const char *holders[] = {place->subnet_id, place->vpc_id};
    bool out = false;
    for (int i = 0; i < 2; i++) {
        const struct block_exclusion *exclusion = map_get(&estate->block_exclusion_of, holders[i]);
        if (exclusion == NULL)
            continue;
        const char *doubt = exclusion->differs ? NULL : exclusion->doubt; // that two modes differ is none: both let out
        const struct reason *elsewhere = NULL;
        if (is_elsewhere(exclusion, &home))
            elsewhere = named_elsewhere(arena, block, &home, holders[i]);
        if (elsewhere != NULL)
            *unsure = elsewhere;
        else if (doubt != NULL)
            *unsure = block_doubt(arena, holders[i],
                                  settle_by_call(arena, KIND_BLOCK_PUBLIC_ACCESS_EXCLUSIONS, holders[i]), doubt);
        out = out || (doubt == NULL && elsewhere == NULL);
    }
    if (out)
        *unsure = NULL; // another one in transition takes nothing away
    if (out && block->no_exclusions != NULL)
        *unsure = block_doubt(arena, place->vpc_id, settle_by_probe, block->no_exclusions);
    else if (out && may_have_counted(estate, place, block))
        *unsure =
            block_doubt(arena, block->where, settle_by_probe,
                        arena_printf(arena, "%s is said to be blocked and to be excluded from VPC Block Public Access",
                                     block->where));
    return *unsure != NULL ? LET_OFF_MAYBE : out ? LET_OFF : LET_OFF_NOT;
}

void block_access_outbound(struct arena *arena, const struct estate *estate, const struct interface_place *place,
                           struct gate *gate, struct lack_list *missing)
{
    const struct lack *untold = NULL;
    struct block block = block_of(arena, estate, place, &untold, missing);
    bool all = block.beside != NULL && block.beside->mode == BLOCK_BIDIRECTIONAL; // its region's options say
    if (all && (block.mode == BLOCK_OFF || block.mode == BLOCK_INGRESS))
        apply_off(arena, estate, place, &block, let_out, gate);
    if (block.mode == BLOCK_OFF || block.mode == BLOCK_INGRESS)
        return;
    if (block.mode == BLOCK_UNKNOWN)
        doubt_mode(arena, gate, &block, untold, missing);
    else
        apply_block(arena, estate, place, &block, let_out, gate, missing);
}
