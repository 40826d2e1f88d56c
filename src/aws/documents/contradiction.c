// Records of different things that contradict each other: neither is believed alone.
#include <stdlib.h>
#include <string.h>

#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

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
    if (balancer == NULL || balancer->deny_gateway == SETTING_NOT_TOLD || balancer->deny_gateway == SETTING_UNSURE ||
        one->igw_traffic == IGW_NOT_TOLD || (balancer->deny_gateway == SETTING_ON) == (one->igw_traffic == IGW_DENIED))
        return;
    doubt_document(reader, "",
                   "DenyAllIgwTraffic of %s is %s, and ipv6.deny_all_igw_traffic of its load balancer %s is %s",
                   one->id, one->igw_traffic == IGW_DENIED ? "true" : "false", balancer->name,
                   balancer->deny_gateway == SETTING_ON ? "true" : "false");
    one->igw_traffic = IGW_UNSURE;
}

static void doubt_interface(struct reader *reader, struct network_interface *one)
{
    reader->name = reader->documents->names[one->record >> RECORD_OFFSET_BITS];
    reader->doubt = &one->doubt;
    reader->listing = NULL;
}

// Which VPC it is in is not known, nor then whose table and ACL are those of its subnet.
static void unplace(struct reader *reader, struct network_interface *one)
{
    one->place = place_with(reader, &(struct interface_place){.account_id = one->place->account_id,
                                                              .region = one->place->region,
                                                              .vpc_id = VPC_UNKNOWN});
}

static bool is_unplaced(const struct network_interface *one)
{
    return strcmp(one->place->vpc_id, VPC_UNKNOWN) == 0;
}

// Where an interface lies, as its subnet's record says it.
static void settle_place(struct reader *reader, struct network_interface *one)
{
    const struct subnet *subnet = map_get(&reader->estate->subnets, one->place->subnet_id);
    if (subnet == NULL || text_same(subnet->vpc_id, one->place->vpc_id))
        return;
    if (is_unplaced(one) && subnet->vpc_id != NULL) {
        struct interface_place of_subnet = *one->place;
        of_subnet.vpc_id = subnet->vpc_id;
        one->place = place_with(reader, &of_subnet);
        return;
    }
    doubt_document(reader, "", "%s is said to be in %s, but its subnet %s is not", one->id, one->place->vpc_id,
                   subnet->id);
    unplace(reader, one);
}

// Its instance's record tells of its VPC and groups too.
static void settle_instance(struct reader *reader, struct network_interface *one)
{
    const struct instance *instance = map_get(&reader->estate->instances, one->instance_id);
    if (instance == NULL)
        return;
    if (instance->doubt != NULL && one->doubt == NULL)
        one->doubt = instance->doubt;
    if (!instance_state_is_sure(instance) && one->doubt == NULL)
        one->doubt = arena_printf(reader->arena, "%s is %s", instance->id, instance->state);
    bool primary = one->device_index == 0 && one->attached;
    if (primary && instance->groups != NULL && one->groups != NULL && instance->groups != one->groups) {
        doubt_document(reader, "", "%s and its instance %s tell of different security groups", one->id, instance->id);
        one->groups = NULL;
    }
    if (primary && !is_unplaced(one) && instance->place->vpc_id != NULL &&
        strcmp(instance->place->vpc_id, one->place->vpc_id) != 0) {
        doubt_document(reader, "", "%s and its instance %s are said to be in different VPCs", one->id, instance->id);
        unplace(reader, one);
    }
}

static bool is_classic_node(const struct network_interface *one)
{
    return one->load_balancer != NULL && strchr(one->load_balancer, '/') == NULL;
}

static struct load_balancer *balancer_of(struct reader *reader, const struct network_interface *one)
{
    struct map *balancers = &reader->estate->load_balancers;
    if (!is_classic_node(one))
        return map_get(balancers, one->load_balancer);
    return map_get(balancers, arena_printf(reader->scratch, "%s|%s", one->place->vpc_id, one->load_balancer));
}

