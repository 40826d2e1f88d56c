// What can only be known when all documents are read: records that stand twice, members that others have, pages to
// come.
#include <stdlib.h>
#include <string.h>

#include "aws/documents/completeness.h"
#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

static bool has_ipv6(const struct estate *estate, const char *subnet_id)
{
    const struct subnet *subnet = map_get(&estate->subnets, subnet_id);
    return subnet != NULL && subnet->has_ipv6;
}

static void settle_expectations(struct reader *reader)
{
    for (int e = 0; e < EXPECT_COUNT; e++) {
        struct expectation *expectation = &reader->documents->expected[e];
        for (size_t i = 0; i < expectation->lacking.count; i++) {
            struct lacking *one = &expectation->lacking.items[i];
            if (!expectation->met && !has_ipv6(reader->estate, one->subnet_id))
                continue;
            reader->name = one->name;
            reader->doubt = one->doubt;
            reader->listing = one->listing;
            doubt_document(reader, "", "%s has no %s, which AWS prints even where there are none", one->id, one->key);
        }
    }
}

static int by_id(const void *left, const void *right)
{
    const struct network_interface *a = *(const struct network_interface *const *)left;
    const struct network_interface *b = *(const struct network_interface *const *)right;
    int order = strcmp(a->id, b->id);
    if (order != 0 || a->nested != b->nested)
        return order != 0 ? order : (int)a->nested - (int)b->nested;
    return a->record < b->record ? -1 : a->record > b->record;
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

static bool same_tags(const struct network_interface *a, const struct network_interface *b)
{
    bool same = a->tag_count == b->tag_count;
    for (size_t i = 0; same && i < a->tag_count; i++)
        same = text_same(a->tags[i], b->tags[i]);
    return same;
}

// Whether two records of one interface agree in what is decided by them; a nested one does not tell all.
static bool interfaces_agree(const struct network_interface *a, const struct network_interface *b)
{
    bool alike = a->nested == b->nested;
    bool same = a->groups == b->groups && a->address_count == b->address_count && a->attached == b->attached &&
                a->place->vpc_id == b->place->vpc_id && a->place->subnet_id == b->place->subnet_id &&
                (a->doubt == NULL) == (b->doubt == NULL) &&
                (!alike || (text_same(a->type, b->type) && text_same(a->load_balancer, b->load_balancer) &&
                            a->place == b->place && a->device_index == b->device_index &&
                            a->igw_traffic == b->igw_traffic && same_tags(a, b))) &&
                text_same(a->instance_id, b->instance_id);
    for (size_t i = 0; same && i < b->address_count; i++)
        same = has_address(a, &b->addresses[i]);
    for (size_t i = 0; same && alike && i < b->private_ipv4_count; i++)
        same = a->private_ipv4_count == b->private_ipv4_count && has_private(a, b->private_ipv4[i]);
    return same && (!alike || a->private_ipv4_count == b->private_ipv4_count);
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

static void settle_interfaces(struct reader *reader)
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
        if (interfaces_agree(before, one))
            continue;
        const char *const *names = reader->documents->names;
        reader->name = names[one->record >> RECORD_OFFSET_BITS];
        reader->doubt = &before->doubt;
        reader->listing = NULL;
        doubt_document(reader, "", "%s has another record in %s: neither is believed alone", one->id,
                       names[before->record >> RECORD_OFFSET_BITS]);
        add_addresses(reader->arena, before, one);
        before->attached = before->attached || one->attached;
        before->groups_unsure = before->groups_unsure || one->groups_unsure;
        if (before->igw_traffic != one->igw_traffic)
            before->igw_traffic = IGW_ALLOWED;
        if (before->place->vpc_id != one->place->vpc_id || before->place->subnet_id != one->place->subnet_id)
            before->place = place_with(reader, &(struct interface_place){.account_id = before->place->account_id,
                                                                         .region = before->place->region,
                                                                         .vpc_id = VPC_UNKNOWN});
        if (strcmp(before->type, one->type) != 0 && !before->nested && !one->nested) {
            before->type = "of a type that is not sure";
            before->groups_unsure = true;
        }
        if (before->groups != one->groups)
            before->groups = NULL;
    }
    estate->interfaces.count = (uint32_t)kept;
    vector_trim(reader->arena, &estate->interfaces);
}

