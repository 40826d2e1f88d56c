// Global Accelerator and CloudFront VPC origins: what they bring clients to. Version 2018-08-08 and 2020-05-31.
#include <string.h>

#include "aws/documents/calls.h"
#include "aws/documents/documents.h"
#include "aws/documents/readers.h"
#include "model/bridge.h"

// ---- Accelerators. Their listeners and endpoint groups name them by their ARNs, in whatever order documents come:
// arn:aws:globalaccelerator::ACCOUNT:accelerator/ID/listener/ID/endpoint-group/ID

static struct accelerator *accelerator_with(struct reader *reader, const char *arn)
{
    const char *end = strstr(arn, "/listener/");
    const char *own = end == NULL ? arn : intern(reader, arena_strndup(reader->scratch, arn, (size_t)(end - arn)));
    struct accelerator *one = map_get(&reader->estate->accelerators, own);
    if (one == NULL) {
        one = arena_new_of(reader->arena, struct accelerator);
        *one = (struct accelerator){
            .arn = own, .evidence = reader->name, .name = text_behind_slash(own), .enabled = true, .takes_ipv6 = true};
        map_put(reader->arena, &reader->estate->accelerators, own, one);
    }
    return one;
}

static struct accelerator_listener *listener_with(struct reader *reader, struct accelerator *accelerator,
                                                  const char *arn)
{
    const char *end = strstr(arn, "/endpoint-group/");
    const char *own = end == NULL ? arn : intern(reader, arena_strndup(reader->scratch, arn, (size_t)(end - arn)));
    for (size_t i = 0; i < accelerator->listeners.count; i++)
        if (strcmp(accelerator->listeners.items[i].arn, own) == 0)
            return &accelerator->listeners.items[i];
    struct accelerator_listener *one = vector_add(reader->arena, &accelerator->listeners);
    *one = (struct accelerator_listener){.arn = own, .protocol = -1};
    return one;
}

static void note_accelerator(struct reader *reader, const struct json_cursor *at, const struct accelerator *one,
                             const char *account)
{
    const char *name = text_beside(reader, at, "Name");
    struct public_place place = {.service = "globalaccelerator",
                                 .kind = "accelerator",
                                 .id = name != NULL ? name : text_behind_slash(one->arn),
                                 .detail = text_beside(reader, at, "DnsName"),
                                 .account = account,
                                 .region = "global"};
    note_public(reader, &place);
}

// A text that AWS prints in every record; without it what rests on it is not known, which is a doubt.
static const char *text_always(struct reader *reader, const struct json_cursor *at, const char *key, const char *tells)
{
    const char *text = text_beside(reader, at, key);
    struct json_cursor member = json_member(at, key);
    if (text == NULL)
        doubt_at(reader, &member, "is %s, expected a word: %s is not told", json_kind(member.node), tells);
    return text;
}

// A number within bounds that AWS prints in every record; a doubt, and -1, where it is none.
static double number_always(struct reader *reader, const struct json_cursor *at, const char *key, double most)
{
    struct json_cursor member = json_member(at, key);
    if (cJSON_IsNumber(member.node) && member.node->valuedouble >= 0 && member.node->valuedouble <= most)
        return member.node->valuedouble;
    doubt_at(reader, &member, "is %s, expected a number from 0 to %.0f",
             cJSON_IsNumber(member.node) ? "out of its range" : json_kind(member.node), most);
    return -1;
}

bool read_accelerator(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    const char *arn, *account = NULL, *region = NULL, *status = NULL, *type = NULL;
    GUARD(interned_of(reader, at, "AcceleratorArn", &arn));
    place_of_arn(reader, arn, &account, &region);
    seen_at(reader, account, "global", NULL);
    struct accelerator *one = accelerator_with(reader, arn);
    reader->doubt = &one->doubt;
    const struct aws_call *named = call_of_file(reader->name);
    if (named != NULL && strcmp(named->operation, "ListCustomRoutingAccelerators") == 0) {
        reader->call = "globalaccelerator list-custom-routing-accelerators";
        one->custom_routing = true;
    }
    if (one->told) {
        if (!record_agrees(reader, at, one->record, arn, &one->doubt)) {
            const cJSON *off = cJSON_GetObjectItemCaseSensitive(at->node, "Enabled");
            one->enabled = one->enabled || !cJSON_IsFalse(off);
            one->takes_ipv6 = true;
            one->name = lesser_text(one->name, text_beside(reader, at, "Name"));
            if (!cJSON_IsFalse(off))
                note_accelerator(reader, at, one, account);
        }
        return true;
    }
    one->told = true;
    one->record = reader->record;
    const char *name = text_beside(reader, at, "Name");
    one->name = name == NULL ? one->name : name;
    struct json_cursor enabled = member_of(reader, at, "Enabled");
    one->enabled = !cJSON_IsFalse(enabled.node);
    if (!cJSON_IsBool(enabled.node))
        doubt_at(reader, &enabled, "is missing or no boolean: %s is taken to be enabled", one->name);
    status = text_always(reader, at, "Status", "of what status it is");
    if (status == NULL || strcmp(status, "DEPLOYED") != 0)
        one->unsure = arena_printf(reader->arena, "accelerator %s is %s", one->name,
                                   status == NULL ? "of no status that is told" : status);
    type = text_always(reader, at, "IpAddressType", "whether it takes IPv6 clients");
    one->takes_ipv6 = type == NULL || strcmp(type, "IPV4") != 0;
    if (one->enabled)
        note_accelerator(reader, at, one, account);
    return true;
}

