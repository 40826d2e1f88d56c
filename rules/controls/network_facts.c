// Facts of instances, subnets, templates and VPC Block Public Access.
#include "model/protocol.h"
#include "rules/controls/group_facts.h"

static const char *const none[] = {NULL};

// ---- Instances, subnets, templates, Block Public Access

// Asks of each instance that is not gone; what does not hold is answered by `holds`.
static void ask_instances(struct inquiry *inquiry,
                          bool (*holds)(struct inquiry *inquiry, const struct instance *instance), const char *what)
{
    size_t count, good = 0, all = 0;
    if (!fact_has_kind(inquiry, KIND_RESERVATIONS, "Reservations"))
        return;
    void **instances = map_values(inquiry->arena, &inquiry->input->estate->instances, &count);
    for (size_t i = 0; i < count; i++) {
        bool gone = instance_is_gone(instances[i]);
        all += !gone;
        good += !gone && holds(inquiry, instances[i]);
    }
    answer_rest(inquiry, good, "instance", "instances", what);
    if (all == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "instances", NULL, "there are none");
}

static bool requires_tokens(struct inquiry *inquiry, const struct instance *instance)
{
    if (instance->http_tokens == NULL)
        answer_missing(inquiry, "MetadataOptions of %s", instance->id);
    else if (instance->options_pending)
        answer_missing(inquiry, "MetadataOptions of %s as they are: they are being changed (State is pending)",
                       instance->id);
    else if (strcmp(instance->http_tokens, "required") == 0)
        return true;
    else {
        answer(inquiry, CONTROL_FAIL, instance->id, instance->reference,
               instance->metadata_disabled ? "version 1 of the metadata service is allowed, though its endpoint is "
                                             "disabled now: it answers once that is enabled"
                                           : "version 1 of the metadata service answers");
        if (fix_is_plain(instance->id))
            answer_fix(inquiry, "aws ec2 modify-instance-metadata-options%s --instance-id %s --http-tokens required",
                       fix_region(inquiry->arena, instance->place->region), instance->id);
    }
    return false;
}

static void imdsv2_required(struct inquiry *inquiry)
{
    ask_instances(inquiry, requires_tokens, "version 2 of the metadata service is required");
}

// The public IPv4 address that its own record tells, or NULL.
static const char *told_ipv4(const struct instance *instance)
{
    for (size_t i = 0; i < instance->public_address_count; i++)
        if (strchr(instance->public_addresses[i], ':') == NULL)
            return instance->public_addresses[i];
    return NULL;
}

// An Elastic IP address is taken off; an automatic one, the interface no longer asks for.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/working-with-ip-addresses.html
static void fix_public_ipv4(struct inquiry *inquiry, const struct network_interface *interface, const char *address)
{
    const struct estate *estate = inquiry->input->estate;
    const char *region = fix_region(inquiry->arena, interface->place->region);
    for (size_t i = 0; i < estate->elastic_addresses.count; i++)
        if (strcmp(estate->elastic_addresses.items[i].address, address) == 0) {
            answer_fix(inquiry,
                       "aws ec2 disassociate-address%s --association-id $(aws ec2 describe-addresses%s --public-ips %s "
                       "--query 'Addresses[0].AssociationId' --output text)",
                       region, region, address);
            return;
        }
    if (fix_is_plain(interface->id))
        answer_fix(inquiry,
                   "aws ec2 modify-network-interface-attribute%s --network-interface-id %s "
                   "--no-associate-public-ip-address",
                   region, interface->id);
}

