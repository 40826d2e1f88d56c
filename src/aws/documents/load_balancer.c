// Load balancers, their listeners, and the targets behind them. elbv2: version 2015-12-01; elb: 2012-06-01.
#include <stdlib.h>
#include <string.h>

#include "aws/documents/reader.h"

// Listeners, target groups and load balancers name each other by ARN in whatever order the documents come.
static struct load_balancer *load_balancer_with(struct reader *reader, const char *arn)
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

struct texts {
    VECTOR(const char *) items;
};

static bool read_texts(struct reader *reader, const struct json_cursor *at, const char *key, struct texts *texts)
{
    struct json_cursor array = json_member(at, key);
    const cJSON *node;
    size_t index = 0;
    *texts = (struct texts){0};
    if (array.node == NULL)
        return true;
    GUARD(json_expect_array(&array, reader->error));
    cJSON_ArrayForEach (node, array.node) {
        struct json_cursor item = json_element(&array, index++, node);
        if (!cJSON_IsString(node))
            return json_fail(&item, reader->error, "is no string, expected one");
        *vector_add(reader->arena, &texts->items) = intern(reader, node->valuestring);
    }
    return true;
}

#define TAKE_TEXTS(list, texts)                                                                                        \
    ((list).items = (texts).items.items, (list).count = (texts).items.count, (list).capacity = (texts).items.capacity)

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancer.html
bool read_load_balancer(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    const char *arn, *scheme;
    struct texts groups;
    static const char *const types[] = {"application", "network", "gateway", NULL};
    int type;
    GUARD(interned_of(reader, at, "LoadBalancerArn", &arn));
    struct load_balancer *balancer = load_balancer_with(reader, arn);
    GUARD(json_word(reader->scratch, at, "Type", types, &type, reader->error));
    balancer->type = (enum load_balancer_type)type;
    GUARD(optional_interned(reader, at, "LoadBalancerName", &balancer->name));
    GUARD(optional_interned(reader, at, "VpcId", &balancer->vpc_id));
    GUARD(optional_interned(reader, at, "Scheme", &scheme));
    GUARD(read_texts(reader, at, "SecurityGroups", &groups));
    TAKE_TEXTS(balancer->groups, groups);
    balancer->name = balancer->name == NULL ? arn : balancer->name;
    balancer->internet_facing = scheme != NULL && strcmp(scheme, "internet-facing") == 0;
    return true;
}

static bool read_classic_listener(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct load_balancer *balancer = into;
    struct json_cursor inner = json_member(at, "Listener");
    GUARD(json_expect_object(&inner, reader->error));
    struct listener *listener = vector_add(reader->arena, &balancer->listeners);
    long port, instance_port;
    GUARD(interned_of(reader, &inner, "Protocol", &listener->protocol));
    GUARD(json_integer(&inner, "LoadBalancerPort", 0, PORT_LAST, &port, reader->error));
    GUARD(json_integer(&inner, "InstancePort", 1, PORT_LAST, &instance_port, reader->error));
    listener->port = (uint16_t)port;
    listener->instance_port = (uint16_t)instance_port;
    return true;
}

