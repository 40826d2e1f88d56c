// Facts of load balancers, databases and other services' things.
#include "rules/controls/group_facts.h"
#include "rules/controls/group_fix.h"

#include "model/protocol.h"

static const char *const none[] = {NULL};

// ---- Load balancers

static const char *name_of(const struct load_balancer *balancer)
{
    return balancer->name == NULL ? balancer->arn : balancer->name;
}

// Asks a question of each listener of the load balancers of some types; it answers where one fails.
struct listener_question {
    bool (*is_asked)(const struct load_balancer *balancer);
    bool (*fails)(struct inquiry *inquiry, const struct load_balancer *balancer, const struct listener *listener);
    const char *one, *many, *good;
};

static void of_each_listener(struct inquiry *inquiry, const struct listener_question *question)
{
    const struct estate *estate = inquiry->input->estate;
    size_t count, good = 0, all = 0;
    void **balancers = map_values(inquiry->arena, &estate->load_balancers, &count);
    for (size_t i = 0; i < count; i++) {
        const struct load_balancer *balancer = balancers[i];
        bool fails = false;
        if (!question->is_asked(balancer))
            continue;
        all++;
        if (!balancer->listeners_known)
            answer_missing(inquiry, "the listeners of %s", name_of(balancer));
        else if (balancer->doubt != NULL)
            answer_missing(inquiry, "%s", balancer->doubt);
        for (size_t l = 0; l < balancer->listeners.count; l++)
            fails = question->fails(inquiry, balancer, &balancer->listeners.items[l]) || fails;
        good += !fails && balancer->listeners_known;
    }
    answer_rest(inquiry, good, question->one, question->many, question->good);
    if (all == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, question->many, NULL, "there are none");
}

static bool is_application(const struct load_balancer *balancer)
{
    return balancer->type == LOAD_BALANCER_APPLICATION;
}

static bool is_classic(const struct load_balancer *balancer)
{
    return balancer->type == LOAD_BALANCER_CLASSIC;
}

static bool has_listeners(const struct load_balancer *balancer)
{
    return balancer->type == LOAD_BALANCER_APPLICATION || balancer->type == LOAD_BALANCER_NETWORK;
}

// A rule that takes some requests before the default action, and does not redirect them.
static bool rule_stays_http(struct inquiry *inquiry, const struct load_balancer *balancer,
                            const struct listener *listener)
{
    if (!listener->rules_known || listener->rules_doubt != NULL) {
        answer_missing(inquiry, "%s",
                       listener->rules_doubt != NULL
                           ? listener->rules_doubt
                           : arena_printf(inquiry->arena, "describe-rules of listener %u/HTTP of %s",
                                          (unsigned)listener->port, name_of(balancer)));
        return false;
    }
    for (size_t i = 0; i < listener->rules.count; i++) {
        const struct listener_rule *rule = &listener->rules.items[i];
        if (rule->redirects_to_https && rule->forwards.count == 0)
            continue;
        if (rule->doubt != NULL) {
            answer_missing(inquiry, "%s", rule->doubt);
            continue;
        }
        answer(inquiry, CONTROL_FAIL, balancer->arn, listener->reference,
               "its listener %u/HTTP redirects to HTTPS, but for what its rule %ld takes", (unsigned)listener->port,
               rule->priority);
        return true;
    }
    return false;
}

static bool stays_http(struct inquiry *inquiry, const struct load_balancer *balancer, const struct listener *listener)
{
    if (strcmp(listener->protocol, "HTTP") != 0) {
        if (strcmp(listener->protocol, "HTTPS") != 0)
            answer_missing(inquiry, "what protocol %s of listener %u of %s is", listener->protocol,
                           (unsigned)listener->port, name_of(balancer));
        return false;
    }
    if (listener->otherwise.redirects_to_https && listener->otherwise.forwards.count == 0)
        return rule_stays_http(inquiry, balancer, listener);
    answer(inquiry, CONTROL_FAIL, balancer->arn, listener->reference, "its listener %u/HTTP does not redirect to HTTPS",
           (unsigned)listener->port);
    if (fix_is_plain(listener->arn))
        answer_fix(inquiry,
                   "aws elbv2 modify-listener%s --listener-arn %s --default-actions "
                   "'Type=redirect,RedirectConfig={Protocol=HTTPS,Port=443,StatusCode=HTTP_301}'",
                   fix_region(inquiry->arena, balancer->region), listener->arn);
    return true;
}

