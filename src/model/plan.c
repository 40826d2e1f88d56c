// The plan as a file: lines of JSON, or the plain form.
#include <stdlib.h>

#include "model/observation.h"
#include "model/protocol.h"
#include "model/shard.h"

#define PLAN_SCHEMA "sgproof/plan/v1"

static void put_hosts(struct json_writer *writer, const struct plan *plan)
{
    char text[ADDRESS_TEXT];
    if (plan->hosts.count == 0)
        return;
    json_open(writer, "hosts", '[');
    for (size_t i = 0; i < plan->hosts.count; i++) {
        json_open(writer, NULL, '[');
        for (size_t a = 0; a < plan->hosts.items[i].count; a++) {
            address_format(plan->hosts.items[i].items[a], text);
            json_put_string(writer, NULL, text);
        }
        json_close(writer, ']');
    }
    json_close(writer, ']');
}

void plan_head_write(const struct plan *plan, const struct plan_head *head, struct text *out)
{
    struct json_writer writer = json_writer_to(out);
    json_open_line(&writer, NULL, '{');
    json_put_string(&writer, "schema", PLAN_SCHEMA);
    json_put_string(&writer, "vantage", head->vantage);
    json_open(&writer, "vantages", '[');
    for (size_t i = 0; i < head->vantages.count; i++) {
        json_open(&writer, NULL, '{');
        json_put_string(&writer, "vantage", head->vantages.items[i]);
        json_put_string(&writer, "learnt", head->vantages_learnt.items[i]);
        json_close(&writer, '}');
    }
    json_close(&writer, ']');
    if (head->vantage_interface != NULL) {
        json_open(&writer, "vantage_interface", '{');
        json_put_string(&writer, "eni_id", head->vantage_interface);
        json_put_string(&writer, "instance_id", head->vantage_instance);
        json_close(&writer, '}');
    }
    shard_write(&writer, &plan->shard);
    put_hosts(&writer, plan);
    json_put_integer(&writer, "targets", plan->targets.count);
    json_put_integer(&writer, "questions", (int64_t)head->questions);
    json_put_integer(&writer, "packets", (int64_t)head->packets);
    json_put_number(&writer, "seconds", head->seconds);
    json_put_integer(&writer, "rate", head->rate);
    json_put_integer(&writer, "host_rate", head->host_rate);
    json_put_integer(&writer, "tries", head->tries);
    json_put_integer(&writer, "timeout_ms", head->timeout_ms);
    json_close(&writer, '}');
    json_end_document(&writer);
}

// What a line says behind its address: endpoints with one answer share it.
struct tail {
    struct portset ports;
    struct portset client_ports;
    enum declared_state expect;
    struct text text;
};

static void put_tail(struct arena *scratch, const struct plan_target *target, struct text *out)
{
    struct text line = {0};
    struct json_writer writer = json_writer_to(&line);
    json_open_line(&writer, NULL, '{');
    json_put_string(&writer, "address", "");
    size_t head = line.length;
    json_put_string(&writer, "protocol", protocol_name(scratch, target->protocol));
    json_put_string(&writer, "ports", portset_format(scratch, target->ports));
    json_put_string(&writer, "client_ports", portset_format(scratch, target->client_ports));
    json_put_string(&writer, "expect", declared_names[target->expect]);
    json_open(&writer, "why", '[');
    for (size_t w = 0; w < target->why.count; w++)
        json_put_string(&writer, NULL, target->why.items[w]);
    json_close(&writer, ']');
    if (target->canary)
        json_put_boolean(&writer, "canary", true);
    json_close(&writer, '}');
    json_end_document(&writer);
    text_add(out, line.bytes + head, line.length - head);
    text_free(&line);
}

// Targets that share the list of their reasons were planned at once.
static const struct text *tail_of(struct arena *arena, struct map *tails, const struct plan_target *target)
{
    struct tail *tail = map_get_pointer(tails, target->why.items);
    bool same = tail != NULL && tail->ports.ranges == target->ports.ranges &&
                tail->ports.count == target->ports.count && tail->client_ports.ranges == target->client_ports.ranges &&
                tail->client_ports.count == target->client_ports.count && tail->expect == target->expect;
    if (same)
        return &tail->text;
    if (tail != NULL)
        text_free(&tail->text);
    struct arena *scratch = arena_new();
    tail = arena_new_of(arena, struct tail);
    *tail = (struct tail){target->ports, target->client_ports, target->expect, {0}};
    put_tail(scratch, target, &tail->text);
    map_put_pointer(arena, tails, target->why.items, tail);
    arena_free(scratch);
    return &tail->text;
}

