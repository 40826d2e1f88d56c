// What an interface refers to may be younger than our reading of it: that kind is read again, once. Identifiers are
// taken from the documents' text as they are written, where a record's own members stand at one indent and quotes
// inside texts have backslashes before them: so nothing grows with the number of interfaces.
#include "aws/read/collector.h"

static const struct {
    const char *operation;
    const char *own;      // member of its records
    const char *referred; // member of interfaces, at any depth
} kinds[] = {{"DescribeSubnets", "\n   \"SubnetId\": \"", "\"SubnetId\": \""},
             {"DescribeInstances", "\n     \"InstanceId\": \"", "\"InstanceId\": \""},
             {"DescribeSecurityGroups", "\n   \"GroupId\": \"", "\"GroupId\": \""}};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]), LONGEST = 64 };

// The next identifier behind `member`; false where there is none more.
static bool next(const char **at, const char *member, char id[LONGEST])
{
    while ((*at = strstr(*at, member)) != NULL) {
        *at += strlen(member);
        size_t length = strcspn(*at, "\"");
        if (length > 0 && length < LONGEST) {
            memcpy(id, *at, length);
            id[length] = '\0';
            return true;
        }
    }
    return false;
}

static void note_reference(const struct call *call, size_t kind, const char *id)
{
    struct collector *collector = call->collector;
    struct arena *arena = collector->arena;
    char key[3 * LONGEST + 4];
    snprintf(key, sizeof(key), "%s|%s|%s", call->account->id, call->region, id);
    if (map_get(&collector->referred, key) != NULL)
        return;
    struct reference *one = arena_new_of(arena, struct reference);
    *one = (struct reference){.account = call->account,
                              .region = call->region,
                              .operation = kinds[kind].operation,
                              .id = arena_strdup(arena, id)};
    map_put(arena, &collector->referred, arena_strdup(arena, key), one);
    *vector_add(arena, &collector->references) = one;
}

void references_note(const struct call *call, const char *text)
{
    struct collector *collector = call->collector;
    bool interfaces = strcmp(call->operation.name, "DescribeNetworkInterfaces") == 0;
    char id[LONGEST];
    for (size_t i = 0; strcmp(call->operation.service, "ec2") == 0 && i < KINDS; i++) {
        const char *at = text;
        while (interfaces && next(&at, kinds[i].referred, id))
            note_reference(call, i, id);
        bool own = strcmp(call->operation.name, kinds[i].operation) == 0;
        for (at = text; own && next(&at, kinds[i].own, id);)
            if (map_get(&collector->known, id) == NULL)
                map_put(collector->arena, &collector->known, arena_strdup(collector->arena, id), collector);
    }
}

// Reads a kind of one account and region again in place of what was read of it before.
static void read_again(struct collector *collector, const struct reference *missing)
{
    for (size_t i = 0; i < collector->calls.count; i++) {
        struct call *old = collector->calls.items[i];
        if (old->sha256 != NULL && old->account == missing->account && strcmp(old->region, missing->region) == 0 &&
            strcmp(old->operation.name, missing->operation) == 0 && strcmp(old->operation.service, "ec2") == 0) {
            call_again(old);
            return;
        }
    }
}

void references_read_missing(struct collector *collector)
{
    struct map asked = {0};
    for (size_t i = 0; i < collector->references.count; i++) {
        const struct reference *one = collector->references.items[i];
        const char *key = arena_printf(collector->arena, "%s|%s|%s", one->account->id, one->region, one->operation);
        if (map_get(&collector->known, one->id) != NULL || map_get(&asked, key) != NULL)
            continue;
        map_put(collector->arena, &asked, key, collector);
        read_again(collector, one);
    }
    calls_run(collector);
}
