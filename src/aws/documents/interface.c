// Network interfaces and instances.
#include <stdlib.h>
#include <string.h>

#include "aws/documents/completeness.h"
#include "aws/documents/readers.h"
#include "model/interface_kind.h"

// What one record holds, gathered in scratch memory and then copied at its exact size.
struct gathered {
    VECTOR(const char *) tags; // key, value, key, value...
    VECTOR(const char *) groups;
    VECTOR(const char *) public_addresses;
    bool of_origins;      // some group bears the name of CloudFront's own
    bool of_accelerators; // or of Global Accelerator's
};

static bool read_tag(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct gathered *gathered = into;
    const char *key, *value;
    GUARD(interned_of(reader, at, "Key", &key));
    GUARD(optional_text(reader, at, "Value", &value));
    value = value == NULL ? "" : value;
    *vector_add(reader->scratch, &gathered->tags) = key;
    *vector_add(reader->scratch, &gathered->tags) = value;
    return true;
}

// Tags decide nothing about packets.
static void read_tags(struct reader *reader, const struct json_cursor *at, const char *key, struct gathered *gathered)
{
    const char **doubt = reader->doubt;
    reader->doubt = NULL;
    each_if_present(reader, at, key, read_tag, gathered);
    reader->doubt = doubt;
}

static const char *const *kept_texts(struct reader *reader, const char *const *items, size_t count)
{
    const char **kept = count == 0 ? NULL : arena_array(reader->arena, const char *, count);
    for (size_t i = 0; i < count; i++)
        kept[i] = items[i];
    return kept;
}

static bool read_group_id(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct gathered *gathered = into;
    const char *id;
    GUARD(interned_of(reader, at, "GroupId", &id));
    *vector_add(reader->scratch, &gathered->groups) = id;
    const char *name = text_beside(reader, at, "GroupName");
    gathered->of_origins = gathered->of_origins || text_same(name, ORIGINS_GROUP);
    gathered->of_accelerators = gathered->of_accelerators || text_same(name, ACCELERATORS_GROUP);
    return true;
}