void plan_write(const struct plan *plan, struct text *out)
{
    struct arena *arena = arena_new();
    struct map tails = {0};
    for (size_t i = 0; i < plan->targets.count; i++) {
        const struct plan_target *target = &plan->targets.items[i];
        char address[ADDRESS_TEXT];
        if (target->spare && !target->canary)
            continue;
        address_format(target->address, address);
        text_puts(out, "{\"address\": \"");
        text_puts(out, address);
        text_puts(out, "\"");
        if (target->why.items != NULL && !target->canary) {
            const struct text *tail = tail_of(arena, &tails, target);
            text_add(out, tail->bytes, tail->length);
        } else {
            struct arena *scratch = arena_new();
            put_tail(scratch, target, out);
            arena_free(scratch);
        }
    }
    for (size_t i = 0; i < tails.size; i++)
        if (tails.slots[i].value != NULL)
            text_free(&((struct tail *)tails.slots[i].value)->text);
    arena_free(arena);
}

static bool read_vantage(struct arena *arena, const struct json_cursor *at, void *into, struct error *error)
{
    static const char *const keys[] = {"vantage", "learnt", NULL};
    const char *text;
    (void)arena;
    (void)into;
    return json_expect_keys(at, keys, error) && json_borrow_string(at, "vantage", &text, error) &&
           json_borrow_string(at, "learnt", &text, error);
}

static bool read_vantage_interface(const struct json_cursor *head, struct error *error)
{
    static const char *const keys[] = {"eni_id", "instance_id", NULL};
    struct json_cursor at = json_member(head, "vantage_interface");
    const char *text;
    return at.node == NULL ||
           (json_expect_object(&at, error) && json_expect_keys(&at, keys, error) &&
            json_borrow_string(&at, "eni_id", &text, error) && json_borrow_string(&at, "instance_id", &text, error));
}

static bool read_hosts(struct arena *arena, const struct json_cursor *head, struct plan *plan, struct error *error)
{
    struct json_cursor list = json_member(head, "hosts");
    const cJSON *node, *inner;
    size_t index = 0;
    if (list.node == NULL)
        return true;
    GUARD(json_expect_array(&list, error));
    cJSON_ArrayForEach (node, list.node) {
        struct json_cursor group = json_element(&list, index++, node);
        host_addresses *host = vector_add(arena, &plan->hosts);
        GUARD(json_expect_array(&group, error));
        cJSON_ArrayForEach (inner, node) {
            struct address address;
            if (!cJSON_IsString(inner) || !address_parse(inner->valuestring, &address))
                return json_fail(&group, error, "expected addresses");
            *vector_add(arena, host) = address;
        }
    }
    return true;
}

// A head: of it only hosts and shard are needed to probe, but it must be of a version that is known, and say what can
// be.
static bool read_head(struct arena *arena, const struct json_cursor *at, struct plan *plan, struct error *error)
{
    static const char *const keys[] = {"schema", "vantage",   "vantages", "vantage_interface", "shard",
                                       "hosts",  "seconds",   "targets",  "questions",         "packets",
                                       "rate",   "host_rate", "tries",    "timeout_ms",        NULL};
    enum { COUNTS = 7 }; // the first key that is one
    const char *vantage;
    struct json_cursor seconds = json_member(at, "seconds");
    GUARD(json_expect_schema(at, PLAN_SCHEMA, error) && json_expect_keys(at, keys, error) &&
          json_borrow_string(at, "vantage", &vantage, error) &&
          json_items_if_any(arena, at, "vantages", read_vantage, NULL, error) && read_vantage_interface(at, error) &&
          read_hosts(arena, at, plan, error) && shard_read(arena, at, &plan->shard, error));
    for (const char *const *key = keys + COUNTS; *key != NULL; key++) {
        long count;
        bool present;
        GUARD(json_optional_integer(at, *key, 0, 1L << 53, &count, &present, error));
        long *kept = strcmp(*key, "tries") == 0        ? &plan->tries
                     : strcmp(*key, "timeout_ms") == 0 ? &plan->timeout_ms
                                                       : NULL;
        if (present && kept != NULL)
            *kept = count;
    }
    return seconds.node == NULL || (cJSON_IsNumber(seconds.node) && seconds.node->valuedouble >= 0) ||
           json_fail(&seconds, error, "is no number of seconds, expected one");
}

static bool read_why(const struct json_cursor *target, struct error *error)
{
    struct json_cursor list = json_member(target, "why");
    const cJSON *node;
    if (list.node == NULL)
        return true;
    GUARD(json_expect_array(&list, error));
    cJSON_ArrayForEach (node, list.node)
        if (!cJSON_IsString(node))
            return json_fail(&list, error, "expected texts");
    return true;
}

struct plan_reader {
    struct arena *arena;
    struct plan *plan;
};

