// Load balancers, their listeners, and the targets behind them. elbv2: version 2015-12-01; elb: 2012-06-01.
#include <stdlib.h>
#include <string.h>

#include "aws/documents/calls.h"
#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

// Listeners, target groups and load balancers name each other by ARN in whatever order the documents come.
struct load_balancer *load_balancer_with(struct reader *reader, const char *arn)
{
    const char *key = strstr(arn, ":loadbalancer/");
    key = key == NULL ? arn : key + strlen(":loadbalancer/");
    struct load_balancer *balancer = map_get(&reader->estate->load_balancers, key);
    if (balancer == NULL) {
        balancer = arena_new_of(reader->arena, struct load_balancer);
        balancer->arn = arn;
        map_put(reader->arena, &reader->estate->load_balancers, key, balancer);
    }
    return balancer;
}

static struct target_group *target_group_with(struct reader *reader, const char *arn)
{
    struct target_group *group = map_get(&reader->estate->target_groups, arn);
    if (group == NULL) {
        group = arena_new_of(reader->arena, struct target_group);
        group->arn = arn;
        map_put(reader->arena, &reader->estate->target_groups, arn, group);
    }
    return group;
}

// An array of strings; one that is odd is a doubt.
static void read_texts(struct reader *reader, const struct json_cursor *at, const char *key, text_list *texts)
{
    struct json_cursor array = member_of(reader, at, key);
    const cJSON *node;
    size_t index = 0;
    *texts = (text_list){0};
    if (array.node != NULL && !cJSON_IsArray(array.node))
        doubt_at(reader, &array, "is no array, expected one");
    if (!cJSON_IsArray(array.node))
        return;
    cJSON_ArrayForEach (node, array.node) {
        struct json_cursor item = json_element(&array, index++, node);
        if (cJSON_IsString(node))
            *vector_add(reader->arena, texts) = intern(reader, node->valuestring);
        else
            doubt_at(reader, &item, "is no string, expected one");
    }
}

static void read_scheme(struct reader *reader, const struct json_cursor *at, struct load_balancer *balancer)
{
    const char *scheme = NULL;
    lenient_text(reader, at, "Scheme", &scheme);
    if (scheme == NULL && text_same(text_beside(reader, at, "Type"), "gateway"))
        scheme = "internal"; // AWS tells none of these: only endpoints bring traffic to them
    balancer->scheme = scheme == NULL                           ? SCHEME_NOT_TOLD
                       : strcmp(scheme, "internet-facing") == 0 ? SCHEME_INTERNET_FACING
                       : strcmp(scheme, "internal") == 0        ? SCHEME_INTERNAL
                                                                : SCHEME_NOT_TOLD;
    if (balancer->scheme == SCHEME_NOT_TOLD) {
        struct json_cursor missing = member_of(reader, at, "Scheme");
        doubt_at(reader, &missing, "is %s, expected internet-facing or internal", scheme == NULL ? "missing" : scheme);
    }
}

// "provisioning", "failed", and "active_impaired", which lacks what it needs to serve: whether it takes clients is not
// sure. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerState.html
static void read_state(struct reader *reader, const struct json_cursor *at, struct load_balancer *balancer)
{
    struct json_cursor state;
    const char *code = NULL;
    if (!lenient_object(reader, at, "State", &state))
        return;
    lenient_text(reader, &state, "Code", &code);
    if (code == NULL || strcmp(code, "active") != 0)
        balancer->unsure = arena_printf(reader->arena, "load balancer %s is %s", balancer->name,
                                        code == NULL ? "in no state that is told" : code);
}

static bool read_zone_address(struct reader *reader, const struct json_cursor *at, void *into)
{
    static const char *const keys[] = {"IpAddress", "IPv6Address"}; // PrivateIPv4Address is none of the internet's
    struct load_balancer *balancer = into;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *address = NULL;
        lenient_text(reader, at, keys[i], &address);
        if (address != NULL && address[0] != '\0')
            *vector_add(reader->arena, &balancer->addresses) = address;
    }
    return true;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AvailabilityZone.html
