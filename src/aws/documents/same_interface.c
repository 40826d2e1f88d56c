// Records that tell of one interface: its own, its instance's, and each of them more than once.
#include <stdlib.h>
#include <string.h>

#include "aws/documents/completeness.h"
#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

static int compare_texts(const char *a, const char *b)
{
    return a == b ? 0 : a == NULL ? -1 : b == NULL ? 1 : strcmp(a, b);
}

// The first of several by what they say, so that it is the first in any order of files.
static int by_content(const struct network_interface *a, const struct network_interface *b)
{
    const char *texts[][2] = {{a->type, b->type},
                              {a->load_balancer, b->load_balancer},
                              {a->instance_id, b->instance_id},
                              {a->place->vpc_id, b->place->vpc_id},
                              {a->place->subnet_id, b->place->subnet_id},
                              {a->place->account_id, b->place->account_id},
                              {a->place->region, b->place->region},
                              {a->description, b->description},
                              {a->requester_id, b->requester_id}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int order = compare_texts(texts[i][0], texts[i][1]);
        if (order != 0)
            return order;
    }
    long numbers[][2] = {{a->device_index, b->device_index},
                         {a->igw_traffic, b->igw_traffic},
                         {a->attached, b->attached},
                         {a->requester_managed, b->requester_managed},
                         {a->private_ipv4_count, b->private_ipv4_count},
                         {a->ipv4_prefix_count, b->ipv4_prefix_count},
                         {a->private_ipv4_count > 0 ? (long)a->private_ipv4[0] : 0,
                          b->private_ipv4_count > 0 ? (long)b->private_ipv4[0] : 0}};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (numbers[i][0] != numbers[i][1])
            return numbers[i][0] < numbers[i][1] ? -1 : 1;
    for (size_t i = 0; i < a->tag_count && i < b->tag_count; i++) {
        int order = strcmp(a->tags[i], b->tags[i]);
        if (order != 0)
            return order;
    }
    return (int)a->tag_count - (int)b->tag_count;
}

static int by_id(const void *left, const void *right)
{
    const struct network_interface *a = *(const struct network_interface *const *)left;
    const struct network_interface *b = *(const struct network_interface *const *)right;
    int order = strcmp(a->id, b->id);
    if (order != 0 || a->nested != b->nested)
        return order != 0 ? order : (int)a->nested - (int)b->nested;
    order = by_content(a, b);
    return order != 0 ? order : a->record < b->record ? -1 : a->record > b->record;
}

static bool has_address(const struct network_interface *interface, const struct interface_address *address)
{
    for (size_t i = 0; i < interface->address_count; i++)
        if (interface->addresses[i].address.family == address->address.family &&
            interface->addresses[i].address.first == address->address.first &&
            interface->addresses[i].address.length == address->address.length)
            return true;
    return false;
}

static bool has_private(const struct network_interface *interface, uint32_t address)
{
    for (size_t i = 0; i < interface->private_ipv4_count; i++)
        if (interface->private_ipv4[i] == address)
            return true;
    return false;
}

static bool has_prefix(const struct network_interface *interface, const struct prefix *prefix)
{
    for (size_t i = 0; i < interface->ipv4_prefix_count; i++)
        if (interface->ipv4_prefixes[i].first == prefix->first && interface->ipv4_prefixes[i].length == prefix->length)
            return true;
    return false;
}

static bool same_tags(const struct network_interface *a, const struct network_interface *b)
{
    bool same = a->tag_count == b->tag_count;
    for (size_t i = 0; same && i < a->tag_count; i++)
        same = text_same(a->tags[i], b->tags[i]);
    return same;
}

static bool same_maker(const struct network_interface *a, const struct network_interface *b)
{
    return a->requester_managed == b->requester_managed && a->is_database == b->is_database &&
           a->is_vpc_origin == b->is_vpc_origin && text_same(a->requester_id, b->requester_id);
}