static bool read_registered_instance(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct load_balancer *balancer = into;
    return interned_of(reader, at, "InstanceId", vector_add(reader->arena, &balancer->instances));
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_LoadBalancerDescription.html
bool read_classic_load_balancer(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    struct load_balancer *balancer = arena_new_of(reader->arena, struct load_balancer);
    struct texts groups;
    const char *scheme;
    balancer->type = LOAD_BALANCER_CLASSIC;
    balancer->listeners_known = true;
    GUARD(interned_of(reader, at, "LoadBalancerName", &balancer->name));
    GUARD(optional_interned(reader, at, "VPCId", &balancer->vpc_id));
    GUARD(optional_interned(reader, at, "Scheme", &scheme));
    GUARD(read_texts(reader, at, "SecurityGroups", &groups));
    TAKE_TEXTS(balancer->groups, groups);
    GUARD(each_if_present(reader, at, "ListenerDescriptions", read_classic_listener, balancer));
    GUARD(each_if_present(reader, at, "Instances", read_registered_instance, balancer));
    balancer->arn = balancer->name;
    balancer->internet_facing = scheme == NULL || strcmp(scheme, "internet-facing") == 0;
    map_put(reader->arena, &reader->estate->load_balancers,
            arena_printf(reader->arena, "%s|%s", balancer->vpc_id == NULL ? "" : balancer->vpc_id, balancer->name),
            balancer);
    return true;
}

static bool read_forward_target(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct listener *listener = into;
    const char *arn;
    GUARD(optional_interned(reader, at, "TargetGroupArn", &arn));
    if (arn == NULL)
        return true;
    for (size_t i = 0; i < listener->target_groups.count; i++)
        if (listener->target_groups.items[i] == arn)
            return true;
    *vector_add(reader->arena, &listener->target_groups) = arn;
    return true;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Action.html
static bool read_action(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct listener *listener = into;
    struct json_cursor redirect = json_member(at, "RedirectConfig");
    const char *protocol = NULL;
    if (redirect.node != NULL) {
        GUARD(json_expect_object(&redirect, reader->error));
        GUARD(json_borrow_string(&redirect, "Protocol", &protocol, reader->error));
        listener->redirects_to_https = protocol != NULL && strcmp(protocol, "HTTPS") == 0;
    }
    GUARD(read_forward_target(reader, at, into));
    struct json_cursor forward = json_member(at, "ForwardConfig");
    if (forward.node == NULL)
        return true;
    GUARD(json_expect_object(&forward, reader->error));
    return each_if_present(reader, &forward, "TargetGroups", read_forward_target, into);
}

bool read_listener(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    const char *arn, *protocol;
    long port = 0;
    bool has_port;
    GUARD(interned_of(reader, at, "LoadBalancerArn", &arn));
    GUARD(optional_interned(reader, at, "Protocol", &protocol));
    GUARD(json_optional_integer(at, "Port", 0, PORT_LAST, &port, &has_port, reader->error));
    struct load_balancer *balancer = load_balancer_with(reader, arn);
    balancer->listeners_known = true;
    if (!has_port || protocol == NULL) // a gateway load balancer's listener has neither
        return true;
    struct listener *listener = NULL;
    for (size_t i = 0; i < balancer->listeners.count; i++)
        if (balancer->listeners.items[i].port == port && balancer->listeners.items[i].protocol == protocol)
            listener = &balancer->listeners.items[i];
    if (listener == NULL)
        listener = vector_add(reader->arena, &balancer->listeners);
    listener->port = (uint16_t)port;
    listener->protocol = protocol;
    return each_if_present(reader, at, "DefaultActions", read_action, listener);
}

bool read_listeners_of(struct reader *reader, const struct json_cursor *at, void *into)
{
    const char *arn;
    GUARD(interned_of(reader, at, "LoadBalancerArn", &arn));
    load_balancer_with(reader, arn)->listeners_known = true;
    return each_of(reader, at, "Listeners", read_listener, into);
}

static bool read_arn(struct reader *reader, const struct json_cursor *at, const char *key, struct target_group *group)
{
    struct texts arns;
    GUARD(read_texts(reader, at, key, &arns));
    TAKE_TEXTS(group->load_balancers, arns);
    return true;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroup.html
bool read_target_group(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    const char *arn;
    long port = 0;
    bool has_port;
    GUARD(interned_of(reader, at, "TargetGroupArn", &arn));
    struct target_group *group = target_group_with(reader, arn);
    GUARD(optional_interned(reader, at, "TargetGroupName", &group->name));
    GUARD(optional_interned(reader, at, "VpcId", &group->vpc_id));
    GUARD(optional_interned(reader, at, "TargetType", &group->type));
    GUARD(optional_interned(reader, at, "Protocol", &group->protocol));
    GUARD(json_optional_integer(at, "Port", 0, PORT_LAST, &port, &has_port, reader->error));
    group->port = (uint16_t)port;
    return read_arn(reader, at, "LoadBalancerArns", group);
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealthDescription.html
bool read_target_health(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct target_group *group = into;
    struct json_cursor inner = json_member(at, "Target"), health = json_member(at, "TargetHealth");
    struct target target = {.health = "unknown"};
    long port = 0;
    bool has_port;
    GUARD(json_expect_object(&inner, reader->error));
    GUARD(interned_of(reader, &inner, "Id", &target.id));
    GUARD(json_optional_integer(&inner, "Port", 0, PORT_LAST, &port, &has_port, reader->error));
    target.port = (uint16_t)port;
    if (health.node != NULL) {
        GUARD(json_expect_object(&health, reader->error));
        GUARD(interned_of(reader, &health, "State", &target.health));
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
    return each_of(reader, at, "TargetHealthDescriptions", read_target_health, group);
}

bool read_target_group_attribute(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct target_group *group = into;
    const char *key, *value;
    GUARD(json_borrow_string(at, "Key", &key, reader->error));
    GUARD(json_borrow_string(at, "Value", &value, reader->error));
    if (key != NULL && value != NULL && strcmp(key, "preserve_client_ip.enabled") == 0)
        group->preserve_client = strcmp(value, "true") == 0 ? PRESERVE_ON : PRESERVE_OFF;
    return true;
}

// "describe-target-health.NAME.ID.json", or only NAME or ID: of several that fit, the longest name wins.
struct target_group *target_group_of_file(struct reader *reader, const char *file)
{
    const char *base = strrchr(file, '/') == NULL ? file : strrchr(file, '/') + 1;
    struct target_group *best = NULL;
    size_t best_length = 0;
    const struct map *map = &reader->estate->target_groups;
    for (size_t i = 0; i < map->size; i++) {
        struct target_group *group = map->slots[i].value;
        if (map->slots[i].key == NULL)
            continue;
        const char *id = strrchr(group->arn, '/') == NULL ? group->arn : strrchr(group->arn, '/') + 1;
        size_t length = strstr(base, id) != NULL ? 1000 : 0;
        if (length == 0 && group->name != NULL && strstr(base, group->name) != NULL)
            length = strlen(group->name);
        if (length > best_length || (length > 0 && length == best_length && strcmp(group->arn, best->arn) < 0)) {
            best = group;
            best_length = length;
        }
    }
    return best;
}
