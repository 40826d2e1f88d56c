// Two records of one id that differ, read at two moments or by two hands: whatever either says may be so. What comes of
// them is the same whichever was read first; that they are doubtful says record_twin.
#include <stdlib.h>
#include <string.h>

#include "aws/documents/completeness.h"
#include "aws/documents/documents.h"
#include "aws/documents/readers.h"

bool record_agrees(struct reader *reader, const struct json_cursor *at, record_place earlier, const char *id,
                   const char **doubt)
{
    return record_twin(reader, at, earlier, id, doubt) == TWIN_SAME;
}

// What an earlier document tells of the kind in hand is as little sure as what this one does.
static void damage_listings(struct reader *reader, const char *name)
{
    struct documents *documents = reader->documents;
    for (size_t i = 0; reader->listing != NULL && i < documents->listings.count; i++) {
        struct listing *one = documents->listings.items[i];
        if (one->kind == reader->listing->kind && strcmp(one->name, name) == 0)
            one->damage = reader->listing->damage;
    }
}

enum twin record_twin(struct reader *reader, const struct json_cursor *at, record_place earlier, const char *id,
                      const char **doubt)
{
    const char *other;
    int order = documents_compare_record(reader->documents, earlier, at->node, &other);
    if (order == 0)
        return TWIN_SAME;
    char place[256];
    json_place(at, place, sizeof(place));
    const char **before = reader->doubt;
    *doubt = NULL; // this goes before whatever else is doubtful of either
    if (reader->listing != NULL)
        reader->listing->damage = NULL;
    reader->doubt = doubt;
    doubt_document(reader, place, "is another record of %s than the one in %s: neither is believed alone", id, other);
    reader->doubt = before;
    damage_listings(reader, other);
    return order < 0 ? TWIN_BEFORE : TWIN_BEHIND;
}

void put_alone(struct reader *reader, struct map *map, const char *key, void *value, const char **doubt,
               size_t doubt_offset, const char *what)
{
    void *old = map_get(map, key);
    if (old == NULL) {
        map_put(reader->arena, map, key, value);
        return;
    }
    if (old == value)
        return;
    const char *text = doubt_document(reader, "", "%s %s a second time: neither is believed alone", what, key);
    const char **old_doubt = (const char **)((char *)old + doubt_offset);
    if (strcmp(*(const char *const *)value, *(const char *const *)old) < 0) // by their ids, in any order of files
        map_put(reader->arena, map, key, value);
    *doubt = *doubt == NULL ? text : *doubt;
    *old_doubt = *old_doubt == NULL ? text : *old_doubt;
}

const char *lesser_text(const char *a, const char *b)
{
    return a == NULL || (b != NULL && strcmp(b, a) < 0) ? b : a;
}

// Adds those of another list that a list lacks, in an order of its own.
static void unite_texts(struct arena *arena, text_list *base, const text_list *other)
{
    text_list_add_all(arena, base, other);
    if (base->count > 1)
        sort_texts(base->items, base->count);
}

static bool same_texts(const text_list *a, const text_list *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = text_list_holds(b, a->items[i]);
    return same;
}

void unite_balancers(struct arena *arena, struct load_balancer *base, const struct load_balancer *other)
{
    base->type_unsure = base->type_unsure || other->type_unsure || base->type != other->type;
    if (other->type < base->type)
        base->type = other->type;
    base->place_unsure = base->place_unsure || other->place_unsure || !text_same(base->vpc_id, other->vpc_id) ||
                         base->groups_told != other->groups_told || !same_texts(&base->groups, &other->groups);
    if (!text_same(base->vpc_id, other->vpc_id))
        base->vpc_id = NULL;
    base->scheme = SCHEME_NOT_TOLD;
    base->has_ipv6 = base->has_ipv6 || other->has_ipv6;
    base->family_told = base->family_told && other->family_told;
    base->source_nat = base->source_nat || other->source_nat;
    base->asks_groups_of_private_link = base->asks_groups_of_private_link && other->asks_groups_of_private_link;
    unite_texts(arena, &base->source_nat_prefixes, &other->source_nat_prefixes);
    base->unsure = base->unsure == NULL ? other->unsure : base->unsure;
    unite_texts(arena, &base->addresses, &other->addresses);
    unite_texts(arena, &base->subnets, &other->subnets);
    unite_texts(arena, &base->groups, &other->groups);
    unite_texts(arena, &base->instances, &other->instances);
}

