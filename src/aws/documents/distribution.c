// Distributions of CloudFront: public places, and which VPC origins they send viewers to. Version 2020-05-31.
// https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DistributionSummary.html
#include <string.h>

#include "aws/documents/documents.h"
#include "aws/documents/readers.h"
#include "base/pattern.h"
#include "model/bridge.h"

static const cJSON *inside(const cJSON *node, const char *const *path)
{
    for (size_t i = 0; path[i] != NULL && node != NULL; i++)
        node = cJSON_GetObjectItemCaseSensitive(node, path[i]);
    return node;
}

static const char *word(const cJSON *node, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(node, key));
    return text == NULL ? "" : text;
}

static bool is_on(const cJSON *node, const char *key)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(node, key);
    return member != NULL && !cJSON_IsFalse(member) && !cJSON_IsNull(member);
}

// Why a distribution turns some viewers away, whatever they ask for, or NULL: it takes all of them.
static const char *turns_away(const cJSON *node)
{
    static const char *const geography[] = {"Restrictions", "GeoRestriction", "RestrictionType", NULL};
    const char *kind = cJSON_GetStringValue(inside(node, geography));
    const char *mode = word(node, "ConnectionMode");
    const cJSON *certificates = cJSON_GetObjectItemCaseSensitive(node, "ViewerMtlsConfig");
    if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(node, "Enabled")))
        return "is not enabled";
    if (strcmp(word(node, "Status"), "Deployed") != 0)
        return "is not known to be deployed";
    if (mode[0] != '\0' && strcmp(mode, "direct") != 0)
        return "serves tenants, which are not read";
    if (is_on(node, "Staging"))
        return "is a staging distribution, which gets some viewers of another one";
    if (certificates != NULL && strcmp(word(certificates, "Mode"), "optional") != 0)
        return "asks its viewers for certificates";
    if (cJSON_GetObjectItemCaseSensitive(node, "ConnectionFunctionAssociation") != NULL)
        return "has a function that may turn connections away";
    if (word(node, "WebACLId")[0] != '\0')
        return "has a web ACL";
    return kind == NULL || strcmp(kind, "none") != 0 ? "may have a geographic restriction" : NULL;
}

static bool has_any(const cJSON *behavior, const char *key)
{
    static const char *const counted[] = {"Quantity", NULL};
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(behavior, key), *quantity = inside(member, counted);
    return cJSON_IsNumber(quantity) ? quantity->valuedouble != 0
                                    : cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(member, "Items")) > 0;
}

// Why a cache behavior turns some viewers away, or NULL.
static const char *behavior_turns_away(const cJSON *behavior)
{
    if (is_on(cJSON_GetObjectItemCaseSensitive(behavior, "TrustedSigners"), "Enabled"))
        return "takes signed requests only (trusted signers)";
    if (is_on(cJSON_GetObjectItemCaseSensitive(behavior, "TrustedKeyGroups"), "Enabled"))
        return "takes signed requests only (trusted key groups)";
    if (has_any(behavior, "FunctionAssociations") || has_any(behavior, "LambdaFunctionAssociations"))
        return "has a function that may answer in place of the origin";
    return NULL;
}

// Whether viewers are sent to an origin by its id: surely, or where another one of a group fails.
enum sends { SENDS_NOT, SENDS_ON_FAILURE, SENDS };

static enum sends sends_to(const cJSON *distribution, const cJSON *behavior, const char *origin)
{
    static const char *const groups[] = {"OriginGroups", "Items", NULL}, *const members[] = {"Members", "Items", NULL};
    const char *target = word(behavior, "TargetOriginId");
    const cJSON *group, *member;
    if (strcmp(target, origin) == 0)
        return SENDS;
    cJSON_ArrayForEach (group, inside(distribution, groups)) {
        bool first = true;
        if (strcmp(word(group, "Id"), target) != 0)
            continue;
        cJSON_ArrayForEach (member, inside(group, members)) {
            if (strcmp(word(member, "OriginId"), origin) == 0)
                return first ? SENDS : SENDS_ON_FAILURE;
            first = false;
        }
    }
    return SENDS_NOT;
}

