// Which load balancer, target group or trail a document tells of, where only its file's name says so (contract.md).
// A name that fits partly is another's: "web-old" is not "web", and no file of it decides "web".
#include <string.h>
#include <strings.h>

#include "aws/documents/calls.h"
#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

// Load balancers and target groups have letters, digits and hyphens in their names: none of these is part of one.
static const char borders[] = ". _:";

// The part of a file's name that can name something: what comes behind the call's own name.
static const char *behind_call(const char *file)
{
    const char *base = text_behind_slash(file);
    const struct aws_call *call = call_of_file(base);
    size_t length = call == NULL ? 0 : strlen(call->file);
    const char *rest = length > 0 && strncmp(base, call->file, length) == 0 ? base + length : base;
    return rest != base && *rest == '-' ? rest + 1 : rest;
}

struct word {
    const char *text;
    size_t length;
};

// The next word of a text; false at its end.
static bool next_word(const char **at, const char *between, struct word *word)
{
    *at += strspn(*at, between);
    *word = (struct word){*at, strcspn(*at, between)};
    *at += word->length;
    return word->length > 0;
}

static bool word_is(const struct word *word, const char *text)
{
    return text != NULL && strlen(text) == word->length && strncasecmp(word->text, text, word->length) == 0;
}

// "2" or "page2"; ids of AWS are longer.
static bool is_page(const struct word *word)
{
    enum { MOST_DIGITS = 4 };
    size_t skipped = word->length >= 4 && strncasecmp(word->text, "page", 4) == 0 ? 4 : 0;
    size_t digits = strspn(word->text + skipped, "0123456789");
    return digits <= MOST_DIGITS && (digits > 0 || skipped > 0) && skipped + digits >= word->length;
}

// Words of which nothing follows: an ending, a page, a part of the thing's own ARN, a call.
static bool is_beside(const struct word *word, const char *arn)
{
    struct word part;
    if (word_is(word, "json") || word_is(word, "elbv2") || word_is(word, "elb") || word_is(word, "classic") ||
        is_page(word))
        return true;
    for (const char *at = arn; next_word(&at, ":/", &part);)
        if (part.length == word->length && strncmp(part.text, word->text, part.length) == 0)
            return true;
    for (size_t i = 0; i < aws_call_count; i++) {
        const char *file = aws_calls[i].file;
        const char *bare = file != NULL && strncmp(file, "describe-", 9) == 0 ? file + 9 : NULL;
        if (file != NULL && (word_is(word, file) || word_is(word, bare) || word_is(word, aws_calls[i].operation)))
            return true;
    }
    return false;
}

// How well a file's name fits: not at all, by name, by its id, or by both. An id as AWS makes them is nobody else's; a
// name is one's own within an account's region only, and only where the file's name holds no word that is another's.
enum fits { FITS_NOT, FITS_BY_NAME, FITS_BY_ID, FITS_BY_BOTH };

static bool is_place(const char *told, const char *own)
{
    return told == NULL || own == NULL || strcmp(told, own) == 0;
}

static enum fits fits(struct reader *reader, const char *file, const char *arn, const char *name)
{
    enum { LEAST_ID = 16 };
    const char *id = text_behind_slash(arn), *account = NULL, *region = NULL;
    bool by_name = false, by_id = false, others = false, whole_id = strlen(id) >= LEAST_ID && file_names(file, id);
    struct word word;
    for (const char *at = file; next_word(&at, borders, &word);) {
        by_name = by_name || word_is(&word, name);
        by_id = by_id || word_is(&word, id);
        others = others || (!word_is(&word, name) && !is_beside(&word, arn));
    }
    place_of_arn(reader, arn, &account, &region);
    bool here = is_place(reader->place.account, account) && is_place(reader->place.region, region);
    by_name = by_name && !others && here;
    return by_name && (by_id || whole_id) ? FITS_BY_BOTH : whole_id ? FITS_BY_ID : by_name ? FITS_BY_NAME : FITS_NOT;
}

// What fits best; nothing where two fit as well.
struct best {
    void *what;
    enum fits fits;
    bool several;
};

static void consider(struct best *best, void *what, enum fits fits)
{
    if (fits == FITS_NOT || fits < best->fits)
        return;
    *best = (struct best){what, fits, fits == best->fits};
}