static void load_balancers_redirect(struct inquiry *inquiry)
{
    static const struct listener_question question = {is_application, stays_http, "application load balancer",
                                                      "application load balancers", "redirect HTTP to HTTPS"};
    if (fact_has_kind(inquiry, KIND_LOAD_BALANCERS, "LoadBalancers"))
        of_each_listener(inquiry, &question);
}

// In front: HTTPS or, of those that pass on what they do not read, TLS (SSL of classic ones).
static bool is_plain(struct inquiry *inquiry, const struct load_balancer *balancer, const struct listener *listener)
{
    static const char *const secure[][3] = {[LOAD_BALANCER_APPLICATION] = {"HTTPS"},
                                            [LOAD_BALANCER_NETWORK] = {"TLS"},
                                            [LOAD_BALANCER_CLASSIC] = {"HTTPS", "SSL"}};
    if (text_among(listener->protocol, secure[balancer->type]))
        return false;
    answer(inquiry, CONTROL_FAIL, balancer->arn, listener->reference, "its listener %u/%s does not encrypt",
           (unsigned)listener->port, listener->protocol);
    // One of UDP cannot, and a classic one is made anew.
    if (text_among(listener->protocol, (const char *const[]){"HTTP", "TCP", NULL}) &&
        balancer->type != LOAD_BALANCER_CLASSIC && fix_is_plain(listener->arn))
        answer_fix(inquiry,
                   "aws elbv2 modify-listener%s --listener-arn %s --protocol %s --certificates "
                   "CertificateArn=CERTIFICATE",
                   fix_region(inquiry->arena, balancer->region), listener->arn, secure[balancer->type][0]);
    return true;
}

// Of `type`: "classic", or application and network ones.
static void listeners_encrypt(struct inquiry *inquiry)
{
    static const struct listener_question classic = {is_classic, is_plain, "classic load balancer",
                                                     "classic load balancers", "listen by HTTPS or TLS only"};
    static const struct listener_question both = {has_listeners, is_plain, "load balancer", "load balancers",
                                                  "listen by HTTPS or TLS only"};
    bool of_classic = strcmp(fact_text(inquiry, "type", "both"), "classic") == 0;
    if (of_classic ? fact_has_kind(inquiry, KIND_CLASSIC_LOAD_BALANCERS, "LoadBalancerDescriptions")
                   : fact_has_kind(inquiry, KIND_LOAD_BALANCERS, "LoadBalancers"))
        of_each_listener(inquiry, of_classic ? &classic : &both);
}

// ---- Databases

static void answer_public_database(struct inquiry *inquiry, const struct db_instance *instance)
{
    answer(inquiry, CONTROL_FAIL, instance->id, instance->evidence, "is publicly accessible");
    if (fix_is_plain(instance->id))
        answer_fix(inquiry, "aws rds modify-db-instance%s --db-instance-identifier %s --no-publicly-accessible",
                   fix_region(inquiry->arena, instance->region), instance->id);
}

