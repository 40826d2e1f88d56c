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
    if (cJSON_IsObject(certificates) && certificates->child != NULL &&
        strcmp(word(certificates, "Mode"), "optional") != 0)
        return "asks its viewers for certificates";
    if (cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(node, "ConnectionFunctionAssociation")))
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

// Notes which VPC origins a distribution has. Of two records of one that differ neither is believed.
static void note_vpc_origins(struct reader *reader, const struct json_cursor *at, const char *id)
{
    static const char *const origins[] = {"Origins", "Items", NULL},
                             *const inner[] = {"VpcOriginConfig", "VpcOriginId", NULL},
                             *const owned[] = {"VpcOriginConfig", "OwnerAccountId", NULL};
    const cJSON *item;
    cJSON_ArrayForEach (item, inside(at->node, origins)) {
        const char *origin = cJSON_GetStringValue(inside(item, inner));
        if (origin == NULL)
            continue;
        struct vpc_origin *used = // one without a document of its own may be anywhere
            vpc_origin_with(reader, intern(reader, origin));
        const char *owner = cJSON_GetStringValue(inside(item, owned));
        used->used_as_of = owner == NULL ? used->used_as_of : lesser_text(used->used_as_of, intern(reader, owner));
        bool plain;
        const char *why = keeps_from(at->node, word(item, "Id"), &plain);
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
        const char *why = use->why;
        bool plain = !use->https_only;
        for (size_t j = 0; j < documents->uses.count; j++) {
            const struct origin_use *other = &documents->uses.items[j];
            if (other->origin != use->origin || strcmp(other->distribution, use->distribution) != 0)
                continue;
            why = why == NULL ? other->why : why; // another record of it says otherwise
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