// Whether a cache behavior gets no viewer: one before it takes all that it would. The default one is the last.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html
static bool is_shadowed(const cJSON *behaviors, const cJSON *behavior)
{
    const char *path = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(behavior, "PathPattern"));
    path = path == NULL ? "*" : path + (path[0] == '/');
    const cJSON *before;
    cJSON_ArrayForEach (before, behaviors) {
        const char *pattern = word(before, "PathPattern");
        if (before == behavior)
            return false;
        if (pattern_covers(pattern + (pattern[0] == '/'), path))
            return true;
    }
    return false;
}

// Why a distribution may send no viewer, or not every one, to an origin of it, by its id there; NULL: it does. *plain:
// those who come over plain HTTP, too.
static const char *keeps_from(const cJSON *node, const char *origin, bool *plain)
{
    static const char *const others[] = {"CacheBehaviors", "Items", NULL};
    const cJSON *list = inside(node, others), *first = list == NULL ? NULL : list->child;
    const cJSON *last = cJSON_GetObjectItemCaseSensitive(node, "DefaultCacheBehavior"), *behavior = last;
    const char *why = turns_away(node);
    *plain = false;
    if (why != NULL)
        return why;
    if (!cJSON_IsObject(behavior))
        return "does not tell its cache behaviors";
    why = "has no cache behavior that sends viewers there";
    bool sure = false;
    for (; behavior != NULL; behavior = behavior == last ? first : behavior->next) {
        enum sends sends = is_shadowed(list, behavior) ? SENDS_NOT : sends_to(node, behavior, origin);
        const char *own = sends == SENDS_ON_FAILURE ? "sends viewers there only where another origin fails"
                          : sends == SENDS          ? behavior_turns_away(behavior)
                                                    : why;
        sure = sure || (sends == SENDS && own == NULL);
        *plain = *plain ||
                 (sends == SENDS && own == NULL && strcmp(word(behavior, "ViewerProtocolPolicy"), "allow-all") == 0);
        why = own;
    }
    return sure ? NULL : why;
}

// ---- What must be told

// What AWS prints of each distribution and cache behavior, by which viewers may be turned away: without it that is not
// known. https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DistributionSummary.html
enum shape { A_WORD, A_TEXT, A_BOOLEAN, A_LIST, A_SWITCH, A_GEOGRAPHY };
struct printed {
    const char *key;
    enum shape shape;
};
static const struct printed of_distribution[] = {{"Enabled", A_BOOLEAN},        {"Status", A_WORD},
                                                 {"WebACLId", A_TEXT},          {"Staging", A_BOOLEAN},
                                                 {"IsIPV6Enabled", A_BOOLEAN},  {"ConnectionMode", A_WORD},
                                                 {"Restrictions", A_GEOGRAPHY}, {"CacheBehaviors", A_LIST}};
static const struct printed of_behavior[] = {{"TrustedSigners", A_SWITCH},
                                             {"TrustedKeyGroups", A_SWITCH},
                                             {"FunctionAssociations", A_LIST},
                                             {"LambdaFunctionAssociations", A_LIST},
                                             {"ViewerProtocolPolicy", A_WORD}};
static const struct printed of_target[] = {{"TargetOriginId", A_WORD}};
static const struct printed of_path[] = {{"PathPattern", A_WORD}};

static const char *const shapes[] = {[A_WORD] = "a word",
                                     [A_TEXT] = "a string",
                                     [A_BOOLEAN] = "a boolean",
                                     [A_LIST] = "Quantity and as many Items",
                                     [A_SWITCH] = "an object with a boolean Enabled",
                                     [A_GEOGRAPHY] = "an object with a GeoRestriction and its RestrictionType"};

static bool has_shape(const cJSON *node, enum shape shape)
{
    static const char *const geography[] = {"GeoRestriction", "RestrictionType", NULL};
    const cJSON *quantity = cJSON_GetObjectItemCaseSensitive(node, "Quantity");
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(node, "Items");
    bool counted = cJSON_IsNumber(quantity) && quantity->valuedouble == (double)cJSON_GetArraySize(items);
    switch (shape) {
    case A_WORD:
        return cJSON_IsString(node) && node->valuestring[0] != '\0';
    case A_TEXT:
        return cJSON_IsString(node);
    case A_BOOLEAN:
        return cJSON_IsBool(node);
    case A_LIST:
        return counted && (items == NULL || cJSON_IsArray(items));
    case A_SWITCH:
        return cJSON_IsBool(cJSON_GetObjectItemCaseSensitive(node, "Enabled"));
    case A_GEOGRAPHY:
        return cJSON_IsString(inside(node, geography));
    }
    return false;
}