// A document of custom routing, by the call that its file is named after.
static bool is_of_custom_routing(const struct reader *reader)
{
    const struct aws_call *named = call_of_file(reader->name);
    return named != NULL && strncmp(named->operation, "ListCustomRouting", strlen("ListCustomRouting")) == 0;
}

// A port that is not told is none: read_ports takes it as all.
static bool read_port(struct reader *reader, const struct json_cursor *at, const char *key, uint16_t *port)
{
    struct json_cursor member = member_of(reader, at, key);
    uint16_t high;
    if (!cJSON_IsNumber(member.node))
        return json_fail(&member, reader->error, "is missing or no number, expected a port");
    return read_ports(reader, at, key, key, port, &high);
}

static bool read_port_range(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct accelerator_listener *listener = into;
    struct port_range range;
    GUARD(read_port(reader, at, "FromPort", &range.low) && read_port(reader, at, "ToPort", &range.high));
    if (range.low > range.high)
        return json_fail(at, reader->error, "ends before it begins");
    *vector_add(reader->arena, &listener->ports) = range;
    return true;
}

bool read_accelerator_listener(struct reader *reader, const struct json_cursor *at, const char *arn)
{
    const char *protocol = NULL, *account = NULL, *region = NULL;
    struct accelerator *accelerator = accelerator_with(reader, arn);
    struct accelerator_listener *one = listener_with(reader, accelerator, arn), again = {0};
    reader->doubt = &accelerator->doubt;
    accelerator->listeners_known = true;
    place_of_arn(reader, arn, &account, &region);
    seen_at(reader, account, "global", accelerator->arn); // by accelerator: each has pages of its own
    if (one->told && record_agrees(reader, at, one->record, arn, &accelerator->doubt))
        return true;
    if (one->told) // the accelerator is doubtful now: it is read for what else is odd
        one = &again;
    one->told = true;
    one->record = reader->record;
    if (!accelerator->custom_routing && !is_of_custom_routing(reader)) // those have none
        protocol = text_always(reader, at, "Protocol", "whether it is TCP or UDP");
    one->protocol = protocol == NULL ? -1 : strcmp(protocol, "TCP") == 0 ? 6 : strcmp(protocol, "UDP") == 0 ? 17 : -1;
    GUARD(each_of(reader, at, "PortRanges", read_port_range, one));
    return one->ports.count > 0 || json_fail(at, reader->error, "has no PortRanges");
}

static bool read_port_override(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct accelerator_group *group = into;
    struct port_override one;
    GUARD(read_port(reader, at, "ListenerPort", &one.listener_port));
    GUARD(read_port(reader, at, "EndpointPort", &one.endpoint_port));
    *vector_add(reader->arena, &group->overrides) = one;
    return true;
}

