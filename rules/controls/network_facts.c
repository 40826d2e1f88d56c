// Facts of the network's configuration alone, as Security Hub and CIS ask them. "Anywhere" goes by the size of the set
// of sources, not by its spelling: prefixset_is_anywhere.
#include "model/protocol.h"
#include "rules/controls/facts.h"
#include "rules/reach/network_acl.h"
#include "rules/reach/route_table.h"
#include "rules/reach/security_group.h"

static const char *const none[] = {NULL};

static bool has_kind(struct inquiry *inquiry, enum kind kind, const char *document)
{
    const struct estate *estate = inquiry->input->estate;
    bool any = estate_has(estate, kind);
    if (!any)
        answer_missing(inquiry, "%s (no such document in the snapshot)", document);
    for (size_t i = 0; any && i < estate->completeness.count; i++) // what is not whole is no pass
        if (estate->completeness.items[i].lacks[kind] != NULL && estate->completeness.items[i].demanded)
            answer_missing(inquiry, "%s", estate->completeness.items[i].lacks[kind]->text);
    return any;
}

// --family: "ipv4", "ipv6", or both.
static bool asks_family(const struct inquiry *inquiry, enum family family)
{
    const char *wanted = fact_text(inquiry, "family", "both");
    return strcmp(wanted, "both") == 0 || strcmp(wanted, family == FAMILY_IPV4 ? "ipv4" : "ipv6") == 0;
}

// Ports of a protocol at which a map holds all of the internet of a family.
static struct portset open_ports(struct arena *arena, struct portmap map, enum family family)
{
    struct portset open = portset_empty;
    for (size_t i = 0; i < map.count; i++)
        if (prefixset_is_anywhere(family, map.segments[i].sources))
            open = portset_union(arena, open, portset_of(arena, map.segments[i].low, map.segments[i].high));
    return open;
}

static struct portmap group_map(struct arena *arena, const struct group_admissions *admissions, int protocol)
{
    VECTOR(struct port_segment) segments = {0};
    for (size_t i = 0; i < admissions->count; i++) {
        const struct admission *rule = &admissions->items[i];
        if (rule->protocol == PROTOCOL_ANY || rule->protocol == protocol)
            *vector_add(arena, &segments) = (struct port_segment){rule->low, rule->high, rule->sources};
    }
    return portmap_from(arena, segments.items, segments.count);
}

static const char *family_text(enum family family)
{
    return family == FAMILY_IPV4 ? "0.0.0.0/0" : "::/0";
}

// ---- Security groups

typedef bool (*group_answer)(struct inquiry *inquiry, struct group_cache *cache, const struct security_group *group);

static void of_each_group(struct inquiry *inquiry, group_answer fails, const char *detail)
{
    struct group_cache cache = {.arena = inquiry->arena, .estate = inquiry->input->estate};
    size_t count, good = 0;
    if (!has_kind(inquiry, KIND_SECURITY_GROUPS, "SecurityGroups"))
        return;
    void **groups = map_values(inquiry->arena, &inquiry->input->estate->security_groups, &count);
    for (size_t i = 0; i < count; i++)
        good += !fails(inquiry, &cache, groups[i]);
    answer_rest(inquiry, good, "security group", "security groups", detail);
}

static bool opens_ports(struct inquiry *inquiry, struct group_cache *cache, const struct security_group *group,
                        int protocol, struct portset ports, bool but)
{
    bool fails = false;
    for (int f = 0; f < 2; f++) {
        enum family family = f == 0 ? FAMILY_IPV4 : FAMILY_IPV6;
        if (!asks_family(inquiry, family))
            continue;
        const struct group_admissions *admissions = security_group_resolve(cache, group->id, family);
        struct portset open = open_ports(inquiry->arena, group_map(inquiry->arena, admissions, protocol), family);
        open = but ? portset_subtract(inquiry->arena, open, ports) : portset_intersect(inquiry->arena, open, ports);
        for (size_t i = 0; i < admissions->count; i++)
            if (admissions->items[i].doubt != NULL)
                answer_missing(inquiry, "%s", admissions->items[i].doubt->text);
        if (portset_is_empty(open))
            continue;
        answer(inquiry, CONTROL_FAIL, group->id, group->evidence, "admits %s to %s ports %s", family_text(family),
               protocol == PROTOCOL_TCP ? "TCP" : "UDP", portset_format(inquiry->arena, open));
        fails = true;
    }
    return fails;
}