// Lists what a record does not tell; the first of it, or *first where something was found before.
static void seek_untold(struct reader *reader, const struct json_cursor *at, const struct printed *members,
                        size_t count, const char **first)
{
    for (size_t i = 0; i < count; i++) {
        struct json_cursor member = json_member(at, members[i].key);
        if (has_shape(member.node, members[i].shape))
            continue;
        doubt_at(reader, &member, "is %s, expected %s", json_kind(member.node), shapes[members[i].shape]);
        if (*first == NULL)
            *first = arena_printf(reader->arena, "does not tell its %s", members[i].key);
    }
}

static bool is_vpc_origin(const cJSON *origin)
{
    static const char *const inner[] = {"VpcOriginConfig", "VpcOriginId", NULL};
    return cJSON_IsString(inside(origin, inner));
}

// Only of behaviors that send viewers to a VPC origin it matters how.
static void seek_untold_of_behavior(struct reader *reader, const struct json_cursor *at, const cJSON *distribution,
                                    const char **first)
{
    static const char *const origins[] = {"Origins", "Items", NULL};
    const cJSON *origin;
    bool sends = false;
    if (!cJSON_IsObject(at->node)) {
        if (*first == NULL)
            *first = "does not tell its cache behaviors";
        doubt_at(reader, at, "is %s, expected an object", json_kind(at->node));
        return;
    }
    seek_untold(reader, at, of_target, 1, first);
    cJSON_ArrayForEach (origin, inside(distribution, origins))
        sends = sends || (is_vpc_origin(origin) && sends_to(distribution, at->node, word(origin, "Id")) != SENDS_NOT);
    if (sends)
        seek_untold(reader, at, of_behavior, sizeof(of_behavior) / sizeof(of_behavior[0]), first);
}

// Why it is not known whom a distribution with VPC origins sends to them, which is listed as unread; or NULL.
static const char *untold_of(struct reader *reader, const struct json_cursor *at)
{
    const char *first = NULL;
    struct json_cursor last = json_member(at, "DefaultCacheBehavior"), others = json_member(at, "CacheBehaviors");
    struct json_cursor items = json_member(&others, "Items");
    const cJSON *node;
    size_t index = 0;
    seek_untold(reader, at, of_distribution, sizeof(of_distribution) / sizeof(of_distribution[0]), &first);
    seek_untold_of_behavior(reader, &last, at->node, &first);
    cJSON_ArrayForEach (node, items.node) {
        struct json_cursor item = json_element(&items, index++, node);
        seek_untold(reader, &item, of_path, 1, &first);
        seek_untold_of_behavior(reader, &item, at->node, &first);
    }
    return first;
}

// Notes which VPC origins a distribution has.
static void note_vpc_origins(struct reader *reader, const struct json_cursor *at, const char *id)
{
    static const char *const origins[] = {"Origins", "Items", NULL},
                             *const inner[] = {"VpcOriginConfig", "VpcOriginId", NULL},
                             *const owned[] = {"VpcOriginConfig", "OwnerAccountId", NULL};
    const cJSON *item;
    const char *untold = NULL;
    bool asked = false;
    cJSON_ArrayForEach (item, inside(at->node, origins)) {
        const char *origin = cJSON_GetStringValue(inside(item, inner));
        if (origin == NULL)
            continue;
        if (!asked)
            untold = untold_of(reader, at);
        asked = true;
        struct vpc_origin *used = // one without a document of its own may be anywhere
            vpc_origin_with(reader, intern(reader, origin));
        const char *owner = cJSON_GetStringValue(inside(item, owned));
        used->used_as_of = owner == NULL ? used->used_as_of : lesser_text(used->used_as_of, intern(reader, owner));
        bool plain;
        const char *why = keeps_from(at->node, word(item, "Id"), &plain);
        why = why == NULL ? untold : why;
        *vector_add(reader->arena, &reader->documents->uses) =
            (struct origin_use){.origin = intern(reader, origin),
                                .distribution = id,
                                .why = why == NULL ? NULL : arena_printf(reader->arena, "distribution %s %s", id, why),
                                .ipv4_only = cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(at->node, "IsIPV6Enabled")),
                                .https_only = !plain};
    }
}

