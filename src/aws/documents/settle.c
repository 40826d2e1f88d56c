// What can only be known when all documents are read: records that stand twice, members that others have, pages to
// come.
#include <stdlib.h>
#include <string.h>

#include "aws/documents/completeness.h"
#include "aws/documents/documents.h"
#include "aws/documents/readers.h"
#include "aws/documents/weight.h"

static bool has_ipv6(const struct estate *estate, const char *subnet_id)
{
    const struct subnet *subnet = map_get(&estate->subnets, subnet_id);
    return subnet != NULL && subnet->has_ipv6;
}

static void settle_expectations(struct reader *reader)
{
    const struct expectation *states = &reader->documents->expected[EXPECT_INSTANCE_STATE];
    if (states->lacking.count > 0 && !states->met)
        *vector_add(reader->arena, &reader->estate->assumptions) =
            "no instance tells of its State: every one is taken as running";
    for (int e = 0; e < EXPECT_COUNT; e++) {
        struct expectation *expectation = &reader->documents->expected[e];
        for (size_t i = 0; i < expectation->lacking.count; i++) {
            struct lacking *one = &expectation->lacking.items[i];
            if (!expectation->met && !has_ipv6(reader->estate, one->subnet_id))
                continue;
            reader->name = one->name;
            reader->doubt = one->doubt;
            reader->listing = one->listing;
            doubt_document(reader, "", "%s has no %s, which AWS prints even where there %s", one->id, one->key,
                           e < EXPECT_BALANCER_STATE ? "are none" : "is nothing to tell");
        }
    }
}

static int by_list(const void *left, const void *right)
{
    const struct entries_answer *a = left, *b = right;
    int order = strcmp(a->list->id, b->list->id);
    return order != 0 ? order : (a->first > b->first) - (a->first < b->first);
}

static int by_prefix(const void *left, const void *right)
{
    const struct prefix *a = left, *b = right;
    int order = address_compare((struct address){a->family, a->first}, (struct address){b->family, b->first});
    return order != 0 ? order : (int)a->length - (int)b->length;
}

static bool same_entries(const struct entries_answer *a, const struct entries_answer *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (by_prefix(&a->list->entries.items[a->first + i], &b->list->entries.items[b->first + i]) != 0)
            return false;
    return true;
}

static void settle_answers(struct reader *reader, struct entries_answer *answers, size_t count)
{
    struct prefix_list *list = answers[0].list;
    const struct entries_answer *whole = NULL; // the last page, or the only one
    for (size_t i = 0; i < count; i++) {
        if (answers[i].more)
            continue;
        if (whole == NULL)
            whole = &answers[i];
        if (same_entries(whole, &answers[i]))
            continue;
        reader->name = answers[i].name;
        reader->doubt = &list->doubt;
        reader->listing = NULL;
        doubt_document(reader, "", "tells of other entries of prefix list %s than %s: neither is believed alone",
                       list->id, whole->name);
    }
    if (whole != NULL)
        return;
    struct lack lack = {.kind = kind_name(KIND_PREFIX_LISTS), .id = list->id};
    lack.text = arena_printf(reader->arena,
                             "incomplete: entries of prefix list %s (%s says that another page follows, and none does)",
                             list->id, answers[count - 1].name);
    list->doubt = list->doubt == NULL ? lack.text : list->doubt;
    lack_add(reader->arena, &reader->estate->lacks, &lack);
}

static void settle_prefix_lists(struct reader *reader)
{
    struct entries_answer *answers = reader->documents->entries_answers.items;
    size_t count = reader->documents->entries_answers.count;
    if (count > 1)
        qsort(answers, count, sizeof(*answers), by_list);
    for (size_t i = 0, end; i < count; i = end) {
        const struct prefix_list *list = answers[i].list;
        for (end = i; end < count && answers[end].list == list; end++) {
            bool last = end + 1 == count || answers[end + 1].list != list;
            struct entries_answer *one = &answers[end];
            one->count = (last ? list->entries.count : answers[end + 1].first) - one->first;
            if (one->count > 1)
                qsort(list->entries.items + one->first, one->count, sizeof(struct prefix), by_prefix);
        }
        settle_answers(reader, &answers[i], end - i);
    }
}

static int by_port(const void *left, const void *right)
{
    const struct listener *a = left, *b = right;
    return a->port != b->port ? (int)a->port - (int)b->port : strcmp(a->protocol, b->protocol);
}

static int by_priority(const void *left, const void *right)
{
    const struct listener_rule *a = left, *b = right;
    return a->priority != b->priority ? (a->priority < b->priority ? -1 : 1) : strcmp(a->arn, b->arn);
}

// AWS gives each rule of a listener a priority of its own: of two with one, which is asked first is not known.
static void doubt_equal_priorities(struct reader *reader, struct listener *listener)
{
    for (size_t i = 1; i < listener->rules.count; i++) {
        struct listener_rule *one = &listener->rules.items[i - 1], *other = &listener->rules.items[i];
        if (one->priority != other->priority)
            continue;
        reader->listing = NULL;
        reader->name = reader->documents->names[other->record >> RECORD_OFFSET_BITS];
        reader->doubt = NULL;
        const char *doubt = doubt_document(reader, "", "%s and %s both have priority %ld: neither is believed alone",
                                           one->arn, other->arn, other->priority);
        one->doubt = one->doubt == NULL ? doubt : one->doubt;
        other->doubt = other->doubt == NULL ? doubt : other->doubt;
    }
}