static bool group_opens_to_anywhere(struct inquiry *inquiry, struct group_cache *cache,
                                    const struct security_group *group)
{
    struct portset ports = fact_ports(inquiry, "ports", "22,3389");
    bool tcp = opens_ports(inquiry, cache, group, PROTOCOL_TCP, ports, false);
    return opens_ports(inquiry, cache, group, PROTOCOL_UDP, ports, false) || tcp;
}

static void groups_closed_to_anywhere(struct inquiry *inquiry)
{
    of_each_group(inquiry, group_opens_to_anywhere,
                  arena_printf(inquiry->arena, "none admits anywhere to TCP or UDP ports %s",
                               fact_text(inquiry, "ports", "22,3389")));
}

static bool group_opens_more(struct inquiry *inquiry, struct group_cache *cache, const struct security_group *group)
{
    bool tcp = opens_ports(inquiry, cache, group, PROTOCOL_TCP, fact_ports(inquiry, "tcp_ports", "80,443"), true);
    return opens_ports(inquiry, cache, group, PROTOCOL_UDP, fact_ports(inquiry, "udp_ports", ""), true) || tcp;
}

static void groups_open_only_on(struct inquiry *inquiry)
{
    of_each_group(inquiry, group_opens_more, "none admits anywhere to other ports");
}

// Everything from, or to, everywhere: a rule of all protocols whose peers are all of the internet.
static const struct security_group_rule *all_open(struct inquiry *inquiry, const struct security_group_rule *rules,
                                                  size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (int f = 0; f < 2 && rules[i].protocol == PROTOCOL_ANY; f++) {
            enum family family = f == 0 ? FAMILY_IPV4 : FAMILY_IPV6;
            struct prefixset sources = prefixset_empty;
            for (size_t p = 0; p < rules[i].prefixes.count; p++)
                if (rules[i].prefixes.items[p].family == family)
                    sources = prefixset_union(inquiry->arena, sources,
                                              prefixset_of(inquiry->arena, rules[i].prefixes.items[p]));
            if (prefixset_is_anywhere(family, sources))
                return &rules[i];
        }
    return NULL;
}

static bool inbound_is_undefined(struct inquiry *inquiry, struct group_cache *cache, const struct security_group *group)
{
    (void)cache;
    const struct security_group_rule *rule = all_open(inquiry, group->ingress.items, group->ingress.count);
    if (rule != NULL)
        answer(inquiry, CONTROL_FAIL, group->id, group->evidence, "rule %zu admits everything from everywhere",
               rule->index);
    return rule != NULL;
}

static void inbound_is_defined(struct inquiry *inquiry)
{
    of_each_group(inquiry, inbound_is_undefined, "none admits everything from everywhere");
}

static bool outbound_is_undefined(struct inquiry *inquiry, struct group_cache *cache,
                                  const struct security_group *group)
{
    (void)cache;
    const struct security_group_rule *rule = all_open(inquiry, group->egress.items, group->egress.count);
    if (!group->has_egress)
        answer_missing(inquiry, "IpPermissionsEgress of %s", group->id);
    if (rule != NULL)
        answer(inquiry, CONTROL_FAIL, group->id, group->evidence, "outbound rule %zu allows everything to everywhere",
               rule->index);
    return rule != NULL || !group->has_egress;
}

static void outbound_is_defined(struct inquiry *inquiry)
{
    of_each_group(inquiry, outbound_is_undefined, "none allows everything to everywhere");
}

static void default_groups_closed(struct inquiry *inquiry)
{
    size_t count, good = 0, all = 0;
    if (!has_kind(inquiry, KIND_SECURITY_GROUPS, "SecurityGroups"))
        return;
    void **groups = map_values(inquiry->arena, &inquiry->input->estate->security_groups, &count);
    for (size_t i = 0; i < count; i++) {
        const struct security_group *group = groups[i];
        if (group->name == NULL || strcmp(group->name, "default") != 0)
            continue;
        all++;
        if (group->ingress.count + group->egress.count > 0)
            answer(inquiry, CONTROL_FAIL, group->id, group->evidence,
                   "the default group of %s has %u inbound and %u outbound rules",
                   group->vpc_id == NULL ? "its VPC" : group->vpc_id, group->ingress.count, group->egress.count);
        else if (!group->has_egress)
            answer_missing(inquiry, "IpPermissionsEgress of %s", group->id);
        else
            good++;
    }
    answer_rest(inquiry, good, "default security group", "default security groups", "without rules");
    if (all == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "default security groups", NULL, "the snapshot holds none");
}

// ---- Network ACLs

