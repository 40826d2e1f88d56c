#include "model/reason.h"

#include <assert.h>

#include "model/protocol.h"

const char *const reason_stage_names[] = {"",      "group",   "acl_in",   "gateway",   "block_public_access",
                                          "route", "acl_out", "balancer", "appliance", "intent",
                                          "host",  NULL};

const char settle_by_probe[] = "cannot be settled from documents: probe it";

static const char settle_behind[] =
    "cannot be settled from documents: ask what brings clients to it, since its own address is not on the internet";

const char *reason_stage_words(enum reason_stage stage)
{
    static const char *const words[REASON_STAGES] = {
        "",         "security groups", "network acl in", "gateway", "gateway", "route back", "network acl out",
        "listener", "route back",      "intent",         "host"};
    return words[stage];
}

// ---- Making

const struct reason *reason_says(struct arena *arena, enum reason_stage stage, const char *id, const char *text)
{
    struct reason *reason = arena_new_of(arena, struct reason);
    *reason = (struct reason){.stage = stage, .id = id, .text = text};
    return reason;
}

const struct reason *reason_doubt(struct arena *arena, enum reason_stage stage, const char *id, const char *settle,
                                  const char *text)
{
    struct reason *reason = arena_new_of(arena, struct reason);
    *reason = (struct reason){.stage = stage, .id = id, .text = text, .settle = settle};
    return reason;
}

const struct reason *reason_lack_of(struct arena *arena, enum reason_stage stage, const char *id, const char *settle,
                                    const struct lack *lack)
{
    struct reason *reason = arena_new_of(arena, struct reason);
    struct lack *kept = arena_new_of(arena, struct lack);
    *kept = *lack;
    *reason = (struct reason){.stage = stage, .id = id, .text = lack->text, .settle = settle, .lack = kept};
    return reason;
}

const struct reason *reason_stop(struct arena *arena, enum reason_stage stage, const char *id, const char *text)
{
    struct reason *reason = arena_new_of(arena, struct reason);
    *reason = (struct reason){.stage = stage, .stops = true, .id = id, .text = text};
    return reason;
}

const char *settle_by_call(struct arena *arena, enum kind kind, const char *id)
{
    return id == NULL ? kind_call(kind) : arena_printf(arena, "%s of %s", kind_call(kind), id);
}

const char *settle_doubt(struct arena *arena, const struct estate *estate, const char *doubt, enum kind kind,
                         const char *id)
{
    const char *call = map_get(&estate->doubts_by_call, doubt);
    return call == NULL ? settle_by_call(arena, kind, id) : arena_printf(arena, "%s of %s", call, id);
}

const struct reason *reason_lack(struct arena *arena, enum reason_stage stage, const struct lack *lack)
{
    const char *call = lack->kind, *where = NULL;
    for (int kind = 0; kind < KIND_COUNT; kind++)
        if (text_same(kind_name((enum kind)kind), lack->kind))
            call = kind_call((enum kind)kind);
    if (lack->id != NULL)
        where = lack->id;
    else if (lack->account != NULL && lack->region != NULL)
        where = arena_printf(arena, "%s in %s", lack->account, lack->region);
    return reason_lack_of(arena, stage, lack->id, where == NULL ? call : arena_printf(arena, "%s of %s", call, where),
                          lack);
}

const struct reason *reason_behind(struct arena *arena, const struct reason *reason)
{
    if (reason->settle != settle_by_probe)
        return reason;
    struct reason *behind = arena_new_of(arena, struct reason);
    *behind = *reason;
    behind->settle = settle_behind;
    return behind;
}

const struct reason *reason_of_sources(struct arena *arena, const struct reason *reason, uint16_t low, uint16_t high,
                                       struct prefixset sources)
{
    struct portmap *of = arena_new_of(arena, struct portmap);
    struct reason *some = arena_new_of(arena, struct reason);
    *of = portmap_of(arena, portset_of(arena, low, high), sources);
    *some = *reason;
    some->of = of;
    return some;
}

const struct reason *reason_of_all(struct arena *arena, const struct reason *reason)
{
    if (reason->of == NULL)
        return reason;
    struct reason *all = arena_new_of(arena, struct reason);
    *all = *reason;
    all->of = NULL;
    return all;
}

// ---- Telling

