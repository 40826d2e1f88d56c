#include "model/shard.h"

#include <stdlib.h>

#include "base/digest.h"
#include "base/memory.h"
#include "model/protocol.h"

// What is asked, without why: of a plan that was read as of one that was made.
static const char *digest_of(struct arena *arena, const struct plan *plan)
{
    struct digest *digest = digest_new();
    char hex[DIGEST_TEXT];
    for (size_t i = 0; i < plan->targets.count; i++) {
        const struct plan_target *target = &plan->targets.items[i];
        struct arena *scratch = arena_new();
        char address[ADDRESS_TEXT];
        address_format(target->address, address);
        const char *line =
            arena_printf(scratch, "%s %d %s %s%s\n", address, target->protocol, portset_format(scratch, target->ports),
                         portset_format(scratch, target->client_ports), target->canary ? " canary" : "");
        digest_add(digest, line, strlen(line));
        arena_free(scratch);
    }
    digest_end(digest, hex);
    return arena_strdup(arena, hex);
}

struct host {
    struct address address; // the first of its addresses
    uint64_t questions;
    unsigned part;
};
typedef VECTOR(struct host) host_list;

static const char *key_of(struct address address, char text[ADDRESS_TEXT])
{
    address_format(address, text);
    return text;
}

// The host of each target, by number, from 1; canaries' is 0.
static size_t *hosts_of(struct arena *arena, const struct plan *plan, host_list *hosts)
{
    struct map numbers = {0};
    char text[ADDRESS_TEXT];
    size_t *of = arena_array(arena, size_t, plan->targets.count + 1), *together;
    for (size_t i = 0; i < plan->hosts.count; i++) {
        const host_addresses *group = &plan->hosts.items[i];
        together = arena_new_of(arena, size_t); // 0 until one of them is a target
        for (size_t a = 0; a < group->count; a++)
            map_put(arena, &numbers, arena_strdup(arena, key_of(group->items[a], text)), together);
    }
    for (size_t i = 0; i < plan->targets.count; i++) {
        const struct plan_target *target = &plan->targets.items[i];
        of[i] = 0;
        if (target->spare)
            continue;
        size_t *number = map_get(&numbers, key_of(target->address, text));
        if (number == NULL) {
            number = arena_new_of(arena, size_t);
            map_put(arena, &numbers, arena_strdup(arena, text), number);
        }
        if (*number == 0) {
            *vector_add(arena, hosts) = (struct host){.address = target->address};
            *number = hosts->count;
        }
        struct host *host = &hosts->items[*number - 1];
        host->questions += portset_is_empty(target->ports) ? 1 : portset_size(target->ports);
        if (address_compare(target->address, host->address) < 0)
            host->address = target->address;
        of[i] = *number;
    }
    return of;
}

static int heaviest_first(const void *left, const void *right)
{
    const struct host *const *a = left, *const *b = right;
    return (*a)->questions != (*b)->questions ? ((*a)->questions > (*b)->questions ? -1 : 1)
                                              : address_compare((*a)->address, (*b)->address);
}

// A heap of parts: the one with the fewest questions, and of those the first, on top.
struct part {
    uint64_t questions;
    unsigned index;
};

static bool is_less(struct part a, struct part b)
{
    return a.questions != b.questions ? a.questions < b.questions : a.index < b.index;
}

static void sink(struct part *heap, size_t count)
{
    for (size_t at = 0, least;; at = least) {
        least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++)
            if (is_less(heap[child], heap[least]))
                least = child;
        if (least == at)
            return;
        struct part moved = heap[at];
        heap[at] = heap[least];
        heap[least] = moved;
    }
}