// A weight of 0 keeps clients away but for failover, and for connections that would collide.
// https://docs.aws.amazon.com/global-accelerator/latest/dg/about-endpoints-endpoint-weights.unhealthy-endpoints.html
static bool read_accelerator_endpoint(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct accelerator_group *group = into;
    struct accelerator_endpoint one = {0};
    GUARD(interned_of(reader, at, "EndpointId", &one.id));
    double weight = number_always(reader, at, "Weight", 255);
    if (weight <= 0)
        one.unsure =
            arena_printf(reader->arena, weight == 0 ? "%s has weight 0" : "the weight of %s is not told", one.id);
    // "UNHEALTHY" ones are sent clients where all are; of "INITIAL", or of a word that is new, that is not sure.
    static const char *const sure[] = {"HEALTHY", "UNHEALTHY", NULL};
    const char *health = text_always(reader, at, "HealthState", "whether clients are sent there");
    if ((health == NULL || !text_among(health, sure)) && one.unsure == NULL) {
        one.unsure =
            arena_printf(reader->arena, "the health of %s is %s", one.id, health == NULL ? "not told" : health);
        one.by_answer = true;
    }
    struct json_cursor keeps = member_of(reader, at, "ClientIPPreservationEnabled");
    one.keeps_client = !cJSON_IsFalse(keeps.node);
    one.keeps_told = cJSON_IsBool(keeps.node);
    if (!cJSON_IsBool(keeps.node)) {
        doubt_at(reader, &keeps, "is %s, expected true or false", json_kind(keeps.node));
        one.unsure = arena_printf(reader->arena, "whether %s sees the clients' addresses is not told", one.id);
        one.by_answer = true;
    }
    *vector_add(reader->arena, &group->endpoints) = one;
    return true;
}

static bool read_destination(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct accelerator_group *group = into;
    struct custom_destination one = {0};
    struct json_cursor protocols = member_of(reader, at, "Protocols");
    const cJSON *node;
    GUARD(read_port(reader, at, "FromPort", &one.ports.low) && read_port(reader, at, "ToPort", &one.ports.high));
    if (one.ports.low > one.ports.high)
        return json_fail(at, reader->error, "ends before it begins");
    if (cJSON_GetArraySize(protocols.node) == 0)
        return json_fail(&protocols, reader->error, "is missing or empty, expected protocols");
    cJSON_ArrayForEach (node, protocols.node) {
        const char *word = cJSON_GetStringValue(node);
        bool known = text_same(word, "TCP") || text_same(word, "UDP");
        one.tcp = one.tcp || !known || text_same(word, "TCP"); // a word that is new may be either
        one.udp = one.udp || !known || text_same(word, "UDP");
    }
    *vector_add(reader->arena, &group->destinations) = one;
    return true;
}

// A subnet. https://docs.aws.amazon.com/global-accelerator/latest/api/API_CustomRoutingEndpointDescription.html
static bool read_custom_endpoint(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct accelerator_group *group = into;
    struct accelerator_endpoint one = {.keeps_client = true, .keeps_told = true};
    GUARD(interned_of(reader, at, "EndpointId", &one.id));
    *vector_add(reader->arena, &group->endpoints) = one;
    return true;
}

// "Global Accelerator routes traffic to the healthy endpoint": one that is not, beside it, is sent clients only where
// it is healthy again, or that one is not.
// https://docs.aws.amazon.com/global-accelerator/latest/dg/about-endpoints-endpoint-weights.unhealthy-endpoints.html
static void doubt_unhealthy(struct reader *reader, const struct json_cursor *at, struct accelerator_group *group)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(at->node, "EndpointDescriptions"), *one;
    bool healthy = false;
    cJSON_ArrayForEach (one, list) {
        const cJSON *weight = cJSON_GetObjectItemCaseSensitive(one, "Weight");
        const char *health = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one, "HealthState"));
        healthy = healthy || (text_same(health, "HEALTHY") && !(cJSON_IsNumber(weight) && weight->valuedouble == 0));
    }
    cJSON_ArrayForEach (one, list) {
        const char *health = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one, "HealthState"));
        const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one, "EndpointId"));
        for (size_t i = 0; healthy && text_same(health, "UNHEALTHY") && i < group->endpoints.count; i++)
            if (text_same(group->endpoints.items[i].id, id) && group->endpoints.items[i].unsure == NULL)
                group->endpoints.items[i].unsure =
                    arena_printf(reader->arena, "%s is UNHEALTHY, and another endpoint of its group is HEALTHY", id);
    }
}