// Tags are of who set them: those with whom a VPC is shared, and its owner, see each their own.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing-share-subnet-working-with.html
static bool tags_contradict(struct reader *reader, const struct network_interface *a, const struct network_interface *b)
{
    const char *const *names = reader->documents->names;
    if (same_tags(a, b))
        return false;
    return place_may_be(place_of_path(reader->scratch, names[a->record >> RECORD_OFFSET_BITS]).account,
                        place_of_path(reader->scratch, names[b->record >> RECORD_OFFSET_BITS]).account);
}

// Whether both tell of what type the interface is: that of an instance may leave it out.
static bool types_differ(const struct network_interface *a, const struct network_interface *b)
{
    return (a->nested == b->nested || (a->type_told && b->type_told)) && !text_same(a->type, b->type);
}

// Whether two records of one interface agree in what is decided by them; a nested one does not tell all.
static bool interfaces_agree(struct reader *reader, const struct network_interface *a,
                             const struct network_interface *b)
{
    bool alike = a->nested == b->nested;
    bool same = a->groups == b->groups && a->address_count == b->address_count && a->attached == b->attached &&
                a->place->vpc_id == b->place->vpc_id && a->place->subnet_id == b->place->subnet_id &&
                (a->doubt == NULL) == (b->doubt == NULL) && !types_differ(a, b) &&
                (!alike || (text_same(a->load_balancer, b->load_balancer) && a->place == b->place &&
                            a->device_index == b->device_index && a->igw_traffic == b->igw_traffic &&
                            !tags_contradict(reader, a, b) && same_maker(a, b))) &&
                text_same(a->instance_id, b->instance_id);
    for (size_t i = 0; same && i < b->address_count; i++)
        same = has_address(a, &b->addresses[i]);
    for (size_t i = 0; same && alike && i < b->private_ipv4_count; i++)
        same = a->private_ipv4_count == b->private_ipv4_count && has_private(a, b->private_ipv4[i]) &&
               a->private_ipv4[0] == b->private_ipv4[0]; // the primary one
    for (size_t i = 0; same && i < b->ipv4_prefix_count; i++)
        same = has_prefix(a, &b->ipv4_prefixes[i]);
    return same &&
           (!alike || (a->private_ipv4_count == b->private_ipv4_count && a->ipv4_prefix_count == b->ipv4_prefix_count));
}

// The addresses of both, since either may be right.
static void add_addresses(struct arena *arena, struct network_interface *to, const struct network_interface *from)
{
    size_t room = (size_t)to->address_count + from->address_count, count = to->address_count;
    struct interface_address *all = arena_array(arena, struct interface_address, room);
    if (count > 0)
        memcpy(all, to->addresses, count * sizeof(*all));
    for (size_t i = 0; i < from->address_count; i++)
        if (!has_address(to, &from->addresses[i]))
            all[count++] = from->addresses[i];
    if (count > UINT16_MAX)
        return;
    sort_addresses(all, count);
    to->addresses = all;
    to->address_count = (uint16_t)count;
    size_t privates = to->private_ipv4_count;
    uint32_t *both = arena_array(arena, uint32_t, privates + from->private_ipv4_count + 1);
    if (privates > 0)
        memcpy(both, to->private_ipv4, privates * sizeof(*both));
    for (size_t i = 0; i < from->private_ipv4_count; i++)
        if (!has_private(to, from->private_ipv4[i]))
            both[privates++] = from->private_ipv4[i];
    if (privates > UINT16_MAX)
        return;
    to->private_ipv4 = both;
    to->private_ipv4_count = (uint16_t)privates;
}

static void add_prefixes(struct arena *arena, struct network_interface *to, const struct network_interface *from)
{
    size_t count = to->ipv4_prefix_count, room = count + from->ipv4_prefix_count;
    struct prefix *both = arena_array(arena, struct prefix, room + 1);
    if (count > 0)
        memcpy(both, to->ipv4_prefixes, count * sizeof(*both));
    for (size_t i = 0; i < from->ipv4_prefix_count; i++)
        if (!has_prefix(to, &from->ipv4_prefixes[i]))
            both[count++] = from->ipv4_prefixes[i];
    if (count > UINT16_MAX)
        return;
    to->ipv4_prefixes = both;
    to->ipv4_prefix_count = (uint16_t)count;
}