// Of TCP or UDP; a rule of all protocols is of both.
static bool acl_opens(struct inquiry *inquiry, const struct network_acl *acl, enum family family, int protocol)
{
    struct acl_view view = network_acl_view(inquiry->arena, acl, false, family, protocol);
    struct portset open = portset_intersect(inquiry->arena, open_ports(inquiry->arena, view.allows, family),
                                            fact_ports(inquiry, "ports", "22,3389"));
    if (portset_is_empty(open))
        return false;
    answer(inquiry, CONTROL_FAIL, acl->id, acl->evidence, "allows %s in to %s ports %s", family_text(family),
           protocol == PROTOCOL_TCP ? "TCP" : "UDP", portset_format(inquiry->arena, open));
    return true;
}

static void acls_closed_to_anywhere(struct inquiry *inquiry)
{
    size_t count, good = 0;
    if (!has_kind(inquiry, KIND_NETWORK_ACLS, "NetworkAcls"))
        return;
    void **acls = map_values(inquiry->arena, &inquiry->input->estate->network_acls, &count);
    for (size_t i = 0; i < count; i++) {
        bool fails = false;
        for (int f = 0; f < 2; f++) {
            enum family family = f == 0 ? FAMILY_IPV4 : FAMILY_IPV6;
            if (!asks_family(inquiry, family))
                continue;
            fails = acl_opens(inquiry, acls[i], family, PROTOCOL_TCP) || fails;
            fails = acl_opens(inquiry, acls[i], family, PROTOCOL_UDP) || fails;
        }
        good += !fails;
    }
    answer_rest(inquiry, good, "network ACL", "network ACLs", "none allows anywhere in to these ports");
}

// ---- Instances, subnets, templates, Block Public Access

static void imdsv2_required(struct inquiry *inquiry)
{
    size_t count, good = 0;
    if (!has_kind(inquiry, KIND_RESERVATIONS, "Reservations"))
        return;
    void **instances = map_values(inquiry->arena, &inquiry->input->estate->instances, &count);
    for (size_t i = 0; i < count; i++) {
        const struct instance *instance = instances[i];
        if (instance->http_tokens == NULL)
            answer_missing(inquiry, "MetadataOptions of %s", instance->id);
        else if (strcmp(instance->http_tokens, "required") != 0)
            answer(inquiry, CONTROL_FAIL, instance->id, instance->evidence,
                   "version 1 of the metadata service answers");
        else
            good++;
    }
    answer_rest(inquiry, good, "instance", "instances", "version 2 of the metadata service is required");
}

static void instances_without_public_ipv4(struct inquiry *inquiry)
{
    const struct exposure_set *exposures = inquiry->input->exposures;
    struct map public = {0};
    size_t good = 0, count;
    if (!has_kind(inquiry, KIND_RESERVATIONS, "Reservations"))
        return;
    for (size_t i = 0; i < exposures->endpoints.count; i++) {
        const struct endpoint *endpoint = &exposures->endpoints.items[i];
        const char *id = endpoint->interface->instance_id;
        char address[ADDRESS_TEXT];
        if (endpoint->address.family != FAMILY_IPV4 || id == NULL || map_get(&public, id) != NULL)
            continue;
        map_put(inquiry->arena, &public, id, (void *)(uintptr_t)endpoint);
        endpoint_address(endpoint, address);
        const struct instance *instance = map_get(&inquiry->input->estate->instances, id);
        answer(inquiry, CONTROL_FAIL, id, instance == NULL ? NULL : instance->evidence, "has the public address %s",
               address);
    }
    void **instances = map_values(inquiry->arena, &inquiry->input->estate->instances, &count);
    for (size_t i = 0; i < count; i++)
        good += map_get(&public, ((const struct instance *)instances[i])->id) == NULL;
    answer_rest(inquiry, good, "instance", "instances", "without a public IPv4 address");
}

static void subnets_without_auto_public_ip(struct inquiry *inquiry)
{
    size_t count, good = 0;
    if (!has_kind(inquiry, KIND_SUBNETS, "Subnets"))
        return;
    void **subnets = map_values(inquiry->arena, &inquiry->input->estate->subnets, &count);
    for (size_t i = 0; i < count; i++) {
        const struct subnet *subnet = subnets[i];
        if (subnet->public_ip_on_launch)
            answer(inquiry, CONTROL_FAIL, subnet->id, subnet->evidence,
                   "gives a public address to what is launched in it");
        else
            good++;
    }
    answer_rest(inquiry, good, "subnet", "subnets", "give no public address by themselves");
}