// A traffic dial of 0 does the same to all endpoints of a group.
bool read_endpoint_group(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    const char *arn, *account = NULL, *region = NULL;
    GUARD(interned_of(reader, at, "EndpointGroupArn", &arn));
    if (strstr(arn, "/listener/") == NULL)
        return json_fail(at, reader->error, "has an EndpointGroupArn that names no listener: %s", arn);
    struct accelerator *accelerator = accelerator_with(reader, arn);
    struct accelerator_listener *listener = listener_with(reader, accelerator, arn);
    reader->doubt = &accelerator->doubt;
    listener->groups_known = true;
    place_of_arn(reader, arn, &account, &region);
    seen_at(reader, account, "global", NULL);
    struct accelerator_group *group = NULL, again;
    for (size_t i = 0; i < listener->groups.count; i++)
        if (strcmp(listener->groups.items[i].arn, arn) == 0) {
            if (record_agrees(reader, at, listener->groups.items[i].record, arn, &accelerator->doubt))
                return true;
            group = &again; // as a listener
        }
    group = group == NULL ? vector_add(reader->arena, &listener->groups) : group;
    *group = (struct accelerator_group){.arn = arn, .record = reader->record};
    group->region = text_always(reader, at, "EndpointGroupRegion", "of which region its endpoints are");
    bool custom = is_of_custom_routing(reader) || cJSON_HasObjectItem(at->node, "DestinationDescriptions");
    accelerator->custom_routing = accelerator->custom_routing || custom;
    if (custom)
        each_of(reader, at, "DestinationDescriptions", read_destination, group);
    each_if_present(reader, at, "PortOverrides", read_port_override, group);
    each_of(reader, at, "EndpointDescriptions", custom ? read_custom_endpoint : read_accelerator_endpoint, group);
    doubt_unhealthy(reader, at, group);
    double dial = custom ? 100 : number_always(reader, at, "TrafficDialPercentage", 100); // custom routing has none
    for (size_t i = 0; dial <= 0 && i < group->endpoints.count; i++) {
        group->endpoints.items[i].unsure = dial == 0 ? "the traffic dial of its endpoint group is 0"
                                                     : "the traffic dial of its endpoint group is not told";
        group->endpoints.items[i].by_answer = false;
    }
    return true;
}

// An answer without an element says that there are none, of what its file's name holds (contract.md).
void settle_accelerators(struct reader *reader)
{
    const struct documents *documents = reader->documents;
    struct map *map = &reader->estate->accelerators;
    for (size_t e = 0; e < documents->empty_answers.count; e++) {
        const char *name = documents->empty_answers.items[e];
        const struct aws_call *call = call_of_file(name);
        static const char *const groups[] = {"ListEndpointGroups", "ListCustomRoutingEndpointGroups", NULL},
                                 *const listeners[] = {"ListListeners", "ListCustomRoutingListeners", NULL};
        bool of_groups = call != NULL && text_among(call->operation, groups);
        bool of_listeners = call != NULL && text_among(call->operation, listeners);
        for (size_t i = 0; i < map->size; i++) {
            struct accelerator *one = map->slots[i].value;
            if (one == NULL)
                continue;
            if (of_listeners && file_names(name, text_behind_slash(one->arn)))
                one->listeners_known = true;
            for (size_t l = 0; of_groups && l < one->listeners.count; l++)
                if (file_names(name, text_behind_slash(one->listeners.items[l].arn)))
                    one->listeners.items[l].groups_known = true;
        }
    }
    for (size_t i = 0; i < map->size; i++) {
        const struct accelerator *one = map->slots[i].value;
        if (one != NULL && !one->told)
            *vector_add(reader->arena, &reader->estate->ignored) = (struct ignored){
                one->evidence,
                arena_printf(reader->arena, "is of %s, of which no document of ListAccelerators tells", one->arn)};
    }
}

// Pages of an accelerator's listeners that are missing.
const char **doubt_of_accelerator(struct reader *reader, const char *arn)
{
    return &accelerator_with(reader, arn)->doubt;
}

// ---- VPC origins

struct vpc_origin *vpc_origin_with(struct reader *reader, const char *id)
{
    struct vpc_origin *one = map_get(&reader->estate->vpc_origins, id);
    if (one == NULL) {
        one = arena_new_of(reader->arena, struct vpc_origin);
        *one = (struct vpc_origin){.id = id, .ports = portset_all};
        map_put(reader->arena, &reader->estate->vpc_origins, id, one);
    }
    return one;
}

static void read_origin_place(struct reader *reader, const struct json_cursor *at, struct vpc_origin *one)
{
    const char *arn = text_beside(reader, at, "Arn"), *account = NULL, *region = NULL, *status = NULL;
    place_of_arn(reader, arn, &account, &region);
    if (text_beside(reader, at, "AccountId") != NULL)
        account = text_beside(reader, at, "AccountId");
    if (one->account != NULL && account != NULL && strcmp(one->account, account) != 0)
        doubt_at(reader, at,
                 "says that VPC origin %s is of account %s, and another answer %s: neither is believed alone", one->id,
                 account, one->account);
    one->account = account;
    seen_at(reader, account, "global", NULL);
    lenient_text(reader, at, "Status", &status);
    const char *before = one->status;
    one->status = status == NULL ? before : status;
    if (before != NULL && status != NULL && strcmp(before, status) != 0) {
        doubt_at(reader, at, "says that VPC origin %s is %s, and another answer %s: neither is believed alone", one->id,
                 status, before);
        one->unsure =
            arena_printf(reader->arena, "VPC origin %s is %s by one answer and %s by another", one->id,
                         lesser_text(before, status), before == lesser_text(before, status) ? status : before);
    } else if (status == NULL || strcmp(status, "Deployed") != 0)
        one->unsure = arena_printf(reader->arena, "VPC origin %s is %s", one->id,
                                   status == NULL ? "of no status that is told" : status);
}