static void instances_without_public_ipv4(struct inquiry *inquiry)
{
    const struct exposure_set *exposures = inquiry->input->exposures;
    struct map public = {0};
    size_t good = 0, count;
    if (!fact_has_kind(inquiry, KIND_RESERVATIONS, "Reservations"))
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
        answer(inquiry, CONTROL_FAIL, id, instance == NULL ? NULL : instance->reference, "has the public address %s",
               address);
        fix_public_ipv4(inquiry, endpoint->interface, address);
    }
    const struct estate *estate = inquiry->input->estate;
    struct map attached = {0};
    for (size_t i = 0; i < estate->interfaces.count; i++)
        if (estate->interfaces.items[i]->instance_id != NULL)
            map_put(inquiry->arena, &attached, estate->interfaces.items[i]->instance_id, estate->interfaces.items[i]);
    void **instances = map_values(inquiry->arena, &estate->instances, &count);
    for (size_t i = 0; i < count; i++) {
        const struct instance *instance = instances[i];
        if (map_get(&public, instance->id) != NULL || instance_is_gone(instance))
            continue;
        if (told_ipv4(instance) != NULL)
            answer(inquiry, CONTROL_FAIL, instance->id, instance->reference, "has the public address %s",
                   told_ipv4(instance));
        else if (map_get(&attached, instance->id) == NULL) // each instance has one; addresses are on it
            answer_missing(inquiry, "the interfaces of %s", instance->id);
        else
            good++;
    }
    answer_rest(inquiry, good, "instance", "instances", "without a public IPv4 address");
    if (count == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "instances", NULL, "there are none");
}

static void answer_subnet(struct inquiry *inquiry, const struct subnet *subnet, const char *what, const char *option)
{
    const struct vpc_home *home = map_get(&inquiry->input->estate->vpc_homes, subnet->vpc_id);
    answer(inquiry, CONTROL_FAIL, subnet->id, subnet->reference, "gives %s to what is launched in it", what);
    if (fix_is_plain(subnet->id))
        answer_fix(inquiry, "aws ec2 modify-subnet-attribute%s --subnet-id %s %s",
                   fix_region(inquiry->arena, home == NULL ? NULL : home->region), subnet->id, option);
}

// Of IPv4 and IPv6, as EC2.15 asks.
static void subnets_without_auto_public_ip(struct inquiry *inquiry)
{
    size_t count, good = 0;
    if (!fact_has_kind(inquiry, KIND_SUBNETS, "Subnets"))
        return;
    void **subnets = map_values(inquiry->arena, &inquiry->input->estate->subnets, &count);
    for (size_t i = 0; i < count; i++) {
        const struct subnet *subnet = subnets[i];
        bool ipv4 = subnet->public_ip_on_launch && fact_asks_family(inquiry, FAMILY_IPV4);
        bool ipv6 = subnet->ipv6_on_creation && fact_asks_family(inquiry, FAMILY_IPV6);
        if (ipv4)
            answer_subnet(inquiry, subnet, "a public IPv4 address", "--no-map-public-ip-on-launch");
        if (ipv6)
            answer_subnet(inquiry, subnet, "an IPv6 address", "--no-assign-ipv6-address-on-creation");
        bool untold4 = !ipv4 && !subnet->launch_told && fact_asks_family(inquiry, FAMILY_IPV4);
        bool untold6 = !ipv6 && !subnet->ipv6_told && fact_asks_family(inquiry, FAMILY_IPV6);
        if (untold4 || untold6)
            answer_missing(inquiry, "%s of %s", untold4 ? "MapPublicIpOnLaunch" : "AssignIpv6AddressOnCreation",
                           subnet->id);
        good += !ipv4 && !ipv6 && !untold4 && !untold6;
    }
    answer_rest(inquiry, good, "subnet", "subnets", "give no public address by themselves");
    if (count == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "subnets", NULL, "there are none");
}

static bool has_default_version(const struct estate *estate, const char *id)
{
    for (size_t i = 0; i < estate->launch_templates.count; i++)
        if (estate->launch_templates.items[i].is_default && strcmp(estate->launch_templates.items[i].id, id) == 0)
            return true;
    return false;
}