static bool read_ports(struct arena *arena, const struct json_cursor *at, const char *key, struct portset *ports,
                       struct error *error)
{
    const char *text;
    if (!json_optional_string(arena, at, key, &text, error))
        return false;
    struct json_cursor wrong = json_member(at, key);
    return text == NULL || text[0] == '\0' || portset_parse(arena, text, ports) ||
           json_fail(&wrong, error, "\"%s\" is no list of ports such as 22,80,1000-2000", text);
}

static bool read_plan_line(void *context, size_t line, const struct json_cursor *at, struct error *error)
{
    static const char *const keys[] = {"address", "protocol", "ports", "client_ports", "expect", "why", "canary", NULL};
    struct plan_reader *reader = context;
    struct plan_target target = {.client_ports = portset_all};
    int expect;
    if (line == 1 && json_member(at, "address").node == NULL && json_member(at, "schema").node != NULL)
        return read_head(reader->arena, at, reader->plan, error);
    if (!json_expect_keys(at, keys, error) || !read_why(at, error) ||
        !place_read(at, &target.address, &target.protocol, error) ||
        !read_ports(reader->arena, at, "ports", &target.ports, error) ||
        !read_ports(reader->arena, at, "client_ports", &target.client_ports, error) ||
        !json_word(at, "expect", declared_names, &expect, error) ||
        !json_optional_boolean(at, "canary", &target.canary, error))
        return false;
    target.spare = target.canary;
    target.expect = (enum declared_state)expect;
    if (protocol_has_ports(target.protocol) == portset_is_empty(target.ports))
        return json_fail(at, error, "ports are for tcp and udp, which need them");
    *vector_add(reader->arena, &reader->plan->targets) = target;
    return true;
}

static bool read_plain_line(struct arena *arena, const char *file, size_t number, char *line, struct plan *plan,
                            struct error *error)
{
    struct plan_target target = {.client_ports = portset_all, .expect = DECLARED_UNREACHABLE};
    char *comment = strchr(line, '#'), *rest = NULL;
    if (comment != NULL)
        *comment = '\0';
    const char *address = strtok_r(line, " \t\r", &rest), *protocol = strtok_r(NULL, " \t\r", &rest);
    const char *ports = strtok_r(NULL, "\r", &rest);
    if (address == NULL)
        return true;
    size_t column = 1;
    if (!address_parse(address, &target.address))
        return error_set(error, ERROR_USAGE, "%s:%zu:%zu: \"%s\" is not an IPv4 or IPv6 address", file, number, column,
                         address);
    column = protocol == NULL ? strlen(address) + 1 : (size_t)(protocol - line) + 1;
    if (protocol == NULL || !protocol_parse(protocol, &target.protocol) ||
        (!protocol_has_ports(target.protocol) && !protocol_is_icmp(target.protocol)))
        return error_set(error, ERROR_USAGE, "%s:%zu:%zu: expected tcp, udp or icmp after the address", file, number,
                         column);
    if (target.protocol == PROTOCOL_ICMPV6 && target.address.family == FAMILY_IPV4)
        return error_set(error, ERROR_USAGE, "%s:%zu:%zu: icmpv6 of an IPv4 address, expected icmp", file, number,
                         column);
    if (protocol_is_icmp(target.protocol))
        target.protocol = target.address.family == FAMILY_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;
    if (ports != NULL)
        ports += strspn(ports, " \t");
    column = ports == NULL ? column + strlen(protocol) : (size_t)(ports - line) + 1;
    bool has_ports = ports != NULL && ports[0] != '\0';
    if (has_ports != protocol_has_ports(target.protocol) || (has_ports && !portset_parse(arena, ports, &target.ports)))
        return error_set(error, ERROR_USAGE, "%s:%zu:%zu: expected %s", file, number, column,
                         protocol_has_ports(target.protocol) ? "ports from 0 to 65535 such as 22,80,1000-2000"
                                                             : "nothing after icmp");
    *vector_add(arena, &plan->targets) = target;
    return true;
}

bool plan_read(struct arena *arena, const char *file, const char *text, size_t length, struct plan *plan,
               struct error *error)
{
    struct plan_reader reader = {.arena = arena, .plan = plan};
    size_t blank = strspn(text, " \t\r\n");
    if (blank < length && text[blank] == '{')
        return json_each_line(file, text, length, read_plan_line, &reader, error);
    if (memchr(text, '\0', length) != NULL)
        return error_set(error, ERROR_USAGE, "%s: is not text, expected lines ADDRESS tcp|udp|icmp PORTS", file);
    size_t number = 1;
    for (const char *at = text; *at != '\0'; number++) {
        size_t size = strcspn(at, "\n");
        char *line = arena_strndup(arena, at, size);
        if (!read_plain_line(arena, file, number, line, plan, error))
            return false;
        at += size + (at[size] == '\n');
    }
    return true;
}
