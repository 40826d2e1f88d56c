// Terraform resources of load balancers: their nodes and listeners. What stands behind them is named, not modelled.
#include <limits.h>
#include <string.h>

#include "aws/terraform/hosts.h"

static struct load_balancer *balancer_of(struct plan_reader *plan, const char *arn, const char **key)
{
    for (size_t i = 0; arn != NULL && i < plan->estate->load_balancers.size; i++) {
        struct load_balancer *one = plan->estate->load_balancers.slots[i].value;
        bool classic = one != NULL && one->type == LOAD_BALANCER_CLASSIC;
        if (one != NULL && (text_same(one->arn, arn) || (classic && text_same(one->name, arn)))) {
            *key = plan->estate->load_balancers.slots[i].key;
            return one;
        }
    }
    return NULL;
}

// What its interfaces name as theirs: "app/NAME/ID", or the name of a classic one.
static const char *mark_of(const struct load_balancer *balancer, const char *key)
{
    return balancer->type == LOAD_BALANCER_CLASSIC ? balancer->name : key;
}

static bool is_node(const struct network_interface *interface, const char *mark, const struct load_balancer *balancer)
{
    return interface->load_balancer != NULL && strcmp(interface->load_balancer, mark) == 0 &&
           (balancer->type != LOAD_BALANCER_CLASSIC || text_same(interface->place->vpc_id, balancer->vpc_id));
}

static void add_node(struct plan_reader *plan, const struct resource *resource, struct load_balancer *balancer,
                     const char *mark, const char *subnet_id, const struct id_list *groups, const char *doubt)
{
    struct network_interface *node =
        add_interface(plan, arena_printf(plan->arena, "%s node in %s", resource->address, subnet_id));
    place_interface(plan, node, subnet_id);
    node->load_balancer = mark;
    node->requester_managed = true;
    node->requester_id = "amazon-elb";
    node->type = balancer->type == LOAD_BALANCER_NETWORK   ? "network_load_balancer"
                 : balancer->type == LOAD_BALANCER_GATEWAY ? "gateway_load_balancer"
                                                           : "interface";
    node->doubt = doubt;
    set_groups(plan, node, groups);
    if (balancer->vpc_id == NULL && strcmp(node->place->vpc_id, VPC_UNKNOWN) != 0)
        balancer->vpc_id = node->place->vpc_id;
    if (balancer->scheme == SCHEME_INTERNAL)
        return;
    give_address(plan, node, pending_address(plan, FAMILY_IPV4),
                 private_address_of(plan, resource->after, "private_ip", node));
    if (balancer->has_ipv6) {
        struct address address = pending_address(plan, FAMILY_IPV6);
        give_address(plan, node, address, address);
    }
}

// The subnets that a load balancer will have nodes in, by `subnets` or blocks of `subnet_mapping`.
static struct id_list subnets_of(struct plan_reader *plan, const struct resource *resource)
{
    struct where where = whole(resource);
    struct id_list ids = meant_list(plan, &where, "subnets", true);
    int count = cJSON_GetArraySize(member(resource->after, "subnet_mapping"));
    for (int i = 0; !ids.set && i < count; i++) {
        struct where block = block_of(resource, "subnet_mapping", i);
        struct meant subnet = meant_at(plan, &block, "subnet_id", false);
        if (subnet.id != NULL)
            *vector_add(plan->arena, &ids.items) = subnet.id;
        ids.doubt = subnet.doubt != NULL ? subnet.doubt : ids.doubt;
    }
    if (ids.items.count == 0 && ids.doubt == NULL)
        ids.doubt = doubt_of(plan, resource, "subnets");
    return ids;
}

// No groups: those of a network load balancer that has none filter nothing; the others have their VPC's default one.
static struct id_list groups_of(struct plan_reader *plan, const struct resource *resource,
                                const struct load_balancer *balancer, const char *subnet_id)
{
    struct where where = whole(resource);
    struct id_list groups = meant_list(plan, &where, "security_groups", true);
    const struct subnet *subnet = map_get(&plan->estate->subnets, subnet_id);
    if (groups.items.count > 0 || groups.doubt != NULL || balancer->type == LOAD_BALANCER_NETWORK ||
        balancer->type == LOAD_BALANCER_GATEWAY)
        return groups;
    const struct security_group *own = default_group_of(plan, subnet == NULL ? NULL : subnet->vpc_id);
    if (own != NULL)
        *vector_add(plan->arena, &groups.items) = own->id;
    else
        groups.doubt = doubt_of(plan, resource, "its VPC's default security group");
    return groups;
}

// Not set, it is internet-facing.
static bool scheme_is_unknown(struct plan_reader *plan, const struct resource *resource)
{
    struct where where = whole(resource);
    return is_unknown(resource->unknown, "internal") && may_be_configured(plan, &where, "internal");
}