static void databases_private(struct inquiry *inquiry)
{
    const struct estate *estate = inquiry->input->estate;
    size_t good = 0;
    if (!fact_has_kind(inquiry, KIND_DB_INSTANCES, "DBInstances"))
        return;
    for (size_t i = 0; i < estate->db_instances.count; i++) {
        const struct db_instance *instance = &estate->db_instances.items[i];
        if (instance->public_untold)
            answer_missing(inquiry, "PubliclyAccessible of %s", instance->id);
        else if (instance->publicly_accessible)
            answer_public_database(inquiry, instance);
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
    const char *doubt = map_get(&estate->unsure_table_of_subnet, subnet_id);
    if (doubt == NULL && table != NULL)
        doubt = table->doubt;
    if (doubt != NULL)
        answer_missing(inquiry, "%s", doubt);
    for (size_t i = 0; table != NULL && i < table->routes.count; i++)
        if (table->routes.items[i].target == ROUTE_INTERNET_GATEWAY && table->routes.items[i].active)
            return table->routes.items[i].target_id;
    return NULL;
}

static void databases_in_private_subnets(struct inquiry *inquiry)
{
    const struct estate *estate = inquiry->input->estate;
    size_t good = 0;
    if (!fact_has_kind(inquiry, KIND_DB_INSTANCES, "DBInstances"))
        return;
    for (size_t i = 0; i < estate->db_instances.count; i++) {
        const struct db_instance *instance = &estate->db_instances.items[i];
        bool fails = false;
        if (instance->subnets.count == 0)
            answer_missing(inquiry, "the subnets of %s in its DBSubnetGroup", instance->id);
        for (size_t s = 0; s < instance->subnets.count && !fails; s++) {
            const char *gateway = gateway_of_subnet(inquiry, instance->subnets.items[s]);
            fails = gateway != NULL;
            if (fails)
                answer(inquiry, CONTROL_FAIL, instance->id, instance->evidence, "its subnet %s has a route to %s",
                       instance->subnets.items[s], gateway);
        }
        good += !fails && instance->subnets.count > 0;
    }
    answer_rest(inquiry, good, "database", "databases", "in subnets without a route to an internet gateway");
    if (estate->db_instances.count == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "databases", NULL, "there are none");
}

// ---- Things that are public by a setting of their own

struct thing {
    const char *name;    // as packs name it
    enum kind kind;      // of its document
    enum kind list;      // of the list that names all of them; the same where its document does
    const char *service; // of what the list names; NULL where that list is its document
    const char *one, *many;
    const char *fix; // command in which {region} stands for the region's option, {id} for its id, {owner} and {name}
                     // for what is before and behind the slash of that; or NULL
};

static const struct thing things[] = {
    {"eks-cluster", KIND_EKS_CLUSTERS, KIND_EKS_CLUSTER_NAMES, "eks", "EKS cluster", "EKS clusters",
     "aws eks update-cluster-config{region} --name {id} --resources-vpc-config "
     "endpointPublicAccess=false,endpointPrivateAccess=true"},
    {"opensearch-domain", KIND_OPENSEARCH_DOMAINS, KIND_OPENSEARCH_DOMAIN_NAMES, "es", "OpenSearch domain",
     "OpenSearch domains", NULL}, // one that has a public endpoint cannot be put in a VPC
    {"ecs-service", KIND_ECS_SERVICES, KIND_ECS_SERVICE_NAMES, "ecs", "ECS service", "ECS services",
     "aws ecs update-service{region} --cluster {owner} --service {name} --network-configuration \"$(aws ecs "
     "describe-services{region} --cluster {owner} --services {name} --query 'services[0].networkConfiguration' | jq "
     "'.awsvpcConfiguration.assignPublicIp = \"DISABLED\"')\""},
    {"ecs-task-set", KIND_ECS_SERVICES, KIND_ECS_SERVICE_NAMES, "ecs", "ECS task set", "ECS task sets", NULL},
    {"redshift-cluster", KIND_REDSHIFT_CLUSTERS, KIND_REDSHIFT_CLUSTERS, NULL, "Redshift cluster", "Redshift clusters",
     "aws redshift modify-cluster{region} --cluster-identifier {id} --no-publicly-accessible"},
    {"redshift-workgroup", KIND_REDSHIFT_WORKGROUPS, KIND_REDSHIFT_WORKGROUPS, NULL, "Redshift Serverless workgroup",
     "Redshift Serverless workgroups",
     "aws redshift-serverless update-workgroup{region} --workgroup-name {id} --no-publicly-accessible"},
    {"msk-cluster", KIND_MSK_CLUSTERS, KIND_MSK_CLUSTERS, NULL, "MSK cluster", "MSK clusters",
     "aws kafka update-connectivity{region} --cluster-arn \"$(aws kafka list-clusters-v2{region} --cluster-name-filter "
     "{id} --query 'ClusterInfoList[?ClusterName==`{id}`] | [0].ClusterArn' --output text)\" --current-version \"$(aws "
     "kafka list-clusters-v2{region} --cluster-name-filter {id} --query 'ClusterInfoList[?ClusterName==`{id}`] | "
     "[0].CurrentVersion' --output text)\" --connectivity-info 'PublicAccess={Type=DISABLED}'"},
    {"dms-instance", KIND_DMS_INSTANCES, KIND_DMS_INSTANCES, NULL, "DMS replication instance",
     "DMS replication instances", NULL}, // it must be made anew
    {"launch-configuration", KIND_LAUNCH_CONFIGURATIONS, KIND_LAUNCH_CONFIGURATIONS, NULL, "launch configuration",
     "launch configurations", NULL}, // the same
    {"emr-block-public-access", KIND_EMR_BLOCK, KIND_EMR_BLOCK, NULL, "region", "regions",
     "aws emr put-block-public-access-configuration{region} --block-public-access-configuration "
     "'BlockPublicSecurityGroupRules=true,PermittedPublicSecurityGroupRuleRanges=[{MinRange=22,MaxRange=22}]'"},
};

static const struct thing *thing_named(const char *name)
{
    for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++)
        if (strcmp(things[i].name, name) == 0)
            return &things[i];
    return NULL;
}