const char *reason_id(struct arena *arena, const struct reason *reason)
{
    switch (reason->form) {
    case REASON_RULE:
        return reason->record != NULL
                   ? reason->record->id
                   : arena_printf(arena, "%s:%s%zu", reason->id, reason->egress ? "egress:" : "", reason->rule->index);
    case REASON_ENTRY:
        return arena_printf(arena, "%s:%s%d", reason->id, reason->entry->egress ? "egress:" : "",
                            reason->entry->number);
    case REASON_SAYS:
        break;
    }
    return reason->id;
}

const char *reason_group(const struct reason *reason)
{
    return reason->form == REASON_RULE ? reason->id : reason->form == REASON_SAYS ? reason->group : NULL;
}

// "tcp 443", "icmp type 8", "everything"
static const char *traffic(struct arena *arena, int protocol, uint16_t low, uint16_t high)
{
    if (protocol == PROTOCOL_ANY)
        return "everything";
    const char *name = protocol_name(arena, protocol);
    if (protocol_is_icmp(protocol) && (low != 0 || high != PORT_LAST)) {
        bool codes = (low & 255) != 0 || (high & 255) != 255;
        const char *types = low >> 8 == high >> 8 ? arena_printf(arena, "%d", low >> 8)
                                                  : arena_printf(arena, "%d-%d", low >> 8, high >> 8);
        return !codes ? arena_printf(arena, "%s type %s", name, types)
                      : arena_printf(arena, "%s type %s code %d", name, types, low & 255);
    }
    if (!protocol_has_ports(protocol))
        return protocol_is_icmp(protocol) ? name : arena_printf(arena, "protocol %s", name);
    if (low == 0 && high == PORT_LAST)
        return arena_printf(arena, "all %s", name);
    return low == high ? arena_printf(arena, "%s %d", name, low) : arena_printf(arena, "%s %d-%d", name, low, high);
}

static const char *prefix_text(struct arena *arena, struct prefix prefix)
{
    char text[ADDRESS_TEXT];
    prefix_format(prefix, text);
    return arena_strdup(arena, text);
}

// One peer of a rule: a prefix, a prefix list or a group.
struct peer {
    struct prefix prefix;
    const char *id; // or NULL
};

static struct peer peer_of(const struct security_group_rule *rule, size_t at)
{
    size_t list = at - rule->prefixes.count; // behind the prefixes
    if (at < rule->prefixes.count)
        return (struct peer){.prefix = rule->prefixes.items[at]};
    return (struct peer){.id = list < rule->prefix_lists.count ? rule->prefix_lists.items[list]
                                                               : rule->groups.items[list - rule->prefix_lists.count]};
}

static int compare_peers(const struct peer *a, const struct peer *b)
{
    if (a->id != NULL || b->id != NULL)
        return a->id == NULL ? -1 : b->id == NULL ? 1 : strcmp(a->id, b->id);
    if (a->prefix.family != b->prefix.family)
        return a->prefix.family < b->prefix.family ? -1 : 1;
    if (a->prefix.first != b->prefix.first)
        return a->prefix.first < b->prefix.first ? -1 : 1;
    return (int)a->prefix.length - (int)b->prefix.length;
}

// The least peers, whatever their order in the document, and how many more.
static const char *peers(struct arena *arena, const struct security_group_rule *rule)
{
    enum { SHOWN = 4 };
    size_t count = rule->prefixes.count + rule->prefix_lists.count + rule->groups.count, left = count;
    const char *text = "nobody";
    struct peer last = {0};
    for (int shown = 0; shown < SHOWN && left > 0; shown++) {
        struct peer least = {0};
        size_t found = 0;
        for (size_t i = 0; i < count; i++) {
            struct peer peer = peer_of(rule, i);
            int order = found == 0 ? -1 : compare_peers(&peer, &least);
            if (shown > 0 && compare_peers(&peer, &last) <= 0)
                continue;
            least = order < 0 ? peer : least;
            found = order < 0 ? 1 : found + (order == 0);
        }
        const char *one = least.id != NULL ? least.id : prefix_text(arena, least.prefix);
        text = shown == 0 ? one : arena_printf(arena, "%s, %s", text, one);
        last = least;
        left -= found;
    }
    return left > 0 ? arena_printf(arena, "%s and %zu more", text, left) : text;
}