static bool read_zone(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct load_balancer *balancer = into;
    const char *subnet = NULL;
    if (!interned_of(reader, at, "SubnetId", &subnet))
        doubt_failure(reader);
    if (subnet != NULL && subnet[0] != '\0')
        *vector_add(reader->arena, &balancer->subnets) = subnet;
    const char *zone = text_beside(reader, at, "ZoneName");
    if (subnet != NULL && subnet[0] != '\0' && zone != NULL)
        put_zone(reader, subnet, &(struct zone_claim){.account = balancer->account, .name = zone});
    text_list prefixes;
    read_texts(reader, at, "SourceNatIpv6Prefixes", &prefixes);
    text_list_add_all(reader->arena, &balancer->source_nat_prefixes, &prefixes);
    balancer->source_nat = balancer->source_nat || balancer->source_nat_prefixes.count > 0;
    return each_if_present(reader, at, "LoadBalancerAddresses", read_zone_address, into);
}

static void read_own(struct reader *reader, const struct json_cursor *at, struct load_balancer *balancer)
{
    static const char *const types[] = {"application", "network", "gateway", NULL};
    const char *family = NULL;
    int type;
    reader->doubt = &balancer->doubt;
    balancer->record = reader->record;
    balancer->reference = evidence_of(reader, at);
    lenient_text(reader, at, "LoadBalancerName", &balancer->name);
    balancer->name = balancer->name == NULL ? balancer->arn : balancer->name;
    lenient_text(reader, at, "VpcId", &balancer->vpc_id);
    place_of_arn(reader, balancer->arn, &balancer->account, &balancer->region);
    seen_at(reader, balancer->account, balancer->region, balancer->vpc_id);
    read_scheme(reader, at, balancer);
    read_state(reader, at, balancer);
    lenient_text(reader, at, "IpAddressType", &family);
    balancer->without_public_ipv4 = text_same(family, "dualstack-without-public-ipv4");
    balancer->has_ipv6 = family != NULL && strcmp(family, "ipv4") != 0; // "dualstack...", or a word that is new
    balancer->family_told =
        family != NULL && (!balancer->has_ipv6 || strncmp(family, "dualstack", strlen("dualstack")) == 0);
    const char *source_nat = text_beside(reader, at, "EnablePrefixForIpv6SourceNat");
    balancer->source_nat = source_nat != NULL ? strcmp(source_nat, "off") != 0 // a word that is new may be another on
                                              : balancer->has_ipv6 || !balancer->family_told;
    balancer->asks_groups_of_private_link =
        text_same(text_beside(reader, at, "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"), "on");
    each_if_present(reader, at, "AvailabilityZones", read_zone, balancer);
    read_texts(reader, at, "SecurityGroups", &balancer->groups);
    balancer->groups_told = cJSON_IsArray(json_member(at, "SecurityGroups").node);
    if (json_word(at, "Type", types, &type, reader->error))
        balancer->type = (enum load_balancer_type)type;
    else
        doubt_failure(reader);
}