// That every thing has a document: those that a list names, and that the list itself is there.
static bool thing_is_told(struct inquiry *inquiry, const struct thing *thing)
{
    const struct estate *estate = inquiry->input->estate;
    bool ecs = thing->list == KIND_ECS_SERVICE_NAMES;
    if (thing->service == NULL)
        return fact_has_kind(inquiry, thing->kind,
                             arena_printf(inquiry->arena, "%s: %s", kind_call(thing->kind), kind_name(thing->kind)));
    if (ecs && !estate->has_ecs_clusters && !estate_has(estate, KIND_ECS_SERVICES)) // no cluster, so no service
        return fact_has_kind(inquiry, KIND_ECS_CLUSTER_NAMES, kind_call(KIND_ECS_CLUSTER_NAMES));
    bool listed = fact_has_kind(inquiry, thing->list, kind_call(thing->list));
    for (size_t i = 0; i < estate->listed_things.count; i++) {
        const struct listed_thing *one = &estate->listed_things.items[i];
        const char *key = arena_printf(inquiry->arena, "%s|%s", one->service, one->id);
        if (one->account != NULL && one->region != NULL)
            key = arena_printf(inquiry->arena, "%s|%s|%s", key, one->account, one->region);
        bool asked = strcmp(one->service, thing->service) == 0 || (ecs && strcmp(one->service, ECS_LISTS) == 0);
        if (asked && map_get(&estate->named_things, key) == NULL)
            answer_missing(inquiry, "%s of %s", one->call, one->id);
    }
    return listed || estate_has(estate, thing->kind);
}

// Its settings, each once, by id; a thing of which two documents tell is public where either says so.
static void **settings_of(struct inquiry *inquiry, const char *thing, size_t *count)
{
    const struct estate *estate = inquiry->input->estate;
    struct map known = {0};
    for (size_t i = 0; i < estate->public_settings.count; i++) {
        struct public_setting *one = &estate->public_settings.items[i];
        const char *key = arena_printf(inquiry->arena, "%s|%s|%s", one->id, one->account == NULL ? "" : one->account,
                                       one->region == NULL ? "" : one->region);
        if (strcmp(one->thing, thing) != 0)
            continue;
        const struct public_setting *old = map_get(&known, key);
        bool surely = one->is_public && !one->untold;
        if (old == NULL || (one->is_public && !old->is_public) || (surely && old->untold))
            map_put(inquiry->arena, &known, key, one);
    }
    return map_values(inquiry->arena, &known, count);
}