static bool same_kind(const struct target_group *a, const struct target_group *b)
{
    return text_same(a->type, b->type) && text_same(a->protocol, b->protocol) && text_same(a->vpc_id, b->vpc_id) &&
           a->port == b->port && a->family_told == b->family_told && a->is_ipv6 == b->is_ipv6;
}

// What decides which of two that differ goes before in the list of what it may be.
static int by_kind(const struct target_group *a, const struct target_group *b)
{
    const char *texts[][2] = {{a->type, b->type}, {a->protocol, b->protocol}, {a->vpc_id, b->vpc_id}};
    for (size_t i = 0; i < 3; i++) {
        int order = strcmp(texts[i][0] == NULL ? "" : texts[i][0], texts[i][1] == NULL ? "" : texts[i][1]);
        if (order != 0)
            return order;
    }
    int numbers[][2] = {{a->port, b->port}, {a->family_told, b->family_told}, {a->is_ipv6, b->is_ipv6}};
    for (size_t i = 0; i < 3; i++)
        if (numbers[i][0] != numbers[i][1])
            return numbers[i][0] - numbers[i][1];
    return 0;
}

void unite_target_groups(struct arena *arena, struct target_group *base, bool other_is_first,
                         struct target_group *other)
{
    unite_texts(arena, &base->load_balancers, &other->load_balancers);
    base->balancers_told = base->balancers_told || other->balancers_told;
    base->name = lesser_text(base->name, other->name);
    if (other_is_first) {
        struct target_group first = *base; // what other documents tell of it stays
        first.record = other->record;
        first.type = other->type;
        first.protocol = other->protocol;
        first.version = other->version;
        first.vpc_id = other->vpc_id;
        first.port = other->port;
        first.family_told = other->family_told;
        first.is_ipv6 = other->is_ipv6;
        *other = *base;
        other->other = NULL;
        *base = first;
    }
    struct target_group **at = &base->other;
    if (same_kind(base, other))
        return;
    while (*at != NULL && by_kind(*at, other) < 0)
        at = &(*at)->other;
    if (*at != NULL && same_kind(*at, other))
        return;
    other->other = *at;
    *at = other;
}

bool unite_targets(struct target *base, const struct target *other)
{
    bool same_health = strcmp(base->health, other->health) == 0 && text_same(base->reason, other->reason) &&
                       text_same(base->shift, other->shift);
    bool same_zone = text_same(base->zone, other->zone);
    if (!same_health && strcmp(other->health, base->health) < 0)
        base->health = other->health;
    if (!same_health)
        base->reason = base->shift = NULL;
    if (!same_zone)
        base->zone = NULL;
    base->unsure = base->unsure || !same_health;
    base->zone_unsure = base->zone_unsure || !same_zone;
    return same_health && same_zone;
}

static void add_forward(struct arena *arena, struct listener_rule *rule, const struct forward *forward)
{
    for (size_t i = 0; i < rule->forwards.count; i++)
        if (rule->forwards.items[i].target_group == forward->target_group) {
            if (forward->weight > rule->forwards.items[i].weight)
                rule->forwards.items[i].weight = forward->weight;
            return;
        }
    *vector_add(arena, &rule->forwards) = *forward;
}

static bool same_sources(const struct listener_rule *a, const struct listener_rule *b)
{
    bool same = a->from_sources == b->from_sources && a->sources.count == b->sources.count;
    for (size_t i = 0; same && i < a->sources.count; i++)
        same = prefix_equal(a->sources.items[i], b->sources.items[i]);
    return same;
}

// Only what both ask for is sure to be asked for.
static void unite_conditions(struct listener_rule *base, const struct listener_rule *other)
{
    size_t kept = 0;
    for (size_t i = 0; i < base->conditions.count; i++) {
        const struct rule_condition *one = &base->conditions.items[i];
        bool both = false;
        for (size_t j = 0; j < other->conditions.count && !both; j++)
            both = strcmp(one->on, other->conditions.items[j].on) == 0 &&
                   same_texts(&one->values, &other->conditions.items[j].values);
        if (both)
            base->conditions.items[kept++] = *one;
    }
    base->conditions.count = (uint32_t)kept;
}