// Another record of a load balancer that is known: either may be so.
static void unite_with(struct reader *reader, struct load_balancer *known, enum twin twin,
                       const struct load_balancer *other)
{
    unite_balancers(reader->arena, known, other);
    if (twin != TWIN_BEFORE)
        return;
    known->record = other->record;
    known->name = other->name;
    known->unsure = other->unsure != NULL ? other->unsure : known->unsure;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancer.html
bool read_load_balancer(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    const char *arn;
    GUARD(interned_of(reader, at, "LoadBalancerArn", &arn));
    struct load_balancer *balancer = load_balancer_with(reader, arn), other = {.arn = arn};
    if (balancer->name == NULL) {
        read_own(reader, at, balancer);
        expect_member(reader, at, EXPECT_BALANCER_STATE, "State", balancer->name, NULL);
        return true;
    }
    enum twin twin = record_twin(reader, at, balancer->record, arn, &balancer->doubt);
    if (twin == TWIN_SAME)
        return true;
    read_own(reader, at, &other);
    unite_with(reader, balancer, twin, &other);
    return true;
}

static void add_classic_listener(struct reader *reader, struct load_balancer *balancer, const struct listener *listener)
{
    for (size_t i = 0; i < balancer->listeners.count; i++) {
        const struct listener *one = &balancer->listeners.items[i];
        if (one->port == listener->port && one->instance_port == listener->instance_port &&
            strcmp(one->protocol, listener->protocol) == 0)
            return;
    }
    *vector_add(reader->arena, &balancer->listeners) = *listener;
}

static bool read_classic_listener(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct load_balancer *balancer = into;
    struct json_cursor inner = member_of(reader, at, "Listener");
    struct listener listener = {.reference = evidence_of(reader, at)};
    long port, instance_port;
    GUARD(json_expect_object(&inner, reader->error));
    GUARD(interned_of(reader, &inner, "Protocol", &listener.protocol));
    GUARD(json_integer(&inner, "LoadBalancerPort", 1, PORT_LAST, &port, reader->error));
    GUARD(json_integer(&inner, "InstancePort", 1, PORT_LAST, &instance_port, reader->error));
    listener.port = (uint16_t)port;
    listener.instance_port = (uint16_t)instance_port;
    add_classic_listener(reader, balancer, &listener);
    return true;
}

static bool read_registered_instance(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct load_balancer *balancer = into;
    const char *id;
    GUARD(interned_of(reader, at, "InstanceId", &id));
    *vector_add(reader->arena, &balancer->instances) = id;
    return true;
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_LoadBalancerDescription.html
bool read_classic_load_balancer(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct load_balancer *balancer = arena_new_of(reader->arena, struct load_balancer);
    const char *zone = NULL;
    balancer->type = LOAD_BALANCER_CLASSIC;
    GUARD(interned_of(reader, at, "LoadBalancerName", &balancer->name));
    reader->doubt = &balancer->doubt;
    lenient_text(reader, at, "VPCId", &balancer->vpc_id);
    const char *key =
        arena_printf(reader->arena, "%s|%s", balancer->vpc_id == NULL ? "" : balancer->vpc_id, balancer->name);
    struct load_balancer *old = map_get(&reader->estate->load_balancers, key);
    enum twin twin = old == NULL ? TWIN_SAME : record_twin(reader, at, old->record, balancer->name, &old->doubt);
    if (old != NULL && twin == TWIN_SAME)
        return true;
    const cJSON *zones = cJSON_GetObjectItemCaseSensitive(at->node, "AvailabilityZones");
    zone = cJSON_IsArray(zones) ? cJSON_GetStringValue(zones->child) : NULL;
    balancer->account = reader->place.account;
    balancer->region = region_of_zone(reader, zone);
    seen_at(reader, balancer->account, balancer->region, balancer->vpc_id);
    balancer->record = reader->record;
    balancer->reference = evidence_of(reader, at);
    read_scheme(reader, at, balancer);
    read_texts(reader, at, "SecurityGroups", &balancer->groups);
    balancer->groups_told = cJSON_IsArray(json_member(at, "SecurityGroups").node);
    read_texts(reader, at, "Subnets", &balancer->subnets);
    balancer->listeners_known = cJSON_IsArray(member_of(reader, at, "ListenerDescriptions").node);
    each_of(reader, at, "ListenerDescriptions", read_classic_listener, balancer);
    each_of(reader, at, "Instances", read_registered_instance, balancer);
    balancer->arn = balancer->name;
    if (old == NULL) {
        map_put(reader->arena, &reader->estate->load_balancers, key, balancer);
        return true;
    }
    for (size_t i = 0; i < balancer->listeners.count; i++)
        add_classic_listener(reader, old, &balancer->listeners.items[i]);
    old->listeners_known = old->listeners_known && balancer->listeners_known;
    unite_with(reader, old, twin, balancer);
    return true;
}

// What its own record tells of a target group.
static void read_own_group(struct reader *reader, const struct json_cursor *at, struct target_group *group)
{
    static const char *const versions[] = {"HTTP1", "HTTP2", "GRPC", NULL};
    const char *account = NULL, *region = NULL, *family = NULL;
    long port = 0;
    bool has_port;
    reader->doubt = &group->doubt;
    group->record = reader->record + 1;
    lenient_text(reader, at, "TargetGroupName", &group->name);
    lenient_text(reader, at, "VpcId", &group->vpc_id);
    lenient_text(reader, at, "TargetType", &group->type);
    lenient_text(reader, at, "Protocol", &group->protocol);
    lenient_text(reader, at, "ProtocolVersion", &group->version);
    if (text_same(group->protocol, "HTTP") || text_same(group->protocol, "HTTPS"))
        expect_member(reader, at, EXPECT_PROTOCOL_VERSION, "ProtocolVersion", group->arn, NULL);
    if (group->version != NULL && !text_among(group->version, versions) && group->doubt == NULL)
        group->doubt = arena_printf(reader->arena, "ProtocolVersion %s of target group %s is not known", group->version,
                                    group->name == NULL ? group->arn : group->name);
    lenient_text(reader, at, "IpAddressType", &family);
    group->family_told = family != NULL;
    group->is_ipv6 = family != NULL && strcmp(family, "ipv6") == 0;
    if (family != NULL && !group->is_ipv6 && strcmp(family, "ipv4") != 0 && group->doubt == NULL)
        group->doubt = arena_printf(reader->arena, "IpAddressType %s of target group %s is not known", family,
                                    group->name == NULL ? group->arn : group->name);
    if (group->protocol != NULL && !target_protocol_is_known(group->protocol) && group->doubt == NULL)
        group->doubt = arena_printf(reader->arena, "Protocol %s of target group %s is not known",
                                    group->protocol[0] == '\0' ? "(empty)" : group->protocol,
                                    group->name == NULL ? group->arn : group->name);
    if (!json_optional_integer(at, "Port", 1, PORT_LAST, &port, &has_port, reader->error))
        doubt_failure(reader);
    group->port = (uint16_t)port;
    place_of_arn(reader, group->arn, &account, &region);
    seen_at(reader, account, region, group->vpc_id);
    read_texts(reader, at, "LoadBalancerArns", &group->load_balancers);
    group->balancers_told = cJSON_IsArray(member_of(reader, at, "LoadBalancerArns").node);
    for (size_t i = 0; i < group->load_balancers.count; i++)
        load_balancer_with(reader, group->load_balancers.items[i]);
    if (member_of(reader, at, "LoadBalancerArns").node == NULL) {
        struct json_cursor missing = member_of(reader, at, "LoadBalancerArns");
        doubt_at(reader, &missing, "is missing, expected an array");
    }
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroup.html
bool read_target_group(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    const char *arn;
    GUARD(interned_of(reader, at, "TargetGroupArn", &arn));
    struct target_group *group = target_group_with(reader, arn);
    if (group->record == 0) {
        read_own_group(reader, at, group);
        return true;
    }
    enum twin twin = record_twin(reader, at, group->record - 1, arn, &group->doubt);
    if (twin == TWIN_SAME)
        return true;
    struct target_group *other = arena_new_of(reader->arena, struct target_group);
    other->arn = arn;
    read_own_group(reader, at, other);
    unite_target_groups(reader->arena, group, twin == TWIN_BEFORE, other);
    return true;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealthDescription.html
bool read_target_health(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct target_group *group = into;
    struct json_cursor inner = member_of(reader, at, "Target"), health, override;
    struct target target = {0};
    long port = 0;
    bool has_port;
    if (group == NULL)
        return true;
    GUARD(json_expect_object(&inner, reader->error));
    GUARD(interned_of(reader, &inner, "Id", &target.id));
    GUARD(json_optional_integer(&inner, "Port", 1, PORT_LAST, &port, &has_port, reader->error));
    target.port = (uint16_t)port;
    lenient_text(reader, &inner, "AvailabilityZone", &target.zone);
    if (lenient_object(reader, at, "TargetHealth", &health)) {
        lenient_text(reader, &health, "State", &target.health);
        lenient_text(reader, &health, "Reason", &target.reason);
    }
    if (lenient_object(reader, at, "AdministrativeOverride", &override)) {
        lenient_text(reader, &override, "State", &target.shift);
        if (target.shift == NULL)
            doubt_at(reader, &override, "has no State");
    }
    target.shift = text_same(target.shift, "no_override") ? NULL : target.shift;
    target.health = target.health == NULL ? "unknown" : target.health;
    for (size_t i = 0; i < group->targets.count; i++)
        if (group->targets.items[i].id == target.id && group->targets.items[i].port == target.port) {
            if (!unite_targets(&group->targets.items[i], &target)) // else the same document a second time
                doubt_at(reader, at, "is another answer about target %s than one before: neither is believed alone",
                         target.id);
            return true;
        }
    *vector_add(reader->arena, &group->targets) = target;
    return true;
}

bool read_target_health_of(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    const char *arn;
    GUARD(interned_of(reader, at, "TargetGroupArn", &arn));
    struct target_group *group = target_group_with(reader, arn);
    group->targets_known = true;
    reader->doubt = &group->doubt;
    return each_of(reader, at, "TargetHealthDescriptions", read_target_health, group);
}

// One of several attributes that are on or off. A third word may be the one that stands for not telling.
static bool read_setting(struct reader *reader, const struct json_cursor *at, const char *other, enum setting *setting)
{
    const char *value;
    GUARD(interned_of(reader, at, "Value", &value));
    bool elsewhere = other != NULL && strcmp(value, other) == 0;
    if (!elsewhere && strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
        return doubt_at(reader, at, "says %s, expected true or false", value);
    enum setting told = elsewhere ? SETTING_ELSEWHERE : strcmp(value, "true") == 0 ? SETTING_ON : SETTING_OFF;
    if (*setting != SETTING_NOT_TOLD && *setting != told) {
        *setting = SETTING_UNSURE;
        return doubt_at(reader, at, "is not what another document tells of it");
    }
    *setting = told;
    return true;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
static bool read_of_group(struct reader *reader, const struct json_cursor *at, const char *key,
                          struct target_group *group)
{
    group->attributes_told = true;
    if (strcmp(key, "load_balancing.cross_zone.enabled") == 0)
        return read_setting(reader, at, "use_load_balancer_configuration", &group->cross_zone);
    return strcmp(key, "preserve_client_ip.enabled") != 0 || read_setting(reader, at, NULL, &group->preserve_client);
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
static bool read_of_balancer(struct reader *reader, const struct json_cursor *at, const char *key,
                             struct load_balancer *balancer)
{
    balancer->attributes_told = true;
    if (strcmp(key, "ipv6.deny_all_igw_traffic") == 0)
        return read_setting(reader, at, NULL, &balancer->deny_gateway);
    if (strcmp(key, "routing.http.preserve_host_header.enabled") == 0)
        return read_setting(reader, at, NULL, &balancer->keeps_host);
    if (strcmp(key, "routing.http.drop_invalid_header_fields.enabled") == 0)
        return read_setting(reader, at, NULL, &balancer->drops_headers);
    if (strcmp(key, "routing.http.xff_header_processing.mode") == 0) {
        const char *mode;
        GUARD(interned_of(reader, at, "Value", &mode));
        bool differs = balancer->forwarded_for != NULL && strcmp(balancer->forwarded_for, mode) != 0;
        balancer->forwarded_for = differs ? "told in two ways" : mode;
        return !differs || doubt_at(reader, at, "is not what another document tells of it");
    }
    return strcmp(key, "load_balancing.cross_zone.enabled") != 0 ||
           read_setting(reader, at, NULL, &balancer->cross_zone);
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_CrossZoneLoadBalancing.html
bool read_classic_attributes(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct load_balancer *balancer = into;
    struct json_cursor zones, enabled;
    GUARD(json_expect_object(at, reader->error));
    if (balancer == NULL)
        return json_fail(at, reader->error, "of what classic load balancer it is, its name does not tell");
    balancer->attributes_told = true;
    if (!lenient_object(reader, at, "CrossZoneLoadBalancing", &zones))
        return true;
    enabled = member_of(reader, &zones, "Enabled");
    if (!cJSON_IsBool(enabled.node))
        return doubt_at(reader, &enabled, "is missing or no boolean");
    enum setting told = cJSON_IsTrue(enabled.node) ? SETTING_ON : SETTING_OFF;
    bool differs = balancer->cross_zone != SETTING_NOT_TOLD && balancer->cross_zone != told;
    balancer->cross_zone = differs ? SETTING_UNSURE : told;
    return !differs || doubt_at(reader, &enabled, "is not what another document tells of it");
}

bool read_attribute(struct reader *reader, const struct json_cursor *at, void *into)
{
    static const char *const deciding[] = {"preserve_client_ip.enabled", "load_balancing.cross_zone.enabled",
                                           "ipv6.deny_all_igw_traffic", NULL};
    const struct attribute_owner *owner = into;
    const char *key = NULL, *value;
    GUARD(json_borrow_string(at, "Key", &key, reader->error));
    if (key == NULL)
        return true;
    if (owner != NULL && owner->balancer != NULL)
        return read_of_balancer(reader, at, key, owner->balancer);
    if (owner != NULL && owner->group != NULL)
        return read_of_group(reader, at, key, owner->group);
    if (!text_among(key, deciding))
        return true;
    GUARD(interned_of(reader, at, "Value", &value));
    return json_fail(at, reader->error, "of what it is neither the document nor its name tells");
}