// A protocol that no listener of a load balancer's type has. A word that is new may be of any.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html
static void doubt_protocol(struct reader *reader, struct load_balancer *balancer, const struct listener *listener)
{
    static const char *const of_type[][8] = {{"HTTP", "HTTPS"},
                                             {"TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC"},
                                             {"GENEVE"},
                                             {"HTTP", "HTTPS", "TCP", "SSL"}};
    bool known = false;
    for (size_t t = 0; t < sizeof(of_type) / sizeof(of_type[0]); t++)
        known = known || text_among(listener->protocol, of_type[t]);
    if (!known || balancer->name == NULL || balancer->type_unsure ||
        text_among(listener->protocol, of_type[balancer->type]))
        return;
    reader->listing = NULL;
    reader->name = reader->documents->names[balancer->record >> RECORD_OFFSET_BITS];
    reader->doubt = &balancer->doubt;
    doubt_document(reader, "", "%s has a listener of %s on port %u, which no load balancer of its type has",
                   balancer->name, listener->protocol, (unsigned)listener->port);
}

static void settle_balancer(struct reader *reader, struct load_balancer *balancer)
{
    const struct documents *documents = reader->documents;
    if (balancer->doubt == NULL)
        balancer->doubt = documents->any_listener;
    if (balancer->listeners.count > 1)
        qsort(balancer->listeners.items, balancer->listeners.count, sizeof(struct listener), by_port);
    for (size_t i = 0; i < balancer->listeners.count; i++) {
        struct listener *listener = &balancer->listeners.items[i];
        if (listener->rules_doubt == NULL)
            listener->rules_doubt = documents->any_rule;
        if (listener->rules.count > 1)
            qsort(listener->rules.items, listener->rules.count, sizeof(struct listener_rule), by_priority);
        doubt_equal_priorities(reader, listener);
        doubt_protocol(reader, balancer, listener);
    }
}

static void doubt_page(struct reader *reader, const struct listing *listing, const char *arn)
{
    reader->name = listing->name;
    reader->listing = NULL;
    reader->call = kind_call(listing->kind);
    if (listing->kind == KIND_LISTENERS) {
        reader->doubt = strstr(arn, ":globalaccelerator:") != NULL ? doubt_of_accelerator(reader, arn)
                                                                   : &load_balancer_with(reader, arn)->doubt;
        doubt_document(reader, "", "says that another page of listeners follows, and none does");
        return;
    }
    struct listener *listener = listener_named(reader, arn);
    reader->doubt = listener == NULL ? NULL : &listener->rules_doubt;
    doubt_document(reader, "", "says that another page of rules follows, and none does");
}

// A load balancer's listeners may come in any order, and in pages of their own; a listener's rules too.
static void settle_listeners(struct reader *reader)
{
    struct map *balancers = &reader->estate->load_balancers;
    struct documents *documents = reader->documents;
    for (size_t i = 0; i < balancers->size; i++)
        if (balancers->slots[i].value != NULL)
            settle_balancer(reader, balancers->slots[i].value);
    for (size_t i = 0; i < documents->listings.count; i++) {
        struct listing *listing = documents->listings.items[i];
        for (size_t s = 0; listing_has_own_pages(listing) && listing->more && s < listing->seen.count; s++) {
            bool follows = false;
            for (size_t j = i + 1; j < documents->listings.count && !follows; j++)
                follows = map_get_pointer(&documents->listings.items[j]->seen_once, listing->seen.items[s]) != NULL &&
                          documents->listings.items[j]->kind == listing->kind;
            if (!follows && listing->seen.items[s]->vpc_id != NULL)
                doubt_page(reader, listing, listing->seen.items[s]->vpc_id);
            reader->call = NULL;
        }
    }
}

static void leave_out(void *context, const struct too_heavy *what)
{
    struct reader *reader = context;
    reader->name = what->file != NULL ? what->file : reader->documents->names[what->record >> RECORD_OFFSET_BITS];
    reader->listing = NULL;
    reader->doubt = what->doubt;
    doubt_document(reader, "", "%s", what->text);
    reader->doubt = NULL;
}

// When all rules are there: those that only DescribeSecurityGroupRules tells of, too.
static void settle_weights(struct reader *reader)
{
    estate_weigh(&(struct weighing){reader->estate, leave_out, reader});
}

void documents_settle(struct reader *reader)
{
    note_account_lists(reader);
    settle_organizations(reader);
    settle_assignments(reader);
    reader->documents->settling = true;
    settle_expectations(reader);
    settle_interfaces(reader);
    settle_contradictions(reader);
    settle_owners(reader);
    settle_prefix_lists(reader);
    settle_listeners(reader);
    settle_transit(reader);
    settle_accelerators(reader);
    settle_origins(reader);
    settle_web_acls(reader);
    settle_rule_records(reader);
    settle_weights(reader);
    completeness_settle(reader);
    settle_absent_instances(reader);
    settle_group_associations(reader);
    settle_brought(reader);
    settle_address_claims(reader);
    settle_uncounted(reader);
}
