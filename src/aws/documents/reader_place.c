// Where records lie: account, region, zone, and the words of a file's name.
#include <string.h>

#include "aws/documents/completeness.h"
#include "aws/documents/reader.h"

const char *region_of_zone(struct reader *reader, const char *zone)
{
    if (zone == NULL)
        return NULL;
    size_t length = strlen(zone); // us-east-2b lies in us-east-2; a local zone's name begins with its region's
    for (size_t i = 0, dashes = 0; i < length; i++) {
        dashes += zone[i] == '-';
        if (dashes >= 2 && zone[i] >= '0' && zone[i] <= '9') {
            while (i < length && zone[i] >= '0' && zone[i] <= '9')
                i++;
            return intern(reader, arena_strndup(reader->scratch, zone, i));
        }
    }
    return NULL;
}

static bool name_is_told(const char *name)
{
    return name != NULL && name[0] != '\0';
}

void put_zone(struct reader *reader, const char *subnet_id, const struct zone_claim *claim)
{
    struct map *subnets = &reader->estate->zones_of_subnets;
    struct zone_claims *claims = map_get(subnets, subnet_id);
    if (claims == NULL) {
        claims = arena_new_of(reader->arena, struct zone_claims);
        map_put(reader->arena, subnets, subnet_id, claims);
    }
    for (size_t i = 0; i < claims->items.count; i++) {
        const struct zone_claim *one = &claims->items.items[i];
        if (text_same(one->name, claim->name) && text_same(one->id, claim->id) &&
            text_same(one->account, claim->account))
            return;
    }
    *vector_add(reader->arena, &claims->items) =
        (struct zone_claim){.account = claim->account,
                            .name = claim->name == NULL ? NULL : intern(reader, claim->name),
                            .id = claim->id == NULL ? NULL : intern(reader, claim->id)};
}

// us-east-1a is an Availability Zone, us-east-1-bos-1a is not; of ids, use1-az1 is, use1-bos1-az1 is not.
// https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-local-zones.html
void note_zone(struct reader *reader, const struct json_cursor *at, const char *subnet_id)
{
    const char *zone = cJSON_GetStringValue(json_find(at->node, "AvailabilityZone"));
    const char *id = cJSON_GetStringValue(json_find(at->node, "AvailabilityZoneId"));
    const char *region = region_of_zone(reader, zone);
    bool local = region != NULL && strchr(zone + strlen(region), '-') != NULL;
    local = local || (id != NULL && strchr(id, '-') != strrchr(id, '-'));
    if (subnet_id == NULL)
        return;
    if (local)
        map_put(reader->arena, &reader->estate->local_zone_subnets, subnet_id, reader->estate);
    if (name_is_told(zone) || name_is_told(id))
        put_zone(reader, subnet_id,
                 &(struct zone_claim){.account = reader->place.account,
                                      .name = name_is_told(zone) ? zone : NULL,
                                      .id = name_is_told(id) ? id : NULL});
}

void place_of_arn(struct reader *reader, const char *arn, const char **account, const char **region)
{
    const char *parts[6] = {arn}; // arn:partition:service:region:account:resource
    for (int i = 1; i < 6 && parts[i - 1] != NULL; i++) {
        parts[i] = strchr(parts[i - 1], ':');
        parts[i] = parts[i] == NULL ? NULL : parts[i] + 1;
    }
    if (arn == NULL || strncmp(arn, "arn:", 4) != 0 || parts[5] == NULL)
        return;
    size_t region_length = (size_t)(parts[4] - parts[3] - 1), account_length = (size_t)(parts[5] - parts[4] - 1);
    if (region_length > 0 && *region == NULL)
        *region = intern(reader, arena_strndup(reader->scratch, parts[3], region_length));
    if (account_length == 12 && *account == NULL)
        *account = intern(reader, arena_strndup(reader->scratch, parts[4], account_length));
}

const struct interface_place *place_with(struct reader *reader, const struct interface_place *wanted)
{
    const char *parts[] = {wanted->account_id, wanted->region, wanted->vpc_id, wanted->subnet_id};
    char small[256], *key = small;
    size_t used = 0;
    for (int i = 0; i < 4; i++) {
        size_t length = parts[i] == NULL ? 0 : strlen(parts[i]);
        if (used + length + 2 > sizeof(small)) {
            key = arena_printf(reader->scratch, "%s|%s|%s|%s", parts[0] == NULL ? "" : parts[0],
                               parts[1] == NULL ? "" : parts[1], parts[2] == NULL ? "" : parts[2],
                               parts[3] == NULL ? "" : parts[3]);
            break;
        }
        memcpy(small + used, length == 0 ? "" : parts[i], length);
        used += length;
        small[used++] = i < 3 ? '|' : '\0';
    }
    struct interface_place *place = map_get(&reader->estate->places, key);
    if (place == NULL) {
        place = arena_new_of(reader->arena, struct interface_place);
        *place = *wanted;
        map_put(reader->arena, &reader->estate->places, arena_strdup(reader->arena, key), place);
    }
    return place;
}

void seen_at(struct reader *reader, const char *account, const char *region, const char *vpc_id)
{
    struct interface_place wanted = {.account_id = account, .region = region, .vpc_id = vpc_id};
    listing_sees(reader, reader->listing, place_with(reader, &wanted));
}

bool file_names(const char *file, const char *word)
{
    const char *base = text_behind_slash(file);
    size_t length = strlen(word);
    for (const char *at = base; length > 0 && (at = strstr(at, word)) != NULL; at++) {
        bool begins = at == base || strchr(".-_ ", at[-1]) != NULL;
        bool ends = at[length] == '\0' || strchr(".-_ ", at[length]) != NULL;
        if (begins && ends)
            return true;
    }
    return false;
}