// A classic load balancer of this name whose VPC its record does not tell may be the same one.
static bool has_unplaced_namesake(struct reader *reader, const struct network_interface *one)
{
    return is_classic_node(one) &&
           map_get(&reader->estate->load_balancers, arena_printf(reader->scratch, "|%s", one->load_balancer)) != NULL;
}

// A load balancer's groups are those of its nodes, which lie in its VPC.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancer.html
static void settle_balancers_node(struct reader *reader, struct network_interface *one)
{
    const struct load_balancer *balancer = balancer_of(reader, one);
    if (balancer != NULL && (balancer->place_unsure || has_unplaced_namesake(reader, one))) {
        doubt_document(reader, "", "the records of %s's load balancer %s tell of different VPCs or security groups",
                       one->id, balancer->name);
        one->groups = NULL;
        unplace(reader, one);
        return;
    }
    if (balancer == NULL || balancer->name == NULL || balancer->doubt != NULL)
        return;
    bool same = one->groups == NULL || one->groups->count == balancer->groups.count;
    for (size_t g = 0; same && one->groups != NULL && g < one->groups->count; g++)
        same = text_list_holds(&balancer->groups, one->groups->ids[g]);
    if (!same && balancer->groups_told) {
        doubt_document(reader, "", "%s and its load balancer %s tell of different security groups", one->id,
                       balancer->name);
        one->groups = NULL;
    }
    if (balancer->vpc_id != NULL && !is_unplaced(one) && strcmp(balancer->vpc_id, one->place->vpc_id) != 0) {
        doubt_document(reader, "", "%s and its load balancer %s are said to be in different VPCs", one->id,
                       balancer->name);
        unplace(reader, one);
    }
    if (balancer->subnets.count > 0 && one->place->subnet_id != NULL &&
        !text_list_holds(&balancer->subnets, one->place->subnet_id))
        doubt_document(reader, "", "%s is in %s, which is no subnet of its load balancer %s", one->id,
                       one->place->subnet_id, balancer->name);
    if (balancer->region != NULL && one->place->region != NULL && strcmp(balancer->region, one->place->region) != 0)
        doubt_document(reader, "", "%s and its load balancer %s are said to be in different regions", one->id,
                       balancer->name);
}

// An internal load balancer's nodes have no public IPv4 address: of one that has, scheme or address is not as told.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html
static void settle_scheme(struct reader *reader, const struct network_interface *one)
{
    struct load_balancer *balancer = one->load_balancer == NULL ? NULL : balancer_of(reader, one);
    char text[ADDRESS_TEXT];
    if (balancer == NULL || (balancer->scheme != SCHEME_INTERNAL && !balancer->without_public_ipv4))
        return;
    reader->doubt = &balancer->doubt;
    for (size_t a = 0; a < one->address_count; a++) {
        const struct interface_address *at = &one->addresses[a];
        if (at->address.family != FAMILY_IPV4 || at->gateway != GATEWAY_INTERNET)
            continue;
        address_format((struct address){FAMILY_IPV4, at->address.first}, text);
        doubt_document(reader, "", "%s has the public address %s, but its load balancer %s is said to be %s", one->id,
                       text, balancer->name,
                       balancer->scheme == SCHEME_INTERNAL ? "internal" : "dualstack-without-public-ipv4");
    }
}

// An address of the internet on one interface.
struct holder {
    struct prefix address;
    struct network_interface *interface;
};

static int by_address(const void *left, const void *right)
{
    const struct holder *a = left, *b = right;
    if (a->address.family != b->address.family)
        return (int)a->address.family - (int)b->address.family;
    if (a->address.first != b->address.first)
        return a->address.first < b->address.first ? -1 : 1;
    int order = (int)a->address.length - (int)b->address.length;
    return order != 0 ? order : strcmp(a->interface->id, b->interface->id);
}

typedef VECTOR(struct holder) holder_list;

static holder_list address_holders(struct reader *reader)
{
    struct estate *estate = reader->estate;
    holder_list holders = {0};
    for (size_t i = 0; i < estate->interfaces.count; i++)
        for (size_t a = 0; a < estate->interfaces.items[i]->address_count; a++)
            if (estate->interfaces.items[i]->addresses[a].gateway == GATEWAY_INTERNET)
                *vector_add(reader->scratch, &holders) =
                    (struct holder){estate->interfaces.items[i]->addresses[a].address, estate->interfaces.items[i]};
    if (holders.count > 1)
        qsort(holders.items, holders.count, sizeof(struct holder), by_address);
    return holders;
}