// The tags of both: some tell whose an interface is.
static void add_tags(struct arena *arena, struct network_interface *to, const struct network_interface *from)
{
    size_t count = (size_t)to->tag_count + from->tag_count;
    if (same_tags(to, from) || count > UINT16_MAX)
        return;
    const char **all = arena_array(arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++)
        all[i] = i < to->tag_count ? to->tags[i] : from->tags[i - to->tag_count];
    to->tags = all;
    to->tag_count = (uint16_t)count;
}

// What either says may be so.
static void unite_interfaces(struct reader *reader, struct network_interface *before,
                             const struct network_interface *one)
{
    bool alike = before->nested == one->nested;
    add_addresses(reader->arena, before, one);
    add_prefixes(reader->arena, before, one);
    before->attached = before->attached || one->attached;
    before->groups_unsure = before->groups_unsure || one->groups_unsure;
    before->requester_managed = before->requester_managed || one->requester_managed;
    before->source_check_told = before->source_check_told || one->source_check_told;
    before->takes_others = before->takes_others || one->takes_others;
    before->is_database = before->is_database || one->is_database;
    before->is_vpc_origin = before->is_vpc_origin || one->is_vpc_origin;
    before->in_origin_group = before->in_origin_group || one->in_origin_group;
    before->in_accelerator_group = before->in_accelerator_group || one->in_accelerator_group;
    if (before->igw_traffic != one->igw_traffic)
        before->igw_traffic = IGW_ALLOWED;
    if (!text_same(before->instance_id, one->instance_id))
        before->instance_id = NULL;
    if (alike && !text_same(before->load_balancer, one->load_balancer))
        before->load_balancer = NULL;
    if (alike && before->device_index != one->device_index)
        before->device_index = -1;
    if (alike)
        add_tags(reader->arena, before, one);
    if (before->place->vpc_id != one->place->vpc_id || before->place->subnet_id != one->place->subnet_id)
        before->place = place_with(
            reader, &(struct interface_place){
                        .account_id = before->place->account_id,
                        .region = before->place->region,
                        .vpc_id = before->place->vpc_id == one->place->vpc_id ? before->place->vpc_id : VPC_UNKNOWN});
    if (types_differ(before, one)) {
        before->type = "of a type that is not sure";
        before->groups_unsure = true;
    }
    if (before->groups != one->groups)
        before->groups = NULL;
}

void settle_interfaces(struct reader *reader)
{
    struct estate *estate = reader->estate;
    size_t kept = 0;
    if (estate->interfaces.count > 1)
        qsort(estate->interfaces.items, estate->interfaces.count, sizeof(struct network_interface *), by_id);
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        struct network_interface *one = estate->interfaces.items[i];
        struct network_interface *before = kept == 0 ? NULL : estate->interfaces.items[kept - 1];
        if (before == NULL || strcmp(before->id, one->id) != 0) {
            estate->interfaces.items[kept++] = one;
            continue;
        }
        if (interfaces_agree(reader, before, one)) {
            if (before->nested == one->nested)
                add_tags(reader->arena, before, one);
            continue;
        }
        const char *const *names = reader->documents->names;
        reader->name = names[one->record >> RECORD_OFFSET_BITS];
        reader->doubt = &before->doubt;
        reader->listing = NULL;
        before->doubt = doubt_document(reader, "", "%s has another record in %s: neither is believed alone", one->id,
                                       names[before->record >> RECORD_OFFSET_BITS]);
        before->differs = true;
        unite_interfaces(reader, before, one);
    }
    estate->interfaces.count = (uint32_t)kept;
    vector_trim(reader->arena, &estate->interfaces);
}
