// Documents of transit gateways: their attachments, and their route tables with routes, associations and propagations.
#include <stddef.h>
#include <string.h>

#include "aws/documents/completeness.h"
#include "aws/documents/documents.h"
#include "aws/documents/readers.h"
#include "aws/documents/ways.h"

static enum transit_option option_of(struct reader *reader, const struct json_cursor *at, const char *key,
                                     const char *id)
{
    const char *word = NULL;
    lenient_text(reader, at, key, &word);
    if (word == NULL)
        return TRANSIT_NOT_TOLD;
    if (strcmp(word, "enable") == 0 || strcmp(word, "disable") == 0)
        return word[0] == 'e' ? TRANSIT_ENABLED : TRANSIT_DISABLED;
    if (*reader->doubt == NULL)
        *reader->doubt = arena_printf(reader->arena, "%s of %s is %s", key, id, word);
    return TRANSIT_UNSURE;
}

static enum transit_option unite_options(enum transit_option a, enum transit_option b)
{
    return a == b ? a : TRANSIT_UNSURE;
}

// ---- Gateways

static void read_gateway(struct reader *reader, const struct json_cursor *at, struct transit_gateway *gateway)
{
    static const struct presence_words words = {{"available"}, {"deleted"}}; // pending, modifying, deleting: neither
    struct json_cursor options, encryption;
    gateway->presence = presence_by_word(reader, at, "State", &words, gateway->id);
    lenient_text(reader, at, "OwnerId", &gateway->account);
    if (!lenient_object(reader, at, "Options", &options))
        return;
    gateway->referencing = option_of(reader, &options, "SecurityGroupReferencingSupport", gateway->id);
    lenient_text(reader, &options, "AssociationDefaultRouteTableId", &gateway->association_table);
    lenient_text(reader, &options, "PropagationDefaultRouteTableId", &gateway->propagation_table);
    if (lenient_object(reader, &options, "EncryptionSupport", &encryption)) {
        const char *state = text_beside(reader, &encryption, "EncryptionState");
        if (!text_same(state, "disabled"))
            gateway->encryption = arena_printf(reader->arena, "encryption support of %s is %s", gateway->id,
                                               state == NULL ? "of no state that is told" : state);
    }
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGateway.html
bool read_transit_gateway(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct transit_gateway next = {.record = reader->record};
    (void)into;
    GUARD(interned_of(reader, at, "TransitGatewayId", &next.id));
    struct transit_gateway *old = map_get(&reader->estate->transit_gateways, next.id);
    if (old != NULL && record_agrees(reader, at, old->record, next.id, &old->doubt))
        return true;
    seen_at(reader, NULL, NULL, NULL); // one that is shared is another account's
    reader->doubt = &next.doubt;
    read_gateway(reader, at, &next);
    reader->doubt = NULL;
    if (old == NULL) {
        old = arena_new_of(reader->arena, struct transit_gateway);
        *old = next;
        map_put(reader->arena, &reader->estate->transit_gateways, next.id, old);
        return true;
    }
    old->presence = PRESENCE_UNSURE;
    old->referencing = unite_options(old->referencing, next.referencing);
    old->encryption = lesser_text(old->encryption, next.encryption);
    text_differs(&old->account, next.account);
    text_differs(&old->association_table, next.association_table);
    text_differs(&old->propagation_table, next.propagation_table);
    return true;
}

// ---- Attachments

static struct transit_attachment *attachment_with(struct reader *reader, const char *id)
{
    struct transit_attachment *one = map_get(&reader->estate->transit_attachments, id);
    if (one == NULL) {
        one = arena_new_of(reader->arena, struct transit_attachment);
        *one = (struct transit_attachment){.id = id, .resource = TRANSIT_TO_UNKNOWN};
        map_put(reader->arena, &reader->estate->transit_attachments, id, one);
    }
    return one;
}

static enum transit_resource resource_of(const char *word)
{
    static const struct {
        const char *word;
        enum transit_resource resource;
    } words[] = {{"vpc", TRANSIT_TO_VPC},
                 {"vpn", TRANSIT_TO_VPN},
                 {"vpn-concentrator", TRANSIT_TO_VPN},
                 {"direct-connect-gateway", TRANSIT_TO_DIRECT_CONNECT},
                 {"connect", TRANSIT_TO_CONNECT},
                 {"peering", TRANSIT_TO_PEER},
                 {"tgw-peering", TRANSIT_TO_PEER}};
    for (size_t i = 0; word != NULL && i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i].word, word) == 0)
            return words[i].resource;
    return TRANSIT_TO_UNKNOWN;
}