static void add_nodes(struct plan_reader *plan, const struct resource *resource, struct load_balancer *balancer,
                      const char *mark, const struct id_list *subnets)
{
    const char *doubt = scheme_is_unknown(plan, resource) ? doubt_of(plan, resource, "internal") : NULL;
    for (size_t i = 0; i < subnets->items.count; i++) {
        const char *subnet = subnets->items.items[i];
        struct id_list groups = groups_of(plan, resource, balancer, subnet);
        *vector_add(plan->arena, &balancer->subnets) = subnet;
        add_node(plan, resource, balancer, mark, subnet, &groups, doubt);
    }
    if (subnets->doubt != NULL) {
        struct id_list groups = groups_of(plan, resource, balancer, NULL);
        add_node(plan, resource, balancer, mark, subnets->doubt, &groups, subnets->doubt);
    }
}

static enum load_balancer_type type_of(struct plan_reader *plan, const struct resource *resource)
{
    const char *type = attribute(plan, resource->after, "load_balancer_type");
    return strcmp(resource->type, "aws_elb") == 0 ? LOAD_BALANCER_CLASSIC
           : type == NULL || strcmp(type, "network") != 0
               ? type != NULL && strcmp(type, "gateway") == 0 ? LOAD_BALANCER_GATEWAY : LOAD_BALANCER_APPLICATION
               : LOAD_BALANCER_NETWORK;
}

// A classic load balancer's listeners are blocks of its own.
static void fill_classic(struct plan_reader *plan, const struct resource *resource, struct load_balancer *balancer)
{
    int count = cJSON_GetArraySize(member(resource->after, "listener"));
    balancer->listeners.count = 0;
    if (any_unknown(resource->unknown, "listener"))
        balancer->doubt = doubt_of(plan, resource, "listener");
    for (int i = 0; i < count; i++) {
        const cJSON *one = cJSON_GetArrayItem(member(resource->after, "listener"), i);
        const char *protocol = attribute(plan, one, "lb_protocol");
        long port = number(one, "lb_port", -1), instance_port = number(one, "instance_port", -1);
        if (protocol == NULL || port < 0 || port > PORT_LAST) {
            balancer->doubt = doubt_of(plan, resource, "listener");
            continue;
        }
        char *upper = arena_strdup(plan->arena, protocol);
        for (char *at = upper; *at != '\0'; at++)
            *at = *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
        *vector_add(plan->arena, &balancer->listeners) =
            (struct listener){.protocol = upper,
                              .port = (uint16_t)port,
                              .instance_port = (uint16_t)(instance_port > 0 ? instance_port : port),
                              .rules_known = true,
                              .otherwise = {.priority = LONG_MAX}};
    }
}

static void create(struct plan_reader *plan, const struct resource *resource)
{
    static const char *const families[] = {"app", "net", "gwy", ""};
    struct load_balancer *balancer = arena_new_of(plan->arena, struct load_balancer);
    struct id_list subnets = subnets_of(plan, resource);
    const struct subnet *first =
        subnets.items.count == 0 ? NULL : map_get(&plan->estate->subnets, subnets.items.items[0]);
    const char *family = attribute(plan, resource->after, "ip_address_type");
    struct interface_place place = plan_place(plan);
    *balancer = (struct load_balancer){.type = type_of(plan, resource),
                                       .arn = resource->id,
                                       .name = resource->address,
                                       .vpc_id = first == NULL ? NULL : first->vpc_id,
                                       .account = place.account_id,
                                       .region = place.region,
                                       .listeners_known = true,
                                       .has_ipv6 = family != NULL && strncmp(family, "dualstack", 9) == 0,
                                       .family_told = true, // its nodes are the plan's own
                                       .attributes_told = true,
                                       .deny_gateway = SETTING_OFF};
    balancer->scheme = scheme_is_unknown(plan, resource)          ? SCHEME_NOT_TOLD
                       : flag(resource->after, "internal", false) ? SCHEME_INTERNAL
                                                                  : SCHEME_INTERNET_FACING;
    const char *mark = balancer->type == LOAD_BALANCER_CLASSIC
                           ? resource->address
                           : arena_printf(plan->arena, "%s/%s", families[balancer->type], resource->address);
    const char *key = balancer->type == LOAD_BALANCER_CLASSIC
                          ? arena_printf(plan->arena, "%s|%s",
                                         balancer->vpc_id == NULL ? VPC_UNKNOWN : balancer->vpc_id, resource->address)
                          : mark;
    if (balancer->type == LOAD_BALANCER_CLASSIC)
        fill_classic(plan, resource, balancer);
    map_put(plan->arena, &plan->estate->load_balancers, key, balancer);
    add_nodes(plan, resource, balancer, mark, &subnets);
}