static void deal(struct arena *arena, host_list *hosts, unsigned of)
{
    struct host **order = arena_array(arena, struct host *, hosts->count + 1);
    struct part *heap = arena_array(arena, struct part, of);
    for (size_t i = 0; i < hosts->count; i++)
        order[i] = &hosts->items[i];
    qsort(order, hosts->count, sizeof(*order), heaviest_first);
    for (unsigned i = 0; i < of; i++)
        heap[i] = (struct part){0, i + 1};
    for (size_t i = 0; i < hosts->count; i++) {
        order[i]->part = heap[0].index;
        heap[0].questions += order[i]->questions;
        sink(heap, of);
    }
}

bool shard_take(struct arena *arena, struct plan *plan, unsigned index, unsigned of, struct error *error)
{
    if (plan->shard.of != 0)
        return error_set(error, ERROR_USAGE, "--shard: the plan is shard %u of %u already", plan->shard.index,
                         plan->shard.of);
    if (index < 1 || index > of || of > SHARDS_MOST)
        return error_set(error, ERROR_USAGE, "--shard %u/%u: expected K/N, K from 1 to N, N at most %d", index, of,
                         SHARDS_MOST);
    host_list hosts = {0};
    const size_t *host = hosts_of(arena, plan, &hosts);
    plan->shard = (struct shard){index, of, digest_of(arena, plan)};
    deal(arena, &hosts, of);
    size_t kept = 0;
    for (size_t i = 0; i < plan->targets.count; i++)
        if (host[i] == 0 || hosts.items[host[i] - 1].part == index)
            plan->targets.items[kept++] = plan->targets.items[i];
    plan->targets.count = (uint32_t)kept;
    return true;
}

bool shard_read(struct arena *arena, const struct json_cursor *at, struct shard *shard, struct error *error)
{
    static const char *const keys[] = {"index", "of", "plan_sha256", NULL};
    struct json_cursor member = json_member(at, "shard");
    long index, of;
    *shard = (struct shard){0};
    if (member.node == NULL)
        return true;
    GUARD(json_expect_object(&member, error) && json_expect_keys(&member, keys, error) &&
          json_integer(&member, "of", 1, SHARDS_MOST, &of, error) &&
          json_integer(&member, "index", 1, of, &index, error) &&
          json_string(arena, &member, "plan_sha256", &shard->plan_sha256, error));
    struct json_cursor digest = json_member(&member, "plan_sha256");
    if (!digest_is_hexadecimal(shard->plan_sha256, DIGEST_TEXT - 1))
        return json_fail(&digest, error, "is no SHA-256, expected one in hexadecimal");
    shard->index = (unsigned)index;
    shard->of = (unsigned)of;
    return true;
}

void shard_write(struct json_writer *writer, const struct shard *shard)
{
    if (shard->of == 0)
        return;
    json_open(writer, "shard", '{');
    json_put_integer(writer, "index", shard->index);
    json_put_integer(writer, "of", shard->of);
    json_put_string(writer, "plan_sha256", shard->plan_sha256);
    json_close(writer, '}');
}

bool shards_whole(const struct shard *const *shards, const char *const *files, size_t count, struct error *error)
{
    const char *seen[SHARDS_MOST] = {NULL};
    for (size_t i = 0; i < count; i++) {
        const struct shard *one = shards[i];
        if (one->of != shards[0]->of)
            return error_set(error, ERROR_USAGE, "%s is shard %u of %u, and %s one of %u: expected parts of one whole",
                             files[i], one->index, one->of, files[0], shards[0]->of);
        if (strcmp(one->plan_sha256, shards[0]->plan_sha256) != 0)
            return error_set(error, ERROR_USAGE, "%s is a shard of another plan than %s", files[i], files[0]);
        if (seen[one->index - 1] != NULL)
            return error_set(error, ERROR_USAGE, "%s and %s are both shard %u of %u", seen[one->index - 1], files[i],
                             one->index, one->of);
        seen[one->index - 1] = files[i];
    }
    for (unsigned index = 1; count > 0 && index <= shards[0]->of; index++)
        if (seen[index - 1] == NULL)
            return error_set(error, ERROR_USAGE, "shard %u of %u is missing: nothing tells what it would have seen",
                             index, shards[0]->of);
    return true;
}