// What both documents tell: two that differ are not believed.
static void told_too(struct reader *reader, const struct json_cursor *at, const char *key, const char **kept,
                     const char *value, const char *id)
{
    if (value == NULL || text_same(*kept, value))
        return;
    if (*kept != NULL)
        doubt_at(reader, at, "%s of %s is %s here, and %s in another document", key, id, value, *kept);
    *kept = *kept == NULL ? value : NULL;
}

// What waits for the other side carries nothing; what begins, changes or ends may.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayAttachment.html
static void read_attachment_state(struct reader *reader, const struct json_cursor *at, struct transit_attachment *one,
                                  bool told)
{
    static const struct presence_words words = {
        {"available"}, {"initiatingRequest", "pendingAcceptance", "rejected", "failed", "deleted"}};
    enum presence presence = presence_by_word(reader, at, "State", &words, one->id);
    if (told && presence != one->presence)
        doubt_at(reader, at, "%s is of another state here than in another document", one->id);
    one->presence = told ? presence_unite(one->presence, presence) : presence;
}

// A second record of the same call that differs: whatever either says may be so.
static bool begin_attachment(struct reader *reader, const struct json_cursor *at, struct transit_attachment *one,
                             uint64_t *record)
{
    reader->doubt = &one->doubt;
    if (*record != 0 && record_agrees(reader, at, *record, one->id, &one->doubt))
        return false;
    *record = *record == 0 ? reader->record : *record;
    return true;
}