// Marker is where a page begins, so that others come before it; each page tells in Quantity how many it holds.
// https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_VpcOriginList.html
void doubt_pages_of(struct reader *reader, const struct json_cursor *list)
{
    static const char *const marks[] = {"IsTruncated", "NextMarker", "Marker", NULL};
    const cJSON *quantity = cJSON_GetObjectItemCaseSensitive(list->node, "Quantity");
    struct json_cursor items = json_member(list, "Items");
    for (size_t i = 0; marks[i] != NULL; i++) {
        struct json_cursor mark = json_member(list, marks[i]);
        bool empty = mark.node == NULL || cJSON_IsFalse(mark.node) || cJSON_IsNull(mark.node) ||
                     (cJSON_IsNumber(mark.node) && mark.node->valuedouble == 0) ||
                     (cJSON_IsString(mark.node) && mark.node->valuestring[0] == '\0');
        if (!empty) {
            doubt_at(reader, &mark, "says that there is another page, and none is read");
            return;
        }
    }
    if (cJSON_IsNumber(quantity) && cJSON_IsArray(items.node) &&
        quantity->valuedouble != (double)cJSON_GetArraySize(items.node))
        doubt_at(reader, &items, "are not as many as Quantity says");
}

void settle_origins(struct reader *reader)
{
    const struct documents *documents = reader->documents;
    for (size_t i = 0; i < documents->uses.count; i++) {
        const struct origin_use *use = &documents->uses.items[i];
        struct vpc_origin *origin = map_get(&reader->estate->vpc_origins, use->origin);
        const struct distribution_known *known = map_get(&documents->distributions, use->distribution);
        const char *why = known != NULL && known->differs != NULL ? known->differs : use->why;
        bool plain = !use->https_only;
        for (size_t j = 0; j < documents->uses.count; j++) {
            const struct origin_use *other = &documents->uses.items[j];
            if (other->origin != use->origin || strcmp(other->distribution, use->distribution) != 0)
                continue;
            plain = plain && !other->https_only;
        }
        if (origin == NULL)
            continue;
        if (why != NULL)
            origin->not_all = lesser_text(origin->not_all, why);
        else
            origin->distribution = lesser_text(origin->distribution, use->distribution);
        if (why == NULL && plain)
            origin->takes_plain = lesser_text(origin->takes_plain, use->distribution);
        if (use->ipv4_only)
            origin->ipv4_only = lesser_text(origin->ipv4_only, use->distribution);
    }
}

// Whether a record says the same as one before of its id; of two that differ neither is believed.
static bool is_known(struct reader *reader, const struct json_cursor *at, const char *id)
{
    struct distribution_known *known = map_get(&reader->documents->distributions, id);
    uint64_t sum = record_sum(at->node);
    if (known == NULL) {
        known = arena_new_of(reader->arena, struct distribution_known);
        *known = (struct distribution_known){.sum = sum, .name = reader->name};
        map_put(reader->arena, &reader->documents->distributions, id, known);
        return false;
    }
    if (known->sum == sum)
        return true;
    doubt_at(reader, at, "is another record of %s than the one in %s: neither is believed alone", id, known->name);
    known->differs = arena_printf(reader->arena, "distribution %s is told of in two ways", id);
    return false;
}

static bool read_distribution(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct public_place place = {.service = "cloudfront", .kind = "CloudFront distribution"};
    const char *region = NULL;
    (void)into;
    GUARD(interned_of(reader, at, "Id", &place.id));
    place_of_arn(reader, text_beside(reader, at, "ARN"), &place.account, &region);
    place.region = "global";
    seen_at(reader, place.account, place.region, NULL);
    place.detail = text_beside(reader, at, "DomainName");
    if (is_known(reader, at, place.id))
        return true;
    note_vpc_origins(reader, at, place.id);
    if (!cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(at->node, "Enabled")))
        note_public(reader, &place);
    return true;
}

bool read_distributions(struct reader *reader, const struct json_cursor *at, void *into)
{
    GUARD(json_expect_object(at, reader->error));
    doubt_pages_of(reader, at);
    struct json_cursor items = json_member(at, "Items"); // none, where Quantity is 0
    const cJSON *quantity = cJSON_GetObjectItemCaseSensitive(at->node, "Quantity");
    if (items.node == NULL && !(cJSON_IsNumber(quantity) && quantity->valuedouble == 0))
        doubt_at(reader, &items, "is missing, and Quantity is not 0");
    return each_if_present(reader, at, "Items", read_distribution, into);
}