// The internet's addresses are of one interface each: of several that have one, which has it is not known.
static void settle_shared_addresses(struct reader *reader)
{
    holder_list holders = address_holders(reader);
    for (size_t i = 1; i < holders.count; i++) {
        struct holder *a = &holders.items[i - 1], *b = &holders.items[i];
        if (a->address.family != b->address.family || a->address.first != b->address.first ||
            a->address.length != b->address.length || a->interface == b->interface)
            continue;
        char text[ADDRESS_TEXT];
        prefix_format(b->address, text);
        struct network_interface *both[] = {a->interface, b->interface};
        for (int n = 0; n < 2; n++) {
            doubt_interface(reader, both[n]);
            doubt_document(reader, "", "%s is said to be on %s and on %s: neither is believed alone", text,
                           a->interface->id, b->interface->id);
        }
    }
}

// Who has an IPv4 address, given as text; the last of several by their ids; NULL where nobody has it.
static struct network_interface *holder_of(const holder_list *holders, const char *text)
{
    struct address address;
    size_t low = 0, high = holders->count; // the first behind it
    if (!address_parse(text, &address) || address.family != FAMILY_IPV4)
        return NULL;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct prefix at = holders->items[middle].address;
        if (at.family == FAMILY_IPV4 && at.first <= address.bits)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && prefix_holds(holders->items[low - 1].address, address) ? holders->items[low - 1].interface : NULL;
}

// The primary interface of an instance, or the one that comes first; NULL where there is none here.
static struct network_interface *interface_of_instance(const struct estate *estate, const char *id)
{
    struct network_interface *best = NULL;
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        struct network_interface *one = estate->interfaces.items[i];
        if (text_same(one->instance_id, id) && (best == NULL || (one->device_index == 0 && best->device_index != 0)))
            best = one;
    }
    return best;
}

// An address that `holder` has is, as another record says, on `claimed`, which may be NULL: then that one is not here.
static void settle_claim(struct reader *reader, const char *text, struct network_interface *holder,
                         struct network_interface *claimed, const char *claimant, const char *private_text)
{
    struct address address, private_address = {.family = FAMILY_IPV4};
    if (claimed == NULL) {
        doubt_interface(reader, holder);
        doubt_document(reader, "", "%s is said to be on %s and, by another record, on %s: neither is believed alone",
                       text, holder->id, claimant);
        return;
    }
    for (size_t a = 0; a < claimed->address_count; a++)
        if (address_parse(text, &address) && prefix_holds(claimed->addresses[a].address, address))
            return; // of both: settle_shared_addresses
    if (private_text == NULL || !address_parse(private_text, &private_address) || private_address.family != FAMILY_IPV4)
        private_address = (struct address){FAMILY_IPV4, claimed->private_ipv4_count > 0 ? claimed->private_ipv4[0] : 0};
    struct interface_address *all =
        arena_array(reader->arena, struct interface_address, (size_t)claimed->address_count + 1);
    for (size_t a = 0; a < claimed->address_count; a++)
        all[a] = claimed->addresses[a];
    address_parse(text, &address);
    all[claimed->address_count++] =
        (struct interface_address){.address = prefix_of(address), .private_address = private_address};
    sort_addresses(all, claimed->address_count);
    claimed->addresses = all;
}

static int by_who_has_it(const void *left, const void *right)
{
    const struct elastic_address *a = *(const struct elastic_address *const *)left;
    const struct elastic_address *b = *(const struct elastic_address *const *)right;
    const char *texts[][2] = {
        {a->address, b->address}, {a->interface, b->interface}, {a->instance, b->instance}, {a->id, b->id}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int order = strcmp(texts[i][0] == NULL ? "" : texts[i][0], texts[i][1] == NULL ? "" : texts[i][1]);
        if (order != 0)
            return order;
    }
    return 0;
}