static void templates_without_public_ip(struct inquiry *inquiry)
{
    const struct estate *estate = inquiry->input->estate;
    size_t good = 0, all = 0;
    if (!has_kind(inquiry, KIND_LAUNCH_TEMPLATES, "LaunchTemplateVersions"))
        return;
    for (size_t i = 0; i < estate->launch_templates.count; i++) {
        const struct launch_template *template = &estate->launch_templates.items[i];
        if (!template->is_default)
            continue;
        all++;
        if (template->public_ip)
            answer(inquiry, CONTROL_FAIL, template->id, template->evidence,
                   "its default version gives interfaces a public address");
        else
            good++;
    }
    answer_rest(inquiry, good, "launch template", "launch templates", "give no public address");
    if (all == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "launch templates", NULL, "there are none");
}

static void vpc_block_public_access(struct inquiry *inquiry)
{
    static const char *const modes[] = {"off", "block-ingress", "block-bidirectional"};
    const char *wanted = fact_text(inquiry, "mode", "any");
    size_t count = 0;
    const struct map *map = &inquiry->input->estate->block_options;
    if (!has_kind(inquiry, KIND_BLOCK_PUBLIC_ACCESS, "VpcBlockPublicAccessOptions"))
        return;
    for (size_t i = 0; i < map->size; i++)
        count += map->slots[i].key != NULL;
    void **values = map_values(inquiry->arena, map, &count);
    for (size_t i = 0; i < count; i++) {
        enum block_mode mode = ((const struct block_options *)values[i])->mode;
        if (mode == BLOCK_UNKNOWN) { // in transition, or a word that is new
            answer_missing(inquiry, "a sure mode of VPC Block Public Access");
            continue;
        }
        bool good = strcmp(wanted, "any") == 0 ? mode != BLOCK_OFF : strcmp(modes[mode], wanted) == 0;
        answer(inquiry, good ? CONTROL_PASS : CONTROL_FAIL, "VPC Block Public Access", NULL, "is %s", modes[mode]);
    }
}

// ---- Load balancers and databases

static void load_balancers_redirect(struct inquiry *inquiry)
{
    const struct estate *estate = inquiry->input->estate;
    size_t count, good = 0, all = 0;
    if (!has_kind(inquiry, KIND_LOAD_BALANCERS, "LoadBalancers"))
        return;
    void **balancers = map_values(inquiry->arena, &estate->load_balancers, &count);
    for (size_t i = 0; i < count; i++) {
        const struct load_balancer *balancer = balancers[i];
        if (balancer->type != LOAD_BALANCER_APPLICATION)
            continue;
        all++;
        bool fails = false;
        if (!balancer->listeners_known)
            answer_missing(inquiry, "the listeners of %s", balancer->name == NULL ? balancer->arn : balancer->name);
        for (size_t l = 0; l < balancer->listeners.count; l++) {
            const struct listener *listener = &balancer->listeners.items[l];
            if (strcmp(listener->protocol, "HTTP") != 0 || listener->otherwise.redirects_to_https)
                continue;
            fails = true;
            answer(inquiry, CONTROL_FAIL, balancer->arn, NULL, "its listener %u/HTTP does not redirect to HTTPS",
                   (unsigned)listener->port);
        }
        good += !fails && balancer->listeners_known;
    }
    answer_rest(inquiry, good, "application load balancer", "application load balancers", "redirect HTTP to HTTPS");
    if (all == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "application load balancers", NULL, "there are none");
}

static void databases_private(struct inquiry *inquiry)
{
    const struct estate *estate = inquiry->input->estate;
    size_t good = 0;
    if (!has_kind(inquiry, KIND_DB_INSTANCES, "DBInstances"))
        return;
    for (size_t i = 0; i < estate->db_instances.count; i++) {
        const struct db_instance *instance = &estate->db_instances.items[i];
        if (instance->publicly_accessible)
            answer(inquiry, CONTROL_FAIL, instance->id, instance->evidence, "is publicly accessible");
        else
            good++;
    }
    answer_rest(inquiry, good, "database", "databases", "not publicly accessible");
    if (estate->db_instances.count == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "databases", NULL, "there are none");
}