// Two answers that tell of different targets of an origin: where it is is not known then.
static void differ_in_target(struct reader *reader, const struct json_cursor *at, struct vpc_origin *one,
                             const char *target)
{
    if (target == NULL || text_same(one->target, target) || one->target_differs)
        return;
    doubt_at(reader, at, "tells of another target of VPC origin %s than an answer before: neither is believed",
             one->id);
    one->target = NULL;
    one->target_differs = true;
}

// Of the list of all: which there are, and where each is.
// https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_VpcOriginSummary.html
static bool read_origin_summary(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    const char *id;
    GUARD(interned_of(reader, at, "Id", &id));
    struct vpc_origin *one = vpc_origin_with(reader, id);
    reader->doubt = &one->doubt;
    const char *target = text_beside(reader, at, "OriginEndpointArn");
    if (one->told || one->listed_target != NULL) { // each of them tells where it is
        differ_in_target(reader, at, one, target);
        read_origin_place(reader, at, one);
        return true;
    }
    one->record = reader->record;
    read_origin_place(reader, at, one);
    lenient_text(reader, at, "OriginEndpointArn", &one->target);
    one->listed_target = one->target;
    return true;
}

bool read_origin_list(struct reader *reader, const struct json_cursor *at, void *into)
{
    GUARD(json_expect_object(at, reader->error));
    doubt_pages_of(reader, at);
    return each_if_present(reader, at, "Items", read_origin_summary, into);
}

// "Valid values are ipv4 and dualstack":
// https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_VpcOriginEndpointConfig.html
static enum asks_ipv6 asks_ipv6_of(struct reader *reader, const struct json_cursor *config)
{
    const char *type = NULL;
    if (!cJSON_HasObjectItem(config->node, "IpAddressType"))
        return ASKS_IPV6_UNTOLD; // as AWS answered before it was there
    lenient_text(reader, config, "IpAddressType", &type);
    return text_same(type, "ipv4") ? ASKS_IPV6_NEVER : ASKS_IPV6_PERHAPS;
}

// https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_VpcOriginEndpointConfig.html
bool read_vpc_origin(struct reader *reader, const struct json_cursor *at, void *into)
{
    (void)into;
    static const char *const policies[] = {"http-only", "match-viewer", "https-only", NULL};
    const char *id;
    struct json_cursor config;
    int policy;
    struct port_range http, https;
    GUARD(json_expect_object(at, reader->error));
    GUARD(interned_of(reader, at, "Id", &id));
    struct vpc_origin *one = vpc_origin_with(reader, id);
    reader->doubt = &one->doubt;
    if (one->told) {
        if (!record_agrees(reader, at, one->record, id, &one->doubt)) { // it may have any target
            one->target = NULL;
            one->target_differs = true;
        }
        return true;
    }
    const char *listed = one->target;
    one->told = true;
    one->record = reader->record;
    read_origin_place(reader, at, one);
    config = member_of(reader, at, "VpcOriginEndpointConfig");
    GUARD(json_expect_object(&config, reader->error));
    lenient_text(reader, &config, "Arn", &one->target);
    if (one->target == NULL)
        doubt_at(reader, &config, "has no Arn");
    differ_in_target(reader, &config, one, listed);
    one->asks_ipv6 = asks_ipv6_of(reader, &config);
    GUARD(json_word(&config, "OriginProtocolPolicy", policies, &policy, reader->error));
    GUARD(read_port(reader, &config, "HTTPPort", &http.low));
    http.high = http.low;
    GUARD(read_port(reader, &config, "HTTPSPort", &https.low));
    https.high = https.low;
    struct port_range ports[] = {http, https};
    size_t first = policy == 2 ? 1 : 0, count = policy == 1 ? 2 : 1;
    one->ports = portset_from(reader->arena, ports + first, count);
    // "match-viewer": "connect to the origin over HTTP or HTTPS, depending on the protocol of the viewer request".
    if (policy == 1 && http.low != https.low)
        one->plain_ports = portset_from(reader->arena, &http, 1);
    return true;
}
