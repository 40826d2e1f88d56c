// Whether a record says the same as an earlier one, and else which of them counts as the first, in whatever order they
// were read. That is seldom asked: so the earlier one is read again.
#include <stdlib.h>
#include <string.h>

#include "aws/documents/documents.h"

// A value's hash, whatever the order of its members and elements: AWS's lists are sets.
static uint64_t hash_text(const char *text, uint64_t seed)
{
    uint64_t hash = seed ^ 0xcbf29ce484222325u;
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return hash;
}

static uint64_t mixed(uint64_t hash)
{
    hash ^= hash >> 33;
    hash *= 0xff51afd7ed558ccdu;
    hash ^= hash >> 33;
    return hash * 0xc4ceb9fe1a85ec53u;
}

// What decides nothing here, and differs by who asks or when: those with whom a VPC is shared do not see its tags, how
// many addresses a subnet has left changes all the time, and a zone that has an id may have another name for each.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing-share-subnet-working-with.html
static const char *const idle[] = {"AvailableIpAddressCount", "DhcpOptionsId", "InstanceTenancy", NULL};

static uint64_t hash_value(const cJSON *value)
{
    uint64_t sum = (uint64_t)(value->type & 0xff) + 1;
    bool has_zone_id = cJSON_IsString(cJSON_GetObjectItemCaseSensitive(value, "AvailabilityZoneId"));
    bool untagged = cJSON_GetObjectItemCaseSensitive(value, "InstanceId") == NULL; // intents select those by tag
    const cJSON *child;
    if (cJSON_IsString(value))
        return mixed(hash_text(value->valuestring, 3));
    if (cJSON_IsNumber(value)) {
        uint64_t bits;
        memcpy(&bits, &value->valuedouble, sizeof(bits));
        return mixed(bits + 5);
    }
    cJSON_ArrayForEach (child, value) {
        if (child->string != NULL &&
            (text_among(child->string, idle) || (untagged && strcmp(child->string, "Tags") == 0) ||
             (has_zone_id && strcmp(child->string, "AvailabilityZone") == 0)))
            continue;
        sum += mixed(hash_value(child) + (child->string == NULL ? 0 : hash_text(child->string, 7)));
    }
    return mixed(sum);
}

uint64_t record_sum(const cJSON *node)
{
    return hash_value(node);
}

int documents_compare_record(const struct documents *documents, record_place earlier, const cJSON *node,
                             const char **name)
{
    const char *file = documents->names[earlier >> RECORD_OFFSET_BITS];
    size_t begin = (size_t)(earlier & (((record_place)1 << RECORD_OFFSET_BITS) - 1)), end, wrong;
    struct document_bytes bytes;
    struct error ignored;
    char *converted;
    int order = 1; // what cannot be read again stays as it was
    *name = file;
    if (!documents->opener->open(documents->opener->context, file, &bytes, &ignored))
        return order;
    struct document_bytes text = text_decode(bytes, &converted);
    end = begin;
    if (begin < text.length && json_skip(text.bytes, text.length, &end)) {
        cJSON *other = json_parse_slice(text.bytes + begin, end - begin, &wrong, &ignored);
        uint64_t a = hash_value(node), b = other == NULL ? 0 : hash_value(other);
        order = other == NULL ? 1 : (a > b) - (a < b);
        cJSON_Delete(other);
    }
    free(converted);
    documents->opener->close(documents->opener->context, &bytes);
    return order;
}