static bool listed(const struct id_list *ids, const char *id)
{
    for (size_t i = 0; i < ids->items.count; i++)
        if (text_same(ids->items.items[i], id))
            return true;
    return false;
}

// In place: other groups, other subnets.
static void change(struct plan_reader *plan, const struct resource *resource, struct load_balancer *balancer,
                   const char *mark)
{
    struct id_list subnets = subnets_of(plan, resource), added = {0};
    bool moves = differs(resource, "subnets") || differs(resource, "subnet_mapping");
    for (size_t s = 0; s < subnets.items.count; s++)
        *vector_add(plan->arena, &added.items) = subnets.items.items[s];
    for (size_t i = 0; i < plan->estate->interfaces.count; i++) {
        struct network_interface *node = plan->estate->interfaces.items[i];
        if (!is_node(node, mark, balancer))
            continue;
        struct id_list groups = groups_of(plan, resource, balancer, node->place->subnet_id);
        if (differs(resource, "security_groups"))
            set_groups(plan, node, &groups);
        if (moves && subnets.doubt == NULL && !listed(&subnets, node->place->subnet_id)) {
            node->attached = false;
            ends(plan, "%s", node->id);
        }
        for (size_t s = 0; s < added.items.count; s++)
            if (text_same(added.items.items[s], node->place->subnet_id))
                added.items.items[s--] = added.items.items[--added.items.count];
    }
    added.doubt = moves ? subnets.doubt : NULL;
    if (moves) {
        balancer->subnets.count = 0;
        for (size_t s = 0; s < subnets.items.count; s++)
            if (!listed(&added, subnets.items.items[s]))
                *vector_add(plan->arena, &balancer->subnets) = subnets.items.items[s];
        add_nodes(plan, resource, balancer, mark, &added);
    }
    static const char *const others[] = {"ip_address_type", "enable_cross_zone_load_balancing",
                                         "cross_zone_load_balancing"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (differs(resource, others[i]))
            say(plan, "%s: its new %s is not modelled", resource->address, others[i]);
    if (balancer->type == LOAD_BALANCER_CLASSIC && differs(resource, "listener"))
        fill_classic(plan, resource, balancer);
}

static void put_balancer(struct plan_reader *plan, const struct resource *resource)
{
    const char *key = NULL;
    struct load_balancer *balancer = resource->creates ? NULL : balancer_of(plan, resource->id, &key);
    if (resource->creates)
        create(plan, resource);
    else if (balancer == NULL || balancer->name == NULL)
        say_not_held(plan, resource, "load balancer", resource->id);
    else
        change(plan, resource, balancer, mark_of(balancer, key));
    if (strcmp(resource->type, "aws_elb") == 0 &&
        (resource->creates || differs(resource, "instances") || differs(resource, "listener")))
        say(plan, "%s: what it passes on to its instances is not modelled", resource->address);
}

// AWS deletes them with it.
static void remove_nodes(struct plan_reader *plan, const struct load_balancer *balancer, const char *mark)
{
    struct estate *estate = plan->estate;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < estate->interfaces.count; i++)
        if (is_node(estate->interfaces.items[i], mark, balancer))
            ends(plan, "%s", estate->interfaces.items[i]->id);
        else
            estate->interfaces.items[kept++] = estate->interfaces.items[i];
    estate->interfaces.count = kept;
}

static void remove_balancer(struct plan_reader *plan, const struct resource *resource)
{
    const char *key = NULL;
    struct load_balancer *balancer = balancer_of(plan, resource->id_before, &key);
    if (balancer == NULL) {
        say_not_held(plan, resource, "load balancer", resource->id_before);
        return;
    }
    remove_nodes(plan, balancer, mark_of(balancer, key));
    map_put(plan->arena, &plan->estate->load_balancers, key, NULL);
}

// ---- Listeners

static struct listener *listener_with(struct load_balancer *balancer, const char *arn)
{
    for (size_t i = 0; arn != NULL && i < balancer->listeners.count; i++)
        if (text_same(balancer->listeners.items[i].arn, arn))
            return &balancer->listeners.items[i];
    return NULL;
}

// What is exposed at its nodes changes by a listener.
static void touches_nodes(struct plan_reader *plan, const struct resource *resource,
                          const struct load_balancer *balancer)
{
    const char *key = NULL;
    if (balancer_of(plan, balancer->arn, &key) != balancer)
        return;
    for (size_t i = 0; i < plan->estate->interfaces.count; i++)
        if (is_node(plan->estate->interfaces.items[i], mark_of(balancer, key), balancer))
            touches(plan, resource, plan->estate->interfaces.items[i]->id);
}