const char *reason_text(struct arena *arena, const struct reason *reason)
{
    if (reason->form == REASON_ENTRY) {
        const struct network_acl_entry *entry = reason->entry;
        return arena_printf(arena, "%s %s %s %s", entry->allow ? "allows" : "denies",
                            traffic(arena, entry->protocol, entry->low, entry->high), entry->egress ? "to" : "from",
                            prefix_text(arena, entry->prefix));
    }
    if (reason->form == REASON_SAYS)
        return reason->text;
    const struct security_group_rule *rule = reason->rule;
    const struct rule_record *record = reason->record;
    const char *peer = record == NULL               ? peers(arena, rule)
                       : record->prefix.family != 0 ? prefix_text(arena, record->prefix)
                                                    : record->peer;
    const char *text = arena_printf(arena, "%s %s %s", traffic(arena, rule->protocol, rule->low, rule->high),
                                    reason->egress ? "to" : "from", peer);
    const char *description = record != NULL ? record->description : rule->description;
    bool described = description != NULL && description[0] != '\0';
    return described ? arena_printf(arena, "%s, \"%s\"", text, description) : text;
}

const char *reason_told(struct arena *arena, const struct reason *reason)
{
    const char *id = reason_id(arena, reason), *text = reason_text(arena, reason);
    return id == NULL || strstr(text, id) != NULL ? text : arena_printf(arena, "%s (%s)", id, text);
}

const char *reason_brief(struct arena *arena, const struct reason *reason)
{
    const char *both = reason_told(arena, reason);
    return reason->stops && reason->stage != REASON_UNTOLD && reason->stage != REASON_HOST
               ? arena_printf(arena, "%s: %s", reason_stage_words(reason->stage), both)
               : both;
}

const char *reasons_joined(struct arena *arena, const reason_list *list, enum reason_stage stage, const char *between)
{
    struct text text = {0};
    bool any = false;
    for (size_t i = 0; i < list->count; i++) {
        if (stage != REASON_UNTOLD && list->items[i]->stage != stage)
            continue;
        text_printf(&text, "%s%s", any ? between : "", reason_brief(arena, list->items[i]));
        any = true;
    }
    const char *joined = any ? arena_strdup(arena, text.bytes) : NULL;
    text_free(&text);
    return joined;
}

// ---- Lists

static bool says_same(const struct reason *a, const struct reason *b)
{
    return text_same(a->id, b->id) && text_same(a->text, b->text) && text_same(a->group, b->group) &&
           text_same(a->settle, b->settle);
}

bool reason_same(const struct reason *a, const struct reason *b)
{
    if (a == b)
        return true;
    if (a->form != b->form || a->egress != b->egress || a->stage != b->stage || a->stops != b->stops)
        return false;
    return a->form == REASON_SAYS    ? says_same(a, b)
           : a->form == REASON_ENTRY ? a->entry == b->entry
                                     : a->rule == b->rule && a->record == b->record;
}

bool reasons_same(const reason_list *a, const reason_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count && a->items != b->items; i++)
        if (!reason_same(a->items[i], b->items[i]))
            return false;
    return true;
}

void reason_add(struct arena *arena, reason_list *list, const struct reason *reason)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct reason *old = list->items[i]; // one thing that is lacking may be a doubt at several stages
        bool doubts = old->settle != NULL && reason->settle != NULL && strcmp(old->text, reason->text) == 0;
        if (!doubts && !reason_same(old, reason))
            continue;
        if (old->of != NULL && reason->of == NULL)
            list->items[i] = reason; // it is of all
        return;
    }
    *vector_add(arena, list) = reason;
}

void reason_add_doubt(struct arena *arena, reason_list *list, struct map *known, const struct reason *doubt)
{
    assert(doubt->settle != NULL);
    if (map_get(known, doubt->text) != NULL)
        return;
    map_put(arena, known, doubt->text, known);
    *vector_add(arena, list) = doubt;
}

void reason_add_all(struct arena *arena, reason_list *list, const reason_list *from)
{
    enum { FEW = 32 };
    struct map known = {0};
    bool many = list->count + from->count > FEW;
    for (size_t i = 0; many && i < list->count; i++)
        if (list->items[i]->settle != NULL)
            map_put(arena, &known, list->items[i]->text, &known);
    for (size_t i = 0; i < from->count; i++) {
        if (many && from->items[i]->settle != NULL)
            reason_add_doubt(arena, list, &known, from->items[i]);
        else
            reason_add(arena, list, from->items[i]);
    }
}