static void answer_fixed(struct inquiry *inquiry, const struct thing *thing, const struct public_setting *setting)
{
    struct arena *arena = inquiry->arena;
    const char *slash = strchr(setting->id, '/'), *text = "", *rest = thing->fix;
    const struct {
        const char *name, *value;
    } holes[] = {
        {"{region}", fix_region(arena, setting->region)},
        {"{id}", setting->id},
        {"{owner}", slash == NULL ? setting->id : arena_strndup(arena, setting->id, (size_t)(slash - setting->id))},
        {"{name}", slash == NULL ? setting->id : slash + 1}};
    enum { OF_ID = 1, HOLES = sizeof(holes) / sizeof(holes[0]) };
    while (rest != NULL && *rest != '\0') {
        size_t hole = 0, plain = strcspn(rest + 1, "{") + 1;
        while (hole < HOLES && strncmp(rest, holes[hole].name, strlen(holes[hole].name)) != 0)
            hole++;
        if (hole >= OF_ID && hole < HOLES && !fix_is_plain(holes[hole].value))
            return;
        text = hole < HOLES ? arena_printf(arena, "%s%s", text, holes[hole].value)
                            : arena_printf(arena, "%s%.*s", text, (int)plain, rest);
        rest += hole < HOLES ? strlen(holes[hole].name) : plain;
    }
    if (text[0] != '\0')
        answer_fix(inquiry, "%s", text);
}

static void things_are_private(struct inquiry *inquiry)
{
    const struct thing *thing = thing_named(fact_text(inquiry, "thing", ""));
    size_t count, good = 0;
    if (thing == NULL) {
        answer_missing(inquiry, "a thing that things-not-public knows: \"%s\" is none",
                       fact_text(inquiry, "thing", ""));
        return;
    }
    if (!thing_is_told(inquiry, thing))
        return;
    void **settings = settings_of(inquiry, thing->name, &count);
    for (size_t i = 0; i < count; i++) {
        const struct public_setting *one = settings[i];
        good += !one->is_public;
        if (one->untold)
            answer_missing(inquiry, "whether %s is public: its document does not say", one->id);
        if (!one->is_public || one->untold)
            continue;
        answer(inquiry, CONTROL_FAIL, one->id, one->evidence, "%s", one->detail);
        answer_fixed(inquiry, thing, one);
    }
    answer_rest(inquiry, good, thing->one, thing->many, "not public by its own setting");
    if (count == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, thing->many, NULL, "there are none");
}

// The groups of a Redshift cluster must not let all of the internet come to its port.
static bool redshift_opens(struct inquiry *inquiry, struct group_cache *cache, const struct public_setting *cluster)
{
    struct portset port = portset_of(inquiry->arena, (uint16_t)cluster->port, (uint16_t)cluster->port);
    bool fails = false;
    for (size_t g = 0; g < cluster->groups->count; g++)
        for (int f = 0; f < 2; f++) {
            enum family family = f == 0 ? FAMILY_IPV4 : FAMILY_IPV6;
            struct portset open = group_open_ports(inquiry, cache, cluster->groups->ids[g], PROTOCOL_TCP, family);
            if (portset_is_empty(portset_intersect(inquiry->arena, open, port)))
                continue;
            fails = true;
            answer(inquiry, CONTROL_FAIL, cluster->id, cluster->evidence, "its group %s admits %s to its port %d",
                   cluster->groups->ids[g], f == 0 ? "0.0.0.0/0" : "::/0", cluster->port);
            const struct security_group *group =
                map_get(&inquiry->input->estate->security_groups, cluster->groups->ids[g]);
            const char *fix = group == NULL ? NULL
                                            : group_fix_anywhere(inquiry->arena, inquiry->input->estate, group, family,
                                                                 PROTOCOL_TCP, port);
            if (fix != NULL)
                answer_fix(inquiry, "%s", fix);
        }
    return fails;
}