// A subnet's table and ACL are of its own VPC.
static void settle_associations(struct reader *reader)
{
    struct estate *estate = reader->estate;
    for (size_t i = 0; i < estate->subnets.size; i++) {
        const struct subnet *subnet = estate->subnets.slots[i].value;
        if (subnet == NULL || subnet->vpc_id == NULL)
            continue;
        struct route_table *table = map_get(&estate->table_of_subnet, subnet->id);
        struct network_acl *acl = map_get(&estate->acl_of_subnet, subnet->id);
        reader->listing = NULL;
        reader->name = subnet->evidence;
        reader->doubt = table == NULL ? NULL : &table->doubt;
        if (table != NULL && !text_same(table->vpc_id, subnet->vpc_id))
            doubt_document(reader, "", "%s is in %s, but %s, which says that it is its route table, is not", subnet->id,
                           subnet->vpc_id, table->id);
        reader->doubt = acl == NULL ? NULL : &acl->doubt;
        if (acl != NULL && !text_same(acl->vpc_id, subnet->vpc_id))
            doubt_document(reader, "", "%s is in %s, but %s, which says that it is its network ACL, is not", subnet->id,
                           subnet->vpc_id, acl->id);
    }
}

// DenyAllIgwTraffic of a load balancer's interface, and what its attribute says of the same.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
static void settle_igw_traffic(struct reader *reader, struct network_interface *one)
{
    const struct load_balancer *balancer =
        one->load_balancer == NULL ? NULL : map_get(&reader->estate->load_balancers, one->load_balancer);
    if (balancer == NULL || balancer->deny_gateway == SETTING_NOT_TOLD || one->igw_traffic == IGW_NOT_TOLD ||
        (balancer->deny_gateway == SETTING_ON) == (one->igw_traffic == IGW_DENIED))
        return;
    doubt_document(reader, "",
                   "DenyAllIgwTraffic of %s is %s, and ipv6.deny_all_igw_traffic of its load balancer %s is %s",
                   one->id, one->igw_traffic == IGW_DENIED ? "true" : "false", balancer->name,
                   balancer->deny_gateway == SETTING_ON ? "true" : "false");
    one->igw_traffic = IGW_UNSURE;
}

// What an interface's own record does not show: that its subnet or its instance contradicts it.
static void settle_contradictions(struct reader *reader)
{
    struct estate *estate = reader->estate;
    const struct interface_place *before = NULL;
    const char *wrong = NULL;
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        struct network_interface *one = estate->interfaces.items[i];
        const struct instance *instance = map_get(&estate->instances, one->instance_id);
        if (one->place != before) {
            const struct subnet *subnet = map_get(&estate->subnets, one->place->subnet_id);
            struct interface_place of_subnet = *one->place;
            if (strcmp(of_subnet.vpc_id, VPC_UNKNOWN) == 0 && subnet != NULL && subnet->vpc_id != NULL) {
                of_subnet.vpc_id = subnet->vpc_id;
                one->place = place_with(reader, &of_subnet);
            }
            before = one->place;
            wrong = subnet == NULL || text_same(subnet->vpc_id, before->vpc_id) ? NULL : subnet->id;
        }
        reader->name = reader->documents->names[one->record >> RECORD_OFFSET_BITS];
        reader->doubt = &one->doubt;
        reader->listing = NULL;
        settle_igw_traffic(reader, one);
        if (wrong != NULL)
            doubt_document(reader, "", "%s is said to be in %s, but its subnet %s is not", one->id, one->place->vpc_id,
                           wrong);
        if (instance == NULL)
            continue;
        if (instance->doubt != NULL && one->doubt == NULL)
            one->doubt = instance->doubt;
        if (!instance_state_is_sure(instance) && one->doubt == NULL)
            one->doubt = arena_printf(reader->arena, "%s is %s", instance->id, instance->state);
        bool primary = one->device_index == 0 && one->attached;
        if (primary && instance->groups != NULL && one->groups != NULL && instance->groups != one->groups)
            doubt_document(reader, "", "%s and its instance %s tell of different security groups", one->id,
                           instance->id);
    }
}