static int by_instance(const void *left, const void *right)
{
    const struct instance *const *a = left, *const *b = right;
    return strcmp((*a)->id, (*b)->id);
}

static int by_idle(const void *left, const void *right)
{
    const struct idle_address *const *a = left, *const *b = right;
    return strcmp((*a)->address, (*b)->address);
}

// An Elastic IP address that by its own record nothing has, and by its record an interface.
static void settle_idle(struct reader *reader, const holder_list *holders)
{
    VECTOR(const struct idle_address *) idle = {0};
    for (size_t i = 0; i < reader->estate->idle_addresses.count; i++)
        *vector_add(reader->scratch, &idle) = &reader->estate->idle_addresses.items[i];
    if (idle.count > 1)
        qsort(idle.items, idle.count, sizeof(*idle.items), by_idle);
    for (size_t i = 0; i < idle.count; i++) {
        struct network_interface *holder = holder_of(holders, idle.items[i]->address);
        if (holder == NULL)
            continue;
        doubt_interface(reader, holder);
        doubt_document(reader, "",
                       "%s is said to be on %s and, by its own record, on nothing: neither is believed alone",
                       idle.items[i]->address, holder->id);
    }
}

// What Elastic IP addresses and instances say of who has an address, and its interface does not: it may be on either.
static void settle_claims(struct reader *reader)
{
    struct estate *estate = reader->estate;
    const holder_list holders = address_holders(reader);
    VECTOR(const struct elastic_address *) addresses = {0}; // the first that says otherwise is named: in their order
    for (size_t i = 0; i < estate->elastic_addresses.count; i++)
        *vector_add(reader->scratch, &addresses) = &estate->elastic_addresses.items[i];
    if (addresses.count > 1)
        qsort(addresses.items, addresses.count, sizeof(*addresses.items), by_who_has_it);
    for (size_t i = 0; i < addresses.count; i++) {
        const struct elastic_address *one = addresses.items[i];
        struct network_interface *holder = holder_of(&holders, one->address);
        if (holder == NULL)
            continue;
        if (one->interface != NULL && strcmp(one->interface, holder->id) != 0)
            settle_claim(reader, one->address, holder, estate_interface(estate, one->interface), one->interface,
                         one->private_address);
        else if (one->interface == NULL && one->instance != NULL && holder->instance_id != NULL &&
                 strcmp(one->instance, holder->instance_id) != 0)
            settle_claim(reader, one->address, holder, interface_of_instance(estate, one->instance), one->instance,
                         one->private_address);
    }
    settle_idle(reader, &holders);
    if (estate->telling.count > 1)
        qsort(estate->telling.items, estate->telling.count, sizeof(*estate->telling.items), by_instance);
    for (size_t i = 0; i < estate->telling.count; i++) {
        const struct instance *one = estate->telling.items[i];
        for (size_t a = 0; a < one->public_address_count && !instance_is_gone(one); a++) {
            struct network_interface *holder = holder_of(&holders, one->public_addresses[a]);
            if (holder != NULL && holder->instance_id != NULL && strcmp(holder->instance_id, one->id) != 0)
                settle_claim(reader, one->public_addresses[a], holder, interface_of_instance(estate, one->id), one->id,
                             NULL);
        }
    }
}

// An ARN of a load balancer, as something else names it, that is of another account or region than the load balancer's
// own: ids are not given twice.
static void settle_named(struct reader *reader, const char *arn, const char *whose)
{
    static const char word[] = ":loadbalancer/";
    const char *key = arn == NULL ? NULL : strstr(arn, word), *own[2] = {NULL, NULL}, *named[2] = {NULL, NULL};
    const struct load_balancer *one = key == NULL ? NULL : map_get(&reader->estate->load_balancers, key + strlen(word));
    if (one == NULL || one->name == NULL)
        return;
    place_of_arn(reader, one->arn, &own[0], &own[1]);
    place_of_arn(reader, arn, &named[0], &named[1]);
    if (!place_may_be(own[0], named[0]) || !place_may_be(own[1], named[1]))
        doubt_document(reader, "", "%s, named by %s, is told of as %s: neither is believed alone", arn, whose,
                       one->arn);
}