static void listen(struct plan_reader *plan, const struct resource *resource, struct load_balancer *balancer)
{
    const char *protocol = attribute(plan, resource->after, "protocol");
    long port = number(resource->after, "port", -1);
    bool unknown = is_unknown(resource->unknown, "port") || is_unknown(resource->unknown, "protocol");
    if (balancer->type == LOAD_BALANCER_GATEWAY)
        return;
    if (protocol == NULL && !unknown) // a Lambda's or an application load balancer's: the provider guesses by the port
        protocol = port == 443 ? "HTTPS" : "HTTP";
    if (unknown || port < 0 || port > PORT_LAST) {
        balancer->doubt = doubt_of(plan, resource, "port");
        balancer->listeners_known = false;
        return;
    }
    struct listener *listener = listener_with(balancer, resource->creates ? NULL : resource->id);
    if (listener == NULL)
        listener = vector_add(plan->arena, &balancer->listeners);
    if (listener->protocol != NULL) // it was another
        ends(plan, "%s:%u/%s", balancer->name, listener->port, listener->protocol);
    if (listener->protocol == NULL)
        *listener = (struct listener){.rules_known = true, .otherwise = {.priority = LONG_MAX}};
    listener->arn = resource->id;
    listener->protocol = protocol;
    listener->port = (uint16_t)port;
    balancer->listeners_known = true;
    makes(plan, "%s:%ld/%s", balancer->name, port, protocol);
    touches_nodes(plan, resource, balancer);
}

static void put_listener(struct plan_reader *plan, const struct resource *resource)
{
    const char *key = NULL;
    struct meant of = meant(plan, resource, "load_balancer_arn");
    struct load_balancer *balancer = balancer_of(plan, of.id, &key);
    if (balancer != NULL)
        listen(plan, resource, balancer);
    else if (of.id != NULL)
        say_not_held(plan, resource, "load balancer", of.id);
    for (size_t i = 0; i < plan->estate->load_balancers.size && of.doubt != NULL; i++) { // any that is new
        struct load_balancer *one = plan->estate->load_balancers.slots[i].value;
        if (one != NULL && (is_made(plan, "aws_lb", one->arn) || is_made(plan, "aws_alb", one->arn))) {
            one->doubt = of.doubt;
            one->listeners_known = false;
        }
    }
    if (resource->creates || differs(resource, "default_action") || differs(resource, "port"))
        say(plan, "%s: what it forwards to is not modelled", resource->address);
}

static void remove_listener(struct plan_reader *plan, const struct resource *resource)
{
    const char *key = NULL, *arn = attribute(plan, resource->before, "load_balancer_arn");
    struct load_balancer *balancer = balancer_of(plan, arn, &key);
    struct listener *listener = balancer == NULL ? NULL : listener_with(balancer, resource->id_before);
    if (listener == NULL) {
        say_not_held(plan, resource, "a listener of", arn);
        return;
    }
    ends(plan, "%s:%u/%s", balancer->name, listener->port, listener->protocol);
    touches_nodes(plan, resource, balancer);
    *listener = balancer->listeners.items[--balancer->listeners.count];
}

static void say_behind(struct plan_reader *plan, const struct resource *resource)
{
    say(plan, "%s: what it lets through to targets is not modelled", resource->address);
}

// A target group that nothing forwards to exposes nothing; what changes one in place changes what is behind.
static void put_target_group(struct plan_reader *plan, const struct resource *resource)
{
    static const char *const keys[] = {"port", "protocol", "preserve_client_ip", "load_balancing_cross_zone_enabled"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && !resource->creates; i++)
        if (differs(resource, keys[i]))
            say_behind(plan, resource);
}

static const struct resource_type types[] = {
    {"aws_lb", remove_balancer, put_balancer},
    {"aws_alb", remove_balancer, put_balancer},
    {"aws_elb", remove_balancer, put_balancer},
    {"aws_lb_listener", remove_listener, put_listener},
    {"aws_alb_listener", remove_listener, put_listener},
    {"aws_lb_listener_rule", say_behind, say_behind},
    {"aws_alb_listener_rule", say_behind, say_behind},
    {"aws_lb_listener_certificate", NULL, NULL},
    {"aws_alb_listener_certificate", NULL, NULL},
    {"aws_lb_target_group", NULL, put_target_group},
    {"aws_alb_target_group", NULL, put_target_group},
    {"aws_lb_target_group_attachment", say_behind, say_behind},
    {"aws_alb_target_group_attachment", say_behind, say_behind},
    {"aws_elb_attachment", say_behind, say_behind},
};

const struct resource_types terraform_balancers = {types, sizeof(types) / sizeof(types[0])};