static int by_list(const void *left, const void *right)
{
    const struct entries_answer *a = left, *b = right;
    int order = strcmp(a->list->id, b->list->id);
    return order != 0 ? order : (a->first > b->first) - (a->first < b->first);
}

static int by_prefix(const void *left, const void *right)
{
    const struct prefix *a = left, *b = right;
    int order = address_compare((struct address){a->family, a->first}, (struct address){b->family, b->first});
    return order != 0 ? order : (int)a->length - (int)b->length;
}

static bool same_entries(const struct entries_answer *a, const struct entries_answer *b)
{
    const struct prefix *x = a->list->entries.items + a->first, *y = b->list->entries.items + b->first;
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (by_prefix(&x[i], &y[i]) != 0)
            return false;
    return true;
}

static void settle_answers(struct reader *reader, struct entries_answer *answers, size_t count)
{
    struct prefix_list *list = answers[0].list;
    const struct entries_answer *whole = NULL; // the last page, or the only one
    for (size_t i = 0; i < count; i++) {
        if (answers[i].more)
            continue;
        if (whole == NULL)
            whole = &answers[i];
        if (same_entries(whole, &answers[i]))
            continue;
        reader->name = answers[i].name;
        reader->doubt = &list->doubt;
        reader->listing = NULL;
        doubt_document(reader, "", "tells of other entries of prefix list %s than %s: neither is believed alone",
                       list->id, whole->name);
    }
    if (whole != NULL)
        return;
    struct lack lack = {.kind = kind_name(KIND_PREFIX_LISTS), .id = list->id};
    lack.text = arena_printf(reader->arena,
                             "incomplete: entries of prefix list %s (%s says that another page follows, and none does)",
                             list->id, answers[count - 1].name);
    list->doubt = list->doubt == NULL ? lack.text : list->doubt;
    lack_add(reader->arena, &reader->estate->lacks, &lack);
}

static void settle_prefix_lists(struct reader *reader)
{
    struct entries_answer *answers = reader->documents->entries_answers.items;
    size_t count = reader->documents->entries_answers.count;
    if (count > 1)
        qsort(answers, count, sizeof(*answers), by_list);
    for (size_t i = 0, end; i < count; i = end) {
        const struct prefix_list *list = answers[i].list;
        for (end = i; end < count && answers[end].list == list; end++) {
            bool last = end + 1 == count || answers[end + 1].list != list;
            struct entries_answer *one = &answers[end];
            one->count = (last ? list->entries.count : answers[end + 1].first) - one->first;
            if (one->count > 1)
                qsort(list->entries.items + one->first, one->count, sizeof(struct prefix), by_prefix);
        }
        settle_answers(reader, &answers[i], end - i);
    }
}

static int by_port(const void *left, const void *right)
{
    const struct listener *a = left, *b = right;
    return a->port != b->port ? (int)a->port - (int)b->port : strcmp(a->protocol, b->protocol);
}

static int by_priority(const void *left, const void *right)
{
    const struct listener_rule *a = left, *b = right;
    return a->priority != b->priority ? (a->priority < b->priority ? -1 : 1) : strcmp(a->arn, b->arn);
}

