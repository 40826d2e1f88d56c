// Address ranges that their owners brought to AWS (BYOIP), and which of them AWS does not advertise on the internet.
#include <stdlib.h>
#include <string.h>

#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

// IANA gives registries no wider blocks, so that nobody has one: https://www.iana.org/numbers
enum { WIDEST_IPV4 = 8, WIDEST_IPV6 = 12 };

// "provisioned" is not "advertised", and only what is that is on the internet.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ByoipCidr.html
bool read_byoip_cidr(struct reader *reader, const struct json_cursor *at, void *into)
{
    struct byoip_range range = {.cidr = text_beside(reader, at, "Cidr")};
    (void)into;
    GUARD(read_prefix(reader, at, "Cidr", 0, &range.prefix));
    if (range.prefix.length < (range.prefix.family == FAMILY_IPV4 ? WIDEST_IPV4 : WIDEST_IPV6))
        return json_fail(at, reader->error, "has a Cidr, %s, that is wider than what anybody has", range.cidr);
    lenient_text(reader, at, "State", &range.state);
    if (range.state == NULL) {
        struct json_cursor where = member_of(reader, at, "State");
        doubt_at(reader, &where, "is missing: whether %s is advertised is not told", range.cidr);
    }
    *vector_add(reader->arena, &reader->estate->byoip_ranges) = range;
    return true;
}

void note_brought(struct reader *reader, const char *what, struct prefix prefix)
{
    *vector_add(reader->arena, &reader->documents->brought) = (struct brought){what, prefix};
}

static int by_range(const void *left, const void *right)
{
    const struct byoip_range *a = left, *b = right;
    int order = strcmp(a->cidr, b->cidr);
    return order != 0 ? order : strcmp(a->state == NULL ? "" : a->state, b->state == NULL ? "" : b->state);
}

void settle_brought(struct reader *reader)
{
    struct estate *estate = reader->estate;
    if (estate->byoip_ranges.count > 1)
        qsort(estate->byoip_ranges.items, estate->byoip_ranges.count, sizeof(struct byoip_range), by_range);
    for (size_t i = 0; i < reader->documents->brought.count; i++) {
        const struct brought *one = &reader->documents->brought.items[i];
        bool told = false;
        for (size_t r = 0; r < estate->byoip_ranges.count && !told; r++)
            told = prefix_meets(estate->byoip_ranges.items[r].prefix, one->prefix);
        if (!told)
            text_list_add(reader->arena, &estate->assumptions,
                          arena_printf(reader->arena,
                                       "%s was brought by its owner (BYOIP), and is taken as advertised on the "
                                       "internet (ec2 describe-byoip-cidrs tells)",
                                       one->what));
    }
}