void read_transit_way(struct reader *reader, const struct json_cursor *at, const char *id)
{
    struct transit_attachment *one = attachment_with(reader, id);
    struct json_cursor association;
    bool told = one->record != 0 || one->vpc_record != 0;
    const char *type = NULL, *text = NULL, *state = NULL;
    if (!begin_attachment(reader, at, one, &one->record))
        return;
    read_attachment_state(reader, at, one, told);
    lenient_text(reader, at, "TransitGatewayId", &text);
    told_too(reader, at, "TransitGatewayId", &one->gateway, text, id);
    lenient_text(reader, at, "ResourceId", &text);
    told_too(reader, at, "ResourceId", &one->resource_id, text, id);
    lenient_text(reader, at, "ResourceOwnerId", &text);
    told_too(reader, at, "ResourceOwnerId", &one->resource_owner, text, id);
    lenient_text(reader, at, "ResourceType", &type);
    told_too(reader, at, "ResourceType", &one->resource_type, type, id);
    one->resource = resource_of(one->resource_type);
    if (!lenient_object(reader, at, "Association", &association))
        return;
    lenient_text(reader, &association, "State", &state);
    const char *policy = NULL;
    text = NULL;
    lenient_text(reader, &association, "TransitGatewayRouteTableId", &text);
    lenient_text(reader, &association, "TransitGatewayPolicyTableId", &policy);
    if (text_same(state, "disassociated"))
        return;
    if (text == NULL && policy == NULL)
        doubt_at(reader, &association, "names neither a route table nor a policy table");
    if (policy != NULL && one->doubt == NULL)
        one->doubt =
            arena_printf(reader->arena, "%s is associated with policy table %s, which is not read", id, policy);
    if (text == NULL)
        return;
    if (!text_same(state, "associated") && one->doubt == NULL)
        one->doubt = arena_printf(reader->arena, "the association of %s is %s", id,
                                  state == NULL ? "of no state that is told" : state);
    told_too(reader, &association, "TransitGatewayRouteTableId", &one->table, text, id);
    one->table_told = true;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayVpcAttachment.html
bool read_transit_vpc_attachment(struct reader *reader, const struct json_cursor *at, void *into)
{
    const char *id, *text = NULL;
    struct json_cursor options;
    (void)into;
    GUARD(interned_of(reader, at, "TransitGatewayAttachmentId", &id));
    struct transit_attachment *one = attachment_with(reader, id);
    bool told = one->record != 0 || one->vpc_record != 0, again = one->vpc_record != 0;
    if (!begin_attachment(reader, at, one, &one->vpc_record))
        return true;
    read_attachment_state(reader, at, one, told);
    lenient_text(reader, at, "TransitGatewayId", &text);
    told_too(reader, at, "TransitGatewayId", &one->gateway, text, id);
    lenient_text(reader, at, "VpcId", &text);
    told_too(reader, at, "VpcId", &one->resource_id, text, id);
    seen_at(reader, NULL, NULL, text);
    lenient_text(reader, at, "VpcOwnerId", &text);
    told_too(reader, at, "VpcOwnerId", &one->resource_owner, text, id);
    told_too(reader, at, "ResourceType", &one->resource_type, "vpc", id);
    one->resource = resource_of(one->resource_type);
    one->subnets_told = json_member(at, "SubnetIds").node != NULL && (!again || one->subnets_told);
    read_ids(reader, at, "SubnetIds", &one->subnets);
    if (!lenient_object(reader, at, "Options", &options))
        return true;
    enum transit_option referencing = option_of(reader, &options, "SecurityGroupReferencingSupport", id),
                        ipv6 = option_of(reader, &options, "Ipv6Support", id),
                        mode = option_of(reader, &options, "ApplianceModeSupport", id);
    one->referencing = again ? unite_options(one->referencing, referencing) : referencing;
    one->ipv6 = again ? unite_options(one->ipv6, ipv6) : ipv6;
    one->appliance_mode = again ? unite_options(one->appliance_mode, mode) : mode;
    return true;
}

// ---- Route tables

static struct transit_route_table *table_with(struct reader *reader, const char *id)
{
    struct transit_route_table *table = map_get(&reader->estate->transit_route_tables, id);
    if (table == NULL) {
        table = arena_new_of(reader->arena, struct transit_route_table);
        *table = (struct transit_route_table){.id = id};
        map_put(reader->arena, &reader->estate->transit_route_tables, id, table);
    }
    return table;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayRouteTable.html
bool read_transit_route_table(struct reader *reader, const struct json_cursor *at, void *into)
{
    static const struct presence_words words = {{"available"}, {"deleted"}}; // pending, deleting: neither
    const char *id, *gateway = NULL;
    bool association = false, propagation = false;
    (void)into;
    GUARD(interned_of(reader, at, "TransitGatewayRouteTableId", &id));
    struct transit_route_table *table = table_with(reader, id);
    reader->doubt = &table->doubt;
    if (table->told && record_agrees(reader, at, table->record, id, &table->doubt))
        return true;
    seen_at(reader, NULL, NULL, NULL);
    enum presence presence = presence_by_word(reader, at, "State", &words, id);
    lenient_text(reader, at, "TransitGatewayId", &gateway);
    lenient_boolean(reader, at, "DefaultAssociationRouteTable", &association);
    lenient_boolean(reader, at, "DefaultPropagationRouteTable", &propagation);
    if (table->told) {
        table->presence = PRESENCE_UNSURE;
        text_differs(&table->gateway, gateway);
        return true;
    }
    table->told = true;
    table->record = reader->record;
    table->presence = presence;
    table->gateway = gateway;
    table->is_default_association = association;
    table->is_default_propagation = propagation;
    return true;
}

// ---- What documents tell of one table, whose id is in their names

struct transit_route_table *transit_table_of_file(struct reader *reader)
{
    static const char start[] = "tgw-rtb-";
    const char *at = strstr(text_behind_slash(reader->name), start);
    size_t length = at == NULL ? 0 : strspn(at + strlen(start), "0123456789abcdefghijklmnopqrstuvwxyz");
    return length == 0 ? NULL
                       : table_with(reader, intern(reader, arena_strndup(reader->arena, at, strlen(start) + length)));
}

void transit_answer_begin(struct reader *reader, struct transit_route_table *table, enum kind kind)
{
    bool *told = kind == KIND_TRANSIT_ROUTES         ? &table->routes_told
                 : kind == KIND_TRANSIT_ASSOCIATIONS ? &table->associations_told
                                                     : &table->propagations_told;
    *told = true;
    *vector_add(reader->arena, &reader->documents->transit_answers) =
        (struct transit_answer){.table = table, .kind = kind, .name = reader->name};
}

// That the answer in hand holds this; whether it is new of the table. The order of records does not count.
static bool note_record(struct reader *reader, const char *signature)
{
    struct documents *documents = reader->documents;
    struct transit_answer *answer = &documents->transit_answers.items[documents->transit_answers.count - 1];
    uint64_t hash = 0xcbf29ce484222325u;
    for (const char *c = signature; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
    answer->sum += hash;
    const char *key = arena_printf(reader->arena, "%s|%d|%s", answer->table->id, (int)answer->kind, signature);
    if (map_get(&documents->transit_records, key) != NULL)
        return false;
    map_put(reader->arena, &documents->transit_records, key, documents);
    return true;
}

static bool read_route_attachment(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct transit_route *route = into;
    const char *id;
    GUARD(interned_of(reader, at, "TransitGatewayAttachmentId", &id));
    text_list_add(reader->arena, &route->attachments, id);
    return true;
}

// A route that is "pending" is not yet, one that is "deleting" not surely any more.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayRoute.html
static void read_route_state(struct reader *reader, const struct json_cursor *at, struct transit_route *route,
                             const char **state)
{
    const char *type = NULL;
    lenient_text(reader, at, "State", state);
    lenient_text(reader, at, "Type", &type);
    route->state = text_same(*state, "active")      ? TRANSIT_ROUTE_ACTIVE
                   : text_same(*state, "blackhole") ? TRANSIT_ROUTE_BLACKHOLE
                                                    : TRANSIT_ROUTE_UNSURE;
    route->propagated = text_same(type, "propagated");
    if (type != NULL && !route->propagated && strcmp(type, "static") != 0)
        doubt_at(reader, at, "is of Type %s, expected static or propagated", type);
}

bool read_transit_route(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct transit_route_table *table = into;
    struct transit_route route = {0};
    struct text signature = {0};
    char prefix[ADDRESS_TEXT] = "";
    const char *state = NULL;
    if (table == NULL)
        return true;
    GUARD(optional_interned(reader, at, "PrefixListId", &route.prefix_list));
    if (member_of(reader, at, "DestinationCidrBlock").node != NULL) { // beside a prefix list: one of its entries
        GUARD(read_prefix(reader, at, "DestinationCidrBlock", 0, &route.prefix));
        prefix_format(route.prefix, prefix);
        route.prefix_list = NULL;
    } else if (route.prefix_list == NULL) {
        return json_fail(at, reader->error, "has neither DestinationCidrBlock nor PrefixListId");
    }
    read_route_state(reader, at, &route, &state);
    if (text_same(state, "deleted"))
        return true;
    each_if_present(reader, at, "TransitGatewayAttachments", read_route_attachment, &route);
    sort_texts(route.attachments.items, route.attachments.count);
    if (route.state == TRANSIT_ROUTE_ACTIVE && route.attachments.count == 0) // over which is not told
        route.state = TRANSIT_ROUTE_UNSURE;
    text_printf(&signature, "%s%s %d %d", prefix, route.prefix_list == NULL ? "" : route.prefix_list, (int)route.state,
                (int)route.propagated);
    for (size_t i = 0; i < route.attachments.count; i++)
        text_printf(&signature, " %s", route.attachments.items[i]);
    if (note_record(reader, signature.bytes))
        *vector_add(reader->arena, &table->routes) = route;
    text_free(&signature);
    return true;
}

static bool read_link(struct reader *reader, const struct json_cursor *at, const struct presence_words *words,
                      struct transit_link *link)
{
    const char *doubt = NULL, **before = reader->doubt;
    GUARD(interned_of(reader, at, "TransitGatewayAttachmentId", &link->attachment));
    lenient_text(reader, at, "ResourceId", &link->resource_id);
    reader->doubt = &doubt;
    link->presence = presence_by_word(reader, at, "State", words, link->attachment);
    reader->doubt = before;
    return true;
}

static bool is_new_link(struct reader *reader, const struct transit_link *link)
{
    return note_record(reader, arena_printf(reader->scratch, "%s %d", link->attachment, (int)link->presence));
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayRouteTableAssociation.html
bool read_transit_association(struct reader *reader, const struct json_cursor *at, void *into)
{
    static const struct presence_words words = {{"associated"}, {"disassociated"}};
    struct transit_route_table *table = into;
    struct transit_link link = {0};
    if (table == NULL)
        return true;
    GUARD(read_link(reader, at, &words, &link));
    if (link.presence == PRESENCE_NO || !is_new_link(reader, &link))
        return true;
    *vector_add(reader->arena, &table->associations) = link;
    put_alone(reader, &reader->estate->transit_table_of, link.attachment, table, &table->doubt,
              offsetof(struct transit_route_table, doubt), "a transit gateway route table of");
    return true;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayRouteTablePropagation.html
bool read_transit_propagation(struct reader *reader, const struct json_cursor *at, void *into)
{
    static const struct presence_words words = {{"enabled"}, {"disabled"}};
    struct transit_route_table *table = into;
    struct transit_link link = {0};
    if (table == NULL)
        return true;
    GUARD(read_link(reader, at, &words, &link));
    if (link.presence != PRESENCE_NO && is_new_link(reader, &link))
        *vector_add(reader->arena, &table->propagations) = link;
    return true;
}

// ---- When all is read

static bool is_whole_answer(const struct documents *documents, size_t i)
{
    return !documents->transit_answers.items[i].more;
}

// Of pages, one is the last; of two answers that are whole, both tell the same.
static void settle_answers(struct reader *reader)
{
    struct documents *documents = reader->documents;
    for (size_t i = 0; i < documents->transit_answers.count; i++) {
        struct transit_answer *one = &documents->transit_answers.items[i], *whole = NULL, *odd = NULL;
        if (one->settled)
            continue;
        for (size_t k = i; k < documents->transit_answers.count; k++) {
            struct transit_answer *other = &documents->transit_answers.items[k];
            if (other->table != one->table || other->kind != one->kind)
                continue;
            other->settled = true;
            if (!is_whole_answer(documents, k))
                continue;
            odd = whole != NULL && whole->sum != other->sum ? other : odd;
            whole = whole == NULL ? other : whole;
        }
        reader->name = odd != NULL ? odd->name : one->name;
        reader->doubt = &one->table->doubt;
        reader->listing = NULL;
        reader->call = kind_call(one->kind);
        if (whole == NULL)
            doubt_document(reader, "", "says that there is more of %s of %s than it holds, and no other tells it",
                           kind_name(one->kind), one->table->id);
        else if (odd != NULL && whole != odd)
            doubt_document(reader, "", "tells otherwise of %s of %s than %s: neither is believed alone",
                           kind_name(one->kind), one->table->id, whole->name);
        reader->call = NULL;
    }
}

// Its own document tells of the table too.
static void settle_association(struct reader *reader, struct transit_attachment *one)
{
    struct transit_route_table *table = map_get(&reader->estate->transit_table_of, one->id);
    if (one->table == NULL)
        return;
    reader->doubt = &one->doubt;
    reader->listing = NULL;
    struct transit_route_table *own = table_with(reader, one->table);
    if (table == NULL && !own->associations_told)
        map_put(reader->arena, &reader->estate->transit_table_of, one->id, own);
    else if (table != own)
        doubt_document(reader, "", "%s is said to be associated with %s, and another document says otherwise", one->id,
                       one->table);
}

void settle_transit(struct reader *reader)
{
    struct map *attachments = &reader->estate->transit_attachments;
    settle_answers(reader);
    for (size_t i = 0; i < attachments->size; i++)
        if (attachments->slots[i].value != NULL)
            settle_association(reader, attachments->slots[i].value);
}