struct target_group *target_group_of_file(struct reader *reader)
{
    const char *file = behind_call(reader->name);
    const struct map *map = &reader->estate->target_groups;
    struct best best = {0};
    for (size_t i = 0; i < map->size; i++) {
        struct target_group *group = map->slots[i].value;
        if (map->slots[i].key != NULL)
            consider(&best, group, fits(reader, file, group->arn, group->name));
    }
    return best.several ? NULL : best.what;
}

struct load_balancer *load_balancer_of_file(struct reader *reader)
{
    const char *file = behind_call(reader->name);
    const struct map *map = &reader->estate->load_balancers;
    struct best best = {0};
    for (size_t i = 0; i < map->size; i++) {
        struct load_balancer *balancer = map->slots[i].value;
        if (map->slots[i].key != NULL && balancer->type != LOAD_BALANCER_CLASSIC)
            consider(&best, balancer, fits(reader, file, balancer->arn, balancer->name));
    }
    return best.several ? NULL : best.what;
}

// A classic one has no ARN: it is of the file's account and region, as far as these are told.
struct load_balancer *classic_load_balancer_of_file(struct reader *reader)
{
    const char *file = behind_call(reader->name);
    const struct map *map = &reader->estate->load_balancers;
    struct best best = {0};
    for (size_t i = 0; i < map->size; i++) {
        struct load_balancer *one = map->slots[i].value;
        bool here = map->slots[i].key != NULL && one->type == LOAD_BALANCER_CLASSIC &&
                    is_place(reader->place.account, one->account) && is_place(reader->place.region, one->region);
        if (here)
            consider(&best, one, fits(reader, file, one->arn, one->name));
    }
    return best.several ? NULL : best.what;
}

// A trail's name may hold each of the borders: it is all that stands before the ending and a page.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trail-naming-requirements.html
static bool names_trail(const char *file, const struct trail *trail)
{
    const char *rest = file + strspn(file, borders);
    size_t length = strlen(trail->name);
    struct word word;
    if (strncmp(rest, trail->name, length) != 0 || (rest[length] != '.' && rest[length] != '\0'))
        return false;
    for (const char *at = rest + length; next_word(&at, borders, &word);)
        if (!word_is(&word, "json") && !is_page(&word))
            return false;
    return true;
}

// The account's only trail needs no name; of two of one name, the folder's region says which.
struct trail *trail_of_file(struct reader *reader)
{
    struct account *account = account_of(reader);
    const char *base = text_behind_slash(reader->name), *file = behind_call(reader->name);
    const struct aws_call *call = call_of_file(base);
    bool named = call != NULL && strchr(base + strlen(call->file), '.') != strrchr(base, '.'); // for another
    struct best best = {0};
    for (size_t i = 0; i < account->trails.count; i++) {
        struct trail *trail = &account->trails.items[i];
        const char *owner = NULL, *region = NULL;
        place_of_arn(reader, trail->arn, &owner, &region);
        bool here = region != NULL && text_same(reader->place.region, region);
        if (names_trail(file, trail))
            consider(&best, trail, here ? FITS_BY_ID : FITS_BY_NAME);
        else if (account->trails.count == 1 && !named)
            consider(&best, trail, FITS_BY_NAME);
    }
    return best.several ? NULL : best.what;
}

// "111122223333", "ou-ab12-cdef3456" or "r-ab12".
static bool is_of_organization(const struct word *word)
{
    enum { ACCOUNT_DIGITS = 12, LEAST_ROOT = 6 };
    if (word->length == ACCOUNT_DIGITS && strspn(word->text, "0123456789") >= word->length)
        return true;
    return word->length >= LEAST_ROOT && (strncmp(word->text, "ou-", 3) == 0 || strncmp(word->text, "r-", 2) == 0) &&
           strspn(word->text, "abcdefghijklmnopqrstuvwxyz0123456789-") >= word->length;
}

const char *organization_id_of_file(struct reader *reader)
{
    const char *found = NULL;
    struct word word;
    for (const char *at = behind_call(reader->name); next_word(&at, borders, &word);) {
        if (!is_of_organization(&word))
            continue;
        const char *id = intern(reader, arena_strndup(reader->scratch, word.text, word.length));
        if (found != NULL && strcmp(found, id) != 0)
            return NULL;
        found = id;
    }
    return found;
}