static void redshift_ports_closed(struct inquiry *inquiry)
{
    struct group_cache cache = {.arena = inquiry->arena, .estate = inquiry->input->estate};
    size_t count, good = 0;
    if (!thing_is_told(inquiry, thing_named("redshift-cluster")))
        return;
    void **clusters = settings_of(inquiry, "redshift-cluster", &count);
    for (size_t i = 0; i < count; i++) {
        const struct public_setting *cluster = clusters[i];
        bool grouped = cluster->groups != NULL && cluster->groups->count > 0;
        if (!grouped || cluster->port == 0)
            answer_missing(inquiry, "%s of %s in redshift describe-clusters",
                           grouped ? "the port of Endpoint" : "VpcSecurityGroups", cluster->id);
        else
            good += !redshift_opens(inquiry, &cache, cluster);
    }
    answer_rest(inquiry, good, "Redshift cluster", "Redshift clusters", "none admits anywhere to its port");
    if (count == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "Redshift clusters", NULL, "there are none");
}

// ---- Primary nodes of EMR, which EMR tags
// https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-plan-tags.html

static const char *tag_of(const struct instance *instance, const char *key)
{
    for (size_t i = 0; i + 1 < instance->tag_count; i += 2)
        if (strcmp(instance->tags[i], key) == 0)
            return instance->tags[i + 1];
    return NULL;
}

static void emr_primaries_private(struct inquiry *inquiry)
{
    const struct exposure_set *exposures = inquiry->input->exposures;
    struct map public = {0};
    size_t count, good = 0, all = 0;
    if (!fact_has_kind(inquiry, KIND_RESERVATIONS, "Reservations"))
        return;
    for (size_t i = 0; i < exposures->endpoints.count; i++)
        if (exposures->endpoints.items[i].address.family == FAMILY_IPV4 &&
            exposures->endpoints.items[i].interface->instance_id != NULL)
            map_put(inquiry->arena, &public, exposures->endpoints.items[i].interface->instance_id, &public);
    void **instances = map_values(inquiry->arena, &inquiry->input->estate->instances, &count);
    for (size_t i = 0; i < count; i++) {
        const struct instance *instance = instances[i];
        if (!text_same(tag_of(instance, "aws:elasticmapreduce:instance-group-role"), "MASTER") ||
            instance_is_gone(instance))
            continue;
        all++;
        if (map_get(&public, instance->id) != NULL || instance->public_address_count > 0)
            answer(inquiry, CONTROL_FAIL, instance->id, instance->reference,
                   "is the primary node of EMR cluster %s, and has a public address",
                   tag_of(instance, "aws:elasticmapreduce:job-flow-id") == NULL
                       ? "(not told)"
                       : tag_of(instance, "aws:elasticmapreduce:job-flow-id"));
        else
            good++;
    }
    answer_rest(inquiry, good, "primary node of EMR", "primary nodes of EMR", "without a public address");
    if (all == 0)
        answer(inquiry, CONTROL_NOT_APPLICABLE, "primary nodes of EMR", NULL, "no instance is tagged as one");
}

const struct fact service_facts[] = {
    {"load-balancers-redirect-to-https", false, none, load_balancers_redirect},
    {"listeners-encrypt", false, (const char *const[]){"type=both|classic", NULL}, listeners_encrypt},
    {"databases-not-public", false, none, databases_private},
    {"databases-in-private-subnets", false, none, databases_in_private_subnets},
    {"things-not-public", false, (const char *const[]){"thing=text", NULL}, things_are_private},
    {"redshift-ports-closed", false, none, redshift_ports_closed},
    {"emr-primary-nodes-private", false, none, emr_primaries_private},
    {NULL, false, NULL, NULL},
};