// AWS gives each rule of a listener a priority of its own: of two with one, which is asked first is not known.
static void doubt_equal_priorities(struct reader *reader, struct listener *listener)
{
    for (size_t i = 1; i < listener->rules.count; i++) {
        struct listener_rule *one = &listener->rules.items[i - 1], *other = &listener->rules.items[i];
        if (one->priority != other->priority)
            continue;
        reader->listing = NULL;
        reader->name = reader->documents->names[other->record >> RECORD_OFFSET_BITS];
        reader->doubt = NULL;
        const char *doubt = doubt_document(reader, "", "%s and %s both have priority %ld: neither is believed alone",
                                           one->arn, other->arn, other->priority);
        one->doubt = one->doubt == NULL ? doubt : one->doubt;
        other->doubt = other->doubt == NULL ? doubt : other->doubt;
    }
}

static void settle_balancer(struct reader *reader, struct load_balancer *balancer)
{
    const struct documents *documents = reader->documents;
    if (balancer->doubt == NULL)
        balancer->doubt = documents->any_listener;
    if (balancer->listeners.count > 1)
        qsort(balancer->listeners.items, balancer->listeners.count, sizeof(struct listener), by_port);
    for (size_t i = 0; i < balancer->listeners.count; i++) {
        struct listener *listener = &balancer->listeners.items[i];
        if (listener->rules_doubt == NULL)
            listener->rules_doubt = documents->any_rule;
        if (listener->rules.count > 1)
            qsort(listener->rules.items, listener->rules.count, sizeof(struct listener_rule), by_priority);
        doubt_equal_priorities(reader, listener);
    }
}

static void doubt_page(struct reader *reader, const struct listing *listing, const char *arn)
{
    reader->name = listing->name;
    reader->listing = NULL;
    reader->call = kind_call(listing->kind);
    if (listing->kind == KIND_LISTENERS) {
        reader->doubt = strstr(arn, ":globalaccelerator:") != NULL ? doubt_of_accelerator(reader, arn)
                                                                   : &load_balancer_with(reader, arn)->doubt;
        doubt_document(reader, "", "says that another page of listeners follows, and none does");
        return;
    }
    struct listener *listener = listener_named(reader, arn);
    reader->doubt = listener == NULL ? NULL : &listener->rules_doubt;
    doubt_document(reader, "", "says that another page of rules follows, and none does");
}

// A load balancer's listeners may come in any order, and in pages of their own; a listener's rules too.
static void settle_listeners(struct reader *reader)
{
    struct map *balancers = &reader->estate->load_balancers;
    struct documents *documents = reader->documents;
    for (size_t i = 0; i < balancers->size; i++)
        if (balancers->slots[i].value != NULL)
            settle_balancer(reader, balancers->slots[i].value);
    for (size_t i = 0; i < documents->listings.count; i++) {
        struct listing *listing = documents->listings.items[i];
        for (size_t s = 0; listing_has_own_pages(listing) && listing->more && s < listing->seen.count; s++) {
            bool follows = false;
            for (size_t j = i + 1; j < documents->listings.count && !follows; j++)
                follows = map_get_pointer(&documents->listings.items[j]->seen_once, listing->seen.items[s]) != NULL &&
                          documents->listings.items[j]->kind == listing->kind;
            if (!follows && listing->seen.items[s]->vpc_id != NULL)
                doubt_page(reader, listing, listing->seen.items[s]->vpc_id);
            reader->call = NULL;
        }
    }
}

void documents_settle(struct reader *reader)
{
    note_account_lists(reader);
    reader->documents->settling = true;
    settle_expectations(reader);
    settle_interfaces(reader);
    settle_associations(reader);
    settle_contradictions(reader);
    settle_owners(reader);
    settle_prefix_lists(reader);
    settle_weights(reader);
    settle_listeners(reader);
    settle_accelerators(reader);
    settle_rule_records(reader);
    completeness_settle(reader);
    settle_uncounted(reader);
}