void unite_rules(struct arena *arena, struct listener_rule *base, const struct listener_rule *other)
{
    for (size_t i = 0; i < other->forwards.count; i++)
        add_forward(arena, base, &other->forwards.items[i]);
    if (!same_sources(base, other)) { // it may take anybody, or not
        base->from_sources = false;
        base->sources.count = 0;
    }
    unite_conditions(base, other);
    base->sticky = base->sticky || other->sticky;
    base->transforms = base->transforms || other->transforms;
    base->redirects_to_https = base->redirects_to_https && other->redirects_to_https;
    base->login = lesser_text(base->login, other->login);
    if (other->priority < base->priority)
        base->priority = other->priority;
    base->doubt = base->doubt == NULL ? other->doubt : base->doubt;
}

// What a block of either is, whichever says it: the record is doubtful, and none of them is sure.
static void unite_blocks(struct arena *arena, struct ipv6_blocks *base, const struct ipv6_blocks *other)
{
    for (size_t i = 0; i < other->items.count; i++)
        *vector_add(arena, &base->items) = other->items.items[i];
}

static void unite_modes(bool *says, enum block_mode *mode, bool other_says, enum block_mode other)
{
    if (*says != other_says || *mode != other)
        *mode = BLOCK_UNKNOWN;
    *says = *says || other_says;
}

void unite_subnets(struct arena *arena, struct subnet *base, const struct subnet *other)
{
    if (!text_same(base->vpc_id, other->vpc_id))
        base->vpc_id = NULL;
    if (!prefix_equal(base->cidr, other->cidr))
        base->cidr.family = 0;
    base->public_ip_on_launch = base->public_ip_on_launch || other->public_ip_on_launch;
    base->launch_told = base->launch_told && other->launch_told;
    base->ipv6_told = base->ipv6_told && other->ipv6_told;
    base->has_ipv6 = base->has_ipv6 || other->has_ipv6;
    base->past_firewall = base->past_firewall && other->past_firewall;
    if (!text_same(base->firewall_treatment, other->firewall_treatment))
        base->firewall_treatment = NULL;
    unite_modes(&base->says_block, &base->block, other->says_block, other->block);
    unite_blocks(arena, &base->ipv6_blocks, &other->ipv6_blocks);
}

void unite_vpcs(struct arena *arena, struct vpc *base, const struct vpc *other)
{
    base->encryption = lesser_text(base->encryption, other->encryption);
    base->firewall = lesser_text(base->firewall, other->firewall);
    base->has_firewall = base->has_firewall || other->has_firewall;
    base->firewalls_told = base->firewalls_told && other->firewalls_told;
    unite_modes(&base->says_block, &base->block, other->says_block, other->block);
    unite_blocks(arena, &base->ipv6_blocks, &other->ipv6_blocks);
    for (size_t i = 0; i < other->ipv4_blocks.count; i++)
        *vector_add(arena, &base->ipv4_blocks) = other->ipv4_blocks.items[i];
}

// Two records of one instance, read at two moments: whether it runs is not sure, so it is taken as running; nor which
// groups it has.
void unite_instances(struct reader *reader, struct instance *old, const struct instance *other)
{
    bool other_groups = old->groups != NULL && other->groups != NULL && old->groups != other->groups;
    const char *name = tags_name(old->tags, old->tag_count), *other_name = tags_name(other->tags, other->tag_count);
    if (other_name != NULL && lesser_text(name, other_name) == other_name) {
        old->tags = other->tags;
        old->tag_count = other->tag_count;
    }
    old->http_tokens = lesser_text(old->http_tokens, other->http_tokens); // "optional" before "required"
    old->metadata_disabled = old->metadata_disabled && other->metadata_disabled;
    old->profile = lesser_text(old->profile, other->profile);
    if (text_same(old->state, other->state) && !old->state_unsure && !other_groups)
        return;
    old->doubt = doubt_document(reader, "", "%s is another record of it than the one in %s: neither is believed alone",
                                old->id, old->evidence);
    if (!text_same(old->state, other->state))
        old->state_unsure = true;
    if (old->state_unsure)
        old->state = NULL;
    if (other_groups)
        old->groups = NULL;
}

// Two records that differ tell no rule, and either may be right in the name by which a service's own group is known.
void unite_groups(struct security_group *base, const struct security_group *other)
{
    const char *first = lesser_text(base->name, other->name);
    base->ingress.count = base->egress.count = 0;
    base->vpc_id = lesser_text(base->vpc_id, other->vpc_id);
    base->account_id = lesser_text(base->account_id, other->account_id);
    base->has_egress = base->has_egress && other->has_egress;
    if (!text_same(base->name, other->name) && base->other_name == NULL)
        base->other_name = base->name == first ? other->name : base->name;
    base->name = first;
}