static void templates_without_public_ip(struct inquiry *inquiry)
{
    const struct estate *estate = inquiry->input->estate;
    struct map lacking = {0};
    size_t good = 0, all = 0;
    if (!fact_has_kind(inquiry, KIND_LAUNCH_TEMPLATES, "LaunchTemplateVersions"))
        return;
    for (size_t i = 0; i < estate->launch_templates.count; i++) {
        const struct launch_template *template = &estate->launch_templates.items[i];
        if (!template->is_default) {
            if (!has_default_version(estate, template->id) && map_get(&lacking, template->id) == NULL) {
                answer_missing(inquiry, "the default version of %s in LaunchTemplateVersions", template->id);
                map_put(inquiry->arena, &lacking, template->id, &lacking);
                all++;
            }
            continue;
        }
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

// "111122223333|eu-west-3" as people write it.
static const char *text_spaced(struct arena *arena, const char *place)
{
    char *text = arena_strdup(arena, place), *bar = strchr(text, '|');
    if (bar != NULL)
        *bar = '/';
    return text;
}

static void vpc_block_public_access(struct inquiry *inquiry)
{
    static const char *const modes[] = {"off", "block-ingress", "block-bidirectional"};
    const char *wanted = fact_text(inquiry, "mode", "any");
    const struct map *map = &inquiry->input->estate->block_options;
    if (!fact_has_kind(inquiry, KIND_BLOCK_PUBLIC_ACCESS, "VpcBlockPublicAccessOptions"))
        return;
    map_slots slots = map_sorted(inquiry->arena, map);
    for (size_t i = 0; i < slots.count; i++) {
        const struct block_options *options = slots.items[i]->value;
        enum block_mode mode = options->mode;
        if (mode == BLOCK_UNKNOWN) { // in transition, or a word that is new
            answer_missing(inquiry, "a sure mode of VPC Block Public Access");
            continue;
        }
        bool good = strcmp(wanted, "any") == 0 ? mode != BLOCK_OFF : strcmp(modes[mode], wanted) == 0;
        const char *place = slots.items[i]->key, *bar = strchr(place, '|');
        answer(
            inquiry, good ? CONTROL_PASS : CONTROL_FAIL,
            arena_printf(inquiry->arena, "VPC Block Public Access of %s",
                         strcmp(place, "|") == 0 ? "an account that is not told" : text_spaced(inquiry->arena, place)),
            options->reference, "is %s", modes[mode]);
        if (!good && bar != NULL)
            answer_fix(inquiry, "aws ec2 modify-vpc-block-public-access-options%s --internet-gateway-block-mode %s",
                       fix_region(inquiry->arena, bar + 1), strcmp(wanted, "any") == 0 ? "block-ingress" : wanted);
    }
}

// ---- Between trusted and untrusted networks

// What the groups of an interface admit together, where none of them does alone.
static struct group_hole hole_of_all(struct inquiry *inquiry, struct group_cache *cache, const struct group_set *groups,
                                     const char **by, const char **evidence)
{
    VECTOR(struct security_group_rule) rules = {0};
    for (size_t g = 0; g < groups->count; g++) {
        const struct security_group *group = map_get(&inquiry->input->estate->security_groups, groups->ids[g]);
        *by = g == 0 ? groups->ids[g] : arena_printf(inquiry->arena, "%s and %s", *by, groups->ids[g]);
        *evidence = group == NULL ? *evidence : group->reference;
        for (size_t i = 0; group != NULL && i < group->ingress.count; i++)
            *vector_add(inquiry->arena, &rules) = group->ingress.items[i];
    }
    return group_hole_of(inquiry, cache, rules.items, rules.count);
}

static void public_interfaces_are_filtered(struct inquiry *inquiry)
{
    const struct exposure_set *exposures = inquiry->input->exposures;
    size_t good = 0;
    struct group_cache cache = {.arena = inquiry->arena, .estate = inquiry->input->estate};
    answer_gaps(inquiry);
    for (size_t i = 0; i < exposures->endpoints.count; i++) {
        const struct endpoint *endpoint = &exposures->endpoints.items[i];
        const struct network_interface *interface = endpoint->interface;
        struct group_hole hole = {0};
        const char *address = arena_alloc(inquiry->arena, ADDRESS_TEXT), *by = NULL, *evidence = NULL;
        endpoint_address(endpoint, (char *)(uintptr_t)address);
        for (size_t g = 0; interface->groups != NULL && g < interface->groups->count && hole.rule == NULL; g++) {
            const struct security_group *group =
                map_get(&inquiry->input->estate->security_groups, interface->groups->ids[g]);
            if (group != NULL)
                hole = group_hole_of(inquiry, &cache, group->ingress.items, group->ingress.count);
            by = interface->groups->ids[g];
            evidence = hole.rule == NULL ? NULL : group->reference;
        }
        if (hole.rule == NULL && interface->groups != NULL && interface->groups->count > 1)
            hole = hole_of_all(inquiry, &cache, interface->groups, &by, &evidence);
        if (hole.rule != NULL)
            answer(inquiry, CONTROL_FAIL, address, evidence, "%s admits %s from everywhere", by, hole.what);
        else if ((interface->groups == NULL || interface->groups->count == 0) && endpoint->exposures->count > 0)
            answer(inquiry, CONTROL_FAIL, address, NULL, "no security group filters what arrives at %s", interface->id);
        else
            good++;
    }
    answer_rest(inquiry, good, "public address", "public addresses", "behind security groups that select");
    if (exposures->endpoints.count == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "public addresses", NULL, "there are none");
}

// ---- Interfaces that take packets that are for others

// Those that Security Hub looks at: of these types, and managed by users.
static bool is_users_own(const struct network_interface *interface)
{
    static const char *const types[] = {
        "aws_codestar_connections_managed", "branch", "efa", "interface", "lambda", "quicksight", NULL};
    return !interface->requester_managed && text_among(interface->type, types);
}

static void interfaces_check_source(struct inquiry *inquiry)
{
    const struct estate *estate = inquiry->input->estate;
    size_t good = 0, untold = 0, all = 0;
    struct map fails = {0};
    if (!fact_has_kind(inquiry, KIND_NETWORK_INTERFACES, "NetworkInterfaces"))
        return;
    for (size_t i = 0; i < estate->interfaces.count; i++) {
        const struct network_interface *one = estate->interfaces.items[i];
        all += is_users_own(one);
        if (!is_users_own(one))
            continue;
        untold += !one->source_check_told;
        good += one->source_check_told && !one->takes_others;
        if (one->takes_others)
            map_put(inquiry->arena, &fails, one->id, (void *)(uintptr_t)one);
    }
    for (size_t i = 0; i < estate->public_settings.count; i++) { // told once, though two documents tell of it
        const struct public_setting *one = &estate->public_settings.items[i];
        const struct network_interface *interface = map_get(&fails, one->id);
        if (strcmp(one->thing, "interface") != 0 || interface == NULL)
            continue;
        map_put(inquiry->arena, &fails, one->id, NULL);
        answer(inquiry, CONTROL_FAIL, one->id, one->evidence, "%s", one->detail);
        if (fix_is_plain(one->id))
            answer_fix(inquiry,
                       "aws ec2 modify-network-interface-attribute%s --network-interface-id %s --source-dest-check",
                       fix_region(inquiry->arena, interface->place->region), one->id);
    }
    if (untold > 0)
        answer_missing(inquiry, "SourceDestCheck of %zu network interface%s", untold, untold == 1 ? "" : "s");
    answer_rest(inquiry, good, "network interface", "network interfaces", "check source and destination");
    if (all == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "network interfaces", NULL, "users manage none");
}

// Each instance has a role, so that no key needs to be kept on it.
static bool has_profile(struct inquiry *inquiry, const struct instance *instance)
{
    if (instance->profile != NULL)
        return true;
    answer(inquiry, CONTROL_FAIL, instance->id, instance->reference, "has no instance profile");
    if (fix_is_plain(instance->id))
        answer_fix(inquiry,
                   "aws ec2 associate-iam-instance-profile%s --instance-id %s --iam-instance-profile Name=PROFILE",
                   fix_region(inquiry->arena, instance->place->region), instance->id);
    return false;
}

static void instances_have_roles(struct inquiry *inquiry)
{
    ask_instances(inquiry, has_profile, "with an instance profile");
}

// ---- Instances that the internet reaches, and what their roles can do

// An instance that the internet reaches by a port, or may.
struct reached_instance {
    const struct instance *instance;
    const char *how; // "at 198.51.100.7", "behind load balancer front"
    bool exact;      // else it is possible
};

typedef VECTOR(struct reached_instance *) reached_list;

// Adds an instance where some of its exposures is such; one that is surely reached stands for what is possible too.
static void add_reached(struct inquiry *inquiry, struct map *known, reached_list *list,
                        const struct network_interface *interface, const struct exposure_list *exposures,
                        const char *how)
{
    const struct instance *instance = map_get(&inquiry->input->estate->instances, interface->instance_id);
    bool exact = false, possible = instance != NULL && fact_reached(exposures, false, &exact);
    struct reached_instance *before = !possible ? NULL : map_get(known, instance->id);
    if (!possible || (before != NULL && (before->exact || !exact)))
        return;
    if (before == NULL) {
        before = arena_new_of(inquiry->arena, struct reached_instance);
        map_put(inquiry->arena, known, instance->id, before);
        *vector_add(inquiry->arena, list) = before;
    }
    *before = (struct reached_instance){instance, how, exact};
}

// Directly, and behind load balancers and what else brings the internet in.
static reached_list reached_instances(struct inquiry *inquiry)
{
    const struct exposure_set *exposures = inquiry->input->exposures;
    struct map known = {0};
    reached_list list = {0};
    for (size_t i = 0; i < exposures->endpoints.count; i++) {
        const struct endpoint *endpoint = &exposures->endpoints.items[i];
        char address[ADDRESS_TEXT];
        endpoint_address(endpoint, address);
        if (!endpoint->dormant && endpoint->interface->instance_id != NULL)
            add_reached(inquiry, &known, &list, endpoint->interface, endpoint->exposures,
                        arena_printf(inquiry->arena, "at %s", address));
    }
    for (size_t i = 0; i < exposures->indirect.count; i++) {
        const struct indirect_exposure *one = &exposures->indirect.items[i];
        if (!one->dormant && one->interface->instance_id != NULL)
            add_reached(inquiry, &known, &list, one->interface, &one->exposures,
                        arena_printf(inquiry->arena, "behind %s%s", one->by_service ? "" : "load balancer ",
                                     one->load_balancer));
    }
    return list;
}

static void answer_role(struct inquiry *inquiry, const struct reached_instance *reached)
{
    const struct instance *instance = reached->instance;
    const struct carried_role role =
        carried_role_of(inquiry->arena, &inquiry->memory->accesses, inquiry->input->estate, instance->profile);
    if (!reached->exact) {
        answer_missing(inquiry, "whether the internet reaches %s %s, which is possible: it carries %s", instance->id,
                       reached->how, role.what);
        return;
    }
    answer(inquiry, CONTROL_FAIL, instance->id, instance->reference, "the internet reaches it %s, and it carries %s",
           reached->how, role.what);
    if (role.is_all)
        inquiry->control->severity = SEVERITY_CRITICAL; // who takes the instance takes the account
}

static void exposed_instances_without_role(struct inquiry *inquiry)
{
    size_t good = 0;
    if (!fact_has_kind(inquiry, KIND_RESERVATIONS, "Reservations"))
        return;
    answer_gaps(inquiry);
    const reached_list reached = reached_instances(inquiry);
    for (size_t i = 0; i < reached.count; i++) {
        good += reached.items[i]->instance->profile == NULL;
        if (reached.items[i]->instance->profile != NULL)
            answer_role(inquiry, reached.items[i]);
    }
    answer_rest(inquiry, good, "instance", "instances", "which the internet reaches, without a role");
    if (reached.count == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "instances", NULL, "the internet reaches none");
}

const struct fact network_facts[] = {
    {"imdsv2-required", false, none, imdsv2_required},
    {"instances-without-public-ipv4", false, none, instances_without_public_ipv4},
    {"subnets-without-auto-public-ip", false, (const char *const[]){"family=both|ipv4|ipv6", NULL},
     subnets_without_auto_public_ip},
    {"launch-templates-without-public-ip", false, none, templates_without_public_ip},
    {"vpc-block-public-access", false, (const char *const[]){"mode=any|block-ingress|block-bidirectional", NULL},
     vpc_block_public_access},
    {"public-interfaces-are-filtered", false, none, public_interfaces_are_filtered},
    {"interfaces-check-source", false, none, interfaces_check_source},
    {"instances-have-roles", false, none, instances_have_roles},
    {"exposed-instances-without-role", false, none, exposed_instances_without_role},
    {NULL, false, NULL, NULL},
};