// The internet gateway that a subnet's effective route table leads to, or NULL.
static const char *gateway_of_subnet(struct inquiry *inquiry, const char *subnet_id)
{
    const struct estate *estate = inquiry->input->estate;
    const struct subnet *subnet = map_get(&estate->subnets, subnet_id);
    const struct route_table *table = map_get(&estate->table_of_subnet, subnet_id);
    if (table == NULL && subnet != NULL)
        table = map_get(&estate->main_table_of_vpc, subnet->vpc_id);
    if (table == NULL)
        answer_missing(inquiry, "the route table of %s", subnet_id);
    for (size_t i = 0; table != NULL && i < table->routes.count; i++)
        if (table->routes.items[i].target == ROUTE_INTERNET_GATEWAY && table->routes.items[i].active)
            return table->routes.items[i].target_id;
    return NULL;
}

static void databases_in_private_subnets(struct inquiry *inquiry)
{
    const struct estate *estate = inquiry->input->estate;
    size_t good = 0;
    if (!has_kind(inquiry, KIND_DB_INSTANCES, "DBInstances"))
        return;
    for (size_t i = 0; i < estate->db_instances.count; i++) {
        const struct db_instance *instance = &estate->db_instances.items[i];
        bool fails = false;
        for (size_t s = 0; s < instance->subnets.count && !fails; s++) {
            const char *gateway = gateway_of_subnet(inquiry, instance->subnets.items[s]);
            fails = gateway != NULL;
            if (fails)
                answer(inquiry, CONTROL_FAIL, instance->id, instance->evidence, "its subnet %s has a route to %s",
                       instance->subnets.items[s], gateway);
        }
        good += !fails;
    }
    answer_rest(inquiry, good, "database", "databases", "in subnets without a route to an internet gateway");
    if (estate->db_instances.count == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "databases", NULL, "there are none");
}

// ---- Between trusted and untrusted networks

static void public_interfaces_are_filtered(struct inquiry *inquiry)
{
    const struct exposure_set *exposures = inquiry->input->exposures;
    size_t good = 0;
    text_list gaps = exposure_set_gaps(inquiry->arena, exposures);
    for (size_t i = 0; i < gaps.count; i++)
        answer_missing(inquiry, "%s", gaps.items[i]);
    for (size_t i = 0; i < exposures->endpoints.count; i++) {
        const struct endpoint *endpoint = &exposures->endpoints.items[i];
        const struct network_interface *interface = endpoint->interface;
        const struct security_group_rule *rule = NULL;
        const char *address = arena_alloc(inquiry->arena, ADDRESS_TEXT), *by = NULL;
        endpoint_address(endpoint, (char *)(uintptr_t)address);
        for (size_t g = 0; interface->groups != NULL && g < interface->groups->count && rule == NULL; g++) {
            const struct security_group *group =
                map_get(&inquiry->input->estate->security_groups, interface->groups->ids[g]);
            rule = group == NULL ? NULL : all_open(inquiry, group->ingress.items, group->ingress.count);
            by = interface->groups->ids[g];
        }
        if (rule != NULL)
            answer(inquiry, CONTROL_FAIL, address, NULL, "%s admits everything from everywhere", by);
        else if ((interface->groups == NULL || interface->groups->count == 0) && endpoint->exposures->count > 0)
            answer(inquiry, CONTROL_FAIL, address, NULL, "no security group filters what arrives at %s", interface->id);
        else
            good++;
    }
    answer_rest(inquiry, good, "public address", "public addresses", "behind security groups that select");
}

static const char *const ports_and_family[] = {"ports", "family", NULL};

const struct fact network_facts[] = {
    {"groups-closed-to-anywhere", false, ports_and_family, groups_closed_to_anywhere},
    {"groups-open-only-on", false, (const char *const[]){"tcp_ports", "udp_ports", "family", NULL},
     groups_open_only_on},
    {"groups-define-inbound", false, none, inbound_is_defined},
    {"groups-define-outbound", false, none, outbound_is_defined},
    {"default-groups-closed", false, none, default_groups_closed},
    {"acls-closed-to-anywhere", false, ports_and_family, acls_closed_to_anywhere},
    {"imdsv2-required", false, none, imdsv2_required},
    {"instances-without-public-ipv4", false, none, instances_without_public_ipv4},
    {"subnets-without-auto-public-ip", false, none, subnets_without_auto_public_ip},
    {"launch-templates-without-public-ip", false, none, templates_without_public_ip},
    {"vpc-block-public-access", false, (const char *const[]){"mode", NULL}, vpc_block_public_access},
    {"load-balancers-redirect-to-https", false, none, load_balancers_redirect},
    {"databases-not-public", false, none, databases_private},
    {"databases-in-private-subnets", false, none, databases_in_private_subnets},
    {"public-interfaces-are-filtered", false, none, public_interfaces_are_filtered},
    {NULL, false, NULL, NULL},
};