static const char *file_of(const struct reader *reader, record_place record)
{
    return reader->documents->names[record >> RECORD_OFFSET_BITS];
}

static void settle_names(struct reader *reader)
{
    struct estate *estate = reader->estate;
    const char *name = reader->name;
    reader->doubt = NULL; // what rests on them says so itself
    map_slots accelerators = map_sorted(reader->scratch, &estate->accelerators);
    map_slots origins = map_sorted(reader->scratch, &estate->vpc_origins);
    for (size_t i = 0; i < accelerators.count; i++) {
        const struct accelerator *one = accelerators.items[i]->value;
        const char *whose = arena_printf(reader->arena, "accelerator %s", one->name);
        for (size_t l = 0; l < one->listeners.count; l++)
            for (size_t g = 0; g < one->listeners.items[l].groups.count; g++) {
                const struct accelerator_group *group = &one->listeners.items[l].groups.items[g];
                reader->name = file_of(reader, group->record);
                for (size_t e = 0; e < group->endpoints.count; e++)
                    settle_named(reader, group->endpoints.items[e].id, whose);
            }
    }
    for (size_t i = 0; i < origins.count; i++) {
        struct vpc_origin *one = origins.items[i]->value;
        reader->name = file_of(reader, one->record);
        settle_named(reader, one->target, arena_printf(reader->arena, "VPC origin %s", one->id));
        if (one->used_as_of == NULL || one->account == NULL || strcmp(one->used_as_of, one->account) == 0)
            continue;
        reader->doubt = &one->doubt;
        doubt_document(reader, "", "VPC origin %s is of account %s, and a distribution uses it as one of %s", one->id,
                       one->account, one->used_as_of);
        reader->doubt = NULL;
    }
    for (size_t i = 0; i < estate->vpc_links.count; i++)
        for (size_t t = 0; t < estate->vpc_links.items[i].targets.count; t++) {
            reader->name = file_of(reader, estate->vpc_links.items[i].record);
            settle_named(reader, estate->vpc_links.items[i].targets.items[t],
                         arena_printf(reader->arena, "VPC link %s", estate->vpc_links.items[i].name));
        }
    for (size_t i = 0; i < estate->endpoint_services.count; i++)
        for (size_t b = 0; b < estate->endpoint_services.items[i].balancers.count; b++) {
            reader->name = file_of(reader, estate->endpoint_services.items[i].record);
            settle_named(reader, estate->endpoint_services.items[i].balancers.items[b],
                         arena_printf(reader->arena, "endpoint service %s", estate->endpoint_services.items[i].id));
        }
    reader->name = name;
}

// What an interface's own record does not show: that another one contradicts it.
void settle_contradictions(struct reader *reader)
{
    struct estate *estate = reader->estate;
    settle_associations(reader);
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        struct network_interface *one = estate->interfaces.items[i];
        doubt_interface(reader, one);
        settle_igw_traffic(reader, one);
        settle_place(reader, one);
        settle_said_place(reader, one);
        settle_balancers_node(reader, one);
        settle_instance(reader, one);
    }
    settle_strangers(reader);
    for (size_t i = 0; i < estate->interfaces.count; i++) { // what its nodes tell was compared with what it told
        doubt_interface(reader, estate->interfaces.items[i]);
        settle_scheme(reader, estate->interfaces.items[i]);
    }
    settle_claims(reader);
    settle_shared_addresses(reader);
    settle_names(reader);
    settle_target_groups(reader);
}

// An instance to which an interface is attached, and which no record of all those of its account and region tells of.
void settle_absent_instances(struct reader *reader)
{
    struct estate *estate = reader->estate;
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        struct network_interface *one = estate->interfaces.items[i];
        if (one->instance_id == NULL || one->instance_elsewhere ||
            map_get(&estate->instances, one->instance_id) != NULL ||
            estate_completeness(estate, KIND_RESERVATIONS, one->place->account_id, one->place->region) !=
                COMPLETENESS_WHOLE)
            continue;
        doubt_interface(reader, one);
        doubt_document(reader, "",
                       "%s is attached to %s, of which no Reservations tell: whether it is there is not known", one->id,
                       one->instance_id);
    }
}