// Equal for those that reason_add takes for one, and for no others. A length stands before each text, whatever it
// holds.
static const char *gathering_key(struct arena *arena, const struct reason *reason)
{
    if (reason->settle != NULL)
        return arena_printf(arena, "doubt %s", reason->text);
    const char *parts[] = {reason->id, reason->text, reason->group};
    struct text key = {0};
    text_printf(&key, "%d %d %d %d", (int)reason->form, (int)reason->stage, reason->stops, reason->egress);
    for (size_t i = 0; reason->form == REASON_SAYS && i < sizeof(parts) / sizeof(parts[0]); i++)
        text_printf(&key, parts[i] == NULL ? " -" : " %zu %s", parts[i] == NULL ? 0 : strlen(parts[i]), parts[i]);
    if (reason->form != REASON_SAYS)
        text_printf(&key, " %p %p", (const void *)reason->rule,
                    reason->form == REASON_RULE ? (const void *)reason->record : NULL);
    const char *kept = arena_strdup(arena, key.bytes);
    text_free(&key);
    return kept;
}

void reason_gather(struct arena *arena, struct reason_gathering *gathering, const reason_list *from)
{
    if (from->count == 0 || from->items == gathering->last)
        return;
    gathering->last = from->items;
    for (size_t i = 0; i < from->count; i++) {
        const struct reason *reason = from->items[i];
        if (map_get_pointer(&gathering->pointers, reason) != NULL)
            continue;
        map_put_pointer(arena, &gathering->pointers, reason, gathering);
        const char *key = gathering_key(arena, reason);
        uintptr_t place = (uintptr_t)map_get(&gathering->places, key);
        if (place == 0) {
            *vector_add(arena, &gathering->list) = reason;
            map_put(arena, &gathering->places, key, (void *)(uintptr_t)gathering->list.count);
        } else if (gathering->list.items[place - 1]->of != NULL && reason->of == NULL) {
            gathering->list.items[place - 1] = reason; // it is of all
        }
    }
}

// ---- JSON

static void put_if_any(struct json_writer *writer, const char *key, const char *value)
{
    if (value != NULL)
        json_put_string(writer, key, value);
}

void reason_put(struct json_writer *writer, struct arena *scratch, const char *key, const struct reason *reason)
{
    if (reason == NULL) {
        json_put_string(writer, key, NULL);
        return;
    }
    json_open_line(writer, key, '{');
    if (reason->stage != REASON_UNTOLD)
        json_put_string(writer, "stage", reason_stage_names[reason->stage]);
    put_if_any(writer, "id", reason_id(scratch, reason));
    put_if_any(writer, "group", reason_group(reason));
    json_put_string(writer, "text", reason_text(scratch, reason));
    put_if_any(writer, "settle", reason->settle);
    if (reason->stops)
        json_put_boolean(writer, "stops", true);
    json_close(writer, '}');
}

void reasons_put(struct json_writer *writer, struct arena *scratch, const char *key, const reason_list *list)
{
    json_open_line(writer, key, '[');
    for (size_t i = 0; i < list->count; i++)
        reason_put(writer, scratch, NULL, list->items[i]);
    json_close(writer, ']');
}

static bool read_reason(struct arena *arena, const struct json_cursor *at, struct reason *reason, struct error *error)
{
    int stage = REASON_UNTOLD;
    if (cJSON_IsString(at->node)) {
        reason->text = arena_strdup(arena, at->node->valuestring);
        return true;
    }
    bool told = json_member(at, "stage").node != NULL;
    if (!cJSON_IsObject(at->node))
        return json_fail(at, error, "expected an object or a string");
    GUARD(json_string(arena, at, "text", &reason->text, error) &&
          json_optional_string(arena, at, "id", &reason->id, error) &&
          json_optional_string(arena, at, "group", &reason->group, error) &&
          json_optional_string(arena, at, "settle", &reason->settle, error) &&
          json_optional_boolean(at, "stops", &reason->stops, error) &&
          (!told || json_word(at, "stage", reason_stage_names, &stage, error)));
    reason->stage = (enum reason_stage)stage;
    return true;
}

bool reasons_read(struct arena *arena, const struct json_cursor *object, const char *key, reason_list *list,
                  struct error *error)
{
    struct json_cursor array = json_member(object, key);
    size_t index = 0;
    const cJSON *node;
    GUARD(json_expect_array(&array, error));
    cJSON_ArrayForEach (node, array.node) {
        struct json_cursor at = json_element(&array, index++, node);
        struct reason *reason = arena_new_of(arena, struct reason);
        GUARD(read_reason(arena, &at, reason, error));
        *vector_add(arena, list) = reason;
    }
    return true;
}