static bool is_word(const char *text, const char *word)
{
    return text_same(text, word);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInterfaceAttachment.html
static void read_attachment(struct reader *reader, const struct json_cursor *at, struct network_interface *interface)
{
    struct json_cursor attachment;
    const char *state = NULL, *status = NULL;
    long index, card;
    bool has_index = false, has_card = false;
    interface->device_index = -1;
    lenient_text(reader, at, "Status", &status);
    interface->attached = !is_word(status, "available");
    struct json_cursor told = json_member(at, "Status");
    if (told.node == NULL && !interface->nested) // AWS prints it always
        doubt_at(reader, &told, "is missing, expected a string");
    if (lenient_object(reader, at, "Attachment", &attachment)) {
        if (!optional_text(reader, &attachment, "InstanceId", &interface->instance_id))
            doubt_failure(reader);
        const char *owner = text_beside(reader, &attachment, "InstanceOwnerId");
        interface->instance_elsewhere = owner != NULL && !text_same(owner, text_beside(reader, at, "OwnerId"));
        lenient_text(reader, &attachment, "Status", &state);
        if (!json_optional_integer(&attachment, "DeviceIndex", 0, INT16_MAX, &index, &has_index, reader->error))
            doubt_failure(reader);
        if (!json_optional_integer(&attachment, "NetworkCardIndex", 0, INT16_MAX, &card, &has_card, reader->error)) {
            doubt_failure(reader);
            has_index = false;
        }
        interface->device_index = !has_index ? -1 : device_index((int16_t)index, has_card ? card : 0);
        if (status == NULL && is_word(state, "detached"))
            interface->attached = false;
    }
    bool attached = is_word(state, "attached"), detached = is_word(state, "detached");
    // "associated", "attaching", "detaching", or a word that is new: neither there nor gone.
    const char *odd = status != NULL && interface->attached && !is_word(status, "in-use") ? status
                      : state != NULL && !attached && !detached                           ? state
                                                                                          : NULL;
    // One attached is "in-use", one detached "available": of two words that differ neither is believed alone.
    bool differ = status != NULL && (detached ? interface->attached : state != NULL && !interface->attached);
    interface->attached = interface->attached || (differ && !detached);
    if ((odd != NULL || differ) && interface->doubt == NULL)
        interface->doubt =
            differ ? arena_printf(reader->arena, "%s is %s, and its attachment is %s", interface->id, status, state)
                   : arena_printf(reader->arena, "%s is %s", interface->id, odd);
}

static bool read_interface_place(struct reader *reader, const struct json_cursor *at,
                                 struct network_interface *interface)
{
    struct interface_place place = {0};
    const char *zone = NULL;
    lenient_text(reader, at, "VpcId", &place.vpc_id);
    lenient_text(reader, at, "SubnetId", &place.subnet_id);
    lenient_text(reader, at, "AvailabilityZone", &zone);
    lenient_text(reader, at, "OwnerId", &place.account_id);
    place.region = region_of_zone(reader, zone);
    if (place.vpc_id == NULL && place.subnet_id == NULL) {
        struct json_cursor missing = member_of(reader, at, "VpcId");
        return json_fail(&missing, reader->error, "is missing, expected a string");
    }
    if (place.vpc_id == NULL) {
        struct json_cursor missing = member_of(reader, at, "VpcId");
        doubt_at(reader, &missing, "is missing, expected a string");
        const struct subnet *subnet = map_get(&reader->estate->subnets, place.subnet_id);
        place.vpc_id = subnet != NULL && subnet->vpc_id != NULL ? subnet->vpc_id : VPC_UNKNOWN;
    }
    place.account_id = place.account_id == NULL ? reader->place.account : place.account_id;
    place.region = place.region == NULL ? reader->place.region : place.region;
    interface->place = place_with(reader, &place);
    listing_sees(reader, reader->listing, interface->place);
    note_zone(reader, at, place.subnet_id);
    return true;
}

// What a kind that is not modelled lets in is not known, nor whether groups have a say in it.
static void read_kind(struct reader *reader, struct network_interface *interface)
{
    const struct interface_kind *kind = interface_kind_of(interface->type);
    const char *why = NULL;
    interface->groups_unsure = kind == NULL || kind->admission == INTERFACE_UNMODELLED;
    if (kind == NULL)
        why = arena_printf(reader->arena, "%s is of type %s, which this sgproof does not know", interface->id,
                           interface->type);
    else if (kind->admission == INTERFACE_UNMODELLED || kind->admission == INTERFACE_BRINGS_IN)
        why = arena_printf(reader->arena, "%s is of type %s (%s): what reaches it is not modelled", interface->id,
                           interface->type, kind->what);
    if (why != NULL && interface->doubt == NULL)
        interface->doubt = why;
}

// Absent where the interface's instance tells of it.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInterface.html
static void read_igw_traffic(struct reader *reader, const struct json_cursor *at, struct network_interface *interface)
{
    bool denied = false;
    if (member_of(reader, at, "DenyAllIgwTraffic").node == NULL)
        return;
    lenient_boolean(reader, at, "DenyAllIgwTraffic", &denied);
    interface->igw_traffic = denied ? IGW_DENIED : IGW_ALLOWED;
}

// Whether it takes packets that are for others, as a router does. One that does is kept with its place.
static void read_source_check(struct reader *reader, const struct json_cursor *at, struct network_interface *interface)
{
    struct json_cursor check = member_of(reader, at, "SourceDestCheck");
    interface->source_check_told = cJSON_IsBool(check.node);
    interface->takes_others = cJSON_IsFalse(check.node);
    if (interface->takes_others)
        note_setting(reader, at,
                     &(struct public_setting){.thing = "interface",
                                              .id = interface->id,
                                              .is_public = true,
                                              .detail = "its source/destination check is off"});
}

// What AWS's own interfaces are of, their description and requester say: one that is no text is of nobody knows what.
static void doubt_own_words(struct reader *reader, const struct json_cursor *at,
                            const struct network_interface *interface)
{
    static const char *const words[] = {"Description", "RequesterId"};
    for (size_t i = 0; interface->requester_managed && i < sizeof(words) / sizeof(words[0]); i++) {
        struct json_cursor word = member_of(reader, at, words[i]);
        if (word.node != NULL && !cJSON_IsString(word.node) && !cJSON_IsNull(word.node))
            doubt_at(reader, &word, "is %s, expected a string", json_kind(word.node));
    }
}

static void read_type(struct reader *reader, const struct json_cursor *at, struct network_interface *interface)
{
    const char *description = NULL;
    lenient_text(reader, at, "InterfaceType", &interface->type);
    interface->type_told = interface->type != NULL;
    interface->type = interface->type == NULL ? "interface" : interface->type;
    if (!interface->nested)
        expect_member(reader, at, EXPECT_INTERFACE_TYPE, "InterfaceType", interface->id, NULL);
    read_kind(reader, interface);
    interface->description = description = text_beside(reader, at, "Description");
    if (description != NULL && strncmp(description, "ELB ", 4) == 0)
        interface->load_balancer = description + 4;
    interface->requester_id = text_beside(reader, at, "RequesterId");
    interface->is_database = description != NULL && strcmp(description, "RDSNetworkInterface") == 0;
    lenient_boolean(reader, at, "RequesterManaged", &interface->requester_managed);
    doubt_own_words(reader, at, interface);
    read_source_check(reader, at, interface);
    if (!interface->type_told && interface->requester_managed && interface->load_balancer == NULL &&
        !interface->nested && interface->doubt == NULL)
        interface->doubt =
            arena_printf(reader->arena, "%s is AWS's own, and of no InterfaceType that is told", interface->id);
    interface->is_vpc_origin =
        interface->requester_managed && description != NULL && strstr(description, "CloudFront") != NULL;
}

// Anybody may write a description. Only on an interface that AWS made it tells whose it is; one of an instance is not,
// where it is not said to be: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/requester-managed-eni.html
static void doubt_description(struct reader *reader, const struct json_cursor *at, struct network_interface *interface)
{
    bool somebodys = cJSON_IsFalse(member_of(reader, at, "RequesterManaged").node) || interface->instance_id != NULL;
    bool of_balancer =
        strstr(interface->type, "load_balancer") != NULL || text_same(interface->requester_id, "amazon-elb");
    if (somebodys && !interface->requester_managed && !of_balancer) {
        interface->load_balancer = NULL;
        interface->is_database = false;
    }
}

// An interface nested in an instance that ends, or only starts, is none yet or no more.
static bool is_between(const struct instance *instance, const struct json_cursor *at)
{
    static const char *const states[] = {"shutting-down", "terminated", "pending", "stopping", "stopped", NULL};
    return instance != NULL && instance->state != NULL && text_among(instance->state, states) &&
           json_member(at, "VpcId").node == NULL && json_member(at, "SubnetId").node == NULL;
}

bool read_interface(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct instance *instance = into;
    struct network_interface *interface = arena_new_of(reader->arena, struct network_interface);
    struct gathered gathered = {0};
    const char **doubt = reader->doubt;
    if (is_between(instance, at)) {
        instance->between = true;
        *vector_add(reader->arena, &reader->estate->notes) =
            arena_printf(reader->arena, "%s: an interface of %s, which is %s, is left out: it is in no VPC",
                         reader->name, instance->id, instance->state);
        return true;
    }
    GUARD(text_of(reader, at, "NetworkInterfaceId", &interface->id));
    reader->doubt = &interface->doubt;
    interface->record = reader->record;
    interface->nested = into != NULL;
    bool good = read_interface_place(reader, at, interface);
    if (good) {
        read_type(reader, at, interface);
        read_attachment(reader, at, interface);
        read_igw_traffic(reader, at, interface);
        if (instance != NULL) {
            interface->instance_id = instance->id;
            instance->has_interface = true;
        }
        doubt_description(reader, at, interface);
        if (member_of(reader, at, "Groups").node != NULL) {
            const char *before = interface->doubt;
            each_of(reader, at, "Groups", read_group_id, &gathered);
            if (interface->doubt == before) // else which they are is not known
                interface->groups = group_set_of(reader, gathered.groups.items, gathered.groups.count);
            interface->in_origin_group = gathered.of_origins;
            interface->in_accelerator_group = gathered.of_accelerators;
        }
        read_tags(reader, at, "TagSet", &gathered);
        size_t tags = gathered.tags.count > UINT16_MAX ? UINT16_MAX - 1 : gathered.tags.count;
        interface->tags = kept_texts(reader, gathered.tags.items, tags);
        interface->tag_count = (uint16_t)tags;
        read_interface_addresses(reader, at, interface);
        *vector_add(reader->arena, &reader->estate->interfaces) = interface;
    }
    reader->doubt = doubt;
    return good;
}

static void add_public_address(struct reader *reader, const struct json_cursor *at, const char *key,
                               struct gathered *gathered)
{
    const char *address = NULL;
    lenient_text(reader, at, key, &address);
    if (address != NULL && address[0] != '\0')
        *vector_add(reader->scratch, &gathered->public_addresses) = address;
}

// A state is told twice, by its word and by the low byte of a number: either serves, and where they differ neither is
// believed alone. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html
static void read_state(struct reader *reader, const struct json_cursor *at, struct instance *instance)
{
    static const char *const words[] = {"pending", "running", "shutting-down", "terminated", "stopping",
                                        "stopped", NULL};
    struct json_cursor state;
    reader->doubt = &instance->doubt;
    bool has_state = lenient_object(reader, at, "State", &state);
    if (has_state || instance->doubt == NULL)
        expect_member(reader, at, EXPECT_INSTANCE_STATE, "State", instance->id, NULL);
    if (!has_state)
        return;
    lenient_text(reader, &state, "Name", &instance->state);
    const cJSON *told = json_member(&state, "Code").node;
    size_t code = cJSON_IsNumber(told) ? (size_t)told->valueint & 0xff : SIZE_MAX;
    const char *by_code = code % 16 == 0 && code / 16 <= 5 ? words[code / 16] : NULL;
    if (instance->state == NULL || instance->state[0] == '\0') {
        instance->state = by_code;
        if (by_code == NULL)
            doubt_at(reader, &state, "tells no state: whether %s runs is not known", instance->id);
    } else if (by_code != NULL && text_among(instance->state, words) && strcmp(instance->state, by_code) != 0) {
        doubt_at(reader, &state, "is %s, and of code %zu, which is %s", instance->state, code, by_code);
        instance->state = NULL;
    }
    instance->state_unsure = instance->state == NULL;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html
static bool read_instance(struct reader *reader, const struct json_cursor *at, void *into)
{
    const char *owner = into, *zone = NULL, *vpc_id = NULL;
    struct instance *instance = arena_new_of(reader->arena, struct instance);
    struct gathered gathered = {0};
    struct json_cursor metadata, placement, profile;
    GUARD(text_of(reader, at, "InstanceId", &instance->id));
    read_state(reader, at, instance);
    reader->doubt = NULL;
    if (lenient_object(reader, at, "MetadataOptions", &metadata)) {
        lenient_text(reader, &metadata, "HttpTokens", &instance->http_tokens);
        instance->metadata_disabled = is_word(text_beside(reader, &metadata, "HttpEndpoint"), "disabled");
        instance->options_pending = is_word(text_beside(reader, &metadata, "State"), "pending");
    }
    if (lenient_object(reader, at, "IamInstanceProfile", &profile))
        instance->profile = text_beside(reader, &profile, "Arn");
    if (lenient_object(reader, at, "Placement", &placement))
        lenient_text(reader, &placement, "AvailabilityZone", &zone);
    lenient_text(reader, at, "VpcId", &vpc_id);
    struct interface_place place = {.account_id = owner != NULL ? owner : reader->place.account,
                                    .region = region_of_zone(reader, zone),
                                    .vpc_id = vpc_id};
    place.region = place.region == NULL ? reader->place.region : place.region;
    instance->place = place_with(reader, &place);
    listing_sees(reader, reader->listing, instance->place);
    instance->evidence = reader->name;
    instance->reference = evidence_of(reader, at);
    read_tags(reader, at, "Tags", &gathered);
    instance->tags = kept_texts(reader, gathered.tags.items, gathered.tags.count);
    instance->tag_count = gathered.tags.count;
    add_public_address(reader, at, "PublicIpAddress", &gathered);
    add_public_address(reader, at, "Ipv6Address", &gathered);
    instance->public_addresses = kept_texts(reader, gathered.public_addresses.items, gathered.public_addresses.count);
    instance->public_address_count = gathered.public_addresses.count;
    if (cJSON_GetArraySize(json_member(at, "SecurityGroups").node) > 0) { // moto prints none; each has one
        each_of(reader, at, "SecurityGroups", read_group_id, &gathered);
        instance->groups = group_set_of(reader, gathered.groups.items, gathered.groups.count);
    }
    instance->record = reader->record;
    struct instance *old = map_get(&reader->estate->instances, instance->id);
    if (old == NULL) {
        map_put(reader->arena, &reader->estate->instances, instance->id, instance);
    } else {
        unite_instances(reader, old, instance);
    }
    each_if_present(reader, at, "NetworkInterfaces", read_interface, instance);
    if (instance->public_address_count > 0 || !instance->has_interface)
        *vector_add(reader->arena, &reader->estate->telling) = instance;
    reader->doubt = NULL;
    return true;
}

bool read_reservation(struct reader *reader, const struct json_cursor *at, void *into)
{
    const char *owner = NULL;
    (void)into;
    lenient_text(reader, at, "OwnerId", &owner);
    return each_of(reader, at, "Instances", read_instance, (void *)(uintptr_t)owner);
}
