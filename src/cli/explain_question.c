#include "cli/explain_question.h"

#include <string.h>
#include <strings.h>

#include "model/estate.h"
#include "model/protocol.h"

// Services that people call by name; TCP, but for domain and ntp.
static const struct {
    const char *name, *question;
} services[] = {{"ftp", "21/tcp"},          {"ssh", "22/tcp"},     {"telnet", "23/tcp"},  {"smtp", "25/tcp"},
                {"dns", "53/udp"},          {"domain", "53/udp"},  {"http", "80/tcp"},    {"ntp", "123/udp"},
                {"ldap", "389/tcp"},        {"https", "443/tcp"},  {"smb", "445/tcp"},    {"mssql", "1433/tcp"},
                {"nfs", "2049/tcp"},        {"mysql", "3306/tcp"}, {"rdp", "3389/tcp"},   {"postgres", "5432/tcp"},
                {"postgresql", "5432/tcp"}, {"winrm", "5985/tcp"}, {"redis", "6379/tcp"}, {"mongodb", "27017/tcp"}};

static bool is_number(const char *text)
{
    return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

// As "PORT/PROTOCOL" has it.
static const char *usual_form(struct arena *arena, const char *port)
{
    const char *slash = strchr(port, '/');
    int protocol;
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
        if (strcasecmp(services[i].name, port) == 0)
            return services[i].question;
    if (slash == NULL)
        return is_number(port) ? arena_printf(arena, "%s/tcp", port) : port;
    const char *front = arena_strndup(arena, port, (size_t)(slash - port));
    bool turned = !is_number(front) && front[0] != '\0' && protocol_parse(front, &protocol) && is_number(slash + 1);
    return turned ? arena_printf(arena, "%s/%s", slash + 1, front) : port;
}

static bool parse_icmp(struct arena *arena, struct explain_question *question, char *head, const char *name,
                       struct error *error)
{
    struct portset one = portset_empty, code = portset_empty;
    char *dot = strchr(head, '.');
    if (head[0] == '\0' || strcmp(head, "echo") == 0) {
        question->number = (uint16_t)((question->protocol == PROTOCOL_ICMP ? 8 : 128) << 8);
        return true;
    }
    if (dot != NULL)
        *dot++ = '\0';
    if (!portset_parse(arena, head, &one) || portset_size(one) != 1 || one.ranges[0].low > 255 ||
        (dot != NULL && (!portset_parse(arena, dot, &code) || portset_size(code) != 1 || code.ranges[0].low > 255)))
        return error_set(error, ERROR_USAGE, "%s: expected TYPE/%s or TYPE.CODE/%s, each 0 to 255", question->asked,
                         name, name);
    question->number = (uint16_t)(one.ranges[0].low << 8 | (dot != NULL ? code.ranges[0].low : 0));
    return true;
}

static bool parse_port(struct arena *arena, const char *port, struct explain_question *question, struct error *error)
{
    const char *text = question->asked = usual_form(arena, port), *slash = strchr(text, '/');
    const char *name = slash == NULL ? text : slash + 1;
    char *head = slash == NULL ? arena_strdup(arena, "") : arena_strndup(arena, text, (size_t)(slash - text));
    struct portset one = portset_empty;
    if (!protocol_parse(name, &question->protocol) || question->protocol == PROTOCOL_ANY)
        return error_set(error, ERROR_USAGE,
                         "%s: expected a port such as 443, 443/tcp, 53/udp or https, TYPE.CODE/icmp, or /47 for a "
                         "protocol by its number",
                         text);
    if (protocol_is_icmp(question->protocol))
        return parse_icmp(arena, question, head, name, error);
    if (!protocol_has_ports(question->protocol))
        return head[0] == '\0' || error_set(error, ERROR_USAGE, "%s: protocol %s has no ports", text, name);
    if (!portset_parse(arena, head, &one) || portset_size(one) != 1)
        return error_set(error, ERROR_USAGE, "%s: expected one port from 0 to 65535 before /%s", text, name);
    question->number = one.ranges[0].low;
    return true;
}

bool explain_question_parse(struct arena *arena, const char *target, const char *port,
                            struct explain_question *question, struct error *error)
{
    struct address address;
    const char *colon = strrchr(target, ':');
    question->target = target;
    if (port == NULL && (colon == NULL || address_parse(target, &address)))
        return error_set(error, ERROR_USAGE, "%s: expected a port behind it, such as: sgproof explain SNAPSHOT %s 443",
                         target, target);
    if (port == NULL) {
        port = colon + 1;
        size_t length = (size_t)(colon - target);
        bool brackets = length > 2 && target[0] == '[' && target[length - 1] == ']';
        question->target = arena_strndup(arena, target + brackets, length - 2 * (size_t)brackets);
    }
    return parse_port(arena, port, question, error);
}

static bool is_meant(const struct network_interface *interface, const char *name, const char *target)
{
    return strcmp(interface->id, target) == 0 || text_same(interface->instance_id, target) || text_same(name, target);
}

// Of its instance or, where that has none, its own.
static const char *name_of(const struct estate *estate, const struct network_interface *interface)
{
    const struct instance *instance = map_get(&estate->instances, interface->instance_id);
    const char *name = instance == NULL ? NULL : tags_name(instance->tags, instance->tag_count);
    return name != NULL ? name : tags_name(interface->tags, interface->tag_count);
}

static void add_address(struct arena *arena, address_list *addresses, struct address address)
{
    for (size_t i = 0; i < addresses->count; i++)
        if (address_equal(addresses->items[i], address))
            return;
    *vector_add(arena, addresses) = address;
}

bool explain_addresses(struct arena *arena, const struct exposure_set *set, const char *target, address_list *addresses,
                       struct error *error)
{
    struct address address;
    if (address_parse(target, &address)) {
        *vector_add(arena, addresses) = address;
        return true;
    }
    for (size_t i = 0; i < set->endpoints.count; i++) {
        const struct endpoint *one = &set->endpoints.items[i];
        if (is_meant(one->interface, one->name, target))
            add_address(arena, addresses, (struct address){one->address.family, one->address.first});
    }
    for (size_t i = 0; addresses->count == 0 && i < set->estate->interfaces.count; i++) {
        const struct network_interface *one = set->estate->interfaces.items[i];
        for (size_t j = 0; is_meant(one, name_of(set->estate, one), target) && j < one->private_ipv4_count; j++)
            *vector_add(arena, addresses) = (struct address){FAMILY_IPV4, one->private_ipv4[j]};
    }
    if (addresses->count > 0)
        return true;
    bool complete = exposure_set_complete(set);
    return error_set(error, complete ? ERROR_USAGE : ERROR_INCOMPLETE,
                     complete
                         ? "%s: no interface of this snapshot has that address, Name tag, or id; sgproof compute "
                           "lists what there is"
                         : "%s: not known: nothing that was read has that address, Name tag or id, and not all was "
                           "read",
                     target);
}

const char *explain_listed(struct arena *arena, const address_list *addresses)
{
    const char *list = "";
    for (size_t i = 0; i < addresses->count; i++) {
        char one[ADDRESS_TEXT];
        address_format(addresses->items[i], one);
        list = arena_printf(arena, "%s%s%s", list, i > 0 ? ", " : "", one);
    }
    return list;
}
