// Security groups of another VPC than the interface's that has them: AWS lets a group be associated with further VPCs
// of its region. https://docs.aws.amazon.com/vpc/latest/userguide/security-group-assoc.html
#include <string.h>

#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

static const char *key_of(struct arena *arena, const char *group, const char *vpc)
{
    return arena_printf(arena, "%s|%s", group, vpc);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupVpcAssociation.html
bool read_group_association(struct reader *reader, const struct json_cursor *at, void *into)
{
    const char *group, *vpc, *state = NULL;
    (void)into;
    GUARD(text_of(reader, at, "GroupId", &group));
    GUARD(text_of(reader, at, "VpcId", &vpc));
    lenient_text(reader, at, "State", &state);
    const char *key = key_of(reader->arena, group, vpc);
    const char *old = map_get(&reader->documents->group_associations, key);
    // Of two answers that differ it may be in either state.
    state = state == NULL ? "of no state that is told" : state;
    if (old != NULL && strcmp(old, state) != 0)
        state = "of two states";
    map_put(reader->arena, &reader->documents->group_associations, key, (void *)(uintptr_t)state);
    return true;
}

static void doubt_group(struct reader *reader, struct network_interface *one, const struct security_group *group)
{
    struct estate *estate = reader->estate;
    const char *vpc = one->place->vpc_id, *account = group->account_id;
    const char *state = map_get(&reader->documents->group_associations, key_of(reader->scratch, group->id, vpc));
    account = account == NULL ? one->place->account_id : account;
    enum completeness_state told =
        estate_completeness(estate, KIND_SECURITY_GROUP_VPC_ASSOCIATIONS, account, one->place->region);
    if (text_same(state, "associated"))
        return;
    reader->name = reader->documents->names[one->record >> RECORD_OFFSET_BITS];
    reader->doubt = &one->doubt;
    reader->listing = NULL;
    static const char assumed[] = "SecurityGroupVpcAssociations absent: security groups of another VPC are taken as "
                                  "associated with that of the interfaces that have them";
    if (state == NULL && told == COMPLETENESS_ABSENT) {
        if (!text_list_holds(&estate->assumptions, assumed))
            text_list_add(reader->arena, &estate->assumptions, assumed);
        return;
    }
    if (state == NULL)
        doubt_document(reader, "", "%s has %s of %s, of whose association with %s nothing is told", one->id, group->id,
                       group->vpc_id, vpc);
    else if (one->doubt == NULL)
        one->doubt = arena_printf(reader->arena, "the association of %s with %s is %s", group->id, vpc, state);
    else
        return;
    map_put(reader->arena, &estate->doubts_by_call, one->doubt,
            (void *)(uintptr_t) "ec2 describe-security-group-vpc-associations");
}

// The VPC of all groups of a set that are told of; NULL where there are several, or none.
static const char *vpc_of(const struct estate *estate, const struct group_set *set)
{
    const char *vpc = NULL;
    for (size_t g = 0; g < set->count; g++) {
        const struct security_group *group = map_get(&estate->security_groups, set->ids[g]);
        if (group == NULL || group->vpc_id == NULL)
            continue;
        if (vpc != NULL && strcmp(vpc, group->vpc_id) != 0)
            return NULL;
        vpc = group->vpc_id;
    }
    return vpc;
}

void settle_group_associations(struct reader *reader)
{
    struct estate *estate = reader->estate;
    struct map vpcs = {0}; // key of a set -> the VPC of all its groups: interfaces share sets
    const struct group_set *last = NULL;
    const char *all_of = NULL;
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        struct network_interface *one = estate->interfaces.items[i];
        if (one->groups == NULL || strcmp(one->place->vpc_id, VPC_UNKNOWN) == 0)
            continue;
        if (one->groups != last) {
            last = one->groups;
            all_of = map_get(&vpcs, last->key);
            if (all_of == NULL) {
                all_of = vpc_of(estate, last);
                map_put(reader->scratch, &vpcs, last->key, (void *)(uintptr_t)(all_of == NULL ? "" : all_of));
            }
        }
        if (text_same(all_of, one->place->vpc_id))
            continue;
        for (size_t g = 0; g < one->groups->count; g++) {
            const struct security_group *group = map_get(&estate->security_groups, one->groups->ids[g]);
            if (group != NULL && group->vpc_id != NULL && strcmp(group->vpc_id, one->place->vpc_id) != 0)
                doubt_group(reader, one, group);
        }
    }
}
